"""Change an image until a unit responds as strongly as it can."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cnncourse.explain._layers import watching
from cnncourse.explain._scores import (
    Target,
    check_range,
    checked_images,
    copy_to_explain,
    gradient,
    one_for_each,
    target_scores,
)
from cnncourse.shapes import check_int


def activation_maximisation(
    model: nn.Module,
    x: Tensor,
    target: Target,
    layer: str | None = None,
    *,
    steps: int = 128,
    lr: float = 0.05,
    decay: float = 0.0,
    smoothness: float = 0.0,
    jitter: int = 0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Climb from the images ``x`` to larger values of a unit, and return where this led.

    The unit is the score of class ``target``, or with ``layer`` the mean over all places of its
    channel ``target``. Adam climbs with steps of ``lr`` that fall to 0 on a straight line. Without
    a penalty there may be no maximum: a network of convolutions and ReLUs without biases doubles
    its scores when its input is doubled.

    ``decay`` subtracts ``decay/2`` times the sum of the squared pixels, ``smoothness`` subtracts
    that many times half the sum of the squared differences of neighbours, and ``jitter`` moves the
    image in every step by up to so many pixels, on a circle (Simonyan, Vedaldi and Zisserman,
    arXiv:1312.6034, section 2; Olah, Mordvintsev and Schubert, Distill 2017).

    Shape:
        x       (N, C, H, W), where to begin
        target  one class or channel, or N of them
        return  (N, C, H, W)

    Raises:
        TypeError, ValueError: as `saliency`; and the layer does not exist or does not run exactly
            once, a penalty is negative, or steps or jitter is no integer.
        FloatingPointError: the unit became NaN or infinite.
    """
    x = checked_images(x)
    target = one_for_each(target, len(x))
    check_int(steps, "steps", 1)
    check_int(jitter, "jitter", 0)
    for name, value in {"lr": lr, "decay": decay, "smoothness": smoothness}.items():
        if not value >= 0:
            raise ValueError(f"{name} must not be negative, got {value}")
    with copy_to_explain(model) as twin:
        optimizer = torch.optim.Adam([x.requires_grad_()], lr=lr)
        for step in range(steps):
            moved = x.clone()
            if jitter:
                shift = torch.randint(-jitter, jitter + 1, (2,), generator=generator).tolist()
                moved = moved.roll(shift, (2, 3))
            units = _units(twin, moved, target, layer)
            if not units.isfinite().all():
                raise FloatingPointError(f"the unit became {units.max().item()}: add a decay")
            penalty = decay / 2 * x.square().sum() + smoothness / 2 * _roughness(x)
            x.grad = gradient(penalty, x, "the input") - gradient(units, x, "the input")
            optimizer.param_groups[0]["lr"] = lr * (1 - step / steps)
            optimizer.step()
    return x.detach()


def _units(model: nn.Module, x: Tensor, target: list[int], layer: str | None) -> Tensor:
    """Return the value to maximise of every image: (N,)."""
    if layer is None:
        return target_scores(model, x, target)
    with watching(model, layer) as watch:
        model(x)
        output = watch.take()
    if output.ndim < 2 or len(output) != len(x):
        shape = tuple(output.shape)
        raise ValueError(f"the layer {layer!r} must return channels (N, C, …), got {shape}")
    check_range(target, output.shape[1], "channel")
    return torch.stack([one[channel].mean() for one, channel in zip(output, target, strict=True)])


def _roughness(x: Tensor) -> Tensor:
    """Return the sum of the squared differences of neighbouring pixels."""
    return x.diff(dim=2).square().sum() + x.diff(dim=3).square().sum()
