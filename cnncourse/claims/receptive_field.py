"""Claims that chapter 5 decides: how far a unit sees, and how much of that it uses."""

from __future__ import annotations

import torch
from torch import nn

from cnncourse.analysis.parameters import count_parameters
from cnncourse.analysis.receptive_field import receptive_field
from cnncourse.architectures import resnet, vgg
from cnncourse.claims.claim import (
    ARTICLES,
    HOLDS,
    HOLDS_IF,
    NOTES,
    PAPERS,
    Claim,
    Computed,
    Stored,
)

NUMBER, TITLE = 5, "What a unit sees"
RUN = "2026-11-28"
IMAGE = (1, 3, 224, 224)


def stack_of_fifty() -> tuple[int, int, int]:
    """Return the field of fifty 3 × 3 layers, their weights for a pair of channels, and of one."""
    layers = nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=1, bias=False) for _ in range(50)))
    field = receptive_field(layers, (1, 1, 128, 128)).size[0]
    return field, count_parameters(layers).total, field**2


def steps_of_the_field() -> tuple[int, ...]:
    """Return what a convolution adds to the field in each stage of VGG-16."""
    with torch.device("meta"):
        net = vgg.vgg16().eval()
    last = [f"stages.{stage}.conv{row.convolutions}" for stage, row in enumerate(vgg.VGG16)]
    added = []
    for name in last:
        before = f"{name[:-1]}{int(name[-1]) - 1}"
        seen = [receptive_field(net, IMAGE, layer).size[0] for layer in (name, before)]
        added.append(seen[0] - seen[1])
    return tuple(added)


def fields_after_five_halvings() -> tuple[int, int]:
    """Return the field of the last pooling of VGG-16 and of the last block of ResNet-18."""
    with torch.device("meta"):
        deep, residual = vgg.vgg16(), resnet.resnet18()
    nets = (deep.eval(), residual.eval())
    return tuple(receptive_field(net, IMAGE, "stages").size[0] for net in nets)


def chain_of_three() -> tuple[int, int, int]:
    """Return size, stride and padding of three 3 × 3 layers, the second with stride 2."""
    layers = nn.Sequential(*(nn.Conv2d(1, 1, 3, stride, 1) for stride in (1, 2, 1)))
    field = receptive_field(layers, (1, 1, 32, 32))
    return field.size[0], field.stride[0], field.padding[0]


def dilated_stack() -> tuple[int, int]:
    """Return the field of three layers of dilation 2, and how many of its pixels count."""
    layers = nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=2, dilation=2) for _ in range(3)))
    for weight in layers.parameters():
        nn.init.ones_(weight)
    x = torch.zeros(1, 1, 33, 33, requires_grad=True)
    (gradient,) = torch.autograd.grad(layers(x)[0, 0, 16, 16], x)
    return receptive_field(layers, (1, 1, 33, 33)).size[0], int((gradient[0, 0, 16] != 0).sum())


