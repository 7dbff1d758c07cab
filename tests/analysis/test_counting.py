import random
import threading
import warnings
from dataclasses import dataclass
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint
from zoo import saved_bytes_seen_by_hooks

from cnncourse.analysis.counting import (
    ParameterCount,
    Summary,
    UncountedWarning,
    count_macs,
    count_parameters,
    summarize,
)


class Forward(nn.Module):
    """Any function as a module, with any submodules and parameters."""

    def __init__(self, function, **members):
        super().__init__()
        for name, member in members.items():
            setattr(self, name, member)
        self.function = function

    def forward(self, *args):
        return self.function(self, *args)


@pytest.fixture
def convnet():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(168, 5),
    )


def attention(heads, query_length, key_length, depth):
    return 2 * heads * query_length * key_length * depth


# Layer, input, multiply-accumulates by hand: batch 2 everywhere, height 5 and width 7.
LAYERS = {
    "conv1d": (nn.Conv1d(4, 6, 3), (2, 4, 9), 2 * 7 * 6 * 4 * 3),
    "conv2d": (nn.Conv2d(4, 6, (3, 2)), (2, 4, 5, 7), 2 * 3 * 6 * 6 * 4 * 6),
    "conv3d": (nn.Conv3d(4, 6, 3), (2, 4, 5, 6, 7), 2 * 3 * 4 * 5 * 6 * 4 * 27),
    "strided": (nn.Conv2d(4, 6, 3, stride=2, padding=1), (2, 4, 5, 7), 2 * 3 * 4 * 6 * 4 * 9),
    "dilated": (nn.Conv2d(4, 6, 3, dilation=2), (2, 4, 5, 7), 2 * 1 * 3 * 6 * 4 * 9),
    "grouped": (nn.Conv2d(4, 6, 3, groups=2), (2, 4, 5, 7), 2 * 3 * 5 * 6 * 2 * 9),
    "depthwise": (nn.Conv2d(4, 4, 3, groups=4), (2, 4, 5, 7), 2 * 3 * 5 * 4 * 9),
    "transposed": (
        nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2),
        (2, 4, 5, 7),
        2 * 5 * 7 * 4 * 3 * 9,
    ),
    "linear": (nn.Linear(7, 3), (2, 4, 5, 7), 2 * 4 * 5 * 7 * 3),
    "linear without bias": (nn.Linear(7, 3, bias=False), (2, 7), 2 * 7 * 3),
    "bilinear": (nn.Bilinear(3, 4, 5), [(2, 3), (2, 4)], 2 * 5 * (3 * 4 + 4)),
    "lstm": (nn.LSTM(5, 6, 2, bidirectional=True), (4, 2, 5), 4 * 2 * 2 * 24 * (5 + 6 + 12 + 6)),
    "gru": (nn.GRU(5, 6, batch_first=True), (2, 4, 5), 2 * 4 * 18 * (5 + 6)),
    "rnn": (nn.RNN(5, 6), (4, 2, 5), 4 * 2 * 6 * (5 + 6)),
    "attention": (
        Forward(
            lambda m, x: m.layer(x, x, x, need_weights=False)[0],
            layer=nn.MultiheadAttention(8, 2, batch_first=True),
        ),
        (2, 5, 8),
        2 * (4 * 5 * 8 * 8 + attention(2, 5, 5, 4)),
    ),
    "transformer": (
        nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True), 3),
        (2, 5, 8),
        3 * 2 * (4 * 5 * 8 * 8 + attention(2, 5, 5, 4) + 2 * 5 * 8 * 16),
    ),
    "norms, activations and pooling": (
        nn.Sequential(
            nn.BatchNorm2d(4),
            nn.GroupNorm(2, 4),
            nn.LayerNorm([4, 6, 8]),
            nn.GELU(),
            nn.PReLU(),
            nn.Softmax(1),
            nn.AvgPool2d(2),
            nn.Upsample(scale_factor=2, mode="bilinear"),
            nn.MaxPool2d(2),
            nn.Dropout(),
            nn.AdaptiveAvgPool2d(1),
        ),
        (2, 4, 6, 8),
        0,
    ),
    "interpolation along a line": (nn.Upsample(9, mode="linear"), (2, 4, 5), 0),
}

