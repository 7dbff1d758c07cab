"""Reading one number with words around it: `74.3 per cent`, `7 tap kernel`, `60.5M weights`."""

from __future__ import annotations

import re
from fractions import Fraction

from cnncourse.grading.scalars import as_number

SCALES = {
    **{"k": 10**3, "K": 10**3, "thousand": 10**3, "M": 10**6, "million": 10**6},
    **{"G": 10**9, "billion": 10**9},
}
MEMORY = re.compile(r"\b([kKMGT]i?B|[kKMGT]?bytes?|[kKMGT]?bits?)\b")
_PERCENT = re.compile(r"%|\bper ?cent\b")
_WORD = re.compile(  # also of: a factor of 4, 408 pictures/s, 4x; but no word that calculates
    r"(?!(?:minus|half|twice|double|squared|cubed|hundred|dozen)$)(?:[^\W\d]{2,}|[asx×]|)"
)
_NUMBER = re.compile(r"[-−+(\[√.\d].*[\d)\]⁰¹²³⁴-⁹]|\d", re.DOTALL)


def as_quantity(value: object, unit: str = "") -> int | float | Fraction:
    """Read a number, of a text with words before and after it, in the unit that was asked for.

    `k`, `M`, `million` and the like scale it. So does a percent sign, where no unit was asked for.

    Raises:
        ValueError: where it is no number, or where its unit is another one of memory.
    """
    try:
        return as_number(value)
    except ValueError:
        if not isinstance(value, str) or not (found := _number_in(value, unit)):
            raise
    number, scale = found
    try:
        return as_number(number) * scale
    except ValueError:
        return as_number(value)  # for the sentence about the whole text


def _number_in(text: str, unit: str) -> tuple[str, int | Fraction] | None:
    """Split a text into its number and what scales it; None where other signs are around it."""
    text = re.sub(r"\(([^\d()]+)\)", r"\1", text)  # 12 (pixels)
    found = _NUMBER.search(text)
    if not found:
        return None
    before, after = text[: found.start()], text[found.end() :].replace(unit, "", 1)
    if MEMORY.search(after):
        return None
    scale: int | Fraction = 1
    if unit in ("", "percent"):
        after, shares = _PERCENT.subn("", after)
        scale = Fraction(1, 100) if shares and not unit else 1
    if prefix := re.match(rf"\s*({'|'.join(SCALES)})(?=MAC|FLOP|\b)", after):
        after, scale = after[prefix.end() :], SCALES[prefix[1]]
    words = re.split(r"[\s.,:;!/-]+", f"{before} {after}")
    return (found[0], scale) if all(map(_WORD.fullmatch, words)) else None
