# ruff: noqa
"""Answers to the exercises of chapter 05."""

import functools
import itertools
import math
from fractions import Fraction

import numpy as np
import sympy
import torch
import torch.nn as nn
import torch.nn.functional as F

from cnncourse.analysis.receptive_field import receptive_field

# %% receptive_field.stem
# %% right: a text
"11 pixels"
# %% right: a product
7 + 2 * (3 - 1)


# %% right: counted by a gradient
def count():
    x = torch.ones(1, 1, 99, requires_grad=True)
    y = F.conv1d(x, torch.ones(1, 1, 7), stride=2)
    F.avg_pool1d(y, 3, 2)[0, 0, 9].backward()
    return x.grad.count_nonzero()


answer = count()
# %% right: a recursion with floats
functools.reduce(lambda r, layer: r + (layer[0] - 1) * layer[1], [(7, 1.0), (3, 2.0)], 1.0)
# %% wrong [stride forgotten]: a text
"7 + 3 - 1"
# %% wrong [own stride included]: a sum
7 + 2 * 4
# %% wrong [kernel instead of kernel minus one]: a sum
7 + 3 * 2
# %% wrong [kernels multiplied]: a product
7 * 3
# %% wrong: added
10
# %% wrong: an area
121
# %% wrong [own stride included]: from the pooling on
3 + 6 * 2
# %% wrong: half
"5.5"
# %% receptive_field.interval
# %% right: other orders
{"first": "stride*i - padding", "last": "stride*i - padding + (size - 1)"}
# %% right: implicit products
{"first": "i stride - padding", "last": "i stride - padding + size - 1"}
# %% right: a tuple
("i*stride-padding", "i*stride-padding+size-1")
# %% right: Unicode
{"first": "i·stride − padding", "last": "i·stride + size − padding − 1"}
# %% right: sympy
i, size, stride, padding = sympy.symbols("i size stride padding")
interval = {"first": i * stride - padding, "last": i * stride - padding + size - 1}
# %% wrong [padding added]: a tuple
("stride*i + padding", "stride*i + padding + size - 1")
# %% wrong [last pixel one too far]: other orders
{"first": "-padding + i*stride", "last": "size + i*stride - padding"}
# %% wrong [units side by side]: other orders
{"first": "size*i - padding", "last": "size*i - padding + size - 1"}
# %% wrong [padding multiplied by the stride]: multiplied out
{"first": "i*stride - padding*stride", "last": "(i - padding)*stride + size - 1"}
# %% wrong: exchanged
{"last": "i*stride - padding", "first": "i*stride - padding + size - 1"}
# %% wrong: the next unit's first
{"first": "i*stride - padding", "last": "(i + 1)*stride - padding - 1"}
# %% wrong: padding forgotten
{"first": "i*stride", "last": "i*stride + size - 1"}
# %% wrong: centred
{"first": "i*stride - padding - (size - 1)/2", "last": "i*stride - padding + (size - 1)/2"}
# %% not attempted: the last one left
{"first": "i*stride - padding", "last": ...}
# %% wrong [not readable]: other letters
{"first": "i*S - P", "last": "i*S - P + R - 1"}
# %% receptive_field.halving
# %% right: a text
"b3"
# %% right: reason as a text
("b", "3")
# %% wrong [field doubled at once]: a text
"a4"
# %% wrong [field halved with the map]: a text
"c2"
# %% wrong [stride thought to be without effect]: a text
"d 2"
# %% wrong [the kernel thought to grow]: a text
"b 1"
# %% wrong [right choice, wrong reason]: a text
"b 4"
# %% receptive_field.pooling
# %% right: simplified
lambda n, m: 2 * n + 4 * m + 2
# %% right: a text
"2(n + 2m + 1)"


# %% right: a loop
def size(n, m):
    field, step = 1, 1
    for kernel, stride in [(3, 1)] * n + [(2, 2)] + [(3, 1)] * m:
        field += (kernel - 1) * step
        step *= stride
    return field


# %% right: backwards
def size(n, m):
    field = 1
    for _ in range(m):
        field += 2
    field = 2 * field
    for _ in range(n):
        field += 2
    return field


