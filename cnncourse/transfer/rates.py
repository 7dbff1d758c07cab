"""Smaller rates for layers that are farther from the head."""

from __future__ import annotations

import math
from typing import Any

from torch import nn

from cnncourse.analysis.parameters import check_module
from cnncourse.shapes import shown


def parameter_groups(model: nn.Module, lr: float, decay: float) -> list[dict[str, Any]]:
    """Return parameter groups for an optimiser, the head first: block i learns at lr * decay**i.

    The blocks are the model's children that hold parameters, counted from the last one; a
    ``Sequential`` or ``ModuleList`` of modules with parts of their own counts block by block. Every
    trainable parameter is in one group, a shared one in that nearest to the head; parameters of the
    model itself, such as a class token, are in the last. A frozen block keeps its number, so that
    freezing changes no other block's rate. ``group["name"]`` is the path of the block.

    ``decay`` is no weight decay. An optimiser's weight decay pulls towards 0, in SGD and AdamW at
    ``lr * weight_decay`` with the rate of the group: blocks that learn slowly also decay slowly. A
    scheduler that multiplies rates keeps their ratios.

    Raises:
        TypeError: ``model`` is no module, or ``lr`` or ``decay`` no number.
        ValueError: ``lr`` is not positive and finite, ``decay`` is outside (0, 1], or nothing is
            trainable.
    """
    check_module(model)
    _check_number("lr", lr, math.inf)
    _check_number("decay", decay, 1)
    blocks = _blocks(model)[::-1]
    parameters = [list(block.parameters()) for _, block in blocks]
    parameters[-1] += model.parameters()  # what no block holds
    groups, seen = [], set()
    for depth, (name, _) in enumerate(blocks):
        found = {p: None for p in parameters[depth] if p.requires_grad and p not in seen}
        seen.update(found)
        if found:
            groups.append({"params": list(found), "lr": lr * decay**depth, "name": name})
    if not groups:
        raise ValueError(f"{type(model).__name__} has no trainable parameter")
    return groups


def _blocks(model: nn.Module, path: str = "") -> list[tuple[str, nn.Module]]:
    """Return the blocks with parameters by path, in the order of registration."""
    found = []
    for name, child in model.named_children():
        if next(child.parameters(), None) is None:
            continue
        parts = isinstance(child, nn.Sequential | nn.ModuleList) and any(
            next(part.children(), None) is not None for part in child
        )
        found += _blocks(child, f"{path}{name}.") if parts else [(f"{path}{name}", child)]
    return found or [("", model)]


def _check_number(name: str, value: object, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, got {shown(value)} ({type(value).__name__})")
    if not (0 < value <= most) or math.isinf(value):
        bound = "finite" if math.isinf(most) else f"at most {most}"
        raise ValueError(f"{name} must be positive and {bound}, got {value}")
