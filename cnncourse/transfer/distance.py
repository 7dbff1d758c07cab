"""How far a network has moved from where it started."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from cnncourse.analysis.parameters import check_module


def squared_distance(model: nn.Module, start: Mapping[str, Tensor]) -> Tensor:
    """Return the squared Euclidean distance of the parameters named in ``start`` from it, a scalar.

    Times ``alpha / 2`` it is the penalty of L2-SP (arXiv:1802.01483), whose gradient,
    ``alpha * (weight - start)``, pulls back to what was learnt, where weight decay pulls to 0. A
    new head has no such start: leave its names out.

        start = {name: p.detach().clone() for name, p in model.named_parameters()}

    Raises:
        TypeError: ``model`` is no module.
        ValueError: ``start`` is empty, or names a parameter that the model lacks or has in another
            shape.
    """
    check_module(model)
    if not start:
        raise ValueError("start must name at least one parameter, got none")
    parameters = dict(model.named_parameters())
    total = 0
    for name, origin in start.items():
        if name not in parameters:
            raise ValueError(f"the model has no parameter {name!r} that start names")
        here = parameters[name]
        if here.shape != origin.shape:
            raise ValueError(
                f"{name} must have in start the shape {tuple(here.shape)}, "
                f"got {tuple(origin.shape)}; a new head has no start"
            )
        total = total + (here - origin).square().sum()
    return total
