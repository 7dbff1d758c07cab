"""Probabilities taken at their word."""

import pytest
import torch
import torch.nn.functional as F

from cnncourse.analysis.calibration import best_temperature, expected_calibration_error


def forecasts(count, seed=0):
    """Scores whose softmax is the truth, and labels drawn from it."""
    draws = torch.Generator().manual_seed(seed)
    scores = 2 * torch.randn(count, 5, generator=draws, dtype=torch.float64)
    return scores, torch.multinomial(scores.softmax(1), 1, generator=draws)[:, 0]


def test_two_bins_by_hand():
    # Confidences 0.9, 0.9 and 0.6: one of the first two is right, and the third.
    probabilities = torch.tensor([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6]])
    labels = torch.tensor([0, 1, 1])
    error = expected_calibration_error(probabilities.log(), labels, bins=10)
    assert error == pytest.approx((abs(1 - 1.8) + abs(1 - 0.6)) / 3)


def test_full_confidence_falls_into_the_last_bin():
    scores = torch.tensor([[1000.0, 0.0], [1000.0, 0.0]])
    assert expected_calibration_error(scores, torch.tensor([0, 1])) == pytest.approx(0.5)


def test_one_bin_compares_the_means_only():
    probabilities = torch.tensor([[0.9, 0.1], [0.1, 0.9]])
    error = expected_calibration_error(probabilities.log(), torch.tensor([0, 0]), bins=1)
    assert error == pytest.approx(0.9 - 0.5)


def test_a_perfect_forecaster_gets_less_the_more_pictures_there_are():
    few = sum(expected_calibration_error(*forecasts(100, seed)) for seed in range(20)) / 20
    many = expected_calibration_error(*forecasts(100_000))
    assert few > 0.04
    assert many < 0.005


@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_the_temperature_undoes_a_factor(factor):
    scores, labels = forecasts(20_000)
    assert best_temperature(factor * scores, labels) == pytest.approx(factor, rel=0.05)


def test_no_other_temperature_has_a_smaller_loss():
    scores, labels = forecasts(500)
    best = best_temperature(scores, labels)
    loss = [F.cross_entropy(scores / t, labels) for t in (best, 0.98 * best, 1.02 * best)]
    assert loss[0] < min(loss[1:])


def test_no_pictures_are_refused():
    with pytest.raises(ValueError, match="got 0 and 10"):
        expected_calibration_error(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64))
