"""What a layer returns, computed once and kept on disk."""

from __future__ import annotations

import hashlib
import os
import tempfile
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from cnncourse._home import home
from cnncourse.explain import activations
from cnncourse.explain._scores import checked_images

CACHE = home() / ".cache" / "cnncourse" / "features"


def features(
    model: nn.Module,
    images: Tensor,
    layer: str,
    *,
    cache: str | Path | None = CACHE,
    batch_size: int = 64,
) -> Tensor:
    """Return what the module with path ``layer`` makes of ``images``, from disk if it is there.

    The network runs in evaluation mode on a copy, so that each image's features are its own and are
    the same every time; with augmentation, or in training mode, there would be nothing to keep.

    A file is named by a fingerprint of all that the features depend on: every weight and buffer,
    the images, the layer, and, for the code, the features of the first image, which are computed
    each time. Changed weights are thus never served old features. A file appears whole or not at
    all, one that cannot be read is replaced, and the folder ``cache`` may be deleted at any time;
    with None nothing is read or written.

    Shape:
        images  (N, C, H, W)
        return  (N, …)

    Raises:
        TypeError, ValueError: as ``cnncourse.explain.activations``.

    Warns:
        UserWarning: the features could not be written; they are returned all the same.
    """
    images = checked_images(images)
    if cache is None:
        return activations(model, images, layer, batch_size=batch_size)
    first = activations(model, images[:1], layer, batch_size=batch_size)
    path = Path(cache) / f"{_fingerprint(model, images, layer, first)}.pt"
    found = _read(path, images.device)
    if found is None:
        found = activations(model, images, layer, batch_size=batch_size)
        _write(path, found)
    return found


def _fingerprint(model: nn.Module, images: Tensor, layer: str, first: Tensor) -> str:
    """Hash names, types, shapes and bytes: a value that moves to another weight is noticed."""
    digest = hashlib.sha256(layer.encode())
    tensors = [*model.named_parameters(), *model.named_buffers()]
    for name, tensor in [*tensors, (" images", images), (" first", first)]:
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _read(path: Path, device: torch.device) -> Tensor | None:
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except Exception:  # no such file, or whatever unpickling a broken one can raise
        return None


def _write(path: Path, found: Tensor) -> None:
    """Write beside ``path`` and move there in one step, under a name that no other process uses."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
            temporary = file.name
            torch.save(found, file)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        message = f"features are not kept: {path.parent} cannot be written ({error.strerror})"
        warnings.warn(message, stacklevel=3)
