"""Residual networks for 32×32: published counts, formulas of the papers, and memory."""

import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.architectures import cifar_resnet
from cnncourse.layers.residual import PaddedShortcut, zero_last_norm
from cnncourse.training import set_seed

COUNTS = {
    #                   parameters, published, multiply-accumulates at 32×32
    "resnet20": (269_722, "0.27M", 40_551_040),
    "resnet32": (464_154, "0.46M", 68_862_592),
    "resnet44": (658_586, "0.66M", 97_174_144),
    "resnet56": (853_018, "0.85M", 125_485_696),
    "resnet110": (1_727_962, "1.7M", 252_887_680),
    "preactivation_resnet164": (1_703_258, "1.7M", 244_500_992),
    "preactivation_resnet1001": (10_327_706, "10.2M", 1_487_849_984),
    "tiny": (75_290, None, 12_239_488),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_the_published_ones_and_stand_in_the_docstring(name):
    builder = getattr(cifar_resnet, name)
    with torch.device("meta"):
        model = builder()
    parameters, published, macs = COUNTS[name]
    assert count_parameters(model).total == parameters
    assert count_macs(model, (1, 3, 32, 32)) == macs
    for text in (f"{parameters:,}", f"{macs:,}", f"{published} in the paper"):
        assert text in builder.__doc__ or published is None
    if published:
        # Norms left out, as the 10.2M of 1001 layers show; elsewhere they make no difference.
        norms = sum(count_parameters(m) for m in model.modules() if isinstance(m, nn.BatchNorm2d))
        digits = len(published) - published.index(".") - 2
        assert abs((parameters - norms) / 1e6 - float(published[:-1])) < 0.6 * 10**-digits


def test_1001_layers_have_as_many_parameters_outside_norms_as_the_docstring_says():
    with torch.device("meta"):
        model = cifar_resnet.preactivation_resnet1001()
    weights = [p for name, p in model.named_parameters() if p.ndim > 1 or name == "head.bias"]
    count = sum(p.numel() for p in weights)
    assert f"{count:,} outside the norms" in cifar_resnet.preactivation_resnet1001.__doc__


def test_a_block_more_in_each_stage_adds_what_the_docstring_says():
    with torch.device("meta"):
        models = [cifar_resnet.preactivation_resnet(depth) for depth in (11, 20, 29)]
    for count in (count_parameters, lambda model: count_macs(model, (1, 3, 32, 32))):
        first, second, third = (int(count(model)) for model in models)
        assert second - first == third - second
        for number in (first, second - first):
            assert f"{number:,}" in cifar_resnet.preactivation_resnet.__doc__


@pytest.mark.parametrize("depth", [20, 110])
def test_depth_counts_convolutions_and_the_head(depth):
    with torch.device("meta"):
        model = getattr(cifar_resnet, f"resnet{depth}")()
    assert sum(isinstance(m, nn.Conv2d | nn.Linear) for m in model.modules()) == depth


@pytest.mark.parametrize("depth", [11, 164])
def test_depth_counts_convolutions_and_the_head_but_no_projection(depth):
    with torch.device("meta"):
        model = cifar_resnet.preactivation_resnet(depth)
    layers = [n for n, m in model.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len([name for name in layers if "projection" not in name]) == depth
    assert len(layers) == depth + 3


def test_resolutions_are_those_of_the_paper():
    for model, channels in (
        (cifar_resnet.resnet20(), [16, 16, 32, 64]),
        (cifar_resnet.preactivation_resnet(11), [16, 64, 128, 256]),
    ):
        x = model.stem(torch.zeros(1, 3, 32, 40))
        shapes = [x.shape]
        for stage in model.stages:
            x = stage(x)
            shapes.append(x.shape)
        sizes = [(32, 40), (32, 40), (16, 20), (8, 10)]
        assert shapes == [(1, c, *size) for c, size in zip(channels, sizes, strict=True)]


def test_shortcuts_have_no_parameters():
    model = cifar_resnet.resnet20()
    assert not [name for name, _ in model.named_parameters() if "shortcut" in name]
    assert sum(isinstance(m, PaddedShortcut) for m in model.modules()) == 2


def test_with_residuals_at_zero_the_first_channels_reach_the_head_subsampled():
    set_seed(0)
    model = zero_last_norm(cifar_resnet.resnet20()).eval()
    x = torch.randn(2, 3, 19, 13)
    mean = model.stem(x)[:, :, ::4, ::4].mean((2, 3))
    expected = F.linear(mean, model.head.weight[:, :16], model.head.bias)
    torch.testing.assert_close(model(x), expected)


def test_blocks_of_a_pre_activation_stage_add_up():
    set_seed(0)
    stage = cifar_resnet.preactivation_resnet(29).double().eval().stages[1]
    x = torch.randn(2, 64, 9, 6, dtype=torch.float64)
    y = total = stage[0](x)
    for block in list(stage)[1:]:
        total = total + block.residual(block.preactivation(y))
        y = block(y)
    torch.testing.assert_close(stage(x), total)


@pytest.mark.parametrize(
    "model", [cifar_resnet.resnet110(), cifar_resnet.preactivation_resnet164()]
)
def test_weights_start_by_he_with_outgoing_connections_counted(model):
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d) and module.weight.numel() > 2000:
            fan_out = module.out_channels * module.kernel_size[0] ** 2
            expected = (2 / fan_out) ** 0.5
            assert abs(module.weight.std().item() / expected - 1) < 0.1, name
            assert module.weight.abs().max() > 2.5 * expected, name  # normal, not uniform
    assert not model.head.bias.any()


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_1001_layers_train_on_two_images_in_less_than_one_gib_and_a_half():
    code = """
import torch
from pathlib import Path
from cnncourse.architectures import cifar_resnet
model = cifar_resnet.preactivation_resnet1001()
model(torch.randn(2, 3, 32, 32)).square().sum().backward()
assert all(p.grad.isfinite().all() for p in model.parameters())
print(Path("/proc/self/status").read_text(encoding="utf-8").split("VmHWM:")[1].split()[0])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    gib = int(done.stdout) / 2**20
    print(f"peak {gib:.2f} GiB")
    assert gib < 1.5


@pytest.mark.parametrize("depth", [2, 21, 165])
def test_other_depths_are_refused(depth):
    with pytest.raises(ValueError, match=f"depth must be 9n \\+ 2 with n >= 1, got {depth}"):
        cifar_resnet.preactivation_resnet(depth)
    with pytest.raises(ValueError, match=f"depth must be 6n \\+ 2 with n >= 1, got {depth}"):
        cifar_resnet.CifarResNet(depth, 10, 3)
