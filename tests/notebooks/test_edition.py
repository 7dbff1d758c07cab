"""``colab/`` as it is stored: the notebooks of the course, in nothing but Markdown and code."""

import html
import itertools
import re

import nbformat
import pytest
from notebooks import METADATA, first_cell
from typeset import typeset

import colab
from exercises import BEGIN, END

MASTERS = colab.masters()
identify = pytest.mark.parametrize(
    "master", MASTERS, ids=lambda file: f"{file.parent.name}/{file.stem}"
)

MARKUP = re.compile(
    r":::|:label:|\{[\w:-]+\}`|\{(?:prf|exercise|eq|cite)|^\([\w-]+\)=|<noscript|\]\(#"
    r"|\]\((?!https://)",
    re.MULTILINE,
)
CODE = re.compile(r"```.*?```|`[^`]+`", re.DOTALL)
FORMULA = re.compile(r"\$\$(?P<display>.+?)\$\$|\$(?P<inline>[^$]+)\$", re.DOTALL)


def edition(master):
    """Return the notebook of the edition that belongs to a notebook."""
    return nbformat.read(colab.FOLDER / master.relative_to(colab.ROOT), as_version=4)


def markdown(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_the_edition_follows_from_the_notebooks():
    assert colab.disagreements() == []


@identify
def test_no_markup_of_the_book_is_left(master):
    found = [match[0] for text in markdown(edition(master)) for match in MARKUP.finditer(text)]
    assert found == []


@identify
def test_every_formula_stands_on_one_line_and_is_tex_without_the_books_macros(master):
    texts = [CODE.sub("", text) for text in markdown(edition(master))]
    assert [text for text in texts if text.count("$") % 2] == []
    found = [match for text in texts for match in FORMULA.finditer(text)]
    formulas = {(match["display"] or match["inline"], bool(match["display"])) for match in found}
    assert [tex for tex, _ in formulas if "\n" in tex] == []
    assert [tex for tex, _ in formulas if re.search(r"<\w", tex)] == []
    typeset(sorted(formulas), {})


@identify
def test_code_and_outputs_are_those_of_the_notebook(master):
    cells, own = code(nbformat.read(master, as_version=4)), code(edition(master))
    for cell, copy in zip(cells, own, strict=True):
        lines = [line for line in cell.source.splitlines() if line.strip() not in (BEGIN, END)]
        assert copy.source.splitlines() == lines
        assert copy.execution_count == cell.execution_count
        for output, copied in zip(cell.outputs, copy.outputs, strict=True):
            data = {k: v for k, v in output.get("data", {}).items() if k != colab.WIDGET}
            assert copied == output | ({"data": data} if data else {})


@identify
def test_it_begins_with_the_cell_that_installs_the_course_and_holds_no_widget_state(master):
    notebook = edition(master)
    assert notebook.cells[0].source == first_cell().source
    assert notebook.metadata == METADATA


@identify
def test_colab_knows_every_cell_by_its_name_and_folds_what_the_book_folds(master):
    notebook = edition(master)
    assert [cell.metadata.id for cell in notebook.cells] == [cell.id for cell in notebook.cells]
    folded = {cell.id for cell in notebook.cells if cell.metadata.get("cellView") == "form"}
    tags = {"hide-input", "remove-input"}
    cells = nbformat.read(master, as_version=4).cells
    assert folded == {c.id for c in cells if tags & set(c.metadata.get("tags", []))}


@identify
def test_every_figure_has_its_caption_and_its_words_in_the_cell_below(master):
    figures = {
        cell.id: cell.metadata["mystnb"]
        for cell in nbformat.read(master, as_version=4).cells
        if "figure" in cell.metadata.get("mystnb", {})
    }
    cells = edition(master).cells
    for cell, following in itertools.pairwise(cells):
        if cell.id in figures:
            caption, words = following.source.split("\n\n<details>\n")
            assert re.match(r"\*\*Fig\. \d+(\.\d+)?\.\*\* ", caption)
            assert caption.endswith(figures[cell.id]["figure"]["caption"])
            assert html.unescape(words.splitlines()[1]) == figures[cell.id]["image"]["alt"]


def test_links_within_the_edition_lead_to_cells_that_exist():
    cells = {
        f"{colab.notebooks_on_colab()}/{name}": {cell.id for cell in nbformat.reads(text, 4).cells}
        for name, text in colab.stored().items()
    }
    texts = [text for file in MASTERS for text in markdown(edition(file))]
    links = [link for text in texts for link in re.findall(r"\]\((\S+)\)", text)]
    own = [link for link in links if link.startswith(colab.notebooks_on_colab())]
    assert len(own) > len(colab.answers()) > 100
    for link in own:
        notebook, _, cell = link.partition("#scrollTo=")
        assert notebook in cells
        assert not cell or cell in cells[notebook]
