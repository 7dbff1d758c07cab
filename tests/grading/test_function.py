import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnncourse.check import Outcome, grade
from cnncourse.grading.compare import difference
from cnncourse.grading.kinds import CONVOLUTIONS, Function, Misconception, real, whole


def row_sums(x, scale):
    return scale * x.sum(dim=1)


EXERCISE = Function(
    id="toy.row_sums",
    title="Row sums",
    signature="row_sums(x, scale)",
    oracle=row_sums,
    cases=lambda: [(whole(1, 2), 2), (whole(3, 2), 3), (real(4, 5), 0.5)],
    hints=("One number a row.", "Sum over the columns."),
    misconceptions=(
        Misconception("columns summed", "Rows, not columns.", lambda x, s: s * x.sum(dim=0)),
        Misconception("scale forgotten", "Multiply by the scale.", lambda x, s: x.sum(dim=1)),
    ),
    forbidden=("einsum",),
    loops=False,
    insight="Sums are cheap.",
)


@pytest.fixture(autouse=True)
def _registered(register):
    register(EXERCISE)


def judged(answer, **settings):
    return grade("toy.row_sums", answer, **settings)


def test_another_way_to_the_same_values_is_right_and_says_why_it_matters():
    verdict = judged(lambda x, scale: (x * scale) @ x.new_ones(x.shape[1]))
    assert verdict.outcome is Outcome.RIGHT
    assert verdict.message == "Sums are cheap."


@pytest.mark.parametrize("misconception", EXERCISE.misconceptions, ids=lambda m: m.name)
def test_a_listed_mistake_is_named_whoever_wrote_it(misconception):
    verdict = judged(misconception.answer)
    assert (verdict.name, verdict.message) == (misconception.name, misconception.hint)


def test_the_evidence_is_the_smallest_failing_input_with_both_values():
    verdict = judged(lambda x, scale: row_sums(x, scale) + (x.shape[0] > 1))
    first, shown, *rest = verdict.evidence.splitlines()
    assert first == "Smallest input that fails:"
    assert shown.startswith("  x = [[")
    assert shown.endswith("scale = 3")  # the second case; the first has one row
    assert rest[0].startswith("entry [0]: expected ")
    assert rest[1] == "3 of 3 entries differ"


def test_a_wrong_shape_shows_both_shapes():
    verdict = judged(lambda x, scale: row_sums(x, scale)[:, None])
    assert "expected shape (1,), received (1, 1)" in verdict.evidence


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda out: None if out.numel() else 0, "nothing returned"),
        (lambda out: "text", "wrong type"),
        (lambda out: out * float("nan"), "NaN in the result"),
        (lambda out: out * 0, "all zeros"),
        (lambda out: out.long() if out.equal(out.round()) else out.round().long(), "whole numbers"),
        (lambda out: out.to(torch.complex128), "complex result"),
        (lambda out: (out + 1).to(torch.complex128), ""),
    ],
)
def test_results_that_are_no_results_are_named(change, name):
    verdict = judged(lambda x, scale: change(row_sums(x, scale)))
    assert verdict.outcome is Outcome.WRONG
    assert verdict.name == name
    assert verdict.message


STYLES = [
    lambda x, scale: (scale * x.sum(dim=1)).float(),
    lambda x, scale: (scale * x.sum(dim=1)).double(),
    lambda x, scale: (scale * x.sum(dim=1)).numpy(),
    lambda x, scale: scale * np.asarray(x).sum(axis=1),
    lambda x, scale: (scale * x.sum(dim=1)).tolist(),
    lambda x, scale: tuple(scale * x.sum(dim=1)),
    lambda x, scale: x @ torch.full((x.shape[1],), float(scale)),  # in float32 alone
    lambda x, scale: torch.tensor([scale * float(row.sum()) for row in x]),
]


@pytest.mark.parametrize("answer", STYLES)
def test_any_dtype_and_container_of_the_right_values_is_right(answer, register):
    register(dataclasses.replace(EXERCISE, loops=True))
    assert judged(answer).outcome is Outcome.RIGHT


def test_an_answer_has_to_work_in_the_dtype_of_the_course():
    verdict = judged(lambda x, scale: x @ x.new_full((x.shape[1],), scale, dtype=torch.float64))
    assert verdict.outcome is Outcome.CRASHED
    assert verdict.evidence.startswith("Smallest input that fails, in float32:")


def test_whole_numbers_in_place_of_real_ones_are_wrong_where_every_value_is_whole(register):
    register(dataclasses.replace(EXERCISE, cases=lambda: [(whole(2, 3), 2)]))
    assert judged(lambda x, scale: row_sums(x, scale).long()).name == "whole numbers"


