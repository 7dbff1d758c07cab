"""ConvNeXt V2: ConvNeXt whose blocks let channels compete, in place of learnt small scales."""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from cnncourse.architectures.convnext import ConvNeXt, Row
from cnncourse.layers.regularization import StochasticDepth
from cnncourse.layers.response import GlobalResponseNorm

CONVNEXTS_V2 = {
    # blocks, channels (arXiv:2301.00808); no stochastic depth, as in timm
    "convnextv2_atto": Row((2, 2, 6, 2), (40, 80, 160, 320), 0.0),
    "convnextv2_femto": Row((2, 2, 6, 2), (48, 96, 192, 384), 0.0),
    "convnextv2_pico": Row((2, 2, 6, 2), (64, 128, 256, 512), 0.0),
    "convnextv2_nano": Row((2, 2, 8, 2), (80, 160, 320, 640), 0.0),
    "convnextv2_tiny": Row((3, 3, 9, 3), (96, 192, 384, 768), 0.0),
    "convnextv2_base": Row((3, 3, 27, 3), (128, 256, 512, 1024), 0.0),
    "convnextv2_large": Row((3, 3, 27, 3), (192, 384, 768, 1536), 0.0),
    "convnextv2_huge": Row((3, 3, 27, 3), (352, 704, 1408, 2816), 0.0),
    "tiny": Row((1, 1), (16, 32), 0.0),  # tests and CPU demos
}


class Block(nn.Module):
    """Look around in each channel, then mix the channels, which compete in between: x + F(x).

    F is a depthwise 7×7 convolution, a norm, and two dense maps over the channels, four times as
    wide in between, where the global response norm stands behind the activation. The scales at the
    end of the first version's block are gone.

    Shape:
        x       (N, channels, H, W)
        return  the same
    """

    def __init__(self, channels: int, drop: float) -> None:
        super().__init__()
        self.look = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.mix = nn.Sequential(
            OrderedDict(
                norm=nn.LayerNorm(channels, eps=1e-6),
                widen=nn.Linear(channels, 4 * channels),
                gelu=nn.GELU(),
            )
        )
        self.compete = GlobalResponseNorm(4 * channels)
        self.narrow = nn.Linear(4 * channels, channels)
        self.drop = StochasticDepth(drop)

    def forward(self, x: Tensor) -> Tensor:
        """Return x + F(x)."""
        y = self.mix(self.look(x).movedim(1, -1)).movedim(-1, 1)  # (N, 4 channels, H, W)
        y = self.narrow(self.compete(y).movedim(1, -1)).movedim(-1, 1)
        return x + self.drop(y)


class ConvNeXtV2(ConvNeXt):
    """ConvNeXt with the blocks above.

    Shape:
        x       (N, in_channels, H, W); the image shrinks 32 times in four stages
        return  (N, num_classes), the scores before softmax

    Raises:
        ValueError: the input has another shape.
    """

    TORCHVISION_NAMES = None  # torchvision has no second version
    TIMM_NAMES = (
        (r"^stem\.0\.", "stem.conv."),
        (r"^stem\.1\.", "stem.norm."),
        *((rf"^stages\.{i}\.downsample\.0\.", f"halve.{i - 1}.norm.") for i in (1, 2, 3)),
        *((rf"^stages\.{i}\.downsample\.1\.", f"halve.{i - 1}.conv.") for i in (1, 2, 3)),
        (r"\.blocks\.", "."),
        (r"\.conv_dw\.", ".look."),
        (r"^(stages\.\d\.\d+)\.norm\.", r"\1.mix.norm."),
        (r"\.mlp\.fc1\.", ".mix.widen."),
        (r"\.mlp\.grn\.", ".compete."),
        (r"\.mlp\.fc2\.", ".narrow."),
        (r"^head\.norm\.", "norm."),
        (r"^head\.fc\.", "head."),
    )

    def __init__(self, row: Row, num_classes: int, in_channels: int) -> None:
        super().__init__(row, num_classes, in_channels, Block)


def convnextv2_atto(num_classes: int = 1000, in_channels: int = 3) -> ConvNeXtV2:
    """Build the smallest.

    3,708,400 parameters; 547,332,480 multiply-accumulates at 224×224 (Woo et al. 2023,
    arXiv:2301.00808).
    """
    return ConvNeXtV2(CONVNEXTS_V2["convnextv2_atto"], num_classes, in_channels)


def convnextv2_femto(num_classes: int = 1000, in_channels: int = 3) -> ConvNeXtV2:
    """Build a fifth wider than atto.

    5,233,240 parameters; 779,629,824 multiply-accumulates at 224×224 (Woo et al. 2023,
    arXiv:2301.00808).
    """
    return ConvNeXtV2(CONVNEXTS_V2["convnextv2_femto"], num_classes, in_channels)


def convnextv2_pico(num_classes: int = 1000, in_channels: int = 3) -> ConvNeXtV2:
    """Build three fifths wider than atto.

    9,066,280 parameters; 1,367,055,360 multiply-accumulates at 224×224 (Woo et al. 2023,
    arXiv:2301.00808).
    """
    return ConvNeXtV2(CONVNEXTS_V2["convnextv2_pico"], num_classes, in_channels)


def convnextv2_nano(num_classes: int = 1000, in_channels: int = 3) -> ConvNeXtV2:
    """Build twice as wide as atto, with two more blocks.

    15,623,800 parameters; 2,445,528,320 multiply-accumulates at 224×224 (Woo et al. 2023,
    arXiv:2301.00808).
    """
    return ConvNeXtV2(CONVNEXTS_V2["convnextv2_nano"], num_classes, in_channels)


def convnextv2_tiny(num_classes: int = 1000, in_channels: int = 3) -> ConvNeXtV2:
    """Build the blocks and widths of ConvNeXt-T.

    28,635,496 parameters; 4,455,531,264 multiply-accumulates at 224×224 (Woo et al. 2023,
    arXiv:2301.00808).
    """
    return ConvNeXtV2(CONVNEXTS_V2["convnextv2_tiny"], num_classes, in_channels)


def convnextv2_base(num_classes: int = 1000, in_channels: int = 3) -> ConvNeXtV2:
    """Build the blocks and widths of ConvNeXt-B.

    88,717,800 parameters; 15,354,729,472 multiply-accumulates at 224×224 (Woo et al. 2023,
    arXiv:2301.00808).
    """
    return ConvNeXtV2(CONVNEXTS_V2["convnextv2_base"], num_classes, in_channels)


def convnextv2_large(num_classes: int = 1000, in_channels: int = 3) -> ConvNeXtV2:
    """Build the blocks and widths of ConvNeXt-L.

    197,956,840 parameters; 34,361,433,600 multiply-accumulates at 224×224 (Woo et al. 2023,
    arXiv:2301.00808).
    """
    return ConvNeXtV2(CONVNEXTS_V2["convnextv2_large"], num_classes, in_channels)


def convnextv2_huge(num_classes: int = 1000, in_channels: int = 3) -> ConvNeXtV2:
    """Build the largest.

    660,289,640 parameters; 114,922,100,480 multiply-accumulates at 224×224 (Woo et al. 2023,
    arXiv:2301.00808).
    """
    return ConvNeXtV2(CONVNEXTS_V2["convnextv2_huge"], num_classes, in_channels)


def tiny(num_classes: int = 10, in_channels: int = 3) -> ConvNeXtV2:
    """Two stages of one block.

    16,682 parameters; 419,648 multiply-accumulates at 32×32.
    """
    return ConvNeXtV2(CONVNEXTS_V2["tiny"], num_classes, in_channels)
