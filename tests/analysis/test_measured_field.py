"""Fields measured by gradients, where theory follows the network and where it refuses."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.ops import DeformConv2d

from cnncourse.analysis.receptive_field import (
    effective_receptive_field,
    measured_receptive_field,
    receptive_field,
)


class Function(nn.Module):
    """A module whose forward is the given function of its inputs and its own layers."""

    def __init__(self, function, *layers):
        super().__init__()
        self.function = function
        self.layers = nn.ModuleList(layers)

    def forward(self, *inputs):
        return self.function(*inputs, *self.layers)


@pytest.mark.parametrize("unit", [None, (4, 9)])
def test_where_theory_follows_both_agree(unit):
    model = nn.Sequential(
        nn.Conv2d(2, 3, 3, 2, padding=1), nn.Conv2d(3, 3, (3, 1), padding=(4, 0), dilation=4)
    )
    found = measured_receptive_field(model, (1, 2, 30, 34), unit=unit, inputs=1, seeds=[0])
    theory = receptive_field(model, (1, 2, 30, 34))
    assert found.unit == (unit or (7, 8))
    expected = theory.interval(*found.unit)
    assert found.interval == tuple((max(first, 0), last) for first, last in expected)
    assert found.size == tuple(last - first + 1 for first, last in found.interval)
    assert found.map.sum() == pytest.approx(1)


def upsampled(x):
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)


def unpooled(x):
    return F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2)


def deformable():
    """Sampling half a pixel below and two and a half to the right of the 3x3 window."""
    sampling = DeformConv2d(1, 1, 3, padding=1)

    def forward(x, conv):
        offset = torch.tensor([0.5, 2.5], device=x.device).repeat(9).view(1, 18, 1, 1)
        return conv(x, offset.expand(-1, -1, *x.shape[2:]).to(x))

    return Function(forward, sampling)


@pytest.mark.parametrize(
    ("model", "interval"),
    [
        # a skip beside 2x2 averages; position 16 of 31 steps lies between averages 7 and 8
        (Function(lambda x: x + upsampled(F.avg_pool2d(x, 2))), ((14, 17), (14, 17))),
        (Function(unpooled), ((16, 16), (16, 16))),
        (deformable(), ((15, 18), (17, 20))),
    ],
)
def test_what_theory_refuses_with_this_advice_is_measured(model, interval):
    with pytest.raises(ValueError, match="measured_receptive_field measures"):
        receptive_field(model, (1, 1, 32, 32))
    assert measured_receptive_field(model, (1, 1, 32, 32)).interval == interval


def test_one_of_several_inputs_is_asked_about():
    model = Function(
        lambda a, b, near, far: near(a) + far(b), nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 5, padding=1)
    )
    shapes = [(1, 1, 12, 13), (1, 1, 12, 13)]
    for which, size in ((0, (3, 3)), (1, (5, 5))):
        assert receptive_field(model, shapes, input=which).size == size
        assert measured_receptive_field(model, shapes, input=which, inputs=1).size == size
        assert effective_receptive_field(model, shapes, input=which, inputs=1).theoretical.size == (
            size
        )
    with pytest.raises(ValueError, match="input must be one of 0, 1, got 2"):
        receptive_field(model, shapes, input=2)


def test_inputs_have_the_names_of_their_keywords():
    class Fusion(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 1, 3)

        def forward(self, *, image, scale):
            return self.conv(image) * self.conv.weight.new_ones(len(scale)) * scale.sum()

    shapes = {"scale": torch.ones(1), "image": (1, 3, 8, 9)}
    assert receptive_field(Fusion(), shapes, input="image").size == (3, 3)
    assert measured_receptive_field(Fusion(), shapes, input="image", inputs=1).size == (3, 3)
    with pytest.raises(ValueError, match=r"\(N, C, D, H, W\), got \(1,\)"):
        receptive_field(Fusion(), shapes)
    with pytest.raises(ValueError, match="input must be one of scale, image, got 'picture'"):
        receptive_field(Fusion(), shapes, input="picture")


def under_no_grad(x, conv):
    with torch.no_grad():
        return conv(x)


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (Function(under_no_grad, nn.Conv2d(1, 1, 3)), {}, r"runs under torch\.no_grad\(\)"),
        (Function(lambda x: x.mean((2, 3))), {}, r"a shape of 4 sizes, got \(1, 1\)"),
        (Function(lambda x: (x, x)), {}, "a map like the input, got 2 tensors"),
        (Function(lambda x: x * 0), {}, r"central unit \(4, 4\) is zero"),
        (nn.Identity(), {"unit": (8, 0)}, r"unit must lie in a map of size \(8, 9\), got \(8, 0\)"),
        (nn.Identity(), {"unit": (1,)}, r"unit must lie in a map of size \(8, 9\), got \(1,\)"),
        (nn.Conv2d(2, 1, 3), {}, r"does not run on an input of size \(1, 1, 8, 9\)"),
    ],
)
def test_what_has_no_gradient_or_no_map_is_refused_in_one_sentence(model, options, message):
    with pytest.raises(ValueError, match=message) as caught:
        measured_receptive_field(model, (1, 1, 8, 9), inputs=1, **options)
    assert "\n" not in str(caught.value)


def test_whole_numbers_have_no_gradient():
    with pytest.raises(ValueError, match=r"floating-point input, got torch\.uint8"):
        measured_receptive_field(nn.Identity(), torch.zeros(1, 1, 8, 9, dtype=torch.uint8))
