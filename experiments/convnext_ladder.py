"""Chapter 16: from a ResNet to a ConvNeXt, one change at a time, at about 22,200 parameters.

    .venv/bin/python experiments/convnext_ladder.py

Ten minutes on one core. It stores what it has after every run, and goes on from there when it is
started again; delete ``cnncourse/results/convnext_ladder.json`` to begin anew. The code is that of
the chapter: its cells tagged ``shared``. Every rung is measured at every rate that is tried, with
all seeds; which rates are tried, ``data_sweep.best_rate`` says.
"""

from __future__ import annotations

from functools import cache, partial

import torch
from data_sweep import SEEDS, best_rate, chapter, once

from cnncourse.analysis.counting import count_macs, count_parameters

NAME = "convnext_ladder"
TARGET = 22_200  # parameters
IMAGES, STEPS = 1000, 200


@cache
def width(rung: str) -> int:
    """Return the channels with which the network comes nearest to ``TARGET`` parameters."""

    def distance(channels: int) -> int:
        return abs(count_parameters(chapter.network(channels, chapter.RUNGS[rung])) - TARGET)

    with torch.device("meta"):
        return min(range(8, 100), key=distance)


def measure(rung: str, lr: float, seed: int) -> dict:
    """Train one network; return its size, its work and what it names right."""
    build = partial(chapter.network, width(rung), chapter.RUNGS[rung])
    net, _, kept = chapter.learnt(build, chapter.train, IMAGES, STEPS, lr, seed)
    return {
        "channels": width(rung),
        "parameters": int(count_parameters(net)),
        "macs": count_macs(net, (1, 1, chapter.SIDE, chapter.SIDE)),
        "validation": round(chapter.share(net, kept), 4),
        "accuracy": round(chapter.share(net, chapter.test), 4),
    }


def main() -> None:
    """Measure what is not measured yet."""
    torch.set_num_threads(1)
    for rung in chapter.RUNGS:
        row = partial(once, NAME, measure, rung=rung)
        best_rate(lambda lr, row=row: sum(row(lr=lr, seed=seed)["validation"] for seed in SEEDS))


if __name__ == "__main__":
    main()
