"""The input whose pixels are asked about, among all that a model is fed."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from torch import Tensor, nn

from cnncourse.analysis._inputs import CheckedShapes, Inputs, inputs_from, reason_for
from cnncourse.analysis.parameters import check_runs_in_view
from cnncourse.shapes import shown

WANTED = (
    "input_size must be a full shape of positive integers, (N, C, L), (N, C, H, W) or "
    "(N, C, D, H, W)"
)


def inputs_with_image(
    input_size: Any, which: int | str, make: Callable[[Any], Tensor]
) -> tuple[Inputs, Tensor]:
    """Return the inputs of a model and the image among them; ``make`` fills a checked shape.

    Raises:
        ValueError: something is no shape, or the image has not one to three spatial axes.
    """

    def checked(size: Any) -> Tensor:
        is_shape = isinstance(size, list | tuple) and size
        if not isinstance(size, Tensor) and not (
            is_shape and all(type(n) is int and n > 0 for n in size)
        ):
            raise ValueError(f"{WANTED}, got {shown(size)}")
        return make(size)

    inputs = inputs_from(input_size, checked)
    image = inputs.chosen(which)
    if not 3 <= image.dim() <= 5:
        raise ValueError(f"{WANTED}, got {tuple(image.shape)}")
    return inputs, image


def call(model: nn.Module, inputs: Inputs, image: Tensor) -> Any:
    """Run the model.

    Raises:
        ValueError: it does not run, and why.
    """
    try:
        with CheckedShapes(inputs):
            return model(*inputs.args, **inputs.kwargs)
    except ValueError:
        raise
    except Exception as error:
        reason = reason_for(error, "measured_receptive_field measures by gradients")
        raise ValueError(
            f"the model does not run on an input of size {tuple(image.shape)}: {reason}"
        ) from error


def named_modules(model: nn.Module, output: str | None) -> dict[str, nn.Module]:
    """Return the modules by their paths, of which ``output`` must be one.

    Raises:
        TypeError: ``model`` is no module that can be watched.
        ValueError: there is no such path, with those that are near.
    """
    check_runs_in_view(model)
    names = dict(model.named_modules())
    if output is not None and output not in names:
        near = get_close_matches(output, names, n=4, cutoff=0.5) or list(names)[1:5]
        raise ValueError(f"the model has no module {output!r}; near names are {', '.join(near)}")
    return names