W = torch.randn(6, 4, 3, 3)
FUNCTIONS = {
    "conv2d": (lambda m, x: F.conv2d(x, m.w), 2 * 3 * 5 * 6 * 4 * 9),
    "conv_transpose2d": (lambda m, x: F.conv_transpose2d(x, m.w[:4]), 2 * 5 * 7 * 4 * 4 * 9),
    "linear": (
        lambda m, x: F.linear(x, m.w[0, 0, :1].expand(1, 3)[:, :1] + x[0, 0, 0]),
        2 * 4 * 35,
    ),
    "matmul": (lambda m, x: x @ x.mT, 2 * 4 * 5 * 5 * 7),
    "bmm": (lambda m, x: torch.bmm(x[:, 0], x[:, 1].mT), 2 * 5 * 5 * 7),
    "baddbmm": (lambda m, x: torch.baddbmm(x[:, 0, :, :5], x[:, 0], x[:, 1].mT), 2 * 5 * 5 * 7),
    "addbmm": (lambda m, x: torch.addbmm(x[0, 0, :, :5], x[:, 0], x[:, 1].mT), 2 * 5 * 5 * 7),
    "addmm in place": (lambda m, x: (x[0, 0, :, :5] * 1).addmm_(x[0, 0], x[0, 1].T), 5 * 5 * 7),
    "vector": (lambda m, x: x[0, 0] @ x[0, 0, 0], 5 * 7),
    "addmv": (lambda m, x: torch.addmv(x[0, 0, :, 0], x[0, 0], x[0, 0, 0]), 5 * 7),
    "dot": (lambda m, x: x[0, 0, 0] @ x[0, 0, 1], 7),
    "addr": (lambda m, x: torch.addr(x[0, 0], x[0, 0, :, 0], x[0, 0, 0]), 5 * 7),
    "einsum": (lambda m, x: torch.einsum("nchw,dckl->ndhw", x, m.w[:, :, :1, :1]), 2 * 35 * 4 * 6),
    "tensordot": (lambda m, x: torch.tensordot(x, m.w, dims=([1], [1])), 2 * 35 * 4 * 6 * 9),
    "attention": (lambda m, x: F.scaled_dot_product_attention(x, x, x), 2 * attention(4, 5, 5, 7)),
    "attention with a mask": (
        lambda m, x: F.scaled_dot_product_attention(x, x, x, torch.ones(5, 5, dtype=torch.bool)),
        2 * attention(4, 5, 5, 7),
    ),
    "causal attention": (
        lambda m, x: F.scaled_dot_product_attention(x, x, x, is_causal=True),
        2 * attention(4, 5, 5, 7),
    ),
    "grouped queries": (
        lambda m, x: F.scaled_dot_product_attention(x, x[:, :2], x[:, :2], enable_gqa=True),
        2 * attention(4, 5, 5, 7),
    ),
    "pointwise product": (lambda m, x: x * m.w[0, 0, 0, 0] + x.sort().values.cumsum(1), 0),
}


@pytest.mark.parametrize("device", ["meta", "cpu"])
@pytest.mark.parametrize("layer", LAYERS)
def test_macs_of_a_layer_equal_the_hand_count_in_every_mode(layer, device):
    module, size, expected = LAYERS[layer]
    for training in (True, False):
        module.train(training)
        for grad in (True, False):
            with torch.set_grad_enabled(grad):
                assert count_macs(module, size, device) == expected
        with torch.inference_mode():
            assert count_macs(module, size, device) == expected
        assert summarize(module, size, device).macs == expected


