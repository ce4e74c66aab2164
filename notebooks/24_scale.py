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
# # Speed and scale

# %% [markdown]
# What would all of this cost on a full Wikipedia, or on the web? This page times nothing. `benchmarks/throughput.py` has measured a machine and written what it found into a file; the page reads it and computes the rest. `make bench` measures yours.
#
# How many sentences a text has is a parameter, and ours are orders of magnitude that we assume; put your own.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
throughput: str = "results/benchmarks/throughput.json"  # what a machine was seen to do
texts: dict[str, float] = {
    "a sample": 1e5,
    "English Wikipedia": 2e8,
    "the web": 1e10,
}  # sentences of each: our assumptions
precision: Literal["float32", "bfloat16"] = "bfloat16"  # of attribution
workers: int = 64  # machines that share the work, an ideal split
vocabulary: int = 50000  # words, if the counted pairs were limited to the commonest
occurrences: int = 10  # of a word that are enough to weigh it
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.scale import Throughput, costs, readable_costs, scale_headline
from wig_book.figures.regression import scaling

# %%
measured = Throughput.read(throughput)
table = costs(
    measured,
    texts,
    precision=precision,
    workers=workers,
    vocabulary=vocabulary,
)
readable_costs(table)

# %% tags=["remove-cell"]
publish(
    results,
    "scale",
    scale_headline(measured, table, occurrences=occurrences)
    | {"workers": workers, "vocabulary": vocabulary, "occurrences": occurrences},
    costs=table,
)

# %% [markdown]
# Measured on: {glue:text}`processor:s`, {glue:text}`cores:s` cores, of which PyTorch used {glue:text}`threads:s`, version {glue:text}`torch:s`. {glue:text}`gpu_said:s`
#
# *A second*: sentences of about 20 words, or pairs of half sentences for fine-tuning. *Of peak*: the share of the fastest that this machine was seen to multiply matrices in the same precision. Then for each text the time in which this one machine works on every sentence once, and
# the memory of the pairs (counting) or the multiplications and additions. These belong to encoder and text, not to the machine: **for another, a GPU say, divide them by the FLOP/s that it reaches.** A mean sentence takes {glue:text}`mean_to_short:.1f` times as many as one of 20 words, since long ones cost
# with the square of their length.
#
# *{glue:text}`large:s`* has the size of BERT-base and random weights, which take the same time as others. Integrated Gradients take {glue:text}`nodes:.0f` nodes, the mean that the usual tolerance asks of {glue:text}`small:s`; SHAP takes {glue:text}`permutations` orders.

# %%
scaling(measured.growth, measured.pairs, table)

# %% [markdown]
# ## Counting
#
# `word_information` reads {glue:text}`rate:,.0f` sentences or {glue:text}`words_rate:,.0f` words a second. Two things grow with the text. The different pairs of words grow as sentences to the power {glue:text}`exponent:.2f` in the {glue:text}`text_sentences:,` sentences measured. For {glue:text}`largest:s`, with
# {glue:text}`largest_words:s` words, that would be {glue:text}`largest_pairs:s` pairs and {glue:text}`largest_memory:s`. This is an extrapolation over {glue:text}`largest_powers:.1f` powers of ten; over the last doubling the power is {glue:text}`exponent_last:.2f`, so that it is likely too {glue:text}`bend:s`. And
# the counts of blocks are added up to larger and larger tables, which there takes {glue:text}`largest_adding:.0%` of the time.
#
# With `word_information(executor=…)` others count the blocks, and only the adding up stays with one: at an ideal split {glue:text}`workers` workers need {glue:text}`largest_counting_shared:s` in place of {glue:text}`largest_counting:s`. While tables are added, the largest is there twice or more. A larger `min_count` saves no memory,
# since rare words are left out of the result only: they count as neighbours, and {glue:text}`frequent_share:.0%` of the pairs measured are of two words with {glue:text}`min_count` occurrences. A limit on the vocabulary does: with `word_information(vocabulary=…)` all other words count
# as one, and {glue:text}`vocabulary:,` words have at most as many pairs as their square, which is {glue:text}`largest_memory_limited:s`. KL can only become smaller by it.

# %% [markdown]
# ## Attribution
#
# Explaining every sentence of {glue:text}`largest:s` with {glue:text}`large:s` would take this machine {glue:text}`largest_explained:s`, and {glue:text}`workers` of them {glue:text}`largest_explained_shared:s`. It is not needed. The weight of a word is a mean over its occurrences, and what matters is
# how many there are: in {glue:text}`sample_sentences:,.0f` sentences a word is met {glue:text}`occurrences` times if it occurs {glue:text}`per_million:.1f` times in a million words. That takes {glue:text}`sample_explained:s`. The whole text is for counting alone.
#
# One derivative a word in place of one gradient a dimension makes this possible: captum, timed in the same run on some dimensions and scaled up to all, takes {glue:text}`captum_small:.0f` times as long for {glue:text}`small:s` and {glue:text}`captum_large:.0f` times for {glue:text}`large:s`, in float32. Of the machine's
# peak, Integrated Gradients reach {glue:text}`share_small:.0%` and {glue:text}`share_large:.0%`.
