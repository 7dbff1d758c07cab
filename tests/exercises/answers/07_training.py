# ruff: noqa
"""Answers to the exercises of chapter 07."""

import functools
import math
from fractions import Fraction

import numpy as np
import sympy
import torch
import torch.nn as nn
import torch.nn.functional as F


# %% training.log_sum_exp
# %% right: amax and a log of a sum
def log_sum_exp(scores):
    m = scores.amax(1)
    return m + (scores - m[:, None]).exp().sum(1).log()


# %% right: in numpy
def log_sum_exp(scores):
    z = scores.numpy()
    m = z.max(axis=1, keepdims=True)
    return (m + np.log(np.exp(z - m).sum(axis=1, keepdims=True))).squeeze(1)


# %% right: a loop over the images
def log_sum_exp(scores):
    out = []
    for row in scores:
        top = max(row.tolist())
        out.append(top + math.log(sum(math.exp(z - top) for z in row.tolist())))
    return out


# %% right: pairs folded together
def log_sum_exp(scores):
    def add(a, b):
        return torch.maximum(a, b) + torch.log1p(torch.exp(-(a - b).abs()))

    return functools.reduce(add, scores.T)


# %% wrong [overflow]: as the formula stands
def log_sum_exp(scores):
    return torch.log(torch.sum(torch.exp(scores), dim=-1))


# %% wrong [maximum not added back]: sorted
def log_sum_exp(scores):
    top = scores.sort(descending=True).values[:, :1]
    return (scores - top).exp().sum(1).log()


# %% wrong [one maximum for all images]: a max without an axis
def log_sum_exp(scores):
    c = torch.max(scores)
    return c + torch.log(torch.exp(scores - c).sum(-1))


# %% wrong [sum over the images]: the first axis
def log_sum_exp(scores):
    m = scores.max(0).values
    return m + (scores - m).exp().sum(0).log()


# %% wrong [mean of the exponentials]: a mean
def log_sum_exp(scores):
    m = scores.max(1, keepdim=True).values
    return m[:, 0] + (scores - m).exp().mean(1).log()


# %% wrong [largest score alone]: a sort
lambda scores: scores.sort(1).values[:, -1]


# %% wrong: clamped to what float32 can hold
def log_sum_exp(scores):
    return scores.clamp(-80, 80).exp().sum(1).log()


# %% wrong [small number under the logarithm]: before the logarithm
def log_sum_exp(scores):
    return torch.log(torch.exp(scores).sum(1) + 1e-9)


# %% wrong: an axis too many
def log_sum_exp(scores):
    m = scores.amax(1, keepdim=True)
    return m + (scores - m).exp().sum(1, keepdim=True).log()


# %% wrong [input changed in place]: subtracted in place
def log_sum_exp(scores):
    m = scores.amax(1, keepdim=True)
    scores -= m
    return m[:, 0] + scores.exp().sum(1).log()


# %% not allowed: torch's own
lambda scores: torch.logsumexp(scores, dim=1)


# %% crashed: a method that tensors lack
def log_sum_exp(scores):
    return scores.exponential().total(1)


# %% not attempted: half done
def log_sum_exp(scores):
    m = scores.amax(1, keepdim=True)
    return ...


# %% training.softmax_twice
# %% right: the negative logarithm of the probability
-math.log(math.e / (math.e + 9))
# %% right: asked of torch
F.cross_entropy(torch.eye(10)[:1], torch.tensor([0])).item()
# %% right: rounded
1.46
# %% right: as text
"about 1.461"
# %% wrong [no floor]: as text
"0"
# %% wrong [guessing]: rounded
2.30
# %% wrong [probability, not loss]: rounded
0.232
# %% wrong [score of the right class forgotten]: rounded
2.461
# %% wrong [other classes forgotten]: rounded
0.3133
# %% wrong: to base two
(math.log(math.e + 9) - 1) / math.log(2)
# %% wrong: one class too many
math.log(math.e + 10) - 1
# %% wrong [wrong type]: a word
"infinite"


