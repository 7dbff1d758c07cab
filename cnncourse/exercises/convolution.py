"""Exercises of chapter 02: the operation itself, index by index."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.grading.kinds import (
    CONVOLUTIONS,
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

NUMBER = 2
TITLE = "Convolution"


def _measured_size(n: int, k: int, padding: int, stride: int, dilation: int) -> int:
    """Convolve a row of n zeros and see how long the result is."""
    x, weight = torch.zeros(1, 1, n), torch.zeros(1, 1, k)
    return F.conv1d(x, weight, None, stride, padding, dilation).shape[-1]


def _sizes() -> list[tuple[int, ...]]:
    drawn = [
        (integer(20, 60), integer(1, 6), integer(0, 4), integer(1, 5), integer(1, 3))
        for _ in range(12)
    ]
    return [(5, 3, 0, 1, 1), (6, 3, 0, 2, 1), (6, 3, 1, 2, 1), (9, 3, 0, 1, 2), *drawn]


OUTPUT_SIZE = Formula(
    id="convolution.output_size",
    title="Output size with padding, stride and dilation",
    signature="output_size(n, k, padding, stride, dilation)",
    oracle=_measured_size,
    cases=_sizes,
    hints=(
        "The first window starts at the left end of the padded row. Where may the last one start?",
        "With gaps, a window covers more than k positions: count them for k = 3, dilation = 2.",
        "Windows start at 0, stride, 2*stride, …: count the starts that leave room for a window.",
    ),
    misconceptions=(
        Misconception(
            "no floor",
            "A window that would hang over the end is not counted: only whole strides fit.",
            lambda n, k, p, s, d: (n + 2 * p - d * (k - 1) - 1) / s + 1,
        ),
        Misconception(
            "padding counted once",
            "`padding` is added on each of the two sides.",
            lambda n, k, p, s, d: (n + p - d * (k - 1) - 1) // s + 1,
        ),
        Misconception(
            "dilation ignored",
            "With gaps between its taps, a kernel covers more than k positions.",
            lambda n, k, p, s, d: (n + 2 * p - k) // s + 1,
        ),
        Misconception(
            "dilation multiplies the size, not the gaps",
            "Between k taps there are k - 1 gaps, and only the gaps grow with the dilation.",
            lambda n, k, p, s, d: (n + 2 * p - d * k) // s + 1,
        ),
        Misconception(
            "stride applied before the kernel",
            "First find how many positions the kernel can take, then keep each stride-th of them.",
            lambda n, k, p, s, d: (n + 2 * p) // s - d * (k - 1),
        ),
        Misconception(
            "first position forgotten",
            "Between the first and last start lie so many strides; the starts are one more.",
            lambda n, k, p, s, d: (n + 2 * p - d * (k - 1) - 1) // s,
        ),
    ),
    insight="The floor is why strided layers can ignore the last rows and columns of a picture.",
)


def _correlate(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x[None, None], weight[None, None])[0, 0]


VALID = Function(
    id="convolution.valid",
    title="conv2d from its definition",
    signature="conv2d(x, weight)",
    oracle=_correlate,
    cases=lambda: [
        (whole(1, 1), whole(1, 1)),
        (whole(2, 3), whole(2, 2)),
        (whole(3, 4), whole(2, 2)),
        (whole(5, 4), whole(3, 3)),
        (whole(9, 14), whole(4, 4)),
    ],
    forbidden=(*CONVOLUTIONS, "unfold"),
    hints=(
        "How many positions can the window take down, and how many across?",
        "For each position, multiply the window and the kernel entry by entry and add up.",
        "The window whose corner is at row i and column j is `x[i:i+k, j:j+k]`.",
    ),
    misconceptions=(
        Misconception(
            "kernel flipped",
            "Deep learning's convolution is a cross-correlation: the kernel is laid on as it is.",
            lambda x, weight: _correlate(x, weight.flip(0, 1)),
        ),
        Misconception(
            "kernel transposed",
            "Rows of the kernel belong to rows of the window: the first index goes down.",
            lambda x, weight: _correlate(x, weight.T),
        ),
        Misconception(
            "output transposed",
            "The first index of the output goes down, like that of the input.",
            lambda x, weight: _correlate(x, weight).T,
        ),
        Misconception(
            "last position forgotten",
            "A window of k entries fits into n of them at n - k + 1 places: the last counts.",
            lambda x, weight: _correlate(x, weight)[:-1, :-1],
        ),
        Misconception(
            "zeros added around the input",
            "'Valid' means that the window stays inside: nothing is padded.",
            lambda x, weight: F.conv2d(x[None, None], weight[None, None], padding="same")[0, 0],
        ),
    ),
    insight="Each of these outputs uses the same k*k weights: that is weight sharing.",
)

SAMPLED_INDEX = Blanks(
    id="convolution.sampled_index",
    title="Which input does tap m read?",
    variables=("i", "m", "stride", "padding", "dilation"),
    blanks={"index": "i * stride + m * dilation - padding"},
    hints=(
        "Start with stride 1, no padding and no gaps: tap m of output i reads x[i + m].",
        "The stride moves the whole window; the dilation moves the taps within it.",
        "Index 0 of the padded row is index -padding of the row itself.",
    ),
    misconceptions=(
        Misconception(
            "stride and dilation swapped",
            "The stride multiplies the output index, the dilation the tap.",
            "i * dilation + m * stride - padding",
        ),
        Misconception(
            "padding added",
            "Padding puts positions before index 0, so the first window starts at -padding.",
            "i * stride + m * dilation + padding",
        ),
        Misconception(
            "kernel flipped",
            "A cross-correlation reads forwards: a later tap reads a later input.",
            "i * stride - m * dilation - padding",
        ),
        Misconception(
            "dilation forgotten",
            "With dilation, neighbouring taps read places `dilation` apart.",
            "i * stride + m - padding",
        ),
        Misconception(
            "stride times everything",
            "The stride moves the window as a whole; within it, taps are one dilation apart.",
            "(i + m * dilation) * stride - padding",
        ),
    ),
    insight="This one index holds padding, stride and dilation; all the rest is a sum over m.",
)

COMMUTES = Proof(
    id="convolution.commutes",
    title="Convolution commutes: order the proof",
    needs={"A": "", "B": "A", "C": "B", "D": "C", "E": "D"},
    superfluous="F",
    hints=(
        "A proof about (f ⋆ g)[i] starts with what (f ⋆ g)[i] is.",
        "A new summation index has to be named before the sum can be written with it.",
        "Only when the sum is over n can its factors be read as the definition of (g ⋆ f)[i].",
    ),
    misconceptions=(
        Misconception(
            "sum rewritten before the new index exists",
            "The sum over n is written before n is introduced.",
            "ACBDE",
        ),
        Misconception(
            "conclusion assumed",
            "The proof starts from what it is to show.",
            "EABCD",
        ),
        Misconception(
            "convolution confused with cross-correlation",
            "No kernel is mirrored here: that would turn the convolution into a cross-correlation.",
            "ABCFDE",
        ),
    ),
    insight="Cross-correlation does not commute: swapping its arguments mirrors the result.",
)


class _SwappedOrder(nn.Sequential):
    """The 1x1 convolution first, then the spatial one."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 1),
            nn.Conv2d(outputs, outputs, 3, padding=1, groups=outputs, bias=False),
        )


