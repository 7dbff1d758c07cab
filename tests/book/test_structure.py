"""What a reader needs on every page: links that resolve, buttons, numbers, little weight."""

from urllib.parse import unquote, urlsplit

from boxes import notebooks_on_colab

LIMIT = 2_000_000  # bytes that a chapter may transfer


def test_every_internal_link_and_anchor_resolves(soups, html):
    anchors = {name: {tag["id"] for tag in soup.find_all(id=True)} for name, soup in soups.items()}
    broken = []
    for name, soup in soups.items():
        for tag in soup.find_all("a", href=True):
            target = urlsplit(tag["href"])
            if target.scheme or target.netloc:
                continue
            file = (html / name).parent / unquote(target.path) if target.path else html / name
            key = file.resolve().relative_to(html.resolve()).as_posix()
            anchor = unquote(target.fragment)
            if not file.exists() or (anchor and key in anchors and anchor not in anchors[key]):
                broken.append(f"{name}: {tag['href']}")
    assert broken == []


def test_no_page_loads_anything_from_elsewhere(soups):
    foreign = [
        f"{name}: {tag.get('src') or tag.get('href')}"
        for name, soup in soups.items()
        for tag in soup.select("script[src], link[rel=stylesheet], link[rel=preload], img[src]")
        if urlsplit(tag.get("src") or tag.get("href")).netloc
    ]
    assert foreign == []


def test_a_chapter_has_its_buttons_and_numbers(soups, chapter_name):
    soup = soups[chapter_name]
    notebook = chapter_name.replace(".html", ".ipynb")
    links = [tag["href"] for tag in soup.find_all("a", href=True)]
    colab = f"{notebooks_on_colab()}/{notebook}"
    assert colab in links
    assert any(link.endswith(notebook.split("/")[-1]) and "_sources" in link for link in links)
    assert soup.select_one(".prev-next-area a") is not None
    figures = soup.select("figure .caption-number")
    assert len(figures) >= 5
    assert all(figure.text.startswith("Fig. ") for figure in figures)
    assert len(soup.select(".proof.theorem, .proof.proposition, .proof.corollary")) >= 2
    assert len(soup.select("div.proof.proof, div.proof")) >= 4
    assert soup.find(string=lambda text: "importlib.util.find_spec" in text) is None
    boxes = soup.select(".exercise")
    assert len(boxes) >= 8
    assert all(box.select_one(".admonition-title").text.startswith("Exercise") for box in boxes)
    assert colab.replace("/chapters/", "/exercises/") in links
    assert f"../solutions/{notebook.split('/')[-1].replace('.ipynb', '.html')}" in links


def test_a_chapter_has_the_number_of_its_file_everywhere(soups, chapter_name):
    number = str(int(chapter_name.removeprefix("chapters/")[:2]))
    soup = soups[chapter_name]
    assert soup.select_one("h1 .section-number").text.strip() == f"{number}."
    assert soup.select_one("nav .current > a, nav a.current").text.strip().startswith(f"{number}. ")
    numbered = soup.select("figure .caption-number, .proof .caption-number")
    texts = [tag.text.strip() for tag in numbered]
    counts = [text.split()[1] for text in texts if len(text.split()) > 1]
    assert counts
    assert [count for count in counts if not count.startswith(f"{number}.")] == []


def test_solutions_are_folded_at_first(soups):
    solutions = {name: soup for name, soup in soups.items() if name.startswith("solutions/")}
    assert solutions
    for name, soup in solutions.items():
        cells = [cell for cell in soup.select("div.cell") if "check(" in cell.text]
        assert len(cells) >= 8, name
        folds = [cell.select_one("details:not([open])") for cell in cells]
        assert all(fold.select_one(".cell_output") for fold in folds), name  # the insight, too
        assert soup.select("details.sd-dropdown:not([open])"), name


def test_citations_lead_to_the_bibliography(soups):
    entries = soups["bibliography.html"].select("div.citation, dl.citation dt")
    assert len(entries) >= 5


def test_a_chapter_transfers_at_most_two_megabytes(browser, address, chapter_name):
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    answers = []
    page.on("requestfinished", lambda request: answers.append(request))
    page.goto(f"{address}/{chapter_name}", wait_until="networkidle")
    weight = sum(request.sizes()["responseBodySize"] for request in answers)
    page.context.close()
    print(f"{chapter_name}: {weight / 1e6:.2f} MB in {len(answers)} requests")
    assert 100_000 < weight <= LIMIT
