"""The code that an experiment shares with its chapter: the chapter's cells tagged ``shared``."""

from __future__ import annotations

from pathlib import Path

import nbformat

CHAPTERS = Path(__file__).parents[1] / "chapters"


def shared_code(name: str) -> dict:
    """Run the cells of ``chapters/NAME.ipynb`` that are tagged, and return what they define."""
    names: dict = {}
    for cell in nbformat.read(CHAPTERS / f"{name}.ipynb", as_version=4).cells:
        if "shared" in cell.metadata.get("tags", []):
            exec(cell.source, names)
    return names
