"""Write ``colab/``, the edition of the notebooks without book markup.

``python tools/colab.py`` after ``make book`` takes the names and numbers of the built book into
``colab/labels.json`` and writes every notebook anew; ``--check`` only compares the notebooks with
that file, and needs no book. ``make colab`` builds the book first where it has to.
"""

from __future__ import annotations

import json
import sys
from html import escape
from pathlib import Path

import nbformat
import yaml
from boxes import checked, label_of, notebooks_on_colab
from colab_markdown import Book, plain
from notebooks import METADATA
from repository import ROOT, current_url, spellings

from exercises import BEGIN, END

FOLDER = ROOT / "colab"
LABELS = FOLDER / "labels.json"
BUILT = ROOT / "_build" / "labels.json"  # as `colab_labels.py` leaves them

WIDGET = "application/vnd.jupyter.widget-view+json"
FOLDED = {"hide-input", "remove-input"}
IN_WORDS = "<details>\n<summary>The figure in words</summary>\n{}\n</details>"


def masters() -> list[Path]:
    """Return the notebooks of which the edition has one each."""
    folders = ("chapters", "exercises", "solutions")
    found = [file for name in folders for file in sorted((ROOT / name).glob("*.ipynb"))]
    return [ROOT / "index.ipynb", *found]


def answers() -> dict[str, str]:
    """Return, by the label of its box, the address of the cell that answers an exercise."""
    found = {}
    for file in sorted((ROOT / "exercises").glob("*.ipynb")):
        for cell in nbformat.read(file, as_version=4).cells:
            if id := checked(cell.source):
                address = f"{notebooks_on_colab()}/exercises/{file.name}#scrollTo={cell.id}"
                found[label_of(id)] = address
    return found


def book_of(labels: dict) -> Book:
    """Return what the notebooks refer to, given the names and numbers of the built book."""
    configuration = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    return Book(
        labels=labels["labels"],
        citations=labels["citations"],
        answers=answers(),
        macros=configuration["sphinx"]["config"]["typeset_macros"],
        pages=spellings(current_url())[1],
        notebooks=notebooks_on_colab(),
    )


def edition(master: nbformat.NotebookNode, book: Book) -> nbformat.NotebookNode:
    """Return the notebook as the edition has it: plain Markdown, figures with text, no tags."""
    notebook = nbformat.v4.new_notebook(metadata=METADATA)
    for cell in master.cells:
        settings = cell.metadata.get("mystnb", {})
        if cell.cell_type == "code":
            notebook.cells.append(_code(cell))
        elif text := plain(cell.source, book):
            notebook.cells.append(_markdown(text, cell.id))
        if "figure" in settings:
            figure = settings["figure"]
            name = book.labels[figure["name"]]["name"]
            text = f"**{name}.** {plain(figure['caption'], book)}"
            words = IN_WORDS.format(escape(settings["image"]["alt"]))
            notebook.cells.append(_markdown(f"{text}\n\n{words}", f"{cell.id}-caption"))
    return notebook


def _markdown(text: str, id: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(text, id=id, metadata={"id": id})


def _code(cell: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a code cell with its outputs; Colab reads its name and its fold in the metadata."""
    lines = cell.source.splitlines()
    metadata = {"id": cell.id}
    if FOLDED & set(cell.metadata.get("tags", [])):
        metadata["cellView"] = "form"
    for output in cell.outputs:
        output.get("data", {}).pop(WIDGET, None)  # its state is not stored here
    return nbformat.v4.new_code_cell(
        "\n".join(line for line in lines if line.strip() not in (BEGIN, END)),
        id=cell.id,
        metadata=metadata,
        outputs=cell.outputs,
        execution_count=cell.execution_count,
    )


def texts(labels: dict) -> dict[str, str]:
    """Return the text of every notebook of the edition, by its name such as ``index.ipynb``."""
    book = book_of(labels)
    return {
        file.relative_to(ROOT).as_posix(): nbformat.writes(
            edition(nbformat.read(file, as_version=4), book)
        )
        + "\n"
        for file in masters()
    }


def stored() -> dict[str, str]:
    """Return the text of every notebook that lies in the folder, by its name."""
    return {
        file.relative_to(FOLDER).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted(FOLDER.rglob("*.ipynb"))
    }


def disagreements() -> list[str]:
    """Name the notebooks of the edition that are missing, stale, or without a master."""
    try:
        expected, found = texts(json.loads(LABELS.read_text(encoding="utf-8"))), stored()
    except KeyError as error:
        return [f"labels.json (without {error})"]
    return sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))


def main(arguments: list[str]) -> None:
    """Write the edition, or compare it with ``--check``."""
    if arguments == ["--check"]:
        if stale := disagreements():
            sys.exit(f"Stale in colab/: {', '.join(stale)}. Run `make colab`.")
        return
    FOLDER.mkdir(exist_ok=True)
    LABELS.write_text(BUILT.read_text(encoding="utf-8"), encoding="utf-8")
    expected, found = texts(json.loads(LABELS.read_text(encoding="utf-8"))), stored()
    for name in {*found} - {*expected}:
        (FOLDER / name).unlink()
    for name, text in expected.items():
        if found.get(name) != text:
            (FOLDER / name).parent.mkdir(exist_ok=True)
            (FOLDER / name).write_text(text, encoding="utf-8")
            print(f"wrote colab/{name}")


if __name__ == "__main__":
    main(sys.argv[1:])
