"""Sphinx extension: leave out of the built book what no page shows.

The theme brings every icon of Font Awesome, as a script of 1.5 MB, in three fonts and in two
thousand rules of its style sheet: the rules and glyphs that a page uses stay, of the fonts of the
mathematics as well. And it loads the
search's index on every page: the page that searches keeps it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pydata_sphinx_theme
from fontTools import subset
from sphinx.application import Sphinx

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
SHEET = Path("styles", "pydata-sphinx-theme.css")
FONTS = Path("vendor", "fontawesome", "webfonts")
SCRIPT = r'\s*<script (?:defer )?src="(?:[^"]*/)?(?:{names})\.js[^"]*"></script>'
ICON_SCRIPT = re.compile(SCRIPT.format(names="fontawesome"))
SEARCH_SCRIPTS = re.compile(SCRIPT.format(names="searchtools|language_data|searchindex"))
OLD_ROLE = re.compile(r' role="(?:doc-biblioentry|list)"(?=[^>]*)')  # of docutils' references
ICON_RULE = re.compile(r'(?:\.fa-[\w-]+:before,?)+\{content:"[^"]+"\}')
ICON_NAME = re.compile(r"fa-[\w-]+")
GLYPH = re.compile(r"\\([ef][0-9a-f]{3})\b|([\ue000-\uf8ff])")  # escaped, or the letter itself


def keep_glyphs(font: Path, target: Path, characters: set[int]) -> None:
    """Write a font that has no other characters than these."""
    options = subset.Options(flavor="woff2")
    small = subset.load_font(font, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(small)
    subset.save_font(small, target, options)


def shorten(app: Sphinx, error: Exception | None) -> None:
    """Shorten the theme's style sheet and fonts, and take unused scripts out of every page."""
    if error or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    used, letters = set(), set()
    for page in Path(app.outdir).rglob("*.html"):
        text = ICON_SCRIPT.sub("", page.read_text(encoding="utf-8"))
        text = OLD_ROLE.sub("", text)
        text = SEARCH_SCRIPTS.sub("", text)
        page.write_text(text, encoding="utf-8")
        used.update(ICON_NAME.findall(text))
        letters.update(map(ord, text))
    for script in (static / "scripts").glob("*-theme.js"):
        used.update(ICON_NAME.findall(script.read_text(encoding="utf-8")))

    sheet = (THEME / SHEET).read_text(encoding="utf-8")
    sheet = ICON_RULE.sub(
        lambda rule: rule[0] if used & set(ICON_NAME.findall(rule[0])) else "", sheet
    )
    (static / SHEET).write_text(sheet, encoding="utf-8")
    glyphs = set()
    for file in static.rglob("*.css"):
        found = GLYPH.findall(file.read_text(encoding="utf-8"))
        glyphs.update(int(code, 16) if code else ord(letter) for code, letter in found)
    for font in (THEME / FONTS).glob("*.woff2"):
        keep_glyphs(font, static / FONTS / font.name, glyphs)
    for font in (Path(app.srcdir) / "assets" / "fonts").glob("*.woff2"):  # of the mathematics
        keep_glyphs(font, static / "fonts" / font.name, letters | glyphs)
    for pattern in ("*.map", "fontawesome.js*", "*.ttf"):
        for unused in static.rglob(pattern):
            unused.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("build-finished", shorten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
