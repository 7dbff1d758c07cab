"""Write the "Exercises" section of a chapter from the prompts of its solution notebook.

The prompt of an exercise stands once, in the master; the book shows it in a numbered box and links
to the notebook in which it is answered.
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from repository import current_ref, current_url

HEADING = re.compile(r"^## (?:\d+\. )?(?P<title>.+)$", re.MULTILINE)
SECTION = re.compile(r"\n*\(\S+-exercises\)=\n## Exercises\n.*", re.DOTALL)

COLAB = "https://colab.research.google.com"
INTRODUCTION = """\
Work on these in [the exercise notebook]({url}/blob/{ref}/colab/exercises/{name}), or
[open it on Colab]({colab}/exercises/{name}).
Each answer is checked: you read what is right, what is wrong, and which misconception a wrong
answer points to. In the book, numbers and choices can be answered in their box, too.
[The worked solutions](../solutions/{name}) wait on a page of their own."""


def label_of(id: str) -> str:
    """Return the label of an exercise's box in its chapter."""
    return "ex-" + id.replace(".", "-").replace("_", "-")


def solution_of(label: str) -> str:
    """Return the anchor of the solution, on its page, of the exercise with that label."""
    return label.replace("ex-", "solution-", 1)


def notebooks_on_colab() -> str:
    """Return the address after which the name of a notebook of the edition follows."""
    name = current_url().removeprefix("https://github.com/")
    return f"{COLAB}/github/{name}/blob/{current_ref()}/colab"


def checked(source: str) -> str:
    """Return the id of the exercise that a cell of code checks, or an empty text."""
    found = re.search(r'^check\("([\w.]+)"', source, re.MULTILINE)
    return found[1] if found else ""


def prompts(master: nbformat.NotebookNode) -> list[tuple[str, str, str]]:
    """Return (id, title, prompt) of every exercise in a solution notebook, in order."""
    found, title, prompt = [], "", ""
    for cell in master.cells:
        if "solution" in cell.metadata.get("tags", []):
            continue
        if cell.cell_type == "markdown" and (heading := HEADING.search(cell.source)):
            title, prompt = heading["title"], cell.source[heading.end() :].strip()
        elif id := checked(cell.source):
            found.append((id, title, prompt))
    return found


def section(master: Path) -> str:
    """Return the section's Markdown: an introduction and one box for each exercise."""
    slug = master.stem[3:].replace("_", "-")
    parts = [f"({slug}-exercises)=\n## Exercises"]
    where = {"url": current_url(), "ref": current_ref(), "colab": notebooks_on_colab()}
    parts.append(INTRODUCTION.format(name=master.name, **where))
    for id, title, prompt in prompts(nbformat.read(master, as_version=4)):
        parts.append(f"::::{{exercise}} {title}\n:label: {label_of(id)}\n\n{prompt}\n::::")
    return "\n\n".join(parts)


def with_section(chapter: nbformat.NotebookNode, text: str) -> nbformat.NotebookNode:
    """Return the chapter with its last cell ending in the section.

    Raises ``ValueError`` when the last cell has no "Exercises" heading with its label.
    """
    last = chapter.cells[-1]
    if not SECTION.search("\n" + last.source):
        raise ValueError("The last cell has no section '(…-exercises)=' with '## Exercises'.")
    last.source = (SECTION.sub("", "\n" + last.source).strip() + "\n\n" + text).strip()
    return chapter
