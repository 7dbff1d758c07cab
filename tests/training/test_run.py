"""An interrupted training ends where an uninterrupted one does, and leaves whole files."""

import errno
import json
import os

import pytest
import torch
from PIL import Image

from cnncourse.training import trainer
from cnncourse.training.refusal import Refusal, UnreadableImage
from cnncourse.training.run import STATE, run


def weights(folder, file="last.pt"):
    return torch.load(folder / file, weights_only=True)["model"]


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one | other)


def interrupt(monkeypatch, given, folder, epoch):
    """Train until the middle of an epoch, counted from 1, and no further."""
    check_loss = trainer.check_loss

    def fail(loss, number, optimizer):
        if number + 1 == epoch:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "check_loss", fail)
        with pytest.raises(KeyboardInterrupt):
            run(given, folder)
    assert trainer.check_loss is check_loss


@pytest.fixture
def whole(given, tmp_path):
    """The folder of a training without interruption."""
    run(given, tmp_path / "whole")
    return tmp_path / "whole"


def test_a_run_leaves_three_files_and_learns(whole, given):
    assert sorted(os.listdir(whole)) == ["best.pt", "history.json", "last.pt"]
    state = torch.load(whole / "last.pt", weights_only=True)
    assert set(state) == STATE
    assert state["epoch"] == 4
    assert given.items() <= state["arguments"].items()
    history = json.loads((whole / "history.json").read_text())
    assert history == state["history"]
    assert len(history["loss"]) == len(history["images_per_second"]) == 4
    assert history["loss"][-1] < history["loss"][0]


# Dropout draws from the global generator; shift and flip draw from their own.
DROPOUT = {"model": "vgg.tiny", "epochs": 2}


@pytest.mark.parametrize("extra", [{}, DROPOUT, DROPOUT | {"amp": True}])
def test_a_resumed_training_ends_with_the_same_bits(given, extra, tmp_path, monkeypatch):
    given |= {"epochs": 2} | extra
    record = run(given, tmp_path / "whole")
    interrupt(monkeypatch, given, tmp_path / "parts", epoch=2)
    torch.manual_seed(99)
    resumed = run({}, tmp_path / "parts", resume=True)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))
    assert same(weights(tmp_path / "whole", "best.pt"), weights(tmp_path / "parts", "best.pt"))
    assert resumed.loss == record.loss
    assert resumed.validation_accuracy == record.validation_accuracy


def test_workers_change_nothing_even_when_resumed(given, tmp_path, monkeypatch):
    given |= DROPOUT
    run(given, tmp_path / "none")
    run(given | {"workers": 1}, tmp_path / "one")
    interrupt(monkeypatch, given | {"workers": 1}, tmp_path / "parts", epoch=2)
    run({"workers": 2}, tmp_path / "parts", resume=True)
    assert same(weights(tmp_path / "none"), weights(tmp_path / "one"))
    assert same(weights(tmp_path / "none"), weights(tmp_path / "parts"))


def test_the_seed_decides(given, tmp_path):
    given["epochs"] = 1
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        run(given | {"seed": seed}, tmp_path / name)
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert not same(weights(tmp_path / "a"), weights(tmp_path / "c"))


def test_the_best_weights_are_the_first_with_the_highest_validation_accuracy(
    given, tmp_path, monkeypatch
):
    accuracies = iter([0.5, 0.75, 0.75, 0.25])
    monkeypatch.setattr(trainer.Trainer, "accuracy", lambda self, images: next(accuracies))
    run(given, tmp_path)
    assert torch.load(tmp_path / "best.pt")["epoch"] == 2


def test_the_test_images_are_looked_at_once_with_the_best_weights(given, tmp_path, monkeypatch):
    looked = []
    accuracy = trainer.Trainer.accuracy

    def look(self, images):
        looked.append(
            (len(images.dataset), same(self.model.state_dict(), weights(tmp_path, "best.pt")))
        )
        return accuracy(self, images)

    given |= {"data": "digits", "epochs": 1, "batch_size": 512}
    run(given, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(trainer.Trainer, "accuracy", look)
        record = run({}, tmp_path, resume=True)
    assert looked == [(450, True)]
    assert (
        json.loads((tmp_path / "history.json").read_text())["test_accuracy"] == record.test_accuracy
    )


def test_other_arguments_than_stored_are_refused(given, whole):
    before = (whole / "last.pt").read_bytes()
    with pytest.raises(Refusal, match=r"^the training to resume has --batch-size 16, not 8: "):
        run(given | {"batch_size": 8}, whole, resume=True)
    assert (whole / "last.pt").read_bytes() == before


def test_a_training_is_not_overwritten(given, whole):
    with pytest.raises(Refusal, match=r"^.*whole holds a training: go on with --resume"):
        run(given, whole)


def test_another_number_of_processes_is_refused(whole, monkeypatch):
    monkeypatch.setattr(trainer.processes, "join", lambda network, device: network)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(Refusal, match=r"ran in 1 processes, not in 2$"):
        run({}, whole, resume=True)


def test_another_class_in_the_folder_is_refused(given, whole, pictures):
    (pictures / "neither").mkdir()
    Image.new("L", (9, 9)).save(pictures / "neither" / "a.png")
    try:
        with pytest.raises(Refusal, match=r"^the training to resume had other classes or images"):
            run({}, whole, resume=True)
    finally:
        (pictures / "neither" / "a.png").unlink()
        (pictures / "neither").rmdir()


@pytest.mark.parametrize("workers", [0, 1])
def test_an_unreadable_image_is_named_and_nothing_is_lost(
    given, workers, tmp_path, monkeypatch, pictures
):
    interrupt(monkeypatch, given, tmp_path / "run", epoch=2)
    before = (tmp_path / "run" / "last.pt").read_bytes()
    file = pictures / "dark" / "1.png"
    content = file.read_bytes()
    file.write_bytes(b"no image")
    try:
        with pytest.raises(UnreadableImage) as caught:
            run({"workers": workers}, tmp_path / "run", resume=True)
    finally:
        file.write_bytes(content)
    assert str(caught.value).startswith(f"{file} cannot be read as an image: ")
    assert "\n" not in str(caught.value)
    assert (tmp_path / "run" / "last.pt").read_bytes() == before


def test_a_disk_that_is_full_keeps_the_epoch_before(given, whole, tmp_path, monkeypatch):
    folder = tmp_path / "run"

    def full_after_the_first_epoch(number):
        if (folder / "last.pt").exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_after_the_first_epoch)
        with pytest.raises(Refusal, match=r"^could not write .* \(No space left on device\)"):
            run(given, folder)
    assert torch.load(folder / "last.pt")["epoch"] == 1
    run({}, folder, resume=True)
    assert same(weights(whole), weights(folder))


def test_weights_that_are_lost_are_not_written(given, tmp_path):
    with pytest.raises(FloatingPointError, match="the loss became nan in epoch 1: try a smaller"):
        run(given | {"lr": 1e30, "schedule": "constant"}, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_folder_that_cannot_be_made_is_refused(given, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Refusal, match=r"^could not make the folder .*file/run"):
        run(given, tmp_path / "file" / "run")
