"""One visible training loop, and what it leaves: scores, accuracy, a history."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from cnncourse.data import Images
from cnncourse.training.device import pick_device


@dataclass
class History:
    """What ``fit`` saw, one entry an epoch: training loss, training and validation accuracy."""

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)


@dataclass
class Tally:
    """Sums over the images that an epoch has seen so far, taken while the weights move."""

    loss_sum: float = 0.0
    correct: int = 0
    count: int = 0

    @property
    def loss(self) -> float:
        """The mean loss of an image."""
        return self.loss_sum / self.count

    @property
    def accuracy(self) -> float:
        """The share of correct answers, between 0 and 1."""
        return self.correct / self.count


def fit(
    model: nn.Module,
    train: Images,
    validation: Images | None = None,
    *,
    epochs: int = 10,
    batch_size: int = 64,
    lr: float = 1e-3,
    loss_function: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    optimizer: torch.optim.Optimizer | None = None,
    device: torch.device | None = None,
) -> History:
    """Train ``model`` in place with minibatches in random order (Adam unless told otherwise).

    The model is left on ``device`` and in evaluation mode. Training loss and accuracy are averages
    over the epoch, taken while the weights move.

    Raises:
        FloatingPointError: the loss became NaN or infinite.
    """
    device = device or pick_device()
    model.to(device)
    images, labels = train.images.to(device), train.labels.to(device)
    optimizer = optimizer or torch.optim.Adam(model.parameters(), lr=lr)
    history = History()

    for epoch in tqdm(range(epochs), desc="epochs", leave=False):
        order = torch.randperm(len(labels)).to(device)
        batches = ((images[batch], labels[batch]) for batch in order.split(batch_size))
        tally = train_epoch(model, batches, optimizer, loss_function)
        history.loss.append(tally.loss)
        history.accuracy.append(tally.accuracy)
        check_loss(tally.loss, epoch, optimizer)
        if validation is not None:
            history.validation_accuracy.append(evaluate(model, validation))

    model.eval()
    return history


def train_epoch(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    optimizer: torch.optim.Optimizer,
    loss_function: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    after_batch: Callable[[Tally], object] = lambda tally: None,
) -> Tally:
    """Take one step for each batch of images and labels; both lie where the model does.

    ``after_batch`` sees what the epoch has seen so far, to show it.
    """
    model.train()
    tally = Tally()
    for images, labels in batches:
        scores = model(images)  # (N, num_classes)
        loss = loss_function(scores, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        tally.loss_sum += loss.item() * len(labels)
        tally.correct += (scores.argmax(1) == labels).sum().item()
        tally.count += len(labels)
        after_batch(tally)
    return tally


def check_loss(loss: float, epoch: int, optimizer: torch.optim.Optimizer) -> None:
    """Refuse to go on from weights that are lost; ``epoch`` counts from 0.

    Raises:
        FloatingPointError: the loss is NaN or infinite.
    """
    if not math.isfinite(loss):
        raise FloatingPointError(
            f"the loss became {loss} in epoch {epoch + 1}: try a smaller lr than "
            f"{optimizer.param_groups[0]['lr']}"
        )


@torch.no_grad()
def predict(model: nn.Module, images: Tensor, batch_size: int = 512) -> Tensor:
    """Return the scores of all images, in evaluation mode; the model's mode is restored.

    Shape:
        images  (N, C, H, W)
        return  (N, num_classes), on the CPU
    """
    parameter = next(model.parameters(), None)
    device = images.device if parameter is None else parameter.device
    was_training = model.training
    model.eval()
    scores = [model(batch.to(device)).cpu() for batch in images.split(batch_size)]
    model.train(was_training)
    return torch.cat(scores)


def evaluate(model: nn.Module, data: Images) -> float:
    """Return the share of images that the model classifies correctly, between 0 and 1."""
    return (predict(model, data.images).argmax(1) == data.labels).float().mean().item()
