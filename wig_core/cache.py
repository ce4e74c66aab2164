"""Results of expensive steps, kept in folders named by a hash of everything that decides them.

They lie in ``$WIG_CACHE``, by default ``~/.cache/wig``; deleting it loses nothing but time.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from wig_core.errors import InputError

_SEAL = "cache.json"  # the key, and the sha256 of every file


def cached(kind: str, key: Mapping[str, Any], make: Callable[[Path], None]) -> Path:
    """The folder that `make` fills, made only if no folder of this key is there.

    Args:
        kind: what is kept, such as "encoders".
        key: everything that decides the result; it must be representable as JSON.
        make: fills the folder that it is given. That folder survives an interruption, and `make` gets it again.

    Returns:
        A folder whose files are what `make` wrote; a damaged one is made anew, with a warning. Of two processes that
        want the same, the second waits for the first.

    Raises:
        InputError: the cache cannot be written.
    """
    root = Path(os.environ.get("WIG_CACHE") or Path.home() / ".cache" / "wig") / kind
    name = hash_of(key)
    folder, unfinished = root / name, root / f"{name}.unfinished"
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / f"{name}.lock"):
            if folder.exists() and not _is_whole(folder):
                warnings.warn(f"{folder} is damaged and is made anew", stacklevel=2)
                shutil.rmtree(folder)
            if not folder.exists():
                unfinished.mkdir(exist_ok=True)
                make(unfinished)
                seal = {"key": key, "files": _hashes(unfinished)}
                (unfinished / _SEAL).write_text(json.dumps(seal, indent=1) + "\n", encoding="utf-8")
                unfinished.rename(folder)
    except OSError as error:
        raise InputError(
            f"cache {str(root)!r} cannot be written ({error.strerror}); set WIG_CACHE to another"
        ) from error
    return folder


def hash_of(key: Any) -> str:
    """A short name for what is representable as JSON: the same for the same."""
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:20]


def hash_of_sources(*paths: Path) -> str:
    """One hash of Python files; folders are searched throughout."""
    files = sorted(file for path in paths for file in ([path] if path.is_file() else path.rglob("*.py")))
    return hash_of([_hash(file) for file in files])


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file != folder / _SEAL)
    return {str(file.relative_to(folder)): _hash(file) for file in files}


def _is_whole(folder: Path) -> bool:
    try:
        return json.loads((folder / _SEAL).read_text(encoding="utf-8"))["files"] == _hashes(folder)
    except (OSError, ValueError, KeyError):
        return False
