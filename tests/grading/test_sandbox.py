import random
import signal
import threading
import time

import numpy as np
import pytest
import torch

from cnncourse.check import Outcome, grade
from cnncourse.grading.kinds import Function, whole
from cnncourse.grading.sandbox import Run, TimeIsUp, random_state, time_limit

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


@pytest.mark.parametrize("answer", [endless, stubborn])
def test_an_endless_loop_is_stopped_and_its_line_is_quoted(answer):
    start = time.perf_counter()
    verdict = grade("toy.same", answer, time_limit=0.2)
    assert time.perf_counter() - start < 6
    assert verdict.outcome is Outcome.CRASHED
    assert "still running after 0.2 seconds" in verdict.message
    assert verdict.message.startswith("Line ")


def test_stopping_leaves_no_recorder_of_calls_behind():
    def busy(x):
        while True:
            x = x + 0

    for _ in range(20):
        grade("toy.same", busy, time_limit=0.01)
        assert torch._C._len_torch_function_stack() == 0


def test_an_endless_loop_is_stopped_outside_the_main_thread_as_well():
    verdicts = []

    def grade_there():
        verdicts.append(grade("toy.same", endless, time_limit=0.2))

    thread = threading.Thread(target=grade_there)
    thread.start()
    thread.join(timeout=10)
    assert [verdict.outcome for verdict in verdicts] == [Outcome.CRASHED]


def test_the_alarm_is_off_again_afterwards_and_the_old_handler_is_back():
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(TimeIsUp), time_limit(0.05):
        endless(None)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    with time_limit(0.05):
        pass
    time.sleep(0.1)


def test_a_thread_that_finishes_in_time_is_left_alone():
    finished = []

    def quick():
        with time_limit(0.05):
            pass
        for _ in range(20):
            time.sleep(0.01)
        finished.append(True)

    thread = threading.Thread(target=quick)
    thread.start()
    thread.join(timeout=10)
    assert finished == [True]


def test_an_interrupt_by_the_learner_passes():
    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade("toy.same", interrupted)


def test_grading_leaves_all_random_states_as_they_were():
    def greedy(x):
        torch.manual_seed(1)
        np.random.seed(1)  # noqa: NPY002
        random.seed(1)
        return x + 0 * torch.rand(1).item()

    def draw():
        return random.random(), np.random.rand(), torch.rand(1).item()  # noqa: NPY002

    with random_state(5):
        draw()
        untouched = draw()
    with random_state(5):
        draw()
        assert grade("toy.same", greedy).outcome is Outcome.RIGHT
        assert draw() == untouched


def test_gradients_work_inside_a_check_called_under_no_grad():
    def needs_gradient(x):
        y = x.clone().requires_grad_()
        (y * y).sum().backward()
        return y.grad / 2

    with torch.no_grad():
        assert grade("toy.same", needs_gradient).outcome is Outcome.RIGHT
        assert not torch.is_grad_enabled()


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


def test_deep_recursion_is_a_crash():
    def down(x):
        return down(x)

    assert "RecursionError" in grade("toy.same", down).message
