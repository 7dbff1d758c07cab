"""ResNet and what changes only its blocks: ResNeXt and the wide ResNet.

A stack of layers that ought to do nothing has to learn the identity. A residual block is given it:
its convolutions learn only what to add. From this idea all members follow by one row of a table.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from torch import Tensor, nn

from cnncourse.architectures._inputs import check_arguments, check_input
from cnncourse.architectures.loading import with_pretrained
from cnncourse.layers.residual import BasicBlock, Bottleneck


class Row(NamedTuple):
    """One network. Each stage after the first halves the image and doubles all channels."""

    blocks: tuple[int, ...]  # in each stage
    stem: int  # channels
    out_channels: int  # of the first stage
    width: int | None  # of the first stage's 3×3 in a bottleneck; None for basic blocks
    groups: int


RESNETS = {
    # blocks in each stage, stem, out_channels, width, groups
    "resnet18": Row((2, 2, 2, 2), 64, 64, None, 1),
    "resnet34": Row((3, 4, 6, 3), 64, 64, None, 1),
    "resnet50": Row((3, 4, 6, 3), 64, 256, 64, 1),
    "resnet101": Row((3, 4, 23, 3), 64, 256, 64, 1),
    "resnet152": Row((3, 8, 36, 3), 64, 256, 64, 1),
    "resnext50_32x4d": Row((3, 4, 6, 3), 64, 256, 128, 32),
    "resnext101_32x8d": Row((3, 4, 23, 3), 64, 256, 256, 32),
    "resnext101_64x4d": Row((3, 4, 23, 3), 64, 256, 256, 64),
    "wide_resnet50_2": Row((3, 4, 6, 3), 64, 256, 128, 1),
    "tiny": Row((1, 1), 16, 16, None, 1),  # tests and CPU demos
}


class ResNet(nn.Module):
    """A strided stem, stages of residual blocks, the mean of every channel, a linear head.

    Convolutions start by He et al. (arXiv:1502.01852) with the outgoing connections counted, norms
    at 1 and 0, as in torchvision. As there, the stride of a bottleneck stands in its 3×3; in the
    paper it stands in the first 1×1, which costs less: the builders give both counts.

    Shape:
        x       (N, in_channels, H, W) with any H, W >= 1; the image shrinks 32 times
        return  (N, num_classes), the scores before softmax

    Raises:
        ValueError: the input has another shape.
    """

    TORCHVISION_NAMES = (
        (r"^conv1\.", "stem.conv."),
        (r"^bn1\.", "stem.norm."),
        *((rf"^layer{i + 1}\.", f"stages.{i}.") for i in range(4)),
        (r"\.conv(\d)\.", r".residual.conv\1."),
        (r"\.bn(\d)\.", r".residual.norm\1."),
        (r"\.downsample\.0\.", ".shortcut.conv."),
        (r"\.downsample\.1\.", ".shortcut.norm."),
        (r"^fc\.", "head."),
    )

    def __init__(self, row: Row, num_classes: int, in_channels: int) -> None:
        check_arguments(num_classes, in_channels)
        super().__init__()
        self.in_channels = in_channels
        self.stem = nn.Sequential(
            OrderedDict(
                conv=nn.Conv2d(in_channels, row.stem, 7, stride=2, padding=3, bias=False),
                norm=nn.BatchNorm2d(row.stem),
                relu=nn.ReLU(inplace=True),
                pool=nn.MaxPool2d(3, stride=2, padding=1),
            )
        )
        self.stages = nn.Sequential()
        channels = row.stem
        for stage, blocks in enumerate(row.blocks):
            out_channels = row.out_channels * 2**stage
            layers = nn.Sequential()
            for index in range(blocks):
                stride = 2 if stage > 0 and index == 0 else 1
                if row.width is None:
                    block = BasicBlock(channels, out_channels, stride)
                else:
                    width = row.width * 2**stage
                    block = Bottleneck(channels, width, out_channels, stride, row.groups)
                layers.append(block)
                channels = out_channels
            self.stages.append(layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores of every class."""
        check_input(x, self.in_channels, smallest=1)
        x = self.stem(x)  # (N, stem, H/4, W/4)
        x = self.stages(x)  # (N, C, H/32, W/32) after four stages
        x = self.pool(x).flatten(1)  # (N, C)
        return self.head(x)  # (N, num_classes)


