"""The built book in a real browser: Chromium, network off, opened from disk."""

import gzip
import http.server
import threading
from functools import partial
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

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
def soups(html, pages):
    """Every page, parsed."""
    return {
        name: BeautifulSoup((html / name).read_text(encoding="utf-8"), "html.parser")
        for name in pages
    }


class _Compressed(http.server.SimpleHTTPRequestHandler):
    """Serve as a public host does: text compressed."""

    def log_message(self, *args):
        pass

    def do_GET(self):
        file = self.translate_path(self.path)
        try:
            with open(file, "rb") as source:
                body = source.read()
        except OSError:
            return self.send_error(404)
        kind = self.guess_type(file)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if kind.startswith("text/") or "javascript" in kind or "svg" in kind or "json" in kind:
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return None


@pytest.fixture(scope="session")
def address(html):
    """The address of a server that gives out the book."""
    handler = partial(_Compressed, directory=str(html))
    with http.server.ThreadingHTTPServer(("localhost", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


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
