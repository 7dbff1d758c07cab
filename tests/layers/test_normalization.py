"""Normalization against PyTorch's: forward, backward, running statistics, state, errors."""

import copy
import inspect

import pytest
import torch
from torch import nn
from torch.autograd import grad, gradcheck
from torch.testing import assert_close

from cnncourse import layers

DOUBLE = torch.float64


def spread(*shape: int) -> torch.Tensor:
    """Return values whose mean and deviation differ from 0 and 1, and from row to row."""
    x = torch.randn(shape, dtype=DOUBLE)
    return (x * torch.linspace(0.5, 3, shape[1], dtype=DOUBLE).view(-1, *[1] * (len(shape) - 2))
            + torch.linspace(-2, 5, shape[0], dtype=DOUBLE).view(-1, *[1] * (len(shape) - 1))
            ).requires_grad_()  # fmt: skip


def both(name: str, *args, **options) -> tuple[nn.Module, nn.Module]:
    """Return our layer and PyTorch's with the same perturbed parameters."""
    theirs = getattr(nn, name)(*args, dtype=DOUBLE, **options)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(torch.randn_like(parameter))
    ours = getattr(layers, name)(*args, dtype=DOUBLE, **options)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def assert_same(ours: nn.Module, theirs: nn.Module, x: torch.Tensor) -> None:
    """Compare outputs, gradients of the input and all parameters, and buffers."""
    y, expected = ours(x), theirs(x)
    assert_close(y, expected)
    cotangent = torch.randn_like(expected)
    slopes = grad(y, [x, *ours.parameters()], cotangent)
    assert_close(slopes, grad(expected, [x, *theirs.parameters()], cotangent))
    assert_close(dict(ours.named_buffers()), dict(theirs.named_buffers()))


BATCH_NORMS = [
    ("BatchNorm1d", (5, 3)),
    ("BatchNorm1d", (4, 3, 7)),
    ("BatchNorm1d", (1, 3, 7)),
    ("BatchNorm2d", (2, 3, 5, 4)),
    ("BatchNorm2d", (1, 3, 5, 4)),
    ("BatchNorm2d", (6, 3, 1, 1)),
]
AFFINE = [{}, {"affine": False}, {"affine": True}, {"affine": True, "bias": False}]
BIAS_IS_OPTIONAL = "bias" in inspect.signature(nn.GroupNorm).parameters
if not BIAS_IS_OPTIONAL:  # an older torch: there is nothing to compare with
    AFFINE.pop()


