"""An operation as it ran, and what the units of its tensors see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

from torch import Tensor

from cnncourse.analysis._fields.field import Field
from cnncourse.analysis._fields.maps import Taps
from cnncourse.analysis._fields.terms import Shape, Term

State = tuple[Field, ...]
"""What a tensor's units see, one field for each spatial axis of the input."""


@dataclass
class Call:
    """One operation as it ran: its arguments by name, its results, and what is known of them."""

    op: str
    arguments: dict[str, Any]
    results: list[Tensor]
    state_of: Callable[[Any], State | None]
    layer: str
    cause: str
    look_past_gates: bool

    def __getitem__(self, name: str) -> Any:
        return self.arguments[name]

    @property
    def input(self) -> Tensor:
        """The first tensor among the arguments."""
        return next(value for value in self.arguments.values() if isinstance(value, Tensor))

    @property
    def shape(self) -> Shape:
        """The shape of the first result."""
        return tuple(self.results[0].shape)


def each(state: State | None, change: Callable[[Field], Field]) -> State | None:
    """Change the fields of all axes; a constant (None) stays one."""
    return None if state is None else tuple(change(field) for field in state)


def union(states: Sequence[State | None]) -> State | None:
    """The union of tensors of equal shape; a constant (None) adds nothing."""
    known = [state for state in states if state is not None]
    if not known:
        return None
    return reduce(lambda a, b: tuple(f.union(g) for f, g in zip(a, b, strict=True)), known)


def broadcast(call: Call, tensor: Any) -> State | None:
    """An argument's state, repeated to the shape of the result."""
    if not isinstance(tensor, Tensor):
        return None
    old = tuple(tensor.shape)
    return each(call.state_of(tensor), lambda field: field.broadcast(old, call.shape))


def has_positions(state: State | None, dim: int) -> bool:
    """Whether a tensor varies with the position in the input along ``dim``."""
    return state is not None and any(
        digit.mod > 1 for field in state for term in field.terms for digit in term.on(dim)
    )


def lost(state: State, reason: str) -> State:
    """From here on nothing is known but that a unit sees everything, where it does."""
    return tuple(replace(field, terms=(), unknown=field.unknown or reason) for field in state)


def resampled(
    state: State | None, shape: Shape, dim: int, taps: Taps, new_size: int, **flags: Any
) -> State | None:
    """Follow an operation along one dimension; ``flags`` are set on the terms it touches."""

    def change(term: Term) -> Term:
        new = term.resampled(dim, shape[dim], taps, new_size)
        return replace(new, **flags) if flags and term.on(dim) else new

    return each(state, lambda field: field.each(change))


def with_place(call: Call, state: State | None, inputs: Sequence[State | None]) -> State | None:
    """Say in which operation and layer a field got lost, where that happened just now."""
    before = {field.unknown for fields in inputs if fields is not None for field in fields}
    return each(
        state,
        lambda field: (
            field
            if field.unknown is None or field.unknown in before
            else replace(field, unknown=f"of aten.{call.op} in {call.layer}: {field.unknown}")
        ),
    )
