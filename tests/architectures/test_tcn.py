"""TCN: the paper's count, a literal forward pass, its field by formula, analysis and gradient."""

import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.analysis.receptive_field import receptive_field
from cnncourse.architectures import tcn
from cnncourse.training import set_seed


@pytest.fixture(autouse=True)
def seeded():
    set_seed(0)


@pytest.mark.parametrize(("name", "steps"), [("tcn", 784), ("tiny", 64)])
def test_counts_and_field_stand_in_the_docstring(name, steps):
    model = getattr(tcn, name)()
    shape = (1, 1, steps)
    for count in (count_parameters(model).total, count_macs(model, shape), model.field):
        assert f"{count:,}" in getattr(tcn, name).__doc__


def test_the_paper_s_model_for_digits_has_about_70_thousand_parameters():
    per_level = 2 * (7 * 25 * 25 + 25 + 25)  # two kernels, each with lengths and biases
    first = 7 * 25 + 7 * 25 * 25 + 4 * 25 + 2 * 25  # one channel in, a 1×1 shortcut
    assert count_parameters(tcn.tcn()).total == first + 7 * per_level + 260 == 66_910


def test_the_forward_pass_is_the_paper_s_written_out():
    """Pad both sides, convolve, chop the surplus off the end: how the paper's code does it."""
    model = tcn.TCN(3, 5, 3, 0.0, num_classes=2, in_channels=4).double().eval()
    x = torch.randn(2, 4, 40, dtype=torch.float64)
    y = x
    for level, block in enumerate(model.levels):
        dilation, r = 2**level, y
        for conv in (block.residual.conv1, block.residual.conv2):
            g, v = (getattr(conv.parametrizations.weight, f"original{i}") for i in (0, 1))
            weight = g * v / v.square().sum((1, 2), keepdim=True).sqrt()
            r = F.conv1d(r, weight, conv.bias, padding=2 * dilation, dilation=dilation)
            r = r[:, :, : -2 * dilation].relu()
        if not isinstance(block.shortcut, nn.Identity):
            y = F.conv1d(y, block.shortcut.weight, block.shortcut.bias)
        y = (r + y).relu()
    expected = F.conv1d(y, model.scores.weight, model.scores.bias)
    with torch.no_grad():
        torch.testing.assert_close(model(x), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("kernel_size", "levels", "field"), [(3, 4, 61), (3, 5, 125), (7, 3, 85), (2, 4, 31)]
)
def test_the_field_counts_two_convolutions_a_level(kernel_size, levels, field):
    model = tcn.TCN(levels, 3, kernel_size, 0.0, num_classes=2, in_channels=1).double()
    assert model.field == 1 + 2 * (kernel_size - 1) * (2**levels - 1) == field
    assert receptive_field(model, (1, 1, 150)).size == (field,)
    for parameter in model.parameters():
        parameter.data.abs_()  # so that no ReLU hides a path
    x = torch.rand(1, 1, 150, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(model(x)[0, :, 140].sum(), x)
    seen = gradient[0, 0].nonzero().flatten()
    assert (seen[0], seen[-1]) == (140 - field + 1, 140)


@pytest.mark.parametrize("training", [True, False])
def test_no_output_changes_with_the_future(training):
    model = tcn.tiny(in_channels=2).double().train(training)
    x = torch.randn(2, 2, 50, dtype=torch.float64)
    other = torch.cat([x[:, :, :30], torch.randn(2, 2, 20, dtype=torch.float64)], dim=2)
    assert torch.equal(model(x)[:, :, :30], model(other)[:, :, :30])


@pytest.mark.parametrize("shape", [(2, 3, 10), (2, 10), (2, 1, 0), (1, 1, 4, 4)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=re.escape(f"(N, 1, T) with T at least 1, got {shape}")):
        tcn.tiny()(torch.zeros(shape))


def test_arguments_below_one_are_refused():
    for argument in ("num_classes", "in_channels"):
        with pytest.raises(ValueError, match=f"{argument} must be at least 1, got 0"):
            tcn.tcn(**{argument: 0})


def test_it_learns_which_of_two_notes_was_struck_first():
    model = tcn.tiny(num_classes=2)
    labels = torch.arange(32) % 2
    x = 0.1 * torch.randn(32, 1, 48)
    x[:, 0, 3] += 2.0 * labels - 1  # 44 steps before the answer
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(60):
        loss = F.cross_entropy(model(x)[:, :, -1], labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1
