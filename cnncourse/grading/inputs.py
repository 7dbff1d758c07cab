"""Inputs for the cases of an exercise, readable where a learner has to read them.

They draw from torch's generator, which `grade` seeds: every run of a check sees the same cases.
"""

from __future__ import annotations

import torch
from torch import Tensor


def whole(*shape: int) -> Tensor:
    """Whole numbers from -5 to 5 without zero, as float64: short to print, exact to add."""
    sizes = torch.randint(1, 6, shape)
    signs = 2 * torch.randint(0, 2, shape) - 1
    return (sizes * signs).double()


def real(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Draw standard normal numbers."""
    return torch.randn(shape, dtype=torch.float64).to(dtype)


def integer(low: int, high: int) -> int:
    """Draw one integer from `low` to `high`, both included."""
    return int(torch.randint(low, high + 1, ()))
