"""What holds for every exercise there is, so that one added tomorrow is covered."""

import ast
import linecache
import re
import time
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import exercises as derivation
import mutants as mutation
import nbformat
import numpy as np
import pytest
import sympy
import torch
from repository import ROOT
from torch import Tensor, nn

import cnncourse.check
import cnncourse.exercises
from cnncourse.check import Outcome, grade
from cnncourse.grading.kinds import Blanks, Choice, Formula, Function, Module, Number, Proof
from cnncourse.grading.sandbox import TimeIsUp, within

SOLUTIONS = ROOT / "solutions"
SECONDS = 2.0  # of processor time, what a check may take
MUTANT_SECONDS = 3.0  # when a mutant counts as an endless loop
MIN_CODE = 10  # characters, blanks left out, from which a line of a solution is worth hiding

CHAPTERS = cnncourse.exercises.chapters()
EXERCISES = cnncourse.exercises.exercises()
CHOICES = {exercise.id for exercise in EXERCISES if isinstance(exercise, Choice)}
every_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id)
written_in_code = [e for e in EXERCISES if isinstance(e, (Function, Module))]
every_code_exercise = pytest.mark.parametrize("exercise", written_in_code, ids=lambda e: e.id)
every_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.slug)


# --- running a notebook in this process -----------------------------------------------------------


@dataclass
class Question:
    """One `check` call: the cells that lead up to it, the names before them, and the answer."""

    id: str
    names: dict
    cells: list[str]
    answer: object

    def solution(self) -> list[str]:
        """Return the marked lines of the cells."""
        return [
            line
            for cell in self.cells
            for number, line in enumerate(cell.splitlines(), start=1)
            if number in derivation.marked_lines(cell)
        ]


@contextmanager
def recorded_answers():
    """Yield a list that takes what notebook cells pass to `check`, and keep them quiet."""
    answers = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cnncourse.check, "check", lambda id, answer: answers.append((id, answer)))
        patch.setattr(cnncourse.check, "hint", lambda id: None)
        patch.setattr(cnncourse.check, "progress", lambda: None)
        yield answers


def answer_of(question, cells, label):
    """Run other cells in place of a question's own, from the same names, and return the answer."""
    with recorded_answers() as answers:
        names = {**question.names, "check": cnncourse.check.check}
        for number, cell in enumerate(cells):
            run_cell(cell, names, f"<{label} {number}>")
    return dict(answers)[question.id]


def run_cell(source, names, label):
    """Execute a cell as Jupyter does: its source can be read back from the running code."""
    linecache.cache[label] = (len(source), None, source.splitlines(keepends=True), label)
    exec(compile(source, label, "exec"), names)


def questions_of(notebook, label):
    """Run a notebook and return its questions in order."""
    names = {"__name__": "__main__"}
    found, waiting, before = [], [], None
    with recorded_answers() as answers:
        for number, cell in enumerate(notebook.cells):
            if cell.cell_type != "code" or "remove-cell" in cell.metadata.get("tags", []):
                continue
            before = dict(names) if before is None else before
            waiting.append(cell.source)
            run_cell(cell.source, names, f"<{label} {number}>")
            assert len(answers) <= 1, (
                f"one check a cell, so that mutants can be told: {cell.source}"
            )
            for id, answer in answers:
                found.append(Question(id, before, list(waiting), answer))
            if answers:
                answers.clear()
                waiting, before = [], None
    return found


@pytest.fixture(scope="module")
def solved():
    """Every question with its worked answer, by id."""
    return {
        question.id: question
        for chapter in CHAPTERS
        for question in questions_of(
            nbformat.read(SOLUTIONS / chapter.filename, as_version=4), chapter.slug
        )
    }


@pytest.fixture(scope="module")
def untouched():
    """Every question with the stub that a learner finds, by id."""
    return {
        question.id: question
        for chapter in CHAPTERS
        for question in questions_of(
            derivation.derive(nbformat.read(SOLUTIONS / chapter.filename, as_version=4)),
            f"stub of {chapter.slug}",
        )
    }


