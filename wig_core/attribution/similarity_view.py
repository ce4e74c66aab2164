"""The similarity of two texts on a screen: in a terminal, and as HTML that needs nothing else.

The colours are translucent, so that they suit a light and a dark background: red adds to the similarity, blue takes
away from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wig_core.attribution.explanation import fact_lines, fact_list, word_line

if TYPE_CHECKING:
    from wig_core.attribution.similarity import SimilarityExplanation

BASELINE = "(baseline)"  # the label of what is left in a text without its words
_STYLE = """<style>
.wig-pair{line-height:1.9;font-size:1rem}
.wig-pair .text{margin:.4em 0}
.wig-pair span{border-radius:3px;padding:2px 3px;cursor:pointer;transition:background .1s}
.wig-pair span.chosen{outline:2px solid currentColor}
.wig-pair span:last-child{font-style:italic}
.wig-pair .map{overflow:auto;max-height:34em;margin:1em 0}
.wig-pair table{border-collapse:collapse;line-height:1.2;font-size:.8rem;width:auto;margin:0}
.wig-pair th{font-weight:normal;text-align:right;padding:0 .4em;max-width:12em;overflow-wrap:anywhere;border:0}
.wig-pair thead th{writing-mode:vertical-rl;transform:rotate(180deg);text-align:left;max-width:none;max-height:9em;
padding:.4em 0}
.wig-pair td{min-width:1.5em;height:1.5em;padding:0;border:0}
.wig-pair td.chosen{box-shadow:inset 0 0 0 1px currentColor}
@media print{.wig-pair .map{overflow:visible;max-height:none}}
</style>"""
# A word that is pointed at lends the words of the other text the colours of its row or column.
_SCRIPT = """<script>(pair => {
const words = [...pair.querySelectorAll('.text')].map(text => [...text.querySelectorAll('span')]);
const cells = [...pair.querySelectorAll('tbody tr')].map(row => [...row.querySelectorAll('td')]);
const own = words.map(side => side.map(word => word.style.background));
const rows = Number(pair.dataset.rows);
words.forEach((side, s) => side.forEach((word, i) => {
  const light = on => {
    word.classList.toggle('chosen', on);
    words[1 - s].forEach((other, j) => {
      const cell = s === rows ? cells[i][j] : cells[j][i];
      cell.classList.toggle('chosen', on);
      other.style.background = on ? cell.style.background : own[1 - s][j];
    });
  };
  for (const [event, on] of [['mouseenter', 1], ['mouseleave', 0], ['focus', 1], ['blur', 0]])
    word.addEventListener(event, () => light(Boolean(on)));
}));
})(document.currentScript.parentElement);</script>"""


def similarity_text(shown: SimilarityExplanation, *, colours: bool, pairs: int) -> str:
    """An explanation for a terminal; see `SimilarityExplanation.to_terminal`."""
    shares = [shown.left_shares, shown.right_shares]
    greatest = _greatest(np.concatenate(shares))
    lines = fact_lines(shown.facts)
    for words, values in zip((shown.left, shown.right), shares, strict=True):
        lines.append("")
        lines += [word_line(*one, greatest, colours=colours) for one in zip(words, values.tolist(), strict=True)]
    matrix = shown.matrix
    rows, columns = np.unravel_index(np.argsort(-np.abs(matrix), axis=None, kind="stable")[:pairs], matrix.shape)
    lines += ["", "largest pairs"]
    for i, j in zip(rows, columns, strict=True):
        label = f"{shown.left[i]} × {shown.right[j]}"
        lines.append(word_line(label, float(matrix[i, j]), _greatest(matrix), colours=colours))
    return "\n".join(lines)


def similarity_html(shown: SimilarityExplanation) -> str:
    """An explanation as a fragment of HTML; the longer text makes the rows of the heat map."""
    texts = _text(shown.left, shown.parts.sum(1)) + _text(shown.right, shown.parts.sum(0))
    rows = int(len("".join(shown.right)) > len("".join(shown.left)))
    table = _table(shown.right, shown.left, shown.parts.T) if rows else _table(shown.left, shown.right, shown.parts)
    about = (
        "<p>Red adds to the similarity, blue takes away. Point at a word to see what it meets in the other text.</p>"
    )
    head = f'<div class="wig-pair" data-rows="{rows}">{_STYLE}'
    return f"{head}{about}{texts}{table}{fact_list(shown.facts)}{_SCRIPT}</div>"


def _text(words: Sequence[str], shares: NDArray[np.float64]) -> str:
    """A text as a paragraph, each word shaded by its share, and what is left without words after them."""
    greatest = _greatest(shares[:-1])
    spans = []
    for word, share in zip([*words, BASELINE], shares.tolist(), strict=True):
        style = f'title="{share:.3g}" style="background:{_colour(share, greatest)}"'
        spans.append(f'<span tabindex="0" {style}>{escape(word)}</span>')
    return f'<p class="text">{" ".join(spans)}</p>'


def _table(rows: Sequence[str], columns: Sequence[str], parts: NDArray[np.float64]) -> str:
    """The heat map of parts ``[rows + 1, columns + 1]``."""
    greatest = _greatest(parts[:-1, :-1])
    head = "".join(f'<th title="{escape(word)}">{escape(word)}</th>' for word in [*columns, BASELINE])
    body = ""
    for word, row in zip([*rows, BASELINE], parts.tolist(), strict=True):
        cells = "".join(f'<td title="{part:.3g}" style="background:{_colour(part, greatest)}">' for part in row)
        body += f'<tr><th title="{escape(word)}">{escape(word)}</th>{cells}</tr>'
    label = 'tabindex="0" role="region" aria-label="Which word meets which"'
    table = f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="map" {label}>{table}</div>'


def _greatest(values: NDArray[np.float64]) -> float:
    return float(np.abs(values).max(initial=0.0)) or 1.0


def _colour(value: float, greatest: float) -> str:
    """Red up to `greatest`, blue down to its negative; the same beyond."""
    rgb = "224,60,40" if value >= 0 else "40,110,230"
    return f"rgba({rgb},{0.65 * min(1.0, abs(value) / greatest):.2g})"
