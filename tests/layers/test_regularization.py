"""Stochastic depth against torchvision's, random numbers included."""

import pytest
import torch
from torch.testing import assert_close
from torchvision.ops import StochasticDepth as TorchvisionStochasticDepth

from cnncourse.layers.regularization import StochasticDepth
from cnncourse.training import set_seed


@pytest.mark.parametrize("shape", [(64, 3, 5, 4), (64, 7), (64,)])
@pytest.mark.parametrize("p", [0, 0.0, 0.2, 0.9, 1.0])
def test_agrees_with_torchvision_and_draws_the_same_random_numbers(p, shape):
    x = torch.randn(shape, dtype=torch.float64)
    results = []
    for layer in (StochasticDepth(p), TorchvisionStochasticDepth(p, "row")):
        set_seed(3)
        inputs = x.clone().requires_grad_()
        output = layer(inputs)
        output.sum().backward()
        results.append((output, inputs.grad, torch.rand(3)))  # what comes next is equal too
    assert_close(*results, rtol=0, atol=0)


def test_drops_whole_images_and_scales_up_the_others():
    y = StochasticDepth(0.25)(torch.ones(2000, 2, 3, 1)).flatten(1)
    assert torch.equal(y, y[:, :1].expand_as(y))
    assert_close(y[:, 0].unique(), torch.tensor([0, 1 / 0.75]))
    assert y.mean().item() == pytest.approx(1, abs=0.05)  # standard deviation 0.013


def test_does_nothing_in_evaluation():
    x = torch.randn(4, 3)
    assert StochasticDepth(0.9).eval()(x) is x


@pytest.mark.parametrize("p", [-0.1, 1.5, float("nan")])
def test_refuses_what_is_no_probability(p):
    with pytest.raises(ValueError, match=f"p must be between 0 and 1, got {p}"):
        StochasticDepth(p)


def test_prints_its_probability():
    assert str(StochasticDepth(0.3)) == "StochasticDepth(p=0.3)"
