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
# # The theorem on real text

# %% [markdown]
# {doc}`15_theorem` tests $\tfrac12\lVert w\rVert^2 \approx \mathrm{KL}(w)$ where KL is known. This page uses real
# sentences, and an encoder that has nothing but one vector per word. It is trained for InfoNCE with the inner product
# on the words of sentences: two words of one sentence are a positive pair. The loss is summed over all pairs in the
# corpus, so nothing is sampled.
#
# Both quantities depend on frequency by themselves. A rare word has few neighbours, and few neighbours make a large KL;
# and a vector that was trained on few pairs overfits them. So everything is done twice: on the corpus, and on the same
# words shuffled among its sentences, where no word is informative. The difference between the two is called
# *corrected*, for norms and for KL alike {cite}`oyama2023norm`.

# %% tags=["parameters", "hide-input"]
corpus: str = "wikipedia-sample"  # a packaged corpus, a file, or a hub data set
column: str | None = None  # its column of sentences, if it has several
encoder_count: int = 30  # words rarer than this get no vector
dimension: int = 64  # of the vectors
look_at: list[int] = [30, 100, 300]  # steps of the static training; the last is its end
shuffles: int = 1  # shuffled corpora that the control averages
base: str = "wig-base"  # the encoder before: packaged, a folder, or a hub name
seeds: list[int] = [0]  # of the fine-tuning, in turn
steps: int = 500  # of fine-tuning
learning_rate: float = 3.0e-4  # its peak
batch_size: int = 64  # examples per step, each other's negatives
min_count: int = 10  # words rarer than this in the corpus are left out
bootstrap: int = 2000  # resamples of words and runs for the intervals
seed: int = 0  # of the sample of sentences and of the bootstrap
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.theorem_real_text import theorem_real_text
from wig_book.figures.tables import show
from wig_book.figures.theorem import static_norms

# %%
found = theorem_real_text(globals())
static_norms(found["norms"])

# %% [markdown]
# Each point is a word at the last step; grey points are words of the shuffled corpus.

# %%
fits = found["fits"]
show(
    fits[fits["step"] == max(look_at)],
    by=["norm", "kind"],
    columns=["correlation", "r2", "slope", "frequency", "n_words"],
)

# %% [markdown]
# *Frequency* is the correlation of the norm with −log P(w). The norm in the *metric* is ½(w − w̄)ᵀG(w − w̄), as on the
# previous page. Along the training, the correlation of norm and KL is:

# %%
index = ["norm", "kind"]
fits.pivot_table("correlation", index=index, columns="step", sort=False).round(2)

# %% [markdown]
# ## The input embeddings of a transformer
#
# A transformer has one vector per word too, at its input. Does fine-tuning put the information of words there? The
# table compares the base before and after fine-tuning with InfoNCE, the inner product and halves of sentences, for
# words that are one token:

# %%
show(
    found["changes"],
    by=["x"],
    columns=["r2", "r2_difference", "correlation", "correlation_difference", "n_words"],
)

# %% tags=["remove-cell"]
publish(results, "theorem_real_text", found.numbers, **found.tables)

# %% [markdown]
# Over {glue:text}`words` words the raw norm correlates with KL at {glue:text}`correlation_raw:.2f`
# [{glue:text}`correlation_raw_low:.2f`, {glue:text}`correlation_raw_high:.2f`], and with −log P(w) at
# {glue:text}`frequency:.2f`. Corrected, norm and KL correlate at {glue:text}`correlation_corrected_raw:.2f`
# [{glue:text}`correlation_corrected_raw_low:.2f`, {glue:text}`correlation_corrected_raw_high:.2f`], that is R²
# {glue:text}`r2_corrected_raw:.2f`; in the metric, they correlate at {glue:text}`correlation_corrected_metric:.2f`
# [{glue:text}`correlation_corrected_metric_low:.2f`, {glue:text}`correlation_corrected_metric_high:.2f`].
#
# The norms of the input embeddings correlate with corrected KL at {glue:text}`input_before:+.2f` before and
# {glue:text}`input_after:+.2f` after fine-tuning, a change of {glue:text}`input_difference:+.3f`
# [{glue:text}`input_difference_low:+.3f`, {glue:text}`input_difference_high:+.3f`] over {glue:text}`runs` runs and
# {glue:text}`input_words` words. So short a fine-tuning can hardly move these vectors; what an encoder does with a word
# happens in the layers above them.
