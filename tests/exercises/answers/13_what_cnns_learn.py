# ruff: noqa
"""Answers to the exercises of chapter 13."""

from fractions import Fraction

import numpy as np
import sympy
import torch
import torch.nn.functional as F

from cnncourse.explain import linear_cka


# %% what_cnns_learn.probability
# %% right: class by class
def probability_gradient(scores, gradients, target):
    p = torch.softmax(scores, 0)
    total = torch.zeros_like(gradients[0])
    for k in range(len(p)):
        total += p[target] * (float(k == target) - p[k]) * gradients[k]
    return total


# %% right: a row of the softmax's Jacobian
lambda scores, gradients, target: (
    (torch.diag(p := scores.softmax(0)) - torch.outer(p, p))[target] @ gradients
)


# %% right: NumPy
def probability_gradient(scores, gradients, target):
    e = np.exp(scores.numpy() - scores.max().item())
    p = e / e.sum()
    return p[target] * (gradients.numpy()[target] - p @ gradients.numpy())


# %% wrong [the score's own gradient]: a row
lambda scores, gradients, target: gradients[target] * 1.0


# %% wrong [the other classes left out]: as for a sigmoid
def probability_gradient(scores, gradients, target):
    p = scores.softmax(0)[target]
    return (p - p**2) * gradients[target]


# %% wrong [logarithm of the probability]: one minus p
lambda scores, gradients, target: (
    (F.one_hot(torch.tensor(target), len(scores)) - scores.softmax(0)) @ gradients
)


# %% wrong [plain mean over the classes]: a sum divided
def probability_gradient(scores, gradients, target):
    rest = gradients[target] - gradients.sum(0) / len(gradients)
    return scores.softmax(0)[target] * rest


# %% what_cnns_learn.integrated
# %% right: a fraction
Fraction(3, 2)
# %% right: a text
"3 * 1/2"
# %% right: a sum over a thousand steps
sum(3 for i in range(1000) if 4 * (i + 0.5) / 1000 > 2) / 1000
# %% wrong [gradient times input]: a text
"3 * 1"
# %% wrong [equal shares]: half of the score
(3 + 1 - 2) / 2
# %% wrong [score handed out whole]: the score
max(0, 3 + 1 - 2)
# %% wrong [change forgotten]: the mean gradient
Fraction(1, 2)
# %% what_cnns_learn.baseline_sum
# %% right: a text
"score - score_at_baseline"
# %% right: sympy
sympy.Symbol("score") - sympy.Symbol("score_at_baseline")


# %% right: negative of the way back
def total(score, score_at_baseline):
    return -(score_at_baseline - score)


# %% wrong [zero baseline assumed to answer zero]: a text
"score"
# %% wrong [sign turned round]: a text
"score_at_baseline - score"
# %% wrong [scores added]: a sum
lambda score, score_at_baseline: sum((score, score_at_baseline))


# %% what_cnns_learn.cam
# %% right: place by place
def class_activation_map(maps, weight, target):
    _, h, w = maps.shape
    found = torch.zeros(h, w, dtype=maps.dtype)
    for i in range(h):
        for j in range(w):
            found[i, j] = weight[target] @ maps[:, i, j] / (h * w)
    return found


# %% right: a matrix product
lambda maps, weight, target: (
    (weight @ maps.flatten(1))[target].view(maps.shape[1:]) / maps[0].numel()
)
# %% right: the head as a 1×1 convolution
lambda maps, weight, target: (
    F.conv2d(maps[None], weight[:, :, None, None])[0, target] / maps[0].numel()
)
# %% wrong [number of places forgotten]: the head as a 1×1 convolution
lambda maps, weight, target: F.conv2d(maps[None], weight[:, :, None, None])[0, target]
# %% wrong [averaged the activations]: a matrix product
lambda maps, weight, target: torch.tensordot(maps.mean((1, 2)), maps, 1)
# %% wrong [negative evidence dropped]: cut off at zero
lambda maps, weight, target: (
    torch.tensordot(weight[target], maps, 1).clamp(min=0) / (maps.shape[1] * maps.shape[2])
)
# %% wrong [all classes together]: summed over the classes
lambda maps, weight, target: torch.einsum("ck,kij->ij", weight, maps) / maps[0].numel()


# %% what_cnns_learn.grad_cam
# %% right: channel by channel
def grad_cam(maps, gradients):
    return sum(one.mean() * layer for one, layer in zip(gradients, maps))


