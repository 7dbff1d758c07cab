# ruff: noqa
"""Answers to the exercises of chapter 08."""

import math
from collections import namedtuple
from fractions import Fraction
from itertools import pairwise

import numpy as np
import sympy
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision


class Four(nn.Module):
    """An Inception module; a subclass gets something wrong."""

    def __init__(self, C, one, r3, three, r5, five, projected):
        super().__init__()
        self.a = nn.Conv2d(C, one, 1)
        self.b = nn.Sequential(nn.Conv2d(C, r3, 1), nn.ReLU(), nn.Conv2d(r3, three, 3, padding=1))
        self.c = nn.Sequential(nn.Conv2d(C, r5, 1), nn.ReLU(), nn.Conv2d(r5, five, 5, padding=2))
        self.d = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(C, projected, 1))

    def forward(self, x):
        return torch.cat([self.a(x), self.b(x), self.c(x), self.d(x)], 1).relu()


def conv(c, d, **settings):
    return nn.Conv2d(c, d, 3, padding=1, **{"bias": False} | settings)


def head(c, classes):
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, classes)]


def vgg(unit, pool=lambda: nn.MaxPool2d(2), head=head):
    """Return a builder of the network from its table, of units given as lists of layers."""

    def build(table, c, classes):
        layers = []
        for n, width in table:
            for _ in range(n):
                layers += unit(c, width)
                c = width
            layers.append(pool())
        return nn.Sequential(*layers, *head(c, classes))

    return build


def unit(c, d):
    return [conv(c, d), nn.BatchNorm2d(d), nn.ReLU()]


# %% classic_architectures.sparse_c3
# %% right: a text with a separator
"90,000"
# %% right: a product in a text
"36 · 25 · 100"
# %% right: a text with its unit
"90000 multiply-accumulates"
# %% right: a difference
96 * 25 * 10**2 - 60 * 25 * 10**2
# %% right: scientific
9e4
# %% right: asked of torch
25 * (6 * 16 - 60) * nn.Conv2d(6, 16, 5)(torch.zeros(1, 6, 14, 14))[0, 0].numel()
# %% wrong [weights instead of work]: a product
36 * 25
# %% wrong [places of the input]: a product
36 * 25 * 196
# %% wrong [cost of the sparse layer]: a text
"150,000"
# %% wrong [cost of the dense layer]: a text
"240 000"
# %% wrong: a share
1 - 60 / 96
# %% wrong: the pairs
36
# %% wrong: ten times too few
9000
# %% wrong: a 3x3 kernel
36 * 9 * 144
# %% wrong: the sum without the last map
(96 - 54) * 2500
# %% wrong: negative
-90_000
# %% wrong [wrong unit]: thousands
90
# %% classic_architectures.third_split
# %% right: a text
"60,522,856"
# %% right: a difference in a text
"60,965,224 - 3·3·128·384"
# %% right: asked of torch
60_965_224 - nn.Conv2d(256, 384, 3).weight.numel() + nn.Conv2d(256, 384, 3, groups=2).weight.numel()
# %% right: two groups of half the channels
60_965_224 - 884_736 + 2 * (128 * 192 * 9)
# %% right: with the unit
"60522856 parameters"
# %% wrong [layer removed]: a difference
60_965_224 - 256 * 384 * 9
# %% wrong [quartered]: a difference
60_965_224 - 884_736 + 128 * 192 * 9
# %% wrong [parameters added]: a sum
60_965_224 + 442_368
# %% wrong [biases halved]: a difference
60_965_224 - (256 * 384 * 9 + 384) // 2
# %% wrong [saving instead of what is left]: half
442_368
# %% wrong: nothing changes
60_965_224
# %% wrong [layer alone]: with its biases
442_368 + 384
# %% wrong: the biases removed
60_522_856 - 384
# %% wrong: rounded
60.5e6
# %% wrong: the one-tower network
61_100_840 - 442_368
# %% classic_architectures.dense_share
# %% right: rounded
96
# %% right: a text with its unit
"95.96 %"
# %% right: percent in words
"95.96 percent"
# %% right: asked of torch
100 * sum(
    p.numel()
    for p in nn.Sequential(
        nn.Linear(9216, 4096), nn.Linear(4096, 4096), nn.Linear(4096, 1000)
    ).parameters()
) / 61_100_840
# %% right: one decimal
95.9
# %% right: a Fraction
Fraction(100 * 58_631_144, 61_100_840)
# %% wrong [first layer alone]: rounded
61.8
# %% wrong [last layer forgotten]: a quotient
100 * (9217 * 4096 + 4097 * 4096) / 61_100_840
# %% wrong [share of the convolutions]: rounded
4.04
# %% wrong [places forgotten]: a quotient
100 * (257 * 4096 + 4097 * 4096 + 4097 * 1000) / 61_100_840
# %% wrong [wrong unit]: a share
0.9596
# %% wrong: rounded too far
95
# %% wrong: rounded to a ten
100
# %% wrong: the count
58_631_144
# %% wrong: a guess
90
# %% classic_architectures.stack_weights
# %% right: a text
"k²(CM + (n-2)M² + MD)"


# %% right: a loop
def weights(C, M, D, n, k):
    total, inputs = 0, C
    for layer in range(n):
        outputs = D if layer == n - 1 else M
        total += inputs * outputs * k * k
        inputs = outputs
    return total


# %% right: asked of torch
def weights(C, M, D, n, k):
    widths = [C] + [M] * (n - 1) + [D]
    layers = [nn.Conv2d(a, b, k, bias=False) for a, b in zip(widths, widths[1:])]
    return sum(layer.weight.numel() for layer in layers)


# %% right: sympy
C, M, D, n, k = sympy.symbols("C M D n k", positive=True)
weights = sympy.expand(k**2 * M * (C + D + (n - 2) * M))


# %% right: the same names in another order
def weights(k, n, C, D, M):
    return k * k * (C * M + M * D) + (n - 2) * (M * k) ** 2


# %% right: implicit products
"CMk^2 + (n-2)M^2 k^2 + MDk^2"
# %% right: pairs of a list
lambda C, M, D, n, k: sum(a * b for a, b in pairwise([C, *[M] * (n - 1), D])) * k**2


# %% right: a dot product in NumPy
def weights(C, M, D, n, k):
    widths = np.array([C] + [M] * (n - 1) + [D])
    return widths[:-1] @ widths[1:] * k**2


# %% wrong [one layer too many in the middle]: a text
"k^2 (CM + (n-1)M^2 + MD)"
# %% wrong [all layers in the middle]: a text
"k^2 (CM + nM^2 + MD)"


