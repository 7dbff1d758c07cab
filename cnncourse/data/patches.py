"""Small grey patches: three textures, and faces against what is none."""

from __future__ import annotations

import torch
from sklearn.model_selection import train_test_split
from torch import Tensor

from cnncourse._packages import needed
from cnncourse.data.images import Images
from cnncourse.shapes import check_int


def textures(size: int = 32) -> tuple[Images, Images]:
    """Return patches of brick, grass and gravel as (train, test): (N, 1, size, size).

    Tiles of three photographs of 512x512, without overlap: those of the upper 384 rows train, those
    of the lower 128 rows test, so that no pixel is in both. For ``size=32`` these are 576 and 192.

    From scikit-image, all three CC0: brick and gravel by CC0Textures, grass by linolafett.

    Raises:
        ModuleNotFoundError: the package scikit-image is missing.
        TypeError, ValueError: ``size`` is no integer from 1 to 128.
    """
    if check_int(size, "size", 1) > 128:
        raise ValueError(f"size must be at most 128, the height of the test region, got {size}")
    classes = ("brick", "grass", "gravel")
    skimage = needed("skimage.data", "scikit-image")
    photos = torch.stack([torch.tensor(getattr(skimage, name)()) for name in classes])
    photos = photos[:, None].float() / 255  # (3, 1, 512, 512)
    return _tiles(photos[:, :, :384], size, classes), _tiles(photos[:, :, 384:], size, classes)


def _tiles(regions: Tensor, size: int, classes: tuple[str, ...]) -> Images:
    """Cut one region of each class, (classes, 1, H, W), into tiles, and shuffle them."""
    tiles = regions.unfold(2, size, size).unfold(3, size, size)  # (…, rows, columns, size, size)
    per_class = tiles.shape[2] * tiles.shape[3]
    labels = torch.arange(len(classes)).repeat_interleave(per_class)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    return Images(tiles.reshape(-1, 1, size, size)[order], labels[order], classes)


def faces() -> tuple[Images, Images]:
    """Return 200 patches of 25x25, half of them faces, as (train, test): 150 and 50 images.

    The split is fixed. scikit-image ships them: faces from the data set Labeled Faces in the Wild
    (G. Huang et al. 2007, collected from news photographs; no licence is stated), and patches from
    the background of the same photographs.

    Raises:
        ModuleNotFoundError: the package scikit-image is missing.
    """
    pixels = needed("skimage.data", "scikit-image").lfw_subset()  # (200, 25, 25), faces first
    labels = torch.tensor([1] * 100 + [0] * 100)
    both = Images(torch.tensor(pixels).float()[:, None], labels, ("no face", "face"))
    train, test = train_test_split(torch.arange(200), test_size=50, stratify=labels, random_state=0)
    return both.subset(train), both.subset(test)
