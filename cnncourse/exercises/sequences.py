"""Exercises of chapter 12: how does a convolution read what comes one after the other?"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures import wavenet
from cnncourse.grading.kinds import (
    Blanks,
    Choice,
    Formula,
    Function,
    Misconception,
    Module,
    Number,
    Proof,
    real,
    whole,
)
from cnncourse.layers.sequence import CausalConv1d

NUMBER = 12
TITLE = "Sequences"


def _padded(before: Callable, behind: Callable, turn: bool = False) -> Callable:
    """A wrong answer: so many zeros before and behind, given the reach, or taps turned round."""

    def answer(x: Tensor, weight: Tensor, dilation: int) -> Tensor:
        reach = (weight.shape[2] - 1) * dilation
        kernel = weight.flip(2) if turn else weight
        return F.conv1d(F.pad(x, (before(reach), behind(reach))), kernel, dilation=dilation)

    return answer


def _causal(x: Tensor, weight: Tensor, dilation: int) -> Tensor:
    """Let the library's layer compute it."""
    layer = CausalConv1d(weight.shape[1], weight.shape[0], weight.shape[2], dilation, bias=False)
    return torch.func.functional_call(layer, {"weight": weight}, (x,))


CAUSAL = Function(
    id="sequences.causal",
    title="A causal convolution",
    signature="causal(x, weight, dilation)",
    oracle=_causal,
    cases=lambda: [
        (
            torch.tensor([[[1.0, 3.0, 9.0, 2.0]]]).double(),
            torch.tensor([[[1.0, 10.0, 100.0]]]).double(),
            1,
        ),
        (whole(2, 2, 7), whole(3, 2, 3), 2),
        (whole(1, 2, 9), whole(2, 2, 2), 4),
        (whole(1, 1, 3), whole(1, 1, 5), 2),
        (whole(1, 3, 4), whole(2, 3, 1), 1),
    ],
    hints=(
        "How far back does the first tap of the kernel look, if the last one meets the present?",
        "So many zeros stand before the first step, and none behind the last one.",
        "`F.pad(x, (before, behind))` pads the last axis.",
    ),
    misconceptions=(
        Misconception(
            "padded on both sides",
            "Half of the kernel then looks ahead. All the padding belongs in front.",
            lambda x, weight, dilation: F.conv1d(x, weight, padding="same", dilation=dilation),
        ),
        Misconception(
            "padded on the wrong side",
            "With zeros behind, output t looks ahead from t. Put them in front.",
            _padded(lambda reach: 0, lambda reach: reach),
        ),
        Misconception(
            "not cut off",
            "`padding` of a layer works at both ends: the outputs after step T - 1 have to go.",
            _padded(lambda reach: reach, lambda reach: reach),
        ),
        Misconception(
            "shifted twice",
            "Output t may see input t. Yours ends one step earlier.",
            _padded(lambda reach: reach + 1, lambda reach: -1),
        ),
        Misconception(
            "kernel turned round",
            "The last tap meets the present, as in `F.conv1d`: the kernel stays as it is.",
            _padded(lambda reach: reach, lambda reach: 0, turn=True),
        ),
        Misconception(
            "rate ignored",
            "Taps lie `dilation` steps apart.",
            lambda x, weight, dilation: _causal(x, weight, 1),
        ),
        Misconception(
            "rate forgotten in the padding",
            "From the first tap to the last there are k - 1 gaps, of `dilation` steps each.",
            lambda x, weight, dilation: F.conv1d(
                F.pad(x, (weight.shape[2] - 1, 0)), weight, dilation=dilation
            ),
        ),
    ),
    insight="Causality costs nothing: the same products, with the padding on one side.",
)