# --- the registry itself --------------------------------------------------------------------------


@every_chapter
def test_a_chapters_notebook_asks_its_exercises_in_order(chapter):
    notebook = nbformat.read(SOLUTIONS / chapter.filename, as_version=4)
    asked = [question.id for question in questions_of(notebook, chapter.slug)]
    assert asked == [exercise.id for exercise in chapter.exercises]


@every_chapter
def test_ids_begin_with_the_slug_of_their_chapter(chapter):
    assert all(re.fullmatch(rf"{chapter.slug}\.[a-z0-9_]+", e.id) for e in chapter.exercises)


def test_ids_are_unique():
    ids = [exercise.id for exercise in EXERCISES]
    assert len(ids) == len(set(ids))


@every_exercise
def test_an_exercise_has_hints_and_wrong_answers_of_its_own(exercise):
    names = [m.name for m in exercise.misconceptions]
    hints = [m.hint for m in exercise.misconceptions]
    assert len(exercise.hints) >= 2
    assert len(set(exercise.hints)) == len(exercise.hints)
    assert len(names) >= 2
    assert len(set(names)) == len(names)
    assert len(set(hints)) == len(hints)
    assert all(text.endswith((".", "?", "!", "`", "…")) for text in (*exercise.hints, *hints))


@every_exercise
def test_hints_do_not_contain_the_solution(exercise, solved):
    texts = [*exercise.hints, *(m.hint for m in exercise.misconceptions)]
    for piece in pieces_of_code(solved[exercise.id].solution()):
        assert not [text for text in texts if piece in squeezed(text)], piece
    if isinstance(exercise, Number):
        digits = f"{exercise.value:g}"
        shown = re.findall(r"[\d.]+", squeezed(" ".join(texts)).replace(",", ""))
        assert digits not in shown or len(digits) < 3


@every_code_exercise
def test_the_solution_is_not_in_the_library(exercise, solved):
    library = squeezed(
        "".join(file.read_text(encoding="utf-8") for file in Path(cnncourse.exercises.__file__).parent.glob("*.py"))
    )
    long_ones = [p for p in pieces_of_code(solved[exercise.id].solution()) if len(p) >= 25]
    assert [piece for piece in long_ones if piece in library] == []


def squeezed(text):
    return re.sub(r"\s|`", "", text)


def pieces_of_code(lines):
    """Lines of code and their right-hand sides, without blanks, where long enough to tell."""
    pieces = set()
    for line in lines:
        code = line.partition("#")[0].strip()
        pieces |= {squeezed(code), squeezed(code.rpartition(" = ")[2].removeprefix("return "))}
    return {piece for piece in pieces if len(piece) >= MIN_CODE}


# --- 1 and 2: right and untouched answers ---------------------------------------------------------


@every_exercise
def test_the_solution_is_right_under_three_seeds_and_in_good_time(
    exercise, solved, record_property
):
    for seed in range(3):
        start = time.process_time()  # what other programs do does not count
        verdict = grade(exercise.id, solved[exercise.id].answer, seed=seed)
        seconds = time.process_time() - start
        assert verdict.outcome is Outcome.RIGHT, str(verdict)
        assert seconds < SECONDS
    record_property("check_seconds", [exercise.id, seconds])


@every_exercise
def test_the_untouched_stub_is_not_attempted(exercise, untouched):
    verdict = grade(exercise.id, untouched[exercise.id].answer)
    assert verdict.outcome is Outcome.NOT_ATTEMPTED, str(verdict)


@every_exercise
def test_the_solution_is_right_in_other_clothes(exercise, solved):
    styles = list(restyled(exercise, solved[exercise.id].answer))
    assert len(styles) >= 3
    for label, answer in styles:
        verdict = grade(exercise.id, answer)
        assert verdict.outcome is Outcome.RIGHT, f"{label}: {verdict}"


