"""Claims on choosing a network."""

from __future__ import annotations

import torch

from cnncourse.analysis.counting import count_macs
from cnncourse.architectures import hybrid, mobilenet
from cnncourse.claims.claim import (
    ARTICLES,
    FAILS,
    HOLDS_IF,
    NOTES,
    OPEN,
    Cited,
    Claim,
    Computed,
    Stored,
)

NUMBER, TITLE = 18, "Choosing a model"
RUN = "2026-11-29"


def lightest() -> tuple[float, float]:
    """Return the work of the lightest transformer and CNN for 224 pixels, in billions."""
    with torch.device("meta"):
        nets = hybrid.vit_c_1gf(), mobilenet.mobilenet_v3_small()
    first, second = (count_macs(net, (1, 3, 224, 224)) / 1e9 for net in nets)
    return first, second


CLAIMS = (
    Claim(
        "cnn-on-small-devices",
        says="A CNN when the device is small",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "If small means that few products can be paid: of the networks of this book for 224 "
            "pixels, the lightest transformer, with a stem of convolutions, has nineteen times the "
            "work of the lightest CNN. A phone network that was searched in 2024 mixes both "
            "{cite}`qin2024`."
        ),
        decided_by=("choosing-a-model-lists",),
        value=Computed(
            lightest,
            "{0:.2f} billion multiply-accumulates the lightest transformer, {1:.3f} the lightest "
            "CNN",
        ),
        quotes=(
            "its transformers for 224 pixels begin at {0:.2f} billion multiply-accumulates, its "
            "CNNs at {1:.3f}",
        ),
    ),
    Claim(
        "cnn-for-latency",
        says="A CNN when latency matters",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "If the table is ours: one core, nine networks with their best published weights. At "
            "all four budgets the most accurate one was a CNN, at 160 ms by one point. Products as "
            "such were no quicker: a billion took a Swin-T about as long as a ResNet-50."
        ),
        decided_by=("choosing-a-model-lists",),
        value=Stored("the quickest transformer for 224 pixels 37 ms, the quickest CNN 9 ms", RUN),
        quotes=("on our core 37 ms, where the quickest CNN takes 9",),
    ),
    Claim(
        "cnn-backbone",
        says="A CNN when a pretrained backbone is fine-tuned",
        said_by=(ARTICLES,),
        verdict=OPEN,
        when=(
            "Both come pretrained. With a new recipe for each, a ResNet-50 and a ViT-B/16 are 0.2 "
            "points apart on ImageNet; how they compare after fine-tuning on few pictures was not "
            "measured."
        ),
        decided_by=("fig-choosing-recipe",),
        value=Stored(
            "ResNet-50: 76.1 % by the old recipe, 80.9 % by the new; ViT-B/16 81.1 %", RUN
        ),
        quotes=(
            "[The new recipe](#fig-choosing-recipe) leaves 0.2 of five points to a ViT on ImageNet",
        ),
    ),
    Claim(
        "vit-on-large-data",
        says="A ViT when pretraining on very large sets is at hand",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "If the recipe is that of 2020: below ResNets after 1.3 million pictures, ahead after "
            "300 million. Later recipes brought convolutions to the same accuracies "
            "{cite}`liu2022convnet,woo2023convnextv2`. Not repeated here."
        ),
        decided_by=("choosing-a-model-lists", "vision-transformers-data"),
        value=Cited("ViTs ahead after 300 million pictures", "dosovitskiy2021"),
    ),
    Claim(
        "vit-for-text",
        says="A ViT when the task joins pictures and text",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "If an encoder is taken as it was published: the best of the first paper was a ViT. "
            "The method does not ask for one; ResNets were trained as well."
        ),
        decided_by=("choosing-a-model-lists",),
        value=Cited("five ResNets and three ViTs, trained in the same way", "radford2021"),
    ),
    Claim(
        "vit-for-context",
        says="A ViT when context from the whole picture is needed",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "If it is needed in the first layers. Deep CNNs have fields larger than the picture, "
            "of which they use less; windows of attention give up what the claim counts on."
        ),
        decided_by=("choosing-a-model-lists", "fig-receptive-zoo", "thm-receptive-walk"),
        quotes=("one attention layer sees all; ResNet-18's field is [435 pixels]",),
    ),
    Claim(
        "vit-one-architecture",
        says="A ViT when one architecture shall serve vision and language",
        said_by=(ARTICLES,),
        verdict=OPEN,
        when="A reason of engineering: no experiment of this book speaks for or against it.",
        decided_by=("choosing-a-model-lists",),
    ),
    Claim(
        "multimodal-transformers",
        says="All multimodal encoders are transformers",
        said_by=(ARTICLES,),
        verdict=FAILS,
        when=(
            "The paper that made them known trained ResNets as well, with attention pooling at "
            "their end. Its text encoder is a transformer."
        ),
        decided_by=("choosing-a-model-lists",),
        value=Cited("five ResNets beside three ViTs", "radford2021"),
    ),
    Claim(
        "superhuman",
        says="Networks were better than people on ImageNet in 2015",
        said_by=(ARTICLES, NOTES),
        verdict=HOLDS_IF,
        when=(
            "If people are one trained annotator, and better means the top-5 error on these "
            "thousand classes."
        ),
        decided_by=("choosing-a-model-timeline",),
        value=Cited("4.94 % against 5.1 % of the annotator", "he2015"),
        quotes=("compares the 4.94 % of {cite:t}`he2015` with the 5.1 % of one trained annotator",),
    ),
    Claim(
        "timeline",
        says="1989 LeNet, 1998 LeNet-5, 2012 AlexNet, 2014 VGG and GoogLeNet, 2015 batch norm and "
        "ResNet, 2016 or 2017 DenseNet, ResNeXt and Xception, 2017 MobileNet, 2019 EfficientNet, "
        "2020 ViT, 2021 and 2022 Swin and ConvNeXt, 2023 ConvNeXt V2",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "If the year is that of the first publication. Several came to a conference a year "
            "later: VGG and GoogLeNet in 2015, ResNet in 2016, DenseNet, ResNeXt and Xception in "
            "2017, ViT in 2021."
        ),
        decided_by=("choosing-a-model-timeline",),
        value=Cited("ResNet: a preprint of December 2015, a conference of 2016", "he2016"),
    ),
)