TAPS = Blanks(
    id="sequences.taps",
    title="Which step does tap a read?",
    blanks={"step": "t - (k - 1 - a) * d"},
    variables=("t", "a", "k", "d"),
    hints=(
        "The last tap, a = k - 1, reads step t.",
        "One tap earlier is d steps earlier. How many taps lie between tap a and the last one?",
    ),
    misconceptions=(
        Misconception(
            "first tap on the present",
            "That is a convolution as in mathematics. Here the *last* tap meets the present.",
            "t - a * d",
        ),
        Misconception(
            "ahead",
            "For a > 0 this lies in the future.",
            "t + a * d",
        ),
        Misconception(
            "rate forgotten",
            "Neighbouring taps read steps that lie d apart.",
            "t - (k - 1 - a)",
        ),
        Misconception(
            "one step too many",
            "Insert a = k - 1: the last tap has to read the present.",
            "t - (k - a) * d",
        ),
        Misconception(
            "rate counted once",
            "Every gap between two taps is d long, not only one of them.",
            "t - (k - 1 - a) - d",
        ),
        Misconception(
            "symmetric kernel",
            "There the middle tap meets the present, and half of the taps the future.",
            "t + (a - (k - 1) / 2) * d",
        ),
    ),
    insight="At t < (k - 1) d some taps read zeros: the first outputs have seen less.",
)

LEAK = Choice(
    id="sequences.leak",
    title="A loss of almost zero",
    options="abcd",
    reasons="1234",
    correct=("b", 2),
    hints=(
        "Which codes has the network read when it scores at step t?",
        "Which code does the loss ask of it at step t?",
        "Could a network that only copies its input reach this loss?",
    ),
    misconceptions=(
        Misconception(
            "copying taken for learning",
            "It was asked to name the code that it has just read. It need not know sounds for that.",
            "a",
        ),
        Misconception(
            "padding blamed",
            "The network is causal, as it should be. The question put to it is the wrong one.",
            "c",
        ),
        Misconception(
            "shifted twice",
            "Then the network never sees the newest code. One of the two shifts is enough.",
            "d",
        ),
        Misconception(
            "present thought forbidden",
            "A causal network may see the present. It must not be asked for it.",
            ("b", 3),
        ),
    ),
    insight="Before you trust a low loss, ask what copying the last input would score.",
)

TCN_FIELD = Number(
    id="sequences.tcn_field",
    title="How far back a TCN looks",
    value=1 + 2 * 4 * 63,
    unit="steps",
    hints=(
        "A causal convolution with k taps and rate d looks (k - 1) d steps further back.",
        "How many convolutions of each rate are there?",
        "Add up the rates, and do not forget the present step.",
    ),
    misconceptions=(
        Misconception(
            "one convolution a level",
            "A level has two convolutions, and both reach back.",
            1 + 4 * 63,
        ),
        Misconception(
            "present forgotten",
            "That is how many steps lie before the present one, which is seen, too.",
            2 * 4 * 63,
        ),
        Misconception(
            "taps for gaps",
            "Five taps span four gaps.",
            1 + 2 * 5 * 63,
        ),
        Misconception(
            "last level only",
            "The levels below add their share as well.",
            1 + 2 * 4 * 32,
        ),
        Misconception(
            "a level too many",
            "Six levels that begin with the rate 1 end with the rate 32.",
            1 + 2 * 4 * 127,
        ),
        Misconception(
            "no dilation",
            "The rates double from level to level.",
            1 + 2 * 4 * 6,
        ),
    ),
    insight="The formula with one convolution a level is widespread, and half of this.",
)

WAVENET_FIELD = Number(
    id="sequences.wavenet_field",
    title="How far back a WaveNet looks",
    value=1 + 2 * 511,
    unit="samples",
    hints=(
        "Kernels of two taps look back by their rate. What is the sum of the rates of one stack?",
        "The second stack reads what the first one made: the reaches add up.",
    ),
    misconceptions=(
        Misconception(
            "one stack",
            "The second stack stands on top of the first and looks as much further back.",
            512,
        ),
        Misconception(
            "present twice",
            "The present is one sample, not one for each stack.",
            1024,
        ),
        Misconception(
            "present forgotten",
            "The present sample is seen as well.",
            1022,
        ),
        Misconception(
            "largest rate twice",
            "The smaller rates add their reach, too.",
            1 + 2 * 256,
        ),
        Misconception(
            "stacks multiplied",
            "The second stack begins at the rate 1 again, so the reaches are added.",
            512 * 512,
        ),
        Misconception(
            "layers counted",
            "Each layer looks back by its rate, not by one sample.",
            19,
        ),
    ),
    insight="64 milliseconds at 16,000 samples a second: less than a syllable.",
)


