"""Which words drive an embedding, and which make two sentences similar: what `wig explain` shows."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from wig_core.attribution.contributions import ContributionSet
from wig_core.attribution.explainer import Explainer
from wig_core.encoders.encoder import EncoderLike, SentenceEncoder, as_encoder

COLUMNS = ["sentence", "position", "word", "value", "error"]


@dataclass(frozen=True, eq=False)
class Explanation:
    """The words of sentences and a number for each.

    In a notebook it is shown as the sentences, each word shaded by its number.

    Attributes:
        words: one row per word occurrence: sentence, position, word, value, and error, the standard error of the value,
            NaN where it is not sampled.
        about: a sentence that explains the value.
        facts: about the run, by name: encoder, method, baseline, completeness error, and for a similarity its value and
            the baseline similarities.
    """

    words: pd.DataFrame
    about: str
    facts: dict[str, Any]

    def to_terminal(self, *, colours: bool) -> str:
        """The sentences as text, one word per line; with `colours` shaded from white to red, or to blue below zero."""
        greatest = self.words["value"].abs().max() or 1.0
        lines = [self.about, *(f"{name}: {_short(value)}" for name, value in self.facts.items())]
        for _, rows in self.words.groupby("sentence", sort=True):
            lines.append("")
            lines += [
                _coloured(f"{row.value:8.3f}  {row.word}", row.value / greatest, colours) for row in rows.itertuples()
            ]
        return "\n".join(lines)

    def to_html(self) -> str:
        """A standalone HTML page with the words shaded by their numbers."""
        head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>wig explain</title>'
        style = "font-family:sans-serif;max-width:60rem;margin:2rem auto"
        return f'{head}<body style="{style}">{self._repr_html_()}</body></html>\n'

    def _repr_html_(self) -> str:
        from wig_core.plotting import heat_map

        facts = "".join(f"<li>{escape(name)}: {escape(_short(value))}</li>" for name, value in self.facts.items())
        return f"<p>{escape(self.about)}</p>{heat_map(self.words, {'value': ''})}<ul>{facts}</ul>"

    def to_json(self) -> str:
        """The facts, and for each sentence its words with their values."""
        sentences = [
            [{"word": row.word, "value": row.value, **({"error": row.error} if row.error == row.error else {})}
             for row in rows.itertuples()]
            for _, rows in self.words.groupby("sentence", sort=True)
        ]  # fmt: skip
        return json.dumps({"about": self.about, **self.facts, "sentences": sentences}, indent=1, ensure_ascii=False)


def explain_words(
    encoder: EncoderLike, sentences: Sequence[str], explainer: Explainer | None = None, *, progress: bool = False
) -> Explanation:
    """How long each word's contribution to its sentence's embedding is.

    Args:
        encoder: a `SentenceEncoder`, a loaded `SentenceTransformer`, or the name of an encoder.
        sentences: the sentences, none blank.
        explainer: how contributions are measured; by default Integrated Gradients with its default settings.
        progress: show a bar on standard error.

    Raises:
        InputError: as in `Explainer.explain`.
    """
    encoder, explainer = as_encoder(encoder), explainer or Explainer()
    explained = explainer.explain(encoder, sentences, progress=progress)
    about = "Length of each word's contribution to the embedding."
    return Explanation(_values(explained), about, _facts(encoder, explainer, explained))


def explain_similarity(
    encoder: EncoderLike, left: str, right: str, explainer: Explainer | None = None, *, progress: bool = False
) -> Explanation:
    """How much each word of two sentences adds to their similarity, with the other sentence held fixed.

    The similarity is u · v, of embeddings scaled to length 1 if the encoder compares by the cosine. Along the fixed
    direction v/(‖u‖‖v‖) the contributions of the left sentence's words sum to the similarity minus the baseline
    similarity, that of the left sentence without its words; likewise for the right sentence.

    Args:
        encoder: a `SentenceEncoder`, a loaded `SentenceTransformer`, or the name of an encoder.
        left, right: the two sentences, neither blank.
        explainer: how contributions are measured; by default Integrated Gradients with its default settings.
        progress: show a bar on standard error.

    Raises:
        InputError: as in `Explainer.explain`.

    Example:
        >>> explained = explain_similarity("wig-base", "a cat", "the cat")
        >>> explained.words["word"].tolist()
        ['a', 'cat', 'the', 'cat']
    """
    encoder, explainer = as_encoder(encoder), explainer or Explainer()
    explained = explainer.explain(encoder, [left, right], progress=progress)
    u, v = (one.embedding for one in explained)
    scale = float(u.norm() * v.norm()) if encoder.similarity == "cosine" else 1.0
    values: list[float] = []
    facts = _facts(encoder, explainer, explained) | {"similarity": float(u @ v / scale)}
    for number, (one, other) in enumerate(zip(explained, (v, u), strict=True), 1):
        values += (one.vectors @ (other / scale)).tolist()
        facts[f"baseline similarity (sentence {number})"] = float(one.baseline_embedding @ other / scale)
    words = _values(explained).assign(value=values, error=float("nan"))
    return Explanation(words, f"What each word adds to the {encoder.similarity} similarity.", facts)


def _values(explained: ContributionSet) -> pd.DataFrame:
    """The norms as the values of an `Explanation`."""
    return explained.to_frame().rename(columns={"norm": "value"}).reindex(columns=COLUMNS)


def _facts(encoder: SentenceEncoder, explainer: Explainer, explained: ContributionSet) -> dict[str, Any]:
    facts = {
        "encoder": encoder.name,
        "method": explainer.method,
        "baseline": explainer.baseline,
        "completeness error": max(one.completeness_error for one in explained),
    }
    estimated = max(one.estimated_error for one in explained)
    return facts if math.isnan(estimated) else facts | {"estimated error": estimated}


def _coloured(line: str, share: float, colours: bool) -> str:
    if not colours:
        return line
    rest = round(255 * (1 - min(1.0, abs(share))))
    red, green, blue = (255, rest, rest) if share >= 0 else (rest, rest, 255)
    return f"\x1b[48;2;{red};{green};{blue}m\x1b[38;2;0;0;0m{line}\x1b[0m"


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
