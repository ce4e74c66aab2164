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
# # Does your encoder weight informative words?
#
# On this page, over {glue:text}`words` words and under the baseline {glue:text}`baseline:s`, the weight of a word
# **{glue:text}`direction:s`** with both quantities.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
encoder: str = "all-MiniLM-L6-v2"  # packaged, a folder, or a hub name
base: str | None = None  # what it was fine-tuned from, if you have it
corpus: str = "wikipedia-sample"  # a packaged corpus, a file, or a hub data set
column: str | None = None  # its column of sentences, if it has several
baselines: list[Literal["mask", "pad", "unk", "zero"]] = ["mask", "pad"]  # in turn
max_sentences: int = 100  # whose words are weighed; the whole corpus informs
max_words: int | None = None  # only sentences of at most so many are weighed
tolerance: float = 0.1  # estimated error of the contributions to reach, relative
precision: Literal["float32", "bfloat16"] = "bfloat16"  # of attribution
min_count: int = 10  # words rarer than this in the corpus are left out
bootstrap: int = 2000  # resamples of words and runs for the intervals
seed: int = 0  # of the sample of sentences and of the bootstrap
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.analyse_your_encoder import analyse_your_encoder
from wig_book.figures.regression import weights_on_information
from wig_book.figures.tables import show

# %%
found = analyse_your_encoder(globals())
weights_on_information(found["words"], found["fits"], found.sentences)

# %% [markdown]
# The weight of each word under the first baseline against the two quantities, with the fitted lines.
#
# This page is for your encoder and your text. Run it again with them:
#
# ```bash
# wig run analyse_your_encoder \
#     -p encoder path/to/folder -p base path/to/its/base -p corpus my_sentences.txt
# ```
#
# An encoder is a folder saved by transformers or sentence-transformers, or `owner/name` on the Hugging Face hub. The
# base, if you have it, is the encoder it was fine-tuned from. The text is a file with one sentence per line, or one of
# the formats in {doc}`/rerun`. The more text the better, since it also determines how informative each word is.

# %%
show(
    found["fits"],
    by=["baseline", "x"],
    columns=["r2", "correlation", "slope", "partial_r2", "n_words"],
)

# %% [markdown]
# From the base to the encoder (this table is empty if no base was given):

# %%
show(
    found["changes"],
    by=["baseline", "x"],
    columns=["r2", "r2_difference", "correlation", "correlation_difference"],
)

# %% tags=["remove-cell"]
publish(results, "analyse_your_encoder", found.numbers, **found.tables)

# %% [markdown]
# ## Verdict
#
# Over {glue:text}`words` words of {glue:text}`sentences` sentences, under the baseline {glue:text}`baseline:s`, the
# weight of a word **{glue:text}`direction:s`** with both quantities. It correlates with information gain at
# {glue:text}`correlation_kl:.2f` [{glue:text}`correlation_kl_low:.2f`, {glue:text}`correlation_kl_high:.2f`], R²
# {glue:text}`r2_kl:.3f` [{glue:text}`r2_kl_low:.3f`, {glue:text}`r2_kl_high:.3f`], and with self-information at
# {glue:text}`correlation_self_information:.2f` [{glue:text}`correlation_self_information_low:.2f`,
# {glue:text}`correlation_self_information_high:.2f`]. With self-information held fixed, information gain explains
# {glue:text}`partial_r2_kl:.0%` of the remaining variance.
#
# From the base to the encoder, the correlation of weight and information gain **{glue:text}`change_direction:s`**. Here
# *rises* and *falls* mean that the whole 95% interval lies above or below zero.
#
# {glue:text}`share_once:.0%` of these words occur once in the sample. Their weights are noisy, and a larger
# `max_sentences` makes R² more certain. {glue:text}`missed` sentences missed the tolerance; the largest estimated
# error is {glue:text}`worst_error:.1%`.
#
# To cite these numbers, keep the folder that `wig run` names. It holds the tables as CSV, the numbers above as JSON,
# and a file with the commit, versions, machine and parameters that made them.
