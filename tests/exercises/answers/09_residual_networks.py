# ruff: noqa
"""Answers to the exercises of chapter 09."""

import functools
import itertools
import math
from fractions import Fraction

import numpy as np
import sympy
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision


class Parts(nn.Module):
    """What a block on c channels holds; a subclass says in which order it acts."""

    def __init__(self, c):
        super().__init__()
        self.c1, self.c2 = (nn.Conv2d(c, c, 3, padding=1, bias=False) for _ in "12")
        self.b1, self.b2 = (nn.BatchNorm2d(c) for _ in "12")


class DownParts(nn.Module):
    """What a block that halves the size holds, its shortcut included."""

    def __init__(self, i, o):
        super().__init__()
        self.c1, self.c2 = (
            nn.Conv2d(i, o, 3, 2, 1, bias=False),
            nn.Conv2d(o, o, 3, 1, 1, bias=False),
        )
        self.n1, self.n2 = (nn.BatchNorm2d(o) for _ in "12")
        self.p = nn.Conv2d(i, o, 1, 2, bias=False)

    def f(self, x):
        return self.n2(self.c2(self.n1(self.c1(x)).relu()))

    def forward(self, x):
        return (self.f(x) + self.p(x)).relu()


# %% residual_networks.degradation
# %% right: a dict from option to reason
{"c": 2}
# %% right: a text with brackets
"(c, 2)"
# %% wrong [test error taken for the sign]: a pair
("a", 1)
# %% wrong [test error taken for the sign]: with the right reason
("a", 2)
# %% wrong [both errors confused with one]: a pair
("b", 1)
# %% wrong [slowness taken for the sign]: a pair
("d", 4)
# %% wrong [too many weights blamed]: a pair
("c", 1)
# %% wrong [right choice, wrong reason]: a pair
("c", 3)


# %% residual_networks.block
# %% right: a Sequential for the residual
class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        c = channels
        self.f = nn.Sequential(
            nn.Conv2d(c, c, 3, padding="same", bias=False),
            nn.BatchNorm2d(c),
            nn.ReLU(),
            nn.Conv2d(c, c, 3, padding="same", bias=False),
            nn.BatchNorm2d(c),
        )

    def forward(self, x):
        return F.relu(self.f(x) + x)


# %% right: identity kept, in-place sums and ReLUs on its own tensors
class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, kernel_size=3, stride=1, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, stride=1, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += identity
        return self.relu(out)


# %% right: norms declared first and in a list
class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norms = nn.ModuleList([nn.BatchNorm2d(channels) for _ in range(2)])
        self.convs = nn.ModuleList(
            [nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(2)]
        )

    def forward(self, x):
        y = x
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms)):
            y = norm(conv(y))
            y = (x + y if i == 1 else y).clamp(min=0)
        return y


# %% right: torchvision's block
def Block(channels):
    from torchvision.models.resnet import BasicBlock

    return BasicBlock(channels, channels)


# %% right: kernels as parameters
class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.w = nn.Parameter(torch.randn(2, channels, channels, 3, 3) / 10)
        self.n1, self.n2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)

    def forward(self, x):
        out = self.n1(F.conv2d(x, self.w[0], padding=1)).relu()
        return (x + self.n2(F.conv2d(out, self.w[1], padding=1))).relu()


# %% right: lazy layers
class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.body = nn.Sequential(
            nn.LazyConv2d(channels, 3, padding=1, bias=False),
            nn.LazyBatchNorm2d(),
            nn.ReLU(),
            nn.LazyConv2d(channels, 3, padding=1, bias=False),
            nn.LazyBatchNorm2d(),
        )

    def forward(self, x):
        return torch.maximum(x + self.body(x), torch.zeros_like(x))


# %% right: a ReLU as a threshold, explicit padding
class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.c1, self.c2 = (nn.Conv2d(channels, channels, 3, bias=False) for _ in "12")
        self.b1, self.b2 = (nn.BatchNorm2d(channels) for _ in "12")

    def forward(self, x):
        y = self.b1(self.c1(F.pad(x, (1, 1, 1, 1))))
        y = torch.where(y > 0, y, 0.0)
        y = self.b2(self.c2(F.pad(y, (1, 1, 1, 1)))) + x
        return torch.where(y > 0, y, 0.0)


# %% wrong [no skip]: a Sequential
lambda c: nn.Sequential(
    nn.Conv2d(c, c, 3, padding=1, bias=False),
    nn.BatchNorm2d(c),
    nn.ReLU(),
    nn.Conv2d(c, c, 3, padding=1, bias=False),
    nn.BatchNorm2d(c),
    nn.ReLU(),
)


# %% wrong [ReLU before the sum]: the last two steps exchanged
class Block(Parts):
    def forward(self, x):
        return x + self.b2(self.c2(self.b1(self.c1(x)).relu())).relu()


# %% wrong [inner ReLU forgotten]: two layers in a row
class Block(Parts):
    def forward(self, x):
        return (x + self.b2(self.c2(self.b1(self.c1(x))))).relu()


# %% wrong [no last ReLU]: the sum
class Block(Parts):
    def forward(self, x):
        return x + self.b2(self.c2(self.b1(self.c1(x)).relu()))


# %% wrong: one norm used twice
class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c1, self.c2 = (nn.Conv2d(c, c, 3, padding=1, bias=False) for _ in "12")
        self.b = nn.BatchNorm2d(c)

    def forward(self, x):
        return (x + self.b(self.c2(self.b(self.c1(x)).relu()))).relu()


# %% wrong [unused weights]: one convolution used twice
class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c1 = nn.Conv2d(c, c, 3, padding=1, bias=False)
        self.c2 = nn.Conv2d(c, c, 3, padding=1, bias=False)
        self.b1, self.b2 = (nn.BatchNorm2d(c) for _ in "12")

    def forward(self, x):
        return (x + self.b2(self.c1(self.b1(self.c1(x)).relu()))).relu()


# %% wrong: biases left on
class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c1, self.c2 = (nn.Conv2d(c, c, 3, padding=1) for _ in "12")
        self.b1, self.b2 = (nn.BatchNorm2d(c) for _ in "12")

    def forward(self, x):
        return (x + self.b2(self.c2(self.b1(self.c1(x)).relu()))).relu()


# %% wrong: instance norm
class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c1, self.c2 = (nn.Conv2d(c, c, 3, padding=1, bias=False) for _ in "12")
        self.b1, self.b2 = (nn.InstanceNorm2d(c, affine=True) for _ in "12")

    def forward(self, x):
        return (x + self.b2(self.c2(self.b1(self.c1(x)).relu()))).relu()


# %% wrong: norm without scale and shift
class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c1, self.c2 = (nn.Conv2d(c, c, 3, padding=1, bias=False) for _ in "12")
        self.b1, self.b2 = (nn.BatchNorm2d(c, affine=False) for _ in "12")

    def forward(self, x):
        return (x + self.b2(self.c2(self.b1(self.c1(x)).relu()))).relu()


# %% wrong [wrong in evaluation mode]: batch statistics in evaluation, too
class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c1, self.c2 = (nn.Conv2d(c, c, 3, padding=1, bias=False) for _ in "12")
        self.b1, self.b2 = (nn.BatchNorm2d(c, track_running_stats=False) for _ in "12")

    def forward(self, x):
        return (x + self.b2(self.c2(self.b1(self.c1(x)).relu()))).relu()


