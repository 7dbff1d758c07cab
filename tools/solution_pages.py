"""Sphinx extension: show solutions as a reader wants them, not as the notebook is marked.

The marks from which the exercises are derived go, and what folds an answer says so.
"""

from __future__ import annotations

import re

from sphinx.application import Sphinx

from exercises import BEGIN, END

MARK = re.compile(rf"[^\S\n]*<span[^>]*>(?:{BEGIN}|{END})</span>\n?")
FOLDS = {"Show code cell source": "Show solution", "Hide code cell source": "Hide solution"}


def tidy(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    """Take the marks out of a page of solutions and name its folds."""
    if pagename.startswith("solutions/"):
        body = MARK.sub("", context["body"])
        for old, new in FOLDS.items():
            body = body.replace(old, new)
        context["body"] = body


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("html-page-context", tidy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
