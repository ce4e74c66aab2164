"""What every attribution method is given: tokenized sentences, baselines, targets, and batches that fit in memory."""

from __future__ import annotations

import sys
import warnings
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Literal, TypeVar, get_args

import torch
from torch import Tensor

from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.text.passages import STARTS
from wig_core.text.sentences import check_sentences
from wig_core.text.words import Unit, segment, units_of_tokens

Baseline = Literal["mask", "pad", "unk", "zero"]
Target = Literal["vector", "norm"] | Tensor
Granularity = Literal["subword", "word", "phrase", "sentence", "paragraph"]
Division = Granularity | tuple[int, ...]  # or the characters of one text at which its units begin
Precision = Literal["float32", "bfloat16"]
T = TypeVar("T")


@dataclass(frozen=True)
class TokenizedSentence:
    """One sentence as an encoder reads it: its units, and which of them each token belongs to.

    Attributes:
        units: the words and marks that the encoder reads at least in part, each of which owns a token. Those that share
            a token are one unit, see `units_of_tokens`.
        input_ids: the token ids ``[tokens]``, special ones included.
        owners: the index of each token's unit, −1 for special tokens, ``[tokens]``.
        is_cut: whether words or marks are beyond the encoder's `max_tokens`.
        dropped: the other words and marks that the tokenizer makes no token of.
    """

    units: list[Unit]
    input_ids: Tensor
    owners: Tensor
    is_cut: bool = False
    dropped: Sequence[Unit] = ()


def tokenize_sentences(
    encoder: SentenceEncoder, sentences: Iterable[str], granularity: Division = "word"
) -> list[TokenizedSentence]:
    """Tokenize sentences and assign each token to its unit.

    Args:
        encoder: the encoder whose tokenizer to use.
        sentences: the sentences, none of them blank.
        granularity: the units: "word" for the words and marks of `segment`, "subword" for each token that is not
            special, "phrase", "sentence" or "paragraph" for all words of one as one unit, see `wig_core.text.passages`;
            or for a single text the characters at which its units begin.

    Warns:
        UserWarning: sentences are longer than the encoder reads, or the tokenizer drops words or marks.

    Raises:
        InputError: as in `check_sentences`; a sentence is blank, the granularity is unknown, or the tokenizer does not
            say which characters its tokens stand for.
    """
    sentences = check_sentences(sentences, blank=False)
    begin = _starts(granularity, len(sentences))
    tokenized = [_tokenize(encoder, sentence) for sentence in sentences]
    _warn_of_unread(encoder, tokenized)
    if granularity == "subword":
        return [_split_into_tokens(encoder, one) for one in tokenized]
    if begin is None:
        return tokenized
    return [_join_words(one, text, begin(text)) for one, text in zip(tokenized, sentences, strict=True)]


def _starts(granularity: Division, texts: int) -> Callable[[str], Sequence[int]] | None:
    """Where the units of a text of several words each begin; None for words and tokens."""
    if not isinstance(granularity, str):
        if texts != 1:
            raise InputError(f"granularity divides one text, {texts} are given; explain each on its own")
        return lambda _text: granularity
    if granularity not in get_args(Granularity):
        raise InputError(f"granularity {granularity!r} is unknown; choose one of {', '.join(get_args(Granularity))}")
    return STARTS.get(granularity)


def _tokenize(encoder: SentenceEncoder, sentence: str) -> TokenizedSentence:
    tokens = encoder.tokenize([sentence])
    ids, ordinary = tokens.input_ids[0], (~tokens.special[0]).nonzero().flatten()
    offsets = [tokens.offsets[0][position] for position in ordinary.tolist()]
    if len(offsets) > 1 and all(start >= end for start, end in offsets):
        raise InputError(
            f"the tokenizer of {encoder.name!r} does not say which characters its tokens stand for; "
            "give an encoder with a tokenizer.json"
        )
    whole = segment(sentence)
    units, of_tokens = units_of_tokens(whole, offsets)
    owners = torch.full_like(ids, -1)
    owners[ordinary] = torch.tensor(of_tokens, dtype=owners.dtype, device=owners.device)
    seen = {position for unit in units for position in range(unit.start, unit.end)}
    unread = [unit for unit in whole if unit.start not in seen]
    reach = _reach(encoder, offsets) if len(ids) >= encoder.max_tokens else range(len(sentence))
    dropped = [unit for unit in unread if unit.start in reach]
    return TokenizedSentence(units, ids, owners, len(dropped) < len(unread), dropped)


def _reach(encoder: SentenceEncoder, offsets: Sequence[tuple[int, int]]) -> range:
    """The characters of a sentence up to the place where it is cut."""
    if _cuts_on_the_left(encoder):
        return range(min((start for start, end in offsets if start < end), default=0), sys.maxsize)
    return range(max((end for start, end in offsets if start < end), default=0))