def _levels(length: int, k: int) -> int:
    """Add levels until they see everything."""
    field, level = 1, 0
    while field < length:
        field += 2 * (k - 1) * 2**level
        level += 1
    return level


LEVELS = Formula(
    id="sequences.levels",
    title="How many levels for a sequence",
    signature="levels(T, k)",
    oracle=_levels,
    cases=lambda: [(13, 3), (14, 3), (12, 3), (784, 7), (757, 7), (2, 2), (5000, 2), (400, 4)],
    hints=(
        "L levels see 1 + 2 (k - 1) (2**L - 1) steps. When is that at least T?",
        "Solve for 2**L and take the logarithm to the base 2.",
        "L is a whole number: round it up. Or add levels in a loop until they are enough.",
    ),
    misconceptions=(
        Misconception(
            "one convolution a level",
            "A level has two convolutions: you need fewer levels.",
            lambda T, k: math.ceil(math.log2((T - 1) / (k - 1) + 1)),
        ),
        Misconception(
            "rounded down",
            "Then the first steps are out of sight: round up.",
            lambda T, k: math.floor(math.log2((T - 1) / (2 * k - 2) + 1)),
        ),
        Misconception(
            "one step too many",
            "The present step is there without any level: T - 1 steps are left to reach.",
            lambda T, k: math.ceil(math.log2(T / (2 * k - 2) + 1)),
        ),
        Misconception(
            "taps for gaps",
            "k taps span k - 1 gaps: a convolution reaches less far than that.",
            lambda T, k: math.ceil(math.log2((T - 1) / (2 * k) + 1)),
        ),
        Misconception(
            "without dilation",
            "The reach doubles from level to level.",
            lambda T, k: math.ceil((T - 1) / (2 * k - 2)),
        ),
    ),
    insight="Levels grow like the logarithm of the length, and so does the way of the gradient.",
)


