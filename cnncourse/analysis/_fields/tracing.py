"""One run of a model without data, which follows the receptive field of every tensor.

The run happens on PyTorch's meta device, where tensors have a shape and no values, so even a
large network takes a moment. What runs is a copy of the model, whose weights are replaced by
shapes only while an operation runs: what a network computes from constants it may look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

from cnncourse.analysis._fields.calls import Call, State, lost, with_place
from cnncourse.analysis._fields.field import Field
from cnncourse.analysis._fields.images import call, inputs_with_image
from cnncourse.analysis._fields.maps import FieldMap
from cnncourse.analysis._fields.memory import written_into
from cnncourse.analysis._fields.preserving import copy_in_eval_mode
from cnncourse.analysis._fields.rules import apply_rule
from cnncourse.analysis._fields.terms import Digit, Term
from cnncourse.analysis._inputs import Inputs, check_layer_input, tensors_in
from cnncourse.analysis.parameters import check_runs_in_view

RECURRENT = (torch.lstm, torch.gru, torch.rnn_tanh, torch.rnn_relu)


@dataclass(frozen=True)
class Visit:
    """One call of a module: what came out, and what its units see (None for no dependence)."""

    path: str
    kind: str
    is_leaf: bool
    outputs: tuple[tuple[tuple[int, ...], State | None], ...]


def trace_fields(
    model: nn.Module, input_size: Any, input: int | str, look_past_gates: bool
) -> tuple[list[Visit], tuple[int, ...]]:
    """Run a copy of ``model`` once; return its calls in order of completion, and the image's shape.

    The last call is that of the model itself, whose path is the empty string.
    """
    check_runs_in_view(model)
    if any(is_lazy(tensor) for tensor in (*model.parameters(), *model.buffers())):
        raise ValueError("the model has lazy layers without weights; run it once on an input")
    numbers = (p for p in model.parameters() if p.is_floating_point() or p.is_complex())
    dtype = next((p.dtype for p in numbers), None)

    def without_values(size: Any) -> Tensor:
        if isinstance(size, Tensor):
            return size.detach()
        return torch.empty(tuple(size), dtype=dtype, device="meta")

    inputs, x = inputs_with_image(input_size, input, without_values)
    with copy_in_eval_mode(model) as twin:
        mode = _FieldMode(twin, inputs, look_past_gates)
        mode.states[id(x)] = tuple(
            Field(extent, (Term(FieldMap(1, ((0, 0),)), (Digit(dim, 1, extent, 1),)),))
            for dim, extent in enumerate(x.shape[2:], start=2)
        )
        mode.keep(x)
        with torch.no_grad(), mode.watching(), _Functions(mode), mode:
            call(twin, inputs, x)
    return mode.visits, tuple(x.shape)


class _Functions(TorchFunctionMode):
    """Replaces two kinds of functions before they turn into low-level operations."""

    def __init__(self, mode: _FieldMode) -> None:
        super().__init__()
        self.mode = mode

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func is F.pad and "circular" in (*args[2:3], kwargs.get("mode")):
            # It is written as copies of slices; for positions it is padding like any other.
            pad = args[1] if len(args) > 1 else kwargs["pad"]
            return F.pad(args[0] if args else kwargs["input"], pad, mode="replicate")
        if func in (Tensor.numpy, Tensor.__array__) and self.mode.state_of(args[0]) is not None:
            raise ValueError(
                "the forward pass hands a tensor to NumPy, where it cannot be followed; "
                "PyTorch's functions can be"
            )
        if func in RECURRENT or self._picky(args):
            # Recurrent and complex layers, and autocast, want weights and input on one device.
            args, kwargs = tree_map(self.mode.without_data, (args, kwargs))
        return func(*args, **kwargs)

    def _picky(self, args: tuple[Any, ...]) -> bool:
        followed = [a for a in args if self.mode.state_of(a) is not None]
        casts = any(torch.is_autocast_enabled(device) for device in ("cpu", "cuda"))
        return any(casts or tensor.is_complex() for tensor in followed)


class _FieldMode(TorchDispatchMode):
    """Sees every operation of the run and keeps the fields of all tensors."""

    def __init__(self, model: nn.Module, inputs: Inputs, look_past_gates: bool) -> None:
        super().__init__()
        self.inputs = inputs
        self.look_past_gates = look_past_gates
        self.states: dict[int, State | None] = {}
        self.visits: list[Visit] = []
        self._by_memory: dict[int, list[Tensor]] = {}
        self._made: set[int] = set()  # memory that came into being during the run
        self._spoilt: dict[int, State] = {}
        self._twins: dict[int, tuple[Tensor, Tensor]] = {}
        self._twin_memory: dict[tuple[int, torch.dtype], Tensor] = {}
        self._original: dict[int, int] = {}
        self._names = {id(module): name for name, module in model.named_modules()}
        self._model = model
        self._running: list[nn.Module] = []

    # Which module is running

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Hooks for all modules, so that none has to be put on the model."""
        handles = [
            register_module_forward_pre_hook(self._enter),
            register_module_forward_hook(self._leave, always_call=True),
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(self, module: nn.Module, args: Any) -> None:
        if id(module) in self._names:
            self._running.append(module)
            check_layer_input(self.inputs, module, args)

    def _leave(self, module: nn.Module, args: Any, output: Any) -> None:
        if id(module) not in self._names:
            return
        self._running.pop()
        outputs = tuple((tuple(y.shape), self.state_of(y)) for y in tensors_in(output))
        is_leaf = next(module.children(), None) is None
        name = self._names[id(module)]
        self.visits.append(Visit(name, type(module).__name__, is_leaf, outputs))

    def _place(self, op: str) -> tuple[str, str]:
        """The running layer, and what to blame: in a container, the operation in it."""
        module = self._running[-1] if self._running else self._model
        name = self._names[id(module)] or type(module).__name__
        return name, name if next(module.children(), None) is None else f"{op} in {name}"

    # What is known of a tensor

    def keep(self, tensor: Tensor) -> None:
        """Hold on to a tensor, so that its identity stays its own for the whole run."""
        self._by_memory.setdefault(self._memory(tensor), []).append(tensor)

    def state_of(self, value: Any) -> State | None:
        """What the units of a tensor see; None where they see nothing of the input."""
        if not isinstance(value, Tensor):
            return None
        if id(value) in self.states:
            return self.states[id(value)]
        return self._spoilt.get(self._memory(value))

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        op = func._schema.name.removeprefix("aten::")
        changes = func._schema.is_mutable
        tensors = [value for value in tree_flatten((args, kwargs))[0] if isinstance(value, Tensor)]
        without_data = any(t.is_meta or self.state_of(t) is not None for t in tensors)
        memories = {self._memory(tensor) for tensor in tensors}
        if changes and not memories <= self._made:  # what the model owns is not written to
            without_data = True
        if without_data and op in ("_local_scalar_dense", "is_nonzero", "equal"):
            raise ValueError(
                f"the forward pass of {self._place(op)[0]} looks at the values of a tensor, "
                "so what its units see may depend on the image; measured_receptive_field "
                "measures it by gradients"
            )
        run_args, run_kwargs = args, kwargs
        if without_data:
            run_args, run_kwargs = tree_map(self.without_data, (args, kwargs))
            if "device" in run_kwargs:
                run_kwargs["device"] = torch.device("meta")
        result = func(*run_args, **run_kwargs)
        results = [value for value in tree_flatten(result)[0] if isinstance(value, Tensor)]
        if not results:
            return result
        schema = func._schema.arguments
        arguments = {a.name: a.default_value for a in schema if a.has_default_value()}
        arguments |= dict(zip((a.name for a in schema), args, strict=False)) | kwargs
        written = [a.name for a in schema if a.alias_info is not None and a.alias_info.is_write]
        target = arguments.get("self") if "self" in written else arguments.pop("out", None)
        call = Call(
            op.rstrip("_") if changes else op,
            arguments,
            results,
            self.state_of,
            *self._place(op.rstrip("_")),
            self.look_past_gates,
        )
        before = self.state_of(target)
        states = apply_rule(call, func)
        for value, state in zip(results, states, strict=True):
            self.keep(value)
            if self._memory(value) not in memories:
                self._made.add(self._memory(value))
            self.states[id(value)] = state
        if changes and target is not None:
            self._overwrite(call, target, before, states[0])
        return result

    def without_data(self, value: Any) -> Any:
        """The tensor's twin on the meta device; twins share memory where the tensors do."""
        if not isinstance(value, Tensor) or value.is_meta:
            return value
        if id(value) not in self._twins:
            memory = (_storage(value), value.dtype)
            if memory not in self._twin_memory:
                count = value.untyped_storage().nbytes() // value.element_size()
                self._twin_memory[memory] = torch.empty(count, dtype=value.dtype, device="meta")
                self._original[_storage(self._twin_memory[memory])] = _storage(value)
            twin = self._twin_memory[memory].as_strided(
                value.shape, value.stride(), value.storage_offset()
            )
            self._twins[id(value)] = (value, twin)
        return self._twins[id(value)][1]

    def _memory(self, tensor: Tensor) -> int:
        """The memory behind a tensor, the original's for a twin."""
        return self._original.get(_storage(tensor), _storage(tensor))

    def _overwrite(
        self, call: Call, target: Tensor, before: State | None, state: State | None
    ) -> None:
        """An operation in place: whatever shares the memory of ``target`` changes with it."""
        if state == before:
            return
        self.keep(target)
        for other in self._by_memory[self._memory(target)]:
            old = self.state_of(other)
            new = written_into(other, old, target, state)
            self.states[id(other)] = with_place(call, new, [old, state])
        if state is not None:
            spoilt = lost(state, "memory is written to under another name")
            self._spoilt[self._memory(target)] = with_place(call, spoilt, [state])


def _storage(tensor: Tensor) -> int:
    try:
        return tensor.untyped_storage()._cdata
    except NotImplementedError:  # inside vmap
        return id(tensor)
