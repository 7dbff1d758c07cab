"""The gradients of a linear layer: two matrix products and a sum."""

from __future__ import annotations

from torch import Tensor

from cnncourse.backprop._checks import check_grad


def linear_backward(grad: Tensor, x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of ``F.linear(x, weight, bias)`` with respect to its three arguments.

    ``y = x Wᵀ + b`` takes N·in·out multiplications. Each gradient by x and by the weight takes as
    many again. All rows share weight and bias, so their gradients are sums over the rows.

    Shape:
        grad    (..., out_features)
        x       (..., in_features)
        weight  (out_features, in_features)
        return  those of x, weight and bias

    Raises:
        ValueError: ``grad`` has not the shape of the output.
    """
    out_features, in_features = weight.shape
    check_grad(grad, (*x.shape[:-1], out_features))
    rows, inputs = grad.reshape(-1, out_features), x.reshape(-1, in_features)
    return grad @ weight, rows.T @ inputs, rows.sum(0)
