"""Comparing what came out with what should have, and saying the first thing that differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from numbers import Number

import numpy as np
import torch
from torch import Tensor

from cnncourse.grading.scalars import COUNT, agree, as_number, leeway
from cnncourse.grading.showing import kind_of, show, side_by_side

# Relative tolerance of a result, by its dtype. What is float64 may have been float32 on its way.
TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-5}
HALF_TOLERANCE = 1e-2

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
    if tensor.shape != expected.shape and isinstance(received, tuple):
        message = f"Your function returned a tuple of {len(received)}; a tensor is expected."
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
    return place + side_by_side(want[where].item(), got[where].item())


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
    return Difference("", side_by_side(expected, number))
