"""The explorer of chapter 5: a stack of layers, and what one of its units sees of a picture."""

from __future__ import annotations

import base64
import io
from functools import cache

import torch
import traitlets
from PIL import Image

from cnncourse import data
from cnncourse.widgets._explorer import Explorer, Whole

SIDE = 224  # pixels of the photograph along each edge
MOST_LAYERS = 20

RANGES = {"kernel": (1, 15), "stride": (1, 8), "padding": (0, 15), "dilation": (1, 16)}

_CONV, _HALVING = [3, 1, 1, 1], [3, 2, 1, 1]

# Rows (kernel, stride, padding, dilation), the first layer first.
STACKS = {
    "three layers": [_CONV, _HALVING, _CONV],
    "twenty 3×3": [_CONV] * 20,
    "dilated 1, 2, 4": [[3, 1, d, d] for d in (1, 2, 4)],
    "dilated 2, 2, 2": [[3, 1, 2, 2]] * 3,
    "AlexNet": [
        [11, 4, 2, 1],
        [3, 2, 0, 1],
        [5, 1, 2, 1],
        [3, 2, 0, 1],
        *[_CONV] * 3,
        [3, 2, 0, 1],
    ],
    "VGG-16": [row for convs in (2, 2, 3, 3, 3) for row in [*[_CONV] * convs, [2, 2, 0, 1]]],
    # the longest path: through the convolutions of every block
    "ResNet-18": [
        [7, 2, 3, 1],
        _HALVING,  # the max pooling
        *[_CONV] * 4,
        *[_HALVING, *[_CONV] * 3] * 3,
    ],
}


@cache
def photograph() -> str:
    """Return a dahlia of 224x224 pixels in colour, a JPEG as base64.

    Shrunk with integers throughout, so that every machine encodes the same pixels.
    """
    top, left, side = 36, 138, 336
    levels = (data.photographs().images[1] * 255).round().long()  # (3, 427, 640)
    crop = levels[:, top : top + side, left : left + side]
    halves = crop.repeat_interleave(2, 1).repeat_interleave(2, 2)  # (3, 672, 672)
    pixels = (halves.view(3, SIDE, 3, SIDE, 3).sum((2, 4)) + 4) // 9  # the rounded mean
    file = io.BytesIO()
    image = Image.fromarray(pixels.permute(1, 2, 0).to(torch.uint8).numpy())
    image.save(file, "JPEG", quality=75, optimize=True)
    return base64.b64encode(file.getvalue()).decode()


class ReceptiveField(Explorer):
    """Stack layers, point at a unit and see what it sees, layer by layer and on a picture.

    >>> ReceptiveField(layers="VGG-16")  # doctest: +SKIP
    >>> ReceptiveField(layers=[(3, 1, 2, 2), (3, 1, 2, 2)], place=[100, 120])  # doctest: +SKIP

    Settings:
        layers     rows (kernel, stride, padding, dilation), the first layer first, at most 20;
                   or the name of a stack: three layers, twenty 3×3, dilated 1, 2, 4,
                   dilated 2, 2, 2, AlexNet, VGG-16, ResNet-18
        layer      the layer, counted from 1, that the unit belongs to; the last if there are fewer
        place      (row, column) of a pixel: the unit whose field is centred nearest to it is shown
        effective  draw where random paths of reads end, the effective field

    Raises:
        traitlets.TraitError: a setting is out of its limits. That every kernel fits into the map
            before it depends on the whole stack; if one does not, the explorer says so itself.
    """

    script = "receptive_field.js"
    layers = traitlets.Any(STACKS["AlexNet"]).tag(sync=True)
    layer = Whole(MOST_LAYERS, 1, MOST_LAYERS)
    place = traitlets.List([112, 112]).tag(sync=True)
    effective = traitlets.Bool(True).tag(sync=True)
    _photograph = traitlets.Unicode().tag(sync=True)
    _stacks = traitlets.List([[name, rows] for name, rows in STACKS.items()]).tag(sync=True)
    _ranges = traitlets.List([[name, *limits] for name, limits in RANGES.items()]).tag(sync=True)

    @traitlets.default("_photograph")
    def _crop(self) -> str:
        return photograph()

    @traitlets.validate("layers")
    def _check_layers(self, proposal: dict) -> list[list[int]]:
        rows = proposal["value"]
        if isinstance(rows, str):
            if rows not in STACKS:
                raise traitlets.TraitError(
                    f"layers must be one of {'; '.join(STACKS)}; or a list of rows, got {rows!r}"
                )
            return [list(row) for row in STACKS[rows]]
        if not isinstance(rows, (list, tuple)) or not 1 <= len(rows) <= MOST_LAYERS:
            raise traitlets.TraitError(
                f"layers must be 1 to {MOST_LAYERS} rows {tuple(RANGES)}, got {rows!r}"
            )
        for number, row in enumerate(rows, 1):
            if not isinstance(row, (list, tuple)) or len(row) != len(RANGES):
                raise traitlets.TraitError(f"layer {number} must be {tuple(RANGES)}, got {row!r}")
            for (name, (low, high)), value in zip(RANGES.items(), row, strict=True):
                if type(value) is not int or not low <= value <= high:
                    raise traitlets.TraitError(
                        f"{name} of layer {number} must be an integer from {low} to {high}, "
                        f"got {value!r}"
                    )
        return [list(row) for row in rows]

    @traitlets.validate("place")
    def _check_place(self, proposal: dict) -> list[int]:
        place = proposal["value"]
        if len(place) != 2 or any(type(pixel) is not int for pixel in place):
            raise traitlets.TraitError(
                f"place must be the (row, column) of a pixel, two integers, got {place}"
            )
        return list(place)
