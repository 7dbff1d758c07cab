"""ViT against torchvision's, weight for weight, and what it does not notice."""

import re

import pytest
import torch
import torch.nn.functional as F
from torchvision import models

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.architectures import vit
from cnncourse.architectures.loading import translate
from cnncourse.training import set_seed

COUNTS = {
    #           parameters, multiply-accumulates at 224×224
    "vit_b_16": (86_567_656, 17_563_828_224),
    "vit_b_32": (88_224_232, 4_409_186_304),
    "vit_l_16": (304_326_632, 61_554_712_576),
}


@pytest.mark.parametrize("name", ["vit_b_16"])  # the others are rows of the same table
def test_outputs_and_gradients_are_torchvisions(name, agrees_with_torchvision):
    set_seed(0)
    with torch.device("meta"):
        model = getattr(vit, name)(image_size=64)
    model.to_empty(device="cpu")  # the comparison fills it
    theirs = models.get_model(name, image_size=64)
    theirs.heads.head.weight.data.normal_()  # it starts at zero, and zeros prove nothing
    agrees_with_torchvision(model, theirs, size=(64, 64))


def test_the_large_one_has_torchvisions_tensors():
    with torch.device("meta"):
        ours, theirs = vit.vit_l_16(), models.vit_l_16()
    shapes = {name: t.shape for name, t in translate(ours, theirs.state_dict()).items()}
    assert {name: t.shape for name, t in ours.state_dict().items()} == shapes


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_the_published_ones_and_stand_in_the_docstring(name):
    builder = getattr(vit, name)
    with torch.device("meta"):
        model = builder()
    counts = count_parameters(model).total, count_macs(model, (1, 3, 224, 224))
    assert counts == COUNTS[name]
    weights = models.get_model_weights(name).IMAGENET1K_V1.meta
    assert (weights["num_params"], weights["_ops"]) == (counts[0], round(counts[1] / 1e9, 3))
    for count in counts:
        assert f"{count:,}" in builder.__doc__


def test_a_seed_gives_torchvisions_kind_of_start():
    set_seed(0)
    ours, theirs = vit.vit_b_32(image_size=32), models.vit_b_32(image_size=32)
    for name, expected in translate(ours, theirs.state_dict()).items():
        tensor = ours.state_dict()[name]
        assert tensor.std().item() == pytest.approx(expected.std().item(), rel=0.05, abs=2e-7), name


def test_embedding_patches_is_a_matrix_product_of_their_pixels():
    model = vit.tiny().double()
    x = torch.randn(2, 3, 32, 32, dtype=torch.float64)
    pixels = F.unfold(x, 4, stride=4).mT  # (2, 64, 48)
    expected = pixels @ model.embed.weight.flatten(1).T + model.embed.bias
    torch.testing.assert_close(model.embed(x).flatten(2).mT, expected)


def test_without_positions_it_does_not_notice_that_the_patches_were_shuffled():
    set_seed(0)
    model = vit.tiny().double().eval()
    model.head.weight.data.normal_()
    x = torch.randn(1, 3, 32, 32, dtype=torch.float64)
    patches = F.unfold(x, 4, stride=4)[:, :, torch.randperm(64)]
    shuffled = F.fold(patches, (32, 32), 4, stride=4)
    with torch.no_grad():
        assert (model(shuffled) - model(x)).norm() > 1e-3
        model.positions.zero_()
        torch.testing.assert_close(model(shuffled), model(x), rtol=1e-10, atol=1e-10)


def test_a_fresh_network_gives_all_classes_the_same_score():
    assert not vit.tiny()(torch.randn(2, 3, 32, 32)).any()


def test_sizes_that_do_not_fit_are_refused():
    message = "image_size must be divisible by the patch size 4, got 30"
    with pytest.raises(ValueError, match=message):
        vit.tiny(image_size=30)
    with pytest.raises(ValueError, match=re.escape("the images must be 32 × 32, got 32 × 36")):
        vit.tiny()(torch.zeros(1, 3, 32, 36))


def test_tiny_is_as_small_as_its_docstring_says():
    model = vit.tiny()
    for count in (count_parameters(model).total, count_macs(model, (1, 3, 32, 32))):
        assert f"{count:,}" in vit.tiny.__doc__
