# ruff: noqa
"""Answers to the exercises of chapter 14."""

from fractions import Fraction

import numpy as np
import sympy
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.layers import BatchNorm2d


# %% transfer_learning.new_head
# %% right: counted by torch
sum(p.numel() for p in nn.Linear(160, 5).parameters())
# %% right: a text
"161 * 5"
# %% right: with its thousands and a decimal
"805.0"
# %% wrong [map flattened]: counted by torch
sum(p.numel() for p in nn.Linear(160 * 7 * 7, 5).parameters())
# %% wrong [bias forgotten]: a text
"160 * 5"
# %% wrong [old classes kept]: counted by torch
sum(p.numel() for p in nn.Linear(160, 1000).parameters())
# %% wrong [bias for every feature]: a text
"161*5 + 155"


# %% transfer_learning.trainable
# %% right: counted by torch
sum(
    p.numel()
    for m in (nn.Conv2d(16, 32, 3), nn.BatchNorm2d(32), nn.Linear(32, 5))
    for p in m.parameters()
)
# %% right: a text
"145*32 + 2*32 + 33*5"
# %% right: the whole without the first two layers
5349 - 28 * 16 - 2 * 16
# %% wrong [running statistics counted]: buffers as well
4640 + 4 * 32 + 165
# %% wrong [norm forgotten]: a text
"4640 + 165"
# %% wrong [head alone]: a text
"33*5"
# %% wrong [nothing frozen]: counted by torch
sum(
    p.numel()
    for m in (
        nn.Conv2d(3, 16, 3),
        nn.BatchNorm2d(16),
        nn.Conv2d(16, 32, 3),
        nn.BatchNorm2d(32),
        nn.Linear(32, 5),
    )
    for p in m.parameters()
)
# %% wrong [frozen ones counted]: a text
"28*16 + 2*16"


# %% transfer_learning.convex
# %% right: scores before the Hessian
"DABCEF"
# %% right: with arrows
"A -> B -> C -> D -> E -> F"
# %% right: a list
["a", "b", "d", "c", "e", "f"]
# %% wrong [trunk thought linear]: at the end
"ABCDEFG"
# %% wrong [variance before the Hessian]: scores first
"DBACEF"
# %% wrong [inserted before it is known to be convex]: at once
"DEABCF"
# %% wrong [linearity left out]: with commas
"A, B, C, E, F"
# %% not attempted: half of it
["A", "B", ..., ..., "E", "F"]


# %% transfer_learning.cached
# %% right: joined
"b1"
# %% right: with words
"option B because of reason 1"
# %% wrong [weights thought to be all]: joined
"a2"
# %% wrong [first epoch only]: a list
["c", 3]
# %% wrong [never thought possible]: a dict
{"option": "d", "reason": 4}
# %% wrong [condition right, weights given as reason]: joined
"B2"
# %% not attempted: no reason
"b"


# %% transfer_learning.key
# %% right: a dict
{"option": "b", "reason": 1}
# %% right: a list
["B", 1.0]
# %% wrong [thought to notice]: joined
"a4"
# %% wrong [error expected]: joined
"c3"
# %% wrong [mixture expected]: a list
["d", 4]
# %% wrong [images blamed]: joined
"b2"


# %% transfer_learning.standardised
# %% right: NumPy
def standardised(train, test):
    a, b = train.numpy(), test.numpy()
    m, s = np.mean(a, axis=0), np.std(a, axis=0)
    return (a - m) / s, (b - m) / s


# %% right: feature by feature
def standardised(train, test):
    train, test = train.clone(), test.clone()
    for j in range(train.shape[1]):
        m = sum(train[:, j]) / len(train)
        s = (sum((train[:, j] - m) ** 2) / len(train)) ** 0.5
        train[:, j], test[:, j] = (train[:, j] - m) / s, (test[:, j] - m) / s
    return [train, test]


# %% right: one function for both
def standardised(train, test):
    std, mean = torch.std_mean(train, dim=0, correction=0)
    return tuple(map(lambda x: (x - mean) / std, (train, test)))


# %% right: a batch norm in evaluation mode
def standardised(train, test):
    m, v = train.mean(0), train.var(0, correction=0)
    return tuple(F.batch_norm(x, m, v, eps=0) for x in (train, test))


