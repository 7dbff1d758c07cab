from __future__ import annotations

import random
import time
from contextlib import nullcontext, suppress
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import nn

from cnncourse.analysis.counting import count_macs, summarize
from cnncourse.analysis.equivariance import equivariance_error
from cnncourse.analysis.receptive_field import (
    effective_receptive_field,
    measured_receptive_field,
    receptive_field,
    receptive_field_trace,
)


class Function(nn.Module):
    """A module whose forward is the given function of the input and its own layers."""

    def __init__(self, function, *layers):
        super().__init__()
        self.function = function
        self.layers = nn.ModuleList(layers)

    def forward(self, x):
        return self.function(x, *self.layers)


def numbers(field):
    return field.size, field.stride, field.padding


def positive(model):
    """The same model in float64 with positive weights, so that no path cancels another."""
    model = model.double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(0.5, 1.5)
    return model


def interval_by_gradient(model, input_size, unit):
    """First and last pixel along each axis where the gradient of one output unit is not zero."""
    x = torch.rand(input_size, dtype=torch.float64, requires_grad=True)
    y = model(x)
    (gradient,) = torch.autograd.grad(y[(0, slice(None), *unit)].sum(), x)
    support = (gradient[0] != 0).any(0)
    bounds = []
    for axis in range(support.ndim):
        others = tuple(a for a in range(support.ndim) if a != axis)
        line = support.any(dim=others) if others else support
        seen = line.nonzero().flatten()
        bounds.append((int(seen[0]), int(seen[-1])) if len(seen) else None)
    return tuple(bounds), tuple(y.shape[2:])


def assert_equal_to_gradient(model, input_size, units=3):
    """Compare a few units around the centre, far from the border."""
    field = receptive_field(model, input_size)
    model = positive(model)
    _, sizes = interval_by_gradient(model, input_size, (0,) * (len(input_size) - 2))
    for offset in range(units):
        unit = tuple(size // 2 + offset for size in sizes)
        assert interval_by_gradient(model, input_size, unit)[0] == field.interval(*unit)
    return field


# Chains


def test_one_convolution_sees_its_kernel():
    conv = nn.Conv2d(3, 5, (3, 5), stride=(2, 1), padding=(1, 0))
    assert numbers(receptive_field(conv, (1, 3, 20, 22))) == ((3, 5), (2, 1), (1, 0))


def test_a_chain_follows_the_recursion_by_hand():
    # size 3, 3 + 1*2 = 5, 5 + (2-1)*2 = 7, 7 + (3-1)*4 = 15; stride 2, 2, 4, 4
    # padding 1, 1 + 0*2 = 1, 1, 1 + 1*4 = 5
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3, stride=2, padding=1),
        nn.Conv2d(2, 2, 2),
        nn.MaxPool2d(2),
        nn.Conv2d(2, 1, 3, padding=1),
    )
    assert numbers(receptive_field(model, (1, 1, 64, 66))) == ((15, 15), (4, 4), (5, 5))


def test_dilation_counts_from_the_first_pixel_to_the_last():
    field = receptive_field(nn.Conv1d(1, 1, 3, dilation=4), (1, 1, 50))
    assert numbers(field) == ((9,), (1,), (0,))


def test_negative_padding_means_that_the_first_unit_begins_inside():
    model = Function(lambda x, conv: conv(x)[:, :, 2:, 3:], nn.Conv2d(1, 1, 3))
    field = receptive_field(model, (1, 1, 30, 30))
    assert field.padding == (-2, -3)
    assert field.interval(0, 0) == ((2, 4), (3, 5))


