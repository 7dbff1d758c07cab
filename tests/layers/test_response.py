"""Global response norm against its formula, timm's, and what it does to channels."""

import pytest
import torch
from timm.layers.grn import GlobalResponseNorm as Timms

from cnncourse.layers.response import GlobalResponseNorm


def layer(channels=5, **options):
    norm = GlobalResponseNorm(channels, **options).double()
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    return norm


def test_a_fresh_layer_does_nothing():
    x = torch.randn(2, 5, 4, 3)
    assert torch.equal(GlobalResponseNorm(5)(x), x)


def test_it_is_the_papers_formula_written_out():
    torch.manual_seed(0)
    norm, x = layer(eps=0.1), torch.randn(2, 5, 4, 3, dtype=torch.float64)
    expected = torch.empty_like(x)
    for n in range(2):
        lengths = [sum(value**2 for value in channel.flatten()) ** 0.5 for channel in x[n]]
        for c, length in enumerate(lengths):
            share = length / (sum(lengths) / 5 + 0.1)
            expected[n, c] = x[n, c] + norm.weight[c] * x[n, c] * share + norm.bias[c]
    torch.testing.assert_close(norm(x), expected)
    torch.testing.assert_close(norm(x[0]), expected[0])


def test_values_and_gradients_are_timms():
    torch.manual_seed(0)
    norm, x = layer(), torch.randn(2, 5, 4, 3, dtype=torch.float64)
    theirs = Timms(5, channels_last=False).double()
    theirs.load_state_dict(norm.state_dict())
    results = []
    for model in (norm, theirs):
        inputs = x.clone().requires_grad_()
        y = model(inputs)
        (y**3).sum().backward()
        results.append((y, inputs.grad, model.weight.grad, model.bias.grad))
    for ours, expected in zip(*results, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-10, atol=1e-10)


def test_contrast_passes_and_a_channel_that_answers_alone_gains_as_many_times_as_there_are():
    norm = GlobalResponseNorm(4, eps=0).double()
    norm.weight.data.fill_(1)
    x = torch.rand(1, 4, 3, 3, dtype=torch.float64)
    torch.testing.assert_close(norm(7 * x), 7 * norm(x))  # of degree 1: no contrast is taken out
    alone = x * torch.tensor([1.0, 0, 0, 0]).view(4, 1, 1)
    torch.testing.assert_close(norm(alone), 5 * alone)  # 1 + γ · 4 channels
    equal = x[:, :1].expand(1, 4, 3, 3)
    torch.testing.assert_close(norm(equal), 2 * equal)  # 1 + γ


def test_inputs_and_arguments_of_the_wrong_kind_are_refused():
    with pytest.raises(ValueError, match="channels must be at least 1, got 0"):
        GlobalResponseNorm(0)
    with pytest.raises(ValueError, match=r"x must have shape \(N, 3, H, W\)"):
        GlobalResponseNorm(3)(torch.zeros(2, 4, 5, 5))