def _build(name: str, num_classes: int, in_channels: int, pretrained: bool) -> ResNet:
    model = ResNet(RESNETS[name], num_classes, in_channels)
    return with_pretrained(model, name) if pretrained else model


def resnet18(num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False) -> ResNet:
    """Basic blocks in 18 layers.

    11,689,512 parameters; 1,814,073,344 multiply-accumulates at 224×224 (He et al. 2015,
    arXiv:1512.03385, table 1).
    """
    return _build("resnet18", num_classes, in_channels, pretrained)


def resnet34(num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False) -> ResNet:
    """Basic blocks in 34 layers.

    21,797,672 parameters; 3,663,761,408 multiply-accumulates at 224×224 (He et al. 2015,
    arXiv:1512.03385, table 1).
    """
    return _build("resnet34", num_classes, in_channels, pretrained)


def resnet50(num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False) -> ResNet:
    """Bottlenecks in 50 layers.

    25,557,032 parameters; 4,089,184,256 multiply-accumulates at 224×224, 3,857,973,248 with
    the paper's strides (He et al. 2015, arXiv:1512.03385, table 1).
    """
    return _build("resnet50", num_classes, in_channels, pretrained)


def resnet101(num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False) -> ResNet:
    """Bottlenecks in 101 layers.

    44,549,160 parameters; 7,801,405,440 multiply-accumulates at 224×224, 7,570,194,432 with
    the paper's strides (He et al. 2015, arXiv:1512.03385, table 1).
    """
    return _build("resnet101", num_classes, in_channels, pretrained)


def resnet152(num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False) -> ResNet:
    """Bottlenecks in 152 layers.

    60,192,808 parameters; 11,513,626,624 multiply-accumulates at 224×224, 11,282,415,616 with
    the paper's strides (He et al. 2015, arXiv:1512.03385, table 1).
    """
    return _build("resnet152", num_classes, in_channels, pretrained)


def resnext50_32x4d(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> ResNet:
    """ResNet-50 with 3×3 in 32 groups, 4 channels each in the first stage.

    25,028,904 parameters; 4,230,479,872 multiply-accumulates at 224×224 (Xie et al. 2016,
    arXiv:1611.05431, table 1).
    """
    return _build("resnext50_32x4d", num_classes, in_channels, pretrained)


def resnext101_32x8d(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> ResNet:
    """ResNet-101 with 3×3 in 32 groups, 8 channels each in the first stage.

    88,791,336 parameters; 16,414,015,488 multiply-accumulates at 224×224 (the form of Xie et
    al. 2016, arXiv:1611.05431).
    """
    return _build("resnext101_32x8d", num_classes, in_channels, pretrained)


def resnext101_64x4d(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> ResNet:
    """ResNet-101 with 3×3 in 64 groups, 4 channels each in the first stage.

    83,455,272 parameters; 15,460,270,080 multiply-accumulates at 224×224 (Xie et al. 2016,
    arXiv:1611.05431, table 4).
    """
    return _build("resnext101_64x4d", num_classes, in_channels, pretrained)


def wide_resnet50_2(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> ResNet:
    """ResNet-50 with 3×3 of twice the channels.

    68,883,240 parameters; 11,398,021,120 multiply-accumulates at 224×224 (Zagoruyko and
    Komodakis 2016, arXiv:1605.07146).
    """
    return _build("wide_resnet50_2", num_classes, in_channels, pretrained)


def tiny(num_classes: int = 10, in_channels: int = 3) -> ResNet:
    """Two basic blocks after the stem; the image shrinks 8 times.

    21,914 parameters; 1,126,720 multiply-accumulates at 32×32.
    """
    return ResNet(RESNETS["tiny"], num_classes, in_channels)
