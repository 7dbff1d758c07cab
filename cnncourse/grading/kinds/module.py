"""An answer that is an `nn.Module`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnncourse.grading.compare import DTYPE_LOST, Difference, difference, kind_of, show
from cnncourse.grading.exercise import Exercise
from cnncourse.grading.kinds.function import IN_PLACE, signature_problem
from cnncourse.grading.rules import CallRecorder, broken_rule, loop_in
from cnncourse.grading.sandbox import explain, reseed
from cnncourse.grading.stubs import is_stub, leftover
from cnncourse.grading.verdict import Verdict
from cnncourse.grading.weights import execution_order, match_weights


class _LearnersError(Exception):
    """The learner's module raised an error; carries the sentence about it."""


@dataclass(frozen=True, kw_only=True)
class Module(Exercise):
    """A module class, or a function that builds one, that computes what the oracle's does.

    `signature` is how it is built, `"Block(in_channels, out_channels)"`; `oracle` builds the
    reference from the same arguments. `cases` returns pairs (arguments, input). Both modules get
    the same weights, matched in order of execution, and must agree in their output shape, their
    number of parameters, their outputs (training and evaluation) and all gradients.
    """

    signature: str
    oracle: Callable[..., nn.Module]
    cases: Callable[[], Sequence[tuple[tuple, Tensor]]]
    forbidden: Sequence[str] = ()
    loops: bool = True

    def judge(self, answer: object) -> Verdict:
        """Build and run the module on every case until one fails, then find out why."""
        if is_stub(answer):
            return self.not_attempted()
        name = self.signature.partition("(")[0]
        if isinstance(answer, nn.Module):
            asked = f"Pass the class `{name}` itself, without calling it."
            return self.wrong(asked, name="wrong type")
        if not callable(answer):
            asked = f"The answer is a class, `{self.signature}`. You passed {kind_of(answer)}."
            return self.wrong(asked, name="wrong type")
        cases = self.cases()
        if problem := signature_problem(answer, cases[0][0], self.signature):
            return self.wrong(problem, name="wrong signature")
        calls = CallRecorder()
        lost = None  # a dtype; it is what is wrong only where every value is right
        for arguments, x in cases:
            where = f"built with {show(arguments)}, input of shape {tuple(x.shape)}"
            try:
                made = _guarded(answer, *arguments)
                found = compare(made, self.oracle(*arguments), x)
                if found is None:
                    with calls:
                        _guarded(made, x.double())
            except _LearnersError as stopped:
                if gap := leftover(answer):
                    return self.half_filled(gap)
                return self.crashed(f"{stopped}.", where)
            if found and found.name == DTYPE_LOST:
                lost = lost or (found, where)
            elif found:
                return self._explain(answer, cases, found, where)
        if lost:
            return self._explain(answer, cases, *lost)
        rule = broken_rule(calls, self.forbidden) or ("" if self.loops else loop_in(answer))
        return self.not_allowed(rule) if rule else self.right()

    def _explain(self, answer: Callable, cases: Sequence, found: Difference, where: str) -> Verdict:
        evidence = f"{where}\n{found.evidence}" if found.evidence else where
        if found.name not in ("input changed in place", DTYPE_LOST):
            for misconception in self.misconceptions:
                if _agree(misconception.answer, answer, cases):
                    return self.mistaken(misconception, evidence)
        if gap := leftover(answer):
            return self.half_filled(gap)
        if found.message:
            return self.wrong(found.message, evidence, found.name)
        return self.unexplained(evidence)


def compare(made: object, reference: nn.Module, x: Tensor) -> Difference | None:
    """Say the first thing in which two modules differ, given the same weights."""
    if not isinstance(made, nn.Module):
        message = f"An `nn.Module` is expected; this builds {kind_of(made)}."
        return Difference(message, "", "wrong type")
    made, reference, x = made.double(), reference.double(), x.double()
    for parameter in reference.parameters():
        nn.init.normal_(parameter, std=0.5)

    traced, before = copy.deepcopy(made), x.clone()
    own_order = _guarded(execution_order, traced, x)
    if not torch.equal(before, x):
        return Difference(IN_PLACE, "", "input changed in place")
    order = execution_order(copy.deepcopy(reference), x)
    with torch.no_grad():
        shape_only = copy.deepcopy(made)
        result, wanted = _guarded(shape_only, x.clone()), copy.deepcopy(reference)(x.clone())
    if not isinstance(result, Tensor) or result.shape != wanted.shape:
        return difference(result, wanted)
    counts = [sum(p.numel() for p in m.parameters()) for m in (reference, made)]
    if counts[0] != counts[1]:
        evidence = f"expected {counts[0]} parameters, received {counts[1]}"
        advice = "Check the number of channels and which layers have a bias."
        return Difference(f"The number of parameters differs. {advice}", evidence)
    pairs = match_weights(reference, order, made, own_order)
    if isinstance(pairs, str):
        return Difference("The weights have other shapes, or are not all used.", pairs)
    return _compare_passes(made, reference, pairs, x)


def _compare_passes(
    made: nn.Module, reference: nn.Module, pairs: list[tuple[str, str]], x: Tensor
) -> Difference | None:
    """Compare output and gradients in training mode, then the output in evaluation mode."""
    results = []
    for module in (made, reference):
        given = x.clone().requires_grad_()
        reseed(0)  # the same dropout mask for both
        out = _guarded(module.train(), given)
        results.append((module, given, out))
    (_, x_made, out_made), (_, x_reference, out_reference) = results
    if found := difference(out_made, out_reference):
        return found
    reseed(1)
    upstream = torch.randn_like(out_reference)
    out_reference.backward(upstream)
    if not out_made.requires_grad:
        return Difference("No gradient flows back through your module.", "", "gradient cut")
    _guarded(out_made.backward, upstream)
    own, wanted = dict(made.named_parameters()), dict(reference.named_parameters())
    gradients = [("the input", x_made.grad, x_reference.grad)]
    gradients += [(f"`{mine}`", own[mine].grad, wanted[name].grad) for name, mine in pairs]
    for name, got, want in gradients:
        if got is None or difference(got.view_as(want), want):
            message = f"The output is right, but the gradient of {name} is not."
            return Difference(message, "", "gradient cut" if got is None else "wrong gradient")
    with torch.no_grad():
        found = difference(_guarded(made.eval(), x.clone()), reference.eval()(x.clone()))
    if found:
        message = "Right in training mode, but not after `.eval()`."
        return Difference(message, found.evidence, "wrong in evaluation mode")
    return None


def _guarded(function: Callable, *arguments: object) -> object:
    """Call the learner's code, turning whatever it raises into a sentence."""
    try:
        return function(*arguments)
    except (Exception, SystemExit) as error:
        raise _LearnersError(explain(error)) from None


def _agree(wrong: Callable, answer: Callable, cases: Sequence) -> bool:
    """Say whether an answer does the same as a wrong one in every case, but for the dtype."""
    try:
        differences = [compare(answer(*a), wrong(*a), x.clone()) for a, x in cases]
    except Exception:
        return False
    return all(found is None or found.name == DTYPE_LOST for found in differences)
