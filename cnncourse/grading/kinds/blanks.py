"""An answer that fills the gaps of a formula or proof, most often with an index."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cnncourse.grading.exercise import Exercise
from cnncourse.grading.expressions import read
from cnncourse.grading.scalars import PRECISION, agree
from cnncourse.grading.showing import kind_of
from cnncourse.grading.stubs import is_stub
from cnncourse.grading.verdict import Verdict

POINTS = 8  # random points at which two expressions have to agree


@dataclass(frozen=True, kw_only=True)
class Blanks(Exercise):
    """Expressions for the gaps of a text, `{"1": "i + m", "2": "j"}`, or in the order of the gaps.

    `blanks` maps the name of each gap to its expression in `variables`; where there is one gap,
    the answer is its text alone. Any equivalent expression is right, in whatever notation
    `expressions.read` understands. A misconception's answer fills the gaps that it gets wrong and
    may leave out the others.
    """

    blanks: Mapping[str, str]
    variables: Sequence[str]

    def judge(self, answer: object) -> Verdict:
        """Compare every gap at random points."""
        if is_stub(answer):
            return self.not_attempted()
        filled = self._filled(answer)
        if filled is None:
            asked = f"Fill the gaps in a dict with the keys {', '.join(self.blanks)}."
            return self.wrong(f"{asked} You passed {kind_of(answer)}.", name="wrong type")
        for gap in self.blanks:
            if filled.get(gap, ...) is ...:
                return self.not_attempted(f"Gap {gap} is still empty.{self._unknown(answer)}")
        try:
            values = {gap: self._values(gap, filled[gap]) for gap in self.blanks}
        except ValueError as error:
            return self.wrong(str(error), name="not readable")
        wrong = [gap for gap in self.blanks if not self._same(gap, values[gap], self.blanks[gap])]
        if not wrong:
            return self.right()
        for misconception in self.misconceptions:
            listed = self._listed(misconception.answer)
            if any(gap in wrong for gap in listed) and all(
                self._same(gap, values[gap], text) for gap, text in listed.items()
            ):
                return self.mistaken(misconception)
        return self.unexplained(f"gap {wrong[0]}: received {filled[wrong[0]]}")

    def _unknown(self, answer: object) -> str:
        """Say in a sentence which key of an answer names no gap; empty where there is none."""
        known = {gap.lower() for gap in self.blanks}
        keys = answer if isinstance(answer, Mapping) else ()
        other = next((key for key in keys if str(key).strip().lower() not in known), None)
        return "" if other is None else f" There is no gap `{other}`."

    def _filled(self, answer: object) -> dict[str, object] | None:
        """Say what stands in which gap: by name, or in order where no gap is named."""
        if isinstance(answer, Mapping):
            known = {gap.lower(): gap for gap in self.blanks}
            named = {known.get(str(key).strip().lower()): text for key, text in answer.items()}
            if named.keys() & self.blanks.keys():
                return named
            answer = list(answer.values())
        elif not isinstance(answer, (tuple, list)):
            answer = [answer]
        if len(answer) != len(self.blanks):
            return None
        return dict(zip(self.blanks, answer, strict=True))

    def _listed(self, answer: object) -> dict[str, object]:
        return answer if isinstance(answer, dict) else {next(iter(self.blanks)): answer}

    def _same(self, gap: str, values: list, text: str) -> bool:
        pairs = zip(values, self._values(gap, text), strict=True)
        return all(agree(a, b, 1e-3 * PRECISION * abs(b)) for a, b in pairs)

    def _values(self, gap: str, text: object) -> list:
        """Evaluate an expression at the same random points as every other of its gap."""
        generator = random.Random(0)
        points = [
            {name: generator.randint(5, 99) for name in self.variables} for _ in range(POINTS)
        ]
        try:
            value = read(str(text), self.variables)
            return [value(point) for point in points]
        except ZeroDivisionError:
            raise ValueError(f"Gap {gap}: {text} divides by zero.") from None
        except (ValueError, ArithmeticError, TypeError) as error:
            raise ValueError(f"Gap {gap}: cannot read {str(text)!r}: {error}.") from None
