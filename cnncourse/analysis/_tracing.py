"""One forward pass of a copy of a model, watched operation by operation."""

from __future__ import annotations

import sys
import weakref
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from cnncourse.analysis._attention import FusedAttention
from cnncourse.analysis._copying import copy_to
from cnncourse.analysis._inputs import CheckedShapes, Inputs, check_layer_input, tensors_in
from cnncourse.analysis._meta import MetaCache
from cnncourse.analysis._randomness import same_random_state
from cnncourse.analysis._work import DECOMPOSE, rule_for
from cnncourse.analysis.parameters import memory_of


@dataclass(eq=False)
class Call:
    """One execution of one module."""

    path: str
    module: nn.Module
    is_leaf: bool
    macs: int = 0
    output_shapes: tuple[tuple[int, ...], ...] = ()
    output_bytes: int = 0  # a composite is charged only for outputs that no inner call has made
    saved_bytes: int = 0
    uncounted: dict[str, int] = field(default_factory=dict)  # operator: how often


class Trace(TorchDispatchMode):
    """Runs ``model`` once on a copy and records every call with its work.

    ``calls`` stand in the order in which they begin. Work belongs to the innermost module that is
    executing. ``readers`` tells by ``id`` which call was the first to read a parameter of the copy,
    ``memory`` which of them are the same memory.
    """

    supports_higher_order_operators = True

    def __init__(self, model: nn.Module, inputs: Inputs, device: torch.device) -> None:
        super().__init__()
        self.twin = copy_to(model, device)
        # Which parameters are the same memory is known of the model, and not of its copy.
        pairs = zip(_every_parameter(model), _every_parameter(self.twin), strict=True)
        self.memory = {id(twin): memory_of(original) for original, twin in pairs}
        self.calls: list[Call] = []
        self.readers: dict[int, Call] = {}
        self._unread = {id(p) for p in self.twin.parameters()}
        self.inputs = inputs
        self._device = device
        self._stack: list[Call] = []
        self._hooks: list[Any] = []
        self._raised_in: dict[int, Call] = {}
        self._execute = MetaCache()
        self._rules: dict[Any, Any] = {}
        self.in_complex_convolution = False
        self._seen: dict[int, Any] = {}  # the storages of all outputs so far
        self._saved: list[weakref.ref[_Saved]] = []
        for path, module in self.twin.named_modules():
            self._watch(path, module)

    def run(self, keep_for_backward: bool) -> None:
        """Execute the forward pass; with ``keep_for_backward`` also measure what autograd keeps."""
        owned = _storages(self.twin)
        with ExitStack() as stack:
            stack.enter_context(same_random_state([self._device]))
            stack.enter_context(CheckedShapes(self.inputs))
            stack.enter_context(_ComplexConvolutions(self))
            # Tensors made in forward land on the device. A mode of this kind also keeps attention
            # off its fast path, one fused operator that hides its matrix products.
            stack.enter_context(torch.device(self._device))
            if keep_for_backward:
                stack.enter_context(FusedAttention())
                stack.enter_context(
                    torch.autograd.graph.saved_tensors_hooks(self._pack, lambda saved: saved.tensor)
                )
            stack.enter_context(self)
            for hook in self._hooks:
                stack.callback(hook.remove)  # they hold this trace: a cycle that would linger
            output = self.twin(*self.inputs.args, **self.inputs.kwargs)
        if keep_for_backward:
            self._charge_saved({**owned, **_storages(self.twin)})
        del output  # until here it held the graph

    def raised_in(self, error: BaseException) -> Call | None:
        """Return the innermost call that ``error`` came from."""
        return self._raised_in.get(id(error))

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in self._rules:
            rule = self._rules[func]
        else:
            rule = self._rules[func] = rule_for(func)
        if rule is DECOMPOSE:
            with self:
                return func.decompose(*args, **kwargs)
        call = self._stack[-1]
        for argument in args:
            for tensor in argument if isinstance(argument, list | tuple) else (argument,):
                if id(tensor) in self._unread:
                    self._unread.remove(id(tensor))
                    self.readers[id(tensor)] = call
        out = self._execute(func, args, kwargs)
        if isinstance(rule, str):
            call.uncounted[rule] = call.uncounted.get(rule, 0) + 1
        elif rule is not None:
            macs = int(rule(args, kwargs, out))
            call.macs += macs // 3 if self.in_complex_convolution else macs
        return out

    def _watch(self, path: str, module: nn.Module) -> None:
        is_leaf = next(module.children(), None) is None

        def begin(module: nn.Module, args: tuple[Any, ...]) -> None:
            call = Call(path, module, is_leaf)
            self.calls.append(call)
            self._stack.append(call)
            check_layer_input(self.inputs, module, args)

        def end(module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
            call = self._stack.pop()
            if (error := sys.exc_info()[1]) is not None:
                self._raised_in.setdefault(id(error), call)
            tensors = list(tensors_in(output))
            call.output_shapes = tuple(tuple(t.shape) for t in tensors)
            for tensor in tensors:
                if self._is_new(tensor) or is_leaf:
                    call.output_bytes += tensor.numel() * tensor.element_size()

        self._hooks.append(module.register_forward_pre_hook(begin, prepend=True))
        # always_call keeps the stack right when a module catches its child's exception.
        self._hooks.append(module.register_forward_hook(end, always_call=True))

    def _is_new(self, tensor: Tensor) -> bool:
        key, _ = _storage_of(tensor)
        if key in self._seen:
            return False
        # A weak reference frees the memory but not the key, which could otherwise come back.
        self._seen[key] = tensor if key == id(tensor) else StorageWeakRef(tensor.untyped_storage())
        return True

    def _pack(self, tensor: Tensor) -> _Saved:
        # Detached: a node that held its own output would hold itself, and never be freed.
        saved = _Saved(tensor.detach(), self._stack[-1])
        self._saved.append(weakref.ref(saved))
        return saved

    def _charge_saved(self, owned: dict[int, Any]) -> None:
        # Only what the graph still holds; a storage saved twice is charged to its first saver.
        charged = set(owned)
        for reference in self._saved:
            saved = reference()
            if saved is None:
                continue
            key, nbytes = _storage_of(saved.tensor)
            if key not in charged:
                charged.add(key)
                saved.call.saved_bytes += nbytes


class _ComplexConvolutions(TorchFunctionMode):
    """Marks convolutions of complex numbers, of which PyTorch makes three real ones.

    A product of complex numbers is one product, as in a matrix product.
    """

    def __init__(self, trace: Trace) -> None:
        super().__init__()
        self.trace = trace

    def __torch_function__(self, func, types, args=(), kwargs=None):
        is_complex = func in _CONVOLUTIONS and args and args[0].is_complex()
        self.trace.in_complex_convolution = is_complex
        try:
            return func(*args, **(kwargs or {}))
        finally:
            self.trace.in_complex_convolution = False


_CONVOLUTIONS = frozenset(
    (
        torch.conv1d,
        torch.conv2d,
        torch.conv3d,
        torch.conv_transpose1d,
        torch.conv_transpose2d,
        torch.conv_transpose3d,
    )
)


@dataclass(eq=False)
class _Saved:
    # What autograd keeps in place of a saved tensor: alive as long as the graph needs it.
    tensor: Tensor
    call: Call


def _storage_of(tensor: Tensor) -> tuple[int, int]:
    try:
        storage = tensor.untyped_storage()
    except (NotImplementedError, RuntimeError):  # sparse tensors have no single storage
        return id(tensor), tensor.numel() * tensor.element_size()
    return storage._cdata, storage.nbytes()


def _every_parameter(module: nn.Module) -> list[nn.Parameter]:
    return [p for _, p in module.named_parameters(remove_duplicate=False)]


def _storages(module: nn.Module) -> dict[int, Tensor]:
    # Storages of parameters and buffers; the tensors keep the keys from being reused.
    tensors = [t for t in [*module.parameters(), *module.buffers()] if not is_lazy(t)]
    return {_storage_of(t)[0]: t for t in tensors}
