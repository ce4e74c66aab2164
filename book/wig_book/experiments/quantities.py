"""How informative a word is, by seven measures, and how well half of a text reproduces each."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from wig_book.labels import MEASURE_NAMES
from wig_core.information.cooccurrence import Cooccurrence, Tokenize, count_block
from wig_core.regression import Floats, join, r2_of

Documents = Sequence[Sequence[str]]  # the sentences of each
PRIOR = 100.0  # tokens that a smoothed distribution of neighbours is mixed with
QUANTITIES = list(MEASURE_NAMES)


def quantities(
    documents: Documents, tokenize: Tokenize, *, min_count: int = 10, shuffles: int = 3, seed: int = 0
) -> pd.DataFrame:
    """Count the words of a text, and compute each measure of `QUANTITIES` of them, in nats.

    Args:
        documents: the sentences of each document.
        tokenize: from a sentence to its words or subwords.
        min_count: words with fewer occurrences are left out; they still count as neighbours.
        shuffles: shuffled texts for the corrected KL.
        seed: of the shuffles.

    Returns:
        A frame indexed by word, most frequent first: count, and

        - kl, ``KL(P(·|w) ‖ P(·))`` of the words of its sentences, as `word_information` counts it;
        - kl_smoothed, the same with ``P(·|w)`` mixed with `PRIOR` tokens of P (a Dirichlet prior);
        - kl_corrected, kl minus its mean over shuffled texts;
        - self_information, −log P(w);
        - idf, −log of the share of documents that hold the word (Spärck Jones 1972);
        - residual_idf, idf minus that of a word which is dealt to documents at random, ``−log(1 − exp(−count/D))``
          (Church and Gale 1995);
        - kl_documents, ``KL(P(document|w) ‖ P(document))`` of occurrences.
    """
    sentences = list(itertools.chain(*documents))
    tally = count_block((0, sentences), tokenize=tokenize, shuffles=shuffles, seed=seed)
    original, *controls = tally.seen
    rows = np.flatnonzero(original.counts >= min_count)
    rows = rows[np.argsort(-original.counts[rows], kind="stable")]
    words = np.array(list(tally.words), dtype=object)[rows]
    counts = original.counts[rows]
    kl = original.kl(rows)
    by_document = _document_counts(documents, tally.words, tokenize)[rows]
    idf = -np.log(np.diff(by_document.indptr) / len(documents))
    columns = {
        "count": counts,
        "kl": kl,
        "kl_smoothed": smoothed_kl(original, rows),
        "kl_corrected": kl - np.mean([control.kl(rows) for control in controls], axis=0) if controls else np.nan,
        "self_information": -np.log(counts / original.counts.sum()),
        "idf": idf,
        "residual_idf": idf + np.log1p(-np.exp(-counts / len(documents))),
        "kl_documents": _kl_of_rows(by_document, np.asarray(by_document.sum(axis=0), float)),
    }
    return pd.DataFrame(columns, index=pd.Index(words, name="word"))


def smoothed_kl(seen: Cooccurrence, rows: NDArray[np.int64], prior: float = PRIOR) -> Floats:
    """KL(P̂(·|w) ‖ P(·)) in nats, where P̂ mixes the neighbours of w with `prior` tokens drawn from P.

    Args:
        seen: the counts of a text.
        rows: the words.
        prior: the weight of P, in tokens; 0 for the plug-in estimate.
    """
    pairs = seen.pairs[rows]
    pairs.eliminate_zeros()
    background = seen.counts / seen.counts.sum()
    total = np.asarray(pairs.sum(axis=1), float) + prior
    owner = np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr))
    p = background[pairs.indices]
    mixed = (pairs.data + prior * p) / total[owner]
    seen_part = np.bincount(owner, mixed * np.log(mixed / p), minlength=pairs.shape[0]).astype(float)
    unseen = 1 - np.bincount(owner, p, minlength=pairs.shape[0])  # of P, by which the rest is mixed
    shrink = prior / total
    return seen_part + np.where(shrink > 0, unseen * shrink * np.log(np.where(shrink > 0, shrink, 1)), 0.0)


def _document_counts(documents: Documents, words: dict[str, int], tokenize: Tokenize) -> sparse.csr_array:
    """How often each word is in each document, ``[words, documents]``."""
    numbered = [[words[word] for one in part for word in tokenize(one)] for part in documents]
    columns = np.repeat(np.arange(len(documents)), [len(part) for part in numbered])
    ids = np.fromiter(itertools.chain(*numbered), np.int64)
    shape = (len(words), len(documents))
    return sparse.coo_array((np.ones(len(ids), np.int64), (ids, columns)), shape=shape).tocsr()


def _kl_of_rows(counts: sparse.csr_array, background: Floats) -> Floats:
    """KL of each row, as a distribution, from another distribution, which is given as counts ``[columns]``."""
    counts = counts.copy()
    counts.sum_duplicates()
    totals = np.asarray(counts.sum(axis=1), float)
    owner = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    share = counts.data / totals[owner]
    terms = share * np.log(share * background.sum() / background[counts.indices])
    return np.bincount(owner, terms, minlength=counts.shape[0]).astype(float)


def reliabilities(
    documents: Documents,
    tokenize: Tokenize,
    *,
    min_count: int = 10,
    splits: int = 5,
    seed: int = 0,
) -> pd.Series:
    """How well other documents of the same kind would reproduce each measure: its split-half reliability.

    Documents are split at random into halves. With r the correlation of a measure over the words that are known in
    both, the reliability of the measure on all documents is 2r/(1 + r) (Spearman 1910, Brown 1910).

    Args:
        documents, tokenize, min_count: see `quantities`; a word of a half needs half of the occurrences.
        splits: how many random splits to average.
        seed: of the splits.

    Returns:
        By the name of the measure.
    """
    rng = np.random.default_rng(seed)
    found = []
    for split in range(splits):
        order = rng.permutation(len(documents))
        halves = [[documents[i] for i in sorted(part)] for part in (order[::2], order[1::2])]
        one, other = (
            quantities(half, tokenize, min_count=max(2, min_count // 2), shuffles=1, seed=split) for half in halves
        )
        both = one.join(other, how="inner", rsuffix="_other")
        found.append({name: both[name].corr(both[f"{name}_other"]) for name in QUANTITIES})
    r = pd.DataFrame(found).mean().clip(lower=0)
    return 2 * r / (1 + r)


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


def commonality_table(weights: pd.DataFrame, information: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Split the variance of word weights by `commonality`.

    Returns:
        One row per set of quantities, the largest share first: quantities (joined by " + ") and share (of the
        variance).
    """
    joined = join(weights, information, *names)
    parts = commonality(joined[list(names)].to_numpy(float), joined["weight"].to_numpy(float))
    rows = [(" + ".join(names[i] for i in part), share) for part, share in parts.items()]
    table = pd.DataFrame(rows, columns=["quantities", "share"])
    return table.sort_values("share", ascending=False, kind="stable", ignore_index=True)
