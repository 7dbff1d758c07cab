"""DenseNet: every layer reads what all layers before it in its block have written.

A residual block adds its result to what it was given; a dense layer appends a few channels. Since
nothing is overwritten, a layer need only write what is new, and few channels suffice.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cnncourse.architectures._inputs import check_arguments, check_input
from cnncourse.architectures.loading import with_pretrained


class Row(NamedTuple):
    """One network. Between two blocks a transition halves the channels and the image."""

    growth_rate: int  # k, the channels that a layer appends
    stem: int  # channels
    layers: tuple[int, ...]  # in each block


DENSENETS = {
    # growth_rate, stem, layers in each block
    "densenet121": Row(32, 64, (6, 12, 24, 16)),
    "densenet161": Row(48, 96, (6, 12, 36, 24)),
    "densenet169": Row(32, 64, (6, 12, 32, 32)),
    "densenet201": Row(32, 64, (6, 12, 48, 32)),
    "tiny": Row(8, 16, (3, 3)),  # tests and CPU demos
}


class DenseLayer(nn.Sequential):
    """Make ``growth_rate`` new channels: norm, ReLU, 1×1 to four times as many, norm, ReLU, 3×3.

    ``4 * growth_rate * (in_channels + 9 * growth_rate)`` multiplications per position (Huang et
    al., arXiv:1608.06993, section 3, "DenseNet-B").

    Shape:
        x       (N, in_channels, H, W)
        return  (N, growth_rate, H, W)
    """

    def __init__(self, in_channels: int, growth_rate: int) -> None:
        width = 4 * growth_rate
        super().__init__(
            OrderedDict(
                norm1=nn.BatchNorm2d(in_channels),
                relu1=nn.ReLU(inplace=True),
                conv1=nn.Conv2d(in_channels, width, 1, bias=False),
                norm2=nn.BatchNorm2d(width),
                relu2=nn.ReLU(inplace=True),
                conv2=nn.Conv2d(width, growth_rate, 3, padding=1, bias=False),
            )
        )


class DenseBlock(nn.Sequential):
    """Let each layer append its channels: x becomes [x, H(x)], and that is the next layer's x.

    Shape:
        x       (N, in_channels, H, W)
        return  (N, in_channels + layers * growth_rate, H, W)
    """

    def __init__(self, in_channels: int, layers: int, growth_rate: int) -> None:
        super().__init__(
            OrderedDict(
                (f"layer{i + 1}", DenseLayer(in_channels + i * growth_rate, growth_rate))
                for i in range(layers)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` with the channels of all layers behind its own."""
        written = [x]
        for layer in self:
            written.append(layer(torch.cat(written, dim=1)))  # growth_rate channels more
        return torch.cat(written, dim=1)


class Transition(nn.Sequential):
    """Halve the image: norm, ReLU, 1×1 to fewer channels, mean of every 2×2 window.

    Shape:
        x       (N, in_channels, H, W)
        return  (N, out_channels, floor(H/2), floor(W/2))
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(
            OrderedDict(
                norm=nn.BatchNorm2d(in_channels),
                relu=nn.ReLU(inplace=True),
                conv=nn.Conv2d(in_channels, out_channels, 1, bias=False),
                pool=nn.AvgPool2d(2),
            )
        )


class DenseNet(nn.Module):
    """A strided stem, dense blocks with transitions between, norm, ReLU, mean, a linear head.

    Weights of convolutions start by He et al. (arXiv:1502.01852), the head's bias at 0, as in
    torchvision.

    Shape:
        x       (N, in_channels, H, W) with H, W >= 29 for four blocks; the image shrinks 32 times
        return  (N, num_classes), the scores before softmax

    Raises:
        ValueError: the input has another shape.
    """

    TORCHVISION_NAMES = (
        (r"^features\.conv0\.", "stem.conv."),
        (r"^features\.norm0\.", "stem.norm."),
        (r"^features\.denseblock(\d)\.denselayer(\d+)\.", r"stages.dense\1.layer\2."),
        (r"\.(norm|conv)\.([12])\.", r".\1\2."),  # so named in the published files
        (r"^features\.transition(\d)\.", r"stages.transition\1."),
        (r"^features\.norm5\.", "last_norm."),
        (r"^classifier\.", "head."),
    )

    def __init__(self, row: Row, num_classes: int, in_channels: int) -> None:
        check_arguments(num_classes, in_channels)
        super().__init__()
        self.in_channels = in_channels
        # Every transition needs two pixels, and the stem makes one of four.
        self.smallest = 4 * 2 ** (len(row.layers) - 1) - 3
        self.stem = nn.Sequential(
            OrderedDict(
                conv=nn.Conv2d(in_channels, row.stem, 7, stride=2, padding=3, bias=False),
                norm=nn.BatchNorm2d(row.stem),
                relu=nn.ReLU(inplace=True),
                pool=nn.MaxPool2d(3, stride=2, padding=1),
            )
        )
        self.stages = nn.Sequential()
        channels = row.stem
        for number, layers in enumerate(row.layers, start=1):
            if number > 1:
                transition = Transition(channels, channels // 2)
                self.stages.add_module(f"transition{number - 1}", transition)
                channels //= 2
            block = DenseBlock(channels, layers, row.growth_rate)
            self.stages.add_module(f"dense{number}", block)
            channels += layers * row.growth_rate
        self.last_norm = nn.BatchNorm2d(channels)
        self.last_relu = nn.ReLU(inplace=True)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores of every class."""
        check_input(x, self.in_channels, self.smallest)
        x = self.stem(x)  # (N, stem, H/4, W/4)
        x = self.stages(x)  # (N, C, H/32, W/32) after four blocks
        x = self.last_relu(self.last_norm(x))
        x = self.pool(x).flatten(1)  # (N, C)
        return self.head(x)  # (N, num_classes)


def _build(name: str, num_classes: int, in_channels: int, pretrained: bool) -> DenseNet:
    model = DenseNet(DENSENETS[name], num_classes, in_channels)
    return with_pretrained(model, name) if pretrained else model


def densenet121(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> DenseNet:
    """121 layers, each dense one of which appends 32 channels.

    7,978,856 parameters; 2,834,161,664 multiply-accumulates at 224×224 (Huang et al. 2016,
    arXiv:1608.06993, table 1).
    """
    return _build("densenet121", num_classes, in_channels, pretrained)


def densenet161(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> DenseNet:
    """161 layers, each dense one of which appends 48 channels.

    28,681,000 parameters; 7,727,907,072 multiply-accumulates at 224×224 (form released with
    Huang et al. 2016, arXiv:1608.06993).
    """
    return _build("densenet161", num_classes, in_channels, pretrained)


def densenet169(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> DenseNet:
    """169 layers, each dense one of which appends 32 channels.

    14,149,480 parameters; 3,359,843,328 multiply-accumulates at 224×224 (Huang et al. 2016,
    arXiv:1608.06993, table 1).
    """
    return _build("densenet169", num_classes, in_channels, pretrained)


def densenet201(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> DenseNet:
    """201 layers, each dense one of which appends 32 channels.

    20,013,928 parameters; 4,291,365,888 multiply-accumulates at 224×224 (Huang et al. 2016,
    arXiv:1608.06993, table 1).
    """
    return _build("densenet201", num_classes, in_channels, pretrained)


def tiny(num_classes: int = 10, in_channels: int = 3) -> DenseNet:
    """Two blocks of three layers, each of which appends 8 channels; 5×5 pixels are enough.

    23,314 parameters; 1,397,176 multiply-accumulates at 32×32.
    """
    return DenseNet(DENSENETS["tiny"], num_classes, in_channels)
