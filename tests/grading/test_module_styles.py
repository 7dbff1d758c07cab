"""Modules of the exercises in other clothes: names, order, layout and layers do not decide."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.check import Outcome, grade

INCEPTION = "classic_architectures.inception"
TABLE = "classic_architectures.from_table"
SEPARABLE = "convolution.separable"
MULTIPLIER = "efficient_convolutions.multiplier"
GATE = "efficient_convolutions.squeeze"
CONTEXT = "receptive_field.context"
BLOCK, DOWN, PRE = (f"residual_networks.{n}" for n in ("block", "projection", "preactivation"))
INVARIANT = "why_convolution.invariant_net"


def new(*shape):
    return nn.Parameter(torch.randn(shape))


class Made(nn.Module):
    """A module from two functions: what it holds, and what it does with that."""

    def __init__(self, hold, run, *arguments):
        super().__init__()
        for name, value in hold(*arguments).items():
            if isinstance(value, torch.Tensor) and not isinstance(value, nn.Parameter):
                self.register_buffer(name, value)
            else:
                setattr(self, name, value)
        self.run = run

    def forward(self, x):
        return self.run(self, x)


def module(hold, run):
    """Return a builder that takes the arguments that `hold` takes."""

    def build(*arguments):
        return Made(hold, run, *arguments)

    return build


def conv(c, d, k=1, **settings):
    return nn.Conv2d(c, d, k, padding=k // 2, **settings)


# --- an Inception module ------------------------------------------------------------------------


def branches(C, one, reduce3, three, reduce5, five, projected):
    return {
        "a": nn.Sequential(conv(C, one), nn.ReLU()),
        "b": nn.Sequential(conv(C, reduce3), nn.ReLU(), conv(reduce3, three, 3), nn.ReLU()),
        "c": nn.Sequential(conv(C, reduce5), nn.ReLU(), conv(reduce5, five, 5), nn.ReLU()),
        "d": nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(C, projected), nn.ReLU()),
    }


def in_order(order):
    def run(m, x):
        ends = {name: getattr(m, name)(x) for name in order}
        return torch.cat([ends[name] for name in "abcd"], dim=1)

    return module(lambda *widths: {n: branches(*widths)[n] for n in reversed(order)}, run)


def merged_entries(C, one, reduce3, three, reduce5, five, projected):
    return {
        "widths": [one, reduce3, reduce5],
        "entry": conv(C, one + reduce3 + reduce5),
        "three": conv(reduce3, three, 3),
        "five": conv(reduce5, five, 5),
        "w": new(C, projected),
        "b": new(projected),
    }


def run_merged(m, x):
    one, narrow3, narrow5 = F.relu(m.entry(x)).split(m.widths, dim=1)
    windows = F.pad(x, (1, 1, 1, 1), value=-torch.inf).unfold(2, 3, 1).unfold(3, 3, 1)
    last = torch.einsum("nchw,cd->ndhw", windows.amax((-1, -2)), m.w) + m.b[:, None, None]
    return torch.cat([one, m.three(narrow3).relu(), m.five(narrow5).relu(), last.relu()], 1)


def lazy_inception(C, one, reduce3, three, reduce5, five, projected):
    lazy = nn.LazyConv2d
    widths = {"a": (one, 1), "b1": (reduce3, 1), "b2": (three, 3), "c1": (reduce5, 1)}
    widths |= {"c2": (five, 5), "d": (projected, 1)}
    return {name: lazy(width, k, padding="same") for name, (width, k) in widths.items()}


def run_lazy(m, x):
    three, five = m.b2(m.b1(x).relu()), m.c2(m.c1(x).relu())
    return torch.cat([m.a(x), three, five, m.d(F.max_pool2d(x, 3, 1, 1))], dim=1).clamp(min=0)


# --- a gate -------------------------------------------------------------------------------------


def gate_by_hand(m, x):
    hidden = torch.relu(x.mean((2, 3)) @ m.W1 + m.b1)
    return x * torch.sigmoid(hidden @ m.W2 + m.b2)[:, :, None, None]


def gate_by_product(m, x):
    """The mean as a product with a vector that is made on the way."""
    shares = torch.full((x[0, 0].numel(),), 1 / x[0, 0].numel())
    hidden = torch.relu(x.flatten(2) @ shares @ m.W1 + m.b1)
    return x * torch.sigmoid(hidden @ m.W2 + m.b2)[:, :, None, None]


def gate_in_single(m, x):
    """A constant in float32, as it comes from a file."""
    shares = torch.ones(x[0, 0].numel(), dtype=torch.float32) / x[0, 0].numel()
    hidden = torch.relu((x.flatten(2) @ shares) @ m.W1 + m.b1)
    return x * torch.sigmoid(hidden @ m.W2 + m.b2)[:, :, None, None]


def gate_from_one_row(m, x):
    first, second = m.row[: m.C * m.S].view(m.S, m.C), m.row[m.C * m.S :].view(m.S, m.C)
    hidden = (x.flatten(2).sum(2) / x[0, 0].numel() @ first.T + m.b[: m.S]).clamp(min=0)
    return x / (1 + torch.exp(-(hidden @ second + m.b[m.S :])))[..., None, None]


def gate_from_columns(m, x):
    columns = torch.stack(list(m.columns))  # one parameter for each input channel
    hidden = F.relu(F.linear(x.mean((-2, -1)), columns.T, m.b1))
    return torch.einsum("nchw,nc->nchw", x, (hidden @ m.W2 + m.b2).sigmoid())


def gate_sequence(C, S):
    pooled = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LazyLinear(S), nn.ReLU(), nn.LazyLinear(C))
    return {"gate": nn.Sequential(*pooled, nn.Sigmoid())}


def gate_convolutions(C, S):
    return {"gate": nn.Sequential(nn.AdaptiveAvgPool2d(1), conv(C, S), nn.ReLU(), conv(S, C))}


# --- norms and blocks ---------------------------------------------------------------------------


class Norm(nn.Module):
    """A batch norm by hand that touches its shift first."""

    def __init__(self, channels):
        super().__init__()
        self.affine = nn.Parameter(torch.stack([torch.zeros(channels), torch.ones(channels)], 1))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("var", torch.ones(channels))

    def forward(self, x):
        shift, scale = self.affine.T[:, :, None, None]
        if self.training:
            mean, var, n = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0), x[:, 0].numel()
            self.mean.lerp_(mean.detach(), 0.1)
            self.var.lerp_(var.detach() * n / (n - 1), 0.1)
        else:
            mean, var = self.mean, self.var
        y = x - mean[:, None, None]
        return shift + scale * y * (var[:, None, None] + 1e-5).rsqrt()


def run_block(m, x):
    y = x + m.n2(m.c2(m.n1(m.c1(x)).relu()))
    return y * (y > 0)


def block(norm, run=run_block):
    def hold(C):
        last = {"n2": norm(C), "c2": conv(C, C, 3, bias=False)}
        return {**last, "c1": conv(C, C, 3, bias=False), "n1": norm(C)}

    return module(hold, run)


def run_turned(m, x):
    """Count the channels in the middle backwards."""
    return F.relu(x + m.n2(m.c2(m.n1(m.c1(x)).flip(1).relu())))


def run_pre(m, x):
    y = x
    for norm, kernel in zip(m.norms, m.kernels, strict=True):
        y = F.conv2d(norm(y).relu(), kernel.permute(3, 2, 0, 1), padding=1)
    return y + x


def run_down(m, x):
    N, H, W = len(x), (x.shape[2] + 1) // 2, (x.shape[3] + 1) // 2
    skip = m.project(x[:, :, ::2, ::2].movedim(1, -1)).movedim(-1, 1)
    inner = (F.unfold(x, 3, padding=1, stride=2).mT @ m.kernel).mT.reshape(N, -1, H, W)
    return F.relu(skip + m.n2(m.second(m.n1(inner).relu())))


# --- separable and other convolutions -----------------------------------------------------------


def run_taps(m, x):
    (H, W), p = x.shape[2:], F.pad(x, (1, 1, 1, 1))
    taps = itertools.product(range(3), range(3))
    y = sum(m.k[:, 3 * a + b, None, None] * p[:, :, a : a + H, b : b + W] for a, b in taps)
    return torch.tensordot(y, m.mix, ([1], [0])).movedim(-1, 1) + m.b[:, None, None]


def run_flipped(m, x):
    """A true convolution: with learnt kernels the same family."""
    y = F.conv2d(x, m.k.view(-1, 1, 3, 3).flip(2, 3), groups=x.shape[1], padding=1)
    return F.conv2d(y, m.mix.T[:, :, None, None], m.b)


def run_channels(m, x):
    return m.mix(torch.cat([one(x[:, c : c + 1]) for c, one in enumerate(m.each)], dim=1))


def run_circular(m, x):
    shifts = itertools.product((1, 0, -1), (1, 0, -1))
    y = sum(
        torch.einsum("nchw,cd->ndhw", x.roll(v, (2, 3)), kernel)
        for v, kernel in zip(shifts, m.k.flatten(0, 1), strict=True)
    )
    return m.name(F.adaptive_avg_pool2d((y + m.b[:, None, None]).relu(), 1)).flatten(1)


def run_context(m, x):
    for d, kernel, bias in zip((1, 2, 4, 8), m.kernels, m.biases, strict=True):
        x = F.conv2d(x if d == 1 else x.relu(), kernel, bias, padding=d, dilation=d)
    return x


def stages(table, in_channels, num_classes):
    layers = nn.ModuleList()
    while table:
        depth, width = table.pop(0)
        for _ in range(depth):
            norm = nn.LazyBatchNorm2d()
            layers += [nn.LazyConv2d(width, 3, padding="same", bias=False), norm, nn.ReLU()]
        layers.append(nn.MaxPool2d(2))
    return {"layers": layers, "W": new(num_classes, width), "b": new(num_classes)}


def run_stages(m, x):
    for layer in m.layers:
        x = layer(x)
    return torch.einsum("ncij,kc->nk", x, m.W) / x[0, 0].numel() + m.b


def separate(c, d):
    return {"k": new(c, 9), "mix": new(c, d), "b": new(d)}


def one_by_one(c, d):
    each = nn.ModuleList(conv(1, 1, 3, bias=False) for _ in range(c))
    return {"each": each, "mix": conv(c, d)}


def copies(c, d, m):
    each = nn.ModuleList(conv(c, c, 3, groups=c, bias=False) for _ in range(m))
    return {"each": each, "mix": conv(m * c, d)}


def by_hand(C, S):
    return {"W1": new(C, S), "b1": new(S), "W2": new(S, C), "b2": new(C)}


def one_row(C, S):
    return {"C": C, "S": S, "row": new(2 * C * S), "b": new(S + C)}


def column_by_column(C, S):
    columns = nn.ParameterList([new(S) for _ in range(C)])
    return {"columns": columns, "W2": new(S, C), "b1": new(S), "b2": new(C)}


def stacked_pre(C):
    norms = nn.ModuleList([nn.BatchNorm2d(C), nn.LazyBatchNorm2d()])
    return {"kernels": new(2, 3, 3, C, C), "norms": norms}


def unfolded(c, d):
    norms = {"n2": nn.BatchNorm2d(d), "n1": nn.BatchNorm2d(d)}
    second, project = conv(d, d, 3, bias=False), nn.Linear(c, d, bias=False)
    return {"kernel": new(9 * c, d), "second": second, "project": project, **norms}


def rolled(c, d):
    return {"k": new(3, 3, c, 8), "b": new(8), "name": conv(8, d)}


def stacked_context(C):
    return {"kernels": new(4, C, C, 3, 3), "biases": new(4, C)}


RIGHT = [
    *((INCEPTION, in_order(order)) for order in itertools.permutations("abcd")),
    (INCEPTION, module(merged_entries, run_merged)),
    (INCEPTION, module(lazy_inception, run_lazy)),
    (GATE, module(by_hand, gate_by_hand)),
    (GATE, module(by_hand, gate_by_product)),
    (GATE, module(by_hand, gate_in_single)),
    (GATE, module(one_row, gate_from_one_row)),
    (GATE, module(column_by_column, gate_from_columns)),
    (GATE, module(gate_sequence, lambda m, x: x * m.gate(x)[:, :, None, None])),
    (GATE, module(gate_convolutions, lambda m, x: x * m.gate(x).sigmoid())),
    (BLOCK, block(nn.BatchNorm2d)),
    (BLOCK, block(Norm)),
    (BLOCK, block(lambda C: nn.LazyBatchNorm2d())),
    (BLOCK, block(nn.BatchNorm2d, run_turned)),
    (PRE, module(stacked_pre, run_pre)),
    (DOWN, module(unfolded, run_down)),
    (SEPARABLE, module(separate, run_taps)),
    (SEPARABLE, module(separate, run_flipped)),
    (SEPARABLE, module(one_by_one, run_channels)),
    (MULTIPLIER, module(copies, lambda m, x: m.mix(torch.cat([k(x) for k in m.each], 1)))),
    (INVARIANT, module(rolled, run_circular)),
    (CONTEXT, module(stacked_context, run_context)),
    (TABLE, module(stages, run_stages)),
]


@pytest.mark.parametrize(("id", "answer"), RIGHT)
def test_a_right_module_is_right_however_it_is_written(id, answer):
    verdict = grade(id, answer)
    assert verdict.outcome is Outcome.RIGHT, str(verdict)


# --- nearly right -------------------------------------------------------------------------------


def altered(right, change):
    """Wrap a builder's module so that its output and input go through a change."""

    def build(*arguments):
        return Made(lambda: {"inner": right(*arguments)}, lambda m, x: change(m, x))

    return build


