import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from cnncourse.check import Outcome, check, grade, hint, progress
from cnncourse.grading.kinds import Exercise, Misconception, Number

EXERCISE = Number(
    id="toy.answer",
    title="The answer",
    value=42,
    hints=("Think.", "Think again."),
    misconceptions=(Misconception("one off", "Count once more.", 41),),
    insight="It is known.",
)


@pytest.fixture(autouse=True)
def _registered(register):
    register(EXERCISE)


def test_check_prints_the_verdict_and_returns_nothing(capsys):
    assert check("toy.answer", 41) is None
    assert capsys.readouterr().out == "✘ Not right yet · toy.answer: one off\n  Count once more.\n"


def test_an_unknown_id_names_the_nearest_known_one(capsys):
    verdict = grade("toy.anwser", 42)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "Did you mean `toy.answer`?" in verdict.message
    hint("toy.anwser")
    assert "Did you mean `toy.answer`?" in capsys.readouterr().out
    assert "`progress()` lists them all" in grade("zzz", 42).message
    assert grade(3, 42).outcome is Outcome.UNKNOWN


def test_an_id_that_has_no_text_is_unknown_and_nothing_is_raised(capsys):
    class Mute:
        def __str__(self):
            raise ValueError

    check(Mute(), 42)
    hint(Mute())
    assert capsys.readouterr().out.count("No such exercise · <Mute>") == 2


def test_hints_come_one_after_the_other_and_end_at_the_solution(capsys):
    for words in ("1 of 2\n  Think.\n", "2 of 2\n  Think again.\n", "solutions/07_toy.ipynb"):
        hint("toy.answer")
        assert words in capsys.readouterr().out


def test_progress_goes_from_open_over_tried_to_done(capsys):
    for answer, state in ((..., "○ open"), (41, "◐ tried"), (42, "✔ done"), (41, "✔ done")):
        check("toy.answer", answer)
        capsys.readouterr()
        progress()
        assert f"{state}   toy.answer" in capsys.readouterr().out.replace("tried  ", "tried   ")


def test_a_corrupt_progress_file_is_mentioned_once(capsys, tmp_path):
    (tmp_path / "progress.json").write_text("{")
    progress()
    assert capsys.readouterr().out.count("progress.corrupt-1.json") == 1
    progress()
    assert "corrupt" not in capsys.readouterr().out


def test_none_is_wrong_for_every_kind():
    assert grade("toy.answer", None).outcome is Outcome.WRONG


def test_an_answer_that_breaks_the_check_itself_is_reported_and_not_raised(register):
    class Broken(Exercise):
        def judge(self, answer):
            raise RuntimeError("what is this?")

    register(Broken(id="toy.broken", title="b", hints=("a.", "b."), misconceptions=()))
    verdict = grade("toy.broken", 3)
    assert verdict.outcome is Outcome.CRASHED
    assert "could not be read" in verdict.message


def test_importing_the_checks_loads_no_torch():
    code = "import sys, cnncourse.check; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


SESSION = """
from cnncourse.check import check, hint, progress
import torch
---
def conv2d(x, weight):
    ...
check("convolution.valid", conv2d)
---
def conv2d(x, weight):
    k = weight.shape[0]
    out = x.new_zeros(x.shape[0] - k + 1, x.shape[1] - k + 1)
    ...
check("convolution.valid", conv2d)
---
def conv2d(x, weight):
    k = weight.shape[0]
    return x[:k] @ weight[:, :1].T @ y
check("convolution.valid", conv2d)
---
def correlate(x, weight):
    k = weight.shape[0]
    rows = range(x.shape[0] - k + 1)
    columns = range(x.shape[1] - k + 1)
    return torch.stack([torch.stack([(x[i:i+k, j:j+k] * weight).sum() for j in columns])
                        for i in rows])
check("convolution.valid", lambda x, weight: correlate(x, weight.flip(0, 1)))
---
check("convolution.valid", correlate)
---
hint("convolution.valid")
"""


def run_session(cells, folder):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    NotebookClient(
        notebook, kernel_name="python3", timeout=120, resources={"metadata": {"path": folder}}
    ).execute()
    return [[o["data"] for o in cell.outputs if "data" in o] for cell in notebook.cells]


# Older clients of Jupyter warn of themselves.
@pytest.mark.filterwarnings("default::DeprecationWarning")
def test_a_learners_session_in_jupyter(tmp_path):
    outputs = run_session([part.strip() for part in SESSION.split("---")], str(tmp_path))
    shown = [data[0]["text/plain"] for data in outputs[1:]]
    assert shown[0].startswith("○ Not attempted yet")
    assert shown[1].startswith("○ Not attempted yet")
    assert "line 4: `...`" in shown[1]
    assert shown[2].startswith("⚠ Your code stopped")
    assert "Line 3, `return x[:k] @ weight[:, :1].T @ y`, raised" in shown[2]
    assert "ipykernel" not in shown[2]
    assert shown[3].startswith("✘ Not right yet · convolution.valid: kernel flipped")
    assert shown[4].startswith("✔ Right")
    assert shown[5].startswith("➜ Hint · convolution.valid, 1 of")
    assert all('role="status"' in data[0]["text/html"] for data in outputs[1:])

    another = [sys.executable, "-c", "from cnncourse.check import progress; progress()"]
    table = subprocess.run(another, capture_output=True, encoding="utf-8").stdout
    assert "✔ done   convolution.valid" in table
