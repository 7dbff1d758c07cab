"""Writing values out for a learner: shortly, and with the digits that matter."""

from __future__ import annotations

import math
from numbers import Number

import numpy as np
from torch import Tensor

SMALL = 24  # tensors and lists up to this many entries are written out


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


def side_by_side(expected: Number, received: Number) -> str:
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
