from itertools import pairwise

import pytest
import torch
from torch import nn

from cnncourse.check import Outcome, grade
from cnncourse.grading.kinds import Misconception, Module, real, whole


def reference(channels, classes):
    return nn.Sequential(
        nn.Conv2d(channels, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Conv2d(4, classes, 1),
    )


def without_relu(channels, classes):
    layers = reference(channels, classes)
    return nn.Sequential(layers[0], layers[1], layers[3])


def with_bias(channels, classes):
    layers = reference(channels, classes)
    layers[0] = nn.Conv2d(channels, 4, 3, padding=1)
    return layers


EXERCISE = Module(
    id="toy.block",
    title="A block",
    signature="Block(channels, classes)",
    oracle=reference,
    cases=lambda: [((1, 2), whole(2, 1, 3, 4)), ((3, 5), whole(2, 3, 5, 4))],
    hints=("a.", "b."),
    misconceptions=(
        Misconception("no nonlinearity", "Where is the ReLU?", without_relu),
        Misconception("bias before batch norm", "Batch norm removes it.", with_bias),
    ),
    forbidden=("linear",),
    loops=False,
)


@pytest.fixture(autouse=True)
def _registered(register):
    register(EXERCISE)


def judged(answer):
    return grade("toy.block", answer)


class Block(nn.Module):
    """The right module, its layers declared in reverse."""

    def __init__(self, channels, classes):
        super().__init__()
        self.last = nn.Conv2d(4, classes, 1)
        self.norm = nn.BatchNorm2d(4)
        self.first = nn.Conv2d(channels, 4, 3, padding=1, bias=False)

    def forward(self, x):
        return self.last(self.norm(self.first(x)).relu())


def test_the_order_of_declaration_does_not_matter():
    assert judged(Block).outcome is Outcome.RIGHT
    assert judged(reference).outcome is Outcome.RIGHT


def test_layers_of_equal_shape_are_matched_in_the_order_in_which_they_run(register):
    twice = Module(
        id="toy.twice",
        title="Twice",
        signature="Twice()",
        oracle=lambda: nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3)),
        cases=lambda: [((), whole(2, 3))],
        hints=("a.", "b."),
        misconceptions=(),
    )
    register(twice)

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.second, self.first = nn.Linear(3, 3), nn.Linear(3, 3)

        def forward(self, x):
            return self.second(self.first(x).relu())

    class WithParameters(nn.Module):
        def __init__(self):
            super().__init__()
            self.c, self.a = nn.Parameter(torch.zeros(3)), nn.Parameter(torch.zeros(3))
            self.v, self.w = nn.Parameter(torch.zeros(3, 3)), nn.Parameter(torch.zeros(3, 3))

        def forward(self, x):
            return (x @ self.w.T + self.a).relu() @ self.v.T + self.c

    assert grade("toy.twice", Twice).outcome is Outcome.RIGHT
    assert grade("toy.twice", WithParameters).outcome is Outcome.RIGHT


class Rings(nn.Module):
    """Numbers in rings, each multiplied with its neighbours: by itself, every number is alike."""

    def __init__(self, *sizes):
        super().__init__()
        self.sizes, self.w = sizes, nn.Parameter(torch.randn(sum(sizes)))

    def forward(self, x):
        rings = torch.tanh(self.w * x[:, None]).split(self.sizes, dim=1)
        return sum((ring * ring.roll(1, dims=1)).sum(1) for ring in rings)


@pytest.mark.parametrize(("sizes", "right"), [((6, 3), True), ((3, 6), True), ((4, 5), False)])
def test_numbers_that_look_alike_are_tried_in_turn(sizes, right, register):
    rings = Module(
        id="toy.rings",
        title="Rings",
        signature="Rings()",
        oracle=lambda: Rings(3, 6),
        cases=lambda: [((), real(4))],
        hints=("a.", "b."),
        misconceptions=(),
    )
    register(rings)
    assert (grade("toy.rings", lambda: Rings(*sizes)).outcome is Outcome.RIGHT) == right


def test_a_linear_layer_may_stand_for_a_pointwise_convolution_where_it_is_allowed():
    class Pointwise(Block):
        def __init__(self, channels, classes):
            super().__init__(channels, classes)
            self.last = nn.Linear(4, classes)

        def forward(self, x):
            x = self.norm(self.first(x)).relu()
            return self.last(x.movedim(1, 3)).movedim(3, 1)

    verdict = judged(Pointwise)
    assert verdict.outcome is Outcome.NOT_ALLOWED
    assert "`linear`" in verdict.message


@pytest.mark.parametrize("misconception", EXERCISE.misconceptions, ids=lambda m: m.name)
def test_a_listed_mistake_is_named(misconception):
    verdict = judged(misconception.answer)
    assert (verdict.name, verdict.message) == (misconception.name, misconception.hint)


