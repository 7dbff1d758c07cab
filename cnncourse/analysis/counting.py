"""What any ``nn.Module`` costs: parameters, multiply-accumulates, and memory for training.

One convention holds everywhere: a multiply-accumulate is one product added to a running sum, and
those of convolutions and matrix products (attention's included) are counted, over the whole batch.
Bias, norm, activation, pooling and other pointwise arithmetic count as nothing. What is neither is
named, never silently zero. ``cnncourse.analysis._work`` states the three classes in full.

A model is observed on a copy. On the meta device, the default, the copy has shapes and no memory,
so the largest model costs none; the model itself is never run and stays as it was.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from cnncourse.analysis._inputs import Inputs, inputs_from, reason_for
from cnncourse.analysis._tracing import Call, Trace
from cnncourse.analysis.parameters import (
    ParameterCount,
    check_runs_in_view,
    count_parameters,
    tally,
)
from cnncourse.analysis.summary import Row, Summary, Uncounted
from cnncourse.shapes import shown

__all__ = [
    "ParameterCount",
    "Row",
    "Summary",
    "Uncounted",
    "UncountedWarning",
    "count_macs",
    "count_parameters",
    "summarize",
]

Input = Sequence[int] | Tensor
InputSize = Input | Sequence[Any] | Mapping[str, Any]


class UncountedWarning(UserWarning):
    """Some operator does work that the count leaves out."""


def count_macs(model: nn.Module, input_size: InputSize, device: str | torch.device = "meta") -> int:
    """Count the multiply-accumulates of one forward pass over the whole batch.

    ``input_size`` is the full shape with the batch in front, such as ``(1, 3, 224, 224)``; for
    several inputs a list of shapes, for keyword arguments a dict of them. Lists and dicts inside of
    these reach the model as such: ``[{"image": (1, 3, 224, 224)}]`` feeds one dict. A tensor may
    stand for a shape and is then fed as it is, which gives integer inputs such as token indices.
    The model runs in the mode it is in.

    Warns:
        UncountedWarning: if an operator that is no convolution or matrix product does real work.

    Raises:
        TypeError, ValueError: if the model does not run on such an input.
    """
    trace = _observe(model, input_size, device, keep_for_backward=False)
    uncounted = _uncounted(trace)
    if uncounted:
        names = "; ".join(map(str, uncounted))
        warnings.warn(f"not counted: {names}", UncountedWarning, stacklevel=2)
    return sum(call.macs for call in trace.calls)


def summarize(
    model: nn.Module, input_size: InputSize, device: str | torch.device = "meta"
) -> Summary:
    """Measure every call of every module in one forward pass, in order of execution.

    Work belongs to the innermost module that executes it, so what a composite does in its own
    ``forward`` (``F.conv2d``, ``@``) stands in its own row. A module called twice has two rows.
    ``input_size`` as in ``count_macs``. Memory for training is measured in the mode the model is
    in, with gradients enabled: call ``model.train()`` first to see what training keeps.

    Raises:
        TypeError, ValueError: if the model does not run on such an input.
    """
    trace = _observe(model, input_size, device, keep_for_backward=True)
    return Summary(
        model=type(model).__name__,
        input_shapes=tuple(tuple(x.shape) for x in trace.inputs.tensors.values()),
        training=model.training,
        device=str(device),
        rows=tuple(_rows(trace)),
        parameters=tally(trace.twin, trace.memory),
        uncounted=_uncounted(trace),
    )


def _observe(
    model: nn.Module, input_size: Any, device: str | torch.device, keep_for_backward: bool
) -> Trace:
    check_runs_in_view(model)
    device = _usable(device)
    grad = keep_for_backward or torch.is_grad_enabled()
    with torch.inference_mode(False), torch.set_grad_enabled(grad):
        inputs = _inputs(model, input_size, device)
        trace = Trace(model, inputs, device)
        return _run(trace, keep_for_backward)


def _run(trace: Trace, keep_for_backward: bool) -> Trace:
    try:
        trace.run(keep_for_backward)
    except Exception as error:
        model = type(trace.twin).__name__
        shapes = ", ".join(str(tuple(x.shape)) for x in trace.inputs.tensors.values())
        reason = reason_for(error, "pass device='cpu'")
        call = trace.raised_in(error)
        place = f" in {call.path!r} ({type(call.module).__name__})" if call and call.path else ""
        raise ValueError(f"{model} fails{place} on an input of shape {shapes}: {reason}") from error
    return trace


def _usable(device: str | torch.device) -> torch.device:
    try:
        return torch.empty(0, device=device).device
    except Exception as error:
        reason = str(error).strip().split("\n")[0]
        raise ValueError(f"device {str(device)!r} cannot be used here: {reason}") from error


def _inputs(model: nn.Module, input_size: Any, device: torch.device) -> Inputs:
    dtypes = (p.dtype for p in model.parameters())
    dtype = next((d for d in dtypes if d.is_floating_point or d.is_complex), None)
    dtype = dtype or torch.get_default_dtype()
    return inputs_from(input_size, lambda size: _input(size, device, dtype))


def _input(size: Any, device: torch.device, dtype: torch.dtype) -> Tensor:
    if isinstance(size, Tensor):
        if device.type == "meta":
            return torch.empty_like(size.detach(), device="meta")
        return size.detach().to(device, copy=True)
    is_shape = isinstance(size, list | tuple) and size and all(type(n) is int for n in size)
    if not is_shape:
        raise TypeError(
            "input_size must be a shape with the batch in front, such as (1, 3, 224, 224), "
            f"got {shown(size)}"
        )
    if min(size) < 1:
        raise ValueError(f"every entry of input_size must be at least 1, got {tuple(size)}")
    if device.type == "meta":
        return torch.empty(size, dtype=dtype, device=device)
    generator = torch.Generator(device).manual_seed(0)
    return torch.randn(size, generator=generator, device=device).to(dtype)


def _uncounted(trace: Trace) -> tuple[Uncounted, ...]:
    times: dict[tuple[str, str], int] = {}
    for call in trace.calls:
        for operator, count in call.uncounted.items():
            key = operator, call.path
            times[key] = times.get(key, 0) + count
    return tuple(Uncounted(*key, count) for key, count in times.items())


def _rows(trace: Trace) -> list[Row]:
    """Rows of the calls that are leaves or have something of their own, then of unused modules."""
    charged, unused = _charge_parameters(trace)
    rows = []
    for call in trace.calls:
        parameters = charged.get(call, 0)
        if call.is_leaf or parameters or call.macs or call.output_bytes or call.saved_bytes:
            shapes = call.output_shapes
            rows.append(
                Row(
                    path=call.path,
                    kind=type(call.module).__name__,
                    output_shape=shapes[0] if len(shapes) == 1 else shapes,
                    parameters=parameters,
                    macs=call.macs,
                    activation_bytes=call.output_bytes,
                    saved_bytes=call.saved_bytes,
                )
            )
    paths = {module: path for path, module in trace.twin.named_modules()}
    rows += [
        Row(paths[module], type(module).__name__, None, parameters, 0, 0, 0)
        for module, parameters in unused.items()
    ]
    return rows


def _charge_parameters(trace: Trace) -> tuple[dict[Call, int], dict[nn.Module, int]]:
    """Give each parameter to one call: its owner's first, else the first that reads it.

    What neither holds for (an auxiliary head in eval mode) stays with the module that owns it.
    """
    charged: dict[Call, int] = {}
    unused: dict[nn.Module, int] = {}
    done = set()
    for call in trace.calls:
        for parameter in call.module.parameters(recurse=False):
            memory = trace.memory.get(id(parameter), id(parameter))
            if memory not in done:
                done.add(memory)
                charged[call] = charged.get(call, 0) + parameter.numel()
    for module in trace.twin.modules():
        for parameter in module.parameters(recurse=False):
            memory = trace.memory.get(id(parameter), id(parameter))
            if memory not in done:
                done.add(memory)
                reader = trace.readers.get(id(parameter))
                owners, key = (unused, module) if reader is None else (charged, reader)
                owners[key] = owners.get(key, 0) + parameter.numel()
    return charged, unused
