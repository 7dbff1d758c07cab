# ruff: noqa
"""Answers to the exercises of chapter 01."""

import functools
import itertools
import math
from collections import deque, namedtuple
from decimal import Decimal
from fractions import Fraction

import numpy as np
import sympy
import torch
import torch.nn as nn
import torch.nn.functional as F

# %% why_convolution.dense_weights
# %% right: a product written with the letter x
"224 x 224 x 3"
# %% right: text with a thousands separator
"150,528"
# %% right: text with a narrow space
"150\u202f528"
# %% right: a product in a text with its unit
"224 × 224 × 3 weights"
# %% right: powers in Unicode
"3·224²"
# %% right: NumPy's product
np.prod((224, 224, 3))
# %% right: asked of torch
nn.Linear(224 * 224 * 3, 1, bias=False).weight.numel()
# %% right: scientific notation
1.50528e5
# %% right: scientific text
"1.50528 * 10^5"
# %% right: a tensor in single precision
torch.tensor(150528.0)
# %% right: a sum over the channels
sum(224**2 for channel in "RGB")
# %% right: exact arithmetic of sympy
sympy.Integer(224) ** 2 * 3
# %% wrong [one weight a pixel]: NumPy's product
np.prod([224, 224])
# %% wrong [one weight a pixel]: with a thousands separator
"50,176"
# %% wrong [the bias counted as a weight]: asked of torch
sum(p.numel() for p in nn.Linear(224 * 224 * 3, 1).parameters())
# %% wrong [sides added]: in a text
"3 * (224 + 224)"
# %% wrong: one side
224 * 3
# %% wrong: four channels
4 * 224**2
# %% wrong: rounded
150_500
# %% wrong: the sign is wrong
-150528
# %% wrong [wrong unit]: in thousands
150.528
# %% wrong [wrong type]: the picture itself
torch.zeros(3, 224, 224)
# %% wrong [wrong type]: the factors
(224, 224, 3)
# %% wrong [wrong type]: words
"a lot"
# %% why_convolution.doubled_side
# %% right: a factor with its sign
"4x"
# %% right: a power in a text
"2²"
# %% right: a ratio
(448 * 448 * 1000) / (224 * 224 * 1000)
# %% right: a Fraction
Fraction(8, 2)
# %% right: asked of torch
nn.Linear(256, 10).weight.numel() / nn.Linear(64, 10).weight.numel()
# %% wrong [linear in the side]: as a text
"2"
# %% wrong [the output grows along]: a power
2**4
# %% wrong: a thousandfold
4000
# %% wrong: the inverse
1 / 4
# %% wrong: another power
2**3
# %% why_convolution.convolution_parameters
# %% right: a sum of products
lambda C, D, k: C * D * k**2 + D


# %% right: asked of torch
def parameters(C, D, k):
    layer = nn.Conv2d(C, D, kernel_size=k)
    return sum(p.numel() for p in layer.parameters())


# %% right: loops that count
def parameters(C, D, k):
    count = 0
    for _ in range(D):
        count += 1
        for _ in itertools.product(range(C), range(k), range(k)):
            count += 1
    return count


# %% right: other names
def parameters(inputs, outputs, side):
    return outputs * (1 + inputs * side * side)


# %% right: the same names in another order
def parameters(k, D, C):
    return D + C * D * k * k


# %% right: math.prod over a tuple
lambda C, D, k: math.prod((D, C, k, k)) + D
# %% right: a tensor's size
lambda C, D, k: torch.zeros(D, C, k, k).numel() + torch.zeros(D).numel()


# %% right: a callable object
class Parameters:
    def __call__(self, C, D, k):
        return (C * k * k + 1) * D


parameters = Parameters()


# %% right: a partial of a more general function
def general(C, D, k, bias):
    return C * D * k * k + bias * D


parameters = functools.partial(general, bias=True)
# %% right: any arguments
lambda *s: s[1] * (s[0] * s[2] ** 2 + 1)


# %% right: with a default of its own
def parameters(C, D, k, bias=True):
    return D * C * k * k + (D if bias else 0)


