"""Which words of two texts make them similar.

A contribution is a vector, so the similarity of two texts falls apart exactly. With s = b + Σ c_i for one text and
t = b' + Σ c'_j for the other,

    s · t = Σ_i Σ_j c_i · c'_j  +  Σ_i c_i · b'  +  Σ_j b · c'_j  +  b · b',

and the same divided by ‖s‖‖t‖ for the cosine. The first sum says which word meets which; what is left in the
baselines b and b', the embeddings of the two texts without their words, stands beside it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import Any, get_args

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from wig_core.attribution.contributions import Contributions, ContributionSet
from wig_core.attribution.division import FINER, Choice, division_of, read, refined, within_budget
from wig_core.attribution.explainer import Explainer
from wig_core.attribution.explanation import facts_of, html_page
from wig_core.attribution.inputs import Baseline, Division, baseline_id
from wig_core.attribution.path_steps import by_derivatives
from wig_core.attribution.paths import InterpolationPath
from wig_core.attribution.similarity_view import BASELINE, similarity_html, similarity_text
from wig_core.encoders.encoder import EncoderLike, SentenceEncoder, as_encoder
from wig_core.encoders.static import StaticModel
from wig_core.errors import InputError
from wig_core.text.sentences import check_sentences


@dataclass(frozen=True, eq=False, repr=False)
class SimilarityExplanation:
    """The similarity of two texts as a sum over their words.

    In a notebook it is shown as the two texts, each word shaded by its share, above the heat map of the parts; pointing
    at a word shades the other text by what it adds together with that word.

    Attributes:
        left, right: the n and m units (words, by default) of the two texts, in order.
        parts: what each pair adds to the similarity, ``[n + 1, m + 1]``; the last row and column belong to the
            baselines. They sum to the similarity.
        facts: about the run, by name: encoder, method, baseline, errors, similarity, and the four sums of the parts.
    """

    left: list[str]
    right: list[str]
    parts: NDArray[np.float64]
    facts: dict[str, Any]

    @property
    def similarity(self) -> float:
        """The similarity of the two texts."""
        return float(self.parts.sum())

    @property
    def matrix(self) -> NDArray[np.float64]:
        """What each word of the left text adds together with each of the right, ``[n, m]``."""
        return self.parts[:-1, :-1]

    @property
    def left_shares(self) -> NDArray[np.float64]:
        """What each word of the left text adds with the right text held fixed, ``[n]``: the sum of its row."""
        return self.parts[:-1].sum(1)

    @property
    def right_shares(self) -> NDArray[np.float64]:
        """What each word of the right text adds with the left text held fixed, ``[m]``: the sum of its column."""
        return self.parts[:, :-1].sum(0)

    def turned(self) -> SimilarityExplanation:
        """The same similarity with the two texts in the other order."""
        return replace(self, left=self.right, right=self.left, parts=self.parts.T)

    def to_frame(self) -> pd.DataFrame:
        """One row per part: left_position, left, right_position, right and share; baselines are named "(baseline)"."""
        rows, columns = np.indices(self.parts.shape).reshape(2, -1)
        words = [np.array([*side, BASELINE], dtype=object) for side in (self.left, self.right)]
        return pd.DataFrame(
            {
                "left_position": rows,
                "left": words[0][rows],
                "right_position": columns,
                "right": words[1][columns],
                "share": self.parts.ravel(),
            }
        )

    def to_terminal(self, *, colours: bool = False, pairs: int = 10) -> str:
        """The words of both texts with their shares, one per line, and the pairs with the largest parts.

        Args:
            colours: shade from white to red, or to blue below zero.
            pairs: how many pairs to list.
        """
        return similarity_text(self, colours=colours, pairs=pairs)

    def to_html(self) -> str:
        """A standalone HTML page of both texts and the heat map of the parts, for any screen; it loads nothing."""
        return html_page(self._repr_html_())

    def _repr_html_(self) -> str:
        return similarity_html(self)

    def __repr__(self) -> str:
        size = f"{len(self.left)} × {len(self.right)} words"
        return f"<SimilarityExplanation: {size}, similarity {self.similarity:.3f}>"

    def to_json(self) -> str:
        """The facts, both texts' words with their shares, and the parts."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False)

    def to_dict(self) -> dict[str, Any]:
        """The content of `to_json`."""
        sides = ((self.left, self.left_shares), (self.right, self.right_shares))
        sentences = [
            [{"word": word, "value": share} for word, share in zip(words, shares.tolist(), strict=True)]
            for words, shares in sides
        ]
        return {**self.facts, "sentences": sentences, "parts": self.parts.tolist()}


