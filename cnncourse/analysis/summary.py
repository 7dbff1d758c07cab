"""What a network costs, call by call: rows, totals, a plain table and an HTML table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from cnncourse.analysis.parameters import ParameterCount

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Row:
    """One execution of one module: what itself does, without the modules that it calls.

    ``parameters`` stand in the first row that uses them and nowhere else. ``output_shape`` is a
    shape, a tuple of shapes when there are several outputs, and None for a module that the forward
    pass leaves out. ``activation_bytes`` is the size of its output, ``saved_bytes`` the memory that
    autograd keeps because of it. The path of the model itself is the empty string.
    """

    path: str
    kind: str
    output_shape: Shape | tuple[Shape, ...] | None
    parameters: int
    macs: int
    activation_bytes: int
    saved_bytes: int


@dataclass(frozen=True)
class Uncounted:
    """An operator whose work is in no total, the module that ran it, and how often it did."""

    operator: str
    path: str
    times: int

    def __str__(self) -> str:
        place = f"in {self.path!r}" if self.path else "in the model's own forward"
        return f"{self.operator} {place} ({self.times} {'time' if self.times == 1 else 'times'})"


_HEADINGS = (
    "Layer",
    "Kind",
    "Output shape",
    "Parameters",
    "Multiply-accumulates",
    "Output bytes",
    "Saved bytes",
)


@dataclass(frozen=True)
class Summary:
    """What one forward pass costs, whole and in ``rows``; print it or show it in a notebook.

    ``macs``, ``activation_bytes`` and ``saved_bytes`` hold for the whole batch of ``batch_size``.
    ``activation_bytes`` adds up the outputs of all layers. ``saved_bytes`` is what training has to
    hold: every storage that autograd keeps for the backward pass, once, the input included and
    parameters and buffers left out.
    """

    model: str
    input_shapes: tuple[Shape, ...]
    training: bool
    device: str
    rows: tuple[Row, ...]
    parameters: ParameterCount
    uncounted: tuple[Uncounted, ...]

    @property
    def batch_size(self) -> int:
        """First axis of the first input."""
        return self.input_shapes[0][0] if self.input_shapes[0] else 1

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the whole batch."""
        return sum(row.macs for row in self.rows)

    @property
    def activation_bytes(self) -> int:
        """Bytes of all the layers' outputs, for the whole batch."""
        return sum(row.activation_bytes for row in self.rows)

    @property
    def saved_bytes(self) -> int:
        """Bytes that autograd keeps for the backward pass, for the whole batch."""
        return sum(row.saved_bytes for row in self.rows)

    @property
    def saved_bytes_per_image(self) -> float:
        """Bytes that autograd keeps for the backward pass, divided by the batch size."""
        return self.saved_bytes / self.batch_size

    @property
    def activation_bytes_per_image(self) -> float:
        """Bytes of all the layers' outputs, divided by the batch size."""
        return self.activation_bytes / self.batch_size

    def __str__(self) -> str:
        table = [_HEADINGS, *map(_cells, self.rows), self._total_cells()]
        widths = [max(len(cells[i]) for cells in table) for i in range(len(_HEADINGS))]
        lines = [
            "  ".join(
                cell.ljust(width) if i < 3 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
            ).rstrip()
            for cells in table
        ]
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        body = [self._title(), rule, lines[0], rule, *lines[1:-1], rule, lines[-1], rule]
        return "\n".join([*body, *self._remarks()])

    def _repr_html_(self) -> str:
        head = "".join(
            f'<th scope="col" style="text-align:{_align(i)}">{escape(heading)}</th>'
            for i, heading in enumerate(_HEADINGS)
        )
        body = "".join(f"<tr>{_html_cells(_cells(row))}</tr>" for row in self.rows)
        foot = f"<tr>{_html_cells(self._total_cells())}</tr>"
        remarks = "".join(f"<p>{escape(remark)}</p>" for remark in self._remarks())
        title = escape(self._title())
        return (
            f'<div role="region" aria-label="{title}" tabindex="0" style="overflow-x:auto">'
            f"<table><caption>{title}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody><tfoot>{foot}</tfoot></table></div>{remarks}"
        )

    def _title(self) -> str:
        shapes = ", ".join(map(str, self.input_shapes))
        mode = "train" if self.training else "eval"
        return f"{self.model} on an input of shape {shapes}, {mode} mode"

    def _total_cells(self) -> tuple[str, ...]:
        numbers = (int(self.parameters), self.macs, self.activation_bytes, self.saved_bytes)
        return ("Total", "", "", *(f"{n:,}" for n in numbers))

    def _remarks(self) -> Iterator[str]:
        count = self.parameters
        yield (
            f"Parameters: {count.trainable:,} trainable, {count.frozen:,} frozen; "
            f"{count.buffers:,} numbers in buffers."
        )
        yield (
            f"Kept for the backward pass: {self.saved_bytes_per_image / 2**20:,.2f} MiB per image; "
            f"all layers' outputs: {self.activation_bytes_per_image / 2**20:,.2f} MiB per image."
        )
        if self.uncounted:
            yield "Not counted: " + "; ".join(map(str, self.uncounted)) + "."


def _cells(row: Row) -> tuple[str, ...]:
    shape = "not called" if row.output_shape is None else str(row.output_shape)
    numbers = (row.parameters, row.macs, row.activation_bytes, row.saved_bytes)
    return (row.path or "(model)", row.kind, shape, *(f"{n:,}" for n in numbers))


def _html_cells(cells: tuple[str, ...]) -> str:
    first = f'<th scope="row" style="text-align:left">{escape(cells[0])}</th>'
    return first + "".join(
        f'<td style="text-align:{_align(i)}">{escape(cell)}</td>'
        for i, cell in enumerate(cells[1:], start=1)
    )


def _align(column: int) -> str:
    return "left" if column < 3 else "right"
