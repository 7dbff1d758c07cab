"""Kill trainings, go on with them, and say what was kept; ``test_killed.py`` calls it.

One process imports PyTorch and forks the trainings, so that each starts at once.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

from cnncourse.training.builders import builders
from cnncourse.training.run import run


def train(given, folder, seconds=None, before_replace=None):
    """Start a training or go on with it, in a process of its own; return whether it was killed.

    It is killed after some ``seconds``, or before a file takes the place of another, counted
    from 0.
    """
    child = os.fork()
    if child == 0:
        if before_replace is not None:
            replace, left = os.replace, iter(range(before_replace))

            def die_or_replace(source, target):
                if next(left, None) is None:
                    os.kill(os.getpid(), signal.SIGKILL)
                replace(source, target)

            os.replace = die_or_replace
        resume = (folder / "last.pt").exists()
        run({} if resume else given, folder, resume)
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), status
    return status == signal.SIGKILL


def epochs(folder):
    """Read all files, which fails if one is broken; return how many epochs are kept."""
    for history in folder.glob("history.json"):
        json.loads(history.read_text())
    states = {file.name: torch.load(file) for file in folder.glob("*.pt")}
    return states["last.pt"]["epoch"] if "last.pt" in states else 0


def weights(folder):
    return [torch.load(folder / name)["model"] for name in ("last.pt", "best.pt")]


def main(given, out):
    torch.set_num_threads(1)
    builders()  # imports every family once, before the forks
    start = time.perf_counter()
    assert not train(given, out / "whole")
    whole = time.perf_counter() - start

    kept, moments = [], random.Random(0)
    for _ in range(12):  # until it arrives between two kills
        if not train(given, out / "often", seconds=moments.uniform(0.1, 0.7) * whole):
            break
        kept.append(epochs(out / "often"))
    train(given, out / "often")

    lost = []  # epochs that were done, minus those kept, when killed before a replacement
    while train(given, out / f"hook{len(lost)}", before_replace=len(lost)):
        folder = out / f"hook{len(lost)}"
        lost.append(epochs(folder))
        train(given, folder)

    expected = weights(out / "whole")
    for folder in out.iterdir():
        torch.testing.assert_close(weights(folder), expected, rtol=0, atol=0)
        assert {file.name for file in folder.iterdir()} == {"best.pt", "history.json", "last.pt"}
    return {"kept": kept, "before": lost}


if __name__ == "__main__":
    sys.stdout = sys.stderr  # what the trainings print
    print(json.dumps(main(json.loads(sys.argv[1]), Path(sys.argv[2]))), file=sys.__stdout__)
