"""The gradient of softmax and cross-entropy together: what was said minus what was right."""

from __future__ import annotations

from torch import Tensor

from cnncourse.backprop._checks import check_grad


def cross_entropy_backward(
    grad: Tensor, logits: Tensor, target: Tensor, reduction: str = "mean"
) -> Tensor:
    """Return the gradient of ``F.cross_entropy(logits, target)`` with respect to the logits.

    For one sample it is the probabilities minus 1 at the right class, ``p - y``, so that it sums
    to 0 over the classes. The probabilities are taken from the logits, never divided by, which is
    why a probability of 0 does no harm. ``target`` holds classes and has no gradient.

    Shape:
        grad    () for the reductions "mean" and "sum", (N, ...) for "none"
        logits  (N, C, ...)
        target  (N, ...), integers from 0 to C - 1
        return  as the logits

    Raises:
        ValueError: a shape does not fit, or another ``reduction``.
    """
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction must be 'mean', 'sum' or 'none', got {reduction!r}")
    if target.shape != logits[:, 0].shape:
        raise ValueError(
            f"target must have the shape of the logits without their classes, "
            f"{tuple(logits[:, 0].shape)}, got {tuple(target.shape)}"
        )
    check_grad(grad, target.shape if reduction == "none" else ())
    right = target.unsqueeze(1)  # (N, 1, ...)
    difference = logits.softmax(1).scatter_add(1, right, -logits.new_ones(right.shape))
    if reduction == "mean":
        grad = grad / target.numel()
    return difference * (grad.unsqueeze(1) if reduction == "none" else grad)