# %% wrong [each set by itself]: one function for each
def standardised(train, test):
    def own(x):
        return (x - x.mean(0)) / x.std(0, correction=0)

    return own(train), own(test)


# %% wrong [test images used]: NumPy
def standardised(train, test):
    a, b = train.numpy(), test.numpy()
    both = np.vstack([a, b])
    return (a - both.mean(0)) / both.std(0), (b - both.mean(0)) / both.std(0)


# %% wrong [one mean for all features]: NumPy
def standardised(train, test):
    a, b = train.numpy(), test.numpy()
    return (a - a.mean()) / a.std(), (b - a.mean()) / a.std()


# %% wrong [divided by the variance]: NumPy
def standardised(train, test):
    a, b = train.numpy(), test.numpy()
    return (a - a.mean(0)) / a.var(0), (b - a.mean(0)) / a.var(0)


# %% wrong [one image less]: torch's default
lambda train, test: tuple((x - train.mean(0)) / train.std(0) for x in (train, test))


# %% not attempted: half of it
def standardised(train, test):
    centre = train.mean(0)
    spread = ...
    return (train - centre) / spread, (test - centre) / spread


# %% crashed: another name
def standardised(train, test):
    return (train - means) / 2, (test - means) / 2


# %% transfer_learning.memory
# %% right: with its unit
"92 MB"
# %% right: all without what is kept
sum([48, 24, 20, 12, 6]) - sum([12, 6])
# %% right: a tensor
torch.tensor([48.0, 24.0, 20.0]).sum()
# %% wrong [kept instead of saved]: a text
"12 + 6"
# %% wrong [input of the first trained layer dropped]: a sum
sum([48, 24, 20, 12])
# %% wrong [last frozen input kept]: a text
"48 + 24"
# %% wrong [nothing thought to be kept]: a sum
sum([48, 24, 20, 12, 6])
# %% wrong [wrong unit]: in bytes
92_000_000


# %% transfer_learning.work
# %% right: from the first trained layer on
def backward_work(macs, trains):
    if 1 not in trains:
        return 0
    first = trains.index(1)
    return sum(macs[first + 1 :]) + sum(m for m, t in zip(macs, trains) if t)


# %% right: from the end
def backward_work(macs, trains):
    total = 0
    while macs:
        *macs, m = macs
        *trains, t = trains
        total += m * t + m * max(trains, default=0)
    return total


# %% right: NumPy
lambda macs, trains: int(
    np.dot(macs, np.array(trains) + (np.cumsum(trains) - np.array(trains) > 0))
)


# %% right: counted with torch
def backward_work(macs, trains):
    x, seen = torch.tensor(macs), torch.tensor([0, *trains]).cummax(0).values[:-1]
    return (x * (torch.tensor(trains) + seen)).sum()


# %% wrong [nothing thought to be saved]: each layer twice
lambda macs, trains: sum(m + m for m in macs)


# %% wrong [frozen layers skipped]: a loop
def backward_work(macs, trains):
    total, before = 0, False
    for m, t in zip(macs, trains):
        if t:
            total += 2 * m if before else m
            before = True
    return total


# %% wrong [both gradients for whatever trains]: NumPy
lambda macs, trains: int(2 * np.dot(macs, trains))


# %% wrong [input gradient of the first trained layer]: from the first trained layer on
def backward_work(macs, trains):
    if not any(trains):
        return 0
    return sum(macs[trains.index(1) :]) + sum(m * t for m, t in zip(macs, trains))


# %% wrong [weight gradients alone]: NumPy
lambda macs, trains: int(np.dot(macs, trains))


# %% transfer_learning.drift
# %% right: a text
"(new - old) (1 - (1 - m)^t)"
# %% right: sympy
(lambda old, new, m, t: (new - old) - (new - old) * (1 - m) ** t)(*sympy.symbols("old new m t"))


# %% right: batch by batch
def moved(old, new, m, t):
    running = old
    for _ in range(t):
        running = (1 - m) * running + m * new
    return running - old


# %% right: by a batch norm
def moved(old, new, m, t):
    norm = nn.BatchNorm1d(1, momentum=m).double()
    norm.running_mean.fill_(old)
    for _ in range(t):
        norm(torch.full((2, 1), float(new)).double())
    return (norm.running_mean - old).item()


