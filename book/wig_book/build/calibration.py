"""How fast this machine does what pages do, from some seconds of it."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr
from dataclasses import replace
from functools import partial
from typing import Any, get_args

import torch

from wig_book.build.cost import TYPICAL, Shape, Texts, passes_of_training, tokens_of
from wig_core.attribution.inputs import Precision
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.information.word_information import word_information
from wig_core.text.words import segment
from wig_core.training.contrastive import train_contrastive
from wig_core.training.examples import load_examples
from wig_core.training.fine_tuning import Recipe

TRAINING, COUNTING = "training", "counting"


Work = Callable[[int], tuple[float, float]]  # from a size to what was done, and the seconds that it took


Rates = dict[str, float]  # operations a second in a precision or in training; sentences a second in counting


def device() -> str:
    """What pages compute on."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"the processor (threads: {torch.get_num_threads()})"


def calibrate(shape: Shape, kinds: Iterable[str], *, seconds: float = 10.0) -> Rates:
    """Do some of each kind of work, with a random encoder of the sizes that most of the work is for.

    Args:
        shape: of that encoder.
        kinds: "float32", "bfloat16" (attribution), "training", "counting".
        seconds: for all of them together, about.
    """
    kinds = list(dict.fromkeys(kinds))
    encoder, sentences = _random_encoder(shape), Texts(corpus=TYPICAL, max_words=20, max_sentences=4096).sentences or []
    works: dict[str, Work] = {
        **{precision: partial(_attribute, encoder, shape, sentences, precision) for precision in get_args(Precision)},
        TRAINING: partial(_train, encoder, shape),
        COUNTING: partial(_count, sentences),
    }
    with redirect_stderr(io.StringIO()):  # their bars
        return {kind: _rate(works[kind], seconds / 2 / len(kinds)) for kind in kinds}


def _rate(work: Work, seconds: float) -> float:
    """The most that is done in a second, with work of growing size: what disturbs can only make it less."""
    work(1)  # what happens at the first call alone: kernels are chosen, memory is found
    size, best, began = 1, 0.0, time.perf_counter()
    while time.perf_counter() - began < seconds or not best:
        done, took = work(size)
        best, size = max(best, done / took), 2 * size
    return best


def _random_encoder(shape: Shape) -> SentenceEncoder:
    from transformers import BertConfig, BertModel

    packaged = SentenceEncoder.load("wig-base")  # for its tokenizer
    config = BertConfig(
        num_hidden_layers=shape.layers,
        hidden_size=shape.width,
        intermediate_size=shape.inner,
        num_attention_heads=next(heads for heads in (shape.width // 64, 4, 1) if heads and shape.width % heads == 0),
        vocab_size=len(packaged.tokenizer),
    )
    model: Any = BertModel._from_config(config, attn_implementation="eager", dtype=torch.float32)
    return replace(packaged, name="random", model=model.to(packaged.device).eval().requires_grad_(False))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _attribute(
    encoder: SentenceEncoder, shape: Shape, sentences: list[str], precision: Precision, size: int
) -> tuple[float, float]:
    """Explain a sentence at so many nodes, or at more than 16 of them several."""
    steps, some = min(size, 16), sentences[: max(1, size // 16)]
    took = _seconds(partial(integrated_gradients, encoder, some, steps=steps, precision=precision))
    words = [len(segment(sentence)) for sentence in some]
    return shape.operations((steps * (1 + number), tokens_of(number)) for number in words), took


def _train(encoder: SentenceEncoder, shape: Shape, size: int) -> tuple[float, float]:
    """Train for so many steps; what one step takes, mostly preparation, is not counted."""
    is_slow = encoder.device.type == "cpu" and shape.weights > 3e7  # a usual batch would take half a minute
    usual = Recipe(batch_size=8 if is_slow else 64)
    examples = load_examples(usual.resolved_examples)
    some = replace(examples, texts=examples.texts[:: len(examples) // 512])
    objective = usual.loss(encoder.dimension, some)

    def train(steps: int) -> None:
        schedule = replace(usual, steps=steps).schedule()
        train_contrastive(encoder, some, objective=objective, schedule=schedule, batch_size=usual.batch_size)

    took = _seconds(partial(train, 1 + size)) - _seconds(partial(train, 1))
    return shape.operations(passes_of_training(replace(usual, steps=size))), max(took, 1e-3)


def _count(sentences: list[str], size: int) -> tuple[float, float]:
    """Count the words of some sentences again and again."""
    some = sentences[:1000] * size
    return len(some), _seconds(partial(word_information, some))
