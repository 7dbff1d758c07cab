"""Chapter 16: five networks of equal size, from 50 images to 4,000.

    .venv/bin/python experiments/data_sweep.py

Half an hour on one core. It stores what it has after every run, and goes on from
there when it is started again; delete ``cnncourse/results/data_sweep.json`` to begin anew. The
code is that of the chapter: its cells tagged ``shared``.

In each case (task, with augmentation or without, number of images) every network chooses its
learning rate anew, by images of the training part that it has not learnt from: ``validation``.
It begins with the rate of the case before and goes on until a worse one lies on either side.
Three seeds choose for digits without augmentation, else one; all three run at the rate chosen. All
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
RATES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0)
FIRST = 1e-2
CASES = (
    # task, augmented, images, steps, seeds that choose
    ("digits", False, 250, 400, 3),
    ("digits", False, 50, 200, 3),
    ("digits", False, 1000, 400, 3),
    ("digits", False, 4000, 800, 3),
    ("digits", True, 1000, 400, 1),
    ("textures", False, 600, 400, 1),
    ("textures", True, 600, 400, 1),
    ("digits", True, 50, 200, 1),
    ("textures", False, 60, 200, 1),
)
CHOSEN_WITH = {4000: (1000, 400)}  # images and steps, where nothing is left to choose by
PATIENT = 1600  # steps: the ViT with 1,000 digits once more, shifted and not, at the rates chosen
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


def best_rate(validation: Callable[[float], float], start: float = FIRST) -> float:
    """Return the rate with the best validation accuracy that has a worse one on either side.

    ``start`` and its neighbours are tried; while the best of those tried lies at an edge, the next
    one, too.
    """
    low, high = RATES.index(start) - 1, RATES.index(start) + 1
    while True:
        tried = {rate: validation(rate) for rate in RATES[low : high + 1]}
        best = max(tried, key=tried.get)
        if best == RATES[low]:
            low -= 1
        elif best == RATES[high]:
            high += 1
        else:
            return best


def measure(
    task: str, augmented: bool, net: str, images: int, steps: int, lr: float, seed: int
) -> dict:
    """Train one network; return what it names right of images kept back, of test, of its own."""
    train, test = parts(task)
    change = AUGMENT[task] if augmented else None
    model, seen, kept = chapter.learnt(chapter.NETS[net], train, images, steps, lr, seed, change)
    return {
        "validation": round(chapter.share(model, kept), 4) if len(kept) else None,
        "accuracy": round(chapter.share(model, test), 4),
        # of 1,000 at most
        "fitted": round(chapter.share(model, seen.subset(slice(0, None, -(-images // 1000)))), 4),
    }


def validation(row: Callable[..., dict], seeds: int, lr: float) -> float:
    """Return what the networks of the first seeds name right of the images kept back."""
    return sum(row(lr=lr, seed=seed)["validation"] for seed in SEEDS[:seeds])


def main() -> None:
    """Measure what is not measured yet."""
    torch.set_num_threads(1)
    rates = dict.fromkeys(chapter.NETS, FIRST)
    for task, augmented, images, steps, seeds in CASES:
        for net in chapter.NETS:
            row = partial(once, NAME, measure, task=task, augmented=augmented, net=net)
            kept_images, kept_steps = CHOSEN_WITH.get(images, (images, steps))
            tried = partial(validation, partial(row, images=kept_images, steps=kept_steps), seeds)
            rates[net] = best_rate(tried, rates[net])
            for seed in SEEDS:
                row(images=images, steps=steps, lr=rates[net], seed=seed)
                if (task, net, images) == ("digits", "ViT", 1000):
                    row(images=images, steps=PATIENT, lr=rates[net], seed=seed)


if __name__ == "__main__":
    main()
