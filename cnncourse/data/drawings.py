"""Drawn scenes in which the class of every pixel is known."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from cnncourse.data.images import Images
from cnncourse.shapes import check_int

CORNERS = {"disc": None, "triangle": 3, "square": 4}


def scenes(count: int, size: int = 64, seed: int = 0) -> Images:
    """Draw three to six overlapping shapes in front of a plain background, with noise.

    Position, radius, angle and colour are random and do not depend on the class, so only the
    outline tells it. What is drawn later covers what is there, and a shape may leave the image.
    Longer sets of one ``seed`` begin with the same scenes.

    Shape:
        images  (count, 3, size, size)
        labels  (count, size, size), 0 for the background; the class of what is seen at a pixel

    Raises:
        TypeError, ValueError: ``count`` or ``size`` is no integer of at least 1 and 16.
    """
    check_int(count, "count", 1)
    check_int(size, "size", 16)
    generator = torch.Generator().manual_seed(seed)
    images = torch.empty(count, 3, size, size)
    labels = torch.zeros(count, size, size, dtype=torch.int64)
    for image, classes in zip(images, labels, strict=True):  # (3, size, size), (size, size)
        image[:] = torch.rand(3, 1, 1, generator=generator)
        for _ in range(int(torch.randint(3, 7, (), generator=generator))):
            label = int(torch.randint(len(CORNERS), (), generator=generator))
            row, column, radius, angle = torch.rand(4, generator=generator).tolist()
            shape = _inside(
                size,
                center=(row * size, column * size),
                radius=size * (0.15 + 0.15 * radius),
                angle=2 * math.pi * angle,
                corners=list(CORNERS.values())[label],
            )
            classes[shape] = label + 1
            image[:, shape] = torch.rand(3, 1, generator=generator)
        image += 0.1 * torch.randn(image.shape, generator=generator)
    return Images(images.clamp(0, 1), labels, ("background", *CORNERS))


def _inside(
    size: int, center: tuple[float, float], radius: float, angle: float, corners: int | None
) -> Tensor:
    """Return where a regular polygon lies, (size, size); without corners, where its circle does."""
    y = torch.arange(size)[:, None] - center[0]
    x = torch.arange(size) - center[1]
    if corners is None:
        return y**2 + x**2 <= radius**2
    sides = [angle + 2 * math.pi * side / corners for side in range(corners)]  # where they face
    distances = torch.stack([y * math.sin(side) + x * math.cos(side) for side in sides])
    return distances.amax(0) <= radius * math.cos(math.pi / corners)
