"""Textures and faces: what trains is nowhere in what tests."""

import numpy as np
import pytest
import skimage.data
import torch

from cnncourse import data


def test_textures_are_grey_patches_of_three_surfaces():
    train, test = data.textures()
    assert train.images.shape == (576, 1, 32, 32)
    assert test.images.shape == (192, 1, 32, 32)
    assert train.classes == test.classes == ("brick", "grass", "gravel")
    assert train.labels.bincount().tolist() == [192] * 3
    assert test.labels.bincount().tolist() == [64] * 3
    assert train.labels[:50].unique().tolist() == [0, 1, 2]  # shuffled


def test_texture_patches_tile_their_photographs():
    train, test = data.textures(64)
    for label, name in enumerate(train.classes):
        photo = torch.tensor(getattr(skimage.data, name)()).long()
        for part, region in [(train, photo[:384]), (test, photo[384:])]:
            patches = (part.images[part.labels == label] * 255).round().long()
            assert patches.sum() == region.sum()
            tile = region[64:128, 128:192]
            assert (patches[:, 0] == tile).all((1, 2)).sum() == 1


@pytest.mark.parametrize("size", [5, 32, 50, 128])
def test_no_training_patch_of_a_texture_touches_the_region_of_the_test_patches(size, monkeypatch):
    rows = np.arange(512)[:, None].repeat(512, axis=1)
    for name in ("brick", "grass", "gravel"):  # every pixel tells its row, halved to fit a byte
        monkeypatch.setattr(skimage.data, name, lambda: (rows // 2).astype(np.uint8))
    train, test = ((part.images * 255).round() for part in data.textures(size))
    assert train.max() < 384 / 2 <= test.min()


def test_texture_patches_larger_than_the_test_region_are_refused():
    with pytest.raises(ValueError, match=r"size must be at most 128, .* got 129"):
        data.textures(129)


def test_faces_are_half_of_200_small_patches():
    train, test = data.faces()
    assert train.images.shape == (150, 1, 25, 25)
    assert test.images.shape == (50, 1, 25, 25)
    assert train.images.dtype == torch.float32
    assert train.labels.bincount().tolist() == [75, 75]
    assert test.labels.bincount().tolist() == [25, 25]
    everything = torch.cat([train.images, test.images]).flatten(1)
    assert len(everything.unique(dim=0)) == 200
    assert everything.min() >= 0
    assert everything.max() <= 1


def test_a_face_is_labelled_as_one():
    pixels = torch.tensor(skimage.data.lfw_subset()).float()
    for part in data.faces():
        for label, originals in [(1, pixels[:100]), (0, pixels[100:])]:
            patches = part.images[part.labels == label, 0].flatten(1)
            assert torch.cdist(patches, originals.flatten(1)).amin(1).max() < 0.1


def test_the_split_of_faces_is_the_same_everywhere():
    assert data.faces()[0].labels[:10].tolist() == [1, 0, 0, 1, 1, 0, 0, 0, 1, 1]
