"""A seed reaches every generator that the course draws from."""

import random

import numpy as np
import torch

from cnncourse.training import set_seed


def test_set_seed_covers_torch_numpy_and_random():
    draws = []
    for _ in range(2):
        set_seed(1)
        draws.append((torch.rand(1).item(), np.random.rand(), random.random()))  # noqa: NPY002
    assert draws[0] == draws[1]
