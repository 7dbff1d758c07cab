"""Exercises of chapter 11: how does a network answer for every pixel?"""

from __future__ import annotations

import math
from collections.abc import Callable

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
from cnncourse.shapes import conv_transpose_output_size

NUMBER = 11
TITLE = "Dense prediction"

# Every way to let torch stamp, or differentiate a convolution.
STAMPING = (
    *("conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "convolution"),
    *("grad", "backward", "vjp", "jacrev", "jacobian", "convolution_backward"),
)


TRANSPOSED_SIZE = Formula(
    id="dense_prediction.transposed_size",
    title="How large a transposed convolution's map is",
    signature="size(n, k, s, p, o)",
    oracle=conv_transpose_output_size,
    cases=lambda: [
        (4, 3, 2, 1, 1),
        (7, 5, 3, 2, 2),
        (1, 4, 2, 1, 0),
        *[(integer(8, 40), integer(6, 9), integer(4, 5), integer(1, 2), 3) for _ in range(3)],
    ],
    hints=(
        "Where does the first stamp begin, and where the last one?",
        "From the first start to the last there are n - 1 steps; the last stamp is k long.",
        "Padding is cut off at both ends. Output padding is added at the far end only.",
    ),
    misconceptions=(
        Misconception(
            "size times stride",
            "The last of n stamps begins n - 1 steps after the first, and is k long.",
            lambda n, k, s, p, o: n * s,
        ),
        Misconception(
            "a step too many",
            "Between n starts there are n - 1 steps.",
            lambda n, k, s, p, o: n * s + k - 2 * p + o,
        ),
        Misconception(
            "padding added",
            "The padding belongs to the convolution whose adjoint this is: here it is cut off.",
            lambda n, k, s, p, o: (n - 1) * s + k + 2 * p + o,
        ),
        Misconception(
            "padding at one end",
            "Both ends lose p.",
            lambda n, k, s, p, o: (n - 1) * s + k - p + o,
        ),
        Misconception(
            "output padding at both ends",
            "Output padding is added at the far end only: it says which of s sizes is meant.",
            lambda n, k, s, p, o: (n - 1) * s + k - 2 * p + 2 * o,
        ),
        Misconception(
            "output padding forgotten",
            "Several sizes lead to n under the convolution; o says which of them is meant.",
            lambda n, k, s, p, o: (n - 1) * s + k - 2 * p,
        ),
        Misconception(
            "size of the convolution",
            "That is how a convolution shrinks n. The transposed one goes the other way.",
            lambda n, k, s, p, o: (n + 2 * p - k) // s + 1,
        ),
    ),
    insight="With k = 2, s = 2, p = 0 it doubles exactly; with k = 3, p = 1 only if o = 1.",
)


def _stamped(
    turn: bool = False, add: bool = True, far: bool = False, order: str = "co"
) -> Callable:
    """A wrong answer: stamps turned round, overwritten, cut at the far end, channels exchanged."""

    def answer(x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
        weight = weight if order == "co" else weight.transpose(0, 1)
        weight = weight.flip(-1) if turn else weight
        k = weight.shape[-1]
        length = stride * x.shape[1] - stride + k
        canvas = torch.zeros(weight.shape[1], length, dtype=x.dtype)
        for number, column in enumerate(x.T):
            place = canvas[:, number * stride :][:, :k]
            stamp = torch.tensordot(column, weight, 1)
            place.copy_(place + stamp if add else stamp)
        first = 0 if far else padding
        return canvas[:, first : first + length - 2 * padding]

    return answer


STAMP = Function(
    id="dense_prediction.stamp",
    title="A transposed convolution by stamping",
    signature="transposed(x, weight, stride, padding)",
    oracle=lambda x, weight, stride, padding: F.conv_transpose1d(
        x[None], weight, stride=stride, padding=padding
    )[0],
    cases=lambda: [
        (torch.tensor([[2.0, 3.0]]).double(), torch.tensor([[[1.0, 4.0, 5.0]]]).double(), 2, 0),
        (whole(1, 3), torch.tensor([[[1.0, 2.0, 5.0]]]).double(), 1, 1),
        (whole(2, 3), whole(2, 2, 4), 2, 1),
        (whole(3, 5), whole(3, 2, 3), 4, 0),
        (whole(2, 4), whole(2, 3, 5), 3, 2),
    ],
    forbidden=STAMPING,
    hints=(
        "Begin with zeros of the size before anything is cut off.",
        "Input i puts the kernel, times its value, at the places from i * stride on.",
        "Stamps add up where they overlap. A stamp sums over the channels that come in.",
    ),
    misconceptions=(
        Misconception(
            "kernel turned round",
            "The kernel is stamped as it stands: its first tap lands at the first place.",
            _stamped(turn=True),
        ),
        Misconception(
            "stamps overwritten",
            "Where two stamps overlap they are added, not replaced.",
            _stamped(add=False),
        ),
        Misconception(
            "cut at the far end only",
            "Padding is taken from both ends.",
            _stamped(far=True),
        ),
        Misconception(
            "channels exchanged",
            "The weight of a transposed convolution has the channels that come in first.",
            _stamped(order="oc"),
        ),
        Misconception(
            "padding kept",
            "Padding makes the result smaller: p values go at each end.",
            lambda x, weight, stride, padding: F.conv_transpose1d(x[None], weight, stride=stride)[
                0
            ],
        ),
        Misconception(
            "stride ignored",
            "The stamp of the next input begins stride places further on.",
            lambda x, weight, stride, padding: F.conv_transpose1d(x[None], weight, padding=padding)[
                0
            ],
        ),
    ),
    insight="A convolution gathers, its adjoint scatters: the same products, sorted by inputs.",
)


def _covered(n: int, k: int, s: int) -> list[int]:
    """Count by stamping a kernel of ones."""
    stamped = F.conv_transpose1d(torch.ones(1, 1, n), torch.ones(1, 1, k), stride=s)
    return [round(value) for value in stamped[0, 0].tolist()]


COVERAGE = Function(
    id="dense_prediction.coverage",
    title="How often is an output covered?",
    signature="coverage(n, k, s)",
    oracle=_covered,
    cases=lambda: [(2, 3, 2), (4, 3, 2), (3, 4, 2), (3, 2, 3), (4, 5, 3), (6, 3, 1)],
    hints=(
        "Stamp number i covers the outputs from i * s to i * s + k - 1.",
        "Go through the stamps and count, or ask for each output which i reach it.",
    ),
    misconceptions=(
        Misconception(
            "interior everywhere",
            "Near the ends there are no further stamps: the first output belongs to one only.",
            lambda n, k, s: [len(range(j % s, k, s)) for j in range(s * n - s + k)],
        ),
        Misconception(
            "overlap not counted",
            "An output under two stamps is covered twice.",
            lambda n, k, s: [min(count, 1) for count in _covered(n, k, s)],
        ),
        Misconception(
            "stride ignored",
            "One stamp begins s places after the other.",
            lambda n, k, s: _covered(n, k, 1),
        ),
        Misconception(
            "the same for all",
            "That is the largest count there is. Are all outputs under as many stamps?",
            lambda n, k, s: [math.ceil(k / s)] * (s * n - s + k),
        ),
        Misconception(
            "one more at the end",
            "The last stamp ends at (n - 1) * s + k - 1.",
            lambda n, k, s: [*_covered(n, k, s), 0],
        ),
    ),
    insight="In the interior the counts are equal exactly if s divides k. It is not yet evenness.",
)


def _chunks(weight: Tensor, s: int) -> Tensor:
    filled = F.pad(weight, (0, -len(weight) % s))
    return filled.view(s, -1).sum(1)


def _by_running(weight: Tensor, s: int) -> Tensor:
    """Stamp a long row of ones and read it in its middle, at a multiple of the stride."""
    n = 2 * len(weight) + 4
    y = F.conv_transpose1d(weight.new_ones(1, 1, n), weight[None, None], stride=s)[0, 0]
    middle = s * (n // 2 + 1)
    return y[middle : middle + s]


PHASE_SUMS = Function(
    id="dense_prediction.phase_sums",
    title="What a constant becomes",
    signature="phases(weight, s)",
    oracle=_by_running,
    cases=lambda: [
        (torch.tensor([1.0, 2.0, 4.0]).double(), 2),
        (torch.tensor([1.0, 2.0, 4.0, 8.0]).double(), 2),
        (whole(7), 3),
        (torch.tensor([3.0, 5.0]).double(), 3),
        (whole(4), 1),
    ],
    hints=(
        "Which taps reach output 0 of the interior? Neighbouring stamps begin s apart.",
        "Tap a of some stamp reaches output j if j - a is a multiple of s.",
        "Every s-th tap belongs to one phase: begin at tap 0, at tap 1, and so on.",
    ),
    misconceptions=(
        Misconception(
            "taps taken in runs",
            "Taps that meet at one output lie s apart in the kernel, not side by side.",
            _chunks,
        ),
        Misconception(
            "means",
            "What is stamped is added, never divided by how many stamps there are.",
            lambda weight, s: torch.stack([weight[r::s].mean() for r in range(s)]),
        ),
        Misconception(
            "kernel turned round",
            "The kernel is stamped as it stands: phase 0 holds tap 0.",
            lambda weight, s: _by_running(weight.flip(0), s),
        ),
        Misconception(
            "the whole kernel at every phase",
            "An output sees every s-th tap only. All taps together are what all phases share.",
            lambda weight, s: weight.sum().expand(s).clone(),
        ),
        Misconception(
            "the number of taps",
            "You counted the taps of each phase. Their values are what is added.",
            lambda weight, s: _by_running(torch.ones_like(weight), s),
        ),
    ),
    insight="Equal sums, not equal numbers of taps, are what keeps a constant constant.",
)

EVEN_PROOF = Proof(
    id="dense_prediction.even_proof",
    title="When a constant stays constant: order the proof",
    needs={"A": "", "B": "A", "C": "B", "D": "C", "E": "C", "F": "DE"},
    superfluous="G",
    hints=(
        "Begin with what a transposed convolution computes, for any input.",
        "Then the constant, then the interior. Which of the steps holds at the border, too?",
        "*If and only if* takes two steps before the last.",
    ),
    misconceptions=(
        Misconception(
            "concluded from divisibility",
            "How many taps a phase has says nothing of their sum.",
            "GABCDEF",
        ),
        Misconception(
            "one direction only",
            "*Only if* has to be shown as well: a constant interior forces equal sums.",
            "ABCDF",
        ),
        Misconception(
            "begun with the claim",
            "What is to be shown comes last.",
            "FABCDE",
        ),
        Misconception(
            "interior before the constant",
            "The step about the interior sorts the taps that the step before it names.",
            "ACBDEF",
        ),
    ),
    insight="These are s - 1 equations for the taps: random ones fulfil them with probability 0.",
)

DIVISIBLE = Choice(
    id="dense_prediction.divisible",
    title="A kernel size that the stride divides",
    options="abcd",
    reasons="1234",
    correct=("b", 3),
    hints=(
        "Which taps does an output see whose row and column are even? Which the one beside it?",
        "Four disjoint groups of taps, drawn at random: would you bet that their sums are equal?",
    ),
    misconceptions=(
        Misconception(
            "divisible is enough",
            "Every output is under equally many taps, but not under the same ones.",
            "a",
        ),
        Misconception(
            "noise expected",
            "All outputs with rows and columns of the same parity see the same taps.",
            "c",
        ),
        Misconception(
            "border blamed",
            "At the border something else happens, too. The question is the interior.",
            "d",
        ),
        Misconception(
            "overlap counted",
            "With k = 4 and s = 2 every place of the interior is under four stamps: equally many.",
            ("b", 1),
        ),
    ),
    insight="Repeating pixels and then convolving is even from the start, whatever the weights.",
)


def _shuffling(channels: int, r: int) -> Tensor:
    """Shuffle every unit vector: what comes out is the kernel of its channel."""
    units = torch.eye(channels * r * r)[:, :, None, None]
    return F.pixel_shuffle(units, r)


def _channels_fastest(channels: int, r: int) -> Tensor:
    return _shuffling(channels, r).unflatten(0, (channels, r * r)).transpose(0, 1).flatten(0, 1)


PIXEL_SHUFFLE = Function(
    id="dense_prediction.pixel_shuffle",
    title="Pixel shuffle as a transposed convolution",
    signature="shuffle_weight(channels, r)",
    oracle=lambda channels, r: _shuffling(channels, r).long(),
    cases=lambda: [(1, 2), (2, 2), (3, 2), (2, 3), (1, 1)],
    hints=(
        "With kernel r and stride r stamps lie side by side: each pixel fills a block.",
        "Input channel c * r * r + i * r + j fills one place of one output channel.",
        "The weight has one 1 for each input channel and zeros else.",
    ),
    misconceptions=(
        Misconception(
            "columns before rows",
            "Of the r * r channels of one colour, the next one is one column further, not one row.",
            lambda channels, r: _shuffling(channels, r).transpose(-1, -2),
        ),
        Misconception(
            "colours next to each other",
            "The r * r channels of one colour stand together: c is the slowest of the three.",
            _channels_fastest,
        ),
        Misconception(
            "every channel everywhere",
            "A shuffle moves values. A 1 at every place adds all channels up.",
            lambda channels, r: torch.ones(channels * r * r, channels, r, r),
        ),
        Misconception(
            "stamp turned round",
            "A stamp is put down as it stands. Yours puts the first channel into the last place.",
            lambda channels, r: _shuffling(channels, r).flip(-1, -2),
        ),
        Misconception(
            "weight of a convolution",
            "A transposed convolution's weight has the channels that come in on its first axis.",
            lambda channels, r: _shuffling(channels, r).transpose(0, 1),
        ),
    ),
    insight="Convolution and shuffle together are one transposed convolution, with kernel r * k.",
)


def _widest(k: int, L: int) -> int:
    field = 1
    for _ in range(L):
        field += (k - 1) * field  # the largest rate that leaves no hole is the field itself
    return field


WIDEST = Formula(
    id="dense_prediction.widest",
    title="The widest field without holes",
    signature="widest(k, L)",
    oracle=_widest,
    cases=lambda: [(3, 2), (3, 3), (5, 2), (3, integer(4, 6)), (7, 3), (5, 1)],
    hints=(
        "How many pixels does a unit of the first layer see, and how many of these the second?",
        "A unit reaches its pixels by paths, one tap a layer. How many paths are there?",
        "Let every layer's copies of the field below lie side by side, without gap or overlap.",
    ),
    misconceptions=(
        Misconception(
            "rates that double",
            "Then copies of the field below overlap. How large may the second rate be?",
            lambda k, L: 1 + (k - 1) * (2**L - 1),
        ),
        Misconception(
            "no dilation",
            "That is the field with all rates 1. You may choose them.",
            lambda k, L: 1 + (k - 1) * L,
        ),
        Misconception(
            "base and exponent exchanged",
            "Every further layer multiplies the number of paths by its taps.",
            lambda k, L: L**k,
        ),
        Misconception(
            "taps times layers",
            "A second layer has k copies of the field of the first, not k pixels more.",
            lambda k, L: k * L,
        ),
    ),
    insight="81 pixels from four layers of three taps, each seen by one path alone.",
)

RATES = Choice(
    id="dense_prediction.rates",
    title="Which rates leave no hole?",
    options="abcd",
    reasons="1234",
    correct=("c", 2),
    hints=(
        "Which distances from the middle can be written as a sum of 0 or ± each rate?",
        "For rates that are all even: which distances are impossible?",
        "Try to reach the distance 1 with each list, and 10 with those that reach so far.",
    ),
    misconceptions=(
        Misconception(
            "equal rates, no holes",
            "With steps of 2 alone every odd distance is impossible: 7 of 13 pixels are seen.",
            "a",
        ),
        Misconception(
            "doubled from two",
            "2, 4 and 8 are even, so all odd distances are missed. Begin with 1.",
            "b",
        ),
        Misconception(
            "no common divisor, so no hole",
            "3, 4 and 5 have no common divisor, and yet the distance 10 is missed.",
            "d",
        ),
        Misconception(
            "right list by its divisor",
            "3, 4 and 5 have no common divisor either, and leave holes. What else is needed?",
            ("c", 3),
        ),
    ),
    insight="The rule: no rate is larger than the run of pixels that the layers before it cover.",
)


def _convolution(out_channels: int, in_channels: int) -> Callable:
    """Return what `atrous` receives: a 3×3 convolution that keeps the size."""
    weight = whole(out_channels, in_channels, 3, 3)

    def convolve(x: Tensor, rate: int | tuple[int, int] = 1) -> Tensor:
        return F.conv2d(x, weight.to(x), padding=rate, dilation=rate)

    return convolve


def _blocks(x: Tensor, convolve: Callable, rate: int) -> Tensor:
    """Leave the convolved sublattices side by side."""
    y = convolve(x, rate)
    rows = torch.cat([y[:, :, a::rate] for a in range(rate)], 2)
    return torch.cat([rows[:, :, :, b::rate] for b in range(rate)], 3)


def _exchanged(x: Tensor, convolve: Callable, rate: int) -> Tensor:
    """Put what was taken at (a, b) back at (b, a)."""
    y = convolve(x, rate)
    result = torch.zeros_like(y)
    for a in range(rate):
        for b in range(rate):
            result[:, :, b::rate, a::rate] = y[:, :, a::rate, b::rate]
    return result


ATROUS = Function(
    id="dense_prediction.atrous",
    title="Dilation without a dilated convolution",
    signature="atrous(x, convolve, rate)",
    oracle=lambda x, convolve, rate: convolve(x, rate),
    cases=lambda: [
        (whole(1, 1, 2, 2), _convolution(1, 1), 2),
        (whole(1, 1, 4, 4), _convolution(1, 1), 2),
        (whole(2, 2, 6, 6), _convolution(3, 2), 3),
        (whole(1, 2, 4, 6), _convolution(1, 2), 2),
        (whole(1, 1, 4, 5), _convolution(2, 1), 1),
    ],
    hints=(
        "Which pixels can the output at row 0 depend on, if taps lie `rate` rows apart?",
        "`x[:, :, a::rate, b::rate]` is one of `rate * rate` pictures that never meet.",
        "Convolve each of them, and write its result to where its pixels came from.",
    ),
    misconceptions=(
        Misconception(
            "rate ignored",
            "Convolved as it stands, a pixel meets its direct neighbours.",
            lambda x, convolve, rate: convolve(x),
        ),
        Misconception(
            "first sublattice repeated",
            "Only one of the rate * rate pictures was convolved. The others need it as well.",
            lambda x, convolve, rate: (
                convolve(x[:, :, ::rate, ::rate])
                .repeat_interleave(rate, 2)
                .repeat_interleave(rate, 3)
            ),
        ),
        Misconception(
            "results side by side",
            "Each result goes back to where its pixels came from: interleave them.",
            _blocks,
        ),
        Misconception(
            "rows and columns exchanged",
            "What was taken at rows a, columns b goes back to rows a, columns b.",
            _exchanged,
        ),
        Misconception(
            "one axis only",
            "The taps lie apart along rows and along columns: both are subsampled.",
            lambda x, convolve, rate: convolve(x, (rate, 1)),
        ),
    ),
    insight="Layers of one rate never mix these pictures: neighbours in the result share no pixel.",
)

LINEAR_HEAD = Function(
    id="dense_prediction.linear_head",
    title="A linear head as a convolution",
    signature="kernel(weight, channels, height, width)",
    oracle=lambda weight, channels, height, width: torch.stack(
        [row.reshape(channels, height, width) for row in weight]
    ),
    cases=lambda: [
        (torch.arange(1.0, 9.0).double().view(1, 8), 2, 2, 2),
        (whole(2, 12), 1, 3, 4),
        (whole(3, 24), 2, 3, 4),
        (whole(5, 3), 3, 1, 1),
    ],
    hints=(
        "How large must a kernel be that sees the whole map once?",
        "`flatten` writes channel after channel, in each row after row.",
        "A weight of `conv2d` has the axes (out, in, height, width).",
    ),
    misconceptions=(
        Misconception(
            "channels last",
            "`flatten` of (N, C, H, W) writes all pixels of the first channel first.",
            lambda weight, channels, height, width: (
                weight.view(-1, height, width, channels).movedim(-1, 1).contiguous()
            ),
        ),
        Misconception(
            "rows and columns exchanged",
            "Within a channel the columns are next to each other: the width is the last axis.",
            lambda weight, channels, height, width: weight.view(-1, channels, width, height).mT,
        ),
        Misconception(
            "kernel turned round",
            "`conv2d` correlates: it does not turn its kernel round, so neither do you.",
            lambda weight, channels, height, width: weight.view(-1, channels, height, width).flip(
                -1, -2
            ),
        ),
        Misconception(
            "a 1×1 kernel",
            "A 1×1 kernel reads one pixel of each channel; the head read the whole map.",
            lambda weight, channels, height, width: weight[:, :, None, None],
        ),
    ),
    insight="On a larger image the same weights answer at every place, with no further training.",
)

SLIDING = Formula(
    id="dense_prediction.sliding",
    title="A window at every place, or one large image",
    signature="factor(n, w, k)",
    oracle=lambda n, w, k: math.prod([n - w + 1, w - k + 1]) ** 2 / (n - k + 1) ** 2,
    cases=lambda: [(4, 3, 2), (32, 8, 3), (64, 16, 5), (100, 28, 3), (20, 20, 3)],
    hints=(
        "How many windows fit into the image along one axis?",
        "How many outputs has the layer in one window, and how many in the whole image?",
        "Products of one output are the same in both, so they cancel.",
    ),
    misconceptions=(
        Misconception(
            "every window as large as the image",
            "In a window the layer has fewer outputs than in the image: w - k + 1 along an axis.",
            lambda n, w, k: (n - w + 1) ** 2,
        ),
        Misconception(
            "pixels compared",
            "Count the layer's outputs, not its inputs: without padding they are fewer.",
            lambda n, w, k: ((n - w + 1) * w / n) ** 2,
        ),
        Misconception(
            "one axis",
            "There are as many rows as columns: both axes count.",
            lambda n, w, k: (n - w + 1) * (w - k + 1) / (n - k + 1),
        ),
        Misconception(
            "turned round",
            "That is the share that remains. Asked is how many times more the windows take.",
            lambda n, w, k: ((n - k + 1) / ((n - w + 1) * (w - k + 1))) ** 2,
        ),
        Misconception(
            "outputs of a window",
            "That holds far from the border, where an output lies in as many windows as possible.",
            lambda n, w, k: (w - k + 1) ** 2,
        ),
    ),
    insight="A large image costs almost (w - k + 1)² times less at once than window by window.",
)

SHIFTED = Number(
    id="dense_prediction.shifted",
    title="A square, two pixels off",
    value=100 * 2 / 3,
    tolerance=0.5,
    unit="percent",
    hints=(
        "How many pixels lie in both squares?",
        "The union holds the pixels of either; those in both are counted once.",
    ),
    misconceptions=(
        Misconception(
            "share of the object found",
            "That is the share of the true square that was found. Pixels outside it count, too.",
            80,
        ),
        Misconception(
            "intersection counted twice",
            "In the union the common pixels count once: subtract them from the sum of the areas.",
            40,
        ),
        Misconception(
            "shifted along both axes",
            "The square moved to the side only: all of its rows still overlap.",
            100 * 64 / 136,
        ),
        Misconception(
            "only one side added",
            "On the left some true pixels are missed, on the right as many wrong ones are added.",
            100 * 80 / 110,
        ),
    ),
    insight="Two pixels of ten cost a third. A small object pays far more for the same offset.",
)

DICE = Formula(
    id="dense_prediction.dice",
    title="Dice from IoU",
    signature="dice(J)",
    oracle=lambda J: 2 / (1 + 1 / J),
    cases=lambda: [(0.5,), (0.25,), (1.0,), (0.8,), (0.05,)],
    hints=(
        "Call the intersection I and the union U. What is the sum of both sizes?",
        "The sum of the sizes counts the intersection twice: U + I.",
        "Divide numerator and denominator by U.",
    ),
    misconceptions=(
        Misconception(
            "IoU from Dice",
            "That leads from Dice to IoU. Dice is never the smaller of the two.",
            lambda J: J / (2 - J),
        ),
        Misconception(
            "intersection once",
            "Dice counts the intersection twice above, too. A perfect answer scores 1.",
            lambda J: J / (1 + J),
        ),
        Misconception(
            "twice the IoU",
            "The sum of the sizes is no union: it counts the intersection twice.",
            lambda J: 2 * J,
        ),
        Misconception(
            "both the same",
            "They agree at 0 and at 1 only.",
            lambda J: J,
        ),
        Misconception(
            "two intersections too many below",
            "The sum of the sizes is the union and one intersection more.",
            lambda J: 2 * J / (1 + 2 * J),
        ),
    ),
    insight="Each grows with the other: they rank masks of one image alike. Means need not.",
)


def _scores(prediction: Tensor, target: Tensor, classes: int) -> tuple[Tensor, Tensor, Tensor]:
    """Count for each class: pixels in both, true ones, predicted ones."""
    pairs = torch.bincount((target * classes + prediction).flatten(), minlength=classes**2)
    table = pairs.view(classes, classes).double()
    return table.diagonal(), table.sum(1), table.sum(0)


def _mean_iou(kept: Callable | None = None, absent: float | None = None) -> Callable:
    """Average over the classes that ``kept`` names; an absent one scores ``absent``."""

    def answer(prediction: Tensor, target: Tensor, classes: int) -> Tensor:
        both, true, found = _scores(prediction, target, classes)
        quotient = both / (true + found - both)
        if absent is not None:
            return quotient.nan_to_num(absent).mean()
        return quotient[true + found > 0 if kept is None else kept(true, found)].mean()

    return answer


def _pooled(prediction: Tensor, target: Tensor, classes: int) -> Tensor:
    both, true, found = _scores(prediction, target, classes)
    return both.sum() / (true + found - both).sum()


def _mean_dice(prediction: Tensor, target: Tensor, classes: int) -> Tensor:
    both, true, found = _scores(prediction, target, classes)
    return (2 * both / (true + found)).nanmean()


def _both_sizes(prediction: Tensor, target: Tensor, classes: int) -> Tensor:
    both, true, found = _scores(prediction, target, classes)
    return (both / (true + found)).nanmean()


def _masks() -> list[tuple]:
    first = torch.tensor([[0, 0, 1], [1, 1, 1]]), torch.tensor([[0, 1, 1], [1, 1, 1]])
    stray = torch.tensor([[0, 0, 2], [1, 1, 1]]), torch.tensor([[0, 0, 1], [1, 1, 1]])
    perfect = torch.tensor([[0, 2], [2, 2]]), torch.tensor([[0, 2], [2, 2]])
    missed = torch.tensor([[0, 0, 0], [1, 1, 1]]), torch.tensor([[0, 0, 2], [1, 1, 1]])
    drawn = torch.randint(0, 4, (5, 6)), torch.randint(1, 4, (5, 6))
    return [(*first, 2), (*perfect, 3), (*stray, 3), (*missed, 3), (*stray, 5), (*drawn, 6)]


MEAN_IOU = Function(
    id="dense_prediction.mean_iou",
    title="Mean IoU, and a class that is not there",
    signature="mean_iou(prediction, target, classes)",
    oracle=_mean_iou(),
    cases=_masks,
    hints=(
        "For each class compare two masks: where it is predicted, and where it is true.",
        "Which classes have an empty union? They have no IoU at all.",
        "A class that was predicted and is not there has a union, and IoU 0.",
    ),
    misconceptions=(
        Misconception(
            "an absent class is a zero",
            "A perfect prediction would not score 1 then. What nobody claimed is nobody's mistake.",
            _mean_iou(absent=0.0),
        ),
        Misconception(
            "an absent class is a success",
            "Then every class that never occurs raises the score.",
            _mean_iou(absent=1.0),
        ),
        Misconception(
            "invented classes left out",
            "A class that is predicted where it never occurs has a union: it scores 0.",
            _mean_iou(lambda true, found: true > 0),
        ),
        Misconception(
            "missed classes left out",
            "A class that is there and never predicted scores 0; it is not left out.",
            _mean_iou(lambda true, found: found > 0),
        ),
        Misconception(
            "pixel accuracy",
            "That is the share of right pixels: large classes drown the small ones.",
            lambda prediction, target, classes: (prediction == target).double().mean(),
        ),
        Misconception(
            "pooled over the classes",
            "First one IoU for each class, then their mean: so a small class counts as much.",
            _pooled,
        ),
        Misconception(
            "Dice",
            "That is the mean of Dice: its denominator counts the intersection twice.",
            _mean_dice,
        ),
        Misconception(
            "sum of both sizes",
            "The union counts the common pixels once.",
            _both_sizes,
        ),
    ),
    insight="Libraries differ here: compare two scores only if both treat absent classes alike.",
)

BACKGROUND = Number(
    id="dense_prediction.background",
    title="A network that sees nothing",
    value=48.75,
    tolerance=0.05,
    unit="percent",
    hints=(
        "What is the IoU of the object, of which nothing was found?",
        "For the background: all of it was found. What is its union with the prediction?",
    ),
    misconceptions=(
        Misconception(
            "accuracy",
            "That is the share of right pixels, the number that hides the failure.",
            97.5,
        ),
        Misconception(
            "background perfect",
            "Background was claimed where the object is: its union is the whole image.",
            50,
        ),
        Misconception(
            "object alone",
            "That is the object's IoU. The mean takes the background in as well.",
            0,
        ),
        Misconception(
            "object's share",
            "That is how much of the image the object covers; nothing of it was found.",
            2.5,
        ),
        Misconception(
            "Dice in place of IoU",
            "Dice counts the intersection twice. Asked is the IoU.",
            50 * 2 * 0.975 / 1.975,
        ),
    ),
    insight="Accuracy calls the same answer 97.5 %. Always give the score of doing nothing.",
)

LABELS = Choice(
    id="dense_prediction.labels",
    title="Resizing the labels",
    options="abcd",
    reasons="1234",
    correct=("b", 3),
    hints=(
        "What does bilinear interpolation make of a pixel between sky (0) and car (2)?",
        "Which operation only ever returns a value that was there before?",
    ),
    misconceptions=(
        Misconception(
            "interpolated the labels",
            "Half way between class 0 and class 2 this writes 1: a class that is not there.",
            "a",
        ),
        Misconception(
            "rounded afterwards",
            "Rounding half way between 0 and 2 gives 1, another class. Rounding repairs nothing.",
            "c",
        ),
        Misconception(
            "sharper is better",
            "A cubic leaves the range of the labels, too: it overshoots at every edge.",
            "d",
        ),
        Misconception(
            "speed",
            "It is fast, but a slow way that kept the classes would do as well.",
            ("b", 1),
        ),
    ),
    insight="Scores of classes can be interpolated, before the largest is taken. Classes cannot.",
)


class _OneSkip(nn.Module):
    """Down, up, and what came in beside it; or added, or not joined at all."""

    def __init__(self, channels: int, join: str = "beside") -> None:
        super().__init__()
        self.join, wide = join, 2 * channels
        halved = nn.Conv2d(channels, wide, (3, 3), padding="same")
        self.lower = nn.Sequential(nn.MaxPool2d((2, 2)), halved)
        self.enlarge = nn.ConvTranspose2d(wide, channels, (2, 2), (2, 2))
        self.merge = nn.Conv2d(
            wide if join == "beside" else channels, channels, (3, 3), padding="same"
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.enlarge(self.lower(x))
        if self.join == "beside":
            return self.merge(torch.cat((x, y), 1))
        return self.merge(x + y if self.join == "sum" else y)


class _Strided(_OneSkip):
    """Halve by a stride of the convolution in place of a pooling."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.lower = nn.Conv2d(channels, 2 * channels, (3, 3), stride=2, padding=(1, 1))


class _Repeated(_OneSkip):
    """Enlarge by repeating, with a 1×1 convolution for the channels."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        convolution = nn.Conv2d(2 * channels, channels, 1)
        self.enlarge = nn.Sequential(nn.Upsample(scale_factor=2), convolution)


SKIP = Module(
    id="dense_prediction.skip",
    title="A U-Net of one step",
    signature="OneStep(channels)",
    oracle=_OneSkip,
    cases=lambda: [((1,), real(1, 1, 4, 4)), ((2,), real(2, 2, 4, 6))],
    hints=(
        "A pooling, a convolution, and `nn.ConvTranspose2d` with kernel 2 and stride 2.",
        "Which `dim` of (N, C, H, W) holds the channels?",
        "After the join there are 2 * channels. How many does the last convolution return?",
    ),
    misconceptions=(
        Misconception(
            "skip added",
            "U-Net's skip stands beside the map, as further channels; a residual block adds.",
            lambda channels: _OneSkip(channels, "sum"),
        ),
        Misconception(
            "no skip",
            "What came in has to stand beside what comes up: join the two.",
            lambda channels: _OneSkip(channels, "none"),
        ),
        Misconception(
            "halved by a stride",
            "Asked is max pooling, and then a convolution of stride 1.",
            _Strided,
        ),
        Misconception(
            "enlarged by repetition",
            "Asked is a transposed convolution, which learns how to enlarge.",
            _Repeated,
        ),
    ),
    insight="A sum must agree on what a channel means; side by side, the next layer decides.",
)


def _weighted(divide: str = "weights", by: str = "target") -> Callable:
    """The mean of weighted losses, divided by another number, or with another class's weight."""

    def answer(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        losses = F.cross_entropy(logits, target, reduction="none")
        chosen = weight[target if by == "target" else logits.argmax(1)]
        count = {"weights": chosen.sum(), "pixels": target.numel(), "all": weight.sum(), "none": 1}
        return (losses * chosen).sum() / count[divide]

    return answer


CLASS_WEIGHTS = Function(
    id="dense_prediction.class_weights",
    title="A loss that weighs rare classes more",
    signature="weighted_loss(logits, target, weight)",
    oracle=lambda logits, target, weight: F.cross_entropy(logits, target, weight),
    cases=lambda: [
        (
            torch.tensor([2.0, 0.0, 0.0, 1.0]).double().view(1, 2, 1, 2),
            torch.tensor([[[0, 0]]]),
            torch.tensor([0.5, 4.0]).double(),
        ),
        (real(1, 2, 2, 3), torch.randint(0, 2, (1, 2, 3)), torch.tensor([0.1, 2.0]).double()),
        (
            real(2, 3, 4, 5),
            torch.randint(0, 3, (2, 4, 5)),
            torch.tensor([0.2, 1.0, 5.0]).double(),
        ),
    ],
    forbidden=("cross_entropy", "nll_loss", "cross_entropy_loss", "nll_loss_nd", "nll_loss2d"),
    hints=(
        "`logits.log_softmax(1)` holds a value for each class at each pixel. Which of them counts?",
        "`gather` along the classes picks it, or a loop over them with a mask.",
        "A weighted mean divides by the sum of the weights that it used.",
    ),
    misconceptions=(
        Misconception(
            "divided by the number of pixels",
            "Then doubling all weights doubles the loss. A weighted mean divides by its weights.",
            _weighted("pixels"),
        ),
        Misconception(
            "divided by the sum of the list",
            "Every pixel brings its weight: divide by their sum over the pixels.",
            _weighted("all"),
        ),
        Misconception(
            "not divided at all",
            "A mean is asked for: otherwise a large image has a large loss.",
            _weighted("none"),
        ),
        Misconception(
            "weight of the predicted class",
            "The weight goes with the true class, which the network cannot choose.",
            _weighted(by="prediction"),
        ),
        Misconception(
            "weights ignored",
            "That is the plain mean: the frequent class decides.",
            lambda logits, target, weight: F.cross_entropy(logits, target),
        ),
        Misconception(
            "scores weighted",
            "The weight multiplies the loss of a pixel, not the scores before the softmax.",
            lambda logits, target, weight: F.cross_entropy(logits * weight[:, None, None], target),
        ),
    ),
    insight="Weights inverse to the frequency let each class that occurs have the same say.",
)


def _lost(D: int) -> int:
    """Follow the side of an image through all sizes, without padding."""
    start = n = 2 ** (D + 6) + sum(4 * 2**level for level in range(D))
    for _ in range(D):
        n = (n - 4) // 2
    n -= 4
    for _ in range(D):
        n = 2 * n - 4
    return start - n


UNPADDED = Formula(
    id="dense_prediction.unpadded",
    title="What a U-Net without padding loses",
    signature="lost(D)",
    oracle=_lost,
    cases=lambda: [(1,), (2,), (4,), (3,), (6,)],
    hints=(
        "Two 3×3 convolutions take 4 pixels of the side of their own map.",
        "On a map that was halved l times, one pixel is 2**l pixels of the image.",
        "At the smallest size there are two convolutions, at every other size two down and two up.",
    ),
    misconceptions=(
        Misconception(
            "pixels of small maps",
            "A pixel of a map that was halved stands for several pixels of the image.",
            lambda D: 4 * (2 * D + 1),
        ),
        Misconception(
            "way down only",
            "On the way up the same sizes lose pixels once more.",
            lambda D: 4 * (2 ** (D + 1) - 1),
        ),
        Misconception(
            "smallest map twice",
            "At the smallest size there are two convolutions, which are passed once.",
            lambda D: 8 * (2 ** (D + 1) - 1),
        ),
        Misconception(
            "one side only",
            "That is the loss at one end. Asked is how much shorter the side becomes.",
            lambda D: 6 * 2**D - 4,
        ),
        Misconception(
            "smallest map forgotten",
            "Between the way down and the way up there are two convolutions on the smallest map.",
            lambda D: 8 * (2**D - 1),
        ),
    ),
    insight="Four halvings lose 184: the published network answers for 388 of 572 pixels.",
)

ODD_SIDES = Formula(
    id="dense_prediction.odd_sides",
    title="Rows to add before the halvings",
    signature="rows(n, D)",
    oracle=lambda n, D: min(r for r in range(2**D) if (n + r) % 2**D == 0),
    cases=lambda: [(25, 1), (500, 4), (32, 3), (37, 2), (100, 5), (64, 6)],
    hints=(
        "After one halving the side has to be even again, D times in all.",
        "Which sides can be halved D times? The multiples of one number.",
        "The answer is 0 if the side is such a multiple already.",
    ),
    misconceptions=(
        Misconception(
            "rows to remove",
            "That many rows would have to go. Asked is how many to add.",
            lambda n, D: n % 2**D,
        ),
        Misconception(
            "a whole multiple too many",
            "A side that fits needs no further row.",
            lambda n, D: 2**D - n % 2**D,
        ),
        Misconception(
            "made even once",
            "The half of an even number may be odd: it is halved D times.",
            lambda n, D: n % 2,
        ),
        Misconception(
            "two for each halving",
            "Halvings multiply: after D of them the map is 2**D times smaller.",
            lambda n, D: -n % (2 * D),
        ),
    ),
    insight="Or tell each transposed convolution the size to restore, and leave the image alone.",
)

CORNERS = Blanks(
    id="dense_prediction.corners",
    title="Where does an enlarged pixel read?",
    blanks={"edges": "(i + 1/2) * n / m - 1/2", "centres": "i * (n - 1) / (m - 1)"},
    variables=("i", "n", "m"),
    hints=(
        "Edges: pixel i covers the strip from i to i + 1, and its middle is at i + 1/2.",
        "Edges: scale the middle by n / m, and turn the result into an index again.",
        "Centres: i = 0 reads 0, and i = m - 1 reads n - 1; between them it is a straight line.",
    ),
    misconceptions=(
        Misconception(
            "the two exchanged",
            "With `align_corners=True` the centres stay: count the steps between centres.",
            {"edges": "i * (n - 1) / (m - 1)", "centres": "(i + 1/2) * n / m - 1/2"},
        ),
        Misconception(
            "half a pixel forgotten",
            "An index names the middle of a pixel, which lies half a pixel from its edge.",
            {"edges": "i * n / m"},
        ),
        Misconception(
            "half a pixel not taken off",
            "The scaled middle is a place. Its index is half a pixel less.",
            {"edges": "(i + 1/2) * n / m"},
        ),
        Misconception(
            "pixels for steps",
            "From the first centre to the last there are m - 1 steps, not m.",
            {"centres": "i * n / m"},
        ),
        Misconception(
            "scale turned round",
            "The output is the larger one: its indices are scaled down.",
            {"edges": "(i + 1/2) * m / n - 1/2"},
        ),
    ),
    insight="Train with one, test with the other, and masks shift, most of all at the border.",
)

OUTPUT_STRIDE = Formula(
    id="dense_prediction.output_stride",
    title="Dilation in place of strides",
    signature="rate(S, o)",
    oracle=lambda S, o: 2 ** (S.bit_length() - o.bit_length()),
    cases=lambda: [(32, 8), (32, 16), (32, 4), (64, 2), (16, 16), (128, 4)],
    hints=(
        "Take one stride of 2 out: how far apart are now the units that a kernel should meet?",
        "Every further removed stride doubles this distance.",
    ),
    misconceptions=(
        Misconception(
            "strides counted",
            "That is how many strides were removed. Each of them doubles the rate.",
            lambda S, o: math.log2(S / o),
        ),
        Misconception(
            "doubled once",
            "Every removed stride doubles the rate of all that comes after it.",
            lambda S, o: 2,
        ),
        Misconception(
            "rates added",
            "One removed stride after the other multiplies: twice, four times, eight times.",
            lambda S, o: 2 * math.log2(S / o),
        ),
        Misconception(
            "whole stride",
            "The strides that remain still set units apart. Only the removed ones are replaced.",
            lambda S, o: S,
        ),
        Misconception(
            "stride that remains",
            "That is the stride that remains. What was taken out?",
            lambda S, o: o,
        ),
        Misconception(
            "area",
            "So many times more units there are. Along one axis the distance is its root.",
            lambda S, o: (S / o) ** 2,
        ),
    ),
    insight="The weights stay as they were trained. The maps are (S / o)² times as large.",
)

EXERCISES = (
    LINEAR_HEAD,
    SLIDING,
    OUTPUT_STRIDE,
    ATROUS,
    RATES,
    WIDEST,
    TRANSPOSED_SIZE,
    STAMP,
    COVERAGE,
    PHASE_SUMS,
    EVEN_PROOF,
    DIVISIBLE,
    PIXEL_SHUFFLE,
    CORNERS,
    SKIP,
    UNPADDED,
    ODD_SIDES,
    LABELS,
    SHIFTED,
    DICE,
    MEAN_IOU,
    BACKGROUND,
    CLASS_WEIGHTS,
)
