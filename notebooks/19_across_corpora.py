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
# # Other texts

# %% [markdown]
# Wikipedia is one kind of text. Here the same encoders are weighed on every source at hand. Those that come with this book are the Wikipedia sample (`wikipedia-sample`), from which the examples of fine-tuning are made unless others are asked for; news from the end of 2001 (`news`); and the examples of
# use in WordNet (`wordnet`), which are short and about everyday things. Each source's own words inform: KL and −log P are counted in it.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
corpora: list[str] = [
    "wikipedia-sample",
    "news",
    "wordnet",
]  # names or files, in turn
encoder: str = "all-MiniLM-L6-v2"  # packaged, a folder, or a hub name
base: str = "wig-base"  # the encoder before: packaged, a folder, or a hub name
seeds: list[int] = [0]  # of the fine-tuning, in turn
steps: int = 500  # of fine-tuning
learning_rate: float = 3.0e-4  # its peak
batch_size: int = 64  # examples a step, each other's negatives
baselines: list[Literal["mask", "pad", "unk", "zero"]] = ["mask", "pad"]  # in turn
max_sentences: int = 100  # whose words are weighed; the whole corpus informs
max_words: int | None = None  # only sentences of at most so many are weighed
tolerance: float = 0.01  # completeness error allowed, relative
precision: Literal["float32", "bfloat16"] = "bfloat16"  # of the derivatives
min_count: int = 10  # words rarer than this in the corpus are left out
bootstrap: int = 2000  # resamples of words and runs for the intervals
seed: int = 0  # of the sample of sentences and of the bootstrap
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.across_corpora import (
    changes_over_corpora,
    fits_over_corpora,
    generality_headline,
    readable_corpora,
)
from wig_book.figures.regression import corpora_forest
from wig_core.training.fine_tuning import Recipe

# %%
options = {
    "baselines": baselines,
    "max_sentences": max_sentences,
    "max_words": max_words,
    "tolerance": tolerance,
    "precision": precision,
    "min_count": min_count,
    "seed": seed,
}
fits = fits_over_corpora(encoder, corpora, bootstrap=bootstrap, **options)
recipe = from_parameters(Recipe, globals())
changed = changes_over_corpora(
    base, recipe, seeds, corpora, bootstrap=bootstrap, **options
)
corpora_forest(fits, changed)

# %% [markdown]
# The correlation of weight and KL(w) on each text: of the encoder in use (squares), and of the base before (hollow) and after (filled).

# %%
readable_corpora(fits, changed)

# %% tags=["remove-cell"]
publish(
    results,
    "across_corpora",
    generality_headline(fits, changed),
    fits=fits,
    changes=changed,
)

# %% [markdown]
# Under {glue:text}`baseline:s` the encoder's weights surely rise with KL on {glue:text}`positive` of {glue:text}`corpora` texts; R² goes from {glue:text}`least:.3f` to {glue:text}`greatest:.3f`. By fine-tuning, {glue:text}`runs` runs, the base's correlation
# rose on {glue:text}`risen` and fell on {glue:text}`fallen` of them (whole intervals). To add a text of your own, give its file in `corpora` ({doc}`/rerun`).
