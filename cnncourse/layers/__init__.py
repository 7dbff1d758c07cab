"""Layers from scratch, one concept a file; drop-ins for PyTorch's where PyTorch has one."""

from cnncourse.layers.convolution import (
    Conv2d,
    conv2d_fft,
    conv2d_im2col,
    conv2d_loops,
    conv2d_matrix,
    convolution_matrix,
    im2col,
)
from cnncourse.layers.pooling import AvgPool2d, BlurPool2d, GlobalAvgPool2d, MaxPool2d

__all__ = [
    "AvgPool2d",
    "BlurPool2d",
    "Conv2d",
    "GlobalAvgPool2d",
    "MaxPool2d",
    "conv2d_fft",
    "conv2d_im2col",
    "conv2d_loops",
    "conv2d_matrix",
    "convolution_matrix",
    "im2col",
]
