"""What must be fetched before pages can run, and what is here already; nothing is fetched but what tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from wig_book.build.cost import Shape
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.hub import config_of, listed
from wig_core.encoders.registry import NAMED_ENCODERS
from wig_core.text.sources import SUFFIXES, place_on_hub

Kind = Literal["model", "data set"]


Files = dict[str, tuple[int, bool]]  # by name: bytes, and whether the cache has it


_DATA = (*SUFFIXES, ".gz", ".zst", ".arrow")


@dataclass(frozen=True)
class Download:
    """A model or data set of the hub.

    Attributes:
        name: of the repository; of a data set perhaps with a part of it.
        kind: "model" or "data set".
        size: bytes; None where it is not known.
        cached: bytes of it that are here.
        note: why it is not known, or what else to tell.
    """

    name: str
    kind: Kind
    size: int | None = None
    cached: int = 0
    note: str = ""

    @property
    def missing(self) -> int:
        """Bytes that are still to be fetched, as far as is known."""
        return max(0, (self.size or 0) - self.cached)


@dataclass
class Hub:
    """The hub, which is asked no more once it has not answered.

    Attributes:
        answers: whether it has so far.
    """

    answers: bool = True
    _shapes: dict[str, Shape | None] = field(default_factory=dict)

    def model(self, name: str) -> Download | None:
        """What an encoder needs of the hub; None for one that is packaged or a folder."""
        if is_local(name):
            return None
        found = self._told(Download(name, "model"), lambda: listed(name))
        if self.shape(name) is None:
            found = replace(found, note="; ".join(filter(None, (found.note, "work as for BERT-base"))))
        return found

    def data_set(self, corpus: str) -> Download | None:
        """What a corpus needs of the hub; None for one that is packaged or a file."""
        place = place_on_hub(corpus)
        return self._told(Download(place, "data set"), lambda: _data_files(place)) if place else None

    def shape(self, name: str) -> Shape | None:
        """The sizes of an encoder, from its config.json; None if there is none to be read.

        Raises:
            InputError: an encoder that is neither packaged nor a folder, and cannot be on the hub.
        """
        if name not in self._shapes:
            self._shapes[name] = self._shape(name)
        return self._shapes[name]

    def _shape(self, name: str) -> Shape | None:
        if is_local(name):
            return Shape.of_config(SentenceEncoder.load(name, device="cpu").model.config.to_dict())
        try:
            config = config_of(name, ask=self.answers)
        except Exception:  # of many kinds; that the hub does not answer is told with the size
            return None
        return Shape.of_config(config) if config else None

    def _told(self, download: Download, list_files: Callable[[], Files]) -> Download:
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
            note = f"size not known: the hub does not tell ({error.response.status_code})"
        except Exception:  # the client's HTTP library, and so the kind of its errors, changes between releases
            self.answers = False
        here = _bytes_here(download)
        return replace(download, size=here, cached=here) if here else replace(download, note=note)


def is_local(name: str) -> bool:
    """Whether an encoder is packaged or a folder."""
    return name in NAMED_ENCODERS or Path(name).exists() or name.count("/") != 1 or name.startswith((".", "/", "~"))


def _data_files(place: str) -> Files:
    """The files of a data set, or of the part that is asked for: a file or folder of that name."""
    from huggingface_hub import HfApi, try_to_load_from_cache

    name, _, part = place.partition(":")
    info = HfApi().dataset_info(name, files_metadata=True, timeout=5)
    sizes = {one.rfilename: one.size or 0 for one in info.siblings or [] if one.rfilename.endswith(_DATA)}
    chosen = [file for file in sizes if part and (file == part or file.startswith(f"{part}/"))] or list(sizes)
    return {
        file: (sizes[file], isinstance(try_to_load_from_cache(name, file, repo_type="dataset"), str)) for file in chosen
    }


def _bytes_here(download: Download) -> int:
    """What the hub's cache holds of a repository; 0 for a model without its weights."""
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
