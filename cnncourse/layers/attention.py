"""Attention over channels: every channel is weighed by what the whole image holds."""

from __future__ import annotations

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
