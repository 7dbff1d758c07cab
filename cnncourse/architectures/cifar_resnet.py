"""Residual networks for images of 32×32: the original form and the pre-activation form.

Small enough to be deep: where 20 layers stand beside 110 and 1001 of the same kind, depth is the
only thing that differs. So these are the networks on which to study depth.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from torch import Tensor, nn

from cnncourse.architectures._inputs import check_arguments, check_input
from cnncourse.layers.residual import BasicBlock, PaddedShortcut, PreActivationBottleneck
from cnncourse.shapes import check_int


class Stage(NamedTuple):
    """What all blocks of one stage share; the stride belongs to the first of them."""

    width: int  # of the 3×3 convolutions
    bottleneck_channels: int  # around a bottleneck
    stride: int


STAGES = [
    #     width, bottleneck_channels, stride
    Stage(16, 64, 1),
    Stage(32, 128, 2),
    Stage(64, 256, 2),
]


def _blocks(depth: int, layers: int) -> int:
    """Return the blocks in each of three stages, where a block has as many layers."""
    check_int(depth, "depth", 1)
    blocks, rest = divmod(depth - 2, 3 * layers)
    if blocks < 1 or rest:
        raise ValueError(f"depth must be {3 * layers}n + 2 with n >= 1, got {depth}")
    return blocks


def _initialize(model: nn.Module) -> None:
    """Draw by He et al. (arXiv:1502.01852), outgoing connections counted; biases start at 0."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)


