"""AlexNet: five convolutions and three dense layers, deep enough for ImageNet and trained on GPUs.

The paper's network in two groups, one for each GPU (Krizhevsky, Sutskever and Hinton, *ImageNet
classification with deep convolutional neural networks*, NIPS 2012), and the narrower one in a
single tower that torchvision has, after Krizhevsky 2014 (arXiv:1404.5997, which has 384 maps in the
fourth convolution; his code and torchvision have 256).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from torch import Tensor, nn

from cnncourse.architectures._inputs import check_arguments, check_input
from cnncourse.architectures.loading import with_pretrained


class Stage(NamedTuple):
    """A convolution and a ReLU, with what may follow: response normalisation, 3×3 pooling."""

    out_channels: int
    kernel_size: int
    stride: int
    padding: int
    split: bool  # in two groups, in the paper's network
    normalized: bool
    pooled: bool


TWO_GROUPS = [
    #   out, kernel, stride, padding, split, normalized, pooled
    Stage(96, 11, 4, 2, False, True, True),
    Stage(256, 5, 1, 2, True, True, True),
    Stage(384, 3, 1, 1, False, False, False),
    Stage(384, 3, 1, 1, True, False, False),
    Stage(256, 3, 1, 1, True, False, True),
]
ONE_TOWER = [
    Stage(64, 11, 4, 2, False, False, True),
    Stage(192, 5, 1, 2, False, False, True),
    Stage(384, 3, 1, 1, False, False, False),
    Stage(256, 3, 1, 1, False, False, False),
    Stage(256, 3, 1, 1, False, False, True),
]
TINY = [
    Stage(16, 5, 1, 2, False, False, True),
    Stage(32, 5, 1, 2, False, False, True),
    Stage(48, 3, 1, 1, False, False, False),
    Stage(32, 3, 1, 1, False, False, False),
    Stage(32, 3, 1, 1, False, False, True),
]


def trunk(stages: list[Stage], in_channels: int, groups: int) -> nn.Sequential:
    """Return the convolutional layers; ``groups`` concerns the stages that are split."""
    layers = nn.Sequential()
    for stage in stages:
        parts = OrderedDict(
            conv=nn.Conv2d(
                in_channels,
                stage.out_channels,
                stage.kernel_size,
                stage.stride,
                stage.padding,
                groups=groups if stage.split else 1,
            ),
            relu=nn.ReLU(inplace=True),
        )
        if stage.normalized:
            # PyTorch divides alpha by the size of the window, the paper does not.
            parts["norm"] = nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2)
        if stage.pooled:
            parts["pool"] = nn.MaxPool2d(3, stride=2)  # neighbouring windows share a row
        layers.append(nn.Sequential(parts))
        in_channels = stage.out_channels
    return layers


def smallest_input(stages: list[Stage]) -> int:
    """Return the side of the smallest image that leaves the trunk one position."""
    size = 1
    for stage in reversed(stages):
        if stage.pooled:
            size = 2 * (size - 1) + 3
        size = stage.stride * (size - 1) + stage.kernel_size - 2 * stage.padding
    return size


class GroupedAlexNet(nn.Module):
    """Classify as the paper does: in ``groups`` parts that meet at the third convolution.

    Weights start as normal numbers with deviation 0.01. Biases start at 1 in the second, fourth and
    fifth convolution and the hidden dense layers, so that their ReLU has something to pass at
    first, and at 0 elsewhere (section 5).

    Shape:
        x       (N, in_channels, H, W), H and W at least 63
        return  (N, num_classes)
    """

    def __init__(self, num_classes: int, in_channels: int, groups: int = 2) -> None:
        check_arguments(num_classes, in_channels)
        super().__init__()
        self.in_channels = in_channels
        self.stages = trunk(TWO_GROUPS, in_channels, groups)
        self.pool = nn.AdaptiveAvgPool2d(6)  # changes nothing at 224 × 224
        self.head = nn.Sequential(
            OrderedDict(
                hidden1=nn.Linear(256 * 6 * 6, 4096),
                relu1=nn.ReLU(inplace=True),
                dropout1=nn.Dropout(0.5),
                hidden2=nn.Linear(4096, 4096),
                relu2=nn.ReLU(inplace=True),
                dropout2=nn.Dropout(0.5),
                scores=nn.Linear(4096, num_classes),
            )
        )
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.normal_(module.weight, std=0.01)
                nn.init.zeros_(module.bias)
        second, fourth, fifth = (self.stages[i].conv for i in (1, 3, 4))
        for layer in (second, fourth, fifth, self.head.hidden1, self.head.hidden2):
            nn.init.ones_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores."""
        check_input(x, self.in_channels, smallest_input(TWO_GROUPS))
        x = self.stages(x)
        x = self.pool(x).flatten(1)  # (N, 9216)
        return self.head(x)


