"""A training and the files it leaves: ``last.pt``, ``best.pt``, ``history.json``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cnncourse.training import processes
from cnncourse.training.arguments import Arguments, resumed
from cnncourse.training.checkpoint import load, save, write
from cnncourse.training.refusal import Refusal
from cnncourse.training.trainer import Record, Trainer

STATE = {"model", "optimizer", "epoch", "generator states", "arguments", "history"}


def run(given: dict[str, Any], out: Path, resume: bool = False) -> Record:
    """Train as ``given`` says (see ``Arguments``), or go on with the training in ``out``.

    After each epoch ``out`` holds the state to resume from, the weights with the highest accuracy
    on the validation part (the first of equals), and the history. Process 0 alone writes and
    prints. On one CPU device a resumed training ends with the weights of an uninterrupted one, bit
    for bit.

    Raises:
        Refusal: in one sentence. What ``out`` holds is whole.
        FloatingPointError: the loss became NaN or infinite; ``out`` holds the epoch before.
    """
    last = out / "last.pt"
    if resume:
        state = load(last, STATE)
        trainer = Trainer(resumed(state["arguments"], given))
        trainer.load_state(state)
    elif last.exists():
        raise Refusal(f"{out} holds a training: go on with --resume, or choose another --out")
    else:
        trainer = Trainer(Arguments(**given))

    while trainer.epoch < trainer.arguments.epochs:
        trainer.train_epoch()
        state = trainer.state()
        if processes.rank() == 0:
            _keep(state, out)
            _say(trainer.record, trainer.arguments.epochs)

    if trainer.test is not None:
        if processes.rank() == 0:
            trainer.model.load_state_dict(load(out / "best.pt", {"model"})["model"])
        trainer.record.test_accuracy = trainer.accuracy(trainer.test)
        if processes.rank() == 0:
            _write_history(asdict(trainer.record), out)
            print(f"test {trainer.record.test_accuracy:.2%}, with the weights of best.pt")
    return trainer.record


def _keep(state: dict[str, Any], out: Path) -> None:
    """Write the files, the one to resume from last: what is lost before it comes again."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal(f"could not make the folder {out} ({error.strerror})") from error
    accuracies = state["history"]["validation_accuracy"]
    if accuracies[-1] > max(accuracies[:-1], default=-1):
        save(out / "best.pt", {k: state[k] for k in ("model", "epoch", "arguments")})
    _write_history(state["history"], out)
    save(out / "last.pt", state)


def _write_history(history: dict[str, Any], out: Path) -> None:
    write(out / "history.json", json.dumps(history, indent=1).encode())


def _say(record: Record, epochs: int) -> None:
    print(
        f"epoch {len(record.loss)}/{epochs}  loss {record.loss[-1]:.4f}  "
        f"accuracy {record.accuracy[-1]:.2%}  "
        f"validation {record.validation_accuracy[-1]:.2%}  "
        f"{record.images_per_second[-1]:,.0f} images/s",
        flush=True,
    )
