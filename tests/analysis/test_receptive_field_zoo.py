"""The convolutional trunks of 26 torchvision networks, each confirmed by a second method."""

from __future__ import annotations

import time

import pytest
import torch
import torch.nn.functional as F
import torchvision.models as zoo
from torch import nn
from torch.overrides import TorchFunctionMode
from torchvision.ops import SqueezeExcitation

from cnncourse.analysis.receptive_field import receptive_field
from cnncourse.architectures import deeplab, unet

TRUNKS = {
    # network: path of the trunk, size, stride, padding (equal along height and width)
    "alexnet": ("features", 195, 32, 66),
    "vgg11": ("features", 150, 32, 59),
    "vgg13": ("features", 156, 32, 62),
    "vgg16": ("features", 212, 32, 90),
    "vgg19": ("features", 268, 32, 118),
    "resnet18": ("layer4", 435, 32, 217),
    "resnet34": ("layer4", 899, 32, 449),
    "resnet50": ("layer4", 427, 32, 213),
    "resnet101": ("layer4", 971, 32, 485),
    "resnet152": ("layer4", 1451, 32, 725),
    "resnext50_32x4d": ("layer4", 427, 32, 213),
    "googlenet": ("inception5b", 379, 32, 167),
    "inception_v3": ("Mixed_7c", 1311, 32, 618),
    "densenet121": ("features", 2071, 32, 1021),
    "mobilenet_v2": ("features", 491, 32, 245),
    "mobilenet_v3_small": ("features", 639, 32, 319),
    "mobilenet_v3_large": ("features", 595, 32, 297),
    "efficientnet_b0": ("features", 851, 32, 425),
    "efficientnet_v2_s": ("features", 1487, 32, 743),
    "convnext_tiny": ("features", 1688, 32, 828),
    "squeezenet1_0": ("features", 155, 16, 60),
    "squeezenet1_1": ("features", 207, 16, 88),
    "shufflenet_v2_x1_0": ("conv5", 527, 32, 263),
    "mnasnet1_0": ("layers", 843, 32, 421),
    "regnet_x_400mf": ("trunk_output", 975, 32, 487),
    "regnet_y_400mf": ("trunk_output", 575, 32, 287),
}


def build(name: str) -> nn.Module:
    """The network without its weights; RegNet computes its widths and needs values for that."""
    unset = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    with torch.device("cpu" if name.startswith("regnet") else "meta"):
        return getattr(zoo, name)(**unset).eval()


