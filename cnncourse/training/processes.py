"""One network in several processes, which ``torchrun`` starts; a process alone needs none of this.

Each process computes the gradient of its share of a batch, and DistributedDataParallel replaces it
by the mean over the processes. Batch norm normalises with the share that it sees; the running
statistics are those of process 0.
"""

from __future__ import annotations

import os
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel


def rank() -> int:
    """Return the number of this process, from 0."""
    return int(os.environ.get("RANK", 0))


def local_rank() -> int:
    """Return the number of this process on its machine, from 0."""
    return int(os.environ.get("LOCAL_RANK", 0))


def count() -> int:
    """Return how many processes train the network."""
    return int(os.environ.get("WORLD_SIZE", 1))


def join(model: nn.Module, device: torch.device) -> nn.Module:
    """Return ``model`` such that its backward pass averages gradients over the processes.

    They talk through NCCL between GPUs, else through Gloo, and start from the weights of process 0.
    """
    if count() == 1:
        return model
    on_gpu = device.type == "cuda"
    if on_gpu:
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if on_gpu else "gloo")
    model = DistributedDataParallel(model, device_ids=[device.index] if on_gpu else None)
    model.register_forward_hook(_count_by_size)
    return model


def leave() -> None:
    """End the talk between the processes."""
    if dist.is_initialized():
        dist.destroy_process_group()


def _count_by_size(model: nn.Module, arguments: tuple[Tensor], scores: Tensor) -> None:
    """Let the gradient of a share count as its size does.

    The mean over the processes is the gradient of the whole batch only if all shares are of equal
    size: a share of n images out of N, in k processes, must count n k / N.
    """
    if scores.requires_grad:
        weight = len(scores) * count() / total([len(scores)], scores.device)[0]
        scores.register_hook(lambda gradient: gradient * weight)


def total(values: list[float], device: torch.device) -> list[float]:
    """Return the sums of ``values`` over the processes, which compute on ``device``."""
    if count() == 1:
        return values
    sums = torch.tensor(values, dtype=torch.float64, device=device)
    dist.all_reduce(sums)
    return sums.tolist()


def gather(value: Any) -> list[Any]:
    """Return the ``value`` of every process."""
    values = [value] * count()
    if count() > 1:
        dist.all_gather_object(values, value)
    return values


def share(model: nn.Module) -> None:
    """Give every process the weights and the running statistics of process 0."""
    if count() > 1:
        for tensor in model.state_dict().values():
            dist.broadcast(tensor, src=0)
