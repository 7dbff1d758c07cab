"""Normalization: subtract a mean, divide by a deviation, then scale and shift by learnt numbers.

All five layers compute the same formula and differ in which values share their statistics:

    BatchNorm       one channel, over the batch and all positions; remembers averages for later
    InstanceNorm    one channel of one sample
    GroupNorm       some neighbouring channels of one sample
    LayerNorm       the trailing dimensions, whatever they mean

Each is a drop-in for PyTorch's: same arguments, names, initial values and results. The backward
pass is autograd's, through mean and variance as well. Half-precision inputs are normalized in
float32, where squares do not overflow, and returned as they came.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cnncourse.layers._precision import widened
from cnncourse.shapes import check_int


def mean_and_variance(x: Tensor, dims: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Return mean and (biased) variance over ``dims``, which stay as dimensions of size 1."""
    mean = x.mean(dims, keepdim=True)
    return mean, (x - mean).square().mean(dims, keepdim=True)


def standardize(x: Tensor, mean: Tensor, variance: Tensor, eps: float) -> Tensor:
    """Return ``(x - mean) / sqrt(variance + eps)``."""
    return (x - mean) / torch.sqrt(variance + eps)


class _Norm(nn.Module):
    """The learnt scale ``weight`` (gamma, at first 1) and shift ``bias`` (beta, at first 0)."""

    def __init__(
        self,
        shape: tuple[int, ...],
        eps: float,
        affine: bool,
        bias: bool,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__()
        self.eps = eps
        weight = nn.Parameter(torch.ones(shape, device=device, dtype=dtype)) if affine else None
        shift = affine and bias
        bias_ = nn.Parameter(torch.zeros(shape, device=device, dtype=dtype)) if shift else None
        self.register_parameter("weight", weight)
        self.register_parameter("bias", bias_)

    def reset_parameters(self) -> None:
        """Set the scale to 1 and the shift to 0."""
        if self.weight is not None:
            nn.init.ones_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def scale_and_shift(self, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        """Return ``weight * x + bias``, both viewed in ``shape``."""
        if self.weight is not None:
            x = x * self.weight.view(shape)
        if self.bias is not None:
            x = x + self.bias.view(shape)
        return x


class _TrackedNorm(_Norm):
    """Statistics of each channel, with running averages of them where ``track_running_stats``.

    Shape:
        x       (N, num_features, ...)
        return  as x
    """

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
        bias: bool,
    ) -> None:
        self.num_features = check_int(num_features, "num_features", 1)
        super().__init__((num_features,), eps, affine, bias, device, dtype)
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        mean = variance = count = None
        if track_running_stats:
            mean = torch.zeros(num_features, device=device, dtype=dtype)
            variance = torch.ones(num_features, device=device, dtype=dtype)
            count = torch.tensor(0, device=device)
        self.register_buffer("running_mean", mean)
        self.register_buffer("running_var", variance)
        self.register_buffer("num_batches_tracked", count)

    def reset_running_stats(self) -> None:
        """Forget what was seen: mean 0, variance 1, no batches."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Set scale, shift and running statistics to their initial values."""
        self.reset_running_stats()
        super().reset_parameters()

    def normalize(self, x: Tensor, dims: tuple[int, ...], rate: float) -> Tensor:
        """Standardize over ``dims``, or by the running statistics when evaluating with these.

        In training these move by the share ``rate`` towards the statistics of ``x``.
        """
        channels = (1, self.num_features, *(1 for _ in x.shape[2:]))
        if x.numel() == 0:  # nothing to take statistics of, or to learn from
            return self.scale_and_shift(x, channels)
        if self.track_running_stats and not self.training:
            mean, variance = self.running_mean.view(channels), self.running_var.view(channels)
        else:
            count = math.prod(x.shape[dim] for dim in dims)
            if count == 1:
                raise ValueError(
                    f"statistics need more than one value per channel, "
                    f"got an input of shape {tuple(x.shape)}"
                )
            mean, variance = mean_and_variance(x, dims)
            if self.track_running_stats:
                self.track(mean, variance * count / (count - 1), rate)
        return self.scale_and_shift(standardize(x, mean, variance, self.eps), channels)

    @torch.no_grad()
    def track(self, mean: Tensor, variance: Tensor, rate: float) -> None:
        """Move the running statistics; ``variance`` is the unbiased one, divided by n - 1."""
        pairs = ((self.running_mean, mean), (self.running_var, variance))
        for running, seen in pairs:
            seen = seen.mean(0).flatten()  # of the samples, where each has its own
            running.copy_((1 - rate) * running + rate * seen)

    def extra_repr(self) -> str:
        """Name the arguments, as PyTorch does."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_TrackedNorm):
    """What `BatchNorm1d` and `BatchNorm2d` share: they differ in the inputs that they take."""

    DIMENSIONS: tuple[int, ...]

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalized values; in training, remember their statistics."""
        if x.ndim not in self.DIMENSIONS or x.shape[1] != self.num_features:
            counts = " or ".join(map(str, self.DIMENSIONS))
            raise ValueError(
                f"the input must have {counts} dimensions with {self.num_features} channels "
                f"in the second, got the shape {tuple(x.shape)}"
            )
        rate = self.momentum
        if self.training and self.track_running_stats:
            self.num_batches_tracked.add_(1)
            if rate is None:  # the plain average of all batches so far
                rate = 1 / self.num_batches_tracked.item()
        return self.normalize(widened(x), (0, *range(2, x.ndim)), rate).to(x.dtype)


class BatchNorm1d(_BatchNorm):
    """Normalize each channel over the batch (and all positions); as ``torch.nn.BatchNorm1d``.

    See `BatchNorm2d`.

    Shape:
        x       (N, num_features) or (N, num_features, L)
        return  as x

    Raises:
        ValueError: input of another shape, or one value per channel while statistics are taken.
    """

    DIMENSIONS = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Normalize each channel over the batch and all positions; as ``torch.nn.BatchNorm2d``.

    In training by the statistics of the batch, which also move the running ones by the share
    ``momentum`` (``None``: these are the average of all batches so far). In evaluation by the
    running ones, so that a sample's result does not depend on its neighbours; with
    ``track_running_stats=False`` by the batch's there too. The batch is divided by its biased
    variance, the running average is of the unbiased one (Ioffe and Szegedy, arXiv:1502.03167,
    algorithms 1 and 2). Two parameters a channel; in evaluation a multiplication and an addition a
    value, which a convolution before it can absorb.

    Shape:
        x       (N, num_features, H, W)
        return  as x

    Raises:
        ValueError: input of another shape, or one value per channel while statistics are taken.
    """

    DIMENSIONS = (4,)


class InstanceNorm2d(_TrackedNorm):
    """Normalize each channel of each sample over its positions; as ``torch.nn.InstanceNorm2d``.

    Contrast and brightness of a sample leave no trace (Ulyanov, Vedaldi and Lempitsky,
    arXiv:1607.08022). By default nothing is learnt and nothing remembered. A wrong number of
    channels is refused even then, where PyTorch only warns.

    Shape:
        x       (N, num_features, H, W) or (num_features, H, W)
        return  as x

    Raises:
        ValueError: input of another shape, or one position only while statistics are taken.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalized values."""
        if x.ndim not in (3, 4) or x.shape[-3] != self.num_features:
            raise ValueError(
                f"the input must have the shape (N, {self.num_features}, H, W) or "
                f"({self.num_features}, H, W), got {tuple(x.shape)}"
            )
        if x.ndim == 3:
            return self.forward(x[None])[0]
        rate = 0.0 if self.momentum is None else self.momentum  # as in PyTorch: none, no movement
        return self.normalize(widened(x), (2, 3), rate).to(x.dtype)


class GroupNorm(_Norm):
    """Normalize each sample in ``num_groups`` groups of channels; as ``torch.nn.GroupNorm``.

    It needs no batch, so training and evaluation are the same (Wu and He, arXiv:1803.08494). One
    group normalizes all channels together, as many groups as channels each on its own.

    Shape:
        x       (N, num_channels, ...)
        return  as x

    Raises:
        ValueError: channels that do not divide into the groups, input of another shape, or one
            value per group and one sample.
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        self.num_groups = check_int(num_groups, "num_groups", 1)
        self.num_channels = check_int(num_channels, "num_channels", 1)
        if num_channels % num_groups:
            raise ValueError(
                f"num_channels must be divisible by num_groups, got {num_channels} and {num_groups}"
            )
        super().__init__((num_channels,), eps, affine, bias, device, dtype)
        self.affine = affine

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalized values."""
        if x.ndim < 2 or x.shape[1] != self.num_channels:
            raise ValueError(
                f"the input must have the shape (N, {self.num_channels}, ...), got {tuple(x.shape)}"
            )
        if x.numel() == self.num_groups:
            raise ValueError(
                f"statistics need more than one value per group, "
                f"got an input of shape {tuple(x.shape)} for {self.num_groups} groups"
            )
        values = math.prod(x.shape[1:]) // self.num_groups
        groups = widened(x).reshape(len(x), self.num_groups, values)
        normalized = standardize(groups, *mean_and_variance(groups, (2,)), self.eps).view(x.shape)
        return self.scale_and_shift(normalized, (1, -1, *(1 for _ in x.shape[2:]))).to(x.dtype)

    def extra_repr(self) -> str:
        """Name the arguments, as PyTorch does."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class LayerNorm(_Norm):
    """Normalize over the trailing dimensions ``normalized_shape``; as ``torch.nn.LayerNorm``.

    Every value there has a scale and a shift of its own (Ba, Kiros and Hinton, arXiv:1607.06450).

    Shape:
        x       (..., *normalized_shape)
        return  as x

    Raises:
        ValueError: input that does not end in ``normalized_shape``.
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        sizes = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        self.normalized_shape = tuple(check_int(n, "normalized_shape", 1) for n in sizes)
        if not self.normalized_shape:
            raise ValueError("normalized_shape must name at least one dimension, got none")
        super().__init__(self.normalized_shape, eps, elementwise_affine, bias, device, dtype)
        self.elementwise_affine = elementwise_affine

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalized values."""
        dims = tuple(range(-len(self.normalized_shape), 0))
        if tuple(x.shape[dims[0] :]) != self.normalized_shape:
            raise ValueError(
                f"the shape of the input must end in {self.normalized_shape}, got {tuple(x.shape)}"
            )
        wide = widened(x)
        normalized = standardize(wide, *mean_and_variance(wide, dims), self.eps)
        return self.scale_and_shift(normalized, self.normalized_shape).to(x.dtype)

    def extra_repr(self) -> str:
        """Name the arguments, as PyTorch does."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )
