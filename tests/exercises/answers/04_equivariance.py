# ruff: noqa
"""Answers to the exercises of chapter 04."""

import functools
import itertools
import math
from fractions import Fraction

import numpy as np
import sympy
import torch
import torch.nn as nn
import torch.nn.functional as F
from scipy.ndimage import shift as moved


# %% equivariance.translate_zeros
# %% right: slices from which and to which
def translate(x, shift):
    (H, W), (a, b) = x.shape, shift
    y = torch.zeros(H, W)
    if abs(a) < H and abs(b) < W:
        y[max(a, 0) : H + min(a, 0), max(b, 0) : W + min(b, 0)] = x[
            max(-a, 0) : H - max(a, 0), max(-b, 0) : W - max(b, 0)
        ]
    return y


# %% right: a large margin
def translate(x, shift):
    (H, W), (a, b) = x.shape, shift
    m = max(H, W, abs(a), abs(b))
    wide = F.pad(x, (m, m, m, m))
    return wide[m - a : m - a + H, m - b : m - b + W]


# %% right: rolled, and what wrapped set to zero
def translate(x, shift):
    y = x.roll(shift, dims=(0, 1))
    i, j = torch.meshgrid(*map(torch.arange, x.shape), indexing="ij")
    inside = (i - shift[0] >= 0) & (i - shift[0] < len(x))
    inside &= (j - shift[1] >= 0) & (j - shift[1] < x.shape[1])
    return torch.where(inside, y, torch.zeros_like(y))


# %% right: matrices with one off-diagonal
def translate(x, shift):
    down = torch.tensor(np.eye(len(x), k=-shift[0]), dtype=x.dtype)
    right = torch.tensor(np.eye(x.shape[1], k=shift[1]), dtype=x.dtype)
    return down @ x @ right


# %% right: negative padding
def translate(x, shift):
    (a, b), (H, W) = shift, x.shape
    a, b = max(-H, min(H, a)), max(-W, min(W, b))
    return F.pad(x, (b, -b, a, -a))


# %% right: exceptions instead of tests
def translate(x, shift):
    pixels = {(i, j): v for i, row in enumerate(x.tolist()) for j, v in enumerate(row)}
    H, W = x.shape
    return [[pixels.get((i - shift[0], j - shift[1]), 0.0) for j in range(W)] for i in range(H)]


# %% right: scipy
def translate(x, shift):
    return moved(x.numpy(), shift, order=0, cval=0.0)


# %% right: one step at a time
def translate(x, shift):
    a, b = shift
    nothing = torch.zeros(1, x.shape[1], dtype=x.dtype), torch.zeros(len(x), 1, dtype=x.dtype)
    for _ in range(abs(a)):
        x = torch.cat((nothing[0], x[:-1]) if a > 0 else (x[1:], nothing[0]), dim=0)
    for _ in range(abs(b)):
        x = torch.cat((nothing[1], x[:, :-1]) if b > 0 else (x[:, 1:], nothing[1]), dim=1)
    return x


# %% right: pushed forwards
def translate(x, shift):
    y = np.zeros(x.shape)
    for i, j in np.ndindex(*x.shape):
        p, q = i + shift[0], j + shift[1]
        if p in range(x.shape[0]) and q in range(x.shape[1]):
            y[p, q] = x[i, j]
    return torch.from_numpy(y)


# %% wrong [moved the other way]: pushed forwards
def translate(x, shift):
    y = torch.zeros_like(x)
    for i, j in np.ndindex(*x.shape):
        p, q = i - shift[0], j - shift[1]
        if 0 <= p < x.shape[0] and 0 <= q < x.shape[1]:
            y[p, q] = x[i, j]
    return y


# %% wrong [a constant added]: one after the other
lambda x, shift: x + shift[0] + shift[1]
# %% wrong [wrapped around]: indices modulo the size
lambda x, shift: x[
    (torch.arange(x.shape[0])[:, None] - shift[0]) % x.shape[0],
    (torch.arange(x.shape[1]) - shift[1]) % x.shape[1],
]


