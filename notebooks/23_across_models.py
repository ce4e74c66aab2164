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
# The paper reports on 12 models and 4 data sets. This page takes any list of encoders and any list of texts, and weighs
# the words of every text in every encoder. If the base that an encoder was fine-tuned from is known, it is measured
# too, with the same pooling and on the same sentences, so that only fine-tuning differs. Each text has its own
# information.
#
# The profile `paper` names the paper's encoders, as far as we can tell which they were, and STS-B, STS12, NLI and
# Wikipedia ({doc}`/rerun`). They come from the Hugging Face hub. Without the hub there are the packaged encoders, none
# of which has its base in the package.

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
tolerance: float = 0.1  # estimated error of the contributions to reach, relative
precision: Literal["float32", "bfloat16"] = "bfloat16"  # of attribution
min_count: int = 10  # words rarer than this in the corpus are left out
bootstrap: int = 2000  # resamples of words for the intervals
seed: int = 0  # of the sample of sentences and of the bootstrap
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.across_models import across_models
from wig_book.figures.regression import models_map
from wig_book.figures.tables import show

# %%
found = across_models(globals())
models_map(found["fits"], found["changes"])

# %% [markdown]
# The share of the variance of the weights that KL(w) explains, under the first baseline; and what fine-tuning has
# added, if the base is known. R² has no sign, so read the table too:

# %%
row = ["encoder", "corpus", "baseline", "x"]
fits = show(found["fits"], by=row, columns=["r2", "correlation", "n_words"])
changes = show(
    found["changes"], by=row, columns=["r2_difference", "correlation_difference"]
)
fits.join(changes).fillna("no base")

# %% tags=["remove-cell"]
publish(results, "across_models", found.numbers, **found.tables)

# %% [markdown]
# A cell is one encoder on one text. Under the baseline {glue:text}`baseline:s` the weights rise with KL (95% interval
# above zero) in {glue:text}`positive` of {glue:text}`cells` cells and fall (interval below zero) in
# {glue:text}`negative`. The largest R² is {glue:text}`highest:.3f` [{glue:text}`highest_low:.3f`,
# {glue:text}`highest_high:.3f`], that of {glue:text}`highest_encoder:s` on {glue:text}`highest_corpus:s`. The base is
# known in {glue:text}`pairs` cells. From base to encoder, R² rose in {glue:text}`risen` of them and fell in
# {glue:text}`fallen`; if any is known, the table has the size of the changes (ΔR²).
