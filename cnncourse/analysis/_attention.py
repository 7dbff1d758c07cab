"""Attention on the meta device, with the memory that it takes on a real one."""

from __future__ import annotations

from types import FunctionType

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode


class FusedAttention(TorchFunctionMode):
    """Makes attention on the meta device keep what the fused kernels of real devices keep.

    There, PyTorch writes attention out and would save the whole matrix of attention weights.
    """

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is F.scaled_dot_product_attention:
            func = _attention
        elif func is F.multi_head_attention_forward:
            func = _multi_head_attention
        return func(*args, **(kwargs or {}))


def _attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    fits = (  # the conditions under which the CPU takes its fused kernel
        query.is_meta
        and query.dim() == key.dim() == value.dim() == 4
        and query.shape[:2] == key.shape[:2] == value.shape[:2]
        and query.shape[-1] == key.shape[-1] == value.shape[-1]
        and dropout_p == 0
        and (attn_mask is None or not attn_mask.requires_grad)
    )
    if not fits:
        return F.scaled_dot_product_attention(
            query, key, value, attn_mask, dropout_p, is_causal, scale=scale, enable_gqa=enable_gqa
        )
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        attn_mask = torch.zeros_like(attn_mask, dtype=query.dtype)
    return torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
        query, key, value, dropout_p, is_causal, attn_mask=attn_mask, scale=scale
    )[0]


# nn.MultiheadAttention calls a Python function, inside of which no mode sees the call to attention.
# This is that function with our attention in the place of PyTorch's.
_original = F.multi_head_attention_forward
_multi_head_attention = FunctionType(
    _original.__code__,
    {
        **_original.__globals__,
        "has_torch_function": lambda _: False,
        "scaled_dot_product_attention": _attention,
    },
    argdefs=_original.__defaults__,
)
_multi_head_attention.__kwdefaults__ = _original.__kwdefaults__
