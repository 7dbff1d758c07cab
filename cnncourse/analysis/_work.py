"""Which operations are work, and how many multiply-accumulates each one takes.

The convention, in three classes that leave no operation out:

- **counted**: convolutions and transposed convolutions (deformable ones included), products of
  matrices and vectors, bilinear forms, attention and recurrent layers;
- **zero by convention**: pointwise arithmetic, biases, norms, activations, reductions, pooling,
  interpolation and sampling, look-ups, comparison and sorting, random numbers, data movement;
- **named**: everything else, that is Fourier transforms, matrix decompositions and solvers,
  pairwise distances, quantised and sparse products, and every operator from outside PyTorch
  (``torchvision``'s region pooling excepted). A formula given to
  ``torch.utils.flop_counter.register_flop_formula`` makes such an operator counted.

Counts are those of the dense definition: padding, masks and zeros are not subtracted.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import flop_registry

Formula = Callable[..., int]  # (args, kwargs, output) -> multiply-accumulates


def _bilinear_form(x1: Tensor, weight: Tensor, x2: Tensor, *_: Any, **__: Any) -> int:
    # torch hands over (N, I), (O, I, J), (N, J): x1 times every W_o, then the dot product with x2.
    n, (out, i, j) = x1.shape[0], weight.shape
    return n * out * (i * j + j)


def _attention(query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any) -> int:
    # query key^T, then weights value, for every query head (keys may have fewer heads).
    *batch_and_heads, length, depth = query.shape
    return prod(batch_and_heads) * length * key.shape[-2] * (depth + value.shape[-1])


def _steps(x: Tensor, batch_sizes: list[int]) -> int:
    # Time steps times batch; packed sequences come with their batch sizes, one row a step.
    return sum(batch_sizes) if batch_sizes else x.shape[0] * x.shape[1]


def _rnn_layer(x: Tensor, w_ih: Tensor, w_hh: Tensor, *rest: Any, **_: Any) -> int:
    return _steps(x, rest[5]) * (w_ih.numel() + w_hh.numel())


def _fused_rnn(x: Tensor, weights: list[Tensor], *rest: Any, **_: Any) -> int:
    batch_sizes = next((a for a in reversed(rest) if isinstance(a, list | tuple)), ())
    return _steps(x, batch_sizes) * sum(w.numel() for w in weights if w.dim() == 2)


def _deformable(x: Tensor, weight: Tensor, *_: Any, out: Tensor, **__: Any) -> int:
    return out.shape[0] * prod(out.shape[2:]) * weight.numel()


# What torch's own registry leaves out, or knows only in its later versions.
_FORMULAS: dict[str, Formula] = {
    "aten::mv": lambda matrix, *_, **__: matrix.numel(),
    "aten::addmv": lambda _, matrix, *__, **___: matrix.numel(),
    "aten::dot": lambda x, *_, **__: x.numel(),
    "aten::vdot": lambda x, *_, **__: x.numel(),
    "aten::addr": lambda _, x, y, *__, **___: x.numel() * y.numel(),
    "aten::addbmm": lambda _, a, b, *__, **___: a.numel() * b.shape[-1],
    "aten::_addmm_activation": lambda _, a, b, *__, **___: a.numel() * b.shape[-1],
    "aten::_trilinear": _bilinear_form,
    "aten::_scaled_dot_product_flash_attention": _attention,
    "aten::_scaled_dot_product_flash_attention_for_cpu": _attention,
    "aten::_scaled_dot_product_efficient_attention": _attention,
    "aten::_scaled_dot_product_cudnn_attention": _attention,
    "aten::_scaled_dot_product_fused_attention_overrideable": _attention,
    "aten::_scaled_dot_product_attention_math_for_mps": _attention,
    "aten::mkldnn_rnn_layer": _rnn_layer,
    "aten::_cudnn_rnn": _fused_rnn,
    "aten::miopen_rnn": _fused_rnn,
    "torchvision::deform_conv2d": _deformable,
}

# Words that mark an operator of PyTorch as arithmetic beyond the pointwise. One without a formula
# above or in torch's registry is named.
# fmt: off
_ARITHMETIC = frozenset((
    "addmm", "addmv", "attention", "bmm", "cdist", "cholesky", "conv", "conv1d", "conv2d", "conv3d",
    "convolution", "dot", "einsum", "euclidean", "fft", "geqrf", "gru", "inverse", "linalg",
    "linear", "lstm", "lstsq", "lu", "matmul", "mm", "mv", "ormqr", "pdist", "qr", "quantized",
    "rnn", "solve", "svd", "transformer", "triangular",
))
# They carry such a word, or come from outside, and are reductions, pointwise, checks or pooling.
_HARMLESS = frozenset((
    "aten::_linalg_check_errors", "aten::linalg_vector_norm", "aten::linalg_cross",
    "aten::linalg__powsum", "aten::_thnn_fused_lstm_cell", "aten::_thnn_fused_gru_cell",
    "aten::lu_unpack", "torchvision::nms", "torchvision::roi_align", "torchvision::roi_pool",
    "torchvision::ps_roi_align", "torchvision::ps_roi_pool",
))
# fmt: on
_PYTORCH = frozenset(("aten", "prim", "prims", "profiler"))

DECOMPOSE = object()  # an operator made of others, which are looked at one by one


def rule_for(op: Any) -> Formula | str | object | None:
    """Return how to count ``op``: a formula, None for zero, a name to report, or DECOMPOSE."""
    if op in flop_registry:  # a higher-order operator such as flex_attention
        return _from_registry(op)
    if not isinstance(op, torch._ops.OpOverload):
        return f"higher_order::{op}"
    name = op._schema.name
    plain = name.removesuffix("_")  # addmm_ is addmm in place
    if plain in _FORMULAS:
        return _from_tensors(_FORMULAS[plain])
    short = plain.split("::")[1]
    for packet in (op.overloadpacket, getattr(getattr(torch.ops, op.namespace), short, None)):
        if packet in flop_registry:
            return _from_registry(packet)
    if torch._C._dispatch_has_kernel_for_dispatch_key(op.name(), "CompositeImplicitAutograd"):
        return DECOMPOSE
    if name in _HARMLESS:
        return None
    return None if op.namespace in _PYTORCH and _ARITHMETIC.isdisjoint(short.split("_")) else name


def _from_tensors(formula: Formula) -> Formula:
    return lambda args, kwargs, out: formula(*args, **{**kwargs, "out": out})


def _from_registry(key: Any) -> Formula:
    # The registry counts a multiply-accumulate as two operations.
    return lambda args, kwargs, out: flop_registry[key](*args, **kwargs, out_val=out) // 2
