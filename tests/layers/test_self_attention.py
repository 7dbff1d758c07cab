"""Self-attention against torch's, weight for weight, and a hand-computed case."""

import math
import re

import pytest
import torch
from torch import nn

from cnncourse.analysis.counting import count_macs
from cnncourse.layers import SelfAttention
from cnncourse.training import set_seed


@pytest.fixture(autouse=True)
def seeded():
    set_seed(0)


@pytest.mark.parametrize(("channels", "heads", "tokens"), [(6, 1, 4), (6, 3, 5), (8, 8, 1)])
def test_outputs_and_gradients_are_torchs(channels, heads, tokens):
    ours = SelfAttention(channels, heads).double()
    theirs = nn.MultiheadAttention(channels, heads, batch_first=True).double()
    names = {"in_proj_": "qkv.", "out_proj.": "mix."}
    state = theirs.state_dict()
    for name in state:
        state[name].normal_()
    for old, new in names.items():
        state = {name.replace(old, new): tensor for name, tensor in state.items()}
    ours.load_state_dict(state)
    results = []
    x = torch.randn(2, tokens, channels, dtype=torch.float64)
    for layer in (ours, lambda t: theirs(t, t, t, need_weights=False)[0]):
        given = x.clone().requires_grad_()
        y = layer(given)
        y.pow(3).sum().backward()
        results.append((y, given.grad))
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


def test_two_tokens_by_hand():
    """One head, one number, q = k = v = x: token 0 attends by 1 : 1, token a = ln 3 by 1 : 3^a."""
    layer = SelfAttention(1, 1).double()
    layer.qkv.weight.data.fill_(1)
    layer.mix.weight.data.fill_(1)
    a = math.log(3)
    y = layer(torch.tensor([[[0.0], [a]]], dtype=torch.float64)).flatten().tolist()
    weight = 3**a / (1 + 3**a)
    assert y == pytest.approx([a / 2, weight * a])


def test_other_orders_of_the_tokens_give_the_outputs_in_that_order():
    layer = SelfAttention(6, 2).double()
    x = torch.randn(2, 7, 6, dtype=torch.float64)
    order = torch.randperm(7)
    torch.testing.assert_close(layer(x[:, order]), layer(x)[:, order])


def test_it_costs_what_its_docstring_says():
    tokens, channels = 11, 6
    layer = SelfAttention(channels, 3)
    macs = count_macs(layer, torch.zeros(1, tokens, channels))
    assert macs == 4 * tokens * channels**2 + 2 * tokens**2 * channels


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="channels must be divisible by heads 4, got 6"):
        SelfAttention(6, 4)
    with pytest.raises(ValueError, match=re.escape("x must have shape (N, T, 6), got (2, 6)")):
        SelfAttention(6, 3)(torch.zeros(2, 6))
