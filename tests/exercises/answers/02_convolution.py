# ruff: noqa
"""Answers to the exercises of chapter 02."""

import functools
import itertools
import math
from fractions import Fraction

import numpy as np
import sympy
import torch
import torch.nn as nn
import torch.nn.functional as F
from scipy.signal import convolve2d, correlate2d

# %% convolution.output_size
# %% right: torch's formula
lambda n, k, padding, stride, dilation: math.floor(
    (n + 2 * padding - dilation * (k - 1) - 1) / stride + 1
)
# %% right: as long as a range
lambda n, k, padding, stride, dilation: len(
    range(-padding, n + padding - dilation * (k - 1), stride)
)


# %% right: a loop that counts
def output_size(n, k, padding, stride, dilation):
    count, start = 0, -padding
    while start + dilation * (k - 1) < n + padding:
        count += 1
        start += stride
    return count


# %% right: asked of torch
def output_size(n, k, padding, stride, dilation):
    layer = nn.Conv1d(1, 1, k, stride=stride, padding=padding, dilation=dilation)
    return layer(torch.zeros(1, 1, n)).size(2)


# %% right: a ceiling
lambda n, k, padding, stride, dilation: -(-(n + 2 * padding - dilation * (k - 1)) // stride)
# %% right: an integer cast
lambda n, k, padding, stride, dilation: int(
    (n + 2 * padding - (k - 1) * dilation - 1 + stride) / stride
)


# %% right: other names
def size(n, kernel, pad, step, gap):
    effective = kernel + (kernel - 1) * (gap - 1)
    return (n - effective + 2 * pad + step) // step


# %% right: a text
"⌊(n + 2·padding - dilation·(k - 1) - 1) / stride⌋ + 1"
# %% right: sympy
n, k, padding, stride, dilation = sympy.symbols("n k padding stride dilation")
size = sympy.floor((n + 2 * padding - dilation * (k - 1) - 1) / stride) + 1
# %% right: a tensor's floor
lambda n, k, padding, stride, dilation: (
    torch.floor(torch.tensor((n + 2 * padding - dilation * (k - 1) - 1) / stride)) + 1
)


# %% right: divmod
def output_size(n, k, padding, stride, dilation):
    strides, left_over = divmod(n + 2 * padding - dilation * (k - 1) - 1, stride)
    return strides + 1


# %% wrong [no floor]: sympy
n, k, padding, stride, dilation = sympy.symbols("n k padding stride dilation")
size = (n + 2 * padding - dilation * (k - 1) - 1) / stride + 1
# %% wrong [padding counted once]: a range
lambda n, k, padding, stride, dilation: len(range(0, n + padding - dilation * (k - 1), stride))


# %% wrong [dilation ignored]: a loop
def output_size(n, k, padding, stride, dilation):
    count = 0
    for start in range(0, n + 2 * padding - k + 1, stride):
        count += 1
    return count


# %% wrong [stride applied before the kernel]: integer division
lambda n, k, padding, stride, dilation: (n + 2 * padding) // stride - dilation * (k - 1)
# %% wrong [first position forgotten]: math.floor
lambda n, k, padding, stride, dilation: math.floor(
    (n + 2 * padding - dilation * (k - 1) - 1) / stride
)
# %% wrong: rounded up
lambda n, k, padding, stride, dilation: (
    math.ceil((n + 2 * padding - dilation * (k - 1) - 1) / stride) + 1
)
# %% wrong: rounded to the nearest
lambda n, k, padding, stride, dilation: round(
    (n + 2 * padding - dilation * (k - 1) - 1) / stride + 1
)
# %% wrong [dilation multiplies the size, not the gaps]: a difference
lambda n, k, padding, stride, dilation: (n + 2 * padding - dilation * k) // stride + 1
# %% wrong: padding forgotten
lambda n, k, padding, stride, dilation: (n - dilation * (k - 1) - 1) // stride + 1
# %% wrong: gaps counted from zero
lambda n, k, padding, stride, dilation: (
    (n + 2 * padding - (dilation + 1) * (k - 1) - 1) // stride + 1
)
# %% wrong: the size of the input by the stride
lambda n, k, padding, stride, dilation: n // stride
# %% wrong: hard-coded
lambda n, k, padding, stride, dilation: 3
# %% crashed: divided by stride minus one
lambda n, k, padding, stride, dilation: (n + 2 * padding - dilation * (k - 1) - 1) // (stride - 1)
# %% wrong [wrong signature]: three arguments
lambda n, k, padding: n + 2 * padding - k + 1


# %% endless: a loop that never ends
def output_size(n, k, padding, stride, dilation):
    count, start = 0, 0
    while start + dilation * (k - 1) < n + 2 * padding:
        count += 1
    return count


# %% convolution.same_padding
# %% right: halves
lambda k, d: d * ((k - 1) // 2)
# %% right: the half of an odd kernel
lambda k, d: k // 2 * d


# %% right: a search
def padding(k, d):
    return next(p for p in itertools.count() if 100 + 2 * p - d * (k - 1) == 100)


# %% right: half the span
def padding(k, d):
    span = (k - 1) * d + 1
    return span // 2


# %% right: a text
"d(k-1)/2"
# %% right: Fractions
lambda k, d: Fraction(d * (k - 1), 2)
# %% right: sympy solves the equation
n, p, k, d = sympy.symbols("n p k d")
padding = sympy.solve(sympy.Eq(n + 2 * p - d * (k - 1), n), p)[0]
# %% right: NumPy
lambda k, d: np.floor_divide(d * (k - 1), 2)
# %% wrong [dilation ignored]: half of k - 1
lambda k, d: (k - 1) // 2
# %% wrong [both sides in one]: a text
"dk - d"
# %% wrong [dilation multiplies the size, not the gaps]: an integer cast
lambda k, d: int(d * k / 2)
# %% wrong: half without rounding
lambda k, d: d * k / 2
# %% wrong: dilation less one
lambda k, d: (d - 1) * (k - 1) // 2
# %% wrong: the gaps once
lambda k, d: (k - 1) // 2 + d - 1
# %% wrong: dilation for kernels of three
lambda k, d: d
# %% wrong: rounded up
lambda k, d: (d * (k - 1) + 2) // 2
# %% wrong [wrong type]: a word
lambda k, d: "same"


# %% convolution.same_stride
# %% right: one line
lambda n, k, stride: max((math.ceil(n / stride) - 1) * stride + k - n, 0) // 2
# %% right: by the remainder, as a common port does it
lambda n, k, stride: max(k - (n % stride or stride), 0) // 2


# %% right: a walk to the last window
def before(n, k, stride):
    start = 0
    while start + stride < n:
        start += stride
    lacking = max(0, start + k - n)
    return (lacking - lacking % 2) / 2


# %% right: NumPy
lambda n, k, stride: np.maximum((np.ceil(n / stride) - 1) * stride + k - n, 0) // 2
# %% wrong [PyTorch's padding by half the kernel]: halves
lambda n, k, stride: int(k / 2)
# %% wrong [stride ignored]: half of the gaps
lambda n, k, stride: int((k - 1) / 2)


# %% wrong [both sides in one]: the total
def before(n, k, stride):
    outputs = math.ceil(n / stride)
    return max(0, (outputs - 1) * stride + k - n)


# %% wrong [the odd zero in front]: rounded up
lambda n, k, stride: math.ceil(max((math.ceil(n / stride) - 1) * stride + k - n, 0) / 2)
# %% wrong [outputs rounded down]: a floor
lambda n, k, stride: max((math.floor(n / stride) - 1) * stride + k - n, 0) // 2
# %% wrong [negative padding]: no maximum
lambda n, k, stride: ((math.ceil(n / stride) - 1) * stride + k - n) // 2
# %% wrong: half without rounding
lambda n, k, stride: max((math.ceil(n / stride) - 1) * stride + k - n, 0) / 2
# %% wrong: as many windows as strides
lambda n, k, stride: max(math.ceil(n / stride) * stride + k - n, 0) // 2
# %% wrong: for stride two on even sizes
lambda n, k, stride: max(k - stride, 0) // 2
# %% crashed: outputs that nobody counted
lambda n, k, stride: max((outputs - 1) * stride + k - n, 0) // 2


# %% convolution.valid
# %% right: four loops
def conv2d(x, weight):
    H, W = x.shape
    k = len(weight)
    y = torch.zeros(H - k + 1, W - k + 1)
    for i in range(H - k + 1):
        for j in range(W - k + 1):
            for a in range(k):
                for b in range(k):
                    y[i, j] += x[i + a, j + b] * weight[a, b]
    return y


# %% right: a loop over the kernel
def conv2d(x, weight):
    k = weight.size(0)
    H, W = x.size(0) - k + 1, x.size(1) - k + 1
    return sum(weight[a, b] * x[a : a + H, b : b + W] for a in range(k) for b in range(k))


# %% right: NumPy's windows
def conv2d(x, weight):
    windows = np.lib.stride_tricks.sliding_window_view(x.numpy(), weight.shape)
    return np.einsum("ijab,ab->ij", windows, weight.numpy())


# %% right: lists of numbers
def conv2d(x, weight):
    x, w, k = x.tolist(), weight.tolist(), len(weight)
    return [
        [
            sum(x[i + a][j + b] * w[a][b] for a in range(k) for b in range(k))
            for j in range(len(x[0]) - k + 1)
        ]
        for i in range(len(x) - k + 1)
    ]


# %% right: strides of torch
def conv2d(x, weight):
    k = len(weight)
    size = (x.shape[0] - k + 1, x.shape[1] - k + 1, k, k)
    windows = torch.as_strided(x.contiguous(), size, (*x.stride(), *x.stride()))
    return torch.tensordot(windows, weight, dims=2)


# %% right: index arithmetic
def conv2d(x, weight):
    k = weight.shape[0]
    rows = torch.arange(x.shape[0] - k + 1)[:, None, None, None] + torch.arange(k)[:, None]
    columns = torch.arange(x.shape[1] - k + 1)[:, None, None] + torch.arange(k)
    return (x[rows, columns] * weight).sum((-1, -2))


# %% right: the Fourier transform
def conv2d(x, weight):
    (H, W), k = x.shape, len(weight)
    product = torch.fft.rfft2(x) * torch.fft.rfft2(weight, s=(H, W)).conj()
    return torch.fft.irfft2(product, s=(H, W))[: H - k + 1, : W - k + 1]


# %% right: a Toeplitz matrix
def conv2d(x, weight):
    (H, W), k = x.shape, len(weight)
    T = torch.zeros(H - k + 1, W - k + 1, H, W)
    for i, j in itertools.product(range(H - k + 1), range(W - k + 1)):
        T[i, j, i : i + k, j : j + k] = weight
    return torch.einsum("ijab,ab->ij", T, x.float())


# %% right: written into an empty tensor of its own dtype
def conv2d(x, weight):
    k = weight.shape[0]
    y = torch.empty(x.shape[0] - k + 1, x.shape[1] - k + 1, dtype=torch.float64)
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            y[i, j] = torch.sum(x[i : i + k, j : j + k].mul(weight))
    return y


# %% right: an inner product of flattened windows
def conv2d(x, w):
    k, W = w.shape[-1], x.shape[-1]
    return torch.stack(
        [
            torch.stack([x[i : i + k, j : j + k].flatten() @ w.flatten() for j in range(W - k + 1)])
            for i in range(x.shape[0] - k + 1)
        ]
    )


# %% not allowed: torch's conv2d
lambda x, weight: F.conv2d(x[None, None], weight[None, None]).squeeze(0).squeeze(0)


# %% not allowed: torch's layer
def conv2d(x, weight):
    layer = nn.Conv2d(1, 1, len(weight), bias=False).to(x.dtype)
    layer.weight.data = weight[None, None]
    return layer(x[None, None])[0, 0].detach()


# %% not allowed: the method unfold
lambda x, weight: torch.einsum(
    "ijab,ab->ij", x.unfold(0, len(weight), 1).unfold(1, len(weight), 1), weight
)
# %% not allowed: windows as columns
lambda x, weight: (weight.flatten() @ F.unfold(x[None, None], len(weight))[0]).view(
    len(x) - len(weight) + 1, -1
)
# %% not allowed: a convolution over the columns, too
lambda x, weight: F.conv3d(x[None, None, None], weight[None, None, None])[0, 0, 0]


# %% wrong [kernel flipped]: indices
def conv2d(x, weight):
    k = len(weight)
    y = torch.zeros(x.shape[0] - k + 1, x.shape[1] - k + 1)
    for i, j in np.ndindex(*y.shape):
        for a, b in np.ndindex(k, k):
            y[i, j] += x[i + a, j + b] * weight[k - 1 - a, k - 1 - b]
    return y


# %% wrong [kernel transposed]: a loop over the kernel
def conv2d(x, weight):
    k = len(weight)
    H, W = x.shape[0] - k + 1, x.shape[1] - k + 1
    return sum(weight[b, a] * x[a : a + H, b : b + W] for a in range(k) for b in range(k))


# %% wrong [output transposed]: loops
def conv2d(x, weight):
    k = len(weight)
    y = torch.zeros(x.shape[1] - k + 1, x.shape[0] - k + 1)
    for i, j in np.ndindex(*y.shape):
        y[i, j] = (x[j : j + k, i : i + k] * weight).sum()
    return y


# %% wrong [last position forgotten]: loops
def conv2d(x, weight):
    k = len(weight)
    rows = []
    for i in range(x.shape[0] - k):
        rows.append(
            [float((x[i : i + k, j : j + k] * weight).sum()) for j in range(x.shape[1] - k)]
        )
    return torch.tensor(rows).reshape(x.shape[0] - k, x.shape[1] - k)


# %% wrong [zeros added around the input]: padded by hand
def conv2d(x, weight):
    k = len(weight)
    left = (k - 1) // 2
    wide = F.pad(x, (left, k - 1 - left, left, k - 1 - left))
    return sum(
        weight[a, b] * wide[a : a + x.shape[0], b : b + x.shape[1]]
        for a in range(k)
        for b in range(k)
    )


# %% wrong: means
def conv2d(x, weight):
    k = len(weight)
    H, W = x.shape[0] - k + 1, x.shape[1] - k + 1
    return sum(weight[a, b] * x[a : a + H, b : b + W] for a in range(k) for b in range(k)) / k**2


# %% wrong: square pictures only
def conv2d(x, weight):
    k, n = len(weight), x.shape[0] - len(weight) + 1
    return sum(weight[a, b] * x[a : a + n, b : b + n] for a in range(k) for b in range(k))


# %% crashed: for 3x3 kernels only
def conv2d(x, weight):
    y = torch.zeros(x.shape[0] - 2, x.shape[1] - 2)
    for i, j in np.ndindex(*y.shape):
        y[i, j] = (x[i : i + 3, j : j + 3] * weight).sum()
    return y


# %% wrong: a row too few is written
def conv2d(x, weight):
    k = len(weight)
    y = torch.zeros(x.shape[0] - k + 1, x.shape[1] - k + 1)
    for i in range(x.shape[0] - k):
        for j in range(x.shape[1] - k + 1):
            y[i, j] = (x[i : i + k, j : j + k] * weight).sum()
    return y


# %% wrong [kernel flipped]: scipy's convolution
def conv2d(x, weight):
    return convolve2d(x, weight, mode="valid")


# %% right: scipy's correlation
def conv2d(x, weight):
    return torch.as_tensor(correlate2d(x.numpy(), weight.numpy(), mode="valid"))


# %% wrong [all zeros]: the sum is thrown away
def conv2d(x, weight):
    k = len(weight)
    y = torch.zeros(x.shape[0] - k + 1, x.shape[1] - k + 1)
    for i, j in np.ndindex(*y.shape):
        (x[i : i + k, j : j + k] * weight).sum()
    return y


# %% wrong: a matrix product of window and kernel
def conv2d(x, weight):
    k = len(weight)
    y = torch.zeros(x.shape[0] - k + 1, x.shape[1] - k + 1)
    for i, j in np.ndindex(*y.shape):
        y[i, j] = (x[i : i + k, j : j + k] @ weight).sum()
    return y


# %% wrong: a batch and a channel axis left
lambda x, weight: torch.from_numpy(
    np.einsum("ijab,ab->ij", np.lib.stride_tricks.sliding_window_view(x, weight.shape), weight)
)[None, None]


# %% not attempted: half done
def conv2d(x, weight):
    k = len(weight)
    y = torch.zeros(x.shape[0] - k + 1, x.shape[1] - k + 1)
    for i, j in np.ndindex(*y.shape):
        y[i, j] = ...
    return y


# %% crashed: an attribute that does not exist
def conv2d(x, weight):
    H, W = x.size
    return x


# %% wrong [input changed in place]: the kernel is turned in place and back
def conv2d(x, weight):
    k = len(weight)
    H, W = x.shape[0] - k + 1, x.shape[1] - k + 1
    y = sum(weight[a, b] * x[a : a + H, b : b + W] for a in range(k) for b in range(k))
    weight.zero_()
    return y


# %% convolution.sobel_sign
# %% right: a text
"b, 2"
# %% right: a NumPy array
np.array(["b", "2"])
# %% wrong [the kernel thought to be flipped]: a text
"a1"
# %% wrong [the edge read the wrong way round]: a pair
("a", 3)
# %% wrong [weights that sum to zero thought to answer zero]: a pair
("c", 4)
# %% wrong [right choice, wrong reason]: the kernel flipped, and the wrong column
("b", 1)
# %% wrong [not on offer]: a word
("d", 2)


# %% convolution.multi_channel
# %% right: a sum over channels of single convolutions
def conv_layer(x, weight, bias):
    def single(x, w):
        H, W = x.shape[0] - w.shape[0] + 1, x.shape[1] - w.shape[1] + 1
        return sum(w[a, b] * x[a : a + H, b : b + W] for a, b in np.ndindex(*w.shape))

    return torch.stack(
        [sum(single(x[c], weight[d, c]) for c in range(len(x))) + bias[d] for d in range(len(bias))]
    )


# %% right: einsum over the taps
def conv_layer(x, weight, bias):
    D, C, kh, kw = weight.shape
    H, W = x.shape[1] - kh + 1, x.shape[2] - kw + 1
    y = bias[:, None, None].repeat(1, H, W)
    for a in range(kh):
        for b in range(kw):
            y = y + torch.einsum("dc,chw->dhw", weight[:, :, a, b], x[:, a : a + H, b : b + W])
    return y


# %% right: NumPy's windows
def conv_layer(x, weight, bias):
    x, weight, bias = (t.numpy() for t in (x, weight, bias))
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(1, 2))
    return np.tensordot(weight, windows, axes=[(1, 2, 3), (0, 3, 4)]) + bias.reshape(-1, 1, 1)


# %% right: columns and a matrix product
def conv_layer(x, weight, bias):
    D, C, kh, kw = weight.shape
    H, W = x.shape[1] - kh + 1, x.shape[2] - kw + 1
    columns = torch.stack(
        [x[:, i : i + kh, j : j + kw].reshape(-1) for i in range(H) for j in range(W)], 1
    )
    return torch.addmm(bias[:, None], weight.reshape(D, -1), columns).reshape(D, H, W)


# %% right: seven loops
def conv_layer(x, weight, bias):
    D, C, kh, kw = weight.shape
    y = torch.zeros(D, x.shape[1] - kh + 1, x.shape[2] - kw + 1)
    for d, i, j in np.ndindex(*y.shape):
        y[d, i, j] = bias[d]
        for c, a, b in np.ndindex(C, kh, kw):
            y[d, i, j] += weight[d, c, a, b] * x[c, i + a, j + b]
    return y


# %% not allowed: torch's conv2d
lambda x, weight, bias: torch.conv2d(x.unsqueeze(0), weight, bias).squeeze(0)
# %% not allowed: unfold
lambda x, weight, bias: (
    weight.flatten(1) @ F.unfold(x[None], weight.shape[2:])[0] + bias[:, None]
).unflatten(1, (x.shape[1] - weight.shape[2] + 1, -1))


# %% wrong [channels summed before weighting]: the first kernel for all
def conv_layer(x, weight, bias):
    x, (D, C, kh, kw) = x.sum(0), weight.shape
    H, W = x.shape[0] - kh + 1, x.shape[1] - kw + 1
    return sum(
        weight[:, 0, a, b, None, None] * x[a : a + H, b : b + W] for a, b in np.ndindex(kh, kw)
    ) + bias.view(-1, 1, 1)


# %% wrong [bias forgotten]: a matrix product
def conv_layer(x, weight, bias):
    D, C, kh, kw = weight.shape
    H, W = x.shape[1] - kh + 1, x.shape[2] - kw + 1
    blocks = [x[:, i : i + kh, j : j + kw].flatten() for i in range(H) for j in range(W)]
    return (weight.flatten(1) @ torch.stack(blocks, 1)).view(D, H, W)


# %% wrong [bias added for every input channel]: loops
def conv_layer(x, weight, bias):
    D, C, kh, kw = weight.shape
    y = torch.zeros(D, x.shape[1] - kh + 1, x.shape[2] - kw + 1)
    for d, i, j in np.ndindex(*y.shape):
        for c in range(C):
            y[d, i, j] += (weight[d, c] * x[c, i : i + kh, j : j + kw]).sum() + bias[d]
    return y


# %% wrong [one output for every pair of channels]: a comprehension
def conv_layer(x, weight, bias):
    def single(x, w):
        H, W = x.shape[0] - w.shape[0] + 1, x.shape[1] - w.shape[1] + 1
        return sum(w[a, b] * x[a : a + H, b : b + W] for a, b in np.ndindex(*w.shape))

    D, C = weight.shape[:2]
    return torch.stack([single(x[c], weight[d, c]) + bias[d] for c in range(C) for d in range(D)])


# %% wrong [mean instead of sum]: a mean over the channel axis
def conv_layer(x, weight, bias):
    D, C, kh, kw = weight.shape
    y = torch.zeros(D, x.shape[1] - kh + 1, x.shape[2] - kw + 1)
    for d, i, j in np.ndindex(*y.shape):
        products = weight[d] * x[:, i : i + kh, j : j + kw]
        y[d, i, j] = products.sum((1, 2)).mean() + bias[d]
    return y


# %% wrong [kernels flipped]: scipy
def conv_layer(x, weight, bias):
    return np.stack(
        [
            sum(convolve2d(a, w, mode="valid") for a, w in zip(x.numpy(), kernels.numpy()))
            + float(b)
            for kernels, b in zip(weight, bias)
        ]
    )


# %% wrong: one channel only
def conv_layer(x, weight, bias):
    D, C, kh, kw = weight.shape
    H, W = x.shape[1] - kh + 1, x.shape[2] - kw + 1
    return sum(
        weight[:, 0, a, b, None, None] * x[0, a : a + H, b : b + W] for a, b in np.ndindex(kh, kw)
    ) + bias.view(-1, 1, 1)


# %% wrong: square kernels only
def conv_layer(x, weight, bias):
    D, C, k, _ = weight.shape
    H, W = x.shape[1] - k + 1, x.shape[2] - k + 1
    return sum(
        torch.einsum("dc,chw->dhw", weight[:, :, a, b], x[:, a : a + H, b : b + W])
        for a, b in np.ndindex(k, k)
    ) + bias.view(-1, 1, 1)


# %% wrong: the bias along the wrong axis
def conv_layer(x, weight, bias):
    D, C, kh, kw = weight.shape
    y = torch.zeros(D, x.shape[1] - kh + 1, x.shape[2] - kw + 1)
    for d, i, j in np.ndindex(*y.shape):
        y[d, i, j] = (weight[d] * x[:, i : i + kh, j : j + kw]).sum() + bias[j % D]
    return y


# %% crashed: the bias broadcast along the columns
def conv_layer(x, weight, bias):
    D, C, kh, kw = weight.shape
    y = torch.zeros(D, x.shape[1] - kh + 1, x.shape[2] - kw + 1)
    for d, i, j in np.ndindex(*y.shape):
        y[d, i, j] = (weight[d] * x[:, i : i + kh, j : j + kw]).sum()
    return y + bias


# %% convolution.grouped_parameters
# %% right: the whole product divided
lambda C, D, k, g: C * D * k * k // g + D


# %% right: group by group
def parameters(C, D, k, g):
    return sum((C // g) * (D // g) * k**2 + D // g for group in range(g))


# %% right: asked of torch
def parameters(C, D, k, g):
    layer = nn.Conv2d(C, D, k, groups=g)
    return layer.weight.numel() + layer.bias.numel()


# %% right: Fractions
lambda C, D, k, g: D + Fraction(C * D * k * k, g)
# %% right: a text
"D(Ck²/g + 1)"
# %% right: sympy
C, D, k, g = sympy.symbols("C D k g")
parameters = D * (C / g * k**2 + 1)
# %% wrong [groups ignored]: asked of torch
lambda C, D, k, g: sum(p.numel() for p in nn.Conv2d(C, D, k).parameters())
# %% wrong [divided twice]: a text
"C/g * D/g * k² + D"
# %% wrong [biases divided as well]: one group only of the biases
lambda C, D, k, g: (C * D * k * k + D) // g
# %% wrong [biases forgotten]: asked of torch
lambda C, D, k, g: nn.Conv2d(C, D, k, groups=g, bias=False).weight.numel()
# %% wrong: multiplied by the groups
lambda C, D, k, g: C * D * k * k * g + D
# %% wrong: a side of k
lambda C, D, k, g: D * (C // g) * k + D
# %% wrong: g biases
lambda C, D, k, g: D * (C // g) * k**2 + g
# %% wrong: one group counted
lambda C, D, k, g: (C // g) * (D // g) * k**2 + D // g
# %% convolution.sampled_index
# %% right: another order
"-padding + stride*i + dilation*m"
# %% right: implicit products
"i stride + m dilation - padding"
# %% right: sympy
i, m, stride, padding, dilation = sympy.symbols("i m stride padding dilation")
index = i * stride + m * dilation - padding
# %% right: as the index of the padded row
"(stride*i + dilation*m) - padding"
# %% right: Unicode
"i·stride − padding + m·dilation"
# %% right: a dict of its own key
{"gap": "stride * i + dilation * m - padding"}
# %% wrong [stride and dilation swapped]: another order
"dilation*i - padding + stride*m"
# %% wrong [padding added]: sympy
i, m, stride, padding, dilation = sympy.symbols("i m stride padding dilation")
index = padding + i * stride + m * dilation
# %% wrong [kernel flipped]: another order
"stride*i - padding - dilation*m"
# %% wrong [dilation forgotten]: another order
"m + i stride - padding"
# %% wrong [stride times everything]: multiplied out
"i*stride + m*dilation*stride - padding"
# %% wrong: padding times the stride
"(i - padding) * stride + m * dilation"
# %% wrong: padding forgotten
"i * stride + m * dilation"
# %% wrong: stride forgotten
"i + m * dilation - padding"
# %% wrong: padding twice
"i * stride + m * dilation - 2 * padding"
# %% wrong [not readable]: letters of another text
"s*i + d*m - p"


# %% convolution.stride_dilation
# %% right: two loops
def conv1d(x, weight, stride, dilation):
    size = (len(x) - dilation * (len(weight) - 1) - 1) // stride + 1
    y = torch.zeros(size)
    for i in range(size):
        for a in range(len(weight)):
            y[i] += weight[a] * x[i * stride + a * dilation]
    return y


# %% right: index arithmetic
def conv1d(x, weight, stride, dilation):
    taps = dilation * torch.arange(len(weight))
    starts = torch.arange(0, len(x) - taps[-1].item(), stride)
    return x[starts[:, None] + taps] @ weight


# %% right: the method unfold, every dilation-th value
def conv1d(x, weight, stride, dilation):
    span = dilation * (len(weight) - 1) + 1
    return x.unfold(0, span, stride)[:, ::dilation] @ weight


# %% right: slices for each tap
def conv1d(x, weight, stride, dilation):
    last = len(x) - dilation * (len(weight) - 1)
    return sum(w * x[a * dilation : a * dilation + last : stride] for a, w in enumerate(weight))


# %% right: lists
def conv1d(x, weight, stride, dilation):
    x, w = x.tolist(), weight.tolist()
    reach = dilation * (len(w) - 1)
    return [
        sum(c * x[t + dilation * a] for a, c in enumerate(w))
        for t in range(0, len(x) - reach, stride)
    ]


# %% right: NumPy with a kernel full of zeros
def conv1d(x, weight, stride, dilation):
    sparse = np.zeros(dilation * (len(weight) - 1) + 1)
    sparse[::dilation] = weight
    return np.correlate(x, sparse, mode="valid")[::stride]


# %% not allowed: torch's conv1d
lambda x, weight, stride, dilation: F.conv1d(
    x[None, None], weight[None, None], stride=stride, dilation=dilation
).flatten()


# %% wrong [stride and dilation swapped]: slices
def conv1d(x, weight, stride, dilation):
    last = len(x) - stride * (len(weight) - 1)
    return sum(w * x[a * stride : a * stride + last : dilation] for a, w in enumerate(weight))


# %% wrong [dilation ignored]: the method unfold
lambda x, weight, stride, dilation: x.unfold(0, len(weight), stride) @ weight


# %% wrong [stride ignored]: NumPy
def conv1d(x, weight, stride, dilation):
    sparse = np.zeros(dilation * (len(weight) - 1) + 1)
    sparse[::dilation] = weight
    return np.correlate(x, sparse, mode="valid")


# %% wrong [kernel flipped]: NumPy's convolution
def conv1d(x, weight, stride, dilation):
    sparse = np.zeros(dilation * (len(weight) - 1) + 1)
    sparse[::dilation] = weight
    return np.convolve(x, sparse, mode="valid")[::stride]


# %% wrong [dilation counted as gaps]: slices
def conv1d(x, weight, stride, dilation):
    step = dilation + 1
    last = len(x) - step * (len(weight) - 1)
    return sum(w * x[a * step : a * step + last : stride] for a, w in enumerate(weight))


# %% wrong: an output too few
def conv1d(x, weight, stride, dilation):
    size = (len(x) - dilation * (len(weight) - 1) - 1) // stride
    return torch.stack(
        [
            (x[i * stride :][: dilation * len(weight) : dilation][: len(weight)] * weight).sum()
            for i in range(size)
        ]
    )


# %% wrong [wrong type]: sums only
lambda x, weight, stride, dilation: float(x[: len(weight)] @ weight)


# %% crashed: one window too many
def conv1d(x, weight, stride, dilation):
    size = (len(x) - len(weight)) // stride + 1
    taps = dilation * torch.arange(len(weight))
    return torch.stack([x[i * stride + taps] @ weight for i in range(size)])


# %% convolution.im2col
# %% right: strides of NumPy
def im2col(x, k):
    windows = np.lib.stride_tricks.sliding_window_view(x.numpy(), (k, k), axis=(1, 2))
    C, H, W = windows.shape[:3]
    return windows.transpose(0, 3, 4, 1, 2).reshape(C * k * k, H * W)


# %% right: one row for each tap
def im2col(x, k):
    C, H, W = x.shape
    h, w = H - k + 1, W - k + 1
    return torch.stack(
        [x[c, a : a + h, b : b + w].flatten() for c in range(C) for a in range(k) for b in range(k)]
    )


# %% right: index arithmetic
def im2col(x, k):
    C, H, W = x.shape
    i, j = torch.meshgrid(torch.arange(H - k + 1), torch.arange(W - k + 1), indexing="ij")
    a, b = torch.meshgrid(torch.arange(k), torch.arange(k), indexing="ij")
    rows, columns = a.reshape(-1, 1) + i.reshape(1, -1), b.reshape(-1, 1) + j.reshape(1, -1)
    return x[:, rows, columns].reshape(C * k * k, -1)


# %% right: written into zeros
def im2col(x, k):
    C, H, W = x.shape
    out = torch.zeros(C * k * k, (H - k + 1) * (W - k + 1))
    column = 0
    for i in range(H - k + 1):
        for j in range(W - k + 1):
            out[:, column] = x[:, i : i + k, j : j + k].reshape(-1)
            column += 1
    return out


# %% right: strides of torch
def im2col(x, k):
    x = x.contiguous()
    (C, H, W), (s, t, u) = x.shape, x.stride()
    view = x.as_strided((C, k, k, H - k + 1, W - k + 1), (s, t, u, t, u))
    return view.reshape(C * k * k, -1)


# %% right: rows, transposed at the end
def im2col(x, k):
    rows = []
    for i in range(x.size(1) - k + 1):
        for j in range(x.size(2) - k + 1):
            rows.append(x[:, i : i + k, j : j + k].flatten().tolist())
    return torch.tensor(rows).T


# %% not allowed: torch's unfold
lambda x, k: F.unfold(x[None], k)[0]
# %% not allowed: torch's layer
lambda x, k: nn.Unfold(k)(x[None]).squeeze(0)


# %% wrong [windows as rows]: lists
def im2col(x, k):
    _, H, W = x.shape
    return [
        x[:, i : i + k, j : j + k].flatten().tolist()
        for i in range(H - k + 1)
        for j in range(W - k + 1)
    ]


# %% wrong [channels last in a column]: permuted windows
def im2col(x, k):
    _, H, W = x.shape
    x = x.permute(1, 2, 0)
    windows = [
        x[i : i + k, j : j + k].flatten() for i in range(H - k + 1) for j in range(W - k + 1)
    ]
    return torch.stack(windows, 1)


# %% wrong [places in columns first]: loops exchanged
def im2col(x, k):
    _, H, W = x.shape
    windows = [
        x[:, i : i + k, j : j + k].flatten() for j in range(W - k + 1) for i in range(H - k + 1)
    ]
    return torch.stack(windows, 1)


# %% wrong [windows transposed]: transposed before flattening
def im2col(x, k):
    _, H, W = x.shape
    return torch.stack(
        [
            x[:, i : i + k, j : j + k].mT.flatten()
            for i in range(H - k + 1)
            for j in range(W - k + 1)
        ],
        1,
    )


# %% wrong [windows that do not overlap]: steps of k
def im2col(x, k):
    _, H, W = x.shape
    places = itertools.product(range(0, H - k + 1, k), range(0, W - k + 1, k))
    return torch.stack([x[:, i : i + k, j : j + k].flatten() for i, j in places], 1)


# %% wrong: channels summed
def im2col(x, k):
    _, H, W = x.shape
    places = itertools.product(range(H - k + 1), range(W - k + 1))
    return torch.stack([x[:, i : i + k, j : j + k].sum(0).flatten() for i, j in places], 1)


# %% wrong: reshaped instead of transposed
def im2col(x, k):
    _, H, W = x.shape
    places = itertools.product(range(H - k + 1), range(W - k + 1))
    rows = torch.stack([x[:, i : i + k, j : j + k].flatten() for i, j in places])
    return rows.reshape(rows.shape[1], rows.shape[0])


# %% wrong: square pictures only
def im2col(x, k):
    n = x.shape[1]
    places = itertools.product(range(n - k + 1), range(n - k + 1))
    return torch.stack([x[:, i : i + k, j : j + k].flatten() for i, j in places], 1)


# %% wrong: the last place forgotten
def im2col(x, k):
    _, H, W = x.shape
    places = itertools.product(range(H - k), range(W - k))
    return torch.stack(
        [torch.zeros(len(x) * k * k), *(x[:, i : i + k, j : j + k].flatten() for i, j in places)], 1
    )


# %% convolution.commutes
# %% right: small letters
"abcde"
# %% right: a list
["A", "B", "C", "D", "E"]
# %% right: arrows
"A -> B -> C -> D -> E"
# %% wrong [sum rewritten before the new index exists]: arrows
"A -> C -> B -> D -> E"
# %% wrong [conclusion assumed]: a list
["E", "A", "B", "C", "D"]
# %% wrong [convolution confused with cross-correlation]: at the end
"ABCDEF"
# %% wrong: factors swapped before the sum is rewritten
"ABDCE"
# %% wrong: the definition left out
"BCDE"
# %% wrong [step repeated]: twice
"AABCDE"
# %% convolution.merged_size
# %% right: a text
"7 taps"
# %% right: asked of NumPy
len(np.convolve(np.ones(5), np.ones(3)))
# %% right: a float
7.0
# %% right: a sum
"5 + 3 - 1"
# %% wrong [sizes added]: a text
"5 + 3"
# %% wrong [sizes multiplied]: a product
5 * 3
# %% wrong [the larger kernel]: a maximum
max(5, 3)
# %% wrong: in two dimensions
49
# %% wrong: one too few
6
# %% wrong: the difference
5 - 3 + 1


# %% convolution.spectral
# %% right: real transforms
def correlate_fft(x, weight):
    (H, W), (h, w) = x.shape, weight.shape
    X, K = torch.fft.rfft2(x), torch.fft.rfft2(weight, s=(H, W))
    return torch.fft.irfft2(X * torch.conj(K), s=(H, W))[: H - h + 1, : W - w + 1]


# %% right: a flipped kernel, cut at the other end
def correlate_fft(x, weight):
    h, w = weight.shape
    product = torch.fft.fft2(x) * torch.fft.fft2(weight.flip(0, 1), s=x.shape)
    return torch.fft.ifft2(product).real[h - 1 :, w - 1 :]


# %% right: NumPy
def correlate_fft(x, weight):
    x, weight = x.numpy(), weight.numpy()
    spectrum = np.fft.fft2(x) * np.conj(np.fft.fft2(weight, s=x.shape))
    out = np.real(np.fft.ifft2(spectrum))
    return out[: x.shape[0] - weight.shape[0] + 1, : x.shape[1] - weight.shape[1] + 1]


# %% right: padded to the full size
def correlate_fft(x, weight):
    (H, W), (h, w) = x.shape, weight.shape
    s = (H + h - 1, W + w - 1)
    full = torch.fft.ifft2(torch.fft.fft2(x, s=s) * torch.fft.fft2(weight.flip((0, 1)), s=s)).real
    return full[h - 1 : H, w - 1 : W]


# %% right: axis by axis, the kernel padded by hand
def correlate_fft(x, weight):
    wide = F.pad(weight, (0, x.shape[1] - weight.shape[1], 0, x.shape[0] - weight.shape[0]))
    X = torch.fft.fft(torch.fft.fft(x, dim=0), dim=1)
    K = torch.fft.fft(torch.fft.fft(wide, dim=0), dim=1)
    out = torch.fft.ifft(torch.fft.ifft(X * K.conj(), dim=0), dim=1)
    return out.real[: x.shape[0] + 1 - len(weight), : x.shape[1] + 1 - weight.shape[1]]


# %% right: the conjugate on the picture
def correlate_fft(x, weight):
    product = torch.fft.fft2(x).conj() * torch.fft.fft2(weight, s=x.shape)
    out = torch.fft.ifft2(product).real.flip(0, 1).roll((1, 1), (0, 1))
    return out[: x.shape[0] - weight.shape[0] + 1, : x.shape[1] - weight.shape[1] + 1]


# %% not allowed: torch's conv2d
lambda x, weight: F.conv2d(x[None, None], weight[None, None])[0, 0]


# %% not allowed: a loop
def correlate_fft(x, weight):
    H, W = x.shape[0] - weight.shape[0] + 1, x.shape[1] - weight.shape[1] + 1
    out = torch.zeros(H, W)
    for i in range(H):
        for j in range(W):
            out[i, j] = (x[i : i + weight.shape[0], j : j + weight.shape[1]] * weight).sum()
    return out


# %% wrong [conjugate forgotten]: NumPy
def correlate_fft(x, weight):
    out = np.real(np.fft.ifft2(np.fft.fft2(x) * np.fft.fft2(weight, s=x.shape)))
    return out[: x.shape[0] - weight.shape[0] + 1, : x.shape[1] - weight.shape[1] + 1]


# %% wrong [wrapped places kept]: NumPy
def correlate_fft(x, weight):
    return np.real(np.fft.ifft2(np.fft.fft2(x) * np.fft.fft2(weight, s=x.shape).conj()))


# %% wrong [cut at the wrong end]: complex transforms
def correlate_fft(x, weight):
    out = torch.fft.ifft2(torch.fft.fft2(x) * torch.fft.fft2(weight, s=x.shape).conj()).real
    return out[weight.shape[0] - 1 :, weight.shape[1] - 1 :]


# %% wrong [complex result]: the real part not taken
def correlate_fft(x, weight):
    out = torch.fft.ifft2(torch.fft.fft2(x) * torch.fft.fft2(weight, s=x.shape).conj())
    return out[: x.shape[0] - weight.shape[0] + 1, : x.shape[1] - weight.shape[1] + 1]


# %% wrong [true convolution]: cut at the right end
def correlate_fft(x, weight):
    out = torch.fft.ifft2(torch.fft.fft2(x) * torch.fft.fft2(weight, s=x.shape)).real
    return out[weight.shape[0] - 1 :, weight.shape[1] - 1 :]


# %% wrong: the absolute value
def correlate_fft(x, weight):
    out = torch.fft.ifft2(torch.fft.fft2(x) * torch.fft.fft2(weight, s=x.shape).conj()).abs()
    return out[: x.shape[0] - weight.shape[0] + 1, : x.shape[1] - weight.shape[1] + 1]


# %% crashed: the kernel not padded
lambda x, weight: torch.fft.ifft2(torch.fft.fft2(x) * torch.fft.fft2(weight).conj()).real


# %% wrong: square kernels only
def correlate_fft(x, weight):
    k = len(weight)
    out = torch.fft.ifft2(torch.fft.fft2(x) * torch.fft.fft2(weight, s=x.shape).conj()).real
    return out[: x.shape[0] - k + 1, : x.shape[1] - k + 1]


# %% wrong: an odd width lost by the real transform
def correlate_fft(x, weight):
    out = torch.fft.irfft2(torch.fft.rfft2(x) * torch.fft.rfft2(weight, s=x.shape).conj())
    return out[: x.shape[0] - weight.shape[0] + 1, : x.shape[1] - weight.shape[1] + 1]


# %% wrong: not scaled
def correlate_fft(x, weight):
    product = torch.fft.fft2(x) * torch.fft.fft2(weight, s=x.shape).conj()
    out = torch.fft.ifft2(product, norm="forward").real
    return out[: x.shape[0] - weight.shape[0] + 1, : x.shape[1] - weight.shape[1] + 1]


# %% convolution.separable
# %% right: a Sequential
lambda inputs, outputs: nn.Sequential(
    nn.Conv2d(inputs, inputs, 3, padding="same", groups=inputs, bias=False),
    nn.Conv2d(inputs, outputs, kernel_size=1),
)


# %% right: the mixing layer written first
class SeparableConv(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.pointwise = nn.Linear(in_channels, out_channels)
        self.depthwise = nn.Conv2d(
            in_channels, in_channels, 3, 1, 1, groups=in_channels, bias=False
        )

    def forward(self, x):
        return self.pointwise(self.depthwise(x).movedim(1, -1)).movedim(-1, 1)


# %% right: one layer for each channel
class SeparableConv(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.each = nn.ModuleList(
            nn.Conv2d(1, 1, 3, padding=1, bias=False) for _ in range(in_channels)
        )
        self.mix = nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x):
        parts = [layer(part) for layer, part in zip(self.each, x.split(1, dim=1))]
        return self.mix(torch.cat(parts, dim=1))


# %% right: bare parameters
class SeparableConv(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.mix = nn.Parameter(torch.randn(in_channels, out_channels))
        self.taps = nn.Parameter(torch.randn(in_channels, 1, 3, 3))

    def forward(self, x):
        x = F.conv2d(F.pad(x, [1] * 4), self.taps, groups=x.size(1))
        return torch.einsum("nchw,cd->ndhw", x, self.mix) + self.bias[:, None, None]


# %% right: the product of both kernels, applied at once
class SeparableConv(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.spatial = nn.Conv2d(in_channels, in_channels, 3, groups=in_channels, bias=False)
        self.mix = nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x):
        kernel = self.mix.weight * self.spatial.weight[:, 0]
        return F.conv2d(x, kernel, self.mix.bias, padding=1)


# %% wrong [channels mixed first]: a Sequential
lambda i, o: nn.Sequential(nn.Conv2d(i, o, 1), nn.Conv2d(o, o, 3, padding=1, groups=o, bias=False))
# %% wrong [dense spatial convolution]: a Sequential
lambda i, o: nn.Sequential(nn.Conv2d(i, i, 3, padding=1, bias=False), nn.Conv2d(i, o, 1))


# %% wrong [two biases]: a class
class SeparableConv(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.mix = nn.Conv2d(in_channels, out_channels, 1)
        self.each = nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels)

    def forward(self, x):
        return self.mix(self.each(x))


# %% wrong [no bias at all]: a class
class SeparableConv(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.each = nn.Conv2d(in_channels, in_channels, 3, 1, 1, groups=in_channels, bias=False)
        self.mix = nn.Conv2d(in_channels, out_channels, 1, bias=False)

    def forward(self, x):
        return self.mix(self.each(x))


# %% wrong [no padding]: a Sequential
lambda i, o: nn.Sequential(nn.Conv2d(i, i, 3, groups=i, bias=False), nn.Conv2d(i, o, 1))
# %% wrong: a ReLU in between
lambda i, o: nn.Sequential(
    nn.Conv2d(i, i, 3, padding=1, groups=i, bias=False), nn.ReLU(), nn.Conv2d(i, o, 1)
)
# %% wrong: the bias in the other layer
lambda i, o: nn.Sequential(nn.Conv2d(i, i, 3, padding=1, groups=i), nn.Conv2d(i, o, 1, bias=False))
# %% wrong: a kernel of five
lambda i, o: nn.Sequential(nn.Conv2d(i, i, 5, padding=2, groups=i, bias=False), nn.Conv2d(i, o, 1))
# %% wrong: on a circle
lambda i, o: nn.Sequential(
    nn.Conv2d(i, i, 3, padding=1, padding_mode="circular", groups=i, bias=False),
    nn.Conv2d(i, o, 1),
)
# %% wrong: a stride
lambda i, o: nn.Sequential(
    nn.Conv2d(i, i, 3, padding=1, stride=2, groups=i, bias=False), nn.Conv2d(i, o, 1)
)
# %% wrong: a norm in between
lambda i, o: nn.Sequential(
    nn.Conv2d(i, i, 3, padding=1, groups=i, bias=False), nn.BatchNorm2d(i), nn.Conv2d(i, o, 1)
)


# %% wrong [nothing returned]: no return
class SeparableConv(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.each = nn.Conv2d(in_channels, in_channels, 3, 1, 1, groups=in_channels, bias=False)
        self.mix = nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x):
        self.mix(self.each(x))


# %% wrong [unused weights]: the depthwise layer skipped
class SeparableConv(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.each = nn.Conv2d(in_channels, in_channels, 3, 1, 1, groups=in_channels, bias=False)
        self.mix = nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x):
        return self.mix(x)


# %% crashed: the channels exchanged
lambda i, o: nn.Sequential(nn.Conv2d(o, o, 3, padding=1, groups=o, bias=False), nn.Conv2d(o, i, 1))


# %% crashed: super forgotten
class SeparableConv(nn.Module):
    def __init__(self, in_channels, out_channels):
        self.mix = nn.Conv2d(in_channels, out_channels, 1)