# %% right: sets of pixels
def size(n, m):
    places = {0}
    for _ in range(m):
        places = {p + a for p in places for a in (0, 1, 2)}
    places = {2 * p + a for p in places for a in (0, 1)}
    for _ in range(n):
        places = {p + a for p in places for a in range(3)}
    return len(places)


# %% right: the library
def size(n, m):
    layers = [nn.Conv2d(1, 1, 3) for _ in range(n)] + [nn.MaxPool2d(2)]
    layers += [nn.Conv2d(1, 1, 3) for _ in range(m)]
    return receptive_field(nn.Sequential(*layers), (1, 1, 128, 128)).size[0]


# %% right: sympy
n, m = sympy.symbols("n m")
size = 2 * (n + 1) + 4 * m
# %% wrong [stride forgotten]: a text
"2(n + m + 1)"


# %% wrong [pooling doubles what was seen]: a loop
def size(n, m):
    field = 1
    for _ in range(n):
        field += 2
    field *= 2
    for _ in range(m):
        field += 4
    return field


# %% wrong [pooling counted twice]: a text
"1 + 2n + 2 + 4m"
# %% wrong [pooling sees nothing new]: a text
"1 + 2n + 4m"
# %% wrong [kernel instead of kernel minus one]: a text
"3(n + 1 + 2m)"
# %% wrong: layers exchanged
lambda n, m: 2 * m + 4 * n + 2
# %% wrong: powers of two
lambda n, m: 2 + 2 * n + 2**m
# %% wrong: three by three is nine
lambda n, m: 2 + 8 * n + 16 * m
# %% wrong: half behind the pooling
lambda n, m: 2 * n + m + 2
# %% wrong: hard-coded
lambda n, m: 2


# %% receptive_field.recursion
# %% right: a list and other names
def field(chain):
    R, S, P = 1, 1, 0
    for layer in chain:
        R, S, P = R + layer[3] * (layer[0] - 1) * S, S * layer[1], P + layer[2] * S
    return [R, S, P]


# %% right: from the last layer to the first
def field(layers):
    size, padding, stride = 1, 0, 1
    for k, s, p, d in reversed(layers):
        size = s * (size - 1) + d * (k - 1) + 1
        padding = s * padding + p
        stride *= s
    return size, stride, padding


# %% right: reduce
def field(layers):
    step = lambda f, l: (f[0] + l[3] * (l[0] - 1) * f[1], f[1] * l[1], f[2] + l[2] * f[1])
    return functools.reduce(step, layers, (1, 1, 0))


# %% right: recursion
def field(layers):
    if not layers:
        return 1, 1, 0
    *before, (k, s, p, d) = layers
    size, stride, padding = field(before)
    return size + d * (k - 1) * stride, s * stride, padding + p * stride


# %% right: sets of pixels of two units
def field(layers):
    def seen(unit):
        places = {unit}
        for k, s, p, d in layers[::-1]:
            places = {s * i - p + d * a for i in places for a in range(k)}
        return places

    return max(seen(0)) - min(seen(0)) + 1, min(seen(1)) - min(seen(0)), -min(seen(0))


# %% right: NumPy
def field(layers):
    k, s, p, d = np.array(layers).T
    before = np.concatenate(([1], np.cumprod(s)[:-1]))
    return 1 + (d * (k - 1) * before).sum(), s.prod(), (p * before).sum()


# %% right: a dict
def field(layers):
    f = {"size": 1, "stride": 1, "padding": 0}
    for k, s, p, d in layers:
        f["size"] += (k - 1) * d * f["stride"]
        f["padding"] += p * f["stride"]
        f["stride"] *= s
    return f


# %% right: the library
def field(layers):
    net = nn.Sequential(*(nn.Conv2d(1, 1, k, s, p, d) for k, s, p, d in layers))
    found = receptive_field(net, (1, 1, 400, 400))
    return found.size[0], found.stride[0], found.padding[0]


# %% right: a copy emptied
def field(layers):
    layers, R, S, P = list(layers), 1, 1, 0
    while layers:
        k, s, p, d = layers.pop(0)
        R, P = R + d * (k - 1) * S, P + p * S
        S *= s
    return R, S, P


