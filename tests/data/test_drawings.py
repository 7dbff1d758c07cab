"""Drawn scenes: every pixel has its class, and a seed its scenes."""

import math

import pytest
import torch

from cnncourse import data
from cnncourse.data.drawings import _inside


def test_scenes_have_a_class_for_every_pixel():
    scenes = data.scenes(40, size=48)
    assert scenes.images.shape == (40, 3, 48, 48)
    assert scenes.images.dtype == torch.float32
    assert scenes.labels.shape == (40, 48, 48)
    assert scenes.labels.dtype == torch.int64
    assert scenes.classes == ("background", "disc", "triangle", "square")
    share = scenes.labels.flatten().bincount() / scenes.labels.numel()
    assert share[0] < 0.8
    assert (share[1:] > 0.03).all()
    image, label = scenes[3]
    assert image.shape == (3, 48, 48)
    assert label.shape == (48, 48)


def test_a_seed_decides_the_scenes_and_a_longer_set_begins_with_them():
    few, many, others = data.scenes(5), data.scenes(9), data.scenes(5, seed=1)
    assert torch.equal(few.images, many.images[:5])
    assert torch.equal(few.labels, many.labels[:5])
    assert not torch.equal(few.labels, others.labels)


def test_colours_change_where_classes_do():
    scenes = data.scenes(50)
    step = (scenes.images[..., 1:] - scenes.images[..., :-1]).abs().mean(1)
    same = scenes.labels[..., 1:] == scenes.labels[..., :-1]
    assert step[~same].mean() > 3 * step[same].mean()


def test_colour_does_not_tell_the_class():
    scenes = data.scenes(400, size=32)
    pixels = scenes.images.permute(0, 2, 3, 1)
    means = torch.stack([pixels[scenes.labels == label].mean(0) for label in range(4)])
    assert (means - 0.5).abs().max() < 0.05  # the spread of a colour is 0.29


@pytest.mark.parametrize(
    ("corners", "area"), [(None, math.pi), (3, 3 * math.sqrt(3) / 4), (4, 2.0)]
)
@pytest.mark.parametrize("angle", [0, 0.3, 2])
def test_shapes_have_the_area_of_a_regular_polygon(corners, area, angle):
    shape = _inside(200, center=(90.3, 105.6), radius=70, angle=angle, corners=corners)
    assert shape.sum() == pytest.approx(area * 70**2, rel=0.01)
    rows, columns = shape.nonzero().double().T
    assert rows.mean() == pytest.approx(90.3, abs=0.5)
    assert columns.mean() == pytest.approx(105.6, abs=0.5)


def test_no_scenes_and_tiny_scenes_are_refused():
    with pytest.raises(ValueError, match="count must be at least 1, got 0"):
        data.scenes(0)
    with pytest.raises(ValueError, match="size must be at least 16, got 8"):
        data.scenes(3, size=8)
