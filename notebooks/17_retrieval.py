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
# The paper asks what happens in encoders trained for retrieval, such as DPR {cite}`karpukhin2020dense` and Contriever
# {cite}`izacard2022contriever`. Their *recipes* can be tried on the base without the hub:
#
# - *DPR*: a question must find its passage by inner product of CLS vectors, among the passages of the batch and one
#   hard negative each. In place of questions, a sentence plays the question and the rest of its paragraph the passage
#   (the inverse cloze task {cite}`lee2019latent`); the hard negative is another paragraph of the article.
# - *Contriever*: two random crops of one paragraph must find each other, by inner product of mean vectors. Contriever
#   keeps a queue of negatives; ours are those of the batch.
#
# A third setting, passages with mean pooling, separates the effect of pooling from that of the examples. With `pairs`,
# encoders that others trained are measured beside these, such as `facebook/contriever` and the model it was made from,
# `bert-base-uncased`.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
base: str = "wig-base"  # the encoder before: packaged, a folder, or a hub name
settings: list[str] = [
    "info-nce cls dot passages",
    "info-nce mean dot crops",
    "info-nce mean dot passages",
]  # objective, pooling, similarity, examples
pairs: dict[str, str] = {}  # encoders to measure too, each with its base
seeds: list[int] = [0]  # of the fine-tuning, in turn
steps: int = 500  # of fine-tuning
learning_rate: float = 3.0e-4  # its peak
batch_size: int = 64  # examples a step, each other's negatives
corpus: str = "wikipedia-sample"  # a packaged corpus, a file, or a hub data set
column: str | None = None  # its column of sentences, if it has several
baselines: list[Literal["mask", "pad", "unk", "zero"]] = ["mask", "pad"]  # in turn
max_sentences: int = 100  # how many sentences are sampled to weigh words
max_words: int | None = None  # only sentences of at most so many words are sampled
tolerance: float = 0.1  # estimated error of the contributions to reach, relative
precision: Literal["float32", "bfloat16"] = "bfloat16"  # of attribution
min_count: int = 10  # words rarer than this in the corpus are left out
bootstrap: int = 2000  # resamples of words and runs for the intervals
seed: int = 0  # of the sample of sentences and of the bootstrap
shipped: str | None = (
    "results/full"  # a longer run's numbers, shown at the end; None to leave them out
)
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish, read_shipped
from wig_book.experiments.before_after import retrieval
from wig_book.figures.tables import show
from wig_book.figures.training import change_forest

# %%
found = retrieval(globals())
change_forest(found["changes"], "correlation")

# %% [markdown]
# The signed correlation of weight and KL(w), before (hollow) and after (filled), with its 95% interval.

# %%
columns = [
    "r2",
    "r2_difference",
    "correlation",
    "correlation_difference",
    "slope",
    "human_correlation",
]
show(found["changes"], by=["setting", "baseline", "x"], columns=columns)

# %% tags=["remove-cell"]
publish(results, "retrieval", found.numbers, **found.tables)

# %% [markdown]
# Under {glue:text}`baseline:s`, the correlation with KL after *{glue:text}`setting_0:s`* is
# {glue:text}`correlation_after_0:+.2f` [{glue:text}`correlation_after_0_low:+.2f`,
# {glue:text}`correlation_after_0_high:+.2f`], a change of {glue:text}`correlation_difference_0:+.2f`
# [{glue:text}`correlation_difference_0_low:+.2f`, {glue:text}`correlation_difference_0_high:+.2f`]. After
# *{glue:text}`setting_1:s`* it is {glue:text}`correlation_after_1:+.2f` [{glue:text}`correlation_after_1_low:+.2f`,
# {glue:text}`correlation_after_1_high:+.2f`], a change of {glue:text}`correlation_difference_1:+.2f`
# [{glue:text}`correlation_difference_1_low:+.2f`, {glue:text}`correlation_difference_1_high:+.2f`]. The rank
# correlation of the encoder's similarities with human judgements of 50 news texts {cite}`lee2005empirical` (*human*)
# rose in {glue:text}`learned` of {glue:text}`settings` settings.

# %% [markdown]
# ## A longer run
#
# The numbers of the profile `full` are kept in the repository. With the parameter `shipped`, its table is shown here.

# %%
longer = read_shipped(shipped, "retrieval_changes")
None if longer is None else show(
    longer, by=["setting", "baseline", "x"], columns=columns
)
