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
# # Are 50 steps enough?
#
# Not for every encoder: of {glue:text}`pairs` pairs of encoder and rule of quadrature, {glue:text}`close` have no
# completeness error above {glue:text}`close_to:.0%` in any sentence with {glue:text}`usual` steps, and the largest
# error is {glue:text}`most_completeness:.0%`.

# %% tags=["remove-cell"]
from typing import Literal

# %% tags=["parameters", "hide-input"]
encoders: list[str] = [
    "wig-base",
    "all-MiniLM-L6-v2",
]  # packaged ones, folders, or hub names, in turn
baseline: Literal["mask", "pad", "unk", "zero"] = "mask"  # where the path begins
corpus: str = "wikipedia-sample"  # a packaged corpus, a file, or a hub data set
column: str | None = None  # its column of sentences, if it has several
max_sentences: int = 4  # sentences that are measured
max_words: int | None = 11  # only sentences of at most so many words are measured
grid: int = 256  # cells of the path between which the speed is measured
reference: int = 32  # intervals of the converged contributions; up to 4 times if rough
tolerances: list[float] = [0.3, 0.1, 0.03, 0.01]  # of steps of single words
rules: list[Literal["right-riemann", "trapezoid", "midpoint", "gauss-legendre"]] = [
    "right-riemann",
    "trapezoid",
    "midpoint",
    "gauss-legendre",
]  # of quadrature
nodes: list[int] = [5, 16, 50]  # how many each rule takes, in turn
usual: int = 50  # the number of nodes that the table shows
tolerance: float = 0.1  # estimated error of the contributions on the other pages
seed: int = 0  # of the sample of sentences
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.convergence import convergence, with_usual_nodes
from wig_book.figures.convergence import errors_against_passes, speed_along_path
from wig_book.figures.tables import show

# %%
found = convergence(globals())
errors_against_passes(found["errors"], usual=usual)

# %% [markdown]
# The error of the weights is the median over all words of the relative error of $\lVert c_i \rVert$; the others are
# relative errors of a sentence, medians over {glue:text}`sentences` sentences. A rule of quadrature costs one pass and
# one derivative per word at each node, each counted as a pass; hollow points have {glue:text}`usual` nodes. The steps
# of single words ({doc}`../method`) are counted as they are made; their completeness error is that of rounding, below
# the axis. The star is the default of this book.
#
# Where the path is smooth, a rule of quadrature may be the cheapest way to a small error. The point of steps is that
# nobody has to know beforehand whether it is.
#
# The errors are those against steps over many short intervals, in single precision, whose own estimated error is at most
# {glue:text}`reference_estimated:.1%`. Two checks: steps with a tolerance of {glue:text}`finest:.0%` are at most
# {glue:text}`finest_vectors:.1%` away from them in their vectors and {glue:text}`finest_weights:.1%` in their weights,
# on every encoder. And where the path is smooth, quadrature agrees: on {glue:text}`even:s`, {glue:text}`check_rule:s`
# with {glue:text}`check_nodes` nodes is {glue:text}`check_vectors:.2%` away.
#
# ## How it is measured
#
# Integrated Gradients is an integral along a path from a baseline to the sentence {cite}`sundararajan2017axiomatic`. A
# computer takes a sum over points of that path, and libraries take 50 of them, at equal distances, unless told
# otherwise. Nothing in the result says whether that was enough.
#
# One test costs nothing. The contributions of the integral sum to the embedding of the sentence minus the embedding of
# the baseline; what a sum misses is its relative **completeness error**,
#
# $$\frac{\bigl\lVert \sum_i c_i - (s(x) - s(b)) \bigr\rVert}{\lVert s(x) - s(b) \rVert} .$$
#
# This page measures it, and beside it the error of the weights themselves, against contributions that have converged.
#
# ## How the embedding moves

# %%
speed_along_path(found["speed"])

# %% [markdown]
# Were the embedding to move evenly, every curve would lie on the dotted line, and a few nodes anywhere would do. The
# speed $\lVert ds/d\alpha \rVert$ comes from differences of forward passes, so it is cheap for any encoder. It is most
# even on {glue:text}`even:s`: at the median the fastest place has {glue:text}`fastest_even:.1f` times the mean speed,
# and a tenth of the path covers at most {glue:text}`share_even:.0%` of the way. It is least even on
# {glue:text}`uneven:s`: the fastest place, at $\alpha$ = {glue:text}`at_uneven:.3f`, has
# {glue:text}`fastest_uneven:.1f` times the mean speed, and a tenth of the path covers {glue:text}`share_uneven:.0%` of
# the way. Where a derivative changes within a thousandth of the path, equal steps either miss the place or give it far
# too much weight.

# %% [markdown]
# ## What 50 equal steps leave

# %%
show(
    with_usual_nodes(found["errors"], usual),
    by=["encoder", "rule"],
    columns=[
        "passes",
        "completeness",
        "completeness_worst",
        "weights",
        "weights_90",
        "similarity",
        "vectors",
    ],
)

# %% tags=["remove-cell"]
publish(results, "convergence", found.numbers, **found.tables)

# %% [markdown]
# ```{warning}
# If you explain an encoder with {glue:text}`usual` equal steps, look at the completeness error of every sentence before
# you believe a number. Of the {glue:text}`pairs` pairs of encoder and rule in this table, {glue:text}`close` have
# no error above {glue:text}`close_to:.0%` in any sentence. The largest is {glue:text}`most_completeness:.0%`. In the
# worst of these pairs one word in ten has a weight that is wrong by {glue:text}`most_weights:.0%` or more, and the
# correlation with the converged weights falls to {glue:text}`least_similarity:.3f`. On {glue:text}`uneven:s` the right ends of equal intervals, the sum in the first
# paper on Integrated Gradients, leave a completeness error of {glue:text}`completeness_right_riemann_uneven:.1%` at the
# median and of {glue:text}`completeness_worst_right_riemann_uneven:.1%` in the worst sentence; Gauss–Legendre leaves
# {glue:text}`completeness_gauss_legendre_uneven:.1%` and
# {glue:text}`completeness_worst_gauss_legendre_uneven:.1%`.
#
# How many nodes would do cannot be learnt from another encoder: the next one may be deeper, and its path rougher. Nor
# are more nodes a sure remedy. In {glue:text}`rising` of the {glue:text}`pairs` pairs, some larger number of nodes left
# more of the error at the median than the one before, and more than {glue:text}`close_to:.0%`.
# ```
#
# The default of this book, with an estimated error of {glue:text}`default_estimated:.0%` or less, has weights within
# {glue:text}`default_weights:.1%` of the converged ones at the median on every encoder here, and vectors within
# {glue:text}`default_vectors:.1%`. It took {glue:text}`passes_default_even:.0f` forward passes on
# {glue:text}`even:s` and {glue:text}`passes_default_uneven:.0f` on {glue:text}`uneven:s`;
# {glue:text}`usual` nodes take {glue:text}`passes_gauss_legendre_uneven:.0f`.
#
# `wig encoders` fetches all-mpnet-base-v2, an encoder of 12 layers, which the profile `full` measures too:
#
# ```
# wig encoders
# wig run convergence -p encoders '[wig-base, all-MiniLM-L6-v2, all-mpnet-base-v2]' -p grid 1000
# ```
