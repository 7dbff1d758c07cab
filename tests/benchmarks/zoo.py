"""torchvision's 80 classification models without a download: what is published, and a fair count.

Used by the tests of ``cnncourse.analysis`` and by the benchmarks beside this file.
"""

from __future__ import annotations

from typing import NamedTuple
from unittest import mock

import torch
from torch import nn
from torchvision import models
from torchvision.models import regnet

ZOO = models.list_models(module=models)
OPTIONS = {
    "googlenet": {"init_weights": False, "aux_logits": False},  # as published: without these heads
    "inception_v3": {"init_weights": False},
}


class Published(NamedTuple):
    """What torchvision prints about a model: input side, parameters, billions of MACs."""

    side: int
    parameters: int
    gigamacs: float


def published(name: str) -> Published:
    """Return the published figures of a model; they come with torchvision's code."""
    weights = models.get_model_weights(name).DEFAULT
    return Published(
        weights.transforms().crop_size[0], weights.meta["num_params"], weights.meta["_ops"]
    )


def build(name: str) -> nn.Module:
    """Build a model on the meta device, in evaluation mode."""
    options = OPTIONS.get(name, {})
    if name.startswith("vit"):
        options = {"image_size": published(name).side}
    table = regnet.BlockParams.from_init_params

    def on_cpu(*args, **kwargs):  # its widths are read from a tensor, so that needs values
        with torch.device("cpu"):
            return table(*args, **kwargs)

    with (
        mock.patch.object(regnet.BlockParams, "from_init_params", on_cpu),
        torch.device("meta"),
    ):
        return models.get_model(name, **options).eval()


def with_zeros(model: nn.Module) -> nn.Module:
    """Give a meta model memory; of its values only indices matter, and 0 is a valid one."""
    model.to_empty(device="cpu")
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.zero_()
    return model


def saved_bytes_seen_by_hooks(model: nn.Module, x: torch.Tensor) -> int:
    """Return the bytes autograd keeps: every storage once, by address, without the model's own."""
    own = {t.untyped_storage().data_ptr() for t in [*model.parameters(), *model.buffers()]}
    seen, alive = {}, []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        alive.append(tensor.detach())  # an output itself would keep the graph, which keeps it
        seen[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return alive[-1]

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(x)
    return sum(size for address, size in seen.items() if address not in own)
