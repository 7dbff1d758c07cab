"""Time our networks against torchvision's, with the same weights, and the import of all families.

Run ``python tests/benchmarks/bench_architectures.py``. It prints a Markdown table and fails when a
network takes more than 1.05 times torchvision's time, forward or forward and backward, or when the
import takes 0.1 s beyond torch's own. Three networks take turns in an order that rotates, and are
compared round by round, so that whatever else the machine does slows all: torchvision's, ours, and
torchvision's a second time. The ratio of the last to the first would be 1 without noise, so its
distance from 1 says how far to trust the ratio beside it. Still, measure on an idle machine.
"""

from __future__ import annotations

import copy
import os
import pkgutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torchvision import models

import cnncourse.architectures
from cnncourse.architectures import (
    densenet,
    efficientnet,
    googlenet,
    load_torchvision,
    mobilenet,
    resnet,
)

THREADS = 2
BATCH_SIZE = 8
SIDE = 224
ROUNDS = 18  # a multiple of three: each network is first, second and third equally often
MAX_RATIO = 1.05
IMPORTS = 7
MAX_IMPORT_SECONDS = 0.1

# glibc hands large blocks back to the kernel as soon as they are free, and the kernel clears each
# page again when it is next touched. That is a fifth of the time of a MobileNet-v2, and it scatters
# by a quarter from one round to the next. These settings keep the memory in the process.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": f"{4 << 30}", "MALLOC_TRIM_THRESHOLD_": f"{8 << 30}"}

NETWORKS = {
    #               ours, theirs
    "ResNet-50": (resnet.resnet50, models.resnet50),
    "DenseNet-121": (densenet.densenet121, models.densenet121),
    "MobileNet-v2": (mobilenet.mobilenet_v2, models.mobilenet_v2),
    "EfficientNet-B0": (efficientnet.efficientnet_b0, models.efficientnet_b0),
    "GoogLeNet": (googlenet.googlenet, lambda: models.googlenet(init_weights=False)),
}


class Measurement(NamedTuple):
    theirs: float  # milliseconds, median
    ours: float
    ratio: float  # of ours to theirs, median over rounds
    control: float  # of theirs to theirs, median over rounds


def main() -> None:
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    failures = []
    print(f"Ours against torchvision's: float32, batch of {BATCH_SIZE} at {SIDE}×{SIDE}, {THREADS}")
    print(f"threads, medians of {ROUNDS} rounds. Backward in training mode, GoogLeNet with its")
    print("auxiliary heads; forward alone in evaluation mode.\n")
    print("| network | pass | torchvision | ours | ratio | torchvision to itself |")
    print("|:--|:--|--:|--:|--:|--:|")
    for name, (build_ours, build_theirs) in NETWORKS.items():
        theirs = settled(build_theirs())
        ours = load_torchvision(build_ours(), theirs.state_dict())
        for label, measure in (("forward", forward), ("forward and backward", both_passes)):
            result = compare(measure, theirs, ours)
            print(
                f"| {name} | {label} | {result.theirs:.0f} ms | {result.ours:.0f} ms "
                f"| {result.ratio:.3f} | {result.control:.3f} |",
                flush=True,
            )
            if result.ratio > MAX_RATIO:
                failures.append(f"{name}, {label}: {result.ratio:.3f}x, above {MAX_RATIO}x")
    families, seconds = import_seconds()
    print(f"\nImport of {families} families beyond torch: {1000 * seconds:.0f} ms ", end="")
    print(f"(best of {IMPORTS}, at most {1000 * MAX_IMPORT_SECONDS:.0f} ms)")
    if seconds > MAX_IMPORT_SECONDS:
        failures.append(f"import: {seconds:.3f} s, above {MAX_IMPORT_SECONDS} s")
    if failures:
        sys.exit("The architectures are too slow. " + "; ".join(failures))


def settled(model: nn.Module) -> nn.Module:
    """Let the running statistics meet some images.

    With the initial ones an untrained MobileNet-v2 shrinks its input until numbers underflow, and
    arithmetic on such numbers is slow to a degree that depends on the weights.
    """
    model.train()
    with torch.no_grad():
        for _ in range(30):
            model(torch.randn(BATCH_SIZE, 3, 64, 64))
    return model


def forward(model: nn.Module, x: Tensor) -> Tensor:
    """Return the scores of the last head, in evaluation mode."""
    with torch.no_grad():
        return model.eval()(x)


def both_passes(model: nn.Module, x: Tensor) -> None:
    """Compute the gradients of all weights, in training mode."""
    model.train().zero_grad(set_to_none=True)
    scores = model(x)
    heads = [scores] if isinstance(scores, Tensor) else scores
    sum(head.square().mean() for head in heads).backward()


def compare(
    measure: Callable[[nn.Module, Tensor], object], theirs: nn.Module, ours: nn.Module
) -> Measurement:
    """Time theirs, ours and a copy of theirs in turns, each in every place of the order."""
    x = torch.randn(BATCH_SIZE, 3, SIDE, SIDE)
    torch.testing.assert_close(forward(ours, x), forward(theirs, x), atol=1e-3, rtol=1e-3)
    networks = [theirs, ours, copy.deepcopy(theirs)]
    rounds = []
    for number in range(ROUNDS + 1):
        times = dict.fromkeys(networks, 0.0)
        for model in networks[number % 3 :] + networks[: number % 3]:
            start = time.perf_counter()
            measure(model, x)
            times[model] = 1000 * (time.perf_counter() - start)
        rounds.append([times[model] for model in networks])
    rounds = rounds[1:]  # the first one warms up
    return Measurement(
        statistics.median(a for a, _, _ in rounds),
        statistics.median(b for _, b, _ in rounds),
        statistics.median(b / a for a, b, _ in rounds),
        statistics.median(c / a for a, _, c in rounds),
    )


def import_seconds() -> tuple[int, float]:
    """Return the number of families and the shortest import of all, with torch imported before."""
    names = [
        f"cnncourse.architectures.{module.name}"
        for module in pkgutil.iter_modules(cnncourse.architectures.__path__)
        if not module.name.startswith("_") and module.name != "loading"
    ]
    code = (
        f"import time, torch; start = time.perf_counter(); import {', '.join(names)}; "
        f"print(time.perf_counter() - start)"
    )
    seconds = [float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(IMPORTS)]
    return len(names), min(seconds)


if __name__ == "__main__":
    if KEEP_MEMORY.items() <= os.environ.items():
        main()
    else:  # glibc reads them when a process starts
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | KEEP_MEMORY)
