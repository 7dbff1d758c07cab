"""What a check concludes: one of five outcomes, and the words that go with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cnncourse.grading import rendering


class Outcome(Enum):
    """What became of an answer; `UNKNOWN` means that no exercise has this id."""

    RIGHT = "right"
    WRONG = "wrong"
    CRASHED = "crashed"
    NOT_ATTEMPTED = "not attempted"
    NOT_ALLOWED = "not allowed"
    UNKNOWN = "unknown exercise"


@dataclass(frozen=True)
class Verdict:
    """The outcome of one answer, and why.

    `name` is the misconception in a few words (empty where none was recognised), `message` the
    sentences to read first, `evidence` the smallest failing input and what came out of it.
    """

    outcome: Outcome
    id: str
    name: str = ""
    message: str = ""
    evidence: str = ""

    def __str__(self) -> str:
        return rendering.card_text(*self._card())

    def _repr_html_(self) -> str:
        return rendering.card_html(*self._card())

    def _card(self) -> tuple[str, str, str, str, str]:
        return self.outcome.value, self.id, self.name, self.message, self.evidence

    def _repr_pretty_(self, printer, cycle: bool) -> None:
        printer.text(str(self))
