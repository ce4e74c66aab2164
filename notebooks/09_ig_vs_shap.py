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
# # Integrated Gradients against SHAP

# %% [markdown]
# The paper measures the weight of a word in two ways. Integrated Gradients {cite}`sundararajan2017axiomatic` follow the straight path from a sentence without its words to the
# sentence, and give each word its share of the way. Shapley values {cite}`shapley1953value,lundberg2017unified` let the words join in all orders, and give each the mean of what it changes. Both
# split the whole embedding, and in both the contributions add up to it ({doc}`04_completeness`). If the claim is about encoders and not about a method, it must hold for both.
#
# A sentence of up to ten words is enumerated in all its coalitions; for longer ones orders are drawn, each with its reverse {cite}`mitchell2022sampling`. One forward pass serves
# all dimensions of the embedding, since the value of a coalition is the embedding itself.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
base: str = "wig-base"  # the encoder before: packaged, a folder, or a hub name
readings: list[str] = [
    "default",
    "shap",
]  # each in the words that differ from the default, or "default"
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
tolerance: float = 0.01  # completeness error allowed, relative
precision: Literal["float32", "bfloat16"] = "bfloat16"  # of the derivatives
min_count: int = 10  # words rarer than this in the corpus are left out
bootstrap: int = 2000  # resamples of words and runs for the intervals
seed: int = 0  # of the sample of sentences and of the bootstrap
permutations: list[int] = [2, 4, 8, 16, 32, 64]  # orders drawn, for the last figure
enumerated: int = 12  # sentences that are enumerated for it
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.setup import Setup, from_parameters
from wig_book.experiments.specifications import (
    convergence,
    display_specifications,
    fit_specifications,
    parse_specifications,
    specification_numbers,
    weigh_specifications,
    weights_side_by_side,
)
from wig_book.figures.specifications import (
    convergence_of_samples,
    specifications_forest,
    weightings,
)
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.training.fine_tuning import Recipe

# %%
setup = from_parameters(Setup, globals())
recipe = from_parameters(Recipe, globals())
occurrences = weigh_specifications(
    base, recipe, seeds, setup, parse_specifications(readings)
)
table = fit_specifications(base, occurrences, setup, bootstrap=bootstrap, seed=seed)
words = weights_side_by_side(occurrences, setup)
weightings(words)

# %% [markdown]
# Each point is a word: its weight by the one method against that by the other, before fine-tuning and after it. On the dotted line they are equal.

# %%
specifications_forest(table)

# %% [markdown]
# R², signed correlation and ΔR² for KL(w), before (hollow) and after (filled) fine-tuning, with 95% intervals over words and runs. *default* is
# Integrated Gradients. For both quantities:

# %%
display_specifications(table, "kl")

# %%
display_specifications(table, "self_information")

# %% tags=["remove-cell"]
errors = convergence(
    SentenceEncoder.load(base),
    setup,
    permutations=permutations,
    sentences=enumerated,
)
means = errors.groupby("permutations")["error"].mean()
rank = words.groupby("stage")[["ig", "shap"]].corr(method="spearman")
numbers = specification_numbers(table) | {
    "rank_before": rank.loc["before", "ig"]["shap"],
    "rank_after": rank.loc["after", "ig"]["shap"],
    "worst_shap": table.loc[table["reading"] == "shap", "completeness_error"].max(),
    "worst_ig": table.loc[table["reading"] == "default", "completeness_error"].max(),
    "first_orders": int(means.index[1]),
    "first_error": means.iloc[1],
    "last_orders": int(means.index[-1]),
    "last_error": means.iloc[-1],
    "winter": means[0],
}
publish(results, "ig_vs_shap", numbers, readings=table, words=words, convergence=errors)

# %% [markdown]
# The rank correlation of the two weightings over {glue:text}`words` words is {glue:text}`rank_before:.2f` before fine-tuning and {glue:text}`rank_after:.2f` after it. Contributions
# add up to the embedding within a mean relative error of {glue:text}`worst_ig:.1e` (Integrated Gradients) and {glue:text}`worst_shap:.1e` (SHAP). Of the two methods, the correlation with KL(w) rose in
# {glue:text}`risen_kl`, fell in {glue:text}`fallen_kl`, and ends above zero in {glue:text}`positive_kl` (whole intervals); with −log P(w) it rose in {glue:text}`risen_self`, fell in
# {glue:text}`fallen_self` and ends above zero in {glue:text}`positive_self`. Weights come from {glue:text}`runs` fine-tuning runs.
#
# ## How many orders are enough?
#
# Sentences that can be enumerated tell how far the sampled values are from the exact ones. The error of a mean of independent draws falls with the square root of their number.

# %%
convergence_of_samples(errors)

# %% [markdown]
# With {glue:text}`first_orders` orders the relative error is {glue:text}`first_error:.2f`, with {glue:text}`last_orders` it is {glue:text}`last_error:.2f`. The library shap explains text by its `PartitionExplainer`, whose
# values are other ones by definition: Winter values {cite}`winter1989value`, in which only those orders count that keep together the words of each branch of a tree. Here, with a tree that merges neighbours in halves,
# they lie {glue:text}`winter:.2f` from the Shapley values, however long they are computed.
