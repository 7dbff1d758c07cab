"""Chapter 17: a student of 2,809 parameters, on labels or on the scores of a teacher of 26,932.

    python experiments/distillation.py

About ten minutes on one core. A student learns from ``seen`` digits of the 3,500: from their labels
("labels"), or from the scores of a teacher that learnt from ``knows`` labels, or from its answers
alone (``temperature`` 0). Each of these ways chooses its learning rate from the same four, and with
scores its temperature from two, by the mean of two seeds on 500 digits that nothing is trained on
(``part`` "choice"); the rows of ``part`` "test" count, and "teacher" has the teachers' accuracies.
"""

from __future__ import annotations

import statistics
from itertools import product

import torch
import torch.nn.functional as F
from off_distribution import chapter, learn
from torch import Tensor

from cnncourse import results
from cnncourse.training import evaluate, predict, set_seed

NAME = "distillation"
SEEDS = range(5)
SEEDS_OF_CHOICE = (100, 101)
RATES = (1e-2, 3e-2, 1e-1, 3e-1)
LABELS, ANSWERS, SCORES = (1,), (0,), (1, 4)  # temperatures: with 0, the answers alone
STEPS = 400
ALL, FEW = 3500, 350
WAYS = (  # what the student sees, what its teacher knows (0: no teacher), how it is taught
    (ALL, 0, LABELS),
    (ALL, ALL, SCORES),
    (FEW, 0, LABELS),
    (FEW, FEW, SCORES),
    (ALL, FEW, SCORES),
    (ALL, ALL, ANSWERS),
)
teachers: dict[tuple[int, int], tuple[Tensor, float]] = {}


def teacher(knows: int, seed: int) -> tuple[Tensor, float]:
    """Scores of all 3,500 digits by a network that learnt ``knows`` labels; its test accuracy."""
    if (knows, seed) not in teachers:
        set_seed(seed)
        net = learn(
            chapter.small_cnn(14), chapter.fitting.images[:knows], STEPS, 1e-2, chapter.on_labels
        )
        teachers[knows, seed] = predict(net, chapter.fitting.images), evaluate(net, chapter.test)
    return teachers[knows, seed]


def student(seen: int, knows: int, seed: int, rate: float, temperature: float):
    """Train a student of three channels."""
    scores = teacher(knows, seed)[0] if knows else None
    set_seed(seed)

    def loss(ours: Tensor, batch: Tensor) -> Tensor:
        if scores is None:
            return chapter.on_labels(ours, batch)
        if temperature == 0:
            return F.cross_entropy(ours, scores[batch].argmax(1))
        return chapter.on_scores(ours, batch, scores, temperature)

    return learn(chapter.small_cnn(3), chapter.fitting.images[:seen], STEPS, rate, loss)


def main() -> None:
    """Choose for each way, then count."""
    torch.set_num_threads(1)
    rows = []
    for seen, knows, temperatures in WAYS:
        found = {}
        for rate, temperature in product(RATES, temperatures):
            tries = [student(seen, knows, seed, rate, temperature) for seed in SEEDS_OF_CHOICE]
            found[rate, temperature] = statistics.mean(evaluate(net, chapter.held) for net in tries)
            about = {"seen": seen, "knows": knows, "rate": rate, "temperature": temperature}
            score = round(100 * found[rate, temperature], 2)
            rows.append({"part": "choice"} | about | {"accuracy": score})
        rate, temperature = max(found, key=found.get)
        for seed in SEEDS:
            score = round(
                100 * evaluate(student(seen, knows, seed, rate, temperature), chapter.test), 2
            )
            about = {"seen": seen, "knows": knows, "rate": rate, "temperature": temperature}
            rows.append({"part": "test"} | about | {"seed": seed, "accuracy": score})
            print(*rows[-1].values(), flush=True)
    for knows, seed in product((ALL, FEW), SEEDS):
        score = round(100 * teacher(knows, seed)[1], 2)
        rows.append({"part": "teacher", "knows": knows, "seed": seed, "accuracy": score})
    results.store(NAME, rows, SEEDS)


if __name__ == "__main__":
    main()
