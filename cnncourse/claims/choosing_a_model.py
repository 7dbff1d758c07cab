"""Claims on choosing a network, most of which wait for their chapter."""

from __future__ import annotations

from cnncourse.claims.claim import ARTICLES, HOLDS_IF, NOTES, OPEN, READERS, Cited, Claim

NUMBER, TITLE = 17, "Choosing a model"
WAITS = "Not decided yet."


def waiting(name: str, says: str) -> Claim:
    """Return a claim of introductions that no chapter decides yet."""
    return Claim(name, says=says, said_by=(ARTICLES,), verdict=OPEN, when=WAITS)


CLAIMS = (
    waiting("cnn-on-small-devices", "A CNN when the device is small"),
    waiting("cnn-on-small-data", "A CNN when the training set is small to medium"),
    waiting("cnn-for-latency", "A CNN when latency matters"),
    waiting("cnn-backbone", "A CNN when a pretrained backbone is fine-tuned"),
    waiting("vit-on-large-data", "A ViT when pretraining on very large sets is at hand"),
    waiting("vit-for-text", "A ViT when the task joins pictures and text"),
    waiting("vit-for-context", "A ViT when context from the whole picture is needed"),
    waiting("vit-one-architecture", "A ViT when one architecture shall serve vision and language"),
    waiting("multimodal-transformers", "All multimodal encoders are transformers"),
    Claim(
        "fewer-parameters-faster",
        says="Fewer parameters are faster",
        said_by=(READERS, NOTES),
        verdict=OPEN,
        when=WAITS,
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
        value=Cited("4.94 % against 5.1 % of the annotator", "he2015"),
    ),
)
