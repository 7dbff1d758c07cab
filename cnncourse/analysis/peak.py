"""How much memory a forward pass needs at its fullest moment."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from cnncourse.analysis._attention import FusedAttention
from cnncourse.analysis._copying import copy_to
from cnncourse.analysis._inputs import tensors_in
from cnncourse.shapes import shown


def peak_activation_bytes(model: nn.Module, input_size: Sequence[int]) -> int:
    """Return the most bytes that the tensors of one forward pass hold at the same time.

    The pass runs without gradients, in the mode the model is in, on a copy on the meta device:
    nothing is computed. A tensor counts from the operation that makes it until Python forgets it;
    the input counts, parameters and buffers do not, and neither does what a routine needs inside of
    one operation. ``input_size`` is the full shape, such as ``(1, 3, 224, 224)``.

    Raises:
        ValueError: the model does not run on such an input.
    """
    twin = copy_to(model, torch.device("meta"))
    owned = {t.untyped_storage()._cdata for t in [*twin.parameters(), *twin.buffers()]}
    try:
        x = torch.empty(*input_size, device="meta")
        with torch.no_grad(), torch.device("meta"), FusedAttention(), _Living(owned) as living:
            living.meet(x)
            twin(x)
    except (RuntimeError, TypeError, ValueError) as error:
        reason = str(error).split("\n")[0]
        raise ValueError(
            f"{type(model).__name__} fails on an input of shape {shown(input_size)}: {reason}"
        ) from error
    return living.peak


class _Living(TorchDispatchMode):
    """Knows which tensors are alive, and the most bytes that they held together."""

    def __init__(self, owned: set[int]) -> None:
        super().__init__()
        self.owned = owned  # storages of parameters and buffers
        self.peak = 0
        self._alive: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for tensor in tensors_in(out):
            self.meet(tensor)
        return out

    def meet(self, tensor: Tensor) -> None:
        """Count this tensor from now on, unless it is a view of one that counts."""
        storage = tensor.untyped_storage()
        if storage._cdata not in self.owned:
            # The weak reference keeps the key from coming back for another storage.
            self._alive[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
        alive = {key: (ref, n) for key, (ref, n) in self._alive.items() if not ref.expired()}
        self._alive = alive
        self.peak = max(self.peak, sum(n for _, n in alive.values()))
