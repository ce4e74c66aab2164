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
# # Do informative words weigh more?
#
# In {glue:text}`encoder:s`, over {glue:text}`words` words under the baseline {glue:text}`baseline:s`, the weight of a word
# {glue:text}`direction:s` with both quantities: it correlates with KL(w) at {glue:text}`correlation_kl:.2f`
# [{glue:text}`correlation_kl_low:.2f`, {glue:text}`correlation_kl_high:.2f`], R² {glue:text}`r2_kl:.2f`.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
encoder: str = "all-MiniLM-L6-v2"  # a packaged encoder, a folder, or a hub name
corpus: str = "wikipedia-sample"  # a packaged corpus, a file, or a hub data set
column: str | None = None  # its column of sentences, if it has several
baselines: list[Literal["mask", "pad", "unk", "zero"]] = ["mask", "pad"]  # in turn
max_sentences: int = 60  # how many sentences are sampled to weigh words
max_words: int | None = None  # only sentences of at most so many words are sampled
tolerance: float = 0.1  # estimated error of the contributions to reach, relative
precision: Literal["float32", "bfloat16"] = "float32"  # of attribution
min_count: int = 10  # words rarer than this in the corpus are left out
bootstrap: int = 2000  # resamples of words for the intervals
seed: int = 0  # of the sample of sentences and of the bootstrap
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.single_encoder import regression
from wig_book.figures.regression import weights_on_information
from wig_book.figures.tables import show

# %%
found = regression(globals())
weights_on_information(found["words"], found["fits"], found.sentences)

# %% [markdown]
# Each point is a word, coloured by how many others lie near it; the line is the least-squares fit. The baseline is
# {glue:text}`baseline:s`, the first of the parameter `baselines`.

# %%
show(
    found["fits"],
    by=["baseline", "x"],
    columns=["r2", "correlation", "slope", "partial_r2", "n_words"],
)

# %% [markdown]
# Brackets hold 95% intervals. The partial R² is what a quantity explains of the weights once the other one is held
# fixed, as a share of what the other leaves unexplained.
#
# ## How it is measured
#
# This is the paper's measurement. Integrated Gradients gives a weight to every word of a sample of sentences
# ({doc}`01_word_weights`), the weights of a word's occurrences are averaged, and the averages are regressed on the
# word's information in the corpus ({doc}`02_word_information`), over all words that are frequent enough there. The
# paper reports an R² of up to about 0.4 for contrastive encoders {cite}`kurita2023contrastive`.
#
# R² has no sign: a weight that *falls* with information would have one too. The correlation and the slope beside it
# show the direction. All three come with a 95% bootstrap interval over words.
#
# What stands in for an absent word is our choice, and it matters: masked language models are trained to read `[MASK]`,
# while `[PAD]` is padding, which no encoder attends to. Each baseline has its own rows.

# %% tags=["remove-cell"]
publish(results, "regression", found.numbers, **found.tables)

# %% [markdown]
# The {glue:text}`sentences` sentences gave {glue:text}`words` words to fit. Under the baseline
# {glue:text}`baseline:s` the weight of a word {glue:text}`direction:s` with both quantities (“rises” means that both
# 95% intervals of the correlation are above zero). For KL, R² is {glue:text}`r2_kl:.3f`
# [{glue:text}`r2_kl_low:.3f`, {glue:text}`r2_kl_high:.3f`] and the correlation {glue:text}`correlation_kl:.2f`
# [{glue:text}`correlation_kl_low:.2f`, {glue:text}`correlation_kl_high:.2f`]; for self-information, R² is
# {glue:text}`r2_self_information:.3f` [{glue:text}`r2_self_information_low:.3f`,
# {glue:text}`r2_self_information_high:.3f`] and the correlation {glue:text}`correlation_self_information:.2f`
# [{glue:text}`correlation_self_information_low:.2f`, {glue:text}`correlation_self_information_high:.2f`]. KL explains
# {glue:text}`partial_r2_kl:.1%` of what self-information leaves unexplained, and self-information
# {glue:text}`partial_r2_self_information:.1%` of what KL leaves.
#
# Of these words {glue:text}`share_once:.0%` occur only once in the sample, so their weights are noisy, and noise lowers
# R². Over all baselines, {glue:text}`missed` sentences missed the tolerance; the largest estimated error is
# {glue:text}`worst_error:.4f`.
#
# For your own encoder and text:
#
# ```
# wig run regression -p encoder path/to/folder -p corpus my_sentences.txt
# ```