class TestBatchNorm:
    @pytest.mark.parametrize("track", [True, False])
    @pytest.mark.parametrize("momentum", [0.1, 0.7, None])
    @pytest.mark.parametrize("options", AFFINE)
    @pytest.mark.parametrize(("name", "shape"), BATCH_NORMS)
    def test_agrees_with_torch_in_training_and_then_in_evaluation(
        self, name, shape, options, momentum, track
    ):
        arguments = {"eps": 1e-3, "momentum": momentum, "track_running_stats": track, **options}
        ours, theirs = both(name, 3, **arguments)
        for _ in range(3):
            assert_same(ours, theirs, spread(*shape))
        assert_same(ours.eval(), theirs.eval(), spread(*shape))

    def test_each_channel_of_a_batch_gets_mean_0_and_variance_1(self):
        y = layers.BatchNorm2d(3, eps=0, dtype=DOUBLE)(spread(4, 3, 5, 6))
        assert_close(y.mean((0, 2, 3)), torch.zeros(3, dtype=DOUBLE))
        assert_close(y.var((0, 2, 3), correction=0), torch.ones(3, dtype=DOUBLE))

    def test_running_statistics_by_hand(self):
        layer = layers.BatchNorm1d(1, momentum=0.25)
        layer(torch.tensor([[1.0], [3.0], [8.0]]))  # mean 4, unbiased variance 13
        assert_close(layer.running_mean, torch.tensor([0.25 * 4]))
        assert_close(layer.running_var, torch.tensor([0.75 * 1 + 0.25 * 13]))
        assert layer.num_batches_tracked == 1

    def test_without_momentum_they_are_the_average_of_all_batches(self):
        layer = layers.BatchNorm1d(1, momentum=None)
        for mean in (1.0, 2.0, 6.0):
            layer(torch.tensor([[mean - 1], [mean + 1]]))
        assert_close(layer.running_mean, torch.tensor([3.0]))

    def test_evaluation_leaves_them_alone_and_treats_samples_one_by_one(self):
        layer = layers.BatchNorm2d(3, dtype=DOUBLE)
        layer(spread(4, 3, 5, 6))
        before = copy.deepcopy(layer.eval().state_dict())
        x = spread(4, 3, 5, 6)
        assert_close(layer(x)[1:2], layer(x[1:2]))
        assert_close(dict(layer.state_dict()), dict(before))

    def test_running_statistics_carry_no_gradient(self):
        layer = layers.BatchNorm2d(3, dtype=DOUBLE)
        layer(spread(4, 3, 5, 6))
        assert not layer.running_mean.requires_grad
        assert layer.running_var.grad_fn is None

    def test_resetting_forgets_everything(self):
        ours, theirs = both("BatchNorm2d", 3)
        ours(spread(4, 3, 5, 6))
        theirs.reset_parameters(), ours.reset_parameters()
        assert_close(dict(ours.state_dict()), dict(theirs.state_dict()))

    @pytest.mark.parametrize(("name", "shape"), BATCH_NORMS)
    def test_has_the_gradient_of_finite_differences(self, name, shape):
        assert gradcheck(layers.__dict__[name](3, dtype=DOUBLE, track_running_stats=False),
                         spread(*shape))  # fmt: skip

    @pytest.mark.parametrize(
        ("name", "shape"), [("BatchNorm1d", (1, 3)), ("BatchNorm2d", (1, 3, 1, 1))]
    )
    @pytest.mark.parametrize("track", [True, False])
    def test_one_value_per_channel_has_no_statistics(self, name, shape, track):
        layer = getattr(layers, name)(3, track_running_stats=track)
        reference = getattr(nn, name)(3, track_running_stats=track)
        x = torch.ones(shape)
        for mode in ("train", "eval"):
            getattr(layer, mode)(), getattr(reference, mode)()
            if mode == "eval" and track:
                assert_close(layer(x), reference(x))
                continue
            for module in (layer, reference):
                with pytest.raises(ValueError, match="ore than"):
                    module(x)
        with pytest.raises(ValueError, match=r"more than one value per channel, .* \(1, 3"):
            layer.train()(x)

    @pytest.mark.parametrize(
        ("name", "shape", "message"),
        [
            ("BatchNorm1d", (2, 4), r"2 or 3 dimensions with 3 channels .* \(2, 4\)"),
            ("BatchNorm1d", (2, 3, 4, 5), r"2 or 3 dimensions .* \(2, 3, 4, 5\)"),
            ("BatchNorm2d", (3, 4, 5), r"must have 4 dimensions .* \(3, 4, 5\)"),
            ("BatchNorm2d", (2, 4, 5, 6), r"with 3 channels .* \(2, 4, 5, 6\)"),
        ],
    )
    def test_other_shapes_are_refused(self, name, shape, message):
        with pytest.raises((ValueError, RuntimeError)):
            getattr(nn, name)(3)(torch.zeros(shape))
        with pytest.raises(ValueError, match=message):
            getattr(layers, name)(3)(torch.zeros(shape))

    def test_no_channels_are_refused(self):
        with pytest.raises(ValueError, match="num_features must be at least 1, got 0"):
            layers.BatchNorm2d(0)


class TestInstanceNorm2d:
    @pytest.mark.parametrize("track", [False, True])
    @pytest.mark.parametrize("momentum", [0.1, 0.7, None])
    @pytest.mark.parametrize("options", AFFINE)
    @pytest.mark.parametrize("shape", [(2, 3, 5, 4), (3, 5, 4), (1, 3, 2, 1)])
    def test_agrees_with_torch_in_training_and_then_in_evaluation(
        self, shape, options, momentum, track
    ):
        arguments = {"eps": 1e-3, "momentum": momentum, "track_running_stats": track, **options}
        ours, theirs = both("InstanceNorm2d", 3, **arguments)
        for _ in range(3):
            assert_same(ours, theirs, spread(*shape))
        assert_same(ours.eval(), theirs.eval(), spread(*shape))

    def test_contrast_and_brightness_leave_no_trace(self):
        layer = layers.InstanceNorm2d(3, eps=0)
        x = spread(2, 3, 5, 4)
        assert_close(layer(3 * x + 7), layer(x))

    @pytest.mark.parametrize("shape", [(2, 3, 1, 1), (3, 1, 1)])
    def test_one_position_has_no_statistics(self, shape):
        with pytest.raises(ValueError, match="ore than"):
            nn.InstanceNorm2d(3)(torch.ones(shape))
        with pytest.raises(ValueError, match="more than one value per channel"):
            layers.InstanceNorm2d(3)(torch.ones(shape))

    @pytest.mark.parametrize("shape", [(2, 3), (1, 2, 3, 4, 5), (2, 4, 5, 6), (4, 5, 6)])
    def test_other_shapes_are_refused(self, shape):
        with pytest.raises(ValueError, match=r"\(N, 3, H, W\) or \(3, H, W\), got "):
            layers.InstanceNorm2d(3)(torch.zeros(shape))


