"""Backward passes from scratch, one operation a file: what autograd does, in tensor operations.

Every function takes ``grad``, the gradient of a loss with respect to what the operation returned,
then what the operation saw, under its names and in its order. It returns the gradients with
respect to the operation's tensors, in their order. Nothing here calls autograd or PyTorch's own
backward functions.
"""

from cnncourse.backprop.activation import relu_backward
from cnncourse.backprop.convolution import conv2d_backward
from cnncourse.backprop.cross_entropy import cross_entropy_backward
from cnncourse.backprop.linear import linear_backward
from cnncourse.backprop.normalization import batch_norm_backward
from cnncourse.backprop.numerical import numerical_gradient
from cnncourse.backprop.pooling import avg_pool2d_backward, max_pool2d_backward

__all__ = [
    "avg_pool2d_backward",
    "batch_norm_backward",
    "conv2d_backward",
    "cross_entropy_backward",
    "linear_backward",
    "max_pool2d_backward",
    "numerical_gradient",
    "relu_backward",
]
