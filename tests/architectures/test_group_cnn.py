"""The p4 network and its planar twin: counts, and who notices that a digit was turned."""

import pytest
import torch

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.architectures import group_cnn
from cnncourse.layers.equivariant import P4
from cnncourse.training import set_seed


@pytest.fixture(autouse=True)
def seeded():
    set_seed(0)


def trained(build, **options):
    """Return a network in float64 whose norms are not at their start."""
    model = build(**options).double().eval()
    for name, tensor in model.state_dict().items():
        if "running_var" in name or name.endswith("features.1.weight"):
            tensor.uniform_(0.5, 2)
        elif "running_mean" in name:
            tensor.normal_()
    return model


@pytest.mark.parametrize(("name", "side"), [("plane_cnn", 28), ("p4_cnn", 28), ("tiny", 8)])
def test_counts_stand_in_the_docstring(name, side):
    model = getattr(group_cnn, name)()
    for count in (count_parameters(model).total, count_macs(model, (1, 1, side, side))):
        assert f"{count:,}" in getattr(group_cnn, name).__doc__


def test_both_have_about_as_many_weights_and_the_group_costs_four_times_as_much():
    plane, p4 = group_cnn.plane_cnn(), group_cnn.p4_cnn()
    assert 0.8 < count_parameters(plane).total / count_parameters(p4).total < 1
    shape = (1, 1, 28, 28)
    assert 3.5 < count_macs(p4, shape) / count_macs(plane, shape) < 4.5


def test_the_maps_shrink_as_in_the_paper():
    model = group_cnn.p4_cnn().eval()
    sides = []
    for layer in model.features:
        layer.register_forward_hook(lambda _m, _x, y: sides.append(y.shape[-1]))
    model(torch.zeros(1, 1, 28, 28))
    assert sorted(set(sides), reverse=True) == [26, 24, 12, 10, 8, 6, 4]


@pytest.mark.parametrize("side", [28, 30])
def test_turning_the_digit_changes_no_score_of_the_p4_network(side):
    model = trained(group_cnn.p4_cnn)
    x = torch.randn(2, 1, side, side, dtype=torch.float64)
    with torch.no_grad():
        scores = model(x)
        assert scores.std() > 1e-3
        for turns in range(1, 4):
            turned = model(torch.rot90(x, turns, (-2, -1)))
            torch.testing.assert_close(turned, scores, rtol=1e-11, atol=1e-11)


def test_it_changes_those_of_the_planar_one_and_of_both_at_an_odd_side():
    x = torch.randn(2, 1, 29, 29, dtype=torch.float64)
    for build, side in [
        (group_cnn.plane_cnn, 28),
        (group_cnn.plane_cnn, 29),
        (group_cnn.p4_cnn, 29),
    ]:
        model = trained(build)
        image = x[:, :, :side, :side]
        with torch.no_grad():
            scores, turned = model(image), model(P4.move(image, 1))
        assert (turned - scores).norm() > 1e-3 * scores.norm()


@pytest.mark.parametrize("group", ["p4", "p4m", None])
def test_the_tiny_one_is_to_be_had_over_every_group(group):
    model = trained(group_cnn.tiny, group=group)
    x = torch.randn(1, 1, 8, 8, dtype=torch.float64)
    with torch.no_grad():
        scores, turned, mirrored = model(x), model(P4.move(x, 1)), model(x.flip(-1))
    assert torch.allclose(turned, scores, atol=1e-12) == (group is not None)
    assert torch.allclose(mirrored, scores, atol=1e-12) == (group == "p4m")
