"""How verdicts, hints and tables look: HTML in a notebook, plain text elsewhere.

Every look differs in its symbol and its words, not in colour alone. Text takes the page's own
colour and the background stays the page's own, so a card reads the same on light and dark themes.
"""

from __future__ import annotations

import re
import sys
import textwrap
from html import escape

#            symbol, words, colour of the left border (3:1 against white and against #121212)
LOOKS = {
    "right": ("✔", "Right", "#2b9348"),
    "wrong": ("✘", "Not right yet", "#d1495b"),
    "crashed": ("⚠", "Your code stopped", "#c77700"),
    "not attempted": ("○", "Not attempted yet", "#7a7f87"),
    "not allowed": ("⊘", "Right values, but not by the rules", "#8d62c9"),
    "unknown exercise": ("?", "No such exercise", "#7a7f87"),
    "hint": ("➜", "Hint", "#3a7ebf"),
    "note": ("•", "Note", "#7a7f87"),
}


MOST = 2000  # characters of each part of a card


def card_text(look: str, where: str, name: str, message: str, evidence: str) -> str:
    """Lay out one card as plain text, 88 columns wide."""
    where, name, message, evidence = map(_short, (where, name, message, evidence))
    symbol, words, _ = LOOKS[look]
    lines = [f"{symbol} {words} · {where}" + (f": {name}" if name else "")]
    for paragraph in message.splitlines():
        lines += textwrap.wrap(paragraph, 86, initial_indent="  ", subsequent_indent="  ")
    lines += [f"    {line}" for line in evidence.splitlines()]
    return "\n".join(lines)


def card_html(look: str, where: str, name: str, message: str, evidence: str) -> str:
    """Lay out the same card as HTML, announced by screen readers as a status."""
    where, name, message, evidence = map(_short, (where, name, message, evidence))
    symbol, words, colour = LOOKS[look]
    heading = f'<span aria-hidden="true">{symbol}</span> <strong>{escape(words)}</strong>'
    heading += f' · <span style="opacity:.75">{escape(where)}</span>'
    parts = [f'<div style="margin:0 0 .3em 0">{heading}</div>']
    if name:
        parts.append(f'<p style="margin:.3em 0"><strong>{_inline(_sentence(name))}</strong></p>')
    parts += [f'<p style="margin:.3em 0">{_inline(line)}</p>' for line in message.splitlines()]
    if evidence:
        style = (
            "margin:.4em 0 0 0;padding:0;background:transparent;color:inherit;"
            "border:none;white-space:pre-wrap"
        )
        parts.append(f'<pre style="{style}">{escape(evidence)}</pre>')
    style = (
        f"border-left:5px solid {colour};padding:.4em .9em;margin:.4em 0;"
        "background:transparent;color:inherit"
    )
    return f'<div role="status" style="{style}">{"".join(parts)}</div>'


def show(text: str, html: str) -> None:
    """Display HTML where a notebook can show it, print the text elsewhere."""
    if in_notebook():
        from IPython.display import display

        display({"text/plain": text, "text/html": html}, raw=True)
    else:
        say(text)


def say(text: str) -> None:
    """Print, with a question mark for every sign that the console cannot write."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding))


def text_of(value: object) -> str:
    """Return `str(value)`, or the name of its type where that raises."""
    try:
        return str(value)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return f"<{type(value).__name__}>"


def in_notebook() -> bool:
    """Say whether the code runs in a Jupyter kernel, without importing IPython for it."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None


def _short(text: str) -> str:
    """Cut a text to a readable length; half a surrogate pair, which no page can show, goes too."""
    shown = text if len(text) <= MOST else f"{text[:MOST].rstrip()} …"
    return shown.encode("utf-8", "replace").decode("utf-8")


def _sentence(name: str) -> str:
    return name[:1].upper() + name[1:] + ("" if name.endswith((".", "?", "!")) else ".")


def _inline(text: str) -> str:
    """Escape, and turn `code` in backticks into a code element."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
