"""ResNet, ResNeXt and the wide ResNet against torchvision's, weight for weight."""

import pytest
import torch
from torchvision import models

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.analysis.receptive_field import receptive_field
from cnncourse.architectures import resnet
from cnncourse.architectures.loading import translate
from cnncourse.layers.residual import Bottleneck, zero_last_norm
from cnncourse.training import set_seed

COUNTS = {
    #                   parameters, multiply-accumulates at 224×224
    "resnet18": (11_689_512, 1_814_073_344),
    "resnet34": (21_797_672, 3_663_761_408),
    "resnet50": (25_557_032, 4_089_184_256),
    "resnet101": (44_549_160, 7_801_405_440),
    "resnet152": (60_192_808, 11_513_626_624),
    "resnext50_32x4d": (25_028_904, 4_230_479_872),
    "resnext101_32x8d": (88_791_336, 16_414_015_488),
    "resnext101_64x4d": (83_455_272, 15_460_270_080),
    "wide_resnet50_2": (68_883_240, 11_398_021_120),
}


@pytest.mark.parametrize("name", COUNTS)
def test_outputs_and_gradients_are_torchvisions(name, agrees_with_torchvision):
    set_seed(0)
    with torch.device("meta"):
        model = getattr(resnet, name)()
    model.to_empty(device="cpu")  # the comparison fills it
    agrees_with_torchvision(model, models.get_model(name), size=(33, 40))


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_the_published_ones_and_stand_in_the_docstring(name):
    builder = getattr(resnet, name)
    with torch.device("meta"):
        model = builder()
    counts = count_parameters(model).total, count_macs(model, (1, 3, 224, 224))
    assert counts == COUNTS[name]
    for count in counts:
        assert f"{count:,}" in builder.__doc__


@pytest.mark.parametrize(
    ("name", "macs"),
    [("resnet50", 3_857_973_248), ("resnet101", 7_570_194_432), ("resnet152", 11_282_415_616)],
)
def test_the_papers_stride_in_the_first_1x1_costs_what_the_docstring_says(name, macs):
    with torch.device("meta"):
        model = getattr(resnet, name)()
    for block in model.modules():
        if isinstance(block, Bottleneck):
            block.residual.conv1.stride, block.residual.conv2.stride = (
                block.residual.conv2.stride,
                block.residual.conv1.stride,
            )
    assert count_macs(model, (1, 3, 224, 224)) == macs
    assert f"{macs:,}" in getattr(resnet, name).__doc__


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_a_seed_gives_torchvisions_initial_weights(name):
    set_seed(0)
    ours = getattr(resnet, name)()
    set_seed(0)
    expected = translate(ours, models.get_model(name).state_dict())
    for tensor_name, tensor in ours.state_dict().items():
        assert torch.equal(tensor, expected[tensor_name]), tensor_name


def test_resolutions_and_channels_are_those_of_the_papers_table():
    with torch.device("meta"):
        model = resnet.resnet50()
        x = model.stem(torch.empty(1, 3, 224, 224))
        shapes = [x.shape[1:]]
        for stage in model.stages:
            x = stage(x)
            shapes.append(x.shape[1:])
    assert shapes == [(64, 56, 56), (256, 56, 56), (512, 28, 28), (1024, 14, 14), (2048, 7, 7)]
    assert [len(stage) for stage in model.stages] == [3, 4, 6, 3]


def test_a_unit_of_resnet18_sees_435_pixels():
    assert receptive_field(resnet.resnet18(), (1, 3, 224, 224), "stages").size == (435, 435)


def test_zeroed_last_norms_leave_the_projections_alone():
    model = zero_last_norm(resnet.resnet50())
    zeroed = [name for name, p in model.named_parameters() if "norm" in name and not p.any()]
    gammas = [name for name in zeroed if name.endswith("weight")]
    assert len(gammas) == 3 + 4 + 6 + 3
    assert all(name.endswith("residual.norm3.weight") for name in gammas)


def test_tiny_is_as_small_as_its_docstring_says():
    model = resnet.tiny()
    for count in (count_parameters(model).total, count_macs(model, (1, 3, 32, 32))):
        assert f"{count:,}" in resnet.tiny.__doc__
