"""A row of counts and times."""

import time

import pytest
import torch
from torch import nn

from cnncourse.measure import (
    counts,
    interleaved,
    main,
    measure,
    network,
    prepared,
    quartiles,
    threads_set_to,
)
from cnncourse.training.builders import build


def test_the_row_counts_what_the_network_says_of_itself():
    row = measure("mobilenet.tiny", 32, batch_size=2, rounds=3)
    model = network("mobilenet.tiny", 32)
    assert counts(model, 32) == {
        "parameters": row.parameters,
        "macs": row.macs,
        "peak_bytes": row.peak_bytes,
    }
    assert row.parameters == sum(p.numel() for p in model.parameters())
    assert 0 < row.low <= row.latency <= row.high
    assert row.throughput > 0


def test_calls_take_turns_in_an_order_that_rotates_and_each_warms_up_itself():
    seen = []
    calls = {name: lambda name=name: seen.append(name) for name in "abc"}
    times = interleaved(calls, rounds=3)
    assert "".join(seen) == "aabbcc" + "bbccaa" + "ccaabb"
    assert {name: len(found) for name, found in times.items()} == {"a": 3, "b": 3, "c": 3}


def test_times_are_milliseconds_and_gradients_are_off():
    states = []

    def call():
        states.append(torch.is_grad_enabled())
        time.sleep(0.02)

    times = interleaved({"call": call}, rounds=2)["call"]
    assert all(19 < t < 2000 for t in times)
    assert not any(states)


def test_quartiles_of_five_times():
    assert quartiles([5, 1, 4, 2, 3]) == {"latency": 3, "low": 2, "high": 4}


def test_a_batch_norm_has_met_a_batch_and_keeps_its_momentum():
    norms = [m for m in network("resnet.tiny", 32).modules() if isinstance(m, nn.BatchNorm2d)]
    assert not any((norm.running_var == 1).all() or norm.training for norm in norms)
    assert {norm.momentum for norm in norms} == {0.1}


def test_the_statistics_of_a_network_to_be_timed_are_those_of_its_one_batch():
    torch.manual_seed(0)
    norm = next(m for m in network("resnet.tiny", 32).modules() if isinstance(m, nn.BatchNorm2d))
    torch.manual_seed(0)
    twin = build("resnet.tiny", 1000, (3, 32, 32))
    first = next(m for m in twin.modules() if isinstance(m, nn.Conv2d))
    maps = first(torch.randn(2, 3, 32, 32))
    torch.testing.assert_close(norm.running_var, maps.var((0, 2, 3)))


@pytest.mark.parametrize("mode", ["eager", "channels-last"])
def test_every_mode_gives_the_same_scores_and_leaves_the_network_alone(mode):
    model, x = network("resnet.tiny", 32), torch.randn(2, 3, 32, 32)
    expected = model(x)
    torch.testing.assert_close(prepared(model, x, mode)(), expected, rtol=1e-4, atol=1e-5)
    assert all(p.is_contiguous() for p in model.parameters())


def test_another_mode_is_refused():
    with pytest.raises(ValueError, match=r"^mode must be one of eager, .*, got 'fast'$"):
        prepared(nn.Identity(), torch.zeros(1), "fast")


def test_the_number_of_threads_comes_back():
    before = torch.get_num_threads()
    with threads_set_to(3):
        assert torch.get_num_threads() == 3
    assert torch.get_num_threads() == before


def test_a_transformer_is_built_for_the_size_asked_for():
    assert (
        measure("vit.tiny", 16, batch_size=1, rounds=2).macs
        < counts(network("vit.tiny", 32), 32)["macs"]
    )


def test_the_command_prints_the_row(capsys):
    assert main(["--model", "lenet.tiny", "--size", "32", "--batch-size", "2"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("lenet.tiny on 32 × 32, eager, 1 thread\n")
    assert "multiply-accumulates" in said
    assert torch.__version__ in said


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["--model", "resnet.resnet81"], "there is no model 'resnet.resnet81': did you mean "),
        (["--model", "vit.tiny", "--size", "30"], "vit.tiny cannot take images of 30 × 30 "),
    ],
)
def test_a_wrong_name_or_size_is_one_sentence(given, sentence, capsys):
    assert main(given) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"cnncourse.measure: {sentence}")
    assert said.count("\n") == 1
