"""Re-execute notebooks in place and write them normalised, so that a diff shows meaning.

``python tools/notebooks.py FILE...``; ``make notebooks`` runs it over all of them.
Every notebook begins with the same cell, which installs the course where it is missing (Colab).
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from repository import current_ref, current_url
from tqdm import tqdm

LIMIT = 90  # seconds that a notebook may take on two cores

FIRST_CELL = """\
# This installs cnncourse {version}, unless it is there already.
import importlib.util

if importlib.util.find_spec("cnncourse") is None:
    %pip install --quiet "cnncourse @ git+{url}{at}"\
"""

WIDGET_STATE = "application/vnd.jupyter.widget-state+json"

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def first_cell() -> nbformat.NotebookNode:
    """Return the cell that makes a notebook run on Colab: it installs the release it belongs to."""
    ref = current_ref()
    version, at = ("in its newest version", "") if ref == "main" else (ref, f"@{ref}")
    source = FIRST_CELL.format(version=version, url=current_url(), at=at)
    cell = nbformat.v4.new_code_cell(source, id="install")
    cell.metadata["tags"] = ["remove-cell"]
    return cell


def normalise(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Put the first cell in place; drop whatever changes from run to run or machine to machine."""
    install = first_cell()
    if notebook.cells and "remove-cell" in notebook.cells[0].metadata.get("tags", []):
        install.execution_count = notebook.cells.pop(0).execution_count
    notebook.cells.insert(0, install)
    notebook = name_models(notebook)
    widgets = notebook.metadata.get("widgets")
    notebook.metadata = nbformat.from_dict(METADATA)
    if widgets:
        notebook.metadata["widgets"] = widgets
    for number, cell in enumerate(notebook.cells):
        cell["id"] = "install" if number == 0 else f"cell-{number:03d}"
        for key in ("execution", "collapsed", "jupyter", "ExecuteTime", "scrolled", "trusted"):
            cell.metadata.pop(key, None)
        for output in cell.get("outputs", []):
            output.get("metadata", {}).clear()
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def name_models(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Number the widgets' models in the order of their making, where a run gives random names."""
    states = notebook.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    if not states:
        return notebook
    text = json.dumps(notebook)
    for number, name in enumerate(states):
        text = text.replace(name, f"{number:032x}")
    return nbformat.from_dict(json.loads(text))


def merge_streams(notebook: nbformat.NotebookNode) -> None:
    """Drop progress bars (standard error) and join what was printed in pieces."""
    for cell in notebook.cells:
        kept: list[nbformat.NotebookNode] = []
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                continue
            last = kept[-1] if kept else None
            if output.output_type == "stream" and last and last.output_type == "stream":
                last.text += output.text
            else:
                kept.append(output)
        if cell.cell_type == "code":
            cell.outputs = kept


def execute(file: Path) -> float:
    """Run a notebook top to bottom in its own folder, store it, and return the seconds taken."""
    notebook = normalise(nbformat.read(file, as_version=4))
    notebook.metadata.pop("widgets", None)  # this run stores its own
    start = time.perf_counter()
    NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        store_widget_state=True,
        resources={"metadata": {"path": str(file.parent)}},
    ).execute()
    seconds = time.perf_counter() - start
    merge_streams(notebook)
    nbformat.write(normalise(notebook), file)
    return seconds


def main(files: list[Path]) -> None:
    """Execute the files one after the other and print how long each took."""
    # For the kernels: no bars are stored, and no learner's progress is touched.
    os.environ.setdefault("TQDM_DISABLE", "1")
    os.environ["CNNCOURSE_PROGRESS"] = str(Path(tempfile.mkdtemp()) / "progress.json")
    os.environ["PYTHONSTARTUP"] = str(Path(__file__).with_name("smallest_text.py"))
    slow = []
    for file in tqdm(files, desc="notebooks", disable=None):
        seconds = execute(file)
        tqdm.write(f"{seconds:6.1f} s  {file}")
        if seconds > LIMIT:
            slow.append(f"{file} ({seconds:.0f} s)")
    if slow:
        sys.exit(f"Over {LIMIT} s: {', '.join(slow)}")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