def restyled(exercise, answer):
    """Yield (what was done to it, the same answer written otherwise)."""
    if isinstance(exercise, Number):
        yield from restyled_number(exercise, answer)
    elif isinstance(exercise, Choice):
        option, reason = answer
        yield from {
            "list": [option, reason],
            "float": (option.upper(), float(reason)),
            "turned round": (reason, option),
            "text": f"({option}, {reason})",
            "joined": f"{option}{reason}",
            "dict": {"option": option, "reason": reason},
            "array": np.array(answer),
            "tensor": (option, torch.tensor(reason)),
        }.items()
    elif isinstance(exercise, Proof):
        for between in (", ", " → ", " > ", "-", "\n"):
            yield repr(between), between.join(answer.lower())
        yield "list", list(answer)
        yield "dict", dict(enumerate(answer, start=1))
    elif isinstance(exercise, Blanks):
        yield from restyled_blanks(exercise, answer)
    elif isinstance(exercise, Module):
        yield "wrapped", lambda *arguments: nn.Sequential(answer(*arguments))
        yield "in evaluation mode", lambda *arguments: answer(*arguments).eval()
        yield "one more name", lambda *arguments: nn.ModuleDict({"m": answer(*arguments)})["m"]
    else:
        yield from restyled_function(exercise, answer)


def restyled_number(exercise, answer):
    yield "text", str(answer)
    yield "tensor", torch.tensor(float(answer))
    yield "NumPy", np.float64(answer)
    yield "single precision", np.float32(answer)
    yield "array", np.array([answer])
    yield "Fraction", Fraction(answer)
    yield "Decimal", Decimal(answer)
    yield "sympy", sympy.sympify(answer)
    yield "tuple", (answer,)
    yield "with its unit", f"{answer} {exercise.unit}"
    if answer == int(answer):
        yield "thousands", f"{int(answer):,}"
        yield "float", float(answer)


def restyled_blanks(exercise, answer):
    gaps = answer if isinstance(answer, dict) else {next(iter(exercise.blanks)): answer}
    yield "dict", gaps
    yield "tuple", tuple(gaps.values())
    yield "own keys", {f"gap {number}": text for number, text in enumerate(gaps.values())}
    for sign in ("·", " × ", " ", ""):
        yield f"product {sign!r}", {gap: text.replace(" * ", sign) for gap, text in gaps.items()}
    yield "minus", {gap: text.replace("-", "−") for gap, text in gaps.items()}
    symbols = {name: sympy.Symbol(name) for name in exercise.variables}
    yield "sympy", {gap: sympy.sympify(text, symbols) for gap, text in gaps.items()}
    yield "equation", {gap: f"answer = ({text})" for gap, text in gaps.items()}


def restyled_function(exercise, answer):
    def with_result(change):
        return lambda *arguments: change(answer(*arguments))

    if not exercise.gradients:
        yield "NumPy", with_result(changed(lambda t: t.numpy(), np.float64))
        yield "lists", with_result(changed(lambda t: t.tolist(), str))
        yield "Fractions", with_result(changed(lambda t: t, Fraction))
    yield "single precision", with_result(changed(lambda t: t.float(), np.float32))
    yield "double precision", with_result(changed(lambda t: t.double(), float))
    yield "tensors", with_result(changed(lambda t: t.clone(), torch.tensor))
    yield "list for tuple", with_result(lambda r: list(r) if isinstance(r, tuple) else r)


def changed(tensor, number):
    """Return a function that changes all tensors and numbers in a result."""

    def change(result):
        if isinstance(result, (tuple, list)):
            return type(result)(map(change, result))
        return (tensor if isinstance(result, Tensor) else number)(result)

    return change


