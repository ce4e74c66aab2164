"""The PDF of a tiny book: its sheets, bookmarks, links, and what is on them."""

from pathlib import Path

import pytest
from pypdf import PdfReader

from wig_book.build import pdf
from wig_book.build.kernel import BuildError
from wig_book.build.progress import Progress
from wig_core.cli import main
from wig_core.errors import InputError

TOC = """\
format: jb-book
root: intro
parts:
  - caption: Dogs & cats
    chapters: [{file: notebooks/01_dogs}, {file: cats}]
"""
PAGES = {
    "intro": '<p>See <a href="cats.html">cats</a>, <a href="#end">the end</a>, <a href="intro.csv">numbers</a> and '
    '<a href="https://example.org/x">a site</a>.</p><p style="break-before: page" id="end">The end.</p>',
    "notebooks/01_dogs": '<figure><svg viewBox="0 0 200 20" width="300"><text y="15">weight of a dog</text></svg>'
    "<figcaption>Dogs — weighed.</figcaption></figure>",
    "cats": '<a href="notebooks/01_dogs.html">back</a>',
}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A folder with `html` and `_toc.yml`."""
    (tmp_path / "html/notebooks").mkdir(parents=True)
    for name, body in PAGES.items():
        title = f"About {name.rpartition('/')[2]} — A book"
        (tmp_path / f"html/{name}.html").write_text(f"<meta charset=utf-8><title>{title}</title>{body}", "utf-8")
    (tmp_path / "_toc.yml").write_text(TOC)
    return tmp_path


def make(book: Path) -> Path:
    return pdf.make_pdf(book / "html", book / "_toc.yml", book / "book.pdf", Progress())


def targets(read: PdfReader, sheet: int) -> list[object]:
    """Where the links of a sheet lead: to the number of another sheet, or elsewhere."""
    links = [one.get_object() for one in read.pages[sheet].annotations or []]
    numbers = {page.indirect_reference: number for number, page in enumerate(read.pages)}
    return [numbers[link["/Dest"][0]] if "/Dest" in link else link["/A"]["/URI"] for link in links]


def test_pages_are_bound_in_the_order_of_the_contents(book: Path) -> None:
    read = PdfReader(make(book))
    contents, first, second, dogs, cats = (page.extract_text() for page in read.pages)
    assert " ".join(contents.split()) == "About intro About intro 1 Dogs & cats About 01_dogs 3 About cats 4"
    assert "See cats" in first
    assert second.split() == ["The", "end.", "2"]
    assert "weight of a dog" in dogs
    assert "Dogs — weighed." in dogs
    assert cats.split() == ["back", "4"]
    assert read.page_labels == ["i", "1", "2", "3", "4"]
    root, part, pages = read.outline
    assert [root["/Title"], part["/Title"], *(one["/Title"] for one in pages)] == [
        "About intro", "Dogs & cats", "About 01_dogs", "About cats"
    ]  # fmt: skip
    assert [read.get_destination_page_number(one) for one in (root, part, *pages)] == [1, 3, 3, 4]
    assert read.metadata.title == "About intro"


def test_links_lead_to_sheets_and_to_sites_but_to_no_file(book: Path) -> None:
    read = PdfReader(make(book))
    assert targets(read, 0) == [1, 3, 4]
    assert targets(read, 1) == [4, 2, "https://example.org/x"]
    assert targets(read, 4) == [3]


def test_a_file_that_is_not_printed_leaves_the_older_pdf(book: Path) -> None:
    (book / "book.pdf").write_text("older")
    (book / "html/cats.html").unlink()
    with pytest.raises(BuildError, match=r"cats\.html"):
        make(book)
    assert sorted(path.name for path in book.iterdir()) == ["_toc.yml", "book.pdf", "html"]
    assert (book / "book.pdf").read_text() == "older"


def test_no_browser_is_one_line(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(book))
    with pytest.raises(InputError, match="none of chromium, chromium-browser, google-chrome is installed; install"):
        make(book)


def test_no_book_is_one_line(toy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(toy.root)
    assert main(["pdf"]) == 2
    assert capsys.readouterr().err.endswith("book/_build/html: there is no book to print; build it with `wig book`\n")
