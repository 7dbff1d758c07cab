"""The same random numbers every time."""

from __future__ import annotations

import random

import numpy as np
import torch


def set_seed(seed: int) -> None:
    """Seed Python's, NumPy's and PyTorch's generators, on every device."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (libraries that draw from the global generator)
    torch.manual_seed(seed)
