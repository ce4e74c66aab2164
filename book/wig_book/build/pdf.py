"""The book as one PDF: a browser prints each page, and pypdf binds them behind a table of contents."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from io import BytesIO
from itertools import accumulate, groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import Link
from pypdf.constants import PageLabelStyle
from pypdf.generic import Fit, RectangleObject

from wig_book.build.kernel import BuildError
from wig_book.build.progress import Progress
from wig_core.errors import InputError

BROWSERS = ["chromium", "chromium-browser", "google-chrome"]
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # a book needs no network
    "--virtual-time-budget=30000",  # milliseconds on the clock of the page, for its mathematics
    "--no-pdf-header-footer",
]
PATIENCE = 600  # seconds for a page; it takes two on an idle machine
CONTENTS = """<!doctype html><meta charset="utf-8"><title>Contents</title><style>
@page { size: A4; margin: 20mm 20mm 22mm }
body { font: 11pt/1.3 sans-serif }
h1 { font-size: 20pt; font-weight: normal }
h2 { font-size: 11pt; margin: 1.3em 0 0.3em }
a { display: flex; gap: 0.5em; color: inherit; text-decoration: none }
a i { flex: 1; border-bottom: 1px dotted; margin-bottom: 0.3em }
</style>"""
NUMBERS = """<!doctype html><meta charset="utf-8"><title>Numbers</title><style>
@page { size: A4; margin: 0 }
body { margin: 0; font: 9pt sans-serif; text-align: center }
p { height: 290mm; margin: 0; padding-top: 283mm; box-sizing: border-box; break-after: page }
</style>"""


@dataclass(frozen=True)
class Printed:
    """A page of the book, printed.

    Attributes:
        address: of the page, as links have it.
        part: of the book, as the contents name it; empty for the first page.
        pdf: one or more sheets.
        start: how many sheets lie before it, those of the contents not counted.
    """

    address: str
    part: str
    pdf: PdfReader
    start: int

    @property
    def title(self) -> str:
        """Of the page, without that of the book, which Sphinx puts behind it."""
        title = str(self.pdf.metadata and self.pdf.metadata.title)
        return title.rpartition(" — ")[0] or title


def make_pdf(html: Path, toc: Path, target: Path, progress: Progress) -> Path:
    """Print a built book and return the path of the PDF.

    The table of contents comes first; its sheets are numbered i, ii, …, the others 1, 2, …. Links between pages lead to
    sheets, and parts and pages are bookmarks. What is folded on a page, such as its code, is left out.

    Args:
        html: the folder of the built book.
        toc: its `_toc.yml`, which decides which pages are printed, and their order.
        target: the file to write; an older one is replaced when the new one is complete.
        progress: shows how far it is.

    Raises:
        InputError: there is no book, or no Chromium to print it.
        BuildError: Chromium fails.
    """
    if not toc.is_file() or not html.is_dir():
        raise InputError(f"{html}: there is no book to print; build it with `wig book`")
    with TemporaryDirectory(dir=target.parent, prefix="pdf-") as folder, progress.task("pdf") as task:
        press = Press(find_browser(), Path(folder))
        chapters = read_toc(toc)
        readers = []
        for number, (_, name) in enumerate(chapters, 1):
            task.show(f"{number} of {len(chapters)}: {name}")
            readers.append(press.print(html / f"{name}.html"))
        starts = accumulate([len(reader.pages) for reader in readers], initial=0)
        pages = [
            Printed((html / f"{name}.html").resolve().as_uri(), part, reader, start)
            for (part, name), reader, start in zip(chapters, readers, starts, strict=False)
        ]
        task.show("binding")
        book = bind(pages, press)
        new = Path(folder) / target.name
        book.write(new)
        return new.replace(target)


def find_browser() -> str:
    """Return the path of a Chromium.

    Raises:
        InputError: there is none.
    """
    if found := next(filter(None, map(shutil.which, BROWSERS)), None):
        return found
    raise InputError(f"a PDF is printed by a browser, and none of {', '.join(BROWSERS)} is installed; install Chromium")


def read_toc(toc: Path) -> list[tuple[str, str]]:
    """Return the pages of a Jupyter Book in order, each with the caption of its part."""
    entries = yaml.safe_load(toc.read_text("utf-8"))
    parts = entries.get("parts") or [entries]
    chapters = [(part.get("caption", ""), chapter["file"]) for part in parts for chapter in part["chapters"]]
    return [("", entries["root"]), *chapters]


@dataclass(frozen=True)
class Press:
    """A browser that prints, and the folder for its files."""

    browser: str
    folder: Path

    def print(self, page: Path) -> PdfReader:
        """Print a file of HTML."""
        target = self.folder / "page.pdf"
        target.unlink(missing_ok=True)
        files = [f"--user-data-dir={self.folder / 'profile'}", f"--print-to-pdf={target}", page.resolve().as_uri()]
        try:
            done = subprocess.run([self.browser, *FLAGS, *files], capture_output=True, text=True, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise BuildError(f"{page}: {self.browser} has not printed it in {PATIENCE} seconds") from None
        if done.returncode or not target.is_file():
            said = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
            raise BuildError(f"{page}: {self.browser} could not print it: {said}")
        return PdfReader(BytesIO(target.read_bytes()))

    def print_source(self, source: str) -> PdfReader:
        """Print HTML."""
        page = self.folder / "page.html"
        page.write_text(source, "utf-8")
        return self.print(page)


def bind(pages: list[Printed], press: Press) -> PdfWriter:
    """Bind printed pages behind their contents; number the sheets."""
    contents = press.print_source(CONTENTS + contents_of(pages))
    sheets = sum(len(page.pdf.pages) for page in pages)
    numbers = press.print_source(NUMBERS + "".join(f"<p>{number}</p>" for number in range(1, sheets + 1)))
    front = len(contents.pages)
    book = PdfWriter()
    for pdf in (contents, *(page.pdf for page in pages)):
        book.append(pdf, import_outline=False, excluded_fields=["/Annots"])  # links follow when all sheets are there
    for sheet, its_number in zip(book.pages[front:], numbers.pages, strict=True):
        sheet.merge_page(its_number)
        sheet.compress_content_streams()
    add_bookmarks(book, pages, front)
    add_links(book, pages, contents)
    book.set_page_label(0, front - 1, style=PageLabelStyle.LOWERCASE_ROMAN)
    book.set_page_label(front, front + sheets - 1, style=PageLabelStyle.DECIMAL)
    book.page_mode = "/UseOutlines"
    book.add_metadata({"/Title": pages[0].title})
    book.compress_identical_objects()
    return book


def add_bookmarks(book: PdfWriter, pages: list[Printed], front: int) -> None:
    """Add a bookmark for each page, below that of its part."""
    for part, chapters in groupby(pages, key=lambda page: page.part):
        above = None
        for page in chapters:
            if part and above is None:
                above = book.add_outline_item(title=part, page_number=front + page.start)
            book.add_outline_item(title=page.title, page_number=front + page.start, parent=above)


def add_links(book: PdfWriter, pages: list[Printed], contents: PdfReader) -> None:
    """Add the links of the printed pages; those to pages lead to sheets, those to other files are dropped."""
    targets, front = dict(targets_of(pages)), len(contents.pages)
    printed = [(0, contents, ""), *((front + page.start, page.pdf, page.address) for page in pages)]
    for start, pdf, address in printed:
        for number, rectangle, to in links_of(pdf, address):
            if place := targets.get(to) or targets.get(to.partition("#")[0]):
                fit = Fit.xyz(top=place[1])
                book.add_annotation(start + number, Link(rect=rectangle, target_page_index=front + place[0], fit=fit))
            elif to.startswith("http"):
                book.add_annotation(start + number, Link(rect=rectangle, url=to))


def contents_of(pages: list[Printed]) -> str:
    """The table of contents: parts, pages and the numbers of their first sheets."""
    lines = [f"<h1>{escape(pages[0].title)}</h1>"]
    for part, chapters in groupby(pages, key=lambda page: page.part):
        lines += [f"<h2>{escape(part)}</h2>"] if part else []
        lines += [f'<a href="{one.address}">{escape(one.title)}<i></i>{one.start + 1}</a>' for one in chapters]
    return "\n".join(lines)


def links_of(pdf: PdfReader, address: str) -> Iterator[tuple[int, RectangleObject, str]]:
    """The links of a printed page: number of the sheet, place on it, address to which it leads."""
    for number, sheet in enumerate(pdf.pages):
        for link in (annotation.get_object() for annotation in sheet.annotations or []):
            if "/Dest" in link:
                yield number, link["/Rect"], f"{address}#{link['/Dest'].removeprefix('/')}"
            elif "/URI" in link.get("/A", {}):
                yield number, link["/Rect"], link["/A"]["/URI"]


def targets_of(pages: list[Printed]) -> Iterator[tuple[str, tuple[int, float | None]]]:
    """Addresses, and where they are printed: number of the sheet, points from its bottom (None: its top)."""
    for page in pages:
        yield page.address, (page.start, None)
        for name, place in page.pdf.named_destinations.items():
            sheet = page.pdf.get_destination_page_number(place)
            if sheet is not None:
                yield f"{page.address}#{name.removeprefix('/')}", (page.start + sheet, place.top)