def test_a_listed_mistake_in_another_dtype_is_still_the_listed_mistake():
    verdict = judged(lambda x, scale: x.sum(dim=1).float())
    assert verdict.name == "scale forgotten"


def correlate(x, weight):
    return F.conv2d(x[None, None], weight[None, None])[0, 0]


@pytest.fixture
def correlation(register):
    """An exercise whose first case, 1 by 1, does not tell a flip from the right answer."""
    exercise = Function(
        id="toy.correlate",
        title="Correlate",
        signature="correlate(x, weight)",
        oracle=correlate,
        cases=lambda: [
            (whole(1, 1), whole(1, 1)),
            (whole(2, 3), whole(2, 2)),
            (whole(4, 3), whole(2, 2)),
        ],
        hints=("a.", "b."),
        misconceptions=(
            Misconception("flipped", "Do not flip.", lambda x, w: correlate(x, w.flip(0, 1))),
        ),
    )
    register(exercise)
    return exercise


def windows(combine, short=0):
    """Return a loop over windows, some rows too short, that does not ask for the input's dtype."""

    def answer(x, weight):
        k = len(weight)
        y = torch.zeros(x.shape[0] - k + 1, x.shape[1] - k + 1)
        for i in range(y.shape[0] - short):
            for j in range(y.shape[1]):
                y[i, j] = combine(x[i : i + k, j : j + k], weight)
        return y

    return answer


def test_a_crash_is_told_where_the_cases_before_it_do_not_show_a_listed_mistake(correlation):
    verdict = grade(correlation.id, windows(lambda window, weight: window * weight))
    assert verdict.outcome is Outcome.CRASHED
    assert "`y[i, j] = combine" in verdict.message
    assert len(verdict.evidence.splitlines()) == 2


@pytest.mark.parametrize(
    "combine",
    [
        lambda window, weight: (window @ weight).sum(),
        lambda window, weight: window.sum() * weight.sum(),
    ],
    ids=["matrix product", "product of sums"],
)
def test_wrong_values_are_told_as_such(correlation, combine):
    verdict = grade(correlation.id, windows(combine))
    assert verdict.outcome is Outcome.WRONG
    assert verdict.name == ""
    assert "right" not in verdict.message
    assert "expected" in verdict.evidence


def test_a_table_of_zeros_need_not_ask_for_the_dtype(correlation):
    verdict = grade(correlation.id, windows(lambda window, weight: (window * weight).sum()))
    assert verdict.outcome is Outcome.RIGHT


def test_a_loop_that_is_one_short_is_not_all_zeros(correlation):
    verdict = grade(correlation.id, windows(lambda w, weight: (w * weight).sum(), short=1))
    assert verdict.outcome is Outcome.WRONG
    assert verdict.name == ""
    nothing = grade(correlation.id, windows(lambda w, weight: (w * weight).sum(), short=9))
    assert nothing.name == "all zeros"


def test_the_evidence_of_a_listed_mistake_is_a_case_that_shows_it(correlation):
    verdict = grade(correlation.id, windows(lambda window, w: (window * w.flip(0, 1)).sum()))
    assert verdict.name == "flipped"
    assert "entry [0, " in verdict.evidence
    assert "x = [[" in verdict.evidence
    assert verdict.evidence.count(",") > 4  # more than one entry each: the 1 by 1 case shows none


ONES = torch.ones(2).double()
SAME = [
    *(((3, 4), [3, 4]), ((3, 4), torch.Size([3, 4])), ((3, 4), np.array([3, 4]))),
    *(((3, 4), torch.tensor([3, 4])), ((3, 4), {"rows": 3, "columns": 4}), ((3, 4), range(3, 5))),
    *(((3, 4), iter([3, 4])), ((3, 4), (3.0, Fraction(4))), ([1, 2], ("1", "2"))),
    *((({"a": 3}, {"a": 3}), ({"a": 3, "b": 4}, (3, 4)), ({"a": 3, "b": 4}, {"b": 4, "a": 3}))),
    *(({1, 2}, [2, 1]), ({1, 2}, torch.tensor([1, 2])), ({1, 2}, {1, 2}), (frozenset({1}), {1})),
    *(((ONES, ONES), [np.ones(2), [1, 1.0]]), (ONES, (torch.tensor(1.0), torch.tensor(1.0)))),
    *((ONES[0], 1), (ONES[0], 1.0), (ONES[0], np.float32(1)), (True, torch.tensor(True))),
    *((1 / 3, Fraction(1, 3)), (1 / 3, np.float16(1 / 3)), (12, "12"), (0.5, "1/2")),
    *((torch.tensor([1, 2]), [1, 2]), (torch.tensor([1, 2]), torch.tensor([1.0, 2.0]))),
    *((math.inf, math.inf), (torch.tensor([math.inf, math.nan]), np.array([np.inf, np.nan]))),
]
DIFFERENT = [
    *(((3, 4), (4, 3)), ((3, 4), (3,)), ((3, 4), 3), ((3, 4), {3, 4}), ((3, 4), iter([3, 4, 5]))),
    *(({"a": 3, "b": 4}, {"a": 4, "b": 3}), ({1, 2}, [1]), ({1, 2}, 3), (3, (3,)), (3, [3])),
    *((ONES, ONES[None]), (ONES, torch.ones(2).bool()), (ONES, [[1], [1, 1]]), (ONES, "text")),
    *((10**6, 10**6 + 1), (10**6, 10**6 + 0.5), (1 / 3, 0.33333), (12, "12b"), (12, True)),
    *((torch.tensor([10**6]), torch.tensor([10**6 + 1.0])), (math.inf, 1e300), (5, 10**400)),
]


