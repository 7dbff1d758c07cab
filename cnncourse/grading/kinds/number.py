"""An answer that is one number."""

from __future__ import annotations

from dataclasses import dataclass

from cnncourse.grading.compare import as_number, show
from cnncourse.grading.exercise import Exercise
from cnncourse.grading.stubs import is_stub
from cnncourse.grading.verdict import Verdict

ROUNDED = 0.002  # relative: a listed wrong number is known even when it was rounded
# Factors between the right number and the same number in another unit.
UNIT_FACTORS = (10, 100, 1e3, 1e6, 1e9, 8, 1024, 1024**2, 1024**3)


@dataclass(frozen=True, kw_only=True)
class Number(Exercise):
    """One number, right when it is within `tolerance` (absolute, in `unit`) of `value`.

    The expected number is never shown, so a wrong attempt leaves the exercise worth solving.
    """

    value: float
    tolerance: float = 0.0
    unit: str = ""

    def judge(self, answer: object) -> Verdict:
        """Compare the number, then look for a listed mistake, then for a mistaken unit."""
        if is_stub(answer):
            return self.not_attempted()
        try:
            number = as_number(answer)
        except ValueError as error:
            wanted = f"The answer is one number{self._unit()}."
            return self.wrong(f"{wanted} {error}", name="wrong type")
        if number != number:
            return self.wrong("NaN is no number. Look for 0/0.", name="NaN")
        if self._agree(number, self.value):
            return self.right()
        for misconception in self.misconceptions:
            if abs(number - misconception.answer) <= self._leeway(misconception.answer):
                return self.mistaken(misconception)
        received = f"received {show(answer)}"
        for factor in UNIT_FACTORS if self.unit else ():
            if self._agree(number * factor, self.value) or self._agree(number / factor, self.value):
                asked = f"The digits are right; the unit asked for is: {self.unit}."
                return self.wrong(asked, received, "wrong unit")
        return self.unexplained(received)

    def _agree(self, number: float, target: float) -> bool:
        return abs(number - target) <= self.tolerance + 1e-9 * abs(target)

    def _leeway(self, target: float) -> float:
        """Return how far a number may lie from a listed wrong one and still be taken for it.

        It ends well before the right number and every other listed one.
        """
        listed = (self.value, *(misconception.answer for misconception in self.misconceptions))
        apart = min(abs(target - other) for other in listed if other != target)
        rounded = min(ROUNDED * abs(target), apart / 3)
        return max(rounded, self.tolerance + 1e-9 * abs(target))

    def _unit(self) -> str:
        return f" ({self.unit})" if self.unit else ""
