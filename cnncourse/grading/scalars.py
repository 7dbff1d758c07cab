"""Single numbers: reading them from whatever holds one, and comparing them."""

from __future__ import annotations

from fractions import Fraction
from numbers import Integral, Number, Real

import numpy as np
import torch
from torch import Tensor

from cnncourse.grading.expressions import read
from cnncourse.grading.showing import kind_of

# Relative: what float32 keeps, since `.item()` hides where a number comes from. Absolute: a count
# is whole, and a neighbour of it is wrong.
PRECISION, HALF_PRECISION, COUNT = 1e-6, 1e-3, 0.01
SINGLES = (torch.float32, np.dtype(np.float32))
HALVES = (torch.float16, torch.bfloat16, np.dtype(np.float16))


def leeway(target: Number, received: object = None) -> float:
    """Return how far a received number may lie from the target, at the precision it came in."""
    size = abs(target) if abs(target) < 1e300 else 0.0
    dtype = getattr(received, "dtype", None)
    if dtype in HALVES:
        return HALF_PRECISION * size
    relative = PRECISION * size
    if target == target and size and target == int(target) and dtype not in SINGLES:
        relative = min(relative, max(COUNT, 1e-12 * size))
    return float(relative) + 1e-9


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
        return read(value)({})
    except (ValueError, ArithmeticError, TypeError):
        raise ValueError(f"You passed the text {value[:60]!r}.") from None
