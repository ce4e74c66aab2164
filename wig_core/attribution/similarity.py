"""What `wig explain` shows: which words make a sentence's embedding, and which make two sentences similar."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd
import torch

from wig_core.attribution.contributions import Contributions
from wig_core.attribution.explainer import Explainer
from wig_core.encoders.encoder import SentenceEncoder


@dataclass(frozen=True)
class Explanation:
    """The words of sentences and a number for each.

    Attributes:
        words: one row an occurrence: sentence, position, word, value; and error, the standard error where sampled.
        about: what the value is, in a few words.
        facts: of the run, by name: encoder, method, baseline and what else there is to know.
    """

    words: pd.DataFrame
    about: str
    facts: dict[str, Any]

    def to_terminal(self, *, colours: bool) -> str:
        """Each sentence as words over their numbers; where asked for, shaded from white to red, blue below zero."""
        greatest = self.words["value"].abs().max() or 1.0
        lines = [self.about, *(f"{name}: {_short(value)}" for name, value in self.facts.items())]
        for _, rows in self.words.groupby("sentence", sort=True):
            lines.append("")
            lines += [
                _coloured(f"{row.value:8.3f}  {row.word}", row.value / greatest, colours) for row in rows.itertuples()
            ]
        return "\n".join(lines)

    def to_html(self) -> str:
        """A page of its own that asks for nothing else, the words shaded by their numbers."""
        from wig_core.plotting import heat_map

        facts = "".join(f"<li>{_escape(name)}: {_escape(value)}</li>" for name, value in self.facts.items())
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>wig explain</title>'
            '<body style="font-family:sans-serif;max-width:60rem;margin:2rem auto">'
            f"<p>{_escape(self.about)}</p>{heat_map(self.words, {'value': ''})}<ul>{facts}</ul></body></html>\n"
        )

    def to_json(self) -> str:
        """The facts, and of each sentence its words with their values."""
        sentences = [
            [{"word": row.word, "value": row.value, **({"error": row.error} if row.error == row.error else {})}
             for row in rows.itertuples()]
            for _, rows in self.words.groupby("sentence", sort=True)
        ]  # fmt: skip
        return json.dumps({"about": self.about, **self.facts, "sentences": sentences}, indent=1, ensure_ascii=False)


def explain_weights(
    encoder: SentenceEncoder, sentences: Sequence[str], attribution: Explainer, *, progress: bool = False
) -> Explanation:
    """How long each word's contribution to its sentence's embedding is."""
    explained = attribution.explain(encoder, sentences, progress=progress)
    rows = [
        row
        for sentence, one in enumerate(explained)
        for row in _rows(
            sentence, one, one.norms.tolist(), None if one.standard_errors is None else one.standard_errors
        )
    ]
    return Explanation(
        _frame(rows), "Length of each word's contribution to the embedding.", _facts(encoder, attribution, explained)
    )


def explain_similarity(
    encoder: SentenceEncoder, left: str, right: str, attribution: Explainer, *, progress: bool = False
) -> Explanation:
    """How much each word of two sentences adds to their similarity, the other sentence held fixed.

    The similarity is u · v, of embeddings scaled to length 1 where the encoder compares by the cosine. Along the
    fixed direction v/(‖u‖‖v‖) the contributions of the left sentence's words add up to the similarity less that of
    its baseline with the right sentence; those of the right sentence's words likewise.
    """
    explained = attribution.explain(encoder, [left, right], progress=progress)
    u, v = (one.embedding for one in explained)
    scale = float(u.norm() * v.norm()) if encoder.similarity == "cosine" else 1.0
    rows, facts = [], _facts(encoder, attribution, explained)
    facts["similarity"] = float(u @ v / scale)
    for sentence, (one, other) in enumerate(zip(explained, (v, u), strict=True)):
        rows += _rows(sentence, one, (one.vectors @ (other / scale)).tolist(), None)
        name = f"of it without the words of sentence {sentence + 1}"
        facts[name] = float(one.baseline_embedding @ other / scale)
    return Explanation(_frame(rows), f"What each word adds to the {encoder.similarity} similarity.", facts)


def _rows(sentence: int, one: Contributions, values: list[float], errors: torch.Tensor | None) -> list[tuple[Any, ...]]:
    said = [float("nan")] * len(values) if errors is None else errors.tolist()
    return [(sentence, i, *row) for i, row in enumerate(zip(one.words, values, said, strict=True))]


def _frame(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["sentence", "position", "word", "value", "error"])


def _facts(encoder: SentenceEncoder, attribution: Explainer, explained: list[Contributions]) -> dict[str, Any]:
    return {
        "encoder": encoder.name,
        "method": attribution.method,
        "baseline": attribution.baseline,
        "completeness error": max(one.completeness_error for one in explained),
    }


def _coloured(line: str, share: float, colours: bool) -> str:
    if not colours:
        return line
    rest = round(255 * (1 - min(1.0, abs(share))))
    red, green, blue = (255, rest, rest) if share >= 0 else (rest, rest, 255)
    return f"\x1b[48;2;{red};{green};{blue}m\x1b[38;2;0;0;0m{line}\x1b[0m"


def _escape(value: object) -> str:
    return escape(_short(value))


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
