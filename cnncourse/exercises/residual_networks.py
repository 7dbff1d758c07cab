"""Exercises of chapter 09: blocks that add, what the sum does to gradients, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

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
    real,
    whole,
)

NUMBER = 9
TITLE = "Residual networks"

DEGRADATION = Choice(
    id="residual_networks.degradation",
    title="Which observation is degradation?",
    options="abcd",
    reasons="1234",
    correct=("c", 2),
    hints=(
        "What could a deeper network do at least as well, if training found the weights?",
        "An overfitted network is good at something: at what?",
    ),
    misconceptions=(
        Misconception(
            "test error taken for the sign",
            "A larger test error alone may be overfitting. On which images does that not show?",
            "a",
        ),
        Misconception(
            "both errors confused with one",
            "This is overfitting as the books have it: the training images are learnt well.",
            "b",
        ),
        Misconception(
            "slowness taken for the sign",
            "More layers cost more time for a step. What counts is where the steps lead.",
            "d",
        ),
        Misconception(
            "too many weights blamed",
            "More weights can only lower the smallest error that is possible on these images.",
            ("c", 1),
        ),
    ),
    insight="The deeper network contains the shallower one, so it is the search that failed.",
)


def _conv(c: int, d: int, k: int = 3, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(c, d, k, stride, k // 2, bias=False)


class _Post(nn.Module):
    """A basic block whose last step, joining shortcut and residual, is given."""

    def __init__(
        self,
        c: int,
        d: int,
        strides: tuple[int, int],
        shortcut: nn.Module,
        join: Callable[[Tensor, Tensor], Tensor],
        between: type[nn.Module] = nn.ReLU,
    ) -> None:
        super().__init__()
        first, second = _conv(c, d, stride=strides[0]), _conv(d, d, stride=strides[1])
        self.inner = nn.Sequential(first, nn.BatchNorm2d(d), between(), second, nn.BatchNorm2d(d))
        self.shortcut, self.join = shortcut, join

    def forward(self, x: Tensor) -> Tensor:
        return self.join(self.shortcut(x), self.inner(x))


def _added(skip: Tensor, residual: Tensor) -> Tensor:
    return F.relu(skip + residual)


def _basic(
    join: Callable[[Tensor, Tensor], Tensor] = _added, between: type[nn.Module] = nn.ReLU
) -> Callable[[int], nn.Module]:
    return lambda c: _Post(c, c, (1, 1), nn.Identity(), join, between)


BLOCK = Module(
    id="residual_networks.block",
    title="A residual block",
    signature="Block(channels)",
    oracle=_basic(),
    cases=lambda: [((2,), whole(3, 2, 5, 4)), ((3,), real(2, 3, 4, 6)), ((2,), real(1, 2, 4, 4))],
    hints=(
        "Keep the input: it is needed again at the end.",
        "The residual function ends with its second norm, not with a ReLU.",
        "Add first, then apply the last ReLU to the sum.",
    ),
    misconceptions=(
        Misconception(
            "no skip",
            "This is a plain block: the input has to be added to what the convolutions made.",
            _basic(lambda skip, residual: F.relu(residual)),
        ),
        Misconception(
            "ReLU before the sum",
            "Behind a ReLU a residual can only add, never take away. The ReLU follows the sum.",
            _basic(lambda skip, residual: skip + F.relu(residual)),
        ),
        Misconception(
            "one ReLU too many",
            "The residual has a ReLU of its own at its end: then it can only add.",
            _basic(lambda skip, residual: _added(skip, F.relu(residual))),
        ),
        Misconception(
            "inner ReLU forgotten",
            "A ReLU stands between the two convolutions as well.",
            _basic(between=nn.Identity),
        ),
        Misconception(
            "no last ReLU",
            "The sum is right. In this form of the block a ReLU follows it.",
            _basic(lambda skip, residual: skip + residual),
        ),
        Misconception(
            "residual subtracted",
            "The residual is what is to be added to the input.",
            _basic(lambda skip, residual: F.relu(skip - residual)),
        ),
        Misconception(
            "input multiplied",
            "A skip adds the input. Multiplying by it makes a gate, and no identity at zero.",
            _basic(lambda skip, residual: F.relu(skip * residual)),
        ),
    ),
    insight="With all weights of the residual zero, a block passes on what came out of a ReLU.",
)


def _projection(c: int, d: int) -> nn.Module:
    return _conv(c, d, 1, 2)


def _down(
    shortcut: Callable[[int, int], nn.Module],
    join: Callable[[Tensor, Tensor], Tensor] = _added,
    strides: tuple[int, int] = (2, 1),
) -> Callable[[int, int], nn.Module]:
    return lambda c, d: _Post(c, d, strides, shortcut(c, d), join)


def _pooled(pool: type[nn.Module]) -> Callable[[int, int], nn.Module]:
    return lambda c, d: nn.Sequential(pool(2, ceil_mode=True), _conv(c, d, 1))


DOWN = Module(
    id="residual_networks.projection",
    title="A block that changes the shape",
    signature="Down(in_channels, out_channels)",
    oracle=_down(_projection),
    cases=lambda: [
        ((2, 4), real(3, 2, 6, 5)),
        ((3, 5), real(2, 3, 7, 8)),
        ((2, 3), real(1, 2, 5, 5)),
    ],
    hints=(
        "Which two things about the shape does the first 3x3 convolution change?",
        "The shortcut has to change the same two things, with a kernel of one pixel.",
        "Nothing but this convolution stands on the way to the sum: no norm, no ReLU.",
    ),
    misconceptions=(
        Misconception(
            "no shortcut at all",
            "Where the shapes differ, the shortcut is adapted, not left out.",
            _down(_projection, lambda skip, residual: F.relu(residual + 0 * skip)),
        ),
        Misconception(
            "norm behind the projection",
            "Many networks have a norm there. This shortcut is to be the convolution alone.",
            _down(lambda c, d: nn.Sequential(_projection(c, d), nn.BatchNorm2d(d))),
        ),
        Misconception(
            "projection of 3x3",
            "A projection mixes the channels at one place; it does not look around.",
            _down(lambda c, d: _conv(c, d, 3, 2)),
        ),
        Misconception(
            "mean instead of stride",
            "That is a later variant. Here the projection takes every second pixel.",
            _down(_pooled(nn.AvgPool2d)),
        ),
        Misconception(
            "largest instead of stride",
            "The projection takes every second pixel; it does not look for the largest.",
            _down(_pooled(nn.MaxPool2d)),
        ),
        Misconception(
            "stride in the second convolution",
            "The first 3×3 convolution makes the map smaller, the second keeps its size.",
            _down(_projection, strides=(1, 2)),
        ),
        Misconception(
            "ReLU on the shortcut",
            "The projection stands in for the identity: no ReLU of its own before the sum.",
            _down(_projection, lambda skip, residual: F.relu(F.relu(skip) + residual)),
        ),
        Misconception(
            "no last ReLU",
            "The sum is right; a ReLU follows it.",
            _down(_projection, lambda skip, residual: skip + residual),
        ),
    ),
    insight="The direct way ends here: this shortcut is a linear map, and no longer the identity.",
)


def _layers(letters: str, c: int) -> nn.Sequential:
    """Stack layers by their letters: n is a norm, r a ReLU, c a convolution."""
    make = {"n": nn.BatchNorm2d, "r": lambda _: nn.ReLU(), "c": lambda c: _conv(c, c)}
    return nn.Sequential(*[make[letter](c) for letter in letters])


class _Sum(nn.Module):
    """The input plus its residual, with layers `before` and `behind` that the skip leaves out."""

    def __init__(self, c: int, residual: str, before: str = "", behind: str = "") -> None:
        super().__init__()
        self.before, self.inner = _layers(before, c), _layers(residual, c)
        self.behind = _layers(behind, c)

    def forward(self, x: Tensor) -> Tensor:
        x = self.before(x)
        return self.behind(x + self.inner(x))


PRE = Module(
    id="residual_networks.preactivation",
    title="A pre-activation block",
    signature="PreBlock(channels)",
    oracle=lambda c: _Sum(c, "nrcnrc"),
    cases=lambda: [((2,), real(3, 2, 5, 4)), ((3,), real(2, 3, 4, 6)), ((2,), real(1, 2, 4, 4))],
    hints=(
        "The order within the residual is norm, ReLU, convolution, and once more the same.",
        "What is added is the input as it came, before any norm.",
        "Nothing follows the sum.",
    ),
    misconceptions=(
        Misconception(
            "post-activation",
            "This is the original block. Here norm and ReLU come before each convolution.",
            lambda c: _Sum(c, "cnrcn", behind="r"),
        ),
        Misconception(
            "only the last ReLU left out",
            "Nothing follows the sum now. But norm and ReLU come before each convolution, too.",
            lambda c: _Sum(c, "cnrcn"),
        ),
        Misconception(
            "ReLU after the sum",
            "The point of the variant is that nothing follows the sum.",
            lambda c: _Sum(c, "nrcnrc", behind="r"),
        ),
        Misconception(
            "skip taken behind the first ReLU",
            "The skip starts at the input itself: otherwise a ReLU stands in the direct way.",
            lambda c: _Sum(c, "cnrc", before="nr"),
        ),
        Misconception(
            "skip taken behind the first norm",
            "The skip starts at the input itself, before the first norm.",
            lambda c: _Sum(c, "rcnrc", before="n"),
        ),
        Misconception(
            "no skip",
            "The input has to be added to what the convolutions made.",
            lambda c: _layers("nrcnrc", c),
        ),
        Misconception(
            "first ReLU forgotten",
            "A ReLU follows the first norm as well.",
            lambda c: _Sum(c, "ncnrc"),
        ),
        Misconception(
            "second ReLU forgotten",
            "The second norm has a ReLU behind it, like the first.",
            lambda c: _Sum(c, "nrcnc"),
        ),
        Misconception(
            "ReLU before the norm",
            "The order is norm, ReLU, convolution.",
            lambda c: _Sum(c, "rncrnc"),
        ),
        Misconception(
            "activation behind the convolutions",
            "Turn the order around: norm and ReLU stand before their convolution.",
            lambda c: _Sum(c, "cnrcnr"),
        ),
    ),
    insight="From first block to last the signal passes sums alone, and so does the gradient.",
)

DEPTH = Formula(
    id="residual_networks.depth",
    title="The number in the name",
    signature="depth(stages, n, layers)",
    oracle=lambda stages, n, layers: len([*["layer"] * layers] * n * stages) + 2,
    cases=lambda: [
        (1, 1, 2),
        (3, 3, 2),
        (3, 18, 2),
        (3, 111, 3),
        *[(integer(1, 5), integer(1, 20), integer(2, 4)) for _ in range(4)],
    ],
    hints=(
        "How many convolutions are there in all blocks together?",
        "Two more layers stand outside the blocks: at the beginning and at the end.",
    ),
    misconceptions=(
        Misconception(
            "blocks counted",
            "A block counts with each of its convolutions.",
            lambda stages, n, layers: stages * n + 2,
        ),
        Misconception(
            "stem and head forgotten",
            "The first convolution and the dense layer count as well.",
            lambda stages, n, layers: stages * n * layers,
        ),
        Misconception(
            "head forgotten",
            "The dense layer at the end counts as well.",
            lambda stages, n, layers: stages * n * layers + 1,
        ),
        Misconception(
            "projections counted",
            "By convention the projections of the shortcuts are left out.",
            lambda stages, n, layers: stages * n * layers + stages + 1,
        ),
        Misconception(
            "a projection in every stage",
            "Where every stage has a projection, as with bottlenecks, none of them counts.",
            lambda stages, n, layers: stages * n * layers + stages + 2,
        ),
        Misconception(
            "one stage",
            "Every stage has n blocks.",
            lambda stages, n, layers: n * layers + 2,
        ),
    ),
    insight="6n + 2 for basic blocks in three stages, 9n + 2 for bottlenecks: 20 and 110, or 1001.",
)


def _bottleneck_parameters(C: int, w: int, g: int) -> int:
    """Build the layers and count."""
    layers = [nn.Conv2d(C, w, 1, bias=False), nn.BatchNorm2d(w)]
    layers += [nn.Conv2d(w, w, 3, groups=g, bias=False), nn.BatchNorm2d(w)]
    layers += [nn.Conv2d(w, C, 1, bias=False), nn.BatchNorm2d(C)]
    return sum(p.numel() for p in nn.Sequential(*layers).parameters())


def _drawn_bottlenecks() -> list[tuple[int, int, int]]:
    drawn = [(integer(2, 9), integer(1, 4), integer(2, 4)) for _ in range(4)]
    return [(4 * quarter, g * d, g) for quarter, d, g in drawn]


BOTTLENECK = Formula(
    id="residual_networks.bottleneck",
    title="Parameters of a bottleneck",
    signature="parameters(C, w, g)",
    oracle=_bottleneck_parameters,
    cases=lambda: [(2, 1, 1), (8, 2, 1), (8, 4, 2), *_drawn_bottlenecks()],
    hints=(
        "Count the three convolutions one by one; the first leads from C to w channels.",
        "Groups make each kernel of the 3x3 convolution shallower, not the 1x1 ones.",
        "Each norm has two parameters a channel: how many channels has each of the three?",
    ),
    misconceptions=(
        Misconception(
            "norms forgotten",
            "The three norms have parameters, too.",
            lambda C, w, g: 2 * C * w + 9 * w * w // g,
        ),
        Misconception(
            "groups ignored",
            "With groups a 3x3 kernel sees only the channels of its own group.",
            lambda C, w, g: 2 * C * w + 9 * w * w + 4 * w + 2 * C,
        ),
        Misconception(
            "groups everywhere",
            "The 1x1 convolutions have no groups: they mix all channels.",
            lambda C, w, g: (2 * C * w + 9 * w * w) // g + 4 * w + 2 * C,
        ),
        Misconception(
            "one group counted",
            "That is one group; there are g.",
            lambda C, w, g: 2 * C * w + 9 * (w // g) ** 2 + 4 * w + 2 * C,
        ),
        Misconception(
            "all norms of the inner width",
            "The last norm stands behind the last convolution: look at its channels.",
            lambda C, w, g: 2 * C * w + 9 * w * w // g + 6 * w,
        ),
        Misconception(
            "one number a channel in the norms",
            "A norm learns a scale and a shift for each channel.",
            lambda C, w, g: 2 * C * w + 9 * w * w // g + 2 * w + C,
        ),
        Misconception(
            "one 1x1 convolution",
            "There are two 1x1 convolutions: down to w channels and back up.",
            lambda C, w, g: C * w + 9 * w * w // g + 4 * w + 2 * C,
        ),
        Misconception(
            "biases counted",
            "The convolutions have no biases: the norms behind them shift.",
            lambda C, w, g: _bottleneck_parameters(C, w, g) + 2 * w + C,
        ),
    ),
    insight="With C = 4w and no groups the convolutions have 17 w², 9 w² of them in the 3x3.",
)


def _by_autograd(jacobians: list[Tensor], upstream: Tensor) -> Tensor:
    start = x = torch.zeros_like(upstream).requires_grad_()
    for J in jacobians:
        x = x + J @ x
    return torch.autograd.grad(x, start, upstream)[0]


def _through(step: Callable[[Tensor, Tensor], Tensor], backwards: bool = True) -> Callable:
    """A wrong way back: another step for each Jacobian, or another order."""

    def answer(jacobians: list[Tensor], upstream: Tensor) -> Tensor:
        for J in reversed(jacobians) if backwards else jacobians:
            upstream = step(upstream, J)
        return upstream

    return answer


def _drawn_jacobians(blocks: int, size: int) -> tuple[list[Tensor], Tensor]:
    return [whole(size, size) for _ in range(blocks)], whole(size)


GRADIENT = Function(
    id="residual_networks.gradient",
    title="The gradient through several blocks",
    signature="gradient(jacobians, upstream)",
    oracle=_by_autograd,
    cases=lambda: [
        _drawn_jacobians(1, 2),
        _drawn_jacobians(2, 2),
        _drawn_jacobians(3, 3),
        _drawn_jacobians(4, 2),
        ([real(2, 2) for _ in range(3)], real(2)),
    ],
    hints=(
        "One block first: what does the theorem say about its input's gradient?",
        "Which block does the gradient reach first on its way back?",
        "A row vector stands on the left of the matrix.",
        "An identity of the same dtype is `torch.eye(d, dtype=upstream.dtype)`.",
    ),
    misconceptions=(
        Misconception(
            "skip forgotten",
            "This is the gradient of a plain network: each block also passes it on unchanged.",
            _through(lambda g, J: g @ J),
        ),
        Misconception(
            "forward order",
            "The gradient comes from the end: the last block is the first that it meets.",
            _through(lambda g, J: g + g @ J, backwards=False),
        ),
        Misconception(
            "transposed",
            "A gradient is a row here and stands on the left of the Jacobian.",
            _through(lambda g, J: g + J @ g),
        ),
        Misconception(
            "paths through one block only",
            "Some paths lead through several residual functions: multiply, do not only add.",
            lambda jacobians, upstream: upstream + sum(upstream @ J for J in jacobians),
        ),
    ),
    insight="Multiplied out, this is a sum over all subsets of blocks, the empty one included.",
)

VANISHING = Formula(
    id="residual_networks.vanishing_point",
    title="Where the gradient dies",
    signature="point(s)",
    oracle=lambda s: 0.5 / s,
    cases=lambda: [(1.0,), (2.0,), (0.25,), *[(integer(3, 40) / 8,) for _ in range(3)]],
    hints=(
        "Differentiate the whole block, not only its residual function.",
        "The 1 has to be cancelled exactly: what must the derivative of F be?",
    ),
    misconceptions=(
        Misconception(
            "root of the residual's derivative",
            "There the residual's derivative is 0 and the block's is 1: nothing has vanished.",
            lambda s: 0.0,
        ),
        Misconception(
            "output is zero",
            "This is where the block's output is zero. Asked for is its derivative.",
            lambda s: 1 / s,
        ),
        Misconception(
            "sign",
            "The residual's derivative has to be -1, not 1.",
            lambda s: -1 / (2 * s),
        ),
        Misconception(
            "not divided by s",
            "The larger s, the sooner the residual's slope reaches -1.",
            lambda s: s / 2,
        ),
    ),
    insight="A residual whose slope stays below 1 in absolute value can never do this.",
)


def _blocks_by_counting(c: float, share: float) -> int:
    kept, blocks = 1.0, 0
    while kept * (1 - c) >= share:
        kept *= 1 - c
        blocks += 1
    return blocks


SAFE = Function(
    id="residual_networks.safe_depth",
    title="How deep is safe?",
    signature="blocks(c, share)",
    oracle=_blocks_by_counting,
    cases=lambda: [
        (0.4, 0.7),
        (0.4, 0.5),
        (0.5, 0.25),
        (0.5, 0.1),
        (0.1, 0.3),
        (0.01, 0.5),
        *[(integer(5, 60) / 100.5, integer(5, 70) / 101.5) for _ in range(6)],
    ],
    hints=(
        "What does the theorem guarantee after one block? After two?",
        "Each block multiplies the guaranteed share by the same number.",
        "Count how often one may multiply before the share is below the one asked for.",
    ),
    misconceptions=(
        Misconception(
            "one block too many",
            "With this depth the guaranteed share has fallen below the one asked for.",
            lambda c, share: _blocks_by_counting(c, share) + 1,
        ),
        Misconception(
            "rounded up",
            "A part of a block does not exist, and one more block is already too deep: round down.",
            lambda c, share: math.ceil(math.log(share) / math.log(1 - c)),
        ),
        Misconception(
            "not rounded",
            "Blocks are whole: round down.",
            lambda c, share: math.log(share) / math.log(1 - c),
        ),
        Misconception(
            "more than the share",
            "At least: exactly the share is enough.",
            lambda c, share: _blocks_by_counting(c, math.nextafter(share, 1)),
        ),
        Misconception(
            "shares subtracted",
            "Every block takes a share of what is left, not of the beginning.",
            lambda c, share: int((1 - share) / c),
        ),
        Misconception(
            "residual alone",
            "That would be a plain chain with gain c. With the skip, the gain is at least 1 - c.",
            lambda c, share: _blocks_by_counting(1 - c, share),
        ),
        Misconception(
            "upper bound",
            "That is the theorem's other side: how far the gradient can grow.",
            lambda c, share: _blocks_by_counting(c / (1 + c), share),
        ),
    ),
    insight="About ln(1/share)/c blocks for small c: residuals that shrink like 1/L are safe.",
)

BOUND_PROOF = Proof(
    id="residual_networks.bound_proof",
    title="The lower bound: order the proof",
    needs={"A": "", "B": "", "C": "AB", "D": "C", "E": "D"},
    superfluous="F",
    hints=(
        "The proof is about one block first, then about all of them.",
        "Two inequalities are needed before the factor 1 - c can appear.",
    ),
    misconceptions=(
        Misconception(
            "factor used before it is shown",
            "The factor 1 - c follows from the triangle inequality and the bound on the Jacobian.",
            "CABDE",
        ),
        Misconception(
            "all blocks before one block",
            "Going through all blocks repeats the step for one block, so that step comes first.",
            "ABDCE",
        ),
        Misconception(
            "upper bound slipped in",
            "The upper bound is true, and the lower one does not need it.",
            "ABCFDE",
        ),
    ),
    insight="The condition c < 1 enters only where the factors 1 - c must not be negative.",
)

DOUBLING = Formula(
    id="residual_networks.doubling",
    title="How long the sum becomes",
    signature="length(s, rho, L)",
    oracle=lambda s, rho, L: s * sum(_binomial(L, k) * rho**k for k in range(L + 1)),
    cases=lambda: [
        (1, 1.0, 1),
        (1, 1.0, 5),
        (3, 0.5, 2),
        *[(integer(2, 9), integer(1, 15) / 8, integer(3, 7)) for _ in range(3)],
    ],
    hints=(
        "One block first: what is the expected product of input and residual?",
        "Squared lengths add up where the expected product is zero.",
        "Each block multiplies the expected squared length by the same number.",
    ),
    misconceptions=(
        Misconception(
            "growth taken as linear",
            "The residual of a later block is measured by an input that has grown already.",
            lambda s, rho, L: s * (1 + L * rho),
        ),
        Misconception(
            "rho taken for a length",
            "rho is a share of the squared length that the block's input has.",
            lambda s, rho, L: s + L * rho,
        ),
        Misconception(
            "input not carried along",
            "The input stays in the sum: the length grows even where rho is below 1.",
            lambda s, rho, L: s * rho**L,
        ),
        Misconception(
            "lengths added",
            "Lengths add up for parallel vectors only. These are uncorrelated: add the squares.",
            lambda s, rho, L: s * (1 + rho**0.5) ** (2 * L),
        ),
        Misconception(
            "start left out",
            "Begin with the squared length of the input.",
            lambda s, rho, L: (1 + rho) ** L,
        ),
        Misconception(
            "always doubled",
            "It doubles where rho is 1.",
            lambda s, rho, L: s * 2**L,
        ),
    ),
    insight="With rho = 1/L it stays below e times the start, at any depth.",
)


def _binomial(n: int, k: int) -> int:
    return 1 if k in (0, n) else _binomial(n - 1, k - 1) + _binomial(n - 1, k)


ZERO = Choice(
    id="residual_networks.zero_init",
    title="The last norm's scale is zero",
    options="abcd",
    reasons="1234",
    correct=("b", 3),
    hints=(
        "Write the residual as scale times something. What are its derivatives?",
        "A product has two factors; which of them is zero, and by which do we differentiate?",
    ),
    misconceptions=(
        Misconception(
            "block thought dead for ever",
            "One parameter of the residual does get a gradient. Which one?",
            "a",
        ),
        Misconception(
            "all thought to learn at once",
            "The convolutions act through the scale, and that is zero in the first step.",
            "c",
        ),
        Misconception(
            "gradient thought to stop",
            "The gradient passes along the skip, unchanged.",
            "d",
        ),
        Misconception(
            "shift alone made responsible",
            "The shift learns too, but it lets no gradient through to the convolutions.",
            ("b", 4),
        ),
    ),
    insight="The network starts shallow, and every block joins in when its scale has moved.",
)


def _resnext_weights(D: int, g: int, d: int) -> int:
    return 2 * D * g * d + g * 9 * d * d


def _widest(cost: Callable[[int, int, int], int], below: int = 1) -> Callable:
    """The widest path by another cost, or with a strict budget."""

    def answer(D: int, g: int, budget: int) -> int:
        d = 0
        while cost(D, g, d + 1) < budget + below:
            d += 1
        return d

    return answer


RESNEXT = Function(
    id="residual_networks.resnext",
    title="Paths for a budget",
    signature="width(D, g, budget)",
    oracle=_widest(_resnext_weights),
    cases=lambda: [
        (4, 1, 17),
        (4, 1, 16),
        (8, 2, 60),
        (4, 2, 140),
        (256, 32, 70_144),
        (256, 1, 69_632),
        (256, 64, 70_000),
        *[(integer(8, 64), integer(2, 9), integer(3000, 30000)) for _ in range(4)],
    ],
    hints=(
        "What does one path of width d cost: two 1x1 convolutions and one 3x3?",
        "All paths cost the same.",
        "Make the paths wider while the next width is still affordable.",
    ),
    misconceptions=(
        Misconception(
            "dense 3x3",
            "In each path the 3x3 leads from d to d channels; it does not see the other paths.",
            _widest(lambda D, g, d: 2 * D * g * d + 9 * (g * d) ** 2),
        ),
        Misconception(
            "one path counted",
            "There are g paths, and each has its own weights.",
            _widest(lambda D, g, d: 2 * D * d + 9 * d * d),
        ),
        Misconception(
            "way back forgotten",
            "A path also leads back up to D channels.",
            _widest(lambda D, g, d: D * g * d + g * 9 * d * d),
        ),
        Misconception(
            "norms counted",
            "The budget is for the convolutions alone.",
            _widest(lambda D, g, d: _resnext_weights(D, g, d) + 4 * g * d + 2 * D),
        ),
        Misconception(
            "budget not used up",
            "A block that costs exactly the budget is affordable.",
            _widest(_resnext_weights, below=0),
        ),
        Misconception(
            "one width too many",
            "This width costs more than the budget.",
            lambda D, g, budget: _widest(_resnext_weights)(D, g, budget) + 1,
        ),
        Misconception(
            "total width",
            "That is the width of all paths together.",
            lambda D, g, budget: g * _widest(_resnext_weights)(D, g, budget),
        ),
    ),
    insight="At one budget, more paths mean narrower ones and more channels in all.",
)

DENSE_CHANNELS = Blanks(
    id="residual_networks.dense_channels",
    title="Channels in a dense block",
    variables=("k0", "k", "l", "L"),
    blanks={"reads": "k0 + (l - 1) * k", "ends": "k0 + L * k"},
    hints=(
        "What does the first layer read? Nothing has been appended yet.",
        "Every layer appends k channels to all that was there.",
    ),
    misconceptions=(
        Misconception(
            "own channels read",
            "A layer does not read what it is about to write: check with the first one.",
            {"reads": "k0 + l * k"},
        ),
        Misconception(
            "last layer left out",
            "The last layer appends its channels, too.",
            {"ends": "k0 + (L - 1) * k"},
        ),
        Misconception(
            "start forgotten",
            "The channels that entered the block stay until its end.",
            {"ends": "L * k"},
        ),
        Misconception(
            "nothing read at first",
            "The first layer reads what entered the block.",
            {"reads": "(l - 1) * k"},
        ),
        Misconception(
            "last layer's reading",
            "That is what the last layer reads. Fewer layers stand before layer l.",
            {"reads": "k0 + (L - 1) * k"},
        ),
        Misconception(
            "end of layer l",
            "So many there are behind layer l. The block ends behind the last layer.",
            {"ends": "k0 + l * k"},
        ),
        Misconception(
            "channels replaced",
            "A layer reads everything before it, not only what the last layer wrote.",
            {"reads": "k"},
        ),
    ),
    insight="A growth of 32 takes 64 channels to 256 in six layers.",
)


def _dense_weights(k0: int, k: int, L: int) -> int:
    """Build the block's convolutions and count."""
    convs = []
    for i in range(L):
        convs += [nn.Conv2d(k0 + i * k, 4 * k, 1, bias=False)]
        convs += [nn.Conv2d(4 * k, k, 3, bias=False)]
    return sum(conv.weight.numel() for conv in convs)