# %% wrong [negative indices read]: exceptions caught
def translate(x, shift):
    y = torch.zeros_like(x)
    for i, j in np.ndindex(*x.shape):
        try:
            y[i, j] = x[i - shift[0], j - shift[1]]
        except IndexError:
            pass
    return y


# %% wrong [axes swapped]: a large margin
def translate(x, shift):
    wide = F.pad(x, (20, 20, 20, 20))
    return wide[20 - shift[1] :, 20 - shift[0] :][: len(x), : x.shape[1]]


# %% wrong [border repeated]: indices held inside
def translate(x, shift):
    y = torch.zeros_like(x)
    for i, j in np.ndindex(*x.shape):
        y[i, j] = x[
            min(max(i - shift[0], 0), len(x) - 1), min(max(j - shift[1], 0), x.shape[1] - 1)
        ]
    return y


# %% crashed: slices that fail for shifts beyond the picture
def translate(x, shift):
    (H, W), (a, b) = x.shape, shift
    rows = torch.zeros_like(x)
    if a >= 0:
        rows[a:] = x[: H - a]
    else:
        rows[:a] = x[-a:]
    y = torch.zeros_like(x)
    if b >= 0:
        y[:, b:] = rows[:, : W - b]
    else:
        y[:, :b] = rows[:, -b:]
    return y


# %% crashed: slices that fail for no shift
def translate(x, shift):
    (H, W), (a, b) = x.shape, shift
    y = torch.zeros_like(x)
    y[max(a, 0) : a or H, max(b, 0) : W] = x[max(-a, 0) : -a, max(-b, 0) : W - b]
    return y


# %% wrong: rolled, the wrapped rows set to zero by slices, as if shifts were small
def translate(x, shift):
    a, b = shift
    y = x.roll(shift, (0, 1))
    if a > 0:
        y[:a] = 0
    if a < 0:
        y[a:] = 0
    if b > 0:
        y[:, :b] = 0
    if b < -x.shape[1]:
        y[:, b:] = 0
    return y


# %% wrong: only downwards and to the right
def translate(x, shift):
    (H, W), (a, b) = x.shape, shift
    return F.pad(x, (max(b, 0), 0, max(a, 0), 0))[:H, :W]


# %% wrong: rows only
lambda x, shift: F.pad(
    x, (0, 0, max(-len(x), min(len(x), shift[0])), -max(-len(x), min(len(x), shift[0])))
)


# %% wrong: square pictures only
def translate(x, shift):
    n = len(x)
    y = torch.zeros(n, n)
    for i, j in np.ndindex(n, n):
        if 0 <= i - shift[0] < n and 0 <= j - shift[1] < n:
            y[i, j] = x[i - shift[0], j - shift[1]]
    return y


# %% wrong [all zeros]: never written
lambda x, shift: torch.zeros(*x.shape)
# %% wrong: the size grows
lambda x, shift: F.pad(x, (shift[1], 0, shift[0], 0))


# %% wrong: the first row and column never filled
def translate(x, shift):
    y = torch.zeros_like(x)
    for i, j in np.ndindex(*x.shape):
        if 0 < i - shift[0] < x.shape[0] and 0 < j - shift[1] < x.shape[1]:
            y[i, j] = x[i - shift[0], j - shift[1]]
    return y


