"""What is done to a trained network before it goes to work: batch norms are folded away."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


def fold_batch_norms(model: nn.Module, example: Tensor) -> nn.Module:
    """Return a copy in evaluation mode whose batch norms are part of the convolutions before them.

    A convolution with weights w and bias b, followed by a batch norm with scale γ, shift β, mean μ
    and deviation σ = √(variance + eps), is one with weights γw/σ and bias β + γ(b − μ)/σ. Which
    norm reads which convolution is seen when ``example`` passes through; a norm that reads anything
    else stays, as in front of a convolution. In exact arithmetic nothing else changes.

    Shape:
        example  what ``model`` takes

    Raises:
        ValueError: a convolution's output has more than one reader, so that the copy's answer to
            ``example`` differs.
    """
    model = copy.deepcopy(model).eval()
    pairs = _pairs(model, example)
    with torch.no_grad():
        before = model(example)
        for convolution, norm in pairs:
            fold(convolution, norm)
            _replace(model, norm, nn.Identity())
        after = model(example)
    if not torch.allclose(before, after, rtol=1e-3, atol=1e-3 * before.abs().max().item()):
        raise ValueError(
            f"after folding, the output differs by {(before - after).abs().max():.2g}: "
            "is a convolution's output read by more than its batch norm?"
        )
    return model


def fold(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    """Make the convolution do what both do, in place and in evaluation mode."""
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()  # (C,)
    bias = norm.bias - scale * norm.running_mean
    with torch.no_grad():
        if convolution.bias is not None:
            bias += scale * convolution.bias
        convolution.weight *= scale.view(-1, 1, 1, 1)
        convolution.bias = nn.Parameter(bias.detach())


def _pairs(model: nn.Module, example: Tensor) -> list[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """Convolutions and the batch norms that read their outputs, each used once."""
    made: dict[int, nn.Conv2d] = {}  # by the identity of an output
    outputs = []  # keeps them alive, so that no identity comes back
    pairs, calls = [], []

    def watch(module: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> None:
        calls.append(module)
        if isinstance(module, nn.BatchNorm2d) and id(args[0]) in made:
            pairs.append((made[id(args[0])], module))
        if isinstance(module, nn.Conv2d):
            made[id(output)] = module
            outputs.append(output)

    kinds = (nn.Conv2d, nn.BatchNorm2d)
    hooks = [m.register_forward_hook(watch) for m in model.modules() if isinstance(m, kinds)]
    try:
        with torch.no_grad():
            model(example)
    finally:
        for hook in hooks:
            hook.remove()
    return [pair for pair in pairs if all(calls.count(module) == 1 for module in pair)]


def _replace(model: nn.Module, old: nn.Module, new: nn.Module) -> None:
    for parent in model.modules():
        for name, child in parent.named_children():
            if child is old:
                setattr(parent, name, new)
