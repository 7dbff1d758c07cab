"""The convolution layer, a drop-in for ``torch.nn.Conv2d``, and the four plain forms of it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from cnncourse.layers._convolve import convolve, under_autocast
from cnncourse.layers._windows import Size, check_images, pad_images
from cnncourse.layers.convolution_forms import (
    conv2d_fft,
    conv2d_im2col,
    conv2d_loops,
    conv2d_matrix,
    convolution_matrix,
    im2col,
)
from cnncourse.shapes import check_int, pair, same_padding

__all__ = [
    "Conv2d",
    "conv2d_fft",
    "conv2d_im2col",
    "conv2d_loops",
    "conv2d_matrix",
    "convolution_matrix",
    "im2col",
]

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class Conv2d(nn.Module):
    """Slide ``out_channels`` learnt kernels over an image; a drop-in for ``torch.nn.Conv2d``.

    Same arguments, parameter names, initial values and results, also under ``torch.autocast``. It
    costs
    ``kh * kw * in_channels / groups`` multiplications per output value.

    Shape:
        x       (N, in_channels, H, W) or (in_channels, H, W)
        return  (N, out_channels, H', W') or (out_channels, H', W'), with H' and W' from
                `cnncourse.shapes.conv_output_size`

    Raises:
        ValueError, TypeError: arguments or input that PyTorch would reject too.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
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
        self.dilation = pair(dilation, "dilation", 1)
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(
                    f"padding must be 'same', 'valid', one int or two, got {padding!r}"
                )
            if padding == "same" and self.stride != (1, 1):
                raise ValueError(f"padding='same' needs stride 1, got stride {self.stride}")
            self.padding = padding
        else:
            self.padding = pair(padding, "padding")
        if padding_mode not in PADDING_MODES:
            raise ValueError(f"padding_mode must be one of {PADDING_MODES}, got {padding_mode!r}")
        self.padding_mode = padding_mode
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
        if bias:
            self.bias = nn.Parameter(torch.empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias from U(-1/sqrt(fan_in), 1/sqrt(fan_in)), as PyTorch does."""
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))  # this ``a`` gives that bound
        if self.bias is not None:
            bound = 1 / math.sqrt(self.weight[0].numel())
            nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        """Return the feature maps of ``x``."""
        check_images(x, self.in_channels)
        x, weight, bias = under_autocast(x, self.weight, self.bias)
        if x.dtype != weight.dtype or not x.is_floating_point():
            raise TypeError(
                f"x and weight must have one floating-point dtype, got {x.dtype} and {weight.dtype}"
            )
        if x.ndim == 3:
            return self.forward(x[None])[0]
        y = convolve(self._pad(x), weight, self.stride, self.dilation, self.groups)
        return y if bias is None else y + bias[:, None, None]

    def _pad(self, x: Tensor) -> Tensor:
        if self.padding == "valid":
            padding = (0, 0), (0, 0)
        elif self.padding == "same":
            axes = zip(self.kernel_size, self.dilation, strict=True)
            padding = tuple(same_padding(kernel_size, dilation) for kernel_size, dilation in axes)
        else:
            padding = tuple((p, p) for p in self.padding)
        return pad_images(x, *padding, self.padding_mode)

    def extra_repr(self) -> str:
        """Name the arguments that are not the defaults, as PyTorch does."""
        text = (
            f"{self.in_channels}, {self.out_channels}, "
            f"kernel_size={self.kernel_size}, stride={self.stride}"
        )
        optional = {
            "padding": (self.padding, (0, 0)),
            "dilation": (self.dilation, (1, 1)),
            "groups": (self.groups, 1),
            "bias": (self.bias is not None, True),
            "padding_mode": (self.padding_mode, "zeros"),
        }
        for name, (value, default) in optional.items():
            if value != default:
                text += f", {name}={value}"
        return text
