"""Global state that an answer may meet or leave changed: set to known values, then put back.

What belongs to a thread (gradients, autocast, the default device, NumPy's errors) is not listed:
an answer is judged in a thread of its own.
"""

from __future__ import annotations

import builtins
import gc
import math
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager, nullcontext, suppress

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def _no_input(prompt: object = "") -> str:
    raise EOFError("an answer cannot ask for input while it is checked")


AS_IT_WAS = object()

# What reads a setting, what sets it, and its value while an answer is judged.
SETTINGS = (
    (torch.get_default_dtype, torch.set_default_dtype, torch.float32),
    (torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode, 0),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, "highest"),
    (
        lambda: (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()),
        lambda both: torch.set_anomaly_enabled(*both),
        (False, True),
    ),
    (torch.get_num_threads, torch.set_num_threads, AS_IT_WAS),
    (np.get_printoptions, lambda options: np.set_printoptions(**options), AS_IT_WAS),
    (sys.getrecursionlimit, sys.setrecursionlimit, AS_IT_WAS),
    (gc.isenabled, lambda on: gc.enable() if on else gc.disable(), True),
    (os.getcwd, os.chdir, AS_IT_WAS),
    (lambda: builtins.input, lambda function: setattr(builtins, "input", function), _no_input),
)

# Hooks that every module obeys; there are none while an answer is judged.
HOOKS = tuple(
    hooks
    for name, hooks in vars(nn.modules.module).items()
    if name.startswith("_global_") and isinstance(hooks, dict)
)

# Whose public functions and classes an answer may have replaced, as in `F.conv2d = None`.
MODULES = (torch, nn, F, nn.init, np, math, random, builtins)


@contextmanager
def known(seed: int) -> Iterator[None]:
    """Judge an answer in a known state, and put all of it back as it was."""
    matplotlib = sys.modules.get("matplotlib")
    with ExitStack() as stack:
        for read, write, value in SETTINGS:
            stack.enter_context(_setting(read, write, value))
        for mapping in (os.environ, vars(torch._tensor_str.PRINT_OPTS)):
            stack.enter_context(_entries(mapping))
        for hooks in HOOKS:
            stack.enter_context(_entries(hooks, emptied=True))
        for module in MODULES:
            stack.enter_context(_definitions(module))
        stack.enter_context(matplotlib.rc_context() if matplotlib else nullcontext())
        stack.enter_context(warnings.catch_warnings())
        stack.enter_context(random_state(seed))
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _setting(read: Callable, write: Callable, value: object) -> Iterator[None]:
    before = read()
    if value is not AS_IT_WAS:
        write(value)
    try:
        yield
    finally:
        with suppress(Exception):  # a working directory may be gone
            write(before)


@contextmanager
def _entries(mapping: MutableMapping, emptied: bool = False) -> Iterator[None]:
    before = dict(mapping)
    if emptied:
        mapping.clear()
    try:
        yield
    finally:
        if dict(mapping) != before:
            mapping.clear()
            mapping.update(before)


@contextmanager
def _definitions(module: object) -> Iterator[None]:
    """Put back what was replaced or deleted; what was added, as a lazy import does, stays."""
    names = vars(module)
    before = {n: value for n, value in names.items() if callable(value) and not n.startswith("_")}
    try:
        yield
    finally:
        names.update({n: value for n, value in before.items() if names.get(n) is not value})


@contextmanager
def random_state(seed: int) -> Iterator[None]:
    """Seed Python, NumPy and torch inside the block, and put their states back after it."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 (what learners may use)
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    with torch.random.fork_rng(devices=devices):
        reseed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002


def reseed(seed: int) -> None:
    """Seed all three generators."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    torch.random.default_generator.manual_seed(seed)
