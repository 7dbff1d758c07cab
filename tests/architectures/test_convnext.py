"""ConvNeXt against torchvision's, weight for weight."""

import pytest
import torch
from torchvision import models

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.analysis.receptive_field import receptive_field
from cnncourse.architectures import convnext
from cnncourse.architectures.loading import translate
from cnncourse.training import set_seed

COUNTS = {
    #                 parameters, multiply-accumulates at 224×224
    "convnext_tiny": (28_589_128, 4_455_531_264),
    "convnext_small": (50_223_688, 8_683_712_256),
    "convnext_base": (88_591_464, 15_354_729_472),
    "convnext_large": (197_767_336, 34_361_433_600),
}


@pytest.mark.parametrize("name", ["convnext_tiny"])  # the others are rows of the same table
def test_outputs_and_gradients_are_torchvisions(name, agrees_with_torchvision):
    set_seed(0)
    with torch.device("meta"):
        model = getattr(convnext, name)()
    model.to_empty(device="cpu")  # the comparison fills it
    theirs = models.get_model(name)
    for parameter_name, parameter in theirs.named_parameters():
        if parameter_name.endswith("layer_scale"):
            parameter.data.uniform_(0.5, 1.5)  # from 1e-6, at which no block would be seen
    agrees_with_torchvision(model, theirs, size=(36, 64))


@pytest.mark.parametrize("name", COUNTS)
def test_it_has_torchvisions_tensors(name):
    with torch.device("meta"):
        ours, theirs = getattr(convnext, name)(), models.get_model(name)
    shapes = {key: tensor.shape for key, tensor in translate(ours, theirs.state_dict()).items()}
    assert {key: tensor.shape for key, tensor in ours.state_dict().items()} == shapes
    drops = [m.p for m in theirs.modules() if type(m).__name__ == "StochasticDepth"]
    ours_drop = [m.p for m in ours.modules() if type(m).__name__ == "StochasticDepth"]
    assert ours_drop == drops


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_the_published_ones_and_stand_in_the_docstring(name):
    builder = getattr(convnext, name)
    with torch.device("meta"):
        model = builder()
    counts = count_parameters(model).total, count_macs(model, (1, 3, 224, 224))
    assert counts == COUNTS[name]
    weights = models.get_model_weights(name).DEFAULT.meta
    assert weights["num_params"] == counts[0]
    assert weights["_ops"] == round(counts[1] / 1e9, 3)
    for count in counts:
        assert f"{count:,}" in builder.__doc__


def test_a_seed_gives_torchvisions_initial_weights_but_for_their_order():
    set_seed(0)
    ours, theirs = convnext.convnext_tiny(), models.convnext_tiny()
    for name, expected in translate(ours, theirs.state_dict()).items():
        tensor = ours.state_dict()[name]
        if tensor.numel() > 5000:
            assert tensor.std().item() == pytest.approx(expected.std().item(), rel=0.05), name
        elif name.endswith(("scale", "bias")):
            assert torch.equal(tensor, expected), name


def test_a_norm_looks_at_one_position_alone():
    norm = convnext.ChannelNorm(5)
    x = torch.randn(2, 5, 3, 4)
    y = norm(x)
    torch.testing.assert_close(y.mean(1), torch.zeros(2, 3, 4), atol=1e-6, rtol=0)
    torch.testing.assert_close(y[:, :, 1, 2], norm(x[:, :, 1:2, 2:3])[:, :, 0, 0])


def test_a_unit_sees_1_688_pixels():
    with torch.device("meta"):
        model = convnext.convnext_tiny()
    side = 4 + 3 * 6 * 4 + 4 + 3 * 6 * 8 + 8 + 9 * 6 * 16 + 16 + 3 * 6 * 32
    assert receptive_field(model, (1, 3, 224, 224), "stages.3").size == (side, side) == (1688, 1688)


def test_tiny_is_as_small_as_its_docstring_says():
    model = convnext.tiny()
    for count in (count_parameters(model).total, count_macs(model, (1, 3, 32, 32))):
        assert f"{count:,}" in convnext.tiny.__doc__
