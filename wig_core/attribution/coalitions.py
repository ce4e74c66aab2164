"""Embeddings of sentences of which only some words are present: what Shapley values and deletion curves are made of.

A set of present words is a *coalition*, as in the theory of games. One forward pass gives its value for all dimensions
of the embedding at once.
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
    apply_target,
    baseline_id,
    batches,
    check_precision,
    pad,
    path_endpoints,
)
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError

Absence = Literal["mask", "pad", "unk", "zero", "deleted"]


def coalition_values(
    encoder: SentenceEncoder,
    readings: Sequence[TokenizedSentence],
    coalitions: Sequence[Tensor],
    *,
    baseline: Absence = "mask",
    target: Target = "vector",
    precision: Precision = "float32",
    memory_mb: int = 96,
    progress: bool = False,
) -> list[Tensor]:
    """The target's value for every coalition of every sentence.

    Coalitions that occur more than once are embedded once; those of all sentences go together in batches of alike
    length.

    Args:
        encoder: the encoder.
        readings: of N sentences, from `read`.
        coalitions: for each sentence which of its n units are present, ``[coalitions, n]``.
        baseline: what stands in place of an absent word: a token, the zero vector, or nothing ("deleted": the
            sentence is shorter then, and later words move up).
        target, precision: see `shapley_values`.
        memory_mb: bounds the size of a batch, in MiB of activations.
        progress: show a bar on standard error.

    Returns:
        For each sentence ``[coalitions, d]``, float32, on the CPU.

    Raises:
        InputError: an unknown baseline, or the tokenizer has no such token, or nothing is left of a sentence.
    """
    check_absence(baseline)
    check_precision(precision)
    if baseline == "deleted" and any((reading.owners >= 0).all() for reading in readings):
        raise InputError(f"the tokenizer of {encoder.name!r} adds no special tokens, so that without words nothing is "
                         "left to embed; choose another baseline than deleted")  # fmt: skip
    games = [_Game.of(encoder, reading, masks, baseline) for reading, masks in zip(readings, coalitions, strict=True)]
    rows = [(game, row) for game in games for row in range(len(game.present))]
    rows.sort(key=lambda row: row[0].lengths[row[1]], reverse=True)
    lengths = [game.lengths[row] for game, row in rows]
    sizes = [(length, _numbers_per_token(encoder, length)) for length in lengths]
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
    """A sentence and its different coalitions.

    Attributes:
        present: which tokens are there, ``[different coalitions, tokens]``, special ones always.
        places: where the coalitions that were asked for lie among the different ones.
        lengths: tokens of each.
        ends: the embedding layer's output with no word and with all, None where absent words are deleted.
        values: of the different coalitions, to be filled.
    """

    reading: TokenizedSentence
    present: Tensor
    places: Tensor
    lengths: list[int]
    ends: tuple[Tensor, Tensor] | None
    values: list[Tensor]

    @classmethod
    def of(cls, encoder: SentenceEncoder, reading: TokenizedSentence, coalitions: Tensor, baseline: Absence) -> _Game:
        owners = reading.owners.cpu()
        always = coalitions.new_ones(len(coalitions), 1)  # what special tokens belong to; owner −1 is the last column
        different, places = torch.unique(torch.cat([coalitions, always], dim=1), dim=0, return_inverse=True)
        present = different[:, owners]
        if baseline == "deleted":
            lengths, ends = present.sum(1).tolist(), None
        else:
            lengths = [len(owners)] * len(different)
            ends = path_endpoints(encoder, reading, baseline_id(encoder, baseline))
        empty = torch.empty(0)
        return cls(reading, present.to(reading.owners.device), places, lengths, ends, [empty] * len(different))

    def hidden(self, row: int) -> Tensor:
        """The embedding layer's output for a coalition, ``[tokens, h]``."""
        assert self.ends is not None
        return torch.where(self.present[row].unsqueeze(-1), self.ends[1], self.ends[0])


def _embed(encoder: SentenceEncoder, rows: list[tuple[_Game, int]], target: Target) -> Tensor:
    mask = pad([torch.ones(game.lengths[row], dtype=torch.long, device=encoder.device) for game, row in rows], 0)
    if rows[0][0].ends is None:
        ids = [game.reading.input_ids[game.present[row]] for game, row in rows]
        hidden = encoder.embedding_layer(pad(ids, encoder.tokenizer.pad_token_id or 0))
    else:
        hidden = torch.nn.utils.rnn.pad_sequence([game.hidden(row) for game, row in rows], batch_first=True)
    return apply_target(encoder.embed_from(hidden, mask), target).float().cpu()


def _numbers_per_token(encoder: SentenceEncoder, length: int) -> int:
    """How many numbers are alive at once for a token of a sentence, at the widest place."""
    config = encoder.model.config
    wide = getattr(config, "intermediate_size", 4 * config.hidden_size)
    return 3 * wide + 4 * config.hidden_size + 3 * getattr(config, "num_attention_heads", 1) * length
