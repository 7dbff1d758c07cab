"""A gradient without any derivation: move each value a little and look."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torch import Tensor


@torch.no_grad()
def numerical_gradient(
    f: Callable[[Tensor], Tensor], x: Tensor, step: float | None = None
) -> Tensor:
    """Return ``(f(x + step e) - f(x - step e)) / (2 step)`` for each of the unit vectors e.

    Two calls of ``f`` for every value of ``x``: to check a gradient, never to train.

    The quotient is wrong by about ``step**2`` because it is no limit, and by about ``eps / step``
    because ``f`` is rounded to ``eps``. Their sum is least near ``eps**(1/3)``, the default: 6e-6
    in float64, 5e-3 in float32. That holds for values and derivatives near 1, and where no kink
    (of a ReLU, of a maximum) lies within ``step``.

    Shape:
        x       any
        f(x)    one value
        return  as x

    Raises:
        TypeError: ``x`` is not floating-point.
        ValueError: ``f`` returns more than one value, or ``step`` is not positive.
    """
    if not x.is_floating_point():
        raise TypeError(f"x must be floating-point, got {x.dtype}")
    if step is None:
        step = torch.finfo(x.dtype).eps ** (1 / 3)
    if step <= 0:
        raise ValueError(f"step must be positive, got {step}")
    gradient = torch.empty_like(x)
    for place in itertools.product(*map(range, x.shape)):
        ahead, behind = x.clone(), x.clone()
        ahead[place] += step
        behind[place] -= step
        gradient[place] = (_value(f, ahead) - _value(f, behind)) / (2 * step)
    return gradient


def _value(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    value = f(x)
    if value.numel() != 1:
        raise ValueError(f"f must return one value, got the shape {tuple(value.shape)}")
    return value.squeeze()
