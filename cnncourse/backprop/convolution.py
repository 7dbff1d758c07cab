"""The gradients of a convolution, one tap of the kernel after the other."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.backprop._checks import check_grad
from cnncourse.backprop._taps import taps
from cnncourse.layers._windows import Size
from cnncourse.layers.convolution_forms import check_arguments


def conv2d_backward(
    grad: Tensor,
    x: Tensor,
    weight: Tensor,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of ``F.conv2d(x, weight, bias, …)`` by its three tensors.

    Forward, tap (a, b) of the kernel multiplies the inputs ``x[i*stride + a*dilation, …]`` for all
    outputs (i, j) at once. Backward, the input's gradient collects at these places ``grad`` times
    the tap's weights, and the tap's gradient is the sum of ``grad`` times these inputs: two
    products for one forward. Inputs that no window reached, such as the rows which a stride leaves
    over at the far edge, keep the gradient 0. The bias reaches all outputs, so its gradient is
    their sum.

    Shape:
        grad    (N, C_out, H', W')
        x       (N, C_in, H, W)
        weight  (C_out, C_in / groups, kh, kw)
        return  those of x, weight and bias

    Raises:
        ValueError, TypeError: shapes or arguments that do not belong together.
    """
    strides, (ph, pw), dilations, output_size = check_arguments(
        x, weight, None, stride, padding, dilation, groups
    )
    check_grad(grad, (x.shape[0], weight.shape[0], *output_size))
    padded = F.pad(x, (pw, pw, ph, ph)).unflatten(1, (groups, -1))  # (N, G, C_in/G, H+2p, W+2p)
    kernels = weight.unflatten(0, (groups, -1))  # (G, C_out/G, C_in/G, kh, kw)
    outputs = grad.unflatten(1, (groups, -1))  # (N, G, C_out/G, H', W')

    grad_padded, grad_kernels = torch.zeros_like(padded), torch.zeros_like(kernels)
    for a, b, rows, columns in taps(weight.shape[2:], output_size, strides, dilations):
        seen = padded[..., rows, columns]  # (N, G, C_in/G, H', W')
        tap = kernels[..., a, b]  # (G, C_out/G, C_in/G)
        # Forward would be: y += einsum("ngchw,goc->ngohw", seen, tap)
        grad_padded[..., rows, columns] += torch.einsum("ngohw,goc->ngchw", outputs, tap)
        grad_kernels[..., a, b] = torch.einsum("ngohw,ngchw->goc", outputs, seen)

    height, width = x.shape[2:]
    grad_x = grad_padded.flatten(1, 2)[:, :, ph : ph + height, pw : pw + width]
    return grad_x, grad_kernels.flatten(0, 1), grad.sum((0, 2, 3))
