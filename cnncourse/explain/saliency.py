"""The gradient of a score by the pixels."""

from __future__ import annotations

from torch import Tensor, nn

from cnncourse.explain._scores import (
    Target,
    checked_images,
    copy_to_explain,
    input_gradient,
    one_for_each,
)


def saliency(model: nn.Module, x: Tensor, target: Target) -> Tensor:
    """Return how fast the score of ``target`` grows with each value of the input.

    One forward and one backward pass. The paper draws the largest absolute value over the channels
    (Simonyan, Vedaldi and Zisserman, arXiv:1312.6034, section 3): ``saliency(…).abs().amax(1)``.

    Shape:
        x       (N, C, H, W)
        target  one class, or N of them
        return  (N, C, H, W)

    Raises:
        TypeError: the model is no module, x no tensor of real numbers, or target no integer.
        ValueError: a shape or a class does not fit, or no gradient reaches the input.
    """
    x = checked_images(x)
    target = one_for_each(target, len(x))
    with copy_to_explain(model) as twin:
        return input_gradient(twin, x, target)
