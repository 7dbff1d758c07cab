"""What every network says about arguments and inputs that it cannot take."""

from __future__ import annotations

from torch import Tensor

from cnncourse.shapes import check_int


def check_arguments(num_classes: int, in_channels: int) -> None:
    """Refuse a network without classes or without an input, which torch builds with a warning.

    Raises:
        TypeError, ValueError: one of the two is not an integer of at least 1.
    """
    check_int(num_classes, "num_classes", 1)
    check_int(in_channels, "in_channels", 1)


def check_input(x: Tensor, in_channels: int, smallest: int) -> None:
    """Refuse what is not a batch of images, ``(N, in_channels, H, W)`` with H, W >= smallest.

    Raises:
        ValueError: with the shape received.
    """
    if x.ndim != 4 or x.shape[1] != in_channels:
        raise ValueError(
            f"the input must have the shape (N, {in_channels}, H, W), got {tuple(x.shape)}"
        )
    if min(x.shape[2:]) < smallest:
        raise ValueError(
            f"the images must be at least {smallest} pixels high and wide, "
            f"got {x.shape[2]} × {x.shape[3]}"
        )


def check_sequence(x: Tensor, in_channels: int) -> None:
    """Refuse what is not a batch of sequences, ``(N, in_channels, T)`` with T >= 1.

    Raises:
        ValueError: with the shape received.
    """
    if x.ndim != 3 or x.shape[1] != in_channels or x.shape[2] < 1:
        raise ValueError(
            f"the input must have the shape (N, {in_channels}, T) with T at least 1, "
            f"got {tuple(x.shape)}"
        )
