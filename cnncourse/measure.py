"""What a network costs on this machine: one row of counts and of times.

python -m cnncourse.measure --model resnet.resnet18 --size 224
python -m cnncourse.measure --model vit.vit_b_16 --size 224 --threads 2 --mode channels-last
"""

from __future__ import annotations

import argparse
import copy
import platform
import statistics
import sys
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.analysis.peak import peak_activation_bytes
from cnncourse.train import at_least
from cnncourse.training.builders import build
from cnncourse.training.device import find_device
from cnncourse.training.refusal import Refusal

MODES = ("eager", "channels-last", "compiled")
Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Row:
    """One network on pictures of ``size`` × ``size``: counts for one picture, times on a machine.

    ``peak_bytes`` is the fullest moment of a forward pass, weights left out. ``latency`` is the
    median time of one picture in milliseconds, between the quartiles ``low`` and ``high``;
    ``throughput`` is pictures a second in a batch, None where it was not measured.
    """

    model: str
    size: int
    mode: str
    threads: int
    parameters: int
    macs: int
    peak_bytes: int
    latency: float
    low: float
    high: float
    throughput: float | None

    def __str__(self) -> str:
        quick = "not measured" if self.throughput is None else f"{self.throughput:,.1f} pictures/s"
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return (
            f"{self.model} on {self.size} × {self.size}, {self.mode}, {threads}\n"
            f"  parameters            {self.parameters:,}\n"
            f"  multiply-accumulates  {self.macs:,}\n"
            f"  memory at the peak    {self.peak_bytes / 2**20:,.1f} MiB of activations\n"
            f"  latency               {self.latency:,.2f} ms for one picture "
            f"(half of the runs: {self.low:,.2f} to {self.high:,.2f})\n"
            f"  throughput            {quick}"
        )


def network(name: str, size: int, batch_size: int = 2) -> nn.Module:
    """Build the network ``name`` for colour pictures, ready to be timed: in evaluation mode.

    Its batch norms have met one batch of noise. With the statistics of a fresh network the values
    may shrink from layer to layer until they are too small for the fast arithmetic.

    Raises:
        Refusal: there is no such network, or it cannot take pictures of that size.
    """
    model = build(name, 1000, (3, size, size))
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.train().momentum = 1.0  # take the statistics of this batch
    with torch.no_grad():
        model(torch.randn(batch_size, 3, size, size))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    return model.eval()


def prepared(model: nn.Module, images: Tensor, mode: str) -> Callable[[], Tensor]:
    """Return the forward pass as a call without arguments, in one of ``MODES``.

    Raises:
        ValueError: there is no such mode.
    """
    if mode not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}, got {mode!r}")
    if mode == "channels-last":
        model = copy.deepcopy(model).to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    if mode == "compiled":
        model = torch.compile(model)
    return lambda: model(images)


@contextmanager
def threads_set_to(threads: int) -> Iterator[None]:
    """Compute with so many threads, for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def interleaved(
    calls: Mapping[Name, Callable[[], object]], rounds: int = 7, device: str | torch.device = "cpu"
) -> dict[Name, list[float]]:
    """Time each call once in every round, right after the same call untimed: milliseconds, by name.

    The untimed call fetches weights and routines back that the others have displaced: a camera,
    too, runs one network on picture after picture. In turns, and in an order that rotates, so that
    whatever else the machine does meets all of them alike; without gradients. On a GPU a call ends
    when its work has ended.
    """
    names = list(calls)
    wait = torch.accelerator.synchronize if torch.device(device).type != "cpu" else lambda: None
    times: dict[Name, list[float]] = {name: [] for name in names}
    with torch.no_grad():
        for number in range(rounds):
            first = number % len(names)
            for name in names[first:] + names[:first]:
                calls[name]()
                wait()
                start = time.perf_counter()
                calls[name]()
                wait()
                times[name].append(1e3 * (time.perf_counter() - start))
    return times


def counts(model: nn.Module, size: int) -> dict[str, int]:
    """Return parameters, multiply-accumulates and bytes at the peak, for one colour picture."""
    shape = (1, 3, size, size)
    return {
        "parameters": int(count_parameters(model)),
        "macs": count_macs(model, shape),
        "peak_bytes": peak_activation_bytes(model, shape),
    }


def quartiles(times: Sequence[float]) -> dict[str, float]:
    """Return the median and the quartiles of at least two times, as a `Row` names them."""
    low, middle, high = statistics.quantiles(times, n=4, method="inclusive")
    return {"latency": middle, "low": low, "high": high}


def measure(
    name: str,
    size: int,
    *,
    mode: str = "eager",
    threads: int = 1,
    batch_size: int = 32,
    rounds: int = 7,
    device: str = "cpu",
) -> Row:
    """Count and time one network; the throughput is that of ``batch_size`` pictures at a time.

    Raises:
        Refusal: there is no such network, it cannot take such pictures, or there is no such device.
    """
    place = find_device(device)
    model = network(name, size)
    counted = counts(model, size)
    model.to(place)
    one, many = (torch.randn(n, 3, size, size, device=place) for n in (1, batch_size))
    with threads_set_to(threads):
        times = interleaved({"one": prepared(model, one, mode)}, rounds, place)["one"]
        batch = interleaved({"many": prepared(model, many, mode)}, 2, place)["many"]
    quick = 1e3 * batch_size / statistics.median(batch)
    return Row(name, size, mode, threads, **counted, **quartiles(times), throughput=quick)


def machine() -> str:
    """Return the name of the processor, as far as the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def main(arguments: list[str] | None = None) -> int:
    """Print the row; return 0, or 2 after a sentence on what was wrong."""
    parser = argparse.ArgumentParser(
        prog="cnncourse.measure", description="Measure a network of the course on this machine."
    )
    add = parser.add_argument
    add("--model", metavar="NAME", required=True, help="family.builder, such as resnet.resnet18")
    add("--size", metavar="PIXELS", type=at_least(1), default=224, help="default 224")
    add("--mode", choices=MODES, default="eager", help="default eager")
    add("--threads", metavar="N", type=at_least(1), default=1, help="default 1")
    add("--batch-size", metavar="N", type=at_least(1), default=32, help="default 32")
    add("--device", choices=["auto", "cpu", "cuda", "mps"], default="cpu", help="default cpu")
    given = parser.parse_args(arguments)
    try:
        row = measure(
            given.model,
            given.size,
            mode=given.mode,
            threads=given.threads,
            batch_size=given.batch_size,
            device=given.device,
        )
    except Refusal as error:
        print(f"cnncourse.measure: {error}", file=sys.stderr)
        return 2
    print(row)
    print(f"{machine()}, {given.device}; torch {torch.__version__}; {date.today()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
