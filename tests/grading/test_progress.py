import json
import os

import pytest

from cnncourse.check import Outcome, Verdict
from cnncourse.grading.progress import Progress, Table, default_path


def verdict(outcome, id="toy.a"):
    return Verdict(outcome, id)


def reread(path):
    again = Progress(path)
    again.load()
    return again.states


@pytest.fixture
def kept(tmp_path):
    return Progress(tmp_path / "deep" / "progress.json")


def test_what_is_recorded_survives_a_restart(kept):
    kept.record(verdict(Outcome.RIGHT))
    kept.record(verdict(Outcome.WRONG, "toy.b"))
    kept.record(verdict(Outcome.CRASHED, "toy.c"))
    kept.record(verdict(Outcome.NOT_ALLOWED, "toy.d"))
    assert reread(kept.path) == {
        "toy.a": "done",
        **dict.fromkeys(["toy.b", "toy.c", "toy.d"], "tried"),
    }


def test_done_stays_done(kept):
    kept.record(verdict(Outcome.RIGHT))
    kept.record(verdict(Outcome.WRONG))
    assert reread(kept.path) == {"toy.a": "done"}


@pytest.mark.parametrize("outcome", [Outcome.NOT_ATTEMPTED, Outcome.UNKNOWN])
def test_stubs_and_unknown_ids_leave_no_trace(kept, outcome):
    kept.record(verdict(outcome))
    assert not kept.path.exists()


def test_two_notebooks_do_not_overwrite_each_other(kept):
    other = Progress(kept.path)
    kept.record(verdict(Outcome.RIGHT, "toy.a"))
    other.record(verdict(Outcome.RIGHT, "toy.b"))
    kept.record(verdict(Outcome.WRONG, "toy.c"))
    assert set(reread(kept.path)) == {"toy.a", "toy.b", "toy.c"}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"7", b"null", b'{"exercises": 3}', b"\xff\xfe", b"[" * 100_000],
)
def test_a_corrupt_file_is_put_aside_and_nothing_is_lost(kept, content):
    kept.path.parent.mkdir(parents=True)
    for number in (1, 2):
        kept.path.write_bytes(content)
        kept.record(verdict(Outcome.RIGHT))
        aside = kept.path.with_name(f"progress.corrupt-{number}.json")
        assert aside.read_bytes() == content
        assert aside.name in kept.notices[number - 1]
        assert reread(kept.path) == {"toy.a": "done"}


def test_states_nobody_knows_are_not_taken_over(kept):
    kept.path.parent.mkdir(parents=True)
    kept.path.write_text(json.dumps({"exercises": {"toy.a": "done", "toy.b": "x", "toy.c": [1]}}))
    assert reread(kept.path) == {"toy.a": "done"}


def test_without_a_writable_place_progress_is_kept_in_memory_and_said_once(tmp_path):
    (tmp_path / "file").write_text("")
    kept = Progress(tmp_path / "file" / "progress.json")  # a file is no folder
    kept.record(verdict(Outcome.RIGHT))
    kept.record(verdict(Outcome.RIGHT, "toy.b"))
    assert set(kept.states) == {"toy.a", "toy.b"}
    assert len(kept.notices) == 1


def test_no_temporary_file_is_left_behind(kept):
    kept.record(verdict(Outcome.RIGHT))
    assert os.listdir(kept.path.parent) == ["progress.json"]


def test_the_file_is_in_the_home_directory_unless_the_environment_names_another(monkeypatch):
    monkeypatch.setenv("CNNCOURSE_PROGRESS", "/some/where.json")
    assert str(default_path()) == "/some/where.json"
    monkeypatch.delenv("CNNCOURSE_PROGRESS")
    assert default_path().parts[-2:] == (".cnncourse", "progress.json")


def test_the_table_counts_what_is_done_in_each_chapter():
    table = Table(
        [
            ("01 One", "one.a", "A", "done"),
            ("01 One", "one.bb", "B <1>", "tried"),
            ("02 Two", "two.a", "A", "open"),
        ]
    )
    assert str(table).splitlines() == [
        "01 One: 1 of 2 done",
        "  ✔ done   one.a   A",
        "  ◐ tried  one.bb  B <1>",
        "02 Two: 0 of 1 done",
        "  ○ open   two.a   A",
    ]
    html = table._repr_html_()
    assert "B &lt;1&gt;" in html
    assert html.count("<tr>") == 5