@pytest.mark.parametrize(
    ("model", "input_size"),
    [
        (nn.Sequential(nn.Conv1d(2, 4, 5, stride=3), nn.AvgPool1d(3)), (1, 2, 120)),
        (
            nn.Sequential(nn.Conv3d(1, 2, (1, 2, 3), stride=(1, 2, 1)), nn.AvgPool3d(2)),
            (1, 1, 14, 20, 16),
        ),
        (nn.Conv2d(4, 8, 3, groups=4, padding=1), (1, 4, 20, 23)),
        (nn.Sequential(nn.Conv2d(1, 2, 4, padding="same"), nn.Conv2d(2, 1, 2)), (1, 1, 20, 23)),
        (nn.AvgPool2d(3, stride=2, ceil_mode=True, padding=1), (1, 2, 22, 27)),
        (nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"), (1, 1, 14, 15)),
        (nn.Conv2d(1, 1, 5, padding=2, padding_mode="reflect"), (1, 1, 14, 15)),
        (nn.AdaptiveAvgPool2d((6, 9)), (1, 1, 20, 21)),
        (nn.LPPool2d(2, 3, stride=2), (1, 1, 20, 21)),
    ],
)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_windows_of_all_kinds_have_the_support_of_the_gradient(model, input_size):
    assert_equal_to_gradient(model, input_size)


def test_maximum_and_mean_over_the_same_window_see_the_same():
    for make in (nn.MaxPool2d, nn.AvgPool2d):
        field = receptive_field(make(3, stride=2, padding=1), (1, 4, 33, 35))
        assert numbers(field) == ((3, 3), (2, 2), (1, 1))


# Branches


def test_branches_with_other_alignments_cover_their_union():
    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.early = nn.Conv2d(1, 2, 3, padding=(4, 1))
            self.late = nn.Conv2d(1, 2, 5, dilation=2)

        def forward(self, x):
            a, b = self.early(x), self.late(x)
            h, w = min(a.shape[2], b.shape[2]), min(a.shape[3], b.shape[3])
            return torch.cat([a[:, :, :h, :w], b[:, :, :h, :w]], dim=1)

    # rows: -4..-2 and 0..8, so 13 from -4 on; columns: -1..1 and 0..8, so 10 from -1 on
    field = assert_equal_to_gradient(Branches(), (1, 1, 40, 41))
    assert numbers(field) == ((13, 10), (1, 1), (4, 1))


def test_a_residual_sum_sees_what_its_longest_branch_sees():
    model = Function(lambda x, a, b: x + b(a(x)), *(nn.Conv2d(2, 2, 3, padding=1) for _ in "ab"))
    assert numbers(receptive_field(model, (1, 2, 19, 21))) == ((5, 5), (1, 1), (2, 2))


def test_branches_that_advance_differently_are_refused_with_both_strides():
    model = Function(lambda x, a: a(x) + x[..., : a(x).shape[-1]], nn.Conv1d(1, 1, 3, stride=2))
    with pytest.raises(ValueError, match="advance by 1, 2 input pixels along axis 0"):
        receptive_field(model, (1, 1, 40))


# Upwards


def test_a_transposed_convolution_has_units_of_two_kinds():
    field = assert_equal_to_gradient(nn.ConvTranspose1d(1, 1, 3, stride=2), (1, 1, 20))
    assert [field.interval(i) for i in (4, 5)] == [((1, 2),), ((2, 2),)]
    # i/2 - 1 for even i reaches two pixels, the odd ones lie inside: [i/2 - 1, i/2]
    assert numbers(field) == ((2,), (Fraction(1, 2),), (1,))


def test_a_kernel_smaller_than_the_stride_leaves_units_that_see_nothing():
    field = assert_equal_to_gradient(nn.ConvTranspose1d(1, 1, 1, stride=2), (1, 1, 20))
    assert [field.interval(i) for i in (4, 5)] == [((2, 2),), (None,)]


@pytest.mark.parametrize(
    "options",
    [
        {"scale_factor": 2},
        {"scale_factor": 3, "mode": "nearest-exact"},
        {"scale_factor": 2, "mode": "bilinear"},
        {"scale_factor": 1.5, "mode": "bilinear"},
        {"scale_factor": 0.5, "mode": "bilinear"},
        {"size": (40, 30), "mode": "nearest"},
        {"size": (39, 58), "mode": "bilinear", "align_corners": True},
        {"scale_factor": 0.5, "mode": "area"},
        {"scale_factor": 2, "mode": "bicubic"},
    ],
)
def test_interpolation_has_the_support_of_the_gradient(options):
    model = Function(lambda x: F.interpolate(x, **options))
    assert_equal_to_gradient(model, (1, 1, 20, 20))


def test_down_and_up_again_returns_to_stride_one():
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3, stride=4, padding=1), nn.ConvTranspose2d(2, 1, 4, stride=4)
    )
    field = assert_equal_to_gradient(model, (1, 1, 40, 44), units=4)
    # units 0 to 3 see pixels -1 to 1: as a moving interval from i - 4 to i + 1
    assert numbers(field) == ((6, 6), (1, 1), (4, 4))


# Functions and layout


def test_a_convolution_written_as_unfold_and_matmul_sees_the_same():
    weight = torch.ones(3, 2 * 3 * 5)

    def convolve(x):
        columns = F.unfold(x, (3, 5), dilation=(2, 1), padding=(1, 2), stride=(2, 1))
        return (weight.to(columns) @ columns).unflatten(2, (9, 21))

    expected = receptive_field(
        nn.Conv2d(2, 3, (3, 5), dilation=(2, 1), padding=(1, 2), stride=(2, 1)), (1, 2, 20, 21)
    )
    assert numbers(receptive_field(Function(convolve), (1, 2, 20, 21))) == numbers(expected)


def test_a_convolution_written_with_windows_and_einsum_sees_the_same():
    def convolve(x):
        windows = x.unfold(2, 3, 2).unfold(3, 2, 1)
        return torch.einsum("nchwij,ocij->nohw", windows, torch.ones(4, 2, 3, 2).to(x))

    assert_equal_to_gradient(Function(convolve), (1, 2, 20, 21))


def test_a_convolution_written_with_loops_over_the_kernel_sees_the_same():
    def convolve(x):
        out = torch.zeros(1, 1, 16, 15)
        padded = torch.zeros(1, 1, 18, 18, dtype=x.dtype)
        padded[:, :, 1:-1, 1:-1] = x
        for i in range(3):
            for j in range(4):
                out = out + padded[:, :, i : i + 16, j : j + 15]
        return out

    field = receptive_field(Function(convolve), (1, 1, 16, 16))
    assert numbers(field) == ((3, 4), (1, 1), (1, 1))


