"""Claims that chapter 3 decides: parameters, work, memory, and what they say about time."""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cnncourse import results
from cnncourse.analysis.counting import count_macs
from cnncourse.analysis.parameters import count_parameters
from cnncourse.architectures import mobilenet, resnet, vgg
from cnncourse.claims.claim import (
    ARTICLES,
    FAILS,
    HOLDS,
    HOLDS_IF,
    NOTES,
    PAPERS,
    READERS,
    Claim,
    Computed,
    Stored,
)

NUMBER, TITLE = 3, "Counting"
RUN = "2026-11-28"


def parameters_of(*layers: nn.Module) -> int:
    """Return the parameters of a few layers."""
    return count_parameters(nn.Sequential(*layers)).total


def filters_on_colour() -> tuple[int, int]:
    """Return weights and parameters of 64 filters of 3 × 3 on three channels."""
    return parameters_of(nn.Conv2d(3, 64, 3, bias=False)), parameters_of(nn.Conv2d(3, 64, 3))


def filters_on_maps() -> tuple[int, int]:
    """Return weights and parameters of a 3 × 3 convolution from 64 to 128 channels."""
    return parameters_of(nn.Conv2d(64, 128, 3, bias=False)), parameters_of(nn.Conv2d(64, 128, 3))


def split_in_two() -> tuple[int, int, int, float, float]:
    """Return parameters of a dense and of a separable layer, two ways, and both ratios."""
    dense = parameters_of(nn.Conv2d(128, 256, 3, bias=False))
    mixing = nn.Conv2d(128, 256, 1, bias=False)
    split, quoted = (
        parameters_of(nn.Conv2d(128, 128, 3, groups=128, bias=bias), mixing)
        for bias in (False, True)
    )
    return dense, split, quoted, dense / split, dense / quoted


def least_width_for_eight() -> tuple[int]:
    """Return from how many output channels on a 3 × 3 layer costs eight times its split."""
    return (next(D for D in range(1, 1000) if 9 * D >= 8 * (9 + D)),)


def resnet50_work() -> tuple[int, int, int]:
    """Return ResNet-50's multiply-accumulates at 224 × 224, as FLOPs, and in the paper's form.

    The paper strides in the first 1 × 1 of a block, and today's form in the 3 × 3.
    """
    with torch.device("meta"):
        net = resnet.resnet50()
    today = count_macs(net, (1, 3, 224, 224))
    for stage in net.stages[1:]:
        first = stage[0].residual
        first.conv1.stride, first.conv2.stride = first.conv2.stride, first.conv1.stride
    return today, 2 * today, count_macs(net, (1, 3, 224, 224))


def step_of_mobilenet() -> tuple[float, float]:
    """Return a training step of MobileNet-v2 in forward passes, by PyTorch's counter and in truth.

    In truth it is three, less one of the first layer.
    """
    shape = (1, 3, 224, 224)
    with torch.device("meta"):
        net = mobilenet.mobilenet_v2().eval()
    forward = count_macs(net, shape)
    first = next(layer for layer in net.modules() if isinstance(layer, nn.Conv2d))
    with FlopCounterMode(display=False) as counter:
        net(torch.empty(shape, device="meta")).sum().backward()
    return counter.get_total_flops() / 2 / forward, 3 - count_macs(first, shape) / forward


def first_dense_layer() -> tuple[float]:
    """Return the percentage of VGG-16's parameters in its first dense layer."""
    with torch.device("meta"):
        net = vgg.vgg16()
    total = count_parameters(net).total
    return (100 * max(weight.numel() for weight in net.parameters()) / total,)


def timed(networks: dict[str, str]) -> Stored:
    """Return products and time of a picture, on one thread, as ``experiments/latency.py`` found."""
    stored = results.load("latency")
    rows = {
        row["model"]: row
        for row in stored.rows
        if (row["mode"], row["threads"], row["size"]) == ("eager", 1, 224)
    }
    said = []
    for name, model in networks.items():
        row = rows[model]
        said.append(f"{name} {row['macs'] / 1e6:,.0f} million in {row['latency']:.0f} ms")
    return Stored(f"multiply-accumulates of one picture: {', '.join(said)}", stored.date)


