"""Each image counts once an epoch, in batches and shares of nearly equal size."""

from itertools import chain

import pytest
import torch

from cnncourse.training.batches import Shuffled, in_order
from cnncourse.training.refusal import Refusal


def shuffled(count, batch_size, seed=0):
    return Shuffled(count, torch.Generator().manual_seed(seed), batch_size)


@pytest.mark.parametrize(
    ("count", "batch_size", "sizes"),
    [(58, 16, [15, 15, 14, 14]), (64, 16, [16] * 4), (9, 64, [9]), (9, 8, [5, 4])],
)
def test_batches_are_of_equal_size_up_to_one_image(count, batch_size, sizes):
    batches = shuffled(count, batch_size)
    epoch = list(batches)
    assert [len(batch) for batch in epoch] == sizes
    assert len(batches) == len(sizes)
    assert sorted(chain(*epoch)) == list(range(count))


def test_every_epoch_has_an_order_of_its_own_which_the_generator_decides():
    batches = shuffled(20, 5)
    first, second = list(batches), list(batches)
    assert first != second
    again = shuffled(20, 5)
    assert [list(again), list(again)] == [first, second]


def test_processes_divide_each_batch_among_them(monkeypatch):
    whole = list(shuffled(58, 16))
    monkeypatch.setenv("WORLD_SIZE", "4")
    shares = []
    for rank in range(4):
        monkeypatch.setenv("RANK", str(rank))
        shares.append(list(shuffled(58, 16)))
    for batch, *parts in zip(whole, *shares, strict=True):
        assert sorted(batch) == sorted(chain(*parts))
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_processes_divide_all_images_among_them_in_order(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")
    seen = []
    for rank in range(4):
        monkeypatch.setenv("RANK", str(rank))
        seen += [x for batch in in_order(range(3), 2, 0) for x in batch.tolist()]
    assert sorted(seen) == [0, 1, 2]


@pytest.mark.parametrize(("count", "batch_size"), [(58, 3), (3, 64), (5, 4)])
def test_a_batch_smaller_than_the_number_of_processes_is_refused(count, batch_size, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(Refusal, match=rf"^4 processes cannot share batches of . images .*{count} "):
        shuffled(count, batch_size)
