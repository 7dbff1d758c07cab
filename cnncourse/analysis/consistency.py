"""How often a classifier keeps its answer when the image moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from cnncourse.analysis.translation import evaluating, translate


@dataclass(frozen=True)
class Consistency:
    """A share of equal answers, between 0 and 1, with its standard error over the images."""

    mean: float
    standard_error: float


def shift_consistency(
    classifier: Callable[[Tensor], Tensor],
    images: Tensor,
    max_shift: int,
    mode: str = "circular",
    pairs: int = 5,
    batch_size: int = 256,
    seed: int = 0,
) -> Consistency:
    """Measure how often two random shifts of one image get the same top class.

    Zhang, "Making convolutional networks shift-invariant again" (arXiv:1904.11486, section 4).
    For every image ``pairs`` pairs of shifts are drawn, independently and uniformly from
    ``-max_shift .. max_shift`` on both axes. ``mode`` says what enters the image: its other side
    (``"circular"``), zeros (``"zeros"``), or a part of the image that was hidden before
    (``"crop"``: the classifier sees windows of size ``H - 2 * max_shift``, as in the paper's
    ImageNet experiments, where 224 of 256 pixels are shown, so ``max_shift`` is 16). The answer
    need not be right: consistency and accuracy are two things.

    The images are the sample that the standard error speaks of; the network is taken as given. The
    classifier runs in eval mode and without gradients, on a copy if it is a module. The shifts come
    from a generator of their own, seeded with ``seed``.

    Shape:
        images  (N, C, H, W) with N >= 2; ``classifier`` returns (N, num_classes)

    Raises:
        ValueError: for an unknown mode, an impossible ``max_shift``, or outputs of another shape.
    """
    if images.dim() != 4 or len(images) < 2:
        raise ValueError(
            f"images must have shape (N, C, H, W) with N >= 2, got {tuple(images.shape)}"
        )
    if mode not in ("circular", "zeros", "crop"):
        raise ValueError(f"mode must be 'circular', 'zeros' or 'crop', got {mode!r}")
    room = min(images.shape[-2:])
    if max_shift < 1 or (mode == "crop" and 2 * max_shift >= room):
        raise ValueError(
            "max_shift must be at least 1 and, for crops, less than half the image, "
            f"got {max_shift} for {images.shape[-2]} x {images.shape[-1]} pixels"
        )
    if pairs < 1 or batch_size < 1:
        raise ValueError(f"pairs and batch_size must be at least 1, got {pairs} and {batch_size}")
    generator = torch.Generator().manual_seed(seed)
    shifts = torch.randint(
        -max_shift, max_shift + 1, (2, pairs, len(images), 2), generator=generator
    )
    with evaluating(classifier) as classify:
        classes = torch.stack(
            [
                _top_classes(classify, images, one_each, mode, max_shift, batch_size)
                for one_each in shifts.flatten(0, 1)
            ]
        )
    first, second = classes.reshape(2, pairs, len(images))
    agreement = (first == second).double().mean(0)  # per image, since its pairs are not independent
    return Consistency(
        mean=agreement.mean().item(),
        standard_error=(agreement.std() / len(images) ** 0.5).item(),
    )


def _top_classes(
    classifier: Callable[[Tensor], Tensor],
    images: Tensor,
    shifts: Tensor,
    mode: str,
    max_shift: int,
    batch_size: int,
) -> Tensor:
    """Return the top class of every image, each moved by its own shift."""
    fill = "zeros" if mode == "zeros" else "circular"  # a crop hides all that comes round
    classes = []
    for some, their_shifts in zip(images.split(batch_size), shifts.split(batch_size), strict=True):
        moved = torch.stack(
            [translate(x, v, fill) for x, v in zip(some, their_shifts.tolist(), strict=True)]
        )
        if mode == "crop":
            moved = moved[..., max_shift:-max_shift, max_shift:-max_shift]
        scores = classifier(moved)
        if scores.dim() != 2:
            raise ValueError(
                f"the classifier must return shape (N, num_classes), got {tuple(scores.shape)}"
            )
        classes.append(scores.argmax(1))
    return torch.cat(classes)
