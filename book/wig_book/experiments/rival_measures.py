"""Rival measures of how much a word tells, and how much of the word weights each explains, alone and together."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from wig_book.experiments.rows import display_table, with_interval
from wig_book.labels import MEASURE_NAMES
from wig_core.errors import InputError
from wig_core.information.word_information import word_information
from wig_core.regression import Floats, interval, join, r2_of, resamples
from wig_core.text.corpus import Corpus
from wig_core.text.words import words_of

RUN = 20  # sentences that are taken to be of one topic


def word_quantities(
    corpus: Corpus, *, min_count: int = 10, shuffles: int = 3, topics: int = 20, seed: int = 0
) -> pd.DataFrame:
    """`word_information`, and beside it what others weigh words by.

    Args:
        corpus: sentences.
        min_count, shuffles, seed: see `word_information`.
        topics: of the topic model.

    Returns:
        The frame of `word_information` (all in nats), with

        - idf: −log of the share of sentences that hold the word (Spärck Jones 1972);
        - sif: a/(a + P(w)) with a = 0.001 (Arora, Liang and Ma 2017, their equation 3), no unit;
        - topic_information: KL(P(topic | w) ‖ P(topic)), which is what w adds to the mutual information of word and
          topic of the sentence, by latent Dirichlet allocation (Blei, Ng and Jordan 2003, gensim's) on runs of
          sentences.
    """
    table = word_information(corpus, min_count=min_count, shuffles=shuffles, seed=seed)
    sentences = [words_of(sentence) for sentence in corpus]
    holding = pd.Series(list(itertools.chain(*map(set, sentences)))).value_counts()
    table["idf"] = -np.log(holding.reindex(table.index) / len(sentences))
    table["sif"] = sif(table["probability"])
    table["topic_information"] = topic_information(sentences, list(table.index), topics=topics, seed=seed)
    return table


def sif(probability: pd.Series, a: float = 1e-3) -> pd.Series:
    """The weight a/(a + P(w)) of smooth inverse frequency (Arora, Liang and Ma 2017)."""
    return a / (a + probability)


def topic_information(sentences: Sequence[Sequence[str]], words: list[str], *, topics: int, seed: int = 0) -> Floats:
    """KL(P(topic | w) ‖ P(topic)) in nats for each of the words, which are the model's whole vocabulary.

    A document of the model is a run of `RUN` sentences in the order of the corpus: one sentence is too short to tell
    its topic, and neighbours mostly share it.
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
    """KL(P(topic | w) ‖ P(topic)) from P(w | topic) ``[topics, words]`` and P(w) ``[words]``.

    P(topic) is what makes the topics' mixture come nearest to P(w), by non-negative least squares.

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
    """How much of the variance of word weights each quantity explains, in a line and by rank.

    Args:
        weights: from `word_weights`.
        quantities: from `word_quantities`.
        names: its columns to compare.
        bootstrap, seed: see `regress`.

    Returns:
        One row a quantity and kind ("linear" or "rank"): correlation (signed), alone (R² of it by itself), unique
        (what R² of all loses without it), common (alone − unique), together (R² of all), and the ends of the 95%
        intervals over words of the first three, …_low and …_high; n_words.

    Raises:
        InputError: see `regress`; fewer words than quantities.
    """
    joined = join(weights, quantities, *names)
    if len(joined) <= len(names) + 1:
        raise InputError(f"{len(joined)} words are too few for {len(names)} quantities; give more sentences")
    rows = []
    for kind, frame in (("linear", joined), ("rank", joined.rank())):
        x, y = frame[list(names)].to_numpy(float), frame["weight"].to_numpy(float)
        found = _shares(x, y)
        drawn = np.array([_shares(x[rows_], y[rows_]) for rows_ in resamples(len(y), bootstrap, seed)])
        for i, name in enumerate(names):
            row: dict[str, object] = {"quantity": name, "kind": kind}
            for j, share in enumerate(("correlation", "alone", "unique")):
                row[share] = found[i, j]
                row[f"{share}_low"], row[f"{share}_high"] = interval(drawn[:, i, j] if bootstrap else np.zeros(0))
            row |= {"common": found[i, 1] - found[i, 2], "together": r2_of(x, y), "n_words": len(y)}
            rows.append(row)
    return pd.DataFrame(rows)


def _shares(x: Floats, y: Floats) -> Floats:
    """Signed correlation, R² alone and R² lost without it, of each column of x: ``[columns, 3]``."""
    whole = r2_of(x, y)
    alone = [np.corrcoef(column, y)[0, 1] for column in x.T]
    lost = [whole - r2_of(np.delete(x, i, axis=1), y) for i in range(x.shape[1])]
    return np.array([(r, r**2, loss) for r, loss in zip(alone, lost, strict=True)])


def commonality(x: Floats, y: Floats) -> dict[tuple[int, ...], float]:
    """R² of y on all columns of x, split into what each set of columns explains in common and no other column does.

    For a set S and the rest R, ``C(S) = Σ_{T ⊆ S} (−1)^{|T|+1} R²(R ∪ T)`` (Nimon and Reio 2011, after Mood 1971). The
    parts sum to R²; one may be negative, where columns suppress each other's noise.

    Returns:
        By the columns of each non-empty set.

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
    """`commonality` of the weights, greatest share first: quantities (joined by " + "), share (of the variance)."""
    joined = join(weights, quantities, *names)
    parts = commonality(joined[list(names)].to_numpy(float), joined["weight"].to_numpy(float))
    rows = [(" + ".join(names[i] for i in part), share) for part, share in parts.items()]
    table = pd.DataFrame(rows, columns=["quantities", "share"])
    return table.sort_values("share", ascending=False, kind="stable", ignore_index=True)


def quantities_headline(table: pd.DataFrame) -> dict[str, float | int | str]:
    """The numbers that prose quotes of `explained`.

    Returns:
        words; of the linear fits best, the quantity with the greatest R² alone, with best_alone and its ends, together,
        and of KL and of self-information (suffix _kl or _self) alone and unique with their ends (alone_low_kl, …); of
        the rank fits best_rank and best_rank_alone.
    """
    linear, rank = (table[table["kind"] == kind].set_index("quantity") for kind in ("linear", "rank"))
    best = linear["alone"].idxmax()
    numbers: dict[str, float | int | str] = {
        "words": int(linear["n_words"].iloc[0]),
        "best": MEASURE_NAMES[str(best)],
        "best_alone": linear.loc[best, "alone"],
        "best_low": linear.loc[best, "alone_low"],
        "best_high": linear.loc[best, "alone_high"],
        "together": linear["together"].iloc[0],
        "best_rank": MEASURE_NAMES[str(rank["alone"].idxmax())],
        "best_rank_alone": rank["alone"].max(),
    }
    for short, name in (("kl", "kl"), ("self", "self_information")):
        for share, end in itertools.product(("alone", "unique"), ("", "_low", "_high")):
            numbers[f"{share}{end}_{short}"] = linear.loc[name, f"{share}{end}"]
    return numbers


def readable_quantities(table: pd.DataFrame, kind: str = "linear") -> pd.DataFrame:
    """The rows of `explained` of one kind as text, intervals in brackets, the best alone first."""
    rows = table[table["kind"] == kind].sort_values("alone", ascending=False, kind="stable")
    columns = {
        "correlation": with_interval(rows, "correlation"),
        "R² alone": with_interval(rows, "alone"),
        "unique": with_interval(rows, "unique"),
        "in common with others": rows["common"].map("{:.3f}".format),
    }
    return display_table(rows.assign(quantity=rows["quantity"].map(MEASURE_NAMES)), ["quantity"], columns)
