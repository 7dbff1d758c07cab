"""The convolution behind `Conv2d`: fast enough to train with, differentiable any number of times.

With weight w, padded input x and any g of the output's shape, the number

    T(x, w, g) = sum over n, o, i, j of g[n, o, i, j] * convolve(x, w)[n, o, i, j]

is linear in each of its three arguments. So the gradient of T by one argument is a function of the
other two, and there are three such functions, each below as one ``autograd.Function``:

    by g  `Convolve(x, w)`          the convolution itself
    by x  `InputGradient(g, w)`     its adjoint, also called transposed convolution
    by w  `WeightGradient(x, g)`    windows of the input, correlated with the output's gradient

The derivative of any of the three is made of the other two, which is why the set is closed.
Nothing but x, w and g is kept for the backward pass: columns are made anew when needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import FunctionCtx

from cnncourse.layers._precision import widened
from cnncourse.layers._windows import output_size, sliding_windows

CHUNK_BYTES = 4 * 2**20  # of columns at a time: they stay in the processor's cache


class Geometry(NamedTuple):
    """All that the three functions need to know besides their two tensors."""

    input_size: tuple[int, int]  # (H, W), padding included
    kernel_size: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    groups: int

    @property
    def output_size(self) -> tuple[int, int]:
        """(H', W')."""
        return output_size(self.input_size, self.kernel_size, self.stride, (0, 0), self.dilation)

    def taps(self, axis: int) -> list[slice]:
        """For each tap of the kernel along an axis, the inputs that it meets in all windows."""
        stride, dilation, count = self.stride[axis], self.dilation[axis], self.output_size[axis]
        starts = (tap * dilation for tap in range(self.kernel_size[axis]))
        return [slice(start, start + (count - 1) * stride + 1, stride) for start in starts]

    def shifts(self) -> Iterator[tuple[int, int, slice, slice]]:
        """Yield ``(a, b, rows, columns)``: the inputs that tap (a, b) meets in all windows."""
        for a, rows in enumerate(self.taps(0)):
            for b, columns in enumerate(self.taps(1)):
                yield a, b, rows, columns


def convolve(
    x: Tensor,
    weight: Tensor,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> Tensor:
    """Return every window of the padded image ``x``, multiplied with every kernel and summed.

    Shape:
        x       (N, C_in, H, W), padding included
        weight  (C_out, C_in / groups, kh, kw)
        return  (N, C_out, H', W')
    """
    (height, width), (kh, kw) = x.shape[2:], weight.shape[2:]
    return Convolve.apply(x, weight, Geometry((height, width), (kh, kw), stride, dilation, groups))


def under_autocast(*tensors: Tensor | None) -> tuple[Tensor | None, ...]:
    """Inside ``torch.autocast``, return the tensors in its dtype, as for torch's convolution."""
    device = tensors[0].device.type
    if not torch.amp.is_autocast_available(device) or not torch.is_autocast_enabled(device):
        return tensors
    dtype = torch.get_autocast_dtype(device)
    exempt = (None, torch.float64)
    return tuple(t if getattr(t, "dtype", None) in exempt else t.to(dtype) for t in tensors)


class Convolve(Function):
    """Shape: x (N, C_in, H, W), weight (C_out, C_in / groups, kh, kw) -> (N, C_out, H', W')."""

    @staticmethod
    def forward(x: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
        if _is_depthwise(weight, geometry):
            return _depthwise(x, weight, geometry)
        y = x.new_empty(x.shape[0], weight.shape[0], *geometry.output_size)
        kernels = weight.reshape(geometry.groups, -1, weight[0].numel())
        for chunk in _chunks(x, geometry):
            y[chunk] = (kernels @ _columns(x[chunk], geometry)).view_as(y[chunk])
        return y

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple, output: Tensor) -> None:
        x, weight, ctx.geometry = inputs
        ctx.save_for_backward(x, weight)

    @staticmethod
    def backward(ctx: FunctionCtx, g: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x, weight = ctx.saved_tensors
        need_x, need_weight, _ = ctx.needs_input_grad
        return (
            InputGradient.apply(g, weight, ctx.geometry) if need_x else None,
            WeightGradient.apply(x, g, ctx.geometry) if need_weight else None,
            None,
        )


class InputGradient(Function):
    """Shape: g (N, C_out, H', W'), weight as above -> (N, C_in, H, W)."""

    @staticmethod
    def forward(g: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
        in_channels = geometry.groups * weight.shape[1]
        x = g.new_zeros(g.shape[0], in_channels, *geometry.input_size)
        if _is_depthwise(weight, geometry):
            x, wide = widened(x), widened(weight)
            for a, b, rows, columns in geometry.shifts():
                x[:, :, rows, columns].addcmul_(g, wide[:, :, a, b, None])
            return x.to(g.dtype)
        kernels = weight.reshape(geometry.groups, -1, weight[0].numel())
        for chunk in _chunks(x, geometry):
            output = g[chunk].flatten(2).unflatten(1, (geometry.groups, -1))
            x[chunk] = _scatter(widened(kernels.mT @ output), geometry)
        return x

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple, output: Tensor) -> None:
        g, weight, ctx.geometry = inputs
        ctx.save_for_backward(g, weight)

    @staticmethod
    def backward(ctx: FunctionCtx, x: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        g, weight = ctx.saved_tensors
        need_g, need_weight, _ = ctx.needs_input_grad
        return (
            Convolve.apply(x, weight, ctx.geometry) if need_g else None,
            WeightGradient.apply(x, g, ctx.geometry) if need_weight else None,
            None,
        )


class WeightGradient(Function):
    """Shape: x (N, C_in, H, W), g (N, C_out, H', W') -> (C_out, C_in / groups, kh, kw)."""

    @staticmethod
    def forward(x: Tensor, g: Tensor, geometry: Geometry) -> Tensor:
        out_channels, channels_per_group = g.shape[1], x.shape[1] // geometry.groups
        shape = (out_channels, channels_per_group, *geometry.kernel_size)
        weight = widened(x.new_zeros(shape))
        if _is_depthwise(weight, geometry):
            for a, b, rows, columns in geometry.shifts():
                weight[:, 0, a, b] = (x[:, :, rows, columns] * g).sum((0, 2, 3))
            return weight.to(x.dtype)
        kernels = weight.view(geometry.groups, out_channels // geometry.groups, -1)
        for chunk in _chunks(x, geometry):
            output = g[chunk].flatten(2).unflatten(1, (geometry.groups, -1))
            kernels += (output @ _columns(x[chunk], geometry).mT).sum(0)
        return weight.to(x.dtype)

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple, output: Tensor) -> None:
        x, g, ctx.geometry = inputs
        ctx.save_for_backward(x, g)

    @staticmethod
    def backward(ctx: FunctionCtx, weight: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x, g = ctx.saved_tensors
        need_x, need_g, _ = ctx.needs_input_grad
        return (
            InputGradient.apply(g, weight, ctx.geometry) if need_x else None,
            Convolve.apply(x, weight, ctx.geometry) if need_g else None,
            None,
        )


def _is_depthwise(weight: Tensor, geometry: Geometry) -> bool:
    """One channel in and one out a group: columns would make matrix products of a single row.

    The meta device computes nothing. There it is a product like any other, which can be counted.
    """
    return weight.shape[1] == 1 and weight.shape[0] == geometry.groups > 1 and not weight.is_meta


def _depthwise(x: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
    """Add up the image, shifted and weighted by one tap after the other: nothing is copied."""
    y = widened(x.new_zeros(x.shape[0], x.shape[1], *geometry.output_size))
    wide = widened(weight)
    for a, b, rows, columns in geometry.shifts():
        y.addcmul_(x[:, :, rows, columns], wide[:, :, a, b, None])
    return y.to(x.dtype)


def _columns(x: Tensor, geometry: Geometry) -> Tensor:
    """Return windows as columns, (N, groups, C_in / groups * kh * kw, H' * W')."""
    windows = sliding_windows(x, geometry.kernel_size, geometry.stride, geometry.dilation)
    columns = windows.permute(0, 1, 4, 5, 2, 3)  # (N, C_in, kh, kw, H', W')
    return columns.unflatten(1, (geometry.groups, -1)).flatten(5).flatten(2, 4)


def _scatter(columns: Tensor, geometry: Geometry) -> Tensor:
    """Add columns up where their values came from: the adjoint of `_columns`.

    First along rows, then along columns: kh + kw large additions instead of kh * kw small ones.
    """
    (height, width), (kh, kw), (h_out, w_out) = (
        geometry.input_size,
        geometry.kernel_size,
        geometry.output_size,
    )
    windows = columns.reshape(columns.shape[0], -1, kh, kw, h_out, w_out)
    n_images, channels = windows.shape[:2]
    rows = columns.new_zeros(n_images, channels, kh, h_out, width)
    for b, positions in enumerate(geometry.taps(1)):
        rows[..., positions] += windows[:, :, :, b]
    x = columns.new_zeros(n_images, channels, height, width)
    for a, positions in enumerate(geometry.taps(0)):
        x[:, :, positions] += rows[:, :, a]
    return x


def _chunks(x: Tensor, geometry: Geometry) -> Iterator[slice]:
    """Yield slices of the batch, as many images each as have CHUNK_BYTES of columns."""
    (kh, kw), (h_out, w_out) = geometry.kernel_size, geometry.output_size
    per_image = x.shape[1] * kh * kw * h_out * w_out * x.element_size()
    step = max(1, CHUNK_BYTES // per_image)
    for start in range(0, x.shape[0], step):
        yield slice(start, start + step)
