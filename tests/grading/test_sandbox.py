import _thread
import asyncio
import re
import signal
import sys
import threading
import time
from contextlib import suppress

import pytest
import torch

from cnncourse.check import Outcome, check, grade
from cnncourse.grading.kinds import Function, whole
from cnncourse.grading.sandbox import MAX_OUTPUT, Run, TimeIsUp, within

EXERCISE = Function(
    id="toy.same",
    title="Same",
    signature="same(x)",
    oracle=lambda x: x,
    cases=lambda: [(whole(1),), (whole(2, 3),)],
    hints=("a.", "b."),
    misconceptions=(),
)


@pytest.fixture(autouse=True)
def _registered(register):
    register(EXERCISE)


def endless(x):
    while True:
        pass


def work():
    return sum(range(50))


def stubborn(x):
    while True:
        try:  # noqa: SIM105 (as learners write it)
            work()
        except:  # noqa: E722
            pass


def asleep(x):
    time.sleep(3)


@pytest.mark.parametrize("answer", [endless, stubborn, asleep])
def test_an_answer_that_does_not_end_is_left_and_its_line_is_quoted(answer):
    start = time.perf_counter()
    verdict = grade("toy.same", answer, time_limit=0.2)
    assert time.perf_counter() - start < 2.5
    assert verdict.outcome is Outcome.CRASHED
    assert "still running after 0.2 seconds" in verdict.message
    assert verdict.message.startswith("Line ")


@pytest.mark.parametrize("answer", [endless, stubborn])
def test_a_loop_is_ended_even_if_it_catches_everything(answer):
    before = set(threading.enumerate())
    grade("toy.same", answer, time_limit=0.05)
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=60)
        assert not thread.is_alive()


def test_an_import_is_not_stopped_halfway(tmp_path, monkeypatch):
    slow = "import time\nfor _ in range(40):\n    time.sleep(0.01)\nwhole = True\n"
    (tmp_path / "slow_to_load.py").write_text(slow)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(threading.enumerate())

    def importing(x):
        import slow_to_load  # noqa: F401

        while True:
            work()

    assert "still running" in grade("toy.same", importing, time_limit=0.1).message
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=10)
        assert not thread.is_alive()
    assert sys.modules.pop("slow_to_load").whole


def test_an_import_that_never_ends_is_stopped_in_the_end(tmp_path, monkeypatch):
    (tmp_path / "never_loaded.py").write_text("while True:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("cnncourse.grading.sandbox.LONGEST_IMPORT", 0.1)
    before = set(threading.enumerate())

    def importing(x):
        import never_loaded  # noqa: F401

    grade("toy.same", importing, time_limit=0.05)
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=10)
        assert not thread.is_alive()


def test_a_thread_gets_the_same_verdicts():
    verdicts = []

    def grade_there():
        verdicts.append(grade("toy.same", endless, time_limit=0.1))
        verdicts.append(grade("toy.same", lambda x: x))

    thread = threading.Thread(target=grade_there)
    thread.start()
    thread.join(timeout=10)
    assert [verdict.outcome for verdict in verdicts] == [Outcome.CRASHED, Outcome.RIGHT]


def test_a_call_that_ends_at_the_limit_leaves_no_exception_on_its_way():
    for _ in range(100):
        with suppress(TimeIsUp):
            assert within(0.002, lambda: time.sleep(0.002) or 3) == 3
    assert within(1, lambda: sum(range(1000))) == 499500


def test_a_check_inside_an_answer_does_nothing_and_the_limit_still_holds(capsys):
    inner = []

    def checks_itself(x):
        check("toy.same", checks_itself)
        inner.append(grade("toy.same", checks_itself).outcome)
        while True:
            pass

    assert "still running" in grade("toy.same", checks_itself, time_limit=0.2).message
    assert set(inner) == {Outcome.NOT_ATTEMPTED}
    assert capsys.readouterr().out == ""


@pytest.fixture
def _listening():
    """A shell's background job ignores interrupts from its start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_listening")
def test_an_interrupt_from_the_keyboard_passes_and_ends_the_answer():
    before = set(threading.enumerate())
    threading.Timer(0.2, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        grade("toy.same", endless)
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=10)
        assert not thread.is_alive()


def test_an_interrupt_inside_an_answer_passes():
    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade("toy.same", interrupted)


class Unreadable(Exception):  # noqa: N818
    def __str__(self):
        raise GeneratorExit


@pytest.mark.parametrize(
    "error",
    [GeneratorExit, asyncio.CancelledError, BaseException, SystemExit, Unreadable, MemoryError],
)
def test_whatever_an_answer_raises_is_a_crash(error):
    def raising(x):
        raise error

    verdict = grade("toy.same", raising)
    assert verdict.outcome is Outcome.CRASHED
    assert f"`raise error`, raised {error.__name__}" in verdict.message


def test_a_check_that_cannot_start_is_reported(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert "can't start new thread" in grade("toy.same", endless).message


def test_an_answer_prints_the_beginning_of_what_it_prints(capsys):
    def loud(x):
        for _ in range(250):
            print("a" * 100_000)
        return x

    assert grade("toy.same", loud).outcome is Outcome.RIGHT
    printed = capsys.readouterr().out
    assert re.fullmatch(rf"a{{{MAX_OUTPUT}}}\n… and [\d,]+ more characters\n", printed)


def test_what_an_endless_answer_prints_is_shown(capsys):
    def chatty(x):
        print("before the loop")
        endless(x)

    grade("toy.same", chatty, time_limit=0.1)
    assert capsys.readouterr().out == "before the loop\n"


def test_a_run_works_on_copies_and_sees_a_change_in_place():
    x = torch.ones(2)
    run = Run(lambda t: t.add_(1), (x,))
    assert run.changed
    assert torch.equal(x, torch.ones(2))
    assert not Run(lambda t: t + 1, (x,)).changed


def test_messages_hold_no_addresses_and_no_walls_of_text():
    def crashing(x):
        raise ValueError(f"{object()!r}\n\n" + "very long " * 100)

    error = Run(crashing, (torch.ones(1),)).error
    assert "0x…" in error
    assert "\n" not in error
    assert len(error) < 400


def test_a_message_that_ends_with_a_full_stop_gets_no_second_one():
    def crashing(x):
        raise ValueError("x must be positive.")

    assert grade("toy.same", crashing).message.endswith("ValueError: x must be positive.")


def test_deep_recursion_is_a_crash():
    def down(x):
        return down(x)

    assert "RecursionError" in grade("toy.same", down).message
