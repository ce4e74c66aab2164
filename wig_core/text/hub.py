"""Rows of data sets of the Hugging Face hub."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from wig_core.cache import write_failure
from wig_core.errors import InputError, needs_extra
from wig_core.text.tables import Rows, TableRow, batched_rows

_PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY")
_AS_TEXT = {"keep_default_na": False}  # cells of CSV such as "NA" or "None" are text, not missing values
_TSV = {**_AS_TEXT, "quoting": csv.QUOTE_NONE}


def hub_rows(dataset: str, part: str, split: str | None, *, offline: bool, stream: bool) -> Rows:
    """A function that reads the rows of a data set: all columns, or those it is given.

    Args:
        dataset: "owner/name".
        part: a configuration; "" for the only one.
        split: the split, by default "train" or the only one.
        offline: whether the hub is out of reach, so that only a cached copy can be read.
        stream: whether to fetch rows as they are read, and keep nothing on disk.

    Raises:
        InputError: the hub is out of reach, or there are several splits and none is called train.
    """
    opened, is_csv = _opened(dataset, part, split, offline, stream)
    place = f"{dataset}:{part}".rstrip(":")
    if split is None:
        if "train" not in opened and len(opened) > 1:
            fault = f"no split 'train', only {', '.join(opened)}"
            raise InputError(f"{place}: {fault}; say which, as in {dataset}:{part}:{next(iter(opened))}")
        opened = opened["train" if "train" in opened else next(iter(opened))]

    def rows(columns: list[str] | None) -> Iterator[TableRow]:
        for row in batched_rows((opened.select_columns(columns) if columns else opened).iter(batch_size=1_000)):
            if is_csv and "__index_level_0__" in row.cells:  # pandas makes an index of cells that are too many
                raise InputError(f"{place}: rows have more fields than the header; the data set needs a correction")
            yield row

    return rows


def _opened(dataset: str, part: str, split: str | None, offline: bool, stream: bool) -> tuple[Any, bool]:
    """A split or, without one, all by their names; and whether it is of CSV."""
    library = _datasets()
    options: list[dict[str, Any]] = [_TSV, _AS_TEXT, {}]  # a cached copy is found under those it was read with
    if not offline:
        config = library.load_dataset_builder(dataset, part or None).config
        options = [(_TSV if config.sep == "\t" else _AS_TEXT) if hasattr(config, "keep_default_na") else {}]
    for option in options:
        try:
            found = library.load_dataset(dataset, part or None, split=split, streaming=stream, **option)
        except ConnectionError:
            break
        except ValueError:
            if option is options[-1]:
                raise
            continue
        if option or (found if split else next(iter(found.values()))).info.builder_name != "csv":
            return found, bool(option)  # not a copy of CSV that others have cached, without such cells
    raise _out_of_reach(dataset)


def fetched_file(dataset: str, file: str, *, offline: bool) -> Path:
    """The cached copy of a single file of a data set.

    Raises:
        InputError: it is neither cached nor in reach.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(dataset, file, repo_type="dataset", local_files_only=offline))
    except LocalEntryNotFoundError:
        raise _out_of_reach(f"{dataset}:{file}") from None


def _out_of_reach(place: str) -> InputError:
    return InputError(
        f"{place}: the hub cannot be reached and no copy is cached; {network_remedy()}, or give a local file"
    )


def network_remedy() -> str:
    """What to do when the hub cannot be reached; it names the settings that decide how it is reached."""
    names = [name for name in [*_PROXIES, *map(str.lower, _PROXIES)] if os.environ.get(name)]
    socks = [name for name in names if os.environ[name].startswith("socks")]
    if socks and not find_spec("socksio"):
        return (
            f"a SOCKS proxy is set ({socks[0]}), for which the package socksio is missing: pip install 'httpx[socks]'"
        )
    if "HF_ENDPOINT" in os.environ:
        names.append("HF_ENDPOINT")
    return "check the network" + (f" and {', '.join(names)}" if names else "")


def hub_cache_fault(error: Exception) -> str | None:
    """Why the cache of the hub's client cannot be written, and what helps; None for an error of another kind."""
    from huggingface_hub import constants

    if isinstance(error, RuntimeError) and "home directory" in str(error):  # pathlib's
        return "no home folder is known for the cache; set HF_HOME to a folder"
    if why := write_failure(error):
        return f"the cache {constants.HF_HOME!r} cannot be written {why}, or set HF_HOME to another folder"
    return None


@needs_extra("data")
def _datasets() -> Any:
    import datasets

    return datasets


def _hub_answers() -> bool:
    from huggingface_hub import get_session

    endpoint = _datasets().config.HF_ENDPOINT
    try:
        get_session().head(endpoint, timeout=5)
    except Exception:  # the client's HTTP library, and so the kind of its errors, changes between releases
        return False
    return True


@contextmanager
def reaching_hub() -> Iterator[bool]:
    """Within, data sets can be read; the value is whether that is from the cache alone, as the hub does not answer.

    The library then uses its cache without half a minute of retries. It reports nothing to a server, shows no bars,
    and logs no error that it raises anyway.
    """
    import huggingface_hub

    datasets, offline = _datasets(), not _hub_answers()
    config = datasets.config
    before = config.HF_HUB_OFFLINE, config.HF_UPDATE_DOWNLOAD_COUNTS, datasets.logging.get_verbosity()
    with_bars = [library for library in (datasets, huggingface_hub) if not library.utils.are_progress_bars_disabled()]
    config.HF_HUB_OFFLINE, config.HF_UPDATE_DOWNLOAD_COUNTS = offline or config.HF_HUB_OFFLINE, False
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    for library in with_bars:
        library.utils.disable_progress_bars()
    try:
        yield offline
    finally:
        config.HF_HUB_OFFLINE, config.HF_UPDATE_DOWNLOAD_COUNTS, level = before
        datasets.logging.set_verbosity(level)
        for library in with_bars:
            library.utils.enable_progress_bars()
