"""Where to compute."""

from __future__ import annotations

import torch

from cnncourse.training.refusal import Refusal


def pick_device() -> torch.device:
    """Return the GPU when there is one, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def find_device(name: str, number: int = 0, processes: int = 1) -> torch.device:
    """Return the device called ``name`` for process ``number`` of a machine.

    "auto" is the GPU when there is one, else the CPU. Each process has a GPU of its own; several
    processes cannot share Apple's.

    Raises:
        Refusal: there is no such device.
    """
    kind = pick_device().type if name == "auto" else name
    if kind == "mps" and processes > 1 and name == "auto":
        kind = "cpu"
    if kind == "cuda" and number >= torch.cuda.device_count():
        raise Refusal(f"process {number} needs a GPU of its own: {torch.cuda.device_count()} found")
    if kind == "mps" and (processes > 1 or not torch.backends.mps.is_available()):
        raise Refusal("--device mps takes one process, on a Mac with a GPU that PyTorch knows")
    return torch.device(kind, number) if kind == "cuda" else torch.device(kind)
