"""The explorer of chapter 4: drag a digit and see which layers move along."""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
import traitlets
from torch import Tensor, nn

from cnncourse import data
from cnncourse.layers import BlurPool2d
from cnncourse.widgets._explorer import Choice, Explorer, Whole

SIDE = 24  # pixels of the canvas along each edge: strides 1, 2, 3, 4 and 6 divide it
DIGIT = 12  # pixels of the digit
PADDINGS = ("circular", "zeros")
STRIDES = (1, 2, 3)
POOLINGS = ("max", "average", "blur", "none")
EDGES = ("left", "top", "right", "bottom")  # of a stroke: the channels of the edge layer
FILE = Path(__file__).with_name("equivariance_weights.json")


class MaxBlurPool(nn.Module):
    """Maximum of 2x2 at stride 1, blur, keep every second pixel (Zhang 2019, arXiv:1904.11486).

    `cnncourse.layers.BlurPool2d`, but with a border that goes around or is zero, not reflected.

    Shape:
        x       (N, channels, H, W)
        return  (N, channels, ceil(H/2), ceil(W/2))
    """

    def __init__(self, channels: int, padding: str) -> None:
        super().__init__()
        self.mode = "circular" if padding == "circular" else "constant"
        self.blur = BlurPool2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return the blurred maxima of every second window."""
        x = F.max_pool2d(F.pad(x, (0, 1, 0, 1), mode=self.mode), 2, stride=1)
        x = F.pad(x, (2, 2, 2, 2), mode=self.mode)
        return self.blur(x)[..., 1:-1, 1:-1]  # what the reflected border touches is cut off


def edge_layer(padding: str, stride: int, pooling: str) -> nn.Sequential:
    """Return four fixed Sobel filters, ReLU and a pooling: the feature map that one sees move.

    The total stride S is ``stride``, twice that with a pooling.

    Shape:
        x       (N, 1, H, W), S divides H and W
        return  (N, 4, H/S, W/S)
    """
    sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 4
    conv = nn.Conv2d(1, 4, 3, stride, padding=1, padding_mode=padding, bias=False)
    conv.weight.data = torch.stack([sobel, sobel.T, -sobel, -sobel.T])[:, None]
    pools = {
        "max": nn.MaxPool2d(2),
        "average": nn.AvgPool2d(2),
        "blur": MaxBlurPool(4, padding),
        "none": nn.Identity(),
    }
    return nn.Sequential(conv, nn.ReLU(), pools[pooling]).requires_grad_(False)


def head(padding: str) -> nn.Sequential:
    """Return the trained part of the network: two convolutions, the largest answer, ten scores.

    Shape:
        x       (N, 4, H, W)
        return  (N, 10)
    """
    return nn.Sequential(
        nn.Conv2d(4, 6, 3, padding=1, padding_mode=padding, bias=False),
        nn.ReLU(),
        nn.Conv2d(6, 8, 3, padding=1, padding_mode=padding),
        nn.ReLU(),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 10),
    )


def key(stride: int, pooling: str) -> str:
    """Return the name under which the weights of a network are stored."""
    return f"stride {stride}, {pooling}"


@cache
def stored() -> dict:
    """Return what ``tools/train_explorer.py`` wrote: the weights of twelve networks and more."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def network(padding: str, stride: int, pooling: str) -> nn.Sequential:
    """Return the network that the page computes, with its trained weights.

    Every weight is a whole number from -127 to 127 times a power of two, so it is the same in
    float32, in float64 and in the page.

    Shape:
        x       (N, 1, 24, 24)
        return  (N, 10), scores
    """
    model = nn.Sequential(edge_layer(padding, stride, pooling), head(padding))
    entry = stored()["networks"][key(stride, pooling)]
    raw = torch.frombuffer(bytearray(base64.b64decode(entry["weights"])), dtype=torch.int8)
    weights = list(model[1].parameters())
    parts = raw.split([weight.numel() for weight in weights])
    for weight, part, exponent in zip(weights, parts, entry["exponents"], strict=True):
        weight.data = part.float().view_as(weight) * 2.0**exponent
    return model.eval()


@cache
def digits() -> str:
    """Return one test digit of each class in 12x12 grey levels, one byte each, as base64."""
    _, test = data.digits(size=DIGIT)
    examples = [test.images[test.labels == digit][0] for digit in range(10)]
    levels = (255 * torch.stack(examples)).round().int()
    return base64.b64encode(bytes(levels.flatten().tolist())).decode()


def picture(digit: int) -> Tensor:
    """Return the picture that the page shows in the centre, (1, 1, 24, 24) float64 in [0, 1]."""
    levels = torch.tensor(list(base64.b64decode(digits())), dtype=torch.float64)
    return data.place(levels.view(10, 1, DIGIT, DIGIT)[digit, None] / 255, SIDE)


class Equivariance(Explorer):
    """Drag a digit; see which feature maps move along, and what a classifier makes of it.

    The picture is a circle: what leaves it on the right comes in on the left. The error is that of
    `cnncourse.analysis.equivariance.equivariance_map` for the feature map on show.

    >>> Equivariance(stride=2, pooling="blur")  # doctest: +SKIP

    Settings:
        digit        0 to 9
        down, right  how far the digit has moved from the centre, in pixels
        padding      "circular" or "zeros", of every layer
        stride       of the first convolution
        pooling      after it, with a total stride twice as large: max, average, blur (the maximum
                     first), or none
        edge         the channel on show: the left, top, right or bottom edges of the strokes

    Raises:
        traitlets.TraitError: a setting is out of its limits.
    """

    script = "equivariance.js"
    digit = Whole(5, 0, 9)
    down = Whole(1, -SIDE // 2, SIDE // 2 - 1)
    right = Whole(0, -SIDE // 2, SIDE // 2 - 1)
    padding = Choice(*PADDINGS)
    stride = Whole(1, STRIDES[0], STRIDES[-1])
    pooling = Choice(*POOLINGS)
    edge = Choice(*EDGES)
    _digits = traitlets.Unicode().tag(sync=True)
    _networks = traitlets.Dict().tag(sync=True)

    @traitlets.default("_digits")
    def _examples(self) -> str:
        return digits()

    @traitlets.default("_networks")
    def _trained(self) -> dict:
        return stored()["networks"]
