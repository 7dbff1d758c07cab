"""Claims on transfer learning."""

from __future__ import annotations

import torch
from torch import nn

from cnncourse import results
from cnncourse.claims.claim import (
    ARTICLES,
    FAILS,
    HOLDS_IF,
    NOTES,
    OPEN,
    PAPERS,
    READERS,
    Claim,
    Computed,
    Stored,
)

NUMBER, TITLE = 14, "Transfer learning"
STORED = results.load("transfer")
LADDER = ("fig-transfer-learning-ladder",)


def drifting_statistics() -> tuple[int, float]:
    """Return how many weights of a frozen batch norm are trained, and how far its mean moves."""
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(4).requires_grad_(False)
    for _ in range(30):
        norm(1 + torch.randn(8, 4, 5, 5))
    trained = sum(weight.requires_grad for weight in norm.parameters())
    return trained, norm.running_mean.mean().item()


def ladder(*columns: tuple[str, str], at: tuple[int, ...]) -> Stored:
    """Return how targets and methods did in the stored run, by pictures of each class."""
    said = []
    for target, method in columns:
        cells = [(target, method, k) for k in at]
        same = {c: [] for c in cells}
        for row in STORED.rows:
            if row["part"] == "tuning" or row["steps"] != 30:
                continue
            same.get((row["target"], row["method"], row["k"]), []).append(row["accuracy"])
        means = ", ".join(f"{sum(same[c]) / len(same[c]):.2f}" for c in cells)
        said.append(f"{target}, {method}: {means}")
    return Stored(f"with {', '.join(map(str, at))} of each: {'; '.join(said)}", STORED.date)


CLAIMS = (
    Claim(
        "frozen-layers",
        says="Frozen layers do not change",
        said_by=(READERS, NOTES),
        verdict=FAILS,
        when=(
            "Weights without gradients do not. The statistics of a batch norm in training "
            "mode go on moving, and with them the features."
        ),
        decided_by=("prop-transfer-learning-drift", "def-training-norm"),
        value=Computed(
            drifting_statistics,
            ("{0} weights trained, and a stored mean that moved from 0 to {1:.2f} in 30 passes"),
        ),
        quotes=("Gradients switched off do not stop running statistics",),
    ),
    Claim(
        "few-similar-freeze",
        says="With very few pictures of a similar kind, freeze the backbone and train a new head",
        said_by=(ARTICLES, NOTES),
        verdict=HOLDS_IF,
        when=(
            "If the head need not stand on the last layer. On textures the last stage and a probe "
            "in the middle were ahead of training everything, at rates that one draw had chosen; "
            "with one picture of each, both were also ahead of a probe on the last layer."
        ),
        decided_by=LADDER,
        value=ladder(
            ("textures", "probe, last layer"),
            ("textures", "probe, middle"),
            ("textures", "last stage"),
            ("textures", "all"),
            at=(1, 5),
        ),
        quotes=("freeze: yes, at these rates; the *last layer*: no, with one of each",),
    ),
    Claim(
        "medium-fine-tune-later",
        says="With few to medium data, freeze the early layers and fine-tune the later ones",
        said_by=(ARTICLES, NOTES),
        verdict=OPEN,
        when=(
            "On textures the last stage was level with a probe in the middle; on digits it fell "
            "behind a probe of the same features, which thirty steps had not found."
        ),
        decided_by=LADDER,
        value=ladder(
            ("textures", "last stage"),
            ("textures", "probe, middle"),
            ("digits", "last stage"),
            ("digits", "probe, last layer"),
            at=(5, 20),
        ),
        quotes=("near: no better than a probe; far: not in thirty steps",),
    ),
    Claim(
        "many-fine-tune-all",
        says="With many pictures, or another kind of them, fine-tune everything at a lower rate",
        said_by=(ARTICLES, NOTES),
        verdict=HOLDS_IF,
        when=(
            "If there are steps enough, and a probe in the middle of the network is no choice: on "
            "digits it was as good without any training of the trunk, and with a hundred of each, "
            "in thirty steps, far ahead."
        ),
        decided_by=LADDER,
        value=ladder(("digits", "all"), ("digits", "probe, middle"), at=(5, 20, 100)),
        quotes=("another kind: yes, but there is a cheaper way",),
    ),
    Claim(
        "lower-rates-early",
        says="Early layers want lower rates",
        said_by=(ARTICLES, PAPERS),
        verdict=OPEN,
        when=(
            "Not seen with one and five of each digit, with the largest rate that was tried; "
            "thirty steps may be too few for what slows a network down on purpose."
        ),
        decided_by=("thm-transfer-learning-rates", *LADDER),
        value=ladder(("digits", "discriminative"), ("digits", "all"), at=(1, 5)),
        quotes=("level with one rate at one of each, 0.06 worse at five",),
    ),
    Claim(
        "unfreeze-from-the-head",
        says="Unfreeze from the head downwards",
        said_by=(ARTICLES, PAPERS),
        verdict=OPEN,
        when="Not seen with one and five of each digit, in thirty steps, and not fairly tested.",
        decided_by=LADDER,
        value=ladder(("digits", "gradual"), ("digits", "all"), at=(1, 5)),
        quotes=("0.03 worse than one rate at one of each, 0.10 at five",),
    ),
    Claim(
        "start-from-pretrained",
        says="Start from pretrained weights when data are few",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "If something is left to learn: on faces a small network that had seen nothing got "
            "as far with twenty pictures of each."
        ),
        decided_by=LADDER,
        value=ladder(("faces", "small net"), ("faces", "probe, last layer"), at=(20,)),
        quotes=("a small net from nothing gets as far as the source with twenty of each",),
    ),
    Claim(
        "scratch-on-few",
        says="Training from scratch on few pictures is a mistake",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "If the pictures are fewer than about twenty of each kind, and the middle of the "
            "source is used. A small network that had seen nothing was ahead of the source's last "
            "layer on digits with five and twenty of each, and with twenty level with its middle, "
            "on faces too."
        ),
        decided_by=LADDER,
        value=ladder(
            ("digits", "small net"),
            ("digits", "probe, last layer"),
            ("digits", "probe, middle"),
            at=(5, 20),
        ),
        quotes=("the last layer is worse than a small net trained from nothing",),
    ),
    Claim(
        "features-carry-far",
        says="ImageNet features transfer to medical and satellite pictures",
        said_by=(ARTICLES,),
        verdict=OPEN,
        when=(
            "It cannot be decided without such pictures. To digits, which are far as well, the "
            "middle of the network carried over and its last layer did not."
        ),
        decided_by=LADDER,
        value=ladder(("digits", "probe, middle"), ("digits", "probe, random net"), at=(5,)),
        quotes=("the middle is twice as good as random features",),
    ),
)
