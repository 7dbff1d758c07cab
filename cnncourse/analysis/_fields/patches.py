"""Operations that trade positions for channels: unfold, im2col, pixel shuffle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnncourse.analysis._fields.calls import (
    Call,
    State,
    each,
    resampled,
)
from cnncourse.analysis._fields.maps import LostError, Taps
from cnncourse.analysis._fields.terms import Digit, Shape, Term


def unfold(call: Call) -> State | None:
    """``Tensor.unfold``: windows of a dimension, their entries in a new last one."""
    shape = tuple(call.input.shape)
    dim = call["dimension"] % len(shape)
    state = call.state_of(call.input)
    return _unfolded(state, shape, dim, len(shape), call["size"], call["step"], 1, call.shape)


def _unfolded(
    state: State | None,
    shape: Shape,
    dim: int,
    new_dim: int,
    kernel_size: int,
    stride: int,
    dilation: int,
    after: Shape,
) -> State | None:
    """Window ``j``, entry ``t`` holds position ``j*stride + dilation*t``."""

    def change(term: Term) -> Term:
        here = term.on(dim)
        if not here:
            return term
        if not (len(here) == 1 and here[0].fills(shape[dim])):
            raise LostError("windows are taken of a dimension that holds more than positions")
        coef = here[0].coef
        others = tuple(d for d in term.digits if d.dim != dim)
        window = Digit(dim, 1, after[dim], coef * stride)
        entry = Digit(new_dim, 1, kernel_size, coef * dilation)
        return replace(term, digits=(*others, window, entry))

    return each(state, lambda field: field.each(change))


def im2col(call: Call) -> State | None:
    """``F.unfold``: the patches as columns, ``(N, C*kh*kw, H'*W')``."""
    n, c, h, w = call["self"].shape
    (kh, kw), (ph, pw), (sh, sw), (dh, dw) = (
        call[name] for name in ("kernel_size", "padding", "stride", "dilation")
    )
    state, shape = call.state_of(call["self"]), (n, c, h, w)
    state = resampled(state, shape, 2, Taps.affine(-ph), h + 2 * ph)
    state = resampled(state, (n, c, h + 2 * ph, w), 3, Taps.affine(-pw), w + 2 * pw)
    rows = (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    columns = (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    # (N, C, H', W', kh, kw), then the entries of a window go beside its channels
    shape = (n, c, h + 2 * ph, w + 2 * pw)
    state = _unfolded(state, shape, 2, 4, kh, sh, dh, (n, c, rows, w + 2 * pw, kh))
    shape = (n, c, rows, w + 2 * pw, kh)
    state = _unfolded(state, shape, 3, 5, kw, sw, dw, (n, c, rows, columns, kh, kw))
    return _rearranged(state, (n, c, rows, columns, kh, kw), (0, 1, 4, 5, 2, 3), call.shape)


def _rearranged(
    state: State | None, split_shape: Shape, order: Sequence[int], shape: Shape
) -> State | None:
    """``view(split_shape).permute(order).reshape(shape)``, as far as positions go."""
    names = {dim: index for index, dim in enumerate(order)}
    permuted = [split_shape[dim] for dim in order]
    state = each(state, lambda field: field.renumbered(names))
    return each(state, lambda field: field.reshaped(permuted, shape))


def pixel_shuffle(call: Call) -> State | None:
    """``C*r*r`` channels become ``r`` times as many rows and columns."""
    old = tuple(call["self"].shape)
    r = call["upscale_factor"]
    *lead, c, h, w = old
    parts = (*lead, c // r**2, r, r, h, w)
    state = each(call.state_of(call["self"]), lambda field: field.reshaped(old, parts))
    k = len(lead)
    return _rearranged(state, parts, (*range(k), k, k + 3, k + 1, k + 4, k + 2), call.shape)


def pixel_unshuffle(call: Call) -> State | None:
    """Blocks of ``r*r`` positions become channels."""
    old = tuple(call["self"].shape)
    r = call["downscale_factor"]
    *lead, c, h, w = old
    parts = (*lead, c, h // r, r, w // r, r)
    state = each(call.state_of(call["self"]), lambda field: field.reshaped(old, parts))
    k = len(lead)
    return _rearranged(state, parts, (*range(k), k, k + 2, k + 4, k + 1, k + 3), call.shape)
