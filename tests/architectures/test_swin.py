"""Swin against torchvision's, weight for weight, and who sees whom."""

import pytest
import torch
from torchvision import models

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.analysis.receptive_field import measured_receptive_field, receptive_field
from cnncourse.architectures import swin
from cnncourse.architectures.loading import translate
from cnncourse.training import set_seed

COUNTS = {
    #         parameters, multiply-accumulates at 224×224
    "swin_t": (28_288_354, 4_490_566_656),
    "swin_s": (49_606_258, 8_740_875_264),
    "swin_b": (87_768_224, 15_430_946_816),
}


def on_meta(name, module=swin, **options):
    with torch.device("meta"):
        return getattr(module, name)(**options)


# 56 × 64 pixels: maps of 14 × 16, whose windows shift and whose width is filled up, then of
# 7 × 8, in which they shift along the width alone, then of 4 × 4 and 2 × 2, smaller than a window.
@pytest.mark.parametrize("name", ["swin_t"])  # the others are rows of the same table
def test_outputs_and_gradients_are_torchvisions(name, agrees_with_torchvision):
    set_seed(0)
    model = on_meta(name).to_empty(device="cpu")  # the comparison fills it
    agrees_with_torchvision(model, models.get_model(name), size=(56, 64))


@pytest.mark.parametrize("name", COUNTS)
def test_it_has_torchvisions_tensors_and_drops_as_often(name):
    ours, theirs = on_meta(name), on_meta(name, models)
    shapes = {key: tensor.shape for key, tensor in translate(ours, theirs.state_dict()).items()}
    assert {key: tensor.shape for key, tensor in ours.state_dict().items()} == shapes
    drops = [m.stochastic_depth.p for m in theirs.modules() if hasattr(m, "stochastic_depth")]
    assert [m.drop.p for m in ours.modules() if hasattr(m, "drop")] == drops
    shifts = [m.shift_size for m in theirs.modules() if hasattr(m, "shift_size")]
    ours_shift = [[m.shift] * 2 for m in ours.modules() if hasattr(m, "shift")]
    assert ours_shift == shifts


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_the_published_ones_and_stand_in_the_docstring(name):
    builder = getattr(swin, name)
    model = on_meta(name)
    counts = count_parameters(model).total, count_macs(model, (1, 3, 224, 224))
    assert counts == COUNTS[name]
    weights = models.get_model_weights(name).DEFAULT.meta
    assert (weights["num_params"], weights["_ops"]) == (counts[0], round(counts[1] / 1e9, 3))
    for count in counts:
        assert f"{count:,}" in builder.__doc__


def test_a_seed_gives_torchvisions_kind_of_start():
    set_seed(0)
    ours, theirs = swin.swin_t(), models.swin_t()
    for name, expected in translate(ours, theirs.state_dict()).items():
        tensor = ours.state_dict()[name]
        if tensor.numel() > 5000:
            deviation = expected.double().std().item()
            assert tensor.double().std().item() == pytest.approx(deviation, rel=0.05), name
        elif name.endswith(("norm1.bias", "norm2.weight", "qkv.bias", "narrow.bias")):
            assert torch.equal(tensor, expected), name


def test_cutting_into_windows_can_be_undone_and_keeps_neighbours_together():
    x = torch.arange(2 * 4 * 6 * 3).view(2, 4, 6, 3)
    windows = swin.cut(x, 2)
    assert windows.shape == (2 * 6, 4, 3)
    assert torch.equal(windows[4], x[0, 2:4, 2:4].flatten(0, 1))  # second row, second column
    assert torch.equal(swin.paste(windows, 4, 6, 2), x)


def test_doubling_the_image_costs_four_times_as_much():
    model = on_meta("swin_t").eval()
    one, four = (count_macs(model, (1, 3, side, side)) for side in (224, 448))
    head = 768 * 1000
    assert four - head == 4 * (one - head)


# 11 × 16 tokens: filled up to 12, both sides shifted; 4 × 10: too low for a shift along the height.
@pytest.mark.parametrize(("size", "units"), [((44, 64), [(0, 15), (5, 6)]), ((16, 40), [(3, 9)])])
def test_the_field_in_theory_is_that_of_the_gradient(size, units):
    set_seed(0)
    model = swin.tiny()
    theory = receptive_field(model, (1, 3, *size), "stages.0")
    assert not theory.sees_everything
    for unit in units:
        seen = measured_receptive_field(
            model, (1, 3, *size), "stages.0", unit=unit, inputs=1, seeds=[0]
        )
        inside = [
            (max(first, 0), min(last, side - 1))
            for (first, last), side in zip(theory.interval(*unit), size, strict=True)
        ]
        assert list(seen.interval) == inside, unit


def test_without_shifts_no_unit_would_ever_see_beyond_its_window():
    model = swin.tiny()
    one = receptive_field(model, (1, 3, 128, 128), "stages.0.0")
    two = receptive_field(model, (1, 3, 128, 128), "stages.0")
    assert one.interval(6, 6) == ((16, 31), (16, 31))  # 4 tokens of 4 pixels: the second window
    assert two.interval(6, 6) == ((16, 47), (16, 47))  # rows 6 to 9 of tokens, from windows 1 and 2
    model.stages[0][1].attention.shift = 0
    stuck = receptive_field(model, (1, 3, 128, 128), "stages.0")
    assert stuck.interval(6, 6) == one.interval(6, 6)


def test_the_score_depends_on_the_displacement_alone():
    set_seed(0)
    layer = swin.WindowAttention(4, 2, window=3, shift=0).double()
    torch.nn.init.zeros_(layer.qkv.weight)  # all scores are now biases
    layer.qkv.bias.data.zero_()
    torch.nn.init.normal_(layer.bias)
    table = layer.bias[layer.row].view(3, 3, 3, 3, 2)
    for i in range(3):
        for j in range(3):
            for k in range(2):
                assert torch.equal(table[i, j, k, k], table[k + (i - k), j, k, k])
    assert torch.equal(table[1, 1, 0, 0], table[2, 2, 1, 1])
    assert torch.equal(table[0, 2, 1, 0], table[1, 2, 2, 0])
    assert len(layer.row.unique()) == 25  # displacements from -2 to 2 along both axes


@pytest.mark.parametrize("window", [2, 4, 7])
def test_rows_of_the_table_are_numbered_as_torchvision_numbers_them(window):
    theirs = models.swin_transformer.ShiftedWindowAttention(4, [window] * 2, [0, 0], 2)
    ours = swin.WindowAttention(4, 2, window, shift=0)
    assert torch.equal(ours.row, theirs.relative_position_index)


def test_tiny_is_as_small_as_its_docstring_says():
    model = swin.tiny()
    for count in (count_parameters(model).total, count_macs(model, (1, 3, 32, 32))):
        assert f"{count:,}" in swin.tiny.__doc__
