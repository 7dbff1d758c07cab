"""What every sliding-window layer needs: its windows as a view, and its arguments checked."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from cnncourse.shapes import conv_output_size, effective_kernel_size, pair

Size = int | tuple[int, int]


def sliding_windows(x: Tensor, kernel_size: Size, stride: Size, dilation: Size) -> Tensor:
    """Return every window of ``x`` as a view: no value is copied.

    Shape:
        x       (N, C, H, W), already padded
        return  (N, C, H', W', kh, kw)
    """
    (kh, kw), (sh, sw) = pair(kernel_size, "kernel_size", 1), pair(stride, "stride", 1)
    dh, dw = pair(dilation, "dilation", 1)
    # A dilated window spans more positions than it has taps; keep every d-th of the span.
    windows = x.unfold(2, effective_kernel_size(kh, dh), sh)[..., ::dh]  # (N, C, H', W, kh)
    return windows.unfold(3, effective_kernel_size(kw, dw), sw)[..., ::dw]


def output_size(
    size: tuple[int, int],
    kernel_size: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> tuple[int, int]:
    """Return ``(H', W')``, the number of windows along each axis."""
    height, width = (
        conv_output_size(*axis)
        for axis in zip(size, kernel_size, stride, padding, dilation, strict=True)
    )
    return height, width


def check_images(x: Tensor, channels: int | None = None) -> None:
    """Raise unless ``x`` is a batch of images, or one image, with that many channels.

    Raises:
        TypeError: ``x`` is no tensor.
        ValueError: ``x`` is neither (N, C, H, W) nor (C, H, W), or C is not ``channels``.
    """
    if not isinstance(x, Tensor):
        raise TypeError(f"x must be a tensor, got {type(x).__name__}")
    shape = tuple(x.shape)
    c = "C" if channels is None else channels
    if x.ndim not in (3, 4) or (channels is not None and x.shape[-3] != channels):
        raise ValueError(f"x must have shape (N, {c}, H, W) or ({c}, H, W), got {shape}")


def pad_images(
    x: Tensor, rows: tuple[int, int], columns: tuple[int, int], mode: str = "zeros"
) -> Tensor:
    """Surround images with ``(before, after)`` rows and columns of zeros or of themselves.

    Raises:
        ValueError: the image is too small to be reflected or wrapped around that far.
    """
    for axis, size, amounts in (("height", x.shape[-2], rows), ("width", x.shape[-1], columns)):
        # A reflection leaves out the border itself; wrapping around may use all values once.
        most = {"reflect": size - 1, "circular": size}.get(mode, max(amounts))
        if max(amounts) > most:
            raise ValueError(
                f"{mode} padding of a {axis} of {size} is at most {most}, got {max(amounts)} "
                f"for x of shape {tuple(x.shape)}"
            )
    return F.pad(x, (*columns, *rows), "constant" if mode == "zeros" else mode)
