"""Every form of the convolution against PyTorch's, forward and backward."""

from __future__ import annotations

import copy
import itertools

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.autograd import grad, gradcheck, gradgradcheck
from torch.testing import assert_close
from torchvision.models import mobilenet_v2, resnet18

from cnncourse.layers import _convolve
from cnncourse.layers.convolution import (
    Conv2d,
    conv2d_fft,
    conv2d_im2col,
    conv2d_loops,
    conv2d_matrix,
    convolution_matrix,
    im2col,
)

FAST_FORMS = [conv2d_im2col, conv2d_fft, conv2d_matrix]
FORMS = [conv2d_loops, *FAST_FORMS]


def random_arguments(
    n, in_channels, out_channels, size, kernel_size, groups=1, dtype=torch.float64
) -> tuple[Tensor, Tensor, Tensor]:
    """Return x, weight and bias, seeded, all asking for gradients."""
    generator = torch.Generator().manual_seed(0)
    shapes = [
        (n, in_channels, *size),
        (out_channels, in_channels // groups, *kernel_size),
        (out_channels,),
    ]
    x, weight, bias = (
        torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype).requires_grad_()
        for shape in shapes
    )
    return x, weight, bias


def assert_same_function(ours, theirs, inputs, **tolerance) -> None:
    """Compare two functions of the same tensors: values, and gradients for random cotangents."""
    y, expected = ours(*inputs), theirs(*inputs)
    assert_close(y, expected, **tolerance)
    cotangent = torch.randn(
        expected.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    ).to(expected.dtype)
    assert_close(grad(y, inputs, cotangent), grad(expected, inputs, cotangent), **tolerance)


GRID = list(
    itertools.product(
        [(1, 1), (3, 3), (2, 3)],  # kernel size
        [1, 2, (4, 3)],  # stride, the last one larger than every kernel
        [0, 1, (2, 0)],  # padding
        [1, (1, 2)],  # dilation
        [1, 2],  # groups
    )
)


