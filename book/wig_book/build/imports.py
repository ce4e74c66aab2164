"""Which modules a page uses, so that a change elsewhere does not execute it again."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path


def used_modules(file: Path, package: str) -> list[Path]:
    """Return the files of the modules of a package that a file imports, directly or through each other, in order."""
    found: set[Path] = set()
    waiting = [file]
    while waiting:
        new = {Path(origin) for name in imported(waiting.pop(), package) if (origin := _origin(name))} - found
        found |= new
        waiting += new
    return sorted(found)


def imported(file: Path, package: str) -> Iterator[str]:
    """Yield the names of the modules of a package that a file imports itself, anywhere in it."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (name for name in names if name.split(".")[0] == package)


def _origin(name: str) -> str | None:
    """Return the file of a module; None for what is a name inside of one."""
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        return None
    return spec.origin if spec else None