def test_channel_shuffle_leaves_positions_alone():
    def shuffle(x, conv):
        n, c, h, w = x.shape
        return conv(x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w))

    model = Function(shuffle, nn.Conv2d(4, 4, 3))
    assert numbers(receptive_field(model, (1, 4, 20, 21))) == ((3, 3), (1, 1), (0, 0))


def test_channels_last_layer_norm_and_linear_act_on_positions_alone():
    def block(x, norm, linear):
        return x + linear(norm(x.permute(0, 2, 3, 1))).permute(0, 3, 1, 2)

    model = Function(block, nn.LayerNorm(4), nn.Linear(4, 4))
    assert numbers(receptive_field(model, (1, 4, 20, 21))) == ((1, 1), (1, 1), (0, 0))


def test_pixel_unshuffle_makes_a_convolution_see_blocks():
    model = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4, 4, 3, padding=1))
    field = assert_equal_to_gradient(model, (1, 1, 40, 44))
    assert numbers(field) == ((6, 6), (2, 2), (2, 2))


@pytest.mark.parametrize(
    "enlarge",
    [nn.PixelShuffle(2), Function(lambda x: x.repeat_interleave(2, -1).repeat_interleave(2, -2))],
)
def test_the_last_enlargement_counts_its_own_units(enlarge):
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), enlarge)
    field = assert_equal_to_gradient(model, (1, 1, 12, 14))
    assert field.stride == (Fraction(1, 2), Fraction(1, 2))
    assert field.interval(5, 6) == ((1, 3), (2, 4))


def test_pixel_shuffle_undoes_pixel_unshuffle_exactly():
    model = nn.Sequential(nn.PixelUnshuffle(3), nn.PixelShuffle(3))
    assert numbers(receptive_field(model, (1, 1, 30, 33))) == ((1, 1), (1, 1), (0, 0))


def test_tokens_still_know_their_rows_and_columns():
    model = Function(lambda x, conv: conv(x).flatten(2).transpose(1, 2), nn.Conv2d(3, 8, 4, 4))
    assert numbers(receptive_field(model, (1, 3, 32, 24))) == ((4, 4), (4, 4), (0, 0))


