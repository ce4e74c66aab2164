"""Which words drive an embedding: what `wig explain` shows of a sentence, and what all explanations share."""

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
        facts: about the run, by name: encoder, method, baseline, completeness error.
    """

    words: pd.DataFrame
    about: str
    facts: dict[str, Any]

    def to_terminal(self, *, colours: bool) -> str:
        """The sentences as text, one word per line; with `colours` shaded from white to red, or to blue below zero."""
        greatest = self.words["value"].abs().max() or 1.0
        lines = [self.about, *fact_lines(self.facts)]
        for _, rows in self.words.groupby("sentence", sort=True):
            lines.append("")
            lines += [word_line(row.word, row.value, greatest, colours=colours) for row in rows.itertuples()]
        return "\n".join(lines)

    def to_html(self) -> str:
        """A standalone HTML page with the words shaded by their numbers."""
        return html_page(self._repr_html_())

    def _repr_html_(self) -> str:
        from wig_core.plotting import heat_map

        return f"<p>{escape(self.about)}</p>{heat_map(self.words, {'value': ''})}{fact_list(self.facts)}"

    def to_json(self) -> str:
        """The facts, and for each sentence its words with their values."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False)

    def to_dict(self) -> dict[str, Any]:
        """The content of `to_json`."""
        sentences = [
            [{"word": row.word, "value": row.value, **({"error": row.error} if row.error == row.error else {})}
             for row in rows.itertuples()]
            for _, rows in self.words.groupby("sentence", sort=True)
        ]  # fmt: skip
        return {"about": self.about, **self.facts, "sentences": sentences}


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
    values = explained.to_frame().rename(columns={"norm": "value"}).reindex(columns=COLUMNS)
    return Explanation(
        values, "Length of each word's contribution to the embedding.", facts_of(encoder, explainer, explained)
    )


def facts_of(encoder: SentenceEncoder, explainer: Explainer, explained: ContributionSet) -> dict[str, Any]:
    """What a reader has to know about contributions, by name; the errors are the largest of all texts."""
    facts = {
        "encoder": encoder.name,
        "method": explainer.method,
        "baseline": explainer.baseline,
        "completeness error": max(one.completeness_error for one in explained),
    }
    estimated = max(one.estimated_error for one in explained)
    return facts if math.isnan(estimated) else facts | {"estimated error": estimated}


def fact_lines(facts: dict[str, Any]) -> list[str]:
    """Facts for a terminal, one per line; numbers have three digits."""
    return [f"{name}: {_short(value)}" for name, value in facts.items()]


def fact_list(facts: dict[str, Any]) -> str:
    """Facts as an HTML list."""
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in fact_lines(facts))}</ul>"


def word_line(word: str, value: float, greatest: float, *, colours: bool) -> str:
    """A number and its word for a terminal; with `colours` shaded up to red at `greatest`, or to blue below zero."""
    line = f"{value:8.3f}  {word}"
    if not colours:
        return line
    rest = round(255 * (1 - min(1.0, abs(value) / greatest)))
    red, green, blue = (255, rest, rest) if value >= 0 else (rest, rest, 255)
    return f"\x1b[48;2;{red};{green};{blue}m\x1b[38;2;0;0;0m{line}\x1b[0m"


def html_page(body: str) -> str:
    """A standalone HTML page, for screens of any width, light or dark."""
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>wig explain</title>'
    screen = '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
    style = "font-family:sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem"
    return f'{head}{screen}<body style="{style}">{body}</body></html>\n'


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
