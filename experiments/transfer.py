"""The ladder of chapter 14: how much of a network to train, by target and number of pictures.

    python experiments/transfer.py

Half an hour on one core. It stores what it has after every trial, and goes on from there when it is
started again; delete ``cnncourse/results/transfer.json`` to begin anew. The code is that of the
chapter: its cells tagged ``shared``.

Each method's rate (a probe's ridge) is chosen by the mean of three draws, on pictures that serve
for nothing else: from rates a factor of four apart, until the best lies between two others. It is
chosen with five pictures of each class for one and five, and with twenty for twenty and a hundred.
``part`` tells a row of the choice ("tuning") from one that counts ("test").
"""

from __future__ import annotations

from functools import cache, partial

import torch
from chapter import shared_code
from data_sweep import SEEDS, once

CHAPTER = shared_code("14_transfer_learning")
NAME = "transfer"
SEEDS_OF_CHOICE = (100, 101, 102)
STEPS = 30
RATES = (0.0001, 0.0004, 0.0016, 0.0064)
CHOSEN_AT = {1: 5, 5: 5, 20: 20, 100: 20}
CHEAP = ("probe, random net", "probe, last layer", "probe, middle", "last stage")
BLOCKS = (
    # target, methods, pictures of each class, steps
    ("digits", (*CHEAP, "all", "discriminative", "gradual", "small net"), (1, 5, 20, 100), STEPS),
    ("textures", (*CHEAP, "all", "small net"), (1, 5, 20, 100), STEPS),
    ("digits", ("small net", "last stage", "all"), (5, 20, 100), 4 * STEPS),
    ("faces", (*CHEAP, "small net"), (1, 5, 20), STEPS),
    ("digits", ("large net",), (20, 100), STEPS),
)


@cache
def parts(target: str) -> tuple:
    """Return what to train on, an eighth of it set apart for the choice of rates, and the test."""
    train, test = CHAPTER["TARGETS"][target]()
    eighth = len(train) // 8
    return train.subset(slice(eighth, None)), train.subset(slice(eighth)), test


def measure(part: str, target: str, method: str, k: int, steps: int, rate: float, seed: int):
    """Train once on k pictures a class, and return how many of the part are named right."""
    train, held_out, test = parts(target)
    judged = held_out if part == "tuning" else test
    found = CHAPTER["trial"](method, train, judged, k, seed, rate, steps)
    return {"accuracy": round(found, 4)}


def chosen_rate(target: str, method: str, k: int) -> float:
    """Return the best rate by three draws, the middle one of equals; no edge may be the best."""
    rates = list(RATES)
    if k == 20:
        few = chosen_rate(target, method, 5)
        rates = [few / 4, few, 4 * few]
    tried = partial(once, NAME, measure, part="tuning", target=target, method=method, k=k)
    while True:
        found = {r: sum(tried(steps=STEPS, rate=r, seed=s) for s in SEEDS_OF_CHOICE) for r in rates}
        best = [r for r in rates if found[r] > max(found.values()) - 1e-9]
        rate = best[len(best) // 2]
        if rate not in (rates[0], rates[-1]):
            return rate
        rates = sorted({*rates, rate / 4, 4 * rate})


def main() -> None:
    """Measure what is not measured yet."""
    torch.set_num_threads(1)
    for target, methods, counts, steps in BLOCKS:
        for method in methods:
            for k in counts:
                rate = chosen_rate(target, method, CHOSEN_AT[k])
                asked = {"target": target, "method": method, "k": k, "steps": steps, "rate": rate}
                for seed in SEEDS:
                    once(NAME, measure, part="test", **asked, seed=seed)


if __name__ == "__main__":
    main()