@pytest.mark.parametrize(("expected", "received"), SAME)
def test_values_agree_however_they_are_held(expected, received):
    assert difference(received, expected) is None


@pytest.mark.parametrize(("expected", "received"), DIFFERENT)
def test_other_values_do_not_agree(expected, received):
    found = difference(received, expected)
    assert found.message or found.evidence


def test_right_values_with_a_changed_input_are_wrong():
    def careless(x, scale):
        x *= scale
        return x.sum(dim=1)

    verdict = judged(careless)
    assert verdict.outcome is Outcome.WRONG
    assert verdict.name == "input changed in place"
    assert "x.clone()" in verdict.message


def test_a_changed_list_gets_the_advice_for_a_list(register):
    product = Function(
        id="toy.product",
        title="Product",
        signature="product(factors)",
        oracle=math.prod,
        cases=lambda: [([2, 3],), ([4, 5, 6],)],
        hints=("a.", "b."),
        misconceptions=(),
    )
    register(product)

    def popping(factors):
        result = 1
        while factors:
            result *= factors.pop()
        return result

    verdict = grade("toy.product", popping)
    assert verdict.name == "input changed in place"
    assert "the list" in verdict.message
    assert "tensor" not in verdict.message


def test_a_loss_without_gradient_is_wrong_where_gradients_are_asked_for(register):
    loss = Function(
        id="toy.loss",
        title="Loss",
        signature="loss(scores, labels)",
        oracle=F.cross_entropy,
        cases=lambda: [(real(3, 4), torch.tensor([0, 3, 1]))],
        hints=("a.", "b."),
        misconceptions=(),
        gradients=True,
    )
    register(loss)
    right = [
        F.cross_entropy,
        lambda s, y: -s.log_softmax(1)[torch.arange(len(y)), y].mean(),
        lambda s, y: (s.logsumexp(1) - s.gather(1, y[:, None])[:, 0]).mean(),
    ]
    wrong = [
        lambda s, y: F.cross_entropy(s, y).item(),
        lambda s, y: F.cross_entropy(s, y).detach(),
        lambda s, y: F.cross_entropy(s.detach(), y),
        lambda s, y: torch.tensor(F.cross_entropy(s, y).numpy()),
        lambda s, y: F.cross_entropy(s, y) + 0 * s.sum() + (s - s.detach()).sum(),
    ]
    assert all(grade("toy.loss", answer).outcome is Outcome.RIGHT for answer in right)
    assert all(grade("toy.loss", answer).name == "gradient cut" for answer in wrong)


def test_a_crash_quotes_the_learners_line_and_the_error():
    def crashing(x, scale):
        y = x.sum(dim=1)
        return y.transpose(0, 1)

    verdict = judged(crashing)
    assert verdict.outcome is Outcome.CRASHED
    assert "`return y.transpose(0, 1)`, raised IndexError: Dimension out of range" in (
        verdict.message
    )
    assert "Traceback" not in str(verdict)


def test_a_crash_inside_torch_is_blamed_on_the_line_that_called_it():
    def crashing(x, scale):
        return F.unfold(x, 2)

    assert "`return F.unfold(x, 2)`, raised" in judged(crashing).message


def test_a_mistake_is_named_even_when_a_later_case_crashes():
    def unscaled_and_fragile(x, scale):
        assert x.shape[0] < 4
        return x.sum(dim=1)

    assert judged(unscaled_and_fragile).name == "scale forgotten"


def test_an_exit_is_a_crash():
    def leaving(x, scale):
        raise SystemExit("bye")

    verdict = judged(leaving)
    assert verdict.outcome is Outcome.CRASHED
    assert "SystemExit: bye" in verdict.message


def test_a_forbidden_call_with_right_values_is_not_allowed_and_named():
    verdict = judged(lambda x, scale: scale * torch.einsum("ij->i", x))
    assert verdict.outcome is Outcome.NOT_ALLOWED
    assert "`einsum`" in verdict.message


