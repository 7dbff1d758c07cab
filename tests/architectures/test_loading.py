"""Weights by name: what fits is copied, what does not is named, nothing happens by halves."""

from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from torch import nn
from torchvision import models

from cnncourse.architectures import load_torchvision, loading, resnet
from cnncourse.training import set_seed


class Ours(nn.Module):
    """Stands for a network of this package; torchvision calls its parts ``fc`` and ``bn1``."""

    TORCHVISION_NAMES = ((r"^fc\.", "head."), (r"^bn(\d)\.", r"norm\1."), (r"^norm1\.", "first."))

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3, 2)
        self.first = nn.BatchNorm2d(4)


def weights() -> dict[str, torch.Tensor]:
    """Return what torchvision would publish for ``Ours``."""
    set_seed(0)
    return {
        "fc.weight": torch.randn(2, 3),
        "fc.bias": torch.randn(2),
        "bn1.weight": torch.randn(4),
        "bn1.bias": torch.randn(4),
        "bn1.running_mean": torch.randn(4),
        "bn1.running_var": torch.rand(4),
        "bn1.num_batches_tracked": torch.tensor(7),
    }


def test_names_are_translated_by_one_rule_after_the_other():
    renamed = loading.translate(Ours(), {"bn1.weight": 1, "bn2.weight": 2, "fc.bias": 3})
    assert renamed == {"first.weight": 1, "norm2.weight": 2, "head.bias": 3}


def test_every_tensor_is_copied_and_the_model_returned():
    model, given = Ours(), weights()
    assert load_torchvision(model, given) is model
    assert torch.equal(model.head.weight, given["fc.weight"])
    assert torch.equal(model.first.running_var, given["bn1.running_var"])
    assert model.first.num_batches_tracked == 7
    model.head.weight.data.zero_()
    assert given["fc.weight"].all()  # a copy, not the tensor itself


def test_files_without_counters_leave_the_counters_as_they_are():
    model, given = Ours(), weights()
    del given["bn1.num_batches_tracked"]
    model.first.num_batches_tracked.fill_(3)
    load_torchvision(model, given)
    assert model.first.num_batches_tracked == 3
    assert torch.equal(model.first.bias, given["bn1.bias"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda given: given.pop("bn1.running_mean"),
            r"^the weights lack first.running_mean, of shape \(4,\)$",
        ),
        (
            lambda given: given.update({"fc.weight": torch.ones(5, 3)}),
            r"^head.weight has the shape \(2, 3\) in the model and \(5, 3\) in the weights$",
        ),
        (
            lambda given: given.update({"fc.scale": torch.ones(6, 1)}),
            r"^the weights hold head.scale, of shape \(6, 1\), for which the model has no place$",
        ),
    ],
)
def test_a_tensor_that_does_not_fit_is_named_and_nothing_is_copied(change, message):
    model, given = Ours(), weights()
    change(given)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(ValueError, match=message):
        load_torchvision(model, given)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_another_number_of_classes_is_refused_with_both_shapes():
    with torch.device("meta"):
        model, given = resnet.resnet18(num_classes=7), models.resnet18().state_dict()
    message = r"head.weight has the shape \(7, 512\) in the model and \(1000, 512\) in the weights"
    with pytest.raises(ValueError, match=message):
        load_torchvision(model, given)


def test_a_model_that_torchvision_lacks_is_refused():
    with pytest.raises(TypeError, match="torchvision has no counterpart of Linear"):
        load_torchvision(nn.Linear(3, 2), weights())


def test_pretrained_takes_the_weights_that_torchvision_gives_for_the_name(monkeypatch):
    set_seed(0)
    published = models.resnet18()
    asked = []

    def get_model(name, weights, progress):
        asked.append((name, weights, progress))
        return published

    monkeypatch.setattr(models, "get_model", get_model)
    model = resnet.resnet18(pretrained=True)
    assert asked == [("resnet18", models.ResNet18_Weights.DEFAULT, True)]
    assert torch.equal(model.head.weight, published.fc.weight)
    with pytest.raises(ValueError, match=r"stem.conv.weight has the shape \(64, 1, 7, 7\)"):
        resnet.resnet18(in_channels=1, pretrained=True)


def test_without_a_network_pretrained_says_so_and_what_to_do(monkeypatch, tmp_path):
    def no_network(*args, **kwargs):
        raise URLError("Temporary failure in name resolution")

    monkeypatch.setattr("urllib.request.OpenerDirector.open", no_network)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))  # where no earlier download lies
    with pytest.raises(ConnectionError) as caught:
        resnet.resnet18(pretrained=True)
    url = models.ResNet18_Weights.DEFAULT.url
    assert str(caught.value) == (
        "could not download the weights of resnet18 (Temporary failure in name resolution): "
        f"go on without pretrained=True, or fetch {url} elsewhere and use "
        "load_torchvision(model, torch.load(file))"
    )
    assert isinstance(caught.value.__cause__, URLError)


def test_the_advice_of_that_message_works(tmp_path: Path):
    set_seed(0)
    published = models.resnet18()
    torch.save(published.state_dict(), tmp_path / "file.pth")
    model = load_torchvision(resnet.resnet18(), torch.load(tmp_path / "file.pth"))
    x = torch.randn(2, 3, 40, 33)
    torch.testing.assert_close(model.eval()(x), published.eval()(x))
