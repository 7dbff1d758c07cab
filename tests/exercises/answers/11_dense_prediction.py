# ruff: noqa
"""Answers to the exercises of chapter 11."""

import itertools
import math
from fractions import Fraction

import numpy as np
import sympy
import torch
import torch.nn as nn
import torch.nn.functional as F

# %% dense_prediction.transposed_size
# %% right: a text
"s(n - 1) + k - 2p + o"
# %% right: measured
def size(n, k, s, p, o):
    y = nn.ConvTranspose1d(1, 1, k, s, p, o)(torch.zeros(1, 1, n))
    return y.shape[-1]


# %% right: sympy, other order of terms
n, k, s, p, o = sympy.symbols("n k s p o")
o + k - 2 * p + s * n - s
# %% right: the convolution undone
def size(n, k, s, p, o):
    for length in range(1, 10_000):
        if (length + 2 * p - k) // s + 1 == n and length + 2 * p >= k:
            return length + o


# %% wrong [size times stride]: a text
"n s"
# %% wrong [a step too many]: a text
"n s + k - 2p + o"
# %% wrong [padding added]: a text
"s(n - 1) + k + 2p + o"
# %% wrong [padding at one end]: a lambda
lambda n, k, s, p, o: s * (n - 1) + k + o - p
# %% wrong [output padding at both ends]: a text
"s(n - 1) + k - 2(p - o)"
# %% wrong [output padding forgotten]: a text
"s(n-1) + k - 2p"
# %% wrong [size of the convolution]: a text
"floor((n + 2p - k) / s) + 1"
# %% wrong: dilation in mind
"(n - 1) s + (k - 1) - 2p + o"
# %% dense_prediction.stamp
# %% right: loops over everything
def transposed(x, weight, stride, padding):
    c_in, c_out, k = weight.shape
    n = x.shape[1]
    out = torch.zeros(c_out, (n - 1) * stride + k - 2 * padding, dtype=x.dtype)
    for c in range(c_in):
        for o in range(c_out):
            for i in range(n):
                for a in range(k):
                    j = i * stride + a - padding
                    if 0 <= j < out.shape[1]:
                        out[o, j] += x[c, i] * weight[c, o, a]
    return out


# %% right: zeros between, then a convolution with the kernel turned round
def transposed(x, weight, stride, padding):
    c, n = x.shape
    k = weight.shape[2]
    spread = x.new_zeros(c, (n - 1) * stride + 1)
    spread[:, ::stride] = x
    y = F.conv1d(spread[None], weight.transpose(0, 1).flip(2), padding=k - 1)[0]
    return y[:, padding : y.shape[1] - padding]


# %% right: NumPy
def transposed(x, weight, stride, padding):
    x, w = x.numpy(), weight.numpy()
    k, n = w.shape[2], x.shape[1]
    y = np.zeros((w.shape[1], (n - 1) * stride + k), dtype=x.dtype)
    for a in range(k):
        y[:, a : a + (n - 1) * stride + 1 : stride] += w[:, :, a].T @ x
    return y[:, padding : y.shape[1] - padding] if padding else y


# %% right: index_add
def transposed(x, weight, stride, padding):
    n, k = x.shape[1], weight.shape[2]
    products = torch.einsum("ci,coa->oia", x, weight).flatten(1)
    places = (torch.arange(n)[:, None] * stride + torch.arange(k)).flatten()
    y = x.new_zeros(weight.shape[1], (n - 1) * stride + k).index_add(1, places, products)
    return y[:, padding : y.shape[1] - padding]


# %% right: fold
def transposed(x, weight, stride, padding):
    n, (c, o, k) = x.shape[1], weight.shape
    columns = weight.reshape(c, o * k).T @ x
    length = (n - 1) * stride + k - 2 * padding
    return F.fold(columns[None], (1, length), (1, k), padding=(0, padding), stride=(1, stride))[0, :, 0]


# %% wrong [kernel turned round]: a convolution of what was spread
def transposed(x, weight, stride, padding):
    c, n = x.shape
    spread = x.new_zeros(c, (n - 1) * stride + 1)
    spread[:, ::stride] = x
    k = weight.shape[2]
    y = F.conv1d(spread[None], weight.transpose(0, 1), padding=k - 1)[0]
    return y[:, padding : y.shape[1] - padding]


# %% wrong [stamps overwritten]: an equals sign
def transposed(x, weight, stride, padding):
    n, k = x.shape[1], weight.shape[2]
    y = x.new_zeros(weight.shape[1], (n - 1) * stride + k)
    for i in range(n):
        y[:, i * stride : i * stride + k] = torch.einsum("c,coa->oa", x[:, i], weight)
    return y[:, padding : y.shape[1] - padding]


