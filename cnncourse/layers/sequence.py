"""Convolution along time: an output may look back, and never ahead."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.shapes import check_int


class CausalConv1d(nn.Conv1d):
    """Convolve along time so that output t depends on the inputs up to t only.

    ``torch.nn.Conv1d`` at stride 1 with ``dilation * (kernel_size - 1)`` zeros in front and none
    behind: the last tap of the kernel meets the present. Parameters are called as there.

    Shape:
        x       (N, in_channels, T)
        return  (N, out_channels, T)

    Raises:
        ValueError, TypeError: an argument is not an integer of at least 1.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        sizes = {"kernel_size": kernel_size, "dilation": dilation}
        for name, size in sizes.items():
            check_int(size, name, 1)
        super().__init__(
            in_channels, out_channels, kernel_size, dilation=dilation, groups=groups, bias=bias
        )

    @property
    def reach(self) -> int:
        """How many steps back the first tap looks: ``dilation * (kernel_size - 1)``."""
        return self.dilation[0] * (self.kernel_size[0] - 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return one output for each step of ``x``."""
        return super().forward(F.pad(x, (self.reach, 0)))
