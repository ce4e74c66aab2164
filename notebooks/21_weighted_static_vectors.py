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
# # Are information weights useful?
#
# With the input embeddings of {glue:text}`source:s`, weighting by KL gains {glue:text}`gain_kl:+.3f`
# [{glue:text}`gain_kl_low:+.3f`, {glue:text}`gain_kl_high:+.3f`] of agreement with human judgements over uniform
# weights.

# %% tags=["parameters", "hide-input"]
encoders: list[str] = [
    "all-MiniLM-L6-v2",
    "wig-base",
]  # whose input embeddings are weighted, and which they are compared with
pairs: str = "lee"  # human judgements: packaged, a file, or a hub data set
corpus: str = "wikipedia-sample"  # a packaged corpus, a file, or a hub data set
column: str | None = None  # its column of sentences, if it has several
min_count: int = 10  # words rarer than this in the corpus are left out
shuffles: int = 3  # shuffled corpora for the corrected KL
bootstrap: int = 2000  # resamples of texts for the intervals
seed: int = 0  # of the shuffles and of the bootstrap
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.weighted_static_vectors import weighted_static_vectors
from wig_book.figures.regression import agreement_forest
from wig_book.figures.tables import show

# %%
found = weighted_static_vectors(globals())
agreement_forest(found["agreements"])

# %% [markdown]
# Agreement with human judgements, with its 95% interval; *encoder* is the whole encoder.
#
# If encoders learn to give informative words more weight, one might simply *set* the weights. Take a static vector for
# each word, here the input embedding of an encoder, and let the embedding of a text be the weighted mean of its words'
# vectors. The weights are uniform, or given by KL, corrected KL, −log P or SIF {cite}`arora2017simple`. Do similarities
# then agree better with human judgements? And how close does that come to the encoder itself, with all its layers?
#
# A word too rare to be counted gets the largest weight. Agreement is Spearman's rank correlation; its interval
# resamples texts.

# %%
show(found["agreements"], by=["source", "weighting"], columns=["agreement", "gain"])

# %% tags=["remove-cell"]
publish(results, "weighted_static_vectors", found.numbers, **found.tables)

# %% [markdown]
# With the input embeddings of {glue:text}`source:s`, uniform weights agree at {glue:text}`agreement_uniform:.3f`. The
# best weighting, *{glue:text}`best:s`*, agrees at {glue:text}`best_agreement:.3f`, a gain of
# {glue:text}`best_gain:+.3f` [{glue:text}`best_gain_low:+.3f`, {glue:text}`best_gain_high:+.3f`]. The whole encoder agrees at
# {glue:text}`agreement_encoder:.3f`: the best weighting covers {glue:text}`reached:.0%` of the distance from uniform
# weights to it.
