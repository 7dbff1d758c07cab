"""GoogLeNet: look at several scales at once, and let 1×1 convolutions pay for it.

C. Szegedy and others, *Going deeper with convolutions*, arXiv:1409.4842. Nine Inception modules
between a plain stem and a mean over all positions; two auxiliary heads bring gradients to the
middle while training. Once as torchvision has it, once as published.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cnncourse.architectures._inputs import check_arguments, check_input
from cnncourse.architectures.loading import with_pretrained


class Widths(NamedTuple):
    """The output channels of the six convolutions of an Inception module."""

    one: int  # 1×1
    reduce_three: int  # 1×1 before 3×3
    three: int  # 3×3
    reduce_five: int  # 1×1 before 5×5
    five: int  # 5×5
    projection: int  # 1×1 after pooling

    @property
    def out_channels(self) -> int:
        """The channels of the four branches together."""
        return self.one + self.three + self.five + self.projection


MODULES = [
    # one, reduce_three, three, reduce_five, five, projection (the paper's table 1)
    Widths(64, 96, 128, 16, 32, 32),  # 3a
    Widths(128, 128, 192, 32, 96, 64),  # 3b
    Widths(192, 96, 208, 16, 48, 64),  # 4a
    Widths(160, 112, 224, 24, 64, 64),  # 4b
    Widths(128, 128, 256, 24, 64, 64),  # 4c
    Widths(112, 144, 288, 32, 64, 64),  # 4d
    Widths(256, 160, 320, 32, 128, 128),  # 4e
    Widths(256, 160, 320, 32, 128, 128),  # 5a
    Widths(384, 192, 384, 48, 128, 128),  # 5b
]


class Form(NamedTuple):
    """Where torchvision's network and the paper's differ."""

    batch_norm: bool  # else biases, and response normalisation in the stem
    five: int  # the kernel of the branch called 5×5
    last_pool: int  # the kernel of the pooling before 5a
    dropout: float  # before the scores
    smallest: int  # side of an image that leaves every pooling something


TORCHVISION = Form(batch_norm=True, five=3, last_pool=2, dropout=0.2, smallest=15)
PAPER = Form(batch_norm=False, five=5, last_pool=3, dropout=0.4, smallest=31)


class Scores(NamedTuple):
    """What training sees: each (N, num_classes), the head nearest to the image last."""

    main: Tensor
    auxiliary4d: Tensor
    auxiliary4a: Tensor


class Unit(nn.Sequential):
    """Convolve, normalise if asked to, and apply a ReLU; the image keeps its size at stride 1."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        batch_norm: bool,
        stride: int = 1,
    ) -> None:
        layers = OrderedDict(
            conv=nn.Conv2d(
                in_channels,
                out_channels,
                kernel_size,
                stride,
                padding=kernel_size // 2,
                bias=not batch_norm,
            )
        )
        if batch_norm:
            layers["norm"] = nn.BatchNorm2d(out_channels, eps=0.001)
        layers["relu"] = nn.ReLU(inplace=True)
        super().__init__(layers)