CLAIMS = (
    Claim(
        "filters-on-colour",
        says="A 3×3 convolution with 64 filters on three channels has 1,728 weights",
        said_by=(ARTICLES,),
        verdict=HOLDS,
        when="Without biases.",
        decided_by=("thm-counting-convolution",),
        value=Computed(filters_on_colour, "{0:,} weights, {1:,} parameters with biases"),
        quotes=("3x3, 3 to 64 channels {0:,} {1:,}",),
    ),
    Claim(
        "filters-on-maps",
        says="A 3×3 convolution from 64 to 128 channels with biases has 73,856 parameters",
        said_by=(NOTES,),
        verdict=HOLDS,
        when="With biases.",
        decided_by=("thm-counting-convolution",),
        value=Computed(filters_on_maps, "{0:,} weights, {1:,} parameters with biases"),
        quotes=("3x3, 64 to 128 channels {0:,} {1:,}",),
    ),
    Claim(
        "separable-example",
        says=(
            "From 128 to 256 channels a 3×3 convolution has 294,912 parameters, a separable "
            "one 34,048: 8.7 times fewer"
        ),
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "If the 128 biases of the depthwise half count and the other 256 do not. The "
            "ratio is 8.7 either way."
        ),
        decided_by=("prop-counting-separable",),
        value=Computed(
            split_in_two,
            (
                "{0:,} against {1:,} without biases, a factor of {3:.2f}; {2:,} with the "
                "depthwise biases alone, a factor of {4:.2f}"
            ),
        ),
        quotes=(
            "dense {0:,} parameters",
            "split {1:,} parameters",
            "split, one bias {2:,} parameters",
            "ratio {3:.2f}, and {4:.2f} with the depthwise bias",
        ),
        beside=("separable-eight-to-nine",),
    ),
    Claim(
        "separable-eight-to-nine",
        says="A 3×3 separable convolution takes eight to nine times less work than a dense one",
        said_by=(PAPERS,),
        verdict=HOLDS_IF,
        when=(
            "From 72 output channels on. It is never more than nine times, whatever the "
            "number of channels."
        ),
        decided_by=("prop-counting-separable", "fig-counting-separable"),
        value=Computed(least_width_for_eight, "a factor of eight from {0} output channels on"),
        quotes=(r"for $3\times3$ kernels the saving is at most nine-fold",),
    ),
    Claim(
        "flops",
        says="ResNet-50 takes 3.8 billion FLOPs for a picture",
        said_by=(PAPERS, ARTICLES),
        verdict=HOLDS_IF,
        when=(
            "If a multiplication with its addition counts once, and with the stride in the "
            "first 1×1 convolution of a block, as in the paper. As multiplications and additions "
            "it is twice that, and today's form takes 6 % more."
        ),
        decided_by=("def-counting-counts",),
        value=Computed(
            resnet50_work,
            (
                "{2:,} multiply-accumulates in the paper's form; in today's {0:,}, which are {1:,} "
                "FLOPs"
            ),
        ),
        quotes=(
            "PyTorch's FLOPs {1:,} multiply-accumulates {0:,}",
            "resnet50: stride in the 1x1 3.858 billion, the paper lists 3.8",
        ),
    ),
    Claim(
        "counter-counts-training",
        says="PyTorch's counter of FLOPs says what a training step costs",
        said_by=(READERS,),
        verdict=HOLDS_IF,
        when=(
            "If no convolution has groups. The gradient of the weights is counted as that of a "
            "dense layer: for a depthwise one, as many times too much as it has channels."
        ),
        decided_by=("prop-counting-backward",),
        value=Computed(
            step_of_mobilenet,
            "a step of MobileNet-v2 is {0:.1f} forward passes by the counter, {1:.2f} in truth",
        ),
        quotes=(
            (
                "By the counter, a step of MobileNet-v2 is {0:.1f} forward passes; by the "
                "proposition it is {1:.2f}"
            ),
        ),
        beside=("backward-costs-forward",),
    ),
    Claim(
        "relu-in-place",
        says="ReLU in place saves the memory of training",
        said_by=(READERS,),
        verdict=FAILS,
        when="What it overwrites was not kept. It saves a moment's memory.",
        decided_by=("prop-counting-kept",),
        value=Stored(
            (
                "one map kept between two convolutions, in place or not; two with batch norm, "
                "in place or not"
            ),
            RUN,
        ),
        quotes=("ReLU 1.00 2 ReLU in place 1.00 2", "**In place saves nothing that is kept.**"),
    ),
    Claim(
        "fewer-parameters-less-memory",
        says="A network with fewer parameters needs less memory in training",
        said_by=(READERS,),
        verdict=FAILS,
        when=(
            "What is kept for the backward pass follows the maps, and at a usual batch it "
            "outweighs the parameters. MobileNet-v2 has a seventeenth of AlexNet's parameters. "
            "It keeps more for a picture than VGG-16, too, whose parameters outweigh that up to "
            "some four hundred pictures."
        ),
        decided_by=("prop-counting-kept", "fig-counting-kinds"),
        value=Stored(
            "MiB with Adam and 32 pictures: MobileNet-v2 53 + 2,391, AlexNet 932 + 114", RUN
        ),
        quotes=("mobilenet_v2 53 2,391", "alexnet 932 114"),
    ),
    Claim(
        "fewer-products-faster",
        says="Fewer multiply-accumulates are faster",
        said_by=(ARTICLES, READERS),
        verdict=FAILS,
        when=(
            "Counts give least times. Layers with equally many products differed by a "
            "factor of ten and more. EfficientNet-B0 takes half as many as AlexNet and more time; "
            "with ten times fewer than ResNet-50 it was four to five times as fast."
        ),
        decided_by=("prop-counting-intensity", "fig-counting-time", "fig-efficient-zoo"),
        value=timed(
            {
                "AlexNet": "alexnet.alexnet",
                "EfficientNet-B0": "efficientnet.efficientnet_b0",
                "ResNet-50": "resnet.resnet50",
            }
        ),
        quotes=(
            "At equal multiply-accumulates, times differ by large factors.",
            (
                "**Counts give least times; how far above them a layer runs is a matter of how "
                "it is carried out.**"
            ),
        ),
        beside=("ten-times-fewer-products", "groups-are-faster", "fewer-parameters-faster"),
    ),
    Claim(
        "vgg-dense-layer",
        says="Most of VGG-16's parameters sit in one dense layer",
        said_by=(ARTICLES, NOTES),
        verdict=HOLDS,
        when=(
            "The first of three, between the last map and the classifier. It does less than "
            "a hundredth of the work."
        ),
        decided_by=("fig-counting-kinds",),
        value=Computed(first_dense_layer, "{0:.0f} % of all parameters"),
        quotes=(
            (
                "vgg16: its layer classifier.0 holds {0:.0f}% of all parameters and does 0.7% "
                "of the work"
            ),
        ),
    ),
    Claim(
        "more-channels-with-depth",
        says="More channels and less resolution with depth",
        said_by=(ARTICLES,),
        verdict=HOLDS,
        when=(
            "As a description of the four networks of the chapter: halving the sides and "
            "doubling the channels keeps the work of a layer, halves its memory and takes "
            "four times the weights. Whether another plan would be better is not shown."
        ),
        decided_by=("thm-counting-convolution", "fig-counting-depth"),
        quotes=(r"these change by the factors $\frac12$, $1$ and $4$",),
    ),
)