# %% right: sympy, with positive symbols
C, D, k = sympy.symbols("C D k", positive=True)
parameters = sympy.expand(D * (C * k**2 + 1))
# %% right: a text with implicit products
"D(Ck²+1)"
# %% right: an equation in a text
"parameters = C·D·k^2 + D"
# %% right: NumPy's numbers
lambda C, D, k: np.int64(D) * (np.int64(C) * np.square(k) + 1)
# %% wrong [biases forgotten]: asked of torch
lambda C, D, k: nn.Conv2d(C, D, k).weight.numel()
# %% wrong [biases forgotten]: as a text
"CDk²"
# %% wrong [a bias for every kernel]: sympy
C, D, k = sympy.symbols("C D k")
parameters = C * D * k**2 + C * D
# %% wrong [one kernel for each output channel]: a tensor's size
lambda C, D, k: torch.zeros(D, k, k).numel() + D
# %% wrong [kernel side instead of area]: expanded
lambda C, D, k: C * D * k + D
# %% wrong: a bias for each input
lambda C, D, k: C * D * k * k + C
# %% wrong: one bias in all
lambda C, D, k: C * D * k * k + 1
# %% wrong: for 3x3 kernels only
lambda C, D, k: 9 * C * D + D
# %% wrong: hard-coded
lambda C, D, k: 1216


# %% wrong [wrong type]: weights and biases apart
def parameters(C, D, k):
    return C * D * k * k, D


# %% wrong [wrong type]: the layer itself
lambda C, D, k: nn.Conv2d(C, D, k)


# %% wrong [nothing returned]: printed
def parameters(C, D, k):
    print(D * (C * k * k + 1))


# %% wrong [wrong type]: called
(lambda C, D, k: D * (C * k * k + 1))(3, 16, 5)
# %% wrong [wrong signature]: one argument too few
lambda C, D: 9 * C * D + D
# %% crashed: a name that does not exist
lambda C, D, k: D * (C * K * K + 1)


# %% not attempted: half done
def parameters(C, D, k):
    weights = C * D * k * k
    ...


# %% endless: a count
def parameters(C, D, k):
    count = 0
    while count != D / 2 + 0.1:
        count += 1
    return count


# %% wrong [unknown variable]: other names in a sympy expression
n, m, k = sympy.symbols("n m k")
parameters = n * m * k**2 + m
# %% why_convolution.locally_connected
# %% right: a product in another order
lambda C, D, H, W, k: (H * W) * (k * k) * D * C
# %% right: a convolution for each place
lambda C, D, H, W, k: sum(D * C * k * k for place in range(H * W))


# %% right: torch counts
def weights(C, D, H, W, k):
    return torch.empty(H, W, D, C, k, k).nelement()


# %% right: as a matrix of so many columns
def weights(C, D, H, W, k):
    outputs = D * H * W
    inputs_each_reads = C * k**2
    return outputs * inputs_each_reads


# %% right: a text
"C*D*H*W*k^2"
# %% right: a float
lambda C, D, H, W, k: float(C * D * H * W) * k**2
# %% wrong [weights shared after all]: asked of torch
lambda C, D, H, W, k: nn.Conv2d(C, D, k, bias=False).weight.numel()
# %% wrong [not local after all]: asked of torch
lambda C, D, H, W, k: (C * H * W) * (D * H * W)
# %% wrong [output channels forgotten]: a text
"CHWk²"


# %% wrong [kernel side instead of area]: a loop
def weights(C, D, H, W, k):
    total = 0
    for _ in range(H * W):
        total += C * D * k
    return total


