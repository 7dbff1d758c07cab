"""The ladder of chapter 14: how much of a network to train, by target and number of pictures.

    .venv/bin/python experiments/transfer.py [TARGET …]

measures the targets named (all: 40 minutes of one core), and writes what it found into
``cnncourse/results/transfer.json``, where rows of other targets stay. The code is that of the
chapter: its cells tagged ``shared``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import torch

from cnncourse import results

CHAPTER = Path(__file__).parents[1] / "chapters" / "14_transfer_learning.ipynb"
SEEDS = range(3)
STEPS = 30
COUNTS = {"textures": (1, 5, 20), "faces": (1, 5, 20), "digits": (1, 5, 20, 100)}
RATES = (0.0001, 0.0004, 0.0016, 0.0064)
NEW = ("small net", "from scratch", "last stage")  # the larger three; of the others the smaller
DIGITS_ONLY = ("from scratch", "all, norms measuring")


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


def tuned_rates(chapter: dict, target: str) -> dict[str, float]:
    """Choose every method's rate: five pictures a class, seed 100, by pictures that none uses."""
    train, _ = chapter["TARGETS"][target]()
    seen, unseen = split(train)
    rates = {}
    for method in chapter["METHODS"]:
        if method in DIGITS_ONLY and target != "digits":
            continue
        found = {}
        for rate in RATES[1:] if method in NEW else RATES[:3]:
            found[rate] = chapter["trial"](method, seen, unseen, 5, 100, rate, STEPS)
            print(target, method, rate, found[rate], flush=True)
        rates[method] = max(found, key=found.get)
    return rates


def rows_of(chapter: dict, target: str) -> list[dict]:
    """One row a method, number of pictures and seed."""
    rates, rows = tuned_rates(chapter, target), []
    train, test = chapter["TARGETS"][target]()
    train, _ = split(train)
    for k in COUNTS[target]:
        for method, rate in rates.items():
            for seed in SEEDS:
                found = chapter["trial"](method, train, test, k, seed, rate, STEPS)
                row = {"target": target, "method": method, "rate": rate, "k": k, "seed": seed}
                rows.append(row | {"accuracy": round(found, 4)})
                print(rows[-1], flush=True)
    return rows


def main() -> None:
    """Measure the targets of the command line and store them beside the others."""
    torch.set_num_threads(1)
    chapter = shared_code()
    for target in sys.argv[1:] or chapter["TARGETS"]:
        new = rows_of(chapter, target)
        stored = (
            results.load("transfer").rows if (results.FOLDER / "transfer.json").exists() else []
        )
        results.store("transfer", [r for r in stored if r["target"] != target] + new, SEEDS)


if __name__ == "__main__":
    main()
