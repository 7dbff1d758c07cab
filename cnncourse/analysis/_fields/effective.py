"""How strongly a unit reacts to each pixel that it sees: the effective receptive field.

Luo, Li, Urtasun and Zemel, *Understanding the Effective Receptive Field in Deep Convolutional
Neural Networks*, NeurIPS 2016, section 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from cnncourse.analysis._fields.gaussian import GaussianFit, fit_gaussian
from cnncourse.analysis._fields.maps import Interval
from cnncourse.analysis._fields.preserving import left_as_found
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
    input_size: Sequence[int],
    output: str | None = None,
    *,
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
    by the ``reset_parameters`` of every module that has it. Weights, mode, gradients and random
    state are afterwards what they were.

    With ``ignore_squeeze_excitation`` the theoretical field looks past gates; the gradient does
    not. Raises ValueError for a unit without spatial position, for a gradient that is zero, and
    wherever :func:`receptive_field` does.
    """
    if inputs < 1 or not seeds:
        raise ValueError(f"inputs and seeds must not be empty, got {inputs} and {list(seeds)}")
    if not 0 < mass < 1:
        raise ValueError(f"mass must lie between 0 and 1, got {mass}")
    resettable = [m for m in model.modules() if hasattr(m, "reset_parameters")]
    if reinitialise and not resettable:
        raise ValueError("no module of the model has reset_parameters, so reinitialise cannot work")
    like = next((p for p in model.parameters() if p.is_floating_point()), torch.empty(0))
    if like.is_meta:
        raise ValueError("the effective field needs the model's values, got a model on meta")
    theory = receptive_field(
        model, input_size, output, ignore_squeeze_excitation=ignore_squeeze_excitation
    )
    with left_as_found(model), _weights_kept(model), torch.enable_grad():
        total, unit = torch.zeros(tuple(input_size[2:]), dtype=torch.float64), ()
        for seed in seeds:
            torch.manual_seed(seed)
            if reinitialise:
                for module in resettable:
                    module.reset_parameters()
            for _ in range(inputs):
                gradient, unit = _gradient_of_central_unit(model, input_size, output, like)
                total += gradient
    seen = theory.interval(*unit)
    if None in seen:
        raise ValueError(f"the central unit {unit} sees nothing of the input")
    interval = tuple(one for one in seen if one is not None)
    if not total.sum() > 0:
        raise ValueError(f"the gradient of the central unit {unit} is zero or not a number")
    total /= total.sum()
    scale = _smallest_window(total, interval, mass)
    sides = [scale * (last - first + 1) for first, last in interval]
    fraction = scale ** len(interval)
    fit = fit_gaussian(total)
    return EffectiveReceptiveField(total, unit, interval, theory, mass, fraction, tuple(sides), fit)


def _gradient_of_central_unit(
    model: nn.Module, input_size: Sequence[int], output: str | None, like: Tensor
) -> tuple[Tensor, tuple[int, ...]]:
    """The absolute gradient on one standard normal image, and the unit that was taken."""
    # Drawn on the CPU, so that a seed means the same images on every device.
    x = torch.randn(1, *input_size[1:]).to(like).requires_grad_()
    caught: list[object] = []
    module = model.get_submodule(output or "")

    def catch(module: nn.Module, args: tuple, result: object) -> None:
        # A copy, as the layer after may write into the result in place.
        caught.append(result.clone() if isinstance(result, Tensor) else result)

    handle = module.register_forward_hook(catch)
    try:
        model(x)
    finally:
        handle.remove()
    y = caught[-1]
    if not isinstance(y, Tensor) or y.ndim != x.ndim:
        shape = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
        raise ValueError(
            f"output must be a module whose result is a map like the input, with a shape of "
            f"{x.ndim} sizes, got {shape}"
        )
    unit = tuple(size // 2 for size in y.shape[2:])
    (gradient,) = torch.autograd.grad(y[(0, slice(None), *unit)].sum(), x, allow_unused=True)
    if gradient is None:
        return torch.zeros(x.shape[2:], dtype=torch.float64), unit
    return gradient[0].abs().double().sum(0).cpu(), unit


@contextmanager
def _weights_kept(model: nn.Module) -> Iterator[None]:
    """Restore the values of all parameters and buffers afterwards, where they changed."""
    tensors = [*model.parameters(), *model.buffers()]
    before = [tensor.detach().clone() for tensor in tensors]
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, value in zip(tensors, before, strict=True):
                if not torch.equal(tensor, value):
                    tensor.copy_(value)


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
