"""Models and inputs after public bug reports of tools that count or look at fields.

A number is the right answer, a text the refusal's words. ``field`` is that of the output.
"""

from __future__ import annotations

import threading
import warnings
from collections import namedtuple
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.ao import quantization
from torch.nn.utils import parametrizations, prune, spectral_norm
from torch.utils.checkpoint import checkpoint

from cnncourse.analysis.counting import count_macs, count_parameters, summarize
from cnncourse.analysis.receptive_field import (
    effective_receptive_field,
    measured_receptive_field,
    receptive_field,
)
from cnncourse.layers import Conv2d

IMAGE = (1, 3, 16, 20)
PARAMETERS, MACS = 112, 34_560  # of one 3x3 convolution from 3 to 4 channels on that image


def conv(in_channels: int = 3, out_channels: int = 4, **options) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, 3, padding=1, **options)


class Function(nn.Module):
    """A module whose forward is the given function of its layers and its inputs."""

    def __init__(self, function, *layers):
        super().__init__()
        self.function = function
        self.layers = nn.ModuleList(layers)

    def forward(self, *args, **kwargs):
        return self.function(self.layers, *args, **kwargs)


def applied(function, *layers) -> Callable[[], nn.Module]:
    """Build a `Function` with fresh layers, by default one convolution."""
    return lambda: Function(function, *(layer() for layer in layers or (conv,)))


def quietly(build):
    def built():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return build()

    return built


def shared():
    layer = nn.Linear(10, 10)
    return nn.Sequential(nn.Sequential(layer), nn.Sequential(layer))


def pruned():
    layer = conv()
    prune.random_unstructured(layer, "weight", 0.5)
    return layer


def with_attribute(value):
    layer = conv()
    layer.extra = value
    return layer


def with_hooks():
    model = nn.Sequential(conv())
    model[0].register_forward_hook(lambda module, args, output: output * 2)
    model.register_forward_pre_hook(lambda module, args: (args[0] + 1,))
    return model


def with_whole_number():
    layer = conv()
    layer.register_parameter("steps", nn.Parameter(torch.tensor(3), requires_grad=False))
    return layer


def compiled_in_place():
    layer = conv()
    layer.compile(backend="eager")
    return layer


def exported():
    return torch.export.export(conv(), (torch.zeros(IMAGE),), strict=False)


def quantised():
    model = nn.Sequential(quantization.QuantStub(), conv(), quantization.DeQuantStub()).eval()
    model.qconfig = quantization.get_default_qconfig("x86")
    quantization.prepare(model, inplace=True)(torch.randn(IMAGE))
    return quantization.convert(model)


def half_a_model_under_no_grad(layers, x):
    with torch.no_grad():
        return layers[0](x)


def under_autocast(layers, x):
    with torch.autocast("cpu", torch.bfloat16):
        return layers[0](x)


Pair = namedtuple("Pair", "first second")


@dataclass
class Result:
    out: torch.Tensor


@dataclass
class Brought:
    build: Callable[[], nn.Module]
    size: Any = IMAGE
    parameters: int | str | None = PARAMETERS
    macs: int | str | None = MACS
    field: tuple[int, ...] | str | None = (3, 3)


MHA = partial(nn.MultiheadAttention, 16, 4, batch_first=True)
ATTENTION = 30 * 16 * 16 * 4 + 2 * 30 * 30 * 16
NO_MODULE = "model must be an nn.Module, got"
PACKED = r"\(Conv2d\) keeps its weights packed, as quantised layers do"
BATCH = r"batch in front, such as \(1, 3, 16, 20\)"
MEASURED = "measured_receptive_field measures it by gradients"

