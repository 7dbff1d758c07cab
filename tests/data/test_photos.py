"""Photographs with their names, and what a network may call them."""

import pytest
import skimage.data
import torch
from torchvision.models import ResNet18_Weights

from cnncourse import data


def test_photographs_are_two_colour_images():
    photographs = data.photographs()
    assert photographs.images.shape == (2, 3, 427, 640)
    assert photographs.classes == ("china", "flower")
    assert 0.1 < photographs.images.mean() < 0.9
    assert data.photographs(size=(60, 90)).images.shape == (2, 3, 60, 90)


def test_pictures_are_six_named_squares_in_colour():
    pictures = data.pictures()
    assert pictures.images.shape == (6, 3, 224, 224)
    assert pictures.images.dtype == torch.float32
    assert pictures.classes == tuple(data.ACCEPTED)
    assert pictures.labels.tolist() == list(range(6))
    assert (pictures.images.mean((1, 2, 3)) > 0.1).all()
    assert pictures.images.max() <= 1
    assert data.pictures(size=65).images.shape == (6, 3, 65, 65)


def test_a_picture_is_the_middle_of_its_photograph():
    astronaut = torch.tensor(skimage.data.astronaut()).permute(2, 0, 1) / 255  # square already
    assert torch.equal(data.pictures(size=512).images[3], astronaut)
    cat = torch.tensor(skimage.data.chelsea()).permute(2, 0, 1) / 255  # (3, 300, 451)
    assert torch.equal(data.pictures(size=300).images[0], cat[:, :, 75:375])


def test_the_names_that_are_accepted_are_classes_of_imagenet():
    known = ResNet18_Weights.DEFAULT.meta["categories"]
    assert {name for names in data.ACCEPTED.values() for name in names} <= set(known)


@pytest.mark.parametrize("size", [0, 2.5])
def test_pictures_of_no_size_are_refused(size):
    with pytest.raises((TypeError, ValueError), match=f"^size must be .* got {size}"):
        data.pictures(size)
