"""Contributions on disk: one safetensors file, whose header holds the words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from wig_core.attribution.contributions import Contributions
from wig_core.errors import InputError


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
