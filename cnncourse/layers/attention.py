"""Attention: weights that the input itself decides, over channels or over positions."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cnncourse.layers._windows import check_images
from cnncourse.shapes import check_int


class SqueezeExcitation(nn.Module):
    """Multiply each channel by a weight that the means of all channels decide.

    The squeeze is the mean over positions. The excitation is two dense maps, written as 1x1
    convolutions, ``channels -> squeeze_channels -> channels``, with ``activation`` between them
    and ``gate``, which maps to weights between 0 and 1, behind them. Together they hold
    ``2 * channels * squeeze_channels`` weights, and cost as many multiply-accumulates for an image
    of any size. With ``squeeze_channels = channels / r`` these are the ``2 * channels**2 / r`` of
    the paper, which leaves out the ``channels + squeeze_channels`` biases (Squeeze-and-Excitation
    Networks, arXiv:1709.01507, sections 3 and 4).

    Shape:
        x       (N, channels, H, W) or (channels, H, W)
        return  the same

    Raises:
        ValueError, TypeError: arguments or input of the wrong kind.
    """

    def __init__(
        self,
        channels: int,
        squeeze_channels: int,
        activation: type[nn.Module] = nn.ReLU,
        gate: type[nn.Module] = nn.Sigmoid,
    ) -> None:
        super().__init__()
        self.channels = check_int(channels, "channels", 1)
        check_int(squeeze_channels, "squeeze_channels", 1)
        self.squeeze = nn.AdaptiveAvgPool2d(1)
        self.reduce = nn.Conv2d(channels, squeeze_channels, 1)
        self.activation = activation()
        self.restore = nn.Conv2d(squeeze_channels, channels, 1)
        self.gate = gate()

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x``, every channel times its weight."""
        check_images(x, self.channels)
        means = self.squeeze(x)  # (N, channels, 1, 1)
        summary = self.activation(self.reduce(means))  # (N, squeeze_channels, 1, 1)
        return self.gate(self.restore(summary)) * x  # (N, channels, H, W)


class SelfAttention(nn.Module):
    """Replace every token by a mean of all of them, weighed by how well they match it.

    Each of ``heads`` parts of the channels goes its own way. With queries q, keys k and values v,
    linear maps of the tokens, of d = channels / heads numbers each, token i becomes
    Σ_j softmax_j(q_i·k_j / √d) v_j; a last linear map mixes the heads. Where all entries of q and k
    are independent with variance 1, √d makes that of the scores 1, too. Nothing tells where a token
    stands: tokens in another order give the same outputs in that order.

    ``4 channels²`` weights. For T tokens ``4 T channels² + 2 T² channels`` multiply-accumulates
    (Vaswani et al., arXiv:1706.03762, section 3.2).

    Shape:
        x       (N, T, channels)
        return  the same

    Raises:
        ValueError, TypeError: an argument is no integer of at least 1, ``heads`` does not divide
            ``channels``, or the input has another shape.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.channels = check_int(channels, "channels", 1)
        self.heads = check_int(heads, "heads", 1)
        if channels % heads:
            raise ValueError(f"channels must be divisible by heads {heads}, got {channels}")
        self.qkv = nn.Linear(channels, 3 * channels)
        self.mix = nn.Linear(channels, channels)
        nn.init.xavier_uniform_(self.qkv.weight)
        nn.init.zeros_(self.qkv.bias)
        nn.init.zeros_(self.mix.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the tokens, each seen in the light of all."""
        if x.ndim != 3 or x.shape[2] != self.channels:
            raise ValueError(f"x must have shape (N, T, {self.channels}), got {tuple(x.shape)}")
        parts = self.qkv(x).chunk(3, dim=2)  # three times (N, T, channels)
        q, k, v = (part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in parts)
        scores = q @ k.mT / (self.channels // self.heads) ** 0.5  # (N, heads, T, T)
        y = torch.softmax(scores, dim=3) @ v  # (N, heads, T, d)
        return self.mix(y.transpose(1, 2).flatten(2))
