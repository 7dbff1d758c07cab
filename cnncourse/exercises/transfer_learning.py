"""Exercises of chapter 14: what a network has learnt elsewhere, and how to use it here."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.grading.kinds import (
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

NUMBER = 14
TITLE = "Transfer learning"

# --- heads and probes -----------------------------------------------------------------------------

NEW_HEAD = Number(
    id="transfer_learning.new_head",
    title="A new head",
    value=805,
    hints=(
        "What does the pooling leave of a map: how many numbers for each image?",
        "A linear layer has a weight for every pair of feature and class, and a bias for a class.",
    ),
    misconceptions=(
        Misconception(
            "map flattened",
            "The pooling has taken the mean over all places: one number a channel is left.",
            39205,
        ),
        Misconception(
            "bias forgotten",
            "Each class has a bias as well.",
            800,
        ),
        Misconception(
            "old classes kept",
            "The new task has five classes.",
            161000,
        ),
        Misconception(
            "bias for every feature",
            "A bias belongs to a class, not to a feature.",
            960,
        ),
    ),
    insight="The head of 1,000 classes had 161,000: most of what is replaced is not needed.",
)

TRAINABLE = Number(
    id="transfer_learning.trainable",
    title="What still trains",
    value=4869,
    hints=(
        "Go through the layers behind the first batch norm.",
        "A convolution has a kernel for each output channel, and a bias for it.",
        "Of a batch norm an optimiser changes the scale and the shift.",
    ),
    misconceptions=(
        Misconception(
            "running statistics counted",
            "They move, but by averaging: an optimiser does not see them.",
            4933,
        ),
        Misconception(
            "norm forgotten",
            "The second batch norm is not frozen, and has a scale and a shift for each channel.",
            4805,
        ),
        Misconception(
            "head alone",
            "Frozen is only what comes up to the first batch norm.",
            165,
        ),
        Misconception(
            "nothing frozen",
            "That is the whole network.",
            5349,
        ),
        Misconception(
            "frozen ones counted",
            "Those are the numbers that stay.",
            480,
        ),
    ),
    insight="Late layers have most of the numbers: freezing early ones saves few of them.",
)

CONVEX = Proof(
    id="transfer_learning.convex",
    title="A probe has no bad minimum",
    needs={"A": "", "B": "A", "C": "B", "D": "", "E": "CD", "F": "E"},
    superfluous="G",
    hints=(
        "First show that the loss is convex in the scores; the weights come after that.",
        "Convexity is a matter of second derivatives, and those of log-sum-exp are a variance.",
        "Inserting something linear into a convex function keeps it convex.",
    ),
    misconceptions=(
        Misconception(
            "trunk thought linear",
            "The trunk is not linear in its weights, and not trained: nothing is said of it.",
            "ABCDGEF",
        ),
        Misconception(
            "variance before the Hessian",
            "The variance is found by looking at the second derivatives. Which are they?",
            "BACDEF",
        ),
        Misconception(
            "inserted before it is known to be convex",
            "The step that inserts the scores uses that the loss is convex in them.",
            "ADEBCF",
        ),
        Misconception(
            "linearity left out",
            "Why may one pass from scores to weights? That step is missing.",
            "ABCEF",
        ),
    ),
    insight="It ends where the features begin to move: fine-tuning is not convex.",
)

CACHED = Choice(
    id="transfer_learning.cached",
    title="Features computed once",
    options="abcd",
    reasons="1234",
    correct=("b", 1),
    hints=(
        "What else than its weights do a network's features of an image depend on?",
        "Think of batch norm and dropout in training mode, and of what is done to images before.",
    ),
    misconceptions=(
        Misconception(
            "weights thought to be all",
            "In training mode an image's features depend on its batch, whatever the weights do.",
            "a",
        ),
        Misconception(
            "first epoch only",
            "If the features are the same once, what should change them later?",
            "c",
        ),
        Misconception(
            "never thought possible",
            "The head's gradient needs the features alone, and they are there.",
            "d",
        ),
        Misconception(
            "condition right, weights given as reason",
            "The weights are fixed in every one of these cases. What do the two conditions add?",
            ("b", 2),
        ),
    ),
    insight="Then a hundred epochs of the head cost one pass through the trunk.",
)

KEY = Choice(
    id="transfer_learning.key",
    title="A cache that does not notice",
    options="abcd",
    reasons="1234",
    correct=("b", 1),
    hints=(
        "Write down the name of the file before and after the training.",
        "Does anything that the training changed occur in that name?",
    ),
    misconceptions=(
        Misconception(
            "thought to notice",
            "It looks for a file of this name. Which part of the name has changed?",
            "a",
        ),
        Misconception(
            "error expected",
            "A tensor of the right shape is read from the file. Nothing can be seen from that.",
            "c",
        ),
        Misconception(
            "mixture expected",
            "The file holds the features of all images, and is read as a whole.",
            "d",
        ),
        Misconception(
            "images blamed",
            "The images are the same, and so is their fingerprint: that is not what is missing.",
            ("b", 2),
        ),
    ),
    insight="A key has to contain all that the value depends on.",
)


def _standardised(train: Tensor, test: Tensor, by: Tensor, unbiased: bool = False):
    mean, std = by.mean(0), by.std(0, unbiased=unbiased)
    return (train - mean) / std, (test - mean) / std


def _by_own(train: Tensor, test: Tensor):
    return _standardised(train, test, train)[0], _standardised(train, test, test)[1]


STANDARDISED = Function(
    id="transfer_learning.standardised",
    title="Standardised without a leak",
    signature="standardised(train, test)",
    oracle=lambda train, test: _standardised(train, test, train),
    cases=lambda: [
        (
            torch.tensor([[1.0], [3.0]]).double(),
            torch.tensor([[4.0], [6.0]]).double(),
        ),
        (whole(3, 2) + torch.tensor([[0.0], [7.0], [20.0]]), whole(2, 2)),
        (3 * real(6, 4) + 1, 5 * real(5, 4) - 2),
    ],
    hints=(
        "Which images may the preparation know of?",
        "One mean and one deviation for each feature, both from the training images.",
    ),
    misconceptions=(
        Misconception(
            "each set by itself",
            "Then the same image gets other features in training than in the test.",
            _by_own,
        ),
        Misconception(
            "test images used",
            "The mean over all images knows of the test: that is a leak.",
            lambda train, test: _standardised(train, test, torch.cat([train, test])),
        ),
        Misconception(
            "one mean for all features",
            "Each feature has a scale of its own: take mean and deviation over the images only.",
            lambda train, test: (
                (train - train.mean()) / train.std(unbiased=False),
                (test - train.mean()) / train.std(unbiased=False),
            ),
        ),
        Misconception(
            "divided by the variance",
            "A deviation is the root of the variance.",
            lambda train, test: (
                (train - train.mean(0)) / train.var(0, unbiased=False),
                (test - train.mean(0)) / train.var(0, unbiased=False),
            ),
        ),
        Misconception(
            "one image less",
            "The prompt divides by the number of images, without subtracting 1.",
            lambda train, test: _standardised(train, test, train, True),
        ),
    ),
    insight="The test images get another mean than 0, and that is right.",
)

# --- freezing -------------------------------------------------------------------------------------

MEMORY = Number(
    id="transfer_learning.memory",
    title="What freezing saves in memory",
    value=92,
    unit="MB",
    hints=(
        "For what does the backward pass of a convolution need its input?",
        "The gradient by a frozen weight is not asked for.",
    ),
    misconceptions=(
        Misconception(
            "kept instead of saved",
            "That is what is still kept. How much less is it?",
            18,
        ),
        Misconception(
            "input of the first trained layer dropped",
            "The fourth convolution trains: the gradient by its weights needs its input.",
            104,
        ),
        Misconception(
            "last frozen input kept",
            "The third convolution is frozen, and nothing before it trains: its input is not used.",
            72,
        ),
        Misconception(
            "nothing thought to be kept",
            "Two layers train, and each of them needs its input.",
            110,
        ),
    ),
    insight="Activations are largest early, where one freezes: that is why it saves so much.",
)


def _work(macs: list, trains: list, passes) -> int:
    return sum(
        m * (t + passes(trains, i)) for i, (m, t) in enumerate(zip(macs, trains, strict=True))
    )


WORK = Function(
    id="transfer_learning.work",
    title="What freezing saves in the backward pass",
    signature="backward_work(macs, trains)",
    oracle=lambda macs, trains: _work(macs, trains, lambda t, i: int(any(t[:i]))),
    cases=lambda: [
        ([3], [1]),
        ([2, 5], [1, 1]),
        ([4, 3, 7], [0, 1, 1]),
        ([4, 3, 7], [1, 0, 0]),
        ([integer(1, 99) for _ in range(6)], [0, 1, 0, 1, 1, 0]),
        ([5, 6], [0, 0]),
    ],
    hints=(
        "Two questions for each layer: does its weight train, and does anything before it train?",
        "The gradient by a layer's input is needed only to reach a trained layer before it.",
        "A frozen layer behind a trained one passes the gradient on.",
    ),
    misconceptions=(
        Misconception(
            "nothing thought to be saved",
            "Without a trained layer before it, a frozen layer has nothing to do.",
            lambda macs, trains: 2 * sum(macs),
        ),
        Misconception(
            "frozen layers skipped",
            "A frozen layer behind a trained one passes the gradient on: that costs, too.",
            lambda macs, trains: sum(
                m * t * (1 + any(trains[:i]))
                for i, (m, t) in enumerate(zip(macs, trains, strict=True))
            ),
        ),
        Misconception(
            "both gradients for whatever trains",
            "The first trained layer needs no gradient by its input; a frozen one behind it does.",
            lambda macs, trains: sum(2 * m * t for m, t in zip(macs, trains, strict=True)),
        ),
        Misconception(
            "input gradient of the first trained layer",
            "Nothing before the first trained layer wants to hear of the gradient.",
            lambda macs, trains: _work(macs, trains, lambda t, i: int(any(t[: i + 1]))),
        ),
        Misconception(
            "weight gradients alone",
            "How does the gradient get from the loss to an early layer?",
            lambda macs, trains: _work(macs, trains, lambda t, i: 0),
        ),
    ),
    insight="Freezing from the input onwards saves both parts, freezing in the middle only one.",
)

DRIFT = Formula(
    id="transfer_learning.drift",
    title="Frozen, and yet it moves",
    signature="moved(old, new, m, t)",
    oracle=lambda old, new, m, t: (new - old) * (1 - (1 - m) ** t),
    cases=lambda: [
        (2, 6, 0.5, 1),
        (2, 6, 0.5, 2),
        *[(integer(-9, 0), integer(1, 9), integer(1, 9) / 10, integer(2, 6)) for _ in range(3)],
    ],
    hints=(
        "Does averaging need a gradient?",
        "What is left of the distance to `new` after one batch, and after two?",
    ),
    misconceptions=(
        Misconception(
            "thought to be frozen",
            "No gradient is needed for a running mean: it moves in every forward pass.",
            lambda old, new, m, t: 0 * old,
        ),
        Misconception(
            "place instead of way",
            "That is where it is. How far has it moved?",
            lambda old, new, m, t: new + (old - new) * (1 - m) ** t,
        ),
        Misconception(
            "momentum turned round",
            "In PyTorch the momentum is the share of the new value.",
            lambda old, new, m, t: (new - old) * (1 - m**t),
        ),
        Misconception(
            "equal steps",
            "Each batch closes the same share of what is left, not of the whole.",
            lambda old, new, m, t: (new - old) * m * t,
        ),
        Misconception(
            "rest instead of way",
            "That is the distance that is still left.",
            lambda old, new, m, t: (new - old) * (1 - m) ** t,
        ),
    ),
    insight="After 30 batches with m = 0.1, 96 % of the old statistics are gone.",
)

MODES = Choice(
    id="transfer_learning.modes",
    title="A trunk that was put into evaluation mode once",
    options="abcd",
    reasons="1234",
    correct=("b", 2),
    hints=(
        "In which mode is the trunk after `model.train()`?",
        "Which parts of a network change in a forward pass, without any gradient?",
    ),
    misconceptions=(
        Misconception(
            "weights suspected",
            "An optimiser passes over a parameter without a gradient, and over its decay.",
            "a",
        ),
        Misconception(
            "dropout suspected",
            "Dropout does nothing in evaluation mode, and leaves nothing behind.",
            "c",
        ),
        Misconception(
            "rounding suspected",
            "The same numbers in the same order give the same result.",
            "d",
        ),
        Misconception(
            "evaluation thought to end by itself",
            "It lasts until somebody calls `train`. Who did?",
            ("b", 3),
        ),
        Misconception(
            "statistics thought to be learnt by gradients",
            "They are averages of what passes through. No gradient takes part.",
            ("b", 4),
        ),
    ),
    insight="No gradient, evaluation mode, the optimiser's list: no switch sets another.",
)


def _filled(norm: nn.Module, mean: list[float], var: list[float]) -> nn.Module:
    for buffer, values in ((norm.running_mean, mean), (norm.running_var, var)):
        buffer.copy_(torch.tensor(values))
    return norm


class _FrozenNorm(nn.BatchNorm2d):
    """Scale and shift train; mean and variance are what they were, in both modes."""

    def __init__(self, mean: list[float], var: list[float], affine: bool = True) -> None:
        super().__init__(len(mean), affine=affine)
        _filled(self, mean, var)

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias)


class _ByDeviation(_FrozenNorm):
    divisor = staticmethod(lambda var: var + 1e-5)

    def forward(self, x: Tensor) -> Tensor:
        shape = (1, -1, 1, 1)
        x = (x - self.running_mean.view(shape)) / self.divisor(self.running_var).view(shape)
        return x * self.weight.view(shape) + self.bias.view(shape)


class _EpsOutside(_ByDeviation):
    divisor = staticmethod(lambda var: var.sqrt() + 1e-5)


class _LearntStatistics(_ByDeviation):
    divisor = staticmethod(lambda var: (var + 1e-5).sqrt())

    def __init__(self, mean: list[float], var: list[float]) -> None:
        super().__init__(mean, var)
        for name in ("running_mean", "running_var"):
            statistic = getattr(self, name)
            delattr(self, name)
            setattr(self, name, nn.Parameter(statistic))


FROZEN_NORM = Module(
    id="transfer_learning.frozen_norm",
    title="A batch norm with fixed statistics",
    signature="FrozenNorm(mean, var)",
    oracle=_FrozenNorm,
    cases=lambda: [
        (([1.0, -2.0], [4.0, 0.01]), real(3, 2, 2, 2)),
        ((real(4).tolist(), real(4).square().tolist()), 2 * real(2, 4, 3, 1) + 1),
    ],
    hints=(
        "What does a batch norm use in evaluation mode? Use that in both modes.",
        "Scale and shift are parameters; mean and variance are not, but move with the module.",
        "`register_buffer` keeps a tensor that is no parameter.",
    ),
    misconceptions=(
        Misconception(
            "batch statistics in training",
            "In training mode this uses the batch's own mean and variance.",
            lambda mean, var: _filled(nn.BatchNorm2d(len(mean)), mean, var),
        ),
        Misconception(
            "momentum set to zero",
            "The running statistics stay, but in training mode they are not what is used.",
            lambda mean, var: _filled(nn.BatchNorm2d(len(mean), momentum=0.0), mean, var),
        ),
        Misconception(
            "variance taken for a deviation",
            "`var` is a variance: divide by its root.",
            _ByDeviation,
        ),
        Misconception(
            "eps outside the root",
            "`eps` is added to the variance, before the root.",
            _EpsOutside,
        ),
        Misconception(
            "statistics made parameters",
            "An optimiser would change them: a tensor that does not train is a buffer.",
            _LearntStatistics,
        ),
        Misconception(
            "scale and shift left out",
            "What is learnt of a batch norm is a scale and a shift for each channel.",
            lambda mean, var: _FrozenNorm(mean, var, affine=False),
        ),
    ),
    insight="One affine map for each channel: it could be folded into the convolution before it.",
)

OPTIMIZER = Choice(
    id="transfer_learning.optimizer",
    title="A head that does not learn",
    options="abcd",
    reasons="1234",
    correct=("b", 1),
    hints=(
        "When did the optimiser get its list of parameters?",
        "Is the new head's weight on that list?",
    ),
    misconceptions=(
        Misconception(
            "rate blamed",
            "A small rate makes the loss fall slowly. Here the head's weights do not change a bit.",
            "a",
        ),
        Misconception(
            "gradient thought missing",
            "A new layer's parameters ask for gradients, and get them. Who uses them?",
            "c",
        ),
        Misconception(
            "trunk blamed",
            "A head can learn on a frozen trunk: that is a probe.",
            "d",
        ),
        Misconception(
            "list thought to be renewed",
            "Were the parameters asked for again at each step, the new head would learn.",
            ("b", 3),
        ),
    ),
    insight="Replace first, freeze second, build the optimiser last.",
)

# --- the head and the trunk -----------------------------------------------------------------------


def _by_autograd(weight: Tensor, f: Tensor, target: int) -> Tensor:
    with torch.enable_grad():
        x = f.detach().clone().requires_grad_()
        loss = F.cross_entropy((weight.detach() @ x)[None], torch.tensor([target]))
        return torch.autograd.grad(loss, x)[0]


def _residual(weight: Tensor, f: Tensor, target: int) -> Tensor:
    return (weight @ f).softmax(0) - F.one_hot(torch.tensor(target), len(weight))


FEATURE_GRADIENT = Function(
    id="transfer_learning.feature_gradient",
    title="What a head tells the trunk",
    signature="feature_gradient(weight, f, target)",
    oracle=_by_autograd,
    cases=lambda: [
        (torch.tensor([[1.0], [0.0]]).double(), torch.tensor([0.0]).double(), 0),
        (torch.zeros(2, 3).double(), whole(3), 1),
        (whole(2, 3), whole(3) / 10, 1),
        (real(5, 4), real(4), 3),
    ],
    forbidden=("grad", "backward", "vjp", "jacrev", "jacobian"),
    hints=(
        "The gradient of the cross-entropy by the scores is known from backpropagation.",
        "The scores are linear in the features: back through them goes the transposed weight.",
    ),
    misconceptions=(
        Misconception(
            "target forgotten",
            "By the scores the gradient is the probabilities minus 1 at the right class.",
            lambda weight, f, target: weight.T @ (weight @ f).softmax(0),
        ),
        Misconception(
            "sign turned round",
            "That is the direction of descent. The gradient is its opposite.",
            lambda weight, f, target: -weight.T @ _residual(weight, f, target),
        ),
        Misconception(
            "gradient of the head",
            "That is the gradient by the weight. Asked for is the one by the features.",
            lambda weight, f, target: torch.outer(_residual(weight, f, target), f),
        ),
        Misconception(
            "right class alone",
            "All classes pull, each by its probability.",
            lambda weight, f, target: weight[target] * _residual(weight, f, target)[target],
        ),
        Misconception(
            "scores taken for probabilities",
            "Between scores and probabilities there is a softmax.",
            lambda weight, f, target: (
                weight.T @ (weight @ f - F.one_hot(torch.tensor(target), len(weight)))
            ),
        ),
    ),
    insight="The trunk hears everything through the head's weight: from a random one, noise.",
)

NOISE = Formula(
    id="transfer_learning.noise",
    title="How loud a random head is",
    signature="squared(K, n, variance)",
    oracle=lambda K, n, variance: n * variance * (K - 1) / K,
    cases=lambda: [
        (2, 1, 1),
        (2, 3, 4),
        *[(integer(2, 20), integer(2, 99), integer(2, 9)) for _ in range(3)],
    ],
    hints=(
        "One entry of the gradient is a sum over classes of weight times residual.",
        "Weights are independent with mean 0: squares add up, mixed terms vanish.",
        "The squared residuals: one class has 1/K - 1, all others have 1/K.",
    ),
    misconceptions=(
        Misconception(
            "right class alone",
            "The other classes have residuals of 1/K each, and there are K - 1 of them.",
            lambda K, n, variance: n * variance * ((K - 1) / K) ** 2,
        ),
        Misconception(
            "one entry",
            "That is the mean square of one entry. The gradient has as many as there are features.",
            lambda K, n, variance: variance * (K - 1) / K,
        ),
        Misconception(
            "probabilities without the target",
            "The residual is the probability minus 1 at the right class.",
            lambda K, n, variance: n * variance / K,
        ),
        Misconception(
            "variance taken for a deviation",
            "`variance` is a mean square already.",
            lambda K, n, variance: n * variance**2 * (K - 1) / K,
        ),
        Misconception(
            "residual taken for 1",
            "The residuals' squares sum to less than 1.",
            lambda K, n, variance: n * variance,
        ),
    ),
    insight="PyTorch's start, variance 1/(3n), gives (1 - 1/K)/3: loud, and it knows nothing.",
)

ZERO_HEAD = Choice(
    id="transfer_learning.zero_head",
    title="A head that starts at zero",
    options="abcd",
    reasons="1234",
    correct=("b", 1),
    hints=(
        "Write down both gradients: by the features, and by the head's weight.",
        "Which of the two contains the head's weight as a factor?",
    ),
    misconceptions=(
        Misconception(
            "zero thought to stay zero",
            "All scores are equal, but not right: the residual is not 0, and the features are not.",
            "a",
        ),
        Misconception(
            "trunk thought to move alone",
            "What reaches the trunk is multiplied by the head's weight. What is that here?",
            "c",
        ),
        Misconception(
            "trunk thought to move as well",
            "What reaches the trunk is multiplied by the head's weight. What is that here?"
            " Only from the second step on it is something.",
            "d",
        ),
        Misconception(
            "symmetry suspected",
            "Equal starts trouble hidden units. The rows of a head have different targets.",
            ("b", 3),
        ),
    ),
    insight="The cheapest form of probing first: one step of it.",
)

# --- rates, thawing, pulling back -----------------------------------------------------------------

RATE = Formula(
    id="transfer_learning.rate",
    title="The rate of a block",
    signature="rate(lr, decay, block, blocks)",
    oracle=lambda lr, decay, block, blocks: lr * decay ** (blocks - block),
    cases=lambda: [
        (1, 0.5, 3, 3),
        (1, 0.5, 1, 3),
        *[(integer(1, 9), integer(1, 9) / 10, integer(1, 4), integer(5, 8)) for _ in range(3)],
    ],
    hints=(
        "What is the rate of the last block? And of the one before it?",
        "How many blocks lie between this one and the last?",
    ),
    misconceptions=(
        Misconception(
            "counted from the input",
            "The blocks near the input are to learn slowly, and the last at the full rate.",
            lambda lr, decay, block, blocks: lr * decay**block,
        ),
        Misconception(
            "last block slowed down",
            "The last block learns at `lr`, without any decay.",
            lambda lr, decay, block, blocks: lr * decay ** (blocks - block + 1),
        ),
        Misconception(
            "first block at the full rate",
            "That slows down the end of the network. What is close to the pictures is to stay.",
            lambda lr, decay, block, blocks: lr * decay ** (block - 1),
        ),
        Misconception(
            "multiplied once",
            "Every block is slower than the next one by the factor `decay`: it is a power.",
            lambda lr, decay, block, blocks: lr * decay * (blocks - block),
        ),
        Misconception(
            "divided",
            "With a decay below 1, dividing by it makes early blocks faster.",
            lambda lr, decay, block, blocks: lr / decay ** (blocks - block),
        ),
    ),
    insight="With 0.5 and 17 blocks, the first learns 65,536 times as slowly as the last.",
)

THAWED = Function(
    id="transfer_learning.thawed",
    title="Gradual unfreezing",
    signature="thawed(epoch, every, blocks)",
    oracle=lambda epoch, every, blocks: sum(1 for block in range(blocks) if epoch >= block * every),
    cases=lambda: [
        (0, 1, 3),
        (1, 1, 3),
        (0, 2, 5),
        (3, 2, 5),
        (4, 2, 5),
        (9, 2, 3),
        *[(integer(0, 20), integer(1, 5), integer(1, 6)) for _ in range(4)],
    ],
    hints=(
        "How many blocks train in epoch 0?",
        "After how many epochs does one more begin, and after how many the next?",
        "There are no more blocks than there are.",
    ),
    misconceptions=(
        Misconception(
            "head frozen at first",
            "In epoch 0 the head trains already; otherwise nothing would.",
            lambda epoch, every, blocks: min(blocks, epoch // every),
        ),
        Misconception(
            "more blocks than there are",
            "Once all blocks train, their number stays.",
            lambda epoch, every, blocks: 1 + epoch // every,
        ),
        Misconception(
            "rounded up",
            "A block is thawed when its epochs are full, not when they begin.",
            lambda epoch, every, blocks: min(blocks, 1 + -(-epoch // every)),
        ),
        Misconception(
            "epochs counted from one",
            "The first epoch is number 0: every epoch later is too late.",
            lambda epoch, every, blocks: min(blocks, 1 + max(epoch - 1, 0) // every),
        ),
        Misconception(
            "frozen again",
            "What was thawed goes on training.",
            lambda epoch, every, blocks: 1,
        ),
    ),
    insight="A rate that is 0 until its time: the same prior as rates by depth, as a schedule.",
)

PULL = Function(
    id="transfer_learning.pull",
    title="A gradient that remembers the start",
    signature="penalised(gradient, weight, start, alpha)",
    oracle=lambda gradient, weight, start, alpha: torch.add(gradient, weight - start, alpha=alpha),
    cases=lambda: [
        (
            torch.tensor([1.0]).double(),
            torch.tensor([5.0]).double(),
            torch.tensor([3.0]).double(),
            0.5,
        ),
        (whole(2, 3), whole(2, 3), whole(2, 3), 0.25),
        (real(4), real(4), real(4), 2.0),
    ],
    hints=(
        "Differentiate half of alpha times the squared distance by one weight.",
        "At the start the penalty has no gradient; far from it, it points away from it.",
    ),
    misconceptions=(
        Misconception(
            "pulled to zero",
            "That is weight decay. The distance is measured from the start.",
            lambda gradient, weight, start, alpha: gradient + alpha * weight,
        ),
        Misconception(
            "pushed away",
            "Against this gradient one would move away from the start.",
            lambda gradient, weight, start, alpha: gradient - alpha * (weight - start),
        ),
        Misconception(
            "half forgotten",
            "The 2 of the square cancels against the one half.",
            lambda gradient, weight, start, alpha: gradient + 2 * alpha * (weight - start),
        ),
        Misconception(
            "loss forgotten",
            "That is the penalty's part. The gradient of the loss is there as well.",
            lambda gradient, weight, start, alpha: alpha * (weight - start),
        ),
    ),
    insight="Weight decay would forget the source even where the target says nothing.",
)

REST = Formula(
    id="transfer_learning.rest",
    title="Between two tasks",
    signature="rest(h, t, s, alpha)",
    oracle=lambda h, t, s, alpha: (h * t + alpha * s) / (h + alpha),
    cases=lambda: [
        (1, 4, 2, 1),
        (3, 4, 8, 1),
        *[(integer(1, 9), integer(-9, -1), integer(1, 9), integer(10, 20)) for _ in range(3)],
    ],
    hints=(
        "Set the derivative of both parts together to 0.",
        "The result is a mean of target and start. With which weights?",
    ),
    misconceptions=(
        Misconception(
            "pulled to zero",
            "That is where weight decay comes to rest: the start does not occur.",
            lambda h, t, s, alpha: h * t / (h + alpha),
        ),
        Misconception(
            "weights exchanged",
            "A stronger pull ends nearer to the start.",
            lambda h, t, s, alpha: (h * s + alpha * t) / (h + alpha),
        ),
        Misconception(
            "half-way",
            "That holds only if curvature and pull are equally strong.",
            lambda h, t, s, alpha: (t + s) / 2,
        ),
        Misconception(
            "not divided",
            "The weights of a mean sum to 1.",
            lambda h, t, s, alpha: h * t + alpha * s,
        ),
    ),
    insight="Where the target's loss is flat (h small), the weight stays where the source put it.",
)

# --- what goes in ---------------------------------------------------------------------------------


def _normalised(x: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Normalise (3, H, W), channel by channel."""
    return torch.stack([(x[c] - mean[c]) / std[c] for c in range(3)])


