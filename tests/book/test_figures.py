"""Figures as a reader on a phone meets them."""

import base64
import hashlib
import io

import nbformat
from PIL import Image
from repository import ROOT
from smallest_text import KEY

PHONE = 390  # pixels
DRAWN = """() => {
  document.querySelectorAll('details').forEach((fold) => { fold.open = true; });
  const images = [...document.querySelectorAll('.bd-article img[src*="_images/"]')];
  return Object.fromEntries(images.map((image) => [
    image.src.split('/').pop().split('.')[0], image.getBoundingClientRect().width,
  ]));
}"""


def pictures(notebook):
    """The figures that matplotlib drew, under the names that the book gives to their files."""
    cells = nbformat.read(notebook, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    encoded = [o.data["image/png"] for o in outputs if "image/png" in o.get("data", {})]
    contents = [base64.b64decode(text) for text in encoded]
    return {
        hashlib.sha256(content).hexdigest(): Image.open(io.BytesIO(content)) for content in contents
    }


def test_the_smallest_text_of_a_figure_can_be_read_on_a_phone(open_page, html, chapter_name):
    """Eight pixels in the page, or eleven in the larger figure that a tap opens."""
    page = open_page((html / chapter_name).as_uri(), PHONE)
    drawn = page.evaluate(DRAWN)
    page.context.close()
    found = pictures((ROOT / chapter_name).with_suffix(".ipynb"))
    assert len(found) >= 4
    small = {}
    for name, picture in found.items():
        text = float(picture.info[KEY])  # pixels of the picture, which a tap shows one by one
        in_page = text * drawn[name] / picture.width
        if in_page < 8 and text < 11:
            small[name] = in_page
    assert small == {}


def test_a_figure_keeps_its_place_before_it_loads(html, chapter_name):
    text = (html / chapter_name).read_text(encoding="utf-8")
    for name, picture in pictures((ROOT / chapter_name).with_suffix(".ipynb")).items():
        width, height = picture.size
        assert f'{name}.webp" width="{width}" height="{height}" loading="lazy"' in text
