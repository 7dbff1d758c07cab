"""Claims that chapter 2 decides: sizes, padding, the flip, and the detour through frequencies."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from cnncourse.claims.claim import (
    ARTICLES,
    FAILS,
    HOLDS,
    HOLDS_IF,
    MANUALS,
    NOTES,
    READERS,
    TEXTBOOKS,
    Claim,
    Computed,
    Stored,
)
from cnncourse.layers.convolution_forms import conv2d_im2col
from cnncourse.shapes import conv_output_size

NUMBER, TITLE = 2, "Convolution"
RUN = "2026-11-28"


def valid_size() -> tuple[int]:
    """Return the output size of a 3 × 3 convolution without padding on 256 pixels."""
    return (conv_output_size(256, 3),)


def halved_sizes() -> tuple[int, int]:
    """Return the output size at stride 2 on 256 pixels, with padding 1 and without."""
    return conv_output_size(256, 3, stride=2, padding=1), conv_output_size(256, 3, stride=2)


def further_cases() -> tuple[set[tuple[int, int]]]:
    """Return the pairs (kernel, dilation) beyond the rule of thumb whose size is kept."""
    pairs = [(k, d) for k in range(1, 12) for d in range(1, 7)]
    kept = {(k, d) for k, d in pairs if conv_output_size(80, k, padding=k // 2, dilation=d) == 80}
    return (kept - {(k, d) for k, d in pairs if k % 2 and (d == 1 or k == 1)},)


def sobel_answers() -> tuple[float, float]:
    """Return Sobel's answer to dark left of bright, by correlation and by convolution."""
    kernel = torch.tensor([[[[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]]])
    edge = torch.tensor([0.0, 0, 1]).expand(1, 1, 3, 3)
    answers = [conv2d_im2col(edge, weight) for weight in (kernel, kernel.flip(-1, -2))]
    assert torch.equal(answers[0], F.conv2d(edge, kernel))
    return answers[0].item(), answers[1].item()


def outputs_that_differ() -> tuple[int, int]:
    """Return how many outputs of two padded 3 × 3 layers are not those of one 5 × 5, of how many.

    The two agree inside the border; an assert says so.
    """
    torch.manual_seed(0)
    u, w = torch.randn(2, 1, 1, 3, 3, dtype=torch.float64)
    x = torch.randn(1, 1, 10, 11, dtype=torch.float64)
    merged = F.conv2d(w, u.flip(2, 3), padding=2)
    twice = F.conv2d(F.conv2d(x, w, padding=1), u, padding=1)
    differ = ~torch.isclose(twice, F.conv2d(x, merged, padding=2))
    assert not differ[..., 1:-1, 1:-1].any()
    return int(differ.sum()), differ.numel()


def padding_gap() -> tuple[int]:
    """Return how far two libraries' windows lie apart after five halvings, in pixels."""
    return (sum(2**level for level in range(5)),)


CLAIMS = (
    Claim(
        "valid-size",
        says="A 3×3 convolution without padding makes 254 pixels of 256",
        said_by=(ARTICLES,),
        verdict=HOLDS,
        when="At stride 1 and dilation 1.",
        decided_by=("thm-convolution-size",),
        value=Computed(valid_size, "{0} pixels"),
        quotes=("on 256 pixels gives {0}*: yes",),
    ),
    Claim(
        "stride-two-size",
        says="With stride 2 the same convolution makes 128 pixels of 256",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when="With padding 1. Without padding one fewer.",
        decided_by=("thm-convolution-size",),
        value=Computed(halved_sizes, "{0} pixels with padding 1, {1} without"),
        quotes=("stride 2, padding 1: {0}", "stride 2, no padding: {1}"),
    ),
    Claim(
        "same-padding",
        says="Padding by half of the kernel size keeps the size",
        said_by=(ARTICLES, MANUALS),
        verdict=HOLDS_IF,
        when=(
            "At stride 1, for odd kernels without dilation, for 1×1 kernels, and in one case more."
        ),
        decided_by=("cor-convolution-same",),
        value=Computed(
            further_cases, "the one case (kernel, dilation) beyond the rule of thumb: {0}"
        ),
        quotes=("kept, though the rule of thumb does not say so: {0}",),
    ),
    Claim(
        "padding-same-everywhere",
        says="Padding “same” means the same in all libraries",
        said_by=(MANUALS, READERS),
        verdict=FAILS,
        when=(
            "At a stride, one library pads equally on both sides and another puts the odd "
            "zero behind. Shapes fit, and every window stands elsewhere."
        ),
        decided_by=("cor-convolution-same",),
        value=Computed(
            padding_gap, "after five halvings of an even size the two are {0} pixels apart"
        ),
        quotes=("after five halvings by $1+2+4+8+16={0}$",),
    ),
    Claim(
        "sobel-sign",
        says="Sobel's kernel answers positively where dark lies left of bright",
        said_by=(ARTICLES,),
        verdict=HOLDS_IF,
        when=(
            "Under cross-correlation, which deep learning calls convolution. The "
            "convolution of mathematics turns the sign."
        ),
        decided_by=("prop-convolution-flip", "fig-convolution-sobel"),
        value=Computed(sobel_answers, "{0:+.0f} under correlation, {1:+.0f} under convolution"),
        quotes=("correlation [{0:.1f}, {0:.1f}] convolution [{1:.1f}, {1:.1f}]",),
    ),
    Claim(
        "flip-matters-for-learning",
        says="A layer that does not flip its kernel learns something else than a true convolution",
        said_by=(READERS,),
        verdict=FAILS,
        when=(
            "With flipped weights it computes the same functions, and independent first "
            "weights are as likely flipped as not. The flip matters for given kernels and "
            "in the algebra."
        ),
        decided_by=("prop-convolution-flip",),
        quotes=("**When weights are learnt, it does not.**",),
    ),
    Claim(
        "two-convolutions-are-one",
        says="Two convolutions in a row, without a non-linearity, are one with a larger kernel",
        said_by=(TEXTBOOKS, NOTES),
        verdict=HOLDS_IF,
        when=(
            "Where no window leaves the image. With zeros around each of them it fails at "
            "the border."
        ),
        decided_by=("prop-convolution-flip",),
        value=Computed(
            outputs_that_differ, "on 10×11 pixels {0} of {1} outputs differ, all on the border"
        ),
        quotes=("{0} of the {1} outputs differ, all on the border",),
    ),
    Claim(
        "direct-beats-fourier",
        says="Direct convolution beats the Fourier transform at small kernels",
        said_by=(ARTICLES, NOTES),
        verdict=HOLDS,
        when=(
            "Where the two cross depends on machine, library and channels: 4 to 4 channels "
            "on 128×128 pixels, one thread."
        ),
        decided_by=("thm-convolution-fft", "fig-convolution-fft"),
        value=Stored(
            "direct convolution is faster at small kernels, the transform at 21×21 already", RUN
        ),
        quotes=(r"here it is below $21\times21$",),
    ),
)
