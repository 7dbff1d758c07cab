"""Set the repository's public URL everywhere it stands.

``_config.yml`` holds it; the Colab links, the first cell of every notebook, ``pyproject.toml``,
``CITATION.cff`` and the README follow from it. Run ``make repository URL=https://github.com/O/N``.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
FORM = re.compile(r"https://github\.com/(?P<owner>[\w.-]+)/(?P<name>[\w.-]+)")


def spellings(url: str) -> list[str]:
    """Return the forms in which a repository is named: its URL, its pages, its Colab path."""
    match = FORM.fullmatch(url)
    if match is None:
        sys.exit(f"The URL must look like https://github.com/OWNER/NAME, got {url!r}.")
    owner, name = match["owner"], match["name"]
    pages = f"https://{owner.lower()}.github.io/{name}"
    return [url, pages, f"colab.research.google.com/github/{owner}/{name}"]


def current_url() -> str:
    """Return the URL that ``_config.yml`` holds."""
    return _configuration()["url"]


def current_ref() -> str:
    """Return the state that notebooks and links name: the branch main, or a release's tag."""
    return _configuration()["branch"]


def _configuration() -> dict[str, str]:
    return yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]


def tracked_text_files() -> list[Path]:
    """Return the files that git knows and that hold text."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(
        command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    ).stdout
    suffixes = {".yml", ".toml", ".md", ".ipynb", ".cff", ".py"}
    files = [ROOT / name for name in names.splitlines()]
    return [file for file in files if file.suffix in suffixes and file.is_file()]


def replace(old: str, new: str) -> list[Path]:
    """Rewrite every spelling of ``old`` as the one of ``new``; return the files that changed."""
    changed = []
    for file in tracked_text_files():
        text = result = file.read_text(encoding="utf-8")
        for before, after in zip(spellings(old), spellings(new), strict=True):
            result = re.sub(re.escape(before) + r"(?![\w-])", after, result)
        if result != text:
            file.write_text(result, encoding="utf-8")
            changed.append(file)
    return changed


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Say which: make repository URL=https://github.com/OWNER/NAME")
    for file in replace(current_url(), sys.argv[1].rstrip("/").removesuffix(".git")):
        print(file.relative_to(ROOT))
