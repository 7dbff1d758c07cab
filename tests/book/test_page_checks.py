"""Every exercise that can be answered in its page: it says there what `check` says."""

import functools
import html as markup
import math
import random
from itertools import product
from pathlib import Path

import boxes
import page_checks as tool
import pytest
from bs4 import BeautifulSoup

from cnncourse.check import grade
from cnncourse.exercises import chapter_of
from cnncourse.grading.kinds import Choice, Number

HTML = Path(__file__).parents[2] / "_build" / "html"


def page_of(exercise):
    return "chapters/" + chapter_of(exercise.id).filename.replace(".ipynb", ".html")


BUILT = [e for e in tool.answerable().values() if (HTML / page_of(e)).exists()]
NUMBERS = [e for e in BUILT if isinstance(e, Number)]
CHOICES = [e for e in BUILT if e not in NUMBERS]
PAGES = sorted({page_of(exercise) for exercise in BUILT})

# Answer a form with each of several answers; return what is read after each. `fits` says whether
# the longest of these left the page as wide as the screen.
ANSWER = """(form, answers) => {
  const fields = form.querySelectorAll("input, select");
  let [fits, longest] = [true, 0];
  const read = answers.map((answer) => {
    fields.forEach((field, i) => { field.value = answer[i]; });
    form.requestSubmit();
    const cards = form.querySelectorAll(".page-check-verdict > *");
    const length = cards[0].textContent.length;
    if (length > longest) {
      longest = length;
      fits = document.documentElement.scrollWidth <= innerWidth;
    }
    return [...cards].map((card) => [...card.querySelectorAll("p, pre")].map((e) => e.textContent));
  });
  return {fits, read};
}"""

# The least contrast of any text, and of any border of a control or card, in the given element.
CONTRAST = """(root) => {
  const context = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const painted = (colours) => {
    colours.forEach((colour) => {
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
    });
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => rgb
    .map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => (e
    ? [...behind(e.parentElement), getComputedStyle(e).backgroundColor]
    : ["white"]);
  const ratio = (colour, ground) => {
    const [a, b] = [painted([...ground, colour]), painted(ground)].map(luminance);
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const all = [...root.querySelectorAll("*")].filter((e) => e.getClientRects().length);
  const texts = all.filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()));
  const edges = all.filter((e) => e.matches("input, select, button, .page-check-card"));
  return {
    text: Math.min(...texts.map((e) => ratio(getComputedStyle(e).color, behind(e)))),
    edge: Math.min(
      ...edges.map((e) => ratio(getComputedStyle(e).borderLeftColor, behind(e.parentElement)))
    ),
  };
}"""


@pytest.fixture(scope="module")
def narrow(open_page, html):
    """Return a function that gives the page of an exercise, 390 px wide, opened once."""
    opened = {}

    def page_for(exercise):
        name = page_of(exercise)
        if name not in opened:
            opened[name] = open_page((html / name).as_uri(), width=390)
        return opened[name]

    yield page_for
    for page in opened.values():
        page.context.close()


@functools.cache
def soup_of(name):
    return BeautifulSoup((HTML / name).read_text(encoding="utf-8"), "html.parser")


def lines(verdict):
    """Return the lines of a card: heading, name, message, evidence."""
    soup = BeautifulSoup(verdict._repr_html_(), "html.parser")
    heading = soup.select_one("[role=status] > div").text.split(" · ")[0]
    return [heading, *(line.text for line in soup.find_all(["p", "pre"]))]


def expected(exercise, answer):
    """Return what the page should show for an answer."""
    return lines(tool.in_page(exercise, grade(exercise.id, answer)))


def form_of(page, exercise):
    return page.locator(f"#{tool.label_of(exercise.id)} form.page-check")


def answered(page, exercise, answers):
    """Return what the page shows for each answer, a list of field values each."""
    found = form_of(page, exercise).evaluate(ANSWER, answers)
    assert found["fits"]
    assert "?" not in page.url  # nothing was sent off
    assert page.problems == []
    assert all(len(cards) == 1 for cards in found["read"])
    return [card for (card,) in found["read"]]


