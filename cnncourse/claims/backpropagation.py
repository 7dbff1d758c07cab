"""Claims that chapter 6 decides: what the backward pass is and costs, and what a check proves."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from cnncourse.analysis.counting import count_macs
from cnncourse.backprop import conv2d_backward, numerical_gradient
from cnncourse.claims.claim import (
    ARTICLES,
    FAILS,
    HOLDS,
    HOLDS_IF,
    MANUALS,
    NOTES,
    PAPERS,
    READERS,
    TEXTBOOKS,
    Claim,
    Computed,
    Stored,
)
from cnncourse.shapes import conv_output_size, conv_transpose_output_size

NUMBER, TITLE = 6, "Backpropagation by hand"
RUN = "2026-11-28"


def backward_over_forward() -> tuple[float]:
    """Return the products of the backward over those of the forward pass of three equal layers."""
    layers = nn.Sequential(*(nn.Conv2d(8, 8, 3, padding=1) for _ in range(3)))
    first, whole = (count_macs(part, (1, 8, 12, 12)) for part in (layers[:1], layers))
    return ((2 * whole - first) / whole,)


def flipped_or_not() -> tuple[bool, bool]:
    """Return whether a correlation of the input with the gradient is the weights' gradient.

    Once as it is, stride and dilation exchanged, and once with the gradient flipped.
    """
    torch.manual_seed(0)
    x, weight = torch.randn(1, 1, 8, 9).double(), torch.randn(1, 1, 3, 3).double()
    gradient = torch.randn(1, 1, 3, 4).double()
    (_, expected, _) = conv2d_backward(gradient, x, weight, stride=2)
    found = [F.conv2d(x, g, dilation=2)[..., :3, :3] for g in (gradient, gradient.flip(-1, -2))]
    return torch.allclose(found[0], expected), torch.allclose(found[1], expected)


def zero_gradient_passes() -> tuple[bool, bool]:
    """Return whether a check of batch norm accepts the gradient 0, by the loss.

    Once with the sum as loss, once with a random functional.
    """
    torch.manual_seed(0)
    x = torch.randn(3, 2, 4, 5).double()
    random = torch.randn_like(x)

    def normed(x: torch.Tensor) -> torch.Tensor:
        return F.batch_norm(x, None, None, training=True)

    losses = (lambda x: normed(x).sum(), lambda x: (random * normed(x)).sum())
    claimed = torch.zeros_like(x)
    found = [numerical_gradient(loss, x) for loss in losses]
    return tuple(torch.allclose(claimed, g, rtol=1e-3, atol=1e-3) for g in found)


def sizes_there_and_back() -> tuple[int, int, int, int]:
    """Return the size that a 3 × 3 convolution of stride 2 makes of 7 and of 8, and back again."""
    there = [conv_output_size(n, 3, stride=2, padding=1) for n in (7, 8)]
    back = [
        conv_transpose_output_size(there[0], 3, stride=2, padding=1, output_padding=extra)
        for extra in (0, 1)
    ]
    return (*there, *back)


def maps_with_segments() -> tuple[int, int]:
    """Return how many maps 64 layers keep, plainly and with the best segments."""
    return 65, min(c + 64 // c for c in range(1, 65) if 64 % c == 0)


CLAIMS = (
    Claim(
        "flipped-filters",
        says=(
            "The backward pass of a convolution, for the data and for the weights, is a "
            "convolution with flipped filters"
        ),
        said_by=(NOTES,),
        verdict=HOLDS_IF,
        when=(
            "For the data, at stride 1. At a stride the gradient gets zeros between its "
            "values and behind them. For the weights nothing is flipped; stride and "
            "dilation change places."
        ),
        decided_by=("cor-backpropagation-data", "cor-backpropagation-weights"),
        value=Computed(
            flipped_or_not,
            (
                "at stride 2, correlating the input with the gradient gives the gradient of the "
                "weights: {0}; with the gradient flipped: {1}"
            ),
        ),
        quotes=(
            (
                "*the backward pass of a convolution, for the data and for the weights, is "
                "again a convolution, with flipped filters*"
            ),
            "no: nothing is flipped; stride and dilation are exchanged",
        ),
        beside=("flip-matters-for-learning",),
    ),
    Claim(
        "backward-costs-forward",
        says="The backward pass costs as much as the forward pass",
        said_by=(READERS,),
        verdict=FAILS,
        when=(
            "Twice as much, less one forward pass of the layers that read the picture; of "
            "frozen layers less."
        ),
        decided_by=("thm-backpropagation-cost", "cor-backpropagation-cost"),
        value=Computed(
            backward_over_forward, "{0:.3f} times as many products for three equal layers"
        ),
        quotes=(
            "all three (2 + 2 + 1) / 3 {0:.3f}",
            "So *about twice* it is, and less by the first layer.",
        ),
    ),
    Claim(
        "gradient-check-proves",
        says="A backward pass that passes a gradient check is right",
        said_by=(NOTES, READERS),
        verdict=FAILS,
        when=(
            "Right at the tested settings, for the tested loss. The sum behind a batch norm "
            "has the gradient zero and accepts nearly everything; stride 1 tests no stride."
        ),
        decided_by=("fig-backpropagation-mutants", "thm-backpropagation-bn"),
        value=Computed(
            zero_gradient_passes,
            (
                "the gradient 0 passes for a batch norm, with the sum as loss: {0}; with a random "
                "functional: {1}"
            ),
        ),
        quotes=("for batch norm it is nearly vacuous", "a gradient of zero passes"),
        beside=("failed-check-is-a-bug",),
    ),
    Claim(
        "failed-check-is-a-bug",
        says="A backward pass that fails a gradient check is wrong",
        said_by=(READERS,),
        verdict=FAILS,
        when=(
            "A kink of ReLU or max pooling within the step rejects a correct gradient, and "
            "so does a tie. Check again at another point."
        ),
        decided_by=("fig-backpropagation-kinks", "prop-backpropagation-pool"),
        value=Stored(
            (
                "with a step of 0.01, 29 of 200 checks of a correct gradient crossed a kink and "
                "were rejected"
            ),
            RUN,
        ),
        quotes=("step 0.01: 29 of 200 draws crossed a kink, 29 were rejected",),
    ),
    Claim(
        "smaller-step-better",
        says="The smaller the step of a difference quotient, the better",
        said_by=(READERS,),
        verdict=FAILS,
        when=(
            "Rounding grows as the step falls. The best step is about the cube root of the "
            "precision."
        ),
        decided_by=("prop-backpropagation-difference", "fig-backpropagation-step"),
        value=Stored("best central step 3e-03 in float32 and 1e-05 in float64", RUN),
        quotes=("float32 central 3e-03 7e-05", "float64 central 1e-05 1e-10"),
    ),
    Claim(
        "pooling-gradient-unique",
        says="The gradient of max pooling goes to the winner",
        said_by=(TEXTBOOKS, NOTES),
        verdict=HOLDS_IF,
        when=(
            "If there is one. At a tie there is no gradient; libraries choose, and choose "
            "differently. Where windows overlap, contributions add up."
        ),
        decided_by=("prop-backpropagation-pool",),
        value=Stored(
            ("on four equal values one routine gives all to the first, another a quarter to each"),
            RUN,
        ),
        quotes=(
            "F.max_pool2d: all to the first 1.00, 0.00, 0.00, 0.00 1.0",
            "amax: equal shares 0.25, 0.25, 0.25, 0.25 1.0",
        ),
    ),
    Claim(
        "output-padding-zeros",
        says="Output padding of a transposed convolution appends zeros",
        said_by=(MANUALS, READERS),
        verdict=FAILS,
        when=(
            "It names which of several input sizes is meant: the remainder that the floor "
            "of the output size dropped."
        ),
        decided_by=("thm-backpropagation-adjoint",),
        value=Computed(
            sizes_there_and_back,
            (
                "7 pixels become {0} and 8 become {1}; back they become {2} without output "
                "padding and {3} with it"
            ),
        ),
        quotes=(
            "**Output padding pads nothing**",
            r"From 7 pixels $\rho=0$, from 8 pixels $\rho=1$, both have {0} outputs.",
        ),
    ),
    Claim(
        "bias-before-norm",
        says="A bias before batch norm is useless",
        said_by=(ARTICLES, NOTES),
        verdict=HOLDS,
        when=(
            "Directly before it: its gradient is zero, for every epsilon. Not if an "
            "activation stands between."
        ),
        decided_by=("cor-backpropagation-scale",),
        quotes=("So a bias before batch norm is dead weight, for every $\\varepsilon$.",),
    ),
    Claim(
        "memory-with-the-root",
        says=(
            "Recomputation trains a network of L layers with the memory of √L, for one more "
            "forward pass"
        ),
        said_by=(PAPERS,),
        verdict=HOLDS_IF,
        when=(
            "For a chain of equal layers, up to the factor 2, and where the depth divides. "
            "The gradient on its way is not counted."
        ),
        decided_by=("prop-backpropagation-recompute", "fig-backpropagation-memory"),
        value=Computed(maps_with_segments, "64 layers: {0} maps plainly, {1} with segments"),
        quotes=("64 {0} {1} {1} 3.0 4.0",),
    ),
)
