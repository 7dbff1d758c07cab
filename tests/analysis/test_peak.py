"""The fullest moment of a forward pass."""

import pytest
import torch
from torch import nn

from cnncourse.analysis.peak import peak_activation_bytes
from cnncourse.architectures import mobilenet, resnet, vgg


def test_a_chain_holds_its_input_and_the_largest_neighbours():
    chain = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 2, 3, padding=1), nn.Flatten()
    )
    # While the ReLU works: the input, what it reads and what it writes.
    assert peak_activation_bytes(chain, (2, 3, 8, 6)) == 4 * 2 * (3 + 8 + 8) * 8 * 6


def test_in_place_work_needs_no_second_map():
    chain = nn.Sequential(nn.Conv2d(3, 8, 1), nn.ReLU(inplace=True))
    assert peak_activation_bytes(chain, (1, 3, 4, 4)) == 4 * (3 + 8) * 16


def test_a_shortcut_keeps_its_input_until_the_sum():
    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)

        def forward(self, x):
            return x + self.second(self.first(x))

    assert peak_activation_bytes(Residual(), (1, 4, 5, 5)) == 4 * 3 * 100


def test_vgg16_is_fullest_between_its_first_two_convolutions():
    with torch.device("meta"):
        model = vgg.vgg16()
    picture, map64 = 3 * 224**2, 64 * 224**2
    assert peak_activation_bytes(model, (1, 3, 224, 224)) == 4 * (picture + 2 * map64)


@pytest.mark.parametrize("build", [resnet.tiny, mobilenet.tiny])
def test_a_batch_of_four_needs_four_times_as_much(build):
    model = build(10, 3).eval()
    one, four = (peak_activation_bytes(model, (n, 3, 32, 32)) for n in (1, 4))
    assert four == pytest.approx(4 * one, rel=0.01)  # a few numbers do not grow
    assert one > 0


def test_the_model_stays_as_it_was():
    model = resnet.tiny(10, 3)
    before = [t.clone() for t in model.state_dict().values()]
    peak_activation_bytes(model, (2, 3, 32, 32))
    assert all(map(torch.equal, before, model.state_dict().values()))


def test_an_input_that_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"^ResNet fails on an input of shape \(1, 1, 32, 32\): "):
        peak_activation_bytes(resnet.tiny(10, 3), (1, 1, 32, 32))