# %% wrong: with biases
lambda C, D, H, W, k: C * D * H * W * k * k + D * H * W
# %% wrong: valid places only
lambda C, D, H, W, k: C * D * (H - k + 1) * (W - k + 1) * k**2
# %% wrong: square maps only
lambda C, D, H, W, k: C * D * H * H * k * k
# %% wrong: input channels forgotten
lambda C, D, H, W, k: D * H * W * k * k
# %% wrong: counted into a tensor that stays empty
lambda C, D, H, W, k: torch.zeros(D, C, H, W, k, k).sum()
# %% why_convolution.sharing_factor
# %% right: with a thousands separator
"3,136"
# %% right: the ratio of both counts
(64 * 64 * 56**4) / (64 * 64 * 56**2)
# %% right: a power in a text
"56²"
# %% right: single precision
np.float32(3136)
# %% wrong [the factor of locality]: a rounded number
348.4
# %% wrong [side instead of area]: a text
"56"
# %% wrong [channels counted as places]: a product
64 * 56 * 56
# %% wrong: the inverse
1 / 3136
# %% wrong: both channels
64 * 64 * 56 * 56
# %% wrong: sides added
56 + 56
# %% wrong: rounded
3_100
# %% why_convolution.moving_along
# %% right: one text
"b1"
# %% right: capital letter, reason as text
("B", "1")
# %% right: a list
["b", 1]
# %% right: a dict
{"option": "b", "reason": 1}
# %% right: with the word because
"b, because 1"
# %% right: turned round
(1, "b")
# %% right: a named tuple
Answer = namedtuple("Answer", "option reason")
answer = Answer(option="b", reason=1)
# %% right: a list in a text
"(b) 1."
# %% wrong [invariance taken for equivariance]: a text
"a 1"
# %% wrong [translation read as adding a constant]: a list
["c", 3]
# %% wrong [the sum blamed]: capital letter
"B2"
# %% wrong [right choice, wrong reason]: a dict
{"option": "b", "reason": 3}
# %% wrong [not on offer]: an option that does not exist
("d", 1)
# %% wrong [not on offer]: a reason that does not exist
("b", 4)
# %% not attempted: no reason
"b"
# %% wrong [wrong type]: both
("a", "b")
# %% wrong [wrong type]: a number alone
1


# %% why_convolution.translate
# %% right: loops, written forwards
def translate(x, shift):
    H, W = x.shape
    y = torch.zeros(H, W)
    for i in range(H):
        for j in range(W):
            y[(i + shift[0]) % H, (j + shift[1]) % W] = x[i, j]
    return y


# %% right: slices joined
def translate(x, shift):
    a, b = (s % n for s, n in zip(shift, x.shape))
    x = torch.cat((x[x.shape[0] - a :], x[: x.shape[0] - a]), dim=0)
    return torch.cat((x[:, x.shape[1] - b :], x[:, : x.shape[1] - b]), dim=1)


# %% right: permutation matrices
def translate(x, shift):
    down, right = (torch.eye(n)[(torch.arange(n) - s) % n] for n, s in zip(x.shape, shift))
    return down @ x @ right.T


# %% right: NumPy, in and out
def translate(x, shift):
    x = x.numpy()
    rows, columns = np.indices(x.shape)
    return x[(rows - shift[0]) % x.shape[0], (columns - shift[1]) % x.shape[1]]


# %% right: NumPy's roll
lambda x, shift: torch.from_numpy(np.roll(x.numpy(), shift, axis=(0, 1)))


# %% right: rotated deques, as lists
def translate(x, shift):
    def rotated(entries, steps):
        entries = deque(entries)
        entries.rotate(steps)
        return list(entries)

    return rotated([rotated(row, shift[1]) for row in x.tolist()], shift[0])


# %% right: a comprehension of lists
def translate(x, shift):
    H, W = x.shape
    dy, dx = shift
    return torch.tensor([[x[(i - dy) % H, (j - dx) % W] for j in range(W)] for i in range(H)])


# %% right: a tile of pictures, cut
def translate(x, shift):
    (H, W), (a, b) = x.shape, shift
    return x.tile(3, 3)[H - a % H : 2 * H - a % H, W - b % W : 2 * W - b % W]


# %% right: gather along both axes
def translate(x, shift):
    for axis in (0, 1):
        n = x.size(axis)
        index = torch.arange(n).sub(shift[axis]).remainder(n)
        x = x.index_select(axis, index)
    return x


# %% right: phases in the frequency domain
def translate(x, shift):
    u, v = (torch.fft.fftfreq(n, dtype=x.dtype) for n in x.shape)
    phase = torch.exp(-2j * torch.pi * (u[:, None] * shift[0] + v * shift[1]))
    return torch.fft.ifft2(torch.fft.fft2(x) * phase).real


# %% right: one step at a time, recursively
def translate(x, shift):
    a, b = shift[0] % len(x), shift[1] % x.shape[1]
    if a:
        return translate(torch.vstack([x[-1:], x[:-1]]), (a - 1, b))
    return translate(torch.hstack([x[:, -1:], x[:, :-1]]), (0, b - 1)) if b else x