# %% training.he
# %% right: a text
"sqrt(2g/(C k^2))"
# %% right: a power
lambda C, k, g: (C * k**2 / (2 * g)) ** -0.5
# %% right: torch's gain and fan
lambda C, k, g: nn.init.calculate_gain("relu") / (C // g * k * k) ** 0.5


# %% right: asked of a layer
def deviation(C, k, g):
    layer = nn.Conv2d(C, g, k, groups=g)
    return (2 / layer.weight[0].numel()) ** 0.5


# %% right: sympy
C, k, g = sympy.symbols("C k g", positive=True)
answer = sympy.sqrt(2 * g / C) / k
# %% right: variables in another order
lambda k, C, g: math.sqrt(2 * g / C) / k
# %% wrong [ReLU forgotten]: a text
"1/sqrt(C k^2 / g)"
# %% wrong [variance instead of deviation]: a text
"2g/(C k²)"
# %% wrong [kernel forgotten]: numpy
lambda C, k, g: np.sqrt(2 * g / C)
# %% wrong [side for area]: a text
"sqrt(2g/(C k))"
# %% wrong [groups ignored]: a text
"sqrt(2/(C k k))"
# %% wrong [half for double]: a text
"sqrt(g/(2 C k k))"
# %% wrong: groups twice
lambda C, k, g: math.sqrt(2 * g * g / (C * k * k))
# %% wrong: the bound of a uniform start
lambda C, k, g: math.sqrt(6 * g / (C * k * k))
# %% wrong [not readable]: another letter
"sqrt(2/n)"
# %% crashed: a name that is not there
lambda C, k, g: math.sqrt(2 / fan_in)


# %% not attempted: half done
def deviation(C, k, g):
    n = C * k * k / g
    return ...


# %% training.default_start
# %% right: a fraction
Fraction(1, 6)
# %% right: a text
"1/6"
# %% right: rounded
0.1667
# %% wrong [ReLU forgotten]: rounded
0.333
# %% wrong [variance of one over n]: a fraction
"1/2"
# %% wrong [blamed on depth]: as text
"1"
# %% wrong [half the width squared]: a fraction
Fraction(1, 24)
# %% wrong [deviation instead of variance]: rounded
0.408
# %% wrong: the deviation of the convolution alone
1 / math.sqrt(3)
# %% wrong: twenty layers
(1 / 6) ** 20


# %% training.norm_axes
# %% right: implicit products
{"batch": "NHW", "layer": "CHW", "group": "CHW/G", "instance": "HW"}
# %% right: in order
["W H N", "W·H·C", "(C/G)·H·W", "H×W"]
# %% wrong [places not shared]: as in a dense layer
{"batch": "N", "layer": "C*H*W", "group": "C*H*W/G", "instance": "H*W"}
# %% wrong [batch and layer exchanged]: implicit
{"batch": "CHW", "layer": "NHW", "group": "CHW/G", "instance": "HW"}
# %% wrong [batch norm over everything]: implicit
{"batch": "NCHW", "layer": "CHW", "group": "CHW/G", "instance": "HW"}
# %% wrong [layer norm of transformers]: a letter
{"batch": "NHW", "layer": "C", "group": "CHW/G", "instance": "HW"}
# %% wrong [G channels in a group]: implicit
{"batch": "NHW", "layer": "CHW", "group": "GHW", "instance": "HW"}
# %% wrong [instance over the batch]: implicit
{"batch": "NHW", "layer": "CHW", "group": "CHW/G", "instance": "NHW"}
# %% wrong: one place
{"batch": "NHW", "layer": "CHW", "group": "CHW/G", "instance": "1"}
# %% not attempted: one gap
{"batch": "NHW", "layer": "CHW", "group": "CHW/G", "instance": ...}


# %% training.group_norm
# %% right: five axes
class GroupNorm(nn.Module):
    def __init__(self, groups, channels):
        super().__init__()
        self.g = groups
        self.gamma = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x):
        N, C, H, W = x.shape
        y = x.view(N, self.g, C // self.g, H, W)
        var, mean = torch.var_mean(y, (2, 3, 4), keepdim=True, correction=0)
        return ((y - mean) / (var + 1e-5).sqrt()).view(N, C, H, W) * self.gamma + self.beta


# %% right: chunks, one group after the other
class GroupNorm(nn.Module):
    def __init__(self, groups, channels):
        super().__init__()
        self.groups = groups
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        done = []
        for part in x.chunk(self.groups, dim=1):
            mean = part.mean((1, 2, 3), keepdim=True)
            var = ((part - mean) ** 2).mean((1, 2, 3), keepdim=True)
            done.append((part - mean) / torch.sqrt(var + 1e-5))
        return torch.cat(done, 1) * self.weight[:, None, None] + self.bias[:, None, None]


# %% right: second moment less the square of the mean
class GroupNorm(nn.Module):
    def __init__(self, groups, channels):
        super().__init__()
        self.groups = groups
        self.register_parameter("a", nn.Parameter(torch.rand(channels)))
        self.register_parameter("b", nn.Parameter(torch.rand(channels)))

    def forward(self, x):
        rows = x.flatten(1).unflatten(1, (self.groups, -1))
        m = rows.mean(-1, keepdim=True)
        v = (rows**2).mean(-1, keepdim=True) - m**2
        y = ((rows - m) * torch.rsqrt(v + 1e-5)).reshape_as(x)
        return torch.einsum("c,nchw->nchw", self.a, y) + self.b.view(1, -1, 1, 1)


# %% wrong [batch included]: the first axis as well
class GroupNorm(nn.Module):
    def __init__(self, groups, channels):
        super().__init__()
        self.g = groups
        self.w = nn.Parameter(torch.ones(channels, 1, 1))
        self.b = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x):
        y = x.unflatten(1, (self.g, -1))
        m = y.mean((0, 2, 3, 4), keepdim=True)
        v = y.var((0, 2, 3, 4), keepdim=True, correction=0)
        return ((y - m) / (v + 1e-5).sqrt()).flatten(1, 2) * self.w + self.b


