"""A network that has learnt one task, put to work on another.

Four tools: ``features`` of images, computed once and kept; ``freeze``, which sets how much of a
network stays as it is; ``parameter_groups``, which lets the rest move the less the farther it is
from the head; and ``squared_distance``, how far it has moved, for a penalty.
"""

from cnncourse.transfer.distance import squared_distance
from cnncourse.transfer.features import features
from cnncourse.transfer.freezing import freeze
from cnncourse.transfer.rates import parameter_groups

__all__ = ["features", "freeze", "parameter_groups", "squared_distance"]
