"""The causal convolution against torch's on a sequence with zeros in front."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cnncourse.layers import CausalConv1d


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 5), st.integers(1, 4), st.sampled_from([1, 2]), st.booleans(), st.integers(1, 9)
)
def test_it_is_torchs_convolution_after_zeros_in_front(kernel_size, dilation, groups, bias, steps):
    layer = CausalConv1d(2, 4, kernel_size, dilation, groups, bias).double()
    theirs = nn.Conv1d(2, 4, kernel_size, dilation=dilation, groups=groups, bias=bias).double()
    theirs.load_state_dict(layer.state_dict())
    x = torch.randn(3, 2, steps, dtype=torch.float64)
    padded = F.pad(x, (dilation * (kernel_size - 1), 0))
    torch.testing.assert_close(layer(x), theirs(padded), rtol=1e-12, atol=1e-12)
    assert layer(x).shape == (3, 4, steps)


def test_an_output_is_the_sum_written_out():
    """y[t] = w0 x[t - 2d] + w1 x[t - d] + w2 x[t], with d = 2 and zeros before the start."""
    layer = CausalConv1d(1, 1, 3, dilation=2, bias=False)
    layer.weight.data = torch.tensor([[[100.0, 10.0, 1.0]]])
    y = layer(torch.tensor([[[1.0, 2.0, 3.0, 4.0, 5.0]]]))
    assert y.flatten().tolist() == [1, 2, 13, 24, 135]


@pytest.mark.parametrize(("kernel_size", "dilation"), [(1, 1), (2, 1), (3, 4)])
def test_the_future_is_never_seen_and_the_past_to_its_reach(kernel_size, dilation):
    layer = CausalConv1d(2, 3, kernel_size, dilation)
    x = torch.randn(1, 2, 20, requires_grad=True)
    (gradient,) = torch.autograd.grad(layer(x)[0, :, 12].sum(), x)
    seen = gradient[0].abs().sum(0).nonzero().flatten().tolist()
    assert seen == [12 - dilation * tap for tap in reversed(range(kernel_size))]
    assert layer.reach == 12 - seen[0]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"kernel_size": 0}, "kernel_size must be at least 1, got 0"),
        ({"dilation": 0}, "dilation must be at least 1, got 0"),
    ],
)
def test_sizes_below_one_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        CausalConv1d(**({"in_channels": 1, "out_channels": 1, "kernel_size": 2} | arguments))
