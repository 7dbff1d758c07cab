"""The networks of Cohen and Welling for turned digits: one over the group p4, one over the plane.

Both are seven convolutions without padding. In the first, every feature map has four planes, one
for each quarter turn, and half as many channels, so that both have about as many weights.
"""

from __future__ import annotations

from torch import Tensor, nn

from cnncourse.architectures._inputs import check_arguments, check_input
from cnncourse.layers.equivariant import GroupBatchNorm2d, GroupConv2d, GroupPool, LiftingConv2d

KERNELS = (3, 3, 3, 3, 3, 3, 4)
TINY = (3, 3, 2)
POOL_AFTER = 2  # layers: then the largest of 2×2
DROPOUT = 0.3


def smallest_side(kernels: tuple[int, ...]) -> int:
    """Return the side of the image that ends as one position."""
    side = 1
    for index, kernel_size in reversed(list(enumerate(kernels))):
        if index == POOL_AFTER - 1:
            side *= 2
        side += kernel_size - 1
    return side


def convolution(
    in_channels: int, out_channels: int, kernel_size: int, group: str | None, first: bool
) -> nn.Module:
    """Return a convolution over the plane (None), or from plane to group, or over the group."""
    if group is None:
        return nn.Conv2d(in_channels, out_channels, kernel_size)
    over = LiftingConv2d if first else GroupConv2d
    return over(in_channels, out_channels, kernel_size, group=group)


class TurnedDigitsCNN(nn.Module):
    """Convolutions with batch norm, ReLU and dropout; the last one scores.

    With a group, the largest of its planes counts, and scores are the same for every pose that the
    group knows, exactly where the image's sides are equal and even: then the pooling, whose windows
    start at the top and on the left, leaves no row over. Scores are means over the positions left,
    which is one at the smallest size.

    Shape:
        x       (N, in_channels, H, W), H and W at least ``smallest``
        return  (N, num_classes)

    Raises:
        ValueError: the input has another shape.
    """

    def __init__(
        self,
        channels: int,
        kernels: tuple[int, ...],
        group: str | None,
        num_classes: int,
        in_channels: int,
    ) -> None:
        check_arguments(num_classes, in_channels)
        super().__init__()
        self.in_channels = in_channels
        self.smallest = smallest_side(kernels)
        norm = nn.BatchNorm2d if group is None else GroupBatchNorm2d
        pool = nn.MaxPool2d(2) if group is None else nn.MaxPool3d((1, 2, 2))
        hidden, last = kernels[:-1], kernels[-1]
        self.features = nn.Sequential()
        for index, kernel_size in enumerate(hidden):
            inputs = channels if index else in_channels
            self.features.append(convolution(inputs, channels, kernel_size, group, index == 0))
            self.features.extend([norm(channels), nn.ReLU(), nn.Dropout(DROPOUT)])
            if index == POOL_AFTER - 1:
                self.features.append(pool)
        self.scores = convolution(channels, num_classes, last, group, first=False)
        self.pool = nn.Identity() if group is None else GroupPool()

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores of every class."""
        check_input(x, self.in_channels, self.smallest)
        x = self.features(x)  # (N, channels, 4, 4), or (N, channels, |G|, 4, 4), at 28×28
        x = self.pool(self.scores(x))  # (N, num_classes, 1, 1)
        return x.mean((-2, -1))


def plane_cnn(num_classes: int = 10, in_channels: int = 1) -> TurnedDigitsCNN:
    """The planar one, with 20 channels ("Z2CNN").

    21,750 parameters; 2,976,080 multiply-accumulates at 28×28 (Cohen and Welling 2016,
    arXiv:1602.07576, section 8.1).
    """
    return TurnedDigitsCNN(20, KERNELS, None, num_classes, in_channels)


def p4_cnn(num_classes: int = 10, in_channels: int = 1) -> TurnedDigitsCNN:
    """The one over quarter turns, with 10 channels of four planes ("P4CNN").

    24,680 parameters; 11,673,760 multiply-accumulates at 28×28 (Cohen and Welling 2016,
    arXiv:1602.07576, section 8.1).
    """
    return TurnedDigitsCNN(10, KERNELS, "p4", num_classes, in_channels)


def tiny(num_classes: int = 10, in_channels: int = 1, group: str | None = "p4") -> TurnedDigitsCNN:
    """Three convolutions of four channels over ``group``, or, with None, over the plane.

    1,286 parameters; 44,608 multiply-accumulates at 8×8.
    """
    return TurnedDigitsCNN(4, TINY, group, num_classes, in_channels)
