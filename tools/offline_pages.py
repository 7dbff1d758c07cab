"""Sphinx extension: leave out what Jupyter Book adds for running code on a remote kernel (thebe).

The book offers no remote kernel, the scripts name a public host, and they are added twice, which is
an error in the browser's console.
"""

from __future__ import annotations

from sphinx.application import Sphinx


def drop_thebe(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object
) -> None:
    """Remove thebe's scripts and style sheet from a page."""
    for kind in ("script_files", "css_files"):
        context[kind] = [
            file
            for file in context.get(kind, [])
            if "thebe" not in f"{file} {getattr(file, 'attributes', {})}".lower()
        ]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("html-page-context", drop_thebe, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
