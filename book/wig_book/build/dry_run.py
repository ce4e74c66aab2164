"""What pages ask for: their own code runs, with stand-ins for everything that takes long.

A stand-in notes what it was asked for and returns random results of the right form. Encoders that are still on the hub
are replaced by a packaged one, data sets by packaged sentences, and nothing is fetched, trained or cached.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import pandas as pd
import torch
from torch import Tensor

from wig_book.build.cost import (
    PagePlan,
    Passes,
    Shape,
    passes_of_attribution,
    passes_of_texts,
    passes_of_training,
    tokens_of,
)
from wig_book.build.downloads import Hub
from wig_book.build.precompute import run_cells
from wig_book.build.publish import publish
from wig_book.build.replace import drawing_functions, replaced
from wig_book.build.run import Run
from wig_book.reference import shap_values
from wig_book.theory import exact_course, train_static
from wig_core.attribution.coalitions import coalition_values
from wig_core.attribution.contributions import Contributions, ContributionSet
from wig_core.attribution.explainer import Explainer
from wig_core.attribution.inputs import TokenizedSentence, tokenize_sentences
from wig_core.attribution.integrated_gradients import completeness_errors, integrated_gradients
from wig_core.attribution.shapley import shapley_values
from wig_core.encoders.encoder import EncoderLike, SentenceEncoder, as_encoder
from wig_core.encoders.registry import HUB_ENCODERS, EncoderName, still_to_download
from wig_core.information.word_information import word_information
from wig_core.text.corpus import Corpus, SimilarityPairs, load_corpus, load_similarities
from wig_core.text.sources import place_on_hub
from wig_core.training import fine_tuning
from wig_core.training.fine_tuning import FineTuned, MaskedLMRecipe, Recipe

T = TypeVar("T")
STAND_IN_ENCODER, STAND_IN_CORPUS, STAND_IN_SENTENCES = "wig-base", "wikipedia-sample", 2_000
SENTENCES = {"sts-b": 2_800, "sts12": 6_200, "nli": 20_000, "wikipedia-1m": 1_000_000}  # about; of data sets on the hub
UNKNOWN_SENTENCES = 100_000  # assumed of other data sets
SAMPLE = 40  # of a larger sample so many sentences stand for all
DIMENSION = 4  # of random contributions
FASTER = {"bootstrap": 5, "splits": 2, "draws": 2, "topics": 2}  # values that no work of encoders depends on
BATCH_BYTES = 3 * 96 * 2**20  # what attribution needs, which allows itself a third of it for a batch


class DryRun:
    """Runs pages in turn, to note what each asks for.

    Args:
        hub: knows the sizes of encoders on the hub.

    Attributes:
        sizes: the number of sentences of each corpus, by its name.
    """

    def __init__(self, hub: Hub):
        self.hub = hub
        self.sizes: dict[str, int] = {}
        self._asked = PagePlan("")
        self._shapes: dict[str, Shape] = {}  # by the location of the encoder; a trained one has that of its base
        self._trained: dict[str, SentenceEncoder] = {}
        self._samples: dict[tuple[str, ...], int] = {}  # the size of a sample, by the sentences that stand for it
        self._weights: dict[int, float] = {}  # how many sentences one of them stands for, by the id of its tokens
        self._known: dict[Hashable, Any] = {}
        self._rng = torch.Generator().manual_seed(0)
        self._original_load = SentenceEncoder.load
        self._original_sample = Corpus.sample
        self._original_max_words = Corpus.max_words

    def ask(self, run: Run) -> PagePlan:
        """Run a page with its values, and return what it asks for.

        Raises:
            InputError: a value that the page cannot use.
        """
        self._asked = PagePlan(run.page.name)
        values = {name: FASTER.get(name, value) for name, value in run.values.items()}
        with self._stand_ins(), tempfile.TemporaryDirectory() as results:
            run_cells(replace(run, values=values), Path(results))
        return self._asked

    # ── encoders ──

    def _load(
        self, name: str | Path, *, pooling: Any = None, similarity: Any = None, device: str | None = None
    ) -> SentenceEncoder:
        if trained := self._trained.get(str(name)):
            return replace(trained, pooling=pooling or trained.pooling, similarity=similarity or trained.similarity)
        parsed = EncoderName.parse(str(name))
        if parsed.location not in self._asked.encoders:
            self._asked.encoders.append(parsed.location)
        if not (parsed.is_on_hub or still_to_download(parsed.place)):
            load = partial(self._original_load, name, pooling=pooling, similarity=similarity, device="cpu")
            loaded = self._once(("encoder", str(name), pooling, similarity), load)
            self._shapes[parsed.location] = Shape.of_config(loaded.model.config.to_dict()) or Shape()
            return loaded
        known = HUB_ENCODERS.get(parsed.place)
        self._shapes[parsed.location] = self.hub.shape(parsed.location) or Shape()
        return replace(
            self._once(STAND_IN_ENCODER, partial(self._original_load, STAND_IN_ENCODER, device="cpu")),
            name=str(name),
            pooling=pooling or parsed.pooling or (known.pooling if known else "mean"),
            similarity=similarity or (known.similarity if known else "cosine"),
        )

    def _shape(self, encoder: SentenceEncoder) -> Shape:
        return self._shapes[EncoderName.parse(encoder.name).location]

    def _train(
        self, start: SentenceEncoder, recipe: Recipe | MaskedLMRecipe, texts: Any, at: Sequence[int], _: object
    ) -> FineTuned:
        """Stand in for the one function behind `fine_tune` and `train_masked`."""
        steps = sorted({*at, recipe.steps})
        similarity = recipe.similarity if isinstance(recipe, Recipe) else start.similarity
        if self._is_new(("trained", _identity(start), recipe, tuple(steps))):
            shape = self._shape(start)
            passes = passes_of_training(recipe, texts[0] if isinstance(recipe, Recipe) else ())
            tokens = sum(number * length for number, length in passes) / (3 * recipe.steps)  # of a batch
            # The weights at the start, the student's, its gradients, and two of the optimiser.
            self._note(start, passes, memory=5 * 4.0 * shape.parameters + shape.bytes_per_token * tokens)
            self._asked.steps += recipe.steps
            self._asked.disk += 4.0 * shape.parameters * len(steps)
        made = {}
        for step in steps:
            name = self._once((_identity(start), recipe, step), lambda: f"trained-{len(self._known)}")
            made[step] = self._trained[name] = replace(start, name=name, similarity=similarity)
            self._shapes[name] = self._shape(start)
        return FineTuned(made)

    def _encode(self, encoder: SentenceEncoder, sentences: str | Sequence[str], **_: object) -> Tensor:
        texts = [sentences] if isinstance(sentences, str) else list(sentences)
        self._note(encoder, passes_of_texts(texts), times=self._times(texts))
        embeddings = self._random(len(texts), encoder.dimension)
        return embeddings[0] if isinstance(sentences, str) else embeddings

    # ── attribution ──

    def _explain(
        self,
        explainer: Explainer,
        encoder: EncoderLike,
        sentences: Sequence[str],
        *,
        cache: bool = False,
        steps: int | None = None,
        **_: object,
    ) -> ContributionSet:
        explainer._check()
        loaded = as_encoder(encoder)
        tokenized = self._tokenize(loaded, sentences, explainer.granularity)
        if not cache or self._is_new(("explained", _identity(loaded), explainer, tuple(sentences))):
            words = [len(one.units) for one in self._tokenize(loaded, sentences)]
            times = self._times(sentences)
            self._note(loaded, passes_of_attribution(explainer, words, steps=steps), times=times)
            self._asked.sentences += round(times * len(words))
            self._asked.disk += cache * 4.0 * self._shape(loaded).width * times * sum(words)
        width = 1 if explainer.target == "norm" else DIMENSION
        return ContributionSet(self._contributions(one, width) for one in tokenized)

    def _explain_directly(
        self, method: Any, encoder: EncoderLike, sentences: Sequence[str], *, steps: int | None = None, **settings: Any
    ) -> ContributionSet:
        """Stand in for `integrated_gradients` and `shapley_values`."""
        known = {name: value for name, value in settings.items() if name in {one.name for one in fields(Explainer)}}
        if not isinstance(known.get("target", ""), str):  # a direction
            known["target"] = "norm"
        return self._explain(Explainer(method, **known), encoder, sentences, steps=steps)

    def _contributions(self, sentence: TokenizedSentence, width: int) -> Contributions:
        vectors = self._random(len(sentence.units), width)
        return Contributions(
            words=[unit.text for unit in sentence.units],
            vectors=vectors,
            embedding=vectors.sum(0),
            baseline_embedding=torch.zeros(width),
            completeness_error=0.0,
            steps=0,
            standard_errors=vectors.norm(dim=1) / 10,
        )

    def _completeness_errors(
        self, encoder: EncoderLike, sentences: Sequence[str], *, rules: Any = ("",), steps: Any = (32,), **_: object
    ) -> pd.DataFrame:
        loaded, times = as_encoder(encoder), self._times(sentences)
        passes = 2.0 * sum(steps) * len(rules)  # the value at each node, and its derivative along the whole path
        self._note(loaded, [(passes, tokens) for _, tokens in passes_of_texts(sentences)], times=times)
        rows = [(rule, number, i, 1 / number) for rule in rules for number in steps for i in range(len(sentences))]
        return pd.DataFrame(rows, columns=["rule", "steps", "sentence", "error"])

    def _coalition_values(
        self, encoder: EncoderLike, tokenized: Sequence[TokenizedSentence], coalitions: Sequence[Tensor], **_: object
    ) -> list[Tensor]:
        loaded = as_encoder(encoder)
        for sentence, present in zip(tokenized, coalitions, strict=True):
            passes = [(float(len(present)), float(len(sentence.input_ids)))]
            self._note(loaded, passes, times=self._weights.get(id(sentence), 1.0))
        return [self._random(len(present), DIMENSION) for present in coalitions]

    def _shap_values(self, encoder: SentenceEncoder, sentence: str, *, permutations: int = 16, **_: object) -> Tensor:
        words = len(self._tokenize(encoder, [sentence])[0].units)
        self._note(encoder, [(permutations * (words + 1.0), tokens_of(words))])
        return self._random(words, DIMENSION)

    def _tokenize(
        self, encoder: SentenceEncoder, sentences: Sequence[str], granularity: Any = "word"
    ) -> list[TokenizedSentence]:
        key = ("tokens", id(encoder.tokenizer), encoder.max_tokens, tuple(sentences), granularity)
        tokenized = self._once(key, partial(tokenize_sentences, encoder, sentences, granularity))
        self._weights |= dict.fromkeys(map(id, tokenized), self._times(sentences))
        return tokenized

    # ── texts ──

    def _load_corpus(
        self, name: Any, *, split: Any = None, column: Any = None, max_sentences: int | None = None, seed: int = 0
    ) -> Corpus:
        name = os.fspath(name)
        if self._note_corpus(name):
            texts = self._once(STAND_IN_CORPUS, lambda: load_corpus(STAND_IN_CORPUS).sentences[:STAND_IN_SENTENCES])
            corpus = Corpus(name, texts)
            self.sizes[name] = SENTENCES.get(name, UNKNOWN_SENTENCES)
        else:
            load = partial(load_corpus, name, split=split, column=column)
            corpus = self._once(("corpus", name, split, column), load)
            self.sizes[corpus.name] = len(corpus)
        return corpus if max_sentences is None else self._original_sample(corpus, max_sentences, seed=seed)

    def _load_similarities(self, name: Any, *, split: str | None = None) -> SimilarityPairs:
        name = os.fspath(name)
        is_on_hub = self._note_corpus(name)
        pairs = self._once(("pairs", name), lambda: load_similarities("lee" if is_on_hub else name, split=split))
        return replace(pairs, name=name)

    def _note_corpus(self, name: str) -> bool:
        if name not in self._asked.corpora:
            self._asked.corpora.append(name)
        return place_on_hub(name) is not None

    def _sample(self, corpus: Corpus, size: int, *, seed: int = 0) -> Corpus:
        whole = self._original_sample(corpus, size, seed=seed)
        if len(whole) <= SAMPLE:
            return whole
        few = self._original_sample(whole, SAMPLE, seed=seed + size)  # others for another size
        is_on_hub = place_on_hub(corpus.name) is not None
        self._samples[tuple(few)] = min(size, self.sizes[corpus.name]) if is_on_hub else len(whole)
        return few

    def _max_words(self, corpus: Corpus, words: int | None) -> Corpus:
        short = self._of_texts(corpus, ("short", words), partial(self._original_max_words, corpus, words))
        return replace(short, name=corpus.name)

    def _word_information(self, corpus: Any, *, shuffles: int = 0, **options: Any) -> pd.DataFrame:
        corpus = corpus if isinstance(corpus, Corpus) else Corpus("", list(corpus))
        self._asked.counted += (1 + shuffles) * self.sizes.get(corpus.name, len(corpus))
        few = min(shuffles, 1)
        count = partial(word_information, corpus, shuffles=few, **options)
        return self._of_texts(corpus, ("counted", few, *options.items()), count).copy()

    def _of_texts(self, corpus: Corpus, key: tuple[Hashable, ...], make: Callable[[], T]) -> T:
        """What `make` returns, once for all corpora of the same list, which is kept so that its id stays its own."""
        return self._once((id(corpus.sentences), *key), lambda: (corpus, make()))[1]

    # ── what a stand-in notes ──

    def _note(self, encoder: SentenceEncoder, passes: Passes, *, times: float = 1.0, memory: float = 0.0) -> None:
        shape = self._shape(encoder)
        self._asked.passes += times * sum(number for number, _ in passes)
        self._asked.operations += times * shape.operations(passes)
        self._asked.memory = max(self._asked.memory, memory or 4.0 * shape.parameters + BATCH_BYTES)

    def _times(self, sentences: Sequence[str]) -> float:
        """How many sentences each of these stands for."""
        return self._samples.get(tuple(sentences), len(sentences)) / max(1, len(sentences))

    def _is_new(self, key: Hashable) -> bool:
        is_new = key not in self._known
        self._known[key] = True
        return is_new

    def _once(self, key: Hashable, make: Callable[[], T]) -> T:
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    def _random(self, rows: int, columns: int) -> Tensor:
        return torch.randn(rows, columns, generator=self._rng)

    # ── where they stand in ──

    @contextmanager
    def _stand_ins(self) -> Iterator[None]:
        """Within, the stand-ins are in place, wherever in our own modules the functions are imported."""
        nothing = dict.fromkeys([publish, *drawing_functions()], lambda *_, **__: None)
        functions: dict[Any, Callable[..., Any]] = nothing | {
            coalition_values: self._coalition_values,
            completeness_errors: self._completeness_errors,
            exact_course: self._exact_course,
            integrated_gradients: partial(self._explain_directly, "ig"),
            load_corpus: self._load_corpus,
            load_similarities: self._load_similarities,
            shap_values: self._shap_values,
            shapley_values: partial(self._explain_directly, "shap"),
            tokenize_sentences: self._tokenize,
            train_static: lambda model, training: self._random(len(model.probability), training.dimension).double(),
            word_information: self._word_information,
        }
        methods: list[tuple[type, str, Callable[..., Any]]] = [
            (Corpus, "max_words", self._max_words),
            (Corpus, "sample", self._sample),
            (Explainer, "explain", self._explain),
            (SentenceEncoder, "encode", self._encode),
        ]
        with replaced(functions, methods, except_in=[__name__, load_corpus.__module__]), ExitStack() as stack:
            stack.enter_context(patch.object(SentenceEncoder, "load", self._load))
            stack.enter_context(patch.object(fine_tuning, "_trained", self._train))
            yield

    def _exact_course(self, model: Any, *, dimension: int = 16, at: Sequence[int], **_: object) -> dict[int, Tensor]:
        return {step: self._random(len(model.probability), dimension).double() for step in at}


def _identity(encoder: SentenceEncoder) -> tuple[str, str]:
    """What the cache tells encoders apart by."""
    return EncoderName.parse(encoder.name).location, encoder.pooling
