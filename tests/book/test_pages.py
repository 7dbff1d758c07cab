"""Every page of the book, wide and narrow, light and dark, as a reader meets it."""

from pathlib import Path

import axe_playwright_python
import pytest

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
# What axe holds against a page with everything unfolded, where it is serious. Code and formulas
# have thousands of parts of a few colours: one of each colour, on each paper, is asked. Axe passes
# over the colour of a formula, so words stand for it, unless it scrolls and so takes the focus.
BARRIERS = """async () => {
  const still = `* { animation: none !important; transition: none !important;
                     content-visibility: visible !important; }`;
  document.head.append(Object.assign(document.createElement('style'), { textContent: still }));
  document.querySelectorAll('details').forEach((fold) => { fold.open = true; });
  const paper = (box) => {
    const { backgroundColor } = getComputedStyle(box);
    return backgroundColor === 'rgba(0, 0, 0, 0)' ? paper(box.parentElement) : backgroundColor;
  };
  const looks = new Set();
  const known = (part) => {
    const look = `${part.localName}: ${getComputedStyle(part).color} on ${paper(part)}`;
    return looks.has(look) || !looks.add(look);
  };
  const all = (selector) => [...document.querySelectorAll(selector)];
  all('pre span:not(:has(*))')
    .filter((token) => !token.textContent.trim() || known(token))
    .forEach((token) => token.replaceWith(token.textContent));
  all(':not([tabindex]) > mjx-container').forEach((formula) => {
    formula.textContent = known(formula) ? '' : 'words';
  });
  const { violations } = await axe.run({ resultTypes: ['violations'] });
  return violations
    .filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}"""

UNFOLD = "document.querySelectorAll('details').forEach((fold) => { fold.open = true; })"

# Every section has come near the screen once.
SEEN = """async () => {
  for (const section of document.querySelectorAll('.bd-article section')) {
    section.scrollIntoView();
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
  }
}"""

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


# Lines of code that do not fit beside both sidebars, everything unfolded.
WIDE_CODE = """() => [...document.querySelectorAll('.bd-article .cell_input pre')]
  .filter((e) => e.scrollWidth > e.clientWidth + 1)
  .map((e) => e.innerText.split('\\n').sort((a, b) => b.length - a.length)[0])"""

# What is read as one and yet stands on two lines: 3 × 3, and a formula with its punctuation.
BROKEN = """() => {
  const article = document.querySelector('.bd-article') ?? document.body;
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  const broken = [];
  while (walker.nextNode()) {
    const { currentNode: node } = walker;
    const apart = 'pre, code, script, mjx-container, .explorer, [role=status]';
    if (node.parentElement.closest(apart)) continue;
    for (const { 0: text, index } of node.data.matchAll(/\\d+\\s×\\s\\d+/g)) {
      range.setStart(node, index);
      range.setEnd(node, index + text.length);
      const tops = [...range.getClientRects()].map(({ top }) => Math.round(top));
      if (new Set(tops).size > 1) broken.push(text);
    }
    const before = node.previousSibling;
    if (before?.nodeType === 1 && before.matches('.math') && /^[,.;:!?)]/.test(node.data)) {
      broken.push(before.innerText + node.data.slice(0, 9));
    }
  }
  return broken;
}"""


def test_the_book_has_pages(pages):
    assert "index.html" in pages
    assert len(pages) > 4


@pytest.mark.parametrize("width", [1280, 390])
def test_a_page_is_whole_without_a_network(open_page, html, page_name, width):
    page = open_page((html / page_name).as_uri(), width)
    try:
        assert page.problems == []
        # mathematics is typeset: nothing left in TeX, no error box
        assert page.locator(".math:not(:has(mjx-container)), mjx-merror").count() == 0
        # the page itself never scrolls sideways
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # and no formula is cut off, folded or not
        page.evaluate(UNFOLD)
        assert page.evaluate(CUT_OFF) == []
        assert page.evaluate(WIDE_CODE if width == 1280 else BROKEN) == []
        # every picture says in words what it shows
        alternatives = page.eval_on_selector_all(
            ".bd-article img", "images => images.map(image => image.alt || '')"
        )
        assert [text for text in alternatives if len(text.split()) < 8] == []
    finally:
        page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_page_keeps_out_no_reader(open_page, html, page_name, theme):
    page = open_page((html / page_name).as_uri(), theme=theme)
    assert page.problems == []
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    page.evaluate(SEEN)
    page.evaluate(AXE)
    assert page.evaluate(BARRIERS) == []
    page.context.close()


def test_a_small_phone_shows_every_formula(open_page, html, page_name):
    page = open_page((html / page_name).as_uri(), 320)
    page.evaluate(UNFOLD)
    for width in (320, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
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


def test_solutions_show_no_marks_and_say_what_they_fold(open_page, html):
    names = [file.name for file in (html / "solutions").glob("*.html")]
    assert names
    for name in names:
        text = (html / "solutions" / name).read_text(encoding="utf-8")
        assert "### BEGIN" not in text
        assert "### END" not in text
        assert "Show solution" in text
        assert "Show code cell source" not in text


def test_a_page_is_printed_on_light_paper(open_page, html):
    page = open_page((html / "index.html").as_uri(), theme="dark")
    seen = page.evaluate(
        """() => {
          const theme = () => document.documentElement.dataset.theme;
          const themes = [theme()];
          dispatchEvent(new Event('beforeprint'));
          themes.push(theme());
          dispatchEvent(new Event('afterprint'));
          return [...themes, theme()];
        }"""
    )
    assert seen == ["dark", "light", "dark"]
    page.context.close()


def test_a_figure_opens_at_its_own_size_and_escape_closes_it(open_page, html, chapter_name):
    page = open_page((html / chapter_name).as_uri(), width=390)
    page.evaluate(UNFOLD)
    figure = page.locator(".enlarge").first
    figure.focus()
    page.keyboard.press("Enter")
    image = page.locator("dialog.enlarged img")
    assert image.evaluate("image => image.clientWidth === image.naturalWidth")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog.enlarged", state="detached")
    assert figure.evaluate("button => button === document.activeElement")
    page.context.close()


def test_sections_far_from_the_screen_wait_with_their_layout(open_page, html, chapter_name):
    page = open_page((html / chapter_name).as_uri(), width=390)
    waiting = page.eval_on_selector_all(
        ".bd-article section > section > h2",
        "all => all.map((h2) => !h2.checkVisibility({ contentVisibilityAuto: true }))",
    )
    assert len(waiting) >= 4
    assert waiting[-1]
    page.context.close()
