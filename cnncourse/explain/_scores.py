"""What every method needs: a copy to work on, checked arguments, scores and their gradient."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from cnncourse.analysis._copying import copy_to
from cnncourse.analysis.parameters import check_module
from cnncourse.shapes import shown

Target = int | Sequence[int] | Tensor


@contextmanager
def copy_to_explain(model: nn.Module) -> Iterator[nn.Module]:
    """Yield a copy in evaluation mode, its weights frozen, and record gradients.

    On the copy nothing is done in place, so that what a layer has returned stays readable.

    Raises:
        TypeError: ``model`` is no module.
        ValueError: it cannot be copied.
    """
    check_module(model)
    with torch.inference_mode(False), torch.enable_grad():
        twin = copy_to(model, None).eval().requires_grad_(False)
        for module in twin.modules():
            if getattr(module, "inplace", False) is True:
                module.inplace = False
        yield twin


def checked_images(x: Tensor) -> Tensor:
    """Return ``x`` without a history, if it is a batch of images of real numbers.

    Raises:
        TypeError: ``x`` is no tensor of floating-point numbers.
        ValueError: it does not have the shape (N, C, H, W), N at least 1.
    """
    if not isinstance(x, Tensor) or not x.is_floating_point():
        got = f"a tensor of {x.dtype}" if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"x must be a tensor of floating-point numbers, got {got}")
    if x.ndim != 4 or len(x) == 0:
        raise ValueError(f"x must be images of shape (N, C, H, W), got {tuple(x.shape)}")
    with torch.inference_mode(False):
        return x.detach().clone()


def broadcast(value: Tensor | float, x: Tensor, name: str) -> Tensor:
    """Return ``value`` in the shape of ``x``.

    Raises:
        ValueError: it does not broadcast to that; ``name`` says what it is.
    """
    tensor = torch.as_tensor(value, dtype=x.dtype, device=x.device).detach()
    try:
        return tensor.expand(x.shape)
    except RuntimeError:
        raise ValueError(
            f"{name} must broadcast to {tuple(x.shape)}, got the shape {tuple(tensor.shape)}"
        ) from None


def one_for_each(target: Target, count: int) -> list[int]:
    """Return ``count`` indices from one for all or from one for each.

    Raises:
        TypeError: they are no integers.
        ValueError: their number is another.
    """
    given = listed(target)
    if isinstance(given, int):
        return [given] * count
    if len(given) != count:
        raise ValueError(
            f"target must be one index or one for each of {count} images, got {len(given)}"
        )
    return given


def listed(target: Target) -> int | list[int]:
    """Return one index as an ``int``, and several as a list of them.

    Raises:
        TypeError: they are no integers.
    """
    given = target.tolist() if hasattr(target, "tolist") else target  # a tensor or an array
    several = isinstance(given, Sequence) and not isinstance(given, str)
    return [as_index(item) for item in given] if several else as_index(given)


def as_index(value: object) -> int:
    """Return an integer of any kind as an ``int``; a truth value is none."""
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(value)
    except TypeError:
        message = f"target must be an integer, got {shown(value)} ({type(value).__name__})"
        raise TypeError(message) from None


def check_range(target: Sequence[int], size: int, what: str) -> None:
    """Raise a ValueError unless all of ``target`` number one of ``size`` things."""
    for index in target:
        if not 0 <= index < size:
            raise ValueError(f"target must be a {what} from 0 to {size - 1}, got {index}")


def target_scores(model: nn.Module, x: Tensor, target: Sequence[int]) -> Tensor:
    """Return the score of the target of every image: (N,)."""
    scores = model(x)
    if not isinstance(scores, Tensor) or scores.ndim != 2 or len(scores) != len(x):
        got = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
        raise ValueError(
            f"the model must return scores (N, classes) for {len(x)} images, got {got}"
        )
    check_range(target, scores.shape[1], "class")
    return scores[torch.arange(len(x), device=scores.device), list(target)]


def gradient(scores: Tensor, by: Tensor, what: str) -> Tensor:
    """Differentiate the sum of ``scores``, each of which depends on one image of the batch.

    Raises:
        ValueError: no gradient arrives; ``what`` says where it should.
    """
    found = None
    if scores.requires_grad:
        (found,) = torch.autograd.grad(scores.sum(), by, allow_unused=True)
    if found is None:
        raise ValueError(
            f"no gradient reaches {what}: what the model returns does not come from it"
        )
    return found


def input_gradient(model: nn.Module, x: Tensor, target: Sequence[int]) -> Tensor:
    """Return the derivatives of every image's score by its pixels: (N, C, H, W)."""
    x = x.detach().requires_grad_()
    # A copy goes in, since a model may write into its input, and nobody may write into a leaf.
    return gradient(target_scores(model, x.clone(), target), x, "the input")
