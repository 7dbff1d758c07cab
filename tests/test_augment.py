"""Each augmentation does to each image what it says, with draws of its own."""

import math

import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode, functional

from cnncourse import augment

SINGLE = {
    "shift": lambda x, g=None: augment.shift(x, 2, g),
    "rotate": lambda x, g=None: augment.rotate(x, 30, g),
    "scale": lambda x, g=None: augment.scale(x, 1.5, g),
    "flip": lambda x, g=None: augment.flip(x, 0.5, g),
    "cutout": lambda x, g=None: augment.cutout(x, 3, g),
}
MIXING = {
    "mixup": lambda x, y, g=None: augment.mixup(x, y, 5, 1.0, g),
    "cutmix": lambda x, y, g=None: augment.cutmix(x, y, 5, 1.0, g),
}
every_single = pytest.mark.parametrize("change", SINGLE.values(), ids=SINGLE)
every_mixing = pytest.mark.parametrize("mix", MIXING.values(), ids=MIXING)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int = 32) -> Tensor:
    return torch.rand(count, 2, 9, 12, generator=generator(), dtype=torch.float64) + 0.1


def bilinear(change, image: Tensor, **options) -> Tensor:
    return change(image, interpolation=InterpolationMode.BILINEAR, **options)


@every_single
def test_the_same_seed_gives_the_same_images_and_another_seed_others(change):
    x = pictures()
    assert torch.equal(change(x, generator(1)), change(x, generator(1)))
    assert not torch.equal(change(x, generator(1)), change(x, generator(2)))


@every_single
def test_without_a_generator_the_global_seed_decides(change):
    results = []
    for _ in range(2):
        torch.manual_seed(4)
        results.append(change(pictures()))
    assert torch.equal(*results)


@every_single
def test_copies_of_one_image_do_not_all_change_alike(change):
    copies = pictures(1).expand(32, -1, -1, -1)
    changed = change(copies, generator())
    assert len(torch.unique(changed, dim=0)) > 1


@every_single
def test_shape_dtype_and_input_are_kept(change):
    for dtype in (torch.float32, torch.float64):
        x = pictures().to(dtype)
        before = x.clone()
        changed = change(x, generator())
        assert (changed.shape, changed.dtype) == (x.shape, dtype)
        assert torch.equal(x, before)


@pytest.mark.parametrize(
    "change",
    [
        lambda x: augment.shift(x, 0),
        lambda x: augment.rotate(x, 0),
        lambda x: augment.scale(x, 1),
        lambda x: augment.flip(x, 0),
        lambda x: augment.cutout(x, 0),
        lambda x: augment.mixup(x, torch.zeros(len(x), dtype=torch.long), 5, 0)[0],
        lambda x: augment.cutmix(x, torch.zeros(len(x), dtype=torch.long), 5, 0)[0],
    ],
    ids=[*SINGLE, *MIXING],
)
def test_strength_zero_changes_nothing(change):
    torch.testing.assert_close(change(pictures()), pictures(), rtol=0, atol=1e-12)


def test_a_shift_moves_whole_pixels_and_fills_with_zeros():
    x = pictures(200)
    drawn = torch.randint(0, 5, (2, 200), generator=generator()) - 2
    for image, moved, down, right in zip(x, augment.shift(x, 2, generator()), *drawn, strict=True):
        offset = [-right.item(), -down.item()]  # the crop goes one way, its content the other
        expected = functional.affine(image, 0.0, offset, 1.0, [0.0, 0.0])
        torch.testing.assert_close(moved, expected)
    assert set(drawn.flatten().tolist()) == {-2, -1, 0, 1, 2}


def test_a_shift_by_hand():
    image = torch.arange(1.0, 10).reshape(1, 1, 3, 3).expand(100, -1, -1, -1)
    shifts = {tuple(moved.flatten().int().tolist()) for moved in augment.shift(image, 1)}
    assert len(shifts) == 9  # of 3 x 3 offsets; each is missing with probability (8/9)^100
    assert (0, 0, 0, 0, 1, 2, 0, 4, 5) in shifts  # one down, one right
    assert (4, 5, 6, 7, 8, 9, 0, 0, 0) in shifts  # one up


@pytest.mark.parametrize("degrees", [10, 45, 180])
def test_a_rotation_is_that_of_torchvision(degrees):
    x = pictures()
    angles = (2 * torch.rand(32, generator=generator(), dtype=torch.float64) - 1) * degrees
    for image, turned, angle in zip(
        x, augment.rotate(x, degrees, generator()), angles, strict=True
    ):
        expected = bilinear(functional.rotate, image, angle=angle.item())
        torch.testing.assert_close(turned, expected, rtol=0, atol=1e-5)


def test_a_quarter_turn_goes_counterclockwise(monkeypatch):
    monkeypatch.setattr(augment, "_uniform", lambda x, low, high, g: x.new_full((len(x),), high))
    x = pictures()[..., :9]  # square
    torch.testing.assert_close(augment.rotate(x, 90), x.rot90(1, (2, 3)), rtol=0, atol=1e-12)


