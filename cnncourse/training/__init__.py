"""Training: one visible loop, a seed and a device for it.

``fit`` trains, ``predict`` and ``evaluate`` look at the result, and ``History`` holds what was seen
on the way.
"""

from cnncourse.training.device import pick_device
from cnncourse.training.loop import History, evaluate, fit, predict
from cnncourse.training.seed import set_seed

__all__ = ["History", "evaluate", "fit", "pick_device", "predict", "set_seed"]
