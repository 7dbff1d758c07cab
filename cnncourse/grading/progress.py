"""Which exercises are done and tried, kept in one small JSON file."""

from __future__ import annotations

import json
import os
import tempfile
from html import escape
from itertools import count
from pathlib import Path

from cnncourse._home import home
from cnncourse.grading.verdict import Outcome, Verdict

DONE, TRIED, OPEN = "done", "tried", "open"
SYMBOLS = {DONE: "✔", TRIED: "◐", OPEN: "○"}


def default_path() -> Path:
    """`$CNNCOURSE_PROGRESS`, or `.cnncourse/progress.json` in the home directory."""
    named = os.environ.get("CNNCOURSE_PROGRESS")
    return Path(named) if named else home() / ".cnncourse" / "progress.json"


class Progress:
    """The state of every exercise; in memory alone where the file cannot be written.

    `notices` collects sentences that the learner should read once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.states: dict[str, str] = {}
        self.notices: list[str] = []
        self.writable = True

    def load(self) -> None:
        """Merge what the file says, which another notebook may have written meanwhile."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            if isinstance(error, UnicodeDecodeError):
                self._put_aside()
            return
        try:
            stored = json.loads(text)["exercises"]
            known = {str(id): state for id, state in stored.items() if state in (DONE, TRIED)}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._put_aside()
            return
        for id, state in known.items():
            self._raise_to(id, state)

    def record(self, verdict: Verdict) -> None:
        """Note an attempt and save; what is done stays done, and a stub leaves no trace."""
        if verdict.outcome in (Outcome.NOT_ATTEMPTED, Outcome.UNKNOWN):
            return
        self.load()
        self._raise_to(verdict.id, DONE if verdict.outcome is Outcome.RIGHT else TRIED)
        self._save()

    def _raise_to(self, id: str, state: str) -> None:
        if self.states.get(id) != DONE:
            self.states[id] = state

    def _save(self) -> None:
        """Write beside the file and move into place, so that no reader sees half of it."""
        text = json.dumps({"version": 1, "exercises": self.states}, indent=1, sort_keys=True)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".progress-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text + "\n")
            os.replace(name, self.path)
        except OSError:
            if self.writable:
                self.notices.append("Progress is kept for this session only: no place to save it.")
            self.writable = False

    def _put_aside(self) -> None:
        """Rename a file that cannot be read; never delete it."""
        free = (self.path.with_name(f"{self.path.stem}.corrupt-{n}.json") for n in count(1))
        aside = next(path for path in free if not path.exists())
        try:
            os.replace(self.path, aside)
        except OSError:
            return
        self.notices.append(
            f"The progress file could not be read; it is put aside as {aside.name}."
        )


class Table:
    """The state of every exercise, by chapter: `rows` of (chapter, id, title, state)."""

    def __init__(self, rows: list[tuple[str, str, str, str]]) -> None:
        self.rows = rows

    def chapters(self) -> dict[str, list[tuple[str, str, str, str]]]:
        """Group the rows, in order."""
        grouped: dict[str, list] = {}
        for row in self.rows:
            grouped.setdefault(row[0], []).append(row)
        return grouped

    def __str__(self) -> str:
        width = max((len(id) for _, id, _, _ in self.rows), default=0)
        lines = []
        for chapter, rows in self.chapters().items():
            lines.append(f"{chapter}: {_done(rows)}")
            lines += [
                f"  {SYMBOLS[state]} {state:5}  {id:{width}}  {title}"
                for _, id, title, state in rows
            ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        cell = 'style="text-align:left;padding:.2em .8em;background:transparent;color:inherit"'
        parts = []
        for chapter, rows in self.chapters().items():
            parts.append(f'<tr><th scope="rowgroup" colspan="3" {cell}>{escape(chapter)}: ')
            parts.append(f"{_done(rows)}</th></tr>")
            for _, id, title, state in rows:
                mark = f'<span aria-hidden="true">{SYMBOLS[state]}</span> {state}'
                parts.append(f"<tr><td {cell}>{mark}</td><td {cell}><code>{escape(id)}</code></td>")
                parts.append(f"<td {cell}>{escape(title)}</td></tr>")
        return f'<table style="border-collapse:collapse;color:inherit">{"".join(parts)}</table>'


def _done(rows: list) -> str:
    return f"{sum(row[3] == DONE for row in rows)} of {len(rows)} done"
