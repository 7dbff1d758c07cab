"""Claims that chapter 12 decides: looking back only, how far, and at what price."""

from __future__ import annotations

import math

import torch
from torch import nn

from cnncourse.architectures import tcn
from cnncourse.claims.claim import (
    ARTICLES,
    FAILS,
    HOLDS_IF,
    MANUALS,
    PAPERS,
    READERS,
    TEXTBOOKS,
    Claim,
    Computed,
    Stored,
)
from cnncourse.layers.sequence import CausalConv1d

NUMBER, TITLE = 12, "An answer for every moment"
RUN = "2026-11-28"


def field_by_gradient() -> tuple[int, int]:
    """Return the field of a TCN of four levels with kernels of 3, and the formula of one layer."""
    net = tcn.TCN(4, 3, 3, 0.0, num_classes=2, in_channels=1).double()
    for weight in net.parameters():
        weight.data.abs_()  # so that no ReLU hides a path
    x = torch.rand(1, 1, 150, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(net(x)[..., -1].sum(), x)
    return int((gradient != 0).sum()), 1 + 2 * (2**4 - 1)


def seen_from_rate_two() -> tuple[list[int], list[int]]:
    """Return how many steps back a kernel of 3 at rate 2 sees, and kernels at rates 2 and 4."""
    seen = []
    for rates in ((2,), (2, 4)):
        layers = nn.Sequential(*(CausalConv1d(1, 1, 3, rate) for rate in rates))
        for weight in layers.parameters():
            nn.init.ones_(weight)
        x = torch.zeros(1, 1, 20, requires_grad=True)
        (gradient,) = torch.autograd.grad(layers(x)[..., -1].sum(), x)
        seen.append((19 - gradient[0, 0].nonzero().flatten()).flip(0).tolist())
    return seen[0], seen[1]


def steps_of_a_state() -> tuple[int, int]:
    """Return after how many steps 1 % of a state with a = 0.99 is left, and in how many doublings.

    The state after n steps is multiplied by a**n; a window of L layers has 2**L taps.
    """
    steps = math.ceil(math.log(0.01) / math.log(0.99))
    return steps, math.ceil(math.log2(steps))


def window_against_queue() -> tuple[int, int]:
    """Return the evaluations of ten two-tap layers for one output: window by window, and queued."""
    return 2**10 - 1, 10


CLAIMS = (
    Claim(
        "padding-makes-causal",
        says="Padding in front makes the network causal",
        said_by=(ARTICLES, READERS),
        verdict=HOLDS_IF,
        when=(
            "It makes the layer causal. Batch norm in training mode, norms and gates over "
            "time, and a shifted target leak all the same."
        ),
        decided_by=("thm-sequences-causal", "fig-sequences-leak", "prop-sequences-coins"),
        value=Stored(
            (
                "on fair coins, a network whose target is its own input has a loss of 0.001 "
                "bits, where one bit is the least"
            ),
            RUN,
        ),
        quotes=("batch norm looks ahead causal", "target x[t]: 0.001 0.002 0.001 bits"),
    ),
    Claim(
        "tcn-field",
        says="A TCN of L levels sees 1 + (k−1)(2^L − 1) steps",
        said_by=(MANUALS, ARTICLES),
        verdict=HOLDS_IF,
        when=(
            "With one convolution a level, as in WaveNet. TCN as published has two a level, "
            "and sees almost twice as far."
        ),
        decided_by=("thm-sequences-field",),
        value=Computed(
            field_by_gradient,
            ("kernels of 3, four levels: {0} steps by the gradient, where the formula says {1}"),
        ),
        quotes=("TCN, k = 3, 4 levels {1} {0} {0}",),
    ),
    Claim(
        "dilation-two-or-four",
        says="Use dilation 2 or 4 for more context",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "Behind a rate of 1, and never farther than is seen already. Rates of 2 and 4 "
            "alone leave holes."
        ),
        decided_by=("thm-sequences-field", "prop-receptive-holes"),
        value=Computed(
            seen_from_rate_two,
            ("a kernel of 3 at rate 2 sees the steps {0} back, kernels at 2 and 4 the steps {1}"),
        ),
        quotes=("Rates of 2 and 4 alone leave holes",),
    ),
    Claim(
        "memory-without-recurrence",
        says="Dilated convolutions have a long memory without recurrence",
        said_by=(PAPERS, ARTICLES),
        verdict=HOLDS_IF,
        when=(
            "Up to the field, and never beyond it. The last lag inside of the field was not learnt."
        ),
        decided_by=("prop-sequences-chance", "fig-sequences-recall"),
        value=Stored(
            ("right answers of four: 1.00 at a lag of 30, 0.23 at a lag of 60, with a field of 61"),
            RUN,
        ),
        quotes=("TCN, field 61 1.00 0.23",),
        beside=("tcn-against-recurrent",),
    ),
    Claim(
        "tcn-against-recurrent",
        says="TCNs remember longer than recurrent networks",
        said_by=(PAPERS,),
        verdict=HOLDS_IF,
        when=(
            "Than a GRU as PyTorch starts it. With a bias of 3 on its gate the GRU "
            "remembered what the TCN of nearly the same size did not."
        ),
        decided_by=("fig-sequences-recall",),
        value=Stored(
            (
                "right answers at lags of 30 and 60: TCN 1.00 and 0.23, GRU 0.72 and 0.25, GRU "
                "with the bias 1.00 and 1.00"
            ),
            RUN,
        ),
        quotes=("GRU 0.72 0.25 GRU, bias 3 1.00 1.00",),
    ),
    Claim(
        "convolution-has-no-state",
        says="A convolution cannot replace a state",
        said_by=(ARTICLES, READERS),
        verdict=HOLDS_IF,
        when=(
            "For a counter it cannot. For a stable linear state it can, with an error that "
            "falls exponentially with the window, and with as many layers as the window "
            "doubles."
        ),
        decided_by=("thm-sequences-recurrence", "fig-sequences-recurrence"),
        value=Computed(
            steps_of_a_state,
            "of a state with a = 0.99 one per cent is left after {0} steps, {1} doublings",
        ),
        quotes=("a = 0.99: 1 % is left after {0} steps, {1} doublings",),
    ),
    Claim(
        "generation-slow",
        says="Generation is slow, since each sample needs the whole window",
        said_by=(ARTICLES, READERS),
        verdict=HOLDS_IF,
        when=(
            "Without queues. With them it takes one evaluation of every layer a sample, for "
            "the same samples."
        ),
        decided_by=("thm-sequences-queue",),
        value=Computed(
            window_against_queue,
            "ten two-tap layers: {0:,} evaluations for a sample, with queues {1}",
        ),
        quotes=(
            ("Without queues. With them it takes $L$ convolutions a sample, for the same samples."),
        ),
        beside=("queues-exponential",),
    ),
    Claim(
        "queues-exponential",
        says="Queues make generation exponentially faster",
        said_by=(PAPERS,),
        verdict=HOLDS_IF,
        when=(
            "In multiply-accumulates. In time only when the field is large: a step consists "
            "of many tiny operations."
        ),
        decided_by=("thm-sequences-queue", "fig-sequences-queue"),
        value=Stored(
            (
                "the window over the step: at a field of 4 samples 4 times the "
                "multiply-accumulates and 1.1 times the time, at 4,096 samples 4,096 times and "
                "11.6 times"
            ),
            RUN,
        ),
        quotes=(
            "2 4 6,656 26,624 0.32 0.36",
            "12 4096 24,576 100,663,296 1.23 14.32",
            ("*Exponentially faster* is true of the work, and of the time for large fields only."),
        ),
    ),
    Claim(
        "networks-beat-counts",
        says="Neural models beat counts on text",
        said_by=(ARTICLES, TEXTBOOKS),
        verdict=FAILS,
        when=(
            "Not ours, on 60,000 letters and seconds of training. More text, width and "
            "training were not measured."
        ),
        decided_by=("fig-sequences-letters",),
        value=Stored("network 2.59 bits a letter, counts of four letters 1.88", RUN),
        quotes=(
            ("network, window 8: 2.59 bits a letter counts: 0: 4.13, 1: 3.36, 2: 2.49, 4: 1.88"),
        ),
    ),
)
