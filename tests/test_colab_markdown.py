"""What MyST's markup becomes where only Markdown and mathematics are read."""

import pytest
from colab_markdown import Book, plain

BOOK = Book(
    labels={
        "thm-toy": {"name": "Theorem 7.2", "at": "chapters/07_toys.html#thm-toy"},
        "ex-toy-double": {"name": "Exercise 7.1", "at": "chapters/07_toys.html#ex-toy-double"},
        "eq-toy": {"name": "(7.3)", "at": "chapters/07_toys.html#equation-eq-toy"},
        "toys": {"name": "Toys", "at": "chapters/07_toys.html#toys"},
    },
    citations={
        "he2016": {"author": "He et al.", "year": "2016", "at": "bibliography.html#id3"},
        "yu2016": {"author": "Yu and Koltun", "year": "2016", "at": "bibliography.html#id9"},
    },
    answers={"ex-toy-double": "https://colab/exercises/07_toys.ipynb#scrollTo=cell-004"},
    macros={"R": r"\mathbb{R}"},
    pages="https://pages",
    notebooks="https://colab",
)


def test_a_theorem_is_a_quote_under_its_number_and_its_formulas_stay_on_one_line():
    source = (
        ":::{prf:theorem} Doubling\n:label: thm-toy\n\n"
        "Let $x\\in\\R$ with $a<b$.\n\n$$\n2x\n= x + x\n$$ (eq-toy)\n:::\n\nMore."
    )
    assert plain(source, BOOK) == (
        "> **Theorem 7.2** (Doubling)\n>\n> Let $x\\in\\mathbb{R}$ with $a\\lt b$.\n>\n"
        "> $$ 2x = x + x \\tag{7.3} $$\n\nMore."
    )


def test_a_proof_is_folded():
    assert plain(":::{prf:proof}\nAdd.\n:::", BOOK) == (
        "<details>\n<summary><b>Proof</b></summary>\n\n> Add.\n\n</details>"
    )


def test_a_solution_is_folded_under_its_own_word():
    assert "<summary><b>Why</b></summary>\n\n> It is.\n" in plain(
        ":::{dropdown} Why\nIt is.\n:::", BOOK
    )


def test_an_exercise_leads_to_the_cell_that_answers_it():
    source = "::::{exercise} Double\n:label: ex-toy-double\n\nDouble $x$.\n::::"
    assert plain(source, BOOK) == (
        "> **Exercise 7.1** (Double)\n>\n> Double $x$.\n>\n"
        "> [Answer it on Colab](https://colab/exercises/07_toys.ipynb#scrollTo=cell-004)"
    )


def test_a_reference_to_a_statement_names_it_and_one_to_a_section_keeps_its_words():
    assert plain("By [the theorem](#thm-toy) of [chapter 7](#toys).", BOOK) == (
        "By [Theorem 7.2](https://pages/chapters/07_toys.html#thm-toy) "
        "of [chapter 7](https://pages/chapters/07_toys.html#toys)."
    )
    # Words that name no kind of statement stay, since a number in their place breaks the sentence.
    assert plain("It [doubles](#thm-toy), by [](#thm-toy).", BOOK) == (
        "It [doubles](https://pages/chapters/07_toys.html#thm-toy), "
        "by [Theorem 7.2](https://pages/chapters/07_toys.html#thm-toy)."
    )


def test_a_reference_to_an_equation_is_its_number():
    expected = "By [(7.3)](https://pages/chapters/07_toys.html#equation-eq-toy)."
    assert plain("By {eq}`eq-toy`.", BOOK) == expected


def test_a_citation_gives_author_and_year():
    he, yu = "https://pages/bibliography.html#id3", "https://pages/bibliography.html#id9"
    assert plain("{cite:t}`he2016` did", BOOK) == f"[He et al. (2016)]({he}) did"
    assert plain("Both {cite}`he2016,yu2016`", BOOK) == (
        f"Both ([He et al., 2016]({he}); [Yu and Koltun, 2016]({yu}))"
    )


def test_a_link_to_a_notebook_leads_to_its_edition():
    expected = "[this](https://colab/solutions/07_toys.ipynb)"
    assert plain("[this](../solutions/07_toys.ipynb)", BOOK) == expected
    assert plain("[this](solutions/07_toys)", BOOK) == expected


def test_cards_and_tables_become_paragraphs_with_bold_beginnings():
    cards = "::::{grid} 1 3\n:gutter: 3\n\n:::{grid-item-card} Read\nOpen it.\n:::\n::::"
    assert plain(cards, BOOK) == "**Read.** Open it."
    table = ":::{table} The map\n:class: wide\n\n| a |\n|---|\n:::"
    assert plain(table, BOOK) == "**The map**\n\n| a |\n|---|"


def test_names_and_pictures_for_pages_without_scripts_are_left_out():
    assert plain("(toys)=\n# Toys\n\n<noscript>\n<img>\n</noscript>", BOOK) == "# Toys"


def test_code_stays_as_it_is():
    source = "`$a<b$` and\n\n```bash\necho {eq} $HOME $HOME\n```"
    assert plain(source, BOOK) == source


def test_what_has_no_plain_form_is_refused_by_name():
    with pytest.raises(ValueError, match="directive 'warning'"):
        plain(":::{warning}\nNo.\n:::", BOOK)
    with pytest.raises(ValueError, match="role 'abbr'"):
        plain("{abbr}`CNN`", BOOK)
    with pytest.raises(KeyError, match="thm-gone"):
        plain("[gone](#thm-gone)", BOOK)
