"""Photographs with names."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_sample_image
from torch import Tensor

from cnncourse._packages import needed
from cnncourse.data.images import Images
from cnncourse.shapes import check_int

ACCEPTED = {
    # picture: the ImageNet classes that a person would accept, if there are any
    "cat": ("tabby", "tiger cat", "Egyptian cat"),
    "coffee": ("espresso", "cup", "coffee mug"),
    "rocket": ("missile", "projectile"),
    "astronaut": ("space shuttle",),  # behind her; ImageNet has no astronaut
    "china": ("palace", "monastery"),
    "flower": (),  # a dahlia; ImageNet's only flowers are a daisy and an orchid
}


def photographs(size: tuple[int, int] | None = None) -> Images:
    """Return scikit-learn's two colour photographs, "china" and "flower": (2, 3, 427, 640).

    Their photographers, danielbuechele and vultilion, publish them under CC BY 2.0.

    Args:
        size: ``(H, W)`` to resize to (bilinear, antialiased).
    """
    classes = ("china", "flower")
    arrays = [load_sample_image(f"{name}.jpg") for name in classes]
    images = torch.stack([_to_tensor(array) for array in arrays])
    if size is not None:
        images = F.interpolate(images, size=size, mode="bilinear", antialias=True).clamp(0, 1)
    return Images(images, torch.arange(len(classes)), classes)


def pictures(size: int = 224) -> Images:
    """Return six colour photographs: (6, 3, size, size), in the order of ``ACCEPTED``.

    The largest square in the middle of each, resized (bilinear, antialiased). Their classes are
    their names; ``ACCEPTED[name]`` lists what a network trained on ImageNet may answer.

    From scikit-image: "cat" (photographed by Stefan van der Walt) and "coffee" (Rachel Michetti),
    both CC0; "rocket" (SpaceX) and "astronaut" (NASA), both in the public domain. From
    scikit-learn: "china" and "flower", CC BY 2.0, as in `photographs`.

    Raises:
        ModuleNotFoundError: the package scikit-image is missing.
        TypeError, ValueError: ``size`` is no integer of at least 1.
    """
    check_int(size, "size", 1)
    skimage = needed("skimage.data", "scikit-image")
    arrays = {
        "cat": skimage.chelsea(),  # (300, 451, 3)
        "coffee": skimage.coffee(),  # (400, 600, 3)
        "rocket": skimage.rocket(),  # (427, 640, 3)
        "astronaut": skimage.astronaut(),  # (512, 512, 3)
        "china": load_sample_image("china.jpg"),  # (427, 640, 3)
        "flower": load_sample_image("flower.jpg"),  # (427, 640, 3)
    }
    images = torch.cat([_square(_to_tensor(arrays[name]), size) for name in ACCEPTED])
    return Images(images, torch.arange(len(ACCEPTED)), tuple(ACCEPTED))


def _to_tensor(array: np.ndarray) -> Tensor:
    """Return bytes of shape (H, W, 3) as (3, H, W) in [0, 1]."""
    return torch.tensor(array).permute(2, 0, 1).float() / 255


def _square(image: Tensor, size: int) -> Tensor:
    """Cut the largest square from the middle of (C, H, W) and resize it to (1, C, size, size)."""
    _, height, width = image.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = image[None, :, top : top + side, left : left + side]
    return F.interpolate(square, size=(size, size), mode="bilinear", antialias=True).clamp(0, 1)
