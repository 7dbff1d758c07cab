"""Let notebooks install, and pages link to, one state of the course: a release, or the branch main.

``python tools/release.py`` names the tag of the version in ``pyproject.toml``, and
``python tools/release.py main`` goes back. The name stands in ``_config.yml``; `make release`
renews what follows from it.
"""

from __future__ import annotations

import re
import sys
import tomllib

import nbformat
from notebooks import first_cell
from repository import ROOT


def tag() -> str:
    """Return the tag of the version in ``pyproject.toml``."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return f"v{project['version']}"


def name(ref: str) -> None:
    """Write the state's name into the configuration and into the first cell of every notebook."""
    configuration = ROOT / "_config.yml"
    text = configuration.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^  branch: .*$", f"  branch: {ref}", text)
    configuration.write_text(text, encoding="utf-8")
    for folder in (".", "chapters", "solutions"):
        for file in (ROOT / folder).glob("*.ipynb"):
            notebook = nbformat.read(file, as_version=4)
            notebook.cells[0].source = first_cell().source
            nbformat.write(notebook, file)


if __name__ == "__main__":
    name(sys.argv[1] if len(sys.argv) > 1 else tag())
