"""The learner's side: `check` an answer, ask for a `hint`, see the `progress`.

Nothing here raises, so "run all" runs to the end. The wrong answers and hints in
`cnncourse.exercises` prevent spoilers, not cheating: who wants the expected values can read them.
"""

from __future__ import annotations

import threading

from cnncourse import exercises as registry
from cnncourse.grading import rendering
from cnncourse.grading.progress import OPEN, Progress, Table, default_path
from cnncourse.grading.verdict import Outcome, Verdict

__all__ = ["Outcome", "Verdict", "check", "grade", "hint", "progress"]

TIME_LIMIT = 20.0  # seconds

_one_at_a_time = threading.Lock()  # global state is changed while an answer is judged
_hints_shown: dict[str, int] = {}
_progress: dict[object, Progress] = {}  # one for each path, so that a changed setting is obeyed


def check(id: str, answer: object) -> None:
    """Grade an answer, show the verdict and remember it.

    Inside an answer that is being judged it does nothing: that answer is checked already.
    """
    from cnncourse.grading import sandbox  # only now: importing this module stays cheap

    if sandbox.inside():
        return
    verdict = grade(id, answer)
    rendering.show(str(verdict), verdict._repr_html_())
    kept = _kept_progress()
    kept.record(verdict)
    _show_notices(kept)


def grade(id: str, answer: object, *, seed: int = 0, time_limit: float = TIME_LIMIT) -> Verdict:
    """Judge an answer without showing or storing anything.

    Never raises (but an interrupt by the learner passes). The answer runs in a thread of its own
    and all global state is put back; `seed` picks the random cases, `time_limit` is in seconds.
    """
    try:
        exercise = registry.find(rendering.text_of(id))
    except LookupError as error:
        return Verdict(Outcome.UNKNOWN, rendering.text_of(id), message=str(error.args[0]))
    if answer is None:
        message = "You passed `None`. If it came out of a function, does that function `return`?"
        return exercise.wrong(message, name="nothing there")
    from cnncourse.grading import sandbox, state  # only now: importing this module stays cheap

    if sandbox.inside():
        return exercise.not_attempted("An answer cannot check itself: call this outside of it.")

    def judge() -> Verdict:
        try:
            return exercise.judge(answer)
        except (KeyboardInterrupt, sandbox.TimeIsUp):
            raise
        except BaseException as error:
            return exercise.crashed(f"This answer could not be read: {sandbox.explain(error)}.")

    try:
        with _one_at_a_time, state.known(seed), sandbox.short_output():
            return sandbox.within(time_limit, judge)
    except sandbox.TimeIsUp as stop:
        running = f"{stop} was" if str(stop) else "Your code was"
        message = f"{running} still running after {time_limit:g} seconds and was stopped."
        return exercise.crashed(f"{message} Does a loop never end?")
    except Exception as error:
        return exercise.crashed(f"The check itself could not run: {sandbox.explain(error)}.")


def hint(id: str) -> None:
    """Show the next hint of an exercise, from a nudge to almost the answer."""
    try:
        exercise = registry.find(rendering.text_of(id))
    except LookupError as error:
        _show_card("unknown exercise", rendering.text_of(id), str(error.args[0]))
        return
    shown, total = _hints_shown.get(id, 0), len(exercise.hints)
    if shown < total:
        _hints_shown[id] = shown + 1
        _show_card("hint", f"{id}, {shown + 1} of {total}", exercise.hints[shown])
    else:
        chapter = registry.chapter_of(id)
        message = f"That was all. The worked answer is in `solutions/{chapter.filename}`."
        _show_card("hint", id, f"{exercise.hints[-1]}\n{message}")


def progress() -> None:
    """Show which exercises are done, tried and open, by chapter."""
    kept = _kept_progress()
    kept.load()
    rows = [
        (f"{chapter.number:02d} {chapter.title}", e.id, e.title, kept.states.get(e.id, OPEN))
        for chapter in registry.chapters()
        for e in chapter.exercises
    ]
    table = Table(rows)
    rendering.show(str(table), table._repr_html_())
    _show_notices(kept)


def _kept_progress() -> Progress:
    path = default_path()
    return _progress.setdefault(path, Progress(path))


def _show_notices(kept: Progress) -> None:
    while kept.notices:
        _show_card("note", "progress", kept.notices.pop(0))


def _show_card(look: str, where: str, message: str) -> None:
    card = (look, where, "", message, "")
    rendering.show(rendering.card_text(*card), rendering.card_html(*card))
