"""Sphinx extension: leave out of the built book what no page shows.

The theme brings every icon of Font Awesome, as a script of 1.5 MB and in three fonts: the glyphs
that a page uses stay, of the fonts of the mathematics as well. Two thirds of its style sheets are
rules for what no page has: they go, and so do the scripts of Sphinx's own search. The theme's
script measures whatever may scroll, which lays out the whole page at once: ``assets/page.js`` does
that, as one scrolls.

Pictures become WebP without loss, less than half as large. They load when they come near the
screen, and their size is known before.
"""

from __future__ import annotations

import re
from pathlib import Path

import pydata_sphinx_theme
from fontTools import subset
from PIL import Image
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
FONTS = Path("vendor", "fontawesome", "webfonts")
SCRIPT = r'\s*<script (?:defer )?src="(?:[^"]*/)?(?:{names})\.js[^"]*"></script>'
ICON_SCRIPT = re.compile(SCRIPT.format(names="fontawesome"))
SEARCH_SCRIPTS = re.compile(SCRIPT.format(names="searchtools|language_data|searchindex"))
OLD_ROLE = re.compile(r' role="(?:doc-biblioentry|list)"(?=[^>]*)')  # of docutils' references
MEASURED = re.compile(r'document\.querySelectorAll\(\["pre",[^\]]*\]\.join\(", "\)\)')
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
RULE = re.compile(r"([^{}@;]+)(\{[^{}]*\})")
COMMA = re.compile(r",(?![^(]*\))")  # between selectors, not inside of one
CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
CHOICE = re.compile(r":(?:not|is|where|has)\(")  # a selector that names classes it does not need
WORD = re.compile(r"[\w-]+")
PICTURE = re.compile(r'src="((?:\.\./)*_images/[^"]+\.png)"')
GLYPH = re.compile(r"\\([ef][0-9a-f]{3})\b|([\ue000-\uf8ff])")  # escaped, or the letter itself


def used_rules(sheet: str, words: set[str]) -> str:
    """Leave out of a style sheet the rules for classes that are not among the words."""

    def keep(rule: re.Match[str]) -> str:
        selectors = [
            selector
            for selector in COMMA.split(rule[1])
            if CHOICE.search(selector) or set(CLASS.findall(selector)) <= words
        ]
        return ",".join(selectors) + rule[2] if selectors else ""

    return RULE.sub(keep, COMMENT.sub("", sheet))


def keep_glyphs(font: Path, target: Path, characters: set[int]) -> None:
    """Write a font that has no other characters than these."""
    options = subset.Options(flavor="woff2")
    small = subset.load_font(font, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(small)
    subset.save_font(small, target, options)


def as_webp(page: Path, text: str) -> str:
    """Rewrite a page's PNG pictures as WebP, with their size, loaded when they are needed."""

    def replace(found: re.Match[str]) -> str:
        source = page.parent / found[1]
        target = source.with_suffix(".webp")
        with Image.open(source) as picture:
            width, height = picture.size
            if not target.exists():
                picture.save(target, lossless=True)
        address = Path(found[1]).with_suffix(".webp").as_posix()
        return f'src="{address}" width="{width}" height="{height}" loading="lazy"'

    return PICTURE.sub(replace, text)


def shorten(app: Sphinx, error: Exception | None) -> None:
    """Shorten the theme's style sheet and fonts, and take unused scripts out of every page."""
    if error or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    words, letters = set(), set()
    for page in Path(app.outdir).rglob("*.html"):
        text = ICON_SCRIPT.sub("", page.read_text(encoding="utf-8"))
        text = OLD_ROLE.sub("", text)
        text = SEARCH_SCRIPTS.sub("", text)
        text = as_webp(page, text)
        page.write_text(text, encoding="utf-8")
        words.update(WORD.findall(text))
        letters.update(map(ord, text))
    theme = static / "scripts" / "pydata-sphinx-theme.js"
    text, found = MEASURED.subn("[]", theme.read_text(encoding="utf-8"))
    if found != 1:
        raise ExtensionError(f"{theme.name} measures pages in another way than it did")
    theme.write_text(text, encoding="utf-8")
    for script in static.rglob("*.js"):
        words.update(WORD.findall(script.read_text(encoding="utf-8")))
    for sheet in static.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        sheet.write_text(used_rules(text, words), encoding="utf-8")
    glyphs = set()
    for file in static.rglob("*.css"):
        found = GLYPH.findall(file.read_text(encoding="utf-8"))
        glyphs.update(int(code, 16) if code else ord(letter) for code, letter in found)
    for font in (THEME / FONTS).glob("*.woff2"):
        keep_glyphs(font, static / FONTS / font.name, glyphs)
    for font in (Path(app.srcdir) / "assets" / "fonts").glob("*.woff2"):  # of the mathematics
        keep_glyphs(font, static / "fonts" / font.name, letters | glyphs)
    for picture in Path(app.outdir, "_images").glob("*.webp"):
        picture.with_suffix(".png").unlink(missing_ok=True)
    for pattern in ("*.map", "fontawesome.js*", "*.ttf"):
        for unused in static.rglob(pattern):
            unused.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("build-finished", shorten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