# %% wrong [thought to be frozen]: a constant
lambda old, new, m, t: 0
# %% wrong [place instead of way]: a text
"new + (old - new) (1-m)^t"
# %% wrong [momentum turned round]: a text
"(new - old) (1 - m^t)"
# %% wrong [equal steps]: a text
"m t (new - old)"
# %% wrong [rest instead of way]: a text
"(1-m)^t (new - old)"


# %% transfer_learning.modes
# %% right: joined
"b2"
# %% right: turned round
(2, "B")
# %% wrong [weights suspected]: joined
"a1"
# %% wrong [dropout suspected]: joined
"c2"
# %% wrong [rounding suspected]: joined
"d3"
# %% wrong [evaluation thought to end by itself]: joined
"b3"
# %% wrong [statistics thought to be learnt by gradients]: joined
"b4"
# %% wrong [right choice, wrong reason]: joined
"b1"


# %% transfer_learning.frozen_norm
# %% right: a batch norm that never trains
class FrozenNorm(nn.BatchNorm2d):
    def __init__(self, mean, var):
        super().__init__(len(mean))
        self.running_mean.copy_(torch.tensor(mean))
        self.running_var.copy_(torch.tensor(var))

    def train(self, mode=True):
        return super().train(False)


# %% right: torch's function
class FrozenNorm(nn.Module):
    def __init__(self, mean, var):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("var", torch.tensor(var))
        self.weight = nn.Parameter(torch.ones(len(mean)))
        self.bias = nn.Parameter(torch.zeros(len(mean)))

    def forward(self, x):
        return F.batch_norm(x, self.mean, self.var, self.weight, self.bias, training=False)


# %% right: a hook before each forward pass
def FrozenNorm(mean, var):
    norm = nn.BatchNorm2d(len(mean))
    norm.load_state_dict(
        {"running_mean": torch.tensor(mean), "running_var": torch.tensor(var)}, strict=False
    )
    norm.register_forward_pre_hook(lambda module, inputs: module.eval() and None)
    return norm


# %% right: scale and shift in the shape of the maps, mean and variance as plain tensors
class FrozenNorm(nn.Module):
    def __init__(self, mean, var):
        super().__init__()
        mean, var = (torch.tensor(v).view(1, -1, 1, 1) for v in (mean, var))
        self.mean, self.std = mean, (var + 1e-5).sqrt()
        self.gamma = nn.Parameter(torch.ones(mean.shape))
        self.beta = nn.Parameter(torch.zeros(mean.shape))

    def forward(self, x):
        return self.gamma * (x - self.mean) / self.std + self.beta


# %% right: the course's batch norm, which never trains
class FrozenNorm(BatchNorm2d):
    def __init__(self, mean, var):
        super().__init__(len(mean))
        self.running_mean.copy_(torch.tensor(mean))
        self.running_var.copy_(torch.tensor(var))

    def forward(self, x):
        self.training = False
        return super().forward(x)


# %% wrong [batch statistics in training]: put into evaluation mode once
def FrozenNorm(mean, var):
    norm = nn.BatchNorm2d(len(mean))
    norm.running_mean.copy_(torch.tensor(mean))
    norm.running_var.copy_(torch.tensor(var))
    return norm.eval()


# %% wrong [momentum set to zero]: as an argument
def FrozenNorm(mean, var):
    norm = nn.BatchNorm2d(len(mean), momentum=0.0)
    norm.running_mean.copy_(torch.tensor(mean))
    norm.running_var.copy_(torch.tensor(var))
    return norm


# %% wrong [variance taken for a deviation]: in the shape of the maps
class FrozenNorm(nn.Module):
    def __init__(self, mean, var):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("var", torch.tensor(var).view(1, -1, 1, 1))
        self.gamma = nn.Parameter(torch.ones(1, len(mean), 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, len(mean), 1, 1))

    def forward(self, x):
        return self.gamma * (x - self.mean) / (self.var + 1e-5) + self.beta


# %% wrong [eps outside the root]: in the shape of the maps
class FrozenNorm(nn.Module):
    def __init__(self, mean, var):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(var).view(1, -1, 1, 1) ** 0.5)
        self.gamma = nn.Parameter(torch.ones(1, len(mean), 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, len(mean), 1, 1))

    def forward(self, x):
        return self.gamma * (x - self.mean) / (self.std + 1e-5) + self.beta


