"""TensorFlow's padding: the right size everywhere, and one pixel away from PyTorch's."""

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from cnncourse.layers import SameConv2d


@pytest.mark.parametrize("size", [(8, 8), (9, 12), (7, 5)])
@pytest.mark.parametrize("kernel_size", [3, 5])
def test_at_stride_one_it_pads_by_half_the_kernel(kernel_size, size):
    layer = SameConv2d(4, 6, kernel_size, 1, groups=2).double()
    x = torch.randn(2, 4, *size, dtype=torch.float64)
    assert_close(layer(x), F.conv2d(x, layer.weight, padding=kernel_size // 2, groups=2))


@pytest.mark.parametrize("kernel_size", [3, 5])
def test_at_stride_two_an_even_axis_shifts_every_window_by_one_and_an_odd_one_by_none(kernel_size):
    layer = SameConv2d(3, 5, kernel_size, 2).double()
    x = torch.randn(2, 3, 10, 7, dtype=torch.float64)  # even height, odd width
    half = kernel_size // 2
    dense = F.conv2d(F.pad(x, (half, half, half, half + 1)), layer.weight)
    assert_close(layer(x), dense[:, :, 1::2, ::2][:, :, :5])
    assert layer(x).shape == (2, 5, 5, 4)


def test_where_the_window_is_smaller_than_the_stride_nothing_is_added():
    layer = SameConv2d(1, 1, 1, 3)
    x = torch.randn(1, 1, 7, 8)
    assert_close(layer(x), F.conv2d(x, layer.weight, stride=3))
