"""Contributions on disk: one safetensors file, whose header holds the words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from wig_core.errors import InputError


@dataclass(frozen=True)
class Contributions:
    """The contributions of a sentence's words to its embedding.

    Attributes:
        words: the n units of the sentence (lower-cased words and punctuation marks), in order.
        vectors: contribution of each, ``[n, d]``; ``[n, 1]`` for a scalar target. They sum to
            ``embedding - baseline_embedding`` up to the completeness error.
        embedding: the target's value for the sentence, ``[d]``: the pooled vector, before any normalisation.
        baseline_embedding: its value for the baseline, ``[d]``.
        completeness_error: ``‖Σ vectors − (embedding − baseline_embedding)‖ / ‖embedding − baseline_embedding‖``.
        steps: the number of quadrature nodes used, 0 where there is no integral.
        standard_errors: of the norms, ``[n]``, where contributions are estimated from samples; else None.
    """

    words: list[str]
    vectors: Tensor
    embedding: Tensor
    baseline_embedding: Tensor
    completeness_error: float
    steps: int
    standard_errors: Tensor | None = None

    @property
    def norms(self) -> Tensor:
        """The Euclidean length of each contribution, ``[n]``."""
        return self.vectors.norm(dim=1)


def save_contributions(contributions: Sequence[Contributions], path: str | Path) -> None:
    """Write the contributions of sentences to a safetensors file.

    Tensors are stacked: vectors ``[all words, d]``, embedding and baseline_embedding ``[N, d]``, completeness_error
    and steps ``[N]``, standard_errors ``[all words]`` (not a number where there are none).

    Raises:
        InputError: there are no contributions.
    """
    if not contributions:
        raise InputError("no contributions to save; explain at least one sentence")
    nan = float("nan")
    tensors = {
        "vectors": torch.cat([one.vectors for one in contributions]),
        "embedding": torch.stack([one.embedding for one in contributions]),
        "baseline_embedding": torch.stack([one.baseline_embedding for one in contributions]),
        "completeness_error": torch.tensor([one.completeness_error for one in contributions], dtype=torch.float64),
        "steps": torch.tensor([one.steps for one in contributions]),
        "standard_errors": torch.cat(
            [
                torch.full((len(one.words),), nan) if one.standard_errors is None else one.standard_errors
                for one in contributions
            ]
        ),
    }
    sampled = [one.standard_errors is not None for one in contributions]
    said = {"words": [one.words for one in contributions], "sampled": sampled}
    # Under one key, since safetensors writes several in an order that changes.
    save_file(tensors, path, metadata={"contributions": json.dumps(said)})


def load_contributions(path: str | Path) -> list[Contributions]:
    """Read what `save_contributions` wrote.

    Raises:
        InputError: there is no such file, or it is none of these.
    """
    try:
        with safe_open(path, framework="pt") as file:
            said = json.loads(file.metadata()["contributions"])
            words, sampled = said["words"], said["sampled"]
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (OSError, SafetensorError, TypeError, KeyError, ValueError) as error:
        raise InputError(f"{str(path)!r} holds no contributions ({error}); give a file that was saved so") from None
    lengths = [len(one) for one in words]
    return [
        Contributions(
            words=words[i],
            vectors=vectors,
            embedding=tensors["embedding"][i],
            baseline_embedding=tensors["baseline_embedding"][i],
            completeness_error=float(tensors["completeness_error"][i]),
            steps=int(tensors["steps"][i]),
            standard_errors=errors if sampled[i] else None,
        )
        for i, (vectors, errors) in enumerate(
            zip(tensors["vectors"].split(lengths), tensors["standard_errors"].split(lengths), strict=True)
        )
    ]