def typed(number):
    return repr(int(number)) if number == int(number) else repr(float(number))


def test_every_exercise_of_a_built_chapter_has_its_form_and_no_other():
    for name in PAGES:
        forms = soup_of(name).select("form[data-key]")
        labels = [form.find_parent(class_="exercise")["id"] for form in forms]
        assert sorted(labels) == sorted(tool.label_of(e.id) for e in BUILT if page_of(e) == name)
    assert len(NUMBERS) >= 10
    assert len(CHOICES) >= 8


def test_the_script_is_small_and_loaded_where_there_are_forms_alone(pages):
    loaded = [n for n in pages if "page_checks.js" in (HTML / n).read_text(encoding="utf-8")]
    assert loaded == PAGES
    assert (HTML / "_static" / "page_checks.js").stat().st_size <= 15_000


@pytest.mark.parametrize("exercise", NUMBERS, ids=lambda e: e.id)
def test_a_number_gets_the_verdict_of_check(narrow, exercise):
    draw = random.Random(0)
    known = [exercise.value, *(m.answer for m in exercise.misconceptions)]
    other = [number * factor for number in known for factor in (10, 1 / 8, 1024, 1e-3)]
    near = [n * (1 + draw.gauss(0, 10 ** draw.uniform(-10, -1))) for n in (known + other) * 3]
    ends = [end for lowest, highest, _ in tool.bands(exercise) for end in (lowest, highest)]
    numbers = [*known, *other, *near, *ends, 0, -1.5, 1e-7, 123456.7, 123450.25, 999999.7]
    texts = [typed(number) for number in numbers]
    shown = answered(narrow(exercise), exercise, [[text] for text in texts])
    for text, card in zip(texts, shown, strict=True):
        assert card == expected(exercise, float(text) if "." in text or "e" in text else int(text))
    assert shown[0][0] == "✔ Right"
    for misconception, card in zip(exercise.misconceptions, shown[1:], strict=False):
        assert card[2] == misconception.hint.replace("`", "")


@pytest.mark.parametrize("exercise", CHOICES, ids=lambda e: e.id)
def test_on_a_phone_the_options_stand_above_the_reasons_and_both_have_room(narrow, exercise):
    box = narrow(exercise).locator(f"#{tool.label_of(exercise.id)}")
    table = box.locator("table:has(th:nth-child(4):last-child)")
    options, reasons = (
        table.locator(f"td:nth-child({column}):visible").evaluate_all(
            "(cells) => cells.map((cell) => cell.getBoundingClientRect().toJSON())"
        )
        for column in (2, 4)
    )
    assert (len(options), len(reasons)) == (len(exercise.options), len(exercise.reasons))
    assert max(cell["bottom"] for cell in options) <= min(cell["top"] for cell in reasons) + 1
    assert min(cell["width"] for cell in options + reasons) > 180


NAMED = {
    "": ...,
    "   ": ...,
    "...": ...,
    "nan": math.nan,
    "0/0": math.nan,
    "1e999": math.inf,
    "-inf": -math.inf,
    "True": True,
    "many": "many",
    "constructor": "constructor",
    "it's": "it's",
    "both ' and \"": "both ' and \"",
    "back\\slash": "back\\slash",
    "$&": "$&",
    "<b>{}</b>": "<b>{}</b>",
}
UNREADABLE = {
    "150,528": "Write 150.528 or 150528:",
    "1,505,280": "Write 1505280:",
    "0,5833": "Write 0.5833:",
    "1,234.5": "Write 1234.5:",
    "150 528": "Write 150528:",
    "150\u202f528": "Write 150528:",
    "150'528": "Write 150528:",
    "12 pixels": "Write 12:",
    "74.3 %": "Write 74.3:",
    "−7 MiB": "Write −7:",
    "1.2.3": "",
    "1 or 2": "",
    ",": "",
    "(1": "",
    "1)": "",
    "()": "",
    "2 *": "",
    "* 2": "",
    "2 ** ** 3": "",
    "1__0": "",
    "(" * 20_000: "",
    "7": None,  # a number again
}


