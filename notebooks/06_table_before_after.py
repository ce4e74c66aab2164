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
# The base model is fine-tuned with each objective, and the words of the same sentences are weighed before and after. The
# regression of weight on information is done both times, on the same words. If the paper is right, R² rises
# {cite}`kurita2023contrastive`.
#
# R² alone can mislead. A weighting that falls with information has an R² too, and one that is on its way from falling to rising passes
# through zero; so the signed correlation and the slope stand beside it. That fine-tuning did its work at all shows in the column
# *lee*: the rank correlation of the encoder's similarities with people's, on 1225 pairs of news texts that no training step saw
# {cite}`lee2005empirical`.
#
# Differences have 95% intervals from a paired bootstrap over words and runs: each resample draws words, the same before and after, and
# runs with other seeds.

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
max_sentences: int = 100  # whose words are weighed; the whole corpus informs
max_words: int | None = None  # only sentences of at most so many are weighed
tolerance: float = 0.01  # completeness error allowed, relative
precision: Literal["float32", "bfloat16"] = "bfloat16"  # of the derivatives
min_count: int = 10  # words rarer than this in the corpus are left out
sizes: list[int] = [25, 50, 100]  # how many sentences, for the last figure
bootstrap: int = 2000  # resamples of words and runs for the intervals
seed: int = 0  # of the sample of sentences and of the bootstrap
shipped: str | None = (
    "results/full"  # a longer run's numbers, shown at the end; None to leave them out
)
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish, shipped_table
from wig_book.experiments.before_after import by_sentences, changes_headline, recipes_of
from wig_book.experiments.rows import changes, display_changes
from wig_book.experiments.setup import Setup, from_parameters, train_and_weigh
from wig_book.figures.training import change_forest, fit_against_sentences

# %%
setup = from_parameters(Setup, globals())
recipes = recipes_of(
    settings, steps=steps, learning_rate=learning_rate, batch_size=batch_size
)
occurrences = train_and_weigh(base, recipes, seeds, setup)
table = changes(occurrences, setup, bootstrap=bootstrap, seed=seed)
change_forest(table, "correlation")

# %% [markdown]
# The signed correlation of weight and information, before (hollow) and after (filled), with its 95% interval.

# %%
display_changes(table)

# %% [markdown]
# Slopes are in units of the weight, and fine-tuning may lengthen all embeddings alike; the correlation is free of that.
#
# Noise in the weights caps R². The weights of words that occur at least twice were split in halves: the highest R² that any quantity could reach
# on these weights is estimated by how well the halves agree. And the more sentences are weighed, the less noise is left:

# %%
growth = by_sentences(occurrences, recipes[0], setup, sizes=sizes, seed=seed)
fit_against_sentences(growth)

# %% tags=["remove-cell"]
numbers = changes_headline(table)
publish(
    results,
    "table_before_after",
    {"base": base} | numbers,
    changes=table,
    growth=growth,
)

# %% [markdown]
# R² for KL against the number of sentences whose words are weighed, for the first setting; the band spans draws of sentences.
#
# Of {glue:text}`settings` settings, each with {glue:text}`runs` runs, fine-tuning raised the signed correlation of weight with KL(w) under {glue:text}`baseline:s` in
# {glue:text}`risen` (the whole interval above zero), lowered it in {glue:text}`fallen`, and
# {glue:text}`positive` end with a correlation whose interval is above zero. Under {glue:text}`baseline_last:s` it rose in {glue:text}`risen_last`, fell in {glue:text}`fallen_last`, and {glue:text}`positive_last` end above zero. The largest ΔR² is {glue:text}`best_r2:+.3f`
# [{glue:text}`best_r2_low:+.3f`, {glue:text}`best_r2_high:+.3f`], by {glue:text}`best_setting:s`: R² went from {glue:text}`best_before:.3f` to
# {glue:text}`best_after:.3f`, where noise allows at most {glue:text}`best_ceiling:.2f`. The paper speaks of up to 40 points, 0.40, of BERT, RoBERTa and MPNet; the base that comes with this book is far smaller than these.
#
# Did fine-tuning do its work? The agreement with people rose in {glue:text}`learned` of the {glue:text}`settings` settings. Where it did not, a change of R² says
# little about what good fine-tuning would do.

# %% [markdown]
# ## A longer run
#
# The same table from the profile `full`, whose numbers are kept in the repository: more settings, sentences and seeds.

# %%
shipped_table(shipped, "table_before_after_changes", then=display_changes)