class TestTheFourForms:
    @pytest.mark.parametrize("form", FAST_FORMS)
    @pytest.mark.parametrize(("kernel_size", "stride", "padding", "dilation", "groups"), GRID)
    def test_agree_with_torch_over_the_grid(
        self, form, kernel_size, stride, padding, dilation, groups
    ):
        inputs = random_arguments(2, 4, 6, (7, 5), kernel_size, groups)
        settings = stride, padding, dilation, groups
        assert_same_function(
            lambda *t: form(*t, *settings), lambda *t: F.conv2d(*t, *settings), inputs
        )

    @pytest.mark.parametrize(("kernel_size", "stride", "padding", "dilation", "groups"), GRID)
    def test_loops_agree_with_torch_over_the_grid(
        self, kernel_size, stride, padding, dilation, groups
    ):
        inputs = random_arguments(1, 2, 2, (4, 5), kernel_size, groups)
        settings = stride, padding, dilation, groups
        assert_same_function(
            lambda *t: conv2d_loops(*t, *settings), lambda *t: F.conv2d(*t, *settings), inputs
        )

    @pytest.mark.parametrize("form", FORMS)
    def test_agree_with_a_sum_done_by_hand(self, form):
        x = torch.tensor([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]])
        weight = torch.tensor([[[[1.0, 10.0]]]])  # a flipped kernel would give 12, 23, ...
        expected = torch.tensor([[[[21.5, 32.5], [54.5, 65.5]]]])
        assert_close(form(x, weight, torch.tensor([0.5])), expected)

    @pytest.mark.parametrize("form", FORMS)
    def test_need_no_bias(self, form):
        x, weight, _ = random_arguments(1, 2, 3, (4, 3), (2, 2))
        assert_close(form(x, weight), F.conv2d(x, weight))

    @pytest.mark.parametrize("form", FORMS)
    def test_return_an_empty_batch_for_an_empty_batch(self, form):
        inputs = random_arguments(0, 2, 3, (4, 5), (3, 2))
        y, expected = form(*inputs, 1, 1), F.conv2d(*inputs, 1, 1)
        assert_close(y, expected)
        if form is not conv2d_loops:  # loops that never run leave no trace for autograd
            assert_close(grad(y.sum(), inputs), grad(expected.sum(), inputs))

    @pytest.mark.parametrize(
        ("form", "dtype", "tolerance"),
        [(form, torch.float32, 1e-4) for form in FORMS]
        + [(form, torch.bfloat16, 0.1) for form in (conv2d_loops, conv2d_im2col, conv2d_matrix)],
    )
    def test_work_in_other_precisions(self, form, dtype, tolerance):
        inputs = random_arguments(1, 2, 3, (4, 5), (3, 2), dtype=dtype)
        assert_same_function(
            lambda *t: form(*t, 1, 1),
            lambda *t: F.conv2d(*t, 1, 1),
            inputs,
            atol=tolerance,
            rtol=0.1,
        )

    @pytest.mark.parametrize("form", FORMS)
    def test_have_the_gradients_of_finite_differences(self, form):
        inputs = random_arguments(1, 2, 2, (3, 4), (2, 2), groups=2)
        assert gradcheck(lambda *t: form(*t, (1, 2), 1, 1, 2), inputs)

    @pytest.mark.parametrize("kernel_size", [(1, 1), (3, 5), (8, 11)])
    def test_the_fft_works_at_the_size_of_the_padded_image_whatever_the_kernel(
        self, monkeypatch, kernel_size
    ):
        sizes, inverse = [], torch.fft.irfft2
        monkeypatch.setattr(
            torch.fft, "irfft2", lambda y, size: sizes.append(size) or inverse(y, size)
        )
        x, weight, bias = random_arguments(2, 2, 3, (8, 9), kernel_size)
        assert_close(
            conv2d_fft(x, weight, bias, padding=(0, 1)), F.conv2d(x, weight, bias, 1, (0, 1))
        )
        assert sizes == [(8, 11)]

    @given(data=st.data())
    @settings(max_examples=60, deadline=None)
    def test_agree_with_torch_on_any_geometry(self, data):
        draw_pair = lambda low, high: data.draw(st.tuples(*[st.integers(low, high)] * 2))  # noqa: E731
        kernel_size, dilation = draw_pair(1, 4), draw_pair(1, 3)
        stride, padding, extra = draw_pair(1, 5), draw_pair(0, 3), draw_pair(0, 5)
        size = tuple(
            max(1, d * (k - 1) + 1 - 2 * p + e)
            for k, d, p, e in zip(kernel_size, dilation, padding, extra, strict=True)
        )
        groups = data.draw(st.integers(1, 3))
        in_channels = groups * data.draw(st.integers(1, 2))
        out_channels = groups * data.draw(st.integers(1, 3))
        n = data.draw(st.integers(0, 2))
        inputs = random_arguments(n, in_channels, out_channels, size, kernel_size, groups)
        settings = stride, padding, dilation, groups
        for form in FAST_FORMS:
            assert_same_function(
                lambda *t, form=form: form(*t, *settings),
                lambda *t: F.conv2d(*t, *settings),
                inputs,
            )
        layer = Conv2d(in_channels, out_channels, kernel_size, *settings).double()
        parameters = dict(zip(("weight", "bias"), inputs[1:], strict=True))
        assert_same_function(
            lambda x, *_: torch.func.functional_call(layer, parameters, x),
            lambda *t: F.conv2d(*t, *settings),
            inputs,
        )


class TestColumnsAndMatrix:
    @pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), ((2, 1), (1, 2), 2)])
    def test_im2col_is_torchs_unfold(self, stride, padding, dilation):
        x = torch.randn(2, 3, 7, 6, dtype=torch.float64)
        columns = im2col(x, (2, 3), stride, padding, dilation)
        assert_close(columns, F.unfold(x, (2, 3), dilation, padding, stride))

    def test_the_matrix_of_one_row_of_pixels_repeats_the_kernel_moved(self):
        weight = torch.tensor([[[[1.0, 2.0, 3.0]]]])
        expected = torch.tensor(
            [
                [2.0, 3.0, 0.0, 0.0],
                [1.0, 2.0, 3.0, 0.0],
                [0.0, 1.0, 2.0, 3.0],
                [0.0, 0.0, 1.0, 2.0],
            ]
        )
        matrix = convolution_matrix(weight, (1, 4), padding=(0, 1))
        assert matrix.is_sparse
        assert_close(matrix.to_dense(), expected)

    def test_a_stride_drops_rows_and_dilation_parts_the_kernel(self):
        weight = torch.tensor([[[[1.0, 2.0]]]])
        expected = torch.tensor([[1.0, 0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0, 2.0]])
        matrix = convolution_matrix(weight, (1, 5), stride=2, dilation=2)
        assert_close(matrix.to_dense(), expected)

    def test_groups_make_the_matrix_block_diagonal(self):
        weight = torch.tensor([5.0, 7.0]).view(2, 1, 1, 1)
        expected = torch.tensor([[5.0, 5.0, 7.0, 7.0]]).diag_embed()[0]
        assert_close(convolution_matrix(weight, (1, 2), groups=2).to_dense(), expected)

    def test_the_transposed_matrix_is_torchs_transposed_convolution(self):
        g, weight = torch.randn(2, 3, 3, 2, dtype=torch.float64), torch.randn(3, 2, 3, 2).double()
        matrix = convolution_matrix(weight, (7, 4), stride=2).to_dense()
        expected = F.conv_transpose2d(g, weight, stride=2)
        assert_close((g.flatten(1) @ matrix).view(2, 2, 7, 4), expected)


