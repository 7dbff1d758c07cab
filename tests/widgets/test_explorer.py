"""What every explorer shares: limits in Python and page, one script, a state without chance."""

import re
import sys

import nbformat
import notebooks
import pytest
import traitlets

from cnncourse import widgets
from cnncourse.widgets._explorer import Explorer

ALL = [getattr(widgets, name) for name in widgets.__all__]
explorers = pytest.mark.parametrize("explorer", ALL, ids=lambda explorer: explorer.__name__)
LIMIT = 40 * 1024  # bytes of script, the shared part included


@explorers
def test_an_explorers_script_is_small_and_asks_nobody_for_anything(explorer):
    script = explorer._esm
    assert len(script.encode()) <= LIMIT
    assert len(re.findall(r"^export default", script, re.MULTILINE)) == 1
    assert re.findall(r"\bimport\b|\bfetch\(|https?://|</script", script) == []


def test_an_explorer_without_a_script_is_refused_where_it_is_defined():
    with pytest.raises(TypeError, match="Mute must name its script"):

        class Mute(Explorer):
            pass


@explorers
def test_two_explorers_store_the_same_state(explorer):
    first, second = explorer().get_state(), explorer().get_state()
    assert {key: first[key] for key in first if key != "layout"} == {
        key: second[key] for key in second if key != "layout"
    }
    assert repr(explorer()) == repr(explorer())


@explorers
def test_an_explorer_draws_itself_and_reports_its_numbers(show, explorer):
    shown = show(explorer())
    assert shown.numbers()
    assert shown.sentence() == ""


@explorers
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_follow_the_theme(show, explorer, theme):
    shown = show(explorer(), theme=theme)
    ink = shown.page.evaluate("getComputedStyle(root).color")
    assert (sum(int(part) for part in re.findall(r"\d+", ink)) > 380) == (theme == "dark")


@explorers
def test_a_setting_out_of_its_limits_is_refused_by_python_and_by_the_page(show, explorer):
    widget = explorer()
    shown = show(widget)
    limits = {
        name: trait.limits for name, trait in widget.traits().items() if name in widget.limits
    }
    assert limits
    for name, (low, high) in limits.items():
        before = shown.settings()
        for bad in (low - 1, high + 1):
            sentence = f"{name} must be an integer from {low} to {high}, got {bad}"
            with pytest.raises(traitlets.TraitError, match=re.escape(sentence)):
                setattr(widget, name, bad)
            assert shown.set(**{name: bad}) == {"problem": f"{sentence}."}
            assert shown.sentence() == f"{sentence}."
            assert shown.settings() == before
        assert "problem" not in shown.set(**{name: before[name]})
        assert shown.sentence() == ""


@explorers
def test_an_unknown_setting_is_named(explorer):
    with pytest.raises(TypeError, match=f"{explorer.__name__} has no setting colour; it has "):
        explorer(colour="red")


@explorers
def test_a_change_of_a_trait_redraws_and_a_removed_view_rests(show, explorer):
    shown = show(explorer())
    name, (low, high) = next(iter(explorer().limits.items()))
    value = low if shown.settings()[name] != low else high
    shown.page.evaluate("([name, value]) => model.set(name, value)", [name, value])
    shown.numbers()
    assert shown.settings()[name] == value
    assert shown.page.evaluate("window.saved ?? 0") == 0  # what comes from Python is not sent back
    shown.page.evaluate("stop(); window.before = root.explorer.numbers()")
    shown.page.evaluate("([name, value]) => model.set(name, value)", [name, high + low - value])
    shown.numbers()
    assert shown.page.evaluate("root.explorer.numbers() === window.before")


@explorers
def test_a_view_that_enters_the_page_late_draws_there_and_follows_python(show, explorer):
    shown = show(explorer())
    first = shown.numbers()
    shown.page.evaluate(
        """() => {
          const place = document.createElement("div"); // JupyterLab attaches it when it has time
          widget.render({ model, el: place });
          window.root = place.firstChild;
          document.body.append(place);
        }"""
    )
    shown.numbers()  # the frame that lays it out asks for the one that draws it
    assert shown.numbers() == first
    name, (low, high) = next(iter(explorer().limits.items()))
    for value in (low, high):
        shown.page.evaluate("([name, value]) => model.set(name, value)", [name, value])
        late = shown.numbers()
        assert late == shown.set()  # what a redraw at once gives


@explorers
def test_a_view_taken_out_of_the_page_draws_again_when_it_is_back(show, explorer):
    shown = show(explorer())
    place = "document.getElementById('place')"
    name, (low, high) = next(iter(explorer().limits.items()))
    value = low if shown.settings()[name] != low else high
    before = shown.numbers()
    shown.page.evaluate(f"window.kept = {place}; kept.remove()")
    shown.page.evaluate("([name, value]) => model.set(name, value)", [name, value])
    assert shown.numbers() == before
    shown.page.evaluate("document.body.append(kept)")
    shown.numbers()  # the frame that lays it out asks for the one that draws it
    assert shown.numbers() == shown.set()


def test_a_notebook_with_an_explorer_is_stored_the_same_by_every_run(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["notebooks.py"])
    source = "from cnncourse.widgets import Convolution\n\nConvolution(stride=2)"
    stored = []
    for run in ("first", "second"):
        file = tmp_path / f"{run}.ipynb"
        cells = [nbformat.v4.new_code_cell(source)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), file)
        notebooks.execute(file)
        stored.append(file.read_text(encoding="utf-8"))
    assert stored[0] == stored[1]
    notebook = nbformat.reads(stored[0], as_version=4)
    view = notebook.cells[1].outputs[0].data["application/vnd.jupyter.widget-view+json"]
    states = notebook.metadata.widgets[notebooks.WIDGET_STATE]["state"]
    assert states[view["model_id"]]["state"]["stride"] == 2
