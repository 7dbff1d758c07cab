"""Scores of drawn regions, against numbers counted by hand and against scikit-learn."""

import re

import pytest
import torch
from sklearn.metrics import confusion_matrix, f1_score, jaccard_score

from cnncourse.analysis.segmentation import borders, confusion, dice, iou
from cnncourse.training import set_seed

LABELS = torch.tensor([[0, 0, 1], [0, 1, 1]])
FOUND = torch.tensor([[0, 1, 1], [0, 0, 1]])


def test_counts_and_scores_are_those_counted_by_hand():
    counts = confusion(FOUND, LABELS, 3)
    assert counts.tolist() == [[2, 1, 0], [1, 2, 0], [0, 0, 0]]
    assert iou(counts)[:2].tolist() == [0.5, 0.5]
    assert dice(counts)[:2].tolist() == pytest.approx([2 / 3, 2 / 3])


def test_a_class_that_is_neither_true_nor_found_has_no_score():
    counts = confusion(FOUND, LABELS, 3)
    assert iou(counts).isnan().tolist() == dice(counts).isnan().tolist() == [False, False, True]


def test_scores_are_scikit_learns():
    set_seed(0)
    labels, found = torch.randint(4, (2, 3, 9, 11))
    counts = confusion(found, labels, 4)
    true, answer = labels.flatten().numpy(), found.flatten().numpy()
    assert counts.tolist() == confusion_matrix(true, answer).tolist()
    assert iou(counts).tolist() == pytest.approx(jaccard_score(true, answer, average=None))
    assert dice(counts).tolist() == pytest.approx(f1_score(true, answer, average=None))


@pytest.mark.parametrize("width", [1, 2, 3])
def test_borders_are_pixels_with_another_class_within_reach(width):
    set_seed(0)
    labels = (torch.rand(2, 12, 10) > 0.95).long() + (torch.rand(2, 12, 10) > 0.95)
    near = borders(labels, width)
    for n, row, column in torch.cartesian_prod(*map(torch.arange, labels.shape)).tolist():
        top, left = max(row - width, 0), max(column - width, 0)
        window = labels[n, top : row + width + 1, left : column + width + 1]
        assert near[n, row, column] == (window.unique().numel() > 1)


@pytest.mark.parametrize(
    ("found", "error", "message"),
    [
        (FOUND[:1], ValueError, "must have one shape, got (1, 3) and (2, 3)"),
        (FOUND + 2, ValueError, "classes from 0 to 2, got values from 2 to 3"),
        (FOUND - 1, ValueError, "classes from 0 to 2, got values from -1 to 0"),
        (FOUND.float(), TypeError, "predicted must hold classes, integers, got torch.float32"),
    ],
)
def test_what_is_no_map_of_classes_is_refused(found, error, message):
    with pytest.raises(error, match=re.escape(message)):
        confusion(found, LABELS, 3)


def test_borders_refuse_one_map_without_a_batch_and_a_width_of_zero():
    with pytest.raises(ValueError, match=re.escape("(N, H, W), got a shape of (2, 3)")):
        borders(LABELS)
    with pytest.raises(ValueError, match="width must be at least 1, got 0"):
        borders(LABELS[None], 0)
