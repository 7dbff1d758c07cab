"""The receptive field of a network's units: size, stride and padding, and exact pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from torch import nn

from cnncourse.analysis._fields.field import Field
from cnncourse.analysis._fields.images import named_modules
from cnncourse.analysis._fields.maps import FieldMap, Interval, LostError
from cnncourse.analysis._fields.terms import Digit
from cnncourse.analysis._fields.tracing import Visit, trace_fields

Number = int | Fraction


@dataclass(frozen=True)
class ReceptiveField:
    """Which input pixels the units of a feature map see, one entry per spatial axis.

    Along an axis, unit ``i`` sees the ``size`` pixels from ``i*stride - padding`` on; a negative
    padding means that the first unit begins inside the image (Araujo, Norris and Sim, *Computing
    Receptive Fields of Convolutional Neural Networks*, Distill 2019). The border is ignored: the
    numbers are those of an input without end. With holes, as dilation leaves them, ``size``
    counts from the first pixel seen to the last.

    After a transposed convolution or an interpolation, neighbouring units may see differently
    many pixels. Then size, stride and padding describe the smallest interval that covers every
    unit when it is moved along by ``stride``; they are fractions where they have to be. What a
    single unit sees is exact in :meth:`interval`. One exception: where a transposed convolution
    has a kernel smaller than its stride, branches may read nothing along one axis and something
    along the other; as each axis is followed alone, the result then covers what is seen.

    Where a unit sees the whole axis because a layer mixes all positions, ``causes`` names the
    layer, ``size`` is the input's, stride and padding are 0.
    """

    size: tuple[Number, ...]
    stride: tuple[Number, ...]
    padding: tuple[Number, ...]
    input_size: tuple[int, ...]
    causes: tuple[str | None, ...]
    maps: tuple[FieldMap, ...] = field(repr=False)
    digits: tuple[Digit | None, ...] = field(repr=False)  # where the output holds the positions

    @property
    def sees_everything(self) -> bool:
        """Whether a layer makes every unit see the whole input."""
        return all(cause is not None for cause in self.causes)

    @property
    def cause(self) -> str | None:
        """The layer that made units see everything along the first axis where they do."""
        return next((cause for cause in self.causes if cause is not None), None)

    def interval(self, *unit: int) -> tuple[Interval | None, ...]:
        """First and last pixel that one unit sees along each axis of the input.

        The unit's indices are in the order in which the output holds them, so that ``(i, j)`` is
        ``y[:, :, i, j]``, also of a transposed map, or ``y[:, i, j]`` of one with channels last.
        They may lie outside the image, in its padding. None stands for a unit that sees nothing,
        as some do after a transposed convolution with a kernel smaller than its stride.
        """
        if len(unit) != len(self.maps):
            raise ValueError(f"a unit needs {len(self.maps)} indices here, got {unit}")
        places = dict(zip(self._order, unit, strict=True))
        return tuple(f(places[axis]) for axis, f in enumerate(self.maps))

    @property
    def _order(self) -> list[int]:
        """The axes of the input in the order in which the output holds them."""
        digits = enumerate(self.digits)
        return [
            a for _, _, a in sorted((d.dim, -d.div, a) if d else (a + 2, 0, a) for a, d in digits)
        ]

    @property
    def map_size(self) -> tuple[int, ...]:
        """How many units there are along each index of :meth:`interval`."""
        digits = (self.digits[axis] for axis in self._order)
        return tuple(digit.mod if digit else 1 for digit in digits)

    @property
    def central_unit(self) -> tuple[int, ...]:
        """The unit in the middle of the map, its indices as in :meth:`interval`."""
        return tuple(size // 2 for size in self.map_size)

    def is_map(self, shape: Sequence[int]) -> bool:
        """Whether an output of this shape has dimensions for positions alone."""
        if None in self.digits:
            return len(shape) == 2 + len(self.digits)
        units = dict.fromkeys((digit.dim for digit in self.digits if digit), 1)
        for digit in self.digits:
            units[digit.dim] *= digit.mod
        return all(shape[dim] == number for dim, number in units.items())

    def index_of(self, unit: Sequence[int], dims: int) -> tuple[int | slice, ...]:
        """Where in an output of so many dimensions the unit stands, in the batch's first image."""
        index: list[int | slice] = [0, *[slice(None)] * (dims - 1)]
        for axis, i in zip(self._order, unit, strict=True):
            if digit := self.digits[axis]:
                so_far = index[digit.dim]
                index[digit.dim] = (so_far if isinstance(so_far, int) else 0) + i * digit.div
        return tuple(index)

    def __str__(self) -> str:
        if self.sees_everything:
            return f"everything, all {times(self.input_size)} pixels, because of {self.cause}"
        text = (
            f"{times(self.size)} pixels, stride {times(self.stride)}, padding {times(self.padding)}"
        )
        partly = [
            f"axis {axis} seen completely because of {cause}"
            for axis, cause in enumerate(self.causes)
            if cause is not None
        ]
        return "; ".join([text, *partly])


