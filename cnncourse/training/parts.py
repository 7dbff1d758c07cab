"""Images for a training: a part to train on, one to choose by, and one to look at once."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from torch.utils.data import Dataset, Subset
from torchvision.datasets import ImageFolder
from torchvision.transforms import Compose, ToTensor

from cnncourse import data
from cnncourse.data import Images
from cnncourse.training.refusal import Refusal, UnreadableImage

BUNDLED = {
    "digits": data.digits,
    "mnist_small": data.mnist_small,
    "mnist": data.mnist,
    "fashion_mnist": data.fashion_mnist,
    "cifar10": data.cifar10,
}
FOLDER_SIZE = 224  # pixels, for the images of a folder unless another size is given
VALIDATION = 0.1  # the share of the training images that is held out


class Parts(NamedTuple):
    """A data set in three parts; a folder has no test part."""

    train: Dataset
    validation: Dataset
    test: Dataset | None
    classes: tuple[str, ...]
    shape: tuple[int, int, int]  # (C, H, W)


def load_parts(name: str, size: int | None) -> Parts:
    """Return the data set ``name``, its images resized to ``size`` × ``size`` if that is given.

    A tenth of the training images is held out for validation, the same for every seed. Images of a
    folder are scaled until they fill the square, and what sticks out is cut off.

    Raises:
        Refusal: there is no such data set or folder, it could not be downloaded, or it is too small
            to be divided.
    """
    if name.startswith("folder:"):
        images, test = _folder(Path(name.removeprefix("folder:")), size or FOLDER_SIZE), None
        shape = (3, size or FOLDER_SIZE, size or FOLDER_SIZE)
    elif name in BUNDLED:
        try:
            images, test = (_resized(part, size) for part in BUNDLED[name]())
        except (ConnectionError, ModuleNotFoundError) as error:
            raise Refusal(str(error)) from error
        shape = tuple(images.images.shape[1:])
    else:
        raise Refusal(f"there is no data set {name!r}: use {', '.join(BUNDLED)} or folder:PATH")

    held = max(1, int(VALIDATION * len(images)))
    if held == len(images):
        raise Refusal(f"{name} has {len(images)} image, too few to hold one out for validation")
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0)).tolist()
    train, validation = Subset(images, order[held:]), Subset(images, order[:held])
    return Parts(train, validation, test, tuple(images.classes), shape)


def _resized(images: Images, size: int | None) -> Images:
    if size is None:
        return images
    resized = F.interpolate(images.images, (size, size), mode="bilinear", antialias=True)
    return Images(resized.clamp(0, 1), images.labels, images.classes)


def _folder(path: Path, size: int) -> ImageFolder:
    """Return the images below ``path``, which has one folder a class."""
    if not path.is_dir():
        raise Refusal(f"there is no folder {path}")
    transform = Compose([partial(ImageOps.fit, size=(size, size)), ToTensor()])
    try:
        images = ImageFolder(str(path), transform, loader=read_image)
    except FileNotFoundError as error:  # no folder in it, or one without images
        raise Refusal(f"{path} must hold one folder a class, with images: {error}") from error
    if set(images.classes) & {"train", "val", "test"}:
        raise Refusal(
            f"{path} holds the folders {', '.join(images.classes)}, which are no classes: "
            f"try folder:{path / 'train'}"
        )
    return images


def read_image(path: str) -> Image.Image:
    """Return the colour image in a file, upright.

    Raises:
        UnreadableImage: with the name of the file.
    """
    try:
        with Image.open(path) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    except Exception as error:  # Pillow's decoders raise errors of many kinds
        raise UnreadableImage(f"{path} cannot be read as an image: {error}") from error