# %% wrong [each channel alone]: the places only
class GroupNorm(nn.Module):
    def __init__(self, groups, channels):
        super().__init__()
        self.w = nn.Parameter(torch.ones(channels, 1, 1))
        self.b = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x):
        m = x.mean((2, 3), keepdim=True)
        v = x.var((2, 3), keepdim=True, correction=0)
        return (x - m) / (v + 1e-5).sqrt() * self.w + self.b


# %% wrong [one group of all channels]: a whole image
class GroupNorm(nn.Module):
    def __init__(self, groups, channels):
        super().__init__()
        self.w = nn.Parameter(torch.ones(channels, 1, 1))
        self.b = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x):
        m = x.mean((1, 2, 3), keepdim=True)
        v = x.var((1, 2, 3), keepdim=True, correction=0)
        return (x - m) / (v + 1e-5).sqrt() * self.w + self.b


# %% wrong [each place alone]: channels only
class GroupNorm(nn.Module):
    def __init__(self, groups, channels):
        super().__init__()
        self.g = groups
        self.w = nn.Parameter(torch.ones(channels, 1, 1))
        self.b = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x):
        y = x.unflatten(1, (self.g, -1))
        m, v = y.mean(2, keepdim=True), y.var(2, keepdim=True, correction=0)
        return ((y - m) / (v + 1e-5).sqrt()).flatten(1, 2) * self.w + self.b


# %% wrong [unbiased variance]: torch's default
class GroupNorm(nn.Module):
    def __init__(self, groups, channels):
        super().__init__()
        self.g = groups
        self.w = nn.Parameter(torch.ones(channels, 1, 1))
        self.b = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x):
        y = x.reshape(x.shape[0], self.g, -1)
        y = (y - y.mean(2, True)) / torch.sqrt(y.var(2, keepdim=True) + 1e-5)
        return y.view_as(x) * self.w + self.b


# %% wrong [eps outside the root]: std plus eps
class GroupNorm(nn.Module):
    def __init__(self, groups, channels):
        super().__init__()
        self.g = groups
        self.w = nn.Parameter(torch.ones(channels, 1, 1))
        self.b = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x):
        y = x.reshape(x.shape[0], self.g, -1)
        y = (y - y.mean(2, True)) / (y.std(2, keepdim=True, correction=0) + 1e-5)
        return y.view_as(x) * self.w + self.b


# %% wrong [one scale for the whole layer]: two numbers
class GroupNorm(nn.Module):
    def __init__(self, groups, channels):
        super().__init__()
        self.g = groups
        self.scale, self.shift = nn.Parameter(torch.ones(())), nn.Parameter(torch.zeros(()))

    def forward(self, x):
        y = x.reshape(x.shape[0], self.g, -1)
        y = (y - y.mean(2, True)) / torch.sqrt(y.var(2, keepdim=True, correction=0) + 1e-5)
        return y.view_as(x) * self.scale + self.shift


# %% wrong: one scale for each group
class GroupNorm(nn.Module):
    def __init__(self, groups, channels):
        super().__init__()
        self.g = groups
        self.scale = nn.Parameter(torch.ones(groups, 1))
        self.shift = nn.Parameter(torch.zeros(groups, 1))

    def forward(self, x):
        y = x.reshape(x.shape[0], self.g, -1)
        y = (y - y.mean(2, True)) / torch.sqrt(y.var(2, keepdim=True, correction=0) + 1e-5)
        return (y * self.scale + self.shift).view_as(x)


# %% wrong [every g-th channel]: the axes exchanged
class GroupNorm(nn.Module):
    def __init__(self, groups, channels):
        super().__init__()
        self.g = groups
        self.w = nn.Parameter(torch.ones(channels, 1, 1))
        self.b = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x):
        y = x.unflatten(1, (-1, self.g))
        m = y.mean((1, 3, 4), keepdim=True)
        v = y.var((1, 3, 4), keepdim=True, correction=0)
        return ((y - m) / (v + 1e-5).sqrt()).flatten(1, 2) * self.w + self.b


# %% wrong: nothing learnt
class GroupNorm(nn.Module):
    def __init__(self, groups, channels):
        super().__init__()
        self.g = groups

    def forward(self, x):
        y = x.reshape(x.shape[0], self.g, -1)
        y = (y - y.mean(2, True)) / torch.sqrt(y.var(2, keepdim=True, correction=0) + 1e-5)
        return y.view_as(x)


# %% not allowed: torch's layer
lambda groups, channels: nn.GroupNorm(groups, channels)


# %% crashed: too few channels for a view
class GroupNorm(nn.Module):
    def __init__(self, groups, channels):
        super().__init__()
        self.w = nn.Parameter(torch.ones(channels))

    def forward(self, x):
        return x.view(len(x), 7, -1) * self.w


