"""Hybrids: convolutions first, then a ViT that reads their map as tokens.

The first layers look at small neighbourhoods and share their weights; attention starts where the
map is coarse. Two such stems: a few strided convolutions, and three stages of a ResNet.
"""

from __future__ import annotations

from collections import OrderedDict
from math import prod
from typing import NamedTuple

from torch import nn

from cnncourse.architectures import vit
from cnncourse.architectures.resnet import RESNETS, ResNet
from cnncourse.architectures.vit import ViT


class ConvStem(NamedTuple):
    """3×3 convolutions, each with a norm and a ReLU; a 1×1 to the ViT's channels ends them."""

    channels: tuple[int, ...]
    strides: tuple[int, ...]


CONV_STEMS = {
    # channels, strides (arXiv:2106.14881, appendix)
    "vit_c_1gf": ConvStem((24, 48, 96, 192), (2, 2, 2, 2)),
    "vit_c_4gf": ConvStem((48, 96, 192, 384), (2, 2, 2, 2)),
    "vit_c_18gf": ConvStem((64, 128, 128, 256, 256, 512), (2, 2, 1, 2, 1, 2)),
    "tiny": ConvStem((16, 32), (2, 2)),  # tests and CPU demos
}

VITS = {
    # patch_size, blocks, channels, heads, hidden: of the ViT behind the stem. One block fewer than
    # with patches, which cost about as much as the stem (arXiv:2106.14881, section 4)
    "vit_c_1gf": vit.Row(16, 11, 192, 3, 576),
    "vit_c_4gf": vit.Row(16, 11, 384, 6, 1152),
    "vit_c_18gf": vit.Row(16, 11, 768, 12, 3072),
    "resnet50_vit_b_16": vit.Row(16, 12, 768, 12, 3072),  # arXiv:2010.11929, section 4.1
    "tiny": vit.Row(4, 1, 32, 2, 128),  # tests and CPU demos
}


class ConvStemViT(ViT):
    """A ViT whose tokens come from a small stack of strided convolutions.

    Shape:
        x       (N, in_channels, image_size, image_size)
        return  (N, num_classes), the scores before softmax

    Raises:
        ValueError: the image has another size, or is no multiple of the stem's stride.
    """

    TORCHVISION_NAMES = (
        (r"^conv_proj\.conv_bn_relu_(\d)\.0\.", r"embed.\1.conv."),
        (r"^conv_proj\.conv_bn_relu_(\d)\.1\.", r"embed.\1.norm."),
        (r"^conv_proj\.conv_last\.", "embed.mix."),
        *ViT.TORCHVISION_NAMES[1:],
    )

    def __init__(
        self, stem: ConvStem, row: vit.Row, image_size: int, num_classes: int, in_channels: int
    ) -> None:
        super().__init__(row, image_size, num_classes, in_channels)
        assert prod(stem.strides) == row.patch_size
        self.embed = nn.Sequential()
        channels = in_channels
        for index, (out_channels, stride) in enumerate(zip(*stem, strict=True)):
            layers = OrderedDict(
                conv=nn.Conv2d(channels, out_channels, 3, stride, padding=1, bias=False),
                norm=nn.BatchNorm2d(out_channels),
                relu=nn.ReLU(inplace=True),
            )
            self.embed.add_module(str(index), nn.Sequential(layers))
            channels = out_channels
        self.embed.add_module("mix", nn.Conv2d(channels, row.channels, 1))
        nn.init.normal_(self.embed.mix.weight, std=(2 / row.channels) ** 0.5)
        nn.init.zeros_(self.embed.mix.bias)


class ResNetViT(ViT):
    """A ViT whose tokens are the positions of a ResNet's map, after three stages and a 1×1.

    The fourth stage is left out, and the third has its blocks, too: 9 instead of 6. A departure
    from the paper: batch norm, as in `ResNet`, where the paper has group norm and standardised
    weights.

    Shape:
        x       (N, in_channels, image_size, image_size)
        return  (N, num_classes), the scores before softmax

    Raises:
        ValueError: the image has another size, or is no multiple of 16.
    """

    def __init__(self, row: vit.Row, image_size: int, num_classes: int, in_channels: int) -> None:
        super().__init__(row, image_size, num_classes, in_channels)
        trunk = ResNet(RESNETS["resnet50"]._replace(blocks=(3, 4, 9)), num_classes, in_channels)
        self.embed = nn.Sequential(
            OrderedDict(
                stem=trunk.stem,
                stages=trunk.stages,  # (N, 1024, image_size/16, image_size/16)
                mix=nn.Conv2d(trunk.head.in_features, row.channels, 1),
            )
        )
        nn.init.trunc_normal_(self.embed.mix.weight, std=trunk.head.in_features**-0.5)
        nn.init.zeros_(self.embed.mix.bias)


def _conv_stem_vit(name: str, num_classes: int, in_channels: int, image_size: int) -> ConvStemViT:
    return ConvStemViT(CONV_STEMS[name], VITS[name], image_size, num_classes, in_channels)


def vit_c_1gf(num_classes: int = 1000, in_channels: int = 3, image_size: int = 224) -> ConvStemViT:
    """Build four convolutions, then 11 blocks of 192 channels.

    4,567,936 parameters; 1,075,860,096 multiply-accumulates at 224×224 (Xiao et al. 2021,
    arXiv:2106.14881).
    """
    return _conv_stem_vit("vit_c_1gf", num_classes, in_channels, image_size)


def vit_c_4gf(num_classes: int = 1000, in_channels: int = 3, image_size: int = 224) -> ConvStemViT:
    """Build four convolutions, then 11 blocks of 384 channels.

    17,754,136 parameters; 3,958,940,928 multiply-accumulates at 224×224 (Xiao et al. 2021,
    arXiv:2106.14881).
    """
    return _conv_stem_vit("vit_c_4gf", num_classes, in_channels, image_size)


def vit_c_18gf(num_classes: int = 1000, in_channels: int = 3, image_size: int = 224) -> ConvStemViT:
    """Build six convolutions, then 11 blocks of 768 channels, as wide as ViT-B.

    81,573,160 parameters; 17,711,491,584 multiply-accumulates at 224×224 (Xiao et al. 2021,
    arXiv:2106.14881).
    """
    return _conv_stem_vit("vit_c_18gf", num_classes, in_channels, image_size)


def resnet50_vit_b_16(
    num_classes: int = 1000, in_channels: int = 3, image_size: int = 224
) -> ResNetViT:
    """Build three stages of a ResNet-50, then the blocks of ViT-B: "R50+ViT-B/16".

    98,659,112 parameters; 21,535,358,976 multiply-accumulates at 224×224 (Dosovitskiy et al.
    2020, arXiv:2010.11929, section 4.1).
    """
    return ResNetViT(VITS["resnet50_vit_b_16"], image_size, num_classes, in_channels)


def tiny(num_classes: int = 10, in_channels: int = 3, image_size: int = 32) -> ConvStemViT:
    """Two convolutions, then one block of 32 channels; a token for 4×4 pixels.

    21,402 parameters; 1,540,480 multiply-accumulates at 32×32.
    """
    return _conv_stem_vit("tiny", num_classes, in_channels, image_size)
