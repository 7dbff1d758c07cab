"""Pooling against PyTorch's, forward and backward, and against numbers computed by hand."""

from __future__ import annotations

import itertools

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.autograd import grad, gradcheck
from torch.testing import assert_close

from cnncourse.layers.pooling import AvgPool2d, BlurPool2d, GlobalAvgPool2d, MaxPool2d


def random_images(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Return a few different values only, so that many windows have several maxima."""
    generator = torch.Generator().manual_seed(0)
    return torch.randint(-3, 4, shape, generator=generator).to(dtype).requires_grad_()


def assert_same_module(ours: nn.Module, theirs: nn.Module, x: Tensor, **tolerance) -> None:
    y, expected = ours(x), theirs(x)
    assert_close(y, expected, **tolerance)
    cotangent = torch.randn(expected.shape, generator=torch.Generator().manual_seed(1))
    cotangent = cotangent.to(expected.dtype)
    assert_close(grad(y, x, cotangent), grad(expected, x, cotangent), **tolerance)


WINDOWS = list(
    itertools.product(
        [2, 3, (2, 3)],  # kernel size
        [None, 1, 2, (3, 2), 5],  # stride, the last one larger than every kernel
        [0, 1, (1, 0)],  # padding
        [False, True],  # ceil_mode
    )
)
SIZES = [(9, 7), (6, 8), (8, 11)]  # windows that end at the edge, before it and beyond it


class TestMaxPool2d:
    @pytest.mark.parametrize("size", SIZES)
    @pytest.mark.parametrize("dilation", [1, 2, (1, 3)])
    @pytest.mark.parametrize(("kernel_size", "stride", "padding", "ceil_mode"), WINDOWS)
    def test_agrees_with_torch_over_the_grid(
        self, kernel_size, stride, padding, ceil_mode, dilation, size
    ):
        arguments = kernel_size, stride, padding, dilation
        ours = MaxPool2d(*arguments, ceil_mode=ceil_mode)
        theirs = nn.MaxPool2d(*arguments, ceil_mode=ceil_mode)
        assert_same_module(ours, theirs, random_images(2, 3, *size))

    def test_keeps_the_largest_value_of_each_window(self):
        x = torch.tensor([[[1.0, 2.0, 5.0, 0.0], [3.0, -1.0, 0.0, 4.0]]])
        assert_close(MaxPool2d(2)(x), torch.tensor([[[3.0, 5.0]]]))

    @pytest.mark.parametrize("dtype", [torch.uint8, torch.int32])
    def test_takes_whole_numbers(self, dtype):
        x = torch.arange(-29, 1).view(1, 1, 5, 6).to(dtype)  # negative, so that 0 would win
        assert_close(MaxPool2d(3, 2, 1)(x), nn.MaxPool2d(3, 2, 1)(x))

    def test_padding_never_wins(self):
        assert_close(MaxPool2d(3, padding=1)(-torch.ones(1, 3, 3)), -torch.ones(1, 1, 1))

    def test_of_equal_values_the_first_receives_the_gradient(self):
        x = torch.zeros(1, 2, 2, requires_grad=True)
        MaxPool2d(2)(x).sum().backward()
        assert_close(x.grad, torch.tensor([[[1.0, 0.0], [0.0, 0.0]]]))

    def test_has_the_gradient_of_finite_differences(self):
        x = torch.randperm(30).double().view(1, 1, 6, 5).requires_grad_()  # no ties
        assert gradcheck(MaxPool2d((2, 3), 2, 1, ceil_mode=True), x)


class TestAvgPool2d:
    @pytest.mark.parametrize("size", SIZES)
    @pytest.mark.parametrize("divisor_override", [None, 5])
    @pytest.mark.parametrize("count_include_pad", [True, False])
    @pytest.mark.parametrize(("kernel_size", "stride", "padding", "ceil_mode"), WINDOWS)
    def test_agrees_with_torch_over_the_grid(
        self, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, size
    ):
        arguments = kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
        assert_same_module(
            AvgPool2d(*arguments), nn.AvgPool2d(*arguments), random_images(2, 3, *size)
        )

    def test_divides_by_the_padding_too_unless_told_not_to(self):
        x = torch.tensor([[[6.0]]])
        assert AvgPool2d(3, padding=1)(x).item() == pytest.approx(6 / 9)
        assert AvgPool2d(3, padding=1, count_include_pad=False)(x).item() == 6.0
        assert AvgPool2d(3, padding=1, divisor_override=2)(x).item() == 3.0

    def test_has_the_gradient_of_finite_differences(self):
        x = torch.randn(1, 2, 6, 5, dtype=torch.float64, requires_grad=True)
        assert gradcheck(AvgPool2d((2, 3), 2, 1, True, False), x)


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_max_and_average_agree_with_torch_on_any_geometry(data):
    def draw_pair(low, high):
        return data.draw(st.tuples(st.integers(low, high), st.integers(low, high)))

    kernel_size, stride = draw_pair(1, 5), draw_pair(1, 6)
    padding = tuple(data.draw(st.integers(0, k // 2)) for k in kernel_size)
    size = tuple(k + extra for k, extra in zip(kernel_size, draw_pair(0, 9), strict=True))
    x = random_images(data.draw(st.integers(0, 2)), data.draw(st.integers(1, 3)), *size)
    ceil_mode, count_include_pad = data.draw(st.booleans()), data.draw(st.booleans())
    options = {"ceil_mode": ceil_mode}
    assert_same_module(
        MaxPool2d(kernel_size, stride, padding, **options),
        nn.MaxPool2d(kernel_size, stride, padding, **options),
        x,
    )
    options["count_include_pad"] = count_include_pad
    assert_same_module(
        AvgPool2d(kernel_size, stride, padding, **options),
        nn.AvgPool2d(kernel_size, stride, padding, **options),
        x,
    )

    def test_sums_in_half_precision_do_not_overflow(self):
        x = torch.full((1, 1, 4, 4), 40_000.0, dtype=torch.float16)  # the largest is 65,504
        for options in ({}, {"divisor_override": 9}):
            assert_close(AvgPool2d(3, **options)(x), nn.AvgPool2d(3, **options)(x))


class TestGlobalAvgPool2d:
    def test_is_torchs_adaptive_average_pool_to_one_value(self):
        assert_same_module(GlobalAvgPool2d(), nn.AdaptiveAvgPool2d(1), random_images(2, 3, 5, 4))

    def test_does_not_see_where_a_value_stands(self):
        x = random_images(1, 2, 5, 4)
        assert_close(GlobalAvgPool2d()(x), GlobalAvgPool2d()(x.roll((2, 1), (2, 3))))


class TestBlurPool2d:
    def test_blurs_with_a_row_of_pascals_triangle_along_each_axis(self):
        row = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        assert_close(BlurPool2d(2, filter_size=4).kernel, row[:, None] * row)
        row = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
        assert_close(BlurPool2d(2, filter_size=5).kernel, row[:, None] * row)

    def test_agrees_with_numbers_computed_by_hand(self):
        x = torch.tensor([[[0.0, 4.0, 0.0, 8.0]]]).expand(1, 3, 4)  # constant down the columns
        # (1, 2, 1) / 4 around 0 and around the second 0; left of the first stands its reflection.
        expected = torch.tensor([[[(4 + 0 + 4) / 4, (4 + 0 + 8) / 4]]]).expand(1, 2, 2)
        assert_close(BlurPool2d(1)(x), expected)

    @pytest.mark.parametrize("size", [(9, 7), (8, 11)])
    @pytest.mark.parametrize("stride", [1, 2, 3])
    @pytest.mark.parametrize("filter_size", [1, 2, 3, 4, 5, 7])
    def test_is_a_reflecting_depthwise_convolution_over_the_grid(self, filter_size, stride, size):
        x = random_images(2, 3, *size)
        ours = BlurPool2d(3, filter_size, stride).double()
        before = (filter_size - 1) // 2
        after = filter_size - 1 - before

        def theirs(x: Tensor) -> Tensor:
            padded = F.pad(x, (before, after, before, after), "reflect")
            kernel = ours.kernel.expand(3, 1, filter_size, filter_size)
            return F.conv2d(padded, kernel, stride=stride, groups=3)

        assert_same_module(ours, theirs, x)
        assert ours(x).shape[2:] == tuple(-(-length // stride) for length in size)

    def test_keeps_a_constant_image_constant(self):
        assert_close(BlurPool2d(2, 5)(torch.full((1, 2, 6, 7), 3.0)), torch.full((1, 2, 3, 4), 3.0))

    def test_changes_less_than_subsampling_when_the_image_moves_by_one(self):
        x = torch.randn(1, 1, 32, 32, generator=torch.Generator().manual_seed(0)).cumsum(3)
        moved = x.roll(1, 3)

        def change(pool: nn.Module) -> Tensor:
            return (pool(moved) - pool(x))[..., 1:-1].abs().mean()

        assert change(BlurPool2d(1)) < 0.8 * change(BlurPool2d(1, filter_size=1))

    def test_has_the_gradient_of_finite_differences(self):
        x = torch.randn(1, 2, 4, 5, dtype=torch.float64, requires_grad=True)
        assert gradcheck(BlurPool2d(2, 4).double(), x)

    def test_has_nothing_to_learn_or_to_store(self):
        assert not list(BlurPool2d(2).parameters())
        assert not BlurPool2d(2).state_dict()


POOLS = [
    (MaxPool2d(3, 2, 1), nn.MaxPool2d(3, 2, 1)),
    (AvgPool2d(3, 2, 1), nn.AvgPool2d(3, 2, 1)),
    (GlobalAvgPool2d(), nn.AdaptiveAvgPool2d(1)),
]
BLUR = BlurPool2d(3)


class TestAllPools:
    @pytest.mark.parametrize(("ours", "theirs"), POOLS)
    @pytest.mark.parametrize(
        ("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.05)]
    )
    def test_agree_with_torch_in_other_precisions(self, ours, theirs, dtype, tolerance):
        x = random_images(2, 3, 6, 5, dtype=dtype)
        assert_same_module(ours, theirs, x, atol=tolerance, rtol=tolerance)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
    def test_blur_keeps_the_dtype_of_its_input(self, dtype):
        x = random_images(2, 3, 6, 5, dtype=dtype)
        assert BLUR(x).dtype == dtype
        assert_close(BLUR(x).double(), BLUR(x.double()), atol=0.05, rtol=0.05)

    @pytest.mark.parametrize("ours", [ours for ours, _ in POOLS] + [BLUR])
    def test_return_an_empty_batch_for_an_empty_batch(self, ours):
        empty, one = random_images(0, 3, 6, 5), random_images(1, 3, 6, 5)
        assert ours(empty).shape == (0, *ours(one).shape[1:])
        assert grad(ours(empty).sum(), empty)[0].shape == empty.shape

    @pytest.mark.parametrize("ours", [ours for ours, _ in POOLS] + [BLUR])
    def test_take_one_image_without_a_batch(self, ours):
        x = random_images(3, 6, 5)
        assert_close(ours(x), ours(x[None])[0])

    @pytest.mark.parametrize("ours", [ours for ours, _ in POOLS] + [BLUR])
    def test_take_images_of_any_memory_layout(self, ours):
        x = random_images(2, 3, 6, 5).detach()
        assert_close(ours(x.to(memory_format=torch.channels_last)), ours(x))

    def test_print_their_arguments(self):
        assert repr(MaxPool2d(3, 2, 1)) == (
            "MaxPool2d(kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), "
            "dilation=(1, 1), ceil_mode=False)"
        )
        assert repr(BlurPool2d(8)) == "BlurPool2d(8, filter_size=3, stride=2)"


class TestBadInput:
    @pytest.mark.parametrize("ours", [ours for ours, _ in POOLS])
    @pytest.mark.parametrize(
        ("x", "error", "message"),
        [
            (torch.zeros(6, 5), ValueError, r"shape \(N, C, H, W\) or .* got \(6, 5\)"),
            (torch.zeros(1, 2, 3, 6, 5), ValueError, r"got \(1, 2, 3, 6, 5\)"),
            ([[1.0]], TypeError, "x must be a tensor, got list"),
        ],
    )
    def test_is_named_by_forward(self, ours, x, error, message):
        with pytest.raises(error, match=message):
            ours(x)

    @pytest.mark.parametrize(
        ("build", "error", "message"),
        [
            (lambda: MaxPool2d(0), ValueError, "kernel_size must be at least 1, got 0"),
            (lambda: MaxPool2d(2.0), TypeError, r"kernel_size must be .* got 2\.0 \(float\)"),
            (lambda: MaxPool2d(3, 0), ValueError, "stride must be at least 1, got 0"),
            (lambda: MaxPool2d(3, 2, 1, 0), ValueError, "dilation must be at least 1, got 0"),
            (lambda: MaxPool2d(3, 2, 2), ValueError, "at most half of kernel_size 3, got 2"),
            (lambda: AvgPool2d(4, 2, (2, 3)), ValueError, "at most half of kernel_size 4, got 3"),
            (lambda: AvgPool2d(2, 2, -1), ValueError, "padding must be at least 0, got -1"),
            (
                lambda: AvgPool2d(2, divisor_override=0),
                ValueError,
                "divisor_override must be at least 1, got 0",
            ),
            (lambda: BlurPool2d(0), ValueError, "channels must be at least 1, got 0"),
            (lambda: BlurPool2d(3, 0), ValueError, "filter_size must be at least 1, got 0"),
            (lambda: BlurPool2d(3, 3, (2, 2)), TypeError, "stride must be an int, got .2, 2."),
        ],
    )
    def test_is_named_by_the_constructor(self, build, error, message):
        with pytest.raises(error, match=message):
            build()

    def test_a_window_larger_than_the_image_is_refused(self):
        for pool in (MaxPool2d(4), AvgPool2d(4)):
            with pytest.raises(ValueError, match="does not fit into an input of size 3"):
                pool(torch.zeros(1, 2, 5, 3))

    def test_blur_names_the_wrong_number_of_channels_and_an_image_too_small(self):
        with pytest.raises(ValueError, match=r"\(N, 3, H, W\) .* got \(1, 2, 6, 5\)"):
            BLUR(torch.zeros(1, 2, 6, 5))
        with pytest.raises(ValueError, match="reflect padding of a height of 1 is at most 0"):
            BLUR(torch.zeros(1, 3, 1, 5))

    def test_a_window_that_hangs_over_a_smaller_image_is_taken_with_ceil_mode(self):
        for ours, theirs in ((MaxPool2d, nn.MaxPool2d), (AvgPool2d, nn.AvgPool2d)):
            options = {"kernel_size": 3, "stride": 2, "ceil_mode": True}
            assert_same_module(ours(**options), theirs(**options), random_images(1, 2, 2, 2))
