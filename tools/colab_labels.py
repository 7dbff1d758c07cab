"""Sphinx extension: what the built book calls its parts, for the edition without book markup.

Every label with its name ("Theorem 4.2") and its place (page and anchor), and every source with its
author and year, go into ``labels.json`` beside the built book, from which `colab.py` writes
``colab/``. The notebooks that the pages offer for download are those of that edition.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from sphinx.application import Sphinx

import colab


def named(app: Sphinx) -> dict[str, dict[str, str]]:
    """Return the name and the place of every label: a section's title, or kind and number."""
    found = {}
    for label, (page, anchor, title) in app.env.get_domain("std").labels.items():
        if page in app.env.found_docs:
            found[label] = {"name": title, "at": _place(app, page, anchor)}
    for page, kinds in app.env.toc_fignumbers.items():
        for kind, numbers in kinds.items():
            form = app.config.numfig_format.get(kind, f"{kind} %s")
            form = "(%s)" if kind == "displaymath" else form
            for anchor, number in numbers.items():
                label = anchor.removeprefix("equation-")
                name = form.capitalize() % ".".join(map(str, number))
                found[label] = {"name": name, "at": _place(app, page, anchor)}
    return {label: found[label] for label in sorted(found) if not re.fullmatch(r"id\d+", label)}


def cited(app: Sphinx) -> dict[str, dict[str, str]]:
    """Return author, year and place in the bibliography of every source."""
    domain, found = app.env.get_domain("cite"), {}
    for citation in sorted(domain.citations, key=lambda citation: citation.key):
        page, key = citation.bibliography_key.docname, citation.key
        text = domain.resolve_xref(app.env, page, app.builder, "t", key, None, None).astext()
        author, year = re.fullmatch(r"(.+) \[(.+)\]", text).groups()
        place = _place(app, page, citation.citation_id)
        found[key] = {"author": author, "year": year, "at": place}
    return found


def _place(app: Sphinx, page: str, anchor: str) -> str:
    return f"{app.builder.get_target_uri(page)}#{anchor}"


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the labels, and replace the notebooks that the pages offer."""
    if error or app.builder.format != "html":
        return
    labels = {"labels": named(app), "citations": cited(app)}
    text = json.dumps(labels, ensure_ascii=False, indent=1) + "\n"
    Path(app.outdir).with_name("labels.json").write_text(text, encoding="utf-8")
    for name, notebook in colab.texts(labels).items():
        if (offered := Path(app.outdir, "_sources", name)).exists():
            offered.write_text(notebook, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