CLAIMS = (
    Claim(
        "stack-field",
        says="k layers of 3×3 see 2k+1 pixels along an axis, and 50 layers 101",
        said_by=(ARTICLES,),
        verdict=HOLDS,
        when="At stride 1 and dilation 1.",
        decided_by=("cor-receptive-stack",),
        value=Computed(stack_of_fifty, "fifty layers see {0} × {0} pixels"),
        quotes=(
            "50 {0} × {0} {1:,} {2:,}",
            (
                r"*$k$ layers of $3\times3$ see $(2k+1)^2$, and 50 of them ${0}^2$*: holds at "
                "stride 1"
            ),
        ),
        beside=("field-recursion",),
    ),
    Claim(
        "stack-weights",
        says="Fifty layers of 3×3 take 50·9·C parameters where one layer of 101×101 takes 101²·C",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "For one filter a layer. A whole layer with C filters has C times as many on "
            "both sides, so the ratio stays."
        ),
        decided_by=("cor-receptive-stack",),
        value=Computed(stack_of_fifty, "{1:,} against {2:,} weights for each pair of channels"),
        quotes=("{1:,} against {2:,} weights per channel",),
    ),
    Claim(
        "halving-doubles-field",
        says="Halving the resolution roughly doubles the receptive field",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "It doubles what every later layer adds to the field. The halving itself adds "
            "one step of the stride before it."
        ),
        decided_by=("thm-receptive-chain", "fig-receptive-growth"),
        value=Computed(
            steps_of_the_field,
            "in VGG-16 a convolution adds {0} pixels at first, then {1}, {2}, {3} and {4}",
        ),
        quotes=(
            "Convolutions add {0}, then {1}, {2}, {3}, {4}",
            "what it doubles is what every *later* layer adds",
        ),
    ),
    Claim(
        "five-halvings-see-all",
        says="After five halvings one unit sees the whole image",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "It depends on the layers between and behind the halvings, which alone see 32 "
            "pixels. Of 224 pixels VGG-16 misses twelve."
        ),
        decided_by=("thm-receptive-chain", "fig-receptive-growth"),
        value=Computed(
            fields_after_five_halvings,
            "VGG-16's last pooling sees {0} pixels, ResNet-18's last block {1}",
        ),
        quotes=(
            "VGG-16, last pool sees {0} pixels; the image has 224",
            "ResNet-18, last block sees {1} pixels; the image has 224",
        ),
    ),
    Claim(
        "field-recursion",
        says="A layer adds (k−1) times the product of the strides before it to the receptive field",
        said_by=(ARTICLES, NOTES),
        verdict=HOLDS_IF,
        when=(
            "In a chain, with dilation d as d(k−1). Branches take the union of their "
            "fields. The size has holes where a layer jumps farther than it sees."
        ),
        decided_by=("thm-receptive-chain", "prop-receptive-branches"),
        value=Computed(
            chain_of_three,
            "three 3×3 layers, the second with stride 2: size {0}, stride {1}, padding {2}",
        ),
        quotes=("size {0}, stride {1}, padding {2}: unit 0 sees",),
    ),
    Claim(
        "effective-field",
        says=(
            "The effective receptive field is smaller than the theoretical one, and about Gaussian"
        ),
        said_by=(ARTICLES, PAPERS),
        verdict=HOLDS_IF,
        when=(
            "At initialisation, without strides: a random walk, whose width grows like the "
            "root of the depth. With strides at regular intervals it grows as fast as the "
            "field."
        ),
        decided_by=("thm-receptive-walk", "prop-receptive-random", "fig-receptive-depth"),
        value=Stored(
            "at 64 layers 95 % of the gradient lies in 10.1 % of the theoretical area", RUN
        ),
        quotes=(
            "95% of the gradient in 41.0 × 41.0 pixels, 10.1% of the theoretical 129 × 129",
            "about Gaussian*: holds at initialisation, for networks without strides",
        ),
    ),
    Claim(
        "training-widens-field",
        says="Training widens the effective field",
        said_by=(PAPERS,),
        verdict=HOLDS_IF,
        when=(
            "If the task asks for a wide view and what it asks for is reached at the start. "
            "A question about the centre narrowed it."
        ),
        decided_by=("fig-receptive-training",),
        value=Stored(
            (
                "width 3.06 before; after training 3.62 ± 0.23 for large squares in the "
                "corners, 2.30 ± 0.19 for a pixel in the centre"
            ),
            RUN,
        ),
        quotes=("centre 3.06 ± 0.02 2.30 ± 0.19", "corner, 5×5 3.06 ± 0.02 3.62 ± 0.23"),
    ),
    Claim(
        "dilation-for-free",
        says="Dilation widens the field without parameters",
        said_by=(ARTICLES, PAPERS),
        verdict=HOLDS_IF,
        when=(
            "No further weights. Rates that do not start at 1 leave holes; maps and work grow "
            "where a stride is taken out; and on maps no larger than the rate a 3×3 kernel is a "
            "1×1."
        ),
        decided_by=("prop-receptive-holes", "fig-receptive-holes"),
        value=Computed(
            dilated_stack, "rates 2, 2, 2: a field of {0} pixels, of which {1} are seen"
        ),
        quotes=(
            "dilations (2, 2, 2): size {0}, seen {1}",
            "*Dilation widens the field without parameters* holds, with this footnote.",
        ),
        beside=("dilation-two-or-four",),
    ),
    Claim(
        "three-by-three-everywhere",
        says="Kernels are 3×3 almost everywhere",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "For dense layers of equal width, where a stack is cheaper. A depthwise kernel "
            "is cheap at any size: ConvNeXt has 7×7."
        ),
        decided_by=("fig-receptive-zoo", "prop-classic-stack"),
        quotes=(r"ConvNeXt uses kernels of $7\times7$",),
        beside=("two-small-kernels",),
    ),
)
