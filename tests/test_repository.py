"""The public URL stands once; everything that repeats it agrees, and one command changes it."""

import re
import shutil

import notebooks
import pytest
import repository

ROOT = repository.ROOT
#: Files in which the course names its own repository.
PLACES = ["README.md", "pyproject.toml", "CITATION.cff", "index.ipynb"]


def named_repositories(text: str) -> set[str]:
    """Every GitHub repository that a text names: by URL, as pages, or in a Colab link."""
    urls = {f"{o}/{n}" for o, n in re.findall(r"github\.com/([\w-]+)/([\w-]+)", text)}
    pages = {f"{o}/{n}" for o, n in re.findall(r"https://([\w-]+)\.github\.io/([\w-]+)", text)}
    colab = {f"{o}/{n}" for o, n in re.findall(r"google\.com/github/([\w-]+)/([\w-]+)", text)}
    return urls | pages | colab


@pytest.mark.parametrize("name", PLACES)
def test_a_place_names_the_repository_of_the_configuration_only(name):
    expected = repository.current_url().removeprefix("https://github.com/")
    assert named_repositories((ROOT / name).read_text(encoding="utf-8")) == {expected}


def test_notebooks_install_from_and_link_to_the_configured_repository():
    expected = repository.current_url().removeprefix("https://github.com/")
    own = re.compile(
        r"git\+https://github\.com/([\w-]+/[\w-]+)"  # the first cell
        r"|google\.com/github/([\w-]+/[\w-]+)"  # a Colab link
        rf"|github\.com/([\w-]+/[\w-]+)/blob/{re.escape(repository.current_ref())}/colab/exercises"
    )
    files = [file for file in repository.tracked_text_files() if file.suffix == ".ipynb"]
    assert files
    for file in files:
        named = {
            part
            for groups in own.findall(file.read_text(encoding="utf-8"))
            for part in groups
            if part
        }
        assert named == {expected}, file


def test_one_command_changes_the_url_everywhere(tmp_path, monkeypatch):
    for name in [*PLACES, "_config.yml"]:
        shutil.copy(ROOT / name, tmp_path / name)
    files = [tmp_path / name for name in [*PLACES, "_config.yml"]]
    monkeypatch.setattr(repository, "ROOT", tmp_path)
    monkeypatch.setattr(repository, "tracked_text_files", lambda: files)
    changed = repository.replace(repository.current_url(), "https://github.com/Someone/course")
    assert set(changed) == set(files)
    assert repository.current_url() == "https://github.com/Someone/course"
    for name in PLACES:
        named = {
            repo.lower()
            for repo in named_repositories((tmp_path / name).read_text(encoding="utf-8"))
        }
        assert named == {"someone/course"}


def test_a_url_of_another_form_is_refused_with_what_was_given():
    with pytest.raises(SystemExit, match=r"got 'https://example\.org/x'"):
        repository.spellings("https://example.org/x")


def test_the_first_cell_installs_from_the_configured_repository():
    assert f"git+{repository.current_url()}" in notebooks.first_cell().source
