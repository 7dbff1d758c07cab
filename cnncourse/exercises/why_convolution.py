"""Exercises of chapter 01: what a dense map costs, and what two assumptions save."""

from __future__ import annotations

import torch
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
    whole,
)

NUMBER = 1
TITLE = "Why convolution?"

DENSE_WEIGHTS = Number(
    id="why_convolution.dense_weights",
    title="Weights of one dense unit on a colour photograph",
    value=224 * 224 * 3,
    unit="weights",
    hints=(
        "A dense unit has one weight for every number that it sees.",
        "How many numbers does one pixel of a colour photograph hold?",
        "Multiply the height, the width and the number of colour channels.",
    ),
    misconceptions=(
        Misconception(
            "one weight a pixel",
            "A pixel of a colour photograph is three numbers, and each has a weight of its own.",
            224 * 224,
        ),
        Misconception(
            "the bias counted as a weight",
            "The unit has a bias as well, but the question asks for the weights alone.",
            224 * 224 * 3 + 1,
        ),
        Misconception(
            "sides added",
            "Pixels fill an area: height and width multiply.",
            (224 + 224) * 3,
        ),
    ),
    insight="One unit, and already more weights than all of LeNet-5.",
)

MOVING_ALONG = Choice(
    id="why_convolution.moving_along",
    title="Equivariant or invariant?",
    options="abc",
    reasons="123",
    correct=("b", 1),
    hints=(
        "Follow one bright pixel: where does it show in the output before and after the shift?",
        "Equivariant: the output moves along. Invariant: the output stays as it is.",
    ),
    misconceptions=(
        Misconception(
            "invariance taken for equivariance",
            "An invariant output stays as it is. A feature map does not: its peak moves along.",
            "a",
        ),
        Misconception(
            "translation read as adding a constant",
            "A translation moves the picture, `(T_v x)[i] = x[i - v]`. It adds nothing.",
            "c",
        ),
        Misconception(
            "the sum blamed",
            "A sum over all positions gives invariance. Here each position keeps its own value.",
            ("b", 2),
        ),
    ),
    insight="Invariance can be made from equivariance by pooling; never the other way round.",
)


def _sizes() -> list[tuple[int, ...]]:
    """Channels in and out, height, width, kernel size: small and odd first."""
    drawn = [
        (integer(1, 9), integer(1, 9), integer(7, 30), integer(7, 30), 2 * integer(0, 3) + 1)
        for _ in range(8)
    ]
    return [(1, 1, 4, 5, 1), (2, 3, 4, 5, 3), *drawn]


LOCALLY_CONNECTED = Formula(
    id="why_convolution.locally_connected",
    title="Weights of a layer that is local but does not share",
    signature="weights(C, D, H, W, k)",
    oracle=lambda C, D, H, W, k: torch.empty(D, C, H, W, k, k, device="meta").numel(),
    cases=_sizes,
    hints=(
        "A weight has an address: which output does it serve, and which input does it read?",
        "Every place of the output has a kernel of its own.",
        "Multiply: channel pairs, places, and weights in one window.",
    ),
    misconceptions=(
        Misconception(
            "weights shared after all",
            "Without sharing, each of the H times W places has its own k times k weights.",
            lambda C, D, H, W, k: C * D * k * k,
        ),
        Misconception(
            "not local after all",
            "A local unit reads a window of k times k pixels, not the whole picture.",
            lambda C, D, H, W, k: C * D * (H * W) ** 2,
        ),
        Misconception(
            "output channels forgotten",
            "Each of the D output channels has weights of its own.",
            lambda C, D, H, W, k: C * H * W * k * k,
        ),
        Misconception(
            "kernel side instead of area",
            "A window is k wide and k high.",
            lambda C, D, H, W, k: C * D * H * W * k,
        ),
    ),
    insight="Locality alone saves the factor HW / k²; sharing saves another factor HW.",
)

