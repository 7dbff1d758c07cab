"""Claims on vision transformers: what can be counted, and what waits for its chapter."""

from __future__ import annotations

import torch
from torch import nn

from cnncourse.analysis.counting import count_macs
from cnncourse.architectures import vit
from cnncourse.claims.claim import (
    ARTICLES,
    FAILS,
    HOLDS_IF,
    NOTES,
    OPEN,
    PAPERS,
    TEXTBOOKS,
    Cited,
    Claim,
    Computed,
)

NUMBER, TITLE = 16, "Vision transformers"
TOKENS, WIDTH = 197, 768  # of ViT-B/16 at 224 × 224


def dense_share() -> tuple[float, float]:
    """Return the share of ViT-B/16's block work in its dense layers, and all of its work."""
    with torch.device("meta"):
        net = vit.vit_b_16()
    block = net.blocks[0]
    shapes = (1, TOKENS, WIDTH)
    dense, whole = count_macs(block.dense, shapes), count_macs(block, shapes)
    return 100 * dense / whole, count_macs(net, (1, 3, 224, 224)) / 1e9


def first_layer() -> tuple[int, int]:
    """Return kernel size and stride of the convolution with which ViT-B/16 begins."""
    with torch.device("meta"):
        embed = vit.vit_b_16().embed
    assert isinstance(embed, nn.Conv2d)
    return embed.kernel_size[0], embed.stride[0]


def quadratic_share() -> tuple[float, int]:
    """Return the quadratic over the linear work of a block, and the side where they are equal.

    The quadratic part is the two products of attention; the linear part is projections and dense
    layers together. They are equal at six tokens for each channel.
    """
    quadratic, linear = 2 * TOKENS**2 * WIDTH, 12 * TOKENS * WIDTH**2
    return 100 * quadratic / linear, round(16 * (6 * WIDTH) ** 0.5)


CLAIMS = (
    Claim(
        "transformer-overtakes",
        says=(
            "Vision transformers overtake CNNs at about 300 million images; CNNs learn from "
            "thousands"
        ),
        said_by=(ARTICLES, PAPERS),
        verdict=OPEN,
        when=(
            "A result of one paper with the recipes of its year; such numbers of images are "
            "out of reach here."
        ),
        value=Cited(
            "larger transformers led after training on 300 million images", "dosovitskiy2021"
        ),
    ),
    Claim(
        "hybrids-in-use",
        says="Real systems mix convolutional stems with transformer trunks",
        said_by=(ARTICLES,),
        verdict=OPEN,
        when=(
            "The library has such networks; what the stem brings at equal parameters is not "
            "decided yet."
        ),
    ),
    Claim(
        "pure-attention",
        says="A vision transformer is pure attention",
        said_by=(ARTICLES,),
        verdict=FAILS,
        when=(
            "Most of the work of its blocks is done by dense layers at each place, which "
            "are 1×1 convolutions."
        ),
        decided_by=("prop-vision-transformers-cost",),
        value=Computed(
            dense_share,
            (
                "{0:.0f} % of the work of a block of ViT-B/16, of {1:.2f} billion "
                "multiply-accumulates in all"
            ),
        ),
    ),
    Claim(
        "no-locality",
        says="A vision transformer has no notion of locality",
        said_by=(ARTICLES, TEXTBOOKS),
        verdict=FAILS,
        when=(
            "Its first layer is local and shared. What follows has more symmetry than a "
            "convolution, and learns places from their embedding."
        ),
        decided_by=("prop-vision-transformers-patches", "thm-vision-transformers-permutations"),
        value=Computed(first_layer, "ViT-B/16 begins with a convolution of {0}×{0} at stride {1}"),
    ),
    Claim(
        "attention-quadratic",
        says="The cost of attention is quadratic in the number of places",
        said_by=(ARTICLES, NOTES),
        verdict=HOLDS_IF,
        when=(
            "If the map is large enough. At 224 pixels the quadratic part is small; it "
            "equals everything else at six tokens for each channel."
        ),
        decided_by=("prop-vision-transformers-cost", "prop-counting-attention"),
        value=Computed(
            quadratic_share,
            ("{0:.1f} % of the linear part in ViT-B/16 at 224 pixels, equal from {1:,} pixels on"),
        ),
    ),
    Claim(
        "attention-expresses-convolution",
        says="Attention can express any convolution",
        said_by=(PAPERS,),
        verdict=OPEN,
        when="Not decided yet: it depends on heads, widths, positions and the border.",
        decided_by=("thm-vision-transformers-convolution",),
    ),
)
