"""Claims that chapter 8 decides: the famous counts from LeNet-5 to GoogLeNet, and their reasons."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from cnncourse.analysis.parameters import count_parameters
from cnncourse.architectures import alexnet, googlenet, lenet, vgg
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

NUMBER, TITLE = 8, "Classic architectures"
RUN = "2026-11-28"


def parameters_of(build: Callable[..., nn.Module], **options: bool) -> int:
    """Return the parameters of a network, which is built without memory."""
    with torch.device("meta"):
        return count_parameters(build(**options)).total


def lenet_counts() -> tuple[int, int]:
    """Return the parameters of LeNet-5 as published and in the usual modern form."""
    return parameters_of(lenet.lenet5), parameters_of(lenet.lenet5_modern)


def alexnet_counts() -> tuple[int, int, int]:
    """Return AlexNet's parameters with its groups, without them, and in one narrower tower."""
    with torch.device("meta"):
        grouped = alexnet.alexnet_grouped()
    convolutions = [m for m in grouped.modules() if isinstance(m, nn.Conv2d)]
    missing = sum(m.weight.numel() * (m.groups - 1) for m in convolutions)
    total = count_parameters(grouped).total
    return total, total + missing, parameters_of(alexnet.alexnet)


def stacks_against_one() -> tuple[int, int, int, int]:
    """Return the weights of two and of three 3 × 3 layers and of the kernels that they replace."""
    return 2 * 3**2, 5**2, 3 * 3**2, 7**2


def vgg_count() -> tuple[int]:
    """Return the parameters of VGG-16."""
    return (parameters_of(vgg.vgg16),)


def vgg_kernels() -> tuple[int, int]:
    """Return how many 1 × 1 kernels VGG-16 has among how many convolutions."""
    with torch.device("meta"):
        layers = [m for m in vgg.vgg16().modules() if isinstance(m, nn.Conv2d)]
    return sum(m.kernel_size == (1, 1) for m in layers), len(layers)


def vgg_widths() -> tuple[int, ...]:
    """Return the channels of VGG-16's five stages."""
    with torch.device("meta"):
        stages = vgg.vgg16().stages
    return tuple(
        max(m.out_channels for m in stage.modules() if isinstance(m, nn.Conv2d)) for stage in stages
    )


def googlenet_depth() -> tuple[int, int]:
    """Return GoogLeNet's layers with weights on the longest way, and its modules."""
    with torch.device("meta"):
        net = googlenet.googlenet_paper()
    modules = sum(isinstance(m, googlenet.Inception) for m in net.modules())
    return 3 + 2 * modules + 1, modules


def googlenet_counts() -> tuple[int, int, int]:
    """Return GoogLeNet's parameters without heads, in torchvision's form, and with its heads."""
    return (
        parameters_of(googlenet.googlenet_paper, auxiliary=False),
        parameters_of(googlenet.googlenet, auxiliary=False),
        parameters_of(googlenet.googlenet_paper, auxiliary=True),
    )


def alexnet_over_googlenet() -> tuple[float]:
    """Return the parameters of AlexNet divided by those of GoogLeNet."""
    return (alexnet_counts()[0] / googlenet_counts()[0],)


def last_layers() -> tuple[int, int]:
    """Return GoogLeNet's last layer on flattened maps of 7 × 7 and on their means."""
    with torch.device("meta"):
        on_maps, on_means = nn.Linear(1024 * 7 * 7, 1000), nn.Linear(1024, 1000)
    return count_parameters(on_maps).total, count_parameters(on_means).total