class CifarResNet(nn.Module):
    """A 3×3 stem, three stages of basic blocks, the mean of every channel, a linear head.

    ``depth`` = 6n + 2 counts the convolutions and the head. Shortcuts have no parameters
    (`PaddedShortcut`), so a plain network of the same depth has exactly as many (He et al.,
    arXiv:1512.03385, section 4.2).

    Shape:
        x       (N, in_channels, H, W) with any H, W >= 1; the image shrinks 4 times
        return  (N, num_classes), the scores before softmax

    Raises:
        ValueError: ``depth`` is not of this form, or the input has another shape.
    """

    def __init__(self, depth: int, num_classes: int, in_channels: int) -> None:
        check_arguments(num_classes, in_channels)
        super().__init__()
        self.in_channels = in_channels
        channels = STAGES[0].width
        self.stem = nn.Sequential(
            OrderedDict(
                conv=nn.Conv2d(in_channels, channels, 3, padding=1, bias=False),
                norm=nn.BatchNorm2d(channels),
                relu=nn.ReLU(inplace=True),
            )
        )
        self.stages = nn.Sequential()
        for width, _, stride in STAGES:
            shortcut = None if stride == 1 else PaddedShortcut(channels, width, stride)
            layers = [BasicBlock(channels, width, stride, shortcut)]
            layers += [BasicBlock(width, width) for _ in range(_blocks(depth, layers=2) - 1)]
            self.stages.append(nn.Sequential(*layers))
            channels = width
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(channels, num_classes)
        _initialize(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores of every class."""
        check_input(x, self.in_channels, smallest=1)
        x = self.stem(x)  # (N, 16, H, W)
        x = self.stages(x)  # (N, 64, H/4, W/4)
        x = self.pool(x).flatten(1)  # (N, 64)
        return self.head(x)  # (N, num_classes)


class PreActivationResNet(nn.Module):
    """A 3×3 convolution, three stages of pre-activation bottlenecks, norm, ReLU, mean, head.

    ``depth`` = 9n + 2 counts the convolutions and the head. From the stem's output to the last
    norm the signal passes sums alone, but for the three projections (He et al., arXiv:1603.05027,
    section 4 and appendix).

    Shape:
        x       (N, in_channels, H, W) with any H, W >= 1; the image shrinks 4 times
        return  (N, num_classes), the scores before softmax

    Raises:
        ValueError: ``depth`` is not of this form, or the input has another shape.
    """

    def __init__(self, depth: int, num_classes: int, in_channels: int) -> None:
        check_arguments(num_classes, in_channels)
        super().__init__()
        self.in_channels = in_channels
        channels = STAGES[0].width
        self.stem = nn.Conv2d(in_channels, channels, 3, padding=1, bias=False)
        self.stages = nn.Sequential()
        for width, out_channels, stride in STAGES:
            layers = [PreActivationBottleneck(channels, width, out_channels, stride)]
            for _ in range(_blocks(depth, layers=3) - 1):
                layers.append(PreActivationBottleneck(out_channels, width, out_channels))
            self.stages.append(nn.Sequential(*layers))
            channels = out_channels
        self.last_norm = nn.BatchNorm2d(channels)
        self.last_relu = nn.ReLU(inplace=True)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(channels, num_classes)
        _initialize(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores of every class."""
        check_input(x, self.in_channels, smallest=1)
        x = self.stem(x)  # (N, 16, H, W)
        x = self.stages(x)  # (N, 256, H/4, W/4)
        x = self.last_relu(self.last_norm(x))
        x = self.pool(x).flatten(1)  # (N, 256)
        return self.head(x)  # (N, num_classes)


def resnet20(num_classes: int = 10, in_channels: int = 3) -> CifarResNet:
    """Three basic blocks in each stage.

    269,722 parameters (0.27M in the paper); 40,551,040 multiply-accumulates at 32×32
    (He et al. 2015, arXiv:1512.03385, section 4.2 and table 6).
    """
    return CifarResNet(20, num_classes, in_channels)


def resnet32(num_classes: int = 10, in_channels: int = 3) -> CifarResNet:
    """Five basic blocks in each stage.

    464,154 parameters (0.46M in the paper); 68,862,592 multiply-accumulates at 32×32
    (He et al. 2015, arXiv:1512.03385, section 4.2 and table 6).
    """
    return CifarResNet(32, num_classes, in_channels)


def resnet44(num_classes: int = 10, in_channels: int = 3) -> CifarResNet:
    """Seven basic blocks in each stage.

    658,586 parameters (0.66M in the paper); 97,174,144 multiply-accumulates at 32×32
    (He et al. 2015, arXiv:1512.03385, section 4.2 and table 6).
    """
    return CifarResNet(44, num_classes, in_channels)


def resnet56(num_classes: int = 10, in_channels: int = 3) -> CifarResNet:
    """Nine basic blocks in each stage.

    853,018 parameters (0.85M in the paper); 125,485,696 multiply-accumulates at 32×32
    (He et al. 2015, arXiv:1512.03385, section 4.2 and table 6).
    """
    return CifarResNet(56, num_classes, in_channels)


def resnet110(num_classes: int = 10, in_channels: int = 3) -> CifarResNet:
    """18 basic blocks in each stage.

    1,727,962 parameters (1.7M in the paper); 252,887,680 multiply-accumulates at 32×32
    (He et al. 2015, arXiv:1512.03385, section 4.2 and table 6).
    """
    return CifarResNet(110, num_classes, in_channels)


def preactivation_resnet(
    depth: int, num_classes: int = 10, in_channels: int = 3
) -> PreActivationResNet:
    """Pre-activation bottlenecks, (depth - 2) / 9 of them in each of the three stages.

    11 layers have 126,746 parameters and 17,222,144 multiply-accumulates at 32×32; every 9 more,
    one block in each stage, add 92,736 and 13,369,344 (He et al. 2016, arXiv:1603.05027, appendix).

    Raises:
        ValueError: ``depth`` is not 9n + 2 with n >= 1.
    """
    return PreActivationResNet(depth, num_classes, in_channels)


def preactivation_resnet164(num_classes: int = 10, in_channels: int = 3) -> PreActivationResNet:
    """18 pre-activation bottlenecks in each stage.

    1,703,258 parameters (1.7M in the paper); 244,500,992 multiply-accumulates at 32×32 (He et al.
    2016, arXiv:1603.05027, table 4).
    """
    return preactivation_resnet(164, num_classes, in_channels)


def preactivation_resnet1001(num_classes: int = 10, in_channels: int = 3) -> PreActivationResNet:
    """111 pre-activation bottlenecks in each stage.

    10,327,706 parameters, of which 10,178,490 outside the norms (10.2M in the paper); 1,487,849,984
    multiply-accumulates at 32×32 (He et al. 2016, arXiv:1603.05027, table 4).
    """
    return preactivation_resnet(1001, num_classes, in_channels)


def tiny(num_classes: int = 10, in_channels: int = 3) -> CifarResNet:
    """8 layers, one basic block in each stage.

    75,290 parameters; 12,239,488 multiply-accumulates at 32×32.
    """
    return CifarResNet(8, num_classes, in_channels)
