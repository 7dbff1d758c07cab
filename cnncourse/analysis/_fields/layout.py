"""Operations that move entries about: views, transpositions, slices, flips."""

from __future__ import annotations

from dataclasses import replace

from cnncourse.analysis._fields.calls import (
    Call,
    State,
    broadcast,
    each,
    has_positions,
    lost,
    resampled,
)
from cnncourse.analysis._fields.maps import Taps
from cnncourse.analysis._fields.sums import dims_of
from cnncourse.analysis._fields.terms import Shape


def same(call: Call) -> State | None:
    """Copies and aliases."""
    return call.state_of(call.input)


def view(call: Call) -> State | None:
    """A new shape for the same order of entries."""
    old = tuple(call.input.shape)
    return each(call.state_of(call.input), lambda field: field.reshaped(old, call.shape))


def as_strided(call: Call) -> State | None:
    """Only where it changes strides alone, as pooling does for channels-last memory."""
    state = call.state_of(call.input)
    if state is None or tuple(call.input.shape) == tuple(call["size"]):
        return state
    return lost(state, "strides set by hand are not followed")


def expand(call: Call) -> State | None:
    """Repeat along dimensions of size 1."""
    return broadcast(call, call.input)


def repeat(call: Call) -> State | None:
    """Tiles; only dimensions that hold no positions may be tiled."""
    state, rank = call.state_of(call.input), call.input.ndim
    for dim, times in enumerate(call["repeats"][len(call["repeats"]) - rank :]):
        if times > 1 and has_positions(state, dim):
            return lost(state, "a map is tiled")
    extra = len(call.shape) - rank
    names = {dim: dim + extra for dim in range(rank)}
    return each(state, lambda field: field.renumbered(names))


def permute(call: Call) -> State | None:
    """``permute``, ``transpose`` and ``t``."""
    rank = call.input.ndim
    order = list(range(rank))
    if call.op == "permute":
        order = [dim % rank for dim in call["dims"]]
    elif rank > 1:
        i, j = (call["dim0"] % rank, call["dim1"] % rank) if call.op == "transpose" else (0, 1)
        order[i], order[j] = j, i
    names = {dim: index for index, dim in enumerate(order)}
    return each(call.state_of(call.input), lambda field: field.renumbered(names))


def unsqueeze(call: Call) -> State | None:
    """A new dimension of size 1."""
    rank = call.input.ndim
    new = call["dim"] % (rank + 1)
    names = {dim: dim + (dim >= new) for dim in range(rank)}
    return each(call.state_of(call.input), lambda field: field.renumbered(names))


def squeeze(call: Call) -> State | None:
    """Dimensions of size 1 removed."""
    shape = call.input.shape
    kept = [dim for dim in range(len(shape)) if dim not in dims_of(call) or shape[dim] > 1]
    names = {dim: index for index, dim in enumerate(kept)}
    return each(call.state_of(call.input), lambda field: field.renumbered(names))


def _sliced(
    state: State | None, shape: Shape, dim: int, start: int, step: int, new_size: int
) -> State | None:
    old = shape[dim]
    if new_size == old:
        return state
    if new_size == 1 and not _plain(state, dim, old):
        return each(state, lambda f: f.each(lambda term: term.at(dim, start)))
    left_over = old - 1 - (start + step * (new_size - 1))
    # x[1::2] leaves out what its stride skips; x[8:] really drops a part of the map.
    flags = {"cropped": True} if start >= step or left_over >= step else {}
    return resampled(state, shape, dim, Taps.affine(start, step), new_size, **flags)


def _plain(state: State | None, dim: int, size: int) -> bool:
    return state is not None and all(
        digit.fills(size) for field in state for term in field.terms for digit in term.on(dim)
    )


def slicing(call: Call) -> State | None:
    """``x[..., start:end:step]`` along one dimension."""
    shape = tuple(call.input.shape)
    dim = call["dim"] % len(shape)
    start = call["start"] or 0
    start = max(0, min(shape[dim], start + shape[dim] if start < 0 else start))
    state = call.state_of(call.input)
    return _sliced(state, shape, dim, start, call["step"], call.shape[dim])


def select(call: Call) -> State | None:
    """``x[..., index]``: one position of a dimension, which disappears."""
    shape = tuple(call.input.shape)
    dim, index = call["dim"] % len(shape), call["index"] % shape[call["dim"]]
    state = each(call.state_of(call.input), lambda f: f.each(lambda term: term.at(dim, index)))
    names = {d: d - (d > dim) for d in range(len(shape)) if d != dim}
    return each(state, lambda field: field.renumbered(names))


def split(call: Call) -> list[State | None]:
    """Consecutive slices."""
    shape = tuple(call.input.shape)
    dim, start, states = call["dim"] % len(shape), 0, []
    for result in call.results:
        size = result.shape[dim]
        states.append(_sliced(call.state_of(call.input), shape, dim, start, 1, size))
        start += size
    return states


def unbind(call: Call) -> list[State | None]:
    """All positions of a dimension, one tensor each."""
    dim, states = call["dim"] % call.input.ndim, []
    for index, result in enumerate(call.results):
        arguments = {**call.arguments, "dim": dim, "index": index}
        states.append(select(replace(call, arguments=arguments, results=[result])))
    return states


def flip(call: Call) -> State | None:
    """Reversed order: fields move backwards, a negative stride."""
    shape, state = tuple(call.input.shape), call.state_of(call.input)
    for dim in dims_of(call, "dims"):
        state = resampled(state, shape, dim, Taps.affine(shape[dim] - 1, -1), shape[dim])
    return state


def roll(call: Call) -> State | None:
    """A circular shift; the border is thought of as continued."""
    shape, state = tuple(call.input.shape), call.state_of(call.input)
    if not call["dims"]:
        return state and lost(state, "the map is rolled as one long row")
    for shift, dim in zip(call["shifts"], call["dims"], strict=True):
        dim %= len(shape)
        state = resampled(state, shape, dim, Taps.affine(-shift), shape[dim])
    return state
