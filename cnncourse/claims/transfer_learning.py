"""Claims on transfer learning, most of which wait for their chapter."""

from __future__ import annotations

import torch
from torch import nn

from cnncourse.claims.claim import ARTICLES, FAILS, NOTES, OPEN, PAPERS, READERS, Claim, Computed

NUMBER, TITLE = 14, "Transfer learning"


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
        decided_by=("def-training-norm",),
        value=Computed(
            drifting_statistics,
            ("{0} weights trained, and a stored mean that moved from 0 to {1:.2f} in 30 passes"),
        ),
    ),
    Claim(
        "few-similar-freeze",
        says="With very few pictures of a similar kind, freeze the backbone and train a new head",
        said_by=(ARTICLES, NOTES),
        verdict=OPEN,
        when="It has to be compared with random features and with training from scratch.",
    ),
    Claim(
        "medium-fine-tune-later",
        says="With few to medium data, freeze the early layers and fine-tune the later ones",
        said_by=(ARTICLES, NOTES),
        verdict=OPEN,
        when="Not decided yet.",
    ),
    Claim(
        "many-fine-tune-all",
        says="With many pictures, or another kind of them, fine-tune everything at a lower rate",
        said_by=(ARTICLES, NOTES),
        verdict=OPEN,
        when="Not decided yet.",
    ),
    Claim(
        "lower-rates-early",
        says="Early layers want lower rates",
        said_by=(ARTICLES, PAPERS),
        verdict=OPEN,
        when="Not decided yet.",
    ),
    Claim(
        "unfreeze-from-the-head",
        says="Unfreeze from the head downwards",
        said_by=(ARTICLES, PAPERS),
        verdict=OPEN,
        when="Not decided yet.",
    ),
    Claim(
        "start-from-pretrained",
        says="Start from pretrained weights when data are few",
        said_by=(ARTICLES,),
        verdict=OPEN,
        when="Not decided yet.",
    ),
    Claim(
        "scratch-on-few",
        says="Training from scratch on few pictures is a mistake",
        said_by=(ARTICLES,),
        verdict=OPEN,
        when="Not decided yet.",
    ),
    Claim(
        "features-carry-far",
        says="ImageNet features transfer to medical and satellite pictures",
        said_by=(ARTICLES,),
        verdict=OPEN,
        when="It cannot be decided without such pictures.",
    ),
)
