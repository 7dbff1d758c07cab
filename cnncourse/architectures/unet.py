"""U-Net: down to know what is there, up to say where, and at every size a copy carried across.

Going down, each step doubles the channels and halves the image. Going up, each step undoes that
and puts the map of the same size from the way down beside its own, along the channels.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from cnncourse.architectures._inputs import check_arguments, check_input

WIDTHS = (64, 128, 256, 512, 1024)  # channels at each size, from the largest to the smallest map
TINY = (8, 16, 32)


def double_convolution(in_channels: int, out_channels: int, padded: bool) -> nn.Sequential:
    """Return two 3×3 convolutions with ReLU; padded ones keep the size and have batch norm."""
    layers = []
    for channels in (in_channels, out_channels):
        layers.append(nn.Conv2d(channels, out_channels, 3, padding=int(padded), bias=not padded))
        if padded:
            layers.append(nn.BatchNorm2d(out_channels))
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def crop(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the middle of ``x``, (N, C, H, W), of the given height and width."""
    top, left = ((have - want) // 2 for have, want in zip(x.shape[2:], size, strict=True))
    return x[:, :, top : top + size[0], left : left + size[1]]


class UNet(nn.Module):
    """Convolve twice at every size on the way down and again on the way up.

    Weights start as normal numbers of variance 2 / (inputs of a unit), biases at 0, as in the
    paper's section 3. ``padded`` convolutions keep the size, so that the answer is as large as the
    image, of any size: where halving an odd map dropped its last row, the transposed convolution
    is told the size to restore. Without padding every 3×3 convolution takes a pixel from each
    side; then the maps carried across are cut to their middle.

    Shape:
        x       (N, in_channels, H, W)
        return  (N, num_classes, H, W) when padded, else less by ``margin`` on each axis

    Raises:
        ValueError: the widths do not double; or the input has another shape, or, without padding, a
            map on its way down has an odd side.
    """

    def __init__(
        self, widths: tuple[int, ...], padded: bool, num_classes: int, in_channels: int
    ) -> None:
        check_arguments(num_classes, in_channels)
        # A map of half the channels comes up, and stands beside one of as many.
        if any(wide != 2 * narrow for narrow, wide in pairwise(widths)):
            raise ValueError(f"widths must double from each size to the next, got {widths}")
        super().__init__()
        self.in_channels = in_channels
        self.padded = padded
        self.halvings = len(widths) - 1
        channels = (in_channels, *widths)
        self.down = nn.ModuleList(double_convolution(*io, padded) for io in pairwise(channels))
        self.pool = nn.MaxPool2d(2)
        upwards = list(pairwise(reversed(widths)))
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(*io, 2, stride=2) for io in upwards)
        self.up = nn.ModuleList(double_convolution(*io, padded) for io in upwards)
        self.scores = nn.Conv2d(widths[0], num_classes, 1)
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                inputs = module.in_channels  # each output of the 2×2 at stride 2 sees one position
                if isinstance(module, nn.Conv2d):
                    inputs *= module.kernel_size[0] ** 2
                nn.init.normal_(module.weight, std=(2 / inputs) ** 0.5)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    @property
    def margin(self) -> int:
        """Pixels that the answer is smaller than the image along each axis.

        Two convolutions take 4 pixels of their own map, which are ``4 * 2**level`` of the image:
        once at the smallest map, twice, down and up, at all others.
        """
        if self.padded:
            return 0
        return 4 * 2**self.halvings + sum(2 * 4 * 2**level for level in range(self.halvings))

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores of every class at every pixel."""
        self._check(x)
        carried = []
        for convolve in self.down[:-1]:
            carried.append(convolve(x))
            x = self.pool(carried[-1])  # half the size
        x = self.down[-1](x)
        for enlarge, convolve in zip(self.enlarge, self.up, strict=True):
            beside = carried.pop()
            x = enlarge(x, output_size=beside.shape[2:]) if self.padded else enlarge(x)
            x = convolve(torch.cat([crop(beside, x.shape[2:]), x], dim=1))
        return self.scores(x)

    def _check(self, x: Tensor) -> None:
        step = 2**self.halvings
        if self.padded:
            check_input(x, self.in_channels, smallest=step)
            return
        smallest = next(n for n in range(self.margin + 1, self.margin + 1 + step) if self._fits(n))
        check_input(x, self.in_channels, smallest)
        if not all(self._fits(side) for side in x.shape[2:]):
            raise ValueError(
                f"without padding each side must be {smallest} or {smallest} plus a multiple of "
                f"{step}, got {x.shape[2]} × {x.shape[3]}"
            )

    def _fits(self, side: int) -> bool:
        """Tell whether every map on the way down has an even side."""
        for _ in range(self.halvings):
            side -= 4
            if side % 2:
                return False
            side //= 2
        return True


def unet(num_classes: int = 2, in_channels: int = 3) -> UNet:
    """U-Net as it is used today: padded, with batch norm, for images of any size from 16 on.

    31,037,698 parameters; 48,171,581,440 multiply-accumulates at 256×256. The form of Ronneberger
    et al. 2015 (arXiv:1505.04597) but for padding and norm.
    """
    return UNet(WIDTHS, True, num_classes, in_channels)


def unet_paper(num_classes: int = 2, in_channels: int = 1) -> UNet:
    """U-Net as published: no padding, so that 572×572 pixels give answers for the inner 388×388.

    31,030,658 parameters; 150,428,424,448 multiply-accumulates at 572×572 (Ronneberger et al. 2015,
    arXiv:1505.04597, figure 1). Each side must be 188 plus a multiple of 16. The paper's dropout
    at the end of the way down is left out: it states no rate.
    """
    return UNet(WIDTHS, False, num_classes, in_channels)


def tiny(num_classes: int = 10, in_channels: int = 3) -> UNet:
    """Two halvings, eight channels at full size.

    29,706 parameters; 6,463,488 multiply-accumulates at 32×32.
    """
    return UNet(TINY, True, num_classes, in_channels)
