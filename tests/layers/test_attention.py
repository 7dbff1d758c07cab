"""Squeeze-and-excitation against torchvision's and against numbers computed by hand."""

import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torchvision.ops import SqueezeExcitation as TorchvisionSqueezeExcitation

from cnncourse.analysis.counting import count_macs
from cnncourse.layers.attention import SqueezeExcitation


@pytest.mark.parametrize("gate", [nn.Sigmoid, nn.Hardsigmoid])
@pytest.mark.parametrize("activation", [nn.ReLU, nn.SiLU])
@pytest.mark.parametrize("shape", [(2, 12, 7, 5), (3, 12, 1, 1), (12, 4, 6)])
def test_agrees_with_torchvision_forward_and_backward(shape, activation, gate):
    theirs = TorchvisionSqueezeExcitation(12, 5, activation, gate).double()
    ours = SqueezeExcitation(12, 5, activation, gate).double()
    weights = theirs.state_dict().values()
    ours.load_state_dict(dict(zip(ours.state_dict(), weights, strict=True)))
    x = torch.randn(shape, dtype=torch.float64)
    results = []
    for layer in (ours, theirs):
        inputs = x.clone().requires_grad_()
        output = layer(inputs)
        output.square().sum().backward()
        results.append([output, inputs.grad, *(p.grad for p in layer.parameters())])
    assert_close(*results)


def test_weighs_channels_by_what_the_means_of_all_of_them_say():
    layer = SqueezeExcitation(2, 1)
    with torch.no_grad():
        layer.reduce.weight.copy_(torch.tensor([1.0, 2.0]).view(1, 2, 1, 1))
        layer.reduce.bias.fill_(-1)
        layer.restore.weight.copy_(torch.tensor([1.0, -1.0]).view(2, 1, 1, 1))
        layer.restore.bias.copy_(torch.tensor([0.0, 1.0]))
    x = torch.tensor([[[1.0, 3.0]], [[0.0, 2.0]]])  # means 2 and 1, summary 2 + 2 - 1 = 3
    first, second = 1 / (1 + math.exp(-3)), 1 / (1 + math.exp(2))
    expected = torch.tensor([[[first, 3 * first]], [[0.0, 2 * second]]])
    assert_close(layer(x), expected)


@pytest.mark.parametrize(("channels", "squeeze_channels"), [(64, 4), (30, 7)])
def test_costs_two_weights_per_pair_of_channels_at_any_image_size(channels, squeeze_channels):
    layer = SqueezeExcitation(channels, squeeze_channels)
    weights = sum(p.numel() for p in layer.parameters() if p.ndim > 1)
    assert weights == 2 * channels * squeeze_channels
    biases = sum(p.numel() for p in layer.parameters() if p.ndim == 1)
    assert biases == channels + squeeze_channels
    for size in [(1, 1), (9, 14)]:
        assert count_macs(layer, (1, channels, *size)) == weights


def test_bad_arguments_are_named_with_what_was_received():
    with pytest.raises(ValueError, match="channels must be at least 1, got 0"):
        SqueezeExcitation(0, 1)
    with pytest.raises(TypeError, match=r"squeeze_channels must be an int, got 1\.5"):
        SqueezeExcitation(6, 1.5)
    with pytest.raises(ValueError, match=r"\(N, 6, H, W\).*got \(2, 5, 4, 3\)"):
        SqueezeExcitation(6, 2)(torch.zeros(2, 5, 4, 3))