# %% wrong [kernel instead of kernel minus one]: a list
def field(layers):
    R, S, P = 1, 1, 0
    for k, s, p, d in layers:
        R, S, P = R + d * k * S, S * s, P + p * S
    return [R, S, P]


# %% wrong [own stride included]: the stride first
def field(layers):
    R, S, P = 1, 1, 0
    for k, s, p, d in layers:
        S *= s
        R += d * (k - 1) * S
        P += p * S
    return R, S, P


# %% wrong [strides multiplied from the wrong side]: backwards
def field(layers):
    R, S, P = 1, 1, 0
    for k, s, p, d in reversed(layers):
        R += d * (k - 1) * S
        P += p * S
        S *= s
    return R, S, P


# %% wrong [padding enlarges the field]: other names
def field(layers):
    R, S, P = 1, 1, 0
    for k, s, p, d in layers:
        R += d * (k - 1) * S + 2 * p * S
        P += p * S
        S *= s
    return R, S, P


# %% wrong [padding not scaled]: a sum
def field(layers):
    R, S = 1, 1
    for k, s, p, d in layers:
        R += d * (k - 1) * S
        S *= s
    return R, S, sum(p for _, _, p, _ in layers)


# %% wrong [strides ignored]: sums
def field(layers):
    S = math.prod(s for _, s, _, _ in layers)
    R = 1 + sum(d * (k - 1) for k, _, _, d in layers)
    P, before = 0, 1
    for _, s, p, _ in layers:
        P += p * before
        before *= s
    return R, S, P


# %% wrong [dilation ignored]: a reduction
def field(layers):
    step = lambda f, l: (f[0] + (l[0] - 1) * f[1], f[1] * l[1], f[2] + l[2] * f[1])
    return functools.reduce(step, layers, (1, 1, 0))


# %% wrong: another order of the results
def field(layers):
    R, S, P = 1, 1, 0
    for k, s, p, d in layers:
        R, S, P = R + d * (k - 1) * S, S * s, P + p * S
    return R, P, S


# %% wrong [wrong type]: the size alone
def field(layers):
    R, S = 1, 1
    for k, s, p, d in layers:
        R, S = R + d * (k - 1) * S, S * s
    return R


# %% wrong: size starts at zero
def field(layers):
    R, S, P = 0, 1, 0
    for k, s, p, d in layers:
        R, S, P = R + d * (k - 1) * S, S * s, P + p * S
    return R, S, P


# %% wrong: padding taken for stride one layers, centred
def field(layers):
    R, S = 1, 1
    for k, s, p, d in layers:
        R, S = R + d * (k - 1) * S, S * s
    return R, S, (R - 1) // 2


# %% wrong: strides added
def field(layers):
    R, S, P = 1, 1, 0
    for k, s, p, d in layers:
        R, P = R + d * (k - 1) * S, P + p * S
        S += s - 1
    return R, S, P


# %% wrong [input changed in place]: the list emptied
def field(layers):
    R, S, P = 1, 1, 0
    while layers:
        k, s, p, d = layers.pop(0)
        R, S, P = R + d * (k - 1) * S, S * s, P + p * S
    return R, S, P


# %% wrong: the first layer only
def field(layers):
    k, s, p, d = layers[0]
    return 1 + d * (k - 1), s, p


# %% wrong: returned within the loop
def field(layers):
    R, S, P = 1, 1, 0
    for k, s, p, d in layers:
        R, S, P = R + d * (k - 1) * S, S * s, P + p * S
        return R, S, P


# %% wrong: kernel and stride exchanged
def field(layers):
    R, S, P = 1, 1, 0
    for s, k, p, d in layers:
        R, S, P = R + d * (k - 1) * S, S * s, P + p * S
    return R, S, P


# %% crashed: three names for four numbers
def field(layers):
    for k, s, p in layers:
        pass
    return 1, 1, 0


# %% not attempted: padding to be written
def field(layers):
    R, S, P = 1, 1, ...
    for k, s, p, d in layers:
        R, S = R + d * (k - 1) * S, S * s
    return R, S, P


# %% wrong [nothing returned]: returned for chains of one layer only
def field(layers):
    if len(layers) == 1:
        k, s, p, d = layers[0]
        return 1 + d * (k - 1), s, p


