import pytest
import torch
from captum.attr import Occlusion
from torch import nn

from cnncourse.explain import occlusion

TARGETS = torch.tensor([0, 2, 1, 2])
close = torch.testing.assert_close


@pytest.mark.parametrize(
    ("size", "stride"), [((4, 4), (4, 4)), ((3, 4), (2, 3)), ((5, 3), (3, 1)), ((12, 11), (1, 1))]
)
def test_occlusion_is_captums(net, x, size, stride):
    theirs = Occlusion(net).attribute(
        x, (2, *size), (2, *stride), baselines=0.4, target=TARGETS, perturbations_per_eval=1
    )
    found = occlusion(net, x, TARGETS, size=size, stride=stride, fill=0.4)
    assert found.shape == (4, 1, 12, 11)
    close(found.expand_as(x), theirs.double(), atol=1e-6, rtol=1e-5)  # captum rounds to float32


def test_occlusion_of_a_linear_model_is_weight_times_change_summed_over_the_window():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(48, 3)).double()
    x, fill = torch.randn(2, 2, 4, 6).double(), torch.randn(2, 1, 1).double()
    terms = model[1].weight.detach()[1].view(2, 4, 6) * (x - fill)
    found = occlusion(model, x, 1, size=2, fill=fill)
    for i in range(0, 4, 2):
        for j in range(0, 6, 2):
            expected = terms[:, :, i : i + 2, j : j + 2].sum((1, 2, 3))
            close(found[:, 0, i : i + 2, j : j + 2], expected[:, None, None].expand(2, 2, 2))


def test_windows_of_one_pixel_of_a_linear_model_are_complete():
    model = nn.Sequential(nn.Flatten(), nn.Linear(24, 3)).double()
    x = torch.randn(2, 2, 3, 4).double()
    found = occlusion(model, x, 0, size=1).sum((1, 2, 3))
    close(found, (model(x) - model(0 * x))[:, 0].detach())


def test_the_last_windows_are_cut_off_at_the_border():
    seen = []

    class Spy(nn.Module):
        def forward(self, x):
            seen.append((x == 0).sum().item())
            return x.sum((1, 2, 3))[:, None]

    occlusion(Spy(), torch.ones(1, 1, 5, 4), 0, size=(2, 3))
    assert seen == [0, 6, 2, 6, 2, 3, 1]  # nothing, then 2x3, 2x1, 2x3, 2x1, 1x3, 1x1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": (13, 3)}, r"size must be at most that of x, \(12, 11\), got \(13, 3\)"),
        ({"size": 3, "stride": 4}, r"stride must be at most size, \(3, 3\), .* got \(4, 4\)"),
        ({"size": 0}, "size must be at least 1, got 0"),
        ({"size": 3, "fill": torch.zeros(5)}, r"fill must broadcast to \(4, 2, 12, 11\), .*\(5,\)"),
    ],
)
def test_bad_windows_are_refused(net, x, settings, message):
    with pytest.raises(ValueError, match=message):
        occlusion(net, x, 0, **settings)
