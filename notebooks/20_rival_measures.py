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
# KL and −log P are two ways to say how much a word tells. Others have been used to weigh words: *inverse document frequency* in retrieval {cite}`sparckjones1972statistical`, the weight $a/(a + P(w))$ of *SIF* embeddings {cite}`arora2017simple`, the KL that is left when
# that of the shuffled corpus is taken off (*corrected*), and the KL of the distribution of *topics* given the word, which is what a word adds to the mutual information of words and topics; the topics are those of a latent Dirichlet allocation {cite}`blei2003latent`.
#
# They go together, so three numbers are given for each: R² of the quantity *alone*; what all of them together lose without it (*unique*); and the rest, which it has *in common* with others.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
encoder: str = "all-MiniLM-L6-v2"  # packaged, a folder, or a hub name
corpus: str = "wikipedia-sample"  # a packaged corpus, a file, or a hub data set
column: str | None = None  # its column of sentences, if it has several
baseline: Literal["mask", "pad", "unk", "zero"] = "mask"  # what stands for a word
max_sentences: int = 100  # whose words are weighed; the whole corpus informs
max_words: int | None = None  # only sentences of at most so many are weighed
tolerance: float = 0.01  # completeness error allowed, relative
precision: Literal["float32", "bfloat16"] = "bfloat16"  # of the derivatives
min_count: int = 10  # words rarer than this in the corpus are left out
shuffles: int = 3  # shuffled corpora for the corrected KL
topics: int = 20  # of the topic model
bootstrap: int = 2000  # resamples of words and runs for the intervals
seed: int = 0  # of the sample of sentences and of the bootstrap
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from dataclasses import replace

from wig_book.build.publish import publish
from wig_book.experiments.rival_measures import (
    commonality_table,
    explained,
    quantities_headline,
    readable_quantities,
    word_quantities,
)
from wig_book.experiments.setup import Setup, from_parameters
from wig_book.figures.regression import quantities_bars
from wig_book.labels import MEASURE_NAMES
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.word_weights import mean_weights

# %%
setup = replace(from_parameters(Setup, globals()), baselines=[baseline])
weights = mean_weights(setup.weigh(SentenceEncoder.load(encoder)))
quantities = word_quantities(
    setup.whole, min_count=min_count, shuffles=shuffles, topics=topics, seed=seed
)
shares = explained(
    weights, quantities, list(MEASURE_NAMES), bootstrap=bootstrap, seed=seed
)
quantities_bars(shares)

# %% [markdown]
# R² of each quantity alone, with its 95% interval, in a line and by rank; dark, the part that no other quantity has.

# %%
readable_quantities(shares)

# %% [markdown]
# The same by rank, which does not ask for a line:

# %%
readable_quantities(shares, "rank")

# %% [markdown]
# ## In common
#
# The variance that all explain together, divided into what each set of quantities explains in common and no other does {cite}`nimon2011communicating`; the largest parts. A negative part is one in which quantities suppress each other's noise.

# %%
parts = commonality_table(weights, quantities, list(MEASURE_NAMES))
parts.head(8).round(3)

# %% tags=["remove-cell"]
publish(
    results,
    "rival_measures",
    quantities_headline(shares),
    shares=shares,
    commonality=parts,
)

# %% [markdown]
# Over {glue:text}`words` words the best in a line is {glue:text}`best:s`, R² {glue:text}`best_alone:.3f` [{glue:text}`best_low:.3f`, {glue:text}`best_high:.3f`]; KL has {glue:text}`alone_kl:.3f` and −log P(w)
# {glue:text}`alone_self:.3f`. All together explain {glue:text}`together:.3f`, of which {glue:text}`unique_kl:.3f` [{glue:text}`unique_low_kl:.3f`, {glue:text}`unique_high_kl:.3f`] is KL's alone. (R² of more quantities can only grow, by noise too; the interval of a unique
# part begins above zero for that reason alone.) By rank the best is {glue:text}`best_rank:s`, with R² {glue:text}`best_rank_alone:.3f`.
