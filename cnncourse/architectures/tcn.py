"""TCN: a residual network along time, whose convolutions look back only, each twice as far.

With the rates 1, 2, 4, … the past that a unit sees doubles with every level, while the cost of a
level stays the same.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from cnncourse.architectures._inputs import check_arguments, check_sequence
from cnncourse.layers.sequence import CausalConv1d
from cnncourse.shapes import check_int


class TemporalBlock(nn.Module):
    """Two causal convolutions at one rate, added to the input: y = ReLU(F(x) + P(x)).

    F is ``residual``: twice convolution with weight norm, ReLU, dropout. P is ``shortcut``: the
    identity, or a 1×1 convolution where the channels differ (arXiv:1803.01271, figure 1b).

    Shape:
        x       (N, in_channels, T)
        return  (N, out_channels, T)
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, dilation: int, dropout: float
    ) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            OrderedDict(
                conv1=weight_norm(CausalConv1d(in_channels, out_channels, kernel_size, dilation)),
                relu1=nn.ReLU(),
                dropout1=nn.Dropout(dropout),
                conv2=weight_norm(CausalConv1d(out_channels, out_channels, kernel_size, dilation)),
                relu2=nn.ReLU(),
                dropout2=nn.Dropout(dropout),
            )
        )
        same = in_channels == out_channels
        self.shortcut = nn.Identity() if same else nn.Conv1d(in_channels, out_channels, 1)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return ReLU(F(x) + P(x))."""
        return self.relu(self.residual(x) + self.shortcut(x))


class TCN(nn.Module):
    """Levels of `TemporalBlock` at the rates 1, 2, 4, …, and a linear head at every step.

    Output t sees the inputs from ``t - field + 1`` to t. To classify a whole sequence, read the
    last step, ``model(x)[:, :, -1]``.

    Shape:
        x       (N, in_channels, T)
        return  (N, num_classes, T)

    Raises:
        ValueError: the input has another shape.
    """

    def __init__(
        self,
        levels: int,
        channels: int,
        kernel_size: int,
        dropout: float,
        num_classes: int,
        in_channels: int,
    ) -> None:
        check_arguments(num_classes, in_channels)
        check_int(levels, "levels", 1)
        super().__init__()
        self.in_channels = in_channels
        self.levels = nn.Sequential(
            *(
                TemporalBlock(
                    channels if level else in_channels, channels, kernel_size, 2**level, dropout
                )
                for level in range(levels)
            )
        )
        self.scores = nn.Conv1d(channels, num_classes, 1)

    @property
    def field(self) -> int:
        """Steps that an output sees: 1 + 2(k - 1)(2^levels - 1), two convolutions a level."""
        convolutions = (m for m in self.levels.modules() if isinstance(m, CausalConv1d))
        return 1 + sum(convolution.reach for convolution in convolutions)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores of every class at every step."""
        check_sequence(x, self.in_channels)
        return self.scores(self.levels(x))


def tcn(num_classes: int = 10, in_channels: int = 1) -> TCN:
    """Build the TCN that reads digits pixel by pixel: eight levels of 25 channels, kernels of 7.

    66,910 parameters; 51,802,800 multiply-accumulates at 784 steps. An output sees 3,061 steps.
    (Bai et al. 2018, arXiv:1803.01271, where the model is said to have 70K.)
    """
    return TCN(8, 25, 7, 0.05, num_classes, in_channels)


def tiny(num_classes: int = 10, in_channels: int = 1) -> TCN:
    """Four levels of eight channels, kernels of 3: an output sees 61 steps.

    1,602 parameters; 93,184 multiply-accumulates at 64 steps.
    """
    return TCN(4, 8, 3, 0.0, num_classes, in_channels)
