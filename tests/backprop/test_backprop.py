"""Every backward pass against autograd, and the checks themselves against wrong backward passes."""

from __future__ import annotations

import inspect
import itertools
import types
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode

from cnncourse import backprop

TOLERANCE = {"atol": 1e-10, "rtol": 1e-10}


def random(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def few_values(*shape: int) -> Tensor:
    """Whole numbers from -2 to 2, so that many windows have several largest values."""
    generator = torch.Generator().manual_seed(0)
    return torch.randint(-2, 3, shape, generator=generator).double()


def check(backward, forward, tensors: tuple[Tensor, ...], saw: int, *options, **named) -> None:
    """Compare with autograd for a random gradient; ``backward`` sees the first ``saw`` tensors."""
    tensors = tuple(t.detach().clone().requires_grad_() for t in tensors)
    y = forward(*tensors, *options, **named)
    grad = random(*y.shape, seed=1)
    expected = torch.autograd.grad(y, tensors, grad)
    with torch.no_grad():
        received = backward(grad, *tensors[:saw], *options, **named)
    received = received if isinstance(received, tuple) else (received,)
    assert_close(received, expected, **TOLERANCE)


def check_conv2d(backward, n, channels, size, kernel_size, stride, padding, dilation, groups):
    in_channels, out_channels = channels
    tensors = (
        random(n, in_channels, *size),
        random(out_channels, in_channels // groups, *kernel_size, seed=2),
        random(out_channels, seed=3),
    )
    check(backward, F.conv2d, tensors, 2, stride, padding, dilation, groups)


CONVOLUTIONS = list(
    itertools.product(
        [0, 1, 2],  # batch
        [(4, 6)],  # channels
        [(8, 7)],  # size
        [(1, 1), (3, 3), (2, 3)],  # kernel size
        [(1, 1), (2, 2), (4, 3)],  # stride; some leave rows over at the far edge
        [(0, 0), (1, 1), (2, 0)],  # padding
        [(1, 1), (1, 2)],  # dilation
        [1, 2],  # groups
    )
)
POOLINGS = list(
    itertools.product(
        [(2, 2), (3, 2)],  # kernel size
        [None, (1, 1), (2, 2), (3, 2), (5, 5)],  # stride
        [(0, 0), (1, 1), (1, 0)],  # padding
        [False, True],  # ceil_mode
    )
)


class TestConv2d:
    @pytest.mark.parametrize("settings", CONVOLUTIONS)
    def test_agrees_with_autograd_over_the_grid(self, settings):
        check_conv2d(backprop.conv2d_backward, *settings)

    @given(data=st.data())
    @settings(max_examples=100, deadline=None)
    def test_agrees_with_autograd_on_any_geometry(self, data):
        draw_pair = lambda low, high: data.draw(st.tuples(*[st.integers(low, high)] * 2))  # noqa: E731
        kernel_size, dilation = draw_pair(1, 4), draw_pair(1, 3)
        stride, padding, extra = draw_pair(1, 5), draw_pair(0, 3), draw_pair(0, 5)
        size = tuple(
            max(1, d * (k - 1) + 1 - 2 * p + e)
            for k, d, p, e in zip(kernel_size, dilation, padding, extra, strict=True)
        )
        groups, n = data.draw(st.integers(1, 3)), data.draw(st.integers(0, 2))
        channels = groups * data.draw(st.integers(1, 3)), groups * data.draw(st.integers(1, 3))
        check_conv2d(
            backprop.conv2d_backward,
            n,
            channels,
            size,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
        )

    @pytest.mark.parametrize("settings", [s for s in CONVOLUTIONS if s[0] == 2 and s[-1] == 1])
    def test_is_two_convolutions_of_torch(self, settings):
        """The adjoint keeps all arguments; the weight's gradient swaps stride and dilation."""
        n, (c_in, c_out), size, kernel_size, stride, padding, dilation, _ = settings
        x, weight = random(n, c_in, *size), random(c_out, c_in, *kernel_size, seed=2)
        grad = random(*F.conv2d(x, weight, None, stride, padding, dilation).shape, seed=1)
        axes = list(zip(size, kernel_size, stride, padding, dilation, strict=True))
        remainder = [(m + 2 * p - d * (k - 1) - 1) % s for m, k, s, p, d in axes]
        (kh, kw) = kernel_size
        by_x = F.conv_transpose2d(grad, weight, None, stride, padding, remainder, dilation=dilation)
        by_weight = F.conv2d(
            x.transpose(0, 1), grad.transpose(0, 1), None, dilation, padding, stride
        )
        by_weight = by_weight[..., :kh, :kw].transpose(0, 1)
        received = backprop.conv2d_backward(grad, x, weight, stride, padding, dilation)
        assert_close(received, (by_x, by_weight, grad.sum((0, 2, 3))), **TOLERANCE)

    def test_of_one_row_is_what_a_hand_computes(self):
        x = torch.tensor([[[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]]])
        weight = torch.tensor([[[[1.0, 10.0, 100.0]]]])
        grad = torch.tensor([[[[1.0, 2.0]]]])  # stride 2: one value is left over
        by_x, by_weight, by_bias = backprop.conv2d_backward(grad, x, weight, stride=(1, 2))
        assert by_x.tolist() == [[[[1, 10, 102, 20, 200, 0]]]]
        assert by_weight.tolist() == [[[[7, 10, 13]]]]
        assert by_bias.tolist() == [3]


class TestPooling:
    @pytest.mark.parametrize("images", [few_values, random])
    @pytest.mark.parametrize(("n", "size"), [(0, (8, 7)), (1, (6, 9)), (2, (8, 7))])
    @pytest.mark.parametrize(("kernel_size", "stride", "padding", "ceil_mode"), POOLINGS)
    def test_of_the_maximum_agrees_with_autograd(
        self, kernel_size, stride, padding, ceil_mode, n, size, images
    ):
        for dilation in (1, (1, 2)):
            options = (kernel_size, stride, padding, dilation, ceil_mode)
            check_max_pool2d(backprop.max_pool2d_backward, images(n, 3, *size), *options)

    @pytest.mark.parametrize(("n", "size"), [(0, (8, 7)), (1, (6, 9)), (2, (8, 7))])
    @pytest.mark.parametrize("count", [(True, None), (False, None), (True, 5)])
    @pytest.mark.parametrize(("kernel_size", "stride", "padding", "ceil_mode"), POOLINGS)
    def test_of_the_mean_agrees_with_autograd(
        self, kernel_size, stride, padding, ceil_mode, count, n, size
    ):
        options = (kernel_size, stride, padding, ceil_mode, *count)
        check_avg_pool2d(backprop.avg_pool2d_backward, random(n, 3, *size), *options)

    @given(data=st.data())
    @settings(max_examples=60, deadline=None)
    def test_agrees_with_autograd_on_any_geometry(self, data):
        draw_pair = lambda low, high: data.draw(st.tuples(*[st.integers(low, high)] * 2))  # noqa: E731
        kernel_size, stride, dilation = draw_pair(1, 4), draw_pair(1, 5), draw_pair(1, 2)
        padding = tuple(data.draw(st.integers(0, k // 2)) for k in kernel_size)
        size, ceil_mode = draw_pair(7, 12), data.draw(st.booleans())
        options = kernel_size, stride, padding
        x = few_values(data.draw(st.integers(0, 2)), 2, *size)
        check_max_pool2d(backprop.max_pool2d_backward, x, *options, dilation, ceil_mode)
        count = data.draw(st.booleans()), data.draw(st.sampled_from([None, 3]))
        check_avg_pool2d(backprop.avg_pool2d_backward, x, *options, ceil_mode, *count)

    def test_a_value_that_wins_twice_collects_twice(self):
        x = torch.tensor([[[[0.0, 9.0, 0.0]]]])
        grad = torch.tensor([[[[1.0, 10.0]]]])
        assert backprop.max_pool2d_backward(grad, x, (1, 2), 1).tolist() == [[[[0, 11, 0]]]]

    def test_the_first_of_equal_values_gets_everything(self):
        grad = backprop.max_pool2d_backward(torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 2, 2), 2)
        assert grad.tolist() == [[[[1, 0], [0, 0]]]]


def check_max_pool2d(backward, x, *options):
    check(backward, F.max_pool2d, (x,), 1, *options)


def check_avg_pool2d(backward, x, *options):
    check(backward, F.avg_pool2d, (x,), 1, *options)


def check_linear(backward, *leading):
    tensors = random(*leading, 4), random(3, 4, seed=2), random(3, seed=3)
    check(backward, F.linear, tensors, 2)


def check_relu(backward, *shape):
    check(backward, F.relu, (few_values(*shape),), 1)


def check_batch_norm(backward, *shape, **eps):
    def forward(x, weight, bias, eps=1e-5):
        return F.batch_norm(x, None, None, weight, bias, True, eps=eps)

    channels = shape[1]
    tensors = 3 * random(*shape) + 1, random(channels, seed=2), random(channels, seed=3)
    check(backward, forward, tensors, 2, **eps)


def check_cross_entropy(backward, *shape, reduction):
    generator = torch.Generator().manual_seed(0)
    target = torch.randint(shape[1], (shape[0], *shape[2:]), generator=generator)
    logits = 3 * random(*shape)
    check(backward, F.cross_entropy, (logits,), 1, target, reduction=reduction)


class TestTheOthers:
    @pytest.mark.parametrize("leading", [(), (0,), (1,), (5,), (2, 3)])
    def test_linear_agrees_with_autograd(self, leading):
        check_linear(backprop.linear_backward, *leading)

    @pytest.mark.parametrize("shape", [(0, 3), (5,), (2, 3, 4, 5)])
    def test_relu_agrees_with_autograd_at_the_kink_too(self, shape):
        check_relu(backprop.relu_backward, *shape)

    @pytest.mark.parametrize("eps", [1e-5, 0.5])
    @pytest.mark.parametrize("shape", [(5, 3), (1, 3, 4), (2, 3, 4, 5), (1, 2, 3, 2)])
    def test_batch_norm_agrees_with_autograd(self, shape, eps):
        check_batch_norm(backprop.batch_norm_backward, *shape, eps=eps)

    def test_batch_norm_sends_nothing_along_ones_and_along_what_it_returned(self):
        x, grad, weight = 3 * random(4, 3, 5, 6), random(4, 3, 5, 6, seed=1), random(3, seed=2)
        by_x, _, _ = backprop.batch_norm_backward(grad, x, weight, eps=0)
        dims = (0, 2, 3)
        x_hat = (x - x.mean(dims, keepdim=True)) / x.std(dims, correction=0, keepdim=True)
        for vector in (torch.ones_like(x), x_hat):
            assert_close((by_x * vector).sum(dims), torch.zeros(3).double(), **TOLERANCE)

    def test_batch_norm_of_an_empty_batch_teaches_nothing(self):
        empty = random(0, 3, 4, 5)
        by_x, by_weight, by_bias = backprop.batch_norm_backward(empty, empty, random(3))
        assert by_x.shape == (0, 3, 4, 5)
        assert_close((by_weight, by_bias), (torch.zeros(3).double(),) * 2)

    @pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
    @pytest.mark.parametrize("shape", [(0, 4), (1, 4), (5, 4), (2, 4, 3, 2)])
    def test_cross_entropy_agrees_with_autograd(self, shape, reduction):
        check_cross_entropy(backprop.cross_entropy_backward, *shape, reduction=reduction)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_cross_entropy_survives_a_probability_of_zero(self, dtype):
        logits, target = torch.tensor([[0.0, 2000.0]], dtype=dtype), torch.tensor([0])
        grad = backprop.cross_entropy_backward(torch.tensor(1.0, dtype=dtype), logits, target)
        assert grad.tolist() == [[-1, 1]]


class Operators(TorchDispatchMode):
    """Remember the names of the operators that run, below autograd."""

    def __init__(self):
        super().__init__()
        self.names = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.add(func._schema.name)
        return func(*args, **(kwargs or {}))


def test_no_backward_pass_of_torch_runs_in_ours():
    x, target = random(2, 4, 6, 5), torch.tensor([0, 3])
    with Operators() as operators:
        backprop.conv2d_backward(random(2, 3, 4, 4), x, random(3, 4, 3, 2))
        backprop.max_pool2d_backward(random(2, 4, 3, 2), x, 2)
        backprop.avg_pool2d_backward(random(2, 4, 3, 2), x, 2)
        backprop.batch_norm_backward(x, x, random(4))
        backprop.relu_backward(x, x)
        backprop.linear_backward(random(2, 3), random(2, 4), random(3, 4))
        backprop.cross_entropy_backward(torch.tensor(1.0), random(2, 4), target)
    assert "aten::bmm" in operators.names  # so something was seen
    assert not [name for name in operators.names if "backward" in name or "conv" in name]


# --- the checks, checked --------------------------------------------------------------------------


def check_numerical(numerical):
    x = random(2, 3)
    received = numerical(lambda x: (x**3).sum(), x)
    assert_close(received, 3 * x**2, atol=1e-9, rtol=1e-9)


def conv2d_checks(backward):
    for setting in [
        (2, (4, 4), (8, 7), (3, 3), (1, 1), (1, 1), (1, 1), 1),
        (2, (4, 6), (8, 7), (3, 2), (2, 3), (1, 0), (1, 2), 2),
    ]:
        check_conv2d(backward, *setting)


def max_pool2d_checks(backward):
    check_max_pool2d(backward, few_values(2, 3, 8, 7), (3, 2), (2, 1), (1, 0), 1, True)


def avg_pool2d_checks(backward):
    check_avg_pool2d(backward, random(2, 3, 8, 7), (3, 2), (2, 1), (1, 0), True)


CHECKS = {
    "conv2d_backward": conv2d_checks,
    "max_pool2d_backward": max_pool2d_checks,
    "avg_pool2d_backward": avg_pool2d_checks,
    "linear_backward": lambda backward: check_linear(backward, 5),
    "relu_backward": lambda backward: check_relu(backward, 4, 5),
    "batch_norm_backward": lambda backward: check_batch_norm(backward, 2, 3, 4, 5),
    "cross_entropy_backward": lambda b: check_cross_entropy(b, 5, 4, reduction="mean"),
    "numerical_gradient": check_numerical,
}

CONV, POOL, NORM = "conv2d_backward", "max_pool2d_backward", "batch_norm_backward"
AVG, LOSS = "avg_pool2d_backward", "cross_entropy_backward"
REACHED = "(output_size[{0}] - 1) * strides[{0}] + dilations[{0}] * (weight.shape[{1}] - 1) + 1"
MUTANTS = {
    "stride dropped": (CONV, "output_size, strides, dil", "output_size, (1, 1), dil"),
    "dilation dropped": (CONV, "strides, dilations)", "strides, (1, 1))"),
    "remainder forgotten": (CONV, "ph : ph + height", f"ph : {REACHED.format(0, 2)} - ph"),
    "padding not cut off": (CONV, "ph : ph + height", ": height"),
    "weight gradient flipped": (CONV, "grad_kernels[..., a, b]", "grad_kernels[..., -1 - a, b]"),
    "kernel flipped": (CONV, "tap = kernels[..., a, b]", "tap = kernels[..., -1 - a, -1 - b]"),
    "channel axes not exchanged": (CONV, "ngohw,goc->ngchw", "ngohw,gco->ngchw"),
    "window overwritten": (CONV, "columns] +=", "columns] ="),
    "weight averaged over the batch": (CONV, "outputs, seen)", "outputs, seen) / len(x)"),
    "bias averaged over the batch": (CONV, "grad.sum((0, 2, 3))", "grad.mean(0).sum((1, 2))"),
    "groups ignored in the bias": (CONV, "grad.sum((0, 2, 3))", "outputs.sum((0, 1, 3, 4))"),
    "pool overwritten": (POOL, "columns] +=", "columns] ="),
    "pool to all ties": (
        POOL,
        "(winner == number)",
        "(windows.flatten(4)[..., number] == windows.flatten(4).max(4).values)",
    ),
    "pool stride dropped": (
        POOL,
        "pool.stride, pool.dilation)\n    for n",
        "(1, 1), (1, 1))\n    for n",
    ),
    "mean overwritten": (AVG, "columns] += share", "columns] = share"),
    "mean not divided": (AVG, "grad / pool.divisor(x)", "grad / 1"),
    "mean divided by the whole window": (AVG, "pool.divisor(x)", "windows[0, 0, 0, 0].numel()"),
    "gamma left out": (NORM, "grad * weight.view(mean.shape)", "grad"),
    "mean path left out": (NORM, " - through_mean", ""),
    "deviation path left out": (NORM, " - through_deviation", ""),
    "variance for deviation": (NORM, "through_deviation) / deviation", "x_hat) / variance"),
    "statistics taken for constants": (NORM, " - through_mean - through_deviation", ""),
    "kink let through": ("relu_backward", "x > 0", "x >= 0"),
    "sign of the gradient instead of x": ("relu_backward", "x > 0", "grad > 0"),
    "mean of the loss forgotten": (LOSS, "target.numel()", "1"),
    "softmax over the batch": (LOSS, "softmax(1)", "softmax(0)"),
    "y minus p": (LOSS, "return difference", "return -difference"),
    "linear bias averaged": ("linear_backward", "rows.sum(0)", "rows.mean(0)"),
    "linear weight averaged": ("linear_backward", "rows.T @ inputs", "rows.T @ inputs / len(x)"),
    "one-sided difference": ("numerical_gradient", "behind[place] -= step", "pass"),
    "divided by one step": ("numerical_gradient", "(2 * step)", "step"),
}


def mutant(name: str, old: str, new: str):
    """Return the function with one piece of its file's text replaced."""
    file = Path(inspect.getsourcefile(inspect.unwrap(getattr(backprop, name))))
    source = file.read_text(encoding="utf-8")
    start = source.index(f"def {name}(")
    assert old in source[start:], f"{name} has no {old!r}"
    changed = source[:start] + source[start:].replace(old, new, 1)
    module = types.ModuleType(file.stem)
    exec(compile(changed, str(file), "exec"), module.__dict__)
    return getattr(module, name)


@pytest.mark.parametrize("name", CHECKS)
def test_the_checks_accept_what_is_right(name):
    CHECKS[name](getattr(backprop, name))


@pytest.mark.parametrize("mistake", MUTANTS)
def test_the_checks_reject_a_mistake(mistake):
    name, old, new = MUTANTS[mistake]
    with pytest.raises((AssertionError, RuntimeError)):
        CHECKS[name](mutant(name, old, new))


class TestFamousChecksAreVacuous:
    def test_one_at_stride_1_accepts_a_stride_that_is_dropped(self):
        check_conv2d(
            mutant(*MUTANTS["stride dropped"]), 4, (3, 2), (5, 5), (3, 3), (1, 1), (1, 1), (1, 1), 1
        )

    def test_one_without_overlap_accepts_a_pool_that_overwrites(self):
        check_max_pool2d(mutant(*MUTANTS["pool overwritten"]), random(3, 2, 8, 8), 2, 2)

    @pytest.mark.parametrize(
        ("mistake", "is_accepted"),
        [
            ("gamma left out", True),
            ("deviation path left out", True),
            ("mean path left out", False),
            ("statistics taken for constants", False),
        ],
    )
    def test_the_sum_of_a_batch_norm_accepts_whatever_subtracts_the_mean(
        self, mistake, is_accepted
    ):
        grad, x, weight = (
            torch.ones(4, 3, 5, 6).double(),
            random(4, 3, 5, 6),
            torch.ones(3).double(),
        )
        right, _, _ = backprop.batch_norm_backward(grad, x, weight)
        wrong, _, _ = mutant(*MUTANTS[mistake])(grad, x, weight)
        assert_close(right, torch.zeros_like(x), atol=1e-14, rtol=0)
        assert torch.allclose(wrong, right, atol=1e-14) == is_accepted


X, WEIGHT, TARGET = torch.zeros(2, 4, 6, 5), torch.zeros(6, 2, 3, 3), torch.zeros(2, dtype=int)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("linear", (torch.zeros(2, 3), torch.zeros(2, 4), torch.zeros(5, 4)), r"\(2, 5\), got"),
        ("relu", (torch.zeros(2), torch.zeros(3)), r"\(3,\), got \(2,\)"),
        ("batch_norm", (torch.zeros(2, 3), torch.zeros(2, 4), torch.ones(4)), r"\(2, 4\), got"),
        ("conv2d", (torch.zeros(2, 6, 4, 4), X, WEIGHT, 1, 0, 1, 2), r"\(2, 6, 4, 3\), got"),
        ("conv2d", (X, X, WEIGHT), r"x must have shape \(N, 2, H, W\)"),
        ("conv2d", (X, X, WEIGHT, 0, 0, 1, 2), "stride must be at least 1, got 0"),
        ("max_pool2d", (X, X, 2), r"\(2, 4, 3, 2\), got \(2, 4, 6, 5\)"),
        ("max_pool2d", (X[0], X[0], 2), r"\(N, C, H, W\), got \(4, 6, 5\)"),
        ("avg_pool2d", (X, X, 2), r"\(2, 4, 3, 2\), got \(2, 4, 6, 5\)"),
        ("avg_pool2d", (X[0], X[0], 2), r"\(N, C, H, W\), got \(4, 6, 5\)"),
        ("cross_entropy", (torch.zeros(2), torch.zeros(2, 4), TARGET), r"\(\), got \(2,\)"),
        ("cross_entropy", (torch.zeros(()), torch.zeros(3, 4), TARGET), r"\(3,\), got \(2,\)"),
        ("cross_entropy", (torch.zeros(()), torch.zeros(2, 4), TARGET, "max"), "got 'max'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(backprop, f"{name}_backward")(*arguments)
