"""How strongly one unit reacts to each pixel, measured: gradients on random images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from cnncourse.analysis._fields.images import call, inputs_with_image, named_modules
from cnncourse.analysis._fields.preserving import copy_in_eval_mode
from cnncourse.analysis._inputs import Inputs, tensors_in

Index = tuple[int | slice, ...]


def mean_gradient(
    model: nn.Module,
    input_size: Any,
    output: str | None,
    place: Callable[[Tensor, Tensor], Index],
    input: int | str,
    inputs: int,
    seeds: Sequence[int],
    reinitialise: bool,
) -> Tensor:
    """Return the mean absolute gradient of one unit of ``output`` by the pixels of one input.

    ``place(y, x)`` is the unit's index in the result ``y`` for the image ``x``. Everything it picks
    is added up and differentiated by the image; absolute values, summed over the image's channels,
    are averaged over ``inputs`` standard normal images for each of the ``seeds``. Images run one at
    a time, on a copy of the model in eval mode. Shapes among the other inputs are random as well,
    tensors are fed as they are.

    Shape:
        return  the spatial shape of the input, float64

    Raises:
        ValueError: without images, values or a gradient, or for a result that is no tensor.
    """
    if inputs < 1 or not seeds:
        raise ValueError(f"inputs and seeds must not be empty, got {inputs} and {list(seeds)}")
    named_modules(model, output)
    numbers = (p for p in model.parameters() if p.is_floating_point() or p.is_complex())
    like = next(numbers, torch.empty(0))
    if like.is_meta:
        raise ValueError("a gradient needs the model's values, got a model on meta")
    total = torch.zeros((), dtype=torch.float64)
    with copy_in_eval_mode(model) as twin, torch.inference_mode(False), torch.enable_grad():
        resettable = [m for m in twin.modules() if hasattr(m, "reset_parameters")]
        if reinitialise and not resettable:
            raise ValueError(
                "no module of the model has reset_parameters, so reinitialise cannot work"
            )
        for seed in seeds:
            torch.manual_seed(seed)
            if reinitialise:
                for module in resettable:
                    module.reset_parameters()
            for _ in range(inputs):
                given, x = inputs_with_image(input_size, input, lambda size: _drawn(size, like))
                y = _result(twin, given, x, output)
                total = total + _gradient(y, place(y, x), x)
    return total / (inputs * len(seeds))


def _drawn(size: Any, like: Tensor) -> Tensor:
    if isinstance(size, Tensor):
        x = size.detach().to(like.device, copy=True)
        return x.requires_grad_() if x.is_floating_point() else x
    # Drawn on the CPU, so that a seed means the same images on every device.
    return torch.randn(1, *size[1:]).to(like).requires_grad_()


def _result(model: nn.Module, given: Inputs, x: Tensor, output: str | None) -> Tensor:
    """The tensor that the last call of the module returned."""
    if not x.is_floating_point():
        raise ValueError(f"a gradient needs a floating-point input, got {x.dtype}")
    caught: list[list[Tensor]] = []

    def catch(module: nn.Module, args: tuple, result: object) -> None:
        # Copies, as the layer after may write into the result in place.
        caught.append([tensor.clone() for tensor in tensors_in(result)])

    handle = model.get_submodule(output or "").register_forward_hook(catch)
    try:
        call(model, given, x)
    finally:
        handle.remove()
    if not caught:
        raise ValueError(f"the module {output!r} does not run in the model's forward pass")
    if len(caught[-1]) != 1:
        raise ValueError(
            "output must be a module whose result is a map like the input, "
            f"got {len(caught[-1])} tensors"
        )
    return caught[-1][0]


def _gradient(y: Tensor, unit: Index, x: Tensor) -> Tensor:
    if not y.requires_grad:
        raise ValueError(
            "no gradient leads from the output to the input, as the forward pass runs under "
            "torch.no_grad(), detaches or leaves PyTorch; receptive_field needs no gradient"
        )
    (gradient,) = torch.autograd.grad(y[unit].sum(), x, allow_unused=True)
    if gradient is None:
        return torch.zeros(x.shape[2:], dtype=torch.float64)
    return gradient.abs().double().sum((0, 1)).cpu()
