"""Results of expensive steps, kept in folders named by a hash of everything that decides them.

They lie in ``$WIG_CACHE``, by default ``~/.cache/wig``; deleting it loses nothing but time.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from filelock import FileLock

from wig_core.errors import InputError
from wig_core.training.distributed import Crew

_REMEDIES = {  # what helps where a file cannot be written, by the number of the system's error
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "free some space"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "make its folder writable"),
    **dict.fromkeys((errno.ENOTDIR, errno.EEXIST, errno.EISDIR), "move away what stands in its place"),
    errno.EIO: "check the disk",
}
_SEAL = "cache.json"  # the key, and the sha256 of every file
_LOOKING = ContextVar("_LOOKING", default=False)


class NotKeptError(LookupError):
    """The cache has not what was asked for, and it was not to be made."""


@contextmanager
def only_kept() -> Iterator[None]:
    """Within, `cached` makes nothing, and raises `NotKeptError` instead."""
    token = _LOOKING.set(True)
    try:
        yield
    finally:
        _LOOKING.reset(token)


def cache_dir(kind: str) -> Path:
    """The folder in which what is of a kind lies."""
    return Path(os.environ.get("WIG_CACHE") or Path.home() / ".cache" / "wig") / kind


def cached(kind: str, key: Mapping[str, Any], make: Callable[[Path], None]) -> Path:
    """The folder that `make` fills, made only if no folder of this key is there.

    Args:
        kind: what is kept, such as "encoders".
        key: everything that decides the result; it must be representable as JSON.
        make: fills the folder that it is given. That folder survives an interruption, and `make` gets it again.

    Returns:
        A folder whose files are what `make` wrote; a damaged one is made anew, with a warning. Of two processes that
        want the same, the second waits for the first. Those of one `Crew` make it together: `make` is called in each.

    Raises:
        InputError: the cache cannot be written; what `make` has done so far is kept.
    """
    root = cache_dir(kind)
    name, crew = stable_hash(key), Crew.now()
    folder, unfinished = root / name, root / f"{name}.unfinished"
    if _LOOKING.get():
        if not _is_whole(folder):
            raise NotKeptError(f"{kind} {name}")
        return folder
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / f"{name}.lock") if crew.is_first else nullcontext():
            if crew.agree(crew.is_first and not _is_there(folder)):
                unfinished.mkdir(exist_ok=True)
                make(unfinished)
                crew.wait()
                if crew.is_first:
                    _seal(unfinished, key)
                    unfinished.rename(folder)
            crew.wait()
    except Exception as error:
        if not (why := write_failure(error)):
            raise
        raise InputError(f"cache {str(root)!r} cannot be written {why}, or set WIG_CACHE to another folder") from error
    return folder


def _is_there(folder: Path) -> bool:
    """Whether the folder is there and whole; a damaged one is taken away."""
    if folder.exists() and not _is_whole(folder):
        warnings.warn(f"{folder} is damaged and is made anew", stacklevel=3)
        shutil.rmtree(folder)
    return folder.exists()


def write_atomically(texts: Mapping[Path, str]) -> None:
    """Write files, each whole; if one cannot be written, all stay as they were.

    Raises:
        OSError: it names the file.
    """
    parts = {path: path.with_name(f"{path.name}.part") for path in texts}
    path = Path()
    try:
        for path, part in parts.items():
            part.write_text(texts[path], encoding="utf-8", newline="")
        for path, part in parts.items():
            part.replace(path)
    except OSError as error:
        for part in parts.values():
            with suppress(OSError):
                part.unlink()  # on a full disk it takes the room that another needs
        raise OSError(error.errno, error.strerror, str(path)) from None


def write_failure(error: Exception) -> str | None:
    """Why a file was not written, and what helps; None for an error of another kind.

    Example:
        >>> unwritten(OSError(28, "No space left on device"))
        '(No space left on device); free some space'
    """
    if isinstance(error, InputError):  # it says so itself
        return None
    number = getattr(error, "errno", None)
    if told := re.search(r"\(os error (\d+)\)|\[Errno (\d+)\]", str(error)):  # safetensors', shutil's
        number = int(told[1] or told[2])
    if isinstance(error, RuntimeError) and re.search("PytorchStreamWriter|unexpected pos", str(error)):
        number = errno.ENOSPC  # torch does not say why it could not go on
    return f"({os.strerror(number)}); {_REMEDIES[number]}" if number in _REMEDIES else None


def stable_hash(key: Any) -> str:
    """A short name for what is representable as JSON: the same for the same."""
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:20]


def source_hash(*modules: str) -> str:
    """One hash of the source code of modules, given by their dotted names; a package stands for all its modules.

    Raises:
        ModuleNotFoundError: a module does not exist, so that a renamed one cannot drop out of a key unnoticed.
    """
    return stable_hash([_hash(file) for module in modules for file in source_files(module)])


def source_files(module: str) -> list[Path]:
    """The Python files of a module, or of all modules of a package, in order.

    Raises:
        ModuleNotFoundError: the module does not exist.
    """
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no module {module!r}")
    folders = spec.submodule_search_locations
    return sorted(file for folder in folders for file in Path(folder).rglob("*.py")) if folders else [Path(spec.origin)]


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file != folder / _SEAL)
    return {str(file.relative_to(folder)): _hash(file) for file in files}


def _seal(folder: Path, key: Mapping[str, Any]) -> None:
    seal = {"key": key, "files": _hashes(folder)}
    (folder / _SEAL).write_text(json.dumps(seal, indent=1) + "\n", encoding="utf-8")


def _is_whole(folder: Path) -> bool:
    try:
        return json.loads((folder / _SEAL).read_text(encoding="utf-8"))["files"] == _hashes(folder)
    except (OSError, ValueError, KeyError):
        return False
