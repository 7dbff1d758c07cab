"""GoogLeNet against torchvision's, and the published form against the paper's arithmetic."""

import pytest
import torch
from torch import nn
from torchvision import models

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.analysis.receptive_field import receptive_field
from cnncourse.architectures import googlenet, load_torchvision
from cnncourse.training import set_seed


def on_meta(build, **options):
    with torch.device("meta"):
        return build(**options).eval()


@pytest.mark.parametrize("auxiliary", [True, False])
def test_agrees_with_torchvision(auxiliary, agrees_with_torchvision):
    ours = googlenet.googlenet(auxiliary=auxiliary)
    theirs = models.googlenet(aux_logits=auxiliary, init_weights=False)
    agrees_with_torchvision(ours, theirs, size=(45, 64))


def test_the_same_seed_gives_torchvisions_initial_weights():
    set_seed(5)
    ours = googlenet.googlenet().parameters()
    set_seed(5)
    assert all(map(torch.equal, ours, models.googlenet(init_weights=True).parameters()))


@pytest.mark.parametrize(
    ("build", "with_heads", "without_heads", "macs"),
    [
        (googlenet.googlenet, 13_004_888, 6_624_904, 1_498_376_192),
        (googlenet.googlenet_paper, 13_378_280, 6_998_552, 1_582_671_872),
    ],
)
def test_counts_are_those_of_the_docstrings(build, with_heads, without_heads, macs):
    assert count_parameters(on_meta(build)) == with_heads
    assert count_parameters(on_meta(build, auxiliary=False)) == without_heads
    assert count_macs(on_meta(build), (1, 3, 224, 224)) == macs
    for count in (with_heads, without_heads, macs):
        assert f"{count:,}" in build.__doc__


def test_tiny_counts_are_those_of_its_docstring():
    model = on_meta(googlenet.tiny)
    assert count_parameters(model) == 91_410
    assert count_macs(model, (1, 3, 32, 32)) == 2_964_864
    assert "91,410 parameters, 2,964,864 multiply-accumulates" in googlenet.tiny.__doc__


# The paper's table 1: weights in units of 1,024, multiply-accumulates in millions.
TABLE_1 = {
    "3a": (159, 128),
    "3b": (380, 304),
    "4a": (364, 73),
    "4b": (437, 88),
    "4c": (463, 100),
    "4d": (580, 119),
    "4e": (840, 170),
    "5a": (1072, 54),
    "5b": (1388, 71),
}


def weights(module):
    return sum(p.numel() for p in module.parameters() if p.ndim > 1)


@pytest.mark.parametrize("name", TABLE_1)
def test_a_module_has_the_weights_of_its_row_in_the_papers_table(name):
    module = on_meta(googlenet.googlenet_paper).get_submodule(f"inception{name}")
    printed = TABLE_1[name][0] * 1024
    off = {"4c": -0.07, "5a": 0.053}.get(name, 0)  # the two rows that the docstring names
    assert printed / weights(module) - 1 == pytest.approx(off, abs=0.02)


@pytest.mark.parametrize("name", TABLE_1)
def test_a_module_takes_the_operations_of_its_row_in_the_papers_table(name):
    module = on_meta(googlenet.googlenet_paper).get_submodule(f"inception{name}")
    side = {"3": 28, "4": 14, "5": 7}[name[0]]
    macs = weights(module) * side**2 / 1e6
    assert (abs(macs - TABLE_1[name][1]) < 1) == (name != "5a")


def test_the_papers_first_row_is_a_separable_convolution_and_ours_is_dense():
    separable = nn.Sequential(
        nn.Conv2d(3, 24, 7, stride=2, padding=3, groups=3, bias=False),
        nn.Conv2d(24, 64, 1, bias=False),
    )
    assert weights(separable) == 2_712
    assert round(count_macs(separable, (1, 3, 224, 224)) / 1e6) == 34
    assert weights(on_meta(googlenet.googlenet_paper).conv1) == 9_408
    assert weights(on_meta(googlenet.googlenet_paper, auxiliary=False)) == 6_990_272


def test_the_longest_path_has_22_layers_with_weights():
    model = on_meta(googlenet.googlenet_paper, auxiliary=False)
    modules = [m for m in model.modules() if isinstance(m, googlenet.Inception)]
    assert len(modules) == 9
    assert all(len(m.three) == len(m.five) == 2 for m in modules)
    outside = [
        m
        for name, m in model.named_modules()
        if isinstance(m, (nn.Conv2d, nn.Linear)) and "inception" not in name
    ]
    assert len(outside) + 2 * len(modules) == 22


