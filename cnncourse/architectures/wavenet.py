"""WaveNet: predict the next sample of a sound from thousands before it, and so make new sound.

A sample is one of 256 codes (`encode`). Gated causal convolutions at the rates 1, 2, 4, …, each
with a path to the output of its own, score all codes for the next sample.
"""

from __future__ import annotations

import math
from collections import deque

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.layers.sequence import CausalConv1d
from cnncourse.shapes import check_int


def encode(sound: Tensor, num_codes: int = 256) -> Tensor:
    """Return the codes of a sound under the μ-law, μ = ``num_codes`` - 1: finer where it is soft.

    f(x) = sign(x) ln(1 + μ|x|) / ln(1 + μ) maps [-1, 1] onto itself and is then rounded to one of
    ``num_codes`` even levels. ``decode`` undoes it up to an error of at most
    ``ln(1 + μ) (1 + μ|x'|) / μ**2``, with x' the larger of x and the decoded value: half a level,
    times the slope of the inverse (ITU-T G.711; arXiv:1609.03499, section 2.2).

    Shape:
        sound   any, in [-1, 1]
        return  as sound, int64 in 0 … num_codes - 1
    """
    mu = num_codes - 1
    squeezed = sound.sign() * torch.log1p(mu * sound.abs()) / math.log1p(mu)
    return ((squeezed + 1) / 2 * mu).round().long()


def decode(codes: Tensor, num_codes: int = 256) -> Tensor:
    """Return the sound that the codes stand for, in [-1, 1]: f⁻¹(y) = sign(y)((1 + μ)^|y| - 1)/μ.

    Shape:
        codes   any, int64 in 0 … num_codes - 1
        return  as codes, float32
    """
    mu = num_codes - 1
    squeezed = 2 * codes.float() / mu - 1
    return squeezed.sign() * torch.expm1(squeezed.abs() * math.log1p(mu)) / mu


