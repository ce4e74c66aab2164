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
# # Which quantity explains best?

# %% [markdown]
# KL and −log P are two measures of how informative a word is. There are others, used to weight words: *inverse document
# frequency* in retrieval {cite}`sparckjones1972statistical`; the weight $a/(a + P(w))$ of *SIF* embeddings
# {cite}`arora2017simple`; the KL that remains when the KL in shuffled text is subtracted (*corrected*); and the KL of
# the distribution of *topics* given the word, the word's part of the mutual information of words and topics. The topics
# are those of a latent Dirichlet allocation {cite}`blei2003latent`.
#
# All of these correlate, so each gets three numbers: R² of the quantity *alone*; the R² that all of them together lose
# without it (*unique*); and the rest, which it has *in common* with others.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
encoder: str = "all-MiniLM-L6-v2"  # packaged, a folder, or a hub name
corpus: str = "wikipedia-sample"  # a packaged corpus, a file, or a hub data set
column: str | None = None  # its column of sentences, if it has several
baseline: Literal["mask", "pad", "unk", "zero"] = "mask"  # what stands for a word
max_sentences: int = 100  # whose words are weighed; the whole corpus informs
max_words: int | None = None  # only sentences of at most so many are weighed
tolerance: float = 0.1  # estimated error of the contributions to reach, relative
precision: Literal["float32", "bfloat16"] = "bfloat16"  # of attribution
min_count: int = 10  # words rarer than this in the corpus are left out
shuffles: int = 3  # shuffled corpora for the corrected KL
topics: int = 20  # of the topic model
bootstrap: int = 2000  # resamples of words for the intervals
seed: int = 0  # of the sample of sentences and of the bootstrap
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.rival_measures import rival_measures
from wig_book.figures.regression import quantities_bars
from wig_book.figures.tables import show
from wig_book.labels import MEASURE_NAMES

# %%
found = rival_measures(globals())
quantities_bars(found["shares"])

# %% [markdown]
# R² of each quantity alone, with its 95% interval, linearly and by rank; the dark part is unique to the quantity.

# %%
shares = found["shares"].replace({"quantity": MEASURE_NAMES})
show(
    shares.sort_values(["kind", "alone"], ascending=[True, False], kind="stable"),
    by=["kind", "quantity"],
    columns=["correlation", "alone", "unique", "common"],
)

# %% [markdown]
# A fit by rank does not require a straight line.
#
# ## In common
#
# The variance that all quantities explain together, divided into what each set of quantities explains in common and no
# other quantity does {cite}`nimon2011communicating`; the table shows the largest parts. A part is negative if
# quantities suppress each other's noise.

# %%
found["commonality"].head(8).round(3)

# %% tags=["remove-cell"]
publish(results, "rival_measures", found.numbers, **found.tables)

# %% [markdown]
# Over {glue:text}`words` words the best linear fit is that of {glue:text}`best:s`, with R² {glue:text}`best_alone:.3f`
# [{glue:text}`best_alone_low:.3f`, {glue:text}`best_alone_high:.3f`]; KL has {glue:text}`alone_kl:.3f` and −log P(w)
# {glue:text}`alone_self_information:.3f`. All together explain {glue:text}`together:.3f`, of which
# {glue:text}`unique_kl:.3f` [{glue:text}`unique_kl_low:.3f`, {glue:text}`unique_kl_high:.3f`] is unique to KL. (R² can
# only grow with more quantities, even by noise; for that reason alone the interval of a unique part starts above zero.)
# By rank the best is {glue:text}`best_rank:s`, with R² {glue:text}`best_rank_alone:.3f`.
