"""What a module does with given weights and input: its output and its derivatives."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from cnncourse.grading.compare import Difference, difference
from cnncourse.grading.state import reseed

NOISE = 1e3  # derivatives up to so many roundings of the largest are zero


class Probe:
    """A module as a function of one row of numbers: the entries of all its parameters."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.parameters = dict(module.named_parameters())
        parts = [(part, name) for part in module.modules() for name in part._buffers]
        self.buffers = [(*at, copy.deepcopy(at[0]._buffers[at[1]])) for at in parts]
        self.size = sum(parameter.numel() for parameter in self.parameters.values())
        self.acts = torch.zeros(self.size, dtype=torch.bool)  # numbers with a derivative so far

    def set(self, values: Tensor) -> None:
        """Write the numbers into the parameters, and put the buffers back."""
        parts = values.split([parameter.numel() for parameter in self.parameters.values()])
        with torch.no_grad():
            for parameter, part in zip(self.parameters.values(), parts, strict=True):
                parameter.copy_(part.view_as(parameter))
        for part, name, before in self.buffers:  # a forward may have put another one there
            part._buffers[name] = copy.deepcopy(before)

    def idle(self) -> str:
        """Name a parameter by whose numbers no derivative was found yet; empty if there is none."""
        parts = self.acts.split([parameter.numel() for parameter in self.parameters.values()])
        named = zip(self.parameters, parts, strict=True)
        return next((name for name, acts in named if not acts.any()), "")

    def respond(self, x: Tensor, training: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Return the output, and the derivatives of a mixture of it by `x` and by the numbers."""
        x = x.clone().requires_grad_()
        wanted = [x, *(p for p in self.parameters.values() if p.requires_grad)]
        reseed(0)  # the same dropout in both modules, and the same mixture
        out = self.module.train(training)(x)
        reseed(1)
        mixture = (out * torch.randn(out.shape, dtype=x.dtype)).sum()
        found = {}
        if mixture.requires_grad:
            slopes = torch.autograd.grad(mixture, wanted, allow_unused=True)
            pairs = zip(wanted, slopes, strict=True)
            found = {id(tensor): slope for tensor, slope in pairs if slope is not None}
        every = (x, *self.parameters.values())
        by_x, *by_number = (found.get(id(tensor), torch.zeros_like(tensor)) for tensor in every)
        row = torch.cat([slope.flatten() for slope in (*by_number, torch.zeros(0))])
        if self.size:
            self.acts |= row.abs() > NOISE * torch.finfo(out.dtype).eps * row.abs().max()
        return out.detach(), by_x, row


def compare(
    reference: Probe, module: Probe, x: Tensor, training: bool
) -> tuple[Difference | None, tuple[Tensor, Tensor]]:
    """Compare outputs, and derivatives by the input; return those by the numbers as well."""
    (wanted, by_x, row), (out, own_by_x, own_row) = (
        probe.respond(x, training) for probe in (reference, module)
    )
    found = difference(out, wanted)
    if found and not training and not compare(reference, module, x, training=True)[0]:
        message = "Right in training mode, but not after `.eval()`."
        found = Difference(message, found.evidence, "wrong in evaluation mode")
    elif found:
        found = Difference(found.message, f"given the same weights, {found.evidence}", found.name)
    elif by_x.any() and not (own_by_x.any() or own_row.any()):
        found = Difference("No gradient flows back through your module.", "", "gradient cut")
    elif difference(own_by_x.to(out.dtype), by_x):
        name = "wrong gradient" if own_by_x.any() else "gradient cut"
        found = Difference("The output is right, but the gradient of the input is not.", "", name)
    return found, (row.to(out.dtype), own_row.to(out.dtype))