# %% not attempted: forward to be written
class GroupNorm(nn.Module):
    def __init__(self, groups, channels):
        super().__init__()
        self.w = nn.Parameter(torch.ones(channels))

    def forward(self, x):
        ...


# %% training.running
# %% right: logarithms
math.ceil(math.log(0.01) / math.log(0.9))
# %% right: counted
next(n for n in range(1000) if 0.9**n < 0.01)
# %% right: with its unit
"44 steps"
# %% wrong [momentum read the other way]: counted
next(n for n in range(1000) if 0.1**n < 0.01 - 1e-9)
# %% wrong [one step too few]: rounded down
math.floor(math.log(0.01) / math.log(0.9))
# %% wrong [one over the momentum]: a quotient
1 / 0.1
# %% wrong [forgotten at once]: as text
"1"
# %% wrong: a momentum of 0.01
math.ceil(math.log(0.01) / math.log(0.99))
# %% wrong: half of it
round(math.log(0.5) / math.log(0.9))


# %% training.fold
# %% right: views and a root
def fold(weight, bias, gamma, beta, mean, variance, eps):
    s = gamma * (variance + eps).rsqrt()
    return s.view(-1, 1, 1, 1) * weight, beta + s * (bias - mean)


# %% right: einsum, as a list
def fold(weight, bias, gamma, beta, mean, variance, eps):
    s = gamma / (variance + eps) ** 0.5
    return [torch.einsum("d,dchw->dchw", s, weight), s * bias + (beta - s * mean)]


# %% right: a dict
def fold(weight, bias, gamma, beta, mean, variance, eps):
    s = gamma / torch.sqrt(variance + eps)
    return {"weight": (s * weight.permute(1, 2, 3, 0)).permute(3, 0, 1, 2), "bias": s * (bias - mean) + beta}


# %% right: in numpy, one channel after the other
def fold(weight, bias, gamma, beta, mean, variance, eps):
    w, b = weight.numpy().copy(), bias.numpy().copy()
    for d in range(len(b)):
        s = float(gamma[d]) / math.sqrt(float(variance[d]) + eps)
        w[d] = w[d] * s
        b[d] = (b[d] - float(mean[d])) * s + float(beta[d])
    return w, b


# %% right: asked of the layers themselves
def fold(weight, bias, gamma, beta, mean, variance, eps):
    zero = torch.zeros_like(weight[:1, :, :1, :1]).squeeze()
    shift = beta + gamma * (bias - mean) / torch.sqrt(variance + eps)
    rows = [w * g / torch.sqrt(v + eps) for w, g, v in zip(weight, gamma, variance)]
    return torch.stack(rows), shift


# %% wrong [statistics of a fresh norm]: mean 0, variance 1
def fold(weight, bias, gamma, beta, mean, variance, eps):
    s = gamma / math.sqrt(1 + eps)
    return weight * s[:, None, None, None], bias * s + beta


# %% wrong [bias not scaled]: added at the end
def fold(weight, bias, gamma, beta, mean, variance, eps):
    s = gamma / torch.sqrt(variance + eps)
    return weight * s[:, None, None, None], beta - mean * s + bias


# %% wrong [mean not scaled]: subtracted at the end
def fold(weight, bias, gamma, beta, mean, variance, eps):
    s = gamma / torch.sqrt(variance + eps)
    return weight * s[:, None, None, None], bias * s + beta - mean


# %% wrong [old bias lost]: as if there were none
def fold(weight, bias, gamma, beta, mean, variance, eps):
    s = gamma / torch.sqrt(variance + eps)
    return weight * s[:, None, None, None], -mean * s + beta


# %% wrong [mean lost]: as if it were 0
def fold(weight, bias, gamma, beta, mean, variance, eps):
    s = gamma / torch.sqrt(variance + eps)
    return weight * s[:, None, None, None], bias * s + beta


# %% wrong [divided by the variance]: no root
def fold(weight, bias, gamma, beta, mean, variance, eps):
    s = gamma / (variance + eps)
    return weight * s[:, None, None, None], (bias - mean) * s + beta


# %% wrong [gamma forgotten]: only divided
def fold(weight, bias, gamma, beta, mean, variance, eps):
    s = 1 / torch.sqrt(variance + eps)
    return weight * s[:, None, None, None], (bias - mean) * s + beta


# %% wrong [eps outside the root]: added to the deviation
def fold(weight, bias, gamma, beta, mean, variance, eps):
    s = gamma / (torch.sqrt(variance) + eps)
    return weight * s[:, None, None, None], (bias - mean) * s + beta


# %% wrong [eps forgotten]: the root of the variance
def fold(weight, bias, gamma, beta, mean, variance, eps):
    s = gamma / variance.sqrt()
    return weight * s[:, None, None, None], (bias - mean) * s + beta


# %% wrong: the weight alone
def fold(weight, bias, gamma, beta, mean, variance, eps):
    return weight * (gamma / torch.sqrt(variance + eps))[:, None, None, None], bias


