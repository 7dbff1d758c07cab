"""Claims on what a network costs where it works, and what is lost on the way there."""

from __future__ import annotations

from cnncourse.claims.claim import (
    ARTICLES,
    FAILS,
    HOLDS_IF,
    MANUALS,
    NOTES,
    PAPERS,
    READERS,
    Claim,
    Stored,
)

NUMBER, TITLE = 17, "Measuring and deploying"
RUN = "2026-11-29"

CLAIMS = (
    Claim(
        "fewer-parameters-faster",
        says="Fewer parameters are faster",
        said_by=(READERS, NOTES),
        verdict=HOLDS_IF,
        when=(
            "As a trend over networks of very different size. A single pair can be the other way "
            "round: parameters are no work."
        ),
        decided_by=("fig-measuring-pareto",),
        value=Stored("rank correlation 0.84; 36 of 253 pairs of networks are inverted", RUN),
        quotes=("parameters: rank correlation 0.84, 36 of 253 pairs inverted",),
    ),
    Claim(
        "depthwise-waits-for-memory",
        says="Depthwise convolutions are slow because they wait for memory",
        said_by=(PAPERS, NOTES, READERS),
        verdict=FAILS,
        when=(
            "As it stands. On this processor they take 4 to 10 times as long as the moving of "
            "their numbers in the usual layout, and two to three times with layout and memory "
            "mended; that part stays unexplained."
        ),
        decided_by=("fig-measuring-roofline", "prop-measuring-roofline"),
        quotes=("the layers take several times as long as that",),
    ),
    Claim(
        "time-with-the-area",
        says="Twice the side of the picture takes four times the time",
        said_by=(ARTICLES, NOTES, READERS),
        verdict=FAILS,
        when=(
            "The multiply-accumulates do. The time of four networks came near to it between large "
            "sides only: the dense layers of small maps run at a lower pace."
        ),
        decided_by=("fig-measuring-sides",),
        value=Stored("from 160 to 320 pixels 2.4 to 3.1 times the time", RUN),
        quotes=("twice the side takes 2.4 to 3.1 times the time",),
    ),
    Claim(
        "batches-are-faster",
        says="Batches make better use of a processor",
        said_by=(MANUALS, NOTES),
        verdict=HOLDS_IF,
        when=(
            "If memory for the larger maps is at hand: so for the two networks that were tried. "
            "With the system's usual allocator and 32 pictures on one core, seven of eleven took "
            "longer for each picture; on a GPU nothing was measured."
        ),
        decided_by=("fig-measuring-modes",),
        value=Stored("batches of 32 are 0.41 to 2.45 times as fast for each picture", RUN),
        quotes=("batch of 32 0.41 to 2.45, median 0.74",),
    ),
    Claim(
        "export-same-answers",
        says="An exported network gives the same answers",
        said_by=(MANUALS,),
        verdict=HOLDS_IF,
        when=(
            "If it was exported in evaluation mode, if the same means a tolerance, and if it was "
            "tried with sizes of a batch that the export has not seen."
        ),
        decided_by=("measuring-a-model-deploy",),
        value=Stored("scores equal to 1e-4 with batches of 1, 4 and 30", RUN),
        quotes=("equal scores for several sizes of a batch",),
    ),
    Claim(
        "int8-costs-accuracy",
        says="Eight bits cost accuracy",
        said_by=(ARTICLES, READERS),
        verdict=HOLDS_IF,
        when=(
            "If one scale serves a whole layer whose channels differ, or if the processor "
            "saturates sums of products. With a scale per channel nothing was lost that a thousand "
            "digits can show."
        ),
        decided_by=("prop-measuring-quantise", "fig-measuring-ranges"),
        value=Stored(
            "scores on photographs correlate with those of before by 0.61 with one scale for a "
            "layer, by 0.98 with one for each channel, with seven bits",
            RUN,
        ),
        quotes=("by 0.61 with a scale for the layer and by 0.98 with one for each channel",),
    ),
    Claim(
        "distillation-helps",
        says="A student is better than the same network trained on the labels",
        said_by=(PAPERS, ARTICLES),
        verdict=HOLDS_IF,
        when=(
            "If the teacher had labels that the control did not have. With equal labels no gain "
            "was shown."
        ),
        decided_by=("fig-measuring-distil",),
        value=Stored(
            "8 points over 350 labels, by a teacher that knew 3,500; nothing that five seeds can "
            "show by one that knew the same",
            RUN,
        ),
        quotes=("is 8 points ahead of the network that was trained on 350",),
    ),
    Claim(
        "confidence-off-distribution",
        says="A network's confidence is its accuracy, on other pictures, too",
        said_by=(READERS, ARTICLES),
        verdict=FAILS,
        when=(
            "Off the distribution it does not follow the accuracy: mostly it stays too high, and a "
            "CNN trained for few steps was less sure than right on the most blurred digits."
        ),
        decided_by=("fig-measuring-shift", "prop-measuring-temperature"),
        value=Stored(
            "on digits turned by 45 degrees at least 29 points surer than right, blurred between "
            "14 too sure and 19 not sure enough",
            RUN,
        ),
        quotes=("each network is at least 29 points surer than it is right",),
    ),
)
