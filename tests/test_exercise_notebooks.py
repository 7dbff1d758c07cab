"""The exercise notebooks are what their masters make them."""

import boxes
import nbformat
import pytest
from notebooks import normalise

import exercises as tool

FUNCTION = """\
def double(x):
    \"\"\"Double.\"\"\"
    ### BEGIN SOLUTION
    y = x + x

    return y
    ### END SOLUTION


check("toy.double", double)
"""


@pytest.fixture
def master():
    new = nbformat.v4
    cells = [
        new.new_markdown_cell("# Solutions: Toys"),
        new.new_markdown_cell("Because.", metadata={"tags": ["solution"]}),
        new.new_code_cell(
            FUNCTION,
            execution_count=3,
            outputs=[new.new_output("stream", text="right")],
            metadata={"tags": ["hide-input", "wide"]},
        ),
    ]
    return new.new_notebook(cells=cells)


def test_every_exercise_notebook_agrees_with_its_master():
    assert tool.masters()
    assert tool.disagreements() == []


def test_no_exercise_notebook_holds_a_marker_an_output_or_an_explanation():
    for master in tool.masters():
        notebook = nbformat.reads(tool.derived_text(master), as_version=4)
        for cell in notebook.cells:
            assert "SOLUTION" not in cell.source
            assert "solution" not in cell.metadata.get("tags", [])
            assert not cell.get("outputs")


def test_marked_lines_of_a_function_become_one_ellipsis():
    stub = FUNCTION.split("    ###")[0] + "    ...\n\n\n" + 'check("toy.double", double)'
    assert tool.blank(FUNCTION) == stub


def test_marked_assignments_at_the_margin_keep_their_names():
    source = "### BEGIN SOLUTION\na = 3  # three\nb = (\n    4\n)\n### END SOLUTION\ncheck(a)"
    assert tool.blank(source) == "a = ...\nb = ...\ncheck(a)"


@pytest.mark.parametrize(
    "source",
    [
        "### BEGIN SOLUTION\na = 3",
        "a = 3\n### END SOLUTION",
        "### BEGIN SOLUTION\n### BEGIN SOLUTION\na = 3\n### END SOLUTION",
        "### BEGIN SOLUTION\nprint(3)\n### END SOLUTION",
        "### BEGIN SOLUTION\na[0] = 3\n### END SOLUTION",
    ],
)
def test_markers_that_make_no_stub_are_refused(source):
    with pytest.raises(ValueError, match=r"SOLUTION|may be marked"):
        tool.blank(source)


def test_the_marked_lines_are_those_between_the_markers():
    assert tool.marked_lines(FUNCTION) == {4, 5, 6}


def test_deriving_drops_explanations_outputs_and_folding_and_leaves_the_master_alone(master):
    before = nbformat.writes(master)
    derived = tool.derive(master)
    assert nbformat.writes(master) == before
    install, heading, code = derived.cells
    assert "%pip install" in install.source
    assert heading.source == "# Exercises: Toys"
    assert code.outputs == []
    assert code.execution_count is None
    assert code.metadata["tags"] == ["wide", "nbval-ignore-output"]


def test_deriving_does_not_depend_on_whether_the_master_was_executed(master):
    normalised = normalise(nbformat.from_dict(dict(master)))
    once = nbformat.writes(tool.derive(normalised))
    assert nbformat.writes(tool.derive(normalised)) == once


def chapter(label="(toys-exercises)=") -> nbformat.NotebookNode:
    text = f"A summary.\n\n{label}\n## Exercises\n\nOld text."
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])


def test_what_is_stale_missing_or_an_orphan_is_named(master, tmp_path, monkeypatch):
    for name in ("solutions", "exercises", "chapters"):
        (tmp_path / name).mkdir()
    for name in ("01_a", "02_b", "03_c"):
        nbformat.write(master, tmp_path / "solutions" / f"{name}.ipynb")
        nbformat.write(chapter(), tmp_path / "chapters" / f"{name}.ipynb")
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    tool.main([])
    assert tool.disagreements() == []
    (tmp_path / "exercises" / "01_a.ipynb").write_text("{}")
    (tmp_path / "exercises" / "02_b.ipynb").unlink()
    (tmp_path / "exercises" / "09_z.ipynb").write_text("{}")
    nbformat.write(chapter(), tmp_path / "chapters" / "03_c.ipynb")
    assert tool.disagreements() == [
        "chapters/03_c.ipynb",
        "exercises/01_a.ipynb",
        "exercises/02_b.ipynb",
        "exercises/09_z.ipynb",
    ]
    with pytest.raises(SystemExit, match="make notebooks"):
        tool.main(["--check"])


def test_a_chapter_ends_with_one_box_for_each_prompt(master, tmp_path):
    master.cells.insert(2, nbformat.v4.new_markdown_cell("## 1. Double\n\nDouble $x$."))
    nbformat.write(master, tmp_path / "07_toys.ipynb")
    text = boxes.section(tmp_path / "07_toys.ipynb")
    last = boxes.with_section(chapter(), text).cells[-1].source
    assert last.startswith("A summary.\n\n(toys-exercises)=\n## Exercises\n\nWork on these")
    assert last.endswith("::::{exercise} Double\n:label: ex-toy-double\n\nDouble $x$.\n::::")
    assert "Old text" not in last
    assert boxes.with_section(chapter(), text).cells[-1].source == last


def test_a_chapter_without_the_heading_is_refused():
    with pytest.raises(ValueError, match="no section"):
        boxes.with_section(chapter(label=""), "text")
