"""The ledger: what is said of convolutional networks, recomputed, with a verdict each.

A module is named by its chapter's slug and holds `NUMBER`, `TITLE` and `CLAIMS`. Adding a claim is
adding one object to that tuple; `tools/claims.py` writes the page.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from dataclasses import dataclass

from cnncourse.claims.claim import Claim


@dataclass(frozen=True)
class Part:
    """The claims that one chapter decides."""

    number: int
    slug: str
    title: str
    claims: tuple[Claim, ...]

    @property
    def page(self) -> str:
        """The chapter's page, as the table of contents names it."""
        return f"chapters/{self.number:02d}_{self.slug}"


@functools.cache
def parts() -> tuple[Part, ...]:
    """Every chapter that decides a claim, by number."""
    found = []
    for module in pkgutil.iter_modules(__path__):
        if module.name != "claim" and not module.name.startswith("_"):
            content = importlib.import_module(f"{__name__}.{module.name}")
            found.append(Part(content.NUMBER, module.name, content.TITLE, content.CLAIMS))
    return tuple(sorted(found, key=lambda part: part.number))


def claims() -> list[Claim]:
    """Every claim, in the order of the book."""
    return [claim for part in parts() for claim in part.claims]
