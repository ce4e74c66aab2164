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
# # Retrieval encoders

# %% [markdown]
# The paper asks what happens in encoders trained for retrieval, such as DPR {cite}`karpukhin2020dense` and Contriever {cite}`izacard2022contriever`. No hub is needed to try their *recipes* on the base:
#
# - *DPR*: a question must find its passage by inner product of CLS vectors, among the passages of the batch and one hard negative each. Lacking questions, a sentence plays the question and the rest of its paragraph the passage (the inverse cloze task
#   {cite}`lee2019latent`); the hard negative is another paragraph of the article.
# - *Contriever*: two random crops of one paragraph must find each other, by inner product of mean vectors. Contriever keeps a queue of negatives; ours are those of the batch.
#
# The third line takes the passages with mean pooling, to tell pooling from examples. With `pairs`, encoders that others trained are measured beside these, such as `facebook/contriever` and what it was made from, `bert-base-uncased`.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
base: str = "wig-base"  # the encoder before: packaged, a folder, or a hub name
settings: list[str] = [
    "info-nce cls dot passages",
    "info-nce mean dot crops",
    "info-nce mean dot passages",
]  # objective, pooling, similarity, examples
pairs: dict[str, str] = {}  # encoders to measure too, each with what it was made from
seeds: list[int] = [0]  # of the fine-tuning, in turn
steps: int = 500  # of fine-tuning
learning_rate: float = 3.0e-4  # its peak
batch_size: int = 64  # examples a step, each other's negatives
corpus: str = "wikipedia-sample"  # a packaged corpus, a file, or a hub data set
column: str | None = None  # its column of sentences, if it has several
baselines: list[Literal["mask", "pad", "unk", "zero"]] = ["mask", "pad"]  # in turn
max_sentences: int = 100  # whose words are weighed; the whole corpus informs
max_words: int | None = None  # only sentences of at most so many are weighed
tolerance: float = 0.01  # completeness error allowed, relative
precision: Literal["float32", "bfloat16"] = "bfloat16"  # of the derivatives
min_count: int = 10  # words rarer than this in the corpus are left out
bootstrap: int = 2000  # resamples of words and runs for the intervals
seed: int = 0  # of the sample of sentences and of the bootstrap
shipped: str | None = (
    "results/full"  # a longer run's numbers, shown at the end; None to leave them out
)
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
import pandas as pd

from wig_book.build.publish import publish, shipped_table
from wig_book.experiments.before_after import changes_headline, recipes_of
from wig_book.experiments.rows import changes, display_changes
from wig_book.experiments.setup import (
    Setup,
    from_parameters,
    train_and_weigh,
    weigh_pairs,
)
from wig_book.figures.training import change_forest

# %%
setup = from_parameters(Setup, globals())
recipes = recipes_of(
    settings, steps=steps, learning_rate=learning_rate, batch_size=batch_size
)
trained = train_and_weigh(base, recipes, seeds, setup)
occurrences = pd.concat([trained, weigh_pairs(pairs, setup)])
table = changes(occurrences, setup, bootstrap=bootstrap, seed=seed)
change_forest(table, "correlation")

# %% [markdown]
# The signed correlation of weight and KL(w), before (hollow) and after (filled), with its 95% interval.

# %%
display_changes(table)

# %% tags=["remove-cell"]
publish(results, "retrieval", changes_headline(table), changes=table)

# %% [markdown]
# Under {glue:text}`baseline:s`, the correlation with KL after *{glue:text}`setting_0:s`* is {glue:text}`after_0:+.2f` [{glue:text}`after_low_0:+.2f`, {glue:text}`after_high_0:+.2f`], a change of {glue:text}`correlation_0:+.2f`
# [{glue:text}`correlation_low_0:+.2f`, {glue:text}`correlation_high_0:+.2f`]. After *{glue:text}`setting_1:s`* it is {glue:text}`after_1:+.2f` [{glue:text}`after_low_1:+.2f`, {glue:text}`after_high_1:+.2f`], a change of {glue:text}`correlation_1:+.2f`
# [{glue:text}`correlation_low_1:+.2f`, {glue:text}`correlation_high_1:+.2f`]. Agreement with people (*lee*) rose in {glue:text}`learned` of {glue:text}`settings`.

# %% [markdown]
# ## A longer run
#
# The same from the profile `full`, whose numbers are kept in the repository.

# %%
shipped_table(shipped, "retrieval_changes", then=display_changes)
