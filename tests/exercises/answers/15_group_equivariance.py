# ruff: noqa
"""Answers to the exercises of chapter 15."""

import numpy as np
import sympy
import torch
import torch.nn.functional as F

from cnncourse.layers.equivariant import P4


# %% group_equivariance.compose
# %% right: by cases
def compose(g, h):
    turns = g[0] - h[0] if g[1] == 1 else g[0] + h[0]
    return [turns % 4, int(g[1] != h[1])]


# %% right: by matrices
def compose(g, h):
    def matrix(turns, mirrored):
        turn = np.linalg.matrix_power(np.array([[0, -1], [1, 0]]), turns)
        return turn @ (np.diag([-1, 1]) if mirrored else np.eye(2, dtype=int))

    both = matrix(*g) @ matrix(*h)
    found = [(t, m) for t in range(4) for m in (0, 1) if (matrix(t, m) == both).all()]
    return found[0]


# %% wrong [mirror does not turn turns around]: sums
lambda g, h: ((g[0] + h[0]) % 4, (g[1] + h[1]) % 2)
# %% wrong [order exchanged]: h first in the formula
lambda g, h: ((h[0] + (-g[0] if h[1] else g[0])) % 4, (g[1] + h[1]) % 2)
# %% wrong [two mirrors kept as one]: or
lambda g, h: ((g[0] + (-h[0] if g[1] else h[0])) % 4, g[1] | h[1])
# %% wrong [not reduced]: no modulo
lambda g, h: (g[0] + (-h[0] if g[1] else h[0]), (g[1] + h[1]) % 2)
# %% group_equivariance.action
# %% right: the library's
lambda f, r: P4.act(f, r, dim=1)


# %% right: plane by plane
def act(f, r):
    planes = [torch.rot90(f[:, (h - r) % 4], r, (1, 2)) for h in range(4)]
    return torch.stack(planes, 1)


# %% right: one turn after the other
def act(f, r):
    for _ in range(r):
        f = f.transpose(2, 3).flip(2)
        f = torch.cat([f[:, 3:], f[:, :3]], dim=1)
    return f


# %% wrong [planes not rolled]: NumPy
lambda f, r: np.rot90(f.numpy(), r, (2, 3)).copy()
# %% wrong [rolled the other way]: plane by plane
lambda f, r: torch.stack([torch.rot90(f[:, (h + r) % 4], r, (1, 2)) for h in range(4)], 1)
# %% wrong [planes rolled, pixels left]: roll alone
lambda f, r: f.roll(r, 1)
# %% wrong [turned clockwise]: the other sense
lambda f, r: torch.rot90(f, r, (3, 2)).roll(r, 1)
# %% wrong [transposed]: rows for columns
lambda f, r: (f.transpose(2, 3) if r % 2 else f.rot90(r, (2, 3))).roll(r, 1)
# %% wrong [channels rolled]: the first axis
lambda f, r: f.rot90(r, (2, 3)).roll(r, 0)
# %% group_equivariance.orbits
# %% right: counted by a computer
len({tuple(sorted((abs(a), abs(b)))) for a in range(-3, 4) for b in range(-3, 4)})
# %% right: a text
"10"
# %% wrong [turns only]: (49 - 1) / 4 + 1
48 / 4 + 1
# %% wrong [mirrors left to right and up and down only]: a quarter of the square
4**2
# %% wrong [kernel of 5×5]: one ring less
1 + 2 + 3
# %% wrong [divided by eight]: rounded up
-(-49 // 8)
# %% wrong [one weight for a distance of rings]: rings
len(range(4))
# %% group_equivariance.weights
# %% right: a text
"c*K*k^2 + 4*K^2*k^2"
# %% right: sympy
c, K, k = sympy.symbols("c K k")
K * k**2 * (c + 4 * K)
# %% wrong [copies counted]: four times
lambda c, K, k: 4 * (c * K + 4 * K * K) * k * k
# %% wrong [planes of the second kernel forgotten]: two planar layers
"k^2 K (c + K)"
# %% wrong [planes in the first layer, too]: both alike
lambda c, K, k: 4 * K * k**2 * (c + K)
# %% wrong [biases counted]: as torch would
lambda c, K, k: c * K * k**2 + K + 4 * K**2 * k**2 + K
# %% group_equivariance.work
# %% right: from channels
(8 * 2) ** 2 / (8 * 2**2)
# %% wrong [same weights, same work]: a text
"1"
# %% wrong [squared]: planes times planes
8 * 8
# %% wrong [memory instead of work]: a root
np.sqrt(8)
# %% wrong [p4 instead of p4m]: four turns
4
# %% group_equivariance.size
# %% right: searched for
next(n for n in range(34, 99) if (n - 1) % 8 == 0)
# %% wrong [multiple of eight]: searched for
next(n for n in range(34, 99) if n % 8 == 0)
# %% wrong [first halving only]: the next odd one
34 + 1
# %% wrong [two halvings only]: 4k + 1
4 * 9 + 1
# %% wrong [below the limit]: 8 · 4 + 1
33
# %% wrong [power of two]: a text
"2**6"
# %% group_equivariance.pose
# %% right: a fraction of a hundred
100 * sympy.Rational(1, 8)
# %% wrong [turns only]: four
100 / 4
# %% wrong [upright always right]: all
100
# %% wrong [two answers thought possible]: half
50.0
# %% wrong [never right]: none
0
# %% group_equivariance.harmonic
# %% right: a text
"-3"
# %% wrong [sign turned round]: 2 + 1
2 + 1
# %% wrong [order of the output]: as for a picture
-1
# %% wrong [orders added]: a sum
2 - 1
# %% group_equivariance.sets
# %% right: written out
sum(2 * 3 + 1 for output in range(4))
# %% wrong [bias forgotten]: pairs of channels
2 * 12
# %% wrong [one weight for each pair of channels]: 1×1
3 * 4 + 4
# %% wrong [dense layer]: all pairs
(10 * 3) * (10 * 4) + 40
# %% wrong [circular convolution]: ten offsets
10 * 12 + 4
# %% wrong [bias for each place]: ten of them
24 + 10 * 4


# %% group_equivariance.graph
# %% right: node by node
def graph_layer(A, X, W0, W1):
    out = []
    for i in range(A.shape[0]):
        around = X[A[i] > 0].sum(0)
        out.append(X[i] @ W0 + around @ W1)
    return torch.stack(out)


# %% right: einsum
lambda A, X, W0, W1: torch.einsum("nc,cd->nd", X, W0) + torch.einsum("nm,mc,cd->nd", A, X, W1)
# %% wrong [node itself forgotten]: neighbours alone
lambda A, X, W0, W1: A @ (X @ W1)
# %% wrong [neighbours forgotten]: 1×1
lambda A, X, W0, W1: X @ W0
# %% wrong [mean instead of sum]: divided by the degree
lambda A, X, W0, W1: X @ W0 + (A / A.sum(1).clamp(min=1)[:, None]) @ X @ W1
# %% wrong [weights exchanged]: W1 first
lambda A, X, W0, W1: X @ W1 + A @ X @ W0
