"""What every unit of a tensor sees along one axis of the input, through any change of layout.

A feature map of shape ``(N, C, H, W)`` has its rows in dimension 2. After a reshape or a permute
they may be anywhere: split over two dimensions (windows), merged with columns (tokens) or hidden
among the channels (pixel unshuffle). A :class:`Term` therefore says where to find the unit's
position as a sum of *digits* of its indices, the way an odometer shows a distance, and a
:class:`~cnncourse.analysis._fields.maps.FieldMap` says what that position sees. Reshaping only
splits and merges digits, so it loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import gcd, prod

from cnncourse.analysis._fields.maps import FieldMap, LostError, Taps, bounded, hull

Shape = Sequence[int]


@dataclass(frozen=True)
class Digit:
    """``coef * ((index[dim] // div) % mod)``: one summand of a unit's position."""

    dim: int
    div: int
    mod: int
    coef: int

    def fills(self, size: int) -> bool:
        """Whether the digit is the whole index of a dimension of this size."""
        return self.div == 1 and self.mod == size


@dataclass(frozen=True)
class Term:
    """A unit sees ``map(position)``, its position being the sum of its digits."""

    map: FieldMap
    digits: tuple[Digit, ...]
    cropped: bool = False  # a slice has left positions out, so all of these are not everything
    whole: str | None = None  # the layer whose one window covered all positions there were

    def on(self, dim: int) -> list[Digit]:
        """The digits that are read off one dimension."""
        return [digit for digit in self.digits if digit.dim == dim]

    def normalised(self) -> Term:
        """The same term with as few digits as possible, and coefficient 1 if only one is left."""
        digits = sorted(
            (d for d in self.digits if d.coef and (d.mod > 1 or len(self.digits) == 1)),
            key=lambda d: (d.dim, -d.div),
        )
        merged: list[Digit] = []
        for digit in digits:
            upper = merged[-1] if merged else None
            if (
                upper is not None
                and upper.dim == digit.dim
                and upper.div == digit.div * digit.mod
                and upper.coef == digit.coef * digit.mod
            ):
                merged[-1] = replace(digit, mod=digit.mod * upper.mod)
            else:
                merged.append(digit)
        if not merged:
            return replace(self, map=FieldMap(0, (self.map(0),)), digits=())
        if len(merged) == 1 and merged[0].coef != 1:
            steps = Taps.affine(0, merged[0].coef)
            return replace(self, map=self.map.through(steps), digits=(replace(merged[0], coef=1),))
        return replace(self, digits=tuple(merged))

    def on_one_dimension(self, dim: int, size: int) -> Term:
        """The same term as a map of the index of ``dim`` alone; LostError if it is not one."""
        digits = sorted(self.on(dim), key=lambda d: -d.div)
        if len(digits) != len(self.digits) or digits[0].div * digits[0].mod != size:
            raise LostError("its positions are spread over several dimensions")
        if len(digits) == 1 and digits[0].fills(size) and digits[0].coef == 1:
            return self
        top, rest = digits[0], digits[1:]
        # Beyond the border the leading digit runs on: the grid is thought of as infinite.
        turns = len(self.map.phases) // gcd(len(self.map.phases), top.coef)
        phases = tuple(
            self.map(
                top.coef * (index // top.div) + sum(d.coef * (index // d.div % d.mod) for d in rest)
            )
            for index in range(bounded(top.div * turns))
        )
        shift = self.map.shift * (top.coef * turns) // len(self.map.phases)
        return replace(
            self, map=FieldMap(shift, phases).reduced(), digits=(Digit(dim, 1, size, 1),)
        )

    def reshaped(self, old: Shape, new: Shape) -> Term:
        """Follow the digits through ``view``; LostError where one would be cut unevenly."""
        digits = []
        for digit in self.digits:
            step = prod(old[digit.dim + 1 :]) * digit.div
            end = step * digit.mod  # the digit is (flat // step) % mod
            found = 1
            inner = 1
            for dim in reversed(range(len(new))):
                outer = inner * new[dim]
                low, high = max(step, inner), min(end, outer)
                if low < high:
                    if low % step or high % low or low % inner or outer % high or end % high:
                        raise LostError(
                            f"reshaping {tuple(old)} to {tuple(new)} cuts across positions"
                        )
                    digits.append(Digit(dim, low // inner, high // low, digit.coef * (low // step)))
                    found *= high // low
                inner = outer
            if found != digit.mod:
                raise LostError(f"reshaping {tuple(old)} to {tuple(new)} cuts across positions")
        return replace(self, digits=tuple(digits))

    def resampled(self, dim: int, size: int, taps: Taps, new_size: int) -> Term:
        """Follow an operation that reads dimension ``dim``, of this size, at ``taps``."""
        here = self.on(dim)
        if not here:
            return self  # the same everywhere along this dimension
        spread = len(self.digits) > len(here)
        if spread and len(here) == 1 and here[0].fills(size) and len(taps.sources) == 1:
            coef = here[0].coef
            reach = Taps(1, (tuple(coef * source for source in taps.sources[0]),))
            digit = replace(here[0], mod=new_size, coef=coef * taps.step)
            others = tuple(d for d in self.digits if d.dim != dim)
            return replace(self, map=self.map.through(reach), digits=(*others, digit))
        term = self.on_one_dimension(dim, size)
        return replace(term, map=term.map.through(taps), digits=(Digit(dim, 1, new_size, 1),))

    def at(self, dim: int, index: int) -> Term:
        """Fix the index of one dimension; the dimension stays, as one of size 1."""
        here = self.on(dim)
        position = sum(d.coef * (index // d.div % d.mod) for d in here)
        return replace(
            self,
            map=self.map.through(Taps.affine(position)),
            digits=tuple(d for d in self.digits if d.dim != dim),
            cropped=self.cropped or any(d.mod > 1 for d in here),
        )

    def summed(self, dims: set[int]) -> Term:
        """Take everything along ``dims`` together: sums, means, maxima, matrix products."""
        field_map = self.map
        for digit in self.digits:
            if digit.dim in dims and digit.mod > 1:
                # With one kind of unit the ends suffice, as the field moves along steadily.
                ends = (0, digit.mod - 1)
                values = ends if len(field_map.phases) == 1 else range(digit.mod)
                reach = Taps(1, (tuple(digit.coef * value for value in values),))
                field_map = field_map.through(reach)
        kept = tuple(d for d in self.digits if d.dim not in dims or d.mod == 1)
        return replace(self, map=field_map, digits=kept)


def simplified(terms: Sequence[Term]) -> tuple[Term, ...]:
    """Join the terms that share their digits, so that ordinary networks keep a single one."""
    joined: list[Term] = []
    for term in terms:
        new = term.normalised()
        for index, old in enumerate(joined):
            both = _joined(old, new)
            if both is not None:
                joined[index] = both.normalised()
                break
        else:
            joined.append(new)
    return tuple(joined)


def _joined(a: Term, b: Term) -> Term | None:
    """One term for both if their positions advance alike, else None."""
    flags = {"cropped": a.cropped and b.cropped, "whole": a.whole or b.whole}
    if a.map.stride != b.map.stride and all(d.mod == 1 for d in (*a.digits, *b.digits)):
        # A single unit, of which one term knows no stride: keep the other's.
        one = a if a.map.shift else b
        if len(one.map.phases) > 1:
            return None
        alone = FieldMap(one.map.shift, (hull((a.map(0), b.map(0))),))
        return replace(one, map=alone, **flags)
    if a.digits != b.digits:
        try:
            a, b = _with_common_digits(a, b)
        except LostError:
            return None
    if a.digits != b.digits or a.map.stride != b.map.stride:
        return None
    return replace(a, map=a.map.joined(b.map), **flags)


def _with_common_digits(a: Term, b: Term) -> tuple[Term, Term]:
    """Rewrite both with the digits of one; LostError if neither has all of the other's.

    Window attention needs it: a query knows its window and its place there, a key its window.
    """
    cuts: dict[int, set[int]] = {}
    for digit in (*a.digits, *b.digits):
        cuts.setdefault(digit.dim, set()).update((digit.div, digit.div * digit.mod))
    a, b = (replace(t, digits=tuple(p for d in t.digits for p in _cut(d, cuts))) for t in (a, b))
    more, less = (a, b) if len(a.digits) >= len(b.digits) else (b, a)
    order = sorted(more.digits, key=lambda d: -abs(d.coef))
    places = {(d.dim, d.div, d.mod) for d in order}
    if not {(d.dim, d.div, d.mod) for d in less.digits} <= places:
        raise LostError("branches hold their positions on different dimensions")
    return _rebased(a, order), _rebased(b, order)


def _cut(digit: Digit, cuts: dict[int, set[int]]) -> list[Digit]:
    """Split a digit where the other term's digits begin or end."""
    end = digit.div * digit.mod
    inner = sorted(cut for cut in cuts[digit.dim] if digit.div < cut < end)
    pieces = []
    for low, high in pairwise([digit.div, *inner, end]):
        if high % low:
            raise LostError("branches group their positions differently")
        pieces.append(Digit(digit.dim, low, high // low, digit.coef * (low // digit.div)))
    return pieces


def _rebased(term: Term, order: Sequence[Digit]) -> Term:
    """Count positions in the mixed radix of ``order``, whose first digit runs on for ever."""
    coefs = {(d.dim, d.div, d.mod): d.coef for d in term.digits}
    weights = [prod(d.mod for d in order[k + 1 :]) for k in range(len(order))]
    own = [coefs.get((d.dim, d.div, d.mod), 0) for d in order]
    period = len(term.map.phases)
    turns = period // gcd(period, own[0])
    phases = []
    for place in range(bounded(weights[0] * turns)):
        values = [place // weights[0]]
        values += [place // w % d.mod for w, d in zip(weights[1:], order[1:], strict=True)]
        phases.append(term.map(sum(c * v for c, v in zip(own, values, strict=True))))
    shift = term.map.shift * (own[0] * turns) // period
    digits = tuple(replace(d, coef=w) for d, w in zip(order, weights, strict=True))
    return replace(term, map=FieldMap(shift, tuple(phases)).reduced(), digits=digits)
