"""From a page and its values to an executed notebook: jupytext, then papermill.

An executed page is kept with a record of all that decided it, so that nothing is executed twice (:meth:`Run.key`).
"""

from __future__ import annotations

import errno
import functools
import hashlib
import itertools
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import nbformat
from filelock import FileLock, Timeout

from wig_book.build.imports import used_modules
from wig_book.build.kernel import execute_notebook
from wig_book.build.pages import Page, Profile
from wig_book.build.progress import Progress
from wig_core.cache import write_atomically
from wig_core.encoders.registry import EncoderName
from wig_core.text.sources import local_copy

PACKAGES = ["torch", "transformers", "tokenizers", "numpy", "scipy", "pandas", "datasets", "gensim", "matplotlib"]


@dataclass(frozen=True)
class Run:
    """A page with a value for each of its parameters, and the place where it is kept."""

    root: Path
    page: Page
    profile: str
    values: dict[str, Any]
    changed: dict[str, Any]  # what a reader set otherwise than the profile
    for_comparison: bool = False  # beside the profile's own results, to compare with them

    @classmethod
    def of(cls, root: Path, page: Page, profile: Profile, given: Mapping[str, Any] | None = None) -> Run:
        """Settle every parameter: the notebook's default, then the profile's value, then the one ``given``."""
        values = {name: parameter.default for name, parameter in page.parameters.items()} | profile.values[page.name]
        changed = {name: value for name, value in (given or {}).items() if value != values[name]}
        return cls(root, page, profile.name, values | changed, changed)

    @property
    def label(self) -> str:
        """The profile's name, or a short hash of values that are no profile's."""
        return _sha256(self.values)[:8] if self.changed else self.profile

    @property
    def notebook(self) -> Path:
        """The executed page."""
        folder = f"runs/{self.page.name}-{self.label}" if self.changed else f"pages/{self._place}"
        return self.root / "book/_build" / folder / f"{self.page.name}.ipynb"

    @property
    def traceback(self) -> Path:
        """Where a page that fails leaves the whole story."""
        return self.notebook.with_suffix(".traceback")

    @property
    def results(self) -> str:
        """Where the page writes its numbers, relative to the project."""
        return f"results/runs/{self.page.short}-{self.label}" if self.changed else f"results/{self._place}"

    @property
    def _place(self) -> str:
        return f"{self.profile}-again" if self.for_comparison else self.profile

    def key(self) -> str:
        """Return a hash of all that decides the page: source, values, files they name, package, libraries."""
        source = self.page.path.read_text("utf-8")
        return _sha256([source, self.values, self.results, self.files(), code_of(self.page), versions(PACKAGES)])

    def files(self) -> dict[str, str]:
        """Return the digest of each file or folder that the values name, or that is read in place of a data set."""
        texts = texts_of([*self.values.values()])
        found = {text: local_copy(text) or _named(self.root, EncoderName.parse(text).location) for text in texts}
        return {text: digest(path) for text, path in found.items() if path}

    def outputs(self) -> dict[str, str]:
        """Return the digest of each file that the page wrote: itself and its numbers."""
        folder = self.root / self.results
        numbers = [path for suffix in ("csv", "json") for path in folder.glob(f"{self.page.short}*.{suffix}")]
        return {path.relative_to(self.root).as_posix(): digest(path) for path in [self.notebook, *sorted(numbers)]}

    def record(self) -> dict[str, Any]:
        """Return what was written down when the page was executed; nothing if it never was, or that is damaged."""
        path = self.notebook.with_suffix(".json")
        try:
            return json.loads(path.read_text("utf-8")) if path.exists() and self.notebook.exists() else {}
        except ValueError:
            return {}

    def is_current(self) -> bool:
        """Tell whether executing the page again would change nothing."""
        record = self.record()
        return bool(record) and record["key"] == self.key() and record["outputs"] == self.outputs()

    def execute(self, progress: Progress) -> None:
        """Execute the page; it takes the older one's place only when it has run to its end."""
        key, start = self.key(), time.monotonic()
        if self.page.has_results:
            _make_writable(self.root / self.results)
        _make_writable(self.notebook.parent)
        self.traceback.unlink(missing_ok=True)
        write_atomically({self.notebook: nbformat.writes(execute_notebook(self, progress)) + "\n"})
        record = {"key": key, "seconds": round(time.monotonic() - start, 1), "outputs": self.outputs()}
        write_atomically({self.notebook.with_suffix(".json"): json.dumps(record, indent=1) + "\n"})


@contextmanager
def build_lock(root: Path, progress: Progress) -> Iterator[None]:
    """Within, no other wig works in the same folder; while one does, wait for its end, and say so.

    The lock is the operating system's, so that it is free when its holder is gone, in whatever way it went.
    """
    build = root / "book/_build"
    build.mkdir(parents=True, exist_ok=True)
    lock, holder = FileLock(build / "wig.lock"), build / "wig.pid"
    try:
        lock.acquire(blocking=False)
    except Timeout:
        pid = holder.read_text("utf-8") if holder.exists() else "not known yet"
        progress.say(f"wig: another wig is at work in {root} (pid {pid}); waiting")
        lock.acquire()
    try:
        holder.write_text(str(os.getpid()), "utf-8")
        yield
    finally:
        lock.release()


def execute_pages(runs: Iterable[Run], progress: Progress, *, force: bool = False) -> int:
    """Execute the pages that are not current; return how many those were."""
    due = [run for run in runs if force or not run.is_current()]
    for number, run in enumerate(due, 1):
        progress.title = f"[{number}/{len(due)}] {run.page.name}"
        progress.say(f"{progress.title} · {run.page.title}")
        run.execute(progress)
        progress.say(f"{progress.title} · done in {run.record()['seconds']} s")
    return len(due)


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of Python and of those ``packages`` that are installed."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def digest(path: Path) -> str:
    """Return a hash of a file, or of a folder's files and their names."""
    if path.is_dir():
        return _sha256([[file.relative_to(path).as_posix(), digest(file)] for file in _files(path)])
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def texts_of(value: Any) -> Iterator[str]:
    """Return the texts in a value: itself, the items of a list, the keys and values of a mapping."""
    if isinstance(value, str):
        yield from [value] if value.strip("./") else []
    elif isinstance(value, list):
        yield from itertools.chain.from_iterable(map(texts_of, value))
    elif isinstance(value, dict):
        yield from texts_of([*value, *value.values()])


def _named(root: Path, text: str) -> Path | None:
    """Return the file or folder of that name, if there is one."""
    try:
        path = root / Path(text).expanduser()
        return path if path.exists() else None
    except (OSError, ValueError, RuntimeError):  # no path at all: a long sentence, say
        return None


def _make_writable(folder: Path) -> None:
    """Make a folder if need be, and tell before hours of work rather than behind them that it cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def _sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")


def code_of(page: Page) -> list[str]:
    """Return the hashes of the code that decides a page: wig_core, and the modules of wig_book that the page uses."""
    return [_library(), *(digest(file) for file in used_modules(page.path, "wig_book"))]


@functools.cache
def _library() -> str:
    return digest(Path(str(resources.files("wig_core"))))
