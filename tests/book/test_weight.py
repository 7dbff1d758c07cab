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


READ_TO_ITS_END = """async () => {
  for (let y = 0; y < document.body.scrollHeight; y += innerHeight) {
    scrollTo(0, y);
    await new Promise(requestAnimationFrame);
  }
}"""


def fetched(open_page, html, name):
    """Return the files that a page asks for until it has been read to its end."""
    addresses = []
    page = open_page("about:blank")
    page.add_init_script(SHIFTS)
    page.on("request", lambda request: addresses.append(request.url))
    page.goto((html / name).as_uri())
    page.evaluate(READ_TO_ITS_END)
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


def test_no_step_of_reading_lays_out_more_than_8000_objects(open_page, html, chapter_name):
    # Objects are counted because a time depends on what else runs. 6,000 of them take a task of
    # .12 s of processor time, half a second on a processor of a quarter of the speed; chapter 4
    # without `content-visibility` lays out 12,600 at once.
    page = open_page("about:blank")
    events, ended = [], []
    tracing = page.context.new_cdp_session(page)
    tracing.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
    tracing.on("Tracing.tracingComplete", lambda end: ended.append(end))
    tracing.send("Tracing.start", {"traceConfig": {"includedCategories": ["devtools.timeline"]}})
    page.goto((html / chapter_name).as_uri())
    page.evaluate(READ_TO_ITS_END)
    tracing.send("Tracing.end")
    while not ended:
        page.wait_for_timeout(20)
    page.context.close()
    layouts = [event["args"]["beginData"] for event in events if event["name"] == "Layout"]
    assert 1_000 < max(layout["dirtyObjects"] for layout in layouts) < 8_000


def test_a_page_of_references_weighs_less_than_600_kb(open_page, html):
    files = fetched(open_page, html, "bibliography.html")
    assert sum(file.stat().st_size for file in files) < 600_000
