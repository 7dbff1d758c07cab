"""Claims that chapter 13 decides: what maps, probes and likenesses say of a network."""

from __future__ import annotations

import torch

from cnncourse.analysis.receptive_field import receptive_field
from cnncourse.architectures import resnet, vgg
from cnncourse.claims.claim import (
    ARTICLES,
    FAILS,
    HOLDS,
    HOLDS_IF,
    NOTES,
    OPEN,
    PAPERS,
    READERS,
    TEXTBOOKS,
    Claim,
    Computed,
    Stored,
)

NUMBER, TITLE = 13, "What CNNs learn"
RUN = "2026-11-28"


def overlay_shifts() -> tuple[float, float]:
    """Return by how many pixels the usual overlay is off, for ResNet-18 and for VGG-11."""
    with torch.device("meta"):
        nets = (resnet.resnet18().eval(), vgg.vgg11().eval())
    fields = [receptive_field(net, (1, 3, 224, 224), "stages") for net in nets]
    return tuple((f.stride[0] - 1) / 2 - ((f.size[0] - 1) / 2 - f.padding[0]) for f in fields)


CLAIMS = (
    Claim(
        "grad-cam-looks",
        says="Grad-CAM shows where the network looks",
        said_by=(ARTICLES, NOTES),
        verdict=HOLDS_IF,
        when=(
            "For a global mean and a linear head it is the score rearranged, as evidence in "
            "the last layer. Elsewhere it is a heuristic that can be 0 for every score, and "
            "the usual overlay is drawn beside the place."
        ),
        decided_by=("thm-what-cnns-learn-cam", "thm-what-cnns-learn-registration"),
        value=Computed(
            overlay_shifts, "the overlay is off by {0} pixels in ResNet-18 and by {1} in VGG-11"
        ),
        quotes=("ResNet-18 32 0.0 {0}", "VGG-11 32 15.5 {1}"),
    ),
    Claim(
        "guided-explains-class",
        says="Guided backpropagation shows what speaks for the class",
        said_by=(ARTICLES, PAPERS),
        verdict=FAILS,
        when=(
            "It is in general the gradient of nothing, and on the photograph nearly the "
            "same for a cat and for coffee. In a small network it moves a little with the "
            "class."
        ),
        decided_by=("prop-what-cnns-learn-guided", "fig-what-cnns-learn-ranking"),
        value=Stored(
            ("cosine between the maps for tiger cat and espresso 0.9997, of the gradient −0.1090"),
            RUN,
        ),
        quotes=("tiger cat and espresso -0.1090 0.9997",),
    ),
    Claim(
        "randomisation-check",
        says="Guided backpropagation fails the randomisation check, and the gradient passes",
        said_by=(PAPERS,),
        verdict=HOLDS_IF,
        when=(
            "With signs and without, here. The verdict belongs to the post-processing as "
            "well: methods with a factor of the input pass with signs and fail without."
        ),
        decided_by=("fig-what-cnns-learn-sanity",),
        value=Stored(
            (
                "rank correlation with the map of a random network, signed and absolute: "
                "gradient 0.01 and 0.07, guided 0.63 and 0.49, gradient times input 0.02 and "
                "0.66"
            ),
            RUN,
        ),
        quotes=(
            "gradient 0.01 ± 0.01 0.07 ± 0.01",
            "gradient × input 0.02 ± 0.01 0.66 ± 0.00",
            "guided 0.63 ± 0.10 0.49 ± 0.05",
        ),
    ),
    Claim(
        "plausible-map",
        says="A plausible map is evidence for an explanation",
        said_by=(READERS, ARTICLES),
        verdict=FAILS,
        when="On a planted truth the bare input, which knows of no network, beats the gradient.",
        decided_by=("fig-what-cnns-learn-ranking",),
        value=Stored(
            "hits of nine: gradient 0.26 ± 0.01, the input 0.44 ± 0.01, occlusion 0.84 ± 0.01",
            RUN,
        ),
        quotes=(
            "occlusion 3 × 3 0.84 ± 0.01",
            "the input itself 0.44 ± 0.01",
            "gradient 0.26 ± 0.01",
            "no: the bare input beats the gradient at finding the patch",
        ),
    ),
    Claim(
        "negative-cam",
        says="A class activation map without a positive value is a bug",
        said_by=(READERS,),
        verdict=FAILS,
        when="It says that everything speaks against the class.",
        decided_by=("thm-what-cnns-learn-cam",),
        quotes=("Nor is a map without a positive value a bug",),
    ),
    Claim(
        "early-filters-alike",
        says="The first filters of all CNNs look nearly the same",
        said_by=(ARTICLES, NOTES),
        verdict=OPEN,
        when=(
            "One network with 3×3 kernels: its learnt filters differ from random ones in "
            "colour. By the likeness of features, two networks could not be told from a "
            "random one in the first layers."
        ),
        decided_by=("prop-what-cnns-learn-stimulus", "fig-what-cnns-learn-kernels"),
        value=Stored(
            "of 28 learnt kernels 7 see little but colour and 6 one direction, of random ones none",
            RUN,
        ),
        quotes=(
            "28 of 32 kernels are in use after training",
            "random: 0 kernels see colour almost alone, 0 change along one direction",
            "learnt: 7 kernels see colour almost alone, 6 change along one direction",
        ),
    ),
    Claim(
        "hierarchy-explains-transfer",
        says="The hierarchy of edges, parts and objects explains why features transfer",
        said_by=(ARTICLES,),
        verdict=OPEN,
        when="Not tested here. On the easy tasks random features did as well as learnt ones.",
        decided_by=("fig-what-cnns-learn-probes",),
        quotes=("random features do as well on the easy tasks",),
    ),
    Claim(
        "integrated-complete",
        says="Integrated gradients are complete: they sum to the difference of the scores",
        said_by=(PAPERS, NOTES),
        verdict=HOLDS_IF,
        when=(
            "The integral does. A sum of few steps can miss it by factors, and more steps "
            "need not be better each time."
        ),
        decided_by=("thm-what-cnns-learn-complete",),
        value=Stored(
            "4 steps sum to 26 % of the difference, 16 steps to 320 %, 48 steps to 103 %", RUN
        ),
        quotes=(
            "4 steps: the map sums to 26% of the scores' difference",
            "16 steps: the map sums to 320% of the scores' difference",
            "48 steps: the map sums to 103% of the scores' difference",
        ),
    ),
    Claim(
        "deletion-measures-faithfulness",
        says="Deletion curves say which explanation is faithful",
        said_by=(PAPERS,),
        verdict=FAILS,
        when=(
            "They say which few pixels destroy an answer soonest. On a planted truth the "
            "order was another."
        ),
        decided_by=("fig-what-cnns-learn-deletion", "fig-what-cnns-learn-ranking"),
        value=Stored(
            ("probability left: integrated gradients 0.04, occlusion 0.09, random numbers 0.51"),
            RUN,
        ),
        quotes=(
            "random numbers 0.51 0.09 0.09",
            "integrated 0.04 0.33 0.54",
            "occlusion 3 × 3 0.09 0.17 0.57",
        ),
    ),
    Claim(
        "invisible-change",
        says="A change that nobody sees can turn an answer",
        said_by=(PAPERS, TEXTBOOKS),
        verdict=HOLDS,
        when="Against the gradient, by one grey level. Six photographs and one network.",
        decided_by=("prop-what-cnns-learn-step",),
        value=Stored("5 of 6 answers change, 1 of 6 by a random change of the same size", RUN),
        quotes=(
            (
                "1 grey levels, against the gradient: 5 of 6 answers change 1 grey levels, "
                "random: 1 of 6 answers change"
            ),
        ),
    ),
    Claim(
        "texture-bias",
        says="CNNs see textures, people see shapes",
        said_by=(PAPERS, ARTICLES),
        verdict=OPEN,
        when=(
            "Six pictures and one network are an anecdote: cut into quarters and shuffled, "
            "all four that are recognised at all still are; two are in two tones as well."
        ),
        decided_by=("what-cnns-learn-texture",),
        value=Stored(
            (
                "recognised of six: whole 4, in quarters 4, in sixteen tiles 3, in 196 tiles none, "
                "in two tones 2"
            ),
            RUN,
        ),
        quotes=(
            "whole yes yes yes no yes no",
            "2 × 2 tiles yes yes yes no yes no",
            "4 × 4 tiles yes yes yes no no no",
            "14 × 14 tiles no no no no no no",
            "silhouette yes no yes no no no",
            "Six pictures and one network are an anecdote",
        ),
    ),
)
