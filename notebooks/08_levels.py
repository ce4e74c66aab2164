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

# %% [markdown]
# # Is it there in published encoders?

# %% [markdown]
# In {glue:text}`positive` of {glue:text}`readings` readings of {glue:text}`encoder:s` the weight of a word rises with KL(w)
# (95% interval above zero), and R² goes from {glue:text}`least_r2:.2f` to {glue:text}`greatest_r2:.2f`.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
encoders: list[str] = [
    "all-MiniLM-L6-v2",
    "wig-base",
]  # in turn; prose quotes the first
untrained: list[str] = ["wig-base"]  # whose shape is measured with random weights
corpora: list[str] = [
    "wikipedia-sample",
    "news",
]  # whose words are weighed; prose: the first
source: str = "wikipedia-sample"  # information of it beside a text's own
baselines: list[Literal["mask", "pad", "unk", "zero"]] = ["mask", "pad"]  # in turn
types: int = 2000  # words drawn from each text
occurrences: int = 3  # sentences that each is to be in
max_sentences: int | None = 60  # at most, in the order in which they are chosen
limits: dict[str, int] = {}  # the same for single encoders and texts, by name
max_words: int | None = 20  # only sentences of at most so many words are weighed
min_count: int = 10  # words rarer than this in the text are left out
shuffles: int = 3  # shuffled texts for the corrected KL
splits: int = 5  # of documents in halves, for reliabilities
tolerance: float = 0.1  # estimated error of the contributions to reach, relative
precision: Literal["float32", "bfloat16"] = "bfloat16"  # of attribution
bootstrap: int = 1000  # resamples of words for the intervals
seed: int = 0  # of the population
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.levels import levels
from wig_book.figures.study import levels_by_reading, relative_weights
from wig_book.figures.tables import paper_nearest, show

# %%
found = levels(globals())
relative_weights(found["quantiles"].query("text == @corpora[0]"))

# %% [markdown]
# The weight of words in each fifth of information, relative to the mean weight of all, over words of a single subword;
# bands are 95% intervals over words. This run follows the protocol on {glue:text}`words` words of {glue:text}`text:s`; of
# {glue:text}`drawn` words drawn, these are in the sentences that its profile reads and one subword of
# {glue:text}`encoder:s`.

# %% tags=["remove-cell"]
publish(results, "levels", found.numbers, **found.tables)

# %% [markdown]
# ## The same weights in every reading
#
# One number, “R² of weight on information”, depends on what is counted as a word, whether a point is a word or an
# occurrence, what stands in for an absent word, on which text information is counted, and by which measure. This page
# shows them side by side ({doc}`/protocol`), for contrastive encoders, a masked language model, a static encoder, and
# networks with random weights.

# %%
levels_by_reading(found["levels"])

# %% [markdown]
# The correlation of weight and KL in each reading. Of {glue:text}`readings` readings of {glue:text}`encoder:s`,
# {glue:text}`positive` have an interval above zero; R² goes from {glue:text}`least_r2:.2f` to
# {glue:text}`greatest_r2:.2f`. An R² of “about 0.4” is there or not by these choices.
#
# The reading nearest to the paper's, as far as its summary tells, is over the encoder's own subwords, under `[PAD]`, on
# KL. The summary does not say whether a point is a type or an occurrence, nor on which text KL is counted:

# %%
paper_nearest(found["levels"])

# %% [markdown]
# R², and the correlation, whose sign R² hides: where it is negative, *less* informative subwords weigh more.
#
# ## Which information?

# %%
show(
    found["levels"].query(
        "text == @corpora[0] and information == @source and unit == 'single-piece word' "
        "and estimand == 'types' and method == 'ig'"
    ),
    by=["encoder", "baseline", "quantity"],
    columns=["r2", "correlation"],
)

# %%
show(
    found["quantities"].query("text == @source"),
    by=["quantity"],
    columns=["reliability", "frequency"],
)

# %% [markdown]
# *Reliability* is how well other documents would reproduce the measure, and *frequency* its correlation with −log P(w). R²
# divided by the reliability, `r2_disattenuated` in `levels.csv`, is what an error-free count would explain. There too are
# the rows of ½‖w‖² in static encoders (`half squared norm`). How much of R² the measures share:

# %%
show(
    found["commonality"].query("text == @corpora[0] and encoder == @encoders[0]"),
    by=["baseline", "quantities"],
    columns=["share"],
)

# %% [markdown]
# ## How much is the path, not the encoder?
#
# Integrated Gradients contains the distance of a word from the baseline at the embedding layer. Alone, it gives:

# %%
show(
    found["levels"].query(
        "text == @corpora[0] and information == @source and unit == 'single-piece word' "
        "and estimand == 'types' and method == 'distance' and quantity in ['kl', 'idf']"
    ),
    by=["encoder", "baseline", "quantity"],
    columns=["r2", "correlation"],
)

# %% [markdown]
# All rows are in `levels.csv`. For your own encoder and text:
#
# ```
# wig run levels -p encoders '[path/to/folder]' -p corpora '[my_sentences.txt]' -p untrained '[]'
# ```
