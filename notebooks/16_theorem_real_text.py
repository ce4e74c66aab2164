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
# {doc}`15_theorem` tests $\tfrac12\lVert w\rVert^2 \approx \mathrm{KL}(w)$ where KL is known. Here are real sentences, and an encoder with nothing but one vector a word. It is trained for InfoNCE with inner product on the words of sentences: two words of one
# sentence are a positive pair, and the loss is summed over all pairs that the corpus has, so that nothing is drawn.
#
# Two things go with frequency by themselves. A rare word has few neighbours, and few neighbours make a large KL; and a vector that was trained on few pairs fits them too closely. So all is done twice: on the corpus, and on the same words shuffled among its
# sentences, where no word tells anything. What the corpus has above the shuffled one is called *corrected*, of norms and of KL alike {cite}`oyama2023norm`.

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
batch_size: int = 64  # examples a step, each other's negatives
min_count: int = 10  # words rarer than this in the corpus are left out
bootstrap: int = 2000  # resamples of words and runs for the intervals
seed: int = 0  # of the sample of sentences and of the bootstrap
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.rows import display_changes
from wig_book.experiments.theorem_real_text import (
    input_norm_changes,
    readable_static,
    real_text_headline,
    static_encoder,
    static_fits,
)
from wig_book.figures.theorem import static_norms
from wig_core.information.word_information import word_information
from wig_core.text.corpus import load_corpus
from wig_core.training.fine_tuning import Recipe

# %%
sentences = load_corpus(corpus, column=column)
norms = static_encoder(
    sentences,
    min_count=encoder_count,
    dimension=dimension,
    at=look_at,
    shuffles=shuffles,
    seed=seed,
)
static_norms(norms)

# %% [markdown]
# Each point is a word, at the last step; grey, the shuffled corpus.

# %%
fits = static_fits(norms, bootstrap=bootstrap, seed=seed)
readable_static(fits)

# %% [markdown]
# *frequency* is the correlation of the norm with −log P(w). The norm *in the metric* is ½(w − w̄)ᵀG(w − w̄), as on the page before. Along the training:

# %%
fits.pivot_table(
    index=["norm", "kind"], columns="step", values="correlation", sort=False
).round(2)

# %% [markdown]
# ## The input embeddings of a transformer
#
# A transformer has one vector a word too, at its entrance. Does fine-tuning leave the words' information there? The base before and after InfoNCE with inner product on halves of sentences, words that are one token:

# %%
information = word_information(
    sentences, min_count=min_count, shuffles=shuffles, seed=seed
)
recipe = Recipe(
    similarity="dot", steps=steps, learning_rate=learning_rate, batch_size=batch_size
)
changed = input_norm_changes(
    base, recipe, seeds, information, bootstrap=bootstrap, seed=seed
)
display_changes(changed, ["x"])

# %% tags=["remove-cell"]
publish(
    results,
    "theorem_real_text",
    real_text_headline(fits, changed),
    fits=fits,
    norms=norms[norms["step"] == max(look_at)],
    changes=changed,
)

# %% [markdown]
# Over {glue:text}`words` words the raw norm correlates with KL at {glue:text}`correlation_raw:.2f` [{glue:text}`correlation_low_raw:.2f`, {glue:text}`correlation_high_raw:.2f`], and with −log P(w) at {glue:text}`frequency:.2f`. Corrected, norm and KL
# correlate at {glue:text}`correlation_corrected_raw:.2f` [{glue:text}`correlation_corrected_low_raw:.2f`, {glue:text}`correlation_corrected_high_raw:.2f`], that is R² {glue:text}`r2_corrected_raw:.2f`; in the metric, {glue:text}`correlation_corrected_metric:.2f`
# [{glue:text}`correlation_corrected_low_metric:.2f`, {glue:text}`correlation_corrected_high_metric:.2f`].
#
# The norms of the input embeddings correlate with corrected KL at {glue:text}`input_before:+.2f` before and {glue:text}`input_after:+.2f` after fine-tuning, a change of {glue:text}`input:+.3f` [{glue:text}`input_low:+.3f`, {glue:text}`input_high:+.3f`] over
# {glue:text}`runs` runs and {glue:text}`input_words` words. Fine-tuning as short as this can hardly move these vectors; what an encoder does with a word happens above them.
