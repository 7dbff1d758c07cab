"""The padding of TensorFlow, for networks that were trained with it."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.shapes import same_padding


class SameConv2d(nn.Conv2d):
    """Convolve without a bias, with the zeros that TensorFlow's ``padding="SAME"`` adds.

    For odd kernels at stride 1 it equals padding by half the kernel. At stride 2 and an even size,
    every window stands one pixel further right and down (`cnncourse.shapes.same_padding`).

    Shape:
        x       (N, in_channels, H, W)
        return  (N, out_channels, ceil(H/stride), ceil(W/stride))
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int, groups: int = 1
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the feature maps of ``x``."""
        rows, columns = (
            same_padding(kernel_size, stride=stride, size=size)
            for kernel_size, stride, size in zip(
                self.kernel_size, self.stride, x.shape[2:], strict=True
            )
        )
        return super().forward(F.pad(x, (*columns, *rows)))
