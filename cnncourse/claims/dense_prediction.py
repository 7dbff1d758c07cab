"""Claims that chapter 11 decides: enlarging maps, carrying detail across, and good scores."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from cnncourse.architectures import unet
from cnncourse.claims.claim import (
    ARTICLES,
    FAILS,
    HOLDS,
    HOLDS_IF,
    NOTES,
    PAPERS,
    READERS,
    TEXTBOOKS,
    Claim,
    Computed,
    Stored,
)
from cnncourse.layers.upsampling import phase_sums, resize_kernel
from cnncourse.shapes import conv_output_size, conv_transpose_output_size

NUMBER, TITLE = 11, "Dense prediction"
RUN = "2026-11-28"


def counts_of_ones() -> tuple[int, int, int]:
    """Return the least and largest phase sum of 3 × 3 ones at stride 2, and that of 4 × 4 ones."""
    odd, even = (phase_sums(torch.ones(1, 1, k, k), 2) for k in (3, 4))
    assert even.min() == even.max()
    return int(odd.min()), int(odd.max()), int(even.max())


def resizing_is_transposed() -> tuple[bool]:
    """Return whether repeat-and-convolve equals the transposed convolution with tied weights."""
    torch.manual_seed(0)
    x, weight = torch.randn(2, 3, 5, 7).double(), torch.randn(4, 3, 3, 3).double()
    resized = F.conv2d(F.interpolate(x, scale_factor=2), weight, padding=1)
    return (
        torch.allclose(
            resized, F.conv_transpose2d(x, resize_kernel(weight, 2), stride=2, padding=1)
        ),
    )


def sizes_there_and_back() -> tuple[int, int]:
    """Return what a 3 × 3 convolution of stride 2 and its transpose make of 15 and of 16 pixels."""
    there = [conv_output_size(n, 3, stride=2, padding=1) for n in (15, 16)]
    return tuple(conv_transpose_output_size(m, 3, stride=2, padding=1) for m in there)


def unet_sizes() -> tuple[int, int]:
    """Return the side that the published U-Net answers for, of 572 pixels, and its channels added.

    The second number is how many channels its last stage reads: both maps side by side.
    """
    with torch.device("meta"):
        net = unet.unet_paper()
        answered = net(torch.empty(1, 1, 572, 572)).shape[-1]
    joined = [m for m in net.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
    return answered, joined[-2].in_channels


CLAIMS = (
    Claim(
        "slide-a-classifier",
        says="A classifier applied as a convolution gives what it gives window by window",
        said_by=(PAPERS, NOTES),
        verdict=HOLDS_IF,
        when="Without padding inside, global pooling, norms over places, and rounding up.",
        decided_by=("thm-dense-slide",),
        value=Stored("with padding 100 % of the answers differ", RUN),
        quotes=("padding: 100 % of the answers differ", "Four things break the theorem"),
    ),
    Claim(
        "divisible-kernel",
        says="A kernel size divisible by the stride avoids the checkerboard",
        said_by=(PAPERS, ARTICLES),
        verdict=HOLDS_IF,
        when=(
            "For the number of contributions, as of a kernel of ones. Constants stay "
            "constant only if the sums of the weights are equal, and fresh 4×4 kernels are "
            "as uneven as 3×3."
        ),
        decided_by=("thm-dense-checkerboard",),
        value=Computed(
            counts_of_ones,
            (
                "kernels of ones at stride 2: {0} to {1} contributions a pixel for 3×3, {2} "
                "everywhere for 4×4"
            ),
        ),
        quotes=(
            "kernels of ones: [{1}, 2, 2, {0}] [{2}, {2}, {2}, {2}]",
            "PyTorch's start, 3×3: 1.05 PyTorch's start, 4×4: 1.01",
        ),
        beside=("resize-another-layer", "shuffle-no-checkerboard"),
    ),
    Claim(
        "resize-another-layer",
        says="Resize-and-convolve is another layer than a transposed convolution",
        said_by=(PAPERS, ARTICLES),
        verdict=FAILS,
        when="It is one with tied weights, and along an axis the even kernels are exactly those.",
        decided_by=("thm-dense-three", "thm-dense-checkerboard"),
        value=Computed(
            resizing_is_transposed, "equal to the transposed convolution with the tied kernel: {0}"
        ),
        quotes=("does not hold: it is one with tied weights",),
    ),
    Claim(
        "shuffle-no-checkerboard",
        says="Pixel shuffle has no checkerboard",
        said_by=(PAPERS, READERS),
        verdict=HOLDS_IF,
        when="From a start with equal kernels, at the first step. Training brings some back.",
        decided_by=("thm-dense-three", "fig-dense-spectrum"),
        value=Stored("stripes 0.00 fresh and 1.41 ± 0.31 thousandths after training", RUN),
        quotes=("shuffle, ICNR 0.00 ± 0.00 1.41 ± 0.31",),
    ),
    Claim(
        "transposed-restores-size",
        says="A transposed convolution restores the size",
        said_by=(TEXTBOOKS, NOTES),
        verdict=HOLDS_IF,
        when="If the remainder that the floor dropped is zero, else with output padding.",
        decided_by=("thm-backpropagation-adjoint",),
        value=Computed(
            sizes_there_and_back, "at stride 2, 15 pixels come back as {0}, and 16 as {1}"
        ),
        quotes=("15 -> 8 -> {0}, remainder 0 16 -> 8 -> {1}, remainder 1",),
        beside=("transposed-inverts", "output-padding-zeros"),
    ),
    Claim(
        "transposed-inverts",
        says="A transposed convolution inverts a convolution",
        said_by=(ARTICLES, READERS),
        verdict=FAILS,
        when="It is the adjoint. The values come back only in exceptions, such as a pixel shuffle.",
        decided_by=("thm-backpropagation-adjoint",),
        quotes=("the values only in exceptions, such as a pixel shuffle",),
    ),
    Claim(
        "unet-skips-add",
        says="The skip connections of a U-Net add",
        said_by=(READERS,),
        verdict=FAILS,
        when="They concatenate; the residual adds.",
        decided_by=("fig-dense-networks",),
        value=Computed(
            unet_sizes, "on its last stage the published U-Net reads {1} channels, twice 64"
        ),
        quotes=("they concatenate; the residual adds",),
    ),
    Claim(
        "unet-sizes",
        says="The U-Net makes a map of 388×388 of an image of 572×572",
        said_by=(PAPERS,),
        verdict=HOLDS,
        when="Without padding, and with sides that stay even on the way down.",
        decided_by=("prop-dense-unet",),
        value=Computed(unet_sizes, "{0} of 572 pixels"),
        quotes=("the numbers 572 and {0} of its famous figure are arithmetic",),
    ),
    Claim(
        "pooling-loses-where",
        says="Pooling loses where things are",
        said_by=(ARTICLES, TEXTBOOKS),
        verdict=HOLDS_IF,
        when=(
            "Not by necessity: a coarse map with enough channels can hold everything. Ours "
            "had a sixth of them, and drew worse without a skip."
        ),
        decided_by=("prop-dense-holds", "fig-dense-drawn"),
        value=Stored("overlap at borders 0.290 ± 0.051 without a skip, 0.604 ± 0.004 with it", RUN),
        quotes=(
            "no skip, transposed 25,260 2.7 M 0.460 ± 0.091 0.290 ± 0.051",
            "skip, transposed 33,324 4.2 M 0.827 ± 0.002 0.604 ± 0.004",
        ),
    ),
    Claim(
        "dice-better",
        says="Dice is a better score than IoU for rare classes",
        said_by=(READERS, ARTICLES),
        verdict=FAILS,
        when=(
            "For one class, counted once, they order all answers alike. Means over several "
            "pictures or classes may be ordered differently."
        ),
        decided_by=("prop-dense-dice",),
        value=Stored("means over pictures: 0.500 and 0.450 in IoU, 0.565 and 0.621 in Dice", RUN),
        quotes=("first: mean IoU 0.500, mean Dice 0.565 second: mean IoU 0.450, mean Dice 0.621",),
    ),
    Claim(
        "class-weights",
        says="A rare class needs class weights",
        said_by=(ARTICLES, READERS),
        verdict=FAILS,
        when=(
            "Not here: weights move a threshold, and the unweighted network with its "
            "threshold moved scored the same. Whether they help a training that would "
            "otherwise stick is not shown."
        ),
        decided_by=("prop-dense-weights", "prop-dense-threshold", "fig-dense-threshold"),
        value=Stored("Dice at the best threshold 0.47 ± 0.02, with weights and without", RUN),
        quotes=("unweighted, at its best 0.47 ± 0.02 weighted, at its best 0.47 ± 0.02",),
    ),
    Claim(
        "pixel-accuracy",
        says="A segmentation that is right for nine pixels in ten is good",
        said_by=(READERS,),
        verdict=FAILS,
        when="As soon as one class fills the picture.",
        decided_by=("def-dense-scores",),
        value=Stored("finding no triangle at all is right for 92.7 % of the pixels", RUN),
        quotes=("finding none is right for 92.7 % of the pixels",),
    ),
)
