"""One record of every choice that decides contributions, and contributions kept on disk by its hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, get_args

import wig_core
from wig_core.attribution.coalitions import Absence
from wig_core.attribution.contributions import Contributions, Granularity, Precision
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.attribution.shapley import shapley_values
from wig_core.attribution.stored import load_contributions, save_contributions
from wig_core.cache import cached, hash_of_sources
from wig_core.encoders import SentenceEncoder
from wig_core.errors import InputError

Method = Literal["ig", "shap"]


@dataclass(frozen=True)
class Attribution:
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
        """The same, from disk where the same encoder, sentences and choices have been asked before (`cache`)."""
        package = Path(wig_core.__file__).parent
        rooms = ("encoders.py", "words.py", "quadrature.py", "attribution")
        key = {
            "encoder": encoder.fingerprint(),
            "sentences": list(sentences),
            "attribution": asdict(self),
            "sources": hash_of_sources(*(package / room for room in rooms)),
            "versions": {name: version(name) for name in ("torch", "transformers", "tokenizers")},
        }

        def make(folder: Path) -> None:
            save_contributions(
                self.explain(encoder, sentences, progress=progress), folder / "contributions.safetensors"
            )

        return load_contributions(cached("contributions", key, make) / "contributions.safetensors")
