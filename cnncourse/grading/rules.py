"""What an exercise asks to do without: some torch functions, or loops."""

from __future__ import annotations

import dis
import linecache
from collections.abc import Callable, Iterator, Sequence
from types import CodeType, FunctionType

from torch.overrides import TorchFunctionMode

# Every way to let torch convolve, for `forbidden=CONVOLUTIONS`.
CONVOLUTIONS = (
    *("conv1d", "conv2d", "conv3d", "convolution", "conv_transpose1d", "conv_transpose2d"),
    *("conv_transpose3d", "mkldnn_convolution", "conv_tbc"),
)


class CallRecorder(TorchFunctionMode):
    """Remember the names of the torch functions called inside the block.

    Calls are seen where they are made at run time, so another name for the same function, or the
    module that wraps it, makes no difference: `nn.Conv2d` calls `conv2d`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, None] = {}  # a set that keeps its order

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.names[getattr(function, "__name__", "").strip("_")] = None
        return function(*args, **(kwargs or {}))


def broken_rule(calls: CallRecorder, forbidden: Sequence[str]) -> str:
    """Name the forbidden function that was called, in a sentence; empty when there was none."""
    for name in calls.names:
        if name in forbidden:
            return f"Your code calls torch's `{name}`; this exercise asks for a way without it."
    return ""


def loop_in(answer: Callable) -> str:
    """Quote the line of the first loop in the answer or in the functions that it calls."""
    for code in _codes(answer):
        line = code.co_firstlineno
        for step in dis.get_instructions(code):
            line = step.starts_line if type(step.starts_line) is int else _line_of(step) or line
            if step.opname == "FOR_ITER" or "JUMP_BACKWARD" in step.opname:
                text = linecache.getline(code.co_filename, line).strip()
                quote = f"Line {line}, `{text}`," if text else f"Line {line}"
                return f"{quote} is a loop; this exercise asks for a way without loops."
    return ""


def _line_of(step: dis.Instruction) -> int | None:
    positions = getattr(step, "positions", None)
    return positions.lineno if positions else None


def _codes(answer: object) -> Iterator[CodeType]:
    """Yield the code of a function or class, and of what it calls from the same notebook."""
    waiting, seen = [answer], set()
    while waiting:
        item = waiting.pop(0)
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, type):
            waiting += [member for member in vars(item).values() if callable(member)]
        elif isinstance(item, FunctionType):
            names = item.__globals__
            for code in _nested(item.__code__):
                yield code
                called = [names.get(name) for name in code.co_names]
                waiting += [c for c in called if getattr(c, "__globals__", None) is names]


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)
