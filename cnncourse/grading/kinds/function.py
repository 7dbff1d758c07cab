"""An answer that is a function: of tensors, of numbers, of both."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from cnncourse.grading.compare import (
    DTYPE_LOST,
    Difference,
    difference,
    kind_of,
    same_values,
    show,
)
from cnncourse.grading.exercise import Exercise
from cnncourse.grading.rules import CallRecorder, broken_rule, loop_in
from cnncourse.grading.sandbox import Run
from cnncourse.grading.stubs import is_stub, leftover
from cnncourse.grading.verdict import Verdict

IN_PLACE = (
    "Your function changes its input. Whoever calls it still needs the tensor: "
    "work on `x.clone()`, or write `x = x + 1` instead of `x += 1`."
)


@dataclass(frozen=True, kw_only=True)
class Function(Exercise):
    """A function that must agree with an oracle on every case, and leave its inputs alone.

    `signature` is how it is called, `"conv2d(x, weight)"`; `oracle` computes the right result
    from the same arguments, best by another way than the learner's. `cases` returns the argument
    tuples, smallest first: the first that fails is the evidence. `forbidden` names the torch
    functions that the exercise does without; `loops=False` forbids loops.
    """

    signature: str
    oracle: Callable
    cases: Callable[[], Sequence[tuple]]
    forbidden: Sequence[str] = ()
    loops: bool = True

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

        runs, failures = [], []
        calls = CallRecorder()
        for arguments in cases:
            run = Run(answer, arguments, watch=calls)
            found = difference(run.value, self.oracle(*copy.deepcopy(arguments)))
            if run.error or run.changed or found:
                failures.append((arguments, run, found))
            if run.error:
                break
            runs.append((arguments, run.value))
        if not failures:
            rule = broken_rule(calls, self.forbidden) or ("" if self.loops else loop_in(answer))
            return self.not_allowed(rule) if rule else self.right()
        # Only where every value is right is the dtype what is wrong.
        others = [failure for failure in failures if not _only_dtype(*failure)]
        return self._explain(answer, runs, *(others or failures)[0])

    def _explain(
        self, answer: Callable, runs: list, arguments: tuple, run: Run, found: Difference | None
    ) -> Verdict:
        """Name the mistake: a listed one first, then a gap, an error, a change in place.

        A listed one must agree with every completed run, and so with a wrong value: before a
        crash, the small cases alone may not tell it from the right answer.
        """
        evidence = self._input(arguments)
        if found and found.evidence:
            evidence += f"\n{found.evidence}"
        if not run.error and not run.changed and found.name != DTYPE_LOST:
            for misconception in self.misconceptions:
                if all(_agrees(misconception.answer, given, value) for given, value in runs):
                    return self.mistaken(misconception, evidence)
        if gap := leftover(answer):
            return self.half_filled(gap)
        if run.error:
            return self.crashed(f"{run.error}.", self._input(arguments))
        if run.changed:
            return self.wrong(IN_PLACE, self._input(arguments), "input changed in place")
        if found.message:
            return self.wrong(found.message, evidence, found.name)
        return self.unexplained(evidence)

    def _names(self) -> list[str]:
        return re.findall(r"(\w+)(?:\s*=[^,)]*)?\s*[,)]", self.signature)

    def _input(self, arguments: tuple) -> str:
        named = zip(self._names(), arguments, strict=True)
        given = [f"{name} = {show(argument)}" for name, argument in named]
        on_one_line = ", ".join(given)
        shown = [on_one_line] if len(on_one_line) < 80 else given
        return "\n".join(["Smallest input that fails:", *(f"  {line}" for line in shown)])


def _agrees(oracle: Callable, arguments: tuple, value: object) -> bool:
    """Say whether a wrong answer gives this value; it may raise where it makes no sense."""
    try:
        expected = oracle(*copy.deepcopy(arguments))
    except Exception:
        return False
    return same_values(value, expected)


def _only_dtype(arguments: tuple, run: Run, found: Difference | None) -> bool:
    """Say whether nothing worse than a lost dtype went wrong in a run."""
    return bool(found) and found.name == DTYPE_LOST and not run.changed


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