# --- 3: wrong answers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exercise", "misconception"),
    [
        pytest.param(e, m, id=f"{e.id}-{m.name.replace(' ', '_')}")
        for e in EXERCISES
        for m in e.misconceptions
    ],
)
def test_a_wrong_answer_gets_its_own_name_and_hint(exercise, misconception):
    for answer in as_answers(exercise, misconception.answer):
        for seed in range(3):
            verdict = grade(exercise.id, answer, seed=seed)
            assert verdict.outcome is Outcome.WRONG, str(verdict)
            assert (verdict.name, verdict.message) == (misconception.name, misconception.hint)


def as_answers(exercise, listed):
    """Write out what a learner would answer, where a listed answer stands for several."""
    if isinstance(exercise, Choice) and isinstance(listed, str):
        exact = [m.answer for m in exercise.misconceptions]
        pairs = [(listed, int(reason)) for reason in exercise.reasons]
        return [pair for pair in pairs if pair not in exact]
    if isinstance(exercise, Blanks) and isinstance(listed, dict):
        return [{**exercise.blanks, **listed}]
    return [listed]


# --- 4: answers that are no answers ---------------------------------------------------------------


@every_exercise
def test_answers_of_another_kind_are_wrong_and_say_what_is_expected(exercise):
    for answer in (None, object(), {1, 2}, 1j):
        verdict = grade(exercise.id, answer)
        assert verdict.outcome is Outcome.WRONG, str(verdict)
        assert verdict.message


class Hostile:
    """Raises whatever is done with it."""

    __hash__ = None

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __eq__(self, other):
        raise RuntimeError("==")

    def __repr__(self):
        raise RuntimeError("repr")


HOSTILE = [Hostile(), lambda *_: Hostile(), ("b", Hostile()), {"a": Hostile()}, 10**400, nn.Module]


@every_exercise
def test_no_answer_makes_a_check_raise(exercise):
    for answer in HOSTILE:
        verdict = grade(exercise.id, answer)
        assert verdict.outcome in (Outcome.WRONG, Outcome.CRASHED, Outcome.NOT_ATTEMPTED)
        assert str(verdict)
        assert verdict._repr_html_()


@every_exercise
def test_spoiled_solutions_get_the_right_outcome(exercise, solved):
    answer = solved[exercise.id].answer
    for label, spoiled, expected in spoil(exercise, answer):
        verdict = grade(exercise.id, spoiled)
        assert verdict.outcome is expected, f"{label}: {verdict}"


def spoil(exercise, answer):
    """Yield (what was done to it, spoiled answer, the outcome it deserves)."""
    if isinstance(exercise, Number):
        for value in (float("nan"), 0, "many", [1, 2], torch.zeros(3)):
            yield repr(value), value, Outcome.WRONG
    elif isinstance(exercise, (Choice, Proof, Blanks)):
        for value in ("?", [[]]):
            yield repr(value), value, Outcome.WRONG
        yield "a gap left", [...], Outcome.NOT_ATTEMPTED
    elif isinstance(exercise, Function):
        yield from spoil_function(exercise, answer)
    elif isinstance(exercise, Module):
        yield from spoil_module(answer)
    else:
        pytest.fail(f"say how to spoil answers of kind {type(exercise).__name__}")


def spoil_function(exercise, answer):
    WRONG = Outcome.WRONG
    takes_tensor = any(isinstance(argument, Tensor) for argument in exercise.cases()[0])

    def with_result(change):
        return lambda *arguments: change(answer(*arguments))

    def in_place(*arguments):
        result = answer(*arguments)
        result = result.clone() if isinstance(result, Tensor) else result
        next(a for a in arguments if isinstance(a, Tensor)).add_(1)
        return result

    yield "nothing returned", with_result(lambda result: None if result is not None else 0), WRONG
    yield "wrong type", with_result(lambda result: "text"), WRONG
    yield "NaN", with_result(lambda result: scaled(result, float("nan"))), WRONG
    yield "all zeros", with_result(lambda result: scaled(result, 0)), WRONG
    yield "a crash", with_result(lambda result: result.no_such_attribute), Outcome.CRASHED
    yield "wrong signature", lambda: 0, WRONG
    if not isinstance(exercise, Formula):
        yield "wrong shape", with_result(lambda result: wrapped(result)), WRONG
    if takes_tensor:
        yield "changed in place", in_place, WRONG


