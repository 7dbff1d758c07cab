# ruff: noqa
"""Answers to the exercises of chapter 06."""

import itertools
import math

import numpy as np
import sympy
import torch
import torch.nn as nn
import torch.nn.functional as F

from cnncourse import backprop, layers

# %% backpropagation.chain
# %% right: a text
"84"
# %% right: asked of autograd
x = torch.tensor(1.0, requires_grad=True)
u = 3 * x
(u * u**2 + u).backward()
x.grad
# %% right: multiplied out
x = sympy.symbols("x")
sympy.diff((3 * x) ** 3 + 3 * x, x).subs(x, 1)
# %% right: a difference quotient
y = lambda x: (3 * x) ** 3 + 3 * x
(y(1 + 1e-5) - y(1 - 1e-5)) / 2e-5
# %% wrong [the way through v forgotten]: v held fixed
(3**2 + 1) * 3
# %% wrong [only the way through v]: u held fixed
3 * (2 * 3) * 3.0
# %% wrong [the single u forgotten]: of the product alone
3 * 3**2 * 3
# %% wrong [stopped at u]: a polynomial in u
3 * 3**2 + 1
# %% wrong [ways multiplied]: all factors
10 * 18 * 3
# %% wrong: v taken for u
(3 + 1 + 18) * 3
# %% not attempted: nothing yet
...
# %% backpropagation.cost
# %% right: a text
"2F - F1"
# %% right: sympy
F, F1 = sympy.symbols("F F1")
F + (F - F1)
# %% right: layer by layer
def backward(F, F1):
    work = 0
    for macs, reads_images in ((F1, True), (F - F1, False)):
        work += macs  # by the weight
        if not reads_images:
            work += macs  # by the input
    return work


# %% wrong [counted the backward pass once]: a text
"F"
# %% wrong [gradient by the images included]: a lambda
lambda F, F1: F + F
# %% wrong [first layer left out]: sympy
F, F1 = sympy.symbols("F F1")
2 * F - 2 * F1
# %% wrong [forward pass included]: a text
"3F - F1"
# %% wrong: first layer added
"2F + F1"
# %% wrong: only one of the two for all others
"F - F1"
# %% wrong [wrong signature]: one argument
lambda F: 2 * F
# %% backpropagation.linear
# %% right: einsum
def linear_backward(grad, x, weight):
    by_x = torch.einsum("no,oi->ni", grad, weight)
    return by_x, torch.einsum("no,ni->oi", grad, x), torch.einsum("no->o", grad)


# %% right: loops
def linear_backward(grad, x, weight):
    by_x, by_weight = torch.zeros_like(x), torch.zeros_like(weight)
    by_bias = grad.new_zeros(weight.shape[0])
    for n in range(x.shape[0]):
        for o in range(weight.shape[0]):
            by_bias[o] += grad[n, o]
            for i in range(x.shape[1]):
                by_x[n, i] += grad[n, o] * weight[o, i]
                by_weight[o, i] += grad[n, o] * x[n, i]
    return by_x, by_weight, by_bias


# %% right: NumPy
def linear_backward(grad, x, weight):
    g, x, w = grad.numpy(), x.numpy(), weight.numpy()
    return np.dot(g, w), np.dot(g.T, x), np.sum(g, axis=0)


# %% right: a list of outer products
def linear_backward(grad, x, weight):
    by_weight = sum(torch.outer(g, row) for g, row in zip(grad, x))
    return [F.linear(grad, weight.t()), by_weight, sum(grad)]


# %% right: the library's
def linear_backward(grad, x, weight):
    return backprop.linear_backward(grad, x, weight)


# %% wrong [sum over batch forgotten for the bias]: returned as it came
def linear_backward(grad, x, weight):
    return torch.mm(grad, weight), torch.mm(grad.t(), x), grad * 1


# %% wrong [bias averaged over the batch]: mean
def linear_backward(grad, x, weight):
    return grad @ weight, grad.T @ x, grad.sum(0) / grad.shape[0]


# %% wrong [weight averaged over the batch]: mean of outer products
def linear_backward(grad, x, weight):
    by_weight = (grad[:, :, None] * x[:, None, :]).mean(0)
    return grad @ weight, by_weight, grad.sum(0)


# %% wrong [weight gradient transposed]: einsum
def linear_backward(grad, x, weight):
    return grad @ weight, torch.einsum("no,ni->io", grad, x), grad.sum(0)


# %% wrong [weight the wrong way round]: which crashes where sizes differ
def linear_backward(grad, x, weight):
    return torch.mm(grad, weight.t()), grad.T @ x, grad.sum(0)


# %% wrong: both means
def linear_backward(grad, x, weight):
    return grad @ weight, grad.T @ x / len(x), grad.mean(0)


# %% wrong: two of three
def linear_backward(grad, x, weight):
    return grad @ weight, grad.T @ x


# %% wrong: another order
def linear_backward(grad, x, weight):
    return grad.T @ x, grad @ weight, grad.sum(0)


# %% not allowed: autograd
def linear_backward(grad, x, weight):
    x, weight = x.clone().requires_grad_(), weight.clone().requires_grad_()
    bias = torch.zeros(len(weight), dtype=x.dtype, requires_grad=True)
    return torch.autograd.grad(x @ weight.T + bias, (x, weight, bias), grad)


# %% not allowed: backward
def linear_backward(grad, x, weight):
    x, weight = x.clone().requires_grad_(), weight.clone().requires_grad_()
    bias = torch.zeros(len(weight), dtype=x.dtype, requires_grad=True)
    F.linear(x, weight, bias).backward(grad)
    return x.grad, weight.grad, bias.grad


