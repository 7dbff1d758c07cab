"""How far a network has moved."""

import pytest
import torch
from torch import nn

from cnncourse.transfer import squared_distance


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)).double()


def start(model):
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def test_at_the_start_it_is_zero_and_then_the_sum_of_squares():
    model = net()
    origin = start(model)
    assert squared_distance(model, origin) == 0
    with torch.no_grad():
        model[0].weight[1, 0] += 3
        model[1].bias[0] -= 4
    assert squared_distance(model, origin).item() == pytest.approx(25)


def test_half_of_it_has_the_difference_for_a_gradient():
    model = net()
    origin = {name: torch.randn_like(p) for name, p in start(model).items()}
    (squared_distance(model, origin) / 2).backward()
    for name, p in model.named_parameters():
        torch.testing.assert_close(p.grad, p.detach() - origin[name])


def test_what_is_left_out_of_the_start_is_free():
    model = net()
    origin = {name: p for name, p in start(model).items() if name.startswith("0")}
    with torch.no_grad():
        model[1].weight += 1
    assert squared_distance(model, origin) == 0


@pytest.mark.parametrize(
    ("origin", "message"),
    [
        ({}, "start must name at least one parameter, got none"),
        ({"2.weight": torch.zeros(1)}, "the model has no parameter '2.weight' that start names"),
        (
            {"1.weight": torch.zeros(5, 3)},
            r"1\.weight must have in start the shape \(1, 3\), got \(5, 3\); a new head has no",
        ),
    ],
)
def test_a_start_that_does_not_fit_is_refused(origin, message):
    with pytest.raises(ValueError, match=message):
        squared_distance(net(), origin)


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match=r"model must be an nn\.Module, got NoneType"):
        squared_distance(None, {"weight": torch.zeros(1)})