def test_wrong_values_come_before_a_forbidden_call():
    verdict = judged(lambda x, scale: torch.einsum("ij->i", x))
    assert verdict.name == "scale forgotten"


def test_a_loop_with_right_values_is_not_allowed_and_its_line_is_quoted():
    def looping(x, scale):
        total = 0
        for column in x.T:
            total = total + column
        return scale * total

    verdict = judged(looping)
    assert verdict.outcome is Outcome.NOT_ALLOWED
    assert "`for column in x.T:`" in verdict.message


def test_a_call_that_does_not_fit_names_the_signature():
    verdict = judged(lambda x: x)
    assert verdict.name == "wrong signature"
    assert "`row_sums(x, scale)`; yours takes `(x)`." in verdict.message

    def annotated(x: torch.Tensor) -> torch.Tensor:
        return x

    assert judged(annotated).message == verdict.message


def test_a_builtin_without_a_signature_is_called_all_the_same():
    assert judged(torch.add).outcome is Outcome.WRONG


@pytest.mark.parametrize("answer", [torch.zeros(3), 3, "x", torch.nn.ReLU])
def test_what_is_no_function_is_told_so(answer):
    verdict = judged(answer)
    assert verdict.name == "wrong type"
    assert "`row_sums(x, scale)`" in verdict.message


def test_an_empty_function_is_not_attempted():
    def stub(x, scale):
        """Docstring."""
        ...

    assert judged(stub).outcome is Outcome.NOT_ATTEMPTED
    assert judged(...).outcome is Outcome.NOT_ATTEMPTED


def test_a_gap_that_is_left_is_named_by_its_line():
    def half(x, scale):
        scaled = ...
        return scaled.sum(dim=1)

    verdict = judged(half)
    assert verdict.outcome is Outcome.NOT_ATTEMPTED
    assert "`scaled = ...`" in verdict.message


def test_a_forgotten_ellipsis_behind_a_right_answer_does_no_harm():
    def done(x, scale):
        ...
        return row_sums(x, scale)

    assert judged(done).outcome is Outcome.RIGHT


def test_a_forgotten_ellipsis_above_finished_code_does_not_hide_an_error():
    def unfinished_name(x, scale):
        ...
        return scales * x.sum(dim=1)  # noqa: F821

    verdict = judged(unfinished_name)
    assert verdict.outcome is Outcome.CRASHED
    assert "NameError" in verdict.message


def test_an_ellipsis_as_an_index_is_no_gap():
    verdict = judged(lambda x, scale: x[..., 0])
    assert verdict.outcome is Outcome.WRONG


def test_conv_modules_count_as_the_forbidden_convolution(register):
    convolving = Function(
        id="toy.blur",
        title="Blur",
        signature="blur(x)",
        oracle=lambda x: F.conv2d(x, x.new_ones(1, 1, 2, 2)),
        cases=lambda: [(whole(1, 1, 3, 4),)],
        forbidden=CONVOLUTIONS,
        hints=("a.", "b."),
        misconceptions=(),
    )
    register(convolving)

    def with_module(x):
        layer = torch.nn.Conv2d(1, 1, 2, bias=False)
        torch.nn.init.ones_(layer.weight)
        return layer(x).detach()

    assert grade("toy.blur", with_module).outcome is Outcome.NOT_ALLOWED
    assert grade("toy.blur", lambda x: 4 * F.avg_pool2d(x, 2, 1)).outcome is Outcome.RIGHT


def test_the_same_answer_gets_the_same_words_every_time():
    def wrong(x, scale):
        return row_sums(x, scale) + 1

    assert str(judged(wrong)) == str(judged(wrong))
    assert str(judged(wrong)) != str(judged(wrong, seed=1))


@pytest.mark.parametrize("hold", [torch.Tensor.tolist, torch.Tensor.numpy, lambda out: out])
def test_zeros_in_the_smallest_case_alone_are_not_all_zeros(hold, register):
    shift = Function(
        id="toy.shift",
        title="Shift",
        signature="shift(x)",
        oracle=lambda x: x.roll(1, 0),
        cases=lambda: [(whole(2, 2),), (whole(5, 2),)],
        hints=("a.", "b."),
        misconceptions=(),
    )
    register(shift)

    def too_far(x):
        return hold(torch.cat([torch.zeros(2, 2), x])[: len(x)])

    assert grade("toy.shift", too_far).name == ""
    assert grade("toy.shift", lambda x: hold(torch.zeros(x.shape))).name == "all zeros"


def test_a_tuple_of_tensors_is_no_tensor():
    found = difference((torch.ones(2), torch.ones(2)), torch.ones(2))
    assert found.message == "Your function returned a tuple of 2; a tensor is expected."
    assert difference((torch.tensor(1.0), torch.tensor(1.0)), torch.ones(2)) is None
