"""Half precision is for storing values: sums are taken in float32, as PyTorch takes them."""

from __future__ import annotations

import torch
from torch import Tensor


def widened(x: Tensor) -> Tensor:
    """Return half-precision values as float32, in which sums neither overflow nor lose digits.

    Raises:
        TypeError: the values are not floating-point.
    """
    if not x.is_floating_point():
        raise TypeError(f"the input must be floating-point, got {x.dtype}")
    return x.to(torch.promote_types(x.dtype, torch.float32))
