"""Finding one's way: search, an exercise and its solution, a question before its answer."""

import re
from urllib.parse import quote, urlsplit

import pytest
from boxes import checked

import colab

FIRST = {  # what a reader types: where the first result leads, and what it is called
    "Theorem 4.2": ("chapters/04_equivariance.html#thm-", "Theorem 4.2 "),
    "Exercise 3.4": ("chapters/03_counting.html#ex-", "Exercise 3.4 "),
    "dilation": ("chapters/", ""),
    "atrous": ("chapters/", ""),
    "Receptive  fields, dilated?": ("chapters/", ""),
}


@pytest.fixture(params=["disk", "server"])
def search(request, browser, html):
    """Type a query into the search page, read from disk or from a server; return the results."""
    place = html.as_uri() if request.param == "disk" else request.getfixturevalue("address")
    context = browser.new_context(offline=request.param == "disk")

    def search(query):
        page = context.new_page()
        page.goto(f"{place}/search.html?q={quote(query)}")
        return page, page.locator("#search-results li")

    yield search
    context.close()


@pytest.mark.parametrize("query", FIRST)
def test_a_search_leads_to_the_place_itself(search, query):
    place, name = FIRST[query]
    page, results = search(query)
    link = results.first.locator("a")
    target = link.get_attribute("href")
    assert target.startswith(place)
    assert link.inner_text().startswith(name)
    link.click()
    page.wait_for_load_state()
    anchor = urlsplit(page.url).fragment
    assert page.url.endswith(target)
    assert (
        page.evaluate("id => document.getElementById(id).getBoundingClientRect().top", anchor) < 300
    )


def test_a_search_shows_words_around_what_it_found(search):
    _, results = search("strided convolution")
    texts = results.locator("p").all_inner_texts()
    assert len(texts) > 3
    assert [text for text in texts if "\\" in text or "$" in text] == []
    for text in texts:
        assert results.locator("mark").count() > 3
        assert len(text) < 400


def test_a_number_finds_itself_and_no_longer_one(search):
    _, results = search("Exercise 3.1")
    names = results.locator("a").all_inner_texts()
    assert names[0].startswith("Exercise 3.1 ")
    assert not re.match(r"Exercise 3\.1\d", " ".join(names))


def test_other_forms_of_a_word_are_found(search):
    names = {query: search(query)[1].count() for query in ("equivariant", "equivariance")}
    assert names["equivariant"] == names["equivariance"] > 10


def test_what_is_nowhere_is_said_to_be_nowhere(search):
    page, results = search("zygote")
    assert results.count() == 0
    assert page.locator("#search-results").inner_text() == "0 places found."


def test_no_solution_shows_in_a_search(html):
    text = (html / "_static" / "sections.js").read_text(encoding="utf-8")
    assert "solutions/" in text
    assert re.search(r"\bcheck\(", text) is None


def test_a_box_leads_to_its_cell_on_colab_and_to_its_solution_which_leads_back(soups, chapter_name):
    cells = colab.answers()
    solutions = soups[chapter_name.replace("chapters", "solutions")]
    boxes = soups[chapter_name].select(".exercise[id]")
    for box in boxes:
        cell, solution = box.select(".exercise-links a")
        assert cell["href"] == cells[box["id"]]
        section = solutions.find(id=solution["href"].partition("#")[2]).find_parent("section")
        (id,) = filter(None, map(checked, (block.text for block in section.select("pre"))))
        assert box["id"] == f"ex-{id}".replace(".", "-").replace("_", "-")
        back = section.select_one(".exercise-links a")
        assert back["href"] == f"../{chapter_name}#{box['id']}"
        assert back.text.split(" in ")[0] == box.select_one(".caption-number").text.strip()


def test_what_answers_a_prediction_is_folded(soups):
    asked = 0
    for name, soup in soups.items():
        for word in soup.find_all("strong", string=re.compile("^(Predict|Guess)")):
            asked += 1
            following = word.find_parent("p").find_next_sibling()
            classes = following.get("class", []) if following else []
            assert "cell" not in classes or "tag_explorer" in classes, (name, word.parent.text)
    assert asked > 20
    folds = [fold for soup in soups.values() for fold in soup.select("details.answer")]
    assert len(folds) > 20
    assert all("open" not in fold.attrs and fold.select_one(".cell") for fold in folds)


def test_an_answer_is_unfolded_on_paper(open_page, html, chapter_name):
    page = open_page((html / chapter_name).as_uri())
    closed = "document.querySelectorAll('details.answer:not([open])').length"
    before = page.evaluate(closed)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(closed) == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(closed) == before
    page.context.close()
