# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What weighing is good for

# %% [markdown]
# If encoders learn to weigh informative words, one might simply *give* them the weights. Take a static vector for each word, here the input embedding of an encoder, and let the embedding of a text be the weighted mean of its words' vectors: all alike, by KL, by
# corrected KL, by −log P, or by SIF {cite}`arora2017simple`. Do similarities then agree better with people's? And how far does that get towards the encoder itself, with all its layers?
#
# A word too rare to be counted gets the greatest weight. Agreement is Spearman's rank correlation; its interval draws texts anew.

# %% tags=["parameters", "hide-input"]
encoders: list[str] = [
    "all-MiniLM-L6-v2",
    "wig-base",
]  # whose input embeddings are weighed, and which they are compared with
pairs: str = "lee"  # people's judgements: packaged, a file, or a hub data set
corpus: str = "wikipedia-sample"  # a packaged corpus, a file, or a hub data set
column: str | None = None  # its column of sentences, if it has several
min_count: int = 10  # words rarer than this in the corpus are left out
shuffles: int = 3  # shuffled corpora for the corrected KL
bootstrap: int = 2000  # resamples of words and runs for the intervals
seed: int = 0  # of the shuffles and of the bootstrap
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.rival_measures import sif
from wig_book.experiments.weighted_static_vectors import (
    StaticVectors,
    agreements,
    readable_agreements,
    usefulness_headline,
    words_of_pairs,
)
from wig_book.figures.regression import agreement_forest
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.information.word_information import word_information
from wig_core.text.corpus import load_corpus, load_similarities

# %%
judged = load_similarities(pairs)
information = word_information(
    load_corpus(corpus, column=column),
    min_count=min_count,
    shuffles=shuffles,
    seed=seed,
)
weightings = {
    "uniform": None,
    "kl": information["kl"],
    "corrected kl": information["kl_corrected"].clip(lower=0),
    "self-information": information["self_information"],
    "sif": sif(information["probability"]),
}
loaded = [SentenceEncoder.load(name) for name in encoders]
vectors = [StaticVectors.of_input(one, words_of_pairs(judged)) for one in loaded]
table = agreements(vectors, loaded, judged, weightings, bootstrap=bootstrap, seed=seed)
agreement_forest(table)

# %% [markdown]
# Agreement with people's judgements, with its 95% interval; *encoder* is the whole encoder.

# %%
readable_agreements(table)

# %% tags=["remove-cell"]
publish(results, "weighted_static_vectors", usefulness_headline(table), agreements=table)

# %% [markdown]
# With the input embeddings of {glue:text}`source:s`, equal weights agree at {glue:text}`uniform:.3f`, and the best weighting, *{glue:text}`best:s`*, at {glue:text}`best_agreement:.3f`, a gain of {glue:text}`gain:+.3f` [{glue:text}`gain_low:+.3f`, {glue:text}`gain_high:+.3f`].
# Weighing by KL gains {glue:text}`gain_kl:+.3f` [{glue:text}`gain_low_kl:+.3f`, {glue:text}`gain_high_kl:+.3f`]. The whole encoder agrees at {glue:text}`encoder:.3f`: the best weighting goes {glue:text}`reached:.0%` of the way from equal weights to it.
