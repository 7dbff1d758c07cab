"""Operations that take positions together: reductions, norms, softmax, matrix products."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from cnncourse.analysis._fields.calls import (
    Call,
    State,
    broadcast,
    each,
    union,
)


def dims_of(call: Call, name: str = "dim") -> set[int]:
    rank = call.input.ndim
    given = call.arguments.get(name)
    if given is None or given == []:
        return set(range(rank))
    return {dim % rank for dim in ([given] if isinstance(given, int) else given)} if rank else set()


def reduction(call: Call) -> State | None:
    """Sum, mean, maximum, norm over some dimensions."""
    shape, dims = tuple(call.input.shape), dims_of(call)
    state = each(call.state_of(call.input), lambda f: f.summed(dims, call.cause))
    if len(call.shape) == len(shape):
        return state
    kept = [dim for dim in range(len(shape)) if dim not in dims]
    names = {dim: index for index, dim in enumerate(kept)}
    return each(state, lambda field: field.renumbered(names))


def _mixed(call: Call, dims: set[int]) -> State | None:
    """Every unit keeps its place and also sees all units along ``dims``."""
    shape, state = tuple(call.input.shape), call.state_of(call.input)
    total = each(state, lambda field: field.summed(dims, call.cause))
    summed = [1 if dim in dims else size for dim, size in enumerate(shape)]
    total = each(total, lambda field: field.broadcast(summed, shape))
    return union([state, total])


def softmax(call: Call) -> State | None:
    """Each output divides by a sum over the dimension."""
    return _mixed(call, dims_of(call))


def batch_norm(call: Call) -> State | None:
    """With stored statistics pointwise; with those of the input, a sum over all positions."""
    if not call.arguments.get("training", False):
        return call.state_of(call["input"])
    return _mixed(call, set(range(call["input"].ndim)) - {1})


def layer_norm(call: Call) -> State | None:
    """Statistics over the last dimensions."""
    rank = call["input"].ndim
    return _mixed(call, set(range(rank - len(call["normalized_shape"]), rank)))


def group_norm(call: Call) -> State | None:
    """Statistics over space and a group of channels."""
    return _mixed(call, set(range(1, call["input"].ndim)))


def _product(call: Call, a: Any, b: Any, batch: int) -> State | None:
    """A matrix product with ``batch`` leading dimensions: rows of a, columns of b, sum between."""
    shapes = tuple(a.shape), tuple(b.shape)
    left = each(call.state_of(a), lambda f: f.summed({len(shapes[0]) - 1}, call.cause))
    right = each(call.state_of(b), lambda f: f.summed({batch}, call.cause))
    names = {dim: dim for dim in range(len(call.shape))}
    rows = {dim: dim for dim in range(len(shapes[0]) - 1)}
    columns = {dim: dim for dim in names if dim < batch}
    if len(shapes[1]) == batch + 2:
        columns[batch + 1] = len(call.shape) - 1
    left = each(left, lambda field: field.renumbered(rows))
    right = each(right, lambda field: field.renumbered(columns))
    return union([left, right])


def matrix_product(call: Call) -> State | None:
    """``mm``, ``mv`` and ``bmm``; with ``self`` added in ``addmm`` and ``baddbmm``."""
    a, b = [value for value in call.arguments.values() if isinstance(value, Tensor)][-2:]
    added = broadcast(call, call["self"]) if call.op in ("addmm", "addmv", "baddbmm") else None
    return union([added, _product(call, a, b, int("bmm" in call.op))])
