"""The real book, in the smoke profile: built without a warning, and read in a browser, which has no network."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright
from repository import ROOT

CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]
WIDTHS = [1440, 1280, 1024, 768, 390]  # pixels
HEIGHT = 1000
AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
CONTENT = """() => {
    const count = selector => document.querySelectorAll(selector).length;
    return {
        text: document.body.innerText,
        formulas: count("main .math"),
        rendered: count("main .math mjx-container"),
        faults: count("mjx-merror"),
        pictures: count("main img, main svg.picture"),
        broken: [...document.images].filter(image => !image.naturalWidth).map(image => image.src),
        silent: [...document.querySelectorAll("main img, main svg.picture")]
            .filter(one => (one.alt ?? one.ariaLabel ?? "").length < 20).map(one => one.outerHTML.slice(0, 80)),
    };
}"""
# What is distorted, wider than the column, cut, or written in letters under 8 pixels, and how much code is in sight.
LAYOUT = """() => {
    const article = document.querySelector("main article") ?? document.querySelector("main");
    // Formulas and matrices, of which a long one may be scrolled; parts of figures, which are looked at as a whole;
    // unseen helpers.
    const skipped = ".math, .math *, .wig-pair .map, .wig-pair .map *, svg :not(text), .sr-only, "
        + ".sbt-scroll-pixel-helper";
    const inside = [...article.querySelectorAll("*")].filter(one => one.checkVisibility() && !one.matches(skipped));
    const name = one => one.outerHTML.slice(0, 100);
    const ratio = one => one.viewBox ? one.viewBox.baseVal.width / one.viewBox.baseVal.height
        : one.naturalWidth / one.naturalHeight;
    const column = article.getBoundingClientRect();
    const beyond = (box, around) => box.left < around.left - 1 || box.right > around.right + 1;
    const pictures = inside.filter(one => one.matches("img, svg.picture"));
    return {
        distorted: pictures.filter(one => {
            const box = one.getBoundingClientRect();
            return Math.abs(box.width / box.height / ratio(one) - 1) > 0.01;
        }).map(name),
        wide: inside.filter(one => beyond(one.getBoundingClientRect(), column)).map(name),
        cut: [
            ...inside.filter(one => one.scrollWidth > one.clientWidth + 1 && one.clientWidth)
                .filter(one => getComputedStyle(one).overflowX !== "visible"),
            ...inside.filter(one => one.matches("svg.picture text")
                && beyond(one.getBoundingClientRect(), one.closest("svg").getBoundingClientRect())),
        ].map(name),
        small: inside.filter(one => one.matches("svg.picture text")).filter(one => {
            const svg = one.closest("svg");
            const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
            return parseFloat(getComputedStyle(one).fontSize) * scale < 8;
        }).map(name),
        code: inside.filter(one => one.matches("div.highlight")).reduce((sum, one) => sum + one.clientHeight, 0),
    };
}"""
FAULTS = ["distorted", "wide", "cut", "small"]
LOADED = re.compile(
    r"""<(?:script|img|iframe|source|link)\b[^>]*(?:src|href)=["']?(?:https?:)?//|(?:url\(|@import )["']?https?:"""
)


