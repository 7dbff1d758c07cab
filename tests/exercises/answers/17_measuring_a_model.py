# ruff: noqa
"""Answers to the exercises of chapter 17."""

import math
import statistics
from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

TIMES = [41, 12, 13, 12, 54, 12, 13]


# %% measuring_a_model.median
# %% right: statistics
statistics.median(TIMES[1:])
# %% right: NumPy
np.median(TIMES[1:])
# %% right: a fraction
Fraction(25, 2)
# %% wrong [first call kept]: all seven
statistics.median(TIMES)
# %% wrong [mean of all]: rounded
round(statistics.mean(TIMES), 1)
# %% wrong [mean without the first call]: rounded
round(statistics.mean(TIMES[1:]), 2)
# %% wrong [least]: the quickest
min(TIMES)
# %% measuring_a_model.waiting
# %% right: a text with its unit
"510 ms"
# %% right: in steps
sum([10] * 31) + 200
# %% wrong [throughput taken for latency]: a share
200 / 32
# %% wrong [waiting for the others forgotten]: a text
"200"
# %% wrong [computation forgotten]: arrivals only
31 * 10
# %% wrong [one arrival too many]: 32 arrivals
32 * 10 + 200
# %% measuring_a_model.side
# %% right: by search
max(s for s in range(32, 1000, 32) if 12 * (s / 224) ** 2 <= 20)
# %% right: a tensor
torch.tensor(288)
# %% wrong [time taken as linear in the side]: by search
max(s for s in range(32, 1000, 32) if 12 * s / 224 <= 20)
# %% wrong [linear and not rounded]: a product
224 * 20 / 12
# %% wrong [not a multiple]: cut off
224 * (20 / 12) ** 0.5
# %% wrong [rounded up]: by search
min(s for s in range(32, 1000, 32) if 12 * (s / 224) ** 2 >= 20)
# %% wrong [ratio upside down]: by search
max(s for s in range(32, 1000, 32) if s <= 224 * (12 / 20) ** 0.5)
# %% measuring_a_model.area
# %% right: a text
"b3"
# %% wrong [count taken for time]: a pair
("a", 1)
# %% wrong [side instead of area]: a list
["c", 3]
# %% wrong [weights blamed]: a pair
("b", 2)
# %% wrong [rounding blamed for all of it]: a text
"b, because 4"
# %% measuring_a_model.roofline
# %% right: a text
"max(macs / pace, numbers / bandwidth)"


# %% right: a branch
def least_time(macs, numbers, pace, bandwidth):
    compute, move = macs / pace, numbers / bandwidth
    if compute < move:
        return move
    return compute


# %% right: NumPy
lambda macs, numbers, pace, bandwidth: np.maximum(macs / pace, numbers / bandwidth)
# %% wrong [times added]: a text
"macs / pace + numbers / bandwidth"


# %% wrong [smaller of the two]: sorted
def least_time(macs, numbers, pace, bandwidth):
    return sorted([macs / pace, numbers / bandwidth])[0]


# %% wrong [products only]: a text
"macs / pace"
# %% wrong [memory only]: a text
"numbers / bandwidth"
# %% wrong [speeds times amounts]: a text
"max(macs * pace, numbers * bandwidth)"
# %% measuring_a_model.above_the_bound
# %% right: a list
["c", 1]
# %% wrong [bound taken for a prediction]: a text
"a3"
# %% wrong [memory blamed against the test]: a pair
("b", 2)
# %% wrong [count doubted]: a pair
("d", 1)


# %% measuring_a_model.in_front
# %% right: channel by channel
def fold_in_front(weight, bias, gamma, beta, mean, var):
    weight, bias = weight.clone(), bias.clone()
    for c in range(weight.shape[1]):
        scale = gamma[c] / torch.sqrt(var[c])
        for d in range(weight.shape[0]):
            bias[d] = bias[d] + (beta[c] - scale * mean[c]) * weight[d, c].sum()
            weight[d, c] = weight[d, c] * scale
    return weight, bias


# %% right: einsum
def fold_in_front(weight, bias, gamma, beta, mean, var):
    s = gamma * var**-0.5
    new = torch.einsum("dcij,c->dcij", weight, s)
    return [new, bias + torch.einsum("dcij,c->d", weight, beta) - torch.einsum("dcij,c->d", new, mean)]


