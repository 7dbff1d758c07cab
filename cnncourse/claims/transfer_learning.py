"""Claims on transfer learning."""

from __future__ import annotations

import torch
from torch import nn

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
)

NUMBER, TITLE = 14, "Transfer learning"
LADDER = ("fig-transfer-learning-ladder",)


def drifting_statistics() -> tuple[int, float]:
    """Return how many weights of a frozen batch norm are trained, and how far its mean moves."""
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(4).requires_grad_(False)
    for _ in range(30):
        norm(1 + torch.randn(8, 4, 5, 5))
    trained = sum(weight.requires_grad for weight in norm.parameters())
    return trained, norm.running_mean.mean().item()


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
            "If the head need not stand on the last layer. On textures training the last stage "
            "was ahead of training everything; but the middle of the network and a trained last "
            "stage were ahead of a probe on its last layer."
        ),
        decided_by=LADDER,
        quotes=("freeze, yes; the *last layer*, no",),
    ),
    Claim(
        "medium-fine-tune-later",
        says="With few to medium data, freeze the early layers and fine-tune the later ones",
        said_by=(ARTICLES, NOTES),
        verdict=HOLDS_IF,
        when="If the pictures are near to those of the source: on digits it brought nothing.",
        decided_by=LADDER,
        quotes=("near, yes; far, no",),
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
        quotes=("another kind: yes, but there is a cheaper way",),
    ),
    Claim(
        "lower-rates-early",
        says="Early layers want lower rates",
        said_by=(ARTICLES, PAPERS),
        verdict=OPEN,
        when=(
            "Not seen with one and five of each digit; thirty steps may be too few for what "
            "slows a network down on purpose."
        ),
        decided_by=("thm-transfer-learning-rates", *LADDER),
    ),
    Claim(
        "unfreeze-from-the-head",
        says="Unfreeze from the head downwards",
        said_by=(ARTICLES, PAPERS),
        verdict=OPEN,
        when="Not seen with one and five of each digit, in thirty steps.",
        decided_by=LADDER,
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
        quotes=("a small net from nothing gets as far as the source with twenty of each",),
    ),
    Claim(
        "scratch-on-few",
        says="Training from scratch on few pictures is a mistake",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "If the middle of the source is used. A small network that had seen nothing was ahead "
            "of the source's last layer on digits from five of each on."
        ),
        decided_by=LADDER,
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
    ),
)