# %% wrong [statistics made parameters]: torch's function
class FrozenNorm(nn.Module):
    def __init__(self, mean, var):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(len(mean)))
        self.bias = nn.Parameter(torch.zeros(len(mean)))
        self.m = nn.Parameter(torch.tensor(mean))
        self.v = nn.Parameter(torch.tensor(var))

    def forward(self, x):
        shape = (len(self.m), 1, 1)
        x = (x - self.m.reshape(shape)) * (self.v.reshape(shape) + 1e-5).rsqrt()
        return x * self.weight.reshape(shape) + self.bias.reshape(shape)


# %% wrong [scale and shift left out]: buffers alone
class FrozenNorm(nn.Module):
    def __init__(self, mean, var):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("var", torch.tensor(var))

    def forward(self, x):
        return (x - self.mean[:, None, None]) / (self.var + 1e-5).sqrt()[:, None, None]


# %% not attempted: half of it
class FrozenNorm(nn.Module):
    def __init__(self, mean, var):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("var", torch.tensor(var))

    def forward(self, x): ...


# %% crashed: axes that do not fit
class FrozenNorm(nn.Module):
    def __init__(self, mean, var):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean + mean))
        self.gamma = nn.Parameter(torch.ones(len(mean)))

    def forward(self, x):
        return x - self.mean[:, None, None]


# %% transfer_learning.optimizer
# %% right: joined
"B1"
# %% right: a dict
{"option": "b", "reason": "1"}
# %% wrong [rate blamed]: joined
"a4"
# %% wrong [gradient thought missing]: joined
"c2"
# %% wrong [trunk blamed]: joined
"d4"
# %% wrong [list thought to be renewed]: joined
"b3"


# %% transfer_learning.feature_gradient
# %% right: class by class
def feature_gradient(weight, f, target):
    p = torch.softmax(weight @ f, 0)
    total = torch.zeros_like(f)
    for k in range(len(p)):
        total += (p[k] - float(k == target)) * weight[k]
    return total


# %% right: the mean row minus the class's own
lambda weight, f, target: (weight @ f).softmax(0) @ weight - weight[target]


# %% right: NumPy
def feature_gradient(weight, f, target):
    w, x = weight.numpy(), f.numpy()
    s = w @ x
    p = np.exp(s - s.max())
    p /= p.sum()
    p[target] -= 1
    return w.T @ p


# %% right: finite differences
def feature_gradient(weight, f, target):
    def loss(x):
        s = weight.double() @ x
        return torch.logsumexp(s, 0) - s[target]

    f = f.double()
    steps = 1e-5 * torch.eye(len(f), dtype=f.dtype)
    return torch.stack([(loss(f + h) - loss(f - h)) / 2e-5 for h in steps])


# %% wrong [target forgotten]: NumPy
def feature_gradient(weight, f, target):
    s = weight.numpy() @ f.numpy()
    return (np.exp(s) / np.exp(s).sum()) @ weight.numpy()


# %% wrong [sign turned round]: the class's own row minus the mean
lambda weight, f, target: weight[target] - (weight @ f).softmax(0) @ weight


# %% wrong [gradient of the head]: an outer product
def feature_gradient(weight, f, target):
    p = (weight @ f).softmax(0)
    p[target] -= 1
    return p[:, None] * f[None]


# %% wrong [right class alone]: one row
lambda weight, f, target: ((weight @ f).softmax(0)[target] - 1) * weight[target]


# %% wrong [scores taken for probabilities]: no softmax
def feature_gradient(weight, f, target):
    s = weight @ f
    s[target] -= 1
    return weight.T @ s


# %% not allowed: by autograd
def feature_gradient(weight, f, target):
    with torch.enable_grad():
        x = f.clone().requires_grad_()
        F.cross_entropy((weight @ x)[None], torch.tensor([target])).backward()
    return x.grad


# %% transfer_learning.noise
# %% right: a text
"n variance (1 - 1/K)"
# %% right: sympy
(lambda K, n, v: n * v - n * v / K)(*sympy.symbols("K n variance"))


# %% right: residual by residual
def squared(K, n, variance):
    residuals = [Fraction(1, K) - (k == 0) for k in range(K)]
    return sum(n * variance * r**2 for r in residuals)


