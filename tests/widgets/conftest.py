"""Explorers on a bare page: Chromium, network off, opened from disk, no book and no kernel."""

import json

import pytest

# A model as anywidget hands it over, in one page and without Python.
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Explorer</title>
<style>STYLE</style>
<body style="margin: 8px"><div id="place"></div>
<script type="module">
const state = STATE;
const listeners = {};
window.model = {
  get: (name) => state[name],
  set(name, value) {
    state[name] = value;
    for (const listener of listeners[`change:${name}`] ?? []) listener();
  },
  save_changes: () => { window.saved = (window.saved ?? 0) + 1; },
  on: (name, listener) => (listeners[name] ??= []).push(listener),
  off: (name, listener) => (listeners[name] = listeners[name].filter((one) => one !== listener)),
};
const source = new Blob([state._esm], { type: "text/javascript" });
window.widget = (await import(URL.createObjectURL(source))).default;
window.stop = widget.render({ model, el: document.getElementById("place") });
window.root = document.querySelector(".explorer");
</script></body></html>"""


class Shown:
    """An explorer in a page; ``page`` is Playwright's, ``problems`` what the console said."""

    def __init__(self, page):
        self.page = page
        self.problems = []
        page.on("console", lambda line: line.type == "error" and self.problems.append(line.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("requestfailed", lambda request: self.problems.append(request.url))

    def set(self, **settings):
        """Change settings as a control does and return the numbers that the page then has."""
        script = "(settings) => { root.explorer.set(settings); return root.explorer.numbers(); }"
        return self.page.evaluate(script, settings)

    def numbers(self):
        """Return what the page has computed, once the next frame is drawn."""
        frame = "requestAnimationFrame(() => setTimeout(done))"
        return self.page.evaluate(
            f"() => new Promise((done) => {frame}).then(() => root.explorer.numbers())"
        )

    def settings(self):
        """Return the traits as the page has them."""
        return self.page.evaluate("root.explorer.settings()")

    def sentence(self):
        """Return what the status line says."""
        return self.page.locator(".explorer-status").inner_text()


@pytest.fixture
def show(browser, tmp_path):
    """Show a widget from a file on disk; at the end, nothing may have gone wrong in the page."""
    shown = []

    def show(widget, width=700, theme="light"):
        state = json.dumps(widget.get_state(), default=str)
        text = PAGE.replace("STYLE", widget._css).replace("STATE", state.replace("</", "<\\/"))
        file = tmp_path / f"explorer-{len(shown)}.html"
        file.write_text(text.replace("<html ", f'<html data-theme="{theme}" '), encoding="utf-8")
        size = {"width": width, "height": 1000}
        one = Shown(browser.new_context(viewport=size, offline=True).new_page())
        shown.append(one)
        one.page.goto(file.as_uri())
        one.page.wait_for_function("window.root?.explorer")
        return one

    yield show
    problems = [problem for one in shown for problem in one.problems]
    for one in shown:
        one.page.context.close()
    assert problems == []
