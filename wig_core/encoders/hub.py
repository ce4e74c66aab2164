"""Folders of encoders on the Hugging Face hub: fetched once, verified before use.

The hub's own client does the work: its cache (``$HF_HOME``), its endpoint (``$HF_ENDPOINT``), and ``HF_HUB_OFFLINE=1``
to use nothing but the cache. A download that breaks off is resumed; a later run resumes with the next file.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from wig_core.cache import file_hash
from wig_core.encoders.registry import WEIGHTS_AND_TOKENIZER, EncoderName
from wig_core.errors import InputError
from wig_core.text.hub import hub_cache_fault, network_remedy

_COPIES = ["onnx/*", "openvino/*"]  # the same weights again, for other engines


def fetch(name: str) -> Path:
    """The local folder of an encoder on the hub, downloaded if necessary.

    If a repository has no safetensors, the revision is used to which the hub's conversion bot has added them.

    Args:
        name: "owner/name", at the revision of `HUB_ENCODERS` or else the newest, or "owner/name@revision": a branch,
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

    repository, revision = _place(name)
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
        if fault := hub_cache_fault(error):
            raise InputError(f"encoder {name!r}: {fault}") from None
        raise InputError(
            f"encoder {name!r} could not be fetched from the hub ({type(error).__name__}); {network_remedy()}, "
            "or give a local folder"
        ) from None


def commit_of(name: str) -> str | None:
    """The commit of a hub encoder that is in the client's cache; None for any other encoder."""
    from huggingface_hub import try_to_load_from_cache

    if not EncoderName.parse(name).is_on_hub:
        return None
    repository, revision = _place(name)
    found = try_to_load_from_cache(repository, "config.json", revision=revision)
    return Path(found).parent.name if isinstance(found, str) else None


def commit_of_data(place: str) -> str | None:
    """The newest commit of a data set, "owner/name" or "owner/name:part", in the cache; None if it is not there."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    folder = repo_folder_name(repo_id=place.partition(":")[0], repo_type="dataset")
    newest = Path(constants.HF_HUB_CACHE, folder, "refs/main")
    return newest.read_text("utf-8").strip() if newest.is_file() else None


def listed(name: str) -> dict[str, tuple[int, bool]]:
    """The files of an encoder that `fetch` downloads, by name: their size in bytes, and whether they are cached.

    Only the list of files is requested.

    Raises:
        Exception: any error of the hub's client.
    """
    repository, revision = _place(name)
    files = _listed(repository, revision)
    if not any(file.endswith(".safetensors") for file in files) and (converted := _converted(repository)):
        return _listed(repository, converted)
    return files


def config_of(name: str, *, ask: bool = True) -> dict[str, Any] | None:
    """An encoder's config.json, from the cache or, if `ask`, from the hub; the cache is left unchanged.

    Raises:
        Exception: any error of the hub's client.
    """
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    repository, revision = _place(name)
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


def _place(name: str) -> tuple[str, str]:
    parsed = EncoderName.parse(name)
    return parsed.place, parsed.hub_revision


def _verified(repository: str, revision: str) -> Path:
    """The repository's folder, its weights checked against the hub's hash; damaged ones are downloaded again."""
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
    """The weights whose sha256 differs from the one that names them in the client's cache."""
    weights = [(path, path.resolve()) for path in sorted(folder.rglob("*.safetensors"))]
    return [path for path, file in weights if re.fullmatch("[0-9a-f]{64}", file.name) and file_hash(file) != file.name]


def _converted(repository: str) -> str | None:
    """The revision to which the hub's conversion bot has added safetensors, if there is one."""
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
