"""Claims that chapter 10 decides: what cheap layers cost, in products, in time and in accuracy."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from cnncourse import results
from cnncourse.analysis.counting import count_macs
from cnncourse.analysis.parameters import count_parameters
from cnncourse.architectures import convnext, efficientnet, mobilenet, resnet, vit
from cnncourse.claims.claim import (
    ARTICLES,
    FAILS,
    HOLDS_IF,
    NOTES,
    OPEN,
    PAPERS,
    Claim,
    Computed,
    Stored,
)
from cnncourse.layers.attention import SelfAttention

NUMBER, TITLE = 10, "Efficient convolutions"
RUN = "2026-11-28"


def on_meta(build: Callable[[], nn.Module]) -> nn.Module:
    """Return a network without memory for its weights."""
    with torch.device("meta"):
        return build()


def mobilenet_counts() -> tuple[float, float]:
    """Return the parameters of MobileNet v1 and v2, in millions."""
    nets = (on_meta(mobilenet.mobilenet_v1), on_meta(mobilenet.mobilenet_v2))
    return tuple(count_parameters(net).total / 1e6 for net in nets)


def scaling_steps() -> tuple[float, float]:
    """Return the factor of one step of compound scaling, and what B7 costs in units of B0."""
    b0 = count_macs(on_meta(efficientnet.efficientnet_b0), (1, 3, 224, 224))
    b7 = count_macs(on_meta(efficientnet.efficientnet_b7), (1, 3, 600, 600))
    return 1.2 * 1.1**2 * 1.15**2, b7 / b0


def widths_five_to_ten() -> tuple[int, int, int, int]:
    """Return the widths at which attention costs 5 to 10 times a separable 3 × 3 layer.

    The first and last width on 14 × 14 places, then on 7 × 7.
    """

    def between(places: int) -> list[int]:
        return [d for d in range(1, 2000) if 5 <= (4 * d + 2 * places) / (d + 9) <= 10]

    large, small = between(14 * 14), between(7 * 7)
    return large[0], large[-1], small[0], small[-1]


def seen_through_groups() -> tuple[int, int]:
    """Return the inputs on which one of 16 channels depends, in four groups, and with a shuffle.

    Ten grouped layers in a row without a shuffle, and two with one between.
    """

    def grouped() -> nn.Module:
        return nn.Conv2d(16, 16, 1, groups=4, bias=False)

    seen = []
    for layers in ([grouped() for _ in range(10)], [grouped(), nn.ChannelShuffle(4), grouped()]):
        net = nn.Sequential(*layers)
        for weight in net.parameters():
            nn.init.ones_(weight)
        seen.append(int((net(torch.eye(16)[:, :, None, None])[:, 0] > 0).sum()))
    return seen[0], seen[1]


def products_and_times() -> tuple[float, float]:
    """Return ResNet-50 over EfficientNet-B0: products, and the time of a picture on one thread.

    The time is that which ``experiments/latency.py`` found.
    """
    times = {
        row["model"]: row["latency"]
        for row in results.load("latency").rows
        if (row["mode"], row["threads"], row["size"]) == ("eager", 1, 224)
    }
    nets = map(on_meta, (resnet.resnet50, efficientnet.efficientnet_b0))
    macs = [count_macs(net, (1, 3, 224, 224)) for net in nets]
    slower = times["resnet.resnet50"] / times["efficientnet.efficientnet_b0"]
    return macs[0] / macs[1], slower


def attention_layers() -> tuple[int, int, int]:
    """Return how many attention layers ConvNeXt-T, EfficientNet-B0 and ViT-B/16 have."""
    nets = map(on_meta, (convnext.convnext_tiny, efficientnet.efficientnet_b0, vit.vit_b_16))
    kinds = (SelfAttention, nn.MultiheadAttention)
    return tuple(sum(isinstance(m, kinds) for m in net.modules()) for net in nets)


CLAIMS = (
    Claim(
        "mobilenet-count",
        says="MobileNet (2017) has 3.4 million parameters",
        said_by=(ARTICLES,),
        verdict=FAILS,
        when="That is the second version, of 2018, by its paper's count.",
        decided_by=("prop-efficient-inverted",),
        value=Computed(mobilenet_counts, "{0:.1f} million; version 2 has {1:.1f}"),
        quotes=("does not hold: {0:.1f} million; version 2 (2018) has {1:.1f}",),
    ),
    Claim(
        "compound-scaling",
        says="Compound scaling multiplies the cost by a fixed factor",
        said_by=(ARTICLES, PAPERS),
        verdict=HOLDS_IF,
        when=(
            "As a rule of thumb. Layers, channels and pixels come in whole numbers; a "
            "single small step can be off by a third, seven steps are not."
        ),
        decided_by=("prop-efficient-scaling",),
        value=Computed(scaling_steps, "{0:.4f} a step; B7 costs {1:.1f} times B0"),
        quotes=("{0:.4f}", "B7 costs {1:.1f} times B0"),
    ),
    Claim(
        "separable-against-attention",
        says=(
            "A depthwise separable convolution is 5 to 10 times cheaper than attention at "
            "low resolution"
        ),
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "At 14×14 and in a range of widths; at 7×7 only for narrow maps. More than four "
            "times holds at any width from 19 places on. Counted in multiply-accumulates, "
            "projections included."
        ),
        decided_by=("prop-efficient-attention",),
        value=Computed(
            widths_five_to_ten, "at 14×14 from width {0} to {1}, at 7×7 from {2} to {3}"
        ),
        quotes=(
            (
                r"holds at $14\times14$ and widths {0} to {1}; at $7\times7$ up to width {3} "
                "only"
            ),
            "7x7: from 5 to 10 at widths {2} to {3}",
        ),
        beside=("attention-quadratic",),
    ),
    Claim(
        "convnext-hybrid",
        says="ConvNeXt and EfficientNet are hybrids of convolution and attention",
        said_by=(ARTICLES,),
        verdict=FAILS,
        when=(
            "Both are made of convolutions. The gates of EfficientNet are called attention "
            "in places, and no place attends to another."
        ),
        decided_by=("efficient-convolutions-gate", "prop-efficient-squeeze"),
        value=Computed(
            attention_layers,
            "attention layers: {0} in ConvNeXt-T, {1} in EfficientNet-B0, {2} in ViT-B/16",
        ),
        quotes=(
            (
                "No place attends to another: EfficientNet is no hybrid of convolution and "
                "attention."
            ),
        ),
    ),
    Claim(
        "groups-are-faster",
        says="g groups make a convolution g times faster",
        said_by=(ARTICLES, NOTES),
        verdict=HOLDS_IF,
        when=(
            "For few groups. Towards many the pace collapses: the library's routine for the "
            "shape decides."
        ),
        decided_by=("fig-efficient-groups",),
        value=Stored(
            (
                "256 channels on 28×28 places: 3.9 times as fast with 4 groups, 13 times with 16, "
                "9 times with 128"
            ),
            RUN,
        ),
        quotes=(
            "1 462.4 7.98",
            "4 115.6 2.07",
            "16 28.9 0.60",
            "128 3.6 0.87",
            ("Few groups are about as good as promised. Towards many groups the pace collapses"),
        ),
    ),
    Claim(
        "ten-times-fewer-products",
        says="EfficientNet-B0 is ten times cheaper than ResNet-50",
        said_by=(PAPERS, ARTICLES),
        verdict=HOLDS_IF,
        when=(
            "In multiply-accumulates. In time less than half of that arrives on one core: norms "
            "and activations follow the values in the maps, and depthwise layers run at a "
            "lower pace."
        ),
        decided_by=("fig-efficient-kinds", "fig-efficient-zoo"),
        value=Computed(
            products_and_times,
            "{0:.1f} times fewer multiply-accumulates, and {1:.1f} times faster in a stored run",
        ),
        quotes=(
            "{0:.1f} times fewer multiply-accumulates",
            "A factor of four to five is left.",
        ),
    ),
    Claim(
        "relu-destroys",
        says=(
            "Inverted residuals leave out the last ReLU because a ReLU destroys information "
            "where channels are few"
        ),
        said_by=(PAPERS, NOTES),
        verdict=OPEN,
        when=(
            "In a random model it does, and there the ratio of widths counts. In training a "
            "ReLU at the narrow end costs accuracy, but a leaky one, which destroys "
            "nothing, costs nearly as much."
        ),
        decided_by=("prop-efficient-relu", "fig-efficient-relu"),
        value=Stored("at width 4 a ReLU costs 0.096 of accuracy, a leaky one 0.071", RUN),
        quotes=(
            "width 4: ReLU() at the narrow end costs 0.096",
            "width 4: LeakyReLU(negative_slope=0.1) at the narrow end costs 0.071",
        ),
    ),
    Claim(
        "separable-no-loss",
        says="Separable convolutions are as accurate as dense ones",
        said_by=(ARTICLES,),
        verdict=FAILS,
        when=(
            "Not at equal width. A dense layer is separable without loss exactly if certain "
            "matrices have rank one, and trained ones do not. At equal products the two lie "
            "within a few hundredths, on a small task."
        ),
        decided_by=("thm-efficient-separable", "fig-efficient-accuracy", "fig-efficient-rank"),
        value=Stored(
            (
                "width 16: dense 0.970 ± 0.006, separable 0.903 ± 0.027, without the ReLU "
                "between its halves 0.941 ± 0.008"
            ),
            RUN,
        ),
        quotes=(
            "0.970 ± 0.006",
            "0.903 ± 0.027",
            "0.941 ± 0.008",
            (
                "At *equal width* the separable network takes a sixth of the "
                "multiply-accumulates and is less accurate."
            ),
        ),
    ),
    Claim(
        "groups-mix",
        says="Grouped convolutions in a row still mix all channels",
        said_by=(ARTICLES,),
        verdict=FAILS,
        when=(
            "Groups never meet, however deep the network. One shuffle mixes all of them if "
            "there are at least g² channels."
        ),
        decided_by=("prop-efficient-blocks", "prop-efficient-shuffle", "fig-efficient-shuffle"),
        value=Computed(
            seen_through_groups,
            "of 16 channels in four groups {0} inputs are seen without a shuffle, {1} with one",
        ),
        quotes=("C = 16, g = 4: {0} inputs without a shuffle, {1} with one",),
    ),
)
