"""Optimizers: from the gradient of every weight to its next value; and the rate as a schedule.

Each is a drop-in for PyTorch's of the same name: same arguments, same weights after every step.
What is general comes from ``torch.optim.Optimizer`` (``zero_grad``, groups of parameters with
options of their own, ``state_dict``); what is derived in the course is in ``step``. A parameter
without a gradient stays as it is, its memory and its decay included.

The equations write theta for a weight, g for its gradient, eta for ``lr``, lambda for
``weight_decay``, and <- for "becomes".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from cnncourse.shapes import check_int


class _Optimizer(torch.optim.Optimizer):
    """What the optimizers share: checked options, and the parameters that have a gradient."""

    def __init__(self, params: Iterable, **options: Any) -> None:
        for name in ("lr", "weight_decay", "eps"):
            if options.get(name, 0) < 0:
                raise ValueError(f"{name} must not be negative, got {options[name]}")
        shares = {"momentum": options.get("momentum", 0)}
        shares |= {f"betas[{i}]": beta for i, beta in enumerate(options.get("betas", ()))}
        for name, share in shares.items():
            if not 0 <= share < 1:
                raise ValueError(f"{name} must be at least 0 and below 1, got {share}")
        super().__init__(params, options)

    def parameters(self) -> Iterator[tuple[Tensor, dict[str, Any], dict[str, Any]]]:
        """Yield each parameter with a gradient, the options of its group, and its own memory."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    yield parameter, group, self.state[parameter]


class SGD(_Optimizer):
    """Step against the gradient, or against a decaying sum of all gradients so far.

    With mu for ``momentum``, from v = 0::

        g     <- g + lambda theta           weight decay: the gradient of lambda/2 theta^2
        v     <- mu v + g                   momentum
        theta <- theta - eta v              or, with nesterov: theta - eta (g + mu v)

    As in ``torch.optim.SGD``, eta stands outside the sum, so that a new rate acts at once on all
    of v (Sutskever et al., ICML 2013, keep eta g in it). A constant gradient ends in steps of
    eta / (1 - mu) times itself. ``nesterov`` gives the newest gradient the weight 1 + mu. One
    number is kept a weight, none without momentum.

    Raises:
        ValueError: a negative rate or decay, a momentum outside [0, 1), Nesterov without momentum.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-3,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        if nesterov and momentum == 0:
            raise ValueError(f"nesterov needs a momentum above 0, got {momentum}")
        super().__init__(
            params, lr=lr, momentum=momentum, weight_decay=weight_decay, nesterov=nesterov
        )

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter that has a gradient."""
        for theta, options, memory in self.parameters():
            g = theta.grad + options["weight_decay"] * theta
            direction = g
            if mu := options["momentum"]:
                memory["v"] = v = mu * memory.get("v", 0) + g
                direction = g + mu * v if options["nesterov"] else v
            theta.sub_(options["lr"] * direction)


class Adam(_Optimizer):
    """Step by a running mean of the gradients over the root of a running mean of their squares.

    In step t = 1, 2, ..., from m = v = 0 (Kingma and Ba, arXiv:1412.6980, algorithm 1)::

        g     <- g + lambda theta                     weight decay, as in SGD
        m     <- beta_1 m + (1 - beta_1) g            mean
        v     <- beta_2 v + (1 - beta_2) g^2          mean of squares, not centred
        m_hat  = m / (1 - beta_1^t)                   the weights of the mean sum to 1 - beta_1^t:
        v_hat  = v / (1 - beta_2^t)                   dividing mends the start at zero
        theta <- theta - eta m_hat / (sqrt(v_hat) + eps)

    A step hardly depends on the scale of the loss, and the first is about eta for every weight
    that has a gradient. Two numbers are kept a weight. The decay goes through the division as
    well: weights with large gradients decay less. ``AdamW`` mends that.

    Raises:
        ValueError: a negative rate, decay or eps, a beta outside [0, 1).
    """

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter that has a gradient."""
        for theta, options, memory in self.parameters():
            g = theta.grad + options["weight_decay"] * theta
            theta.sub_(options["lr"] * _adam_direction(g, options, memory))


class AdamW(Adam):
    """Adam with *decoupled* weight decay: every weight shrinks by the same share of itself.

    In step t, with m_hat and v_hat from the gradient of the loss alone::

        theta <- (1 - eta lambda) theta
        theta <- theta - eta m_hat / (sqrt(v_hat) + eps)

    eta is the rate of this step. In the paper (Loshchilov and Hutter, arXiv:1711.05101, algorithm
    2) only its schedule multiplies the decay, and not its peak: there lambda is smaller by that
    factor.

    Raises:
        ValueError: a negative rate, decay or eps, a beta outside [0, 1).
    """

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter that has a gradient."""
        for theta, options, memory in self.parameters():
            theta.mul_(1 - options["lr"] * options["weight_decay"])
            theta.sub_(options["lr"] * _adam_direction(theta.grad, options, memory))


def _adam_direction(g: Tensor, options: dict[str, Any], memory: dict[str, Any]) -> Tensor:
    """Return m_hat / (sqrt(v_hat) + eps) after one more gradient."""
    beta_1, beta_2 = options["betas"]
    memory["t"] = t = memory.get("t", 0) + 1
    memory["m"] = m = beta_1 * memory.get("m", 0) + (1 - beta_1) * g
    memory["v"] = v = beta_2 * memory.get("v", 0) + (1 - beta_2) * g.square()
    m_hat = m / (1 - beta_1**t)
    v_hat = v / (1 - beta_2**t)
    return m_hat / (v_hat.sqrt() + options["eps"])


def learning_rate(step: int, steps: int, peak: float, warmup: int = 0) -> float:
    """Return the rate of ``step`` = 0, ..., ``steps - 1``: a linear warm-up, then half a cosine.

    The warm-up gives its steps peak/warmup, 2 peak/warmup, ..., peak: none is lost to a rate of
    zero. The cosine starts at ``peak`` in step ``warmup`` and would reach zero in step ``steps``,
    the first that is not taken (Loshchilov and Hutter, arXiv:1608.03983, equation 5; a gradual
    warm-up: Goyal et al., arXiv:1706.02677, section 2.2). Before each step::

        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps, peak, warmup)

    Raises:
        TypeError: a number of steps is no int.
        ValueError: ``step`` is none of the steps, or no step is left after the warm-up.
    """
    check_int(steps, "steps", 1)
    check_int(step, "step", 0)
    check_int(warmup, "warmup", 0)
    if step >= steps:
        raise ValueError(f"step must be below steps = {steps}, got {step}")
    if warmup >= steps:
        raise ValueError(f"warmup must be below steps = {steps}, got {warmup}")
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) / 2
