"""LeNet-5: convolve, subsample, repeat, and learn it all by gradient descent.

Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, *Gradient-based learning applied to document
recognition*, Proceedings of the IEEE 86(11), 1998, section II.B. Once as published, once as most
introductions draw it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures._inputs import check_arguments, check_input

# Table I of the paper: the maps of S2 that each of the 16 maps of C3 sees.
CONNECTIONS = [
    # three neighbours, round the circle
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    # four neighbours
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    # twice two neighbours
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    # all
    (0, 1, 2, 3, 4, 5),
]  # fmt: skip

# One picture of 7 × 12 pixels for each digit. The paper's show stylised ASCII characters; these
# were drawn for this course and serve the same end: any two differ in 14 pixels or more.
BITMAPS = """
....... ....... ....... ....... ....... ....... ....... ....... ....... .......
..###.. ...#... ..####. ######. .....#. ####### ...###. ####### .#####. ..###..
.#...#. ..##... .#....# ......# ....##. #...... ..#.... ......# #.....# .#...#.
#.....# .#.#... ......# ......# ...#.#. #...... .#..... .....#. #.....# #.....#
#.....# ...#... ......# ......# ..#..#. #...... #...... .....#. .#...#. #.....#
#.....# ...#... .....#. ..####. .#...#. #####.. #.###.. ....#.. ..###.. .#...##
#.....# ...#... ....#.. ......# #....#. .....#. ##...#. ....#.. .#...#. ..###.#
#.....# ...#... ...#... ......# ####### ......# #.....# ...#... #.....# ......#
#.....# ...#... ..#.... ......# .....#. ......# #.....# ...#... #.....# .....#.
.#...#. ...#... .#..... ......# .....#. #....#. .#...#. ..#.... #.....# ....#..
..###.. .#####. .###### ######. .....#. .####.. ..###.. ..#.... .#####. .###...
....... ....... ....... ....... ....... ....... ....... ....... ....... .......
"""


def digit_codes() -> Tensor:
    """Return the bitmaps as vectors of +1 (ink) and -1 (paper), shape (10, 84)."""
    rows = [line.split() for line in BITMAPS.split("\n") if line]  # 12 rows of 10 digits
    pictures = ["".join(row[digit] for row in rows) for digit in range(10)]
    return torch.tensor([[1.0 if pixel == "#" else -1.0 for pixel in p] for p in pictures])


class ScaledTanh(nn.Module):
    """Squash every value to between -1.7159 and 1.7159, with f(1) = 1 and f(-1) = -1.

    ``1.7159 tanh(2x/3)`` bends most at ±1, where the targets lie (the paper's appendix A).

    Shape:
        x       any
        return  as x
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the squashed values."""
        return 1.7159 * torch.tanh(2 / 3 * x)


class Subsampling(nn.Module):
    """Add up every 2×2 window, times a trainable coefficient, plus a trainable bias.

    Each map has one coefficient and one bias of its own: ``2 * channels`` parameters.

    Shape:
        x       (N, channels, H, W)
        return  (N, channels, H // 2, W // 2)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, 1, 1))
        self.bias = nn.Parameter(torch.empty(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return the sums, scaled and shifted."""
        sums = F.avg_pool2d(x, 2, divisor_override=1)  # (N, channels, H // 2, W // 2)
        return self.weight * sums + self.bias


class SparseConv2d(nn.Module):
    """Convolve 5×5, where each output map sees only the input maps that a table names.

    Output maps that see equally many maps form one grouped convolution over copies of these. It
    has ``25 * (pairs in the table)`` weights, and as many multiplications per output position,
    where a dense convolution has ``25 * in_channels * out_channels``.

    Shape:
        x       (N, in_channels, H, W)
        return  (N, len(connections), H - 4, W - 4)

    Raises:
        ValueError: ``connections`` are not sorted by how many maps they name.
    """

    def __init__(self, connections: list[tuple[int, ...]]) -> None:
        super().__init__()
        counts = [len(row) for row in connections]
        if counts != sorted(counts):
            raise ValueError(f"connections must be sorted by their number of maps, got {counts}")
        self.convolutions = nn.ModuleList()
        self.sources = []
        for count in sorted(set(counts)):
            rows = [row for row in connections if len(row) == count]
            self.sources.append([channel for row in rows for channel in row])
            self.convolutions.append(nn.Conv2d(count * len(rows), len(rows), 5, groups=len(rows)))

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps in the order of the table."""
        pairs = zip(self.sources, self.convolutions, strict=True)
        return torch.cat([convolve(x[:, sources]) for sources, convolve in pairs], dim=1)


class RadialBasis(nn.Module):
    """Score each class by minus the squared distance of ``x`` to the fixed code of that class.

    The paper's units output the distance itself, so that less is better. With the sign turned,
    ``argmax`` picks the class, and cross-entropy is the paper's equation 9 without its constant.

    Shape:
        x       (N, D)
        return  (N, classes), for codes (classes, D)
    """

    def __init__(self, codes: Tensor) -> None:
        super().__init__()
        self.register_buffer("codes", codes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores."""
        return -(x[:, None] - self.codes).square().sum(-1)


class LeNet5(nn.Module):
    """Read a digit as the paper's seven layers do; `lenet5` builds it.

    Shape:
        x       (N, in_channels, 32, 32)
        return  (N, num_classes), none of them positive

    Raises:
        ValueError: more than ten classes, of which only ten have a code; images of another size.
    """

    def __init__(self, num_classes: int, in_channels: int) -> None:
        check_arguments(num_classes, in_channels)
        super().__init__()
        if num_classes > 10:
            raise ValueError(
                f"LeNet-5 has output codes for 1 to 10 classes, got num_classes={num_classes}: "
                f"lenet5_modern takes any number"
            )
        self.in_channels = in_channels
        self.c1 = nn.Conv2d(in_channels, 6, 5)
        self.s2 = Subsampling(6)
        self.c3 = SparseConv2d(CONNECTIONS)
        self.s4 = Subsampling(16)
        self.c5 = nn.Conv2d(16, 120, 5)
        self.f6 = nn.Linear(120, 84)
        self.output = RadialBasis(digit_codes()[:num_classes])
        self.squash = ScaledTanh()
        for module in self.modules():
            if isinstance(module, Subsampling):
                initialize(module, fan_in=4)
            elif isinstance(module, (nn.Conv2d, nn.Linear)):
                initialize(module, fan_in=module.weight[0].numel())

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores."""
        check_input(x, self.in_channels, smallest=32)
        if x.shape[2:] != (32, 32):
            raise ValueError(f"LeNet-5 reads images of 32 × 32, got {x.shape[2]} × {x.shape[3]}")
        x = self.squash(self.c1(x))  # (N, 6, 28, 28)
        x = self.squash(self.s2(x))  # (N, 6, 14, 14)
        x = self.squash(self.c3(x))  # (N, 16, 10, 10)
        x = self.squash(self.s4(x))  # (N, 16, 5, 5)
        x = self.squash(self.c5(x)).flatten(1)  # (N, 120)
        x = self.squash(self.f6(x))  # (N, 84)
        return self.output(x)


def initialize(layer: Subsampling | nn.Conv2d | nn.Linear, fan_in: int) -> None:
    """Draw the weights between ±2.4 / fan_in (appendix A); the biases start at zero."""
    nn.init.uniform_(layer.weight, -2.4 / fan_in, 2.4 / fan_in)
    nn.init.zeros_(layer.bias)


class ModernLeNet(nn.Module):
    """Read an image as LeNet-5 does, with ReLU, max pooling and dense connections.

    Images below 32×32 are framed with zeros to that size, which gives 28×28 a frame of 2. What is
    larger ends as the average over 5×5 cells.

    Shape:
        x       (N, in_channels, H, W)
        return  (N, num_classes)
    """

    def __init__(
        self, widths: tuple[int, int, int, int], num_classes: int, in_channels: int
    ) -> None:
        check_arguments(num_classes, in_channels)
        super().__init__()
        self.in_channels = in_channels
        first, second, third, fourth = widths
        self.trunk = nn.Sequential(
            nn.Conv2d(in_channels, first, 5),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(first, second, 5),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
        )
        self.pool = nn.AdaptiveAvgPool2d(5)
        self.head = nn.Sequential(
            nn.Linear(25 * second, third),
            nn.ReLU(inplace=True),
            nn.Linear(third, fourth),
            nn.ReLU(inplace=True),
            nn.Linear(fourth, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores."""
        check_input(x, self.in_channels, smallest=1)
        missing = [max(0, 32 - size) for size in x.shape[2:]]
        top, left = (m // 2 for m in missing)
        x = F.pad(x, (left, missing[1] - left, top, missing[0] - top))  # at least 32 × 32
        x = self.pool(self.trunk(x))  # (N, widths[1], 5, 5)
        return self.head(x.flatten(1))


def lenet5(num_classes: int = 10, in_channels: int = 1) -> LeNet5:
    """LeNet-5 as published in 1998: the features are learnt, not designed.

    60,000 trainable parameters, weights plus biases:

        C1   6 · (25 + 1)              156
        S2   6 · 2                      12
        C3   60 · 25 + 16            1,516    60 of the 96 pairs of maps are connected
        S4   16 · 2                     32
        C5   120 · (16 · 25 + 1)    48,120
        F6   84 · (120 + 1)         10,164

    325,680 multiply-accumulates at 32×32. The output layer compares with ten fixed codes. The
    paper feeds -0.1 for background and 1.175 for ink, so that pixels have roughly mean 0 and
    variance 1.
    """
    return LeNet5(num_classes, in_channels)


def lenet5_modern(num_classes: int = 10, in_channels: int = 1) -> ModernLeNet:
    """LeNet-5 as introductions draw it: C3 dense, ReLU, max pooling, a linear output layer.

    61,706 parameters (156 + 2,416 + 48,120 + 10,164 + 850), 416,520 multiply-accumulates at 28×28
    or 32×32. Other tutorials keep a sigmoid or tanh and average pooling: the count is the same.
    Layers after LeCun and others 1998, section II.B; initial values as PyTorch sets them.
    """
    return ModernLeNet((6, 16, 120, 84), num_classes, in_channels)


def tiny(num_classes: int = 10, in_channels: int = 1) -> ModernLeNet:
    """Half as wide as `lenet5_modern`: 15,738 parameters, 133,740 multiply-accumulates."""
    return ModernLeNet((3, 8, 60, 42), num_classes, in_channels)