@pytest.mark.parametrize("device", ["meta", "cpu"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_macs_of_a_function_equal_the_hand_count(function, device):
    body, expected = FUNCTIONS[function]
    model = Forward(body, w=nn.Parameter(W.clone()))
    assert count_macs(model, (2, 4, 5, 7), device) == expected
    assert summarize(model, (2, 4, 5, 7), device).macs == expected


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_a_summary_is_the_same_where_gradients_are_off(convnet, device):
    expected = summarize(convnet, (2, 3, 8, 9), device)
    with torch.no_grad():
        assert summarize(convnet, (2, 3, 8, 9), device) == expected
    with torch.inference_mode():
        assert summarize(convnet, (2, 3, 8, 9), device) == expected


def test_work_inside_inference_mode_counts():
    def forward(model, x):
        with torch.inference_mode():
            return model.layer(x)

    model = Forward(forward, layer=nn.Linear(7, 3))
    assert count_macs(model, (2, 7)) == count_macs(model, (2, 7), "cpu") == 2 * 7 * 3


def test_gradients_taken_in_forward_count_as_work():
    def forward(model, x):
        energy = model.layer(x.requires_grad_()).tanh().sum()
        return torch.autograd.grad(energy, x, create_graph=True)[0]

    model = Forward(forward, layer=nn.Linear(7, 3))
    assert count_macs(model, (2, 7)) == 2 * (2 * 7 * 3)  # forward, and back to x
    assert summarize(model, (2, 7), "cpu").macs == 2 * (2 * 7 * 3)


def test_packed_sequences_count_only_the_steps_they_have():
    def forward(model, x):
        lengths = torch.tensor([4, 2], device="cpu")
        return model.layer(nn.utils.rnn.pack_padded_sequence(x, lengths))[0].data

    model = Forward(forward, layer=nn.LSTM(5, 6))
    assert count_macs(model, (4, 2, 5), "cpu") == (4 + 2) * 24 * (5 + 6)


def test_a_deformable_convolution_counts_as_a_convolution():
    ops = pytest.importorskip("torchvision.ops")
    model = Forward(
        lambda m, x, offset: m.layer(x, offset), layer=ops.DeformConv2d(4, 6, 3, groups=2)
    )
    sizes = [(2, 4, 5, 7), (2, 18, 3, 5)]
    assert count_macs(model, sizes) == count_macs(model, sizes, "cpu") == 2 * 3 * 5 * 6 * 2 * 9


def test_batch_multiplies_work(convnet):
    one = count_macs(convnet, (1, 3, 8, 9))
    assert one == 6 * 7 * 4 * 3 * 9 + 168 * 5
    assert count_macs(convnet, (5, 3, 8, 9)) == 5 * one


def test_modules_called_twice_work_twice_and_hold_their_parameters_once():
    layer = nn.Linear(6, 6)
    model = nn.Sequential(layer, nn.ReLU(), layer)
    summary = summarize(model, (2, 6))
    assert count_parameters(model) == summary.parameters == 42
    assert [(r.path, r.parameters, r.macs) for r in summary.rows] == [
        ("0", 42, 72),
        ("1", 0, 0),
        ("0", 0, 72),
    ]


@pytest.mark.parametrize("tie", ["one object", "same memory", "transposed memory"])
def test_tied_parameters_count_once(tie):
    encoder, decoder = nn.Linear(5, 5, bias=False), nn.Linear(5, 5, bias=False)
    if tie == "one object":
        decoder.weight = encoder.weight
    elif tie == "same memory":
        decoder.weight = nn.Parameter(encoder.weight.data)
    else:
        decoder.weight = nn.Parameter(encoder.weight.data.T)
    model = nn.Sequential(encoder, decoder)
    assert count_parameters(model) == 25
    summary = summarize(model, (2, 5))
    assert summary.parameters == 25
    assert [(r.parameters, r.macs) for r in summary.rows] == [(25, 50), (0, 50)]


def test_equal_parameters_in_different_memory_count_apart():
    model = nn.Sequential(nn.Linear(5, 5), nn.Linear(5, 5))
    model[1].load_state_dict(model[0].state_dict())
    assert count_parameters(model) == count_parameters(model.to("meta")) == 60


def test_trainable_frozen_and_buffer_numbers_are_told_apart(convnet):
    convnet[0].requires_grad_(False)
    count = count_parameters(convnet)
    assert (count.trainable, count.frozen, count.buffers) == (8 + 845, 108, 9)
    assert count == count.total == 961
    assert repr(count) == "ParameterCount(total=961, trainable=853, frozen=108, buffers=9)"
    assert summarize(convnet, (2, 3, 8, 9)).parameters.frozen == 108


def test_a_parameter_count_is_an_int():
    count = ParameterCount(3, 4, 5)
    assert count + 1 == 8
    assert f"{count:,}" == "7"
    assert sorted([9, count])[0] is count


def test_raw_parameters_stand_in_the_row_of_their_module():
    model = Forward(
        lambda m, x: m.body(x + m.bias) @ m.mix, bias=nn.Parameter(torch.ones(6)),
        mix=nn.Parameter(torch.ones(6, 2)), body=nn.Linear(6, 6),
    )  # fmt: skip
    rows = summarize(model, (3, 6)).rows
    assert [(r.path, r.kind, r.parameters, r.macs) for r in rows] == [
        ("", "Forward", 18, 3 * 6 * 2),
        ("body", "Linear", 42, 3 * 36),
    ]


def test_parameters_belong_to_who_reads_them_when_their_owner_is_not_called():
    model = Forward(lambda m, x: F.linear(x, m.head.weight), head=nn.Linear(6, 2))
    rows = summarize(model, (3, 6)).rows
    assert [(r.path, r.parameters, r.output_shape) for r in rows] == [
        ("", 12, (3, 2)),
        ("head", 2, None),  # its bias is not used
    ]


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_the_parts_add_up_to_the_totals(convnet, device):
    summary = summarize(convnet, (2, 3, 8, 9), device)
    assert isinstance(summary, Summary)
    assert sum(r.parameters for r in summary.rows) == summary.parameters
    assert sum(r.macs for r in summary.rows) == summary.macs
    assert [(r.path, r.kind) for r in summary.rows] == [
        ("0", "Conv2d"),
        ("1", "BatchNorm2d"),
        ("2", "ReLU"),
        ("3", "Flatten"),
        ("4", "Linear"),
    ]
    assert [r.output_shape for r in summary.rows] == [(2, 4, 6, 7)] * 3 + [(2, 168), (2, 5)]
    maps = 2 * 4 * 6 * 7 * 4
    assert [r.activation_bytes for r in summary.rows] == [maps] * 4 + [2 * 5 * 4]
    # The convolution keeps its input, the norm its input, mean and deviation, the rectifier its
    # output, which is also what the linear layer needs.
    expected = [2 * 3 * 8 * 9 * 4, maps + 2 * 4 * 4, maps, 0, 0]
    assert [r.saved_bytes for r in summary.rows] == expected
    assert summary.saved_bytes_per_image == sum(expected) / 2


def test_a_composite_is_charged_for_an_output_that_it_makes_itself():
    def residual(model, x):
        return F.relu(model.conv(x) + x)

    model = nn.Sequential(Forward(residual, conv=nn.Conv2d(3, 3, 1)), nn.Identity())
    rows = summarize(model, (1, 3, 4, 5)).rows
    assert [(r.path, r.activation_bytes, r.saved_bytes) for r in rows] == [
        ("0", 240, 240),
        ("0.conv", 240, 240),
        ("1", 240, 0),
    ]


def test_several_outputs_have_several_shapes():
    @dataclass
    class Output:
        logits: torch.Tensor
        extra: dict

    model = Forward(lambda m, x: Output(x + 1, {"mean": x.mean(0), "name": "x"}))
    assert summarize(model, (2, 6)).rows[0].output_shape == ((2, 6), (6,))


@pytest.mark.parametrize("device", ["meta", "cpu"])
@pytest.mark.parametrize(
    "layer", ["conv2d", "transposed", "attention", "transformer", "norms, activations and pooling"]
)
def test_saved_bytes_equal_what_the_hooks_of_autograd_see(layer, device):
    module, size, _ = LAYERS[layer]
    module.train()
    expected = saved_bytes_seen_by_hooks(module, torch.randn(size))
    assert summarize(module, size, device).saved_bytes == expected


def test_views_of_one_storage_are_saved_once():
    model = Forward(lambda m, x: (m.layer(x).chunk(2, 1)[0].exp() * x[:, :3]).sum())
    model.layer = nn.Linear(6, 6)
    for device in ("meta", "cpu"):  # x, the exponential, and all of x again as a factor
        assert summarize(model, (2, 6), device).saved_bytes == 2 * 6 * 4 + 2 * 3 * 4


def test_repeated_operations_on_the_meta_device_keep_their_storages():
    def forward(model, x):
        x = x.requires_grad_()
        views = [torch.ops.aten._unsafe_view(x.exp(), [6, 2]).sin() for _ in range(3)]
        return sum(views)  # each exponential is kept once, for itself and for the sine

    for device in ("meta", "cpu"):
        assert summarize(Forward(forward), (2, 6), device).saved_bytes == 3 * 2 * 6 * 4


def test_repeated_operations_on_the_meta_device_keep_their_types():
    model = Forward(lambda m, x: [x * 1, x * 1.0, x * 1])
    tokens = torch.zeros(2, 6, dtype=torch.long)
    for device in ("meta", "cpu"):
        assert summarize(model, tokens, device).activation_bytes == 12 * (8 + 4 + 8)


def test_a_graph_that_is_dropped_keeps_nothing():
    def forward(model, x):
        _ = model.layer(x).exp().sin()
        return model.layer(x)

    model = Forward(forward, layer=nn.Linear(6, 6))
    assert summarize(model, (2, 6)).saved_bytes == 2 * 6 * 4


def test_checkpointing_saves_memory_and_no_work():
    inner = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 6), nn.Tanh())
    plain = summarize(inner, (2, 6))
    model = Forward(lambda m, x: checkpoint(m.inner, x, use_reentrant=False), inner=inner)
    checkpointed = summarize(model, (2, 6))
    assert checkpointed.macs == plain.macs
    assert checkpointed.saved_bytes < plain.saved_bytes