# %% crashed: shapes that never fit
def linear_backward(grad, x, weight):
    return grad @ weight, x @ grad, grad.sum(0)


# %% not attempted: half done
def linear_backward(grad, x, weight):
    by_x = grad @ weight
    by_weight = ...
    return by_x, by_weight, grad.sum(0)


# %% backpropagation.relu
# %% right: a mask
def relu_backward(grad, x):
    return grad * (x > 0)


# %% right: in place on a copy
def relu_backward(grad, x):
    out = grad.clone()
    out[x <= 0] = 0
    return out


# %% right: NumPy
def relu_backward(grad, x):
    return np.where(x.numpy() > 0, grad.numpy(), 0)


# %% right: Heaviside
def relu_backward(grad, x):
    return grad * torch.heaviside(x, torch.zeros_like(x))


# %% right: lists
def relu_backward(grad, x):
    pairs = zip(grad.flatten().tolist(), x.flatten().tolist())
    return torch.tensor([g if v > 0 else 0.0 for g, v in pairs]).view(x.shape)


# %% wrong [sign of the gradient asked]: where
def relu_backward(grad, x):
    return torch.where(grad > 0, grad, 0 * grad)


# %% wrong [both signs asked]: guided
def relu_backward(grad, x):
    return F.relu(grad) * (x > 0)


# %% wrong [value in place of the slope]: relu of x
def relu_backward(grad, x):
    return torch.relu(x) * grad


# %% wrong [kink let through]: at least 0
def relu_backward(grad, x):
    return grad * (x >= 0).to(grad.dtype)


# %% wrong [nothing stopped]: the gradient
lambda grad, x: 1 * grad
# %% wrong: half at the kink
def relu_backward(grad, x):
    return grad * torch.heaviside(x, torch.full_like(x, 0.5))


# %% wrong: the mask alone
lambda grad, x: (x > 0).double()
# %% wrong [input changed in place]: the gradient itself
def relu_backward(grad, x):
    grad[x <= 0] = 0
    return grad


# %% not allowed: autograd
def relu_backward(grad, x):
    x = x.clone().requires_grad_()
    x.relu().backward(grad)
    return x.grad


# %% backpropagation.cross_entropy
# %% right: one-hot
def loss_gradient(logits, target):
    y = F.one_hot(target, logits.shape[1])
    return (torch.softmax(logits, dim=-1) - y) / logits.shape[0]


# %% right: NumPy, shifted
def loss_gradient(logits, target):
    z = logits.numpy() - logits.numpy().max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    p[np.arange(len(p)), target.numpy()] -= 1
    return p / len(p)


# %% right: by log_softmax
def loss_gradient(logits, target):
    p = logits.log_softmax(1).exp()
    return (p.scatter_add(1, target[:, None], -torch.ones_like(p))) / len(p)


# %% right: row by row
def loss_gradient(logits, target):
    rows = []
    for z, t in zip(logits, target):
        y = torch.eye(len(z), dtype=z.dtype)[t]
        rows.append((z.softmax(0) - y) / len(logits))
    return torch.stack(rows)


# %% right: the matrix of derivatives of log_softmax
def loss_gradient(logits, target):
    n, c = logits.shape
    p = logits.softmax(1)
    jacobian = torch.eye(c, dtype=p.dtype) - p[:, None, :]  # of log p by z
    return -jacobian[torch.arange(n), target] / n


# %% wrong [sum instead of mean]: one-hot
def loss_gradient(logits, target):
    return logits.softmax(1) - torch.eye(logits.shape[1])[target]


# %% wrong [sign turned round]: y minus p
def loss_gradient(logits, target):
    return (F.one_hot(target, logits.shape[1]) - logits.softmax(1)) / len(target)


# %% wrong [right class not subtracted]: mean
def loss_gradient(logits, target):
    return F.softmax(logits, 1) / len(logits)


# %% wrong [only the right class]: a mask
def loss_gradient(logits, target):
    y = F.one_hot(target, logits.shape[1])
    return (logits.softmax(1) - 1) * y / len(y)


# %% wrong [softmax over the batch]: another axis
def loss_gradient(logits, target):
    return (logits.softmax(dim=0) - F.one_hot(target, logits.shape[1])) / len(logits)


# %% wrong [through a saved probability]: the matrix of the softmax
def loss_gradient(logits, target):
    p = logits.softmax(1)
    by_p = -F.one_hot(target, p.shape[1]) / p / len(p)
    by_p = by_p.where(F.one_hot(target, p.shape[1]) == 1, torch.zeros_like(p))
    matrix = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    return (matrix @ by_p[:, :, None])[:, :, 0]


# %% wrong [NaN in the result]: an exponential that overflows
def loss_gradient(logits, target):
    e = logits.exp()
    p = e / e.sum(1, keepdim=True)
    return (p - F.one_hot(target, p.shape[1])) / len(p)


# %% wrong: through a probability with a small number added
def loss_gradient(logits, target):
    p = logits.softmax(1)
    y = F.one_hot(target, p.shape[1])
    by_p = -y / (p + 1e-3)
    return p * (by_p - (by_p * p).sum(1, keepdim=True)) / len(p)


# %% wrong [averaged over the classes, too]: divided by all numbers
def loss_gradient(logits, target):
    return (logits.softmax(1) - F.one_hot(target, logits.shape[1])) / logits.numel()


# %% not allowed: autograd
def loss_gradient(logits, target):
    z = logits.clone().requires_grad_()
    return torch.autograd.grad(F.cross_entropy(z, target), z)[0]


# %% not attempted: half done
def loss_gradient(logits, target):
    p = logits.softmax(1)
    y = ...
    return (p - y) / len(p)


