"""The forms of the book's exercise boxes: their data say what the exercises themselves say."""

import base64
import json
import math
import random
from itertools import product

import boxes
import nbformat
import page_checks as tool
import pytest
from repository import ROOT
from sphinx.config import Config

from cnncourse.check import Outcome
from cnncourse.exercises import exercises
from cnncourse.grading.kinds import Choice, Misconception, Number

MEMORY = Number(
    id="toy.memory",
    title="Memory",
    value=12.5,
    tolerance=0.05,
    unit="MiB < 1 GiB",
    hints=("Count bytes.", "Divide."),
    misconceptions=(
        Misconception("half precision", "Four bytes, not two.", 6.25),
        Misconception("bits", "Bytes have eight bits.", 100.0),
    ),
    insight="It fits.",
)
PICK = Choice(
    id="toy.pick_one",
    title="Pick",
    options="abc",
    reasons="12",
    correct=("b", 2),
    hints=("a.", "b."),
    misconceptions=(Misconception("option a", "Not a.", "a"),),
)


def test_a_right_number_lies_in_a_band_that_is_as_wide_as_the_tolerance():
    lowest, highest, (look, name, message, evidence) = tool.bands(MEMORY)[0]
    assert (look, name, message, evidence) == ("right", "", "It fits.", "")
    assert (lowest, highest) == pytest.approx((12.45, 12.55), abs=2e-5)


def test_a_band_ends_at_the_last_number_with_its_verdict():
    for lowest, highest, verdict in tool.bands(MEMORY):
        for end, outwards in ((lowest, -math.inf), (highest, math.inf)):
            assert MEMORY.judge(end).name == verdict[1]
            beyond = MEMORY.judge(math.nextafter(end, outwards))
            assert (beyond.outcome.value, beyond.name) != tuple(verdict[:2])


def test_a_band_around_another_one_is_found_on_both_sides_of_it():
    # 100 is listed, and up to 0.4 away from it lies eight times a number within the tolerance
    names = [(low, high, verdict[1]) for low, high, verdict in tool.bands(MEMORY)]
    around = sorted(band for band in names if 99 < band[0] < 101)
    assert [name for _, _, name in around] == ["wrong unit", "bits", "wrong unit"]
    assert around[0][0] == pytest.approx(99.6, abs=2e-4)
    assert around[2][1] == pytest.approx(100.4, abs=2e-4)


def said(data, number):
    """Return the verdict on a number as the page finds it."""
    found = [verdict for low, high, verdict in data["bands"] if low <= number <= high]
    assert len(found) <= 1, "two bands overlap"
    return found[0] if found else data["other"]


@pytest.mark.parametrize(
    "exercise", [e for e in exercises() if isinstance(e, Number)], ids=lambda e: e.id
)
def test_the_bands_say_of_any_number_what_the_exercise_says(exercise):
    data = tool.page_data(exercise)
    draw = random.Random(0)
    known = [end for low, high, _ in data["bands"] for end in (low, high)]
    near = [end * (1 + draw.gauss(0, 10 ** draw.uniform(-12, -1))) for end in known * 20]
    for number in [*near, 0.0, -exercise.value, 1e300, -1e300]:
        verdict = exercise.judge(number)
        assert said(data, number)[:2] == [verdict.outcome.value, verdict.name], number


def test_every_pair_of_a_choice_is_looked_up():
    words = tool.page_data(PICK)["words"]
    for option, reason in product("abc", "12"):
        verdict = PICK.judge((option, reason))
        shown = tool.in_page(PICK, verdict)
        fields = [verdict.outcome.value, verdict.name, shown.message, verdict.evidence]
        assert words[option + reason] == fields


@pytest.mark.parametrize("chosen", ["", "b", "2"])
def test_a_choice_with_a_part_missing_is_not_attempted(chosen):
    look, name, message, evidence = tool.page_data(PICK)["words"][chosen]
    assert (look, name, evidence) == (Outcome.NOT_ATTEMPTED.value, "", "")
    assert message == 'Choose option and reason, then press "Check".'


def test_only_sentences_about_a_notebook_are_put_into_other_words():
    assert tool.in_page(MEMORY, MEMORY.judge(7)).message == (
        'Ask for a nudge with the button "Hint".'
    )
    assert tool.in_page(MEMORY, MEMORY.judge(...)).message == (
        'Write a number, then press "Check".'
    )
    for answer in (12.5, 6.25, 12.5 * 1024, math.nan, True, "many"):
        assert tool.in_page(MEMORY, MEMORY.judge(answer)) == MEMORY.judge(answer)


def test_words_that_are_no_numbers_have_the_verdict_of_the_value_they_name():
    words = tool.page_data(MEMORY)["words"]
    assert words["nan"][1] == "NaN"
    assert "the bool True" in words["true"][2]
    assert words["..."] == words[""]


def test_the_sentence_about_text_has_a_gap_for_it():
    _, name, message, _ = tool.page_data(MEMORY)["text"]
    assert name == "wrong type"
    assert message == "The answer is one number (MiB < 1 GiB). You passed the text {}."


def test_the_veil_hides_the_texts_and_comes_off_with_the_key():
    data = tool.page_data(MEMORY)
    text = tool.veiled(data, MEMORY.id)
    masked = base64.b64decode(text)
    key = MEMORY.id.encode()
    plain = bytes(byte ^ key[i % len(key)] for i, byte in enumerate(masked))
    assert json.loads(plain) == json.loads(json.dumps(data))
    for secret in ("Four bytes", "Count bytes", "right", "12.5"):
        assert secret in plain.decode()
        assert secret.encode() not in masked + text.encode()


def test_a_form_is_labelled_and_escaped():
    number = tool.form(MEMORY, "../solutions/07_toy.html#solution-toy")
    assert "<label>Your answer (MiB &lt; 1 GiB) <input" in number
    assert 'data-solution="../solutions/07_toy.html#solution-toy"' in number
    choice = tool.form(PICK, "")
    assert choice.count("<label>") == 2
    assert "<option>c</option></select>" in choice


def test_every_box_of_a_chapter_has_the_label_that_its_exercise_is_found_by():
    for master in sorted((ROOT / "solutions").glob("*.ipynb")):
        ids = [id for id, _, _ in boxes.prompts(nbformat.read(master, as_version=4))]
        assert ids
        assert all(f":label: {tool.label_of(id)}\n" in boxes.section(master) for id in ids)


def test_only_numbers_and_choices_are_answered_in_the_page():
    kinds = {type(exercise) for exercise in tool.answerable().values()}
    assert kinds == {Number, Choice}


def test_pages_are_written_anew_when_an_exercise_says_something_else(register):
    digests = []
    for exercise in (MEMORY, MEMORY, PICK):
        register(exercise)
        config = Config()
        tool.remember_exercises(None, config)
        digests.append(config.page_checks_digest)
    assert digests[0] == digests[1] != digests[2]
