"""Which images a step sees, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Generator
from torch.utils.data import DataLoader, Dataset, Sampler, Subset

from cnncourse.training import processes
from cnncourse.training.refusal import Refusal


class Shuffled(Sampler[list[int]]):
    """Cut ``count`` images, in a new order each epoch, into batches of equal size.

    An epoch has as many batches as it needs for none to exceed ``batch_size``; their sizes differ
    by one at most. So every image counts in every epoch, and no last batch of one image upsets a
    batch norm. Every process draws the same order, and takes its share of each batch: shares
    differ by one image at most, too.

    Raises:
        Refusal: a process would get no image.
    """

    def __init__(self, count: int, order: Generator, batch_size: int) -> None:
        self.count, self.order = count, order
        self.batches = -(-count // batch_size)
        if count // self.batches < processes.count():
            raise Refusal(
                f"{processes.count()} processes cannot share batches of "
                f"{count // self.batches} images (--batch-size {batch_size}, {count} images)"
            )

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[list[int]]:
        order = torch.randperm(self.count, generator=self.order)
        for batch in order.tensor_split(self.batches):
            yield batch[processes.rank() :: processes.count()].tolist()


def shuffled(data: Dataset, order: Generator, batch_size: int, workers: int) -> DataLoader:
    """Return this process's share of each batch of an epoch, as ``Shuffled`` cuts them.

    ``workers`` processes read the images, or this one if 0. They draw no random numbers, so their
    number changes no result.
    """
    batches = Shuffled(len(data), order, batch_size)
    return _loader(data, workers, batch_sampler=batches)


def in_order(data: Dataset, batch_size: int, workers: int) -> DataLoader:
    """Return this process's share of all images, every image once."""
    share = Subset(data, range(processes.rank(), len(data), processes.count()))
    return _loader(share, workers, batch_size=batch_size)


def _loader(data: Dataset, workers: int, **cut: Any) -> DataLoader:
    # PyTorch draws a seed for the workers: not from the global generator, which dropout uses.
    return DataLoader(
        data,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
        generator=Generator(),
        **cut,
    )