# %% wrong [right class alone]: a text
"n variance (1 - 1/K)^2"
# %% wrong [one entry]: a text
"variance (1 - 1/K)"
# %% wrong [probabilities without the target]: a sum
lambda K, n, variance: n * variance * sum((1 / K) ** 2 for k in range(K))
# %% wrong [variance taken for a deviation]: a text
"n variance^2 (1 - 1/K)"
# %% wrong [residual taken for 1]: a text
"n variance"


# %% transfer_learning.zero_head
# %% right: joined
"b1"
# %% right: a list
["b", 1]
# %% wrong [zero thought to stay zero]: joined
"a2"
# %% wrong [trunk thought to move alone]: joined
"c4"
# %% wrong [trunk thought to move as well]: joined
"d1"
# %% wrong [symmetry suspected]: joined
"b3"


# %% transfer_learning.rate
# %% right: a text
"lr decay^(blocks - block)"
# %% right: sympy
(lambda lr, d, block, blocks: lr * d**blocks / d**block)(*sympy.symbols("lr decay block blocks"))


# %% right: called again for the next block
def rate(lr, decay, block, blocks):
    return lr if block == blocks else decay * rate(lr, decay, block + 1, blocks)


# %% wrong [counted from the input]: a text
"lr decay^block"
# %% wrong [last block slowed down]: a text
"lr decay^(blocks - block + 1)"
# %% wrong [first block at the full rate]: a text
"lr decay^(block - 1)"
# %% wrong [multiplied once]: a text
"lr decay (blocks - block)"
# %% wrong [divided]: a text
"lr decay^(block - blocks)"


# %% transfer_learning.thawed
# %% right: by cases
def thawed(epoch, every, blocks):
    if epoch >= every * (blocks - 1):
        return blocks
    return int(epoch / every) + 1


# %% right: epoch by epoch
def thawed(epoch, every, blocks):
    training = 1
    for e in range(1, epoch + 1):
        if e % every == 0 and training < blocks:
            training += 1
    return training


# %% right: the length of a range
lambda epoch, every, blocks: len(range(0, epoch + 1, every)[:blocks])


# %% wrong [head frozen at first]: epoch by epoch
def thawed(epoch, every, blocks):
    training = 0
    for e in range(1, epoch + 1):
        training += e % every == 0 and training < blocks
    return training


# %% wrong [more blocks than there are]: the length of a range
lambda epoch, every, blocks: len(range(0, epoch + 1, every))
# %% wrong [rounded up]: with NumPy
lambda epoch, every, blocks: int(min(blocks, 1 + np.ceil(epoch / every)))
# %% wrong [epochs counted from one]: the length of a range
lambda epoch, every, blocks: min(blocks, len(range(0, max(epoch, 1), every)))
# %% wrong [frozen again]: a constant
lambda epoch, every, blocks: 1


# %% transfer_learning.pull
# %% right: NumPy
lambda gradient, weight, start, alpha: gradient.numpy() + alpha * (weight.numpy() - start.numpy())
# %% right: multiplied out
lambda gradient, weight, start, alpha: gradient + alpha * weight - alpha * start


# %% right: by autograd
def penalised(gradient, weight, start, alpha):
    with torch.enable_grad():
        w = weight.clone().requires_grad_()
        ((w * gradient).sum() + alpha / 2 * (w - start).square().sum()).backward()
    return w.grad


# %% wrong [pulled to zero]: as weight decay
lambda gradient, weight, start, alpha: torch.add(gradient, weight, alpha=alpha)
# %% wrong [pushed away]: multiplied out
lambda gradient, weight, start, alpha: gradient - alpha * weight + alpha * start


# %% wrong [half forgotten]: by autograd
def penalised(gradient, weight, start, alpha):
    with torch.enable_grad():
        w = weight.clone().requires_grad_()
        ((w * gradient).sum() + alpha * (w - start).square().sum()).backward()
    return w.grad


# %% wrong [loss forgotten]: multiplied out
lambda gradient, weight, start, alpha: alpha * weight - alpha * start


# %% transfer_learning.rest
# %% right: a text
"(h t + alpha s) / (h + alpha)"
# %% right: solved by sympy
(lambda h, t, s, a, w: sympy.solve(h * (w - t) + a * (w - s), w)[0])(
    *sympy.symbols("h t s alpha w")
)