# %% equivariance.classify
# %% right: a text
"a2"
# %% right: a list
["A", 2]
# %% wrong [statistics confused with output]: a text
"b2"
# %% wrong [statistics thought to change]: a text
"c4"
# %% wrong [evaluation mode described]: a text
"a, 1"
# %% wrong [locality claimed]: a list
["a", 3]
# %% wrong [right choice, wrong reason]: a text
"a4"
# %% equivariance.surviving_shifts
# %% right: a product
math.prod([2, 3, 1, 2])
# %% right: a text
"12 pixels"
# %% right: a float
12.0
# %% wrong [strides added]: a sum
sum([2, 3, 1, 2])
# %% wrong [only the largest stride]: a maximum
max(2, 3, 1, 2)
# %% wrong [least common multiple]: asked of math
math.lcm(2, 3, 1, 2)
# %% wrong [answers counted]: a square
12**2
# %% wrong: two of the strides
4
# %% wrong: no shift at all
0
# %% wrong: a multiple
24
# %% wrong: one
1
# %% equivariance.stride_two
# %% right: the second direction first
"CDEFAB"
# %% right: interleaved
"ACBDEF"
# %% right: small letters with commas
"a, b, c, d, e, f"
# %% wrong [a blank image taken as evidence]: at the beginning
"GABCDEF"
# %% wrong [only one direction: even shifts]: a list
["A", "B"]
# %% wrong [only one direction: the others]: arrows
"C → D → E → F"
# %% wrong [conclusion drawn too early]: the other direction first
"CDFEAB"
# %% wrong [weights compared before there is an equation]: a list
list("ABCEDF")
# %% wrong: B before A
"BACDEF"
# %% wrong: the assumption late
"ABDCEF"


