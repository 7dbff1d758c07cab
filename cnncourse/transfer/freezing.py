"""Keeping the first part of a network as it is."""

from __future__ import annotations

from difflib import get_close_matches
from functools import partial

from torch import nn

from cnncourse.analysis.parameters import check_module


def freeze(model: nn.Module, up_to: str | None) -> None:
    """Freeze all modules up to and including the one with path ``up_to``; all behind it trains.

    Two things are done to a frozen module, since neither of them implies the other:

        no gradient     ``requires_grad`` is off, and a gradient that was there is dropped, since an
                        optimiser would go on applying it
        evaluation      batch norm uses its running statistics and leaves them as they are, and
                        nothing is dropped out; ``model.train()`` changes nothing of that, as the
                        module's own ``train`` is replaced until it is thawed

    So the frozen part is one fixed function of its input. The call sets a boundary: a later one
    moves it, and what then lies behind trains again; None thaws everything, the last module
    freezes everything. An optimiser may be built before, over all parameters: it passes over those
    without a gradient, and over their weight decay.

    *Up to* is meant in the order in which ``named_modules`` lists them, that of registration. Of a
    module that contains ``up_to`` its own parameters, such as a class token, are frozen as well.
    Where modules run in another order (``halve`` of our ConvNeXt), look at what is left to train.

    Raises:
        TypeError: ``model`` is no module.
        ValueError: it has no module ``up_to``.
    """
    check_module(model)
    names = dict(model.named_modules())
    if up_to is not None and up_to not in list(names):  # a list, for what has no hash
        near = get_close_matches(str(up_to), names, n=4, cutoff=0.5) or list(names)[1:5]
        raise ValueError(f"the model has no module {up_to!r}; near names are {', '.join(near)}")
    model.requires_grad_(True)
    for module in model.modules():
        if vars(module).pop("train", None) is not None:
            module.training = model.training
    if up_to is None:
        return
    last = max(i for i, name in enumerate(names) if _contains(up_to, name))
    for name in list(names)[: last + 1]:
        module = names[name]
        for parameter in module.parameters(recurse=False):
            parameter.requires_grad_(False).grad = None
        if name == up_to or not _contains(name, up_to):
            module.training = False
            module.train = partial(_stay, module)


def _contains(outer: str, inner: str) -> bool:
    return outer == "" or f"{inner}.".startswith(f"{outer}.")


def _stay(module: nn.Module, mode: bool = True) -> nn.Module:
    """Stand in for ``module.train``: leave the mode as it is, whatever ``mode`` says."""
    return module
