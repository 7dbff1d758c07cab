"""Write a notebook's Markdown for readers who see Markdown and mathematics, and nothing of MyST.

That is Colab, GitHub, VS Code and plain JupyterLab. Statements become quotes under their number,
proofs and solutions fold, equations carry their number, and a reference is a link in words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

DIRECTIVE = re.compile(
    r"^(?P<fence>:{3,})\{(?P<name>[^}]+)\} *(?P<title>[^\n]*)\n"
    r"(?P<options>(?::[\w-]+:[^\n]*\n)*)"
    r"(?P<body>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
SPAN = re.compile(
    r"\{(?P<role>[\w:]+)\}`(?P<target>[^`]+)`"
    r"|```.*?```|`[^`]+`"  # code stays as it is
    r"|\$\$(?P<display>.+?)\$\$(?: \((?P<label>[\w-]+)\))?"
    r"|\$(?P<inline>[^$]+)\$",
    re.DOTALL,
)
NAME = re.compile(r"^\([\w-]+\)=\n+", re.MULTILINE)
SCRIPTLESS = re.compile(r"<noscript>.*?</noscript>", re.DOTALL)  # the explorer itself runs here
REFERENCE = re.compile(r"\[([^\[\]]*)\]\(#([\w-]+)\)")
NOTEBOOK = re.compile(r"\]\((?:\.\./)?((?:chapters|exercises|solutions)/\w+)(?:\.ipynb)?\)")
NUMBERED = re.compile(r"(Theorem|Proposition|Lemma|Corollary|Definition) [\d.]+")
KIND = re.compile(r"\b(theorem|proposition|lemma|corollary|definition)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Book:
    """What the text refers to.

    ``labels`` has the name and the place of every label, ``{"name": "Theorem 4.2", "at":
    "chapters/….html#…"}``; ``citations`` the author, year and place of every source; ``answers``
    the address of the cell in which an exercise, by its label, is answered. Places follow after
    ``pages``, notebooks after ``notebooks``.
    """

    labels: Mapping[str, Mapping[str, str]]
    citations: Mapping[str, Mapping[str, str]]
    answers: Mapping[str, str]
    macros: Mapping[str, str]
    pages: str
    notebooks: str


def plain(source: str, book: Book) -> str:
    """Return the Markdown without book markup.

    Raises:
        ValueError: on a directive or role that has no plain form.
        KeyError: on a label or source that the book does not have.
    """
    text = SCRIPTLESS.sub("", NAME.sub("", source))
    text = REFERENCE.sub(lambda match: _reference(*match.groups(), book), text)
    text = NOTEBOOK.sub(rf"]({book.notebooks}/\1.ipynb)", text)
    text = SPAN.sub(lambda match: _span(match, book), text)
    return re.sub(r"\n{3,}", "\n\n", _directives(text, book)).strip()


def names_a_statement(words: str) -> bool:
    """Tell whether a link says "the theorem", for which its number may stand, or something else."""
    return not words or KIND.search(words) is not None


def _reference(words: str, label: str, book: Book) -> str:
    """Return the link as the page has it: with the number where the words name a statement."""
    target = book.labels[label]
    numbered = NUMBERED.fullmatch(target["name"]) and names_a_statement(words)
    words = target["name"] if numbered or not words else words
    return f"[{words}]({book.pages}/{target['at']})"


def _span(match: re.Match, book: Book) -> str:
    if role := match["role"]:
        if role not in ROLES:
            raise ValueError(f"The role {role!r} has no plain form: {match[0]}")
        return ROLES[role](match["target"], book)
    if match["inline"]:
        return f"${_formula(match['inline'], book)}$"
    if match["display"]:
        number = rf" \tag{{{_number(match['label'], book)}}}" if match["label"] else ""
        return f"$$ {_formula(match['display'], book)}{number} $$"
    return match[0]


def _formula(tex: str, book: Book) -> str:
    """Write the book's macros out, and all on one line, so that a quote can hold it."""
    for name, meaning in book.macros.items():
        tex = re.sub(rf"\\{name}(?![A-Za-z])", lambda _, meaning=meaning: meaning, tex)
    return " ".join(tex.replace("<", r"\lt ").split())  # "<k" would begin an HTML tag


def _number(label: str, book: Book) -> str:
    return book.labels[label]["name"].strip("()")


def _equation(label: str, book: Book) -> str:
    return f"[({_number(label, book)})]({book.pages}/{book.labels[label]['at']})"


def _sources(keys: str, book: Book, form: str, between: str) -> str:
    sources = [book.citations[key.strip()] for key in keys.split(",")]
    return between.join(
        f"[{form.format_map(source)}]({book.pages}/{source['at']})" for source in sources
    )


ROLES: dict[str, Callable[[str, Book], str]] = {
    "eq": _equation,
    "cite": lambda keys, book: f"({_sources(keys, book, '{author}, {year}', '; ')})",
    "cite:t": lambda keys, book: _sources(keys, book, "{author} ({year})", ", "),
}


def _directives(text: str, book: Book) -> str:
    def write(match: re.Match) -> str:
        kind = "statement" if match["name"] in STATEMENTS else match["name"]
        if kind not in DIRECTIVES:
            raise ValueError(f"The directive {kind!r} has no plain form.")
        label = re.search(r"^:label: (\S+)", match["options"], re.MULTILINE)
        body = _directives(match["body"], book).strip()
        return DIRECTIVES[kind](match["title"], label and label[1], body, book)

    return DIRECTIVE.sub(write, text)


def _statement(title: str, label: str, body: str, book: Book) -> str:
    title = f" ({title})" if title else ""
    return _quote(f"**{book.labels[label]['name']}**{title}\n\n{body}")


def _quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _exercise(title: str, label: str, body: str, book: Book) -> str:
    return _statement(title, label, f"{body}\n\n[Answer it on Colab]({book.answers[label]})", book)


def _fold(title: str, label: None, body: str, book: Book) -> str:
    head = f"<summary><b>{title or 'Proof'}</b></summary>"
    return f"<details>\n{head}\n\n{_quote(body)}\n\n</details>"


STATEMENTS = {f"prf:{kind}" for kind in ("definition", "theorem", "proposition", "lemma")}
STATEMENTS.add("prf:corollary")
DIRECTIVES: dict[str, Callable[[str, str | None, str, Book], str]] = {
    "statement": _statement,
    "exercise": _exercise,
    "prf:proof": _fold,
    "dropdown": _fold,
    "grid": lambda title, label, body, book: body,
    "grid-item-card": lambda title, label, body, book: f"**{title}.** {body}",
    "table": lambda title, label, body, book: f"**{title}**\n\n{body}",
}
