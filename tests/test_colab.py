"""Explorers beside the packages that Colab has, which are older than ours."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from cnncourse import widgets

# Colab's versions, and what only they need; all else is taken from this environment.
LINES = Path(__file__).with_name("colab.txt").read_text(encoding="utf-8").splitlines()
COLAB = [line for line in LINES if line.startswith(("ipy", "traitlets"))]
NEEDED = ("backcall", "decorator", "ipython_genutils", "pickleshare")

SETTINGS = {
    "Convolution": ("stride", 3),
    "Cost": ("size", 32),
    "Equivariance": ("stride", 3),
    "ReceptiveField": ("layer", 3),
}


@pytest.fixture(scope="module")
def colab(tmp_path_factory):
    """The environment of a kernel that imports Colab's packages before ours."""
    folder = tmp_path_factory.mktemp("colab")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
    done = subprocess.run([*pip, *COLAB, *NEEDED], capture_output=True, encoding="utf-8")
    if done.returncode:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"pip: {done.stderr[-300:]}")
    path = [str(folder), str(Path(widgets.__file__).parents[2])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(path)}


def test_every_explorer_is_built_shown_and_set_with_colabs_packages(colab, tmp_path):
    sources = ["import traitlets\nfrom cnncourse.widgets import *\ntraitlets.__version__"]
    for name, (setting, value) in SETTINGS.items():
        sources += [f"figure = {name}()\nfigure", f"figure.{setting} = {value}"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    client = NotebookClient(notebook, kernel_name="python3", timeout=120, resources={})
    client.execute(env=colab, cwd=str(tmp_path))

    first, *shown = [cell.outputs[0].data for cell in notebook.cells if cell.outputs]
    assert first["text/plain"] == "'5.7.1'"
    assert [*SETTINGS] == widgets.__all__
    for (name, (setting, value)), data in zip(SETTINGS.items(), shown, strict=True):
        model = data["application/vnd.jupyter.widget-view+json"]["model_id"]
        state = client.widget_state[model]
        explorer = getattr(widgets, name)
        expected = json.loads(json.dumps(explorer(**{setting: value}).get_state(), default=str))
        assert state[setting] == value
        for key in ("_esm", "_css", "limits", "names", *explorer.class_own_traits()):
            assert state[key] == expected[key], key
