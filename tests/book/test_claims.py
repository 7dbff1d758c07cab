"""The ledger in Chromium: it is filtered by chapter and verdict, and whole without scripts."""

import pytest

from cnncourse.claims import claims
from cnncourse.claims.claim import FAILS

SHOWN = "() => [...document.querySelectorAll('.claim')].filter((e) => e.checkVisibility()).length"

TOO_WIDE = """() => [...document.querySelectorAll('.claim :is(dd, code)')]
  .filter((box) => box.getBoundingClientRect().right > innerWidth)
  .map((box) => box.textContent)"""


@pytest.fixture
def ledger(open_page, html):
    """The page of claims, opened at one of them, on a phone or not."""
    opened = []

    def ledger(anchor="", width=1280):
        opened.append(open_page((html / "claims.html").as_uri() + anchor, width))
        return opened[-1]

    yield ledger
    for page in opened:
        page.context.close()


def test_every_claim_has_its_row(soups):
    rows = soups["claims.html"].select(".claim")
    assert len(rows) == len(claims())
    assert all(soups["claims.html"].find(id=claim.label) for claim in claims())


def test_a_verdict_and_a_chapter_are_chosen_by_keyboard(ledger):
    page = ledger()
    wanted = sum(claim.verdict is FAILS for claim in claims())
    verdict, chapter = page.get_by_label("Verdict"), page.get_by_label("Chapter")
    chapter.focus()
    page.keyboard.press("Tab")
    assert verdict.evaluate("field => field === document.activeElement")
    page.keyboard.type("does not")
    assert page.evaluate(SHOWN) == wanted
    assert page.get_by_role("status").inner_text() == f"{wanted} of {len(claims())} claims"
    chapter.select_option(label="Chapter 8: Classic architectures")
    assert 0 < page.evaluate(SHOWN) < wanted
    assert page.locator(".bd-article h2:visible").count() == 1
    page.get_by_role("button", name="Show all").click()
    assert page.evaluate(SHOWN) == len(claims())
    assert page.problems == []


def test_a_link_leads_to_a_claim_that_is_filtered_out(ledger):
    page = ledger()
    page.get_by_label("Verdict").select_option(label="open here")
    assert not page.locator("#claim-vgg-count").is_visible()
    page.evaluate("location.hash = '#claim-vgg-count'")
    page.wait_for_function(f"({SHOWN})() === {len(claims())}")
    place = "document.querySelector('#claim-vgg-count').getBoundingClientRect().top"
    page.wait_for_function(f"Math.abs({place}) < innerHeight")


def test_the_filter_fits_a_phone(ledger):
    page = ledger(width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(TOO_WIDE) == []
    for field in page.locator(".claims-filter :is(select, button)").all():
        box = field.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["height"] >= 44


def test_all_claims_can_be_read_without_scripts(browser, html):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((html / "claims.html").as_uri())
    assert page.locator(".claim").count() == len(claims())
    assert page.locator(".claims-filter :is(select, button)").count() == 0
    context.close()
