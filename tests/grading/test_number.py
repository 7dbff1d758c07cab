from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy
import torch

from cnncourse.check import Outcome
from cnncourse.exercises import exercises
from cnncourse.grading.kinds import Misconception, Number
from cnncourse.grading.quantities import as_quantity

EXERCISE = Number(
    id="toy.memory",
    title="Memory",
    value=12.5,
    tolerance=0.05,
    unit="MiB",
    hints=("Count bytes.", "Divide."),
    misconceptions=(
        Misconception("half precision", "Four bytes, not two.", 6.25),
        Misconception("gradients counted", "Only the weights.", 25.0),
    ),
)


PYTHON_AND_SYMPY = [12.5, 12.46, Fraction(25, 2), sympy.Rational(25, 2), sympy.Float(12.5)]
NUMPY_AND_TORCH = [np.float32(12.5), np.array([12.5]), torch.tensor(12.5), torch.tensor([12.5])]
TEXTS = ["12.5", " 12.5 ", "25/2", "12,5", "1.25e1", "12.5 MiB", "12.5MiB", "≈ 12.5", "5 × 2.5"]
OTHERS = [Decimal("12.5"), 12.5 + 0j, (12.5,), [12.5], sympy.sqrt(sympy.Rational(625, 4))]


@pytest.mark.parametrize("answer", [*PYTHON_AND_SYMPY, *NUMPY_AND_TORCH, *TEXTS, *OTHERS])
def test_every_way_to_write_a_number_within_the_tolerance_is_right(answer):
    assert EXERCISE.judge(answer).outcome is Outcome.RIGHT


def test_a_number_just_outside_the_tolerance_is_wrong_and_the_value_is_not_shown():
    verdict = EXERCISE.judge(12.56)
    assert verdict.outcome is Outcome.WRONG
    assert "12.5\n" not in str(verdict) + "\n"
    assert verdict.evidence == "received 12.56"


def test_without_a_tolerance_integers_are_exact_and_floats_forgive_rounding():
    exact = Number(id="toy.n", title="n", value=123_456_789, hints=("a.", "b."), misconceptions=())
    assert exact.judge(123_456_789.0).outcome is Outcome.RIGHT
    assert exact.judge(123_456_790).outcome is Outcome.WRONG
    for text in ("123,456,789", "123_456_789", "123 456 789", "123.456789e6"):
        assert exact.judge(text).outcome is Outcome.RIGHT
    tenths = Number(id="toy.t", title="t", value=0.3, hints=("a.", "b."), misconceptions=())
    for answer in (0.1 + 0.2, torch.tensor(0.3), torch.tensor(0.3).item(), "3/10", np.float16(0.3)):
        assert tenths.judge(answer).outcome is Outcome.RIGHT
    assert tenths.judge(0.30001).outcome is Outcome.WRONG


@pytest.mark.parametrize("misconception", EXERCISE.misconceptions, ids=lambda m: m.name)
def test_a_listed_mistake_is_named_and_gets_its_hint(misconception):
    verdict = EXERCISE.judge(misconception.answer)
    assert (verdict.name, verdict.message) == (misconception.name, misconception.hint)


def test_a_listed_wrong_number_is_known_when_it_was_rounded():
    factor = Number(
        id="toy.factor",
        title="Factor",
        value=3136,
        hints=("a.", "b."),
        misconceptions=(
            Misconception("area of the kernel", "Not this.", 3136 / 9),
            Misconception("one too many", "Nor this.", 3137),
        ),
    )
    for answer in (348, 348.4, 348.44, 349):
        assert factor.judge(answer).name == "area of the kernel"
    for answer in (347, 350, 3135, 3136.5, 3138):
        assert factor.judge(answer).name == ""
    assert factor.judge(3137).name == "one too many"


NUMBERS = [exercise for exercise in exercises() if isinstance(exercise, Number)]


@pytest.mark.parametrize("exercise", NUMBERS, ids=lambda e: e.id)
def test_rounding_never_reaches_the_right_number_or_another_listed_one(exercise):
    listed = {m.name: m.answer for m in exercise.misconceptions}
    for name, target in listed.items():
        for other in {exercise.value, *listed.values()} - {target}:
            for number in (other, (target + other) / 2):
                assert exercise.judge(number).name != name, number


