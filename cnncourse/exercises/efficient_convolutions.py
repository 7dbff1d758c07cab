"""Exercises of chapter 10: cheap layers, what they give up, and what they really save."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import comb

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.grading.kinds import (
    Blanks,
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

NUMBER = 10
TITLE = "Efficient convolutions"

GROUPS_WIDTH = Number(
    id="efficient_convolutions.groups_width",
    title="What groups buy",
    value=256,
    unit="channels",
    hints=(
        "Write down the products of both layers for one output place.",
        "With C channels on both sides and 16 groups there are 9·C·C/16 of them.",
    ),
    misconceptions=(
        Misconception(
            "as many times as there are groups",
            "Both sides of the layer get wider: the products grow with the square of the width.",
            1024,
        ),
        Misconception(
            "width unchanged",
            "At the same width the grouped layer takes a sixteenth. How much wider may it be?",
            64,
        ),
        Misconception(
            "channels of one group",
            "So many channels has each group. How many are there in all groups together?",
            16,
        ),
    ),
    insight="ResNeXt spends its 32 groups like this: a wider block for the same bill.",
)

ONE_SHUFFLE = Choice(
    id="efficient_convolutions.one_shuffle",
    title="One shuffle",
    options="abc",
    reasons="123",
    correct=("b", 2),
    hints=(
        "How many channels does a group of the second convolution read?",
        "From how many groups of the first convolution can these channels come?",
        "And how many inputs has each of these channels read?",
    ),
    misconceptions=(
        Misconception(
            "one shuffle thought to be enough",
            "A group has four channels: it cannot hold channels of eight groups.",
            "a",
        ),
        Misconception(
            "the shuffle forgotten",
            "Without a shuffle, yes. Where do the four channels of a group stand before it?",
            "c",
        ),
        Misconception(
            "right, but for a reason that contradicts it",
            "If that reason were true, an output would depend on all inputs.",
            ("b", 1),
        ),
    ),
    insight="One shuffle reaches everything only if there are at least g·g channels.",
)


def _by_positions(x: Tensor, groups: int) -> Tensor:
    """Move every channel to its new position, one by one."""
    size = x.shape[1] // groups
    moved = x.clone()
    for channel in range(x.shape[1]):
        group, place = divmod(channel, size)
        moved[:, place * groups + group] = x[:, channel]
    return moved


SHUFFLE = Function(
    id="efficient_convolutions.shuffle",
    title="The shuffle as code",
    signature="channel_shuffle(x, groups)",
    oracle=_by_positions,
    cases=lambda: [
        (whole(1, 6, 1, 1), 2),
        (whole(1, 6, 1, 2), 3),
        (whole(2, 12, 3, 2), 3),
        (whole(3, 8, 2, 5), 4),
    ],
    forbidden=("channel_shuffle",),
    hints=(
        "Write the six channels of two groups into a table: one row a group.",
        "Read the table column by column instead of row by row.",
        "Split the axis of channels in two, exchange the two, and join them again.",
    ),
    misconceptions=(
        Misconception(
            "shuffled the other way",
            "The first of the two axes counts the groups: yours undoes the shuffle instead.",
            lambda x, groups: _by_positions(x, x.shape[1] // groups),
        ),
        Misconception(
            "split and joined without exchanging",
            "Splitting an axis and joining it again changes nothing: exchange the two in between.",
            lambda x, groups: x.clone(),
        ),
        Misconception(
            "groups moved as a whole",
            "Whole groups have changed places; their channels are to be dealt out one by one.",
            lambda x, groups: x.roll(x.shape[1] // groups, 1),
        ),
        Misconception(
            "channels mirrored",
            "The channels are dealt out, not put into the opposite order.",
            lambda x, groups: x.flip(1),
        ),
    ),
    insight="A view, a transposition, a view: no products at all, only memory that moves.",
)

NEVER_MEET = Proof(
    id="efficient_convolutions.never_meet",
    title="Grouped layers never meet",
    needs={"A": "", "B": "", "C": "B", "D": "C", "E": "AD"},
    superfluous="F",
    hints=(
        "It is an induction: where does it start?",
        "Start, assumption, what the new layer reads, what that depends on, conclusion.",
    ),
    misconceptions=(
        Misconception(
            "conclusion before its steps",
            "The conclusion stands before what it follows from.",
            "EABCD",
        ),
        Misconception(
            "reads confused with depends",
            "First say what the layer reads, then what this depends on.",
            "ABDCE",
        ),
        Misconception(
            "the shuffle taken into the chain",
            "There is no shuffle in this chain; with one, the statement would be false.",
            "ABCDFE",
        ),
    ),
    insight="Depth does not help: without something that mixes, g groups are g networks.",
)

WHICH_SEPARABLE = Choice(
    id="efficient_convolutions.which_separable",
    title="Which dense layers are separable?",
    options="abcd",
    reasons="123",
    correct=("b", 1),
    hints=(
        "Write down the kernel from channel c to channel d of the two layers together.",
        "Which of its factors depends on d, and which on c alone?",
    ),
    misconceptions=(
        Misconception(
            "separable in space",
            "That splits one kernel into a vertical and a horizontal pass. Here channels split.",
            "a",
        ),
        Misconception(
            "the order of the layers exchanged",
            "That describes a 1x1 convolution in front. Here the filter comes first.",
            "c",
        ),
        Misconception(
            "training thought to lead there",
            "The trained layers of the chapter came nearer to it, and stayed far away.",
            "d",
        ),
    ),
    insight="One matrix of kernels for each input channel, and its rank is the multiplier needed.",
)


def _from_eigenvectors(weight: Tensor, m: int, values: bool = True) -> Tensor:
    """Project the kernels that leave a channel onto their m strongest patterns.

    Without ``values``, singular vectors of length one are left.
    """
    nearest = torch.empty_like(weight)
    for channel in range(weight.shape[1]):
        kernels = weight[:, channel].flatten(1)  # (D, k*k)
        _, patterns = torch.linalg.eigh(kernels.T @ kernels)
        strongest = patterns[:, max(0, patterns.shape[1] - m) :]
        shares = kernels @ strongest  # (D, m): the left singular vectors times their values
        shares = shares if values else F.normalize(shares, dim=0)
        nearest[:, channel] = (shares @ strongest.T).view_as(weight[:, channel])
    return nearest


def _of_each_kernel(weight: Tensor, m: int) -> Tensor:
    u, s, v = torch.linalg.svd(weight, full_matrices=False)
    return (u[..., :m] * s[..., None, :m]) @ v[..., :m, :]


def _of_the_whole_table(weight: Tensor, m: int) -> Tensor:
    u, s, v = torch.linalg.svd(weight.flatten(1), full_matrices=False)
    return ((u[:, :m] * s[:m]) @ v[:m]).view_as(weight)


NEAREST = Function(
    id="efficient_convolutions.nearest",
    title="The nearest separable layer",
    signature="nearest_separable(weight, m)",
    oracle=_from_eigenvectors,
    cases=lambda: [
        (real(3, 1, 2, 2), 1),
        (real(5, 3, 2, 2), 1),
        (real(4, 2, 3, 3), 2),
        (real(12, 3, 3, 3), 4),
        (real(2, 5, 3, 3), 1),
    ],
    hints=(
        "For each input channel by itself: which matrix has to have rank m?",
        "Its rows are the kernels that leave this channel, one row an output channel.",
        "`torch.linalg.svd` takes a whole batch of matrices; keep the m largest values of each.",
    ),
    misconceptions=(
        Misconception(
            "each kernel by itself",
            "A kernel alone may have any rank. It is the kernels of one input channel together.",
            _of_each_kernel,
        ),
        Misconception(
            "all input channels in one matrix",
            "Every input channel has depthwise kernels of its own, so a matrix of its own.",
            _of_the_whole_table,
        ),
        Misconception(
            "one matrix for each output channel",
            "That is the layer with the 1x1 convolution in front. Group by input channel.",
            lambda weight, m: _from_eigenvectors(weight.transpose(0, 1), m).transpose(0, 1),
        ),
        Misconception(
            "nothing left out",
            "This is `weight` itself, which a separable layer can have only by chance.",
            lambda weight, m: weight.clone(),
        ),
        Misconception(
            "the remainder returned",
            "That is what the approximation leaves out.",
            lambda weight, m: weight - _from_eigenvectors(weight, m),
        ),
        Misconception(
            "singular values forgotten",
            "Singular vectors have length one: each pair of them comes with its value.",
            lambda weight, m: _from_eigenvectors(weight, m, values=False),
        ),
        Misconception(
            "axes not exchanged back",
            "The shape is right, but the input channels still stand in front of the outputs.",
            lambda weight, m: _from_eigenvectors(weight, m).transpose(0, 1).reshape(weight.shape),
        ),
        Misconception(
            "multiplier ignored",
            "With m kernels for an input channel its matrix may have more than rank one.",
            lambda weight, m: _from_eigenvectors(weight, 1),
        ),
    ),
    insight="The sum of the squares left out is the expected squared error on white noise.",
)


class _Turned(nn.Sequential):
    """The 1x1 convolution in front of the depthwise one."""

    def __init__(self, inputs: int, outputs: int, multiplier: int) -> None:
        widened = multiplier * inputs
        super().__init__(
            nn.Conv2d(inputs, widened, 1),
            nn.Conv2d(widened, outputs, 3, padding=1, groups=inputs, bias=False),
        )


def _multiplied(
    spatial: dict, factor: Callable[[int], int] = lambda m: m, between: Sequence[nn.Module] = ()
):
    def build(inputs: int, outputs: int, multiplier: int) -> nn.Module:
        middle = inputs * factor(multiplier)
        settings = {"groups": inputs, "padding": 1, "bias": False} | spatial
        return nn.Sequential(
            nn.Conv2d(inputs, middle, 3, **settings), *between, nn.Conv2d(middle, outputs, 1)
        )

    return build


MULTIPLIER = Module(
    id="efficient_convolutions.multiplier",
    title="With a channel multiplier",
    signature="SeparableConv(in_channels, out_channels, multiplier)",
    oracle=_multiplied({}),
    cases=lambda: [
        ((2, 4, 3), whole(1, 2, 3, 4)),
        ((4, 4, 2), whole(2, 4, 4, 4)),  # two groups are possible, and wrong
        ((3, 6, 1), whole(3, 3, 4, 6)),
    ],
    hints=(
        "How many channels stand between the two layers?",
        "As many groups as input channels; each group puts out `multiplier` channels.",
    ),
    misconceptions=(
        Misconception(
            "multiplier forgotten",
            "There are several kernels for each input channel, so more channels in the middle.",
            _multiplied({}, lambda m: 1),
        ),
        Misconception(
            "not depthwise",
            "Your 3x3 layer mixes channels: each of its outputs reads one input channel only.",
            _multiplied({"groups": 1}),
        ),
        Misconception(
            "channels mixed first",
            "First filter in space, then mix.",
            _Turned,
        ),
        Misconception(
            "bias in both",
            "The layer behind can carry the bias of the one in front: the 3x3 has none.",
            _multiplied({"bias": True}),
        ),
        Misconception(
            "no padding",
            "Height and width are to be kept.",
            _multiplied({"padding": 0}),
        ),
        Misconception(
            "ReLU between the layers",
            "Nothing stands between the two layers: together they are one convolution.",
            _multiplied({}, between=[nn.ReLU()]),
        ),
    ),
    insight="With as many kernels as a kernel has taps, it can be any dense layer, and costs more.",
)

INVERTED_RATIO = Number(
    id="efficient_convolutions.inverted_ratio",
    title="Is an inverted residual cheap?",
    value=6 * (32 + 9 + 32) / (9 * 32),
    tolerance=0.005,
    hints=(
        "Add up three layers: widen, filter, narrow.",
        "For each place the wide map has 6 times 32 channels. What does each of them cost?",
    ),
    misconceptions=(
        Misconception(
            "expansion forgotten",
            "The block filters six times as many channels as it has at its ends.",
            (32 + 9 + 32) / (9 * 32),
        ),
        Misconception(
            "one 1x1 convolution forgotten",
            "There are two 1x1 convolutions: one widens, one narrows.",
            6 * (32 + 9) / (9 * 32),
        ),
        Misconception(
            "compared at the wide end",
            "The dense layer leads from 32 to 32 channels, not between the wide maps.",
            6 * (32 + 9 + 32) / (9 * 36 * 32),
        ),
        Misconception(
            "upside down",
            "Asked for is the block divided by the dense layer.",
            9 * 32 / (6 * (32 + 9 + 32)),
        ),
        Misconception(
            "depthwise filter forgotten",
            "Nine products a channel for the filter in the middle are missing.",
            6 * (32 + 32) / (9 * 32),
        ),
        Misconception(
            "dense filter",
            "The filter in the middle is depthwise: each of its outputs reads one channel.",
            6 * (32 + 9 * 6 * 32 + 32) / (9 * 32),
        ),
    ),
    insight="Cheap compared with a dense layer at its wide end, not at its narrow one.",
)


def _block_work(C: int, D: int, t: int, k: int, n: int, stride: int) -> int:
    """Run the three layers on the meta device; each takes its weights times its places."""
    x, work = torch.empty(1, C, n, n, device="meta"), 0
    for outputs, inputs, size, step in ((t * C, C, 1, 1), (t * C, 1, k, stride), (D, t * C, 1, 1)):
        weight = torch.empty(outputs, inputs, size, size, device="meta")
        x = F.conv2d(x, weight, None, step, size // 2, groups=x.shape[1] // inputs)
        work += x.shape[2] * x.shape[3] * weight.numel()
    return work


INVERTED_MACS = Formula(
    id="efficient_convolutions.inverted_macs",
    title="An inverted residual with a stride",
    signature="macs(C, D, t, k, n, stride)",
    oracle=_block_work,
    cases=lambda: [
        (1, 1, 2, 1, 2, 1),
        (2, 3, 4, 3, 4, 2),
        *[
            (integer(2, 6), integer(2, 9), integer(2, 6), k, 12, stride)
            for k, stride in ((3, 1), (5, 2), (3, 3), (7, 2))
        ],
    ],
    hints=(
        "Three layers. How many weights has each?",
        "Which of the three has the stride, and on how many places does each work?",
        "The layer that widens still puts out n times n places.",
    ),
    misconceptions=(
        Misconception(
            "stride in every layer",
            "The layer that widens stands before the stride: it works on all places.",
            lambda C, D, t, k, n, s: (n // s) ** 2 * t * C * (C + k * k + D),
        ),
        Misconception(
            "stride forgotten",
            "Behind the stride there are fewer places.",
            lambda C, D, t, k, n, s: n * n * t * C * (C + k * k + D),
        ),
        Misconception(
            "stride in the last layer",
            "The depthwise layer has the stride, so it has fewer places already.",
            lambda C, D, t, k, n, s: t * C * (n * n * (C + k * k) + (n // s) ** 2 * D),
        ),
        Misconception(
            "dense filter",
            "The filter is depthwise: each of its outputs reads one channel.",
            lambda C, D, t, k, n, s: t * C * (n * n * C + (n // s) ** 2 * (t * C * k * k + D)),
        ),
        Misconception(
            "operations instead of multiply-accumulates",
            "That is twice too many: one product and one addition are one multiply-accumulate.",
            lambda C, D, t, k, n, s: 2 * t * C * (n * n * C + (n // s) ** 2 * (k * k + D)),
        ),
        Misconception(
            "stride along one axis",
            "The stride thins out the rows and the columns.",
            lambda C, D, t, k, n, s: t * C * (n * n * C + n * n // s * (k * k + D)),
        ),
        Misconception(
            "narrow map behind the filter",
            "A depthwise filter keeps the number of channels. What does the last layer read?",
            lambda C, D, t, k, n, s: C * (n * n * t * C + (n // s) ** 2 * (t * k * k + D)),
        ),
    ),
    insight="With a stride, widening is often the dearest part: it works at the old resolution.",
)

SURVIVES = Number(
    id="efficient_convolutions.survives",
    title="What survives a ReLU",
    value=sum(comb(8, j) for j in range(4, 9)) / 2**8,
    tolerance=0.0006,
    hints=(
        "Each positive entry is one linear equation for the point. How many are needed?",
        "Each of the entries is positive with probability one half, independently.",
        "Add up the ways to have four, five, … positive entries.",
    ),
    misconceptions=(
        Misconception(
            "exactly four",
            "More equations than needed do no harm: count at least four.",
            comb(8, 4) / 2**8,
        ),
        Misconception(
            "more than four",
            "So likely are five or more positive entries, and three or fewer. Four equations "
            "determine four coordinates already.",
            sum(comb(8, j) for j in range(5, 9)) / 2**8,
        ),
        Misconception(
            "no negative entry allowed",
            "Entries may be lost, as long as enough of them are left.",
            1 / 2**8,
        ),
        Misconception(
            "without the wider map",
            "That would be a map from 4 to 4 dimensions.",
            1 / 2**4,
        ),
        Misconception(
            "one half by symmetry",
            "By symmetry, at least four positive are as likely as at most four positive: "
            "exactly four counts for both.",
            0.5,
        ),
        Misconception(
            "percent instead of probability",
            "A probability lies between 0 and 1.",
            100 * sum(comb(8, j) for j in range(4, 9)) / 2**8,
        ),
    ),
    insight="With six times as many dimensions instead of two, 99.99 % survive.",
)

LINEAR_END = Choice(
    id="efficient_convolutions.linear_end",
    title="Where the ReLU is missing",
    options="abcd",
    reasons="123",
    correct=("b", 2),
    hints=(
        "Compare a ReLU from 8 to 8 dimensions with one from 8 to 48.",
        "What did the chapter prove, what did it measure, and with which weights?",
    ),
    misconceptions=(
        Misconception(
            "non-linearity thought to make it linear",
            "A ReLU never makes a block linear; leaving it out makes its last layer linear.",
            "a",
        ),
        Misconception(
            "pointwise work thought to count",
            "In our count a ReLU takes no multiply-accumulates, and it is cheap in time at the "
            "narrow end.",
            "c",
        ),
        Misconception(
            "information confused with gradients",
            "The argument is about what the forward pass keeps, not about gradients.",
            "d",
        ),
        Misconception(
            "model taken for a theorem about training",
            "The proposition speaks about random weights. No theorem covers all trained networks.",
            ("b", 3),
        ),
        Misconception(
            "proposition confused with the experiment",
            "That experiment comes later in the chapter. The proposition trains nothing.",
            ("b", 1),
        ),
    ),
    insight="A good reason for a default. What a trained network loses, an experiment has to say.",
)


class _Gate(nn.Module):
    """Squeeze-excitation, right or with one part changed."""

    def __init__(
        self,
        channels: int,
        squeeze: int,
        pool: Callable[[Tensor], Tensor],
        inner: Callable[[Tensor], Tensor],
        outer: Callable[[Tensor], Tensor],
        apply: Callable[[Tensor, Tensor], Tensor],
    ) -> None:
        super().__init__()
        self.down, self.up = nn.Conv2d(channels, squeeze, 1), nn.Conv2d(squeeze, channels, 1)
        self.pool, self.inner, self.outer, self.apply_gate = pool, inner, outer, apply

    def forward(self, x: Tensor) -> Tensor:
        return self.apply_gate(x, self.outer(self.up(self.inner(self.down(self.pool(x))))))


def _gate(
    pool: Callable = lambda x: x.mean((2, 3), keepdim=True),
    inner: Callable = torch.relu,
    outer: Callable = torch.sigmoid,
    apply: Callable = torch.mul,
):
    return lambda channels, squeeze: _Gate(channels, squeeze, pool, inner, outer, apply)


def _over_channels(x: Tensor) -> Tensor:
    """One mean for a picture, over channels and places, instead of one a channel."""
    return x.mean((1, 2, 3), keepdim=True).expand(-1, x.shape[1], 1, 1)


SQUEEZE = Module(
    id="efficient_convolutions.squeeze",
    title="Squeeze and excite",
    signature="SqueezeExcitation(channels, squeeze_channels)",
    oracle=_gate(),
    cases=lambda: [
        ((4, 2), whole(1, 4, 4, 4)),
        ((3, 2), whole(3, 3, 3, 3)),  # as many pictures as rows: an (N, C) gate fits, too
        ((4, 3), whole(2, 4, 2, 4)),
    ],
    hints=(
        "The mean is over the two axes of the places: what shape is left?",
        "Two `nn.Linear` layers with a ReLU between them and a sigmoid behind them.",
        "Give the gate two axes of size one, so that it multiplies whole channels.",
    ),
    misconceptions=(
        Misconception(
            "pooled over the channels",
            "The mean is over the places only: each channel keeps a number of its own.",
            _gate(pool=_over_channels),
        ),
        Misconception(
            "sigmoid missing",
            "The gate is to lie between 0 and 1: something is missing behind the second layer.",
            _gate(outer=lambda s: s),
        ),
        Misconception(
            "ReLU instead of sigmoid",
            "A ReLU has no upper end, and the gate is to lie between 0 and 1.",
            _gate(outer=torch.relu),
        ),
        Misconception(
            "ReLU missing",
            "Between the two layers stands a ReLU; without it they are one linear map.",
            _gate(inner=lambda s: s),
        ),
        Misconception(
            "gate broadcast along the rows",
            "Your gate multiplies columns of the picture: put its axes of size one at the end.",
            _gate(apply=lambda x, s: x * s[:, None, None, :, 0, 0]),
        ),
        Misconception(
            "gate without its axes",
            "A gate of shape (N, C) lines up with rows and columns, not channels: add two axes.",
            _gate(apply=lambda x, s: x * s[:, :, 0, 0]),
        ),
        Misconception(
            "gate added",
            "The gate multiplies the channels; it is not added to them.",
            _gate(apply=torch.add),
        ),
        Misconception(
            "largest instead of mean",
            "The squeeze is the mean over the places, not the largest value.",
            _gate(pool=lambda x: x.amax((2, 3), keepdim=True)),
        ),
        Misconception(
            "sum instead of mean",
            "A sum grows with the size of the picture; the squeeze does not.",
            _gate(pool=lambda x: x.sum((2, 3), keepdim=True)),
        ),
        Misconception(
            "gate returned",
            "This is the gate alone: multiply the input by it.",
            _gate(apply=lambda x, s: s.expand_as(x)),
        ),
    ),
    insight="Each channel is weighed by what the whole picture holds, wherever it stands.",
)

GATE_BILL = Blanks(
    id="efficient_convolutions.gate_bill",
    title="The bill of the gate",
    variables=("C", "S", "n"),
    blanks={"weights": "2 * C * S", "biases": "C + S", "macs": "2 * C * S"},
    hints=(
        "Two dense layers: from how many numbers to how many?",
        "How often is each of them applied to one picture?",
    ),
    misconceptions=(
        Misconception(
            "applied at every place",
            "The dense layers see the means: they are applied once, not at every place.",
            {"macs": "2 * C * S * n * n"},
        ),
        Misconception(
            "pointwise work counted",
            "By our convention the products with the gate count as nothing.",
            {"macs": "2 * C * S + C * n * n"},
        ),
        Misconception(
            "mean counted as well",
            "By our convention neither the mean nor the products with the gate count.",
            {"macs": "2 * C * S + 2 * C * n * n"},
        ),
        Misconception(
            "one layer only",
            "There are two layers: down to the squeeze channels, and back up.",
            {"weights": "C * S"},
        ),
        Misconception(
            "products of one layer only",
            "Every weight is used once. Compare with the first gap.",
            {"macs": "C * S"},
        ),
        Misconception(
            "biases counted among the weights",
            "The biases have a gap of their own: leave them out of the weights.",
            {"weights": "2 * C * S + C + S"},
        ),
        Misconception(
            "biases of the first layer miscounted",
            "A bias belongs to an output: S in the first layer. And in the second?",
            {"biases": "2 * C"},
        ),
        Misconception(
            "biases of the second layer miscounted",
            "A bias belongs to an output, and the second layer leads back to all channels.",
            {"biases": "2 * S"},
        ),
        Misconception(
            "biases of one layer only",
            "These are the biases of the second layer. The first has its own.",
            {"biases": "C"},
        ),
    ),
    insight="The same number of products for a thumbnail and for a poster.",
)

SCALED_PARAMETERS = Number(
    id="efficient_convolutions.scaled_parameters",
    title="Parameters of a scaled network",
    value=(1.2 * 1.21) ** 3,
    tolerance=0.006,
    hints=(
        "Which of depth, width and resolution cost parameters?",
        "A 1x1 convolution has C times D weights, and both grow with the width.",
    ),
    misconceptions=(
        Misconception(
            "resolution counted",
            "That is the work. A convolution has the same weights at every resolution.",
            (1.2 * 1.21 * 1.15**2) ** 3,
        ),
        Misconception(
            "width counted once",
            "Input and output channels both grow.",
            (1.2 * 1.1) ** 3,
        ),
        Misconception(
            "one step only",
            "This is one step. Three are asked for.",
            1.2 * 1.21,
        ),
        Misconception(
            "steps added",
            "Steps multiply: three of them are a third power.",
            3 * 1.2 * 1.21,
        ),
        Misconception(
            "depth forgotten",
            "More layers have more weights.",
            1.21**3,
        ),
    ),
    insight="The work grows more than twice as much: resolution costs time and no parameters.",
)


def _until_too_cheap(n: int, k: int, rho: float) -> float:
    """Bisect the excess of attention over rho separable convolutions, a falling line in d."""
    low, high = -1e7, 1e7
    for _ in range(200):
        middle = (low + high) / 2
        enough = 4 * middle + 2 * n >= rho * (k * k + middle)
        low, high = (middle, high) if enough else (low, middle)
    return low


ATTENTION_WIDTH = Formula(
    id="efficient_convolutions.attention_width",
    title="Up to which width?",
    signature="widest(n, k, rho)",
    oracle=_until_too_cheap,
    cases=lambda: [
        (49, 3, 5),
        (196, 3, 10),
        *[(integer(400, 999), integer(2, 7), integer(11, 30) / 2) for _ in range(5)],
    ],
    hints=(
        "Write the condition down and divide both sides by n·d.",
        "What is left is linear in d. Mind the sign when you divide.",
    ),
    misconceptions=(
        Misconception(
            "depthwise part forgotten",
            "The separable convolution has a depthwise part too: k·k products a value.",
            lambda n, k, rho: 2 * n / (rho - 4),
        ),
        Misconception(
            "one product of tokens with tokens",
            "Tokens meet tokens twice: for the scores and for the averages.",
            lambda n, k, rho: (n - rho * k * k) / (rho - 4),
        ),
        Misconception(
            "three projections",
            "Attention has four dense maps: queries, keys, values and the output.",
            lambda n, k, rho: (2 * n - rho * k * k) / (rho - 3),
        ),
        Misconception(
            "kernel side instead of area",
            "A kernel has k times k taps.",
            lambda n, k, rho: (2 * n - rho * k) / (rho - 4),
        ),
        Misconception(
            "sign lost",
            "Check with n = 49, k = 3 and rho = 5: the width there is positive.",
            lambda n, k, rho: (2 * n - rho * k * k) / (4 - rho),
        ),
        Misconception(
            "rounded down",
            "The width is a real number here: do not round it.",
            lambda n, k, rho: (2 * n - rho * k * k) // (rho - 4),
        ),
    ),
    insight="The width grows with the number of tokens: wide networks make attention look cheap.",
)

SLOW_GROUPS = Choice(
    id="efficient_convolutions.slow_groups",
    title="Eight times fewer products, and slower",
    options="abc",
    reasons="123",
    correct=("b", 2),
    hints=(
        "How many weights and how many products has each of the two layers?",
        "Look at the left end of the table as well before you generalise.",
    ),
    misconceptions=(
        Misconception(
            "more weights",
            "It has eight times fewer weights: each output reads two channels instead of sixteen.",
            "a",
        ),
        Misconception(
            "more products",
            "It does eight times fewer products. That is what makes the time surprising.",
            "c",
        ),
        Misconception(
            "all groups thought to be useless",
            "With few groups the time fell about as promised.",
            ("b", 1),
        ),
        Misconception(
            "every grouped layer thought to be slower",
            "The dense layer took longer than any of them; it is the speed that falls.",
            ("b", 3),
        ),
    ),
    insight="Fewer products need not mean less time: only a measurement decides.",
)

EXERCISES = (
    GROUPS_WIDTH,
    ONE_SHUFFLE,
    SHUFFLE,
    NEVER_MEET,
    WHICH_SEPARABLE,
    NEAREST,
    MULTIPLIER,
    INVERTED_RATIO,
    INVERTED_MACS,
    SURVIVES,
    LINEAR_END,
    SQUEEZE,
    GATE_BILL,
    SCALED_PARAMETERS,
    ATTENTION_WIDTH,
    SLOW_GROUPS,
)
