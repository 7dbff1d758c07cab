"""The built book in a real browser: Chromium, network off, opened from disk."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"


PAGES = sorted(
    str(file.relative_to(HTML))
    for file in HTML.rglob("*.html")
    if not {"_static", "_sources", "_images"} & set(file.relative_to(HTML).parts)
)
CHAPTERS = [name for name in PAGES if name.startswith("chapters/")]


def pytest_generate_tests(metafunc):
    """Run a test that takes `page_name` on every page, `chapter_name` on every chapter."""
    for argument, names in (("page_name", PAGES), ("chapter_name", CHAPTERS)):
        if argument in metafunc.fixturenames:
            metafunc.parametrize(argument, names)


@pytest.fixture(scope="session")
def pages():
    """The names of all pages."""
    return PAGES


@pytest.fixture(scope="session")
def html():
    """The folder of built pages."""
    assert (HTML / "index.html").exists(), "the book is not built: run make book first"
    return HTML


@pytest.fixture(scope="session")
def open_page(browser):
    """Open an address with the network off; return the page and what went wrong on it."""

    def open_page(address, width=1280, theme="light"):
        size = {"width": width, "height": 900}
        context = browser.new_context(viewport=size, color_scheme=theme, offline=True)
        page = context.new_page()
        page.problems = []
        page.on(
            "console",
            lambda line: page.problems.append(line.text) if line.type == "error" else None,
        )
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("requestfailed", lambda request: page.problems.append(request.url))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith(("file:", "data:", "blob:", "http://localhost"))
                else page.problems.append(f"asks for {request.url}")
            ),
        )
        page.goto(address, wait_until="load")
        return page

    return open_page
