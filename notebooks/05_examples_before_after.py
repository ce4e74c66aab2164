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
# # What does fine-tuning change in a sentence?
#
# Relative to the average word, “{glue:text}`risen:s`” gains most weight in these sentences, and “{glue:text}`fallen:s`”
# loses most.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
base: str = "wig-base"  # the encoder before: packaged, a folder, or a hub name
sentences: list[str] = [
    "The city was founded by the Romans in the first century.",
    "It is one of the most important works of the philosopher.",
    "Most of the insects live in the tropical forests of Africa.",
    "He was born in Vienna and studied music there.",
]  # the sentences to look at
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
corpus: str = "wikipedia-sample"  # a packaged corpus, a file, or a hub data set
column: str | None = None  # its column of sentences, if it has several
baseline: Literal["mask", "pad", "unk", "zero"] = "mask"  # stands for a word
tolerance: float = 0.1  # estimated error of the contributions to reach, relative
precision: Literal["float32", "bfloat16"] = "bfloat16"  # of attribution
min_count: int = 10  # words rarer than this in the corpus are left grey
seed: int = 0  # of the training
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from IPython.display import HTML

from wig_book.build.publish import publish
from wig_book.experiments.examples_before_after import examples_before_after
from wig_core.plotting import heat_map

# %%
found = examples_before_after(globals())
lines = {"before": "before", "after": "after", "kl": "KL(w)"}
HTML(heat_map(found["words"], lines))

# %% [markdown]
# Each kind of line has its own scale, from its least to its greatest value on the page, because fine-tuning also
# changes the length of embeddings. Point at a word to read its number; grey words are too rare in the corpus for an
# estimate.
#
# The paper's claim is about change: contrastive fine-tuning makes an encoder weight informative words more. So this
# page takes a base model that was trained only to guess masked words, and fine-tunes it. The default base is this
# project's own, and small: BERT's architecture with four layers, trained on a few million words ({doc}`../method`). If
# you have a larger pre-trained model, pass it as `base`.
#
# The default objective of this page is InfoNCE {cite}`oord2018representation`: the two halves of a sentence must find
# each other among the halves of all other sentences of the batch. Each sentence is shown three times: shaded by
# the weights of its words before fine-tuning, by those after it, and by the information of the words in the corpus
# ({doc}`02_word_information`).

# %% tags=["remove-cell"]
publish(results, "examples_before_after", found.numbers, **found.tables)

# %% [markdown]
# In {glue:text}`steps` steps of {glue:text}`objective:s`, the rank correlation of weight and KL(w) over these
# {glue:text}`words` words went from {glue:text}`rank_before:.2f` to {glue:text}`rank_after:.2f`. {glue:text}`sentences`
# sentences prove nothing; {doc}`06_changes` measures the effect over many.
