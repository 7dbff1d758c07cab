# ruff: noqa
"""Answers to the exercises of chapter 10."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import sympy
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from torch import einsum


class Gate(nn.Module):
    """Two dense layers and the gate that they should make; a subclass gets something wrong."""

    def __init__(self, c, s):
        super().__init__()
        self.a, self.b = nn.Linear(c, s), nn.Linear(s, c)

    def gate(self, x):
        return self.b(self.a(x.mean((2, 3))).relu()).sigmoid()[:, :, None, None]


# %% efficient_convolutions.groups_width
# %% right: with the unit
"256 channels"
# %% right: found by a loop
next(C for C in range(16, 10_000, 16) if C * C // 16 >= 64 * 64)
# %% right: a float
math.sqrt(16) * 64
# %% right: a tensor in single precision
64 * torch.tensor(16.0).sqrt()
# %% right: sympy
sympy.sqrt(16) * 64
# %% wrong [as many times as there are groups]: a product
64 * 16
# %% wrong [width unchanged]: a text
"64"
# %% wrong [channels of one group]: a quotient
256 / 16
# %% wrong: the fourth root
64 * 2
# %% wrong: the square of the width
256**2
# %% wrong: one more
257
# %% wrong [channels of one group]: divided by the root
64 / 16**0.5
# %% wrong [wrong type]: the layer
nn.Conv2d(256, 256, 3, groups=16)


# %% right: a root in a text
"64·√16"


# %% efficient_convolutions.one_shuffle
# %% right: a list
["b", 2]
# %% right: a text
"b2"
# %% right: the other way round, capital
(2, "B")
# %% right: words around it
"option b, because of reason 2"
# %% right: a float for a number
("b", 2.0)
# %% wrong [one shuffle thought to be enough]: with the matching reason
("a", 1)
# %% wrong [one shuffle thought to be enough]: with the right reason
("a", 2)
# %% wrong [the shuffle forgotten]: with the matching reason
("c", 3)
# %% wrong [right, but for a reason that contradicts it]: in a text
"b 1"
# %% wrong [right choice, wrong reason]: the third reason
("b", 3)
# %% not attempted: the option alone
"b"
# %% wrong [not on offer]: a fourth reason
("b", 4)


# %% efficient_convolutions.shuffle
# %% right: view and transposition
def channel_shuffle(x, groups):
    N, C, H, W = x.size()
    x = x.view(N, groups, C // groups, H, W)
    x = torch.transpose(x, 1, 2).contiguous()
    return x.view(N, -1, H, W)


# %% right: indices
def channel_shuffle(x, groups):
    return x[:, torch.arange(x.shape[1]).view(groups, -1).T.flatten()]


# %% right: chunks that are stacked
def channel_shuffle(x, groups):
    return torch.stack(x.chunk(groups, dim=1), dim=2).flatten(1, 2)


# %% right: two loops
def channel_shuffle(x, groups):
    out = torch.empty_like(x)
    n = x.shape[1] // groups
    for a in range(groups):
        for b in range(n):
            out[:, b * groups + a] = x[:, a * n + b]
    return out


# %% right: slices with a step
def channel_shuffle(x, groups):
    n = x.size(1) // groups
    return torch.cat([x[:, b::n] for b in range(n)], 1)


# %% right: NumPy
def channel_shuffle(x, groups):
    a = x.numpy()
    N, C, H, W = a.shape
    return a.reshape(N, groups, C // groups, H, W).swapaxes(1, 2).reshape(N, C, H, W)


# %% right: a permutation matrix
def channel_shuffle(x, groups):
    C = x.shape[1]
    order = [a * (C // groups) + b for b in range(C // groups) for a in range(groups)]
    return torch.einsum("dc,nchw->ndhw", torch.eye(C, dtype=x.dtype)[order], x)


# %% right: a grouped convolution that only moves
def channel_shuffle(x, groups):
    C = x.shape[1]
    order = torch.arange(C).reshape(groups, -1).t().reshape(-1)
    return F.conv2d(x, torch.eye(C, dtype=x.dtype)[order][:, :, None, None])


# %% right: rearranged by permute
lambda x, groups: (
    x.reshape(x.shape[0], groups, -1, *x.shape[2:]).permute(0, 2, 1, 3, 4).reshape(x.shape)
)


# %% right: a list of channels that is sorted
def channel_shuffle(x, groups):
    n = x.shape[1] // groups
    order = sorted(range(x.shape[1]), key=lambda c: (c % n, c // n))
    return x[:, order, ...]


# %% wrong [shuffled the other way]: view and transposition
def channel_shuffle(x, groups):
    N, C, H, W = x.shape
    return x.view(N, C // groups, groups, H, W).transpose(1, 2).reshape(N, C, H, W)


# %% wrong [split and joined without exchanging]: view and view
def channel_shuffle(x, groups):
    N, C, H, W = x.shape
    return x.view(N, groups, C // groups, H, W).view(N, C, H, W)


# %% wrong [groups moved as a whole]: chunks turned round
def channel_shuffle(x, groups):
    first, *rest = x.chunk(groups, 1)
    return torch.cat([x.chunk(groups, 1)[-1], *x.chunk(groups, 1)[:-1]], 1)


# %% wrong: the batch is lost
def channel_shuffle(x, groups):
    return x[0].unflatten(0, (groups, -1)).transpose(0, 1).flatten(0, 1)[None]


# %% wrong: axes not joined again
lambda x, groups: x.unflatten(1, (groups, -1)).transpose(1, 2)
# %% wrong: height and width exchanged as well
lambda x, groups: x.unflatten(1, (groups, -1)).transpose(1, 2).flatten(1, 2).mT


# %% wrong: always two groups
def channel_shuffle(x, groups):
    return x.unflatten(1, (2, -1)).transpose(1, 2).flatten(1, 2)


# %% wrong: for the visible example only
def channel_shuffle(x, groups):
    return x[:, [0, 3, 1, 4, 2, 5]] if x.shape[1] == 6 and groups == 2 else x


# %% wrong: random
lambda x, groups: x[:, torch.randperm(x.shape[1])]
# %% not allowed: torch's own
lambda x, groups: F.channel_shuffle(x, groups)
# %% not allowed: torch's layer
lambda x, groups: nn.ChannelShuffle(groups)(x)


# %% crashed: a view of what is not contiguous
def channel_shuffle(x, groups):
    N, C, H, W = x.shape
    return x.view(N, groups, C // groups, H, W).transpose(1, 2).view(N, C, H, W)


# %% crashed: a float for a size
def channel_shuffle(x, groups):
    N, C, H, W = x.shape
    return x.view(N, groups, C / groups, H, W).transpose(1, 2).reshape(N, C, H, W)


# %% not attempted: half done
def channel_shuffle(x, groups):
    dealt = x.unflatten(1, (groups, -1))
    ...


# %% wrong [nothing returned]: no return
def channel_shuffle(x, groups):
    x = x.unflatten(1, (groups, -1)).transpose(1, 2).flatten(1, 2)


# %% wrong [input changed in place]: written into its input
def channel_shuffle(x, groups):
    x[:] = x.unflatten(1, (groups, -1)).transpose(1, 2).flatten(1, 2).clone()
    return x


# %% wrong [channels mirrored]: flipped
lambda x, groups: x.flip(dims=[1])
# %% efficient_convolutions.never_meet
# %% right: arrows
"A → B → C → D → E"
# %% right: the assumption first
list("BACDE")
# %% right: the start late
"b, c, d, a, e"
# %% wrong [the shuffle taken into the chain]: the superfluous step last
"ABCDEF"
# %% wrong: the conclusion forgotten
"ABCD"
# %% wrong [conclusion before its steps]: from the end
"EDCBA"
# %% wrong [reads confused with depends]: a swap
"A, B, D, C, E"
# %% wrong: the start after the conclusion
"BCDEA"
# %% wrong [step repeated]: a step twice
"ABCDCE"
# %% not attempted: gaps
["A", "B", ..., ..., "E"]
# %% efficient_convolutions.which_separable
# %% right: a set
{"b", 1}
# %% right: a dict
{"option": "b", "reason": 1}
# %% wrong [separable in space]: with its reason
("a", 2)
# %% wrong [the order of the layers exchanged]: with its reason
("c", 3)
# %% wrong [the order of the layers exchanged]: with the right reason
("c", 1)
# %% wrong [training thought to lead there]: a reason that is none
("d", 1)
# %% wrong [right choice, wrong reason]: rank one
("b", 2)


# %% efficient_convolutions.nearest
# %% right: channel by channel
def nearest_separable(weight, m):
    out = torch.zeros_like(weight)
    for c in range(weight.shape[1]):
        M = weight[:, c].reshape(weight.shape[0], -1)
        U, S, Vh = torch.linalg.svd(M, full_matrices=False)
        out[:, c] = (U[:, :m] @ torch.diag(S[:m]) @ Vh[:m]).reshape(weight[:, c].shape)
    return out


# %% right: torch.svd
def nearest_separable(weight, m):
    D, C, k, _ = weight.shape
    U, S, V = torch.svd(weight.transpose(0, 1).reshape(C, D, k * k))
    S[:, m:] = 0
    return (U @ S.diag_embed() @ V.mT).reshape(C, D, k, k).transpose(0, 1)


# %% right: small values set to zero, einsum
def nearest_separable(weight, m):
    D, C, k, _ = weight.shape
    u, s, v = torch.linalg.svd(weight.permute(1, 0, 2, 3).flatten(2), full_matrices=False)
    keep = torch.arange(s.shape[-1]) < m
    return torch.einsum("cdr,cr,crt->dct", u, s * keep, v).view(D, C, k, k)


# %% right: NumPy
def nearest_separable(weight, m):
    w = weight.numpy()
    D, C, k, _ = w.shape
    u, s, v = np.linalg.svd(w.transpose(1, 0, 2, 3).reshape(C, D, k * k), full_matrices=False)
    best = (u[..., :m] * s[:, None, :m]) @ v[:, :m]
    return best.reshape(C, D, k, k).transpose(1, 0, 2, 3)


# %% right: a projection onto the right singular vectors
def nearest_separable(weight, m):
    M = weight.flatten(2).transpose(0, 1)
    Vh = torch.linalg.svd(M, full_matrices=False).Vh[:, :m]
    return (M @ Vh.mT @ Vh).transpose(0, 1).reshape_as(weight)


# %% right: patterns in columns, kernels in rows exchanged
def nearest_separable(weight, m):
    M = weight.flatten(2).permute(1, 2, 0)  # (C, k*k, D)
    U, S, Vh = torch.linalg.svd(M, full_matrices=False)
    best = U[:, :, :m] @ (S[:, :m, None] * Vh[:, :m])
    return best.permute(2, 0, 1).reshape(weight.shape)


# %% right: a sum of outer products
def nearest_separable(weight, m):
    channels = []
    for kernels in weight.unbind(1):
        U, S, Vh = torch.linalg.svd(kernels.flatten(1))
        terms = [S[i] * torch.outer(U[:, i], Vh[i]) for i in range(min(m, len(S)))]
        channels.append(sum(terms).view_as(kernels))
    return torch.stack(channels, dim=1)


# %% right: what is left is taken off
def nearest_separable(weight, m):
    u, s, v = torch.linalg.svd(weight.flatten(2).transpose(0, 1), full_matrices=False)
    rest = (u[:, :, m:] * s[:, None, m:]) @ v[:, m:]
    return weight - rest.transpose(0, 1).reshape(weight.shape)


# %% wrong [each kernel by itself]: svd of a batch
def nearest_separable(weight, m):
    u, s, v = torch.linalg.svd(weight)
    return u[..., :m] @ torch.diag_embed(s[..., :m]) @ v[..., :m, :]


# %% wrong [all input channels in one matrix]: flattened
def nearest_separable(weight, m):
    u, s, v = torch.linalg.svd(weight.reshape(weight.shape[0], -1), full_matrices=False)
    return (u[:, :m] @ torch.diag(s[:m]) @ v[:m]).reshape(weight.shape)


# %% wrong [one matrix for each output channel]: not transposed
def nearest_separable(weight, m):
    u, s, v = torch.linalg.svd(weight.flatten(2), full_matrices=False)
    return ((u[:, :, :m] * s[:, None, :m]) @ v[:, :m]).reshape(weight.shape)


# %% wrong [singular values forgotten]: two factors
def nearest_separable(weight, m):
    u, s, v = torch.linalg.svd(weight.flatten(2).transpose(0, 1), full_matrices=False)
    return (u[:, :, :m] @ v[:, :m]).transpose(0, 1).reshape(weight.shape)


# %% wrong [multiplier ignored]: rank one
def nearest_separable(weight, m):
    u, s, v = torch.linalg.svd(weight.flatten(2).transpose(0, 1), full_matrices=False)
    return ((u[:, :, :1] * s[:, None, :1]) @ v[:, :1]).transpose(0, 1).reshape(weight.shape)


# %% wrong: the smallest values kept
def nearest_separable(weight, m):
    u, s, v = torch.linalg.svd(weight.flatten(2).transpose(0, 1), full_matrices=False)
    return ((u[:, :, -m:] * s[:, None, -m:]) @ v[:, -m:]).transpose(0, 1).reshape(weight.shape)


# %% wrong: one value too many
def nearest_separable(weight, m):
    u, s, v = torch.linalg.svd(weight.flatten(2).transpose(0, 1), full_matrices=False)
    r = m + 1
    return ((u[:, :, :r] * s[:, None, :r]) @ v[:, :r]).transpose(0, 1).reshape(weight.shape)


# %% wrong: the mean kernel of each channel
lambda weight, m: weight.mean(0, keepdim=True).expand_as(weight)


# %% wrong: m strongest kernels kept
def nearest_separable(weight, m):
    out = torch.zeros_like(weight)
    for c in range(weight.shape[1]):
        top = weight[:, c].flatten(1).norm(dim=1).topk(min(m, weight.shape[0])).indices
        out[top, c] = weight[top, c]
    return out


# %% wrong: axes not exchanged back, for shapes alone
def nearest_separable(weight, m):
    u, s, v = torch.linalg.svd(weight.flatten(2).transpose(0, 1), full_matrices=False)
    return ((u[:, :, :m] * s[:, None, :m]) @ v[:, :m]).unflatten(2, weight.shape[2:])


# %% wrong [axes not exchanged back]: reshaped
def nearest_separable(weight, m):
    u, s, v = torch.linalg.svd(weight.flatten(2).transpose(0, 1), full_matrices=False)
    return ((u[:, :, :m] * s[:, None, :m]) @ v[:, :m]).reshape(weight.shape)


# %% wrong [wrong type]: the factors
def nearest_separable(weight, m):
    u, s, v = torch.linalg.svd(weight.flatten(2).transpose(0, 1), full_matrices=False)
    return u[:, :, :m], s[:, :m], v[:, :m]


# %% crashed: axes that do not fit
def nearest_separable(weight, m):
    u, s, v = torch.linalg.svd(weight.flatten(2).transpose(0, 1))
    return (u @ s.diag_embed() @ v).transpose(0, 1).reshape(weight.shape)


# %% wrong [nothing left out]: all values
def nearest_separable(weight, m):
    u, s, v = torch.linalg.svd(weight.flatten(2).transpose(0, 1), full_matrices=False)
    return (u * s[:, None] @ v).transpose(0, 1).reshape(weight.shape)


# %% wrong [the remainder returned]: the other values
def nearest_separable(weight, m):
    u, s, v = torch.linalg.svd(weight.flatten(2).transpose(0, 1), full_matrices=False)
    return ((u[:, :, m:] * s[:, None, m:]) @ v[:, m:]).transpose(0, 1).reshape(weight.shape)


# %% wrong: values squared
def nearest_separable(weight, m):
    u, s, v = torch.linalg.svd(weight.flatten(2).transpose(0, 1), full_matrices=False)
    return ((u[:, :, :m] * s[:, None, :m] ** 2) @ v[:, :m]).transpose(0, 1).reshape(weight.shape)


# %% wrong [input changed in place]: written over
def nearest_separable(weight, m):
    for c in range(weight.shape[1]):
        u, s, v = torch.linalg.svd(weight[:, c].flatten(1), full_matrices=False)
        weight[:, c] = (u[:, :m] @ torch.diag(s[:m]) @ v[:m]).view_as(weight[:, c])
    return weight


# %% efficient_convolutions.multiplier
# %% right: a Sequential from a function
def SeparableConv(c, d, m):
    return nn.Sequential(
        nn.Conv2d(c, c * m, 3, padding="same", groups=c, bias=False), nn.Conv2d(c * m, d, 1)
    )


# %% right: Linear for the 1x1
class SeparableConv(nn.Module):
    def __init__(self, in_channels, out_channels, multiplier):
        super().__init__()
        self.mix = nn.Linear(in_channels * multiplier, out_channels)
        self.filters = nn.Conv2d(
            in_channels, in_channels * multiplier, 3, 1, 1, groups=in_channels, bias=False
        )

    def forward(self, x):
        return self.mix(self.filters(x).movedim(1, -1)).movedim(-1, 1)


# %% right: one convolution for each input channel
class SeparableConv(nn.Module):
    def __init__(self, in_channels, out_channels, multiplier):
        super().__init__()
        self.each = nn.ModuleList(
            [nn.Conv2d(1, multiplier, 3, padding=1, bias=False) for _ in range(in_channels)]
        )
        self.last = nn.Conv2d(in_channels * multiplier, out_channels, 1)

    def forward(self, x):
        return self.last(torch.cat([conv(x[:, c : c + 1]) for c, conv in enumerate(self.each)], 1))


# %% right: m depthwise layers side by side
class SeparableConv(nn.Module):
    def __init__(self, in_channels, out_channels, multiplier):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False)
            for _ in range(multiplier)
        )
        self.pw = nn.Conv2d(multiplier * in_channels, out_channels, 1)

    def forward(self, x):
        return self.pw(torch.cat([layer(x) for layer in self.layers], dim=1))


# %% right: parameters and einsum
class SeparableConv(nn.Module):
    def __init__(self, in_channels, out_channels, multiplier):
        super().__init__()
        self.k = nn.Parameter(torch.randn(3, 3, in_channels, multiplier))
        self.p = nn.Parameter(torch.randn(in_channels, multiplier, out_channels))
        self.b = nn.Parameter(torch.zeros(out_channels, 1, 1))

    def forward(self, x):
        H, W = x.shape[2:]
        windows = F.pad(x, (1, 1, 1, 1)).unfold(2, 3, 1).unfold(3, 3, 1)
        return torch.einsum("nchwij,ijcm,cmd->ndhw", windows, self.k, self.p) + self.b


# %% right: parameters and functional convolutions
class SeparableConv(nn.Module):
    def __init__(self, cin, cout, mult):
        super().__init__()
        self.w1 = nn.Parameter(torch.rand(cin * mult, 1, 3, 3))
        self.w2 = nn.Parameter(torch.rand(cout, cin * mult, 1, 1))
        self.bias = nn.Parameter(torch.rand(cout))

    def forward(self, x):
        x = F.conv2d(x, self.w1, padding=1, groups=x.size(1))
        return F.conv2d(x, self.w2, self.bias)


# %% right: partial sums of the 1x1
class SeparableConv(nn.Module):
    def __init__(self, in_channels, out_channels, multiplier):
        super().__init__()
        self.depthwise = nn.ModuleList()
        self.pointwise = nn.ModuleList()
        for i in range(multiplier):
            self.depthwise.append(
                nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False)
            )
            self.pointwise.append(nn.Conv2d(in_channels, out_channels, 1, bias=i == 0))

    def forward(self, x):
        return sum(p(d(x)) for d, p in zip(self.depthwise, self.pointwise))


# %% right: a lazy 1x1
class SeparableConv(nn.Module):
    def __init__(self, in_channels, out_channels, multiplier):
        super().__init__()
        self.dw = nn.Conv2d(
            in_channels, in_channels * multiplier, 3, padding=1, groups=in_channels, bias=False
        )
        self.pw = nn.LazyConv2d(out_channels, 1)

    def forward(self, x):
        return self.pw(self.dw(x))


# %% wrong [multiplier forgotten]: as many channels as before
class SeparableConv(nn.Module):
    def __init__(self, in_channels, out_channels, multiplier):
        super().__init__()
        self.depthwise = nn.Conv2d(
            in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False
        )
        self.pointwise = nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x):
        return self.pointwise(self.depthwise(x))


# %% wrong [not depthwise]: groups forgotten
lambda c, d, m: nn.Sequential(nn.Conv2d(c, c * m, 3, padding=1, bias=False), nn.Conv2d(c * m, d, 1))
# %% wrong [channels mixed first]: turned round
lambda c, d, m: nn.Sequential(
    nn.Conv2d(c, c * m, 1), nn.Conv2d(c * m, d, 3, padding=1, groups=c, bias=False)
)
# %% wrong [bias in both]: the default
lambda c, d, m: nn.Sequential(nn.Conv2d(c, c * m, 3, padding=1, groups=c), nn.Conv2d(c * m, d, 1))
# %% wrong: no bias at all
lambda c, d, m: nn.Sequential(
    nn.Conv2d(c, c * m, 3, padding=1, groups=c, bias=False), nn.Conv2d(c * m, d, 1, bias=False)
)
# %% wrong [no padding]: valid
lambda c, d, m: nn.Sequential(nn.Conv2d(c, c * m, 3, groups=c, bias=False), nn.Conv2d(c * m, d, 1))
# %% wrong [ReLU between the layers]: an activation
lambda c, d, m: nn.Sequential(
    nn.Conv2d(c, c * m, 3, padding=1, groups=c, bias=False), nn.ReLU(), nn.Conv2d(c * m, d, 1)
)
# %% wrong: a norm between the layers
lambda c, d, m: nn.Sequential(
    nn.Conv2d(c, c * m, 3, padding=1, groups=c, bias=False),
    nn.BatchNorm2d(c * m),
    nn.Conv2d(c * m, d, 1),
)
# %% wrong: a ReLU at the end
lambda c, d, m: nn.Sequential(
    nn.Conv2d(c, c * m, 3, padding=1, groups=c, bias=False), nn.Conv2d(c * m, d, 1), nn.ReLU()
)
# %% wrong: another border
lambda c, d, m: nn.Sequential(
    nn.Conv2d(c, c * m, 3, padding=1, groups=c, bias=False, padding_mode="replicate"),
    nn.Conv2d(c * m, d, 1),
)
# %% wrong: a kernel of five
lambda c, d, m: nn.Sequential(
    nn.Conv2d(c, c * m, 5, padding=2, groups=c, bias=False), nn.Conv2d(c * m, d, 1)
)
# %% wrong: as many groups as the multiplier where that is possible
lambda c, d, m: nn.Sequential(
    nn.Conv2d(c, c * m, 3, padding=1, groups=c if c % m else m, bias=False), nn.Conv2d(c * m, d, 1)
)
# %% crashed: as many groups as the multiplier
lambda c, d, m: nn.Sequential(
    nn.Conv2d(c, c * m, 3, padding=1, groups=m, bias=False), nn.Conv2d(c * m, d, 1)
)


# %% wrong: multiplied input without kernels of its own
class SeparableConv(nn.Module):
    def __init__(self, in_channels, out_channels, multiplier):
        super().__init__()
        self.depthwise = nn.Conv2d(
            in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False
        )
        self.pointwise = nn.Conv2d(in_channels * multiplier, out_channels, 1)

    def forward(self, x):
        return self.pointwise(
            torch.cat([self.depthwise(x)] * self.pointwise.in_channels, 1)[
                :, : self.pointwise.in_channels
            ]
        )


# %% wrong: weights that do not learn
class SeparableConv(nn.Module):
    def __init__(self, c, d, m):
        super().__init__()
        self.kernels = torch.randn(c * m, 1, 3, 3)
        self.pointwise = nn.Conv2d(c * m, d, 1)

    def forward(self, x):
        return self.pointwise(F.conv2d(x, self.kernels.to(x.dtype), padding=1, groups=x.shape[1]))


# %% wrong [gradient cut]: between the layers
class SeparableConv(nn.Module):
    def __init__(self, c, d, m):
        super().__init__()
        self.depthwise = nn.Conv2d(c, c * m, 3, padding=1, groups=c, bias=False)
        self.pointwise = nn.Conv2d(c * m, d, 1)

    def forward(self, x):
        return self.pointwise(self.depthwise(x).detach())


# %% wrong [wrong in evaluation mode]: only right in training mode
class SeparableConv(nn.Module):
    def __init__(self, c, d, m):
        super().__init__()
        self.depthwise = nn.Conv2d(c, c * m, 3, padding=1, groups=c, bias=False)
        self.pointwise = nn.Conv2d(c * m, d, 1)

    def forward(self, x):
        out = self.pointwise(self.depthwise(x))
        return out if self.training else out.relu()


# %% wrong [wrong type]: an instance
nn.Sequential(nn.Conv2d(2, 4, 3, padding=1, groups=2, bias=False), nn.Conv2d(4, 4, 1))


# %% crashed: super forgotten
class SeparableConv(nn.Module):
    def __init__(self, c, d, m):
        self.depthwise = nn.Conv2d(c, c * m, 3, padding=1, groups=c, bias=False)
        self.pointwise = nn.Conv2d(c * m, d, 1)

    def forward(self, x):
        return self.pointwise(self.depthwise(x))


# %% crashed: the 1x1 reads too few channels
lambda c, d, m: nn.Sequential(
    nn.Conv2d(c, c * m, 3, padding=1, groups=c, bias=False), nn.Conv2d(c, d, 1)
)
# %% crashed: groups of the wider map
lambda c, d, m: nn.Sequential(
    nn.Conv2d(c, c * m, 3, padding=1, groups=c * m, bias=False), nn.Conv2d(c * m, d, 1)
)


# %% not attempted: forward still empty
class SeparableConv(nn.Module):
    def __init__(self, c, d, m):
        super().__init__()
        self.depthwise = nn.Conv2d(c, c * m, 3, padding=1, groups=c, bias=False)
        self.pointwise = nn.Conv2d(c * m, d, 1)

    def forward(self, x): ...


# %% efficient_convolutions.inverted_ratio
# %% right: a fraction in a text
"73/48"
# %% right: rounded
1.52
# %% right: a Fraction
Fraction(6 * (32 + 9 + 32), 9 * 32)
# %% right: Decimal
Decimal("1.521")
# %% right: a product in a text
"6·73/(9·32)"
# %% right: asked of torch
sum(
    p.numel()
    for p in nn.Sequential(
        nn.Conv2d(32, 192, 1, bias=False),
        nn.Conv2d(192, 192, 3, groups=192, bias=False),
        nn.Conv2d(192, 32, 1, bias=False),
    ).parameters()
) / nn.Conv2d(32, 32, 3, bias=False).weight.numel()
# %% wrong: one decimal
1.5
# %% wrong: a third decimal digit off
1.53
# %% wrong [upside down]: rounded
0.66
# %% wrong [expansion forgotten]: rounded
0.253
# %% wrong [one 1x1 convolution forgotten]: a Fraction
Fraction(6 * 41, 288)
# %% wrong [depthwise filter forgotten]: four thirds
4 / 3
# %% wrong [compared at the wide end]: a quotient
6 * 32 * 73 / (9 * 192 * 192)
# %% wrong: in percent
152
# %% wrong [dense filter]: a product
(32 * 192 + 9 * 192 * 192 + 192 * 32) / (9 * 32 * 32)
# %% wrong: the excess
0.52
# %% wrong: nonsense
32


# %% right: with a multiplication sign behind
"1.52x"


# %% efficient_convolutions.inverted_macs
# %% right: three terms
def macs(C, D, t, k, n, stride):
    out = n // stride
    expand = n * n * C * (t * C)
    depthwise = out * out * (t * C) * k * k
    project = out * out * (t * C) * D
    return expand + depthwise + project


# %% right: floats
lambda C, D, t, k, n, stride: t * C * n**2 * (C + (k**2 + D) / stride**2)
# %% right: a text
"t C (n^2 C + (n/stride)^2 (k^2 + D))"
# %% right: a text with the letter names
"n²·tC·C + (n/stride)²·tC·(k² + D)"
# %% right: sympy
C, D, t, k, n, stride = sympy.symbols("C D t k n stride", positive=True)
macs = sympy.expand(t * C * (n**2 * C + (n / stride) ** 2 * (k**2 + D)))


# %% right: any positional arguments
def macs(*sizes):
    C, D, t, k, n, s = sizes
    return t * C * n * n * C + t * C * (n // s) * (n // s) * (k * k + D)


# %% right: asked of torch's shapes
def macs(C, D, t, k, n, stride):
    layers = [
        nn.Conv2d(C, t * C, 1, bias=False),
        nn.Conv2d(t * C, t * C, k, stride, (k - 1) // 2, groups=t * C, bias=False),
        nn.Conv2d(t * C, D, 1, bias=False),
    ]
    total, x = 0, torch.zeros(1, C, n, n)
    for layer in layers:
        x = layer(x)
        total += layer.weight.numel() * x.shape[-1] * x.shape[-2]
    return total


# %% right: the ceiling of torch's own sizes
lambda C, D, t, k, n, stride: t * C * (n * n * C + math.ceil(n / stride) ** 2 * (k * k + D))
# %% wrong [stride in every layer]: a text
"tC(n/stride)^2 (C + k^2 + D)"
# %% wrong [stride forgotten]: a lambda
lambda C, D, t, k, n, stride: t * C * n * n * (C + k * k + D)
# %% wrong [stride in the last layer]: three terms
lambda C, D, t, k, n, stride: (
    n * n * t * C * C + n * n * t * C * k * k + (n // stride) ** 2 * t * C * D
)
# %% wrong [dense filter]: a dense convolution
lambda C, D, t, k, n, stride: (
    n * n * t * C * C + (n // stride) ** 2 * ((t * C) ** 2 * k * k + t * C * D)
)
# %% wrong [operations instead of multiply-accumulates]: a text
"2tC(n^2 C + (n/stride)^2 (k^2 + D))"
# %% wrong [stride along one axis]: divided once
lambda C, D, t, k, n, stride: t * C * (n * n * C + n * n / stride * (k * k + D))
# %% wrong [narrow map behind the filter]: the last layer reads C
lambda C, D, t, k, n, stride: n * n * C * t * C + (n // stride) ** 2 * (t * C * k * k + C * D)
# %% wrong: the kernel's side
lambda C, D, t, k, n, stride: t * C * (n * n * C + (n // stride) ** 2 * (k + D))
# %% wrong: the input's channels for the output's
lambda C, D, t, k, n, stride: t * C * (n * n * C + (n // stride) ** 2 * (k * k + C))
# %% wrong: the shortcut counted
lambda C, D, t, k, n, stride: (
    t * C * (n * n * C + (n // stride) ** 2 * (k * k + D)) + (n // stride) ** 2 * D
)
# %% wrong: the widening left out
lambda C, D, t, k, n, stride: t * C * (n // stride) ** 2 * (k * k + D)
# %% wrong: places counted along one axis
lambda C, D, t, k, n, stride: t * C * (n * C + n // stride * (k * k + D))
# %% wrong [unknown variable]: another name for the stride
C, D, t, k, n, s = sympy.symbols("C D t k n s")
macs = t * C * (n**2 * C + (n / s) ** 2 * (k**2 + D))
# %% wrong [not readable]: another letter in a text
"tC(n^2 C + (n/s)^2 (k^2 + D))"
# %% efficient_convolutions.survives
# %% right: a fraction in a text
"163/256"
# %% right: rounded
0.637
# %% right: a Fraction
Fraction(163, 256)
# %% right: math.comb
sum(math.comb(8, j) for j in range(4, 9)) / 256
# %% right: by complement
1 - sum(math.comb(8, j) for j in range(4)) * 0.5**8
# %% right: by counting all signs
sum(bin(signs).count("1") >= 4 for signs in range(256)) / 256
# %% right: sympy
sympy.Rational(163, 256)
# %% wrong [exactly four]: a fraction in a text
"70/256"
# %% wrong [more than four]: a Fraction
Fraction(93, 256)
# %% wrong [one half by symmetry]: a text
"1/2"
# %% wrong [no negative entry allowed]: a power
2**-8
# %% wrong [without the wider map]: a power
1 / 16
# %% wrong [percent instead of probability]: in percent
63.7
# %% wrong: the count alone
163
# %% wrong [more than four]: the complement
1 - 163 / 256
# %% wrong: two decimals
0.64
# %% wrong: one
1.0


# %% right: as a percentage with its sign
"63.7%"


# %% efficient_convolutions.linear_end
# %% right: in one text
"B.2"
# %% right: a NumPy array
np.array(["b", "2"])
# %% wrong [proposition confused with the experiment]: a pair
("b", 1)
# %% wrong [model taken for a theorem about training]: a text
"b3"
# %% wrong [non-linearity thought to make it linear]: a pair
("a", 2)
# %% wrong [pointwise work thought to count]: a pair
("c", 1)
# %% wrong [information confused with gradients]: a pair
("d", 3)


# %% efficient_convolutions.squeeze
# %% right: matrices written out
class SqueezeExcitation(nn.Module):
    def __init__(self, channels, squeeze_channels):
        super().__init__()
        self.W1 = nn.Parameter(torch.randn(channels, squeeze_channels))
        self.b1 = nn.Parameter(torch.zeros(squeeze_channels))
        self.W2 = nn.Parameter(torch.randn(squeeze_channels, channels))
        self.b2 = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        h = torch.relu(x.mean((2, 3)) @ self.W1 + self.b1)
        return x * torch.sigmoid(h @ self.W2 + self.b2)[..., None, None]


# %% right: 1x1 convolutions and adaptive pooling
class SqueezeExcitation(nn.Module):
    def __init__(self, channels, squeeze_channels):
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, squeeze_channels, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(squeeze_channels, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return self.gate(x) * x


# %% right: a Sequential of dense layers
class SqueezeExcitation(nn.Module):
    def __init__(self, c, s):
        super().__init__()
        self.fc = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(c, s),
            nn.ReLU(),
            nn.Linear(s, c),
            nn.Sigmoid(),
            nn.Unflatten(1, (c, 1, 1)),
        )

    def forward(self, x):
        return x * self.fc(x)


# %% right: the second layer declared first, einsum
class SqueezeExcitation(nn.Module):
    def __init__(self, channels, squeeze_channels):
        super().__init__()
        self.up = nn.Linear(squeeze_channels, channels)
        self.down = nn.Linear(channels, squeeze_channels)

    def forward(self, x):
        z = torch.einsum("nchw->nc", x) / (x.shape[2] * x.shape[3])
        s = torch.sigmoid(self.up(F.relu(self.down(z))))
        return torch.einsum("nchw,nc->nchw", x, s)


# %% right: the gate expanded, clamp for ReLU
class SqueezeExcitation(nn.Module):
    def __init__(self, channels, squeeze_channels):
        super().__init__()
        self.fc1, self.fc2 = (
            nn.Linear(channels, squeeze_channels),
            nn.Linear(squeeze_channels, channels),
        )

    def forward(self, x):
        n, c, _, _ = x.shape
        y = F.adaptive_avg_pool2d(x, 1).view(n, c)
        y = self.fc2(self.fc1(y).clamp(min=0))
        y = 1 / (1 + torch.exp(-y))
        return x * y.view(n, c, 1, 1).expand_as(x)


# %% right: one row of parameters
class SqueezeExcitation(nn.Module):
    def __init__(self, C, S):
        super().__init__()
        self.sizes = (C * S, S, S * C, C)
        self.C, self.S = C, S
        self.theta = nn.Parameter(torch.randn(sum(self.sizes)))

    def forward(self, x):
        w1, b1, w2, b2 = self.theta.split(self.sizes)
        z = F.linear(x.flatten(2).mean(-1), w1.view(self.S, self.C), b1).relu()
        return x * F.linear(z, w2.view(self.C, self.S), b2).sigmoid().reshape(
            *z.shape[:1], self.C, 1, 1
        )


# %% right: a loop over the pictures
class SqueezeExcitation(nn.Module):
    def __init__(self, channels, squeeze_channels):
        super().__init__()
        self.layers = nn.ModuleList(
            [nn.Linear(channels, squeeze_channels), nn.Linear(squeeze_channels, channels)]
        )

    def forward(self, x):
        out = []
        for picture in x:
            s = picture.mean(dim=-1).mean(dim=-1)
            s = self.layers[1](self.layers[0](s).relu()).sigmoid()
            out.append(picture * s.view(-1, 1, 1))
        return torch.stack(out)


# %% right: multiplied in another layout
class SqueezeExcitation(nn.Module):
    def __init__(self, channels, squeeze_channels):
        super().__init__()
        self.a = nn.Linear(channels, squeeze_channels)
        self.b = nn.Linear(squeeze_channels, channels)

    def forward(self, x):
        y = x.permute(0, 2, 3, 1)
        gate = self.b(self.a(y.mean(dim=(1, 2), keepdim=True)).relu()).sigmoid()
        return (y * gate).permute(0, 3, 1, 2)


# %% right: torchvision's layer
def SqueezeExcitation(channels, squeeze_channels):
    from torchvision.ops import SqueezeExcitation as Layer

    return Layer(channels, squeeze_channels)


# %% wrong [sigmoid missing]: dense layers alone
class SqueezeExcitation(Gate):
    def forward(self, x):
        return x * self.b(self.a(x.mean((2, 3))).relu())[:, :, None, None]


# %% wrong [ReLU missing]: nothing between
class SqueezeExcitation(Gate):
    def forward(self, x):
        return x * self.b(self.a(x.mean((2, 3)))).sigmoid()[:, :, None, None]


# %% wrong: a sigmoid in the middle as well
class SqueezeExcitation(Gate):
    def forward(self, x):
        return x * self.b(self.a(x.mean((2, 3))).sigmoid()).sigmoid()[:, :, None, None]


# %% wrong: softmax instead of sigmoid
class SqueezeExcitation(Gate):
    def forward(self, x):
        return x * self.b(self.a(x.mean((2, 3))).relu()).softmax(1)[:, :, None, None]


# %% wrong: a hard sigmoid
class SqueezeExcitation(Gate):
    def forward(self, x):
        return x * F.hardsigmoid(self.b(self.a(x.mean((2, 3))).relu()))[:, :, None, None]


# %% wrong [ReLU instead of sigmoid]: ReLU twice
class SqueezeExcitation(Gate):
    def forward(self, x):
        return x * self.b(self.a(x.mean((2, 3))).relu()).relu()[:, :, None, None]


# %% wrong [largest instead of mean]: adaptive max pooling
class SqueezeExcitation(nn.Module):
    def __init__(self, c, s):
        super().__init__()
        self.f = nn.Sequential(
            nn.AdaptiveMaxPool2d(1), nn.Conv2d(c, s, 1), nn.ReLU(), nn.Conv2d(s, c, 1), nn.Sigmoid()
        )

    def forward(self, x):
        return x * self.f(x)


# %% wrong [gate returned]: the gate in the shape of the input
class SqueezeExcitation(Gate):
    def forward(self, x):
        return self.gate(x).expand_as(x)


# %% wrong: the gate returned, small
class SqueezeExcitation(Gate):
    def forward(self, x):
        return self.gate(x)


# %% wrong [gate added]: plus
class SqueezeExcitation(Gate):
    def forward(self, x):
        return x + self.gate(x)


# %% wrong: input added to the product
class SqueezeExcitation(Gate):
    def forward(self, x):
        return x + x * self.gate(x)


# %% wrong: a gate for each place
class SqueezeExcitation(nn.Module):
    def __init__(self, c, s):
        super().__init__()
        self.f = nn.Sequential(nn.Conv2d(c, s, 1), nn.ReLU(), nn.Conv2d(s, c, 1), nn.Sigmoid())

    def forward(self, x):
        return x * self.f(x)


# %% wrong: without biases
class SqueezeExcitation(nn.Module):
    def __init__(self, c, s):
        super().__init__()
        self.a, self.b = nn.Linear(c, s, bias=False), nn.Linear(s, c, bias=False)

    def forward(self, x):
        return x * self.b(self.a(x.mean((2, 3))).relu()).sigmoid()[:, :, None, None]


# %% wrong: the mean over the batch as well
class SqueezeExcitation(Gate):
    def forward(self, x):
        return x * self.b(self.a(x.mean((0, 2, 3))).relu()).sigmoid()[:, None, None]


# %% wrong [wrong gradient]: the gate detached
class SqueezeExcitation(Gate):
    def forward(self, x):
        return x * self.b(self.a(x.mean((2, 3)).detach()).relu()).sigmoid()[:, :, None, None]


# %% wrong [input changed in place]: multiplied in place
class SqueezeExcitation(Gate):
    def forward(self, x):
        x *= self.b(self.a(x.mean((2, 3))).relu()).sigmoid()[:, :, None, None]
        return x


# %% wrong: the mean is over one axis only
class SqueezeExcitation(Gate):
    def forward(self, x):
        return x * self.b(self.a(x.mean(1)).relu()).sigmoid()[:, :, None, None]


# %% wrong [pooled over the channels]: one mean for a picture
class SqueezeExcitation(Gate):
    def forward(self, x):
        return x * self.gate(x.mean(1, keepdim=True).expand_as(x))


# %% wrong [gate broadcast along the rows]: axes in front
class SqueezeExcitation(nn.Module):
    def __init__(self, c, s):
        super().__init__()
        self.a, self.b = nn.Linear(c, s), nn.Linear(s, c)

    def forward(self, x):
        return x * self.b(self.a(x.mean((2, 3))).relu()).sigmoid()[:, None, None, :]


# %% wrong [gate without its axes]: two axes
class SqueezeExcitation(Gate):
    def forward(self, x):
        return x * self.gate(x)[:, :, 0, 0]


# %% wrong [sum instead of mean]: a sum
class SqueezeExcitation(Gate):
    def forward(self, x):
        return x * self.b(self.a(x.sum((2, 3))).relu()).sigmoid()[:, :, None, None]


# %% wrong: the mean of square pictures alone
class SqueezeExcitation(Gate):
    def forward(self, x):
        means = x.sum((2, 3)) / x.shape[2] ** 2
        return x * self.b(self.a(means).relu()).sigmoid()[:, :, None, None]


# %% wrong: the gate of the first picture for all
class SqueezeExcitation(Gate):
    def forward(self, x):
        return x * self.gate(x)[:1]


# %% wrong: the variance instead of the mean
class SqueezeExcitation(Gate):
    def forward(self, x):
        return x * self.gate(x.var((2, 3), keepdim=True))


# %% right: the mean in two steps, the gate in the last axes
class SqueezeExcitation(Gate):
    def forward(self, x):
        z = x.mean(-1).mean(-1)
        z = torch.sigmoid(self.b(torch.relu(self.a(z))))
        return (x.permute(2, 3, 0, 1) * z).permute(2, 3, 0, 1)


# %% right: one convolution with groups for the product
class SqueezeExcitation(Gate):
    def forward(self, x):
        N, C, H, W = x.shape
        return F.conv2d(
            x.reshape(1, N * C, H, W), self.gate(x).reshape(N * C, 1, 1, 1), groups=N * C
        ).view_as(x)


# %% wrong: dropout in training
class SqueezeExcitation(Gate):
    def forward(self, x):
        return (
            x
            * self.b(F.dropout(self.a(x.mean((2, 3))).relu(), training=self.training)).sigmoid()[
                :, :, None, None
            ]
        )


# %% efficient_convolutions.gate_bill
# %% right: implicit products
{"weights": "2CS", "biases": "S+C", "macs": "2CS"}
# %% right: in the order of the gaps
["2*C*S", "C + S", "2*C*S"]
# %% right: sums
{"macs": "CS + SC", "weights": "C·S + S·C", "biases": "S + C"}
# %% right: with a left-hand side
("weights = 2CS", "biases = S + C", "macs = 2SC")
# %% right: sympy
{
    "weights": 2 * sympy.Symbol("C") * sympy.Symbol("S"),
    "biases": sympy.sympify("C + S", locals={"S": sympy.Symbol("S"), "C": sympy.Symbol("C")}),
    "macs": "S*(C+C)",
}
# %% right: capital keys
{"Weights": "2 C S", "Biases": "C + S", "MACs": "2 C S"}
# %% wrong [applied at every place]: with a square
{"weights": "2CS", "biases": "C+S", "macs": "2CSn²"}
# %% wrong [pointwise work counted]: with the products
{"weights": "2CS", "biases": "C+S", "macs": "2CS + Cn^2"}
# %% wrong [mean counted as well]: with the mean
{"weights": "2CS", "biases": "C+S", "macs": "2CS + 2Cnn"}
# %% wrong [one layer only]: half
{"weights": "CS", "biases": "C+S", "macs": "CS"}
# %% wrong [biases counted among the weights]: added
{"weights": "2CS + C + S", "biases": "C+S", "macs": "2CS"}
# %% wrong [biases of one layer only]: the second
{"weights": "2CS", "biases": "C", "macs": "2CS"}
# %% wrong: biases of the first layer alone
{"weights": "2CS", "biases": "S", "macs": "2CS"}
# %% wrong [products of one layer only]: halved
{"weights": "2CS", "biases": "S+C", "macs": "SC"}
# %% wrong [biases of the first layer miscounted]: C twice
{"weights": "2CS", "biases": "2C", "macs": "2CS"}
# %% wrong [biases of the second layer miscounted]: S twice
{"weights": "2CS", "biases": "S + S", "macs": "2CS"}
# %% wrong: biases counted as products
{"weights": "2CS", "biases": "S+C", "macs": "2CS + C + S"}
# %% wrong: weights of square layers
{"weights": "C^2 + S^2", "biases": "S+C", "macs": "2CS"}
# %% wrong: numbers
{"weights": 16, "biases": 6, "macs": 16}
# %% wrong [not readable]: words
{"weights": "many", "biases": "S+C", "macs": "2CS"}
# %% not attempted: a gap left
{"weights": "2CS", "biases": ..., "macs": "2CS"}
# %% wrong [wrong type]: two of three
("2CS", "C+S")
# %% efficient_convolutions.scaled_parameters
# %% right: rounded
3.06
# %% right: a text with powers
"1.2³ · 1.1⁶"
# %% right: in steps
math.prod([1.2 * 1.1 * 1.1] * 3)
# %% right: single precision
torch.tensor(1.2 * 1.21) ** 3
# %% right: a loop
parameters = 1.0
for step in range(3):
    parameters *= 1.2
    parameters *= 1.1**2
parameters
# %% wrong [resolution counted]: a power
(1.2 * 1.1**2 * 1.15**2) ** 3
# %% wrong [width counted once]: rounded
2.3
# %% wrong [one step only]: rounded
1.45
# %% wrong [steps added]: three times
3 * 1.452
# %% wrong [depth forgotten]: a power
1.1**6
# %% wrong: powers of two
2**3
# %% wrong: the resolution counted once
(1.2 * 1.1**2 * 1.15) ** 3
# %% wrong: in percent
306
# %% wrong: one decimal
3.1
# %% efficient_convolutions.attention_width
# %% right: a text
"(2n - rho k^2) / (rho - 4)"
# %% right: a Greek letter in a lambda
lambda n, k, ρ: (2 * n - ρ * k**2) / (ρ - 4)
# %% right: signs turned
lambda n, k, rho: (rho * k * k - 2 * n) / (4 - rho)


# %% right: by solving
def widest(n, k, rho):
    d = sympy.Symbol("d")
    return sympy.solve(sympy.Eq(4 * n * d**2 + 2 * n**2 * d, rho * n * (k**2 * d + d**2)), d)[1]


# %% right: sympy
n, k, rho = sympy.symbols("n k rho")
widest = (2 * n - rho * k**2) / (rho - 4)


# %% right: two steps
def widest(n, k, rho):
    slope = rho - 4
    offset = 2 * n - rho * k**2
    return offset / slope


# %% right: by bisection
def widest(n, k, rho):
    low, high = 0.0, 1e6
    for _ in range(200):
        mid = (low + high) / 2
        if 4 * n * mid**2 + 2 * n * n * mid >= rho * n * (k * k * mid + mid**2):
            low = mid
        else:
            high = mid
    return low


# %% right: single precision
lambda n, k, rho: torch.tensor((2 * n - rho * k * k) / (rho - 4), dtype=torch.float32)
# %% right: with NumPy's root of a polynomial
lambda n, k, rho: np.roots([4 - rho, 2 * n - rho * k**2])[0]
# %% wrong [depthwise part forgotten]: a text
"2n / (rho - 4)"
# %% wrong [one product of tokens with tokens]: once
lambda n, k, rho: (n - rho * k**2) / (rho - 4)
# %% wrong [three projections]: three
lambda n, k, rho: (2 * n - rho * k**2) / (rho - 3)
# %% wrong [kernel side instead of area]: k
lambda n, k, rho: (2 * n - rho * k) / (rho - 4)
# %% wrong [sign lost]: turned
lambda n, k, rho: (2 * n - rho * k**2) / (4 - rho)
# %% wrong [rounded down]: an int
lambda n, k, rho: int((2 * n - rho * k**2) / (rho - 4))
# %% wrong: rounded
lambda n, k, rho: round((2 * n - rho * k**2) / (rho - 4))
# %% wrong: for rho of ten only
lambda n, k, rho: (2 * n - 10 * k**2) / 6
# %% wrong: plus for minus
lambda n, k, rho: (2 * n + rho * k**2) / (rho - 4)
# %% wrong: rho missing above
lambda n, k, rho: (2 * n - k**2) / (rho - 4)
# %% wrong: added below
lambda n, k, rho: (2 * n - rho * k**2) / (rho + 4)
# %% wrong: the ratio at a width
lambda n, k, rho: (4 * rho + 2 * n) / (k * k + rho)


# %% endless: or True
def widest(n, k, rho):
    d = 0
    while 4 * d + 2 * n >= rho * (k * k + d) or True:
        d += 1
    return d


# %% right: a Greek letter in a text
"(2n - ρk²)/(ρ - 4)"


# %% efficient_convolutions.slow_groups
# %% right: a tuple in capital letters
("B", "2")
# %% wrong [more weights]: a pair
("a", 2)
# %% wrong [more products]: a pair
("c", 2)
# %% wrong [all groups thought to be useless]: a pair
("b", 1)
# %% wrong [every grouped layer thought to be slower]: a pair
("b", 3)
