"""Sphinx extension: search leads to the section, theorem or exercise, from disk as well.

Sphinx's own search knows whole pages, shows no text where pages lie on a disk, and raw TeX where
they come from a server. Here every section, statement and exercise of the book is one entry with
its text, formulas in plain signs, and ``assets/search.js`` looks through them all. What a page
folds (solutions, plotting code) and what cells print is left out.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from colab_labels import cited, named
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx_exercise.nodes import exercise_subtitle
from typeset import tex_of

LEFT_OUT = (nodes.raw, nodes.comment, nodes.target, nodes.title)  # a title is its section's name
MATHML = re.compile(r"<math.*?</math>", re.DOTALL)
BETWEEN = {"mfrac": "/", "msup": "^", "msubsup": "^"}
SCRIPTS = ("sections.js", "search.js")


@dataclass
class Section:
    """A place that search can lead to: its address, its name, the page's name, its words."""

    at: str
    title: str
    page: str
    words: list[str] = field(default_factory=list)


def is_left_out(node: nodes.Element) -> bool:
    """Say whether a reader sees nothing of the node before unfolding or running something."""
    folded = node.get("hide_mode") or node.get("design_component") == "dropdown"
    return (
        bool(folded) or isinstance(node, LEFT_OUT) or node.get("nb_element") == "cell_code_output"
    )


def in_plain_signs(element: ElementTree.Element) -> str:
    """Return the signs of a formula, given as MathML, in the order in which they stand."""
    parts = [element.text or "", *map(in_plain_signs, element)]
    return BETWEEN.get(element.tag.rpartition("}")[2], "").join(filter(None, parts))


class Collector:
    """Takes one page apart into its sections."""

    def __init__(self, app: Sphinx, page: str, names: dict[str, str]):
        self.formulas, self.names = app.builder.formulas, names
        self.address = app.builder.get_target_uri(page)
        title = app.env.titles[page]
        self.page = " ".join([*(f"{n}." for n in title.get("secnumber", [])), title.astext()])
        self.found: list[Section] = []

    def collect(self, node: nodes.Element, section: Section | None) -> None:
        """Add the words below a node to the section that it belongs to, or to a new one."""
        for child in node.children:
            if is_left_out(child):
                continue
            if isinstance(child, nodes.TextElement):
                section.words.append(self.words(child))
            else:
                self.collect(child, self.opened(child) or section)

    def opened(self, node: nodes.Element) -> Section | None:
        """Return the section that begins with a node, if one does."""
        title = node.next_node(nodes.title)
        if (label := node.get("label")) in self.names:  # a statement or an exercise
            title = title.next_node(exercise_subtitle) or title
            name = f"{self.names[label]} {self.words(title).strip()}".strip()
        elif isinstance(node, nodes.section) and isinstance(node.children[0], nodes.title):
            label, name = node["ids"][0], self.words(title)
        else:
            return None
        self.found.append(Section(f"{self.address}#{label}", name, self.page))
        return self.found[-1]

    def words(self, node: nodes.Element) -> str:
        """Return the text of a paragraph, a title or a cell's code."""
        if isinstance(node, (nodes.math, nodes.math_block)):
            mathml = MATHML.search(self.formulas[tex_of(node)])[0]
            return in_plain_signs(ElementTree.fromstring(mathml))
        if isinstance(node, pending_xref) and not node.get("refexplicit"):
            targets = map(str.strip, node["reftarget"].split(","))
            return "; ".join(self.names[target] for target in targets if target in self.names)
        if isinstance(node, nodes.Text):
            return node.astext()
        return "".join(map(self.words, node.children))


def sections(app: Sphinx) -> list[Section]:
    """Return every section of the book, page by page, and every source."""
    sources = cited(app)
    names = {label: entry["name"] for label, entry in named(app).items()}
    names |= {key: f"{source['author']}, {source['year']}" for key, source in sources.items()}
    found = []
    for page in sorted(app.env.found_docs):
        collector = Collector(app, page, names)
        collector.collect(app.env.get_doctree(page), None)
        found += collector.found
    for citation in app.env.get_domain("cite").citations:
        key, text = citation.key, citation.formatted_entry.text.render_as("text")
        found.append(Section(sources[key]["at"], names[key], "Bibliography", [text]))
    return found


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the sections in place of Sphinx's index."""
    if error or app.builder.format != "html":
        return
    entries = [
        {**asdict(section), "words": " ".join(" ".join(section.words).split())}
        for section in sections(app)
    ]
    text = app.builder.indexer.get_js_stemmer_code()
    text += f"\nconst SECTIONS = {json.dumps(entries, ensure_ascii=False)};\n"
    Path(app.outdir, "_static", "sections.js").write_text(text, encoding="utf-8")


def load_scripts(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object
) -> None:
    """Load the scripts on the page that searches."""
    if pagename == "search":
        for script in SCRIPTS:
            app.add_js_file(script, loading_method="defer")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("html-page-context", load_scripts)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
