"""Every page of the book, wide and narrow, light and dark, as a reader meets it."""

import pytest

# Formulas of which a part is hidden and cannot be scrolled to.
CUT_OFF = """() => {
  const lost = (formula) => {
    const { right } = formula.getBoundingClientRect();
    for (let box = formula; box !== document.body; box = box.parentElement) {
      const { overflowX } = getComputedStyle(box);
      const cuts = box === formula ? box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 0
                                   : right > box.getBoundingClientRect().right + 1;
      if (cuts && ["auto", "scroll"].includes(overflowX)) return false;
      if (cuts && ["hidden", "clip"].includes(overflowX)) return true;
    }
    return right > document.documentElement.clientWidth + 1;
  };
  return [...document.querySelectorAll('.bd-article mjx-container')]
    .filter((e) => e.checkVisibility())
    .filter(lost)
    .map((e) => e.closest('p, li, td, div').innerText.slice(0, 120));
}"""


def test_the_book_has_pages(pages):
    assert "index.html" in pages
    assert len(pages) > 4


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_page_is_whole_without_a_network(open_page, html, page_name, width, theme):
    page = open_page((html / page_name).as_uri(), width, theme)
    try:
        assert page.problems == []
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        # mathematics is typeset: nothing left in TeX, no error box
        assert page.locator(".math:not(:has(mjx-container)), mjx-merror").count() == 0
        # the page itself never scrolls sideways
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # and no formula is cut off
        assert page.evaluate(CUT_OFF) == []
        # every picture says in words what it shows
        alternatives = page.eval_on_selector_all(
            ".bd-article img", "images => images.map(image => image.alt || '')"
        )
        assert [text for text in alternatives if len(text.split()) < 8] == []
    finally:
        page.context.close()


@pytest.mark.parametrize("width", [320, 360])
def test_a_small_phone_shows_every_formula(open_page, html, page_name, width):
    page = open_page((html / page_name).as_uri(), width)
    assert page.evaluate(CUT_OFF) == []
    page.context.close()


def test_dark_pages_are_dark_and_light_pages_light(open_page, html):
    brightness = {}
    for theme in ("light", "dark"):
        page = open_page((html / "index.html").as_uri(), theme=theme)
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        brightness[theme] = sum(int(part) for part in colour[4:-1].split(",")[:3])
        page.context.close()
    assert brightness["dark"] < 200 < 700 < brightness["light"]


def test_search_finds_a_theorem_from_disk(open_page, html):
    page = open_page((html / "search.html").as_uri() + "?q=equivariant")
    page.wait_for_selector("#search-results li", timeout=10_000)
    assert page.locator("#search-results li").count() >= 1
    page.context.close()