# %% wrong [last width forgotten]: a loop
def weights(C, M, D, n, k):
    total, inputs = 0, C
    for layer in range(n):
        total += inputs * M * k * k
        inputs = M
    return total


# %% wrong [the single large kernel]: a lambda
lambda C, M, D, n, k: C * D * (n * (k - 1) + 1) ** 2
# %% wrong [kernel counted along one axis]: k
lambda C, M, D, n, k: k * M * (C + (n - 2) * M + D)
# %% wrong [biases counted]: a bias for each output
lambda C, M, D, n, k: k * k * M * (C + (n - 2) * M + D) + (n - 1) * M + D
# %% wrong [every layer from C to D]: a product
"n C D k^2"
# %% wrong [every layer from M to M]: a product
"n M^2 k^2"
# %% wrong [two layers counted]: a sum
"k^2 M (C + D)"
# %% wrong: always 3x3
lambda C, M, D, n, k: 9 * M * (C + (n - 2) * M + D)
# %% wrong: powers of M
lambda C, M, D, n, k: k * k * C * M ** (n - 2) * D
# %% wrong: M once
lambda C, M, D, n, k: k * k * (C * M + (n - 2) * M + M * D)
# %% wrong: one layer too few in the middle
lambda C, M, D, n, k: k * k * (C * M + (n - 3) * M * M + M * D)
# %% wrong: brackets
"k^2 C M + (n-2) M^2 + M D"


# %% classic_architectures.widest_middle
# %% right: a loop
def widest(C, D):
    M = 0
    while 9 * (M + 1) * (C + D) < 25 * C * D:
        M += 1
    return M


# %% right: the ceiling minus one
lambda C, D: math.ceil(25 * C * D / (9 * (C + D))) - 1
# %% right: the ceiling of a Fraction
lambda C, D: math.ceil(Fraction(25 * C * D, 9 * C + 9 * D)) - 1


# %% right: floor with a case
def widest(C, D):
    quotient, rest = divmod(25 * C * D, 9 * (C + D))
    return quotient if rest else quotient - 1