# %% receptive_field.chain_proof
# %% right: a list
["A", "B", "C", "D", "E"]
# %% right: arrows
"A → B → C → D → E"
# %% right: numbered
"1) a 2) b 3) c 4) d 5) e"
# %% wrong: a list
list("BACDE")
# %% wrong [assumption used before it is made]: a list
list("BCADE")
# %% wrong [conclusion read off too early]: arrows
"A → B → C → E → D"
# %% wrong [kernel size slipped in]: at the end
"ABCDEF"
# %% wrong: without the second step
"ACDE"
# %% wrong: the third step early
"ACBDE"


# %% receptive_field.branches
# %% right: two ends
def size(R1, P1, R2, P2):
    first = min(-P1, -P2)
    last = max(R1 - P1 - 1, R2 - P2 - 1)
    return last - first + 1


# %% right: sets
lambda R1, P1, R2, P2: len(set(range(-P1, R1 - P1)) | set(range(-P2, R2 - P2)))


# %% right: sizes less the overlap
def size(R1, P1, R2, P2):
    overlap = min(R1 - P1, R2 - P2) - max(-P1, -P2)
    return R1 + R2 - overlap


# %% right: a text
"max(P1, P2) + max(R1 - P1, R2 - P2)"
# %% right: sympy
R1, P1, R2, P2 = sympy.symbols("R1 P1 R2 P2")
size = sympy.Max(P1, P2) + sympy.Max(R1 - P1, R2 - P2)


# %% right: NumPy
def size(R1, P1, R2, P2):
    seen = np.zeros(999)
    seen[100 - P1 : 100 - P1 + R1] = 1
    seen[100 - P2 : 100 - P2 + R2] = 1
    return seen.sum()


# %% right: the branch that begins first
def size(R1, P1, R2, P2):
    if P2 > P1:
        R1, P1, R2, P2 = R2, P2, R1, P1
    return max(R1, P1 - P2 + R2)


# %% wrong [the larger branch]: a text
"max(R1, R2)"
# %% wrong [branches taken for a chain]: a text
"R1 + R2 - 1"
# %% wrong [sizes added]: two ranges
lambda R1, P1, R2, P2: len(range(R1)) + len(range(R2))
# %% wrong [only the beginnings compared]: a text
"max(R1, R2) + abs(P1 - P2)"
# %% wrong: the overlap
lambda R1, P1, R2, P2: min(R1 - P1, R2 - P2) + min(P1, P2)
# %% wrong: one too many
lambda R1, P1, R2, P2: max(P1, P2) + max(R1 - P1, R2 - P2) + 1
# %% wrong: padding added
lambda R1, P1, R2, P2: max(R1 + P1, R2 + P2) - min(P1, P2)
# %% wrong: paddings and sizes apart
lambda R1, P1, R2, P2: max(P1, P2) + max(R1, R2)
# %% wrong: the first branch's padding
lambda R1, P1, R2, P2: P1 + max(R1 - P1, R2 - P2)
# %% wrong: the smaller branch
lambda R1, P1, R2, P2: min(R1, R2)
# %% wrong: only the ends compared
lambda R1, P1, R2, P2: P1 + max(R1, R2) - P2


# %% receptive_field.dilated
# %% right: a loop
def size(L, k):
    field, dilation = 1, 1
    for _ in range(L):
        field += (k - 1) * dilation
        dilation *= 2
    return field


# %% right: a sum
lambda L, k: 1 + sum((k - 1) << layer for layer in range(L))
# %% right: a text
"1 + (k - 1)(2^L - 1)"
# %% right: sympy
L, k = sympy.symbols("L k")
size = (k - 1) * (2**L - 1) + 1
# %% right: NumPy
lambda L, k: 1 + (k - 1) * np.power(2, np.arange(L)).sum()


# %% right: recursion
def size(L, k):
    return 1 if L == 0 else size(L - 1, k) + (k - 1) * 2 ** (L - 1)


# %% right: floats
lambda L, k: 1 + (k - 1) * (math.pow(2, L) - 1)


# %% wrong [no dilation]: a loop
def size(L, k):
    field = 1
    for _ in range(L):
        field += k - 1
    return field


