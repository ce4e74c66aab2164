"""What several encoders are measured on, so that they can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd
from tqdm import tqdm

from wig_core.attribution.explainer import Explainer
from wig_core.attribution.inputs import Baseline, Precision
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.evaluation import similarity_correlation
from wig_core.information.word_information import word_information
from wig_core.regression import join
from wig_core.text.corpus import Corpus, load_corpus, load_similarities
from wig_core.training.fine_tuning import Recipe, fine_tune
from wig_core.word_weights import occurrence_weights, word_weights


@dataclass(frozen=True)
class Setup:
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
    ) -> Setup:
        """A sample of the sentences of a corpus, and what all of it tells of words."""
        whole = load_corpus(corpus, column=column)
        information = word_information(whole, min_count=min_count)
        sample = whole.max_words(max_words).sample(max_sentences, seed=seed)
        return cls(sample.sentences, information, baselines, tolerance, precision, whole, min_count)

    def weigh(self, encoder: SentenceEncoder) -> pd.DataFrame:
        """Each occurrence's weight: baseline, and the columns of `occurrence_weights`."""
        tables = []
        for baseline in self.baselines:
            attribution = Explainer(baseline=baseline, tolerance=self.tolerance, precision=self.precision)
            explained = attribution.explain_once(encoder, self.sentences)
            tables.append(occurrence_weights(explained).assign(baseline=baseline))
        return pd.concat(tables, ignore_index=True)

    def subword_information(self, encoder: SentenceEncoder) -> pd.DataFrame:
        """What the whole corpus tells of the tokens of an encoder, as it does of words."""
        return word_information(self.whole, min_count=self.min_count, tokenize=encoder.tokenizer.tokenize)


def weigh_corpus(
    encoder: str,
    corpus: str,
    *,
    column: str | None = None,
    baselines: Sequence[Baseline] = ("mask", "pad"),
    max_sentences: int = 60,
    max_words: int | None = None,
    tolerance: float = 0.01,
    precision: Precision = "float32",
    min_count: int = 10,
    seed: int = 0,
) -> pd.DataFrame:
    """Weigh the words of a sample of sentences under each baseline, beside what the whole corpus says they tell.

    Returns:
        One row a baseline and word: baseline, word, weight, occurrences, the columns of `word_information`, and of the
        baseline's run: sentences, missed (how many are not within the tolerance) and worst_error.
    """
    loaded = SentenceEncoder.load(encoder)
    whole = load_corpus(corpus, column=column)
    information = word_information(whole, min_count=min_count)
    sample = whole.max_words(max_words).sample(max_sentences, seed=seed)
    tables = []
    for baseline in baselines:
        attribution = Explainer(baseline=baseline, tolerance=tolerance, precision=precision)
        explained = attribution.explain_once(loaded, sample.sentences, progress=True)
        errors = pd.Series([one.completeness_error for one in explained])
        table = join(word_weights(explained), information).reset_index()
        table.insert(0, "baseline", baseline)
        tables.append(
            table.assign(sentences=len(sample), missed=int((errors > tolerance).sum()), worst_error=errors.max())
        )
    return pd.concat(tables, ignore_index=True)


SETTING = ["objective", "examples", "pooling", "similarity"]


def describe(recipe: Recipe) -> dict[str, str]:
    """The columns of `SETTING` for a recipe."""
    return {name: getattr(recipe, name) for name in SETTING} | {"examples": recipe.resolved_examples}


def train_and_weigh(base: str, recipes: Sequence[Recipe], seeds: Sequence[int], setup: Setup) -> pd.DataFrame:
    """Weigh the words of sentences before and after fine-tuning, for each recipe and seed.

    Returns:
        One row an occurrence, of each encoder: the columns of `SETTING`, seed (missing for the base: before), lee (how
        the encoder agrees with people's judgements of similarity), and the columns of `Setup.weigh`.
    """
    judged = load_similarities("lee")
    before = {
        pooling: setup.weigh(SentenceEncoder.load(base, pooling=pooling))
        for pooling in dict.fromkeys(recipe.pooling for recipe in recipes)
    }
    tables = []
    for recipe in tqdm(recipes, "recipes"):
        setting = describe(recipe)
        start = SentenceEncoder.load(base, pooling=recipe.pooling, similarity=recipe.similarity)
        tables.append(before[recipe.pooling].assign(**setting, seed=pd.NA, lee=similarity_correlation(start, judged)))
        for seed in seeds:
            trained = fine_tune(base, replace(recipe, seed=seed))[recipe.steps]
            lee = similarity_correlation(trained, judged)
            tables.append(setup.weigh(trained).assign(**setting, seed=seed, lee=lee))
    return pd.concat(tables, ignore_index=True)


def weigh_pairs(pairs: Mapping[str, str], setup: Setup) -> pd.DataFrame:
    """The same as `train_and_weigh` for encoders that others have fine-tuned.

    Args:
        pairs: the fine-tuned encoder's name or folder, and that of the base it was made from.
        yardstick: what to measure them on.
    """
    judged, tables = load_similarities("lee"), []
    for after, before in pairs.items():
        tuned = SentenceEncoder.load(after)
        start = SentenceEncoder.load(before, pooling=tuned.pooling, similarity=tuned.similarity)
        setting = {"objective": after, "examples": "its own", "pooling": tuned.pooling, "similarity": tuned.similarity}
        for encoder, seed in ((start, pd.NA), (tuned, 0)):
            lee = similarity_correlation(encoder, judged)
            tables.append(setup.weigh(encoder).assign(**setting, seed=seed, lee=lee))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
