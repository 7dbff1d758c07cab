"""Images come in three parts that share none."""

import pytest
import torch
from PIL import Image

from cnncourse import data
from cnncourse.training import parts
from cnncourse.training.parts import load_parts, read_image
from cnncourse.training.refusal import Refusal, UnreadableImage


def stack(part):
    return torch.stack([image for image, _ in part])


def test_a_tenth_of_the_training_images_is_held_out_and_the_test_images_stay():
    train, validation, test, classes, shape = load_parts("digits", None)
    known, unseen = data.digits()
    assert (len(train), len(validation)) == (1213, 134)
    assert sorted(train.indices + validation.indices) == list(range(len(known)))
    torch.testing.assert_close(stack(test), unseen.images)
    assert (classes, shape) == (known.classes, (1, 8, 8))


def test_size_resizes_every_part():
    found = load_parts("digits", 12)
    for part in found[:3]:
        images = stack(part)
        assert images.shape[1:] == found.shape == (1, 12, 12)
        assert 0 <= images.min() < images.max() <= 1


def test_a_folder_gives_colour_images_of_one_size_and_its_names(pictures):
    train, validation, test, classes, shape = load_parts(f"folder:{pictures}", 8)
    assert (len(train), len(validation), test, classes) == (58, 6, None, ("bright", "dark"))
    images, labels = stack(train), torch.tensor([label for _, label in train])
    assert images.shape[1:] == shape == (3, 8, 8)
    assert images[labels == 0].mean() > images[labels == 1].mean() + 0.2


def test_an_image_of_a_folder_is_upright_and_keeps_its_proportions(tmp_path):
    image = Image.new("L", (20, 40))
    image.paste(255, (0, 0, 20, 20))  # its upper half is white
    turned = Image.Exif()
    turned[0x0112] = 3  # upside down
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        image.save(tmp_path / name / "half.png", exif=turned)
    image, _ = load_parts(f"folder:{tmp_path}", 10).train[0]
    assert image.shape == (3, 10, 10)  # the middle 20 × 20, halved
    assert image[:, :4].max() == 0
    assert image[:, 6:].min() == 1


def test_a_file_that_is_no_image_is_named(tmp_path):
    file = tmp_path / "text.png"
    file.write_text("no image")
    with pytest.raises(UnreadableImage, match=r"text\.png cannot be read as an image: "):
        read_image(str(file))


def test_half_an_image_is_named(tmp_path, pictures):
    whole = next((pictures / "dark").iterdir()).read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableImage, match=r"half\.png cannot be read"):
        read_image(str(tmp_path / "half.png"))


def test_what_is_no_data_set_is_refused(tmp_path, monkeypatch):
    with pytest.raises(Refusal, match=r"^there is no data set 'digit': use digits, mnist_small, "):
        load_parts("digit", None)
    with pytest.raises(Refusal, match=r"^there is no folder .*nowhere$"):
        load_parts(f"folder:{tmp_path / 'nowhere'}", None)
    with pytest.raises(Refusal, match="must hold one folder a class"):
        load_parts(f"folder:{tmp_path}", None)

    def no_network():
        raise ConnectionError("Fashion-MNIST could not be downloaded")

    monkeypatch.setitem(parts.BUNDLED, "fashion_mnist", no_network)
    with pytest.raises(Refusal, match=r"^Fashion-MNIST could not be downloaded$"):
        load_parts("fashion_mnist", None)


def test_train_and_val_are_not_taken_for_classes(tmp_path):
    for name in ("train", "val"):
        (tmp_path / name).mkdir()
        Image.new("L", (2, 2)).save(tmp_path / name / "a.png")
    with pytest.raises(Refusal, match=r"train, val, which are no classes: try folder:.*/train$"):
        load_parts(f"folder:{tmp_path}", None)


def test_one_image_is_too_few(tmp_path):
    (tmp_path / "a").mkdir()
    Image.new("L", (2, 2)).save(tmp_path / "a" / "a.png")
    with pytest.raises(Refusal, match="has 1 image, too few"):
        load_parts(f"folder:{tmp_path}", None)