# %% wrong [cut at the far end only]: twice the padding there
def transposed(x, weight, stride, padding):
    n, k = x.shape[1], weight.shape[2]
    y = x.new_zeros(weight.shape[1], (n - 1) * stride + k)
    for i in range(n):
        y[:, i * stride : i * stride + k] += torch.einsum("c,coa->oa", x[:, i], weight)
    return y[:, : y.shape[1] - 2 * padding]


# %% wrong [channels exchanged]: as in a convolution, which crashes where they differ
def transposed(x, weight, stride, padding):
    n, k = x.shape[1], weight.shape[2]
    y = x.new_zeros(weight.shape[0], (n - 1) * stride + k)
    for i in range(n):
        y[:, i * stride : i * stride + k] += torch.einsum("c,oca->oa", x[:, i], weight)
    return y[:, padding : y.shape[1] - padding]


# %% wrong [padding kept]: nothing cut
def transposed(x, weight, stride, padding):
    n, k = x.shape[1], weight.shape[2]
    y = x.new_zeros(weight.shape[1], (n - 1) * stride + k)
    for i in range(n):
        y[:, i * stride : i * stride + k] += torch.einsum("c,coa->oa", x[:, i], weight)
    return y


# %% wrong [stride ignored]: a full convolution
def transposed(x, weight, stride, padding):
    k = weight.shape[2]
    y = F.conv1d(x[None], weight.transpose(0, 1).flip(2), padding=k - 1)[0]
    return y[:, padding : y.shape[1] - padding]


# %% wrong: empty without padding
def transposed(x, weight, stride, padding):
    n, k = x.shape[1], weight.shape[2]
    y = x.new_zeros(weight.shape[1], (n - 1) * stride + k)
    for i in range(n):
        y[:, i * stride : i * stride + k] += torch.einsum("c,coa->oa", x[:, i], weight)
    return y[:, padding:-padding]


# %% not allowed: torch's
lambda x, weight, stride, padding: F.conv_transpose1d(x, weight, stride=stride, padding=padding)
# %% dense_prediction.coverage
# %% right: stamped ones
def coverage(n, k, s):
    return F.conv_transpose1d(torch.ones(1, 1, n), torch.ones(1, 1, k), stride=s)[0, 0]


# %% right: asked of each place
def coverage(n, k, s):
    return [sum(0 <= j - i * s < k for i in range(n)) for j in range((n - 1) * s + k)]


# %% right: NumPy, integers
def coverage(n, k, s):
    counts = np.zeros((n - 1) * s + k, dtype=int)
    for i in range(n):
        counts[i * s : i * s + k] += 1
    return counts


