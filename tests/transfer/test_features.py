"""Features are computed once, and never served to another network or for other images."""

import copy
import importlib
import warnings

import pytest
import torch
from torch import nn

from cnncourse.explain import activations
from cnncourse.transfer import features


def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5), nn.Flatten()
    )


X = torch.randn(6, 1, 5, 4, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def computed(monkeypatch):
    """How many images the network has seen in each call."""
    seen = []

    def counted(model, x, layer, **options):
        seen.append(len(x))
        return activations(model, x, layer, **options)

    module = importlib.import_module("cnncourse.transfer.features")  # and not the function
    monkeypatch.setattr(module, "activations", counted)
    return seen


def test_features_are_what_the_layer_returns_the_first_time_and_the_second(tmp_path, computed):
    expected = activations(net(), X, "2")
    for _ in range(2):
        assert torch.equal(features(net(), X, "2", cache=tmp_path), expected)
    assert computed == [1, 6, 1]  # the first image stands for the code
    assert [path.suffix for path in tmp_path.iterdir()] == [".pt"]


def test_without_a_cache_all_is_computed_each_time(computed):
    for _ in range(2):
        features(net(), X, "2", cache=None)
    assert computed == [6, 6]


def test_the_mode_and_the_size_of_batches_do_not_matter(tmp_path):
    model = net()
    found = features(model.train(), X, "4", cache=tmp_path, batch_size=2)
    assert torch.equal(features(model.eval(), X, "4", cache=tmp_path), found)
    assert len(list(tmp_path.iterdir())) == 1


def weight(model, x):
    model[0].weight.data[0, 0, 0, 0] += 1e-6
    return model, x, "2"


def exchanged(model, x):
    bias = model[0].bias.data
    model[0].bias.data = bias[[1, 0, 2, 3]]
    return model, x, "2"


def statistics(model, x):
    model[1].running_mean[0] += 1e-6
    return model, x, "2"


def pixel(model, x):
    x = x.clone()
    x[-1, 0, 4, 3] += 1e-6
    return model, x, "2"


def order(model, x):
    return model, x[[0, 2, 1, 3, 4, 5]], "2"


def fewer(model, x):
    return model, x[:5], "2"


def layer(model, x):
    return model, x, "1"


def same_values_elsewhere(model, x):
    return model, x, "3"  # dropout in evaluation mode: equal values, another layer


def code(model, x):
    model[2] = nn.ELU()
    return model, x, "2"


def precision(model, x):
    return model.double(), x.double(), "2"


CHANGES = [weight, exchanged, statistics, pixel, order, fewer, layer, code, precision]


@pytest.mark.parametrize("change", [*CHANGES, same_values_elsewhere])
def test_whatever_changes_is_computed_anew(tmp_path, computed, change):
    features(net(), X, "2", cache=tmp_path)
    computed.clear()
    model, x, path = change(net(), X)
    assert torch.equal(features(model, x, path, cache=tmp_path), activations(model, x, path))
    assert computed == [1, len(x)]


def test_a_weight_that_the_first_image_does_not_feel_counts_as_well(tmp_path):
    model = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU())
    x = torch.tensor([-1.0, 1.0]).reshape(2, 1, 1, 1)
    with torch.no_grad():
        model[0].bias.zero_()
        model[0].weight.fill_(1)
        features(model, x, "1", cache=tmp_path)
        model[0].weight.fill_(2)
    assert features(model, x, "1", cache=tmp_path).flatten().tolist() == [0, 2]


def test_a_copy_of_the_network_finds_the_same_file(tmp_path, computed):
    model = net()
    features(model, X, "2", cache=tmp_path)
    features(copy.deepcopy(model), X, "2", cache=tmp_path)
    assert computed == [1, 6, 1]


@pytest.mark.parametrize("content", [b"", b"no tensor", "half"])
def test_a_broken_file_is_replaced(tmp_path, content):
    expected = features(net(), X, "2", cache=tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    assert torch.equal(features(net(), X, "2", cache=tmp_path), expected)
    assert path.read_bytes() == whole


def test_a_write_that_fails_half_way_leaves_no_file_and_says_so(tmp_path, monkeypatch):
    def full(found, file):
        file.write(b"part")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.warns(UserWarning, match=r"features are not kept: .*\(No space left on device\)"):
        found = features(net(), X, "2", cache=tmp_path)
    assert torch.equal(found, activations(net(), X, "2"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said_once_and_does_no_harm(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.warns(UserWarning, match="features are not kept") as said:
        found = features(net(), X, "2", cache=tmp_path / "file" / "folder")
    assert len(said) == 1
    assert torch.equal(found, activations(net(), X, "2"))


def test_a_folder_that_is_missing_is_made_without_a_word(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        features(net(), X, "2", cache=str(tmp_path / "a" / "b"))
    assert len(list((tmp_path / "a" / "b").iterdir())) == 1


def test_the_model_and_the_images_stay_as_they_are(tmp_path):
    model = net().train()
    before = copy.deepcopy(model.state_dict())
    found = features(model, X.clone().requires_grad_(), "2", cache=tmp_path)
    assert all(torch.equal(before[name], now) for name, now in model.state_dict().items())
    assert all(m.training for m in model.modules())
    assert not found.requires_grad


def test_bad_input_is_refused_with_or_without_a_file(tmp_path):
    features(net(), X, "2", cache=tmp_path)
    for cache in (tmp_path, None):
        with pytest.raises(ValueError, match="the model has no layer '7'; near names are 0"):
            features(net(), X, "7", cache=cache)
        with pytest.raises(ValueError, match=r"shape \(N, C, H, W\), got \(1, 5, 4\)"):
            features(net(), X[0], "2", cache=cache)
        with pytest.raises(TypeError, match="floating-point numbers, got list"):
            features(net(), [1, 2], "2", cache=cache)
        with pytest.raises(TypeError, match=r"model must be an nn\.Module, got function"):
            features(lambda x: x, X, "2", cache=cache)
