"""Data sets that need no network, and three larger ones through torchvision.

Every function returns the same kind of thing: :class:`Images`, or a pair of them (train, test).
"""

from cnncourse.data.canvas import place
from cnncourse.data.downloads import CACHE, cifar10, fashion_mnist, mnist
from cnncourse.data.drawings import scenes
from cnncourse.data.handwriting import digits, mnist_small
from cnncourse.data.images import Images
from cnncourse.data.patches import faces, textures
from cnncourse.data.photos import ACCEPTED, photographs, pictures

__all__ = [
    "ACCEPTED",
    "CACHE",
    "Images",
    "cifar10",
    "digits",
    "faces",
    "fashion_mnist",
    "mnist",
    "mnist_small",
    "photographs",
    "pictures",
    "place",
    "scenes",
    "textures",
]
