"""Quality of embeddings: agreement with human judgements, and geometry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from scipy import stats
from torch import Tensor, nn

from wig_core.encoders.encoder import SentenceEncoder
from wig_core.text.corpus import SimilarityPairs


def similarity_correlation(encoder: SentenceEncoder, pairs: SimilarityPairs) -> float:
    """Spearman's rank correlation between the encoder's similarities and human judgements of pairs of texts."""
    texts = list(dict.fromkeys([*pairs.left, *pairs.right]))
    embeddings, row = encoder.encode(texts), {text: i for i, text in enumerate(texts)}
    left, right = (embeddings[[row[text] for text in side]] for side in (pairs.left, pairs.right))
    return float(stats.spearmanr(encoder.similarity_pairwise(left, right).numpy(), pairs.scores).statistic)


def uniformity(embeddings: Tensor) -> float:
    """How evenly embeddings ``[n, d]`` cover the sphere: log mean exp(−2‖x − y‖²) over pairs of unit vectors.

    Lower is more even; 0 if all embeddings are equal. Source: Wang and Isola 2020 (arXiv 2005.10242), equation 6 with
    t = 2.

    Example:
        >>> round(uniformity(torch.tensor([[1.0, 0.0], [-2.0, 0.0]])), 6)
        -8.0
    """
    unit = nn.functional.normalize(embeddings.double(), dim=1)
    return float(torch.pdist(unit).square().mul(-2).exp().mean().log())


def alignment(left: Tensor, right: Tensor) -> float:
    """How far apart the embeddings of positive pairs are, each ``[n, d]``: mean ‖x − y‖² of unit vectors.

    Lower is closer. Source: Wang and Isola 2020 (arXiv 2005.10242), equation 5 with α = 2.
    """
    unit = [nn.functional.normalize(side.double(), dim=1) for side in (left, right)]
    return float((unit[0] - unit[1]).square().sum(1).mean())


def mean_norm(encoder: SentenceEncoder, sentences: Sequence[str]) -> float:
    """The mean norm of the pooled vectors of sentences, before any scaling to unit length."""
    return float(replace(encoder, normalize=False).encode(sentences).norm(dim=1).mean())