@pytest.mark.parametrize("exercise", NUMBERS, ids=lambda e: e.id)
def test_what_is_no_number_is_told_so_in_a_sentence(narrow, exercise):
    shown = answered(narrow(exercise), exercise, [[text] for text in NAMED])
    for value, card in zip(NAMED.values(), shown, strict=True):
        assert card == expected(exercise, value)
    shown = answered(narrow(exercise), exercise, [[text] for text in UNREADABLE])
    unit = f" ({exercise.unit})" if exercise.unit else ""
    for (text, advice), card in zip(UNREADABLE.items(), shown, strict=True):
        if advice is None:
            assert card == expected(exercise, int(text))
            continue
        assert card[:2] == ["✘ Not right yet", "Wrong type."]
        quoted = f'"{text}"' if "'" in text else f"'{text}'"
        said = f"The answer is one number{unit}. You passed the text {quoted}."
        assert card[2].startswith(f"{said} {advice}" if advice else said)
        assert ("Write" in card[2]) == bool(advice)


CALCULATIONS = [
    *("7/12", "4 / 9", "224*224*3", "(3*3*64 + 2) * 128", "2**-1", "-2**2", "(-2)**2", "2**3**2"),
    *("1-2-3", "8/4/2", "2+3*4", "--5", "3*-2", "1_000", ".5", "5.", "1e3", "2.5E-3", "+7"),
]


@pytest.mark.parametrize("exercise", NUMBERS[:3], ids=lambda e: e.id)
def test_a_calculation_is_worked_out_as_python_does(narrow, exercise):
    own_signs = {"56×56": 56 * 56, "3·4": 12, "−7": -7}
    texts = [*CALCULATIONS, *own_signs]
    values = [*map(eval, CALCULATIONS), *own_signs.values()]
    shown = answered(narrow(exercise), exercise, [[text] for text in texts])
    for value, card in zip(values, shown, strict=True):
        assert card == expected(exercise, value)


@pytest.mark.parametrize("exercise", CHOICES, ids=lambda e: e.id)
def test_every_choice_gets_the_verdict_of_check(narrow, exercise):
    pairs = list(product(exercise.options, exercise.reasons))
    missing = [("", ""), *((o, "") for o in exercise.options), *(("", r) for r in exercise.reasons)]
    shown = answered(narrow(exercise), exercise, pairs + missing)
    for pair, card in zip(pairs, shown, strict=False):
        assert card == expected(exercise, pair)
    assert shown[len(pairs) :] == [expected(exercise, ...)] * len(missing)
    right = [pair for pair, card in zip(pairs, shown, strict=False) if card[0] == "✔ Right"]
    assert right == [(exercise.correct[0], str(exercise.correct[1]))]
    named = {card[1] for card in shown[: len(pairs)] if len(card) > 2}
    assert named >= {m.name[0].upper() + m.name[1:] + "." for m in exercise.misconceptions}


@pytest.mark.parametrize("exercise", BUILT, ids=lambda e: e.id)
def test_hints_come_one_after_the_other_and_end_at_the_solution(narrow, exercise):
    form = form_of(narrow(exercise), exercise)
    read = """(form, times) => [...Array(times)].map(() => {
      form.querySelector("[type=button]").click();
      return form.querySelector(".page-check-hints").innerText;
    })"""
    total = len(exercise.hints)
    *stages, end, after = form.evaluate(read, total + 2)
    for number, (hint, shown) in enumerate(zip(exercise.hints, stages, strict=True), start=1):
        assert f"Hint · {number} of {total}" in shown
        assert hint.replace("`", "") in shown
        assert all(later.replace("`", "") not in shown for later in exercise.hints[number:])
    assert end == after
    assert end.endswith("That was all. Next is the worked solution.")
    address = form.locator(".page-check-hints a").evaluate("link => link.href")
    page = (HTML / page_of(exercise).replace("chapters", "solutions")).as_uri()
    assert address == f"{page}#{boxes.solution_of(boxes.label_of(exercise.id))}"


