"""Chapter 17: a CNN and a ViT of equal size on digits that are turned, blurred or noisy.

    python experiments/off_distribution.py

About five minutes on one core. Both kinds choose their learning rate from the same four, on 500
digits that nothing is trained on. A third competitor, "early", is the CNN that is trained for fewer
steps, as many as bring it nearest to the ViT's accuracy on those 500. A row of ``part`` "choice" is
such a try; of "changed", one network on the changed test digits; of "calibration", one network on
the test digits as they are. Networks, digits and disturbances are those of the chapter: its cells
tagged ``shared``.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from chapter import shared_code
from torch import Tensor, nn

from cnncourse import results
from cnncourse.analysis.calibration import best_temperature, expected_calibration_error
from cnncourse.architectures import vit
from cnncourse.optimizers import learning_rate
from cnncourse.training import evaluate, predict, set_seed

NAME = "off_distribution"
chapter = SimpleNamespace(**shared_code("17_measuring_a_model"))
SEEDS = range(5)
SEED_OF_CHOICE = 100
RATES = (3e-3, 1e-2, 3e-2, 1e-1)
STEPS, FEWER = 400, (20, 30, 40, 60, 80)
DRAWS = 200  # of labels, for the calibration error of a network that is right about itself


def small_vit() -> vit.ViT:
    """Sixteen patches of 7×7, two blocks of 40 channels."""
    return vit.ViT(vit.Row(7, 2, 40, 4, 64), 28, 10, 1)


def learn(
    net: nn.Module,
    images: Tensor,
    steps: int,
    rate: float,
    loss: Callable[[Tensor, Tensor], Tensor],
) -> nn.Module:
    """Take AdamW steps on batches of 64; ``loss`` gets the scores and which images they are of."""
    optimizer = torch.optim.AdamW(net.train().parameters(), rate)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = learning_rate(step, steps, rate, steps // 10)
        batch = torch.randint(len(images), (64,))
        optimizer.zero_grad()
        loss(net(images[batch]), batch).backward()
        optimizer.step()
    return net.eval()


KINDS = {"CNN": lambda: chapter.small_cnn(14), "ViT": small_vit}
KINDS["early"] = KINDS["CNN"]


def trained(kind: str, seed: int, steps: int, rate: float) -> nn.Module:
    """Train one network on the 3,500 labels."""
    set_seed(seed)
    return learn(KINDS[kind](), chapter.fitting.images, steps, rate, chapter.on_labels)


def changed(net: nn.Module, what: str, level: float) -> dict[str, float]:
    """Accuracy and mean confidence on the changed test digits, in per cent."""
    p = F.softmax(predict(net, chapter.TRIALS[what][0](chapter.test.images, level)).double(), 1)
    hit = (p.argmax(1) == chapter.test.labels).double().mean().item()
    return {"accuracy": round(100 * hit, 2), "confidence": round(100 * p.amax(1).mean().item(), 2)}


def calibration(net: nn.Module) -> dict[str, float]:
    """Calibration errors at temperature 1 and at the best one, and what scatter alone makes.

    ``if_true`` and ``at_most`` are the mean and the 95 % quantile of the error over labels that are
    drawn from the network's own probabilities.
    """
    scores = predict(net, chapter.test.images)
    temperature = best_temperature(predict(net, chapter.held.images), chapter.held.labels)
    found = {"temperature": temperature}
    for after, divided in (("", scores), ("_at_temperature", scores / temperature)):
        drawn = torch.multinomial(F.softmax(divided, 1), DRAWS, replacement=True).T
        perfect = torch.tensor([expected_calibration_error(divided, labels) for labels in drawn])
        found |= {
            f"error{after}": expected_calibration_error(divided, chapter.test.labels),
            f"if_true{after}": perfect.mean().item(),
            f"at_most{after}": perfect.quantile(0.95).item(),
        }
    return {name: round(value, 4) for name, value in found.items()}


def main() -> None:
    """Choose, train, change the digits, and store."""
    torch.set_num_threads(1)
    rows, plan = [], {}

    def tried(kind: str, steps: int, rate: float) -> float:
        score = evaluate(trained(kind, SEED_OF_CHOICE, steps, rate), chapter.held)
        asked = {"kind": kind, "steps": steps, "rate": rate, "accuracy": round(100 * score, 2)}
        rows.append({"part": "choice"} | asked)
        print(*asked.values(), flush=True)
        return score

    for kind in ("CNN", "ViT"):
        found = {rate: tried(kind, STEPS, rate) for rate in RATES}
        plan[kind] = STEPS, max(found, key=found.get)
        goal = found[plan[kind][1]]  # the ViT's, in the end
    found = {steps: abs(tried("early", steps, plan["CNN"][1]) - goal) for steps in FEWER}
    plan["early"] = min(found, key=found.get), plan["CNN"][1]
    for kind, (steps, rate) in plan.items():
        for seed in SEEDS:
            net = trained(kind, seed, steps, rate)
            about = {"kind": kind, "seed": seed}
            rows.append({"part": "calibration"} | about | calibration(net))
            print(*rows[-1].values(), flush=True)
            for what, (_, levels, _) in chapter.TRIALS.items():
                for level in levels:
                    place = about | {"what": what, "level": level}
                    rows.append({"part": "changed"} | place | changed(net, what, level))
    results.store(NAME, rows, SEEDS)


if __name__ == "__main__":
    main()
