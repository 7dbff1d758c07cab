"""Write ``claims.md``, the appendix with every claim of the ledger and its verdict.

``python tools/claims.py`` computes all values anew and writes the page; ``--check`` only compares.
A claim of a chapter that is not in the table of contents stands in the last section, without
links to that chapter.
"""

from __future__ import annotations

import functools
import re
import sys
from datetime import date
from pathlib import Path

import nbformat
import yaml
from repository import ROOT

from cnncourse.claims import Part, parts
from cnncourse.claims import claims as every_claim
from cnncourse.claims.claim import Cited, Claim, Computed, Stored, Verdict

PAGE = ROOT / "claims.md"
STATEMENT = re.compile(r"(thm|prop|cor|lem|def)-")
LABEL = re.compile(r"^\(([\w-]+)\)=$|^:label: ([\w-]+)$", re.MULTILINE)
LINK = re.compile(r"\[([^\[\]]*)\]\(#claim-[\w-]+\)")

INTRODUCTION = """\
<!-- Written by tools/claims.py from the tables in cnncourse/claims/. Change those. -->
(claims-ledger)=
# What is said, recomputed

Introductions to convolutional networks hand down the same figures and the same rules, and take \
them from one another. This book recounts, proves or measures them where they come up. Here they \
stand together, {count} of them, in the order of the chapters. A claim **holds**, **holds if** a \
condition is met that it leaves out, or **does not hold**; **open here** means that nothing in \
this book decides it.

A value that is computed comes out of the library each time this page is written, by the function \
that is named with it. One that is measured is what a stored run says, of the chapter or of a \
longer experiment; the chapter says how it was measured and what that does not show. “Said by” \
names kinds of texts, and no text. “Compare” leads to rows that say nearly the same.

| | {headings} |
|---|{rules}|
{rows}

```{{raw}} html
<div class="claims-filter"></div>
<script defer src="_static/claims.js"></script>
```
"""
SECTION = "\n(claims-{label})=\n## {title}\n"
ENTRY = """
({label})=
### {says}

:::{{container}} claim claim-{kind}
{fields}
:::
"""
TO_COME = "Waiting for their chapter"


def chapters_in_the_book() -> list[str]:
    """Return the pages of the chapters, as the table of contents names them."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    pages = [entry["file"] for part in contents["parts"] for entry in part["chapters"]]
    return [page for page in pages if page.startswith("chapters/")]


@functools.cache
def cells(page: str) -> list[nbformat.NotebookNode]:
    """Return the cells of a chapter."""
    return nbformat.read(ROOT / f"{page}.ipynb", as_version=4).cells


def labels_of(page: str) -> set[str]:
    """Return every label of a chapter: of sections, statements and figures."""
    found = set()
    for cell in cells(page):
        found |= {first or second for first, second in LABEL.findall(cell.source)}
        if figure := cell.metadata.get("mystnb", {}).get("figure"):
            found.add(figure["name"])
    return found


def text_of(page: str) -> str:
    """Return what a chapter says: its prose, captions and printed outputs, spaces made one."""
    said = []
    for cell in cells(page):
        if cell.cell_type == "markdown":
            said.append(LINK.sub(r"\1", cell.source))
            continue
        said.append(cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", ""))
        for output in cell.outputs:
            said.append(output.get("text", "") or output.get("data", {}).get("text/plain", ""))
    return " ".join(" ".join(said).split())


def field(name: str, text: str) -> str:
    """Return an item of a definition list."""
    return f"{name}\n: {text}\n\n"


def sentence(text: str) -> str:
    """Return the text with a capital and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def value_of(claim: Claim) -> str:
    """Return a claim's value with where it comes from; nothing if it has none."""
    value = claim.value
    if isinstance(value, Computed):
        name = f"{value.by.__module__}.{value.by.__name__}"
        return field("Computed", f"{sentence(value.text())} By `{name}`.")
    if isinstance(value, Stored):
        day = date.fromisoformat(value.on)
        return field("Measured", f"{sentence(value.reads)} Run of {day.day} {day:%B %Y}.")
    if isinstance(value, Cited):
        return field("Reported", f"{sentence(value.reads)[:-1]} {{cite}}`{value.key}`.")
    return ""


def link(label: str) -> str:
    """Return a reference that reads as what it leads to: a theorem, a figure or a section."""
    return f"{{numref}}`{label}`" if label.startswith("fig-") else f"[](#{label})"


def neighbours(claim: Claim) -> list[Claim]:
    """Return the rows that say nearly the same: those that it names, and those that name it."""
    return [row for row in every_claim() if row.name in claim.beside or claim.name in row.beside]


def entry(claim: Claim, known: set[str]) -> str:
    """Return the section of one claim."""
    verdict = claim.verdict if claim.verdict.endswith("…") else f"{claim.verdict}."
    fields = field("Verdict", f"**{verdict}** {claim.when}")
    fields += value_of(claim)
    fields += field("Said by", sentence(", ".join(claim.said_by)))
    if links := [link(label) for label in claim.decided_by if label in known]:
        fields += field("Decided by", ", ".join(links))
    if links := [link(row.label) for row in neighbours(claim)]:
        fields += field("Compare", "; ".join(links))
    return ENTRY.format(
        label=claim.label,
        says=claim.says,
        kind=claim.verdict.name.lower().replace("_", "-"),
        fields=fields.strip(),
    )


def page() -> str:
    """Return the text of the whole page."""
    book = chapters_in_the_book()
    known = set().union(*map(labels_of, book))
    present = [part for part in parts() if part.page in book]
    to_come = [claim for part in parts() if part.page not in book for claim in part.claims]
    sections = [(slug(part), titled(part), part.claims) for part in present]
    if to_come:
        sections.append(("to-come", TO_COME, to_come))
    for part in present:
        for claim in part.claims:
            if missing := set(claim.decided_by) - known:
                sys.exit(f"{claim.name} is decided by {sorted(missing)}, which no chapter has.")
    rows = [
        f"| [{title}](#claims-{label}) | {' | '.join(map(str, counts(claims)))} |"
        for label, title, claims in sections
    ]
    every = [claim for _, _, claims in sections for claim in claims]
    rows.append(f"| all | {' | '.join(map(str, counts(every)))} |")
    text = INTRODUCTION.format(
        count=len(every),
        headings=" | ".join(Verdict),
        rules="|".join("---:" for _ in Verdict),
        rows="\n".join(rows),
    )
    for label, title, claims in sections:
        text += SECTION.format(label=label, title=title)
        text += "".join(entry(claim, known) for claim in claims)
    return text


def slug(part: Part) -> str:
    """Return a chapter's slug as labels have it."""
    return part.slug.replace("_", "-")


def titled(part: Part) -> str:
    """Return a chapter's heading on the page."""
    return f"Chapter {part.number}: {part.title}"


def counts(claims: tuple[Claim, ...] | list[Claim]) -> list[int]:
    """Return how many claims have each verdict."""
    return [sum(claim.verdict is verdict for claim in claims) for verdict in Verdict]


def main(arguments: list[str]) -> None:
    """Write the page, or compare it with ``--check``."""
    expected, stored = page(), Path(PAGE)
    if stored.exists() and stored.read_text(encoding="utf-8") == expected:
        return
    if arguments == ["--check"]:
        sys.exit("Stale: claims.md. Run `python tools/claims.py`.")
    stored.write_text(expected, encoding="utf-8")
    print("wrote claims.md")


if __name__ == "__main__":
    main(sys.argv[1:])