class GatedBlock(nn.Module):
    """Look at the present and ``dilation`` steps back: z = tanh(·) ⊙ σ(·), then two 1×1 paths.

    ``dilated`` computes both arguments at once, first those of tanh (arXiv:1609.03499, sections 2.3
    and 2.4).

    Shape:
        x       (N, channels, T)
        return  x + residual(z), (N, channels, T), and skip(z), (N, skip_channels, T)
    """

    def __init__(self, channels: int, skip_channels: int, dilation: int) -> None:
        super().__init__()
        self.dilated = CausalConv1d(channels, 2 * channels, 2, dilation)
        self.residual = nn.Conv1d(channels, channels, 1)
        self.skip = nn.Conv1d(channels, skip_channels, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the next block's input and this block's share of the output."""
        return self.gate(x, self.dilated(x))

    def gate(self, x: Tensor, convolved: Tensor) -> tuple[Tensor, Tensor]:
        """Return both paths, given what ``dilated`` makes of ``x``."""
        values, gates = convolved.chunk(2, dim=1)
        z = values.tanh() * gates.sigmoid()
        return x + self.residual(z), self.skip(z)


class GatedStack(nn.Module):
    """Blocks in a row; the sum of all that they put on their way out.

    Shape:
        x       (N, channels, T)
        return  (N, skip_channels, T)
    """

    def __init__(self, dilations: tuple[int, ...], channels: int, skip_channels: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            GatedBlock(channels, skip_channels, dilation) for dilation in dilations
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of the skip paths."""
        output = 0
        for block in self.blocks:
            x, skip = block(x)
            output = output + skip
        return output


class WaveNet(nn.Module):
    """Score every code for the sample after each step.

    Shape:
        codes   (N, T) int64 in 0 … num_classes - 1
        return  (N, num_classes, T): at step t the scores for sample t + 1

    Raises:
        ValueError, TypeError: an argument is not an integer of at least 1.
    """

    def __init__(
        self, dilations: tuple[int, ...], channels: int, skip_channels: int, num_classes: int
    ) -> None:
        sizes = {"channels": channels, "skip_channels": skip_channels, "num_classes": num_classes}
        for name, size in sizes.items():
            check_int(size, name, 1)
        super().__init__()
        self.embedding = nn.Embedding(num_classes, channels)  # a 1×1 convolution of one-hot codes
        self.stack = GatedStack(dilations, channels, skip_channels)
        self.head = nn.Sequential(
            nn.ReLU(),
            nn.Conv1d(skip_channels, skip_channels, 1),
            nn.ReLU(),
            nn.Conv1d(skip_channels, num_classes, 1),
        )

    @property
    def field(self) -> int:
        """Samples that a score depends on: 1 + the sum of all dilations."""
        return 1 + sum(block.dilated.reach for block in self.stack.blocks)

    def forward(self, codes: Tensor) -> Tensor:
        """Return the scores for the sample after each step."""
        x = self.embedding(codes).mT  # (N, channels, T)
        return self.head(self.stack(x))


class Stream:
    """Run a `WaveNet` step by step: each block keeps its last ``dilation`` inputs in a queue.

    A step costs the same however long the sound is: one sample through every block. Before the
    first sample all queues hold zeros, which is what the padding of `CausalConv1d` holds
    (Le Paine et al., arXiv:1611.09482).
    """

    def __init__(self, model: WaveNet, batch_size: int = 1) -> None:
        self.model = model
        weight = model.embedding.weight
        zeros = weight.new_zeros(batch_size, weight.shape[1], 1)
        self.queues = [deque([zeros] * block.dilated.reach) for block in model.stack.blocks]

    @torch.no_grad()
    def step(self, codes: Tensor) -> Tensor:
        """Take one more sample of each sound and return the scores for the next.

        Shape:
            codes   (N,) int64
            return  (N, num_classes)
        """
        x = self.model.embedding(codes)[:, :, None]  # (N, channels, 1)
        output = 0
        for block, queue in zip(self.model.stack.blocks, self.queues, strict=True):
            queue.append(x)
            past_and_present = torch.cat([queue.popleft(), x], dim=2)  # (N, channels, 2)
            convolved = F.conv1d(past_and_present, block.dilated.weight, block.dilated.bias)
            x, skip = block.gate(x, convolved)
            output = output + skip
        return self.model.head(output)[:, :, 0]


def generate(
    model: WaveNet, codes: Tensor, steps: int, generator: torch.Generator | None = None
) -> Tensor:
    """Continue sounds by ``steps`` samples, each drawn from the model's distribution.

    Shape:
        codes   (N, T) int64 with T >= 1, the beginning
        return  (N, T + steps)

    Raises:
        ValueError: there is no beginning.
    """
    if codes.ndim != 2 or codes.shape[1] < 1:
        raise ValueError(f"codes must be (N, T) with T at least 1, got {tuple(codes.shape)}")
    stream = Stream(model, len(codes))
    for sample in codes.T:
        scores = stream.step(sample)
    drawn = [codes]
    for _ in range(steps):
        sample = torch.multinomial(scores.softmax(1), 1, generator=generator)  # (N, 1)
        drawn.append(sample)
        scores = stream.step(sample[:, 0])
    return torch.cat(drawn, dim=1)


def wavenet(num_classes: int = 256) -> WaveNet:
    """Build three stacks of the rates 1, 2, 4, …, 512, with 64 channels and 256 on the way out.

    1,267,328 parameters; 3,797,565,440 multiply-accumulates for 3,070 samples, which is what a
    score depends on. The paper (van den Oord et al. 2016, arXiv:1609.03499) gives the rates and no
    widths: these are ours.
    """
    dilations = tuple(2**level for level in range(10)) * 3
    return WaveNet(dilations, 64, 256, num_classes)


def tiny(num_classes: int = 16) -> WaveNet:
    """Two stacks of the rates 1, 2, 4, 8: a score depends on 31 samples.

    4,576 parameters; 126,976 multiply-accumulates for 31 samples.
    """
    return WaveNet((1, 2, 4, 8) * 2, 8, 16, num_classes)
