"""Exercises of chapter 08: what LeNet-5, AlexNet, VGG and GoogLeNet changed, counted and built."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.grading.kinds import (
    CONVOLUTIONS,
    Choice,
    Formula,
    Function,
    Misconception,
    Module,
    Number,
    Proof,
    integer,
    real,
    whole,
)

NUMBER = 8
TITLE = "Classic architectures"

SPARSE_C3 = Number(
    id="classic_architectures.sparse_c3",
    title="What the sparse table of C3 saves",
    value=(6 * 16 - 60) * 5 * 5 * 10 * 10,
    unit="multiply-accumulates",
    hints=(
        "How many pairs of an input map and an output map are there, and how many are connected?",
        "Each pair that is left out saves one kernel.",
        "A kernel is laid down at every place of the output. How large is the output?",
    ),
    misconceptions=(
        Misconception(
            "weights instead of work",
            "These are the weights that are saved. Each would have been used at every place.",
            36 * 25,
        ),
        Misconception(
            "places of the input",
            "A valid 5×5 kernel has fewer places than its input has pixels.",
            36 * 25 * 14 * 14,
        ),
        Misconception(
            "cost of the sparse layer",
            "That is what the sparse layer takes. What would the dense one take more?",
            60 * 25 * 100,
        ),
        Misconception(
            "cost of the dense layer",
            "That is what the dense layer takes. How much of it is left with the table?",
            96 * 25 * 100,
        ),
    ),
    insight="More than a third of C3's work, and one part in seventy of the parameters.",
)

_ALEXNET, _THIRD = 60_965_224, 256 * 384 * 3 * 3

THIRD_SPLIT = Number(
    id="classic_architectures.third_split",
    title="AlexNet, split throughout",
    value=_ALEXNET - _THIRD // 2,
    unit="parameters",
    hints=(
        "How many weights does the third convolution have as it is?",
        "With two groups, each output channel sees half of the input channels.",
        "There is one bias for each output channel, whatever the groups.",
    ),
    misconceptions=(
        Misconception(
            "layer removed",
            "Half of the third layer's weights stay: each group keeps its own block.",
            _ALEXNET - _THIRD,
        ),
        Misconception(
            "quartered",
            "There are two blocks, each with a quarter of the dense weights: half of them stay.",
            _ALEXNET - 3 * _THIRD // 4,
        ),
        Misconception(
            "parameters added",
            "A split leaves weights out: the network becomes smaller.",
            _ALEXNET + _THIRD // 2,
        ),
        Misconception(
            "biases halved",
            "The layer still has 384 output channels, and each of them a bias.",
            _ALEXNET - _THIRD // 2 - 192,
        ),
        Misconception(
            "saving instead of what is left",
            "That is what the split saves. How many are left?",
            _THIRD // 2,
        ),
        Misconception(
            "layer alone",
            "So many parameters has the third layer now. Asked for is the whole network.",
            _THIRD // 2 + 384,
        ),
    ),
    insight="Not one part in a hundred saved, and the halves would meet in the dense layers only.",
)


def _dense(*widths: int) -> int:
    """Parameters of dense layers with biases, from width to width."""
    return sum((C + 1) * D for C, D in pairwise(widths))


DENSE_SHARE = Number(
    id="classic_architectures.dense_share",
    title="The dense layers of AlexNet",
    value=100 * _dense(9216, 4096, 4096, 1000) / 61_100_840,
    tolerance=0.2,
    unit="percent",
    hints=(
        "How many numbers does the first dense layer read?",
        "Add up three layers: each output has a weight for every input, and a bias.",
    ),
    misconceptions=(
        Misconception(
            "first layer alone",
            "That is the largest of the three dense layers. Add the other two.",
            100 * _dense(9216, 4096) / 61_100_840,
        ),
        Misconception(
            "last layer forgotten",
            "The layer that leads to the classes is dense as well.",
            100 * _dense(9216, 4096, 4096) / 61_100_840,
        ),
        Misconception(
            "share of the convolutions",
            "That is what the convolutions hold. Asked for are the dense layers.",
            100 - 100 * _dense(9216, 4096, 4096, 1000) / 61_100_840,
        ),
        Misconception(
            "places forgotten",
            "The dense layer reads 256 channels at each of the 36 places.",
            100 * _dense(256, 4096, 4096, 1000) / 61_100_840,
        ),
    ),
    insight="The convolutions do nine tenths of the work with a twenty-fifth of the weights.",
)


def _stack(C: int, M: int, D: int, n: int, k: int) -> int:
    """Build the layers without memory and count their weights."""
    widths = [C, *[M] * (n - 1), D]
    layers = [
        nn.Conv2d(before, after, k, bias=False, device="meta") for before, after in pairwise(widths)
    ]
    return sum(layer.weight.numel() for layer in layers)


STACK_WEIGHTS = Formula(
    id="classic_architectures.stack_weights",
    title="Weights of a stack",
    signature="weights(C, M, D, n, k)",
    oracle=_stack,
    cases=lambda: [
        (1, 1, 1, 2, 3),
        (3, 8, 5, 2, 3),
        (3, 8, 5, 3, 1),
        *[
            (integer(2, 30), integer(2, 30), integer(2, 30), integer(2, 6), integer(2, 7))
            for _ in range(6)
        ],
    ],
    hints=(
        "Write the channels of all maps in a row: C, then M several times, then D.",
        "Between n + 1 maps there are n layers. How many lead from M to M?",
        "One layer leaves C, one arrives at D, the others stay at M.",
    ),
    misconceptions=(
        Misconception(
            "one layer too many in the middle",
            "Of n layers, one leaves C and one arrives at D: n - 2 are left.",
            lambda C, M, D, n, k: k * k * (C * M + (n - 1) * M * M + M * D),
        ),
        Misconception(
            "all layers in the middle",
            "The first layer and the last are two of the n.",
            lambda C, M, D, n, k: k * k * (C * M + n * M * M + M * D),
        ),
        Misconception(
            "last width forgotten",
            "The last layer leads from M to D channels, not to M.",
            lambda C, M, D, n, k: k * k * (C * M + (n - 1) * M * M),
        ),
        Misconception(
            "the single large kernel",
            "That is the one layer with the same receptive field. Asked for is the stack.",
            lambda C, M, D, n, k: (n * (k - 1) + 1) ** 2 * C * D,
        ),
        Misconception(
            "kernel counted along one axis",
            "A kernel has k rows and k columns.",
            lambda C, M, D, n, k: k * (C * M + (n - 2) * M * M + M * D),
        ),
        Misconception(
            "biases counted",
            "The layers have no biases.",
            lambda C, M, D, n, k: _stack(C, M, D, n, k) + (n - 1) * M + D,
        ),
        Misconception(
            "every layer from C to D",
            "Only the outer maps have C and D channels; those between have M.",
            lambda C, M, D, n, k: n * k * k * C * D,
        ),
        Misconception(
            "every layer from M to M",
            "The first layer reads C channels, and the last puts out D.",
            lambda C, M, D, n, k: n * k * k * M * M,
        ),
        Misconception(
            "two layers counted",
            "Between n + 1 maps there are n layers; two of them touch C or D.",
            lambda C, M, D, n, k: k * k * M * (C + D),
        ),
    ),
    insight="From three layers on, the count is quadratic in the width of the middle.",
)


def _widest(C: int, D: int, large: int = 25, strict: bool = True) -> int:
    """Try one width after the other."""
    M = 0
    while large * C * D + (not strict) > 9 * (M + 1) * (C + D):
        M += 1
    return M


WIDEST_MIDDLE = Function(
    id="classic_architectures.widest_middle",
    title="When two small kernels are cheaper",
    signature="widest(C, D)",
    oracle=_widest,
    cases=lambda: [
        (1, 1),
        (3, 64),
        (18, 18),
        (36, 18),
        (10, 31),
        *[(integer(2, 200), integer(2, 200)) for _ in range(6)],
    ],
    hints=(
        "Write down the weights of both: one has 25 of them for each pair of C and D.",
        "The first small layer has M filters over C channels, the second D filters over M.",
        "Fewer is not equal: look at C = D = 18, where the two can be equal.",
    ),
    misconceptions=(
        Misconception(
            "equal counted as fewer",
            "At the width you return for C = D = 18, both have the same number of weights.",
            lambda C, D: _widest(C, D, strict=False),
        ),
        Misconception(
            "equal widths assumed",
            "25/18 of the width holds for C = D. Here the two may differ.",
            lambda C, D: (25 * C - 1) // 18,
        ),
        Misconception(
            "equal widths, equal weights",
            "25/18 of the width holds for C = D, and even there, at 18, the two would be equal.",
            lambda C, D: 25 * C // 18,
        ),
        Misconception(
            "second layer forgotten",
            "The stack has two layers, and the middle width occurs in both.",
            lambda C, D: (25 * D - 1) // 9,
        ),
        Misconception(
            "compared with 7×7",
            "Two layers of 3×3 see 5×5. Three of them would see 7×7.",
            lambda C, D: _widest(C, D, large=49),
        ),
        Misconception(
            "one step too far",
            "At this width the stack already has more weights.",
            lambda C, D: _widest(C, D) + 1,
        ),
        Misconception(
            "not a whole number",
            "Channels are whole, and at this fraction the two would be equal.",
            lambda C, D: 25 * C * D / (9 * (C + D)),
        ),
    ),
    insight="From 3 to 64 channels the middle may have 7; VGG-16 takes 64 there.",
)


def _pointwise(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.conv2d(x, weight[:, :, None, None], bias)


def _cut_anew(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Reshape there and back, and move nothing."""
    N, C, H, W = x.shape
    return F.linear(x.reshape(N, H, W, C), weight, bias).reshape(N, -1, H, W)


