"""What embeddings are like: how they agree with people's judgements, and how they lie in space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from scipy import stats
from torch import Tensor, nn

from wig_core.encoders.encoder import SentenceEncoder
from wig_core.text.corpus import SimilarityPairs


def similarity_correlation(encoder: SentenceEncoder, pairs: SimilarityPairs) -> float:
    """Spearman's correlation of the encoder's similarities with people's judgements of pairs of texts."""
    texts = list(dict.fromkeys([*pairs.left, *pairs.right]))
    embeddings, place = encoder.encode(texts), {text: i for i, text in enumerate(texts)}
    left, right = (embeddings[[place[text] for text in side]] for side in (pairs.left, pairs.right))
    return float(stats.spearmanr(encoder.similarity_pairwise(left, right).numpy(), pairs.scores).statistic)


def uniformity(embeddings: Tensor) -> float:
    """How evenly embeddings ``[n, d]`` lie on the sphere: log mean exp(−2‖x − y‖²) over pairs, scaled to length 1.

    Wang and Isola 2020 (arXiv 2005.10242), equation 6 with t = 2. The lower, the more even; 0 if all are the same.

    Example:
        >>> round(uniformity(torch.tensor([[1.0, 0.0], [-2.0, 0.0]])), 6)
        -8.0
    """
    unit = nn.functional.normalize(embeddings.double(), dim=1)
    return float(torch.pdist(unit).square().mul(-2).exp().mean().log())


def alignment(left: Tensor, right: Tensor) -> float:
    """How near the embeddings of positive pairs are, each ``[n, d]``: mean ‖x − y‖² once scaled to length 1.

    Wang and Isola 2020 (arXiv 2005.10242), equation 5 with α = 2. The lower, the nearer.
    """
    unit = [nn.functional.normalize(side.double(), dim=1) for side in (left, right)]
    return float((unit[0] - unit[1]).square().sum(1).mean())


def mean_norm(encoder: SentenceEncoder, sentences: Sequence[str]) -> float:
    """The mean length of the pooled vectors, before any scaling to length 1."""
    return float(replace(encoder, normalize=False).encode(sentences).norm(dim=1).mean())
