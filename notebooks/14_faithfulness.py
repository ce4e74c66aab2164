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
# # Do the weights mean something?
#
# Of {glue:text}`rows` comparisons with a random order, the order by weight is better in {glue:text}`better`, by its 95%
# interval.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
encoders: list[str] = [
    "wig-base",
    "all-MiniLM-L6-v2",
]  # packaged ones, folders, or hub names, in turn
methods: list[str] = ["ig", "shap"]  # whose weights order the words, in turn
baseline: Literal["mask", "pad", "unk", "zero"] = "mask"  # stands for a word
corpus: str = "wikipedia-sample"  # a packaged corpus, a file, or a hub data set
column: str | None = None  # its column of sentences, if it has several
max_sentences: int = 100  # that are taken apart
max_words: int | None = None  # only sentences of at most so many
tolerance: float = 0.1  # estimated error of the contributions to reach, relative
precision: Literal["float32", "bfloat16"] = "bfloat16"  # of attribution
random_orders: int = 8  # averaged, to compare with
bootstrap: int = 2000  # resamples of sentences for the intervals
min_count: int = 10  # words rarer than this in the corpus have no KL to order by
seed: int = 0  # of the sample of sentences, the random orders and the bootstrap
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.faithfulness import faithfulness
from wig_book.figures.specifications import deletion_and_insertion
from wig_book.figures.tables import show

# %%
found = faithfulness(globals())
deletion_and_insertion(found["curves"])

# %% [markdown]
# The relative distance of the embedding from that of the whole sentence, mean over sentences, one row per encoder.
# Besides the orders by weight and at random there is the order by KL(w), which knows the corpus but not the encoder. In
# deletion, a higher curve leaves sooner; in insertion, a lower curve arrives sooner.
#
# Any method gives numbers. This page tests them without any notion of information: words are removed from a sentence,
# the heaviest first, while the embedding moves away from where it was; then words are put back into an empty sentence,
# the heaviest first {cite}`petsiuk2018rise`. Meaningful weights move the embedding sooner than a random order does.

# %%
show(
    found["areas"],
    by=["encoder", "curve", "order"],
    columns=["area", "sentences"],
)

# %% tags=["remove-cell"]
publish(results, "faithfulness", found.numbers, **found.tables)

# %% [markdown]
# The area between an order's curve and the random one, positive where the order is better, with its 95% interval over
# sentences. Of {glue:text}`rows` areas of orders by weight, {glue:text}`better` have a 95% interval above zero. The
# mean area is {glue:text}`area_ig:.3f` for Integrated Gradients, {glue:text}`area_shap:.3f` for SHAP, and
# {glue:text}`area_kl:.3f` for KL(w) alone.
