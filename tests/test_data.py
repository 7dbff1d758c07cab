"""Bundled data sets are whole; those that need a network say so in one sentence."""

import pytest
import torch
from torch.utils.data import DataLoader

from cnncourse import data


def test_digits_are_1797_real_images_split_once_and_for_all():
    train, test = data.digits()
    assert train.images.shape == (1347, 1, 8, 8)
    assert test.images.shape == (450, 1, 8, 8)
    assert train.images.dtype == torch.float32
    assert train.labels.dtype == torch.int64
    assert train.images.min() == 0
    assert train.images.max() == 1
    assert train.classes == tuple("0123456789")
    again = data.digits(seed=7)[0]
    assert torch.equal(again.images, train.images)
    everything = torch.cat([train.images, test.images]).flatten(1)
    assert len(everything.unique(dim=0)) == 1797  # no image is in both parts


def test_every_digit_occurs_in_both_parts():
    for part in data.digits():
        assert part.labels.unique().tolist() == list(range(10))


def test_digits_can_be_resized():
    assert data.digits(size=20)[1].images.shape == (450, 1, 20, 20)


@pytest.mark.parametrize(("position", "corner"), [((2, 5), (2, 5)), ("center", (4, 4))])
def test_a_digit_is_placed_where_it_is_asked_to_be(position, corner):
    raw, placed = data.digits()[1].images, data.digits(canvas=16, position=position)[1].images
    row, column = corner
    assert torch.equal(placed[:, :, row : row + 8, column : column + 8], raw)
    assert torch.allclose(placed.sum((1, 2, 3)), raw.sum((1, 2, 3)))  # all else is black


def test_random_positions_reach_every_place_and_follow_the_seed():
    corner = torch.zeros(2000, 1, 1, 1) + 1
    placed = data.place(corner, 3, "random", seed=0)
    assert (placed.sum(0) > 150).all()  # 2000 / 9 = 222 expected at each of nine places
    assert torch.equal(placed, data.place(corner, 3, "random", seed=0))
    assert not torch.equal(placed, data.place(corner, 3, "random", seed=1))


@pytest.mark.parametrize("position", [(9, 0), (0, -1)])
def test_a_digit_that_does_not_fit_is_refused_with_both_sizes(position):
    with pytest.raises(ValueError, match=r"8x8 does not fit onto a canvas of 16x16 at position"):
        data.digits(canvas=16, position=position)


def test_a_canvas_smaller_than_the_digit_is_refused():
    with pytest.raises(ValueError, match="does not fit onto a canvas of 4x4"):
        data.digits(canvas=4)


def test_an_unknown_position_is_named():
    with pytest.raises(ValueError, match="got 'left'"):
        data.digits(canvas=16, position="left")


def test_photographs_are_two_colour_images():
    photographs = data.photographs()
    assert photographs.images.shape == (2, 3, 427, 640)
    assert photographs.classes == ("china", "flower")
    assert 0.1 < photographs.images.mean() < 0.9
    assert data.photographs(size=(60, 90)).images.shape == (2, 3, 60, 90)


def test_images_work_with_a_data_loader():
    images, labels = next(iter(DataLoader(data.digits()[0], batch_size=5)))
    assert images.shape == (5, 1, 8, 8)
    assert labels.shape == (5,)


@pytest.mark.parametrize(
    ("load", "name"),
    [
        (data.mnist, "MNIST"),
        (data.fashion_mnist, "FashionMNIST"),
        (data.cifar10, "CIFAR10"),
    ],
)
def test_without_a_network_the_bundled_alternative_is_named(load, name, tmp_path, monkeypatch):
    def unreachable(*args, **kwargs):
        raise OSError("network is unreachable")

    monkeypatch.setattr(f"torchvision.datasets.{name}.__init__", unreachable)
    with pytest.raises(ConnectionError, match=r"use the bundled cnncourse\.data\.digits\(\)"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("name", "load", "shape", "expected"),
    [
        ("MNIST", data.mnist, (7, 28, 28), (7, 1, 28, 28)),
        ("CIFAR10", data.cifar10, (7, 32, 32, 3), (7, 3, 32, 32)),
    ],
)
def test_torchvision_sets_become_the_same_kind_of_thing(
    monkeypatch, tmp_path, name, load, shape, expected
):
    pixels = torch.randint(256, shape, dtype=torch.uint8)

    def downloaded(self, root, train, download):
        assert download
        self.data = pixels if len(shape) == 3 else pixels.numpy()
        self.targets = list(range(7))
        self.classes = [f"class {i}" for i in range(7)]

    monkeypatch.setattr(f"torchvision.datasets.{name}.__init__", downloaded)
    train, test = load(tmp_path)
    assert train.images.shape == test.images.shape == expected
    assert train.images.max() <= 1
    assert train.labels.tolist() == list(range(7))
    last = pixels[3, 5, 6].float() / 255  # the pixel in row 5, column 6 of image 3
    assert torch.equal(train.images[3, :, 5, 6].squeeze(), last.squeeze())