BROUGHT = {
    # shared and reparametrised weights
    "a module under two paths (thop #98, ptflops #106)": Brought(
        shared, (2, 10), 110, 400, field=None
    ),
    "a convolution in a row with itself": Brought(
        lambda: nn.Sequential(*[conv(4, 4)] * 3), (1, 4, 16, 20), 148, 3 * 46_080, (7, 7)
    ),
    "a functional call with a layer's weight": Brought(
        applied(lambda layers, x: F.conv2d(x, layers[0].weight, layers[0].bias, padding=1))
    ),
    "weight_norm": Brought(lambda: parametrizations.weight_norm(conv()), parameters=116),
    "spectral_norm": Brought(lambda: parametrizations.spectral_norm(conv()).eval(), macs=None),
    "spectral_norm, the old one": Brought(lambda: spectral_norm(conv()), macs=None),
    "a pruned layer": Brought(pruned),
    "a whole number among the parameters": Brought(with_whole_number, parameters=113),
    # attention and recurrence
    "attention with heads (fvcore #153)": Brought(
        applied(lambda layers, x: layers[0](x, x, x)[0], MHA), (1, 30, 16), 1088, ATTENTION, None
    ),
    "an encoder layer on its fast path (fvcore #49)": Brought(
        lambda: nn.TransformerEncoderLayer(16, 4, 32, batch_first=True).eval(),
        (1, 30, 16),
        2224,
        ATTENTION + 2 * 30 * 16 * 32,
        None,
    ),
    "an LSTM (torchinfo #34)": Brought(lambda: nn.LSTM(10, 20), (7, 2, 10), 2560, 33_600, None),
    "a linear layer on rows of tokens (torchinfo #77)": Brought(
        lambda: nn.Linear(64, 256, bias=False), (1, 22, 64), 16_384, 22 * 16_384, None
    ),
    # inputs
    "a dict as the input (torchinfo #46)": Brought(
        applied(lambda layers, batch: layers[0](batch["image"])), [{"image": IMAGE}]
    ),
    "a dict and a tensor (torchinfo #30)": Brought(
        applied(lambda layers, batch, labels: layers[0](batch["512"]) + labels),
        [{"512": IMAGE}, torch.zeros(1, 4, 16, 20).long()],
    ),
    "keyword arguments": Brought(
        applied(lambda layers, *, low, high: layers[0](low) + layers[0](high)),
        {"low": IMAGE, "high": IMAGE},
        macs=2 * MACS,
    ),
    "tokens and a mask by keyword": Brought(
        applied(
            lambda layers, ids, mask: layers[1]((layers[0](ids) * mask[..., None]).mean(1)),
            partial(nn.Embedding, 10, 8),
            partial(nn.Linear, 8, 3),
        ),
        {"ids": torch.zeros(2, 6).long(), "mask": torch.ones(2, 6)},
        80 + 27,
        2 * 24,
        None,
    ),
    "two inputs (torchinfo #251)": Brought(
        applied(lambda layers, a, b: layers[0](a) + layers[0](b)), [IMAGE, IMAGE], macs=2 * MACS
    ),
    "two inputs of different sizes (ptflops #93)": Brought(
        applied(
            lambda layers, a, b: layers[0](a) + layers[1](b)[:, :, None, None],
            conv,
            partial(nn.Linear, 17, 4),
        ),
        [IMAGE, (1, 17)],
        PARAMETERS + 72,
        MACS + 68,
    ),
    "a list of images (ptflops #14)": Brought(
        applied(lambda layers, images: sum(layers[0](image) for image in images)),
        [[IMAGE, IMAGE]],
        macs=2 * MACS,
    ),
    "a flag by keyword": Brought(
        applied(lambda layers, x, features: layers[0](x) if features else x),
        {"x": IMAGE, "features": True},
    ),
    "an input left out": Brought(
        applied(lambda layers, a, b: layers[0](a) + b),
        macs="for several inputs, input_size is a list",
        field="for several inputs, input_size is a list",
    ),
    "bytes": Brought(
        applied(lambda layers, x: layers[0](x.float() / 255)), torch.zeros(IMAGE, dtype=torch.uint8)
    ),
    "no image in the batch": Brought(
        conv, (0, *IMAGE[1:]), macs="at least 1", field="positive integers"
    ),
    "no batch": Brought(conv, IMAGE[1:], macs=BATCH, field=BATCH),
    "no batch for a layer of the course": Brought(
        lambda: Conv2d(3, 4, 3), IMAGE[1:], macs=BATCH, field=BATCH
    ),
    "no batch, scaled first": Brought(
        applied(lambda layers, x: layers[0](x * 2)), IMAGE[1:], macs=BATCH, field=BATCH
    ),
    "no batch, pooled first": Brought(
        lambda: nn.Sequential(nn.MaxPool2d(2), conv()), IMAGE[1:], macs=BATCH, field=BATCH
    ),
    "a sequence looked at as an image (EEGNet)": Brought(
        applied(lambda layers, x: layers[0](x[:, None])[:, 0], partial(nn.Conv2d, 1, 1, (1, 7))),
        (2, 8, 50),
        8,
        2 * 8 * 44 * 7,
        (7,),
    ),
    "images taken one by one": Brought(
        applied(lambda layers, x: torch.stack([layers[0](image) for image in x]))
    ),
    "an empty list for a size": Brought(
        conv, [], macs=r"such as \(1, 3, 224, 224\), got \[\]", field=r"got \[\]"
    ),
    "text for a size": Brought(
        conv, "1,3,16,20", macs="input_size must be a shape", field="input_size must be a full"
    ),
    "a fraction of a pixel": Brought(
        conv, (1, 3, 16.0, 20), macs=r"got \(1, 3, 16\.0, 20\)", field=r"got \(1, 3, 16\.0, 20\)"
    ),
    "other channels": Brought(
        conv, (1, 4, 16, 20), macs=r"\(4, 3, 3, 3\) got \(1, 4, 16, 20\)", field="of channels"
    ),
    # outputs
    "a dict with one map": Brought(applied(lambda layers, x: {"out": layers[0](x)})),
    "a dict with two maps": Brought(
        applied(lambda layers, x: {"out": layers[0](x), "x": x}), field="2 tensors with different"
    ),
    "a named tuple": Brought(
        applied(lambda layers, x: Pair(layers[0](x), layers[0](x))), macs=None
    ),
    "a dataclass": Brought(applied(lambda layers, x: Result(layers[0](x)))),
    "nothing": Brought(
        applied(lambda layers, x: (layers[0](x), None)[1]), field="returns no tensor"
    ),
    "a number": Brought(
        applied(lambda layers, x: layers[0](x).mean().item()),
        macs="if forward reads values, pass device='cpu'",
        field="looks at the values of a tensor",
    ),
    "NumPy's values": Brought(
        applied(lambda layers, x: torch.from_numpy(layers[0](x).detach().numpy())),
        macs="pass device='cpu'",
        field="hands a tensor to NumPy",
    ),
    # wrapped, converted, compiled
    "DataParallel": Brought(lambda: nn.DataParallel(conv())),
    "torch.compile": Brought(lambda: torch.compile(conv(), backend="eager")),
    "compiled in place": Brought(compiled_in_place),
    "traced by fx": Brought(lambda: torch.fx.symbolic_trace(nn.Sequential(conv(), nn.ReLU()))),
    "an exported program": Brought(
        exported,
        parameters=r"ExportedProgram; pass its module\(\)",
        macs=NO_MODULE,
        field=NO_MODULE,
    ),
    "an exported program's module": Brought(lambda: exported().module()),
    "scripted (torchinfo #55)": Brought(
        quietly(lambda: torch.jit.script(conv())),
        macs="holds TorchScript, which hides",
        field="holds TorchScript, which hides",
    ),
    "quantised": Brought(quietly(quantised), parameters=PACKED, macs=PACKED, field=PACKED),
    "the class": Brought(lambda: nn.Conv2d, IMAGE, "the class itself", NO_MODULE, NO_MODULE),
    "checkpointed": Brought(
        applied(lambda layers, x: checkpoint(layers[0], x, use_reentrant=False))
    ),
    "vmap": Brought(
        applied(
            lambda layers, x: torch.vmap(
                lambda image: F.conv2d(image[None], layers[0].weight, padding=1)[0]
            )(x)
        )
    ),
    # attributes and modes
    "hooks": Brought(with_hooks),
    "a lock": Brought(lambda: with_attribute(threading.Lock())),
    "a generator": Brought(lambda: with_attribute(iter("abc"))),
    "a trunk under no_grad": Brought(applied(half_a_model_under_no_grad)),
    "a head that is not used": Brought(
        applied(lambda layers, x: layers[0](x), conv, partial(nn.Linear, 8, 1)), parameters=121
    ),
    "autocast": Brought(applied(under_autocast)),
    "half precision (torchinfo #109)": Brought(lambda: conv().half()),
    "complex numbers (complexPyTorch #31)": Brought(lambda: conv(dtype=torch.complex64)),
    "complex numbers in a product": Brought(
        lambda: nn.Linear(8, 5, dtype=torch.complex64), (2, 8), 45, 80, None
    ),
    # maps that move
    "channels last": Brought(applied(lambda layers, x: layers[0](x).permute(0, 2, 3, 1))),
    "a dilated stack (torch-scan #27)": Brought(
        lambda: nn.Sequential(*(nn.Conv1d(1, 1, 3, padding=d, dilation=d) for d in (1, 2, 3))),
        (1, 1, 100),
        12,
        900,
        (13,),
    ),
    "a transposed convolution (pytorch-receptive-field #9)": Brought(
        lambda: nn.ConvTranspose2d(3, 4, 2, 2), parameters=52, macs=3 * 4 * 4 * 320, field=None
    ),
    "unpooling": Brought(
        applied(
            lambda layers, x: F.max_unpool2d(*F.max_pool2d(layers[0](x), 2, return_indices=True), 2)
        ),
        field=MEASURED,
    ),
    "sampling at a grid": Brought(
        applied(lambda layers, x: F.grid_sample(layers[0](x), x[:, :2].movedim(1, -1))),
        field=MEASURED,
    ),
}
QUIET = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