# %% wrong: exchanged
def fold(weight, bias, gamma, beta, mean, variance, eps):
    s = gamma / torch.sqrt(variance + eps)
    return (bias - mean) * s + beta, weight * s[:, None, None, None]


# %% wrong [input changed in place]: scaled in place
def fold(weight, bias, gamma, beta, mean, variance, eps):
    s = gamma / torch.sqrt(variance + eps)
    weight.mul_(s[:, None, None, None])
    return weight, (bias - mean) * s + beta


# %% wrong: scaled along the wrong axis
def fold(weight, bias, gamma, beta, mean, variance, eps):
    s = gamma / torch.sqrt(variance + eps)
    return torch.einsum("c,dchw->dchw", s, weight), (bias - mean) * s + beta


# %% not attempted: half done
def fold(weight, bias, gamma, beta, mean, variance, eps):
    s = gamma / torch.sqrt(variance + eps)
    return weight * s[:, None, None, None], ...


# %% training.batch_of_one
# %% right: joined
"c2"
# %% wrong [images counted, places forgotten]: a pair
("a", 1)
# %% wrong [image taken for its own mean]: a pair
("b", 4)
# %% wrong [running statistics in training]: a pair
("d", 3)
# %% wrong [right result, from the running statistics]: a pair
("c", 3)
# %% wrong [right choice, wrong reason]: a pair
("c", 1)


# %% training.invariance
# %% right: arrows
"A → B → D → C → E"
# %% right: a list
["A", "B", "C", "D", "E"]
# %% wrong [decay thought to change the function]: at the front
"FABCDE"
# %% wrong [derivative before the invariance]: the first derivative
"ACBDE"
# %% wrong [conclusion first]: a list
["E", "A", "B", "C", "D"]
# %% wrong [invariance without the norm]: two steps exchanged
"B A C D E"
# %% wrong [gradient not shown to stand across]: with commas
"A, B, C, E"
# %% wrong: the other property missing
"ABDE"
# %% not attempted: half done
["A", "B", ..., ..., ...]


# %% training.adam
# %% right: the corrections in the rate, as in section 2 of the paper
def adam(theta, gradients, lr, beta1, beta2, eps):
    m, v = 0, 0
    for i in range(len(gradients)):
        t = i + 1
        m = beta1 * m + (1 - beta1) * gradients[i]
        v = beta2 * v + (1 - beta2) * gradients[i] ** 2
        root = math.sqrt(1 - beta2**t)
        theta = theta - lr * root / (1 - beta1**t) * m / (v.sqrt() + eps * root)
    return theta


# %% right: torch's optimizer
def adam(theta, gradients, lr, beta1, beta2, eps):
    p = theta.clone().requires_grad_()
    opt = torch.optim.Adam([p], lr=lr, betas=(beta1, beta2), eps=eps)
    for g in gradients:
        p.grad = g.clone()
        opt.step()
    return p.detach()


# %% right: weighted means written out
def adam(theta, gradients, lr, beta1, beta2, eps):
    def mean(values, beta):
        w = torch.tensor([beta ** (len(values) - 1 - i) for i in range(len(values))], dtype=values.dtype)
        return (w @ values) / w.sum()

    for t in range(1, len(gradients) + 1):
        seen = gradients[:t]
        theta = theta - lr * mean(seen, beta1) / (mean(seen**2, beta2).sqrt() + eps)
    return theta


# %% right: in numpy
def adam(theta, gradients, lr, beta1, beta2, eps):
    x, m, v = theta.numpy(), 0.0, 0.0
    for t, g in enumerate(gradients.numpy(), 1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        x = x - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return x


# %% wrong [no bias correction]: RMSprop with momentum
def adam(theta, gradients, lr, beta1, beta2, eps):
    m, v = torch.zeros_like(theta), torch.zeros_like(theta)
    for g in gradients:
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        theta = theta - lr * m / (v.sqrt() + eps)
    return theta


# %% wrong [only the first mean corrected]: v as it is
def adam(theta, gradients, lr, beta1, beta2, eps):
    m, v = torch.zeros_like(theta), torch.zeros_like(theta)
    for t, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        theta = theta - lr * m / (1 - beta1**t) / (v.sqrt() + eps)
    return theta


# %% wrong [only the second mean corrected]: m as it is
def adam(theta, gradients, lr, beta1, beta2, eps):
    m, v = torch.zeros_like(theta), torch.zeros_like(theta)
    for t, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        theta = theta - lr * m / ((v / (1 - beta2**t)).sqrt() + eps)
    return theta


# %% wrong [correction without the step]: always the first step's
def adam(theta, gradients, lr, beta1, beta2, eps):
    m, v = torch.zeros_like(theta), torch.zeros_like(theta)
    for g in gradients:
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        theta = theta - lr * (m / (1 - beta1)) / ((v / (1 - beta2)).sqrt() + eps)
    return theta


# %% wrong [steps counted from 0]: enumerate as it comes
def adam(theta, gradients, lr, beta1, beta2, eps):
    m, v = torch.zeros_like(theta), torch.zeros_like(theta)
    for t, g in enumerate(gradients):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        theta = theta - lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)
    return theta


