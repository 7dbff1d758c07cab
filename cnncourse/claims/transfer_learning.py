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


def ladder(*columns: tuple[str, str], at: tuple[int, ...], steps: int = 30) -> Stored:
    """Return how targets and methods did in the stored run, by pictures of each class."""
    said = []
    for target, method in columns:
        taken = 30 if method.startswith("probe") else steps  # a probe is fitted to its minimum
        cells = [("test", target, method, k, taken) for k in at]
        same = {cell: [] for cell in cells}
        for row in STORED.rows:
            key = tuple(row[name] for name in ("part", "target", "method", "k", "steps"))
            same.get(key, []).append(row["accuracy"])
        means = ", ".join(f"{sum(same[cell]) / len(same[cell]):.2f}" for cell in cells)
        said.append(f"{target}, {method}: {means}")
    more = "" if steps == 30 else f", in {steps} steps"
    return Stored(f"with {', '.join(map(str, at))} of each{more}: {'; '.join(said)}", STORED.date)


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
            "If which layer the head stands on is left open. With one picture of each a frozen "
            "trunk was at least as good: on textures a probe in the middle was 0.08 ahead of "
            "training everything and of the last layer, on faces the last layer 0.07 ahead of "
            "the middle, each about two standard errors. From five on, each with its own rate, "
            "all were within a few hundredths."
        ),
        decided_by=LADDER,
        value=ladder(
            ("textures", "probe, last layer"),
            ("textures", "probe, middle"),
            ("textures", "last stage"),
            ("textures", "all"),
            at=(1, 5),
        ),
        quotes=(
            "with one of each a frozen trunk was at least as good; which layer is not settled",
        ),
    ),
    Claim(
        "medium-fine-tune-later",
        says="With few to medium data, freeze the early layers and fine-tune the later ones",
        said_by=(ARTICLES, NOTES),
        verdict=OPEN,
        when=(
            "On textures the last stage was level with a probe in the middle. On digits it took "
            "120 steps to be level with a probe of the last layer, which trains no stage at all: "
            "with twenty of each 0.6 times, with a hundred 1.1 times the work of thirty steps of "
            "everything."
        ),
        decided_by=LADDER,
        value=ladder(
            ("digits", "last stage"), ("digits", "probe, last layer"), at=(20, 100), steps=120
        ),
        quotes=("near: no better than a probe; far: no better than a probe of the last layer",),
    ),
    Claim(
        "many-fine-tune-all",
        says="With many pictures, or another kind of them, fine-tune everything at a lower rate",
        said_by=(ARTICLES, NOTES),
        verdict=HOLDS_IF,
        when=(
            "If there are steps enough. On digits, in thirty steps, it was behind a probe in the "
            "middle with twenty and a hundred of each; in 120 it was ahead of the probe with five, "
            "twenty and a hundred, and a small network from nothing was from twenty on."
        ),
        decided_by=LADDER,
        value=ladder(
            ("digits", "all"),
            ("digits", "small net"),
            ("digits", "probe, middle"),
            at=(5, 20, 100),
            steps=120,
        ),
        quotes=("another kind: from five of each on, given steps enough",),
    ),
    Claim(
        "lower-rates-early",
        says="Early layers want lower rates",
        said_by=(ARTICLES, PAPERS),
        verdict=OPEN,
        when=(
            "Not seen on digits in thirty steps, each with its own rate, with the one decay that "
            "was tried, 0.8. Thirty steps may be too few for what slows a network down on purpose."
        ),
        decided_by=("thm-transfer-learning-rates", *LADDER),
        value=ladder(("digits", "discriminative"), ("digits", "all"), at=(1, 5, 20, 100)),
        quotes=("0.04 worse than one rate with one of each, 0.06 to 0.17 worse with more",),
    ),
    Claim(
        "unfreeze-from-the-head",
        says="Unfreeze from the head downwards",
        said_by=(ARTICLES, PAPERS),
        verdict=OPEN,
        when=(
            "On digits, in thirty steps, it was level with training everything at once up to "
            "twenty of each, and 0.03 worse with a hundred, in all three draws."
        ),
        decided_by=LADDER,
        value=ladder(("digits", "gradual"), ("digits", "all"), at=(1, 5, 20, 100)),
        quotes=(
            "level with training everything at once up to twenty of each, 0.03 worse with a "
            "hundred, in all three draws",
        ),
    ),
    Claim(
        "start-from-pretrained",
        says="Start from pretrained weights when data are few",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "With one and five of each, and from the middle or trained as a whole. On digits a "
            "small network that had seen nothing was ahead of the source's last layer from five "
            "of each on, and of its middle with twenty, in four times as many steps."
        ),
        decided_by=LADDER,
        value=ladder(
            ("digits", "small net"),
            ("digits", "probe, last layer"),
            ("digits", "probe, middle"),
            at=(5, 20),
            steps=120,
        ),
        quotes=("a small net from nothing is ahead of the source's last layer",),
    ),
    Claim(
        "scratch-on-few",
        says="Training from scratch on few pictures is a mistake",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "If the pictures are fewer than some twenty of each kind, and the middle of the source "
            "is used. On digits a small network that had seen nothing was ahead of the source's "
            "last layer with five and twenty of each, and with twenty level with its middle."
        ),
        decided_by=LADDER,
        value=ladder(
            ("digits", "small net"),
            ("digits", "probe, last layer"),
            ("digits", "probe, middle"),
            at=(5, 20),
        ),
        quotes=("The last layer is worse than a small net trained from nothing",),
    ),
    Claim(
        "features-carry-far",
        says="ImageNet features transfer to medical and satellite pictures",
        said_by=(ARTICLES,),
        verdict=OPEN,
        when=(
            "It cannot be decided without such pictures. To digits, which are far as well, the "
            "middle of the network carried over with few pictures, its last layer did not."
        ),
        decided_by=LADDER,
        value=ladder(("digits", "probe, middle"), ("digits", "probe, random net"), at=(1, 5)),
        quotes=("the middle is about twice as good as random features",),
    ),
)