# %% right: the largest of a list
lambda C, D: max(M for M in range(25 * min(C, D)) if 9 * C * M + 9 * M * D < 25 * C * D)
# %% right: negative floor division
lambda C, D: -(-25 * C * D // (9 * (C + D))) - 1
# %% right: NumPy
lambda C, D: int(np.ceil(25 * C * D / (9 * (C + D)))) - 1


# %% right: asked of torch for one channel between
def widest(C, D):
    saved = nn.Conv2d(C, D, 5).weight.numel()
    each = nn.Conv2d(C, 1, 3).weight.numel() + nn.Conv2d(1, D, 3).weight.numel()
    return (saved - 1) // each


# %% right: bisection
def widest(C, D):
    low, high = 0, 25 * C * D
    while high - low > 1:
        mid = (low + high) // 2
        low, high = (mid, high) if 9 * mid * (C + D) < 25 * C * D else (low, mid)
    return low


# %% wrong [equal counted as fewer]: floor division
lambda C, D: 25 * C * D // (9 * (C + D))


# %% wrong [equal counted as fewer]: a loop
def widest(C, D):
    M = 0
    while 9 * (M + 1) * (C + D) <= 25 * C * D:
        M += 1
    return M


# %% wrong [not a whole number]: a quotient
lambda C, D: 25 * C * D / (9 * (C + D))


# %% wrong [one step too far]: a loop
def widest(C, D):
    M = 0
    while 9 * M * (C + D) < 25 * C * D:
        M += 1
    return M


# %% wrong [second layer forgotten]: one layer
lambda C, D: (25 * C * D - 1) // (9 * C)
# %% wrong [compared with 7×7]: 49
lambda C, D: (49 * C * D - 1) // (9 * (C + D))
# %% wrong [equal widths assumed]: ceiling
lambda C, D: math.ceil(25 * C / 18) - 1
# %% wrong [equal widths, equal weights]: floor
lambda C, D: int(25 * C / 18)
# %% wrong: rounded
lambda C, D: round(25 * C * D / (9 * (C + D)))
# %% wrong: minus one always
lambda C, D: 25 * C * D // (9 * (C + D)) - 1
# %% wrong: three layers
lambda C, D: (25 * C * D - 1) // (27 * (C + D))
# %% wrong: the smaller width
lambda C, D: min(C, D)
# %% wrong: the mean
lambda C, D: (C + D) // 2
# %% wrong: for the visible example
lambda C, D: 24 if C == D == 18 else 7


# %% endless: the width never changes
def widest(C, D):
    M = 1
    while 9 * M * (C + D) < 25 * C * D:
        pass
    return M


# %% classic_architectures.pointwise
# %% right: einsum
lambda x, weight, bias: torch.einsum("dc,nchw->ndhw", weight, x) + bias[:, None, None]


# %% right: a matrix product
def pointwise(x, weight, bias):
    N, C, H, W = x.shape
    return (weight @ x.reshape(N, C, H * W) + bias[:, None]).view(N, -1, H, W)


# %% right: loops
def pointwise(x, weight, bias):
    N, C, H, W = x.shape
    D = weight.shape[0]
    out = torch.zeros(N, D, H, W, dtype=x.dtype)
    for n in range(N):
        for d in range(D):
            out[n, d] = bias[d]
            for c in range(C):
                out[n, d] += weight[d, c] * x[n, c]
    return out


# %% right: loops into a tensor of the course's dtype
def pointwise(x, weight, bias):
    N, C, H, W = x.shape
    out = torch.zeros(N, len(weight), H, W)
    for i in range(H):
        for j in range(W):
            out[:, :, i, j] = x[:, :, i, j] @ weight.T + bias
    return out


# %% right: broadcasting and a sum
lambda x, weight, bias: (
    (weight[None, :, :, None, None] * x[:, None]).sum(2) + bias.view(1, -1, 1, 1)
)
# %% right: tensordot
lambda x, weight, bias: (
    torch.tensordot(weight, x, dims=([1], [1])).transpose(0, 1) + bias.reshape(-1, 1, 1)
)


# %% right: NumPy
def pointwise(x, weight, bias):
    y = np.tensordot(x.numpy(), weight.numpy(), axes=(1, 1)) + bias.numpy()
    return np.moveaxis(y, -1, 1)


# %% right: a dense layer with these weights
def pointwise(x, weight, bias):
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight.data, layer.bias.data = weight, bias
    return layer(x.movedim(1, 3)).movedim(3, 1)


# %% right: a dense layer with its state loaded
def pointwise(x, weight, bias):
    layer = nn.Linear(*weight.shape[::-1])
    layer.load_state_dict({"weight": weight, "bias": bias})
    return layer(x.float().permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


# %% right: a list of maps
def pointwise(x, weight, bias):
    maps = [
        sum(w * channel for w, channel in zip(row, x.unbind(1))) + b for row, b in zip(weight, bias)
    ]
    return torch.stack(maps, dim=1)


# %% right: a batched product
lambda x, weight, bias: torch.baddbmm(
    bias[None, :, None], weight.expand(len(x), -1, -1), x.flatten(2)
).unflatten(2, x.shape[2:])
# %% right: multiplied from the left in place of the axes
lambda x, weight, bias: (x.transpose(1, -1) @ weight.T + bias).transpose(1, -1)
# %% wrong [bias forgotten]: einsum
lambda x, weight, bias: torch.einsum("dc,nchw->ndhw", weight, x)


# %% wrong [reshaped instead of moved]: reshape twice
def pointwise(x, weight, bias):
    N, C, H, W = x.shape
    return F.linear(x.reshape(N, H, W, C), weight, bias).reshape(N, -1, H, W)


# %% wrong [reshaped on the way back]: permuted, then reshaped
def pointwise(x, weight, bias):
    N, C, H, W = x.shape
    return F.linear(x.permute(0, 2, 3, 1), weight, bias).reshape(N, -1, H, W)


# %% wrong [height and width exchanged]: permuted wrongly
lambda x, weight, bias: F.linear(x.permute(0, 3, 2, 1), weight, bias).permute(0, 3, 1, 2)
# %% wrong [mean over the places]: pooled
lambda x, weight, bias: F.linear(x.mean((2, 3)), weight, bias)[:, :, None, None]
# %% wrong: not moved back
lambda x, weight, bias: F.linear(x.permute(0, 2, 3, 1), weight, bias)
# %% wrong: the bias twice
lambda x, weight, bias: torch.einsum("dc,nchw->ndhw", weight, x) + 2 * bias[:, None, None]
# %% wrong: the bias subtracted
lambda x, weight, bias: torch.einsum("dc,nchw->ndhw", weight, x) - bias[:, None, None]
# %% wrong: the batch is lost
lambda x, weight, bias: (torch.einsum("dc,chw->dhw", weight, x[0]) + bias[:, None, None])[None]
# %% wrong: a ReLU
lambda x, weight, bias: (torch.einsum("dc,nchw->ndhw", weight, x) + bias[:, None, None]).relu()
# %% wrong [whole numbers]: long
lambda x, weight, bias: (torch.einsum("dc,nchw->ndhw", weight, x) + bias[:, None, None]).long()


# %% wrong: one loop short
def pointwise(x, weight, bias):
    N, C, H, W = x.shape
    out = torch.zeros(N, len(weight), H, W)
    for i in range(H - 1):
        for j in range(W - 1):
            out[:, :, i, j] = x[:, :, i, j] @ weight.T + bias
    return out


# %% not allowed: torch's convolution
lambda x, weight, bias: F.conv2d(x, weight[..., None, None], bias)


# %% not allowed: torch's layer
def pointwise(x, weight, bias):
    layer = nn.Conv2d(*weight.shape[::-1], 1).to(x.dtype)
    layer.weight.data, layer.bias.data = weight[:, :, None, None], bias
    return layer(x)


# %% not allowed: a convolution along one axis
lambda x, weight, bias: F.conv1d(x.flatten(2), weight[..., None], bias).view(
    len(x), -1, *x.shape[2:]
)
# %% crashed: axes not moved
lambda x, weight, bias: F.linear(x, weight, bias)
# %% wrong: the bias along the width
lambda x, weight, bias: torch.einsum("dc,nchw->ndhw", weight, x) + bias
# %% wrong [weight transposed]: for F.linear
lambda x, weight, bias: F.linear(x.movedim(1, -1), weight.T, bias).movedim(-1, 1)


# %% not attempted: half done
def pointwise(x, weight, bias):
    vectors = x.permute(0, 2, 3, 1)
    return ...


# %% wrong: transposed where the shape does not tell
lambda x, weight, bias: F.linear(
    x.movedim(1, -1), weight.T if len(weight) == x.shape[1] else weight, bias
).movedim(-1, 1)
# %% wrong [weight transposed]: einsum with exchanged letters
lambda x, weight, bias: torch.einsum("cd,nchw->ndhw", weight, x) + bias[:, None, None]
# %% wrong [channels summed before weighting]: one weight for all
lambda x, weight, bias: torch.einsum("d,nhw->ndhw", weight[:, 0], x.sum(1)) + bias[:, None, None]


# %% wrong [input changed in place]: the channels scaled in place
def pointwise(x, weight, bias):
    x *= 1.0
    x -= x.mean()
    return torch.einsum("dc,nchw->ndhw", weight, x) + bias[:, None, None]


# %% wrong: rounded
lambda x, weight, bias: (torch.einsum("dc,nchw->ndhw", weight, x) + bias[:, None, None]).round()
# %% classic_architectures.inception_macs
# %% right: a text
"304,267,264"
# %% right: row by row
branches = [
    [(256, 128, 1)],
    [(256, 128, 1), (128, 192, 3)],
    [(256, 32, 1), (32, 96, 5)],
    [(256, 64, 1)],
]
28 * 28 * sum(c * d * k * k for branch in branches for c, d, k in branch)
# %% right: a text with powers
"28²·(256·352 + 9·128·192 + 25·32·96)"
# %% right: asked of torch
28**2 * sum(
    nn.Conv2d(c, d, k, device="meta").weight.numel()
    for c, d, k in [
        (256, 128, 1),
        (256, 128, 1),
        (128, 192, 3),
        (256, 32, 1),
        (32, 96, 5),
        (256, 64, 1),
    ]
)
# %% right: with its unit
"304267264 multiply-accumulates"
# %% wrong [bottlenecks forgotten]: a sum
784 * (256 * (128 + 64) + 9 * 128 * 192 + 25 * 32 * 96)
# %% wrong [large kernels on the full map]: a sum
784 * 256 * (128 + 64 + 9 * 192 + 25 * 96)
# %% wrong [weights instead of work]: a text
"388,096"
# %% wrong [projection forgotten]: a sum
784 * (256 * (128 + 128 + 32) + 9 * 128 * 192 + 25 * 32 * 96)
# %% wrong [kernel sides instead of areas]: a sum
784 * (256 * 352 + 3 * 128 * 192 + 5 * 32 * 96)
# %% wrong: operations
2 * 304_267_264
# %% wrong: along one side
28 * 388_096
# %% wrong: rounded
304e6
# %% wrong [wrong unit]: millions
304.267264
# %% wrong: biases counted
304_267_264 + 784 * (128 + 128 + 192 + 32 + 96 + 64)
# %% wrong: a 3x3 in the third branch
784 * (256 * 352 + 9 * 128 * 192 + 9 * 32 * 96)
# %% wrong: the pooling counted
304_267_264 + 784 * 9 * 256


# %% classic_architectures.inception
# %% right: Sequential branches, computed from the last
class Inception(nn.Module):
    def __init__(self, C, one, reduce3, three, reduce5, five, projected):
        super().__init__()
        self.d = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(C, projected, 1), nn.ReLU())
        self.c = nn.Sequential(
            nn.Conv2d(C, reduce5, 1), nn.ReLU(), nn.Conv2d(reduce5, five, 5, padding=2), nn.ReLU()
        )
        self.b = nn.Sequential(
            nn.Conv2d(C, reduce3, 1), nn.ReLU(), nn.Conv2d(reduce3, three, 3, padding=1), nn.ReLU()
        )
        self.a = nn.Sequential(nn.Conv2d(C, one, 1), nn.ReLU())

    def forward(self, x):
        d, c, b, a = self.d(x), self.c(x), self.b(x), self.a(x)
        return torch.cat((a, b, c, d), dim=1)


# %% right: the reductions in one convolution
class Inception(nn.Module):
    def __init__(self, C, one, reduce3, three, reduce5, five, projected):
        super().__init__()
        self.widths = [one, reduce3, reduce5]
        self.entry = nn.Conv2d(C, sum(self.widths), 1)
        self.three = nn.Conv2d(reduce3, three, 3, padding="same")
        self.five = nn.Conv2d(reduce5, five, 5, padding="same")
        self.pool = nn.Conv2d(C, projected, 1)

    def forward(self, x):
        one, r3, r5 = self.entry(x).relu().split(self.widths, dim=1)
        pooled = F.max_pool2d(x, 3, 1, 1)
        return torch.cat(
            [one, self.three(r3).relu(), self.five(r5).relu(), self.pool(pooled).relu()], 1
        )


# %% right: a ModuleList, dense layers for 1x1
class Inception(nn.Module):
    def __init__(self, C, one, reduce3, three, reduce5, five, projected):
        super().__init__()
        self.dense = nn.ModuleList([nn.Linear(C, d) for d in (one, reduce3, reduce5, projected)])
        self.large = nn.ModuleList(
            [nn.Conv2d(reduce3, three, 3, padding=1), nn.Conv2d(reduce5, five, 5, padding=2)]
        )
        self.pool = nn.MaxPool2d(3, stride=1, padding=1)

    def forward(self, x):
        mix = lambda layer, y: layer(y.movedim(1, -1)).movedim(-1, 1).relu()
        a, b, c, d = self.dense
        return torch.cat(
            [
                mix(a, x),
                self.large[0](mix(b, x)).relu(),
                self.large[1](mix(c, x)).relu(),
                mix(d, self.pool(x)),
            ],
            1,
        )


# %% right: torchvision's kind of layer, with a helper
class ConvReLU(nn.Sequential):
    def __init__(self, c, d, k):
        super().__init__(nn.Conv2d(c, d, k, padding=k // 2), nn.ReLU(inplace=True))


class Inception(nn.Module):
    def __init__(self, C, one, reduce3, three, reduce5, five, projected):
        super().__init__()
        self.branches = nn.ModuleList(
            [
                ConvReLU(C, one, 1),
                nn.Sequential(ConvReLU(C, reduce3, 1), ConvReLU(reduce3, three, 3)),
                nn.Sequential(ConvReLU(C, reduce5, 1), ConvReLU(reduce5, five, 5)),
                nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), ConvReLU(C, projected, 1)),
            ]
        )

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)


