"""The protocol of the study, and whether the numbers of a run were made under it.

The protocol is fixed before a run. Each page records the hashes of its files as the page begins. Once a file has
changed, in whatever way, numbers that were made before can decide no claim any more. Contents are compared and not
commits, so this works in an archive and in a shallow clone too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from wig_book.build.commits import commit
from wig_core.cache import file_hash

FILES = ("book/protocol.md", "book/claims.yml")


def protocol(root: Path) -> dict[str, Any]:
    """The present protocol of a project, for the record of a page.

    Returns:
        `files`, the SHA-256 of each file by its path, and `commit`, the last one that changed them, and whether they
        have changed since; empty if the project has no protocol.
    """
    files = _hashes(root)
    return {"commit": commit(root, *files), "files": files} if files else {}


def outdated(root: Path, results: Path, pages: set[str]) -> set[str]:
    """Those pages whose numbers were not made under the present protocol.

    Args:
        root: the project.
        results: a folder of numbers.
        pages: the short names of pages that have numbers there. One without a record is outdated.
    """
    present = _hashes(root)
    return {page for page in pages if _recorded(results / f"{page}.provenance.yml") != present}


def _hashes(root: Path) -> dict[str, str]:
    return {name: file_hash(root / name) for name in FILES if (root / name).is_file()}


def _recorded(provenance: Path) -> dict[str, str]:
    made = yaml.safe_load(provenance.read_text("utf-8")) if provenance.is_file() else {}
    return (made.get("protocol") or {}).get("files", {})
