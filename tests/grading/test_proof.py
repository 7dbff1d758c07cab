import numpy as np
import pytest

from cnncourse.check import Outcome
from cnncourse.grading.kinds import Misconception, Proof

EXERCISE = Proof(
    id="toy.proof",
    title="Proof",
    needs={"A": "", "B": "A", "C": "A", "D": "BC"},
    superfluous="X",
    hints=("a.", "b."),
    misconceptions=(
        Misconception("end first", "D is what is to be shown.", "DABC"),
        Misconception("B too early", "B uses A.", "BACD"),
        Misconception("X used", "X is false.", "ABCXD"),
    ),
)


STYLES = [
    *("ABCD", "ACBD", "a, c, b, d", "A → B → C → D", "A > B > C > D", "A-B-C-D", "A\nB\nC\nD"),
    *("(A, B, C, D)", "1. A 2. B 3. C 4. D", "step A, step B, step C, step D", " abcd. "),
    *(["A", "B", "C", "D"], ("a", "b", "c", "d"), ["A, B", "C, D"], np.array(["A", "B", "C", "D"])),
    *({1: "A", 2: "B", 3: "C", 4: "D"}, {4: "D", 2: "B", 3: "C", 1: "A"}),
    *({"A": 1, "C": 2, "B": 3, "D": 4}, {"first": "A", "then": "BC", "last": "D"}),
]


@pytest.mark.parametrize("answer", STYLES)
def test_every_order_that_respects_the_uses_is_right(answer):
    assert EXERCISE.judge(answer).outcome is Outcome.RIGHT


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ("DABC", "end first"),
        ("DACB", "end first"),  # breaks the same
        ("BACD", "B too early"),
        ("BADC", "B too early"),  # breaks more than the listed order, and all of it
        ("AXBCD", "X used"),
        ("DBCA", "end first"),  # of two listed mistakes the one that explains more
        ("AABCD", "step repeated"),
        ("ABCDZ", "unknown step"),
        ({1: "B", 2: "A", 3: "C", 4: "D"}, "B too early"),
        (7, "wrong type"),
        ([1, 2], "wrong type"),
    ],
)
def test_a_wrong_order_is_named_by_what_it_breaks(answer, name):
    verdict = EXERCISE.judge(answer)
    assert verdict.outcome is Outcome.WRONG
    assert verdict.name == name


def test_an_unlisted_mistake_says_which_step_came_too_early_or_is_missing():
    assert "Step C uses what step A says" in EXERCISE.judge("CABD").message
    assert "D is needed as well" in EXERCISE.judge("ABC").message


CHAIN = Proof(
    id="toy.chain",
    title="Chain",
    needs={"A": "", "B": "A", "C": "B", "D": "C", "E": "D"},
    hints=("a.", "b."),
    misconceptions=(
        Misconception("C too early", "C uses B.", "ACBDE"),
        Misconception("conclusion assumed", "It starts from what is to be shown.", "EABCD"),
    ),
)


@pytest.mark.parametrize("answer", ["EABCD", "EDCBA", "EACBD"])
def test_an_order_that_starts_from_the_conclusion_is_told_so(answer):
    assert CHAIN.judge(answer).name == "conclusion assumed"


@pytest.mark.parametrize(("answer", "used"), [("ABCED", "D"), ("ABECD", "D"), ("AEBCD", "D")])
def test_a_conclusion_that_only_comes_too_early_names_the_step_that_it_uses(answer, used):
    verdict = CHAIN.judge(answer)
    assert verdict.name == ""
    assert verdict.message == f"Step E uses what step {used} says, so {used} comes earlier."


@pytest.mark.parametrize("answer", [..., [..., ...], ["A", ..., "C", "D"]])
def test_a_gap_is_not_attempted(answer):
    assert EXERCISE.judge(answer).outcome is Outcome.NOT_ATTEMPTED


@pytest.mark.parametrize(
    "answer", ["A, B, C and D", "first A then B then C, finally D", ["A", "then B", "C", "and D"]]
)
def test_words_between_the_letters_are_left_out(answer):
    assert EXERCISE.judge(answer).outcome is Outcome.RIGHT