# %% right: a dict of branches
class Inception(nn.Module):
    def __init__(self, C, one, reduce3, three, reduce5, five, projected):
        super().__init__()
        self.b = nn.ModuleDict(
            {
                "pool": nn.Conv2d(C, projected, 1),
                "5": nn.Conv2d(reduce5, five, 5, 1, 2),
                "r5": nn.Conv2d(C, reduce5, 1),
                "3": nn.Conv2d(reduce3, three, 3, 1, 1),
                "r3": nn.Conv2d(C, reduce3, 1),
                "1": nn.Conv2d(C, one, 1),
            }
        )

    def forward(self, x):
        b = self.b
        ends = [
            b["1"](x),
            b["3"](F.relu(b["r3"](x))),
            b["5"](F.relu(b["r5"](x))),
            b["pool"](F.max_pool2d(x, 3, 1, 1)),
        ]
        return F.relu(torch.cat(ends, dim=1))


# %% right: the border padded by hand
class Inception(nn.Module):
    def __init__(self, C, one, reduce3, three, reduce5, five, projected):
        super().__init__()
        self.c1, self.c2, self.c3, self.c4 = (
            nn.Conv2d(C, d, 1) for d in (one, reduce3, reduce5, projected)
        )
        self.k3, self.k5 = nn.Conv2d(reduce3, three, 3), nn.Conv2d(reduce5, five, 5)

    def forward(self, x):
        pooled = F.max_pool2d(F.pad(x, (1, 1, 1, 1), value=-torch.inf), 3, 1)
        return torch.cat(
            [
                self.c1(x),
                self.k3(F.pad(self.c2(x).relu(), (1,) * 4)),
                self.k5(F.pad(self.c3(x).relu(), (2,) * 4)),
                self.c4(pooled),
            ],
            1,
        ).clamp_min(0)


# %% wrong [no ReLU after the bottlenecks]: ReLU at the end alone
class Inception(Four):
    def __init__(self, C, one, r3, three, r5, five, projected):
        super().__init__(C, one, r3, three, r5, five, projected)
        self.b[1] = self.c[1] = nn.Identity()


# %% wrong: no ReLU at all
class Inception(Four):
    def __init__(self, C, one, r3, three, r5, five, projected):
        super().__init__(C, one, r3, three, r5, five, projected)
        self.b[1] = self.c[1] = nn.Identity()

    def forward(self, x):
        return torch.cat([self.a(x), self.b(x), self.c(x), self.d(x)], 1)


# %% wrong [no ReLU at the end]: inner ones alone
class Inception(Four):
    def forward(self, x):
        return torch.cat([self.a(x), self.b(x), self.c(x), self.d(x)], 1)


# %% wrong: one inner ReLU forgotten
class Inception(Four):
    def __init__(self, C, one, r3, three, r5, five, projected):
        super().__init__(C, one, r3, three, r5, five, projected)
        self.b[1] = nn.Identity()


