import math
import re

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cnncourse.analysis.equivariance import (
    NotAConvolutionError,
    conv_from_equivariant,
    equivariance_error,
    equivariance_map,
    shift_consistency,
    transformation_error,
    translate,
)

EXACT = 1e-12


def image(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def conv(kernel_size=3, padding_mode="circular", stride=1, channels=(2, 3)):
    padding = kernel_size // 2
    return nn.Conv2d(*channels, kernel_size, stride, padding, padding_mode=padding_mode).double()


def blur_pool(x):
    """Low-pass [1 2 1] x [1 2 1] / 16 on the circle, then every second pixel."""
    taps = torch.tensor([1.0, 2.0, 1.0], dtype=x.dtype) / 4
    kernel = torch.outer(taps, taps).expand(x.shape[1], 1, 3, 3)
    padded = F.pad(x, (1, 1, 1, 1), mode="circular")
    return F.conv2d(padded, kernel, stride=2, groups=x.shape[1])


# translate


def test_translate_moves_a_known_image_by_one_down_and_one_left():
    x = torch.arange(6).reshape(2, 3)  # [[0 1 2], [3 4 5]]
    assert translate(x, (1, -1)).tolist() == [[4, 5, 3], [1, 2, 0]]
    assert translate(x, (1, -1), mode="zeros").tolist() == [[0, 0, 0], [1, 2, 0]]


@pytest.mark.parametrize("shift", [(0, 0), (2, 1), (-3, 4), (5, -7), (6, -9), (-12, 20)])
def test_translate_is_x_at_i_minus_v(shift):
    x = image(2, 3, 5, 7)
    circular, zeros = translate(x, shift), translate(x, shift, mode="zeros")
    for i in range(5):
        for j in range(7):
            a, b = i - shift[0], j - shift[1]
            assert torch.equal(circular[..., i, j], x[..., a % 5, b % 7])
            outside = not (0 <= a < 5 and 0 <= b < 7)
            expected = torch.zeros(2, 3).double() if outside else x[..., a, b]
            assert torch.equal(zeros[..., i, j], expected)


def test_translate_moves_as_many_axes_as_the_shift_has_entries():
    x = image(2, 4, 5, 6)
    assert torch.equal(translate(x, [2]), x.roll(2, -1))
    assert torch.equal(translate(x, (1, 2, 3)), x.roll((1, 2, 3), (1, 2, 3)))


def test_circular_translations_form_a_group():
    x = image(3, 5, 7)
    assert torch.equal(translate(translate(x, (2, 3)), (4, -1)), translate(x, (6, 2)))
    assert torch.equal(translate(translate(x, (2, 3)), (-2, -3)), x)


def test_translate_returns_a_new_tensor_and_keeps_the_old_one():
    x = image(4, 5)
    before = x.clone()
    for mode in ("circular", "zeros"):
        translate(x, (1, 2), mode).zero_()
        assert torch.equal(x, before)


@pytest.mark.parametrize("shift", [3, (1.5, 0), "ab", None, (1, None)])
def test_translate_refuses_a_shift_that_is_not_a_sequence_of_integers(shift):
    with pytest.raises(TypeError, match="shift must be integers"):
        translate(image(4, 5), shift)


def test_translate_names_a_bad_mode_or_a_shift_with_too_many_entries():
    with pytest.raises(ValueError, match="got 'reflect'"):
        translate(image(4, 5), (1, 1), mode="reflect")
    with pytest.raises(ValueError, match=r"got \(1, 1, 1\) for shape \(4, 5\)"):
        translate(image(4, 5), (1, 1, 1))
    with pytest.raises(ValueError, match=r"got \(\)"):
        translate(image(4, 5), ())


# equivariance_error


@pytest.mark.parametrize("shift", [(1, 0), (0, -1), (3, 5), (-4, 2)])
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_a_circular_convolution_is_equivariant(kernel_size, shift):
    error = equivariance_error(conv(kernel_size), image(2, 2, 8, 11), shift)
    assert error.total < EXACT
    assert math.isnan(error.border)  # border=0: there is none


@pytest.mark.parametrize("kernel_size", [3, 5, 7])
@pytest.mark.parametrize("mode", ["circular", "zeros"])
def test_zero_padding_spoils_a_border_half_a_kernel_wide_and_no_more(kernel_size, mode):
    layer, x = conv(kernel_size, "zeros"), image(2, 2, 17, 20)
    width = kernel_size // 2
    error = equivariance_error(layer, x, (2, -3), mode=mode, border=width)
    assert error.interior < EXACT
    assert error.border > 0.1
    assert equivariance_error(layer, x, (2, -3), mode=mode, border=width - 1).interior > 1e-3


def test_the_spoiled_border_grows_by_one_pixel_per_3x3_layer():
    for depth in (1, 2, 3, 4):
        net = nn.Sequential(*[conv(3, "zeros", channels=(2, 2)) for _ in range(depth)])
        x = image(1, 2, 19, 22)
        assert equivariance_error(net, x, (4, 5), border=depth).interior < EXACT
        assert equivariance_error(net, x, (4, 5), border=depth - 1).interior > 1e-6


def test_the_parts_of_the_error_add_up_to_the_total_by_area():
    layer, x = conv(3, "zeros"), image(1, 2, 6, 8)
    error = equivariance_error(layer, x, (0, 0), border=1)
    assert error.total == error.interior == error.border == 0
    error = equivariance_error(layer, x, (2, 3), border=1)
    y = layer(x).detach()
    expected = layer(translate(x, (2, 3))).detach() - translate(y, (2, 3))
    torch.testing.assert_close(error.difference, expected)
    assert error.total == pytest.approx((expected.norm() / y.norm()).item())
    # Inside the frame before and after: rows 1..4 minus row 1, 2 (from rows 5, 0); columns 1..6
    # minus 2, 3 (from columns 7, 0). So 2 x 4 of 6 x 8 pixels.
    area = 2 * 4 / (6 * 8)
    parts = area * error.interior**2 + (1 - area) * error.border**2
    assert error.total == pytest.approx(math.sqrt(parts))


@pytest.mark.parametrize(
    "layer",
    [
        lambda: nn.ReLU(),
        lambda: nn.Sequential(conv(3), nn.Tanh(), conv(5, channels=(3, 2))),
        lambda: nn.BatchNorm2d(2).double(),
    ],
    ids=["relu", "a composition", "batch norm in eval mode"],
)
def test_pointwise_layers_and_compositions_are_equivariant(layer):
    assert equivariance_error(layer(), image(2, 2, 7, 10), (3, -2)).total < EXACT


def test_a_layer_that_adds_a_ramp_is_not_equivariant():
    ramp = torch.arange(10.0, dtype=torch.float64)
    assert equivariance_error(lambda x: x + ramp, image(1, 1, 7, 10), (0, 1)).total > 0.1
    assert equivariance_error(lambda x: x + ramp, image(1, 1, 7, 10), (1, 0)).total < EXACT


STRIDE_TWO = {
    "convolution": conv(3, stride=2),
    "max pool": nn.MaxPool2d(2),
    "average pool": nn.AvgPool2d(2),
    "subsampling": lambda x: x[..., ::2, ::2],
    "blur pool": blur_pool,
}


@pytest.mark.parametrize("name", STRIDE_TWO)
def test_stride_two_is_equivariant_to_even_shifts_only(name):
    layer, x = STRIDE_TWO[name], image(1, 2, 8, 12)
    errors = equivariance_map(layer, x)
    assert errors.shape == (8, 12)
    even = torch.zeros(8, 12, dtype=torch.bool)
    even[::2, ::2] = True
    assert errors[even].max() < EXACT
    assert errors[~even].min() > 0.05
    assert equivariance_error(layer, x, (4, -2)).total < EXACT
    with pytest.raises(ValueError, match=r"shift \(1, 0\) is no multiple of the stride \(2, 2\)"):
        equivariance_error(layer, x, (1, 0))


def test_no_output_shift_whatever_makes_an_odd_shift_equivariant_for_subsampling():
    x = image(1, 1, 8, 6)
    best = min(
        equivariance_error(lambda x: x[..., ::2, ::2], x, (1, 0), output_shift=(a, b)).total
        for a in range(4)
        for b in range(3)
    )
    assert best > 0.5


def test_blur_pool_lowers_the_error_of_subsampling_as_its_autocorrelation_says():
    # White noise one row further on: subsampling sees independent pixels, so sqrt(2). The taps
    # [1 2 1] overlap with themselves by 4/6 at lag 1, so sqrt(2 - 2 * 4/6) after the blur.
    x = image(2, 3, 96, 128)
    plain = equivariance_error(lambda x: x[..., ::2, ::2], x, (1, 0), output_shift=(0, 0))
    blurred = equivariance_error(blur_pool, x, (1, 0), output_shift=(0, 0))
    assert plain.total == pytest.approx(math.sqrt(2), rel=0.03)
    assert blurred.total == pytest.approx(math.sqrt(2 - 8 / 6), rel=0.03)


def test_max_pool_followed_by_blur_is_steadier_than_max_pool():
    x = image(1, 2, 16, 24)

    def max_blur(x):  # Zhang (2019), section 3.2: max densely, then blur and subsample
        around = F.pad(x, (0, 1, 0, 1), mode="circular")
        return blur_pool(F.max_pool2d(around, 2, stride=1))

    plain, blurred = equivariance_map(nn.MaxPool2d(2), x), equivariance_map(max_blur, x)
    assert blurred[1::2, 1::2].mean() < 0.6 * plain[1::2, 1::2].mean()


def test_global_pooling_is_invariant():
    x = image(2, 3, 6, 9)
    pools = [nn.AdaptiveAvgPool2d(1), nn.AdaptiveMaxPool2d(1), lambda x: x.mean((2, 3))]
    for pool in pools:
        error = transformation_error(
            pool, x, on_input=lambda x: translate(x, (2, -3)), on_output=lambda y: y
        )
        assert error.total < EXACT
    assert equivariance_error(pools[2], x, (2, -3), output_shift=(0, 0)).total < EXACT


def test_max_pooling_is_not_invariant():
    error = equivariance_error(nn.MaxPool2d(2), image(1, 2, 8, 12), (1, 0), output_shift=(0, 0))
    assert error.total > 0.1


def test_a_kernel_with_the_symmetry_of_the_square_is_equivariant_to_quarter_turns():
    def turn(x):
        return torch.rot90(x, 1, (-2, -1))

    symmetric = torch.tensor([[1.0, 2, 1], [2, -5, 2], [1, 2, 1]]).double().reshape(1, 1, 3, 3)
    layer = conv(3, "zeros", channels=(1, 1))
    x = image(2, 1, 6, 9)
    assert transformation_error(layer, x, turn, turn).total > 0.1
    layer.weight.data = symmetric
    assert transformation_error(layer, x, turn, turn).total < EXACT


def test_one_dimensional_layers_take_one_shift():
    layer = nn.Conv1d(2, 3, 3, padding=1, padding_mode="circular").double()
    assert equivariance_error(layer, image(2, 2, 9), [4]).total < EXACT
    layer = nn.Conv1d(2, 3, 5, padding=2).double()
    assert equivariance_error(layer, image(2, 2, 19), [4], border=2).interior < EXACT


def test_rectangular_strides_have_a_shift_for_each_axis():
    layer = nn.Conv2d(2, 3, (1, 3), stride=(1, 3)).double()
    x = image(1, 2, 5, 12)
    assert equivariance_error(layer, x, (1, 3)).total < EXACT
    errors = equivariance_map(layer, x)
    assert errors[:, ::3].max() < EXACT
    assert errors[:, 1::3].min() > 0.1


def test_measuring_leaves_the_network_as_it_was():
    net = nn.Sequential(conv(3), nn.BatchNorm2d(3).double(), nn.Dropout(0.5), nn.BatchNorm2d(3))
    net.double().train()
    net[3].eval()  # one part frozen
    state = {name: value.clone() for name, value in net.state_dict().items()}
    x = image(2, 2, 6, 8)
    assert equivariance_error(net, x, (1, 2)).total < EXACT  # dropout is off
    assert equivariance_map(net, x).max() < EXACT
    assert [m.training for m in net] == [True, True, True, False]
    assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())
    with pytest.raises(RuntimeError):
        equivariance_error(net, image(2, 5, 6, 8), (1, 2))
    assert [m.training for m in net] == [True, True, True, False]


