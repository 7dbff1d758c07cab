"""Take the pictures that stand in for explorers where scripts are off.

``python tools/explorer_pictures.py`` after ``make book``: every explorer of the built book, as it
looks when its page opens, into ``assets/explorers/NAME.png``. NAME is the tag of its cell,
``explorer-NAME``.
"""

from __future__ import annotations

import io
import re

import browser
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from repository import ROOT
from tqdm import tqdm

LIMIT = 60_000  # bytes a picture may weigh
COLOURS = 256  # a palette is enough for a screenshot, at a third of the weight


def pictures(page: Page) -> dict[str, bytes]:
    """Return the name and the picture of every explorer on an open page."""
    found = {}
    for cell in page.locator(".tag_explorer").all():
        tags = cell.get_attribute("class")
        name = re.search(r"tag_explorer-(\w+)", tags)[1]
        shot = Image.open(io.BytesIO(cell.locator(".explorer").screenshot())).convert("RGB")
        packed = io.BytesIO()
        shot.quantize(COLOURS).save(packed, "PNG", optimize=True)
        found[name] = packed.getvalue()
    return found


def main() -> None:
    """Write the picture of every explorer in the built book."""
    pages = [
        file
        for file in sorted((ROOT / "_build" / "html").glob("*/*.html"))
        if "tag_explorer" in file.read_text(encoding="utf-8")
    ]
    folder = ROOT / "assets" / "explorers"
    folder.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser.find(), args=["--no-sandbox", "--disable-gpu"]
        )
        for file in tqdm(pages, desc="explorers", disable=None):
            page = chromium.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
            page.goto(file.as_uri())
            page.wait_for_function(
                "document.querySelectorAll('.explorer').length"
                " === document.querySelectorAll('.tag_explorer').length"
            )
            for name, picture in pictures(page).items():
                if len(picture) > LIMIT:
                    raise SystemExit(f"{name}: the picture weighs {len(picture)} bytes")
                (folder / f"{name}.png").write_bytes(picture)
                tqdm.write(f"{len(picture) / 1000:6.1f} KB  assets/explorers/{name}.png")
            page.close()
        chromium.close()


if __name__ == "__main__":
    main()
