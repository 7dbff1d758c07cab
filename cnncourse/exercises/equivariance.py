"""Exercises of chapter 04: which shifts survive, where they do not, and what repairs it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.grading.kinds import (
    Choice,
    Function,
    Misconception,
    Number,
    Proof,
    integer,
    real,
    whole,
)

NUMBER = 4
TITLE = "Equivariance"


def _pushed(x: Tensor, shift: tuple[int, int]) -> Tensor:
    """Move a picture in a margin of zeros that is wide enough, then cut the margin off."""
    m = max(map(abs, shift))
    moved = F.pad(x, (m, m, m, m)).roll(shift, (0, 1))
    return moved[m : m + x.shape[0], m : m + x.shape[1]]


def _inside(x: Tensor, shift: tuple[int, int]) -> Tensor:
    """1 where i - v does not pass the lower or right end, else 0; below 0 Python wraps it."""
    rows, columns = (torch.arange(n) - v for n, v in zip(x.shape, shift, strict=True))
    legal = [(-n <= at) & (at < n) for n, at in zip(x.shape, (rows, columns), strict=True)]
    return legal[0][:, None] * legal[1]


TRANSLATE_ZEROS = Function(
    id="equivariance.translate_zeros",
    title="Translate a picture with a border",
    signature="translate(x, shift)",
    oracle=_pushed,
    cases=lambda: [
        (whole(1, 3), (0, 1)),
        (whole(3, 4), (1, 0)),
        (whole(4, 6), (-1, 2)),
        (whole(5, 3), (0, 0)),
        (whole(5, 7), (2, -3)),
        (whole(2, 4), (1, 5)),
        (whole(3, 4), (-3, 0)),
        (whole(4, 4), (5, 0)),
        (whole(4, 5), (1, -7)),
    ],
    hints=(
        "Which pixel of x is seen at place (i, j) of the result? (T_v x)[i] = x[i - v].",
        "Start from a picture of zeros, and copy what still lies inside.",
        "A negative index reads from the other end in Python: test that it is not below 0.",
    ),
    misconceptions=(
        Misconception(
            "moved the other way",
            "(T_v x)[i] = x[i - v]: what stood at 0 stands at v afterwards.",
            lambda x, shift: _pushed(x, (-shift[0], -shift[1])),
        ),
        Misconception(
            "a constant added",
            "To translate is to move the picture. Its values stay as they are.",
            lambda x, shift: x + sum(shift),
        ),
        Misconception(
            "wrapped around",
            "There is no circle here: what leaves on one side is lost, and zeros come in.",
            lambda x, shift: x.roll(shift, (0, 1)),
        ),
        Misconception(
            "negative indices read",
            "In Python, x[-1] is the last entry. An index below 0 lies outside: leave the zero.",
            lambda x, shift: x.roll(shift, (0, 1)) * _inside(x, shift),
        ),
        Misconception(
            "axes swapped",
            "The first number of the shift moves rows down, the second moves columns right.",
            lambda x, shift: _pushed(x, shift[::-1]),
        ),
        Misconception(
            "border repeated",
            "Zeros come in, not copies of the rim.",
            lambda x, shift: x[
                (torch.arange(x.shape[0]) - shift[0]).clamp(0, x.shape[0] - 1)[:, None],
                (torch.arange(x.shape[1]) - shift[1]).clamp(0, x.shape[1] - 1),
            ],
        ),
    ),
    insight="This shift cannot be undone: what was pushed out is lost. So theorems use the circle.",
)

CLASSIFY = Choice(
    id="equivariance.classify",
    title="Batch norm in training mode",
    options="abc",
    reasons="1234",
    correct=("a", 2),
    hints=(
        "Which numbers are averaged before the move, and which after it?",
        "Moving on the circle puts the pixels into another order. Does a mean notice that?",
        "With mean and variance known, what happens to a single pixel?",
    ),
    misconceptions=(
        Misconception(
            "statistics confused with output",
            "Mean and variance do not change. The output is a whole map, and it shows the move.",
            "b",
        ),
        Misconception(
            "statistics thought to change",
            "On the circle the batch keeps its values, in another order. Do the statistics change?",
            "c",
        ),
        Misconception(
            "evaluation mode described",
            "Stored numbers are used in evaluation mode. In training mode the batch gives them.",
            ("a", 1),
        ),
        Misconception(
            "locality claimed",
            "Locality is lost: each output depends on every pixel of the batch. What stays equal?",
            ("a", 3),
        ),
    ),
    insight="Where pixels leave the picture, the statistics change, and every pixel with them.",
)

SURVIVING_SHIFTS = Number(
    id="equivariance.surviving_shifts",
    title="The shifts that a net keeps",
    value=12,
    unit="pixels",
    hints=(
        "By how much does the map move behind the first layer? The next layer sees that move.",
        "Divide the shift by one stride after the other: each time it has to come out whole.",
    ),
    misconceptions=(
        Misconception(
            "strides added",
            "Each layer strides over the output of the one before it: what happens to its factor?",
            8,
        ),
        Misconception(
            "only the largest stride",
            "Every stride skips pixels, and the others do so as well.",
            3,
        ),
        Misconception(
            "least common multiple",
            "Behind the first stride of 2 the shift is halved, and the second asks for 2 again.",
            6,
        ),
        Misconception(
            "answers counted",
            "That is how many answers one picture can get; the question is for one axis.",
            144,
        ),
    ),
    insight="Of all shifts in two dimensions, one in S² is safe.",
)

STRIDE_TWO = Proof(
    id="equivariance.stride_two",
    title="Stride 2 keeps the even shifts only: order the proof",
    needs={"A": "", "B": "A", "C": "", "D": "C", "E": "D", "F": "E"},
    superfluous="G",
    hints=(
        "'Even shifts only' says two things: even ones are kept, and others are not.",
        "For the second direction, assume that v is kept and show that v is even.",
        "Compare at one output pixel, then compare weights, then use that the kernel is finite.",
    ),
    misconceptions=(
        Misconception(
            "a blank image taken as evidence",
            "A blank image does not change when it moves: it says nothing about a shift.",
            "ABCDEFG",
        ),
        Misconception(
            "only one direction: even shifts",
            "That even shifts are kept is half of it. Why is no odd shift kept?",
            "AB",
        ),
        Misconception(
            "only one direction: the others",
            "That a kept shift is even is half of it. Why is every even shift kept?",
            "CDEF",
        ),
        Misconception(
            "conclusion drawn too early",
            "That p is 0 can be said only when a set is known that p leaves as it is.",
            "ABCDFE",
        ),
        Misconception(
            "weights compared before there is an equation",
            "To compare coefficients, first write down the equation of the two sums.",
            "ABCEDF",
        ),
    ),
    insight="The same proof, with s in the place of 2, covers every stride and every kernel.",
)


def _hidden(h: int, w: int) -> Callable[[Tensor], Tensor]:
    """A convolution on the circle that can only be called."""
    weight, bias = whole(1, 1, h, w), whole(1)

    def layer(x: Tensor) -> Tensor:
        if x.ndim != 2:
            raise ValueError(f"the layer takes a picture (H, W), got shape {tuple(x.shape)}")
        padding = (w // 2, w // 2, h // 2, h // 2)
        around = F.pad(x.double()[None, None], padding, mode="circular")
        return F.conv2d(around, weight, bias)[0, 0]

    return layer


def _kernel(layer: Callable, shape: tuple[int, int]) -> Tensor:
    """Move a bright pixel to every place and watch one output pixel."""
    blank = torch.zeros(shape, dtype=torch.float64)
    middle = shape[0] // 2, shape[1] // 2
    weight = blank.clone()
    for place in torch.cartesian_prod(*map(torch.arange, shape)).tolist():
        x = blank.clone()
        x[tuple(place)] = 1
        weight[tuple(place)] = (layer(x) - layer(blank))[middle]
    return weight


def _bias(layer: Callable, shape: tuple[int, int]) -> Tensor:
    return layer(torch.zeros(shape))


RECOVER_KERNEL = Function(
    id="equivariance.recover_kernel",
    title="Read the kernel of a layer that can only be called",
    signature="recover(layer, shape)",
    oracle=_kernel,
    cases=lambda: [
        (_hidden(1, 3), (1, 3)),
        (_hidden(3, 1), (3, 1)),
        (_hidden(3, 3), (3, 3)),
        (_hidden(3, 5), (3, 5)),
        (_hidden(5, 3), (5, 3)),
        (_hidden(1, 1), (1, 1)),
        (_hidden(3, 13), (3, 13)),
    ],
    hints=(
        "What does the layer answer to a picture of zeros, and to one bright pixel?",
        "Put the bright pixel in the middle of a picture as large as the kernel.",
        "By the theorem, w[a] is the response at -a: the response is the kernel, mirrored.",
    ),
    misconceptions=(
        Misconception(
            "not mirrored",
            "The response at place a holds the weight w[-a]: mirror it along both axes.",
            lambda layer, shape: _kernel(layer, shape).flip(0, 1),
        ),
        Misconception(
            "bias not subtracted",
            "The response to a bright pixel also contains the bias. Which picture shows it alone?",
            lambda layer, shape: _kernel(layer, shape) + _bias(layer, shape),
        ),
        Misconception(
            "neither mirrored nor freed of the bias",
            "Two things are left in the response: it is mirrored, and the bias is in it.",
            lambda layer, shape: _kernel(layer, shape).flip(0, 1) + _bias(layer, shape),
        ),
        Misconception(
            "bright pixel in the corner",
            "The weights are there, but moved round the circle: light the pixel in the middle.",
            lambda layer, shape: _kernel(layer, shape).roll((shape[0] // 2, shape[1] // 2), (0, 1)),
        ),
        Misconception(
            "transposed",
            "To mirror is to reverse both axes, not to exchange them.",
            lambda layer, shape: _kernel(layer, shape).flip(0, 1).T,
        ),
    ),
    insight="An affine equivariant map holds nothing that this one response does not show.",
)


def _spoiled(kernels: Sequence[int], dilations: Sequence[int]) -> int:
    """Send ones through kernels of ones, and count the values that padding has lowered."""
    x = torch.ones(1, 1, 301, dtype=torch.float64)
    for k, d in zip(kernels, dilations, strict=True):
        x = F.conv1d(x, x.new_ones(1, 1, k) / k, padding="same", dilation=d)
    return int((x < 1 - 1e-12).sum()) // 2


def _drawn_layers() -> tuple[list[int], list[int]]:
    layers = range(integer(2, 4))
    kernels = [2 * integer(0, 2) + 1 for _ in layers]
    return kernels, [integer(1, 3) for _ in layers]


FRAME_WIDTH = Function(
    id="equivariance.frame_width",
    title="The frame that zero padding spoils",
    signature="frame_width(kernels, dilations)",
    oracle=_spoiled,
    cases=lambda: [
        ([3], [1]),
        ([1], [1]),
        ([5], [1]),
        ([3], [2]),
        ([3, 3], [1, 1]),
        ([3, 5, 1], [4, 2, 3]),
        *[_drawn_layers() for _ in range(4)],
    ],
    hints=(
        "How many zeros does one layer need on one side to keep the size?",
        "A window of k taps reaches (k - 1) / 2 taps to one side. How far apart are the taps?",
        "Each layer spoils so many pixels more than the one before it.",
    ),
    misconceptions=(
        Misconception(
            "whole kernel instead of its half",
            "A window sticks out by the taps on one side of its middle, not by all k.",
            lambda kernels, dilations: sum(map(operator.mul, kernels, dilations)),
        ),
        Misconception(
            "dilation multiplies the size, not the gaps",
            "Between k taps there are k - 1 gaps of d, half of them on each side.",
            lambda kernels, dilations: sum(
                d * k // 2 for k, d in zip(kernels, dilations, strict=True)
            ),
        ),
        Misconception(
            "dilation forgotten",
            "With a dilation of d, a tap lies d pixels further out than the one before it.",
            lambda kernels, dilations: sum(k // 2 for k in kernels),
        ),
        Misconception(
            "both sides counted",
            "The width of the frame is counted on one side of the picture.",
            lambda kernels, dilations: 2 * _spoiled(kernels, dilations),
        ),
        Misconception(
            "receptive field",
            "That is the receptive field. The frame is the padding of one side, layer by layer.",
            lambda kernels, dilations: 2 * _spoiled(kernels, dilations) + 1,
        ),
        Misconception(
            "only the widest layer",
            "The second layer carries what the first has spoiled further inwards: widths add up.",
            lambda kernels, dilations: max(
                d * (k - 1) // 2 for k, d in zip(kernels, dilations, strict=True)
            ),
        ),
    ),
    insight="After 16 layers of 3 × 3, a map of 32 × 32 has no clean pixel left.",
)


POSITION = Number(
    id="equivariance.position",
    title="How well one padded layer knows its row",
    value=7 / 12,
    tolerance=5e-4,
    hints=(
        "In which rows can the output depend on the place at all?",
        "What the network explains at best is p² in those rows, out of p² in all rows.",
        "The rows are at -3.5, -2.5, …, 3.5. Which of them does a padding of 1 reach?",
    ),
    misconceptions=(
        Misconception(
            "rows counted",
            "Not every row weighs the same: outer rows have a larger p², and the share is of p².",
            1 / 4,
        ),
        Misconception(
            "not squared",
            "A share of explained variance is made of squares.",
            7 / 16,
        ),
        Misconception(
            "frame of two rows",
            "A 3 × 3 layer reaches one pixel into the padding: one row at each end.",
            37 / 42,
        ),
        Misconception(
            "thought to be blind to position",
            "On the circle that would be right. Zero padding shows itself at the rim.",
            0,
        ),
        Misconception(
            "thought to know every row",
            "Inside the frame all rows look alike to one layer.",
            1,
        ),
    ),
    insight="With four layers the frame covers all eight rows, and the bound is 1.",
)

POOL_INVARIANCE = Number(
    id="equivariance.pool_invariance",
    title="How often a max pooling ignores a shift",
    value=4 / 9,
    tolerance=5e-4,
    hints=(
        "The output stays exactly if the bright pixel stays in its window. Count the places.",
        "Look at one axis first: from which of three places does a step by 1 stay in the window?",
        "The two axes are independent.",
    ),
    misconceptions=(
        Misconception(
            "one axis only",
            "That is for a shift along one axis. Here the pixel must stay along both.",
            2 / 3,
        ),
        Misconception(
            "pooling thought to be invariant",
            "Put the bright pixel at the lower right end of its window: the output jumps.",
            1,
        ),
        Misconception(
            "every shift thought to show",
            "Put the bright pixel at the upper left end of its window: the output stays.",
            0,
        ),
        Misconception(
            "the complement",
            "That is how often the output changes.",
            5 / 9,
        ),
        Misconception(
            "leaving along both axes",
            "That is how often it leaves along both axes. To leave along one changes the output.",
            1 / 9,
        ),
        Misconception(
            "window of two",
            "That is for a window of 2 × 2. This one is 3 × 3.",
            1 / 4,
        ),
    ),
    insight="For the other places, one pixel in is three pixels out.",
)


def _blurred(x: Tensor, weights: Sequence[float] = (1, 2, 1), mode: str = "circular") -> Tensor:
    """Filter rows and columns with three weights, divided by their sum."""
    row = torch.tensor(weights, dtype=x.dtype)
    kernel = torch.outer(row, row) / row.sum() ** 2
    return F.conv2d(F.pad(x[:, None], (1, 1, 1, 1), mode=mode), kernel[None, None])[:, 0]


def _flat(x: Tensor) -> Tensor:
    """Blur down the columns only."""
    taps = torch.tensor([1, 2, 1], dtype=x.dtype).view(1, 1, 3, 1) / 4
    return F.conv2d(F.pad(x[:, None], (0, 0, 1, 1), mode="circular"), taps)[:, 0]


NYQUIST = Function(
    id="equivariance.nyquist",
    title="Halve a picture, with less alias",
    signature="blur_pool(x)",
    oracle=lambda x: _blurred(x)[..., ::2, ::2],
    cases=lambda: [
        (whole(1, 2, 4),),
        (whole(1, 4, 4),),
        (whole(2, 4, 6),),
        (whole(3, 8, 6),),
    ],
    hints=(
        "The highest frequency has to be gone before pixels are skipped. Which step comes first?",
        "Blur one axis, then the other: each pixel is mixed with its two neighbours.",
        "`torch.roll` with 1 and with -1 fetches the two neighbours on the circle.",
    ),
    misconceptions=(
        Misconception(
            "blurred after subsampling",
            "Too late: once pixels are skipped, alias and signal cannot be told apart.",
            lambda x: _blurred(x[..., ::2, ::2]),
        ),
        Misconception(
            "no blur",
            "Skipping pixels alone folds the high frequencies onto the low ones.",
            lambda x: x[..., ::2, ::2],
        ),
        Misconception(
            "only one axis blurred",
            "Pixels are skipped along both axes, so blur along both.",
            lambda x: _flat(x)[..., ::2, ::2],
        ),
        Misconception(
            "only one axis blurred: the columns left out",
            "Pixels are skipped down as well as across: blur down, too.",
            lambda x: _flat(x.mT).mT[..., ::2, ::2],
        ),
        Misconception(
            "zeros at the border",
            "On the circle, the neighbour of the last pixel is the first.",
            lambda x: _blurred(x, mode="constant")[..., ::2, ::2],
        ),
        Misconception(
            "box instead of binomial",
            "Three equal weights leave some of the highest frequency: take 1, 2, 1.",
            lambda x: _blurred(x, (1, 1, 1))[..., ::2, ::2],
        ),
        Misconception(
            "windows of two averaged",
            "Two equal weights let more alias through than 1, 2, 1: take both neighbours.",
            lambda x: F.avg_pool2d(x, 2),
        ),
        Misconception(
            "maximum taken",
            "No maximum is asked for here, only the blur and the subsampling behind it.",
            lambda x: F.max_pool2d(x, 2),
        ),
        Misconception(
            "not divided",
            "The weights have to add up to 1, or the picture gets brighter.",
            lambda x: 16 * _blurred(x)[..., ::2, ::2],
        ),
        Misconception(
            "odd pixels kept",
            "Keep the pixels 0, 2, 4, …, as a stride does.",
            lambda x: _blurred(x)[..., 1::2, 1::2],
        ),
    ),
    insight="Now the mean over all places is exactly invariant: every pixel counts the same.",
)

CONSISTENCY = Choice(
    id="equivariance.consistency",
    title="Perfectly consistent, and at chance",
    options="abc",
    reasons="1234",
    correct=("a", 3),
    hints=(
        "Consistency is computed without the labels. What does accuracy need?",
        "Imagine the simplest classifier that is never disturbed by a shift.",
    ),
    misconceptions=(
        Misconception(
            "invariance thought to be knowledge",
            "Ignoring the shift is easy for a network that ignores the whole picture.",
            "b",
        ),
        Misconception(
            "agreement thought to require being right",
            "Two answers can agree and both be wrong.",
            "c",
        ),
        Misconception(
            "chance accuracy thought to need random answers",
            "Answers at random would seldom agree. Chance accuracy does not need randomness.",
            ("a", 4),
        ),
    ),
    insight="So report both: consistency alone is highest for a network that says nothing.",
)


def _phases(x: Tensor) -> Tensor:
    """The four phases of a picture, (C, 4, H/2, W/2)."""
    return F.pixel_unshuffle(x, 2).unflatten(0, (len(x), 4))


def _strongest(x: Tensor, strength: Callable[[Tensor], Tensor]) -> Tensor:
    return _phases(x)[:, strength(_phases(x)).argmax()]


ADAPTIVE_PHASE = Function(
    id="equivariance.adaptive_phase",
    title="A subsampling that survives every shift",
    signature="downsample(x)",
    oracle=lambda x: _strongest(x, lambda p: p.square().sum((0, 2, 3))),
    cases=lambda: [
        (torch.tensor([[[1.0, 3, 2, 1], [-4, 0, -1, 2]]]).double(),),
        (torch.tensor([[[5.0, 1], [1, 1]], [[1, 1], [1, 6]]]).double(),),
        (torch.tensor([[[3.0, 5, 3, 0], [3, 0, -3, 0]]]).double(),),
        (torch.tensor([[[0.1, 0.3], [0.5, -0.7]]]).double(),),
        *[(real(2, 4, 6),) for _ in range(4)],
        (real(3, 8, 4),),
    ],
    hints=(
        "Subsampling by 2 can start at row 0 or 1 and at column 0 or 1. List the candidates.",
        "Slices with a step give them: start at a, step by 2.",
        "Compare the norms over all channels and places, and return the winner.",
    ),
    misconceptions=(
        Misconception(
            "always the same phase",
            "A fixed phase is plain subsampling: let the picture itself decide.",
            lambda x: _phases(x)[:, 0],
        ),
        Misconception(
            "largest sum instead of largest norm",
            "A sum lets positive and negative values cancel: take the norm.",
            lambda x: _strongest(x, lambda p: p.sum((0, 2, 3))),
        ),
        Misconception(
            "largest value instead of largest norm",
            "The norm counts all values of a phase, not only the largest one.",
            lambda x: _strongest(x, lambda p: p.abs().amax((0, 2, 3))),
        ),
        Misconception(
            "absolute values added",
            "The norm asked for adds up squares, not absolute values.",
            lambda x: _strongest(x, lambda p: p.abs().sum((0, 2, 3))),
        ),
        Misconception(
            "two phases only",
            "Rows and columns choose their start independently: there are four phases, not two.",
            lambda x: max(_phases(x)[:, 0], _phases(x)[:, 3], key=torch.linalg.vector_norm),
        ),
        Misconception(
            "smallest norm",
            "Keep the phase with the largest norm.",
            lambda x: _strongest(x, lambda p: -p.square().sum((0, 2, 3))),
        ),
        Misconception(
            "each channel for itself",
            "All channels have to take the same phase, or they slide apart.",
            lambda x: torch.cat(
                [_strongest(c[None], lambda p: p.square().sum((0, 2, 3))) for c in x]
            ),
        ),
    ),
    insight="A shift permutes the four phases, so the same pixels win: exact, at almost no cost.",
)

EXERCISES = (
    TRANSLATE_ZEROS,
    CLASSIFY,
    SURVIVING_SHIFTS,
    STRIDE_TWO,
    RECOVER_KERNEL,
    FRAME_WIDTH,
    POSITION,
    POOL_INVARIANCE,
    NYQUIST,
    CONSISTENCY,
    ADAPTIVE_PHASE,
)
