# ruff: noqa
"""Answers to the exercises of chapter 12."""

import collections
import itertools
import math
from fractions import Fraction

import numpy as np
import sympy
import torch
import torch.nn as nn
import torch.nn.functional as F

from cnncourse.architectures import tcn, wavenet
from cnncourse.layers.sequence import CausalConv1d

# %% sequences.causal
# %% right: padding of the function, cut at the end
def causal(x, weight, dilation):
    reach = dilation * (weight.shape[-1] - 1)
    y = F.conv1d(x, weight, padding=reach, dilation=dilation)
    return y[..., : x.shape[-1]]


# %% right: tap by tap
def causal(x, weight, dilation):
    d, c, k = weight.shape
    y = torch.zeros(x.shape[0], d, x.shape[2], dtype=x.dtype)
    for a in range(k):
        back = (k - 1 - a) * dilation
        if back < x.shape[2]:
            past = x[:, :, : x.shape[2] - back]
            y[:, :, back:] += torch.einsum("dc,nct->ndt", weight[:, :, a], past)
    return y


# %% right: NumPy, loops over everything
def causal(x, weight, dilation):
    x, w = x.numpy(), weight.numpy()
    y = np.zeros((x.shape[0], w.shape[0], x.shape[2]), dtype=x.dtype)
    for t in range(x.shape[2]):
        for a in range(w.shape[2]):
            s = t - (w.shape[2] - 1 - a) * dilation
            if s >= 0:
                y[:, :, t] += x[:, :, s] @ w[:, :, a].T
    return y


# %% right: windows
def causal(x, weight, dilation):
    k = weight.shape[2]
    padded = torch.cat([x.new_zeros(*x.shape[:2], dilation * (k - 1)), x], 2)
    windows = padded.unfold(2, dilation * (k - 1) + 1, 1)[..., ::dilation]
    return torch.einsum("nctk,dck->ndt", windows, weight)


# %% right: the library's layer
def causal(x, weight, dilation):
    layer = CausalConv1d(weight.shape[1], weight.shape[0], weight.shape[2], dilation, bias=False)
    with torch.no_grad():
        layer.to(x).weight.copy_(weight)
        return layer(x)


# %% wrong [padded on both sides]: half of it each, which fits if it is even
def causal(x, weight, dilation):
    half = dilation * (weight.shape[2] - 1) // 2
    return F.conv1d(x, weight, padding=half, dilation=dilation)


# %% wrong [padded on the wrong side]: the first outputs cut
def causal(x, weight, dilation):
    reach = dilation * (weight.shape[-1] - 1)
    return F.conv1d(x, weight, padding=reach, dilation=dilation)[..., reach:]


# %% wrong [not cut off]: padding of the function
def causal(x, weight, dilation):
    return F.conv1d(x, weight, padding=dilation * (weight.shape[-1] - 1), dilation=dilation)


# %% wrong [shifted twice]: a zero in front of it all
def causal(x, weight, dilation):
    late = F.pad(x, (1, 0))[..., :-1]
    return F.conv1d(F.pad(late, (dilation * (weight.shape[-1] - 1), 0)), weight, dilation=dilation)


# %% wrong [kernel turned round]: t - a * d
def causal(x, weight, dilation):
    y = torch.zeros(x.shape[0], weight.shape[0], x.shape[2], dtype=x.dtype)
    for t in range(x.shape[2]):
        for a in range(weight.shape[2]):
            if t - a * dilation >= 0:
                y[:, :, t] += x[:, :, t - a * dilation] @ weight[:, :, a].T
    return y


# %% wrong [rate ignored]: rate 1
def causal(x, weight, dilation):
    return F.conv1d(F.pad(x, (weight.shape[2] - 1, 0)), weight)


# %% wrong [rate forgotten in the padding]: too short
def causal(x, weight, dilation):
    zeros = torch.zeros(*x.shape[:2], weight.shape[2] - 1, dtype=x.dtype)
    return F.conv1d(torch.cat([zeros, x], -1), weight, dilation=dilation)


