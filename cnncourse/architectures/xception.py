"""Xception: Inception's idea taken to its end, every channel in a tower of its own."""

from __future__ import annotations

from torch import Tensor, nn

from cnncourse.architectures._inputs import check_arguments, check_input
from cnncourse.layers.separable import DepthwiseSeparableConv

XCEPTION = [
    # out_channels of the separable convolutions, blocks, stride
    ((128, 128), 1, 2),
    ((256, 256), 1, 2),
    ((728, 728), 1, 2),
    ((728, 728, 728), 8, 1),
    ((728, 1024), 1, 2),
]

TINY = [
    # out_channels of the separable convolutions, blocks, stride
    ((24, 24), 1, 2),
    ((24, 24, 24), 2, 1),
    ((24, 48), 1, 2),
]


class SeparableResidual(nn.Module):
    """Add to the input what a chain of ReLU, separable convolution and norm makes of it.

    With ``stride`` 2 the chain ends in max pooling, and a 1x1 convolution takes the input to the
    new shape; with stride 1 the input is added as it is. On maps of even size the pooling windows
    are centred on other positions than in Keras, which pads the far side only.

    Shape:
        x       (N, in_channels, H, W)
        return  (N, out_channels[-1], ceil(H/stride), ceil(W/stride))
    """

    def __init__(self, in_channels: int, out_channels: tuple[int, ...], stride: int) -> None:
        super().__init__()
        self.branch = nn.Sequential()
        channels = in_channels
        for out in out_channels:
            self.branch.append(nn.ReLU())
            self.branch.append(DepthwiseSeparableConv(channels, out, 3, bias=False))
            self.branch.append(nn.BatchNorm2d(out))
            channels = out
        if stride == 1:
            self.shortcut = nn.Identity()
        else:
            self.branch.append(nn.MaxPool2d(3, stride, padding=1))
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return the feature maps of ``x``."""
        return self.shortcut(x) + self.branch(x)


class Xception(nn.Module):
    """Two plain convolutions, a chain of separable residual blocks, separable convolutions.

    The first two convolutions have no padding. All weights start from Glorot's uniform
    distribution, as in Keras. Each block begins with a ReLU; Keras leaves out the first one, which
    would change nothing, since its input comes out of a ReLU.

    Shape:
        x       (N, in_channels, H, W), H and W at least 7
        return  (N, num_classes), scores before the softmax

    Raises:
        ValueError: the input has another shape.
    """

    def __init__(
        self,
        stem_channels: tuple[int, int],
        table: list[tuple[tuple[int, ...], int, int]],
        tail_channels: tuple[int, ...],
        num_classes: int,
        in_channels: int,
    ) -> None:
        check_arguments(num_classes, in_channels)
        super().__init__()
        self.in_channels = in_channels
        first, channels = stem_channels
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, first, 3, stride=2, bias=False),
            nn.BatchNorm2d(first),
            nn.ReLU(inplace=True),
            nn.Conv2d(first, channels, 3, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )
        self.blocks = nn.Sequential()
        for out_channels, count, stride in table:
            for _ in range(count):
                self.blocks.append(SeparableResidual(channels, out_channels, stride))
                channels = out_channels[-1]
        self.tail = nn.Sequential()
        for out in tail_channels:
            self.tail.append(DepthwiseSeparableConv(channels, out, 3, bias=False))
            self.tail.append(nn.BatchNorm2d(out))
            self.tail.append(nn.ReLU(inplace=True))
            channels = out
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels, num_classes)

        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores of every class."""
        check_input(x, self.in_channels, smallest=7)
        x = self.stem(x)
        x = self.blocks(x)
        x = self.tail(x)
        x = self.pool(x).flatten(1)  # (N, channels)
        return self.classifier(x)


def xception(num_classes: int = 1000, in_channels: int = 3) -> Xception:
    """Xception (arXiv:1610.02357): separable convolutions, a shortcut around every two or three.

    22,855,952 parameters, 8,357,403,496 multiply-accumulates at 299×299.
    """
    return Xception((32, 64), XCEPTION, (1536, 2048), num_classes, in_channels)


def tiny(num_classes: int = 10, in_channels: int = 3) -> Xception:
    """Four blocks and narrow maps, for tests and CPU demos.

    16,138 parameters, 899,008 multiply-accumulates at 32×32.
    """
    return Xception((8, 16), TINY, (64,), num_classes, in_channels)