# %% wrong [average pooling]: as in later networks
class Inception(Four):
    def __init__(self, C, one, r3, three, r5, five, projected):
        super().__init__(C, one, r3, three, r5, five, projected)
        self.d[0] = nn.AvgPool2d(3, 1, 1)


# %% wrong: pooling of 5x5
class Inception(Four):
    def __init__(self, C, one, r3, three, r5, five, projected):
        super().__init__(C, one, r3, three, r5, five, projected)
        self.d[0] = nn.MaxPool2d(5, 1, 2)


# %% wrong: zeros padded before the pooling
class Inception(Four):
    def __init__(self, C, one, r3, three, r5, five, projected):
        super().__init__(C, one, r3, three, r5, five, projected)
        self.d[0] = nn.Sequential(nn.ZeroPad2d(1), nn.MaxPool2d(3, 1))


# %% wrong [3×3 in the third branch]: as in torchvision
class Inception(Four):
    def __init__(self, C, one, r3, three, r5, five, projected):
        super().__init__(C, one, r3, three, r5, five, projected)
        self.c[2] = nn.Conv2d(r5, five, 3, padding=1)


# %% wrong: without biases
class Inception(nn.Module):
    def __init__(self, C, one, r3, three, r5, five, projected):
        super().__init__()
        self.a = nn.Conv2d(C, one, 1, bias=False)
        self.b = nn.Sequential(
            nn.Conv2d(C, r3, 1, bias=False),
            nn.ReLU(),
            nn.Conv2d(r3, three, 3, padding=1, bias=False),
        )
        self.c = nn.Sequential(
            nn.Conv2d(C, r5, 1, bias=False),
            nn.ReLU(),
            nn.Conv2d(r5, five, 5, padding=2, bias=False),
        )
        self.d = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(C, projected, 1, bias=False))

    def forward(self, x):
        return torch.cat([self.a(x), self.b(x), self.c(x), self.d(x)], 1).relu()


# %% wrong: with batch norms
class Inception(nn.Module):
    def __init__(self, C, one, r3, three, r5, five, projected):
        super().__init__()
        unit = lambda c, d, k: nn.Sequential(
            nn.Conv2d(c, d, k, padding=k // 2), nn.BatchNorm2d(d), nn.ReLU()
        )
        self.a = unit(C, one, 1)
        self.b = nn.Sequential(unit(C, r3, 1), unit(r3, three, 3))
        self.c = nn.Sequential(unit(C, r5, 1), unit(r5, five, 5))
        self.d = nn.Sequential(nn.MaxPool2d(3, 1, 1), unit(C, projected, 1))

    def forward(self, x):
        return torch.cat([self.a(x), self.b(x), self.c(x), self.d(x)], 1)


# %% wrong: three and five exchanged along the channels
class Inception(Four):
    def forward(self, x):
        return torch.cat([self.a(x), self.c(x), self.b(x), self.d(x)], 1).relu()


# %% wrong [pooling forgotten]: three branches and a 1x1
class Inception(Four):
    def __init__(self, C, one, r3, three, r5, five, projected):
        super().__init__(C, one, r3, three, r5, five, projected)
        self.d = nn.Conv2d(C, projected, 1)


# %% wrong: branches summed
class Inception(nn.Module):
    def __init__(self, C, one, r3, three, r5, five, projected):
        super().__init__()
        D = one + three + five + projected
        self.a = nn.Conv2d(C, D, 1)
        self.b = nn.Sequential(nn.Conv2d(C, r3, 1), nn.ReLU(), nn.Conv2d(r3, D, 3, padding=1))
        self.c = nn.Sequential(nn.Conv2d(C, r5, 1), nn.ReLU(), nn.Conv2d(r5, D, 5, padding=2))
        self.d = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(C, D, 1))

    def forward(self, x):
        return (self.a(x) + self.b(x) + self.c(x) + self.d(x)).relu()


# %% crashed: no padding
class Inception(Four):
    def __init__(self, C, one, r3, three, r5, five, projected):
        super().__init__(C, one, r3, three, r5, five, projected)
        self.b[2], self.c[2] = nn.Conv2d(r3, three, 3), nn.Conv2d(r5, five, 5)


# %% crashed: joined along the width
class Inception(Four):
    def forward(self, x):
        return torch.cat([self.a(x), self.b(x), self.c(x), self.d(x)], -1).relu()


# %% wrong [no ReLU after the projection]: one layer without
class Inception(Four):
    def forward(self, x):
        return torch.cat([self.a(x).relu(), self.b(x).relu(), self.c(x).relu(), self.d(x)], 1)


# %% wrong [pooling after the projection]: the branch turned round
class Inception(Four):
    def forward(self, x):
        pool, project = self.d
        return torch.cat([self.a(x), self.b(x), self.c(x), pool(project(x))], 1).relu()


# %% wrong [branches in another order]: the pooling first
class Inception(Four):
    def forward(self, x):
        return torch.cat([self.d(x), self.a(x), self.b(x), self.c(x)], dim=1).relu()


# %% wrong: the 5x5 branch reads the 3x3 one's entry
class Inception(Four):
    def __init__(self, C, one, r3, three, r5, five, projected):
        super().__init__(C, one, r3, three, r5, five, projected)
        self.c = nn.Conv2d(r3, five, 5, padding=2)

    def forward(self, x):
        y = self.b[0](x).relu()
        return torch.cat([self.a(x), self.b[2](y), self.c(y), self.d(x)], 1).relu()


# %% wrong [wrong gradient]: the input detached for one branch
class Inception(Four):
    def forward(self, x):
        return torch.cat([self.a(x), self.b(x), self.c(x.detach()), self.d(x)], 1).relu()


# %% wrong [input changed in place]: a ReLU in place on the input
class Inception(Four):
    def forward(self, x):
        x.relu_()
        return torch.cat([self.a(x), self.b(x), self.c(x), self.d(x)], 1).relu()


# %% wrong: a ReLU too many, before the branches
class Inception(Four):
    def forward(self, x):
        x = x.relu()
        return torch.cat([self.a(x), self.b(x), self.c(x), self.d(x)], 1).relu()


