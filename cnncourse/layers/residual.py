"""Residual blocks: a layer learns what to add to its input, not what to put in its place."""

from __future__ import annotations

from collections import OrderedDict

import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.shapes import check_int


def _conv3x3(in_channels: int, out_channels: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, groups=groups, bias=False)


def _conv1x1(in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)


def _check(groups: int = 1, **sizes: int) -> None:
    """Refuse channels and strides below 1, and groups that do not divide the width."""
    for name, size in (sizes | {"groups": groups}).items():
        check_int(size, name, 1)
    if sizes.get("width", groups) % groups:
        raise ValueError(f"width must be divisible by groups {groups}, got {sizes['width']}")


def _shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """Return P: the identity where the shapes agree, else a strided 1×1 convolution and a norm."""
    if in_channels == out_channels and stride == 1:
        return nn.Identity()
    return nn.Sequential(
        OrderedDict(
            conv=_conv1x1(in_channels, out_channels, stride),
            norm=nn.BatchNorm2d(out_channels),
        )
    )


class PaddedShortcut(nn.Module):
    """Drop the positions between the strides and fill the new channels with zeros.

    The shortcut without parameters and without arithmetic, "option A" of the paper (He et al.,
    arXiv:1512.03385, section 3.3).

    Shape:
        x       (N, in_channels, H, W)
        return  (N, out_channels, ceil(H/stride), ceil(W/stride))

    Raises:
        ValueError: ``out_channels`` is smaller than ``in_channels``.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        _check(in_channels=in_channels, out_channels=out_channels, stride=stride)
        if out_channels < in_channels:
            raise ValueError(
                f"out_channels must be at least in_channels {in_channels}, got {out_channels}"
            )
        self.new_channels = out_channels - in_channels
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Return every ``stride``-th position of ``x``, with empty channels behind its own."""
        x = x[:, :, :: self.stride, :: self.stride]  # (N, in_channels, H', W')
        return F.pad(x, (0, 0, 0, 0, 0, self.new_channels))  # (N, out_channels, H', W')

    def extra_repr(self) -> str:
        """Name the arguments."""
        return f"new_channels={self.new_channels}, stride={self.stride}"


class BasicBlock(nn.Module):
    """Add to the input what two 3×3 convolutions make of it: y = ReLU(F(x) + P(x)).

    F is ``residual``: conv, norm, ReLU, conv, norm. P is ``shortcut``: the identity where x and y
    have the same shape, else a strided 1×1 convolution with a norm ("option B"). Another P, such
    as `PaddedShortcut`, may be given. Per output position F takes
    ``9 * (in_channels + out_channels) * out_channels`` multiplications, the projection
    ``in_channels * out_channels`` (He et al., arXiv:1512.03385, sections 3.2 and 3.3).

    Shape:
        x       (N, in_channels, H, W)
        return  (N, out_channels, ceil(H/stride), ceil(W/stride))

    Raises:
        ValueError, TypeError: an argument is not an integer of at least 1.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        shortcut: nn.Module | None = None,
    ) -> None:
        super().__init__()
        _check(in_channels=in_channels, out_channels=out_channels, stride=stride)
        self.residual = nn.Sequential(
            OrderedDict(
                conv1=_conv3x3(in_channels, out_channels, stride),
                norm1=nn.BatchNorm2d(out_channels),
                relu1=nn.ReLU(inplace=True),
                conv2=_conv3x3(out_channels, out_channels),
                norm2=nn.BatchNorm2d(out_channels),
            )
        )
        if shortcut is None:
            shortcut = _shortcut(in_channels, out_channels, stride)
        self.shortcut = shortcut
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return ReLU(F(x) + P(x))."""
        return self.relu(self.residual(x) + self.shortcut(x))


