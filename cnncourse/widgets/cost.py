"""The explorer of chapter 3: build a stack of layers and read what it costs."""

from __future__ import annotations

import traitlets
from torch import nn

from cnncourse.shapes import conv_output_size
from cnncourse.widgets._explorer import Choice, Explorer, Whole

MOST_LAYERS = 12

# The settings of a layer and their limits.
LIMITS = {
    "channels": (1, 4096),
    "kernel": (1, 11),
    "stride": (1, 8),
    "padding": (0, 5),
    "groups": (1, 4096),
}

# The settings that each kind of layer has, with their defaults.
KINDS = {
    "convolution": {"channels": 16, "kernel": 3, "stride": 1, "padding": 1},
    "grouped": {"channels": 16, "kernel": 3, "stride": 1, "padding": 1, "groups": 2},
    "separable": {"channels": 16, "kernel": 3, "stride": 1, "padding": 1},
    "pooling": {"kernel": 2, "stride": 2, "padding": 0},
    "mean": {},
    "dense": {"channels": 10},
}


def _layer(kind: str, **settings: int) -> dict[str, str | int]:
    return {"kind": kind, **KINDS[kind], **settings}


LENET = [
    _layer("convolution", channels=6, kernel=5, padding=2),
    _layer("pooling"),
    _layer("convolution", channels=16, kernel=5, padding=0),
    _layer("pooling"),
    _layer("dense", channels=120),
    _layer("dense", channels=84),
    _layer("dense", channels=10),
]
VGG_BLOCK = [
    _layer("convolution", channels=64),
    _layer("convolution", channels=64),
    _layer("pooling"),
]
BOTTLENECK = [
    _layer("convolution", channels=64, kernel=1, padding=0),
    _layer("convolution", channels=64),
    _layer("convolution", channels=256, kernel=1, padding=0),
]
NORM = "batch norm and ReLU"

# name, channels and size of the input, what stands behind a layer, whether it has biases, layers
PRESETS = [
    ["LeNet-5", 1, 28, "ReLU", True, LENET],
    ["VGG block", 3, 224, "ReLU", True, VGG_BLOCK],
    ["separable", 128, 28, "nothing", False, [_layer("separable", channels=256)]],
    ["bottleneck", 256, 56, NORM, False, BOTTLENECK],
]