def explain_similarity(
    encoder: EncoderLike,
    left: str,
    right: str,
    explainer: Explainer | None = None,
    *,
    refine: int = 0,
    budget: float | None = None,
    progress: bool = False,
) -> SimilarityExplanation:
    """How much each word, and each pair of words, adds to the similarity of two texts.

    The similarity is that of the encoder: the cosine, or the inner product (of normalised embeddings if the encoder
    normalises them). A long text is explained along the contributions of the shorter one alone, which takes as many
    passes for 50 words as for 500; by sentences or paragraphs, the explainer's granularity, it is easier to read. A
    text that is a single sentence is divided into words even then, so that a query can meet the sentences of a
    document.

    Args:
        encoder: a `SentenceEncoder`, a loaded `SentenceTransformer`, or the name of an encoder.
        left, right: the two texts, neither blank.
        explainer: how contributions are measured; by default Integrated Gradients of words, with the baseline that
            leaves least of these texts (`least_baseline`).
        refine: how many phrases, sentences or paragraphs of each text, those with the greatest shares, are explained
            again by words, beside the others as they are.
        budget: the seconds that this may take. The granularity is then the explainer's, or the finest coarser one that
            fits by a timed pass through the encoder; where words do not, as many sentences are refined as do. The facts
            say what is chosen.
        progress: show a bar on standard error.

    Warns:
        UserWarning: as in `integrated_gradients`; also if a text is longer than the encoder reads, or paragraphs take
            longer than the budget.

    Raises:
        InputError: as in `Explainer.explain`; also for an explainer of the norm, which has no direction.

    Example:
        >>> explained = explain_similarity("wig-base", "a cat", "the cat")
        >>> explained.left, explained.right, explained.parts.shape
        (['a', 'cat'], ['the', 'cat'], (3, 3))
        >>> document = "It rains. The cat sleeps."
        >>> explain_similarity("wig-base", "a cat", document, Explainer(granularity="sentence"), refine=1).right
        ['It rains.', 'the', 'cat', 'sleeps', '.']
    """
    encoder, texts = as_encoder(encoder), check_sentences([left, right], blank=False)
    explainer = explainer or Explainer(baseline=least_baseline(encoder, texts))
    return Comparison(encoder, explainer, refine, budget, progress=progress).of(left, right)


def least_baseline(encoder: EncoderLike, texts: Sequence[str]) -> Baseline:
    """The baseline that leaves least of texts without their words: of the smallest mean ‖b‖/‖s‖.

    It takes two forward passes for each text and baseline. On all-MiniLM-L6-v2 the unknown token leaves a fifth of what
    the mask token leaves; see the page `why_similar`. The zero vector is for static encoders, and for tokenizers
    without such tokens: no word of an encoder with layers is there, and on all-mpnet-base-v2 the path from it is so
    rough that no number of intervals suffices.

    Args:
        encoder: a `SentenceEncoder`, a loaded `SentenceTransformer`, or the name of an encoder.
        texts: such as the two that are to be compared, none blank.

    Example:
        >>> least_baseline("all-MiniLM-L6-v2", ["A rare sentence."])
        'unk'
    """
    encoder = as_encoder(encoder)
    tokenized = read(encoder, texts)
    left: dict[Baseline, float] = {}
    for baseline in get_args(Baseline):
        with suppress(InputError):  # the tokenizer lacks the token
            absent = baseline_id(encoder, baseline)
            ends = [InterpolationPath(encoder, one, absent, "vector") for one in tokenized]
            left[baseline] = sum(float(one.first.norm() / one.last.norm()) for one in ends)
    is_static = isinstance(encoder.model, StaticModel)
    return min(left, key=lambda baseline: (baseline == "zero" and not is_static, left[baseline]))


def similarity_of(
    encoder: SentenceEncoder, explainer: Explainer, left: Contributions, right: Contributions
) -> SimilarityExplanation:
    """The similarity of two texts whose contributions are known.

    Args:
        encoder, explainer: that the contributions come from.
        left, right: of the two texts.
    """
    directions = _with_baseline(left).double().T
    along = replace(
        right,
        vectors=right.vectors.double() @ directions,
        baseline_embedding=right.baseline_embedding.double() @ directions,
    )
    return _from_inner_products(encoder, explainer, left, along, right.embedding)


