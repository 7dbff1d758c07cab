"""The explorer of chapter 2: a window slides over a picture, multiplies and adds."""

from __future__ import annotations

import base64
from functools import cache

import torch
import traitlets

from cnncourse import data
from cnncourse.widgets._explorer import Choice, Explorer, Whole

SIDE = 24  # pixels of the photograph along each edge

# By name, the 3x3 and the 5x5 kernel.
KERNELS = {
    "identity": (
        [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
        [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]],
    ),
    "blur": tuple([[1 / k**2] * k] * k for k in (3, 5)),
    "sharpen": (
        [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
        [
            [0, 0, -1, 0, 0],
            [0, -1, -2, -1, 0],
            [-1, -2, 17, -2, -1],
            [0, -1, -2, -1, 0],
            [0, 0, -1, 0, 0],
        ],
    ),
    "Sobel": (
        [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
        # smooth down the columns with 1 4 6 4 1, differentiate along the rows
        [[a * b for b in (-1, -2, 0, 2, 1)] for a in (1, 4, 6, 4, 1)],
    ),
}

ARROW = (
    "00000000",
    "00009000",
    "00009900",
    "99999990",
    "99999990",
    "00009900",
    "00009000",
    "00000000",
)


@cache
def photograph() -> str:
    """Return a pagoda in 24x24 grey levels, one byte each, as base64.

    Integers throughout, so that every machine stores the same bytes.
    """
    block = 16  # 24 blocks of 16 pixels: the top left of the photograph
    levels = (data.photographs().images[0, :, : SIDE * block, : SIDE * block] * 255).round().long()
    sums = levels.sum(0).view(SIDE, block, SIDE, block).sum((1, 3))
    count = 3 * block**2
    pixels = (sums + count // 2) // count  # (24, 24): the rounded mean
    return base64.b64encode(bytes(pixels.flatten().tolist())).decode()


def pixels_of(text: str) -> torch.Tensor:
    """Return what `photograph` stores as grey levels, (24, 24) float64 from 0 to 255."""
    levels = torch.tensor(list(base64.b64decode(text)), dtype=torch.float64)
    return levels.view(SIDE, SIDE)


class Convolution(Explorer):
    """Slide a kernel over a picture and see the products, their sum and the output.

    >>> Convolution(kernel="Sobel", stride=2)  # doctest: +SKIP

    Settings:
        picture   "photograph" (24x24, grey levels 0 to 255) or "painting" (one's own, 0 to 9)
        painting  rows of integers 0 to 9, at most 24 by 24
        kernel    3x3 or 5x5 numbers, or the name of a preset: identity, blur, sharpen, Sobel
        stride, padding, dilation   as in ``torch.nn.Conv2d``
        flip      turn the kernel by 180 degrees first: the convolution of mathematics
        brush     the level that one paints with
        position  (row, column) of the output cell that the window computes

    Raises:
        traitlets.TraitError: a setting is out of its limits. That the kernel fits into the picture
            depends on several settings at once; if it does not, the explorer says so itself.
    """

    script = "convolution.js"
    picture = Choice("photograph", "painting")
    painting = traitlets.List([[int(level) for level in row] for row in ARROW]).tag(sync=True)
    kernel = traitlets.Any(KERNELS["Sobel"][0]).tag(sync=True)
    stride = Whole(1, 1, 6)
    padding = Whole(0, 0, 6)
    dilation = Whole(1, 1, 6)
    brush = Whole(9, 0, 9)
    flip = traitlets.Bool(False).tag(sync=True)
    position = traitlets.List([8, 5]).tag(sync=True)
    _photograph = traitlets.Unicode().tag(sync=True)
    _kernels = traitlets.List([[name, *both] for name, both in KERNELS.items()]).tag(sync=True)

    @traitlets.default("_photograph")
    def _crop(self) -> str:
        return photograph()

    @traitlets.validate("painting")
    def _check_painting(self, proposal: dict) -> list[list[int]]:
        rows = proposal["value"]
        widths = {len(row) if isinstance(row, (list, tuple)) else 0 for row in rows}
        if not 1 <= len(rows) <= SIDE or len(widths) != 1 or not 1 <= min(widths) <= SIDE:
            raise traitlets.TraitError(
                f"painting must be 1 to {SIDE} equally long rows of 1 to {SIDE} levels, "
                f"got {len(rows)} rows of {sorted(widths)}"
            )
        for level in (level for row in rows for level in row):
            if isinstance(level, bool) or not isinstance(level, int) or not 0 <= level <= 9:
                raise traitlets.TraitError(
                    f"painting must hold integers from 0 to 9, got {level!r}"
                )
        return [list(row) for row in rows]

    @traitlets.validate("kernel")
    def _check_kernel(self, proposal: dict) -> list[list[float]]:
        rows = proposal["value"]
        if isinstance(rows, str):
            if rows not in KERNELS:
                raise traitlets.TraitError(
                    f"kernel must be one of {', '.join(KERNELS)} or its numbers, got {rows!r}"
                )
            return KERNELS[rows][0]
        try:
            weights = torch.as_tensor(rows, dtype=torch.float64)
        except (TypeError, ValueError):
            weights = torch.empty(0)
        if tuple(weights.shape) not in ((3, 3), (5, 5)) or not weights.isfinite().all():
            raise traitlets.TraitError(f"kernel must be 3x3 or 5x5 finite numbers, got {rows!r}")
        return weights.tolist()

    @traitlets.validate("position")
    def _check_position(self, proposal: dict) -> list[int]:
        position = proposal["value"]
        if len(position) != 2 or any(type(index) is not int or index < 0 for index in position):
            raise traitlets.TraitError(
                f"position must be the (row, column) of an output cell, got {position}"
            )
        return list(position)
