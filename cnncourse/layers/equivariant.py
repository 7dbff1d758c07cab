"""Convolutions that know how to turn: equivariant to quarter turns, and to mirrors where wanted.

A group acts on images: element g sends the image x to g·x. A feature map over the group holds one
plane for every element, ``(N, C, |G|, H, W)``, and g acts on it by moving pixels *and* planes: the
plane of h in g·f is the plane of g⁻¹h in f, moved by g. A layer is equivariant if it may change
places with this action (Cohen and Welling, arXiv:1602.07576, sections 4 and 6).

Everything here is exact on square maps, whatever the padding. With stride s, an axis of n pixels
must leave no remainder, ``(n + 2 padding - kernel_size) % stride == 0``: else the windows that the
stride keeps are others after a turn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.shapes import check_int


@dataclass(frozen=True)
class Group:
    """Quarter turns of the plane, with mirrors or without: element e is "mirror, then turn".

    ``elements[e]`` is ``(turns, mirrored)``: first mirror left to right if ``mirrored``, then turn
    counterclockwise by ``turns`` right angles. Element 0 changes nothing.
    """

    name: str
    elements: tuple[tuple[int, bool], ...]

    @property
    def order(self) -> int:
        """How many elements it has, |G|."""
        return len(self.elements)

    def product(self, g: int, h: int) -> int:
        """Return the element "first h, then g". A mirror turns the sense of the turns before it."""
        (turns_g, mirrored_g), (turns_h, mirrored_h) = self.elements[g], self.elements[h]
        turns = turns_g + (-turns_h if mirrored_g else turns_h)
        return self.elements.index((turns % 4, mirrored_g != mirrored_h))

    def inverse(self, g: int) -> int:
        """Return the element that undoes g."""
        return next(h for h in range(self.order) if self.product(g, h) == 0)

    def move(self, x: Tensor, g: int) -> Tensor:
        """Return the planes of ``x`` moved by g: its last two axes are rows and columns."""
        turns, mirrored = self.elements[g]
        return torch.rot90(x.flip(-1) if mirrored else x, turns, (-2, -1))

    def act(self, f: Tensor, g: int, dim: int = 2) -> Tensor:
        """Return g·f for a feature map over the group, whose axis of the group is ``dim``."""
        source = [self.product(self.inverse(g), h) for h in range(self.order)]
        index = torch.tensor(source, device=f.device)
        return self.move(f.index_select(dim, index), g)


P4 = Group("p4", tuple((turns, False) for turns in range(4)))
P4M = Group("p4m", tuple((turns, mirrored) for mirrored in (False, True) for turns in range(4)))
GROUPS = {group.name: group for group in (P4, P4M)}


class _Convolution(nn.Module):
    """What lifting and group convolution share: a bank of all moved kernels, one ``F.conv2d``.

    ``weight`` starts as in ``torch.nn.Conv2d``; the bias is one number for each output channel, the
    same for all elements of the group, because another one would not move along.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        planes: tuple[int, ...],
        kernel_size: int,
        stride: int,
        padding: int,
        bias: bool,
        group: str,
    ) -> None:
        super().__init__()
        if group not in GROUPS:
            raise ValueError(f"group must be one of {', '.join(GROUPS)}, got {group!r}")
        self.in_channels = check_int(in_channels, "in_channels", 1)
        self.out_channels = check_int(out_channels, "out_channels", 1)
        self.kernel_size = check_int(kernel_size, "kernel_size", 1)
        self.stride = check_int(stride, "stride", 1)
        self.padding = check_int(padding, "padding", 0)
        self.group = GROUPS[group]
        shape = (out_channels, in_channels, *planes, kernel_size, kernel_size)
        self.weight = nn.Parameter(torch.empty(shape))
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        self.register_parameter("bias", None)
        if bias:
            bound = 1 / math.sqrt(self.weight[0].numel())
            self.bias = nn.Parameter(torch.empty(out_channels).uniform_(-bound, bound))

    def _correlate(self, x: Tensor, bank: Tensor) -> Tensor:
        """Slide the kernels of all elements over ``x``, (N, C, H, W), each a plane of the result.

        ``bank`` has shape (out_channels, |G|, C, k, k).
        """
        order = self.group.order
        bias = None if self.bias is None else self.bias.repeat_interleave(order)
        y = F.conv2d(x, bank.flatten(0, 1), bias, self.stride, self.padding)
        return y.unflatten(1, (-1, order))

    def extra_repr(self) -> str:
        """Name the arguments."""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, padding={self.padding}, group={self.group.name}"
        )


class LiftingConv2d(_Convolution):
    """Correlate an image with every moved copy of the kernels: from the plane to the group.

    The plane of g is the correlation with the kernels moved by g. The weights are those of an
    ordinary convolution; the multiplications are |G| times as many.

    Shape:
        x       (N, in_channels, H, W)
        return  (N, out_channels, |G|, H', W')

    Raises:
        ValueError, TypeError: an unknown group, a size that is no integer in range.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
        group: str = "p4",
    ) -> None:
        super().__init__(in_channels, out_channels, (), kernel_size, stride, padding, bias, group)

    def forward(self, x: Tensor) -> Tensor:
        """Return one plane for each element of the group."""
        copies = [self.group.move(self.weight, g) for g in range(self.group.order)]
        return self._correlate(x, torch.stack(copies, dim=1))


class GroupConv2d(_Convolution):
    """Correlate a feature map over the group with every moved copy of kernels over the group.

    Plane g of the result is Σ_h f(h) ⋆ (g·w)(h), where g·w moves the pixels and the planes of the
    kernels. There are |G| times the weights of an ordinary convolution of as many channels, and
    |G|² times its multiplications.

    Shape:
        f       (N, in_channels, |G|, H, W)
        return  (N, out_channels, |G|, H', W')

    Raises:
        ValueError, TypeError: an unknown group, a size that is no integer in range.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
        group: str = "p4",
    ) -> None:
        planes = (GROUPS[group].order,) if group in GROUPS else ()
        super().__init__(
            in_channels, out_channels, planes, kernel_size, stride, padding, bias, group
        )

    def forward(self, f: Tensor) -> Tensor:
        """Return one plane for each element of the group."""
        copies = [self.group.act(self.weight, g) for g in range(self.group.order)]
        bank = torch.stack(copies, dim=1)  # (out, |G|, in, |G|, k, k)
        return self._correlate(f.flatten(1, 2), bank.flatten(2, 3))


class GroupPool(nn.Module):
    """Keep at every pixel the largest of the planes, or their mean: from the group to the plane.

    The planes change places when the image turns, which neither sees, so the result turns as an
    image does.

    Shape:
        f       (N, C, |G|, H, W)
        return  (N, C, H, W)

    Raises:
        ValueError: ``mode`` is neither "max" nor "mean".
    """

    def __init__(self, mode: str = "max") -> None:
        super().__init__()
        if mode not in ("max", "mean"):
            raise ValueError(f"mode must be 'max' or 'mean', got {mode!r}")
        self.mode = mode

    def forward(self, f: Tensor) -> Tensor:
        """Return one plane for each channel."""
        return f.amax(2) if self.mode == "max" else f.mean(2)

    def extra_repr(self) -> str:
        """Name the mode."""
        return f"mode={self.mode!r}"


class GroupBatchNorm2d(nn.BatchNorm3d):
    """Batch norm with one mean, deviation, scale and shift for all planes of a channel.

    It is torch's norm of volumes, the group taken as depth. Statistics of each plane by itself
    would not move along: such a network is equivariant at its start and not after training.

    Shape:
        f       (N, C, |G|, H, W)
        return  the same
    """
