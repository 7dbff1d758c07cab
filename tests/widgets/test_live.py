"""Explorers in JupyterLab with a real kernel: Python moves the view, and the view moves Python."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

import nbformat
import pytest

from cnncourse import widgets

PATIENCE = 180  # seconds for a server, a kernel or a page on a busy machine

# Of each explorer: a setting with limits, the value Python gives it, and the value the page gives.
SETTINGS = {
    "Convolution": ("stride", 3, 2),
    "Cost": ("size", 32, 40),
    "Equivariance": ("stride", 3, 1),
    "ReceptiveField": ("layer", 3, 2),
}


def notebook(name, setting, value):
    """Three cells: show the explorer, set it from Python, print what Python has."""
    sources = [
        f"from cnncourse.widgets import {name}\n\nfigure = {name}()\nfigure",
        f"figure.{setting} = {value}",
        f"print('Python has', figure.{setting})",
    ]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on a folder of its own; yields its address."""
    folder = tmp_path_factory.mktemp("lab")
    for name, (setting, value, _) in SETTINGS.items():
        nbformat.write(notebook(name, setting, value), folder / f"{name}.ipynb")
    own = {
        name: str(folder / "jupyter")
        for name in (
            "JUPYTER_CONFIG_DIR",
            "JUPYTER_DATA_DIR",
            "JUPYTER_RUNTIME_DIR",
            "JUPYTERLAB_SETTINGS_DIR",
            "JUPYTERLAB_WORKSPACES_DIR",
            "IPYTHONDIR",
        )
    }
    options = [
        "--no-browser",
        "--allow-root",
        "--port=0",
        "--IdentityProvider.token=",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        f"--ServerApp.root_dir={folder}",
    ]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env=os.environ | own,
            stdout=log,
            stderr=log,
        )
        try:
            yield address_of(server, folder)
        finally:
            server.terminate()
            server.wait(PATIENCE)


def address_of(server, folder):
    """Wait until the server answers, and return where."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        for file in (folder / "jupyter").glob("jpserver-*.json"):
            try:
                address = json.loads(file.read_text())["url"]
                with urllib.request.urlopen(f"{address}api/status"):
                    return address
            except (json.JSONDecodeError, urllib.error.URLError):
                pass
        time.sleep(0.2)
    pytest.fail(f"JupyterLab does not answer:\n{(folder / 'server.log').read_text()[-2000:]}")


def test_every_explorer_is_tried_live():
    assert set(SETTINGS) == set(widgets.__all__)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_trait_set_on_one_side_arrives_on_the_other(browser, lab, name):
    setting, from_python, from_page = SETTINGS[name]
    context = browser.new_context(viewport={"width": 1280, "height": 1400})
    context.set_default_timeout(1000 * PATIENCE)
    page = context.new_page()
    page.goto(f"{lab}doc/tree/{name}.ipynb")

    run = page.locator("[data-command='notebook:run-cell-and-select-next']")
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()  # else it asks which kernel
    run.click()
    page.wait_for_selector(".explorer")
    root = page.locator(".explorer")
    root.evaluate("element => { window.root = element; }")
    page.wait_for_function("Object.keys(root.explorer.numbers()).length > 0")  # it is drawn
    page.evaluate("window.first = JSON.stringify(root.explorer.numbers())")

    run.click()
    page.wait_for_function(
        "([name, value]) => root.explorer.settings()[name] === value", arg=[setting, from_python]
    )
    page.wait_for_function("JSON.stringify(root.explorer.numbers()) !== first")

    page.evaluate("(settings) => root.explorer.set(settings)", {setting: from_page})
    run.click()
    page.get_by_text(f"Python has {from_page}").wait_for()
    context.close()
