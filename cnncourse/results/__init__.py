"""Results of experiments that take longer than a chapter may, stored with how they came about.

``python experiments/NAME.py`` measures and writes ``cnncourse/results/NAME.json``. The chapter
reads it with ``load``, and runs a shorter form of the same code with the same assert.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Results:
    """What one run of an experiment found: one dictionary a row, and how it was run."""

    date: str  # year-month-day
    versions: dict[str, str]  # of Python and the packages that count
    device: str
    seeds: list[int]
    rows: list[dict[str, Any]]


def load(name: str) -> Results:
    """Return the stored results of ``experiments/NAME.py``.

    Raises:
        FileNotFoundError: there is none of that name; the message lists those that there are.
    """
    file = FOLDER / f"{name}.json"
    if not file.is_file():
        stored = ", ".join(sorted(path.stem for path in FOLDER.glob("*.json"))) or "none"
        raise FileNotFoundError(f"no results are stored under {name!r}; stored are: {stored}")
    return Results(**json.loads(file.read_text(encoding="utf-8")))


def rows_so_far(name: str) -> list[dict[str, Any]]:
    """Return the rows that ``experiments/NAME.py`` has stored until now, none at its first run."""
    return load(name).rows if (FOLDER / f"{name}.json").is_file() else []


def store(
    name: str, rows: Iterable[dict[str, Any]], seeds: Sequence[int], device: str = "cpu"
) -> Path:
    """Write rows of numbers and strings for ``load``, with today's date and the versions in use.

    Returns the file, one row a line.
    """
    import torch  # here, so that reading needs no torch

    about = {
        "date": date.today().isoformat(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "device": device,
        "seeds": list(seeds),
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in about.items()]
    rows = ",\n".join(json.dumps(row) for row in rows)
    file = FOLDER / f"{name}.json"
    file.write_text("{\n" + ",\n".join(lines) + f',\n"rows": [\n{rows}\n]\n}}\n', encoding="utf-8")
    return file
