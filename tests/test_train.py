"""The command line trains, or says in one sentence why it does not."""

import pytest
from PIL import Image

from cnncourse import train
from cnncourse.train import main

BASE = ["--model", "lenet.tiny", "--data", "digits", "--epochs", "1", "--batch-size", "512"]


def test_a_training_runs_and_is_resumed_with_nothing_but_its_folder(tmp_path, capsys):
    out = ["--out", str(tmp_path / "run")]
    assert main(BASE + out) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said] == ["epoch", "test"]
    assert main([*out, "--resume"]) == 0
    assert capsys.readouterr().out.splitlines() == said[1:]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--model", "lenet.lenet"], "there is no model 'lenet.lenet': did you mean lenet.lenet5"),
        (["--model", "alexnet.alexnet"], "alexnet.alexnet cannot take images of 8 × 8 (--size"),
        (["--data", "folder:nowhere"], "there is no folder nowhere"),
        (["--augment", "shake"], "there is no augmentation 'shake'"),
        (["--lr", "1e30"], "the loss became nan in epoch 1: try a smaller lr than 1e+30"),
        (["--resume"], "there is no "),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(options, sentence, tmp_path, capsys):
    assert main([*BASE, "--out", str(tmp_path / "run"), *options]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"cnncourse.train: {sentence}")
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert not (tmp_path / "run").exists()


def test_an_unreadable_image_is_named(tmp_path, capsys):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.new("L", (9, 9)).save(tmp_path / name / "good.png")
        (tmp_path / name / "bad.png").write_bytes(b"")
    options = ["--data", f"folder:{tmp_path}", "--size", "8", "--out", str(tmp_path / "run")]
    assert main(BASE + options) == 2
    said = capsys.readouterr().err
    assert "bad.png cannot be read as an image" in said
    assert said.count("\n") == 1


def test_fewer_images_a_step_than_processes_are_refused_by_the_first_alone(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("WORLD_SIZE", "3")
    options = ["--batch-size", "2", "--out", str(tmp_path / "run")]
    assert main(BASE + options) == 2
    assert "3 processes cannot share batches of 1 images" in capsys.readouterr().err
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(train, "PATIENCE", 0)
    assert main(BASE + options) == 2
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--epochs", "0"], "argument --epochs: must be at least 1, got 0"),
        (["--schedule", "step"], "invalid choice: 'step'"),
        (["--out"], "expected one argument"),
    ],
)
def test_an_option_that_cannot_be_read_is_named(options, said, tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        main([*BASE, "--out", str(tmp_path), *options])
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


def test_a_new_training_needs_a_model_and_data(tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--model", "lenet.tiny", "--out", str(tmp_path)])
    assert caught.value.code == 2
    assert "--model and --data are needed" in capsys.readouterr().err
