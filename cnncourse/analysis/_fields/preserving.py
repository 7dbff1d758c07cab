"""Measuring a model without leaving a trace in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from cnncourse.analysis._copying import copy_to
from cnncourse.analysis._randomness import same_random_state


@contextmanager
def copy_in_eval_mode(model: nn.Module) -> Iterator[nn.Module]:
    """Yield a copy in eval mode, with attention step by step; keep the random state.

    On a copy, since modules may change in ``eval()`` (which merges updates or builds filters) and
    in ``forward`` (which normalizes weights or starts from the first batch).

    Raises:
        ValueError: if the model cannot be copied.
    """
    twin = copy_to(model, None)
    fast_path = torch.backends.mha.get_fastpath_enabled()
    with same_random_state(sorted({p.device for p in model.parameters()}, key=str)):
        try:
            # The fused kernel would hide the steps of attention, and its gradient.
            torch.backends.mha.set_fastpath_enabled(False)
            twin.eval()
            yield twin
        finally:
            torch.backends.mha.set_fastpath_enabled(fast_path)