@pytest.mark.parametrize("answer", [12.5 * 1024, 12.5 * 1024**2, 12.5 / 1024, 12.5e3])
def test_the_right_number_in_another_unit_is_told_so(answer):
    verdict = EXERCISE.judge(answer)
    assert verdict.name == "wrong unit"
    assert "MiB" in verdict.message


@pytest.mark.parametrize(
    ("unit", "answer", "name"),
    [
        ("weights", 9_000, ""),
        ("weights", 900, ""),
        ("weights", 90, "wrong unit"),  # thousands
        ("weights", 0.09, "wrong unit"),  # millions
        ("weights", 90_000 / 1024, ""),
        ("weights", 90_000 * 8, ""),
        ("percent", 900, "wrong unit"),
        ("percent", 9_000, ""),
        ("bytes", 90_000 * 8, "wrong unit"),
        ("bytes", 9_000, ""),
    ],
)
def test_the_unit_is_blamed_only_where_the_number_is_right_in_another(unit, answer, name):
    count = Number(
        id="toy.c", title="c", value=90_000, unit=unit, hints=("a.", "b."), misconceptions=()
    )
    assert count.judge(answer).name == name


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("many", "the text 'many'"),
        ("12.5 GiB", "the text '12.5 GiB'"),
        ("1.2.5", "the text '1.2.5'"),
        ("12.5 or 13", "the text '12.5 or 13'"),
        ("1/0", "the text '1/0'"),
        ("", "the text ''"),
        (True, "the bool True"),
        (torch.zeros(2), "a tensor of shape (2,)"),
        ([12.5, 3], "a list"),
        (3 + 1j, "the complex"),
        (sympy.Symbol("x"), "a Symbol"),
        (float("nan"), "NaN"),
    ],
)
def test_what_is_no_number_is_wrong_and_the_message_says_what_was_passed(answer, words):
    verdict = EXERCISE.judge(answer)
    assert verdict.outcome is Outcome.WRONG
    assert words in verdict.message


def test_an_infinite_answer_is_wrong():
    assert EXERCISE.judge(float("inf")).outcome is Outcome.WRONG


def test_an_ellipsis_is_not_attempted():
    assert EXERCISE.judge(...).outcome is Outcome.NOT_ATTEMPTED


WORDS_AROUND = [
    *("12.5 MiB of weights", "about 12.5", "a size of 12.5 (MiB).", "5 x 2.5", "25 → 12.5"),
    *("12.5-fold", "12.5x", "×12.5", "2.5(3 + 2) MiB", "25/√4 MiB", "100/2³ MiB"),
]


@pytest.mark.parametrize("answer", WORDS_AROUND)
def test_words_around_a_number_are_left_out(answer):
    assert EXERCISE.judge(answer).outcome is Outcome.RIGHT


@pytest.mark.parametrize(
    ("answer", "unit", "value"),
    [
        ("150.528k", "weights", 150_528),
        ("0.150528 million weights", "weights", 150_528),
        ("304 MMACs", "multiply-accumulates", 304_000_000),
        ("2¹⁶ paths", "paths", 65_536),
        ("304 MACs", "multiply-accumulates", 304),
        ("408 pictures/s", "pictures a second", 408),
        ("62.5%", "", 0.625),
        ("62.5 per cent", "", 0.625),
        ("62.5%", "percent", 62.5),
    ],
)
def test_words_that_scale_a_number_are_heeded(answer, unit, value):
    assert as_quantity(answer, unit) == value


@pytest.mark.parametrize(
    ("answer", "unit"),
    [
        *(("62.5 %", "weights"), ("12.5 MB", "percent"), ("12.5 GiB of weights", "MiB")),
        *(("4 squared", ""), ("half of 8", ""), ("4C", ""), ("4 *", ""), ("3 or 4 taps", "taps")),
    ],
)
def test_what_changes_a_number_in_another_way_is_not_left_out(answer, unit):
    with pytest.raises(ValueError, match="You passed the text"):
        as_quantity(answer, unit)
