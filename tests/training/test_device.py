"""Training takes place on the fastest device there is."""

import pytest
import torch

from cnncourse.training import pick_device
from cnncourse.training.device import find_device
from cnncourse.training.refusal import Refusal


def test_the_device_is_the_cpu_where_there_is_no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert pick_device() == torch.device("cpu")


def test_a_named_device_is_found():
    assert find_device("cpu", number=1, processes=2) == torch.device("cpu")
    assert find_device("auto").type == pick_device().type


def test_each_process_has_a_gpu_of_its_own(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert find_device("cuda", number=1, processes=2) == torch.device("cuda", 1)
    with pytest.raises(Refusal, match=r"^process 2 needs a GPU of its own: 2 found$"):
        find_device("cuda", number=2, processes=3)


def test_processes_do_not_share_the_gpu_of_a_mac(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert find_device("auto") == find_device("mps") == torch.device("mps")
    assert find_device("auto", number=1, processes=2) == torch.device("cpu")
    with pytest.raises(Refusal, match="--device mps takes one process"):
        find_device("mps", number=1, processes=2)


def test_a_device_that_is_missing_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for name in ("cuda", "mps"):
        with pytest.raises(Refusal):
            find_device(name)
