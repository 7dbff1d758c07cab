"""What a training says when it cannot go on."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818  (the program is not in error)
    """One sentence for the person who started the training. What was written stays as it is."""


class UnreadableImage(Refusal):
    """A file that cannot be read, noticed by the one process that wanted it.

    A worker of a ``DataLoader`` puts its traceback in front of the sentence, which is cut off here.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence.rsplit("UnreadableImage: ", 1)[-1].strip())
