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
# # What would a larger text cost?
#
# To explain every sentence of {glue:text}`largest:s` with {glue:text}`large:s`, the machine measured would need
# {glue:text}`largest_explained:s`; counting takes {glue:text}`largest_counting:s`.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
throughput: str = "results/benchmarks/throughput.json"  # measured on one machine
texts: dict[str, float] = {
    "a sample": 1e5,
    "English Wikipedia": 2e8,
    "the web": 1e10,
}  # sentences of each: our assumptions
precision: Literal["float32", "bfloat16"] = "bfloat16"  # of attribution
workers: int = 64  # machines that share the work, an ideal split
vocabulary: int = 50000  # words, if counted pairs were limited to the most frequent
occurrences: int = 10  # of a word that are enough to weigh it
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.scale import cost_table, scale
from wig_book.figures.regression import scaling

# %%
found = scale(globals())
cost_table(found["costs"])

# %% tags=["remove-cell"]
publish(results, "scale", found.numbers, **found.tables)

# %% [markdown]
# This page times nothing itself. `benchmarks/throughput.py` has measured a machine and written the throughput to a
# file, from which the page computes the rest. `make bench` measures your machine.
#
# The number of sentences in each text is a parameter. Ours are orders of magnitude that we assume; replace them with
# your own.
#
# Measured on a machine with the processor {glue:text}`processor:s`, {glue:text}`cores:s` cores, of which PyTorch
# {glue:text}`torch:s` used {glue:text}`threads:s`, and {glue:text}`gpu:s`. Attribution and training run on a GPU if the
# machine has one; counting never does. Without a GPU, no number on this page is about one.
#
# *Per second* counts sentences of about 20 words, or pairs of half sentences for fine-tuning. *Of peak* is the share of
# the fastest matrix products measured on this machine in the same precision. Each text then has the time in which this
# one machine processes every sentence once, and the memory of the pairs (counting) or the number of multiplications and
# additions. These numbers of operations depend on encoder and text, not on the machine: **for another machine, such as
# one with a GPU, divide them by the FLOP/s that it reaches.** A mean sentence takes {glue:text}`mean_to_short:.1f`
# times as many operations as one of 20 words, since the cost grows with the square of the length.
#
# *{glue:text}`large:s`* has the size of BERT-base and random weights, which take the same time as trained ones.
# Integrated Gradients are timed by quadrature, with {glue:text}`nodes:.0f` nodes; {doc}`04_convergence` compares its
# passes with those of the steps that the other pages take. SHAP uses {glue:text}`permutations` orders.

# %%
scaling(found["growth"], found["costs"])

# %% [markdown]
# ## Counting
#
# `word_information` reads {glue:text}`rate:,.0f` sentences or {glue:text}`words_rate:,.0f` words per second. Two
# things grow with the text.
#
# The first is memory: the number of distinct pairs of words grows as sentences to the power {glue:text}`exponent:.2f`
# in the {glue:text}`text_sentences:,` sentences measured. For {glue:text}`largest:s`, with {glue:text}`largest_words:s`
# words, that would be {glue:text}`largest_pairs:s` pairs and {glue:text}`largest_memory:s`. This extrapolates over
# {glue:text}`largest_powers:.1f` powers of ten. Over the last doubling of the text the power is
# {glue:text}`exponent_last:.2f`; if this is smaller than {glue:text}`exponent:.2f`, the extrapolation is likely too
# high, and if larger, too low.
#
# The second is adding up. The counts of blocks are added to larger and larger tables, which takes
# {glue:text}`largest_adding:.0%` of the time for {glue:text}`largest:s`. With `word_information(executor=…)` other
# processes or machines count the blocks, and only the adding stays with one. With an ideal split, {glue:text}`workers`
# workers need {glue:text}`largest_counting_shared:s` instead of {glue:text}`largest_counting:s`. While tables are
# added, the largest is in memory at least twice.
#
# A larger `min_count` saves no memory. Rare words are left out of the result only; they still count as neighbours, and
# {glue:text}`frequent_share:.0%` of the pairs measured consist of two words with at least {glue:text}`min_count`
# occurrences. A limit on the vocabulary does save memory: with `word_information(vocabulary=…)` all other words count
# as one, and {glue:text}`vocabulary:,` words have at most as many pairs as their square, which take
# {glue:text}`largest_memory_limited:s`. The limit can only make KL smaller.

# %% [markdown]
# ## Attribution
#
# To explain every sentence of {glue:text}`largest:s` with {glue:text}`large:s`, this machine would need
# {glue:text}`largest_explained:s`, and {glue:text}`workers` of them {glue:text}`largest_explained_shared:s`. That is
# not necessary. The weight of a word is a mean over its occurrences, and what matters is how many there are. In
# {glue:text}`sample_sentences:,.0f` sentences a word occurs {glue:text}`occurrences` times if it occurs
# {glue:text}`per_million:.1f` times per million words. Explaining these sentences takes
# {glue:text}`sample_explained:s`. Only counting needs the whole text.
#
# One derivative per word instead of one gradient per dimension makes this possible. captum was timed in the same run,
# on some dimensions, and scaled up to all: it takes {glue:text}`captum_small:.0f` times as long for
# {glue:text}`small:s` and {glue:text}`captum_large:.0f` times for {glue:text}`large:s`, in float32. Integrated
# Gradients reach {glue:text}`share_small:.0%` and {glue:text}`share_large:.0%` of the machine's peak.
