"""The parts of many images to which a unit responds most."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnncourse.analysis.receptive_field import receptive_field
from cnncourse.explain._scores import Target, check_range, listed
from cnncourse.explain.activations import activations
from cnncourse.shapes import check_int


@dataclass(frozen=True, eq=False)
class Patch:
    """Where one unit responds, and what it sees there.

    Shape:
        pixels  (C, bottom - top, right - left), the receptive field as far as the image has it
    """

    value: float
    image: int
    unit: tuple[int, int]
    box: tuple[int, int, int, int]  # top, left, bottom, right; the last two are outside
    pixels: Tensor


def top_patches(
    model: nn.Module,
    x: Tensor,
    target: Target,
    layer: str,
    *,
    count: int = 9,
    batch_size: int = 64,
) -> list[list[Patch]]:
    """Return for each channel in ``target`` the ``count`` patches with the largest responses.

    Of every image its best place counts, since places next to each other see almost the same. A
    patch is the whole receptive field of the unit, of which the outer part may matter little.
    The patches of a channel stand in falling order (Zeiler and Fergus, arXiv:1311.2901, section 4).

    Shape:
        x       (N, C, H, W)
        target  one channel of the layer, or several
        return  a list of patches for each channel

    Raises:
        TypeError, ValueError: as `activations`; and the layer returns no maps (N, K, h, w), a
            channel is none of them, count is more than N, or the receptive field cannot be told.
    """
    given = listed(target)
    channels = [given] if isinstance(given, int) else given
    maps = activations(model, x, layer, batch_size=batch_size)
    if maps.ndim != 4:
        shape = tuple(maps.shape)
        raise ValueError(f"the layer {layer!r} must return maps (N, C, H, W), got {shape}")
    check_range(channels, maps.shape[1], "channel")
    if check_int(count, "count", 1) > len(x):
        raise ValueError(f"count must be at most the number of images, {len(x)}, got {count}")
    field = receptive_field(model, (1, *x.shape[1:]), layer)

    def patch(value: float, image: int, place: int) -> Patch:
        unit = divmod(place, maps.shape[3])
        (first_row, last_row), (first_column, last_column) = field.interval(*unit)
        top, left = max(first_row, 0), max(first_column, 0)
        bottom, right = min(last_row + 1, x.shape[2]), min(last_column + 1, x.shape[3])
        pixels = x[image, :, top:bottom, left:right].detach().clone()
        return Patch(value, image, unit, (top, left, bottom, right), pixels)

    result = []
    for channel in channels:
        best, places = maps[:, channel].flatten(1).max(1)  # (N,): one place of each image
        values, images = torch.topk(best, count)
        chosen = zip(values.tolist(), images.tolist(), places[images].tolist(), strict=True)
        result.append([patch(*one) for one in chosen])
    return result
