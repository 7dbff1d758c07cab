"""An answer that puts the steps of a proof in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from cnncourse.grading.exercise import Exercise
from cnncourse.grading.showing import kind_of
from cnncourse.grading.stubs import is_stub
from cnncourse.grading.verdict import Verdict


@dataclass(frozen=True, kw_only=True)
class Proof(Exercise):
    """The letters of the steps in an order in which each step uses only earlier ones.

    `needs` maps a step to the steps it uses, `{"A": "", "B": "A", "C": "A", "D": "BC"}`: here both
    `"ABCD"` and `"ACBD"` are right. Letters in `superfluous` are steps on offer that do not belong
    to the proof. The texts of the steps stand in the notebook.

    A learner's order makes a listed mistake when it breaks everything that the listed order
    breaks, of the uses by way of other steps as well: whoever only swaps the last two steps does
    not start from the end. Of several, it is the one that explains most.
    """

    needs: Mapping[str, str]
    superfluous: str = ""

    def judge(self, answer: object) -> Verdict:
        """Check the letters, then every use of a step against the order."""
        if is_stub(answer):
            return self.not_attempted()
        steps = _read(answer)
        if steps is None:
            asked = 'Write the letters of the steps in order, for example `"BAC"`.'
            return self.wrong(f"{asked} You passed {kind_of(answer)}.", name="wrong type")
        if "…" in steps:
            return self.not_attempted("Some steps are still `...`: put a letter for each of them.")
        unknown = [step for step in steps if step not in {*self.needs, *self.superfluous}]
        if unknown:
            return self.wrong(f"There is no step {unknown[0]}.", name="unknown step")
        twice = [step for step in steps if steps.count(step) > 1]
        if twice:
            return self.wrong(
                f"Step {twice[0]} stands twice; once is enough.", name="step repeated"
            )

        broken = self._broken(steps, self.needs)
        if not broken:
            return self.right()
        uses = {step: self._all_used(step) for step in self.needs}
        broken_in_all = self._broken(steps, uses)
        explained = []
        for misconception in self.misconceptions:
            listed = self._broken(_read(misconception.answer), uses)
            if listed <= broken_in_all:
                explained.append((len(listed), misconception))
        if explained:
            return self.mistaken(max(explained, key=lambda pair: pair[0])[1])
        return self.wrong(self._first(steps, broken))

    def _all_used(self, step: str) -> set[str]:
        """Return the steps that one uses, those that these use, and so on."""
        direct = set(self.needs[step])
        return direct.union(*map(self._all_used, direct))

    def _broken(self, steps: str, uses: Mapping[str, Iterable[str]]) -> set[tuple[str, str]]:
        """Pairs (step, what is wrong with it): a step it uses, `missing` or `superfluous`."""
        broken = {(step, "missing") for step in self.needs if step not in steps}
        broken |= {(step, "superfluous") for step in steps if step in self.superfluous}
        for place, step in enumerate(steps):
            later = steps[place:]
            broken |= {(step, used) for used in uses.get(step, ()) if used in later}
        return broken

    def _first(self, steps: str, broken: set[tuple[str, str]]) -> str:
        for step in steps:
            for culprit, problem in sorted(broken):
                if culprit == step and problem == "superfluous":
                    return f"Step {step} is true or false by itself; the proof does not need it."
                if culprit == step:
                    return f"Step {step} uses what step {problem} says, so {problem} comes earlier."
        missing = min(step for step, _ in broken)
        return f"A step is missing: {missing} is needed as well."


def _read(answer: object) -> str | None:
    """Read `"BAC"`, `"b, a → c"`, `["B", "A"]`, `{1: "B", …}` or `{"B": 1, …}`, a gap as `…`."""
    if isinstance(answer, Mapping):
        by_place = all(isinstance(place, int) for place in answer.values())
        pairs = [pair[::-1] for pair in answer.items()] if by_place else list(answer.items())
        answer = [step for _, step in sorted(pairs, key=_place)]
    parts = list(answer) if isinstance(answer, (str, tuple, list, np.ndarray)) else None
    if parts is None or not all(part is ... or isinstance(part, str) for part in parts):
        return None
    between = "" if isinstance(answer, str) else " "
    text = between.join("…" if part is ... else part for part in parts).upper()
    text = re.sub(r"STEPS?|\b(AND|THEN|FIRST|NEXT|FINALLY|LAST)\b|\d", "", text)  # "1. A 2. B"
    return "".join(letter for letter in text if letter.isalnum() or letter == "…")


def _place(pair: tuple[object, str]) -> float:
    """Return a number to sort by; what is no number stays where it is."""
    return pair[0] if isinstance(pair[0], int) else 0
