"""What a reader's browser has to fetch for a page, and what moves meanwhile."""

import gzip
from pathlib import Path
from urllib.parse import unquote, urlparse

PICTURES = {".png", ".webp", ".woff2"}  # compressed already


# How far what is read has moved by itself, in the browser's own measure. (The table of contents
# beside it follows the reader.)
SHIFTS = """
  window.shift = 0;
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries()) {
      const read = sources.some(({ node }) => node?.parentElement?.closest('.bd-article'));
      if (read) window.shift += value;
    }
  }).observe({ type: 'layout-shift', buffered: true });
"""


def fetched(open_page, html, name):
    """Return the files that a page asks for until it has been read to its end."""
    addresses = []
    page = open_page("about:blank")
    page.add_init_script(SHIFTS)
    page.on("request", lambda request: addresses.append(request.url))
    page.goto((html / name).as_uri())
    page.evaluate(
        """async () => {
          for (let y = 0; y < document.body.scrollHeight; y += innerHeight) {
            scrollTo(0, y);
            await new Promise(requestAnimationFrame);
          }
        }"""
    )
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.shift") < 0.05
    page.context.close()
    files = {Path(unquote(urlparse(address).path)) for address in addresses}
    return [file for file in files if file.is_file()]


def compressed(file):
    content = file.read_bytes()
    return len(content) if file.suffix in PICTURES else len(gzip.compress(content))


def test_a_chapter_weighs_less_than_2500_kb_and_compressed_1000(open_page, html, chapter_name):
    files = fetched(open_page, html, chapter_name)
    assert len(files) > 10
    assert sum(file.stat().st_size for file in files) < 2_500_000
    assert sum(compressed(file) for file in files) < 1_000_000


def test_a_page_of_references_weighs_less_than_600_kb(open_page, html):
    files = fetched(open_page, html, "bibliography.html")
    assert sum(file.stat().st_size for file in files) < 600_000
