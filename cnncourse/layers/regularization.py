"""Noise during training that is gone in evaluation."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class StochasticDepth(nn.Module):
    """Drop each image's residual branch with probability ``p``; a drop-in for torchvision's rows.

    In training an image keeps its branch with probability ``1 - p`` and the branch is then divided
    by ``1 - p``, so that its mean is that of evaluation, where nothing happens. One random number
    is drawn for each image, none for ``p = 0`` (Deep Networks with Stochastic Depth,
    arXiv:1603.09382, section 3; the paper drops whole batches and scales in evaluation instead).

    Shape:
        x       (N, ...)
        return  the same

    Raises:
        ValueError: ``p`` is no probability.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p must be between 0 and 1, got {p}")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` with some of its images zero and the others scaled up."""
        if not self.training or self.p == 0:
            return x
        keep = 1 - self.p
        kept = torch.empty((len(x), *[1] * (x.ndim - 1)), dtype=x.dtype, device=x.device)
        kept.bernoulli_(keep)
        return x * (kept / keep if keep > 0 else kept)  # with p = 1 none is left to scale

    def extra_repr(self) -> str:
        """Name the probability."""
        return f"p={self.p}"
