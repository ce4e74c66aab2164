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
# # How much does each word weigh in a sentence?
#
# Unequally: in the sentences below the heaviest word is “{glue:text}`heaviest:s`” and the lightest
# “{glue:text}`lightest:s`”.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
encoder: str = "all-MiniLM-L6-v2"  # a packaged encoder, a folder, or a hub name
sentences: list[str] = [
    "A dog chases the ball across the garden.",
    "The committee has decided to postpone the referendum on independence.",
    "It is what it is.",
    "Photosynthesis turns sunlight into sugar.",
    "My sister plays the cello in an orchestra in Vienna.",
]  # the sentences to look at
corpus: str = "wikipedia-sample"  # where the words' information is counted
column: str | None = None  # the corpus' column of sentences, if it has several
baseline: Literal["mask", "pad", "unk", "zero"] = "mask"  # stands for a word
tolerance: float = 0.1  # estimated error of the contributions to reach, relative
min_count: int = 10  # words rarer than this in the corpus are left grey
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from IPython.display import HTML

from wig_book.build.publish import publish
from wig_book.experiments.single_encoder import word_weights
from wig_core.plotting import heat_map

# %%
found = word_weights(globals())
words = found["occurrences"]
lines = {"weight": "weight", "kl": "KL(w)", "self_information": "−log P(w)"}
HTML(heat_map(words, lines))

# %% [markdown]
# Shades run from the least to the greatest value on the page; point at a word to read its number. Grey words are too
# rare in the corpus for an estimate. Punctuation has a weight, since the encoder reads it, but the corpus does not
# count it as a word.

# %%
by_word = words.groupby("word")["weight"].agg(weight="mean", occurrences="size")
by_word.sort_values("weight", ascending=False).head(10).round(2)

# %% [markdown]
# ## What is a weight?
#
# A sentence encoder reads a sentence and returns one vector. Integrated Gradients divides that vector among the words:
# each word $i$ gets a contribution $c_i$, itself a vector, and the contributions sum to the difference between the
# embedding of the sentence and the embedding of the same sentence with all its words masked
# {cite}`sundararajan2017axiomatic`. The **weight** of a word is the length of its contribution times the number $n$ of
# words in the sentence, $\lVert c_i \rVert \cdot n$: mean pooling gives each word about one part in $n$, and the factor
# undoes that.
#
# Each sentence is shown three times. In the first line, words are shaded by their weights in the encoder. The
# other two lines know nothing of the encoder: they are shaded by the information of the words in a corpus, which
# {doc}`the next page <02_word_information>` measures. The paper's claim is that the lines look alike.

# %% tags=["remove-cell"]
publish(results, "word_weights", found.numbers, **found.tables)

# %% [markdown]
# The contributions of a sentence add up to its embedding exactly. Each alone is an estimate: over the
# {glue:text}`sentences` sentences the estimated relative error is at most {glue:text}`worst_error:.3f`, with up to
# {glue:text}`most_steps` intervals of the path. {doc}`04_convergence` compares such estimates with the true errors.
#
# To see your own sentences, pass them as a parameter:
#
# ```
# wig run word_weights -p sentences '["The first one.", "Another one."]'
# ```
