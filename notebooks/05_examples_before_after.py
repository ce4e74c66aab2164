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
# # The same sentences, before and after

# %% [markdown]
# The paper's claim is about change: contrastive fine-tuning makes an encoder weigh informative words more. So we take a base model
# that was trained for one thing only, to guess masked words, and fine-tune it in front of the reader. By default the base is this project's own, and
# small: BERT's architecture with four layers, trained on a few million words ({doc}`../method`). Whoever has a larger pre-trained model can
# give it as `base`.
#
# The usual objective of this page is InfoNCE {cite}`oord2018representation`: the two halves of a sentence must find each other among the halves of all other sentences
# of the batch. Each sentence below is shown three times: shaded by the weights of its words before the
# fine-tuning, by those after it, and by what the words tell in the corpus ({doc}`02_word_information`).

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
base: str = "wig-base"  # the encoder before: packaged, a folder, or a hub name
sentences: list[str] = [
    "The city was founded by the Romans in the first century.",
    "It is one of the most important works of the philosopher.",
    "Most of the insects live in the tropical forests of Africa.",
    "He was born in Vienna and studied music there.",
]  # the sentences to look at
objective: Literal[
    "info-nce",
    "info-nce-symmetric",
    "unsupervised-simcse",
    "supervised-simcse",
    "softmax",
] = "info-nce"  # what it is trained for
examples: str | None = (
    None  # to train on: a packaged kind or a file; None: the objective's usual
)
pooling: Literal["mean", "cls", "max"] = "mean"  # of token vectors
similarity: Literal["cosine", "dot"] = "cosine"  # of embeddings
temperature: float | None = None  # None: 0.05 with cosine, 1 with dot
steps: int = 500  # of fine-tuning
learning_rate: float = 3.0e-4  # its peak
batch_size: int = 64  # examples a step, each other's negatives
corpus: str = "wikipedia-sample"  # a packaged corpus, a file, or a hub data set
column: str | None = None  # its column of sentences, if it has several
baseline: Literal["mask", "pad", "unk", "zero"] = "mask"  # stands for a word
tolerance: float = 0.01  # completeness error allowed, relative
precision: Literal["float32", "bfloat16"] = "bfloat16"  # of the derivatives
min_count: int = 10  # words rarer than this in the corpus are left grey
seed: int = 0  # of the training
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from IPython.display import HTML

from wig_book.build.publish import publish
from wig_book.experiments.before_after import weigh_before_after
from wig_book.experiments.setup import Setup, from_parameters
from wig_core.plotting import heat_map
from wig_core.training.fine_tuning import Recipe

# %%
recipe = from_parameters(Recipe, globals())
setup = replace(from_parameters(Setup, globals()), baselines=[baseline])
words = weigh_before_after(base, recipe, sentences, setup)
lines = {"before": "before", "after": "after", "kl": "KL(w)"}
HTML(heat_map(words, lines))

# %% [markdown]
# Each kind of line has its own scale, from its least to its greatest value on the page, since fine-tuning also changes how long embeddings are. Point at
# a word to read its number; grey words occur too seldom in the corpus to tell anything of them.

# %% tags=["remove-cell"]
known = words.dropna(subset=["kl"])
rank = known[["before", "after", "kl"]].corr(method="spearman")["kl"]
gain = (words["after"] / words["after"].mean()) - (
    words["before"] / words["before"].mean()
)
numbers = {
    "sentences": len(sentences),
    "words": len(known),
    "rank_before": rank["before"],
    "rank_after": rank["after"],
    "risen": words.loc[gain.idxmax(), "word"],
    "fallen": words.loc[gain.idxmin(), "word"],
    "objective": objective,
    "steps": steps,
}
publish(results, "examples_before_after", numbers, words=words)

# %% [markdown]
# In {glue:text}`steps` steps of {glue:text}`objective:s`, the rank correlation of these {glue:text}`words` words' weights with KL(w) went from
# {glue:text}`rank_before:.2f` to {glue:text}`rank_after:.2f`. Relative to the average word, *{glue:text}`risen:s`* gained most, and
# *{glue:text}`fallen:s`* lost most. {glue:text}`sentences` sentences prove nothing; {doc}`the next page <06_table_before_after>` counts.
