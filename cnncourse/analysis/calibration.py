"""Whether a network's probabilities can be taken at their word."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def expected_calibration_error(scores: Tensor, labels: Tensor, bins: int = 10) -> float:
    """Return how far confidence and accuracy are apart, on average over bins of confidence.

    Confidence is the largest probability of the softmax. The pictures are sorted by it into
    ``bins`` bins of equal width; each bin contributes |accuracy - mean confidence|, weighed by its
    share of the pictures (Guo et al., arXiv:1706.04599, section 2). A perfect forecaster does not
    get 0: the accuracy of a bin of m pictures scatters, by about 1/√m.

    Shape:
        scores  (N, K), before the softmax
        labels  (N,)

    Raises:
        ValueError: there are no pictures, or ``bins`` is smaller than 1.
    """
    if not len(labels) or bins < 1:
        raise ValueError(f"needs pictures and at least one bin, got {len(labels)} and {bins}")
    confidence, answer = F.softmax(scores.double(), 1).max(1)
    gap = (answer == labels).double() - confidence  # its sum in a bin is what counts
    index = (confidence * bins).long().clamp(max=bins - 1)
    return torch.zeros(bins, dtype=gap.dtype).index_add(0, index, gap).abs().sum().item() / len(gap)


def best_temperature(scores: Tensor, labels: Tensor) -> float:
    """Return the T > 0 for which ``scores / T`` has the smallest cross-entropy on these pictures.

    The loss is convex in 1/T: its slope changes sign once, which bisection finds between 0.01 and
    100. Use pictures that nothing was trained on.

    Shape:
        scores  (N, K), before the softmax
        labels  (N,)
    """
    scores = scores.double()
    true = scores.gather(1, labels[:, None])[:, 0].mean()
    low, high = 1e-2, 1e2  # of 1/T
    for _ in range(60):
        middle = (low * high) ** 0.5
        expected = (F.softmax(middle * scores, 1) * scores).sum(1).mean()
        low, high = (low, middle) if expected > true else (middle, high)
    return 1 / middle
