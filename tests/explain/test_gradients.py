import math

import pytest
import torch
import torch.nn.functional as F
from captum.attr import GuidedBackprop, IntegratedGradients, NoiseTunnel, Saliency
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cnncourse.explain import (
    guided_backpropagation,
    integrated_gradients,
    saliency,
    smooth_grad,
)

TARGETS = torch.tensor([0, 2, 1, 2])
close = torch.testing.assert_close


def linear(size=(2, 3, 4), classes=3):
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(size), classes)).double()


def rows_of(model, x, target):
    """The weights of every image's class, in the shape of the image."""
    return model[1].weight.detach()[target].view(x.shape)


class OneReLU(nn.Module):
    """Class 0 is relu(<w, x> + b), class 1 its negative."""

    def __init__(self, weight, bias):
        super().__init__()
        self.weight, self.bias = weight, bias

    def forward(self, x):
        score = F.relu((self.weight * x).sum((1, 2, 3)) + self.bias)
        return torch.stack([score, -score], 1)


# saliency


@pytest.mark.parametrize("target", [1, TARGETS], ids=["one", "for each"])
def test_saliency_is_captums_signed_gradient(net, x, target):
    given = x.clone().requires_grad_()
    close(saliency(net, x, target), Saliency(net).attribute(given, target, abs=False))


def test_saliency_of_a_linear_model_is_its_weight():
    model, x = linear(), torch.randn(4, 2, 3, 4).double()
    assert torch.equal(saliency(model, x, TARGETS), rows_of(model, x, TARGETS))


def test_a_target_may_be_a_list_a_tensor_or_an_array(net, x):
    expected = saliency(net, x, TARGETS)
    assert torch.equal(saliency(net, x, TARGETS.tolist()), expected)
    assert torch.equal(saliency(net, x, TARGETS.numpy()), expected)
    assert torch.equal(saliency(net, x, torch.tensor(2))[1], expected[1])


def test_images_of_a_batch_are_explained_as_they_are_alone(net, x):
    together = saliency(net, x, TARGETS)
    for i in range(4):
        close(together[i : i + 1], saliency(net, x[i : i + 1], TARGETS[i : i + 1]))


def test_gradients_come_where_recording_is_switched_off(net, x):
    expected = saliency(net, x, 0), integrated_gradients(net, x, 0, steps=3)
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            inside = x.clone()
            close(saliency(net, inside, 0).clone(), expected[0].clone())
            close(integrated_gradients(net, inside, 0, steps=3).clone(), expected[1].clone())
            smooth_grad(net, inside, 0, samples=2)


# smooth_grad


def test_smooth_grad_without_noise_is_saliency(net, x):
    close(smooth_grad(net, x, TARGETS, noise=0, samples=2), saliency(net, x, TARGETS))


def test_smooth_grad_of_a_linear_model_is_its_weight_whatever_the_noise():
    model, x = linear(), torch.randn(4, 2, 3, 4).double()
    close(smooth_grad(model, x, TARGETS, noise=3, samples=2), rows_of(model, x, TARGETS))


def test_smooth_grad_of_one_relu_is_its_weight_times_the_chance_of_being_active():
    weight = torch.tensor([[[1.0, -2.0, 2.0]]]).double()  # of length 3
    x = torch.tensor([[[[0.0, 1.0, 2.0]]]]).double()  # range 2, so noise 0.5 deviates by 1
    model = OneReLU(weight, bias=-3.5)  # the argument of the ReLU is -1.5
    generator = torch.Generator().manual_seed(0)
    found = smooth_grad(model, x, 0, noise=0.5, samples=4000, generator=generator)
    chance = 0.5 * math.erfc(1.5 / 3 / math.sqrt(2))  # 0.309, with an error of 0.0073
    close(found[0] / weight, torch.full((1, 1, 3), chance).double(), atol=0.03, rtol=0)
    assert torch.count_nonzero(saliency(model, x, 0)) == 0  # the unit itself is silent


def test_smooth_grad_agrees_with_captums_noise_tunnel_up_to_its_noise():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)).double()
    x = torch.tensor([[[[0.0, 0.3, 1.0], [0.2, 0.7, 0.1]]]]).double()
    ours = smooth_grad(model, x, 1, noise=0.5, samples=3000)
    tunnel = NoiseTunnel(Saliency(model))
    theirs = tunnel.attribute(x, nt_samples=3000, stdevs=0.5, target=1, abs=False)
    close(ours, theirs, atol=0.005, rtol=0)
    assert (ours - saliency(model, x, 1)).abs().max() > 0.02  # the noise did something


def test_the_noise_is_a_share_of_the_range_of_each_image():
    seen = []

    class Spy(nn.Module):
        def forward(self, x):
            seen.append(x.detach())
            return x.sum((1, 2, 3))[:, None]

    x = torch.zeros(2, 1, 50, 40)
    x[0, 0, 0, 0], x[1, 0, 0, 0] = 1, 10
    smooth_grad(Spy(), x, 0, noise=0.2, samples=1)
    deviations = (seen[0] - x).flatten(1).std(1)
    close(deviations, torch.tensor([0.2, 2.0]), rtol=0.1, atol=0)


def test_a_generator_repeats_the_draws(net, x):
    first, again = (
        smooth_grad(net, x, 0, samples=2, generator=torch.Generator().manual_seed(3))
        for _ in range(2)
    )
    assert torch.equal(first, again)


# guided_backpropagation


