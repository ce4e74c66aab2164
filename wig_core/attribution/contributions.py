"""What attribution returns: the contributions of words to a sentence embedding, shown, tabulated and kept in files."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import pandas as pd
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from wig_core.errors import InputError
from wig_core.word_weights import word_weights

SHOWN = 20  # sentences that a notebook shows of a set


@dataclass(frozen=True, eq=False, repr=False)
class Contributions:
    """The contributions of a sentence's words to its embedding.

    In a notebook it is shown as the sentence, each word shaded by the length of its contribution. Two are equal if all
    their numbers are.

    Attributes:
        words: the n units of the sentence (lower-cased words and punctuation marks), in order.
        vectors: the contribution of each word, ``[n, d]``; ``[n, 1]`` for a scalar target. They sum to
            ``embedding - baseline_embedding`` up to the completeness error.
        embedding: the target's value for the sentence, ``[d]``: the pooled vector, before any normalisation.
        baseline_embedding: the target's value for the baseline, ``[d]``.
        completeness_error: ``‖Σ vectors − (embedding − baseline_embedding)‖ / ‖embedding − baseline_embedding‖``.
        steps: the number of intervals or quadrature nodes used; 0 where there is no integral.
        standard_errors: of the norms, ``[n]``, where contributions are estimated from samples; else None.
        estimated_error: of all vectors together, relative to their length, where a method estimates it; else NaN.
    """

    words: list[str]
    vectors: Tensor
    embedding: Tensor
    baseline_embedding: Tensor
    completeness_error: float
    steps: int
    standard_errors: Tensor | None = None
    estimated_error: float = float("nan")

    @property
    def norms(self) -> Tensor:
        """The Euclidean length of each contribution, ``[n]``."""
        return self.vectors.norm(dim=1)

    def to_frame(self) -> pd.DataFrame:
        """One row per word: position, word, norm, and error (the norm's standard error) if it is known."""
        return ContributionSet([self]).to_frame().drop(columns="sentence")

    def __len__(self) -> int:
        return len(self.words)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Contributions) and self._numbers == other._numbers

    def __hash__(self) -> int:
        return hash(self._numbers)

    @property
    def _numbers(self) -> tuple[object, ...]:
        tensors = (self.vectors, self.embedding, self.baseline_embedding, self.standard_errors)
        data = tuple(None if tensor is None else (*tensor.shape, tensor.numpy().tobytes()) for tensor in tensors)
        return (tuple(self.words), self.completeness_error, self.steps, repr(self.estimated_error), *data)

    def __repr__(self) -> str:
        text = " ".join(self.words)
        text = text if len(text) <= 50 else f"{text[:49]}…"
        size = f"{len(self)} words, {self.vectors.shape[1]} dimensions"
        known = not math.isnan(self.estimated_error)
        error = (
            f"estimated error {self.estimated_error:.2g}"
            if known
            else f"completeness error {self.completeness_error:.1e}"
        )
        return f"<Contributions: {text!r}, {size}, {error}>"

    def _repr_html_(self) -> str:
        return ContributionSet([self])._repr_html_()


