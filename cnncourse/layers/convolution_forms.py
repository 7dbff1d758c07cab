"""The same convolution written four ways: loops, im2col, FFT and an explicit matrix.

All compute what deep learning calls convolution (a cross-correlation, the kernel is not flipped):

    y[n, o, i, j] = bias[o] + sum over c, a, b of
                    weight[o, c, a, b] * x[n, c, i*stride + a*dilation - padding,
                                                 j*stride + b*dilation - padding]

with x = 0 outside the image. With ``groups``, output channel ``o`` sees only the input channels of
its own group. All are made of differentiable tensor operations, so autograd works through them.
Arguments and results are those of ``torch.nn.functional.conv2d``.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.layers._windows import Size, check_images, output_size, sliding_windows
from cnncourse.shapes import check_int, effective_kernel_size, pair


def conv2d_loops(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve as the formula says: one Python loop for every index. For reading, not for speed.

    Shape:
        x       (N, C_in, H, W)
        weight  (C_out, C_in / groups, kh, kw)
        bias    (C_out,)
        return  (N, C_out, H', W')

    Raises:
        ValueError, TypeError: shapes or arguments that do not belong together.
    """
    (sh, sw), (ph, pw), (dh, dw), (h_out, w_out) = check_arguments(
        x, weight, bias, stride, padding, dilation, groups
    )
    n_images, _, height, width = x.shape
    out_channels, channels_per_group, kh, kw = weight.shape
    y = x.new_zeros(n_images, out_channels, h_out, w_out)
    for n in range(n_images):
        for o in range(out_channels):
            group = o // (out_channels // groups)
            for i in range(h_out):
                for j in range(w_out):
                    total = x.new_zeros(()) if bias is None else bias[o]
                    for c in range(channels_per_group):
                        for a in range(kh):
                            for b in range(kw):
                                row = i * sh + a * dh - ph
                                column = j * sw + b * dw - pw
                                if 0 <= row < height and 0 <= column < width:
                                    value = x[n, group * channels_per_group + c, row, column]
                                    total = total + weight[o, c, a, b] * value
                    y[n, o, i, j] = total
    return y


def im2col(
    x: Tensor, kernel_size: Size, stride: Size = 1, padding: Size = 0, dilation: Size = 1
) -> Tensor:
    """Copy every window of ``x`` into a column, zero padding included.

    A value is copied once for every window that covers it, about ``kh * kw / stride**2`` times:
    that is the memory this form costs. The order is that of ``torch.nn.functional.unfold``.

    Shape:
        x       (N, C, H, W)
        return  (N, C * kh * kw, L) with L = H' * W' windows in reading order

    Raises:
        ValueError, TypeError: ``x`` is no batch of images, or an argument is out of range.
    """
    check_images(x)
    if x.ndim == 3:
        raise ValueError(f"x must have shape (N, C, H, W), got {tuple(x.shape)}")
    kernel, strides = pair(kernel_size, "kernel_size", 1), pair(stride, "stride", 1)
    (ph, pw), dilations = pair(padding, "padding"), pair(dilation, "dilation", 1)
    h_out, w_out = output_size(tuple(x.shape[2:]), kernel, strides, (ph, pw), dilations)
    windows = sliding_windows(F.pad(x, (pw, pw, ph, ph)), kernel, strides, dilations)
    columns = windows.permute(0, 1, 4, 5, 2, 3)  # (N, C, kh, kw, H', W'), still a view
    return columns.reshape(x.shape[0], x.shape[1] * kernel[0] * kernel[1], h_out * w_out)


