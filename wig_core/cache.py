"""Results of expensive steps, kept in folders that are named by a hash of everything that decides them.

The folders lie in ``$WIG_CACHE``, by default ``~/.cache/wig``. Deleting them costs nothing but time.
"""

from __future__ import annotations

import errno
import functools
import hashlib
import json
import os
import re
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from wig_core.errors import InputError

_REMEDIES = {  # what helps when a file cannot be written, by the system's error number
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "free some space"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "make its folder writable"),
    **dict.fromkeys((errno.ENOTDIR, errno.EEXIST, errno.EISDIR), "move the file or folder that is in the way"),
    errno.EIO: "check the disk",
}
_SEAL = "cache.json"  # the key, and the sha256 of every file
_CLOCK_TICK = 10**8  # ns; a file may change again within a tick of the file system's clock and keep its time


def cache_dir(kind: str) -> Path:
    """The cache folder of one kind of result, such as "encoders".

    Raises:
        InputError: the user has no home folder, and WIG_CACHE names none.
    """
    try:
        return Path(os.environ.get("WIG_CACHE") or "~/.cache/wig").expanduser() / kind
    except RuntimeError:  # HOME is not set, and the system does not know the user's number
        raise InputError("no home folder is known for the cache; set WIG_CACHE to a folder") from None


def find_cached(kind: str, key: Mapping[str, Any]) -> Path | None:
    """The folder of a result that has been made, which need not be writable; None if it is missing or damaged.

    Args:
        kind, key: as for `cached`.
    """
    folder = cache_dir(kind) / stable_hash(key)
    return folder if _is_undamaged(folder) else None


def cached(kind: str, key: Mapping[str, Any], make: Callable[[Path], None]) -> Path:
    """The folder of a result, made by `make` unless it is there already.

    One process makes the folder; others that ask for it meanwhile wait.

    Args:
        kind: the kind of result, such as "encoders".
        key: everything that decides the result, serialisable as JSON.
        make: fills the folder it is given. After an interruption it is called with the same folder, so that it can
            resume.

    Returns:
        A folder with the files that `make` wrote. A damaged folder is made again, with a warning.

    Raises:
        InputError: the cache cannot be written; what `make` has finished is kept.
    """
    if found := find_cached(kind, key):  # without a lock, so that a cache which is read-only serves what it holds
        return found
    root, name = cache_dir(kind), stable_hash(key)
    folder, unfinished = root / name, root / f"{name}.unfinished"
    with _writing(root), FileLock(root / f"{name}.lock"):
        if not _is_there(folder):
            unfinished.mkdir(exist_ok=True)
            make(unfinished)
            _finish(unfinished, folder, key)
    return folder


def cached_files(kind: str, key: Mapping[str, Any], files: Mapping[str, Callable[[Path], None]]) -> Path:
    """The folder of a result that consists of independent files; all processes that ask for it share the work.

    Each process makes the files that no other process is making, one at a time, then waits for the rest. After an
    interruption only unfinished files are made again.

    Args:
        kind: the kind of result, such as "contributions".
        key: everything that decides the result, serialisable as JSON.
        files: maps the name of each file to the function that writes it, given the path to write to.

    Returns:
        A folder with these files. A damaged folder is made again, with a warning.

    Raises:
        InputError: the cache cannot be written; finished files are kept.
    """
    if found := find_cached(kind, key):
        return found
    root, name = cache_dir(kind), stable_hash(key)
    folder, unfinished, locks = root / name, root / f"{name}.unfinished", root / "locks"
    with _writing(root):
        with FileLock(root / f"{name}.lock"):
            if _is_there(folder):
                return folder
            unfinished.mkdir(exist_ok=True)
        for timeout in (0, -1):  # first skip what others are making, then wait for it (or make what they left undone)
            for file, make in files.items():
                claim = FileLock(locks / f"{name}-{file}.lock", timeout=timeout)
                with suppress(Timeout), claim:
                    # In this order: another process may finish the folder between the two questions.
                    if not (unfinished / file).exists() and not folder.exists():
                        part = unfinished / f"{file}.part"
                        make(part)
                        part.replace(unfinished / file)
        with FileLock(root / f"{name}.lock"):
            if not folder.exists():
                _finish(unfinished, folder, key)
        for lock in locks.glob(f"{name}-*.lock"):
            lock.unlink(missing_ok=True)
    return folder


