# ruff: noqa
"""Answers to the exercises of chapter 03."""

import functools
import itertools
import math
from fractions import Fraction

import numpy as np
import sympy
import torch
import torch.nn as nn
import torch.nn.functional as F

from cnncourse.analysis.counting import summarize

# %% counting.conv_macs
# %% right: one formula
lambda C, D, n, k, stride, padding: C * D * k**2 * ((n - k + 2 * padding) // stride + 1) ** 2


# %% right: asked of torch
def macs(C, D, n, k, stride, padding):
    layer = nn.Conv2d(C, D, k, stride=stride, padding=padding)
    return layer.weight.numel() * layer(torch.zeros(1, C, n, n))[0, 0].numel()


# %% right: loops over the places
def macs(C, D, n, k, stride, padding):
    count = 0
    for i in range(-padding, n + padding - k + 1, stride):
        for j in range(-padding, n + padding - k + 1, stride):
            count += D * C * k * k
    return count


# %% right: the library's summary
lambda C, D, n, k, stride, padding: (
    summarize(nn.Sequential(nn.Conv2d(C, D, k, stride, padding)), (1, C, n, n)).macs
)
# %% right: math.floor and floats
lambda C, D, n, k, stride, padding: (
    math.floor((n + 2 * padding - k) / stride + 1) ** 2 * float(C * D) * k * k
)
# %% right: a text
"C·D·k²·(⌊(n + 2·padding - k)/stride⌋ + 1)²"
# %% right: NumPy
lambda C, D, n, k, stride, padding: (
    np.prod([C, D, k, k]) * np.arange(-padding, n + padding - k + 1, stride).size ** 2
)


# %% right: other names
def work(inputs, outputs, side, kernel, step, border):
    places = 1 + (side + border * 2 - kernel) // step
    return places * places * inputs * outputs * kernel * kernel


# %% wrong [the input's size used]: a text
"n²CDk²"
# %% wrong [input size divided by the stride]: math.floor
lambda C, D, n, k, stride, padding: math.floor(n / stride) ** 2 * C * D * k * k


# %% wrong [biases counted]: asked of torch
def macs(C, D, n, k, stride, padding):
    layer = nn.Conv2d(C, D, k, stride=stride, padding=padding)
    out = layer(torch.zeros(1, C, n, n))
    return (layer.weight.numel() + layer.bias.numel()) * out.shape[2] * out.shape[3]


# %% wrong [operations instead of multiply-accumulates]: loops
def macs(C, D, n, k, stride, padding):
    places = len(range(0, n + 2 * padding - k + 1, stride)) ** 2
    products = additions = places * C * D * k * k
    return products + additions


# %% wrong [weights instead of work]: asked of torch
lambda C, D, n, k, stride, padding: nn.Conv2d(C, D, k, stride, padding).weight.numel()
# %% wrong [no floor]: sympy
C, D, n, k, stride, padding = sympy.symbols("C D n k stride padding")
macs = C * D * k**2 * ((n + 2 * padding - k) / stride + 1) ** 2


# %% wrong [padding forgotten]: asked of torch
def macs(C, D, n, k, stride, padding):
    out = F.conv2d(torch.zeros(1, C, n, n), torch.zeros(D, C, k, k), stride=stride)
    return out[0, 0].numel() * C * D * k * k


# %% wrong: one side only
lambda C, D, n, k, stride, padding: C * D * k * k * ((n + 2 * padding - k) // stride + 1)
# %% wrong: output channels forgotten
lambda C, D, n, k, stride, padding: C * k * k * ((n + 2 * padding - k) // stride + 1) ** 2
# %% wrong: a side of k
lambda C, D, n, k, stride, padding: C * D * k * ((n + 2 * padding - k) // stride + 1) ** 2
# %% wrong: stride ignored
lambda C, D, n, k, stride, padding: C * D * k * k * (n + 2 * padding - k + 1) ** 2
# %% wrong: size kept always
lambda C, D, n, k, stride, padding: C * D * k * k * math.ceil(n / stride) ** 2
# %% wrong: hard-coded
lambda C, D, n, k, stride, padding: 16
# %% wrong: padding counted once
lambda C, D, n, k, stride, padding: C * D * k * k * ((n + padding - k) // stride + 1) ** 2
# %% counting.conv_norm
# %% right: a product in a text with its unit
"128(64·9 + 2) parameters"
# %% right: with a thousands separator
"73,984"
# %% right: asked of torch
sum(
    p.numel()
    for p in nn.Sequential(nn.Conv2d(64, 128, 3, bias=False), nn.BatchNorm2d(128)).parameters()
)
# %% right: scientific notation
7.3984e4
# %% wrong [buffers counted as parameters]: asked of torch
nn.Conv2d(64, 128, 3, bias=False).weight.numel() + 4 * 128
# %% wrong [the convolution given a bias]: asked of torch
sum(p.numel() for p in nn.Sequential(nn.Conv2d(64, 128, 3), nn.BatchNorm2d(128)).parameters())
# %% wrong [one number a channel]: a text
"73,856"
# %% wrong [norm forgotten]: a text
"64*128*3*3"
# %% wrong [one number a channel]: the norm on the input's channels, as many as half of the outputs
3 * 3 * 64 * 128 + 2 * 64
# %% wrong [buffers counted as parameters]: the whole state, with the count of batches
sum(
    t.numel()
    for t in nn.Sequential(nn.Conv2d(64, 128, 3, bias=False), nn.BatchNorm2d(128))
    .state_dict()
    .values()
)
# %% wrong [wrong unit]: in thousands
73.984
# %% wrong: a side of the kernel
3 * 64 * 128 + 256
# %% counting.resolution
# %% right: two decimals
1.65
# %% right: a Fraction
Fraction(9, 7) ** 2
# %% right: a text
"81/49"
# %% right: a decimal comma
"1,65"
# %% right: more decimals
1.6531
# %% right: about
"≈ 1.65"
# %% wrong [linear in the side]: two decimals
1.29
# %% wrong [quartic in the side]: two decimals
2.73
# %% wrong [nothing grows]: a float
1.0
# %% wrong: percent
65
# %% wrong: percent in all
165
# %% wrong: cubic
(288 / 224) ** 3
# %% wrong: the inverse
(224 / 288) ** 2
# %% wrong: rounded too far
1.7
# %% wrong: the difference of the areas
288**2 - 224**2
# %% counting.vgg_share
# %% right: a text with a sign
"74.3 %"
# %% right: computed
(25088 * 4096 + 4096) / 138_357_544 * 100
# %% right: rounded
74.28
# %% right: with the word
"74.3 percent"
# %% right: about
"~74"
# %% right: without the bias
100 * 512 * 49 * 4096 / 138357544
# %% wrong [wrong unit]: as a share
0.743
# %% wrong [channels forgotten]: a product
(49 + 1) * 4096 / 138_357_544 * 100
# %% wrong [places forgotten]: rounded
1.52
# %% wrong [all three dense layers]: rounded
"89.4 %"
# %% wrong: the rest
25.7
# %% wrong: a quarter
75
# %% wrong: the count
102_764_544
# %% wrong: a wrong sum
7.43
# %% counting.separable_ratio
# %% right: the quotient of both counts
lambda C, D, k: (C * k * k + C * D) / (C * D * k * k)
# %% right: one fraction
lambda C, D, k: (k**2 + D) / (D * k**2)
# %% right: Fractions
lambda C, D, k: Fraction(1, D) + Fraction(1, k * k)
# %% right: sympy
C, D, k = sympy.symbols("C D k", positive=True)
ratio = (C * k**2 + C * D) / (C * D * k**2)
# %% right: a text
"1/D + 1/k²"
# %% right: negative powers
lambda C, D, k: D**-1 + k**-2


# %% right: asked of torch
def ratio(C, D, k):
    depthwise = nn.Conv2d(C, C, k, groups=C, bias=False)
    pointwise, dense = nn.Conv2d(C, D, 1, bias=False), nn.Conv2d(C, D, k, bias=False)
    return (depthwise.weight.numel() + pointwise.weight.numel()) / dense.weight.numel()


# %% right: a tensor of single precision
lambda C, D, k: torch.tensor(1.0) / D + torch.tensor(1.0) / k**2
# %% right: a text with one fraction
"(k^2 + D)/(D k^2)"
# %% wrong [input and output channels exchanged]: a text
"1/C + 1/k²"
# %% wrong [dense divided by separable]: a text
"(C·D·k²)/(C·k² + C·D)"
# %% wrong [depthwise part only]: the quotient
lambda C, D, k: C * k * k / (C * D * k * k)
# %% wrong [1x1 part only]: sympy
C, D, k = sympy.symbols("C D k")
ratio = C * D / (C * D * k**2)
# %% wrong [shares multiplied]: a product
lambda C, D, k: (1 / D) * (1 / k**2)
# %% wrong [kernel side instead of area]: Fractions
lambda C, D, k: Fraction(1, D) + Fraction(1, k)
# %% wrong: with biases
lambda C, D, k: (C * k * k + C + C * D + D) / (C * D * k * k + D)
# %% wrong: integer division
lambda C, D, k: (C * k * k + C * D) // (C * D * k * k)
# %% wrong: a sum of the denominators
lambda C, D, k: 1 / (D + k**2)
# %% wrong: what is saved
lambda C, D, k: 1 - 1 / D - 1 / k**2
# %% wrong: percent
lambda C, D, k: 100 * (1 / D + 1 / k**2)
# %% wrong: rounded
lambda C, D, k: round(1 / D + 1 / k**2, 2)
# %% wrong: a ninth
lambda C, D, k: 1 / D + 1 / 9
# %% counting.transposed_macs
# %% right: a text
"C·D·H·W·k²"


# %% right: loops over the input
def macs(C, D, H, W, k, stride):
    count = 0
    for i in range(H):
        for j in range(W):
            count += C * D * k * k
    return count


# %% right: weights times input places
lambda C, D, H, W, k, stride: (
    nn.ConvTranspose2d(C, D, k, stride=stride, bias=False).weight.numel() * H * W
)


# %% right: the convolution that it is the backward pass of
def macs(C, D, H, W, k, stride):
    height, width = (H - 1) * stride + k, (W - 1) * stride + k
    places = ((height - k) // stride + 1) * ((width - k) // stride + 1)
    return places * D * C * k * k


# %% right: the library's summary
lambda C, D, H, W, k, stride: (
    summarize(nn.Sequential(nn.ConvTranspose2d(C, D, k, stride)), (1, C, H, W)).macs
)
# %% right: with a default
lambda C, D, H, W, k, stride=1: math.prod([C, D, H, W, k, k])


# %% wrong [output places instead of input places]: asked of torch
def macs(C, D, H, W, k, stride):
    out = nn.ConvTranspose2d(C, D, k, stride)(torch.zeros(1, C, H, W))
    return out.numel() * C * k * k


# %% wrong [places multiplied by the stride]: a text
"C·D·H·W·k²·stride²"
# %% wrong [places divided by the stride]: math.floor
lambda C, D, H, W, k, s: math.floor(H / s) * math.floor(W / s) * C * D * k * k
# %% wrong [operations instead of multiply-accumulates]: sympy
C, D, H, W, k, stride = sympy.symbols("C D H W k stride")
macs = 2 * C * D * H * W * k**2
# %% wrong: valid places
lambda C, D, H, W, k, s: ((H - k) // s + 1) * ((W - k) // s + 1) * C * D * k * k
# %% wrong: square maps
lambda C, D, H, W, k, s: H * H * C * D * k * k
# %% wrong: one kernel for all outputs
lambda C, D, H, W, k, s: H * W * C * k * k
# %% wrong: a side of k
lambda C, D, H, W, k, s: H * W * C * D * k
# %% wrong: exact only where windows do not overlap
lambda C, D, H, W, k, s: H * W * C * D * s * s
# %% wrong: with a bias for each output
lambda C, D, H, W, k, s: H * W * C * D * k * k + D * ((H - 1) * s + k) * ((W - 1) * s + k)
# %% counting.attention
# %% right: other orders
{"projections": "4 * d * d * n", "mixing": "n * n * d * 2"}
# %% right: powers
{"projections": "4 n d^2", "mixing": "2 n^2 d"}
# %% right: Python's powers
{"projections": "4*n*d**2", "mixing": "2*d*n**2"}
# %% right: Unicode powers
{"projections": "4nd²", "mixing": "2n²d"}
# %% right: sums
{"projections": "3*n*d*d + n*d*d", "mixing": "n*n*d + n*n*d"}
# %% right: a tuple in order
("4*n*d*d", "2*n*n*d")
# %% right: sympy
n, d = sympy.symbols("n d")
answer = {"projections": 4 * n * d**2, "mixing": 2 * n**2 * d}
# %% right: capital keys
{"Projections": "4·n·d·d", "Mixing": "2·n·n·d"}
# %% wrong [output projection forgotten]: powers
{"projections": "3nd²", "mixing": "2n²d"}
# %% wrong [weights instead of work]: powers
{"projections": "4d²", "mixing": "2n²d"}
# %% wrong [average forgotten]: a tuple
("4*n*d*d", "n*n*d")
# %% wrong [each score one product]: powers
{"projections": "4nd²", "mixing": "2n²"}
# %% wrong: exchanged
{"projections": "2*n*n*d", "mixing": "4*n*d*d"}
# %% wrong: operations
{"projections": "8*n*d*d", "mixing": "4*n*n*d"}
# %% wrong [not readable]: heads
{"projections": "4*n*d*d", "mixing": "2*n*n*d/h"}
# %% wrong [wrong type]: the sum
"4*n*d*d + 2*n*n*d"
# %% not attempted: one gap left
{"projections": "4*n*d*d", "mixing": ...}
# %% not attempted: one key left out
{"projections": "4*n*d*d"}
# %% counting.kept_maps
# %% right: a text
"c2"
# %% right: a tuple of texts
("c", "2")
# %% wrong [everything thought to be kept]: a text
"a, 1"
# %% wrong [batch norm thought to need nothing]: a text
"b2"
# %% wrong [outputs thought to be needed]: a text
"d 1"
# %% wrong [in place thought to be the reason]: a text
"c3"
# %% wrong [right choice, wrong reason]: a pair
("c", 1)
# %% counting.kept_bytes
# %% right: a text
"4NDn²(2L + 1)"


# %% right: a loop over the blocks
def kept(L, D, n, N):
    numbers = N * D * n * n  # the input
    for _ in range(L):
        numbers += 2 * N * D * n * n  # before and behind batch norm and ReLU
    return 4 * numbers


# %% right: asked of torch
def kept(L, D, n, N):
    x = torch.zeros(N, D, n, n, dtype=torch.float32)
    return (1 + 2 * L) * x.numel() * x.element_size()


# %% right: sympy
L, D, n, N = sympy.symbols("L D n N", integer=True)
kept = 8 * L * N * D * n**2 + 4 * N * D * n**2


# %% right: the same names in another order
def kept(N, D, n, L):
    return (2 * L + 1) * N * D * n**2 * 4


# %% right: recursion
def kept(L, D, n, N):
    return 4 * N * D * n * n if L == 0 else kept(L - 1, D, n, N) + 8 * N * D * n * n


# %% wrong [all outputs added up]: a loop
def kept(L, D, n, N):
    total = 4 * N * D * n * n
    for _ in range(L):
        total += 3 * 4 * N * D * n * n
    return total


# %% wrong [input of the network forgotten]: a text
"8LNDn²"
# %% wrong [one map a block]: a text
"4NDn²(L+1)"
# %% wrong [numbers instead of bytes]: a text
"(2L+1)NDn²"
# %% wrong [batch forgotten]: a text
"4(2L+1)Dn²"
# %% wrong [shared map counted twice]: a text
"12LNDn²"
# %% wrong: bits
lambda L, D, n, N: 32 * N * D * n * n * (2 * L + 1)
# %% wrong: double precision
lambda L, D, n, N: 8 * N * D * n * n * (2 * L + 1)
# %% wrong: the weights as well
lambda L, D, n, N: 4 * N * D * n * n * (2 * L + 1) + 4 * 9 * D * D * L
# %% wrong: the norm's numbers as well
lambda L, D, n, N: 4 * N * D * n * n * (2 * L + 1) + 8 * D * L
# %% wrong: a side
lambda L, D, n, N: 4 * N * D * n * (2 * L + 1)
# %% wrong: in kilobytes
lambda L, D, n, N: 4 * N * D * n * n * (2 * L + 1) / 1024


# %% counting.fold
# %% right: einsum and a dict of results
def fold(weight, bias, gamma, beta, mean, var):
    s = gamma * var**-0.5
    return {"weight": torch.einsum("d,dchw->dchw", s, weight), "bias": s * bias + beta - s * mean}


# %% right: filter by filter
def fold(weight, bias, gamma, beta, mean, var):
    w, b = torch.empty_like(weight), torch.empty_like(bias)
    for d in range(len(bias)):
        scale = gamma[d] / math.sqrt(var[d])
        w[d] = weight[d] * scale
        b[d] = (bias[d] - mean[d]) * scale + beta[d]
    return w, b


# %% right: torch's own folding
def fold(weight, bias, gamma, beta, mean, var):
    from torch.nn.utils.fusion import fuse_conv_bn_weights

    return fuse_conv_bn_weights(weight, bias, mean, var, 0.0, gamma, beta)


# %% right: a list
lambda weight, bias, gamma, beta, mean, var: [
    weight * (gamma / var.sqrt()).reshape(-1, 1, 1, 1),
    beta + gamma / var.sqrt() * (bias - mean),
]


# %% right: NumPy
def fold(weight, bias, gamma, beta, mean, var):
    weight, bias, gamma, beta, mean, var = map(np.asarray, (weight, bias, gamma, beta, mean, var))
    s = gamma / np.sqrt(var)
    return weight * s[:, np.newaxis, np.newaxis, np.newaxis], beta + (bias - mean) * s


# %% right: a diagonal matrix
def fold(weight, bias, gamma, beta, mean, var):
    S = torch.diag(gamma / torch.sqrt(var))
    return (S @ weight.flatten(1)).view_as(weight), S @ (bias - mean) + beta


# %% right: the layer applied to basis pictures
def fold(weight, bias, gamma, beta, mean, var):
    affine = lambda z: gamma * (z - mean) / var.sqrt() + beta
    b = affine(bias)
    w = torch.stack([affine(t + bias) - b for t in weight.flatten(1).T], 1)
    return w.view(weight.shape), b


# %% wrong [variance instead of deviation]: a list
lambda w, b, gamma, beta, mean, var: [
    w * (gamma / var).view(-1, 1, 1, 1),
    gamma / var * (b - mean) + beta,
]


# %% wrong [running mean forgotten]: filter by filter
def fold(weight, bias, gamma, beta, mean, var):
    s = gamma / var.sqrt()
    return torch.stack([s[d] * weight[d] for d in range(len(s))]), s * bias + beta


# %% wrong [bias not scaled]: NumPy
def fold(weight, bias, gamma, beta, mean, var):
    s = gamma / np.sqrt(var)
    return s.reshape(-1, 1, 1, 1) * weight, bias + beta - s * mean


# %% wrong [mean not scaled]: a list
def fold(weight, bias, gamma, beta, mean, var):
    s = gamma * var.rsqrt()
    return [weight * s[:, None, None, None], s * bias + beta - mean]


# %% wrong [weights unchanged]: the bias alone changed
lambda weight, bias, gamma, beta, mean, var: (
    weight.clone(),
    beta + gamma * (bias - mean) / var.sqrt(),
)


# %% wrong: exchanged results
def fold(weight, bias, gamma, beta, mean, var):
    s = gamma / var.sqrt()
    return beta + s * (bias - mean), weight * s[:, None, None, None]


# %% wrong: epsilon added once more
def fold(weight, bias, gamma, beta, mean, var):
    s = gamma / torch.sqrt(var + 1e-3)
    return weight * s[:, None, None, None], beta + s * (bias - mean)


# %% wrong: gamma forgotten
def fold(weight, bias, gamma, beta, mean, var):
    s = 1 / var.sqrt()
    return weight * s[:, None, None, None], beta + s * (bias - mean)


# %% wrong: beta forgotten
def fold(weight, bias, gamma, beta, mean, var):
    s = gamma / var.sqrt()
    return weight * s[:, None, None, None], s * (bias - mean)


# %% wrong: the mean added
def fold(weight, bias, gamma, beta, mean, var):
    s = gamma / var.sqrt()
    return weight * s[:, None, None, None], beta + s * (bias + mean)


# %% wrong: the scale along the columns
def fold(weight, bias, gamma, beta, mean, var):
    s = gamma / var.sqrt()
    return weight * s, beta + s * (bias - mean)


# %% wrong [wrong type]: the layer
def fold(weight, bias, gamma, beta, mean, var):
    return nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2])


# %% wrong [input changed in place]: in place
def fold(weight, bias, gamma, beta, mean, var):
    s = gamma / var.sqrt()
    weight *= s[:, None, None, None]
    return weight, beta + s * (bias - mean)


# %% wrong: the scale along the input channels, where it fits
def fold(weight, bias, gamma, beta, mean, var):
    s = gamma / var.sqrt()
    C = weight.shape[1]
    return weight * s.repeat(C)[:C].view(1, -1, 1, 1), beta + s * (bias - mean)


# %% wrong: the weight alone
lambda weight, bias, gamma, beta, mean, var: weight * (gamma / var.sqrt())[:, None, None, None]
# %% counting.backward
# %% right: the two gradients swapped
"ACBDE"
# %% right: a list
["A", "B", "C", "D", "E"]
# %% wrong [counted before the gradients are written down]: arrows
"A → D → B → C → E"
# %% wrong [gradient of the input left out]: a list
list("ABDE")
# %% wrong [activation functions slipped in]: at the end
"ABCDEF"
# %% wrong: without the exception
"ABCD"
# %% wrong: the exception too early
"ABCED"
# %% counting.throughput
# %% right: rounded
408
# %% right: computed
10e12 / (3 * 2 * 4.089e9)
# %% right: with its unit
"408 pictures a second"
# %% right: about
"≈ 407.6"
# %% right: a product in a text with its unit
"20·10^12 / 2 / (6·4.089·10^9)"
# %% wrong [the factor of two]: rounded
815
# %% wrong [forward pass only]: rounded
1223
# %% wrong [one gradient for each layer]: rounded
611
# %% wrong [two factors forgotten]: rounded
2446
# %% wrong [the factor of two]: at the full peak
20e12 / (6 * 4.089e9)
# %% wrong: seconds for a picture
(6 * 4.089e9) / 10e12
# %% wrong: rounded too far
400
# %% counting.equal_work
# %% right: a text
"c 3"
# %% right: a dict
{"reason": 3, "option": "c"}
# %% wrong [multiply-accumulates taken for time]: a text
"a2"
# %% wrong [a least time taken for the time]: a pair
("b", 1)
# %% wrong [few products for each number blamed]: a text
"c1"
# %% wrong [short sums blamed]: a text
"C2"
# %% wrong [fewer weights blamed]: a text
"c4"


# %% counting.widest
# %% right: the quadratic formula
def widest(budget, n, classes):
    m = math.ceil(n / 2)
    a, b = 18 * m * m, 9 * n * n + 2 * classes
    return (math.isqrt(b * b + 4 * a * budget) - b) // (2 * a)


# %% right: bisection
def widest(budget, n, classes):
    def cost(C):
        side = (n + 2 - 3) // 2 + 1
        return 9 * C * n**2 + 9 * C * 2 * C * side**2 + 2 * C * classes

    low, high = 0, budget + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cost(middle) <= budget else (low, middle)
    return low


# %% right: itertools
def widest(budget, n, classes):
    def fits(C):
        return C * (9 * n * n + 18 * C * ((n + 1) // 2) ** 2 + 2 * classes) <= budget

    return sum(1 for _ in itertools.takewhile(fits, itertools.count(1)))


# %% right: the library counts
def widest(budget, n, classes):
    def cost(C):
        net = nn.Sequential(
            nn.Conv2d(1, C, 3, padding=1),
            nn.Conv2d(C, 2 * C, 3, stride=2, padding=1),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(2 * C, classes),
        )
        return summarize(net, (1, 1, n, n)).macs

    C = 0
    while C < 200 and cost(C + 1) <= budget:
        C += 1
    return C


# %% right: for and break
def widest(budget, n, classes):
    best = 0
    for C in range(1, 10**6):
        macs = C * 9 * n * n + 2 * C * C * 9 * ((n + 1) // 2) ** 2 + 2 * C * classes
        if macs > budget:
            break
        best = C
    return best


# %% wrong [one step too far]: returned after the loop
def widest(budget, n, classes):
    C = 1
    while 9 * C * n * n + 18 * C * C * ((n + 1) // 2) ** 2 + 2 * C * classes <= budget:
        C += 1
    return C


# %% wrong [budget to be undercut]: strictly below
def widest(budget, n, classes):
    C = 0
    while (
        9 * (C + 1) * n * n + 18 * (C + 1) ** 2 * ((n + 1) // 2) ** 2 + 2 * (C + 1) * classes
        < budget
    ):
        C += 1
    return C


# %% wrong [stride ignored]: the quadratic formula
def widest(budget, n, classes):
    a, b = 18 * n * n, 9 * n * n + 2 * classes
    return (math.isqrt(b * b + 4 * a * budget) - b) // (2 * a)


# %% wrong [odd sides rounded down]: the quadratic formula
def widest(budget, n, classes):
    a, b = 18 * (n // 2) ** 2, 9 * n * n + 2 * classes
    return (math.isqrt(b * b + 4 * a * budget) - b) // (2 * a)


# %% wrong [operations instead of multiply-accumulates]: half the budget
def widest(budget, n, classes):
    a, b = 18 * ((n + 1) // 2) ** 2, 9 * n * n + 2 * classes
    return (math.isqrt(b * b + 4 * a * (budget // 2)) - b) // (2 * a)


# %% wrong [doubled channels forgotten]: the quadratic formula
def widest(budget, n, classes):
    a, b = 9 * ((n + 1) // 2) ** 2, 9 * n * n + 2 * classes
    return (math.isqrt(b * b + 4 * a * budget) - b) // (2 * a)


# %% wrong [dense layer forgotten]: the quadratic formula
def widest(budget, n, classes):
    a, b = 18 * ((n + 1) // 2) ** 2, 9 * n * n
    return (math.isqrt(b * b + 4 * a * budget) - b) // (2 * a)


# %% wrong: up to sixty only
def widest(budget, n, classes):
    best = 0
    for C in range(60):
        if 9 * C * n * n + 18 * C * C * ((n + 1) // 2) ** 2 + 2 * C * classes <= budget:
            best = C
    return best


# %% wrong: at least one
def widest(budget, n, classes):
    a, b = 18 * ((n + 1) // 2) ** 2, 9 * n * n + 2 * classes
    return max(1, (math.isqrt(b * b + 4 * a * budget) - b) // (2 * a))


# %% wrong: a root that is not rounded
def widest(budget, n, classes):
    a, b = 18 * ((n + 1) // 2) ** 2, 9 * n * n + 2 * classes
    return (math.sqrt(b * b + 4 * a * budget) - b) / (2 * a)


# %% wrong: the dense layer on C channels
def widest(budget, n, classes):
    a, b = 18 * ((n + 1) // 2) ** 2, 9 * n * n + classes
    return (math.isqrt(b * b + 4 * a * budget) - b) // (2 * a)


# %% wrong: biases counted
def widest(budget, n, classes):
    a, b = 18 * ((n + 1) // 2) ** 2, 10 * n * n + 2 * ((n + 1) // 2) ** 2 + 2 * classes
    return (math.isqrt(b * b + 4 * a * budget) - b) // (2 * a)


# %% endless: a loop that never ends
def widest(budget, n, classes):
    C = 0
    while 9 * C * n * n <= budget:
        pass
    return C