def _cut_behind(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Move the channels to the end, and reshape on the way back."""
    return F.linear(x.movedim(1, -1), weight, bias).reshape(len(x), -1, *x.shape[2:])


POINTWISE = Function(
    id="classic_architectures.pointwise",
    title="A 1×1 convolution without convolving",
    signature="pointwise(x, weight, bias)",
    oracle=_pointwise,
    cases=lambda: [
        (whole(1, 2, 1, 1), whole(2, 2), whole(2)),
        (whole(1, 2, 2, 3), whole(3, 2), whole(3)),
        (whole(2, 3, 4, 4), whole(3, 3), whole(3)),
        (real(2, 4, 3, 5), real(2, 4), real(2)),
    ],
    forbidden=CONVOLUTIONS,
    hints=(
        "What does the layer do to the vector of channels at one place?",
        "A dense layer works along the last axis. Which axis holds the channels?",
        "Move the channels to the end, apply the dense layer, and move them back.",
    ),
    misconceptions=(
        Misconception(
            "bias forgotten",
            "Each output channel has a bias of its own, at all places the same.",
            lambda x, weight, bias: _pointwise(x, weight, 0 * bias),
        ),
        Misconception(
            "weight transposed",
            "The rows of `weight` belong to the output channels.",
            lambda x, weight, bias: _pointwise(x, weight.T.reshape(weight.shape), bias),
        ),
        Misconception(
            "channels summed before weighting",
            "Every input channel has a weight of its own: weight first, then sum.",
            lambda x, weight, bias: _pointwise(x.sum(1, keepdim=True), weight[:, :1], bias),
        ),
        Misconception(
            "height and width exchanged",
            "Rows stay rows: moving the channels to the end and back keeps the other axes.",
            lambda x, weight, bias: _pointwise(x, weight, bias).mT,
        ),
        Misconception(
            "mean over the places",
            "The places stay apart: each has a vector of its own.",
            lambda x, weight, bias: _pointwise(x.mean((2, 3), keepdim=True), weight, bias),
        ),
        Misconception(
            "reshaped instead of moved",
            "Reshaping does not move the channels, it cuts the numbers up anew.",
            _cut_anew,
        ),
        Misconception(
            "reshaped on the way back",
            "The way there is right. The way back has to move the channels, too.",
            _cut_behind,
        ),
    ),
    insight="On many machines a 1×1 convolution is executed as this one matrix product.",
)

_3B = {"one": 256 * 128, "reduce3": 256 * 128, "three": 9 * 128 * 192}
_3B |= {"reduce5": 256 * 32, "five": 25 * 32 * 96, "projected": 256 * 64}
_PLACES = 28 * 28

INCEPTION_MACS = Number(
    id="classic_architectures.inception_macs",
    title="What module 3b takes",
    value=_PLACES * sum(_3B.values()),
    unit="multiply-accumulates",
    hints=(
        "Six convolutions. Write down for each its kernel, and the channels before and after it.",
        "The 3×3 and the 5×5 kernels read what the 1×1 convolution before them puts out.",
        "All six keep the size, so each weight is used at all of the places.",
    ),
    misconceptions=(
        Misconception(
            "bottlenecks forgotten",
            "The 1×1 convolutions before the 3×3 and the 5×5 kernels work as well.",
            _PLACES * (sum(_3B.values()) - _3B["reduce3"] - _3B["reduce5"]),
        ),
        Misconception(
            "large kernels on the full map",
            "The 3×3 and 5×5 kernels read the narrow maps, not all 256 channels.",
            _PLACES * (_3B["one"] + _3B["projected"] + 256 * (9 * 192 + 25 * 96)),
        ),
        Misconception(
            "weights instead of work",
            "These are the weights. Each of them is used at every place.",
            sum(_3B.values()),
        ),
        Misconception(
            "projection forgotten",
            "A 1×1 convolution stands behind the pooling of the fourth branch.",
            _PLACES * (sum(_3B.values()) - _3B["projected"]),
        ),
        Misconception(
            "kernel sides instead of areas",
            "A 3×3 kernel has nine taps, and a 5×5 kernel 25.",
            _PLACES * (sum(_3B.values()) - 6 * 128 * 192 - 20 * 32 * 96),
        ),
    ),
    insight="Three quarters of it in the two large kernels, narrowed as they are.",
)


class _Inception(nn.Module):
    """Four branches; the options are what can go wrong."""

    def __init__(
        self,
        widths: tuple[int, ...],
        five: int = 5,
        rectified: bool = True,
        pool: type[nn.Module] = nn.MaxPool2d,
        order: str = "abcd",
        bare: str = "",
    ) -> None:
        super().__init__()
        C, one, narrow3, wide3, narrow5, wide5, projected = widths
        inner = nn.ReLU() if rectified else nn.Identity()
        self.order, self.bare = order, bare  # `bare`: branches without a ReLU at their end
        self.branches = nn.ModuleDict(
            {
                "a": _same(C, one, 1),
                "b": nn.Sequential(_same(C, narrow3, 1), inner, _same(narrow3, wide3, 3)),
                "c": nn.Sequential(_same(C, narrow5, 1), inner, _same(narrow5, wide5, five)),
                "d": nn.Sequential(pool(3, stride=1, padding=1), _same(C, projected, 1)),
            }
        )

    def forward(self, x: Tensor) -> Tensor:
        ends = {name: self.branches[name](x) for name in self.order}
        return torch.cat([y if name in self.bare else F.relu(y) for name, y in ends.items()], dim=1)


def _same(C: int, D: int, k: int) -> nn.Conv2d:
    return nn.Conv2d(C, D, k, padding=k // 2)


class _Unpooled(_Inception):
    """The fourth branch without its pooling."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__(widths)
        self.branches["d"][0] = nn.Identity()


class _PooledLast(_Inception):
    """The fourth branch turned round."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__(widths)
        pool, project = self.branches["d"]
        self.branches["d"] = nn.Sequential(project, pool)


def _inception(kind: type[_Inception] = _Inception, **options: object) -> Callable:
    return lambda *widths: kind(widths, **options)


INCEPTION = Module(
    id="classic_architectures.inception",
    title="An Inception module",
    signature="Inception(C, one, reduce3, three, reduce5, five, projected)",
    oracle=_inception(),
    cases=lambda: [
        ((2, 1, 3, 2, 4, 3, 5), whole(1, 2, 6, 7)),
        ((3, 2, 4, 5, 1, 6, 7), whole(2, 3, 6, 6)),
    ],
    hints=(
        "Four branches on the same input. Which padding keeps the size for each kernel?",
        "Each of the six convolutions has a ReLU behind it.",
        "A pooling keeps the size at stride 1, if the border is padded by one.",
        "The channels are axis 1 of the batch.",
    ),
    misconceptions=(
        Misconception(
            "no ReLU after the bottlenecks",
            "Every convolution has a ReLU behind it, the 1×1 before a large kernel too.",
            _inception(rectified=False),
        ),
        Misconception(
            "no ReLU at the end",
            "The last convolution of each branch has a ReLU behind it as well.",
            _inception(bare="abcd"),
        ),
        Misconception(
            "no ReLU after the projection",
            "The 1×1 convolution behind the pooling has a ReLU, too.",
            _inception(bare="d"),
        ),
        Misconception(
            "3×3 in the third branch",
            "The third branch has a 5×5 kernel; the 3×3 in torchvision's network is a slip.",
            _inception(five=3),
        ),
        Misconception(
            "average pooling",
            "The fourth branch takes the largest value of each window.",
            _inception(pool=nn.AvgPool2d),
        ),
        Misconception(
            "pooling forgotten",
            "The fourth branch begins with a pooling of 3×3 windows.",
            _inception(_Unpooled),
        ),
        Misconception(
            "pooling after the projection",
            "The window takes the largest of the input, not of what the 1×1 made of it.",
            _inception(_PooledLast),
        ),
        Misconception(
            "branches in another order",
            "Along the channels: 1×1, 3×3, 5×5, pooling.",
            _inception(order="dabc"),
        ),
    ),
    insight="Nine of these, a stem and a mean: that is GoogLeNet.",
)


def _vgg(
    pool_each: bool = False,
    norm: bool = True,
    norm_last: bool = False,
    bias: bool = False,
    pool_end: bool = True,
    largest: bool = False,
) -> Callable:
    """Build the network, or one with a mistake in it."""

    def build(table: list[tuple[int, int]], in_channels: int, num_classes: int) -> nn.Module:
        layers = nn.Sequential()
        for row, (depth, width) in enumerate(table):
            for place in range(depth):
                layers.append(nn.Conv2d(in_channels, width, 3, padding=1, bias=bias))
                pair = [nn.BatchNorm2d(width), nn.ReLU()] if norm else [nn.ReLU()]
                layers.extend(pair[::-1] if norm_last else pair)
                in_channels = width
                if pool_each and place < depth - 1:
                    layers.append(nn.MaxPool2d(2))
            if pool_end or row < len(table) - 1:
                layers.append(nn.MaxPool2d(2))
        layers.append((nn.AdaptiveMaxPool2d if largest else nn.AdaptiveAvgPool2d)(1))
        return layers.extend([nn.Flatten(), nn.Linear(in_channels, num_classes)])

    return build


FROM_TABLE = Module(
    id="classic_architectures.from_table",
    title="A VGG from its table",
    signature="SmallVGG(table, in_channels, num_classes)",
    oracle=_vgg(),
    cases=lambda: [
        (([(1, 2), (2, 3)], 1, 2), real(2, 1, 8, 13)),
        (([(2, 3), (1, 4)], 2, 3), real(1, 2, 13, 13)),
    ],
    hints=(
        "Keep a variable with the current number of channels; every convolution changes it.",
        "Two loops: over the rows of the table, and over the convolutions of a row.",
        "The pooling stands behind the inner loop, the mean and the dense layer behind the outer.",
    ),
    misconceptions=(
        Misconception(
            "pooling after every convolution",
            "One pooling a row, after its last convolution.",
            _vgg(pool_each=True),
        ),
        Misconception(
            "no norm",
            "Behind each convolution stands a batch norm, and it has parameters, too.",
            _vgg(norm=False),
        ),
        Misconception(
            "norm after the ReLU",
            "The order is convolution, batch norm, ReLU.",
            _vgg(norm_last=True),
        ),
        Misconception(
            "biases before the norm",
            "Batch norm subtracts the mean, and with it any bias: leave it out.",
            _vgg(bias=True),
        ),
        Misconception(
            "last pooling forgotten",
            "Every row ends with a pooling, the last one too.",
            _vgg(pool_end=False),
        ),
        Misconception(
            "largest instead of mean",
            "At the end stands the mean over all places.",
            _vgg(largest=True),
        ),
    ),
    insight="A family is a table: four of them are VGG-11, 13, 16 and 19.",
)


def _total(
    weights: tuple[float, float, float] = (1.0, 0.3, 0.3),
    heads: Callable[[bool], bool] = lambda training: training,
    reduction: str = "mean",
) -> Callable:
    """Weigh the three losses where the heads count, and take the first alone elsewhere."""

    def total(main: Tensor, late: Tensor, early: Tensor, labels: Tensor, training: bool) -> Tensor:
        three = (main, late, early)
        losses = [F.cross_entropy(scores, labels, reduction=reduction) for scores in three]
        if not heads(training):
            return losses[0]
        return sum(weight * loss for weight, loss in zip(weights, losses, strict=True))

    return total


def _of_the_sum(
    main: Tensor, late: Tensor, early: Tensor, labels: Tensor, training: bool
) -> Tensor:
    """One cross-entropy of the weighed scores."""
    return F.cross_entropy(main + 0.3 * (late + early) if training else main, labels)


def _scores() -> list[tuple]:
    def case(N: int, classes: int, training: bool) -> tuple:
        labels = torch.randint(classes, (N,))
        return (*(real(N, classes) for _ in range(3)), labels, training)

    return [case(1, 2, True), case(1, 2, False), case(4, 3, True), case(3, 5, False)]


AUXILIARY_LOSS = Function(
    id="classic_architectures.auxiliary_loss",
    title="The loss with auxiliary heads",
    signature="total_loss(main, late, early, labels, training)",
    oracle=_total(),
    cases=_scores,
    gradients=True,
    hints=(
        "Three scores, one set of labels: three cross-entropies.",
        "The heads count three tenths, each.",
        "What is the loss of a network whose heads have been thrown away?",
    ),
    misconceptions=(
        Misconception(
            "heads at full weight",
            "The loss of each head is multiplied by 0.3.",
            _total((1.0, 1.0, 1.0)),
        ),
        Misconception(
            "heads in evaluation",
            "In evaluation the heads are gone: the main loss is all.",
            _total(heads=lambda training: True),
        ),
        Misconception(
            "heads ignored",
            "In training the heads count.",
            _total(heads=lambda training: False),
        ),
        Misconception(
            "training and evaluation exchanged",
            "The heads count in training, not in evaluation.",
            _total(heads=lambda training: not training),
        ),
        Misconception(
            "weight shared between the heads",
            "Each of the two heads has the weight 0.3, not both together.",
            _total((1.0, 0.15, 0.15)),
        ),
        Misconception(
            "main loss weighted, too",
            "The main loss has the weight 1.",
            _total((0.3, 0.3, 0.3)),
        ),
        Misconception(
            "weights that add up to one",
            "The main loss is not reduced when the heads are added.",
            _total((0.4, 0.3, 0.3)),
        ),
        Misconception(
            "second head left out",
            "There are two heads, and both count.",
            _total((1.0, 0.3, 0.0)),
        ),
        Misconception(
            "scores added",
            "Each head has a loss of its own: take three cross-entropies, then add.",
            _of_the_sum,
        ),
        Misconception(
            "sum over the batch",
            "The loss is a mean over the batch: it does not grow with N.",
            _total(reduction="sum"),
        ),
    ),
    insight="One line in the training loop; the network in use does not know that heads existed.",
)

VGG_MEMORY = Choice(
    id="classic_architectures.vgg_memory",
    title="Where VGG-16 needs its memory",
    options="abc",
    reasons="1234",
    correct=("a", 3),
    hints=(
        "What has to be kept for the backward pass: weights or maps?",
        "How many numbers does a map have in the first stage, and how many in the last?",
    ),
    misconceptions=(
        Misconception(
            "parameters taken for maps",
            "The dense layers hold the parameters. For a picture they keep vectors, no large maps.",
            "c",
        ),
        Misconception(
            "channels taken for size",
            "From stage to stage the channels double, but the places fall to a quarter.",
            "b",
        ),
        Misconception(
            "weights blamed",
            "The first stage has the fewest weights of all. Its maps are large.",
            ("a", 1),
        ),
        Misconception(
            "channels blamed",
            "The first stage has the fewest channels, 64. What makes its maps large?",
            ("a", 2),
        ),
        Misconception(
            "work blamed",
            "Work is not memory, and the first stage does not even do most of it.",
            ("a", 4),
        ),
    ),
    insight="Two layers of sixteen keep almost half of what training has to hold for a picture.",
)

RELU_CONCLUSION = Choice(
    id="classic_architectures.relu_conclusion",
    title="What the race of ReLU and tanh shows",
    options="abc",
    reasons="1234",
    correct=("b", 2),
    hints=(
        "Which of the sentences would be refuted by one of the points in the figure?",
        "Compare the rates at which the two curves have their lowest points.",
    ),
    misconceptions=(
        Misconception(
            "a factor for all cases",
            "At its best rate tanh takes fewer steps than ReLU at its own: "
            "no one factor fits all settings.",
            "a",
        ),
        Misconception(
            "generalised from digits",
            "One shallow net on an easy task does not say what is better elsewhere.",
            "c",
        ),
        Misconception(
            "seeds taken for the reason",
            "Three seeds make a point reliable. They do not say why the curves lie where they do.",
            ("b", 1),
        ),
    ),
    insight="Whoever compares two things at one setting compares the setting. "
    "On scaled pixels, from the default start, tanh takes fewer steps at equal rates.",
)

MEAN_HEAD = Number(
    id="classic_architectures.mean_head",
    title="VGG-11 with a mean at its end",
    value=132_863_336 - _dense(25_088, 4096, 4096, 1000) + _dense(512, 1000),
    unit="parameters",
    hints=(
        "How many parameters do the three dense layers have?",
        "A mean over all places leaves one number for each of the 512 channels.",
        "The new dense layer leads from the means to the classes, with biases.",
    ),
    misconceptions=(
        Misconception(
            "new layer forgotten",
            "A dense layer from the means to the classes is still needed.",
            132_863_336 - _dense(25_088, 4096, 4096, 1000),
        ),
        Misconception(
            "flattened instead of averaged",
            "After the mean there are 512 numbers, not 7 · 7 · 512.",
            132_863_336 - _dense(25_088, 4096, 4096, 1000) + _dense(25_088, 1000),
        ),
        Misconception(
            "old last layer kept",
            "The layer from 4,096 to 1,000 goes as well: nothing with 4,096 outputs is left.",
            132_863_336 - _dense(25_088, 4096, 4096),
        ),
        Misconception(
            "biases of the new layer forgotten",
            "The new layer has one bias for each class.",
            132_863_336 - _dense(25_088, 4096, 4096, 1000) + 512 * 1000,
        ),
    ),
    insight="Less than a twelfth of the network is left, and the picture may have another size.",
)

RANK = Proof(
    id="classic_architectures.rank",
    title="Low rank is a bottleneck: order the proof",
    needs={"A": "", "B": "A", "C": "B", "D": "C", "E": "D"},
    superfluous="F",
    hints=(
        "Rank is a property of matrices. Which matrix is meant?",
        "A matrix of rank at most R is a product. Its factors have to be read as kernels.",
        "Only when the pair of layers has been multiplied out can it be compared with w.",
    ),
    misconceptions=(
        Misconception(
            "factors before the matrix",
            "A product of two matrices is used before it is said which matrix is factored.",
            "BACDE",
        ),
        Misconception(
            "conclusion assumed",
            "That the pair computes the convolution is what is to be shown.",
            "EABCD",
        ),
        Misconception(
            "a ReLU slipped in",
            "With a ReLU between them the two layers are no longer linear: the step is false.",
            "ABCFDE",
        ),
        Misconception(
            "not multiplied out",
            "That the pair has the weights w is seen only when one layer is put into the other.",
            "ABCE",
        ),
    ),
    insight="A trained kernel can be compressed in this way: keep its R largest singular values.",
)

EXERCISES = (
    SPARSE_C3,
    THIRD_SPLIT,
    DENSE_SHARE,
    STACK_WEIGHTS,
    WIDEST_MIDDLE,
    POINTWISE,
    INCEPTION_MACS,
    INCEPTION,
    FROM_TABLE,
    MEAN_HEAD,
    AUXILIARY_LOSS,
    VGG_MEMORY,
    RELU_CONCLUSION,
    RANK,
)
