"""Augmentation: other images with the same label, drawn anew for every image of a batch.

torchvision's ``transforms.v2`` has all of these, made for one image at a time: called on a batch,
they draw once, and all its images turn by the same angle. Here every image has draws of its own,
on any device, from a CPU generator that can be seeded (``None``: PyTorch's global one).

Which of them keep the label is a question about the data: a flipped cat is a cat, a flipped 2 is no
digit, and a 6 turned by half a circle is a 9.

Shape, everywhere:
    images  (N, C, H, W)
    return  the same; `mixup` and `cutmix` return labels, too
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from cnncourse.shapes import check_int


def shift(images: Tensor, pixels: int, generator: Generator | None = None) -> Tensor:
    """Move each image by up to ``pixels`` whole pixels, down or up, right or left.

    What moves in is zero. It is the random crop of a padded image (He et al., arXiv:1512.03385,
    section 4.2).
    """
    check_int(pixels, "pixels", 0)
    count, _, height, width = images.shape
    padded = F.pad(images, (pixels, pixels, pixels, pixels))
    tops, lefts = torch.randint(0, 2 * pixels + 1, (2, count), generator=generator).tolist()
    crops = [
        image[:, top : top + height, left : left + width]
        for image, top, left in zip(padded, tops, lefts, strict=True)
    ]
    return torch.stack(crops)


def rotate(images: Tensor, degrees: float, generator: Generator | None = None) -> Tensor:
    """Turn each image about its centre by up to ``degrees``, counterclockwise or clockwise.

    Bilinear; corners that nothing turns into are zero.
    """
    angles = torch.deg2rad(_uniform(images, -degrees, degrees, generator))
    return _resample(images, angles.cos(), angles.sin())


def scale(images: Tensor, factor: float, generator: Generator | None = None) -> Tensor:
    """Magnify each image about its centre by between ``1/factor`` and ``factor``.

    The logarithm of the magnification is uniform: twice as large is as likely as half as large.
    Bilinear, without antialiasing; what an image that shrinks leaves free is zero.

    Raises:
        ValueError: ``factor`` is below 1.
    """
    if factor < 1:
        raise ValueError(f"factor must be at least 1, got {factor}")
    exponents = _uniform(images, -1, 1, generator)
    magnification = factor**exponents
    return _resample(images, 1 / magnification, torch.zeros_like(magnification))


def flip(images: Tensor, p: float = 0.5, generator: Generator | None = None) -> Tensor:
    """Mirror each image, left to right, with probability ``p``."""
    mirrored = _uniform(images, 0, 1, generator) < p
    return torch.where(mirrored[:, None, None, None], images.flip(-1), images)


def cutout(images: Tensor, size: int, generator: Generator | None = None) -> Tensor:
    """Set a square of ``size`` pixels to zero in each image.

    Its centre is any pixel, so a part of it may lie outside (DeVries and Taylor, arXiv:1708.04552,
    section 3.2).
    """
    check_int(size, "size", 0)
    sides = torch.full((len(images),), size, device=images.device)
    return images.masked_fill(_boxes(images, sides, sides, generator), 0)


def mixup(
    images: Tensor,
    labels: Tensor,
    num_classes: int,
    alpha: float = 0.2,
    generator: Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Average each image with another of the batch, and their labels with the same weights.

    An image counts with the share lambda ~ Beta(alpha, alpha), its partner with 1 - lambda; with
    ``alpha`` 0 lambda is 1 (Zhang et al., arXiv:1710.09412, section 2).

    Shape:
        labels  (N,) class indices
        return  (N, C, H, W), (N, num_classes) probabilities, for ``F.cross_entropy``
    """
    share = _beta(images, alpha, generator)[:, None]  # (N, 1)
    partner = torch.randperm(len(images), generator=generator).to(images.device)
    targets = F.one_hot(labels, num_classes).to(images.dtype)
    mixed = share[..., None, None] * images + (1 - share[..., None, None]) * images[partner]
    return mixed, share * targets + (1 - share) * targets[partner]


def cutmix(
    images: Tensor,
    labels: Tensor,
    num_classes: int,
    alpha: float = 1.0,
    generator: Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Paste a box of another image of the batch into each one, and mix the labels by area.

    The box has the shape of the image and the share 1 - lambda of its area, with lambda ~
    Beta(alpha, alpha). Its centre is any pixel; the labels count the pixels that it does cover
    (Yun et al., arXiv:1905.04899, section 3.1). With ``alpha`` 0 nothing is pasted.

    Shape:
        labels  (N,) class indices
        return  (N, C, H, W), (N, num_classes) probabilities, for ``F.cross_entropy``
    """
    side = (1 - _beta(images, alpha, generator)).sqrt()
    partner = torch.randperm(len(images), generator=generator).to(images.device)
    height, width = images.shape[2:]
    box = _boxes(images, (side * height).long(), (side * width).long(), generator)
    share = 1 - box.to(images.dtype).mean((1, 2, 3))[:, None]  # (N, 1), of the image's own pixels
    targets = F.one_hot(labels, num_classes).to(images.dtype)
    mixed = torch.where(box, images[partner], images)
    return mixed, share * targets + (1 - share) * targets[partner]


def _uniform(images: Tensor, low: float, high: float, generator: Generator | None) -> Tensor:
    """Draw one number for each image, on its device."""
    drawn = torch.rand(len(images), generator=generator, dtype=torch.float64)
    return (low + (high - low) * drawn).to(images.device, images.dtype)


def _beta(images: Tensor, alpha: float, generator: Generator | None) -> Tensor:
    """Draw Beta(alpha, alpha) for each image, 1 where ``alpha`` is 0: the limit of no mixing."""
    if alpha < 0:
        raise ValueError(f"alpha must not be negative, got {alpha}")
    if alpha == 0:
        return images.new_ones(len(images))
    seed = torch.randint(2**63 - 1, (), generator=generator).item()
    drawn = np.random.default_rng(seed).beta(alpha, alpha, len(images))
    return torch.as_tensor(drawn).to(images.device, images.dtype)


def _boxes(images: Tensor, heights: Tensor, widths: Tensor, generator: Generator | None) -> Tensor:
    """Return where each image's box lies, (N, 1, H, W) of bools, its centre at any pixel."""
    inside = []
    for length, sides in zip(images.shape[2:], (heights, widths), strict=True):
        centres = torch.randint(length, (len(images),), generator=generator).to(images.device)
        first = (centres - sides // 2)[:, None]
        places = torch.arange(length, device=images.device)
        inside.append((first <= places) & (places < first + sides[:, None]))
    rows, columns = inside  # (N, H), (N, W)
    return rows[:, None, :, None] & columns[:, None, None, :]


def _resample(images: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Take the value at (x, y) from (a x - b y, b x + a y): pixels, from the centre, y down.

    PyTorch measures places in halves of the width and the height.
    """
    height, width = images.shape[2:]
    zero = torch.zeros_like(a)
    to_x = torch.stack([a, -b * height / width, zero], dim=1)
    to_y = torch.stack([b * width / height, a, zero], dim=1)
    places = F.affine_grid(
        torch.stack([to_x, to_y], dim=1), list(images.shape), align_corners=False
    )
    return F.grid_sample(images, places, align_corners=False)
