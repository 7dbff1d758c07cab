"""Receptive fields of 26 networks, and the time for ResNet-152: `make benchmark` runs this."""

from __future__ import annotations

import runpy
import sys
import time
from pathlib import Path

import torch

from cnncourse.analysis.receptive_field import receptive_field

ZOO = Path(__file__).parents[1] / "analysis" / "test_receptive_field_zoo.py"
SECONDS = 2.0


def main() -> None:
    """Print one line a network and the bars; exit with an error where a bar is missed."""
    torch.set_num_threads(1)
    zoo = runpy.run_path(str(ZOO))
    right = 0
    seconds = {}
    print("| network | trunk | size | stride | padding | expected | ms |")
    print("|---|---|---|---|---|---|---|")
    for name, (trunk, *expected) in zoo["TRUNKS"].items():
        side = 299 if name == "inception_v3" else 224
        model = zoo["build"](name)
        start = time.perf_counter()
        field = receptive_field(model, (1, 3, side, side), trunk, ignore_squeeze_excitation=True)
        seconds[name] = time.perf_counter() - start
        found = [
            (pair[0] if pair[0] == pair[1] else pair)
            for pair in (field.size, field.stride, field.padding)
        ]
        right += found == expected
        verdict = "same" if found == expected else "/".join(map(str, expected))
        numbers = " | ".join(map(str, found))
        print(f"| {name} | {trunk} | {numbers} | {verdict} | {seconds[name] * 1000:.0f} |")
    total = len(zoo["TRUNKS"])
    print("\n| bar | measured | needed |\n|---|---|---|")
    print(f"| networks with exact size, stride and padding | {right} of {total} | {total} |")
    print(f"| ResNet-152, seconds | {seconds['resnet152']:.2f} | under {SECONDS:g} |")
    sys.exit(right < total or seconds["resnet152"] >= SECONDS)


if __name__ == "__main__":
    main()
