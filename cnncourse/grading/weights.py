"""Giving two modules the same weights, whatever names they gave them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

VIEWS = ("T", "mT", "H", "mH", "data")  # attributes that hand on the values; x.shape does not


class _FirstUse(TorchFunctionMode):
    """Note each parameter at its first use by a torch function."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.names = {id(parameter): name for name, parameter in module.named_parameters()}
        self.used: list[str] = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        attribute = getattr(getattr(function, "__self__", None), "__name__", "")
        if function.__name__ != "__get__" or attribute in VIEWS:
            for leaf in tree_leaves((args, kwargs)):
                name = self.names.pop(id(leaf), None)
                if name is not None:
                    self.used.append(name)
        return function(*args, **(kwargs or {}))


def execution_order(module: nn.Module, x: Tensor) -> list[str]:
    """Names of the parameters in the order in which a forward pass first uses them.

    The order of declaration says nothing: `__init__` may list the layers in any order.
    """
    recorder = _FirstUse(module)
    with torch.no_grad(), recorder:
        module(x)
    return recorder.used


def match_weights(
    reference: nn.Module, order: list[str], module: nn.Module, own_order: list[str]
) -> list[tuple[str, str]] | str:
    """Pair the parameters of two modules in order of execution, and copy their values.

    Each parameter of the reference takes the first one left that has its shape, so that two
    branches may run in either order; a 1x1 kernel also takes a matrix of as many entries.
    Returns the pairs of names, or a sentence that says which weight has no partner.
    """
    wanted, own = dict(reference.named_parameters()), dict(module.named_parameters())
    left, pairs = list(own_order), []
    for name in order:
        shape = wanted[name].shape
        fitting = [o for o in left if own[o].shape == shape]
        fitting += [o for o in left if _squeezed(own[o]) == _squeezed(wanted[name])]
        if not fitting:
            shapes = ", ".join(str(tuple(own[o].shape)) for o in own_order) or "none"
            return f"no weight of shape {tuple(shape)} is used; yours: {shapes}"
        left.remove(fitting[0])
        pairs.append((name, fitting[0]))
    with torch.no_grad():
        for name, partner in pairs:
            own[partner].copy_(wanted[name].view_as(own[partner]))
    return pairs


def _squeezed(parameter: Tensor) -> list[int]:
    return [size for size in parameter.shape if size != 1]
