import io
import re
from itertools import combinations

import pytest

from cnncourse.check import Outcome, Verdict
from cnncourse.grading.rendering import LOOKS, MOST, say, text_of

VERDICT = Verdict(
    Outcome.WRONG,
    "toy.a",
    "no <floor>",
    "Only `n // s` strides fit. " * 6,
    "n = 3\nexpected 1 < 2, received 2",
)


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_every_outcome_has_a_look_of_its_own():
    looks = [LOOKS[outcome.value] for outcome in Outcome]
    for one, other in combinations(looks, 2):
        assert one[0] != other[0]
        assert one[1] != other[1]


@pytest.mark.parametrize("page", ["#ffffff", "#121212"])
def test_borders_are_seen_on_light_and_dark_pages(page):
    assert all(contrast(colour, page) >= 3 for _, _, colour in LOOKS.values())


def test_text_is_wrapped_and_evidence_stands_last():
    lines = str(VERDICT).splitlines()
    assert lines[0] == "✘ Not right yet · toy.a: no <floor>"
    assert max(map(len, lines)) <= 88
    assert lines[-2:] == ["    n = 3", "    expected 1 < 2, received 2"]


def test_html_is_escaped_a_status_and_takes_the_pages_own_colours():
    html = VERDICT._repr_html_()
    assert 'role="status"' in html
    assert "No &lt;floor&gt;." in html
    assert "<code>n // s</code>" in html
    assert "1 &lt; 2" in html
    assert set(re.findall(r"[^-]color:([^;\"]+)", html)) == {"inherit"}
    assert set(re.findall(r"background:([^;\"]+)", html)) == {"transparent"}


def test_the_misconception_comes_first_then_the_hint_then_the_evidence():
    html = VERDICT._repr_html_()
    assert html.index("No &lt;floor") < html.index("strides fit") < html.index("expected 1")


def test_a_card_is_short_whatever_it_has_to_say():
    wall = "<&" * 500_000
    long = Verdict(Outcome.WRONG, wall, wall, wall, wall)
    assert len(str(long)) < 5 * MOST
    assert len(long._repr_html_()) < 30 * MOST  # `<` is `&lt;`
    assert long._repr_html_().endswith("…</pre></div>")


def test_half_a_surrogate_pair_is_shown_as_a_question_mark():
    assert "received ?" in str(Verdict(Outcome.WRONG, "toy.a", evidence="received \ud800"))


def test_what_has_no_text_is_shown_as_its_type():
    class Mute:
        def __str__(self):
            raise GeneratorExit

    assert text_of(Mute()) == "<Mute>"
    assert text_of(3) == "3"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp932", "cp936", "utf-8"])
def test_every_look_is_printed_on_every_console(monkeypatch, encoding):
    console = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr("sys.stdout", console)
    for symbol, words, _ in LOOKS.values():
        say(f"{symbol} {words}")
    console.seek(0)
    printed = console.read().splitlines()
    assert [line.split(" ", 1)[1] for line in printed] == [words for _, words, _ in LOOKS.values()]
