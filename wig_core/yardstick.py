"""What several encoders are measured on, so that they can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from wig_core.attribution.contributions import Baseline, Precision
from wig_core.attribution.method import Attribution
from wig_core.corpora import Corpus, load_corpus
from wig_core.encoders import SentenceEncoder
from wig_core.information import word_information
from wig_core.weighting import occurrence_weights


@dataclass(frozen=True)
class Yardstick:
    """What all encoders of a page are measured on.

    Attributes:
        sentences: whose words are weighed.
        information: of the whole corpus, from `word_information`.
        baselines, tolerance, precision: see `integrated_gradients`.
        whole: the corpus.
        min_count: see `word_information`.
    """

    sentences: list[str]
    information: pd.DataFrame
    baselines: Sequence[Baseline]
    tolerance: float
    precision: Precision
    whole: Corpus
    min_count: int

    @classmethod
    def of(
        cls,
        corpus: str,
        *,
        column: str | None = None,
        baselines: Sequence[Baseline] = ("mask", "pad"),
        max_sentences: int = 100,
        max_words: int | None = None,
        tolerance: float = 0.01,
        precision: Precision = "float32",
        min_count: int = 10,
        seed: int = 0,
    ) -> Yardstick:
        """A sample of the sentences of a corpus, and what all of it tells of words."""
        whole = load_corpus(corpus, column=column)
        information = word_information(whole, min_count=min_count)
        sample = whole.up_to(max_words).sample(max_sentences, seed=seed)
        return cls(sample.sentences, information, baselines, tolerance, precision, whole, min_count)

    def weigh(self, encoder: SentenceEncoder) -> pd.DataFrame:
        """Each occurrence's weight: baseline, and the columns of `occurrence_weights`."""
        tables = []
        for baseline in self.baselines:
            attribution = Attribution(baseline=baseline, tolerance=self.tolerance, precision=self.precision)
            explained = attribution.explain_once(encoder, self.sentences)
            tables.append(occurrence_weights(explained).assign(baseline=baseline))
        return pd.concat(tables, ignore_index=True)

    def subword_information(self, encoder: SentenceEncoder) -> pd.DataFrame:
        """What the whole corpus tells of the tokens of an encoder, as it does of words."""
        return word_information(self.whole, min_count=self.min_count, cut=encoder.tokenizer.tokenize)
