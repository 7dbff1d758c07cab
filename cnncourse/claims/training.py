"""Claims that chapter 7 decides: what each ingredient of a recipe does, and how training fails."""

from __future__ import annotations

import math

import torch
from torch import nn

from cnncourse.claims.claim import (
    ARTICLES,
    FAILS,
    HOLDS,
    HOLDS_IF,
    MANUALS,
    NOTES,
    PAPERS,
    READERS,
    TEXTBOOKS,
    Claim,
    Computed,
    Stored,
)

NUMBER, TITLE = 7, "Training"
RUN = "2026-11-28"


def smoothed_floor() -> tuple[float]:
    """Return the least loss with label smoothing 0.1 among ten classes, in nats."""
    label, other = 0.91, 0.01
    return (-label * math.log(label) - 9 * other * math.log(other),)


def twice_softmax() -> tuple[float]:
    """Return the least loss among ten classes if softmax is applied twice."""
    right = torch.zeros(1, 10, dtype=torch.float64)
    right[0, 0] = 1
    return (nn.functional.cross_entropy(right, torch.tensor([0])).item(),)


def default_start() -> tuple[float]:
    """Return He's variance divided by that of PyTorch's own start, drawn."""
    torch.manual_seed(0)
    layer = nn.Conv2d(64, 512, 3)
    return ((2 / (9 * 64) / layer.weight.var()).item(),)


def variance_behind_dropout() -> tuple[float]:
    """Return by how much dropout of one half multiplies the variance of a rectified normal."""
    square, mean = 1 / 2, 1 / math.sqrt(2 * math.pi)
    return (1 + square / (square - mean**2),)


