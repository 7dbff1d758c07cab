"""Sphinx extension: exercises of the number and choice kinds are answered in the page itself.

The box of such an exercise gets a form, and the form all verdicts that its exercise can give. They
come from the exercise's own `judge`, asked at every choice and around every number that it knows,
so that ``assets/page_checks.js`` only looks up and compares. The data are veiled: this prevents
spoilers, not cheating.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import replace
from html import escape
from itertools import cycle, product

from boxes import label_of, solution_of
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_exercise.nodes import exercise_enumerable_node

from cnncourse.exercises import chapter_of, exercises
from cnncourse.grading.kinds import Choice, Exercise, Number
from cnncourse.grading.rendering import LOOKS
from cnncourse.grading.showing import show
from cnncourse.grading.verdict import Outcome, Verdict

TEXT = "text"  # stands for what the reader typed
GAP = "{}"  # stands in a sentence where the reader's own words go

FORM = """\
<form class="page-check" autocomplete="off" data-key="{key}" data-check="{data}" \
data-solution="{solution}">
<div class="page-check-row">{fields}
<button type="submit">Check</button><button type="button">Hint</button></div>
<div class="page-check-verdict" role="status"></div>
<div class="page-check-hints" role="status" aria-atomic="false"></div>
</form>"""
# No keyboard for decimals: in half of the world it has a comma and no point, and never a slash.
FIELD = (
    '<label>Your answer{unit} <input type="text" autocapitalize="off" spellcheck="false"></label>'
)
SELECT = '<label>{name} <select><option value="">choose</option>{options}</select></label>'


def in_page(exercise: Exercise, verdict: Verdict) -> Verdict:
    """Return the verdict in the words of a page, which has buttons and no cell to run."""
    message = verdict.message.replace(f'with `hint("{exercise.id}")`', 'with the button "Hint"')
    if verdict.outcome is Outcome.NOT_ATTEMPTED:
        asked = "Write a number" if isinstance(exercise, Number) else "Choose option and reason"
        message = f'{asked}, then press "Check".'
    return replace(verdict, message=message)


def page_data(exercise: Exercise) -> dict:
    """Return all that a page has to know of an exercise, as plain lists and dictionaries.

    A verdict is ``[look, name, message, evidence]``. ``words`` has the verdict on each answer that
    is looked up. For a number, ``bands`` has ``[lowest, highest, verdict]``; ``other`` is said of a
    number in none of them, and ``text`` of what is no number.
    """
    kind = _number if isinstance(exercise, Number) else _choice
    looks = {look: LOOKS[look] for look in ("right", "wrong", "not attempted", "hint")}
    return {"looks": looks, "hints": list(exercise.hints), **kind(exercise)}


def _choice(exercise: Choice) -> dict:
    pairs = product([..., *exercise.options], [..., *exercise.reasons])
    words = {}
    for option, reason in pairs:
        missing = option is ... or reason is ...
        answer = ... if missing else (option, reason)
        key = "".join(part for part in (option, reason) if part is not ...)
        words[key] = _fields(exercise, answer)
    return {"words": words}


def _number(exercise: Number) -> dict:
    words = {"": ..., "...": ..., "nan": math.nan, "true": True, "false": False}
    text = _fields(exercise, TEXT)
    return {
        "words": {word: _fields(exercise, answer) for word, answer in words.items()},
        "bands": bands(exercise),
        "other": _on(exercise, math.inf),
        "text": [field.replace(repr(TEXT), GAP) for field in text],
    }


def bands(exercise: Number) -> list[tuple[float, float, list[str]]]:
    """Return the intervals of numbers that get a verdict of their own, with the verdict.

    Each grows out of a number that the exercise knows: the right one, a listed wrong one, or the
    right one in another unit. Its ends are the last floating-point numbers with its verdict.
    """

    def verdict(number: float) -> list[str]:
        return _on(exercise, number)

    waiting = [exercise.value, *(m.answer for m in exercise.misconceptions)]
    waiting += exercise.in_other_units()
    found: list[tuple[float, float, list[str]]] = []
    while waiting:
        number = float(waiting.pop(0))
        if verdict(number) == verdict(math.inf) or any(a <= number <= b for a, b, _ in found):
            continue
        lowest, highest = _end(verdict, number, -1), _end(verdict, number, 1)
        found.append((lowest, highest, verdict(number)))
        waiting += [math.nextafter(lowest, -math.inf), math.nextafter(highest, math.inf)]
    return found


def _end(verdict: Callable[[float], list[str]], start: float, direction: int) -> float:
    """Return the last number in one direction with the verdict of the first."""
    own, inside, step = verdict(start), start, direction * math.ulp(start)
    while verdict(start + step) == own:
        inside, step = start + step, 2 * step
    outside = start + step
    while (middle := inside + (outside - inside) / 2) not in (inside, outside):
        inside, outside = (middle, outside) if verdict(middle) == own else (inside, middle)
    return inside


def _on(exercise: Number, number: float) -> list[str]:
    """Return the verdict on a number, with a gap where the number is quoted as evidence."""
    *words, evidence = _fields(exercise, number)
    return [*words, evidence.replace(show(number), GAP)]


def _fields(exercise: Exercise, answer: object) -> list[str]:
    verdict = in_page(exercise, exercise.judge(answer))
    return [verdict.outcome.value, verdict.name, verdict.message, verdict.evidence]


def veiled(data: dict, key: str) -> str:
    """Return the data as text that nobody reads by accident."""
    plain = json.dumps(data, ensure_ascii=False).encode()
    mask = cycle(key.encode())
    return base64.b64encode(bytes(byte ^ next(mask) for byte in plain)).decode()


def form(exercise: Exercise, solution: str) -> str:
    """Return the form of an exercise; `solution` is the address of its solution."""
    if isinstance(exercise, Number):
        unit = f" ({exercise.unit})" if exercise.unit else ""
        fields = FIELD.format(unit=escape(unit))
    else:
        parts = {"Option": exercise.options, "Reason": exercise.reasons}
        fields = "\n".join(
            SELECT.format(name=name, options="".join(f"<option>{item}</option>" for item in items))
            for name, items in parts.items()
        )
    data = veiled(page_data(exercise), exercise.id)
    return FORM.format(key=exercise.id, data=data, solution=solution, fields=fields)


def answerable() -> dict[str, Exercise]:
    """Return the exercises that can be answered in a page, by the label of their box."""
    return {label_of(e.id): e for e in exercises() if isinstance(e, (Number, Choice))}


class PageChecks(SphinxPostTransform):
    """Put the form at the end of each box whose exercise can be answered in the page."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        """Append the forms to the boxes of one page."""
        known = answerable()
        for box in self.document.findall(exercise_enumerable_node):
            if exercise := known.get(box["label"]):
                name = chapter_of(exercise.id).filename.removesuffix(".ipynb")
                page = self.app.builder.get_relative_uri(self.env.docname, f"solutions/{name}")
                solution = f"{page}#{solution_of(box['label'])}"
                box += nodes.raw("", form(exercise, solution), format="html")


def remember_exercises(app: Sphinx, config: Config) -> None:
    """Note what the exercises say, so that pages are written anew when it changes."""
    data = [(label, page_data(exercise)) for label, exercise in answerable().items()]
    config.page_checks_digest = hashlib.sha256(json.dumps(data).encode()).hexdigest()


def load_script(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object
) -> None:
    """Load the script on the pages that have a form."""
    if '<form class="page-check"' in context.get("body", ""):
        app.add_js_file("page_checks.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.add_config_value("page_checks_digest", "", "html")
    app.connect("config-inited", remember_exercises)
    app.add_post_transform(PageChecks)
    app.connect("html-page-context", load_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
