"""DenseNet against torchvision's, weight for weight."""

import re

import pytest
import torch
from torchvision import models

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.architectures import densenet
from cnncourse.architectures.loading import load_torchvision, translate
from cnncourse.training import set_seed

COUNTS = {
    #              parameters, multiply-accumulates at 224×224
    "densenet121": (7_978_856, 2_834_161_664),
    "densenet161": (28_681_000, 7_727_907_072),
    "densenet169": (14_149_480, 3_359_843_328),
    "densenet201": (20_013_928, 4_291_365_888),
}


@pytest.mark.parametrize("name", COUNTS)
def test_outputs_and_gradients_are_torchvisions(name, agrees_with_torchvision):
    set_seed(0)
    with torch.device("meta"):
        model = getattr(densenet, name)()
    model.to_empty(device="cpu")  # the comparison fills it
    agrees_with_torchvision(model, models.get_model(name), size=(64, 40))


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_the_published_ones_and_stand_in_the_docstring(name):
    builder = getattr(densenet, name)
    with torch.device("meta"):
        model = builder()
    counts = count_parameters(model).total, count_macs(model, (1, 3, 224, 224))
    assert counts == COUNTS[name]
    for count in counts:
        assert f"{count:,}" in builder.__doc__


def test_a_seed_gives_torchvisions_initial_weights():
    set_seed(0)
    ours = densenet.densenet121()
    set_seed(0)
    expected = translate(ours, models.densenet121().state_dict())
    for name, tensor in ours.state_dict().items():
        assert torch.equal(tensor, expected[name]), name


def test_the_old_names_of_the_published_files_are_understood():
    model = densenet.densenet121()
    weights = models.densenet121().state_dict()
    old = {
        re.sub(r"(norm|conv)([12])(?=\.\w+$)", r"\1.\2", name): tensor
        for name, tensor in weights.items()
        if "num_batches_tracked" not in name
    }
    assert "features.denseblock1.denselayer2.norm.1.weight" in old
    load_torchvision(model, old)
    assert torch.equal(
        model.stages.dense3.layer24.conv2.weight,
        weights["features.denseblock3.denselayer24.conv2.weight"],
    )


def test_resolutions_and_channels_are_those_of_the_papers_table():
    with torch.device("meta"):
        model = densenet.densenet121()
        x = model.stem(torch.empty(1, 3, 224, 224))
        shapes = {"stem": x.shape[1:]}
        for name, stage in model.stages.named_children():
            x = stage(x)
            shapes[name] = x.shape[1:]
    assert shapes == {
        "stem": (64, 56, 56),
        "dense1": (256, 56, 56),
        "transition1": (128, 28, 28),
        "dense2": (512, 28, 28),
        "transition2": (256, 14, 14),
        "dense3": (1024, 14, 14),
        "transition3": (512, 7, 7),
        "dense4": (1024, 7, 7),
    }


def test_a_dense_block_only_appends():
    set_seed(0)
    block = densenet.DenseBlock(5, layers=3, growth_rate=2).double()
    x = torch.randn(2, 5, 6, 7, dtype=torch.float64)
    y = block(x)
    assert y.shape == (2, 5 + 3 * 2, 6, 7)
    assert torch.equal(y[:, :5], x)
    torch.testing.assert_close(y[:, 9:], block.layer3(y[:, :9]))


def test_a_dense_layer_costs_as_its_docstring_says():
    layer = densenet.DenseLayer(5, growth_rate=3)
    assert count_macs(layer, (1, 5, 6, 7)) == 6 * 7 * (4 * 3 * (5 + 9 * 3))


def test_tiny_is_as_small_as_its_docstring_says():
    model = densenet.tiny()
    for count in (count_parameters(model).total, count_macs(model, (1, 3, 32, 32))):
        assert f"{count:,}" in densenet.tiny.__doc__
