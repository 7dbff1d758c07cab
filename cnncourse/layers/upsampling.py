"""Ways to enlarge a map, each written as one transposed convolution, and a start without a pattern.

Weights of convolutions are (out, in, k, k), weights of transposed ones (in, out, k, k), as in
PyTorch.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.shapes import check_int


def phase_sums(weight: Tensor, stride: int) -> Tensor:
    """Return what a transposed convolution makes of ones, away from the border, at each phase.

    The output at ``stride * i + r - padding`` reads the taps ``r, r + stride, …`` of the kernel
    and no others. Equal sums mean that a constant stays constant: no checkerboard.

    Shape:
        weight  (in, out, kH, kW)
        return  (in, out, stride, stride)

    Raises:
        ValueError, TypeError: ``weight`` or ``stride`` is none.
    """
    check_int(stride, "stride", 1)
    _check_weight(weight)
    height, width = weight.shape[2:]
    filled = F.pad(weight, (0, -width % stride, 0, -height % stride))
    return filled.unflatten(3, (-1, stride)).unflatten(2, (-1, stride)).sum((2, 4))


def resize_kernel(weight: Tensor, factor: int) -> Tensor:
    """Return the kernel of *repeat every pixel, then convolve* as a transposed convolution.

    ``conv2d(interpolate(x, scale_factor=factor), weight, padding=p)`` equals
    ``conv_transpose2d(x, resize_kernel(weight, factor), stride=factor, padding=k - 1 - p)``.

    Shape:
        weight  (out, in, k, k)
        return  (in, out, k + factor - 1, k + factor - 1)

    Raises:
        ValueError, TypeError: ``weight`` or ``factor`` is none.
    """
    check_int(factor, "factor", 1)
    _check_weight(weight)
    box = weight.new_ones(1, 1, factor, factor)
    kernels = weight.flip(-1, -2).transpose(0, 1)  # a transposed convolution turns them back
    return F.conv_transpose2d(kernels.reshape(-1, 1, *kernels.shape[2:]), box).unflatten(
        0, kernels.shape[:2]
    )[:, :, 0]


def subpixel_kernel(weight: Tensor, factor: int) -> Tensor:
    """Return the kernel of *convolve, then shuffle channels into pixels* as a transposed one.

    ``pixel_shuffle(conv2d(x, weight, padding=p), factor)`` equals ``conv_transpose2d(x,
    subpixel_kernel(weight, factor), stride=factor, padding=factor * (k - 1 - p))``
    (Shi et al. 2016, arXiv:1609.05158 and arXiv:1609.07009).

    Shape:
        weight  (factor * factor * out, in, k, k)
        return  (in, out, factor * k, factor * k)

    Raises:
        ValueError, TypeError: ``weight`` or ``factor`` is none, or the output channels are no
            multiple of ``factor * factor``.
    """
    phases = _phases(weight, factor).flip(-1, -2)  # (out, s, s, in, k, k)
    rows_and_taps = phases.permute(3, 0, 4, 1, 5, 2)  # (in, out, k, s, k, s)
    return rows_and_taps.flatten(4, 5).flatten(2, 3)


@torch.no_grad()
def icnr_(weight: Tensor, factor: int) -> Tensor:
    """Give all phases of a sub-pixel convolution the kernel of the first, in place.

    Then *convolve, then shuffle* starts as *convolve, then repeat every pixel* (Aitken et al.
    2017, arXiv:1707.02937). Training may pull the phases apart again.

    Shape:
        weight  (factor * factor * out, in, k, k)

    Raises:
        ValueError, TypeError: as `subpixel_kernel`.
    """
    first = _phases(weight, factor)[:, :1, :1].clone()
    weight.copy_(first.expand(-1, factor, factor, -1, -1, -1).flatten(0, 2))
    return weight


def _phases(weight: Tensor, factor: int) -> Tensor:
    """Return the kernels of each phase: (out, factor, factor, in, k, k)."""
    check_int(factor, "factor", 1)
    _check_weight(weight)
    if len(weight) % factor**2:
        raise ValueError(
            f"the output channels must be a multiple of {factor**2} for a factor of {factor}, "
            f"got {len(weight)}"
        )
    return weight.unflatten(0, (-1, factor, factor))


def _check_weight(weight: Tensor) -> None:
    if weight.ndim != 4:
        raise ValueError(f"weight must have four axes, got a shape of {tuple(weight.shape)}")
