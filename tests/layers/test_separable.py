"""Separable convolutions and inverted residuals against dense convolutions and torchvision's."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close
from torchvision.models.efficientnet import MBConv, MBConvConfig
from torchvision.models.mobilenetv2 import InvertedResidual as InvertedResidualV2
from torchvision.models.mobilenetv3 import InvertedResidual as InvertedResidualV3
from torchvision.models.mobilenetv3 import InvertedResidualConfig

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.layers.separable import (
    ConvNormActivation,
    DepthwiseSeparableConv,
    InvertedResidual,
)
from cnncourse.training import set_seed


class TestDepthwiseSeparableConv:
    @pytest.mark.parametrize("bias", [True, False])
    @pytest.mark.parametrize("stride", [1, 2, 3])
    @pytest.mark.parametrize("kernel_size", [1, 3, 5])
    def test_is_a_dense_convolution_with_a_factored_kernel(self, kernel_size, stride, bias):
        layer = DepthwiseSeparableConv(4, 6, kernel_size, stride, bias).double()
        x = torch.randn(2, 4, 9, 7, dtype=torch.float64)  # H != W catches swapped axes
        kernel = layer.pointwise.weight * layer.depthwise.weight[:, 0]  # (6, 4, k, k)
        expected = F.conv2d(x, kernel, layer.pointwise.bias, stride, padding=kernel_size // 2)
        assert_close(layer(x), expected)
        assert_close(layer(x[0]), expected[0])
        assert expected.shape[2:] == (-(-9 // stride), -(-7 // stride))

    @pytest.mark.parametrize("kernel_size", [3, 5])
    @pytest.mark.parametrize(("in_channels", "out_channels"), [(128, 256), (24, 7)])
    def test_costs_one_over_outputs_plus_one_over_window_of_a_dense_one(
        self, in_channels, out_channels, kernel_size
    ):
        separable = DepthwiseSeparableConv(in_channels, out_channels, kernel_size, bias=False)
        dense = nn.Conv2d(
            in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False
        )
        fraction = 1 / out_channels + 1 / kernel_size**2
        shape = (1, in_channels, 14, 10)
        assert count_macs(separable, shape) == pytest.approx(fraction * count_macs(dense, shape))
        assert count_parameters(separable).total == pytest.approx(
            fraction * count_parameters(dense).total
        )

    def test_from_128_to_256_channels_it_has_33920_weights(self):
        assert count_parameters(DepthwiseSeparableConv(128, 256, bias=False)).total == 33_920

    def test_bad_arguments_are_named_with_what_was_received(self):
        with pytest.raises(ValueError, match="kernel_size must be odd, got 4"):
            DepthwiseSeparableConv(4, 6, 4)
        with pytest.raises(ValueError, match="in_channels must be at least 1, got 0"):
            DepthwiseSeparableConv(0, 6)
        with pytest.raises(TypeError, match=r"out_channels must be an int, got 6\.0"):
            DepthwiseSeparableConv(4, 6.0)
        with pytest.raises(ValueError, match="stride must be at least 1, got 0"):
            DepthwiseSeparableConv(4, 6, stride=0)
        with pytest.raises(ValueError, match=r"\(N, 4, H, W\).*got \(2, 3, 8, 8\)"):
            DepthwiseSeparableConv(4, 6)(torch.zeros(2, 3, 8, 8))


class TestConvNormActivation:
    @pytest.mark.parametrize("activation", [nn.ReLU, nn.Hardswish, None])
    def test_is_convolution_then_norm_then_activation(self, activation):
        layer = ConvNormActivation(
            4, 6, 3, 2, groups=2, activation=activation, norm=partial(nn.BatchNorm2d, eps=0.1)
        ).double()
        x = torch.randn(2, 4, 9, 7, dtype=torch.float64)
        y = F.conv2d(x, layer.convolution.weight, None, 2, 1, groups=2)
        y = F.batch_norm(y, None, None, training=True, eps=0.1)
        assert_close(layer(x), activation()(y) if activation else y)

    @pytest.mark.parametrize(
        "activation", [nn.PReLU, nn.GELU, nn.Sigmoid, partial(nn.LeakyReLU, 0.3), lambda: nn.Tanh()]
    )
    def test_takes_any_activation_and_works_in_place_where_it_can(self, activation):
        layer = ConvNormActivation(4, 6, 3, activation=activation)
        assert type(layer.activation) is type(activation())
        assert getattr(layer.activation, "inplace", True)

    def test_refuses_an_even_kernel(self):
        with pytest.raises(ValueError, match="kernel_size must be odd, got 2"):
            ConvNormActivation(4, 6, 2, activation=None)


SHAPES = [  # in, expanded, out, stride
    (6, 24, 6, 1),
    (6, 24, 6, 2),
    (6, 24, 8, 1),
    (8, 8, 8, 1),
    (8, 8, 4, 2),
]


class TestInvertedResidual:
    def check(self, ours, theirs, in_channels):
        for name, tensor in theirs.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.05, 0.2)  # so that values pass 6, where ReLU6 differs from ReLU
            elif tensor.is_floating_point():
                tensor.add_(0.1 * torch.randn_like(tensor))
        weights = theirs.state_dict().values()
        ours.load_state_dict(dict(zip(ours.state_dict(), weights, strict=True)))
        ours.double(), theirs.double()
        x = torch.randn(5, in_channels, 9, 7, dtype=torch.float64)
        for training in (True, False):
            results = []
            for layer in (ours.train(training), theirs.train(training)):
                set_seed(1)
                inputs = x.clone().requires_grad_()
                layer.zero_grad()
                output = layer(inputs)
                output.square().sum().backward()
                gradients = [p.grad for p in layer.parameters()]
                results.append([output, inputs.grad, *gradients, *layer.buffers()])
            assert_close(*results)

    @pytest.mark.parametrize(("in_channels", "expanded", "out_channels", "stride"), SHAPES)
    def test_is_the_block_of_mobilenet_v2(self, in_channels, expanded, out_channels, stride):
        ours = InvertedResidual(in_channels, expanded, out_channels, stride=stride)
        theirs = InvertedResidualV2(in_channels, out_channels, stride, expanded // in_channels)
        self.check(ours, theirs, in_channels)

    @pytest.mark.parametrize("kernel_size", [3, 5])
    @pytest.mark.parametrize(("squeeze", "activation"), [(None, "RE"), (8, "HS")])
    @pytest.mark.parametrize(("in_channels", "expanded", "out_channels", "stride"), SHAPES)
    def test_is_the_block_of_mobilenet_v3(
        self, in_channels, expanded, out_channels, stride, squeeze, activation, kernel_size
    ):
        norm = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)
        ours = InvertedResidual(
            *(in_channels, expanded, out_channels, kernel_size, stride, squeeze),
            activation={"RE": nn.ReLU, "HS": nn.Hardswish}[activation],
            gate=nn.Hardsigmoid,
            norm=norm,
        )
        settings = InvertedResidualConfig(
            in_channels, kernel_size, expanded, out_channels, squeeze is not None, activation,
            stride, dilation=1, width_mult=1,
        )  # fmt: skip
        settings.input_channels, settings.expanded_channels = in_channels, expanded
        settings.out_channels = out_channels  # it had rounded them
        self.check(ours, InvertedResidualV3(settings, norm), in_channels)

    @pytest.mark.parametrize(("in_channels", "out_channels", "stride"), [(8, 8, 1), (8, 16, 2)])
    @pytest.mark.parametrize("ratio", [1, 6])
    def test_is_the_block_of_efficientnet(self, ratio, in_channels, out_channels, stride):
        ours = InvertedResidual(
            *(in_channels, ratio * in_channels, out_channels, 5, stride, in_channels // 4),
            activation=nn.SiLU,
            squeeze_activation=nn.SiLU,
            stochastic_depth=0.4,
        )
        settings = MBConvConfig(ratio, 5, stride, in_channels, out_channels, 1)
        self.check(ours, MBConv(settings, 0.4, nn.BatchNorm2d), in_channels)

    def test_costs_what_its_docstring_says(self):
        layer = InvertedResidual(6, 24, 10, kernel_size=5, squeeze_channels=3)
        assert count_macs(layer, (1, 6, 9, 7)) == 9 * 7 * 24 * (6 + 25 + 10) + 2 * 24 * 3

    @pytest.mark.parametrize(("in_channels", "expanded", "out_channels", "stride"), SHAPES)
    def test_has_a_shortcut_only_between_equal_shapes(
        self, in_channels, expanded, out_channels, stride
    ):
        layer = InvertedResidual(
            in_channels, expanded, out_channels, stride=stride, stochastic_depth=1.0
        )
        x = torch.randn(2, in_channels, 9, 7)
        # With its branch always dropped, a block with a shortcut returns its input.
        equal_shapes = stride == 1 and in_channels == out_channels
        assert torch.equal(layer(x), x) == equal_shapes

    def test_bad_input_is_named_with_what_was_received(self):
        with pytest.raises(ValueError, match=r"\(N, 6, H, W\).*got \(2, 5, 8, 8\)"):
            InvertedResidual(6, 24, 6)(torch.zeros(2, 5, 8, 8))
        with pytest.raises(ValueError, match="kernel_size must be odd, got 4"):
            InvertedResidual(6, 24, 6, kernel_size=4)
        with pytest.raises(ValueError, match="out_channels must be at least 1, got 0"):
            InvertedResidual(6, 24, 0)
        with pytest.raises(ValueError, match=r"p must be between 0 and 1, got -0\.1"):
            InvertedResidual(6, 24, 6, stochastic_depth=-0.1)