def receptive_field(
    model: nn.Module,
    input_size: Any,
    output: str | None = None,
    *,
    input: int | str = 0,
    ignore_squeeze_excitation: bool = False,
) -> ReceptiveField:
    """Measure the receptive field of a model's output, or of the module with path ``output``.

    ``input_size`` is the full shape of an input, ``(N, C, L)``, ``(N, C, H, W)`` or
    ``(N, C, D, H, W)``; for several inputs a list of shapes, for keyword arguments a dict, with a
    tensor where values matter (:func:`~cnncourse.analysis.counting.count_macs`). ``input`` is the
    number or name of the one whose pixels are asked about. A copy of the model runs once, in eval
    mode and without data. A module that is called several times is measured at its last call.

    With ``ignore_squeeze_excitation``, a product of a map and a global summary of the image
    counts as the map alone.

    Raises ValueError for an input size without spatial axes, an unknown path, a module without a
    single tensor as output, branches that advance by different strides, and where an operation
    has no rule to follow it exactly: there, :func:`measured_receptive_field` measures.
    """
    names = named_modules(model, output)
    visits, shape = trace_fields(model, input_size, input, ignore_squeeze_excitation)
    path = output or ""
    seen = [visit for visit in visits if visit.path == path or names[path] is names[visit.path]]
    if not seen:
        raise ValueError(f"the module {output!r} does not run in the model's forward pass")
    return field_of_visit(seen[-1], shape[2:])


def field_of_visit(visit: Visit, extents: tuple[int, ...]) -> ReceptiveField:
    """Read the result off a call of a module; raises ValueError where that is impossible."""
    name = repr(visit.path) if visit.path else "the model"
    if not visit.outputs:
        raise ValueError(f"{name} returns no tensor; name a module inside of it that does")
    fields = {state for _, state in visit.outputs}
    if len(fields) != 1:
        raise ValueError(
            f"{name} returns {len(visit.outputs)} tensors with different fields; "
            "name a module with a single one as output"
        )
    (shape, state), *_ = visit.outputs
    state = state if state is not None else tuple(Field(extent) for extent in extents)
    dims = Counter(dim for one in state for dim in {d.dim for t in one.terms for d in t.digits})
    alone = {dim: size for dim, size in enumerate(shape) if dims[dim] == 1}
    read = [_read(name, axis, one, shape, alone) for axis, one in enumerate(state)]
    maps = tuple(field_map for field_map, _ in read)
    covering = [_covering(one) for one in maps]
    return ReceptiveField(
        size=tuple(size for size, _, _ in covering),
        stride=tuple(stride for _, stride, _ in covering),
        padding=tuple(padding for _, _, padding in covering),
        input_size=extents,
        causes=tuple(one.everything for one in state),
        maps=maps,
        digits=tuple(digit for _, digit in read),
    )


def _read(
    name: str, axis: int, one: Field, shape: Sequence[int], alone: dict[int, int]
) -> tuple[FieldMap, Digit | None]:
    """The map from a unit's position along this axis to pixels, and where the position stands.

    ``alone`` has the sizes of the dimensions that hold positions along one axis only.
    """
    if one.everything is not None:
        digits = {t.digits for t in one.terms if len(t.digits) == 1}
        digit = digits.pop()[0] if len(digits) == 1 else None
        if digit is not None and digit.div * digit.mod == alone.get(digit.dim):
            digit = Digit(digit.dim, 1, shape[digit.dim], 1)
        return FieldMap(0, ((0, one.extent - 1),)), digit
    if one.unknown is not None:
        raise ValueError(
            f"what {name} sees along axis {axis} is not known, because {one.unknown}; {ADVICE}"
        )
    if not one.terms:
        return FieldMap(0, (None,)), None
    one = _without_channels(one)
    if len({(term.digits, term.map.stride) for term in one.terms}) > 1:
        strides = ", ".join(str(stride) for stride in sorted({t.map.stride for t in one.terms}))
        raise ValueError(
            f"{name} joins branches whose units advance by {strides} input pixels along axis "
            f"{axis}, so it has no stride; {ADVICE}"
        )
    (term,) = one.terms
    if not term.digits:
        return term.map, None
    first = term.digits[0]
    # Several digits, or one that several units share, as after a pixel shuffle.
    if len(term.digits) > 1 or first.div * first.mod == alone.get(first.dim):
        try:
            term = term.on_one_dimension(first.dim, shape[first.dim])
        except LostError as reason:
            raise ValueError(
                f"what {name} sees along axis {axis} is not known: {reason}; {ADVICE}"
            ) from None
    return term.map, term.digits[0]


ADVICE = "measured_receptive_field measures it by gradients"


def _without_channels(one: Field) -> Field:
    """Positions hidden among the channels (pixel unshuffle) count for all units of a place."""
    spread = any({1} < {digit.dim for digit in term.digits if digit.mod > 1} for term in one.terms)
    return one.summed({1}, "channels") if spread else one


def _covering(one: FieldMap) -> tuple[Number, Number, Number]:
    """Size, stride and padding of the smallest moving interval that covers every unit."""
    stride = one.stride
    units = [(i, seen) for i, seen in enumerate(one.phases) if seen is not None]
    if not units:
        return 0, 0, 0
    padding = max(i * stride - first for i, (first, _) in units)
    size = max(last - i * stride + padding for i, (_, last) in units) + 1
    return _plain(size), _plain(stride), _plain(padding)


def _plain(value: Fraction) -> Number:
    return int(value) if value.denominator == 1 else value


def times(values: Sequence[float | Fraction]) -> str:
    """Sizes as text: 3 × 224."""
    return " × ".join(str(value) for value in values)