CONVOLUTION_PARAMETERS = Formula(
    id="why_convolution.convolution_parameters",
    title="Parameters of a convolution layer, biases included",
    signature="parameters(C, D, k)",
    oracle=lambda C, D, k: sum(p.numel() for p in nn.Conv2d(C, D, k).parameters()),
    cases=lambda: [(1, 1, 1), (3, 16, 5), *[(integer(1, 40), integer(1, 40), 3) for _ in range(6)]],
    hints=(
        "Does the size of the picture matter?",
        "There is one kernel for every pair of an input and an output channel.",
        "Every output channel has one bias, the same at all places.",
    ),
    misconceptions=(
        Misconception(
            "biases forgotten",
            "The question asks for the biases as well: one for each output channel.",
            lambda C, D, k: C * D * k * k,
        ),
        Misconception(
            "a bias for every kernel",
            "An output channel adds up all its kernels and then one bias.",
            lambda C, D, k: C * D * (k * k + 1),
        ),
        Misconception(
            "one kernel for each output channel",
            "An output channel has a kernel of its own for every input channel.",
            lambda C, D, k: D * (k * k + 1),
        ),
        Misconception(
            "kernel side instead of area",
            "A kernel has k times k weights.",
            lambda C, D, k: D * (C * k + 1),
        ),
    ),
    insight="No H and no W in it: the same layer fits a picture of any size.",
)

SHARING_FACTOR = Number(
    id="why_convolution.sharing_factor",
    title="What sharing alone saves",
    value=56 * 56,
    hints=(
        "Compare the counts before and after: which index disappeared?",
        "Before, there is one set of weights for each place of the output.",
    ),
    misconceptions=(
        Misconception(
            "the factor of locality",
            "That is what looking nearby saves. Sharing removes the index of the place.",
            56 * 56 / 9,
        ),
        Misconception(
            "side instead of area",
            "The map has 56 rows and 56 columns.",
            56,
        ),
        Misconception(
            "channels counted as places",
            "The channels stay as they are: every pair keeps weights of its own.",
            56 * 56 * 64,
        ),
    ),
    insight="Sharing divides the weights by the number of places, whatever the channels.",
)

DOUBLED_SIDE = Number(
    id="why_convolution.doubled_side",
    title="Dense weights when the side of the picture doubles",
    value=4,
    hints=(
        "The number of hidden units stays as it is. What about the pixels?",
        "Twice the rows and twice the columns.",
    ),
    misconceptions=(
        Misconception(
            "linear in the side",
            "Both the height and the width double.",
            2,
        ),
        Misconception(
            "the output grows along",
            "The number of hidden units is fixed here: only the input grows.",
            16,
        ),
    ),
    insight="Quadratic in the side with a fixed hidden size; quartic from picture to picture.",
)


def _moved(x: Tensor, shift: tuple[int, int]) -> Tensor:
    return x.roll(shift, (0, 1))


def _pushed(x: Tensor, shift: tuple[int, int]) -> Tensor:
    """Move without wrapping around: zeros come in."""
    result = torch.zeros_like(x)
    for i, j in torch.cartesian_prod(*map(torch.arange, x.shape)).tolist():
        a, b = i - shift[0], j - shift[1]
        if 0 <= a < x.shape[0] and 0 <= b < x.shape[1]:
            result[i, j] = x[a, b]
    return result


TRANSLATE = Function(
    id="why_convolution.translate",
    title="Translate a picture on the circle",
    signature="translate(x, shift)",
    oracle=_moved,
    cases=lambda: [
        (whole(1, 3), (0, 1)),
        (whole(3, 4), (1, 0)),
        (whole(4, 6), (1, 2)),
        (whole(5, 7), (-2, 3)),
        (whole(6, 4), (7, -9)),
    ],
    forbidden=("roll",),
    hints=(
        "Which pixel of x ends up at place (i, j) of the result?",
        "The definition says (T_v x)[i] = x[i - v].",
        "On the circle an index is taken modulo the size: `%` does that, for negative ones too.",
    ),
    misconceptions=(
        Misconception(
            "moved the other way",
            "(T_v x)[i] = x[i - v]: what stood at 0 stands at v afterwards.",
            lambda x, shift: _moved(x, (-shift[0], -shift[1])),
        ),
        Misconception(
            "axes swapped",
            "The first number of the shift moves rows down, the second moves columns right.",
            lambda x, shift: _moved(x, shift[::-1]),
        ),
        Misconception(
            "zeros come in",
            "On the circle nothing is lost: what leaves on one side enters on the other.",
            _pushed,
        ),
        Misconception(
            "a constant added",
            "To translate is to move the picture, not to add to its values.",
            lambda x, shift: x + sum(shift),
        ),
    ),
    insight="With this one function you can test any layer for equivariance.",
)

