"""The converse theorem, executable: linear and equivariant to translations means convolution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnncourse.analysis.translation import evaluating, integers, translate


class NotAConvolutionError(ValueError):
    """The map is not a convolution plus bias, and the message says where it fails.

    ``shift`` is the translation with which the map does not commute, ``None`` where the map is not
    even affine; ``difference`` is by how much an output differs there. ``errors`` has the largest
    difference for every shift, shape (H, W), which is zero where the map does commute.
    """

    def __init__(
        self,
        message: str,
        difference: float,
        shift: tuple[int, int] | None = None,
        errors: Tensor | None = None,
    ) -> None:
        super().__init__(message)
        self.difference = difference
        self.shift = shift
        self.errors = errors


@dataclass(frozen=True, eq=False)
class RecoveredConv:
    """A circular cross-correlation plus bias, ``b[o] + sum over c, k of w[o, c, k] x[c, i + k]``.

    Indices are taken modulo the image, so the taps of ``k = -1`` are stored last.

    Shape:
        weight  (C_out, C_in, H, W): the kernel is as large as the image
        bias    (C_out,)
    """

    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Apply the recovered convolution. Shape: (N, C_in, H, W) to (N, C_out, H, W)."""
        height, width = self.weight.shape[-2:]
        around = F.pad(x, (0, width - 1, 0, height - 1), mode="circular")
        return F.conv2d(around, self.weight, self.bias)

    def window(self, kernel_size: tuple[int, int]) -> Tensor:
        """Return the taps around k = 0, as ``nn.Conv2d`` stores them with "same" padding.

        Taps outside the window are left out, whatever they hold.

        Shape:
            return  (C_out, C_in, *kernel_size), both odd
        """
        size = integers("kernel_size", kernel_size)
        if any(k % 2 == 0 or k > n for k, n in zip(size, self.weight.shape[-2:], strict=True)):
            raise ValueError(
                "kernel_size must be odd and at most the size of the image, "
                f"got {size} for {tuple(self.weight.shape[-2:])}"
            )
        centred = translate(self.weight, (size[0] // 2, size[1] // 2))
        return centred[..., : size[0], : size[1]]


def conv_from_equivariant(
    linear_map: Callable[[Tensor], Tensor],
    input_size: tuple[int, int, int],
    tolerance: float | None = None,
    dtype: torch.dtype | None = None,
) -> RecoveredConv:
    """Recover the kernel of a map on the circle, or raise with the shift where it is none.

    The theorem's proof, carried out: subtract ``f(0)``; a linear map is known from its answers to
    the impulses, and an equivariant one from its answers to the impulse at the origin of each
    channel, because every other impulse is a translate of it. All ``C_in * H * W`` impulses are
    tried, so for an affine map the verdict on equivariance is complete. Linearity is tried on
    random inputs of three magnitudes, which can refute it and cannot prove it.

    ``tolerance`` is relative to the largest response, by default 1e4 times the precision of
    ``dtype``, but at most 2 %. ``dtype`` is that of a module's parameters, and float64 for anything
    without. Modules run on a copy, in eval mode. Time and memory grow as
    ``C_in * C_out * (H * W)**2``.

    Shape:
        input_size  (C_in, H, W); ``linear_map`` takes (N, C_in, H, W) to (N, C_out, H, W)

    Raises:
        NotAConvolutionError: if the map is not affine or not equivariant.
        ValueError: if the map changes the size of the image.
        TypeError: if it does not return one tensor.
    """
    channels, height, width = _checked_size(input_size)
    parameters = linear_map.parameters() if isinstance(linear_map, nn.Module) else iter(())
    numbers = (p for p in parameters if p.is_floating_point() or p.is_complex())
    like = next(numbers, torch.empty(0, dtype=torch.float64))
    dtype, device = like.dtype if dtype is None else dtype, like.device
    if tolerance is None:
        tolerance = min(1e4 * torch.finfo(dtype).eps, 0.02)
    count = channels * height * width
    with evaluating(linear_map) as run:
        at_zero = run(torch.zeros(1, channels, height, width, dtype=dtype, device=device))
        if at_zero.dim() != 4 or at_zero.shape[-2:] != (height, width):
            raise ValueError(
                f"the map takes shape {(1, channels, height, width)} to {tuple(at_zero.shape)}; "
                "one that commutes with every shift of the circle keeps height and width"
            )
        impulses = torch.eye(count, dtype=dtype, device=device)
        impulses = impulses.reshape(count, channels, height, width)
        responses = run(impulses) - at_zero  # (C_in*H*W, C_out, H, W)
        allowed = tolerance * max(responses.abs().max().item(), at_zero.abs().max().item())
        _check_linear(run, responses, at_zero, impulses.shape[1:], allowed)
    responses = responses.reshape(channels, height, width, -1, height, width)
    # The impulse at p answers with the kernel moved by p; the constant image does not move.
    expected = torch.stack(
        [translate(responses[:, 0, 0], divmod(p, width)) for p in range(height * width)], dim=1
    ).reshape(responses.shape)
    bias = at_zero[0, :, 0, 0]
    worst = max(
        (responses - expected).abs().max().item(),
        (at_zero[0] - bias[:, None, None]).abs().max().item(),
    )
    if worst > allowed:
        _raise_not_equivariant(responses, at_zero[0])
    # Impulse response to correlation kernel: w[o, c, k] = response[c, o, -k].
    flipped = responses[:, 0, 0].flip(-2, -1)  # index n - 1 - k
    weight = translate(flipped, (1, 1)).transpose(0, 1).contiguous()  # index n - k, modulo n
    return RecoveredConv(weight, bias)


def _checked_size(input_size: tuple[int, int, int]) -> tuple[int, ...]:
    size = integers("input_size", input_size)
    if len(size) != 3 or min(size) < 1:
        raise ValueError(f"input_size must be (C_in, H, W), all at least 1, got {input_size}")
    return size


def _check_linear(
    linear_map: Callable[[Tensor], Tensor],
    responses: Tensor,
    at_zero: Tensor,
    shape: torch.Size,
    allowed: float,
) -> None:
    """Compare the map with the sum of its impulse responses, on random images."""
    generator = torch.Generator().manual_seed(0)
    for magnitude in (0.1, 1.0, 10.0):
        x = magnitude * torch.randn(4, *shape, generator=generator, dtype=torch.float64)
        x = x.to(responses)
        exact = torch.promote_types(x.dtype, torch.float64)
        predicted = torch.einsum("np,pohw->nohw", x.flatten(1).to(exact), responses.to(exact))
        worst = (linear_map(x) - (predicted + at_zero)).abs().max().item()
        if not worst <= allowed * max(1.0, x.flatten(1).norm(dim=1).max().item()):
            raise NotAConvolutionError(
                f"the map is not affine: on random images of magnitude {magnitude} it differs by "
                f"{worst:.3g} from f(0) plus the sum of its responses to single pixels",
                worst,
            )


def _raise_not_equivariant(responses: Tensor, at_zero: Tensor) -> None:
    """Find, over all shifts and all impulses, where the map commutes least, and raise."""
    height, width = responses.shape[1:3]
    errors = responses.abs().new_zeros(height, width)
    for v in ((h, w) for h in range(height) for w in range(width)):
        # T_v f T_-v: move the impulses' positions and the answers together.
        moved = responses.roll(v + v, (1, 2, 4, 5))
        constant = (at_zero - translate(at_zero, v)).abs().max()
        errors[v] = torch.maximum((responses - moved).abs().max(), constant)
    shift = divmod(errors.argmax().item(), width)
    worst = errors.max().item()
    gaps = (responses - responses.roll(shift + shift, (1, 2, 4, 5))).abs()
    if gaps.max() < worst:  # the impulses agree better than f(0) with its own translate
        what = "the constant part f(0) is not the same everywhere; it"
    else:
        c, h, w, o, i, j = (n.item() for n in torch.unravel_index(gaps.argmax(), gaps.shape))
        source = ((h - shift[0]) % height, (w - shift[1]) % width)
        what = (
            f"for the impulse at {source} of input channel {c} moved by it, output channel {o}"
            f" at {(i, j)}"
        )
    raise NotAConvolutionError(
        f"the map is not equivariant to the shift {shift}: {what} differs by {worst:.3g}",
        worst,
        shift,
        errors,
    )
