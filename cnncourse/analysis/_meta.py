"""Repeated operations on the meta device, answered from memory.

PyTorch works out the shapes of many meta operators in Python, which is most of the time that a
forward pass takes there. Networks repeat their blocks, and an operator's result depends on nothing
but shapes, strides and dtypes.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

_PLAIN = (Tensor, nn.Parameter)
_Spec = tuple[torch.Size, tuple[int, ...], torch.dtype]


class MetaCache:
    """Executes operators and remembers the shapes of what pure ones return."""

    def __init__(self) -> None:
        self._pure: dict[Any, bool] = {}
        self._results: dict[Any, tuple[type | None, list[_Spec]]] = {}

    def __call__(self, op: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return ``op(*args, **kwargs)``, without executing it when an equal call came before."""
        pure = self._pure.get(op)
        if pure is None:
            pure = self._pure[op] = _is_pure(op)
        if not pure:
            return op(*args, **kwargs)
        try:
            key = (op, _key(args), *((name, _key(value)) for name, value in kwargs.items()))
            known = self._results.get(key)
        except _NotMetaError:
            return op(*args, **kwargs)
        except TypeError:  # an argument that cannot be hashed
            return op(*args, **kwargs)
        if known is not None:
            kind, specs = known
            tensors = [torch.empty_strided(s, t, dtype=d, device="meta") for s, t, d in specs]
            return tensors[0] if kind is None else kind(tensors)
        out = op(*args, **kwargs)
        specs = _specs(out, args)
        if specs:
            self._results[key] = (None if isinstance(out, Tensor) else type(out), specs)
        return out


class _NotMetaError(Exception):
    """A tensor whose result depends on more than its shape."""


def _is_pure(op: Any) -> bool:
    # No views, no writes, and tensors in: a factory's result is as cheap to make as to remember.
    if not isinstance(op, torch._ops.OpOverload):
        return False
    schema = op._schema
    arguments = [*schema.arguments, *schema.returns]
    return not any(a.alias_info for a in arguments) and any(
        "Tensor" in str(a.type) for a in schema.arguments
    )


def _key(value: Any) -> Any:
    if isinstance(value, _PLAIN):
        if not value.is_meta or value.layout is not torch.strided or value.is_complex():
            raise _NotMetaError
        return value.shape, value.stride(), value.dtype
    if isinstance(value, list | tuple):
        return tuple([_key(item) for item in value])
    return type(value), value  # 1, 1.0 and True are equal and do not promote alike


def _specs(out: Any, args: tuple[Any, ...]) -> list[_Spec]:
    # Empty when a result shares memory (``_unsafe_view``) or has any other storage than its own.
    outputs = [out] if isinstance(out, Tensor) else out
    if not isinstance(outputs, list | tuple) or type(outputs) not in (list, tuple):
        return []
    storages = {a.untyped_storage()._cdata for a in args if isinstance(a, Tensor)}
    specs = []
    for tensor in outputs:
        if type(tensor) is not Tensor or not tensor.is_meta or tensor.is_complex():
            return []
        storage = tensor.untyped_storage()
        spec = tensor.shape, tensor.stride(), tensor.dtype
        twin = torch.empty_strided(*spec[:2], dtype=spec[2], device="meta")
        if storage._cdata in storages or storage.nbytes() != twin.untyped_storage().nbytes():
            return []
        storages.add(storage._cdata)
        specs.append(spec)
    return specs
