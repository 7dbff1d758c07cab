"""Output sizes and padding of sliding windows, in plain integers.

One axis at a time: a window of ``kernel_size`` taps, ``dilation`` apart, starts every ``stride``
positions on ``size`` values with ``padding`` extra values on both ends. Height and width follow
the same arithmetic independently. Dilation 1 means no gaps, as in PyTorch.
"""

from __future__ import annotations


def shown(value: object) -> str:
    """Return a received value as an error message shows it: in one short line.

    >>> shown(2.5), shown(list(range(100)))
    ('2.5', '[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, …')
    """
    if getattr(value, "shape", ()):  # an array or a tensor
        return f"values of shape {tuple(value.shape)}"
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:59] + "…"


def check_int(value: object, name: str, minimum: int) -> int:
    """Return ``value`` if it is an integer of at least ``minimum``.

    Raises:
        TypeError: ``value`` is no ``int``; ``True`` and ``3.0`` are none either.
        ValueError: ``value`` is below ``minimum``.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, got {shown(value)} ({type(value).__name__})")
    if value < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {value}")
    return value


def pair(value: object, name: str, minimum: int = 0) -> tuple[int, int]:
    """Return ``(height, width)`` values from one integer for both, or from two.

    Raises:
        TypeError: neither an ``int`` nor a tuple or list of them.
        ValueError: not two values, or one is below ``minimum``.
    """
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise ValueError(
                f"{name} must be one int or two (height, width), got {len(value)}: {shown(value)}"
            )
        return check_int(value[0], name, minimum), check_int(value[1], name, minimum)
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(
            f"{name} must be one int or two (height, width), "
            f"got {shown(value)} ({type(value).__name__})"
        )
    return check_int(value, name, minimum), value


def effective_kernel_size(kernel_size: int, dilation: int = 1) -> int:
    """Return how many input positions a dilated kernel spans, ``dilation * (kernel_size - 1) + 1``.

    >>> effective_kernel_size(3, dilation=2)
    5
    """
    check_int(kernel_size, "kernel_size", 1)
    check_int(dilation, "dilation", 1)
    return dilation * (kernel_size - 1) + 1


def conv_output_size(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """Return how many positions a window has: the output size of a convolution.

    The window's first tap may stand at ``0, stride, 2 * stride, ...`` as long as the last tap is
    still inside, so we count the multiples of ``stride`` from 0 to ``padded - span``. That count
    is ``(padded - span) // stride + 1``: the floor says that a window which does not fit whole
    is not there.

    >>> conv_output_size(224, kernel_size=7, stride=2, padding=3)
    112

    Raises:
        ValueError: the kernel does not fit into the padded input, or a value is out of range.
        TypeError: a value is no ``int``.
    """
    check_int(size, "size", 0)
    check_int(stride, "stride", 1)
    check_int(padding, "padding", 0)
    span = effective_kernel_size(kernel_size, dilation)
    padded = size + 2 * padding
    if span > padded:
        raise ValueError(
            f"a kernel of size {kernel_size} with dilation {dilation} spans {span} positions "
            f"and does not fit into an input of size {size} with padding {padding} "
            f"({padded} positions)"
        )
    return (padded - span) // stride + 1


def pool_output_size(
    size: int,
    kernel_size: int,
    stride: int,
    padding: int = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
) -> int:
    """Return how many positions a pooling window has.

    As `conv_output_size`; with ``ceil_mode``, a last window that hangs over the far edge by less
    than ``stride`` counts too, provided that it starts on the input or on the padding before it.

    >>> pool_output_size(6, kernel_size=3, stride=2), pool_output_size(6, 3, 2, ceil_mode=True)
    (2, 3)

    Raises:
        ValueError: the window does not fit into the padded input, ``padding`` is more than half
            of ``kernel_size``, or a value is out of range.
        TypeError: a value is no ``int``.
    """
    check_int(size, "size", 1)
    check_int(stride, "stride", 1)
    check_pool_padding(kernel_size, padding)
    room = size + 2 * padding - effective_kernel_size(kernel_size, dilation)
    if not ceil_mode or room <= -stride:
        return conv_output_size(size, kernel_size, stride, padding, dilation)
    last = -(-room // stride)  # rounded up: this window may hang over
    return last + 1 if last * stride < size + padding else last


def check_pool_padding(kernel_size: int, padding: int) -> None:
    """Raise ValueError where a pooling window could lie on padding alone."""
    check_int(kernel_size, "kernel_size", 1)
    check_int(padding, "padding", 0)
    if 2 * padding > kernel_size:
        raise ValueError(
            f"padding must be at most half of kernel_size {kernel_size}, got {padding}"
        )


def conv_transpose_output_size(
    size: int,
    kernel_size: int,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    dilation: int = 1,
) -> int:
    """Return the output size of a transposed convolution.

    It undoes `conv_output_size`, which sends ``stride`` different sizes to the same one because
    of its floor. ``output_padding`` says which of them is meant: 0 is the smallest.

    >>> conv_transpose_output_size(112, kernel_size=7, stride=2, padding=3, output_padding=1)
    224

    Raises:
        ValueError: the output would be empty, ``output_padding`` is not smaller than both or one
            of ``stride`` and ``dilation`` (as PyTorch demands), or a value is out of range.
        TypeError: a value is no ``int``.
    """
    check_int(size, "size", 1)
    check_int(stride, "stride", 1)
    check_int(padding, "padding", 0)
    check_int(output_padding, "output_padding", 0)
    span = effective_kernel_size(kernel_size, dilation)
    if output_padding >= max(stride, dilation):
        raise ValueError(
            "output_padding must be smaller than the stride or the dilation, "
            f"got {output_padding} with stride {stride} and dilation {dilation}"
        )
    output_size = (size - 1) * stride - 2 * padding + span + output_padding
    if output_size < 1:
        raise ValueError(
            f"the output size would be {output_size}: padding {padding} removes more than "
            f"size {size}, kernel_size {kernel_size} and stride {stride} produce"
        )
    return output_size


def same_padding(
    kernel_size: int, dilation: int = 1, stride: int = 1, size: int | None = None
) -> tuple[int, int]:
    """Return ``(before, after)``, the least padding for ``ceil(size / stride)`` outputs.

    At stride 1 it keeps the size and is ``dilation * (kernel_size - 1)`` in total, for every size,
    as in PyTorch's ``padding="same"``. At larger strides it depends on ``size``, as in TensorFlow's
    ``padding="SAME"``: the last window ends where the padding ends. Where the total is odd, the
    extra value goes after.

    >>> same_padding(4), same_padding(3, stride=2, size=224), same_padding(3, stride=2, size=225)
    ((1, 2), (0, 1), (1, 1))

    Raises:
        ValueError: there is a stride above 1 and no ``size``, or a value is out of range.
        TypeError: a value is no ``int``.
    """
    total = effective_kernel_size(kernel_size, dilation) - 1
    if check_int(stride, "stride", 1) > 1:
        if size is None:
            raise ValueError(f"at stride {stride} the padding depends on the size, got none")
        last = (check_int(size, "size", 1) - 1) // stride * stride  # where the last window starts
        total = max(last + total + 1 - size, 0)
    return total // 2, total - total // 2
