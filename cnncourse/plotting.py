"""Drawing in one house style: every function draws on given axes and returns them.

The style keeps its own white paper, so that a figure reads the same on a light and a dark page.
Colours are the Okabe-Ito set; every line also differs by dash or marker. A figure of at most 6
inches with letters of the style's size can be read on a phone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import matplotlib as mpl
import matplotlib.pyplot as plt
import torch
from cycler import cycler
from matplotlib.axes import Axes
from torch import Tensor

BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, BLACK = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#000000",
)

STYLE = {
    "figure.dpi": 110,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "white",
    "axes.prop_cycle": cycler(color=[BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, BLACK])
    + cycler(linestyle=["-", "--", "-.", ":", "-", "--", "-."])
    + cycler(marker=["o", "s", "^", "D", "v", "P", "X"]),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.5,
    "axes.labelsize": 10,
    "font.size": 10,
    "legend.frameon": False,
    "lines.markersize": 5,
    "image.cmap": "viridis",
}


def use_style() -> None:
    """Switch matplotlib to the house style, for every figure drawn from now on."""
    mpl.rcParams.update(STYLE)


def show() -> None:
    """Show the current figure and return None, so that a cell prints nothing beside it."""
    plt.show()


def image(ax: Axes, pixels: Tensor, title: str = "", signed: bool = False) -> Axes:
    """Draw one image: colour as it is, grey from black to white, signed values around white.

    Grey runs from the least to the largest value. If all are equal, it runs from 0 to 1, or as
    much farther as the value lies.

    Shape:
        pixels  (H, W), (1, H, W) or (3, H, W)
    """
    pixels = pixels.detach().cpu()
    if pixels.ndim == 3:
        pixels = pixels.permute(1, 2, 0).squeeze(2)  # (H, W) or (H, W, 3)
    if pixels.ndim == 3:
        ax.imshow(pixels.clamp(0, 1).numpy())
    elif signed:
        limit = pixels.abs().max().item() or 1.0
        ax.imshow(pixels.numpy(), cmap="RdBu_r", vmin=-limit, vmax=limit)
    else:
        drawn = ax.imshow(pixels.numpy(), cmap="gray")
        least, largest = drawn.get_clim()
        if least == largest:
            drawn.set_clim(min(least, 0), max(largest, 1))
    ax.set(xticks=[], yticks=[], title=title)
    ax.spines[:].set(visible=True, color="#bbbbbb")
    return ax


def image_grid(
    axes: Sequence[Axes], images: Tensor, titles: Sequence[str] = (), signed: bool = False
) -> Sequence[Axes]:
    """Draw one image on each axes; axes left over are switched off.

    Shape:
        images  (N, C, H, W) or (N, H, W)
    """
    titles = [*titles, *[""] * (len(images) - len(titles))]
    for ax, pixels, title in zip(axes, images, titles, strict=False):
        image(ax, pixels, title, signed)
    for ax in list(axes)[len(images) :]:
        ax.axis("off")
    return axes


def kernel(ax: Axes, weight: Tensor, title: str = "", digits: int = 0) -> Axes:
    """Draw a kernel as coloured cells around white, with its numbers written in.

    Shape:
        weight  (kH, kW)
    """
    image(ax, weight, title, signed=True)
    limit = weight.abs().max().item() or 1.0
    for (row, column), value in zip(
        torch.cartesian_prod(*map(torch.arange, weight.shape)).tolist(),
        weight.flatten().tolist(),
        strict=True,
    ):
        colour = "white" if abs(value) > 0.6 * limit else "black"
        ax.text(column, row, f"{value:.{digits}f}", ha="center", va="center", color=colour)
    return ax


def feature_maps(axes: Sequence[Axes], maps: Tensor, titles: Sequence[str] = ()) -> Sequence[Axes]:
    """Draw each channel of a feature map on an axes of its own, signed around white.

    Shape:
        maps  (C, H, W)
    """
    return image_grid(axes, maps, titles or [f"channel {c}" for c in range(len(maps))], signed=True)


def curve(ax: Axes, x: Sequence[float] | Tensor, runs: Tensor, label: str, **style: object) -> Axes:
    """Draw the mean over runs as a line and one standard deviation around it as a band.

    Shape:
        x     (T,)
        runs  (R, T), one row a run
    """
    runs = torch.as_tensor(runs, dtype=torch.float64)
    mean, deviation = runs.mean(0), runs.std(0, correction=1 if len(runs) > 1 else 0)
    (line,) = ax.plot(x, mean, label=label, **style)
    ax.fill_between(x, mean - deviation, mean + deviation, color=line.get_color(), alpha=0.2, lw=0)
    return ax


def heatmap(ax: Axes, values: Tensor, colour_label: str, **limits: float) -> Axes:
    """Draw a matrix as colours with a labelled colour bar.

    Shape:
        values  (H, W)
    """
    drawn = ax.imshow(values.detach().cpu().numpy(), **limits)
    ax.figure.colorbar(drawn, ax=ax, label=colour_label, shrink=0.85)
    return ax


@dataclass(frozen=True, repr=False)
class Table:
    """Rows of results under headings, for ``display``: a table in a notebook, text elsewhere.

    The first column names the rows. Cells and headings are shown by ``str``.
    """

    headings: Sequence[object]
    rows: Sequence[Sequence[object]]

    def __repr__(self) -> str:
        lines = [list(map(str, line)) for line in (self.headings, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(
                [
                    line[0].ljust(widths[0]),
                    *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
                ]
            )
            for line in lines
        )

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{escape(str(heading))}</th>' for heading in self.headings)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>"
            for row in self.rows
        )
        return f'<table class="results"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