CLAIMS = (
    Claim(
        "norm-covariate-shift",
        says="Batch norm reduces internal covariate shift",
        said_by=(PAPERS, NOTES, ARTICLES),
        verdict=HOLDS_IF,
        when=(
            "If the shift is that of the moments that a norm fixes: by construction. In the sense "
            "of gradients before and after a step the difference was small beside the scatter of "
            "the seeds. Claimed by {cite}`ioffe2015`, disputed by {cite}`santurkar2018`."
        ),
        decided_by=("fig-training-shift",),
        quotes=("**holds in part, and does not explain the gain**",),
        beside=("norm-shift-is-the-reason",),
    ),
    Claim(
        "norm-shift-is-the-reason",
        says="Batch norm helps because it reduces internal covariate shift",
        said_by=(PAPERS, NOTES, ARTICLES),
        verdict=FAILS,
        when=(
            "It reduces the shift in the moments that it fixes, by construction. A tower "
            "with the shift put back behind its norms has by far the largest shift and "
            "still trains better than one without norm. What else is the cause is not "
            "shown."
        ),
        decided_by=("fig-training-shift",),
        quotes=("**holds in part, and does not explain the gain**",),
    ),
    Claim(
        "norm-never-before",
        says="Batch norm never stands before the convolution",
        said_by=(ARTICLES,),
        verdict=FAILS,
        when=(
            "Pre-activation networks put it there. Each at its better rate, the three "
            "orders lay within a few points. A norm directly behind can be folded away; one "
            "in front, with a ReLU between, cannot."
        ),
        decided_by=("training-order", "residual-networks-pre-activation"),
        value=Stored(
            (
                "behind 93.2 %, in front 91.3 %, behind the ReLU 93.9 %, each at its better "
                "rate of two"
            ),
            RUN,
        ),
        quotes=(
            "C → N → R, rate 0.3: 93.2 %",
            "N → R → C, rate 0.1: 91.3 %",
            "C → R → N, rate 0.3: 93.9 %",
            "The verdict on *never before the convolution*: **does not hold**.",
        ),
        beside=("norm-after-every-convolution",),
    ),
    Claim(
        "norm-after-every-convolution",
        says="Batch norm belongs after every convolution",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "As a default that can be folded away. It bought almost three points here with "
            "every rate tuned. A norm in front, each at its better rate, lay two points below; "
            "pre-activation networks have it there."
        ),
        decided_by=("training-order", "fig-training-ablation"),
        value=Stored(
            (
                "without batch norm 2.67 points less, two standard errors 2.04 over seeds and "
                "1.37 of the test set"
            ),
            RUN,
        ),
        quotes=(
            "without batch norm 0.03 92.58 ± 0.92 -2.67 2.04 1.37",
            "Each at its better rate, the three lie within a few points.",
        ),
    ),
    Claim(
        "dropout-and-norm",
        says="Dropout and batch norm do not mix",
        said_by=(PAPERS, READERS),
        verdict=HOLDS_IF,
        when=(
            "If dropout stands before a batch norm: the stored variance is that of "
            "training. Behind the last norm it upsets nothing."
        ),
        decided_by=("prop-training-dropout",),
        value=Computed(
            variance_behind_dropout,
            (
                "the variance of a rectified normal value is {0:.3f} times as large in training "
                "as in evaluation"
            ),
        ),
        quotes=("measured 2.461, proved {0:.3f}",),
    ),
    Claim(
        "pytorch-he-start",
        says="PyTorch starts its convolutions as He's rule says",
        said_by=(MANUALS, READERS),
        verdict=FAILS,
        when=(
            "The name stands in the code; the variance is a sixth of his, so every ReLU "
            "layer divides the mean square by six."
        ),
        decided_by=("thm-training-start", "fig-training-start"),
        value=Computed(default_start, "He's variance is {0:.1f} times as large, drawn"),
        quotes=(
            "*the name of He stands in the code, his variance does not.*",
            r"**PyTorch's default**, uniform with $\sigma^2=1/(3n)$, divides it by {0:.0f}.",
        ),
    ),
    Claim(
        "adam-better",
        says="Adam trains better than gradient descent with momentum",
        said_by=(ARTICLES, READERS),
        verdict=FAILS,
        when=(
            "Each at its own best rate they were close. At one rate for both, either can be "
            "made to win."
        ),
        decided_by=("fig-training-rates", "fig-training-ablation"),
        value=Stored("after 96 steps momentum 93.8 %, AdamW 92.7 %, each at its best rate", RUN),
        quotes=(
            "momentum: 93.8 % at 0.03 AdamW: 92.7 % at 0.01",
            "*At one common rate, either can be made to win.*",
        ),
    ),
    Claim(
        "decay-before-norm",
        says="Weight decay makes the function of a layer before a norm smaller",
        said_by=(READERS,),
        verdict=FAILS,
        when=(
            "The length of such weights means nothing. Decay acts on the size of the steps, "
            "exactly like a rate that grows."
        ),
        decided_by=("thm-training-invariance",),
        value=Stored(
            "the same outputs after 60 steps, without decay from weights 1.83 times as long", RUN
        ),
        quotes=(
            "**weight decay does not act on the function: it acts on the step size**",
            "same outputs; weights 1.83 times as long",
        ),
    ),
    Claim(
        "loss-to-zero",
        says="A good training ends with a loss of zero",
        said_by=(READERS,),
        verdict=HOLDS_IF,
        when="Without label smoothing, with one softmax. Otherwise there is a floor.",
        decided_by=("prop-training-floor", "fig-training-symptoms"),
        value=Computed(smoothed_floor, "with smoothing 0.1 and ten classes {0:.4f} is perfect"),
        quotes=("least loss {0:.4f}",),
        beside=("softmax-twice",),
    ),
    Claim(
        "softmax-twice",
        says="A softmax too many does little harm",
        said_by=(READERS,),
        verdict=FAILS,
        when=(
            "The loss cannot fall below a floor, however good the network, and the training "
            "sticks there."
        ),
        decided_by=("prop-training-floor", "fig-training-symptoms"),
        value=Computed(twice_softmax, "with ten classes the floor is {0:.4f}"),
        quotes=("A loss that sticks at {0:.4f} with ten classes means a softmax too many.",),
    ),
    Claim(
        "linear-scaling",
        says="A batch k times as large takes a rate k times as large",
        said_by=(PAPERS, NOTES),
        verdict=HOLDS_IF,
        when=(
            "For plain gradient descent, while the whole step is small against the inverse "
            "of the curvature. It says nothing about Adam or about batch norm's statistics."
        ),
        decided_by=("thm-training-scaling", "fig-training-scaling"),
        quotes=("So the rule is good to first order, for **SGD**", "the rule has broken"),
    ),
    Claim(
        "shards",
        says="Averaging the gradients of several devices is training with one large batch",
        said_by=(MANUALS, READERS),
        verdict=HOLDS_IF,
        when=(
            "For equal shards and a loss that depends on each image alone. Batch norm "
            "breaks the second condition."
        ),
        decided_by=("prop-training-shards",),
        value=Stored(
            (
                "relative difference 2.8e-16 for equal shards, 0.33 for unequal ones, 0.039 "
                "with batch norm"
            ),
            RUN,
        ),
        quotes=(
            (
                "equal relative difference 2.8e-16 unequal relative difference 3.3e-01 batch "
                "norm relative difference 3.9e-02"
            ),
        ),
    ),
    Claim(
        "augmentation-helps",
        says="Augmentation helps",
        said_by=(ARTICLES, TEXTBOOKS),
        verdict=HOLDS_IF,
        when=(
            "If the label does not change, and the training is long enough. Half turns cost "
            "the sixes and nines almost nine points; even shifts cost about two in a short "
            "training."
        ),
        decided_by=("prop-training-augment", "fig-training-ablation"),
        value=Stored(
            (
                "test digits 96.6 ± 1.0 % without, 96.9 ± 1.4 % with small turns, 94.2 ± 1.7 % "
                "with shifts, 91.6 ± 2.7 % with half turns"
            ),
            RUN,
        ),
        quotes=(
            "none 96.6 ± 1.0 97.4 ± 1.2",
            "shift by 1 94.2 ± 1.7 95.3 ± 3.9",
            "half turn 91.6 ± 2.7 88.8 ± 2.0",
        ),
    ),
    Claim(
        "norm-batch-of-one",
        says="Batch norm does not work with a batch of one",
        said_by=(NOTES, READERS),
        verdict=HOLDS_IF,
        when=(
            "On 1×1 maps, where one value a channel is left. On larger maps the mean runs "
            "over places as well."
        ),
        decided_by=("def-training-norm", "training-pitfalls"),
        quotes=(
            (
                "Expected more than 1 value per channel when training, got input size "
                "torch.Size([1, 6])"
            ),
            "an error on 1×1 maps; with batch 2 only signs",
        ),
    ),
    Claim(
        "flatten-early",
        says="Flattening too early is a mistake",
        said_by=(ARTICLES,),
        verdict=HOLDS,
        when="On moved digits, with more weights and the same training.",
        decided_by=("training-pitfalls",),
        value=Stored(
            (
                "LeNet with 13,706 weights names 62 % of the moved digits, the flattened "
                "network with 15,610 names 46 %"
            ),
            RUN,
        ),
        quotes=(
            (
                "LeNet: 13,706 weights, 62 % of the moved digits flattened: 15,610 weights, 46 "
                "% of the moved digits"
            ),
        ),
    ),
    Claim(
        "padding-forgotten",
        says="Sizes that no longer fit after stride or padding changed are a pitfall",
        said_by=(ARTICLES,),
        verdict=HOLDS,
        when=(
            "Among the fourteen of the chapter: without padding maps vanish after a few "
            "layers and the border goes unseen. How often it happens is not measured."
        ),
        decided_by=("training-pitfalls",),
        quotes=("maps vanish after a few layers, border unseen",),
    ),
    Claim(
        "seed-repeats",
        says="The same seed gives the same result",
        said_by=(MANUALS, READERS),
        verdict=HOLDS_IF,
        when=(
            "On one machine with one version and as many threads. A seed fixes the random "
            "numbers, and not the order in which sums are added."
        ),
        decided_by=("training-seed",),
        quotes=(
            "A seed fixes every random number",
            "It does not fix the order in which sums are added",
        ),
    ),
)
