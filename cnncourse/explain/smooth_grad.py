"""The gradient, averaged over noisy copies of the image."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cnncourse.explain._scores import (
    Target,
    checked_images,
    copy_to_explain,
    input_gradient,
    one_for_each,
)
from cnncourse.shapes import check_int


def smooth_grad(
    model: nn.Module,
    x: Tensor,
    target: Target,
    *,
    noise: float = 0.15,
    samples: int = 32,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Return the mean gradient at ``samples`` copies of each image with normal noise added.

    ``noise`` is the standard deviation as a share of the image's range, its largest value minus its
    smallest; the paper finds 0.1 to 0.2 (Smilkov et al., arXiv:1706.03825, section 3). The result
    estimates the gradient of the score *smoothed* by that noise. ``samples`` backward passes.

    Shape:
        x       (N, C, H, W)
        target  one class, or N of them
        return  (N, C, H, W)

    Raises:
        TypeError, ValueError: as `saliency`; and noise is negative, or samples is no integer
            from 1 on.
    """
    x = checked_images(x)
    target = one_for_each(target, len(x))
    check_int(samples, "samples", 1)
    if not noise >= 0:
        raise ValueError(f"noise must not be negative, got {noise}")
    with copy_to_explain(model) as twin:
        deviation = noise * (x.amax((1, 2, 3), True) - x.amin((1, 2, 3), True))  # (N, 1, 1, 1)
        total = torch.zeros_like(x)
        for _ in range(samples):
            draws = torch.randn(x.shape, generator=generator, dtype=x.dtype).to(x.device)
            total += input_gradient(twin, x + deviation * draws, target)
        return total / samples
