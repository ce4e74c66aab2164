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
# # Why are two texts similar?
#
# The two sentences below have a similarity of {glue:text}`similarity:.2f`. The pair of words that adds most to it is
# *{glue:text}`pair_left:s`* with *{glue:text}`pair_right:s`*: {glue:text}`pair_share:+.2f`. To test such numbers, pairs
# of {glue:text}`granularity:s`s are removed from other texts as the matrix ranks them: the similarity then falls sooner
# than in {glue:text}`sooner` of {glue:text}`orders` other orders, by 95% intervals.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
encoder: str = "all-MiniLM-L6-v2"  # packaged, a folder, or a hub name
left: str = "A woman is playing the cello."  # compared with the next
right: str = "My sister practises her violoncello every day."
query: str = "Who plays the cello?"  # compared with the document
document: str = (
    "Anna grew up in Linz, where her father sold shoes. She learnt the violoncello when she was six. Today she works "
    "in a bank, and few of her colleagues know what she does after work. In the evening she rehearses with an "
    "orchestra in Vienna. Her brother never liked music. He prefers football, and coaches a team of girls in Graz."
)
encoders: list[str] = ["wig-base"]  # whose baselines are compared too
pairs: str = "lee"  # human judgements: packaged, a file, or a hub data set
max_pairs: int = 60  # sampled from the half that people find more similar
granularity: Literal["word", "sentence", "paragraph"] = "sentence"  # of these pairs
baselines: list[Literal["mask", "pad", "unk", "zero"]] = [
    "mask",
    "pad",
    "unk",
    "zero",
]  # compared
tolerance: float = 0.1  # estimated error of the contributions to reach, relative
precision: Literal["float32", "bfloat16"] = "bfloat16"  # of attribution
random_orders: int = 8  # averaged, to compare with
disagreements: int = 3  # pairs that are explained
bootstrap: int = 2000  # resamples of pairs for the intervals
seed: int = 0  # of the sample, the random orders and the bootstrap
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from IPython.display import display

from wig_book.build.publish import publish
from wig_book.experiments.why_similar import (
    explain_disagreements,
    largest_pair,
    why_similar,
)
from wig_book.figures.similarity import deletion_of_pairs
from wig_book.figures.tables import show
from wig_core import Explainer, explain_similarity, least_baseline

# %%
two = explain_similarity(encoder, left, right)
two

# %% [markdown]
# The contribution of a word is a vector, so the inner product of two embeddings falls apart into pairs of words. With
# $s = b + \sum_i c_i$ for one text and $t = b' + \sum_j c'_j$ for the other,
#
# $$s \cdot t = \sum_i \sum_j c_i \cdot c'_j + \sum_i c_i \cdot b' + \sum_j b \cdot c'_j + b \cdot b'.$$
#
# Divided by $\|s\| \|t\|$ it is the cosine. The first sum says which word meets which. The others are what is left in
# the baselines, the embeddings of the texts without their words. The matrix $c_i \cdot c'_j$ costs nothing beyond the
# two attributions; {cite:t}`moeller2023attribution` reach the same matrix through integrated Jacobians.
#
# Try it with your encoder and texts, here or in a terminal:
#
# ```bash
# wig explain "Who plays the cello?" --similar-to "My sister plays the cello in Vienna." --html pair.html
# wig explain "Who plays the cello?" --corpus my_texts.txt --top 5 --granularity sentence
# ```
#
# ## A query and a document
#
# All words of a sentence move from the baseline as one, so that a long document takes little time. The contribution of
# a sentence is the sum of those of its words.

# %%
whole = Explainer(
    baseline=least_baseline(encoder, [query, document]), granularity="sentence"
)
explain_similarity(encoder, query, document, whole)

# %% [markdown]
# ## Which baseline?
#
# What a baseline leaves in the texts says nothing about words, so the less the better. The table shows the mean sums
# over judged pairs (by default the news texts of {cite}`lee2005empirical`); *agreement* is the correlation over pairs
# between the similarity and its part that lies in pairs of words.

# %%
found = why_similar(globals())
show(
    found["remainders"],
    by=["encoder", "baseline"],
    columns=["words", "crossed", "left_over", "remainder", "agreement"],
)

# %% [markdown]
# For {glue:text}`encoder:s` the baseline {glue:text}`least:s` leaves least. Another encoder may need another one, so
# `explain_similarity` and `wig explain` measure this on the texts that they are given, and take the best token. (They
# take the zero vector only for static encoders: in deep ones the path from it can be too rough to follow.)
#
# ## Does the matrix point at the right pairs?
#
# Pairs of {glue:text}`granularity:s`s, one of each text, are replaced by the baseline, until half of the shorter text is
# gone. (Beyond that the texts grow alike again, since nothing is left of either.) By the *matrix*, the next pair is the
# one whose row and column hold most of the parts that are left. That is rarely the pair with the *largest cell*: texts
# that lose the same word stay alike, whereas a word counts less once its partner is gone. The other orders are by the
# *shares* of each text alone, by the cosines between the last layer's *token* vectors, with the rule of the matrix, and
# *random*.

# %%
deletion_of_pairs(found["curves"])

# %%
show(found["areas"], by=["order"], columns=["area", "pairs"])

# %% [markdown]
# The area between the curve of the matrix and that of each other order, with its 95% interval over
# {glue:text}`sampled` pairs: positive where the matrix lowers the similarity sooner. Of {glue:text}`orders` intervals,
# {glue:text}`sooner` lie above zero.
#
# ## Where the encoder and people disagree
#
# Over all {glue:text}`judged` pairs the rank correlation between the similarities and the human judgements is
# {glue:text}`human_correlation:.2f`. These are the pairs whose rank differs most; 100% is the most similar pair. Their
# explanations follow in the same order.

# %%
show(
    found["disagreements"],
    by=["pair"],
    columns=["score", "encoder_score", "human_rank", "encoder_rank"],
)

# %%
for explained in explain_disagreements(globals(), found):
    display(explained)

# %% tags=["remove-cell"]
publish(results, "why_similar", found.numbers | largest_pair(two), **found.tables)
