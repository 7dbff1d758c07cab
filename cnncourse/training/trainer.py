"""A training that can be interrupted at any moment, in one process or several.

The steps are those of ``fit``: both call ``train_epoch``. ``fit`` itself keeps all images in memory
and draws from the global generator; here images may come from a disk, the rate may change within an
epoch, and every generator is known, so that its state can be stored.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Generator, Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from cnncourse.training import processes
from cnncourse.training.arguments import Arguments
from cnncourse.training.batches import in_order, shuffled
from cnncourse.training.builders import build
from cnncourse.training.device import find_device
from cnncourse.training.loop import History, Tally, check_loss, predict, train_epoch
from cnncourse.training.parts import load_parts
from cnncourse.training.recipe import SCHEDULES, MixedPrecision, augmented, check_augmentations
from cnncourse.training.refusal import Refusal
from cnncourse.training.seed import set_seed


@dataclass
class Record(History):
    """What a training saw; the test part is looked at once, after the last epoch."""

    images_per_second: list[float] = field(default_factory=list)
    test_accuracy: float | None = None


class Trainer:
    """A network, its data, and everything that its next epoch depends on.

    Raises:
        Refusal: the arguments cannot be followed.
    """

    def __init__(self, arguments: Arguments) -> None:
        self.arguments = arguments
        check_augmentations(arguments.augment)
        self.device = find_device(arguments.device, processes.local_rank(), processes.count())
        parts = load_parts(arguments.data, arguments.size)
        self.order = Generator().manual_seed(arguments.seed)  # the same in every process
        cut = arguments.batch_size, arguments.workers
        self.train = shuffled(parts.train, self.order, *cut)
        self.validation = in_order(parts.validation, *cut)
        self.test = None if parts.test is None else in_order(parts.test, *cut)

        set_seed(arguments.seed)
        self.model = build(arguments.model, len(parts.classes), parts.shape).to(self.device)
        self.network = MixedPrecision(self.model) if arguments.amp else self.model
        self.parallel = processes.join(self.network, self.device)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=arguments.lr)
        torch.manual_seed(arguments.seed + processes.rank())  # dropout: its own in each process
        self.draws = Generator().manual_seed(arguments.seed + 1 + processes.rank())
        self.record = Record()

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.record.loss)

    def train_epoch(self) -> None:
        """Take the steps of one epoch, then look at the validation part.

        Raises:
            FloatingPointError: the loss became NaN or infinite.
        """
        title = f"epoch {self.epoch + 1}/{self.arguments.epochs}"
        hidden = True if processes.rank() else None  # None: hidden where the output is a file
        start = time.perf_counter()
        images = len(self.train.dataset)
        with tqdm(total=images, desc=title, unit="image", leave=False, disable=hidden) as bar:

            def show(tally: Tally) -> None:
                bar.update(min(tally.count * processes.count(), images) - bar.n)
                bar.set_postfix(loss=tally.loss, accuracy=tally.accuracy)

            tally = train_epoch(self.parallel, self._batches(), self.optimizer, after_batch=show)
        seconds = time.perf_counter() - start

        sums = [tally.loss_sum, tally.correct, tally.count]
        tally = Tally(*processes.total(sums, self.device))
        check_loss(tally.loss, self.epoch, self.optimizer)
        self.record.validation_accuracy.append(self.accuracy(self.validation))
        self.record.images_per_second.append(tally.count / seconds)
        self.record.accuracy.append(tally.accuracy)
        self.record.loss.append(tally.loss)

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the epoch's batches, augmented, and set the rate of each step."""
        count = len(self.train)
        schedule = SCHEDULES[self.arguments.schedule]
        for step, (images, labels) in enumerate(self.train, start=self.epoch * count):
            for group in self.optimizer.param_groups:
                group["lr"] = schedule(step, self.arguments.epochs * count, self.arguments.lr)
            images = images.to(self.device, non_blocking=True)
            images = augmented(images, self.arguments.augment, self.draws)
            yield images, labels.to(self.device, non_blocking=True)

    def accuracy(self, images: DataLoader) -> float:
        """Return the share of correct answers, counted by all processes together."""
        processes.share(self.model)
        correct = count = 0
        for batch, labels in images:
            correct += (predict(self.network, batch).argmax(1) == labels).sum().item()
            count += len(labels)
        correct, count = processes.total([correct, count], self.device)
        return correct / count

    def state(self) -> dict[str, Any]:
        """Return what another process needs to go on from here; every process must ask for it."""
        draws = {
            "order": self.order.get_state(),
            "augmentation": self.draws.get_state(),
            "cpu": torch.get_rng_state(),
        }
        if self.device.type != "cpu":
            draws["device"] = torch.get_device_module(self.device).get_rng_state()
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch,
            "generator states": processes.gather(draws),
            "arguments": asdict(self.arguments),
            "history": asdict(self.record),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from where ``state`` was taken.

        Raises:
            Refusal: it was taken with another number of processes, or other classes.
        """
        if len(state["generator states"]) != processes.count():
            raise Refusal(
                f"the training to resume ran in {len(state['generator states'])} processes, not in "
                f"{processes.count()}"
            )
        try:
            self.model.load_state_dict(state["model"])
        except RuntimeError as error:
            raise Refusal(f"the training to resume had other classes or images: {error}") from error
        self.optimizer.load_state_dict(state["optimizer"])
        self.record = Record(**state["history"])
        draws = state["generator states"][processes.rank()]
        self.order.set_state(draws["order"])
        self.draws.set_state(draws["augmentation"])
        torch.set_rng_state(draws["cpu"])
        if self.device.type != "cpu" and "device" in draws:
            torch.get_device_module(self.device).set_rng_state(draws["device"])
