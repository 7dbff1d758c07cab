"""Carry published weights over to the networks of this package, tensor by tensor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar
from urllib.error import URLError

from torch import Tensor, nn

Table = Iterable[tuple[str, str]]
Model = TypeVar("Model", bound=nn.Module)


def rename(state_dict: Mapping[str, Tensor], table: Table) -> dict[str, Tensor]:
    """Return ``state_dict`` under other names.

    The table lists pairs of a regular expression and its replacement, applied one after the other.
    """
    renamed = {}
    for name, tensor in state_dict.items():
        for pattern, replacement in table:
            name = re.sub(pattern, replacement, name)
        renamed[name] = tensor
    return renamed


def translate(model: nn.Module, state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return ``state_dict`` under the names of ``model``, by its table ``TORCHVISION_NAMES``.

    Raises:
        TypeError: the model has no such table.
    """
    table = getattr(model, "TORCHVISION_NAMES", None)
    if table is None:
        raise TypeError(f"torchvision has no counterpart of {type(model).__name__}")
    return rename(state_dict, table)


def load_torchvision(model: Model, state_dict: Mapping[str, Tensor]) -> Model:
    """Copy the weights of torchvision's counterpart into ``model`` and return it.

    Raises:
        TypeError: torchvision has no counterpart of the model.
        ValueError: a tensor is missing, has another shape, or has no place in the model.
    """
    return load_all(model, translate(model, state_dict))


def load_timm(model: Model, state_dict: Mapping[str, Tensor]) -> Model:
    """Copy the weights of timm's counterpart into ``model``, by its ``TIMM_NAMES``, and return it.

    timm writes some dense maps over the channels as 1×1 convolutions, others as linear layers. The
    numbers are the same, so they are loaded from either form.

    Raises:
        TypeError: the model has no such table.
        ValueError: a tensor is missing, has another shape, or has no place in the model.
    """
    table = getattr(model, "TIMM_NAMES", None)
    if table is None:
        raise TypeError(f"no names of timm are known for {type(model).__name__}")
    own = model.state_dict()
    given = {
        name: tensor[..., 0, 0] if _is_dense(tensor, own.get(name)) else tensor
        for name, tensor in rename(state_dict, table).items()
    }
    return load_all(model, given)


def _is_dense(tensor: Tensor, own: Tensor | None) -> bool:
    """Whether a kernel of 1×1 stands for a matrix."""
    return own is not None and own.ndim == 2 and tensor.shape == (*own.shape, 1, 1)


def load_all(model: Model, given: Mapping[str, Tensor]) -> Model:
    """Copy tensors into ``model`` under its own names and return it.

    Nothing is copied unless everything fits. Files from before batch norm counted its batches lack
    ``num_batches_tracked``; these counters then stay as they are.

    Raises:
        ValueError: a tensor is missing, has another shape, or has no place in the model.
    """
    own = model.state_dict()
    for name, tensor in own.items():
        if name not in given:
            if not name.endswith("num_batches_tracked"):
                raise ValueError(f"the weights lack {name}, of shape {tuple(tensor.shape)}")
        elif given[name].shape != tensor.shape:
            raise ValueError(
                f"{name} has the shape {tuple(tensor.shape)} in the model "
                f"and {tuple(given[name].shape)} in the weights"
            )
    for name, tensor in given.items():
        if name not in own:
            raise ValueError(
                f"the weights hold {name}, of shape {tuple(tensor.shape)}, "
                f"for which the model has no place"
            )
    model.load_state_dict(own | given)
    return model


def with_pretrained(model: Model, name: str) -> Model:
    """Load the ImageNet weights that torchvision publishes for its model ``name``.

    The first time they are downloaded, with a progress bar; later they come from torch's cache.

    Raises:
        ConnectionError: the download failed.
        ValueError: the model has another number of classes or channels than the weights.
    """
    from torchvision import models  # slow to import, and needed here alone

    weights = models.get_model_weights(name).DEFAULT
    try:
        published = models.get_model(name, weights=weights, progress=True)
    except URLError as error:
        raise ConnectionError(
            f"could not download the weights of {name} ({error.reason}): go on without "
            f"pretrained=True, or fetch {weights.url} elsewhere and use "
            f"load_torchvision(model, torch.load(file))"
        ) from error
    return load_torchvision(model, published.state_dict())


def imagenet_classes() -> tuple[str, ...]:
    """Return the names of ImageNet's 1,000 classes, in the order of every published network."""
    from torchvision import models  # slow to import, and needed here alone

    return tuple(models.get_model_weights("efficientnet_b0").DEFAULT.meta["categories"])
