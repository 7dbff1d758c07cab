"""Resizing, sub-pixel and transposed convolutions are one operation; and what makes them even."""

import re

import pytest
import torch
import torch.nn.functional as F

from cnncourse.layers import upsampling
from cnncourse.training import set_seed


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [(1, 2), (2, 4), (3, 3), (5, 4)])
def test_phase_sums_are_what_becomes_of_ones(size, stride):
    set_seed(0)
    weight = random(2, 3, *size)
    ones = torch.ones(1, 2, 9, 9, dtype=torch.float64)
    out = F.conv_transpose2d(ones, weight, stride=stride)[0]  # (3, H, W)
    inside = slice(4 * stride, 5 * stride)  # far from the border, from phase 0 on
    expected = upsampling.phase_sums(weight, stride).sum(0)
    torch.testing.assert_close(out[:, inside, inside], expected)


@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_repeating_pixels_and_convolving_is_one_transposed_convolution(factor, padding):
    set_seed(0)
    weight, x = random(4, 3, 3, 3), random(2, 3, 5, 7)
    two_steps = F.conv2d(F.interpolate(x, scale_factor=factor), weight, padding=padding)
    kernel = upsampling.resize_kernel(weight, factor)
    one_step = F.conv_transpose2d(x, kernel, stride=factor, padding=2 - padding)
    torch.testing.assert_close(one_step, two_steps)


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_a_resize_kernel_has_equal_phase_sums(factor):
    sums = upsampling.phase_sums(upsampling.resize_kernel(random(2, 3, 3, 3), factor), factor)
    torch.testing.assert_close(sums, sums[..., :1, :1].expand_as(sums))


@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_convolving_and_shuffling_is_one_transposed_convolution(factor, padding):
    set_seed(0)
    weight, x = random(4 * factor**2, 3, 3, 3), random(2, 3, 5, 7)
    two_steps = F.pixel_shuffle(F.conv2d(x, weight, padding=padding), factor)
    kernel = upsampling.subpixel_kernel(weight, factor)
    assert kernel.shape == (3, 4, 3 * factor, 3 * factor)
    one_step = F.conv_transpose2d(x, kernel, stride=factor, padding=factor * (2 - padding))
    torch.testing.assert_close(one_step, two_steps)


@pytest.mark.parametrize("factor", [2, 3])
def test_icnr_starts_as_a_convolution_whose_pixels_are_repeated(factor):
    set_seed(0)
    weight, x = random(4 * factor**2, 3, 3, 3), random(2, 3, 5, 7)
    first = weight[:: factor**2].clone()
    assert upsampling.icnr_(weight, factor) is weight
    shuffled = F.pixel_shuffle(F.conv2d(x, weight), factor)
    torch.testing.assert_close(shuffled, F.interpolate(F.conv2d(x, first), scale_factor=factor))


@pytest.mark.parametrize("function", [upsampling.subpixel_kernel, upsampling.icnr_])
def test_channels_that_make_no_whole_pixels_are_refused(function):
    with pytest.raises(ValueError, match=re.escape("multiple of 4 for a factor of 2, got 6")):
        function(random(6, 3, 3, 3), 2)


@pytest.mark.parametrize(
    "function",
    [
        upsampling.phase_sums,
        upsampling.resize_kernel,
        upsampling.subpixel_kernel,
        upsampling.icnr_,
    ],
)
def test_a_weight_without_four_axes_and_a_factor_of_zero_are_refused(function):
    with pytest.raises(ValueError, match=re.escape("four axes, got a shape of (4, 3)")):
        function(random(4, 3), 2)
    with pytest.raises(ValueError, match="at least 1, got 0"):
        function(random(4, 3, 3, 3), 0)