# %% wrong [eps inside the root]: added to v
def adam(theta, gradients, lr, beta1, beta2, eps):
    m, v = torch.zeros_like(theta), torch.zeros_like(theta)
    for t, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        theta = theta - lr * (m / (1 - beta1**t)) / (v / (1 - beta2**t) + eps).sqrt()
    return theta


# %% wrong [root forgotten]: divided by v
def adam(theta, gradients, lr, beta1, beta2, eps):
    m, v = torch.zeros_like(theta), torch.zeros_like(theta)
    for t, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        theta = theta - lr * (m / (1 - beta1**t)) / (v / (1 - beta2**t) + eps)
    return theta


# %% wrong [betas exchanged]: beta2 for the mean
def adam(theta, gradients, lr, beta1, beta2, eps):
    m, v = torch.zeros_like(theta), torch.zeros_like(theta)
    for t, g in enumerate(gradients, 1):
        m = beta2 * m + (1 - beta2) * g
        v = beta1 * v + (1 - beta1) * g**2
        theta = theta - lr * (m / (1 - beta2**t)) / ((v / (1 - beta1**t)).sqrt() + eps)
    return theta


# %% wrong [uphill]: a plus
def adam(theta, gradients, lr, beta1, beta2, eps):
    m, v = torch.zeros_like(theta), torch.zeros_like(theta)
    for t, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        theta = theta + lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)
    return theta


# %% wrong: returned after the first step
def adam(theta, gradients, lr, beta1, beta2, eps):
    for g in gradients:
        return theta - lr * g / (g.abs() + eps)


# %% wrong: the squares of the mean
def adam(theta, gradients, lr, beta1, beta2, eps):
    m, v = torch.zeros_like(theta), torch.zeros_like(theta)
    for t, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * m**2
        theta = theta - lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)
    return theta


# %% wrong [input changed in place]: an update in place
def adam(theta, gradients, lr, beta1, beta2, eps):
    m, v = torch.zeros_like(theta), torch.zeros_like(theta)
    for t, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        theta -= lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)
    return theta


# %% crashed: an unknown name
def adam(theta, gradients, lr, beta1, beta2, eps):
    for g in gradients:
        m = beta1 * m + (1 - beta1) * g
    return theta


# %% not attempted: half done
def adam(theta, gradients, lr, beta1, beta2, eps):
    m, v = torch.zeros_like(theta), torch.zeros_like(theta)
    for t, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = ...
    return theta


# %% training.decay
# %% right: a text
"0.01"
# %% right: a fraction
Fraction(1, 100)
# %% right: asked of torch
w = torch.tensor(2.0, requires_grad=True)
w.grad = torch.tensor(0.0)
torch.optim.Adam([w], lr=0.01, weight_decay=0.1).step()
2 - w.item()
# %% wrong [decoupled decay]: a product
0.01 * 0.1 * 2
# %% wrong [rate forgotten]: a product
0.1 * 2
# %% wrong [no gradient, no step]: as text
"0"
# %% wrong [weight forgotten]: a product
0.01 * 0.1
# %% wrong: what is left
1.99


# %% training.not_cleared
# %% right: a sum
sum(0.1 * 2 * k for k in (1, 2, 3, 4))
# %% right: run
w = torch.tensor(0.0, requires_grad=True)
opt = torch.optim.SGD([w], lr=0.1)
for _ in range(4):
    (2 * w).backward()
    opt.step()
abs(w.item())
# %% wrong [gradient overwritten]: a product
4 * 0.1 * 2
# %% wrong [all four at once]: a product
4 * 0.1 * 8
# %% wrong [one step only]: a product
0.1 * 2
# %% wrong [rate forgotten]: a sum
2 + 4 + 6 + 8
# %% wrong [direction for distance]: with a sign
-2


# %% training.schedule
# %% right: a conditional expression
lambda step, steps, peak, warmup: (
    peak * (step + 1) / warmup
    if step < warmup
    else peak / 2 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))
)


# %% right: torch's schedulers
def rate(step, steps, peak, warmup):
    opt = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    factor = lambda s: (
        (s + 1) / warmup
        if s < warmup
        else (1 + math.cos(math.pi * (s - warmup) / (steps - warmup))) / 2
    )
    sched = torch.optim.lr_scheduler.LambdaLR(opt, factor)
    for _ in range(step):
        opt.step()
        sched.step()
    return peak * opt.param_groups[0]["lr"]


# %% right: a whole table
def rate(step, steps, peak, warmup):
    up = [peak * k / warmup for k in range(1, warmup + 1)]
    down = peak * np.cos(np.pi / 2 * np.arange(steps - warmup) / (steps - warmup)) ** 2
    return [*up, *down][step]


# %% wrong [first step lost]: step over warmup
def rate(step, steps, peak, warmup):
    if step < warmup:
        return peak * step / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))