# %% backpropagation.pooling
# %% right: by unfold and scatter
def max_pool_backward(grad, x, k, s):
    H, W = x.shape
    places = torch.arange(H * W).view(H, W).unfold(0, k, s).unfold(1, k, s)
    windows = x.unfold(0, k, s).unfold(1, k, s).flatten(2)
    winner = places.flatten(2).gather(2, windows.argmax(2, keepdim=True))
    return grad.new_zeros(H * W).scatter_add(0, winner.flatten(), grad.flatten()).view(H, W)


# %% right: index_put with accumulation
def max_pool_backward(grad, x, k, s):
    _, winner = F.max_pool2d(x[None], k, s, return_indices=True)
    out = torch.zeros_like(x).flatten()
    return out.index_add(0, winner.flatten(), grad.flatten()).view(x.shape)


# %% right: four loops
def max_pool_backward(grad, x, k, s):
    out = torch.zeros_like(x)
    for i, j in itertools.product(range(grad.shape[0]), range(grad.shape[1])):
        best, where = -math.inf, None
        for a in range(k):
            for b in range(k):
                if x[i * s + a, j * s + b] > best:
                    best, where = x[i * s + a, j * s + b], (i * s + a, j * s + b)
        out[where] = out[where] + grad[i, j]
    return out


# %% right: NumPy
def max_pool_backward(grad, x, k, s):
    g, x = grad.numpy(), x.numpy()
    out = np.zeros_like(x)
    for i in range(g.shape[0]):
        for j in range(g.shape[1]):
            window = x[i * s : i * s + k, j * s : j * s + k]
            a, b = np.unravel_index(np.argmax(window), window.shape)
            out[i * s + a, j * s + b] += g[i, j]
    return out


# %% right: the library's
def max_pool_backward(grad, x, k, s):
    return backprop.max_pool2d_backward(grad[None, None], x[None, None], k, s)[0, 0]


# %% wrong [overwritten, not added]: one place
def max_pool_backward(grad, x, k, s):
    out = torch.zeros_like(x)
    for i in range(grad.shape[0]):
        for j in range(grad.shape[1]):
            a, b = divmod(int(x[i * s : i * s + k, j * s : j * s + k].argmax()), k)
            out[i * s + a, j * s + b] = grad[i, j]
    return out


# %% wrong [overwritten, not added]: assignment with an index
def max_pool_backward(grad, x, k, s):
    _, winner = F.max_pool2d(x[None], k, s, return_indices=True)
    out = torch.zeros_like(x).flatten()
    for place, g in zip(winner.flatten(), grad.flatten()):
        out[place] = g
    return out.view(x.shape)


# %% wrong [whole window overwritten]: a mask without ties
def max_pool_backward(grad, x, k, s):
    out = torch.zeros_like(x)
    for i in range(grad.shape[0]):
        for j in range(grad.shape[1]):
            block = x[i * s : i * s + k, j * s : j * s + k].flatten()
            mask = torch.zeros_like(block)
            mask[block.argmax()] = grad[i, j]
            out[i * s : i * s + k, j * s : j * s + k] = mask.view(k, k)
    return out


# %% wrong [to all ties]: a mask
def max_pool_backward(grad, x, k, s):
    out = torch.zeros_like(x)
    for i in range(grad.shape[0]):
        for j in range(grad.shape[1]):
            block = x[i * s : i * s + k, j * s : j * s + k]
            out[i * s : i * s + k, j * s : j * s + k] += grad[i, j] * (block == block.max())
    return out


# %% wrong [split among ties]: by amax
def max_pool_backward(grad, x, k, s):
    z = x.clone()
    out = torch.zeros_like(x)
    for i, row in enumerate(grad):
        for j, g in enumerate(row):
            block = z[i * s : i * s + k, j * s : j * s + k]
            ties = (block == block.amax()).double()
            out[i * s : i * s + k, j * s : j * s + k] += g * ties / ties.sum()
    return out


# %% wrong [to all values of the window]: like an average
def max_pool_backward(grad, x, k, s):
    out = torch.zeros_like(x)
    for i in range(grad.shape[0]):
        for j in range(grad.shape[1]):
            out[i * s : i * s + k, j * s : j * s + k] += grad[i, j] / k**2
    return out


# %% wrong [stride dropped]: windows side by side
def max_pool_backward(grad, x, k, s):
    out = torch.zeros_like(x)
    for i in range(grad.shape[0]):
        for j in range(grad.shape[1]):
            a, b = divmod(x[i : i + k, j : j + k].argmax().item(), k)
            out[i + a, j + b] += grad[i, j]
    return out


# %% wrong: the mask overwrites and goes to all ties
def max_pool_backward(grad, x, k, s):
    out = torch.zeros_like(x)
    for i in range(grad.shape[0]):
        for j in range(grad.shape[1]):
            block = x[i * s : i * s + k, j * s : j * s + k]
            out[i * s : i * s + k, j * s : j * s + k] = grad[i, j] * (block == block.max())
    return out


