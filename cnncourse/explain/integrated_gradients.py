"""Gradients along the straight way from a baseline to the image."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cnncourse.explain._scores import (
    Target,
    broadcast,
    checked_images,
    copy_to_explain,
    input_gradient,
    one_for_each,
)
from cnncourse.shapes import check_int


def integrated_gradients(
    model: nn.Module,
    x: Tensor,
    target: Target,
    *,
    baseline: Tensor | float = 0.0,
    steps: int = 64,
) -> Tensor:
    """Return ``(x - baseline)`` times the mean gradient between ``baseline`` and ``x``.

    The mean is taken by the midpoint rule, with ``steps`` backward passes. In the limit the values
    of an image sum to its score minus that of its baseline (completeness; Sundararajan, Taly and
    Yan, arXiv:1703.01365, section 3): compare both to see whether there were enough steps.

    Shape:
        x         (N, C, H, W)
        target    one class, or N of them
        baseline  a number, or a tensor that broadcasts to the shape of x
        return    (N, C, H, W)

    Raises:
        TypeError, ValueError: as `saliency`; and baseline does not fit x, or steps is no integer
            from 1 on.
    """
    x = checked_images(x)
    target = one_for_each(target, len(x))
    check_int(steps, "steps", 1)
    start = broadcast(baseline, x, "baseline")
    with copy_to_explain(model) as twin:
        difference, total = x - start, torch.zeros_like(x)
        for step in range(steps):
            rest = 1 - (step + 0.5) / steps  # how far it still is to x
            total += input_gradient(twin, x - rest * difference, target)
        return difference * total / steps