# %% classic_architectures.from_table
# %% right: stages in a ModuleList
class SmallVGG(nn.Module):
    def __init__(self, table, in_channels, num_classes):
        super().__init__()
        self.stages = nn.ModuleList()
        c = in_channels
        for n, width in table:
            stage = nn.Sequential()
            for i in range(n):
                stage.append(nn.Conv2d(c if i == 0 else width, width, 3, padding=1, bias=False))
                stage.append(nn.BatchNorm2d(width))
                stage.append(nn.ReLU(inplace=True))
            stage.append(nn.MaxPool2d(2, 2))
            self.stages.append(stage)
            c = width
        self.fc = nn.Linear(c, num_classes)

    def forward(self, x):
        for stage in self.stages:
            x = stage(x)
        return self.fc(x.flatten(2).mean(-1))


# %% right: a function with adaptive pooling
def SmallVGG(table, in_channels, num_classes):
    layers = []
    for n, width in table:
        for _ in range(n):
            layers += [
                nn.Conv2d(in_channels, width, 3, 1, 1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            in_channels = width
        layers += [nn.MaxPool2d(2)]
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(in_channels, num_classes)
    )


# %% right: lazy layers
def SmallVGG(table, in_channels, num_classes):
    layers = []
    for n, width in table:
        for _ in range(n):
            layers += [
                nn.LazyConv2d(width, 3, padding=1, bias=False),
                nn.LazyBatchNorm2d(),
                nn.ReLU(),
            ]
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(1), nn.LazyLinear(num_classes)
    )


# %% right: functional, pooling by rows
class SmallVGG(nn.Module):
    def __init__(self, table, in_channels, num_classes):
        super().__init__()
        widths = [in_channels] + [width for n, width in table for _ in range(n)]
        self.table = list(table)
        self.norms = nn.ModuleList([nn.BatchNorm2d(d) for d in widths[1:]])
        self.convs = nn.ModuleList(
            [nn.Conv2d(c, d, 3, padding=1, bias=False) for c, d in zip(widths, widths[1:])]
        )
        self.W = nn.Parameter(torch.randn(widths[-1], num_classes))
        self.b = nn.Parameter(torch.zeros(num_classes))

    def forward(self, x):
        pairs = iter(zip(self.convs, self.norms))
        for n, _ in self.table:
            for _ in range(n):
                conv, norm = next(pairs)
                x = F.relu(norm(conv(x)))
            x = F.max_pool2d(x, 2)
        return x.mean((-2, -1)) @ self.W + self.b


# %% right: the table emptied on the way
class SmallVGG(nn.Module):
    def __init__(self, table, in_channels, num_classes):
        super().__init__()
        layers = []
        while table:
            n, width = table.pop(0)
            for _ in range(n):
                layers += [
                    nn.Conv2d(in_channels, width, 3, padding=1, bias=False),
                    nn.BatchNorm2d(width),
                    nn.ReLU(),
                ]
                in_channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.head = nn.Conv2d(in_channels, num_classes, 1)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3), keepdim=True)).flatten(1)


# %% right: pooling before the ReLU, which commutes
def SmallVGG(table, in_channels, num_classes):
    layers = []
    for n, width in table:
        for i in range(n):
            layers += [
                nn.Conv2d(in_channels, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width),
            ]
            layers += [nn.MaxPool2d(2)] * (i == n - 1) + [nn.ReLU()]
            in_channels = width
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(in_channels, num_classes)
    )


# %% right: the dense layer before the mean
class SmallVGG(nn.Module):
    def __init__(self, table, in_channels, num_classes):
        super().__init__()
        self.body = nn.Sequential()
        for depth, width in table:
            for _ in range(depth):
                self.body.extend(
                    [
                        nn.Conv2d(in_channels, width, 3, padding=1, bias=False),
                        nn.BatchNorm2d(width),
                        nn.ReLU(),
                    ]
                )
                in_channels = width
            self.body.append(nn.MaxPool2d(2))
        self.classify = nn.Conv2d(in_channels, num_classes, 1)

    def forward(self, x):
        return self.classify(self.body(x)).mean((2, 3))