class TestGroupNorm:
    @pytest.mark.parametrize("options", AFFINE)
    @pytest.mark.parametrize("groups", [1, 2, 3, 6])
    @pytest.mark.parametrize("shape", [(2, 6), (2, 6, 5), (3, 6, 5, 4), (1, 6, 3, 2, 4)])
    def test_agrees_with_torch_over_the_grid(self, shape, groups, options):
        ours, theirs = both("GroupNorm", groups, 6, eps=1e-3, **options)
        assert_same(ours, theirs, spread(*shape))
        assert_same(ours.eval(), theirs.eval(), spread(*shape))

    def test_takes_what_is_not_contiguous(self):
        ours, theirs = both("GroupNorm", 2, 6)
        assert_same(ours, theirs, spread(2, 5, 6, 4).detach().transpose(1, 2).requires_grad_())

    def test_has_the_gradient_of_finite_differences(self):
        assert gradcheck(layers.GroupNorm(2, 6, dtype=DOUBLE), spread(2, 6, 3, 2))

    def test_channels_must_divide_into_the_groups(self):
        with pytest.raises(ValueError, match="divisible by num_groups, got 6 and 4"):
            layers.GroupNorm(4, 6)

    def test_one_value_per_group_has_no_statistics(self):
        for GroupNorm in (nn.GroupNorm, layers.GroupNorm):
            with pytest.raises(ValueError, match="ore than"):
                GroupNorm(6, 6)(torch.ones(1, 6))

    @pytest.mark.parametrize("shape", [(6,), (2, 5), (2, 5, 6)])
    def test_other_shapes_are_refused(self, shape):
        with pytest.raises(ValueError, match=r"shape \(N, 6, ...\), got "):
            layers.GroupNorm(2, 6)(torch.zeros(shape))


class TestLayerNorm:
    @pytest.mark.parametrize(
        "options",
        [{}, {"bias": False}, {"elementwise_affine": False}],
    )
    @pytest.mark.parametrize("shape", [4, (4,), [5, 4], (3, 5, 4)])
    def test_agrees_with_torch_over_the_grid(self, shape, options):
        ours, theirs = both("LayerNorm", shape, eps=1e-3, **options)
        assert_same(ours, theirs, spread(2, 3, 5, 4))
        assert_same(ours.eval(), theirs.eval(), spread(2, 3, 5, 4))

    def test_each_row_by_hand(self):
        y = layers.LayerNorm(2, eps=0)(torch.tensor([[1.0, 5.0], [10.0, 8.0]]))
        assert_close(y, torch.tensor([[-1.0, 1.0], [1.0, -1.0]]))

    def test_has_the_gradient_of_finite_differences(self):
        assert gradcheck(layers.LayerNorm((3, 2), dtype=DOUBLE), spread(2, 4, 3, 2))

    @pytest.mark.parametrize("shape", [(4,), (5,), (4, 5), (2, 5, 3)])
    def test_other_shapes_are_refused(self, shape):
        with pytest.raises(RuntimeError):
            nn.LayerNorm((5, 4))(torch.zeros(shape))
        with pytest.raises(ValueError, match=r"must end in \(5, 4\), got "):
            layers.LayerNorm((5, 4))(torch.zeros(shape))

    def test_something_must_be_normalized(self):
        with pytest.raises(ValueError, match="at least one dimension, got none"):
            layers.LayerNorm(())


MEMBERS = [
    ("BatchNorm1d", (3,)),
    ("BatchNorm2d", (3,)),
    ("InstanceNorm2d", (3,)),
    ("GroupNorm", (3, 6)),
    ("LayerNorm", ((3, 4),)),
]
every_layer = pytest.mark.parametrize(("name", "arguments"), MEMBERS)


