import pytest
import torch
from torch import nn

from cnncourse.explain import activations, top_patches


def planted():
    """Twelve dark images; image n has a bright cross of height n at a place of its own."""
    cross = torch.tensor([[0.0, 1, 0], [1, 1, 1], [0, 1, 0]])
    x = torch.zeros(12, 1, 10, 13)
    for n in range(12):
        row, column = (n * 3) % 8, (n * 5) % 11
        x[n, 0, row : row + 3, column : column + 3] = n * cross
    return x, cross


def matched(cross, **settings):
    model = nn.Sequential(nn.Conv2d(1, 2, 3, bias=False, **settings), nn.ReLU())
    with torch.no_grad():
        model[0].weight.copy_(torch.stack([cross - 0.5, -cross])[:, None])
    return model


def test_the_patches_are_the_planted_crosses_with_the_brightest_first():
    x, cross = planted()
    (patches,) = top_patches(matched(cross), x, 0, "0", count=5)
    assert [patch.image for patch in patches] == [11, 10, 9, 8, 7]
    for patch in patches:
        n = patch.image
        assert patch.unit == ((n * 3) % 8, (n * 5) % 11)
        assert torch.equal(patch.pixels, n * cross[None])
        top, left, bottom, right = patch.box
        assert torch.equal(x[n, :, top:bottom, left:right], patch.pixels)
        assert patch.value == pytest.approx(n * 2.5)


def test_several_channels_have_a_row_each():
    x, cross = planted()
    both = top_patches(matched(cross), x, [1, 0], "0", count=3)
    assert [p.image for p in both[1]] == [
        p.image for p in top_patches(matched(cross), x, 0, "0")[0][:3]
    ]
    assert len(both[0]) == 3
    assert both[0][0].value == 0  # the other channel is at most 0, where the image is dark


def test_a_patch_at_the_border_is_cut_off_there():
    x = torch.zeros(1, 1, 6, 6)
    x[0, 0, 0, 5] = 1
    model = matched(torch.tensor([[0.0, 0, 0], [0, 5, 0], [0, 0, 0]]), padding=1)
    (patch,) = top_patches(model, x, 0, "0", count=1)[0]
    assert (patch.unit, patch.box) == ((0, 5), (0, 4, 2, 6))
    assert patch.pixels.shape == (1, 2, 2)


def test_a_patch_of_a_deeper_unit_reproduces_its_response(net, x):
    layer = {"Sequential": "0", "Functional": "first", "ResNet": "stem.conv"}[type(net).__name__]
    (patches,) = top_patches(net, x, 2, layer, count=4, batch_size=3)
    maps = activations(net, x, layer)
    assert [p.value for p in patches] == sorted((m.max().item() for m in maps[:, 2]), reverse=True)
    for patch in patches:
        assert maps[patch.image, 2][patch.unit].item() == patch.value


@pytest.mark.parametrize(
    ("target", "settings", "error", "message"),
    [
        (2, {}, ValueError, "target must be a channel from 0 to 1, got 2"),
        ("a", {}, TypeError, "target must be an integer, got 'a'"),
        (0, {"count": 13}, ValueError, "count must be at most the number of images, 12, got 13"),
        (0, {"layer": "7"}, ValueError, "no layer '7'"),
    ],
)
def test_bad_requests_are_refused(target, settings, error, message):
    x, cross = planted()
    with pytest.raises(error, match=message):
        top_patches(matched(cross), x, target, **{"layer": "0", **settings})


@pytest.mark.parametrize("channels", [(1, 0), range(1, -1, -1), torch.tensor([1, 0])])
def test_channels_may_come_in_any_row_of_integers(channels):
    x, cross = planted()
    found = top_patches(matched(cross), x, channels, "0", count=2)
    assert [[p.image for p in row] for row in found] == [
        [p.image for p in top_patches(matched(cross), x, channel, "0", count=2)[0]]
        for channel in (1, 0)
    ]
