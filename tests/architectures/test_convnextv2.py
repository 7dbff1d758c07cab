"""ConvNeXt V2 against timm's, weight for weight: torchvision has the first version only."""

import pytest
import timm
import torch
from torch import nn

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.analysis.receptive_field import receptive_field
from cnncourse.architectures import convnext, convnextv2
from cnncourse.architectures.loading import load_timm, load_torchvision, rename
from cnncourse.training import set_seed

COUNTS = {
    #                   parameters, multiply-accumulates at 224×224; behind, the paper's
    "convnextv2_atto": (3_708_400, 547_332_480),  # 3.7M, 0.55G
    "convnextv2_femto": (5_233_240, 779_629_824),  # 5.2M, 0.78G
    "convnextv2_pico": (9_066_280, 1_367_055_360),  # 9.1M, 1.37G
    "convnextv2_nano": (15_623_800, 2_445_528_320),  # 15.6M, 2.45G
    "convnextv2_tiny": (28_635_496, 4_455_531_264),  # 28.6M, 4.47G
    "convnextv2_base": (88_717_800, 15_354_729_472),  # 89M, 15.4G
    "convnextv2_large": (197_956_840, 34_361_433_600),  # 198M, 34.4G
    "convnextv2_huge": (660_289_640, 114_922_100_480),  # 660M, 115G
}


def on_meta(name):
    with torch.device("meta"):
        return getattr(convnextv2, name)().eval(), timm.create_model(name).eval()


def moved(theirs):
    """Move what starts at zero or one, so that the comparison sees every tensor."""
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter) if parameter.ndim == 1 else 0)
            if parameter.ndim > 1:
                parameter.mul_(2)
    return theirs.double()


# Once with timm's 1×1 convolutions, once with its linear layers, which hold the same numbers.
@pytest.mark.parametrize("options", [{}, {"conv_mlp": False}])
def test_outputs_and_gradients_are_timms(options):
    set_seed(0)
    theirs = moved(timm.create_model("convnextv2_atto", **options))
    ours = load_timm(convnextv2.convnextv2_atto().double(), theirs.state_dict())
    x = torch.randn(2, 3, 36, 64, dtype=torch.float64)
    results = []
    for model in (ours, theirs):
        inputs = x.clone().requires_grad_()
        scores = model(inputs)
        (scores * torch.linspace(-1, 2, 1000, dtype=torch.float64)).sum().backward()
        gradients = {name: p.grad for name, p in model.named_parameters()}
        results.append((scores, inputs.grad, gradients))
    (scores, slope, gradients), (expected, expected_slope, by_name) = results
    assert expected.std() > 0.1  # a comparison of zeros would prove nothing
    torch.testing.assert_close(scores, expected, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(slope, expected_slope, rtol=1e-9, atol=1e-9)
    for name, gradient in rename(by_name, ours.TIMM_NAMES).items():
        scale = gradient.abs().max()
        assert scale > 1e-6, name
        ours_scaled = gradients[name].view_as(gradient) / scale
        torch.testing.assert_close(ours_scaled, gradient / scale, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", COUNTS)
def test_it_has_timms_tensors_and_the_published_counts_which_its_docstring_states(name):
    ours, theirs = on_meta(name)
    given = rename(theirs.state_dict(), ours.TIMM_NAMES)
    sizes = {key: [n for n in tensor.shape if n > 1] for key, tensor in given.items()}
    own = ours.state_dict()
    assert {key: [n for n in tensor.shape if n > 1] for key, tensor in own.items()} == sizes
    counts = count_parameters(ours).total, count_macs(ours, (1, 3, 224, 224))
    assert counts == COUNTS[name]
    assert counts == (count_parameters(theirs).total, count_macs(theirs, (1, 3, 224, 224)))
    for count in counts:
        assert f"{count:,}" in getattr(convnextv2, name).__doc__


def test_the_second_version_costs_what_the_first_does_and_holds_few_numbers_more():
    ours, _ = on_meta("convnextv2_tiny")
    with torch.device("meta"):
        first = convnext.convnext_tiny().eval()
    size = (1, 3, 224, 224)
    assert count_macs(ours, size) == count_macs(first, size)
    widths = 3 * 96 + 3 * 192 + 9 * 384 + 3 * 768  # of all blocks together
    more = 2 * 4 * widths - widths  # γ and β of the wide channels, without the first one's scales
    assert count_parameters(ours).total - count_parameters(first).total == more


def test_competing_channels_let_a_unit_see_the_whole_image():
    model = convnextv2.tiny()
    field = receptive_field(model, (1, 3, 64, 64), "stages.0.0")
    assert field.sees_everything
    assert field.cause == "stages.0.0.compete"
    assert receptive_field(model, (1, 3, 64, 64), "stages.0.0.mix").size == (28, 28)


def test_what_does_not_fit_is_refused_with_its_name():
    model = convnextv2.tiny()
    with pytest.raises(TypeError, match="torchvision has no counterpart of ConvNeXtV2"):
        load_torchvision(model, {})
    with pytest.raises(TypeError, match="no names of timm are known for Linear"):
        load_timm(nn.Linear(2, 2), {})
    with pytest.raises(ValueError, match="the weights lack"):
        load_timm(model, {})
    with torch.device("meta"):
        wide = timm.create_model("convnextv2_femto").state_dict()
        atto = convnextv2.convnextv2_atto()
    with pytest.raises(ValueError, match=r"has the shape .* in the model and"):
        load_timm(atto, wide)


def test_tiny_is_as_small_as_its_docstring_says():
    model = convnextv2.tiny()
    for count in (count_parameters(model).total, count_macs(model, (1, 3, 32, 32))):
        assert f"{count:,}" in convnextv2.tiny.__doc__