# %% equivariance.recover_kernel
# %% right: each weight by its own bright pixel
def recover(layer, shape):
    h, w = shape
    picture = torch.zeros(h, w)
    bias = layer(picture)[0, 0]
    kernel = torch.zeros(h, w)
    for a in range(h):
        for b in range(w):
            spot = torch.zeros(h, w)
            spot[a, b] = 1
            kernel[a, b] = layer(spot)[h // 2, w // 2] - bias
    return kernel


# %% right: a larger picture
def recover(layer, shape):
    (h, w), n = shape, 2 * max(shape) + 1
    spot = torch.zeros(n, n + 1)
    spot[n // 2, n // 2] = 1.0
    response = layer(spot) - layer(torch.zeros_like(spot))
    top, left = n // 2 - h // 2, n // 2 - w // 2
    return torch.flip(response[top : top + h, left : left + w], dims=[0, 1])


# %% right: the corner, moved back round the circle
def recover(layer, shape):
    spot = torch.zeros(*shape, dtype=torch.float64)
    spot[0, 0] = 1
    response = layer(spot) - layer(0 * spot)
    return response.flip(0, 1).roll((shape[0] // 2 + 1, shape[1] // 2 + 1), (0, 1))


# %% right: indices
def recover(layer, shape):
    (h, w), (m, n) = shape, (shape[0] // 2, shape[1] // 2)
    spot = torch.zeros(shape)
    spot[m, n] = 1
    y = layer(spot) - layer(torch.zeros(shape))
    return [[float(y[m - a, n - b]) for b in range(-n, n + 1)] for a in range(-m, m + 1)]


# %% right: least squares on random pictures
def recover(layer, shape):
    (h, w), (m, n) = shape, (shape[0] // 2, shape[1] // 2)
    rows, values = [], []
    for _ in range(h * w + 1):
        x = torch.randn(h, w, dtype=torch.float64)
        rows.append(torch.cat((x.flatten(), torch.ones(1))))
        values.append(layer(x)[m, n])
    return torch.linalg.solve(torch.stack(rows), torch.stack(values))[:-1].view(h, w)


# %% right: the Fourier transform of random pictures
def recover(layer, shape):
    x = torch.randn(shape, dtype=torch.float64)
    y = layer(x) - layer(torch.zeros(shape))
    kernel = torch.fft.ifft2((torch.fft.fft2(y) / torch.fft.fft2(x)).conj()).real
    return kernel.roll((shape[0] // 2, shape[1] // 2), (0, 1))


# %% right: gradients
def recover(layer, shape):
    x = torch.zeros(shape, requires_grad=True)
    layer(x)[shape[0] // 2, shape[1] // 2].backward()
    return x.grad


# %% right: the jacobian
def recover(layer, shape):
    J = torch.autograd.functional.jacobian(layer, torch.zeros(shape))
    return J[shape[0] // 2, shape[1] // 2]


# %% wrong [not mirrored]: a larger picture
def recover(layer, shape):
    (h, w), n = shape, 31
    spot = torch.zeros(n, n)
    spot[15, 15] = 1
    response = layer(spot) - layer(torch.zeros(n, n))
    return response[15 - h // 2 : 16 + h // 2, 15 - w // 2 : 16 + w // 2]


# %% wrong [bias not subtracted]: a larger picture
def recover(layer, shape):
    (h, w), n = shape, 31
    spot = torch.zeros(n, n)
    spot[15, 15] = 1
    return layer(spot)[15 - h // 2 : 16 + h // 2, 15 - w // 2 : 16 + w // 2].flip(0, 1)


# %% wrong [neither mirrored nor freed of the bias]: the picture of the kernel's size
def recover(layer, shape):
    spot = torch.zeros(shape)
    spot[shape[0] // 2][shape[1] // 2] = 1
    return layer(spot)


# %% wrong [bright pixel in the corner]: flipped
def recover(layer, shape):
    spot = torch.zeros(shape)
    spot[0, 0] = 1
    return (layer(spot) - layer(torch.zeros(shape))).flip(0, 1)


# %% wrong [transposed]: the transpose for the mirror
def recover(layer, shape):
    spot = torch.zeros(shape)
    spot[shape[0] // 2, shape[1] // 2] = 1
    return (layer(spot) - layer(torch.zeros(shape))).T


# %% wrong: mirrored along one axis
def recover(layer, shape):
    spot = torch.zeros(shape)
    spot[shape[0] // 2, shape[1] // 2] = 1
    return (layer(spot) - layer(torch.zeros(shape))).flip(0)


# %% wrong: a probe of nine, too small for some kernels
def recover(layer, shape):
    (h, w), n = shape, 9
    spot = torch.zeros(n, n)
    spot[4, 4] = 1
    response = (layer(spot) - layer(torch.zeros(n, n))).flip(0, 1)
    return response[4 - h // 2 : 5 + h // 2, 4 - w // 2 : 5 + w // 2]


# %% wrong: the middle of a square
def recover(layer, shape):
    n = max(shape)
    spot = torch.zeros(n, n)
    spot[n // 2, n // 2] = 1
    return (layer(spot) - layer(torch.zeros(n, n))).flip(0, 1)


# %% wrong: twice as bright
def recover(layer, shape):
    spot = torch.zeros(shape)
    spot[shape[0] // 2, shape[1] // 2] = 2
    return (layer(spot) - layer(torch.zeros(shape))).flip(0, 1)


# %% wrong: a picture of ones
lambda layer, shape: layer(torch.ones(shape)) - layer(torch.zeros(shape))


# %% wrong: the bias of a single place, of a whole response
def recover(layer, shape):
    spot = torch.zeros(shape)
    spot[shape[0] // 2, shape[1] // 2] = 1
    response = layer(spot)
    return (response - response.min()).flip(0, 1)


# %% crashed: a batch and a channel
lambda layer, shape: layer(torch.zeros(1, 1, *shape))[0, 0]
# %% crashed: a weight that cannot be asked for
lambda layer, shape: layer.weight


# %% not attempted: half done
def recover(layer, shape):
    blank = torch.zeros(shape)
    spot = ...
    return (layer(spot) - layer(blank)).flip(0, 1)


# %% equivariance.frame_width
# %% right: a sum
lambda kernels, dilations: sum(d * (k - 1) // 2 for k, d in zip(kernels, dilations))
# %% right: NumPy
lambda kernels, dilations: int(np.dot(np.array(kernels) // 2, dilations))
# %% right: a map
lambda kernels, dilations: sum(map(lambda k, d: (k // 2) * d, kernels, dilations))


# %% right: half the receptive field
def frame_width(kernels, dilations):
    field = 1
    for i in range(len(kernels)):
        field += (kernels[i] - 1) * dilations[i]
    return field // 2


# %% right: tensors
lambda kernels, dilations: ((torch.tensor(kernels) - 1) * torch.tensor(dilations)).sum() / 2


# %% right: recursion
def frame_width(kernels, dilations):
    if not kernels:
        return 0
    return dilations[0] * (kernels[0] // 2) + frame_width(kernels[1:], dilations[1:])


# %% wrong [whole kernel instead of its half]: NumPy
lambda kernels, dilations: np.dot(kernels, dilations)


# %% wrong [dilation multiplies the size, not the gaps]: a loop
def frame_width(kernels, dilations):
    width = 0
    for k, d in zip(kernels, dilations):
        width += int(k * d / 2)
    return width


# %% wrong [dilation forgotten]: a loop
def frame_width(kernels, dilations):
    width = 0
    for k in kernels:
        width += (k - 1) // 2
    return width


# %% wrong [both sides counted]: a sum
lambda kernels, dilations: sum(d * (k - 1) for k, d in zip(kernels, dilations))


# %% wrong [receptive field]: a loop
def frame_width(kernels, dilations):
    field = 1
    for k, d in zip(kernels, dilations):
        field = field + d * (k - 1)
    return field


# %% wrong [only the widest layer]: a loop
def frame_width(kernels, dilations):
    widest = 0
    for k, d in zip(kernels, dilations):
        widest = max(widest, d * (k // 2))
    return widest


# %% wrong: the last layer
lambda kernels, dilations: dilations[-1] * (kernels[-1] - 1) // 2
# %% wrong: a layer too few
lambda kernels, dilations: sum(d * (k - 1) // 2 for k, d in list(zip(kernels, dilations))[1:])


# %% wrong: dilations multiplied like strides
def frame_width(kernels, dilations):
    width, step = 0, 1
    for k, d in zip(kernels, dilations):
        step *= d
        width += step * (k - 1) // 2
    return width


# %% wrong: returned within the loop
def frame_width(kernels, dilations):
    width = 0
    for k, d in zip(kernels, dilations):
        width += d * (k - 1) // 2
        return width


# %% wrong: layers counted
lambda kernels, dilations: len(kernels)


# %% wrong [input changed in place]: emptied lists
def frame_width(kernels, dilations):
    width = 0
    while kernels:
        width += dilations.pop() * (kernels.pop() - 1) // 2
    return width


# %% crashed: an index too far
def frame_width(kernels, dilations):
    width = 0
    for i in range(len(kernels) + 1):
        width += dilations[i] * (kernels[i] - 1) // 2
    return width


# %% equivariance.position
# %% right: as a percentage
"58.33 %"
# %% right: a text
"7/12"
# %% right: a Fraction
Fraction(49, 84)
# %% right: sums of squares
sum((i - 3.5) ** 2 for i in (0, 7)) / sum((i - 3.5) ** 2 for i in range(8))
# %% right: decimals
0.5833
# %% right: NumPy
np.square([-3.5, 3.5]).sum() / np.square(np.arange(8) - 3.5).sum()
# %% right: sympy
sympy.Rational(7, 12)
# %% right: not reduced
"24.5 / 42"
# %% wrong [rows counted]: a text
"2/8"
# %% wrong [not squared]: decimals
0.4375
# %% wrong [frame of two rows]: a Fraction
Fraction(37, 42)
# %% wrong [thought to be blind to position]: a text
"0"
# %% wrong [thought to know every row]: a float
1.0
# %% wrong: the rest
5 / 12
# %% wrong: one row
"7/24"
# %% wrong: upside down
12 / 7
# %% wrong: rounded too far
0.6
# %% wrong: a third
1 / 3
# %% equivariance.pool_invariance
# %% right: a text
"4/9"


# %% right: counted with torch
def count():
    same = 0
    for i, j in itertools.product(range(12), range(12)):
        x = torch.zeros(1, 1, 12, 12)
        x[0, 0, i, j] = 1
        same += torch.equal(F.max_pool2d(x, 3), F.max_pool2d(x.roll((1, 1), (2, 3)), 3))
    return same


answer = Fraction(count(), 144)
# %% right: a power of a Fraction
Fraction(2, 3) ** 2
# %% right: decimals
0.4444
# %% right: a text with a power
"(2/3)²"
# %% right: not reduced
"64/144"
# %% wrong [one axis only]: a text
"2/3"
# %% wrong [pooling thought to be invariant]: a text
"9/9"
# %% wrong [every shift thought to show]: an integer
0
# %% wrong [the complement]: a text
"5/9"
# %% wrong [leaving along both axes]: a power
(1 / 3) ** 2
# %% wrong [window of two]: a text
"(1/2)²"
# %% wrong: one third
1 / 3
# %% wrong: a third power
(2 / 3) ** 3
# %% wrong: windows' corners counted
16 / 100
# %% wrong: in percent
44.4


# %% equivariance.nyquist
# %% right: slices of a padded picture
def blur_pool(x):
    x = F.pad(x[None], (1, 1, 1, 1), mode="circular")[0]
    x = (x[:, :-2] + 2 * x[:, 1:-1] + x[:, 2:]) / 4
    return (x[:, :, :-2] + 2 * x[:, :, 1:-1] + x[:, :, 2:])[:, ::2, ::2] / 4


# %% right: torch's convolution with a stride
def blur_pool(x):
    row = torch.tensor([1.0, 2.0, 1.0], dtype=x.dtype)
    kernel = torch.outer(row, row)[None, None] / 16
    wide = F.pad(x[:, None], (1, 1, 1, 1), mode="circular")
    return F.conv2d(wide, kernel, stride=2)[:, 0]


# %% right: loops
def blur_pool(x):
    C, H, W = x.shape
    y = torch.zeros(C, H // 2, W // 2)
    for i, j in np.ndindex(H // 2, W // 2):
        for a, b in itertools.product((-1, 0, 1), repeat=2):
            weight = (2 - abs(a)) * (2 - abs(b)) / 16
            y[:, i, j] += weight * x[:, (2 * i + a) % H, (2 * j + b) % W]
    return y


# %% right: the Fourier transform
def blur_pool(x):
    f, g = (2 * torch.pi * torch.fft.fftfreq(n) for n in x.shape[1:])
    response = torch.outer((1 + f.cos()) / 2, (1 + g.cos()) / 2)
    return torch.fft.ifft2(torch.fft.fft2(x) * response).real[:, ::2, ::2]


# %% right: averages of two, twice
def blur_pool(x):
    for axis in (-2, -1):
        x = (x + x.roll(1, axis)) / 2
        x = (x + x.roll(-1, axis)) / 2
    return x[..., ::2, ::2]


# %% right: matrices
def blur_pool(x):
    down, right = (
        (torch.eye(n) / 2 + torch.eye(n).roll(1, 1) / 4 + torch.eye(n).roll(-1, 1) / 4)[::2]
        for n in x.shape[1:]
    )
    return down.to(x) @ x @ right.to(x).T


# %% right: rows kept before the columns are blurred
def blur_pool(x):
    x = 0.5 * x + 0.25 * torch.roll(x, 1, 1) + 0.25 * torch.roll(x, -1, 1)
    x = x[:, ::2]
    x = 0.5 * x + 0.25 * torch.roll(x, 1, 2) + 0.25 * torch.roll(x, -1, 2)
    return x[:, :, ::2]


# %% right: NumPy
def blur_pool(x):
    x = x.numpy()
    for axis in (1, 2):
        x = np.roll(x, 1, axis) / 4 + x / 2 + np.roll(x, -1, axis) / 4
    return x[:, ::2, ::2]


# %% wrong [blurred after subsampling]: NumPy
def blur_pool(x):
    x = x.numpy()[:, ::2, ::2]
    for axis in (1, 2):
        x = np.roll(x, 1, axis) / 4 + x / 2 + np.roll(x, -1, axis) / 4
    return x


# %% wrong [no blur]: a pooling of one pixel
lambda x: F.max_pool2d(x, 1, stride=2)
# %% wrong [only one axis blurred]: rolls
lambda x: (x / 2 + x.roll(1, 1) / 4 + x.roll(-1, 1) / 4)[:, ::2, ::2]
# %% wrong [only one axis blurred: the columns left out]: rolls
lambda x: (x / 2 + x.roll(1, 2) / 4 + x.roll(-1, 2) / 4)[:, ::2, ::2]


# %% wrong [zeros at the border]: torch's convolution
def blur_pool(x):
    row = torch.tensor([0.25, 0.5, 0.25], dtype=x.dtype)
    return F.conv2d(x[:, None], torch.outer(row, row)[None, None], stride=2, padding=1)[:, 0]


# %% wrong [box instead of binomial]: rolls
def blur_pool(x):
    for axis in (1, 2):
        x = (x + x.roll(1, axis) + x.roll(-1, axis)) / 3
    return x[:, ::2, ::2]


# %% wrong [windows of two averaged]: reshaped
lambda x: x.unflatten(2, (-1, 2)).unflatten(1, (-1, 2)).mean((2, 4))
# %% wrong [maximum taken]: reshaped
lambda x: x.unflatten(2, (-1, 2)).unflatten(1, (-1, 2)).amax((2, 4))


# %% wrong [not divided]: rolls
def blur_pool(x):
    for axis in (1, 2):
        x = 2 * x + x.roll(1, axis) + x.roll(-1, axis)
    return x[:, ::2, ::2]


# %% wrong [odd pixels kept]: rolls
def blur_pool(x):
    for axis in (1, 2):
        x = x / 2 + x.roll(1, axis) / 4 + x.roll(-1, axis) / 4
    return x[:, 1::2, 1::2]


# %% wrong: one neighbour only
def blur_pool(x):
    for axis in (1, 2):
        x = x / 2 + x.roll(1, axis) / 2
    return x[:, ::2, ::2]


# %% wrong: the four neighbours, not the product of both axes
lambda x: (x / 2 + (x.roll(1, 1) + x.roll(-1, 1) + x.roll(1, 2) + x.roll(-1, 2)) / 8)[:, ::2, ::2]
# %% wrong: not subsampled
lambda x: x / 2 + x.roll(1, 1) / 4 + x.roll(-1, 1) / 4


# %% wrong: channels mixed
def blur_pool(x):
    for axis in (0, 1):
        x = x / 2 + x.roll(1, axis) / 4 + x.roll(-1, axis) / 4
    return x[:, ::2, ::2]


# %% wrong: blurred twice
def blur_pool(x):
    for axis in (1, 2, 1, 2):
        x = x / 2 + x.roll(1, axis) / 4 + x.roll(-1, axis) / 4
    return x[:, ::2, ::2]


# %% crashed: a kernel without axes
lambda x: F.conv2d(x, torch.tensor([0.25, 0.5, 0.25]), stride=2)


# %% wrong [input changed in place]: in place
def blur_pool(x):
    for axis in (1, 2):
        x.copy_(x / 2 + x.roll(1, axis) / 4 + x.roll(-1, axis) / 4)
    return x[:, ::2, ::2]


# %% equivariance.consistency
# %% right: a text
"a3"
# %% wrong [invariance thought to be knowledge]: a text
"b1"
# %% wrong [agreement thought to require being right]: a text
"c2"
# %% wrong [chance accuracy thought to need random answers]: a text
"a4"
# %% wrong [right choice, wrong reason]: a text
"a1"


# %% equivariance.adaptive_phase
# %% right: stacked phases and an index
def downsample(x):
    phases = torch.stack([x[:, ::2, ::2], x[:, ::2, 1::2], x[:, 1::2, ::2], x[:, 1::2, 1::2]])
    return phases[phases.flatten(1).norm(dim=1).argmax()]


# %% right: sums of squares compared in a loop
def downsample(x):
    best, largest = None, -1.0
    for a in (0, 1):
        for b in (0, 1):
            phase = x[:, a::2, b::2]
            energy = float((phase**2).sum())
            if energy > largest:
                best, largest = phase, energy
    return best


# %% right: NumPy, sorted
def downsample(x):
    phases = [x.numpy()[:, a::2, b::2] for a, b in np.ndindex(2, 2)]
    return sorted(phases, key=np.linalg.norm)[-1]


# %% right: a pixel unshuffle
def downsample(x):
    phases = F.pixel_unshuffle(x, 2).unflatten(0, (-1, 4)).transpose(0, 1)
    return phases[torch.linalg.vector_norm(phases, dim=(1, 2, 3)).argmax()]


# %% right: a dict of norms
def downsample(x):
    norms = {(a, b): x[:, a::2, b::2].norm().item() for a in (0, 1) for b in (0, 1)}
    a, b = max(norms, key=norms.get)
    return x[:, a::2, b::2]


# %% right: an average pooling of the squares
def downsample(x):
    energy = x.square().sum(0).unflatten(0, (-1, 2)).unflatten(2, (-1, 2)).sum((0, 2))
    a, b = divmod(int(energy.argmax()), 2)
    return x[:, a::2, b::2]


# %% wrong [always the same phase]: a slice
lambda x: x[:, ::2, ::2]
# %% wrong [largest sum instead of largest norm]: a maximum
lambda x: max((x[:, a::2, b::2] for a in (0, 1) for b in (0, 1)), key=torch.sum)
# %% wrong [largest value instead of largest norm]: NumPy
lambda x: max(
    (x.numpy()[:, a::2, b::2] for a, b in np.ndindex(2, 2)), key=lambda p: np.abs(p).max()
)
# %% wrong [absolute values added]: the wrong norm
lambda x: max((x[:, a::2, b::2] for a in (0, 1) for b in (0, 1)), key=lambda p: p.norm(p=1))
# %% wrong [two phases only]: the same start for both axes
lambda x: max((x[:, a::2, a::2] for a in (0, 1)), key=torch.norm)
# %% wrong [smallest norm]: a minimum
lambda x: min((x[:, a::2, b::2] for a in (0, 1) for b in (0, 1)), key=torch.norm)


# %% wrong [each channel for itself]: stacked
def downsample(x):
    return torch.stack(
        [max((c[a::2, b::2] for a in (0, 1) for b in (0, 1)), key=torch.norm) for c in x]
    )


# %% wrong: the largest pixel without its sign lost
lambda x: max((x[:, a::2, b::2] for a in (0, 1) for b in (0, 1)), key=torch.max)


# %% wrong [nothing returned]: compared with one at first
def downsample(x):
    best, largest = None, 1.0
    for a, b in itertools.product((0, 1), (0, 1)):
        energy = x[:, a::2, b::2].square().sum()
        if energy > largest:
            best, largest = x[:, a::2, b::2], energy
    return best


# %% wrong: the first channel decides
lambda x: max((x[:, a::2, b::2] for a in (0, 1) for b in (0, 1)), key=lambda p: p[0].norm())
# %% wrong: rows only
lambda x: max((x[:, a::2, ::2] for a in (0, 1)), key=torch.norm)
# %% wrong: the norms
lambda x: torch.stack([x[:, a::2, b::2].norm() for a in (0, 1) for b in (0, 1)]).max()
# %% wrong [wrong type]: the index
lambda x: max(itertools.product((0, 1), (0, 1)), key=lambda s: x[:, s[0] :: 2, s[1] :: 2].norm())
# %% wrong: a mean over the phases
lambda x: F.avg_pool2d(x, 2)
# %% wrong: a maximum over the phases
lambda x: F.max_pool2d(x, 2)


# %% wrong: halves instead of phases
def downsample(x):
    C, H, W = x.shape
    return max((h for r in x.chunk(2, 1) for h in r.chunk(2, 2)), key=torch.norm)


# %% wrong: the largest mean
lambda x: max((x[:, a::2, b::2] for a in (0, 1) for b in (0, 1)), key=lambda p: p.mean().abs())
# %% wrong: the largest spread
lambda x: max((x[:, a::2, b::2] for a in (0, 1) for b in (0, 1)), key=torch.std)
# %% crashed: tensors compared
lambda x: max(x[:, a::2, b::2] for a in (0, 1) for b in (0, 1))
