"""The transposed convolution against PyTorch's, and as the adjoint of a convolution."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.autograd import grad, gradcheck, gradgradcheck
from torch.testing import assert_close

from cnncourse.analysis.counting import count_macs
from cnncourse.analysis.receptive_field import receptive_field
from cnncourse.backprop import conv2d_backward
from cnncourse.layers import Conv2d, ConvTranspose2d


def random(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def twins(*arguments, dtype=torch.float64, **options):
    """Return our layer and PyTorch's with the same arguments and the same seed."""
    pair = []
    for layer in (ConvTranspose2d, nn.ConvTranspose2d):
        torch.manual_seed(0)
        pair.append(layer(*arguments, **options, dtype=dtype))
    return pair


def assert_same_module(ours, theirs, x: Tensor, *arguments, **tolerance) -> None:
    """Compare outputs and the gradients of the input and of every parameter."""
    results = []
    for module in (ours, theirs):
        inputs = (x.detach().requires_grad_(), *module.parameters())
        y = module(inputs[0], *arguments)
        results.append((y, grad(y, inputs, random(*y.shape, seed=1).to(y.dtype))))
    assert_close(*results, **tolerance)


GRID = [
    case
    for case in itertools.product(
        [(1, 1), (3, 2)],  # kernel size
        [(1, 1), (2, 2), (4, 3)],  # stride, the last one larger than the kernel
        [(0, 0), (1, 0)],  # padding
        [(0, 0), (1, 2)],  # output padding
        [1, 2],  # groups
        [(1, 1), (2, 3)],  # dilation
    )
    if all(o < max(s, d) for s, o, d in zip(case[1], case[3], case[5], strict=True))
    if case[0] != (1, 1) or case[2] == (0, 0)
]


@pytest.mark.parametrize("n", [0, 2])
@pytest.mark.parametrize("arguments", GRID)
def test_agrees_with_torch_over_the_grid(arguments, n):
    kernel_size, stride, padding, output_padding, groups, dilation = arguments
    ours, theirs = twins(4, 6, kernel_size, stride, padding, output_padding, groups, True, dilation)
    assert_same_module(ours, theirs, random(n, 4, 5, 4))
    assert repr(ours) == repr(theirs)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_agrees_with_torch_on_any_geometry(data):
    def draw_pair(low, high):
        return data.draw(st.tuples(*[st.integers(low, high)] * 2))

    kernel_size, stride, dilation, size = (draw_pair(1, 4) for _ in range(4))
    output_padding = [
        data.draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True)
    ]
    axes = zip(size, stride, dilation, kernel_size, output_padding, strict=True)
    most = [((n - 1) * s + d * (k - 1) + o) // 2 for n, s, d, k, o in axes]
    padding = tuple(data.draw(st.integers(0, m)) for m in most)
    groups = data.draw(st.integers(1, 3))
    channels = [groups * data.draw(st.integers(1, 2)) for _ in range(2)]
    ours, theirs = twins(
        *channels, kernel_size, stride, padding, tuple(output_padding), groups, True, dilation
    )
    assert_same_module(ours, theirs, random(data.draw(st.integers(0, 2)), channels[0], *size))


@pytest.mark.parametrize("size", [(8, 7), (9, 9), (10, 8)])
@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (3, 1, (1, 2))])
@pytest.mark.parametrize("groups", [1, 2])
def test_is_the_adjoint_of_the_convolution_with_its_weight(size, stride, padding, dilation, groups):
    convolution = Conv2d(4, 6, 3, stride, padding, dilation, groups, bias=False).double()
    transposed = ConvTranspose2d(
        6, 4, 3, stride, padding, groups=groups, bias=False, dilation=dilation
    ).double()
    transposed.load_state_dict(convolution.state_dict())
    x = random(2, 4, *size)
    y = random(*convolution(x).shape, seed=1)
    back = transposed(y, output_size=size)
    assert_close((convolution(x) * y).sum(), (x * back).sum())
    by_x, _, _ = conv2d_backward(y, x, convolution.weight, stride, padding, dilation, groups)
    assert_close(back, by_x)


def test_stamps_its_kernel_for_every_value():
    layer = ConvTranspose2d(1, 1, (1, 3), stride=2, bias=False)
    layer.weight.data = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    assert layer(torch.tensor([[[[1.0, 10.0]]]])).tolist() == [[[[1, 2, 13, 20, 30]]]]


@pytest.mark.parametrize("output_size", [(10, 7), (2, 6, 11, 8), [12, 9]])
def test_takes_an_output_size_as_torch_does(output_size):
    ours, theirs = twins(4, 6, 3, 3, 1)
    assert_same_module(ours, theirs, random(2, 4, 4, 3), output_size)
    assert tuple(ours(random(2, 4, 4, 3), output_size).shape[2:]) == tuple(output_size[-2:])


