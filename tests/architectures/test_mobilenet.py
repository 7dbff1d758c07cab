"""MobileNets: weight for weight torchvision's, and version 1 by its published numbers."""

import pytest
import torch
from torch import nn
from torchvision import models

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.architectures import mobilenet
from cnncourse.training import set_seed

IN_TORCHVISION = ["mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large"]


@pytest.mark.parametrize("name", IN_TORCHVISION)
def test_agrees_with_torchvision(name, agrees_with_torchvision):
    agrees_with_torchvision(getattr(mobilenet, name)(), getattr(models, name)(), (64, 96))


@pytest.mark.parametrize("name", IN_TORCHVISION)
def test_has_the_activations_of_torchvision(name):
    ours, theirs = getattr(mobilenet, name)(), getattr(models, name)()

    def activations(model):  # normalized values hardly reach 6, where ReLU6 differs from ReLU
        kinds = nn.ReLU, nn.ReLU6, nn.Hardswish, nn.Hardsigmoid
        return [type(module) for module in model.modules() if isinstance(module, kinds)]

    assert activations(ours) == activations(theirs)


@pytest.mark.parametrize("name", IN_TORCHVISION)
def test_starts_from_the_weights_of_torchvision(name):
    set_seed(5)
    theirs = getattr(models, name)()
    set_seed(5)
    ours = getattr(mobilenet, name)()
    for (tensor_name, tensor), expected in zip(
        ours.state_dict().items(), theirs.state_dict().values(), strict=True
    ):
        assert torch.equal(tensor, expected), tensor_name


@pytest.mark.parametrize(
    ("name", "size", "parameters", "macs"),
    [
        ("mobilenet_v1", 224, 4_231_976, 568_740_352),  # paper: 4.2 and 569 million
        ("mobilenet_v2", 224, 3_504_872, 300_774_272),  # paper: 3.4 and 300 million
        ("mobilenet_v3_small", 224, 2_542_856, 56_510_400),  # paper: 2.5 and 56 million
        ("mobilenet_v3_large", 224, 5_483_032, 216_589_760),  # paper: 5.4 and 219 million
        ("tiny", 32, 21_242, 2_658_944),
    ],
)
def test_has_the_numbers_that_its_docstring_states(name, size, parameters, macs):
    builder = getattr(mobilenet, name)
    model = builder().eval()
    assert count_parameters(model).total == parameters
    assert count_macs(model, (1, 3, size, size)) == macs
    assert f"{parameters:,} parameters, {macs:,} multiply-accumulates" in builder.__doc__
    assert f"at {size}×{size}" in builder.__doc__


def test_version_1_has_the_maps_of_its_paper():
    model = mobilenet.mobilenet_v1().eval()
    shapes = []
    for block in [model.stem, *model.blocks]:
        block.register_forward_hook(lambda _, __, y: shapes.append(tuple(y.shape[1:])))
    with torch.no_grad():
        model(torch.zeros(1, 3, 224, 192))
    assert shapes == [
        (32, 112, 96),
        (64, 112, 96),
        (128, 56, 48),
        (128, 56, 48),
        (256, 28, 24),
        (256, 28, 24),
        *[(512, 14, 12)] * 6,
        *[(1024, 7, 6)] * 2,
    ]


def test_version_1_spends_its_work_and_its_weights_as_the_paper_says():
    model = mobilenet.mobilenet_v1()
    pointwise = [block.pointwise.convolution for block in model.blocks]
    weights = sum(conv.weight.numel() for conv in pointwise)
    assert weights / 4_231_976 == pytest.approx(0.7459, abs=0.005)  # its table 2
    sides = [112, 56, 56, 28, 28, *[14] * 6, 7, 7]
    macs = sum(c.weight.numel() * side**2 for c, side in zip(pointwise, sides, strict=True))
    assert macs / 568_740_352 == pytest.approx(0.9486, abs=0.005)


def test_version_1_is_convolution_norm_relu_throughout():
    model = mobilenet.mobilenet_v1()
    leaves = [
        type(m) for m in [*model.stem.modules(), *model.blocks.modules()] if not [*m.children()]
    ]
    assert leaves == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU] * 27
    assert {m.bias for m in model.modules() if isinstance(m, nn.Conv2d)} == {None}


def test_version_1_starts_with_variance_two_over_fan_out():
    model = mobilenet.mobilenet_v1()
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            fan_out = module.out_channels * module.kernel_size[0] ** 2
            tolerance = 4 / (2 * module.weight.numel()) ** 0.5  # four standard errors
            expected = (2 / fan_out) ** 0.5
            assert module.weight.std().item() == pytest.approx(expected, rel=tolerance)
    assert model.classifier.weight.std().item() == pytest.approx(0.01, rel=0.01)
    assert not model.classifier.bias.any()


@pytest.mark.parametrize(
    ("channels", "rounded"),
    [
        (1, 8),
        (8, 8),
        (11, 16),
        (12, 16),
        (19, 24),
        (20, 24),
        (26, 24),
        (27, 32),
        (28, 32),
        (83.2, 80),
    ],
)
def test_channels_are_rounded_to_eights_and_never_lose_more_than_a_tenth(channels, rounded):
    assert mobilenet.make_divisible(channels) == rounded


def test_rounding_agrees_with_torchvision_for_all_small_widths():
    from torchvision.models._utils import _make_divisible

    widths = [n / 4 for n in range(1, 4000)]
    rounded = [mobilenet.make_divisible(width) for width in widths]
    assert rounded == [_make_divisible(width, 8) for width in widths]
    assert all(r % 8 == 0 and r >= 0.9 * width for r, width in zip(rounded, widths, strict=True))


@pytest.mark.parametrize("name", IN_TORCHVISION)
def test_pretrained_weights_are_those_of_torchvisions_model_of_that_name(name, monkeypatch):
    monkeypatch.setattr(mobilenet, "with_pretrained", lambda model, called: (model, called))
    model, called = getattr(mobilenet, name)(pretrained=True)
    assert isinstance(model, mobilenet.MobileNet)
    assert called == name
