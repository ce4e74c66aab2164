"""Which modules of a package a page uses, so that a change of any other does not execute it again."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path


def used_modules(file: Path, package: str) -> list[Path]:
    """The files of the modules of a package that a file imports, directly or through each other, sorted by path.

    Nothing is imported to find them.
    """
    found: set[Path] = set()
    waiting = [file]
    while waiting:
        new = {path for name in imported(waiting.pop(), package) if (path := _file_of(name))} - found
        found |= new
        waiting += new
    return sorted(found)


def imported(file: Path, package: str) -> Iterator[str]:
    """The dotted names that a file imports from a package, anywhere in it: modules, and names inside modules."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (name for name in names if name.split(".")[0] == package)


def _file_of(name: str) -> Path | None:
    """The file of a module; None for a name inside a module."""
    package, *parts = name.split(".")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return None
    place = Path(spec.origin).parent.joinpath(*parts)
    return next((file for file in (place.with_suffix(".py"), place / "__init__.py") if parts and file.is_file()), None)
