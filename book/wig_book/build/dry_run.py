"""What pages ask for: their own code runs, with a tiny transformer in every encoder and with few sentences.

All of the library runs as usual. So does its cache, in a temporary folder, where a page finds work that it shares with
an earlier one. Only trainings are left out; their cost follows from the recipe. The operations of the tiny transformers
are counted; those of the real ones are more in proportion to their weights. One thing the tiny ones do not show: the
paths of Integrated Gradients are smooth in them, and rough in deep encoders, which therefore get all the intervals that
are allowed by default. Packaged encoders and texts stand in for
those of the hub, so nothing is fetched.
"""

from __future__ import annotations

import copy
import io
import logging
import os
import pkgutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from statistics import mean
from typing import Any
from unittest.mock import patch

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from wig_book import experiments
from wig_book.build.cost import Shape
from wig_book.build.downloads import Hub
from wig_book.build.precompute import run_cells
from wig_book.build.run import Run
from wig_core.attribution.path_steps import FIRST, MOST, SteppedPath, follow
from wig_core.attribution.paths import InterpolationPath
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.registry import HUB_ENCODERS, EncoderName, still_to_download
from wig_core.text.corpus import Corpus, SimilarityPairs, load_corpus, load_similarities
from wig_core.text.sources import place_on_hub
from wig_core.training import fine_tuning
from wig_core.training.batches import token_counts
from wig_core.training.examples import Examples
from wig_core.training.schedule import Schedule

TINY = Shape(layers=1, width=32, inner=128)
ENCODER, CORPUS = "wig-base", "wikipedia-sample"  # they stand for those of the hub
FEW, SENTENCES = 8, 2_000  # of a sample, of a corpus
FASTER = {"bootstrap": 5, "draws": 2, "shuffles": 1, "splits": 2, "topics": 2}  # no work of encoders depends on them
ON_HUB = {"sts-b": 2_800, "sts12": 6_200, "sick": 19_800, "nli": 20_000, "wikipedia-1m": 1_000_000}  # about, sentences
UNKNOWN = 100_000  # assumed of other data sets of the hub
BATCH_BYTES = 3 * 96 * 2**20  # what attribution needs, which allows itself a third of it for a batch
# all-mpnet-base-v2 with as many layers needs about 20 intervals, all-MiniLM-L6-v2 with 6 and wig-base with 4 need 6.
DEEP = 12
NAMING = {"encoder", "encoders", "base", "corpus", "corpora"}  # a page without these parameters needs no encoder


@dataclass
class PagePlan:
    """What a page asks for; a page that is current needs nothing, and work that an earlier page caches is left out.

    Attributes:
        page: its name.
        is_current: whether executing it again would change nothing.
        seconds: how long it takes.
        encoders, corpora: the names of those that it loads.
        steps: of training.
        operations: multiplications and additions.
        memory: bytes that the largest step of its work needs.
        disk: bytes of the encoders that it trains.
    """

    page: str
    is_current: bool = False
    seconds: float = 0.0
    encoders: list[str] = field(default_factory=list)
    corpora: list[str] = field(default_factory=list)
    steps: int = 0
    operations: float = 0.0
    memory: float = 0.0
    disk: float = 0.0


