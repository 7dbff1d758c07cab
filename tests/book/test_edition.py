"""``colab/`` beside the built book: its numbers, its links, and how JupyterLab shows it."""

import json
import re

import nbformat
import pytest
from bs4 import BeautifulSoup

import colab

NOTEBOOKS = colab.stored()
SHOWN = ["chapters/04_equivariance.ipynb", "solutions/02_convolution.ipynb"]


def test_the_stored_names_and_numbers_are_those_of_the_built_book():
    stored = json.loads(colab.LABELS.read_text(encoding="utf-8"))
    assert stored == json.loads(colab.BUILT.read_text(encoding="utf-8"))


def test_every_link_into_the_published_book_has_its_page_and_anchor(html):
    pages = colab.book_of(json.loads(colab.LABELS.read_text(encoding="utf-8"))).pages
    links = {
        link
        for text in NOTEBOOKS.values()
        for cell in nbformat.reads(text, as_version=4).cells
        for link in re.findall(rf"\({re.escape(pages)}/([^)]+)\)", cell.source)
    }
    assert len(links) > 100
    broken = []
    for page in {link.partition("#")[0] for link in links}:
        soup = BeautifulSoup((html / page).read_text(encoding="utf-8"), "html.parser")
        anchors = {tag["id"] for tag in soup.find_all(id=True)}
        wanted = {link.partition("#")[2] for link in links if link.partition("#")[0] == page}
        broken += sorted(wanted - anchors)
    assert broken == []


def test_a_statement_has_the_number_that_its_page_shows(html):
    labels = json.loads(colab.BUILT.read_text(encoding="utf-8"))["labels"]
    for page in {entry["at"].partition("#")[0] for entry in labels.values()}:
        soup = BeautifulSoup((html / page).read_text(encoding="utf-8"), "html.parser")
        boxes = soup.select(".proof[id], .exercise[id], figure[id], div.math[id]")
        shown = {box["id"]: box.select_one(".caption-number, .eqno") for box in boxes}
        for label, number in shown.items():
            if number is not None:
                entry = labels[label.removeprefix("equation-")]
                assert entry["name"] == number.text.strip().rstrip("#").strip()
                assert entry["at"] == f"{page}#{label}"


def test_the_pages_offer_the_edition_for_download(html):
    offered = {
        file.relative_to(html / "_sources").as_posix(): file.read_text(encoding="utf-8")
        for file in (html / "_sources").rglob("*.ipynb")
    }
    assert offered
    assert [name for name, text in offered.items() if text != NOTEBOOKS[name]] == []


@pytest.mark.parametrize("name", SHOWN)
def test_jupyterlab_typesets_every_formula_and_folds_every_proof(lab, name):
    notebook = nbformat.reads(NOTEBOOKS[name], as_version=4)
    page = lab.open(notebook, name.replace("/", "-"))
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    text = re.sub(r"```.*?```|`[^`]+`", "", text, flags=re.DOTALL)
    formulas = len(re.findall(r"\$\$.+?\$\$|\$[^$]+\$", text))
    folds = text.count("<details>")
    assert min(formulas, folds) > 5

    page.wait_for_function(
        "(count) => document.querySelectorAll('.jp-MarkdownOutput mjx-container').length >= count",
        arg=formulas,
    )
    assert page.locator("mjx-container").count() == formulas
    assert page.locator("mjx-merror, [data-mml-node='merror']").count() == 0
    assert page.locator(".jp-MarkdownOutput details:not([open])").count() == folds
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    shown = "\n".join(page.locator(".jp-MarkdownOutput").all_inner_texts())
    assert "$" not in shown
    page.context.close()
