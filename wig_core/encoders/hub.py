"""Encoders' folders from the Hugging Face hub: fetched once, verified at every use.

The hub's own client does the work: its cache (``$HF_HOME``), its endpoint (``$HF_ENDPOINT``), and ``HF_HUB_OFFLINE=1``
for what the cache has. A download that breaks off is taken up where it stopped, by a later run file by file.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from pathlib import Path
from typing import Any

from wig_core.encoders.registry import HUB_ENCODERS, WEIGHTS_AND_TOKENIZER, with_pooling
from wig_core.errors import InputError

_COPIES = ["onnx/*", "openvino/*"]  # the same weights again, for other engines


def fetch(name: str) -> Path:
    """The local folder of an encoder on the hub.

    Where a repository has no safetensors, the revision is taken in which the hub's own robot has put them.

    Args:
        name: "owner/name", at the revision that `HUB_ENCODERS` says or the newest, or "owner/name@revision": a branch,
            tag or commit.

    Raises:
        InputError: no such repository or revision, no access to it, no network, or weights that arrive damaged twice.
    """
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    repository, revision = _split(name)
    try:
        folder = _verified(repository, revision)
        if not any(folder.glob("*.safetensors")) and (converted := _converted(repository)):
            folder = _verified(repository, converted)
        return folder
    except InputError:
        raise
    except GatedRepoError:
        raise InputError(f"encoder {name!r} is gated on the hub; ask for access there and log in") from None
    except RepositoryNotFoundError:
        raise InputError(f"encoder {name!r} is not on the hub; check its spelling, or log in") from None
    except RevisionNotFoundError:
        raise InputError(f"encoder {repository!r} has no revision {revision!r} on the hub; check it") from None
    except Exception as error:  # the client's HTTP library, and so the kind of its errors, changes between releases
        status = error.response.status_code if isinstance(error, HfHubHTTPError) else None
        if status in (401, 403):
            raise InputError(f"the hub does not give encoder {name!r} to everyone ({status}); log in there") from None
        reason = type(error).__name__
        raise InputError(
            f"encoder {name!r} could not be fetched from the hub ({reason}); check the network or give a local folder"
        ) from None


def commit_of(name: str) -> str | None:
    """The commit of an encoder on the hub whose files are in the cache; None for what is not from there."""
    from huggingface_hub import try_to_load_from_cache

    place, _ = with_pooling(name)
    if not re.fullmatch(r"[\w.-]+/[\w.-]+(@.+)?", place) or Path(place).exists():
        return None
    repository, revision = _split(place)
    found = try_to_load_from_cache(repository, "config.json", revision=revision)
    return Path(found).parent.name if isinstance(found, str) else None


def commit_of_data(place: str) -> str | None:
    """The commit of a data set, "owner/name" or "owner/name:part", at which the cache has it; None if it has not."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    folder = repo_folder_name(repo_id=place.partition(":")[0], repo_type="dataset")
    newest = Path(constants.HF_HUB_CACHE, folder, "refs/main")
    return newest.read_text("utf-8").strip() if newest.is_file() else None


def listed(name: str) -> dict[str, tuple[int, bool]]:
    """The files that `fetch` wants of an encoder: their bytes, and whether the cache has them. Nothing is fetched.

    Raises:
        Exception: whatever the hub's client raises.
    """
    repository, revision = _split(name)
    files = _listed(repository, revision)
    if not any(file.endswith(".safetensors") for file in files) and (converted := _converted(repository)):
        return _listed(repository, converted)
    return files


def config_of(name: str, *, ask: bool = True) -> dict[str, Any] | None:
    """An encoder's config.json, from the cache or, if we may `ask`, the hub; the cache stays as it is.

    Raises:
        Exception: whatever the hub's client raises.
    """
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    repository, revision = _split(name)
    found = try_to_load_from_cache(repository, "config.json", revision=revision)
    with tempfile.TemporaryDirectory() as folder:
        if not isinstance(found, str) and ask:
            found = hf_hub_download(repository, "config.json", revision=revision, cache_dir=folder, etag_timeout=5)
        return json.loads(Path(found).read_text("utf-8")) if isinstance(found, str) else None


def _listed(repository: str, revision: str) -> dict[str, tuple[int, bool]]:
    from huggingface_hub import HfApi, try_to_load_from_cache
    from huggingface_hub.utils import filter_repo_objects

    info = HfApi().model_info(repository, revision=revision, files_metadata=True, timeout=5)
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or []}
    wanted = filter_repo_objects(sizes, allow_patterns=WEIGHTS_AND_TOKENIZER, ignore_patterns=_COPIES)
    return {
        file: (sizes[file], isinstance(try_to_load_from_cache(repository, file, revision=revision), str))
        for file in wanted
    }


def _split(name: str) -> tuple[str, str]:
    repository, _, revision = name.partition("@")
    known = HUB_ENCODERS.get(repository)
    return repository, revision or (known.revision if known else "main")


def _verified(repository: str, revision: str) -> Path:
    """The repository's folder, its weights compared with the hash that the hub told; damaged ones are fetched anew."""
    folder = _snapshot(repository, revision)
    if not (damaged := _damaged(folder)):
        return folder
    for path in damaged:
        path.resolve().unlink()
        path.unlink()
    folder = _snapshot(repository, revision)
    if damaged := _damaged(folder):
        raise InputError(
            f"encoder {repository!r}: {damaged[0].name} arrives damaged from the hub; check the network, then delete "
            f"{str(folder)!r} and run again"
        )
    return folder


def _snapshot(repository: str, revision: str) -> Path:
    from huggingface_hub import snapshot_download

    return Path(
        snapshot_download(
            repository,
            revision=revision,
            allow_patterns=WEIGHTS_AND_TOKENIZER,
            ignore_patterns=_COPIES,
            etag_timeout=5,
        )
    )


def _damaged(folder: Path) -> list[Path]:
    """The weights whose content is not what their name in the client's cache says: their sha256."""

    def is_damaged(path: Path) -> bool:
        told = path.resolve().name
        if not re.fullmatch("[0-9a-f]{64}", told):
            return False
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() != told

    return [path for path in sorted(folder.rglob("*.safetensors")) if is_damaged(path)]


def _converted(repository: str) -> str | None:
    """The revision in which the hub's own robot has put safetensors beside older weights, if there is one."""
    from huggingface_hub import HfApi, constants, scan_cache_dir

    if constants.HF_HUB_OFFLINE:
        known = [
            revision
            for one in scan_cache_dir(constants.HF_HUB_CACHE).repos
            if one.repo_id == repository
            for revision in one.revisions
        ]
        return next((ref for revision in known for ref in revision.refs if ref.startswith("refs/pr/")), None)
    return next(
        (
            f"refs/pr/{one.num}"
            for one in HfApi().get_repo_discussions(repository, discussion_type="pull_request")
            if one.author == "SFconvertbot" and "safetensors" in one.title
        ),
        None,
    )