class Browser:
    """A headless Chromium whose network is cut."""

    def __init__(self, tab: Page):
        self.tab = tab
        self.asked: list[str] = []
        tab.on("request", lambda request: self.asked.append(request.url))

    def open(self, page: Path) -> Page:
        """Open a page, and wait for its mathematics."""
        self.asked.clear()
        self.tab.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
        self.tab.goto(page.as_uri())
        self.tab.evaluate("async () => { await window.MathJax?.startup?.promise }")
        return self.tab

    def visit(self, page: Path) -> dict[str, Any]:
        """Return what the page shows, how it lies at each width, and the addresses elsewhere that it asked for."""
        tab = self.open(page)
        seen = tab.evaluate(CONTENT)
        layouts = {}
        for width in WIDTHS:
            tab.set_viewport_size({"width": width, "height": HEIGHT})
            layouts[width] = tab.evaluate(LAYOUT)
        outside = [url for url in self.asked if not url.startswith(("file:", "data:", "blob:"))]
        return seen | {"layouts": layouts, "outside": outside}

    def violations(self, page: Path, theme: str) -> list[str]:
        """Return the serious and critical findings of axe-core on the page in a theme."""
        tab = self.open(page)
        tab.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        tab.evaluate(f"{AXE}; 0")
        found = tab.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        return [
            f"{one['id']}: {one['nodes'][0]['html'][:100]}" for one in found if one["impact"] in ("serious", "critical")
        ]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("Chromium is not installed; .ci/run installs it")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield Browser(chromium.new_page())
        chromium.close()


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smoke book in the folder $WIG_BOOK, or else one built in a copy, so that the reader's own book stays."""
    if built := os.environ.get("WIG_BOOK"):
        return ROOT / built
    root = tmp_path_factory.mktemp("project")
    for folder in ("notebooks", "book", "results/benchmarks"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("_build"))
    command = [sys.executable, "-m", "wig_core", "book", "--profile", "smoke"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return root / "book/_build/html"


def pages(html: Path) -> list[Path]:
    """Return the pages that a reader can reach; index.html only leads to the first of them."""
    return [page for page in sorted(html.rglob("*.html")) if page.name != "index.html" and "_static" not in page.parts]


def loads_from_outside(html: Path) -> list[str]:
    """Return the places in pages and style sheets that would load something from another host."""
    files = [*pages(html), *html.rglob("*.css")]
    return [
        f"{file.relative_to(html)}: {match[0]}" for file in files for match in LOADED.finditer(file.read_text("utf-8"))
    ]


def test_the_browser_sees_what_it_is_to_find(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        '<main><article style="width: 300px"><p class="math">x</p><img src="none.png">'
        '<img alt="a square, drawn as a strip" src="square.svg" style="width: 200px; height: 50px">'
        '<div style="overflow: auto; width: 100px"><p style="width: 200px">x</p></div><pre style="width: 350px">x</pre>'
        '<svg class="picture" viewBox="0 0 9 9" style="width: 90px"><text x="8" font-size="2">beyond</text>'
        '<text y="5" font-size=".7">i</text></svg>'
        '<p style="color: #ccc">pale</p></article><script src="https://a.invalid/b.js"></script></main>'
    )
    (tmp_path / "square.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    seen = browser.visit(page)
    assert seen["outside"] == ["https://a.invalid/b.js"]
    assert (seen["formulas"], seen["rendered"], seen["broken"]) == (1, 0, [(tmp_path / "none.png").as_uri()])
    assert (seen["pictures"], len(seen["silent"])) == (3, 2)
    found = {name: [one.split(" ")[0] for one in seen["layouts"][390][name]] for name in FAULTS}
    assert found == {"distorted": ["<img"], "wide": ["<pre"], "cut": ["<div", "<text"], "small": ["<text"]}
    assert any(one.startswith("color-contrast") for one in browser.violations(page, "light"))
    assert loads_from_outside(tmp_path) == ['page.html: <script src="https://']


def test_no_page_loads_anything_from_outside(html: Path) -> None:
    assert loads_from_outside(html) == []


def test_prose_quotes_numbers_that_there_are(html: Path) -> None:
    missing = re.compile(r'class="pasted-text">[^<]*\bnan\b')
    assert [page.name for page in pages(html) if missing.search(page.read_text("utf-8"))] == []


def test_every_page_opens_without_a_network_and_is_whole_at_every_width(html: Path, browser: Browser) -> None:
    seen = {page.relative_to(html).as_posix(): browser.visit(page) for page in pages(html)}
    for fault in ("outside", "broken", "silent"):
        assert {name: page[fault] for name, page in seen.items() if page[fault]} == {}
    for fault in FAULTS:
        at = {(name, width): one[fault] for name, page in seen.items() for width, one in page["layouts"].items()}
        assert {place: found for place, found in at.items() if found} == {}
    assert [name for name, page in seen.items() if page["rendered"] != page["formulas"] or page["faults"]] == []
    assert [name for name, page in seen.items() if "Profile smoke" not in page["text"]] == []
    assert sum(page["rendered"] for page in seen.values()) > 0
    assert sum(page["pictures"] for page in seen.values()) > 0
    code = {name: page["layouts"][WIDTHS[0]]["code"] for name, page in seen.items() if name.startswith("notebooks/")}
    assert {name: height for name, height in code.items() if height > HEIGHT} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_can_be_read_by_all(html: Path, browser: Browser, theme: str) -> None:
    found = {page.relative_to(html).as_posix(): browser.violations(page, theme) for page in pages(html)}
    assert {name: violations for name, violations in found.items() if violations} == {}


def test_a_figure_of_words_answers(html: Path, browser: Browser) -> None:
    """To a word that is typed, and to a dot that is pointed at; each marks it in every panel."""
    tab = browser.open(html / "notebooks/02_word_information.html")
    word = tab.locator(".asked option").nth(3).text_content()
    tab.fill(".asked input", word)
    first, *sentences = tab.inner_text(".asked output").splitlines()
    assert first.startswith(f"{word}: −log P(w) ")
    assert 1 <= len(sentences) <= 2
    assert all(word in sentence.lower() for sentence in sentences)
    assert tab.locator(".asked .mark:visible").count() == 1
    circle = tab.locator(".asked .wide .mark circle").bounding_box()
    tab.fill(".asked input", "no such word")
    assert tab.locator(".asked .mark:visible").count() == 0
    tab.mouse.move(circle["x"] + circle["width"] / 2, circle["y"] + circle["height"] / 2)
    assert tab.inner_text(".asked output").startswith(f"{word}: −log P(w) ")
