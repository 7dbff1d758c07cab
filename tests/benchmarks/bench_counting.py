"""Measure ``cnncourse.analysis.counting`` on torchvision's 80 classification models.

Run ``python tests/benchmarks/bench_counting.py``. It prints two Markdown tables and fails when a
bar is missed: parameters and multiply-accumulates as published on all 80, on the meta device and
on the CPU; saved bytes within 2 % of what autograd's hooks see on all models tried, at least 15;
the whole zoo on the meta device in no more time than ``torch.utils.flop_counter.FlopCounterMode``.
The tools take turns on every model, in an order that rotates, and processor time is compared, so
that whatever else the machine does bears on all alike. With ``--meta`` the CPU is left out.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable

import torch
import torchinfo
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from zoo import ZOO, build, published, saved_bytes_seen_by_hooks, with_zeros

from cnncourse.analysis.counting import count_macs, count_parameters, summarize

ROUNDS = 3
MAX_SAVED_MACS = 5e9  # dearer models are left out of the comparison of saved bytes


def with_flop_counter(model: nn.Module, size: tuple[int, ...]) -> int:
    with FlopCounterMode(display=False) as counter:
        model(torch.empty(size, device="meta"))
    return counter.get_total_flops() // 2


def with_torchinfo(model: nn.Module, size: tuple[int, ...]) -> int:
    stats = torchinfo.summary(model, size, device="meta", verbose=0, mode="eval")
    return stats.total_mult_adds


TOOLS: dict[str, Callable[[nn.Module, tuple[int, ...]], int]] = {
    "count_macs": count_macs,
    "summarize": lambda model, size: summarize(model, size).macs,
    "FlopCounterMode": with_flop_counter,
    "torchinfo": with_torchinfo,
}


def main() -> int:
    torch.set_num_threads(1)
    on_cpu = "--meta" not in sys.argv
    seconds = dict.fromkeys(TOOLS, 0.0)
    right = dict.fromkeys(TOOLS, 0)
    parameters = cpu = saved = tried = 0
    worst_saved = 0.0
    for number, name in enumerate(ZOO):
        side, expected, gigamacs = published(name)
        size = 1, 3, side, side
        model = build(name)
        parameters += count_parameters(model) == expected
        for turn in range(ROUNDS):
            order = [*TOOLS][(number + turn) % len(TOOLS) :] + [*TOOLS][
                : (number + turn) % len(TOOLS)
            ]
            for tool in order:
                gc.collect()
                start = time.process_time()
                macs = TOOLS[tool](model, size)
                seconds[tool] += (time.process_time() - start) / ROUNDS
                if turn == 0:
                    right[tool] += round(macs / 1e9, 3) == gigamacs
        if on_cpu:
            with torch.no_grad():  # in eval mode: where attention would take its fast path
                cpu += round(count_macs(with_zeros(model), size, "cpu") / 1e9, 3) == gigamacs
            if gigamacs * 1e9 <= MAX_SAVED_MACS:
                batch = 2, *size[1:]
                ours = summarize(model.train(), batch).saved_bytes
                error = abs(ours / saved_bytes_seen_by_hooks(model, torch.randn(batch)) - 1)
                tried, saved = tried + 1, saved + (error <= 0.02)
                worst_saved = max(worst_saved, error)
        print(f"{number + 1}/{len(ZOO)} {name}", file=sys.stderr, flush=True)

    rows = [
        ("parameters", parameters, len(ZOO)),
        ("multiply-accumulates, meta device", right["count_macs"], len(ZOO)),
    ]
    if on_cpu:
        rows += [
            ("multiply-accumulates, CPU", cpu, len(ZOO)),
            (f"saved bytes within 2 % (worst {worst_saved:.2%})", saved, tried),
        ]
    print(f"\n| {len(ZOO)} models of torchvision | right | of |\n|---|--:|--:|")
    for row in rows:
        print("| {} | {} | {} |".format(*row))
    print(
        "\n| whole zoo on the meta device | seconds | MACs right to three decimals |\n|---|--:|--:|"
    )
    for tool, time_taken in seconds.items():
        print(f"| {tool} | {time_taken:.2f} | {right[tool]} |")

    failures = [f"{bar}: {got} of {of}" for bar, got, of in rows if got != of]
    if on_cpu and tried < 15:
        failures.append(f"saved bytes compared on {tried} models only")
    for tool in ("count_macs", "summarize"):
        if seconds[tool] > seconds["FlopCounterMode"]:
            failures.append(f"{tool} took longer than FlopCounterMode")
    for failure in failures:
        print(f"missed: {failure}", file=sys.stderr)
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
