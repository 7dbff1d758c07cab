"""Translation of images by whole pixels, and running a layer without changing it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import MethodType

import torch
from torch import Tensor, nn

from cnncourse.analysis._copying import copy_to
from cnncourse.shapes import shown

MODES = ("circular", "zeros")


def translate(x: Tensor, shift: Sequence[int], mode: str = "circular") -> Tensor:
    """Move an image: ``(T_v x)[i] = x[i - v]``, exactly, by whole pixels.

    ``shift`` has one entry for each of the last axes, so ``(v_h, v_w)`` moves an image ``v_h`` down
    and ``v_w`` to the right. What leaves the image comes in at the other side (``"circular"``, the
    index is taken modulo the size) or is lost and replaced by zeros (``"zeros"``).

    Shape:
        x       (..., H, W), or as many last axes as ``shift`` has entries
        return  the shape of x

    Raises:
        ValueError: for an unknown mode, or more entries in ``shift`` than axes in ``x``.
        TypeError: for a shift that is not a sequence of integers.
    """
    shift = integers("shift", shift)
    if mode not in MODES:
        raise ValueError(f"mode must be 'circular' or 'zeros', got {mode!r}")
    if not 1 <= len(shift) <= x.dim():
        raise ValueError(
            f"shift needs one entry for each moved axis, got {shift} for shape {tuple(x.shape)}"
        )
    axes = tuple(range(-len(shift), 0))
    if mode == "circular":
        return x.roll(shift, axes)
    source, target = [...], [...]
    for axis, v in zip(axes, shift, strict=True):
        size = x.shape[axis]
        v = max(-size, min(size, v))  # further than the image is wide: nothing of it is left
        source.append(slice(max(-v, 0), size - max(v, 0)))
        target.append(slice(max(v, 0), size - max(-v, 0)))
    moved = torch.zeros_like(x)
    moved[tuple(target)] = x[tuple(source)]
    return moved


def integers(name: str, values: Sequence[int]) -> tuple[int, ...]:
    """Return ``values`` as a tuple of integers, or say in a sentence why that cannot be."""
    try:
        result = tuple(int(value) for value in values)
        whole = all(a == b for a, b in zip(result, values, strict=True))
    except (TypeError, ValueError):
        whole = False
    if not whole:
        raise TypeError(
            f"{name} must be integers, one for each axis, such as (1, -2), got {shown(values)}"
        )
    return result


@contextmanager
def evaluating(layer: Callable[[Tensor], Tensor]) -> Iterator[Callable[[Tensor], Tensor]]:
    """Yield ``layer`` without gradients, a module as a copy in eval mode.

    In training mode batch norm mixes the images of a batch and dropout draws new masks, so that two
    runs differ for a reason that has nothing to do with the shift. On a copy, since some modules
    change in ``eval()`` or ``forward``; a method of a module is one of its copy. Plain functions
    run as they are.

    Raises:
        ValueError: if the module cannot be copied.
    """
    module = layer.__self__ if isinstance(layer, MethodType) else layer
    if isinstance(module, nn.Module):
        twin = copy_to(module, None)
        twin.eval()
        layer = twin if module is layer else MethodType(layer.__func__, twin)
    with torch.no_grad():
        yield lambda x: _tensor(layer(x), layer)


def _tensor(y: object, layer: Callable[[Tensor], Tensor]) -> Tensor:
    if isinstance(y, Tensor):
        return y
    name = type(layer).__name__ if isinstance(layer, nn.Module) else "the function"
    raise TypeError(
        f"{name} must return one tensor, got {type(y).__name__}; "
        "pass a function that picks one, such as lambda x: model(x)[0]"
    )
