"""How a network answers to a transformation of its input, above all to a translation.

*Equivariant*: the output moves along, ``f(T x) = T' f(x)``. *Invariant*: the output stays,
``f(T x) = f(x)``, which is the case ``T' = identity``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product

import torch
from torch import Tensor

from cnncourse.analysis.consistency import Consistency, shift_consistency
from cnncourse.analysis.converse import NotAConvolutionError, RecoveredConv, conv_from_equivariant
from cnncourse.analysis.translation import evaluating, integers, translate

__all__ = [
    "Consistency",
    "EquivarianceError",
    "NotAConvolutionError",
    "RecoveredConv",
    "conv_from_equivariant",
    "equivariance_error",
    "equivariance_map",
    "shift_consistency",
    "transformation_error",
    "translate",
]

Layer = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class EquivarianceError:
    """How far ``f(T x)`` and ``T' f(x)`` lie apart, relative to ``f(x)``; 0 is equivariance.

    ``total`` is ``||f(T x) - T' f(x)|| / ||f(x)||``, a ratio of root mean squares. ``interior`` and
    ``border`` take that of the difference over one part of the output only, so ``total**2`` is the
    mean of their squares weighted by area. A part that has no pixels is ``nan``.
    """

    total: float
    interior: float
    border: float
    difference: Tensor = field(repr=False)  # f(T x) - T' f(x), for a picture of where it fails


def transformation_error(
    layer: Layer, x: Tensor, on_input: Layer, on_output: Layer, border: int | Sequence[int] = 0
) -> EquivarianceError:
    """Compare ``layer(on_input(x))`` with ``on_output(layer(x))``, for any pair of transformations.

    A rotation is ``on_input = on_output = lambda x: torch.rot90(x, 1, (-2, -1))``; invariance is
    ``on_output = lambda y: y``. ``border`` is the width, in output pixels, of the frame that
    padding spoils: an output pixel is interior when it lies inside the frame both before and after
    ``on_output``, which therefore has to move pixels, and fill with zeros what it cannot know. An
    integer holds for the last two axes, a sequence for as many last axes as it has entries.

    Modules run on a copy, in eval mode and without gradients.

    Shape:
        x  whatever ``layer`` takes

    Raises:
        ValueError: if ``layer(x)`` is zero or not finite, or the two sides differ in shape.
        TypeError: if ``layer`` does not return one tensor.
    """
    with evaluating(layer) as run:
        source = _with_differences(run(x))
        actual = _with_differences(run(on_input(x)))
        expected = on_output(source)
    if actual.shape != expected.shape:
        raise ValueError(
            f"layer(on_input(x)) has shape {tuple(actual.shape)} but on_output(layer(x)) has shape "
            f"{tuple(expected.shape)}; they cannot be compared"
        )
    inside = _frame(source, border)
    interior = (on_output(inside) != 0) & (_frame(actual, border) != 0)
    difference = actual - expected
    scale = _scale(source)
    return EquivarianceError(
        total=_root_mean_square(difference) / scale,
        interior=_root_mean_square(difference[interior]) / scale,
        border=_root_mean_square(difference[~interior]) / scale,
        difference=difference,
    )


def equivariance_error(
    layer: Layer,
    x: Tensor,
    shift: Sequence[int],
    output_shift: Sequence[int] | None = None,
    mode: str = "circular",
    border: int | Sequence[int] = 0,
) -> EquivarianceError:
    """Compare ``layer(T_v x)`` with ``T_v' layer(x)`` for one shift v of the input.

    Without ``output_shift``, v' is ``v / s`` with the stride ``s = H_in / H_out`` read from the
    sizes, 1 when the layer keeps them. ``output_shift=(0, 0)`` measures invariance.
    With ``mode="zeros"`` the strip that the shift fills with zeros counts as border.

    Raises:
        ValueError: if the sizes leave the stride open, or ``v / s`` is no integer.
    """
    shift = integers("shift", shift)
    if output_shift is None:
        strides = _strides(layer, x, len(shift))
        if any(v % s for v, s in zip(shift, strides, strict=True)):
            raise ValueError(
                f"shift {shift} is no multiple of the stride {strides}, so the output would move "
                "by a fraction of a pixel; shift by a multiple, or give output_shift"
            )
        output_shift = tuple(v // s for v, s in zip(shift, strides, strict=True))
    if isinstance(border, int):
        border = (border,) * len(shift)
    return transformation_error(
        layer,
        x,
        on_input=lambda image: translate(image, shift, mode),
        on_output=lambda y: translate(y, output_shift, mode),
        border=border,
    )


def equivariance_map(
    layer: Layer,
    x: Tensor,
    sizes: tuple[int, int] | None = None,
    mode: str = "circular",
    border: int | Sequence[int] = 0,
    batch_size: int = 64,
) -> Tensor:
    """Return the interior error for every shift ``0 <= v < sizes``, by default the whole circle.

    Every output pixel is first repeated s times along each axis, s being the stride, and then moves
    by v on the grid of the input (Zhang, arXiv:1904.11486, section 3.1). So a shift that is no
    multiple of s has an error, too; at multiples this is ``equivariance_error(...).interior``. With
    the default border on the circle, all of the output counts. ``border`` is in output pixels. A
    shift that leaves no interior has error ``nan``. ``batch_size`` is the number of images that go
    through the layer together.

    Shape:
        x       (N, C, H, W)
        return  ``sizes``, (H, W) by default; entry ``[v_h, v_w]`` belongs to the shift (v_h, v_w)
    """
    if x.dim() != 4:
        raise ValueError(f"x must have shape (N, C, H, W), got {tuple(x.shape)}")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    strides = _strides(layer, x, axes=2)
    sizes = x.shape[-2:] if sizes is None else integers("sizes", sizes)
    shifts = list(product(range(sizes[0]), range(sizes[1])))
    per_batch = max(1, batch_size // len(x))

    def enlarge(y: Tensor) -> Tensor:
        return y.repeat_interleave(strides[0], -2).repeat_interleave(strides[1], -1)

    errors = []
    with evaluating(layer) as run:
        output = _with_differences(run(x))
        scale = _scale(output)
        inside = enlarge(_frame(output, border))
        output = enlarge(output)
        for start in range(0, len(shifts), per_batch):
            some = shifts[start : start + per_batch]
            answers = run(torch.cat([translate(x, v, mode) for v in some]))
            answers = _with_differences(answers).split(len(x))
            for v, answer in zip(some, answers, strict=True):
                interior = (translate(inside, v, mode) != 0) & (inside != 0)
                difference = enlarge(answer) - translate(output, v, mode)
                errors.append(_root_mean_square(difference[interior]) / scale)
    return torch.tensor(errors, dtype=torch.float64).reshape(*sizes)


def _strides(layer: Layer, x: Tensor, axes: int) -> tuple[int, ...]:
    """Return input size over output size for each of the last axes; both must divide evenly."""
    with evaluating(layer) as run:
        y = run(x)
    before, after = x.shape[-axes:], y.shape[-axes:]
    if y.dim() != x.dim() or any(a == 0 or b % a for b, a in zip(before, after, strict=True)):
        raise ValueError(
            f"the layer takes shape {tuple(x.shape)} to {tuple(y.shape)}, which leaves the stride "
            "open; pad so that the output size divides the input size, or give output_shift to "
            "equivariance_error"
        )
    return tuple(b // a for b, a in zip(before, after, strict=True))


def _frame(y: Tensor, border: int | Sequence[int]) -> Tensor:
    """Return ones in the shape of ``y`` with zeros in a frame of ``border`` pixels."""
    widths = (border, border) if isinstance(border, int) else integers("border", border)
    if any(width < 0 for width in widths):
        raise ValueError(f"border must not be negative, got {border}")
    inside = torch.ones_like(y)
    if not any(widths):
        return inside  # also for outputs without axes to put a frame on
    if len(widths) > y.dim():
        raise ValueError(f"border {border} needs more axes than the output {tuple(y.shape)} has")
    for axis, width in zip(range(-len(widths), 0), widths, strict=True):
        size = y.shape[axis]
        inside.narrow(axis, 0, min(width, size)).zero_()
        inside.narrow(axis, max(size - width, 0), min(width, size)).zero_()
    return inside


def _scale(y: Tensor) -> float:
    scale = _root_mean_square(y)
    if not 0 < scale < float("inf"):
        raise ValueError(f"layer(x) has root mean square {scale}, so no error is relative to it")
    return scale


def _with_differences(y: Tensor) -> Tensor:
    """Return bytes, truth values and half precision in a type that holds all their differences."""
    return y.to(torch.promote_types(y.dtype, torch.float32))


def _root_mean_square(values: Tensor) -> float:
    return values.abs().double().square().mean().sqrt().item()