def test_bad_input_is_named_in_a_sentence():
    x = image(1, 2, 9, 11)
    with pytest.raises(ValueError, match="leaves the stride open"):
        equivariance_error(nn.Conv2d(2, 3, 3).double(), x, (1, 1))
    valid = equivariance_error(nn.Conv2d(2, 3, 3).double(), x, (1, 1), (1, 1), mode="zeros")
    assert valid.interior < EXACT
    with pytest.raises(ValueError, match=r"root mean square 0\.0"):
        equivariance_error(lambda x: 0 * x, x, (1, 1))
    with pytest.raises(ValueError, match=r"root mean square 0\.0"):
        equivariance_map(lambda x: 0 * x, x)
    with pytest.raises(ValueError, match=r"negative, got \(-1, -1\)"):
        equivariance_error(nn.ReLU(), x, (1, 1), border=-1)
    with pytest.raises(ValueError, match=r"has shape \(1, 2, 11, 9\)"):
        transformation_error(nn.ReLU(), x, lambda x: x.mT, lambda y: y)
    with pytest.raises(ValueError, match="more axes"):
        transformation_error(lambda x: x.sum(), x, lambda x: x, lambda y: y, border=1)
    with pytest.raises(ValueError, match=r"got \(2, 9, 11\)"):
        equivariance_map(nn.ReLU(), x[0])
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        equivariance_map(nn.ReLU(), x, batch_size=0)