@contextmanager
def _writing(root: Path) -> Iterator[None]:
    """Within, the folder `root` exists, and a failure to write is one line."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        yield
    except Exception as error:
        if not (why := write_failure(error)):
            raise
        raise InputError(f"cache {str(root)!r} cannot be written {why}, or set WIG_CACHE to another folder") from error


def _is_there(folder: Path) -> bool:
    """Whether the folder is there and undamaged; a damaged one is removed."""
    if folder.exists() and not _is_undamaged(folder):
        warnings.warn(f"{folder} is damaged and is made again", stacklevel=3)
        shutil.rmtree(folder)
    return folder.exists()


def _is_undamaged(folder: Path) -> bool:
    try:
        return json.loads((folder / _SEAL).read_text(encoding="utf-8"))["files"] == _hashes(folder)
    except (OSError, ValueError, KeyError):
        return False


def _finish(unfinished: Path, folder: Path, key: Mapping[str, Any]) -> None:
    seal = {"key": key, "files": _hashes(unfinished)}
    (unfinished / _SEAL).write_text(json.dumps(seal, indent=1) + "\n", encoding="utf-8")
    unfinished.rename(folder)


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file != folder / _SEAL)
    return {str(file.relative_to(folder)): file_hash(file) for file in files}


def file_hash(path: Path) -> str:
    """The sha256 of a file, in hexadecimal. A process hashes a file again only after its size or time has changed."""
    status = path.stat()
    if abs(time.time_ns() - status.st_mtime_ns) < _CLOCK_TICK:
        return _sha256(path)
    return _known_sha256(path.absolute(), status.st_size, status.st_mtime_ns, status.st_ino)


@functools.cache
def _known_sha256(path: Path, size: int, modified: int, inode: int) -> str:
    return _sha256(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def stable_hash(value: Any) -> str:
    """A short hash of a JSON-serialisable value; the order of the keys of a mapping does not matter."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:20]


def source_hash(*modules: str) -> str:
    """One hash of the source code of modules.

    Args:
        modules: dotted names; a package stands for all its modules.

    Raises:
        ModuleNotFoundError: a module does not exist, so that a renamed one cannot drop out of a key unnoticed.
    """
    return stable_hash([file_hash(file) for module in modules for file in source_files(module)])


def source_files(module: str) -> list[Path]:
    """The Python files of a module, or of all modules of a package, sorted by path.

    Raises:
        ModuleNotFoundError: the module does not exist.
    """
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no module {module!r}")
    folders = spec.submodule_search_locations
    return sorted(file for folder in folders for file in Path(folder).rglob("*.py")) if folders else [Path(spec.origin)]


def write_atomically(texts: Mapping[Path, str]) -> None:
    """Write text files so that each is whole; if one cannot be written, all stay as they were.

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
                part.unlink()  # on a full disk it takes space that others need
        raise OSError(error.errno, error.strerror, str(path)) from None


def write_failure(error: Exception) -> str | None:
    """Why a file could not be written, and what helps; None for an error of another kind.

    Example:
        >>> write_failure(OSError(28, "No space left on device"))
        '(No space left on device); free some space'
    """
    if isinstance(error, InputError):  # its message is complete already
        return None
    number = getattr(error, "errno", None)
    if found := re.search(r"\(os error (\d+)\)|\[Errno (\d+)\]", str(error)):  # safetensors', shutil's
        number = int(found[1] or found[2])
    if isinstance(error, RuntimeError) and re.search("PytorchStreamWriter|unexpected pos", str(error)):
        number = errno.ENOSPC  # torch does not report why writing failed
    return f"({os.strerror(number)}); {_REMEDIES[number]}" if number in _REMEDIES else None
