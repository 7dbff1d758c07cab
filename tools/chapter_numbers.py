"""Sphinx extension: a chapter's number in the book is that of its file, ``08_…`` is chapter 8.

Sphinx counts the pages that exist, so that a chapter's number would change whenever one is written
before it, and would differ from its file, its exercises and its theorems as they are quoted.
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx_external_toc.collectors import TocTreeCollectorWithStyles as Collector


def number_by_file(env: BuildEnvironment) -> None:
    """Put the number in the file's name in place of the first part of every section number."""
    for name, numbers in env.toc_secnumbers.items():
        if not (file := re.match(r"chapters/(\d+)_", name)):
            continue
        first = int(file[1])
        env.toc_secnumbers[name] = {
            anchor: (first, *number[1:]) if number else number for anchor, number in numbers.items()
        }
        for node in (env.titles[name], *env.tocs[name].findall(nodes.reference)):
            if number := node.get("secnumber"):
                node["secnumber"] = [first, *number[1:]]


def extend_numbering(app: Sphinx) -> None:
    """Number by file after whatever numbers the sections; figures and theorems follow."""
    assign = Collector.assign_section_numbers

    def assign_section_numbers(self: Collector, env: BuildEnvironment) -> list[str]:
        before = env.toc_secnumbers
        assign(self, env)
        number_by_file(env)
        return [name for name in env.toc_secnumbers if env.toc_secnumbers[name] != before.get(name)]

    Collector.assign_section_numbers = assign_section_numbers


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("builder-inited", extend_numbering)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
