"""The networks that made the field, one family a file, weight for weight those of torchvision.

``from cnncourse.architectures import resnet`` and then ``resnet.resnet50()``. Each file reads from
top to bottom: table, blocks, network, builders; each has a ``tiny`` member for tests and demos.
"""

from cnncourse.architectures.loading import imagenet_classes, load_torchvision

__all__ = ["imagenet_classes", "load_torchvision"]
