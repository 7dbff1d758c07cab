"""How each of PyTorch's low-level operations carries receptive fields from its inputs on.

PyTorch breaks every module and function down into a few hundred ATen operations. Most act on
every position alone; the tables at the end name those that do not. An operation without a rule
is not guessed: what depends on it becomes unknown, with a reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from cnncourse.analysis._fields.calls import Call, State, broadcast, each, lost, union, with_place
from cnncourse.analysis._fields.joins import cat, channelwise, index, stack
from cnncourse.analysis._fields.layout import (
    as_strided,
    expand,
    flip,
    permute,
    repeat,
    roll,
    same,
    select,
    slicing,
    split,
    squeeze,
    unbind,
    unsqueeze,
    view,
)
from cnncourse.analysis._fields.maps import LostError
from cnncourse.analysis._fields.patches import im2col, pixel_shuffle, pixel_unshuffle, unfold
from cnncourse.analysis._fields.sums import (
    batch_norm,
    group_norm,
    layer_norm,
    matrix_product,
    reduction,
    softmax,
)
from cnncourse.analysis._fields.windows import (
    adaptive_pooling,
    convolution,
    interpolation,
    padding,
    pooling,
)


def pointwise(call: Call) -> State | None:
    """Elementwise operations take the union over their inputs, aligned by broadcasting.

    When gates are looked past, the factor that is the same at all positions and sees everything
    is left out of a product: the gate of squeeze-and-excitation, however it is written.
    """
    tensors = [value for value in call.arguments.values() if isinstance(value, Tensor)]
    for value in call.arguments.values():
        if isinstance(value, (list, tuple)):
            tensors += [item for item in value if isinstance(item, Tensor)]
    states = [broadcast(call, tensor) for tensor in tensors]
    if call.look_past_gates and call.op in ("mul", "div"):
        known = [state for state in states if state is not None]
        maps = [state for state in known if not any(field.everything for field in state)]
        if maps:
            gates = [state for state in known if all(field.is_summary for field in state)]
            states = [state for state in known if not any(state is gate for gate in gates)]
    return union(states)


def constant(call: Call) -> None:
    """Only the shape or nothing of the input is used."""


def overwritten(call: Call) -> State | None:
    """``copy_``: nothing of what was there stays."""
    return broadcast(call, call["src"])


RULES: dict[str, Callable[[Call], Any]] = {}
for _rule, _names in {
    # PyTorch tags elementwise operations; these it has not tagged in every release.
    pointwise: "_prelu_kernel _to_copy bernoulli celu elu gelu hardsigmoid hardswish hardtanh "
    "leaky_relu log_sigmoid_forward native_dropout relu6 rrelu_with_noise silu",
    constant: "zero fill normal uniform exponential random",
    overwritten: "copy",
    convolution: "convolution",
    pooling: "max_pool2d_with_indices max_pool3d_with_indices avg_pool1d avg_pool2d avg_pool3d",
    adaptive_pooling: "_adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_avg_pool1d "
    "adaptive_max_pool2d adaptive_max_pool3d",
    interpolation: "upsample_nearest1d upsample_nearest2d upsample_nearest3d upsample_linear1d "
    "_upsample_nearest_exact1d _upsample_nearest_exact2d _upsample_nearest_exact3d "
    "upsample_bilinear2d upsample_bicubic2d upsample_trilinear3d",
    padding: "constant_pad_nd reflection_pad1d reflection_pad2d reflection_pad3d "
    "replication_pad1d replication_pad2d replication_pad3d",
    reduction: "sum mean amax amin max min var std var_mean std_mean prod logsumexp "
    "linalg_vector_norm norm any all argmax argmin",
    softmax: "_softmax _log_softmax _safe_softmax",
    batch_norm: "native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training",
    layer_norm: "native_layer_norm",
    group_norm: "native_group_norm",
    matrix_product: "mm mv bmm addmm addmv baddbmm",
    same: "clone alias detach lift_fresh contiguous view_as_real view_as_complex _conj "
    "resolve_conj _neg_view resolve_neg",
    view: "view _unsafe_view reshape _reshape_alias",
    as_strided: "as_strided",
    expand: "expand",
    repeat: "repeat",
    permute: "permute transpose t",
    unsqueeze: "unsqueeze",
    squeeze: "squeeze",
    slicing: "slice",
    select: "select",
    split: "split split_with_sizes unsafe_split unsafe_split_with_sizes",
    unbind: "unbind",
    flip: "flip",
    roll: "roll",
    unfold: "unfold",
    im2col: "im2col",
    pixel_shuffle: "pixel_shuffle",
    pixel_unshuffle: "pixel_unshuffle",
    cat: "cat",
    stack: "stack",
    channelwise: "channel_shuffle glu index_select cumsum sort topk",
    index: "index",
}.items():
    RULES.update(dict.fromkeys(_names.split(), _rule))


def apply_rule(call: Call, func: torch._ops.OpOverload) -> list[State | None]:
    """Return what is known of every result of an operation."""
    inputs = [state for value in _tensors(call.arguments) if (state := call.state_of(value))]
    if not inputs or call.op.endswith("_like") or call.op.startswith("new_"):
        return [None] * len(call.results)
    rule = RULES.get(call.op)
    if torch.Tag.pointwise in func.tags and rule in (None, reduction):
        rule = pointwise  # max(a, b) shares its name with max over a dimension
    if rule is None:
        blank = union([each(state, lambda f: replace(f, terms=())) for state in inputs])
        state = lost(blank, "no rule says which positions it reads")
    else:
        try:
            state = rule(call)
        except LostError as reason:
            state = lost(union(inputs), str(reason))
    states = state if isinstance(state, list) else _same_shape(call, state)
    return [with_place(call, new, inputs) for new in states]


def _same_shape(call: Call, state: State | None) -> list[State | None]:
    """Further results of the first one's shape (indices, gates) see the same."""
    return [
        state
        if state is None or tuple(result.shape) == call.shape
        else lost(state, "this by-product is not followed")
        for result in call.results
    ]


def _tensors(arguments: dict[str, Any]) -> list[Tensor]:
    found = []
    for value in arguments.values():
        items = value if isinstance(value, (list, tuple)) else (value,)
        found += [item for item in items if isinstance(item, Tensor)]
    return found
