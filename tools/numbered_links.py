"""Sphinx extension: ``[the theorem](#thm-x)`` reads "Theorem 1.2" in the book.

Words that name no kind of statement stay, as in ``[chapter 1](#thm-x)``.
Plain Markdown links stay readable on Colab and GitHub. MyST leaves targets of sphinx-proof
unresolved, so they are handed over to sphinx-proof, whose own role numbers them.
"""

from __future__ import annotations

from colab_markdown import names_a_statement
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform


class NumberedLinks(SphinxPostTransform):
    """Turn links to a theorem, definition, … into numbered references."""

    default_priority = 8  # before MyST's own resolver, at 9

    def run(self, **kwargs: object) -> None:
        """Rewrite every pending MyST reference whose target is a sphinx-proof label."""
        labels = getattr(self.env, "proof_list", {})
        for node in list(self.document.findall(addnodes.pending_xref)):
            target = node["reftarget"]
            if node["reftype"] == "myst" and target in labels:
                node["refdomain"], node["reftype"], node["refwarn"] = "prf", "ref", True
                words = node.astext()
                if names_a_statement(words):
                    node.children = [nodes.inline(target, target)]  # which stands for the number
                else:
                    node.children = [nodes.inline("", "", nodes.inline("", "", *node.children))]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.add_post_transform(NumberedLinks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
