"""The commits that a project and single files of it are at."""

from __future__ import annotations

import subprocess
from pathlib import Path


def commit(root: Path, *paths: str) -> str:
    """The commit of a project's files, and whether they differ from it.

    Args:
        root: a folder in a checkout.
        paths: files, relative to the root; their commit is the last one that changed any of them. By default, all files
            but results; their commit is the one that is checked out.

    Returns:
        The hash of the commit, followed by "with uncommitted changes" if there are any; "unknown" if there is no commit
        of the files, or no git.
    """
    last = _git(root, "log", "-1", "--format=%H", "--", *paths)
    changed = _git(root, "status", "--porcelain", "--", *(paths or (".", ":(exclude)results")))
    return last + (" with uncommitted changes" if changed else "") if last else "unknown"


def _git(root: Path, *words: str) -> str:
    try:
        return subprocess.run(
            ["git", "--no-optional-locks", "-C", root, *words], capture_output=True, text=True
        ).stdout.strip()
    except OSError:
        return ""