CLAIMS = (
    Claim(
        "lenet-cheques",
        says="LeNet read bank cheques in 1989",
        said_by=(ARTICLES,),
        verdict=FAILS,
        when="The network of 1989 read zip codes. Readers of cheques followed in the 1990s.",
        decided_by=("classic-architectures",),
        value=Cited("handwritten zip codes of the postal service", "lecun1989"),
        quotes=(
            (
                "A reader of zip codes had joined convolution, a stride of two and gradient "
                "descent nine years before"
            ),
        ),
    ),
    Claim(
        "lenet-count",
        says="LeNet-5 has about 60,000 parameters",
        said_by=(ARTICLES,),
        verdict=HOLDS,
        when=(
            "To the digit, with the sparse table of its third layer and trainable "
            "subsampling. The usual modern form has a dense one."
        ),
        decided_by=("fig-classic-sparse",),
        value=Computed(lenet_counts, "{0:,} as published, {1:,} in the usual modern form"),
        quotes=("holds: {0:,} as published; {1:,} in the usual modern form",),
    ),
    Claim(
        "alexnet-count",
        says="AlexNet has 60 million parameters",
        said_by=(ARTICLES, PAPERS),
        verdict=HOLDS,
        when=(
            "Closer to 61. Three counts pass for it: the paper's two groups, the same widths in "
            "one group, and the narrower network in one tower."
        ),
        decided_by=("prop-classic-groups",),
        value=Computed(alexnet_counts, "{0:,} with its groups, {1:,} without, {2:,} in one tower"),
        quotes=(
            "holds: {0:,} with its groups; {1:,} is the count without them",
            "the paper's two groups {0:,}",
            "one tower, torchvision {2:,}",
        ),
        beside=("alexnet-two-cards-count",),
    ),
    Claim(
        "alexnet-two-cards-count",
        says="The AlexNet on two graphics cards has 62,378,344 parameters",
        said_by=(NOTES, ARTICLES),
        verdict=FAILS,
        when="That is the count without the groups, which are what the two cards are for.",
        decided_by=("prop-classic-groups",),
        value=Computed(alexnet_counts, "{0:,} with its groups, {1:,} without"),
        quotes=(
            ("But {1:,}, often quoted for the two-GPU network, is the count *without* the groups"),
        ),
    ),
    Claim(
        "alexnet-ten-points",
        says="AlexNet won the challenge of 2012 by ten points",
        said_by=(NOTES, ARTICLES),
        verdict=HOLDS,
        when=(
            "For an average of seven networks, two of them trained on more images. A single "
            "one had 18.2 % on the validation images."
        ),
        decided_by=("classic-architectures-ten-points",),
        value=Cited("top-5 error 15.3 % against 26.2 %: 10.9 points", "krizhevsky2012"),
        quotes=("The difference is $26.2-15.3=10.9$ points",),
    ),
    Claim(
        "relu-six-times",
        says="ReLU trains six times faster than tanh",
        said_by=(ARTICLES, PAPERS),
        verdict=HOLDS_IF,
        when=(
            "In the paper's one experiment, a four-layer net on CIFAR-10. On digits, "
            "pixels, starting weights and the rate turn the verdict round; the length of "
            "the first step explains most of the difference."
        ),
        decided_by=("fig-classic-relu",),
        value=Stored(
            (
                "at one rate tanh takes between 9.1 and 0.6 times the steps of ReLU; each at "
                "its best rate it takes fewer, in all three settings"
            ),
            RUN,
        ),
        quotes=(
            "tanh / ReLU, both at 0.0003, raw: 9.1",
            "tanh / ReLU, both at 0.03, own start: 0.6",
            "*holds for the paper's experiment, and does not hold in general*",
        ),
    ),
    Claim(
        "two-small-kernels",
        says="Two 3×3 kernels cost 18 where one 5×5 costs 25",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "For each pair of channels, if all widths are equal. In VGG-16's first two "
            "stages the stack has more weights than the large kernel."
        ),
        decided_by=("prop-classic-stack",),
        value=Computed(stacks_against_one, "{0} against {1} weights"),
        quotes=("cost {0} against {1}, {2} against {3}",),
        beside=("three-small-kernels", "stack-weights"),
    ),
    Claim(
        "three-small-kernels",
        says="Three 3×3 kernels see 7×7 pixels with fewer parameters than one 7×7 kernel",
        said_by=(ARTICLES, PAPERS),
        verdict=HOLDS_IF,
        when="If all widths are equal.",
        decided_by=("prop-classic-stack", "cor-receptive-stack"),
        value=Computed(stacks_against_one, "{2} against {3} weights for each pair of channels"),
        quotes=("cost {0} against {1}, {2} against {3}",),
    ),
    Claim(
        "second-rectifier",
        says=(
            "Several small kernels are better than a large one because there are more "
            "non-linearities"
        ),
        said_by=(PAPERS, ARTICLES),
        verdict=OPEN,
        when=(
            "A stack can bend many times where one layer bends once: proved. That this is "
            "why it does better is not shown, here or in the comparison of the paper, whose "
            "networks differ in depth and weights as well."
        ),
        decided_by=("prop-classic-kinks",),
        quotes=(
            "Whether the flexibility helps is a question for data.",
            "so the rectifiers are not the only possible reason",
        ),
    ),
    Claim(
        "vgg-doubles",
        says="VGG doubles its channels after each pooling",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when="Until 512.",
        decided_by=("classic-architectures-vgg",),
        value=Computed(vgg_widths, "{0}, {1}, {2}, {3} and {4} channels"),
        quotes=("holds until {4}",),
    ),
    Claim(
        "vgg-pointwise",
        says="VGG-16 uses some 1×1 filters",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when="In configuration C, which has 16 layers as well. The famous one, D, has none.",
        decided_by=("classic-architectures-vgg",),
        value=Computed(vgg_kernels, "{0} of {1} convolutions of VGG-16 are 1×1"),
        quotes=("holds for configuration C; the famous one, D, has none",),
    ),
    Claim(
        "vgg-count",
        says="VGG has 138 million parameters",
        said_by=(ARTICLES,),
        verdict=HOLDS,
        when="VGG-16. Nine tenths of them are in its dense layers.",
        decided_by=("classic-architectures-vgg",),
        value=Computed(vgg_count, "{0:,} parameters"),
        quotes=("holds for VGG-16: {0:,}",),
        beside=("vgg-dense-layer",),
    ),
    Claim(
        "googlenet-depth",
        says="GoogLeNet has 22 layers",
        said_by=(ARTICLES, PAPERS),
        verdict=HOLDS,
        when="Counting those with weights on the longest way.",
        decided_by=("fig-classic-plans",),
        value=Computed(googlenet_depth, "{0} layers, {1} modules among them"),
        quotes=("It is {0} layers deep",),
    ),
    Claim(
        "googlenet-count",
        says="GoogLeNet has 6.8 million parameters",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "If the K of the paper's table are read as thousands. They are 1,024, and its "
            "column sums to 6.96 million."
        ),
        decided_by=("classic-architectures-table",),
        value=Computed(
            googlenet_counts,
            (
                "{0:,} with a dense first layer and biases, {1:,} in torchvision's form, {2:,} "
                "with auxiliary heads"
            ),
        ),
        quotes=(
            (
                "the column is 6.96 million; {0:,} with a dense first layer and biases, {1:,} "
                "in torchvision's form"
            ),
            "with heads {2:,} without {0:,}",
        ),
    ),
    Claim(
        "googlenet-twelve-times",
        says="GoogLeNet has twelve times fewer parameters than AlexNet",
        said_by=(PAPERS, ARTICLES),
        verdict=FAILS,
        when="Whichever way the two are counted here.",
        decided_by=("classic-architectures-table",),
        value=Computed(alexnet_over_googlenet, "{0:.1f} times fewer"),
        quotes=("does not hold: {0:.1f}", 'And "twelve times" is {0:.1f}.'),
    ),
    Claim(
        "auxiliary-heads",
        says="GoogLeNet's auxiliary heads keep its gradient from vanishing",
        said_by=(PAPERS, ARTICLES),
        verdict=HOLDS_IF,
        when=(
            "If the initial weights are small: then they deliver almost all of the gradient "
            "at the first step. With He's rule or batch norm the main loss does as well by "
            "itself. Results are the authors', who later called the heads a regulariser."
        ),
        decided_by=("prop-classic-auxiliary", "fig-classic-auxiliary"),
        value=Stored(
            (
                "with weights of deviation 0.01 the main loss sends a gradient of 2.1e-12, the "
                "lower head 2.5e-08; with He's rule 0.36 and 0.44"
            ),
            RUN,
        ),
        quotes=("deviation 0.01 2.1e-12 2.3e-11 2.5e-08", "He's rule 3.6e-01 3.3e-01 4.4e-01"),
    ),
    Claim(
        "mean-before-scores",
        says="Global average pooling replaces dense heads",
        said_by=(ARTICLES,),
        verdict=HOLDS,
        when=(
            "It saves most of the parameters, and the network takes pictures of many sizes. "
            "Its authors report a gain in accuracy, too."
        ),
        decided_by=("classic-architectures-mean",),
        value=Computed(
            last_layers,
            "GoogLeNet's last layer: {0:,} parameters on flattened maps, {1:,} on means",
        ),
        quotes=("GoogLeNet's last layer: on flattened maps {0:,}, on means {1:,}",),
    ),
)