class Inception(nn.Module):
    """Filter at three scales and pool, each on its own, and put the results side by side.

    1×1 convolutions narrow the input of the costly branches.

    Shape:
        x       (N, in_channels, H, W)
        return  (N, widths.out_channels, H, W)
    """

    def __init__(self, in_channels: int, widths: Widths, form: Form) -> None:
        super().__init__()
        norm = form.batch_norm
        self.one = Unit(in_channels, widths.one, 1, norm)
        self.three = nn.Sequential(
            Unit(in_channels, widths.reduce_three, 1, norm),
            Unit(widths.reduce_three, widths.three, 3, norm),
        )
        self.five = nn.Sequential(
            Unit(in_channels, widths.reduce_five, 1, norm),
            Unit(widths.reduce_five, widths.five, form.five, norm),
        )
        self.pooled = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1),
            Unit(in_channels, widths.projection, 1, norm),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the four results along the channels."""
        return torch.cat([self.one(x), self.three(x), self.five(x), self.pooled(x)], dim=1)


class AuxiliaryHead(nn.Sequential):
    """Classify from the middle of the network; used in training only.

    The paper averages 5×5 windows at stride 3, which yields 4×4 positions at 224×224. This mean
    over 4×4 cells, torchvision's, does so at any size.

    Shape:
        x       (N, in_channels, H, W)
        return  (N, num_classes)
    """

    def __init__(self, in_channels: int, channels: int, num_classes: int, batch_norm: bool) -> None:
        super().__init__(
            OrderedDict(
                pool=nn.AdaptiveAvgPool2d(4),
                unit=Unit(in_channels, channels, 1, batch_norm),
                flat=nn.Flatten(),
                hidden=nn.Linear(16 * channels, 8 * channels),
                relu=nn.ReLU(inplace=True),
                dropout=nn.Dropout(0.7),
                scores=nn.Linear(8 * channels, num_classes),
            )
        )


class GoogLeNet(nn.Module):
    """Run a stem and nine Inception modules, then average over all positions.

    ``shrink`` divides all widths, ``stride`` is that of the first convolution. With batch norm,
    weights start as normal numbers with deviation 0.01, as in torchvision (which cuts them off at
    ±2, 200 deviations away: nothing is cut). Without it such values would leave no signal after 22
    layers, and the paper does not state its own: there He's rule (arXiv:1502.01852) keeps the
    signal's size, and biases start at zero.

    Shape:
        x       (N, in_channels, H, W), H and W at least form.smallest
        return  (N, num_classes); in training with auxiliary heads, `Scores`
    """

    TORCHVISION_NAMES = (
        (r"\.bn\.", ".norm."),
        (r"\.branch1\.", ".one."),
        (r"\.branch2\.", ".three."),
        (r"\.branch3\.", ".five."),
        (r"\.branch4\.", ".pooled."),
        (r"^aux1\.", "auxiliary4a."),
        (r"^aux2\.", "auxiliary4d."),
        (r"^(auxiliary..)\.conv\.", r"\1.unit."),
        (r"^(auxiliary..)\.fc1\.", r"\1.hidden."),
        (r"^(auxiliary..)\.fc2\.", r"\1.scores."),
        (r"^fc\.", "scores."),
    )

    def __init__(
        self,
        form: Form,
        auxiliary: bool,
        num_classes: int,
        in_channels: int,
        shrink: int = 1,
        stride: int = 2,
    ) -> None:
        check_arguments(num_classes, in_channels)
        super().__init__()
        self.in_channels = in_channels
        self.smallest = form.smallest
        self.auxiliary = auxiliary
        norm = form.batch_norm
        width, wide = 64 // shrink, 192 // shrink
        a3, b3, a4, b4, c4, d4, e4, a5, b5 = (
            Widths(*(channels // shrink for channels in widths)) for widths in MODULES
        )
        self.conv1 = Unit(in_channels, width, 7, norm, stride)
        self.pool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.norm1 = nn.Identity() if norm else nn.LocalResponseNorm(5, alpha=5 * 1e-4, k=2)
        self.conv2 = Unit(width, width, 1, norm)
        self.conv3 = Unit(width, wide, 3, norm)
        self.norm2 = nn.Identity() if norm else nn.LocalResponseNorm(5, alpha=5 * 1e-4, k=2)
        self.pool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception3a = Inception(wide, a3, form)
        self.inception3b = Inception(a3.out_channels, b3, form)
        self.pool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception4a = Inception(b3.out_channels, a4, form)
        self.inception4b = Inception(a4.out_channels, b4, form)
        self.inception4c = Inception(b4.out_channels, c4, form)
        self.inception4d = Inception(c4.out_channels, d4, form)
        self.inception4e = Inception(d4.out_channels, e4, form)
        self.pool4 = nn.MaxPool2d(form.last_pool, stride=2, ceil_mode=True)
        self.inception5a = Inception(e4.out_channels, a5, form)
        self.inception5b = Inception(a5.out_channels, b5, form)
        if auxiliary:
            channels = 128 // shrink
            self.auxiliary4a = AuxiliaryHead(a4.out_channels, channels, num_classes, norm)
            self.auxiliary4d = AuxiliaryHead(d4.out_channels, channels, num_classes, norm)
        self.pool5 = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(form.dropout)
        self.scores = nn.Linear(b5.out_channels, num_classes)
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                if norm:
                    nn.init.trunc_normal_(module.weight, std=0.01)
                else:
                    nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor | Scores:
        """Return the scores."""
        check_input(x, self.in_channels, self.smallest)
        # The shapes are those of a full network at 224 × 224.
        x = self.conv1(x)  # (N, 64, 112, 112)
        x = self.norm1(self.pool1(x))  # (N, 64, 56, 56)
        x = self.conv2(x)  # (N, 64, 56, 56)
        x = self.conv3(x)  # (N, 192, 56, 56)
        x = self.pool2(self.norm2(x))  # (N, 192, 28, 28)

        x = self.inception3a(x)  # (N, 256, 28, 28)
        x = self.inception3b(x)  # (N, 480, 28, 28)
        x = self.pool3(x)  # (N, 480, 14, 14)

        x = self.inception4a(x)  # (N, 512, 14, 14)
        if self.training and self.auxiliary:
            auxiliary4a = self.auxiliary4a(x)  # (N, num_classes)
        x = self.inception4b(x)  # (N, 512, 14, 14)
        x = self.inception4c(x)  # (N, 512, 14, 14)
        x = self.inception4d(x)  # (N, 528, 14, 14)
        if self.training and self.auxiliary:
            auxiliary4d = self.auxiliary4d(x)  # (N, num_classes)
        x = self.inception4e(x)  # (N, 832, 14, 14)
        x = self.pool4(x)  # (N, 832, 7, 7)

        x = self.inception5a(x)  # (N, 832, 7, 7)
        x = self.inception5b(x)  # (N, 1024, 7, 7)
        x = self.pool5(x).flatten(1)  # (N, 1024)
        x = self.scores(self.dropout(x))  # (N, num_classes)
        if self.training and self.auxiliary:
            return Scores(x, auxiliary4d, auxiliary4a)
        return x


def googlenet(
    num_classes: int = 1000,
    in_channels: int = 3,
    pretrained: bool = False,
    auxiliary: bool = True,
) -> GoogLeNet:
    """GoogLeNet as torchvision has it: batch norm, and 3×3 kernels in the branch called 5×5.

    13,004,888 parameters with auxiliary heads, 6,624,904 without them; 1,498,376,192
    multiply-accumulates at 224×224 in evaluation mode. The published weights expect pixel values
    from -1 to 1, not those with ImageNet's mean and deviation removed, and come without auxiliary
    heads: ``pretrained=True`` leaves these out. Widths: arXiv:1409.4842, table 1.
    """
    model = GoogLeNet(TORCHVISION, auxiliary and not pretrained, num_classes, in_channels)
    return with_pretrained(model, "googlenet") if pretrained else model


def googlenet_paper(
    num_classes: int = 1000, in_channels: int = 3, auxiliary: bool = True
) -> GoogLeNet:
    """GoogLeNet as published: true 5×5 kernels, biases, response normalisation in the stem.

    13,378,280 parameters with auxiliary heads, 6,998,552 without them; 1,582,671,872
    multiply-accumulates at 224×224 in evaluation mode. The constants of the normalisation, which
    the paper leaves open, are AlexNet's. Widths: arXiv:1409.4842, table 1.

    Departs from table 1 in one layer: the first convolution is the dense 7×7 one of the paper's
    figure, with 9,408 weights. The table's "2.7K" and "34M" are those of a separable one (7×7 on
    each colour to 8 maps, then 1×1: 2,712 weights). Its K are 1,024, and its column then sums to
    6.96 million, against 6,990,272 weights here. The widths explain each row to within 2 %, except
    4c, printed 7 % below what its widths and its own operations give, and 5a, 5 % above.
    """
    return GoogLeNet(PAPER, auxiliary, num_classes, in_channels)


def tiny(num_classes: int = 10, in_channels: int = 3) -> GoogLeNet:
    """An eighth as wide, with a first stride of 1, for small images from 15×15 on.

    91,410 parameters, 2,964,864 multiply-accumulates at 32×32; no auxiliary heads.
    """
    return GoogLeNet(TORCHVISION, False, num_classes, in_channels, shrink=8, stride=1)
