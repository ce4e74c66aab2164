"""The matrix and the shares of a similarity as others define them: xsbert's integrated Jacobians, and captum."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from wig_book.reference import captum_integrated_gradients
from wig_core.attribution.contributions import Contributions
from wig_core.attribution.explainer import Explainer
from wig_core.attribution.inputs import Baseline
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.attribution.path_steps import follow
from wig_core.attribution.paths import InterpolationPath, interpolation_paths
from wig_core.attribution.quadrature import quadrature
from wig_core.attribution.similarity import SimilarityExplanation, similarity_of
from wig_core.encoders.encoder import SentenceEncoder

TEXTS = ["the cat sat on a mat", "a cat, it sat <well>"]
NODES = 40  # of Gauss and Legendre; twice as many change the matrices by less than 1e-6
INTERVALS = 100  # of the steps; the error falls with their square


@pytest.fixture(scope="module")
def bert(tiny_encoders: dict[str, SentenceEncoder]) -> SentenceEncoder:
    """In float64, so that what is left are the errors of quadrature and steps."""
    encoder = tiny_encoders["bert"]
    return replace(encoder, model=copy.deepcopy(encoder.model).double(), similarity="dot", normalize=False)


def by_derivatives(encoder: SentenceEncoder, baseline: Baseline) -> SimilarityExplanation:
    found = integrated_gradients(encoder, TEXTS, baseline=baseline, steps=NODES)
    return similarity_of(encoder, Explainer(baseline=baseline), *found)


def by_steps(encoder: SentenceEncoder, baseline: Baseline) -> SimilarityExplanation:
    paths = interpolation_paths(encoder, TEXTS, baseline=baseline)
    found: list[Contributions] = [one.contributions() for one in follow(paths, tolerance=1, first=INTERVALS)]
    return similarity_of(encoder, Explainer(baseline=baseline), *found)


WAYS = pytest.mark.parametrize(("way", "tolerance"), [(by_derivatives, 1e-5), (by_steps, 1e-3)])


def relative(found: NDArray[np.float64], expected: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def jacobian_times_difference(path: InterpolationPath) -> torch.Tensor:
    """(x − b)ᵀ ∫J of each word, ``[words, d]``, by plain autograd."""
    encoder, change, owners = path.encoder, path.end - path.start, path.sentence.owners
    mask = torch.ones(1, len(owners), dtype=torch.long)
    of_tokens = change.new_zeros(len(owners), encoder.dimension)
    for position, weight in zip(*quadrature("gauss-legendre", NODES), strict=True):
        point = path.start + position * change
        jacobian = torch.autograd.functional.jacobian(lambda x: encoder.embed_from(x[None], mask)[0], point)
        of_tokens += weight * (jacobian * change).sum(-1).T
    return torch.stack([of_tokens[owners == word].sum(0) for word in range(path.words)])


@WAYS
def test_the_matrix_is_the_integrated_jacobian(bert: SentenceEncoder, way, tolerance: float) -> None:
    """Möller, Nikolaev, Padó (2023), equation 5: ((x − b)ᵀ ∫J) · ((x' − b')ᵀ ∫J')."""
    left, right = map(jacobian_times_difference, interpolation_paths(bert, TEXTS, baseline="pad"))
    assert relative(way(bert, "pad").matrix, (left @ right.T).numpy()) <= tolerance


@WAYS
@pytest.mark.parametrize("similarity", ["dot", "cosine"])
def test_shares_are_captums_contributions_to_a_scalar(bert: SentenceEncoder, similarity, way, tolerance) -> None:
    """The sums over the other text: the similarity is a function of one embedding, all else in it held fixed."""
    shown = way(replace(bert, similarity=similarity), "mask")
    left, right = bert.encode(TEXTS).double()
    scale = left.norm() * right.norm() if similarity == "cosine" else 1
    for text, other, shares in ((TEXTS[0], right, shown.left_shares), (TEXTS[1], left, shown.right_shares)):
        scalar = captum_integrated_gradients(bert, text, baseline="mask", steps=NODES, target=other / scale)
        assert relative(shares, scalar[:, 0].numpy()) <= tolerance
