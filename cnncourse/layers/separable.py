"""Convolutions that filter every channel on its own and mix channels at single positions."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Callable

from torch import Tensor, nn

from cnncourse.layers._windows import check_images
from cnncourse.layers.attention import SqueezeExcitation
from cnncourse.layers.regularization import StochasticDepth
from cnncourse.shapes import check_int


def _check_odd(kernel_size: int) -> int:
    """Return a kernel size that has a middle, so that padding by half of it keeps the size."""
    if check_int(kernel_size, "kernel_size", 1) % 2 == 0:
        raise ValueError(f"kernel_size must be odd, got {kernel_size}")
    return kernel_size


class DepthwiseSeparableConv(nn.Module):
    """Filter every channel on its own, then mix channels with a 1x1 convolution.

    For an output position it takes ``in_channels * (k*k + out_channels)`` multiplications, against
    ``in_channels * k*k * out_channels`` for a dense convolution: the fraction
    ``1/out_channels + 1/k**2`` (MobileNets, arXiv:1704.04861, section 3.1). The price is that
    the kernels of all outputs are multiples of one another, channel by channel. ``bias`` belongs
    to the mixing; one before it would be redundant.

    Shape:
        x       (N, in_channels, H, W) or (in_channels, H, W)
        return  (N, out_channels, ceil(H/stride), ceil(W/stride)), or the same without N

    Raises:
        ValueError, TypeError: arguments or input of the wrong kind, an even ``kernel_size`` too.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.in_channels = check_int(in_channels, "in_channels", 1)
        check_int(out_channels, "out_channels", 1)
        check_int(stride, "stride", 1)
        self.depthwise = nn.Conv2d(
            in_channels,
            in_channels,
            _check_odd(kernel_size),
            stride,
            padding=kernel_size // 2,
            groups=in_channels,
            bias=False,
        )
        self.pointwise = nn.Conv2d(in_channels, out_channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the feature maps of ``x``."""
        check_images(x, self.in_channels)
        x = self.depthwise(x)  # (N, in_channels, H', W'): space only
        return self.pointwise(x)  # (N, out_channels, H', W'): channels only


def half_padded(
    in_channels: int, out_channels: int, kernel_size: int, stride: int, groups: int
) -> nn.Conv2d:
    """Return a convolution without a bias, padded by half of its odd kernel on every side."""
    padding = kernel_size // 2
    return nn.Conv2d(
        in_channels, out_channels, kernel_size, stride, padding, groups=groups, bias=False
    )


class ConvNormActivation(nn.Sequential):
    """Convolve without a bias, normalize, and apply ``activation`` unless it is None.

    ``activation`` is a class, or what else returns a module; it works in place where it can.
    ``convolution`` decides where zeros are added; in every case the output is ``1/stride`` of the
    input's size, rounded up.

    Shape:
        x       (N, in_channels, H, W)
        return  (N, out_channels, ceil(H/stride), ceil(W/stride))

    Raises:
        ValueError, TypeError: arguments of the wrong kind, an even ``kernel_size`` too.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        groups: int = 1,
        *,
        activation: Callable[..., nn.Module] | None,
        norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
        convolution: Callable[[int, int, int, int, int], nn.Module] = half_padded,
    ) -> None:
        check_int(in_channels, "in_channels", 1)
        check_int(out_channels, "out_channels", 1)
        check_int(stride, "stride", 1)
        layers = OrderedDict(
            convolution=convolution(
                in_channels, out_channels, _check_odd(kernel_size), stride, groups
            ),
            norm=norm(out_channels),
        )
        if activation is not None:
            in_place = "inplace" in inspect.signature(activation).parameters
            layers["activation"] = activation(inplace=True) if in_place else activation()
        super().__init__(layers)


class InvertedResidual(nn.Module):
    """Widen with a 1x1 convolution, filter every channel, narrow again, and add the input.

    Inverted, because the shortcut joins the narrow ends. There is one only where both ends have
    the same shape: stride 1 and ``in_channels == out_channels``. The last convolution has no
    activation; its paper argues that one would lose information where channels are few
    (MobileNetV2, arXiv:1801.04381, sections 3.2 and 3.3). With ``expanded_channels == in_channels``
    nothing is widened and the first convolution is left out.

    ``squeeze_channels`` adds a `SqueezeExcitation` behind the filters (MobileNetV3,
    arXiv:1905.02244; EfficientNet's MBConv, arXiv:1905.11946), with ``squeeze_activation`` and
    ``gate``. ``stochastic_depth`` is the probability of dropping the branch, where there is a
    shortcut. ``convolution`` makes the filters, as in `ConvNormActivation`.

    At stride 1 it takes, for each position, ``expanded_channels * (in_channels + k*k +
    out_channels)`` multiplications, and squeeze-excitation its own once an image.

    Shape:
        x       (N, in_channels, H, W)
        return  (N, out_channels, ceil(H/stride), ceil(W/stride))

    Raises:
        ValueError, TypeError: arguments or input of the wrong kind.
    """

    def __init__(
        self,
        in_channels: int,
        expanded_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        squeeze_channels: int | None = None,
        activation: type[nn.Module] = nn.ReLU6,
        squeeze_activation: type[nn.Module] = nn.ReLU,
        gate: type[nn.Module] = nn.Sigmoid,
        stochastic_depth: float = 0.0,
        norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
        convolution: Callable[[int, int, int, int, int], nn.Module] = half_padded,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.has_shortcut = stride == 1 and in_channels == out_channels
        branch = OrderedDict()
        if expanded_channels != in_channels:
            branch["expand"] = ConvNormActivation(
                in_channels, expanded_channels, 1, activation=activation, norm=norm
            )
        branch["depthwise"] = ConvNormActivation(
            expanded_channels,
            expanded_channels,
            kernel_size,
            stride,
            groups=expanded_channels,
            activation=activation,
            norm=norm,
            convolution=convolution,
        )
        if squeeze_channels is not None:
            branch["attention"] = SqueezeExcitation(
                expanded_channels, squeeze_channels, squeeze_activation, gate
            )
        branch["project"] = ConvNormActivation(
            expanded_channels, out_channels, 1, activation=None, norm=norm
        )
        self.branch = nn.Sequential(branch)
        self.stochastic_depth = StochasticDepth(stochastic_depth)

    def forward(self, x: Tensor) -> Tensor:
        """Return the feature maps of ``x``."""
        check_images(x, self.in_channels)
        y = self.branch(x)
        return x + self.stochastic_depth(y) if self.has_shortcut else y
