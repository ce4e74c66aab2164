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
# # Does any result depend on a single choice?
#
# Over {glue:text}`specifications` specifications, R² after fine-tuning ranges from {glue:text}`r2_after_least_kl:.3f`
# to {glue:text}`r2_after_greatest_kl:.3f`, and the signed correlation with KL(w) ends above zero in
# {glue:text}`positive_kl` of them.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
base: str = "wig-base"  # the encoder before: packaged, a folder, or a hub name
specifications: list[str] = [
    "default",
    "pad",
    "unk",
    "shap",
    "shap pad",
    "shap unk",
    "shap deleted",
    "unscaled",
    "norm",
    "direction",
    "subword",
    "dot",
    "cls",
    "cls dot",
    "dot pad",
    "shap cls",
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
from wig_book.figures.specifications import specifications_forest

# %%
found = measure(globals())
specifications_forest(found["specifications"])

# %%
specifications_forest(found["specifications"], x="self_information")

# %% [markdown]
# R², signed correlation and ΔR², first for KL(w), then for −log P(w); before (hollow) and after (filled) fine-tuning,
# with 95% intervals over words and runs. The book's default is shaded. Each line names what differs from it.
#
# Each of the previous pages varied one choice; here are their specifications in one figure, a *specification curve*
# {cite}`simonsohn2020specification`. What the previous pages measured is read from the cache.

# %% tags=["remove-cell"]
publish(results, "specifications", found.numbers, **found.tables)

# %% [markdown]
# Over {glue:text}`specifications` specifications, the median R² for KL(w) after fine-tuning is
# {glue:text}`r2_after_kl:.3f` (from {glue:text}`r2_after_least_kl:.3f` to {glue:text}`r2_after_greatest_kl:.3f`), and
# the median ΔR² {glue:text}`r2_difference_kl:+.3f` (from {glue:text}`r2_difference_least_kl:+.3f` to
# {glue:text}`r2_difference_greatest_kl:+.3f`). By its 95% interval, the signed correlation rose in
# {glue:text}`risen_kl`, fell in {glue:text}`fallen_kl`, and ends above zero in {glue:text}`positive_kl` of them. For
# −log P(w) the median R² is {glue:text}`r2_after_self_information:.3f` and the median ΔR²
# {glue:text}`r2_difference_self_information:+.3f`; the correlation rose in {glue:text}`risen_self_information`, fell in
# {glue:text}`fallen_self_information`, and ends above zero in {glue:text}`positive_self_information`. The encoders come
# from {glue:text}`runs` fine-tuning runs.