# %% right: modulo by repeated addition
def translate(x, shift):
    out = x.clone()
    for i, j in np.ndindex(*x.shape):
        p, q = i - shift[0], j - shift[1]
        while p < 0:
            p += x.shape[0]
        while q < 0:
            q += x.shape[1]
        while p >= x.shape[0]:
            p -= x.shape[0]
        while q >= x.shape[1]:
            q -= x.shape[1]
        out[i, j] = x[p, q]
    return out


# %% not allowed: torch's roll
lambda x, shift: x.roll(shift, (0, 1))


# %% not allowed: torch's roll by a helper
def circle(x, v):
    return torch.roll(x, shifts=v, dims=[0, 1])


def translate(x, shift):
    return circle(x, tuple(shift))


# %% wrong [moved the other way]: loops
def translate(x, shift):
    H, W = x.shape
    y = torch.empty_like(x)
    for i in range(H):
        for j in range(W):
            y[i, j] = x[(i + shift[0]) % H, (j + shift[1]) % W]
    return y


# %% wrong [moved the other way]: NumPy's roll
lambda x, shift: np.roll(x, (-shift[0], -shift[1]), (0, 1))
# %% wrong [axes swapped]: NumPy's roll
lambda x, shift: np.roll(x, shift, axis=(1, 0))


# %% wrong [zeros come in]: loops with a test
def translate(x, shift):
    y = torch.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if 0 <= i - shift[0] < x.shape[0] and 0 <= j - shift[1] < x.shape[1]:
                y[i, j] = x[i - shift[0], j - shift[1]]
    return y


# %% wrong [a constant added]: one after the other
lambda x, shift: x + shift[0] + shift[1]
# %% wrong: rows only
lambda x, shift: x[(torch.arange(len(x)) - shift[0]) % len(x)]


# %% wrong: square pictures only
def translate(x, shift):
    n = x.shape[1]
    return x[(torch.arange(len(x)) - shift[0]) % len(x)][:, (torch.arange(n) - shift[1]) % len(x)]


# %% crashed: no modulo, so small shifts only
lambda x, shift: x[torch.arange(len(x)) - shift[0]][:, torch.arange(x.shape[1]) - shift[1]]


# %% crashed: torch's circular padding, which goes round once only
def translate(x, shift):
    H, W = x.shape
    a, b = abs(shift[0]), abs(shift[1])
    wide = F.pad(x[None, None], (b, b, a, a), mode="circular")[0, 0]
    return wide[a - shift[0] : a - shift[0] + H, b - shift[1] : b - shift[1] + W]


# %% wrong: cut and joined, which fails when nothing or more than all is cut
def translate(x, shift):
    x = torch.cat((x[-shift[0] :], x[: -shift[0]]))
    return torch.cat((x[:, -shift[1] :], x[:, : -shift[1]]), 1)


# %% wrong: a row too few
def translate(x, shift):
    H, W = x.shape
    y = torch.zeros(H, W)
    for i in range(H - 1):
        for j in range(W):
            y[i, j] = x[(i - shift[0]) % H, (j - shift[1]) % W]
    return y


# %% wrong: turned as well
lambda x, shift: np.roll(x, shift, (0, 1)).T
# %% wrong: unchanged
lambda x, shift: x
# %% wrong [all zeros]: never written
lambda x, shift: torch.zeros_like(x)


# %% wrong [input changed in place]: row by row in place
def translate(x, shift):
    x.copy_(torch.from_numpy(np.roll(x.numpy(), shift, (0, 1))))
    return x


# %% wrong [nothing returned]: no return
def translate(x, shift):
    y = np.roll(x, shift, (0, 1))


# %% not attempted: half done
def translate(x, shift):
    rows = (torch.arange(len(x)) - shift[0]) % len(x)
    columns = ...
    return x[rows][:, columns]


# %% crashed: only in double precision
def translate(x, shift):
    down = torch.eye(len(x), dtype=torch.float64)[(torch.arange(len(x)) - shift[0]) % len(x)]
    return (down @ x)[:, (torch.arange(x.shape[1]) - shift[1]) % x.shape[1]]


# %% endless: a loop that never ends
def translate(x, shift):
    steps = shift[0]
    while steps != 0:
        x = torch.cat((x[-1:], x[:-1]))
        steps += 1
    return x


