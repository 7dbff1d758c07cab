"""Least-squares fit of an axis-aligned Gaussian to a map, on a grid of pixels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class GaussianFit:
    """The least-squares fit of ``height * exp(-sum_a (x_a - mean_a)^2 / (2 sigma_a^2))``.

    ``mean`` and ``sigma`` are in pixels, one entry per axis. ``r_squared`` is the share of the
    map's variance that the fit explains: 1 is a Gaussian, 0 no better than a constant.
    """

    height: float
    mean: tuple[float, ...]
    sigma: tuple[float, ...]
    r_squared: float


def fit_gaussian(density: Tensor, steps: int = 50) -> GaussianFit:
    """Fit by Levenberg and Marquardt's method, starting from the moments of the map.

    Shape:
        density  any number of axes, float64, not negative and not all zero
    """
    grid = torch.meshgrid(*(torch.arange(n).double() for n in density.shape), indexing="ij")
    x = torch.stack([axis.flatten() for axis in grid])  # (axes, pixels)
    target = density.flatten()
    share = target / target.sum()
    mean = (share * x).sum(1)
    variance = (share * (x - mean[:, None]) ** 2).sum(1).clamp_min(0.01)
    parameters = torch.cat([target.max()[None], mean, variance.log() / 2])
    damping = 1e-3
    value, jacobian = _gaussian(parameters, x)
    error = ((target - value) ** 2).sum()
    for _ in range(steps):
        normal = jacobian @ jacobian.T
        damped = normal + damping * normal.diagonal().clamp_min(1e-12).diag()
        candidate = parameters + torch.linalg.solve(damped, jacobian @ (target - value))
        new_value, new_jacobian = _gaussian(candidate, x)
        new_error = ((target - new_value) ** 2).sum()
        if new_error >= error or not new_error.isfinite():
            damping *= 4
            continue
        gain = (error - new_error) / error
        parameters, value, jacobian, error = candidate, new_value, new_jacobian, new_error
        damping /= 3
        if gain < 1e-12:
            break
    spread = ((target - target.mean()) ** 2).sum()
    height, mean, log_sigma = parameters.split([1, len(x), len(x)])
    return GaussianFit(
        float(height),
        tuple(mean.tolist()),
        tuple(log_sigma.exp().tolist()),
        float(1 - error / spread) if spread > 0 else 0.0,
    )


def _gaussian(parameters: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """The Gaussian at all pixels, and its derivatives by height, means and log sigmas."""
    height, mean, log_sigma = parameters.split([1, len(x), len(x)])
    sigma = log_sigma.exp()[:, None]
    z = (x - mean[:, None]) / sigma
    bell = (-(z**2).sum(0) / 2).exp()
    value = height * bell
    return value, torch.cat([bell[None], value * z / sigma, value * z**2])
