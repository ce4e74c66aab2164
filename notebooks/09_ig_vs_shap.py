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
# # Do Integrated Gradients and SHAP agree?
#
# Over {glue:text}`words` words, the rank correlation of the weights by the two methods is {glue:text}`rank_before:.2f`
# before fine-tuning and {glue:text}`rank_after:.2f` after it.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
base: str = "wig-base"  # the encoder before: packaged, a folder, or a hub name
specifications: list[str] = [
    "default",
    "shap",
]  # each by the words that differ from the default
objective: Literal[
    "info-nce",
    "info-nce-symmetric",
    "unsupervised-simcse",
    "supervised-simcse",
    "softmax",
] = "info-nce"  # what it is trained for
examples: str | None = (
    None  # to train on: a packaged kind or a file; None: the objective's usual
)
seeds: list[int] = [0]  # of the fine-tuning, in turn
steps: int = 500  # of fine-tuning
learning_rate: float = 3.0e-4  # its peak
batch_size: int = 64  # examples a step, each other's negatives
corpus: str = "wikipedia-sample"  # a packaged corpus, a file, or a hub data set
column: str | None = None  # its column of sentences, if it has several
max_sentences: int = 100  # whose words are weighed; the whole corpus informs
max_words: int | None = None  # only sentences of at most so many are weighed
tolerance: float = 0.1  # estimated error of the contributions to reach, relative
precision: Literal["float32", "bfloat16"] = "bfloat16"  # of attribution
min_count: int = 10  # words rarer than this in the corpus are left out
bootstrap: int = 2000  # resamples of words and runs for the intervals
seed: int = 0  # of the sample of sentences and of the bootstrap
permutations: list[int] = [2, 4, 8, 16, 32, 64]  # orders drawn, for the last figure
enumerated: int = 12  # sentences that are enumerated for it
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.specifications import ig_vs_shap
from wig_book.figures.specifications import (
    SPECIFICATION_COLUMNS,
    convergence_of_samples,
    specifications_forest,
    weights_by_method,
)
from wig_book.figures.tables import show

# %%
found = ig_vs_shap(globals())
weights_by_method(found["words"])

# %% [markdown]
# Each point is a word: its weight by one method against its weight by the other, before fine-tuning and after it. They
# are equal on the dotted line.
#
# The paper measures the weight of a word in two ways. Integrated Gradients {cite}`sundararajan2017axiomatic` follow the
# straight path from a sentence without its words to the sentence, and give each word its share of the path. Shapley
# values {cite}`shapley1953value,lundberg2017unified` add the words in all orders, and give each word the mean of what
# it changes. Both divide the whole embedding: the contributions add up to it ({doc}`04_convergence`). If the claim is
# about encoders and not about a method, it must hold for both.
#
# For a sentence of up to ten words all coalitions are enumerated; for longer ones orders are drawn, each with its
# reverse {cite}`mitchell2022sampling`. One forward pass serves all dimensions of the embedding, since the value of a
# coalition is the embedding itself.

# %%
specifications_forest(found["specifications"])

# %% [markdown]
# R², signed correlation and ΔR² for KL(w), before (hollow) and after (filled) fine-tuning, with 95% intervals over
# words and runs. *default* is Integrated Gradients. First for KL(w), then for −log P(w):

# %%
of_kl = found["specifications"].query("x == 'kl'")
show(of_kl, by=["specification"], columns=SPECIFICATION_COLUMNS)

# %%
of_self_information = found["specifications"].query("x == 'self_information'")
show(of_self_information, by=["specification"], columns=SPECIFICATION_COLUMNS)

# %% tags=["remove-cell"]
publish(results, "ig_vs_shap", found.numbers, **found.tables)

# %% [markdown]
# Contributions add up to the embedding within a mean relative error of {glue:text}`completeness_error_default:.1e`
# (Integrated Gradients) and {glue:text}`completeness_error_shap:.1e` (SHAP). With KL(w), the correlation rose in
# {glue:text}`risen_kl` of the two methods, fell in {glue:text}`fallen_kl`, and ends above zero in
# {glue:text}`positive_kl`, each by its 95% interval; with −log P(w) it rose in {glue:text}`risen_self_information`,
# fell in {glue:text}`fallen_self_information`, and ends above zero in {glue:text}`positive_self_information`. The
# weights come from {glue:text}`runs` fine-tuning runs.
#
# ## How many orders are enough?
#
# Sentences short enough to enumerate show how far the sampled values are from the exact ones. The error of a mean of
# independent draws falls with the square root of their number.

# %%
convergence_of_samples(found["convergence"])

# %% [markdown]
# With {glue:text}`first_orders` orders the relative error is {glue:text}`first_error:.2f`; with
# {glue:text}`last_orders` it is {glue:text}`last_error:.2f`. The library shap explains text by its
# `PartitionExplainer`, whose values differ by definition: they are Winter values {cite}`winter1989value`, which count
# only the orders that keep the words of each branch of a tree together. Here, with a tree that merges neighbours in
# halves, they are at a relative distance of {glue:text}`winter:.2f` from the Shapley values, however long the
# computation.