def _cuts_on_the_left(encoder: SentenceEncoder) -> bool:
    return getattr(encoder.tokenizer, "truncation_side", "right") == "left"


def _warn_of_unread(encoder: SentenceEncoder, tokenized: Sequence[TokenizedSentence]) -> None:
    cut = sum(one.is_cut for one in tokenized)
    if cut:
        warnings.warn(
            f"{cut} of {len(tokenized)} sentences are longer than the {encoder.max_tokens} tokens that {encoder.name} "
            f"reads; the words {'before' if _cuts_on_the_left(encoder) else 'beyond'} are left out",
            stacklevel=4,
        )
    dropped = dict.fromkeys(unit.text for one in tokenized for unit in one.dropped)
    if dropped:
        names = ", ".join(map(repr, list(dropped)[:10])) + (", …" if len(dropped) > 10 else "")
        count = sum(bool(one.dropped) for one in tokenized)
        warnings.warn(
            f"{encoder.name} has no token for {names} in {count} of {len(tokenized)} sentences; left out",
            stacklevel=4,
        )


def _split_into_tokens(encoder: SentenceEncoder, sentence: TokenizedSentence) -> TokenizedSentence:
    """The same sentence with every token of a word as a unit, named as the tokenizer names it."""
    owned = (sentence.owners >= 0).nonzero().flatten()
    owners = torch.full_like(sentence.owners, -1)
    owners[owned] = torch.arange(len(owned), device=owners.device)
    tokens = encoder.tokenizer.convert_ids_to_tokens(sentence.input_ids[owned].tolist())
    words = [sentence.units[word] for word in sentence.owners[owned].tolist()]
    units = [replace(word, text=token) for word, token in zip(words, tokens, strict=True)]
    return TokenizedSentence(units, sentence.input_ids, owners)


def _join_words(sentence: TokenizedSentence, text: str, starts: Sequence[int]) -> TokenizedSentence:
    """The same sentence with the words between two starts as one unit, named by as much of its text as is read."""
    groups = [list(words) for _, words in groupby(sentence.units, key=lambda word: bisect_right(starts, word.start))]
    spans = [(words[0].start, words[-1].end) for words in groups]
    units = [
        words[0] if len(words) == 1 else Unit(" ".join(text[start:end].split()), start, end)
        for words, (start, end) in zip(groups, spans, strict=True)
    ]
    places = [place for place, words in enumerate(groups) for _ in words]
    owners = torch.tensor([*places, -1], device=sentence.owners.device)[sentence.owners]  # −1 finds the last
    return replace(sentence, units=units, owners=owners)


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
    """The values to explain: the embeddings ``[..., d]`` themselves, or one number for each direction, ``[..., k]``."""
    if isinstance(target, Tensor):
        return embeddings @ torch.atleast_2d(target.to(embeddings.device, embeddings.dtype)).T
    return embeddings if target == "vector" else (embeddings * embeddings).sum(-1, keepdim=True).sqrt()


def check_precision(precision: str) -> None:
    """Raise InputError for an unknown precision."""
    if precision not in get_args(Precision):
        raise InputError(f"precision {precision!r} is unknown; choose one of {', '.join(get_args(Precision))}")


def check_target(encoder: SentenceEncoder, target: Target) -> None:
    """Raise InputError unless `target` is "vector", "norm", a direction ``[d]`` or several, ``[k, d]``."""
    if isinstance(target, Tensor):
        if target.ndim not in (1, 2) or target.shape[-1] != encoder.dimension:
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


def activations_per_token(encoder: SentenceEncoder, tokens: int) -> tuple[int, int]:
    """How many numbers per token of a sentence with `tokens` tokens are in memory at once.

    Returns:
        The numbers in a forward pass, measured at its widest places (the feed-forward layer and the attention scores),
        and for a backward pass through all layers.
    """
    config = encoder.model.config
    hidden, layers = config.hidden_size, config.num_hidden_layers
    wide, heads = _size(config, "intermediate_size", 4 * hidden), _size(config, "num_attention_heads", 1)
    scores = 3 * heads * tokens
    return 3 * wide + 4 * hidden + scores, layers * (3 * wide + 10 * hidden + 2 * scores)


def _size(config: Any, name: str, default: int) -> int:
    """A size of a transformer; some architectures do without this one, or have a list."""
    value = getattr(config, name, None)
    return value if isinstance(value, int) and value > 0 else default


def warn_of_memory(encoder: SentenceEncoder, tokenized: Sequence[TokenizedSentence], memory_mb: int) -> None:
    """Warn if one sentence alone takes more memory than a batch may."""
    longest = max((len(one.input_ids) for one in tokenized), default=0)
    needed = 4 * longest * activations_per_token(encoder, longest)[0] / 2**20
    if needed > memory_mb:
        warnings.warn(
            f"a sentence of {longest} tokens takes about {needed:.0f} MiB of memory, more than memory_mb={memory_mb}; "
            "cut it if that is too much",
            stacklevel=3,
        )
