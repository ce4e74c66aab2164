"""One record of every choice that decides contributions; contributions from the cache, and of streams of sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, Literal, get_args

from torch import Tensor
from tqdm import tqdm

from wig_core.attribution.coalitions import Absence
from wig_core.attribution.contributions import Contributions, ContributionSet
from wig_core.attribution.inputs import Division, Precision
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.attribution.shapley import shapley_values
from wig_core.cache import cached_files, source_hash, stable_hash
from wig_core.encoders.encoder import EncoderLike, SentenceEncoder, as_encoder
from wig_core.errors import InputError
from wig_core.text.sentences import check_sentences, iter_sentences

Method = Literal["ig", "shap"]
_METHOD_MODULES = {
    "ig": ["derivatives", "forward_mode", "integrated_gradients", "path_steps", "paths", "quadrature"],
    "shap": ["coalitions", "shapley"],
}
_OTHERS_SETTINGS = {"ig": {"permutations", "seed"}, "shap": {"tolerance"}}  # those that the method does not use


@dataclass(frozen=True)
class Explainer:
    """How contributions are measured.

    Attributes:
        method: "ig" for `integrated_gradients`, "shap" for `shapley_values`.
        baseline: what replaces an absent word: the mask, padding or unknown token, the zero vector, or, with "shap"
            only, nothing ("deleted").
        target: "vector" for the embedding itself, "norm" for its Euclidean length.
        granularity: contributions of each "word", "subword" (a token), "phrase", "sentence" or "paragraph"
            (`wig_core.text.passages`), or for a single text the characters at which its units begin. What contributes
            as one moves from the baseline as one. With "ig" its contribution is the sum of those of its words, up to
            the tolerance; with "shap" sentences are the players, which is another question.
        tolerance: the estimated relative error of the contributions that "ig" is to reach.
        precision: "float32", or "bfloat16", which is about twice as fast where the processor supports it.
        permutations: how many orders "shap" draws for a sentence of more than ten words.
        seed: of these orders.

    Example:
        >>> explained = Explainer("shap", "pad").explain("wig-base", ["A rare sentence."])
        >>> explained[0].words
        ['a', 'rare', 'sentence', '.']
    """

    method: Method = "ig"
    baseline: Absence = "mask"
    target: Literal["vector", "norm"] = "vector"
    granularity: Division = "word"
    tolerance: float = 0.1
    precision: Precision = "float32"
    permutations: int = 16
    seed: int = 0

    def explain(
        self,
        encoder: EncoderLike,
        sentences: Sequence[str],
        *,
        directions: Tensor | None = None,
        cache: bool = False,
        shard_size: int = 64,
        progress: bool = False,
    ) -> ContributionSet:
        """The contributions of each sentence's words to its embedding.

        Args:
            encoder: a `SentenceEncoder`, a loaded `SentenceTransformer`, or the name of an encoder.
            sentences: N sentences, none blank.
            directions: explain the inner products of the embedding with these, ``[k, d]``, in place of the target.
            cache: take them from the cache (`wig_core.cache`) if the same question has been asked before, else keep
                them there. Sentences are explained in shards, each kept when it is done. After an interruption only
                the rest is explained, and processes that ask the same question at the same time share the shards.
            shard_size: how many sentences make a shard.
            progress: show a bar on standard error.

        Returns:
            One `Contributions` per sentence, in order, on the CPU.

        Raises:
            InputError: a sentence is blank, a setting is unknown or unusable, or the cache cannot be written.
        """
        self._check()
        encoder = as_encoder(encoder)
        if not cache:
            return self._measure(encoder, sentences, directions, progress)
        sentences = check_sentences(sentences, blank=False)
        _check_positive("shard_size", shard_size)
        shards = [sentences[start : start + shard_size] for start in range(0, len(sentences), shard_size)]
        several = len(shards) > 1
        with tqdm(total=len(shards), desc="shards", disable=not (progress and several)) as bar:

            def make(shard: Sequence[str], path: Path) -> None:
                self._measure(encoder, shard, directions, progress and not several).save(path)
                bar.update()

            files = {f"shard-{number:06}.safetensors": partial(make, shard) for number, shard in enumerate(shards)}
            key = self._key(encoder, sentences, directions, shard_size)
            folder = cached_files("contributions", key, files)
        return ContributionSet(one for file in files for one in ContributionSet.load(folder / file))

    def _check(self) -> None:
        if self.method not in get_args(Method):
            raise InputError(f"method {self.method!r} is unknown; choose one of {', '.join(get_args(Method))}")
        if self.method == "ig" and self.baseline == "deleted":
            raise InputError("baseline 'deleted' has no path for Integrated Gradients; choose another, or method shap")

    def _settings(self) -> dict[str, Any]:
        """The settings that the method uses, by name."""
        unused = _OTHERS_SETTINGS[self.method] | {"method"}
        return {name: value for name, value in asdict(self).items() if name not in unused}

    def _measure(
        self, encoder: SentenceEncoder, sentences: Sequence[str], directions: Tensor | None, progress: bool
    ) -> ContributionSet:
        measure = shapley_values if self.method == "shap" else integrated_gradients
        target = {} if directions is None else {"target": directions}
        return measure(encoder, sentences, progress=progress, **(self._settings() | target))

    def _key(
        self, encoder: SentenceEncoder, sentences: Sequence[str], directions: Tensor | None, shard_size: int
    ) -> dict[str, Any]:
        modules = ["contributions", "inputs", *_METHOD_MODULES[self.method]]
        deciding = ["encoders.encoder", "text.passages", "text.words", *(f"attribution.{module}" for module in modules)]
        return {
            "encoder": encoder.fingerprint(),
            "sentences": list(sentences),
            "method": self.method,
            "settings": self._settings(),
            "directions": None if directions is None else stable_hash(directions.tolist()),
            "shard_size": shard_size,
            "sources": source_hash(*(f"wig_core.{module}" for module in deciding)),
            "versions": {name: version(name) for name in ("torch", "transformers", "tokenizers")},
        }


def iter_contributions(
    encoder: EncoderLike, sentences: Iterable[str], explainer: Explainer | None = None, *, chunk: int = 64
) -> Iterator[Contributions]:
    """The contributions of any number of sentences, one after the other, in constant memory.

    Args:
        encoder: a `SentenceEncoder`, a loaded `SentenceTransformer`, or the name of an encoder.
        sentences: such as a generator or `stream_corpus`, none blank; it is read one chunk ahead.
        explainer: how contributions are measured; by default Integrated Gradients with its default settings.
        chunk: how many sentences are explained together.

    Yields:
        The `Contributions` of each sentence, in order, on the CPU.

    Raises:
        InputError: a sentence is blank, or a setting is unknown or unusable.

    Example:
        >>> stream = (f"The number {number}." for number in range(1_000_000))
        >>> next(iter_contributions("wig-base", stream, chunk=2)).words
        ['the', 'number', '0', '.']
    """
    _check_positive("chunk", chunk)
    encoder, explainer = as_encoder(encoder), explainer or Explainer()
    stream = iter_sentences(sentences, blank=False)
    while batch := list(islice(stream, chunk)):
        yield from explainer.explain(encoder, batch)


def _check_positive(name: str, value: int) -> None:
    if value < 1:
        raise InputError(f"{name} is {value}; give 1 or more")
