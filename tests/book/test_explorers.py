"""Explorers in the built book: alive from disk with the network off, for every kind of reader."""

import json
import re
import statistics

import nbformat
import pytest
from repository import ROOT

from cnncourse import widgets

WIDTHS, THEMES = [1280, 390], ["light", "dark"]
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"


def explorer_cells():
    """The names of the explorers on each page, as the notebooks have them."""
    cells = {}
    for file in [ROOT / "index.ipynb", *sorted(ROOT.glob("chapters/*.ipynb"))]:
        code = [c for c in nbformat.read(file, as_version=4).cells if c.cell_type == "code"]
        tags = [tag for cell in code for tag in cell.metadata.get("tags", [])]
        names = [tag.removeprefix("explorer-") for tag in tags if tag.startswith("explorer-")]
        assert tags.count("explorer") == len(names), file
        if names:
            cells[file.relative_to(ROOT).with_suffix(".html").as_posix()] = names
    return cells


EXPLORERS = explorer_cells()
on_every_page = pytest.mark.parametrize("name", EXPLORERS)


@pytest.fixture
def open_explorers(open_page, html):
    """Open a page whose explorers are all drawn; nothing may go wrong on it until the end."""
    opened = []

    def open_explorers(name, width=1280, theme="light"):
        page = open_page((html / name).as_uri(), width, theme)
        opened.append(page)
        page.wait_for_function(
            f"document.querySelectorAll('.explorer').length === {len(EXPLORERS[name])}"
        )
        page.evaluate(SETTLED)
        return page

    yield open_explorers
    problems = [problem for page in opened for problem in page.problems]
    for page in opened:
        page.context.close()
    assert problems == []


def test_exactly_the_pages_whose_notebooks_have_explorers_show_them(html, pages):
    shown = {
        name: re.findall(r"tag_explorer-(\w+)", (html / name).read_text(encoding="utf-8"))
        for name in pages
        if "tag_explorer" in (html / name).read_text(encoding="utf-8")
    }
    assert shown == EXPLORERS
    names = [name for page in EXPLORERS if page != "index.html" for name in EXPLORERS[page]]
    modules = {getattr(widgets, name).__module__.split(".")[-1] for name in widgets.__all__}
    assert sorted(names) == sorted(modules)