# %% wrong [warm-up stops below the peak]: one part too many
def rate(step, steps, peak, warmup):
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))


# %% wrong [cosine from step 0]: over the whole run
def rate(step, steps, peak, warmup):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * step / steps))


# %% wrong [cosine longer than the run]: divided by all steps
def rate(step, steps, peak, warmup):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup) / steps))


# %% wrong [zero in the last step]: one less
def rate(step, steps, peak, warmup):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup - 1)))


# %% wrong [one step ahead]: counted from 1
def rate(step, steps, peak, warmup):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (step + 1 - warmup) / (steps - warmup)))


# %% wrong [whole cosine]: two pi
def rate(step, steps, peak, warmup):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos(2 * math.pi * (step - warmup) / (steps - warmup)))


# %% wrong [straight line]: linear
def rate(step, steps, peak, warmup):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (steps - step) / (steps - warmup)


# %% wrong [peak forgotten]: a factor
def rate(step, steps, peak, warmup):
    if step < warmup:
        return (step + 1) / warmup
    return (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) / 2


# %% wrong [quarter of a cosine]: from 1 to 0
def rate(step, steps, peak, warmup):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * math.cos(math.pi / 2 * (step - warmup) / (steps - warmup))


# %% wrong: degrees
def rate(step, steps, peak, warmup):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos(180 * (step - warmup) / (steps - warmup)))


# %% crashed: a division by a warm-up of 0
def rate(step, steps, peak, warmup):
    return min(
        peak * (step + 1) / warmup,
        peak * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))),
    )


# %% not attempted: half done
def rate(step, steps, peak, warmup):
    if step < warmup:
        return peak * (step + 1) / warmup
    return ...


# %% training.smoothing
# %% right: a text
"ln(1 + K(1 - eps)/eps)"
# %% right: a difference of logarithms
lambda K, eps: math.log(1 - eps + eps / K) - math.log(eps / K)
# %% right: numpy
lambda K, eps: np.log1p(K / eps - K)
# %% right: sympy
K, eps = sympy.symbols("K eps")
answer = sympy.log((K - K * eps + eps) / eps)


# %% right: the target asked of torch
def gap(K, eps):
    target = torch.full((K,), eps / K, dtype=torch.float64)
    target[0] += 1 - eps
    return (target[0].log() - target[1].log()).item()


# %% wrong [shared among the others]: a text
"log((1 - eps)(K - 1)/eps)"
# %% wrong [share of the right class forgotten]: a text
"log(K(1 - eps)/eps)"
# %% wrong [no end]: infinite
lambda K, eps: float("inf")
# %% wrong [one other class]: a text
"log((1-eps)/eps)"
# %% wrong [ratio without the logarithm]: a text
"1 + K(1-eps)/eps"
# %% wrong [turned round]: a text
"log((eps/K) / (1 - eps + eps/K))"
# %% wrong [logarithm to base ten]: log10
lambda K, eps: math.log10((1 - eps + eps / K) / (eps / K))
# %% wrong: the score alone
lambda K, eps: math.log(1 - eps + eps / K)
# %% wrong: the least loss
lambda K, eps: -(1 - eps + eps / K) * math.log(1 - eps + eps / K) - (K - 1) * eps / K * math.log(eps / K)
# %% crashed: an unknown name
lambda K, eps: log((1 - eps + eps / K) / (eps / K))


# %% not attempted: half done
def gap(K, eps):
    right = 1 - eps + eps / K
    return ...


# %% training.dropout
# %% right: a text
"(v + m^2)/(1 - p) - m^2"
# %% right: the parts
lambda p, m, v: v / (1 - p) + m * m * p / (1 - p)
# %% right: sympy
p, m, v = sympy.symbols("p m v")
answer = (v + p * m**2) / (1 - p)


# %% right: the law of total variance
def variance(p, m, v):
    keep = 1 - p
    within = keep * v / keep**2
    between = keep * (m / keep) ** 2 - m**2
    return within + between


# %% wrong [not scaled up]: a text
"(1-p)(v + m^2) - ((1-p)m)^2"
# %% wrong [mean ignored]: a text
"v/(1-p)"
# %% wrong [second moment]: a text
"(v + m²)/(1-p)"
# %% wrong [kept and dropped exchanged]: a text
"(v + m^2)/p - m^2"
# %% wrong [variance kept]: a text
"v"
# %% wrong [scaled without dropping]: a text
"v/(1-p)^2"
# %% wrong: the ratio
lambda p, m, v: 1 + p / (1 - p) * (v + m * m) / max(v, 1e-9)
# %% wrong [mean scaled as well]: subtracted
lambda p, m, v: (v + m * m) / (1 - p) - (m / (1 - p)) ** 2
# %% wrong: the deviation
lambda p, m, v: math.sqrt((v + m * m) / (1 - p) - m * m)


# %% not attempted: half done
def variance(p, m, v):
    second = (v + m**2) / (1 - p)
    return ...