PADDING_MODES = ["zeros", "reflect", "replicate", "circular"]
LAYER_GRID = [
    (kernel_size, dilation, stride, padding)
    for kernel_size, dilation in [(3, 1), ((2, 4), 1), ((3, 2), (1, 3))]
    for stride in [1, 2, (3, 5)]
    for padding in [0, 1, (2, 1), "same", "valid"]
    if padding != "same" or stride == 1  # as in PyTorch, which has no strided "same"
]


class TestConv2d:
    @pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
    @pytest.mark.parametrize("padding_mode", PADDING_MODES)
    @pytest.mark.parametrize("groups", [1, 2, 4])
    @pytest.mark.parametrize(("kernel_size", "dilation", "stride", "padding"), LAYER_GRID)
    def test_agrees_with_torch_over_the_grid(
        self, kernel_size, dilation, stride, padding, groups, padding_mode
    ):
        arguments = (4, 8, kernel_size, stride, padding, dilation, groups, True, padding_mode)
        ours, theirs = twins(*arguments)
        assert_same_module(ours, theirs, torch.randn(2, 4, 8, 7, dtype=torch.float64))

    @pytest.mark.parametrize("stride", [1, 2, (3, 4)])
    @pytest.mark.parametrize("dilation", [1, (2, 1)])
    @pytest.mark.parametrize("out_channels", [4, 8])
    def test_agrees_with_torch_channel_by_channel(self, stride, dilation, out_channels):
        ours, theirs = twins(4, out_channels, (3, 2), stride, 1, dilation, groups=4)
        assert_same_module(ours, theirs, torch.randn(3, 4, 9, 7, dtype=torch.float64))

    @pytest.mark.parametrize("groups", [1, 3])
    @pytest.mark.parametrize("chunk_bytes", [1, 2000, 10**9])
    def test_does_not_depend_on_how_the_batch_is_cut(self, monkeypatch, chunk_bytes, groups):
        monkeypatch.setattr(_convolve, "CHUNK_BYTES", chunk_bytes)
        ours, theirs = twins(3, 6, 3, padding=1, groups=groups)
        assert_same_module(ours, theirs, torch.randn(7, 3, 5, 4, dtype=torch.float64))

    def test_makes_columns_for_as_many_images_at_a_time_as_the_budget_holds(self, monkeypatch):
        x = torch.zeros(5, 2, 4, 6)
        geometry = _convolve.Geometry((4, 6), (3, 3), (1, 1), (1, 1), 1)
        bytes_per_image = (2 * 3 * 3) * (2 * 4) * 4  # rows, columns, bytes of a float32
        monkeypatch.setattr(_convolve, "CHUNK_BYTES", 2 * bytes_per_image)
        sizes = [len(x[chunk]) for chunk in _convolve._chunks(x, geometry)]
        assert sizes == [2, 2, 1]
        monkeypatch.setattr(_convolve, "CHUNK_BYTES", 1)
        assert [len(x[chunk]) for chunk in _convolve._chunks(x, geometry)] == [1] * 5

    @pytest.mark.parametrize("groups", [1, 2])
    def test_loses_nothing_when_it_sums_over_many_bfloat16_images(self, monkeypatch, groups):
        monkeypatch.setattr(_convolve, "CHUNK_BYTES", 1)
        layer = Conv2d(2, 2, 1, groups=groups, dtype=torch.bfloat16)
        layer(torch.ones(1000, 2, 1, 1, dtype=torch.bfloat16)).sum().backward()
        # 1000 has few enough digits for bfloat16, but there 256 + 1 rounds to 256.
        assert_close(layer.weight.grad, torch.full_like(layer.weight, 1000.0))

    @pytest.mark.parametrize("groups", [1, 2, 4])
    def test_has_first_and_second_derivatives_of_finite_differences(self, groups):
        x, weight, _ = random_arguments(2, 4, 4, (4, 5), (2, 3), groups)
        convolve = lambda x, w: _convolve.convolve(x, w, (2, 1), (1, 2), groups)  # noqa: E731
        assert gradcheck(convolve, (x, weight))
        assert gradgradcheck(convolve, (x, weight))

    @pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.bfloat16, 0.1)])
    @pytest.mark.parametrize("groups", [1, 4])
    def test_works_in_other_precisions(self, dtype, tolerance, groups):
        ours, theirs = twins(4, 8, 3, 1, 1, groups=groups, dtype=dtype)
        x = torch.randn(2, 4, 6, 5).to(dtype)
        assert_same_module(ours, theirs, x, atol=tolerance, rtol=tolerance)

    @pytest.mark.parametrize("groups", [1, 4])
    def test_agrees_with_torch_under_autocast_after_a_layer_of_torch(self, groups):
        ours, theirs = twins(4, 4, 3, groups=groups, dtype=torch.float32)
        first = nn.Conv2d(3, 4, 1)
        x = torch.randn(2, 3, 6, 5)
        with torch.autocast("cpu", torch.bfloat16):
            for images in (first(x), first(x).float()):
                y = ours(images)
                assert y.dtype == torch.bfloat16
                assert_close(y, theirs(images), atol=0.02, rtol=0.02)
        assert y.sum().backward() is None
        assert ours.weight.grad.dtype == torch.float32

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    @pytest.mark.parametrize("groups", [1, 8])
    def test_rounds_half_precision_at_the_end_only(self, dtype, groups):
        ours, exact = twins(8, 8, 7, groups=groups)
        x = torch.randn(2, 8, 16, 16).to(dtype)
        ours.to(dtype), exact.to(dtype).double()
        results = []
        for layer, images in ((ours, x.requires_grad_()), (exact, x.detach().double())):
            y = layer(images.requires_grad_())
            cotangent = torch.randn(y.shape, generator=torch.Generator().manual_seed(0))
            y.backward(cotangent.to(dtype).to(y.dtype))
            results.append([y.double(), images.grad.double()])
        for value, expected in zip(*results, strict=True):
            error = (value - expected).norm() / expected.norm()
            assert error < 0.5 * torch.finfo(dtype).eps

    @pytest.mark.parametrize("padding_mode", PADDING_MODES)
    @pytest.mark.parametrize("groups", [1, 4])
    def test_returns_an_empty_batch_for_an_empty_batch(self, padding_mode, groups):
        ours, theirs = twins(4, 4, 3, 2, 1, groups=groups, padding_mode=padding_mode)
        assert_same_module(ours, theirs, torch.randn(0, 4, 6, 5, dtype=torch.float64))

    def test_takes_one_image_without_a_batch(self):
        ours, theirs = twins(4, 6, 3, padding=1, padding_mode="reflect")
        assert_same_module(ours, theirs, torch.randn(4, 6, 5, dtype=torch.float64))

    def test_takes_images_of_any_memory_layout(self):
        ours, theirs = twins(4, 6, 3)
        x = torch.randn(2, 4, 6, 5, dtype=torch.float64)
        assert_same_module(ours, theirs, x.to(memory_format=torch.channels_last))
        assert_same_module(ours, theirs, x.mT)
        assert_same_module(ours, theirs, x[:, :1].expand(-1, 4, -1, -1))

    @pytest.mark.parametrize("groups", [1, 2, 4])
    def test_computes_only_the_gradients_that_are_asked_for(self, groups):
        ours, theirs = twins(4, 4, 3, groups=groups)
        x = torch.randn(2, 4, 6, 5, dtype=torch.float64)
        ours(x).sum().backward()  # x asks for none
        theirs(x).sum().backward()
        assert_close(ours.weight.grad, theirs.weight.grad)
        ours.requires_grad_(False)
        x.requires_grad_()
        (gradient,) = grad(ours(x).sum(), x)
        assert_close(gradient, grad(theirs(x).sum(), x)[0])

    @pytest.mark.parametrize("bias", [True, False])
    @pytest.mark.parametrize("groups", [1, 3])
    def test_draws_the_same_initial_values_as_torch(self, bias, groups):
        torch.manual_seed(3)
        ours = Conv2d(6, 9, (3, 2), groups=groups, bias=bias)
        after_ours = torch.rand(1)
        torch.manual_seed(3)
        theirs = nn.Conv2d(6, 9, (3, 2), groups=groups, bias=bias)
        assert torch.equal(after_ours, torch.rand(1))
        assert ours.state_dict().keys() == theirs.state_dict().keys()
        for name, value in theirs.state_dict().items():
            assert torch.equal(ours.state_dict()[name], value), name

    def test_prints_itself_as_torch_does(self):
        arguments = (4, 8, (3, 2), 2, (1, 0), 2, 4, False, "circular")
        assert repr(Conv2d(*arguments)) == repr(nn.Conv2d(*arguments))
        assert repr(Conv2d(4, 8, 3)) == repr(nn.Conv2d(4, 8, 3))
        assert repr(Conv2d(4, 8, 3, padding="same")) == repr(nn.Conv2d(4, 8, 3, padding="same"))

    @pytest.mark.parametrize("build", [resnet18, mobilenet_v2])
    def test_replacing_every_convolution_of_a_network_changes_nothing(self, build):
        torch.manual_seed(0)
        theirs = build(num_classes=5).double().eval()
        ours = copy.deepcopy(theirs)
        layers = [(name, m) for name, m in theirs.named_modules() if isinstance(m, nn.Conv2d)]
        assert len(layers) >= 20
        for name, layer in layers:
            ours.set_submodule(name, replacement(layer))
        assert not any(isinstance(m, nn.Conv2d) for m in ours.modules())
        ours.load_state_dict(theirs.state_dict())
        assert_same_module(ours, theirs, torch.randn(2, 3, 64, 48, dtype=torch.float64))


