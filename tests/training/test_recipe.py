"""Names on the command line stand for the course's schedules and augmentations."""

import pytest
import torch
from torch import Generator, nn

from cnncourse.training.recipe import (
    AUGMENTATIONS,
    SCHEDULES,
    MixedPrecision,
    augmented,
    check_augmentations,
)
from cnncourse.training.refusal import Refusal


def draws(seed=0):
    return Generator().manual_seed(seed)


def test_the_schedules_reach_the_peak_and_end_where_they_should():
    rates = {
        name: [rate(step, 100, 0.5) for step in range(100)] for name, rate in SCHEDULES.items()
    }
    assert set(rates["constant"]) == {0.5}
    assert rates["cosine"] == sorted(rates["cosine"], reverse=True)
    assert (rates["cosine"][0], rates["cosine"][50]) == (0.5, pytest.approx(0.25))
    assert rates["warmup"][:5] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    assert rates["warmup"][-1] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("steps", [1, 19, 20])
def test_the_schedules_take_short_trainings(steps):
    for rate in SCHEDULES.values():
        assert rate(0, steps, 0.5) == 0.5


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_an_augmentation_changes_images_as_its_generator_says(name):
    images = torch.rand(16, 3, 16, 16)
    once = augmented(images, name, draws())
    assert once.shape == images.shape
    assert not torch.equal(once, images)
    assert torch.equal(once, augmented(images, name, draws()))
    assert not torch.equal(once, augmented(images, name, draws(1)))


def test_augmentations_are_applied_one_after_the_other():
    images = torch.rand(4, 1, 16, 16)
    one = draws()
    expected = AUGMENTATIONS["rotate"](AUGMENTATIONS["shift"](images, one), one)
    assert torch.equal(augmented(images, "shift, rotate", draws()), expected)
    assert augmented(images, "", draws()) is images


def test_an_unknown_augmentation_is_refused():
    check_augmentations("shift,flip")
    with pytest.raises(Refusal, match=r"^there is no augmentation 'flop': use some of shift, rot"):
        check_augmentations("shift,flop")


def test_mixed_precision_computes_in_bfloat16_and_keeps_weights_and_scores_in_float32():
    seen = []
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(18, 4))
    network[0].register_forward_hook(lambda module, x, y: seen.append(y.dtype))
    scores = MixedPrecision(network)(torch.rand(2, 1, 5, 5))
    scores.sum().backward()
    assert seen == [torch.bfloat16]
    assert scores.dtype == network[0].weight.grad.dtype == torch.float32
