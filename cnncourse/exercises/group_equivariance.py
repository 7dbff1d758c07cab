"""Exercises of chapter 15: what turns, what stays, what it costs, and which grids take part."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.grading.kinds import (
    Choice,
    Formula,
    Function,
    Misconception,
    Number,
    Proof,
    integer,
    real,
    whole,
)
from cnncourse.layers.equivariant import P4, P4M

NUMBER = 15
TITLE = "Other symmetries"


def _turned(x: Tensor, turns: int) -> Tensor:
    return torch.rot90(x, turns, (-2, -1))


def _compose(
    after: bool = False, plain: bool = False, flipped: bool = True, reduced: bool = True
) -> Callable:
    """Compose two pairs (turns, mirrored), rightly or with a slip."""

    def answer(g: tuple[int, int], h: tuple[int, int]) -> tuple[int, int]:
        if after:
            g, h = h, g
        sign = 1 if plain or not g[1] else -1
        turns = g[0] + sign * h[0]
        mirrored = (g[1] + h[1]) % 2 if flipped else max(g[1], h[1])
        return (turns % 4 if reduced else turns), mirrored

    return answer


def _by_table(g: tuple[int, int], h: tuple[int, int]) -> tuple[int, int]:
    pairs = [(turns, int(mirrored)) for turns, mirrored in P4M.elements]
    return pairs[P4M.product(pairs.index(tuple(g)), pairs.index(tuple(h)))]


COMPOSE = Function(
    id="group_equivariance.compose",
    title="The composition table of D4",
    signature="compose(g, h)",
    oracle=_by_table,
    cases=lambda: [
        ((1, 0), (1, 0)),
        ((0, 1), (0, 1)),
        ((0, 1), (1, 0)),
        ((1, 0), (0, 1)),
        ((3, 0), (2, 1)),
        ((2, 1), (3, 1)),
        ((1, 1), (3, 0)),
    ],
    hints=(
        "Without mirrors, turns add up, and four of them are none.",
        "Draw an F: turn it once to the left, then mirror it. "
        "Which turn of the mirrored F is that?",
        "g = (a, 1) mirrors what h has done before it: "
        "a turn to the left becomes one to the right.",
    ),
    misconceptions=(
        Misconception(
            "mirror does not turn turns around",
            "Turns that happened before a mirror run the other way afterwards.",
            _compose(plain=True),
        ),
        Misconception(
            "order exchanged",
            "gh means: first h, then g.",
            _compose(after=True),
        ),
        Misconception(
            "two mirrors kept as one",
            "Two mirrors cancel each other.",
            _compose(flipped=False),
        ),
        Misconception(
            "not reduced",
            "Four right angles are no turn: count modulo 4.",
            _compose(reduced=False),
        ),
    ),
    insight="Eight elements, and the order counts: with the translations they make p4m.",
)


def _act(turns: int = 1, roll: int = 1, axis: int = 1, transpose: bool = False) -> Callable:
    """Act on (C, 4, n, n): turn by ``turns`` times r, roll by ``roll`` times r along ``axis``."""

    def answer(f: Tensor, r: int) -> Tensor:
        moved = f.mT if transpose and r % 2 else _turned(f, turns * r)
        return moved.roll(roll * r, axis)

    return answer


ACTION = Function(
    id="group_equivariance.action",
    title="Turn a map over the group",
    signature="act(f, r)",
    oracle=lambda f, r: P4.act(f, r % 4, dim=1),
    cases=lambda: [
        (whole(1, 4, 1, 1), 1),
        (whole(1, 4, 2, 2), 0),
        (whole(1, 4, 2, 2), 1),
        (whole(2, 4, 3, 3), 2),
        (whole(4, 4, 3, 3), 3),
        (whole(3, 4, 4, 4), 1),
    ],
    hints=(
        "Two things move: the pixels of every plane, and the planes.",
        "Plane 0 answers to a pattern as it is, plane 1 to the pattern turned once. "
        "Turn the picture: which plane answers now to what plane 0 answered to before?",
        "The planes change places along the axis of length 4 that stands second.",
    ),
    misconceptions=(
        Misconception(
            "planes not rolled",
            "Every plane is turned, but each still stands at its old place. "
            "Which plane sees the turned pattern?",
            _act(roll=0),
        ),
        Misconception(
            "rolled the other way",
            "What stood in plane 0 belongs into plane 1 after one turn. Yours goes into plane 3.",
            _act(roll=-1),
        ),
        Misconception(
            "planes rolled, pixels left",
            "The planes change places, but inside each of them the picture has to turn as well.",
            _act(turns=0),
        ),
        Misconception(
            "turned clockwise",
            "The picture turns counterclockwise: what was on the right comes to the top.",
            _act(turns=-1),
        ),
        Misconception(
            "transposed",
            "To exchange rows and columns is to mirror at the diagonal. A turn is something else.",
            _act(transpose=True),
        ),
        Misconception(
            "channels rolled",
            "The first axis holds channels, which have no order. The second holds the planes.",
            _act(axis=0),
        ),
    ),
    insight="Turn and roll: whoever tests with the turn alone finds an error in a right network.",
)


def _lift(
    turns: int = 1, flip: bool = False, swap: bool = False, turn_picture: bool = False
) -> Callable:
    def answer(x: Tensor, w: Tensor) -> Tensor:
        kernel = w.flip(-2, -1) if flip else w
        planes = []
        for r in range(4):
            picture = _turned(x, r) if turn_picture else x
            moved = w if turn_picture else _turned(kernel, turns * r)
            planes.append(F.conv2d(picture[None], moved)[0])
        return torch.stack(planes, 0 if swap else 1)

    return answer


def _lift_cases() -> list[tuple]:
    return [
        (whole(1, 2, 2), whole(1, 1, 2, 2)),
        (whole(1, 3, 3), whole(2, 1, 2, 2)),
        (whole(2, 4, 4), whole(3, 2, 3, 3)),
        (real(2, 5, 6), real(1, 2, 3, 3)),
    ]


LIFT = Function(
    id="group_equivariance.lift",
    title="The lifting convolution",
    signature="lift(x, w)",
    oracle=_lift(),
    cases=_lift_cases,
    hints=(
        "Plane r is an ordinary correlation. With which kernel?",
        "`torch.rot90(w, r, (-2, -1))` turns the last two axes counterclockwise.",
        "Stack the four results along a new axis, behind the output channels.",
    ),
    misconceptions=(
        Misconception(
            "kernel not turned",
            "All four planes are equal. Each needs a kernel in a pose of its own.",
            _lift(turns=0),
        ),
        Misconception(
            "turned clockwise",
            "Plane 1 belongs to the kernel turned counterclockwise once.",
            _lift(turns=-1),
        ),
        Misconception(
            "kernel flipped",
            "This is a correlation: the kernel is turned, not flipped as well.",
            _lift(flip=True),
        ),
        Misconception(
            "axes in another order",
            "The planes stand behind the channels: (D, 4, H', W').",
            _lift(swap=True),
        ),
        Misconception(
            "picture turned instead",
            "Correlating the turned picture gives other planes: they are turned themselves.",
            _lift(turn_picture=True),
        ),
    ),
    insight="As many weights as a planar layer, four times its work, and nothing is approximated.",
)


def _group_conv(turns: int = 1, roll: int = 1, summed: bool = True) -> Callable:
    def answer(f: Tensor, w: Tensor) -> Tensor:
        planes = []
        for r in range(4):
            kernel = _turned(w, turns * r).roll(roll * r, 2)
            if summed:
                joined = kernel.flatten(1, 2), f.flatten(0, 1)
                planes.append(F.conv2d(joined[1][None], joined[0]).squeeze(0))
            else:
                planes.append(F.conv2d(f[:, r][None], kernel[:, :, r])[0])
        return torch.stack(planes, 1)

    return answer


GROUP_CONV = Function(
    id="group_equivariance.group_conv",
    title="The group convolution",
    signature="group_conv(f, w)",
    oracle=_group_conv(),
    cases=lambda: [
        (whole(1, 4, 1, 1), whole(1, 1, 4, 1, 1)),
        (whole(1, 4, 2, 2), whole(1, 1, 4, 2, 2)),
        (whole(2, 4, 3, 3), whole(3, 2, 4, 2, 2)),
        (real(2, 4, 4, 5), real(1, 2, 4, 3, 3)),
    ],
    hints=(
        "Output plane r is a sum over the input channels and over all four input planes.",
        "For plane r, the kernel is moved by r as a map over the group is: "
        "its pixels turn, and its planes change places.",
        "For one r: turn and roll w, join channels and planes of both, and correlate once.",
    ),
    misconceptions=(
        Misconception(
            "planes not rolled",
            "The kernel is turned, but its planes still meet the input planes of pose 0.",
            _group_conv(roll=0),
        ),
        Misconception(
            "rolled the other way",
            "In output plane 1, kernel plane 0 meets input plane 1. Yours meets plane 3.",
            _group_conv(roll=-1),
        ),
        Misconception(
            "planes rolled, pixels left",
            "The planes change places, but the pixels of each have to turn as well.",
            _group_conv(turns=0),
        ),
        Misconception(
            "turned clockwise",
            "The kernel's pixels turn counterclockwise, by r right angles for plane r.",
            _group_conv(turns=-1),
        ),
        Misconception(
            "each plane by itself",
            "Every output plane sums over all input planes: "
            "only so can it compare poses of different parts.",
            _group_conv(summed=False),
        ),
    ),
    insight="One line of rolling is the difference between a p4 network and four planar ones.",
)


def _mirrored(shift: int = 0, circle: bool = True, rows: bool = False) -> Callable:
    def answer(x: Tensor, c: int) -> Tensor:
        if not circle:
            return x.flip(0 if rows else 1)
        axis = 0 if rows else 1
        places = (2 * c + shift - torch.arange(x.shape[axis])) % x.shape[axis]
        return x.index_select(axis, places)

    return answer


MIRROR = Function(
    id="group_equivariance.mirror",
    title="A mirror with a centre",
    signature="mirror(x, c)",
    oracle=lambda x, c: x.flip(1).roll(2 * c + 1, 1),
    cases=lambda: [
        (whole(1, 3), 0),
        (whole(2, 3), 1),
        (whole(2, 4), 0),
        (whole(3, 5), 1),
        (whole(4, 6), 4),
        (whole(5, 4), 3),
    ],
    hints=(
        "Column c stays. Its left neighbour and its right neighbour change places.",
        "Column c + d goes to column c - d. Which column of x is seen in column j?",
        "On a circle of W columns, count modulo W.",
    ),
    misconceptions=(
        Misconception(
            "mirrored about the middle",
            "`flip` mirrors about the middle of the picture. Column c has to stay where it is.",
            _mirrored(circle=False),
        ),
        Misconception(
            "centre between two columns",
            "Your mirror stands half a column to the right of c: column c goes to c + 1.",
            _mirrored(shift=1),
        ),
        Misconception(
            "centre half a column to the left",
            "Your mirror stands half a column to the left of c: column c goes to c - 1.",
            _mirrored(shift=-1),
        ),
        Misconception(
            "rows mirrored",
            "Left and right change places, so columns are moved, not rows.",
            _mirrored(rows=True),
        ),
    ),
    insight="Two mirrors with centres one column apart differ by a shift of two columns.",
)

ORBITS = Number(
    id="group_equivariance.orbits",
    title="A kernel that turns and mirrors cannot change",
    value=10,
    hints=(
        "Places that a turn or a mirror leads to each other carry one weight.",
        "Take one eighth of the square: from the centre to the edge, up to the diagonal.",
        "From ring to ring, from the inside: how many kinds of places has each?",
    ),
    misconceptions=(
        Misconception(
            "turns only",
            "That is for the turns alone. Mirrors join further places.",
            13,
        ),
        Misconception(
            "mirrors left to right and up and down only",
            "That is for the two straight mirrors. A quarter turn also exchanges rows and columns.",
            16,
        ),
        Misconception(
            "kernel of 5×5",
            "That is right for 5×5. Here is one ring more.",
            6,
        ),
        Misconception(
            "divided by eight",
            "Places on a mirror line have fewer than eight partners, and the centre has none.",
            7,
        ),
        Misconception(
            "one weight for a distance of rings",
            "Corner and middle of an edge lie in one ring, but no turn or mirror joins them.",
            4,
        ),
    ),
    insight="Of 49 weights 10 are left: too high a price, so networks lift to the group instead.",
)

WEIGHTS = Formula(
    id="group_equivariance.weights",
    title="The weights of two layers",
    signature="weights(c, K, k)",
    oracle=lambda c, K, k: sum(K * inputs * k**2 for inputs in (c, 4 * K)),
    cases=lambda: [
        (1, 1, 1),
        (3, 8, 3),
        *[(integer(1, 4), integer(2, 20), integer(1, 5)) for _ in range(4)],
    ],
    hints=(
        "The four copies of a kernel are computed from it. They are no weights.",
        "A kernel of the first layer has pixels only. One of the second has pixels and planes.",
        "Count for each layer: outputs, times inputs, times values of one kernel.",
    ),
    misconceptions=(
        Misconception(
            "copies counted",
            "The turned copies share their values: each kernel counts once.",
            lambda c, K, k: 4 * c * K * k**2 + 16 * K**2 * k**2,
        ),
        Misconception(
            "planes of the second kernel forgotten",
            "A kernel of the second layer reads four planes of every channel, "
            "with values of its own for each.",
            lambda c, K, k: c * K * k**2 + K**2 * k**2,
        ),
        Misconception(
            "planes in the first layer, too",
            "The picture has no planes yet: a kernel of the lifting layer has pixels only.",
            lambda c, K, k: 4 * c * K * k**2 + 4 * K**2 * k**2,
        ),
        Misconception(
            "biases counted",
            "The layers have no bias here.",
            lambda c, K, k: c * K * k**2 + 4 * K**2 * k**2 + 2 * K,
        ),
    ),
    insight="At half the channels of a planar network, p4 has as many weights.",
)

WORK = Number(
    id="group_equivariance.work",
    title="As many weights, as much work?",
    value=8,
    hints=(
        "How many channels K has the p4m layer, if 8 K² is to be C²?",
        "It has 8 K output maps, each a sum over 8 K input maps.",
    ),
    misconceptions=(
        Misconception(
            "same weights, same work",
            "Every weight is used in eight poses, so it is multiplied more often.",
            1,
        ),
        Misconception(
            "squared",
            "At the same number of channels the work would be 64-fold. "
            "At the same number of weights there are fewer channels.",
            64,
        ),
        Misconception(
            "memory instead of work",
            "That is by how much the feature maps grow. Each of them sums over more maps, too.",
            8**0.5,
        ),
        Misconception(
            "p4 instead of p4m",
            "p4 has four elements. With mirrors there are eight.",
            4,
        ),
    ),
    insight="Say at equal what: at equal work, p4m has an eighth of the weights instead.",
)

SIZE = Number(
    id="group_equivariance.size",
    title="Choose a size",
    value=41,
    hints=(
        "One halving is exact if the last window ends with the padded picture: which n are that?",
        "The second halving sees (n + 1) / 2 pixels, and asks the same of them.",
        "Subtract 1: each halving divides n - 1 by two, and has to leave no rest.",
    ),
    misconceptions=(
        Misconception(
            "multiple of eight",
            "With an odd kernel and padding on both sides, an even side leaves a row over.",
            40,
        ),
        Misconception(
            "first halving only",
            "The first halving is exact, but it hands an even side to the second.",
            35,
        ),
        Misconception(
            "two halvings only",
            "The first two are exact, and the third gets an even side.",
            37,
        ),
        Misconception(
            "below the limit",
            "That size is right, but it is smaller than asked for.",
            33,
        ),
        Misconception(
            "power of two",
            "Powers of two are even, and 3×3 windows at stride 2 leave a row of an even side over.",
            64,
        ),
    ),
    insight="One more than a multiple of 2 to the number of halvings: 225 for a ResNet, not 224.",
)

NOT_SQUARE = Choice(
    id="group_equivariance.not_square",
    title="A picture that is not square",
    options="abcd",
    reasons="1234",
    correct=("b", 2),
    hints=(
        "A counterclockwise turn makes the last column the first row: one axis changes its sense.",
        "Which axis is read backwards, and does a row or column stay behind its last window?",
    ),
    misconceptions=(
        Misconception(
            "squares thought necessary",
            "A turned 30×33 picture has 33×30 pixels, and so has the turned output. "
            "Both can be compared.",
            ("a", 1),
        ),
        Misconception(
            "even side blamed for both",
            "The even side is read forwards in one of the two turns. There it does no harm.",
            "a",
        ),
        Misconception(
            "axes exchanged",
            "Write down `rot90` for 2×3 pixels: which axis is read backwards?",
            "c",
        ),
        Misconception(
            "stride overlooked",
            "At stride 1 that would be so. At stride 2 windows may be left over.",
            "d",
        ),
        Misconception(
            "right turn, wrong ground",
            "The turn is right. Padding with zeros reads zero in both; "
            "ask which windows there are.",
            ("b", 4),
        ),
    ),
    insight="A test with one sense of turning is blind for one axis.",
)

NORM = Choice(
    id="group_equivariance.norm",
    title="Equivariant before training, not after",
    options="abcd",
    reasons="1234",
    correct=("c", 3),
    hints=(
        "What differs between the planes of a channel after training, and not before?",
        "Which layers of the list own a number for every plane?",
    ),
    misconceptions=(
        Misconception(
            "rounding blamed",
            "Rounding errors are 1e-7 of the values and do not grow with training to 0.3.",
            "a",
        ),
        Misconception(
            "stride blamed",
            "A stride of 2 at an even size breaks the symmetry before training as well.",
            "b",
        ),
        Misconception(
            "upright training blamed",
            "A layer that is equivariant for all weights cannot unlearn it, whatever it is shown.",
            "d",
        ),
        Misconception(
            "layer found, ground not",
            "Normalising does no harm: with one mean for all planes it would stay equivariant.",
            ("c", 4),
        ),
    ),
    insight="Test equivariance with random norms, or after training: fresh ones hide this mistake.",
)

POSE = Number(
    id="group_equivariance.pose",
    title="Which way is up?",
    value=12.5,
    unit="percent",
    hints=(
        "What does the network answer to the eight poses of one picture?",
        "Of eight equal answers to eight different questions, how many are right?",
    ),
    misconceptions=(
        Misconception(
            "turns only",
            "Mirrored poses are classes of their own here: there are eight.",
            25,
        ),
        Misconception(
            "upright always right",
            "It may well be right on upright pictures. How many of all pictures are those?",
            100,
        ),
        Misconception(
            "two answers thought possible",
            "Mirrored pictures get the same answer, too.",
            50,
        ),
        Misconception(
            "never right",
            "Its one answer is some pose, and one of the eight pictures has it.",
            0,
        ),
    ),
    insight="Not a question of training: no invariant network can do better, or worse.",
)

POOLED_EARLY = Choice(
    id="group_equivariance.pooled_early",
    title="Pooled too early",
    options="abcd",
    reasons="1234",
    correct=("b", 3),
    hints=(
        "A mean over planes is linear: move it into the kernel.",
        "What is the mean of the four poses of the kernel?",
    ),
    misconceptions=(
        Misconception(
            "planes thought to survive",
            "After the mean there is one map a channel. Which kernel would give it at once?",
            "a",
        ),
        Misconception(
            "everything thought lost",
            "That happens if the four poses add up to zero, as for an edge. Not for every kernel.",
            ("c", 2),
        ),
        Misconception(
            "equivariance thought lost",
            "The result turns along with the picture. What is lost is something else.",
            "d",
        ),
        Misconception(
            "counted, not explained",
            "Three are right. But why are not nine left, as before the mean?",
            ("b", 4),
        ),
    ),
    insight="Keep the planes while parts are put together, and pool when the pose is not needed.",
)

FORTY_FIVE = Choice(
    id="group_equivariance.forty_five",
    title="Half a quarter turn",
    options="abcd",
    reasons="1234",
    correct=("d", 4),
    hints=(
        "Which angles occur in the definition of p4?",
        "Does a property at 0° and at 90° bound anything at 45°?",
    ),
    misconceptions=(
        Misconception(
            "averaged between neighbours",
            "Nothing makes the answer a mean of those at 0° and 90°, which are equal anyway.",
            "a",
        ),
        Misconception(
            "p4 thought to know eight angles",
            "p4 has four turns. Eight would need kernels turned by 45°, which pixels do not have.",
            "b",
        ),
        Misconception(
            "error thought to be that of interpolation",
            "Scenes turned without interpolation change the answers of p4 layers, too.",
            "c",
        ),
        Misconception(
            "right, but for lack of data",
            "Training could help, and it is not what the theorem speaks of.",
            ("d", 2),
        ),
    ),
    insight="A guarantee at four angles, and no statement about any other.",
)

HARMONIC = Number(
    id="group_equivariance.harmonic",
    title="From order to order",
    value=-3,
    hints=(
        "The output has to gain the phase that the input lacks.",
        "Input order plus filter order is output order.",
    ),
    misconceptions=(
        Misconception(
            "sign turned round",
            "With that filter the orders would add up to 5.",
            3,
        ),
        Misconception(
            "order of the output",
            "That would be the filter for an input that does not change its phase, "
            "such as a picture.",
            -1,
        ),
        Misconception(
            "orders added",
            "Ask what has to be added to the order of the input.",
            1,
        ),
    ),
    insight="A negative order is the conjugate filter: it takes phase away.",
)

SETS = Number(
    id="group_equivariance.sets",
    title="A layer for sets",
    value=28,
    hints=(
        "For one channel in and one out: "
        "which pairs of places can a permutation lead to each other?",
        "There are two kinds of pairs. And what does a bias look like that no permutation changes?",
        "Two weights for each pair of channels, one bias for each output channel.",
    ),
    misconceptions=(
        Misconception(
            "bias forgotten",
            "A bias that is equal at all places commutes with permutations: count it, too.",
            24,
        ),
        Misconception(
            "one weight for each pair of channels",
            "A place may treat itself and the sum over all differently: two weights.",
            16,
        ),
        Misconception(
            "dense layer",
            "A dense layer has a weight for every pair of places. Here most of them are equal.",
            10 * 10 * 3 * 4 + 40,
        ),
        Misconception(
            "circular convolution",
            "That is a layer for rings. A set has more symmetries, so it has fewer weights.",
            10 * 3 * 4 + 4,
        ),
        Misconception(
            "bias for each place",
            "A bias that differs between places does not commute with permutations.",
            64,
        ),
    ),
    insight="The number of places does not occur: one layer works for sets of any size.",
)


def _graph(
    own: bool = True, around: bool = True, mean: bool = False, swapped: bool = False
) -> Callable:
    def answer(A: Tensor, X: Tensor, W0: Tensor, W1: Tensor) -> Tensor:
        if swapped:
            W0, W1 = W1, W0
        sums = A @ X
        if mean:
            sums = sums / A.sum(1, keepdim=True).clamp(min=1)
        return own * (X @ W0) + around * (sums @ W1)

    return answer


def _graph_oracle(A: Tensor, X: Tensor, W0: Tensor, W1: Tensor) -> Tensor:
    rows = []
    for i in range(len(X)):
        neighbours = [X[j] for j in range(len(X)) if A[i, j]]
        rows.append(X[i] @ W0 + sum(neighbours, torch.zeros_like(X[i])) @ W1)
    return torch.stack(rows)


def _adjacency(n: int) -> Tensor:
    upper = torch.randint(0, 2, (n, n)).triu(1).double()
    upper[0, 1:] = 1  # some node has several neighbours
    return upper + upper.T


GRAPH = Function(
    id="group_equivariance.graph",
    title="A convolution on a graph",
    signature="graph_layer(A, X, W0, W1)",
    oracle=_graph_oracle,
    cases=lambda: [
        (_adjacency(2), whole(2, 1), whole(1, 1), whole(1, 1)),
        (_adjacency(3), whole(3, 1), whole(1, 1), whole(1, 1)),
        (_adjacency(4), whole(4, 2), whole(2, 3), whole(2, 3)),
        (_adjacency(6), real(6, 3), real(3, 3), real(3, 3)),
    ],
    hints=(
        "Row i of `A @ X` is a sum over certain rows of X. Over which?",
        "A node itself is no neighbour of itself: it has weights of its own.",
    ),
    misconceptions=(
        Misconception(
            "node itself forgotten",
            "A node's own values count as well, with the weights W0.",
            _graph(own=False),
        ),
        Misconception(
            "neighbours forgotten",
            "Without the neighbours every node is alone, and the graph plays no part.",
            _graph(around=False),
        ),
        Misconception(
            "mean instead of sum",
            "That divides by the number of neighbours. Here they are added.",
            _graph(mean=True),
        ),
        Misconception(
            "weights exchanged",
            "W0 is for the node itself, W1 for the sum over its neighbours.",
            _graph(swapped=True),
        ),
    ),
    insight="Numbering the nodes anew permutes the result: no other order exists than the edges.",
)

ORBIT_PROOF = Proof(
    id="group_equivariance.orbit_proof",
    title="Weights are orbits",
    needs={"A": "", "B": "", "C": "AB", "D": "A", "E": "CD", "F": "E"},
    superfluous="G",
    hints=(
        "Begin with what k is, and with what a group element does to one bright pixel.",
        "Both sides of equivariance are computed for a bright pixel before they are compared.",
        "One of the steps would need a group whose elements change places.",
    ),
    misconceptions=(
        Misconception(
            "result first",
            "That the weights are equal along orbits is what is to be shown. It comes last.",
            "FEABCD",
        ),
        Misconception(
            "compared before computed",
            "Compute both sides first, then set them equal.",
            "ABECDF",
        ),
        Misconception(
            "commuting group used",
            "p4 does not commute, and the theorem holds for it. Which step does without?",
            "ABGCDEF",
        ),
    ),
    insight="Chapter 4's proof, with another word for moving.",
)

EXERCISES = (
    COMPOSE,
    MIRROR,
    ORBIT_PROOF,
    ORBITS,
    ACTION,
    LIFT,
    GROUP_CONV,
    NORM,
    WEIGHTS,
    WORK,
    POOLED_EARLY,
    POSE,
    SIZE,
    NOT_SQUARE,
    FORTY_FIVE,
    HARMONIC,
    SETS,
    GRAPH,
)
