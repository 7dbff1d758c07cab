"""Claims that chapter 4 decides: what stride, padding and pooling do to a shift."""

from __future__ import annotations

import torch
from torch import nn

from cnncourse.analysis.equivariance import equivariance_error, equivariance_map
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

NUMBER, TITLE = 4, "Equivariance"
RUN = "2026-11-28"


def shifts_kept_by_a_stride() -> tuple[int, int]:
    """Return how many shifts of a 12 × 12 circle a layer of stride 2 keeps, and of how many."""
    torch.manual_seed(0)
    layer = nn.Conv2d(2, 4, 3, stride=2, padding=1, padding_mode="circular").double()
    errors = equivariance_map(layer, torch.randn(4, 2, 12, 12, dtype=torch.float64))
    return int((errors < 1e-12).sum()), errors.numel()


def spoiled_frame() -> tuple[int]:
    """Return the width of the frame outside of which four 3 × 3 layers keep a shift."""
    torch.manual_seed(0)
    layers = nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=1) for _ in range(4))).double()
    x = torch.randn(2, 1, 20, 20, dtype=torch.float64)
    moved = [
        equivariance_error(layers, x, (0, 1), mode="zeros", border=width).interior
        for width in range(8)
    ]
    return (next(width for width, error in enumerate(moved) if error < 1e-12),)


def shifts_that_pooling_ignores() -> tuple[float, float]:
    """Return the share of bright pixels whose 2 × 2 maximum stays, for (0, 1) and (1, 1)."""
    pixels = torch.eye(64, dtype=torch.float64).view(64, 1, 8, 8)
    pool = nn.MaxPool2d(2)
    stays = [
        (pool(pixels.roll(shift, (-2, -1))) == pool(pixels)).flatten(1).all(1).double().mean()
        for shift in ((0, 1), (1, 1))
    ]
    return stays[0].item(), stays[1].item()


CLAIMS = (
    Claim(
        "convolution-invariant",
        says="A convolution is translation invariant",
        said_by=(ARTICLES, TEXTBOOKS),
        verdict=FAILS,
        when=(
            "It is equivariant: the output moves along. In signal processing the word "
            "invariant is customary for that."
        ),
        decided_by=("def-equivariance-shift", "thm-equivariance-conv", "fig-equivariance-moves"),
        value=Stored(
            "error against the moved response 0, against the response that stayed 1.4", RUN
        ),
        quotes=(
            "against the moved response: 0e+00 against the response that stayed: 1.4",
            "And the layer is far from invariant",
        ),
        beside=("pooling-invariant",),
    ),
    Claim(
        "stride-two-even-shifts",
        says="Stride 2 is equivariant to even shifts only",
        said_by=(NOTES,),
        verdict=HOLDS_IF,
        when=(
            "On a circle of even size, for a kernel that is not zero and at most half as wide; "
            "a statement about all images."
        ),
        decided_by=("thm-equivariance-stride", "fig-equivariance-stride"),
        value=Computed(shifts_kept_by_a_stride, "{0} of {1} shifts of a 12×12 circle survive"),
        quotes=(
            "*stride 2 is equivariant to even shifts only*. It holds",
            "stride 2 keeps the multiples of 2: {0} of {1} shifts",
        ),
    ),
    Claim(
        "padding-breaks-edges",
        says="Padding breaks exact equivariance at the edges",
        said_by=(NOTES,),
        verdict=HOLDS,
        when="With a width: one pixel for each 3×3 layer. The damage fades inwards.",
        decided_by=("thm-equivariance-border", "fig-equivariance-border"),
        value=Computed(spoiled_frame, "four 3×3 layers are exact inside of a frame of {0} pixels"),
        quotes=(
            "zeros exact inside a frame of {0}",
            "*Padding breaks exact equivariance at the edges* holds",
        ),
        beside=("circular-padding", "report-not-equivariant"),
    ),
    Claim(
        "circular-padding",
        says="Circular padding restores equivariance",
        said_by=(NOTES,),
        verdict=HOLDS_IF,
        when=(
            "For circular shifts and at stride 1. Then a network can no longer read where "
            "anything is."
        ),
        decided_by=("thm-equivariance-conv", "prop-equivariance-position"),
        value=Stored(
            (
                "share of the position that a network of four layers reads: 0.84 to 0.86 with "
                "zeros, 0.00 on the circle"
            ),
            RUN,
        ),
        quotes=(
            "circular exact everywhere",
            "*Circular padding restores* what zero padding breaks",
        ),
    ),
    Claim(
        "blind-to-position",
        says="A convolutional network does not know where something is",
        said_by=(ARTICLES, READERS),
        verdict=HOLDS_IF,
        when=(
            "On the circle, with global pooling. Zero padding tells the place, within a "
            "frame and up to a bound."
        ),
        decided_by=("prop-equivariance-position", "prop-why-invariant"),
        quotes=("So a CNN with zero padding is not blind to position.",),
    ),
    Claim(
        "pooling-some-invariance",
        says="Pooling adds some translation invariance",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "For small shifts and some images; on edges of photographs 2×2 max pooling "
            "takes away about a quarter of the change. Fine stripes lose even the "
            "invariance of a global mean."
        ),
        decided_by=("prop-equivariance-pool", "fig-equivariance-pool"),
        value=Computed(
            shifts_that_pooling_ignores,
            (
                "a shift by one pixel leaves the 2×2 maximum of {0:.4f} of all single bright "
                "pixels, a diagonal one of {1:.4f}"
            ),
        ),
        quotes=(
            "window 2, shift (0, 1): stays for {0:.4f} of the places",
            "window 2, shift (1, 1): stays for {1:.4f} of the places",
            "*Pooling adds some translation invariance* holds",
        ),
        beside=("pooling-invariant",),
    ),
    Claim(
        "pooling-invariant",
        says="Pooling makes a network translation invariant",
        said_by=(ARTICLES, TEXTBOOKS),
        verdict=FAILS,
        when=(
            "Between maps it is equivariant, to the multiples of its stride. Only pooling "
            "over all places is invariant, on the circle exactly."
        ),
        decided_by=("thm-equivariance-stride", "cor-equivariance-phases"),
        value=Stored(
            (
                "a network with two max poolings, trained on centred digits: 97.2 % in the "
                "centre, 40.9 % at the worst of 16 shifts"
            ),
            RUN,
        ),
        quotes=(
            "*Pooling makes a network translation invariant*, one often reads.",
            "max, centred 97.2 ± 0.6 40.9 ± 2.8",
        ),
    ),
    Claim(
        "blur-restores-invariance",
        says="A blur before subsampling makes networks shift-invariant again",
        said_by=(PAPERS,),
        verdict=HOLDS_IF,
        when=(
            "Exactly for blur, subsampling by two and a mean over all places; approximately "
            "in a network, with the blur behind the maximum."
        ),
        decided_by=("prop-equivariance-blur", "fig-equivariance-classifier"),
        value=Stored(
            (
                "consistency of the answers under small shifts 54.5 % with max pooling, 97.4 % "
                "with the blur"
            ),
            RUN,
        ),
        quotes=(
            "max, centred 97.2 ± 0.6 40.9 ± 2.8 54.5 ± 1.1",
            "blur, centred 96.9 ± 0.6 93.3 ± 2.2 97.4 ± 0.7",
        ),
    ),
    Claim(
        "consistent-is-right",
        says="A network that answers alike to all shifts is the better network",
        said_by=(READERS,),
        verdict=FAILS,
        when=(
            "Averaging over all phases makes the answers perfectly consistent, and after "
            "centred training wrong more often."
        ),
        decided_by=("cor-equivariance-phases",),
        value=Stored(
            "accuracy 97.2 % in the trained phase, 80.1 ± 8.2 % averaged over sixteen", RUN
        ),
        quotes=(
            "max pooling, centred averaged over phases: accuracy 80.1 ± 8.2",
            "**Consistency is not accuracy.**",
        ),
    ),
    Claim(
        "report-not-equivariant",
        says="PyTorch's convolution is not translation equivariant",
        said_by=(READERS,),
        verdict=FAILS,
        when=(
            "Reported with a picture. The two strips have the same numbers; the plot drew "
            "every third pixel, which is a stride."
        ),
        decided_by=("fig-equivariance-report",),
        quotes=("The convolution gives both strips the same numbers.",),
    ),
)
