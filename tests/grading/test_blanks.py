import pytest

from cnncourse.check import Outcome
from cnncourse.grading.expressions import read
from cnncourse.grading.kinds import Blanks, Misconception

ONE = Blanks(
    id="toy.gap",
    title="Gap",
    variables=("i", "m", "stride"),
    blanks={"index": "i * stride + m"},
    hints=("a.", "b."),
    misconceptions=(Misconception("kernel flipped", "Forwards.", "i * stride - m"),),
)
TWO = Blanks(
    id="toy.gaps",
    title="Gaps",
    variables=("i", "m", "n"),
    blanks={"1": "i - m", "2": "n % 3"},
    hints=("a.", "b."),
    misconceptions=(
        Misconception("sign", "Minus.", {"1": "i + m"}),
        Misconception("quotient", "The rest, not the quotient.", {"2": "n // 3"}),
    ),
)


NOTATIONS = [
    *("i*stride+m", "m + stride * i", "−(-m) + stride*i", "i·stride + m", "i × stride + m"),
    *("stride i + m", "stride(i) + m", "(i)(stride)+m", "[i * stride] + m", "j = i*stride + m"),
    *("2i stride / 2 + m", "i^1 * stride + m", "istride + m", "m + (i/2) * 2stride"),
]


@pytest.mark.parametrize("answer", NOTATIONS)
def test_every_equivalent_expression_is_right(answer):
    for written in (answer, {"index": answer}, {"Index ": answer}, {"gap": answer}, (answer,)):
        assert ONE.judge(written).outcome is Outcome.RIGHT


GROWTH = Blanks(
    id="toy.growth",
    title="Growth",
    variables=("k0", "k", "l"),
    blanks={"channels": "k0 + (l - 1) * k"},
    hints=("a.", "b."),
    misconceptions=(),
)
GROWING = [
    *("k0 + k(l-1)", "k_0 + k(l-1)", "k₀ + (l−1)k", r"$k_0 + (l-1)\cdot k$", "k0 + kl - k"),
    *("k*l + k0 - k", "k0+(l-1)*k", "k0 + k·(l − 1)", "k0 + [l-1]k", "(k0+kl)-k", "k0 + k*l - 1k"),
]


@pytest.mark.parametrize("answer", GROWING)
def test_a_name_with_an_index_and_products_without_a_sign_are_read(answer):
    assert GROWTH.judge(answer).outcome is Outcome.RIGHT


def test_several_gaps_are_all_needed():
    assert TWO.judge({"1": "-m + i", "2": "n - 3 * (n // 3)"}).outcome is Outcome.RIGHT
    assert TWO.judge({1: "i - m", 2: "n % 3"}).outcome is Outcome.RIGHT
    assert TWO.judge(("i - m", "n % 3")).outcome is Outcome.RIGHT
    assert TWO.judge({"a": "i - m", "b": "n % 3"}).outcome is Outcome.RIGHT
    assert TWO.judge({"2": "n % 3", "first": "i - m"}).outcome is Outcome.NOT_ATTEMPTED
    assert TWO.judge(["i - m", ...]).outcome is Outcome.NOT_ATTEMPTED
    assert TWO.judge(("i - m", "n % 3", "i")).outcome is Outcome.WRONG
    assert TWO.judge({"1": "i - m"}).outcome is Outcome.NOT_ATTEMPTED
    assert TWO.judge({"1": "i - m", "2": ...}).outcome is Outcome.NOT_ATTEMPTED


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ({"1": "m + i", "2": "n % 3"}, "sign"),
        ({"1": "i - m", "2": "n // 3"}, "quotient"),
        ({"1": "i + m", "2": "n"}, "sign"),
        ({"1": "i", "2": "n % 3"}, ""),
        ("i - m", "wrong type"),
    ],
)
def test_a_listed_mistake_in_one_gap_is_named(answer, name):
    verdict = TWO.judge(answer)
    assert verdict.outcome is Outcome.WRONG
    assert verdict.name == name


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("i +", "cannot read"),
        ("i + q", "q is not among the variables i, m, stride"),
        ("__import__('os').getcwd()", "__import__ is not among the variables"),
        ("i.real", "`.real` is no arithmetic"),
        ("9^9^9^9^9", "too large"),
        ("i/2m", "under the stroke"),
        ("1 2", "a sign is missing between 1 and 2"),
        ("i // (m - m)", "divides by zero"),
        (object, "cannot read"),
    ],
)
def test_what_cannot_be_read_says_why(answer, words):
    verdict = ONE.judge(answer)
    assert verdict.outcome is Outcome.WRONG
    assert words in verdict.message


def test_an_ellipsis_is_not_attempted():
    assert ONE.judge(...).outcome is Outcome.NOT_ATTEMPTED
    assert TWO.judge({"1": ..., "2": ...}).outcome is Outcome.NOT_ATTEMPTED


def test_a_key_that_is_no_gap_is_named_where_a_gap_is_empty():
    message = TWO.judge({"2": "n % 3", "first": "i - m"}).message
    assert message == "Gap 1 is still empty. There is no gap `first`."


def test_roots_without_brackets_and_greek_letters_are_read():
    assert read("64·√16")({}) == 256
    assert read("√k C + √(k)", ["k", "C"])({"k": 9, "C": 2}) == 9
    assert read("(2n - ρk²)/(ρ - 4)", ["n", "k", "rho"])({"n": 7, "k": 1, "rho": 6}) == 4
    with pytest.raises(ValueError, match="sqrt"):
        read("√kC", ["k", "C"])  # the root of which?


def test_an_x_between_numbers_multiplies_unless_it_is_a_variable():
    assert read("224 x 224x3")({}) == 224 * 224 * 3
    assert read("2 x", ["x"])({"x": 5}) == read("(x + 1) x - 20", ["x"])({"x": 5}) == 10


def test_an_exponent_may_have_several_digits():
    assert read("2¹⁶ + n²", ["n"])({"n": 3}) == 65_545