class OtherNorm(nn.BatchNorm2d):
    def __init__(self, channels):
        super().__init__(channels, eps=1e-3)


class SlowNorm(nn.BatchNorm2d):
    def __init__(self, channels):
        super().__init__(channels, momentum=0.2)


class NoShift(nn.BatchNorm2d):
    def forward(self, x):
        return super().forward(x) - 0.9 * self.bias[:, None, None]


def gate_with(inner, outer):
    def run(m, x):
        hidden = inner(x.mean((2, 3)) @ m.W1 + m.b1)
        return x * outer(hidden @ m.W2 + m.b2)[:, :, None, None]

    return module(by_hand, run)


def tied(m, x):
    hidden = torch.relu(x.mean((2, 3)) @ m.W1 + m.b1)
    return x * torch.sigmoid(hidden @ (m.W1.T + 0 * m.W2) + m.b2)[:, :, None, None]


def doubled_gradients(m, x):
    """The right output and gradient by the input, and twice the gradient by a weight."""
    hidden = torch.relu(x.mean((2, 3)) @ (2 * m.W1 - m.W1.detach()) + m.b1)
    gate = torch.sigmoid(hidden @ m.W2 + 2 * m.b2 - m.b2.detach())
    return x * gate[:, :, None, None]


def swapped_branches(m, x):
    return torch.cat([getattr(m, name)(x) for name in "abdc"], dim=1)


