"""Claims on choosing a network, most of which wait for their chapter."""

from __future__ import annotations

from cnncourse.claims.claim import ARTICLES, HOLDS_IF, NOTES, OPEN, Cited, Claim

NUMBER, TITLE = 18, "Choosing a model"
WAITS = "Not decided yet."


def waiting(name: str, says: str) -> Claim:
    """Return a claim of introductions that no chapter decides yet."""
    return Claim(name, says=says, said_by=(ARTICLES,), verdict=OPEN, when=WAITS)


CLAIMS = (
    waiting("cnn-on-small-devices", "A CNN when the device is small"),
    waiting("cnn-for-latency", "A CNN when latency matters"),
    waiting("cnn-backbone", "A CNN when a pretrained backbone is fine-tuned"),
    waiting("vit-on-large-data", "A ViT when pretraining on very large sets is at hand"),
    waiting("vit-for-text", "A ViT when the task joins pictures and text"),
    waiting("vit-for-context", "A ViT when context from the whole picture is needed"),
    waiting("vit-one-architecture", "A ViT when one architecture shall serve vision and language"),
    waiting("multimodal-transformers", "All multimodal encoders are transformers"),
    Claim(
        "superhuman",
        says="Networks were better than people on ImageNet in 2015",
        said_by=(ARTICLES, NOTES),
        verdict=HOLDS_IF,
        when=(
            "If people are one trained annotator, and better means the top-5 error on these "
            "thousand classes."
        ),
        value=Cited("4.94 % against 5.1 % of the annotator", "he2015"),
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
        value=Cited("ResNet: a preprint of December 2015, a conference of 2016", "he2016"),
    ),
)