class _Block(nn.Module):
    """Two convolutions added to the input; parts can be replaced or left out.

    ``front`` is the part of the padding that stands in front: 1 in a causal block.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: int,
        dilation: int,
        second: int | None = None,
        front: float = 1,
        left_out: str = "",
    ) -> None:
        super().__init__()
        self.front, self.left_out = front, left_out
        rates = (dilation, dilation if second is None else second)
        self.first, self.last = (
            nn.Conv1d(channels, channels, kernel_size, dilation=rate) for rate in rates
        )

    def _convolved(self, x: Tensor, layer: nn.Conv1d) -> Tensor:
        reach = (layer.kernel_size[0] - 1) * layer.dilation[0]
        before = int(self.front * reach)
        return layer(F.pad(x, (before, reach - before)))

    def _rectified(self, x: Tensor, name: str) -> Tensor:
        return x if self.left_out == name else x.clamp(min=0)

    def forward(self, x: Tensor) -> Tensor:
        y = self._rectified(self._convolved(x, self.first), "inner")
        y = self._rectified(self._convolved(y, self.last), "before")
        return self._rectified(y if self.left_out == "shortcut" else x + y, "after")


BLOCK = Module(
    id="sequences.block",
    title="A block of a TCN",
    signature="Block(channels, kernel_size, dilation)",
    oracle=_Block,
    cases=lambda: [
        ((1, 3, 1), real(2, 1, 5)),
        ((2, 3, 2), real(1, 2, 8)),
        ((2, 2, 2), real(1, 2, 6)),
    ],
    hints=(
        "Pad in front with `F.pad`, and give the convolutions no padding of their own.",
        "Both convolutions have the same rate, so both need the same padding.",
        "There are three ReLUs: after each convolution and after the sum.",
    ),
    misconceptions=(
        Misconception(
            "looks ahead",
            "`padding=` of a layer pads both ends, so each convolution sees the future.",
            lambda c, k, d: _Block(c, k, d, front=0.5),
        ),
        Misconception(
            "padded on the wrong side",
            "The zeros stand behind, so each convolution looks ahead. `F.pad` takes (before, behind).",
            lambda c, k, d: _Block(c, k, d, front=0),
        ),
        Misconception(
            "second convolution without rate",
            "Both convolutions of a block have its rate.",
            lambda c, k, d: _Block(c, k, d, second=1),
        ),
        Misconception(
            "no shortcut",
            "What came in is added before the last ReLU.",
            lambda c, k, d: _Block(c, k, d, left_out="shortcut"),
        ),
        Misconception(
            "no ReLU after the sum",
            "The sum goes through a ReLU as well.",
            lambda c, k, d: _Block(c, k, d, left_out="after"),
        ),
        Misconception(
            "no ReLU before the sum",
            "The second convolution is followed by a ReLU, too, before the sum.",
            lambda c, k, d: _Block(c, k, d, left_out="before"),
        ),
        Misconception(
            "no ReLU in the middle",
            "Without a ReLU in the middle the two convolutions are one.",
            lambda c, k, d: _Block(c, k, d, left_out="inner"),
        ),
    ),
    insight="Causal in every layer, so causal as a whole: change the future, and nothing happens.",
)

WEIGHT_NORM = Formula(
    id="sequences.weight_norm",
    title="What weight norm adds",
    signature="parameters(c, k)",
    oracle=lambda c, k: sum(2 * [c * (c * k + 1) + c]),
    cases=lambda: [(2, 3), (25, 7), (8, 2), (64, 3), (5, 5)],
    hints=(
        "What does a convolution with bias have without weight norm?",
        "Weight norm writes the kernel of an output channel as a length times a direction.",
        "The directions are as many numbers as the weight. How many lengths are there?",
    ),
    misconceptions=(
        Misconception(
            "lengths or biases forgotten",
            "Each output channel has a bias *and* a length.",
            lambda c, k: 2 * (c * c * k + c),
        ),
        Misconception(
            "one length for the layer",
            "Every output channel has a length of its own.",
            lambda c, k: 2 * (c * c * k + c + 1),
        ),
        Misconception(
            "a length for each weight",
            "A length belongs to the whole kernel of an output channel.",
            lambda c, k: 2 * (2 * c * c * k + c),
        ),
        Misconception(
            "a length for each pair of channels",
            "The kernel of an output channel takes all input channels together.",
            lambda c, k: 2 * (c * c * k + c * c + c),
        ),
        Misconception(
            "one convolution",
            "The block has two convolutions.",
            lambda c, k: c * c * k + 2 * c,
        ),
    ),
    insight="c more numbers a layer, and none of them makes the layer do anything new.",
)

NORM = Choice(
    id="sequences.norm",
    title="Which norm may a causal network have?",
    options="abcd",
    reasons="1234",
    correct=("c", 3),
    hints=(
        "Change the last step of the input. Which means change, and who uses them?",
        "Of which values does each layer take its mean: of which steps, which channels?",
        "In training mode batch norm takes it over the batch and over *all steps*.",
    ),
    misconceptions=(
        Misconception(
            "leaked through batch norm",
            "In training its mean is over all steps, the later ones included.",
            "a",
        ),
        Misconception(
            "leaked through group norm",
            "Group norm takes its mean over all steps of the sequence, in both modes.",
            "b",
        ),
        Misconception(
            "leaked through pooling",
            "Its gate is made from the mean over all steps, and multiplies the first step, too.",
            "d",
        ),
        Misconception(
            "right norm by its parameters",
            "That it learns a scale is true of all of them. Over what is its mean?",
            ("c", 1),
        ),
    ),
    insight="Padding in front is not enough: test the whole network, in both modes.",
)

QUEUE_LENGTH = Formula(
    id="sequences.queue_length",
    title="How much a layer has to remember",
    signature="kept(k, d, c)",
    oracle=lambda k, d, c: c * len(range(0, (k - 1) * d)),
    cases=lambda: [(2, 8, 1), (3, 4, 5), (2, 512, 64), (7, 16, 25), (4, 1, 3)],
    hints=(
        "How many steps back does the oldest input lie that the next output needs?",
        "All steps from there on have to be kept: a later output needs those in between.",
        "A step holds a number for each channel.",
    ),
    misconceptions=(
        Misconception(
            "only what the next output reads",
            "The next output reads k - 1 old steps, but the one after it reads others.",
            lambda k, d, c: c * (k - 1),
        ),
        Misconception(
            "gaps for taps",
            "k taps span k - 1 gaps.",
            lambda k, d, c: c * k * d,
        ),
        Misconception(
            "present kept as well",
            "The present step arrives with the call. Only the past has to be remembered.",
            lambda k, d, c: c * ((k - 1) * d + 1),
        ),
        Misconception(
            "one channel",
            "A step is as many numbers as there are channels.",
            lambda k, d, c: (k - 1) * d,
        ),
        Misconception(
            "rate only",
            "For two taps that would do. Here k may be larger.",
            lambda k, d, c: c * d,
        ),
    ),
    insight="The queues of all layers together are one step shorter than the field.",
)


def _step(
    taps: Callable | None = None, oldest: bool = False, turn: bool = False, renew: bool = True
) -> Callable:
    """One step of a layer, with another choice of taps, order, or memory."""

    def answer(x: Tensor, queue: Tensor, weight: Tensor, dilation: int) -> tuple[Tensor, Tensor]:
        column = x.unsqueeze(1)
        line = torch.cat((column, queue) if oldest else (queue, column), 1)
        seen = line[:, ::dilation] if taps is None else taps(line, weight.shape[2])
        kernel = weight.flip(2) if turn else weight
        after = line[:, :-1] if oldest else line[:, 1:]
        y = torch.tensordot(kernel, seen, ([1, 2], [0, 1]))
        return y, after.clone() if renew else queue.clone()

    return answer


def _by_convolution(x: Tensor, queue: Tensor, weight: Tensor, dilation: int) -> tuple:
    line = torch.cat([queue, x[:, None]], 1)
    return F.conv1d(line, weight, dilation=dilation)[:, 0], line[:, 1:].clone()


QUEUE = Function(
    id="sequences.queue",
    title="One step with a queue",
    signature="step(x, queue, weight, dilation)",
    oracle=_by_convolution,
    cases=lambda: [
        (
            torch.tensor([9.0]).double(),
            torch.tensor([[1.0, 4.0]]).double(),
            torch.tensor([[[2.0, 5.0]]]).double(),
            2,
        ),
        (whole(1), whole(1, 4), torch.tensor([[[1.0, 3.0, 7.0]]]).double(), 2),
        (whole(2), whole(2, 3), whole(2, 2, 2), 3),
        (whole(3), whole(3, 6), whole(2, 3, 3), 3),
        (whole(2), whole(2, 3), whole(4, 2, 4), 1),
    ],
    hints=(
        "Put the new step behind the queue: past and present in one row.",
        "Every `dilation`-th column of that row meets a tap; the first column meets the first tap.",
        "The new queue is that row without its oldest step.",
    ),
    misconceptions=(
        Misconception(
            "neighbours read",
            "Taps meet every `dilation`-th step, not the latest ones.",
            _step(lambda line, k: line[:, line.shape[1] - k :]),
        ),
        Misconception(
            "queue left as it was",
            "The new step has to be remembered, and the oldest one to be dropped.",
            _step(renew=False),
        ),
        Misconception(
            "taps turned round",
            "The last tap meets the present, the first one the oldest step.",
            _step(turn=True),
        ),
        Misconception(
            "present at the wrong end",
            "The queue begins with the oldest step, so the present goes to its other end.",
            _step(oldest=True),
        ),
        Misconception(
            "queue that grows",
            "The oldest step is never needed again: drop it, or the queue grows for ever.",
            lambda x, queue, weight, dilation: (
                _by_convolution(x, queue, weight, dilation)[0],
                torch.cat([queue, x.unsqueeze(1)], 1),
            ),
        ),
    ),
    insight="Every step costs the same, however long the sound has become.",
)

WORK = Formula(
    id="sequences.work",
    title="Work for one more sample",
    signature="factor(L)",
    oracle=lambda L: sum(2**level for level in range(L)) / L,
    cases=lambda: [(2,), (4,), (10,), (7,), (3,)],
    hints=(
        "The top layer computes one output. Which outputs of the layer below does it read?",
        "From layer to layer their number doubles. How many outputs are that in all L layers?",
        "With queues each layer computes one output.",
    ),
    misconceptions=(
        Misconception(
            "inputs counted",
            "That many samples are read. Count what is computed: the layers' outputs.",
            lambda L: 2**L / L,
        ),
        Misconception(
            "not divided",
            "With queues there is work as well: one output for each layer.",
            lambda L: 2**L - 1,
        ),
        Misconception(
            "whole field in every layer",
            "A layer high up is needed at a few places only.",
            lambda L: 2**L,
        ),
        Misconception(
            "turned round",
            "That is the share that remains with queues.",
            lambda L: L / (2**L - 1),
        ),
        Misconception(
            "two outputs a layer",
            "What is read in pairs here is itself made from pairs: the numbers double downwards.",
            lambda L: 2,
        ),
    ),
    insight="A factor of 102 for ten layers, from remembering what was computed already.",
)


def _coded(squeeze: Callable, level: Callable = torch.round) -> Callable:
    """Codes from another curve, or another rounding."""

    def answer(x: Tensor, mu: int) -> Tensor:
        return level((squeeze(x, mu) + 1) * mu / 2).long()

    return answer


def _mu(x: Tensor, mu: int) -> Tensor:
    return x.sign() * (1 + mu * x.abs()).log() / math.log(1 + mu)


SOUND = (-1.0, -0.6, -0.2, -0.013, -0.002, 0.004, 0.031, 0.12, 0.45, 0.81, 1.0)

MU_LAW = Function(
    id="sequences.mu_law",
    title="The μ-law",
    signature="encode(x, mu)",
    oracle=lambda x, mu: wavenet.encode(x, mu + 1),
    cases=lambda: [
        (torch.tensor([1.0, -1.0]).double(), 255),
        (torch.tensor([0.5, -0.5, 0.1]).double(), 255),
        (torch.tensor(SOUND).double(), 255),
        (torch.tensor(SOUND[1:-1]).double().view(3, 3), 15),
    ],
    hints=(
        "The curve leads from -1 … 1 to -1 … 1. Shift and stretch that to 0 … mu.",
        "The sign goes in front: the logarithm sees the absolute value only.",
        "Round to the nearest whole number, and return whole numbers.",
    ),
    misconceptions=(
        Misconception(
            "sign forgotten",
            "Take the logarithm of the absolute value, and put the sign back.",
            _coded(lambda x, mu: _mu(x.abs(), mu)),
        ),
        Misconception(
            "no curve",
            "Even steps are as coarse for soft sounds as for loud ones. Squeeze first.",
            _coded(lambda x, mu: x),
        ),
        Misconception(
            "cut off in place of rounded",
            "Cutting off shifts all sounds down by half a step: round.",
            _coded(_mu, torch.floor),
        ),
        Misconception(
            "not divided by the logarithm",
            "Without dividing, 1 is not mapped to 1, and codes leave their range.",
            _coded(lambda x, mu: _mu(x, mu) * math.log(1 + mu)),
        ),
        Misconception(
            "one code too many",
            "The codes run from 0 to mu: these are mu + 1 already.",
            lambda x, mu: ((_mu(x, mu) + 1) * (mu + 1) / 2).round().long(),
        ),
        Misconception(
            "not shifted",
            "Codes begin at 0: shift the curve up before you stretch it.",
            lambda x, mu: (_mu(x, mu) * mu).round().long(),
        ),
    ),
    insight="A code is a class, so a network can name several likely sounds at once.",
)

MU_STEP = Number(
    id="sequences.mu_step",
    title="How fine the μ-law is for soft sounds",
    value=255 / math.log(256),
    tolerance=0.025,
    hints=(
        "Even steps of f(x) are steps of x that are shorter by the slope of f.",
        "Near 0 the logarithm of 1 + μx is nearly μx.",
    ),
    misconceptions=(
        Misconception(
            "not divided by the logarithm",
            "f is divided by ln 256, so that 1 is mapped to 1. So is its slope.",
            255,
        ),
        Misconception(
            "slope at the loud end",
            "That is the slope at x = 1: there the steps are coarser. Asked is near 0.",
            255 / 256 / math.log(256),
        ),
        Misconception(
            "turned round",
            "That is how long a step of x is, against an even one. Asked is how many times finer.",
            math.log(256) / 255,
        ),
        Misconception(
            "logarithm to the base 2",
            "The quotient of two logarithms has no base, but its slope needs the natural one.",
            255 / 8,
        ),
        Misconception(
            "logarithm alone",
            "That is what f is divided by. What is the slope of the numerator?",
            math.log(256),
        ),
    ),
    insight="Eight bits do for soft sounds what more than thirteen even ones would do.",
)


def _decayed(power: Callable) -> Callable:
    """Weigh input s in output t by a function of a and t - s."""

    def answer(x: Tensor, a: float) -> Tensor:
        n = len(x)
        rows = [[float(power(a, t - s)) for s in range(n)] for t in range(n)]
        return torch.tensor(rows, dtype=x.dtype) @ x

    return answer


def _unrolled(x: Tensor, a: float) -> Tensor:
    y, steps = 0.0, []
    for value in x:
        y = a * y + value
        steps.append(y)
    return torch.stack(steps)


RECURRENCE = Function(
    id="sequences.recurrence",
    title="A recurrence without its loop",
    signature="recurrence(x, a)",
    oracle=_unrolled,
    cases=lambda: [
        (torch.tensor([1.0, 0.0, 0.0]).double(), 0.5),
        (torch.tensor([4.0, 2.0, 8.0]).double(), 0.5),
        (whole(6), -0.5),
        (real(40), 0.9),
        (whole(5), 0.0),
    ],
    loops=False,
    hints=(
        "Let a single 1 go in. What comes out, step after step?",
        "y is a causal convolution of x with the powers of a, the newest input times 1.",
        "Or a lower triangular matrix: entry (t, s) is a ** (t - s).",
    ),
    misconceptions=(
        Misconception(
            "future weighed in place of the past",
            "Output t sees inputs up to t. Yours sees those from t on.",
            _decayed(lambda a, lag: a**-lag if lag <= 0 else 0),
        ),
        Misconception(
            "both directions",
            "A recurrence runs one way: later inputs have no weight.",
            _decayed(lambda a, lag: a ** abs(lag)),
        ),
        Misconception(
            "present damped",
            "The newest input enters with weight 1: only what is remembered is multiplied.",
            _decayed(lambda a, lag: a ** (lag + 1) if lag >= 0 else 0),
        ),
        Misconception(
            "oldest input strongest",
            "The input of this step has weight 1, older ones less and less: turn the powers round.",
            lambda x, a: _decayed_from_start(x, a),
        ),
        Misconception(
            "nothing forgotten",
            "That is a running sum. What is remembered shrinks by a at every step.",
            lambda x, a: x.cumsum(0),
        ),
        Misconception(
            "one step back only",
            "y of the step before holds all earlier inputs, too.",
            _decayed(lambda a, lag: {0: 1, 1: a}.get(lag, 0)),
        ),
        Misconception(
            "averaged",
            "That is an exponential average. Here the input is not multiplied by 1 - a.",
            lambda x, a: (1 - a) * _unrolled(x, a),
        ),
    ),
    insight="All steps at once: this is how linear recurrences are trained in parallel.",
)


def _decayed_from_start(x: Tensor, a: float) -> Tensor:
    """Weigh input s by a ** s, whatever the step."""
    return (x * torch.tensor([a**s for s in range(len(x))], dtype=x.dtype)).cumsum(0)


RECURRENCE_PROOF = Proof(
    id="sequences.recurrence_proof",
    title="A recurrence is a convolution: order the proof",
    needs={"A": "", "B": "A", "C": "B", "D": "C", "E": "D", "F": "E"},
    superfluous="G",
    hints=(
        "Begin with the recurrence, and put it into itself once.",
        "Then as often as you like, then back to the start. Only then is anything cut off.",
    ),
    misconceptions=(
        Misconception(
            "concluded from decay",
            "y does not tend to 0: new inputs keep coming. No step needs it.",
            "GABCDEF",
        ),
        Misconception(
            "cut off too early",
            "What is left out can only be named once the whole sum stands there.",
            "ABCEDF",
        ),
        Misconception(
            "begun with the bound",
            "The bound is the end: it sums what was left out.",
            "FABCDE",
        ),
        Misconception(
            "start forgotten",
            "Without the step about the start a rest of y is still on the right.",
            "ABCEF",
        ),
    ),
    insight="For |a| near 1 the kernel is long: that is what it means to remember.",
)

TRUNCATION = Formula(
    id="sequences.truncation",
    title="What a short kernel misses",
    signature="error(a, K)",
    oracle=lambda a, K: sum(a ** (K + j) for j in range(4000)),
    cases=lambda: [(0.5, 3), (0.9, 10), (0.25, 1), (0.8, 5), (0.99, 100)],
    hints=(
        "Which powers of a are left out if the first K are kept, from a**0 on?",
        "The error is largest if all the inputs that are left out are 1.",
        "Add the powers from K on: a geometric series.",
    ),
    misconceptions=(
        Misconception(
            "first missing term only",
            "All later terms are missing, too.",
            lambda a, K: a**K,
        ),
        Misconception(
            "one term too few",
            "K terms are a**0 to a**(K - 1). Which one is the first that is missing?",
            lambda a, K: a ** (K + 1) / (1 - a),
        ),
        Misconception(
            "one term too many",
            "The term with exponent K - 1 is the last one that is kept.",
            lambda a, K: a ** (K - 1) / (1 - a),
        ),
        Misconception(
            "what is kept",
            "That is the sum of the terms that are kept.",
            lambda a, K: (1 - a**K) / (1 - a),
        ),
        Misconception(
            "everything",
            "That is the sum of all terms. The first K are not missing.",
            lambda a, K: 1 / (1 - a),
        ),
    ),
    insight="For a = 0.99 and an error of 0.01 it takes 917 taps: a long kernel, or a recurrence.",
)

EXERCISES = (
    CAUSAL,
    TAPS,
    NORM,
    LEAK,
    TCN_FIELD,
    WAVENET_FIELD,
    LEVELS,
    BLOCK,
    WEIGHT_NORM,
    RECURRENCE,
    RECURRENCE_PROOF,
    TRUNCATION,
    MU_LAW,
    MU_STEP,
    QUEUE_LENGTH,
    QUEUE,
    WORK,
)
