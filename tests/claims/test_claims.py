"""The ledger and the chapters say the same, with the numbers that the library gives today."""

import re

import claims as tool
import pytest

from cnncourse.claims import claims, parts
from cnncourse.claims.claim import OPEN, Cited, Computed, Stored

BOOK = tool.chapters_in_the_book()
PRESENT = [part for part in parts() if part.page in BOOK]
CHAPTERS = pytest.mark.parametrize("part", PRESENT, ids=lambda part: part.slug)


def unsaid(part, text):
    """The quotes of a chapter's claims that are not in a text."""
    return [quote for claim in part.claims for quote in claim.quoted() if quote not in text]


def linked(page):
    """The rows of the ledger to which the prose of a chapter leads."""
    prose = "".join(cell.source for cell in tool.cells(page) if cell.cell_type == "markdown")
    return set(re.findall(r"\]\(#(claim-[\w-]+)\)", prose))


@CHAPTERS
def test_a_chapter_says_what_the_ledger_says(part):
    assert unsaid(part, tool.text_of(part.page)) == []


def test_a_wrong_number_in_a_chapter_is_found():
    part = next(part for part in PRESENT if part.slug == "classic_architectures")
    text = tool.text_of(part.page)
    for right, wrong in (("60,965,224", "60,965,242"), ("does not hold: 8.7", "does not hold: 12")):
        assert right in text
        assert unsaid(part, text.replace(right, wrong)) != []


@CHAPTERS
def test_a_chapter_links_to_each_claim_that_it_decides(part):
    assert {claim.label for claim in part.claims} - linked(part.page) == set()


@pytest.mark.parametrize("page", BOOK)
def test_every_link_to_a_claim_has_its_row(page):
    assert linked(page) - {claim.label for claim in claims()} == set()


@CHAPTERS
def test_a_number_of_a_chapter_is_quoted_from_it(part):
    numbers = [c for c in part.claims if isinstance(c.value, (Computed, Stored))]
    assert [claim.name for claim in numbers if not claim.quotes] == []


@CHAPTERS
def test_what_decides_a_claim_is_in_the_book(part):
    known = set().union(*map(tool.labels_of, BOOK))
    assert {label for c in part.claims for label in c.decided_by} - known == set()
    assert [claim.name for claim in part.claims if not claim.decided_by] == []


def test_there_is_one_row_for_every_claim():
    for values in (
        [claim.name for claim in claims()],
        [claim.says for claim in claims()],
    ):
        assert len(values) == len(set(values))
    assert len(claims()) >= 80


def test_rows_that_say_nearly_the_same_name_each_other():
    rows = {claim.name: claim for claim in claims()}
    pairs = [(claim.name, other) for claim in rows.values() for other in claim.beside]
    assert {other for _, other in pairs} - set(rows) == set()
    assert len({frozenset(pair) for pair in pairs}) == len(pairs)  # none twice, none itself
    for one, other in pairs:
        assert rows[one] in tool.neighbours(rows[other])
        assert rows[other] in tool.neighbours(rows[one])


def test_a_claim_has_a_voice_and_its_conditions():
    for claim in claims():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", claim.name)
        assert claim.said_by, claim.name
        assert claim.when.endswith("."), claim.name
        assert not claim.says.endswith("."), claim.name
        assert claim.verdict is OPEN or claim.value or claim.quotes, claim.name


def test_what_is_cited_is_in_the_bibliography():
    known = (tool.ROOT / "references.bib").read_text(encoding="utf-8")
    for claim in claims():
        assert not isinstance(claim.value, Cited) or f"{{{claim.value.key}," in known


def test_the_page_is_what_the_tables_make_of_it():
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page()
