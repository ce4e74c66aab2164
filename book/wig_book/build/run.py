"""A page with its values: where it is kept, what decides it, and whether it has to be executed again.

An executed page is kept with a record of everything that decided it, so that no page is executed twice (`Run.key`).
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import nbformat

from wig_book.build.commits import commit
from wig_book.build.imports import used_modules
from wig_book.build.kernel import Kernels, execute_notebook
from wig_book.build.pages import Page, Profile
from wig_book.build.progress import Task
from wig_book.build.protocol import protocol
from wig_book.build.values import PLACES
from wig_core.cache import file_hash, stable_hash, write_atomically
from wig_core.encoders.registry import EncoderName
from wig_core.text.sources import existing_path, local_copy

PACKAGES = ["torch", "transformers", "tokenizers", "numpy", "scipy", "pandas", "datasets", "gensim", "matplotlib"]


@dataclass(frozen=True)
class Run:
    """A page with a value for each of its parameters, and the place where it is kept."""

    root: Path
    page: Page
    profile: str
    values: dict[str, Any]
    changed: dict[str, Any]  # the values that a reader has set and that differ from the profile's
    for_comparison: bool = False  # kept beside the profile's own results, to compare with them

    @classmethod
    def of(cls, root: Path, page: Page, profile: Profile, given: Mapping[str, Any] | None = None) -> Run:
        """Settle every parameter: the notebook's default, then the profile's value, then the one ``given``."""
        values = {name: parameter.default for name, parameter in page.parameters.items()} | profile.values[page.name]
        changed = {name: value for name, value in (given or {}).items() if value != values[name]}
        return cls(root, page, profile.name, values | changed, changed)

    @property
    def label(self) -> str:
        """The profile's name, or a short hash of values that differ from the profile's."""
        return stable_hash(self.values)[:8] if self.changed else self.profile

    @property
    def notebook(self) -> Path:
        """The executed page."""
        folder = f"runs/{self.page.name}-{self.label}" if self.changed else f"pages/{self._folder}"
        return self.root / "book/_build" / folder / f"{self.page.name}.ipynb"

    @property
    def traceback(self) -> Path:
        """The file with the full traceback of a failed page."""
        return self.notebook.with_suffix(".traceback")

    @property
    def results(self) -> str:
        """The folder to which the page writes its numbers, relative to the project."""
        return f"results/runs/{self.page.short}-{self.label}" if self.changed else f"results/{self._folder}"

    @property
    def _folder(self) -> str:
        return f"{self.profile}-again" if self.for_comparison else self.profile

    def key(self) -> str:
        """A hash of everything that decides the page: source, values, files they name, our code, libraries."""
        source = self.page.path.read_text("utf-8")
        return stable_hash([source, self.values, self.results, self.files(), code_of(self.page), versions(PACKAGES)])

    def files(self) -> dict[str, str]:
        """The hash of each file or folder that the values name, or that is read in place of a data set."""
        places = [value for name, value in self.values.items() if name in PLACES]
        found = {text: local_copy(text) or self._named(text) for text in texts_of(places)}
        return {text: digest(path) for text, path in found.items() if path}

    def _named(self, text: str) -> Path | None:
        """The file or folder of that name below the root, whatever pooling is behind it."""
        place = EncoderName.parse(text).location
        return existing_path(place if place.startswith("~") else str(self.root / place))

    def outputs(self) -> dict[str, str]:
        """The hash of each file that the page wrote: the executed notebook and its numbers."""
        folder = self.root / self.results
        numbers = [path for suffix in ("csv", "json") for path in folder.glob(f"{self.page.short}*.{suffix}")]
        return {path.relative_to(self.root).as_posix(): digest(path) for path in [self.notebook, *sorted(numbers)]}

    def record(self) -> dict[str, Any]:
        """What was recorded of its execution: key, commit, protocol, seconds, outputs; empty without a valid record."""
        path = self.notebook.with_suffix(".json")
        try:
            return json.loads(path.read_text("utf-8")) if path.exists() and self.notebook.exists() else {}
        except ValueError:
            return {}

    def is_current(self) -> bool:
        """Whether executing the page again would change nothing."""
        record = self.record()
        return bool(record) and record["key"] == self.key() and record["outputs"] == self.outputs()

    def execute(self, task: Task, kernels: Kernels) -> None:
        """Execute the page; it replaces the older one only when it has run to its end.

        Raises:
            InputError, BuildError: see `execute_notebook`.
            PermissionError: the page or its numbers cannot be written, which is known before anything runs.
        """
        begun = {"key": self.key(), "commit": commit(self.root), "protocol": protocol(self.root)}
        start = time.monotonic()
        if self.page.has_results:
            _make_writable(self.root / self.results)
        _make_writable(self.notebook.parent)
        self.traceback.unlink(missing_ok=True)
        write_atomically({self.notebook: nbformat.writes(execute_notebook(self, task, kernels)) + "\n"})
        record = begun | {"seconds": round(time.monotonic() - start, 1), "outputs": self.outputs()}
        write_atomically({self.notebook.with_suffix(".json"): json.dumps(record, indent=1) + "\n"})


def code_of(page: Page) -> list[str]:
    """The hashes of the code that decides a page: wig_core, and the modules of wig_book that the page uses,
    with their scripts."""
    modules = used_modules(page.path, "wig_book")
    scripts = [script for module in modules if (script := module.with_suffix(".js")).is_file()]
    return [digest(Path(str(resources.files("wig_core")))), *map(file_hash, [*modules, *scripts])]


def versions(packages: Iterable[str]) -> dict[str, str]:
    """The versions of Python and of those ``packages`` that are installed."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def digest(path: Path) -> str:
    """A hash of a file, or of a folder's files and their names."""
    if path.is_file():
        return file_hash(path)
    files = sorted(file for file in path.rglob("*") if file.is_file() and file.suffix != ".pyc")
    return stable_hash([[file.relative_to(path).as_posix(), file_hash(file)] for file in files])


def texts_of(value: Any) -> Iterator[str]:
    """The texts in a value: the value itself, the items of a list, the keys and values of a mapping."""
    if isinstance(value, str):
        yield from [value] if value.strip("./") else []
    elif isinstance(value, list):
        yield from itertools.chain.from_iterable(map(texts_of, value))
    elif isinstance(value, dict):
        yield from texts_of([*value, *value.values()])


def _make_writable(folder: Path) -> None:
    """Make a folder if needed, and fail before hours of work, not after, if nothing can be written to it."""
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