def test_guided_backpropagation_is_captums_where_relus_are_modules(x):
    torch.manual_seed(0)
    model = nn.Sequential(
        *[nn.Conv2d(2, 6, 3), nn.ReLU(), nn.Conv2d(6, 5, 3), nn.ReLU(), nn.AvgPool2d(2)],
        *[nn.Flatten(), nn.Linear(60, 8), nn.ReLU(), nn.Linear(8, 3)],
    ).double()
    given = x.clone().requires_grad_()
    with pytest.warns(UserWarning, match="Setting backward hooks"):
        expected = GuidedBackprop(model).attribute(given, TARGETS)
    found = guided_backpropagation(model, x, TARGETS)
    close(found, expected)
    plain = saliency(model, x, TARGETS)
    assert (found - plain).abs().max() > 1e-3  # it is not plain
    assert (found - plain.clamp(min=0)).abs().max() > 1e-3  # nor clamped at the end


class Written(nn.Module):
    """A two-layer network whose ReLUs are written in one of many ways."""

    def __init__(self, relu):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(6, 9), nn.Linear(9, 8)
        self.third, self.relu = nn.Linear(8, 3), relu

    def forward(self, x):
        x = self.relu(self.first(x.flatten(1)))
        return self.third(self.relu(self.second(x)))


WAYS = {
    "module": nn.ReLU(),
    "in place": nn.ReLU(inplace=True),
    "F.relu": F.relu,
    "F.relu in place": lambda x: F.relu(x, inplace=True),
    "torch.relu": torch.relu,
    "method": lambda x: x.relu(),
    "method in place": lambda x: x.relu_(),
    "ReLU6 below 6": nn.ReLU6(),
}


@pytest.mark.parametrize("relu", WAYS.values(), ids=WAYS)
def test_guided_backpropagation_finds_a_relu_however_it_is_written(relu):
    x = torch.randn(4, 1, 2, 3, generator=torch.Generator().manual_seed(0))
    model = Written(relu)
    first = model.first.weight @ x.flatten(1).T + model.first.bias[:, None]  # (9, N)
    second = model.second.weight @ first.relu() + model.second.bias[:, None]
    g = model.third.weight[TARGETS].T.clamp(min=0) * (second > 0)
    g = (model.second.weight.T @ g).clamp(min=0) * (first > 0)
    expected = (model.first.weight.T @ g).T.view(x.shape).detach()
    close(guided_backpropagation(model, x, TARGETS), expected)


def test_guided_backpropagation_refuses_a_network_without_a_relu(x):
    model = nn.Sequential(nn.Flatten(), nn.Linear(264, 5), nn.SiLU(), nn.Linear(5, 3)).double()
    with pytest.raises(ValueError, match="needs a ReLU, and Sequential runs none"):
        guided_backpropagation(model, x, 0)


# integrated_gradients


@pytest.mark.parametrize("baseline", [0.0, 0.5])
def test_integrated_gradients_are_captums_by_the_midpoint_rule(net, x, baseline):
    found = integrated_gradients(net, x, TARGETS, baseline=baseline, steps=7)
    theirs = IntegratedGradients(net).attribute(
        x, baseline, TARGETS, n_steps=7, method="riemann_middle"
    )
    close(found, theirs)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9))
def test_integrated_gradients_of_a_linear_model_are_complete_after_any_number_of_steps(seed, steps):
    torch.manual_seed(seed)
    model, x, start = linear(), torch.randn(4, 2, 3, 4).double(), torch.randn(2, 3, 4).double()
    found = integrated_gradients(model, x, TARGETS, baseline=start, steps=steps)
    close(found, rows_of(model, x, TARGETS) * (x - start))
    scores = (model(x) - model(start[None])).detach()
    close(found.sum((1, 2, 3)), scores[range(4), TARGETS])


def test_integrated_gradients_sum_to_the_scores_difference(net, x):
    start = torch.full_like(x[:1], 0.3)
    found = integrated_gradients(net, x, TARGETS, baseline=start, steps=400).sum((1, 2, 3))
    scores = net(x)[range(4), TARGETS] - net(start)[0, TARGETS]
    close(found, scores.detach(), atol=0.02 * scores.abs().max().item(), rtol=0)


def test_integrated_gradients_of_one_relu_count_the_active_part_of_the_way():
    weight = torch.tensor([[[1.0, -2.0, 2.0]]]).double()
    x = torch.tensor(
        [[[[1.0, 0.0, 2.0]]]]
    ).double()  # <w, x> = 5, the bias takes 2: active from 0.4
    found = integrated_gradients(OneReLU(weight, -2.0), x, 0, steps=10)
    close(found[0], weight * x[0] * 0.6)
    assert found.sum().item() == pytest.approx(3)  # the score


@pytest.mark.parametrize("steps", [1, 5])
def test_a_relu_network_without_biases_needs_one_step_from_zero(steps):
    torch.manual_seed(0)
    model = nn.Sequential(
        *[nn.Conv2d(2, 5, 3, bias=False), nn.ReLU(), nn.MaxPool2d(2)],
        *[nn.Flatten(), nn.Linear(20, 3, bias=False)],
    ).double()
    x = torch.randn(4, 2, 6, 6).double()
    found = integrated_gradients(model, x, TARGETS, steps=steps)
    close(found, x * saliency(model, x, TARGETS))  # gradient times input
    close(found.sum((1, 2, 3)), model(x).detach()[range(4), TARGETS])  # Euler
