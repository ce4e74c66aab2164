"""Do information weights improve static embeddings? Page 21."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy import stats

from wig_book.experiments.rows import Findings, Numbers, cell, cells
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.information.word_information import smooth_inverse_frequency, word_information
from wig_core.regression import Floats, estimate
from wig_core.text.corpus import SimilarityPairs, load_corpus, load_similarities
from wig_core.text.words import words_of

UNIFORM, WHOLE = "uniform", "encoder"  # the names of two weightings: all words alike, and the whole encoder
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class StaticVectors:
    """One vector per word.

    Attributes:
        name: of their source, such as an encoder.
        vectors: ``[words, d]``.
        place: the row of each word.
    """

    name: str
    vectors: Floats
    place: dict[str, int]

    @classmethod
    def of_input(cls, encoder: SentenceEncoder, words: Sequence[str]) -> StaticVectors:
        """Take an encoder's input embeddings; a word of several tokens gets their mean."""
        table = encoder.model.get_input_embeddings().weight.detach().double().numpy()
        tokens = encoder.tokenizer(list(words), add_special_tokens=False)["input_ids"]
        kept = {word: ids for word, ids in zip(words, tokens, strict=True) if ids}
        vectors = np.array([table[ids].mean(0) for ids in kept.values()])
        return cls(encoder.name, vectors, {word: i for i, word in enumerate(kept)})

    def embed(self, texts: Sequence[str], weights: pd.Series | None = None) -> Floats:
        """Average the vectors of each text's words, weighted: ``[texts, d]``.

        Args:
            texts: words without a vector are left out.
            weights: by word; a word without one, too rare to be counted, gets the largest. None weighs all alike.

        Raises:
            InputError: none of a text's words has a vector.
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
    weightings: Mapping[str, pd.Series | None],
    *,
    bootstrap: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """How well similarities agree with human judgements: of weighted static embeddings, and of whole encoders.

    Args:
        vectors: to be weighted.
        encoders: to compare them with.
        pairs: of texts, with human judgements.
        weightings: weights by word, by the name of the weighting; `UNIFORM` (None) must be among them.
        bootstrap: resamples of texts for the 95% intervals; of pairs, if no text is in two.
        seed: of the resampling.

    Returns:
        One row per source and weighting (`WHOLE` for an encoder): source, weighting, agreement (Spearman's) and gain,
        the difference from the same source's uniform weighting, both with the ends of their intervals.
    """
    texts = list(dict.fromkeys([*pairs.left, *pairs.right]))
    place = {text: i for i, text in enumerate(texts)}
    left, right = (np.array([place[text] for text in side]) for side in (pairs.left, pairs.right))
    similarities = {
        (one.name, name): _cosines(one.embed(texts, weights), left, right)
        for one in vectors
        for name, weights in weightings.items()
    } | {(one.name, WHOLE): _similarities(one, texts, left, right) for one in encoders}
    scores, keys = np.array(pairs.scores), list(similarities)
    uniform = [keys.index((source, UNIFORM) if (source, UNIFORM) in keys else (source, name)) for source, name in keys]
    # No text is in two pairs: then pairs are resampled, else texts, and pairs with them.
    of_pairs = len(texts) == 2 * len(left)

    def statistics(drawn: Rows) -> Floats:
        kept = drawn if of_pairs else _pairs_of(drawn, left, right)
        agreement = np.array([_spearman(similarities[key][kept], scores[kept]) for key in keys])
        return np.stack([agreement, agreement - agreement[uniform]])

    found = estimate(statistics, len(left) if of_pairs else len(texts), resamples=bootstrap, seed=seed)
    table = pd.DataFrame(keys, columns=["source", "weighting"])
    for i, name in enumerate(("agreement", "gain")):
        for end, values in zip(("", "_low", "_high"), found, strict=True):
            table[f"{name}{end}"] = values[i]
    return table


def words_of_pairs(pairs: SimilarityPairs) -> list[str]:
    """The distinct words of all texts, in order."""
    return list(dict.fromkeys(word for text in (*pairs.left, *pairs.right) for word in words_of(text)))


def _cosines(embeddings: Floats, left: Rows, right: Rows) -> Floats:
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    return (unit[left] * unit[right]).sum(1)


def _spearman(x: Floats, y: Floats) -> float:
    return float(stats.spearmanr(x, y).statistic)


def _similarities(encoder: SentenceEncoder, texts: Sequence[str], left: Rows, right: Rows) -> Floats:
    embeddings = encoder.encode(texts)
    pairwise = encoder.similarity_pairwise(embeddings[torch.from_numpy(left)], embeddings[torch.from_numpy(right)])
    return pairwise.double().numpy()


def _pairs_of(texts: Rows, left: Rows, right: Rows) -> Rows:
    """The pairs of resampled texts: a pair is there as often as its two texts together."""
    count = np.bincount(texts, minlength=1 + max(left.max(), right.max()))
    return np.repeat(np.arange(len(left)), count[left] * count[right])


def weighted_static_vectors(parameters: Mapping[str, Any]) -> Findings:
    """Weight the input embeddings of encoders in several ways, and compare all with human judgements.

    Args:
        parameters: of the page, by name: encoders, pairs, corpus, column, min_count, shuffles, bootstrap and seed.

    Returns:
        The table agreements and `agreement_numbers`.
    """
    judged = load_similarities(parameters["pairs"])
    corpus = load_corpus(parameters["corpus"], column=parameters["column"])
    counting = {name: parameters[name] for name in ("min_count", "shuffles", "seed")}
    weightings = information_weightings(word_information(corpus, **counting))
    encoders = [SentenceEncoder.load(name) for name in parameters["encoders"]]
    vectors = [StaticVectors.of_input(one, words_of_pairs(judged)) for one in encoders]
    resampling = {name: parameters[name] for name in ("bootstrap", "seed")}
    table = agreements(vectors, encoders, judged, weightings, **resampling)
    return Findings(agreement_numbers(table), {"agreements": table})


def information_weightings(information: pd.DataFrame) -> dict[str, pd.Series | None]:
    """The weightings of the page, by name, from `word_information` with shuffles."""
    return {
        UNIFORM: None,
        "kl": information["kl"],
        "corrected kl": information["kl_corrected"].clip(lower=0),
        "self-information": information["self_information"],
        "sif": smooth_inverse_frequency(information["probability"]),
    }


def agreement_numbers(table: pd.DataFrame) -> Numbers:
    """The numbers that prose and claims quote of the first source in `agreements`.

    Returns:
        source; the `cells` agreement and gain of the weightings uniform, kl and encoder; best, the weighting that
        agrees best, with best_agreement and best_gain as `cell`s; and reached, the share of the way from uniform
        weights to the whole encoder that the best weighting goes (with an encoder).
    """
    first = table[table["source"] == table["source"].iloc[0]].set_index("weighting", drop=False)
    best = first["agreement"].drop(WHOLE, errors="ignore").idxmax()
    numbers: Numbers = {
        "source": str(first["source"].iloc[0]),
        "best": str(best),
        **cell(first, "agreement", best, "best_agreement"),
        **cell(first, "gain", best, "best_gain"),
        **cells(first[first["weighting"].isin([UNIFORM, "kl", WHOLE])], ["agreement", "gain"], "weighting"),
    }
    if WHOLE in first.index:
        uniform, chosen, whole = (first.loc[name, "agreement"] for name in (UNIFORM, best, WHOLE))
        numbers["reached"] = (chosen - uniform) / (whole - uniform)
    return numbers
