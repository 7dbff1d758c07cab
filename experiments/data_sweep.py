"""Chapter 16: five networks of equal size, from 50 images to 4,000.

    .venv/bin/python experiments/data_sweep.py

Three quarters of an hour on one core. It stores what it has after every run, and goes on from
there when it is started again; delete ``cnncourse/results/data_sweep.json`` to begin anew. The
code is that of the chapter: its cells tagged ``shared``.

In each case (task, with augmentation or without, number of images) every network chooses its
learning rate anew, by images of the training part that it has not learnt from: ``validation``.
Two seeds choose for digits without augmentation, else one; all three run at the rate chosen. All
else is equal in a case: the number of steps, the batches for a seed, optimiser and schedule.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from types import SimpleNamespace

import torch
from chapter import shared_code

from cnncourse import augment, data, results

NAME = "data_sweep"
SEEDS = (0, 1, 2)
RATES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)  # from the middle three outward
STEPS = {50: 200, 60: 200, 250: 400, 600: 400, 1000: 400, 4000: 800}
CHOSEN_AT = {4000: 1000}  # where no images are left to choose by
CASES = (
    # task, augmented, images, seeds that choose
    *(("digits", False, images, 2) for images in (250, 50, 1000, 4000)),
    ("digits", True, 1000, 1),
    ("textures", False, 600, 1),
    ("digits", True, 50, 1),
    ("textures", False, 60, 1),
    ("textures", True, 600, 1),
    ("textures", True, 60, 1),
)
AUGMENT = {"digits": partial(augment.shift, pixels=1), "textures": augment.flip}

chapter = SimpleNamespace(**shared_code("16_vision_transformers"))


@cache
def parts(task: str):
    """Return the images to learn from, and the test images."""
    return (chapter.train, chapter.test) if task == "digits" else data.textures(chapter.SIDE)


def once(experiment: str, measure: Callable[..., dict], **asked) -> dict:
    """Return the row with the entries ``asked``, measured and stored if need be."""
    rows = results.rows_so_far(experiment)
    for row in rows:
        if asked.items() <= row.items():
            return row
    rows.append(asked | measure(**asked))
    results.store(experiment, rows, SEEDS)
    print(*rows[-1].values(), flush=True)
    return rows[-1]


def best_rate(validation: Callable[[float], float]) -> float:
    """Return the rate with the best validation accuracy that has a worse one on either side.

    Three rates are tried first; while the best of those tried lies at an edge, the next one, too.
    """
    low, high = 2, 4
    while True:
        tried = {rate: validation(rate) for rate in RATES[low : high + 1]}
        best = max(tried, key=tried.get)
        if best == RATES[low] and low > 0:
            low -= 1
        elif best == RATES[high] and high + 1 < len(RATES):
            high += 1
        else:
            return best


def measure(task: str, augmented: bool, net: str, images: int, lr: float, seed: int) -> dict:
    """Train one network; return what it names right of images kept back, of test, of its own."""
    train, test = parts(task)
    change = AUGMENT[task] if augmented else None
    model, seen, kept = chapter.learnt(
        chapter.NETS[net], train, images, STEPS[images], lr, seed, change
    )
    return {
        "validation": round(chapter.share(model, kept), 4) if len(kept) else None,
        "accuracy": round(chapter.share(model, test), 4),
        # of 1,000 at most
        "fitted": round(chapter.share(model, seen.subset(slice(0, None, -(-images // 1000)))), 4),
    }


def validation(row: Callable[..., dict], images: int, seeds: int, lr: float) -> float:
    """Return what the networks of the first seeds name right of the images kept back."""
    return sum(row(images=images, lr=lr, seed=seed)["validation"] for seed in SEEDS[:seeds])


def main() -> None:
    """Measure what is not measured yet."""
    torch.set_num_threads(1)
    for task, augmented, images, seeds in CASES:
        for net in chapter.NETS:
            row = partial(once, NAME, measure, task=task, augmented=augmented, net=net)
            rate = best_rate(partial(validation, row, CHOSEN_AT.get(images, images), seeds))
            for seed in SEEDS:
                row(images=images, lr=rate, seed=seed)


if __name__ == "__main__":
    main()
