"""Sphinx extension: show solutions as a reader wants them, not as the notebook is marked.

The marks from which the exercises are derived go, and a solution is folded with the verdict on it,
which tells the insight.
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from exercises import BEGIN, END

MARK = re.compile(rf"[^\S\n]*<span[^>]*>(?:{BEGIN}|{END})</span>\n?")


class FoldSolutions(SphinxPostTransform):
    """Fold the output of a solution together with its code."""

    default_priority = 100  # before MyST-NB folds, at 199
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        """Change what the cells of a page of solutions ask MyST-NB to fold."""
        if self.env.docname.startswith("solutions/"):
            for cell in self.document.findall(nodes.container):
                if cell.get("hide_mode") == "input":
                    cell["hide_mode"] = "all"
                    cell["prompt_show"], cell["prompt_hide"] = "Show solution", "Hide solution"


def drop_marks(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object
) -> None:
    """Take the marks out of a page of solutions."""
    if pagename.startswith("solutions/"):
        context["body"] = MARK.sub("", context["body"])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.add_post_transform(FoldSolutions)
    app.connect("html-page-context", drop_marks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