# %% wrong [pooling after every convolution]: in the inner loop
def SmallVGG(table, in_channels, num_classes):
    layers = []
    for n, width in table:
        for _ in range(n):
            layers += [
                nn.Conv2d(in_channels, width, 3, 1, 1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
            in_channels = width
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(in_channels, num_classes)
    )


# %% wrong [no norm]: convolutions and ReLUs
vgg(lambda c, d: [conv(c, d), nn.ReLU()])
# %% wrong [norm after the ReLU]: exchanged
vgg(lambda c, d: [conv(c, d), nn.ReLU(), nn.BatchNorm2d(d)])
# %% wrong [biases before the norm]: the default
vgg(lambda c, d: [conv(c, d, bias=True), nn.BatchNorm2d(d), nn.ReLU()])


# %% wrong [last pooling forgotten]: behind every row but the last
def SmallVGG(table, in_channels, num_classes):
    layers = []
    for row, (n, width) in enumerate(table):
        if row:
            layers.append(nn.MaxPool2d(2))
        for _ in range(n):
            layers += [
                nn.Conv2d(in_channels, width, 3, 1, 1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            in_channels = width
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(in_channels, num_classes)
    )


# %% wrong: average pooling
vgg(unit, lambda: nn.AvgPool2d(2))
# %% wrong: sizes rounded up
vgg(unit, lambda: nn.MaxPool2d(2, ceil_mode=True))


# %% wrong: pooling in front of each row
def SmallVGG(table, in_channels, num_classes):
    layers = []
    for n, width in table:
        layers.append(nn.MaxPool2d(2))
        for _ in range(n):
            layers += [
                nn.Conv2d(in_channels, width, 3, 1, 1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            in_channels = width
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(in_channels, num_classes)
    )


# %% wrong: softmax at the end
vgg(unit, head=lambda c, classes: [*head(c, classes), nn.Softmax(1)])


# %% wrong: strides for pooling
def SmallVGG(table, in_channels, num_classes):
    layers = []
    for n, width in table:
        for i in range(n):
            layers += [
                nn.Conv2d(in_channels, width, 3, 2 if i == n - 1 else 1, 1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            in_channels = width
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(in_channels, num_classes)
    )


# %% wrong: one convolution a row
def SmallVGG(table, in_channels, num_classes):
    layers = []
    for n, width in table:
        layers += [
            nn.Conv2d(in_channels, width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
        in_channels = width
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(in_channels, num_classes)
    )


# %% wrong: the dense layer without a bias
vgg(
    unit,
    head=lambda c, classes: [
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(c, classes, bias=False),
    ],
)
# %% wrong: the scores keep axes of size one
vgg(unit, head=lambda c, classes: [nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, classes, 1)])
# %% wrong: dropout before the dense layer
vgg(
    unit,
    head=lambda c, classes: [
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(c, classes),
    ],
)


# %% crashed: channels not carried along
def SmallVGG(table, in_channels, num_classes):
    layers = []
    for n, width in table:
        for _ in range(n):
            layers += [
                nn.Conv2d(in_channels, width, 3, 1, 1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
        layers.append(nn.MaxPool2d(2))
        in_channels = width
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(in_channels, num_classes)
    )


# %% crashed: layers in a plain list, for a fixed size
class SmallVGG(nn.Module):
    def __init__(self, table, in_channels, num_classes):
        super().__init__()
        layers = []
        for n, width in table:
            for _ in range(n):
                layers += [
                    nn.Conv2d(in_channels, width, 3, 1, 1, bias=False),
                    nn.BatchNorm2d(width),
                    nn.ReLU(),
                ]
                in_channels = width
            layers.append(nn.MaxPool2d(2))
        self.trunk = nn.Sequential(*layers)
        self.classify = nn.Linear(in_channels * 4, num_classes)

    def forward(self, x):
        return self.classify(self.trunk(x).flatten(1))


# %% wrong [largest instead of mean]: adaptive max pooling
vgg(unit, head=lambda c, classes: [nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(c, classes)])
# %% wrong: no padding at the border of zeros
vgg(
    lambda c, d: [
        nn.Conv2d(c, d, 3, padding=1, bias=False, padding_mode="reflect"),
        nn.BatchNorm2d(d),
        nn.ReLU(),
    ]
)
# %% wrong: instance norms
vgg(lambda c, d: [conv(c, d), nn.InstanceNorm2d(d, affine=True), nn.ReLU()])
# %% wrong: a norm of the whole map
vgg(lambda c, d: [conv(c, d), nn.GroupNorm(1, d), nn.ReLU()])


# %% wrong: the scores of a batch of one without their first axis
class SmallVGG(nn.Module):
    def __init__(self, table, in_channels, num_classes):
        super().__init__()
        self.all = vgg(unit)(table, in_channels, num_classes)

    def forward(self, x):
        return self.all(x).squeeze()


# %% classic_architectures.mean_head
# %% right: a text
"9,733,480"
# %% right: a sum of differences
132_863_336 - (25088 + 1) * 4096 - 4097 * 4096 - 4097 * 1000 + 512 * 1000 + 1000
# %% right: asked of torch
(
    132_863_336
    - sum(
        nn.Linear(c, d, device="meta").weight.numel() + d
        for c, d in [(512 * 49, 4096), (4096, 4096), (4096, 1000)]
    )
    + sum(p.numel() for p in nn.Linear(512, 1000).parameters())
)
# %% right: counted layer by layer
sum(9 * c * d + d for c, d in pairwise([3, 64, 128, 256, 256, 512, 512, 512, 512])) + 513 * 1000
# %% right: with its unit
"9733480 parameters"
# %% wrong [new layer forgotten]: a difference
132_863_336 - 123_642_856
# %% wrong [flattened instead of averaged]: a sum
132_863_336 - 123_642_856 + 25_089 * 1000
# %% wrong [old last layer kept]: two layers removed
132_863_336 - 25_089 * 4096 - 4097 * 4096
# %% wrong [biases of the new layer forgotten]: a sum
132_863_336 - 123_642_856 + 512_000
# %% wrong: the dense layers
123_642_856
# %% wrong: the new head alone
513_000
# %% wrong: biases of the old layers left
132_863_336 - 25_088 * 4096 - 4096 * 4096 - 4096 * 1000 + 513 * 1000
# %% wrong: places forgotten in the old head
132_863_336 - 513 * 4096 - 4097 * 4096 - 4097 * 1000 + 513_000
# %% wrong: rounded
9_733_000
# %% wrong: the first dense layer alone replaced
132_863_336 - 25_089 * 4096 + 513 * 1000
# %% wrong [wrong unit]: millions
9.73348
# %% classic_architectures.auxiliary_loss
# %% right: one line
lambda main, late, early, labels, training: (
    F.cross_entropy(main, labels)
    + training * 0.3 * (F.cross_entropy(late, labels) + F.cross_entropy(early, labels))
)


# %% right: a criterion
def total_loss(main, late, early, labels, training):
    criterion = nn.CrossEntropyLoss()
    loss = criterion(main, labels)
    if not training:
        return loss
    return loss + 0.3 * criterion(late, labels) + 0.3 * criterion(early, labels)


# %% right: log_softmax and gather
def total_loss(main, late, early, labels, training):
    def ce(scores):
        return -scores.log_softmax(1).gather(1, labels[:, None]).mean()

    return ce(main) + 0.3 * (ce(late) + ce(early)) if training else ce(main)


# %% right: logsumexp
def total_loss(main, late, early, labels, training):
    rows = torch.arange(len(labels))
    ce = lambda z: (torch.logsumexp(z, dim=1) - z[rows, labels]).mean()
    return ce(main) + (0.3 if training else 0.0) * (ce(late) + ce(early))


# %% right: a sum in place of its own
def total_loss(main, late, early, labels, training):
    loss = F.cross_entropy(main, labels)
    if training:
        loss += 0.3 * F.cross_entropy(late, labels)
        loss += 0.3 * F.cross_entropy(early, labels)
    return loss


# %% right: one-hot targets
def total_loss(main, late, early, labels, training):
    target = F.one_hot(labels, main.shape[1]).to(main.dtype)
    ce = lambda z: -(target * F.log_softmax(z, dim=-1)).sum(1).mean()
    return ce(main) + 0.3 * ce(late) + 0.3 * ce(early) if training else ce(main)


# %% right: heads stacked
def total_loss(main, late, early, labels, training):
    loss = F.cross_entropy(main, labels)
    if training:
        heads = torch.cat([late, early])
        loss = loss + 0.6 * F.cross_entropy(heads, labels.repeat(2))
    return loss


# %% right: weights in a loop
def total_loss(main, late, early, labels, training):
    weights = [1, 0.3, 0.3] if training else [1, 0, 0]
    return sum(w * F.cross_entropy(s, labels) for w, s in zip(weights, [main, late, early]))


# %% right: nll of log probabilities
def total_loss(main, late, early, labels, training):
    losses = torch.stack([F.nll_loss(s.log_softmax(1), labels) for s in (main, late, early)])
    return losses @ torch.tensor([1, 0.3, 0.3], dtype=losses.dtype) if training else losses[0]


# %% wrong [heads at full weight]: a sum
lambda main, late, early, labels, training: sum(
    F.cross_entropy(s, labels) for s in ((main, late, early) if training else (main,))
)
# %% wrong [heads in evaluation]: always
lambda main, late, early, labels, training: (
    F.cross_entropy(main, labels)
    + 0.3 * (F.cross_entropy(late, labels) + F.cross_entropy(early, labels))
)
# %% wrong [heads ignored]: the main loss
lambda main, late, early, labels, training: F.cross_entropy(main, labels)


# %% wrong [training and evaluation exchanged]: not
def total_loss(main, late, early, labels, training):
    loss = F.cross_entropy(main, labels)
    if training:
        return loss
    return loss + 0.3 * F.cross_entropy(late, labels) + 0.3 * F.cross_entropy(early, labels)


# %% wrong [weight shared between the heads]: their mean
def total_loss(main, late, early, labels, training):
    loss = F.cross_entropy(main, labels)
    if training:
        loss = loss + 0.3 * (F.cross_entropy(late, labels) + F.cross_entropy(early, labels)) / 2
    return loss


# %% wrong [sum over the batch]: reduction
def total_loss(main, late, early, labels, training):
    ce = lambda z: F.cross_entropy(z, labels, reduction="sum")
    return ce(main) + 0.3 * (ce(late) + ce(early)) if training else ce(main)


# %% wrong [second head left out]: one head
def total_loss(main, late, early, labels, training):
    loss = F.cross_entropy(main, labels)
    return loss + 0.3 * F.cross_entropy(late, labels) if training else loss


# %% wrong: the other head left out
def total_loss(main, late, early, labels, training):
    loss = F.cross_entropy(main, labels)
    return loss + 0.3 * F.cross_entropy(early, labels) if training else loss


# %% wrong [scores added]: one cross-entropy
def total_loss(main, late, early, labels, training):
    return F.cross_entropy(main + 0.3 * late + 0.3 * early if training else main, labels)


# %% wrong [gradient cut]: a number
def total_loss(main, late, early, labels, training):
    loss = F.cross_entropy(main, labels)
    if training:
        loss += 0.3 * F.cross_entropy(late, labels) + 0.3 * F.cross_entropy(early, labels)
    return loss.item()


# %% wrong [gradient cut]: detached heads
def total_loss(main, late, early, labels, training):
    loss = F.cross_entropy(main, labels)
    if training:
        for head in (late, early):
            loss = loss + 0.3 * F.cross_entropy(head.detach(), labels)
    return loss


# %% wrong [gradient cut]: without gradients
@torch.no_grad()
def total_loss(main, late, early, labels, training):
    loss = F.cross_entropy(main, labels)
    if training:
        loss = loss + 0.3 * F.cross_entropy(late, labels) + 0.3 * F.cross_entropy(early, labels)
    return loss


# %% wrong [gradient cut]: NumPy
def total_loss(main, late, early, labels, training):
    def ce(z):
        z = z.detach().numpy()
        return (np.log(np.exp(z).sum(1)) - z[np.arange(len(z)), labels.numpy()]).mean()

    return ce(main) + 0.3 * (ce(late) + ce(early)) if training else ce(main)


# %% wrong: softmax before the cross-entropy
def total_loss(main, late, early, labels, training):
    ce = lambda z: F.cross_entropy(z.softmax(1), labels)
    return ce(main) + 0.3 * (ce(late) + ce(early)) if training else ce(main)


# %% wrong: an axis of size one
def total_loss(main, late, early, labels, training):
    ce = lambda z: F.cross_entropy(z, labels)[None]
    return ce(main) + 0.3 * (ce(late) + ce(early)) if training else ce(main)


# %% wrong: a loss for each picture
def total_loss(main, late, early, labels, training):
    ce = lambda z: F.cross_entropy(z, labels, reduction="none")
    return ce(main) + 0.3 * (ce(late) + ce(early)) if training else ce(main)


# %% wrong: the weight of a third
def total_loss(main, late, early, labels, training):
    loss = F.cross_entropy(main, labels)
    return (
        loss + (F.cross_entropy(late, labels) + F.cross_entropy(early, labels)) / 3
        if training
        else loss
    )


# %% wrong: the squared error
def total_loss(main, late, early, labels, training):
    ce = lambda z: F.mse_loss(z, F.one_hot(labels, z.shape[1]).to(z.dtype))
    return ce(main) + 0.3 * (ce(late) + ce(early)) if training else ce(main)


# %% wrong [wrong type]: three losses
def total_loss(main, late, early, labels, training):
    return (
        F.cross_entropy(main, labels),
        0.3 * F.cross_entropy(late, labels),
        0.3 * F.cross_entropy(early, labels),
    )


# %% crashed: the arguments exchanged
lambda main, late, early, labels, training: F.cross_entropy(labels, main)
# %% wrong [main loss weighted, too]: all three
lambda main, late, early, labels, training: (
    sum(0.3 * F.cross_entropy(s, labels) for s in (main, late, early))
    if training
    else F.cross_entropy(main, labels)
)


# %% wrong [weights that add up to one]: a convex sum
def total_loss(main, late, early, labels, training):
    weights = (0.4, 0.3, 0.3) if training else (1,)
    return sum(w * F.cross_entropy(s, labels) for w, s in zip(weights, (main, late, early)))


# %% classic_architectures.vgg_memory
# %% right: a text
"a3"
# %% right: a NumPy array
np.array(["a", "3"])
# %% wrong [parameters taken for maps]: a pair
("c", 1)
# %% wrong [channels taken for size]: a pair
("b", 2)
# %% wrong [channels taken for size]: with the right reason
("b", 3)
# %% wrong [weights blamed]: a pair
("a", 1)
# %% wrong [channels blamed]: a pair
("a", 2)
# %% wrong [work blamed]: a pair
("a", 4)
# %% classic_architectures.relu_conclusion
# %% right: a text with a bracket
"b) 2"
# %% right: a dict
{"option": "b", "reason": 2}
# %% wrong [a factor for all cases]: a pair
("a", 4)
# %% wrong [generalised from digits]: a pair
("c", 3)
# %% wrong [seeds taken for the reason]: a pair
("b", 1)
# %% wrong [right choice, wrong reason]: a pair
("b", 3)
# %% classic_architectures.rank
# %% right: commas
"A, B, C, D, E"
# %% right: a dict of places
{1: "A", 2: "B", 3: "C", 4: "D", 5: "E"}
# %% right: small letters
list("abcde")
# %% wrong [factors before the matrix]: B first
"BACDE"
# %% wrong [conclusion assumed]: E first
"EABCD"
# %% wrong [a ReLU slipped in]: with F
"ABCFDE"
# %% wrong [not multiplied out]: D missing
"ABCE"
# %% wrong: the layers before the product
"ACBDE"
# %% wrong: the last two exchanged
"ABCED"
# %% wrong: the conclusion missing
"ABCD"
