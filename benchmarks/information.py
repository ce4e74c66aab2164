"""Time KL of all frequent words against scikit-learn's `CountVectorizer` and a dense product; memory as text grows.

The dense product covers only the frequent words, since the square of the whole vocabulary does not fit in memory; so it
has less to do.
"""

import argparse
import gc
import itertools
import subprocess
import sys
import time

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from wig_core.information.word_information import word_information
from wig_core.text.corpus import load_corpus
from wig_core.text.words import words_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--memory-of", type=int, metavar="SENTENCES", help="print only the peak memory of so many sentences"
    )
    options = parser.parse_args()
    sentences = load_corpus("wikipedia-sample").sentences
    if options.memory_of:
        word_information(itertools.islice(itertools.cycle(sentences), options.memory_of))
        print(_peak_memory())
        return
    start = time.perf_counter()
    ours = word_information(sentences)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    kl = dense_kl(sentences)
    dense_seconds = time.perf_counter() - start
    print(f"{len(sentences)} sentences, KL of {len(ours)} words")
    print(f"wig_core                            {seconds:6.2f} s")
    ratio = dense_seconds / seconds
    print(f"CountVectorizer and a dense product {dense_seconds:6.2f} s, {ratio:.1f} × wig_core, KL of {len(kl)} words")
    for count in (10_000, 100_000, 1_000_000):
        command = [sys.executable, __file__, "--memory-of", str(count)]
        peak = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        print(f"peak memory of {count:9,} sentences {peak:6.0f} MiB")


def dense_kl(sentences: list[str], min_count: int = 10) -> np.ndarray:
    """Compute KL of the frequent words, with only these as neighbours, by a dense matrix."""
    counts = CountVectorizer(tokenizer=words_of, token_pattern=None, lowercase=False).fit_transform(sentences)
    frequent = np.flatnonzero(np.asarray(counts.sum(0)).ravel() >= min_count)
    dense = counts[:, frequent].toarray().astype(np.float32)
    pairs = dense.T @ dense - np.diag(dense.sum(0))
    joint = pairs / pairs.sum(1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nansum(joint * np.log(joint / (dense.sum(0) / dense.sum())), axis=1)


def _peak_memory() -> float:
    import resource

    gc.collect()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
