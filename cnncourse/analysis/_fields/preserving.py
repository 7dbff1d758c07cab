"""Measuring a model without leaving a trace in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

import torch
from torch import nn


@contextmanager
def left_as_found(model: nn.Module) -> Iterator[None]:
    """Put the model in eval mode; afterwards restore mode, attributes and the random state."""
    modules = list(model.modules())
    before = [
        {name: (value, _contents(value)) for name, value in module.__dict__.items()}
        for module in modules
    ]
    fast_path = torch.backends.mha.get_fastpath_enabled()
    devices = {p.device for p in model.parameters() if p.device.type == "cuda"}
    with torch.random.fork_rng(devices=sorted(devices, key=str)):
        try:
            # The fused kernel would hide the steps of attention, and its gradient.
            torch.backends.mha.set_fastpath_enabled(False)
            model.eval()
            yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fast_path)
            for module, attributes in zip(modules, before, strict=True):
                _restore(module.__dict__, attributes)


def _contents(value: Any) -> Any:
    """A shallow copy of what a container held."""
    return copy(value) if isinstance(value, (dict, list, set)) else None


def _restore(now: dict[str, Any], before: dict[str, tuple[Any, Any]]) -> None:
    for name in set(now) - set(before):
        del now[name]
    for name, (value, contents) in before.items():
        now[name] = value
        if contents is not None:
            value.clear()
            value.extend(contents) if isinstance(value, list) else value.update(contents)