# %% right: NumPy
lambda maps, gradients: np.tensordot(gradients.numpy().mean((1, 2)), maps.numpy(), 1)
# %% right: pooled
lambda maps, gradients: (F.adaptive_avg_pool2d(gradients, 1) * maps).sum(0)
# %% wrong [averaged the activations]: pooled
lambda maps, gradients: (F.adaptive_avg_pool2d(maps, 1) * gradients).sum(0)
# %% wrong [multiplied place by place]: einsum
lambda maps, gradients: torch.einsum("kij,kij->ij", maps, gradients)
# %% wrong [summed instead of averaged]: a matrix product
lambda maps, gradients: torch.tensordot(gradients.flatten(1).sum(1), maps, 1)
# %% wrong [cut off at zero]: as in the paper
lambda maps, gradients: F.relu((gradients.mean((1, 2), keepdim=True) * maps).sum(0))


# %% what_cnns_learn.registration
# %% right: half of a sum
lambda stride, field, padding: (stride - field) / 2 + padding
# %% right: a text
"(stride - field + 2 padding) / 2"


# %% right: means of pixels
def shift(stride, field, padding):
    cell = [p for p in range(stride)]
    seen = [p - padding for p in range(field)]
    return sum(cell) / len(cell) - sum(seen) / len(seen)


# %% wrong [cells counted from 1]: a text
"stride/2 - (field - 1)/2 + padding"
# %% wrong [field taken for centred at 0]: a text
"(stride - 1)/2"
# %% wrong [sign turned round]: half of a difference
lambda stride, field, padding: (field - stride) / 2 - padding
# %% wrong [padding added]: half of a sum
lambda stride, field, padding: (stride - field) / 2 - padding


# %% what_cnns_learn.shown
# %% right: map by map
def shown(maps):
    found = []
    for one in maps:
        cut = torch.where(one > 0, one, torch.zeros_like(one))
        found.append(cut / cut.max() if cut.max() > 0 else cut)
    return torch.stack(found)


# %% right: NumPy
def shown(maps):
    cut = np.maximum(maps.numpy(), 0)
    top = cut.max((1, 2), keepdims=True)
    return np.divide(cut, top, out=np.zeros_like(cut), where=top > 0)


# %% right: no number becomes 0
lambda maps: (maps.clamp(min=0) / maps.clamp(min=0).amax((1, 2), keepdim=True)).nan_to_num()
# %% wrong [nothing divided by nothing]: flattened
lambda maps: (cut := maps.clamp(min=0)) / cut.flatten(1).max(1).values[:, None, None]


# %% wrong [made something of nothing]: map by map
def shown(maps):
    return torch.stack([(m - m.min()) / max((m.max() - m.min()).item(), 1e-12) for m in maps])


# %% wrong [negative evidence shown as positive]: flattened
lambda maps: maps.abs() / maps.abs().flatten(1).max(1).values[:, None, None]
# %% wrong [one scale for all maps]: the largest of all
lambda maps: F.relu(maps) / max(maps.max().item(), 1e-12)


