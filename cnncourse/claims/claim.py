"""What a claim is: a sentence that is said, what was computed or measured, and a verdict."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What the book says of a claim."""

    HOLDS = "holds"
    HOLDS_IF = "holds if …"
    FAILS = "does not hold"
    OPEN = "open here"


class Source(StrEnum):
    """Who says so: a kind of text, and no name."""

    ARTICLES = "introductory articles"
    NOTES = "course notes"
    TEXTBOOKS = "textbooks"
    PAPERS = "papers"
    MANUALS = "manuals of libraries"
    READERS = "questions of readers"


HOLDS, HOLDS_IF, FAILS, OPEN = Verdict
ARTICLES, NOTES, TEXTBOOKS, PAPERS, MANUALS, READERS = Source


@functools.cache
def _numbers(by: Callable[[], tuple]) -> tuple:
    return by()


@dataclass(frozen=True)
class Computed:
    """Numbers that the library computes whenever the page is built, and how they read."""

    by: Callable[[], tuple]
    reads: str

    def text(self) -> str:
        """Return the sentence with its numbers."""
        return self.filled(self.reads)

    def filled(self, template: str) -> str:
        """Return a template such as ``{0:,} weights`` with the numbers in it."""
        return template.format(*_numbers(self.by))


@dataclass(frozen=True)
class Stored:
    """The result of an experiment: what the chapter's stored outputs say, run on that day."""

    reads: str
    on: str


@dataclass(frozen=True)
class Cited:
    """A result that was not repeated here, and the key of its source in the bibliography."""

    reads: str
    key: str


@dataclass(frozen=True)
class Claim:
    """One row of the ledger.

    ``name`` makes the anchor ``claim-name``; ``says`` is the claim itself, without judgement;
    ``when`` are the conditions, or why not. ``decided_by`` are labels of statements, figures or
    sections of the chapter. ``quotes`` are passages of the chapter that say the same, with the
    places of computed numbers as in ``value``: a test looks for them. ``beside`` names rows that
    say nearly the same; one of two such rows names the other, and the page shows it at both.
    """

    name: str
    says: str
    said_by: tuple[Source, ...]
    verdict: Verdict
    when: str
    decided_by: tuple[str, ...] = ()
    value: Computed | Stored | Cited | None = None
    quotes: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The anchor of the row."""
        return f"claim-{self.name}"

    def quoted(self) -> list[str]:
        """Return the passages that the chapter must hold, with the numbers of today."""
        computed = isinstance(self.value, Computed)
        return [self.value.filled(quote) if computed else quote for quote in self.quotes]
