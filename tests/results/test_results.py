"""Stored results come back as they were written, with how they came about."""

from datetime import date
from pathlib import Path

import pytest
import torch

from cnncourse import results

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
ROWS = [{"method": "probe", "k": 1, "accuracy": [0.25, 0.5]}, {"method": "all", "k": 20}]


def test_what_is_stored_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    file = results.store("try", ROWS, seeds=range(3))
    loaded = results.load("try")
    assert file == tmp_path / "try.json"
    assert loaded.rows == ROWS
    assert loaded.seeds == [0, 1, 2]
    assert loaded.device == "cpu"
    assert loaded.versions["torch"] == torch.__version__
    assert date.fromisoformat(loaded.date) <= date.today()


def test_an_unknown_name_is_refused_with_those_that_there_are(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    with pytest.raises(FileNotFoundError, match="under 'b'; stored are: none"):
        results.load("b")
    results.store("a", ROWS, seeds=[0])
    with pytest.raises(FileNotFoundError, match="under 'b'; stored are: a"):
        results.load("b")


def test_an_experiment_begins_with_the_rows_so_far(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    assert results.rows_so_far("a") == []
    results.store("a", ROWS, seeds=[0])
    assert results.rows_so_far("a") == ROWS


def test_every_stored_result_has_its_experiment_and_rows():
    for file in results.FOLDER.glob("*.json"):
        assert (EXPERIMENTS / f"{file.stem}.py").is_file(), file.stem
        assert results.load(file.stem).rows, file.stem