def _planes(image: Tensor, order: tuple[int, ...] = (2, 1, 0)) -> Tensor:
    return torch.stack([image[..., c].double() for c in order])


PREPARED = Function(
    id="transfer_learning.prepared",
    title="A picture as the trunk knows pictures",
    signature="prepared(image, mean, std)",
    oracle=lambda image, mean, std: _normalised(_planes(image) / 255, mean, std),
    cases=lambda: [
        (
            torch.tensor([[[0, 51, 255]]], dtype=torch.uint8),
            torch.tensor([0.5, 0.4, 0.3]).double(),
            torch.tensor([0.5, 0.25, 0.2]).double(),
        ),
        (
            torch.randint(0, 256, (2, 3, 3), dtype=torch.uint8),
            torch.tensor([0.485, 0.456, 0.406]).double(),
            torch.tensor([0.229, 0.224, 0.225]).double(),
        ),
    ],
    hints=(
        "Four things: the order of the colours, the order of the axes, the range, the mean.",
        "Colours lie in the last axis of the picture, and in the first of the result.",
        "The range comes before the mean, as `mean` and `std` are meant for values up to 1.",
    ),
    misconceptions=(
        Misconception(
            "colours left as they lie",
            "The picture has blue first; the trunk has learnt red first.",
            lambda image, mean, std: _normalised(_planes(image, (0, 1, 2)) / 255, mean, std),
        ),
        Misconception(
            "range left as it is",
            "`mean` and `std` are meant for values from 0 to 1.",
            lambda image, mean, std: _normalised(_planes(image), mean, std),
        ),
        Misconception(
            "range after the mean",
            "Scaled first, then normalised.",
            lambda image, mean, std: _normalised(_planes(image), mean, std) / 255,
        ),
        Misconception(
            "mean and deviation left out",
            "The trunk was trained on normalised pictures.",
            lambda image, mean, std: _planes(image) / 255,
        ),
        Misconception(
            "normalised twice",
            "Once is enough: the second time shifts and scales what is normal already.",
            lambda image, mean, std: _normalised(
                _normalised(_planes(image) / 255, mean, std), mean, std
            ),
        ),
        Misconception(
            "deviation forgotten",
            "After the mean is subtracted, each colour is divided by its deviation.",
            lambda image, mean, std: _normalised(_planes(image) / 255, mean, torch.ones(3)),
        ),
        Misconception(
            "height and width exchanged",
            "The picture lies on its side: colours first, then height, then width.",
            lambda image, mean, std: _normalised(_planes(image) / 255, mean, std).transpose(1, 2),
        ),
    ),
    insight="None of these mistakes raises an error; each of them only costs accuracy.",
)