def replacement(layer: nn.Conv2d) -> Conv2d:
    return Conv2d(
        layer.in_channels,
        layer.out_channels,
        layer.kernel_size,
        layer.stride,
        layer.padding,
        layer.dilation,
        layer.groups,
        layer.bias is not None,
        layer.padding_mode,
        dtype=layer.weight.dtype,
    )


def twins(*arguments, dtype=torch.float64, **options) -> tuple[Conv2d, nn.Conv2d]:
    """Return our layer and PyTorch's with the same arguments and the same seed."""
    pair = []
    for layer in (Conv2d, nn.Conv2d):
        torch.manual_seed(0)
        pair.append(layer(*arguments, **options, dtype=dtype))
    return tuple(pair)


def assert_same_module(ours: nn.Module, theirs: nn.Module, x: Tensor, **tolerance) -> None:
    """Compare outputs and the gradients of the input and of every parameter."""
    results = []
    for module in (ours, theirs):
        inputs = (x.detach().requires_grad_(), *module.parameters())
        y = module(inputs[0])
        torch.manual_seed(1)
        cotangent = torch.randn(y.shape, dtype=torch.float64).to(y.dtype)
        results.append((y, grad(y, inputs, cotangent)))
    assert_close(*results, **tolerance)


X, WEIGHT = torch.zeros(2, 4, 6, 5), torch.zeros(6, 2, 3, 3)


