"""Training: one visible loop, and a trainer around its epochs.

``fit`` trains, ``predict`` and ``evaluate`` look at the result, and ``History`` holds what was seen
on the way. ``train_epoch`` is what ``fit`` repeats. The trainer, which repeats it too, reads from
a disk, uses several processes and can be interrupted: ``python -m cnncourse.train --help``.
"""

from cnncourse.training.device import pick_device
from cnncourse.training.loop import History, evaluate, fit, predict, train_epoch
from cnncourse.training.seed import set_seed

__all__ = ["History", "evaluate", "fit", "pick_device", "predict", "set_seed", "train_epoch"]