# %% training.digits
# %% right: a dict
{"c": 2}
# %% wrong [position thought to matter]: a pair
("a", 1)
# %% wrong [every turn feared]: a pair
("b", 2)
# %% wrong [size thought to matter]: a pair
("d", 4)
# %% wrong [blur blamed]: a pair
("c", 4)
# %% wrong [novelty blamed]: a pair
("c", 3)
# %% wrong [right choice, wrong reason]: a pair
("c", 1)


# %% training.averaged
# %% right: a text
"b, 2"
# %% wrong [decay blamed]: a pair
("a", 3)
# %% wrong [evaluation mode blamed]: a pair
("c", 2)
# %% wrong [optimizer averaged]: a pair
("d", 4)
# %% wrong [average of weights blamed]: a pair
("b", 1)
# %% wrong [lag blamed]: a pair
("b", 3)
# %% wrong [right choice, wrong reason]: a pair
("b", 4)


# %% training.company
# %% right: turned round
(1, "a")
# %% wrong [no_grad taken for eval]: a pair
("b", 2)
# %% wrong [order blamed]: a pair
("c", 3)
# %% wrong [rounding blamed]: a pair
("d", 4)
# %% wrong [moving weights blamed]: a pair
("a", 2)
# %% wrong [right choice, wrong reason]: a pair
("a", 4)


# %% training.never_back
# %% right: joined
"B2"
# %% wrong [eval taken for freezing]: a pair
("a", 1)
# %% wrong [eval taken for no_grad]: a pair
("c", 3)
# %% wrong [validation thought to train]: a pair
("d", 4)
# %% wrong [right effect, parameters blamed]: a pair
("b", 1)
# %% wrong [right choice, wrong reason]: a pair
("b", 3)


# %% training.error_bar
# %% right: computed
100 * 2 * (0.99 * 0.01 / 450) ** 0.5
# %% right: with a sign
"0.94 %"
# %% right: in words
"0.938 points"
# %% wrong [one standard error]: rounded
0.469
# %% wrong [worst case]: rounded
4.71
# %% wrong [number of images forgotten]: rounded
19.9
# %% wrong [variance instead of deviation]: computed
100 * 2 * 0.99 * 0.01 / 450
# %% wrong [divided by n instead of its root]: computed
100 * 2 * math.sqrt(0.99 * 0.01) / 450
# %% wrong [wrong unit]: a share
0.00938
# %% wrong: three of them
1.41


# %% training.picked
# %% right: a list
["b", 2]
# %% wrong [no gradient, no harm]: a pair
("a", 1)
# %% wrong [too low]: a pair
("c", 4)
# %% wrong [seed blamed]: a pair
("d", 2)
# %% wrong [right verdict, overfitting blamed]: a pair
("b", 3)
# %% wrong [right choice, wrong reason]: a pair
("b", 4)


# %% training.shards
# %% right: shares
def combine(gradients, sizes):
    share = torch.tensor(sizes) / sum(sizes)
    return (share.to(gradients.dtype)[:, None] * gradients).sum(0)


# %% right: numpy's average
lambda gradients, sizes: np.average(gradients.numpy(), axis=0, weights=sizes)
# %% right: each row as often as it has images
lambda gradients, sizes: gradients.repeat_interleave(torch.tensor(sizes), 0).mean(0)


# %% right: a loop
def combine(gradients, sizes):
    total, images = 0, 0
    for g, n in zip(gradients, sizes):
        total = total + g * n
        images += n
    return total / images


# %% wrong [gradients summed over replicas]: a sum
lambda gradients, sizes: gradients.sum(0)
# %% wrong [mean of unequal means]: as data-parallel training does
lambda gradients, sizes: gradients.mean(0)


# %% wrong [sum over all images]: not divided
def combine(gradients, sizes):
    return sum(n * g for n, g in zip(sizes, gradients))


# %% wrong [divided by the number of devices]: a mean
def combine(gradients, sizes):
    return (torch.tensor(sizes)[:, None] * gradients).mean(0)


# %% wrong [largest shard only]: an argmax
lambda gradients, sizes: gradients[int(np.argmax(sizes))]
# %% wrong: the first device only
lambda gradients, sizes: gradients[0]


# %% wrong: small shards weigh more
def combine(gradients, sizes):
    w = 1 / torch.tensor(sizes).double()
    return (w[:, None] * gradients).sum(0) / w.sum()


# %% crashed: the rows weighted along the wrong axis
lambda gradients, sizes: gradients @ torch.tensor(sizes).to(gradients) / sum(sizes)


# %% not attempted: half done
def combine(gradients, sizes):
    total = ...
    return total / sum(sizes)


# %% training.workers
# %% right: a text
"option b because of reason 2"
# %% wrong [workers thought to be seeded]: a pair
("a", 1)
# %% wrong [one generator thought to be shared]: a pair
("c", 3)
# %% wrong [number of images blamed]: a pair
("d", 4)
# %% wrong [right effect, seed blamed]: a pair
("b", 4)
# %% wrong [right choice, wrong reason]: a pair
("b", 1)
