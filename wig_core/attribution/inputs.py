"""What every attribution method is given: tokenized sentences, baselines, targets, and batches that fit in memory."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar, get_args

import torch
from torch import Tensor

from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.text.words import Unit, segment, units_of_tokens

Baseline = Literal["mask", "pad", "unk", "zero"]
Target = Literal["vector", "norm"] | Tensor
Granularity = Literal["word", "subword"]
Precision = Literal["float32", "bfloat16"]
T = TypeVar("T")


@dataclass(frozen=True)
class TokenizedSentence:
    """One sentence as an encoder reads it: its units, and which of them each token belongs to.

    Attributes:
        units: the words and marks that the encoder reads at least in part; those beyond `max_tokens` are left out.
        input_ids: the token ids ``[tokens]``, special ones included.
        owners: the index of each token's unit, −1 for special tokens, ``[tokens]``.
    """

    units: list[Unit]
    input_ids: Tensor
    owners: Tensor


def check_sentences(sentences: Sequence[str], *, first: int = 0) -> None:
    """Raise InputError if `sentences` is a single string or one of them, counted from `first`, is blank."""
    if isinstance(sentences, str):
        raise InputError("sentences is a single string; give a list of strings")
    for index, sentence in enumerate(sentences, first):
        if not sentence.strip():
            raise InputError(f"sentence {index} is blank; leave blank sentences out")


def tokenize_sentences(
    encoder: SentenceEncoder, sentences: Sequence[str], granularity: Granularity = "word"
) -> list[TokenizedSentence]:
    """Tokenize sentences and assign each token to its unit.

    Args:
        encoder: the encoder whose tokenizer to use.
        sentences: the sentences, none of them blank.
        granularity: "word" for the words and marks of `segment`, "subword" for each token that is not special.

    Warns:
        UserWarning: sentences are longer than the encoder reads.

    Raises:
        InputError: `sentences` is one string instead of a list, a sentence is blank, or the granularity is unknown.
    """
    if granularity not in get_args(Granularity):
        raise InputError(f"granularity {granularity!r} is unknown; choose one of {', '.join(get_args(Granularity))}")
    check_sentences(sentences)
    tokenized = [_tokenize(encoder, sentence) for sentence in sentences]
    if granularity == "subword":
        return [_split_into_tokens(encoder, one) for one in tokenized]
    cut = sum(len(segment(text)) > len(one.units) for text, one in zip(sentences, tokenized, strict=True))
    if cut:
        warnings.warn(
            f"{cut} of {len(sentences)} sentences are longer than the {encoder.max_tokens} tokens that "
            f"{encoder.name} reads; the words beyond are left out",
            stacklevel=3,
        )
    return tokenized


def _tokenize(encoder: SentenceEncoder, sentence: str) -> TokenizedSentence:
    tokens = encoder.tokenize([sentence])
    ordinary = (~tokens.special[0]).nonzero().flatten().tolist()
    offsets = [tokens.offsets[0][position] for position in ordinary]
    units = segment(sentence)
    if len(tokens.input_ids[0]) >= encoder.max_tokens:
        seen = max((end for _, end in offsets), default=0)
        units = [unit for unit in units if unit.start < seen]
    owners = torch.full_like(tokens.input_ids[0], -1)
    for position, owner in zip(ordinary, units_of_tokens(units, offsets), strict=True):
        owners[position] = -1 if owner is None else owner
    return TokenizedSentence(units, tokens.input_ids[0], owners)


def _split_into_tokens(encoder: SentenceEncoder, sentence: TokenizedSentence) -> TokenizedSentence:
    """The same sentence with every token of a word as a unit, named as the tokenizer names it."""
    owned = (sentence.owners >= 0).nonzero().flatten()
    owners = torch.full_like(sentence.owners, -1)
    owners[owned] = torch.arange(len(owned), device=owners.device)
    tokens = encoder.tokenizer.convert_ids_to_tokens(sentence.input_ids[owned].tolist())
    words = [sentence.units[word] for word in sentence.owners[owned].tolist()]
    units = [replace(word, text=token) for word, token in zip(words, tokens, strict=True)]
    return TokenizedSentence(units, sentence.input_ids, owners)


def pad(rows: Sequence[Tensor], value: int) -> Tensor:
    """Stack rows of different lengths ``[l]`` into ``[rows, longest]``, padded with `value`."""
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True, padding_value=value)


def baseline_id(encoder: SentenceEncoder, baseline: Baseline) -> int | None:
    """The id of the token that replaces an absent word; None for the zero vector.

    Raises:
        InputError: the baseline is unknown, or the tokenizer has no such token.
    """
    if baseline not in get_args(Baseline):
        raise InputError(f"baseline {baseline!r} is unknown; choose one of {', '.join(get_args(Baseline))}")
    if baseline == "zero":
        return None
    token = getattr(encoder.tokenizer, f"{baseline}_token_id")
    if token is None:
        raise InputError(f"the tokenizer of {encoder.name!r} has no {baseline} token; choose another baseline")
    return int(token)


def path_endpoints(encoder: SentenceEncoder, sentence: TokenizedSentence, absent: int | None) -> tuple[Tensor, Tensor]:
    """The embedding layer's output with all words absent, and with all words present, each ``[tokens, h]``.

    Special tokens are present in both. `absent` is the id that `baseline_id` returns.
    """
    ids, is_word = sentence.input_ids.unsqueeze(0), sentence.owners >= 0
    end = encoder.embedding_layer(ids)[0]
    if absent is None:
        return end.masked_fill(is_word.unsqueeze(-1), 0.0), end
    return encoder.embedding_layer(ids, ids.masked_fill(is_word, absent))[0], end


def apply_target(embeddings: Tensor, target: Target) -> Tensor:
    """The values to explain: the embeddings ``[..., d]`` themselves, or one number for each, ``[..., 1]``."""
    if isinstance(target, Tensor):
        return embeddings @ target.to(embeddings.device, embeddings.dtype).unsqueeze(-1)
    return embeddings if target == "vector" else (embeddings * embeddings).sum(-1, keepdim=True).sqrt()


def check_precision(precision: str) -> None:
    """Raise InputError for an unknown precision."""
    if precision not in get_args(Precision):
        raise InputError(f"precision {precision!r} is unknown; choose one of {', '.join(get_args(Precision))}")


def check_target(encoder: SentenceEncoder, target: Target) -> None:
    """Raise InputError unless `target` is "vector", "norm" or a direction ``[d]``."""
    if isinstance(target, Tensor):
        if target.shape != (encoder.dimension,):
            raise InputError(
                f"target direction has shape {tuple(target.shape)}, the encoder's embeddings "
                f"({encoder.dimension},); give a vector of that length"
            )
    elif target not in ("vector", "norm"):
        raise InputError(
            f"target {target!r} is unknown; choose vector, norm or a tensor of {encoder.dimension} numbers"
        )


def batches(items: Sequence[T], sizes: Sequence[tuple[int, int]], budget: int) -> Iterator[list[T]]:
    """Consecutive items in batches whose padded size ``count × max(first size) × max(second size)`` is within a budget.

    Every batch has at least one item, however large.
    """
    batch: list[T] = []
    first = second = 0
    for item, (a, b) in zip(items, sizes, strict=True):
        first_then, second_then = max(first, a), max(second, b)
        if batch and (len(batch) + 1) * first_then * second_then > budget:
            yield batch
            batch, first_then, second_then = [], a, b
        batch.append(item)
        first, second = first_then, second_then
    if batch:
        yield batch


def activations_per_token(encoder: SentenceEncoder) -> tuple[int, int]:
    """How many numbers per token are in memory at once: in a forward pass, and for a backward pass through all layers.

    A forward pass is measured at its widest place, the feed-forward layer. Attention scores come on top.
    """
    config = encoder.model.config
    hidden, wide = config.hidden_size, getattr(config, "intermediate_size", 4 * config.hidden_size)
    return 3 * wide + 4 * hidden, config.num_hidden_layers * (3 * wide + 10 * hidden)
