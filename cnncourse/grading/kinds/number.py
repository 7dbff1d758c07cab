"""An answer that is one number."""

from __future__ import annotations

from dataclasses import dataclass

from cnncourse.grading.exercise import Exercise
from cnncourse.grading.quantities import MEMORY, as_quantity
from cnncourse.grading.scalars import agree, leeway
from cnncourse.grading.showing import show
from cnncourse.grading.stubs import is_stub
from cnncourse.grading.verdict import Verdict

ROUNDED = 0.002  # relative: a listed wrong number is known even when it was rounded
# The factors to other units of memory; of a count, only larger units are usual.
MEMORY_FACTORS = (8, 1e3, 1e6, 1e9, 1024, 1024**2, 1024**3)
MULTIPLES = (1e3, 1e6, 1e9)


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
        if isinstance(answer, (tuple, list)) and len(answer) == 1:
            answer = answer[0]
        try:
            number = as_quantity(answer, self.unit)
        except ValueError as error:
            wanted = f"The answer is one number{self._unit()}."
            return self.wrong(f"{wanted} {error}", name="wrong type")
        if number != number:
            return self.wrong("NaN is no number. Look for 0/0.", name="NaN")
        if agree(number, self.value, self.tolerance + leeway(self.value, answer)):
            return self.right()
        for misconception in self.misconceptions:
            if agree(number, misconception.answer, self._leeway(misconception.answer)):
                return self.mistaken(misconception)
        received = f"received {show(number)}"
        if any(agree(number, value, self._scaled(value)) for value in self.in_other_units()):
            asked = f"The digits are right; the unit asked for is: {self.unit}."
            return self.wrong(asked, received, "wrong unit")
        return self.unexplained(received)

    def in_other_units(self) -> list[float]:
        """Return the right number in the units that it is easily given in instead."""
        if not (self.unit and self.value):
            return []
        if self.unit == "percent":
            return [self.value / 100]
        if MEMORY.search(self.unit):
            up = [self.value * factor for factor in MEMORY_FACTORS]
            return [*up, *(self.value / factor for factor in MEMORY_FACTORS)]
        return [self.value / factor for factor in MULTIPLES]

    def _scaled(self, other: float) -> float:
        """Return the tolerance of the right number in another unit."""
        return (self.tolerance + leeway(self.value)) * abs(other / self.value)

    def _leeway(self, target: float) -> float:
        """Return how far a number may lie from a listed wrong one and still be taken for it.

        It ends well before the right number and every other listed one.
        """
        listed = (self.value, *(misconception.answer for misconception in self.misconceptions))
        apart = min(abs(target - other) for other in listed if other != target)
        rounded = min(ROUNDED * abs(target), apart / 3)
        return max(rounded, min(self.tolerance + leeway(target), apart / 3))

    def _unit(self) -> str:
        return f" ({self.unit})" if self.unit else ""