# %% wrong [last of several]: the window turned round
def max_pool_backward(grad, x, k, s):
    out = torch.zeros_like(x)
    for i in range(grad.shape[0]):
        for j in range(grad.shape[1]):
            last = k * k - 1 - x[i * s : i * s + k, j * s : j * s + k].flatten().flip(0).argmax().item()
            out[i * s + last // k, j * s + last % k] += grad[i, j]
    return out


# %% wrong [place in the window taken for one in the image]: divmod
def max_pool_backward(grad, x, k, s):
    out = torch.zeros_like(x)
    for i in range(grad.shape[0]):
        for j in range(grad.shape[1]):
            a, b = divmod(x[i * s : i * s + k, j * s : j * s + k].argmax().item(), k)
            out[a, b] += grad[i, j]
    return out


# %% not allowed: autograd
def max_pool_backward(grad, x, k, s):
    x = x.clone().requires_grad_()
    F.max_pool2d(x[None], k, s)[0].backward(grad)
    return x.grad


# %% backpropagation.bias
# %% right: a text
"6,272"
# %% right: a sum of ones
torch.ones(32, 8, 14, 14).sum((0, 2, 3))[0]
# %% right: a power
32 * 14**2
# %% wrong [sum over batch forgotten for the bias]: a product
14 * 14
# %% wrong [sum over places forgotten]: a text
"32"
# %% wrong [averaged]: a mean
torch.ones(32, 8, 14, 14).mean()
# %% wrong [summed over channels, too]: a sum
torch.ones(32, 8, 14, 14).sum()
# %% wrong: one side of the image
32 * 14
# %% backpropagation.places
# %% right: implicit products
{"output": "(m + p - ad)/s", "input": "is + ad - p"}
# %% right: a tuple
("(m - a*d + p) / s", "s*i - p + d*a")
# %% right: two fractions
{"output": "(m + p)/s - a*d/s", "input": "i*s - (p - a*d)"}
# %% right: sympy solves the equation
i, m, a, s, p, d = sympy.symbols("i m a s p d")
read = i * s + a * d - p
{"output": sympy.solve(read - m, i)[0], "input": read}
# %% wrong [flip forgotten]: both
{"output": "(m + p + ad)/s", "input": "is + ad - p"}
# %% wrong [stride not undone]: implicit
("m + p - ad", "is + ad - p")
# %% wrong [stride not undone]: two mistakes
{"output": "p + m - d*a", "input": "i + a - p"}
# %% wrong [padding with the wrong sign]: a tuple
("(m - a*d - p)/s", "i*s + a*d - p")
# %% wrong [only the place divided]: no brackets
{"output": "m/s + p - a*d", "input": "i*s + a*d - p"}
# %% wrong [weight gradient flipped]: the second gap
{"output": "(m + p - a*d)/s", "input": "i*s - a*d - p"}
# %% wrong [stride and dilation exchanged here]: the second gap
("(m + p - a*d)/s", "i*d + a*s - p")
# %% wrong: multiplied instead of divided
{"output": "(m + p - a*d)*s", "input": "i*s + a*d - p"}
# %% wrong: padding added in the second gap
{"output": "(m + p - a*d)/s", "input": "i*s + a*d + p"}
# %% not attempted: one gap
{"output": "(m + p - a*d)/s", "input": ...}
# %% backpropagation.conv_input
# %% right: zeros between, then a convolution with flipped kernels
def input_gradient(grad, weight, height, width, stride, padding):
    k = weight.shape[-1]
    spread = grad.new_zeros(grad.shape[0], height + 2 * padding - k + 1, width + 2 * padding - k + 1)
    rows, columns = (torch.arange(n) * stride for n in grad.shape[1:])
    spread[:, rows[:, None], columns] = grad
    kernel = weight.flip(2, 3).transpose(0, 1)
    full = F.conv2d(spread[None], kernel, padding=k - 1)[0]
    return full[:, padding : padding + height, padding : padding + width]


# %% right: tap by tap
def input_gradient(grad, weight, height, width, stride, padding):
    h, w = grad.shape[1:]
    out = grad.new_zeros(weight.shape[1], height + 2 * padding, width + 2 * padding)
    for a in range(weight.shape[2]):
        for b in range(weight.shape[3]):
            rows = slice(a, a + stride * (h - 1) + 1, stride)
            columns = slice(b, b + stride * (w - 1) + 1, stride)
            out[:, rows, columns] += torch.einsum("ohw,oc->chw", grad, weight[:, :, a, b])
    return out[:, padding : padding + height, padding : padding + width]


# %% right: columns folded back
def input_gradient(grad, weight, height, width, stride, padding):
    columns = weight.flatten(1).T @ grad.flatten(1)
    return F.fold(columns, (height, width), weight.shape[2:], padding=padding, stride=stride)


# %% right: the transposed matrix
def input_gradient(grad, weight, height, width, stride, padding):
    matrix = layers.convolution_matrix(weight, (height, width), stride, padding).to_dense()
    return (grad.flatten() @ matrix).view(-1, height, width)


# %% right: NumPy, loops over inputs
def input_gradient(grad, weight, height, width, stride, padding):
    g, w = grad.numpy(), weight.numpy()
    k, out = w.shape[-1], np.zeros((w.shape[1], height, width), dtype=g.dtype)
    for m in range(height):
        for n in range(width):
            for a in range(k):
                for b in range(k):
                    i, j = m + padding - a, n + padding - b
                    if i % stride == 0 and j % stride == 0:
                        i, j = i // stride, j // stride
                        if 0 <= i < g.shape[1] and 0 <= j < g.shape[2]:
                            out[:, m, n] += g[:, i, j] @ w[:, :, a, b]
    return out


# %% wrong [flip forgotten]: tap by tap
def input_gradient(grad, weight, height, width, stride, padding):
    k, (h, w) = weight.shape[-1], grad.shape[1:]
    out = grad.new_zeros(weight.shape[1], height + 2 * padding, width + 2 * padding)
    for a in range(k):
        for b in range(k):
            rows = slice(a, a + stride * (h - 1) + 1, stride)
            columns = slice(b, b + stride * (w - 1) + 1, stride)
            tap = weight[:, :, k - 1 - a, k - 1 - b]
            out[:, rows, columns] += torch.einsum("ohw,oc->chw", grad, tap)
    return out[:, padding : padding + height, padding : padding + width]


# %% wrong [stride not undone]: loops
def input_gradient(grad, weight, height, width, stride, padding):
    k = weight.shape[-1]
    out = grad.new_zeros(weight.shape[1], height + 2 * padding, width + 2 * padding)
    for i in range(grad.shape[1]):
        for j in range(grad.shape[2]):
            for o in range(grad.shape[0]):
                out[:, i : i + k, j : j + k] += grad[o, i, j] * weight[o]
    return out[:, padding : padding + height, padding : padding + width]


# %% wrong [remainder forgotten]: zeros between, size from the gradient
def input_gradient(grad, weight, height, width, stride, padding):
    c, h, w = grad.shape
    k = weight.shape[-1]
    spread = grad.new_zeros(c, (h - 1) * stride + 1, (w - 1) * stride + 1)
    spread[:, ::stride, ::stride] = grad
    return F.conv2d(spread[None], weight.flip(2, 3).transpose(0, 1), padding=k - 1 - padding)[0]


# %% wrong [padding not cut off]: the first rows kept
def input_gradient(grad, weight, height, width, stride, padding):
    columns = weight.flatten(1).T @ grad.flatten(1)
    size = height + 2 * padding, width + 2 * padding
    return F.fold(columns, size, weight.shape[2:], stride=stride)[:, :height, :width]


# %% wrong [overwritten, not added]: loops
def input_gradient(grad, weight, height, width, stride, padding):
    k = weight.shape[-1]
    out = grad.new_zeros(weight.shape[1], height + 2 * padding, width + 2 * padding)
    for i in range(grad.shape[1]):
        for j in range(grad.shape[2]):
            value = torch.tensordot(grad[:, i, j], weight, 1)
            out[:, i * stride : i * stride + k, j * stride : j * stride + k] = value
    return out[:, padding : padding + height, padding : padding + width]


# %% wrong [channel axes not exchanged]: flipped only, crashes where channels differ
def input_gradient(grad, weight, height, width, stride, padding):
    k = weight.shape[-1]
    spread = grad.new_zeros(grad.shape[0], height + 2 * padding - k + 1, width + 2 * padding - k + 1)
    rows, columns = (torch.arange(n) * stride for n in grad.shape[1:])
    spread[:, rows[:, None], columns] = grad
    full = F.conv2d(spread[None], weight.flip(2, 3), padding=k - 1)[0]
    return full[:, padding : padding + height, padding : padding + width]


# %% wrong [padding kept]: columns folded back
def input_gradient(grad, weight, height, width, stride, padding):
    columns = weight.flatten(1).T @ grad.flatten(1)
    size = height + 2 * padding, width + 2 * padding
    return F.fold(columns, size, weight.shape[2:], stride=stride)


# %% not allowed: torch's transposed convolution
def input_gradient(grad, weight, height, width, stride, padding):
    k = weight.shape[-1]
    rest = [(n + 2 * padding - k) % stride for n in (height, width)]
    return F.conv_transpose2d(grad[None], weight, None, stride, padding, rest)[0]


# %% not allowed: torch's own gradient
def input_gradient(grad, weight, height, width, stride, padding):
    size = (1, weight.shape[1], height, width)
    return torch.nn.grad.conv2d_input(size, weight, grad[None], stride, padding)[0]


# %% not allowed: autograd
def input_gradient(grad, weight, height, width, stride, padding):
    x = grad.new_zeros(1, weight.shape[1], height, width, requires_grad=True)
    return torch.autograd.grad(F.conv2d(x, weight, None, stride, padding), x, grad[None])[0][0]


# %% crashed: a name that does not exist
def input_gradient(grad, weight, height, width, stride, padding):
    return F.fold(weight.flatten(1).T @ grad.flatten(1), (height, width), kernel, stride=stride)


# %% not attempted: half done
def input_gradient(grad, weight, height, width, stride, padding):
    out = grad.new_zeros(weight.shape[1], height + 2 * padding, width + 2 * padding)
    for i in range(grad.shape[1]):
        for j in range(grad.shape[2]):
            ...
    return out[:, padding : padding + height, padding : padding + width]


# %% backpropagation.conv_weight
# %% right: tap by tap
def weight_gradient(x, grad, k, stride):
    h, w = grad.shape[2:]
    out = grad.new_zeros(grad.shape[1], x.shape[1], k, k)
    for a in range(k):
        for b in range(k):
            read = x[:, :, a : a + stride * h : stride, b : b + stride * w : stride][..., :h, :w]
            out[:, :, a, b] = torch.einsum("nohw,nchw->oc", grad, read)
    return out


# %% right: columns
def weight_gradient(x, grad, k, stride):
    columns = F.unfold(x, k, stride=stride)
    return (grad.flatten(2) @ columns.mT).sum(0).view(-1, x.shape[1], k, k)


# %% right: windows and einsum
def weight_gradient(x, grad, k, stride):
    windows = x.unfold(2, k, stride).unfold(3, k, stride)
    return torch.einsum("noij,ncijab->ocab", grad, windows)


# %% right: window by window
def weight_gradient(x, grad, k, stride):
    total = 0
    for i in range(grad.shape[2]):
        for j in range(grad.shape[3]):
            window = x[:, :, i * stride : i * stride + k, j * stride : j * stride + k]
            total = total + (grad[:, :, None, i, j, None, None] * window[:, None]).sum(0)
    return total


# %% right: NumPy
def weight_gradient(x, grad, k, stride):
    view = np.lib.stride_tricks.sliding_window_view(x.numpy(), (k, k), axis=(2, 3))
    return np.einsum("noij,ncijab->ocab", grad.numpy(), view[:, :, ::stride, ::stride])


# %% wrong [weight gradient flipped]: columns
def weight_gradient(x, grad, k, stride):
    columns = F.unfold(x, k, stride=stride)
    return (grad.flatten(2) @ columns.mT).sum(0).view(-1, x.shape[1], k, k).flip(-1, -2)


# %% wrong [stride not undone]: tap by tap
def weight_gradient(x, grad, k, stride):
    h, w = grad.shape[2:]
    out = grad.new_zeros(grad.shape[1], x.shape[1], k, k)
    for a in range(k):
        for b in range(k):
            out[:, :, a, b] = torch.einsum("nohw,nchw->oc", grad, x[:, :, a : a + h, b : b + w])
    return out


# %% wrong [averaged over the batch]: windows
def weight_gradient(x, grad, k, stride):
    windows = x.unfold(2, k, stride).unfold(3, k, stride)
    return torch.einsum("noij,ncijab->nocab", grad, windows).mean(0)


# %% wrong [channel axes not exchanged]: einsum
def weight_gradient(x, grad, k, stride):
    windows = x.unfold(2, k, stride).unfold(3, k, stride)
    return torch.einsum("noij,ncijab->coab", grad, windows)


# %% wrong [rows left over not cut off]: a dilated convolution
def weight_gradient(x, grad, k, stride):
    return F.conv2d(x.transpose(0, 1), grad.transpose(0, 1), None, 1, 0, stride).transpose(0, 1)


# %% wrong [stride kept a stride]: a strided convolution
def weight_gradient(x, grad, k, stride):
    return F.conv2d(x.transpose(0, 1), grad.transpose(0, 1), None, stride).transpose(0, 1)


# %% wrong [averaged over batch and places]: windows
def weight_gradient(x, grad, k, stride):
    windows = x.unfold(2, k, stride).unfold(3, k, stride)
    n, _, h, w = grad.shape
    return torch.einsum("noij,ncijab->ocab", grad, windows) / (n * h * w)


# %% wrong: the first image alone
def weight_gradient(x, grad, k, stride):
    return torch.einsum("oij,cijab->ocab", grad[0], x[0].unfold(1, k, stride).unfold(2, k, stride))


# %% not allowed: torch's own gradient
def weight_gradient(x, grad, k, stride):
    size = (grad.shape[1], x.shape[1], k, k)
    return torch.nn.grad.conv2d_weight(x, size, grad, stride)


# %% backpropagation.slogan
# %% right: text
"b, 3"
# %% right: joined
"B3"
# %% wrong [weight gradient flipped]: a pair
("a", 3)
# %% wrong [stride forgotten]: a list
["c", 3]
# %% wrong [the slogan dismissed]: text
"d4"
# %% wrong [libraries taken for the reason]: a pair
("b", 1)
# %% wrong [right choice, wrong reason]: a pair
("b", 2)
# %% not attempted: no reason
"b"
# %% backpropagation.adjoint_proof
# %% right: arrows
"A → B → C → D → E"
# %% right: a list
["a", "b", "c", "d", "e"]
# %% wrong [named before it is found]: text
"A, B, D, C, E"
# %% wrong [chain rule compared too early]: text
"EABCD"
# %% wrong [adjoint taken for the inverse]: a list
list("ABCDFE")
# %% wrong: two swapped
"BACDE"
# %% wrong: a step missing
"ABCD"
# %% backpropagation.output_padding
# %% right: by a quotient
lambda n, k, s, p: (n + 2 * p - k) - s * ((n + 2 * p - k) // s)
# %% right: math
def output_padding(n, k, s, p):
    return math.fmod(n + 2 * p - k, s)


# %% right: asked of the layers
def output_padding(n, k, s, p):
    small = nn.Conv1d(1, 1, k, s, p)(torch.zeros(1, 1, n))
    return n - nn.ConvTranspose1d(1, 1, k, s, p)(small).shape[-1]


# %% right: divmod
def output_padding(n, k, s, p):
    windows, rest = divmod(n - k + 2 * p, s)
    return rest


# %% right: a search
def output_padding(n, k, s, p):
    out = (n + 2 * p - k) // s + 1
    for extra in range(s):
        if (out - 1) * s - 2 * p + k + extra == n:
            return extra


# %% right: sympy
n, k, s, p = sympy.symbols("n k s p", integer=True)
sympy.Mod(n + 2 * p - k, s)
# %% wrong [always one less than the stride]: a text
"s - 1"
# %% wrong [padding forgotten]: a remainder
lambda n, k, s, p: (n - k) % s
# %% wrong [padding at one end]: divmod
lambda n, k, s, p: divmod(n + p - k, s)[1]
# %% wrong [kernel forgotten]: a remainder
lambda n, k, s, p: (n + 2 * p) % s
# %% wrong [quotient instead of rest]: a floor
lambda n, k, s, p: math.floor((n + 2 * p - k) / s)
# %% wrong [size alone]: a remainder
lambda n, k, s, p: n % s
# %% wrong: one row too many
lambda n, k, s, p: (n + 2 * p - k + 1) % s
# %% wrong: always one
lambda n, k, s, p: 1
# %% crashed: divided by stride minus two
lambda n, k, s, p: (n + 2 * p - k) % (s - 2)
# %% backpropagation.restore
# %% right: output_padding computed by hand
class Restore(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.a = nn.Conv2d(channels, 2 * channels, 3, 2, 1)
        self.b = nn.ConvTranspose2d(2 * channels, channels, 3, 2, 1)

    def forward(self, x):
        rest = [1 - n % 2 for n in x.shape[-2:]]
        return F.conv_transpose2d(self.a(x), self.b.weight, self.b.bias, 2, 1, rest)


# %% right: one more row, then cut
class Restore(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.down = nn.Conv2d(channels, 2 * channels, 3, 2, 1)
        self.up = nn.ConvTranspose2d(2 * channels, channels, 3, 2, 1, output_padding=1)

    def forward(self, x):
        h, w = x.shape[2:]
        return self.up(self.down(x))[:, :, :h, :w]


# %% right: the course's layers and the whole shape
class Restore(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.down = layers.Conv2d(channels, channels * 2, 3, 2, 1)
        self.up = layers.ConvTranspose2d(channels * 2, channels, 3, 2, 1)

    def forward(self, x):
        return self.up(self.down(x), x.shape)


# %% wrong [remainder forgotten]: two layers in a row
class Restore(nn.Sequential):
    def __init__(self, channels):
        super().__init__(
            nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1),
            nn.ConvTranspose2d(2 * channels, channels, 3, stride=2, padding=1),
        )


# %% wrong [always one row more]: output_padding in the constructor
class Restore(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.down = nn.Conv2d(channels, 2 * channels, 3, 2, 1)
        self.up = nn.ConvTranspose2d(2 * channels, channels, 3, 2, 1, 1)

    def forward(self, x):
        return self.up(self.down(x))


# %% wrong: enlarged by copying
class Restore(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.down = nn.Conv2d(channels, 2 * channels, 3, 2, 1)
        self.up = nn.Conv2d(2 * channels, channels, 3, 1, 1)

    def forward(self, x):
        return self.up(F.interpolate(self.down(x), x.shape[2:]))


# %% wrong: an activation between them
class Restore(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.down = nn.Conv2d(channels, 2 * channels, 3, 2, 1)
        self.up = nn.ConvTranspose2d(2 * channels, channels, 3, 2, 1)

    def forward(self, x):
        return self.up(self.down(x).relu(), x.shape[2:])


# %% wrong: no bias
class Restore(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.down = nn.Conv2d(channels, 2 * channels, 3, 2, 1)
        self.up = nn.ConvTranspose2d(2 * channels, channels, 3, 2, 1, bias=False)

    def forward(self, x):
        return self.up(self.down(x), x.shape[2:])


# %% crashed: channels mixed up
class Restore(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.down = nn.Conv2d(channels, 2 * channels, 3, 2, 1)
        self.up = nn.ConvTranspose2d(channels, 2 * channels, 3, 2, 1)

    def forward(self, x):
        return self.up(self.down(x), x.shape[2:])


# %% backpropagation.batch_norm
# %% right: the staged graph, backward
def batch_norm_backward(grad, x, gamma, eps):
    N = len(x)
    mu = x.sum(0) / N
    centred = x - mu
    var = (centred**2).sum(0) / N
    inv = 1 / (var + eps) ** 0.5
    dxhat = grad * gamma
    dinv = (dxhat * centred).sum(0)
    dvar = dinv * -0.5 * (var + eps) ** -1.5
    dcentred = dxhat * inv + 2 * centred / N * dvar
    return dcentred - dcentred.sum(0) / N


# %% right: the short formula
def batch_norm_backward(grad, x, gamma, eps):
    M = x.shape[0]
    sigma = torch.sqrt(x.var(0, unbiased=False) + eps)
    xh = (x - x.mean(0)) / sigma
    return gamma / sigma / M * (M * grad - grad.sum(0) - xh * (grad * xh).sum(0))


# %% right: NumPy
def batch_norm_backward(grad, x, gamma, eps):
    g, x = grad.numpy() * gamma.numpy(), x.numpy()
    s = np.sqrt(x.var(0) + eps)
    z = (x - x.mean(0)) / s
    return (g - g.mean(0) - z * (g * z).mean(0)) / s


# %% right: the library's
def batch_norm_backward(grad, x, gamma, eps):
    return backprop.batch_norm_backward(grad, x, gamma, eps)[0]


# %% right: the Jacobian of each channel
def batch_norm_backward(grad, x, gamma, eps):
    N, C = x.shape
    out = torch.zeros_like(x)
    for c in range(C):
        s = (x[:, c].var(correction=0) + eps).sqrt()
        z = (x[:, c] - x[:, c].mean()) / s
        J = (torch.eye(N) - torch.ones(N, N) / N - torch.outer(z, z) / N) / s
        out[:, c] = J.to(x.dtype).T @ (grad[:, c] * gamma[c])
    return out


# %% wrong [statistics treated as constants]: as in evaluation
def batch_norm_backward(grad, x, gamma, eps):
    return grad * gamma / torch.sqrt(x.var(0, correction=0) + eps)


# %% wrong [gamma left out]: the short formula
def batch_norm_backward(grad, x, gamma, eps):
    s = (x.var(0, correction=0) + eps).sqrt()
    z = (x - x.mean(0)) / s
    return (grad - grad.mean(0) - z * (grad * z).mean(0)) / s


# %% wrong [mean path left out]: the staged graph stops early
def batch_norm_backward(grad, x, gamma, eps):
    centred = x - x.mean(0)
    var = (centred**2).mean(0)
    dxhat = grad * gamma
    dvar = (dxhat * centred).sum(0) * -0.5 * (var + eps) ** -1.5
    return dxhat / (var + eps).sqrt() + 2 * centred / len(x) * dvar


# %% wrong [deviation path left out]: centred only
def batch_norm_backward(grad, x, gamma, eps):
    g = grad * gamma
    return (g - g.mean(0)) / (x.var(0, correction=0) + eps) ** 0.5


# %% wrong [variance for deviation]: no root at the end
def batch_norm_backward(grad, x, gamma, eps):
    v = x.var(0, correction=0) + eps
    z = (x - x.mean(0)) / v**0.5
    g = grad * gamma
    return (g - g.mean(0) - z * (g * z).mean(0)) / v


# %% wrong [variance divided by one less]: torch's default
def batch_norm_backward(grad, x, gamma, eps):
    s = (x.var(0) + eps).sqrt()
    z = (x - x.mean(0)) / s
    g = grad * gamma
    return (g - g.mean(0) - z * (g * z).mean(0)) / s


# %% wrong: eps forgotten
def batch_norm_backward(grad, x, gamma, eps):
    s = x.std(0, correction=0)
    z = (x - x.mean(0)) / s
    g = grad * gamma
    return (g - g.mean(0) - z * (g * z).mean(0)) / s


# %% wrong [sums where means belong]: the short formula
def batch_norm_backward(grad, x, gamma, eps):
    s = (x.var(0, correction=0) + eps).sqrt()
    z = (x - x.mean(0)) / s
    g = grad * gamma
    return (g - g.sum(0) - z * (g * z).sum(0)) / s


# %% wrong: statistics of a row
def batch_norm_backward(grad, x, gamma, eps):
    s = (x.var(1, correction=0, keepdim=True) + eps).sqrt()
    z = (x - x.mean(1, keepdim=True)) / s
    g = grad * gamma
    return (g - g.mean(1, keepdim=True) - z * (g * z).mean(1, keepdim=True)) / s


# %% not allowed: autograd
def batch_norm_backward(grad, x, gamma, eps):
    x = x.clone().requires_grad_()
    F.batch_norm(x, None, None, gamma, training=True, eps=eps).backward(grad)
    return x.grad


# %% backpropagation.vacuous
# %% right: text
"c 1"
# %% wrong [a passed test taken for a proof]: a pair
("a", 2)
# %% wrong [only gamma noticed]: a list
["b", 3]
# %% wrong [everything thought to pass]: text
"d4"
# %% wrong [gamma alone thought to be the reason]: joined
"C3"
# %% wrong [right choice, wrong reason]: a pair
("c", 4)
# %% backpropagation.best_step
# %% right: a text
"(u/2)^(1/3)"
# %% right: sympy
u = sympy.symbols("u", positive=True)
sympy.cbrt(u / 2)
# %% right: NumPy
lambda u: np.cbrt(u / 2)
# %% right: logarithms
lambda u: math.exp((math.log(u) - math.log(2)) / 3)
# %% wrong [both terms set equal]: a text
"u^(1/3)"
# %% wrong [square root]: math
lambda u: math.sqrt(u)
# %% wrong [as small as possible]: a text
"u"
# %% wrong [the error instead of the step]: inserted
lambda u: (u / 2) ** (2 / 3) + u / (u / 2) ** (1 / 3)
# %% wrong [square root]: a text
"sqrt(u)"
# %% wrong: the square root of both terms
lambda u: (2 * u) ** (1 / 3)
# %% backpropagation.small_step
# %% right: text
"b, 2"
# %% wrong [backward pass blamed]: a pair
("a", 3)
# %% wrong [step made still smaller]: a pair
("c", 1)
# %% wrong [ReLU blamed]: text
"d 4"
# %% wrong [truncation blamed]: a list
["b", 1]
# %% backpropagation.kink
# %% right: computed
relu = lambda v: max(v, 0)
(relu(1e-4 + 1e-3) - relu(1e-4 - 1e-3)) / 2e-3
# %% right: torch in float32
x, h = torch.tensor(1e-4), 1e-3
(F.relu(x + h) - F.relu(x - h)) / (2 * h)
# %% right: a text
"11/20"
# %% wrong [derivative instead of quotient]: a text
"1"
# %% wrong [kink itself]: a half
1 / 2
# %% wrong [divided by one step]: computed
(1e-4 + 1e-3) / 1e-3
# %% wrong [negative side not cut off]: the middle of both
(1e-4 + 1e-4) / 2 / 2e-3
# %% wrong: behind only
1e-4 / 1e-3
# %% backpropagation.checkpoints
# %% right: a text
"L/k + k - 1"
# %% right: integer division
lambda L, k: L // k + (k - 1)
# %% right: simulated
def maps(L, k):
    held, most = set(range(0, L, k)), 0
    for first in reversed(range(0, L, k)):
        segment = set(range(first, first + k))
        most = max(most, len(held | segment))
        held.discard(first)
    return most


# %% right: sympy
L, k = sympy.symbols("L k")
(L + k * (k - 1)) / k
# %% wrong [segment forgotten]: a text
"L/k"
# %% wrong [nothing saved]: a text
"L"
# %% wrong [first input of a segment counted twice]: a lambda
lambda L, k: L // k + k
# %% wrong [kept inputs forgotten]: a text
"k"
# %% wrong [all kept beside the checkpoints]: a text
"L + L/k"
# %% wrong: at the best k
"2*sqrt(L) - 1"
# %% backpropagation.recompute
# %% right: rounded
33
# %% right: a text with its unit
"33.3 %"
# %% right: a ratio
100 * (4 / 3 - 1)
# %% wrong [compared with the forward pass alone]: a text
"100 %"
# %% wrong [backward pass counted once]: computed
100 * (3 / 2 - 1)
# %% wrong [share of the new step]: computed
100 / 4
# %% wrong [new step divided by the old one]: computed
100 * 4 / 3
# %% wrong [wrong unit]: a fraction
1 / 3
# %% wrong: checkpoints thought to double the step
200