# %% right: one step of Newton from the start
def rest(h, t, s, alpha):
    return s - h * (s - t) / (h + alpha)


# %% wrong [pulled to zero]: a text
"t h / (h + alpha)"
# %% wrong [weights exchanged]: a text
"(h s + alpha t) / (h + alpha)"
# %% wrong [half-way]: a text
"s/2 + t/2"
# %% wrong [not divided]: a text
"h t + alpha s"


# %% transfer_learning.prepared
# %% right: NumPy
def prepared(image, mean, std):
    colours = image.numpy()[:, :, ::-1].astype(float) / 255
    return np.transpose((colours - mean.numpy()) / std.numpy(), (2, 0, 1))


# %% right: colour by colour
def prepared(image, mean, std):
    blue, green, red = image.unbind(dim=2)
    planes = [(c.double() / 255 - m) / s for c, m, s in zip((red, green, blue), mean, std)]
    return torch.stack(planes)


# %% right: mean and deviation scaled up instead
def prepared(image, mean, std):
    x = image[..., [2, 1, 0]].to(mean.dtype)
    return ((x - 255 * mean) / (255 * std)).movedim(2, 0)


# %% right: pixel by pixel
def prepared(image, mean, std):
    h, w, _ = image.shape
    out = torch.zeros(3, h, w, dtype=mean.dtype)
    for i in range(h):
        for j in range(w):
            for c in range(3):
                out[c, i, j] = (image[i, j, 2 - c].item() / 255 - mean[c]) / std[c]
    return out


# %% wrong [colours left as they lie]: without the flip
lambda image, mean, std: ((image / 255 - mean) / std).permute(2, 0, 1)
# %% wrong [range left as it is]: without 255
lambda image, mean, std: ((image.flip(2) - mean) / std).permute(2, 0, 1)
# %% wrong [range after the mean]: 255 at the end
lambda image, mean, std: ((image.flip(2) - mean) / std).permute(2, 0, 1) / 255
# %% wrong [mean and deviation left out]: the range alone
lambda image, mean, std: image.flip(-1).movedim(-1, 0) / 255


# %% wrong [normalised twice]: a loop of two
def prepared(image, mean, std):
    x = image.flip(2) / 255
    for _ in range(2):
        x = (x - mean) / std
    return x.permute(2, 0, 1)


# %% wrong [deviation forgotten]: the mean alone
lambda image, mean, std: (image.flip(2) / 255 - mean).permute(2, 0, 1)
# %% wrong [height and width exchanged]: turned round at once
lambda image, mean, std: ((image.flip(2) / 255 - mean) / std).permute(2, 1, 0)


# %% transfer_learning.grey
# %% right: with the kept axis
lambda weight: weight.sum(dim=1, keepdim=True)


# %% right: kernel by kernel
def grey_kernels(weight):
    return torch.stack([torch.stack([sum(kernel)]) for kernel in weight])


# %% right: NumPy
lambda weight: np.add.reduce(weight.numpy(), axis=1, keepdims=True)
# %% right: three times the mean
lambda weight: 3 * weight.mean(1)[:, None]
# %% wrong [kernels averaged]: divided
lambda weight: weight.sum(1, keepdim=True) / 3
# %% wrong [red alone]: by index
lambda weight: weight[:, 0][:, None]
# %% wrong [weighted like brightness]: term by term
lambda weight: 0.299 * weight[:, :1] + 0.587 * weight[:, 1:2] + 0.114 * weight[:, 2:]
# %% wrong [channel axis lost]: NumPy
lambda weight: weight.numpy().sum(1)


# %% transfer_learning.control
# %% right: joined
"c2"
# %% right: a list
["C", 2]
# %% wrong [compared with chance]: joined
"a1"
# %% wrong [compared with another method]: joined
"b3"
# %% wrong [generalised]: joined
"d2"
# %% wrong [few examples blamed]: joined
"c3"


# %% transfer_learning.strategy
# %% right: joined
"b3"
# %% right: a dict
{"option": "b", "reason": 3}
# %% wrong [rule for few data applied]: joined
"a4"
# %% wrong [scratch preferred]: joined
"c2"
# %% wrong [decision put off]: joined
"d3"
# %% wrong [mean over the rows]: joined
"b1"
# %% wrong [number of weights]: joined
"b2"
