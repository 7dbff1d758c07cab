import numpy as np
import pytest
import torch

from cnncourse.check import Outcome
from cnncourse.grading.kinds import Choice, Misconception

EXERCISE = Choice(
    id="toy.pick",
    title="Pick",
    options="abc",
    reasons="123",
    correct=("b", 2),
    hints=("a.", "b."),
    misconceptions=(
        Misconception("option a", "Not a.", "a"),
        Misconception("a for reason 3", "Not a, and 3 is odd.", ("a", 3)),
        Misconception("reason 1", "1 does not lead to b.", ("b", 1)),
    ),
)


PAIRS = [
    *(("b", 2), ["B", "2"], (" b ", 2), ("b", 2.0), (2, "b"), ("b", np.int64(2)), {"b", 2}),
    *("b2", "b, 2", "b)2.", "(b, 2)", "('b', 2)", "b 2.0", "option b because of reason 2"),
    *(
        {"option": "b", "reason": 2},
        {"pick": "b", "why": 2},
        {"b": 2},
        ("b", torch.tensor(2)),
        np.array(["b", "2"]),
    ),
]


@pytest.mark.parametrize("answer", PAIRS, ids=lambda a: repr(a) if type(a) is not set else "a set")
def test_both_parts_right_is_right_however_it_is_written(answer):
    assert EXERCISE.judge(answer).outcome is Outcome.RIGHT


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (("a", 1), "option a"),
        (("a", 2), "option a"),
        (("a", 3), "a for reason 3"),
        (("b", 1), "reason 1"),
        (("b", 3), "right choice, wrong reason"),
        (("c", 1), ""),
        (("d", 1), "not on offer"),
        (("b", 7), "not on offer"),
        (("b", 12), "not on offer"),
        ((1.0, "b"), "reason 1"),
        ("(b, 1)", "reason 1"),
        (7, "wrong type"),
        ("", "wrong type"),
        (("b", 1.5), "wrong type"),
        (("b", True), "wrong type"),
        (("b", 1, 2), "wrong type"),
        ("a or b, 2", "wrong type"),
        ("not b, 2", "wrong type"),
    ],
)
def test_a_wrong_pair_gets_the_most_particular_name(answer, name):
    verdict = EXERCISE.judge(answer)
    assert verdict.outcome is Outcome.WRONG
    assert verdict.name == name


@pytest.mark.parametrize("answer", [..., (..., ...), ("b", ...), "b", ("b",)])
def test_a_missing_part_is_not_attempted(answer):
    assert EXERCISE.judge(answer).outcome is Outcome.NOT_ATTEMPTED