def test_frozen_layers_keep_less(convnet):
    before = summarize(convnet, (2, 3, 8, 9)).saved_bytes
    convnet[:2].requires_grad_(False)
    assert summarize(convnet, (2, 3, 8, 9)).saved_bytes < before


def test_what_cannot_be_counted_is_named():
    model = nn.Sequential(
        nn.Linear(8, 8), Forward(lambda m, x: torch.fft.irfft(torch.fft.rfft(x)) @ x.mT)
    )
    with pytest.warns(UncountedWarning, match="aten::_fft_r2c in '1' .1 time.; aten::_fft_c2r"):
        assert count_macs(model, (2, 3, 8)) == 2 * 3 * 8 * 8 + 2 * 3 * 3 * 8
    summary = summarize(model, (2, 3, 8))
    assert [(u.operator, u.path, u.times) for u in summary.uncounted] == [
        ("aten::_fft_r2c", "1", 1),
        ("aten::_fft_c2r", "1", 1),
    ]
    assert "Not counted: aten::_fft_r2c" in str(summary)
    assert "Not counted: aten::_fft_r2c" in summary._repr_html_()


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda m, x: torch.linalg.inv(x), "aten::linalg_inv_ex"),
        (lambda m, x: torch.cdist(x, x), "aten::_euclidean_dist"),
        (lambda m, x: torch.linalg.svdvals(x), "aten::_linalg_svd"),
        (lambda m, x: torch._int_mm(x[0].char(), x[0].char()), "aten::_int_mm"),
    ],
)
def test_arithmetic_outside_the_convention_is_named(function, name):
    uncounted = summarize(Forward(function), (2, 32, 32)).uncounted
    assert name in [u.operator for u in uncounted]


