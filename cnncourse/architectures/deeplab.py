"""FCN and DeepLabv3: a ResNet that keeps its resolution, and a head that answers for every pixel.

A ResNet shrinks the image 32 times. Here its last two stages no longer stride; their kernels are
spread out instead (à trous), so that each weight still meets the pixels it was trained for. The
maps then are an eighth of the image, and bilinear interpolation enlarges the scores to its size.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures._inputs import check_arguments, check_input
from cnncourse.architectures.loading import with_pretrained
from cnncourse.architectures.resnet import RESNETS, ResNet, Row

RATES = (12, 24, 36)  # of the atrous pyramid, for maps of an eighth of the image
TINY = Row((1, 1, 1, 1), 8, 16, 4, 1)


class Scores(NamedTuple):
    """What a network with an auxiliary head answers in training, each (N, num_classes, H, W)."""

    main: Tensor
    auxiliary: Tensor


def dilate(stage: nn.Sequential, first: int, rest: int) -> None:
    """Take the stride out of a stage of bottlenecks and spread its 3×3 kernels out, in place.

    Weights stay as they are. The first block reads maps that the stages before left at the rate
    ``first``; all later ones read maps at the rate ``rest``.
    """
    for index, block in enumerate(stage):
        rate = rest if index else first
        convolution = block.residual.conv2
        convolution.stride = (1, 1)
        convolution.dilation = convolution.padding = (rate, rate)
    stage[0].shortcut.conv.stride = (1, 1)


class Unit(nn.Sequential):
    """A convolution that keeps the size, batch norm, ReLU.

    Shape:
        x       (N, in_channels, H, W)
        return  (N, out_channels, H, W)
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, dilation: int = 1
    ) -> None:
        padding = dilation * (kernel_size // 2)
        super().__init__(
            OrderedDict(
                conv=nn.Conv2d(
                    in_channels,
                    out_channels,
                    kernel_size,
                    padding=padding,
                    dilation=dilation,
                    bias=False,
                ),
                norm=nn.BatchNorm2d(out_channels),
                relu=nn.ReLU(),
            )
        )


class ImagePooling(nn.Module):
    """Tell every position what the whole image is like: its mean, through a 1×1 convolution.

    Shape:
        x       (N, in_channels, H, W)
        return  (N, out_channels, H, W), the same at every position
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.unit = Unit(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean's features at every position."""
        return self.unit(self.pool(x)).expand(-1, -1, *x.shape[2:])


class AtrousPyramid(nn.Module):
    """Look at each position at several rates at once ("ASPP"; arXiv:1706.05587, section 3.3).

    On maps of n × n, a zero-padded 3×3 kernel with a rate of at least n meets one pixel only: its
    centre. So a pyramid made for large images is, on small ones, three more 1×1 convolutions.

    Shape:
        x       (N, in_channels, H, W)
        return  (N, width, H, W)
    """

    def __init__(self, in_channels: int, width: int, rates: tuple[int, ...]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            [
                Unit(in_channels, width, 1),
                *(Unit(in_channels, width, 3, rate) for rate in rates),
                ImagePooling(in_channels, width),
            ]
        )
        self.project = Unit(width * len(self.branches), width, 1)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Return all branches, mixed by a 1×1 convolution."""
        branches = torch.cat([branch(x) for branch in self.branches], dim=1)
        return self.dropout(self.project(branches))


class FCNHead(nn.Sequential):
    """Score each position with a 3×3 and a 1×1 convolution; ``in_channels // 4`` in between."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        channels = in_channels // 4
        super().__init__(
            OrderedDict(
                unit=Unit(in_channels, channels, 3),
                dropout=nn.Dropout(0.1),
                scores=nn.Conv2d(channels, num_classes, 1),
            )
        )


class DeepLabHead(nn.Sequential):
    """Score each position with an atrous pyramid, a 3×3 and a 1×1 convolution."""

    def __init__(self, in_channels: int, num_classes: int, width: int = 256) -> None:
        super().__init__(
            OrderedDict(
                pyramid=AtrousPyramid(in_channels, width, RATES),
                unit=Unit(width, width, 3),
                scores=nn.Conv2d(width, num_classes, 1),
            )
        )


class Segmenter(nn.Module):
    """A ResNet at an eighth of the resolution, a head, and bilinear interpolation to full size.

    Shape:
        x       (N, in_channels, H, W) with any H, W >= 1
        return  (N, num_classes, H, W); in training with an auxiliary head, `Scores`

    Raises:
        ValueError: the input has another shape.
    """

    TORCHVISION_NAMES = (
        (r"^backbone\.", ""),
        *ResNet.TORCHVISION_NAMES[:-1],  # all but its linear head
        (r"^classifier\.", "head."),
        (r"^aux_classifier\.0\.", "auxiliary.unit.conv."),
        (r"^aux_classifier\.1\.", "auxiliary.unit.norm."),
        (r"^aux_classifier\.4\.", "auxiliary.scores."),
    )

    def __init__(
        self,
        row: Row,
        head: Callable[[int, int], nn.Module],
        auxiliary: bool,
        num_classes: int,
        in_channels: int,
    ) -> None:
        check_arguments(num_classes, in_channels)
        super().__init__()
        self.in_channels = in_channels
        trunk = ResNet(row, num_classes, in_channels)
        self.stem, self.stages = trunk.stem, trunk.stages
        dilate(self.stages[2], first=1, rest=2)
        dilate(self.stages[3], first=2, rest=4)
        channels = row.out_channels * 8
        self.head = head(channels, num_classes)
        self.auxiliary = FCNHead(channels // 2, num_classes) if auxiliary else None

    def forward(self, x: Tensor) -> Tensor | Scores:
        """Return the scores of every class at every pixel."""
        check_input(x, self.in_channels, smallest=1)
        size = x.shape[2:]
        middle = self.stages[:3](self.stem(x))  # (N, C/2, H/8, W/8)
        main = enlarge(self.head(self.stages[3](middle)), size)  # (N, num_classes, H, W)
        if self.training and self.auxiliary is not None:
            return Scores(main, enlarge(self.auxiliary(middle), size))
        return main


def enlarge(scores: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the scores at every pixel of an image of ``size``, interpolated bilinearly."""
    return F.interpolate(scores, size=size, mode="bilinear", align_corners=False)


class FCN(Segmenter):
    """The head of Long et al. (arXiv:1411.4038) in the form that torchvision gave it."""

    TORCHVISION_NAMES = (
        *Segmenter.TORCHVISION_NAMES,
        (r"^head\.0\.", "head.unit.conv."),
        (r"^head\.1\.", "head.unit.norm."),
        (r"^head\.4\.", "head.scores."),
    )


class DeepLabV3(Segmenter):
    """The head of Chen et al., with the atrous pyramid (arXiv:1706.05587)."""

    TORCHVISION_NAMES = (
        *Segmenter.TORCHVISION_NAMES,
        (r"^head\.0\.convs\.4\.1\.", "head.pyramid.branches.4.unit.conv."),
        (r"^head\.0\.convs\.4\.2\.", "head.pyramid.branches.4.unit.norm."),
        (r"^head\.0\.convs\.(\d)\.0\.", r"head.pyramid.branches.\1.conv."),
        (r"^head\.0\.convs\.(\d)\.1\.", r"head.pyramid.branches.\1.norm."),
        (r"^head\.0\.project\.0\.", "head.pyramid.project.conv."),
        (r"^head\.0\.project\.1\.", "head.pyramid.project.norm."),
        (r"^head\.1\.", "head.unit.conv."),
        (r"^head\.2\.", "head.unit.norm."),
        (r"^head\.4\.", "head.scores."),
    )


def fcn_resnet50(
    num_classes: int = 21, in_channels: int = 3, pretrained: bool = False, auxiliary: bool = False
) -> FCN:
    """FCN on ResNet-50.

    32,957,013 parameters, 35,322,218 with the auxiliary head; 142,725,772,800 multiply-accumulates
    at 520×520 in evaluation mode. The published weights come with the auxiliary head. Head of Long
    et al. 2014 (arXiv:1411.4038) as torchvision has it.
    """
    model = FCN(RESNETS["resnet50"], FCNHead, auxiliary or pretrained, num_classes, in_channels)
    return with_pretrained(model, "fcn_resnet50") if pretrained else model


def _deeplab(
    depth: int, num_classes: int, in_channels: int, pretrained: bool, auxiliary: bool
) -> DeepLabV3:
    row = RESNETS[f"resnet{depth}"]
    model = DeepLabV3(row, DeepLabHead, auxiliary or pretrained, num_classes, in_channels)
    return with_pretrained(model, f"deeplabv3_resnet{depth}") if pretrained else model


def deeplabv3_resnet50(
    num_classes: int = 21, in_channels: int = 3, pretrained: bool = False, auxiliary: bool = False
) -> DeepLabV3:
    """DeepLabv3 on ResNet-50.

    39,638,869 parameters, 42,004,074 with the auxiliary head; 168,731,205,888 multiply-accumulates
    at 520×520 in evaluation mode. The published weights come with the auxiliary head. Chen et al.
    2017, arXiv:1706.05587.
    """
    return _deeplab(50, num_classes, in_channels, pretrained, auxiliary)


def deeplabv3_resnet101(
    num_classes: int = 21, in_channels: int = 3, pretrained: bool = False, auxiliary: bool = False
) -> DeepLabV3:
    """DeepLabv3 on ResNet-101.

    58,630,997 parameters, 60,996,202 with the auxiliary head; 248,752,300,288 multiply-accumulates
    at 520×520 in evaluation mode. The published weights come with the auxiliary head. Chen et al.
    2017, arXiv:1706.05587.
    """
    return _deeplab(101, num_classes, in_channels, pretrained, auxiliary)


def tiny(num_classes: int = 10, in_channels: int = 3) -> DeepLabV3:
    """One bottleneck a stage, eight channels in the stem.

    97,042 parameters; 1,804,800 multiply-accumulates at 32×32 in evaluation mode.
    """
    head = partial(DeepLabHead, width=16)
    return DeepLabV3(TINY, head, False, num_classes, in_channels)
