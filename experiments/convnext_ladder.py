"""Chapter 16: from a ResNet to a ConvNeXt, one change at a time, at about 22,200 parameters.

    python experiments/convnext_ladder.py

Ten minutes on one core. It stores what it has after every run, and goes on from there when it is
started again; delete ``cnncourse/results/convnext_ladder.json`` to begin anew. Data, batches,
schedule and the choice of the learning rate are those of ``data_sweep.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from itertools import pairwise
from typing import NamedTuple

import torch
from data_sweep import (
    LRS,
    SEED_OF_CHOICE,
    SEEDS,
    SIDE,
    once,
    small_digits,
    split,
    standardised,
    train,
)
from torch import nn

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.architectures.convnext import Norm
from cnncourse.data import Images
from cnncourse.training import evaluate, set_seed

NAME = "convnext_ladder"
TARGET = 22_200  # parameters
IMAGES, STEPS = 1000, 200


class Spec(NamedTuple):
    """What a rung may change."""

    patches: bool = False  # 4×4 with stride 4, instead of 7×7 with stride 2 and max pooling
    depthwise: bool = False
    wide: bool = False  # four times as wide inside of a block, instead of a quarter
    first: bool = False  # the depthwise convolution stands first in its block
    kernel: int = 3
    act: type[nn.Module] = nn.ReLU
    one_act: bool = False  # between the 1×1 convolutions; else after each layer and after the sum
    one_norm: bool = False  # after the depthwise convolution; else after each
    norm: Callable[[int], nn.Module] = nn.BatchNorm2d
    apart: bool = False  # norm and 2×2 with stride 2 between stages, instead of a strided block
    scale: bool = False  # a learnt factor a channel on the residual, which starts at 1e-6


CHANGES = {
    "ResNet": {},
    "patches": {"patches": True},
    "depthwise": {"depthwise": True},
    "inverted": {"wide": True},
    "depthwise first": {"first": True},
    "7×7": {"kernel": 7},
    "GELU": {"act": nn.GELU},
    "one activation": {"one_act": True},
    "one norm": {"one_norm": True},
    "layer norm": {"norm": Norm},
    "halving apart": {"apart": True},
    "scales": {"scale": True},
}
RUNGS, spec = {}, Spec()
for rung, change in CHANGES.items():
    RUNGS[rung] = spec = spec._replace(**change)


def layers(conv: nn.Conv2d, spec: Spec, norm: bool, act: bool) -> list[nn.Module]:
    """Return a convolution and what stands behind it."""
    norms = [spec.norm(conv.out_channels)] if norm else []
    return [conv, *norms, *([spec.act()] if act else [])]


def branch(inputs: int, channels: int, spec: Spec, stride: int) -> nn.Sequential:
    """Build F of a block: two 1×1 convolutions, and one that looks around, between or first."""
    hidden = 4 * channels if spec.wide else round(channels / 4)
    widths = [inputs, channels if spec.first else hidden, hidden, channels]
    parts = []
    for place, (narrow, wide) in enumerate(pairwise(widths)):
        norm = place == 0 or not spec.one_norm
        act = place == 1 or (place == 0 and not spec.one_act)
        shape = (1,)
        if place == (0 if spec.first else 1):
            groups = narrow if spec.depthwise else 1
            shape = (spec.kernel, stride, spec.kernel // 2, 1, groups)
        conv = nn.Conv2d(narrow, wide, *shape, bias=not norm)
        parts += layers(conv, spec, norm, act)
    return nn.Sequential(*parts)


class Block(nn.Module):
    """x + F(x), or norm(1×1(x)) + F(x) where channels change."""

    def __init__(self, inputs: int, channels: int, spec: Spec, stride: int = 1) -> None:
        super().__init__()
        self.branch = branch(inputs, channels, spec, stride)
        self.skip = nn.Sequential()
        if inputs != channels:
            conv = nn.Conv2d(inputs, channels, 1, stride, bias=False)
            self.skip.extend(layers(conv, spec, True, False))
        self.act = nn.Sequential() if spec.one_act else spec.act()
        self.scale = nn.Parameter(torch.full((channels, 1, 1), 1e-6)) if spec.scale else 1

    def forward(self, x):
        """Return the maps."""
        return self.act(self.skip(x) + self.scale * self.branch(x))


def stem(channels: int, spec: Spec) -> nn.Sequential:
    """Shrink a grey image four times."""
    if spec.patches:
        conv = nn.Conv2d(1, channels, 4, stride=4, bias=False)
        return nn.Sequential(*layers(conv, spec, True, False))
    conv = nn.Conv2d(1, channels, 7, stride=2, padding=3, bias=False)
    return nn.Sequential(*layers(conv, spec, True, True), nn.MaxPool2d(3, 2, padding=1))


def network(channels: int, spec: Spec, classes: int) -> nn.Sequential:
    """Two stages of one block; the second has twice the channels."""
    parts = [stem(channels, spec), Block(channels, channels, spec)]
    if spec.apart:
        halve = nn.Conv2d(channels, 2 * channels, 2, stride=2)
        parts += [spec.norm(channels), halve, Block(2 * channels, 2 * channels, spec)]
    else:
        parts.append(Block(channels, 2 * channels, spec, stride=2))
    head = nn.Linear(2 * channels, classes)
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)


@cache
def width(spec: Spec) -> int:
    """Return the channels with which the network comes nearest to ``TARGET`` parameters."""
    with torch.device("meta"):
        return min(
            range(8, 100), key=lambda c: abs(count_parameters(network(c, spec, 10)) - TARGET)
        )


def measure(part: str, rung: str, lr: float, seed: int):
    """Train one network and return its size, its work and what it names right of the part."""
    full, test = small_digits()
    generator = torch.Generator().manual_seed(seed)
    seen, others = split(full, IMAGES, generator)
    set_seed(seed)
    net = network(width(RUNGS[rung]), RUNGS[rung], len(full.classes))
    train(net, seen, STEPS, lr, None, generator)
    judged = others if part == "validation" else test
    judged = Images(standardised(judged.images), judged.labels, judged.classes)
    return {
        "channels": width(RUNGS[rung]),
        "parameters": int(count_parameters(net)),
        "macs": count_macs(net, (1, 1, SIDE, SIDE)),
        "accuracy": round(evaluate(net, judged), 4),
    }


def main() -> None:
    """Measure what is not measured yet."""
    torch.set_num_threads(1)
    accuracy = partial(once, NAME, measure)
    for rung in RUNGS:
        tried = {
            lr: accuracy(part="validation", rung=rung, lr=lr, seed=SEED_OF_CHOICE) for lr in LRS
        }
        for seed in SEEDS:
            accuracy(part="test", rung=rung, lr=max(tried, key=tried.get), seed=seed)


if __name__ == "__main__":
    main()
