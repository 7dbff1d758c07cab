"""VGG: nothing but 3×3 convolutions, more and more of them.

K. Simonyan and A. Zisserman, *Very deep convolutional networks for large-scale image recognition*,
arXiv:1409.1556. A stage keeps its resolution; between stages it halves, and the channels double up
to 512.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from torch import Tensor, nn

from cnncourse.architectures._inputs import check_arguments, check_input
from cnncourse.architectures.loading import with_pretrained


class Stage(NamedTuple):
    """That many 3×3 convolutions, each followed by a ReLU; then a pooling that halves."""

    convolutions: int
    out_channels: int


# The columns A, B, D and E of the paper's table 1.
VGG11 = [Stage(1, 64), Stage(1, 128), Stage(2, 256), Stage(2, 512), Stage(2, 512)]
VGG13 = [Stage(2, 64), Stage(2, 128), Stage(2, 256), Stage(2, 512), Stage(2, 512)]
VGG16 = [Stage(2, 64), Stage(2, 128), Stage(3, 256), Stage(3, 512), Stage(3, 512)]
VGG19 = [Stage(2, 64), Stage(2, 128), Stage(4, 256), Stage(4, 512), Stage(4, 512)]
TINY = [Stage(1, 16), Stage(1, 32), Stage(2, 48)]


class VGG(nn.Module):
    """Stack 3×3 convolutions in stages, then three dense layers.

    The dense layers, ``hidden`` units wide, see a map of ``side`` × ``side`` positions; only where
    the stages leave another size does averaging change it (at 224×224 it does not).

    Convolutions start by He's rule on the outgoing side (arXiv:1502.01852), dense layers as normal
    numbers with deviation 0.01, biases at zero: torchvision's choice. The paper drew weights with
    *variance* 0.01, a deviation of 0.1, and started the deep nets from a trained shallow one
    (section 3.1).

    Shape:
        x       (N, in_channels, H, W), H and W at least 2 ** len(stages)
        return  (N, num_classes)
    """

    def __init__(
        self,
        stages: list[Stage],
        batch_norm: bool,
        num_classes: int,
        in_channels: int,
        side: int = 7,
        hidden: int = 4096,
    ) -> None:
        check_arguments(num_classes, in_channels)
        super().__init__()
        self.in_channels = in_channels
        self.TORCHVISION_NAMES = torchvision_names(stages, batch_norm)
        self.stages = nn.Sequential()
        channels = in_channels
        for stage in stages:
            layers = OrderedDict()
            for i in range(1, stage.convolutions + 1):
                layers[f"conv{i}"] = nn.Conv2d(channels, stage.out_channels, 3, padding=1)
                if batch_norm:
                    layers[f"norm{i}"] = nn.BatchNorm2d(stage.out_channels)
                layers[f"relu{i}"] = nn.ReLU(inplace=True)
                channels = stage.out_channels
            layers["pool"] = nn.MaxPool2d(2)
            self.stages.append(nn.Sequential(layers))
        self.pool = nn.AdaptiveAvgPool2d(side)
        self.head = nn.Sequential(
            OrderedDict(
                hidden1=nn.Linear(channels * side**2, hidden),
                relu1=nn.ReLU(inplace=True),
                dropout1=nn.Dropout(0.5),
                hidden2=nn.Linear(hidden, hidden),
                relu2=nn.ReLU(inplace=True),
                dropout2=nn.Dropout(0.5),
                scores=nn.Linear(hidden, num_classes),
            )
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.01)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores."""
        check_input(x, self.in_channels, smallest=2 ** len(self.stages))
        x = self.stages(x)  # (N, C, H / 2**stages, W / 2**stages)
        x = self.pool(x).flatten(1)  # (N, C * side * side)
        return self.head(x)


