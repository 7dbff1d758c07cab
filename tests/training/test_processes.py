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


SHARING = """
import sys
import torch
from torch import nn
from cnncourse.training import processes
torch.manual_seed(processes.rank())
model = nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3))
model(torch.randn(4, 2, 5, 5))
if processes.rank() == 1:
    model(torch.randn(4, 2, 5, 5))  # so that it has counted another number of batches
torch.distributed.init_process_group("gloo")
before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
processes.share(model)
torch.save((before, model.state_dict()), f"{sys.argv[1]}/{processes.rank()}.pt")
processes.leave()
"""


def test_all_processes_get_the_weights_and_statistics_of_the_first(tmp_path):
    (tmp_path / "sharing.py").write_text(SHARING)
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [sys.executable, *launch, str(tmp_path / "sharing.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    (first, first_after), (second, second_after) = (
        torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1)
    )
    assert len(first) == 7  # weights, biases, mean, variance, and the number of batches
    for name, tensor in first.items():
        assert not torch.equal(second[name], tensor) or name in ("1.weight", "1.bias")
        assert torch.equal(first_after[name], tensor)
        assert torch.equal(second_after[name], tensor)


def test_a_process_alone_needs_no_group():
    model = nn.Linear(2, 1)
    assert processes.join(model, torch.device("cpu")) is model
    assert processes.total([1, 2.5], torch.device("cpu")) == [1, 2.5]
    assert processes.gather("a") == ["a"]
    processes.share(model)  # with nobody
    assert (processes.rank(), processes.count()) == (0, 1)
