"""The transposed convolution: the adjoint of a convolution, as a layer of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.layers._convolve import Geometry, InputGradient, under_autocast
from cnncourse.layers._windows import Size, check_images
from cnncourse.shapes import check_int, conv_transpose_output_size, effective_kernel_size, pair


class ConvTranspose2d(nn.Module):
    """Stamp a kernel for every input value and add the stamps up; as ``torch.nn.ConvTranspose2d``.

    It is the adjoint of a convolution K from ``out_channels`` to ``in_channels`` with the same
    weight and arguments, ``⟨K x, y⟩ = ⟨x, Kᵀ y⟩``: what K's backward pass does to a gradient. It
    does not invert K, though it returns to K's input size. K sends ``stride`` sizes to the same
    one; ``output_padding`` says which of them is meant, by rows and columns added at the far edge
    (Dumoulin and Visin, arXiv:1603.07285, chapter 4).

    Same arguments, parameter names, initial values and results as PyTorch's, also under
    ``torch.autocast``. An input value costs ``kh * kw * out_channels / groups`` multiplications.

    Shape:
        x       (N, in_channels, H, W) or (in_channels, H, W)
        return  (N, out_channels, H', W') or (out_channels, H', W'), with H' and W' from
                `cnncourse.shapes.conv_transpose_output_size`

    Raises:
        ValueError, TypeError: arguments or input that PyTorch would reject too.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.in_channels = check_int(in_channels, "in_channels", 1)
        self.out_channels = check_int(out_channels, "out_channels", 1)
        self.groups = check_int(groups, "groups", 1)
        for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels % groups:
                raise ValueError(f"{name} must be divisible by groups, got {channels} and {groups}")
        self.kernel_size = pair(kernel_size, "kernel_size", 1)
        self.stride = pair(stride, "stride", 1)
        self.padding = pair(padding, "padding")
        self.output_padding = pair(output_padding, "output_padding")
        self.dilation = pair(dilation, "dilation", 1)
        if padding_mode != "zeros":
            raise ValueError(f"padding_mode must be 'zeros', got {padding_mode!r}")
        self.padding_mode = padding_mode
        shape = (in_channels, out_channels // groups, *self.kernel_size)
        self.weight = nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
        if bias:
            self.bias = nn.Parameter(torch.empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias as PyTorch does, from U(-1/sqrt(fan), 1/sqrt(fan)).

        ``fan`` is ``out_channels / groups * kh * kw``, what one input value is stamped onto.
        """
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))  # this ``a`` gives that bound
        if self.bias is not None:
            bound = 1 / math.sqrt(self.weight[0].numel())
            nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """Return the sum of the stamps; ``output_size`` (H', W') replaces ``output_padding``."""
        check_images(x, self.in_channels)
        x, weight, bias = under_autocast(x, self.weight, self.bias)
        if x.dtype != weight.dtype or not x.is_floating_point():
            raise TypeError(
                f"x and weight must have one floating-point dtype, got {x.dtype} and {weight.dtype}"
            )
        if x.ndim == 3:
            size = None if output_size is None else tuple(output_size)[-2:]
            return self.forward(x[None], size)[0]
        (ph, pw), (oh, ow) = self.padding, self._output_padding(x, output_size)
        y = InputGradient.apply(x, weight, self._convolution(x))  # K's input, padding included
        y = F.pad(y, (-pw, ow - pw, -ph, oh - ph))  # a negative amount cuts off
        return y if bias is None else y + bias[:, None, None]

    def _convolution(self, x: Tensor) -> Geometry:
        """Return the convolution whose adjoint this is, from the padded output back to ``x``."""
        axes = zip(x.shape[2:], self.stride, self.kernel_size, self.dilation, strict=True)
        height, width = (
            (size - 1) * stride + effective_kernel_size(kernel_size, dilation)
            for size, stride, kernel_size, dilation in axes
        )
        return Geometry((height, width), self.kernel_size, self.stride, self.dilation, self.groups)

    def _output_padding(self, x: Tensor, output_size: Sequence[int] | None) -> list[int]:
        """Return the rows and columns to add at the far edge."""
        amounts = list(self.output_padding)
        if output_size is not None:
            if len(output_size) not in (2, x.ndim):
                raise ValueError(
                    f"output_size must be (H, W), or the whole shape of the output, "
                    f"got {tuple(output_size)}"
                )
            smallest = [
                size - 2 * padding
                for size, padding in zip(self._convolution(x).input_size, self.padding, strict=True)
            ]
            amounts = [size - least for size, least in zip(output_size[-2:], smallest, strict=True)]
            if not all(0 <= n < stride for n, stride in zip(amounts, self.stride, strict=True)):
                largest = [n + s - 1 for n, s in zip(smallest, self.stride, strict=True)]
                raise ValueError(
                    f"output_size must be between {tuple(smallest)} and {tuple(largest)} for an "
                    f"input of {tuple(x.shape[2:])}, got {tuple(output_size[-2:])}"
                )
        axes = zip(
            x.shape[2:],
            self.kernel_size,
            self.stride,
            self.padding,
            amounts,
            self.dilation,
            strict=True,
        )
        for axis in axes:
            conv_transpose_output_size(*axis)  # raises where PyTorch would
        return amounts

    def extra_repr(self) -> str:
        """Name the arguments that are not the defaults, as PyTorch does."""
        text = (
            f"{self.in_channels}, {self.out_channels}, "
            f"kernel_size={self.kernel_size}, stride={self.stride}"
        )
        optional = {
            "padding": (self.padding, (0, 0)),
            "dilation": (self.dilation, (1, 1)),
            "output_padding": (self.output_padding, (0, 0)),
            "groups": (self.groups, 1),
            "bias": (self.bias is not None, True),
        }
        for name, (value, default) in optional.items():
            if value != default:
                text += f", {name}={value}"
        return text
