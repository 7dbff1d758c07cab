"""What every exercise has, whatever the kind of its answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from cnncourse.grading.verdict import Outcome, Verdict


@dataclass(frozen=True)
class Misconception:
    """A wrong answer together with the hint it deserves.

    `name` says the mistake in a few words, `hint` what to reconsider, and `answer` is the wrong
    answer itself, of the same kind as a right one: it recognises the learner who makes this
    mistake, it documents it, and it is a test.
    """

    name: str
    hint: str
    answer: object


@dataclass(frozen=True, kw_only=True)
class Exercise(ABC):
    """One question with its hints, from nudge to near-answer, and its typical wrong answers.

    `id` is `<chapter slug>.<name>`, `title` what the progress table calls it, `insight` the
    sentence that a right answer earns: why it matters.
    """

    id: str
    title: str
    hints: Sequence[str]
    misconceptions: Sequence[Misconception]
    insight: str = ""

    @abstractmethod
    def judge(self, answer: object) -> Verdict:
        """Compare an answer with the oracle; `grade` adds the time limit and the random seed."""

    def right(self) -> Verdict:
        """Say that the answer is right, and why it matters."""
        return Verdict(Outcome.RIGHT, self.id, message=self.insight)

    def wrong(self, message: str, evidence: str = "", name: str = "") -> Verdict:
        """Say that the answer is wrong for a reason that is not in the list."""
        return Verdict(Outcome.WRONG, self.id, name, message, evidence)

    def mistaken(self, misconception: Misconception, evidence: str = "") -> Verdict:
        """Say that the answer is wrong in a way that was foreseen."""
        return self.wrong(misconception.hint, evidence, misconception.name)

    def unexplained(self, evidence: str) -> Verdict:
        """Say that the answer is wrong in a way that nobody foresaw."""
        return self.wrong(f'Ask for a nudge with `hint("{self.id}")`.', evidence)

    def crashed(self, message: str, evidence: str = "") -> Verdict:
        """Say where the learner's code stopped."""
        return Verdict(Outcome.CRASHED, self.id, "", message, evidence)

    def not_attempted(self, message: str = "") -> Verdict:
        """Say that the answer, or a part of it, is still to be written."""
        message = message or "Replace the `...` by your answer and run the cell again."
        return Verdict(Outcome.NOT_ATTEMPTED, self.id, message=message)

    def half_filled(self, gap: str) -> Verdict:
        """Say which part is still to be written."""
        return self.not_attempted(f"A part is still to be written, in {gap}")

    def not_allowed(self, message: str) -> Verdict:
        """Say that the values are right, but come from what the exercise does without."""
        return Verdict(Outcome.NOT_ALLOWED, self.id, message=message)
