"""The same contributions computed by other libraries, slowly, to check and time the fast methods; extra `reference`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wig_core.attribution.inputs import (
    Baseline,
    Target,
    TokenizedSentence,
    apply_target,
    baseline_id,
    tokenize_sentences,
)
from wig_core.encoders.encoder import SentenceEncoder, output_of
from wig_core.errors import InputError, needs_extra


@needs_extra("reference")
def captum_integrated_gradients(
    encoder: SentenceEncoder,
    sentence: str,
    *,
    baseline: Baseline = "mask",
    steps: int = 32,
    rule: str = "gausslegendre",
    target: Target = "vector",
    dimensions: Sequence[int] | None = None,
) -> Tensor:
    """Integrated Gradients by captum's `LayerIntegratedGradients`, one dimension of the target at a time.

    Args:
        encoder: the encoder to explain.
        sentence: the sentence, not blank.
        baseline: "mask", "pad" or "unk"; captum's layer method takes token ids, which "zero" has none of.
        steps: the number of nodes.
        rule: captum's name of the rule, such as "gausslegendre" or "riemann_trapezoid".
        target: as in `integrated_gradients`: "vector", "norm" or a direction ``[d]``; the last two have one dimension.
        dimensions: the dimensions to explain; by default all.

    Returns:
        The contributions ``[n, len(dimensions)]``.

    Raises:
        InputError: the baseline is "zero".
    """
    from captum.attr import LayerIntegratedGradients

    absent = baseline_id(encoder, baseline)
    if absent is None:
        raise InputError("baseline 'zero' has no token ids, which captum's layer method needs; choose mask, pad or unk")
    [tokenized] = tokenize_sentences(encoder, [sentence])
    ids = tokenized.input_ids.unsqueeze(0)
    explainer = LayerIntegratedGradients(
        lambda tokens: apply_target(_embed(encoder, ids, tokens), target), encoder.embedding_module
    )
    size = encoder.dimension if isinstance(target, str) and target == "vector" else 1
    columns = [
        explainer.attribute(
            ids,
            baselines=ids.masked_fill(tokenized.owners >= 0, absent),
            target=dimension,
            n_steps=steps,
            method=rule,
        )
        for dimension in (range(size) if dimensions is None else dimensions)
    ]
    return _sum_into_units(torch.stack([column[0].sum(-1) for column in columns], dim=1).detach(), tokenized)


def backward_integrated_gradients(
    encoder: SentenceEncoder,
    sentence: str,
    *,
    nodes: Tensor,
    weights: Tensor,
    baseline: Baseline = "mask",
    dimensions: Sequence[int] | None = None,
) -> Tensor:
    """Integrated Gradients by one forward pass over all nodes and one backward pass per dimension of the embedding.

    Args:
        encoder: the encoder to explain.
        sentence: the sentence, not blank.
        nodes, weights: of the quadrature rule, ``[steps]``.
        baseline: what replaces every word, as in `integrated_gradients`.
        dimensions: the dimensions of the embedding to explain; by default all.

    Returns:
        The contributions ``[n, len(dimensions)]``.
    """
    absent = baseline_id(encoder, baseline)
    [tokenized] = tokenize_sentences(encoder, [sentence])
    ids = tokenized.input_ids.unsqueeze(0)
    end = encoder.embedding_layer(ids)
    is_word = tokenized.owners >= 0
    if absent is None:
        start = end.masked_fill(is_word.unsqueeze(-1), 0.0)
    else:
        start = encoder.embedding_layer(ids, ids.masked_fill(is_word, absent))
    points = (start + nodes[:, None, None] * (end - start)).requires_grad_()
    embeddings = encoder.embed_from(points, torch.ones_like(ids).expand(len(nodes), -1))
    columns = []
    for dimension in range(encoder.dimension) if dimensions is None else dimensions:
        [gradient] = torch.autograd.grad(embeddings[:, dimension].sum(), points, retain_graph=True)
        columns.append(((gradient * weights[:, None, None]).sum(0) * (end - start)[0]).sum(-1))
    return _sum_into_units(torch.stack(columns, dim=1), tokenized)


@needs_extra("reference")
def captum_shapley_values(
    encoder: SentenceEncoder,
    sentence: str,
    *,
    baseline: Baseline = "mask",
    permutations: int | None = None,
    together: int = 64,
    seed: int = 0,
) -> Tensor:
    """Shapley values by captum: `ShapleyValueSampling`, or `ShapleyValues` over all n! orders.

    Args:
        encoder: the encoder to explain.
        sentence: the sentence, not blank.
        baseline: "mask", "pad" or "unk".
        permutations: how many orders are drawn, without their reverses; None for all n! orders.
        together: how many coalitions share a forward pass.
        seed: of the orders.

    Returns:
        The contributions ``[n, d]``.
    """
    from captum.attr import ShapleyValues, ShapleyValueSampling

    game = _WordGame.of(encoder, sentence, baseline)
    settings: dict[str, Any] = {
        "baselines": torch.zeros(1, game.words),
        "perturbations_per_eval": together,
    }
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        if permutations is None:
            explainer: Any = ShapleyValues(game.embed)
        else:
            explainer, settings["n_samples"] = ShapleyValueSampling(game.embed), permutations
        return explainer.attribute(torch.ones(1, game.words), **settings)[0].T


@needs_extra("reference")
def shap_values(
    encoder: SentenceEncoder,
    sentence: str,
    *,
    baseline: Baseline = "mask",
    algorithm: Literal["permutation", "partition"] = "permutation",
    permutations: int = 16,
    together: int | None = 64,
    seed: int = 0,
) -> Tensor:
    """Contributions by shap's `PermutationExplainer` or `PartitionExplainer`.

    The second computes Winter values, which differ by definition: only orders that keep the words of each branch of a
    tree together count, here the tree that splits the sentence into halves again and again.

    Args:
        encoder: the encoder to explain.
        sentence: the sentence, not blank.
        baseline: "mask", "pad" or "unk".
        algorithm: "permutation" or "partition".
        permutations: how many orders are drawn, reverses included; a partition is evaluated in full.
        together: how many coalitions share a forward pass; None for shap's own choice.
        seed: of the orders.

    Returns:
        The contributions ``[n, d]``.
    """
    import shap

    game = _WordGame.of(encoder, sentence, baseline)
    if algorithm == "partition":
        masker = _Masker(game.words, clustering=_halves(game.words))
        explainer, evaluations = shap.PartitionExplainer(game.embed_array, masker), 4**game.words
    else:
        explainer = shap.PermutationExplainer(game.embed_array, _Masker(game.words), seed=seed)
        evaluations = permutations // 2 * (2 * game.words + 1)
    found = explainer(np.ones((1, game.words)), max_evals=evaluations, batch_size=together or "auto", silent=True)
    return torch.from_numpy(found.values[0]).float()


@dataclass(frozen=True)
class _WordGame:
    """The embedding of a sentence as a function of which of its words are present, as captum and shap need it."""

    encoder: SentenceEncoder
    sentence: TokenizedSentence
    absent: int

    @classmethod
    def of(cls, encoder: SentenceEncoder, sentence: str, baseline: Baseline) -> _WordGame:
        absent = baseline_id(encoder, baseline)
        if absent is None:
            raise InputError("baseline 'zero' is not a token; choose mask, pad or unk")
        [tokenized] = tokenize_sentences(encoder, [sentence])
        return cls(encoder, tokenized, absent)

    @property
    def words(self) -> int:
        return len(self.sentence.units)

    def embed(self, present: Tensor) -> Tensor:
        """The embeddings ``[rows, d]`` of coalitions ``[rows, n]``, 1 where a word is present."""
        owners = self.sentence.owners
        visible = (owners < 0) | (present[:, owners.clamp_min(0)] > 0)
        ids = self.sentence.input_ids.unsqueeze(0)
        return _embed(self.encoder, ids, torch.where(visible, ids, self.absent))

    def embed_array(self, present: NDArray[np.float64]) -> NDArray[np.float32]:
        with torch.no_grad():
            return self.embed(torch.from_numpy(present)).numpy()


class _Masker:
    """A masker as shap defines it: the number of inputs, how to blank some of them, and optionally their tree."""

    def __init__(self, words: int, clustering: NDArray[np.float64] | None = None) -> None:
        self.shape = (1, words)
        if clustering is not None:
            self.clustering = clustering

    def __call__(self, mask: NDArray[np.bool_], row: NDArray[np.float64]) -> NDArray[np.float64]:
        return (row * mask)[None]


def _halves(words: int) -> NDArray[np.float64]:
    """The tree of repeated halving, as a linkage matrix: left, right, height (at most 1) and size."""
    rows: list[tuple[int, int, int]] = []

    def merge(first: int, last: int) -> tuple[int, int]:
        if last - first == 1:
            return first, 0
        middle = (first + last) // 2
        (left, a), (right, b) = merge(first, middle), merge(middle, last)
        rows.append((left, right, max(a, b) + 1))
        return words + len(rows) - 1, max(a, b) + 1

    _, height = merge(0, words)
    sizes = [1] * words
    for left, right, _ in rows:
        sizes.append(sizes[left] + sizes[right])
    return np.array([(a, b, h / height, sizes[words + i]) for i, (a, b, h) in enumerate(rows)], dtype=float)


def _embed(encoder: SentenceEncoder, input_ids: Tensor, word_ids: Tensor) -> Tensor:
    """The embeddings of `word_ids` at the positions of `input_ids`, as in `SentenceEncoder.embedding_layer`."""
    table = encoder.model.get_input_embeddings()
    mask = torch.ones_like(word_ids)
    with output_of(table, table(word_ids)):
        hidden = encoder.model(input_ids=input_ids.expand_as(word_ids), attention_mask=mask).last_hidden_state
    return encoder.pool(hidden, mask)


def _sum_into_units(tokens: Tensor, sentence: TokenizedSentence) -> Tensor:
    """Sum the contributions of tokens ``[tokens, d]`` into those of units ``[n, d]``."""
    owned = sentence.owners >= 0
    return tokens.new_zeros(len(sentence.units), tokens.shape[1]).index_add_(0, sentence.owners[owned], tokens[owned])
