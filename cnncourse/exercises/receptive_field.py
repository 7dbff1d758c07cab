"""Exercises of chapter 05: how far a unit sees, which pixels, and how strongly."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.grading.kinds import (
    Blanks,
    Choice,
    Formula,
    Function,
    Misconception,
    Module,
    Number,
    Proof,
    integer,
    whole,
)

NUMBER = 5
TITLE = "What a unit sees"

Layers = list[tuple[int, int, int, int]]


def _seen(layers: Layers, unit: int = 0) -> set[int]:
    """Follow every read of one unit down to the pixels."""
    places = {unit}
    for k, s, p, d in reversed(layers):
        places = {s * i - p + d * a for i in places for a in range(k)}
    return places


def _by_following(layers: Layers) -> tuple[int, int, int]:
    """Size, stride and padding from the pixels of two neighbouring units."""
    here, there = _seen(layers), _seen(layers, 1)
    return max(here) - min(here) + 1, min(there) - min(here), -min(here)


STEM = Number(
    id="receptive_field.stem",
    title="The first two layers of a ResNet",
    value=11,
    unit="pixels",
    hints=(
        "Start with one unit behind the pooling: how many units of the convolution does it read?",
        "It reads three, and neighbours among them stand two pixels apart in the image.",
    ),
    misconceptions=(
        Misconception(
            "stride forgotten",
            "The pooling's window moves over units that are two pixels apart, not one.",
            9,
        ),
        Misconception(
            "own stride included",
            "The pooling's own stride spaces its outputs. It does not widen what one of them sees.",
            15,
        ),
        Misconception(
            "kernel instead of kernel minus one",
            "The first unit of the window is counted already: only the two others add pixels.",
            13,
        ),
        Misconception(
            "kernels multiplied",
            "The windows of neighbouring units overlap: they do not stand side by side.",
            21,
        ),
    ),
    insight="Eleven pixels after two layers; four 3x3 convolutions without stride see nine.",
)

INTERVAL = Blanks(
    id="receptive_field.interval",
    title="First and last pixel of unit i",
    variables=("i", "size", "stride", "padding"),
    blanks={"first": "i * stride - padding", "last": "i * stride - padding + size - 1"},
    hints=(
        "Where does unit 0 begin when there is padding? To the left of the image.",
        "Each unit begins one stride after the one before.",
        "From the first pixel to the last there are size pixels, both included.",
    ),
    misconceptions=(
        Misconception(
            "padding added",
            "Padding puts pixels before index 0, so unit 0 begins there: at a negative place.",
            {"first": "i * stride + padding"},
        ),
        Misconception(
            "last pixel one too far",
            "Count: a field of size 1 begins and ends on the same pixel.",
            {"last": "i * stride - padding + size"},
        ),
        Misconception(
            "units side by side",
            "Neighbouring fields overlap: they are one stride apart, not one size.",
            {"first": "i * size - padding"},
        ),
        Misconception(
            "padding multiplied by the stride",
            "This padding is counted in input pixels already.",
            {"first": "(i - padding) * stride"},
        ),
    ),
    insight="Three numbers place every unit of a map, inside the image and at its border.",
)


def _recursion(size_step, padding_step=lambda k, s, p, d, before: p * before):
    """A wrong recursion: what each layer adds, from its numbers and the stride before it."""

    def answer(layers: Layers) -> tuple[int, int, int]:
        size, stride, padding = 1, 1, 0
        for k, s, p, d in layers:
            size += size_step(k, s, p, d, stride)
            padding += padding_step(k, s, p, d, stride)
            stride *= s
        return size, stride, padding

    return answer


def _strides_after(layers: Layers) -> tuple[int, int, int]:
    """Every layer multiplied by the strides of the layers behind it."""
    size, padding = 1, 0
    for index, (k, _, p, d) in enumerate(layers):
        later = math.prod(s for _, s, _, _ in layers[index + 1 :])
        size += d * (k - 1) * later
        padding += p * later
    return size, math.prod(s for _, s, _, _ in layers), padding


def _chains() -> list[tuple[Layers]]:
    def layer() -> tuple[int, int, int, int]:
        return integer(1, 5), integer(1, 3), integer(0, 3), integer(1, 3)

    drawn = [([layer() for _ in range(integer(2, 4))],) for _ in range(8)]
    return [
        ([(3, 1, 1, 1)],),
        ([(3, 2, 1, 1)],),
        ([(3, 1, 1, 1), (3, 1, 1, 1)],),
        ([(3, 1, 1, 1), (2, 2, 0, 1)],),
        ([(3, 2, 1, 1), (5, 1, 2, 1)],),
        ([(3, 1, 2, 2), (1, 3, 1, 1)],),
        *drawn,
    ]


RECURSION = Function(
    id="receptive_field.recursion",
    title="Size, stride and padding of a chain",
    signature="field(layers)",
    oracle=_by_following,
    cases=_chains,
    hints=(
        "Begin with a pixel that sees itself: size 1, stride 1, padding 0.",
        "A layer adds to the size for each of its taps but the first, and to the padding once.",
        "What it adds is counted in units that stand apart by the strides of all layers before.",
    ),
    misconceptions=(
        Misconception(
            "kernel instead of kernel minus one",
            "The window starts on something seen already: its first tap adds nothing.",
            _recursion(lambda k, s, p, d, before: d * k * before),
        ),
        Misconception(
            "own stride included",
            "Update the stride last: a layer's own stride widens the layers behind it only.",
            _recursion(
                lambda k, s, p, d, before: d * (k - 1) * before * s,
                lambda k, s, p, d, before: p * before * s,
            ),
        ),
        Misconception(
            "strides multiplied from the wrong side",
            "What counts is how far apart a layer's inputs stand: the strides of layers before it.",
            _strides_after,
        ),
        Misconception(
            "padding enlarges the field",
            "Padding moves the field to the left. It makes it no larger.",
            _recursion(lambda k, s, p, d, before: (d * (k - 1) + 2 * p) * before),
        ),
        Misconception(
            "padding not scaled",
            "A layer's padding counts units of the layer before, which stand a stride apart.",
            _recursion(
                lambda k, s, p, d, before: d * (k - 1) * before, lambda k, s, p, d, before: p
            ),
        ),
        Misconception(
            "strides ignored",
            "Behind a stride of 2 neighbours stand two pixels apart, and every tap adds two.",
            _recursion(lambda k, s, p, d, before: d * (k - 1)),
        ),
        Misconception(
            "dilation ignored",
            "With dilation, neighbouring taps are d places apart.",
            _recursion(lambda k, s, p, d, before: (k - 1) * before),
        ),
    ),
    insight="With these few lines you can place every unit of AlexNet, VGG and any other chain.",
)

CHAIN_PROOF = Proof(
    id="receptive_field.chain_proof",
    title="The first pixel of a chain: order the proof",
    needs={"A": "", "B": "A", "C": "AB", "D": "C", "E": "D"},
    superfluous="F",
    hints=(
        "An induction starts with its assumption about the layer below.",
        "First say what the unit reads, then what the leftmost of these sees.",
        "The new padding and the new stride can be read off only after sorting the terms.",
    ),
    misconceptions=(
        Misconception(
            "assumption used before it is made",
            "What a unit below sees is the assumption of the induction: say it first.",
            "BCADE",
        ),
        Misconception(
            "conclusion read off too early",
            "Stride and padding are read off from the sorted expression, so it comes before.",
            "ABCED",
        ),
        Misconception(
            "kernel size slipped in",
            "The first pixel comes from the first tap; the size matters for the last one.",
            "ABFCDE",
        ),
    ),
    insight="The last pixel needs one more line: the last tap lies (k - 1) dilations further on.",
)


def _by_gradient(layers: Layers) -> torch.Tensor:
    """The gradient of one unit by the pixels of its field, with all weights 1."""
    size = max(_seen(layers)) - min(_seen(layers)) + 1
    x = torch.zeros(1, 1, size, dtype=torch.float64, requires_grad=True)
    y = x
    for k, s, _, d in layers:
        y = F.conv1d(y, torch.ones(1, 1, k, dtype=torch.float64), stride=s, dilation=d)
    return torch.autograd.grad(y[0, 0, 0], x)[0].flatten()


def _around_a_pooling(n: int, m: int) -> int:
    """Count the pixels with a gradient: n layers, a pooling, m layers."""
    layers = [*[(3, 1, 1, 1)] * n, (2, 2, 0, 1), *[(3, 1, 1, 1)] * m]
    return int((_by_gradient(layers) > 0).sum())


POOLING = Formula(
    id="receptive_field.pooling",
    title="Convolutions before and after a pooling",
    signature="size(n, m)",
    oracle=_around_a_pooling,
    cases=lambda: [
        (0, 0),
        (1, 0),
        (0, 1),
        (1, 1),
        *[(integer(2, 9), integer(2, 9)) for _ in range(3)],
    ],
    hints=(
        "What does each of the n first layers add? What does the pooling add?",
        "Behind the pooling neighbouring units are two pixels apart.",
        "Check with n = m = 0: a pooling alone sees two pixels.",
    ),
    misconceptions=(
        Misconception(
            "stride forgotten",
            "Each layer behind the pooling adds twice as much as one before it.",
            lambda n, m: 2 * n + 2 * m + 2,
        ),
        Misconception(
            "pooling doubles what was seen",
            "The pooling adds one pixel. It doubles what later layers add, not what was seen.",
            lambda n, m: 2 * (2 * n + 1) + 4 * m,
        ),
        Misconception(
            "pooling counted twice",
            "The pooling's own stride does not widen its own window: it adds one pixel.",
            lambda n, m: 2 * n + 4 * m + 3,
        ),
        Misconception(
            "pooling sees nothing new",
            "A unit of the pooling reads two neighbours, and the second sees one pixel more.",
            lambda n, m: 2 * n + 4 * m + 1,
        ),
        Misconception(
            "kernel instead of kernel minus one",
            "A window's first tap is counted already: a 3x3 layer adds two taps.",
            lambda n, m: 1 + 3 * n + 2 + 6 * m,
        ),
    ),
    insight="A pooling early on is cheap sight: every layer behind it sees twice as far.",
)

HALVING = Choice(
    id="receptive_field.halving",
    title="What does a stride of 2 double?",
    options="abcd",
    reasons="1234",
    correct=("b", 3),
    hints=(
        "Compare one unit just before the strided layer with one just behind it.",
        "A 2x2 pooling behind a field of 44 pixels at stride 4 sees 48 pixels, not 88.",
    ),
    misconceptions=(
        Misconception(
            "field doubled at once",
            "Behind the stride a unit sees a little more than before, by its own kernel only.",
            "a",
        ),
        Misconception(
            "field halved with the map",
            "The map has fewer units; what each of them sees does not shrink.",
            "c",
        ),
        Misconception(
            "stride thought to be without effect",
            "It has none on its own layer's field. Look at the layers behind it.",
            "d",
        ),
        Misconception(
            "the kernel thought to grow",
            "Kernels keep their number of taps; their taps are further apart in the image.",
            ("b", 1),
        ),
    ),
    insight="Halving doubles how fast the field grows: VGG's layers add 2, 4, 8, 16 and 32 pixels.",
)


def _union(R1: int, P1: int, R2: int, P2: int) -> int:
    pixels = {*range(-P1, R1 - P1), *range(-P2, R2 - P2)}
    return max(pixels) - min(pixels) + 1


BRANCHES = Formula(
    id="receptive_field.branches",
    title="Two branches added",
    signature="size(R1, P1, R2, P2)",
    oracle=_union,
    cases=lambda: [
        (3, 1, 3, 1),
        (5, 2, 3, 1),
        (2, 1, 2, 0),
        (3, 0, 4, 3),
        *[(integer(6, 30), integer(0, 5), integer(6, 30), integer(0, 5)) for _ in range(8)],
    ],
    hints=(
        "Draw both intervals of unit 0 on one line of pixels.",
        "Where does the union begin, and where does it end?",
        "The larger padding begins further left; the end of a branch is its size less its padding.",
    ),
    misconceptions=(
        Misconception(
            "the larger branch",
            "That is right when one field contains the other. These may be shifted.",
            lambda R1, P1, R2, P2: max(R1, R2),
        ),
        Misconception(
            "branches taken for a chain",
            "One branch does not look through the other: both look at the same input.",
            lambda R1, P1, R2, P2: R1 + R2 - 1,
        ),
        Misconception(
            "sizes added",
            "The fields overlap, and pixels that both see count once.",
            lambda R1, P1, R2, P2: R1 + R2,
        ),
        Misconception(
            "only the beginnings compared",
            "The branches may end at different pixels, too.",
            lambda R1, P1, R2, P2: max(R1, R2) + abs(P1 - P2),
        ),
    ),
    insight="With odd kernels and centred padding the larger branch contains the other, always.",
)

DILATED = Formula(
    id="receptive_field.dilated",
    title="Dilations that double",
    signature="size(L, k)",
    oracle=lambda L, k: len(_by_gradient([(k, 1, 0, 2**layer) for layer in range(L)])),
    cases=lambda: [(1, 3), (2, 3), (3, 3), *[(integer(1, 6), integer(2, 5)) for _ in range(6)]],
    hints=(
        "A layer with dilation d adds d for each tap but its first.",
        "Add up what the layers add: 1 + 2 + 4 + … is a sum that you know.",
    ),
    misconceptions=(
        Misconception(
            "no dilation",
            "The dilations are 1, 2, 4, …: the later layers add more.",
            lambda L, k: 1 + L * (k - 1),
        ),
        Misconception(
            "the last layer alone",
            "Every layer adds its part, not only the last.",
            lambda L, k: 1 + (k - 1) * 2 ** (L - 1),
        ),
        Misconception(
            "one doubling too many",
            "The first layer has dilation 1, so the last one has two to the power L - 1.",
            lambda L, k: 1 + (k - 1) * (2 ** (L + 1) - 2),
        ),
        Misconception(
            "taps instead of gaps",
            "Between k taps there are k - 1 gaps, and only the gaps add pixels.",
            lambda L, k: 1 + k * (2**L - 1),
        ),
        Misconception(
            "dilations multiplied like strides",
            "Dilations add up, layer by layer. Only strides carry over to the layers behind.",
            lambda L, k: 1 + (k - 1) * sum(2 ** (m * (m + 1) // 2) for m in range(L)),
        ),
    ),
    insight="The field doubles with every layer, at full resolution and with k weights a layer.",
)


def _holes(dilations: list[int]) -> int:
    return int((_by_gradient([(3, 1, d, d) for d in dilations]) == 0).sum())


def _missed(dilations: list[int], taps: tuple[int, ...]) -> int:
    """Count the pixels of the field that sums with these taps do not reach."""
    places = {0}
    for d in dilations:
        places = {i + d * a for i in places for a in taps}
    return 2 * sum(dilations) + 1 - len(places)


HOLES = Function(
    id="receptive_field.holes",
    title="Count the holes",
    signature="holes(dilations)",
    oracle=_holes,
    cases=lambda: [
        ([1],),
        ([2],),
        ([1, 2],),
        ([2, 2],),
        ([1, 4],),
        ([2, 3],),
        ([1, 2, 5],),
        ([4, 2, 1],),
        ([3, 3, 3],),
        ([2, 3, 4],),
        *[([integer(1, 7) for _ in range(3)],) for _ in range(4)],
    ],
    hints=(
        "Which pixels does one layer with dilation d read, seen from its unit?",
        "Keep a set of places, and go through the layers.",
        "The field reaches as far as the dilations add up to, on either side.",
    ),
    misconceptions=(
        Misconception(
            "seen pixels counted",
            "These are the pixels that are seen; asked for are those in between that are not.",
            lambda dilations: 2 * sum(dilations) + 1 - _holes(dilations),
        ),
        Misconception(
            "middle tap forgotten",
            "A kernel of three taps also reads the place in the middle.",
            lambda dilations: _missed(dilations, (-1, 1)),
        ),
        Misconception(
            "every path thought to end elsewhere",
            "Different paths may end on the same pixel: collect the pixels, not the paths.",
            lambda dilations: max(0, 2 * sum(dilations) + 1 - 3 ** len(dilations)),
        ),
        Misconception(
            "holes of the first layer only",
            "The layers behind fill some of these holes.",
            lambda dilations: 2 * (dilations[0] - 1),
        ),
    ),
    insight="Equal rates see one pixel in d; 1, 2, 4, … see all. The order makes no difference.",
)


def _stages(target: int, convs: int) -> int:
    """Add stages until a unit sees enough, by following its reads."""
    layers: Layers = []
    while max(_seen(layers)) - min(_seen(layers)) + 1 < target:
        layers += [*[(3, 1, 1, 1)] * convs, (2, 2, 0, 1)]
    return len(layers) // (convs + 1)


def _stages_when(enough, growth=lambda size, stride, convs: (2 * convs + 1) * stride):
    """A wrong design: another rule when to stop, or another growth of a stage."""

    def answer(target: int, convs: int) -> int:
        stages, size = 0, 1
        while not enough(size, target):
            size += growth(size, 2**stages, convs)
            stages += 1
        return stages

    return answer


DESIGN = Function(
    id="receptive_field.design",
    title="Design a trunk to a target",
    signature="stages(target, convs)",
    oracle=_stages,
    cases=lambda: [
        (1, 1),
        (2, 1),
        (4, 1),
        (5, 1),
        (10, 1),
        (11, 1),
        (76, 2),
        (77, 2),
        (50, 3),
        (51, 3),
        (224, 2),
        *[(integer(20, 300), integer(1, 3)) for _ in range(6)],
    ],
    hints=(
        "What does the first stage add to the one pixel you start from? And the second?",
        "All that a stage adds is multiplied by the strides of the stages before it.",
        "Count stages while the field is still too small.",
    ),
    misconceptions=(
        Misconception(
            "every stage adds the same",
            "Behind each pooling everything that a layer adds doubles.",
            _stages_when(
                lambda size, target: size >= target, lambda size, stride, convs: 2 * convs + 1
            ),
        ),
        Misconception(
            "more than the target asked",
            "A field of exactly the target is enough.",
            _stages_when(lambda size, target: size > target),
        ),
        Misconception(
            "poolings see nothing new",
            "A pooling of 2x2 reads two neighbours: it adds one stride to the field.",
            _stages_when(
                lambda size, target: size >= target,
                lambda size, stride, convs: 2 * convs * stride,
            ),
        ),
        Misconception(
            "one stage too few",
            "The last stage that you add has to reach the target.",
            lambda target, convs: max(0, _stages(target, convs) - 1),
        ),
    ),
    insight="Each stage doubles what the next one adds: resolution given up buys sight.",
)


class _Context(nn.Sequential):
    """3x3 layers with these dilations and paddings, ReLU between them."""

    def __init__(self, channels: int, dilations: list[int], paddings: list[int]) -> None:
        layers: list[nn.Module] = []
        for d, p in zip(dilations, paddings, strict=True):
            layers += [nn.Conv2d(channels, channels, 3, padding=p, dilation=d), nn.ReLU()]
        super().__init__(*layers[:-1])


def _context(*dilations: int, padding: int = 0):
    paddings = [padding or d for d in dilations]
    return lambda channels: _Context(channels, list(dilations), paddings)


CONTEXT = Module(
    id="receptive_field.context",
    title="A module that sees 31 pixels with four layers",
    signature="Context(channels)",
    oracle=_context(1, 2, 4, 8),
    cases=lambda: [((1,), whole(1, 1, 24, 26)), ((3,), whole(2, 3, 33, 30))],
    hints=(
        "With dilation d a 3x3 layer adds 2 d pixels. What do the four dilations add up to?",
        "Each is twice the one before, so they are d, 2 d, 4 d and 8 d.",
        "To keep height and width, a 3x3 layer with dilation d pads by d.",
    ),
    misconceptions=(
        Misconception(
            "no dilation",
            "Four plain 3x3 layers see nine pixels. Spread the taps.",
            _context(1, 1, 1, 1),
        ),
        Misconception(
            "dilations twice too large",
            "A 3x3 layer adds its dilation on both sides: these layers see 61 pixels.",
            _context(2, 4, 8, 16),
        ),
        Misconception(
            "largest dilation first",
            "The field is the same, but the text asks for dilations that grow with depth.",
            _context(8, 4, 2, 1),
        ),
        Misconception(
            "a ReLU at the end",
            "A ReLU stands between every two layers. Behind the last there is none.",
            lambda channels: nn.Sequential(_context(1, 2, 4, 8)(channels), nn.ReLU()),
        ),
        Misconception(
            "padding of a plain layer",
            "A dilated kernel is longer, so it needs more padding to keep the size.",
            _context(1, 2, 4, 8, padding=1),
        ),
    ),
    insight="Four layers, 36 weights for a pair of channels; one layer as wide would have 961.",
)


def _measured_sigma(L: int, k: int) -> float:
    """Convolve the averages, then take the standard deviation of the result."""
    density = torch.ones(1, 1, 1, dtype=torch.float64)
    box = torch.full((1, 1, k), 1 / k, dtype=torch.float64)
    for _ in range(L):
        density = F.conv1d(density, box, padding=k - 1)
    density = density.flatten() / density.sum()
    places = torch.arange(len(density)).double() - (len(density) - 1) / 2
    return float((density * places**2).sum().sqrt())


def _drawn_averages() -> list[tuple[int, int]]:
    return [(integer(2, 20), 2 * integer(1, 3) + 1) for _ in range(4)]


SIGMA = Formula(
    id="receptive_field.sigma",
    title="Width of the effective field",
    signature="sigma(L, k)",
    oracle=_measured_sigma,
    cases=lambda: [(1, 3), (4, 3), (2, 5), *_drawn_averages()],
    hints=(
        "One average over k pixels is a uniform distribution: what is its variance?",
        "For independent steps it is the variances that add up.",
        "Check with L = 1, k = 3: the places -1, 0, 1 with one third each.",
    ),
    misconceptions=(
        Misconception(
            "variance instead of standard deviation",
            "That is the variance; the width is its square root.",
            lambda L, k: L * (k * k - 1) / 12,
        ),
        Misconception(
            "widths added",
            "Variances add up, widths do not: four layers are twice as wide as one.",
            lambda L, k: L * math.sqrt((k * k - 1) / 12),
        ),
        Misconception(
            "continuous interval",
            "The taps sit on k separate pixels. An interval of length k is a little wider.",
            lambda L, k: math.sqrt(L * k * k / 12),
        ),
        Misconception(
            "theoretical field",
            "This is how far the field reaches, not how wide the gradient is.",
            lambda L, k: L * (k - 1) / 2,
        ),
    ),
    insight="It grows with the root of L while the field grows with L: the rim is hardly used.",
)

SHARE = Choice(
    id="receptive_field.share",
    title="Four times as deep",
    options="abcd",
    reasons="1234",
    correct=("c", 2),
    hints=(
        "By which factor does the theoretical side grow, and by which the effective one?",
        "The area has two axes.",
    ),
    misconceptions=(
        Misconception(
            "both thought to grow alike",
            "The effective width grows with the root of the depth only.",
            "a",
        ),
        Misconception(
            "one axis only",
            "That is the share of the side. The question asks for the area.",
            "b",
        ),
        Misconception(
            "effective field thought constant",
            "The effective field does grow with depth, though more slowly: it doubles in width.",
            "d",
        ),
        Misconception(
            "variance taken for the width",
            "The variance grows fourfold, the width therefore twofold.",
            ("c", 1),
        ),
    ),
    insight="Without strides, dilation or skips, depth buys field on paper more than in effect.",
)

EXERCISES = (
    STEM,
    INTERVAL,
    HALVING,
    POOLING,
    RECURSION,
    CHAIN_PROOF,
    BRANCHES,
    DILATED,
    HOLES,
    DESIGN,
    CONTEXT,
    SIGMA,
    SHARE,
)
