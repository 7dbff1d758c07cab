"""Which input pixels a unit of any network sees, in theory and in effect.

- :func:`receptive_field`: size, stride and padding for the output or any module by its path;
- :func:`receptive_field_trace`: the same layer by layer, as a table and a picture;
- :func:`effective_receptive_field`: how strongly each of these pixels counts, measured;
- :func:`measured_receptive_field`: which pixels count at all, where theory must refuse.

The theory is exact. The model runs once without data, and every low-level operation that it uses
carries along, for each spatial axis, the interval of pixels that unit ``i`` sees as a function of
``i``. Convolution takes the union over its window, a sum the union over its terms, a reshape
moves indices about. So it makes no difference whether a layer is a module or a function, and no
architecture is known by name. An operation without a rule is named, never guessed.
"""

from __future__ import annotations

from cnncourse.analysis._fields.effective import (
    EffectiveReceptiveField,
    effective_receptive_field,
)
from cnncourse.analysis._fields.gaussian import GaussianFit
from cnncourse.analysis._fields.measured import (
    MeasuredReceptiveField,
    measured_receptive_field,
)
from cnncourse.analysis._fields.table import (
    FieldRow,
    ReceptiveFieldTrace,
    receptive_field_trace,
)
from cnncourse.analysis._fields.theoretical import ReceptiveField, receptive_field

__all__ = [
    "EffectiveReceptiveField",
    "FieldRow",
    "GaussianFit",
    "MeasuredReceptiveField",
    "ReceptiveField",
    "ReceptiveFieldTrace",
    "effective_receptive_field",
    "measured_receptive_field",
    "receptive_field",
    "receptive_field_trace",
]
