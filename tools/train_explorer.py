"""Train the twelve small networks of the equivariance explorer: python tools/train_explorer.py

Each sees the bundled digits in the centre of the canvas only, under both paddings in turn, and is
stored in whole numbers of eight bits. Takes about five minutes on one CPU core.
"""

from __future__ import annotations

import base64
import json
import math
from itertools import product

import torch
from torch import Tensor, nn

from cnncourse import data
from cnncourse.analysis.equivariance import translate
from cnncourse.training import evaluate, fit, set_seed
from cnncourse.widgets.equivariance import (
    DIGIT,
    FILE,
    PADDINGS,
    POOLINGS,
    SIDE,
    STRIDES,
    edge_layer,
    head,
    key,
    network,
    stored,
)

SEED = 0
VERSION = 1


class EitherPadding(nn.Module):
    """One set of weights in two networks: half of every batch has circular padding, half zeros."""

    def __init__(self, stride: int, pooling: str) -> None:
        super().__init__()
        self.heads = nn.ModuleList(head(padding) for padding in PADDINGS)
        for one, other in zip(*self.heads, strict=True):
            for name, weight in one.named_parameters():
                setattr(other, name, weight)
        self.edges = nn.ModuleList(edge_layer(padding, stride, pooling) for padding in PADDINGS)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores (N, 10) of pictures (N, 1, H, W)."""
        halves = x.tensor_split(2)
        networks = zip(self.heads, self.edges, halves, strict=True)
        return torch.cat([head(edges(half)) for head, edges, half in networks])


def train(examples: data.Images, stride: int, pooling: str) -> nn.Sequential:
    """Return a head, trained behind the fixed edge layer."""
    set_seed(SEED)
    model = EitherPadding(stride, pooling)
    for epochs, lr in ((36, 1e-2), (12, 1e-3)):
        fit(model, examples, epochs=epochs, lr=lr, device=torch.device("cpu"))
    return model.heads[0]


def quantised(model: nn.Module) -> dict:
    """Return the weights as bytes, and for each tensor the power of two that they count in."""
    exponents, raw = [], b""
    for weight in model.parameters():
        exponent = math.ceil(math.log2(weight.abs().max().item() / 127))
        exponents.append(exponent)
        whole = (weight.data / 2.0**exponent).round().to(torch.int8)
        raw += bytes(whole.flatten().view(torch.uint8).tolist())
    return {"exponents": exponents, "weights": base64.b64encode(raw).decode()}


def accuracies(test: data.Images, padding: str, stride: int, pooling: str) -> dict:
    """Return the test accuracy in per cent in the centre and at the worst shift below S."""
    total = stride * (1 if pooling == "none" else 2)
    model = network(padding, stride, pooling)
    percent = [
        100 * evaluate(model, data.Images(translate(test.images, v), test.labels, test.classes))
        for v in product(range(total), repeat=2)
    ]
    return {"centre": round(percent[0], 1), "worst": round(min(percent), 1)}


def write(networks: dict) -> None:
    """Write the file, one network a line."""
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(networks[name])}" for name in networks)
    origin = f'"version": {VERSION},\n"seed": {SEED},\n"command": "python tools/train_explorer.py"'
    text = f'{{\n{origin},\n"networks": {{\n{lines}\n}}\n}}\n'
    FILE.write_text(text, encoding="utf-8")


def main() -> None:
    """Train, store, and measure what was stored."""
    examples, test = data.digits(size=DIGIT, canvas=SIDE, position="center")
    settings = list(product(STRIDES, POOLINGS))
    networks = {key(*setting): quantised(train(examples, *setting)) for setting in settings}
    write(networks)
    stored.cache_clear()
    for setting in settings:
        accuracy = {padding: accuracies(test, padding, *setting) for padding in PADDINGS}
        networks[key(*setting)]["accuracy"] = accuracy
        print(key(*setting), accuracy)
    write(networks)


if __name__ == "__main__":
    main()
