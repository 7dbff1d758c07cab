"""The gradient of ReLU: pass on or stop."""

from __future__ import annotations

from torch import Tensor

from cnncourse.backprop._checks import check_grad


def relu_backward(grad: Tensor, x: Tensor) -> Tensor:
    """Return the gradient of ``F.relu(x)``: ``grad`` where x was positive, 0 elsewhere.

    At exactly 0 ReLU has a kink and no derivative. 0 is PyTorch's choice there, and this one's.

    Shape:
        grad, x  the same, any
        return   as x

    Raises:
        ValueError: ``grad`` has not the shape of ``x``.
    """
    check_grad(grad, x.shape)
    return grad * (x > 0)