def torchvision_names(stages: list[Stage], batch_norm: bool) -> list[tuple[str, str]]:
    """Return torchvision's names and ours; torchvision numbers all layers of the trunk in a row."""
    names = []
    number = 0
    for s, stage in enumerate(stages):
        for i in range(1, stage.convolutions + 1):
            names.append((rf"^features\.{number}\.", f"stages.{s}.conv{i}."))
            if batch_norm:
                number += 1
                names.append((rf"^features\.{number}\.", f"stages.{s}.norm{i}."))
            number += 2  # over the ReLU
        number += 1  # over the pooling
    return [
        *names,
        (r"^classifier\.0\.", "head.hidden1."),
        (r"^classifier\.3\.", "head.hidden2."),
        (r"^classifier\.6\.", "head.scores."),
    ]


def vgg11(num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False) -> VGG:
    """Eight convolutions: configuration A, the shallowest.

    132,863,336 parameters, 7,609,090,048 multiply-accumulates at 224×224
    (arXiv:1409.1556, table 1).
    """
    model = VGG(VGG11, False, num_classes, in_channels)
    return with_pretrained(model, "vgg11") if pretrained else model


def vgg11_bn(num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False) -> VGG:
    """`vgg11` with batch norm between convolution and ReLU, which the paper did not know.

    132,868,840 parameters, 7,609,090,048 multiply-accumulates at 224×224
    (arXiv:1409.1556, table 1, with the norm of arXiv:1502.03167).
    """
    model = VGG(VGG11, True, num_classes, in_channels)
    return with_pretrained(model, "vgg11_bn") if pretrained else model


def vgg13(num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False) -> VGG:
    """Ten convolutions: configuration B.

    133,047,848 parameters, 11,308,466,176 multiply-accumulates at 224×224
    (arXiv:1409.1556, table 1).
    """
    model = VGG(VGG13, False, num_classes, in_channels)
    return with_pretrained(model, "vgg13") if pretrained else model


def vgg13_bn(num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False) -> VGG:
    """`vgg13` with batch norm between convolution and ReLU, which the paper did not know.

    133,053,736 parameters, 11,308,466,176 multiply-accumulates at 224×224
    (arXiv:1409.1556, table 1, with the norm of arXiv:1502.03167).
    """
    model = VGG(VGG13, True, num_classes, in_channels)
    return with_pretrained(model, "vgg13_bn") if pretrained else model


def vgg16(num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False) -> VGG:
    """Thirteen convolutions: configuration D, the best known.

    138,357,544 parameters, 15,470,264,320 multiply-accumulates at 224×224
    (arXiv:1409.1556, table 1).
    """
    model = VGG(VGG16, False, num_classes, in_channels)
    return with_pretrained(model, "vgg16") if pretrained else model


def vgg16_bn(num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False) -> VGG:
    """`vgg16` with batch norm between convolution and ReLU, which the paper did not know.

    138,365,992 parameters, 15,470,264,320 multiply-accumulates at 224×224
    (arXiv:1409.1556, table 1, with the norm of arXiv:1502.03167).
    """
    model = VGG(VGG16, True, num_classes, in_channels)
    return with_pretrained(model, "vgg16_bn") if pretrained else model


def vgg19(num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False) -> VGG:
    """Sixteen convolutions: configuration E, the deepest.

    143,667,240 parameters, 19,632,062,464 multiply-accumulates at 224×224
    (arXiv:1409.1556, table 1).
    """
    model = VGG(VGG19, False, num_classes, in_channels)
    return with_pretrained(model, "vgg19") if pretrained else model


def vgg19_bn(num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False) -> VGG:
    """`vgg19` with batch norm between convolution and ReLU, which the paper did not know.

    143,678,248 parameters, 19,632,062,464 multiply-accumulates at 224×224
    (arXiv:1409.1556, table 1, with the norm of arXiv:1502.03167).
    """
    model = VGG(VGG19, True, num_classes, in_channels)
    return with_pretrained(model, "vgg19_bn") if pretrained else model


def tiny(num_classes: int = 10, in_channels: int = 3) -> VGG:
    """Three narrow stages for small images, from 8×8 on.

    68,554 parameters, 3,862,464 multiply-accumulates at 32×32.
    """
    return VGG(TINY, False, num_classes, in_channels, side=2, hidden=96)
