"""Xception by its published numbers, its maps, and dense convolutions with factored kernels."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.architectures import xception


@pytest.mark.parametrize(
    ("name", "size", "parameters", "macs"),
    [
        ("xception", 299, 22_855_952, 8_357_403_496),  # paper, table 3: 22,855,952
        ("tiny", 32, 16_138, 899_008),
    ],
)
def test_has_the_numbers_that_its_docstring_states(name, size, parameters, macs):
    builder = getattr(xception, name)
    with torch.device("meta"):
        model = builder().eval()
    assert count_parameters(model).total == parameters
    assert count_macs(model, (1, 3, size, size)) == macs
    assert f"{parameters:,} parameters, {macs:,} multiply-accumulates" in builder.__doc__
    assert f"at {size}×{size}" in builder.__doc__


def test_has_the_maps_of_its_paper():
    with torch.device("meta"):
        model = xception.xception().eval()
        x = torch.zeros(1, 3, 299, 235)
    shapes = []
    for part in [model.stem[0], model.stem, *model.blocks, *model.tail[::3]]:
        part.register_forward_hook(lambda _, __, y: shapes.append(tuple(y.shape[1:])))
    model(x)
    assert shapes == [
        (32, 149, 117),
        (64, 147, 115),
        (128, 74, 58),
        (256, 37, 29),
        *[(728, 19, 15)] * 9,
        (1024, 10, 8),
        (1536, 10, 8),
        (2048, 10, 8),
    ]


def dense(separable: nn.Module, x: torch.Tensor) -> torch.Tensor:
    kernel = separable.pointwise.weight * separable.depthwise.weight[:, 0]  # (out, in, 3, 3)
    return F.conv2d(x, kernel, padding=1)


def normalized(x: torch.Tensor) -> torch.Tensor:
    return F.batch_norm(x, None, None, training=True)


def test_a_block_of_stride_two_is_two_factored_dense_convolutions_pooled_plus_a_projection():
    block = xception.SeparableResidual(4, (6, 5), 2).double()
    x = torch.randn(2, 4, 9, 8, dtype=torch.float64)
    _, first, _, _, second, _, _ = block.branch
    y = normalized(dense(first, F.relu(x)))
    y = normalized(dense(second, F.relu(y)))
    expected = F.max_pool2d(y, 3, 2, 1) + normalized(
        F.conv2d(x, block.shortcut[0].weight, stride=2)
    )
    assert_close(block(x), expected)


def test_a_block_of_stride_one_adds_three_factored_dense_convolutions_to_its_input():
    block = xception.SeparableResidual(4, (6, 5, 4), 1).double()
    x = torch.randn(2, 4, 9, 8, dtype=torch.float64)
    y = x
    for separable in block.branch[1::3]:
        y = normalized(dense(separable, F.relu(y)))
    assert_close(block(x), x + y)


def test_the_whole_tiny_network_is_its_paper_in_dense_convolutions():
    model = xception.tiny().double()
    x = torch.randn(3, 3, 31, 38, dtype=torch.float64)
    y = F.relu(normalized(F.conv2d(x, model.stem[0].weight, stride=2)))
    y = F.relu(normalized(F.conv2d(y, model.stem[3].weight)))
    for block in model.blocks:
        y = block(y)
    y = F.relu(normalized(dense(model.tail[0], y)))
    expected = model.classifier(y.mean((2, 3)))
    assert_close(model(x), expected)


def test_no_convolution_has_a_bias():
    model = xception.xception()
    assert {m.bias for m in model.modules() if isinstance(m, nn.Conv2d)} == {None}


def test_starts_with_the_uniform_distribution_of_glorot():
    model = xception.tiny()
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            weight = module.weight
            window = weight[0, 0].numel()
            bound = (6 / (weight.shape[0] * window + weight.shape[1] * window)) ** 0.5
            assert 0.9 * bound < weight.abs().max() <= bound
    assert not model.classifier.bias.any()
