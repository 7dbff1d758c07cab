"""A check judges in a known state, whatever a notebook has set, and leaves all as it found it."""

import builtins
import gc
import os
import random
import subprocess
import sys
import warnings

import matplotlib as mpl
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.module import register_module_forward_hook

from cnncourse.check import Outcome, grade
from cnncourse.grading.kinds import Function, whole
from cnncourse.grading.sandbox import within
from cnncourse.grading.state import random_state

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


def state():
    """All that an answer could change, as a dict."""
    conv = nn.Conv2d(1, 1, 1, bias=False)
    nn.init.ones_(conv.weight)
    return {
        "default dtype": torch.get_default_dtype(),
        "default device": torch.empty(0).device,
        "gradients": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "deterministic": torch.get_deterministic_debug_mode(),
        "matmul precision": torch.get_float32_matmul_precision(),
        "anomalies": (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()),
        "threads": within(9, torch.get_num_threads),  # of a new thread
        "torch prints": str(torch.tensor(1 / 3)),
        "hooks": len(nn.modules.module._global_forward_hooks),
        "layer": conv(torch.ones(1, 1, 1, 1)).sum().item(),
        "functions": (F.conv2d, torch.cat, nn.Linear, sum, np.sum, random.random),
        "numpy errors": np.geterr(),
        "numpy prints": np.get_printoptions(),
        "matplotlib": mpl.rcParams["lines.linewidth"],
        "warnings": list(warnings.filters),
        "recursion": sys.getrecursionlimit(),
        "garbage": gc.isenabled(),
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "streams": (sys.stdout, sys.stderr),
    }


def disturb(folder):
    """Change all of it."""
    torch.set_num_threads(3)
    register_module_forward_hook(lambda module, given, out: 2 * out)
    torch.set_printoptions(precision=1)
    torch.set_float32_matmul_precision("high")
    torch.use_deterministic_algorithms(True)
    torch.autograd.set_detect_anomaly(True, check_nan=False)
    torch.set_autocast_enabled("cpu", True)
    torch.set_grad_enabled(False)
    torch.inference_mode().__enter__()
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    np.seterr(all="raise")
    np.set_printoptions(precision=1)
    mpl.rcParams["lines.linewidth"] = 7
    warnings.simplefilter("error")
    sys.setrecursionlimit(5000)
    gc.disable()
    os.chdir(folder)
    os.environ["CNNCOURSE_TEST"] = "1"
    sys.stdout, sys.stderr = sys.stderr, sys.stdout


def destroy():
    """Take away what other code calls."""
    F.conv2d = torch.cat = nn.Linear = np.sum = random.random = builtins.sum = None
    del nn.Conv2d, nn.init.ones_


def test_an_answer_that_changes_all_global_state_leaves_it_as_it_was(tmp_path):
    def rude(x):
        same = x.clone()
        disturb(tmp_path)
        destroy()
        return same

    before = state()
    assert grade("toy.same", rude).outcome is not Outcome.RIGHT
    assert state() == before


def test_the_random_states_are_put_back():
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


def test_an_answer_meets_a_known_state_and_the_notebook_keeps_its_own(tmp_path):
    code = f"""
import sys; sys.path += {[os.path.dirname(__file__)]!r}
from test_state import *
from cnncourse.grading import kinds

plain, met = state(), []

def look(x):
    met.append(state())
    y = x.clone().requires_grad_()
    (y * y).sum().backward()
    return y.grad / 2

import cnncourse.exercises
cnncourse.exercises.chapters = lambda: (cnncourse.exercises.Chapter(7, "toy", "", (EXERCISE,)),)
disturb({str(tmp_path)!r})
own = torch.get_default_dtype(), torch.get_default_device(), os.getcwd(), np.geterr()
hooks = len(nn.modules.module._global_forward_hooks)
verdict = grade("toy.same", look)
assert verdict.outcome is Outcome.RIGHT, verdict
assert own == (torch.get_default_dtype(), torch.get_default_device(), os.getcwd(), np.geterr())
assert hooks == len(nn.modules.module._global_forward_hooks) == 1
assert not torch.is_grad_enabled()
kept = ["threads", "torch prints", "numpy prints", "matplotlib", "recursion", "folder",
        "environment", "streams", "warnings"]
for name in plain.keys() - kept:
    assert met[0][name] == plain[name], (name, met[0][name])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_answer_cannot_wait_for_input():
    def asking(x):
        return input("x?")

    assert "EOFError: an answer cannot ask for input" in grade("toy.same", asking).message
