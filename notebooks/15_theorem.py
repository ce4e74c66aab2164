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
# # Is the theorem true where everything is known?
#
# Where topics are weakest, half the squared norm in the metric follows KL with R² {glue:text}`r2_metric:.3f` and slope
# {glue:text}`slope_metric:.2f`; the paper's raw norm follows it with R² {glue:text}`r2_raw:.3f` and slope
# {glue:text}`slope_raw:.1f`.

# %% tags=["parameters", "hide-input"]
words: int = 400  # of the synthetic vocabulary
strengths: list[float] = [0.1, 0.2, 0.3, 0.6, 1.0]  # how much topics sway words
dimension: int = 16  # of the word vectors
breaks: list[str] = [
    "none",
    "anisotropy",
    "cosine",
    "four words",
    "attention",
    "small batch",
    "two dimensions",
]  # assumptions to break, in turn
look_at: list[int] = [30, 100, 300, 800]  # steps of exact training
samples: list[int] = [10000, 100000, 1000000]  # pairs counted, in turn
dimensions: list[int] = [2, 4, 8, 16]  # of the word vectors, in turn
drawn_strength: float = 0.6  # of topics where sentences are drawn
steps: int = 1500  # of each training on drawn sentences
seeds: list[int] = [0]  # of vectors and drawn sentences, in turn
seed: int = 0  # of the model
results: str = "results/quick"  # folder for the numbers

# %% tags=["remove-cell"]
from wig_book.build.publish import publish
from wig_book.experiments.theorem import theorem
from wig_book.figures.tables import show
from wig_book.figures.theorem import (
    fit_against_strength,
    fit_along_axes,
    norms_against_kl,
)

# %%
found = theorem(globals())
norms_against_kl(found["norms"])

# %% [markdown]
# Each point is a word of the model with the weakest topics. Its vector is the optimum in closed form (the leading
# eigenvectors of the PMI, no training). On the dotted line the theorem would hold exactly.
#
# ## What the theorem says
#
# The paper's theory is about a simple encoder: one vector $w$ per word, the mean of a sentence's word vectors as its
# embedding $s$, and the inner product as similarity. It says that at the optimum of the contrastive objective
#
# $$\tfrac12 \lVert w \rVert^2 \approx \mathrm{KL}(w) = \mathrm{KL}\bigl(P_\mathrm{sent}(\cdot \mid w) \,\Vert\, P(\cdot)\bigr).$$
#
# Here is the derivation in our own words, with each assumption named where it enters; the idea is that of
# {cite:t}`oyama2023norm` for word embeddings.
#
# 1. **The optimum of InfoNCE.** A sentence $x$ must find its partner $y$ among many others. With *infinitely many
#    others*, the loss is smallest where the similarity equals the pointwise mutual information of partners, up to a
#    constant: $s(x) \cdot s(y) = \log\frac{P(x,y)}{P(x)P(y)} + c$ {cite}`oord2018representation`. This requires *the
#    inner product*, which can take any value, and *enough dimensions*.
# 2. **From sentences to words.** For *sentences of one word* this is $w \cdot w' = \mathrm{PMI}(w, w') + c$. With mean
#    pooling over $L$ words and *weak topics*, the mutual information of two sentences is about the sum over their pairs
#    of words, so that $w/L$ takes the place of $w$.
# 3. **An exponential family.** So $P_\mathrm{sent}(w' \mid w) = P(w')\,e^{\,w \cdot w' - \psi(w)}$: as $w$ varies,
#    these are the members of an exponential family. If *topics are weak*, $P$ itself is its member at the mean vector
#    $\bar w$.
# 4. **Second order.** KL within an exponential family is, to second order, half the squared distance in the metric of
#    its covariance $G = \sum_{w'} P(w')\,(w'-\bar w)(w'-\bar w)^\top$:
#
#    $$\mathrm{KL}(w) \approx \tfrac12\,(w - \bar w)^\top G\,(w - \bar w).$$
#
# 5. **The last step.** That equals $\tfrac12\lVert w\rVert^2$ if *$\bar w = 0$ and $G$ is the identity*. This is the
#    boldest assumption. The figures of this page show what remains without it: they compare the *raw* norm, as the
#    paper has it, the *centred* norm, and the norm in the *metric* $G$.
#
# ## The laboratory
#
# Sentences are drawn from a model of topics. A hidden state $z$ sways the words by $p(w \mid z) \propto
# b(w)\,e^{\,\text{strength}\; a_w \cdot z}$, and the words of a sentence and of its partner are drawn given the same
# state. Then $P$, $P_\mathrm{sent}$ and KL are finite sums, and nothing is estimated but the encoder.

# %%
fit_against_strength(found["exact"])

# %% [markdown]
# R² and slope of each norm on the true KL, over words, against how much topics sway words. *Trained exactly* is
# gradient descent on the loss of an infinite batch, which is computed as a sum, not sampled. It differs from the closed
# form only by the number of dimensions and the optimiser; the closed form differs from the dotted line only by the
# approximations of the theory.
#
# The next figure follows three axes at topics of strength {glue:text}`middle`: the steps of exact training; the number
# of word pairs, if KL is counted instead of known; and the number of dimensions.

# %%
fit_along_axes(found["course"])

# %% [markdown]
# R² of each norm on the true KL. Counting costs most: a rare word's vector follows the few pairs in which it was seen.
#
# ## One broken assumption at a time
#
# Now sentences are drawn at random, as in practice. That alone adds noise, and KL must be large to stand out from it,
# so topics are stronger here.

# %%
means = found["broken"].groupby(["broken", "norm"], sort=False).mean().reset_index()
show(means, by=["broken", "norm"], columns=["r2", "slope", "rank"])

# %% tags=["remove-cell"]
publish(results, "theorem", found.numbers, **found.tables)

# %% [markdown]
# The *rank correlation* is that of the norm with KL. *Anisotropy*: the first dimension of the topics sways words
# sixteen times more than the last. *Cosine*: embeddings are normalised. *Four words*: mean pooling over four words
# instead of one-word sentences. *Attention*: a weighted mean over four words instead of their plain mean.
#
# With the weakest topics (strength {glue:text}`strength`), the norm in the metric follows KL with R²
# {glue:text}`r2_metric:.3f` and slope {glue:text}`slope_metric:.2f` in closed form, and with R²
# {glue:text}`r2_trained:.3f` and slope {glue:text}`slope_trained:.2f` trained exactly. The paper's raw norm follows KL
# with R² {glue:text}`r2_raw:.3f`, but with slope {glue:text}`slope_raw:.1f`: the equation's ½ holds only where the
# metric is the identity. With the strongest topics ({glue:text}`strong`), R² in the metric is
# {glue:text}`r2_strong:.3f` and the slope {glue:text}`slope_strong:.2f`. On drawn sentences with no other assumption
# broken, R² is {glue:text}`r2_drawn:.3f` and the rank correlation {glue:text}`rank_drawn:.3f`. The assumption that
# costs most here is *{glue:text}`worst:s`*, with R² {glue:text}`worst_r2:.3f`.
