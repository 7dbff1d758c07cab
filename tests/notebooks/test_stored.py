"""What is stored in the repository: one run from top to bottom, with words for every figure."""

import re
from pathlib import Path

import nbformat
import pytest
from notebooks import METADATA, first_cell
from repository import ROOT

CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
NOTEBOOKS = [
    *CHAPTERS,
    *sorted((ROOT / "exercises").glob("*.ipynb")),
    *sorted((ROOT / "solutions").glob("*.ipynb")),
]
identify = pytest.mark.parametrize(
    "file", NOTEBOOKS, ids=lambda file: f"{file.parent.name}/{file.stem}"
)
of_chapters = pytest.mark.parametrize("file", CHAPTERS, ids=lambda file: file.stem)


def read(file: Path) -> nbformat.NotebookNode:
    return nbformat.read(file, as_version=4)


def markdown(file: Path) -> str:
    return "\n\n".join(c.source for c in read(file).cells if c.cell_type == "markdown")


@identify
def test_a_notebook_begins_with_the_cell_that_installs_the_course(file):
    assert read(file).cells[0] == first_cell() | {
        "execution_count": read(file).cells[0].execution_count,
    }


@identify
def test_a_notebook_holds_no_run_metadata(file):
    notebook = read(file)
    assert {key: notebook.metadata[key] for key in METADATA} == METADATA
    assert set(notebook.metadata) <= {*METADATA, "widgets"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags", "mystnb"}


@identify
def test_a_notebook_is_stored_from_one_clean_run(file):
    code = [cell for cell in read(file).cells if cell.cell_type == "code"]
    outputs = [output for cell in code for output in cell.outputs]
    assert [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"] == []
    if file.parent.name == "exercises":
        assert outputs == []
    else:
        assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))


@of_chapters
def test_every_figure_has_a_caption_a_name_and_a_finding_in_words(file):
    for cell in read(file).cells:
        if not any("image/png" in o.get("data", {}) for o in cell.get("outputs", [])):
            continue
        settings = cell.metadata["mystnb"]
        slug = file.stem[3:].split("_")[0]
        assert settings["figure"]["name"].startswith(f"fig-{slug}-")
        assert len(settings["figure"]["caption"].split()) >= 8
        assert len(settings["image"]["alt"].split()) >= 15


@of_chapters
def test_a_chapter_keeps_its_promise(file):
    text = markdown(file)
    prose = re.sub(r"\$\$.*?\$\$|\$[^$]*\$|:::.*", " ", text, flags=re.DOTALL)
    assert len(re.findall(r"[A-Za-z]{2,}", prose if len(prose) > 5000 else text)) >= 2000
    assert text.lstrip().startswith(f"({file.stem[3:].replace('_', '-')})=")
    results = re.findall(r":::\{prf:(?:theorem|proposition|lemma|corollary)\}", text)
    proofs = re.findall(r":::\{prf:proof\}", text)
    assert len(results) >= 2
    assert len(proofs) >= len(results)
    for heading in ("## Summary", "## Further reading", "## Exercises"):
        assert heading in text
    code = [cell.source for cell in read(file).cells if cell.cell_type == "code"]
    figures = sum("mystnb" in cell.metadata for cell in read(file).cells)
    assert figures >= 3
    assert any("set_seed" in source for source in code)
    assert sum("assert" in source for source in code) >= 5


@of_chapters
def test_directives_use_colon_fences_which_stay_readable_elsewhere(file):
    assert "```{" not in markdown(file)


def test_no_chapter_exercise_or_solution_is_an_orphan():
    slugs = {
        folder: {f.stem for f in (ROOT / folder).glob("*.ipynb")}
        for folder in ("chapters", "exercises", "solutions")
    }
    assert slugs["exercises"] == slugs["solutions"] <= slugs["chapters"]
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    for folder in ("chapters", "solutions"):
        for slug in slugs[folder]:
            assert f"{folder}/{slug}" in toc
    modules = {file.stem for file in (ROOT / "cnncourse/exercises").glob("*.py")} - {"__init__"}
    assert modules == {slug[3:] for slug in slugs["solutions"]}