# %% wrong [wrong gradient]: the skip detached
class Block(Parts):
    def forward(self, x):
        return (x.detach() + self.b2(self.c2(self.b1(self.c1(x)).relu()))).relu()


# %% wrong [wrong in evaluation mode]: norm left out in evaluation
class Block(Parts):
    def forward(self, x):
        if not self.training:
            return (x + self.c2(self.c1(x).relu())).relu()
        return (x + self.b2(self.c2(self.b1(self.c1(x)).relu()))).relu()


# %% wrong: a leaky ReLU at the end
class Block(Parts):
    def forward(self, x):
        return F.leaky_relu(x + self.b2(self.c2(self.b1(self.c1(x)).relu())), 0.01)


# %% wrong: norm before the convolution
class Block(Parts):
    def forward(self, x):
        return (x + self.c2(self.b2(self.c1(self.b1(x)).relu()))).relu()


# %% wrong: half the sum
class Block(Parts):
    def forward(self, x):
        return ((x + self.b2(self.c2(self.b1(self.c1(x)).relu()))) / 2).relu()


# %% wrong [input changed in place]: the skip added to the input
class Block(Parts):
    def forward(self, x):
        x += self.b2(self.c2(self.b1(self.c1(x)).relu()))
        return x.relu()


# %% crashed: no padding
class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c1, self.c2 = (nn.Conv2d(c, c, 3, bias=False) for _ in "12")
        self.b1, self.b2 = (nn.BatchNorm2d(c) for _ in "12")

    def forward(self, x):
        return (x + self.b2(self.c2(self.b1(self.c1(x)).relu()))).relu()


# %% crashed: an attribute that does not exist
class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, padding=1, bias=False)

    def forward(self, x):
        return self.relu(x + self.conv(x))


# %% not attempted: half done
class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c1, self.c2 = (nn.Conv2d(c, c, 3, padding=1, bias=False) for _ in "12")
        ...

    def forward(self, x): ...


# %% wrong [one ReLU too many]: before the sum and after it
class Block(Parts):
    def forward(self, x):
        return (x + self.b2(self.c2(self.b1(self.c1(x)).relu())).relu()).relu()


# %% wrong [residual subtracted]: minus
class Block(Parts):
    def forward(self, x):
        return (x - self.b2(self.c2(self.b1(self.c1(x)).relu()))).relu()


# %% wrong [input multiplied]: times
class Block(Parts):
    def forward(self, x):
        return (x * self.b2(self.c2(self.b1(self.c1(x)).relu()))).relu()


# %% wrong [unused weights]: the mean over rows and columns taken off
class Block(Parts):
    def forward(self, x):
        out = x + self.b2(self.c2(self.b1(self.c1(x)).relu()))
        return (out - out.mean((2, 3), keepdim=True)).relu()


# %% wrong [unused weights]: right for square maps alone
class Block(Parts):
    def forward(self, x):
        out = self.b2(self.c2(self.b1(self.c1(x)).relu()))
        return (x + (out if x.shape[2] == x.shape[3] else 0)).relu()


# %% wrong [unused weights]: the second convolution forgotten
class Block(Parts):
    def forward(self, x):
        return (x + self.b2(self.b1(self.c1(x)).relu())).relu()


# %% wrong [wrong type]: a pair returned
class Block(Parts):
    def forward(self, x):
        out = self.b2(self.c2(self.b1(self.c1(x)).relu()))
        return (x + out).relu(), out


# %% wrong [nothing returned]: no return
class Block(Parts):
    def forward(self, x):
        out = self.b2(self.c2(self.b1(self.c1(x)).relu()))
        out = (x + out).relu()


# %% wrong: the skip transposed where the shape allows it
class Block(Parts):
    def forward(self, x):
        skip = x.mT if x.shape[2] == x.shape[3] else x
        return (skip + self.b2(self.c2(self.b1(self.c1(x)).relu()))).relu()


# %% wrong: a squeeze that drops a batch of one
class Block(Parts):
    def forward(self, x):
        return (x + self.b2(self.c2(self.b1(self.c1(x)).relu()))).relu().squeeze()


# %% wrong: dilated
class Block(Parts):
    def __init__(self, c):
        super().__init__(c)
        self.c2 = nn.Conv2d(c, c, 3, padding=2, dilation=2, bias=False)

    def forward(self, x):
        return (x + self.b2(self.c2(self.b1(self.c1(x)).relu()))).relu()


# %% wrong: ReLU6, which looks the same for small numbers
class Block(Parts):
    def forward(self, x):
        return F.relu6(x + self.b2(self.c2(F.relu6(self.b1(self.c1(x))))))


