"""Exercises of chapter 18: what a test can show, what to choose, and the whole book."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from cnncourse.grading.kinds import Choice, Formula, Function, Misconception, Number, integer

NUMBER = 18
TITLE = "Choosing a model"

# --- deciding -------------------------------------------------------------------------------------


def _undominated(costs: Tensor, scores: Tensor) -> Tensor:
    """Compare every network with every other one."""
    n = len(costs)

    def beats(i: int, j: int) -> bool:
        as_good = costs[i] <= costs[j] and scores[i] >= scores[j]
        return bool(as_good and (costs[i] < costs[j] or scores[i] > scores[j]))

    return torch.tensor([not any(beats(i, j) for i in range(n)) for j in range(n)])


def _compared(costs: Tensor, scores: Tensor) -> tuple[Tensor, ...]:
    """Return cheaper, as cheap or cheaper, better, as good or better, and not itself."""
    c, s = costs[:, None], scores[:, None]
    return c < costs, c <= costs, s > scores, s >= scores, ~torch.eye(len(costs)).bool()


PARETO = Function(
    id="choosing_a_model.pareto",
    title="The Pareto front",
    signature="on_front(costs, scores)",
    oracle=_undominated,
    cases=lambda: [
        (torch.tensor([1.0, 2.0, 3.0]), torch.tensor([5.0, 4.0, 6.0])),
        (torch.tensor([2.0, 1.0, 3.0, 4.0]), torch.tensor([3.0, 3.0, 5.0, 5.0])),
        (torch.tensor([2.0, 2.0, 1.0]), torch.tensor([6.0, 6.0, 1.0])),
        (torch.tensor([3.0, 3.0]), torch.tensor([1.0, 2.0])),
        (torch.tensor([4.0, 1.0, 3.0, 2.0, 5.0]), torch.tensor([7.0, 2.0, 8.0, 1.0, 9.0])),
        (torch.randint(1, 9, (12,)).float(), torch.randint(1, 9, (12,)).float()),
    ],
    hints=(
        "When is there no reason at all to take a network?",
        "Another one is nowhere worse and somewhere better.",
        "Compare each with all: `costs[:, None] <= costs` is a table of pairs.",
    ),
    misconceptions=(
        Misconception(
            "beaten only if worse in both",
            "Equal in one and worse in the other is beaten as well.",
            lambda costs, scores: ~((t := _compared(costs, scores))[0] & t[2]).any(0),
        ),
        Misconception(
            "equals beat one another",
            "Two networks that are equal in both do not beat each other: both stay.",
            lambda costs, scores: ~((t := _compared(costs, scores))[1] & t[3] & t[4]).any(0),
        ),
        Misconception(
            "dear taken for good",
            "A cost is better when it is lower.",
            lambda costs, scores: _undominated(-costs, scores),
        ),
        Misconception(
            "both to be low",
            "A score is better when it is higher.",
            lambda costs, scores: _undominated(costs, -scores),
        ),
        Misconception(
            "best score only",
            "That is one end of the front. Cheaper networks may be worth their lower score.",
            lambda costs, scores: scores == scores.max(),
        ),
        Misconception(
            "turned round",
            "These are the networks that are beaten.",
            lambda costs, scores: ~_undominated(costs, scores),
        ),
    ),
    insight="A network off the front needs a reason that is not in the table.",
)

TIE = Number(
    id="choosing_a_model.tie",
    title="Eight pictures",
    value=8 / math.sqrt(20),
    tolerance=0.012,  # 1.8 is right, too
    hints=(
        "On how many pictures do they differ? Only these can tell.",
        "If they were equally good, each of the 20 would be a fair coin.",
        "The difference of heads and tails of 20 coins has the standard deviation √20.",
    ),
    misconceptions=(
        Misconception(
            "pictures taken as independent",
            "Both were tested on the same pictures. Where both are right, nothing is learnt.",
            0.02 / math.sqrt(0.95 * 0.05 / 400 + 0.93 * 0.07 / 400),
        ),
        Misconception(
            "one side only",
            "14 is the first network's part. The difference is 14 - 6.",
            14 / math.sqrt(20),
        ),
        Misconception(
            "square of it",
            "That is McNemar's statistic, the square of the number asked for.",
            3.2,
        ),
        Misconception(
            "corrected for continuity",
            "That is McNemar's test with the correction for continuity, which takes one off the 8. "
            "Asked is how far the 8 itself lies from zero.",
            7 / math.sqrt(20),
        ),
        Misconception(
            "wrong size of the deviation",
            "14 heads of 20 deviate by 4 from the mean, but the *difference* 14 - 6 has the "
            "deviation √20, not √20 / 2.",
            8 / math.sqrt(5),
        ),
        Misconception(
            "all pictures in the deviation",
            "The pictures on which they agree are no coins: they add nothing.",
            8 / math.sqrt(400),
        ),
    ),
    insight="Two points of accuracy, and less than two standard deviations: no winner.",
)

WINNER = Choice(
    id="choosing_a_model.winner",
    title="Which one?",
    options="abc",
    reasons="1234",
    correct=("b", 4),
    hints=(
        "How many standard deviations apart are the two?",
        "If the test cannot tell them apart, what is left to decide?",
    ),
    misconceptions=(
        Misconception(
            "tie called a win",
            "The last exercise: eight of twenty pictures are within what coins do.",
            "a",
        ),
        Misconception(
            "equality thought to be proved",
            "A test that sees no difference has not shown that there is none.",
            "c",
        ),
        Misconception(
            "multiply-accumulates taken for time",
            "The choice is right. But what was measured, and what was only counted?",
            ("b", 1),
        ),
    ),
    insight="Among ties the cheapest, and the sentence that says it was a tie.",
)

CURSE = Formula(
    id="choosing_a_model.curse",
    title="The best of many",
    signature="most(a, n, k)",
    oracle=lambda a, n, k: math.sqrt(-2 * math.log(1 / k) * (a - a * a) / n),
    cases=lambda: [
        (0.95, 400, 10),
        (0.8, 50_000, 100),
        *[(integer(50, 99) / 100, 100 + 7 * i, 2 + 3 * i) for i in range(5)],
    ],
    hints=(
        "What is the variance of one measured accuracy?",
        "The bound is the standard deviation times a root that grows slowly with k.",
    ),
    misconceptions=(
        Misconception(
            "variance instead of deviation",
            "The bound is a number of standard deviations: a root is missing.",
            lambda a, n, k: a * (1 - a) / n * math.sqrt(2 * math.log(k)),
        ),
        Misconception(
            "logarithm to base ten",
            "The bound has the natural logarithm.",
            lambda a, n, k: math.sqrt(2 * math.log10(k) * a * (1 - a) / n),
        ),
        Misconception(
            "two forgotten",
            "The bound is that of 2 ln k under the root.",
            lambda a, n, k: math.sqrt(math.log(k) * a * (1 - a) / n),
        ),
        Misconception(
            "difference of two networks",
            "That is the deviation of a difference. Here each network is measured by itself.",
            lambda a, n, k: 2 * math.sqrt(math.log(k) * a * (1 - a) / n),
        ),
        Misconception(
            "root of the number of candidates",
            "The best of k grows far more slowly than the root of k.",
            lambda a, n, k: math.sqrt(k * a * (1 - a) / n),
        ),
        Misconception(
            "a single picture",
            "The accuracy is a mean of n pictures: its variance is smaller n times.",
            lambda a, n, k: math.sqrt(2 * math.log(k) * a * (1 - a)),
        ),
    ),
    insight="From ten candidates to a thousand it grows by less than a factor of two.",
)


def _within(costs: Tensor, scores: Tensor, budget: float, margin: float) -> int:
    """Go through the networks by their cost."""
    rows = sorted(zip(costs.tolist(), scores.tolist(), range(len(costs)), strict=True))
    affordable = [row for row in rows if row[0] <= budget]
    best = max(score for _, score, _ in affordable)
    return next(place for _, score, place in affordable if score >= best - margin)


def _masked(costs: Tensor, allowed: Tensor) -> int:
    return int(torch.where(allowed, costs, torch.inf).argmin())


def _tied(scores: Tensor, margin: float) -> Tensor:
    return scores >= scores.max() - margin


CHEAPEST = Function(
    id="choosing_a_model.cheapest",
    title="The cheapest among ties",
    signature="choose(costs, scores, budget, margin)",
    oracle=_within,
    cases=lambda: [
        (torch.tensor([1.0, 2.0, 3.0]), torch.tensor([70.0, 80.0, 81.5]), 5.0, 2.0),
        (torch.tensor([4.0, 3.0, 2.0, 9.0]), torch.tensor([78.0, 76.0, 70.0, 90.0]), 5.0, 2.0),
        (torch.tensor([5.0, 1.0, 4.0]), torch.tensor([63.0, 58.0, 61.0]), 5.0, 0.0),
        (torch.tensor([3.0, 6.0, 1.0, 5.0]), torch.tensor([71.0, 95.0, 50.0, 75.0]), 5.0, 5.0),
        (
            1 + torch.randperm(12).double(),
            50 + 3 * torch.randperm(12).double() + 0.5,
            9.0,
            7.0,
        ),
    ],
    hints=(
        "Who is over the budget is no candidate, and sets no standard either.",
        "Find the best score within the budget, then all scores that are at most the margin below.",
        "Of these the least cost. Return its place.",
    ),
    misconceptions=(
        Misconception(
            "best taken beyond the budget",
            "The best network is looked for among those that are within the budget.",
            lambda c, s, b, m: _masked(c, _tied(s, m) & (c <= b)),
        ),
        Misconception(
            "most accurate taken",
            "Among ties, the cheapest is asked for.",
            lambda c, s, b, m: int(torch.where(c <= b, s, -torch.inf).argmax()),
        ),
        Misconception(
            "cheapest of all",
            "Only networks that are tied with the best count.",
            lambda c, s, b, m: int(c.argmin()),
        ),
        Misconception(
            "budget forgotten",
            "Networks above the budget are out.",
            lambda c, s, b, m: _masked(c, _tied(s, m)),
        ),
        Misconception(
            "dearest among ties",
            "That is the dearest of them.",
            lambda c, s, b, m: int(
                torch.where((c <= b) & (s >= s[c <= b].max() - m), c, -torch.inf).argmax()
            ),
        ),
        Misconception(
            "cost returned",
            "That is its cost. Return its place in the list.",
            lambda c, s, b, m: c[_within(c, s, b, m)],
        ),
    ),
    insight="What the margin may lose is the margin, and what choosing loses anyway.",
)

RECIPE = Choice(
    id="choosing_a_model.recipe",
    title="Newer is better",
    options="abcd",
    reasons="123",
    correct=("d", 1),
    hints=(
        "What differs between the two besides the architecture?",
        "How much did the same ResNet-50 gain from another recipe?",
    ),
    misconceptions=(
        Misconception(
            "all credit to attention",
            "ResNet-50 with the new recipe is within a quarter of a point of it.",
            "a",
        ),
        Misconception(
            "all credit to size",
            "Size may matter. This comparison cannot say so: two things changed.",
            "b",
        ),
        Misconception(
            "chance blamed",
            "On 50,000 pictures five points are far beyond chance.",
            "c",
        ),
    ),
    insight="An architecture is compared at equal recipe, or not at all.",
)

PRODUCTION = Choice(
    id="choosing_a_model.production",
    title="A CNN or a ViT?",
    options="abcd",
    reasons="1234",
    correct=("c", 2),
    hints=(
        "Which of the reasons is a measurement of this task?",
        "What does the test set say about the two, and what does the clock say?",
    ),
    misconceptions=(
        Misconception(
            "chosen by name",
            "Both fit. What do the measurements say?",
            "a",
        ),
        Misconception(
            "little data taken as final",
            "Both were pretrained, so the two thousand pictures do not decide alone.",
            "b",
        ),
        Misconception(
            "no decision",
            "A tie in accuracy is no tie in time.",
            "d",
        ),
    ),
    insight="The lists give candidates. Measurements choose.",
)

# --- the whole book -------------------------------------------------------------------------------

SHARING = Choice(
    id="choosing_a_model.sharing",
    title="What does sharing assume?",
    options="abcd",
    reasons="123",
    correct=("a", 3),
    hints=(
        "Which inputs are treated alike by shared weights?",
        "Locality is the other assumption: which weights does it take out?",
    ),
    misconceptions=(
        Misconception(
            "locality",
            "That limits the window. A dense kernel over the whole picture can be shared, too.",
            "b",
        ),
        Misconception(
            "invariance",
            "The output of a convolution moves along; it does not stay.",
            "c",
        ),
        Misconception(
            "independent pixels",
            "Neighbouring pixels depend on one another a great deal; sharing does not deny it.",
            "d",
        ),
    ),
    insight="Equivariance and sharing are one statement, read from two sides.",
)

POOLED = Choice(
    id="choosing_a_model.pooled",
    title="Shifted by one pixel",
    options="abcd",
    reasons="123",
    correct=("c", 2),
    hints=(
        "Where does the maximum of a 2x2 window go when everything moves by one pixel?",
        "Invariance, equivariance: which of them has a stride of 2 for odd shifts?",
    ),
    misconceptions=(
        Misconception(
            "pooling taken for invariant",
            "The maximum leaves its window half of the time.",
            "a",
        ),
        Misconception(
            "pooling taken for equivariant",
            "With a stride of 2, only even shifts move the output along.",
            "b",
        ),
        Misconception(
            "nothing thought to stay",
            "About half of the outputs stay: it depends on where the maxima lie.",
            "d",
        ),
    ),
    insight="A little invariance here, bought with equivariance there.",
)

EVEN_SHIFTS = Choice(
    id="choosing_a_model.even_shifts",
    title="What a stride of 2 loses",
    options="abc",
    reasons="1234",
    correct=("b", 1),
    hints=(
        "How many numbers go in, how many come out?",
        "Losing equivariance and losing information are two things.",
    ),
    misconceptions=(
        Misconception(
            "loss taken for a law",
            "With enough channels, nothing need be lost: count the numbers.",
            "a",
        ),
        Misconception(
            "more channels thought to restore the shifts",
            "Channels can hold the pixels. They do not make odd shifts move the map along.",
            "c",
        ),
    ),
    insight="A space-to-depth layer has stride 2 and is a bijection.",
)

SHORTCUT = Choice(
    id="choosing_a_model.shortcut",
    title="What did the residual solve?",
    options="abcd",
    reasons="1234",
    correct=("c", 3),
    hints=(
        "Which error was larger in the deeper plain network?",
        "Did its gradients vanish, with batch norm?",
    ),
    misconceptions=(
        Misconception(
            "vanishing gradients",
            "With batch norm the plain gradients did not vanish, and training failed all the same.",
            "a",
        ),
        Misconception(
            "overfitting",
            "It was the training error that was larger.",
            "b",
        ),
        Misconception(
            "too few parameters",
            "A shortcut adds no parameters.",
            "d",
        ),
        Misconception(
            "a guarantee read into the 1",
            "F(x) = -x takes the gradient away, with the 1 in place.",
            ("c", 1),
        ),
    ),
    insight="A claim about training error, tested where gradients are healthy.",
)

COVARIATE = Choice(
    id="choosing_a_model.covariate",
    title="How to test a because",
    options="abcd",
    reasons="123",
    correct=("d", 2),
    hints=(
        "The claim names a cause. What would have to happen if the cause came back?",
        "Two things happening together do not say which of them is the cause.",
    ),
    misconceptions=(
        Misconception(
            "effect repeated",
            "That shows that batch norm helps, which nobody doubts.",
            "a",
        ),
        Misconception(
            "moments measured",
            "Batch norm fixes the moments by construction. Is that why training improves?",
            "b",
        ),
        Misconception(
            "authority",
            "The paper states the hypothesis. What tests it?",
            "c",
        ),
    ),
    insight="Vary the suspected cause alone, and see whether the effect follows.",
)

SPLIT = Choice(
    id="choosing_a_model.split",
    title="Eight times cheaper",
    options="abcd",
    reasons="123",
    correct=("b", 3),
    hints=(
        "What do the two factors of a separable layer fix?",
        "And does the clock follow the count?",
    ),
    misconceptions=(
        Misconception(
            "nothing given up",
            "Most dense layers are not separable: their kernels are no multiples of one another.",
            "a",
        ),
        Misconception(
            "channels thought not to mix",
            "The 1x1 layer mixes them.",
            "c",
        ),
        Misconception(
            "smaller field",
            "The depthwise part has the whole window.",
            "d",
        ),
    ),
    insight="The answer to a cost question has two parts: what it saves, what it takes away.",
)

ADJOINT = Choice(
    id="choosing_a_model.adjoint",
    title="Up again",
    options="abc",
    reasons="123",
    correct=("b", 1),
    hints=(
        "Which matrix is the transposed convolution, compared with the convolution?",
        "When is the transpose of a matrix its inverse?",
    ),
    misconceptions=(
        Misconception(
            "inverse",
            "Then a convolution could lose nothing. Take a kernel of zeros.",
            "a",
        ),
        Misconception(
            "size never restored",
            "With the remainder as output padding the size comes back, always.",
            "c",
        ),
    ),
    insight="The name is literal: the matrix is transposed.",
)

FIELD = Choice(
    id="choosing_a_model.field",
    title="Does the unit see the defect?",
    options="abc",
    reasons="1234",
    correct=("c", 2),
    hints=(
        "What does a field of 435 pixels promise?",
        "Possible is one thing, used another. How would you find out?",
    ),
    misconceptions=(
        Misconception(
            "field taken for use",
            "Every pixel of the field can matter. Most of them hardly do, before training.",
            "a",
        ),
        Misconception(
            "start taken for the end",
            "The blot in the middle is that of random weights. Training can widen it.",
            "b",
        ),
    ),
    insight="The field excludes. What is used has to be measured, after training.",
)

DENSE = Choice(
    id="choosing_a_model.dense",
    title="Dense on pixels",
    options="abc",
    reasons="123",
    correct=("b", 2),
    hints=(
        "How many pairs of an input and an output are there?",
        "Which two assumptions lead from a dense layer to a convolution?",
    ),
    misconceptions=(
        Misconception(
            "pixels counted once",
            "The *pixels* grow by 4. A dense layer has a weight for each pair of input and output.",
            "a",
        ),
        Misconception(
            "resolution thought to cost nothing",
            "That is true of a convolution, whose weights do not depend on the size.",
            "c",
        ),
        Misconception(
            "invariance assumed",
            "Sharing makes the output move along. It stays only after a mean over all places.",
            ("b", 3),
        ),
    ),
    insight="From pairs of places to offsets, from all offsets to near ones.",
)

COUNT = Choice(
    id="choosing_a_model.count",
    title="Which number?",
    options="abcd",
    reasons="123",
    correct=("b", 1),
    hints=(
        "How many pairs of an input and an output channel are there? Nine weights for each.",
        "What has a bias: a place, an input channel, or an output channel?",
    ),
    misconceptions=(
        Misconception(
            "biases forgotten",
            "These are the weights. Which biases come on top?",
            "a",
        ),
        Misconception(
            "biases of the inputs",
            "A bias belongs to an output channel: there are 128.",
            "c",
        ),
        Misconception(
            "work counted",
            "Those are multiply-accumulates: a weight works at 3,136 places, and is one number.",
            "d",
        ),
    ),
    insight="The size of the map is in the work, not in the parameters.",
)

BORDER = Choice(
    id="choosing_a_model.border",
    title="What the padding tells",
    options="abc",
    reasons="123",
    correct=("c", 1),
    hints=(
        "Which outputs of the *first* layer see anything else than the others?",
        "How much further inwards does each layer carry it?",
    ),
    misconceptions=(
        Misconception(
            "one layer thought to be enough",
            "A kernel of 3 × 3 carries the border one pixel inwards. Four of them?",
            "a",
        ),
        Misconception(
            "padding forgotten",
            "Shared weights see zeros at the border, and picture inside. That is a difference.",
            "b",
        ),
    ),
    insight="A frame as wide as the reach of all layers, and no further.",
)

BACKWARD = Choice(
    id="choosing_a_model.backward",
    title="Forwards and backwards",
    options="abc",
    reasons="123",
    correct=("b", 1),
    hints=(
        "y = w·x. Which derivatives are asked for, and what does each cost?",
        "A weight, and the input of the layer: both get one.",
    ),
    misconceptions=(
        Misconception(
            "one derivative forgotten",
            "The derivative by the weights takes F, and so does that by the inputs.",
            "a",
        ),
        Misconception(
            "whole step counted",
            "Forwards and backwards together take 3F.",
            "c",
        ),
    ),
    insight="Three forward passes a step, less one derivative: that of the picture.",
)

SPEED = Choice(
    id="choosing_a_model.speed",
    title="Ten times fewer products",
    options="abcd",
    reasons="123",
    correct=("b", 2),
    hints=(
        "How many products does a depthwise layer do for each number it moves?",
        "Which operations of a network are not in the count at all?",
    ),
    misconceptions=(
        Misconception(
            "count doubted",
            "The count is right. What does it say about the time of one product?",
            "a",
        ),
        Misconception(
            "parameters blamed",
            "It has a fifth of the parameters.",
            "c",
        ),
        Misconception(
            "clock blamed",
            "Both were timed in turns, each call right after the same call, untimed.",
            "d",
        ),
    ),
    insight="A count is an amount of work; the pace belongs to the shape and to the machine.",
)

HEAT = Choice(
    id="choosing_a_model.heat",
    title="A convincing picture",
    options="abc",
    reasons="123",
    correct=("b", 1),
    hints=(
        "What did the second map have to say about a network that knows nothing?",
        "What is left of a map that does not depend on the network?",
    ),
    misconceptions=(
        Misconception(
            "plausible taken for true",
            "An edge detector lies on the dog as well. Does the map depend on the network?",
            "a",
        ),
        Misconception(
            "control ignored",
            "The map was the same without training. What has it then to do with it?",
            "c",
        ),
    ),
    insight="A control that a map has to pass, and not the last one: then a planted truth.",
)

TURNS = Choice(
    id="choosing_a_model.turns",
    title="Quarter turns on a grid",
    options="abc",
    reasons="123",
    correct=("a", 1),
    hints=(
        "Where does each pixel go under a quarter turn?",
        "Is there anything to interpolate?",
    ),
    misconceptions=(
        Misconception(
            "continuum demanded",
            "A quarter turn sends pixels to pixels. Nothing is interpolated.",
            "b",
        ),
        Misconception(
            "invariance",
            "That is so after a mean over places and group. The maps before it move.",
            "c",
        ),
    ),
    insight="Exact for the symmetries of the grid; a stride needs the right remainder.",
)

FOLDED = Choice(
    id="choosing_a_model.folded",
    title="Take the norm away",
    options="abcd",
    reasons="123",
    correct=("b", 1),
    hints=(
        "What is a batch norm in evaluation mode?",
        "Norm, then padding, then convolution: which numbers are not shifted?",
    ),
    misconceptions=(
        Misconception(
            "border forgotten",
            "The zeros come after the norm, which does not shift them. A folded bias would.",
            "a",
        ),
        Misconception(
            "modes mixed up",
            "That is training mode. In use the statistics are fixed numbers.",
            "c",
        ),
        Misconception(
            "sides exchanged",
            "Behind a convolution there is no padding in between.",
            "d",
        ),
    ),
    insight="Pad with the value that the norm sends to 0, and the one in front folds exactly, too.",
)

EXERCISES = (
    PARETO,
    TIE,
    WINNER,
    CURSE,
    CHEAPEST,
    RECIPE,
    PRODUCTION,
    DENSE,
    SHARING,
    POOLED,
    SHORTCUT,
    COUNT,
    EVEN_SHIFTS,
    BORDER,
    FIELD,
    BACKWARD,
    ADJOINT,
    COVARIATE,
    SPEED,
    SPLIT,
    HEAT,
    TURNS,
    FOLDED,
)
