"""Every picture that matplotlib writes says how tall its smallest letters are.

A kernel that ``tools/notebooks.py`` starts runs this file first (``PYTHONSTARTUP``). The height, in
pixels of the picture, is measured on the finished figure; exponents and indices count with their
line.
"""

from collections.abc import Callable
from functools import wraps

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

KEY = "Smallest text"  # of the PNG's metadata


def smallest_text(canvas: FigureCanvasAgg) -> float:
    """Return the font size of the smallest visible text in pixels, infinity where there is none."""
    figure = canvas.figure
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    points = min((text.get_fontsize() for text in texts), default=float("inf"))
    return points * figure.dpi / 72


def recording(print_png: Callable) -> Callable:
    """Wrap a canvas's method that writes a PNG."""

    @wraps(print_png)  # matplotlib reads the arguments' names
    def print_recorded(canvas: FigureCanvasAgg, *args: object, **options: object) -> None:
        print_png(canvas, *args, metadata={KEY: f"{smallest_text(canvas):.2f}"}, **options)

    return print_recorded


FigureCanvasAgg.print_png = recording(FigureCanvasAgg.print_png)