def scaled(result, factor):
    if isinstance(result, (tuple, list)):
        return type(result)(scaled(part, factor) for part in result)
    return result.double() * factor if isinstance(result, Tensor) else result * factor


def wrapped(result):
    return result[None] if isinstance(result, Tensor) else (result,)


def spoil_module(answer):
    def with_output(change):
        class Spoiled(nn.Module):
            def __init__(self, *arguments):
                super().__init__()
                self.inner = answer(*arguments)

            def forward(self, x):
                return change(self.inner(x), x)

        return lambda *arguments: Spoiled(*arguments)

    def in_place(out, x):
        out = out.clone()
        with torch.no_grad():
            x.add_(1)
        return out

    WRONG = Outcome.WRONG
    yield "nothing returned", with_output(lambda out, x: None), WRONG
    yield "wrong type", with_output(lambda out, x: "text"), WRONG
    yield "NaN", with_output(lambda out, x: out * float("nan")), WRONG
    yield "all zeros", with_output(lambda out, x: out * 0), WRONG
    yield "wrong shape", with_output(lambda out, x: out[None]), WRONG
    yield "gradient cut", with_output(lambda out, x: out.detach()), WRONG
    yield "changed in place", with_output(in_place), WRONG
    yield "a crash", with_output(lambda out, x: out.no_such_attribute), Outcome.CRASHED
    yield "an instance", nn.Identity(), WRONG


@every_code_exercise
def test_a_half_filled_stub_is_not_attempted(exercise, solved):
    question = solved[exercise.id]
    cells = [half_filled(cell) for cell in question.cells]
    verdict = grade(exercise.id, answer_of(question, cells, f"half of {exercise.id}"))
    assert verdict.outcome is Outcome.NOT_ATTEMPTED, str(verdict)


def half_filled(source):
    """Put `...` in place of the last marked statement of every function."""
    tree, lines = ast.parse(source), derivation.marked_lines(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.body[-1].lineno in lines:
            node.body[-1] = ast.Expr(ast.Constant(...))
    return ast.unparse(ast.fix_missing_locations(tree))


# --- 5: mutants of the solution -------------------------------------------------------------------


@every_exercise
def test_mutants_of_the_solution_are_rejected(exercise, solved, record_property):
    listed = tomllib.loads((Path(__file__).parent / "equivalent_mutants.toml").read_text(encoding="utf-8"))
    equivalent = {entry["change"]: entry["reason"] for entry in listed.get(exercise.id, [])}
    question = solved[exercise.id]
    survivors, total = [], 0
    for place, cell in enumerate(question.cells):
        for mutant in mutation.mutants(cell, derivation.marked_lines(cell)):
            total += 1
            cells = [*question.cells[:place], mutant.source, *question.cells[place + 1 :]]
            if accepted(question, cells):
                survivors.append(mutant.change)
    record_property("mutants", [total, len(survivors)])
    assert total > 0
    unexplained = [change for change in survivors if not equivalent.get(change)]
    stale = [change for change in equivalent if change not in survivors]
    assert not unexplained, "accepted, but no reason is listed:\n" + "\n".join(unexplained)
    assert not stale, "listed as equivalent, but rejected:\n" + "\n".join(stale)


def accepted(question, cells):
    """Say whether the check calls the answer of these cells right, and it is not the same answer.

    Option and reason are told apart by what they are, so their order changes nothing.
    """
    try:
        answer = within(
            MUTANT_SECONDS, lambda: answer_of(question, cells, f"mutant of {question.id}")
        )
    except (Exception, TimeIsUp):
        return False
    if question.id in CHOICES and answer == question.answer[::-1]:
        return False
    return grade(question.id, answer, time_limit=MUTANT_SECONDS).outcome is Outcome.RIGHT
