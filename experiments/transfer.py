"""The ladder of chapter 14: how much of a network to train, by target and number of pictures.

    .venv/bin/python experiments/transfer.py [TARGET …]

measures the targets named (all: half an hour of one core), and writes what it found into
``cnncourse/results/transfer.json`` method by method. What stands there is not measured
again: an interrupted run goes on, and deleting the file begins anew. The code is that of the
chapter: its cells tagged ``shared``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import torch

from cnncourse import results

CHAPTER = Path(__file__).parents[1] / "chapters" / "14_transfer_learning.ipynb"
NAME = "transfer"
SEEDS = range(3)
STEPS = 30
COUNTS = {"textures": (1, 5, 20), "faces": (5, 20), "digits": (1, 5, 20, 100)}
RATES = (0.0001, 0.0004, 0.0016, 0.0064)
NEW = ("small net", "last stage")  # the larger three; of the others the smaller
DIGITS_ONLY = ("gradual", "discriminative")


def shared_code() -> dict:
    """Run the cells of the chapter that are tagged ``shared``, and return what they define."""
    names: dict = {}
    for cell in nbformat.read(CHAPTER, as_version=4).cells:
        if "shared" in cell.metadata.get("tags", []):
            exec(cell.source, names)
    return names


def split(part):
    """Set an eighth apart, by which rates are chosen."""
    return part.subset(slice(len(part) // 8, None)), part.subset(slice(len(part) // 8))


def tuned_rate(chapter: dict, target: str, method: str) -> float:
    """Choose a rate: five pictures a class, seed 100, by pictures that serve for nothing else."""
    train, held_out = split(chapter["TARGETS"][target]()[0])
    found = {}
    for rate in RATES[1:] if method in NEW else RATES[:3]:
        found[rate] = chapter["trial"](method, train, held_out, 5, 100, rate, STEPS)
        print(target, method, rate, found[rate], flush=True)
    return max(found, key=found.get)


def measure(chapter: dict, target: str, method: str, k: int) -> None:
    """Store one row a seed, unless they are stored; the rate is that of other ``k``, or tuned."""
    stored = results.rows_so_far(NAME)
    same = [row for row in stored if (row["target"], row["method"]) == (target, method)]
    if any(row["k"] == k for row in same):
        return
    rate = same[0]["rate"] if same else tuned_rate(chapter, target, method)
    train, test = chapter["TARGETS"][target]()
    train, _ = split(train)
    rows = []
    for seed in SEEDS:
        found = chapter["trial"](method, train, test, k, seed, rate, STEPS)
        row = {"target": target, "method": method, "k": k, "seed": seed}
        rows.append(row | {"rate": rate, "accuracy": round(found, 4)})
        print(rows[-1], flush=True)
    results.store(NAME, stored + rows, SEEDS)


def main() -> None:
    """Measure the targets of the command line and store them beside the others."""
    torch.set_num_threads(1)
    chapter = shared_code()
    for target in sys.argv[1:] or COUNTS:
        for k in COUNTS[target]:
            for method in chapter["METHODS"]:
                if target == "digits" or method not in DIGITS_ONLY:
                    measure(chapter, target, method, k)


if __name__ == "__main__":
    main()
