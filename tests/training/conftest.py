"""A small folder of images, and a training on it that takes a tenth of a second."""

import pytest
import torch
from PIL import Image


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """64 noisy colour images of 12 × 10 pixels in two classes, one of them brighter."""
    folder = tmp_path_factory.mktemp("pictures")
    generator = torch.Generator().manual_seed(0)
    for number in range(64):
        name = ("bright", "dark")[number % 2]
        pixels = torch.randint(0, 156, (12, 10, 3), generator=generator) + 100 * (name == "bright")
        (folder / name).mkdir(exist_ok=True)
        Image.fromarray(pixels.byte().numpy()).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture
def given(pictures):
    """Arguments of a training of 4 epochs: 58 images in 4 batches, order and noise at random."""
    return {
        "model": "lenet.tiny",
        "data": f"folder:{pictures}",
        "size": 8,
        "epochs": 4,
        "batch_size": 16,
        "schedule": "warmup",
        "augment": "shift,flip",
        "device": "cpu",
    }