# %% wrong [the last layer alone]: shifts
lambda L, k: 1 + ((k - 1) << (L - 1))


# %% wrong [one doubling too many]: a loop
def size(L, k):
    field, dilation = 1, 1
    for _ in range(L):
        dilation *= 2
        field += (k - 1) * dilation
    return field


# %% wrong [taps instead of gaps]: a loop
def size(L, k):
    field, dilation = 1, 1
    for _ in range(L):
        field += k * dilation
        dilation *= 2
    return field


# %% wrong [dilations multiplied like strides]: a loop
def size(L, k):
    field, dilation, step = 1, 1, 1
    for _ in range(L):
        step *= dilation
        field += (k - 1) * step
        dilation *= 2
    return field


# %% wrong: one layer more
lambda L, k: 1 + (k - 1) * (2 ** (L + 1) - 1)
# %% wrong: for kernels of three
lambda L, k: 2 ** (L + 1) - 1
# %% wrong: the first pixel forgotten
lambda L, k: (k - 1) * (2**L - 1)
# %% wrong: a caret, Python's exclusive or
lambda L, k: 1 + (k - 1) * ((2 ^ L) - 1)
# %% wrong: dilations 1, 2, 3
lambda L, k: 1 + (k - 1) * L * (L + 1) // 2
# %% wrong: powers of the kernel
lambda L, k: k**L


# %% receptive_field.holes
# %% right: an array of flags
def holes(dilations):
    reach = sum(dilations)
    seen = np.zeros(2 * reach + 1, bool)
    seen[reach] = True
    for d in dilations:
        seen = seen | np.roll(seen, d) | np.roll(seen, -d)
    return np.count_nonzero(~seen)


# %% right: all paths
def holes(dilations):
    places = {sum(path) for path in itertools.product(*[(-d, 0, d) for d in dilations])}
    return 2 * sum(dilations) + 1 - len(places)


# %% right: gradients
def holes(dilations):
    n = 2 * sum(dilations) + 1
    x = torch.zeros(1, 1, n, requires_grad=True)
    y = x
    for d in dilations:
        y = F.conv1d(y, torch.ones(1, 1, 3), dilation=d)
    y.sum().backward()
    return (x.grad == 0).sum()


# %% right: polynomials
def holes(dilations):
    product = np.ones(1)
    for d in dilations:
        taps = np.zeros(2 * d + 1)
        taps[::d] = 1
        product = np.convolve(product, taps)
    return int((product == 0).sum())


# %% right: recursion
def holes(dilations):
    def seen(layers):
        if not layers:
            return frozenset([0])
        return frozenset(p + s for p in seen(layers[1:]) for s in (0, layers[0], 2 * layers[0]))

    return 2 * sum(dilations) + 1 - len(seen(dilations))


# %% right: a bitmask
def holes(dilations):
    mask = 1
    for d in dilations:
        mask |= mask << d | mask << 2 * d
    return bin(mask).count("0") - 1


# %% wrong [seen pixels counted]: a set
def holes(dilations):
    reached = {0}
    for d in dilations:
        reached |= {x + s for x in reached for s in (-d, d)}
    return len(reached)


# %% wrong [middle tap forgotten]: a set
def holes(dilations):
    reached = {0}
    for d in dilations:
        reached = {x + s for x in reached for s in (-d, d)}
    return max(reached) - min(reached) + 1 - len(reached)


# %% wrong [every path thought to end elsewhere]: a list of paths
def holes(dilations):
    paths = [0]
    for d in dilations:
        paths = [x + s for x in paths for s in (-d, 0, d)]
    return max(0, max(paths) - min(paths) + 1 - len(paths))


# %% wrong [holes of the first layer only]: a text of taps
def holes(dilations):
    d = dilations[0]
    return 2 * d + 1 - 3


# %% wrong: taps on one side
def holes(dilations):
    reached = {0}
    for d in dilations:
        reached = {x + s for x in reached for s in (0, d)}
    return max(reached) - min(reached) + 1 - len(reached)


