"""The receptive field layer by layer, as rows, as a table and as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from torch import nn

from cnncourse.analysis._fields.theoretical import ReceptiveField, field_of_visit, times
from cnncourse.analysis._fields.tracing import Visit, trace_fields

HEADINGS = ("layer", "kind", "output", "size", "stride", "padding", "")


@dataclass(frozen=True)
class FieldRow:
    """One call of a layer: where it is, what came out, what its units see.

    ``field`` is None where that is not known or not one field, and ``problem`` says why.
    """

    path: str
    kind: str
    output_size: tuple[int, ...] | None
    field: ReceptiveField | None
    problem: str | None = None

    def cells(self) -> tuple[str, ...]:
        """The row as the table shows it."""
        output = times(self.output_size) if self.output_size is not None else "several"
        if self.field is None:
            return (self.path, self.kind, output, "", "", "", str(self.problem))
        field = self.field
        remark = f"everything, because of {field.cause}" if field.cause else ""
        numbers = (times(field.size), times(field.stride), times(field.padding))
        return (self.path or "(model)", self.kind, output, *numbers, remark)


@dataclass(frozen=True)
class ReceptiveFieldTrace:
    """The rows of all layers in order of execution; printed, a table."""

    rows: tuple[FieldRow, ...]
    input_size: tuple[int, ...]

    def __str__(self) -> str:
        table = [HEADINGS, *(row.cells() for row in self.rows)]
        widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in table
        ]
        return "\n".join([lines[0], "─" * max(map(len, lines)), *lines[1:]])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(cell)}</th>" for cell in HEADINGS)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row.cells()) + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def plot(self, ax: Any) -> Any:
        """Draw the size along every axis against the layers on ``ax``, and return ``ax``.

        Layers that see everything are drawn at the size of the input, with open circles.
        """
        rows = [(index, row.field) for index, row in enumerate(self.rows) if row.field is not None]
        extents = self.input_size[2:]
        names = ("length",) if len(extents) == 1 else ("depth", "height", "width")[-len(extents) :]
        for axis, name in enumerate(names):
            layers = [index for index, _ in rows]
            sizes = [float(field.size[axis]) for _, field in rows]
            style = ("-", "--", ":")[axis]
            (line,) = ax.plot(layers, sizes, style, drawstyle="steps-mid", label=name)
            complete = [
                (index, float(field.size[axis]))
                for index, field in rows
                if field.causes[axis] is not None
            ]
            if complete:
                ax.plot(*zip(*complete, strict=True), "o", mfc="none", color=line.get_color())
        ax.axhline(max(extents), color="0.5", linewidth=0.8)
        ax.annotate("input", (0, max(extents)), color="0.4", va="bottom")
        ax.set_xlabel("layer, in order of execution")
        ax.set_ylabel("receptive field (pixels)")
        ax.legend()
        return ax


def receptive_field_trace(
    model: nn.Module,
    input_size: Any,
    *,
    input: int | str = 0,
    ignore_squeeze_excitation: bool = False,
) -> ReceptiveFieldTrace:
    """Measure the receptive field after every layer, in order of execution.

    A row is a call of a layer, that is of a module without children. A block has a row of its own
    where its field differs from that of its last layer: after a residual sum, a concatenation or
    a functional pooling. ``input_size`` and ``input`` as in :func:`receptive_field`, which says
    also what raises ValueError.
    """
    rows: list[FieldRow] = []
    last: tuple[Any, ...] = ()
    visits, shape = trace_fields(model, input_size, input, ignore_squeeze_excitation)
    for visit in visits:
        states = tuple(state for _, state in visit.outputs)
        if visit.is_leaf or states != last:
            rows.append(_row(visit, shape[2:]))
        last = states
    return ReceptiveFieldTrace(tuple(rows), shape)


def _row(visit: Visit, extents: tuple[int, ...]) -> FieldRow:
    output_size = visit.outputs[0][0] if len(visit.outputs) == 1 else None
    try:
        field = field_of_visit(visit, extents)
    except ValueError as problem:
        return FieldRow(visit.path, visit.kind, output_size, None, str(problem))
    return FieldRow(visit.path, visit.kind, output_size, field)
