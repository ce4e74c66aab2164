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
# Wikipedia is one kind of text. This page weighs the words of the same encoders on every source at hand. Three come
# with this book: the Wikipedia sample (`wikipedia-sample`), from which the examples of fine-tuning are made by default;
# news from the end of 2001 (`news`); and the usage examples of WordNet (`wordnet`), which are short and about everyday
# things. Each source has its own information: KL and −log P are counted in it.

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
batch_size: int = 64  # examples per step, each other's negatives
baselines: list[Literal["mask", "pad", "unk", "zero"]] = ["mask", "pad"]  # in turn
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
from wig_book.experiments.across_corpora import across_corpora
from wig_book.figures.regression import corpora_forest
from wig_book.figures.tables import show

# %%
found = across_corpora(globals())
corpora_forest(found["fits"], found["changes"])

# %% [markdown]
# The correlation of weight and KL(w) on each text, with its 95% interval: of the published encoder (squares), and of
# the base before (hollow) and after fine-tuning (filled).

# %%
row = ["corpus", "baseline", "x"]
encoder_fits = show(found["fits"], by=row, columns=["r2", "correlation", "n_words"])
base_changes = show(
    found["changes"], by=row, columns=["correlation", "correlation_difference"]
)
encoder_fits.join(base_changes, suffixes=("", ", base"))

# %% [markdown]
# The columns *correlation, base* and *Δ* are about the base: before → after fine-tuning, and the change.

# %% tags=["remove-cell"]
publish(results, "across_corpora", found.numbers, **found.tables)

# %% [markdown]
# Under the baseline {glue:text}`baseline:s` the encoder's weights rise with KL on {glue:text}`positive` of
# {glue:text}`corpora` texts (95% interval above zero); R² ranges from {glue:text}`least:.3f` to
# {glue:text}`greatest:.3f`. Over {glue:text}`runs` runs of fine-tuning, the base's correlation rose on
# {glue:text}`risen` texts and fell on {glue:text}`fallen`, again by the whole interval. To add a text of your own, give
# its file in `corpora` ({doc}`/rerun`).
