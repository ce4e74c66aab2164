"""One record of every choice that decides contributions, and contributions kept on disk by its hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, get_args

from tqdm import tqdm

from wig_core.attribution.coalitions import Absence
from wig_core.attribution.contributions import Contributions, load_contributions, save_contributions
from wig_core.attribution.inputs import Granularity, Precision
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.attribution.shapley import shapley_values
from wig_core.cache import cached, source_hash
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError

SHARD = 64  # sentences explained, and kept, together


Method = Literal["ig", "shap"]


_DECIDING = (
    "wig_core.encoders.encoder",
    "wig_core.text.words",
    "wig_core.attribution.quadrature",
    "wig_core.attribution",
)  # of contributions


@dataclass(frozen=True)
class Explainer:
    """How contributions are measured.

    Attributes:
        method: "ig" for `integrated_gradients`, "shap" for `shapley_values`.
        baseline: what stands in place of a word; "deleted" for "shap" alone.
        target: "vector" or "norm".
        granularity: of words or subwords.
        precision: of both; see there.
        tolerance: of "ig".
        permutations, seed: of "shap".
    """

    method: Method = "ig"
    baseline: Absence = "mask"
    target: Literal["vector", "norm"] = "vector"
    granularity: Granularity = "word"
    tolerance: float = 0.01
    precision: Precision = "float32"
    permutations: int = 16
    seed: int = 0

    def explain(
        self, encoder: SentenceEncoder, sentences: Sequence[str], *, progress: bool = False
    ) -> list[Contributions]:
        """The contributions of each sentence's words to its embedding.

        Raises:
            InputError: see `integrated_gradients` and `shapley_values`; an unknown method.
        """
        common: dict[str, Any] = {"target": self.target, "granularity": self.granularity, "progress": progress}
        if self.method == "shap":
            return shapley_values(
                encoder,
                sentences,
                baseline=self.baseline,
                permutations=self.permutations,
                precision=self.precision,
                seed=self.seed,
                **common,
            )
        if self.method != "ig":
            raise InputError(f"method {self.method!r} is unknown; choose one of {', '.join(get_args(Method))}")
        if self.baseline == "deleted":
            raise InputError("baseline 'deleted' has no path for Integrated Gradients; choose another, or method shap")
        return integrated_gradients(
            encoder,
            sentences,
            baseline=self.baseline,
            tolerance=self.tolerance,
            precision=self.precision,
            **common,
        )

    def explain_once(
        self, encoder: SentenceEncoder, sentences: Sequence[str], *, progress: bool = False
    ) -> list[Contributions]:
        """The same, from disk where the same encoder, sentences and choices have been asked before (`cache`).

        Sentences are explained in shards, each kept when it is done: after an interruption the rest is explained, and
        the processes of a `Crew` share them.
        """
        shards = [sentences[start : start + SHARD] for start in range(0, len(sentences), SHARD)]
        folder = cached(
            "contributions", self._key(encoder, sentences), partial(self._explain_shards, encoder, shards, progress)
        )
        return [one for number in range(len(shards)) for one in load_contributions(_place(folder, number))]

    def _key(self, encoder: SentenceEncoder, sentences: Sequence[str]) -> dict[str, Any]:
        return {
            "encoder": encoder.fingerprint(),
            "sentences": list(sentences),
            "attribution": asdict(self),
            "sources": source_hash(*_DECIDING),
            "versions": {name: version(name) for name in ("torch", "transformers", "tokenizers")},
        }

    def _explain_shards(
        self, encoder: SentenceEncoder, shards: Sequence[Sequence[str]], progress: bool, folder: Path
    ) -> None:
        """This process's share of the shards, those that are there already left out."""
        several = len(shards) > 1
        for number in tqdm(range(len(shards)), "shards", disable=not several):
            place = _place(folder, number)
            if not place.exists():
                explained = self.explain(encoder, shards[number], progress=progress and not several)
                part = place.with_suffix(".part")
                save_contributions(explained, part)
                part.replace(place)


def _place(folder: Path, shard: int) -> Path:
    return folder / f"shard-{shard:06}.safetensors"