# %% right: a generator
def coverage(n, k, s):
    for j in range((n - 1) * s + k):
        yield min(n - 1, j // s) - max(0, -((k - 1 - j) // s)) + 1


# %% wrong [interior everywhere]: taps of a phase
lambda n, k, s: [sum(a % s == j % s for a in range(k)) for j in range((n - 1) * s + k)]
# %% wrong [overlap not counted]: a set
def coverage(n, k, s):
    hit = {i * s + a for i in range(n) for a in range(k)}
    return [int(j in hit) for j in range((n - 1) * s + k)]


# %% wrong [stride ignored]: one step apart
lambda n, k, s: [sum(0 <= j - i < k for i in range(n)) for j in range(n - 1 + k)]
# %% wrong [the same for all]: an array
lambda n, k, s: np.full((n - 1) * s + k, -(-k // s))
# %% wrong [one more at the end]: range one too far
lambda n, k, s: [sum(0 <= j - i * s < k for i in range(n)) for j in range((n - 1) * s + k + 1)]
# %% wrong: stamps one too long
lambda n, k, s: [sum(0 <= j - i * s <= k for i in range(n)) for j in range((n - 1) * s + k)]
# %% dense_prediction.phase_sums
# %% right: a loop
def phases(weight, s):
    sums = [0.0] * s
    for a, w in enumerate(weight.tolist()):
        sums[a % s] += w
    return sums


# %% right: padded and folded
def phases(weight, s):
    return F.pad(weight, (0, -len(weight) % s)).view(-1, s).sum(0)


# %% right: NumPy
lambda weight, s: np.bincount(np.arange(len(weight)) % s, weight.numpy(), minlength=s)
# %% right: a scatter
def phases(weight, s):
    return weight.new_zeros(s).index_add(0, torch.arange(len(weight)) % s, weight)


# %% wrong [taps taken in runs]: side by side
def phases(weight, s):
    return F.pad(weight, (0, -len(weight) % s)).view(s, -1).sum(1)


# %% wrong [means]: a loop
lambda weight, s: [float(weight[r::s].mean()) for r in range(s)]
# %% wrong [kernel turned round]: flipped first
lambda weight, s: [weight.flip(0)[r::s].sum().item() for r in range(s)]
# %% wrong [the whole kernel at every phase]: repeated
lambda weight, s: weight.sum().repeat(s)
# %% wrong [the number of taps]: lengths
lambda weight, s: [float(len(weight[r::s])) for r in range(s)]
# %% wrong: only full groups
lambda weight, s: weight[: len(weight) // s * s].view(-1, s).sum(0)
# %% dense_prediction.even_proof
# %% right: the other direction first
"A, B, C, E, D, F"
# %% right: a list
list("abcdef")
# %% wrong [concluded from divisibility]: instead of the interior
"ABGDEF"
# %% wrong [concluded from divisibility]: at its place
"ABCGDEF"
# %% wrong [one direction only]: sufficient
"A B C D F"
# %% wrong [begun with the claim]: from the end
"FEDCBA"
# %% wrong [interior before the constant]: swapped
"A C B E D F"
# %% dense_prediction.divisible
# %% right: text
"b3"
# %% wrong [divisible is enough]: with its reason
("a", 2)
# %% wrong [noise expected]: with its reason
("c", 4)
# %% wrong [border blamed]: with the counts
("d", 1)
# %% wrong [overlap counted]: the usual story
["b", 1]
# %% wrong [right choice, wrong reason]: random
("b", 4)
# %% dense_prediction.pixel_shuffle
# %% right: shuffled units
def shuffle_weight(channels, r):
    return F.pixel_shuffle(torch.eye(channels * r**2).view(-1, channels * r**2, 1, 1), r)


# %% right: a view of an identity
def shuffle_weight(channels, r):
    return torch.eye(channels * r * r).unflatten(1, (channels, r, r))


# %% right: NumPy
def shuffle_weight(channels, r):
    weight = np.zeros((channels * r * r, channels, r, r), dtype=int)
    for number in range(channels * r * r):
        c, rest = divmod(number, r * r)
        weight[number, c, rest // r, rest % r] = 1
    return weight


# %% wrong [columns before rows]: i and j exchanged
def shuffle_weight(channels, r):
    weight = torch.zeros(channels * r * r, channels, r, r)
    for c, i, j in itertools.product(range(channels), range(r), range(r)):
        weight[c * r * r + j * r + i, c, i, j] = 1
    return weight


# %% wrong [colours next to each other]: TensorFlow's order
def shuffle_weight(channels, r):
    weight = torch.zeros(channels * r * r, channels, r, r)
    for c, i, j in itertools.product(range(channels), range(r), range(r)):
        weight[(i * r + j) * channels + c, c, i, j] = 1
    return weight


# %% wrong [every channel everywhere]: full
lambda channels, r: torch.full((channels * r * r, channels, r, r), 1.0)
# %% wrong [stamp turned round]: from the last place
def shuffle_weight(channels, r):
    weight = torch.zeros(channels * r * r, channels, r, r)
    for c, i, j in itertools.product(range(channels), range(r), range(r)):
        weight[c * r * r + i * r + j, c, r - 1 - i, r - 1 - j] = 1
    return weight


# %% wrong [weight of a convolution]: out first
lambda channels, r: torch.eye(channels * r * r).view(channels, r, r, -1).permute(0, 3, 1, 2)
# %% dense_prediction.linear_head
# %% right: view
lambda weight, channels, height, width: weight.view(-1, channels, height, width)
# %% right: NumPy
lambda weight, channels, height, width: weight.numpy().reshape((-1, channels, height, width))
# %% right: loops
def kernel(weight, channels, height, width):
    out = torch.zeros(len(weight), channels, height, width, dtype=weight.dtype)
    for c, i, j in itertools.product(range(channels), range(height), range(width)):
        out[:, c, i, j] = weight[:, (c * height + i) * width + j]
    return out


# %% right: columns of places
def kernel(weight, channels, height, width):
    return torch.stack(weight.chunk(channels, 1), 1).reshape(-1, channels, height, width)


# %% wrong [channels last]: as NHWC
def kernel(weight, channels, height, width):
    return weight.view(len(weight), height, width, channels).permute(0, 3, 1, 2)


# %% wrong [rows and columns exchanged]: columns outside
def kernel(weight, channels, height, width):
    return weight.reshape(-1, channels, width, height).transpose(2, 3)


# %% wrong [kernel turned round]: a true convolution in mind
lambda weight, channels, height, width: weight.view(-1, channels, height, width).flip((2, 3))
# %% wrong [a 1×1 kernel]: view
lambda weight, channels, height, width: weight.view(*weight.shape, 1, 1)
# %% wrong: the shape alone
lambda weight, channels, height, width: weight.view(-1, channels, width, height)
# %% dense_prediction.sliding
# %% right: a text
"((n - w + 1)(w - k + 1) / (n - k + 1))^2"
# %% right: counted
def factor(n, w, k):
    macs = lambda side: (side - k + 1) ** 2 * k**2
    return Fraction((n - w + 1) ** 2 * macs(w), macs(n))


# %% right: sympy
n, w, k = sympy.symbols("n w k")
((n - w + 1) * (w - k + 1)) ** 2 / (n - k + 1) ** 2
# %% wrong [every window as large as the image]: a text
"(n - w + 1)^2"
# %% wrong [pixels compared]: a text
"(n - w + 1)^2 w^2 / n^2"
# %% wrong [one axis]: a text
"(n - w + 1)(w - k + 1) / (n - k + 1)"
# %% wrong [turned round]: a text
"(n - k + 1)^2 / ((n - w + 1)^2 (w - k + 1)^2)"
# %% wrong [outputs of a window]: a lambda
lambda n, w, k: (w + 1 - k) ** 2
# %% wrong: a window too few
"(n - w)^2 (w - k + 1)^2 / (n - k + 1)^2"
# %% dense_prediction.output_stride
# %% right: a text
"S/o"
# %% right: doubled
def rate(S, o):
    r = 1
    while S > o:
        S, r = S // 2, 2 * r
    return r


# %% right: a power
lambda S, o: 2 ** math.log2(S / o)
# %% wrong [strides counted]: a text
"log2(S / o)"
# %% wrong [doubled once]: a text
"2"
# %% wrong [rates added]: a lambda
lambda S, o: 2 * (math.log2(S) - math.log2(o))
# %% wrong [whole stride]: a text
"S"
# %% wrong [stride that remains]: a text
"o"
# %% wrong [area]: a text
"S^2 / o^2"
# %% wrong: turned round
"o / S"
# %% dense_prediction.atrous
# %% right: written into zeros
def atrous(x, convolve, rate):
    out = None
    for a in range(rate):
        for b in range(rate):
            y = convolve(x[:, :, a::rate, b::rate])
            if out is None:
                out = torch.zeros(x.shape[0], y.shape[1], *x.shape[2:], dtype=x.dtype)
            out[:, :, a::rate, b::rate] = y
    return out


# %% right: all sublattices as one batch
def atrous(x, convolve, rate):
    n, c, h, w = x.shape
    parts = x.view(n, c, h // rate, rate, w // rate, rate).permute(3, 5, 0, 1, 2, 4)
    y = convolve(parts.reshape(-1, c, h // rate, w // rate))
    y = y.view(rate, rate, n, -1, h // rate, w // rate).permute(2, 3, 4, 0, 5, 1)
    return y.reshape(n, -1, h, w)


# %% right: pixel shuffle and back
def atrous(x, convolve, rate):
    n, c = x.shape[:2]
    parts = F.pixel_unshuffle(x, rate)
    parts = parts.unflatten(1, (c, rate**2)).transpose(1, 2).flatten(0, 1)
    y = convolve(parts).unflatten(0, (n, rate**2)).transpose(1, 2).flatten(1, 2)
    return F.pixel_shuffle(y, rate)


# %% right: NumPy at the end
def atrous(x, convolve, rate):
    parts = {(a, b): convolve(x[..., a::rate, b::rate]).numpy() for a in range(rate) for b in range(rate)}
    channels = parts[0, 0].shape[1]
    out = np.empty((x.shape[0], channels, *x.shape[2:]), dtype=parts[0, 0].dtype)
    for (a, b), part in parts.items():
        out[..., a::rate, b::rate] = part
    return out


# %% wrong [rate ignored]: called as it is
lambda x, convolve, rate: convolve(x)
# %% wrong [first sublattice repeated]: enlarged
def atrous(x, convolve, rate):
    return F.interpolate(convolve(x[:, :, ::rate, ::rate]), scale_factor=rate)


# %% wrong [results side by side]: concatenated
def atrous(x, convolve, rate):
    rows = []
    for a in range(rate):
        rows.append(torch.cat([convolve(x[:, :, a::rate, b::rate]) for b in range(rate)], 3))
    return torch.cat(rows, 2)


# %% wrong [rows and columns exchanged]: of the goal
def atrous(x, convolve, rate):
    out = torch.zeros_like(convolve(x))
    for a in range(rate):
        for b in range(rate):
            out[:, :, b::rate, a::rate] = convolve(x[:, :, a::rate, b::rate])
    return out


# %% wrong [one axis only]: rows
def atrous(x, convolve, rate):
    out = torch.zeros_like(convolve(x))
    for a in range(rate):
        out[:, :, a::rate] = convolve(x[:, :, a::rate])
    return out


# %% not attempted: half done
def atrous(x, convolve, rate):
    for a in range(rate):
        y = ...
    return y


# %% dense_prediction.rates
# %% right: text
"c, 2"
# %% wrong [equal rates, no holes]: with a reason
("a", 1)
# %% wrong [doubled from two]: with a reason
("b", 4)
# %% wrong [no common divisor, so no hole]: with a reason
("d", 3)
# %% wrong [right list by its divisor]: with a reason
("c", 3)
# %% dense_prediction.widest
# %% right: a text
"k^L"
# %% right: layer by layer
def widest(k, L):
    field = 1
    for layer in range(L):
        rate = field
        field = field + (k - 1) * rate
    return field


# %% right: a sum
lambda k, L: 1 + sum((k - 1) * k**layer for layer in range(L))
# %% wrong [rates that double]: a text
"1 + (k - 1)(2^L - 1)"
# %% wrong [no dilation]: a text
"L(k - 1) + 1"
# %% wrong [base and exponent exchanged]: a text
"L^k"
# %% wrong [taps times layers]: a text
"k L"
# %% wrong: one layer too few
"k^(L - 1)"
# %% dense_prediction.skip
# %% right: functional
class OneStep(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.a = nn.Conv2d(channels, channels * 2, 3, padding="same")
        self.b = nn.ConvTranspose2d(channels * 2, channels, 2, 2)
        self.c = nn.Conv2d(channels * 2, channels, 3, padding="same")

    def forward(self, x):
        return self.c(torch.cat((x, self.b(self.a(F.max_pool2d(x, 2)))), 1))


# %% right: a sequence for the lower way, joined the other way round
class OneStep(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.way = nn.Sequential(
            nn.MaxPool2d(2, stride=2),
            nn.Conv2d(channels, 2 * channels, 3, 1, 1),
            nn.ConvTranspose2d(2 * channels, channels, kernel_size=2, stride=2),
        )
        self.last = nn.Conv2d(2 * channels, channels, 3, 1, 1)

    def forward(self, x):
        return self.last(torch.cat([self.way(x), x], dim=-3))


# %% right: a function that builds one, two convolutions summed in place of one
class Split(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.lower = nn.Conv2d(channels, 2 * channels, 3, padding=1)
        self.up = nn.ConvTranspose2d(2 * channels, channels, 2, stride=2)
        self.left = nn.Conv2d(channels, channels, 3, padding=1)
        self.right = nn.Conv2d(channels, channels, 3, padding=1, bias=False)

    def forward(self, x):
        y = self.up(self.lower(F.max_pool2d(x, 2)))
        return self.left(x) + self.right(y)


OneStep = lambda channels: Split(channels)
# %% wrong [skip added]: plus
class OneStep(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.a = nn.Conv2d(channels, channels * 2, 3, padding=1)
        self.b = nn.ConvTranspose2d(channels * 2, channels, 2, 2)
        self.c = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return self.c(self.b(self.a(F.max_pool2d(x, 2))) + x)


# %% wrong [no skip]: a sequence
def OneStep(channels):
    return nn.Sequential(
        nn.MaxPool2d(2),
        nn.Conv2d(channels, 2 * channels, 3, padding=1),
        nn.ConvTranspose2d(2 * channels, channels, 2, 2),
        nn.Conv2d(channels, channels, 3, padding=1),
    )


# %% wrong [halved by a stride]: no pooling
class OneStep(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.a = nn.Conv2d(channels, channels * 2, 3, 2, 1)
        self.b = nn.ConvTranspose2d(channels * 2, channels, 2, 2)
        self.c = nn.Conv2d(channels * 2, channels, 3, padding=1)

    def forward(self, x):
        return self.c(torch.cat([x, self.b(self.a(x))], 1))


# %% wrong [enlarged by repetition]: interpolate
class OneStep(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.a = nn.Conv2d(channels, channels * 2, 3, padding=1)
        self.b = nn.Conv2d(channels * 2, channels, 1)
        self.c = nn.Conv2d(channels * 2, channels, 3, padding=1)

    def forward(self, x):
        y = F.interpolate(self.b(self.a(F.max_pool2d(x, 2))), scale_factor=2)
        return self.c(torch.cat([x, y], 1))


# %% wrong: ReLU in between
class OneStep(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.a = nn.Conv2d(channels, channels * 2, 3, padding=1)
        self.b = nn.ConvTranspose2d(channels * 2, channels, 2, 2)
        self.c = nn.Conv2d(channels * 2, channels, 3, padding=1)

    def forward(self, x):
        return self.c(torch.cat([x, self.b(F.relu(self.a(F.max_pool2d(x, 2))))], 1))


# %% dense_prediction.unpadded
# %% right: a text
"4(3 * 2^D - 2)"
# %% right: from the first admissible side
def lost(D):
    def answer(n):
        if n % 2 and D:
            return None
        side = n
        for _ in range(D):
            if (side - 4) % 2:
                return None
            side = (side - 4) // 2
        side -= 4
        for _ in range(D):
            side = 2 * side - 4
        return side

    return next(n - answer(n) for n in range(13 * 2**D, 99 * 2**D) if answer(n))


# %% right: the library's
from cnncourse.architectures.unet import UNet

lambda D: UNet(tuple(2**l for l in range(D + 1)), False, 2, 1).margin
# %% right: a sum
lambda D: 4 * 2**D + sum(2 * 4 * 2**l for l in range(D))
# %% wrong [pixels of small maps]: a text
"8D + 4"
# %% wrong [way down only]: a sum
lambda D: sum(4 * 2**l for l in range(D + 1))
# %% wrong [smallest map twice]: a sum
lambda D: sum(8 * 2**l for l in range(D + 1))
# %% wrong [one side only]: a text
"6 * 2^D - 4"
# %% wrong [smallest map forgotten]: a sum
lambda D: sum(8 * 2**l for l in range(D))
# %% wrong: one convolution at the smallest size
"10 * 2^D - 8"
# %% dense_prediction.odd_sides
# %% right: a text
"ceil(n / 2^D) 2^D - n"
# %% right: a loop
def rows(n, D):
    r = 0
    while True:
        side = n + r
        for _ in range(D):
            if side % 2:
                break
            side //= 2
        else:
            return r
        r += 1


# %% right: twice modulo
lambda n, D: (2**D - n % 2**D) % 2**D
# %% wrong [rows to remove]: a text
"n % 2^D"
# %% wrong [a whole multiple too many]: a lambda
lambda n, D: 2**D - (n % 2**D)
# %% wrong [made even once]: a text
"n % 2"
# %% wrong [two for each halving]: a lambda
lambda n, D: (2 * D - n % (2 * D)) % (2 * D)
# %% wrong: down to the multiple below
"floor(n / 2^D) 2^D"
# %% dense_prediction.corners
# %% right: multiplied out
{"edges": "(2i + 1) n / (2m) - 0.5", "centres": "(n - 1) i / (m - 1)"}
# %% right: in order
("(i + 0.5) n/m - 0.5", "i / ((m - 1) / (n - 1))")
# %% right: sympy
i, n, m = sympy.symbols("i n m")
{"edges": n / m * (i + sympy.Rational(1, 2)) - sympy.Rational(1, 2), "centres": i * (n - 1) / (m - 1)}
# %% wrong [the two exchanged]: in order
("i (n - 1) / (m - 1)", "(i + 0.5) n / m - 0.5")
# %% wrong [half a pixel forgotten]: the other one right
{"edges": "i n / m", "centres": "i(n - 1)/(m - 1)"}
# %% wrong [half a pixel not taken off]: the other one right
{"edges": "n(i + 0.5)/m", "centres": "i(n - 1)/(m - 1)"}
# %% wrong [pixels for steps]: the other one right
{"edges": "(i + 1/2) n / m - 1/2", "centres": "n i / m"}
# %% wrong [scale turned round]: the other one right
{"edges": "(i + 1/2) m / n - 1/2", "centres": "i(n - 1)/(m - 1)"}
# %% not attempted: one gap
{"edges": "(i + 1/2) n / m - 1/2"}
# %% dense_prediction.labels
# %% right: text
"(b, 3)"
# %% wrong [interpolated the labels]: alike
("a", 2)
# %% wrong [rounded afterwards]: with the right reason
("c", 3)
# %% wrong [sharper is better]: its reason
("d", 4)
# %% wrong [speed]: its reason
("b", 1)
# %% wrong [right choice, wrong reason]: alike
("b", 2)
# %% dense_prediction.shifted
# %% right: masks
a, b = torch.zeros(2, 20, 20, dtype=bool)
a[5:15, 3:13] = True
b[5:15, 5:15] = True
100 * (a & b).sum() / (a | b).sum()
# %% right: rounded
66.7
# %% right: with its sign
"66.67 %"
# %% wrong [share of the object found]: recall
100 * 8 / 10
# %% wrong [intersection counted twice]: sum of areas
8000 / 200
# %% wrong [shifted along both axes]: 8 by 8
100 * 64 / (200 - 64)
# %% wrong [only one side added]: eleven columns
100 * 8 / 11
# %% wrong [wrong unit]: a share
2 / 3
# %% dense_prediction.dice
# %% right: a text
"2J/(J + 1)"
# %% right: from sizes
def dice(J):
    union, intersection = 1.0, J
    return 2 * intersection / (union + intersection)


# %% right: turned round twice
lambda J: 1 / (0.5 + 0.5 / J)
# %% wrong [IoU from Dice]: a text
"J / (2 - J)"
# %% wrong [intersection once]: a text
"J / (1 + J)"
# %% wrong [twice the IoU]: a text
"2J"
# %% wrong [both the same]: a text
"J"
# %% wrong [two intersections too many below]: a text
"2J / (1 + 2J)"
# %% wrong: root
"sqrt(J)"
# %% dense_prediction.mean_iou
# %% right: a table of counts
def mean_iou(prediction, target, classes):
    table = torch.zeros(classes, classes)
    for t, p in zip(target.flatten(), prediction.flatten()):
        table[t, p] += 1
    hits = table.diag()
    union = table.sum(0) + table.sum(1) - hits
    return (hits[union > 0] / union[union > 0]).mean()


# %% right: one-hot masks and nanmean
def mean_iou(prediction, target, classes):
    p = F.one_hot(prediction, classes).flatten(0, 1).double()
    t = F.one_hot(target, classes).flatten(0, 1).double()
    return ((p * t).sum(0) / torch.maximum(p, t).sum(0)).nanmean()


# %% right: sets of pixels, fractions
def mean_iou(prediction, target, classes):
    scores = []
    for c in range(classes):
        p = {tuple(at) for at in (prediction == c).nonzero().tolist()}
        t = {tuple(at) for at in (target == c).nonzero().tolist()}
        if p | t:
            scores.append(Fraction(len(p & t), len(p | t)))
    return sum(scores) / len(scores)


# %% right: NumPy, over the classes that occur
def mean_iou(prediction, target, classes):
    p, t = prediction.numpy(), target.numpy()
    return np.mean([((p == c) & (t == c)).sum() / ((p == c) | (t == c)).sum() for c in np.union1d(p, t)])


# %% wrong [an absent class is a zero]: a small number below
def mean_iou(prediction, target, classes):
    total = 0
    for c in range(classes):
        p, t = prediction == c, target == c
        total += (p & t).sum() / ((p | t).sum() + 1e-12)
    return total / classes


# %% wrong [an absent class is a success]: a small number above and below
def mean_iou(prediction, target, classes):
    total = 0
    for c in range(classes):
        p, t = prediction == c, target == c
        total += ((p & t).sum().double() + 1e-12) / ((p | t).sum().double() + 1e-12)
    return total / classes


# %% wrong [invented classes left out]: classes of the target
def mean_iou(prediction, target, classes):
    scores = []
    for c in target.unique():
        p, t = prediction == c, target == c
        scores.append((p & t).sum() / (p | t).sum())
    return torch.stack(scores).mean()


# %% wrong [missed classes left out]: classes of the prediction
def mean_iou(prediction, target, classes):
    scores = []
    for c in prediction.unique():
        p, t = prediction == c, target == c
        scores.append((p & t).sum() / (p | t).sum())
    return torch.stack(scores).mean()


# %% wrong [pixel accuracy]: a loop
def mean_iou(prediction, target, classes):
    pairs = list(zip(prediction.flatten().tolist(), target.flatten().tolist()))
    return sum(p == t for p, t in pairs) / len(pairs)


# %% wrong [pooled over the classes]: sums first
def mean_iou(prediction, target, classes):
    both = (prediction == target).sum()
    return both / (2 * target.numel() - both)


# %% wrong [Dice]: over those that occur
def mean_iou(prediction, target, classes):
    scores = []
    for c in range(classes):
        p, t = prediction == c, target == c
        if (p | t).any():
            scores.append(2 * (p & t).sum() / (p.sum() + t.sum()))
    return sum(scores) / len(scores)


# %% wrong [sum of both sizes]: over those that occur
def mean_iou(prediction, target, classes):
    scores = []
    for c in range(classes):
        p, t = prediction == c, target == c
        if (p | t).any():
            scores.append((p & t).sum() / (p.sum() + t.sum()))
    return sum(scores) / len(scores)


# %% wrong [NaN in the result]: 0/0 kept
def mean_iou(prediction, target, classes):
    scores = []
    for c in range(classes):
        p, t = prediction == c, target == c
        scores.append((p & t).sum() / (p | t).sum())
    return torch.stack(scores).mean()


# %% dense_prediction.background
# %% right: masks
t = torch.zeros(1000, dtype=torch.long)
t[:25] = 1
p = torch.zeros_like(t)
100 * np.mean([float(((p == c) & (t == c)).sum() / ((p == c) | (t == c)).sum()) for c in (0, 1)])
# %% right: with its sign
"48.75 %"
# %% right: rounded
48.8
# %% wrong [accuracy]: a number
100 - 2.5
# %% wrong [background perfect]: mean of 1 and 0
50.0
# %% wrong [object alone]: zero
0
# %% wrong [object's share]: a text
"2.5 %"
# %% wrong [Dice in place of IoU]: mean of both
100 * (2 * 0.975 / (0.975 + 1)) / 2
# %% dense_prediction.class_weights
# %% right: a loop over pixels
def weighted_loss(logits, target, weight):
    total, weights = 0.0, 0.0
    for n, i, j in itertools.product(*map(range, target.shape)):
        z, c = logits[n, :, i, j], target[n, i, j]
        total += weight[c] * (torch.logsumexp(z, 0) - z[c])
        weights += weight[c]
    return total / weights


# %% right: one-hot
def weighted_loss(logits, target, weight):
    y = F.one_hot(target, logits.shape[1]).permute(0, 3, 1, 2) * weight.view(1, -1, 1, 1)
    return -(y * F.log_softmax(logits, dim=1)).sum() / y.sum()


# %% right: NumPy
def weighted_loss(logits, target, weight):
    z, t, w = logits.numpy(), target.numpy(), weight.numpy()
    z = np.moveaxis(z, 1, -1).reshape(-1, z.shape[1])
    z = z - z.max(1, keepdims=True)
    losses = np.log(np.exp(z).sum(1)) - z[np.arange(len(z)), t.ravel()]
    return np.average(losses, weights=w[t.ravel()])


# %% right: class by class
def weighted_loss(logits, target, weight):
    log_p = torch.log_softmax(logits, 1)
    above = below = 0
    for c, w in enumerate(weight):
        mask = target == c
        above = above - w * log_p[:, c][mask].sum()
        below = below + w * mask.sum()
    return above / below


# %% wrong [divided by the number of pixels]: mean
def weighted_loss(logits, target, weight):
    losses = -logits.log_softmax(1).gather(1, target[:, None])[:, 0]
    return (losses * weight[target]).mean()


# %% wrong [divided by the sum of the list]: sum of the weights
def weighted_loss(logits, target, weight):
    losses = -logits.log_softmax(1).gather(1, target[:, None])[:, 0]
    return (losses * weight[target]).sum() / sum(weight)


# %% wrong [not divided at all]: sum
def weighted_loss(logits, target, weight):
    losses = -logits.log_softmax(1).gather(1, target[:, None])[:, 0]
    return (losses * weight[target]).sum()


# %% wrong [weight of the predicted class]: argmax
def weighted_loss(logits, target, weight):
    losses = -logits.log_softmax(1).gather(1, target[:, None])[:, 0]
    w = weight[logits.argmax(1)]
    return (losses * w).sum() / w.sum()


# %% wrong [weights ignored]: plain
def weighted_loss(logits, target, weight):
    return -logits.log_softmax(1).gather(1, target[:, None]).mean()


# %% wrong [scores weighted]: before the softmax
def weighted_loss(logits, target, weight):
    z = torch.einsum("nchw,c->nchw", logits, weight)
    return -z.log_softmax(1).gather(1, target[:, None]).mean()


# %% not allowed: torch's
lambda logits, target, weight: nn.CrossEntropyLoss(weight)(logits, target)
