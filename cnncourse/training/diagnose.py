"""Checks of a network that take seconds, before hours of training are spent on it.

Each looks for one mistake and says in a sentence what it found. All work on a copy: weights,
running statistics and mode of the model stay as they are.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Finding:
    """What a check found; as text, one line."""

    check: str
    passed: bool
    message: str

    def __str__(self) -> str:
        return f"{'ok' if self.passed else 'PROBLEM':<9}{self.check}: {self.message}"


def diagnose(
    model: nn.Module, images: Tensor, labels: Tensor, loss_function: Loss = F.cross_entropy
) -> list[Finding]:
    """Run every check on a fresh model and one batch of some 16 to 64 images.

    ``for finding in diagnose(model, images, labels): print(finding)`` shows a line for each.

    Shape:
        images  (N, C, H, W)
        labels  (N,) class indices
    """
    return [
        weights_are_finite(model),
        loss_at_the_start(model, images, labels, loss_function),
        images_stay_apart(model, images),
        every_weight_moves(model, images, labels, loss_function),
        overfits_one_batch(model, images, labels, loss_function),
    ]


def weights_are_finite(model: nn.Module) -> Finding:
    """Look for NaN and infinity in the parameters and buffers."""
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    bad = {name: int((~t.isfinite()).sum()) for name, t in tensors.items()}
    found = [f"{name} ({count} of {tensors[name].numel()})" for name, count in bad.items() if count]
    message = f"all {len(tensors)} tensors are finite"
    if found:
        message = f"there are NaN or infinite values in {_listed(found)}"
    return Finding("weights are finite", not found, message)


def loss_at_the_start(
    model: nn.Module, images: Tensor, labels: Tensor, loss_function: Loss = F.cross_entropy
) -> Finding:
    """Compare the loss of a fresh model with ln K, that of giving each of K classes the same score.

    Scores of variance v add about v/2 to it; half of ln K more or less is let pass.
    """
    model, images, labels = _copied(model, images, labels)
    with torch.no_grad():
        scores = model.train()(images)
        loss = loss_function(scores, labels).item()
    classes = scores.shape[1]
    passed = abs(loss - math.log(classes)) <= math.log(classes) / 2
    message = f"the loss is {loss:.3g}; guessing among {classes} classes gives ln {classes} = "
    message += f"{math.log(classes):.3g}"
    if not passed:
        message += ", so the scores are sure of something before anything is learnt"
    return Finding("loss at the start", passed, message)


def images_stay_apart(model: nn.Module, images: Tensor) -> Finding:
    """Ask by gradients whether the scores of one image depend on another image of the batch.

    They must not in evaluation. In training a batch norm mixes the images on purpose, so layers
    with running statistics use these here, in both modes; a norm that keeps none is accused.
    Of a batch, eight images are enough.
    """
    model, images = _copied(model, images[:8])
    for mode in ("evaluation", "training"):
        model.train(mode == "training")
        for layer in model.modules():
            if getattr(layer, "running_mean", None) is not None:
                layer.eval()
        given = images.clone().requires_grad_()
        scores = model(given)
        for i in range(len(images)):
            weights = torch.randn_like(scores[i])  # a plain sum is blind: after a softmax it is 1
            gradient = torch.autograd.grad((weights * scores[i]).sum(), given, retain_graph=True)[0]
            reached = gradient.flatten(1).abs().amax(1)
            others = [j for j in range(len(images)) if j != i and reached[j] != 0]
            if others:
                message = (
                    f"in {mode} mode the scores of image {i} depend on image {others[0]}: the "
                    f"gradient there is {reached[others[0]]:.2g}, not 0"
                )
                return Finding("images stay apart", False, message)
    message = f"the scores of each of {len(images)} images depend on that image alone"
    return Finding("images stay apart", True, message)


def every_weight_moves(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    loss_function: Loss = F.cross_entropy,
    steps: int = 5,
) -> Finding:
    """Take a few steps of Adam and look for parameters that are what they were.

    Several steps, because a weight behind one that starts at zero moves in the second only.
    Parameters frozen on purpose (``requires_grad=False``) are left out.
    """
    model, images, labels = _copied(model, images, labels)
    learning = {name: p for name, p in model.named_parameters() if p.requires_grad}
    before = {name: p.detach().clone() for name, p in learning.items()}
    _train(model, images, labels, loss_function, steps)
    still = [name for name, p in learning.items() if torch.equal(p, before[name])]
    message = f"all {len(learning)} parameters moved within {steps} steps"
    if still:
        message = f"no gradient moved {_listed(still)} within {steps} steps"
    return Finding("every weight moves", not still, message)


def overfits_one_batch(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    loss_function: Loss = F.cross_entropy,
    steps: int = 300,
) -> Finding:
    """Train on the same images again and again: the loss has to fall below a tenth of ln K.

    Dropout is off meanwhile: it works against learning by heart, which is what is asked for here.
    ``loss_function`` is the plain one here: label smoothing keeps it above a floor of its own.
    """
    model, images, labels = _copied(model, images, labels)
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = 0.0
    with torch.no_grad():
        scores = model(images)
    classes = scores.shape[1]
    enough = math.log(classes) / 10
    losses = _train(model, images, labels, loss_function, steps, enough)
    passed = losses[-1] < enough
    message = (
        f"the loss on {len(images)} images went from {losses[0]:.3g} to {losses[-1]:.3g} in "
        f"{len(losses)} steps"
    )
    if not passed and _are_probabilities(scores):
        message += (
            f"; its scores are probabilities already, and the loss applies a softmax to them once "
            f"more: it cannot fall below ln(e + {classes - 1}) - 1 = "
            f"{math.log(math.e + classes - 1) - 1:.3g}"
        )
    return Finding("overfits one batch", passed, message)


def _train(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    loss_function: Loss,
    steps: int,
    enough: float = -math.inf,
) -> list[float]:
    """Take steps on one batch until the loss is below ``enough``; return the losses."""
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    model.train()
    losses: list[float] = []
    while len(losses) < steps and not (losses and losses[-1] < enough):
        loss = loss_function(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def _are_probabilities(scores: Tensor) -> bool:
    return bool((scores >= 0).all() and ((scores.sum(1) - 1).abs() < 1e-4).all())


def _copied(model: nn.Module, *tensors: Tensor) -> tuple:
    """Return a copy of the model, and the tensors on its device."""
    device = next(model.parameters()).device
    return copy.deepcopy(model), *(tensor.to(device) for tensor in tensors)


def _listed(names: list[str]) -> str:
    """Name the first three."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
