"""Operations that put tensors together or pick from them by index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from cnncourse.analysis._fields.calls import (
    Call,
    State,
    each,
    has_positions,
    lost,
    resampled,
    union,
)
from cnncourse.analysis._fields.field import Field
from cnncourse.analysis._fields.maps import FieldMap, Taps
from cnncourse.analysis._fields.terms import Digit, Shape, Term


def _joined_along(call: Call, tensors: Sequence[Tensor], dim: int) -> State | None:
    states = [call.state_of(tensor) for tensor in tensors]
    known = [state for state in states if state is not None]
    start, moved = 0, []
    for tensor, state in zip(tensors, states, strict=True):
        shape = tuple(tensor.shape)
        if has_positions(state, dim):
            if _positions_elsewhere(state, dim):
                # Channels that hold several positions each: together they see the union.
                state = each(state, lambda f: f.summed({dim}, call.cause))
            else:
                state = _end_to_end(call, state, shape, dim, start, alone=len(known) == 1)
        elif shape[dim] != call.shape[dim]:
            names = {d: d for d in range(len(shape)) if d != dim}
            state = each(state, lambda f, n=names: f.renumbered(n))
        moved.append(state)
        start += shape[dim]
    return _put_together(moved, call.shape, dim)


def _put_together(states: Sequence[State | None], shape: Shape, dim: int) -> State | None:
    """The union of parts along ``dim``, unless these are single positions, side by side."""
    total = union(states)
    if total is None:
        return None
    fields = []
    for axis, field in enumerate(total):
        fixed = {
            term.map(0)
            for state in states
            if state is not None
            for term in state[axis].terms
            if not term.digits
        }
        if len(fixed) > 1 and field.everything is None:
            field = _blurred(field, shape, dim, "single positions are put side by side")
        fields.append(field)
    return tuple(fields)


def _blurred(field: Field, shape: Shape, dim: int, reason: str) -> Field:
    """All that remains known is along which dimensions positions lie, here also along ``dim``.

    So a sum over all of them is still recognised: that of attention, after a class token.
    """
    row = Digit(dim, 1, shape[dim], 1)
    nowhere = FieldMap(0, (None,))
    terms = tuple(
        Term(nowhere, (*(d for d in term.digits if d.dim != dim), row)) for term in field.terms[:1]
    )
    return replace(field, terms=terms, unknown=field.unknown or reason)


def _end_to_end(call: Call, state: State, shape: Shape, dim: int, start: int, alone: bool) -> State:
    """A map with something else before or behind it: beside constants it is only moved.

    Beside a second map, or as a row of tokens, it has no stride any more.
    """
    moved = resampled(state, shape, dim, Taps.affine(-start), call.shape[dim])
    if alone and not any(field.unknown for field in moved):
        return moved
    reason = "a map is joined end to end with another tensor"
    return tuple(_blurred(field, call.shape, dim, reason) for field in state)


def _positions_elsewhere(state: State | None, dim: int) -> bool:
    """Whether whatever has positions on ``dim`` has them on another dimension as well."""
    return state is not None and all(
        any(d.dim != dim and d.mod > 1 for d in term.digits)
        for field in state
        for term in field.terms
        if any(d.mod > 1 for d in term.on(dim))
    )


def cat(call: Call) -> State | None:
    """Along channels the union of the maps; along space, a map with constants beside it."""
    tensors = [tensor for tensor in call["tensors"] if tensor.numel()]
    return _joined_along(call, tensors, call["dim"] % len(call.shape))


def stack(call: Call) -> State | None:
    """The union of the maps, with a new dimension."""
    new = call["dim"] % len(call.shape)
    names = {dim: dim + (dim >= new) for dim in range(len(call.shape) - 1)}
    states = [
        each(call.state_of(tensor), lambda field: field.renumbered(names))
        for tensor in call["tensors"]
    ]
    return _put_together(states, call.shape, new)


def channelwise(call: Call) -> State | None:
    """Operations that reorder one dimension, which must not hold positions."""
    state = call.state_of(call.input)
    dim = call.arguments.get("dim", 1)
    if state is None or not has_positions(state, dim % call.input.ndim):
        return state
    return lost(state, "positions are reordered")


def index(call: Call) -> State | None:
    """``x[:, permutation]`` with a fixed list of indices, of a dimension without positions."""
    state = call.state_of(call["self"])
    used = [dim for dim, entry in enumerate(call["indices"]) if entry is not None]
    if state is None:
        return None
    fixed = all(call.state_of(call["indices"][dim]) is None for dim in used)
    one_list = len(used) == 1 and call["indices"][used[0]].ndim == 1
    if fixed and one_list and not has_positions(state, used[0]):
        return state
    return lost(state, "positions are gathered by index")