def test_custom_operators_are_named_until_a_formula_is_registered():
    from torch.utils.flop_counter import flop_registry, register_flop_formula

    @torch.library.custom_op("cnncourse_test::scale", mutates_args=())
    def scale(x: torch.Tensor) -> torch.Tensor:
        return x * 2

    @scale.register_fake
    def _(x):
        return torch.empty_like(x)

    model = Forward(lambda m, x: scale(x))
    assert str(summarize(model, (2, 3)).uncounted[0]).startswith("cnncourse_test::scale")
    register_flop_formula(torch.ops.cnncourse_test.scale)(lambda x, out_shape=None: 2 * 100)
    try:
        summary = summarize(model, (2, 3))
        assert (summary.macs, summary.uncounted) == (100, ())
    finally:
        del flop_registry[torch.ops.cnncourse_test.scale]


def state_of(model):
    """Everything a measurement might disturb, in a form that compares."""
    hooks = [n for n in vars(model) if "hooks" in n]
    return (
        {name: (id(t), t._version, t.detach().clone()) for name, t in model.state_dict().items()},
        [(type(m), m.training, sorted(vars(m)), [len(getattr(m, n)) for n in hooks])
         for m in model.modules()],
        [(id(p), p._version, p.requires_grad, p.grad) for p in model.parameters()],
        torch.get_rng_state(), random.getstate(), np.random.get_state(),  # noqa: NPY002
        torch.is_grad_enabled(), torch.backends.mha.get_fastpath_enabled(),
        torch.get_default_dtype(), torch.get_default_device(),
    )  # fmt: skip


def assert_same(before, after):
    if isinstance(before, torch.Tensor):
        assert torch.equal(before, after)
    elif isinstance(before, np.ndarray):
        assert np.array_equal(before, after)
    elif isinstance(before, dict):
        assert before.keys() == after.keys()
        for key in before:
            assert_same(before[key][1:], after[key][1:])
    elif isinstance(before, list | tuple):
        assert len(before) == len(after)
        for a, b in zip(before, after, strict=True):
            assert_same(a, b)
    else:
        assert before == after


