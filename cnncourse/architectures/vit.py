"""ViT: cut the image into patches, and let every patch look at every other.

Neither locality nor weight sharing over the image is built in but in the first layer: a patch is a
token, and a transformer reads the tokens. What stands where is learnt, a vector for each place.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cnncourse.architectures._inputs import check_arguments, check_input
from cnncourse.architectures.loading import with_pretrained
from cnncourse.layers.attention import SelfAttention
from cnncourse.shapes import check_int


class Row(NamedTuple):
    """One network."""

    patch_size: int
    blocks: int
    channels: int
    heads: int
    hidden: int  # channels inside of the dense part of a block


VITS = {
    # patch_size, blocks, channels, heads, hidden (arXiv:2010.11929, table 1)
    "vit_b_16": Row(16, 12, 768, 12, 3072),
    "vit_b_32": Row(32, 12, 768, 12, 3072),
    "vit_l_16": Row(16, 24, 1024, 16, 4096),
    "tiny": Row(4, 2, 32, 2, 64),  # tests and CPU demos
}

Norm = partial(nn.LayerNorm, eps=1e-6)


class Block(nn.Module):
    """Add to each token what it learns from the others, then what it makes of that by itself.

    Shape:
        x       (N, T, channels)
        return  the same
    """

    def __init__(self, row: Row) -> None:
        super().__init__()
        self.norm1 = Norm(row.channels)
        self.attention = SelfAttention(row.channels, row.heads)
        self.norm2 = Norm(row.channels)
        self.dense = nn.Sequential(
            OrderedDict(
                widen=nn.Linear(row.channels, row.hidden),
                gelu=nn.GELU(),
                narrow=nn.Linear(row.hidden, row.channels),
            )
        )
        for layer in (self.dense.widen, self.dense.narrow):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.normal_(layer.bias, std=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """Return the tokens after both steps."""
        x = x + self.attention(self.norm1(x))
        return x + self.dense(self.norm2(x))


class ViT(nn.Module):
    """Patches as tokens, a class token in front, blocks, and scores read from the class token.

    To embed a patch is a linear map of its pixels, the same for all patches: a convolution whose
    stride is its kernel size. The head starts at zero, so that a fresh network gives all classes
    the same score.

    Shape:
        x       (N, in_channels, image_size, image_size)
        return  (N, num_classes), the scores before softmax

    Raises:
        ValueError: the image has another size, or is no whole number of patches.
    """

    TORCHVISION_NAMES = (
        (r"^conv_proj\.", "embed."),
        (r"^encoder\.pos_embedding$", "positions"),
        (r"^encoder\.layers\.encoder_layer_(\d+)\.", r"blocks.\1."),
        (r"\.ln_(\d)\.", r".norm\1."),
        (r"\.self_attention\.in_proj_(weight|bias)", r".attention.qkv.\1"),
        (r"\.self_attention\.out_proj\.", ".attention.mix."),
        (r"\.mlp\.0\.", ".dense.widen."),
        (r"\.mlp\.3\.", ".dense.narrow."),
        (r"^encoder\.ln\.", "norm."),
        (r"^heads\.head\.", "head."),
    )

    def __init__(self, row: Row, image_size: int, num_classes: int, in_channels: int) -> None:
        check_arguments(num_classes, in_channels)
        check_int(image_size, "image_size", 1)
        if image_size % row.patch_size:
            raise ValueError(
                f"image_size must be divisible by the patch size {row.patch_size}, got {image_size}"
            )
        super().__init__()
        self.in_channels = in_channels
        self.image_size = image_size
        self.embed = nn.Conv2d(in_channels, row.channels, row.patch_size, stride=row.patch_size)
        tokens = (image_size // row.patch_size) ** 2 + 1
        self.class_token = nn.Parameter(torch.zeros(1, 1, row.channels))
        self.positions = nn.Parameter(torch.empty(1, tokens, row.channels).normal_(std=0.02))
        self.blocks = nn.Sequential(*(Block(row) for _ in range(row.blocks)))
        self.norm = Norm(row.channels)
        self.head = nn.Linear(row.channels, num_classes)
        nn.init.trunc_normal_(self.embed.weight, std=self.embed.weight[0].numel() ** -0.5)
        nn.init.zeros_(self.embed.bias)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores of every class."""
        check_input(x, self.in_channels, smallest=self.image_size)
        if x.shape[2:] != (self.image_size, self.image_size):
            raise ValueError(
                f"the images must be {self.image_size} × {self.image_size}, got {x.shape[2]} × "
                f"{x.shape[3]}: a vector is learnt for each place"
            )
        patches = self.embed(x).flatten(2).mT  # (N, T - 1, channels), row by row
        first = self.class_token.expand(len(x), -1, -1)
        tokens = torch.cat([first, patches], dim=1) + self.positions
        tokens = self.norm(self.blocks(tokens))  # (N, T, channels)
        return self.head(tokens[:, 0])


def _build(name: str, num_classes: int, in_channels: int, image_size: int, pretrained: bool) -> ViT:
    model = ViT(VITS[name], image_size, num_classes, in_channels)
    return with_pretrained(model, name) if pretrained else model


def vit_b_16(
    num_classes: int = 1000, in_channels: int = 3, image_size: int = 224, pretrained: bool = False
) -> ViT:
    """Build the base size with patches of 16×16: 197 tokens at 224×224.

    86,567,656 parameters; 17,563,828,224 multiply-accumulates at 224×224 (Dosovitskiy et al.
    2020, arXiv:2010.11929).
    """
    return _build("vit_b_16", num_classes, in_channels, image_size, pretrained)


def vit_b_32(
    num_classes: int = 1000, in_channels: int = 3, image_size: int = 224, pretrained: bool = False
) -> ViT:
    """Build the base size with patches of 32×32: 50 tokens at 224×224.

    88,224,232 parameters; 4,409,186,304 multiply-accumulates at 224×224 (Dosovitskiy et al.
    2020, arXiv:2010.11929).
    """
    return _build("vit_b_32", num_classes, in_channels, image_size, pretrained)


def vit_l_16(
    num_classes: int = 1000, in_channels: int = 3, image_size: int = 224, pretrained: bool = False
) -> ViT:
    """Build the large size with patches of 16×16: 197 tokens at 224×224.

    304,326,632 parameters; 61,554,712,576 multiply-accumulates at 224×224 (Dosovitskiy et al.
    2020, arXiv:2010.11929).
    """
    return _build("vit_l_16", num_classes, in_channels, image_size, pretrained)


def tiny(num_classes: int = 10, in_channels: int = 3, image_size: int = 32) -> ViT:
    """Two blocks of 32 channels, patches of 4×4.

    21,162 parameters; 1,704,384 multiply-accumulates at 32×32.
    """
    return ViT(VITS["tiny"], image_size, num_classes, in_channels)