# equivariance_map


@pytest.mark.parametrize("mode", ["circular", "zeros"])
def test_the_map_agrees_with_single_errors_whatever_the_batch_size(mode):
    layer, x = conv(3, "zeros"), image(3, 2, 7, 9)
    errors = equivariance_map(layer, x, sizes=(3, 4), mode=mode, border=1, batch_size=7)
    assert errors.shape == (3, 4)
    for v in [(0, 0), (1, 3), (2, 0)]:
        single = equivariance_error(layer, x, v, mode=mode, border=1).interior
        assert errors[v].item() == pytest.approx(single, abs=1e-14)
    again = equivariance_map(layer, x, sizes=(3, 4), mode=mode, border=1, batch_size=1)
    torch.testing.assert_close(again, errors)


def test_a_shift_that_leaves_no_interior_has_no_error():
    errors = equivariance_map(nn.ReLU(), image(1, 1, 4, 5), (5, 2), mode="zeros")
    assert errors[:4].isfinite().all()
    assert errors[4].isnan().all()


# shift_consistency


class WhereIsTheDot(nn.Module):
    """Class of a one-pixel image: the row of its brightest pixel, modulo ``rows``."""

    def __init__(self, rows):
        super().__init__()
        self.rows = rows

    def forward(self, x):
        row = x.amax((1, 3)).argmax(1) % self.rows
        return F.one_hot(row, self.rows).double()


