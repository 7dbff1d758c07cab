"""A convolutional autoencoder: an image through a few numbers and back.

What the numbers cannot carry is lost; with noise at the input and the clean image as target, what
should be lost is the noise.
"""

from __future__ import annotations

import math
from itertools import pairwise

from torch import Tensor, nn

from cnncourse.architectures._inputs import check_input
from cnncourse.shapes import check_int, conv_output_size, conv_transpose_output_size, pair


class Autoencoder(nn.Module):
    """Halve the image with strided convolutions, code it in ``code_size`` numbers, and undo both.

    Each transposed convolution has kernel, stride and padding of the convolution at its level; its
    ``output_padding`` says which of the two sizes, that the stride sends to one, is meant.

    Shape:
        x       (N, in_channels, H, W) of the ``size`` given
        return  the same, in [0, 1]

    Raises:
        ValueError: the input has another shape.
    """

    def __init__(
        self,
        widths: tuple[int, ...],
        code_size: int,
        in_channels: int,
        size: int | tuple[int, int],
    ) -> None:
        check_int(code_size, "code_size", 1)
        check_int(in_channels, "in_channels", 1)
        super().__init__()
        self.in_channels = in_channels
        self.size = pair(size, "size", 1)
        sizes = [self.size]
        encoder, decoder = [], []
        channels = list(pairwise((in_channels, *widths)))
        for narrow, wide in channels:
            large = sizes[-1]
            sizes.append(tuple(conv_output_size(n, 3, stride=2, padding=1) for n in large))
            remainder = tuple(
                n - conv_transpose_output_size(m, 3, stride=2, padding=1)
                for n, m in zip(large, sizes[-1], strict=True)
            )
            encoder += [nn.Conv2d(narrow, wide, 3, stride=2, padding=1), nn.ReLU()]
            enlarge = nn.ConvTranspose2d(
                wide, narrow, 3, stride=2, padding=1, output_padding=remainder
            )
            decoder = [nn.ReLU(), enlarge, *decoder]
        smallest = (widths[-1], *sizes[-1])
        numbers = math.prod(smallest)
        self.encoder = nn.Sequential(*encoder, nn.Flatten(), nn.Linear(numbers, code_size))
        self.decoder = nn.Sequential(
            nn.Linear(code_size, numbers), nn.Unflatten(1, smallest), *decoder, nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return what is left of ``x`` after its code."""
        check_input(x, self.in_channels, smallest=1)
        if x.shape[2:] != self.size:
            raise ValueError(
                f"the images must be {self.size[0]} × {self.size[1]}, "
                f"got {x.shape[2]} × {x.shape[3]}"
            )
        return self.decoder(self.encoder(x))


def autoencoder(
    code_size: int = 16, in_channels: int = 1, size: int | tuple[int, int] = 28
) -> Autoencoder:
    """Code images of 28×28 in 16 numbers, through 16 and 32 channels.

    61,329 parameters; 558,208 multiply-accumulates. The form is ours; to train it from noisy images
    to clean ones makes it the denoising autoencoder of Vincent et al. 2008.
    """
    return Autoencoder((16, 32), code_size, in_channels, size)


def tiny(code_size: int = 4, in_channels: int = 1, size: int | tuple[int, int] = 8) -> Autoencoder:
    """Code images of 8×8 in 4 numbers, through 4 and 8 channels.

    957 parameters; 3,712 multiply-accumulates.
    """
    return Autoencoder((4, 8), code_size, in_channels, size)
