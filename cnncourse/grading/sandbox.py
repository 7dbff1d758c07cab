"""Running a learner's code without letting it do harm: time, random state, errors."""

from __future__ import annotations

import contextlib
import copy
import ctypes
import linecache
import random
import re
import signal
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import FrameType, TracebackType

import numpy as np
import torch
import torch.overrides

from cnncourse.grading.compare import difference

# Seconds between two alarms, for code that swallows the first in a bare `except:`. A second
# thread cannot see what it interrupts, so it leaves time to clean up.
REPEAT, REPEAT_FROM_THREAD = 0.005, 1.0
# Code that puts things back when a block ends, and must not be interrupted in it.
_LEAVING = (__file__, contextlib.__file__, torch.overrides.__file__)
MAX_MESSAGE = 220  # characters of an error message that are worth reading


class TimeIsUp(BaseException):
    """The time limit has passed; no `Exception`, so that `except Exception` does not stop it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TimeIsUp` inside the block once `seconds` have passed.

    A signal does it in the main thread of Linux and macOS. Elsewhere a second thread does, which
    a Python loop obeys at its next step and a call into C only when it returns.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if in_main_thread and hasattr(signal, "setitimer"):
        with _alarm(seconds):
            yield
    else:
        with _watchdog(seconds):
            yield


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(_: int, frame: FrameType | None) -> None:
        # Not while a block is being left: its timer would stay on. The next alarm is near.
        if frame is None or frame.f_code.co_filename not in _LEAVING:
            raise TimeIsUp

    previous = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, REPEAT)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


@contextmanager
def _watchdog(seconds: float) -> Iterator[None]:
    thread = ctypes.c_ulong(threading.get_ident())
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    over = threading.Event()
    lock = threading.Lock()

    def watch() -> None:
        wait = seconds
        while not over.wait(wait):
            with lock:
                if not over.is_set():
                    raise_in(thread, ctypes.py_object(TimeIsUp))
            wait = REPEAT_FROM_THREAD

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        with lock:
            over.set()
            raise_in(thread, None)  # an exception still on its way would strike after the block
        watcher.join()


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


class Run:
    """One call of a learner's function on copies of its arguments.

    `value` is what came back and `error` the sentence about what was raised instead; `changed`
    says whether the call changed an argument in place. `watch` is a context for the call alone.
    """

    def __init__(
        self, function: Callable, arguments: tuple, watch: AbstractContextManager | None = None
    ) -> None:
        given = copy.deepcopy(arguments)
        self.value, self.error = None, ""
        try:
            with watch or nullcontext():
                self.value = function(*given)
        except (Exception, SystemExit) as error:
            self.error = explain(error)
        self.changed = any(
            difference(now, before) is not None
            for now, before in zip(given, arguments, strict=True)
        )


def explain(error: BaseException) -> str:
    """Say in one sentence which line of the learner's raised what."""
    what = re.sub(r"\s+", " ", str(error)).strip()
    what = re.sub(r"0x[0-9a-fA-F]+", "0x…", what)  # addresses differ from run to run
    if len(what) > MAX_MESSAGE:
        what = what[:MAX_MESSAGE].rstrip() + " …"
    kind = type(error).__name__
    where = learners_line(error.__traceback__)
    said = f"{kind}: {what}" if what else kind
    return f"{where} raised {said}" if where else f"It raised {said}"


def learners_line(trace: TracebackType | None) -> str:
    """Quote the last line of the traceback that belongs to the learner, not to a library."""
    found = ""
    while trace is not None:
        filename, number = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        if not _is_library(filename):
            line = linecache.getline(filename, number).strip()
            found = f"Line {number}, `{line}`," if line else f"Line {number}"
        trace = trace.tb_next
    return found


def _is_library(filename: str) -> bool:
    paths = sysconfig.get_paths()
    ours = Path(__file__).resolve().parents[1]
    libraries = [paths["stdlib"], paths["purelib"], paths["platlib"], str(ours)]
    libraries += [p for p in sys.path if p.endswith(("site-packages", "dist-packages"))]
    return filename.startswith("<frozen") or filename.startswith(tuple(libraries))
