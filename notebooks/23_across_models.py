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
# # Models and corpora

# %% [markdown]
# The paper speaks of 12 models and 4 data sets. This page takes any list of encoders and any list of texts, and weighs every encoder on every text. Where it is known what an encoder was fine-tuned from, that base is weighed beside it, with the same pooling and on the same
# sentences, so that fine-tuning is all that differs. Each text's own words inform.
#
# The profile `paper` names the paper's encoders, as far as we can tell which they were, and STS-B, STS12, NLI and Wikipedia ({doc}`/rerun`). They come from the Hugging Face hub. Without it, there are the packaged ones, of which none has its base in the package.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
encoders: list[str] = [
    "all-MiniLM-L6-v2",
    "wig-base",
]  # packaged, folders, or hub names, each perhaps with :mean or :cls
corpora: list[str] = ["wikipedia-sample", "news", "wordnet"]  # names or files
baselines: list[Literal["mask", "pad", "unk", "zero"]] = ["mask", "pad"]  # in turn
max_sentences: int = 100  # whose words are weighed; the whole corpus informs
max_words: int | None = None  # only sentences of at most so many are weighed
tolerance: float = 0.01  # completeness error allowed, relative
precision: Literal["float32", "bfloat16"] = "bfloat16"  # of the derivatives
min_count: int = 10  # words rarer than this in the corpus are left out
bootstrap: int = 2000  # resamples of words for the intervals
seed: int = 0  # of the sample of sentences and of the bootstrap
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.across_models import (
    analyse_each,
    models_headline,
    readable_models,
)
from wig_book.figures.regression import models_map

# %%
found = analyse_each(
    encoders,
    corpora,
    baselines=baselines,
    max_sentences=max_sentences,
    max_words=max_words,
    tolerance=tolerance,
    precision=precision,
    min_count=min_count,
    bootstrap=bootstrap,
    seed=seed,
)
models_map(found.fits, found.changes)

# %% [markdown]
# How much of the spread of the weights KL(w) explains, under the first baseline; and what fine-tuning has added, where the base is known. R² has no sign, so read the table too:

# %%
readable_models(found)

# %% tags=["remove-cell"]
publish(
    results,
    "across_models",
    models_headline(found),
    fits=found.fits,
    changes=found.changes,
)

# %% [markdown]
# Under {glue:text}`baseline:s` the weights surely rise with KL in {glue:text}`positive` of {glue:text}`cells` cells and surely fall in {glue:text}`negative`. The largest R² is {glue:text}`highest:.3f` [{glue:text}`highest_low:.3f`, {glue:text}`highest_high:.3f`], of {glue:text}`highest_encoder:s`
# on {glue:text}`highest_corpus:s`. {glue:text}`fine_tuning:s`