GREY = Function(
    id="transfer_learning.grey",
    title="One channel for a network that knows three",
    signature="grey_kernels(weight)",
    oracle=lambda weight: torch.einsum("ochw->ohw", weight)[:, None],
    cases=lambda: [
        (torch.tensor([1.0, 2.0, 4.0]).double().view(1, 3, 1, 1),),
        (whole(2, 3, 1, 2),),
        (real(4, 3, 3, 3),),
    ],
    hints=(
        "Write the response to a picture whose three channels are the same.",
        "The picture can be taken out of the sum over the channels. What is left?",
    ),
    misconceptions=(
        Misconception(
            "kernels averaged",
            "The three channels add up in a convolution: a mean is a third of that.",
            lambda weight: weight.mean(1, keepdim=True),
        ),
        Misconception(
            "red alone",
            "All three kernels see the picture.",
            lambda weight: weight[:, :1].clone(),
        ),
        Misconception(
            "weighted like brightness",
            "Those weights turn colours into grey. Here the picture is grey in all channels.",
            lambda weight: torch.einsum(
                "ochw,c->ohw", weight, torch.tensor([0.299, 0.587, 0.114]).to(weight)
            )[:, None],
        ),
        Misconception(
            "channel axis lost",
            "A kernel has four axes: the one of the input's channels stays, with size 1.",
            lambda weight: weight.sum(1),
        ),
    ),
    insight="Exact, at every place, borders with zeros included; and two thirds of the work saved.",
)

