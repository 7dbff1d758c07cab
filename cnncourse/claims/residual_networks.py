"""Claims that chapter 9 decides: why depth failed, and what the skip promises."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from cnncourse.analysis.parameters import count_parameters
from cnncourse.architectures import cifar_resnet, densenet, resnet
from cnncourse.claims.claim import (
    ARTICLES,
    FAILS,
    HOLDS,
    HOLDS_IF,
    NOTES,
    OPEN,
    PAPERS,
    Cited,
    Claim,
    Computed,
    Stored,
)

NUMBER, TITLE = 9, "Residual networks"
RUN = "2026-11-28"


def parameters_of(build: Callable[[], nn.Module]) -> int:
    """Return the parameters of a network, which is built without memory."""
    with torch.device("meta"):
        return count_parameters(build()).total


def resnet50_count() -> tuple[int]:
    """Return the parameters of ResNet-50."""
    return (parameters_of(resnet.resnet50),)


def resnet152_count() -> tuple[int]:
    """Return the parameters of ResNet-152."""
    return (parameters_of(resnet.resnet152),)


def deepest_counts() -> tuple[int, int]:
    """Return the parameters of the net of 1,001 layers, and those without norms and biases."""
    with torch.device("meta"):
        net = cifar_resnet.preactivation_resnet1001()
    return count_parameters(net).total, sum(p.numel() for p in net.parameters() if p.ndim > 1)


def depths() -> tuple[float, int]:
    """Return 152 layers over those of VGG-16 and VGG-19."""
    return 152 / 16, 152 // 19


def cancelled_gradient() -> tuple[float]:
    """Return the largest gradient before a residual block that has learnt F(x) = -x."""
    x = torch.randn(1, 1, 5, 5, generator=torch.Generator().manual_seed(0)).requires_grad_()
    branch = nn.Conv2d(1, 1, 1, bias=False)
    nn.init.constant_(branch.weight, -1)
    (gradient,) = torch.autograd.grad((x + branch(x) - 1).pow(2).sum(), x)
    return (gradient.abs().max().item(),)


def convolutions_in_blocks() -> tuple[int, int]:
    """Return how many convolutions a skip goes around, in ResNet-18 and in ResNet-50."""
    with torch.device("meta"):
        blocks = [net.stages[0][1] for net in (resnet.resnet18(), resnet.resnet50())]
    return tuple(sum(isinstance(m, nn.Conv2d) for m in block.modules()) for block in blocks)


def densenet_count() -> tuple[float]:
    """Return DenseNet-121's parameters as a share of ResNet-50's."""
    return (parameters_of(densenet.densenet121) / parameters_of(resnet.resnet50),)


CLAIMS = (
    Claim(
        "resnet50-count",
        says="ResNet-50 has 25 million parameters",
        said_by=(ARTICLES,),
        verdict=HOLDS,
        when="Closer to 26.",
        decided_by=("prop-residual-bottleneck",),
        value=Computed(resnet50_count, "{0:,} parameters"),
        quotes=("resnet50 (3, 4, 6, 3) {0:,}",),
    ),
    Claim(
        "depth-and-vanishing",
        says="Networks beyond some twenty layers train worse because gradients vanish",
        said_by=(ARTICLES, NOTES),
        verdict=HOLDS_IF,
        when=(
            "Without norm and with initial weights that are too small. Not with batch norm, "
            "where the degradation was seen: there plain gradients grow towards the input. "
            "Introductions say both."
        ),
        decided_by=("fig-residual-gradients", "fig-residual-degradation"),
        value=Stored(
            (
                "gradient at the first over that at the last block of 44 plain layers: 10 to "
                "the power −18.6 without norm, from PyTorch's start; 10 to the power 2.5 with "
                "batch norm"
            ),
            RUN,
        ),
        quotes=(
            "plain, no norm, default -18.6 ± 0.6",
            "plain, batch norm 2.5 ± 0.2",
            "It does not hold for the degradation of normalised networks**",
        ),
        beside=("one-never-vanishes",),
    ),
    Claim(
        "residual-gradient",
        says="The gradient of a residual block is that of its output times (1 + ∂F/∂x)",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "If nothing follows the sum, as in pre-activation networks. After a ReLU a mask "
            "stands before everything, the 1 included."
        ),
        decided_by=("thm-residual-gradient",),
        value=Stored("the mask of one block let 30 of 60 entries pass", RUN),
        quotes=("the mask lets 30 of 60 entries pass", "is exact **if nothing follows the sum**"),
    ),
    Claim(
        "one-never-vanishes",
        says="Because of the 1 the gradient never vanishes",
        said_by=(ARTICLES,),
        verdict=FAILS,
        when=(
            "The branch can learn −1. It cannot vanish if the largest singular value of "
            "every branch's Jacobian is below 1 and nothing follows the sums; the trained "
            "networks did not satisfy that."
        ),
        decided_by=("thm-residual-bound",),
        value=Computed(cancelled_gradient, "with F(x) = −x the gradient is {0:.0f}"),
        quotes=(
            "two residual blocks, two gradients that are exactly zero",
            "The verdict on *the 1 means the gradient never vanishes*: **does not hold**",
        ),
    ),
    Claim(
        "resnet152-count",
        says="ResNet-152 has about 60 million parameters",
        said_by=(ARTICLES,),
        verdict=HOLDS,
        when="In the form of the paper and in torchvision's alike.",
        decided_by=("prop-residual-bottleneck",),
        value=Computed(resnet152_count, "{0:,} parameters"),
        quotes=("*ResNet-152 has about 60 million parameters*: **holds**, {0:,}.",),
    ),
    Claim(
        "thousand-layers-count",
        says="The residual network of 1,001 layers has 10.2 million parameters",
        said_by=(PAPERS,),
        verdict=HOLDS_IF,
        when="If norms and biases are left out.",
        decided_by=("residual-networks-pre-activation",),
        value=Computed(deepest_counts, "{1:,} without norms and biases, {0:,} in all"),
        quotes=("{0:,} parameters, {1:,} without norms and biases",),
    ),
    Claim(
        "deep-nets-train",
        says="Residual networks of 152 layers train cleanly, and of 1,001 layers stably",
        said_by=(ARTICLES, PAPERS),
        verdict=OPEN,
        when=(
            "A result of the papers, not repeated here. What we trained has 32 layers; "
            "through 1,001 layers a gradient arrives before training, larger by some powers "
            "of ten."
        ),
        decided_by=("residual-networks-pre-activation", "fig-residual-degradation"),
        value=Stored(
            ("error over the last pass at 32 layers: plain 0.680 ± 0.156, residual 0.034 ± 0.012"),
            RUN,
        ),
        quotes=(
            "plain 32 layers: 0.680 ± 0.156",
            "residual 32 layers: 0.034 ± 0.012",
            "That these networks train is the paper's result and not ours",
        ),
        beside=("skips-beyond-ten",),
    ),
    Claim(
        "ten-times-vgg",
        says="ResNet is ten times deeper than VGG",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when="If ResNet-152 is compared with VGG-16, and 9.5 is called ten.",
        decided_by=("prop-residual-bottleneck",),
        value=Computed(depths, "152 layers are {0:.1f} times VGG-16's and {1} times VGG-19's"),
        quotes=(
            "152 layers are {0:.1f} times the 16 of VGG-16",
            "{0:.1f} times VGG-16, and {1} times VGG-19",
        ),
    ),
    Claim(
        "skip-around-two",
        says="A skip goes around every two convolutions",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "In the basic block, of ResNet-18 and 34. In the bottleneck of the deeper ones "
            "it goes around three."
        ),
        decided_by=("prop-residual-bottleneck", "def-residual-block"),
        value=Computed(convolutions_in_blocks, "{0} in ResNet-18, {1} in ResNet-50"),
        quotes=("*A skip goes around every two convolutions*: **holds for the basic block**",),
    ),
    Claim(
        "skips-beyond-ten",
        says="Networks of more than about ten layers need skip connections",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "For plain networks with batch norm from He's start and a short training: at 8 "
            "layers the skip changes little, at 20 and 32 a great deal. Started near the "
            "identity, the plain network loses much of its handicap."
        ),
        decided_by=("fig-residual-degradation",),
        value=Stored(
            (
                "training error plain and residual: 0.080 and 0.049 at 8 layers, 0.392 and "
                "0.039 at 20"
            ),
            RUN,
        ),
        quotes=(
            "plain 8 layers: 0.080 ± 0.026",
            "plain 20 layers: 0.392 ± 0.037",
            "residual 8 layers: 0.049 ± 0.015",
            "residual 20 layers: 0.039 ± 0.009",
        ),
    ),
    Claim(
        "skips-smooth-the-loss",
        says="Skips make training easy because they smooth the loss surface",
        said_by=(PAPERS, ARTICLES),
        verdict=OPEN,
        when=(
            "A slice through the trained weights shows two directions of eighteen thousand. "
            "Ours, for one seed, rose less for the plain network, which was stuck."
        ),
        decided_by=("fig-residual-landscape",),
        quotes=("So these slices do *not* explain why the plain network got stuck.",),
    ),
    Claim(
        "densenet-year",
        says="DenseNet is of 2016, or of 2017",
        said_by=(ARTICLES, NOTES),
        verdict=HOLDS,
        when="Both: a preprint of August 2016, at a conference in 2017.",
        decided_by=("prop-residual-dense",),
        value=Cited("the conference paper is of 2017", "huang2017"),
    ),
    Claim(
        "densenet-frugal",
        says="DenseNet is frugal",
        said_by=(PAPERS, ARTICLES),
        verdict=HOLDS_IF,
        when=(
            "In parameters. In memory it is not, if every concatenation is stored: that "
            "grows quadratically with the layers of a block."
        ),
        decided_by=("prop-residual-dense",),
        value=Computed(densenet_count, "DenseNet-121 has {0:.2f} of ResNet-50's parameters"),
        quotes=(
            "Under eight million, less than a third of ResNet-50's.",
            "16 layers: 4928 channels kept, 208 different ones",
        ),
    ),
)
