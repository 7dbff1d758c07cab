"""The Makefile knows when the book is out of date, also in a copy without git."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = "_build/html/index.html"
FOLDERS = ("chapters", "exercises", "solutions", "assets", "tools", "cnncourse/exercises")


@pytest.fixture
def copy(tmp_path):
    """A copy without git in which the book was built after the last edit."""
    for folder in (*FOLDERS, "cnncourse/grading", ".venv", "_build/html"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", tmp_path)
    sources = ["index.ipynb", *(f"{folder}/source" for folder in FOLDERS)]
    for name in (*sources, "requirements.txt", "pyproject.toml", ".venv/.ready", PAGE):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1e9, 1e9))
    return tmp_path


def is_up_to_date(folder):
    """Ask make about the built page; nothing may be printed on the way."""
    done = subprocess.run(["make", "-q", PAGE], cwd=folder, capture_output=True, check=False)
    assert done.returncode in (0, 1)
    assert not done.stderr
    return done.returncode == 0


def test_a_built_book_is_up_to_date_without_git(copy):
    assert is_up_to_date(copy)


@pytest.mark.parametrize("edited", ["index.ipynb", *(f"{folder}/source" for folder in FOLDERS)])
def test_an_edit_makes_the_book_out_of_date_without_git(copy, edited):
    (copy / edited).touch()
    assert not is_up_to_date(copy)