# --- what was gained ------------------------------------------------------------------------------

CONTROL = Choice(
    id="transfer_learning.control",
    title="What did pretraining add?",
    options="abcd",
    reasons="1234",
    correct=("c", 2),
    hints=(
        "Which row of the table differs from the first by the pretraining alone?",
        "A network with random weights has the same layers, pooling included.",
    ),
    misconceptions=(
        Misconception(
            "compared with chance",
            "Chance tells whether features are of use, not where they come from.",
            "a",
        ),
        Misconception(
            "compared with another method",
            "Training from scratch differs in more than the start: all its layers learn.",
            "b",
        ),
        Misconception(
            "generalised",
            "One pair of tasks says nothing about other pairs.",
            "d",
        ),
        Misconception(
            "few examples blamed",
            "With the same few examples the random trunk does better. It is not their number.",
            ("c", 3),
        ),
    ),
    insight="The control that is left out most often: the same network, untrained.",
)

STRATEGY = Choice(
    id="transfer_learning.strategy",
    title="Which one for twenty pictures of a class?",
    options="abcd",
    reasons="1234",
    correct=("b", 3),
    hints=(
        "Which row of the table is your case?",
        "By how many of its errors does the best differ from the second?",
    ),
    misconceptions=(
        Misconception(
            "rule for few data applied",
            "With two pictures the probe is ahead. How many do you have?",
            "a",
        ),
        Misconception(
            "scratch preferred",
            "Look at its column: it is behind in every row.",
            "c",
        ),
        Misconception(
            "decision put off",
            "The difference is 17 points, and the errors are 2: that is not by chance.",
            "d",
        ),
        Misconception(
            "mean over the rows",
            "The rows are different cases, and you have one of them.",
            ("b", 1),
        ),
        Misconception(
            "number of weights",
            "By that reason it would be ahead in the first row as well.",
            ("b", 2),
        ),
    ),
    insight="Where the curves cross depends on the task: measure near your own size.",
)

EXERCISES = (
    NEW_HEAD,
    TRAINABLE,
    CONVEX,
    CACHED,
    KEY,
    STANDARDISED,
    MEMORY,
    WORK,
    DRIFT,
    MODES,
    FROZEN_NORM,
    OPTIMIZER,
    FEATURE_GRADIENT,
    NOISE,
    ZERO_HEAD,
    RATE,
    THAWED,
    PULL,
    REST,
    PREPARED,
    GREY,
    CONTROL,
    STRATEGY,
)
