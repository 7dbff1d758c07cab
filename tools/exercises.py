"""Derive the exercise notebooks from the solution notebooks, which are their masters.

``python tools/exercises.py`` writes ``exercises/*.ipynb`` and the exercise boxes at the end of each
chapter; ``--check`` only compares.

In a master, the solution stands between two comment lines in a code cell::

    ### BEGIN SOLUTION
    ...
    ### END SOLUTION

Inside a function they become one ``...``; at the left margin, where only assignments may stand,
each ``name = value`` becomes ``name = ...``. Markdown cells tagged ``solution`` are left out, and
so are the tags that fold a solution in the book. A heading ``# Solutions: …`` becomes
``# Exercises: …``.
"""

from __future__ import annotations

import ast
import copy
import re
import sys
import textwrap
from pathlib import Path

import nbformat
from boxes import section, with_section
from notebooks import normalise
from repository import ROOT

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
FOLDING = {"hide-input", "hide-output", "hide-cell"}


def blank(source: str) -> str:
    """Replace every marked part of a cell by ``...``.

    Raises ``ValueError`` when the markers do not pair up or mark something that has no stub.
    """
    kept: list[str] = []
    marked: list[str] | None = None
    for line in source.splitlines():
        if line.strip() == BEGIN:
            if marked is not None:
                raise ValueError(f"{BEGIN!r} stands twice before {END!r}.")
            marked = []
        elif line.strip() == END:
            if marked is None:
                raise ValueError(f"{END!r} stands without {BEGIN!r}.")
            kept += stub(marked)
            marked = None
        elif marked is None:
            kept.append(line)
        else:
            marked.append(line)
    if marked is not None:
        raise ValueError(f"{BEGIN!r} stands without {END!r}.")
    return "\n".join(kept)


def stub(marked: list[str]) -> list[str]:
    """Return what stands for marked lines in the exercise."""
    text = "\n".join(marked)
    indent = re.match(r"\s*", text.lstrip("\n"))[0]
    if indent:
        return [f"{indent}..."]
    names = []
    for statement in ast.parse(textwrap.dedent(text)).body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            raise ValueError(f"Only `name = value` may be marked here: {ast.unparse(statement)!r}.")
        names.append(statement.targets[0].id)
    return [f"{name} = ..." for name in names]


def marked_lines(source: str) -> set[int]:
    """Return the numbers of the lines, from 1, that stand between the markers."""
    numbers, inside = set(), False
    for number, line in enumerate(source.splitlines(), start=1):
        if line.strip() in (BEGIN, END):
            inside = line.strip() == BEGIN
        elif inside:
            numbers.add(number)
    return numbers


def derive(master: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return the exercise notebook of a solution notebook: stubs, no outputs."""
    notebook = copy.deepcopy(master)
    notebook.cells = [c for c in notebook.cells if "solution" not in c.metadata.get("tags", [])]
    for cell in notebook.cells:
        tags = [tag for tag in cell.metadata.get("tags", []) if tag not in FOLDING]
        if cell.cell_type == "code":
            cell.source = blank(cell.source)
            cell.outputs, cell.execution_count = [], None
            if "nbval-ignore-output" not in tags:
                tags.append("nbval-ignore-output")  # what a learner's own run says is not compared
        else:
            cell.source = re.sub(r"^# Solutions: ", "# Exercises: ", cell.source)
        cell.metadata["tags"] = tags
        if not tags:
            del cell.metadata["tags"]
    return normalise(notebook)


def derived_text(master: Path) -> str:
    """Return the text of the exercise notebook that belongs to a master."""
    return nbformat.writes(derive(nbformat.read(master, as_version=4))) + "\n"


def chapter_text(master: Path) -> str:
    """Return the text of the chapter that belongs to a master, its exercise boxes renewed."""
    chapter = nbformat.read(ROOT / "chapters" / master.name, as_version=4)
    return nbformat.writes(with_section(chapter, section(master))) + "\n"


def masters() -> list[Path]:
    """Return the solution notebooks."""
    return sorted((ROOT / "solutions").glob("*.ipynb"))


def derived_files() -> dict[Path, str]:
    """Return every file that follows from the masters, with the text that it should have."""
    derived = {}
    for master in masters():
        derived[ROOT / "exercises" / master.name] = derived_text(master)
        derived[ROOT / "chapters" / master.name] = chapter_text(master)
    return derived


def disagreements() -> list[str]:
    """Name the derived files that are missing, stale, or without a master."""
    derived = derived_files()
    orphans = [file for file in (ROOT / "exercises").glob("*.ipynb") if file not in derived]
    stale = [file for file, text in derived.items() if not _holds(file, text)]
    return sorted(str(file.relative_to(ROOT)) for file in orphans + stale)


def _holds(file: Path, text: str) -> bool:
    return file.exists() and file.read_text(encoding="utf-8") == text


def main(arguments: list[str]) -> None:
    """Write what follows from the masters, or compare it with ``--check``."""
    if arguments == ["--check"]:
        if stale := disagreements():
            sys.exit(f"Not derived from solutions/: {', '.join(stale)}. Run `make notebooks`.")
        return
    (ROOT / "exercises").mkdir(exist_ok=True)
    for file, text in derived_files().items():
        if not _holds(file, text):
            file.write_text(text, encoding="utf-8")
            print(f"wrote {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main(sys.argv[1:])
