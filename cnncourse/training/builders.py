"""Networks by their name, for the command line."""

from __future__ import annotations

import difflib
import inspect
import pkgutil
from collections.abc import Callable
from importlib import import_module

import torch
from torch import nn

from cnncourse import architectures
from cnncourse.training.refusal import Refusal


def builders() -> dict[str, Callable[..., nn.Module]]:
    """Return every function of ``cnncourse.architectures`` that builds a network, by name.

    A name is ``family.builder``, such as ``resnet.resnet18``.
    """
    found = {}
    for family in pkgutil.iter_modules(architectures.__path__):
        module = import_module(f"{architectures.__name__}.{family.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            parameters = list(inspect.signature(function).parameters)
            private = family.name.startswith("_") or name.startswith("_")
            imported = function.__module__ != module.__name__
            if not private and not imported and parameters[:2] == ["num_classes", "in_channels"]:
                found[f"{family.name}.{name}"] = function
    return found


def build(name: str, num_classes: int, shape: tuple[int, int, int]) -> nn.Module:
    """Return the network ``name`` for images of ``shape`` (C, H, W), without auxiliary heads.

    Raises:
        Refusal: no network has that name (the nearest names are given), or it cannot take images
            of that shape.
    """
    known = builders()
    if name not in known:
        raise Refusal(f"there is no model {name!r}: {_nearest(name, list(known))}")
    # An auxiliary head needs a loss of its own; the trainer has the one of the scores.
    options = {"auxiliary": False, "image_size": shape[1]}
    accepted = inspect.signature(known[name]).parameters
    options = {option: value for option, value in options.items() if option in accepted}
    try:
        model = known[name](num_classes, shape[0], **options)
        with torch.no_grad():
            model.eval()(torch.zeros(1, *shape))
    except (ValueError, RuntimeError) as error:
        raise Refusal(
            f"{name} cannot take images of {shape[1]} × {shape[2]} (--size resizes them): {error}"
        ) from error
    return model


def _nearest(name: str, known: list[str]) -> str:
    """Say which names look like ``name``, with or without the family."""
    short = {full.split(".")[1]: full for full in known}
    near = difflib.get_close_matches(name, known, n=3)
    near += [short[match] for match in difflib.get_close_matches(name.split(".")[-1], short, n=3)]
    if near:
        return f"did you mean {' or '.join(dict.fromkeys(near))}?"
    families = sorted({full.split(".")[0] for full in known})
    return f"a name is family.builder, with a family from {', '.join(families)}"
