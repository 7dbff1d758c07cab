"""Several processes train the network that one would train."""

import json
import subprocess
import sys

import torch
from torch import nn

from cnncourse.training import processes
from cnncourse.training.run import run


def weights(folder):
    return torch.load(folder / "last.pt")["model"]


def test_two_processes_train_the_network_that_one_trains(given, tmp_path):
    # 58 images in batches of 15, 15, 14, 14: the shares of the first two are of 8 and 7 images.
    given |= {"epochs": 1, "augment": "", "lr": 0.01}
    record = run(given, tmp_path / "one")
    options = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [
        sys.executable,
        *launch,
        "-m",
        "cnncourse.train",
        *options,
        "--out",
        tmp_path / "two",
    ]
    command = [str(word).replace("--batch_size", "--batch-size") for word in command]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == done.stdout.count("epoch 1/1") == 1  # process 0 alone prints

    torch.testing.assert_close(
        weights(tmp_path / "two"), weights(tmp_path / "one"), rtol=0, atol=1e-5
    )
    history = json.loads((tmp_path / "two" / "history.json").read_text())
    torch.testing.assert_close(history["loss"], record.loss)
    assert history["accuracy"] == record.accuracy
    assert history["validation_accuracy"] == record.validation_accuracy
    state = torch.load(tmp_path / "two" / "last.pt")
    order, draws = (
        [s[name] for s in state["generator states"]] for name in ("order", "augmentation")
    )
    assert torch.equal(*order)
    assert not torch.equal(*draws)


def test_a_process_alone_needs_no_group():
    model = nn.Linear(2, 1)
    assert processes.join(model, torch.device("cpu")) is model
    assert processes.total([1, 2.5], torch.device("cpu")) == [1, 2.5]
    assert processes.gather("a") == ["a"]
    assert (processes.rank(), processes.count()) == (0, 1)