@on_every_page
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_an_explorer_is_alive_without_a_network(open_explorers, name, width, theme):
    page = open_explorers(name, width, theme)
    for explorer in page.locator(".explorer").all():
        numbers = explorer.evaluate("root => root.explorer.numbers()")
        assert numbers
        assert "problem" not in numbers
        assert not re.search("NaN|undefined|Infinity", explorer.inner_text())
        box = explorer.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        overflow = "root => root.scrollWidth - root.clientWidth"
        assert explorer.evaluate(overflow) <= 0
        ink = sum(int(part) for part in re.findall(r"\d+", explorer.evaluate(COLOUR)))
        assert (ink > 380) == (theme == "dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


COLOUR = "root => getComputedStyle(root).color"


@on_every_page
def test_an_explorer_follows_the_theme_button(open_explorers, name):
    page = open_explorers(name)
    before = page.locator(".explorer").first.evaluate(COLOUR)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.evaluate(SETTLED)
    assert page.locator(".explorer").first.evaluate(COLOUR) != before


@on_every_page
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_moves_when_an_explorer_loads(browser, html, name, width):
    """The page with its widgets' scripts held back has the same places as the live one."""
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    places = "() => [...document.querySelectorAll('h2, h3, .tag_explorer')].map((e) => e.offsetTop)"
    tops = {}
    for kind in ("waiting", "alive"):
        page = context.new_page()
        if kind == "waiting":
            page.route("**/explorers.js*", lambda route: route.abort())
        page.goto((html / name).as_uri(), wait_until="load")
        if kind == "alive":
            page.wait_for_function(
                f"document.querySelectorAll('.explorer').length === {len(EXPLORERS[name])}"
            )
            page.evaluate(SETTLED)
        tops[kind] = page.evaluate(places)
        page.close()
    context.close()
    assert tops["alive"] == tops["waiting"]


@on_every_page
def test_without_scripts_a_captioned_picture_stands_in_its_place(browser, html, name):
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto((html / name).as_uri())
    for explorer in EXPLORERS[name]:
        figure = page.locator(f"figure:has(img[src$='explorers/{explorer}.png'])")
        image = figure.locator("img")
        assert image.is_visible()
        image.scroll_into_view_if_needed()
        assert image.bounding_box()["height"] > 200  # it has loaded
        assert len(image.get_attribute("alt").split()) >= 15
        assert len(figure.locator("figcaption").text_content().split()) >= 8
        assert (html / "_static" / "explorers" / f"{explorer}.png").stat().st_size <= 60_000
    context.close()


FOCUSED = """() => {
  const element = document.activeElement;
  if (!element.closest('.explorer')) return null;
  element.dataset.visited = '';
  const label = element.getAttribute('aria-label') || element.closest('label')?.innerText
    || (element.tagName === 'BUTTON' && element.innerText);
  return { label, outline: getComputedStyle(element).outlineStyle };
}"""
STATE = """root => JSON.stringify([root.explorer.settings(), root.explorer.numbers(),
  root.explorer.refused(), root.innerText, document.activeElement.value])"""
KEYS = {  # what a reader presses, in turn, until something changes
    "select-one": ["ArrowDown", "ArrowUp"],
    "number": ["ArrowUp", "ArrowDown"],
    "range": ["ArrowLeft", "ArrowRight"],
    "checkbox": ["Space"],
    "button": ["Enter"],
    "CANVAS": ["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"],
}
REACHABLE = ":is(button, input, select, [tabindex='0']):not(:disabled):visible"
# The choice that already holds, and what cannot be done now.
RESTING = "[aria-pressed=true], [aria-current=true], [aria-disabled=true]"


@on_every_page
@pytest.mark.parametrize("width", WIDTHS)
def test_the_keyboard_alone_reaches_every_control(open_explorers, name, width):
    page = open_explorers(name, width)
    for explorer in page.locator(".explorer").all():
        explorer.evaluate("root => { root.tabIndex = -1; root.focus(); }")
        page.keyboard.press("Tab")
        count = 0
        while focused := page.evaluate(FOCUSED):
            count += 1
            assert count < 300
            assert focused["label"], focused
            assert focused["outline"] not in ("", "none"), focused
            page.keyboard.press("Tab")
        controls = explorer.locator(REACHABLE)
        missed = [c for c in controls.all() if c.get_attribute("data-visited") is None]
        assert missed == []
        assert count >= 3


@on_every_page
@pytest.mark.parametrize("width", WIDTHS)
def test_keys_change_something_at_every_control(open_explorers, name, width):
    page = open_explorers(name, width)
    for explorer in page.locator(".explorer").all():
        dead, index = [], 0
        while index < explorer.locator(REACHABLE).count():
            control = explorer.locator(REACHABLE).nth(index)
            index += 1
            if control.evaluate("(element, resting) => element.matches(resting)", RESTING):
                continue
            control.focus()
            kind = control.evaluate("element => element.type || element.tagName")
            before = explorer.evaluate(STATE)
            settings = explorer.evaluate("root => root.explorer.settings()")
            for key in KEYS[kind]:
                page.keyboard.press(key)
                page.evaluate(SETTLED)
                if explorer.evaluate(STATE) != before:
                    break
            else:
                dead.append(control.evaluate("element => element.outerHTML"))
            if kind != "select-one":  # a choice may bring controls that come later
                explorer.evaluate("(root, settings) => root.explorer.set(settings)", settings)
        assert dead == []


@on_every_page
def test_an_explorer_redraws_within_a_frame(open_explorers, name):
    page = open_explorers(name)
    script = """root => {
      const settings = Object.entries(root.explorer.settings());
      const whole = settings.filter(([, value]) => Number.isInteger(value));
      return whole.flatMap(([setting, value]) => [value + 1, value].map((next) => {
        const times = [];
        for (let turn = 0; turn < 20; turn++) {
          root.explorer.set({ [setting]: next === value ? value + 1 : value });
          const start = performance.now();
          root.explorer.set({ [setting]: next });
          root.offsetHeight;  // layout counts too
          times.push(performance.now() - start);
        }
        return Math.min(...times);  // the turn that other programs disturbed least
      }));
    }"""
    for explorer in page.locator(".explorer").all():
        times = explorer.evaluate(script)
        print(json.dumps({"page": name, "median_ms": statistics.median(times), "n": len(times)}))
        assert len(times) >= 2
        assert statistics.median(times) < 16


@pytest.mark.parametrize("width", WIDTHS)
def test_the_25_products_of_a_larger_kernel_are_whole(open_explorers, width):
    page = open_explorers("index.html", width)
    page.locator(".explorer").get_by_label("size").select_option("5")
    page.evaluate(SETTLED)
    overflow = "all => all.map((cell) => cell.scrollWidth - cell.clientWidth)"
    assert page.eval_on_selector_all(".conv-cells > div", overflow) == [0] * 25