def expect(measure: Callable[[], Any], expected: Any) -> None:
    """Compare with the right answer, or with a refusal of one line."""
    if isinstance(expected, str):
        with pytest.raises((TypeError, ValueError), match=expected) as caught:
            measure()
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 350
    elif expected is not None:
        assert measure() == expected


@QUIET
@pytest.mark.parametrize("name", BROUGHT)
def test_parameters_and_work_are_counted_or_refused_in_a_sentence(name):
    case = BROUGHT[name]
    model = case.build()
    expect(lambda: count_parameters(model), case.parameters)
    expect(lambda: count_macs(model, case.size), case.macs)
    expect(lambda: summarize(model, case.size).macs, case.macs)


@QUIET
@pytest.mark.parametrize("name", [name for name, case in BROUGHT.items() if case.field])
def test_fields_are_found_or_refused_in_a_sentence(name):
    case = BROUGHT[name]
    model = case.build()
    expect(lambda: receptive_field(model, case.size).size, case.field)


@QUIET
@pytest.mark.parametrize("name", BROUGHT)
def test_every_tool_leaves_it_as_it_was_found_and_refuses_in_words(name):
    case = BROUGHT[name]
    model = case.build()
    modules = list(model.modules()) if isinstance(model, nn.Module) else []
    modes = [module.training for module in modules]
    state = modules[0].state_dict() if modules else {}
    state = {key: value.clone() for key, value in state.items() if isinstance(value, torch.Tensor)}
    random_state = torch.get_rng_state()
    for measure in (
        lambda: count_macs(model, case.size),
        lambda: effective_receptive_field(model, case.size, inputs=1, seeds=[0]),
        lambda: measured_receptive_field(model, case.size, inputs=1, seeds=[0]),
    ):
        with suppress(TypeError, ValueError):
            measure()
    assert [module.training for module in modules] == modes
    assert torch.equal(torch.get_rng_state(), random_state)
    for key, value in state.items():
        torch.testing.assert_close(model.state_dict()[key], value, rtol=0, atol=0)
