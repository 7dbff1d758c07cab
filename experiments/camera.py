"""Time small networks at several sides, for chapter 18: ``python experiments/camera.py``.

Writes ``cnncourse/results/camera.json``, a row a network and side: the median and the quartiles of
one picture on one thread, in milliseconds, and the multiply-accumulates. It takes about half a
minute on an idle core.
"""

from __future__ import annotations

import torch

from cnncourse import results
from cnncourse.analysis.counting import count_macs
from cnncourse.measure import interleaved, machine, network, prepared, quartiles, threads_set_to

NETWORKS = (
    "mobilenet.mobilenet_v3_small",
    "mobilenet.mobilenet_v3_large",
    "mobilenet.mobilenet_v2",
    "efficientnet.efficientnet_lite0",
    "resnet.resnet18",
)
SIDES = (128, 160, 192, 224, 256, 288, 320, 352)
ROUNDS = 11


def main() -> None:
    """Measure all networks in turns, and store the rows."""
    torch.manual_seed(0)
    calls, rows = {}, {}
    for name in NETWORKS:
        model = network(name, max(SIDES))
        for side in SIDES:
            shape = (1, 3, side, side)
            calls[name, side] = prepared(model, torch.randn(shape), "eager")
            rows[name, side] = {"model": name, "size": side, "macs": count_macs(model, shape)}
    with threads_set_to(1):
        for key, times in interleaved(calls, ROUNDS).items():
            rows[key] |= {what: float(f"{v:.4g}") for what, v in quartiles(times).items()}
    results.store("camera", rows.values(), seeds=[0], device=machine())


if __name__ == "__main__":
    main()
