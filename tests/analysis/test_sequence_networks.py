"""Counts and fields of the networks along time equal the formulas in closed form."""

import pytest
import torch

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.analysis.receptive_field import receptive_field
from cnncourse.architectures import tcn, wavenet


@pytest.mark.parametrize(
    ("levels", "channels", "kernel_size", "steps"), [(8, 25, 7, 784), (4, 8, 3, 61), (1, 3, 1, 5)]
)
def test_a_tcn_counts_by_formula(levels, channels, kernel_size, steps):
    model = tcn.TCN(levels, channels, kernel_size, 0.0, num_classes=10, in_channels=1)
    kernels = channels * kernel_size * (1 + channels * (2 * levels - 1))
    matrices = kernels + channels + 10 * channels  # and the shortcut, the head
    vectors = 2 * levels * 2 * channels + channels + 10  # lengths and biases
    assert count_parameters(model).total == matrices + vectors
    assert count_macs(model, (1, 1, steps)) == steps * matrices
    field = 1 + 2 * (kernel_size - 1) * (2**levels - 1)
    assert receptive_field(model, (1, 1, field + 9)).size == (field,) == (model.field,)


@pytest.mark.parametrize(("levels", "stacks"), [(10, 3), (4, 2), (1, 1)])
def test_a_wavenet_counts_by_formula(levels, stacks):
    c, s, k = 8, 16, 32
    model = wavenet.WaveNet(tuple(2**n for n in range(levels)) * stacks, c, s, k)
    blocks = levels * stacks * (2 * c * 2 * c + c * c + c * s)
    assert count_macs(model, torch.zeros(1, 40, dtype=torch.int64)) == 40 * (blocks + s * s + s * k)
    biases = levels * stacks * (2 * c + c + s) + s + k
    assert count_parameters(model).total == blocks + s * s + s * k + biases + k * c
    field = 1 + stacks * (2**levels - 1)
    assert receptive_field(model.stack, (1, c, field + 9)).size == (field,) == (model.field,)
