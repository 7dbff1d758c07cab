"""What a layer returns for many images."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cnncourse.explain._layers import watching
from cnncourse.explain._scores import checked_images, copy_to_explain
from cnncourse.shapes import check_int


def activations(model: nn.Module, x: Tensor, layer: str, *, batch_size: int = 64) -> Tensor:
    """Return the output of the module with path ``layer``, without gradients.

    Shape:
        x       (N, C, H, W)
        return  (N, …)

    Raises:
        TypeError: the model cannot be watched, or x is no tensor of real numbers.
        ValueError: the layer does not exist, does not run exactly once, or returns no tensor with a
            row for every image.
    """
    x = checked_images(x)
    check_int(batch_size, "batch_size", 1)
    found = []
    with copy_to_explain(model) as twin, watching(twin, layer) as watch, torch.no_grad():
        for batch in x.split(batch_size):
            twin(batch)
            found.append(watch.take())
            if found[-1].ndim == 0 or len(found[-1]) != len(batch):
                raise ValueError(
                    f"the layer {layer!r} must return a row for each of {len(batch)} images, "
                    f"got the shape {tuple(found[-1].shape)}"
                )
    return torch.cat(found)