# %% why_convolution.shifted_index
# %% right: another order
"a + i - v"
# %% right: in brackets
"(i - v) + a"
# %% right: Unicode minus
"i+a−v"
# %% right: sympy
i, a, v = sympy.symbols("i a v", integer=True)
index = i + a - v
# %% right: a dict
{"index": "i - v + a"}
# %% right: a list of one
["i + a - v"]
# %% right: negative first
"-v + a + i"
# %% right: with the brackets of the index
"[i + a - v]"
# %% wrong [translation with the wrong sign]: another order
"v + a + i"
# %% wrong [kernel flipped]: sympy
i, a, v = sympy.symbols("i a v")
index = i - v - a
# %% wrong [translation dropped]: another order
"a + i"
# %% wrong: the sign of all
"v - i - a"
# %% wrong: only the shift
"i - v"
# %% wrong: a product
"i + a * v"
# %% wrong [not readable]: a foreign letter
"i + a - s"
# %% wrong [not readable]: incomplete
"i + a -"
# %% wrong: off by one
"i + a - v - 1"
# %% not attempted: an empty gap
{"index": ...}
# %% why_convolution.sharing_proof
# %% right: the first two swapped
"BACDE"
# %% right: small letters with commas
"a, b, c, d, e"
# %% right: a list
["B", "A", "C", "D", "E"]
# %% right: arrows
"A → B → C → D → E"
# %% right: lines
"1. A\n2. B\n3. C\n4. D\n5. E"
# %% right: a tuple of small letters
tuple("abcde")
# %% wrong [equivariance used too early]: a list
list("ACBDE")
# %% wrong [equivariance used too early]: arrows
"C>A>B>D>E"
# %% wrong [conclusion before its reason]: commas
"A,B,D,C,E"
# %% wrong [locality slipped in]: at the end
"ABCDEF"
# %% wrong [equivariance used too early]: backwards
"EDCBA"
# %% wrong: a step left out
"ABCD"
# %% wrong [step repeated]: one twice
"ABCDEE"
# %% wrong [unknown step]: a letter that does not exist
"ABCDEG"
# %% wrong [wrong type]: numbers
[1, 2, 3, 4, 5]


# %% why_convolution.share
# %% right: an average over all translations
def share(W):
    n = len(W)
    return sum(W.roll((v, v), (0, 1)) for v in range(n)) / n


# %% right: rows aligned, averaged, put back
def share(W):
    n = W.shape[0]
    kernel = torch.stack([row.roll(-i) for i, row in enumerate(W)]).mean(dim=0)
    return torch.stack([kernel.roll(i) for i in range(n)])


# %% right: NumPy, in a loop
def share(W):
    W = np.asarray(W)
    n = len(W)
    i, k = np.indices((n, n))
    out = np.zeros((n, n))
    for a in range(n):
        out[(k - i) % n == a] = W[(k - i) % n == a].mean()
    return out


# %% right: lists
def share(W):
    n = len(W)
    w = [sum(W[i][(i + a) % n].item() for i in range(n)) / n for a in range(n)]
    return [[w[(k - i) % n] for k in range(n)] for i in range(n)]


# %% right: two-dimensional Fourier transform, one diagonal kept
def share(W):
    n = len(W)
    spectrum = torch.fft.ifft(torch.fft.fft(W, dim=1), dim=0)
    return torch.fft.fft(torch.fft.ifft(spectrum.diagonal().diag(), dim=1), dim=0).real


# %% right: least squares on shift matrices
def share(W):
    n = len(W)
    basis = torch.stack([torch.eye(n).roll(a, 1).flatten() for a in range(n)], dim=1)
    basis = basis.to(W)
    return (basis @ torch.linalg.lstsq(basis, W.flatten()[:, None]).solution).view(n, n)


# %% right: sums scattered into bins
def share(W):
    n = len(W)
    a = (torch.arange(n) - torch.arange(n)[:, None]) % n
    sums = torch.zeros(n).scatter_add(0, a.flatten(), W.float().flatten())
    return (sums / n)[a]


# %% right: a dictionary of diagonals
def share(W):
    n, found = len(W), {}
    for i, k in itertools.product(range(n), repeat=2):
        found.setdefault((i - k) % n, []).append(W[i, k])
    return torch.stack(
        [torch.stack([torch.stack(found[(i - k) % n]).mean() for k in range(n)]) for i in range(n)]
    )


