"""An answer that is a choice together with the reason for it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnncourse.grading.exercise import Exercise
from cnncourse.grading.scalars import as_number
from cnncourse.grading.showing import kind_of
from cnncourse.grading.stubs import is_stub
from cnncourse.grading.verdict import Verdict

WORDS = {"option", "choice", "reason", "answer", "because", "of", "and", "for"}  # may be around
WRONG_REASON = "The choice is right. The reason you gave does not lead to it: read it once more."


@dataclass(frozen=True, kw_only=True)
class Choice(Exercise):
    """A lettered option and a numbered reason, `("b", 2)`; both have to be right.

    `options` and `reasons` list the letters and digits on offer, `"abc"` and `"1234"`; their texts
    stand in the notebook. A misconception's answer is a pair, or an option alone (`"a"`) for
    whatever reason was given; a pair is looked for first.
    """

    options: str
    reasons: str
    correct: tuple[str, int]

    def judge(self, answer: object) -> Verdict:
        """Compare option and reason, both read leniently (`"B2"`, `["b", 2.0]`, `(2, "b")`)."""
        if is_stub(answer):
            return self.not_attempted()
        asked = f'Give an option and its reason, for example `("{self.options[0]}", 1)`.'
        letter, number = _read(answer)
        if letter and not number:
            return self.not_attempted(f"The reason is still missing. {asked}")
        if not letter:
            return self.wrong(f"{asked} You passed {kind_of(answer)}.", name="wrong type")
        if letter not in self.options or number not in list(self.reasons):
            offered = f"The options are {', '.join(self.options)}; the reasons {self._range()}."
            return self.wrong(f"{offered} You passed ({letter}, {number}).", name="not on offer")
        given = (letter, int(number))
        if given == tuple(self.correct):
            return self.right()
        for wanted in (given, letter):
            for misconception in self.misconceptions:
                if misconception.answer == wanted:
                    return self.mistaken(misconception)
        if letter == self.correct[0]:
            return self.wrong(WRONG_REASON, name="right choice, wrong reason")
        return self.unexplained(f"received ({letter}, {number})")

    def _range(self) -> str:
        return f"{self.reasons[0]} to {self.reasons[-1]}"


def _read(answer: object) -> tuple[str, str]:
    """Split an answer into letter and digit; either is empty where it is missing.

    They are told apart by what they are, so any order, any container and words around them do.
    """
    parts = answer if isinstance(answer, (tuple, list, set, frozenset, np.ndarray)) else [answer]
    if isinstance(answer, Mapping):  # names for two values, or an option that leads to its reason
        parts = answer.values() if len(answer) > 1 else next(iter(answer.items()))
    texts = [_text(part) for part in parts]
    if None in texts:
        return "", ""
    text = " ".join(texts).lower()
    words = set(re.findall(r"[^\W\d]{2,}", text))
    letters = set(re.findall(r"(?<![^\W\d])[a-z](?![^\W\d])", text))
    digits = set(re.findall(r"\d+", text))
    if words - WORDS or len(letters) != 1 or len(digits) > 1:
        return "", ""
    return letters.pop(), digits.pop() if digits else ""


def _text(part: object) -> str | None:
    """Write a part of an answer as text, a whole number without decimals."""
    if part is ...:
        return ""
    if isinstance(part, str):
        return re.sub(r"(\d)\.0+\b", r"\1", part)
    try:
        number = as_number(part)
    except ValueError:
        return None
    return str(int(number)) if math.isfinite(number) and number == int(number) else None
