"""What the encoders of a page are measured on, and how: sentences, information, baselines; and encoders before and
after fine-tuning, measured on the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, TypeVar, get_args

import pandas as pd
from tqdm import tqdm

from wig_book.labels import SETTING
from wig_core.attribution.explainer import Explainer
from wig_core.attribution.inputs import Baseline, Precision
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.evaluation import similarity_correlation
from wig_core.encoders.registry import Pooling, Similarity
from wig_core.errors import InputError, did_you_mean
from wig_core.information.word_information import word_information
from wig_core.regression import join
from wig_core.text.corpus import Corpus, load_corpus, load_similarities
from wig_core.training.examples import NAMES as EXAMPLES
from wig_core.training.examples import load_examples
from wig_core.training.fine_tuning import ObjectiveName, Recipe, fine_tune
from wig_core.word_weights import mean_weights, occurrence_weights

T = TypeVar("T")
# The words of a recipe's short form, by the field that each sets.
WORDS = {
    "objective": get_args(ObjectiveName),
    "pooling": get_args(Pooling),
    "similarity": get_args(Similarity),
    "examples": EXAMPLES,
}


def from_parameters(kind: type[T], parameters: Mapping[str, Any]) -> T:
    """A dataclass whose fields take their values from the parameters of a page that have the same names.

    Args:
        kind: a dataclass, such as `Setup` or `Recipe`.
        parameters: values by name, such as a page's `globals()`; other names are ignored, missing ones keep the
            default.

    Example:
        >>> from_parameters(Recipe, {"steps": 20, "corpus": "news"}).steps
        20
    """
    names = [field.name for field in fields(kind) if field.init]  # type: ignore[arg-type]
    return kind(**{name: parameters[name] for name in names if name in parameters})


@dataclass(frozen=True)
class Setup:
    """What every encoder of a page is measured on, and how.

    Attributes:
        corpus: packaged, a file, or a data set of the hub; see `load_corpus`.
        column: its column of sentences, if it has several.
        baselines: what stands for an absent word, in turn; the first is the one that prose quotes.
        max_sentences: the size of the random sample whose words are weighed; the whole corpus gives the information.
        max_words: only sentences of at most so many words are sampled; None for all.
        tolerance: the estimated relative error of the contributions that `integrated_gradients` is to reach.
        precision: of its derivatives.
        min_count: words rarer than this in the corpus have no information and are left out.
        seed: of the sample.
    """

    corpus: str
    column: str | None = None
    baselines: Sequence[Baseline] = ("mask", "pad")
    max_sentences: int = 100
    max_words: int | None = None
    tolerance: float = 0.1
    precision: Precision = "float32"
    min_count: int = 10
    seed: int = 0

    @cached_property
    def whole(self) -> Corpus:
        """The whole corpus."""
        return load_corpus(self.corpus, column=self.column)

    @cached_property
    def information(self) -> pd.DataFrame:
        """`word_information` of the whole corpus, counted once."""
        return word_information(self.whole, min_count=self.min_count)

    @cached_property
    def sentences(self) -> list[str]:
        """The sample of sentences whose words are weighed."""
        return self.whole.max_words(self.max_words).sample(self.max_sentences, seed=self.seed).sentences

    def weigh(
        self,
        encoder: SentenceEncoder,
        sentences: Sequence[str] | None = None,
        baselines: Iterable[Baseline] | None = None,
    ) -> pd.DataFrame:
        """The weight of each word occurrence in an encoder, by Integrated Gradients.

        Args:
            encoder: the encoder to explain.
            sentences: whose words to weigh; by default the sample.
            baselines: in turn; by default those of the setup.

        Returns:
            One row per baseline and occurrence: the columns of `occurrence_weights`, baseline, and the sentence's
            estimated_error.
        """
        sentences = self.sentences if sentences is None else sentences
        tables = []
        for baseline in self.baselines if baselines is None else baselines:
            explainer = Explainer(baseline=baseline, tolerance=self.tolerance, precision=self.precision)
            explained = explainer.explain(encoder, sentences, cache=True, progress=True)
            errors = pd.Series([one.estimated_error for one in explained], dtype=float, name="estimated_error")
            table = occurrence_weights(explained).assign(baseline=baseline)
            tables.append(table.join(errors, on="sentence"))
        return pd.concat(tables, ignore_index=True)

    def weigh_words(self, encoder: SentenceEncoder) -> pd.DataFrame:
        """The weight of each word in an encoder, beside its information in the corpus.

        Returns:
            One row per baseline and word: baseline, word, weight, occurrences, the columns of `word_information`, and
            of the baseline's run sentences, missed (sentences over the tolerance) and worst_error.
        """
        tables = []
        for baseline, occurrences in self.weigh(encoder).groupby("baseline", sort=False):
            errors = occurrences.groupby("sentence")["estimated_error"].first()
            table = join(mean_weights(occurrences), self.information).reset_index()
            table.insert(0, "baseline", baseline)
            missed = int((errors > self.tolerance).sum())
            tables.append(table.assign(sentences=len(self.sentences), missed=missed, worst_error=errors.max()))
        return pd.concat(tables, ignore_index=True)

    def subword_information(self, encoder: SentenceEncoder) -> pd.DataFrame:
        """`word_information` of the whole corpus for the subwords of an encoder."""
        return word_information(self.whole, min_count=self.min_count, tokenize=encoder.tokenizer.tokenize)


def parse_recipe(text: str, default: Recipe) -> Recipe:
    """The recipe of a short form, whose words are recognised by what they are, in any order.

    Args:
        text: any of an objective, a pooling, a similarity, examples (a packaged kind, a file or "owner/name" on the
            hub) and a learning rate, with blanks between.
        default: supplies whatever the text leaves out.

    Raises:
        InputError: a word that is none of these, or two of one kind.

    Example:
        >>> recipe = parse_recipe("info-nce cls glosses 3e-4", Recipe(steps=9))
        >>> recipe.pooling, recipe.similarity, recipe.examples, recipe.learning_rate, recipe.steps
        ('cls', 'cosine', 'glosses', 0.0003, 9)
    """
    chosen: dict[str, Any] = {}
    for word in text.split():
        field, value = _recognise(word)
        if field is None:
            hint = did_you_mean(word, [one for words in WORDS.values() for one in words])
            raise InputError(
                f"recipe {text!r}: {word!r} is no objective, pooling, similarity, examples or learning rate, as in "
                f"'info-nce mean cosine glosses 3e-4'{hint}"
            )
        if field in chosen:
            raise InputError(f"recipe {text!r}: {chosen[field]!r} and {value!r} are both its {field}; leave one out")
        chosen[field] = value
    return replace(default, **chosen)


def _recognise(word: str) -> tuple[str | None, Any]:
    """The field of `Recipe` that a word of a short form sets (None if it is unknown), and its value."""
    for field, words in WORDS.items():
        if word in words:
            return field, word
    try:
        return "learning_rate", float(word)
    except ValueError:
        return ("examples" if "/" in word or "." in word else None), word


def example_pairs(examples: str, count: int) -> list[tuple[str, ...]]:
    """About so many of the examples of a kind, evenly spaced; see `wig_core.training.examples.load_examples`."""
    texts = load_examples(examples).texts
    return texts[:: max(1, len(texts) // count)]


def describe(recipe: Recipe) -> dict[str, str]:
    """The columns of `SETTING` for a recipe."""
    return {name: getattr(recipe, name) for name in SETTING} | {"examples": recipe.resolved_examples}


def train_and_weigh(base: str, recipes: Sequence[Recipe], seeds: Sequence[int], setup: Setup) -> pd.DataFrame:
    """Weigh the words of sentences before and after fine-tuning, for each recipe and seed.

    Returns:
        One row per encoder and occurrence: the columns of `SETTING`, seed (missing for the base: before),
        human_correlation (the rank correlation of the encoder's similarities with human judgements), and the columns
        of `Setup.weigh`.
    """
    judged = load_similarities("lee")
    before: dict[str, pd.DataFrame] = {}
    judgement: dict[tuple[str, str], float] = {}  # of the base, by pooling and similarity
    tables = []
    for recipe in tqdm(recipes, "recipes"):
        start = SentenceEncoder.load(base, pooling=recipe.pooling, similarity=recipe.similarity)
        kind = (recipe.pooling, recipe.similarity)
        if recipe.pooling not in before:
            before[recipe.pooling] = setup.weigh(start)
        if kind not in judgement:
            judgement[kind] = similarity_correlation(start, judged)
        setting = describe(recipe)
        tables.append(before[recipe.pooling].assign(**setting, seed=pd.NA, human_correlation=judgement[kind]))
        for seed in seeds:
            tuned = fine_tune(base, replace(recipe, seed=seed))[recipe.steps]
            agreement = similarity_correlation(tuned, judged)
            tables.append(setup.weigh(tuned).assign(**setting, seed=seed, human_correlation=agreement))
    return pd.concat(tables, ignore_index=True)


def weigh_pairs(pairs: Mapping[str, str], setup: Setup) -> pd.DataFrame:
    """Weigh the words of sentences in encoders that others have fine-tuned, and in the encoders they started from.

    Args:
        pairs: the name or folder of each fine-tuned encoder, and that of its base.
        setup: what to measure them on.

    Returns:
        The columns of `train_and_weigh`; the objective is the name of the fine-tuned encoder.
    """
    judged, tables = load_similarities("lee"), []
    for after, before in pairs.items():
        tuned = SentenceEncoder.load(after)
        start = SentenceEncoder.load(before, pooling=tuned.pooling, similarity=tuned.similarity)
        setting = {"objective": after, "examples": "its own", "pooling": tuned.pooling, "similarity": tuned.similarity}
        for encoder, seed in ((start, pd.NA), (tuned, 0)):
            agreement = similarity_correlation(encoder, judged)
            tables.append(setup.weigh(encoder).assign(**setting, seed=seed, human_correlation=agreement))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def split_runs(occurrences: pd.DataFrame) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """The rows of `train_and_weigh` before fine-tuning, and those after it, one table per seed."""
    runs = occurrences[occurrences["seed"].notna()]
    return occurrences[occurrences["seed"].isna()], [run for _, run in runs.groupby("seed")]


def with_stage(occurrences: pd.DataFrame) -> pd.DataFrame:
    """The rows of `train_and_weigh` with a column stage: "before" or "after"."""
    return occurrences.assign(stage=occurrences["seed"].isna().map({True: "before", False: "after"}))
