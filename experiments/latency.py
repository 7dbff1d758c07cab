"""Time the families of the library, for chapter 17: ``python experiments/latency.py [PART ...]``.

Writes ``cnncourse/results/latency.json``, a row a network, size, mode and number of threads, with
the columns of ``cnncourse.measure.Row``. Without a part it measures all, in about three minutes on
two idle cores. A part named renews its own numbers and leaves the others.
"""

from __future__ import annotations

import statistics
import sys
import timeit
from collections.abc import Iterable
from functools import cache, partial

import torch

from cnncourse import results
from cnncourse.measure import (
    counts,
    interleaved,
    machine,
    network,
    prepared,
    quartiles,
    threads_set_to,
)

NAME = "latency"
BATCH = 32
NETWORKS = {
    # network: side of its pictures
    "lenet.lenet5_modern": 32,
    "cifar_resnet.resnet20": 32,
    "group_cnn.p4_cnn": 32,
    "alexnet.alexnet": 224,
    "vgg.vgg11": 224,
    "vgg.vgg16": 224,
    "googlenet.googlenet": 224,
    "resnet.resnet18": 224,
    "resnet.resnet50": 224,
    "resnet.resnext50_32x4d": 224,
    "densenet.densenet121": 224,
    "mobilenet.mobilenet_v1": 224,
    "mobilenet.mobilenet_v2": 224,
    "mobilenet.mobilenet_v3_small": 224,
    "mobilenet.mobilenet_v3_large": 224,
    "efficientnet.efficientnet_b0": 224,
    "efficientnet.efficientnet_lite0": 224,
    "efficientnet.efficientnet_b1": 240,
    "efficientnet.efficientnet_b3": 300,
    "xception.xception": 299,
    "convnext.convnext_tiny": 224,
    "convnextv2.convnextv2_atto": 224,
    "vit.vit_b_16": 224,
    "vit.vit_b_32": 224,
    "swin.swin_t": 224,
    "hybrid.vit_c_1gf": 224,
}
IN_BATCHES = (  # the others take many seconds for a batch
    "lenet.lenet5_modern",
    "cifar_resnet.resnet20",
    "group_cnn.p4_cnn",
    "alexnet.alexnet",
    "resnet.resnet18",
    "resnet.resnet50",
    "mobilenet.mobilenet_v1",
    "mobilenet.mobilenet_v2",
    "mobilenet.mobilenet_v3_small",
    "mobilenet.mobilenet_v3_large",
    "efficientnet.efficientnet_b0",
    "efficientnet.efficientnet_lite0",
    "vit.vit_b_32",
    "hybrid.vit_c_1gf",
)
SCALED = ("resnet.resnet18", "resnet.resnet50", "mobilenet.mobilenet_v2", "vit.vit_b_32")
SIZES = (96, 160, 224, 320)
COMPILED = ("resnet.resnet18", "mobilenet.mobilenet_v2", "convnext.convnext_tiny", "vit.vit_b_32")

Key = tuple[str, int, str, int]  # network, size, mode, threads
Found = dict[Key, dict[str, float]]
built = cache(network)


def latency(mode: str, threads: int, networks: Iterable[tuple[str, int]], rounds: int) -> Found:
    """Time one picture in each network, in turns."""
    calls = {}
    for name, size in networks:
        image = torch.randn(1, 3, size, size)
        calls[name, size, mode, threads] = prepared(built(name, size), image, mode)
    with threads_set_to(threads):
        return {key: quartiles(times) for key, times in interleaved(calls, rounds).items()}


def throughput(threads: int) -> Found:
    """Time batches: the median of three, after one to warm up; of slower networks one alone."""
    found = {}
    for name in IN_BATCHES:
        size = NETWORKS[name]
        call = prepared(built(name, size), torch.randn(BATCH, 3, size, size), "eager")
        with threads_set_to(threads):
            first = 1e3 * timeit.timeit(torch.no_grad()(call), number=1)
            times = [first] if first > 1500 else interleaved({name: call}, 3)[name]
        quick = 1e3 * BATCH / statistics.median(times)
        found[name, size, "eager", threads] = {"throughput": quick}
    return found


CHANNELS_LAST = [(name, NETWORKS[name]) for name in IN_BATCHES if NETWORKS[name] > 32]
PARTS = {
    "one-thread": partial(latency, "eager", 1, NETWORKS.items(), 5),
    "two-threads": partial(latency, "eager", 2, NETWORKS.items(), 5),
    "channels-last": partial(latency, "channels-last", 1, CHANNELS_LAST, 5),
    "sizes": partial(latency, "eager", 1, [(name, s) for name in SCALED for s in SIZES], 5),
    "compiled": partial(latency, "compiled", 1, [(name, 224) for name in COMPILED], 5),
    "batches": partial(throughput, 1),
}


def main(parts: list[str]) -> None:
    """Measure the parts, and store them among what was stored before."""
    if unknown := set(parts) - set(PARTS):
        sys.exit(f"there is no part {', '.join(unknown)}: use some of {', '.join(PARTS)}")
    torch.manual_seed(0)
    columns = ("model", "size", "mode", "threads")
    stored = results.rows_so_far(NAME) if parts else []
    rows: dict[Key, dict] = {tuple(row[c] for c in columns): row for row in stored}
    for part in parts or PARTS:
        for key, found in PARTS[part]().items():
            rows.setdefault(key, dict(zip(columns, key, strict=True)) | {"throughput": None})
            rows[key] |= {name: float(f"{value:.4g}") for name, value in found.items()}
    for key, row in rows.items():
        if "macs" not in row:
            row |= counts(built(key[0], key[1]), key[1])
    results.store(NAME, rows.values(), seeds=[0], device=machine())


if __name__ == "__main__":
    main(sys.argv[1:])