def test_attention_within_windows_sees_the_windows():
    def attend(x):
        n, c, h, w = x.shape
        windows = x.view(n, c, h // 4, 4, w // 2, 2).permute(0, 2, 4, 3, 5, 1)
        tokens = windows.reshape(-1, 8, c)
        mixed = F.scaled_dot_product_attention(tokens, tokens, tokens) + tokens
        windows = mixed.view(n, h // 4, w // 2, 4, 2, c).permute(0, 5, 1, 3, 2, 4)
        return windows.reshape(n, c, h, w)

    field = receptive_field(Function(attend), (1, 3, 16, 16))
    for unit in [(4, 6), (5, 7), (7, 6)]:
        assert field.interval(*unit) == ((4, 7), (6, 7))


def test_patches_keep_their_entries_apart():
    def entry(x):
        return F.unfold(x, (2, 3)).unflatten(1, (1, 2, 3))[:, :, 1, 2]

    field = receptive_field(Function(entry), (1, 1, 8, 9))
    assert field.interval(4, 5) == ((5, 5), (7, 7))


def test_a_rolled_map_is_a_moved_one():
    field = receptive_field(Function(lambda x: x.roll((2, -1), (2, 3))), (1, 1, 8, 9))
    assert field.interval(4, 5) == ((2, 2), (6, 6))


def test_units_of_two_kinds_are_told_apart_in_blocks_of_three():
    # output j reads j/2 where j is even, (j - 3)/2 where it is odd: the middle of 0, 1, 2 goes
    # furthest back
    up = nn.ConvTranspose2d(1, 1, 2, stride=2, dilation=3)
    model = nn.Sequential(up, nn.ZeroPad2d((0, 1, 0, 1)), nn.PixelUnshuffle(3), nn.Conv2d(9, 1, 1))
    field = assert_equal_to_gradient(model, (1, 1, 18, 18))
    assert field.interval(0, 0) == ((-1, 1), (-1, 1))


def test_a_dilated_kernel_can_read_between_the_holes_of_a_transposed_convolution():
    model = nn.Sequential(nn.ConvTranspose1d(1, 1, 1, 3), nn.Conv1d(1, 1, 2, dilation=3))
    assert_equal_to_gradient(model, (1, 1, 20), units=6)


def test_holes_along_one_axis_are_not_seen_from_the_other():
    class Holes(nn.Module):
        def __init__(self):
            super().__init__()
            self.up = nn.ConvTranspose2d(1, 1, (1, 1), (2, 1), bias=False)
            self.tall = nn.Conv2d(1, 1, (2, 1), bias=False)
            self.wide = nn.Conv2d(1, 1, (1, 5), padding=(0, 2), bias=False)

        def forward(self, x):
            x = self.up(x)
            return self.tall(x) + self.wide(x)[:, :, :-1]

    # In odd rows the wide branch reads holes only, which a field per axis cannot say.
    field = receptive_field(Holes(), (1, 1, 20, 21))
    assert field.interval(10, 10) == ((5, 5), (8, 12))
    assert interval_by_gradient(positive(Holes()), (1, 1, 20, 21), (10, 10))[0] == ((5, 5), (8, 12))
    assert field.interval(11, 10) == ((6, 6), (8, 12))
    assert interval_by_gradient(positive(Holes()), (1, 1, 20, 21), (11, 10))[0] == (
        (6, 6),
        (10, 10),
    )


def test_a_flipped_map_has_a_negative_stride():
    field = receptive_field(Function(lambda x: x.flip(3)), (1, 1, 8, 9))
    assert field.stride == (1, -1)
    assert field.interval(0, 0) == ((0, 0), (8, 8))


def test_writing_into_slices_is_followed():
    def interleave(x, a, b):
        out = torch.empty(1, 4, *x.shape[2:])
        out[:, :2] = a(x)
        out[:, 2:] = b(x)
        return out

    model = Function(interleave, nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(1, 2, 5, padding=2))
    assert numbers(receptive_field(model, (1, 1, 12, 13))) == ((5, 5), (1, 1), (2, 2))


def test_in_place_sums_change_the_map_but_not_the_rows_before():
    def block(x, a, b):
        y = a(x)
        z = b(y)
        y += z
        return y

    model = Function(block, nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(1, 1, 3, padding=1))
    rows = receptive_field_trace(model, (1, 1, 9, 11)).rows
    assert [row.field.size for row in rows] == [(3, 3), (5, 5)]


# Everything


def squeeze(function):
    class Gate(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(4, 4, 3, padding=1)
            self.down = nn.Linear(4, 2)
            self.up = nn.Linear(2, 4)

        def forward(self, x):
            x = self.conv(x)
            return function(self, x)

    return Gate()


GATES = {
    "mean, broadcast": lambda m, x: x * m.up(m.down(x.mean((2, 3)))).sigmoid()[:, :, None, None],
    "adaptive pooling, view": lambda m, x: (
        x * m.up(F.relu(m.down(F.adaptive_avg_pool2d(x, 1).flatten(1)))).view(1, 4, 1, 1)
    ),
    "expand_as": lambda m, x: x * m.up(m.down(x.mean((2, 3)))).view(1, 4, 1, 1).expand_as(x),
    "one pooling window": lambda m, x: F.avg_pool2d(x, x.shape[2:]).sigmoid() * x,
    "maximum, in place": lambda m, x: x.mul_(x.amax((2, 3), keepdim=True)),
    "channel attention by conv1d": lambda m, x: (
        x * F.conv1d(x.mean((2, 3))[:, None], torch.ones(1, 1, 3), padding=1).view(1, 4, 1, 1)
    ),
}


@pytest.mark.parametrize("name", GATES)
def test_gates_make_units_see_everything_unless_they_are_looked_past(name):
    model = squeeze(GATES[name])
    assert receptive_field(model, (1, 4, 12, 14)).sees_everything
    past = receptive_field(model, (1, 4, 12, 14), ignore_squeeze_excitation=True)
    assert not past.sees_everything
    assert numbers(past) == ((3, 3), (1, 1), (1, 1))


def test_a_summary_times_a_summary_still_sees_everything():
    def summarise(x):
        pooled = x.mean((2, 3))
        return pooled * pooled.sigmoid()

    model = Function(summarise)
    assert receptive_field(model, (1, 2, 8, 9), ignore_squeeze_excitation=True).sees_everything


def test_a_summary_that_is_added_is_no_gate():
    model = Function(lambda x: x + x.mean((2, 3), keepdim=True))
    assert receptive_field(model, (1, 2, 8, 9), ignore_squeeze_excitation=True).sees_everything


@pytest.mark.parametrize(
    ("model", "cause"),
    [
        (nn.Sequential(nn.Conv2d(4, 4, 3), nn.AdaptiveAvgPool2d(1)), "1"),
        (nn.Sequential(nn.Conv2d(4, 4, 3), nn.Flatten(), nn.Linear(4 * 6 * 7, 3)), "2"),
        (nn.Sequential(nn.Conv2d(4, 4, 3), nn.InstanceNorm2d(4)), "1"),
        (nn.Sequential(nn.Conv2d(4, 4, 3), nn.GroupNorm(2, 4)), "1"),
        (nn.Sequential(nn.BatchNorm2d(4, track_running_stats=False)), "0"),
        (nn.Sequential(nn.LayerNorm((4, 8, 9))), "0"),
        (nn.Sequential(nn.AvgPool2d((8, 9)), nn.Flatten()), "0"),
    ],
)
def test_what_mixes_all_positions_is_named(model, cause):
    field = receptive_field(model, (1, 4, 8, 9))
    assert field.sees_everything
    assert field.cause == cause
    assert numbers(field) == ((8, 9), (0, 0), (0, 0))
    assert str(field) == f"everything, all 8 × 9 pixels, because of {cause}"


def test_attention_over_all_tokens_sees_everything_class_token_or_not():
    attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def transform(x, patches, attention):
        tokens = patches(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([torch.zeros(1, 1, 8), tokens], dim=1)
        return attention(tokens, tokens, tokens, need_weights=False)[0]

    model = Function(transform, nn.Conv2d(1, 8, 4, 4), attention)
    field = receptive_field(model, (1, 1, 16, 12))
    assert field.sees_everything
    assert "layers.1" in field.cause


def test_one_axis_can_be_seen_completely_and_the_other_not():
    field = receptive_field(Function(lambda x: x + x.mean(2, keepdim=True)), (1, 1, 8, 9))
    assert field.causes == ("mean in Function", None)
    assert numbers(field) == ((8, 1), (0, 1), (0, 0))
    assert not field.sees_everything


@pytest.mark.parametrize("crop", [lambda x: x[..., 2:6], lambda x: F.pad(x, (-2, -3))])
def test_a_mean_over_a_cropped_map_sees_the_crop(crop):
    field = receptive_field(Function(lambda x: crop(x).mean((2, 3))), (1, 1, 8, 9))
    assert field.causes == ("mean in Function", None)
    assert field.interval(0, 0) == ((0, 7), (2, 5))


def test_the_last_step_of_a_causal_stack_sees_a_fixed_interval():
    def causal(x, a, b):
        for conv in (a, b):
            x = conv(F.pad(x, (2 * conv.dilation[0], 0)))
        return x[:, :, -1]

    model = Function(causal, nn.Conv1d(1, 1, 3), nn.Conv1d(1, 1, 3, dilation=2))
    field = receptive_field(model, (1, 1, 30))
    assert field.interval(0) == ((23, 29),)


# Random networks against the gradient


@st.composite
def layers(draw):
    def pair(low, high):
        return draw(st.tuples(st.integers(low, high), st.integers(low, high)))

    kind = draw(st.sampled_from(["conv", "conv", "pool", "transposed", "resize"]))
    kernel, stride = pair(1, 4), pair(1, 3)
    if kind == "conv":
        return nn.Conv2d(1, 1, kernel, stride, pair(0, 3), pair(1, 3), bias=False)
    if kind == "pool":
        return nn.AvgPool2d(kernel, stride, tuple(k // 2 for k in kernel))
    if kind == "transposed":
        # A stride beyond the kernel leaves holes; see the test on branches with holes.
        stride = tuple(min(pair) for pair in zip(kernel, stride, strict=True))
        return nn.ConvTranspose2d(1, 1, kernel, stride, pair(0, 2), 0, bias=False)
    mode = draw(st.sampled_from(["nearest", "bilinear"]))
    return nn.Upsample(scale_factor=draw(st.sampled_from([2, 3, 1.5])), mode=mode)


class Join(nn.Module):
    """Branches of the same stride, cropped to the smallest; the gradient of one unit is theirs."""

    def __init__(self, branches, concatenate):
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.concatenate = concatenate

    def forward(self, x):
        maps = [branch(x) for branch in self.branches]
        h, w = (min(y.shape[axis] for y in maps) for axis in (2, 3))
        maps = [y[:, :, :h, :w] for y in maps]
        if self.concatenate:
            return torch.cat(maps, dim=1).sum(1, keepdim=True)
        return sum(maps)


@st.composite
def joins(draw):
    def pair(low, high):
        return draw(st.tuples(st.integers(low, high), st.integers(low, high)))

    stride = pair(1, 2)
    convs = [
        nn.Conv2d(1, 1, pair(1, 4), stride, pair(0, 3), pair(1, 3), bias=False)
        for _ in range(draw(st.integers(1, 3)))
    ]
    branches = [nn.Sequential(conv, nn.Conv2d(1, 1, pair(1, 3), 1, pair(0, 1))) for conv in convs]
    if stride == (1, 1):
        branches.append(nn.Identity())
    return Join(branches, draw(st.booleans()))


def far_inside(index, size, interval, extent):
    """Whether a unit exists and sees no border, directly or through a layer's padding."""
    first, last = interval or (extent // 2, extent // 2)
    return index < size and first >= 40 and last < extent - 40


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(st.lists(st.one_of(layers(), joins()), min_size=1, max_size=4))
def test_random_networks_have_the_support_of_the_gradient(modules):
    model, input_size = nn.Sequential(*modules), (1, 1, 160, 171)
    try:
        field = receptive_field(model, input_size)
    except ValueError as error:  # a kernel that is larger than what is left of the map
        assume("the model does not run" not in str(error))
        raise
    assume(max(field.size) <= 60)
    torch.manual_seed(0)
    positive(model)
    with torch.no_grad():
        sizes = model(torch.rand(input_size, dtype=torch.float64)).shape[2:]
    assume(max(sizes) <= 700)
    for offset in range(3):
        unit = tuple(size // 2 + offset for size in sizes)
        expected = field.interval(*unit)
        if not all(map(far_inside, unit, sizes, expected, input_size[2:])):
            continue
        found, _ = interval_by_gradient(model, input_size, unit)
        if None in expected:  # a unit that sees nothing along one axis sees nothing at all
            assert found == (None, None)
        else:
            assert found == expected
            for axis, (first, last) in enumerate(expected):
                start = unit[axis] * field.stride[axis] - field.padding[axis]
                assert start <= first
                assert last <= start + field.size[axis] - 1


# Refusals


def test_an_operation_without_a_rule_is_named_with_its_layer():
    model = Function(lambda x: torch.fft.fft2(x).real)
    with pytest.raises(ValueError, match=r"aten\._fft_\w+ in Function: no rule"):
        receptive_field(model, (1, 1, 8, 9))


def test_after_global_pooling_an_unknown_operation_does_no_harm():
    model = Function(lambda x: torch.fft.fft(x.mean((2, 3))).real)
    assert receptive_field(model, (1, 4, 8, 9)).sees_everything


def test_reordered_positions_are_refused():
    model = Function(lambda x: x[:, :, torch.tensor([2, 0, 1])])
    with pytest.raises(ValueError, match="positions are gathered by index"):
        receptive_field(model, (1, 1, 3, 9))


def test_a_reshape_across_rows_is_refused():
    model = Function(lambda x: x.reshape(1, 1, 6, 12))
    with pytest.raises(ValueError, match="cuts across positions"):
        receptive_field(model, (1, 1, 8, 9))


def test_a_forward_pass_that_looks_at_values_is_refused():
    model = Function(lambda x: x if x.sum() > 0 else -x)
    with pytest.raises(ValueError, match="Function looks at the values of a tensor"):
        receptive_field(model, (1, 1, 8, 9))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.stack([2 * step for step in x.unbind(2)], dim=2),
        lambda x: torch.cat([x[:, :, i : i + 1] for i in range(8)], dim=2),
        lambda x: torch.cat([x[:, :, :4], x[:, :, 4:]], dim=2),
    ],
)
def test_a_map_put_together_from_pieces_is_refused(function):
    with pytest.raises(ValueError, match=r"put side by side|joined end to end"):
        receptive_field(Function(function), (1, 1, 8, 9))


@pytest.mark.parametrize("width", [1, 3])
def test_a_map_written_piece_by_piece_is_never_taken_for_another(width):
    def write(x):
        out = torch.zeros(1, 1, 9, 9)
        for i in range(0, 9, width):
            out[:, :, i : i + width] = x[:, :, i : i + width].flip(2)
        return out

    with pytest.raises(ValueError, match=r"written one by one|written over one by one"):
        receptive_field(Function(write), (1, 1, 9, 9))


def test_a_recurrent_layer_is_refused_as_its_steps_see_differently_much():
    class Recurrent(nn.Module):
        def __init__(self, kind):
            super().__init__()
            self.layer = kind(3, 4, batch_first=True)

        def forward(self, x):
            return self.layer(x.transpose(1, 2))[0]

    for kind in (nn.RNN, nn.GRU, nn.LSTM):
        with pytest.raises(ValueError, match=r"is not known, because of aten\.\w+ in layer:"):
            receptive_field(Recurrent(kind), (1, 3, 8))


def test_an_input_that_the_model_does_not_take_is_refused_with_its_size():
    with pytest.raises(ValueError, match=r"does not run on an input of size \(1, 3, 8, 9\)"):
        receptive_field(nn.Conv2d(4, 4, 3), (1, 3, 8, 9))


def test_lazy_layers_are_refused_and_stay_lazy():
    model = nn.Sequential(nn.LazyConv2d(4, 3))
    with pytest.raises(ValueError, match="the model has lazy layers without weights"):
        receptive_field(model, (1, 3, 8, 9))
    assert isinstance(model[0], nn.LazyConv2d)


def test_an_unknown_path_brings_near_names():
    model = nn.ModuleDict({"encoder": nn.Conv2d(1, 1, 3)})
    with pytest.raises(ValueError, match="no module 'encode'; near names are encoder"):
        receptive_field(model, (1, 1, 8, 9), "encode")


def test_a_module_that_does_not_run_is_refused():
    model = Function(lambda x, used, unused: used(x), nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3))
    with pytest.raises(ValueError, match=r"'layers\.1' does not run"):
        receptive_field(model, (1, 1, 8, 9), "layers.1")


def test_several_outputs_are_refused_unless_they_see_the_same():
    conv = nn.Conv2d(1, 1, 3)
    with pytest.raises(ValueError, match="returns 2 tensors with different fields"):
        receptive_field(Function(lambda x, conv: (x, conv(x)), conv), (1, 1, 8, 9))
    same = receptive_field(Function(lambda x, c: {"a": c(x), "b": c(x)}, conv), (1, 1, 8, 9))
    assert same.size == (3, 3)


@pytest.mark.parametrize("size", [(3, 8), (1, 1, 0, 9), (1, 1, 8.0, 9), (1, 1, 2, 2, 2, 2)])
def test_an_input_size_without_batch_or_space_is_refused(size):
    with pytest.raises(ValueError, match="input_size must be a full shape of positive integers"):
        receptive_field(nn.Identity(), size)


def test_a_unit_needs_one_index_per_axis():
    with pytest.raises(ValueError, match=r"a unit needs 2 indices here, got \(3,\)"):
        receptive_field(nn.Identity(), (1, 1, 8, 9)).interval(3)


def test_indices_of_a_unit_are_in_the_order_of_the_output():
    conv = nn.Conv2d(1, 1, (1, 3), (2, 1))
    for arrange in (lambda y: y.mT, lambda y: y[:, 0].mT, lambda y: y.permute(0, 3, 1, 2)):
        field = receptive_field(Function(lambda x, c, f=arrange: f(c(x)), conv), (1, 1, 12, 9))
        assert field.size == (1, 3)
        assert field.interval(5, 2) == ((4, 4), (5, 7))  # column 5 of row 2
        assert field.central_unit == (3, 3)
    field = receptive_field(Function(lambda x, c: c(x).permute(0, 2, 3, 1), conv), (1, 1, 12, 9))
    assert field.interval(2, 5) == ((4, 4), (5, 7))


def test_resizing_thrice_by_an_odd_factor_is_refused_at_once_with_its_period():
    resize = nn.Upsample(scale_factor=0.709, mode="bilinear")
    start = time.process_time()
    with pytest.raises(ValueError, match="repeat what they see only every 502,681 positions"):
        receptive_field(nn.Sequential(resize, resize, resize), (1, 1, 64, 64))
    assert time.process_time() - start < 10  # 0.1 s; listing all positions takes minutes
    assert receptive_field(resize, (1, 1, 64, 64)).stride == (Fraction(1000, 709),) * 2


@pytest.mark.parametrize(
    "model",
    [
        nn.Conv2d(3, 1, 3),
        Function(lambda x, conv: conv(x * 2), nn.Conv2d(3, 1, 3)),
        nn.MaxPool2d(2),
        nn.AdaptiveAvgPool2d(2),
        nn.ConvTranspose2d(3, 1, 3),
        Function(lambda x, conv: F.conv2d(x, conv.weight), nn.Conv2d(3, 1, 3)),
    ],
)
def test_an_image_without_a_batch_is_refused(model):
    with pytest.raises(ValueError, match=r"batch in front, such as \(1, 3, 8, 9\)"):
        receptive_field(model, (3, 8, 9))


def test_a_sequence_may_be_looked_at_as_an_image():
    model = Function(lambda x, conv: conv(x[:, None])[:, 0], nn.Conv2d(1, 1, (1, 7)))
    assert receptive_field(model, (2, 4, 50)).size == (7,)


def test_images_may_be_taken_from_the_batch_one_by_one():
    model = Function(lambda x, conv: torch.stack([conv(image) for image in x]), nn.Conv2d(3, 1, 3))
    assert receptive_field(model, (2, 3, 8, 9)).size == (3, 3)


def test_numpy_is_followed_for_constants_only():
    model = Function(lambda x: x * float(torch.ones(2).numpy().sum()))
    assert receptive_field(model, (1, 1, 8, 9)).size == (1, 1)
    for function in (lambda x: torch.from_numpy(x.numpy()), lambda x: np.asarray(x)):
        with pytest.raises(ValueError, match="hands a tensor to NumPy"):
            receptive_field(Function(function), (1, 1, 8, 9))


def test_a_second_input_that_is_missing_is_asked_for():
    class Pair(nn.Module):
        def forward(self, x, y):
            return x + y

    with pytest.raises(ValueError, match="'y'; for several inputs, input_size is a list"):
        receptive_field(Pair(), (1, 1, 8, 9))


# The model is left as it was found


class Merging(nn.Module):
    """Adds a low-rank update to its weight in eval mode, and takes it out in training mode."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.update = nn.Parameter(torch.randn(2, 1, 3, 3))
        self.merged = False

    def train(self, mode=True):
        if mode == self.merged:
            self.conv.weight.data += (1 if self.merged is False else -1) * self.update.data
            self.merged = not self.merged
        return super().train(mode)

    def forward(self, x):
        update = 0 if self.merged else F.conv2d(x, self.update)
        return self.conv(x) + update


class Renormalizing(nn.Conv2d):
    """Limits its weight in every forward pass."""

    def forward(self, x):
        self.weight.data = torch.renorm(self.weight.data, 2, 0, 0.1)
        return super().forward(x)


class Initializing(nn.Module):
    """Takes its shift from the first batch."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.shift = nn.Parameter(torch.zeros(1, 2, 1, 1))
        self.register_buffer("started", torch.tensor(False))

    def forward(self, x):
        y = self.conv(x)
        if not self.started:
            self.shift.data.copy_(-y.mean((0, 2, 3), keepdim=True))
            self.started.fill_(True)
        return y + self.shift


class Steerable(nn.Module):
    """Builds its filter when it is put in eval mode."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(2, 1, 4))
        self.register_buffer("basis", torch.randn(4, 3, 3))
        self.register_buffer("filter", torch.zeros(2, 1, 3, 3))

    def train(self, mode=True):
        if not mode:
            self.filter = torch.einsum("oib,bhw->oihw", self.weight, self.basis).detach()
        return super().train(mode)

    def forward(self, x):
        return F.conv2d(x, self.filter)


@pytest.mark.parametrize("build", [Merging, Renormalizing, Initializing, Steerable])
@pytest.mark.parametrize(
    "measure",
    [
        lambda model, x: receptive_field(model, x.shape),
        lambda model, x: receptive_field_trace(model, x.shape),
        lambda model, x: effective_receptive_field(model, x.shape, inputs=1, seeds=[0]),
        lambda model, x: measured_receptive_field(model, x.shape, inputs=1, seeds=[0]),
        lambda model, x: equivariance_error(model, x, (1, 0), (1, 0)),
        lambda model, x: equivariance_error(model.forward, x, (1, 0), (1, 0)),
        lambda model, x: count_macs(model, x.shape),
        lambda model, x: summarize(model, x.shape, "cpu"),
    ],
)
def test_a_module_that_changes_itself_is_left_as_it_was_found(build, measure):
    model = build(*([1, 2, 3] if build is Renormalizing else []))
    state = {name: value.clone() for name, value in model.state_dict().items()}
    attributes = {name: value for name, value in vars(model).items() if name[0] != "_"}
    x = torch.randn(1, 1, 8, 9)
    # What starts from values cannot run without them: counting refuses.
    with suppress(ValueError) if build is Initializing else nullcontext():
        measure(model, x)
    assert {name: value for name, value in vars(model).items() if name[0] != "_"} == attributes
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, state[name], rtol=0, atol=0)


def test_a_filter_that_eval_builds_is_measured():
    found = measured_receptive_field(Steerable(), (1, 1, 8, 9), inputs=1)
    assert found.size == (3, 3)


class Busy(nn.Module):
    """Keeps count, keeps its activations and renormalises a weight in every forward pass."""

    def __init__(self, fails=False):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.norm = nn.BatchNorm2d(2)
        self.drop = nn.Dropout(0.5)
        self.register_buffer("calls", torch.zeros(()))
        self.kept = []
        self.fails = fails

    def forward(self, x):
        self.calls += 1
        self.conv.weight.data.clamp_(max=0.01)
        self.last = self.conv(x)
        self.kept.append(self.last)
        torch.rand(3)
        if self.fails:
            raise RuntimeError("it broke")
        return self.drop(self.norm(self.last))


@pytest.mark.parametrize("fails", [False, True])
def test_the_model_is_left_as_it_was_found(fails):
    model = Busy(fails)
    model.norm.eval()
    model.conv.weight.grad = torch.ones_like(model.conv.weight)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    attributes = {name: set(module.__dict__) for name, module in model.named_modules()}
    random_state, python_state = torch.get_rng_state(), random.getstate()
    if fails:
        with pytest.raises(
            ValueError, match=r"not run on an input of size \(1, 1, 8, 9\): it broke"
        ):
            receptive_field(model, (1, 1, 8, 9))
    else:
        receptive_field(model, (1, 1, 8, 9))
    assert [m.training for m in model.modules()] == [True, True, False, True]
    assert {n: set(m.__dict__) for n, m in model.named_modules()} == attributes
    assert model.kept == []
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, state[name], rtol=0, atol=0)
    assert torch.equal(model.conv.weight.grad, torch.ones_like(model.conv.weight))
    assert torch.equal(torch.get_rng_state(), random_state)
    assert random.getstate() == python_state
    hooks = torch.nn.modules.module
    assert not hooks._global_forward_hooks
    assert not hooks._global_forward_pre_hooks
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_a_model_on_the_meta_device_gives_the_same():
    def build():
        return nn.Sequential(nn.Conv2d(1, 2, 3, 2), nn.BatchNorm2d(2), nn.MaxPool2d(2))

    with torch.device("meta"):
        meta = build()
    assert receptive_field(meta, (1, 1, 20, 21)) == receptive_field(build(), (1, 1, 20, 21))


def test_a_module_called_twice_is_measured_at_its_last_call():
    conv = nn.Conv2d(1, 1, 3)
    field = receptive_field(nn.Sequential(conv, conv), (1, 1, 12, 13), "0")
    assert field.size == (5, 5)


# Layer by layer


@pytest.fixture
def trace():
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3, stride=2, padding=1),
        Function(lambda x, conv: x + F.max_pool2d(conv(x), 3, 1, 1), nn.Conv2d(2, 2, 3, padding=1)),
        nn.AdaptiveAvgPool2d(1),
    )
    return receptive_field_trace(model, (1, 1, 20, 22))


def test_a_trace_has_a_row_per_layer_and_one_where_a_function_widens_the_field(trace):
    assert [(row.path, row.kind) for row in trace.rows] == [
        ("0", "Conv2d"),
        ("1.layers.0", "Conv2d"),
        ("1", "Function"),
        ("2", "AdaptiveAvgPool2d"),
    ]
    assert [row.field.size[0] for row in trace.rows] == [3, 7, 11, 20]
    assert trace.rows[0].output_size == (1, 2, 10, 11)


def test_a_trace_prints_as_a_table(trace):
    lines = str(trace).splitlines()
    assert lines[0].split() == ["layer", "kind", "output", "size", "stride", "padding"]
    assert "1 × 2 × 10 × 11" in lines[2]
    assert "everything, because of 2" in lines[-1]
    html = trace._repr_html_()
    assert html.count("<tr>") == 5
    assert "<td>11 × 11</td>" in html


def test_a_row_says_what_is_not_known():
    model = nn.Sequential(nn.Conv2d(1, 1, 3), Function(lambda x: x.cumsum(2)))
    rows = receptive_field_trace(model, (1, 1, 8, 9)).rows
    assert rows[0].field.size == (3, 3)
    assert rows[1].field is None
    assert "cumsum in 1" in rows[1].problem
    assert rows[1].problem in str(receptive_field_trace(model, (1, 1, 8, 9)))


def test_a_trace_draws_on_the_axes_it_is_given(trace):
    figure, ax = plt.subplots()
    assert trace.plot(ax) is ax
    heights = ax.lines[0].get_ydata()
    assert list(heights) == [3, 7, 11, 20]
    plt.close(figure)
