"""A layer's maps, added up with the mean gradient of each as its weight."""

from __future__ import annotations

from torch import Tensor, nn

from cnncourse.explain._layers import watching
from cnncourse.explain._scores import (
    Target,
    checked_images,
    copy_to_explain,
    gradient,
    one_for_each,
    target_scores,
)


def grad_cam(model: nn.Module, x: Tensor, target: Target, layer: str) -> Tensor:
    """Return the weighted sum of the maps of ``layer``, at their size, before any ReLU.

    The weight of a channel is the mean over all places of the score's gradient by it. The paper
    goes on with a ReLU and an enlargement to the image's size (Selvaraju et al., arXiv:1610.02391,
    section 3). Behind a global mean and a linear layer the values are exact shares of the score;
    elsewhere they need not add up to anything.

    Shape:
        x       (N, C, H, W)
        target  one class, or N of them
        return  (N, 1, h, w), where the layer returns (N, K, h, w)

    Raises:
        TypeError, ValueError: as `saliency`; and the layer does not exist, does not run exactly
            once, or returns no such maps.
    """
    x = checked_images(x)
    target = one_for_each(target, len(x))
    with copy_to_explain(model) as twin, watching(twin, layer) as watch:
        scores = target_scores(twin, x.requires_grad_(), target)
        maps = watch.take()
        if maps.ndim != 4 or len(maps) != len(x):
            shape = tuple(maps.shape)
            raise ValueError(f"the layer {layer!r} must return maps (N, C, H, W), got {shape}")
        weights = gradient(scores, maps, f"the layer {layer!r}").mean((2, 3), keepdim=True)
        return (weights * maps.detach()).sum(1, keepdim=True)
