"""How far the regions that a network draws agree with the true ones.

All scores come from one table of counts, so that they can be added up over images first.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.shapes import check_int


def confusion(predicted: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """Count the pixels of every pair of a true and a predicted class.

    Shape:
        predicted, labels  int64, of one shape; every value a class from 0 on
        return             (num_classes, num_classes), a row for each true class

    Raises:
        ValueError, TypeError: the shapes differ, or a value is no class.
    """
    check_int(num_classes, "num_classes", 1)
    if predicted.shape != labels.shape:
        raise ValueError(
            f"predicted and labels must have one shape, got {tuple(predicted.shape)} and "
            f"{tuple(labels.shape)}"
        )
    for name, values in (("predicted", predicted), ("labels", labels)):
        if values.is_floating_point():
            raise TypeError(f"{name} must hold classes, integers, got {values.dtype}")
        if values.numel() and not 0 <= values.min() <= values.max() < num_classes:
            raise ValueError(
                f"{name} must hold classes from 0 to {num_classes - 1}, got values from "
                f"{values.min()} to {values.max()}"
            )
    pairs = num_classes * labels.flatten() + predicted.flatten()
    return torch.bincount(pairs, minlength=num_classes**2).view(num_classes, num_classes)


def iou(counts: Tensor) -> Tensor:
    """Return intersection over union of each class; NaN where a class is neither true nor found.

    Shape:
        counts  (num_classes, num_classes), from `confusion`
        return  (num_classes,)
    """
    hits = counts.diagonal().double()
    return hits / (counts.sum(0) + counts.sum(1) - hits)


def dice(counts: Tensor) -> Tensor:
    """Return twice the intersection over the sum of both sizes, of each class; NaN as in `iou`.

    It is the F1 score of a class, and ``2 * iou / (1 + iou)``.

    Shape:
        counts  (num_classes, num_classes), from `confusion`
        return  (num_classes,)
    """
    return 2 * counts.diagonal().double() / (counts.sum(0) + counts.sum(1))


def borders(labels: Tensor, width: int = 1) -> Tensor:
    """Return where another class is at most ``width`` pixels away, diagonals included.

    Shape:
        labels  (N, H, W)
        return  (N, H, W), bool

    Raises:
        ValueError, TypeError: ``width`` is no integer of at least 1, or ``labels`` no such maps.
    """
    check_int(width, "width", 1)
    if labels.ndim != 3:
        raise ValueError(f"labels must be (N, H, W), got a shape of {tuple(labels.shape)}")
    values = labels.double()[:, None]
    window = {"kernel_size": 2 * width + 1, "stride": 1, "padding": width}
    highest, lowest = F.max_pool2d(values, **window), -F.max_pool2d(-values, **window)
    return (highest != lowest)[:, 0]
