"""LeNet-5 against the paper's own counts, and its unusual layers against formulas."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.analysis.receptive_field import receptive_field
from cnncourse.architectures import lenet
from cnncourse.training import set_seed


@pytest.mark.parametrize(
    ("layer", "parameters"),
    [("c1", 156), ("s2", 12), ("c3", 1516), ("s4", 32), ("c5", 48120), ("f6", 10164)],
)
def test_each_layer_has_the_parameters_that_the_paper_states(layer, parameters):
    assert count_parameters(lenet.lenet5().get_submodule(layer)) == parameters


@pytest.mark.parametrize(
    ("build", "side", "parameters", "macs"),
    [
        (lenet.lenet5, 32, 60_000, 325_680),
        (lenet.lenet5_modern, 28, 61_706, 416_520),
        (lenet.lenet5_modern, 32, 61_706, 416_520),
        (lenet.tiny, 28, 15_738, 133_740),
    ],
)
def test_counts_are_those_of_the_docstrings(build, side, parameters, macs):
    model = build()
    assert count_parameters(model).trainable == parameters
    assert count_macs(model, (1, 1, side, side)) == macs
    assert f"{parameters:,}" in build.__doc__
    assert f"{macs:,} multiply-accumulates" in build.__doc__


def test_c3_connects_as_table_one_does():
    widths = [len(row) for row in lenet.CONNECTIONS]
    assert widths == [3] * 6 + [4] * 9 + [6]
    assert len(set(lenet.CONNECTIONS)) == 16
    uses = [sum(source in row for row in lenet.CONNECTIONS) for source in range(6)]
    assert uses == [10] * 6  # every map of S2 feeds as many maps


def test_c3_is_a_dense_convolution_with_36_of_its_96_kernels_zero():
    layer = lenet.SparseConv2d(lenet.CONNECTIONS).double()
    dense = torch.zeros(16, 6, 5, 5, dtype=torch.float64)
    kernels = [kernel for part in layer.convolutions for kernel in part.weight]
    for target, (row, kernel) in enumerate(zip(lenet.CONNECTIONS, kernels, strict=True)):
        dense[target, list(row)] = kernel
    x = torch.randn(2, 6, 9, 7, dtype=torch.float64)
    bias = torch.cat([part.bias for part in layer.convolutions])
    assert_close(layer(x), F.conv2d(x, dense, bias))
    assert (dense == 0).sum() == 36 * 25


def test_unsorted_connections_are_refused():
    with pytest.raises(ValueError, match=r"must be sorted .* got \[2, 1\]"):
        lenet.SparseConv2d([(0, 1), (1,)])


def test_subsampling_scales_the_sum_of_each_window_and_adds_a_bias():
    layer = lenet.Subsampling(2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([0.5, 2.0]).view(2, 1, 1))
        layer.bias.copy_(torch.tensor([1.0, -1.0]).view(2, 1, 1))
    x = torch.tensor([[1.0, 2.0, 0.0, 1.0], [3.0, 4.0, 0.0, -1.0]]).expand(1, 2, 2, 4)
    assert_close(layer(x), torch.tensor([[[[6.0, 1.0]], [[19.0, -1.0]]]]))


def test_the_squashing_function_passes_through_plus_and_minus_one():
    x = torch.tensor([-1.0, 0.0, 1.0, 30.0])
    expected = torch.tensor([-1.0, 0.0, 1.0, 1.7159])
    assert_close(lenet.ScaledTanh()(x), expected, atol=1e-4, rtol=0)


def test_ten_codes_of_plus_and_minus_one_are_far_apart():
    codes = lenet.digit_codes()
    assert codes.shape == (10, 7 * 12)
    assert codes.abs().eq(1).all()
    differ = (84 - codes @ codes.T) / 2
    assert differ[~torch.eye(10, dtype=torch.bool)].min() == 14
    top_of_the_seven = codes[7].view(12, 7)[1]
    assert top_of_the_seven.eq(1).all()


def test_an_input_equal_to_a_code_scores_zero_there_and_less_elsewhere():
    codes = lenet.digit_codes()
    scores = lenet.RadialBasis(codes)(codes)
    assert_close(scores, -torch.cdist(codes, codes).square())
    assert scores.argmax(1).tolist() == list(range(10))
    assert scores.diagonal().eq(0).all()


def test_the_codes_are_fixed():
    model = lenet.lenet5()
    assert "output.codes" in model.state_dict()
    assert "output.codes" not in dict(model.named_parameters())


def test_forward_takes_the_steps_of_the_paper_in_their_order():
    model = lenet.lenet5().double()
    x = torch.randn(2, 1, 32, 32, dtype=torch.float64)
    expected = x
    for layer in (model.c1, model.s2, model.c3, model.s4, model.c5):
        expected = 1.7159 * torch.tanh(2 * layer(expected) / 3)
    expected = 1.7159 * torch.tanh(2 * model.f6(expected.flatten(1)) / 3)
    expected = -((expected[:, None] - lenet.digit_codes()) ** 2).sum(2)
    assert_close(model(x), expected)


def test_weights_start_between_plus_and_minus_2_4_over_their_fan_in():
    model = lenet.lenet5()
    limits = {"c1": 2.4 / 25, "c3.convolutions.1": 2.4 / 100, "c5": 2.4 / 400, "f6": 2.4 / 120}
    for name, limit in limits.items():
        weight = model.get_submodule(name).weight
        assert 0.95 * limit < weight.abs().max() <= limit
        assert abs(weight.std().item() / (limit / math.sqrt(3)) - 1) < 0.1
    assert 0 < model.s4.weight.abs().max() <= 2.4 / 4
    assert all((p == 0).all() for name, p in model.named_parameters() if name.endswith("bias"))


@pytest.mark.parametrize(("build", "layer"), [(lenet.lenet5, "c5"), (lenet.lenet5_modern, None)])
def test_one_unit_of_c5_sees_the_whole_image(build, layer):
    if layer:
        assert receptive_field(build(), (1, 1, 32, 32), layer).size == (32, 32)
    else:  # a unit of the last 5 × 5 map sees 16 pixels, the next one starts 4 further
        field = receptive_field(build(), (1, 1, 32, 32), "trunk")
        assert (field.size, field.stride) == ((16, 16), (4, 4))
        assert 16 + 4 * 4 == 32


def test_the_modern_form_frames_small_images_with_zeros():
    model = lenet.lenet5_modern(num_classes=7, in_channels=2).double()
    x = torch.randn(2, 2, 28, 27, dtype=torch.float64)
    framed = F.pad(x, (2, 3, 2, 2))
    assert framed.shape[2:] == (32, 32)
    assert_close(model(x), model(framed))
    assert model(x).shape == (2, 7)


@pytest.mark.parametrize("size", [(8, 8), (28, 28), (32, 30), (40, 37)])
@pytest.mark.parametrize("build", [lenet.lenet5_modern, lenet.tiny])
def test_the_modern_form_reads_images_of_many_sizes(build, size):
    assert build(num_classes=3)(torch.randn(2, 1, *size)).shape == (2, 3)


def test_every_parameter_of_lenet5_gets_a_gradient():
    set_seed(0)
    model = lenet.lenet5()
    scores = model(torch.randn(8, 1, 32, 32))
    F.cross_entropy(scores, torch.arange(8)).backward()
    assert all(p.grad.abs().max() > 0 for p in model.parameters() if p.requires_grad)


@pytest.mark.parametrize("build", [lenet.lenet5, lenet.lenet5_modern])
def test_the_same_seed_gives_the_same_network(build):
    def weights():
        set_seed(3)
        return torch.cat([p.flatten() for p in build().parameters()])

    assert torch.equal(weights(), weights())


def test_only_ten_classes_have_a_code():
    with pytest.raises(ValueError, match="1 to 10 classes, got num_classes=11"):
        lenet.lenet5(11)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 3, 32, 32), r"shape \(N, 1, H, W\), got \(2, 3, 32, 32\)"),
        ((2, 1, 28, 32), "at least 32 pixels high and wide, got 28 × 32"),
        ((2, 1, 32, 36), "reads images of 32 × 32, got 32 × 36"),
    ],
)
def test_lenet5_refuses_other_images(shape, message):
    with pytest.raises(ValueError, match=message):
        lenet.lenet5()(torch.zeros(shape))
