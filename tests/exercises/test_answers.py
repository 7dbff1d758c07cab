"""Right and wrong answers as people write them: each gets the verdict that it deserves.

They stand in `answers/*.py`, one file a chapter, in cells. The head of a cell says what the check
has to conclude, by which name it has to know a mistake that it knows, and how the answer is
written::

    # %% why_convolution.translate
    # %% right: indices modulo the size
    # %% wrong [axes swapped]: with a permutation matrix
    # %% endless: one step at a time

The last statement of a cell is its answer, as an expression or as the name that it gives.
"""

import ast
import linecache
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

import cnncourse.exercises
from cnncourse.check import TIME_LIMIT, grade

FILES = sorted((Path(__file__).parent / "answers").glob("*.py"))
HEAD = re.compile(r"(?P<outcome>[a-z ]+?)(?: \[(?P<mistake>.+)\])?: (?P<style>.+)")
ENDLESS = "endless"  # no outcome of its own: the check stops the answer
PATIENCE = 0.5  # seconds, with what never ends


@dataclass
class Attempt:
    """One answer, with the verdict that it deserves."""

    id: str
    outcome: str
    mistake: str
    style: str
    imports: str
    source: str

    def answer(self):
        """Run the cell as a notebook does, so that its source can be read back."""
        *before, last = ast.parse(self.source).body
        label, names = f"<{self}>", {"__name__": "__main__"}
        exec(self.imports, names)
        linecache.cache[label] = (0, None, self.source.splitlines(keepends=True), label)
        if isinstance(last, ast.Expr):
            exec(compile(ast.Module(before, []), label, "exec"), names)
            return eval(compile(ast.Expression(last.value), label, "eval"), names)
        exec(compile(self.source, label, "exec"), names)
        return names[last.targets[0].id if isinstance(last, ast.Assign) else last.name]

    def __str__(self):
        return f"{self.id}-{self.outcome}-{self.style}"


def attempts_in(text):
    """Return the attempts in the text of a file."""
    imports, *cells = re.split(r"^# %% ", text, flags=re.MULTILINE)
    id, found = "", []
    for cell in cells:
        head, _, source = cell.partition("\n")
        if parts := HEAD.fullmatch(head):
            found.append(Attempt(id=id, imports=imports, source=source, **parts.groupdict("")))
        else:
            id = head
    return found


ATTEMPTS = [attempt for file in FILES for attempt in attempts_in(file.read_text("utf-8"))]
FILED = [e for e in cnncourse.exercises.exercises() if any(e.id == a.id for a in ATTEMPTS)]


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=str)
def test_an_answer_gets_the_verdict_that_it_deserves(attempt):
    endless = attempt.outcome == ENDLESS
    verdict = grade(attempt.id, attempt.answer(), time_limit=PATIENCE if endless else TIME_LIMIT)
    stopped = "still running after" in verdict.message
    outcome = ENDLESS if stopped else verdict.outcome.value
    assert (outcome, verdict.name) == (attempt.outcome, attempt.mistake), str(verdict)


@pytest.mark.parametrize("exercise", FILED, ids=lambda e: e.id)
def test_every_listed_mistake_is_made_in_another_style(exercise):
    made = {attempt.mistake for attempt in ATTEMPTS if attempt.id == exercise.id}
    assert {m.name for m in exercise.misconceptions} <= made


def test_an_exercise_that_has_answers_has_right_and_wrong_ones():
    right = Counter(attempt.id for attempt in ATTEMPTS if attempt.outcome == "right")
    wrong = Counter(attempt.id for attempt in ATTEMPTS if attempt.outcome != "right")
    assert {e.id for e in FILED} == {attempt.id for attempt in ATTEMPTS} == {*right} == {*wrong}
