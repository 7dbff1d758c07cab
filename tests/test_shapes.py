"""Sizes counted by hand, counted by enumeration, and asked from PyTorch."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cnncourse.shapes import (
    conv_output_size,
    conv_transpose_output_size,
    effective_kernel_size,
    pair,
    pool_output_size,
    same_padding,
)

GEOMETRY = {
    "size": st.integers(1, 40),
    "kernel_size": st.integers(1, 7),
    "stride": st.integers(1, 9),
    "padding": st.integers(0, 5),
    "dilation": st.integers(1, 4),
}


@pytest.mark.parametrize(
    ("size", "kernel_size", "stride", "padding", "dilation", "expected"),
    [
        (224, 7, 2, 3, 1, 112),  # the first layer of ResNet
        (227, 11, 4, 0, 1, 55),  # the first layer of AlexNet
        (32, 5, 1, 0, 1, 28),  # the first layer of LeNet-5
        (7, 3, 2, 0, 1, 3),
        (8, 3, 2, 0, 1, 3),  # the floor: the eighth value is never seen
        (5, 3, 1, 0, 2, 1),  # a dilated kernel as wide as the image
        (9, 2, 5, 0, 1, 2),  # a stride larger than the kernel
        (0, 3, 1, 2, 1, 2),  # padding alone
    ],
)
def test_conv_output_size_agrees_with_known_layers(
    size, kernel_size, stride, padding, dilation, expected
):
    assert conv_output_size(size, kernel_size, stride, padding, dilation) == expected


@given(**GEOMETRY)
@settings(deadline=None)
def test_conv_output_size_counts_the_windows_that_fit(size, kernel_size, stride, padding, dilation):
    padded = size + 2 * padding
    starts = [
        start
        for start in range(0, padded, stride)
        if all(start + tap * dilation < padded for tap in range(kernel_size))
    ]
    assume(starts)
    assert conv_output_size(size, kernel_size, stride, padding, dilation) == len(starts)


@given(**GEOMETRY)
@settings(deadline=None)
def test_conv_output_size_is_the_size_that_torch_returns(
    size, kernel_size, stride, padding, dilation
):
    assume(effective_kernel_size(kernel_size, dilation) <= size + 2 * padding)
    x, weight = torch.empty(1, 1, size), torch.empty(1, 1, kernel_size)
    y = F.conv1d(x, weight, None, stride, padding, dilation)
    assert conv_output_size(size, kernel_size, stride, padding, dilation) == y.shape[-1]


@given(**GEOMETRY, output_padding=st.integers(0, 8))
@settings(deadline=None)
def test_conv_transpose_output_size_is_the_size_that_torch_returns(
    size, kernel_size, stride, padding, dilation, output_padding
):
    assume(output_padding < max(stride, dilation))
    span = effective_kernel_size(kernel_size, dilation)
    assume((size - 1) * stride - 2 * padding + span + output_padding >= 1)
    x, weight = torch.empty(1, 1, size), torch.empty(1, 1, kernel_size)
    y = F.conv_transpose1d(x, weight, None, stride, padding, output_padding, 1, dilation)
    arguments = size, kernel_size, stride, padding, output_padding, dilation
    assert conv_transpose_output_size(*arguments) == y.shape[-1]


@given(**GEOMETRY)
@settings(deadline=None)
def test_some_output_padding_makes_the_transposed_size_undo_the_convolved_size(
    size, kernel_size, stride, padding, dilation
):
    assume(effective_kernel_size(kernel_size, dilation) <= size + 2 * padding)
    small = conv_output_size(size, kernel_size, stride, padding, dilation)
    smallest = (small - 1) * stride - 2 * padding + effective_kernel_size(kernel_size, dilation)
    assert 0 <= size - smallest < stride
    assert (
        conv_transpose_output_size(small, kernel_size, stride, padding, size - smallest, dilation)
        == size
    )


@given(**GEOMETRY, ceil_mode=st.booleans())
@settings(deadline=None)
def test_pool_output_size_is_the_size_that_torch_returns(
    size, kernel_size, stride, padding, dilation, ceil_mode
):
    arguments = size, kernel_size, stride, padding, dilation, ceil_mode
    try:
        expected = F.max_pool1d(torch.zeros(1, 1, size), *arguments[1:]).shape[-1]
    except (RuntimeError, ValueError):
        with pytest.raises(ValueError, match=r"does not fit into|padding must be at most half"):
            pool_output_size(*arguments)
    else:
        assert pool_output_size(*arguments) == expected


def test_a_window_larger_than_the_image_may_hang_over_it():
    assert pool_output_size(2, 3, 2, ceil_mode=True) == 1
    assert pool_output_size(1, 2, 3, ceil_mode=True) == 1


@given(size=st.integers(1, 40), kernel_size=st.integers(1, 9), dilation=st.integers(1, 4))
@settings(deadline=None)
def test_same_padding_keeps_the_size_with_the_extra_value_after(size, kernel_size, dilation):
    before, after = same_padding(kernel_size, dilation)
    assert after - before in (0, 1)
    assert conv_output_size(size + before + after, kernel_size, 1, 0, dilation) == size


@given(**GEOMETRY)
@settings(deadline=None)
def test_same_padding_is_the_least_that_gives_the_size_over_the_stride_rounded_up(
    size, kernel_size, stride, padding, dilation
):
    before, after = same_padding(kernel_size, dilation, stride, size)
    assert after - before in (0, 1)
    padded, wanted = size + before + after, -(-size // stride)
    assert conv_output_size(padded, kernel_size, stride, 0, dilation) == wanted
    if before + after > 0:
        span = effective_kernel_size(kernel_size, dilation)
        assert span == padded or (padded - 1 - span) // stride + 1 < wanted


@pytest.mark.parametrize(
    ("kernel_size", "dilation", "stride", "size", "expected"),
    [  # the formulas of TensorFlow's documentation of padding="SAME"
        (3, 1, 2, 224, (0, 1)),
        (3, 1, 2, 225, (1, 1)),
        (5, 1, 2, 224, (1, 2)),
        (7, 1, 2, 224, (2, 3)),
        (2, 1, 2, 8, (0, 0)),
        (2, 1, 2, 9, (0, 1)),
        (1, 1, 2, 8, (0, 0)),  # a stride larger than the window: nothing to add
        (3, 2, 2, 8, (1, 2)),
        (3, 1, 3, 10, (1, 1)),
        (3, 1, 1, 8, (1, 1)),
    ],
)
def test_same_padding_at_a_stride_agrees_with_numbers_counted_by_hand(
    kernel_size, dilation, stride, size, expected
):
    assert same_padding(kernel_size, dilation, stride, size) == expected


@pytest.mark.parametrize(
    ("kernel_size", "dilation", "expected"),
    [(1, 5, (0, 0)), (3, 1, (1, 1)), (4, 1, (1, 2)), (2, 3, (1, 2)), (5, 2, (4, 4))],
)
def test_same_padding_agrees_with_numbers_counted_by_hand(kernel_size, dilation, expected):
    assert same_padding(kernel_size, dilation) == expected


def test_a_kernel_of_three_with_dilation_two_spans_five_positions():
    assert effective_kernel_size(3, 2) == 5
    assert effective_kernel_size(3, 1) == 3
    assert effective_kernel_size(1, 7) == 1


def test_pair_repeats_one_int_and_keeps_two():
    assert pair(3, "stride") == (3, 3)
    assert pair([1, 2], "stride") == (1, 2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: conv_output_size(8, 3, stride=0), ValueError, "stride must be at least 1, got 0"),
        (lambda: conv_output_size(8, 3, padding=-1), ValueError, "padding .* at least 0, got -1"),
        (lambda: conv_output_size(8, 0), ValueError, "kernel_size must be at least 1, got 0"),
        (lambda: conv_output_size(8, 3, dilation=0), ValueError, "dilation .* least 1, got 0"),
        (lambda: conv_output_size(-8, 3), ValueError, "size must be at least 0, got -8"),
        (lambda: conv_output_size(8.0, 3), TypeError, r"size must be an int, got 8\.0 \(float\)"),
        (lambda: conv_output_size(8, True), TypeError, r"kernel_size must .* got True \(bool\)"),
        (lambda: conv_output_size(8, "3"), TypeError, r"kernel_size must .* got '3' \(str\)"),
        (
            lambda: conv_output_size(4, 3, dilation=3, padding=1),
            ValueError,
            "size 3 with dilation 3 spans 7 .* input of size 4 with padding 1 .6 positions",
        ),
        (
            lambda: conv_transpose_output_size(4, 3, stride=2, output_padding=2),
            ValueError,
            "output_padding must be smaller .* got 2 with stride 2 and dilation 1",
        ),
        (
            lambda: conv_transpose_output_size(1, 3, padding=2),
            ValueError,
            "output size would be -1: padding 2",
        ),
        (lambda: conv_transpose_output_size(0, 3), ValueError, "size must be at least 1, got 0"),
        (lambda: pool_output_size(2, 3, 1), ValueError, "does not fit into an input of size 2"),
        (lambda: pool_output_size(1, 3, 2, ceil_mode=True), ValueError, "does not fit into"),
        (lambda: pool_output_size(0, 1, 1), ValueError, "size must be at least 1, got 0"),
        (lambda: pool_output_size(8, 3, 2, 2), ValueError, "half of kernel_size 3, got 2"),
        (lambda: same_padding(0), ValueError, "kernel_size must be at least 1, got 0"),
        (lambda: same_padding(3, stride=0), ValueError, "stride must be at least 1, got 0"),
        (lambda: same_padding(3, stride=2), ValueError, "at stride 2 .* depends on the size"),
        (lambda: same_padding(3, 1, 2, 0), ValueError, "size must be at least 1, got 0"),
        (lambda: pair((1, 2, 3), "stride"), ValueError, r"stride must .* got 3: \(1, 2, 3\)"),
        (lambda: pair(1.5, "stride"), TypeError, r"stride must be one int .* got 1\.5 \(float\)"),
        (lambda: pair((1, 2.0), "stride"), TypeError, r"stride must be an int, got 2\.0"),
        (lambda: pair((1, 0), "stride", 1), ValueError, "stride must be at least 1, got 0"),
    ],
)
def test_bad_input_is_named_in_the_error(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_an_error_shows_no_whole_tensor():
    with pytest.raises(
        TypeError, match=r"^stride must .* got values of shape \(9, 9\) \(Tensor\)$"
    ):
        conv_output_size(8, 3, torch.zeros(9, 9))
    with pytest.raises(ValueError, match=r"got 100: \[0, 1, .*…$"):
        pair(list(range(100)), "stride")
