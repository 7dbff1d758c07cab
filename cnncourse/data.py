"""Data sets that need no network, and three larger ones through torchvision.

Every function returns the same kind of thing: :class:`Images`, or a pair of them (train, test).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits, load_sample_image
from torch import Tensor
from torch.utils.data import Dataset

from cnncourse._home import home

CACHE = home() / ".cache" / "cnncourse"


@dataclass(frozen=True)
class Images(Dataset):
    """Images in memory with their labels; works wherever PyTorch wants a ``Dataset``.

    Shape:
        images  (N, C, H, W) float32 in [0, 1]
        labels  (N,) int64, an index into ``classes``
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.images[index], self.labels[index]

    def subset(self, indices: Tensor | slice) -> Images:
        """Return the images at ``indices``, with the same classes."""
        return Images(self.images[indices], self.labels[indices], self.classes)


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


def place(
    images: Tensor, canvas: int, position: tuple[int, int] | str = "center", seed: int = 0
) -> Tensor:
    """Put every image onto a black square canvas.

    Shape:
        images  (N, C, H, W)
        return  (N, C, canvas, canvas)

    Raises:
        ValueError: an image does not fit onto the canvas at that position.
    """
    count, channels, height, width = images.shape
    room = torch.tensor([canvas - height, canvas - width])
    if position == "random":
        generator = torch.Generator().manual_seed(seed)
        corners = (torch.rand(count, 2, generator=generator) * (room + 1)).long()
    elif position == "center":
        corners = (room // 2).expand(count, 2)
    elif isinstance(position, str):
        raise ValueError(f"position must be a pair, 'center' or 'random', got {position!r}")
    else:
        corners = torch.tensor(position).expand(count, 2)
    if (corners < 0).any() or (corners > room).any():
        raise ValueError(
            f"an image of {height}x{width} does not fit onto a canvas of {canvas}x{canvas} "
            f"at position {position!r}"
        )
    result = images.new_zeros(count, channels, canvas, canvas)
    for image, target, (row, column) in zip(images, result, corners.tolist(), strict=True):
        target[:, row : row + height, column : column + width] = image
    return result


def photographs(size: tuple[int, int] | None = None) -> Images:
    """Return scikit-learn's two colour photographs, "china" and "flower": (2, 3, 427, 640).

    Args:
        size: ``(H, W)`` to resize to (bilinear, antialiased).
    """
    classes = ("china", "flower")
    arrays = [load_sample_image(f"{name}.jpg") for name in classes]
    images = torch.stack([torch.tensor(array).permute(2, 0, 1) for array in arrays]).float() / 255
    if size is not None:
        images = F.interpolate(images, size=size, mode="bilinear", antialias=True).clamp(0, 1)
    return Images(images, torch.arange(len(classes)), classes)


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
            f"{name} could not be downloaded to {root} ({error}). Without a network, use the "
            "bundled cnncourse.data.digits() instead."
        ) from error
    return tuple(_from_torchvision(part) for part in parts)


def _from_torchvision(part: Dataset) -> Images:
    images = torch.as_tensor(part.data)
    # (N, H, W) grey, or (N, H, W, 3) colour, both as bytes
    images = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2)
    labels = torch.as_tensor(part.targets, dtype=torch.int64)
    return Images(images.float() / 255, labels, tuple(part.classes))
