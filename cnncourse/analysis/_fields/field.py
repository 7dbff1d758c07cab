"""What the units of a tensor see along one axis of the input: a union of terms, or more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cnncourse.analysis._fields.maps import Interval, LostError
from cnncourse.analysis._fields.terms import Shape, Term, simplified


@dataclass(frozen=True)
class Field:
    """What the units of a tensor see along one axis of the input, which has ``extent`` pixels.

    The union of the terms; no terms mean no dependence on the input. ``everything`` names the
    layer that made every unit see the whole axis: the terms then only say along which dimensions
    the tensor still varies. ``unknown`` says why the dependence could not be followed.
    """

    extent: int
    terms: tuple[Term, ...] = ()
    everything: str | None = None
    unknown: str | None = None

    def with_terms(self, terms: Sequence[Term]) -> Field:
        """The same field with other terms."""
        try:
            terms = simplified(terms)
        except LostError as reason:
            return self.lost(reason)
        # One window over the whole map is a global summary once its position is forgotten.
        whole = (
            t.whole for t in terms if t.whole and not t.digits and covers(t.map(0), self.extent)
        )
        return replace(self, terms=terms, everything=self.everything or next(whole, None))

    @property
    def is_summary(self) -> bool:
        """Whether the tensor is one global value per channel, the same at all positions."""
        varies = any(digit.mod > 1 for term in self.terms for digit in term.digits)
        return self.everything is not None and self.unknown is None and not varies

    def each(self, change: Callable[[Term], Term]) -> Field:
        """Apply ``change`` to all terms."""
        try:
            return self.with_terms([change(term) for term in self.terms])
        except LostError as reason:
            return self.lost(reason)

    def lost(self, reason: LostError) -> Field:
        """From here on nothing is known but that a unit sees everything, where it does."""
        return replace(self, terms=(), unknown=self.unknown or str(reason))

    def union(self, other: Field) -> Field:
        """The field of a unit that sees what both see, tensors of equal shape."""
        both = Field(
            self.extent,
            everything=self.everything or other.everything,
            unknown=self.unknown or other.unknown,
        )
        return both.with_terms([*self.terms, *other.terms])

    def broadcast(self, old: Shape, new: Shape) -> Field:
        """Repeat along dimensions of size 1, after aligning the last ones."""
        if tuple(old) == tuple(new):
            return self
        extra = len(new) - len(old)

        def change(term: Term) -> Term:
            kept = [d for d in term.digits if new[d.dim + extra] == old[d.dim]]
            return replace(term, digits=tuple(replace(d, dim=d.dim + extra) for d in kept))

        return self.each(change)

    def renumbered(self, new_dims: dict[int, int]) -> Field:
        """Rename dimensions; what lies on a dimension that is not named must have size 1."""

        def change(term: Term) -> Term:
            kept = [d for d in term.digits if d.dim in new_dims]
            return replace(term, digits=tuple(replace(d, dim=new_dims[d.dim]) for d in kept))

        return self.each(change)

    def reshaped(self, old: Shape, new: Shape) -> Field:
        """Follow the field through ``view``."""
        if tuple(old) == tuple(new):
            return self
        return self.each(lambda term: term.reshaped(old, new))

    def summed(self, dims: set[int], cause: str) -> Field:
        """Take all positions along ``dims`` together; the dimensions stay, with size 1.

        Where that leaves no position, the unit sees everything, and ``cause`` is to blame.
        """
        everything = self.everything
        terms = []
        for term in self.terms:
            try:
                new = term.summed(dims)
            except LostError as reason:
                return self.lost(reason)
            gone = any(d.dim in dims and d.mod > 1 for d in term.digits)
            left = any(d.mod > 1 for d in new.digits)
            all_of_it = not term.cropped or covers(new.map(0), self.extent)
            if gone and not left and all_of_it:
                everything = everything or cause
            terms.append(new)
        return replace(self, everything=everything).with_terms(terms)


def covers(interval: Interval | None, extent: int) -> bool:
    """Whether an interval contains every pixel from 0 to ``extent - 1``."""
    return interval is not None and interval[0] <= 0 and interval[1] >= extent - 1