# %% right: the bias by a convolution of the constant map
def fold_in_front(weight, bias, gamma, beta, mean, var):
    k = weight.shape[-1]
    zeros = torch.zeros(1, len(gamma), k, k, dtype=weight.dtype)
    shifted = F.batch_norm(zeros, mean, var, gamma, beta, eps=0.0)
    return weight * (gamma / var.sqrt()).view(1, -1, 1, 1), F.conv2d(shifted, weight, bias).flatten()


# %% wrong [scaled by output channels]: as for a norm behind
def fold_in_front(weight, bias, gamma, beta, mean, var):
    s = gamma / var.sqrt()
    t = beta - mean * s
    return (
        weight * s[:, None, None, None],
        bias + (weight * t[:, None, None, None]).flatten(1).sum(1),
    )


# %% wrong [variance instead of deviation]: einsum
def fold_in_front(weight, bias, gamma, beta, mean, var):
    s = gamma / var
    return weight * s.view(1, -1, 1, 1), bias + torch.einsum("dcij,c->d", weight, beta - mean * s)


# %% wrong [running mean forgotten]: einsum
def fold_in_front(weight, bias, gamma, beta, mean, var):
    s = gamma / var.sqrt()
    return weight * s.view(1, -1, 1, 1), bias + torch.einsum("dcij,c->d", weight, beta)


# %% wrong [mean not scaled]: einsum
def fold_in_front(weight, bias, gamma, beta, mean, var):
    s = gamma / var.sqrt()
    return weight * s.view(1, -1, 1, 1), bias + torch.einsum("dcij,c->d", weight, beta - mean)


# %% wrong [bias left as it was]: the weights alone
def fold_in_front(weight, bias, gamma, beta, mean, var):
    return weight * (gamma / var**0.5)[None, :, None, None], bias


# %% wrong [shift not sent through the weights]: a plain sum
def fold_in_front(weight, bias, gamma, beta, mean, var):
    s = gamma / var**0.5
    return weight * s[None, :, None, None], bias + sum(beta - mean * s)


# %% measuring_a_model.two_calls
# %% right: words around
"option b, reason 2"
# %% wrong [rounding blamed]: a pair
("a", 1)
# %% wrong [export blamed]: a text
"c3"
# %% wrong [weights thought to change]: a pair
("d", 2)
# %% measuring_a_model.bit_equal
# %% right: the other order
(2, "b")
# %% wrong [algebra taken for arithmetic]: a text
"a 1"
# %% wrong [failure seen in rounding]: a pair
("c", 3)
# %% measuring_a_model.frozen_batch
# %% right: a text
"C3"
# %% wrong [network thought to be tied to a size]: a pair
("a", 1)
# %% wrong [memory blamed]: a text
"b2"


# %% measuring_a_model.quantise
# %% right: value by value
def through_int8(x, low, high):
    step = (high - low) / 255
    zero = int(round(-low / step))
    out = []
    for value in x.flatten().tolist():
        code = min(max(round(value / step) + zero, 0), 255)
        out.append((code - zero) * step)
    return torch.tensor(out, dtype=x.dtype).view_as(x)


# %% right: cut before it is rounded
def through_int8(x, low, high):
    step = (high - low) / 255
    zero = round(-low / step)
    return ((x / step).clamp(-zero, 255 - zero)).round() * step


# %% right: NumPy, in bytes
def through_int8(x, low, high):
    scale = (high - low) / 255
    zero = np.rint(-low / scale)
    codes = np.clip(np.rint(np.asarray(x) / scale) + zero, 0, 255).astype(np.uint8)
    return (codes.astype(np.float64) - zero) * scale


# %% right: torch's own
def through_int8(x, low, high):
    step = (high - low) / 255
    return torch.fake_quantize_per_tensor_affine(x.float(), step, round(-low / step), 0, 255)


