"""Group convolutions against literal sums over the group, and their equivariance, exact."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.analysis.equivariance import transformation_error
from cnncourse.layers import GroupBatchNorm2d, GroupConv2d, GroupPool, LiftingConv2d
from cnncourse.layers.equivariant import GROUPS, P4, P4M
from cnncourse.training import set_seed

BOTH = pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)


@pytest.fixture(autouse=True)
def seeded():
    set_seed(0)


def double(*shape: int) -> torch.Tensor:
    return torch.randn(shape, dtype=torch.float64)


def worst_error(layer, x, group, lifted_input=False, lifted_output=True) -> float:
    """Return the largest relative error over all elements of the group."""
    on_plane, on_group = group.move, group.act
    return max(
        transformation_error(
            layer,
            x,
            on_input=lambda t, g=g: (on_group if lifted_input else on_plane)(t, g),
            on_output=lambda t, g=g: (on_group if lifted_output else on_plane)(t, g),
        ).total
        for g in range(group.order)
    )


# The group


def test_a_quarter_turn_is_counterclockwise_and_a_mirror_swaps_left_and_right():
    x = torch.tensor([[1, 2], [3, 4]])
    assert P4.move(x, 1).tolist() == [[2, 4], [1, 3]]
    assert P4M.move(x, P4M.elements.index((0, True))).tolist() == [[2, 1], [4, 3]]


@BOTH
def test_products_and_inverses_are_those_of_the_moves(group):
    x = torch.arange(9).view(3, 3)
    for g, h in itertools.product(range(group.order), repeat=2):
        assert torch.equal(group.move(group.move(x, h), g), group.move(x, group.product(g, h)))
    for g in range(group.order):
        assert torch.equal(group.move(group.move(x, g), group.inverse(g)), x)
    assert len({tuple(group.move(x, g).flatten().tolist()) for g in range(group.order)}) == (
        group.order
    )


@BOTH
def test_the_action_on_feature_maps_is_an_action(group):
    f = double(1, 2, group.order, 3, 3)
    for g, h in itertools.product(range(group.order), repeat=2):
        assert torch.equal(group.act(group.act(f, h), g), group.act(f, group.product(g, h)))
    assert torch.equal(group.act(f, 0), f)


def test_a_quarter_turn_of_a_map_over_p4_turns_pixels_and_rolls_planes():
    f = double(1, 2, 4, 5, 5)
    expected = torch.rot90(f, 1, (-2, -1)).roll(1, 2)
    assert torch.equal(P4.act(f, 1), expected)


# The layers


@BOTH
def test_lifting_is_a_correlation_with_each_moved_kernel(group):
    layer = LiftingConv2d(2, 3, 3, stride=2, padding=1, group=group.name).double()
    x = double(2, 2, 7, 7)
    y = layer(x)
    for g in range(group.order):
        kernels = group.move(layer.weight, g)
        expected = F.conv2d(x, kernels, layer.bias, stride=2, padding=1)
        torch.testing.assert_close(y[:, :, g], expected)


@BOTH
def test_a_group_convolution_is_the_sum_over_the_group_written_out(group):
    """Sum over h, channels and pixels, with the kernel at g⁻¹h read at pixels moved back by g."""
    layer = GroupConv2d(2, 3, 3, padding=0, group=group.name).double()
    f = double(1, 2, group.order, 4, 4)
    expected = torch.zeros(1, 3, group.order, 2, 2, dtype=torch.float64)
    places = torch.arange(9).view(3, 3)
    for g, h in itertools.product(range(group.order), repeat=2):
        k = group.product(group.inverse(g), h)
        source = group.move(places, g)  # which tap of the kernel lies at each place after g
        for row, column, i, j in itertools.product(range(2), range(2), range(3), range(3)):
            a, b = divmod(int(source[i, j]), 3)
            tap = layer.weight[:, :, k, a, b]  # (3, 2)
            pixel = f[0, :, h, row + i, column + j]  # (2,)
            expected[0, :, g, row, column] += tap @ pixel
    expected += layer.bias[None, :, None, None, None]
    torch.testing.assert_close(layer(f), expected)


@BOTH
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_both_are_equivariant_at_machine_precision(group, padding):
    lifting = LiftingConv2d(2, 3, 3, padding=padding, group=group.name).double()
    convolution = GroupConv2d(2, 3, 3, padding=padding, group=group.name).double()
    assert worst_error(lifting, double(1, 2, 6, 6), group) < 1e-14
    assert worst_error(convolution, double(1, 2, group.order, 6, 6), group, True) < 1e-14


def test_with_stride_a_quarter_turn_is_kept_exactly_where_no_remainder_is_left():
    for n, k, s, p in itertools.product(range(6, 12), (1, 2, 3, 5), (2, 3), (0, 1, 2)):
        layer = LiftingConv2d(1, 2, k, stride=s, padding=p).double()
        error = worst_error(layer, double(1, 1, n, n), P4)
        assert (error < 1e-13) == ((n + 2 * p - k) % s == 0), (n, k, s, p, error)


@BOTH
def test_a_network_of_them_gives_the_same_scores_for_every_pose(group):
    name = group.name
    net = nn.Sequential(
        *[LiftingConv2d(1, 4, 3, padding=1, group=name), GroupBatchNorm2d(4), nn.ReLU()],
        *[GroupConv2d(4, 6, 3, stride=2, padding=1, group=name), GroupBatchNorm2d(6), nn.ReLU()],
        *[GroupPool(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3)],
    ).double()
    for norm in (net[1], net[4]):  # as after training
        norm.weight.data.uniform_(0.5, 2)
        norm.bias.data.normal_()
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    net.eval()
    x = double(2, 1, 9, 9)
    with torch.no_grad():
        for g in range(group.order):
            torch.testing.assert_close(net(group.move(x, g)), net(x), rtol=1e-12, atol=1e-12)


def test_a_norm_for_each_plane_is_equivariant_at_its_start_and_not_after_training():
    """The mistake that a test at initialisation lets pass."""
    planewise = nn.Sequential(
        nn.Flatten(1, 2), nn.BatchNorm2d(12), nn.Unflatten(1, (3, 4))
    ).double()
    f = double(2, 3, 4, 5, 5)
    planewise.eval()
    assert worst_error(planewise, f, P4, lifted_input=True) < 1e-14
    planewise[1].weight.data.uniform_(0.5, 2)
    assert worst_error(planewise, f, P4, lifted_input=True) > 0.1


@pytest.mark.parametrize("mode", ["max", "mean"])
@BOTH
def test_pooling_over_the_group_turns_as_an_image_does(group, mode):
    f = double(1, 3, group.order, 5, 5)
    error = worst_error(GroupPool(mode), f, group, lifted_input=True, lifted_output=False)
    assert error < 1e-14


def test_turning_the_pixels_alone_is_no_action():
    """Forget the planes and a group convolution is not equivariant."""
    layer = GroupConv2d(1, 2, 3, padding=1).double()
    f = double(1, 1, 4, 5, 5)
    error = transformation_error(layer, f, lambda t: P4.move(t, 1), lambda t: P4.move(t, 1)).total
    assert error > 0.1


@BOTH
def test_weights_and_channels_are_counted_once(group):
    lifting = LiftingConv2d(2, 5, 3, group=group.name)
    convolution = GroupConv2d(5, 7, 3, group=group.name)
    assert sum(p.numel() for p in lifting.parameters()) == 5 * 2 * 9 + 5
    assert sum(p.numel() for p in convolution.parameters()) == 7 * 5 * group.order * 9 + 7


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: LiftingConv2d(1, 1, 3, group="p6"), "group must be one of p4, p4m, got 'p6'"),
        (lambda: GroupConv2d(1, 1, 3, group="p6"), "group must be one of p4, p4m, got 'p6'"),
        (lambda: GroupConv2d(1, 0, 3), "out_channels must be at least 1, got 0"),
        (lambda: GroupPool("sum"), "mode must be 'max' or 'mean', got 'sum'"),
    ],
)
def test_what_cannot_be_built_is_refused(build, sentence):
    with pytest.raises(ValueError, match=sentence):
        build()
