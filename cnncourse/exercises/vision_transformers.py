"""Exercises of chapter 16: patches, attention, what it cannot know, what it costs."""

from __future__ import annotations

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

NUMBER = 16
TITLE = "Vision transformers"

TOKENS = Number(
    id="vision_transformers.tokens",
    title="How many tokens?",
    value=577,
    unit="tokens",
    hints=(
        "How many patches fit along one side, and how many into the image?",
        "Does the network read its scores from a patch?",
    ),
    misconceptions=(
        Misconception(
            "class token forgotten",
            "These are the patches. From which token does the head read its scores?",
            576,
        ),
        Misconception("one side only", "So many patches stand in one row. And how many rows?", 24),
        Misconception(
            "class token added to a side",
            "The class token is one token, not a row and a column of them.",
            625,
        ),
        Misconception(
            "pixels counted",
            "A token stands for a patch of 16 by 16 pixels, not for one pixel.",
            147456,
        ),
    ),
    insight="A table of positions belongs to one size: 197 rows do not fit 577 tokens.",
)


def _patches(x: Tensor, size: int) -> Tensor:
    return F.unfold(x, size, stride=size).mT


PATCHES = Function(
    id="vision_transformers.patches",
    title="Cut into patches",
    signature="patches(x, size)",
    oracle=_patches,
    cases=lambda: [
        (whole(1, 1, 4, 4), 2),
        (whole(1, 2, 2, 4), 2),
        (whole(2, 3, 6, 9), 3),
        (whole(2, 2, 8, 4), 4),
    ],
    forbidden=("unfold", "im2col"),
    hints=(
        "Split the rows into (patch, row inside) and the columns likewise: six axes in all.",
        "Bring the two axes that count patches to the front, then channel, row, column.",
        "Only now may axes be joined: the two of the patches, and the last three.",
    ),
    misconceptions=(
        Misconception(
            "scrambled by view",
            "A row of yours holds pixels that follow one another in memory, not those of a patch.",
            lambda x, size: x.reshape(len(x), -1, x.shape[1] * size * size),
        ),
        Misconception(
            "channels last",
            "The pixels are right, in the order row, column, channel. Asked: channel, row, column.",
            lambda x, size: (
                _patches(x, size).unflatten(2, (x.shape[1], -1)).transpose(2, 3).flatten(2)
            ),
        ),
        Misconception(
            "patches column by column",
            "The patches are right, but they are to be listed row by row.",
            lambda x, size: (
                _patches(x, size)
                .unflatten(1, (x.shape[2] // size, -1))
                .transpose(1, 2)
                .flatten(1, 2)
            ),
        ),
        Misconception(
            "one patch per column",
            "The two last axes have changed places: asked is one patch a row.",
            lambda x, size: _patches(x, size).mT,
        ),
    ),
    insight="Reshaping never exchanges axes; whoever needs that must permute in between.",
)


def _kernel(E: Tensor, channels: int, size: int) -> Tensor:
    kernel = torch.empty(len(E), channels, size, size, dtype=E.dtype)
    for c in range(channels):
        for a in range(size):
            for b in range(size):
                kernel[:, c, a, b] = E[:, (a * size + b) * channels + c]
    return kernel


KERNEL = Function(
    id="vision_transformers.kernel",
    title="A kernel from an embedding",
    signature="kernel_of(E, channels, size)",
    oracle=_kernel,
    cases=lambda: [(whole(1, 8), 2, 2), (whole(3, 27), 3, 3), (whole(2, 32), 2, 4)],
    hints=(
        "Which pixel does column 1 of E belong to, and which channel?",
        "First give each column its three indices, in the order in which they were written.",
        "Then put the axes into the order that a convolution wants.",
    ),
    misconceptions=(
        Misconception(
            "read as channel, row, column",
            "These embeddings were written for pixels in the order row, column, channel.",
            lambda E, channels, size: E.reshape(-1, channels, size, size),
        ),
        Misconception(
            "rows and columns exchanged",
            "Rows and columns have changed places: the kernel is transposed.",
            lambda E, channels, size: _kernel(E, channels, size).mT,
        ),
        Misconception(
            "kernel flipped",
            "A convolution of this course does not flip: the first weight meets the first pixel.",
            lambda E, channels, size: _kernel(E, channels, size).flip(2, 3),
        ),
    ),
    insight="The same numbers in another order: a checkpoint's order is part of its format.",
)


def _embed(x: Tensor, w: Tensor) -> Tensor:
    return _patches(x, w.shape[2]) @ w.flatten(1).mT


EMBED = Function(
    id="vision_transformers.embed",
    title="Tokens from a kernel",
    signature="embed(x, w)",
    oracle=_embed,
    cases=lambda: [
        (whole(1, 1, 4, 2), whole(2, 1, 2, 2)),
        (whole(2, 2, 4, 6), whole(3, 2, 2, 2)),
        (whole(1, 3, 3, 9), whole(4, 3, 3, 3)),
    ],
    hints=(
        "With which stride do the windows of a convolution neither overlap nor leave a gap?",
        "The convolution gives maps: channels first, then rows and columns.",
        "Join rows and columns to one axis, then let it change places with the channels.",
    ),
    misconceptions=(
        Misconception(
            "stride forgotten",
            "Patches do not overlap: the window moves by its own size.",
            lambda x, w: F.conv2d(x, w).flatten(2).mT,
        ),
        Misconception(
            "channels before tokens",
            "The numbers are right. Asked is one token a row; yours has one channel a row.",
            lambda x, w: F.conv2d(x, w, stride=w.shape[2]).flatten(2),
        ),
        Misconception(
            "viewed instead of transposed",
            "A view to the wanted shape mixes channels and tokens: two axes must change places.",
            lambda x, w: F.conv2d(x, w, stride=w.shape[2]).reshape(len(x), -1, len(w)),
        ),
        Misconception(
            "tokens column by column",
            "The tokens are right, but they are to be listed row by row.",
            lambda x, w: F.conv2d(x, w, stride=w.shape[2]).mT.flatten(2).mT,
        ),
        Misconception(
            "kernel flipped",
            "Nothing is flipped here: the first weight meets the first pixel of the patch.",
            lambda x, w: _embed(x, w.flip(2, 3)),
        ),
    ),
    insight="One map, two ways to write it; a convolution needs no copy of the patches.",
)


def _ready(patches: Tensor, class_token: Tensor, positions: Tensor) -> Tensor:
    out = torch.empty(len(patches), *positions.shape, dtype=patches.dtype)
    out[:, 0] = class_token + positions[0]
    for t in range(1, len(positions)):
        out[:, t] = patches[:, t - 1] + positions[t]
    return out


def _first(patches: Tensor, class_token: Tensor) -> Tensor:
    return class_token[None, None].repeat(len(patches), 1, 1)


CLASS_TOKEN = Function(
    id="vision_transformers.class_token",
    title="Ready for the blocks",
    signature="ready(patches, class_token, positions)",
    oracle=_ready,
    cases=lambda: [
        (whole(1, 2, 2), whole(2), whole(3, 2)),
        (whole(2, 3, 4), whole(4), whole(4, 4)),
        (whole(3, 5, 2), whole(2), whole(6, 2)),
    ],
    hints=(
        "How many rows has the table of positions, and how many patches are there?",
        "First make the class token as many times as there are images.",
        "Join along the axis of the tokens, then add the table to all of it.",
    ),
    misconceptions=(
        Misconception(
            "class token behind",
            "The class token belongs in front: row 0 is where the head will look for it.",
            lambda p, c, s: torch.cat([p, _first(p, c)], 1) + s,
        ),
        Misconception(
            "class token without a position",
            "The class token has a vector in the table, too: row 0.",
            lambda p, c, s: torch.cat([_first(p, c), p + s[1:]], 1),
        ),
        Misconception(
            "positions added too early",
            "Row 0 of the table belongs to the class token; you gave it to the first patch.",
            lambda p, c, s: torch.cat([_first(p, c), p + s[:-1]], 1),
        ),
        Misconception(
            "class token left out",
            "These are the patches with their positions. Where is the class token?",
            lambda p, c, s: p + s[1:],
        ),
        Misconception(
            "positions left out",
            "The class token is in front. What tells the blocks where a patch lies?",
            lambda p, c, s: torch.cat([_first(p, c), p], 1),
        ),
    ),
    insight="The class token's row of the table could be merged into the token: both are learnt.",
)


def _attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    rows = []
    for query in q:
        scores = torch.stack([(query * key).sum() for key in k]) / q.shape[1] ** 0.5
        weights = scores.softmax(0)
        rows.append((weights[:, None] * v).sum(0))
    return torch.stack(rows)


ATTENTION = Function(
    id="vision_transformers.attention",
    title="One head",
    signature="attention(q, k, v)",
    oracle=_attention,
    cases=lambda: [
        (real(2, 3), real(2, 3), real(2, 3)),
        (real(4, 9), real(4, 9), real(4, 2)),
        (real(3, 4), real(5, 4), real(5, 6)),
    ],
    forbidden=("scaled_dot_product_attention", "multi_head_attention_forward"),
    gradients=True,
    hints=(
        "Three steps: scores of all pairs, weights that sum to 1 for each query, weighted means.",
        "The scores are a matrix with one row a query. Along which axis must a row sum to 1?",
        "Divide the scores by the root of the length of a query before the softmax.",
    ),
    misconceptions=(
        Misconception(
            "softmax over the queries",
            "Each query spreads a weight of 1 over the keys; yours lets each key do that.",
            lambda q, k, v: torch.softmax(q @ k.mT / q.shape[1] ** 0.5, 0) @ v,
        ),
        Misconception(
            "no scale",
            "The scores are not divided by the root of the length of a query.",
            lambda q, k, v: torch.softmax(q @ k.mT, 1) @ v,
        ),
        Misconception(
            "divided by the length itself",
            "The variance is to become 1, so the scores are divided by a root.",
            lambda q, k, v: torch.softmax(q @ k.mT / q.shape[1], 1) @ v,
        ),
        Misconception(
            "divided by the length of a value",
            "The scores are products of queries and keys: their length counts, not the values'.",
            lambda q, k, v: torch.softmax(q @ k.mT / v.shape[1] ** 0.5, 1) @ v,
        ),
        Misconception(
            "scaled after the softmax",
            "Divided after the softmax, the weights of a query no longer sum to 1.",
            lambda q, k, v: torch.softmax(q @ k.mT, 1) / q.shape[1] ** 0.5 @ v,
        ),
    ),
    insight="Queries and keys may come from two sets of tokens: then it is cross-attention.",
)


def _heads(x: Tensor, heads: int) -> Tensor:
    d = x.shape[2] // heads
    return torch.stack([x[:, :, h * d : (h + 1) * d] for h in range(heads)], dim=1)


HEADS = Function(
    id="vision_transformers.heads",
    title="Split into heads",
    signature="split_heads(x, heads)",
    oracle=_heads,
    cases=lambda: [(whole(1, 2, 4), 2), (whole(2, 3, 6), 3), (whole(2, 5, 8), 2)],
    loops=False,
    hints=(
        "Split the last axis, and leave tokens with their channels.",
        "Then the axis of heads has to change its place.",
    ),
    misconceptions=(
        Misconception(
            "cut by view",
            "A view to the wanted shape mixes tokens: a head must hold a part of each token.",
            lambda x, heads: x.reshape(len(x), heads, x.shape[1], -1),
        ),
        Misconception(
            "channels dealt out",
            "A head takes channels that stand side by side; yours takes one here and one there.",
            lambda x, heads: x.unflatten(2, (-1, heads)).permute(0, 3, 1, 2),
        ),
        Misconception(
            "heads behind the tokens",
            "The heads are there, but stand behind the tokens: each should be a batch of its own.",
            lambda x, heads: x.unflatten(2, (heads, -1)),
        ),
    ),
    insight="A view cuts memory, a transposition exchanges axes: heads need both.",
)

SCALE = Choice(
    id="vision_transformers.scale",
    title="Divided by the wrong dimension",
    options="abc",
    reasons="1234",
    correct=("a", 2),
    hints=(
        "What is the variance of a score after the division?",
        "Scores that lie close together: what does softmax make of them?",
    ),
    misconceptions=(
        Misconception(
            "scale turned round",
            "A larger divisor makes the scores smaller. Which weights do equal scores have?",
            "b",
        ),
        Misconception(
            "thought not to matter",
            "Softmax does not mind a number added to all scores. A factor is another matter.",
            "c",
        ),
        Misconception(
            "right, but the variance is not one",
            "A head has d channels: the score is a sum of d products, not of D.",
            ("a", 1),
        ),
    ),
    insight="The two agree for a single head, which is why tests with one head do not see it.",
)

PERMUTATION_PROOF = Proof(
    id="vision_transformers.permutation_proof",
    title="Attention commutes with permutations: order the proof",
    needs={"A": "", "B": "A", "C": "B", "D": "AC", "E": "D"},
    superfluous="F",
    hints=(
        "What becomes of queries, keys and values when the tokens are permuted?",
        "Scores come before weights, and weights before outputs.",
    ),
    misconceptions=(
        Misconception(
            "conclusion before its steps",
            "The conclusion stands before what it follows from.",
            "EABCD",
        ),
        Misconception(
            "weights before scores",
            "Softmax is applied to the scores: first say what becomes of these.",
            "ACBDE",
        ),
        Misconception(
            "positions slipped in",
            "With positions that stay where they are, the statement is false.",
            "AFBCDE",
        ),
    ),
    insight="Softmax asks nothing about order; squares divided by their sum would do as well.",
)

SHUFFLED = Choice(
    id="vision_transformers.shuffled",
    title="A heap of patches",
    options="abcd",
    reasons="1234",
    correct=("b", 3),
    hints=(
        "What does the class token see of the order of the other tokens?",
        "Which permutations of all tokens leave the class token in its row?",
    ),
    misconceptions=(
        Misconception(
            "shuffling thought to hurt",
            "Where would the order of the patches enter? Look for the place in the formulas.",
            "a",
        ),
        Misconception(
            "only close to each other",
            "Compute it in float64: what remains is rounding.",
            "c",
        ),
        Misconception(
            "equality thought to come from training",
            "The statement holds for any weights, fresh ones as well.",
            "d",
        ),
        Misconception(
            "right, but the tokens do change",
            "Each token follows its patch to another row. Only the class token stays where it is.",
            ("b", 1),
        ),
    ),
    insight="So strong an assumption is no lack of bias; where arrangement matters it is the wrong one.",
)

LATE = Choice(
    id="vision_transformers.late",
    title="Positions, but too late",
    options="abc",
    reasons="1234",
    correct=("b", 1),
    hints=(
        "Which layers mix tokens, and do they come before or after the addition?",
        "What is added to the row that the head reads?",
    ),
    misconceptions=(
        Misconception(
            "thought to be in time",
            "By which layer would a patch's place still reach the class token?",
            "a",
        ),
        Misconception(
            "all rows thought to matter",
            "Nothing mixes the rows after the addition: what do the other rows' vectors change?",
            "c",
        ),
        Misconception(
            "right, but attention does see positions",
            "Added in front of the blocks the vectors do change the scores. What differs here?",
            ("b", 4),
        ),
    ),
    insight="Added in front of the last block they would matter: one layer that mixes is enough.",
)

COLUMNS = Number(
    id="vision_transformers.columns",
    title="Which column?",
    value=3 / 8,
    tolerance=0.002,
    hints=(
        "Which columns give the same patches, only elsewhere?",
        "How many classes of such columns are there? One answer is right for one column of each.",
    ),
    misconceptions=(
        Misconception(
            "thought to know nothing",
            "It knows something: a shift by less than a patch changes what the patches hold.",
            1 / 8,
        ),
        Misconception(
            "thought to know everything",
            "Shift the object by a whole patch. What changes in the heap of patches?",
            1,
        ),
        Misconception(
            "one over the patch",
            "That is the chance within a class of three. But the classes differ in size.",
            1 / 3,
        ),
    ),
    insight="A circular CNN with strides and a mean at its end meets such a bound as well.",
)

BORDER = Choice(
    id="vision_transformers.border",
    title="Which border?",
    options="abcd",
    reasons="123",
    correct=("c", 2),
    hints=(
        "What does a head attend to whose place lies outside of the grid?",
        "The weights of a row sum to 1: can nothing be attended to?",
    ),
    misconceptions=(
        Misconception(
            "zero border assumed",
            "A zero would need a weight of zero for all tokens, but weights sum to 1.",
            "a",
        ),
        Misconception(
            "joined borders assumed",
            "Distances are those of the plane: the other side is the farthest, not the nearest.",
            "b",
        ),
        Misconception(
            "mirror assumed",
            "Which token has the smallest distance from a place outside of the grid?",
            "d",
        ),
    ),
    insight="With a ring of zero tokens appended the border becomes zero padding.",
)


def _pick(tokens: int, step: int, alpha: float) -> Tensor:
    rows = []
    for q in range(tokens):
        terms = [torch.tensor(-alpha * (p - q - step) ** 2).double() for p in range(tokens)]
        rows.append(torch.stack(terms).softmax(0))
    return torch.stack(rows)


PICK = Function(
    id="vision_transformers.pick",
    title="A head that picks a neighbour",
    signature="pick(tokens, step, alpha)",
    oracle=_pick,
    cases=lambda: [(3, 1, 1.0), (4, -1, 0.5), (6, 2, 0.3), (5, 0, 2.0), (7, -3, 0.2)],
    hints=(
        "Make a table of p - q: one row for each query q, one column for each key p.",
        "The score is largest where p - q equals the step.",
    ),
    misconceptions=(
        Misconception(
            "looks the other way",
            "The token at q + step is wanted; yours finds the one at q - step.",
            lambda tokens, step, alpha: _pick(tokens, -step, alpha),
        ),
        Misconception(
            "softmax over the queries",
            "The weights of each query, a row, have to sum to 1.",
            lambda tokens, step, alpha: torch.tensor(
                [[-alpha * (p - q - step) ** 2 for p in range(tokens)] for q in range(tokens)],
                dtype=torch.float64,
            ).softmax(0),
        ),
        Misconception(
            "not squared",
            "The distance enters with its square.",
            lambda tokens, step, alpha: torch.tensor(
                [[-alpha * abs(p - q - step) for p in range(tokens)] for q in range(tokens)],
                dtype=torch.float64,
            ).softmax(1),
        ),
        Misconception(
            "a plain shift",
            "That is the limit of large alpha. Asked are the weights for the given one.",
            lambda tokens, step, alpha: torch.eye(tokens, dtype=torch.float64)[
                (torch.arange(tokens) + step).clamp(0, tokens - 1)
            ],
        ),
    ),
    insight="At the end of the row all heads that look outward attend to the last token.",
)

WIDTH = Number(
    id="vision_transformers.width",
    title="How wide must the layer be?",
    value=800,
    unit="channels",
    hints=(
        "How many heads does the construction need for a 5×5 kernel?",
        "Through a head of width d goes a matrix of rank d at most.",
        "A tap from 32 to 48 channels: what is its rank?",
    ),
    misconceptions=(
        Misconception(
            "rank of the larger side",
            "A matrix from 32 to 48 channels has rank 32 at most: no head needs to be wider.",
            1200,
        ),
        Misconception(
            "width of one head",
            "So wide is one head. The layer holds all of them side by side.",
            32,
        ),
        Misconception(
            "heads of a 3×3 kernel",
            "One head for each tap, and this kernel has 5 times 5 of them.",
            288,
        ),
        Misconception(
            "one head a row",
            "A head picks one place, not a row of five.",
            160,
        ),
    ),
    insight="The convolution itself has 32 channels: as a special case attention is a wide one.",
)

PARAMETERS = Formula(
    id="vision_transformers.parameters",
    title="The parameters of a block",
    signature="parameters(D, R)",
    oracle=lambda D, R: (4 + 2 * R) * D**2 + (9 + R) * D,
    cases=lambda: [
        (1, 1),
        (2, 3),
        *[(integer(8, 64), integer(1, 6)) for _ in range(6)],
    ],
    hints=(
        "Count layer by layer: two norms, four maps of attention, two of the dense part.",
        "A norm has two numbers a channel, a dense map a bias for each of its outputs.",
        "The dense part has R·D outputs in its first layer and D in its second.",
    ),
    misconceptions=(
        Misconception(
            "biases forgotten",
            "The norms are there. Each of the six maps has biases, too.",
            lambda D, R: (4 + 2 * R) * D**2 + 4 * D,
        ),
        Misconception(
            "norms forgotten",
            "The maps are right. Two norms have learnt scales and shifts as well.",
            lambda D, R: (4 + 2 * R) * D**2 + (5 + R) * D,
        ),
        Misconception(
            "matrices alone",
            "These are the matrices. What else is learnt in a block?",
            lambda D, R: (4 + 2 * R) * D**2,
        ),
        Misconception(
            "last map of attention forgotten",
            "Queries, keys and values are three maps. A fourth mixes the heads.",
            lambda D, R: (3 + 2 * R) * D**2 + (8 + R) * D,
        ),
        Misconception(
            "dense part counted once",
            "The dense part has two layers: it widens and it narrows.",
            lambda D, R: (4 + R) * D**2 + (8 + R) * D,
        ),
    ),
    insight="Neither tokens nor heads occur: a block fits any number of both.",
)

BLOCK_COST = Formula(
    id="vision_transformers.block_cost",
    title="The cost of a block",
    signature="block(T, D, R)",
    oracle=lambda T, D, R: (4 + 2 * R) * T * D**2 + 2 * T**2 * D,
    cases=lambda: [
        (1, 1, 1),
        (2, 3, 4),
        *[(integer(10, 200), integer(16, 64), integer(1, 6)) for _ in range(6)],
    ],
    hints=(
        "Four dense maps of all tokens belong to attention. Which?",
        "Two products have T times T entries on one side.",
        "The dense part widens R times and narrows again.",
    ),
    misconceptions=(
        Misconception(
            "dense part forgotten",
            "This is attention alone. A block has a dense part as well.",
            lambda T, D, R: 4 * T * D**2 + 2 * T**2 * D,
        ),
        Misconception(
            "one of two products with the weights",
            "Scores are one product of T by T entries. What are the weights then used for?",
            lambda T, D, R: (4 + 2 * R) * T * D**2 + T**2 * D,
        ),
        Misconception(
            "last map of attention forgotten",
            "Queries, keys and values are three maps. A fourth mixes the heads.",
            lambda T, D, R: (3 + 2 * R) * T * D**2 + 2 * T**2 * D,
        ),
        Misconception(
            "dense part counted once",
            "The dense part has two layers: it widens and it narrows.",
            lambda T, D, R: (4 + R) * T * D**2 + 2 * T**2 * D,
        ),
    ),
    insight="The number of heads does not occur: they share the channels.",
)

CROSSOVER = Number(
    id="vision_transformers.crossover",
    title="When does the square overtake?",
    value=768,
    unit="pixels",
    hints=(
        "With R = 4 a block costs 12TD² + 2T²D. For which T are both terms equal?",
        "How many patches stand along one side then?",
    ),
    misconceptions=(
        Misconception("tokens named", "So many tokens. How long is a side, in pixels?", 2304),
        Misconception("patches named", "So many patches along a side. And in pixels?", 48),
        Misconception(
            "attention's own maps alone",
            "That is where it overtakes the four maps of attention. A block has a dense part, too.",
            443.4,
        ),
    ),
    insight="Halve the width and the square overtakes at half as many tokens.",
)

WINDOW_COST = Formula(
    id="vision_transformers.window_cost",
    title="Attention in windows",
    signature="windows(T, D, M)",
    oracle=lambda T, D, M: 4 * T * D**2 + 2 * T * M**2 * D,
    cases=lambda: [
        (4, 1, 2),
        (16, 3, 2),
        *[(9 * integer(1, 30), integer(8, 40), 3) for _ in range(3)],
        *[(49 * integer(1, 20), integer(8, 40), 7) for _ in range(3)],
    ],
    hints=(
        "How many windows are there, and how many tokens has each?",
        "Insert the tokens of one window into the cost of attention, times the windows.",
    ),
    misconceptions=(
        Misconception(
            "side taken for the number of tokens",
            "A window of side M holds more than M tokens.",
            lambda T, D, M: 4 * T * D**2 + 2 * T * M * D,
        ),
        Misconception(
            "one window counted",
            "That is one window. How many are there?",
            lambda T, D, M: 4 * M**2 * D**2 + 2 * M**4 * D,
        ),
        Misconception(
            "still quadratic",
            "No token looks at all others any more: only at those of its window.",
            lambda T, D, M: 4 * T * D**2 + 2 * T**2 * D,
        ),
        Misconception(
            "all windows for each token",
            "A window of M² tokens has M⁴ pairs, and there are T/M² windows.",
            lambda T, D, M: 4 * T * D**2 + 2 * T * M**4 * D,
        ),
    ),
    insight="Linear in T, as a convolution is: 2M² plays the part of its kernel's k².",
)


def _grn(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    out = torch.empty_like(x)
    for n in range(len(x)):
        lengths = [x[n, c].square().sum().sqrt() for c in range(x.shape[1])]
        mean = sum(lengths) / len(lengths)
        for c, length in enumerate(lengths):
            out[n, c] = x[n, c] + gamma[c] * x[n, c] * length / mean + beta[c]
    return out


def _share(x: Tensor, g: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    return x * g / g.mean(1, keepdim=True) * gamma[:, None, None] + beta[:, None, None]


def _length(x: Tensor) -> Tensor:
    return x.square().sum((2, 3), keepdim=True).sqrt()


GRN = Function(
    id="vision_transformers.grn",
    title="Global response norm",
    signature="respond(x, gamma, beta)",
    oracle=_grn,
    cases=lambda: [
        (real(1, 2, 1, 2), real(2), real(2)),
        (real(2, 3, 4, 5), real(3), real(3)),
        (real(3, 4, 2, 2), real(4), real(4)),
    ],
    hints=(
        "The length of a map is one number for each image and channel.",
        "Divide it by its mean over the channels of the same image.",
        "What stands in front of the answer? The input itself.",
    ),
    misconceptions=(
        Misconception(
            "input not added",
            "The answer is added to the input; yours takes its place.",
            lambda x, gamma, beta: _share(x, _length(x), gamma, beta),
        ),
        Misconception(
            "length squared",
            "The response is a length: the root of the sum of squares.",
            lambda x, gamma, beta: x + _share(x, _length(x) ** 2, gamma, beta),
        ),
        Misconception(
            "statistics of the batch",
            "An image's responses are compared with each other, not with those of other images.",
            lambda x, gamma, beta: (
                x
                + x * _length(x) / _length(x).mean((0, 1)) * gamma[:, None, None]
                + beta[:, None, None]
            ),
        ),
        Misconception(
            "length over the channels",
            "A response belongs to a channel and is taken over all places, not over the channels.",
            lambda x, gamma, beta: (
                x
                + x
                * x.square().sum(1, keepdim=True).sqrt()
                / x.square().sum(1, keepdim=True).sqrt().mean((2, 3), keepdim=True)
                * gamma[:, None, None]
                + beta[:, None, None]
            ),
        ),
    ),
    insight="Nothing is standardised: the name says norm, the layer is a gate.",
)

EXERCISES = (
    TOKENS,
    PATCHES,
    KERNEL,
    EMBED,
    CLASS_TOKEN,
    ATTENTION,
    HEADS,
    SCALE,
    PERMUTATION_PROOF,
    SHUFFLED,
    LATE,
    COLUMNS,
    BORDER,
    PICK,
    WIDTH,
    PARAMETERS,
    BLOCK_COST,
    CROSSOVER,
    WINDOW_COST,
    GRN,
)
