"""U-Net: the paper's sizes and counts, a literal forward pass, tiles against the whole image."""

import pytest
import torch
import torch.nn.functional as F

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.analysis.receptive_field import receptive_field
from cnncourse.architectures import unet
from cnncourse.training import set_seed


@pytest.fixture(autouse=True)
def seeded():
    set_seed(0)


def randomized(widths, padded):
    """Return a network in float64 whose biases and statistics are not at their start."""
    model = unet.UNet(widths, padded, num_classes=3, in_channels=2).double().eval()
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2)
            elif tensor.is_floating_point() and tensor.ndim == 1:
                tensor.add_(0.3 * torch.randn_like(tensor))
    return model


@pytest.mark.parametrize(("name", "side"), [("unet", 256), ("unet_paper", 572), ("tiny", 32)])
def test_counts_stand_in_the_docstring(name, side):
    builder = getattr(unet, name)
    with torch.device("meta"):
        model = builder()
    shape = (1, model.in_channels, side, side)
    for count in (count_parameters(model).total, count_macs(model, shape)):
        assert f"{count:,}" in builder.__doc__


def test_the_paper_s_network_has_the_sizes_of_its_figure():
    with torch.device("meta"):
        model = unet.unet_paper()
    sides = []
    for module in [*model.down, *model.enlarge, *model.up]:
        module.register_forward_hook(lambda _m, _x, y: sides.append(tuple(y.shape[1:3])))
    answer = model(torch.zeros(1, 1, 572, 572, device="meta"))
    assert sides == [
        *[(64, 568), (128, 280), (256, 136), (512, 64), (1024, 28)],
        *[(512, 56), (512, 52), (256, 104), (256, 100), (128, 200), (128, 196)],
        *[(64, 392), (64, 388)],
    ]
    assert answer.shape == (1, 2, 388, 388)
    assert count_parameters(model).total == 31_030_658


@pytest.mark.parametrize("widths", [unet.TINY, unet.WIDTHS])
def test_without_padding_one_side_in_2_to_the_halvings_is_accepted_and_loses_the_margin(widths):
    with torch.device("meta"):
        model = unet.UNet(widths, False, 2, 1)
    accepted = []
    for side in range(model.margin, model.margin + 70):
        try:
            answer = model(torch.zeros(1, 1, side, side, device="meta"))
        except ValueError as error:
            assert str(side) in str(error)  # noqa: PT017
        else:
            accepted.append(side)
            assert answer.shape[2:] == (side - model.margin, side - model.margin)
    step = 2**model.halvings
    assert accepted == list(range(accepted[0], model.margin + 70, step))
    assert accepted[0] - model.margin <= step


def test_a_refusal_names_the_sides_that_are_accepted():
    with torch.device("meta"):
        model = unet.unet_paper()
    sentence = r"188 or 188 plus a multiple of 16, got 572 × 573$"
    with pytest.raises(ValueError, match=sentence):
        model(torch.zeros(1, 1, 572, 573, device="meta"))


@pytest.mark.parametrize("widths", [(8, 12, 16), (16, 8), (8, 16, 31)])
def test_widths_that_do_not_double_are_refused_before_anything_is_built(widths):
    with pytest.raises(ValueError, match=r"^widths must double .* got \(" + str(widths)[1:-1]):
        unet.UNet(widths, True, 2, 1)


def test_the_forward_pass_is_the_paper_s_written_out():
    model = randomized(unet.TINY, padded=False)
    w = model.state_dict()

    def twice(x, name):
        x = F.conv2d(x, w[f"{name}.0.weight"], w[f"{name}.0.bias"]).relu()
        return F.conv2d(x, w[f"{name}.2.weight"], w[f"{name}.2.bias"]).relu()

    def up(x, level):
        w_up, b_up = w[f"enlarge.{level}.weight"], w[f"enlarge.{level}.bias"]
        return F.conv_transpose2d(x, w_up, b_up, stride=2)

    x = torch.randn(2, 2, 52, 60, dtype=torch.float64)
    large = twice(x, "down.0")  # 48 × 56
    middle = twice(F.max_pool2d(large, 2), "down.1")  # 20 × 24
    small = twice(F.max_pool2d(middle, 2), "down.2")  # 6 × 8
    y = twice(torch.cat([middle[:, :, 4:-4, 4:-4], up(small, 0)], 1), "up.0")  # 8 × 12
    y = twice(torch.cat([large[:, :, 16:-16, 16:-16], up(y, 1)], 1), "up.1")  # 12 × 20
    y = F.conv2d(y, w["scores.weight"], w["scores.bias"])
    with torch.no_grad():
        torch.testing.assert_close(model(x), y, rtol=1e-12, atol=1e-12)


def test_a_large_image_may_be_answered_tile_by_tile():
    """The overlap-tile strategy of the paper's figure 2: the seams cannot be seen."""
    model = randomized(unet.TINY, padded=False)
    x = torch.randn(1, 2, 92, 92, dtype=torch.float64)  # answers for 52 × 52
    tile, step = 68, 24  # answers for 28 × 28; steps of a multiple of 4 keep the poolings' grid
    with torch.no_grad():
        whole = model(x)
        for top in (0, step):
            for left in (0, step):
                part = model(x[:, :, top : top + tile, left : left + tile])
                place = whole[:, :, top : top + 28, left : left + 28]
                torch.testing.assert_close(part, place, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size", [(4, 4), (5, 7), (16, 19), (31, 22)])
def test_a_padded_network_answers_for_every_pixel_of_any_size(size):
    assert unet.tiny(num_classes=3)(torch.randn(2, 3, *size)).shape == (2, 3, *size)


@pytest.mark.parametrize("padded", [True, False])
def test_its_field_is_what_its_gradient_reaches(padded):
    model = randomized(unet.TINY, padded)
    x = torch.randn(1, 2, 92, 92, dtype=torch.float64, requires_grad=True)
    field = receptive_field(model, x.shape)
    seen = torch.zeros(92, 92, dtype=torch.bool)
    for _ in range(20):  # a maximum passes to one input only: look at several images
        scores = model(x)
        middle = scores.shape[2] // 2
        (gradient,) = torch.autograd.grad(scores[0, :, middle, middle].sum(), x)
        seen |= (gradient[0] != 0).any(0)
        x = torch.randn_like(x, requires_grad=True)
    sides = [seen.any(axis).nonzero().flatten().tolist() for axis in (1, 0)]
    assert field.interval(middle, middle) == tuple((side[0], side[-1]) for side in sides)


def test_weights_start_with_the_paper_s_variance():
    model = unet.unet_paper()
    for convolution, inputs in [(model.down[1][2], 9 * 128), (model.enlarge[0], 1024)]:
        assert convolution.weight.var().item() == pytest.approx(2 / inputs, rel=0.02)
        assert not convolution.bias.any()
