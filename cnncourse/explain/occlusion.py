"""How much the score falls when a window of the image is covered."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor, nn

from cnncourse.explain._scores import (
    Target,
    broadcast,
    checked_images,
    copy_to_explain,
    one_for_each,
    target_scores,
)
from cnncourse.shapes import pair


def occlusion(
    model: nn.Module,
    x: Tensor,
    target: Target,
    *,
    size: int | tuple[int, int],
    stride: int | tuple[int, int] | None = None,
    fill: Tensor | float = 0.0,
) -> Tensor:
    """Return for every pixel the mean fall of the score over the windows that cover it.

    Windows of ``size`` begin at every multiple of ``stride`` (``size`` unless given) until one
    reaches the border, where it is cut off; ``fill`` takes their place in all channels. One forward
    pass for each window: a finite difference, no gradient (Zeiler and Fergus, arXiv:1311.2901).

    Shape:
        x       (N, C, H, W)
        target  one class, or N of them
        fill    a number, or a tensor that broadcasts to the shape of x
        return  (N, 1, H, W)

    Raises:
        TypeError, ValueError: as `saliency`; and a window is larger than the image, the stride
            larger than the window, or fill does not fit x.
    """
    x = checked_images(x)
    target = one_for_each(target, len(x))
    size = pair(size, "size", 1)
    stride = size if stride is None else pair(stride, "stride", 1)
    if any(window > side for window, side in zip(size, x.shape[2:], strict=True)):
        raise ValueError(f"size must be at most that of x, {tuple(x.shape[2:])}, got {size}")
    if any(step > window for step, window in zip(stride, size, strict=True)):
        raise ValueError(f"stride must be at most size, {size}, to cover all pixels, got {stride}")
    fill = broadcast(fill, x, "fill")
    with copy_to_explain(model) as twin, torch.no_grad():
        fall, times = torch.zeros_like(x[:, :1]), torch.zeros_like(x[:1, :1])
        whole = target_scores(twin, x.clone(), target)
        for rows, columns in product(*map(_windows, x.shape[2:], size, stride)):
            covered = x.clone()
            covered[:, :, rows, columns] = fill[:, :, rows, columns]
            drop = whole - target_scores(twin, covered, target)
            fall[:, :, rows, columns] += drop.to(x.dtype)[:, None, None, None]
            times[:, :, rows, columns] += 1
        return fall / times


def _windows(side: int, size: int, stride: int) -> list[slice]:
    count = -((size - side) // stride) + 1  # the first that reaches the end is the last
    return [slice(i * stride, i * stride + size) for i in range(count)]
