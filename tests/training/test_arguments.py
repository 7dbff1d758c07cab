"""A training is resumed with the arguments that it began with."""

from dataclasses import asdict

import pytest

from cnncourse.training.arguments import Arguments, resumed
from cnncourse.training.refusal import Refusal

STORED = asdict(Arguments(model="lenet.tiny", data="digits", epochs=3))


def test_what_is_not_given_again_is_as_stored():
    assert resumed(STORED, {}) == resumed(STORED, {"epochs": 3}) == Arguments(**STORED)


def test_workers_may_change():
    assert resumed(STORED, {"workers": 2}) == Arguments(**STORED | {"workers": 2})


def test_anything_else_may_not():
    with pytest.raises(
        Refusal, match=r"^the training to resume has --batch-size 64, not 32: leave"
    ):
        resumed(STORED, {"epochs": 3, "batch_size": 32})
