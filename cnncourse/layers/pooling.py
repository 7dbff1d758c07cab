"""Pooling: one value for every window of every channel. Nothing is learnt."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.layers._convolve import convolve, under_autocast
from cnncourse.layers._precision import widened
from cnncourse.layers._windows import Size, check_images, pad_images, sliding_windows
from cnncourse.shapes import (
    check_int,
    check_pool_padding,
    effective_kernel_size,
    pair,
    pool_output_size,
)


class _Pool2d(nn.Module):
    """The windows that `MaxPool2d` and `AvgPool2d` share."""

    def __init__(
        self, kernel_size: Size, stride: Size | None, padding: Size, dilation: Size, ceil_mode: bool
    ) -> None:
        super().__init__()
        self.kernel_size = pair(kernel_size, "kernel_size", 1)
        self.stride = self.kernel_size if stride is None else pair(stride, "stride", 1)
        self.padding = pair(padding, "padding")
        self.dilation = pair(dilation, "dilation", 1)
        self.ceil_mode = ceil_mode
        for k, p in zip(self.kernel_size, self.padding, strict=True):
            check_pool_padding(k, p)

    def windows(self, x: Tensor, fill: float, overhang_fill: float) -> Tensor:
        """Return the windows of the padded ``x`` as (N, C, H', W', kh, kw)."""
        padded = self.pad(x, fill, overhang_fill)
        return sliding_windows(padded, self.kernel_size, self.stride, self.dilation)

    def pad(self, x: Tensor, fill: float, overhang_fill: float) -> Tensor:
        """Return ``x`` (N, C, H, W) with all the places around it that windows cover.

        ``fill`` pads all around; ``overhang_fill`` stands where the windows of ``ceil_mode`` hang
        over the far edge of that.
        """
        overhang = []
        axes = zip(
            x.shape[2:], self.kernel_size, self.stride, self.padding, self.dilation, strict=True
        )
        for size, k, s, p, d in axes:
            end = (pool_output_size(size, k, s, p, d, self.ceil_mode) - 1) * s
            end += effective_kernel_size(k, d)
            overhang.append(max(0, end - (size + 2 * p)))
        (ph, pw), (oh, ow) = self.padding, overhang
        x = F.pad(x, (pw, pw, ph, ph), value=fill)
        return F.pad(x, (0, ow, 0, oh), value=overhang_fill)

    def extra_repr(self) -> str:
        """Name the arguments, as PyTorch does."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool2d(_Pool2d):
    """Keep the largest value of every window; a drop-in for ``torch.nn.MaxPool2d``.

    Padding counts as the lowest of all values, so it never wins. The gradient goes to the first
    largest value in reading order. ``return_indices`` is not offered.

    Shape:
        x       (N, C, H, W) or (C, H, W)
        return  (N, C, H', W') or (C, H', W'), sizes by `cnncourse.shapes.pool_output_size`

    Raises:
        ValueError, TypeError: arguments or input that PyTorch would reject too.
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        *,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__(kernel_size, stride, padding, dilation, ceil_mode)

    def forward(self, x: Tensor) -> Tensor:
        """Return the maximum of every window."""
        check_images(x)
        if x.ndim == 3:
            return self.forward(x[None])[0]
        lowest = -torch.inf if x.is_floating_point() else torch.iinfo(x.dtype).min
        windows = self.windows(x, fill=lowest, overhang_fill=lowest)
        return windows.permute(0, 1, 4, 5, 2, 3).flatten(2, 3).max(dim=2).values


class AvgPool2d(_Pool2d):
    """Average every window; a drop-in for ``torch.nn.AvgPool2d``.

    Padding counts as zeros, and as many values more to divide by unless ``count_include_pad`` is
    false. What hangs over the padding in ``ceil_mode`` never counts.
    ``divisor_override`` divides every window's sum by that number instead.

    Shape:
        x       (N, C, H, W) or (C, H, W)
        return  (N, C, H', W') or (C, H', W'), sizes by `cnncourse.shapes.pool_output_size`

    Raises:
        ValueError, TypeError: arguments or input that PyTorch would reject too.
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, 1, ceil_mode)
        self.count_include_pad = count_include_pad
        if divisor_override is not None:
            check_int(divisor_override, "divisor_override", 1)
        self.divisor_override = divisor_override

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean of every window."""
        check_images(x)
        if x.ndim == 3:
            return self.forward(x[None])[0]
        wide = widened(x)  # the sum of a window may be too large for half precision
        total = self.windows(wide, fill=0, overhang_fill=0).sum((-2, -1))
        return (total / self.divisor(wide)).to(x.dtype)

    def divisor(self, x: Tensor) -> Tensor | int:
        """Return how many values of each window of ``x`` count, (1, 1, H', W')."""
        if self.divisor_override is not None:
            return self.divisor_override
        ones = x.new_ones(1, 1, *x.shape[2:])
        windows = self.windows(ones, fill=float(self.count_include_pad), overhang_fill=0)
        return windows.sum((-2, -1))


class GlobalAvgPool2d(nn.Module):
    """Average every channel over all positions; a drop-in for ``torch.nn.AdaptiveAvgPool2d(1)``.

    What it returns does not depend on where in the image a feature stood (Network in Network,
    arXiv:1312.4400, section 3.2).

    Shape:
        x       (N, C, H, W) or (C, H, W)
        return  (N, C, 1, 1) or (C, 1, 1)
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean of every channel."""
        check_images(x)
        return x.mean((-2, -1), keepdim=True)


class BlurPool2d(nn.Module):
    """Blur, then keep every ``stride``-th value, so that a small shift changes little.

    The kernel is a row of Pascal's triangle along each axis, (1, 2, 1) / 4 for size 3, which
    damps the frequencies that subsampling would alias (Zhang 2019, arXiv:1904.11486, section 3.2).
    The border is reflected, more on the far side for an even size.

    Shape:
        x       (N, channels, H, W) or (channels, H, W)
        return  (N, channels, ceil(H/stride), ceil(W/stride)), or the same without N

    Raises:
        ValueError, TypeError: arguments or input of the wrong kind, or an image too small to
            be reflected.
    """

    def __init__(self, channels: int, filter_size: int = 3, stride: int = 2) -> None:
        super().__init__()
        self.channels = check_int(channels, "channels", 1)
        self.filter_size = check_int(filter_size, "filter_size", 1)
        self.stride = check_int(stride, "stride", 1)
        row = torch.ones(1)
        for _ in range(filter_size - 1):  # each row of the triangle is the last one, blurred
            row = (F.pad(row, (0, 1)) + F.pad(row, (1, 0))) / 2
        # A constant: it moves with the module, but a checkpoint need not hold it.
        self.register_buffer("kernel", torch.outer(row, row), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x``, blurred and subsampled."""
        check_images(x, self.channels)
        if x.ndim == 3:
            return self.forward(x[None])[0]
        before = (self.filter_size - 1) // 2
        after = self.filter_size - 1 - before
        x = pad_images(x, (before, after), (before, after), "reflect")
        x, kernel = under_autocast(x, self.kernel)
        kernel = kernel.to(x.dtype).expand(self.channels, 1, -1, -1)
        return convolve(x, kernel, (self.stride, self.stride), groups=self.channels)

    def extra_repr(self) -> str:
        """Name the arguments."""
        return f"{self.channels}, filter_size={self.filter_size}, stride={self.stride}"
