"""Time `cnncourse.layers.Conv2d` against ``torch.nn.functional.conv2d``.

Run ``python tests/benchmarks/bench_convolution.py``. It prints a Markdown table and fails when the
layer is too slow: geometric mean at most 3x, no shape above 8x, forward and forward + backward.
Both take turns within one run, so that whatever else the machine does slows both. Still, measure on
an idle machine: the layer consists of more parallel steps, each of which waits for the slower
thread, so busy cores cost it more than they cost PyTorch.
"""

from __future__ import annotations

import ctypes
import gc
import math
import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F

from cnncourse.layers import Conv2d

THREADS = 2
BATCH_SIZE = 8
ROUNDS = 21
MAX_GEOMETRIC_MEAN = 3.0
MAX_RATIO = 8.0


class Shape(NamedTuple):
    in_channels: int
    out_channels: int
    kernel_size: int
    stride: int
    padding: int
    groups: int
    size: int

    def __str__(self) -> str:
        channels = "depthwise " if self.groups > 1 else ""
        channels += f"{self.in_channels}→{self.out_channels}"
        stride = f"/{self.stride}" if self.stride > 1 else ""
        return f"{channels} {self.kernel_size}×{self.kernel_size}{stride} at {self.size}"


SHAPES = [
    #     in, out, kernel, stride, padding, groups, size
    Shape(3, 64, 7, 2, 3, 1, 224),
    Shape(64, 64, 3, 1, 1, 1, 56),
    Shape(128, 128, 3, 2, 1, 1, 56),
    Shape(256, 256, 3, 1, 1, 1, 14),
    Shape(512, 512, 1, 1, 0, 1, 14),
    Shape(128, 128, 3, 1, 1, 128, 56),
    Shape(16, 32, 5, 1, 2, 1, 28),
]


class Measurement(NamedTuple):
    milliseconds: float  # median
    peak_mebibytes: float | None  # on top of what was there before the call


def main() -> None:
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    failures = []
    print(f"`Conv2d` against `F.conv2d`: float32, batch of {BATCH_SIZE}, {THREADS} threads,")
    print(f"medians of {ROUNDS} rounds, peak memory on top of inputs and parameters.\n")
    for backward in (False, True):
        print("**Forward and backward**\n" if backward else "**Forward**\n")
        print("| shape | F.conv2d | Conv2d | ratio | F.conv2d peak | Conv2d peak |")
        print("|:--|--:|--:|--:|--:|--:|")
        ratios = []
        for shape in SHAPES:
            theirs, ours = measure(shape, backward)
            ratios.append(ours.milliseconds / theirs.milliseconds)
            print(
                f"| {shape} | {theirs.milliseconds:.1f} ms | {ours.milliseconds:.1f} ms "
                f"| {ratios[-1]:.2f} | {mebibytes(theirs)} | {mebibytes(ours)} |",
                flush=True,
            )
            if ratios[-1] > MAX_RATIO:
                failures.append(f"{shape}: {ratios[-1]:.2f}x, above {MAX_RATIO}x")
        mean = math.exp(statistics.fmean(math.log(ratio) for ratio in ratios))
        print(f"| geometric mean | | | {mean:.2f} | | |\n")
        if mean > MAX_GEOMETRIC_MEAN:
            failures.append(f"geometric mean {mean:.2f}x, above {MAX_GEOMETRIC_MEAN}x")
    if failures:
        sys.exit("Conv2d is too slow. " + "; ".join(failures))


def measure(shape: Shape, backward: bool) -> tuple[Measurement, Measurement]:
    """Measure one shape: F.conv2d, then ours."""
    in_channels, out_channels, kernel_size, stride, padding, groups, size = shape
    layer = Conv2d(in_channels, out_channels, kernel_size, stride, padding, groups=groups)
    x = torch.randn(BATCH_SIZE, in_channels, size, size, requires_grad=True)
    inputs = (x, layer.weight, layer.bias)
    forwards = (lambda: F.conv2d(*inputs, stride, padding, 1, groups), lambda: layer(x))
    expected = forwards[0]()
    torch.testing.assert_close(forwards[1](), expected, atol=1e-3, rtol=1e-3)
    cotangent = torch.randn_like(expected)
    del expected

    def call(forward: Callable[[], torch.Tensor]) -> None:
        with torch.set_grad_enabled(backward):
            y = forward()
        if backward:
            torch.autograd.grad(y, inputs, cotangent)

    milliseconds = ([], [])
    for _ in range(ROUNDS):
        for forward, times in zip(forwards, milliseconds, strict=True):
            start = time.perf_counter()
            call(forward)
            times.append(1000 * (time.perf_counter() - start))
    theirs, ours = (
        Measurement(statistics.median(times), peak_memory(lambda forward=forward: call(forward)))
        for forward, times in zip(forwards, milliseconds, strict=True)
    )
    return theirs, ours


def peak_memory(call: Callable[[], None]) -> float | None:
    """Return by how many MiB the process grew at most; Linux only, it alone resets its peak."""
    if not sys.platform.startswith("linux"):
        return None
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # or memory freed earlier would serve the call unseen
    Path("/proc/self/clear_refs").write_text("5")  # sets VmHWM, the peak, to what is used now
    before = status_field("VmRSS")
    call()
    return (status_field("VmHWM") - before) / 1024


def status_field(name: str) -> int:
    """Return a field of /proc/self/status in KiB."""
    return int(
        re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"))[1]
    )


def mebibytes(measurement: Measurement) -> str:
    peak = measurement.peak_mebibytes
    return "not measured" if peak is None else f"{peak:.0f} MiB"


if __name__ == "__main__":
    main()