def conv2d_im2col(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve by one matrix product: windows as columns, kernels as rows.

    The arithmetic is that of the loops; the copying in `im2col` buys one large product, which
    processors do fastest (Chellapilla, Puri and Simard 2006).

    Shape: as in `conv2d_loops`.
    """
    strides, paddings, dilations, (h_out, w_out) = check_arguments(
        x, weight, bias, stride, padding, dilation, groups
    )
    n_images, (out_channels, _, kh, kw) = x.shape[0], weight.shape
    columns = im2col(x, (kh, kw), strides, paddings, dilations)  # (N, C_in*kh*kw, L)
    # Channels of one group lie side by side, so a group is a block of rows.
    columns = columns.unflatten(1, (groups, -1))  # (N, groups, C_in/groups*kh*kw, L)
    rows = weight.reshape(groups, out_channels // groups, -1)
    y = (rows @ columns).reshape(n_images, out_channels, h_out, w_out)
    return y if bias is None else y + bias[:, None, None]


def conv2d_fft(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve by multiplying spectra: the convolution theorem.

    The theorem speaks of circular convolution with a flipped kernel; for real signals, the flip is
    a complex conjugate. Both are transformed at the size of the padded image: what wraps around
    there are only positions at which the kernel hangs over the edge, and these are cut off. The
    cost hardly depends on the kernel's size, and dilation and stride save nothing: gaps are
    transformed as zeros, and all positions are computed before most are thrown away.

    Shape: as in `conv2d_loops`.

    Raises:
        TypeError: in addition, ``x`` is neither float32 nor float64.
    """
    (sh, sw), (ph, pw), (dh, dw), _ = check_arguments(
        x, weight, bias, stride, padding, dilation, groups
    )
    if x.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"conv2d_fft needs float32 or float64, got {x.dtype}")
    count = len(x)
    fill = int(count == 0)  # an empty batch gets one image: older torch cannot transform none
    x = F.pad(x, (pw, pw, ph, ph, 0, 0, 0, fill))
    height, width = x.shape[2:]
    out_channels, channels_per_group, kh, kw = weight.shape
    span_h, span_w = effective_kernel_size(kh, dh), effective_kernel_size(kw, dw)
    kernel = weight.new_zeros(out_channels, channels_per_group, span_h, span_w)
    kernel[:, :, ::dh, ::dw] = weight  # zeros in the gaps

    x_hat = torch.fft.rfft2(x).unflatten(1, (groups, channels_per_group))
    kernel_hat = torch.fft.rfft2(kernel, (height, width))
    kernel_hat = kernel_hat.unflatten(0, (groups, out_channels // groups))
    y_hat = torch.einsum("ngchw,gochw->ngohw", x_hat, kernel_hat.conj()).flatten(1, 2)
    y = torch.fft.irfft2(y_hat, (height, width))  # (N, C_out, H, W), padding included
    y = y[:count, :, : height - span_h + 1 : sh, : width - span_w + 1 : sw]  # nothing wrapped here
    return y if bias is None else y + bias[:, None, None]


def convolution_matrix(
    weight: Tensor,
    input_size: Size,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Return the sparse matrix that a convolution is.

    Row (o, i, j) computes one output value. It holds the kernel of channel ``o`` at the inputs
    which that value sees, and zeros elsewhere: every row repeats the same few numbers, moved.
    Look at it with ``.to_dense()``; it has ``C_out * H' * W' * C_in / groups * kh * kw`` entries
    at most (padding removes some).

    Shape:
        weight  (C_out, C_in / groups, kh, kw)
        return  (C_out * H' * W', C_in * H * W), a sparse COO tensor

    Raises:
        ValueError, TypeError: shapes or arguments that do not belong together.
    """
    _check_weight(weight, groups)
    height, width = pair(input_size, "input_size", 1)
    (sh, sw), (ph, pw) = pair(stride, "stride", 1), pair(padding, "padding")
    dh, dw = pair(dilation, "dilation", 1)
    out_channels, channels_per_group, kh, kw = weight.shape
    h_out, w_out = output_size((height, width), (kh, kw), (sh, sw), (ph, pw), (dh, dw))

    # All entries at once: one index each for output channel, input channel, kernel row, kernel
    # column, output row and output column.
    shape = (out_channels, channels_per_group, kh, kw, h_out, w_out)
    o, c, a, b, i, j = torch.meshgrid(
        *(torch.arange(n, device=weight.device) for n in shape), indexing="ij"
    )
    row, column = i * sh + a * dh - ph, j * sw + b * dw - pw
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    channel = o // (out_channels // groups) * channels_per_group + c
    outputs = ((o * h_out + i) * w_out + j)[inside]
    inputs = ((channel * height + row) * width + column)[inside]
    values = weight[:, :, :, :, None, None].expand(shape)[inside]
    size = (out_channels * h_out * w_out, groups * channels_per_group * height * width)
    # Some releases of torch (2.11 and 2.12) warn in spite of the argument check_invariants=True.
    with torch.sparse.check_sparse_tensor_invariants(True):
        return torch.sparse_coo_tensor(torch.stack([outputs, inputs]), values, size)


def conv2d_matrix(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve by multiplying the flattened image with `convolution_matrix`. For small inputs.

    Shape: as in `conv2d_loops`.
    """
    *_, (h_out, w_out) = check_arguments(x, weight, bias, stride, padding, dilation, groups)
    matrix = convolution_matrix(weight, tuple(x.shape[2:]), stride, padding, dilation, groups)
    y = torch.sparse.mm(matrix, x.flatten(1).T).T  # (N, C_out * H' * W')
    y = y.unflatten(1, (weight.shape[0], h_out, w_out))
    return y if bias is None else y + bias[:, None, None]


def _check_weight(weight: Tensor, groups: int) -> None:
    check_int(groups, "groups", 1)
    shape = tuple(weight.shape)
    if weight.ndim != 4 or 0 in shape:
        raise ValueError(f"weight must have shape (C_out, C_in / groups, kh, kw), got {shape}")
    if shape[0] % groups:
        raise ValueError(
            f"weight has {shape[0]} output channels, which {groups} groups cannot share equally"
        )


def check_arguments(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Size,
    padding: Size,
    dilation: Size,
    groups: int,
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Return stride, padding, dilation and the output's (H', W'), or say what does not fit."""
    for name, tensor in (("x", x), ("weight", weight), ("bias", bias)):
        if tensor is None and name == "bias":
            continue
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{name} must be a tensor, got {type(tensor).__name__}")
        if tensor.dtype != x.dtype:
            raise TypeError(f"x and {name} must have one dtype, got {x.dtype} and {tensor.dtype}")
    _check_weight(weight, groups)
    in_channels = groups * weight.shape[1]
    if x.ndim != 4 or x.shape[1] != in_channels:
        raise ValueError(
            f"x must have shape (N, {in_channels}, H, W) for a weight of shape "
            f"{tuple(weight.shape)} in {groups} group(s), got {tuple(x.shape)}"
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"bias must have shape ({weight.shape[0]},), got {tuple(bias.shape)}")
    strides, paddings = pair(stride, "stride", 1), pair(padding, "padding")
    dilations = pair(dilation, "dilation", 1)
    kernel_size = (weight.shape[2], weight.shape[3])
    size = output_size(tuple(x.shape[2:]), kernel_size, strides, paddings, dilations)
    return strides, paddings, dilations, size