@every_layer
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_starts_like_torch_under_the_same_names(name, arguments, dtype):
    ours = getattr(layers, name)(*arguments, dtype=dtype)
    theirs = getattr(nn, name)(*arguments, dtype=dtype)
    assert_close(dict(ours.state_dict()), dict(theirs.state_dict()))
    assert list(dict(ours.named_parameters())) == list(dict(theirs.named_parameters()))
    if BIAS_IS_OPTIONAL:
        assert repr(ours) == repr(theirs)


@every_layer
def test_state_goes_both_ways(name, arguments):
    ours, theirs = both(name, *arguments)
    assert_close(dict(ours.state_dict()), dict(theirs.state_dict()))
    fresh = getattr(nn, name)(*arguments, dtype=DOUBLE)
    fresh.load_state_dict(ours.state_dict())
    assert_close(dict(fresh.state_dict()), dict(theirs.state_dict()))


@pytest.mark.parametrize("name", ["BatchNorm1d", "BatchNorm2d", "InstanceNorm2d"])
def test_tracked_statistics_are_buffers_or_absent(name):
    for track in (True, False):
        ours = getattr(layers, name)(3, track_running_stats=track)
        theirs = getattr(nn, name)(3, track_running_stats=track)
        assert set(ours.state_dict()) == set(theirs.state_dict())
        assert (ours.running_mean is None) == (not track)


def test_a_convolution_absorbs_batch_norm_in_evaluation():
    convolve = nn.Conv2d(2, 3, 3, dtype=DOUBLE)
    norm, _ = both("BatchNorm2d", 3)
    norm(spread(4, 3, 5, 6))
    norm.eval()
    gain = norm.weight / (norm.running_var + norm.eps).sqrt()
    absorbed = nn.Conv2d(2, 3, 3, dtype=DOUBLE)
    with torch.no_grad():
        absorbed.weight.copy_(convolve.weight * gain.view(-1, 1, 1, 1))
        absorbed.bias.copy_((convolve.bias - norm.running_mean) * gain + norm.bias)
    x = torch.randn(2, 2, 6, 5, dtype=DOUBLE)
    assert_close(absorbed(x), norm(convolve(x)))


def test_no_norm_of_pytorch_is_called(monkeypatch):
    def forbidden(*args, **options):
        raise AssertionError("a norm of PyTorch was called")

    for name in ("batch_norm", "layer_norm", "group_norm", "instance_norm"):
        monkeypatch.setattr(torch.nn.functional, name, forbidden)
        monkeypatch.setattr(torch, name, forbidden)
    shapes = {"BatchNorm1d": (4, 3), "GroupNorm": (4, 6), "LayerNorm": (2, 3, 4)}
    for name, arguments in MEMBERS:
        layer = getattr(layers, name)(*arguments, dtype=DOUBLE)
        assert layer(spread(*shapes.get(name, (4, 3, 5, 6)))).isfinite().all()


NORMS = [
    ("BatchNorm1d", (6,), (4, 6, 5)),
    ("BatchNorm2d", (6,), (4, 6, 5, 3)),
    ("InstanceNorm2d", (6,), (4, 6, 5, 3)),
    ("GroupNorm", (2, 6), (4, 6, 5, 3)),
    ("LayerNorm", ((6, 5, 3),), (4, 6, 5, 3)),
]


@pytest.mark.parametrize("parameters", ["half", "single"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize(("name", "arguments", "shape"), NORMS)
def test_half_precision_gives_what_torch_gives(name, arguments, shape, dtype, parameters):
    x = (300 * torch.randn(shape)).to(dtype)  # whose squares float16 cannot hold
    ours, theirs = (
        getattr(module, name)(*arguments, dtype=dtype if parameters == "half" else None)
        for module in (layers, nn)
    )
    y = ours(x)
    assert y.dtype == dtype
    assert_close(y, theirs(x), rtol=0.01, atol=4 * torch.finfo(dtype).eps)
    assert y.float().std() > 0.9


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("name", "arguments", "shape"), NORMS)
def test_an_empty_batch_returns_empty_and_teaches_nothing(name, arguments, shape, training):
    ours, theirs = both(name, *arguments)
    x = torch.zeros(0, *shape[1:], dtype=DOUBLE)
    assert_close(ours.train(training)(x), theirs.train(training)(x))
    assert_close(ours.state_dict(), theirs.state_dict())


@pytest.mark.parametrize(("name", "arguments", "shape"), NORMS)
def test_values_that_are_not_floating_point_are_refused(name, arguments, shape):
    with pytest.raises(TypeError, match=r"must be floating-point, got torch\.int64"):
        getattr(layers, name)(*arguments)(torch.ones(shape, dtype=torch.int64))
