"""Claims that chapter 1 decides: what a dense layer costs, and what sharing and locality buy."""

from __future__ import annotations

import torch
from torch import nn

from cnncourse.analysis.parameters import count_parameters
from cnncourse.claims.claim import (
    ARTICLES,
    FAILS,
    HOLDS,
    HOLDS_IF,
    NOTES,
    TEXTBOOKS,
    Claim,
    Computed,
    Stored,
)

NUMBER, TITLE = 1, "Why convolution?"
RUN = "2026-11-28"


def dense_weights(pixels: int, units: int) -> int:
    """Return the weights of a dense layer, biases apart."""
    with torch.device("meta"):
        return count_parameters(nn.Linear(pixels, units, bias=False)).total


def unit_on_colour() -> tuple[int]:
    """Return the weights of one unit over 224 × 224 colour pixels."""
    return (dense_weights(3 * 224**2, 1),)


def thousand_units() -> tuple[int, int]:
    """Return the weights of 1,000 such units, and with their biases."""
    weights = dense_weights(3 * 224**2, 1000)
    return weights, weights + 1000


def thousand_units_on_grey() -> tuple[int, int]:
    """Return the weights of 1,000 units over 256 × 256 pixels, grey and in colour."""
    return dense_weights(256**2, 1000), dense_weights(3 * 256**2, 1000)


def doubled_side() -> tuple[int, int, float]:
    """Return the weights of 1,000 units at 256 and at 512 pixels, and their ratio."""
    small, large = dense_weights(256**2, 1000), dense_weights(512**2, 1000)
    return small, large, large / small


def shared_against_dense() -> tuple[int, int]:
    """Return the weights of a 3 × 3 convolution on 64 channels, and of the dense layer."""
    with torch.device("meta"):
        convolution = count_parameters(nn.Conv2d(64, 64, 3, bias=False)).total
    return convolution, dense_weights(64 * 56**2, 64 * 56**2)


def sixteen_filters() -> tuple[int, int, float]:
    """Return the parameters of 16 filters of 5 × 5, of 16 dense units, and their ratio."""
    with torch.device("meta"):
        filters = count_parameters(nn.Conv2d(3, 16, 5)).total
        units = count_parameters(nn.Linear(3 * 32**2, 16)).total
    return filters, units, units / filters


