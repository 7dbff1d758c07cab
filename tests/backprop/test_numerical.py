"""The numerical gradient: as exact as differences are, and no more."""

from __future__ import annotations

import pytest
import torch
from torch.testing import assert_close

from cnncourse.backprop import numerical_gradient


def cube(x):
    return (x**3).sum()


def error(dtype, step=None):
    x = torch.linspace(0.5, 1.5, 12, dtype=dtype).view(3, 4)
    return (numerical_gradient(cube, x, step).double() - 3 * x.double() ** 2).abs().max()


def test_of_a_parabola_is_exact_but_for_rounding():
    x = torch.tensor([[1.0, -2.0, 0.5]], dtype=torch.float64)
    assert_close(numerical_gradient(lambda x: (x**2).sum(), x, 0.125), 2 * x, atol=1e-14, rtol=0)


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-9), (torch.float32, 1e-3)])
def test_the_default_step_is_near_the_best(dtype, bound):
    assert error(dtype) < bound
    eps = torch.finfo(dtype).eps
    assert error(dtype) < error(dtype, 100 * eps ** (1 / 3))  # the quotient is no limit
    assert error(dtype) < error(dtype, eps**0.75)  # the function is rounded


def test_a_step_too_small_in_float32_gives_zero():
    assert_close(numerical_gradient(cube, torch.ones(3), 1e-8), torch.zeros(3))


def test_leaves_its_input_alone_and_keeps_dtype_and_shape():
    x = torch.ones(2, 3, requires_grad=True)
    gradient = numerical_gradient(cube, x)
    assert (gradient.dtype, gradient.shape, gradient.requires_grad) == (x.dtype, x.shape, False)
    assert_close(x.detach(), torch.ones(2, 3))


def test_takes_any_memory_layout():
    x = torch.arange(6, dtype=torch.float64).view(2, 3)
    assert_close(numerical_gradient(cube, x.T), numerical_gradient(cube, x).T, atol=1e-8, rtol=0)


@pytest.mark.parametrize(
    ("f", "x", "step", "error", "message"),
    [
        (cube, torch.ones(2, dtype=torch.int64), None, TypeError, "got torch.int64"),
        (torch.relu, torch.ones(2), None, ValueError, r"one value, got the shape \(2,\)"),
        (cube, torch.ones(2), 0, ValueError, "step must be positive, got 0"),
    ],
)
def test_what_does_not_fit_is_named(f, x, step, error, message):
    with pytest.raises(error, match=message):
        numerical_gradient(f, x, step)
