"""What every data set is returned as."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.utils.data import Dataset


@dataclass(frozen=True)
class Images(Dataset):
    """Images in memory with their labels; works wherever PyTorch wants a ``Dataset``.

    Shape:
        images  (N, C, H, W) float32 in [0, 1]
        labels  (N,) int64, an index into ``classes``; (N, H, W) where every pixel has its own
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.images[index], self.labels[index]

    def subset(self, indices: Tensor | slice) -> Images:
        """Return the images at ``indices``, with the same classes."""
        return Images(self.images[indices], self.labels[indices], self.classes)