CLAIMS = (
    Claim(
        "dense-unit",
        says="A dense unit over a 224×224 colour image needs about 150,000 weights",
        said_by=(ARTICLES,),
        verdict=HOLDS,
        when="Without the bias.",
        decided_by=("prop-why-counts", "prop-counting-dense"),
        value=Computed(unit_on_colour, "{0:,} weights"),
        quotes=("one unit on a 224x224 colour image {0:,}",),
    ),
    Claim(
        "thousand-dense-units",
        says="A thousand such units need 150 million parameters",
        said_by=(ARTICLES,),
        verdict=HOLDS,
        when="With or without the thousand biases.",
        decided_by=("prop-why-counts", "prop-counting-dense"),
        value=Computed(thousand_units, "{0:,} weights, {1:,} parameters with the biases"),
        quotes=("1,000 such units {0:,}",),
    ),
    Claim(
        "dense-layer-on-grey",
        says=(
            "A 256×256 grey image into 1,000 units takes 65 million weights, and colour triples it"
        ),
        said_by=(ARTICLES,),
        verdict=HOLDS,
        when="Biases apart.",
        decided_by=("prop-why-counts", "prop-counting-dense"),
        value=Computed(thousand_units_on_grey, "{0:,} weights, in colour {1:,}"),
        quotes=("1,000 units on a 256x256 grey image {0:,}", "the same in colour {1:,}"),
    ),
    Claim(
        "dense-grows-quadratically",
        says="The weights of a dense layer grow quadratically with the resolution",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "Quadratic in the length of a side, with the number of units fixed. If the "
            "output is an image of the same size, the growth is quartic."
        ),
        decided_by=("prop-why-counts",),
        value=Computed(
            doubled_side, "{0:,} weights at 256 pixels, {1:,} at 512: {2:.0f} times as many"
        ),
        quotes=(
            "1,000 units on a 256x256 grey image {0:,}",
            "1,000 units on a 512x512 grey image {1:,}",
            "the growth is quadratic in the side length",
        ),
    ),
    Claim(
        "convolution-against-dense",
        says=(
            "A 3×3 convolution from 64 to 64 channels has 36,000 weights, against about 3 "
            "million of a dense layer on the 56×56 map"
        ),
        said_by=(ARTICLES,),
        verdict=FAILS,
        when=(
            "The 36,864 hold. The dense layer between the same two maps has forty billion "
            "weights, and not three million."
        ),
        decided_by=("prop-why-counts", "fig-why-counts"),
        value=Computed(shared_against_dense, "{0:,} against {1:,} weights"),
        quotes=(
            "56x56x64 map to 56x56x64 map {1:,}",
            "local and shared {0:,}",
            "has 40 *billion* weights. (Some introductions put it at three million.)",
        ),
    ),
    Claim(
        "sixteen-filters",
        says=(
            "On 32×32 colour pixels, 16 filters of 5×5 take 1,216 parameters and a dense "
            "layer to 16 outputs 49,168, forty times more"
        ),
        said_by=(ARTICLES,),
        verdict=HOLDS,
        when=(
            "With biases. The two do not do the same: the dense layer gives 16 numbers, the "
            "convolution 16 maps."
        ),
        decided_by=("prop-why-counts",),
        value=Computed(sixteen_filters, "{0:,} against {1:,} parameters, a factor of {2:.1f}"),
        quotes=("parameters: convolution {0:,}, dense {1:,}, ratio {2:.1f}",),
    ),
    Claim(
        "neighbours-suffice",
        says="What matters for a pixel stands nearby",
        said_by=(TEXTBOOKS, ARTICLES),
        verdict=HOLDS_IF,
        when=(
            "Distant pixels do resemble one another; they add nothing once the eight "
            "neighbours are known. Measured on two photographs."
        ),
        decided_by=("def-why-locality",),
        value=Stored(
            (
                "variance of a pixel left unexplained by one 16 places away 28.1 % and 37.6 %, "
                "by the eight neighbours 4.6 % and 0.9 %, by both the same"
            ),
            RUN,
        ),
        quotes=(
            "the pixel 16 places away 28.1% 37.6%",
            "the 8 neighbours 4.6% 0.9%",
            "the 8 neighbours and that pixel 4.6% 0.9%",
        ),
    ),
    Claim(
        "fewer-examples",
        says="A convolutional network needs fewer examples than a dense one",
        said_by=(TEXTBOOKS, ARTICLES),
        verdict=HOLDS_IF,
        when=(
            "If the data vary in the way that sharing speaks of: with digits at random "
            "places. With centred digits there was neither a gain nor a loss."
        ),
        decided_by=("fig-why-size",),
        value=Stored(
            (
                "digits at random places: 0.87 ± 0.01 from 100 images, against 0.69 ± 0.01 of "
                "the better dense network from 1,347; in the centre the two are equal"
            ),
            RUN,
        ),
        quotes=("100 images teach the CNN more than all 1,347 teach an MLP",),
        beside=("cnn-on-small-data",),
    ),
    Claim(
        "dense-ignores-space",
        says="A dense network ignores how pixels lie to one another",
        said_by=(ARTICLES, NOTES),
        verdict=HOLDS,
        when=(
            "Exactly: trained on shuffled pixels it has the same distribution of results, "
            "if its first weights are drawn independently from one distribution."
        ),
        decided_by=("prop-why-shuffle", "fig-why-shuffle"),
        value=Stored(
            (
                "test accuracy 0.56 ± 0.01 in order and 0.54 ± 0.02 shuffled; of a CNN 0.97 ± "
                "0.01 and 0.15 ± 0.01"
            ),
            RUN,
        ),
        quotes=(
            "MLP in order 0.56 ± 0.01",
            "MLP shuffled 0.54 ± 0.02",
            "CNN in order 0.97 ± 0.01",
            "CNN shuffled 0.15 ± 0.01",
        ),
        beside=("data-without-structure",),
    ),
    Claim(
        "data-without-structure",
        says="A CNN is the wrong choice for data without spatial structure",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "If neighbours are not alike, as among shuffled pixels: there its advantage turned "
            "into a handicap. Other data were not tried."
        ),
        decided_by=("fig-why-shuffle",),
        value=Stored(
            "test accuracy on shuffled digits 0.15 ± 0.01, a dense network 0.54 ± 0.02", RUN
        ),
        quotes=("the advantage has turned into a handicap",),
    ),
)
