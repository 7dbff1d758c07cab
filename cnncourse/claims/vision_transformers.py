"""Claims on vision transformers."""

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
    Stored,
)

NUMBER, TITLE = 16, "Vision transformers"
RUN = "2026-11-28"
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
            "out of reach here. From 50 to 4,000 digits a transformer came nearer to a residual "
            "network of its size and did not pass it."
        ),
        decided_by=("fig-vision-transformers-sweep", "vision-transformers-data"),
        value=Cited(
            "larger transformers led after training on 300 million images", "dosovitskiy2021"
        ),
        quotes=("from 24 points behind a ResNet at 50 digits to five at 4,000",),
    ),
    Claim(
        "hybrids-in-use",
        says="Real systems mix convolutional stems with transformer trunks",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "If published networks count as real systems; what products contain cannot be seen "
            "here. At equal parameters a hybrid stood between the transformer and the "
            "convolutional networks with few digits, and beside two of them with 4,000."
        ),
        decided_by=("fig-vision-transformers-sweep",),
        value=Stored(
            "with 250 digits ResNet 85 %, hybrid 74 %, ViT 66 %; with 4,000 digits 96, 94 and 91 %",
            RUN,
        ),
        quotes=("The hybrid has 74 %, the ViT 66 %",),
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
        quotes=("Nearly two thirds of a block's work is its dense part",),
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
        quotes=("Its patches are local and share their weights",),
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
        quotes=("it is half of all from {1:,} pixels on",),
    ),
    Claim(
        "attention-expresses-convolution",
        says="Attention can express any convolution",
        said_by=(PAPERS,),
        verdict=HOLDS_IF,
        when=(
            "If there are places, and k² heads that are wide enough; then up to an error that "
            "falls exponentially, and with the border replicated."
        ),
        decided_by=("thm-vision-transformers-convolution", "fig-vision-transformers-rate"),
        quotes=("to an error of about $e^{-\\alpha}$; the border is replicated",),
    ),
)
