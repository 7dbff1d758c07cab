"""Time the families of the library, for chapters 17 and 18: ``python experiments/latency.py``.

Writes ``cnncourse/results/latency.json``, a row a network, size, mode and number of threads, with
the columns of ``cnncourse.measure.Row``, in about five minutes on two idle cores. One picture is
timed in all of them in turns, so that any two rows can be compared. Batches come after that.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from functools import cache

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
ROUNDS = 7
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
SMALL = (  # for the camera of chapter 18
    "mobilenet.mobilenet_v3_small",
    "mobilenet.mobilenet_v3_large",
    "mobilenet.mobilenet_v2",
    "efficientnet.efficientnet_lite0",
    "resnet.resnet18",
)
SIZES = {  # network: other sides
    **dict.fromkeys(SCALED, (96, 160, 320)),
    **dict.fromkeys(SMALL, (96, 128, 160, 192, 256, 288, 320, 352)),
    "mobilenet.mobilenet_v3_small": (96, 128, 160, 192, 256, 288, 320, 352, 384, 448, 512),
}
COMPILED = ("resnet.resnet18", "mobilenet.mobilenet_v2", "convnext.convnext_tiny", "vit.vit_b_32")

Key = tuple[str, int, str, int]  # network, size, mode, threads
built = cache(network)


def keys() -> Iterator[Key]:
    """Name every row."""
    for name, size in NETWORKS.items():
        yield name, size, "eager", 1
        yield name, size, "eager", 2
        if name in IN_BATCHES and size > 32:
            yield name, size, "channels-last", 1
        if name in COMPILED:
            yield name, size, "compiled", 1
        for other in SIZES.get(name, ()):
            yield name, other, "eager", 1


def one_picture(key: Key) -> Callable[[], None]:
    """Return a forward pass of one picture, with the threads of its row."""
    name, size, mode, threads = key
    call = prepared(built(name, size), torch.randn(1, 3, size, size), mode)

    def with_threads() -> None:
        torch.set_num_threads(threads)
        call()

    return with_threads


def throughput(name: str) -> float:
    """Return pictures a second in batches, from two of them, each after one that warms up."""
    size = NETWORKS[name]
    call = prepared(built(name, size), torch.randn(BATCH, 3, size, size), "eager")
    with threads_set_to(1):
        times = interleaved({name: call}, 2)[name]
    return 1e3 * BATCH / statistics.median(times)


def main() -> None:
    """Measure, and store."""
    torch.manual_seed(0)
    rows = {}
    for key, times in interleaved({key: one_picture(key) for key in keys()}, ROUNDS).items():
        name, size, mode, threads = key
        rows[key] = {"model": name, "size": size, "mode": mode, "threads": threads}
        rows[key] |= counts(built(name, size), size) | quartiles(times) | {"throughput": None}
    for name in IN_BATCHES:
        rows[name, NETWORKS[name], "eager", 1]["throughput"] = throughput(name)
    for row in rows.values():
        row |= {k: float(f"{v:.4g}") for k, v in row.items() if isinstance(v, float)}
    results.store(NAME, rows.values(), seeds=[0], device=machine())


if __name__ == "__main__":
    main()
