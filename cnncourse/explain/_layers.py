"""What a layer returns while the model runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from torch import Tensor, nn

from cnncourse.analysis.parameters import check_runs_in_view


class Watch:
    """Holds what the module at path ``layer`` has returned in the last forward pass."""

    def __init__(self, layer: str) -> None:
        self.layer = layer
        self.outputs: list[object] = []
        self.version = 0

    def take(self) -> Tensor:
        """Return the output, and forget it.

        Raises:
            ValueError: the layer did not run exactly once, returned no tensor, or its output was
                overwritten by what came next.
        """
        outputs, self.outputs = self.outputs, []
        if len(outputs) != 1:
            raise ValueError(
                f"the layer {self.layer!r} must run once, and ran {len(outputs)} times"
            )
        (output,) = outputs
        if not isinstance(output, Tensor):
            kind = type(output).__name__
            raise ValueError(f"the layer {self.layer!r} must return a tensor, got {kind}")
        if output._version != self.version:
            raise ValueError(
                f"the output of {self.layer!r} is overwritten in place by what follows it, "
                "such as F.relu_ or +=; explain the layer behind that"
            )
        return output


@contextmanager
def watching(model: nn.Module, layer: str) -> Iterator[Watch]:
    """Watch the module at path ``layer``.

    Raises:
        TypeError: the model cannot be watched.
        ValueError: it has no such layer.
    """
    check_runs_in_view(model)
    names = dict(model.named_modules())
    if layer not in names:
        near = get_close_matches(str(layer), names, n=4, cutoff=0.5) or list(names)[1:5]
        raise ValueError(f"the model has no layer {layer!r}; near names are {', '.join(near)}")
    watch = Watch(layer)

    def note(module: nn.Module, args: tuple, output: object) -> None:
        watch.outputs.append(output)
        watch.version = getattr(output, "_version", 0)

    handle = names[layer].register_forward_hook(note)
    try:
        yield watch
    finally:
        handle.remove()
