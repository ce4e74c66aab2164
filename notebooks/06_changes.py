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
# # Does contrastive fine-tuning raise it?

# %% [markdown]
# From {glue:text}`start:s`, contrastive training ends with an R² of weight on KL(w) that differs from that of training on
# pairs dealt anew by {glue:text}`gain:+.2f` [{glue:text}`gain_low:+.2f`, {glue:text}`gain_high:+.2f`] (with the sign of
# the correlation; baseline {glue:text}`baseline:s`; words and {glue:text}`seeds` seeds).

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
starts: dict[str, int] = {
    "wig-base": 0
}  # encoders, and steps of masked-language modelling before the arms
recipes: dict[str, list[str]] = {
    "wig-base": ["info-nce-symmetric glosses 1e-4"]
}  # of each start; the first has the two controls
seeds: list[int] = [11, 12]  # of every training, in turn
steps: int = 60  # of every arm
batch_size: int = 64  # pairs a step, each other's negatives
masked_learning_rate: float = 2.0e-4  # of the steps before the arms
judged: list[str] = ["lee"]  # pairs with human judgements, for the check
pairs: int = 1000  # of these, at most, evenly spaced
corpora: list[str] = ["wikipedia-sample"]  # whose words are weighed; prose: the first
source: str = "wikipedia-sample"  # the text that tells how informative a word is
baselines: list[Literal["mask", "pad", "unk", "zero"]] = ["mask", "pad"]  # in turn
types: int = 2000  # words drawn
occurrences: int = 3  # sentences that each is to be in
max_sentences: int | None = None  # at most, in the order in which they are chosen
limits: dict[str, int] = {}  # the same for single starts and texts, by name
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
from wig_book.experiments.changes import changes
from wig_book.figures.study import differences, relative_weights
from wig_book.figures.tables import show

# %%
found = changes(globals())
relative_weights(found["quantiles"].query("text == @corpora[0]"))

# %% [markdown]
# The weight of words in each fifth of information, relative to the mean weight of all, before training and at the end of
# each arm. Bands are 95% intervals over words and seeds. A steeper line weighs informative words more. This run follows
# the protocol on {glue:text}`words` words of {glue:text}`text:s`; of {glue:text}`drawn` words drawn, these are in the
# sentences that its profile reads and one subword of {glue:text}`start:s`.

# %% [markdown]
# ## Three arms from one start
#
# A contrastive encoder that weighs informative words more may do so because its training was contrastive, or because of
# anything else that happened to it. So this page trains several **arms** from one masked encoder
# ({doc}`/protocol`). The *contrastive* arm learns from pairs. In the *sham* arm the second texts are dealt anew, so that
# the same texts, steps and learning rate teach nothing about pairs. The *masked* arm goes on with masked-language
# modelling. What the contrastive arm has beyond the two is due to the pairs.
#
# One start is a small masked language model; the other, in the profile `full`, is a published contrastive encoder that
# was trained back to masked-language modelling first.

# %% tags=["remove-cell"]
publish(results, "changes", found.numbers, **found.tables)

# %% [markdown]
# ## The difference that the pairs make

# %%
differences(found["changes"].query("text == @corpora[0]"))

# %% [markdown]
# Differences of R² with the sign of the correlation, over words of a single subword; intervals combine words and
# {glue:text}`seeds` seeds.

# %%
show(
    found["changes"].query(
        "unit == 'single-piece word' and estimand == 'types' and text == @corpora[0] "
        "and quantity in ['kl', 'self_information', 'idf']"
    ),
    by=["start", "arm", "against", "baseline", "quantity"],
    columns=["r2_difference", "correlation_difference"],
)

# %% [markdown]
# The same on every text, on KL:

# %%
show(
    found["changes"].query(
        "unit == 'single-piece word' and estimand == 'types' and quantity == 'kl' and information == @source"
    ),
    by=["text", "start", "arm", "against", "baseline"],
    columns=["r2_difference"],
)

# %% [markdown]
# ## Has the arm learnt similarity at all?
#
# A training that does not agree better with people than its start has not learnt what it was for, and says nothing about
# the claim. Agreement is the rank correlation of similarities with human judgements.

# %%
show(
    found["checks"]
    .groupby(["start", "arm", "judged"], sort=False)[["before", "after"]]
    .mean()
    .reset_index(),
    by=["start", "arm", "judged"],
    columns=["before", "after"],
)

# %% [markdown]
# All units, estimands and measures are in `changes.csv`. With another encoder to start from:
#
# ```
# wig run changes -p starts '{my/encoder: 600}' -p recipes '{my/encoder: [info-nce halves 1e-4]}'
# ```
