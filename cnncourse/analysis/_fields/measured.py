"""The receptive field as gradients show it, where no theory follows the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from cnncourse.analysis._fields.gradient import Index, mean_gradient
from cnncourse.analysis._fields.maps import Interval
from cnncourse.analysis._fields.theoretical import receptive_field


@dataclass(frozen=True)
class MeasuredReceptiveField:
    """The pixels by which one unit has a gradient: the smallest box around them.

    A lower bound of what the unit can see: a pixel that no maximum and no ReLU let through on any
    of the images is not found. ``map`` is the mean absolute gradient, in the input's spatial shape,
    and sums to 1; ``interval`` holds the first and last pixel along every axis.
    """

    map: Tensor = field(repr=False)
    unit: tuple[int, ...]
    interval: tuple[Interval, ...]

    @property
    def size(self) -> tuple[int, ...]:
        """Pixels from the first seen to the last, along every axis."""
        return tuple(last - first + 1 for first, last in self.interval)


def measured_receptive_field(
    model: nn.Module,
    input_size: Any,
    output: str | None = None,
    *,
    input: int | str = 0,
    unit: Sequence[int] | None = None,
    inputs: int = 8,
    seeds: Sequence[int] = (0, 1, 2),
    reinitialise: bool = False,
) -> MeasuredReceptiveField:
    """Find the pixels that a unit of ``output`` reacts to, for any network that has gradients.

    For what :func:`receptive_field` refuses: ``align_corners``, deformable sampling, unpooling.
    There the result is taken for a map ``(N, C, ...)``; elsewhere theory knows the order of its
    dimensions. ``unit`` is the position in the map, by default the central one. The gradient is
    taken as in :func:`effective_receptive_field`, whose other arguments these are.

    Raises ValueError for a result that is no map like the input, and for a gradient that is zero.
    """
    try:
        theory = receptive_field(model, input_size, output, input=input)
    except ValueError:
        theory = None
    units = []

    def place(y: Tensor, x: Tensor) -> Index:
        known = theory is not None and theory.is_map(y.shape)
        if not known and y.dim() != x.dim():
            raise ValueError(
                "output must be a module whose result is a map like the input, with a shape of "
                f"{x.dim()} sizes, got {tuple(y.shape)}"
            )
        sizes = theory.map_size if known else tuple(y.shape[2:])
        where = tuple(size // 2 for size in sizes) if unit is None else tuple(unit)
        inside = len(where) == len(sizes)
        if not inside or not all(0 <= i < n for i, n in zip(where, sizes, strict=True)):
            raise ValueError(f"unit must lie in a map of size {sizes}, got {where}")
        units.append(where)
        return theory.index_of(where, y.dim()) if known else (0, slice(None), *where)

    density = mean_gradient(model, input_size, output, place, input, inputs, seeds, reinitialise)
    return MeasuredReceptiveField(normalized(density, units[-1]), units[-1], _box(density))


def normalized(density: Tensor, unit: tuple[int, ...]) -> Tensor:
    """Return ``density`` with sum 1; raises ValueError if that is impossible."""
    if not density.sum() > 0:
        raise ValueError(
            f"the gradient of the central unit {unit} is zero or not a number; more inputs may help"
        )
    return density / density.sum()


def _box(density: Tensor) -> tuple[Interval, ...]:
    seen = density.nonzero()
    return tuple(zip(seen.amin(0).tolist(), seen.amax(0).tolist(), strict=True))
