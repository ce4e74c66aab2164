"""The same contributions by other libraries, slowly: what the fast methods are checked and timed against."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from wig_core.attribution.contributions import Baseline, Reading, baseline_id, read
from wig_core.encoders import SentenceEncoder, output_of
from wig_core.errors import InputError


def captum_integrated_gradients(
    encoder: SentenceEncoder,
    sentence: str,
    *,
    baseline: Baseline = "mask",
    steps: int = 32,
    dimensions: Sequence[int] | None = None,
) -> Tensor:
    """Integrated Gradients by captum's `LayerIntegratedGradients`, one dimension of the embedding at a time.

    Args:
        baseline: a token baseline; captum's layer method takes token ids, so "zero" is not one.
        steps: Gauss–Legendre nodes.
        dimensions: those of the embedding to explain; all by default.

    Returns:
        The contributions ``[n, len(dimensions)]``.

    Raises:
        InputError: the baseline is "zero".
    """
    from captum.attr import LayerIntegratedGradients

    absent = baseline_id(encoder, baseline)
    if absent is None:
        raise InputError("baseline 'zero' has no token ids, which captum's layer method needs; choose mask, pad or unk")
    [reading] = read(encoder, [sentence])
    ids = reading.input_ids.unsqueeze(0)
    explainer = LayerIntegratedGradients(lambda tokens: _embed(encoder, ids, tokens), encoder.embedding_module)
    columns = [
        explainer.attribute(
            ids,
            baselines=ids.masked_fill(reading.owners >= 0, absent),
            target=dimension,
            n_steps=steps,
            method="gausslegendre",
        )
        for dimension in (range(encoder.dimension) if dimensions is None else dimensions)
    ]
    return _sum_into_units(torch.stack([column[0].sum(-1) for column in columns], dim=1).detach(), reading)


def backward_integrated_gradients(
    encoder: SentenceEncoder,
    sentence: str,
    *,
    nodes: Tensor,
    weights: Tensor,
    baseline: Baseline = "mask",
    dimensions: Sequence[int] | None = None,
) -> Tensor:
    """Integrated Gradients by one forward pass over all nodes and one backward pass a dimension of the embedding.

    Args:
        nodes, weights: of the quadrature rule, ``[steps]``.
        dimensions: those of the embedding to explain; all by default.

    Returns:
        The contributions ``[n, len(dimensions)]``.
    """
    absent = baseline_id(encoder, baseline)
    [reading] = read(encoder, [sentence])
    ids = reading.input_ids.unsqueeze(0)
    end = encoder.embedding_layer(ids)
    is_word = reading.owners >= 0
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
    return _sum_into_units(torch.stack(columns, dim=1), reading)


def _embed(encoder: SentenceEncoder, input_ids: Tensor, word_ids: Tensor) -> Tensor:
    """The embeddings of other words at the positions of `input_ids`, as in `SentenceEncoder.embedding_layer`."""
    table = encoder.model.get_input_embeddings()
    mask = torch.ones_like(word_ids)
    with output_of(table, table(word_ids)):
        hidden = encoder.model(input_ids=input_ids.expand_as(word_ids), attention_mask=mask).last_hidden_state
    return encoder.pool(hidden, mask)


def _sum_into_units(tokens: Tensor, reading: Reading) -> Tensor:
    """Contributions of tokens ``[tokens, d]`` to those of units ``[n, d]``."""
    owned = reading.owners >= 0
    return tokens.new_zeros(len(reading.units), tokens.shape[1]).index_add_(0, reading.owners[owned], tokens[owned])
