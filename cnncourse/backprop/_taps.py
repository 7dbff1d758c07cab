"""Where each tap of a sliding window stands, for all windows at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def taps(
    kernel_size: Sequence[int],
    output_size: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
) -> Iterator[tuple[int, int, slice, slice]]:
    """Yield ``(a, b, rows, columns)``: the padded inputs that tap (a, b) meets in all windows.

    These are the rows ``i * stride + a * dilation`` for the outputs ``i = 0, 1, …``, and so for the
    columns.
    """
    row_slices, column_slices = (
        [slice(a * d, a * d + (count - 1) * s + 1, s) for a in range(k)]
        for k, count, s, d in zip(kernel_size, output_size, stride, dilation, strict=True)
    )
    for a, rows in enumerate(row_slices):
        for b, columns in enumerate(column_slices):
            yield a, b, rows, columns
