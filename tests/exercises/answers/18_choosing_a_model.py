# ruff: noqa
"""Answers to the exercises of chapter 18."""

import math

import numpy as np
import torch


# %% choosing_a_model.pareto
# %% right: pair by pair, a list
def on_front(costs, scores):
    front = []
    for c, s in zip(costs.tolist(), scores.tolist()):
        beaten = any(
            (a <= c and b >= s) and (a < c or b > s)
            for a, b in zip(costs.tolist(), scores.tolist())
        )
        front.append(not beaten)
    return front


# %% right: by the best score among the cheaper
def on_front(costs, scores):
    keep = torch.zeros(len(costs), dtype=torch.bool)
    for j in range(len(costs)):
        cheaper = scores[costs < costs[j]]
        equal = scores[costs == costs[j]]
        keep[j] = scores[j] == equal.max() and (len(cheaper) == 0 or scores[j] > cheaper.max())
    return keep


# %% right: two tables
def on_front(costs, scores):
    c, s = costs.unsqueeze(1), scores.unsqueeze(1)
    nowhere_worse = (c <= costs).logical_and(s >= scores)
    somewhere_better = (c < costs).logical_or(s > scores)
    return torch.logical_not((nowhere_worse & somewhere_better).any(0))


# %% wrong [beaten only if worse in both]: two tables
def on_front(costs, scores):
    c, s = costs.unsqueeze(1), scores.unsqueeze(1)
    return torch.logical_not(((c < costs) & (s > scores)).any(0))


# %% wrong [equals beat one another]: others by index
def on_front(costs, scores):
    n = len(costs)
    return torch.tensor(
        [
            not any(costs[i] <= costs[j] and scores[i] >= scores[j] for i in range(n) if i != j)
            for j in range(n)
        ]
    )


# %% wrong [dear taken for good]: a sign
def on_front(costs, scores):
    c, s = costs.unsqueeze(1), scores.unsqueeze(1)
    return ~(((c >= costs) & (s >= scores)) & ((c > costs) | (s > scores))).any(0)


# %% wrong [both to be low]: a sign
def on_front(costs, scores):
    c, s = costs.unsqueeze(1), scores.unsqueeze(1)
    return ~(((c <= costs) & (s <= scores)) & ((c < costs) | (s < scores))).any(0)


# %% wrong [best score only]: the maximum
lambda costs, scores: torch.tensor([s == max(scores) for s in scores])


# %% wrong [turned round]: the beaten ones
def on_front(costs, scores):
    c, s = costs.unsqueeze(1), scores.unsqueeze(1)
    return ((c <= costs) & (s >= scores) & ((c < costs) | (s > scores))).any(0)


# %% choosing_a_model.tie
# %% right: rounded
1.79
# %% right: one decimal
1.8
# %% right: a text
"8 / sqrt(20)"
# %% right: heads against their mean
(14 - 10) / (20**0.5 / 2)
# %% wrong [pictures taken as independent]: rounded
1.192
# %% wrong [one side only]: a quotient
14 / 20**0.5
# %% wrong [square of it]: a square
8**2 / 20
# %% wrong [corrected for continuity]: one less
(abs(14 - 6) - 1) / 20**0.5
# %% wrong [wrong size of the deviation]: twice too large
8 / (20**0.5 / 2)
# %% wrong [all pictures in the deviation]: a quotient
8 / 20
# %% choosing_a_model.winner
# %% right: a text
"b4"
# %% wrong [tie called a win]: a pair
("a", 2)
# %% wrong [equality thought to be proved]: a text
"c3"
# %% wrong [multiply-accumulates taken for time]: a pair
("b", 1)
# %% choosing_a_model.curse
# %% right: a text
"sqrt(2 * ln(k) * a * (1 - a) / n)"
# %% right: NumPy
lambda a, n, k: np.sqrt(a * (1 - a)) * np.sqrt(2 * np.log(k)) / np.sqrt(n)
# %% wrong [variance instead of deviation]: a text
"a * (1 - a) / n * sqrt(2 * ln(k))"
# %% wrong [logarithm to base ten]: a function
lambda a, n, k: math.sqrt(2 * math.log(k, 10)) * math.sqrt(a * (1 - a) / n)
# %% wrong [two forgotten]: a text
"sqrt(ln(k)) * sqrt(a * (1 - a) / n)"
# %% wrong [difference of two networks]: twice the variance
lambda a, n, k: math.sqrt(2 * a * (1 - a) / n) * math.sqrt(2 * math.log(k))
# %% wrong [root of the number of candidates]: a text
"sqrt(a * (1 - a) * k / n)"
# %% wrong [a single picture]: a text
"sqrt(a * (1 - a)) * sqrt(2 * ln(k))"


# %% choosing_a_model.cheapest
# %% right: a loop
def choose(costs, scores, budget, margin):
    candidates = [i for i in range(len(costs)) if costs[i] <= budget]
    best = max(scores[i] for i in candidates)
    tied = [i for i in candidates if scores[i] >= best - margin]
    return min(tied, key=lambda i: costs[i])


# %% right: sorted
def choose(costs, scores, budget, margin):
    order = costs.argsort()
    order = order[costs[order] <= budget]
    good = scores[order] >= scores[order].max() - margin
    return order[good][0]


