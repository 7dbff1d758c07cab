"""The backward pass, changed: every ReLU also stops what is negative."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from cnncourse.analysis.parameters import check_runs_in_view
from cnncourse.explain._scores import (
    Target,
    checked_images,
    copy_to_explain,
    input_gradient,
    one_for_each,
)

RELUS = frozenset((torch.relu, torch.relu_, Tensor.relu, Tensor.relu_, F.relu, F.relu_, F.relu6))


class _GuidedReLUs(TorchFunctionMode):
    """Lets only positive gradients into every ReLU, be it a module or a function."""

    count = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        # nn.ReLU6 clips between 0 and 6 by hardtanh
        if func in RELUS or (func is F.hardtanh and kwargs.get("min_val") == 0):
            self.count += 1
            if output.requires_grad:
                output.register_hook(lambda gradient: gradient.clamp(min=0))
        return output


def guided_backpropagation(model: nn.Module, x: Tensor, target: Target) -> Tensor:
    """Return the backward pass of the score with negative gradients set to 0 at every ReLU.

    Not the gradient of anything in general. A clamp at the end is not the same: negative parts are
    stopped behind each ReLU, before they meet others (Springenberg et al., arXiv:1412.6806, section
    3.4). ReLU6 counts as a ReLU; so does a ReLU that is a function, or a module used twice.

    Shape:
        x       (N, C, H, W)
        target  one class, or N of them
        return  (N, C, H, W)

    Raises:
        TypeError, ValueError: as `saliency`; and the model executes no ReLU.
    """
    x = checked_images(x)
    target = one_for_each(target, len(x))
    check_runs_in_view(model)
    with copy_to_explain(model) as twin, _GuidedReLUs() as relus:
        result = input_gradient(twin, x, target)
    if relus.count == 0:
        raise ValueError(
            f"guided backpropagation needs a ReLU, and {type(model).__name__} runs none"
        )
    return result
