"""The summary of a test run does not call a part passed that was mostly skipped."""

import pytest
import run_tests

TESTS = """
import pytest

def test_runs():
    pass

@pytest.mark.skip
@pytest.mark.parametrize("i", range(3))
def test_lacks_something(i):
    pass
"""


@pytest.fixture
def summary(monkeypatch, tmp_path, capsys):
    """Return a function that runs one part, made of the given tests, and returns its line."""

    def summary(tests):
        (tmp_path / "test_part.py").write_text(tests, encoding="utf-8")
        monkeypatch.setattr(run_tests, "PARTS", {"part": [str(tmp_path), "--noconftest"]})
        with pytest.raises(SystemExit) as stopped:
            run_tests.main([])
        return stopped.value.code, capsys.readouterr().out.splitlines()[-1]

    return summary


def test_skipped_tests_are_counted(summary):
    status, line = summary(TESTS)
    assert not status
    assert "passed" in line
    assert line.endswith("skipped 3 of 4")


def test_nothing_is_said_of_skipping_where_nothing_is_skipped(summary):
    assert "skipped" not in summary("def test_runs(): pass")[1]


def test_a_part_that_cannot_be_read_has_failed(summary):
    status, line = summary("import nothing_of_this_name")
    assert status
    assert "failed" in line