class ContributionSet(Sequence[Contributions]):
    """The contributions of several sentences, in order: a sequence of `Contributions` that can be tabulated and saved.

    In a notebook it is shown as the sentences, each word shaded by the length of its contribution.

    Args:
        contributions: of any number of sentences, from one encoder.

    Example:
        >>> ones = torch.ones(2)
        >>> found = ContributionSet([Contributions(["a", "cat"], torch.eye(2), ones, 0 * ones, 0.0, 16)])
        >>> found
        <ContributionSet: 1 sentence, 2 words>
        >>> found.word_weights()["weight"].to_dict()
        {'a': 2.0, 'cat': 2.0}
    """

    def __init__(self, contributions: Iterable[Contributions]) -> None:
        self._items = tuple(contributions)

    def to_frame(self) -> pd.DataFrame:
        """One row per word: sentence, position, word, norm, and error (the norm's standard error) if one is known."""
        rows = [
            (sentence, position, *row)
            for sentence, one in enumerate(self)
            for position, row in enumerate(zip(one.words, one.norms.tolist(), _errors(one).tolist(), strict=True))
        ]
        frame = pd.DataFrame(rows, columns=["sentence", "position", "word", "norm", "error"])
        sampled = any(one.standard_errors is not None for one in self)
        return frame if sampled else frame.drop(columns="error")

    def word_weights(self, *, scale_by_length: bool = True) -> pd.DataFrame:
        """One weight per word, the mean over its occurrences; see `wig_core.word_weights`.

        Args:
            scale_by_length: multiply each norm by the number of words in the sentence.

        Returns:
            A frame indexed by word: weight, and occurrences, the number averaged over.
        """
        return word_weights(self, scale_by_length=scale_by_length)

    def save(self, path: str | Path) -> None:
        """Write a safetensors file, which `load` reads.

        Tensors are stacked: vectors ``[all words, d]``, embedding and baseline_embedding ``[N, d]``,
        completeness_error, estimated_error and steps ``[N]``, standard_errors ``[all words]`` (NaN if there are none).
        The words are in the metadata, as JSON.

        Raises:
            InputError: the set is empty.
        """
        if not self:
            raise InputError("no contributions to save; explain at least one sentence")
        tensors = {
            "vectors": torch.cat([one.vectors for one in self]),
            "embedding": torch.stack([one.embedding for one in self]),
            "baseline_embedding": torch.stack([one.baseline_embedding for one in self]),
            "completeness_error": torch.tensor([one.completeness_error for one in self], dtype=torch.float64),
            "estimated_error": torch.tensor([one.estimated_error for one in self], dtype=torch.float64),
            "steps": torch.tensor([one.steps for one in self]),
            "standard_errors": torch.cat([_errors(one) for one in self]),
        }
        sampled = [one.standard_errors is not None for one in self]
        metadata = {"words": [one.words for one in self], "sampled": sampled}
        # One key, because safetensors writes several in an order that changes.
        save_file(tensors, path, metadata={"contributions": json.dumps(metadata)})

    @classmethod
    def load(cls, path: str | Path) -> ContributionSet:
        """Read a file that `save` wrote.

        Raises:
            InputError: the file does not exist, or holds something else.
        """
        try:
            with safe_open(path, framework="pt") as file:
                metadata = json.loads(file.metadata()["contributions"])
                words, sampled = metadata["words"], metadata["sampled"]
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        except (OSError, SafetensorError, TypeError, KeyError, ValueError) as error:
            fault = f"{str(path)!r} holds no contributions ({error})"
            raise InputError(f"{fault}; give a file written by save_contributions") from None
        lengths = [len(one) for one in words]
        errors = tensors["standard_errors"].split(lengths)
        return cls(
            Contributions(
                words=words[i],
                vectors=vectors,
                embedding=tensors["embedding"][i],
                baseline_embedding=tensors["baseline_embedding"][i],
                completeness_error=float(tensors["completeness_error"][i]),
                steps=int(tensors["steps"][i]),
                standard_errors=errors[i] if sampled[i] else None,
                estimated_error=float(tensors["estimated_error"][i]),
            )
            for i, vectors in enumerate(tensors["vectors"].split(lengths))
        )

    @overload
    def __getitem__(self, index: int) -> Contributions: ...
    @overload
    def __getitem__(self, index: slice) -> ContributionSet: ...
    def __getitem__(self, index: int | slice) -> Contributions | ContributionSet:
        return ContributionSet(self._items[index]) if isinstance(index, slice) else self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Contributions]:
        return iter(self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ContributionSet | list | tuple) and self._items == tuple(other)

    def __hash__(self) -> int:
        return hash(self._items)

    def __repr__(self) -> str:
        words = sum(len(one) for one in self)
        return f"<ContributionSet: {len(self)} sentence{'s' * (len(self) != 1)}, {words} words>"

    def _repr_html_(self) -> str:
        from wig_core.plotting import heat_map

        more = f"<p>… and {len(self) - SHOWN} more sentences</p>" if len(self) > SHOWN else ""
        return heat_map(self[:SHOWN].to_frame(), {"norm": ""}) + more


def _errors(one: Contributions) -> Tensor:
    """The standard errors ``[n]``, NaN where there are none."""
    return torch.full((len(one),), float("nan")) if one.standard_errors is None else one.standard_errors


def completeness_error(total: Tensor, embedding: Tensor, baseline_embedding: Tensor) -> float:
    """How far the sum of contributions ``[d]`` is from the difference of the two embeddings ``[d]``, relative to it.

    Where the two coincide up to rounding there is nothing to explain, and the error is relative to the embedding.
    """
    difference = embedding - baseline_embedding
    scale = difference.norm()
    if scale <= 1e-6 * embedding.norm():
        scale = embedding.norm().clamp_min(torch.finfo(scale.dtype).tiny)
    return float((total - difference).norm() / scale)


def save_contributions(contributions: Iterable[Contributions], path: str | Path) -> None:
    """Write contributions to a safetensors file: `ContributionSet.save`."""
    ContributionSet(contributions).save(path)


def load_contributions(path: str | Path) -> ContributionSet:
    """Read a file that `save_contributions` wrote: `ContributionSet.load`."""
    return ContributionSet.load(path)
