"""Claims that chapter 15 decides: what group convolutions give, cost and cannot give."""

from __future__ import annotations

import torch
from torch import nn

from cnncourse.analysis.counting import count_macs
from cnncourse.analysis.equivariance import transformation_error
from cnncourse.analysis.parameters import count_parameters
from cnncourse.claims.claim import (
    ARTICLES,
    FAILS,
    HOLDS_IF,
    NOTES,
    PAPERS,
    READERS,
    Claim,
    Computed,
    Stored,
)
from cnncourse.layers.equivariant import P4, GroupConv2d, LiftingConv2d

NUMBER, TITLE = 15, "Other symmetries"
RUN = "2026-11-28"


def turned_grids() -> tuple[bool, float]:
    """Return whether a turn leaves no error at stride 2 on 9 × 9 pixels, and the one on 8 × 8."""
    torch.manual_seed(0)
    layer = LiftingConv2d(1, 2, 3, stride=2, padding=1).double()
    errors = []
    for side in (9, 8):
        x = torch.randn(2, 1, side, side, dtype=torch.float64)
        found = transformation_error(layer, x, lambda t: P4.move(t, 1), lambda t: P4.act(t, 1))
        errors.append(found.total)
    return errors[0] < 1e-12, errors[1]


def equal_weights() -> tuple[int, int, int]:
    """Return the weights of 16 planar and of 8 p4 channels, and both products for a place."""
    planar, group = nn.Conv2d(16, 16, 3, bias=False), GroupConv2d(8, 8, 3, bias=False)
    weights = count_parameters(planar).total
    assert weights == count_parameters(group).total
    work = [count_macs(planar, (1, 16, 3, 3)), count_macs(group, (1, 8, 4, 3, 3))]
    return weights, work[0], work[1]


CLAIMS = (
    Claim(
        "full-rotation-group",
        says="Group convolutions give equivariance to all rotations",
        said_by=(NOTES,),
        verdict=HOLDS_IF,
        when=(
            "In the continuum. On pixels p4 and p4m are exact for quarter turns and "
            "mirrors, and promise nothing between; steerable filters are approximate there."
        ),
        decided_by=(
            "thm-group-equivariance-angles",
            "thm-group-equivariance-harmonics",
            "fig-group-equivariance-angles",
        ),
        value=Stored(
            (
                "two p4 layers: error 0.92 at 45°, 1.3e-15 at 90°; a harmonic layer on smooth "
                "pictures 3.3e-04 at 45°"
            ),
            RUN,
        ),
        quotes=(
            "p4, two layers: 9.2e-01 at 45°, 1.3e-15 at 90°",
            "harmonic, blobs of 1.5 pixels: 3.3e-04 at 45°",
        ),
        beside=("exact-in-the-continuum",),
    ),
    Claim(
        "exact-in-the-continuum",
        says="Equivariance is exact only in the continuum",
        said_by=(NOTES,),
        verdict=FAILS,
        when=(
            "Quarter turns and mirrors are exact on the grid, with a stride if and only if "
            "no row is left over. For all other angles it is true."
        ),
        decided_by=("thm-group-equivariance-remainder",),
        value=Computed(
            turned_grids,
            "a layer of stride 2, turned and not, agrees to rounding on 9×9 pixels: {0}; "
            "on 8×8 its error is {1:.1f}",
        ),
        quotes=("For p4 and p4m, equivariance on the grid is exact.",),
    ),
    Claim(
        "equal-weights-equal-cost",
        says="A group convolution with as many weights costs as much as a planar one",
        said_by=(PAPERS, NOTES),
        verdict=FAILS,
        when="The work is as many times as large as the group.",
        decided_by=("prop-group-equivariance-cost",),
        value=Computed(equal_weights, "{0:,} weights each; {1:,} against {2:,} products a place"),
        quotes=("planar 16 {0} {1} 16", "p4, equal weights 8 {0} {2} 32"),
    ),
    Claim(
        "passes-equivariance-test",
        says="A network that passes a test of equivariance is equivariant",
        said_by=(READERS,),
        verdict=HOLDS_IF,
        when=(
            "If it is tested after training or with random norms. A norm for every plane "
            "passes before training and fails behind it."
        ),
        decided_by=("prop-group-equivariance-parts",),
        value=Stored("error 1e-16 before training, 0.2 after", RUN),
        quotes=("for each plane: error 1e-16 before training, 2e-01 after",),
    ),
    Claim(
        "augmentation-suffices",
        says="Augmentation makes equivariant layers superfluous",
        said_by=(ARTICLES, READERS),
        verdict=FAILS,
        when=(
            "Not here: at equal work turned copies stayed some points behind, and one digit "
            "in eight had several answers. More training may close the first; only the "
            "group guarantees the second."
        ),
        decided_by=("fig-group-equivariance-accuracy",),
        value=Stored(
            (
                "turned digits: p4 97.8 ± 0.8 %, turned copies at equal work 92.9 ± 0.3 %; one "
                "answer in all poses 100 % and 87.8 %"
            ),
            RUN,
        ),
        quotes=(
            "the same, equal work 94.1 ± 0.5 92.9 ± 0.3 87.8 ± 1.0",
            "p4, upright 97.8 ± 0.8 97.8 ± 0.8 100.0 ± 0.0",
        ),
    ),
    Claim(
        "invariance-good",
        says="Invariance is always good",
        said_by=(ARTICLES, READERS),
        verdict=FAILS,
        when="Not where the pose is the answer.",
        decided_by=("prop-group-equivariance-pool",),
        value=Stored(
            (
                "an invariant network finds the pose of four in 25.0 % of the cases, the same "
                "layers without the last pooling in 93.3 %"
            ),
            RUN,
        ),
        quotes=(
            "which way is up? p4, invariant 25.0",
            "which way is up? p4, planes as scores, upright only 93.3, 93.3, 92.4",
        ),
    ),
    Claim(
        "six-and-nine",
        says="A rotation-equivariant network confuses 6 and 9",
        said_by=(ARTICLES, READERS),
        verdict=HOLDS_IF,
        when=(
            "If a nine is a turned six: then it gets at least half of the nines wrong. "
            "Handwritten ones are not."
        ),
        decided_by=("prop-group-equivariance-pool",),
        value=Stored(
            (
                "1.1, 2.2 and 1.1 % of handwritten sixes and nines are confused, by a planar "
                "network none"
            ),
            RUN,
        ),
        quotes=("6 and 9 confused p4, upright 1.1, 2.2, 1.1",),
    ),
)
