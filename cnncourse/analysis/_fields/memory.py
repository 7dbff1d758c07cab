"""Writing into a part of a tensor, under another name."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from cnncourse.analysis._fields.calls import (
    State,
    each,
    has_positions,
    lost,
    resampled,
    union,
)
from cnncourse.analysis._fields.maps import Taps
from cnncourse.analysis._fields.terms import Shape, Term


def written_into(
    other: Tensor, other_state: State | None, view: Tensor, state: State | None
) -> State | None:
    """What ``other`` sees after ``state`` was written into ``view``, which shares its memory."""
    layout = (view.shape, view.stride(), view.storage_offset())
    if layout == (other.shape, other.stride(), other.storage_offset()):
        return state
    if state is None:
        return other_state  # a constant written over a part adds nothing that units see
    place = _place_within(view, other)
    if place is None:
        return lost(state, "it is written through a view that is not a slice")
    dims, starts = place
    shape = [1] * other.ndim
    for dim, size in zip(dims, view.shape, strict=True):
        shape[dim] = size
    new = each(state, lambda f: f.renumbered(dict(enumerate(dims))))
    new = each(new, lambda f: f.each(lambda term: _without_slots(term, shape, other)))
    if any(not term.digits for field in new if field.everything is None for term in field.terms):
        return lost(new, "single positions are written one by one")
    for dim, size in enumerate(other.shape):
        if size != shape[dim] and (has_positions(new, dim) or has_positions(other_state, dim)):
            if other_state is not None:
                return lost(new, "parts of a map are written over one by one")
            new = resampled(new, shape, dim, Taps.affine(-starts[dim]), size)
        shape[dim] = size
    return union([other_state, new])


def _place_within(view: Tensor, whole: Tensor) -> tuple[list[int], list[int]] | None:
    """Where a slice lies: the dimension of ``whole`` for each of its own, and all starts."""
    offset = view.storage_offset() - whole.storage_offset()
    if offset < 0:
        return None
    starts = [0] * whole.ndim
    for dim in sorted(range(whole.ndim), key=lambda d: -whole.stride(d)):
        if whole.stride(dim) and whole.shape[dim] > 1:
            starts[dim], offset = divmod(offset, whole.stride(dim))
    dims: list[int] = []
    for dim in range(whole.ndim):
        own = len(dims)
        if own < view.ndim and view.stride(own) == whole.stride(dim):
            if starts[dim] + view.shape[own] > whole.shape[dim]:
                return None
            dims.append(dim)
    return (dims, starts) if len(dims) == view.ndim and not offset else None


def _without_slots(term: Term, shape: Shape, whole: Tensor) -> Term:
    """A single position written into a row of many has no stride there."""
    kept = (d for d in term.digits if d.mod > 1 or shape[d.dim] == whole.shape[d.dim])
    return replace(term, digits=tuple(kept))