def test_the_shapes_are_those_of_the_comments():
    model = on_meta(googlenet.googlenet)
    shapes = {}
    for name, module in model.named_children():
        module.register_forward_hook(
            lambda m, x, y, name=name: shapes.__setitem__(name, tuple(y.shape[1:]))
        )
    model(torch.zeros(1, 3, 224, 224, device="meta"))
    assert shapes["conv1"] == (64, 112, 112)
    assert shapes["pool1"] == shapes["conv2"] == (64, 56, 56)
    assert shapes["conv3"] == (192, 56, 56)
    assert shapes["pool2"] == (192, 28, 28)
    assert shapes["inception3b"] == (480, 28, 28)
    assert shapes["inception4a"] == (512, 14, 14)
    assert shapes["inception4d"] == (528, 14, 14)
    assert shapes["inception4e"] == (832, 14, 14)
    assert shapes["pool4"] == (832, 7, 7)
    assert shapes["inception5b"] == (1024, 7, 7)
    assert shapes["pool5"] == (1024, 1, 1)


def test_the_paper_form_has_the_same_shapes():
    model = on_meta(googlenet.googlenet_paper)
    shapes = []
    for module in (model.pool2, model.pool3, model.pool4, model.inception5b):
        module.register_forward_hook(lambda m, x, y: shapes.append(tuple(y.shape[1:])))
    model(torch.zeros(1, 3, 224, 224, device="meta"))
    assert shapes == [(192, 28, 28), (480, 14, 14), (832, 7, 7), (1024, 7, 7)]


@pytest.mark.parametrize(
    ("build", "size", "padding"),
    [(googlenet.googlenet, 379, 167), (googlenet.googlenet_paper, 715, 327)],
)
def test_the_paper_form_sees_almost_twice_as_far_as_torchvisions(build, size, padding):
    field = receptive_field(on_meta(build), (1, 3, 224, 224), "inception5b")
    assert (field.size, field.stride, field.padding) == ((size,) * 2, (32,) * 2, (padding,) * 2)


def test_the_paper_form_has_true_5x5_kernels_biases_and_no_batch_norm():
    model = on_meta(googlenet.googlenet_paper)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in model.modules())
    assert all(m.bias is not None for m in model.modules() if isinstance(m, nn.Conv2d))
    assert model.inception4c.five[1].conv.kernel_size == (5, 5)
    assert on_meta(googlenet.googlenet).inception4c.five[1].conv.kernel_size == (3, 3)
    assert isinstance(model.norm1, nn.LocalResponseNorm)
    assert isinstance(model.norm2, nn.LocalResponseNorm)


def test_at_first_the_signal_of_the_paper_form_survives_22_layers():
    model = googlenet.googlenet_paper(auxiliary=False).eval()
    with torch.no_grad():
        assert 0.1 < model(torch.randn(4, 3, 64, 79)).std() < 10
    assert all(p.eq(0).all() for p in model.parameters() if p.ndim == 1)


def test_training_returns_the_auxiliary_scores_of_the_two_middle_modules():
    model = googlenet.GoogLeNet(googlenet.PAPER, True, 7, 1, shrink=8)
    for head in (model.auxiliary4a, model.auxiliary4d):
        head.dropout.p = 0.0
    model.dropout.p = 0.0
    seen = {}
    for name in ("inception4a", "inception4d"):
        model.get_submodule(name).register_forward_hook(
            lambda m, x, y, name=name: seen.__setitem__(name, y)
        )
    x = torch.randn(2, 1, 45, 64)
    scores = model(x)
    assert isinstance(scores, googlenet.Scores)
    assert {s.shape for s in scores} == {(2, 7)}
    assert torch.equal(scores.auxiliary4a, model.auxiliary4a(seen["inception4a"]))
    assert torch.equal(scores.auxiliary4d, model.auxiliary4d(seen["inception4d"]))
    assert torch.equal(scores.main, model.eval()(x))


def test_pretrained_weights_leave_the_auxiliary_heads_out(monkeypatch):
    published = models.googlenet(aux_logits=False, init_weights=False).state_dict()
    loaded = []

    def without_network(model, name):
        loaded.append(name)
        return load_torchvision(model, published)

    monkeypatch.setattr(googlenet, "with_pretrained", without_network)
    model = googlenet.googlenet(pretrained=True)
    assert loaded == ["googlenet"]
    assert model.train()(torch.randn(2, 3, 32, 32)).shape == (2, 1000)
    assert torch.equal(model.scores.weight, published["fc.weight"])
