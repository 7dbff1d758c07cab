"""Residual blocks against their formulas, written with PyTorch's functions, and torchvision's."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.testing import assert_close
from torchvision.models import resnet as torchvision_resnet

from cnncourse.analysis.counting import count_macs
from cnncourse.layers.residual import (
    BasicBlock,
    Bottleneck,
    PaddedShortcut,
    PreActivationBlock,
    PreActivationBottleneck,
    zero_last_norm,
)
from cnncourse.training import set_seed

CHANNELS = [(4, 4), (4, 6), (6, 4)]
STRIDES = [1, 2, 3]


def perturbed(block: nn.Module) -> nn.Module:
    """Move norms away from where they start, so that a forgotten or swapped one shows."""
    set_seed(0)
    for parameter in block.parameters():
        nn.init.normal_(parameter)
    return block.double()


def images(channels: int) -> Tensor:
    set_seed(1)
    return torch.randn(2, channels, 9, 7, dtype=torch.float64)


def norm(x: Tensor, layer: nn.BatchNorm2d) -> Tensor:
    """Normalise over the batch and all positions, as in training."""
    mean, var = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), correction=0, keepdim=True)
    scale, shift = layer.weight[:, None, None], layer.bias[:, None, None]
    return (x - mean) / (var + 1e-5).sqrt() * scale + shift


def project(x: Tensor, block: nn.Module, stride: int) -> Tensor:
    """Return P(x) of a block whose sum is followed by ReLU."""
    if isinstance(block.shortcut, nn.Identity):
        return x
    return norm(F.conv2d(x, block.shortcut.conv.weight, stride=stride), block.shortcut.norm)


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize(("in_channels", "out_channels"), CHANNELS)
def test_basic_block_is_relu_of_two_convolutions_plus_shortcut(in_channels, out_channels, stride):
    block = perturbed(BasicBlock(in_channels, out_channels, stride))
    x, f = images(in_channels), block.residual
    y = norm(F.conv2d(x, f.conv1.weight, stride=stride, padding=1), f.norm1).relu()
    y = norm(F.conv2d(y, f.conv2.weight, padding=1), f.norm2)
    assert_close(block(x), (y + project(x, block, stride)).relu())


@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize(("in_channels", "out_channels"), CHANNELS)
def test_bottleneck_strides_in_its_grouped_3x3(in_channels, out_channels, stride, groups):
    block = perturbed(Bottleneck(in_channels, 9, out_channels, stride, groups))
    x, f = images(in_channels), block.residual
    y = norm(F.conv2d(x, f.conv1.weight), f.norm1).relu()
    y = norm(F.conv2d(y, f.conv2.weight, None, stride, 1, 1, groups), f.norm2).relu()
    y = norm(F.conv2d(y, f.conv3.weight), f.norm3)
    assert_close(block(x), (y + project(x, block, stride)).relu())


def test_bottleneck_is_torchvisions_with_the_same_weights():
    theirs = torchvision_resnet.Bottleneck(12, 3, groups=4, base_width=128)
    ours = Bottleneck(12, width=24, out_channels=12, groups=4)
    for own, tensor in zip(ours.parameters(), theirs.parameters(), strict=True):
        own.data.copy_(tensor)
    x = images(12).float()
    assert_close(ours(x), theirs(x))


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize(("in_channels", "out_channels"), CHANNELS)
def test_pre_activation_block_adds_after_everything(in_channels, out_channels, stride):
    block = perturbed(PreActivationBlock(in_channels, out_channels, stride))
    x, f = images(in_channels), block.residual
    a = norm(x, block.preactivation.norm).relu()
    y = norm(F.conv2d(a, f.conv1.weight, stride=stride, padding=1), f.norm2).relu()
    y = F.conv2d(y, f.conv2.weight, padding=1)
    same = in_channels == out_channels and stride == 1
    expected = x if same else F.conv2d(a, block.projection.weight, stride=stride)
    assert_close(block(x), expected + y)


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize(("in_channels", "out_channels"), CHANNELS)
def test_pre_activation_bottleneck_strides_in_its_first_1x1(in_channels, out_channels, stride):
    block = perturbed(PreActivationBottleneck(in_channels, 5, out_channels, stride))
    x, f = images(in_channels), block.residual
    a = norm(x, block.preactivation.norm).relu()
    y = norm(F.conv2d(a, f.conv1.weight, stride=stride), f.norm2).relu()
    y = norm(F.conv2d(y, f.conv2.weight, padding=1), f.norm3).relu()
    y = F.conv2d(y, f.conv3.weight)
    same = in_channels == out_channels and stride == 1
    expected = x if same else F.conv2d(a, block.projection.weight, stride=stride)
    assert_close(block(x), expected + y)


def test_padded_shortcut_keeps_every_second_position_and_appends_empty_channels():
    x = torch.arange(2 * 3 * 4.0).view(1, 2, 3, 4)
    y = PaddedShortcut(2, 5, stride=2)(x)
    assert y.tolist() == [
        [[[0, 2], [8, 10]], [[12, 14], [20, 22]], *[[[0, 0], [0, 0]] for _ in range(3)]]
    ]


def test_a_given_shortcut_takes_the_place_of_the_projection():
    block = perturbed(BasicBlock(4, 6, 2, shortcut=PaddedShortcut(4, 6, 2)))
    x = images(4)
    assert not list(block.shortcut.parameters())
    assert_close(block(x), (block.residual(x) + block.shortcut(x)).relu())
    empty = nn.Sequential()  # has length 0 and is a shortcut all the same
    assert BasicBlock(4, 4, shortcut=empty).shortcut is empty


@pytest.mark.parametrize("block", [BasicBlock(4, 6, 2), PreActivationBlock(4, 6, 2)])
def test_basic_blocks_cost_as_the_docstring_says(block):
    positions = 5 * 4
    assert count_macs(block, (1, 4, 9, 7)) == positions * (9 * (4 + 6) * 6 + 4 * 6)


def test_bottlenecks_cost_as_the_docstrings_say():
    positions = 5 * 4
    block = Bottleneck(4, 9, 6, 2, groups=3)
    expected = positions * (4 * 4 * 9 + 9 * 9**2 // 3 + 9 * 6 + 4 * 6)
    assert count_macs(block, (1, 4, 10, 8)) == expected  # even, for the factor stride**2
    block = PreActivationBottleneck(4, 9, 6, 2)
    assert count_macs(block, (1, 4, 9, 7)) == positions * (4 * 9 + 9 * 9**2 + 9 * 6 + 4 * 6)


def test_the_input_stays_as_it_was():
    for block in (
        BasicBlock(4, 4),
        Bottleneck(4, 2, 4),
        PreActivationBlock(4, 4),
        PreActivationBottleneck(4, 2, 4),
    ):
        x = images(4).float()
        before = x.clone()
        block(x)
        assert torch.equal(x, before)


def test_the_gradient_of_a_pre_activation_block_holds_that_of_the_sum():
    block = perturbed(PreActivationBlock(4, 4)).eval()
    x, slope = images(4).requires_grad_(), images(4)
    (through_both,) = torch.autograd.grad(block(x), x, slope)
    (through_f,) = torch.autograd.grad(block.residual(block.preactivation(x)), x, slope)
    assert_close(through_both, slope + through_f)


@pytest.mark.parametrize("block", [BasicBlock(4, 4), Bottleneck(4, 2, 4)])
def test_with_zeroed_last_norm_a_block_is_its_shortcut_and_only_that_norm_learns(block):
    x = images(4).relu()
    assert zero_last_norm(block.double()) is block
    y = block(x)
    assert torch.equal(y, x)
    (y * images(4)).sum().backward()
    *before, last = block.residual
    assert last.weight.grad.all()
    assert last.bias.grad.all()
    assert not any(parameter.grad.any() for layer in before for parameter in layer.parameters())


def test_behind_a_zeroed_norm_a_relu_would_stop_a_pre_activation_block_for_ever():
    block = PreActivationBlock(4, 4).double()
    nn.init.zeros_(block.residual.norm2.weight)
    block(images(4)).sum().backward()
    assert not any(parameter.grad.any() for parameter in block.residual.parameters())
    with pytest.raises(ValueError, match="Sequential holds pre-activation blocks"):
        zero_last_norm(nn.Sequential(block, BasicBlock(4, 4)))


def test_zeroing_a_model_without_blocks_is_refused():
    with pytest.raises(ValueError, match="Linear holds no residual block"):
        zero_last_norm(nn.Linear(2, 3))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: BasicBlock(0, 4), ValueError, "in_channels must be at least 1, got 0"),
        (lambda: BasicBlock(4, 4.0), TypeError, "out_channels must be an int, got 4.0"),
        (lambda: Bottleneck(4, 6, 4, 0), ValueError, "stride must be at least 1, got 0"),
        (lambda: Bottleneck(4, 6, 4, 1, 0), ValueError, "groups must be at least 1, got 0"),
        (lambda: Bottleneck(4, 6, 4, 1, 4), ValueError, "divisible by groups 4, got 6"),
        (lambda: PreActivationBlock(4, -1), ValueError, "out_channels must be at least 1, got -1"),
        (lambda: PreActivationBottleneck(4, 0, 4), ValueError, "width must be at least 1, got 0"),
        (lambda: PaddedShortcut(4, 3, 1), ValueError, "at least in_channels 4, got 3"),
        (lambda: PaddedShortcut(4, 4, 0), ValueError, "stride must be at least 1, got 0"),
    ],
)
def test_bad_arguments_are_refused_with_the_received_value(make, error, message):
    with pytest.raises(error, match=message):
        make()