# %% residual_networks.projection
# %% right: functional, projection declared first
class Down(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.skip = nn.Conv2d(i, o, 1, 2, bias=False)
        self.b2, self.b1 = nn.BatchNorm2d(o), nn.BatchNorm2d(o)
        self.c2, self.c1 = (
            nn.Conv2d(o, o, 3, padding=1, bias=False),
            nn.Conv2d(i, o, 3, 2, 1, bias=False),
        )

    def forward(self, x):
        skip = self.skip(x)
        return F.relu(self.b2(self.c2(F.relu(self.b1(self.c1(x))))) + skip)


# %% right: the projection as a dense layer on every second pixel
class Down(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.project = nn.Linear(in_channels, out_channels, bias=False)

    def forward(self, x):
        every_second = x[:, :, ::2, ::2].movedim(1, -1)
        return torch.relu(self.residual(x) + self.project(every_second).movedim(-1, 1))


# %% right: slicing, then a 1x1 convolution
class Down(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.f = nn.ModuleList(
            [
                nn.Conv2d(i, o, 3, 2, 1, bias=False),
                nn.BatchNorm2d(o),
                nn.Conv2d(o, o, 3, 1, 1, bias=False),
                nn.BatchNorm2d(o),
            ]
        )
        self.p = nn.Conv2d(i, o, kernel_size=1, bias=False)

    def forward(self, x):
        a, b, c, d = self.f
        return (d(c(b(a(x)).relu())) + self.p(x[..., ::2, ::2])).relu()


# %% right: torchvision's block with its downsample
def Down(i, o):
    from torchvision.models.resnet import BasicBlock

    return BasicBlock(i, o, stride=2, downsample=nn.Conv2d(i, o, 1, stride=2, bias=False))


# %% right: the projection as a matrix, einsum
class Down(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.c1, self.c2 = (
            nn.Conv2d(i, o, 3, 2, 1, bias=False),
            nn.Conv2d(o, o, 3, 1, 1, bias=False),
        )
        self.n1, self.n2 = nn.BatchNorm2d(o), nn.BatchNorm2d(o)
        self.P = nn.Parameter(torch.randn(i, o))

    def forward(self, x):
        out = self.n2(self.c2(self.n1(self.c1(x)).relu()))
        return (out + torch.einsum("nchw,cd->ndhw", x[:, :, ::2, ::2], self.P)).relu()


# %% right: the two strided convolutions in one
class Down(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.c1, self.c2 = (
            nn.Conv2d(i, o, 3, 2, 1, bias=False),
            nn.Conv2d(o, o, 3, 1, 1, bias=False),
        )
        self.n1, self.n2 = nn.BatchNorm2d(o), nn.BatchNorm2d(o)
        self.P = nn.Parameter(torch.randn(o, i, 1, 1))

    def forward(self, x):
        both = torch.cat([self.c1.weight, F.pad(self.P, (1, 1, 1, 1))])
        a, skip = F.conv2d(x, both, stride=2, padding=1).chunk(2, dim=1)
        return (self.n2(self.c2(self.n1(a).relu())) + skip).relu()


# %% wrong [norm behind the projection]: as torchvision has it
class Down(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.c1, self.c2 = (
            nn.Conv2d(i, o, 3, 2, 1, bias=False),
            nn.Conv2d(o, o, 3, 1, 1, bias=False),
        )
        self.n1, self.n2, self.n3 = (nn.BatchNorm2d(o) for _ in "123")
        self.p = nn.Conv2d(i, o, 1, 2, bias=False)

    def forward(self, x):
        return (self.n2(self.c2(self.n1(self.c1(x)).relu())) + self.n3(self.p(x))).relu()


# %% wrong: a projection with a bias
class Down(DownParts):
    def __init__(self, i, o):
        super().__init__(i, o)
        self.p = nn.Conv2d(i, o, 1, 2)


# %% wrong [stride in the second convolution]: moved
class Down(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.c1, self.c2 = (
            nn.Conv2d(i, o, 3, 1, 1, bias=False),
            nn.Conv2d(o, o, 3, 2, 1, bias=False),
        )
        self.n1, self.n2 = (nn.BatchNorm2d(o) for _ in "12")
        self.p = nn.Conv2d(i, o, 1, 2, bias=False)

    def forward(self, x):
        return (self.n2(self.c2(self.n1(self.c1(x)).relu())) + self.p(x)).relu()


# %% wrong [mean instead of stride]: average pooling
class Down(DownParts):
    def __init__(self, i, o):
        super().__init__(i, o)
        self.p = nn.Conv2d(i, o, 1, bias=False)

    def forward(self, x):
        return (
            self.n2(self.c2(self.n1(self.c1(x)).relu()))
            + self.p(F.avg_pool2d(x, 2, ceil_mode=True))
        ).relu()


# %% wrong [no last ReLU]: the sum
class Down(DownParts):
    def forward(self, x):
        return self.n2(self.c2(self.n1(self.c1(x)).relu())) + self.p(x)


# %% wrong: the inner ReLU forgotten
class Down(DownParts):
    def forward(self, x):
        return (self.n2(self.c2(self.n1(self.c1(x)))) + self.p(x)).relu()


# %% wrong: zeros for a shortcut
class Down(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.c1, self.c2 = (
            nn.Conv2d(i, o, 3, 2, 1, bias=False),
            nn.Conv2d(o, o, 3, 1, 1, bias=False),
        )
        self.n1, self.n2 = (nn.BatchNorm2d(o) for _ in "12")

    def forward(self, x):
        skip = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, self.c1.out_channels - x.shape[1]))
        return (self.n2(self.c2(self.n1(self.c1(x)).relu())) + skip).relu()


# %% wrong [ReLU on the shortcut]: as a layer
class Down(DownParts):
    def __init__(self, i, o):
        super().__init__(i, o)
        self.p = nn.Sequential(nn.Conv2d(i, o, 1, 2, bias=False), nn.ReLU())


# %% wrong: every second pixel, from the second on
class Down(DownParts):
    def __init__(self, i, o):
        super().__init__(i, o)
        self.p = nn.Conv2d(i, o, 1, bias=False)

    def forward(self, x):
        shifted = F.pad(x, (0, 1, 0, 1), mode="replicate")[:, :, 1::2, 1::2]
        return (self.n2(self.c2(self.n1(self.c1(x)).relu())) + self.p(shifted)).relu()


# %% wrong: two projections in a row
class Down(DownParts):
    def __init__(self, i, o):
        super().__init__(i, o)
        self.p = nn.Sequential(nn.Conv2d(i, o, 1, 2, bias=False), nn.Conv2d(o, o, 1, bias=False))


# %% wrong [gradient cut]: the projection frozen
class Down(DownParts):
    def __init__(self, i, o):
        super().__init__(i, o)
        self.p = nn.Conv2d(i, o, 1, 2, bias=False).requires_grad_(False)


# %% crashed: a shortcut without a stride
class Down(DownParts):
    def __init__(self, i, o):
        super().__init__(i, o)
        self.p = nn.Conv2d(i, o, 1, bias=False)


# %% crashed: rounded down
class Down(DownParts):
    def __init__(self, i, o):
        super().__init__(i, o)
        self.p = nn.Conv2d(i, o, 1, bias=False)

    def forward(self, x):
        return (self.n2(self.c2(self.n1(self.c1(x)).relu())) + self.p(F.max_pool2d(x, 2))).relu()


# %% wrong [no shortcut at all]: the residual alone
class Down(DownParts):
    def forward(self, x):
        return (self.f(x) + 0 * self.p(x)).relu()


# %% wrong: the projection left out
class Down(DownParts):
    def __init__(self, i, o):
        super().__init__(i, o)
        del self.p

    def forward(self, x):
        return self.f(x).relu()


# %% wrong [projection of 3x3]: a wide kernel
class Down(DownParts):
    def __init__(self, i, o):
        super().__init__(i, o)
        self.p = nn.Conv2d(i, o, 3, 2, 1, bias=False)


# %% wrong [largest instead of stride]: max pooling
class Down(DownParts):
    def __init__(self, i, o):
        super().__init__(i, o)
        self.p = nn.Sequential(nn.MaxPool2d(2, ceil_mode=True), nn.Conv2d(i, o, 1, bias=False))


# %% wrong: interpolated
class Down(DownParts):
    def __init__(self, i, o):
        super().__init__(i, o)
        self.p = nn.Conv2d(i, o, 1, bias=False)

    def forward(self, x):
        out = self.f(x)
        return (out + self.p(F.interpolate(x, out.shape[2:], mode="bilinear"))).relu()


# %% residual_networks.preactivation
# %% right: functional
class PreBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)

    def forward(self, x):
        out = self.conv1(F.relu(self.bn1(x)))
        out = self.conv2(F.relu(self.bn2(out)))
        return out + x


# %% right: a loop over two halves
class PreBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.halves = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(c), nn.ReLU(), nn.Conv2d(c, c, 3, 1, 1, bias=False))
            for _ in range(2)
        )

    def forward(self, x):
        out = x.clone()
        for half in self.halves:
            out = half(out)
        out += x
        return out


# %% right: functional batch norm with own parameters and buffers
class PreBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(2, c)), nn.Parameter(torch.zeros(2, c))
        self.kernels = nn.ParameterList(torch.randn(c, c, 3, 3) for _ in "12")
        self.register_buffer("mean", torch.zeros(2, c))
        self.register_buffer("var", torch.ones(2, c))

    def forward(self, x):
        y = x
        for i in range(2):
            y = F.batch_norm(
                y, self.mean[i], self.var[i], self.gamma[i], self.beta[i], self.training
            )
            y = F.conv2d(y.relu(), self.kernels[i], padding=1)
        return x + y


# %% right: a residual wrapper
class Residual(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, x):
        return x + self.f(x)


def PreBlock(channels):
    half = lambda: [
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.Conv2d(channels, channels, 3, padding=1, bias=False),
    ]
    return Residual(nn.Sequential(*half(), *half()))


# %% right: a subclass of Sequential
class PreBlock(nn.Sequential):
    def __init__(self, c):
        super().__init__(
            nn.BatchNorm2d(c),
            nn.ReLU(),
            nn.Conv2d(c, c, 3, padding=1, bias=False),
            nn.BatchNorm2d(c),
            nn.ReLU(),
            nn.Conv2d(c, c, 3, padding=1, bias=False),
        )

    def forward(self, x):
        return super().forward(x) + x


# %% wrong [post-activation]: the original block
class PreBlock(Parts):
    def forward(self, x):
        return (x + self.b2(self.c2(self.b1(self.c1(x)).relu()))).relu()


# %% wrong [ReLU after the sum]: one too many
class PreBlock(Parts):
    def forward(self, x):
        return (x + self.c2(self.b2(self.c1(self.b1(x).relu())).relu())).relu()


# %% wrong [skip taken behind the first ReLU]: a variable overwritten
class PreBlock(Parts):
    def forward(self, x):
        x = self.b1(x).relu()
        return x + self.c2(self.b2(self.c1(x)).relu())


# %% wrong [no skip]: a Sequential
lambda c: nn.Sequential(
    nn.BatchNorm2d(c),
    nn.ReLU(),
    nn.Conv2d(c, c, 3, padding=1, bias=False),
    nn.BatchNorm2d(c),
    nn.ReLU(),
    nn.Conv2d(c, c, 3, padding=1, bias=False),
)


# %% wrong [skip taken behind the first ReLU]: an in-place ReLU spoils the skip
class PreBlock(Parts):
    def forward(self, x):
        skip = out = self.b1(x)
        out = F.relu(out, inplace=True)
        return skip + self.c2(self.b2(self.c1(out)).relu())


# %% wrong [first ReLU forgotten]: only one ReLU
class PreBlock(Parts):
    def forward(self, x):
        return x + self.c2(self.b2(self.c1(self.b1(x))).relu())


# %% wrong [ReLU before the norm]: exchanged
class PreBlock(Parts):
    def forward(self, x):
        return x + self.c2(self.b2(self.c1(self.b1(x.relu())).relu()))


# %% wrong: no norms
class PreBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c1, self.c2 = (nn.Conv2d(c, c, 3, padding=1, bias=False) for _ in "12")

    def forward(self, x):
        return x + self.c2(self.c1(x.relu()).relu())


# %% wrong: subtracted
class PreBlock(Parts):
    def forward(self, x):
        return x - self.c2(self.b2(self.c1(self.b1(x).relu())).relu())


# %% wrong: concatenated
class PreBlock(Parts):
    def forward(self, x):
        return torch.cat([x, self.c2(self.b2(self.c1(self.b1(x).relu())).relu())], 1)


# %% wrong: layers made anew in every forward
class PreBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c

    def forward(self, x):
        f = nn.Sequential(
            nn.BatchNorm2d(self.c), nn.ReLU(), nn.Conv2d(self.c, self.c, 3, padding=1, bias=False)
        )
        return x + f.to(x.dtype)(x)


# %% wrong [only the last ReLU left out]: the order of the original
class PreBlock(Parts):
    def forward(self, x):
        return x + self.b2(self.c2(self.b1(self.c1(x)).relu()))


# %% wrong [skip taken behind the first norm]: a variable overwritten
class PreBlock(Parts):
    def forward(self, x):
        x = self.b1(x)
        return x + self.c2(self.b2(self.c1(x.relu())).relu())


# %% wrong [second ReLU forgotten]: one ReLU
class PreBlock(Parts):
    def forward(self, x):
        return x + self.c2(self.b2(self.c1(self.b1(x).relu())))


# %% wrong [activation behind the convolutions]: turned round
class PreBlock(Parts):
    def forward(self, x):
        return x + self.b2(self.c2(self.b1(self.c1(x)).relu())).relu()


# %% wrong [unused weights]: the same half twice
class PreBlock(Parts):
    def forward(self, x):
        half = lambda y: self.c1(self.b1(y).relu())
        return x + half(half(x))


# %% wrong [wrong gradient]: the residual without gradients
class PreBlock(Parts):
    def forward(self, x):
        with torch.no_grad():
            out = self.c2(self.b2(self.c1(self.b1(x).relu())).relu())
        return x + out


# %% crashed: a misspelt layer
class PreBlock(Parts):
    def forward(self, x):
        return x + self.c2(self.b2(self.c1(self.bn1(x).relu())).relu())


# %% residual_networks.depth
# %% right: a text
"stages·n·layers + 2"


# %% right: a loop
def depth(stages, n, layers):
    count = 1
    for stage in range(stages):
        for block in range(n):
            count += layers
    return count + 1


# %% right: sympy
stages, n, layers = sympy.symbols("stages n layers")
depth = stages * n * layers + 2
# %% right: math.prod
lambda *sizes: 2 + math.prod(sizes)
# %% right: NumPy
lambda stages, n, layers: np.full((stages, n), layers).sum() + 2
# %% wrong [blocks counted]: a text
"stages*n + 2"
# %% wrong [stem and head forgotten]: a product
lambda stages, n, layers: stages * n * layers
# %% wrong [head forgotten]: plus one
"n*layers*stages + 1"
# %% wrong [projections counted]: added
lambda stages, n, layers: stages * n * layers + 2 + (stages - 1)
# %% wrong [one stage]: n layers
lambda stages, n, layers: n * layers + 2
# %% wrong: 6n + 2 only
lambda stages, n, layers: 6 * n + 2
# %% wrong: brackets
lambda stages, n, layers: stages * (n * layers + 2)
# %% wrong: sums
lambda stages, n, layers: stages + n + layers + 2
# %% wrong [not readable]: unknown letters
"6m + 2"
# %% wrong [a projection in every stage]: added
lambda stages, n, layers: stages * (n * layers + 1) + 2
# %% right: a mean of both formulas
lambda stages, n, layers: (6 if layers == 2 else 3 * layers) * stages * n / 3 + 2
# %% residual_networks.bottleneck
# %% right: a text
"2Cw + 9w²/g + 4w + 2C"


# %% right: three layers
def parameters(C, w, g):
    down = C * w + 2 * w
    middle = w * (w // g) * 9 + 2 * w
    up = w * C + 2 * C
    return down + middle + up


# %% right: asked of torch
def parameters(C, w, g):
    block = nn.Sequential(
        nn.Conv2d(C, w, 1, bias=False),
        nn.BatchNorm2d(w),
        nn.ReLU(),
        nn.Conv2d(w, w, 3, padding=1, groups=g, bias=False),
        nn.BatchNorm2d(w),
        nn.ReLU(),
        nn.Conv2d(w, C, 1, bias=False),
        nn.BatchNorm2d(C),
    )
    return sum(p.numel() for p in block.parameters())


# %% right: group by group
lambda C, w, g: 2 * C * w + g * 9 * (w // g) ** 2 + 2 * w + 2 * w + 2 * C
# %% right: sympy
C, w, g = sympy.symbols("C w g", integer=True)
parameters = 2 * C * (w + 1) + w * (9 * w / g + 4)
# %% right: Fractions
lambda C, w, g: 2 * C * w + Fraction(9 * w * w, g) + 2 * (2 * w + C)
# %% wrong [norms forgotten]: a text
"2Cw + 9w^2/g"
# %% wrong [groups ignored]: a text
"2Cw + 9w^2 + 4w + 2C"
# %% wrong [groups everywhere]: a lambda
lambda C, w, g: (2 * C * w + 9 * w * w) / g + 4 * w + 2 * C
# %% wrong [one group counted]: squared
lambda C, w, g: 2 * C * w + 9 * (w // g) ** 2 + 2 * (2 * w + C)
# %% wrong [all norms of the inner width]: 6w
"2Cw + 9w^2/g + 6w"
# %% wrong [one number a channel in the norms]: half
"2Cw + 9w^2/g + 2w + C"
# %% wrong [biases counted]: three for each channel
"2Cw + 9w^2/g + 6w + 3C"
# %% wrong [one 1x1 convolution]: once
"Cw + 9w^2/g + 4w + 2C"
# %% wrong: running statistics counted
lambda C, w, g: 2 * C * w + 9 * w * w // g + 4 * (2 * w + C)
# %% wrong: the kernel's side
lambda C, w, g: 2 * C * w + 3 * w * w // g + 2 * (2 * w + C)
# %% wrong: multiplied by the groups
lambda C, w, g: 2 * C * w + 9 * w * w * g + 2 * (2 * w + C)
# %% wrong: one norm
lambda C, w, g: 2 * C * w + 9 * w * w // g + 2 * C


# %% residual_networks.gradient
# %% right: matrices multiplied
def gradient(jacobians, upstream):
    d = len(upstream)
    total = torch.eye(d, dtype=upstream.dtype)
    for J in jacobians:
        total = (torch.eye(d, dtype=upstream.dtype) + J) @ total
    return upstream @ total


# %% right: recursion
def gradient(jacobians, upstream):
    if not jacobians:
        return upstream
    return gradient(jacobians[:-1], upstream + upstream @ jacobians[-1])


# %% right: the transpose from the left
def gradient(jacobians, upstream):
    g = upstream
    for J in jacobians[::-1]:
        g = g + J.T @ g
    return g


# %% right: functools.reduce
lambda jacobians, upstream: functools.reduce(
    lambda g, J: g + torch.mv(J.t(), g), reversed(jacobians), upstream
)


# %% right: all subsets
def gradient(jacobians, upstream):
    total = torch.zeros_like(upstream)
    for chosen in itertools.product([False, True], repeat=len(jacobians)):
        path = upstream
        for J, taken in zip(jacobians[::-1], chosen):
            path = path @ J if taken else path
        total = total + path
    return total


# %% right: autograd
def gradient(jacobians, upstream):
    x = start = torch.zeros_like(upstream, requires_grad=True)
    for J in jacobians:
        x = x + J @ x
    x.backward(upstream)
    return start.grad


# %% right: NumPy
def gradient(jacobians, upstream):
    g = np.asarray(upstream)
    for J in jacobians[::-1]:
        g = g @ (np.eye(len(g)) + np.asarray(J))
    return g


# %% right: linalg.multi_dot
def gradient(jacobians, upstream):
    eye = torch.eye(upstream.numel()).to(upstream)
    return torch.linalg.multi_dot([upstream, *(eye + J for J in reversed(jacobians))])


# %% right: einsum, indices counted down
def gradient(jacobians, upstream):
    for l in range(len(jacobians) - 1, -1, -1):
        upstream = torch.einsum("i,ij->j", upstream, jacobians[l]) + upstream
    return upstream


# %% right: a list for a tensor
def gradient(jacobians, upstream):
    g = upstream.tolist()
    for J in reversed(jacobians):
        g = [g[j] + sum(g[i] * J[i, j].item() for i in range(len(g))) for j in range(len(g))]
    return g


# %% wrong [skip forgotten]: a plain chain
def gradient(jacobians, upstream):
    for J in reversed(jacobians):
        upstream = upstream @ J
    return upstream


# %% wrong [forward order]: from the first
def gradient(jacobians, upstream):
    for J in jacobians:
        upstream = upstream + upstream @ J
    return upstream


# %% wrong [transposed]: a column
def gradient(jacobians, upstream):
    for J in reversed(jacobians):
        upstream = upstream + J @ upstream
    return upstream


# %% wrong [paths through one block only]: a sum
lambda jacobians, upstream: upstream + upstream @ sum(jacobians)


# %% wrong: forward and transposed
def gradient(jacobians, upstream):
    for J in jacobians:
        upstream = upstream + J @ upstream
    return upstream


# %% wrong: the last block left out
def gradient(jacobians, upstream):
    for J in jacobians[-2::-1]:
        upstream = upstream + upstream @ J
    return upstream


# %% wrong: the identity added once
def gradient(jacobians, upstream):
    g = upstream
    for J in reversed(jacobians):
        g = g @ J
    return upstream + g


# %% wrong: ones instead of the identity
def gradient(jacobians, upstream):
    for J in reversed(jacobians):
        upstream = upstream @ (1 + J)
    return upstream


# %% wrong: returned inside the loop
def gradient(jacobians, upstream):
    for J in reversed(jacobians):
        upstream = upstream + upstream @ J
        return upstream


# %% wrong: a row of two axes
def gradient(jacobians, upstream):
    g = upstream[None]
    for J in reversed(jacobians):
        g = g + g @ J
    return g


# %% wrong [input changed in place]: a sum in place
def gradient(jacobians, upstream):
    for J in reversed(jacobians):
        upstream += upstream @ J
    return upstream


# %% wrong [input changed in place]: the list turned round
def gradient(jacobians, upstream):
    jacobians.reverse()
    for J in jacobians:
        upstream = upstream + upstream @ J
    return upstream


# %% wrong [input changed in place]: the list emptied
def gradient(jacobians, upstream):
    while jacobians:
        upstream = upstream + upstream @ jacobians.pop()
    return upstream


# %% wrong [nothing returned]: no return
def gradient(jacobians, upstream):
    for J in reversed(jacobians):
        upstream = upstream + upstream @ J


# %% crashed: a list times a tensor
lambda jacobians, upstream: upstream + upstream @ jacobians


# %% not attempted: the loop is empty
def gradient(jacobians, upstream):
    for J in reversed(jacobians):
        ...
    return upstream


# %% right: an identity of the default dtype
def gradient(jacobians, upstream):
    for J in reversed(jacobians):
        upstream = upstream @ (torch.eye(len(upstream)) + J)
    return upstream


# %% right: vjp of the chain
def gradient(jacobians, upstream):
    def chain(x):
        for J in jacobians:
            x = x + J @ x
        return x

    return torch.func.vjp(chain, torch.zeros_like(upstream))[1](upstream)[0]


# %% wrong: rounded on the way
def gradient(jacobians, upstream):
    for J in reversed(jacobians):
        upstream = (upstream + upstream @ J).round()
    return upstream


# %% residual_networks.paths
# %% right: a text with a power
"2^16"
# %% right: a thousands separator
"65,536"
# %% right: a shift
1 << 16
# %% right: a product
math.prod(2**n for n in (3, 4, 6, 3))
# %% right: a binomial sum
sum(math.comb(16, k) for k in range(17))
# %% right: with its unit
"65536 paths"
# %% wrong [blocks added]: a product
2 * (3 + 4 + 6 + 3)
# %% wrong [one choice a layer]: a power
2 ** (3 * 16)
# %% wrong [direct way left out]: minus one
2**16 - 1
# %% wrong [blocks counted]: a sum
3 + 4 + 6 + 3
# %% wrong [one block from each stage]: a product
math.prod((3, 4, 6, 3))
# %% wrong: 16 squared
16**2
# %% wrong: by stages
2**3 + 2**4 + 2**6 + 2**3
# %% wrong: fifty layers
2**50
# %% wrong: rounded
65_000
# %% wrong: a half
2**15
# %% residual_networks.vanishing_point
# %% right: a text
"1/(2s)"
# %% right: a power
lambda s: (2 * s) ** -1


# %% right: by sympy's solve
def point(s):
    x = sympy.Symbol("x")
    return sympy.solve(sympy.diff(x - s * x**2, x), x)[0]


# %% right: a tensor
lambda s: 0.5 / torch.as_tensor(s)
# %% right: sympy
1 / (2 * sympy.Symbol("s", positive=True))


# %% right: by bisection
def point(s):
    low, high = 0.0, 1000.0
    while high - low > 1e-12 * high:
        mid = (low + high) / 2
        low, high = (mid, high) if 1 - 2 * s * mid > 0 else (low, mid)
    return low


# %% right: halves
"0.5/s"
# %% wrong [output is zero]: a text
"1/s"
# %% wrong [root of the residual's derivative]: a text
"0"
# %% wrong [sign]: a lambda
lambda s: -1 / (2 * s)
# %% wrong [not divided by s]: a text
"s/2"
# %% wrong: without brackets
lambda s: 1 / 2 * s * s
# %% wrong: a half always
lambda s: 0.5
# %% wrong: the value there
lambda s: 1 / (4 * s)
# %% wrong: a square root
lambda s: (1 / (2 * s)) ** 0.5
# %% wrong: twice
lambda s: 2 / s
# %% wrong [wrong type]: a number
0.5
# %% wrong [not readable]: an unclear stroke
"1/2s"
# %% residual_networks.safe_depth
# %% right: logarithms
lambda c, share: math.floor(math.log(share) / math.log(1 - c) + 1e-9)


# %% right: logarithms, corrected
def blocks(c, share):
    L = int(math.log(share) / math.log(1 - c))
    while (1 - c) ** (L + 1) >= share:
        L += 1
    while (1 - c) ** L < share:
        L -= 1
    return L


# %% right: logarithms without care for rounding
lambda c, share: math.floor(math.log(share) / math.log(1 - c))
# %% right: logarithms by log1p
lambda c, share: int(math.log(share) // math.log1p(-c))
# %% right: base two
lambda c, share: int(math.log2(share) / math.log2(1 - c))
# %% right: a logarithm with its base
lambda c, share: math.floor(math.log(share, 1 - c))


# %% right: powers
def blocks(c, share):
    L = 0
    while (1 - c) ** (L + 1) >= share:
        L += 1
    return L


# %% right: recursion
def blocks(c, share):
    return 0 if 1 - c < share else 1 + blocks(c, share / (1 - c))


# %% right: single precision
def blocks(c, share):
    return int(torch.floor(torch.log(torch.tensor(share)) / torch.log(torch.tensor(1.0 - c))))


# %% right: counted by itertools
lambda c, share: next(L for L in itertools.count() if (1 - c) ** (L + 1) < share)
# %% right: NumPy
lambda c, share: np.floor(np.log(share) / np.log(1 - c))


# %% wrong [one block too many]: counted one step on
def blocks(c, share):
    L = 0
    while (1 - c) ** L >= share:
        L += 1
    return L


# %% wrong [rounded up]: ceil
lambda c, share: math.ceil(math.log(share) / math.log(1 - c))
# %% wrong [not rounded]: a quotient
lambda c, share: math.log(share) / math.log(1 - c)


# %% wrong [more than the share]: strict
def blocks(c, share):
    L = 0
    while (1 - c) ** (L + 1) > share:
        L += 1
    return L


# %% wrong [shares subtracted]: linear
lambda c, share: math.floor((1 - share) / c)
# %% wrong [residual alone]: powers of c
lambda c, share: math.floor(math.log(share) / math.log(c))
# %% wrong [upper bound]: 1 + c
lambda c, share: math.floor(-math.log(share) / math.log(1 + c))
# %% wrong: rounded to the nearest
lambda c, share: round(math.log(share) / math.log(1 - c))
# %% wrong: the inverse
lambda c, share: math.floor(math.log(1 - c) / math.log(share))
# %% wrong: the approximation for small c
lambda c, share: int(-math.log(share) / c)
# %% wrong: one block at least
lambda c, share: max(1, math.floor(math.log(share) / math.log(1 - c)))
# %% wrong: one too few
lambda c, share: max(0, math.floor(math.log(share) / math.log(1 - c)) - 1)


# %% endless: the bound never changes
def blocks(c, share):
    L, kept = 0, 1
    while kept >= share:
        L += 1
    return L


# %% residual_networks.bound_proof
# %% right: the assumption first
"B A C D E"
# %% right: a dict of places
{"A": 1, "B": 2, "C": 3, "D": 4, "E": 5}
# %% right: numbered
"1. A 2. B 3. C 4. D 5. E"
# %% wrong [factor used before it is shown]: C first
"CABDE"
# %% wrong [all blocks before one block]: a swap
"A-B-D-C-E"
# %% wrong [upper bound slipped in]: with F
"ABCFDE"
# %% wrong: the conclusion in front
"EABCD"
# %% wrong: a step missing
"ABCD"
# %% wrong: only the middle
"ACDE"
# %% residual_networks.doubling
# %% right: a text
"s(1 + rho)^L"


# %% right: a loop
def length(s, rho, L):
    for _ in range(L):
        s += rho * s
    return s


# %% right: an exponential
lambda s, rho, L: s * math.exp(L * math.log1p(rho))
# %% right: a binomial sum
lambda s, rho, L: s * sum(math.comb(L, k) * rho**k for k in range(L + 1))


# %% right: recursion
def length(s, rho, L):
    return s if L == 0 else length(s * (1 + rho), rho, L - 1)


# %% right: sympy
s, rho, L = sympy.symbols("s rho L")
length = s * (1 + rho) ** L
# %% right: single precision
lambda s, rho, L: (torch.tensor(1.0 + rho) ** L * s).item()
# %% wrong [growth taken as linear]: a text
"s(1 + L rho)"
# %% wrong [rho taken for a length]: a text
"s + L*rho"
# %% wrong [input not carried along]: a text
"s*rho^L"
# %% wrong [always doubled]: a text
"s*2^L"
# %% wrong [start left out]: a text
"(1 + rho)^L"
# %% wrong [lengths added]: roots
lambda s, rho, L: s * (1 + math.sqrt(rho)) ** (2 * L)
# %% wrong: squared
lambda s, rho, L: s * (1 + rho**2) ** L
# %% wrong: one block too many
lambda s, rho, L: s * (1 + rho) ** (L + 1)
# %% wrong: a half of the exponent
lambda s, rho, L: s * (1 + rho) ** (L / 2)
# %% wrong: one block
lambda s, rho, L: s * (1 + rho)
# %% wrong: the limit
lambda s, rho, L: s * math.exp(rho * L)


# %% right: a text with a Greek letter
"s·(1+ρ)^L"


# %% residual_networks.zero_init
# %% right: with the word
"b because 3"
# %% wrong [block thought dead for ever]: a pair
("a", 1)
# %% wrong [all thought to learn at once]: a pair
("c", 2)
# %% wrong [gradient thought to stop]: a pair
("d", 4)
# %% wrong [shift alone made responsible]: a pair
("b", 4)
# %% wrong [right choice, wrong reason]: a pair
("b", 1)


# %% residual_networks.option_a
# %% right: new zeros and a slice
def shortcut(x, out_channels, stride):
    kept = x[:, :, ::stride, ::stride]
    N, C, H, W = kept.shape
    out = x.new_zeros(N, out_channels, H, W)
    out[:, :C] = kept
    return out


# %% right: concatenated with zeros in the course's dtype
def shortcut(x, out_channels, stride):
    kept = x[..., ::stride, ::stride]
    zeros = torch.zeros(kept.shape[0], out_channels - kept.shape[1], *kept.shape[2:])
    return torch.cat([kept, zeros], dim=1)


# %% right: pooling with a window of one
def shortcut(x, out_channels, stride):
    kept = F.avg_pool2d(x, 1, stride)
    return F.pad(kept, [0, 0] * 2 + [0, out_channels - x.size(1)])


# %% right: indices
def shortcut(x, out_channels, stride):
    rows, columns = torch.arange(0, x.shape[2], stride), torch.arange(0, x.shape[3], stride)
    kept = x.index_select(2, rows).index_select(3, columns)
    return torch.cat(
        (kept, torch.zeros_like(kept[:, :1]).repeat(1, out_channels - x.shape[1], 1, 1)), 1
    )


# %% right: a convolution with an identity
def shortcut(x, out_channels, stride):
    weight = torch.eye(out_channels, x.shape[1], dtype=x.dtype)[:, :, None, None]
    return F.conv2d(x, weight, stride=stride)


# %% right: loops
def shortcut(x, out_channels, stride):
    N, C, H, W = x.shape
    out = torch.zeros(N, out_channels, -(-H // stride), -(-W // stride), dtype=x.dtype)
    for i in range(0, H, stride):
        for j in range(0, W, stride):
            out[:, :C, i // stride, j // stride] = x[:, :, i, j]
    return out


# %% right: NumPy's pad
def shortcut(x, out_channels, stride):
    a = x.numpy()[:, :, ::stride, ::stride]
    return np.pad(a, ((0, 0), (0, out_channels - a.shape[1]), (0, 0), (0, 0)))


# %% right: einsum with a selection
def shortcut(x, out_channels, stride):
    E = torch.eye(max(out_channels, x.shape[1]), dtype=x.dtype)[:out_channels, : x.shape[1]]
    return torch.einsum("dc,nchw->ndhw", E, x[:, :, ::stride, ::stride])


# %% wrong [mean instead of every second pixel]: average pooling
def shortcut(x, out_channels, stride):
    return F.pad(
        F.avg_pool2d(x, stride, ceil_mode=True), (0, 0, 0, 0, 0, out_channels - x.shape[1])
    )


# %% wrong [largest instead of every second pixel]: max pooling
def shortcut(x, out_channels, stride):
    return F.pad(
        F.max_pool2d(x, stride, ceil_mode=True), (0, 0, 0, 0, 0, out_channels - x.shape[1])
    )


# %% wrong [zeros in front]: pad exchanged
def shortcut(x, out_channels, stride):
    return F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, out_channels - x.shape[1], 0))


# %% wrong [zeros on both sides]: as in the paper's code
def shortcut(x, out_channels, stride):
    missing = out_channels - x.shape[1]
    return F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, missing // 2, missing - missing // 2))


# %% wrong [channels repeated]: repeat
def shortcut(x, out_channels, stride):
    kept = x[:, :, ::stride, ::stride]
    times = -(-out_channels // x.shape[1])
    return kept.repeat(1, times, 1, 1)[:, :out_channels]


# %% wrong: always a stride of two
def shortcut(x, out_channels, stride):
    return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, out_channels - x.shape[1]))


# %% wrong: always doubled
def shortcut(x, out_channels, stride):
    kept = x[:, :, ::stride, ::stride]
    return torch.cat([kept, torch.zeros_like(kept)], 1)


# %% wrong: rows only
def shortcut(x, out_channels, stride):
    return F.pad(x[:, :, ::stride], (0, 0, 0, 0, 0, out_channels - x.shape[1]))


# %% wrong: rounded down
def shortcut(x, out_channels, stride):
    H, W = x.shape[2] // stride * stride, x.shape[3] // stride * stride
    return F.pad(x[:, :, :H:stride, :W:stride], (0, 0, 0, 0, 0, out_channels - x.shape[1]))


# %% wrong: random channels instead of zeros
def shortcut(x, out_channels, stride):
    kept = x[:, :, ::stride, ::stride]
    N, C, H, W = kept.shape
    return torch.cat([kept, torch.randn(N, out_channels - C, H, W, dtype=x.dtype)], 1)


# %% wrong: the padding is at the wrong axis
def shortcut(x, out_channels, stride):
    return F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, out_channels - x.shape[1]))


# %% wrong: no channels appended
lambda x, out_channels, stride: x[:, :, ::stride, ::stride]


# %% crashed: a negative step
def shortcut(x, out_channels, stride):
    return F.pad(x[:, :, ::-stride, ::-stride], (0, 0, 0, 0, 0, out_channels - x.shape[1]))


# %% wrong [starts at the second pixel]: half a stride
def shortcut(x, out_channels, stride):
    kept = x[:, :, stride // 2 :: stride, stride // 2 :: stride]
    return F.pad(kept, (0, 0, 0, 0, 0, out_channels - x.shape[1]))


# %% wrong [input changed in place]: cut off in place
def shortcut(x, out_channels, stride):
    x.clamp_(min=0)
    return F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, 0, out_channels - x.shape[1]))


# %% residual_networks.resnext
# %% right: the quadratic formula
def width(D, g, budget):
    d = int((-2 * D + math.sqrt(4 * D * D + 36 * budget / g)) / 18)
    while g * (2 * D * d + 9 * d * d) > budget:
        d -= 1
    while g * (2 * D * (d + 1) + 9 * (d + 1) ** 2) <= budget:
        d += 1
    return d


# %% right: the quadratic formula alone
lambda D, g, budget: math.floor((-D + math.sqrt(D * D + 9 * budget / g)) / 9)
# %% right: the integer square root
lambda D, g, budget: (math.isqrt(D * D + 9 * (budget // g)) - D) // 9
# %% right: a list of all widths
lambda D, g, budget: max(d for d in range(2000) if g * (2 * D * d + 9 * d * d) <= budget)


# %% right: takewhile
def width(D, g, budget):
    cost = lambda d: g * (D * d + 9 * d**2 + d * D)
    return len(list(itertools.takewhile(lambda d: cost(d) <= budget, itertools.count(1))))


# %% right: a for loop that stops
def width(D, g, budget):
    for d in range(budget + 1):
        if g * (d + 1) * (2 * D + 9 * (d + 1)) > budget:
            return d


# %% right: bisection
def width(D, g, budget):
    low, high = 0, budget
    while low < high:
        mid = (low + high + 1) // 2
        if g * mid * (2 * D + 9 * mid) <= budget:
            low = mid
        else:
            high = mid - 1
    return low


# %% right: grouped layers asked of torch
def width(D, g, budget):
    d = 0
    while True:
        w = g * (d + 1)
        with torch.device("meta"):
            layers = [nn.Conv2d(D, w, 1), nn.Conv2d(w, w, 3, groups=g), nn.Conv2d(w, D, 1)]
        if sum(layer.weight.numel() for layer in layers) > budget:
            return d
        d += 1


# %% wrong [dense 3x3]: no groups
def width(D, g, budget):
    d = 0
    while 2 * D * g * (d + 1) + 9 * (g * (d + 1)) ** 2 <= budget:
        d += 1
    return d


# %% wrong [one path counted]: no g
def width(D, g, budget):
    d = 0
    while (d + 1) * (2 * D + 9 * (d + 1)) <= budget:
        d += 1
    return d


# %% wrong [way back forgotten]: once D
def width(D, g, budget):
    d = 0
    while g * (d + 1) * (D + 9 * (d + 1)) <= budget:
        d += 1
    return d


# %% wrong [budget not used up]: strict
def width(D, g, budget):
    d = 0
    while g * (d + 1) * (2 * D + 9 * (d + 1)) < budget:
        d += 1
    return d


# %% wrong [one width too many]: one step too far
def width(D, g, budget):
    d = 0
    while g * d * (2 * D + 9 * d) <= budget:
        d += 1
    return d


# %% wrong [total width]: times g
lambda D, g, budget: g * math.floor((-D + math.sqrt(D * D + 9 * budget / g)) / 9)
# %% wrong: rounded to the nearest
lambda D, g, budget: round((-D + math.sqrt(D * D + 9 * budget / g)) / 9)
# %% wrong: not rounded
lambda D, g, budget: (-D + math.sqrt(D * D + 9 * budget / g)) / 9


# %% wrong: a 3x3 of three weights
def width(D, g, budget):
    d = 0
    while g * (d + 1) * (2 * D + 3 * (d + 1)) <= budget:
        d += 1
    return d


# %% wrong: at least one
lambda D, g, budget: max(1, math.floor((-D + math.sqrt(D * D + 9 * budget / g)) / 9))


# %% wrong: powers of two only
def width(D, g, budget):
    d = 1
    while g * 2 * d * (2 * D + 18 * d) <= budget:
        d *= 2
    return d


# %% wrong: the linear part alone
lambda D, g, budget: budget // (2 * D * g)


# %% wrong [norms counted]: four for each inner channel, two for each outer
def width(D, g, budget):
    d = 0
    while g * (d + 1) * (2 * D + 9 * (d + 1)) + 4 * g * (d + 1) + 2 * D <= budget:
        d += 1
    return d


# %% residual_networks.dense_channels
# %% right: implicit products
{"reads": "k0 + k(l-1)", "ends": "k0 + kL"}
# %% right: multiplied out, with an index
{"reads": "k_0 + kl - k", "ends": "Lk + k_0"}
# %% right: Unicode indices, in order
["k₀ + (l−1)·k", "k₀ + L·k"]
# %% right: the other order by name
{"ends": "k0+L*k", "reads": "k0-k+l*k"}
# %% right: sympy
k0, k, l, L = sympy.symbols("k0 k l L")
channels = {"reads": k0 + (l - 1) * k, "ends": k0 + L * k}
# %% wrong [own channels read]: a product
{"reads": "k0 + kl", "ends": "k0 + kL"}
# %% wrong [last layer left out]: a product
{"reads": "k0 + k(l-1)", "ends": "k0 + k(L-1)"}
# %% wrong [start forgotten]: a product
{"reads": "k0 + k(l-1)", "ends": "kL"}
# %% wrong [nothing read at first]: a product
{"reads": "k(l-1)", "ends": "k0 + kL"}
# %% wrong [last layer's reading]: a product
{"reads": "k0 + k(L-1)", "ends": "k0 + kL"}
# %% wrong [end of layer l]: a product
{"reads": "k0 + k(l-1)", "ends": "k0 + kl"}
# %% wrong [channels replaced]: a letter
{"reads": "k", "ends": "k0 + kL"}
# %% wrong: exchanged
{"reads": "k0 + L*k", "ends": "k0 + (l-1)*k"}
# %% wrong: one layer too few
{"reads": "k0 + (l-2)*k", "ends": "k0 + L*k"}
# %% wrong: multiplied
{"reads": "k0*k*(l-1)", "ends": "k0 + L*k"}
# %% wrong: one too many at the end
{"reads": "k0 + (l-1)*k", "ends": "k0 + (L+1)*k"}
# %% wrong [not readable]: another letter
{"reads": "c + (l-1)*k", "ends": "c + L*k"}
# %% not attempted: one gap
{"reads": "k0 + (l-1)*k", "ends": ...}
# %% residual_networks.dense_weights
# %% right: closed
lambda k0, k, L: 4 * k * (L * k0 + k * L * (L - 1) // 2) + 36 * k * k * L
# %% right: a sum
lambda k0, k, L: sum(4 * k * (k0 + i * k) + 9 * 4 * k * k for i in range(L))


# %% right: from 1 on
def weights(k0, k, L):
    total = 0
    for l in range(1, L + 1):
        total = total + (k0 + (l - 1) * k) * 4 * k + 3 * 3 * 4 * k * k
    return total


# %% right: asked of torch
def weights(k0, k, L):
    convs = nn.ModuleList()
    for l in range(L):
        convs.append(nn.Conv2d(k0 + l * k, 4 * k, 1, bias=False))
        convs.append(nn.Conv2d(4 * k, k, 3, padding=1, bias=False))
    return sum(p.numel() for p in convs.parameters())


# %% right: recursion
def weights(k0, k, L):
    return 0 if L == 0 else 4 * k * k0 + 36 * k**2 + weights(k0 + k, k, L - 1)


# %% right: NumPy
lambda k0, k, L: (4 * k * (k0 + k * np.arange(L)) + 36 * k**2).sum()
# %% right: floats
lambda k0, k, L: 4 * k * L * (k0 + k * (L - 1) / 2 + 9 * k)
# %% wrong [growth forgotten]: times L
lambda k0, k, L: L * (4 * k * k0 + 36 * k * k)
# %% wrong [no narrow 1x1 in between]: a 3x3 each
lambda k0, k, L: sum(9 * k * (k0 + i * k) for i in range(L))
# %% wrong [growth one layer early]: counted from 1
lambda k0, k, L: sum(4 * k * (k0 + i * k) + 36 * k * k for i in range(1, L + 1))
# %% wrong [3x3 on k channels]: k for 4k
lambda k0, k, L: sum(4 * k * (k0 + i * k) + 9 * k * k for i in range(L))
# %% wrong [3x3 thought to keep its width]: 4k to 4k
lambda k0, k, L: sum(4 * k * (k0 + i * k) + 9 * (4 * k) ** 2 for i in range(L))


# %% wrong [narrow maps appended]: 4k appended
def weights(k0, k, L):
    total = 0
    for _ in range(L):
        total += 4 * k * k0 + 36 * k * k
        k0 += 4 * k
    return total


# %% wrong [last layer only]: one layer
lambda k0, k, L: 4 * k * (k0 + (L - 1) * k) + 36 * k * k
# %% wrong: biases counted
lambda k0, k, L: sum(4 * k * (k0 + i * k) + 36 * k * k + 5 * k for i in range(L))
# %% wrong: one layer too few
lambda k0, k, L: sum(4 * k * (k0 + i * k) + 36 * k * k for i in range(L - 1))
# %% wrong: the kernel's side
lambda k0, k, L: sum(4 * k * (k0 + i * k) + 12 * k * k for i in range(L))
# %% wrong: the 1x1 layers alone
lambda k0, k, L: sum(4 * k * (k0 + i * k) for i in range(L))


# %% wrong: returned inside the loop
def weights(k0, k, L):
    total = 0
    for i in range(L):
        total += 4 * k * (k0 + i * k) + 36 * k * k
        return total


# %% crashed: an unknown name
lambda k0, k, L: sum(4 * k * (k0 + i * growth) + 36 * k * k for i in range(L))


# %% not attempted: half done
def weights(k0, k, L):
    total = 0
    for l in range(L):
        total += ...
    return total
