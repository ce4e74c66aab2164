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
# # Does it matter what replaces an absent word?
#
# Over {glue:text}`specifications` combinations of method and baseline, R² after fine-tuning ranges from
# {glue:text}`r2_after_least_kl:.3f` to {glue:text}`r2_after_greatest_kl:.3f`, and the signed correlation with KL(w)
# ends above zero in {glue:text}`positive_kl` of them.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
base: str = "wig-base"  # the encoder before: packaged, a folder, or a hub name
specifications: list[str] = [
    "default",
    "pad",
    "unk",
    "zero",
    "shap",
    "shap pad",
    "shap unk",
    "shap zero",
    "shap deleted",
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
# R², signed correlation and ΔR² for KL(w): one line per method and baseline, the best R² after fine-tuning first.
# *default* is Integrated Gradients with *mask*.
#
# Every attribution asks what the embedding would be without a word, and something must replace that word: the mask
# token, the padding token, the unknown token, the zero vector, or nothing at all (*deleted*: the sentence gets shorter;
# only SHAP can do this, since no path leads to a missing word). We do not know what the paper used. BERT-like models
# never train the padding token's vector and never attend to it, so *pad* lies outside what they know; *mask* is known
# to them, and is this book's default.

# %%
of_kl = found["specifications"].query("x == 'kl'")
show(of_kl, by=["specification"], columns=SPECIFICATION_COLUMNS)

# %% tags=["remove-cell"]
publish(results, "baselines", found.numbers, **found.tables)

# %% [markdown]
# *agreement* is the rank correlation over words of a specification's weights with the default's. ΔR² ranges from
# {glue:text}`r2_difference_least_kl:+.3f` to {glue:text}`r2_difference_greatest_kl:+.3f`. By its 95% interval, the
# signed correlation with KL(w) rose in {glue:text}`risen_kl` of the specifications and fell in {glue:text}`fallen_kl`.
# The lowest agreement with the default is {glue:text}`agreement:.2f`.
