from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.analysis.receptive_field import effective_receptive_field, receptive_field


def filled(conv, weight):
    with torch.no_grad():
        conv.weight.copy_(weight)
        if conv.bias is not None:
            conv.bias.zero_()
    return conv.double()


def averages(depth, kernel_size=3):
    """Equal weights: the gradient is that of a random walk with ``depth`` uniform steps."""
    convs = [nn.Conv2d(1, 1, kernel_size, padding=kernel_size // 2) for _ in range(depth)]
    return nn.Sequential(*(filled(c, torch.tensor(1.0 / kernel_size**2)) for c in convs))


def test_a_single_convolution_has_the_map_of_its_absolute_weights():
    weight = torch.tensor([[1.0, -2.0, 3.0], [0.0, 4.0, -5.0]], dtype=torch.float64)
    found = effective_receptive_field(
        filled(nn.Conv2d(1, 1, (2, 3)), weight), (1, 1, 6, 8), inputs=1
    )
    expected = torch.zeros(6, 8, dtype=torch.float64)
    expected[2:4, 3:6] = weight.abs() / 15  # the output is 5 by 6, its central unit (2, 3)
    assert found.unit == (2, 3)
    assert found.interval == ((2, 3), (3, 5))
    torch.testing.assert_close(found.map, expected)


def test_equal_weights_need_the_whole_window_and_a_peaked_kernel_its_centre():
    equal = effective_receptive_field(averages(1, 9), (1, 1, 19, 21), inputs=1)
    assert equal.fraction == pytest.approx(1)  # 7 by 7 of 81 hold 60 %
    assert equal.side == pytest.approx((9, 9))
    peaked = torch.full((3, 3), 0.01)
    peaked[1, 1] = 1
    conv = filled(nn.Conv2d(1, 1, 3), peaked)
    assert effective_receptive_field(conv, (1, 1, 9, 11), mass=0.9).fraction == pytest.approx(1 / 9)
    assert effective_receptive_field(conv, (1, 1, 9, 11), mass=0.99).fraction == pytest.approx(1)


def test_a_stack_of_averages_is_a_gaussian_of_the_width_that_theory_gives():
    # a uniform step over 3 pixels has variance 2/3; 12 steps add up
    found = effective_receptive_field(averages(12), (1, 1, 41, 45), inputs=1)
    assert found.gaussian.sigma == pytest.approx((math.sqrt(8), math.sqrt(8)), rel=0.02)
    assert found.gaussian.mean == pytest.approx((20, 22), abs=1e-6)
    assert found.gaussian.r_squared > 0.999
    assert found.theoretical.size == (25, 25)
    assert found.fraction < 0.4


@pytest.mark.parametrize(
    "arrange", [lambda y: y.permute(0, 2, 3, 1), lambda y: y.mT, lambda y: y.flatten(2).mT]
)
def test_the_layout_of_the_output_changes_nothing(arrange):
    class Arranged(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = filled(nn.Conv2d(1, 3, (5, 3), padding=(2, 1)), torch.tensor(1.0))

        def forward(self, x):
            return arrange(self.conv(x))

    model = Arranged()
    found = effective_receptive_field(model, (1, 1, 12, 9), inputs=1)
    plain = effective_receptive_field(model, (1, 1, 12, 9), "conv", inputs=1)
    assert set(found.unit) == {6, 4}
    torch.testing.assert_close(found.map, plain.map)
    assert found.interval == plain.interval
    assert found.fraction == pytest.approx(1)


def test_the_width_grows_with_the_square_root_of_depth():
    widths = [
        effective_receptive_field(averages(depth), (1, 1, 71, 71), inputs=1).gaussian.sigma[0]
        for depth in (4, 16)
    ]
    assert widths[1] / widths[0] == pytest.approx(2, rel=0.05)


def test_rectangular_kernels_have_a_width_per_axis():
    conv = nn.Conv2d(1, 1, (3, 5), padding=(1, 2))
    model = nn.Sequential(
        *(filled(nn.Conv2d(1, 1, (3, 5), padding=(1, 2)), torch.tensor(1 / 15)) for _ in range(8))
    )
    sigma = effective_receptive_field(model, (1, 1, 41, 61), inputs=1).gaussian.sigma
    assert conv.kernel_size == (3, 5)
    assert sigma == pytest.approx((math.sqrt(8 * 2 / 3), math.sqrt(8 * 2)), rel=0.03)


@pytest.mark.parametrize(
    ("make", "input_size"), [(nn.Conv1d, (1, 2, 17)), (nn.Conv3d, (1, 2, 7, 8, 9))]
)
def test_one_and_three_axes_work_alike(make, input_size):
    found = effective_receptive_field(make(2, 3, 3), input_size, inputs=2)
    assert found.map.shape == input_size[2:]
    assert found.map.sum() == pytest.approx(1)
    assert all(last - first == 2 for first, last in found.interval)


@pytest.fixture
def network():
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.Conv2d(4, 4, 3, stride=2, padding=1),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
    )


def test_the_mean_over_inputs_and_seeds_is_that_of_single_runs(network):
    both = effective_receptive_field(network, (1, 2, 12, 14), inputs=1, seeds=(4, 9))
    maps = []
    for seed in (4, 9):
        x = torch.randn(1, 2, 12, 14, generator=torch.Generator().manual_seed(seed))
        x.requires_grad_()
        y = network.eval()(x)
        (gradient,) = torch.autograd.grad(y[0, :, 3, 3].sum(), x)
        maps.append(gradient[0].abs().double().sum(0))
    assert both.unit == (3, 3)
    torch.testing.assert_close(both.map, sum(maps) / sum(maps).sum())


def test_a_seed_fixes_the_result_and_another_changes_it(network):
    def measure(seed):
        return effective_receptive_field(network, (1, 2, 12, 14), inputs=2, seeds=(seed,)).map

    assert torch.equal(measure(0), measure(0))
    assert not torch.equal(measure(0), measure(1))


def test_nothing_lies_outside_the_theoretical_field(network):
    found = effective_receptive_field(network, (1, 2, 16, 18), "3")
    assert found.theoretical == receptive_field(network, (1, 2, 16, 18), "3")
    (top, bottom), (left, right) = found.interval
    inside = found.map[top : bottom + 1, left : right + 1]
    assert inside.sum() == pytest.approx(1)


def test_a_layer_is_measured_before_the_next_one_writes_over_its_result():
    conv = filled(nn.Conv2d(1, 1, 3, padding=1), torch.tensor(-1.0))
    model = nn.Sequential(conv, nn.Threshold(1e9, 0.0, inplace=True))
    found = effective_receptive_field(model, (1, 1, 7, 9), "0", inputs=1)
    assert int((found.map > 0).sum()) == 9


def test_fresh_weights_are_drawn_for_measuring_only(network):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    own = effective_receptive_field(network, (1, 2, 12, 14))
    fresh = effective_receptive_field(network, (1, 2, 12, 14), reinitialise=True)
    assert not torch.equal(own.map, fresh.map)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize("fails", [False, True])
def test_the_model_is_left_as_it_was_found(network, fails):
    network[1].eval()
    network[0].weight.grad = torch.ones_like(network[0].weight)
    random_state = torch.get_rng_state()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    if fails:
        network.append(nn.Flatten())
        with pytest.raises(ValueError, match="a map like the input"):
            effective_receptive_field(network, (1, 2, 12, 14), reinitialise=True)
    else:
        effective_receptive_field(network, (1, 2, 12, 14), reinitialise=True)
    assert [m.training for m in network[:6]] == [True, False, True, True, True, True]
    assert torch.equal(network[0].weight.grad, torch.ones_like(network[0].weight))
    assert torch.equal(torch.get_rng_state(), random_state)
    assert not any(m._forward_hooks for m in network.modules())
    assert all(p.requires_grad for p in network.parameters())
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


def test_it_works_where_gradients_are_switched_off(network):
    with torch.no_grad():
        assert effective_receptive_field(network, (1, 2, 12, 14), inputs=1).map.sum() > 0


def test_the_text_names_share_sides_and_fit():
    text = str(effective_receptive_field(averages(1, 9), (1, 1, 19, 21), inputs=1))
    assert text.startswith(
        "95% of the gradient in 9.0 × 9.0 pixels, 100.0% of the theoretical 9 × 9"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": 0}, r"inputs and seeds must not be empty, got 0 and \[0, 1, 2\]"),
        ({"seeds": ()}, r"inputs and seeds must not be empty, got 8 and \[\]"),
        ({"mass": 1.5}, "mass must lie between 0 and 1, got 1.5"),
        ({"output": "2"}, "the model has no module '2'"),
    ],
)
def test_bad_options_are_refused(options, message):
    model = nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU())
    with pytest.raises(ValueError, match=message):
        effective_receptive_field(model, (1, 1, 8, 9), **options)


def test_a_unit_without_gradient_is_refused():
    model = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Threshold(1e9, 0.0))
    with pytest.raises(ValueError, match=r"central unit \(3, 3\) is zero or not a number"):
        effective_receptive_field(model, (1, 1, 8, 9))


def test_a_model_without_values_is_refused():
    with torch.device("meta"):
        model = nn.Conv2d(1, 1, 3)
    with pytest.raises(ValueError, match="needs the model's values, got a model on meta"):
        effective_receptive_field(model, (1, 1, 8, 9))


def test_fresh_weights_need_a_module_that_can_draw_them():
    class Blur(nn.Module):
        def forward(self, x):
            return F.avg_pool2d(x, 3, 1)

    with pytest.raises(ValueError, match="no module of the model has reset_parameters"):
        effective_receptive_field(Blur(), (1, 1, 8, 9), reinitialise=True)
    assert effective_receptive_field(Blur(), (1, 1, 8, 9)).fraction == pytest.approx(1)
