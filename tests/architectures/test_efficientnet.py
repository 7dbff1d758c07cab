"""EfficientNets: weight for weight torchvision's."""

from functools import cache

import pytest
import torch
from torch import nn
from torchvision import models

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.architectures import efficientnet
from cnncourse.training import set_seed

IN_TORCHVISION = list(efficientnet.SCALING)


@pytest.mark.parametrize("name", IN_TORCHVISION)
def test_agrees_with_torchvision(name, agrees_with_torchvision):
    agrees_with_torchvision(getattr(efficientnet, name)(), getattr(models, name)(), (32, 40))


@pytest.mark.parametrize("name", ["efficientnet_b0", "efficientnet_b2"])
def test_starts_from_the_weights_of_torchvision(name):
    set_seed(5)
    theirs = getattr(models, name)()
    set_seed(5)
    ours = getattr(efficientnet, name)()
    for (tensor_name, tensor), expected in zip(
        ours.state_dict().items(), theirs.state_dict().values(), strict=True
    ):
        assert torch.equal(tensor, expected), tensor_name


SIZES = {"tiny": 32, "efficientnet_lite0": 224} | {
    name: row[2] for name, row in efficientnet.SCALING.items()
}


@cache
def cost(name: str) -> tuple[int, int]:
    """Count parameters and multiply-accumulates, without memory for either."""
    with torch.device("meta"):
        model = getattr(efficientnet, name)().eval()
    return count_parameters(model).total, count_macs(model, (1, 3, SIZES[name], SIZES[name]))


@pytest.mark.parametrize("name", SIZES)
def test_has_the_numbers_that_its_docstring_states(name):
    parameters, macs = cost(name)
    stated = getattr(efficientnet, name).__doc__
    assert f"{parameters:,} parameters, {macs:,} multiply-accumulates" in stated
    assert f"at {SIZES[name]}×{SIZES[name]}" in stated


@pytest.mark.parametrize(
    ("name", "millions", "billions"),
    [  # table 2 of the paper
        ("efficientnet_b0", 5.3, 0.39),
        ("efficientnet_b1", 7.8, 0.70),
        ("efficientnet_b2", 9.2, 1.0),
        ("efficientnet_b3", 12, 1.8),
        ("efficientnet_b4", 19, 4.2),
        ("efficientnet_b5", 30, 9.9),
        ("efficientnet_b6", 43, 19),
        ("efficientnet_b7", 66, 37),
    ],
)
def test_costs_what_the_paper_says(name, millions, billions):
    parameters, macs = cost(name)
    assert parameters / 1e6 == pytest.approx(millions, rel=0.03)
    assert macs / 1e9 == pytest.approx(billions, rel=0.05)


def test_b0_has_the_maps_of_its_paper():
    model = efficientnet.efficientnet_b0().eval()
    shapes = []
    for part in [model.stem, *model.stages, model.head]:
        part.register_forward_hook(lambda _, __, y: shapes.append(tuple(y.shape[1:])))
    with torch.no_grad():
        model(torch.zeros(1, 3, 224, 160))
    assert shapes == [
        (32, 112, 80),
        (16, 112, 80),
        (24, 56, 40),
        (40, 28, 20),
        (80, 14, 10),
        (112, 14, 10),
        (192, 7, 5),
        (320, 7, 5),
        (1280, 7, 5),
    ]


def test_drops_later_blocks_more_often():
    rates = [
        block.stochastic_depth.p for stage in efficientnet.tiny().stages for block in stage
    ]  # five blocks
    assert rates == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])


@pytest.mark.parametrize("name", IN_TORCHVISION)
def test_drops_features_and_normalizes_as_torchvision_does(name):
    with torch.device("meta"):
        ours, theirs = getattr(efficientnet, name)(), getattr(models, name)()

    def settings(model):
        norms = {(m.eps, m.momentum) for m in model.modules() if isinstance(m, nn.BatchNorm2d)}
        return norms, [m.p for m in model.modules() if isinstance(m, nn.Dropout)]

    assert settings(ours) == settings(theirs)


@pytest.mark.parametrize("name", IN_TORCHVISION)
def test_pretrained_weights_are_those_of_torchvisions_model_of_that_name(name, monkeypatch):
    monkeypatch.setattr(efficientnet, "with_pretrained", lambda model, called: (model, called))
    with torch.device("meta"):
        model, called = getattr(efficientnet, name)(pretrained=True)
    assert isinstance(model, efficientnet.EfficientNet)
    assert called == name
