"""Exercises of chapter 17: what to measure, and what is done to a network before it works."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.grading.kinds import (
    Choice,
    Formula,
    Function,
    Misconception,
    Number,
    integer,
    real,
)

NUMBER = 17
TITLE = "Measuring and deploying"

# --- measuring ------------------------------------------------------------------------------------

MEDIAN = Number(
    id="measuring_a_model.median",
    title="Seven times",
    value=12.5,
    unit="milliseconds",
    hints=(
        "The first call did something that the others did not.",
        "Sort what is left. Six numbers have two in the middle.",
    ),
    misconceptions=(
        Misconception(
            "first call kept",
            "The first call also sets things up: it is a warm-up, and does not count.",
            13,
        ),
        Misconception(
            "mean of all",
            "One disturbed run moves a mean as far as it likes, and the first call does not count.",
            157 / 7,
        ),
        Misconception(
            "mean without the first call",
            "The 54 is another program that wanted the processor. Which average ignores it?",
            116 / 6,
        ),
        Misconception(
            "least",
            "That is the quickest run. It can be defended as well, but is not the median.",
            12,
        ),
    ),
    insight="Say which statistic you took, and how many runs came before it.",
)

WAITING = Number(
    id="measuring_a_model.waiting",
    title="Fast in batches, late all the same",
    value=510,
    unit="milliseconds",
    hints=(
        "When does the computation of the batch begin?",
        "The first picture waits for 31 others, and then for the whole batch.",
    ),
    misconceptions=(
        Misconception(
            "throughput taken for latency",
            "That is the share of the batch's time that falls to a picture. Nobody is served then.",
            6.25,
        ),
        Misconception(
            "waiting for the others forgotten",
            "The batch has to be full before it can start.",
            200,
        ),
        Misconception(
            "computation forgotten",
            "That is the wait until the batch is full. Then it has to be computed.",
            310,
        ),
        Misconception(
            "one arrival too many",
            "The first picture is there at time 0: 31 more have to arrive.",
            520,
        ),
    ),
    insight="160 pictures a second, and half a second late.",
)

SIDE = Number(
    id="measuring_a_model.side",
    title="The largest picture in 20 milliseconds",
    value=288,
    unit="pixels",
    hints=(
        "By which factor may the area grow? And the side?",
        "The side grows with the root: 224 times the root of 20/12, then down to a multiple of 32.",
    ),
    misconceptions=(
        Misconception(
            "time taken as linear in the side",
            "Twice the side is four times the pixels, and four times the time.",
            352,
        ),
        Misconception(
            "linear and not rounded",
            "Twice the side is four times the time; and a multiple of 32 is asked for.",
            224 * 20 / 12,
        ),
        Misconception(
            "not a multiple",
            "So it is without the multiple of 32.",
            224 * math.sqrt(20 / 12),
        ),
        Misconception(
            "rounded up",
            "The budget is a limit: round down.",
            320,
        ),
        Misconception(
            "ratio upside down",
            "There is time left: the side may grow.",
            160,
        ),
    ),
    insight="A third more budget would buy about 15 % more side.",
)

AREA = Choice(
    id="measuring_a_model.area",
    title="Why not exactly?",
    options="abc",
    reasons="1234",
    correct=("b", 3),
    hints=(
        "Work and time are two things. Which of them does the count fix?",
        "What does a layer cost that has almost nothing to do?",
    ),
    misconceptions=(
        Misconception(
            "count taken for time",
            "The count does grow with the area. The time for one product need not stay the same.",
            "a",
        ),
        Misconception(
            "side instead of area",
            "A picture of twice the side has four times the pixels.",
            "c",
        ),
        Misconception(
            "weights blamed",
            "A convolution has the same weights at each resolution.",
            ("b", 2),
        ),
        Misconception(
            "rounding blamed for all of it",
            "Sizes that are multiples of 32 leave no such remainder here, and the law still fails.",
            ("b", 4),
        ),
    ),
    insight="A law that plans the measurement, and does not replace it.",
)

ROOFLINE = Formula(
    id="measuring_a_model.roofline",
    title="The least time of a layer",
    signature="least_time(macs, numbers, pace, bandwidth)",
    oracle=lambda macs, numbers, pace, bandwidth: (
        macs / pace if macs * bandwidth > numbers * pace else numbers / bandwidth
    ),
    cases=lambda: [
        (100, 10, 10, 5),
        (10, 100, 10, 5),
        *[tuple(integer(1, 99) for _ in range(4)) for _ in range(6)],
    ],
    hints=(
        "How long do the products take alone? How long does moving take alone?",
        "Both can go on at the same time. Which of the two is the bound?",
    ),
    misconceptions=(
        Misconception(
            "times added",
            "They may overlap, so the sum is no lower bound.",
            lambda macs, numbers, pace, bandwidth: macs / pace + numbers / bandwidth,
        ),
        Misconception(
            "smaller of the two",
            "The layer is done when both are done.",
            lambda macs, numbers, pace, bandwidth: min(macs / pace, numbers / bandwidth),
        ),
        Misconception(
            "products only",
            "A layer that multiplies little still has to move its numbers.",
            lambda macs, numbers, pace, bandwidth: macs / pace,
        ),
        Misconception(
            "memory only",
            "A layer that moves little still has to multiply.",
            lambda macs, numbers, pace, bandwidth: numbers / bandwidth,
        ),
        Misconception(
            "speeds times amounts",
            "An amount divided by an amount a second gives seconds.",
            lambda macs, numbers, pace, bandwidth: max(macs * pace, numbers * bandwidth),
        ),
    ),
    insight="A bound from below: nothing promises that a layer reaches it.",
)

ABOVE_THE_BOUND = Choice(
    id="measuring_a_model.above_the_bound",
    title="Four times the least time",
    options="abcd",
    reasons="123",
    correct=("c", 1),
    hints=(
        "What does a bound from below say about a time that lies above it?",
        "Which explanation does the copy test?",
    ),
    misconceptions=(
        Misconception(
            "bound taken for a prediction",
            "The bound is kept: the time is larger. It never promised equality.",
            "a",
        ),
        Misconception(
            "memory blamed against the test",
            "Copying its numbers takes a quarter of its time: they do not hold it up.",
            "b",
        ),
        Misconception(
            "count doubted",
            "A depthwise layer does k·k products an output, as counted.",
            "d",
        ),
    ),
    insight="A roofline excludes; what holds a layer up is found by changing one thing at a time.",
)

# --- deploying ------------------------------------------------------------------------------------


def _in_front(
    weight: Tensor, bias: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, var: Tensor
) -> tuple[Tensor, Tensor]:
    """Fold by asking the two layers: zeros give the bias, unit inputs the weights."""
    k = weight.shape[-1]

    def layers(x: Tensor) -> Tensor:
        normal = (x - mean[:, None, None]) / var[:, None, None].sqrt()
        return F.conv2d(gamma[:, None, None] * normal + beta[:, None, None], weight, bias)

    channels = weight.shape[1]
    units = torch.eye(channels * k * k, dtype=weight.dtype).view(-1, channels, k, k)
    constant = layers(torch.zeros_like(units[:1]))[0, :, 0, 0]
    answers = layers(units)[:, :, 0, 0] - constant
    return answers.T.reshape(weight.shape), constant


def _scaled(
    weight: Tensor, bias: Tensor, scale: Tensor, shift: Tensor, axis: int = 1
) -> tuple[Tensor, Tensor]:
    """Fold with one scale and shift for each input channel (axis 1) or output channel (0)."""
    shape = [-1 if i == axis else 1 for i in range(4)]
    return weight * scale.view(shape), bias + (weight * shift.view(shape)).sum((1, 2, 3))


def _normalised(
    outputs: int, channels: int, k: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    return (
        real(outputs, channels, k, k),
        real(outputs),
        real(channels),
        real(channels),
        real(channels),
        real(channels) ** 2 + 0.5,
    )


IN_FRONT = Function(
    id="measuring_a_model.in_front",
    title="Fold a batch norm that stands in front",
    signature="fold_in_front(weight, bias, gamma, beta, mean, var)",
    oracle=_in_front,
    cases=lambda: [
        _normalised(2, 2, 1),
        _normalised(3, 3, 2),
        _normalised(3, 1, 3),
    ],
    hints=(
        "Write the batch norm as scale times x plus shift, one of each for an input channel.",
        "Put it into the sum over channels and taps. Which terms contain x?",
        "The shift meets every tap of its channel, and so goes into the bias.",
    ),
    misconceptions=(
        Misconception(
            "scaled by output channels",
            "The norm stands in front: its channels are the input channels, axis 1 of `weight`.",
            lambda w, b, g, e, m, v: _scaled(w, b, g / v.sqrt(), e - m * g / v.sqrt(), axis=0),
        ),
        Misconception(
            "variance instead of deviation",
            "Batch norm divides by the root of the variance.",
            lambda w, b, g, e, m, v: _scaled(w, b, g / v, e - m * g / v),
        ),
        Misconception(
            "running mean forgotten",
            "The mean is subtracted before the scale: it is a part of the shift.",
            lambda w, b, g, e, m, v: _scaled(w, b, g / v.sqrt(), e),
        ),
        Misconception(
            "mean not scaled",
            "The mean is subtracted before the scale, and scaled with x.",
            lambda w, b, g, e, m, v: _scaled(w, b, g / v.sqrt(), e - m),
        ),
        Misconception(
            "bias left as it was",
            "The shift passes through the convolution, too, and has to go somewhere.",
            lambda w, b, g, e, m, v: (_scaled(w, b, g / v.sqrt(), e)[0], b.clone()),
        ),
        Misconception(
            "shift not sent through the weights",
            "The shift is multiplied by every weight of its channel before it reaches the output.",
            lambda w, b, g, e, m, v: (
                _scaled(w, b, g / v.sqrt(), e)[0],
                b + (e - m * g / v.sqrt()).sum(),
            ),
        ),
    ),
    insight="With zero padding this is wrong at the border: the norm does not shift the padding.",
)

TWO_CALLS = Choice(
    id="measuring_a_model.two_calls",
    title="Two calls, two answers",
    options="abcd",
    reasons="123",
    correct=("b", 2),
    hints=(
        "What in a network is random, or depends on the other pictures of the batch?",
        "Which mode switches it off?",
    ),
    misconceptions=(
        Misconception(
            "rounding blamed",
            "Rounding differs in the seventh digit, and the same call rounds the same way.",
            "a",
        ),
        Misconception(
            "export blamed",
            "The exported program does what the network did when it was exported. In which mode?",
            "c",
        ),
        Misconception(
            "weights thought to change",
            "Without an optimiser no weight moves.",
            "d",
        ),
    ),
    insight="Ask for the same picture twice, alone and in company: the cheapest acceptance test.",
)

BIT_EQUAL = Choice(
    id="measuring_a_model.bit_equal",
    title="Not equal to the last bit",
    options="abc",
    reasons="123",
    correct=("b", 2),
    hints=(
        "Is (a + b) + c the same as a + (b + c) in float32?",
        "Compare 2e-7 with the precision of float32.",
    ),
    misconceptions=(
        Misconception(
            "algebra taken for arithmetic",
            "In real numbers folding is exact. The two programs add in another order, and round.",
            "a",
        ),
        Misconception(
            "failure seen in rounding",
            "The test is right to allow a few units of the last digit. An error would be larger.",
            "c",
        ),
    ),
    insight="A tolerance belongs to a test, with the reason for its size.",
)

FROZEN_BATCH = Choice(
    id="measuring_a_model.frozen_batch",
    title="Works for one picture only",
    options="abc",
    reasons="123",
    correct=("c", 3),
    hints=(
        "What did the exporter see of the size of the batch?",
        "How is it told that an axis may have any size?",
    ),
    misconceptions=(
        Misconception(
            "network thought to be tied to a size",
            "The network takes any batch. What was written down from one example?",
            "a",
        ),
        Misconception(
            "memory blamed",
            "The message speaks of sizes, not of memory.",
            "b",
        ),
    ),
    insight="Test an export with a batch that it has not seen.",
)


def _quantised(x: Tensor, low: float, high: float) -> Tensor:
    """Go to the nearest of the 256 values that eight bits can stand for."""
    step = (high - low) / 255
    zero = round(-low / step)
    values = torch.tensor([(code - zero) * step for code in range(256)], dtype=x.dtype)
    return values[(x[..., None] - values).abs().argmin(-1)]


def _codes(
    x: Tensor,
    low: float,
    high: float,
    *,
    steps: int = 255,
    rounding=torch.round,
    shifted: bool = True,
    range_: tuple[float, float] = (0, 255),
) -> tuple[Tensor, float, float]:
    step = (high - low) / steps
    zero = round(-low / step) if shifted else 0
    return (rounding(x / step) + zero).clamp(*range_), step, zero


def _back(codes: Tensor, step: float, zero: float) -> Tensor:
    return (codes - zero) * step


def _symmetric(x: Tensor, low: float, high: float) -> Tensor:
    step = max(-low, high) / 127
    return (x / step).round().clamp(-127, 127) * step


def _near_codes(low: float, high: float, *shape: int) -> tuple[Tensor, float, float]:
    """Values inside and outside of the range, none of them near the middle between two codes."""
    step = (high - low) / 255
    codes = torch.randint(-60, 320, shape) - round(-low / step)
    return (codes + 0.8 * torch.rand(shape, dtype=torch.float64) - 0.4) * step, low, high


QUANTISE = Function(
    id="measuring_a_model.quantise",
    title="Eight bits and back",
    signature="through_int8(x, low, high)",
    oracle=_quantised,
    cases=lambda: [
        (torch.tensor([-1.0, 0.0, 0.013, 3.0], dtype=torch.float64), -1.0, 3.0),
        (torch.tensor([-2.0, 0.0, 5.0], dtype=torch.float64), -1.0, 3.0),
        _near_codes(-1.0, 2.3, 3, 4),
        _near_codes(-0.37, 1.9, 2, 5),
        _near_codes(0.0, 2.0, 6),
    ],
    hints=(
        "256 codes have 255 steps between them: how wide is a step?",
        "The zero point is the code for 0, a whole number: -low / step, rounded.",
        "Round x / step, add the zero point, cut to 0 … 255; then undo the shift and the scale.",
    ),
    misconceptions=(
        Misconception(
            "rounded down",
            "Rounding down errs by up to a step, and always to the same side. Round to nearest.",
            lambda x, low, high: _back(*_codes(x, low, high, rounding=torch.floor)),
        ),
        Misconception(
            "256 steps",
            "256 codes have 255 gaps between them.",
            lambda x, low, high: _back(*_codes(x, low, high, steps=256)),
        ),
        Misconception(
            "zero point forgotten",
            "Without a zero point every negative value ends at 0.",
            lambda x, low, high: _back(*_codes(x, low, high, shifted=False)),
        ),
        Misconception(
            "symmetric range",
            "A scale from the largest absolute value spends codes on values that do not occur.",
            _symmetric,
        ),
        Misconception(
            "signed codes",
            "These codes run from 0 to 255, not from -128 to 127.",
            lambda x, low, high: _back(*_codes(x, low, high, range_=(-128, 127))),
        ),
        Misconception(
            "not cut off",
            "Eight bits hold 0 … 255: what lies outside of the range takes the nearest end.",
            lambda x, low, high: _back(*_codes(x, low, high, range_=(-1e9, 1e9))),
        ),
        Misconception(
            "zero point not whole",
            "The zero point is a code, so a whole number; else 0 itself is not met exactly.",
            lambda x, low, high: (
                ((x - low) * 255 / (high - low)).round().clamp(0, 255) * (high - low) / 255 + low
            ),
        ),
        Misconception(
            "codes returned",
            "These are the codes. Asked for are the values that they stand for.",
            lambda x, low, high: _codes(x, low, high)[0],
        ),
        Misconception(
            "zero point not taken off",
            "Take the zero point off again before you multiply by the step.",
            lambda x, low, high: _back(*_codes(x, low, high)[:2], 0),
        ),
    ),
    insight="Padding is full of zeros, so 0 has to be met exactly: hence a whole zero point.",
)

ROUNDING = Formula(
    id="measuring_a_model.rounding",
    title="The error of rounding",
    signature="rms_error(width, bits)",
    oracle=lambda width, bits: width / (2**bits - 1) / math.sqrt(12),
    cases=lambda: [
        (255, 8),
        (1, 1),
        *[(integer(1, 99), integer(2, 9)) for _ in range(5)],
    ],
    hints=(
        "How wide is a step if the ends of the range are codes?",
        "The error is uniform on a step, from minus a half to plus a half. Its variance?",
    ),
    misconceptions=(
        Misconception(
            "variance",
            "That is the mean square. Take its root.",
            lambda width, bits: (width / (2**bits - 1)) ** 2 / 12,
        ),
        Misconception(
            "one step too many",
            "So many codes have one gap fewer between them.",
            lambda width, bits: width / 2**bits / math.sqrt(12),
        ),
        Misconception(
            "largest error",
            "That is the largest error. The root of the mean square is smaller.",
            lambda width, bits: width / (2**bits - 1) / 2,
        ),
        Misconception(
            "mean absolute error",
            "That is the mean of the absolute error, a quarter of a step.",
            lambda width, bits: width / (2**bits - 1) / 4,
        ),
        Misconception(
            "the step itself",
            "That is a whole step. How far is a value from the nearest code, on average?",
            lambda width, bits: width / (2**bits - 1),
        ),
    ),
    insight="One bit more, half the error; one large outlier in the range, many bits less.",
)

# --- calibration and distillation -----------------------------------------------------------------


def _loss_at(logits: Tensor, labels: Tensor, temperature: float) -> float:
    return F.cross_entropy(logits / temperature, labels).item()


def _least(of, temperatures) -> float:
    return min(temperatures, key=of)


def _best(logits: Tensor, labels: Tensor, temperatures: list[float]) -> float:
    return _least(lambda t: _loss_at(logits, labels, t), temperatures)


def _too_sure(factor: float, temperatures: list[float]) -> tuple[Tensor, Tensor, list[float]]:
    """Draw labels from a softmax, then multiply its scores by a factor."""
    scores = 2 * real(400, 4)
    labels = torch.multinomial(scores.softmax(1), 1)[:, 0]
    return factor * scores, labels, temperatures


TEMPERATURE = Function(
    id="measuring_a_model.temperature",
    title="The best of some temperatures",
    signature="best_temperature(logits, labels, temperatures)",
    oracle=_best,
    cases=lambda: [
        (
            torch.tensor([[6.0, 0.0], [6.0, 0.0], [6.0, 0.0]]).double(),
            torch.tensor([0, 0, 1]),
            [1.0, 0.1, 9.0, 30.0],
        ),
        (
            torch.tensor([[0.9, 0.0], [0.9, 0.0], [0.9, 0.0]]).double(),
            torch.tensor([0, 0, 1]),
            [0.8, 1.3, 10.0],
        ),
        _too_sure(4.0, [1.0, 0.25, 0.5, 2.0, 4.0, 8.0]),
        _too_sure(0.5, [1.0, 2.0, 4.0, 0.5, 0.25]),
    ],
    hints=(
        "What does dividing by a large temperature do to the probabilities?",
        "For each temperature: cross-entropy of logits / T with the labels. Then the least.",
    ),
    misconceptions=(
        Misconception(
            "multiplied by the temperature",
            "A temperature divides the scores: a high one makes the answer less sure.",
            lambda logits, labels, temperatures: _least(
                lambda t: _loss_at(logits, labels, 1 / t), temperatures
            ),
        ),
        Misconception(
            "chosen by accuracy",
            "A temperature changes no order of scores, so no accuracy. What does it change?",
            lambda logits, labels, temperatures: _least(
                lambda t: -((logits / t).argmax(1) == labels).double().mean().item(), temperatures
            ),
        ),
        Misconception(
            "largest loss",
            "The loss is to be small.",
            lambda logits, labels, temperatures: _least(
                lambda t: -_loss_at(logits, labels, t), temperatures
            ),
        ),
        Misconception(
            "softmax twice",
            "`cross_entropy` has its own softmax: give it scores.",
            lambda logits, labels, temperatures: _least(
                lambda t: F.cross_entropy((logits / t).softmax(1), labels).item(), temperatures
            ),
        ),
        Misconception(
            "loss returned",
            "That is the loss. Asked for is the temperature.",
            lambda logits, labels, temperatures: min(
                _loss_at(logits, labels, t) for t in temperatures
            ),
        ),
    ),
    insight="One number, fitted on pictures that were not trained on, and no answer changes.",
)

ECE = Number(
    id="measuring_a_model.ece",
    title="How far from calibrated?",
    value=0.26,
    hints=(
        "For each group: the share that is right, minus what the network claimed.",
        "Take absolute differences, and weight each by its share of the ten pictures.",
    ),
    misconceptions=(
        Misconception(
            "groups weighted equally",
            "A group counts by its number of pictures.",
            0.65 / 3,
        ),
        Misconception(
            "signs kept",
            "Too sure in one group and not sure enough in another do not make up for each other.",
            0.11,
        ),
        Misconception(
            "largest gap",
            "That is the largest gap, a stricter measure.",
            0.35,
        ),
        Misconception(
            "squares",
            "Here the absolute differences are averaged, not the squares.",
            math.sqrt(0.5 * 0.35**2 + 0.3 * 0.25**2 + 0.2 * 0.05**2),
        ),
        Misconception(
            "percent",
            "A number between 0 and 1 is asked for.",
            26,
        ),
        Misconception(
            "not divided",
            "That is the sum over the pictures. Divide by their number.",
            2.6,
        ),
    ),
    insight="With other groups the same answers give another number: say which you took.",
)


def _distilled(
    student: Tensor,
    teacher: Tensor,
    labels: Tensor,
    T: float,
    alpha: float,
    *,
    hard: float = 1,
    soft: float | None = None,
    teacher_at: float | None = None,
    reverse: bool = False,
    entropy: bool = True,
    share: float = 1,
) -> Tensor:
    """Mix both losses, right or with one part changed."""
    p = (teacher / (teacher_at or T)).softmax(1)
    log_q = (student / T).log_softmax(1)
    divergence = -(p * log_q).sum(1)
    if entropy:
        divergence = divergence + (p * p.log()).sum(1)
    if reverse:
        divergence = (log_q.exp() * (log_q - p.log())).sum(1)
    mean = divergence.mean() / share
    true_class = F.cross_entropy(student / hard, labels)
    return alpha * true_class + (1 - alpha) * (T**2 if soft is None else soft) * mean


DISTIL = Function(
    id="measuring_a_model.distil",
    title="Learn from a teacher",
    signature="distillation_loss(student, teacher, labels, T, alpha)",
    oracle=_distilled,
    cases=lambda: [
        (real(1, 2), real(1, 2), torch.tensor([1]), 2.0, 0.0),
        (real(3, 4), real(3, 4), torch.tensor([0, 3, 2]), 3.0, 0.0),
        (2 * real(5, 3), 2 * real(5, 3), torch.tensor([0, 1, 2, 1, 1]), 4.0, 0.3),
    ],
    hints=(
        "Two losses: the usual one with the labels, at temperature 1, and one with the teacher.",
        "Both are softened by T. The divergence is the sum over classes of p (log p - log q), p "
        "the teacher's.",
        "Gradients of softened scores shrink like 1/T²: what makes up for it?",
    ),
    misconceptions=(
        Misconception(
            "T squared forgotten",
            "Softened, the gradient is about T² times smaller. Multiply this part by T².",
            lambda s, t, y, T, alpha: _distilled(s, t, y, T, alpha, soft=1),
        ),
        Misconception(
            "T instead of its square",
            "Both the scores and the difference of probabilities shrink: a factor T each.",
            lambda s, t, y, T, alpha: _distilled(s, t, y, T, alpha, soft=T),
        ),
        Misconception(
            "divergence the other way",
            "The teacher's probabilities are the weights, as the labels are in cross-entropy.",
            lambda s, t, y, T, alpha: _distilled(s, t, y, T, alpha, reverse=True),
        ),
        Misconception(
            "teacher not softened",
            "Teacher and student are compared at the same temperature.",
            lambda s, t, y, T, alpha: _distilled(s, t, y, T, alpha, teacher_at=1),
        ),
        Misconception(
            "hard loss softened as well",
            "The loss with the labels is taken at temperature 1.",
            lambda s, t, y, T, alpha: _distilled(s, t, y, T, alpha, hard=T),
        ),
        Misconception(
            "averaged over classes, too",
            "The divergence is a sum over the classes; the mean is over the pictures.",
            lambda s, t, y, T, alpha: _distilled(s, t, y, T, alpha, share=s.shape[1]),
        ),
        Misconception(
            "cross-entropy instead of divergence",
            "That is larger by the teacher's entropy: subtract it. The gradients are the same.",
            lambda s, t, y, T, alpha: _distilled(s, t, y, T, alpha, entropy=False),
        ),
        Misconception(
            "shares exchanged",
            "`alpha` is the share of the loss with the labels.",
            lambda s, t, y, T, alpha: (
                _distilled(s, t, y, T, 0.0) * alpha + _distilled(s, t, y, T, 1.0) * (1 - alpha)
            ),
        ),
    ),
    insight="The teacher says of every wrong class how wrong it is; a label does not.",
)

EXERCISES = (
    MEDIAN,
    WAITING,
    SIDE,
    AREA,
    ROOFLINE,
    ABOVE_THE_BOUND,
    IN_FRONT,
    TWO_CALLS,
    BIT_EQUAL,
    FROZEN_BATCH,
    QUANTISE,
    ROUNDING,
    TEMPERATURE,
    ECE,
    DISTIL,
)
