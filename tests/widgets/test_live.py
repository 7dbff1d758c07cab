"""Explorers in JupyterLab with a real kernel: Python moves the view, and the view moves Python."""

import nbformat
import pytest

from cnncourse import widgets

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


def test_every_explorer_is_tried_live():
    assert set(SETTINGS) == set(widgets.__all__)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_trait_set_on_one_side_arrives_on_the_other(lab, name):
    setting, from_python, from_page = SETTINGS[name]
    page = lab.open(notebook(name, setting, from_python), f"{name}.ipynb")

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
    page.context.close()