def _separable(depthwise: dict, pointwise: dict):
    def build(inputs: int, outputs: int) -> nn.Module:
        spatial = {"groups": inputs, "padding": 1, "bias": False} | depthwise
        return nn.Sequential(
            nn.Conv2d(inputs, inputs, 3, **spatial),
            nn.Conv2d(inputs, outputs, 1, **pointwise),
        )

    return build


SEPARABLE = Module(
    id="convolution.separable",
    title="A depthwise separable convolution as a module",
    signature="SeparableConv(in_channels, out_channels)",
    oracle=_separable({}, {}),
    cases=lambda: [
        ((2, 3), whole(1, 2, 3, 4)),
        ((4, 2), whole(2, 4, 5, 7)),
    ],
    hints=(
        "Two layers: one looks around in each channel by itself, one mixes the channels.",
        "`groups` says into how many separate convolutions a layer is split.",
        "As many groups as channels; a border of one zero keeps height and width for k = 3.",
    ),
    misconceptions=(
        Misconception(
            "channels mixed first",
            "First filter each channel in space, then mix the channels.",
            _SwappedOrder,
        ),
        Misconception(
            "dense spatial convolution",
            "Your 3x3 layer mixes channels already: split it into one group a channel.",
            _separable({"groups": 1}, {}),
        ),
        Misconception(
            "two biases",
            "A bias before a linear layer can be moved behind it: the first layer has none.",
            _separable({"bias": True}, {}),
        ),
        Misconception(
            "no bias at all",
            "The layer that mixes the channels keeps its bias.",
            _separable({}, {"bias": False}),
        ),
        Misconception(
            "no padding",
            "Height and width are to stay as they are: pad the 3x3 layer.",
            _separable({"padding": 0}, {}),
        ),
    ),
    insight="9 + out_channels products a value instead of 9 * out_channels: MobileNet's saving.",
)