def dots(n, height, width):
    x = torch.zeros(n, 1, height, width)
    x[:, 0, height // 2, width // 2] = 1
    return x


@pytest.mark.parametrize("mode", ["circular", "zeros", "crop"])
def test_an_invariant_classifier_is_fully_consistent(mode):
    sums = nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten())
    images = torch.zeros(6, 4, 11, 13)
    images[torch.arange(6), torch.arange(6) % 4, 5, 6] = 1
    result = shift_consistency(sums, images, max_shift=2, mode=mode)
    assert result.mean == 1
    assert result.standard_error == 0


@pytest.mark.parametrize("mode", ["circular", "zeros", "crop"])
def test_consistency_of_a_classifier_that_reads_the_row_is_the_chance_of_equal_rows(mode):
    # Rows are uniform over 2 * 2 + 1 = 5 values, so two agree with probability 1/5.
    result = shift_consistency(WhereIsTheDot(11), dots(3000, 11, 9), 2, mode=mode, pairs=2)
    assert abs(result.mean - 1 / 5) < 4 * result.standard_error
    # 3000 images with two independent pairs each: sqrt(p (1 - p) / 6000).
    assert result.standard_error == pytest.approx(math.sqrt(0.2 * 0.8 / 6000), rel=0.1)


def test_the_columns_are_shifted_too():
    def column(x):
        return F.one_hot(x.amax((1, 2)).argmax(1), 9).double()

    result = shift_consistency(column, dots(2000, 11, 9), max_shift=1, pairs=1)
    assert abs(result.mean - 1 / 3) < 4 * result.standard_error


