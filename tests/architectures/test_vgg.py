"""VGG against torchvision's and against the paper's table."""

import pytest
import torch
from torch import nn
from torchvision import models

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.analysis.receptive_field import receptive_field
from cnncourse.architectures import vgg
from cnncourse.architectures.loading import translate
from cnncourse.training import set_seed

BUILDERS = [
    vgg.vgg11,
    vgg.vgg11_bn,
    vgg.vgg13,
    vgg.vgg13_bn,
    vgg.vgg16,
    vgg.vgg16_bn,
    vgg.vgg19,
    vgg.vgg19_bn,
]
every_member = pytest.mark.parametrize("build", BUILDERS, ids=lambda build: build.__name__)


def on_meta(build, **options):
    with torch.device("meta"):
        return build(**options).eval()


def narrow(theirs: nn.Module, hidden: int) -> nn.Module:
    """Give torchvision's network that many hidden units instead of 4096."""
    theirs.classifier[0] = nn.Linear(512 * 7 * 7, hidden)
    theirs.classifier[3] = nn.Linear(hidden, hidden)
    theirs.classifier[6] = nn.Linear(hidden, 1000)
    return theirs


@pytest.mark.parametrize("build", [vgg.vgg11, vgg.vgg11_bn], ids=lambda build: build.__name__)
def test_the_wide_dense_layers_agree_in_single_precision(build, agrees_with_torchvision):
    ours = on_meta(build).to_empty(device="cpu")  # to be filled with torchvision's weights
    theirs = getattr(models, build.__name__)(init_weights=False)
    agrees_with_torchvision(ours, theirs, size=(32, 47), dtype=torch.float32, tolerance=1e-5)


@every_member
def test_with_narrow_dense_layers_agrees_in_double_precision(build, agrees_with_torchvision):
    stages = getattr(vgg, build.__name__[:5].upper())
    ours = vgg.VGG(stages, build.__name__.endswith("_bn"), 1000, 3, hidden=48)
    with torch.device("meta"):  # the dense layers hold nine tenths of the weights
        theirs = narrow(getattr(models, build.__name__)(), 48)
    theirs.to_empty(device="cpu").apply(
        lambda module: module.reset_parameters() if hasattr(module, "reset_parameters") else None
    )
    agrees_with_torchvision(ours, theirs, size=(32, 47))


@every_member
def test_takes_torchvisions_names_and_shapes(build):
    ours, theirs = on_meta(build), on_meta(getattr(models, build.__name__))
    expected = {name: tensor.shape for name, tensor in ours.state_dict().items()}
    given = translate(ours, theirs.state_dict())
    assert {name: tensor.shape for name, tensor in given.items()} == expected
    assert count_macs(ours, (1, 3, 224, 224)) == count_macs(theirs, (1, 3, 224, 224))


def test_the_same_seed_gives_torchvisions_initial_weights(monkeypatch):
    draw = nn.init.normal_  # the 100 million of the dense layers are left out, to save time
    monkeypatch.setattr(
        nn.init, "normal_", lambda w, *a, **k: w if w.ndim == 2 else draw(w, *a, **k)
    )
    set_seed(5)
    ours = vgg.vgg11_bn().stages.parameters()
    set_seed(5)
    assert all(map(torch.equal, ours, models.vgg11_bn().features.parameters()))


def test_dense_layers_start_with_deviation_a_hundredth_and_biases_at_zero():
    model = vgg.tiny()
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            assert parameter.eq(0).all(), name
        elif name.startswith("head"):
            assert abs(parameter.std().item() - 0.01) < 0.001, name
        else:
            fan_out = 9 * parameter.shape[0]
            assert abs(parameter.std().item() / (2 / fan_out) ** 0.5 - 1) < 0.1, name


@pytest.mark.parametrize(
    ("build", "parameters"),
    [
        (vgg.vgg11, 132_863_336),
        (vgg.vgg11_bn, 132_868_840),
        (vgg.vgg13, 133_047_848),
        (vgg.vgg13_bn, 133_053_736),
        (vgg.vgg16, 138_357_544),
        (vgg.vgg16_bn, 138_365_992),
        (vgg.vgg19, 143_667_240),
        (vgg.vgg19_bn, 143_678_248),
        (vgg.tiny, 68_554),
    ],
)
def test_counts_are_those_of_the_docstrings(build, parameters):
    model = on_meta(build)
    side = 32 if build is vgg.tiny else 224
    assert count_parameters(model) == parameters
    assert f"{parameters:,} parameters" in build.__doc__
    assert f"{count_macs(model, (1, 3, side, side)):,} multiply-accumulates" in build.__doc__


@every_member
def test_only_three_by_three_kernels_and_as_many_layers_as_the_name_says(build):
    model = on_meta(build)
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    dense = [m for m in model.modules() if isinstance(m, nn.Linear)]
    assert {m.kernel_size for m in convolutions} == {(3, 3)}
    assert len(convolutions) + len(dense) == int(build.__name__[3:5])


def test_channels_double_after_each_pooling_until_512():
    widths = [stage.conv1.out_channels for stage in on_meta(vgg.vgg16).stages]
    assert widths == [64, 128, 256, 512, 512]


def test_the_last_pooling_of_vgg16_sees_212_pixels():
    assert receptive_field(on_meta(vgg.vgg16), (1, 3, 224, 224), "stages").size == (212, 212)
