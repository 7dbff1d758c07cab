"""Comparing what came out with what should have, and saying the first thing that differs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from numbers import Integral, Number, Real

import numpy as np
import torch
from torch import Tensor

SMALL = 24  # tensors up to this many entries are written out
#           relative tolerance of a result, by its dtype
TOLERANCE = {torch.float64: 1e-8, torch.float32: 1e-4}
HALF_TOLERANCE = 1e-2

DTYPE_LOST = "dtype lost"  # names the one difference that leaves the values right


@dataclass(frozen=True)
class Difference:
    """The first thing that differs: a sentence about its kind, and the evidence."""

    message: str
    evidence: str
    name: str = ""


def difference(received: object, expected: object) -> Difference | None:
    """Compare tensors, numbers, and tuples or lists of them; None means that they agree."""
    if received is None and expected is not None:
        message = "Your function returned `None`. Does every path through it end in `return`?"
        return Difference(message, f"expected {kind_of(expected)}", "nothing returned")
    if isinstance(expected, Tensor) and expected.ndim == 0 and not isinstance(received, Tensor):
        return _number_difference(received, expected.item())
    if isinstance(expected, Tensor):
        return _tensor_difference(received, expected)
    if isinstance(expected, (tuple, list)):
        return _sequence_difference(received, expected)
    if isinstance(expected, (Number, Fraction)) and not isinstance(expected, bool):
        return _number_difference(received, expected)
    if isinstance(received, (Tensor, np.generic)) and received.ndim == 0:
        received = received.item()  # what a comparison of tensors returns, for True or False
    if type(received) is type(expected) and received == expected:
        return None
    return Difference("", f"expected {expected!r}, received {show(received)}")


def same_values(received: object, expected: object) -> bool:
    """Say whether two results agree in all but, perhaps, their dtype."""
    found = difference(received, expected)
    return found is None or found.name == DTYPE_LOST


def _tensor_difference(received: object, expected: Tensor) -> Difference | None:
    if isinstance(received, np.ndarray):
        message = "Your function returned a NumPy array. Return a tensor: `torch.from_numpy` helps."
        return Difference(message, "", "array instead of tensor")
    if not isinstance(received, Tensor):
        message = f"Your function returned {kind_of(received)}; a tensor is expected."
        return Difference(message, "", "wrong type")
    if received.shape != expected.shape:
        sizes = f"expected shape {tuple(expected.shape)}, received {tuple(received.shape)}"
        return Difference("The result has the wrong shape.", sizes)
    if received.is_complex() and not expected.is_complex():
        message = "The result is complex, and the right one is real: take its `.real` part."
        return Difference(message, "", "complex result")
    tolerance = max(_tolerance(received), _tolerance(expected))
    got, want = received.detach().double(), expected.detach().double()
    if got.isnan().any() and not want.isnan().any():
        where = tuple(got.isnan().nonzero()[0].tolist())
        message = "There is a NaN in the result. Look for 0/0, or for memory never written to."
        return Difference(message, _entry(got, want, where), "NaN in the result")
    sizes = want[want.isfinite()].abs()
    scale = 1.0 + (sizes.max().item() if sizes.numel() else 0.0)
    off = (got - want).abs() > tolerance * scale
    if off.any():
        where = tuple(off.nonzero()[0].tolist())
        evidence = _entry(got, want, where)
        if off.numel() > 1:
            evidence += f"\n{int(off.sum())} of {off.numel()} entries differ"
        if not got.any():
            message = "The result is all zeros. Is what you compute ever written into it?"
            return Difference(message, evidence, "all zeros")
        return Difference("", evidence)
    if received.dtype != expected.dtype:
        message = (
            f"The values are right, but the input's dtype got lost: `{received.dtype}` instead of "
            f"`{expected.dtype}`. `x.new_zeros(...)` makes a tensor that is like `x`."
        )
        return Difference(message, "", DTYPE_LOST)
    return None


def _tolerance(tensor: Tensor) -> float:
    if not tensor.is_floating_point():
        return 0.0
    return TOLERANCE.get(tensor.dtype, HALF_TOLERANCE)


def _entry(got: Tensor, want: Tensor, where: tuple[int, ...]) -> str:
    place = f"entry {list(where)}: " if where else ""
    return f"{place}expected {_digits(want[where].item())}, received {_digits(got[where].item())}"


def _sequence_difference(received: object, expected: tuple | list) -> Difference | None:
    if not isinstance(received, (tuple, list)):
        message = f"Your function returned {kind_of(received)}; {kind_of(expected)} is expected."
        return Difference(message, "", "wrong type")
    if len(received) != len(expected):
        sizes = f"expected {len(expected)} values, received {len(received)}: {show(received)}"
        return Difference("", sizes)
    lost = None  # a dtype; it counts only where all values are right
    for index, (got, want) in enumerate(zip(received, expected, strict=True)):
        found = difference(got, want)
        if found:
            found = Difference(found.message, f"value {index}: {found.evidence}", found.name)
            if found.name != DTYPE_LOST:
                return found
            lost = lost or found
    return lost


def _number_difference(received: object, expected: Number) -> Difference | None:
    try:
        number = as_number(received)
    except ValueError as error:
        return Difference(f"A number is expected. {error}", "", "wrong type")
    if number != number:
        return Difference("The result is NaN. Look for 0/0.", "", "NaN in the result")
    if abs(number - expected) <= 1e-9 * (1 + abs(expected)):
        return None
    return Difference("", f"expected {_digits(expected)}, received {_digits(number)}")


def as_number(value: object) -> int | float | Fraction:
    """Read a real number of Python, NumPy or sympy, or a tensor of one entry.

    Raises:
        ValueError: for anything else, with a sentence that says how to write it.
    """
    if isinstance(value, (Tensor, np.ndarray, np.generic)):
        size = value.numel() if isinstance(value, Tensor) else value.size
        if size != 1:
            raise ValueError(f"You passed {kind_of(value)}; one number is enough.")
        value = value.item()
    if isinstance(value, str):
        raise ValueError(_about_text(value))
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"You passed {kind_of(value)}.")
    if isinstance(value, Integral):
        return int(value)
    return value if isinstance(value, Fraction) else float(value)


def _about_text(value: str) -> str:
    plain = value.replace(",", "").replace("_", "").replace(" ", "")
    try:
        float(plain)
    except ValueError:
        return f"You passed the text {value!r}."
    return f"You passed text; write the number without quotes: `{plain}`."


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
    if isinstance(value, (bool, Number)):
        return f"the {type(value).__name__} {value}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def show(value: object) -> str:
    """Write a value out where it is short, and its kind where it is not."""
    if isinstance(value, Tensor) and value.numel() <= SMALL:
        return _nested(value.detach().tolist())
    if isinstance(value, (Tensor, np.ndarray)):
        return f"{kind_of(value)}"
    if isinstance(value, (tuple, list)):
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


def _digits(number: object) -> str:
    """Write a number shortly; 6 significant digits unless it is whole."""
    if isinstance(number, float) and number == number and abs(number) < 1e15:
        return str(int(number)) if number == int(number) else f"{number:.6g}"
    return str(number)
