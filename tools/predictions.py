"""Sphinx extension: a question that asks for a prediction is answered when the reader asks.

After a paragraph with **Predict** or **Guess**, the cells that compute the answer, and the
paragraph that reads it, are folded. An explorer stays open: it waits for the reader anyway.
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

OPENED = nodes.raw(
    "", '<details class="answer">\n<summary>Show the answer</summary>', format="html"
)
CLOSED = nodes.raw("", "</details>", format="html")


def asks(node: nodes.Node) -> bool:
    """Say whether a paragraph asks for a prediction."""
    words = node.findall(nodes.strong) if isinstance(node, nodes.paragraph) else ()
    return any(re.match("Predict|Guess", word.astext()) for word in words)


def is_cell(node: nodes.Node) -> bool:
    """Say whether a node is a cell of code that is no explorer."""
    classes = node.get("classes", []) if isinstance(node, nodes.container) else []
    return "cell" in classes and "tag_explorer" not in classes


def answer(following: list[nodes.Node]) -> list[nodes.Node]:
    """Return the part of what follows a question that answers it: cells, and a paragraph on them.

    A paragraph that ends in a colon brings along the cells or the list that it announces.
    """
    cells, rest = _cells(following)
    if not cells or not rest or not isinstance(rest[0], nodes.paragraph):
        return cells
    text, *rest = rest
    if not text.astext().endswith(":"):
        return [*cells, text]
    is_list = bool(rest) and isinstance(rest[0], (nodes.bullet_list, nodes.enumerated_list))
    return [*cells, text, *(rest[:1] if is_list else _cells(rest)[0])]


def _cells(following: list[nodes.Node]) -> tuple[list[nodes.Node], list[nodes.Node]]:
    """Return the cells with which a list of nodes begins, and all behind them."""
    others = (place for place, node in enumerate(following) if not is_cell(node))
    end = next(others, len(following))
    return following[:end], following[end:]


class Predictions(SphinxPostTransform):
    """Fold the answers of a page."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        """Put a fold around the answer to each question."""
        for question in list(self.document.findall(asks)):
            place = question.parent.index(question) + 1
            if folded := answer(question.parent.children[place:]):
                question.parent.insert(place + len(folded), CLOSED.deepcopy())
                question.parent.insert(place, OPENED.deepcopy())


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.add_post_transform(Predictions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