class DryRun(TorchDispatchMode):
    """Runs pages in turn, to note what each asks for. As a mode of torch it sees every product of matrices.

    Args:
        hub: knows the sizes of encoders on the hub.

    Attributes:
        sizes: the number of sentences of each corpus, by its name.
    """

    def __init__(self, hub: Hub):
        super().__init__()
        self.hub = hub
        self.sizes: dict[str, int] = {}
        self._asked = PagePlan("")
        self._scale = 1.0  # sentences for which one of the few stands
        self._encoders: dict[str, SentenceEncoder] = {}  # the tiny ones, by location
        self._shapes: dict[str, Shape] = {}  # the real ones
        self._ratio = 0.0  # of the operations of the encoder that computes to those of a tiny one
        self._cache = tempfile.TemporaryDirectory()
        self._original_load = SentenceEncoder.load
        for module in pkgutil.iter_modules(experiments.__path__):  # before any function is replaced that they import
            import_module(f"{experiments.__name__}.{module.name}")

    def ask(self, run: Run) -> PagePlan:
        """Run a page with its values, and return what it asks for.

        Raises:
            InputError: a value that the page cannot use.
        """
        self._asked = PagePlan(run.page.name)
        if not NAMING & run.values.keys():
            return self._asked
        values = run.values | {name: value for name, value in FASTER.items() if name in run.values}
        sentences = values.get("max_sentences", 1)
        few = min(sentences, FEW + sentences % 7)  # so that samples of different sizes are not the same few
        self._scale = sentences / few
        with self._stand_ins(), tempfile.TemporaryDirectory() as results, self:
            run_cells(replace(run, values=values | {"max_sentences": few}), Path(results))
        return self._asked

    @contextmanager
    def _stand_ins(self) -> Iterator[None]:
        """Within, everything that takes long is replaced, and no warning or progress bar is shown."""
        with ExitStack() as stack:
            stack.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(1)  # tiny tensors: a second thread costs more than it brings
            stack.enter_context(warnings.catch_warnings(action="ignore"))
            stack.enter_context(redirect_stderr(io.StringIO()))
            stack.callback(logging.disable, logging.root.manager.disable)
            logging.disable(logging.WARNING)
            stack.enter_context(patch.dict(os.environ, {"WIG_CACHE": self._cache.name}))
            stack.enter_context(patch.object(SentenceEncoder, "load", self._load))
            stack.enter_context(patch.object(fine_tuning, "train_contrastive", self._train))
            stack.enter_context(patch.object(fine_tuning, "train_masked_lm", self._train_masked))
            stack.enter_context(_everywhere(follow, self._follow))
            stack.enter_context(_everywhere(load_corpus, self._load_corpus))
            stack.enter_context(_everywhere(load_similarities, self._load_similarities))
            yield

    # ── encoders ──

    def _load(
        self, name: str | Path, *, pooling: Any = None, similarity: Any = None, device: str | None = None
    ) -> SentenceEncoder:
        parsed = EncoderName.parse(str(name))
        if parsed.location not in self._encoders:
            self._encoders[parsed.location] = self._tiny(parsed)
        tiny = self._encoders[parsed.location]
        if tiny.model.config.stands_for == parsed.location:  # it was not trained here
            self._asked.encoders += {parsed.location} - {*self._asked.encoders}
            self._need(4.0 * self._shape(tiny.model).parameters + BATCH_BYTES)
        return replace(
            tiny,
            name=str(name),
            pooling=pooling or parsed.pooling or tiny.pooling,
            similarity=similarity or tiny.similarity,
        )

    def _tiny(self, name: EncoderName) -> SentenceEncoder:
        """The encoder with a tiny transformer of random weights, which notes when it begins to compute."""
        is_here = not (name.is_on_hub or still_to_download(name.place))
        self._ratio = 0.0  # the passes by which the real encoder is tried as it is loaded do not count
        loaded = self._original_load(name.location if is_here else ENCODER, device="cpu")
        config = copy.deepcopy(loaded.model.config)
        if not hasattr(config, "stands_for"):
            shape = Shape.of_config(config.to_dict()) if is_here else self.hub.shape(name.location)
            self._shapes[name.location] = shape or Shape()
            config.update({"stands_for": name.location, "num_hidden_layers": TINY.layers, "num_attention_heads": 1})
            config.update({"hidden_size": TINY.width, "intermediate_size": TINY.inner})
            model = type(loaded.model)._from_config(config, attn_implementation="eager", dtype=torch.float32)
            model.pooler = None
            loaded = replace(loaded, model=model.eval().requires_grad_(False))
        ratio = self._shape(loaded.model).weights / TINY.weights
        loaded.model.get_input_embeddings().register_forward_pre_hook(lambda *_: self._begin(ratio))
        known = HUB_ENCODERS.get(name.place)
        return replace(loaded, pooling=known.pooling, similarity=known.similarity) if known else loaded

    def _shape(self, model: nn.Module) -> Shape:
        return self._shapes[model.config.stands_for]  # type: ignore[union-attr, index]

    def _begin(self, ratio: float) -> None:
        self._ratio = ratio

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function in (torch.ops.aten.mm.default, torch.ops.aten.addmm.default):  # with weights; attention has bmm
            left, right = args[-2:]
            self._asked.operations += self._scale * self._ratio * 2 * left.numel() * right.shape[1]
        return function(*args, **(kwargs or {}))

    def _follow(self, paths: Sequence[InterpolationPath], *, first: int = FIRST, **options: Any) -> list[SteppedPath]:
        """Stand in for `follow`: a deep encoder needs as many intervals as are usually allowed."""
        deep = any(self._shape(path.encoder.model).layers >= DEEP for path in paths)
        return follow(paths, first=max(first, MOST) if deep else first, **options)

    def _need(self, memory: float) -> None:
        self._asked.memory = max(self._asked.memory, memory)

    def _train(self, encoder: SentenceEncoder, examples: Examples, **settings: Any) -> None:
        """Stand in for `train_contrastive`: keep encoders with weights that differ a little."""
        texts = [text for row in examples.texts[:: 1 + len(examples) // 100] for text in row]
        tokens = mean(token_counts(encoder.tokenizer, texts, settings["max_tokens"]))
        objective, of_batch = settings["objective"], settings["batch_size"] * examples.columns
        self._note_training(encoder.model, tokens * of_batch * (1 + objective.twice), **settings)
        for step in settings["watch_at"]:
            model = copy.deepcopy(encoder.model)
            for weight in model.parameters():
                weight += 0.02 * torch.randn_like(weight)
            settings["watch"](step, replace(encoder, model=model, similarity=objective.similarity))

    def _train_masked(self, model: nn.Module, *_: object, **settings: Any) -> None:
        """Stand in for `train_masked_lm`: keep the model as it is."""
        self._note_training(model, settings["tokens_per_batch"], **settings)
        for step in settings["watch_at"]:
            settings["watch"](step)

    def _note_training(
        self, model: nn.Module, tokens: float, *, schedule: Schedule, watch_at: Sequence[int], **_: object
    ) -> None:
        """Note a training with so many tokens per batch, which pass forward and, at twice the cost, backward."""
        shape = self._shape(model)
        self._asked.steps += schedule.steps
        self._asked.operations += shape.operations([(3.0 * schedule.steps, tokens)])
        self._asked.disk += 4.0 * shape.parameters * len(watch_at)
        # The weights at the start, the student's, its gradients, and two of the optimiser.
        self._need(5 * 4.0 * shape.parameters + shape.bytes_per_token * tokens)

    # ── texts ──

    def _load_corpus(self, name: Any, **options: Any) -> Corpus:
        name, is_on_hub = self._note_corpus(name)
        corpus = load_corpus(CORPUS) if is_on_hub else load_corpus(name, **options)
        self.sizes[name] = ON_HUB.get(name, UNKNOWN) if is_on_hub else len(corpus)
        return Corpus(name, corpus.sentences[:: 1 + len(corpus) // SENTENCES])

    def _load_similarities(self, name: Any, **options: Any) -> SimilarityPairs:
        name, is_on_hub = self._note_corpus(name)
        return replace(load_similarities("lee") if is_on_hub else load_similarities(name, **options), name=name)

    def _note_corpus(self, name: Any) -> tuple[str, bool]:
        name = os.fspath(name)
        self._asked.corpora += {name} - {*self._asked.corpora}
        return name, place_on_hub(name) is not None


@contextmanager
def _everywhere(function: Callable[..., Any], stand_in: Callable[..., Any]) -> Iterator[None]:
    """Within, a function is replaced in every other module of ours that has imported it."""
    ours = [module for name, module in sys.modules.items() if name.startswith(("wig_core", "wig_book"))]
    with ExitStack() as stack:
        for module in ours:
            for name, value in [*vars(module).items()]:
                if value is function and module.__name__ not in (__name__, function.__module__):
                    stack.enter_context(patch.object(module, name, stand_in))
        yield
