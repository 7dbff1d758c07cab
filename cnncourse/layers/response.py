"""Global response normalization: channels compete for how strongly they answer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cnncourse.layers._windows import check_images
from cnncourse.shapes import check_int


class GlobalResponseNorm(nn.Module):
    """Strengthen the channels that answer more than the others in this image.

    A channel's response is the length of its map, g_c = √(Σ x_c²) over all positions. Each value is
    multiplied by 1 + γ_c · g_c / (mean of g over the channels + eps), and β_c is added. γ and β
    start at 0, where the layer does nothing. No mean is subtracted and nothing is kept between
    images: the name says norm, the effect is a gate whose inputs are the lengths of the maps, so
    that all of the image matters for each value. ``2 channels`` parameters, no
    multiply-accumulates in the course's convention (Woo et al. 2023, arXiv:2301.00808, section 4).

    Shape:
        x       (N, channels, H, W) or (channels, H, W)
        return  the same

    Raises:
        ValueError, TypeError: arguments or input of the wrong kind.
    """

    def __init__(self, channels: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.channels = check_int(channels, "channels", 1)
        self.eps = eps
        self.weight = nn.Parameter(torch.zeros(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` plus its scaled and shifted answer."""
        check_images(x, self.channels)
        response = torch.linalg.vector_norm(x, dim=(-2, -1), keepdim=True)  # (N, channels, 1, 1)
        share = response / (response.mean(-3, keepdim=True) + self.eps)
        return x + self.weight[:, None, None] * share * x + self.bias[:, None, None]
