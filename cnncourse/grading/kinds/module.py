"""An answer that is an `nn.Module`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnncourse.grading.compare import Difference, difference
from cnncourse.grading.exercise import Exercise
from cnncourse.grading.kinds.function import TENSOR_CHANGED, signature_problem
from cnncourse.grading.probe import Probe
from cnncourse.grading.rules import CallRecorder, broken_rule, loop_in
from cnncourse.grading.sandbox import TimeIsUp, explain
from cnncourse.grading.showing import kind_of, show
from cnncourse.grading.stubs import is_stub, leftover
from cnncourse.grading.verdict import Verdict
from cnncourse.grading.weights import match

CHANGED = "input changed in place"


@dataclass(frozen=True, kw_only=True)
class Module(Exercise):
    """A module class, or a function that builds one, that computes what the oracle's does.

    `signature` is how it is built, `"Block(in_channels, out_channels)"`; `oracle` builds the
    reference from the same arguments. `cases` returns pairs (arguments, input). An answer is right
    if, for some order of its weights, it is the reference: in its outputs, in training and in
    evaluation mode, and in all gradients. Names, layers and layout do not matter.
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
        for arguments, x in cases:
            where = f"built with {show(arguments)}, input of shape {tuple(x.shape)}"
            try:
                with calls:
                    found = _trial(answer, arguments, x.float())
                found = found or _module_difference(answer, self.oracle, arguments, x)
            except (KeyboardInterrupt, TimeIsUp):
                raise
            except BaseException as error:
                if gap := leftover(answer):
                    return self.half_filled(gap)
                return self.crashed(f"{explain(error)}.", where)
            if found:
                return self._explain(answer, cases, found, where)
        rule = broken_rule(calls, self.forbidden) or ("" if self.loops else loop_in(answer))
        return self.not_allowed(rule) if rule else self.right()

    def _explain(self, answer: Callable, cases: Sequence, found: Difference, where: str) -> Verdict:
        evidence = f"{where}\n{found.evidence}" if found.evidence else where
        if found.name != CHANGED:
            for misconception in self.misconceptions:
                if _agree(misconception.answer, answer, cases):
                    return self.mistaken(misconception, evidence)
        if gap := leftover(answer):
            return self.half_filled(gap)
        if found.message:
            return self.wrong(found.message, evidence, found.name)
        return self.unexplained(evidence)


def _trial(answer: Callable, arguments: tuple, x: Tensor) -> Difference | None:
    """Run a module as it is meant to be run, in float32, for what can be seen from one run."""
    made = answer(*copy.deepcopy(arguments))
    if not isinstance(made, nn.Module):
        message = f"An `nn.Module` is expected; this builds {kind_of(made)}."
        return Difference(message, "", "wrong type")
    given = x.clone()
    with torch.no_grad():
        made(given)
    return None if torch.equal(given, x) else Difference(TENSOR_CHANGED, "", CHANGED)


def _module_difference(
    answer: Callable, oracle: Callable, arguments: tuple, x: Tensor
) -> Difference | None:
    """Say the first thing in which two modules differ, given the same weights.

    In float64, which tells more, or in float32 where a module works in nothing else.
    """
    try:
        return _difference_in(torch.float64, answer, oracle, arguments, x)
    except RuntimeError:
        return _difference_in(torch.float32, answer, oracle, arguments, x)


def _difference_in(
    dtype: torch.dtype, answer: Callable, oracle: Callable, arguments: tuple, x: Tensor
) -> Difference | None:
    with _default_dtype(dtype):
        x = x.to(dtype)
        probes, results = [], []
        for build in (oracle, answer):
            module = build(*copy.deepcopy(arguments)).to(dtype)
            with torch.no_grad():  # lazy layers learn their sizes, and norms learn nothing
                results.append(module.eval()(x.clone()))
            probes.append(Probe(module))
        wanted, result = results
        plain = isinstance(result, Tensor) and result.is_floating_point()
        if not plain or result.shape != wanted.shape:
            return difference(result, wanted)
        sizes = [probe.size for probe in probes]
        if sizes[0] != sizes[1]:
            evidence = f"expected {sizes[0]} parameters, received {sizes[1]}"
            advice = "Compare your layers, their sizes and their biases with those asked for."
            if hidden := _hidden_layers(module):
                advice = (
                    f"Layers in a plain list are not found: make `{hidden}` an `nn.ModuleList`."
                )
            return Difference(f"The number of parameters differs. {advice}", evidence)
        return match(*probes, x)


def _hidden_layers(module: nn.Module) -> str:
    """Name an attribute that keeps layers with weights in a plain list; empty if there is none."""
    found = set(module.modules())
    for part in found:
        for name, value in vars(part).items():
            layers = [v for v in value if isinstance(v, nn.Module)] if type(value) is list else []
            if any(layer not in found and [*layer.parameters()] for layer in layers):
                return name
    return ""


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _agree(wrong: Callable, answer: Callable, cases: Sequence) -> bool:
    """Say whether an answer does the same as a wrong one in every case."""
    try:
        return not any(_module_difference(answer, wrong, a, x) for a, x in cases)
    except Exception:
        return False