class AlexNet(nn.Module):
    """Classify in one tower, as torchvision does; initial values are PyTorch's.

    The dense layers, ``hidden`` units wide, see a map of ``side`` × ``side`` positions; only where
    the trunk leaves another size does averaging change it (at 224×224 it does not).

    Shape:
        x       (N, in_channels, H, W), H and W at least `smallest_input` of the stages
        return  (N, num_classes)
    """

    TORCHVISION_NAMES = (
        (r"^features\.0\.", "stages.0.conv."),
        (r"^features\.3\.", "stages.1.conv."),
        (r"^features\.6\.", "stages.2.conv."),
        (r"^features\.8\.", "stages.3.conv."),
        (r"^features\.10\.", "stages.4.conv."),
        (r"^classifier\.1\.", "head.hidden1."),
        (r"^classifier\.4\.", "head.hidden2."),
        (r"^classifier\.6\.", "head.scores."),
    )

    def __init__(
        self,
        stages: list[Stage],
        num_classes: int,
        in_channels: int,
        side: int = 6,
        hidden: int = 4096,
    ) -> None:
        check_arguments(num_classes, in_channels)
        super().__init__()
        self.in_channels = in_channels
        self.smallest = smallest_input(stages)
        self.stages = trunk(stages, in_channels, groups=1)
        self.pool = nn.AdaptiveAvgPool2d(side)
        self.head = nn.Sequential(
            OrderedDict(
                dropout1=nn.Dropout(0.5),
                hidden1=nn.Linear(stages[-1].out_channels * side**2, hidden),
                relu1=nn.ReLU(inplace=True),
                dropout2=nn.Dropout(0.5),
                hidden2=nn.Linear(hidden, hidden),
                relu2=nn.ReLU(inplace=True),
                scores=nn.Linear(hidden, num_classes),
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores."""
        check_input(x, self.in_channels, self.smallest)
        x = self.stages(x)
        x = self.pool(x).flatten(1)  # (N, C * side * side)
        return self.head(x)


def alexnet_grouped(
    num_classes: int = 1000, in_channels: int = 3, groups: int = 2
) -> GroupedAlexNet:
    """AlexNet as published in 2012: more layers and maps than before, halved to fit two GPUs.

    60,965,224 parameters, 724,406,816 multiply-accumulates at 224×224; with ``groups=1``, as it is
    often counted, 62,378,344 parameters. The paper's 224 and its 55 positions agree with padding
    2, or with 227 pixels and none.
    """
    return GroupedAlexNet(num_classes, in_channels, groups)


def alexnet(num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False) -> AlexNet:
    """AlexNet in one tower as torchvision has it, after arXiv:1404.5997, without normalisation.

    61,100,840 parameters, 714,188,480 multiply-accumulates at 224×224.
    """
    model = AlexNet(ONE_TOWER, num_classes, in_channels)
    return with_pretrained(model, "alexnet") if pretrained else model


def tiny(num_classes: int = 10, in_channels: int = 3) -> AlexNet:
    """Read small images, from 15×15 on, at stride 1 in narrow layers.

    73,690 parameters, 5,937,600 multiply-accumulates at 32×32.
    """
    return AlexNet(TINY, num_classes, in_channels, side=2, hidden=96)