# %% wrong [best taken beyond the budget]: a loop
def choose(costs, scores, budget, margin):
    tied = [i for i in range(len(costs)) if scores[i] >= max(scores) - margin]
    tied = [i for i in tied if costs[i] <= budget]
    return min(tied, key=lambda i: costs[i]) if tied else 0


# %% wrong [most accurate taken]: a loop
def choose(costs, scores, budget, margin):
    return max((i for i in range(len(costs)) if costs[i] <= budget), key=lambda i: scores[i])


# %% wrong [cheapest of all]: sorted
lambda costs, scores, budget, margin: costs.argsort()[0]
# %% wrong [budget forgotten]: sorted
lambda costs, scores, budget, margin: next(
    i for i in costs.argsort() if scores[i] >= scores.max() - margin
)


# %% wrong [dearest among ties]: a loop
def choose(costs, scores, budget, margin):
    candidates = [i for i in range(len(costs)) if costs[i] <= budget]
    best = max(scores[i] for i in candidates)
    return max((i for i in candidates if scores[i] >= best - margin), key=lambda i: costs[i])


# %% wrong [cost returned]: a minimum
def choose(costs, scores, budget, margin):
    fits = costs <= budget
    return min(costs[fits & (scores >= scores[fits].max() - margin)])


# %% choosing_a_model.recipe
# %% right: a mapping
{"option": "d", "reason": 1}
# %% wrong [all credit to attention]: a pair
("a", 3)
# %% wrong [all credit to size]: a text
"b1"
# %% wrong [chance blamed]: a pair
("c", 2)
# %% choosing_a_model.production
# %% right: a text
"c because of 2"
# %% wrong [chosen by name]: a pair
("a", 4)
# %% wrong [little data taken as final]: a text
"b1"
# %% wrong [no decision]: a pair
("d", 3)
# %% choosing_a_model.dense
# %% right: a text
"B 2"
# %% wrong [pixels counted once]: a pair
("a", 2)
# %% wrong [resolution thought to cost nothing]: a pair
("c", 1)
# %% wrong [invariance assumed]: a text
"b 3"
# %% choosing_a_model.sharing
# %% right: a text
"a3"
# %% wrong [locality]: a pair
("b", 1)
# %% wrong [invariance]: a text
"c2"
# %% wrong [independent pixels]: a pair
("d", 1)
# %% choosing_a_model.pooled
# %% right: a text
"c2"
# %% wrong [pooling taken for invariant]: a pair
("a", 1)
# %% wrong [pooling taken for equivariant]: a text
"b3"
# %% wrong [nothing thought to stay]: a pair
("d", 2)
# %% choosing_a_model.shortcut
# %% right: a text
"C 3"
# %% wrong [vanishing gradients]: a pair
("a", 1)
# %% wrong [overfitting]: a text
"b3"
# %% wrong [too few parameters]: a pair
("d", 2)
# %% wrong [a guarantee read into the 1]: a text
"c1"
# %% choosing_a_model.count
# %% right: a text
"B 1"
# %% wrong [biases forgotten]: a text
"a1"
# %% wrong [biases of the inputs]: a pair
("c", 2)
# %% wrong [work counted]: a text
"d3"
# %% choosing_a_model.even_shifts
# %% right: a list
["b", 1.0]
# %% wrong [loss taken for a law]: a pair
("a", 2)
# %% wrong [more channels thought to restore the shifts]: a text
"c1"
# %% choosing_a_model.border
# %% right: a text
"C 1"
# %% wrong [one layer thought to be enough]: a pair
("a", 3)
# %% wrong [padding forgotten]: a text
"b 2"
# %% choosing_a_model.field
# %% right: a text
"c2"
# %% wrong [field taken for use]: a pair
("a", 1)
# %% wrong [start taken for the end]: a text
"b3"
# %% choosing_a_model.backward
# %% right: a text
"B 1"
# %% wrong [one derivative forgotten]: a text
"a3"
# %% wrong [whole step counted]: a pair
("c", 1)
# %% choosing_a_model.adjoint
# %% right: a text
"b1"
# %% wrong [inverse]: a pair
("a", 2)
# %% wrong [size never restored]: a text
"c3"
# %% choosing_a_model.covariate
# %% right: a text
"d2"
# %% wrong [effect repeated]: a pair
("a", 1)
# %% wrong [moments measured]: a text
"b3"
# %% wrong [authority]: a pair
("c", 2)
# %% choosing_a_model.speed
# %% right: a text
"B 2"
# %% wrong [count doubted]: a text
"a 1"
# %% wrong [parameters blamed]: a text
"c1"
# %% wrong [clock blamed]: a pair
("d", 3)
# %% choosing_a_model.split
# %% right: a text
"b, 3"
# %% wrong [nothing given up]: a pair
("a", 2)
# %% wrong [channels thought not to mix]: a text
"c1"
# %% wrong [smaller field]: a pair
("d", 3)
# %% choosing_a_model.heat
# %% right: a text
"B 1"
# %% wrong [plausible taken for true]: a text
"a2"
# %% wrong [control ignored]: a pair
("c", 2)
# %% choosing_a_model.turns
# %% right: a text
"A 1"
# %% wrong [continuum demanded]: a pair
("b", 2)
# %% wrong [invariance]: a text
"c 3"
# %% choosing_a_model.folded
# %% right: a text
"B 1"
# %% wrong [border forgotten]: a pair
("a", 1)
# %% wrong [modes mixed up]: a text
"c2"
# %% wrong [sides exchanged]: a text
"d 1"