# %% what_cnns_learn.occlusion
# %% right: covered window by window
def falls(weight, x, fill, k):
    h, w = x.shape
    found = torch.zeros(h // k, w // k, dtype=x.dtype)
    for i in range(h // k):
        for j in range(w // k):
            covered = x.clone()
            covered[i * k : i * k + k, j * k : j * k + k] = fill
            found[i, j] = (weight * x).sum() - (weight * covered).sum()
    return found


# %% right: reshaped in NumPy
def falls(weight, x, fill, k):
    terms = (weight * (x - fill)).numpy()
    h, w = terms.shape
    return terms.reshape(h // k, k, w // k, k).sum((1, 3))


# %% right: unfolded
lambda weight, x, fill, k: (weight * (x - fill)).unfold(0, k, k).unfold(1, k, k).sum((2, 3))
# %% wrong [fill taken for zero]: unfolded
lambda weight, x, fill, k: (weight * x).unfold(0, k, k).unfold(1, k, k).sum((2, 3))
# %% wrong [mean over the window]: unfolded
lambda weight, x, fill, k: (weight * (x - fill)).unfold(0, k, k).unfold(1, k, k).mean((2, 3))
# %% wrong [rise instead of fall]: unfolded
lambda weight, x, fill, k: (weight * (fill - x)).unfold(0, k, k).unfold(1, k, k).sum((2, 3))
# %% wrong [gradient alone]: unfolded
lambda weight, x, fill, k: weight.unfold(0, k, k).unfold(1, k, k).sum((2, 3))


# %% what_cnns_learn.guided
# %% right: unit by unit
def guided(x, w1, w2):
    total = torch.zeros_like(x)
    for row, arriving in zip(w1, w2):
        if row @ x > 0 and arriving > 0:
            total = total + arriving * row
    return total


# %% right: rows selected
def guided(x, w1, w2):
    kept = (w1.mv(x) > 0) & (w2 > 0)
    return w2[kept] @ w1[kept]


# %% right: NumPy
def guided(x, w1, w2):
    a, b, c = x.numpy(), w1.numpy(), w2.numpy()
    return (np.maximum(c, 0) * np.heaviside(b @ a, 0)) @ b


# %% wrong [plain gradient]: rows selected
def guided(x, w1, w2):
    kept = w1.mv(x) > 0
    return w2[kept] @ w1[kept]


# %% wrong [clamped at the end]: rows selected
def guided(x, w1, w2):
    kept = w1.mv(x) > 0
    return F.relu(w2[kept] @ w1[kept])


# %% wrong [clamped twice]: rows selected
def guided(x, w1, w2):
    kept = (w1.mv(x) > 0) & (w2 > 0)
    return F.relu(w2[kept] @ w1[kept])


# %% wrong [inactive units let through]: rows selected
lambda x, w1, w2: w2[w2 > 0] @ w1[w2 > 0]
# %% what_cnns_learn.radius
# %% right: a text
"M / decay"
# %% right: sympy
sympy.Symbol("M") / sympy.Symbol("decay")


# %% right: where the parabola is highest, from three of its values
def radius(M, decay):
    at = [Fraction(M) * r - Fraction(decay) * r**2 / 2 for r in (0, 1, 2)]
    bend = at[0] - 2 * at[1] + at[2]
    return (at[0] - at[2]) / 2 / bend + 1


# %% wrong [half of it]: a text
"M / (2 decay)"
# %% wrong [value in place of the radius]: a text
"M^2 / (2*decay)"
# %% wrong [second zero]: a text
"2 M / decay"
# %% wrong [turned round]: a text
"decay / M"


# %% what_cnns_learn.cka
# %% right: cosine of two matrices
def cka(a, b):
    a, b = a - a.mean(0, keepdim=True), b - b.mean(0, keepdim=True)
    return F.cosine_similarity((a @ a.T).flatten(), (b @ b.T).flatten(), dim=0)


# %% right: NumPy
def cka(a, b):
    a, b = a.numpy() - a.numpy().mean(0), b.numpy() - b.numpy().mean(0)
    return np.linalg.norm(a.T @ b) ** 2 / np.linalg.norm(a.T @ a) / np.linalg.norm(b.T @ b)


# %% right: a centring matrix and traces
def cka(a, b):
    n = len(a)
    H = torch.eye(n, dtype=a.dtype) - 1 / n
    K, L = H @ a @ a.T @ H, H @ b @ b.T @ H
    return torch.trace(K @ L) / torch.sqrt(torch.trace(K @ K) * torch.trace(L @ L))


# %% right: the library's
lambda a, b: linear_cka(a, b)


# %% wrong [not centred]: cosine of two matrices
def cka(a, b):
    return F.cosine_similarity((a @ a.T).flatten(), (b @ b.T).flatten(), dim=0)


# %% wrong [square forgotten]: NumPy
def cka(a, b):
    a, b = a.numpy() - a.numpy().mean(0), b.numpy() - b.numpy().mean(0)
    return np.linalg.norm(a.T @ b) / np.linalg.norm(a.T @ a) / np.linalg.norm(b.T @ b)


# %% wrong [not divided]: a sum of squares
lambda a, b: ((a - a.mean(0)).T @ (b - b.mean(0))).pow(2).sum()


# %% wrong [centred over the features]: transposed twice
def cka(a, b):
    a, b = (a.T - a.mean(1)).T, (b.T - b.mean(1)).T
    return (a.T @ b).square().sum() / ((a.T @ a).norm() * (b.T @ b).norm())


# %% what_cnns_learn.step
# %% right: by cases
lambda gradient, eps: torch.where(gradient > 0, -1.0, 1.0).to(gradient.dtype) * eps
# %% right: NumPy
lambda gradient, eps: -eps * np.sign(gradient.numpy())
# %% right: divided by its absolute value
lambda gradient, eps: -gradient / gradient.abs() * eps
# %% wrong [with the gradient]: by cases
lambda gradient, eps: torch.where(gradient > 0, 1.0, -1.0).to(gradient.dtype) * eps
# %% wrong [along the gradient]: normalised
lambda gradient, eps: -eps * F.normalize(gradient.flatten(), dim=0).view_as(gradient)
# %% wrong [scaled to the largest]: infinity norm
lambda gradient, eps: -eps * gradient / gradient.flatten().norm(float("inf"))


# %% wrong [the steepest pixel alone]: by index
def step(gradient, eps):
    moved = torch.zeros_like(gradient).flatten()
    steep = gradient.abs().flatten() == gradient.abs().max()
    moved[steep] = -eps * gradient.flatten()[steep].sign()
    return moved.view_as(gradient)
