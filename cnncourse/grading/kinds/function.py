"""An answer that is a function: of tensors, of numbers, of both."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cnncourse.grading.compare import ALL_ZEROS, difference
from cnncourse.grading.exercise import Exercise
from cnncourse.grading.rules import CallRecorder, broken_rule, loop_in
from cnncourse.grading.showing import kind_of, show
from cnncourse.grading.stubs import is_stub, leftover
from cnncourse.grading.trial import Trial, has_doubles, same_gradients
from cnncourse.grading.verdict import Verdict

TENSOR_CHANGED = (
    "Your function changes its input. Whoever calls it still needs the tensor: "
    "work on `x.clone()`, or write `x = x + 1` instead of `x += 1`."
)
OTHER_CHANGED = (
    "Your function changes its input. Whoever calls it still needs the {}: work on a copy of it."
)
NO_GRADIENT = (
    "The value is right, but no gradient flows back through it: something in your function "
    "(`.item()`, `.detach()`, `.numpy()`) cuts it off."
)


@dataclass(frozen=True, kw_only=True)
class Function(Exercise):
    """A function that must agree with an oracle on every case, and leave its inputs alone.

    `signature` is how it is called, `"conv2d(x, weight)"`; `oracle` computes the right result
    from the same arguments, best by another way than the learner's. `cases` returns the argument
    tuples, smallest first: the first that fails is the evidence. An answer has to work in float32,
    the course's dtype; float64 only makes the comparison sharper. `forbidden` names the torch
    functions that the exercise does without; `loops=False` forbids loops; `gradients=True` asks
    for the right gradients by all tensors as well.
    """

    signature: str
    oracle: Callable
    cases: Callable[[], Sequence[tuple]]
    forbidden: Sequence[str] = ()
    loops: bool = True
    gradients: bool = False

    def judge(self, answer: object) -> Verdict:
        """Run the function on every case, up to a crash, and find out why the first fails."""
        if is_stub(answer):
            return self.not_attempted()
        if isinstance(answer, type) or not callable(answer):
            asked = f"The answer is a function, `{self.signature}`. You passed {kind_of(answer)}."
            if isinstance(answer, (Tensor, float, int)):
                asked += " Pass the function itself, without calling it."
            return self.wrong(asked, name="wrong type")
        cases = self.cases()
        if problem := signature_problem(answer, cases[0], self.signature):
            return self.wrong(problem, name="wrong signature")

        # Before the answer runs: it may change what the oracle depends on, such as a default dtype.
        pairs = [(arguments, self.oracle(*copy.deepcopy(arguments))) for arguments in cases]
        calls = CallRecorder()
        trials = [Trial(answer, pairs, calls)]
        if has_doubles(cases) and not trials[0].is_wrong():
            trials.append(Trial(answer, pairs, calls, torch.float32))
        if trials[-1].failures:
            return self._explain(answer, trials[-1], ", in float32" * (not trials[0].failures))
        rule = broken_rule(calls, self.forbidden) or ("" if self.loops else loop_in(answer))
        if rule:
            return self.not_allowed(rule)
        if self.gradients and not all(same_gradients(answer, self.oracle, a) for a in cases):
            return self.wrong(NO_GRADIENT, name="gradient cut")
        return self.right()

    def _explain(self, answer: Callable, trial: Trial, precision: str) -> Verdict:
        """Name the mistake: a listed one first, then a gap, an error, a change in place.

        A listed one must agree with every completed run, and so with a wrong value: before a
        crash, the small cases alone may not tell it from the right answer.
        """
        arguments, run, found = trial.first_failure()
        shown = self._input(arguments, precision)
        evidence = f"{shown}\n{found.evidence}" if found and found.evidence else shown
        if found and not run.error:
            for misconception in self.misconceptions:
                if all(_agrees(misconception.answer, *done) for done in trial.runs):
                    return self.mistaken(misconception, evidence)
        if gap := leftover(answer):
            return self.half_filled(gap)
        if run.error:
            return self.crashed(f"{run.error}.", shown)
        if run.changed:
            return self.wrong(_advice(run.changed[0]), evidence, "input changed in place")
        if found.message and not (found.name == ALL_ZEROS and trial.any_value()):
            return self.wrong(found.message, evidence, found.name)
        return self.unexplained(evidence)

    def _names(self) -> list[str]:
        return re.findall(r"(\w+)(?:\s*=[^,)]*)?\s*[,)]", self.signature)

    def _input(self, arguments: tuple, precision: str) -> str:
        named = zip(self._names(), arguments, strict=True)
        given = [f"{name} = {show(argument)}" for name, argument in named]
        on_one_line = ", ".join(given)
        shown = [on_one_line] if len(on_one_line) < 80 else given
        return "\n".join([f"Smallest input that fails{precision}:", *(f"  {li}" for li in shown)])


def _advice(argument: object) -> str:
    if isinstance(argument, Tensor):
        return TENSOR_CHANGED
    return OTHER_CHANGED.format("list" if isinstance(argument, list) else "input")


def _agrees(oracle: Callable, arguments: tuple, value: object) -> bool:
    """Say whether a wrong answer gives this value; it may raise where it makes no sense."""
    try:
        expected = oracle(*copy.deepcopy(arguments))
    except Exception:
        return False
    return difference(value, expected) is None


def signature_problem(answer: Callable, arguments: tuple, signature: str) -> str:
    """Say why a function cannot be called as the exercise does; empty when it can."""
    try:
        own = inspect.signature(answer)
    except ValueError:  # a builtin without a signature
        return ""
    try:
        own.bind(*arguments)
    except TypeError:
        bare = [p.replace(annotation=p.empty) for p in own.parameters.values()]
        own = own.replace(parameters=bare, return_annotation=own.empty)
        return f"It is called as `{signature}`; yours takes `{own}`."
    return ""