SHIFTED_INDEX = Blanks(
    id="why_convolution.shifted_index",
    title="The index after a translation",
    variables=("i", "a", "v"),
    blanks={"index": "i + a - v"},
    hints=(
        "Write y = T_v x. The sum reads y at i + a.",
        "By definition y[j] = x[j - v]. Put j = i + a.",
    ),
    misconceptions=(
        Misconception(
            "translation with the wrong sign",
            "(T_v x)[j] = x[j - v]: the minus sign makes the picture move by plus v.",
            "i + a + v",
        ),
        Misconception(
            "kernel flipped",
            "The sum reads x at i + a, a cross-correlation: a is added.",
            "i - a - v",
        ),
        Misconception(
            "translation dropped",
            "The picture was moved: the index has to say by how much.",
            "i + a",
        ),
    ),
    insight="i + a - v = (i - v) + a: the same sum, v places earlier. That is the whole proof.",
)

SHARING_PROOF = Proof(
    id="why_convolution.sharing_proof",
    title="Equivariance implies sharing: order the proof",
    needs={"A": "", "B": "", "C": "AB", "D": "C", "E": "D"},
    superfluous="F",
    hints=(
        "Start with what the weights and the bright pixel are, before the assumption is used.",
        "Equivariance can be applied once the bright pixel at k is written as a translation.",
        "That W depends on i - k only comes last but one; renaming the offset comes last.",
    ),
    misconceptions=(
        Misconception(
            "equivariance used too early",
            "f(T_k δ₀) can be swapped only after δ_k has been written as T_k δ₀.",
            "ACBDE",
        ),
        Misconception(
            "conclusion before its reason",
            "That the weights depend on the difference alone is what the swap shows.",
            "ABDCE",
        ),
        Misconception(
            "locality slipped in",
            "The theorem does not need locality: a shared kernel may be as large as the picture.",
            "ABCFDE",
        ),
    ),
    insight="Equivariance is not one property of convolutions among others: it defines them.",
)

SHUFFLED = Choice(
    id="why_convolution.shuffled",
    title="One fixed shuffle of all pixels",
    options="abcd",
    reasons="123",
    correct=("b", 2),
    hints=(
        "Which of the two networks knows which pixels are neighbours?",
        "A dense layer can permute its columns. What could a kernel of 3 by 3 permute?",
    ),
    misconceptions=(
        Misconception(
            "the dense net thought to know the grid",
            "Permute the columns of its first layer: the same network for the shuffled pictures.",
            "a",
        ),
        Misconception(
            "information thought lost",
            "A permutation loses nothing: it can be undone. It only destroys neighbourhoods.",
            "c",
        ),
        Misconception(
            "the convolution thought to adapt",
            "Shared weights cannot be permuted place by place: locality looks at strangers now.",
            "d",
        ),
        Misconception(
            "parameters thought to be the reason",
            "More weights do not help by themselves: what matters is that the columns are free.",
            ("b", 1),
        ),
    ),
    insight="An inductive bias helps as far as it is true of the data, and no further.",
)


def _diagonal_means(W: Tensor) -> Tensor:
    """The mean of each circular diagonal, written back along it."""
    n = len(W)
    rows = torch.arange(n)
    shared = torch.stack([W[rows, (rows + a) % n].mean() for a in range(n)])
    return shared[(rows[None] - rows[:, None]) % n]


def _bounded_diagonal_means(W: Tensor) -> Tensor:
    """The means of the diagonals of a matrix that is not wound round a circle."""
    n = len(W)
    offsets = torch.arange(n) - torch.arange(n)[:, None]
    means = torch.stack([W.diagonal(a).mean() for a in range(1 - n, n)])
    return means[offsets + n - 1]


def _antidiagonal_means(W: Tensor) -> Tensor:
    return _diagonal_means(W.flip(1)).flip(1)


