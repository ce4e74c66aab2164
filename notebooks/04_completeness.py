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
# # Do the contributions add up?

# %% [markdown]
# Integrated Gradients promises **completeness**: the contributions of the words sum to the embedding of the sentence
# minus the embedding of the baseline {cite}`sundararajan2017axiomatic`. The promise holds for the integral; a computer
# takes a weighted sum over a few nodes along the path instead. The relative error
#
# $$\frac{\bigl\lVert \sum_i c_i - (s(x) - s(b)) \bigr\rVert}{\lVert s(x) - s(b) \rVert}$$
#
# can be measured for every sentence, and shows whether there were enough nodes. It costs little: the sum over the words
# is the derivative along the whole path, one direction instead of $n$.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
encoder: str = "all-MiniLM-L6-v2"  # a packaged encoder, a folder, or a hub name
corpus: str = "wikipedia-sample"  # a packaged corpus, a file, or a hub data set
column: str | None = None  # its column of sentences, if it has several
baselines: list[Literal["mask", "pad", "unk", "zero"]] = ["mask", "pad"]  # in turn
rules: list[str] = [
    "gauss-legendre",
    "clenshaw-curtis",
    "midpoint",
    "trapezoid",
    "right-riemann",
]  # quadrature rules
steps: list[int] = [4, 8, 12, 16, 24, 32, 64]  # numbers of nodes
tolerance: float = 0.01  # what the other pages allow
max_sentences: int = 16  # sentences that are measured
max_words: int | None = None  # only sentences of at most so many words are measured
seed: int = 0  # of the sample of sentences
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.single_encoder import completeness, median_errors
from wig_book.figures.specifications import completeness_against_steps

# %%
found = completeness(globals())
completeness_against_steps(found["errors"], tolerance=tolerance)

# %% [markdown]
# Lines are medians over the sentences, bands hold the middle half of them; the dotted line is the tolerance of the
# other pages.

# %%
median_errors(found["errors"]).map("{:.1e}".format)

# %% tags=["remove-cell"]
publish(results, "completeness", found.numbers, **found.tables)

# %% [markdown]
# The median error of {glue:text}`first_rule:s` under {glue:text}`baseline:s` is {glue:text}`error_fewest:.0%` with
# {glue:text}`fewest` nodes. With {glue:text}`most`, {glue:text}`best_rule:s` has the smallest error,
# {glue:text}`error_most:.1e`, and {glue:text}`worst_rule:s` the largest, {glue:text}`worst_error_most:.1e`. With
# {glue:text}`first_rule:s`, {glue:text}`all_within:s` nodes bring every sentence below {glue:text}`tolerance:.0%` under
# every baseline. Sentences differ, so the other pages use as many nodes as each sentence needs.
