"""ConvNeXt: a ResNet with every later idea that helped, and no attention.

Patches instead of a strided stem, a large depthwise convolution, an inverted bottleneck, one norm
and one activation a block, layer norm: what was learnt from transformers, in convolutions alone.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cnncourse.architectures._inputs import check_arguments, check_input
from cnncourse.architectures.loading import with_pretrained
from cnncourse.layers.regularization import StochasticDepth


class Row(NamedTuple):
    """One network."""

    blocks: tuple[int, ...]  # in each stage
    channels: tuple[int, ...]  # in each stage
    drop: float  # stochastic depth of the last block; it grows linearly from 0


CONVNEXTS = {
    # blocks, channels (arXiv:2201.03545, section 3); drop as in torchvision
    "convnext_tiny": Row((3, 3, 9, 3), (96, 192, 384, 768), 0.1),
    "convnext_small": Row((3, 3, 27, 3), (96, 192, 384, 768), 0.4),
    "convnext_base": Row((3, 3, 27, 3), (128, 256, 512, 1024), 0.5),
    "convnext_large": Row((3, 3, 27, 3), (192, 384, 768, 1536), 0.5),
    "tiny": Row((1, 1), (16, 32), 0.0),  # tests and CPU demos
}

LAYER_SCALE = 1e-6  # where the scales of the residuals start


class ChannelNorm(nn.LayerNorm):
    """Layer norm of each position by itself, over its channels.

    Shape:
        x       (N, C, H, W)
        return  the same
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised maps."""
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


Norm = partial(ChannelNorm, eps=1e-6)


class Block(nn.Module):
    """Look around in each channel, then mix the channels: x + scale · F(x).

    F is a depthwise 7×7 convolution, a norm, and two dense maps over the channels, four times as
    wide in between. ``scale``, one number a channel, starts close to zero (arXiv:2103.17239).

    Shape:
        x       (N, channels, H, W)
        return  the same
    """

    def __init__(self, channels: int, drop: float) -> None:
        super().__init__()
        self.look = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.mix = nn.Sequential(
            OrderedDict(
                norm=nn.LayerNorm(channels, eps=1e-6),
                widen=nn.Linear(channels, 4 * channels),
                gelu=nn.GELU(),
                narrow=nn.Linear(4 * channels, channels),
            )
        )
        self.scale = nn.Parameter(torch.full((channels, 1, 1), LAYER_SCALE))
        self.drop = StochasticDepth(drop)

    def forward(self, x: Tensor) -> Tensor:
        """Return x + scale · F(x)."""
        y = self.look(x).movedim(1, -1)  # (N, H, W, channels)
        y = self.mix(y).movedim(-1, 1)
        return x + self.drop(self.scale * y)


class ConvNeXt(nn.Module):
    """Patches of 4×4, stages of blocks, each later stage at half the resolution; mean, norm, head.

    Weights start as normal numbers of deviation 0.02, cut off at ±2, and biases at zero. ``block``
    makes a block from its channels and its stochastic depth: ConvNeXt V2 has another.

    Shape:
        x       (N, in_channels, H, W); the image shrinks 32 times in four stages
        return  (N, num_classes), the scores before softmax

    Raises:
        ValueError: the input has another shape.
    """

    TORCHVISION_NAMES = (
        (r"^features\.0\.0\.", "stem.conv."),
        (r"^features\.0\.1\.", "stem.norm."),
        *((rf"^features\.{2 * i}\.0\.", f"halve.{i - 1}.norm.") for i in (1, 2, 3)),
        *((rf"^features\.{2 * i}\.1\.", f"halve.{i - 1}.conv.") for i in (1, 2, 3)),
        *((rf"^features\.{2 * i + 1}\.", f"stages.{i}.") for i in range(4)),
        (r"\.block\.0\.", ".look."),
        (r"\.block\.2\.", ".mix.norm."),
        (r"\.block\.3\.", ".mix.widen."),
        (r"\.block\.5\.", ".mix.narrow."),
        (r"\.layer_scale$", ".scale"),
        (r"^classifier\.0\.", "norm."),
        (r"^classifier\.2\.", "head."),
    )

    def __init__(
        self, row: Row, num_classes: int, in_channels: int, block: type[nn.Module] = Block
    ) -> None:
        check_arguments(num_classes, in_channels)
        super().__init__()
        self.in_channels = in_channels
        self.smallest = 4 * 2 ** (len(row.blocks) - 1)
        self.stem = nn.Sequential(
            OrderedDict(
                conv=nn.Conv2d(in_channels, row.channels[0], 4, stride=4),
                norm=Norm(row.channels[0]),
            )
        )
        last = sum(row.blocks) - 1
        drops = (row.drop * index / last for index in range(last + 1))
        self.stages = nn.ModuleList(
            nn.Sequential(*(block(channels, next(drops)) for _ in range(blocks)))
            for blocks, channels in zip(row.blocks, row.channels, strict=True)
        )
        self.halve = nn.ModuleList(
            nn.Sequential(OrderedDict(norm=Norm(narrow), conv=nn.Conv2d(narrow, wide, 2, stride=2)))
            for narrow, wide in pairwise(row.channels)
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.norm = Norm(row.channels[-1])
        self.head = nn.Linear(row.channels[-1], num_classes)
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores of every class."""
        check_input(x, self.in_channels, self.smallest)
        x = self.stages[0](self.stem(x))  # (N, C, H/4, W/4)
        for halve, stage in zip(self.halve, self.stages[1:], strict=True):
            x = stage(halve(x))
        x = self.norm(self.pool(x))  # (N, C, 1, 1)
        return self.head(x.flatten(1))


def _build(name: str, num_classes: int, in_channels: int, pretrained: bool) -> ConvNeXt:
    model = ConvNeXt(CONVNEXTS[name], num_classes, in_channels)
    return with_pretrained(model, name) if pretrained else model


def convnext_tiny(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> ConvNeXt:
    """Build the size of ResNet-50.

    28,589,128 parameters; 4,455,531,264 multiply-accumulates at 224×224 (Liu et al. 2022,
    arXiv:2201.03545).
    """
    return _build("convnext_tiny", num_classes, in_channels, pretrained)


def convnext_small(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> ConvNeXt:
    """Build three times as many blocks in the third stage.

    50,223,688 parameters; 8,683,712,256 multiply-accumulates at 224×224 (Liu et al. 2022,
    arXiv:2201.03545).
    """
    return _build("convnext_small", num_classes, in_channels, pretrained)


def convnext_base(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> ConvNeXt:
    """Build the small one a third wider.

    88,591,464 parameters; 15,354,729,472 multiply-accumulates at 224×224 (Liu et al. 2022,
    arXiv:2201.03545).
    """
    return _build("convnext_base", num_classes, in_channels, pretrained)


def convnext_large(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> ConvNeXt:
    """Build the small one twice as wide.

    197,767,336 parameters; 34,361,433,600 multiply-accumulates at 224×224 (Liu et al. 2022,
    arXiv:2201.03545).
    """
    return _build("convnext_large", num_classes, in_channels, pretrained)


def tiny(num_classes: int = 10, in_channels: int = 3) -> ConvNeXt:
    """Two stages of one block.

    16,346 parameters; 419,648 multiply-accumulates at 32×32.
    """
    return ConvNeXt(CONVNEXTS["tiny"], num_classes, in_channels)
