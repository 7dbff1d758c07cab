"""Layers from scratch, one concept a file; drop-ins for PyTorch's where PyTorch has one."""

from cnncourse.layers.attention import SelfAttention, SqueezeExcitation
from cnncourse.layers.convolution import (
    Conv2d,
    conv2d_fft,
    conv2d_im2col,
    conv2d_loops,
    conv2d_matrix,
    convolution_matrix,
    im2col,
)
from cnncourse.layers.equivariant import (
    GroupBatchNorm2d,
    GroupConv2d,
    GroupPool,
    LiftingConv2d,
)
from cnncourse.layers.normalization import (
    BatchNorm1d,
    BatchNorm2d,
    GroupNorm,
    InstanceNorm2d,
    LayerNorm,
)
from cnncourse.layers.pooling import AvgPool2d, BlurPool2d, GlobalAvgPool2d, MaxPool2d
from cnncourse.layers.regularization import StochasticDepth
from cnncourse.layers.residual import (
    BasicBlock,
    Bottleneck,
    PaddedShortcut,
    PreActivationBlock,
    PreActivationBottleneck,
    zero_last_norm,
)
from cnncourse.layers.same import SameConv2d
from cnncourse.layers.separable import (
    ConvNormActivation,
    DepthwiseSeparableConv,
    InvertedResidual,
)
from cnncourse.layers.sequence import CausalConv1d
from cnncourse.layers.transposed import ConvTranspose2d

__all__ = [
    "AvgPool2d",
    "BasicBlock",
    "BatchNorm1d",
    "BatchNorm2d",
    "BlurPool2d",
    "Bottleneck",
    "CausalConv1d",
    "Conv2d",
    "ConvNormActivation",
    "ConvTranspose2d",
    "DepthwiseSeparableConv",
    "GlobalAvgPool2d",
    "GroupBatchNorm2d",
    "GroupConv2d",
    "GroupNorm",
    "GroupPool",
    "InstanceNorm2d",
    "InvertedResidual",
    "LayerNorm",
    "LiftingConv2d",
    "MaxPool2d",
    "PaddedShortcut",
    "PreActivationBlock",
    "PreActivationBottleneck",
    "SameConv2d",
    "SelfAttention",
    "SqueezeExcitation",
    "StochasticDepth",
    "conv2d_fft",
    "conv2d_im2col",
    "conv2d_loops",
    "conv2d_matrix",
    "convolution_matrix",
    "im2col",
    "zero_last_norm",
]