@pytest.mark.parametrize("device", ["meta", "cpu"])
@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("measure", [count_macs, summarize])
@pytest.mark.parametrize("grad", [True, False])
def test_a_model_is_left_as_it_was_found(measure, fails, device, grad):
    def forward(model, x):
        model.calls += 1
        model.seen.append(x)
        model.last = model.norm(model.conv(x))
        torch.rand(3), random.random(), np.random.rand()  # noqa: NPY002
        if fails:
            raise RuntimeError("boom")
        return F.dropout(model.last)

    model = Forward(forward, conv=nn.Conv2d(3, 4, 3), norm=nn.BatchNorm2d(4))
    model.calls, model.seen, model.last = 0, [], None
    model.norm.eval()
    model.conv.weight.requires_grad_(False)
    model.conv.bias.grad = torch.ones(4)
    model.conv.register_forward_hook(lambda *_: None)
    with torch.set_grad_enabled(grad):
        before = state_of(model)
        if fails:
            with pytest.raises(ValueError, match="boom"):
                measure(model, (2, 3, 5, 7), device)
        else:
            measure(model, (2, 3, 5, 7), device)
        assert_same(before, state_of(model))
    assert (model.calls, model.seen, model.last) == (0, [], None)


def test_running_statistics_of_a_model_on_the_cpu_stay(convnet):
    summarize(convnet.train(), (2, 3, 8, 9), "cpu")
    assert convnet[1].num_batches_tracked == 0


def test_a_model_that_holds_a_lock_is_measured():
    model = Forward(lambda m, x: m.conv(x), conv=nn.Conv2d(3, 4, 3), lock=threading.Lock())
    assert count_macs(model, (1, 3, 5, 7)) == 15 * 4 * 27


def test_lazy_modules_are_measured_and_stay_lazy():
    model = nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(5))
    for device in ("meta", "cpu"):
        summary = summarize(model, (1, 3, 5, 7), device)
        assert (summary.macs, summary.parameters) == (15 * 4 * 27 + 60 * 5, 112 + 305)
    with pytest.raises(ValueError, match=r"0\.weight of Sequential has no shape"):
        count_parameters(model)


@pytest.mark.parametrize("norm", ["weight_norm", "spectral_norm"])
@pytest.mark.parametrize("where", [nn.utils, nn.utils.parametrizations])
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_reparametrised_layers_are_measured(norm, where):
    model = nn.Sequential(getattr(where, norm)(nn.Conv2d(3, 4, 3)))
    model(torch.randn(2, 3, 5, 7))  # leaves a derived weight on the layer
    meta, cpu = (summarize(model, (2, 3, 5, 7), device) for device in ("meta", "cpu"))
    assert meta.macs == cpu.macs >= 2 * 15 * 4 * 27
    assert meta.parameters == sum(r.parameters for r in meta.rows) == count_parameters(model)


def test_tensors_made_in_forward_land_on_the_device():
    model = Forward(lambda m, x: m.table(torch.arange(5)) @ x.mT, table=nn.Embedding(5, 6))
    assert count_macs(model, (2, 6)) == 5 * 6 * 2


def test_a_tensor_stands_for_an_input_of_its_type():
    model = nn.Sequential(nn.Embedding(11, 6), nn.Linear(6, 11, bias=False))
    model[1].weight = model[0].weight
    tokens = torch.zeros(2, 3, dtype=torch.long)
    for device in ("meta", "cpu"):
        summary = summarize(model, tokens, device)
        assert (summary.macs, summary.parameters) == (2 * 3 * 6 * 11, 66)


def test_inputs_have_the_type_of_the_parameters():
    model = nn.Conv2d(3, 4, 3).double()
    assert summarize(model, (1, 3, 5, 7)).rows[0].activation_bytes == 4 * 15 * 8
    assert summarize(model, (1, 3, 5, 7), "cpu").saved_bytes == 3 * 35 * 8


def test_a_traced_graph_and_a_compiled_model_are_measured(convnet):
    expected = count_macs(convnet, (1, 3, 8, 9))
    assert count_macs(torch.fx.symbolic_trace(convnet), (1, 3, 8, 9)) == expected
    assert count_macs(torch.compile(convnet), (1, 3, 8, 9)) == expected


