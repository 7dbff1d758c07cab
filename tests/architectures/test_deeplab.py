"""FCN and DeepLabv3 against torchvision's, and what dilation does to a ResNet."""

import pytest
import torch
import torch.nn.functional as F
from torchvision.models import segmentation

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.architectures import deeplab, resnet
from cnncourse.architectures.loading import load_torchvision
from cnncourse.training import set_seed

COUNTS = {
    #                      parameters, with auxiliary head, multiply-accumulates at 520×520
    "fcn_resnet50": (32_957_013, 35_322_218, 142_725_772_800),
    "deeplabv3_resnet50": (39_638_869, 42_004_074, 168_731_205_888),
    "deeplabv3_resnet101": (58_630_997, 60_996_202, 248_752_300_288),
}


def published(name: str, auxiliary: bool):
    """Return torchvision's network, answering in tensors, and with its auxiliary head in training.

    As published it answers with a dictionary and runs that head in evaluation mode, too.
    """
    build = getattr(segmentation, name)
    model = build(weights=None, weights_backbone=None, num_classes=5, aux_loss=auxiliary)

    def forward(self, x):
        features = self.backbone(x)
        scores = [self.classifier(features["out"])]
        if self.training and auxiliary:
            scores.append(self.aux_classifier(features["aux"]))
        scores = [F.interpolate(y, x.shape[2:], mode="bilinear") for y in scores]
        return scores if len(scores) > 1 else scores[0]

    model.__class__ = type("Published", (type(model),), {"forward": forward})
    return model


@pytest.mark.parametrize(
    ("name", "auxiliary"),
    [("fcn_resnet50", True), ("deeplabv3_resnet50", False), ("deeplabv3_resnet101", True)],
)
def test_outputs_and_gradients_are_torchvisions(name, auxiliary, agrees_with_torchvision):
    set_seed(0)
    with torch.device("meta"):
        model = getattr(deeplab, name)(num_classes=5, auxiliary=auxiliary)
    model.to_empty(device="cpu")  # the comparison fills it
    agrees_with_torchvision(model, published(name, auxiliary), size=(33, 40))


def test_the_answer_is_what_torchvision_calls_out_on_maps_larger_than_the_rates():
    set_seed(0)
    ours = deeplab.deeplabv3_resnet50(num_classes=3).eval()
    theirs = segmentation.deeplabv3_resnet50(
        weights=None, weights_backbone=None, num_classes=3, aux_loss=False
    ).eval()
    load_torchvision(ours, theirs.state_dict())
    x = torch.randn(1, 3, 225, 200)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x)["out"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_the_published_ones_and_stand_in_the_docstring(name):
    builder = getattr(deeplab, name)
    with torch.device("meta"):
        model, with_auxiliary = builder().eval(), builder(auxiliary=True)
    counts = (
        count_parameters(model).total,
        count_parameters(with_auxiliary).total,
        count_macs(model, (1, 3, 520, 520)),
    )
    assert counts == COUNTS[name]
    for count in counts:
        assert f"{count:,}" in builder.__doc__


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("fcn_resnet50", segmentation.FCN_ResNet50_Weights),
        ("deeplabv3_resnet50", segmentation.DeepLabV3_ResNet50_Weights),
        ("deeplabv3_resnet101", segmentation.DeepLabV3_ResNet101_Weights),
    ],
)
def test_torchvision_states_the_same_sizes_and_costs(name, weights):
    meta = weights.DEFAULT.meta
    assert meta["num_params"] == COUNTS[name][1]
    with torch.device("meta"):
        model = getattr(deeplab, name)(auxiliary=True)
    macs = count_macs(model.train(), (2, 3, 520, 520)) / 2  # batch norm needs two images
    assert macs / 1e9 == pytest.approx(meta["_ops"], abs=5e-4)


def test_in_training_an_auxiliary_head_answers_too_and_afterwards_it_costs_nothing():
    model = deeplab.Segmenter(
        deeplab.TINY, deeplab.FCNHead, auxiliary=True, num_classes=3, in_channels=1
    )
    x = torch.randn(2, 1, 24, 17)
    scores = model.train()(x)
    assert scores.main.shape == scores.auxiliary.shape == (2, 3, 24, 17)
    assert model.eval()(x).shape == (2, 3, 24, 17)


def test_a_dilated_stage_computes_at_every_eighth_pixel_what_the_strided_one_does():
    """À trous: the strided network's outputs are found among those of the dilated one."""
    set_seed(0)
    strided = resnet.ResNet(deeplab.TINY, 3, 1).double().eval()
    dense = resnet.ResNet(deeplab.TINY, 3, 1).double().eval()
    dense.load_state_dict(strided.state_dict())
    deeplab.dilate(dense.stages[2], first=1, rest=2)
    deeplab.dilate(dense.stages[3], first=2, rest=4)
    x = torch.randn(2, 1, 97, 65, dtype=torch.float64)
    with torch.no_grad():
        small, large = (model.stages(model.stem(x)) for model in (strided, dense))
    assert small.shape[2:] == (4, 3)
    assert large.shape[2:] == (13, 9)
    torch.testing.assert_close(large[:, :, ::4, ::4], small, rtol=1e-12, atol=1e-12)


def test_on_maps_no_larger_than_its_rate_a_padded_kernel_is_its_centre_tap():
    pyramid = deeplab.AtrousPyramid(2, 3, (9,)).double().eval()
    spread = pyramid.branches[1].conv
    centre = spread.weight[:, :, 1:2, 1:2]
    for side, alike in [(9, True), (10, False)]:
        x = torch.randn(1, 2, side, side, dtype=torch.float64)
        assert torch.allclose(spread(x), F.conv2d(x, centre), atol=1e-12) is alike


def test_tiny_is_as_small_as_its_docstring_says():
    model = deeplab.tiny().eval()
    for count in (count_parameters(model).total, count_macs(model, (1, 3, 32, 32))):
        assert f"{count:,}" in deeplab.tiny.__doc__
