"""Exercises of chapter 03: parameters, multiply-accumulates, memory, and what they do not say."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.analysis.counting import summarize
from cnncourse.grading.kinds import (
    Blanks,
    Choice,
    Formula,
    Function,
    Misconception,
    Number,
    Proof,
    integer,
    whole,
)

NUMBER = 3
TITLE = "Counting"


def _conv_work(C: int, D: int, n: int, k: int, stride: int, padding: int) -> int:
    """Convolve on the meta device, and multiply the output places by the weights."""
    x, weight = torch.empty(1, C, n, n, device="meta"), torch.empty(D, C, k, k, device="meta")
    out = F.conv2d(x, weight, None, stride, padding)
    return out.shape[2] * out.shape[3] * weight.numel()


CONV_MACS = Formula(
    id="counting.conv_macs",
    title="Multiply-accumulates of a convolution",
    signature="macs(C, D, n, k, stride, padding)",
    oracle=_conv_work,
    cases=lambda: [
        (1, 1, 4, 1, 1, 0),
        (1, 2, 5, 3, 1, 0),
        (3, 4, 6, 3, 2, 1),
        *[
            (integer(1, 9), integer(1, 9), integer(9, 40), integer(2, 6), s, integer(0, 2))
            for s in (1, 2, 3, 2, 4)
        ],
    ],
    hints=(
        "How many products does one output value take?",
        "How many output values are there? The previous chapter counts them.",
        "Weights times output places: the stride makes the places fewer.",
    ),
    misconceptions=(
        Misconception(
            "the input's size used",
            "The window is laid down once for each place of the output, not of the input.",
            lambda C, D, n, k, s, p: n * n * C * D * k * k,
        ),
        Misconception(
            "input size divided by the stride",
            "That holds for some paddings only: count where the window fits.",
            lambda C, D, n, k, s, p: (n // s) ** 2 * C * D * k * k,
        ),
        Misconception(
            "biases counted",
            "By our convention the bias takes no multiply-accumulate: nothing is multiplied.",
            lambda C, D, n, k, s, p: ((n + 2 * p - k) // s + 1) ** 2 * D * (C * k * k + 1),
        ),
        Misconception(
            "operations instead of multiply-accumulates",
            "That is twice too many: one product and one addition are one multiply-accumulate.",
            lambda C, D, n, k, s, p: 2 * ((n + 2 * p - k) // s + 1) ** 2 * C * D * k * k,
        ),
        Misconception(
            "weights instead of work",
            "These are the weights. Each of them is used at every place of the output.",
            lambda C, D, n, k, s, p: C * D * k * k,
        ),
        Misconception(
            "no floor",
            "A window that does not fit whole is not there: the places are a whole number.",
            lambda C, D, n, k, s, p: ((n + 2 * p - k) / s + 1) ** 2 * C * D * k * k,
        ),
        Misconception(
            "padding forgotten",
            "The padding is on both sides of the picture and lets the window stand further out.",
            lambda C, D, n, k, s, p: ((n - k) // s + 1) ** 2 * C * D * k * k,
        ),
    ),
    insight="Weights times output places: with this sentence you can do without the formula.",
)

CONV_NORM = Number(
    id="counting.conv_norm",
    title="What a convolution with batch norm learns",
    value=3 * 3 * 64 * 128 + 2 * 128,
    unit="parameters",
    hints=(
        "Count the two layers one by one.",
        "Which numbers of a batch norm does training change, and which are only measured?",
        "A scale and a shift are learnt for each channel; the running statistics are buffers.",
    ),
    misconceptions=(
        Misconception(
            "buffers counted as parameters",
            "The running mean and variance are buffers: no gradient ever reaches them.",
            3 * 3 * 64 * 128 + 4 * 128,
        ),
        Misconception(
            "the convolution given a bias",
            "This convolution has no bias; the shift of the batch norm takes its place.",
            3 * 3 * 64 * 128 + 3 * 128,
        ),
        Misconception(
            "one number a channel",
            "Batch norm learns a scale and a shift for each of the 128 channels that it gets.",
            3 * 3 * 64 * 128 + 128,
        ),
        Misconception(
            "norm forgotten",
            "These are the weights of the convolution. What does batch norm learn?",
            3 * 3 * 64 * 128,
        ),
    ),
    insight="A bias before batch norm would be subtracted with the mean: it could learn nothing.",
)

RESOLUTION = Number(
    id="counting.resolution",
    title="A larger picture",
    value=(288 / 224) ** 2,
    tolerance=0.01,
    hints=(
        "The weights stay. What grows with the side of the picture?",
        "The number of places of each map is its height times its width.",
    ),
    misconceptions=(
        Misconception(
            "linear in the side",
            "Both the height and the width of every map grow.",
            288 / 224,
        ),
        Misconception(
            "quartic in the side",
            "That would be a dense layer from map to map. A convolution keeps its window.",
            (288 / 224) ** 4,
        ),
        Misconception(
            "nothing grows",
            "The parameters stay, but each weight is used at more places.",
            1,
        ),
    ),
    insight="Two sevenths more side, two thirds more work: larger pictures are never free.",
)

VGG_SHARE = Number(
    id="counting.vgg_share",
    title="VGG-16's largest layer",
    value=100 * (512 * 7 * 7 + 1) * 4096 / 138_357_544,
    tolerance=0.3,
    unit="percent",
    hints=(
        "How many numbers does the layer read when the map is flattened?",
        "Every output has one weight for each of these numbers.",
        "Divide by the parameters of the whole network, and ask for percent.",
    ),
    misconceptions=(
        Misconception(
            "channels forgotten",
            "The map has 512 channels of 7 times 7 places; all of them are flattened.",
            100 * (7 * 7 + 1) * 4096 / 138_357_544,
        ),
        Misconception(
            "places forgotten",
            "Without a mean over the places, each place has weights of its own.",
            100 * (512 + 1) * 4096 / 138_357_544,
        ),
        Misconception(
            "all three dense layers",
            "That is the share of the three dense layers together. The first alone is asked for.",
            100 * 123_642_856 / 138_357_544,
        ),
    ),
    insight="A mean over the 49 places, as in ResNet, would divide these weights by 49.",
)

SEPARABLE_RATIO = Formula(
    id="counting.separable_ratio",
    title="What splitting a convolution saves",
    signature="ratio(C, D, k)",
    oracle=lambda C, D, k: (C * k * k + C * D) / (C * D * k * k),
    cases=lambda: [
        (1, 1, 1),
        (2, 4, 3),
        (128, 256, 3),
        *[(integer(1, 99), integer(1, 99), integer(2, 9)) for _ in range(5)],
    ],
    hints=(
        "Count the weights of the depthwise and of the 1x1 part, and add.",
        "Divide by the weights of the dense convolution. Which letter cancels?",
    ),
    misconceptions=(
        Misconception(
            "input and output channels exchanged",
            "The 1x1 part mixes C channels into D: after dividing, it is C that cancels.",
            lambda C, D, k: 1 / C + 1 / k**2,
        ),
        Misconception(
            "dense divided by separable",
            "Upside down: asked for is the separable layer as a share of the dense one.",
            lambda C, D, k: D * k * k / (k * k + D),
        ),
        Misconception(
            "depthwise part only",
            "The depthwise part alone mixes no channels: the 1x1 convolution costs as well.",
            lambda C, D, k: 1 / D,
        ),
        Misconception(
            "1x1 part only",
            "The 1x1 part alone looks at no neighbours: the depthwise part costs as well.",
            lambda C, D, k: 1 / k**2,
        ),
        Misconception(
            "shares multiplied",
            "The two parts are done one after the other: their costs add.",
            lambda C, D, k: 1 / (D * k**2),
        ),
        Misconception(
            "kernel side instead of area",
            "A kernel has k times k weights.",
            lambda C, D, k: 1 / D + 1 / k,
        ),
    ),
    insight="However many channels: for 3x3 kernels, never less than a ninth.",
)


def _spread_work(C: int, D: int, H: int, W: int, k: int, stride: int) -> int:
    """Every input value meets the D kernels of its channel, whatever the stride."""
    x = torch.empty(C, H, W, device="meta")
    weight = torch.empty(C, D, k, k, device="meta")
    return x.numel() * weight[0].numel()


TRANSPOSED_MACS = Formula(
    id="counting.transposed_macs",
    title="Multiply-accumulates of a transposed convolution",
    signature="macs(C, D, H, W, k, stride)",
    oracle=_spread_work,
    cases=lambda: [
        (1, 1, 1, 2, 2, 2),
        (2, 3, 4, 5, 4, 2),
        *[
            (integer(1, 9), integer(1, 9), integer(3, 20), integer(3, 20), integer(3, 6), s)
            for s in (2, 3, 2, 3)
        ],
    ],
    hints=(
        "Follow one input value: what is it multiplied by?",
        "Each input value is spread over a window of k times k in each output channel.",
        "Does the distance between the windows change how many products there are?",
    ),
    misconceptions=(
        Misconception(
            "output places instead of input places",
            "Most taps of a window over the enlarged map would meet no value: count input places.",
            lambda C, D, H, W, k, s: ((H - 1) * s + k) * ((W - 1) * s + k) * C * D * k * k,
        ),
        Misconception(
            "places multiplied by the stride",
            "The stride moves the windows apart. It does not make more of them.",
            lambda C, D, H, W, k, s: H * s * W * s * C * D * k * k,
        ),
        Misconception(
            "places divided by the stride",
            "That would be a plain convolution. Here every input value is used.",
            lambda C, D, H, W, k, s: (H // s) * (W // s) * C * D * k * k,
        ),
        Misconception(
            "operations instead of multiply-accumulates",
            "That is twice too many: one product and one addition are one multiply-accumulate.",
            lambda C, D, H, W, k, s: 2 * H * W * C * D * k * k,
        ),
    ),
    insight="It is the backward pass of a convolution, so it costs what that convolution costs.",
)

ATTENTION = Blanks(
    id="counting.attention",
    title="The two parts of attention",
    variables=("n", "d"),
    blanks={"projections": "4 * n * d * d", "mixing": "2 * n * n * d"},
    hints=(
        "Queries, keys, values and output: four dense maps, applied to each token.",
        "Every query meets every key in d products. Then the values have to be averaged.",
    ),
    misconceptions=(
        Misconception(
            "output projection forgotten",
            "After queries, keys and values there is a fourth map, from the heads to the output.",
            {"projections": "3 * n * d * d"},
        ),
        Misconception(
            "weights instead of work",
            "These are the weights. Each token is mapped by all of them.",
            {"projections": "4 * d * d"},
        ),
        Misconception(
            "average forgotten",
            "The scores cost n·n·d; averaging the values with them costs as much again.",
            {"mixing": "n * n * d"},
        ),
        Misconception(
            "each score one product",
            "A score is an inner product of two vectors with d entries.",
            {"mixing": "2 * n * n"},
        ),
    ),
    insight="The first part grows with the picture like a convolution, the second with its square.",
)

KEPT_MAPS = Choice(
    id="counting.kept_maps",
    title="Which maps are kept?",
    options="abcd",
    reasons="123",
    correct=("c", 2),
    hints=(
        "Write down, for each layer, what its derivative contains.",
        "A weight's gradient is a product of what arrived from behind and what the layer read.",
        "A ReLU's derivative can be read off its result. Who else keeps that tensor?",
    ),
    misconceptions=(
        Misconception(
            "everything thought to be kept",
            "Ask who needs u: the norm has kept its input, the ReLU its output.",
            "a",
        ),
        Misconception(
            "batch norm thought to need nothing",
            "The gradient of the scale is a sum over g times the normalised input: it is needed.",
            "b",
        ),
        Misconception(
            "outputs thought to be needed",
            "A norm's derivative contains its input. Its output is needed by nobody here.",
            "d",
        ),
        Misconception(
            "in place thought to be the reason",
            "Nothing works in place here. The middle map is dropped because nobody needs it.",
            ("c", 3),
        ),
    ),
    insight="Two maps a block, so the sum of all outputs is half as much again as is kept.",
)


def _kept(L: int, D: int, n: int, N: int) -> int:
    """What autograd keeps, without the two numbers a channel of each batch norm."""
    blocks = [
        nn.Sequential(
            nn.Conv2d(D, D, 3, padding=1, device="meta"),
            nn.BatchNorm2d(D, device="meta"),
            nn.ReLU(),
        )
        for _ in range(L)
    ]
    statistics = 4 * 2 * D * L
    return summarize(nn.Sequential(*blocks), (N, D, n, n)).saved_bytes - statistics


KEPT_BYTES = Formula(
    id="counting.kept_bytes",
    title="Bytes that training keeps",
    signature="kept(L, D, n, N)",
    oracle=_kept,
    cases=lambda: [
        (1, 1, 2, 1),
        (2, 3, 4, 2),
        *[(integer(2, 5), integer(2, 9), integer(3, 12), integer(2, 9)) for _ in range(3)],
    ],
    hints=(
        "How many maps does one block keep? The exercise before asks which.",
        "The first convolution keeps the input of the network as well.",
        "A float32 number has four bytes, and a map has N·D·n·n numbers.",
    ),
    misconceptions=(
        Misconception(
            "all outputs added up",
            "The output of the norm is kept by nobody: two maps a block, not three.",
            lambda L, D, n, N: 4 * N * D * n * n * (3 * L + 1),
        ),
        Misconception(
            "input of the network forgotten",
            "The first convolution needs what it read: the input is kept as well.",
            lambda L, D, n, N: 4 * N * D * n * n * 2 * L,
        ),
        Misconception(
            "one map a block",
            "Besides the output of the ReLU, batch norm keeps its input.",
            lambda L, D, n, N: 4 * N * D * n * n * (L + 1),
        ),
        Misconception(
            "numbers instead of bytes",
            "A float32 number takes four bytes.",
            lambda L, D, n, N: N * D * n * n * (2 * L + 1),
        ),
        Misconception(
            "batch forgotten",
            "Every picture of the batch has maps of its own.",
            lambda L, D, n, N: 4 * D * n * n * (2 * L + 1),
        ),
        Misconception(
            "shared map counted twice",
            "The output of a ReLU and the input of the next convolution are one tensor.",
            lambda L, D, n, N: 4 * N * D * n * n * 3 * L,
        ),
    ),
    insight="The kernel size does not occur: memory asks for the width of maps, not for weights.",
)


def _folded(
    weight: Tensor, bias: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, var: Tensor
) -> tuple[Tensor, Tensor]:
    """Let batch norm itself scale the filters, as a batch of taps, and move the bias."""
    zero = torch.zeros_like(mean)
    taps = F.batch_norm(weight.flatten(1).T, zero, var, gamma, zero, eps=0.0)
    moved = F.batch_norm(bias[None], mean, var, gamma, beta, eps=0.0)
    return taps.T.reshape(weight.shape), moved[0]


def _filters() -> list[tuple[Tensor, ...]]:
    def channels(D: int, C: int, k: int) -> tuple[Tensor, ...]:
        return (whole(D, C, k, k), *(whole(D) for _ in range(4)), whole(D) ** 2)

    return [channels(1, 1, 1), channels(2, 1, 2), channels(3, 2, 3), channels(4, 3, 2)]


FOLD = Function(
    id="counting.fold",
    title="Batch norm for nothing",
    signature="fold(weight, bias, gamma, beta, mean, var)",
    oracle=_folded,
    cases=_filters,
    hints=(
        "Write out gamma · (z - mean) / sqrt(var) + beta with z the convolution's output.",
        "By which factor is every product with a weight of filter d multiplied?",
        "The factor has one entry a filter; give it three more axes before it meets the weights.",
    ),
    misconceptions=(
        Misconception(
            "variance instead of deviation",
            "Batch norm divides by the standard deviation, the root of the variance.",
            lambda w, b, g, e, m, v: _folded(w, b, g, e, m, v**2),
        ),
        Misconception(
            "running mean forgotten",
            "The mean is subtracted before scaling, so it ends up in the new bias.",
            lambda w, b, g, e, m, v: _folded(w, b, g, e, 0 * m, v),
        ),
        Misconception(
            "bias not scaled",
            "The old bias is part of z, so it is scaled like the weights.",
            lambda w, b, g, e, m, v: _folded(w, 0 * b, g, e + b, m, v),
        ),
        Misconception(
            "mean not scaled",
            "The mean is subtracted from z before the scale is applied to both.",
            lambda w, b, g, e, m, v: _folded(w, b, g, e - m, 0 * m, v),
        ),
        Misconception(
            "weights unchanged",
            "The scale belongs to the weights as well as to the bias.",
            lambda w, b, g, e, m, v: (w, _folded(w, b, g, e, m, v)[1]),
        ),
    ),
    insight="This is what `torch.nn.utils.fuse_conv_bn_eval` does before a network is shipped.",
)

BACKWARD = Proof(
    id="counting.backward",
    title="A training step costs three forward passes: order the proof",
    needs={"A": "", "B": "A", "C": "A", "D": "BC", "E": "D"},
    superfluous="F",
    hints=(
        "Which triples of a weight, an input value and an output value does the forward pass use?",
        "Both gradients run over the same triples. Only then can they be counted.",
        "The exception for the first layer refines the count, so it comes after it.",
    ),
    misconceptions=(
        Misconception(
            "counted before the gradients are written down",
            "That both cost as much as the forward pass follows from what they sum over.",
            "ADBCE",
        ),
        Misconception(
            "gradient of the input left out",
            "The layers before need a gradient to go on with: that of this layer's input.",
            "ABDE",
        ),
        Misconception(
            "activation functions slipped in",
            "Pointwise work is counted as nothing, forwards and backwards.",
            "ABCFDE",
        ),
    ),
    insight="The backward pass of a network costs twice its forward pass, whatever its depth.",
)

THROUGHPUT = Number(
    id="counting.throughput",
    title="How many pictures a second?",
    value=0.5 * 20e12 / (4.089e9 * 2 * 3),
    tolerance=0.9,
    unit="pictures a second",
    hints=(
        "How many operations is one multiply-accumulate?",
        "How many forward passes does one training step cost, about?",
        "Divide what the processor really does in a second by what one picture takes.",
    ),
    misconceptions=(
        Misconception(
            "the factor of two",
            "A factor of two is missing. The processor reaches half of its peak, and a "
            "multiply-accumulate is two operations.",
            0.5 * 20e12 / (4.089e9 * 3),
        ),
        Misconception(
            "forward pass only",
            "Training also computes two gradients for each layer, each as dear as the forward.",
            0.5 * 20e12 / (4.089e9 * 2),
        ),
        Misconception(
            "one gradient for each layer",
            "A layer computes a gradient for its weights and another for its input.",
            0.5 * 20e12 / (4.089e9 * 2 * 2),
        ),
        Misconception(
            "two factors forgotten",
            "Half of the peak, two operations for each multiply-accumulate, a backward pass: which "
            "of them did you leave out?",
            0.5 * 20e12 / 4.089e9,
        ),
    ),
    insight="A quick check of any speed that is claimed, and of whose operations were counted.",
)

EQUAL_WORK = Choice(
    id="counting.equal_work",
    title="Equal work, unequal time",
    options="abc",
    reasons="1234",
    correct=("c", 3),
    hints=(
        "Suppose the products were the cause. How long would the dense layer have taken?",
        "Suppose the moves were the cause. How long would the copy have taken?",
    ),
    misconceptions=(
        Misconception(
            "multiply-accumulates taken for time",
            "The dense layer does as many products, in a quarter of the time.",
            "a",
        ),
        Misconception(
            "a least time taken for the time",
            "Moving its numbers sets a least time, and the copy shows how little that is.",
            "b",
        ),
        Misconception(
            "few products for each number blamed",
            "True, but they are 4.5, and 1 in the dense layer, which was faster.",
            ("c", 1),
        ),
        Misconception(
            "short sums blamed",
            "In sum the products are as many; short sums alone say nothing about the time.",
            ("c", 2),
        ),
        Misconception(
            "fewer weights blamed",
            "Fewer weights are fewer numbers to move: that speaks for the depthwise layer.",
            ("c", 4),
        ),
    ),
    insight="Counts give least times. Far above them, look at how the work is carried out.",
)


def _work(C: int, n: int, classes: int) -> int:
    """Multiply-accumulates of the network to be designed, at width C."""
    strided = _conv_work(C, 2 * C, n, 3, 2, 1)
    return _conv_work(1, C, n, 3, 1, 1) + strided + 2 * C * classes


def _most(cost: Callable[[int], int], budget: int) -> int:
    """Return the largest width whose cost fits."""
    C = 0
    while cost(C + 1) <= budget:
        C += 1
    return C


def _budgets() -> list[tuple[int, int, int]]:
    """Budgets that a width meets exactly, misses by one or just exceeds, and others."""
    drawn = [(integer(20, 400) * 1000, integer(5, 20), integer(2, 30)) for _ in range(6)]
    exact = [(_work(C, n, 10), n, 10) for C, n in ((1, 3), (6, 9))]
    missed = [(_work(C, n, 40) - 1, n, 40) for C, n in ((1, 4), (5, 8))]
    exceeded = [(_work(C, n, m) + 5, n, m) for C, n, m in ((7, 9, 10), (4, 5, 900), (120, 3, 2))]
    return [*exact, *missed, *exceeded, *drawn]


WIDEST = Function(
    id="counting.widest",
    title="Design to a budget",
    signature="widest(budget, n, classes)",
    oracle=lambda budget, n, classes: _most(lambda C: _work(C, n, classes), budget),
    cases=_budgets,
    hints=(
        "Write the work of each of the three layers as a function of C, and add.",
        "After stride 2 with padding 1 an odd side is rounded up: 9 becomes 5.",
        "Make C larger as long as the next width still fits.",
    ),
    misconceptions=(
        Misconception(
            "one step too far",
            "The work at your C is above the budget: return the last width that fits.",
            lambda budget, n, classes: _most(lambda C: _work(C, n, classes), budget) + 1,
        ),
        Misconception(
            "budget to be undercut",
            "A network that costs exactly the budget still fits.",
            lambda budget, n, classes: _most(lambda C: _work(C, n, classes) + 1, budget),
        ),
        Misconception(
            "stride ignored",
            "The second convolution is evaluated at its output places, about a quarter of n·n.",
            lambda budget, n, classes: _most(
                lambda C: 9 * C * n * n + 18 * C * C * n * n + 2 * C * classes, budget
            ),
        ),
        Misconception(
            "odd sides rounded down",
            "With padding 1 and stride 2 an odd side n becomes (n + 1) / 2.",
            lambda budget, n, classes: _most(
                lambda C: 9 * C * n * n + 18 * C * C * (n // 2) ** 2 + 2 * C * classes, budget
            ),
        ),
        Misconception(
            "operations instead of multiply-accumulates",
            "The budget is in multiply-accumulates; you spend two for each of them.",
            lambda budget, n, classes: _most(lambda C: 2 * _work(C, n, classes), budget),
        ),
        Misconception(
            "doubled channels forgotten",
            "The second convolution leads from C to 2C channels: every one of the 2C has weights.",
            lambda budget, n, classes: _most(
                lambda C: (
                    _conv_work(1, C, n, 3, 1, 1) + _conv_work(C, C, n, 3, 2, 1) + 2 * C * classes
                ),
                budget,
            ),
        ),
        Misconception(
            "dense layer forgotten",
            "The dense layer at the end takes multiply-accumulates as well.",
            lambda budget, n, classes: _most(lambda C: _work(C, n, 0), budget),
        ),
    ),
    insight="Doubling the budget widens a network by √2 only: work is quadratic in the width.",
)

EXERCISES = (
    CONV_MACS,
    CONV_NORM,
    RESOLUTION,
    VGG_SHARE,
    SEPARABLE_RATIO,
    TRANSPOSED_MACS,
    ATTENTION,
    KEPT_MAPS,
    KEPT_BYTES,
    FOLD,
    BACKWARD,
    THROUGHPUT,
    EQUAL_WORK,
    WIDEST,
)
