"""Which words of two texts make them similar.

A contribution is a vector, so the similarity of two texts falls apart exactly. With s = b + Σ c_i for one text and
t = b' + Σ c'_j for the other,

    s · t = Σ_i Σ_j c_i · c'_j  +  Σ_i c_i · b'  +  Σ_j b · c'_j  +  b · b',

and the same divided by ‖s‖‖t‖ for the cosine. The first sum says which word meets which; what is left in the
baselines b and b', the embeddings of the two texts without their words, stands beside it.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from wig_core.attribution.contributions import Contributions, ContributionSet
from wig_core.attribution.explainer import Explainer
from wig_core.attribution.explanation import facts_of, html_page
from wig_core.attribution.inputs import Baseline, Granularity, TokenizedSentence, baseline_id, tokenize_sentences
from wig_core.attribution.paths import InterpolationPath
from wig_core.attribution.similarity_view import BASELINE, similarity_html, similarity_text
from wig_core.encoders.encoder import EncoderLike, SentenceEncoder, as_encoder
from wig_core.errors import InputError
from wig_core.text.passages import STARTS
from wig_core.text.sentences import check_sentences

# Each granularity of several words, and the next finer one.
COARSE: dict[str, Granularity] = {"paragraph": "sentence", "sentence": "word"}


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
    encoder: EncoderLike, left: str, right: str, explainer: Explainer | None = None, *, progress: bool = False
) -> SimilarityExplanation:
    """How much each word, and each pair of words, adds to the similarity of two texts.

    The similarity is that of the encoder: the cosine, or the inner product (of normalised embeddings if the encoder
    normalises them). A long text takes little time by sentences or paragraphs: set the explainer's granularity. A text
    that is a single sentence is divided into words even then, so that a query can meet the sentences of a document.

    Args:
        encoder: a `SentenceEncoder`, a loaded `SentenceTransformer`, or the name of an encoder.
        left, right: the two texts, neither blank.
        explainer: how contributions are measured; by default Integrated Gradients of words, with the baseline that
            leaves least of these texts (`least_baseline`).
        progress: show a bar on standard error.

    Warns:
        UserWarning: as in `integrated_gradients`; also if a text is longer than the encoder reads.

    Raises:
        InputError: as in `Explainer.explain`; also for an explainer of the norm, which has no direction.

    Example:
        >>> explained = explain_similarity("wig-base", "a cat", "the cat")
        >>> explained.left, explained.right, explained.parts.shape
        (['a', 'cat'], ['the', 'cat'], (3, 3))
    """
    [shown] = _explain_pairs(as_encoder(encoder), left, [right], explainer, progress)
    return shown


def explain_nearest(
    encoder: EncoderLike,
    query: str,
    documents: Sequence[str],
    explainer: Explainer | None = None,
    *,
    top: int = 5,
    embeddings: Tensor | None = None,
    progress: bool = False,
) -> list[SimilarityExplanation]:
    """Explain the similarity of a query to the documents that are nearest to it.

    Args:
        encoder: a `SentenceEncoder`, a loaded `SentenceTransformer`, or the name of an encoder.
        query: a text.
        documents: N texts, none blank.
        explainer: as in `explain_similarity`.
        top: how many documents to explain.
        embeddings: of the documents, ``[N, d]``, as `encode` returns them; by default they are computed.
        progress: show a bar on standard error.

    Returns:
        The explanations, the nearest document first, of at most `top` documents. Among the facts are document, its
        index, and rank, from 1.

    Raises:
        InputError: as in `explain_similarity`; also if `top` is below 1, there are no documents, or the embeddings
            have another shape.

    Example:
        >>> [nearest] = explain_nearest("wig-base", "a cat", ["It rains.", "the cat"], top=1)
        >>> nearest.facts["document"], nearest.right
        (1, ['the', 'cat'])
    """
    encoder = as_encoder(encoder)
    documents = check_sentences(documents, name="documents", blank=False)
    if top < 1 or not documents:
        raise InputError(f"top is {top} of {len(documents)} documents; give at least one of each")
    if embeddings is None:
        embeddings = _encode(encoder, documents, progress)
    if embeddings.shape != (len(documents), encoder.dimension):
        raise InputError(
            f"embeddings have the shape {tuple(embeddings.shape)}, not {(len(documents), encoder.dimension)}; give one "
            "row per document"
        )
    similarities = encoder.similarity_pairwise(encoder.encode(query).expand_as(embeddings), embeddings.cpu().float())
    nearest = torch.sort(similarities, descending=True, stable=True).indices[:top].tolist()
    shown = _explain_pairs(encoder, query, [documents[index] for index in nearest], explainer, progress)
    return [
        replace(one, facts={"rank": rank, "document": index} | one.facts)
        for rank, (index, one) in enumerate(zip(nearest, shown, strict=True), start=1)
    ]


def least_baseline(encoder: EncoderLike, texts: Sequence[str]) -> Baseline:
    """The baseline that leaves least of texts without their words: of the smallest mean ‖b‖/‖s‖.

    It takes two forward passes for each text and baseline. On all-MiniLM-L6-v2 the unknown token leaves a fifth of what
    the mask token leaves; see the page `why_similar`.

    Args:
        encoder: a `SentenceEncoder`, a loaded `SentenceTransformer`, or the name of an encoder.
        texts: such as the two that are to be compared, none blank.

    Example:
        >>> least_baseline("all-MiniLM-L6-v2", ["A rare sentence."])
        'unk'
    """
    encoder = as_encoder(encoder)
    tokenized = _tokenized(encoder, texts)
    left: dict[Baseline, float] = {}
    for baseline in get_args(Baseline):
        with suppress(InputError):  # the tokenizer lacks the token
            absent = baseline_id(encoder, baseline)
            ends = [InterpolationPath(encoder, one, absent, "vector") for one in tokenized]
            left[baseline] = sum(float(one.first.norm() / one.last.norm()) for one in ends)
    return min(left, key=lambda baseline: left[baseline])


def similarity_of(
    encoder: SentenceEncoder, explainer: Explainer, left: Contributions, right: Contributions, *, cut: str = ""
) -> SimilarityExplanation:
    """The similarity of two texts whose contributions are known.

    Args:
        encoder, explainer: that the contributions come from.
        left, right: of the two texts.
        cut: which of the two texts are longer than the encoder reads, for the facts.
    """
    sides = [torch.cat([one.vectors, one.baseline_embedding.unsqueeze(0)]).double() for one in (left, right)]
    parts = sides[0] @ sides[1].T
    if encoder.similarity == "cosine" or encoder.normalize:
        parts /= left.embedding.double().norm() * right.embedding.double().norm()
    facts = facts_of(encoder, explainer, ContributionSet([left, right])) | {
        **({"cut": f"{cut}, after {encoder.max_tokens} tokens"} if cut else {}),
        "similarity": float(parts.sum()),
        "words with words": float(parts[:-1, :-1].sum()),
        "words with the other baseline": float(parts[:-1, -1].sum() + parts[-1, :-1].sum()),
        "baselines": float(parts[-1, -1]),
    }
    return SimilarityExplanation(left.words, right.words, parts.numpy(), facts)


def _explain_pairs(
    encoder: SentenceEncoder, left: str, rights: Sequence[str], explainer: Explainer | None, progress: bool
) -> list[SimilarityExplanation]:
    """The similarity of a text to each of others."""
    texts = check_sentences([left, *rights], blank=False)
    explainer = explainer or Explainer(baseline=least_baseline(encoder, texts))
    if explainer.target != "vector":
        raise InputError(f"target {explainer.target!r} has no direction; a similarity needs the target vector")
    first, *others = _contributions(encoder, texts, explainer, progress)
    is_cut, *are_cut = (one.is_cut for one in _tokenized(encoder, texts))
    return [
        similarity_of(encoder, explainer, first, other, cut=" and ".join(["left"] * is_cut + ["right"] * also_cut))
        for other, also_cut in zip(others, are_cut, strict=True)
    ]


def _contributions(
    encoder: SentenceEncoder, texts: Sequence[str], explainer: Explainer, progress: bool
) -> list[Contributions]:
    """The contributions of texts, those of one granularity together."""
    chosen = [_divide(text, explainer.granularity) for text in texts]
    found: dict[int, Contributions] = {}
    for granularity in dict.fromkeys(chosen):
        places = [place for place, one in enumerate(chosen) if one == granularity]
        measure = replace(explainer, granularity=granularity).explain
        found |= zip(places, measure(encoder, [texts[place] for place in places], progress=progress), strict=True)
    return [found[place] for place in range(len(texts))]


def _tokenized(encoder: SentenceEncoder, texts: Sequence[str]) -> list[TokenizedSentence]:
    """The texts as they are read; what is worth a warning, the explainer says."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tokenize_sentences(encoder, texts)


def _divide(text: str, granularity: Granularity) -> Granularity:
    """The granularity, or the first finer one at which a text has several units."""
    while granularity in COARSE and len(STARTS[granularity](text)) < 2:
        granularity = COARSE[granularity]
    return granularity


def _encode(encoder: SentenceEncoder, documents: Sequence[str], progress: bool, chunk: int = 512) -> Tensor:
    starts = tqdm(range(0, len(documents), chunk), desc="documents", disable=not progress)
    return torch.cat([encoder.encode(documents[start : start + chunk]) for start in starts])