def test_crops_show_only_what_was_in_the_image():
    seen = []

    def classifier(x):
        seen.append(x)
        return x.flatten(1)

    ramp = torch.arange(12.0).expand(3, 1, 10, 12)
    shift_consistency(classifier, ramp, max_shift=3, mode="crop")
    for x in seen:
        assert x.shape[-2:] == (4, 6)
        assert (x.diff(dim=-1) == 1).all()  # a wrap would jump back


def test_consistency_repeats_with_its_seed_and_leaves_the_global_random_state():
    before = torch.get_rng_state()
    runs = [
        shift_consistency(WhereIsTheDot(11), dots(50, 11, 9), 3, seed=s, batch_size=b)
        for s, b in [(1, 50), (1, 7), (2, 50)]
    ]
    assert runs[0] == runs[1] != runs[2]
    assert torch.equal(torch.get_rng_state(), before)


def test_consistency_runs_in_eval_mode_and_restores_the_mode():
    net = nn.Sequential(nn.Dropout(0.9), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    net.train()
    images = torch.rand(8, 5, 6, 7)
    assert shift_consistency(net, images, max_shift=2).mean == 1
    assert net.training
    assert net[0].training


def test_consistency_names_bad_input():
    net = nn.Flatten()
    with pytest.raises(ValueError, match=r"N >= 2, got \(1, 1, 4, 4\)"):
        shift_consistency(net, torch.zeros(1, 1, 4, 4), 1)
    with pytest.raises(ValueError, match="got 'wrap'"):
        shift_consistency(net, torch.zeros(2, 1, 4, 4), 1, mode="wrap")
    with pytest.raises(ValueError, match="got 2 for 4 x 6 pixels"):
        shift_consistency(net, torch.zeros(2, 1, 4, 6), 2, mode="crop")
    with pytest.raises(ValueError, match="got 0 for"):
        shift_consistency(net, torch.zeros(2, 1, 4, 6), 0)
    with pytest.raises(ValueError, match="got 0 and 256"):
        shift_consistency(net, torch.zeros(2, 1, 4, 6), 1, pairs=0)
    with pytest.raises(ValueError, match=r"got \(2, 1, 4, 6\)"):
        shift_consistency(nn.ReLU(), torch.zeros(2, 1, 4, 6), 1)


# conv_from_equivariant


@pytest.mark.parametrize(
    ("height", "width", "kernel_size", "channels"),
    [(4, 6, 3, (1, 1)), (5, 7, 5, (2, 3)), (8, 5, 1, (3, 2)), (3, 3, 3, (2, 1))],
)
def test_the_converse_recovers_the_weights_and_bias_of_a_circular_convolution(
    height, width, kernel_size, channels
):
    layer = conv(kernel_size, channels=channels)
    found = conv_from_equivariant(layer, (channels[0], height, width))
    assert found.weight.shape == (channels[1], channels[0], height, width)
    torch.testing.assert_close(found.window((kernel_size, kernel_size)), layer.weight.detach())
    torch.testing.assert_close(found.bias, layer.bias.detach())
    x = image(3, channels[0], height, width)
    torch.testing.assert_close(found(x), layer(x).detach())


def test_the_converse_recovers_a_kernel_as_large_as_the_image():
    kernel = image(1, 1, 4, 5)

    def convolve(x):  # circular convolution through the Fourier transform
        return torch.fft.ifft2(torch.fft.fft2(x) * torch.fft.fft2(kernel)).real

    weight = conv_from_equivariant(convolve, (1, 4, 5)).weight
    # Convolution takes x[i - k], so its kernel appears mirrored: w[k] = kernel[-k].
    for i in range(4):
        for j in range(5):
            torch.testing.assert_close(weight[0, 0, i, j], kernel[0, 0, -i % 4, -j % 5])


def test_a_shift_is_a_convolution_with_one_tap():
    found = conv_from_equivariant(lambda x: translate(x, (1, -2)), (1, 5, 6))
    assert found.weight.nonzero().tolist() == [[0, 0, 4, 2]]  # k = -v = (-1, 2)
    assert torch.equal(found.bias, torch.zeros(1).double())


def test_a_float32_module_is_recovered_in_float32():
    layer = nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular").train()
    found = conv_from_equivariant(layer, (2, 5, 6))
    assert found.weight.dtype == torch.float32
    torch.testing.assert_close(found.window((3, 3)), layer.weight.detach())
    assert layer.training


def test_the_zero_map_is_a_convolution_with_zeros():
    assert not conv_from_equivariant(lambda x: 0 * x, (1, 3, 4)).weight.any()


def locally_connected(x, weight):
    """A 3x3 filter with weights of its own at every position, on the circle."""
    patches = F.unfold(F.pad(x, (1, 1, 1, 1), mode="circular"), 3)  # (N, 9, H*W)
    return (patches * weight).sum(1).reshape(len(x), 1, *x.shape[-2:])


def test_a_locally_connected_layer_is_refused_with_the_shift_and_the_entry():
    shared = image(9, 1).expand(9, 20).clone()
    conv_from_equivariant(lambda x: locally_connected(x, shared), (1, 4, 5))
    shared[4, 7] += 0.5  # the centre tap at pixel (1, 2) alone
    with pytest.raises(NotAConvolutionError, match="not equivariant to the shift") as caught:
        conv_from_equivariant(lambda x: locally_connected(x, shared), (1, 4, 5))
    failure = caught.value
    assert failure.difference == pytest.approx(0.5)
    assert f"{failure.shift}" in str(failure)
    assert "input channel 0" in str(failure)
    assert "0.5" in str(failure)
    assert failure.errors[0, 0] == 0
    assert (failure.errors.flatten()[1:] > 0.49).all()  # one odd pixel spoils every shift


def test_the_message_names_an_impulse_a_shift_and_an_entry_that_differ_as_it_says():
    matrix = image(2 * 20, 3 * 20)  # a dense layer: 2 x 4 x 5 to 3 x 4 x 5

    def dense(x):
        return (x.flatten(1) @ matrix).reshape(len(x), 3, 4, 5)

    with pytest.raises(NotAConvolutionError) as caught:
        conv_from_equivariant(dense, (2, 4, 5))
    numbers = [int(n) for n in re.findall(r"\d+", str(caught.value))[:8]]
    shift, (h, w), c, (o, i, j) = tuple(numbers[:2]), numbers[2:4], numbers[4], numbers[5:]
    impulse = torch.zeros(1, 2, 4, 5, dtype=torch.float64)
    impulse[0, c, h, w] = 1
    gap = dense(translate(impulse, shift)) - translate(dense(impulse), shift)
    assert shift == caught.value.shift
    assert gap[0, o, i, j].abs().item() == pytest.approx(caught.value.difference)


def test_the_errors_show_the_subgroup_of_shifts_that_a_map_respects():
    checkerboard = (torch.arange(4)[:, None] + torch.arange(6)) % 2 * 2.0 - 1
    with pytest.raises(NotAConvolutionError) as caught:
        conv_from_equivariant(lambda x: x * checkerboard, (1, 4, 6))
    assert torch.equal(caught.value.errors == 0, checkerboard == -1)


def test_subsampling_and_holding_respects_even_shifts_only():
    def hold(x):
        return x[..., ::2, ::2].repeat_interleave(2, -2).repeat_interleave(2, -1)

    with pytest.raises(NotAConvolutionError) as caught:
        conv_from_equivariant(hold, (1, 4, 6))
    respected = torch.zeros(4, 6, dtype=torch.bool)
    respected[::2, ::2] = True
    assert torch.equal(caught.value.errors == 0, respected)


def test_zero_padding_is_found_out():
    with pytest.raises(NotAConvolutionError, match="not equivariant"):
        conv_from_equivariant(conv(3, "zeros"), (2, 5, 6))


def test_a_bias_that_depends_on_the_position_is_found_out():
    ramp = torch.arange(6.0, dtype=torch.float64)
    with pytest.raises(NotAConvolutionError, match=r"the constant part f\(0\)") as caught:
        conv_from_equivariant(lambda x: x + ramp, (1, 4, 6))
    assert caught.value.difference == pytest.approx(5)
    assert (caught.value.errors[:, 0] == 0).all()  # it depends on the column only


@pytest.mark.parametrize(
    "function",
    [torch.relu, torch.tanh, lambda x: x**2, lambda x: F.hardtanh(x, -5, 5), torch.ceil],
    ids=["relu", "tanh", "square", "saturates at 5", "rounds up"],
)
def test_maps_that_are_not_affine_are_refused(function):
    with pytest.raises(NotAConvolutionError, match="not affine") as caught:
        conv_from_equivariant(function, (1, 4, 5))
    assert caught.value.shift is None
    assert caught.value.difference > 0


def test_max_pooling_at_stride_one_is_not_affine_though_it_is_equivariant():
    def pool(x):
        return F.max_pool2d(F.pad(x, (1, 1, 1, 1), mode="circular"), 3, stride=1)

    assert equivariance_error(pool, image(1, 2, 6, 8), (2, 3)).total == 0
    with pytest.raises(NotAConvolutionError, match="not affine"):
        conv_from_equivariant(pool, (1, 6, 8))


def test_the_converse_names_bad_input():
    with pytest.raises(ValueError, match=r"\(1, 1, 4, 6\) to \(1, 1, 2, 3\)"):
        conv_from_equivariant(nn.AvgPool2d(2), (1, 4, 6))
    with pytest.raises(ValueError, match=r"got \(4, 6\)"):
        conv_from_equivariant(nn.Identity(), (4, 6))
    with pytest.raises(ValueError, match=r"got \(1, 0, 6\)"):
        conv_from_equivariant(nn.Identity(), (1, 0, 6))
    with pytest.raises(ValueError, match=r"got \(2, 3\) for \(4, 6\)"):
        conv_from_equivariant(nn.Identity(), (1, 4, 6)).window((2, 3))


# Precision and type


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_lets_no_other_map_pass(dtype):
    weight = torch.rand(2, 6, 6)
    for function in (torch.relu, lambda x: x * weight.to(x)):
        with pytest.raises(NotAConvolutionError):
            conv_from_equivariant(function, (2, 6, 6), dtype=dtype)
    layer = nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular").to(dtype)
    recovered = conv_from_equivariant(layer, (2, 6, 6)).window((3, 3))
    torch.testing.assert_close(recovered, layer.weight.detach(), rtol=0.02, atol=0.02)


def test_the_imaginary_part_counts():
    ramp = torch.arange(8.0)
    x = torch.randn(1, 1, 8, 8, dtype=torch.complex64)
    by_part = [
        equivariance_error(lambda x, f=factor: f * x.imag * ramp, x, (0, 1)).total
        for factor in (1, 1j)
    ]
    assert by_part[0] == pytest.approx(by_part[1])
    assert by_part[0] > 0.5
    padded = nn.Conv2d(1, 1, 3, padding=1, dtype=torch.complex64)
    with pytest.raises(NotAConvolutionError, match="not equivariant to the shift"):
        conv_from_equivariant(padded, (1, 6, 6))


def test_bytes_and_truth_values_have_the_errors_of_their_numbers():
    x = torch.randint(0, 256, (1, 1, 8, 8), dtype=torch.uint8)
    mask = torch.arange(64, dtype=torch.uint8).view(8, 8) * 4
    for layer in (lambda x: torch.maximum(x, mask), lambda x: x > mask):
        found = equivariance_error(layer, x, (1, 2))
        as_floats = equivariance_error(lambda x, f=layer: f(x).double(), x, (1, 2))
        assert found.total == pytest.approx(as_floats.total, rel=1e-6)
        assert equivariance_map(layer, x)[1, 2] == pytest.approx(found.total, rel=1e-6)


@pytest.mark.parametrize(
    "measure",
    [
        lambda layer: equivariance_error(layer, torch.ones(2, 1, 8, 8), (1, 0)),
        lambda layer: equivariance_map(layer, torch.ones(2, 1, 8, 8)),
        lambda layer: conv_from_equivariant(layer, (1, 4, 4)),
        lambda layer: shift_consistency(layer, torch.ones(2, 1, 8, 8), 1),
    ],
)
def test_a_layer_that_returns_no_tensor_is_refused_with_a_way_out(measure):
    with pytest.raises(TypeError, match=r"must return one tensor, got dict; pass a function that"):
        measure(lambda x: {"out": x})


def test_a_shift_is_shown_in_one_line():
    with pytest.raises(TypeError, match=r"got values of shape \(3, 3\)$"):
        translate(torch.ones(1, 1, 8, 8), torch.ones(3, 3))


def test_a_method_of_a_module_runs_on_a_copy_in_eval_mode():
    norm = nn.BatchNorm2d(1)
    assert equivariance_error(norm.forward, torch.randn(2, 1, 8, 8), (1, 0)).total == 0
    assert norm.training
    assert norm.num_batches_tracked == 0
