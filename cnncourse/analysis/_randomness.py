"""Random states of Python, NumPy and PyTorch, left as they were."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def same_random_state(devices: Sequence[torch.device]) -> Iterator[None]:
    """Restore afterwards the random states of the CPU and of those ``devices`` that are CUDA's."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002, the state that forward may use
    try:
        with torch.random.fork_rng([device for device in devices if device.type == "cuda"]):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