def _layer(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.conv2d(x[None], weight, bias)[0]


MULTI_CHANNEL = Function(
    id="convolution.multi_channel",
    title="Several channels in, several out, with biases",
    signature="conv_layer(x, weight, bias)",
    oracle=_layer,
    cases=lambda: [
        (whole(1, 2, 2), whole(1, 1, 2, 2), whole(1)),
        (whole(2, 3, 5), whole(3, 2, 2, 2), whole(3)),
        (whole(3, 5, 6), whole(2, 3, 3, 3), whole(2)),
        (whole(4, 6, 5), whole(5, 4, 2, 3), whole(5)),
    ],
    forbidden=(*CONVOLUTIONS, "unfold"),
    hints=(
        "Solve it for one output channel first: which kernels and which bias belong to it?",
        "Each input channel is weighted with its own kernel; the results are added up.",
        "One output number is the sum over a whole block of C times kh times kw products.",
    ),
    misconceptions=(
        Misconception(
            "channels summed before weighting",
            "Every input channel has a kernel of its own: weight first, then sum over channels.",
            lambda x, weight, bias: F.conv2d(x.sum(0, keepdim=True)[None], weight[:, :1], bias)[0],
        ),
        Misconception(
            "bias forgotten",
            "Each output channel adds its bias, once, to every place.",
            lambda x, weight, bias: _layer(x, weight, torch.zeros_like(bias)),
        ),
        Misconception(
            "bias added for every input channel",
            "The bias belongs to the output channel: add it once, after the sum.",
            lambda x, weight, bias: _layer(x, weight, len(x) * bias),
        ),
        Misconception(
            "one output for every pair of channels",
            "An output channel is a sum over all input channels, not one map for each of them.",
            lambda x, weight, bias: torch.cat(
                [F.conv2d(x[c][None, None], weight[:, c : c + 1], bias)[0] for c in range(len(x))]
            ),
        ),
        Misconception(
            "mean instead of sum",
            "The contributions of the input channels are added, not averaged.",
            lambda x, weight, bias: _layer(x, weight / len(x), bias),
        ),
        Misconception(
            "kernels flipped",
            "The kernels are laid on as they are: cross-correlation.",
            lambda x, weight, bias: _layer(x, weight.flip(2, 3), bias),
        ),
    ),
    insight=(
        "Meet a block, multiply, add up, add the bias: this is all that a convolution layer does."
    ),
)


def _columns(x: Tensor, k: int) -> Tensor:
    return F.unfold(x[None], k)[0]


def _windows(x: Tensor, k: int) -> Tensor:
    """All windows, (H', W', C, k, k)."""
    size = (x.shape[1] + 1 - k, x.shape[2] + 1 - k)
    return _columns(x, k).T.reshape(*size, len(x), k, k)


IM2COL = Function(
    id="convolution.im2col",
    title="Windows as columns",
    signature="im2col(x, k)",
    oracle=_columns,
    cases=lambda: [
        (whole(1, 2, 3), 2),
        (whole(2, 3, 4), 2),
        (whole(2, 5, 4), 3),
        (whole(3, 6, 9), 4),
    ],
    forbidden=(*CONVOLUTIONS, "unfold"),
    hints=(
        "One column for each place of the window, in reading order: how many are there?",
        "A column is one window, flattened: channel by channel, row by row.",
        "Flatten `x[:, i:i+k, j:j+k]` for every i and j, and stack the results side by side.",
    ),
    misconceptions=(
        Misconception(
            "windows as rows",
            "Windows are to be the columns, so that a weight matrix can stand on the left.",
            lambda x, k: _columns(x, k).T,
        ),
        Misconception(
            "channels last in a column",
            "Within a column the channel comes first, as in the weight (D, C, k, k).",
            lambda x, k: _windows(x, k).permute(3, 4, 2, 0, 1).flatten(3).flatten(0, 2),
        ),
        Misconception(
            "places in columns first",
            "The places come in reading order: along a row first, then down.",
            lambda x, k: _windows(x, k).permute(2, 3, 4, 1, 0).flatten(3).flatten(0, 2),
        ),
        Misconception(
            "windows transposed",
            "A window is flattened row by row, as the kernel is.",
            lambda x, k: _windows(x, k).permute(2, 4, 3, 0, 1).flatten(3).flatten(0, 2),
        ),
        Misconception(
            "windows that do not overlap",
            "The window moves one place at a time, so neighbours overlap.",
            lambda x, k: F.unfold(x[None], k, stride=k)[0],
        ),
    ),
    insight="With it, a convolution is `weight.flatten(1) @ im2col(x, k)`.",
)


def _general(x: Tensor, weight: Tensor, stride: int, dilation: int) -> Tensor:
    return F.conv1d(x[None, None], weight[None, None], None, stride, 0, dilation)[0, 0]


STRIDE_DILATION = Function(
    id="convolution.stride_dilation",
    title="Stride and dilation in one dimension",
    signature="conv1d(x, weight, stride, dilation)",
    oracle=_general,
    cases=lambda: [
        (whole(3), whole(2), 1, 1),
        (whole(7), whole(2), 2, 1),
        (whole(7), whole(2), 1, 3),
        (whole(12), whole(3), 3, 2),
        (whole(25), whole(4), 2, 3),
    ],
    forbidden=CONVOLUTIONS,
    hints=(
        "How many outputs are there? With gaps, the window covers more than k values.",
        "Output i starts reading at stride * i.",
        "Tap a of output i reads x[stride * i + dilation * a].",
    ),
    misconceptions=(
        Misconception(
            "stride and dilation swapped",
            "The stride multiplies the index of the output, the dilation that of the tap.",
            lambda x, weight, stride, dilation: _general(x, weight, dilation, stride),
        ),
        Misconception(
            "dilation ignored",
            "With a dilation the taps lie `dilation` values apart.",
            lambda x, weight, stride, dilation: _general(x, weight, stride, 1),
        ),
        Misconception(
            "stride ignored",
            "The window moves `stride` values at a time.",
            lambda x, weight, stride, dilation: _general(x, weight, 1, dilation),
        ),
        Misconception(
            "kernel flipped",
            "Tap a reads forwards: the kernel is not turned round.",
            lambda x, weight, stride, dilation: _general(x, weight.flip(0), stride, dilation),
        ),
        Misconception(
            "dilation counted as gaps",
            "Dilation 1 means no gaps: neighbouring taps read neighbouring values.",
            lambda x, weight, stride, dilation: _general(x, weight, stride, dilation + 1),
        ),
    ),
    insight="One index, s·i + d·a, holds both.",
)

SOBEL_SIGN = Choice(
    id="convolution.sobel_sign",
    title="The sign of the Sobel kernel",
    options="abc",
    reasons="1234",
    correct=("b", 2),
    hints=(
        "Put the kernel on the edge by hand: which column of it meets the bright pixels?",
        "`F.conv2d` does not turn the kernel. Here the bright side is on the left.",
    ),
    misconceptions=(
        Misconception(
            "the kernel thought to be flipped",
            "`F.conv2d` is a cross-correlation: the column of minus ones stays on the left.",
            ("a", 1),
        ),
        Misconception(
            "the edge read the wrong way round",
            "The picture is bright on the left, so the negative column meets the bright pixels.",
            "a",
        ),
        Misconception(
            "weights that sum to zero thought to answer zero",
            "The weights sum to zero, so it answers zero on a flat patch; this one is not flat.",
            "c",
        ),
    ),
    insight="An antisymmetric kernel changes sign under the flip: here convention shows.",
)

SAME_PADDING = Formula(
    id="convolution.same_padding",
    title="The padding that keeps the size",
    signature="padding(k, d)",
    oracle=lambda k, d: next(p for p in range(200) if _measured_size(300, k, p, 1, d) == 300),
    cases=lambda: [
        (1, 1),
        (3, 1),
        (5, 1),
        (3, 2),
        *[(2 * integer(0, 4) + 1, integer(1, 6)) for _ in range(8)],
    ],
    hints=(
        "Put stride 1 into the output size and ask that it be n.",
        "The window is longer than one value by d * (k - 1): half of it goes to each side.",
    ),
    misconceptions=(
        Misconception(
            "dilation ignored",
            "k // 2 is right without gaps. A dilated kernel is longer.",
            lambda k, d: k // 2,
        ),
        Misconception(
            "both sides in one",
            "`padding` counts one side; the other side gets as much again.",
            lambda k, d: d * (k - 1),
        ),
        Misconception(
            "dilation multiplies the size, not the gaps",
            "Between k taps there are k - 1 gaps of d.",
            lambda k, d: d * k // 2,
        ),
    ),
    insight="For k = 3 it is simply d: that is why dilated networks pad with their dilation.",
)


def _zeros_before(n: int, k: int, stride: int) -> int:
    """Count the zeros in front by trial: add them one by one, behind first, until it fits."""
    before = after = 0
    while n + before + after < k or _measured_size(n + before + after, k, 0, stride, 1) < -(
        -n // stride
    ):
        if after > before:
            before += 1
        else:
            after += 1
    return before


SAME_STRIDE = Formula(
    id="convolution.same_stride",
    title="The padding of a network from TensorFlow",
    signature="before(n, k, stride)",
    oracle=_zeros_before,
    cases=lambda: [
        (224, 3, 2),
        (225, 3, 2),
        (224, 7, 2),
        (10, 3, 3),
        (8, 1, 2),
        (9, 1, 4),
        (12, 2, 1),
        *[(integer(10, 60), integer(1, 8), integer(1, 4)) for _ in range(12)],
    ],
    hints=(
        "Where does the last of ⌈n/stride⌉ windows start, and where does it end?",
        "What it lacks at the end of the row is the padding, of both sides together, or nothing.",
        "Half of it, rounded down, goes in front.",
    ),
    misconceptions=(
        Misconception(
            "PyTorch's padding by half the kernel",
            "At a larger stride fewer zeros do: it depends on where the last window ends.",
            lambda n, k, stride: k // 2,
        ),
        Misconception(
            "stride ignored",
            "That keeps n outputs. At a larger stride the last window starts further left.",
            lambda n, k, stride: (k - 1) // 2,
        ),
        Misconception(
            "both sides in one",
            "The zeros are shared by both sides; this is their total.",
            lambda n, k, stride: max((-(-n // stride) - 1) * stride + k - n, 0),
        ),
        Misconception(
            "the odd zero in front",
            "Where the total is odd, the extra zero goes behind.",
            lambda n, k, stride: (max((-(-n // stride) - 1) * stride + k - n, 0) + 1) // 2,
        ),
        Misconception(
            "outputs rounded down",
            "SAME has n / stride outputs, rounded up: a window for the pixels left over, too.",
            lambda n, k, stride: max((n // stride - 1) * stride + k - n, 0) // 2,
        ),
        Misconception(
            "negative padding",
            "Where the stride exceeds the kernel, the last window ends inside: nothing is cut off.",
            lambda n, k, stride: ((-(-n // stride) - 1) * stride + k - n) // 2,
        ),
    ),
    insight="At stride 2 and an odd kernel it is (k - 3)/2 for even n and (k - 1)/2 for odd n.",
)

GROUPED_PARAMETERS = Formula(
    id="convolution.grouped_parameters",
    title="Parameters of a grouped convolution",
    signature="parameters(C, D, k, g)",
    oracle=lambda C, D, k, g: sum(p.numel() for p in nn.Conv2d(C, D, k, groups=g).parameters()),
    cases=lambda: [
        (2, 2, 1, 1),
        (2, 4, 3, 2),
        (6, 6, 3, 6),
        *[(g * integer(1, 6), g * integer(1, 6), integer(1, 5), g) for g in (2, 3, 4, 5)],
    ],
    hints=(
        "How many input channels does one filter see?",
        "There are still D filters, and D biases.",
    ),
    misconceptions=(
        Misconception(
            "groups ignored",
            "A filter sees the channels of its own group only: C / g of them.",
            lambda C, D, k, g: D * (C * k * k + 1),
        ),
        Misconception(
            "divided twice",
            "Each of the g groups has (C/g)(D/g) kernels; there are g groups.",
            lambda C, D, k, g: (C // g) * (D // g) * k * k + D,
        ),
        Misconception(
            "biases divided as well",
            "Every output channel keeps its bias, whatever its group.",
            lambda C, D, k, g: D * (C // g) * k * k + D // g,
        ),
        Misconception(
            "biases forgotten",
            "Each of the D output channels has a bias.",
            lambda C, D, k, g: D * (C // g) * k * k,
        ),
    ),
    insight="With g = C = D only k² weights a channel are left: the depthwise convolution.",
)

MERGED_SIZE = Number(
    id="convolution.merged_size",
    title="Two kernels in a row, one kernel",
    value=7,
    unit="taps",
    hints=(
        "Which inputs does one output of the second layer depend on?",
        "The second kernel reads 3 values of the first layer, and each of them reads 5 inputs.",
    ),
    misconceptions=(
        Misconception(
            "sizes added",
            "The windows of neighbouring values overlap: count the inputs from first to last.",
            8,
        ),
        Misconception(
            "sizes multiplied",
            "The windows of neighbouring values overlap: they do not stand side by side.",
            15,
        ),
        Misconception(
            "the larger kernel",
            "The second layer looks beyond the window of a single value of the first.",
            5,
        ),
    ),
    insight=(
        "Without a non-linearity in between, both layers are one kernel of 7 taps; "
        "in two dimensions, 7 × 7."
    ),
)


def _through_spectra(x: Tensor, weight: Tensor) -> Tensor:
    """The circular correlation, not yet cut to the valid places."""
    spectrum = torch.fft.rfft2(weight, s=x.shape).conj() * torch.fft.rfft2(x)
    return torch.fft.irfft2(spectrum, s=x.shape)


def _through_product(x: Tensor, weight: Tensor) -> Tensor:
    """The same without the complex conjugate: a true convolution on the circle."""
    spectrum = torch.fft.rfft2(weight, s=x.shape) * torch.fft.rfft2(x)
    return torch.fft.irfft2(spectrum, s=x.shape)


def _without_last(x: Tensor, weight: Tensor) -> Tensor:
    """Cut the last places off, as many as a window reads beyond its own."""
    return x[: len(x) - len(weight) + 1, : x.shape[1] - weight.shape[1] + 1]


def _without_first(x: Tensor, weight: Tensor) -> Tensor:
    return x[len(weight) - 1 :, weight.shape[1] - 1 :]


SPECTRAL = Function(
    id="convolution.spectral",
    title="The convolution as a product of spectra",
    signature="correlate_fft(x, weight)",
    oracle=_correlate,
    cases=lambda: [
        (whole(2, 3), whole(2, 2)),
        (whole(3, 5), whole(2, 3)),
        (whole(8, 6), whole(3, 3)),
        (real(17, 20), real(5, 4)),
    ],
    forbidden=(*CONVOLUTIONS, "unfold"),
    loops=False,
    hints=(
        "Transform both at the size of the picture: `s=x.shape` pads the kernel with zeros.",
        "A product of spectra is a convolution; a cross-correlation wants a conjugate.",
        "At the last k - 1 places the circle wraps around: cut them off.",
    ),
    misconceptions=(
        Misconception(
            "conjugate forgotten",
            "The plain product is the true convolution: the kernel would have to be flipped.",
            lambda x, weight: _without_last(_through_product(x, weight), weight),
        ),
        Misconception(
            "true convolution",
            "This is the convolution with the kernel flipped: where is a conjugate missing?",
            lambda x, weight: _without_first(_through_product(x, weight), weight),
        ),
        Misconception(
            "wrapped places kept",
            "The circle wraps around at the last places: only the valid ones are asked for.",
            _through_spectra,
        ),
        Misconception(
            "cut at the wrong end",
            "The window starts at its place and reads onwards, so the last places wrap.",
            lambda x, weight: _without_first(_through_spectra(x, weight), weight),
        ),
    ),
    insight="The time hardly depends on the kernel size. That pays for large kernels only.",
)

EXERCISES = (
    OUTPUT_SIZE,
    SAME_PADDING,
    SAME_STRIDE,
    VALID,
    SOBEL_SIGN,
    MULTI_CHANNEL,
    GROUPED_PARAMETERS,
    SAMPLED_INDEX,
    STRIDE_DILATION,
    IM2COL,
    COMMUTES,
    MERGED_SIZE,
    SPECTRAL,
    SEPARABLE,
)
