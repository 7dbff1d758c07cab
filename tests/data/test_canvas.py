"""Digits on a canvas: where they are asked to be, or not at all."""

import pytest
import torch

from cnncourse import data


@pytest.mark.parametrize(("position", "corner"), [((2, 5), (2, 5)), ("center", (4, 4))])
def test_a_digit_is_placed_where_it_is_asked_to_be(position, corner):
    raw, placed = data.digits()[1].images, data.digits(canvas=16, position=position)[1].images
    row, column = corner
    assert torch.equal(placed[:, :, row : row + 8, column : column + 8], raw)
    assert torch.allclose(placed.sum((1, 2, 3)), raw.sum((1, 2, 3)))  # all else is black


def test_random_positions_reach_every_place_and_follow_the_seed():
    corner = torch.zeros(2000, 1, 1, 1) + 1
    placed = data.place(corner, 3, "random", seed=0)
    assert (placed.sum(0) > 150).all()  # 2000 / 9 = 222 expected at each of nine places
    assert torch.equal(placed, data.place(corner, 3, "random", seed=0))
    assert not torch.equal(placed, data.place(corner, 3, "random", seed=1))


@pytest.mark.parametrize("position", [(9, 0), (0, -1)])
def test_a_digit_that_does_not_fit_is_refused_with_both_sizes(position):
    with pytest.raises(ValueError, match=r"8x8 does not fit onto a canvas of 16x16 at position"):
        data.digits(canvas=16, position=position)


def test_a_canvas_smaller_than_the_digit_is_refused():
    with pytest.raises(ValueError, match="does not fit onto a canvas of 4x4"):
        data.digits(canvas=4)


def test_an_unknown_position_is_named():
    with pytest.raises(ValueError, match="got 'left'"):
        data.digits(canvas=16, position="left")