# %% crashed: in one dimension
lambda x, weight, dilation: np.convolve(x.numpy(), weight.numpy())
# %% sequences.taps
# %% right: multiplied out
"t + a d - k d + d"
# %% right: a dict
{"step": "t-(k-1-a)d"}
# %% right: sympy
t, a, k, d = sympy.symbols("t a k d")
t + d * (a + 1 - k)
# %% wrong [first tap on the present]: no star
"t - a d"
# %% wrong [ahead]: no star
"t + ad"
# %% wrong [rate forgotten]: other order
"t + a + 1 - k"
# %% wrong [one step too many]: other order
"t - d(k - a)"
# %% wrong [rate counted once]: other order
"t - d - (k - 1) + a"
# %% wrong [symmetric kernel]: half a kernel
"t + d(a - (k-1)/2)"
# %% wrong: the other end
"t - (k - 1) d"
# %% sequences.tcn_field
# %% right: a text
"505"
# %% right: summed
1 + sum(2 * (5 - 1) * 2**level for level in range(6))
# %% right: the library's
tcn.TCN(6, 1, 5, 0.0, 2, 1).field
# %% right: with its unit
"505 steps"
# %% wrong [one convolution a level]: summed
1 + sum(4 * 2**level for level in range(6))
# %% wrong [present forgotten]: a number
504
# %% wrong [taps for gaps]: a number
1 + 2 * 5 * (2**6 - 1)
# %% wrong [last level only]: a number
1 + 2 * 4 * 2**5
# %% wrong [a level too many]: a number
1 + 8 * (2**7 - 1)
# %% wrong [no dilation]: a number
49
# %% sequences.levels
# %% right: a text
"ceil(log2(1 + (T - 1) / (2(k - 1))))"
# %% right: a lambda
lambda T, k: math.ceil(math.log((T - 1) / (2 * k - 2) + 1, 2))
# %% right: whole numbers only
def levels(T, k):
    needed = -(-(T - 1) // (2 * (k - 1)))
    return needed.bit_length()


# %% right: a search
lambda T, k: next(L for L in range(99) if 1 + 2 * (k - 1) * (2**L - 1) >= T)
# %% wrong [one convolution a level]: a loop
def levels(T, k):
    L = 0
    while 1 + (k - 1) * (2**L - 1) < T:
        L += 1
    return L


# %% wrong [rounded down]: a text
"floor(log2(1 + (T - 1) / (2k - 2)))"
# %% wrong [one step too many]: a strict comparison
lambda T, k: next(L for L in range(99) if 1 + 2 * (k - 1) * (2**L - 1) > T)
# %% wrong [taps for gaps]: a text
"ceil(log2(1 + (T - 1) / (2k)))"
# %% wrong [without dilation]: a text
"ceil((T - 1) / (2(k - 1)))"
# %% wrong: not rounded
"log2(1 + (T - 1) / (2(k - 1)))"
# %% sequences.block
# %% right: the library's layers
class Block(nn.Module):
    def __init__(self, channels, kernel_size, dilation):
        super().__init__()
        self.net = nn.Sequential(
            CausalConv1d(channels, channels, kernel_size, dilation),
            nn.ReLU(),
            CausalConv1d(channels, channels, kernel_size, dilation),
            nn.ReLU(),
        )

    def forward(self, x):
        return torch.relu(self.net(x) + x)


# %% right: padded at both ends and cut
class Block(nn.Module):
    def __init__(self, channels, kernel_size, dilation):
        super().__init__()
        pad = (kernel_size - 1) * dilation
        self.second = nn.Conv1d(channels, channels, kernel_size, padding=pad, dilation=dilation)
        self.first = nn.Conv1d(channels, channels, kernel_size, padding=pad, dilation=dilation)

    def forward(self, x):
        T = x.size(-1)
        y = self.first(x)[..., :T].relu()
        return (x + self.second(y)[..., :T].relu()).relu()


# %% right: constant padding layers
class Block(nn.Module):
    def __init__(self, channels, kernel_size, dilation):
        super().__init__()
        layers = []
        for _ in range(2):
            layers.append(nn.ConstantPad1d((dilation * (kernel_size - 1), 0), 0.0))
            layers.append(nn.Conv1d(channels, channels, kernel_size, dilation=dilation))
            layers.append(nn.ReLU())
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return F.relu(x + self.layers(x))


# %% wrong [looks ahead]: same padding
class Block(nn.Module):
    def __init__(self, channels, kernel_size, dilation):
        super().__init__()
        kwargs = dict(padding="same", dilation=dilation)
        self.a = nn.Conv1d(channels, channels, kernel_size, **kwargs)
        self.b = nn.Conv1d(channels, channels, kernel_size, **kwargs)

    def forward(self, x):
        return F.relu(x + F.relu(self.b(F.relu(self.a(x)))))


# %% wrong [padded on the wrong side]: behind
class Block(nn.Module):
    def __init__(self, channels, kernel_size, dilation):
        super().__init__()
        self.reach = (kernel_size - 1) * dilation
        self.a = nn.Conv1d(channels, channels, kernel_size, dilation=dilation)
        self.b = nn.Conv1d(channels, channels, kernel_size, dilation=dilation)

    def forward(self, x):
        y = torch.relu(self.a(F.pad(x, (0, self.reach))))
        return torch.relu(x + torch.relu(self.b(F.pad(y, (0, self.reach)))))


# %% wrong [second convolution without rate]: rate 1
class Block(nn.Module):
    def __init__(self, channels, kernel_size, dilation):
        super().__init__()
        self.a = CausalConv1d(channels, channels, kernel_size, dilation)
        self.b = CausalConv1d(channels, channels, kernel_size)

    def forward(self, x):
        return F.relu(x + F.relu(self.b(F.relu(self.a(x)))))


# %% wrong [no shortcut]: a sequence
def Block(channels, kernel_size, dilation):
    return nn.Sequential(
        CausalConv1d(channels, channels, kernel_size, dilation),
        nn.ReLU(),
        CausalConv1d(channels, channels, kernel_size, dilation),
        nn.ReLU(),
    )


# %% wrong [no ReLU after the sum]: a plain sum
class Block(nn.Module):
    def __init__(self, channels, kernel_size, dilation):
        super().__init__()
        self.a = CausalConv1d(channels, channels, kernel_size, dilation)
        self.b = CausalConv1d(channels, channels, kernel_size, dilation)

    def forward(self, x):
        return x + F.relu(self.b(F.relu(self.a(x))))


# %% wrong [no ReLU before the sum]: as in a ResNet
class Block(nn.Module):
    def __init__(self, channels, kernel_size, dilation):
        super().__init__()
        self.a = CausalConv1d(channels, channels, kernel_size, dilation)
        self.b = CausalConv1d(channels, channels, kernel_size, dilation)

    def forward(self, x):
        return F.relu(x + self.b(F.relu(self.a(x))))


# %% wrong [no ReLU in the middle]: two in a row
class Block(nn.Module):
    def __init__(self, channels, kernel_size, dilation):
        super().__init__()
        self.a = CausalConv1d(channels, channels, kernel_size, dilation)
        self.b = CausalConv1d(channels, channels, kernel_size, dilation)

    def forward(self, x):
        return F.relu(x + F.relu(self.b(self.a(x))))


# %% wrong: no biases
class Block(nn.Module):
    def __init__(self, channels, kernel_size, dilation):
        super().__init__()
        self.a = CausalConv1d(channels, channels, kernel_size, dilation, bias=False)
        self.b = CausalConv1d(channels, channels, kernel_size, dilation, bias=False)

    def forward(self, x):
        return F.relu(x + F.relu(self.b(F.relu(self.a(x)))))


# %% sequences.weight_norm
# %% right: a text
"2c(ck + 2)"
# %% right: counted
def parameters(c, k):
    block = tcn.TemporalBlock(c, c, k, 1, 0.0)
    return sum(p.numel() for p in block.parameters())


# %% right: sympy
c, k = sympy.symbols("c k")
2 * k * c**2 + 4 * c
# %% wrong [lengths or biases forgotten]: a text
"2(c^2 k + c)"
# %% wrong [one length for the layer]: a text
"2(c^2 k + c + 1)"
# %% wrong [a length for each weight]: a text
"4 c^2 k + 2c"
# %% wrong [a length for each pair of channels]: a text
"2c(ck + c + 1)"
# %% wrong [one convolution]: a text
"c^2 k + 2c"
# %% wrong: neither
"2 c^2 k"
# %% sequences.norm
# %% right: text
"c3"
# %% wrong [leaked through batch norm]: with a reason
("a", 1)
# %% wrong [leaked through group norm]: with a reason
("b", 4)
# %% wrong [leaked through pooling]: with a reason
("d", 2)
# %% wrong [right norm by its parameters]: with its reason
("c", 1)
# %% wrong [right choice, wrong reason]: the batch
("c", 4)
# %% sequences.wavenet_field
# %% right: the library's
wavenet.WaveNet(tuple(2**i for i in range(9)) * 2, 1, 1, 2).field
# %% right: summed
1 + 2 * sum(2**i for i in range(9))
# %% right: thousands
"1,023 samples"
# %% wrong [one stack]: a number
2**9
# %% wrong [present twice]: two fields
512 + 512
# %% wrong [present forgotten]: a number
2 * 511
# %% wrong [largest rate twice]: a number
513
# %% wrong [stacks multiplied]: a number
512**2
# %% wrong [layers counted]: a number
1 + 18
# %% sequences.leak
# %% right: text
"b, 2"
# %% wrong [copying taken for learning]: with a reason
("a", 1)
# %% wrong [padding blamed]: with a reason
("c", 4)
# %% wrong [shifted twice]: with the right reason
("d", 2)
# %% wrong [present thought forbidden]: with its reason
("b", 3)
# %% wrong [right choice, wrong reason]: ahead
("b", 4)
# %% sequences.mu_law
# %% right: the library's
lambda x, mu: wavenet.encode(x, mu + 1)
# %% right: NumPy
def encode(x, mu):
    x = x.numpy()
    f = np.sign(x) * np.log(1 + mu * np.abs(x)) / np.log(1 + mu)
    return np.floor((f + 1) * mu / 2 + 0.5).astype(int)


# %% right: number by number
def encode(x, mu):
    codes = []
    for value in x.flatten().tolist():
        f = math.copysign(math.log1p(mu * abs(value)) / math.log1p(mu), value)
        codes.append(round((f + 1) / 2 * mu))
    return torch.tensor(codes).view(x.shape)


# %% right: half a step added, then cut off, as floats
def encode(x, mu):
    f = torch.sign(x) * torch.log(1 + mu * torch.abs(x)) / torch.log(torch.tensor(1.0 + mu))
    return torch.floor(0.5 * (f + 1) * mu + 0.5)


# %% wrong [sign forgotten]: absolute value only
def encode(x, mu):
    f = torch.log(1 + mu * x.abs()) / math.log(1 + mu)
    return torch.round((f + 1) / 2 * mu)


# %% wrong [no curve]: linear
lambda x, mu: torch.round((x + 1) / 2 * mu).int()
# %% wrong [cut off in place of rounded]: to whole numbers
def encode(x, mu):
    f = x.sign() * torch.log1p(mu * x.abs()) / math.log1p(mu)
    return ((f + 1) / 2 * mu).to(torch.int64)


# %% wrong [not divided by the logarithm]: the numerator
def encode(x, mu):
    f = x.sign() * torch.log1p(mu * x.abs())
    return ((f + 1) / 2 * mu).round().long()


# %% wrong [one code too many]: mu + 1
def encode(x, mu):
    f = x.sign() * torch.log1p(mu * x.abs()) / math.log1p(mu)
    return ((f + 1) / 2 * (mu + 1)).round().long()


# %% wrong [not shifted]: signed codes
def encode(x, mu):
    f = x.sign() * torch.log1p(mu * x.abs()) / math.log1p(mu)
    return (f * mu).round().long()


# %% wrong [NaN in the result]: the logarithm of a negative number
def encode(x, mu):
    f = torch.log(1 + mu * x) / math.log(1 + mu)
    return ((f + 1) / 2 * mu).round()


# %% sequences.mu_step
# %% right: rounded
46
# %% right: a difference quotient
(math.log1p(255e-9) / math.log(256)) / 1e-9
# %% right: autograd
x = torch.tensor(0.0, requires_grad=True)
(torch.log1p(255 * x) / math.log(256)).backward()
x.grad
# %% wrong [not divided by the logarithm]: a number
255
# %% wrong [slope at the loud end]: a number
255 / (256 * math.log(256))
# %% wrong [turned round]: a number
1 / 45.99
# %% wrong [logarithm to the base 2]: a number
255 / math.log2(256)
# %% wrong [logarithm alone]: a number
math.log(256)
# %% wrong: the whole range
256
# %% sequences.queue_length
# %% right: a text
"c d (k - 1)"
# %% right: a lambda with other order
lambda c, d, k: c * d * k - c * d
# %% right: the library's
lambda k, d, c: CausalConv1d(c, 1, k, d).reach * c
# %% wrong [only what the next output reads]: a text
"c(k - 1)"
# %% wrong [gaps for taps]: a text
"c d k"
# %% wrong [present kept as well]: a text
"c(1 + d(k - 1))"
# %% wrong [one channel]: a text
"d(k - 1)"
# %% wrong [rate only]: a text
"c d"
# %% wrong: a step less
"c((k - 1)d - 1)"
# %% sequences.queue
# %% right: a convolution
def step(x, queue, weight, dilation):
    line = torch.cat([queue, x.unsqueeze(-1)], -1)
    return F.conv1d(line[None], weight, dilation=dilation).flatten(), line[:, 1:]


# %% right: a deque
def step(x, queue, weight, dilation):
    steps = collections.deque(queue.T)
    steps.append(x)
    y = torch.zeros(weight.shape[0], dtype=x.dtype)
    for a in range(weight.shape[2]):
        y = y + weight[:, :, a] @ steps[a * dilation]
    steps.popleft()
    return y, torch.stack(list(steps), 1)


# %% right: rolled
def step(x, queue, weight, dilation):
    taps = torch.cat([queue[:, ::dilation], x[:, None]], 1)
    after = queue.roll(-1, 1)
    after[:, -1] = x
    return (weight * taps).sum((1, 2)), after


# %% right: NumPy, a list
def step(x, queue, weight, dilation):
    line = np.concatenate([queue.numpy(), x.numpy()[:, None]], axis=1)
    y = np.tensordot(weight.numpy(), line[:, ::dilation], axes=([1, 2], [0, 1]))
    return [y, line[:, 1:]]


# %% right: a dict
def step(x, queue, weight, dilation):
    line = torch.hstack([queue, x[:, None]])
    return {"y": torch.einsum("dck,ck->d", weight, line[:, ::dilation]), "queue": line[:, 1:]}


# %% wrong [neighbours read]: the latest k
def step(x, queue, weight, dilation):
    line = torch.hstack([queue, x[:, None]])
    return torch.einsum("dck,ck->d", weight, line[:, -weight.shape[2] :]), line[:, 1:]


# %% wrong [queue left as it was]: the newest dropped
def step(x, queue, weight, dilation):
    line = torch.hstack([queue, x[:, None]])
    return torch.einsum("dck,ck->d", weight, line[:, ::dilation]), line[:, :-1]


# %% wrong [taps turned round]: newest first
def step(x, queue, weight, dilation):
    line = torch.hstack([queue, x[:, None]])
    return torch.einsum("dck,ck->d", weight, line.flip(1)[:, ::dilation]), line[:, 1:]


# %% wrong [present at the wrong end]: in front
def step(x, queue, weight, dilation):
    line = torch.hstack([x[:, None], queue])
    return torch.einsum("dck,ck->d", weight, line[:, ::dilation]), line[:, :-1]


# %% wrong [queue that grows]: nothing dropped
def step(x, queue, weight, dilation):
    line = torch.hstack([queue, x[:, None]])
    return torch.einsum("dck,ck->d", weight, line[:, ::dilation]), line


# %% wrong [input changed in place]: written into the queue
def step(x, queue, weight, dilation):
    line = torch.hstack([queue, x[:, None]])
    queue[:, :-1] = line[:, 1:-1]
    queue[:, -1] = x
    return torch.einsum("dck,ck->d", weight, line[:, ::dilation]), queue


# %% wrong: the output alone
def step(x, queue, weight, dilation):
    line = torch.hstack([queue, x[:, None]])
    return torch.einsum("dck,ck->d", weight, line[:, ::dilation])


# %% sequences.work
# %% right: a text
"(2^L - 1) / L"
# %% right: sets of places
def factor(L):
    needed, outputs = {0}, 0
    for level in reversed(range(L)):
        outputs += len(needed)
        needed |= {t - 2**level for t in needed}
    return Fraction(outputs, L)


# %% right: a sum
lambda L: sum(2**i for i in range(L)) / L
# %% wrong [inputs counted]: a text
"2^L / L"
# %% wrong [not divided]: a text
"2^L - 1"
# %% wrong [whole field in every layer]: a text
"2^L"
# %% wrong [turned round]: a text
"L / (2^L - 1)"
# %% wrong [two outputs a layer]: a text
"2"
# %% wrong: half
"2^(L - 1) / L"
# %% sequences.recurrence
# %% right: a triangular matrix
def recurrence(x, a):
    t = torch.arange(len(x))
    lag = t[:, None] - t
    return torch.where(lag >= 0, torch.tensor(a, dtype=x.dtype) ** lag.clamp(min=0), 0) @ x


# %% right: NumPy
def recurrence(x, a):
    return np.convolve(x.numpy(), a ** np.arange(len(x)))[: len(x)]


# %% right: spectra
def recurrence(x, a):
    n = 2 * len(x)
    kernel = torch.tensor(a, dtype=torch.float64) ** torch.arange(len(x))
    return torch.fft.irfft(torch.fft.rfft(x.double(), n) * torch.fft.rfft(kernel, n), n)[: len(x)]


# %% right: doubling
def recurrence(x, a):
    def doubled(y, reach):
        if reach >= len(y):
            return y
        return doubled(y + a**reach * F.pad(y, (reach, 0))[: len(y)], 2 * reach)

    return doubled(x, 1)


# %% right: a matrix to invert
def recurrence(x, a):
    n = len(x)
    system = torch.eye(n, dtype=x.dtype) - a * torch.diag(torch.ones(n - 1, dtype=x.dtype), -1)
    return torch.linalg.solve(system, x)


# %% wrong [future weighed in place of the past]: transposed
def recurrence(x, a):
    t = torch.arange(len(x))
    lag = t - t[:, None]
    return torch.where(lag >= 0, torch.tensor(a, dtype=x.dtype) ** lag.clamp(min=0), 0) @ x


# %% wrong [both directions]: the absolute value
def recurrence(x, a):
    t = torch.arange(len(x))
    return torch.tensor(a, dtype=x.dtype) ** (t - t[:, None]).abs() @ x


# %% wrong [present damped]: powers from 1
def recurrence(x, a):
    return np.convolve(x.numpy(), a ** np.arange(1, len(x) + 1))[: len(x)]


# %% wrong [oldest input strongest]: powers of the step
def recurrence(x, a):
    return torch.cumsum(x * torch.tensor(a, dtype=x.dtype) ** torch.arange(len(x)), 0)


# %% wrong [nothing forgotten]: a triangle of ones
lambda x, a: torch.ones(len(x), len(x), dtype=x.dtype).tril() @ x
# %% wrong [one step back only]: shifted once
lambda x, a: x + a * F.pad(x, (1, 0))[:-1]
# %% wrong [averaged]: times 1 - a
def recurrence(x, a):
    return (1 - a) * np.convolve(x.numpy(), a ** np.arange(len(x)))[: len(x)]


# %% not allowed: the loop
def recurrence(x, a):
    y, steps = 0, []
    for value in x:
        y = a * y + value
        steps.append(y)
    return torch.stack(steps)


# %% sequences.recurrence_proof
# %% right: arrows
"A → B → C → D → E → F"
# %% right: a list
list("ABCDEF")
# %% wrong [concluded from decay]: in between
"ABCGDEF"
# %% wrong [cut off too early]: before the start
"ABCEDF"
# %% wrong [begun with the bound]: first
"FABCDE"
# %% wrong [start forgotten]: without D
"A, B, C, E, F"
# %% sequences.truncation
# %% right: a text
"a^K / (1 - a)"
# %% right: everything but what is kept
lambda a, K: 1 / (1 - a) - sum(a**j for j in range(K))
# %% right: summed far
lambda a, K: sum(a**j for j in range(K, K + 5000))
# %% right: sympy
a, K = sympy.symbols("a K")
a**K / (1 - a)
# %% wrong [first missing term only]: a text
"a^K"
# %% wrong [one term too few]: a text
"a^(K + 1) / (1 - a)"
# %% wrong [one term too many]: a text
"a^(K - 1) / (1 - a)"
# %% wrong [what is kept]: a sum
lambda a, K: sum(a**j for j in range(K))
# %% wrong [everything]: a text
"1 / (1 - a)"
# %% wrong: the other sign
"a^K / (1 + a)"
