import pytest
import torch
from torch import nn

from cnncourse.explain import activation_maximisation

close = torch.testing.assert_close


def linear():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(24, 3)).double()


def test_with_decay_the_best_image_of_a_linear_unit_is_its_weight_over_the_decay():
    model, start = linear(), torch.zeros(2, 2, 3, 4).double()
    target = [2, 0]
    found = activation_maximisation(model, start, target, decay=0.5, steps=300)
    close(found, model[1].weight.detach()[target].view(2, 2, 3, 4) / 0.5, atol=1e-3, rtol=0)
    assert torch.count_nonzero(start) == 0


def test_smoothness_draws_the_solution_of_its_linear_system():
    model, decay, smoothness = linear(), 0.5, 0.7
    found = activation_maximisation(
        model, torch.zeros(1, 2, 3, 4).double(), 1, decay=decay, smoothness=smoothness, steps=400
    )
    weight = model[1].weight.detach()[1].view(1, 2, 3, 4)
    # At the optimum the weight equals decay times x plus smoothness times the graph Laplacian of x.
    pull = decay * found
    for dim in (2, 3):
        steps = found.diff(dim=dim)
        n = found.shape[dim]
        pull.narrow(dim, 1, n - 1).add_(steps, alpha=smoothness)
        pull.narrow(dim, 0, n - 1).sub_(steps, alpha=smoothness)
    close(pull, weight, atol=3e-3, rtol=0)


def test_without_a_penalty_the_score_of_a_network_without_biases_grows_with_the_steps():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 6, 3, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(24, 2, bias=False)
    ).double()
    start = torch.randn(1, 1, 4, 4).double()
    scores = [
        model(activation_maximisation(model, start, 0, lr=0.2, steps=steps))[0, 0].item()
        for steps in (10, 100, 1000)
    ]
    assert scores[1] > 4 * scores[0]
    assert scores[2] > 4 * scores[1]


def test_steps_fall_to_zero_on_a_straight_line():
    model, start = linear(), torch.zeros(1, 2, 3, 4).double()
    found = activation_maximisation(model, start, 1, lr=0.1, steps=9)
    sign = model[1].weight.detach()[1].view(1, 2, 3, 4).sign()  # Adam's step for a fixed gradient
    close(found, 0.1 * 5 * sign, atol=1e-4, rtol=0)  # 5 = 9/9 + 8/9 + ... + 1/9


def test_with_a_layer_the_mean_of_a_channel_is_climbed_to_its_filter():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2)).double()
    found = activation_maximisation(
        model, torch.zeros(2, 2, 3, 3).double(), [3, 1], "0", decay=1.0, steps=400
    )
    close(found, model[0].weight.detach()[[3, 1]], atol=1e-3, rtol=0)


def test_jitter_moves_the_image_on_a_circle_and_repeats_with_a_generator(net, x):
    def climb(seed, jitter):
        generator = torch.Generator().manual_seed(seed)
        return activation_maximisation(net, x, 1, steps=6, jitter=jitter, generator=generator)

    assert torch.equal(climb(0, 3), climb(0, 3))
    assert not torch.equal(climb(0, 3), climb(1, 3))
    assert torch.equal(climb(0, 0), climb(1, 0))


def test_the_score_rises(net, x):
    found = activation_maximisation(net, x, [0, 1, 2, 0], steps=20)
    index = range(4), [0, 1, 2, 0]
    assert (net(found)[index] > net(x)[index]).all()


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"decay": -1.0}, ValueError, "decay must not be negative, got -1.0"),
        ({"steps": 0}, ValueError, "steps must be at least 1, got 0"),
        ({"jitter": 1.5}, TypeError, "jitter must be an int, got 1.5"),
        ({"layer": "stages"}, ValueError, "no layer 'stages'"),
    ],
)
def test_bad_settings_are_refused(settings, error, message):
    with pytest.raises(error, match=message):
        activation_maximisation(linear(), torch.zeros(1, 2, 3, 4).double(), 0, **settings)


def test_a_channel_that_the_layer_lacks_is_refused():
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU())
    with pytest.raises(ValueError, match="target must be a channel from 0 to 3, got 4"):
        activation_maximisation(model, torch.zeros(1, 2, 5, 5), 4, "0")


def test_a_score_that_overflows_is_named():
    class Steep(nn.Module):
        def forward(self, x):
            return x.exp().sum((1, 2, 3))[:, None]

    with pytest.raises(FloatingPointError, match="the unit became inf: add a decay"):
        activation_maximisation(Steep(), torch.full((1, 1, 2, 2), 200.0), 0)