@pytest.mark.parametrize("exercise", BUILT, ids=lambda e: e.id)
def test_no_answer_can_be_read_in_the_source(exercise):
    box = soup_of(page_of(exercise)).find(id=tool.label_of(exercise.id))
    secrets = [*exercise.hints, *(m.hint for m in exercise.misconceptions), exercise.insight]
    assert [text for text in secrets if text and text in markup.unescape(str(box))] == []
    form = box.select_one("form.page-check")
    rest = markup.unescape(str(form).replace(form["data-check"], ""))
    assert [m.name for m in exercise.misconceptions if m.name in rest] == []
    assert isinstance(exercise, Choice) or typed(exercise.value) not in rest


def test_the_keyboard_alone_is_enough(narrow):
    pages = [page_of(exercise) for exercise in BUILT]
    waiting = {e.id: e for e in BUILT if page_of(e) == max(PAGES, key=pages.count)}
    assert {type(exercise) for exercise in waiting.values()} == {Number, Choice}
    page = narrow(next(iter(waiting.values())))
    page.reload()
    page.locator(".exercise").first.click(position={"x": 100, "y": 5})  # Tab goes on from here
    for _ in range(100):
        page.keyboard.press("Tab")
        key = page.evaluate("document.activeElement.form?.dataset.key")
        if exercise := waiting.pop(key, None):
            assert page.locator(":focus-visible").count() == 1
            if isinstance(exercise, Number):
                page.keyboard.type(typed(exercise.value))
                page.keyboard.press("Enter")
                page.keyboard.press("Tab")
            else:
                for part in exercise.correct:
                    page.keyboard.type(str(part))
                    page.keyboard.press("Tab")
                page.keyboard.press("Enter")
            form = form_of(page, exercise)
            assert form.locator(".page-check-verdict strong").first.inner_text() == "Right"
            page.keyboard.press("Tab")
            page.keyboard.press("Space")
            assert "1 of" in form.locator(".page-check-hints").inner_text()
        if not waiting:
            break
    assert waiting == {}
    assert page.problems == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_edges_stand_out_in_both_themes(open_page, theme):
    page = open_page((HTML / page_of(NUMBERS[0])).as_uri(), theme=theme)
    form = form_of(page, NUMBERS[0])
    form.locator("[type=button]").click()
    for answer, words in (
        ("", "Not attempted"),
        (typed(NUMBERS[0].value), "Right"),
        ("1,5", "1.5"),
    ):
        form.evaluate(ANSWER, [[answer]])
        assert words in form.inner_text()
        contrast = form.evaluate(CONTRAST)
        assert contrast["text"] >= 4.5
        assert contrast["edge"] >= 3
    page.context.close()


@pytest.mark.parametrize("exercise", NUMBERS[:1] + CHOICES[:1], ids=lambda e: e.id)
def test_a_screen_reader_knows_the_fields_and_hears_the_verdict(narrow, exercise):
    form = form_of(narrow(exercise), exercise)
    fields = ["Your answer"] if isinstance(exercise, Number) else ["Option", "Reason"]
    for name in fields:
        assert form.get_by_label(name).count() == 1
    for name in ("Check", "Hint"):
        assert form.get_by_role("button", name=name, exact=True).count() == 1
    assert form.get_by_role("status").count() == 2


def test_without_scripts_there_is_no_form(browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((HTML / PAGES[0]).as_uri())
    forms = page.locator("form.page-check")
    assert forms.count() > 0
    assert not any(form.is_visible() for form in forms.all())
    context.close()