# %% wrong [one number for all]: full_like
lambda W: torch.full_like(W, W.mean().item())


# %% wrong [the first row copied]: indices
def share(W):
    n = len(W)
    i = torch.arange(n)
    return W[0][(i - i[:, None]) % n]


# %% wrong [averaged along the other diagonal]: loops
def share(W):
    n = len(W)
    out = torch.zeros(n, n)
    for i in range(n):
        for k in range(n):
            out[i, k] = sum(W[j, (i + k - j) % n] for j in range(n)) / n
    return out


# %% wrong [averaged over rows]: repeated
lambda W: W.mean(dim=0).repeat(len(W), 1)
# %% wrong: columns averaged
lambda W: W.mean(1, keepdim=True).expand_as(W)


# %% wrong [diagonals that end at the border]: no circle
def share(W):
    out = W.clone()
    n = len(W)
    for a in range(-n + 1, n):
        mean = W.diagonal(a).mean()
        for i in range(n):
            if 0 <= i + a < n:
                out[i, i + a] = mean
    return out


# %% wrong: sums
lambda W: sum(W.roll((v, v), (0, 1)) for v in range(len(W)))
# %% wrong: symmetric
lambda W: (W + W.T) / 2
# %% wrong: unchanged
lambda W: W


# %% wrong: medians
def share(W):
    n = len(W)
    kernel = torch.stack([row.roll(-i) for i, row in enumerate(W)]).median(dim=0).values
    return torch.stack([kernel.roll(i) for i in range(n)])


# %% wrong: the kernel alone
lambda W: torch.stack([row.roll(-i) for i, row in enumerate(W)]).mean(0)
# %% wrong: transposed
lambda W: (sum(W.roll((v, v), (0, 1)) for v in range(len(W))) / len(W)).T


# %% wrong [input changed in place]: diagonals written into W
def share(W):
    n = len(W)
    for a in range(n):
        i = torch.arange(n)
        W[i, (i + a) % n] = W[i, (i + a) % n].mean()
    return W


# %% wrong: whole-number means
def share(W):
    n = len(W)
    return (sum(W.roll((v, v), (0, 1)) for v in range(n)) / n).long()


# %% why_convolution.shuffled
# %% right: a text
"b 2"
# %% right: brackets
["(b)", "(2)"]
# %% right: words around
"option b, reason 2"
# %% wrong [the dense net thought to know the grid]: a text
"a2"
# %% wrong [information thought lost]: a pair
("c", 3)
# %% wrong [the convolution thought to adapt]: a pair
("D", 2)
# %% wrong [parameters thought to be the reason]: a list
["b", "1"]
# %% wrong [right choice, wrong reason]: a pair
("b", 3)


# %% why_convolution.invariant_net
# %% wrong: another non-linearity
lambda i, o: nn.Sequential(
    nn.Conv2d(i, 8, 3, padding=1, padding_mode="circular"),
    nn.GELU(),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(8, o),
)


# %% right: a Sequential with a pooling layer
class InvariantNet(nn.Sequential):
    def __init__(self, in_channels, num_classes):
        super().__init__(
            nn.Conv2d(in_channels, 8, 3, padding="same", padding_mode="circular"),
            nn.ReLU(inplace=True),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(8, num_classes),
        )


# %% right: a function that builds
def build(in_channels, num_classes):
    look = nn.Conv2d(in_channels, 8, (3, 3), padding=(1, 1), padding_mode="circular")
    return nn.Sequential(
        look,
        nn.ReLU(),
        nn.AvgPool2d(1),
        nn.AdaptiveAvgPool2d((1, 1)),
        nn.Flatten(1),
        nn.Linear(8, num_classes),
    )


# %% right: padded by hand, the dense layer first in the class
class InvariantNet(nn.Module):
    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.head = nn.Linear(8, num_classes)
        self.conv = nn.Conv2d(in_channels, 8, 3)

    def forward(self, x):
        x = self.conv(F.pad(x, (1, 1, 1, 1), mode="circular"))
        return self.head(torch.clamp(x, min=0).mean(-1).mean(-1))


