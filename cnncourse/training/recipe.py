"""What a training does to its rate and to its images, by name, for the command line."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from cnncourse import augment
from cnncourse.optimizers import learning_rate
from cnncourse.training.refusal import Refusal

SCHEDULES = {
    # rate of a step, given the number of the step, of all steps, and the peak
    "constant": lambda step, steps, peak: peak,
    "cosine": learning_rate,
    "warmup": lambda step, steps, peak: learning_rate(step, steps, peak, warmup=steps // 20),
}

AUGMENTATIONS = {
    # images of a batch, and where the random numbers come from
    "shift": lambda images, draws: augment.shift(images, images.shape[-1] // 8, draws),
    "rotate": lambda images, draws: augment.rotate(images, 15, draws),
    "scale": lambda images, draws: augment.scale(images, 1.2, draws),
    "flip": lambda images, draws: augment.flip(images, generator=draws),
    "cutout": lambda images, draws: augment.cutout(images, images.shape[-1] // 4, draws),
}


def check_augmentations(names: str) -> None:
    """Refuse a list such as ``"shift,rotate"`` that names anything else.

    Raises:
        Refusal: with the names that there are.
    """
    for name in _split(names):
        if name not in AUGMENTATIONS:
            raise Refusal(
                f"there is no augmentation {name!r}: use some of {', '.join(AUGMENTATIONS)}, "
                "with commas between them"
            )


def augmented(images: Tensor, names: str, draws: Generator) -> Tensor:
    """Return other images with the same labels, shaped as ``images`` (N, C, H, W)."""
    for name in _split(names):
        images = AUGMENTATIONS[name](images, draws)
    return images


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


class MixedPrecision(nn.Module):
    """Compute in bfloat16 where PyTorch thinks it safe; weights and scores stay in float32.

    bfloat16 has float32's range, so that small gradients need no scaling (float16 would).

    Shape:
        x       whatever ``network`` takes
        return  what it returns, in float32
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores."""
        with torch.autocast(x.device.type, torch.bfloat16):
            return self.network(x).float()