class Cut(Block):
    def forward(self, x):
        return self.last(self.norm(self.first(x)).relu().detach())


class CutEverywhere(Block):
    def forward(self, x):
        return super().forward(x).detach()


class WrongGradient(Block):
    def forward(self, x):
        return super().forward(x) + (x - x.detach()).sum()


class OnlyTraining(Block):
    def forward(self, x):
        return super().forward(x) + (0 if self.training else 1)


class InPlace(Block):
    def forward(self, x):
        out = super().forward(x.clone())
        with torch.no_grad():
            x += 1
        return out


class Unused(Block):
    def __init__(self, channels, classes):
        super().__init__(channels, classes)
        self.norm = nn.BatchNorm2d(4, affine=False)
        self.spare = nn.Parameter(torch.zeros(8))


class Extra(Block):
    def __init__(self, channels, classes):
        super().__init__(channels, classes)
        self.spare = nn.Linear(2, 2)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Cut, "gradient of the input"),
        (CutEverywhere, "No gradient flows back"),
        (WrongGradient, "gradient of the input"),
        (OnlyTraining, "after `.eval()`"),
        (InPlace, "changes its input"),
        (Unused, "not all used"),
        (Extra, "number of parameters"),
    ],
)
def test_a_right_output_is_not_enough(answer, words):
    verdict = judged(answer)
    assert verdict.outcome is Outcome.WRONG
    assert words in verdict.message


def test_a_parameter_count_shows_both_numbers():
    assert "expected 27 parameters, received 33" not in judged(Block).evidence
    evidence = judged(Extra).evidence
    assert "built with (1, 2), input of shape (2, 1, 3, 4)" in evidence
    assert "expected 54 parameters, received 60" in evidence
    assert "Compare your layers" in judged(Extra).message


def test_the_dtype_of_the_result_does_not_matter_and_wrong_values_do():
    class Single(Block):
        def forward(self, x):
            return super().forward(x).float()

    class WrongForThree(Single):
        def forward(self, x):
            return super().forward(x) + (x.shape[1] == 3)

    class WithBias(Single):
        def __init__(self, channels, classes):
            super().__init__(channels, classes)
            self.first = nn.Conv2d(channels, 4, 3, padding=1)

    assert judged(Single).outcome is Outcome.RIGHT
    verdict = judged(WrongForThree)
    assert verdict.name == ""
    assert verdict.evidence.startswith("built with (3, 5)")
    assert judged(WithBias).name == "bias before batch norm"


def test_a_table_that_is_emptied_does_not_spoil_the_reference(register):
    def chain(widths):
        return nn.Sequential(*(nn.Linear(a, b) for a, b in pairwise(widths)))

    class Popping(nn.Sequential):
        def __init__(self, widths):
            super().__init__()
            width = widths.pop(0)
            while widths:
                self.append(nn.Linear(width, widths[0]))
                width = widths.pop(0)

    table = Module(
        id="toy.table",
        title="Table",
        signature="Chain(widths)",
        oracle=chain,
        cases=lambda: [(([2, 3, 4],), whole(2, 2))],
        hints=("a.", "b."),
        misconceptions=(Misconception("one too few", "One more.", lambda w: chain(w[:-1])),),
    )
    register(table)
    assert grade("toy.table", Popping).outcome is Outcome.RIGHT
    assert grade("toy.table", lambda widths: Popping(widths[:-1])).name == "one too few"


def test_a_loop_in_forward_is_not_allowed():
    class Looping(Block):
        def forward(self, x):
            for layer in (self.first, self.norm, nn.ReLU(), self.last):
                x = layer(x)
            return x

    assert judged(Looping).outcome is Outcome.NOT_ALLOWED


def test_crashes_in_building_and_in_running_quote_the_line():
    class Early(Block):
        def __init__(self, channels, classes):
            self.first = nn.Conv2d(channels, 4, 3)

        def forward(self, x):
            return x

    class Late(Block):
        def forward(self, x):
            return self.last(x)

    early, late = judged(Early), judged(Late)
    assert early.outcome is late.outcome is Outcome.CRASHED
    assert "`self.first = nn.Conv2d(channels, 4, 3)`, raised AttributeError" in early.message
    assert "`return self.last(x)`, raised RuntimeError" in late.message


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Block(1, 2), "without calling it"),
        (3, "`Block(channels, classes)`"),
        (lambda channels, classes: 3, "An `nn.Module` is expected"),
        (lambda channels: nn.ReLU(), "`Block(channels, classes)`; yours takes `(channels)`."),
    ],
)
def test_what_is_no_module_class_is_told_so(answer, words):
    verdict = judged(answer)
    assert verdict.outcome is Outcome.WRONG
    assert words in verdict.message


