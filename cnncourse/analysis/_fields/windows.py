"""Operations that read windows: convolution, pooling, interpolation, padding."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from cnncourse.analysis._fields.calls import (
    Call,
    State,
    each,
    has_positions,
    lost,
    resampled,
    union,
)
from cnncourse.analysis._fields.maps import Taps


def convolution(call: Call) -> State | None:
    """A window in space, the sum over channels; transposed, the window of the adjoint."""
    kernel = tuple(call["weight"].shape[2:])
    shape = tuple(call["input"].shape)
    state = call.state_of(call["input"])
    if has_positions(state, 1):
        if call["groups"] == 1:
            state = each(state, lambda field: field.summed({1}, call.cause))
            shape = (shape[0], 1, *shape[2:])
        elif not call["groups"] == shape[1] == call.shape[1]:
            state = lost(state, "grouped channels hold several positions each")
    rank = len(kernel)
    stride, padding, dilation = (
        _per_axis(call[name], rank) for name in ("stride", "padding", "dilation")
    )
    for axis in range(rank):
        arguments = (kernel[axis], stride[axis], padding[axis], dilation[axis])
        window = Taps.transposed if call["transposed"] else Taps.window
        flags = {}
        if not call["transposed"] and call.shape[2 + axis] == 1 < shape[2 + axis]:
            flags["whole"] = call.cause
        state = resampled(state, shape, 2 + axis, window(*arguments), call.shape[2 + axis], **flags)
        shape = (*shape[: 2 + axis], call.shape[2 + axis], *shape[3 + axis :])
    made = [_anywhere(call, call[name]) for name in ("weight", "bias")]
    return union([state, *made])


def _anywhere(call: Call, tensor: Any) -> State | None:
    """A weight that is itself computed from the input: all it sees, every unit sees."""
    state = call.state_of(tensor)
    if state is None:
        return None
    shape = tuple(tensor.shape)
    dims = set(range(len(shape)))
    state = each(state, lambda field: field.summed(dims, call.cause))
    return each(state, lambda field: field.renumbered({}))


def pooling(call: Call) -> State | None:
    """Maximum and average over windows."""
    shape, state = tuple(call.input.shape), call.state_of(call.input)
    rank = int(call.op[call.op.index("pool") + 4])
    kernel = _per_axis(call["kernel_size"], rank)
    stride = _per_axis(call["stride"] or kernel, rank)
    padding = _per_axis(call["padding"], rank)
    dilation = _per_axis(call.arguments.get("dilation", 1), rank)
    for axis in range(rank):
        dim = len(shape) - rank + axis
        taps = Taps.window(kernel[axis], stride[axis], padding[axis], dilation[axis])
        flags = {"whole": call.cause} if call.shape[dim] == 1 < shape[dim] else {}
        state = resampled(state, shape, dim, taps, call.shape[dim], **flags)
        shape = (*shape[:dim], call.shape[dim], *shape[dim + 1 :])
    return state


def adaptive_pooling(call: Call) -> State | None:
    """Windows that divide the map; a single one is global pooling."""
    shape, state = tuple(call.input.shape), call.state_of(call.input)
    rank = len(call["output_size"])
    for dim in range(len(shape) - rank, len(shape)):
        if call.shape[dim] == 1:
            state = each(state, lambda f, d=dim: f.summed({d}, call.cause))
        else:
            taps = Taps.adaptive(shape[dim], call.shape[dim])
            state = resampled(state, shape, dim, taps, call.shape[dim])
        shape = (*shape[:dim], call.shape[dim], *shape[dim + 1 :])
    return state


def interpolation(call: Call) -> State | None:
    """Nearest, linear and cubic resizing, with the sampling positions PyTorch uses."""
    shape, state = tuple(call.input.shape), call.state_of(call.input)
    rank = len(call["output_size"])
    scales = [value for name, value in call.arguments.items() if name.startswith("scales")]
    for axis in range(rank):
        dim = len(shape) - rank + axis
        old, new, given = shape[dim], call.shape[dim], scales[axis]
        step = Fraction(old, new)
        if given:  # scale_factor: the size is rounded, the step between samples is not
            step = 1 / Fraction(given).limit_denominator(10_000)
        half = Fraction(1, 2)
        if "nearest" in call.op:
            offset = step / 2 if "exact" in call.op else Fraction(0)
            taps = Taps.sampled(step, offset, reach=0)
        elif call["align_corners"]:
            step = Fraction(old - 1, new - 1) if new > 1 else Fraction(0)
            taps = Taps.sampled(step, Fraction(0), reach=2 if "cubic" in call.op else 1)
        else:
            taps = Taps.sampled(step, step * half - half, reach=2 if "cubic" in call.op else 1)
        state = resampled(state, shape, dim, taps, new)
        shape = (*shape[:dim], new, *shape[dim + 1 :])
    return state


def padding(call: Call) -> State | None:
    """Padding of any kind moves positions; a negative one crops.

    The border is thought of as continued, so what the padding holds makes no difference.
    """
    shape, state = tuple(call["self"].shape), call.state_of(call["self"])
    amounts = call.arguments.get("pad") or call.arguments["padding"]
    if not any(amounts):
        return state
    for axis in range(len(amounts) // 2):
        before, after = amounts[2 * axis : 2 * axis + 2]
        dim = len(shape) - 1 - axis
        flags = {"cropped": True} if before < 0 or after < 0 else {}
        state = resampled(state, shape, dim, Taps.affine(-before), call.shape[dim], **flags)
        shape = (*shape[:dim], call.shape[dim], *shape[dim + 1 :])
    return state


def _per_axis(value: int | Sequence[int], rank: int) -> list[int]:
    values = [value] if isinstance(value, int) else list(value)
    return values * rank if len(values) == 1 else values
