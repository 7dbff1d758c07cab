"""Exercises of chapter 07: losses, starts, norms, optimizers, and runs that go wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

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
from cnncourse.optimizers import learning_rate

NUMBER = 7
TITLE = "Training"

# --- loss -----------------------------------------------------------------------------------------

LOG_SUM_EXP = Function(
    id="training.log_sum_exp",
    title="A logarithm that survives large scores",
    signature="log_sum_exp(scores)",
    oracle=lambda scores: torch.logsumexp(scores, 1),
    cases=lambda: [
        (whole(1, 2),),
        (whole(2, 3),),
        (torch.tensor([[1000.0, 999.0, -1000.0]]).double(),),
        (torch.tensor([[-1000.0, -1001.0, -1002.0]]).double(),),
        (torch.tensor([[3.0, 0.0, 1.0], [-2000.0, -2001.0, -2000.0]]).double(),),
        (real(4, 5) * 300,),
    ],
    forbidden=("logsumexp", "log_softmax", "softmax", "logaddexp", "cross_entropy"),
    hints=(
        "Which is the largest number that `exp` can take, in float32 and in float64?",
        "Subtract something from all scores of a row: what does that do to the result?",
        "With its maximum subtracted, the largest exponential of a row is 1.",
    ),
    misconceptions=(
        Misconception(
            "overflow",
            "The formula is right and its numbers are not: the exponential of 1000 is no float, "
            "and that of -1000 is 0.",
            lambda scores: scores.exp().sum(1).log(),
        ),
        Misconception(
            "small number under the logarithm",
            "That keeps the logarithm of 0 away and changes every result; the exponential still "
            "overflows.",
            lambda scores: (scores.exp().sum(1) + 1e-9).log(),
        ),
        Misconception(
            "maximum not added back",
            "What was subtracted before the exponentials is missing from the result.",
            lambda scores: (scores - scores.amax(1, keepdim=True)).exp().sum(1).log(),
        ),
        Misconception(
            "one maximum for all images",
            "The maximum of the whole batch may be far above a row: there all exponentials are 0.",
            lambda scores: (scores - scores.max()).exp().sum(1).log() + scores.max(),
        ),
        Misconception(
            "sum over the images",
            "The sum runs over the classes of one image, not over the images.",
            lambda scores: torch.logsumexp(scores, 0),
        ),
        Misconception(
            "mean of the exponentials",
            "That is the logarithm of their mean; the sum is asked for.",
            lambda scores: torch.logsumexp(scores, 1) - math.log(scores.shape[1]),
        ),
        Misconception(
            "largest score alone",
            "The maximum is the largest part of the result, not all of it.",
            lambda scores: scores.amax(1),
        ),
    ),
    insight="The cross-entropy is this number less the score of the right class.",
)

SOFTMAX_TWICE = Number(
    id="training.softmax_twice",
    title="A softmax too many",
    value=math.log(math.e + 9) - 1,
    tolerance=0.006,
    hints=(
        "Which probabilities would the network like to give to an image of class 3?",
        "The loss takes these probabilities for scores: one is 1, the other nine are 0.",
        "What is the softmax of (1, 0, …, 0), and what the negative logarithm of its first entry?",
    ),
    misconceptions=(
        Misconception(
            "no floor",
            "The loss is 0 where the right class gets probability 1. Can it, when scores are "
            "between 0 and 1?",
            0,
        ),
        Misconception(
            "guessing",
            "That is the loss of equal scores. This network is as sure as it can be.",
            math.log(10),
        ),
        Misconception(
            "probability, not loss",
            "This is the largest probability of the second softmax. The loss is its negative "
            "logarithm.",
            math.e / (math.e + 9),
        ),
        Misconception(
            "score of the right class forgotten",
            "The logarithm of the sum is right. The score of the right class, 1, is subtracted.",
            math.log(math.e + 9),
        ),
        Misconception(
            "other classes forgotten",
            "That is for two classes: there are nine others, each with a score of 0.",
            math.log(math.e + 1) - 1,
        ),
    ),
    insight="A loss that comes to rest at ln(e + K - 1) - 1 has told what is wrong.",
)

# --- start ----------------------------------------------------------------------------------------


def _deviation(C: int, k: int, g: int) -> float:
    """Ask torch for fan-in and gain."""
    weight = nn.Conv2d(C, g, k, groups=g, device="meta").weight
    return nn.init.calculate_gain("relu") / nn.init._calculate_correct_fan(weight, "fan_in") ** 0.5


HE = Formula(
    id="training.he",
    title="How large weights start before a ReLU",
    signature="deviation(C, k, g)",
    oracle=_deviation,
    cases=lambda: [
        (8, 1, 1),
        (2, 3, 1),
        (4, 3, 2),
        (64, 7, 64),
        *[(4 * integer(1, 20), integer(1, 7), integer(1, 2)) for _ in range(4)],
    ],
    hints=(
        "How many products are added up in one output?",
        "A ReLU leaves half of the second moment of what is symmetric about 0.",
        "The variance of a sum of n products with weights of variance v is n v times the second "
        "moment of the inputs.",
    ),
    misconceptions=(
        Misconception(
            "ReLU forgotten",
            "This keeps the variance of a linear layer. A ReLU takes half of it away.",
            lambda C, k, g: (g / (C * k * k)) ** 0.5,
        ),
        Misconception(
            "variance instead of deviation",
            "That is the variance; its root is asked for.",
            lambda C, k, g: 2 * g / (C * k * k),
        ),
        Misconception(
            "kernel forgotten",
            "An output adds up products from every place of the kernel, not only from every "
            "channel.",
            lambda C, k, g: (2 * g / C) ** 0.5,
        ),
        Misconception(
            "side for area",
            "The kernel has k · k places.",
            lambda C, k, g: (2 * g / (C * k)) ** 0.5,
        ),
        Misconception(
            "groups ignored",
            "With g groups, an output sees only its own share of the channels.",
            lambda C, k, g: (2 / (C * k * k)) ** 0.5,
        ),
        Misconception(
            "half for double",
            "The ReLU halves, so the weights have to make up for that.",
            lambda C, k, g: (0.5 * g / (C * k * k)) ** 0.5,
        ),
    ),
    insight="A depthwise 3×3 starts with weights about √C times as large as a dense one.",
)

DEFAULT_START = Number(
    id="training.default_start",
    title="What is lost in each layer",
    value=1 / 6,
    tolerance=0.001,
    hints=(
        "What is the variance of a number that is uniform between -a and a?",
        "How much of the second moment does one output get from n inputs, before the ReLU?",
        "And how much of it is left behind the ReLU?",
    ),
    misconceptions=(
        Misconception(
            "ReLU forgotten",
            "This is the factor of the convolution alone. The ReLU comes on top.",
            1 / 3,
        ),
        Misconception(
            "variance of one over n",
            "These weights lie within one over the root of n, so their variance is smaller than "
            "1/n.",
            1 / 2,
        ),
        Misconception(
            "blamed on depth",
            "With this factor depth alone would do no harm. Compute the variance of the weights.",
            1,
        ),
        Misconception(
            "half the width squared",
            "The variance of a uniform number is its width squared over 12: how wide is from -a "
            "to a?",
            1 / 24,
        ),
        Misconception(
            "deviation instead of variance",
            "That is the factor of the size of the values. Their second moment is asked for.",
            6**-0.5,
        ),
    ),
    insight="Twenty layers leave 3·10⁻¹⁶: it is the start that fails, not the depth.",
)

# --- norms ----------------------------------------------------------------------------------------

NORM_AXES = Blanks(
    id="training.norm_axes",
    title="How many values share a mean",
    blanks={
        "batch": "N * H * W",
        "layer": "C * H * W",
        "group": "C * H * W / G",
        "instance": "H * W",
    },
    variables=("N", "C", "H", "W", "G"),
    hints=(
        "Two of the four norms never mix channels. Which?",
        "Only one of them looks at more than one image.",
        "A group has as many channels as there are in all, divided by the number of groups.",
    ),
    misconceptions=(
        Misconception(
            "places not shared",
            "A channel is the same feature at every place, so its places share their mean as well.",
            {"batch": "N"},
        ),
        Misconception(
            "batch and layer exchanged",
            "Batch norm keeps channels apart and mixes images; layer norm does the opposite.",
            {"batch": "C * H * W", "layer": "N * H * W"},
        ),
        Misconception(
            "batch norm over everything",
            "Each channel has a mean of its own in a batch norm.",
            {"batch": "N * C * H * W"},
        ),
        Misconception(
            "layer norm of transformers",
            "That is a layer norm of one place, as transformers use it. Here it takes all places.",
            {"layer": "C"},
        ),
        Misconception(
            "G channels in a group",
            "G is the number of groups, not the number of channels in one.",
            {"group": "G * H * W"},
        ),
        Misconception(
            "instance over the batch",
            "An instance is one channel of one image.",
            {"instance": "N * H * W"},
        ),
    ),
    insight="One group is the layer norm, C groups are the instance norm.",
)


class _Group(nn.Module):
    """A norm of (N, groups, C/groups, H, W), or the two exchanged, with statistics over `dims`."""

    def __init__(
        self,
        groups: int,
        channels: int,
        dims: Sequence[int] = (2, 3, 4),
        correction: int = 0,
        learnt: int = 0,
        root: Callable[[Tensor], Tensor] = lambda v: (v + 1e-5).sqrt(),
        exchanged: bool = False,
    ) -> None:
        super().__init__()
        self.sizes = (-1, groups) if exchanged else (groups, -1)
        self.dims, self.correction, self.root = tuple(dims), correction, root
        self.weight = nn.Parameter(torch.ones(learnt or channels))
        self.bias = nn.Parameter(torch.zeros(learnt or channels))

    def forward(self, x: Tensor) -> Tensor:
        parts = x.unflatten(1, self.sizes)
        mean = parts.mean(self.dims, keepdim=True)
        variance = parts.var(self.dims, keepdim=True, correction=self.correction)
        normal = (parts - mean) / self.root(variance)
        each = (-1, 1, 1)
        return normal.reshape(x.shape) * self.weight.view(each) + self.bias.view(each)


GROUP_NORM = Module(
    id="training.group_norm",
    title="A group norm",
    signature="GroupNorm(groups, channels)",
    oracle=nn.GroupNorm,
    cases=lambda: [
        ((2, 4), real(3, 4, 3, 2)),
        ((3, 6), real(2, 6, 4, 3) + 1),
        ((2, 6), 3 * real(1, 6, 2, 5)),
    ],
    forbidden=("group_norm", "layer_norm", "batch_norm", "instance_norm"),
    hints=(
        "Give the groups an axis of their own: which shape has the tensor then?",
        "One mean and one variance for each image and group: over which axes?",
        "Scale and shift are learnt for each channel, so they act in the old shape.",
    ),
    misconceptions=(
        Misconception(
            "batch included",
            "A group norm looks at one image alone: its statistics do not run over the batch.",
            lambda g, c: _Group(g, c, dims=(0, 2, 3, 4)),
        ),
        Misconception(
            "each channel alone",
            "That is an instance norm: the channels of a group share mean and variance.",
            lambda g, c: _Group(g, c, dims=(3, 4)),
        ),
        Misconception(
            "one group of all channels",
            "That is a layer norm: the groups are apart from one another.",
            lambda g, c: _Group(g, c, dims=(1, 2, 3, 4)),
        ),
        Misconception(
            "each place alone",
            "The places of an image share their statistics, too.",
            lambda g, c: _Group(g, c, dims=(2,)),
        ),
        Misconception(
            "every g-th channel",
            "A group is made of neighbouring channels; here they are dealt out like cards.",
            lambda g, c: _Group(g, c, dims=(1, 3, 4), exchanged=True),
        ),
        Misconception(
            "unbiased variance",
            "Norms divide by the number of values, not by one less.",
            lambda g, c: _Group(g, c, correction=1),
        ),
        Misconception(
            "eps outside the root",
            "The small number is added to the variance, inside the root.",
            lambda g, c: _Group(g, c, root=lambda v: v.sqrt() + 1e-5),
        ),
        Misconception(
            "one scale for the whole layer",
            "Scale and shift are learnt for every channel.",
            lambda g, c: _Group(g, c, learnt=1),
        ),
    ),
    insight="It needs no batch: training and evaluation are the same, and one image is enough.",
)

RUNNING = Number(
    id="training.running",
    title="How long a batch norm remembers its start",
    value=44,
    unit="steps",
    hints=(
        "After a step the new running mean is a mixture of the old one and the batch's.",
        "In PyTorch `momentum` is the share of the new value: what is the share of the old?",
        "Which power of that share is the first below 0.01?",
    ),
    misconceptions=(
        Misconception(
            "momentum read the other way",
            "0.1 is the share of the new value here, not of the old one.",
            3,
        ),
        Misconception(
            "one step too few",
            "After that many steps a little more than one per cent is left.",
            43,
        ),
        Misconception(
            "one over the momentum",
            "After that many steps a third is still there: it is multiplied, not counted down.",
            10,
        ),
        Misconception(
            "forgotten at once",
            "Each step keeps a share of what was there before.",
            1,
        ),
    ),
    insight="Whoever evaluates after a dozen steps evaluates a good part of the start.",
)


def _folded(
    weight: Tensor,
    bias: Tensor,
    gamma: Tensor,
    beta: Tensor,
    mean: Tensor,
    variance: Tensor,
    eps: float,
) -> tuple[Tensor, Tensor]:
    fused = fuse_conv_bn_weights(weight, bias, mean, variance, eps, gamma, beta)
    return tuple(tensor.detach() for tensor in fused)


def _folds(
    factor: Callable[[Tensor, Tensor, float], Tensor],
    shift: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor],
) -> Callable[..., tuple[Tensor, Tensor]]:
    """Fold with a factor for each channel and a shift made of it, the bias, beta and the mean."""

    def fold(
        weight: Tensor,
        bias: Tensor,
        gamma: Tensor,
        beta: Tensor,
        mean: Tensor,
        variance: Tensor,
        eps: float,
    ) -> tuple[Tensor, Tensor]:
        s = factor(gamma, variance, eps)
        return weight * s.view(-1, 1, 1, 1), shift(s, bias, beta, mean)

    return fold


def _per_deviation(gamma: Tensor, variance: Tensor, eps: float) -> Tensor:
    return gamma * torch.rsqrt(variance + eps)


def _moved(s: Tensor, bias: Tensor, beta: Tensor, mean: Tensor) -> Tensor:
    return torch.addcmul(beta, s, bias - mean)


def _fold_case(out: int, channels: int, k: int, eps: float = 1e-5) -> tuple:
    weight = (whole(out, channels, k, k), whole(out))
    return (*weight, whole(out), whole(out), whole(out), real(out).square() + 0.5, eps)


FOLD = Function(
    id="training.fold",
    title="A batch norm folded into its convolution",
    signature="fold(weight, bias, gamma, beta, mean, variance, eps)",
    oracle=_folded,
    cases=lambda: [
        _fold_case(1, 1, 1),
        _fold_case(2, 1, 1),
        _fold_case(3, 2, 3),
        _fold_case(2, 4, 1, 0.1),
        _fold_case(5, 3, 3, 0.5),
    ],
    forbidden=("batch_norm",),
    hints=(
        "Write down what the norm does to w · x + b in evaluation, for one channel.",
        "What multiplies x, and what is left without x?",
        "The bias of the convolution goes through the norm like everything else.",
    ),
    misconceptions=(
        Misconception(
            "statistics of a fresh norm",
            "A fresh norm has mean 0 and variance 1. This one has seen data: use what it stored.",
            _folds(
                lambda gamma, variance, eps: gamma / (1 + eps) ** 0.5,
                lambda s, bias, beta, mean: beta + s * bias,
            ),
        ),
        Misconception(
            "bias not scaled",
            "The bias of the convolution is divided and scaled as well.",
            _folds(_per_deviation, lambda s, bias, beta, mean: beta + bias - s * mean),
        ),
        Misconception(
            "mean not scaled",
            "The mean is subtracted before the norm divides and scales.",
            _folds(_per_deviation, lambda s, bias, beta, mean: beta - mean + s * bias),
        ),
        Misconception(
            "old bias lost",
            "The convolution had a bias of its own.",
            _folds(_per_deviation, lambda s, bias, beta, mean: beta - s * mean),
        ),
        Misconception(
            "mean lost",
            "The norm subtracts its stored mean; that moves the bias.",
            _folds(_per_deviation, lambda s, bias, beta, mean: beta + s * bias),
        ),
        Misconception(
            "divided by the variance",
            "A norm divides by the deviation, the root of variance plus eps.",
            _folds(lambda gamma, variance, eps: gamma / (variance + eps), _moved),
        ),
        Misconception(
            "eps forgotten",
            "The norm adds a small number to the variance before it takes the root.",
            _folds(lambda gamma, variance, eps: gamma * torch.rsqrt(variance), _moved),
        ),
        Misconception(
            "gamma forgotten",
            "After dividing, the norm multiplies by its learnt gamma.",
            _folds(lambda gamma, variance, eps: torch.rsqrt(variance + eps), _moved),
        ),
        Misconception(
            "eps outside the root",
            "The small number is added to the variance, inside the root.",
            _folds(lambda gamma, variance, eps: gamma / (variance.sqrt() + eps), _moved),
        ),
    ),
    insight="In evaluation a batch norm behind a convolution costs nothing.",
)

BATCH_OF_ONE = Choice(
    id="training.batch_of_one",
    title="A batch norm and a single image",
    options="abcd",
    reasons="1234",
    correct=("c", 2),
    hints=(
        "Over how many values is the mean of one channel taken?",
        "Which other norm takes its mean over exactly these values?",
    ),
    misconceptions=(
        Misconception(
            "images counted, places forgotten",
            "The norm counts values, not images. On which size of map would one image be one "
            "value?",
            "a",
        ),
        Misconception(
            "image taken for its own mean",
            "The mean is one number a channel; it is not subtracted place by place from itself.",
            "b",
        ),
        Misconception(
            "running statistics in training",
            "In training a batch norm uses the statistics of what it gets, however little it is.",
            "d",
        ),
        Misconception(
            "right result, from the running statistics",
            "The result is right. But the running statistics play no part in training.",
            ("c", 3),
        ),
    ),
    insight="It fails on maps of 1×1 alone, and there PyTorch refuses.",
)

# --- optimizers -----------------------------------------------------------------------------------

INVARIANCE = Proof(
    id="training.invariance",
    title="What weight decay does before a batch norm",
    needs={"A": "", "B": "A", "C": "B", "D": "B", "E": "CD"},
    superfluous="F",
    hints=(
        "Begin with what a norm does to scores that are all multiplied by a.",
        "Differentiate the same equation twice: once by w, once by a.",
        "The last step puts together how far a step turns w and what decay does to its length.",
    ),
    misconceptions=(
        Misconception(
            "decay thought to change the function",
            "This step says that smaller weights make a simpler function. Here they make the same.",
            "ABCDEF",
        ),
        Misconception(
            "derivative before the invariance",
            "What is differentiated is L(aw) = L(w): that has to be known first.",
            "ACBDE",
        ),
        Misconception(
            "conclusion first",
            "The conclusion needs the two properties of the gradient, so it comes last.",
            "EABCD",
        ),
        Misconception(
            "invariance without the norm",
            "Why may w be multiplied? That is what the norm is for, so the norm comes first.",
            "BACDE",
        ),
        Misconception(
            "gradient not shown to stand across",
            "That w and its gradient are orthogonal is used at the end: a step missing.",
            "ABCE",
        ),
    ),
    insight="Decay here is a schedule in disguise: shorter weights turn faster.",
)


def _adam_of_torch(
    theta: Tensor, gradients: Tensor, lr: float, beta1: float, beta2: float, eps: float
) -> Tensor:
    parameter = nn.Parameter(theta.clone())
    optimizer = torch.optim.Adam([parameter], lr, (beta1, beta2), eps)
    for g in gradients:
        parameter.grad = g.clone()
        optimizer.step()
    return parameter.detach()


def _adams(
    m_hat: Callable[[Tensor, float, int], Tensor] = lambda m, b, t: m / (1 - b**t),
    v_hat: Callable[[Tensor, float, int], Tensor] = lambda v, b, t: v / (1 - b**t),
    move: Callable[[Tensor, Tensor, float], Tensor] = lambda m, v, eps: m / (v**0.5 + eps),
    exchanged: bool = False,
) -> Callable[..., Tensor]:
    """Adam with other corrections, another division, or the two betas exchanged."""

    def adam(
        theta: Tensor, gradients: Tensor, lr: float, beta1: float, beta2: float, eps: float
    ) -> Tensor:
        b1, b2 = (beta2, beta1) if exchanged else (beta1, beta2)
        m = v = torch.zeros_like(theta)
        for t, g in enumerate(gradients, 1):
            m, v = torch.lerp(g, m, b1), torch.lerp(g**2, v, b2)
            theta = theta - lr * move(m_hat(m, b1, t), v_hat(v, b2, t), eps)
        return theta

    return adam


def _uncorrected(mean: Tensor, beta: float, t: int) -> Tensor:
    return mean


ADAM = Function(
    id="training.adam",
    title="Adam",
    signature="adam(theta, gradients, lr, beta1, beta2, eps)",
    oracle=_adam_of_torch,
    cases=lambda: [
        (whole(1), whole(1, 1), 0.5, 0.5, 0.75, 0.25),
        (whole(2), whole(2, 2), 0.5, 0.5, 0.75, 0.0),
        (whole(2), whole(3, 2), 0.1, 0.9, 0.999, 1e-8),
        (real(4), real(10, 4), 0.01, 0.9, 0.99, 0.1),
    ],
    hints=(
        "Keep two running means, of the gradients and of their squares, both from 0.",
        "After t gradients the weights of a running mean add up to 1 - beta^t.",
        "Divide both means by that number before you use them, with t from 1 on.",
    ),
    misconceptions=(
        Misconception(
            "no bias correction",
            "Both means start at 0 and are too small at first: divide by what their weights add up "
            "to.",
            _adams(_uncorrected, _uncorrected),
        ),
        Misconception(
            "only the first mean corrected",
            "The mean of the squares starts at 0, too.",
            _adams(v_hat=_uncorrected),
        ),
        Misconception(
            "only the second mean corrected",
            "The mean of the gradients starts at 0, too.",
            _adams(m_hat=_uncorrected),
        ),
        Misconception(
            "correction without the step",
            "The correction fades: its power is the number of the step.",
            _adams(lambda m, b, t: m / (1 - b), lambda v, b, t: v / (1 - b)),
        ),
        Misconception(
            "steps counted from 0",
            "With t = 0 the correction divides by 0. The first step is step 1.",
            _adams(lambda m, b, t: m / (1 - b ** (t - 1)), lambda v, b, t: v / (1 - b ** (t - 1))),
        ),
        Misconception(
            "eps inside the root",
            "Here eps is added to the root, not to the mean of the squares.",
            _adams(move=lambda m, v, eps: m / (v + eps) ** 0.5),
        ),
        Misconception(
            "root forgotten",
            "The step divides by the root of the mean of the squares.",
            _adams(move=lambda m, v, eps: m / (v + eps)),
        ),
        Misconception(
            "uphill",
            "Adam minimises: it steps against the gradient.",
            _adams(move=lambda m, v, eps: -m / (v**0.5 + eps)),
        ),
        Misconception(
            "betas exchanged",
            "The first beta belongs to the mean of the gradients.",
            _adams(exchanged=True),
        ),
    ),
    insight="Corrected, the first step is the rate times the sign of the gradient.",
)

DECAY = Number(
    id="training.decay",
    title="Weight decay inside Adam",
    value=0.01,
    tolerance=1e-5,
    hints=(
        "What is the gradient once the decay is added to it?",
        "What are the corrected means after a single gradient g?",
        "The step divides the one by the root of the other.",
    ),
    misconceptions=(
        Misconception(
            "decoupled decay",
            "That is AdamW. Here the decay goes through Adam's division like any gradient.",
            0.002,
        ),
        Misconception(
            "rate forgotten",
            "That is the gradient of the decay, not the step.",
            0.2,
        ),
        Misconception(
            "no gradient, no step",
            "The loss has no gradient here, but its penalty has.",
            0,
        ),
        Misconception(
            "weight forgotten",
            "That is rate times decay. What is decayed, and what does the division do to it?",
            0.001,
        ),
    ),
    insight="A weight of 0.02 would shrink just as far: this is no decay by a share.",
)

NOT_CLEARED = Number(
    id="training.not_cleared",
    title="Gradients that are not cleared",
    value=2,
    tolerance=1e-6,
    hints=(
        "`backward` adds to what is in `.grad`.",
        "What is in `.grad` before the first, the second, the third and the fourth step?",
    ),
    misconceptions=(
        Misconception(
            "gradient overwritten",
            "So it would be with cleared gradients. `backward` does not overwrite, it adds.",
            0.8,
        ),
        Misconception(
            "all four at once",
            "In the first step there is only one gradient: they come one by one.",
            3.2,
        ),
        Misconception(
            "one step only",
            "That is the first step.",
            0.2,
        ),
        Misconception(
            "direction for distance",
            "It does move down. How far it moves is asked for.",
            -2,
        ),
        Misconception(
            "rate forgotten",
            "Each step is the rate times what is in `.grad`.",
            20,
        ),
    ),
    insight="It acts like momentum 1: nothing that was ever seen is forgotten.",
)

# --- schedule -------------------------------------------------------------------------------------


def _schedule(
    rise: Callable[[int, int], float] = lambda step, warmup: (1 + step) / warmup,
    share: Callable[[int, int, int], float] = lambda step, steps, warmup: (
        (step - warmup) / (steps - warmup)
    ),
    fall: Callable[[float], float] = lambda done: math.cos(math.pi * done / 2) ** 2,
) -> Callable[[int, int, float, int], float]:
    """A warm-up, then a fall with the share of the way that is done."""
    return lambda step, steps, peak, warmup: (
        peak * (rise(step, warmup) if step < warmup else fall(share(step, steps, warmup)))
    )


SCHEDULE = Function(
    id="training.schedule",
    title="Warm-up and cosine",
    signature="rate(step, steps, peak, warmup)",
    oracle=learning_rate,
    cases=lambda: [
        (0, 4, 1.0, 0),
        (2, 4, 1.0, 0),
        (0, 8, 1.0, 4),
        *[(step, 8, 1.0, 4) for step in range(1, 8)],
        *[(step, 12, 0.3, 3) for step in (1, 2, 3, 11)],
        *[(integer(0, 19), 20, 0.5, integer(0, 9)) for _ in range(4)],
    ],
    hints=(
        "Two cases: is the step one of the warm-up?",
        "In the fall, which share of its steps has been done before this one?",
        "Half a cosine leads from 1 at no share to -1 at the whole: move and scale it to 1 and 0.",
    ),
    misconceptions=(
        Misconception(
            "first step lost",
            "The first step has the number 0: here its rate is 0, and nothing moves.",
            _schedule(rise=lambda step, warmup: step / warmup),
        ),
        Misconception(
            "warm-up stops below the peak",
            "The last step of the warm-up has the peak rate.",
            _schedule(rise=lambda step, warmup: (step + 1) / (warmup + 1)),
        ),
        Misconception(
            "cosine from step 0",
            "The fall begins when the warm-up is over, at the peak: its steps are counted from "
            "there.",
            _schedule(share=lambda step, steps, warmup: step / steps),
        ),
        Misconception(
            "cosine longer than the run",
            "The fall has the steps that the warm-up leaves, not all of them.",
            _schedule(share=lambda step, steps, warmup: (step - warmup) / steps),
        ),
        Misconception(
            "zero in the last step",
            "The last step still has a small rate; zero would be the rate of the step after it.",
            _schedule(
                share=lambda step, steps, warmup: (step - warmup) / max(steps - warmup - 1, 1)
            ),
        ),
        Misconception(
            "one step ahead",
            "Step `warmup` has the peak rate: nothing of the fall is done before it.",
            _schedule(share=lambda step, steps, warmup: (step - warmup + 1) / (steps - warmup)),
        ),
        Misconception(
            "whole cosine",
            "A whole cosine comes back to the peak: half of one is asked for.",
            _schedule(fall=lambda done: math.cos(math.pi * done) ** 2),
        ),
        Misconception(
            "quarter of a cosine",
            "Half a cosine leads from 1 to -1; a quarter, from 1 to 0, ends with its steepest "
            "slope.",
            _schedule(fall=lambda done: math.cos(math.pi * done / 2)),
        ),
        Misconception(
            "straight line",
            "The rate falls along a cosine: slowly at first and at the end.",
            _schedule(fall=lambda done: 1 - done),
        ),
        Misconception(
            "peak forgotten",
            "This is a share of the peak rate: multiply.",
            lambda step, steps, peak, warmup: learning_rate(step, steps, 1.0, warmup),
        ),
    ),
    insight="No step is spent on a rate of zero, neither the first nor the last.",
)

# --- regularization and augmentation --------------------------------------------------------------


def _gap(right: float, other: float) -> float:
    return math.log(right) - math.log(other)


SMOOTHING = Formula(
    id="training.smoothing",
    title="How far label smoothing lets scores go",
    signature="gap(K, eps)",
    oracle=lambda K, eps: _gap(1 + eps * (1 - K) / K, eps / K),
    cases=lambda: [
        (2, 0.5),
        (10, 0.1),
        (1000, 0.1),
        *[(integer(3, 50), integer(1, 9) / 10) for _ in range(4)],
    ],
    hints=(
        "The loss is least where the softmax is the smoothed target.",
        "Which two probabilities does the smoothed target have?",
        "The difference of two scores is the logarithm of the ratio of their probabilities.",
    ),
    misconceptions=(
        Misconception(
            "shared among the others",
            "In PyTorch all K classes share eps, the right one included.",
            lambda K, eps: _gap(1 - eps, eps / (K - 1)),
        ),
        Misconception(
            "share of the right class forgotten",
            "The right class gets its share of eps as well.",
            lambda K, eps: _gap(1 - eps, eps / K),
        ),
        Misconception(
            "no end",
            "Without smoothing the scores want to part for ever. With it, too far costs as well.",
            lambda K, eps: math.inf,
        ),
        Misconception(
            "logarithm to base ten",
            "The softmax has e for its base, so the logarithm is the natural one.",
            lambda K, eps: _gap(1 + eps * (1 - K) / K, eps / K) / math.log(10),
        ),
        Misconception(
            "one other class",
            "All of eps does not lie on one class.",
            lambda K, eps: _gap(1 - eps, eps),
        ),
        Misconception(
            "ratio without the logarithm",
            "This is the ratio of the probabilities. Scores differ by its logarithm.",
            lambda K, eps: (1 + eps * (1 - K) / K) / (eps / K),
        ),
        Misconception(
            "turned round",
            "The score of the right class is the larger one: the sign is wrong.",
            lambda K, eps: -_gap(1 + eps * (1 - K) / K, eps / K),
        ),
    ),
    insight="For ten classes and eps 0.1 the best gap is 4.5; a larger one costs loss again.",
)

DROPOUT = Formula(
    id="training.dropout",
    title="The variance behind a dropout",
    signature="variance(p, m, v)",
    oracle=lambda p, m, v: v + (v + m**2) * p / (1 - p),
    cases=lambda: [
        (0.5, 0, 1),
        (0.5, 1, 0),
        (0.25, 2, 3),
        *[(integer(1, 9) / 10, integer(-5, 5), integer(1, 9)) for _ in range(5)],
    ],
    hints=(
        "The variance is the second moment less the square of the mean.",
        "What is the mean behind the dropout, and what the second moment?",
        "A kept value is divided by 1 - p, so its square is divided by that twice.",
    ),
    misconceptions=(
        Misconception(
            "not scaled up",
            "That is dropout without the division: the values that stay are scaled by 1/(1 - p).",
            lambda p, m, v: (1 - p) * (v + m**2) - (1 - p) ** 2 * m**2,
        ),
        Misconception(
            "mean ignored",
            "A constant has no variance before a dropout, and a large one behind it.",
            lambda p, m, v: v / (1 - p),
        ),
        Misconception(
            "second moment",
            "That is the second moment; the square of the mean is to be subtracted.",
            lambda p, m, v: (v + m**2) / (1 - p),
        ),
        Misconception(
            "mean scaled as well",
            "The mean behind the dropout is m again: what is scaled up makes up for what is "
            "dropped.",
            lambda p, m, v: (v + m**2) / (1 - p) - (m / (1 - p)) ** 2,
        ),
        Misconception(
            "kept and dropped exchanged",
            "p is the probability of being dropped.",
            lambda p, m, v: (v + m**2) / p - m**2,
        ),
        Misconception(
            "variance kept",
            "The mean is kept by the scaling, the variance is not.",
            lambda p, m, v: v,
        ),
        Misconception(
            "scaled without dropping",
            "So it would be if every value were divided; a share p of them is 0 instead.",
            lambda p, m, v: v / (1 - p) ** 2,
        ),
    ),
    insight="A batch norm behind it stores this variance, and meets the other in evaluation.",
)

DIGITS = Choice(
    id="training.digits",
    title="Which augmentation harms digits?",
    options="abcd",
    reasons="1234",
    correct=("c", 2),
    hints=(
        "An augmentation says: so changed, an image still has its label.",
        "Turn the page by half a circle and read the ten digits again.",
    ),
    misconceptions=(
        Misconception(
            "position thought to matter",
            "A digit two pixels further to the right is the same digit.",
            "a",
        ),
        Misconception(
            "every turn feared",
            "People write with a slant: a few degrees are what test images show as well.",
            "b",
        ),
        Misconception(
            "size thought to matter",
            "A digit a tenth larger is the same digit.",
            "d",
        ),
        Misconception(
            "blur blamed",
            "All turns blur alike. What does a turn by half a circle do to the label?",
            ("c", 4),
        ),
        Misconception(
            "novelty blamed",
            "Images that never occur in the test may be harmless. What makes these wrong?",
            ("c", 3),
        ),
    ),
    insight="An augmentation is a claim about the labels, and here it is false.",
)

AVERAGED = Choice(
    id="training.averaged",
    title="An average of weights that falls short",
    options="abcd",
    reasons="1234",
    correct=("b", 2),
    hints=(
        "What does a batch norm use in evaluation beside its parameters?",
        "Is that in `model.parameters()`?",
    ),
    misconceptions=(
        Misconception(
            "decay blamed",
            "A larger decay averages over more steps. What does the copy still have from its start?",
            "a",
        ),
        Misconception(
            "evaluation mode blamed",
            "In training mode the result would depend on the batch: that hides what is missing.",
            "c",
        ),
        Misconception(
            "optimizer averaged",
            "The memory of the optimizer plays no part when a network is evaluated.",
            "d",
        ),
        Misconception(
            "average of weights blamed",
            "Averages of weights along one run are good networks as a rule. These norms are not "
            "those of the average.",
            ("b", 1),
        ),
        Misconception(
            "lag blamed",
            "The average lags, but not by the whole training. What never moved at all?",
            ("b", 3),
        ),
    ),
    insight="Average the buffers as well, or take the statistics anew with the averaged weights.",
)

# --- curves and pitfalls --------------------------------------------------------------------------

COMPANY = Choice(
    id="training.company",
    title="A score that depends on its company",
    options="abcd",
    reasons="1234",
    correct=("a", 1),
    hints=(
        "Which layer looks at more than one image at a time?",
        "In which mode does it do so?",
    ),
    misconceptions=(
        Misconception(
            "no_grad taken for eval",
            "`no_grad` saves memory and changes no score. Weights move in `step` alone.",
            "b",
        ),
        Misconception(
            "order blamed",
            "Whatever the order, an image keeps its label, and should keep its score.",
            "c",
        ),
        Misconception(
            "rounding blamed",
            "Rounding changes the seventh digit, not the first.",
            "d",
        ),
        Misconception(
            "moving weights blamed",
            "The cure is right, but nothing took a step here.",
            ("a", 2),
        ),
    ),
    insight="Test it: an image alone and the same image in a batch have to get the same score.",
)

NEVER_BACK = Choice(
    id="training.never_back",
    title="After the first validation",
    options="abcd",
    reasons="1234",
    correct=("b", 2),
    hints=(
        "Which mode is the network in when the second epoch begins?",
        "What does a batch norm do in that mode with the batch, and what with its statistics?",
    ),
    misconceptions=(
        Misconception(
            "eval taken for freezing",
            "`eval()` freezes nothing: parameters get gradients and move as before.",
            "a",
        ),
        Misconception(
            "eval taken for no_grad",
            "`eval()` does not switch gradients off; `no_grad()` does.",
            "c",
        ),
        Misconception(
            "validation thought to train",
            "Nothing takes a step in a validation.",
            "d",
        ),
        Misconception(
            "right effect, parameters blamed",
            "The effect is right. But parameters are not what stops.",
            ("b", 1),
        ),
    ),
    insight="Call `train()` at the beginning of each epoch, not before the first.",
)

ERROR_BAR = Number(
    id="training.error_bar",
    title="How sure is an accuracy of 99 %?",
    value=200 * math.sqrt(0.99 * 0.01 / 450),
    tolerance=0.003,
    unit="percent",
    hints=(
        "The number of right answers among n is binomial.",
        "What is the standard deviation of a share p that is measured on n images?",
        "Two of them are asked for, in percentage points.",
    ),
    misconceptions=(
        Misconception(
            "one standard error",
            "That is one standard error; two are asked for.",
            100 * math.sqrt(0.99 * 0.01 / 450),
        ),
        Misconception(
            "worst case",
            "That is for an accuracy of 50 %, where it scatters most.",
            200 * math.sqrt(0.25 / 450),
        ),
        Misconception(
            "number of images forgotten",
            "That is the scatter of a single image. A mean of n scatters less.",
            200 * math.sqrt(0.99 * 0.01),
        ),
        Misconception(
            "variance instead of deviation",
            "That is twice the variance: take its root first.",
            200 * 0.99 * 0.01 / 450,
        ),
        Misconception(
            "divided by n instead of its root",
            "A mean of n scatters less by the root of n, not by n.",
            200 * math.sqrt(0.99 * 0.01) / 450,
        ),
    ),
    insight="On 450 images a gain of 0.4 points, from one run, says nothing.",
)

PICKED = Choice(
    id="training.picked",
    title="The best of fifty epochs",
    options="abcd",
    reasons="1234",
    correct=("b", 2),
    hints=(
        "Suppose the true accuracy is the same in all fifty epochs: what do the numbers look like?",
        "Which of these numbers was reported?",
    ),
    misconceptions=(
        Misconception(
            "no gradient, no harm",
            "No gradient came from the test images, but a choice did: that is enough.",
            "a",
        ),
        Misconception(
            "too low",
            "The best of several noisy numbers lies on one side of what they scatter about.",
            "c",
        ),
        Misconception(
            "seed blamed",
            "Other seeds scatter as well. But this number is off in one direction for each of them.",
            "d",
        ),
        Misconception(
            "right verdict, overfitting blamed",
            "The verdict is right, and it holds even if no epoch overfits.",
            ("b", 3),
        ),
    ),
    insight="Choose the epoch on validation images, then look at the test images once.",
)

# --- several devices ------------------------------------------------------------------------------


def _combined(weights: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Sequence[int]], Tensor]:
    """Add up the gradients with weights made of the sizes."""

    def combine(gradients: Tensor, sizes: Sequence[int]) -> Tensor:
        share = weights(torch.tensor(sizes, dtype=gradients.dtype))
        return share @ gradients

    return combine


SHARDS = Function(
    id="training.shards",
    title="One gradient from several devices",
    signature="combine(gradients, sizes)",
    oracle=_combined(lambda n: n / n.sum()),
    cases=lambda: [
        (whole(2, 1), [1, 1]),
        (whole(2, 2), [7, 3]),
        (whole(3, 2), [2, 2, 1]),
        (real(4, 5), [integer(1, 9) for _ in range(4)]),
    ],
    hints=(
        "Which sum did each device divide by its number of images?",
        "Undo the divisions, add up, and divide by the number of all images.",
    ),
    misconceptions=(
        Misconception(
            "gradients summed over replicas",
            "With a sum, k devices take steps k times as large.",
            _combined(torch.ones_like),
        ),
        Misconception(
            "mean of unequal means",
            "Images of a small shard count too much in a mean of means.",
            _combined(lambda n: torch.ones_like(n) / len(n)),
        ),
        Misconception(
            "sum over all images",
            "That is the gradient of the summed loss. Divide by the number of images.",
            _combined(lambda n: n),
        ),
        Misconception(
            "divided by the number of devices",
            "The sum over all images is divided by their number, not by that of the devices.",
            _combined(lambda n: n / len(n)),
        ),
        Misconception(
            "largest shard only",
            "Every device has seen images of its own: all gradients count.",
            lambda gradients, sizes: gradients[max(range(len(sizes)), key=sizes.__getitem__)],
        ),
    ),
    insight="Equal shards make it the plain mean, which is what data-parallel training takes.",
)

WORKERS = Choice(
    id="training.workers",
    title="Four workers and one generator",
    options="abcd",
    reasons="1234",
    correct=("b", 2),
    hints=(
        "What does a worker process have of the dataset when it starts?",
        "PyTorch gives each worker a seed for the global generators. Which generator draws here?",
    ),
    misconceptions=(
        Misconception(
            "workers thought to be seeded",
            "PyTorch seeds the global generators of each worker; it does not know this one.",
            "a",
        ),
        Misconception(
            "one generator thought to be shared",
            "Processes share no objects: a draw in one worker moves nothing in another.",
            "c",
        ),
        Misconception(
            "number of images blamed",
            "However many images there are, the generators start from the same state.",
            "d",
        ),
        Misconception(
            "right effect, seed blamed",
            "A generator without a seed would be copied just the same.",
            ("b", 4),
        ),
    ),
    insight="Draw from torch's generator, or seed your own in `worker_init_fn`.",
)

EXERCISES = (
    LOG_SUM_EXP,
    SOFTMAX_TWICE,
    HE,
    DEFAULT_START,
    NORM_AXES,
    GROUP_NORM,
    RUNNING,
    FOLD,
    BATCH_OF_ONE,
    INVARIANCE,
    ADAM,
    DECAY,
    NOT_CLEARED,
    SCHEDULE,
    SMOOTHING,
    DROPOUT,
    DIGITS,
    AVERAGED,
    COMPANY,
    NEVER_BACK,
    ERROR_BAR,
    PICKED,
    SHARDS,
    WORKERS,
)
