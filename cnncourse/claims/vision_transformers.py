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
    Claim,
    Computed,
    Stored,
)

NUMBER, TITLE = 16, "Vision transformers"
RUN = "2026-11-29"
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
        "cnn-on-small-data",
        says="A CNN when the training set is small to medium",
        said_by=(ARTICLES, NOTES),
        verdict=HOLDS_IF,
        when=(
            "On digits, at this size and with this recipe. With 60 tiles of texture, as with 600, "
            "a ViT was ahead of a ConvNeXt, though behind a ResNet. And whoever is built not to "
            "see the place cannot name it."
        ),
        decided_by=("fig-vision-transformers-sweep", "prop-vision-transformers-columns"),
        value=Stored("with 50 digits ResNet 62 %, ViT 37 %", RUN),
        quotes=("with 50 the ResNet had 62 %, the ViT 37 %",),
    ),
    Claim(
        "transformer-superior",
        says="Vision transformers are superior in themselves once data are plenty",
        said_by=(TEXTBOOKS, ARTICLES),
        verdict=OPEN,
        when=(
            "Such numbers of pictures are out of reach. At 1.3 million images and with later "
            "recipes a ViT-B and a ConvNeXt-B tie at 83.8 % {cite}`touvron2022deit,liu2022convnet`."
        ),
        decided_by=("vision-transformers-data",),
    ),
    Claim(
        "transformer-overtakes",
        says=(
            "Vision transformers overtake CNNs at about 300 million images; CNNs learn from "
            "thousands"
        ),
        said_by=(ARTICLES, PAPERS),
        verdict=HOLDS_IF,
        when=(
            "With the recipe of 2020 and the networks of that paper {cite}`dosovitskiy2021`. With "
            "a later one a ViT-B reaches on ImageNet's 1.3 million images alone the 83.8 % of a "
            "ConvNeXt-B {cite}`touvron2022deit,liu2022convnet`. Not repeated here: from 50 to "
            "4,000 digits a ViT came nearer to a ResNet of its size, in part thanks to more steps, "
            "and did not pass it. That CNNs learn from thousands holds on digits."
        ),
        decided_by=("fig-vision-transformers-sweep", "vision-transformers-data"),
        value=Stored(
            "ResNet and ViT: 61.8 and 37.5 % with 50 digits, 96.4 and 91.2 % with 4,000", RUN
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
            "here. Two stems are in the library: strided convolutions {cite}`xiao2021early`, and "
            "three stages of a ResNet-50 {cite}`dosovitskiy2021`. The first was raced at equal "
            "parameters: on digits it stood between the ViT and the other three with few, and "
            "beside ConvNeXt and Swin with 4,000; on textures, ahead of both and of the ViT."
        ),
        decided_by=("fig-vision-transformers-sweep",),
        value=Stored(
            "with 250 digits ResNet 89 %, hybrid 76 %, ViT 66 %; with 4,000 digits 96, 94 and 91 %",
            RUN,
        ),
        quotes=("The hybrid has 76 %, the ViT 66 %",),
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
            ("{0:.1f} % of the linear part in ViT-B/16 at 224 pixels, equal at {1:,} pixels"),
        ),
        quotes=("it is half of all at {1:,} pixels and more beyond",),
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
        quotes=("to an error that falls like $e^{-\\alpha}$; the border is replicated",),
    ),
)
