"""One visible training loop, and what it leaves: scores, accuracy, a history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
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
        model.train()
        loss_sum, correct = 0.0, 0
        for batch in torch.randperm(len(labels)).to(device).split(batch_size):
            scores = model(images[batch])  # (N, num_classes)
            loss = loss_function(scores, labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(batch)
            correct += (scores.argmax(1) == labels[batch]).sum().item()

        history.loss.append(loss_sum / len(labels))
        history.accuracy.append(correct / len(labels))
        if not np.isfinite(history.loss[-1]):
            raise FloatingPointError(
                f"the loss became {history.loss[-1]} in epoch {epoch + 1}: try a smaller lr than "
                f"{optimizer.param_groups[0]['lr']}"
            )
        if validation is not None:
            history.validation_accuracy.append(evaluate(model, validation))

    model.eval()
    return history


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
