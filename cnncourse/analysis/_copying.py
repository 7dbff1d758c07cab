"""Copies of a model, so that measuring one cannot change it."""

from __future__ import annotations

import copy
from collections import OrderedDict
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter, is_lazy
from torch.overrides import TorchFunctionMode


class _CopiesTo(TorchFunctionMode):
    """While active, ``copy.deepcopy`` gives every tensor a twin on ``device``, None for its own.

    On the meta device the twin has shape, strides and dtype and no memory. Derived tensors that a
    module keeps as attributes, which ``deepcopy`` refuses, are detached.
    """

    def __init__(self, device: torch.device | None) -> None:
        super().__init__()
        self.device = device

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch.Tensor.__deepcopy__:
            tensor, memo = args
            if id(tensor) not in memo:
                twin = self._twin(tensor).requires_grad_(tensor.requires_grad)
                memo[id(tensor)] = twin
            return memo[id(tensor)]
        if func is torch.Tensor.clone:  # nn.Parameter copies itself by cloning its data
            return self._twin(args[0])
        return func(*args, **(kwargs or {}))

    def _twin(self, tensor: Tensor) -> Tensor:
        device = self.device or tensor.device
        if device.type == "meta":
            return torch.empty_like(tensor.detach(), device="meta")
        return tensor.detach().to(device, copy=True)


def copy_to(model: nn.Module, device: torch.device | None) -> nn.Module:
    """Copy ``model`` to ``device``, with None every tensor to where it is.

    On the meta device no weight is read and no memory taken.

    Raises:
        ValueError: if the model holds meta tensors and ``device`` is a real one, or if something
            in the model cannot be copied.
    """
    if device is not None and device.type != "meta":
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
            if tensor.is_meta:
                raise ValueError(
                    f"{name} of {type(model).__name__} is on the meta device and holds no values; "
                    f"measure with device='meta', got device={str(device)!r}"
                )
    with torch.no_grad(), _CopiesTo(device):
        try:
            twin = _deepcopy(model, {})
        except Exception:  # a lock, a file or a generator among the attributes
            try:
                twin = _deepcopy(model, _shared_where_needed(model))
            except Exception as error:
                raise ValueError(
                    f"{type(model).__name__} is measured on a copy and cannot be copied: {error}"
                ) from error
    for module in twin.modules():
        _place_lazy(module._parameters, UninitializedParameter, device)
        _place_lazy(module._buffers, UninitializedBuffer, device)
    return twin


def _deepcopy(model: nn.Module, memo: dict[int, Any]) -> nn.Module:
    """``copy.deepcopy`` that takes the many attributes with nothing to copy by a short cut."""
    ordinary = [m for m in model.modules() if _copies_by_attributes(type(m))]
    for module in ordinary:
        memo[id(module)] = type(module).__new__(type(module))
    for module in ordinary:
        attributes = memo[id(module)].__dict__
        for name, value in vars(module).items():
            if name == "_compiled_call_impl":  # holds on to the original
                continue
            if type(value) in _ATOMIC:
                attributes[name] = value
            elif type(value) in _CONTAINERS and not value and id(value) not in memo:
                attributes[name] = memo[id(value)] = type(value)()
            else:
                attributes[name] = copy.deepcopy(value, memo)
    return copy.deepcopy(model, memo)


_ATOMIC = frozenset((bool, int, float, str, type(None)))
_CONTAINERS = frozenset((dict, OrderedDict, list, set))


@cache
def _copies_by_attributes(kind: type) -> bool:
    return (
        kind.__reduce_ex__ is object.__reduce_ex__
        and kind.__setstate__ is nn.Module.__setstate__
        and getattr(kind, "__getstate__", None) is getattr(nn.Module, "__getstate__", None)
        and not hasattr(kind, "__deepcopy__")
        and kind.__new__ is object.__new__
    )


def _shared_where_needed(model: nn.Module) -> dict[int, Any]:
    # A memo for deepcopy, under which attributes that cannot be copied are shared.
    memo: dict[int, Any] = {}
    for module in model.modules():
        for value in vars(module).values():
            if isinstance(value, dict):  # parameters, submodules, hooks
                continue
            try:
                copy.deepcopy(value)
            except Exception:
                memo[id(value)] = value
    return memo


def _place_lazy(tensors: dict[str, Tensor | None], kind: type, device: torch.device | None) -> None:
    for name, tensor in tensors.items():
        if tensor is not None and is_lazy(tensor):
            place = device or tensor.device
            tensors[name] = kind(tensor.requires_grad, device=place, dtype=tensor.dtype)
