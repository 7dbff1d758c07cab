"""The gradients of batch norm in training, where the statistics depend on the input too."""

from __future__ import annotations

from torch import Tensor

from cnncourse.backprop._checks import check_grad
from cnncourse.layers.normalization import mean_and_variance


def batch_norm_backward(
    grad: Tensor, x: Tensor, weight: Tensor, eps: float = 1e-5
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of ``F.batch_norm(x, …, weight, bias, training=True)`` by the three.

    x moves ``x_hat = (x - mean) / deviation`` in three ways: itself, through the mean, and through
    the deviation. Hence the three terms below. The last two take from the gradient its parts along
    the vectors 1 and x_hat: along them x can move without moving ``x_hat``, exactly for the first,
    but for ``eps`` for the second (Ioffe and Szegedy, arXiv:1502.03167, section 3).

    Shape:
        grad, x  (N, C, ...)
        weight   (C,), also called gamma
        return   those of x, weight and bias

    Raises:
        ValueError: ``grad`` has not the shape of ``x``.
    """
    check_grad(grad, x.shape)
    dims = (0, *range(2, x.ndim))  # all but the channels share their statistics
    mean, variance = mean_and_variance(x, dims)
    deviation = (variance + eps).sqrt()
    x_hat = (x - mean) / deviation

    grad_hat = grad * weight.view(mean.shape)  # by x_hat
    itself = grad_hat
    through_mean = grad_hat.mean(dims, keepdim=True)
    through_deviation = x_hat * (grad_hat * x_hat).mean(dims, keepdim=True)
    grad_x = (itself - through_mean - through_deviation) / deviation
    return grad_x, (grad * x_hat).sum(dims), grad.sum(dims)
