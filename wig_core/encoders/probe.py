"""Whether an encoder can be explained: a few tokens go through it before it is used.

Architectures differ in ways that no list can follow. So every encoder is tried as it is loaded, and refused in one line
if its embeddings depend on padding, if its two halves (the embedding layer, and all after it) do not make the whole, or
if the derivative of the second half in forward mode is not the one in reverse mode.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from wig_core.attribution.forward_mode import DualTensor
from wig_core.encoders.loading import first_line
from wig_core.errors import InputError

if TYPE_CHECKING:
    from wig_core.encoders.encoder import SentenceEncoder

TEXTS = ["a", "the cat sat on 3 mats."]
TOLERANCE = 1e-3  # relative; rounding in float32 leaves about 1e-5


def check_architecture(encoder: SentenceEncoder) -> None:
    """Raise InputError, which says why, if an encoder's embeddings cannot be explained."""
    try:
        fault = _fault(encoder)
    except Exception as error:  # an architecture that was never tried can fail in any way
        no_rule = "forward AD" in str(error)
        fault = "an operation of it has no derivative in forward mode" if no_rule else first_line(error)
    if fault:
        kind = getattr(encoder.model.config, "model_type", "") or type(encoder.model).__name__
        raise InputError(f"encoder {encoder.name!r}: its architecture {kind} is not supported ({fault}); give another")


def _fault(encoder: SentenceEncoder) -> str | None:
    tokens = encoder.tokenize(TEXTS)
    whole = encoder.embed(tokens.input_ids, tokens.attention_mask)
    if not whole.isfinite().all():
        return "its embeddings are not finite"
    if whole.shape[1] != encoder.dimension:
        return f"it gives {whole.shape[1]} numbers, not {encoder.dimension}"
    if not _close(whole, _as_sentence_transformers(encoder)):
        return "its tokenizer puts tokens into segments"
    lengths = tokens.attention_mask.sum(1).tolist()
    alone = [ids[None, :length] for ids, length in zip(tokens.input_ids, lengths, strict=True)]
    ones = [torch.ones_like(ids) for ids in alone]
    if not _close(whole, torch.cat([encoder.embed(ids, mask) for ids, mask in zip(alone, ones, strict=True)])):
        return "the embedding of a sentence depends on its padding"
    rows = [encoder.embedding_layer(ids)[0] for ids in alone]
    start = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
    if not _close(whole, encoder.embed_from(start, tokens.attention_mask)):
        return "its embedding layer and what follows do not make the whole"
    other = alone[1].clone()
    other[:, -1:] = other[:, :1]
    if not torch.equal(encoder.embedding_layer(alone[1], other)[:, :-1], rows[1][None, :-1]):
        return "its embedding layer mixes neighbouring words"
    return _wrong_derivative(encoder, rows[1][None], ones[1])


def _as_sentence_transformers(encoder: SentenceEncoder) -> Tensor:
    """The embeddings when the transformer is given all that the tokenizer returns, such as segments."""
    texts = [encoder.prompt + text for text in TEXTS]
    batch = encoder.tokenizer(
        texts, padding=True, truncation=True, max_length=encoder.max_tokens, return_tensors="pt"
    ).to(encoder.device)
    read = inspect.signature(encoder.model.forward).parameters
    inputs = {name: value for name, value in batch.items() if name in read}
    return encoder.pool(encoder.model(**inputs).last_hidden_state, batch["attention_mask"])


def _wrong_derivative(encoder: SentenceEncoder, start: Tensor, mask: Tensor) -> str | None:
    """Compare ``|J u|²`` with ``⟨Jᵀ(J u), u⟩``: the derivative J along u forward, and backward."""
    direction = torch.sin(torch.arange(start.numel(), dtype=start.dtype, device=start.device)).view_as(start)
    with torch.no_grad():
        dual = encoder.embed_from(DualTensor.make(start.clone(), direction[None]), mask)
    along: Tensor = dual.tangents[0]  # type: ignore[attr-defined]
    point = start.clone().requires_grad_()
    with torch.enable_grad():
        (encoder.embed_from(point, mask) * along).sum().backward()
    assert point.grad is not None
    right = _close((point.grad * direction).sum()[None], (along * along).sum()[None])
    return None if right else "its derivatives in forward and in reverse mode differ"


def _close(a: Tensor, b: Tensor) -> bool:
    return bool((a - b).norm() <= TOLERANCE * b.norm())
