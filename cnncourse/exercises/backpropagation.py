"""Exercises of chapter 06: which way should each weight move, and what does finding out cost?"""

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
from cnncourse.shapes import conv_output_size, conv_transpose_output_size

NUMBER = 6
TITLE = "Backpropagation"

# Every way to let torch differentiate.
AUTOGRAD = ("grad", "backward", "vjp", "jacrev", "jacobian", "convolution_backward")
ADJOINTS = ("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")


def _by_autograd(forward: Callable, grad: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
    with torch.enable_grad():
        leaves = [tensor.detach().clone().requires_grad_() for tensor in tensors]
        return torch.autograd.grad(forward(*leaves), leaves, grad)


CHAIN = Number(
    id="backpropagation.chain",
    title="A graph with a fork",
    value=84,
    hints=(
        "Begin at y and go back: how much does y change with v, with u, with x?",
        "u reaches y in two ways: as a factor, and through v.",
        "Where two ways meet, their contributions are added. Then one more factor leads to x.",
    ),
    misconceptions=(
        Misconception(
            "the way through v forgotten",
            "v depends on u, too: that way contributes as well.",
            30,
        ),
        Misconception(
            "only the way through v",
            "u stands in y itself, too: as a factor of v, and alone.",
            54,
        ),
        Misconception(
            "the single u forgotten",
            "y is a product plus u. The last u contributes 1.",
            81,
        ),
        Misconception(
            "stopped at u",
            "That is the derivative by u. x is one step further back.",
            28,
        ),
        Misconception(
            "ways multiplied",
            "Along one way factors are multiplied; different ways are added.",
            540,
        ),
    ),
    insight="Autograd does this and nothing else: multiply along a way, add where ways meet.",
)

COST = Formula(
    id="backpropagation.cost",
    title="What the backward pass costs",
    signature="backward(F, F1)",
    oracle=lambda F, F1: 2 * (F - F1) + F1,
    cases=lambda: [(10, 0), (10, 10), *[(integer(100, 999), integer(1, 99)) for _ in range(4)]],
    hints=(
        "A layer has two gradients to compute: one for its weight, one for the layer before it.",
        "Each of the two takes as many multiply-accumulates as the layer's forward pass.",
        "Who would use the gradient by the images?",
    ),
    misconceptions=(
        Misconception(
            "counted the backward pass once",
            "Every layer but the first has two gradients to compute: by its weight and by its input.",
            lambda F, F1: F,
        ),
        Misconception(
            "gradient by the images included",
            "Nobody needs the gradient by the images: the first layer computes one product only.",
            lambda F, F1: 2 * F,
        ),
        Misconception(
            "first layer left out",
            "The first layer's weight learns, too, so one of its two products is needed.",
            lambda F, F1: 2 * (F - F1),
        ),
        Misconception(
            "forward pass included",
            "That is a whole training step. The question is the backward pass alone.",
            lambda F, F1: 3 * F - F1,
        ),
    ),
    insight="A training step costs about three forward passes, whatever the number of weights.",
)


def _linear(by_x=None, by_weight=None, by_bias=None) -> Callable:
    """A wrong answer: one of the three gradients replaced."""

    def answer(grad: Tensor, x: Tensor, weight: Tensor) -> tuple[Tensor, ...]:
        right = _by_autograd(F.linear, grad, x, weight, weight.new_zeros(len(weight)))
        wrong = (by_x, by_weight, by_bias)
        pairs = zip(wrong, right, strict=True)
        return tuple(good if bad is None else bad(grad, x, weight) for bad, good in pairs)

    return answer


LINEAR = Function(
    id="backpropagation.linear",
    title="The backward pass of a linear layer",
    signature="linear_backward(grad, x, weight)",
    oracle=_linear(),
    cases=lambda: [
        (whole(1, 1), whole(1, 1), whole(1, 1)),
        (whole(2, 1), whole(2, 1), whole(1, 1)),
        (whole(2, 2), whole(2, 2), torch.tensor([[1.0, 2.0], [3.0, 4.0]]).double()),
        (whole(3, 2), whole(3, 4), whole(2, 4)),
    ],
    forbidden=AUTOGRAD,
    hints=(
        "Let the shapes lead you: each gradient has the shape of its tensor.",
        "y[n, o] is a sum over i of x[n, i] times weight[o, i]. Which of its terms hold weight[o, i]?",
        "All rows share weight and bias: what they contribute is added up.",
    ),
    misconceptions=(
        Misconception(
            "sum over batch forgotten for the bias",
            "The bias is one row, used by every row of the batch: their gradients are added up.",
            _linear(by_bias=lambda grad, x, weight: grad),
        ),
        Misconception(
            "bias averaged over the batch",
            "The contributions are added. A mean, if there is one, is in `grad` already.",
            _linear(by_bias=lambda grad, x, weight: grad.mean(0)),
        ),
        Misconception(
            "weight averaged over the batch",
            "The weight's contributions are added. A mean, if any, is in `grad` already.",
            _linear(by_weight=lambda grad, x, weight: grad.T @ x / len(x)),
        ),
        Misconception(
            "weight gradient transposed",
            "The weight's gradient has the weight's shape: outputs first, inputs second.",
            _linear(by_weight=lambda grad, x, weight: x.T @ grad),
        ),
        Misconception(
            "weight the wrong way round",
            "Forward, the weight is transposed. Which way does it map outputs back to inputs?",
            _linear(by_x=lambda grad, x, weight: grad @ weight.T),
        ),
    ),
    insight="Two matrix products for one: here is the factor 2 of the backward pass.",
)

RELU = Function(
    id="backpropagation.relu",
    title="The backward pass of ReLU",
    signature="relu_backward(grad, x)",
    oracle=lambda grad, x: _by_autograd(F.relu, grad, x)[0],
    cases=lambda: [
        (torch.tensor([2.0, -3.0]).double(), torch.tensor([4.0, 5.0]).double()),
        (torch.tensor([2.0, -3.0]).double(), torch.tensor([-4.0, -5.0]).double()),
        (torch.tensor([3.0]).double(), torch.tensor([0.0]).double()),
        (whole(3, 4), whole(3, 4)),
    ],
    forbidden=AUTOGRAD,
    hints=(
        "What is the slope of ReLU to the right of 0, and what to the left?",
        "The slope depends on x. What arrives from behind is multiplied by it, whatever its sign.",
    ),
    misconceptions=(
        Misconception(
            "sign of the gradient asked",
            "Whether the unit was active shows in x. A gradient may well be negative.",
            lambda grad, x: grad.clamp(min=0),
        ),
        Misconception(
            "both signs asked",
            "Only x decides. Stopping negative gradients, too, gives pictures, not gradients.",
            lambda grad, x: grad.clamp(min=0) * x.sign().clamp(min=0),
        ),
        Misconception(
            "value in place of the slope",
            "The slope to the right of 0 is 1, however large x is.",
            lambda grad, x: grad * x.clamp(min=0),
        ),
        Misconception(
            "kink let through",
            "At 0 there is no derivative; the convention, PyTorch's too, is 0.",
            lambda grad, x: grad * (1 - (-x).sign().clamp(min=0)),
        ),
        Misconception(
            "nothing stopped",
            "Where x was negative, a small change of x changes nothing.",
            lambda grad, x: grad.clone(),
        ),
    ),
    insight="One bit a value is enough for this backward pass: was the unit active?",
)


def _probability_first(logits: Tensor, target: Tensor) -> Tensor:
    """The chain rule step by step, through a probability that may be 0."""
    p = logits.softmax(1)
    by_p = torch.zeros_like(p)
    rows = torch.arange(len(p))
    by_p[rows, target] = -1 / p[rows, target] / len(p)
    return p * (by_p - (by_p * p).sum(1, keepdim=True))


def _minus_one_hot(logits: Tensor, target: Tensor) -> Tensor:
    return -F.one_hot(target, logits.shape[1]).to(logits.dtype)


CROSS_ENTROPY = Function(
    id="backpropagation.cross_entropy",
    title="The gradient of softmax and cross-entropy",
    signature="loss_gradient(logits, target)",
    oracle=lambda logits, target: _by_autograd(
        lambda z: F.cross_entropy(z, target), logits.new_ones(()), logits
    )[0],
    cases=lambda: [
        (torch.zeros(1, 2).double(), torch.tensor([0])),
        (whole(1, 3), torch.tensor([1])),
        (whole(2, 3), torch.tensor([2, 0])),
        (torch.tensor([[0.0, 2000.0], [1.0, 0.0]]).double(), torch.tensor([0, 1])),
        (real(4, 5), torch.tensor([4, 0, 2, 2])),
    ],
    forbidden=AUTOGRAD,
    hints=(
        "Write the loss of one image as log-sum-exp of its logits minus the right logit.",
        "The derivative of log-sum-exp by a logit is a number that you know: a probability.",
        "The loss is the mean over the images. Each row of the result sums to 0.",
    ),
    misconceptions=(
        Misconception(
            "sum instead of mean",
            "The loss is a mean over the batch, so each image has a share of it.",
            lambda logits, target: logits.softmax(1) + _minus_one_hot(logits, target),
        ),
        Misconception(
            "averaged over the classes, too",
            "The mean is over the images. Over the classes of one image nothing is averaged.",
            lambda z, target: (z.softmax(1) + _minus_one_hot(z, target)) / z.numel(),
        ),
        Misconception(
            "sign turned round",
            "A step against the gradient has to raise the right logit. Yours lowers it.",
            lambda z, target: (-_minus_one_hot(z, target) - z.softmax(1)) / len(z),
        ),
        Misconception(
            "right class not subtracted",
            "At the right class the loss falls as its logit grows.",
            lambda logits, target: logits.softmax(1) / len(logits),
        ),
        Misconception(
            "only the right class",
            "The other logits take part in the sum of the softmax: they have gradients, too.",
            lambda z, target: -_minus_one_hot(z, target) * (z.softmax(1) - 1) / len(z),
        ),
        Misconception(
            "softmax over the batch",
            "The probabilities of one image sum to 1: over the classes, which are the last axis.",
            lambda z, target: (z.softmax(0) + _minus_one_hot(z, target)) / len(z),
        ),
        Misconception(
            "through a saved probability",
            "Where the right probability is 0 in floating point, this divides by it. "
            "Simplify before you compute: the division cancels.",
            _probability_first,
        ),
    ),
    insight="Together they need no division: this is why `F.cross_entropy` takes logits.",
)


def _routed(route: Callable, strided: bool = True, moving: bool = True) -> Callable:
    """A pool's backward pass that sends ``route(window)`` times the gradient and adds up."""

    def answer(grad: Tensor, x: Tensor, k: int, s: int) -> Tensor:
        step, result = s if strided else 1, torch.zeros_like(x)
        for i, j in torch.cartesian_prod(*map(torch.arange, grad.shape)).tolist():
            place = slice(i * step, i * step + k), slice(j * step, j * step + k)
            goal = place if moving else (slice(k), slice(k))
            result[goal] += route(x[place]) * grad[i, j]
        return result

    return answer


def _first(window: Tensor) -> Tensor:
    return F.one_hot(window.argmax(), window.numel()).to(window.dtype).view(window.shape)


def _winners(window: Tensor) -> Tensor:
    return (window == window.max()).to(window.dtype)


def _overwriting(whole_window: bool) -> Callable:
    def answer(grad: Tensor, x: Tensor, k: int, s: int) -> Tensor:
        result = torch.zeros_like(x)
        for i, j in torch.cartesian_prod(*map(torch.arange, grad.shape)).tolist():
            window = result[i * s : i * s + k, j * s : j * s + k]
            first = _first(x[i * s : i * s + k, j * s : j * s + k])
            window.copy_(
                first * grad[i, j] if whole_window else window.where(first == 0, grad[i, j])
            )
        return result

    return answer


def _pool_cases() -> list[tuple]:
    def case(height: int, width: int, k: int, s: int, x: Tensor | None = None) -> tuple:
        x = torch.randperm(height * width).double().view(height, width) if x is None else x
        return whole((height - k) // s + 1, (width - k) // s + 1), x, k, s

    slope = torch.tensor([[1.0, 5.0, 9.0], [2.0, 3.0, 4.0]]).double()
    peak = torch.tensor([[1.0, 2.0, 3.0], [4.0, 9.0, 5.0], [6.0, 7.0, 8.0]]).double()
    return [
        case(2, 2, 2, 2),
        case(2, 2, 2, 2, torch.ones(2, 2).double()),
        case(2, 6, 2, 2),
        case(2, 3, 2, 1, slope),
        case(3, 3, 2, 1, peak),
        case(5, 4, 3, 1),
        case(7, 6, 3, 2, whole(7, 6)),
    ]


POOLING = Function(
    id="backpropagation.pooling",
    title="The backward pass of max pooling",
    signature="max_pool_backward(grad, x, k, s)",
    oracle=lambda grad, x, k, s: _by_autograd(
        lambda x: F.max_pool2d(x[None, None], k, s)[0, 0], grad, x
    )[0],
    cases=_pool_cases,
    forbidden=AUTOGRAD,
    hints=(
        "Which value of a window does its maximum depend on? The others get nothing from it.",
        "Window (i, j) begins at row i * s and column j * s.",
        "With k > s a value may be the largest of several windows. What does it get then?",
    ),
    misconceptions=(
        Misconception(
            "overwritten, not added",
            "A value that wins in two windows collects from both: add to what is there.",
            _overwriting(whole_window=False),
        ),
        Misconception(
            "whole window overwritten",
            "Writing a window wipes out what its neighbours, which overlap it, have left there.",
            _overwriting(whole_window=True),
        ),
        Misconception(
            "to all ties",
            "Giving each of several equal values the whole gradient counts it several times. "
            "Here the first in reading order gets it.",
            _routed(_winners),
        ),
        Misconception(
            "split among ties",
            "That is a choice, too, but not the one asked for: the first in reading order.",
            _routed(lambda window: _winners(window) / _winners(window).sum()),
        ),
        Misconception(
            "to all values of the window",
            "Averages depend on all of their values. A maximum depends on one.",
            _routed(lambda window: torch.ones_like(window) / window.numel()),
        ),
        Misconception(
            "last of several",
            "Of several largest values the first in reading order gets the gradient.",
            _routed(lambda window: _first(window.flip(0, 1)).flip(0, 1)),
        ),
        Misconception(
            "place in the window taken for one in the image",
            "The largest value's place was counted from its window's corner, (i * s, j * s).",
            _routed(_first, moving=False),
        ),
        Misconception(
            "stride dropped",
            "Window (i, j) does not begin at (i, j): from one to the next it is s values.",
            _routed(_first, strided=False),
        ),
    ),
    insight="A check with 2 × 2 windows and stride 2 accepts the pass that overwrites.",
)

PLACES = Blanks(
    id="backpropagation.places",
    title="Which output, which input?",
    variables=("i", "m", "a", "s", "p", "d"),
    blanks={"output": "(m + p - a*d) / s", "input": "i*s + a*d - p"},
    hints=(
        "Forward, tap a of output i reads input m. Write m in terms of i, a, s, p and d.",
        "For the other gap, solve the same equation for i.",
    ),
    misconceptions=(
        Misconception(
            "flip forgotten",
            "Solve m = … for i: the tap changes its sign. That sign is the flip.",
            {"output": "(m + p + a*d) / s"},
        ),
        Misconception(
            "stride not undone",
            "Forward multiplies i by the stride, so going back divides by it.",
            {"output": "m + p - a*d"},
        ),
        Misconception(
            "padding with the wrong sign",
            "Padding moves the windows to the left: output 0 begins at -p.",
            {"output": "(m - p - a*d) / s"},
        ),
        Misconception(
            "only the place divided",
            "All of m + p - ad is a multiple of s, so all of it is divided.",
            {"output": "m / s + p - a*d"},
        ),
        Misconception(
            "weight gradient flipped",
            "The weight's gradient reads the input where the forward pass does. Nothing is flipped.",
            {"input": "i*s - a*d - p"},
        ),
        Misconception(
            "stride and dilation exchanged here",
            "With i and a as they are, i steps by the stride and a by the dilation.",
            {"input": "i*d + a*s - p"},
        ),
    ),
    insight="One equation, solved for i or for m, holds the whole backward pass of a convolution.",
)

BIAS = Number(
    id="backpropagation.bias",
    title="A bias of a convolution",
    value=6272,
    hints=(
        "How many output values does one bias enter?",
        "It is added at every place of its channel, in every image.",
    ),
    misconceptions=(
        Misconception(
            "sum over batch forgotten for the bias",
            "The same bias is added in all 32 images.",
            196,
        ),
        Misconception(
            "sum over places forgotten",
            "The same bias is added at all places of its channel.",
            32,
        ),
        Misconception(
            "averaged",
            "Gradients of what is shared are added. A mean, if any, is in the loss.",
            1,
        ),
        Misconception(
            "summed over channels, too",
            "Every channel has a bias of its own.",
            50176,
        ),
    ),
    insight="A shared number collects from all its uses: so do the weights, all the more.",
)


def _stamped(
    *,
    flip: bool = False,
    strided: bool = True,
    all_rows: bool = True,
    cut: bool = True,
    add: bool = True,
    equation: str = "o,ocab->cab",
) -> Callable:
    """A convolution's backward pass that stamps the kernel, with one mistake."""

    def answer(grad, weight, height, width, stride, padding):
        k, step = weight.shape[-1], stride if strided else 1
        stamp = weight.flip(2, 3) if flip else weight
        h, w = height + 2 * padding, width + 2 * padding
        canvas = grad.new_zeros(weight.shape[1], h, w)
        for i, j in torch.cartesian_prod(*map(torch.arange, grad.shape[1:])).tolist():
            place = canvas[:, i * step : i * step + k, j * step : j * step + k]
            value = torch.einsum(equation, grad[:, i, j], stamp)
            place.copy_(place + value if add else value)
        if not all_rows:
            h, w = ((n - 1) * stride + k for n in grad.shape[1:])
        if not cut:
            return canvas[:, :height, :width]
        return canvas[:, padding : h - padding, padding : w - padding]

    return answer


def _convolution_cases() -> list[tuple]:
    def case(c_in, c_out, height, width, k, s=1, p=0) -> tuple:
        sizes = (conv_output_size(n, k, s, p) for n in (height, width))
        return whole(c_out, *sizes), whole(c_out, c_in, k, k), height, width, s, p

    return [
        case(1, 1, 2, 2, 2),
        case(1, 1, 3, 3, 2),
        case(1, 1, 4, 4, 2, s=2),
        case(1, 1, 3, 3, 3, p=1),
        case(2, 2, 3, 3, 2),
        case(1, 1, 6, 4, 3, s=2, p=1),
        case(3, 2, 8, 7, 3, s=2, p=1),
        case(2, 3, 9, 11, 3, s=3),
    ]


CONV_INPUT = Function(
    id="backpropagation.conv_input",
    title="A convolution's gradient by its input",
    signature="input_gradient(grad, weight, height, width, stride, padding)",
    oracle=lambda grad, weight, height, width, stride, padding: _by_autograd(
        lambda x: F.conv2d(x, weight, None, stride, padding),
        grad,
        grad.new_zeros(weight.shape[1], height, width),
    )[0],
    cases=_convolution_cases,
    forbidden=(*AUTOGRAD, *ADJOINTS),
    hints=(
        "Turn the forward pass round: what output (i, j) has read, it writes back to.",
        "Add grad[:, i, j] times the kernels onto the window that begins at i * stride.",
        "Work on the padded input, of height + 2 * padding rows; cut the padding off at the end.",
    ),
    misconceptions=(
        Misconception(
            "flip forgotten",
            "As a correlation this needs the kernel turned by 180°; as stamps it must not be turned.",
            _stamped(flip=True),
        ),
        Misconception(
            "stride not undone",
            "Output (i, j) has read the window that begins at row i * stride and column j * stride.",
            _stamped(strided=False),
        ),
        Misconception(
            "remainder forgotten",
            "The last rows, which no window reached, are inputs, too. Their gradient is 0.",
            _stamped(all_rows=False),
        ),
        Misconception(
            "padding not cut off",
            "Row 0 of the padded input is padding. The image begins `padding` rows further on.",
            _stamped(cut=False),
        ),
        Misconception(
            "padding kept",
            "The gradient has the image's size. What fell on the padding is cut off, all around.",
            lambda grad, weight, height, width, stride, padding: _stamped()(
                grad, weight, height + 2 * padding, width + 2 * padding, stride, 0
            ),
        ),
        Misconception(
            "overwritten, not added",
            "Windows overlap: an input collects from all outputs that have read it.",
            _stamped(add=False),
        ),
        Misconception(
            "channel axes not exchanged",
            "The way back leads from output channels, weight's first axis, to input channels.",
            _stamped(equation="c,ocab->oab"),
        ),
    ),
    insight="These stamps are what a transposed convolution does, as a layer of its own.",
)


def _correlated(
    *, flip: bool = False, strided: bool = True, mean: bool = False, turn: bool = False
) -> Callable:
    """A weight's gradient tap by tap, with one mistake."""

    def answer(x: Tensor, grad: Tensor, k: int, stride: int) -> Tensor:
        step, (h, w) = stride if strided else 1, grad.shape[2:]
        result = grad.new_zeros(grad.shape[1], x.shape[1], k, k)
        for a, b in torch.cartesian_prod(torch.arange(k), torch.arange(k)).tolist():
            read = x[:, :, a : a + (h - 1) * step + 1 : step, b : b + (w - 1) * step + 1 : step]
            result[:, :, a, b] = torch.einsum("nohw,nchw->oc", grad, read)
        result = result.flip(2, 3) if flip else result
        result = result / len(x) if mean else result
        return result.transpose(0, 1) if turn else result

    return answer


def _weight_cases() -> list[tuple]:
    def case(n, c_in, c_out, height, width, k, s=1) -> tuple:
        sizes = (conv_output_size(m, k, s) for m in (height, width))
        return whole(n, c_in, height, width), whole(n, c_out, *sizes), k, s

    return [
        case(1, 1, 1, 2, 3, 2),
        case(2, 1, 1, 3, 3, 2),
        case(1, 1, 1, 4, 4, 2, s=2),
        case(1, 2, 2, 3, 3, 2),
        case(1, 1, 1, 6, 5, 3, s=2),
        case(2, 3, 2, 8, 7, 3, s=2),
    ]


CONV_WEIGHT = Function(
    id="backpropagation.conv_weight",
    title="A convolution's gradient by its weight",
    signature="weight_gradient(x, grad, k, stride)",
    oracle=lambda x, grad, k, stride: _by_autograd(
        lambda weight: F.conv2d(x, weight, None, stride),
        grad,
        grad.new_zeros(grad.shape[1], x.shape[1], k, k),
    )[0],
    cases=_weight_cases,
    forbidden=(*AUTOGRAD, *ADJOINTS),
    hints=(
        "Which inputs has tap (a, b) been multiplied with, over all outputs (i, j)?",
        "With x[:, :, a + i * stride, b + j * stride]: a slice with a step.",
        "Multiply this slice by grad and add up over images and places, for every pair of channels.",
    ),
    misconceptions=(
        Misconception(
            "weight gradient flipped",
            "Only the gradient by the input flips the kernel. Tap a reads at i * stride + a, and so "
            "does its gradient.",
            _correlated(flip=True),
        ),
        Misconception(
            "stride not undone",
            "Neighbouring outputs have read inputs that lie `stride` apart.",
            _correlated(strided=False),
        ),
        Misconception(
            "averaged over the batch",
            "All images share the weight, so their contributions are added.",
            _correlated(mean=True),
        ),
        Misconception(
            "averaged over batch and places",
            "All images and all places share the weight, so their contributions are added.",
            lambda x, grad, k, stride: _correlated()(x, grad, k, stride) / grad[:, 0].numel(),
        ),
        Misconception(
            "channel axes not exchanged",
            "The weight has its output channels first. Yours has them second.",
            _correlated(turn=True),
        ),
        Misconception(
            "rows left over not cut off",
            "Input rows that no window reached make this correlation larger than the kernel: "
            "keep its first k rows and columns.",
            lambda x, grad, k, stride: F.conv2d(
                x.movedim(1, 0), grad.movedim(1, 0), dilation=stride
            ).movedim(1, 0),
        ),
        Misconception(
            "stride kept a stride",
            "Backward, stride and dilation change places: the gradient's entries lie apart.",
            lambda x, grad, k, stride: F.conv2d(
                x.movedim(1, 0), grad.movedim(1, 0), stride=stride
            ).movedim(1, 0),
        ),
    ),
    insight="A correlation of input and gradient, with stride and dilation exchanged. No flip.",
)

SLOGAN = Choice(
    id="backpropagation.slogan",
    title="A convolution with flipped kernels?",
    options="abcd",
    reasons="1234",
    correct=("b", 3),
    hints=(
        "Take the two gradients apart: in which of them does the tap's index change its sign?",
        "With stride 2, which places of the padded gradient would the flipped kernel have to meet?",
    ),
    misconceptions=(
        Misconception(
            "weight gradient flipped",
            "The weight's gradient reads the input exactly where the forward pass did.",
            "a",
        ),
        Misconception(
            "stride forgotten",
            "Outputs that lie s inputs apart cannot be met by a plain convolution: try stride 2.",
            "c",
        ),
        Misconception(
            "the slogan dismissed",
            "Do it for stride 1 and one row: the gradient by the input has the taps in reverse.",
            "d",
        ),
        Misconception(
            "libraries taken for the reason",
            "How a library names its operations decides nothing. Look at the index i = m + p - a.",
            ("b", 1),
        ),
    ),
    insight="With a stride the gradient is first spread out by zeros; then the slogan holds again.",
)

ADJOINT_PROOF = Proof(
    id="backpropagation.adjoint_proof",
    title="The backward pass is the adjoint: order the proof",
    needs={"A": "", "B": "A", "C": "B", "D": "C", "E": "D"},
    superfluous="F",
    hints=(
        "Begin with ⟨Kx, y⟩ and insert what K is.",
        "To read off what x[m] is multiplied with, all terms with the same m have to be collected.",
        "Only when Kᵀ has its formula can it be compared with the chain rule.",
    ),
    misconceptions=(
        Misconception(
            "named before it is found",
            "Kᵀ is the name of the inner sum, so the sum comes before it.",
            "ABDCE",
        ),
        Misconception(
            "chain rule compared too early",
            "There is nothing to compare with before Kᵀ has a formula.",
            "EABCD",
        ),
        Misconception(
            "adjoint taken for the inverse",
            "Nothing is inverted here. K drops values, and no map brings them back.",
            "ABCFDE",
        ),
    ),
    insight="It holds for every linear layer: backward is the transposed matrix.",
)


def _remainder(n: int, k: int, s: int, p: int) -> int:
    """How much larger than the smallest of its sizes an input is."""
    return n - conv_transpose_output_size(conv_output_size(n, k, s, p), k, s, p)


OUTPUT_PADDING = Formula(
    id="backpropagation.output_padding",
    title="Which output_padding leads back?",
    signature="output_padding(n, k, s, p)",
    oracle=_remainder,
    cases=lambda: [
        (4, 2, 2, 0),
        (5, 2, 2, 0),
        (8, 3, 2, 1),
        (224, 7, 2, 3),
        *[(integer(20, 60), integer(2, 7), integer(2, 5), integer(0, 3)) for _ in range(8)],
    ],
    hints=(
        "How many rows of the padded input does the last window leave over?",
        "The output size has a floor, a division that drops its rest. The rest is what is asked.",
        "In Python, `%` gives the rest of a division.",
    ),
    misconceptions=(
        Misconception(
            "always one less than the stride",
            "That is the most that can be left over. It depends on the size how much is.",
            lambda n, k, s, p: s - 1,
        ),
        Misconception(
            "padding forgotten",
            "The windows slide over the padded input, p rows more at both ends.",
            lambda n, k, s, p: (n - k) % s,
        ),
        Misconception(
            "padding at one end",
            "There is padding at both ends.",
            lambda n, k, s, p: (n + p - k) % s,
        ),
        Misconception(
            "kernel forgotten",
            "A window takes up k rows. How far can its first row move, from 0 on?",
            lambda n, k, s, p: (n + 2 * p) % s,
        ),
        Misconception(
            "quotient instead of rest",
            "The quotient counts windows. What is left over is the rest of that division.",
            lambda n, k, s, p: (n + 2 * p - k) // s,
        ),
        Misconception(
            "size alone",
            "Whether windows fit depends on the kernel and the padding, too.",
            lambda n, k, s, p: n % s,
        ),
    ),
    insight="The floor of the output size and `output_padding` are one number, seen from two sides.",
)


class _ThereAndBack(nn.Module):
    """Two layers, the second with an output_padding that ``rest`` computes for each axis."""

    def __init__(self, channels: int, rest: Callable[[int], int]) -> None:
        super().__init__()
        self.down = nn.Conv2d(channels, 2 * channels, 3, 2, 1)
        self.up = nn.ConvTranspose2d(2 * channels, channels, 3, 2, 1)
        self.rest = rest

    def forward(self, x: Tensor) -> Tensor:
        rest = [self.rest(n) for n in x.shape[2:]]
        return F.conv_transpose2d(self.down(x), self.up.weight, self.up.bias, 2, 1, rest)


RESTORE = Module(
    id="backpropagation.restore",
    title="There and back again",
    signature="Restore(channels)",
    oracle=lambda channels: _ThereAndBack(channels, lambda n: (n - 1) % 2),
    cases=lambda: [((1,), real(1, 1, 5, 7)), ((1,), real(1, 1, 4, 6)), ((2,), real(2, 2, 6, 9))],
    hints=(
        "Run the two layers on images of 7 and of 8 rows and look at the sizes.",
        "Both 7 and 8 rows become 4. What tells the way back which of them it was?",
        "The forward pass of `nn.ConvTranspose2d` takes `output_size` as a second argument.",
    ),
    misconceptions=(
        Misconception(
            "remainder forgotten",
            "Without `output_padding` the way back leads to the smallest of the sizes, an odd one.",
            lambda channels: _ThereAndBack(channels, lambda n: 0),
        ),
        Misconception(
            "always one row more",
            "`output_padding=1` is right for even sizes. For odd ones the result is too large.",
            lambda channels: _ThereAndBack(channels, lambda n: 1),
        ),
    ),
    insight="The sizes come back, the values do not: the adjoint is no inverse.",
)


def _normed(
    *,
    gamma: bool = True,
    through_mean: bool = True,
    through_deviation: bool = True,
    unbiased: bool = False,
    squared: bool = False,
    sums: bool = False,
) -> Callable:
    """Batch norm's backward pass with parts left out."""

    def answer(grad: Tensor, x: Tensor, scale: Tensor, eps: float) -> Tensor:
        mean, var = x.mean(0), x.var(0, correction=int(unbiased))
        root = torch.sqrt(var + eps)
        z = (x - mean) / root
        g = grad * scale if gamma else grad
        total, count = g, 1 if sums else len(x)
        if through_mean:
            total = total - g.sum(0) / count
        if through_deviation:
            total = total - z * (g * z).sum(0) / count
        return total / (root * root if squared else root)

    return answer


BATCH_NORM = Function(
    id="backpropagation.batch_norm",
    title="The backward pass of batch norm",
    signature="batch_norm_backward(grad, x, gamma, eps)",
    oracle=lambda grad, x, gamma, eps: _by_autograd(
        lambda x: F.batch_norm(x, None, None, gamma, training=True, eps=eps), grad, x
    )[0],
    cases=lambda: [
        (whole(3, 1), torch.tensor([[1.0], [2.0], [6.0]]).double(), torch.ones(1).double(), 0.5),
        (
            whole(3, 1),
            torch.tensor([[1.0], [2.0], [6.0]]).double(),
            2 * torch.ones(1).double(),
            0.5,
        ),
        (real(4, 2), real(4, 2), whole(2), 1e-5),
        (real(6, 3), 3 * real(6, 3) + 1, whole(3), 0.1),
    ],
    forbidden=AUTOGRAD,
    hints=(
        "x moves the result in three ways: itself, through the mean, and through the deviation.",
        "First the gradient by x_hat, which is `grad` times gamma.",
        "From it subtract its mean, and its part along x_hat. Then divide by the deviation.",
    ),
    misconceptions=(
        Misconception(
            "statistics treated as constants",
            "In training mean and deviation are computed from x: two more ways lead back to it.",
            _normed(through_mean=False, through_deviation=False),
        ),
        Misconception(
            "gamma left out",
            "The result is gamma times x_hat. At gamma = 1, where training starts, nobody notices.",
            _normed(gamma=False),
        ),
        Misconception(
            "mean path left out",
            "Moving all of x together changes nothing, so the gradient has to sum to 0.",
            _normed(through_mean=False),
        ),
        Misconception(
            "deviation path left out",
            "Stretching x changes next to nothing: the part of the gradient along x_hat goes, too.",
            _normed(through_deviation=False),
        ),
        Misconception(
            "sums where means belong",
            "Each value is one N-th of the mean, and moves it by as much: divide the sums by N.",
            _normed(sums=True),
        ),
        Misconception(
            "variance for deviation",
            "Forward divides by the root of the variance, and so does the way back.",
            _normed(squared=True),
        ),
        Misconception(
            "variance divided by one less",
            "Batch norm divides by the biased variance: the mean of N squares, not their sum over N - 1.",
            _normed(unbiased=True),
        ),
    ),
    insight="The gradient is at right angles to 1 and to x_hat: what the norm undoes, nobody learns.",
)

VACUOUS = Choice(
    id="backpropagation.vacuous",
    title="What does this test accept?",
    options="abcd",
    reasons="1234",
    correct=("c", 1),
    hints=(
        "Which `grad` does batch norm receive from a plain sum? Insert it into each formula.",
        "The mean of ones is 1, and the values of x_hat sum to 0.",
    ),
    misconceptions=(
        Misconception(
            "a passed test taken for a proof",
            "Insert ones for `grad` and 1 for gamma. Which terms are still there?",
            "a",
        ),
        Misconception(
            "only gamma noticed",
            "With ones the part along x_hat is the sum of x_hat, which is 0: who needs to subtract it?",
            "b",
        ),
        Misconception(
            "everything thought to pass",
            "Who does not subtract the mean returns ones, divided by the deviation. "
            "The right gradient is 0.",
            "d",
        ),
        Misconception(
            "gamma alone thought to be the reason",
            "That explains Q. R has gamma and lacks a whole path.",
            ("c", 3),
        ),
    ),
    insight="Use a random `grad`, gamma other than 1, and check the check with a wrong answer.",
)


def _least_error(u: float) -> float:
    """Search for the step with the least h² + u/h."""
    low, high = math.log(u), 0.0
    for _ in range(200):
        a, b = low + (high - low) / 3, high - (high - low) / 3
        error = [math.exp(2 * t) + u * math.exp(-t) for t in (a, b)]
        low, high = (low, b) if error[0] < error[1] else (a, high)
    return math.exp((low + high) / 2)


BEST_STEP = Formula(
    id="backpropagation.best_step",
    title="The best step of a numerical gradient",
    signature="step(u)",
    oracle=_least_error,
    cases=lambda: [(2**-4,), (2**-10,), (2**-23,), (2**-52,)],
    hints=(
        "One term falls with h, the other grows. Set the derivative by h to 0.",
        "The derivative is 2h - u / h².",
    ),
    misconceptions=(
        Misconception(
            "both terms set equal",
            "That is near, but the least sum is where the derivatives cancel, not the terms.",
            lambda u: u ** (1 / 3),
        ),
        Misconception(
            "square root",
            "That is the best step of a one-sided difference, whose error grows with h, not h².",
            lambda u: u**0.5,
        ),
        Misconception(
            "as small as possible",
            "With h = u the second term is 1: every digit is lost.",
            lambda u: u,
        ),
        Misconception(
            "the error instead of the step",
            "That is how large the error is at best. Asked is where.",
            lambda u: 3 * (u / 2) ** (2 / 3),
        ),
    ),
    insight="About 5e-6 in float64 and 4e-3 in float32: much larger than most people guess.",
)

SMALL_STEP = Choice(
    id="backpropagation.small_step",
    title="A numerical gradient of zero",
    options="abcd",
    reasons="1234",
    correct=("b", 2),
    hints=(
        "How far apart are the numbers of float32 near 1?",
        "What is 1 + 1e-8 in float32?",
    ),
    misconceptions=(
        Misconception(
            "backward pass blamed",
            "Try the quotient on x² at 1, whose derivative you know: it is 0 there, too.",
            "a",
        ),
        Misconception(
            "step made still smaller",
            "The step is lost already. A smaller one is lost, too.",
            "c",
        ),
        Misconception(
            "ReLU blamed",
            "x² has no kink, and its quotient is 0 as well.",
            "d",
        ),
        Misconception(
            "truncation blamed",
            "That error is about h², here 1e-16. What else goes wrong at a small step?",
            ("b", 1),
        ),
    ),
    insight="In float32 a gradient check is good to three digits: run it in float64.",
)

KINK = Number(
    id="backpropagation.kink",
    title="A check across a kink",
    value=0.55,
    tolerance=1e-6,
    hints=(
        "Write down ReLU at x + h and at x - h.",
        "x - h is negative, so one of the two values is 0.",
    ),
    misconceptions=(
        Misconception(
            "derivative instead of quotient",
            "That is the derivative, and the backward pass is right. What does the quotient say?",
            1,
        ),
        Misconception(
            "kink itself",
            "That is the quotient at x = 0. Here x lies a little to the right.",
            0.5,
        ),
        Misconception(
            "divided by one step",
            "From x - h to x + h there are two steps.",
            1.1,
        ),
        Misconception(
            "negative side not cut off",
            "ReLU of x - h is 0, not x - h. Otherwise there would be no kink.",
            0.05,
        ),
    ),
    insight="A right backward pass fails the check here. A smaller step in float64 makes it rare.",
)


def _alive(L: int, k: int) -> int:
    """Go back through the segments and count the inputs that are held at the same time."""
    kept = len(range(0, L, k))
    return max(waiting + 1 + (k - 1) for waiting in range(kept))


CHECKPOINTS = Formula(
    id="backpropagation.checkpoints",
    title="Maps in memory with checkpoints",
    signature="maps(L, k)",
    oracle=_alive,
    cases=lambda: [(4, 2), (9, 3), (100, 10), (24, 6), (60, 5), (12, 1)],
    hints=(
        "How many inputs are kept on the way forward?",
        "Going back, the last segment comes first: all kept inputs are still there.",
        "Of that segment's k inputs one is kept already.",
    ),
    misconceptions=(
        Misconception(
            "segment forgotten",
            "Before a segment can go back, its other inputs are computed again, and held.",
            lambda L, k: L / k,
        ),
        Misconception(
            "nothing saved",
            "Only every k-th input is kept on the way forward.",
            lambda L, k: L,
        ),
        Misconception(
            "first input of a segment counted twice",
            "A segment's first input is the kept one: only the others are computed again.",
            lambda L, k: L / k + k,
        ),
        Misconception(
            "kept inputs forgotten",
            "While the last segment goes back, the inputs kept for the others wait.",
            lambda L, k: k,
        ),
        Misconception(
            "all kept beside the checkpoints",
            "Only one segment is computed again at a time.",
            lambda L, k: L + L / k,
        ),
    ),
    insight="Least at k = √L: 19 instead of 100 maps for 100 layers.",
)

RECOMPUTE = Number(
    id="backpropagation.recompute",
    title="What checkpoints cost",
    value=100 / 3,
    tolerance=0.5,
    unit="percent",
    hints=(
        "In units of a forward pass: what does a step cost without checkpoints?",
        "With them every layer runs forward twice. The backward pass stays as it is.",
    ),
    misconceptions=(
        Misconception(
            "compared with the forward pass alone",
            "The forward pass doubles, but it is a third of the step only.",
            100,
        ),
        Misconception(
            "backward pass counted once",
            "The backward pass costs twice the forward pass, so a step is three of them.",
            50,
        ),
        Misconception(
            "share of the new step",
            "The question is how much more than before, so divide by the old step.",
            25,
        ),
        Misconception(
            "new step divided by the old one",
            "That is the whole new step. Asked is what is added.",
            400 / 3,
        ),
    ),
    insight="A third more time for a fifth of the memory: a bargain where memory is short.",
)

EXERCISES = (
    CHAIN,
    COST,
    LINEAR,
    RELU,
    CROSS_ENTROPY,
    POOLING,
    BIAS,
    PLACES,
    CONV_INPUT,
    CONV_WEIGHT,
    SLOGAN,
    ADJOINT_PROOF,
    OUTPUT_PADDING,
    RESTORE,
    BATCH_NORM,
    VACUOUS,
    BEST_STEP,
    SMALL_STEP,
    KINK,
    CHECKPOINTS,
    RECOMPUTE,
)