def test_an_empty_forward_is_not_attempted():
    class Stub(nn.Module):
        def __init__(self, channels, classes):
            super().__init__()
            ...

        def forward(self, x):
            """Docstring."""
            ...

    class Half(Stub):
        def forward(self, x):
            return self.last(x)

    assert judged(Stub).outcome is Outcome.NOT_ATTEMPTED
    assert judged(Half).outcome is Outcome.CRASHED  # the gap is in the class above


def test_a_gap_in_a_method_is_named():
    class Half(nn.Module):
        def __init__(self, channels, classes):
            super().__init__()
            self.first = ...

        def forward(self, x):
            return self.first(x)

    verdict = judged(Half)
    assert verdict.outcome is Outcome.NOT_ATTEMPTED
    assert "`self.first = ...`" in verdict.message


def net_of(activation):
    def build(i, o):
        pooled = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, o))
        return nn.Sequential(nn.Conv2d(i, 8, 3, padding=1), activation(), *pooled)

    return build


class Bounded(nn.Module):
    """A norm and two layers, rectified up to six."""

    top = 6.0

    def __init__(self, i, o):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o)

    def forward(self, x):
        return self.norm(self.conv(x)).clamp(0, self.top)


class Unbounded(Bounded):
    top = None


def rectified_at_the_end(i, o):
    return nn.Sequential(*chain(i, o), nn.ReLU())


def chain(i, o):
    first, second = (nn.Conv2d(i, i, 3, padding=d, dilation=d) for d in (1, 2))
    last = nn.Conv2d(i, o, 3, padding=4, dilation=4)
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), last)


class Nothing(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.layers = chain(i, o)

    def forward(self, x):
        out = self.layers(x)
        return out - out.detach()


@pytest.mark.parametrize(
    ("oracle", "answer", "name"),
    [
        (net_of(nn.ReLU), net_of(nn.GELU), ""),
        (net_of(nn.ReLU), net_of(nn.ReLU6), ""),
        (Unbounded, Bounded, ""),
        (chain, rectified_at_the_end, ""),
        (chain, Nothing, "all zeros"),
    ],
)
def test_nothing_is_claimed_that_holds_for_one_input_alone(oracle, answer, name, register):
    claims = Module(
        id="toy.claims",
        title="Claims",
        signature="Net(i, o)",
        oracle=oracle,
        cases=lambda: [((1, 2), whole(2, 1, 5, 6)), ((3, 3), whole(2, 3, 5, 4))],
        hints=("a.", "b."),
        misconceptions=(),
    )
    register(claims)
    assert grade("toy.claims", oracle).outcome is Outcome.RIGHT
    verdict = grade("toy.claims", answer)
    assert verdict.outcome is Outcome.WRONG
    assert verdict.name == name
    assert "output is right" not in verdict.message


def test_a_weight_behind_dropout_is_not_called_unused(register):
    class Gate(nn.Module):
        p = 0.0

        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(2, 1), nn.Linear(1, 2)

        def forward(self, x):
            inner = nn.functional.dropout(self.a(x).relu(), self.p, self.training)
            return x * self.b(inner).sigmoid()

    class Dropping(Gate):
        p = 0.5

    gate = Module(
        id="toy.gate",
        title="Gate",
        signature="Gate()",
        oracle=Gate,
        cases=lambda: [((), whole(1, 2))],
        hints=("a.", "b."),
        misconceptions=(),
    )
    register(gate)
    assert grade("toy.gate", Gate).outcome is Outcome.RIGHT
    assert grade("toy.gate", Dropping).name == ""


def test_layers_in_a_plain_list_are_named():
    class Listed(Block):
        def __init__(self, channels, classes):
            super().__init__(channels, classes)
            del self.first
            self.look = [nn.Conv2d(channels, 4, 3, padding=1, bias=False)]

        def forward(self, x):
            return self.last(self.norm(self.look[0](x.to(self.look[0].weight))).relu())

    assert "make `look` an `nn.ModuleList`" in judged(Listed).message


def test_a_buffer_may_be_replaced_instead_of_written_to(register):
    class ByHand(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight, self.bias = nn.Parameter(torch.ones(3)), nn.Parameter(torch.zeros(3))
            self.register_buffer("mean", torch.zeros(3))
            self.register_buffer("var", torch.ones(3))

        def forward(self, x):
            mean, var = self.mean, self.var
            if self.training:
                mean, var = x.mean(0), x.var(0, unbiased=False)
                self.mean = 0.9 * self.mean + 0.1 * mean.detach()
                self.var = 0.9 * self.var + 0.1 * x.var(0).detach()
            return (x - mean) / (var + 1e-5).sqrt() * self.weight + self.bias

    norm = Module(
        id="toy.norm",
        title="Norm",
        signature="Norm()",
        oracle=lambda: nn.BatchNorm1d(3),
        cases=lambda: [((), real(6, 3))],
        hints=("a.", "b."),
        misconceptions=(),
    )
    register(norm)
    assert grade("toy.norm", ByHand).outcome is Outcome.RIGHT
