"""What giving the weights outright is good for: static word vectors, weighed by what words tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy import stats

from wig_book.experiments.rows import display_table, with_interval
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.regression import Floats, interval
from wig_core.text.corpus import SimilarityPairs
from wig_core.text.words import words_of

UNIFORM = "uniform"


@dataclass(frozen=True)
class StaticVectors:
    """One vector a word.

    Attributes:
        name: where they are from.
        vectors: ``[words, d]``.
        place: each word's row.
    """

    name: str
    vectors: Floats
    place: dict[str, int]

    @classmethod
    def of_input(cls, encoder: SentenceEncoder, words: Sequence[str]) -> StaticVectors:
        """An encoder's input embeddings, the mean over a word's tokens."""
        table = encoder.model.get_input_embeddings().weight.detach().double().numpy()
        tokens = encoder.tokenizer(list(words), add_special_tokens=False)["input_ids"]
        kept = {word: ids for word, ids in zip(words, tokens, strict=True) if ids}
        vectors = np.array([table[ids].mean(0) for ids in kept.values()])
        return cls(encoder.name, vectors, {word: i for i, word in enumerate(kept)})

    def embed(self, texts: Sequence[str], weights: pd.Series | None = None) -> Floats:
        """The weighted mean of the vectors of each text's words, ``[texts, d]``.

        Args:
            texts: their words are looked up; those without a vector are left out.
            weights: by word; a word that has none, being too rare to count, gets the greatest. None weighs all alike.

        Raises:
            InputError: a text without a single known word.
        """
        greatest = 1.0 if weights is None else float(weights.max())
        known = {} if weights is None else weights.to_dict()
        rows = []
        for text in texts:
            words = [word for word in words_of(text) if word in self.place]
            if not words:
                raise InputError(f"text {text[:40]!r} has no word with a vector; leave it out")
            each = np.array([known.get(word, greatest) for word in words])
            rows.append(each @ self.vectors[[self.place[word] for word in words]] / each.sum())
        return np.array(rows)


def agreements(
    vectors: Sequence[StaticVectors],
    encoders: Sequence[SentenceEncoder],
    pairs: SimilarityPairs,
    weightings: dict[str, pd.Series | None],
    *,
    bootstrap: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """How similarities agree with people's: of weighted static embeddings, and of whole encoders for comparison.

    Args:
        vectors: to be weighed.
        encoders: to compare with.
        pairs: of texts, with people's judgements.
        weightings: each a name and weights by word; None is `UNIFORM`, which has to be there.
        bootstrap: resamples of texts (of pairs, where no text is in two).
        seed: of the resampling.

    Returns:
        One row a source and weighting ("encoder" for a whole one): source, weighting, agreement (Spearman's), low and
        high, and the difference to the same vectors weighed alike, gain with gain_low and gain_high.
    """
    texts = list(dict.fromkeys([*pairs.left, *pairs.right]))
    place = {text: i for i, text in enumerate(texts)}
    left, right = (np.array([place[text] for text in side]) for side in (pairs.left, pairs.right))
    scores, rows = np.array(pairs.scores), []
    draws = list(_draws(left, right, bootstrap, seed))

    def agreement(similarities: Floats) -> Floats:
        return np.array([_spearman(similarities[kept], scores[kept]) for kept in (np.arange(len(scores)), *draws)])

    def add(source: str, weighting: str, found: Floats, alike: Floats) -> None:
        gain = found - alike
        rows.append((source, weighting, found[0], *interval(found[1:]), gain[0], *interval(gain[1:])))

    for one in vectors:
        found = {
            name: agreement(_cosines(one.embed(texts, weights), left, right)) for name, weights in weightings.items()
        }
        for name, values in found.items():
            add(one.name, name, values, found[UNIFORM])
    for encoder in encoders:
        embeddings = encoder.encode(texts)
        similarities = encoder.similarity_pairwise(
            embeddings[torch.from_numpy(left)], embeddings[torch.from_numpy(right)]
        )
        whole = agreement(similarities.double().numpy())
        alike = next(
            (agreement(_cosines(one.embed(texts), left, right)) for one in vectors if one.name == encoder.name), whole
        )
        add(encoder.name, "encoder", whole, alike)
    columns = ["source", "weighting", "agreement", "low", "high", "gain", "gain_low", "gain_high"]
    return pd.DataFrame(rows, columns=columns)


def words_of_pairs(pairs: SimilarityPairs) -> list[str]:
    """The different words of all texts, in order."""
    return list(dict.fromkeys(word for text in (*pairs.left, *pairs.right) for word in words_of(text)))


def _cosines(embeddings: Floats, left: NDArray[np.int64], right: NDArray[np.int64]) -> Floats:
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    return (unit[left] * unit[right]).sum(1)


def _spearman(x: Floats, y: Floats) -> float:
    return float(stats.spearmanr(x, y).statistic)


def _draws(left: NDArray[np.int64], right: NDArray[np.int64], times: int, seed: int) -> list[NDArray[np.int64]]:
    """Rows of pairs, resampled: pairs share texts, so texts are drawn, and a pair is there as often as both its texts
    together."""
    rng, size = np.random.default_rng(seed), int(max(left.max(), right.max())) + 1
    if size == 2 * len(left):
        return [rng.integers(len(left), size=len(left)) for _ in range(times)]
    rows = np.arange(len(left))
    counts = [np.bincount(rng.integers(size, size=size), minlength=size) for _ in range(times)]
    return [np.repeat(rows, count[left] * count[right]) for count in counts]


def usefulness_headline(table: pd.DataFrame) -> dict[str, float | int | str]:
    """The numbers that prose quotes of `agreements`, of the first source.

    Returns:
        source; uniform; best, the weighting that agrees best, with best_agreement and its gain (gain, gain_low,
        gain_high); of KL gain_kl with its ends (gain_low_kl, gain_high_kl); encoder, the agreement of the whole
        encoder; and reached, the share of the way from uniform to it that the best weighting goes.
    """
    first = table[table["source"] == table["source"].iloc[0]].set_index("weighting")
    weighted = first.drop(index="encoder", errors="ignore")
    best = weighted["agreement"].idxmax()
    uniform, whole = first.loc[UNIFORM, "agreement"], first["agreement"].get("encoder", float("nan"))
    return {
        "source": str(first["source"].iloc[0]),
        "uniform": uniform,
        "best": str(best),
        "best_agreement": first.loc[best, "agreement"],
        "gain": first.loc[best, "gain"],
        "gain_low": first.loc[best, "gain_low"],
        "gain_high": first.loc[best, "gain_high"],
        "gain_kl": first.loc["kl", "gain"],
        "gain_low_kl": first.loc["kl", "gain_low"],
        "gain_high_kl": first.loc["kl", "gain_high"],
        "encoder": whole,
        "reached": (first.loc[best, "agreement"] - uniform) / (whole - uniform),
    }


def readable_agreements(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `agreements` as text, intervals in brackets."""
    columns = {
        "agreement with people": with_interval(table, "agreement", low="low", high="high"),
        "gain over uniform": with_interval(table, "gain", "+.3f"),
    }
    return display_table(table, ["source", "weighting"], columns)
