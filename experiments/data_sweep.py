"""Chapter 16: five networks of equal size, from 50 images to 4,000.

    python experiments/data_sweep.py

Half an hour on one core. It stores what it has after every run, and goes on from there when it is
started again; delete ``cnncourse/results/data_sweep.json`` to begin anew.

Every network has the same two learning rates to choose from, on images of the training part that
it has not seen, without augmentation; the same number of steps at each size, the same batches for a
seed, the same optimiser and schedule. ``part`` tells a row of the choice ("validation") from one
that counts ("test").
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial

import torch
import torch.nn.functional as F

from cnncourse import augment, data, results
from cnncourse.architectures import convnext, hybrid, resnet, swin, vit
from cnncourse.data import Images
from cnncourse.training import evaluate, set_seed, train_epoch

NAME = "data_sweep"
SIDE, BATCH = 16, 32
SEEDS = (0, 1, 2)
SEED_OF_CHOICE = 100  # of the runs that choose the learning rate
LRS = (3e-3, 1e-2)
STEPS = {50: 200, 250: 400, 600: 200, 4000: 800}
CHOSEN_AT = {"digits": 250, "textures": 600}
BLOCKS = (
    # task, augmented, images
    ("digits", False, (50, 250)),
    ("digits", False, (4000,)),
    ("textures", False, (600,)),
    ("digits", True, (250,)),
)

RESNET = resnet.RESNETS["tiny"]._replace(stem=12, out_channels=17)
CONVNEXT = convnext.CONVNEXTS["tiny"]._replace(channels=(20, 38))
STEM, HYBRID = hybrid.CONV_STEMS["tiny"], hybrid.VITS["tiny"]._replace(hidden=169)
SWIN = swin.SWINS["tiny"]._replace(window=2)
VIT = vit.VITS["tiny"]._replace(hidden=92)
NETS = {  # 22,080 to 22,245 parameters with 10 classes
    "ResNet": lambda classes: resnet.ResNet(RESNET, classes, 1),
    "ConvNeXt": lambda classes: convnext.ConvNeXt(CONVNEXT, classes, 1),
    "hybrid": lambda classes: hybrid.ConvStemViT(STEM, HYBRID, SIDE, classes, 1),
    "Swin": lambda classes: swin.Swin(SWIN, classes, 1),
    "ViT": lambda classes: vit.ViT(VIT, SIDE, classes, 1),
}


def small_digits() -> tuple[Images, Images]:
    """Return the 5,000 digits with a black rim and at half the resolution: 16×16."""
    return tuple(
        Images(F.avg_pool2d(F.pad(part.images, 4 * [2]), 2), part.labels, part.classes)
        for part in data.mnist_small()
    )


TASKS = {
    # data, what augmentation draws anew in each batch
    "digits": (cache(small_digits), partial(augment.shift, pixels=1)),
    "textures": (cache(partial(data.textures, SIDE)), None),
}


def standardised(images):
    """Give every image mean 0 and deviation 1, so that its brightness tells nothing."""
    return F.layer_norm(images, images.shape[1:])


def split(train: Images, count: int, generator) -> tuple[Images, Images]:
    """Draw as many images of each class as make ``count``, and up to 1,000 others."""
    order = torch.randperm(len(train), generator=generator)
    classes = [order[train.labels[order] == c] for c in range(len(train.classes))]
    each = count // len(classes)
    rest = torch.cat([members[each:] for members in classes])
    rest = rest[torch.randperm(len(rest), generator=generator)[:1000]]
    return train.subset(torch.cat([members[:each] for members in classes])), train.subset(rest)


def batches(part: Images, steps: int, change, generator):
    """Yield ``steps`` batches, every image once before any comes again."""
    order = torch.tensor([], dtype=torch.long)
    for _ in range(steps):
        if len(order) < BATCH:
            order = torch.cat([order, torch.randperm(len(part), generator=generator)])
        batch, order = order[:BATCH], order[BATCH:]
        images = part.images[batch]
        if change is not None:
            images = change(images, generator=generator)
        yield standardised(images), part.labels[batch]


def train(net, part: Images, steps: int, lr: float, change, generator) -> None:
    """Take AdamW steps: the rate rises for a tenth of them and falls along half a cosine."""
    optimizer = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=0.05, fused=True)
    warm = steps // 10

    def rate(step: int) -> float:
        if step < warm:
            return (step + 1) / warm
        return (1 + math.cos(math.pi * (step - warm) / (steps - warm))) / 2

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    train_epoch(
        net,
        batches(part, steps, change, generator),
        optimizer,
        after_batch=lambda _: schedule.step(),
    )


def once(experiment: str, measure: Callable[..., dict], **asked) -> float:
    """Return the accuracy of the row with the entries ``asked``, measured and stored if need be."""
    rows = results.rows_so_far(experiment)
    for row in rows:
        if asked.items() <= row.items():
            return row["accuracy"]
    rows.append(asked | measure(**asked))
    results.store(experiment, rows, SEEDS)
    print(*rows[-1].values(), flush=True)
    return rows[-1]["accuracy"]


def measure(part: str, task: str, augmented: bool, net: str, images: int, lr: float, seed: int):
    """Train one network and return what it names right of the part, and of what it learnt from."""
    get, change = TASKS[task]
    full, test = get()
    generator = torch.Generator().manual_seed(seed)
    seen, others = split(full, images, generator)
    set_seed(seed)
    model = NETS[net](len(full.classes))
    train(model, seen, STEPS[images], lr, change if augmented else None, generator)
    judged = others if part == "validation" else test
    accuracy, fitted = (
        evaluate(model, Images(standardised(shown.images), shown.labels, shown.classes))
        for shown in (judged, seen.subset(slice(0, None, -(-images // 1000))))
    )
    return {"accuracy": round(accuracy, 4), "fitted": round(fitted, 4)}


def main() -> None:
    """Measure what is not measured yet."""
    torch.set_num_threads(1)
    accuracy = partial(once, NAME, measure)
    for task, augmented, sizes in BLOCKS:
        for net in NETS:
            choice = {"task": task, "augmented": False, "net": net, "images": CHOSEN_AT[task]}
            tried = {
                lr: accuracy(part="validation", **choice, lr=lr, seed=SEED_OF_CHOICE) for lr in LRS
            }
            counted = {"part": "test", "task": task, "augmented": augmented, "net": net}
            for images in sizes:
                for seed in SEEDS:
                    accuracy(**counted, images=images, lr=max(tried, key=tried.get), seed=seed)


if __name__ == "__main__":
    main()
