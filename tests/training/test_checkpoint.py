"""A file is whole at every moment: the old content or the new."""

import errno
import os

import pytest
import torch

from cnncourse.training.checkpoint import load, save, write
from cnncourse.training.refusal import Refusal


def test_what_was_saved_comes_back(tmp_path):
    state = {"weights": torch.arange(3.0), "epoch": 2}
    save(tmp_path / "a.pt", state)
    torch.testing.assert_close(load(tmp_path / "a.pt", {"epoch"}), state)
    assert os.listdir(tmp_path) == ["a.pt"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_without_space_the_old_content_stays(tmp_path, monkeypatch, step):
    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write(tmp_path / "a", b"old")
    monkeypatch.setattr(os, step, full)
    with pytest.raises(Refusal, match=r"could not write .*a \(No space left on device\); the one"):
        write(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_content_reaches_the_disk_before_it_takes_the_place_of_the_old(tmp_path, monkeypatch):
    seen = []
    replace = os.replace
    monkeypatch.setattr(os, "fsync", lambda number: seen.append(os.fstat(number).st_size))

    def look(source, target):
        seen.append((source.parent == target.parent, target.read_bytes()))
        replace(source, target)

    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(os, "replace", look)
    write(tmp_path / "a", b"newer")
    assert seen == [5, (True, b"old")]
    assert (tmp_path / "a").read_bytes() == b"newer"


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04"])
def test_a_foreign_file_is_refused(tmp_path, content):
    (tmp_path / "last.pt").write_bytes(content)
    with pytest.raises(Refusal, match=r"last\.pt is no checkpoint of this trainer$"):
        load(tmp_path / "last.pt", {"model"})


@pytest.mark.parametrize("state", [{"weights": 1}, [1], torch.zeros(2), {"model": {}}])
def test_another_state_is_refused(tmp_path, state):
    torch.save(state, tmp_path / "last.pt")
    with pytest.raises(Refusal, match=r"last\.pt is no checkpoint of this trainer$"):
        load(tmp_path / "last.pt", {"model", "epoch"})


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(Refusal, match=r"^there is no .*last\.pt: nothing to resume$"):
        load(tmp_path / "last.pt", {"model"})
