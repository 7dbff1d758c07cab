"""ViTs behind convolutional stems: against torchvision's, the published sizes, what they see."""

import re

import pytest
import timm
import torch
from torch import nn
from torchvision import models
from torchvision.models.vision_transformer import ConvStemConfig, VisionTransformer

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.analysis.receptive_field import receptive_field
from cnncourse.architectures import hybrid, vit
from cnncourse.architectures.loading import load_all, rename, translate
from cnncourse.training import set_seed

COUNTS = {
    #                     parameters, multiply-accumulates at 224×224; behind, the paper's
    "vit_c_1gf": (4_567_936, 1_075_860_096),  # 4.6M, 1.1G
    "vit_c_4gf": (17_754_136, 3_958_940_928),  # 17.8M, 4.0G
    "vit_c_18gf": (81_573_160, 17_711_491_584),  # 81.6M, 17.7G
    "resnet50_vit_b_16": (98_659_112, 21_535_358_976),
}
SMALL = vit.Row(16, 1, 64, 2, 128)


def torchvisions(name, image_size=224):
    stem, row = hybrid.CONV_STEMS[name], hybrid.VITS[name]
    configs = [ConvStemConfig(c, 3, s) for c, s in zip(*stem, strict=True)]
    sizes = image_size, row.patch_size, row.blocks, row.heads, row.channels, row.hidden
    return VisionTransformer(*sizes, conv_stem_configs=configs)


# Strides of 1 occur in the large one alone: its stem stands before a small ViT.
@pytest.mark.parametrize("name", ["vit_c_1gf", "vit_c_18gf"])
def test_outputs_and_gradients_are_torchvisions(name, agrees_with_torchvision, monkeypatch):
    set_seed(0)
    if name == "vit_c_18gf":
        monkeypatch.setitem(hybrid.VITS, name, SMALL)
    theirs = torchvisions(name, 64)
    theirs.heads.head.weight.data.normal_()  # it starts at zero, and zeros prove nothing
    agrees_with_torchvision(getattr(hybrid, name)(image_size=64), theirs, size=(64, 64))


@pytest.mark.parametrize("name", hybrid.CONV_STEMS)
def test_it_has_torchvisions_tensors(name):
    with torch.device("meta"):
        ours, theirs = getattr(hybrid, name)(num_classes=1000, image_size=224), torchvisions(name)
    shapes = {key: tensor.shape for key, tensor in translate(ours, theirs.state_dict()).items()}
    assert {key: tensor.shape for key, tensor in ours.state_dict().items()} == shapes


def test_a_seed_gives_torchvisions_kind_of_start():
    set_seed(0)
    ours, theirs = hybrid.vit_c_1gf(), torchvisions("vit_c_1gf")
    for name, expected in translate(ours, theirs.state_dict()).items():
        tensor = ours.state_dict()[name]
        if tensor.numel() > 5000:
            assert tensor.std().item() == pytest.approx(expected.std().item(), rel=0.05), name


def test_the_resnet_hybrid_is_torchvisions_parts_in_a_row():
    set_seed(0)
    ours = hybrid.ResNetViT(SMALL, 64, 10, 3).double()
    theirs = VisionTransformer(64, 16, 1, 2, 64, 128, num_classes=10)
    trunk = models.ResNet(models.resnet.Bottleneck, [3, 4, 9, 1])
    theirs.conv_proj = nn.Sequential(*list(trunk.children())[:7], nn.Conv2d(1024, 64, 1))
    theirs.heads.head.weight.data.normal_()
    names = (
        (r"^conv_proj\.0\.", "embed.stem.conv."),
        (r"^conv_proj\.1\.", "embed.stem.norm."),
        *((rf"^conv_proj\.{i + 4}\.", f"embed.stages.{i}.") for i in range(3)),
        (r"^conv_proj\.7\.", "embed.mix."),
        (r"\.conv(\d)\.", r".residual.conv\1."),
        (r"\.bn(\d)\.", r".residual.norm\1."),
        (r"\.downsample\.0\.", ".shortcut.conv."),
        (r"\.downsample\.1\.", ".shortcut.norm."),
        *vit.ViT.TORCHVISION_NAMES[1:],
    )
    load_all(ours, rename(theirs.state_dict(), names))
    x = torch.randn(2, 3, 64, 64, dtype=torch.float64)
    slopes = []
    for model in (ours, theirs.double()):
        inputs = x.clone().requires_grad_()
        y = model(inputs)
        (y * torch.linspace(-1, 2, 10)).sum().backward()
        slopes.append((y, inputs.grad, model.class_token.grad))
    for a, b in zip(*slopes, strict=True):
        assert b.std() > 1e-4
        torch.testing.assert_close(a / b.abs().max(), b / b.abs().max(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_the_published_ones_and_stand_in_the_docstring(name):
    builder = getattr(hybrid, name)
    with torch.device("meta"):
        model = builder().eval()
    counts = count_parameters(model).total, count_macs(model, (1, 3, 224, 224))
    assert counts == COUNTS[name]
    for count in counts:
        assert f"{count:,}" in builder.__doc__


def test_the_resnet_hybrid_is_as_large_as_timms_which_has_other_norms():
    with torch.device("meta"):
        theirs = timm.create_model("vit_base_r50_s16_224", num_classes=1000).eval()
    counts = count_parameters(theirs).total, count_macs(theirs, (1, 3, 224, 224))
    assert counts == COUNTS["resnet50_vit_b_16"]


@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("vit_c_4gf", 31),  # 1 + 2 · (1 + 2 + 4 + 8), where a patch is 16
        ("vit_c_18gf", 55),  # 1 + 2 · (1 + 2 + 4 + 4 + 8 + 8)
        ("resnet50_vit_b_16", 363),
    ],
)
def test_neighbouring_tokens_see_overlapping_pixels(model, size):
    with torch.device("meta"):
        model = getattr(hybrid, model)()
    field = receptive_field(model, (1, 3, 224, 224), "embed")
    assert (field.size, field.stride) == ((size, size), (16, 16))


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="divisible by the patch size 4, got 30"):
        hybrid.tiny(image_size=30)
    with pytest.raises(ValueError, match=re.escape("the images must be 32 × 32, got 32 × 36")):
        hybrid.tiny()(torch.zeros(1, 3, 32, 36))


def test_tiny_is_as_small_as_its_docstring_says():
    model = hybrid.tiny()
    for count in (count_parameters(model).total, count_macs(model, (1, 3, 32, 32))):
        assert f"{count:,}" in hybrid.tiny.__doc__
