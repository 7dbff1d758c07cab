"""What a model is fed: one shape or tensor, a list of several, or a dict of keyword arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode


@dataclass
class Inputs:
    """The arguments of a call, and its tensors by name: the key in a dict, else the number.

    ``sizes`` are the shapes as they were given, whatever was made of them.
    """

    args: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    sizes: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def chosen(self, which: int | str) -> Tensor:
        """Return the tensor with this name or number.

        Raises:
            ValueError: there is none.
        """
        names = list(self.tensors)
        if isinstance(which, int) and 0 <= which < len(names):
            return self.tensors[names[which]]
        if which not in self.tensors:
            raise ValueError(f"input must be one of {', '.join(names)}, got {which!r}")
        return self.tensors[which]


def inputs_from(given: Any, make: Callable[[Any], Tensor]) -> Inputs:
    """Read ``given`` as the inputs of a model, where ``make`` turns shapes and tensors into inputs.

    A shape or a tensor is the only input, a list of such are several, a dict holds keyword
    arguments. Lists and dicts inside of these reach the model as they are, and so do None, truth
    values, numbers and text: ``[{"image": (1, 3, 8, 8)}]`` is a model that takes one dict.
    """
    inputs = Inputs()

    def build(name: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: build(str(key), item) for key, item in value.items()}
        if isinstance(value, list | tuple) and not _is_shape(value):
            return [build(f"{name}.{i}", item) for i, item in enumerate(value)]
        if value is None or isinstance(value, bool | int | float | str):
            return value
        inputs.tensors[name] = make(value)
        inputs.sizes[name] = tuple(value.shape if isinstance(value, Tensor) else value)
        return inputs.tensors[name]

    if isinstance(given, Mapping):
        inputs.kwargs = build("", given)
    elif isinstance(given, list | tuple) and any(_holds_inputs(item) for item in given):
        inputs.args = [build(str(i), item) for i, item in enumerate(given)]
    else:
        inputs.args = [build("0", given)]
    if not inputs.tensors:
        make(given)  # which says what is needed
    return inputs


def _holds_inputs(value: Any) -> bool:
    return isinstance(value, Tensor | list | tuple | Mapping)


def _is_shape(value: list[Any] | tuple[Any, ...]) -> bool:
    return bool(value) and not any(_holds_inputs(item) for item in value)


def tensors_in(value: Any) -> Iterator[Tensor]:
    """Yield the tensors inside nested tuples, lists, mappings and dataclasses, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from tensors_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors_in(item)
    elif is_dataclass(value):
        for item in fields(value):
            yield from tensors_in(getattr(value, item.name))


class CheckedShapes(TorchFunctionMode):
    """Says in a sentence which shapes do not fit, where PyTorch would not.

    An input without a batch is a single image to PyTorch: its channels would count as images, and
    its columns alone as positions. On the meta device a convolution names no sizes.
    """

    def __init__(self, inputs: Inputs) -> None:
        super().__init__()
        self.inputs = inputs

    def __torch_function__(self, func, types, args=(), kwargs=None):
        axes = _spatial_axes(func)
        shapes = [tuple(a.shape) for a in args[:2] if isinstance(a, Tensor)] if axes else []
        if shapes:
            _check_batch(self.inputs, axes, args[0])
        try:
            return func(*args, **(kwargs or {}))
        except RuntimeError as error:
            if len(shapes) == 2 and "channel" in str(error):
                raise RuntimeError(
                    f"a convolution with a weight of shape {shapes[1]} got {shapes[0]}, "
                    "which has another number of channels"
                ) from error
            raise


def reason_for(error: BaseException, if_values_are_read: str) -> str:
    """Return the first line of an error, and what to do about it."""
    reason = (str(error).strip().split("\n")[0] or type(error).__name__).rstrip(".")
    if "meta" in reason.lower():
        reason += f"; if forward reads values, {if_values_are_read}"
    if "required positional argument" in reason:
        reason += "; for several inputs, input_size is a list with one shape for each"
    return reason


def check_layer_input(inputs: Inputs, module: nn.Module, args: tuple[Any, ...]) -> None:
    """Refuse an input without a batch for a layer that has windows and is not PyTorch's."""
    kernel_size = getattr(module, "kernel_size", None)
    if isinstance(kernel_size, tuple) and args and isinstance(args[0], Tensor):
        _check_batch(inputs, len(kernel_size), args[0])


def _check_batch(inputs: Inputs, axes: int, x: Tensor) -> None:
    if x.dim() == axes + 1:
        for size in inputs.sizes.values():
            if len(size) == axes + 1:
                raise ValueError(f"input_size needs the batch in front, such as {(1, *size)}")


@cache
def _spatial_axes(func: Callable[..., Any]) -> int:
    # 2 for conv2d and max_pool2d, 0 for what looks at no positions
    found = re.search(r"(?:conv|conv_transpose|pool)([123])d$", getattr(func, "__name__", ""))
    return int(found[1]) if found else 0
