"""Small images on a larger canvas."""

from __future__ import annotations

import torch
from torch import Tensor


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