# %% wrong [rounded down]: whole-number division
def through_int8(x, low, high):
    step = (high - low) / 255
    zero = round(-low / step)
    return (torch.clamp(x // step + zero, 0, 255) - zero) * step


# %% wrong [256 steps]: value by value
def through_int8(x, low, high):
    step = (high - low) / 256
    zero = round(-low / step)
    return ((x / step).round() + zero).clamp(0, 255).sub(zero).mul(step)


# %% wrong [zero point forgotten]: in one line
lambda x, low, high: (x / ((high - low) / 255)).round().clamp(0, 255) * ((high - low) / 255)


# %% wrong [symmetric range]: signed, by the largest absolute value
def through_int8(x, low, high):
    step = max(abs(low), abs(high)) / 127
    return torch.clamp(torch.round(x / step), -127, 127) * step


# %% wrong [signed codes]: the wrong ends
def through_int8(x, low, high):
    step = (high - low) / 255
    zero = round(-low / step)
    return (torch.clamp(torch.round(x / step) + zero, -128, 127) - zero) * step


# %% wrong [not cut off]: any code
def through_int8(x, low, high):
    step = (high - low) / 255
    return torch.round(x / step) * step


# %% wrong [zero point not whole]: from the lower end
def through_int8(x, low, high):
    step = (high - low) / 255
    return low + step * torch.round((x - low) / step).clamp(0, 255)


# %% wrong [codes returned]: the codes
def through_int8(x, low, high):
    step = (high - low) / 255
    return torch.clamp(torch.round(x / step) + round(-low / step), 0, 255)


# %% wrong [zero point not taken off]: scaled only
def through_int8(x, low, high):
    step = (high - low) / 255
    return step * torch.clamp(torch.round(x / step) + round(-low / step), 0, 255)


# %% measuring_a_model.rounding
# %% right: a text
"width / (2**bits - 1) / sqrt(12)"
# %% right: another order
lambda width, bits: math.sqrt((width / (2**bits - 1)) ** 2 / 12)
# %% right: by the root of three
lambda width, bits: 0.5 * width / (3**0.5 * (2**bits - 1))
# %% wrong [variance]: a text
"(width / (2**bits - 1))**2 / 12"
# %% wrong [one step too many]: a text
"width / 2**bits / sqrt(12)"
# %% wrong [largest error]: a text
"width / (2 * (2**bits - 1))"
# %% wrong [mean absolute error]: a quarter
lambda width, bits: width / (2**bits - 1) / 4
# %% wrong [the step itself]: a text
"width / (2**bits - 1)"


# %% measuring_a_model.temperature
# %% right: a loop
def best_temperature(logits, labels, temperatures):
    best, least = None, float("inf")
    for T in temperatures:
        log_p = torch.log_softmax(logits / T, 1)
        loss = -log_p[torch.arange(len(labels)), labels].mean()
        if loss < least:
            best, least = T, loss
    return best


# %% right: all at once
def best_temperature(logits, labels, temperatures):
    T = torch.tensor(temperatures, dtype=logits.dtype)
    log_p = (logits / T[:, None, None]).log_softmax(-1)
    losses = -log_p[:, torch.arange(len(labels)), labels].sum(1)
    return T[losses.argmin()]


# %% right: NumPy
def best_temperature(logits, labels, temperatures):
    z, y = logits.numpy(), labels.numpy()

    def loss(T):
        s = z / T
        s = s - s.max(1, keepdims=True)
        return (np.log(np.exp(s).sum(1)) - s[np.arange(len(y)), y]).mean()

    return min(temperatures, key=loss)


# %% wrong [multiplied by the temperature]: a key
lambda logits, labels, temperatures: min(
    temperatures, key=lambda T: F.cross_entropy(T * logits, labels).item()
)


# %% wrong [chosen by accuracy]: the first of the best
def best_temperature(logits, labels, temperatures):
    right = [((logits / T).softmax(1).argmax(1) == labels).sum().item() for T in temperatures]
    return temperatures[right.index(max(right))]


# %% wrong [largest loss]: a key
lambda logits, labels, temperatures: max(
    temperatures, key=lambda T: F.nll_loss((logits / T).log_softmax(1), labels).item()
)
# %% wrong [softmax twice]: a key
lambda logits, labels, temperatures: min(
    temperatures, key=lambda T: F.cross_entropy(torch.softmax(logits / T, 1), labels).item()
)
# %% wrong [loss returned]: the least loss
lambda logits, labels, temperatures: min(
    F.cross_entropy(logits / T, labels) for T in temperatures
)
# %% measuring_a_model.ece
# %% right: a fraction
Fraction(26, 100)
# %% right: a sum over the ten
(5 * 0.35 + 3 * 0.25 + 2 * 0.05) / 10
# %% wrong [groups weighted equally]: a mean
(0.35 + 0.25 + 0.05) / 3
# %% wrong [signs kept]: the whole gap
0.81 - 0.7
# %% wrong [largest gap]: a text
"0.35"
# %% wrong [squares]: a root
math.sqrt(0.5 * 0.1225 + 0.3 * 0.0625 + 0.2 * 0.0025)
# %% wrong [percent]: a number
26
# %% wrong [not divided]: a sum
5 * 0.35 + 3 * 0.25 + 2 * 0.05


# %% measuring_a_model.distil
# %% right: from its definition
def distillation_loss(student, teacher, labels, T, alpha):
    p, q = torch.softmax(teacher / T, 1), torch.softmax(student / T, 1)
    soft = (p * (p.log() - q.log())).sum(1).mean()
    hard = nn.CrossEntropyLoss()(student, labels)
    return alpha * hard + (1 - alpha) * T * T * soft


# %% right: picture by picture
def distillation_loss(student, teacher, labels, T, alpha):
    total = 0
    for s, t, y in zip(student, teacher, labels):
        p = (t.detach() / T).softmax(0)
        soft = sum(p[k] * (p[k].log() - (s / T).log_softmax(0)[k]) for k in range(len(p)))
        total = total - alpha * s.log_softmax(0)[y] + (1 - alpha) * T**2 * soft
    return total / len(labels)


# %% right: torch.distributions
def distillation_loss(student, teacher, labels, T, alpha):
    from torch.distributions import Categorical, kl_divergence

    soft = kl_divergence(Categorical(logits=teacher / T), Categorical(logits=student / T))
    return alpha * F.cross_entropy(student, labels) + (1 - alpha) * T**2 * soft.mean()


# %% wrong [T squared forgotten]: batchmean
def distillation_loss(student, teacher, labels, T, alpha):
    soft = F.kl_div((student / T).log_softmax(1), (teacher / T).softmax(1), reduction="batchmean")
    return alpha * F.cross_entropy(student, labels) + (1 - alpha) * soft


# %% wrong [T instead of its square]: batchmean
def distillation_loss(student, teacher, labels, T, alpha):
    soft = F.kl_div((student / T).log_softmax(1), (teacher / T).softmax(1), reduction="batchmean")
    return alpha * F.cross_entropy(student, labels) + (1 - alpha) * T * soft


# %% wrong [divergence the other way]: arguments exchanged
def distillation_loss(student, teacher, labels, T, alpha):
    soft = F.kl_div((teacher / T).log_softmax(1), (student / T).softmax(1), reduction="batchmean")
    return alpha * F.cross_entropy(student, labels) + (1 - alpha) * T**2 * soft


# %% wrong [teacher not softened]: batchmean
def distillation_loss(student, teacher, labels, T, alpha):
    soft = F.kl_div((student / T).log_softmax(1), teacher.softmax(1), reduction="batchmean")
    return alpha * F.cross_entropy(student, labels) + (1 - alpha) * T**2 * soft


# %% wrong [hard loss softened as well]: the student divided once
def distillation_loss(student, teacher, labels, T, alpha):
    student = student / T
    soft = F.kl_div(student.log_softmax(1), (teacher / T).softmax(1), reduction="batchmean")
    return alpha * F.cross_entropy(student, labels) + (1 - alpha) * T**2 * soft


# %% wrong [averaged over classes, too]: torch's default
def distillation_loss(student, teacher, labels, T, alpha):
    soft = (teacher / T).softmax(1) * ((teacher / T).log_softmax(1) - (student / T).log_softmax(1))
    return alpha * F.cross_entropy(student, labels) + (1 - alpha) * T**2 * soft.mean()


# %% wrong [cross-entropy instead of divergence]: soft labels
def distillation_loss(student, teacher, labels, T, alpha):
    soft = F.cross_entropy(student / T, (teacher / T).softmax(1))
    return alpha * F.cross_entropy(student, labels) + (1 - alpha) * T**2 * soft


# %% wrong [shares exchanged]: batchmean
def distillation_loss(student, teacher, labels, T, alpha):
    soft = F.kl_div((student / T).log_softmax(1), (teacher / T).softmax(1), reduction="batchmean")
    return (1 - alpha) * F.cross_entropy(student, labels) + alpha * T**2 * soft
