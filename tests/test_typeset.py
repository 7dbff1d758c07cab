"""Mathematics typeset while the book is built."""

import re

import pytest
from sphinx.errors import ExtensionError
from typeset import typeset


def text_of(html):
    """Return the letters that are drawn, without the MathML beside them."""
    drawn = re.sub(r"<mjx-assistive-mml.*</mjx-assistive-mml>", "", html)
    return re.sub(r"<[^>]+>", "", drawn).replace(" ", "")


def test_formulas_become_html_with_mathml_beside_it():
    formulas = [("a+b", False), (r"\R^n", False)]
    css, html = typeset(formulas, {"R": r"\mathbb{R}"})
    assert [text_of(html[formula]) for formula in formulas] == ["𝑎+𝑏", "ℝ𝑛"]
    assert all("<math " in one for one in html.values())
    assert "mjx-tex-n.woff2" in css


def test_a_formula_inside_a_line_may_break_at_its_signs():
    formula = ("a = b + c", False)
    assert typeset([formula], {})[1][formula].count("<mjx-break") == 2


def test_what_is_not_tex_is_named():
    with pytest.raises(ExtensionError, match=r"\\undefinedthing.* in the formula 'x\+"):
        typeset([(r"x+\undefinedthing", False)], {})
