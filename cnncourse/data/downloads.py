"""Three larger data sets through torchvision, downloaded once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch.utils.data import Dataset

from cnncourse._home import home
from cnncourse.data.images import Images

CACHE = home() / ".cache" / "cnncourse"


def mnist(root: str | Path = CACHE) -> tuple[Images, Images]:
    """Return MNIST as (train, test): 60,000 and 10,000 grey images of 28x28, downloaded once."""
    from torchvision.datasets import MNIST

    return _through_torchvision("MNIST", MNIST, root)


def fashion_mnist(root: str | Path = CACHE) -> tuple[Images, Images]:
    """Return Fashion-MNIST as (train, test): 60,000 and 10,000 grey images, downloaded once."""
    from torchvision.datasets import FashionMNIST

    return _through_torchvision("Fashion-MNIST", FashionMNIST, root)


def cifar10(root: str | Path = CACHE) -> tuple[Images, Images]:
    """Return CIFAR-10 as (train, test): 50,000 and 10,000 colour images, downloaded once."""
    from torchvision.datasets import CIFAR10

    return _through_torchvision("CIFAR-10", CIFAR10, root)


def _through_torchvision(
    name: str, dataset: Callable[..., Dataset], root: str | Path
) -> tuple[Images, Images]:
    """Download (torchvision shows progress and verifies checksums) and convert to ``Images``."""
    try:
        parts = [dataset(str(root), train=train, download=True) for train in (True, False)]
    except (OSError, RuntimeError) as error:  # what torchvision raises without a network
        raise ConnectionError(
            f"{name} could not be downloaded to {root} ({error}). Without a network, use what "
            "cnncourse.data brings along instead: digits(), mnist_small(), textures() or faces()."
        ) from error
    return tuple(_from_torchvision(part) for part in parts)


def _from_torchvision(part: Dataset) -> Images:
    images = torch.as_tensor(part.data)
    # (N, H, W) grey, or (N, H, W, 3) colour, both as bytes
    images = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2)
    labels = torch.as_tensor(part.targets, dtype=torch.int64)
    return Images(images.float() / 255, labels, tuple(part.classes))
