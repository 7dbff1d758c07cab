"""The comparison that every family with a counterpart in torchvision has to pass."""

import pytest
import torch
from torch import nn

from cnncourse.analysis.counting import count_macs
from cnncourse.architectures.loading import load_torchvision, translate
from cnncourse.training import set_seed


def perturb(model: nn.Module) -> None:
    """Move every parameter and running statistic away from its initial value."""
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2)
            elif tensor.ndim > 1:
                tensor.add_(0.1 * tensor.std() * torch.randn_like(tensor))
            elif tensor.is_floating_point():
                tensor.add_(0.1 * torch.randn_like(tensor))


def numbers(tensors) -> int:
    return sum(tensor.numel() for tensor in tensors)


def flat(output) -> list[torch.Tensor]:
    """Return the tensors of an output: one, or main and auxiliary scores."""
    return [output] if isinstance(output, torch.Tensor) else list(output)


@pytest.fixture
def agrees_with_torchvision():
    """Return a function that asserts that two networks are the same, weight for weight.

    It compares numbers of parameters and buffers, multiply-accumulates, the outputs in evaluation
    and training mode, gradients of all parameters and of the input, and the running statistics.
    """

    def check(ours, theirs, size, dtype=torch.float64, tolerance=1e-9):
        def close(a, b):
            torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)

        assert numbers(ours.parameters()) == numbers(theirs.parameters())
        assert numbers(ours.buffers()) == numbers(theirs.buffers())
        ours.eval(), theirs.eval()
        shape = (2, 3, *size)
        assert count_macs(ours, shape) == count_macs(theirs, shape)

        perturb(theirs)
        load_torchvision(ours, theirs.state_dict())
        ours.to(dtype), theirs.to(dtype)
        x = torch.randn(shape, dtype=dtype)
        with torch.no_grad():
            expected = theirs(x)
            close(ours(x), expected)
        assert expected.std() > 1e-3  # a comparison of zeros would prove nothing

        results = []
        for model in (ours.train(), theirs.train()):
            set_seed(1)  # both drop the same units
            inputs = x.clone().requires_grad_()
            outputs = flat(model(inputs))
            sum((y * torch.linspace(-1, 2, y.numel(), dtype=dtype).view_as(y)).sum()
                for y in outputs).backward()  # fmt: skip
            gradients = {name: p.grad for name, p in model.named_parameters()}
            results.append((outputs, inputs.grad, gradients))
        (our_outputs, our_slope, ours_by_name), (outputs, slope, by_name) = results
        for a, b in zip(our_outputs, outputs, strict=True):
            close(a, b)
        close(our_slope / slope.abs().max(), slope / slope.abs().max())
        # A bias before a norm has gradient zero, of which rounding leaves something.
        least = 1e-6 * max(gradient.abs().max() for gradient in by_name.values())
        for name, expected in translate(ours, by_name).items():
            scale = expected.abs().max().clamp(min=least)
            close(ours_by_name[name] / scale, expected / scale)
        for name, expected in translate(ours, dict(theirs.named_buffers())).items():
            close(ours.get_buffer(name), expected)

    return check
