"""MobileNet, versions 1 to 3: the cost of a convolution, cut where it is largest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial

from torch import Tensor, nn

from cnncourse.architectures._inputs import check_arguments, check_input
from cnncourse.architectures.loading import with_pretrained
from cnncourse.layers.separable import ConvNormActivation, InvertedResidual

V1 = [
    # blocks, out_channels, stride of the first one
    (1, 64, 1),
    (2, 128, 2),
    (2, 256, 2),
    (6, 512, 2),
    (2, 1024, 2),
]

V2 = [
    # expansion, out_channels, blocks, stride of the first one
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
]

TINY = [
    # expansion, out_channels, blocks, stride of the first one
    (1, 8, 1, 1),
    (4, 16, 2, 2),
    (4, 32, 2, 2),
]

RE, HS = nn.ReLU, nn.Hardswish

V3_LARGE = [
    # kernel_size, expanded_channels, out_channels, squeeze, activation, stride
    (3, 16, 16, False, RE, 1),
    (3, 64, 24, False, RE, 2),
    (3, 72, 24, False, RE, 1),
    (5, 72, 40, True, RE, 2),
    (5, 120, 40, True, RE, 1),
    (5, 120, 40, True, RE, 1),
    (3, 240, 80, False, HS, 2),
    (3, 200, 80, False, HS, 1),
    (3, 184, 80, False, HS, 1),
    (3, 184, 80, False, HS, 1),
    (3, 480, 112, True, HS, 1),
    (3, 672, 112, True, HS, 1),
    (5, 672, 160, True, HS, 2),
    (5, 960, 160, True, HS, 1),
    (5, 960, 160, True, HS, 1),
]

V3_SMALL = [
    # kernel_size, expanded_channels, out_channels, squeeze, activation, stride
    (3, 16, 16, True, RE, 2),
    (3, 72, 24, False, RE, 2),
    (3, 88, 24, False, RE, 1),
    (5, 96, 40, True, HS, 2),
    (5, 240, 40, True, HS, 1),
    (5, 240, 40, True, HS, 1),
    (5, 120, 48, True, HS, 1),
    (5, 144, 48, True, HS, 1),
    (5, 288, 96, True, HS, 2),
    (5, 576, 96, True, HS, 1),
    (5, 576, 96, True, HS, 1),
]


def make_divisible(channels: float) -> int:
    """Round to the nearest multiple of 8, or to the next one where that loses more than a tenth.

    Halves go up (MobileNetV2's reference code).

    >>> make_divisible(26), make_divisible(27), make_divisible(1)
    (24, 32, 8)
    """
    rounded = int(channels + 4) // 8 * 8
    return rounded + 8 if rounded < 0.9 * channels else rounded


class MobileNet(nn.Module):
    """What the three versions share: features, their mean over positions, a classifier.

    Shape:
        x       (N, in_channels, H, W)
        return  (N, num_classes), scores before the softmax

    Raises:
        ValueError: the input has another shape.
    """

    def __init__(
        self,
        in_channels: int,
        stem: nn.Module,
        blocks: Sequence[nn.Module],
        head: nn.Module,
        classifier: nn.Module,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.stem = stem
        self.blocks = nn.Sequential(*blocks)
        self.head = head
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = classifier
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, 0.01)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores of every class."""
        check_input(x, self.in_channels, smallest=1)
        x = self.stem(x)
        x = self.blocks(x)
        x = self.head(x)
        x = self.pool(x).flatten(1)  # (N, channels)
        return self.classifier(x)


class SeparableBlock(nn.Sequential):
    """A depthwise and a 1x1 convolution, each with a norm and an activation behind it.

    Shape:
        x       (N, in_channels, H, W)
        return  (N, out_channels, ceil(H/stride), ceil(W/stride))
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        depthwise = ConvNormActivation(
            in_channels, in_channels, 3, stride, groups=in_channels, activation=nn.ReLU
        )
        pointwise = ConvNormActivation(in_channels, out_channels, 1, activation=nn.ReLU)
        super().__init__(OrderedDict(depthwise=depthwise, pointwise=pointwise))


class MobileNetV1(MobileNet):
    """A chain of depthwise separable convolutions, without shortcuts.

    Initialised as version 2 is; the paper does not say.
    """

    def __init__(self, num_classes: int, in_channels: int) -> None:
        check_arguments(num_classes, in_channels)
        channels = 32
        stem = ConvNormActivation(in_channels, channels, 3, 2, activation=nn.ReLU)
        blocks = []
        for count, out_channels, stride in V1:
            for i in range(count):
                blocks.append(SeparableBlock(channels, out_channels, stride if i == 0 else 1))
                channels = out_channels
        classifier = nn.Linear(channels, num_classes)
        super().__init__(in_channels, stem, blocks, nn.Identity(), classifier)


class MobileNetV2(MobileNet):
    """Inverted residuals from a table."""

    TORCHVISION_NAMES = (
        (r"^features\.0\.", "stem."),
        # The first block widens nothing, so its layers move up by one.
        (r"^features\.1\.conv\.0\.", "blocks.0.branch.depthwise."),
        (r"^features\.1\.conv\.1\.", "blocks.0.branch.project.0."),
        (r"^features\.1\.conv\.2\.", "blocks.0.branch.project.1."),
        *((rf"^features\.{i + 1}\.conv\.", f"blocks.{i}.branch.") for i in range(1, 17)),
        (r"^features\.18\.", "head."),
        (r"\.branch\.0\.", ".branch.expand."),
        (r"\.branch\.1\.", ".branch.depthwise."),
        (r"\.branch\.2\.", ".branch.project.0."),
        (r"\.branch\.3\.", ".branch.project.1."),
        (r"^classifier\.1\.", "classifier.linear."),
        (r"\.0\.(\w+)$", r".convolution.\1"),
        (r"\.1\.(\w+)$", r".norm.\1"),
    )

    def __init__(
        self,
        stages: list[tuple[int, int, int, int]],
        stem_channels: int,
        stem_stride: int,
        head_channels: int,
        num_classes: int,
        in_channels: int,
    ) -> None:
        check_arguments(num_classes, in_channels)
        stem = ConvNormActivation(in_channels, stem_channels, 3, stem_stride, activation=nn.ReLU6)
        blocks, channels = [], stem_channels
        for expansion, out_channels, count, stride in stages:
            for i in range(count):
                blocks.append(
                    InvertedResidual(
                        channels,
                        expansion * channels,
                        out_channels,
                        stride=stride if i == 0 else 1,
                        activation=nn.ReLU6,
                    )
                )
                channels = out_channels
        head = ConvNormActivation(channels, head_channels, 1, activation=nn.ReLU6)
        linear = nn.Linear(head_channels, num_classes)
        classifier = nn.Sequential(OrderedDict(dropout=nn.Dropout(0.2), linear=linear))
        super().__init__(in_channels, stem, blocks, head, classifier)


class MobileNetV3(MobileNet):
    """Inverted residuals, some with squeeze-excitation, from a table that a search has written."""

    TORCHVISION_NAMES = (
        (r"^features\.0\.", "stem."),
        # The first block widens nothing, so its layers move up by one.
        (r"^features\.1\.block\.\d\.fc", "blocks.0.branch.fc"),
        (r"^features\.1\.block\.0\.", "blocks.0.branch.depthwise."),
        (r"^features\.1\.block\.[12]\.", "blocks.0.branch.project."),
        *((rf"^features\.{i + 1}\.block\.", f"blocks.{i}.branch.") for i in range(1, 15)),
        (r"^features\.1[26]\.", "head."),
        (r"\.branch\.(2\.)?fc1\.", ".branch.attention.reduce."),
        (r"\.branch\.(2\.)?fc2\.", ".branch.attention.restore."),
        (r"\.branch\.0\.", ".branch.expand."),
        (r"\.branch\.1\.", ".branch.depthwise."),
        (r"\.branch\.[23]\.", ".branch.project."),
        (r"^classifier\.0\.", "classifier.hidden."),
        (r"^classifier\.3\.", "classifier.linear."),
        (r"\.0\.(\w+)$", r".convolution.\1"),
        (r"\.1\.(\w+)$", r".norm.\1"),
    )

    def __init__(
        self, table: list[tuple], hidden_channels: int, num_classes: int, in_channels: int
    ) -> None:
        check_arguments(num_classes, in_channels)
        norm = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)
        channels = 16
        stem = ConvNormActivation(in_channels, channels, 3, 2, activation=HS, norm=norm)
        blocks = []
        for kernel_size, expanded, out_channels, squeeze, activation, stride in table:
            blocks.append(
                InvertedResidual(
                    channels,
                    expanded,
                    out_channels,
                    kernel_size,
                    stride,
                    squeeze_channels=make_divisible(expanded // 4) if squeeze else None,
                    activation=activation,
                    gate=nn.Hardsigmoid,
                    norm=norm,
                )
            )
            channels = out_channels
        head = ConvNormActivation(channels, 6 * channels, 1, activation=HS, norm=norm)
        classifier = nn.Sequential(
            OrderedDict(
                hidden=nn.Linear(6 * channels, hidden_channels),
                activation=nn.Hardswish(inplace=True),
                dropout=nn.Dropout(0.2, inplace=True),
                linear=nn.Linear(hidden_channels, num_classes),
            )
        )
        super().__init__(in_channels, stem, blocks, head, classifier)


def mobilenet_v1(num_classes: int = 1000, in_channels: int = 3) -> MobileNetV1:
    """MobileNet (arXiv:1704.04861): depthwise separable convolutions all the way.

    4,231,976 parameters, 568,740,352 multiply-accumulates at 224×224.
    """
    return MobileNetV1(num_classes, in_channels)


def mobilenet_v2(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> MobileNetV2:
    """MobileNetV2 (arXiv:1801.04381): wide filters between narrow ends that a shortcut joins.

    3,504,872 parameters, 300,774,272 multiply-accumulates at 224×224.
    """
    model = MobileNetV2(V2, 32, 2, 1280, num_classes, in_channels)
    return with_pretrained(model, "mobilenet_v2") if pretrained else model


def mobilenet_v3_small(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> MobileNetV3:
    """MobileNetV3-Small (arXiv:1905.02244): searched for latency on a phone.

    2,542,856 parameters, 56,510,400 multiply-accumulates at 224×224.
    """
    model = MobileNetV3(V3_SMALL, 1024, num_classes, in_channels)
    return with_pretrained(model, "mobilenet_v3_small") if pretrained else model


def mobilenet_v3_large(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> MobileNetV3:
    """MobileNetV3-Large (arXiv:1905.02244): inverted residuals with squeeze-excitation.

    5,483,032 parameters, 216,589,760 multiply-accumulates at 224×224.
    """
    model = MobileNetV3(V3_LARGE, 1280, num_classes, in_channels)
    return with_pretrained(model, "mobilenet_v3_large") if pretrained else model


def tiny(num_classes: int = 10, in_channels: int = 3) -> MobileNetV2:
    """A small MobileNetV2 that keeps the resolution in its stem, for tests and CPU demos.

    21,242 parameters, 2,658,944 multiply-accumulates at 32×32.
    """
    return MobileNetV2(TINY, 8, 1, 64, num_classes, in_channels)