def test_measuring_a_meta_model_takes_no_memory():
    with torch.device("meta"):
        model = nn.Linear(10**6, 10**6)
    assert count_macs(model, (1, 10**6)) == 10**12
    assert count_parameters(model) == 10**12 + 10**6


def test_a_caught_exception_does_not_move_work_to_another_module():
    def fragile(model, x):
        raise RuntimeError("not today")

    def forward(model, x):
        try:
            model.fragile(x)
        except RuntimeError:
            return x @ x.T

    rows = summarize(Forward(forward, fragile=Forward(fragile)), (2, 6)).rows
    assert [(r.path, r.macs) for r in rows] == [("", 24), ("fragile", 0)]


BAD_SIZES = [
    (224, TypeError, "batch in front, such as .1, 3, 224, 224., got 224"),
    ((), TypeError, r"got \(\)"),
    ("1, 3", TypeError, "got '1, 3'"),
    ((1, 3, 5.0, 7), TypeError, r"got \(1, 3, 5.0, 7\)"),
    ((True, 3, 5, 7), TypeError, "got .True, 3, 5, 7"),
    ((0, 3, 5, 7), ValueError, r"at least 1, got \(0, 3, 5, 7\)"),
    ((3, 5, 7), ValueError, r"batch in front, such as \(1, 3, 5, 7\)"),
    (
        (1, 4, 5, 7),
        ValueError,
        r"Sequential fails in '0' \(Conv2d\) on an input of .*\(1, 4, 5, 7\)",
    ),
]


@pytest.mark.parametrize("measure", [count_macs, summarize])
@pytest.mark.parametrize(("size", "error", "message"), BAD_SIZES)
def test_bad_sizes_are_refused_in_one_sentence(convnet, measure, size, error, message):
    with pytest.raises(error, match=message) as caught:
        measure(convnet, size)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "measure", [count_macs, summarize, lambda model, _: count_parameters(model)]
)
@pytest.mark.parametrize(("model", "got"), [(nn.Conv2d, "the class itself"), (F.relu, "function")])
def test_what_is_no_module_is_refused(measure, model, got):
    with pytest.raises(TypeError, match=f"model must be an nn.Module, got {got}"):
        measure(model, (1, 3, 5, 7))


def test_a_forward_that_reads_values_is_told_to_use_the_cpu():
    model = Forward(lambda m, x: x * x.sum().item())
    with pytest.raises(ValueError, match="if forward reads values, pass device='cpu'"):
        count_macs(model, (2, 3))
    assert count_macs(model, (2, 3), "cpu") == 0


def test_devices_that_cannot_be_used_are_refused(convnet):
    with pytest.raises(ValueError, match="device 'nowhere' cannot be used here"):
        count_macs(convnet, (1, 3, 8, 9), "nowhere")
    with pytest.raises(ValueError, match=r"0.weight of Sequential is on the meta device"):
        count_macs(convnet.to("meta"), (1, 3, 8, 9), "cpu")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_is_refused(convnet):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = torch.jit.script(convnet)
    with pytest.raises(TypeError, match="holds TorchScript, which hides what it executes"):
        count_macs(model, (1, 3, 8, 9))


def test_the_printed_table_shows_every_row_and_the_totals(convnet):
    text = str(summarize(convnet.eval(), (2, 3, 8, 9)))
    lines = text.splitlines()
    assert lines[0] == "Sequential on an input of shape (2, 3, 8, 9), eval mode"
    assert [line.split()[0] for line in lines[4:9]] == list("01234")
    assert lines[10].split()[:3] == ["Total", "961", f"{2 * (4536 + 840):,}"]
    assert "961 trainable, 0 frozen; 9 numbers in buffers" in text


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_html_table_has_a_caption_and_headers_with_scope(convnet):
    convnet.add_module("<b>", nn.Identity())
    html = summarize(convnet, (2, 3, 8, 9))._repr_html_()
    parser = _Tags()
    parser.feed(html)
    assert parser.open == []
    headers = [attrs.get("scope") for tag, attrs in parser.seen if tag == "th"]
    assert headers == ["col"] * 7 + ["row"] * 7
    assert [tag for tag, _ in parser.seen].count("caption") == 1
    assert "<b>" not in html
