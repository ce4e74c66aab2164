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
# # Before against after fine-tuning

# %% [markdown]
# The base model is fine-tuned with each objective, and the weights of the words of the same sentences are measured
# before and after. Weight is regressed on information both times, on the same words. If the paper is right, R² rises
# {cite}`kurita2023contrastive`.
#
# R² alone can mislead. A weight that falls with information has an R² too, and one that changes from falling to rising
# passes through zero; so the table also has the signed correlation and the slope. Whether fine-tuning worked at all
# shows in the column *human*: the rank correlation of the encoder's similarities with human judgements, on 1225 pairs
# of 50 news texts that no training step saw {cite}`lee2005empirical`.
#
# Differences have 95% intervals from a paired bootstrap over words and training runs: each resample draws words, the
# same before and after, and runs with other seeds.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
base: str = "wig-base"  # the encoder before: packaged, a folder, or a hub name
settings: list[str] = [
    "info-nce mean cosine"
]  # objective, pooling, similarity; in turn
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
sizes: list[int] = [25, 50, 100]  # how many sentences, for the last figure
draws: int = 20  # random draws of so many sentences, for that figure
splits: int = 50  # of the weights into halves, for the noise
bootstrap: int = 2000  # resamples of words and runs for the intervals
seed: int = 0  # of the sample of sentences and of the bootstrap
shipped: str | None = (
    "results/full"  # a longer run's numbers, shown at the end; None to leave them out
)
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish, read_shipped
from wig_book.experiments.before_after import table_before_after
from wig_book.figures.tables import show
from wig_book.figures.training import change_forest, fit_against_sentences

# %%
found = table_before_after(globals())
change_forest(found["changes"], "correlation")

# %% [markdown]
# The signed correlation of weight and information, before (hollow) and after (filled), with its 95% interval.

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

# %% [markdown]
# Slopes are in units of the weight, and fine-tuning may lengthen all embeddings alike; the correlation does not depend
# on that.
#
# Noise in the weights limits R². The occurrences of words that occur at least twice are split into halves, and the
# agreement of the two halves gives an estimate of the highest R² that any quantity could reach on these weights. The
# more sentences are used, the less noise is left:

# %%
fit_against_sentences(found["growth"])

# %% tags=["remove-cell"]
publish(results, "table_before_after", found.numbers, **found.tables)

# %% [markdown]
# R² for KL against the number of sentences whose words are weighed, for the first setting; the band spans random draws
# of sentences.
#
# There are {glue:text}`settings` settings with {glue:text}`runs` training runs each. Under {glue:text}`baseline:s`,
# fine-tuning raised the signed correlation of weight and KL(w) in {glue:text}`risen` of them (95% interval of the
# change above zero) and lowered it in {glue:text}`fallen` (interval below zero); {glue:text}`positive` end with a
# correlation whose interval is above zero. Under {glue:text}`baseline_last:s` the correlation rose in
# {glue:text}`risen_last`, fell in {glue:text}`fallen_last`, and ends above zero in {glue:text}`positive_last`. The
# largest ΔR² is {glue:text}`best_r2:+.3f` [{glue:text}`best_r2_low:+.3f`, {glue:text}`best_r2_high:+.3f`], with
# {glue:text}`best_setting:s`: R² went from {glue:text}`best_before:.3f` to {glue:text}`best_after:.3f`, where noise
# allows at most {glue:text}`best_ceiling:.2f`. The paper reports rises of up to 40 points, 0.40, for BERT, RoBERTa and
# MPNet; the base that comes with this book is far smaller than these.
#
# Did fine-tuning work? The correlation with human judgements rose in {glue:text}`learned` of the
# {glue:text}`settings` settings. Where it did not, a change of R² says little about what good fine-tuning would do.

# %% [markdown]
# ## A longer run
#
# The profile `full` has more settings, sentences and seeds; its numbers are kept in the repository. With the parameter
# `shipped`, its table is shown here.

# %%
longer = read_shipped(shipped, "table_before_after_changes")
None if longer is None else show(
    longer, by=["setting", "baseline", "x"], columns=columns
)
