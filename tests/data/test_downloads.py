"""Data sets that need a network say so in one sentence, and become ``Images`` too."""

import re

import pytest
import torch

from cnncourse import data


@pytest.mark.parametrize(
    ("load", "name"),
    [
        (data.mnist, "MNIST"),
        (data.fashion_mnist, "FashionMNIST"),
        (data.cifar10, "CIFAR10"),
    ],
)
def test_without_a_network_the_bundled_alternatives_are_named(load, name, tmp_path, monkeypatch):
    def unreachable(*args, **kwargs):
        raise OSError("network is unreachable")

    monkeypatch.setattr(f"torchvision.datasets.{name}.__init__", unreachable)
    with pytest.raises(ConnectionError, match=r"use what cnncourse\.data brings along") as error:
        load(tmp_path)
    named = re.findall(r"(\w+)\(\)", str(error.value))
    assert "mnist_small" in named
    for bundled in named:
        assert len(getattr(data, bundled)()) == 2  # each is there without a network


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
