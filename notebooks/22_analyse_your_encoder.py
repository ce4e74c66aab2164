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
# # Analyse your own encoder

# %% [markdown]
# This page is for your encoder and your text. Run it again with them:
#
# ```bash
# wig run analyse_your_encoder \
#     -p encoder path/to/folder -p base path/to/its/base -p corpus my_sentences.txt
# ```
#
# An encoder is a folder saved by transformers or sentence-transformers, or `owner/name` on the Hugging Face hub. The base, if you have it, is what it was fine-tuned from. The text is a file with a sentence on each line, or one of the formats in {doc}`/rerun`; the more of
# it the better, since it also says what each word tells.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
encoder: str = "all-MiniLM-L6-v2"  # packaged, a folder, or a hub name
base: str | None = None  # what it was fine-tuned from, if that is at hand
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
from IPython.display import Markdown

from wig_book.build.publish import publish
from wig_book.experiments.across_models import analyse, analysis_headline
from wig_book.experiments.rows import display_changes, display_fits
from wig_core.plotting import weights_against_information

# %%
found = analyse(
    encoder,
    corpus,
    base=base,
    column=column,
    baselines=baselines,
    max_sentences=max_sentences,
    max_words=max_words,
    tolerance=tolerance,
    precision=precision,
    min_count=min_count,
    bootstrap=bootstrap,
    seed=seed,
)
first = found.words["baseline"] == baselines[0]
weights_against_information(
    found.words[first].reset_index(drop=True),
    found.fits[found.fits["baseline"] == baselines[0]],
)

# %% [markdown]
# The weight of each word under the first baseline against the two quantities, with the fitted lines.

# %%
display_fits(found.fits)

# %% [markdown]
# Before and after, if a base was given:

# %%
display_changes(found.changes, ["baseline", "x"]) if base else Markdown(
    "No base was given."
)

# %% tags=["remove-cell"]
publish(
    results,
    "analyse_your_encoder",
    analysis_headline(found),
    words=found.words,
    fits=found.fits,
    changes=found.changes,
)

# %% [markdown]
# ## Verdict
#
# Over {glue:text}`words` words of {glue:text}`sentences` sentences, under the baseline {glue:text}`baseline:s`: **{glue:text}`verdict:s`**. The weight correlates with information gain at {glue:text}`correlation_kl:.2f`
# [{glue:text}`correlation_low_kl:.2f`, {glue:text}`correlation_high_kl:.2f`], R² {glue:text}`r2_kl:.3f` [{glue:text}`r2_low_kl:.3f`, {glue:text}`r2_high_kl:.3f`], and with self-information at {glue:text}`correlation_self:.2f`
# [{glue:text}`correlation_low_self:.2f`, {glue:text}`correlation_high_self:.2f`]. With self-information held fixed, information gain explains {glue:text}`partial_r2_kl:.0%` of what is left. **{glue:text}`change_verdict:s`**
#
# {glue:text}`share_once:.0%` of these words occur once in the sample: their weights are noisy, and a larger `max_sentences` makes R² more certain. {glue:text}`missed` sentences missed the tolerance; the worst completeness error is {glue:text}`worst_error:.1%`.
#
# To cite these numbers, keep the folder that `wig run` names: tables as CSV, the numbers above as JSON, and a file that says which commit, versions, machine and parameters made them.