DENSE_WEIGHTS = Function(
    id="residual_networks.dense_weights",
    title="Weights of a dense block",
    signature="weights(k0, k, L)",
    oracle=_dense_weights,
    cases=lambda: [
        (1, 1, 1),
        (3, 1, 2),
        (2, 3, 3),
        *[(integer(2, 12), integer(2, 6), integer(2, 6)) for _ in range(4)],
    ],
    hints=(
        "Write down one layer: a 1x1 convolution to 4k channels, then a 3x3 to k.",
        "Only one of its two convolutions depends on how much was written before.",
        "Go through the layers, and let the number of channels grow.",
    ),
    misconceptions=(
        Misconception(
            "growth forgotten",
            "Every layer reads more than the one before.",
            lambda k0, k, L: L * (4 * k * k0 + 36 * k * k),
        ),
        Misconception(
            "no narrow 1x1 in between",
            "The 3x3 does not read everything: the 1x1 reduces it to 4k channels before.",
            lambda k0, k, L: sum(9 * k * (k0 + i * k) for i in range(L)),
        ),
        Misconception(
            "growth one layer early",
            "The first layer reads k0 channels; its own are appended afterwards.",
            lambda k0, k, L: sum(4 * k * (k0 + i * k) + 36 * k * k for i in range(1, L + 1)),
        ),
        Misconception(
            "3x3 thought to keep its width",
            "The 3x3 leads from 4k channels to k, not to 4k.",
            lambda k0, k, L: sum(4 * k * (k0 + i * k) + 144 * k * k for i in range(L)),
        ),
        Misconception(
            "3x3 on k channels",
            "The 3x3 reads what the 1x1 before it puts out.",
            lambda k0, k, L: sum(4 * k * (k0 + i * k) + 9 * k * k for i in range(L)),
        ),
        Misconception(
            "narrow maps appended",
            "A layer appends what its 3x3 writes, not what its 1x1 does.",
            lambda k0, k, L: sum(4 * k * (k0 + 4 * i * k) + 36 * k * k for i in range(L)),
        ),
        Misconception(
            "last layer only",
            "Add up all layers.",
            lambda k0, k, L: 4 * k * (k0 + (L - 1) * k) + 36 * k * k,
        ),
    ),
    insight="The 1x1 part grows with the square of L, the 3x3 part with L itself.",
)


