import math
from fractions import Fraction

import numpy as np
import pytest
import sympy
import torch

from cnncourse.check import Outcome
from cnncourse.grading.kinds import Formula, Misconception, integer

EXERCISE = Formula(
    id="toy.weights",
    title="Weights",
    signature="weights(channels, k)",
    oracle=lambda channels, k: channels * k * k + channels,
    cases=lambda: [(1, 1), (2, 3), *((integer(1, 9), integer(1, 9)) for _ in range(6))],
    hints=("Kernel entries.", "And a bias."),
    misconceptions=(
        Misconception("bias forgotten", "Add one bias a channel.", lambda c, k: c * k * k),
        Misconception("one bias for all", "Each channel has one.", lambda c, k: c * k * k + 1),
    ),
)
channels, k = sympy.symbols("channels k")


@pytest.mark.parametrize(
    "answer",
    [
        lambda channels, k: channels * (k**2 + 1),
        lambda c, size: c * size * size + c,
        lambda k, channels: channels * k * k + channels,  # told apart by their names
        channels * (k**2 + 1),
        sympy.floor(channels * k**2 + channels),
        sympy.Symbol("channels", positive=True) * (k**2 + 1),
        sympy.Lambda((channels, k), channels * (k**2 + 1)),
        lambda channels, k: torch.tensor(channels * k * k + channels),
        lambda channels, k: torch.tensor(1.0 * channels * k * k + channels),
        lambda channels, k: np.float32(channels * k * k + channels),
        lambda channels, k: np.array([channels * k * k + channels]),
        lambda channels, k: Fraction(channels * k * k + channels),
        lambda channels, k: str(channels * k * k + channels),
        lambda channels, k: f"{channels * k * k + channels:,}",
        lambda channels, k: complex(channels * k * k + channels),
        "channels * (k**2 + 1)",
        "channels k^2 + channels",
        "channels(k² + 1)",
        "weights = channels·k·k + channels",
        "floor(channels*k*k + channels)",
    ],
)
def test_every_equivalent_form_is_right(answer):
    assert EXERCISE.judge(answer).outcome is Outcome.RIGHT


@pytest.mark.parametrize("answer", [channels * k**2, lambda c, k: c * k**2])
def test_a_mistake_is_named_in_either_notation(answer):
    assert EXERCISE.judge(answer).name == "bias forgotten"


def test_the_evidence_is_a_point_with_both_values():
    evidence = EXERCISE.judge(lambda channels, k: channels).evidence
    assert "channels = 1, k = 1" in evidence
    assert "expected 2, received 1" in evidence


def test_an_unknown_variable_is_named():
    verdict = EXERCISE.judge(channels * sympy.Symbol("q"))
    assert "contains `q`" in verdict.message
    assert "`channels`, `k`" in verdict.message
    assert "q is not among the variables channels, k" in EXERCISE.judge("channels * q").message


ROOT = Formula(
    id="toy.root",
    title="Root",
    signature="root(L, k)",
    oracle=lambda L, k: math.sqrt(L * (k * k - 1) / 12),
    cases=lambda: [(1, 3), (4, 3), (7, 5)],
    hints=("a.", "b."),
    misconceptions=(),
)


@pytest.mark.parametrize(
    "answer",
    [
        lambda L, k: torch.sqrt(torch.tensor(L * (k * k - 1) / 12)),
        lambda L, k: torch.sqrt(torch.tensor(L * (k * k - 1) / 12)).item(),
        lambda L, k: 2 * torch.sqrt(torch.tensor(L * (k * k - 1) / 48)).item(),
        lambda L, k: np.sqrt(np.float32(L * (k * k - 1) / 12)),
        lambda L, k: (L * (k * k - 1) / 12) ** 0.5,
        "sqrt(L(k^2-1)/12)",
        "exp(ln(L(k^2-1)/12)/2)",
        sympy.sqrt(sympy.Symbol("L") * (sympy.Symbol("k") ** 2 - 1) / 12),
    ],
)
def test_a_formula_is_compared_at_the_precision_of_the_course(answer):
    assert ROOT.judge(answer).outcome is Outcome.RIGHT


def test_the_evidence_has_as_many_digits_as_it_takes_to_see_the_difference():
    evidence = ROOT.judge(lambda L, k: math.sqrt(L * (k * k - 1) / 12) + 9e-7).evidence
    assert "expected 0.8164966, received 0.8164975" in evidence


def test_a_constant_expression_is_judged_like_any_other():
    assert EXERCISE.judge(sympy.Integer(2)).outcome is Outcome.WRONG


def test_stubs_are_not_attempted():
    def weights(k, channels):
        """Count."""
        ...

    assert EXERCISE.judge(weights).outcome is Outcome.NOT_ATTEMPTED
    assert EXERCISE.judge(...).outcome is Outcome.NOT_ATTEMPTED


def test_division_by_zero_is_a_crash_or_a_wrong_value_but_never_an_error_of_ours():
    assert EXERCISE.judge(lambda channels, k: 1 / (k - k)).outcome is Outcome.CRASHED
    assert EXERCISE.judge(channels / (k - 1)).outcome in (Outcome.CRASHED, Outcome.WRONG)