class Cost(Explorer):
    """Build a stack of layers and see its parameters, multiply-accumulates and kept bytes.

    >>> Cost(channels=3, size=32, layers=[{"kind": "convolution", "channels": 8}, {"kind": "mean"}])
    ... # doctest: +SKIP

    Settings:
        channels, size   of the input: (channels, size, size)
        layers           1 to 12 dicts; what a dict leaves out has the default in brackets

                         ``kind``         other settings
                         "convolution"    channels [16], kernel [3], stride [1], padding [1]
                         "grouped"        the same and groups [2]
                         "separable"      as "convolution": depthwise, then 1x1
                         "pooling"        kernel [2], stride [2], padding [0]; the maximum
                         "mean"           none; the mean over all places
                         "dense"          channels [10], its features
        after            "ReLU", "nothing" or "batch norm and ReLU", behind every convolution;
                         behind a dense layer there is no norm, and behind the last one nothing
        bias             whether convolutions (of a separable one, the 1x1) and dense layers
                         have biases

    Raises:
        traitlets.TraitError: a setting is out of its limits. That each layer fits behind the one
            before depends on several settings at once; if not, the explorer says so itself.
    """

    script = "cost.js"
    channels = Whole(1, 1, 512)
    size = Whole(28, 1, 512)
    after = Choice("ReLU", "nothing", NORM)
    bias = traitlets.Bool(True).tag(sync=True)
    layers = traitlets.List(LENET).tag(sync=True)
    _limits = traitlets.List([[name, *both] for name, both in LIMITS.items()]).tag(sync=True)
    _kinds = traitlets.Dict(KINDS).tag(sync=True)
    _presets = traitlets.List(PRESETS).tag(sync=True)
    _most_layers = traitlets.Int(MOST_LAYERS).tag(sync=True)

    def network(self) -> nn.Sequential:
        """Build the stack in PyTorch; entry i is layer i together with what stands behind it.

        ``summarize(figure.network(), (1, figure.channels, figure.size, figure.size))``
        (`cnncourse.analysis.counting`) counts what the explorer shows.

        Raises:
            ValueError: a layer does not fit behind the one before.
        """
        entries: list[nn.Module] = []
        channels, side = self.channels, self.size
        last = len(self.layers) - 1
        for index, layer in enumerate(self.layers):
            if layer["kind"] == "dense":
                entry = [nn.Flatten(), nn.Linear(channels * side**2, layer["channels"], self.bias)]
                entry += [nn.ReLU()] * (self.after != "nothing" and index < last)
                channels, side = layer["channels"], 1
            elif index and self.layers[index - 1]["kind"] == "dense":
                raise ValueError(
                    f"Layer {index + 1}: a dense layer has no places left for {layer['kind']}"
                )
            elif layer["kind"] == "mean":
                entry, side = [nn.AdaptiveAvgPool2d(1)], 1
            else:
                window = [layer[name] for name in ("kernel", "stride", "padding")]
                side = conv_output_size(side, *window)
                if layer["kind"] == "pooling":
                    entry = [nn.MaxPool2d(*window)]
                else:
                    entry = [*_convolutions(layer, channels, self.bias), *self._behind(layer)]
                    channels = layer["channels"]
            entries.append(nn.Sequential(*entry))
        return nn.Sequential(*entries)

    def _behind(self, layer: dict) -> list[nn.Module]:
        norm = [nn.BatchNorm2d(layer["channels"])] * (self.after == NORM)
        return [*norm, *[nn.ReLU()] * (self.after != "nothing")]

    @traitlets.validate("layers")
    def _check_layers(self, proposal: dict) -> list[dict]:
        layers = proposal["value"]
        if not 1 <= len(layers) <= MOST_LAYERS:
            raise traitlets.TraitError(
                f"layers must be 1 to {MOST_LAYERS} layers, got {len(layers)}"
            )
        return [_complete(number, layer) for number, layer in enumerate(layers, start=1)]


def _convolutions(layer: dict, channels: int, bias: bool) -> list[nn.Conv2d]:
    out, *window = (layer[name] for name in ("channels", "kernel", "stride", "padding"))
    if layer["kind"] == "separable":
        depthwise = nn.Conv2d(channels, channels, *window, groups=channels, bias=False)
        return [depthwise, nn.Conv2d(channels, out, 1, bias=bias)]
    return [nn.Conv2d(channels, out, *window, groups=layer.get("groups", 1), bias=bias)]


def _complete(number: int, layer: object) -> dict[str, str | int]:
    """Return ``layer`` with all settings of its kind, or refuse it."""
    if not isinstance(layer, dict) or "kind" not in layer:
        raise traitlets.TraitError(
            f"Layer {number} must be a dict with a kind, such as "
            f"{{'kind': 'dense', 'channels': 10}}, got {layer!r}"
        )
    kind = layer["kind"]
    if not isinstance(kind, str) or kind not in KINDS:
        raise traitlets.TraitError(
            f"Layer {number}: kind must be one of {', '.join(KINDS)}, got {kind!r}"
        )
    unknown = [name for name in layer if name != "kind" and name not in KINDS[kind]]
    if unknown:
        raise traitlets.TraitError(
            f"Layer {number}: {kind} has no {unknown[0]}; "
            f"its settings are {', '.join(KINDS[kind]) or 'none'}"
        )
    complete = {"kind": kind, **KINDS[kind], **layer}
    for name in KINDS[kind]:
        (low, high), value = LIMITS[name], complete[name]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise traitlets.TraitError(
                f"Layer {number}: {name} must be an integer from {low} to {high}, got {value!r}"
            )
    return complete
