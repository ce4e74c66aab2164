"""Embeddings of sentences with only some of their words present, for Shapley values and deletion curves.

A set of present words is a *coalition*, as in game theory. One forward pass gives its value in all dimensions of the
embedding at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor
from tqdm import tqdm

from wig_core.attribution.inputs import (
    Precision,
    Target,
    TokenizedSentence,
    activations_per_token,
    apply_target,
    baseline_id,
    batches,
    check_precision,
    pad,
    path_endpoints,
    warn_of_memory,
)
from wig_core.encoders.encoder import EncoderLike, SentenceEncoder, as_encoder
from wig_core.errors import InputError

Absence = Literal["mask", "pad", "unk", "zero", "deleted"]


def coalition_values(
    encoder: EncoderLike,
    tokenized: Sequence[TokenizedSentence],
    coalitions: Sequence[Tensor],
    *,
    baseline: Absence = "mask",
    target: Target = "vector",
    precision: Precision = "float32",
    memory_mb: int = 96,
    progress: bool = False,
) -> list[Tensor]:
    """The target's value for every coalition of every sentence.

    A coalition that occurs several times is embedded once. Coalitions of all sentences share batches of similar length.

    Args:
        encoder: a `SentenceEncoder`, a loaded `SentenceTransformer`, or the name of an encoder.
        tokenized: N sentences, from `tokenize_sentences`.
        coalitions: for each sentence, which of its n units are present in each coalition, ``[coalitions, n]``.
        baseline: what replaces an absent word: the mask, padding or unknown token, the zero vector, or nothing
            ("deleted": the sentence gets shorter, and later words move up).
        target: "vector" for the embedding itself, "norm" for its Euclidean length, or a direction ``[d]`` for the
            inner product with it.
        precision: of the matrix products.
        memory_mb: limits the size of a batch, in MiB of activations.
        progress: show a bar on standard error.

    Returns:
        For each sentence ``[coalitions, d]``, float32, on the CPU.

    Raises:
        InputError: the baseline or the precision is unknown, the tokenizer has no such token, or nothing is left of a
            sentence without its words.
    """
    encoder = as_encoder(encoder)
    check_absence(baseline)
    check_precision(precision)
    if baseline == "deleted" and any((sentence.owners >= 0).all() for sentence in tokenized):
        raise InputError(f"the tokenizer of {encoder.name!r} adds no special tokens, so nothing is left without words; "
                         "choose another baseline than deleted")  # fmt: skip
    warn_of_memory(encoder, tokenized, memory_mb)
    games = [_Game.of(encoder, sentence, of, baseline) for sentence, of in zip(tokenized, coalitions, strict=True)]
    rows = [(game, row) for game in games for row in range(len(game.present))]
    rows.sort(key=lambda row: row[0].lengths[row[1]], reverse=True)
    lengths = [game.lengths[row] for game, row in rows]
    sizes = [(length, activations_per_token(encoder, length)[0]) for length in lengths]
    narrow = torch.autocast(encoder.device.type, torch.bfloat16, enabled=precision == "bfloat16")
    with tqdm(total=len(rows), desc="coalitions", disable=not progress) as bar, torch.no_grad(), narrow:
        for batch in batches(rows, sizes, memory_mb * 2**20 // 4):
            for (game, row), value in zip(batch, _embed(encoder, batch, target), strict=True):
                game.values[row] = value
            bar.update(len(batch))
    return [torch.stack(game.values)[game.places] for game in games]


def check_absence(baseline: str) -> None:
    """Raise InputError for an unknown baseline."""
    if baseline not in get_args(Absence):
        raise InputError(f"baseline {baseline!r} is unknown; choose one of {', '.join(get_args(Absence))}")


@dataclass(frozen=True, eq=False)
class _Game:
    """A sentence and its distinct coalitions.

    Attributes:
        sentence: the tokenized sentence.
        present: which tokens are present, ``[distinct coalitions, tokens]``; special tokens always are.
        places: the index of each requested coalition among the distinct ones.
        lengths: the number of tokens to embed for each distinct coalition.
        ends: the embedding layer's output with no word and with all words; None where absent words are deleted.
        values: the value of each distinct coalition, to be filled in.
    """

    sentence: TokenizedSentence
    present: Tensor
    places: Tensor
    lengths: list[int]
    ends: tuple[Tensor, Tensor] | None
    values: list[Tensor]

    @classmethod
    def of(cls, encoder: SentenceEncoder, sentence: TokenizedSentence, coalitions: Tensor, baseline: Absence) -> _Game:
        owners = sentence.owners.cpu()
        always = coalitions.new_ones(len(coalitions), 1)  # the column of special tokens: their owner −1 is the last
        distinct, places = torch.unique(torch.cat([coalitions, always], dim=1), dim=0, return_inverse=True)
        present = distinct[:, owners]
        if baseline == "deleted":
            lengths, ends = present.sum(1).tolist(), None
        else:
            lengths = [len(owners)] * len(distinct)
            ends = path_endpoints(encoder, sentence, baseline_id(encoder, baseline))
        empty = torch.empty(0)
        return cls(sentence, present.to(sentence.owners.device), places, lengths, ends, [empty] * len(distinct))

    def hidden(self, row: int) -> Tensor:
        """The embedding layer's output for a coalition, ``[tokens, h]``."""
        assert self.ends is not None
        return torch.where(self.present[row].unsqueeze(-1), self.ends[1], self.ends[0])


def _embed(encoder: SentenceEncoder, rows: list[tuple[_Game, int]], target: Target) -> Tensor:
    mask = pad([torch.ones(game.lengths[row], dtype=torch.long, device=encoder.device) for game, row in rows], 0)
    if rows[0][0].ends is None:
        ids = [game.sentence.input_ids[game.present[row]] for game, row in rows]
        hidden = encoder.embedding_layer(pad(ids, encoder.tokenizer.pad_token_id or 0))
    else:
        hidden = torch.nn.utils.rnn.pad_sequence([game.hidden(row) for game, row in rows], batch_first=True)
    return apply_target(encoder.embed_from(hidden, mask), target).float().cpu()
