import pytest
import torch
from torch import nn

from cnncourse.grading.rules import CallRecorder, loop_in
from cnncourse.grading.stubs import is_stub, leftover


def only_docstring():
    """Say nothing."""


def only_pass():
    pass


def returns_ellipsis(x):
    return ...


def documented(x, y=2):
    """Say something."""
    ...


class StubModule(nn.Module):
    def __init__(self):
        super().__init__()

    def forward(self, x): ...


STUBS = [..., only_docstring, only_pass, returns_ellipsis, documented, StubModule, lambda x: ...]


@pytest.mark.parametrize("answer", [*STUBS, (..., ...), {"1": ...}, [...]])
def test_what_does_nothing_is_a_stub(answer):
    assert is_stub(answer)


def returns_none(x):
    return None if x else 1


@pytest.mark.parametrize(
    "answer", [None, 0, "", (), {}, [0, ...], returns_none, nn.ReLU, len, lambda x: x]
)
def test_what_does_something_is_no_stub(answer):
    assert not is_stub(answer)


def gap_in_call(x):
    return torch.cat(...)


def gap_in_branch(x):
    if x > 0:
        y = x
    else:
        ...
    return y


def no_gap(x: tuple[int, ...]):
    """Leave ... alone."""
    return x[..., 0]


def test_a_gap_is_found_wherever_it_is():
    assert "`return torch.cat(...)`" in leftover(gap_in_call)
    assert "`...`" in leftover(gap_in_branch)
    assert leftover(no_gap) == ""
    assert leftover(len) == ""


def helper(x):
    while x > 0:
        x -= 1
    return x


def calls_helper(x):
    return helper(x)


def comprehension(x):
    return [y + 1 for y in x]


def inner(x):
    def loop():
        for y in x:
            print(y)

    return loop


def straight(x):
    return x.sum() if x else torch.zeros(3)


def recursive(x):
    return recursive(x - 1) if x else 0


def test_loops_are_found_in_helpers_comprehensions_and_inner_functions():
    assert "`while x > 0:`" in loop_in(calls_helper)
    assert "is a loop" in loop_in(comprehension)
    assert "`for y in x:`" in loop_in(inner)
    assert loop_in(straight) == ""
    assert loop_in(recursive) == ""


def test_calls_are_recorded_by_the_name_of_what_is_called():
    calls = CallRecorder()
    with calls:
        layer = nn.Conv2d(1, 1, 2)
        other_name = torch.conv2d
        layer(torch.zeros(1, 1, 3, 3))
    assert "conv2d" in calls.names
    with CallRecorder() as calls:
        other_name(torch.zeros(1, 1, 3, 3), torch.zeros(1, 1, 2, 2))
        torch.zeros(2) @ torch.zeros(2)
        torch.zeros(4).unfold(0, 2, 1)
    assert {"conv2d", "matmul", "unfold"} <= set(calls.names)