class OneAxisPositive(TorchFunctionMode):
    """Runs a network along one axis only, with positive weights and means for maxima.

    Then the gradient of a unit is positive exactly at the pixels it sees. Norms are left out, as
    they act on positions alone. All weights of a layer are equal, so that channels can be
    averaged before a convolution, which makes even large networks quick.
    """

    def __init__(self, axis: int) -> None:
        super().__init__()
        self.axis = axis

    def along(self, value: int | tuple[int, ...]) -> int:
        return value if isinstance(value, int) else value[self.axis]

    def conv(self, x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
        mean = x.unflatten(1, (groups, -1)).mean(2)
        size = weight.shape[2:][self.axis]
        kernel = torch.full((groups, 1, 1, size), 1 / size, dtype=x.dtype)
        stride, padding, dilation = (self.along(v) for v in (stride, padding, dilation))
        y = F.conv2d(mean, kernel, None, (1, stride), (0, padding), (1, dilation), groups)
        return y.repeat_interleave(weight.shape[0] // groups, 1)

    def max_pool(self, x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, **_):
        assert dilation == 1
        return self.avg_pool(x, kernel_size, stride, padding, ceil_mode)

    def avg_pool(self, x, kernel_size, stride=None, padding=0, ceil_mode=False, *_):
        size, stride, padding = (
            self.along(v) for v in (kernel_size, stride or kernel_size, padding)
        )
        return F.avg_pool2d(x, (1, size), (1, stride), (0, padding), ceil_mode)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func is torch.conv2d:
            return self.conv(*args, **kwargs)
        if func in (F.max_pool2d, torch.max_pool2d):
            return self.max_pool(*args, **kwargs)
        if func is F.avg_pool2d:
            return self.avg_pool(*args, **kwargs)
        if func is F.linear:
            mean = args[0].mean(-1, keepdim=True)
            return mean.expand(*args[0].shape[:-1], args[1].shape[0]).clone()
        if func in (F.batch_norm, F.layer_norm):
            return args[0]
        return func(*args, **kwargs)


def field_by_gradient(model: nn.Module, trunk: str, axis: int) -> tuple[int, int, int]:
    """Size, stride and padding along one axis from the gradients of two neighbouring units."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, SqueezeExcitation):
                setattr(module, name, nn.Identity())
        if hasattr(module, "layer_scale"):
            module.layer_scale = nn.Parameter(torch.ones(1, 1, 1, dtype=torch.float64))
    caught = []
    model.get_submodule(trunk).register_forward_hook(lambda module, args, y: caught.append(y))
    # Small values keep clear of ReLU6's upper end, where the gradient would vanish.
    x = torch.full((1, 3, 1, 6144), 1e-9, dtype=torch.float64, requires_grad=True)
    with OneAxisPositive(axis):
        model(x)
    (y,) = caught
    unit = y.shape[-1] // 2
    bounds = []
    for i in (unit, unit + 1):
        (gradient,) = torch.autograd.grad(y[0, :, 0, i].sum(), x, retain_graph=True)
        seen = gradient[0, :, 0].sum(0).nonzero().flatten()
        bounds.append((int(seen[0]), int(seen[-1])))
    (first, last), (next_first, next_last) = bounds
    assert first > 0, "the field reaches the border"
    assert next_last < x.shape[-1] - 1, "the field reaches the border"
    stride = next_first - first
    assert next_last - last == stride
    return last - first + 1, stride, unit * stride - first


def stride_in_the_first_convolution(resnet: nn.Module) -> nn.Module:
    """Turn torchvision's ResNet (v1.5) into that of the paper (v1)."""
    for block in resnet.modules():
        if isinstance(block, zoo.resnet.Bottleneck) and block.conv2.stride == (2, 2):
            block.conv1.stride, block.conv2.stride = (2, 2), (1, 1)
    return resnet


@pytest.mark.parametrize("name", TRUNKS)
def test_trunk_has_the_expected_field(name):
    trunk, size, stride, padding = TRUNKS[name]
    side = 299 if name == "inception_v3" else 224
    field = receptive_field(build(name), (1, 3, side, side), trunk, ignore_squeeze_excitation=True)
    assert (field.size, field.stride, field.padding) == ((size,) * 2, (stride,) * 2, (padding,) * 2)
    assert not field.sees_everything


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("name", TRUNKS)
def test_gradient_of_a_positive_network_has_the_same_support(name, axis):
    trunk, *expected = TRUNKS[name]
    assert field_by_gradient(build(name), trunk, axis) == tuple(expected)


@pytest.mark.parametrize(
    ("name", "size"), [("resnet50", 483), ("resnet101", 1027), ("resnet152", 1507)]
)
def test_resnets_with_the_papers_strides_see_what_distill_publishes(name, size):
    model = stride_in_the_first_convolution(build(name))
    field = receptive_field(model, (1, 3, 224, 224), "layer4")
    assert (field.size, field.stride) == ((size, size), (32, 32))
    assert field_by_gradient(model, "layer4", 0)[:2] == (size, 32)


@pytest.mark.parametrize(
    ("name", "published"),
    [("vgg16", (212, 32, 90)), ("inception_v3", (1311, 32, 618))],
)
def test_distills_table_holds_where_the_layers_agree(name, published):
    assert TRUNKS[name][1:] == published


@pytest.mark.parametrize("name", TRUNKS)
def test_a_classifier_sees_everything(name):
    field = receptive_field(build(name), (1, 3, 299, 299), ignore_squeeze_excitation=True)
    assert field.sees_everything
    assert field.size == (299, 299)


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("mobilenet_v3_small", "features.1.block.1.avgpool"),
        ("efficientnet_b0", "features.1.0.block.1.avgpool"),
        ("regnet_y_400mf", "trunk_output.block1.block1-0.f.se.avgpool"),
    ],
)
def test_squeeze_excitation_makes_the_trunk_see_everything(name, layer):
    field = receptive_field(build(name), (1, 3, 224, 224), TRUNKS[name][0])
    assert field.sees_everything
    assert field.cause == layer


def test_resnet152_takes_less_than_two_seconds_of_processor_time():
    model = build("resnet152")
    start = time.process_time()
    receptive_field(model, (1, 3, 224, 224), "layer4")
    assert time.process_time() - start < 2


def dense_networks() -> dict[str, nn.Module]:
    """Networks that answer for every pixel, small, with positive weights and without maxima."""
    nets = {
        "U-Net": unet.UNet((1, 2, 4), True, 1, 1),
        "U-Net without padding": unet.UNet((1, 2, 4), False, 1, 1),
        "FCN": deeplab.Segmenter(deeplab.TINY, deeplab.FCNHead, False, 1, 1),
    }
    for net in nets.values():
        for name, module in net.named_modules():
            if isinstance(module, nn.MaxPool2d):
                mean = nn.AvgPool2d(module.kernel_size, module.stride, module.padding)
                net.set_submodule(name, mean)
        with torch.no_grad():
            for weight in net.parameters():
                weight.fill_(0.1)
    return nets


@pytest.mark.parametrize("name", dense_networks())
def test_every_unit_of_a_dense_network_sees_the_interval_that_the_gradient_shows(name):
    net, side = dense_networks()[name].double().eval(), 44
    field = receptive_field(net, (1, 1, side, side))
    x = torch.ones(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    row = net(x)[0, 0, 0]
    for unit in range(len(row)):
        (gradient,) = torch.autograd.grad(row[unit], x, retain_graph=True)
        seen = gradient[0, 0].sum(0).nonzero().flatten()
        first, last = field.interval(0, unit)[1]
        assert (max(first, 0), min(last, side - 1)) == (seen[0], seen[-1])
