"""The receptive field of a network's units: size, stride and padding, and exact pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fractions import Fraction

from torch import nn

from cnncourse.analysis._fields.field import Field
from cnncourse.analysis._fields.maps import FieldMap, Interval
from cnncourse.analysis._fields.terms import LostError
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

    @property
    def sees_everything(self) -> bool:
        """Whether a layer makes every unit see the whole input."""
        return all(cause is not None for cause in self.causes)

    @property
    def cause(self) -> str | None:
        """The layer that made units see everything along the first axis where they do."""
        return next((cause for cause in self.causes if cause is not None), None)

    def interval(self, *unit: int) -> tuple[Interval | None, ...]:
        """First and last pixel that one unit sees along each axis.

        They may lie outside the image, in its padding. None stands for a unit that sees nothing,
        as some do after a transposed convolution with a kernel smaller than its stride.
        """
        if len(unit) != len(self.maps):
            raise ValueError(f"a unit needs {len(self.maps)} indices here, got {unit}")
        return tuple(f(i) for f, i in zip(self.maps, unit, strict=True))

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
    input_size: Sequence[int],
    output: str | None = None,
    *,
    ignore_squeeze_excitation: bool = False,
) -> ReceptiveField:
    """Measure the receptive field of a model's output, or of the module with path ``output``.

    ``input_size`` is the full shape of an input, ``(N, C, L)``, ``(N, C, H, W)`` or
    ``(N, C, D, H, W)``. The model runs once, in eval mode and without data, and is left as it was
    found. A module that is called several times is measured at its last call.

    With ``ignore_squeeze_excitation``, a product of a map and a global summary of the image
    counts as the map alone.

    Raises ValueError for an input size without spatial axes, an unknown path, a module without a
    single tensor as output, branches that advance by different strides, and where an operation
    has no rule to follow it exactly.
    """
    check_input_size(input_size)
    names = dict(model.named_modules())
    if output is not None and output not in names:
        near = get_close_matches(output, names, n=4, cutoff=0.5) or list(names)[1:5]
        raise ValueError(f"the model has no module {output!r}; near names are {', '.join(near)}")
    visits = trace_fields(model, input_size, ignore_squeeze_excitation)
    path = output or ""
    seen = [visit for visit in visits if visit.path == path or names[path] is names[visit.path]]
    if not seen:
        raise ValueError(f"the module {output!r} does not run in the model's forward pass")
    return field_of_visit(seen[-1], tuple(input_size[2:]))


def check_input_size(input_size: Sequence[int]) -> None:
    """Raise ValueError unless this is the shape of a batch with one to three spatial axes."""
    whole = all(isinstance(size, int) and size > 0 for size in input_size)
    if not whole or not 3 <= len(input_size) <= 5:
        raise ValueError(
            "input_size must be a full shape of positive integers, (N, C, L), (N, C, H, W) or "
            f"(N, C, D, H, W), got {tuple(input_size)}"
        )


def field_of_visit(visit: Visit, extents: tuple[int, ...]) -> ReceptiveField:
    """Read the result off a call of a module; raises ValueError where that is impossible."""
    name = repr(visit.path) if visit.path else "the model"
    fields = {state for _, state in visit.outputs}
    if len(fields) != 1:
        raise ValueError(
            f"{name} returns {len(visit.outputs)} tensors with different fields; "
            "name a module with a single one as output"
        )
    (shape, state), *_ = visit.outputs
    state = state if state is not None else tuple(Field(extent) for extent in extents)
    maps = tuple(_read(name, axis, one, shape) for axis, one in enumerate(state))
    covering = [_covering(one) for one in maps]
    return ReceptiveField(
        size=tuple(size for size, _, _ in covering),
        stride=tuple(stride for _, stride, _ in covering),
        padding=tuple(padding for _, _, padding in covering),
        input_size=extents,
        causes=tuple(one.everything for one in state),
        maps=maps,
    )


def _read(name: str, axis: int, one: Field, shape: Sequence[int]) -> FieldMap:
    """The map from a unit's position along this axis to pixels."""
    if one.everything is not None:
        return FieldMap(0, ((0, one.extent - 1),))
    if one.unknown is not None:
        raise ValueError(f"what {name} sees along axis {axis} is not known, because {one.unknown}")
    if not one.terms:
        return FieldMap(0, (None,))
    one = _without_channels(one)
    if len({(term.digits, term.map.stride) for term in one.terms}) > 1:
        strides = ", ".join(str(stride) for stride in sorted({t.map.stride for t in one.terms}))
        raise ValueError(
            f"{name} joins branches whose units advance by {strides} input pixels along axis "
            f"{axis}, so it has no stride; try an input size that all strides divide"
        )
    (term,) = one.terms
    if len(term.digits) > 1:
        try:
            term = term.on_one_dimension(term.digits[0].dim, shape[term.digits[0].dim])
        except LostError as reason:
            raise ValueError(f"what {name} sees along axis {axis} is not known: {reason}") from None
    return term.map


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


def times(values: Sequence[Number]) -> str:
    """Sizes as text: 3 × 224."""
    return " × ".join(str(value) for value in values)
