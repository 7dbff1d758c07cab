"""A notebook installs the release it belongs to, and one command says which that is."""

import shutil

import boxes
import nbformat
import notebooks
import pytest
import release
import repository
from packaging.requirements import Requirement

NOTEBOOK = "chapters/01_why_convolution.ipynb"


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A course with one notebook, whose version is 3.1.4."""
    (tmp_path / "chapters").mkdir()
    for name in ("_config.yml", NOTEBOOK):
        shutil.copy(repository.ROOT / name, tmp_path / name)
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "3.1.4"\n', encoding="utf-8")
    for module in (repository, release):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    return tmp_path


def first_lines(folder):
    return nbformat.read(folder / NOTEBOOK, as_version=4).cells[0].source.splitlines()


def test_the_notebooks_name_the_newest_state_or_the_release_of_the_version():
    assert repository.current_ref() in ("main", release.tag())


def test_a_released_notebook_says_and_installs_its_own_release(copy):
    release.name(release.tag())
    said, *_, install = first_lines(copy)
    assert said == "# This installs cnncourse v3.1.4, unless it is there already."
    assert Requirement(install.split('"')[1]).url == f"git+{repository.current_url()}@v3.1.4"


def test_links_of_a_release_lead_to_its_own_notebooks(copy):
    release.name(release.tag())
    assert boxes.notebooks_on_colab().endswith("/blob/v3.1.4/colab")


def test_going_back_to_the_newest_state_restores_every_byte(copy):
    release.name("main")
    before = [(copy / name).read_bytes() for name in ("_config.yml", NOTEBOOK)]
    assert Requirement(first_lines(copy)[-1].split('"')[1]).url == f"git+{repository.current_url()}"
    release.name("v3.1.4")
    assert [(copy / name).read_bytes() for name in ("_config.yml", NOTEBOOK)] != before
    release.name("main")
    assert [(copy / name).read_bytes() for name in ("_config.yml", NOTEBOOK)] == before
    assert notebooks.first_cell().source.splitlines() == first_lines(copy)
