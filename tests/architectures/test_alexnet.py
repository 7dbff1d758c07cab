"""AlexNet against torchvision's and against the paper's arithmetic."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torchvision import models

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.analysis.receptive_field import receptive_field
from cnncourse.architectures import alexnet
from cnncourse.training import set_seed


def on_meta(build, **options):
    with torch.device("meta"):
        return build(**options).eval()


def test_one_tower_agrees_with_torchvision(agrees_with_torchvision):
    agrees_with_torchvision(
        alexnet.alexnet(), models.alexnet(), size=(64, 79), dtype=torch.float32, tolerance=1e-5
    )


def test_the_same_seed_gives_torchvisions_initial_weights():
    set_seed(5)
    ours = alexnet.alexnet().parameters()
    set_seed(5)
    assert all(map(torch.equal, ours, models.alexnet().parameters()))


@pytest.mark.parametrize(
    ("build", "side", "parameters", "macs"),
    [
        (alexnet.alexnet_grouped, 224, 60_965_224, 724_406_816),
        (alexnet.alexnet, 224, 61_100_840, 714_188_480),
        (alexnet.tiny, 32, 73_690, 5_937_600),
    ],
)
def test_counts_are_those_of_the_docstrings(build, side, parameters, macs):
    model = on_meta(build)
    assert count_parameters(model) == parameters
    assert count_macs(model, (1, 3, side, side)) == macs
    assert f"{parameters:,} parameters" in build.__doc__
    assert f"{macs:,} multiply-accumulates" in build.__doc__


def test_without_groups_there_are_62_million_parameters():
    assert count_parameters(on_meta(alexnet.alexnet_grouped, groups=1)) == 62_378_344


def test_each_layer_has_the_parameters_of_the_papers_sizes():
    model = on_meta(alexnet.alexnet_grouped)
    dense = [model.head.hidden1, model.head.hidden2, model.head.scores]
    layers = [*(stage.conv for stage in model.stages), *dense]
    assert [count_parameters(layer).total for layer in layers] == [
        96 * (11 * 11 * 3 + 1),
        256 * (5 * 5 * 48 + 1),
        384 * (3 * 3 * 256 + 1),
        384 * (3 * 3 * 192 + 1),
        256 * (3 * 3 * 192 + 1),
        4096 * (6 * 6 * 256 + 1),
        4096 * (4096 + 1),
        1000 * (4096 + 1),
    ]


@pytest.mark.parametrize("build", [alexnet.alexnet_grouped, alexnet.alexnet])
def test_224_pixels_shrink_to_55_27_13_and_6(build):
    model = on_meta(build)
    sides = []
    for layer in (nn.Conv2d, nn.MaxPool2d):
        for module in model.modules():
            if isinstance(module, layer):
                module.register_forward_hook(lambda m, x, y: sides.append(y.shape[-1]))
    model(torch.zeros(1, 3, 224, 224, device="meta"))
    assert sides == [55, 27, 27, 13, 13, 13, 13, 6]
    assert receptive_field(model, (1, 3, 224, 224), "stages").size == (195, 195)


def test_the_order_is_convolution_relu_normalisation_pooling():
    stages = on_meta(alexnet.alexnet_grouped).stages
    assert [list(dict(stage.named_children())) for stage in stages] == [
        ["conv", "relu", "norm", "pool"],
        ["conv", "relu", "norm", "pool"],
        ["conv", "relu"],
        ["conv", "relu"],
        ["conv", "relu", "pool"],
    ]


def test_response_normalisation_is_the_papers_formula():
    with torch.device("meta"):
        norm = alexnet.GroupedAlexNet(2, 3).stages[0].norm
    a = 30 * torch.rand(1, 9, 2, 3, dtype=torch.float64)
    for i in range(9):
        window = a[:, max(0, i - 2) : i + 3]  # n = 5 neighbouring maps
        expected = a[:, i] / (2 + 1e-4 * window.square().sum(1)) ** 0.75
        assert_close(norm(a)[:, i], expected)


def test_two_groups_compute_what_one_convolution_with_half_its_kernels_zero_computes():
    grouped = alexnet.trunk(alexnet.TWO_GROUPS, 3, groups=2)[1].conv
    dense = alexnet.trunk(alexnet.TWO_GROUPS, 3, groups=1)[1].conv
    with torch.no_grad():
        dense.weight.zero_()
        dense.weight[:128, :48] = grouped.weight[:128]
        dense.weight[128:, 48:] = grouped.weight[128:]
        dense.bias.copy_(grouped.bias)
    x = torch.randn(1, 96, 7, 5)
    assert_close(dense(x), grouped(x), atol=1e-5, rtol=1e-5)


def test_initial_values_are_those_of_the_paper():
    model = alexnet.alexnet_grouped()
    for name, parameter in model.named_parameters():
        if name.endswith("weight"):
            assert abs(parameter.std().item() - 0.01) < 0.0002, name
            assert abs(parameter.mean().item()) < 0.0002, name
    ones = {name for name, p in model.named_parameters() if p.eq(1).all()}
    zeros = {name for name, p in model.named_parameters() if p.eq(0).all()}
    assert zeros == {"stages.0.conv.bias", "stages.2.conv.bias", "head.scores.bias"}
    assert ones == {
        *(f"stages.{i}.conv.bias" for i in (1, 3, 4)),
        "head.hidden1.bias",
        "head.hidden2.bias",
    }


def test_the_papers_dropout_comes_after_the_hidden_layers():
    layers = list(dict(on_meta(alexnet.alexnet_grouped).head.named_children()))
    assert layers[:3] == ["hidden1", "relu1", "dropout1"]
    assert list(dict(on_meta(alexnet.tiny).head.named_children()))[:2] == ["dropout1", "hidden1"]


def test_smallest_image_is_worked_out_from_the_table():
    assert alexnet.smallest_input(alexnet.TWO_GROUPS) == 63
    assert alexnet.smallest_input(alexnet.ONE_TOWER) == 63
    assert alexnet.smallest_input(alexnet.TINY) == 15
