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
# # Parts of speech

# %% [markdown]
# Neither KL nor −log P knows parts of speech. Function words, *the* or *of*, are frequent and tell little; content words are rare and tell more. Perhaps that divide alone is what encoders learn. So words are put into open classes (nouns, names, verbs, adjectives,
# adverbs, numbers) and closed ones (determiners, prepositions, pronouns, …), and everything is measured within each.
#
# Words are tagged in the sentences that are weighed, by the English tagger of TextBlob, a lexicon with rules {cite}`brill1992simple`; a word has the part of speech that it has most often. Auxiliaries count as verbs.

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
tolerance: float = 0.01  # completeness error allowed, relative
precision: Literal["float32", "bfloat16"] = "bfloat16"  # of the derivatives
min_count: int = 10  # words rarer than this in the corpus are left out
bootstrap: int = 2000  # resamples of words and runs for the intervals
seed: int = 0  # of the sample of sentences and of the bootstrap
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.parts_of_speech import (
    fits_within_classes,
    parts_headline,
    parts_of_speech,
    readable_classes,
    readable_split,
    split_of_change,
    weight_by_part,
    within_classes,
)
from wig_book.experiments.rows import display_fits
from wig_book.experiments.setup import Setup, from_parameters, train_and_weigh
from wig_book.figures.training import weights_of_parts
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.training.fine_tuning import Recipe

# %%
setup = from_parameters(Setup, globals())
recipe = from_parameters(Recipe, globals())
occurrences = train_and_weigh(base, [recipe], seeds, setup)
parts = parts_of_speech(setup.sentences)
weights = weight_by_part(occurrences, parts)
weights_of_parts(weights)

# %% [markdown]
# The mean weight of the words of a part of speech, as a multiple of all words' mean, before (hollow) and after (filled) fine-tuning; closed classes in grey.
#
# ## Within the classes

# %%
classes = within_classes(occurrences, setup, parts, bootstrap=bootstrap, seed=seed)
readable_classes(classes)

# %% [markdown]
# An encoder in use, weighed on the same sentences:

# %%
fits = fits_within_classes(
    setup.weigh(SentenceEncoder.load(encoder)),
    setup,
    parts,
    bootstrap=bootstrap,
    seed=seed,
)
display_fits(fits, ["baseline", "class", "x"])

# %% [markdown]
# ## How much of the change is only the divide?
#
# The change of R² on KL is divided: *unique* is what KL explains beside the divide of open and closed words, *common* what it shares with it, and *group* what the divide explains by itself.

# %%
split = split_of_change(occurrences, setup, parts, bootstrap=bootstrap, seed=seed)
readable_split(split)

# %% tags=["remove-cell"]
publish(
    results,
    "parts_of_speech",
    parts_headline(classes, weights, split, fits),
    classes=classes,
    weights=weights,
    split=split,
    fits=fits,
)

# %% [markdown]
# Under {glue:text}`baseline:s` and among the {glue:text}`words_open` open-class words alone, R² of the base's weights on KL goes from {glue:text}`r2_before_open:.3f` to {glue:text}`r2_after_open:.3f` ({glue:text}`r2_open:+.3f`
# [{glue:text}`r2_low_open:+.3f`, {glue:text}`r2_high_open:+.3f`]); among all {glue:text}`words_all` it changes by {glue:text}`r2_all:+.3f` [{glue:text}`r2_low_all:+.3f`, {glue:text}`r2_high_all:+.3f`], of which {glue:text}`split_common:+.3f`
# [{glue:text}`split_low_common:+.3f`, {glue:text}`split_high_common:+.3f`] is shared with the divide and {glue:text}`split_unique:+.3f` [{glue:text}`split_low_unique:+.3f`, {glue:text}`split_high_unique:+.3f`] is not. Closed-class words weigh
# {glue:text}`closed_before:.2f` times the mean before and {glue:text}`closed_after:.2f` times after it. In the encoder in use the correlation with KL among open-class words is {glue:text}`encoder_open:.2f`
# [{glue:text}`encoder_low_open:.2f`, {glue:text}`encoder_high_open:.2f`], among all words {glue:text}`encoder_all:.2f`. The base's changes come from {glue:text}`runs` fine-tuning runs.