# %% right: bare parameters and einsum
class InvariantNet(nn.Module):
    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.w = nn.Parameter(torch.randn(in_channels, 3, 3, 8))
        self.b = nn.Parameter(torch.zeros(8, 1, 1))
        self.V, self.c = nn.Parameter(torch.randn(8, num_classes)), nn.Parameter(torch.zeros(1))
        self.c = nn.Parameter(torch.zeros(num_classes))

    def forward(self, x):
        z = self.b
        for i in range(3):
            for j in range(3):
                moved = x.roll((1 - i, 1 - j), (2, 3))
                z = z + torch.einsum("nchw,cd->ndhw", moved, self.w[:, i, j])
        return torch.einsum("ndhw,dk->nk", z.relu(), self.V) / z[0, 0].numel() + self.c


# %% right: the dense layer at every place, then the mean
class InvariantNet(nn.Module):
    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.a = nn.Conv2d(in_channels, 8, 3, 1, 1, padding_mode="circular")
        self.b = nn.Conv2d(8, num_classes, 1)

    def forward(self, x):
        return self.b(F.relu(self.a(x))).mean((2, 3))


# %% right: a lazy dense layer
class InvariantNet(nn.Module):
    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.a = nn.LazyConv2d(8, 3, padding=1, padding_mode="circular")
        self.b = nn.LazyLinear(num_classes)

    def forward(self, x):
        return self.b(self.a(x).relu().flatten(2).mean(2))


# %% wrong [zeros around the picture]: a Sequential
lambda i, o: nn.Sequential(
    nn.Conv2d(i, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, o)
)
# %% wrong [largest instead of mean]: adaptive pooling
lambda i, o: nn.Sequential(
    nn.Conv2d(i, 8, 3, padding=1, padding_mode="circular"),
    nn.ReLU(),
    nn.AdaptiveMaxPool2d(1),
    nn.Flatten(),
    nn.Linear(8, o),
)
# %% wrong [no non-linearity]: a Sequential
lambda i, o: nn.Sequential(
    nn.Conv2d(i, 8, 3, padding=1, padding_mode="circular"),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(8, o),
)
# %% wrong [pooled before the non-linearity]: a Sequential
lambda i, o: nn.Sequential(
    nn.Conv2d(i, 8, 3, padding=1, padding_mode="circular"),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.ReLU(),
    nn.Linear(8, o),
)
# %% wrong: reflected at the border
lambda i, o: nn.Sequential(
    nn.Conv2d(i, 8, 3, padding=1, padding_mode="reflect"),
    nn.ReLU(),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(8, o),
)
# %% wrong: no padding
lambda i, o: nn.Sequential(
    nn.Conv2d(i, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, o)
)
# %% wrong: sixteen channels
lambda i, o: nn.Sequential(
    nn.Conv2d(i, 16, 3, padding=1, padding_mode="circular"),
    nn.ReLU(),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(16, o),
)
# %% wrong: no bias in the convolution
lambda i, o: nn.Sequential(
    nn.Conv2d(i, 8, 3, padding=1, padding_mode="circular", bias=False),
    nn.ReLU(),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(8, o),
)
# %% wrong: probabilities
lambda i, o: nn.Sequential(
    nn.Conv2d(i, 8, 3, padding=1, padding_mode="circular"),
    nn.ReLU(),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(8, o),
    nn.Softmax(1),
)


# %% wrong: a sum over the places
class InvariantNet(nn.Module):
    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.a = nn.Conv2d(in_channels, 8, 3, padding=1, padding_mode="circular")
        self.b = nn.Linear(8, num_classes)

    def forward(self, x):
        return self.b(self.a(x).relu().sum((2, 3)))


# %% wrong: not flattened
lambda i, o: nn.Sequential(
    nn.Conv2d(i, 8, 3, padding=1, padding_mode="circular"),
    nn.ReLU(),
    nn.AdaptiveAvgPool2d(1),
    nn.Conv2d(8, o, 1),
)
# %% crashed: the dense layer on the map
lambda i, o: nn.Sequential(
    nn.Conv2d(i, 8, 3, padding=1, padding_mode="circular"), nn.ReLU(), nn.Flatten(), nn.Linear(8, o)
)


# %% not attempted: forward left out
class InvariantNet(nn.Module):
    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.a = nn.Conv2d(in_channels, 8, 3, padding=1, padding_mode="circular")
        self.b = nn.Linear(8, num_classes)

    def forward(self, x): ...


# %% wrong [wrong type]: an instance
nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