SHARE = Function(
    id="why_convolution.share",
    title="The nearest equivariant layer",
    signature="share(W)",
    oracle=_diagonal_means,
    cases=lambda: [(whole(2, 2),), (whole(3, 3),), (whole(5, 5),), (whole(8, 8),)],
    hints=(
        "Which entries of W must be equal in an equivariant layer? Those with the same k - i.",
        "The number nearest to several numbers, in the sum of squares, is their mean.",
        "For every offset a, average W[i, (i + a) % n] over i and write the mean back.",
    ),
    misconceptions=(
        Misconception(
            "one number for all",
            "Only entries with the same offset have to agree, not all of them.",
            lambda W: W.mean().expand_as(W).clone(),
        ),
        Misconception(
            "the first row copied",
            "Taking the first row makes W equivariant, but another choice is nearer: the mean.",
            lambda W: torch.stack([W[0].roll(i) for i in range(len(W))]),
        ),
        Misconception(
            "diagonals that end at the border",
            "On the circle a diagonal goes on at the other side: its offset is taken modulo n.",
            _bounded_diagonal_means,
        ),
        Misconception(
            "averaged along the other diagonal",
            "Offsets are differences k - i, constant from top left to bottom right.",
            _antidiagonal_means,
        ),
        Misconception(
            "averaged over rows",
            "The average over rows keeps k, but what has to stay is the offset k - i.",
            lambda W: W.mean(0, keepdim=True).expand_as(W).clone(),
        ),
    ),
    insight="This is the orthogonal projection onto the equivariant maps: 'convolutionalising' W.",
)


class _Reordered(nn.Module):
    """The invariant network with one thing different, given as keywords."""

    def __init__(self, inputs: int, outputs: int, mode: str, act: bool, largest: bool) -> None:
        super().__init__()
        self.look = nn.Conv2d(inputs, 8, 3, padding=1, padding_mode=mode)
        self.act = nn.ReLU() if act else nn.Identity()
        self.name = nn.Linear(8, outputs)
        self.largest = largest

    def forward(self, x: Tensor) -> Tensor:
        maps = self.act(self.look(x)).flatten(2)
        return self.name(maps.amax(2) if self.largest else maps.mean(2))


class _Squashed(_Reordered):
    """Pools first and applies the non-linearity to the pooled numbers."""

    def forward(self, x: Tensor) -> Tensor:
        return self.name(self.act(self.look(x).mean((2, 3))))


def _invariant(mode: str = "circular", act: bool = True, largest: bool = False):
    return lambda inputs, outputs: _Reordered(inputs, outputs, mode, act, largest)


INVARIANT_NET = Module(
    id="why_convolution.invariant_net",
    title="A network that cannot know where",
    signature="InvariantNet(in_channels, num_classes)",
    oracle=_invariant(),
    cases=lambda: [((1, 2), whole(1, 1, 3, 4)), ((2, 3), whole(2, 2, 5, 4))],
    hints=(
        "Which padding makes a convolution equivariant on the circle?",
        "Non-linearity first, then the mean over all places, then the dense layer.",
        "`padding_mode` of `nn.Conv2d` sets what stands outside the picture.",
    ),
    misconceptions=(
        Misconception(
            "zeros around the picture",
            "A border of zeros tells where the picture ends: pad in a circle.",
            _invariant(mode="zeros"),
        ),
        Misconception(
            "largest instead of mean",
            "The question asks for the mean over all places.",
            _invariant(largest=True),
        ),
        Misconception(
            "no non-linearity",
            "Between convolution and pooling stands a ReLU.",
            _invariant(act=False),
        ),
        Misconception(
            "pooled before the non-linearity",
            "Apply the ReLU at every place, and pool afterwards.",
            lambda inputs, outputs: _Squashed(inputs, outputs, "circular", True, False),
        ),
    ),
    insight="Equivariant layers and one pooling: invariant with any weights, trained or not.",
)

EXERCISES = (
    DENSE_WEIGHTS,
    DOUBLED_SIDE,
    CONVOLUTION_PARAMETERS,
    LOCALLY_CONNECTED,
    SHARING_FACTOR,
    MOVING_ALONG,
    TRANSLATE,
    SHIFTED_INDEX,
    SHARING_PROOF,
    SHARE,
    SHUFFLED,
    INVARIANT_NET,
)
