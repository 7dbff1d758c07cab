"""Interval arithmetic on a line of units: which input pixels does unit ``i`` see?

On the infinite grid every convolutional unit sees an interval, and the interval moves along
regularly: ``period`` units further on, it lies ``shift`` pixels further on. A plain convolution
has period 1; a transposed convolution or an interpolation by 2 has two kinds of units, period 2.
:class:`FieldMap` holds such a map exactly, in integers, and :class:`Taps` says which units of the
layer before a layer reads; ``field_map.through(taps)`` is the map of the layer after.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

Interval = tuple[int, int]
"""First and last pixel, both included."""

MAX_PERIOD = 10_000  # kinds of units that are told apart: two resizings by 0.709 have 502,681


class LostError(Exception):
    """The dependence can no longer be followed exactly; the message says why."""


def bounded(period: int) -> int:
    """Return a number of kinds of units, or raise LostError where they are too many to list."""
    if period > MAX_PERIOD:
        raise LostError(f"its units repeat what they see only every {period:,} positions")
    return period


def hull(intervals: Iterable[Interval | None]) -> Interval | None:
    """Return the smallest interval that covers all of them; None stands for the empty one."""
    seen = [interval for interval in intervals if interval is not None]
    if not seen:
        return None
    return min(first for first, _ in seen), max(last for _, last in seen)


@dataclass(frozen=True)
class Taps:
    """Which positions an operation reads along one axis: position ``j`` of the result reads
    ``sources[j % period]`` moved by ``(j // period) * step``, with ``period = len(sources)``.
    """

    step: int
    sources: tuple[tuple[int, ...], ...]

    @staticmethod
    def window(kernel_size: int, stride: int, padding: int, dilation: int = 1) -> Taps:
        """Convolution and pooling: ``j`` reads ``j*stride - padding + dilation*t``."""
        return Taps(stride, (tuple(dilation * t - padding for t in range(kernel_size)),))

    @staticmethod
    def affine(start: int, step: int = 1) -> Taps:
        """Slice, crop, pad, flip: ``j`` reads ``start + step*j``."""
        return Taps(step, ((start,),))

    @staticmethod
    def transposed(kernel_size: int, stride: int, padding: int, dilation: int) -> Taps:
        """Transposed convolution: ``j`` reads every ``i`` with ``j = i*stride - padding +
        dilation*t``. With a kernel smaller than the stride some positions read nothing.
        """
        return Taps(
            1,
            tuple(
                tuple(
                    (j + padding - dilation * t) // stride
                    for t in range(kernel_size)
                    if (j + padding - dilation * t) % stride == 0
                )
                for j in range(stride)
            ),
        )

    @staticmethod
    def adaptive(in_size: int, out_size: int) -> Taps:
        """Adaptive pooling: ``j`` reads from ``floor(j*in/out)`` to ``ceil((j+1)*in/out) - 1``."""
        period = out_size // gcd(in_size, out_size)
        return Taps(
            in_size * period // out_size,
            tuple(
                tuple(range(j * in_size // out_size, -(-(j + 1) * in_size // out_size)))
                for j in range(period)
            ),
        )

    @staticmethod
    def sampled(scale: Fraction, offset: Fraction, reach: int) -> Taps:
        """Interpolation at ``x = scale*j + offset``.

        ``reach`` 0 reads ``floor(x)`` alone (nearest), 1 its two neighbours (linear), 2 its four
        (cubic). A sample that falls exactly on a position reads that position alone.
        """
        sources = []
        for j in range(bounded(scale.denominator)):
            x = scale * j + offset
            floor = x.numerator // x.denominator
            on_grid = reach == 0 or x == floor
            sources.append(
                (floor,) if on_grid else tuple(range(floor - reach + 1, floor + reach + 1))
            )
        return Taps(scale.numerator, tuple(sources))


@dataclass(frozen=True)
class FieldMap:
    """Unit ``i`` sees ``phases[i % period]`` moved by ``(i // period) * shift`` pixels."""

    shift: int
    phases: tuple[Interval | None, ...]

    def __call__(self, unit: int) -> Interval | None:
        """Return the first and the last input pixel that ``unit`` sees, None if it sees none."""
        turns, phase = divmod(unit, len(self.phases))
        interval = self.phases[phase]
        if interval is None:
            return None
        return interval[0] + turns * self.shift, interval[1] + turns * self.shift

    @property
    def stride(self) -> Fraction:
        """Pixels that the field advances from one unit to the next, on average over a period."""
        return Fraction(self.shift, len(self.phases))

    def through(self, taps: Taps) -> FieldMap:
        """Return the map of an operation that reads this one at ``taps``."""
        period = len(self.phases)
        # After `turns` blocks of the result, the positions read have moved by whole periods.
        turns = period // gcd(period, taps.step) if taps.step else 1
        bounded(turns * len(taps.sources))
        phases = tuple(
            hull(self(source + turn * taps.step) for source in sources)
            for turn in range(turns)
            for sources in taps.sources
        )
        return FieldMap(self.shift * (taps.step * turns) // period, phases).reduced()

    def joined(self, other: FieldMap) -> FieldMap:
        """Return the map of a unit that sees what both see; their strides must be equal."""
        period = bounded(lcm(len(self.phases), len(other.phases)))
        phases = tuple(hull((self(unit), other(unit))) for unit in range(period))
        return FieldMap(self.shift * period // len(self.phases), phases).reduced()

    def reduced(self) -> FieldMap:
        """Return the same map with its shortest period."""
        period = len(self.phases)
        for shorter in range(1, period):
            if period % shorter or self.shift * shorter % period:
                continue
            candidate = FieldMap(self.shift * shorter // period, self.phases[:shorter])
            if all(candidate(unit) == self.phases[unit] for unit in range(shorter, period)):
                return candidate
        return self
