"""Swin: attention inside of windows, and windows that shift from block to block.

A token looks at its window alone, so that the cost grows with the image and not with its square;
the next block cuts the windows elsewhere, so that news passes their borders. Stages halve the map,
as in a ResNet: locality and scale, which the ViT gave up, are back, and attention stays.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures._inputs import check_arguments, check_input
from cnncourse.architectures.loading import with_pretrained
from cnncourse.layers.regularization import StochasticDepth


class Row(NamedTuple):
    """One network. Patches are 4×4; each stage after the first has twice the channels."""

    blocks: tuple[int, ...]  # in each stage
    channels: int  # of the first stage
    heads: tuple[int, ...]  # in each stage
    window: int  # side, in tokens
    drop: float  # stochastic depth of the last block; it grows linearly from 0


SWINS = {
    # blocks, channels, heads, window (arXiv:2103.14030, section 3.3); drop as in torchvision
    "swin_t": Row((2, 2, 6, 2), 96, (3, 6, 12, 24), 7, 0.2),
    "swin_s": Row((2, 2, 18, 2), 96, (3, 6, 12, 24), 7, 0.3),
    "swin_b": Row((2, 2, 18, 2), 128, (4, 8, 16, 32), 7, 0.5),
    "tiny": Row((2, 1), 16, (2, 4), 4, 0.0),  # tests and CPU demos
}


def cut(x: Tensor, window: int) -> Tensor:
    """Cut maps into windows and write each as a row of tokens.

    Shape:
        x       (N, H, W, C), with H and W divisible by window
        return  (N · windows, window², C)
    """
    x = x.unflatten(2, (-1, window)).unflatten(1, (-1, window))  # (N, H/w, w, W/w, w, C)
    return x.transpose(2, 3).flatten(0, 2).flatten(1, 2)


def paste(windows: Tensor, height: int, width: int, window: int) -> Tensor:
    """Undo `cut`.

    Shape:
        windows  (N · windows, window², C)
        return   (N, height, width, C)
    """
    x = windows.unflatten(1, (window, window))
    x = x.unflatten(0, (-1, height // window, width // window))  # (N, H/w, W/w, w, w, C)
    return x.transpose(2, 3).flatten(3, 4).flatten(1, 2)


def strangers(height: int, width: int, window: int, shift: tuple[int, int], x: Tensor) -> Tensor:
    """Tell which tokens of a window became neighbours only by rolling the map around.

    Rolled by ``shift``, the last windows hold what came in from the other side. Numbering the parts
    that belong together tells one side from the other.

    Shape:
        return  (windows, window², window²), booleans, on the device of x
    """
    rows, columns = (
        (torch.arange(size, device=x.device) >= size - step).long() if step else
        torch.zeros(size, dtype=torch.long, device=x.device)
        for size, step in ((height, shift[0]), (width, shift[1]))
    )  # fmt: skip
    part = (2 * rows[:, None] + columns).view(1, height, width, 1)
    part = cut(part, window).squeeze(2)  # (windows, window²)
    return part[:, :, None] != part[:, None, :]


class WindowAttention(nn.Module):
    """Self-attention of the tokens of each window, with a learnt bias for each displacement.

    The map is filled up with zeros to whole windows, and rolled by ``shift`` before it is cut where
    it holds more than one window; tokens that rolling made neighbours do not see each other. To a
    head's score of token j for token i is added a number that depends on head and displacement
    alone, as a convolution's weights do. For T tokens in windows of M² tokens
    ``4 T channels² + 2 T M² channels`` multiply-accumulates: linear in T (arXiv:2103.14030,
    section 3.2).

    Shape:
        x       (N, H, W, channels)
        return  the same
    """

    def __init__(self, channels: int, heads: int, window: int, shift: int) -> None:
        super().__init__()
        self.heads = heads
        self.window = window
        self.shift = shift
        self.qkv = nn.Linear(channels, 3 * channels)
        self.mix = nn.Linear(channels, channels)
        self.bias = nn.Parameter(torch.empty((2 * window - 1) ** 2, heads))
        nn.init.trunc_normal_(self.bias, std=0.02)
        places = torch.cartesian_prod(torch.arange(window), torch.arange(window))  # (window², 2)
        steps = places[:, None] - places + window - 1  # from 0 to 2 (window - 1)
        self.register_buffer("row", (steps[..., 0] * (2 * window - 1) + steps[..., 1]).flatten())

    def forward(self, x: Tensor) -> Tensor:
        """Return the tokens, each seen in the light of its window."""
        _, height, width, channels = x.shape
        x = F.pad(x, (0, 0, 0, -width % self.window, 0, -height % self.window))
        full = x.shape[1:3]
        shift = tuple(self.shift if side > self.window else 0 for side in full)
        x = torch.roll(x, (-shift[0], -shift[1]), (1, 2))
        x = cut(x, self.window)  # (N · windows, T, channels)
        q, k, v = (
            part.unflatten(2, (self.heads, -1)).transpose(1, 2)  # (N · windows, heads, T, d)
            for part in self.qkv(x).chunk(3, dim=2)
        )
        scores = q @ k.mT / (channels // self.heads) ** 0.5  # (N · windows, heads, T, T)
        scores = scores + self.bias[self.row].view(*scores.shape[2:], self.heads).movedim(2, 0)
        if any(shift):
            apart = strangers(*full, self.window, shift, x)[:, None]  # (windows, 1, T, T)
            scores = scores.unflatten(0, (-1, len(apart))).masked_fill(apart, -torch.inf)
            scores = scores.flatten(0, 1)
        y = torch.softmax(scores, dim=3) @ v
        y = self.mix(y.transpose(1, 2).flatten(2))
        y = torch.roll(paste(y, *full, self.window), shift, (1, 2))
        return y[:, :height, :width]


class Block(nn.Module):
    """Add to each token what it learns from its window, then what it makes of that by itself.

    Shape:
        x       (N, H, W, channels)
        return  the same
    """

    def __init__(self, channels: int, heads: int, window: int, shift: int, drop: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels)
        self.attention = WindowAttention(channels, heads, window, shift)
        self.norm2 = nn.LayerNorm(channels)
        self.dense = nn.Sequential(
            OrderedDict(
                widen=nn.Linear(channels, 4 * channels),
                gelu=nn.GELU(),
                narrow=nn.Linear(4 * channels, channels),
            )
        )
        self.drop = StochasticDepth(drop)

    def forward(self, x: Tensor) -> Tensor:
        """Return the tokens after both steps."""
        x = x + self.drop(self.attention(self.norm1(x)))
        return x + self.drop(self.dense(self.norm2(x)))


class Merge(nn.Module):
    """Join four neighbouring tokens to one of twice the channels; odd sides get a row of zeros.

    Shape:
        x       (N, H, W, channels)
        return  (N, ceil(H/2), ceil(W/2), 2 · channels)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * channels)
        self.reduce = nn.Linear(4 * channels, 2 * channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the map at half the resolution."""
        x = F.pad(x, (0, 0, 0, x.shape[2] % 2, 0, x.shape[1] % 2))
        corners = [x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)]
        return self.reduce(self.norm(torch.cat(corners, dim=3)))


class Swin(nn.Module):
    """Patches of 4×4, stages of blocks, each later stage at half the resolution; norm, mean, head.

    Linear maps start as normal numbers of deviation 0.02, cut off at ±2, and biases at zero.

    Shape:
        x       (N, in_channels, H, W) with H, W >= 4; pixels beyond whole patches are left out
        return  (N, num_classes), the scores before softmax

    Raises:
        ValueError: the input has another shape.
    """

    TORCHVISION_NAMES = (
        (r"^features\.0\.0\.", "embed."),
        (r"^features\.0\.2\.", "embed_norm."),
        *((rf"^features\.{2 * i + 1}\.", f"stages.{i}.") for i in range(4)),
        *((rf"^features\.{2 * i}\.", f"merge.{i - 1}.") for i in (1, 2, 3)),
        (r"\.reduction\.", ".reduce."),
        (r"\.attn\.proj\.", ".attention.mix."),
        (r"\.attn\.relative_position_bias_table$", ".attention.bias"),
        (r"\.attn\.relative_position_index$", ".attention.row"),
        (r"\.attn\.", ".attention."),
        (r"\.mlp\.0\.", ".dense.widen."),
        (r"\.mlp\.3\.", ".dense.narrow."),
    )

    def __init__(self, row: Row, num_classes: int, in_channels: int) -> None:
        check_arguments(num_classes, in_channels)
        super().__init__()
        self.in_channels = in_channels
        self.embed = nn.Conv2d(in_channels, row.channels, 4, stride=4)
        self.embed_norm = nn.LayerNorm(row.channels)
        widths = [row.channels * 2**stage for stage in range(len(row.blocks))]
        last = sum(row.blocks) - 1
        drops = (row.drop * index / last for index in range(last + 1))
        self.stages = nn.ModuleList(
            nn.Sequential(
                *(
                    Block(channels, heads, row.window, index % 2 * (row.window // 2), next(drops))
                    for index in range(blocks)
                )
            )
            for blocks, channels, heads in zip(row.blocks, widths, row.heads, strict=True)
        )
        self.merge = nn.ModuleList(Merge(channels) for channels in widths[:-1])
        self.norm = nn.LayerNorm(widths[-1])
        self.head = nn.Linear(widths[-1], num_classes)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores of every class."""
        check_input(x, self.in_channels, smallest=4)
        x = self.embed_norm(self.embed(x).movedim(1, 3))  # (N, H/4, W/4, channels)
        x = self.stages[0](x)
        for merge, stage in zip(self.merge, self.stages[1:], strict=True):
            x = stage(merge(x))
        return self.head(self.norm(x).mean((1, 2)))


def _build(name: str, num_classes: int, in_channels: int, pretrained: bool) -> Swin:
    model = Swin(SWINS[name], num_classes, in_channels)
    return with_pretrained(model, name) if pretrained else model


def swin_t(num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False) -> Swin:
    """Build the size of ResNet-50.

    28,288,354 parameters; 4,490,566,656 multiply-accumulates at 224×224 (Liu et al. 2021,
    arXiv:2103.14030).
    """
    return _build("swin_t", num_classes, in_channels, pretrained)


def swin_s(num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False) -> Swin:
    """Build three times as many blocks in the third stage.

    49,606,258 parameters; 8,740,875,264 multiply-accumulates at 224×224 (Liu et al. 2021,
    arXiv:2103.14030).
    """
    return _build("swin_s", num_classes, in_channels, pretrained)


def swin_b(num_classes: int = 1000, in_channels: int = 3, pretrained: bool = False) -> Swin:
    """Build the small one a third wider.

    87,768,224 parameters; 15,430,946,816 multiply-accumulates at 224×224 (Liu et al. 2021,
    arXiv:2103.14030).
    """
    return _build("swin_b", num_classes, in_channels, pretrained)


def tiny(num_classes: int = 10, in_channels: int = 3) -> Swin:
    """Two stages, of two blocks and one, windows of 4×4.

    23,042 parameters; 753,984 multiply-accumulates at 32×32.
    """
    return Swin(SWINS["tiny"], num_classes, in_channels)
