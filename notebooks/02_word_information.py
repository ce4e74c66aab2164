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
# # How informative is a word?
#
# Rare words are informative, and so are words with company of their own: over {glue:text}`words` words KL and
# self-information correlate at {glue:text}`correlation_kl_self:.2f`, and {glue:text}`share_shuffled:.0%` of a word's KL
# remains, on average, when the corpus is shuffled.

# %% tags=["parameters", "hide-input"]
corpus: str = "wikipedia-sample"  # a packaged corpus, a file, or a hub data set
column: str | None = None  # its column of sentences, if it has several
min_count: int = 10  # rarer words are left out
shuffles: int = 5  # shuffled corpora that the control averages
seed: int = 0  # of the shuffles
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.single_encoder import word_information
from wig_book.figures.regression import information_against_frequency

# %%
found = word_information(globals())
information_against_frequency(found["words"], found.sentences)

# %% [markdown]
# Each point is a word; it is the redder, the more others lie near it. The black line is KL in the shuffled corpora: it
# rises to the right although no meaning is involved. Two tables follow: the most and the least informative words, by
# the KL in excess of the control.

# %%
by_word = found["words"].set_index("word").drop(columns="probability").round(2)
by_word.nlargest(12, "kl_corrected")

# %%
by_word.nsmallest(12, "kl_corrected")

# %% [markdown]
# ## How it is measured
#
# Two quantities say how informative a word $w$ is, and neither depends on an encoder. Its **self-information**
# $-\log P(w)$ is large for rare words. Its **information gain**
#
# $$\mathrm{KL}(w) = \sum_{w'} P_\mathrm{sent}(w' \mid w) \, \log \frac{P_\mathrm{sent}(w' \mid w)}{P(w')}$$
#
# is large if seeing $w$ in a sentence changes which other words to expect there: $P_\mathrm{sent}(\cdot \mid w)$ is the
# distribution of the words that share a sentence with $w$, and $P(\cdot)$ that of all words
# {cite}`kurita2023contrastive`. Both are given in nats. The occurrence of $w$ itself is left out of its own context
# (our choice).
#
# KL needs a control: a word seen ten times has had few neighbours, and few neighbours differ from $P(\cdot)$ by chance
# alone. The control deals the same words at random to sentences of the same lengths, so that only chance is left
# {cite}`oyama2023norm`. What KL has in excess of that control is due to the word itself.

# %% tags=["remove-cell"]
publish(results, "word_information", found.numbers, **found.tables)

# %% [markdown]
# Without the share of KL that remains in the shuffled corpora, its correlation with self-information is
# {glue:text}`correlation_corrected_self:.2f` instead of {glue:text}`correlation_kl_self:.2f`. So KL and frequency are
# not independent evidence; {doc}`03_regression` therefore also reports what each explains when the other is held fixed.
#
# The most frequent word, “{glue:text}`frequent_word:s`”, has a KL of {glue:text}`frequent_kl:.3f` nats, of which
# {glue:text}`frequent_shuffled:.3f` are chance.
