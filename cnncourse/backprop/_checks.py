"""The one mistake that every backward pass can catch: a gradient of another shape."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor


def check_grad(grad: Tensor, shape: Sequence[int]) -> None:
    """Raise ValueError unless ``grad`` has the shape of what the forward pass returned."""
    if tuple(grad.shape) != tuple(shape):
        raise ValueError(
            f"grad must have the shape of the output, {tuple(shape)}, got {tuple(grad.shape)}"
        )


def check_batch(x: Tensor) -> None:
    """Raise ValueError unless ``x`` is a batch of images."""
    if x.ndim != 4:
        raise ValueError(f"x must have shape (N, C, H, W), got {tuple(x.shape)}")
