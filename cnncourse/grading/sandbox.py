"""Running a learner's code without letting it do harm: in a thread of its own, for a while."""

from __future__ import annotations

import copy
import ctypes
import io
import linecache
import re
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import (
    AbstractContextManager,
    contextmanager,
    nullcontext,
    redirect_stderr,
    redirect_stdout,
)
from pathlib import Path
from traceback import walk_stack, walk_tb
from types import TracebackType
from typing import TypeVar

from cnncourse.grading.compare import difference
from cnncourse.grading.rendering import say, text_of

POLL = 0.1  # seconds after which a waiting thread looks for an interrupt, as Windows needs it
REPEAT = 0.005  # seconds between two `TimeIsUp`, for code that swallows one in a bare `except:`
LONGEST_IMPORT = 60.0  # seconds that a strike waits for an import to end
PATIENCE = 1.0  # seconds that a stopped thread has to clean up before nobody waits for it
MAX_MESSAGE = 220  # characters of an error message that are worth reading
MAX_OUTPUT = 10_000  # characters of what an answer prints

Value = TypeVar("Value")


class TimeIsUp(BaseException):
    """The time limit has passed; no `Exception`, so that `except Exception` does not stop it.

    Its text quotes the line that was running.
    """


def within(seconds: float, function: Callable[[], Value]) -> Value:
    """Return what a function returns and raise what it raises, or `TimeIsUp` after so long.

    The function runs in a thread of its own, which every system can leave: where `TimeIsUp` does
    not end it, because it waits in a call into C or catches everything, it is left behind.
    """
    worker = _Worker(function)
    end = time.monotonic() + seconds
    worker.start()
    try:
        while not worker.over.wait(max(0, min(POLL, end - time.monotonic()))):
            if time.monotonic() >= end:
                raise TimeIsUp(_running_line(worker.ident))
    finally:
        worker.stop()
    if worker.error is not None:
        raise worker.error
    return worker.value


def inside() -> bool:
    """Say whether this code is called by an answer that is being judged."""
    return isinstance(threading.current_thread(), _Worker)


class _Worker(threading.Thread):
    """A call in a thread of its own; `value` or `error` is there once it is `over`."""

    def __init__(self, function: Callable) -> None:
        super().__init__(daemon=True)
        self.function = function
        self.value, self.error = None, None
        self.over = threading.Event()
        self._lock = threading.Lock()

    def run(self) -> None:
        try:
            try:
                self.value = self.function()
            except BaseException as error:
                self.error = error
            self._finish()
        except TimeIsUp:  # on its way since before the end
            self._finish()

    def _finish(self) -> None:
        with self._lock:
            self.over.set()

    def stop(self) -> None:
        """End the call where it still runs, and wait for that, though not for long."""
        if not self.over.is_set():
            threading.Thread(target=self._strike, daemon=True).start()
            self.over.wait(PATIENCE)

    def _strike(self) -> None:
        raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
        end = time.monotonic() + LONGEST_IMPORT
        while not self.over.wait(REPEAT):
            if _imports(self.ident) and time.monotonic() < end:
                continue  # a module left half loaded would break every later import of it
            with self._lock:
                if not self.over.is_set():
                    raise_in(ctypes.c_ulong(self.ident), ctypes.py_object(TimeIsUp))


@contextmanager
def short_output() -> Iterator[None]:
    """Collect what the block prints, and print the beginning of it afterwards."""
    output = _Output()
    try:
        with redirect_stdout(output), redirect_stderr(output):
            yield
    finally:
        if printed := output.getvalue():
            say(printed.removesuffix("\n"))
        if output.left_out:
            say(f"… and {output.left_out:,} more characters")


class _Output(io.StringIO):
    """Text of limited length; what does not fit is counted."""

    left_out = 0

    def write(self, text: str) -> int:
        fits = text[: max(0, MAX_OUTPUT - self.tell())]
        self.left_out += len(text) - len(fits)
        super().write(fits)
        return len(text)


class Run:
    """One call of a learner's function on copies of its arguments.

    `value` is what came back and `error` the sentence about what was raised instead; `changed`
    lists the arguments that the call changed in place. `watch` is a context for the call alone.
    """

    def __init__(
        self, function: Callable, arguments: tuple, watch: AbstractContextManager | None = None
    ) -> None:
        given = copy.deepcopy(arguments)
        self.value, self.error = None, ""
        try:
            with watch or nullcontext():
                self.value = function(*given)
        except (KeyboardInterrupt, TimeIsUp):
            raise
        except BaseException as error:
            self.error = explain(error)
        pairs = zip(given, arguments, strict=True)
        self.changed = [before for now, before in pairs if difference(now, before)]


def explain(error: BaseException) -> str:
    """Say in one sentence which line of the learner's raised what."""
    what = re.sub(r"\s+", " ", text_of(error)[: 10 * MAX_MESSAGE]).strip()
    what = re.sub(r"0x[0-9a-fA-F]+", "0x…", what)  # addresses differ from run to run
    if len(what) > MAX_MESSAGE:
        what = what[:MAX_MESSAGE].rstrip() + " …"
    what = what.rstrip(".")  # the sentence around it has its own full stop
    kind = type(error).__name__
    where = learners_line(error.__traceback__)
    said = f"{kind}: {what}" if what else kind
    return f"{where} raised {said}" if where else f"It raised {said}"


def learners_line(trace: TracebackType | None) -> str:
    """Quote the last line of the traceback that belongs to the learner, not to a library."""
    lines = [(frame.f_code.co_filename, number) for frame, number in walk_tb(trace)]
    return _quote(lines)


def _running_line(thread: int) -> str:
    """Quote the line of the learner's at which a thread is."""
    return _quote(reversed(_stack(thread)))


def _imports(thread: int) -> bool:
    """Say whether a thread is importing a module."""
    return any(filename.startswith("<frozen importlib") for filename, _ in _stack(thread))


def _stack(thread: int) -> list[tuple[str, int]]:
    """Return the files and lines at which a thread is, innermost first."""
    frame = sys._current_frames().get(thread)  # None where the thread has just ended
    stack = walk_stack(frame) if frame else ()
    return [(frame.f_code.co_filename, number) for frame, number in stack]


def _quote(lines: Iterable[tuple[str, int]]) -> str:
    own = [(filename, number) for filename, number in lines if not _is_library(filename)]
    if not own:
        return ""
    filename, number = own[-1]
    line = linecache.getline(filename, number).strip()
    return f"Line {number}, `{line}`," if line else f"Line {number}"


def _is_library(filename: str) -> bool:
    paths = sysconfig.get_paths()
    ours = Path(__file__).resolve().parents[1]
    libraries = [paths["stdlib"], paths["purelib"], paths["platlib"], str(ours)]
    libraries += [p for p in sys.path if p.endswith(("site-packages", "dist-packages"))]
    return filename.startswith("<frozen") or filename.startswith(tuple(libraries))