# %% wrong: the last layer's holes
lambda dilations: 2 * (dilations[-1] - 1)
# %% wrong: holes added, layer by layer
lambda dilations: sum(2 * (d - 1) for d in dilations)
# %% wrong: holes of the sum
lambda dilations: 2 * (sum(dilations) - len(dilations))
# %% wrong: the size of the field
lambda dilations: 2 * sum(dilations) + 1
# %% wrong: paths, negative where they overlap
lambda dilations: 2 * sum(dilations) + 1 - 3 ** len(dilations)
# %% wrong: no holes
lambda dilations: 0


# %% wrong [wrong type]: the pixels themselves
def holes(dilations):
    reached = {0}
    for d in dilations:
        reached = {x + s for x in reached for s in (-d, 0, d)}
    return set(range(min(reached), max(reached) + 1)) - reached


# %% wrong: multiples of a common divisor
def holes(dilations):
    g = math.gcd(*dilations)
    reach = sum(dilations)
    return 2 * reach + 1 - (2 * (reach // g) + 1)


# %% crashed: a set that changes while it is read
def holes(dilations):
    reached = {0}
    for d in dilations:
        for x in reached:
            reached.add(x + d)
            reached.add(x - d)
    return 2 * sum(dilations) + 1 - len(reached)


# %% receptive_field.design
# %% right: a logarithm
lambda target, convs: max(0, math.ceil(math.log2((target - 1) / (2 * convs + 1) + 1)))


# %% right: a search with the closed formula
def stages(target, convs):
    return next(n for n in itertools.count() if 1 + (2 * convs + 1) * (2**n - 1) >= target)


# %% right: layer by layer
def stages(target, convs):
    n, size, step = 0, 1, 1
    while size < target:
        for _ in range(convs):
            size += 2 * step
        size += step
        step *= 2
        n += 1
    return n


# %% right: a bit length
lambda target, convs: ((target - 1 + 2 * convs) // (2 * convs + 1)).bit_length()


# %% right: recursion
def stages(target, convs, size=1, step=1):
    if size >= target:
        return 0
    return 1 + stages(target, convs, size + (2 * convs + 1) * step, 2 * step)


# %% wrong [every stage adds the same]: a ceiling
lambda target, convs: math.ceil((target - 1) / (2 * convs + 1))


# %% wrong [more than the target asked]: a search
def stages(target, convs):
    return next(n for n in itertools.count() if 1 + (2 * convs + 1) * (2**n - 1) > target)


# %% wrong [poolings see nothing new]: a search
def stages(target, convs):
    return next(n for n in itertools.count() if 1 + 2 * convs * (2**n - 1) >= target)


# %% wrong [one stage too few]: a logarithm rounded down
def stages(target, convs):
    n, size = 0, 1
    while size + (2 * convs + 1) * 2**n < target:
        size += (2 * convs + 1) * 2**n
        n += 1
    return n


# %% wrong: a logarithm that is not rounded
lambda target, convs: math.log2((target - 1) / (2 * convs + 1) + 1)
# %% wrong: a ceiling that is right for one convolution
lambda target, convs: ((target + 1) // (2 * convs + 1)).bit_length()
# %% wrong: rounded down
lambda target, convs: int(math.log2((target - 1) / (2 * convs + 1) + 1))


# %% wrong: at least one stage
def stages(target, convs):
    n, size = 0, 1
    while True:
        size += (2 * convs + 1) * 2**n
        n += 1
        if size >= target:
            return n


# %% wrong: strides to the power of the convolutions
def stages(target, convs):
    n, size, step = 0, 1, 1
    while size < target:
        size += 2 * convs * step
        step *= 2
        size += step
        n += 1
    return n


# %% wrong: the field doubles
def stages(target, convs):
    n, size = 0, 1
    while size < target:
        size = 2 * (size + 2 * convs)
        n += 1
    return n


# %% wrong: one convolution a stage
def stages(target, convs):
    n, size = 0, 1
    while size < target:
        size += 3 * 2**n
        n += 1
    return n


# %% endless: never grows
def stages(target, convs):
    n, size = 0, 1
    while size < target:
        n += 1
    return n


# %% receptive_field.context
# %% right: a Sequential
def build(channels):
    layers = []
    for d in [1, 2, 4, 8]:
        layers += [nn.Conv2d(channels, channels, 3, padding="same", dilation=d), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


# %% right: four attributes, called in order
class Context(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.d = nn.Conv2d(channels, channels, 3, 1, 8, 8)
        self.c = nn.Conv2d(channels, channels, 3, 1, 4, 4)
        self.b = nn.Conv2d(channels, channels, 3, 1, 2, 2)
        self.a = nn.Conv2d(channels, channels, 3, 1, 1, 1)

    def forward(self, x):
        x = F.relu(self.a(x))
        x = F.relu(self.b(x))
        return self.d(F.relu(self.c(x)))


# %% right: bare weights, all in one
class Context(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, channels, channels, 3, 3))
        self.bias = nn.Parameter(torch.randn(4, channels))

    def forward(self, x):
        for n in range(4):
            x = F.conv2d(
                x.relu() if n else x, self.weight[n], self.bias[n], padding=2**n, dilation=2**n
            )
        return x


# %% right: padded by a layer
def build(channels):
    def dilated(d):
        return [nn.ZeroPad2d(d), nn.Conv2d(channels, channels, 3, dilation=d)]

    return nn.Sequential(
        *dilated(1), nn.ReLU(), *dilated(2), nn.ReLU(), *dilated(4), nn.ReLU(), *dilated(8)
    )


# %% wrong [no dilation]: a Sequential
def build(c):
    return nn.Sequential(
        nn.Conv2d(c, c, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(c, c, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(c, c, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(c, c, 3, padding=1),
    )


# %% wrong [dilations twice too large]: a comprehension
def build(c):
    layers = [
        [nn.Conv2d(c, c, 3, padding=2 * 2**n, dilation=2 * 2**n), nn.ReLU()] for n in range(4)
    ]
    return nn.Sequential(*sum(layers, [])[:-1])


# %% wrong [largest dilation first]: a comprehension
def build(c):
    layers = [[nn.Conv2d(c, c, 3, padding=d, dilation=d), nn.ReLU()] for d in (8, 4, 2, 1)]
    return nn.Sequential(*sum(layers, [])[:-1])


# %% wrong [padding of a plain layer]: a comprehension
def build(c):
    layers = [[nn.Conv2d(c, c, 3, padding=1, dilation=d), nn.ReLU()] for d in (1, 2, 4, 8)]
    return nn.Sequential(*sum(layers, [])[:-1])


# %% wrong [a ReLU at the end]: a comprehension
def build(c):
    layers = [[nn.Conv2d(c, c, 3, padding=d, dilation=d), nn.ReLU()] for d in (1, 2, 4, 8)]
    return nn.Sequential(*sum(layers, []))


# %% wrong: no ReLU
def build(c):
    return nn.Sequential(*(nn.Conv2d(c, c, 3, padding=d, dilation=d) for d in (1, 2, 4, 8)))


# %% wrong: no biases
def build(c):
    layers = [
        [nn.Conv2d(c, c, 3, padding=d, dilation=d, bias=False), nn.ReLU()] for d in (1, 2, 4, 8)
    ]
    return nn.Sequential(*sum(layers, [])[:-1])


# %% wrong: dilations 1, 2, 3, 4
def build(c):
    layers = [[nn.Conv2d(c, c, 3, padding=d, dilation=d), nn.ReLU()] for d in (1, 2, 3, 4)]
    return nn.Sequential(*sum(layers, [])[:-1])


# %% wrong: dilations that add up, but are not doubled
def build(c):
    layers = [[nn.Conv2d(c, c, 3, padding=d, dilation=d), nn.ReLU()] for d in (1, 3, 4, 7)]
    return nn.Sequential(*sum(layers, [])[:-1])


# %% wrong: three layers
def build(c):
    layers = [[nn.Conv2d(c, c, 3, padding=d, dilation=d), nn.ReLU()] for d in (1, 2, 4)]
    return nn.Sequential(*sum(layers, [])[:-1])


# %% wrong: one weight for all layers
class Context(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.look = nn.Conv2d(channels, channels, 3)

    def forward(self, x):
        for d in (1, 2, 4, 8):
            x = F.conv2d(x, self.look.weight, self.look.bias, padding=d, dilation=d).relu()
        return x


# %% wrong: a shortcut
class Context(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.look = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=d, dilation=d) for d in (1, 2, 4, 8)
        )

    def forward(self, x):
        y = x
        for layer in self.look[:-1]:
            y = layer(y).relu()
        return x + self.look[-1](y)


# %% wrong: layers in a list, which no optimiser sees
class Context(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.look = [nn.Conv2d(channels, channels, 3, padding=d, dilation=d) for d in (1, 2, 4, 8)]

    def forward(self, x):
        for layer in self.look[:-1]:
            x = layer(x).relu()
        return self.look[-1](x)


# %% wrong: dilations along one axis
def build(c):
    layers = [
        [nn.Conv2d(c, c, 3, padding=(d, 1), dilation=(d, 1)), nn.ReLU()] for d in (1, 2, 4, 8)
    ]
    return nn.Sequential(*sum(layers, [])[:-1])


# %% receptive_field.sigma
# %% right: single precision
lambda L, k: torch.sqrt(torch.tensor(L * (k * k - 1) / 12))
# %% right: NumPy's deviation of the places
lambda L, k: np.sqrt(L) * np.std(np.arange(k))


# %% right: convolved
def sigma(L, k):
    p = np.ones(1)
    for _ in range(L):
        p = np.convolve(p, np.full(k, 1 / k))
    i = np.arange(len(p))
    return np.sqrt((p * i**2).sum() - (p * i).sum() ** 2)


# %% right: a sum over the taps
def sigma(L, k):
    m = k // 2
    return math.sqrt(L * sum(a * a for a in range(-m, m + 1)) / k)


# %% right: a text
"sqrt(L(k² - 1)/12)"
# %% right: a power in a text
"(L*(k^2-1)/12)^0.5"
# %% right: a root sign
"√(L(k²−1)/12)"
# %% right: sympy
L, k = sympy.symbols("L k", positive=True)
sigma = sympy.sqrt(L * (k**2 - 1) / 12)
# %% right: factored
lambda L, k: math.sqrt(L * (k - 1) * (k + 1)) / (2 * math.sqrt(3))


# %% right: a gradient
def sigma(L, k):
    x = torch.zeros(1, 1, L * (k - 1) + 1, requires_grad=True)
    y = x
    for _ in range(L):
        y = F.avg_pool1d(y, k, stride=1)
    y.sum().backward()
    place = torch.arange(x.numel()) - (x.numel() - 1) / 2
    return (x.grad.flatten() * place**2).sum().sqrt()


# %% wrong [variance instead of standard deviation]: a text
"L(k² - 1)/12"
# %% wrong [widths added]: NumPy
lambda L, k: L * np.std(np.arange(k))
# %% wrong [continuous interval]: a text
"k sqrt(L/12)"
# %% wrong [theoretical field]: integer division
lambda L, k: L * (k // 2)
# %% wrong: the unbiased deviation
lambda L, k: math.sqrt(L) * np.std(np.arange(k), ddof=1)
# %% wrong: one average
lambda L, k: math.sqrt((k**2 - 1) / 12)
# %% wrong: an interval of length k - 1
lambda L, k: math.sqrt(L * (k - 1) ** 2 / 12)
# %% wrong: integer division
lambda L, k: math.sqrt(L * (k * k - 1) // 12)
# %% wrong: a sixth
lambda L, k: math.sqrt(L * (k * k - 1) / 6)
# %% wrong: rounded
lambda L, k: round(math.sqrt(L * (k * k - 1) / 12), 1)
# %% wrong: the variance of a square
lambda L, k: math.sqrt(2 * L * (k * k - 1) / 12)
# %% wrong: for kernels of three
lambda L, k: math.sqrt(2 * L / 3)
# %% receptive_field.share
# %% right: a text
"c2"
# %% right: a dict
{"option": "c", "reason": 2}
# %% wrong [both thought to grow alike]: a text
"a4"
# %% wrong [one axis only]: a text
"b2"
# %% wrong [effective field thought constant]: a text
"d3"
# %% wrong [variance taken for the width]: a text
"c1"
# %% wrong [right choice, wrong reason]: a text
"c4"