def _padded(x: Tensor, before: int, after: int) -> Tensor:
    return F.pad(x, (0, 0, 0, 0, before, after))


OPTION_A = Function(
    id="residual_networks.option_a",
    title="A shortcut without parameters",
    signature="shortcut(x, out_channels, stride)",
    oracle=lambda x, d, s: _padded(F.max_pool2d(x, 1, s), 0, d - x.shape[1]),
    cases=lambda: [
        (whole(1, 1, 3, 4), 2, 2),
        (whole(2, 3, 5, 4), 7, 2),
        (whole(1, 2, 7, 8), 4, 3),
        (whole(2, 3, 4, 5), 3, 1),
        (real(2, 4, 6, 6), 9, 2),
    ],
    hints=(
        "A slice with a step takes every second row.",
        "How many channels are missing? They are filled with zeros.",
        "The own channels come first, the empty ones behind them.",
    ),
    misconceptions=(
        Misconception(
            "mean instead of every second pixel",
            "The shortcut picks pixels and computes nothing, not even a mean.",
            lambda x, d, s: _padded(F.avg_pool2d(x, s, ceil_mode=True), 0, d - x.shape[1]),
        ),
        Misconception(
            "largest instead of every second pixel",
            "The first pixel of each window is kept, not the largest.",
            lambda x, d, s: _padded(F.max_pool2d(x, s, ceil_mode=True), 0, d - x.shape[1]),
        ),
        Misconception(
            "zeros in front",
            "The channels of the input come first, the zeros behind them.",
            lambda x, d, s: _padded(F.max_pool2d(x, 1, s), d - x.shape[1], 0),
        ),
        Misconception(
            "zeros on both sides",
            "All empty channels stand behind those of the input.",
            lambda x, d, s: _padded(
                F.max_pool2d(x, 1, s), (d - x.shape[1]) // 2, (d - x.shape[1] + 1) // 2
            ),
        ),
        Misconception(
            "channels repeated",
            "The new channels are empty, not copies.",
            lambda x, d, s: F.max_pool2d(x, 1, s)[:, [c % x.shape[1] for c in range(d)]],
        ),
        Misconception(
            "starts at the second pixel",
            "Begin with the first row and the first column.",
            lambda x, d, s: _padded(x[:, :, s // 2 :: s, s // 2 :: s], 0, d - x.shape[1]),
        ),
    ),
    insight="No parameters, no products: twins with and without it have equal counts.",
)

PATHS = Number(
    id="residual_networks.paths",
    title="Paths through a network",
    value=2**16,
    unit="paths",
    hints=(
        "At each block a path has a choice of two.",
        "How many blocks does ResNet-50 have? Its stages have 3, 4, 6 and 3.",
    ),
    misconceptions=(
        Misconception(
            "blocks added",
            "The choices of different blocks combine: they multiply.",
            2 * 16,
        ),
        Misconception(
            "one choice a layer",
            "The skip passes a whole block at once, all three convolutions.",
            2**48,
        ),
        Misconception(
            "direct way left out",
            "The path past all residual functions counts as well.",
            2**16 - 1,
        ),
        Misconception(
            "blocks counted",
            "That is the number of blocks. Each of them doubles the number of paths.",
            16,
        ),
        Misconception(
            "one block from each stage",
            "A path makes one choice at each block; it does not pick one block from each stage.",
            3 * 4 * 6 * 3,
        ),
    ),
    insight="Most of them pass about half of the blocks: a binomial distribution.",
)

EXERCISES = (
    DEGRADATION,
    BLOCK,
    DOWN,
    PRE,
    DEPTH,
    BOTTLENECK,
    GRADIENT,
    PATHS,
    VANISHING,
    SAFE,
    BOUND_PROOF,
    DOUBLING,
    ZERO,
    OPTION_A,
    RESNEXT,
    DENSE_CHANNELS,
    DENSE_WEIGHTS,
)
