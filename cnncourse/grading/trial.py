"""Running a function on all cases of an exercise, in one dtype, beside what should come out."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from numbers import Number

import numpy as np
import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map

from cnncourse.grading.compare import ALL_ZEROS, Difference, difference
from cnncourse.grading.rules import CallRecorder
from cnncourse.grading.sandbox import Run


class Trial:
    """One pass through all cases, up to a crash: the completed runs, and what failed."""

    def __init__(
        self,
        answer: Callable,
        pairs: Sequence[tuple[tuple, object]],
        calls: CallRecorder,
        dtype: torch.dtype | None = None,
    ) -> None:
        self.runs: list[tuple[tuple, object]] = []
        self.failures: list[tuple[tuple, Run, Difference | None]] = []

        def cast(leaf: object) -> object:
            return leaf.to(dtype) if dtype and _is_double(leaf) else leaf

        for arguments, wanted in pairs:
            run = Run(answer, tree_map(cast, arguments), calls)
            found = difference(run.value, tree_map(cast, wanted))
            if run.error or run.changed or found:
                self.failures.append((arguments, run, found))
            if run.error:
                break
            self.runs.append((arguments, run.value))

    def is_wrong(self) -> bool:
        """Say whether it failed by more than a crash, which may be due to its dtype."""
        return any(run.changed or (found and not run.error) for _, run, found in self.failures)

    def first_failure(self) -> tuple[tuple, Run, Difference | None]:
        """Return the smallest, or where nothing but zeros came out, the smallest to show that."""
        zeros = [found for found in self.failures if found[2] and found[2].name == ALL_ZEROS]
        return (self.failures if self.any_value() or not zeros else zeros)[0]

    def any_value(self) -> bool:
        """Say whether any result was not zero."""
        leaves = [leaf for _, value in self.runs for leaf in tree_leaves(value)]
        numbers = [leaf for leaf in leaves if isinstance(leaf, (Tensor, np.ndarray, Number))]
        return any(bool(leaf.any() if hasattr(leaf, "any") else leaf) for leaf in numbers)


def _is_double(leaf: object) -> bool:
    return isinstance(leaf, Tensor) and leaf.dtype == torch.float64


def has_doubles(cases: Sequence[tuple]) -> bool:
    """Say whether any argument is a tensor in float64."""
    return any(_is_double(leaf) for leaf in tree_leaves(list(cases)))


def same_gradients(answer: Callable, oracle: Callable, arguments: tuple) -> bool:
    """Say whether the derivatives by all real tensors agree, in float32."""
    found = []
    for function in (answer, oracle):
        given = tree_map(_as_leaf, arguments)
        leaves = [leaf for leaf in tree_leaves(given) if _is_leaf(leaf)]
        try:
            value = function(*given)
        except RuntimeError:  # as `.numpy()` does with what has gradients
            return False
        if not (isinstance(value, Tensor) and value.requires_grad):
            return False
        found.append(
            torch.autograd.grad(value.sum(), leaves, allow_unused=True, materialize_grads=True)
        )
    return difference(*found) is None


def _as_leaf(leaf: object) -> object:
    real = isinstance(leaf, Tensor) and leaf.is_floating_point()
    return leaf.detach().float().requires_grad_() if real else copy.deepcopy(leaf)


def _is_leaf(leaf: object) -> bool:
    return isinstance(leaf, Tensor) and leaf.requires_grad
