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
# # Does it matter which number is the weight?
#
# Over {glue:text}`specifications` definitions of the weight, R² after fine-tuning ranges from
# {glue:text}`r2_after_least_kl:.3f` to {glue:text}`r2_after_greatest_kl:.3f`, and the signed correlation with KL(w)
# ends above zero in {glue:text}`positive_kl` of them.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
base: str = "wig-base"  # the encoder before: packaged, a folder, or a hub name
specifications: list[str] = [
    "default",
    "unscaled",
    "norm",
    "norm unscaled",
    "direction",
    "direction unscaled",
    "subword",
    "subword unscaled",
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
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.specifications import measure
from wig_book.figures.specifications import SPECIFICATION_COLUMNS, specifications_forest
from wig_book.figures.tables import show

# %%
found = measure(globals())
specifications_forest(found["specifications"])

# %% [markdown]
# R², signed correlation and ΔR² for KL(w): one line per specification, the best R² after fine-tuning first.
#
# A contribution to an embedding is a vector, and a weight is a number. The book takes the vector's length. Other
# choices are what a word adds to the length ‖s‖ of the embedding (*norm*), or to the embedding along its own direction
# s/‖s‖ (*direction*); the weights multiplied by the number of words in the sentence, which undoes the 1/n of mean
# pooling, or not multiplied (*unscaled*); and the weights of words, or of the encoder's own subwords (*subword*), whose
# information is counted in the corpus likewise.

# %%
of_kl = found["specifications"].query("x == 'kl'")
show(of_kl, by=["specification"], columns=SPECIFICATION_COLUMNS)

# %% tags=["remove-cell"]
publish(results, "targets", found.numbers, **found.tables)

# %% [markdown]
# ΔR² ranges from {glue:text}`r2_difference_least_kl:+.3f` to {glue:text}`r2_difference_greatest_kl:+.3f`. By its 95%
# interval, the signed correlation with KL(w) rose in {glue:text}`risen_kl` of the specifications and fell in
# {glue:text}`fallen_kl`. Words and subwords are different units, so no agreement is given between them.
