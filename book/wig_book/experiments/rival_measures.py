"""Rival measures of how informative a word is, and how much of the word weights each explains: page 20."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from wig_book.experiments.rows import QUANTITIES, Findings, Numbers, cell, cells
from wig_book.experiments.setup import Setup, from_parameters
from wig_book.labels import MEASURE_NAMES
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.information.word_information import smooth_inverse_frequency, word_information
from wig_core.regression import Floats, estimate, join, r2_of
from wig_core.text.corpus import Corpus
from wig_core.text.words import words_of
from wig_core.word_weights import mean_weights

RUN = 20  # neighbouring sentences that make a document of the topic model


def word_quantities(
    corpus: Corpus, *, min_count: int = 10, shuffles: int = 3, topics: int = 20, seed: int = 0
) -> pd.DataFrame:
    """Count `word_information`, and beside it the measures by which others weight words.

    Args:
        corpus: sentences.
        min_count: words rarer than this are left out.
        shuffles: shuffled corpora for the corrected KL.
        topics: of the topic model.
        seed: of the shuffles and of the topic model.

    Returns:
        The frame of `word_information` (all in nats), with

        - idf: −log of the share of sentences that hold the word (Spärck Jones 1972);
        - sif: `smooth_inverse_frequency`, no unit;
        - topic_information: KL(P(topic | w) ‖ P(topic)), the word's part of the mutual information of words and
          topics, by latent Dirichlet allocation (Blei, Ng and Jordan 2003, gensim's) on runs of sentences.
    """
    table = word_information(corpus, min_count=min_count, shuffles=shuffles, seed=seed)
    sentences = [words_of(sentence) for sentence in corpus]
    holding = pd.Series(list(itertools.chain(*map(set, sentences)))).value_counts()
    table["idf"] = -np.log(holding.reindex(table.index) / len(sentences))
    table["sif"] = smooth_inverse_frequency(table["probability"])
    table["topic_information"] = topic_information(sentences, list(table.index), topics=topics, seed=seed)
    return table


def topic_information(sentences: Sequence[Sequence[str]], words: list[str], *, topics: int, seed: int = 0) -> Floats:
    """Compute KL(P(topic | w) ‖ P(topic)) for each word, by latent Dirichlet allocation.

    A document of the model is a run of `RUN` sentences in the order of the corpus: one sentence is too short to show
    its topic, and neighbours mostly share it.

    Args:
        sentences: the words of each, in the order of the corpus.
        words: the vocabulary of the model; other words are ignored.
        topics: how many.
        seed: of the model.

    Returns:
        In nats, ``[words]``.
    """
    from gensim.models import LdaModel

    place = {word: i for i, word in enumerate(words)}
    bags = []
    for start in range(0, len(sentences), RUN):
        run = itertools.chain(*sentences[start : start + RUN])
        ids, counts = np.unique([place[word] for word in run if word in place], return_counts=True)
        if len(ids):
            bags.append(list(zip(ids.astype(int).tolist(), counts.tolist(), strict=True)))
    model = LdaModel(
        bags, num_topics=topics, id2word=dict(enumerate(words)), random_state=seed, passes=10, alpha="symmetric"
    )
    frequency = np.zeros(len(words))
    for ids, counts in (np.array(bag).T for bag in bags):
        frequency[ids] += counts
    return information_of_topics(model.get_topics().astype(float), frequency / frequency.sum())


def information_of_topics(words_of_topics: Floats, probability: Floats) -> Floats:
    """Compute KL(P(topic | w) ‖ P(topic)), in nats, from P(w | topic) ``[topics, words]`` and P(w) ``[words]``.

    P(topic) is chosen so that the mixture of topics comes nearest to P(w), by non-negative least squares.

    Example:
        >>> information_of_topics(np.array([[0.5, 0.5, 0], [0.5, 0, 0.5]]), np.array([0.5, 0.25, 0.25])).round(3)
        array([0.   , 0.693, 0.693])
    """
    from scipy.optimize import nnls

    prior, _ = nnls(words_of_topics.T, probability)
    prior = prior / prior.sum()
    joint = words_of_topics * prior[:, None] + 1e-300
    given = joint / joint.sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(given > 1e-12, given * np.log(given / prior[:, None]), 0.0)
    return np.maximum(terms.sum(0), 0.0)


def explained(
    weights: pd.DataFrame, quantities: pd.DataFrame, names: Sequence[str], *, bootstrap: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """How much of the variance of word weights each quantity explains, linearly and by rank.

    Args:
        weights: from `word_weights`.
        quantities: from `word_quantities`.
        names: its columns to compare.
        bootstrap: resamples of words for the 95% intervals.
        seed: of the resampling.

    Returns:
        One row per kind ("linear" or "rank") and quantity: correlation (signed), alone (R² of the quantity by itself),
        unique (the R² that all of them lose without it), each with the ends of its interval; common (alone − unique),
        together (R² of all), n_words.

    Raises:
        InputError: as in `join`; or there are hardly more words than quantities.
    """
    joined = join(weights, quantities, *names)
    if len(joined) <= len(names) + 1:
        raise InputError(f"{len(joined)} words are too few for {len(names)} quantities; give more sentences")
    tables = [
        _explained(kind, frame[list(names)], frame["weight"].to_numpy(float), bootstrap, seed)
        for kind, frame in (("linear", joined), ("rank", joined.rank()))
    ]
    return pd.concat(tables, ignore_index=True)


def _explained(kind: str, quantities: pd.DataFrame, y: Floats, bootstrap: int, seed: int) -> pd.DataFrame:
    x = quantities.to_numpy(float)
    found = estimate(lambda rows: _shares(x[rows], y[rows]), len(y), resamples=bootstrap, seed=seed)
    table = pd.DataFrame({"quantity": quantities.columns, "kind": kind})
    for i, share in enumerate(("correlation", "alone", "unique")):
        for end, values in zip(("", "_low", "_high"), found, strict=True):
            table[f"{share}{end}"] = values[:, i]
    return table.assign(common=table["alone"] - table["unique"], together=r2_of(x, y), n_words=len(y))


def _shares(x: Floats, y: Floats) -> Floats:
    """Signed correlation, R² alone and R² lost without it, of each column of x: ``[columns, 3]``."""
    whole = r2_of(x, y)
    alone = [np.corrcoef(column, y)[0, 1] for column in x.T]
    lost = [whole - r2_of(np.delete(x, i, axis=1), y) for i in range(x.shape[1])]
    return np.array([(r, r**2, loss) for r, loss in zip(alone, lost, strict=True)])


def commonality(x: Floats, y: Floats) -> dict[tuple[int, ...], float]:
    """Split R² of y on all columns of x into what each set of columns explains in common and no other column does.

    For a set S and the rest R, ``C(S) = Σ_{T ⊆ S} (−1)^{|T|+1} R²(R ∪ T)`` (Nimon and Reio 2011, after Mood 1971). The
    parts sum to R²; one is negative if columns suppress each other's noise.

    Args:
        x: ``[n, columns]``.
        y: ``[n]``.

    Returns:
        The part of each non-empty set, by the numbers of its columns.

    Example:
        >>> x = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
        >>> {key: round(value, 2) for key, value in commonality(x, x @ [1.0, 2.0]).items()}
        {(0,): 0.2, (1,): 0.8, (0, 1): 0.0}
    """
    columns = range(x.shape[1])
    subsets = [part for size in range(len(columns) + 1) for part in itertools.combinations(columns, size)]
    r2 = {part: r2_of(x[:, list(part)], y) for part in subsets}
    parts = {}
    for chosen in subsets[1:]:
        rest = set(columns) - set(chosen)
        parts[chosen] = sum(
            (-1) ** (len(inner) + 1) * r2[tuple(sorted(rest | set(inner)))]
            for inner in subsets
            if set(inner) <= set(chosen)
        )
    return parts


def commonality_table(weights: pd.DataFrame, quantities: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Split the variance of word weights by `commonality`.

    Returns:
        One row per set of quantities, the largest share first: quantities (joined by " + ") and share (of the
        variance).
    """
    joined = join(weights, quantities, *names)
    parts = commonality(joined[list(names)].to_numpy(float), joined["weight"].to_numpy(float))
    rows = [(" + ".join(names[i] for i in part), share) for part, share in parts.items()]
    table = pd.DataFrame(rows, columns=["quantities", "share"])
    return table.sort_values("share", ascending=False, kind="stable", ignore_index=True)


def rival_measures(parameters: Mapping[str, Any]) -> Findings:
    """Compare six measures of information by what they explain of an encoder's word weights.

    Args:
        parameters: of the page, by name: encoder, baseline, shuffles, topics, bootstrap, and the other fields of
            `Setup`.

    Returns:
        Tables shares (`explained`) and commonality (`commonality_table`), and `share_numbers`.
    """
    setup = replace(from_parameters(Setup, parameters), baselines=[parameters["baseline"]])
    weights = mean_weights(setup.weigh(SentenceEncoder.load(parameters["encoder"])))
    options = {name: parameters[name] for name in ("min_count", "shuffles", "topics", "seed")}
    quantities, names = word_quantities(setup.whole, **options), list(MEASURE_NAMES)
    shares = explained(weights, quantities, names, bootstrap=parameters["bootstrap"], seed=setup.seed)
    tables = {"shares": shares, "commonality": commonality_table(weights, quantities, names)}
    return Findings(share_numbers(shares), tables)


def share_numbers(shares: pd.DataFrame) -> Numbers:
    """The numbers that prose and claims quote of `explained`.

    Returns:
        words; of the linear fits best, the name of the quantity with the largest R² alone, with best_alone as a `cell`,
        together, and the `cells` alone and unique of KL and self-information; of the rank fits best_rank and
        best_rank_alone.
    """
    linear, rank = (shares[shares["kind"] == kind] for kind in ("linear", "rank"))
    best, best_rank = linear["alone"].idxmax(), rank["alone"].idxmax()
    return {
        "words": int(linear["n_words"].iloc[0]),
        "best": MEASURE_NAMES[linear.loc[best, "quantity"]],
        **cell(linear, "alone", best, "best_alone"),
        "together": linear["together"].iloc[0],
        "best_rank": MEASURE_NAMES[rank.loc[best_rank, "quantity"]],
        **cell(rank, "alone", best_rank, "best_rank_alone"),
        **cells(linear[linear["quantity"].isin(QUANTITIES)], ["alone", "unique"], "quantity"),
    }
