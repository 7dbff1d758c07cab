"""All exercises: one module a chapter, found by themselves.

A module is named by its chapter's slug and holds `NUMBER`, `TITLE` and `EXERCISES`, in the order
of the notebook. Adding an exercise is adding one object to that tuple.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import pkgutil
from dataclasses import dataclass


@dataclass(frozen=True)
class Chapter:
    """The exercises of one chapter."""

    number: int
    slug: str
    title: str
    exercises: tuple

    @property
    def filename(self) -> str:
        """Name of the chapter's notebook, of its exercises and of its solutions."""
        return f"{self.number:02d}_{self.slug}.ipynb"


@functools.cache
def chapters() -> tuple[Chapter, ...]:
    """Every chapter that has exercises, by number."""
    found = []
    for module in pkgutil.iter_modules(__path__):
        content = importlib.import_module(f"{__name__}.{module.name}")
        found.append(Chapter(content.NUMBER, module.name, content.TITLE, tuple(content.EXERCISES)))
    return tuple(sorted(found, key=lambda chapter: chapter.number))


def exercises() -> list:
    """Every exercise, in the order of the book."""
    return [exercise for chapter in chapters() for exercise in chapter.exercises]


def find(id: str):
    """Return the exercise with this id.

    Raises:
        LookupError: when there is none, naming the nearest ids that exist.
    """
    known = {exercise.id: exercise for exercise in exercises()}
    if isinstance(id, str) and id in known:
        return known[id]
    near = difflib.get_close_matches(str(id), known, n=3, cutoff=0.5)
    *first, last = [f"`{name}`" for name in near] or [""]
    names = f"{', '.join(first)} or {last}" if first else last
    advice = f"Did you mean {names}?" if near else "`progress()` lists them all."
    raise LookupError(f"No exercise is called {str(id)!r}. {advice}")


def chapter_of(id: str) -> Chapter:
    """Return the chapter of an exercise that exists."""
    return next(c for c in chapters() if any(e.id == id for e in c.exercises))
