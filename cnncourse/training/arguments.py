"""What a training depends on, and what a checkpoint therefore holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cnncourse.training.refusal import Refusal


@dataclass(frozen=True)
class Arguments:
    """The settings of a training; the command line explains each (``cnncourse.train``)."""

    model: str
    data: str
    epochs: int = 10
    size: int | None = None
    batch_size: int = 64
    lr: float = 1e-3
    schedule: str = "constant"
    augment: str = ""
    seed: int = 0
    device: str = "auto"
    amp: bool = False
    workers: int = 0


def resumed(stored: dict[str, Any], given: dict[str, Any]) -> Arguments:
    """Return the arguments of a checkpoint; those given again must agree, except ``workers``.

    Raises:
        Refusal: with the first that does not.
    """
    for name, value in given.items():
        if value != stored[name] and name != "workers":
            option = f"--{name.replace('_', '-')}"
            raise Refusal(
                f"the training to resume has {option} {stored[name]}, not {value}: leave the "
                f"option out, or begin another training with another --out"
            )
    return Arguments(**stored | given)
