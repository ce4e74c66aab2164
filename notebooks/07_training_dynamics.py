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
# # When during training do weights change?
#
# Within {glue:text}`steps` steps the correlation with KL(w) under {glue:text}`baseline:s` goes from
# {glue:text}`correlation_before:+.2f` to {glue:text}`correlation_after:+.2f`, and at least half of that change is
# complete after {glue:text}`half_step` steps.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
base: str = "wig-base"  # the encoder before: packaged, a folder, or a hub name
objective: Literal[
    "info-nce",
    "info-nce-symmetric",
    "unsupervised-simcse",
    "supervised-simcse",
    "softmax",
] = "info-nce"  # what it is trained for
examples: str | None = (
    None  # to train on: a packaged kind or a file; None: the objective's default
)
pooling: Literal["mean", "cls", "max"] = "mean"  # of token vectors
similarity: Literal["cosine", "dot"] = "cosine"  # of embeddings
temperature: float | None = None  # None: 0.05 with cosine, 1 with dot
steps: int = 500  # of fine-tuning
learning_rate: float = 3.0e-4  # its peak
batch_size: int = 64  # examples a step, each other's negatives
look_at: list[int] = [
    0,
    25,
    50,
    100,
    200,
    500,
]  # steps at which the encoder is measured
corpus: str = "wikipedia-sample"  # a packaged corpus, a file, or a hub data set
column: str | None = None  # its column of sentences, if it has several
baselines: list[Literal["mask", "pad", "unk", "zero"]] = ["mask", "pad"]  # in turn
max_sentences: int = 100  # how many sentences are sampled to weigh words
max_words: int | None = None  # only sentences of at most so many words are sampled
tolerance: float = 0.1  # estimated error of the contributions to reach, relative
precision: Literal["float32", "bfloat16"] = "bfloat16"  # of attribution
min_count: int = 10  # words rarer than this in the corpus are left out
pairs: int = 1000  # how many half sentences to measure alignment on, about
bootstrap: int = 2000  # resamples of words for the intervals
seed: int = 0  # of the training, the sample of sentences and the bootstrap
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.training_dynamics import training_dynamics
from wig_book.figures.training import fit_along_training, state_along_training

# %%
found = training_dynamics(globals())
fit_along_training(found["course"])

# %% [markdown]
# R² and the signed correlation of weight with each quantity during training; bands are 95% intervals over words.
#
# One fine-tuning, measured along the way: how weight and information are related, how long embeddings are, how they lie
# in space, and how well the encoder's similarities agree with human judgements (the rank correlation on 1225 pairs of
# 50 news texts {cite}`lee2005empirical`). *Uniformity* (lower: embeddings are spread more evenly over the sphere) and
# *alignment* (lower: the two texts of a pair are nearer) are the two properties that a contrastive objective trades
# {cite}`wang2020understanding`; the pairs are halves of sentences.

# %%
state_along_training(found["course"])

# %% tags=["remove-cell"]
publish(results, "training_dynamics", found.numbers, **found.tables)

# %% [markdown]
# The correlation with human judgements went from
# {glue:text}`human_correlation_before:.2f` to {glue:text}`human_correlation_after:.2f`, the mean length of an embedding
# from {glue:text}`norm_before:.2f` to {glue:text}`norm_after:.2f`, uniformity from
# {glue:text}`uniformity_before:.2f` to {glue:text}`uniformity_after:.2f` and alignment from
# {glue:text}`alignment_before:.2f` to {glue:text}`alignment_after:.2f`. This is one run with one seed;
# {doc}`06_changes` has intervals over seeds.