def test_a_scaling_is_that_of_torchvision():
    x = pictures()
    exponents = 2 * torch.rand(32, generator=generator(), dtype=torch.float64) - 1
    for image, scaled, e in zip(x, augment.scale(x, 1.5, generator()), exponents, strict=True):
        options = {"angle": 0.0, "translate": [0, 0], "scale": 1.5 ** e.item(), "shear": [0.0, 0.0]}
        expected = bilinear(functional.affine, image, **options)
        torch.testing.assert_close(scaled, expected, rtol=0, atol=1e-5)


def test_a_flip_mirrors_left_to_right_with_its_probability():
    x = pictures(2000)
    flipped = augment.flip(x, 0.3, generator())
    mirrored = (flipped == x.flip(-1)).all(dim=(1, 2, 3))
    assert torch.equal(flipped[~mirrored], x[~mirrored])
    assert mirrored.double().mean().item() == pytest.approx(0.3, abs=0.04)  # 4 standard errors
    assert torch.equal(augment.flip(x, 1.0), x.flip(-1))


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_cutout_covers_a_square_whose_centre_is_any_pixel(size):
    x = torch.ones(2000, 1, 9, 12)
    holes = 1 - augment.cutout(x, size, generator())[:, 0]
    assert holes.sum((1, 2)).max() == size * size
    for sides, length in ((holes.amax(2), 9), (holes.amax(1), 12)):
        covered = sides.sum(1)
        assert covered.max() == size
        # Where the centre is near an end, less than `size` pixels lie inside: counted by hand.
        inside = [min(c - size // 2 + size, length) - max(c - size // 2, 0) for c in range(length)]
        assert covered.mean().item() == pytest.approx(sum(inside) / length, abs=0.08)


@every_mixing
def test_mixed_labels_are_probabilities_and_the_same_seed_gives_them_again(mix):
    x, y = pictures(), torch.arange(32) % 5
    images, labels = mix(x, y, generator())
    assert labels.shape == (32, 5)
    assert labels.dtype == x.dtype
    torch.testing.assert_close(labels.sum(1), torch.ones(32, dtype=torch.float64))
    assert labels.min() >= 0
    again = mix(x, y, generator())
    assert torch.equal(images, again[0])
    assert torch.equal(labels, again[1])
    assert not torch.equal(labels, mix(x, y, generator(1))[1])


@every_mixing
def test_labels_are_mixed_as_the_pixels_are(mix):
    # Image i is full of the number i and alone in its class: its mean pixel tells the mixture.
    x = torch.arange(5, dtype=torch.float64)[:, None, None, None].expand(-1, 3, 8, 10)
    for seed in range(20):
        images, labels = mix(x, torch.arange(5), generator(seed))
        torch.testing.assert_close(images.mean((1, 2, 3)), labels @ torch.arange(5.0).double())


@every_mixing
def test_every_image_has_a_share_of_its_own(mix):
    x, y = torch.zeros(64, 1, 32, 32), torch.arange(64) % 5
    own = mix(x, y, generator())[1].gather(1, y[:, None])
    assert len(own.unique()) > 30


def test_the_share_of_mixup_is_beta_distributed():
    x = torch.zeros(20_000, 1, 1, 1, dtype=torch.float64)
    y = torch.zeros(20_000, dtype=torch.long)
    y[10_000:] = 1
    for alpha in (0.2, 1.0):
        share = augment._beta(x, alpha, generator())
        assert share.mean().item() == pytest.approx(0.5, abs=0.015)
        variance = 1 / (4 * (2 * alpha + 1))
        assert share.var().item() == pytest.approx(variance, rel=0.05)


def test_the_box_of_cutmix_has_the_other_share_of_the_area(monkeypatch):
    monkeypatch.setattr(augment, "_beta", lambda x, alpha, g: x.new_full((len(x),), 0.75))
    x = torch.arange(200.0)[:, None, None, None].expand(-1, 1, 8, 10)
    pasted = augment.cutmix(x, torch.zeros(200).long(), 1, 1.0, generator())[0] != x
    assert pasted.sum((1, 2, 3)).max() == 0.25 * 8 * 10  # where all of it lies inside


def test_cutmix_pastes_a_box_of_the_partner():
    x = torch.arange(1.0, 4)[:, None, None, None].expand(-1, 1, 8, 10)
    for seed in range(20):
        for own, image in enumerate(augment.cutmix(x, torch.arange(3), 3, 1.0, generator(seed))[0]):
            pasted = image[0] != own + 1
            if pasted.any():
                rows, columns = pasted.any(1), pasted.any(0)
                assert torch.equal(pasted, rows[:, None] & columns)  # a rectangle, filled
                assert len(image[0][pasted].unique()) == 1
                assert (rows.int().diff() != 0).sum() <= 2  # in one piece


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: augment.shift(x, -1), "pixels must be at least 0, got -1"),
        (lambda x: augment.scale(x, 0.5), "factor must be at least 1, got 0.5"),
        (lambda x: augment.cutout(x, -2), "size must be at least 0, got -2"),
        (lambda x: augment.mixup(x, torch.zeros(32).long(), 5, -1), "alpha must not be negative"),
    ],
)
def test_strengths_that_make_no_sense_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(pictures())


def test_the_logarithm_of_a_magnification_is_uniform():
    drawn = augment._uniform(torch.zeros(10_000, 1, 1, 1), -1, 1, generator())
    assert drawn.mean().item() == pytest.approx(0, abs=0.03)
    assert drawn.std().item() == pytest.approx(1 / math.sqrt(3), rel=0.05)
