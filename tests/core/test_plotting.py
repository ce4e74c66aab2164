"""Plotting: the heat map needs no matplotlib and has its colours; a regression plots itself."""

import subprocess
import sys
from html import escape
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wig_core.attribution.contributions import Contributions
from wig_core.attribution.explanation import Explanation
from wig_core.errors import InputError
from wig_core.plotting import _colour, heat_map
from wig_core.regression import regress

OCCURRENCES = pd.DataFrame(
    {"sentence": [0, 0, 1], "position": [0, 1, 0], "word": ["<a>", "b", "c"], "weight": [1.0, 3.0, float("nan")]}
)


def test_the_heat_map_by_hand() -> None:
    page = heat_map(OCCURRENCES, {"weight": "‖c‖ & n", "position": "place"})
    assert page.count("<tr>") == 2 * 2 + 2  # a line per sentence and column, and a gap after each sentence
    assert "&lt;a&gt;" in page
    assert "‖c‖ &amp; n" in page
    assert 'font-style:italic" title="too rare">c<' in page
    assert 'title="3">b<' in page


class Page(HTMLParser):
    """The tags of a page, each with the names of its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(" ".join([tag, *sorted(name for name, _ in attrs)]))

    def handle_comment(self, data: str) -> None:
        self.tags.add("comment")

    handle_decl = unknown_decl = handle_pi = handle_comment


MARKUP = st.sampled_from(["<script>", "</span>", "<!--", "-->", "<?", "<![CDATA[", "&lt;", "&#60", "\"'=", " on", "\0"])
ANY_WORD = st.lists(MARKUP | st.text(max_size=4), min_size=1, max_size=5).map("".join)
TAGS = {"table style", "tr", "td style", "td", "td colspan style", "span style title"}


@given(st.lists(st.tuples(ANY_WORD, st.sampled_from([0.0, 1.0, float("nan")])), min_size=1, max_size=4), ANY_WORD)
def test_no_sentence_puts_a_tag_or_an_attribute_into_a_page(rows: list[tuple[str, float]], label: str) -> None:
    words, values = zip(*rows, strict=True)
    table = pd.DataFrame({"sentence": 0, "position": range(len(rows)), "word": words, "value": values, "error": 0.0})
    assert Page(heat_map(table, {"value": label})).tags == TAGS
    vectors = torch.tensor(values).unsqueeze(1)
    one = Contributions(list(words), vectors, torch.zeros(1), torch.zeros(1), 0.0, 1)
    assert Page(one._repr_html_()).tags == TAGS
    explanation = Explanation(table, label, {label: label, "encoder": words[0]})
    around = {"html lang", "meta charset", "meta content name", "title", "body style", "p", "ul", "li"}
    assert Page(explanation.to_html()).tags == TAGS | around | {"comment"}  # the comment is the document type
    assert explanation.to_html().count("<!") == 1
    for page in (heat_map(table, {"value": label}), one._repr_html_(), explanation.to_html()):
        assert all(f">{escape(word)}<" in page for word in words)


def test_the_colours_are_matplotlibs() -> None:
    plt, colors = pytest.importorskip("matplotlib.pyplot"), pytest.importorskip("matplotlib.colors")
    for share in np.linspace(0, 1, 301).tolist():
        assert _colour(share) == colors.to_hex(plt.get_cmap("YlOrRd")(share))


def test_the_heat_map_needs_no_matplotlib() -> None:
    script = "import sys; from wig_core.plotting import heat_map; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


@pytest.mark.parametrize("x", ["kl", "kl_corrected"])
def test_a_regression_plots_its_words_and_its_line(x: str) -> None:
    pytest.importorskip("matplotlib")
    rng = np.random.default_rng(0)
    information = pd.DataFrame({"kl": rng.normal(size=30)}, [f"w{i}" for i in range(30)])
    information["kl_corrected"] = information["kl"] - 1
    weights = pd.DataFrame({"weight": information["kl"] + rng.normal(size=30)})
    fit = regress(weights, information, x=x, bootstrap=20)
    [axes] = fit.plot(label=5).axes
    assert len(axes.collections[0].get_offsets()) == 30
    [drawn] = axes.lines
    np.testing.assert_allclose(drawn.get_ydata(), fit.intercept + fit.slope * drawn.get_xdata())
    assert len(axes.texts) == 5
    assert "30 words" in axes.get_title()


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    weights = pd.DataFrame({"weight": [1.0, 3.0, 2.0]}, list("abc"))
    fit = regress(weights, pd.DataFrame({"kl": [1.0, 2.0, 3.0]}, list("abc")), bootstrap=2)
    with pytest.raises(InputError, match=r"package matplotlib is not installed; pip install 'wig-core\[plot\]'"):
        fit.plot()
