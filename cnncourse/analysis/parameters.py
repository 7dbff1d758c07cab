"""How many numbers a module holds: trainable, frozen, and in buffers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy


class ParameterCount(int):
    """The number of parameters, an ``int``, told apart into ``trainable`` and ``frozen`` ones.

    ``buffers`` are not parameters and stand beside the total: running statistics, position tables
    and other tensors that a module carries without learning them.
    """

    trainable: int
    frozen: int
    buffers: int

    def __new__(cls, trainable: int, frozen: int = 0, buffers: int = 0) -> ParameterCount:  # noqa: D102
        count = super().__new__(cls, trainable + frozen)
        count.trainable, count.frozen, count.buffers = trainable, frozen, buffers
        return count

    def __getnewargs__(self) -> tuple[int, int, int]:
        return self.trainable, self.frozen, self.buffers

    @property
    def total(self) -> int:
        """Trainable and frozen parameters together."""
        return int(self)

    def __repr__(self) -> str:
        return (
            f"ParameterCount(total={int(self):,}, trainable={self.trainable:,}, "
            f"frozen={self.frozen:,}, buffers={self.buffers:,})"
        )


def count_parameters(model: nn.Module) -> ParameterCount:
    """Count the entries of every parameter and buffer, each piece of memory once.

    A parameter is frozen when ``requires_grad`` is False. Tied parameters count once, whether they
    are one object under two names or two objects over the same memory; memory shared by a
    trainable and a frozen parameter counts as trainable.

    Raises:
        TypeError: if ``model`` is no ``nn.Module``, or keeps its weights packed (quantised layers).
        ValueError: if a lazy parameter has no shape yet.
    """
    check_module(model)
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if is_lazy(tensor):
            raise ValueError(
                f"{name} of {type(model).__name__} has no shape before the model has run once; "
                "summarize(model, input_size) can tell its size"
            )
    return tally(model, {id(p): memory_of(p) for p in model.parameters()})


def tally(model: nn.Module, memory: Mapping[int, Hashable]) -> ParameterCount:
    """Count the entries of ``model``; parameters of equal ``memory[id(parameter)]`` count once."""
    trainable: dict[Hashable, int] = {}
    frozen: dict[Hashable, int] = {}
    for parameter in model.parameters():
        kind = trainable if parameter.requires_grad else frozen
        kind[memory.get(id(parameter), id(parameter))] = parameter.numel()
    buffers = {memory_of(b): b.numel() for b in model.buffers()}
    return ParameterCount(
        sum(trainable.values()),
        sum(n for key, n in frozen.items() if key not in trainable),
        sum(buffers.values()),
    )


def memory_of(tensor: Tensor) -> Hashable:
    """Return a key that two living tensors share exactly when they are the same memory.

    A tensor and its transpose have one key. The storage object is compared and not its address,
    since every tensor on the meta device has address 0.
    """
    if is_lazy(tensor):
        return id(tensor)
    try:
        storage = tensor.untyped_storage()
    except (NotImplementedError, RuntimeError):  # sparse and other tensors without one storage
        return id(tensor)
    return storage._cdata, tensor.storage_offset(), tensor.numel()


def check_module(model: nn.Module) -> None:
    """Raise a TypeError unless ``model`` is an ``nn.Module`` whose weights can be seen."""
    if not isinstance(model, nn.Module):
        what = "the class itself" if isinstance(model, type) else type(model).__name__
        advice = "; pass its module()" if callable(getattr(model, "module", None)) else ""
        raise TypeError(f"model must be an nn.Module, got {what}{advice}")
    for path, module in model.named_modules():
        packed = any(isinstance(value, torch.ScriptObject) for value in vars(module).values())
        if packed and not isinstance(module, torch.jit.ScriptModule):
            raise TypeError(
                f"{path or 'the model'} ({type(module).__name__}) keeps its weights packed, as "
                "quantised layers do, and they cannot be seen; measure the model it was made from"
            )


def check_runs_in_view(model: nn.Module) -> None:
    """Raise a TypeError unless what ``model`` executes can be watched."""
    check_module(model)
    if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
        raise TypeError(
            f"{type(model).__name__} holds TorchScript, which hides what it executes; "
            "measure the module it was compiled from"
        )