class TestBadInput:
    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            (
                (X, WEIGHT),
                ValueError,
                r"x must have shape \(N, 2, H, W\) .* \(6, 2, 3, 3\) in 1 .* got \(2, 4, 6, 5\)",
            ),
            ((X[0], WEIGHT, None, 1, 0, 1, 2), ValueError, r"\(N, 4, H, W\) .* got \(4, 6, 5\)"),
            ((X, WEIGHT[0]), ValueError, r"weight must have shape .* got \(2, 3, 3\)"),
            ((X, WEIGHT[:0]), ValueError, r"weight must have shape .* got \(0, 2, 3, 3\)"),
            ((X, WEIGHT, None, 1, 0, 1, 4), ValueError, "6 output channels, which 4 groups"),
            ((X, WEIGHT, None, 1, 0, 1, 0), ValueError, "groups must be at least 1, got 0"),
            (
                (X, WEIGHT, torch.zeros(4), 1, 0, 1, 2),
                ValueError,
                r"bias must have shape \(6,\), got \(4,\)",
            ),
            ((X, WEIGHT, None, 0, 0, 1, 2), ValueError, "stride must be at least 1, got 0"),
            ((X, WEIGHT, None, 1, -1, 1, 2), ValueError, "padding must be at least 0, got -1"),
            ((X, WEIGHT, None, 1, 0, 1.5, 2), TypeError, r"dilation must be .* got 1\.5"),
            ((X, WEIGHT, None, 1, 0, 3, 2), ValueError, "spans 7 .* input of size 6"),
            ((X.double(), WEIGHT), TypeError, "x and weight must have one dtype, got .*64 and"),
            (("x", WEIGHT), TypeError, "x must be a tensor, got str"),
            ((X, None), TypeError, "weight must be a tensor, got NoneType"),
        ],
    )
    def test_is_named_by_every_form(self, form, arguments, error, message):
        with pytest.raises(error, match=message):
            form(*arguments)

    def test_bfloat16_is_refused_by_the_fft(self):
        x, weight, _ = random_arguments(1, 1, 1, (3, 3), (2, 2), dtype=torch.bfloat16)
        with pytest.raises(TypeError, match=r"needs float32 or float64, got torch\.bfloat16"):
            conv2d_fft(x, weight)

    def test_im2col_names_an_input_that_is_no_batch(self):
        with pytest.raises(ValueError, match=r"x must have shape \(N, C, H, W\), got \(4, 6, 5\)"):
            im2col(X[0], 3)
        with pytest.raises(TypeError, match="x must be a tensor, got list"):
            im2col([[1.0]], 1)

    def test_convolution_matrix_names_an_input_too_small_for_the_kernel(self):
        with pytest.raises(ValueError, match="does not fit into an input of size 2"):
            convolution_matrix(WEIGHT, (6, 2))

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"in_channels": 0}, ValueError, "in_channels must be at least 1, got 0"),
            ({"out_channels": 2.0}, TypeError, r"out_channels must be an int, got 2\.0"),
            ({"groups": 3}, ValueError, "in_channels must be divisible by groups, got 4 and 3"),
            ({"groups": 4}, ValueError, "out_channels must be divisible by groups, got 6 and 4"),
            ({"kernel_size": 0}, ValueError, "kernel_size must be at least 1, got 0"),
            ({"kernel_size": (3, 3, 3)}, ValueError, "kernel_size must be one int or two"),
            ({"stride": -1}, ValueError, "stride must be at least 1, got -1"),
            ({"padding": "full"}, ValueError, "padding must be 'same', 'valid', .* got 'full'"),
            ({"padding": "same", "stride": 2}, ValueError, r"needs stride 1, got stride \(2, 2\)"),
            ({"padding_mode": "mirror"}, ValueError, "padding_mode must be .* got 'mirror'"),
        ],
    )
    def test_is_named_by_the_constructor(self, arguments, error, message):
        with pytest.raises(error, match=message):
            Conv2d(**{"in_channels": 4, "out_channels": 6, "kernel_size": 3, **arguments})

    @pytest.mark.parametrize(
        ("options", "x", "error", "message"),
        [
            ({}, torch.zeros(2, 3, 6, 5), ValueError, r"\(N, 4, H, W\) or .* got \(2, 3, 6, 5\)"),
            ({}, torch.zeros(6, 5), ValueError, r"\(N, 4, H, W\) or .* got \(6, 5\)"),
            ({}, X.double(), TypeError, "got torch.float64 and torch.float32"),
            ({}, X.int(), TypeError, "got torch.int32 and torch.float32"),
            ({}, X.numpy(), TypeError, "x must be a tensor, got ndarray"),
            ({}, X[:, :, :2], ValueError, "does not fit into an input of size 2"),
            (
                {"padding": 5, "padding_mode": "reflect"},
                X,
                ValueError,
                r"reflect padding of a width of 5 is at most 4, got 5 .* \(2, 4, 6, 5\)",
            ),
            (
                {"padding": 6, "padding_mode": "circular"},
                X,
                ValueError,
                "circular padding of a width of 5 is at most 5, got 6",
            ),
        ],
    )
    def test_is_named_by_forward(self, options, x, error, message):
        with pytest.raises(error, match=message):
            Conv2d(4, 6, 3, **options)(x)
