"""Comparing what came out with what should have, and saying the first thing that differs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from numbers import Integral, Number, Real

import numpy as np
import torch
from torch import Tensor

from cnncourse.grading.expressions import read

SMALL = 24  # tensors and lists up to this many entries are written out
# Relative tolerance of a result, by its dtype. What is float64 may have been float32 on its way.
TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-5}
HALF_TOLERANCE = 1e-2
# Of a single number: what float32 keeps, since `.item()` hides where a number comes from; a count
# is whole, and a neighbour of it is wrong.
PRECISION, HALF_PRECISION, COUNT = 1e-6, 1e-3, 0.01
HALVES = (torch.float16, torch.bfloat16, np.dtype(np.float16))

ALL_ZEROS = "all zeros"


@dataclass(frozen=True)
class Difference:
    """The first thing that differs: a sentence about its kind, and the evidence."""

    message: str
    evidence: str
    name: str = ""


def difference(received: object, expected: object) -> Difference | None:
    """Compare tensors, numbers, and collections of them, however they are held; None: they agree.

    An array stands for a tensor, a list for a tuple, a dict for its values, text for the number
    that it writes. The precision is that of the answer.
    """
    if received is None and expected is not None:
        message = "Your function returned `None`. Does every path through it end in `return`?"
        return Difference(message, f"expected {kind_of(expected)}", "nothing returned")
    if isinstance(expected, Tensor) and not (expected.ndim == 0 and _is_number(received)):
        return _tensor_difference(received, expected)
    if isinstance(expected, Tensor):
        return _number_difference(received, expected.item())
    if isinstance(expected, Mapping):
        return _mapping_difference(received, expected)
    if isinstance(expected, AbstractSet):
        return _set_difference(received, expected)
    if isinstance(expected, (tuple, list)):
        return _sequence_difference(received, expected)
    if isinstance(expected, (Number, Fraction)) and not isinstance(expected, bool):
        return _number_difference(received, expected)
    if isinstance(received, (Tensor, np.generic)) and received.ndim == 0:
        received = received.item()  # what a comparison of tensors returns, for True or False
    if type(received) is type(expected) and received == expected:
        return None
    return Difference("", f"expected {expected!r}, received {show(received)}")


def _is_number(value: object) -> bool:
    return isinstance(value, (Number, str, np.generic)) and not isinstance(value, Tensor)


def _tensor_difference(received: object, expected: Tensor) -> Difference | None:
    tensor = _as_tensor(received)
    if tensor is None:
        message = f"Your function returned {kind_of(received)}; a tensor is expected."
        return Difference(message, "", "wrong type")
    if tensor.shape != expected.shape:
        sizes = f"expected shape {tuple(expected.shape)}, received {tuple(tensor.shape)}"
        return Difference("The result has the wrong shape.", sizes)
    if tensor.is_complex() and not expected.is_complex():
        if found := _tensor_difference(tensor.real, expected):
            return found
        message = "The result is complex, and the right one is real: take its `.real` part."
        return Difference(message, "", "complex result")
    found = _entry_difference(tensor.detach(), expected.detach())
    if found is None and tensor.ndim and expected.is_floating_point() > tensor.is_floating_point():
        message = (
            f"The result holds whole numbers, `{tensor.dtype}`: it cuts off what follows them."
        )
        return Difference(message, "", "whole numbers")
    return found


def _as_tensor(value: object) -> Tensor | None:
    """Read a tensor, an array, or nested lists of numbers; None where it is none of these."""
    if isinstance(value, Tensor):
        return value
    if not isinstance(value, (np.ndarray, np.generic, list, tuple)):
        return None
    try:
        if isinstance(value, (list, tuple)) and any(isinstance(part, Tensor) for part in value):
            return torch.stack([torch.as_tensor(part) for part in value])
        return torch.as_tensor(np.asarray(value))
    except (TypeError, ValueError, RuntimeError):
        return None


def _entry_difference(received: Tensor, expected: Tensor) -> Difference | None:
    tolerance = max(_tolerance(received), _tolerance(expected))
    wide = torch.complex128 if expected.is_complex() else torch.float64
    got, want = received.to(wide), expected.to(wide)
    if got.isnan().any() and not want.isnan().any():
        where = tuple(got.isnan().nonzero()[0].tolist())
        message = "There is a NaN in the result. Look for 0/0, or for memory never written to."
        return Difference(message, _entry(got, want, where), "NaN in the result")
    sizes = want[want.isfinite()].abs()
    allowed = tolerance * (1.0 + (sizes.max().item() if sizes.numel() else 0.0))
    if not (expected.is_floating_point() or expected.is_complex()):
        allowed = COUNT
    off = ~((got == want) | ((got - want).abs() <= allowed) | (got.isnan() & want.isnan()))
    if not off.any():
        return None
    where = tuple(off.nonzero()[0].tolist())
    evidence = _entry(got, want, where)
    if off.numel() > 1:
        evidence += f"\n{int(off.sum())} of {off.numel()} entries differ"
    if not got.any() and want.count_nonzero() > 1:
        message = "The result is all zeros. Is what you compute ever written into it?"
        return Difference(message, evidence, ALL_ZEROS)
    return Difference("", evidence)


def _tolerance(tensor: Tensor) -> float:
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return 0.0
    dtype = tensor.real.dtype if tensor.is_complex() else tensor.dtype
    return TOLERANCE.get(dtype, HALF_TOLERANCE)


def _entry(got: Tensor, want: Tensor, where: tuple[int, ...]) -> str:
    place = f"entry {list(where)}: " if where else ""
    return place + _side_by_side(want[where].item(), got[where].item())


def _sequence_difference(received: object, expected: tuple | list) -> Difference | None:
    parts = _parts(received, len(expected))
    if parts is None:
        message = f"Your function returned {kind_of(received)}; {kind_of(expected)} is expected."
        return Difference(message, "", "wrong type")
    if len(parts) != len(expected):
        sizes = f"expected {len(expected)} values, received {len(parts)}: {show(parts)}"
        return Difference("", sizes)
    for index, (got, want) in enumerate(zip(parts, expected, strict=True)):
        if found := difference(got, want):
            return Difference(found.message, f"value {index}: {found.evidence}", found.name)
    return None


def _parts(value: object, expected: int) -> list | tuple | None:
    """Return what a collection holds, of an iterator not much more than expected."""
    if isinstance(value, (tuple, list)):
        return value
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, (Tensor, np.ndarray)):
        return list(value) if value.ndim else None
    if isinstance(value, (Iterator, range)):
        return list(islice(value, expected + 1))
    return None


def _mapping_difference(received: object, expected: Mapping) -> Difference | None:
    if not isinstance(received, Mapping) or set(received) != set(expected):
        return _sequence_difference(received, list(expected.values()))
    for key, want in expected.items():
        if found := difference(received[key], want):
            return Difference(found.message, f"{key}: {found.evidence}", found.name)
    return None


def _set_difference(received: object, expected: AbstractSet) -> Difference | None:
    parts = list(received) if isinstance(received, AbstractSet) else _parts(received, 10**6)
    if parts is None:
        message = f"Your function returned {kind_of(received)}; {kind_of(expected)} is expected."
        return Difference(message, "", "wrong type")
    own = {part.item() if isinstance(part, (Tensor, np.generic)) else part for part in parts}
    if own == expected:
        return None
    return Difference("", f"expected {show(sorted(expected))}, received {show(sorted(own))}")


def _number_difference(received: object, expected: Number) -> Difference | None:
    try:
        number = as_number(received)
    except ValueError as error:
        return Difference(f"A number is expected. {error}", "", "wrong type")
    if number != number and expected == expected:
        return Difference("The result is NaN. Look for 0/0.", "", "NaN in the result")
    if agree(number, expected, leeway(expected, received)):
        return None
    return Difference("", _side_by_side(expected, number))


def leeway(target: Number, received: object = None) -> float:
    """Return how far a received number may lie from the target, at the precision it came in."""
    size = abs(target) if abs(target) < 1e300 else 0.0
    dtype = getattr(received, "dtype", None)
    if dtype in HALVES:
        return HALF_PRECISION * size
    relative = PRECISION * size
    if target == target and size and target == int(target) and dtype not in _SINGLES:
        relative = min(relative, max(COUNT, 1e-12 * size))
    return float(relative) + 1e-9


_SINGLES = (torch.float32, np.dtype(np.float32))


def agree(number: Number, target: Number, tolerance: float) -> bool:
    """Say whether two numbers lie as near as this, infinite and huge ones included."""
    try:
        return number == target or abs(number - target) <= tolerance
    except OverflowError:  # an integer beyond all floating-point numbers
        return False


def as_number(value: object) -> int | float | Fraction:
    """Read a real number: Python's, NumPy's, sympy's, a tensor of one entry, or as text.

    Raises:
        ValueError: for anything else, with a sentence that says how to write it.
    """
    if isinstance(value, (Tensor, np.ndarray, np.generic)):
        size = value.numel() if isinstance(value, Tensor) else value.size
        if size != 1:
            raise ValueError(f"You passed {kind_of(value)}; one number is enough.")
        value = value.item()
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, bool):
        raise ValueError(f"You passed {kind_of(value)}.")
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Fraction):
        return value
    if isinstance(value, complex) and value.imag == 0:
        value = value.real
    if isinstance(value, Real):
        return float(value)
    try:
        return float(value.__float__())  # a Decimal, an expression of sympy without symbols
    except Exception:
        raise ValueError(f"You passed {kind_of(value)}.") from None


def _from_text(value: str) -> int | float | Fraction:
    try:
        return read(value.lstrip("≈~ "))({})
    except (ValueError, ArithmeticError, TypeError):
        raise ValueError(f"You passed the text {value[:60]!r}.") from None


def kind_of(value: object) -> str:
    """Name what a value is, in a learner's words."""
    if value is None:
        return "`None`"
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"a NumPy array of shape {value.shape}"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, type):
        return f"the class `{value.__name__}`"
    if callable(value):
        return f"the function `{getattr(value, '__name__', type(value).__name__)}`"
    if isinstance(value, bool):
        return f"the bool {value}"
    if isinstance(value, Number):
        return f"the {type(value).__name__} {_digits(value)}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def show(value: object) -> str:
    """Write a value out where it is short, and its kind where it is not."""
    if isinstance(value, Tensor) and value.numel() <= SMALL:
        return _nested(value.detach().tolist())
    if isinstance(value, (Tensor, np.ndarray)):
        return f"{kind_of(value)}"
    if isinstance(value, (tuple, list)):
        if len(value) > SMALL:
            return f"{kind_of(value)} of {len(value)}"
        inner = ", ".join(show(v) for v in value)
        return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"
    if isinstance(value, (bool, str)) or not isinstance(value, Number):
        text = repr(value)
        return text if len(text) <= 60 and " at 0x" not in text else kind_of(value)
    return _digits(value)


def _nested(entries: object) -> str:
    if isinstance(entries, list):
        return "[" + ", ".join(_nested(entry) for entry in entries) + "]"
    return _digits(entries)


def _side_by_side(expected: Number, received: Number) -> str:
    """Write two numbers that differ, with as many digits as it takes to see it."""
    places = (p for p in range(6, 18) if _digits(expected, p) != _digits(received, p))
    digits = next(places, 17)
    return f"expected {_digits(expected, digits)}, received {_digits(received, digits)}"


def _digits(number: object, digits: int = 6) -> str:
    """Write a number shortly: so many significant digits unless it is whole."""
    if isinstance(number, int) and abs(number) >= 10**40:
        return f"a number of {int(math.log10(abs(number))) + 1} digits"
    if isinstance(number, float) and number == number and abs(number) < 1e15:
        return str(int(number)) if number == int(number) else f"{number:.{digits}g}"
    return str(number)