class Bottleneck(nn.Module):
    """Add to the input what a 3×3 convolution between two 1×1 makes of it: y = ReLU(F(x) + P(x)).

    F is ``residual``: 1×1 down to ``width`` channels, 3×3 there, 1×1 up to ``out_channels``, each
    with a norm, ReLU between them. P is ``shortcut``, as in `BasicBlock`. Per output position F
    takes ``stride**2 * in_channels * width + 9 * width**2 / groups + width * out_channels``
    multiplications, the projection ``in_channels * out_channels`` (He et al., arXiv:1512.03385,
    section 4.1; with groups: Xie et al., arXiv:1611.05431, section 3).

    The stride stands in the 3×3 convolution, as in torchvision ("v1.5"); in the paper it stands in
    the first 1×1, which then never looks at three quarters of the positions.

    Shape:
        x       (N, in_channels, H, W)
        return  (N, out_channels, ceil(H/stride), ceil(W/stride))

    Raises:
        ValueError, TypeError: an argument is not an integer of at least 1, or ``groups`` does not
            divide ``width``.
    """

    def __init__(
        self, in_channels: int, width: int, out_channels: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        _check(
            groups, in_channels=in_channels, width=width, out_channels=out_channels, stride=stride
        )
        self.residual = nn.Sequential(
            OrderedDict(
                conv1=_conv1x1(in_channels, width),
                norm1=nn.BatchNorm2d(width),
                relu1=nn.ReLU(inplace=True),
                conv2=_conv3x3(width, width, stride, groups),
                norm2=nn.BatchNorm2d(width),
                relu2=nn.ReLU(inplace=True),
                conv3=_conv1x1(width, out_channels),
                norm3=nn.BatchNorm2d(out_channels),
            )
        )
        self.shortcut = _shortcut(in_channels, out_channels, stride)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return ReLU(F(x) + P(x))."""
        return self.relu(self.residual(x) + self.shortcut(x))


class _PreActivation(nn.Module):
    """What `PreActivationBlock` and `PreActivationBottleneck` share: the order of the parts."""

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, residual: nn.Sequential
    ) -> None:
        super().__init__()
        self.preactivation = nn.Sequential(
            OrderedDict(norm=nn.BatchNorm2d(in_channels), relu=nn.ReLU(inplace=True))
        )
        self.residual = residual
        same_shape = in_channels == out_channels and stride == 1
        self.projection = None if same_shape else _conv1x1(in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return x + F(x), or P(a) + F(x) where the shape changes."""
        a = self.preactivation(x)
        shortcut = x if self.projection is None else self.projection(a)
        return shortcut + self.residual(a)


class PreActivationBlock(_PreActivation):
    """Add to the input what two 3×3 convolutions make of it, and nothing after: y = x + F(x).

    Norm and ReLU stand before each convolution, so that between blocks nothing but sums happens
    to x: y of the last block is x of the first plus all F. F(x) is ``residual`` (conv, norm, ReLU,
    conv) of a = ReLU(norm(x)), the ``preactivation``. Where the shape changes y = P(a) + F(x) with
    a strided 1×1 convolution P, the ``projection``. Cost as of `BasicBlock` (He et al.,
    arXiv:1603.05027, section 4 and appendix).

    Shape:
        x       (N, in_channels, H, W)
        return  (N, out_channels, ceil(H/stride), ceil(W/stride))

    Raises:
        ValueError, TypeError: an argument is not an integer of at least 1.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        _check(in_channels=in_channels, out_channels=out_channels, stride=stride)
        residual = nn.Sequential(
            OrderedDict(
                conv1=_conv3x3(in_channels, out_channels, stride),
                norm2=nn.BatchNorm2d(out_channels),
                relu2=nn.ReLU(inplace=True),
                conv2=_conv3x3(out_channels, out_channels),
            )
        )
        super().__init__(in_channels, out_channels, stride, residual)


class PreActivationBottleneck(_PreActivation):
    """Add to the input what a 3×3 convolution between two 1×1 makes of it: y = x + F(x).

    F(x) is ``residual`` (1×1 to ``width`` channels, 3×3, 1×1 to ``out_channels``, norm and ReLU
    between them) of a = ReLU(norm(x)), the ``preactivation``. Where the shape changes
    y = P(a) + F(x), as in `PreActivationBlock`. The stride stands in the first 1×1 convolution, as
    in the authors' code. Per output position F takes
    ``in_channels * width + 9 * width**2 + width * out_channels`` multiplications, the projection
    ``in_channels * out_channels`` (He et al., arXiv:1603.05027, section 4 and appendix).

    Shape:
        x       (N, in_channels, H, W)
        return  (N, out_channels, ceil(H/stride), ceil(W/stride))

    Raises:
        ValueError, TypeError: an argument is not an integer of at least 1.
    """

    def __init__(self, in_channels: int, width: int, out_channels: int, stride: int = 1) -> None:
        _check(in_channels=in_channels, width=width, out_channels=out_channels, stride=stride)
        residual = nn.Sequential(
            OrderedDict(
                conv1=_conv1x1(in_channels, width, stride),
                norm2=nn.BatchNorm2d(width),
                relu2=nn.ReLU(inplace=True),
                conv2=_conv3x3(width, width),
                norm3=nn.BatchNorm2d(width),
                relu3=nn.ReLU(inplace=True),
                conv3=_conv1x1(width, out_channels),
            )
        )
        super().__init__(in_channels, out_channels, stride, residual)


def zero_last_norm(model: nn.Module) -> nn.Module:
    """Set the factor gamma of the last norm in every block's F to 0; return the model.

    Every F is then 0, so that a fresh network starts as its shortcuts alone (Goyal et al.,
    arXiv:1706.02677, section 5.1). The first gradient reaches only gamma and beta of these norms;
    once gamma has moved, the rest of F learns too.

    Pre-activation blocks are refused: their last norm stands before a ReLU, whose gradient at 0
    is 0, so that F would stay 0 for ever.

    Raises:
        ValueError: the model holds no `BasicBlock` or `Bottleneck`, or a pre-activation block.
    """
    if any(isinstance(module, _PreActivation) for module in model.modules()):
        raise ValueError(
            f"{type(model).__name__} holds pre-activation blocks, which would never learn: "
            f"a ReLU behind a zeroed norm passes no gradient"
        )
    blocks = [module for module in model.modules() if isinstance(module, BasicBlock | Bottleneck)]
    if not blocks:
        raise ValueError(f"{type(model).__name__} holds no residual block")
    for block in blocks:
        nn.init.zeros_(block.residual[-1].weight)
    return model
