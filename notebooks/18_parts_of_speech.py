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
# # Is it only the divide between content and function words?
#
# Among the {glue:text}`n_words_open` open-class words alone, under {glue:text}`baseline:s`, R² of the base's weights on
# KL changes by {glue:text}`r2_difference_open:+.3f` [{glue:text}`r2_difference_open_low:+.3f`,
# {glue:text}`r2_difference_open_high:+.3f`] with fine-tuning; among all words it changes by
# {glue:text}`r2_difference_all:+.3f`.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
encoder: str = "all-MiniLM-L6-v2"  # packaged, a folder, or a hub name
base: str = "wig-base"  # the encoder before: packaged, a folder, or a hub name
seeds: list[int] = [0]  # of the fine-tuning, in turn
steps: int = 500  # of fine-tuning
learning_rate: float = 3.0e-4  # its peak
batch_size: int = 64  # examples a step, each other's negatives
corpus: str = "wikipedia-sample"  # a packaged corpus, a file, or a hub data set
column: str | None = None  # its column of sentences, if it has several
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
from wig_book.experiments.parts_of_speech import parts_of_speech
from wig_book.figures.parts_of_speech import weights_of_parts
from wig_book.figures.tables import show

# %%
found = parts_of_speech(globals())
weights_of_parts(found["weights"])

# %% [markdown]
# The mean weight of the words of each part of speech, as a multiple of the mean over all words, before (hollow) and
# after (filled) fine-tuning; closed classes are grey.
#
# ## Within the classes
#
# Neither KL nor −log P knows parts of speech. Function words, such as *the* and *of*, are frequent and carry little
# information; content words are rare and carry more. Perhaps that divide alone is what encoders learn. So words are put
# into open classes (nouns, names, verbs, adjectives, adverbs, numbers) and closed ones (determiners, prepositions,
# pronouns, …), and everything is measured within each.
#
# The English tagger of TextBlob, a lexicon with rules {cite}`brill1992simple`, tags the words in the weighed sentences;
# a word has the part of speech that it has most often. Auxiliaries count as verbs.

# %%
show(
    found["classes"],
    by=["baseline", "class", "x"],
    columns=["r2", "r2_difference", "correlation", "n_words"],
)

# %% [markdown]
# A published encoder, weighed on the same sentences:

# %%
show(
    found["fits"],
    by=["baseline", "class", "x"],
    columns=["r2", "correlation", "n_words"],
)

# %% [markdown]
# ## How much of the change is only the divide?
#
# The change of R² is divided: *unique* is what the quantity explains beyond the divide between open and closed words,
# *common* is what it shares with the divide (together they are the *total*), and *group* is what the divide explains by
# itself.

# %%
show(
    found["split"],
    by=["baseline", "x", "share"],
    columns=["r2_difference"],
)

# %% tags=["remove-cell"]
publish(results, "parts_of_speech", found.numbers, **found.tables)

# %% [markdown]
# Under {glue:text}`baseline:s` and among the {glue:text}`n_words_open` open-class words alone, R² of the base's weights
# on KL goes from {glue:text}`r2_before_open:.3f` to {glue:text}`r2_after_open:.3f`, a change of
# {glue:text}`r2_difference_open:+.3f` [{glue:text}`r2_difference_open_low:+.3f`,
# {glue:text}`r2_difference_open_high:+.3f`]. Among all {glue:text}`n_words_all` words it changes by
# {glue:text}`r2_difference_all:+.3f` [{glue:text}`r2_difference_all_low:+.3f`,
# {glue:text}`r2_difference_all_high:+.3f`], of which {glue:text}`r2_difference_common:+.3f`
# [{glue:text}`r2_difference_common_low:+.3f`, {glue:text}`r2_difference_common_high:+.3f`] is shared with the divide
# and {glue:text}`r2_difference_unique:+.3f` [{glue:text}`r2_difference_unique_low:+.3f`,
# {glue:text}`r2_difference_unique_high:+.3f`] is not. Closed-class words weigh {glue:text}`closed_weight_before:.2f`
# times the mean before and {glue:text}`closed_weight_after:.2f` times after. In the published encoder the correlation
# with KL is {glue:text}`encoder_correlation_open:.2f` [{glue:text}`encoder_correlation_open_low:.2f`,
# {glue:text}`encoder_correlation_open_high:.2f`] among open-class words and {glue:text}`encoder_correlation_all:.2f`
# among all words. The base's changes come from {glue:text}`runs` fine-tuning runs.