def reflected(m, x):
    y = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), m.k.view(-1, 1, 3, 3), groups=x.shape[1])
    return F.conv2d(y, m.mix.T[:, :, None, None], m.b)


GOOD_GATE, GOOD_BLOCK = module(by_hand, gate_by_hand), block(nn.BatchNorm2d)
WRONG = [
    (GATE, gate_with(F.relu6, torch.sigmoid)),
    (GATE, gate_with(lambda h: F.leaky_relu(h, 0.01), torch.sigmoid)),
    (GATE, gate_with(F.gelu, torch.sigmoid)),
    (GATE, gate_with(F.softplus, torch.sigmoid)),
    (GATE, gate_with(torch.relu, F.hardsigmoid)),
    (GATE, gate_with(torch.relu, lambda g: torch.sigmoid(g) + 1e-3)),
    (GATE, gate_with(torch.relu, lambda g: torch.sigmoid(g).detach())),
    (GATE, gate_with(torch.relu, lambda g: g.softmax(1))),
    (GATE, module(by_hand, tied)),
    (GATE, altered(GOOD_GATE, lambda m, x: m.inner(x.detach()))),
    (GATE, altered(GOOD_GATE, lambda m, x: m.inner(x.mT).mT + 1e-3 * x)),
    (GATE, altered(GOOD_GATE, lambda m, x: m.inner(x) * (1 if m.training else 0.9))),
    (BLOCK, block(OtherNorm)),
    (BLOCK, block(SlowNorm)),
    (BLOCK, block(NoShift)),
    (BLOCK, block(lambda C: nn.InstanceNorm2d(C, affine=True))),
    (BLOCK, block(lambda C: nn.GroupNorm(1, C))),
    (BLOCK, altered(GOOD_BLOCK, lambda m, x: 1.001 * m.inner(x))),
    (GATE, module(by_hand, doubled_gradients)),
    (BLOCK, altered(GOOD_BLOCK, lambda m, x: m.inner(x.relu()))),
    (BLOCK, altered(GOOD_BLOCK, lambda m, x: m.inner(x).clamp(max=3))),
    (INCEPTION, module(branches, swapped_branches)),
    (INCEPTION, altered(in_order("abcd"), lambda m, x: m.inner(x.relu()))),
    (SEPARABLE, module(separate, reflected)),
    (CONTEXT, altered(module(stacked_context, run_context), lambda m, x: m.inner(x).relu())),
]


@pytest.mark.parametrize(("id", "answer"), WRONG)
def test_a_module_that_is_nearly_right_is_wrong(id, answer):
    verdict = grade(id, answer)
    assert verdict.outcome is Outcome.WRONG, str(verdict)


def test_learnt_weights_may_be_called_otherwise():
    """Which of two is called the scale is only a name, and so is the number of a channel."""

    class Renamed(nn.BatchNorm2d):
        def forward(self, x):
            keep, self.weight, self.bias = (self.weight, self.bias), self.bias, self.weight
            y = super().forward(x)
            self.weight, self.bias = keep
            return y

    assert grade(BLOCK, block(Renamed)).outcome is Outcome.RIGHT
    renumbered = altered(module(separate, run_taps), lambda m, x: m.inner(x.flip(1)).flip(1))
    assert grade(SEPARABLE, renumbered).outcome is Outcome.RIGHT


def test_a_wrong_gradient_is_not_called_a_wrong_output():
    verdict = grade(GATE, module(by_hand, doubled_gradients))
    assert "no order of your weights" in verdict.evidence
    assert "entry" not in verdict.evidence
