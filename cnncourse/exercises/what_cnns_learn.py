"""Exercises of chapter 13: what counted for an answer, and how would we know?"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.explain import linear_cka
from cnncourse.grading.kinds import (
    Choice,
    Formula,
    Function,
    Misconception,
    Number,
    Proof,
    integer,
    real,
    whole,
)

NUMBER = 13
TITLE = "What CNNs learn"

# --- gradients ------------------------------------------------------------------------------------


def _by_probability(scores: Tensor, gradients: Tensor, target: int) -> Tensor:
    """Differentiate a softmax of scores that are linear in a vector, by autograd."""
    with torch.enable_grad():
        x = torch.zeros(gradients.shape[1], dtype=gradients.dtype, requires_grad=True)
        p = (scores.detach() + gradients.detach() @ x).softmax(0)[target]
        return torch.autograd.grad(p, x)[0]


PROBABILITY = Function(
    id="what_cnns_learn.probability",
    title="The gradient of a probability",
    signature="probability_gradient(scores, gradients, target)",
    oracle=_by_probability,
    cases=lambda: [
        (torch.zeros(2).double(), torch.tensor([[1.0], [0.0]]).double(), 0),
        (torch.zeros(2).double(), whole(2, 3), 1),
        (torch.tensor([4.0, 0.0, 1.0]).double(), whole(3, 2), 0),
        (real(5), real(5, 4), 3),
    ],
    forbidden=("grad", "backward", "vjp", "jacrev", "jacobian"),
    hints=(
        "The logarithm of a probability is a score minus log-sum-exp of all scores.",
        "The derivative of log-sum-exp by score k is the probability of class k.",
        "The derivative of p is p times the derivative of log p.",
    ),
    misconceptions=(
        Misconception(
            "the score's own gradient",
            "That explains the score. The probability also falls when other scores rise.",
            lambda scores, gradients, target: gradients[target].clone(),
        ),
        Misconception(
            "the other classes left out",
            "p(1 - p) is the derivative by the own score. The other scores depend on x, too.",
            lambda scores, gradients, target: (
                (p := scores.softmax(0)[target]) * (1 - p) * gradients[target]
            ),
        ),
        Misconception(
            "logarithm of the probability",
            "That is the gradient of log p. How is that of p obtained from it?",
            lambda scores, gradients, target: gradients[target] - scores.softmax(0) @ gradients,
        ),
        Misconception(
            "plain mean over the classes",
            "Each class pulls with the weight of its probability, not with equal weight.",
            lambda scores, gradients, target: (
                scores.softmax(0)[target] * (gradients[target] - gradients.mean(0))
            ),
        ),
    ),
    insight="A network that is sure has almost no gradient of its probability.",
)

COMMON = Choice(
    id="what_cnns_learn.common",
    title="The same answers, other maps",
    options="abcd",
    reasons="1234",
    correct=("b", 2),
    hints=(
        "Write the softmax with h(x) added to every score. What cancels?",
        "A probability is a function of differences of scores; a single score is not.",
    ),
    misconceptions=(
        Misconception(
            "nothing thought to change",
            "The score of the class is s + h. What is its gradient?",
            "a",
        ),
        Misconception(
            "probabilities thought to change",
            "exp(s + h) is exp(h) times exp(s), for every class, and the softmax is a quotient.",
            "c",
        ),
        Misconception(
            "wrong way round",
            "Which of the two contains h: the score or the quotient?",
            "d",
        ),
        Misconception(
            "training blamed",
            "The effect is right. It needs no training: it is there for every h.",
            ("b", 3),
        ),
    ),
    insight="A map of a score is not determined by what the classifier answers.",
)

# --- integrated gradients -------------------------------------------------------------------------

INTEGRATED = Number(
    id="what_cnns_learn.integrated",
    title="Integrated gradients through one ReLU",
    value=1.5,
    hints=(
        "On the way from (0, 0) to (3, 1) the sum of the inputs grows in proportion to t. When is "
        "it above 2?",
        "While the unit is inactive, the gradient is 0; then it is 1.",
        "The first input's value is its change times the share of the way with gradient 1.",
    ),
    misconceptions=(
        Misconception(
            "gradient times input",
            "That takes the gradient at the end for the gradient of the whole way.",
            3,
        ),
        Misconception(
            "equal shares",
            "Both inputs share the score, but not equally: the first one moves three times as far.",
            1,
        ),
        Misconception(
            "score handed out whole",
            "2 is the sum over both inputs. The first one gets its share of it.",
            2,
        ),
        Misconception(
            "change forgotten",
            "That is the mean gradient. It is multiplied by how far the input moved.",
            0.5,
        ),
    ),
    insight="3/2 and 1/2 sum to the score 2: completeness.",
)

BASELINE_SUM = Formula(
    id="what_cnns_learn.baseline_sum",
    title="What the map sums to",
    signature="total(score, score_at_baseline)",
    oracle=lambda score, score_at_baseline: score - score_at_baseline,
    cases=lambda: [(5, 0), (5, 2), (integer(1, 99), integer(-99, 99))],
    hints=(
        "Integrate the derivative of the score along the way.",
        "The baseline has a score, too, since the network has biases.",
    ),
    misconceptions=(
        Misconception(
            "zero baseline assumed to answer zero",
            "An empty picture has a score as well: the biases see to it.",
            lambda score, score_at_baseline: score,
        ),
        Misconception(
            "sign turned round",
            "The way leads from the baseline to the picture.",
            lambda score, score_at_baseline: score_at_baseline - score,
        ),
        Misconception(
            "scores added",
            "An integral from one end to the other is a difference.",
            lambda score, score_at_baseline: score + score_at_baseline,
        ),
    ),
    insight="Compare both sides each time: it tells whether there were enough steps.",
)

COMPLETENESS = Proof(
    id="what_cnns_learn.completeness",
    title="Completeness",
    needs={"A": "", "B": "A", "C": "B", "D": "C"},
    superfluous="E",
    hints=(
        "Begin with a function of one variable: the score along the way.",
        "Its derivative is a sum over the pixels, by the chain rule.",
        "Integrate that derivative twice: as a whole, and pixel by pixel.",
    ),
    misconceptions=(
        Misconception(
            "linearity used",
            "The score need not be linear: only its derivative along the way is used.",
            "AEBCD",
        ),
        Misconception(
            "integral before the derivative",
            "What is integrated has to be known before.",
            "ACBD",
        ),
        Misconception(
            "conclusion first",
            "The conclusion compares two expressions of one integral. It comes last.",
            "DABC",
        ),
        Misconception(
            "chain rule left out",
            "How do derivatives by pixels come in? That step is missing.",
            "ACD",
        ),
    ),
    insight="The same proof works for every way; the straight one treats equal pixels equally.",
)

BASELINE = Choice(
    id="what_cnns_learn.baseline",
    title="A black cat on a black baseline",
    options="abcd",
    reasons="1234",
    correct=("c", 1),
    hints=(
        "Which factor stands in front of the integral?",
        "What is it for a pixel that is black in the picture and in the baseline?",
    ),
    misconceptions=(
        Misconception(
            "network taken for blind",
            "The network may well use black pixels. The question is what the map can show.",
            "a",
        ),
        Misconception(
            "more steps",
            "More steps make the integral exact. The factor in front of it stays.",
            "b",
        ),
        Misconception(
            "gradient taken for zero",
            "The gradient by a black pixel is a number like any other.",
            ("c", 3),
        ),
        Misconception(
            "ReLU blamed",
            "A linear model gives the same: it is the factor in front of the integral.",
            "d",
        ),
    ),
    insight="A baseline is a part of the claim: compared with what?",
)

# --- class activation maps ------------------------------------------------------------------------

CAM = Function(
    id="what_cnns_learn.cam",
    title="A class activation map that adds up",
    signature="class_activation_map(maps, weight, target)",
    oracle=lambda maps, weight, target: (
        torch.einsum("khw,k->hw", maps, weight[target]) / maps[0].numel()
    ),
    cases=lambda: [
        (torch.ones(1, 1, 1).double(), torch.tensor([[3.0], [5.0]]).double(), 1),
        (whole(1, 1, 2), whole(2, 1), 0),
        (whole(2, 2, 3), whole(3, 2), 2),
        (real(4, 3, 5), real(6, 4), 1),
    ],
    hints=(
        "Write the score as a sum over channels of weight times mean; then exchange the sums.",
        "What does one place contribute? All channels take part.",
        "The mean divides by the number of places, and so does every contribution.",
    ),
    misconceptions=(
        Misconception(
            "number of places forgotten",
            "The map has to sum to the score: the mean divides by the number of places.",
            lambda maps, weight, target: torch.einsum("khw,k->hw", maps, weight[target]),
        ),
        Misconception(
            "averaged the activations",
            "The weight of a channel comes from the head, not from how active the channel is.",
            lambda maps, weight, target: torch.einsum("khw,k->hw", maps, maps.mean((1, 2))),
        ),
        Misconception(
            "negative evidence dropped",
            "With a ReLU the map no longer sums to the score: counter-evidence counts.",
            lambda maps, weight, target: (
                torch.einsum("khw,k->hw", maps, weight[target]).relu() / maps[0].numel()
            ),
        ),
        Misconception(
            "all classes together",
            "The map of one class needs the weights of that class alone.",
            lambda maps, weight, target: (
                torch.einsum("khw,k->hw", maps, weight.sum(0)) / maps[0].numel()
            ),
        ),
    ),
    insight="No approximation: the score, its addends in another order.",
)

GRAD_CAM = Function(
    id="what_cnns_learn.grad_cam",
    title="Grad-CAM from maps and their gradients",
    signature="grad_cam(maps, gradients)",
    oracle=lambda maps, gradients: torch.einsum("khw,k->hw", maps, gradients.mean((1, 2))),
    cases=lambda: [
        (whole(1, 1, 1), whole(1, 1, 1)),
        (whole(1, 1, 2), torch.tensor([[[1.0, -1.0]]]).double()),
        (whole(2, 2, 3), whole(2, 2, 3)),
        (real(5, 4, 3), real(5, 4, 3)),
    ],
    hints=(
        "Every channel gets one weight.",
        "The weight is the mean of the gradient over all places of the channel.",
        "Weight and map are multiplied and added up over the channels; nothing is cut off here.",
    ),
    misconceptions=(
        Misconception(
            "averaged the activations",
            "The weight is the mean of the gradient, not of the map.",
            lambda maps, gradients: torch.einsum("khw,k->hw", gradients, maps.mean((1, 2))),
        ),
        Misconception(
            "multiplied place by place",
            "That is HiResCAM. Grad-CAM first averages the gradient over the places.",
            lambda maps, gradients: (maps * gradients).sum(0),
        ),
        Misconception(
            "summed instead of averaged",
            "The weights are means: larger maps would get larger weights otherwise.",
            lambda maps, gradients: torch.einsum("khw,k->hw", maps, gradients.sum((1, 2))),
        ),
        Misconception(
            "cut off at zero",
            "The prompt asks for the signed map, before any ReLU.",
            lambda maps, gradients: torch.einsum("khw,k->hw", maps, gradients.mean((1, 2))).relu(),
        ),
    ),
    insight="With gradients 1 and -1 the weight is 0: a map of nothing, whatever the score.",
)

REGISTRATION = Formula(
    id="what_cnns_learn.registration",
    title="How far an overlay is shifted",
    signature="shift(stride, field, padding)",
    oracle=lambda stride, field, padding: (stride - 1) / 2 - ((field - 1) / 2 - padding),
    cases=lambda: [
        (1, 1, 0),
        (2, 3, 1),
        (2, 2, 0),
        *[(integer(1, 32), integer(1, 99), integer(0, 49)) for _ in range(3)],
    ],
    hints=(
        "Unit 0 sees the pixels from -padding to -padding + field - 1. Where is their centre?",
        "Its cell is drawn over the pixels 0 to stride - 1. Where is the centre of that?",
    ),
    misconceptions=(
        Misconception(
            "cells counted from 1",
            "Between the first pixel, 0, and the last, stride - 1, the centre lies half-way.",
            lambda stride, field, padding: stride / 2 - ((field - 1) / 2 - padding),
        ),
        Misconception(
            "field taken for centred at 0",
            "The field is centred at 0 only if the padding is half of field - 1.",
            lambda stride, field, padding: (stride - 1) / 2,
        ),
        Misconception(
            "sign turned round",
            "How far is the drawing from the field, not the field from the drawing?",
            lambda stride, field, padding: ((field - 1) / 2 - padding) - (stride - 1) / 2,
        ),
        Misconception(
            "padding added",
            "Padding moves the field to the left.",
            lambda stride, field, padding: (stride - 1) / 2 - ((field - 1) / 2 + padding),
        ),
    ),
    insight="15.5 pixels for a ResNet of stride 32, 0 for VGG.",
)


def _scaled_positive(maps: Tensor) -> Tensor:
    cut = maps.relu()
    top = cut.amax((1, 2), keepdim=True)
    return (cut / top).nan_to_num(0.0)


def _min_max(maps: Tensor) -> Tensor:
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low).clamp(min=1e-12)


SHOWN = Function(
    id="what_cnns_learn.shown",
    title="A map for display that invents nothing",
    signature="shown(maps)",
    oracle=_scaled_positive,
    cases=lambda: [
        (torch.tensor([[[1.0, 2.0]]]).double(),),
        (torch.tensor([[[-1.0, 4.0]]]).double(),),
        (torch.tensor([[[-1.0, -2.0]]]).double(),),
        (torch.tensor([[[1.0, 2.0]], [[-3.0, 8.0]]]).double(),),
        (real(3, 2, 4),),
    ],
    hints=(
        "First cut off what is negative, then divide.",
        "Each map has a maximum of its own.",
        "What is the maximum of a map without anything positive, and what is 0 divided by it?",
    ),
    misconceptions=(
        Misconception(
            "nothing divided by nothing",
            "Where nothing is positive the maximum is 0, and 0/0 is no number.",
            lambda maps: maps.relu() / maps.relu().amax((1, 2), keepdim=True),
        ),
        Misconception(
            "made something of nothing",
            "From least to largest, a map without positive evidence gets full contrast.",
            _min_max,
        ),
        Misconception(
            "negative evidence shown as positive",
            "The absolute value draws what speaks against the class like what speaks for it.",
            lambda maps: maps.abs() / maps.abs().amax((1, 2), keepdim=True),
        ),
        Misconception(
            "one scale for all maps",
            "Each image has its own map and its own maximum.",
            lambda maps: maps.relu() / maps.relu().max().clamp(min=1e-12),
        ),
    ),
    insight="A division by the maximum makes every map reach 1, also one that says nothing.",
)

# --- occlusion, guided ----------------------------------------------------------------------------


def _occluded(weight: Tensor, x: Tensor, fill: float, k: int) -> Tensor:
    terms = (weight * (x - fill))[None, None]
    return F.avg_pool2d(terms, k, k)[0, 0] * k * k


OCCLUSION = Function(
    id="what_cnns_learn.occlusion",
    title="Occlusion of a linear model",
    signature="falls(weight, x, fill, k)",
    oracle=_occluded,
    cases=lambda: [
        (whole(1, 1), whole(1, 1), 0.0, 1),
        (whole(2, 2), whole(2, 2), 0.0, 2),
        (whole(2, 4), whole(2, 4), 3.0, 2),
        (whole(6, 3), whole(6, 3), -2.0, 3),
    ],
    hints=(
        "By how much does the score fall when one pixel becomes `fill`?",
        "A linear score is a sum over pixels: the falls of a window's pixels add up.",
    ),
    misconceptions=(
        Misconception(
            "fill taken for zero",
            "A pixel changes from x to fill, and not to 0.",
            lambda weight, x, fill, k: _occluded(weight, x, 0.0, k),
        ),
        Misconception(
            "mean over the window",
            "All pixels of the window change at once: their falls add up.",
            lambda weight, x, fill, k: _occluded(weight, x, fill, k) / k**2,
        ),
        Misconception(
            "rise instead of fall",
            "A fall is the score before minus the score after.",
            lambda weight, x, fill, k: -_occluded(weight, x, fill, k),
        ),
        Misconception(
            "gradient alone",
            "The gradient says how steep it is. How far does the pixel move?",
            lambda weight, x, fill, k: _occluded(weight, x * 0 + 1, 0.0, k),
        ),
    ),
    insight="A finite difference, whose step is the fill minus the picture.",
)


def _two_layers(x: Tensor, w1: Tensor, w2: Tensor, at_output: bool, at_hidden: bool, end: bool):
    """Backward through w2 relu(w1 x), with a clamp at the places asked for."""
    hidden = w1 @ x
    g = w2.clamp(min=0) if at_hidden else w2
    g = g * (hidden > 0) if at_output else g
    g = g @ w1
    return g.clamp(min=0) if end else g


GUIDED = Function(
    id="what_cnns_learn.guided",
    title="Guided backpropagation through one hidden layer",
    signature="guided(x, w1, w2)",
    oracle=lambda x, w1, w2: _two_layers(x, w1, w2, True, True, False),
    cases=lambda: [
        (
            torch.tensor([1.0, 2.0]).double(),
            torch.tensor([[1.0, 0.0], [-1.0, -1.0], [1.0, -2.0]]).double(),
            torch.tensor([2.0, 3.0, -1.0]).double(),
        ),
        (
            torch.tensor([1.0, 1.0]).double(),
            torch.tensor([[1.0, -3.0], [2.0, -1.0], [1.0, 1.0]]).double(),
            torch.tensor([2.0, 3.0, -1.0]).double(),
        ),
        (whole(4), whole(6, 4), whole(6)),
        (real(3), real(8, 3), real(8)),
    ],
    forbidden=("grad", "backward", "vjp", "jacrev", "jacobian"),
    hints=(
        "First the plain backward pass: which hidden units were active?",
        "At the ReLU, negative parts of what arrives from behind are stopped as well.",
        "Behind the ReLU there is only the first layer: nothing more is cut off.",
    ),
    misconceptions=(
        Misconception(
            "plain gradient",
            "That is the plain gradient: what arrives at the ReLU may be negative.",
            lambda x, w1, w2: _two_layers(x, w1, w2, True, False, False),
        ),
        Misconception(
            "clamped at the end",
            "The clamp belongs to the ReLU, before contributions of hidden units are added up.",
            lambda x, w1, w2: _two_layers(x, w1, w2, True, False, True),
        ),
        Misconception(
            "clamped twice",
            "There is no ReLU between the first layer and the input.",
            lambda x, w1, w2: _two_layers(x, w1, w2, True, True, True),
        ),
        Misconception(
            "inactive units let through",
            "A unit that was inactive passes nothing on: the plain rule holds as well.",
            lambda x, w1, w2: _two_layers(x, w1, w2, False, True, False),
        ),
    ),
    insight="One hidden layer is enough to tell it from a gradient that is clamped at the end.",
)

# --- sanity checks --------------------------------------------------------------------------------

ABSOLUTE = Choice(
    id="what_cnns_learn.absolute",
    title="A map that survives the destruction of its network",
    options="abcd",
    reasons="1234",
    correct=("d", 4),
    hints=(
        "The weights are random now. What do both maps still have in common?",
        "Gradient times input, absolute: one of the two factors has not changed.",
    ),
    misconceptions=(
        Misconception(
            "map taken for right",
            "What does not depend on the network cannot explain it.",
            "a",
        ),
        Misconception(
            "randomisation taken for incomplete",
            "All layers were drawn anew. Look at the factor that was not.",
            "b",
        ),
        Misconception(
            "gradient condemned without its sign",
            "The signed correlation is near 0 for this method. What has the absolute value done?",
            "c",
        ),
        Misconception(
            "architecture alone",
            "The conclusion is right. But a gradient of a random network alone does not do it.",
            ("d", 3),
        ),
    ),
    insight="The verdict of a sanity check depends on the sign and on the factor of the input.",
)

# --- maximisation, similarity, steps --------------------------------------------------------------

RADIUS = Formula(
    id="what_cnns_learn.radius",
    title="How far decay lets an image go",
    signature="radius(M, decay)",
    oracle=lambda M, decay: M / decay,
    cases=lambda: [(6, 2), (integer(1, 9), integer(1, 9)), (integer(10, 99), integer(2, 9))],
    hints=(
        "On the way outwards along the best direction the score is M times the length.",
        "Maximise M r - decay r²/2 over r.",
    ),
    misconceptions=(
        Misconception(
            "half of it",
            "The penalty is decay/2 times the square; its derivative is decay times r.",
            lambda M, decay: M / (2 * decay),
        ),
        Misconception(
            "value in place of the radius",
            "That is the largest value of the aim. Where is it taken?",
            lambda M, decay: M * M / (2 * decay),
        ),
        Misconception(
            "second zero",
            "There the aim is 0 again: the maximum lies half-way.",
            lambda M, decay: 2 * M / decay,
        ),
        Misconception(
            "turned round",
            "A stronger decay keeps the image smaller.",
            lambda M, decay: decay / M,
        ),
    ),
    insight="Decay sets the length and not the direction: for such a network it is a constraint.",
)


def _cka(a: Tensor, b: Tensor, centred: bool = True, squared: bool = True, norm: bool = True):
    if centred:
        a, b = a - a.mean(0), b - b.mean(0)
    top = (a.T @ b).norm() ** (2 if squared else 1)
    return top / ((a.T @ a).norm() * (b.T @ b).norm()) if norm else top


CKA = Function(
    id="what_cnns_learn.cka",
    title="Linear centred kernel alignment",
    signature="cka(a, b)",
    oracle=linear_cka,
    cases=lambda: [
        (
            torch.tensor([[1.0], [2.0], [6.0]]).double(),
            torch.tensor([[2.0], [4.0], [3.0]]).double(),
        ),
        (whole(5, 2), whole(5, 3)),
        (real(8, 3) + 2, real(8, 4) - 1),
    ],
    hints=(
        "The first word to act on is *centred*: over which axis?",
        "The Frobenius norm of the product of both, squared, over the norms of each with itself.",
    ),
    misconceptions=(
        Misconception(
            "not centred",
            "Take the mean over the images from every feature first.",
            lambda a, b: _cka(a, b, centred=False),
        ),
        Misconception(
            "square forgotten",
            "Doubling a doubles the numerator without a square, and quadruples the denominator.",
            lambda a, b: _cka(a, b, squared=False),
        ),
        Misconception(
            "not divided",
            "Without the denominator a scaled copy is more alike than the original.",
            lambda a, b: _cka(a, b, norm=False),
        ),
        Misconception(
            "centred over the features",
            "The mean is over the images, one for each feature.",
            lambda a, b: _cka(a - a.mean(1, True) + 0 * a, b - b.mean(1, True), centred=False),
        ),
    ),
    insight="Turning or scaling the features changes nothing; with few images, noise looks alike.",
)

STEP = Function(
    id="what_cnns_learn.step",
    title="The step that hurts most",
    signature="step(gradient, eps)",
    oracle=lambda gradient, eps: -eps * gradient.sign(),
    cases=lambda: [
        (torch.tensor([3.0]).double(), 0.5),
        (torch.tensor([3.0, -1.0]).double(), 0.5),
        (whole(2, 3), 0.25),
        (real(3, 4, 5), 0.1),
    ],
    hints=(
        "Every pixel may move by eps in either direction, independently of the others.",
        "How should a pixel move for the score to fall: with its gradient or against it?",
        "Is there a reason for a pixel to move less than eps?",
    ),
    misconceptions=(
        Misconception(
            "with the gradient",
            "That raises the score.",
            lambda gradient, eps: eps * gradient.sign(),
        ),
        Misconception(
            "along the gradient",
            "That is the best step of a given length. Here each pixel has a bound of its own.",
            lambda gradient, eps: -eps * gradient / gradient.norm(),
        ),
        Misconception(
            "scaled to the largest",
            "Only the steepest pixel moves by eps there; all of them may.",
            lambda gradient, eps: -eps * gradient / gradient.abs().max(),
        ),
        Misconception(
            "the steepest pixel alone",
            "The bound holds for each pixel, so all of them can move at once.",
            lambda gradient, eps: -eps * gradient.sign() * (gradient.abs() == gradient.abs().max()),
        ),
    ),
    insight="The fall is eps times the sum of the absolute gradient: it grows with the pixels.",
)

EXERCISES = (
    PROBABILITY,
    COMMON,
    INTEGRATED,
    BASELINE_SUM,
    COMPLETENESS,
    BASELINE,
    CAM,
    GRAD_CAM,
    REGISTRATION,
    SHOWN,
    OCCLUSION,
    GUIDED,
    ABSOLUTE,
    RADIUS,
    CKA,
    STEP,
)
