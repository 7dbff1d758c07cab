"""How strongly a unit reacts to each pixel that it sees: the effective receptive field.

Luo, Li, Urtasun and Zemel, *Understanding the Effective Receptive Field in Deep Convolutional
Neural Networks*, NeurIPS 2016, section 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from cnncourse.analysis._fields.gaussian import GaussianFit, fit_gaussian
from cnncourse.analysis._fields.gradient import Index, mean_gradient
from cnncourse.analysis._fields.maps import Interval
from cnncourse.analysis._fields.measured import normalized
from cnncourse.analysis._fields.theoretical import ReceptiveField, receptive_field, times


@dataclass(frozen=True)
class EffectiveReceptiveField:
    """The mean absolute gradient of the central output unit, and how concentrated it is.

    ``map`` has the input's spatial shape and sums to 1. ``fraction`` is the share of the
    theoretical field's area that holds ``mass`` of the gradient: of all windows with the field's
    centre and proportions, the smallest that holds so much. ``side`` are its sides in pixels.
    What of the field lies outside the image holds nothing.
    """

    map: Tensor = field(repr=False)
    unit: tuple[int, ...]
    interval: tuple[Interval, ...]
    theoretical: ReceptiveField
    mass: float
    fraction: float
    side: tuple[float, ...]
    gaussian: GaussianFit

    def __str__(self) -> str:
        sides = times(tuple(round(side, 1) for side in self.side))
        sizes = times(tuple(last - first + 1 for first, last in self.interval))
        sigmas = times(tuple(round(sigma, 2) for sigma in self.gaussian.sigma))
        return (
            f"{self.mass:.0%} of the gradient in {sides} pixels, {self.fraction:.1%} of the "
            f"theoretical {sizes}; Gaussian sigma {sigmas}, R² {self.gaussian.r_squared:.3f}"
        )


def effective_receptive_field(
    model: nn.Module,
    input_size: Any,
    output: str | None = None,
    *,
    input: int | str = 0,
    inputs: int = 8,
    seeds: Sequence[int] = (0, 1, 2),
    reinitialise: bool = False,
    mass: float = 0.95,
    ignore_squeeze_excitation: bool = False,
) -> EffectiveReceptiveField:
    """Measure how strongly the central unit of ``output`` reacts to each input pixel.

    The channels of the unit are added up and differentiated by the image; the absolute values,
    summed over the input's channels, are averaged over ``inputs`` standard normal images for each
    of the ``seeds``. Images run one at a time, in eval mode, so no layer couples them. By default
    the model's own weights are measured; with ``reinitialise`` every seed also draws fresh ones,
    by the ``reset_parameters`` of every module that has it. All this happens on a copy, and the
    random state is afterwards what it was. With several inputs, ``input`` is the one whose pixels
    are asked about, as in :func:`receptive_field`; the others are random as well, and a tensor is
    fed as it is.

    With ``ignore_squeeze_excitation`` the theoretical field looks past gates; the gradient does
    not. Raises ValueError for a unit without spatial position, for a gradient that is zero, and
    wherever :func:`receptive_field` does.
    """
    if not 0 < mass < 1:
        raise ValueError(f"mass must lie between 0 and 1, got {mass}")
    theory = receptive_field(
        model,
        input_size,
        output,
        input=input,
        ignore_squeeze_excitation=ignore_squeeze_excitation,
    )
    unit = theory.central_unit

    def place(y: Tensor, x: Tensor) -> Index:
        if not theory.is_map(y.shape):
            raise ValueError(
                "output must be a module whose result is a map like the input, with a shape of "
                f"{x.dim()} sizes, got {tuple(y.shape)}"
            )
        return theory.index_of(unit, y.dim())

    total = mean_gradient(model, input_size, output, place, input, inputs, seeds, reinitialise)
    total = normalized(total, unit)
    seen = theory.interval(*unit)
    if None in seen:
        raise ValueError(f"the central unit {unit} sees nothing of the input")
    interval = tuple(one for one in seen if one is not None)
    scale = _smallest_window(total, interval, mass)
    sides = [scale * (last - first + 1) for first, last in interval]
    fraction = scale ** len(interval)
    fit = fit_gaussian(total)
    return EffectiveReceptiveField(total, unit, interval, theory, mass, fraction, tuple(sides), fit)


def _smallest_window(density: Tensor, interval: Sequence[Interval], mass: float) -> float:
    """The side of the smallest window that holds ``mass``, as a fraction of the field's side.

    A pixel belongs to a window once all of it does; the whole field is the window of side 1.
    """
    scale = torch.zeros(density.shape, dtype=torch.float64)
    for axis, (first, last) in enumerate(interval):
        pixels = torch.arange(density.shape[axis], dtype=torch.float64)
        needed = ((pixels - (first + last) / 2).abs() + 0.5) / ((last - first + 1) / 2)
        shape = [-1 if a == axis else 1 for a in range(density.ndim)]
        scale = torch.maximum(scale, needed.reshape(shape))
    ordered, order = scale.flatten().sort()
    reached = density.flatten()[order].cumsum(0)
    return float(ordered[torch.searchsorted(reached, mass)])
