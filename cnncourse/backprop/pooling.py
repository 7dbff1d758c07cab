"""The gradients of pooling: to the largest value, or to all in equal parts."""

from __future__ import annotations

import torch
from torch import Tensor

from cnncourse.backprop._checks import check_batch, check_grad
from cnncourse.backprop._taps import taps
from cnncourse.layers._windows import Size, sliding_windows
from cnncourse.layers.pooling import AvgPool2d, MaxPool2d


def max_pool2d_backward(
    grad: Tensor,
    x: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """Return the gradient of ``F.max_pool2d(x, …)``: each window's goes to its largest value.

    Where windows overlap, a value may win in several of them and collects from all. Of equal values
    the first in reading order gets everything: a choice, PyTorch's and this one's, since a maximum
    has no derivative there.

    Shape:
        grad    (N, C, H', W')
        x       (N, C, H, W)
        return  as x

    Raises:
        ValueError, TypeError: shapes or arguments that do not belong together.
    """
    pool = MaxPool2d(kernel_size, stride, padding, dilation, ceil_mode=ceil_mode)
    check_batch(x)
    padded = pool.pad(x, fill=-torch.inf, overhang_fill=-torch.inf)
    windows = sliding_windows(padded, pool.kernel_size, pool.stride, pool.dilation)
    winner = windows.flatten(4).max(4).indices  # (N, C, H', W'), counted in reading order
    check_grad(grad, winner.shape)

    grad_padded = torch.zeros_like(padded)
    places = taps(pool.kernel_size, winner.shape[2:], pool.stride, pool.dilation)
    for number, (_, _, rows, columns) in enumerate(places):
        grad_padded[:, :, rows, columns] += grad * (winner == number)
    return _without_padding(grad_padded, x, pool.padding)


def avg_pool2d_backward(
    grad: Tensor,
    x: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Return the gradient of ``F.avg_pool2d(x, …)``: an equal share for each value of a window.

    The share is ``grad`` over the number that the window's sum was divided by. What falls on
    padding is lost. Of ``x`` only the shape matters.

    Shape:
        grad    (N, C, H', W')
        x       (N, C, H, W)
        return  as x

    Raises:
        ValueError, TypeError: shapes or arguments that do not belong together.
    """
    pool = AvgPool2d(kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    check_batch(x)
    padded = pool.pad(x, fill=0, overhang_fill=0)
    windows = sliding_windows(padded, pool.kernel_size, pool.stride, pool.dilation)
    check_grad(grad, windows.shape[:4])
    share = grad / pool.divisor(x)  # (N, C, H', W')

    grad_padded = torch.zeros_like(padded)
    for _, _, rows, columns in taps(pool.kernel_size, share.shape[2:], pool.stride, pool.dilation):
        grad_padded[:, :, rows, columns] += share
    return _without_padding(grad_padded, x, pool.padding)


def _without_padding(padded: Tensor, x: Tensor, padding: tuple[int, int]) -> Tensor:
    (ph, pw), (height, width) = padding, x.shape[2:]
    return padded[:, :, ph : ph + height, pw : pw + width]