def test_takes_one_image_without_a_batch():
    ours, theirs = twins(4, 6, 3, 2)
    assert_same_module(ours, theirs, random(4, 5, 6))
    assert_same_module(ours, theirs, random(4, 5, 6), (12, 14))
    assert_same_module(ours, theirs, random(4, 5, 6), (6, 11, 14))


@pytest.mark.parametrize("groups", [1, 4])
def test_agrees_with_torch_under_autocast(groups):
    ours, theirs = twins(4, 4, 3, 2, groups=groups, dtype=torch.float32)
    x = random(2, 4, 6, 5).float()
    with torch.autocast("cpu", torch.bfloat16):
        assert ours(x).dtype == torch.bfloat16
        assert_close(ours(x), theirs(x), atol=0.02, rtol=0.02)


@pytest.mark.parametrize("groups", [1, 4])
def test_has_first_and_second_derivatives_of_finite_differences(groups):
    layer = ConvTranspose2d(4, 4, (2, 3), 2, 1, 1, groups).double()
    x = random(1, 4, 2, 3).requires_grad_()
    assert gradcheck(layer, x)
    assert gradgradcheck(layer, x)


def test_loads_the_weights_of_torchs():
    ours, theirs = twins(3, 2, 4, 2, 1)
    ours.reset_parameters()
    ours.load_state_dict(theirs.state_dict())
    assert_same_module(ours, theirs, random(2, 3, 5, 4))


@pytest.mark.parametrize("groups", [1, 4])
@pytest.mark.parametrize("layer", [ConvTranspose2d, nn.ConvTranspose2d])
def test_is_counted_by_what_every_input_value_is_stamped_onto(layer, groups):
    model = layer(4, 4, (3, 2), 2, 1, 1, groups)
    assert count_macs(model, (2, 4, 5, 7)) == (2 * 4 * 5 * 7) * (3 * 2 * 4 // groups)


def test_a_depthwise_convolution_is_counted_like_torchs():
    for layer in (Conv2d, nn.Conv2d):
        assert count_macs(layer(4, 4, 3, groups=4), (2, 4, 5, 7)) == 2 * 4 * 3 * 5 * 9


def test_the_receptive_field_is_refused_in_a_sentence_that_names_the_tool_for_it():
    with pytest.raises(ValueError, match=r"not known, .* measured_receptive_field"):
        receptive_field(ConvTranspose2d(1, 1, 3, 2), (1, 1, 5, 7))


X = torch.zeros(2, 4, 6, 5)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"in_channels": 0}, ValueError, "in_channels must be at least 1, got 0"),
        ({"groups": 3}, ValueError, "in_channels must be divisible by groups, got 4 and 3"),
        ({"groups": 4}, ValueError, "out_channels must be divisible by groups, got 6 and 4"),
        ({"kernel_size": (3, 3, 3)}, ValueError, "kernel_size must be one int or two"),
        ({"padding": "same"}, TypeError, "padding must be one int or two"),
        ({"output_padding": -1}, ValueError, "output_padding must be at least 0, got -1"),
        ({"padding_mode": "reflect"}, ValueError, "padding_mode must be 'zeros', got 'reflect'"),
    ],
)
def test_the_constructor_names_what_does_not_fit(arguments, error, message):
    with pytest.raises(error, match=message):
        ConvTranspose2d(**{"in_channels": 4, "out_channels": 6, "kernel_size": 3, **arguments})


@pytest.mark.parametrize(
    ("options", "arguments", "error", "message"),
    [
        ({}, (torch.zeros(2, 3, 6, 5),), ValueError, r"\(N, 4, H, W\) or .* got \(2, 3, 6, 5\)"),
        ({}, (X.double(),), TypeError, r"got torch\.float64 and torch\.float32"),
        ({}, (X.numpy(),), TypeError, "x must be a tensor, got ndarray"),
        ({"output_padding": 2}, (X,), ValueError, "smaller than the stride or the dilation, got 2"),
        ({"padding": 9}, (X,), ValueError, "the output size would be -10"),
        ({"stride": 2}, (X, (15, 11)), ValueError, r"between \(13, 11\) and \(14, 12\)"),
        ({}, (X, (8,)), ValueError, r"output_size must be \(H, W\).* got \(8,\)"),
    ],
)  # fmt: skip
def test_forward_names_what_does_not_fit(options, arguments, error, message):
    with pytest.raises(error, match=message):
        ConvTranspose2d(4, 6, 3, **options)(*arguments)