def _from_inner_products(
    encoder: SentenceEncoder, explainer: Explainer, left: Contributions, along: Contributions, embedding: Tensor
) -> SimilarityExplanation:
    """The similarity of a text to another, of which the contributions to the inner products with those of the first
    are known, and the embedding."""
    parts = _with_baseline(along).double().T
    if encoder.similarity == "cosine" or encoder.normalize:
        parts = parts / (left.embedding.double().norm() * embedding.double().norm())
    facts = facts_of(encoder, explainer, ContributionSet([left, along])) | {
        "similarity": float(parts.sum()),
        "words with words": float(parts[:-1, :-1].sum()),
        "words with the other baseline": float(parts[:-1, -1].sum() + parts[-1, :-1].sum()),
        "baselines": float(parts[-1, -1]),
    }
    return SimilarityExplanation(left.words, along.words, parts.numpy(), facts)


def _with_baseline(one: Contributions) -> Tensor:
    """The contributions, and behind them what is left in the baseline, ``[n + 1, d]``."""
    return torch.cat([one.vectors, one.baseline_embedding.unsqueeze(0)])


@dataclass(frozen=True)
class Comparison:
    """How texts are compared, as in `explain_similarity`; contributions of a whole text are kept for the next pair.

    Attributes:
        encoder, explainer, refine, budget: as in `explain_similarity`.
        cache: whether contributions are taken from the cache and kept there.
        progress: show a bar on standard error.
        known: the contributions of texts, by text and division.
    """

    encoder: SentenceEncoder
    explainer: Explainer
    refine: int = 0
    budget: float | None = None
    cache: bool = False
    progress: bool = False
    known: dict[tuple[str, Division], Contributions] = field(default_factory=dict)

    def of(self, left: str, right: str) -> SimilarityExplanation:
        """The explanation of two texts."""
        if self.explainer.target != "vector":
            raise InputError(f"target {self.explainer.target!r} has no direction; a similarity needs the target vector")
        if self.refine < 0 or (self.budget is not None and not self.budget > 0):
            raise InputError(f"refine is {self.refine}, the budget {self.budget}; give at least 0, and seconds above 0")
        texts, facts = [left, right], {}
        granularity = self.explainer.granularity
        choice = Choice(granularity, self.refine if granularity in FINER else 0)
        if self.budget is not None:
            choice, needed = within_budget(self.encoder, self.explainer, texts, choice, self.budget)
            facts["budget"] = f"{self.budget:.3g} s, of which about {needed:.2g} s are needed"
        divisions = [division_of(text, choice.granularity) for text in texts]
        shown = self._measure(texts, divisions)
        if choice.refine:
            shares = [shown.left_shares, shown.right_shares]
            finer = [refined(self.encoder, *one, choice.refine) for one in zip(texts, divisions, shares, strict=True)]
            shown = shown if finer == divisions else self._measure(texts, finer)
        is_cut = [one.is_cut for one in read(self.encoder, texts)]
        if any(is_cut):
            cut = " and ".join(compress(["left", "right"], is_cut))
            facts["cut"] = f"{cut}, after {self.encoder.max_tokens} tokens"
        return replace(shown, facts=shown.facts | {"granularity": str(choice)} | facts)

    def _measure(self, texts: Sequence[str], divisions: Sequence[Division]) -> SimilarityExplanation:
        """The explanation of two texts that are divided into units."""
        first, second = (read(self.encoder, [text], one)[0] for text, one in zip(texts, divisions, strict=True))
        if len(first.input_ids) > len(second.input_ids):
            return self._measure(texts[::-1], divisions[::-1]).turned()
        left = self._explain(texts[0], divisions[0])
        derivable = by_derivatives(len(second.input_ids), len(second.units), len(first.units) + 1)
        if self.explainer.method == "shap" or not derivable:
            return similarity_of(self.encoder, self.explainer, left, self._explain(texts[1], divisions[1]))
        [along] = self._contributions(texts[1], divisions[1], _with_baseline(left))
        ids = second.input_ids.unsqueeze(0)
        with torch.no_grad():
            [embedding] = self.encoder.embed(ids, torch.ones_like(ids)).float().cpu()
        return _from_inner_products(self.encoder, self.explainer, left, along, embedding)

    def _explain(self, text: str, division: Division) -> Contributions:
        """The contributions of a text to its embedding."""
        if (text, division) not in self.known:
            [self.known[text, division]] = self._contributions(text, division)
        return self.known[text, division]

    def _contributions(self, text: str, division: Division, directions: Tensor | None = None) -> ContributionSet:
        explainer = replace(self.explainer, granularity=division)
        return explainer.explain(self.encoder, [text], directions=directions, cache=self.cache, progress=self.progress)
