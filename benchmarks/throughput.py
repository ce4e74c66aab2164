"""Measure the throughput of this machine in counting, attribution and fine-tuning; page 24 reads the file.

Everything is timed in this one run, on a GPU if there is one; counting always runs on the processor. Attribution is
timed on sentences of about 20 words, for all-MiniLM-L6-v2 and for an encoder of BERT-base's size with random weights,
which take the same time as trained ones. captum computes Integrated Gradients of one dimension of the embedding at a
time: it is timed on a random sample of dimensions, and scaled up to all.
"""

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from timing import device, fine_tuning_seconds, matrix_product_peak, shape_of, timed
from transformers import BertConfig, BertModel

from wig_book.build.cost import Shape
from wig_book.build.provenance import machine
from wig_book.experiments.scale import NO_GPU
from wig_book.reference import captum_integrated_gradients
from wig_core import SentenceEncoder, integrated_gradients, load_corpus, load_examples, shapley_values, word_information
from wig_core.attribution.shapley import forward_passes
from wig_core.information.cooccurrence import BLOCK_SIZE, Cooccurrence
from wig_core.text.words import segment, words_of

PRECISIONS = ("float32", "bfloat16")
MEMORY = {"cpu": 96, "cuda": 4096}[device()]  # MiB of activations in a batch
MIN_COUNT, PERMUTATIONS = 10, 16  # the book's own
NODES = 20  # Gauss–Legendre nodes, which a smooth encoder needs for a completeness error of about 1%
BATCH, MAX_TOKENS = 64, 64


@dataclass(frozen=True)
class Sizes:
    """Tokens and units (words and marks) of some sentences, ``[sentences]`` each, and the sizes of their encoder."""

    shape: Shape
    tokens: list[int]
    units: list[int]

    @classmethod
    def of(cls, encoder: SentenceEncoder, sentences: list[str]) -> "Sizes":
        ids = encoder.tokenizer(sentences, truncation=True, max_length=encoder.max_tokens)["input_ids"]
        units = [len(segment(sentence)) for sentence in sentences]
        return cls(shape_of(encoder), [len(row) for row in ids], units)

    def operations(self, method: str, number: float) -> float:
        """Mean operations per sentence with a number of nodes ("ig") or of orders ("shap")."""
        passes = [
            number * (1 + units) if method == "ig" else forward_passes(units, permutations=int(number))
            for units in self.units
        ]
        return self.shape.operations(zip(passes, self.tokens, strict=True)) / len(self.tokens)


def attribution(
    encoder: SentenceEncoder, text: list[str], short: list[str], count: int, options: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """Yield one encoder's rows, from explaining `count` short sentences with fewer nodes and orders than usual."""
    chosen = short[:count]
    sizes, of_short, of_text = (Sizes.of(encoder, sentences) for sentences in (chosen, short, text))
    methods: list[tuple[str, Any, str, int, float]] = [
        ("ig", integrated_gradients, "steps", options.steps, NODES),
        ("shap", shapley_values, "permutations", options.permutations, PERMUTATIONS),
    ]
    for (method, explain, name, number, usual), precision in product(methods, PRECISIONS):
        run = partial(explain, encoder, precision=precision, memory_mb=MEMORY)
        run(chosen[:1], **{name: 2})  # warm up
        seconds = timed(partial(run, chosen, **{name: number}))[1]
        yield {
            "encoder": encoder.name,
            "method": method,
            "precision": precision,
            "sentences": count,
            "seconds": seconds,
            "operations": count * sizes.operations(method, number),
            "operations_short": of_short.operations(method, usual),
            "operations_text": of_text.operations(method, usual),
        }
    row = {"encoder": encoder.name, "method": "captum", "precision": "float32", "sentences": count}
    yield row | {"seconds": captum_seconds(encoder, chosen, options.steps, options.dimensions)}


def captum_seconds(encoder: SentenceEncoder, sentences: list[str], steps: int, dimensions: int) -> float:
    """Time of captum on all dimensions, scaled up from some."""
    draw = random.Random(1)
    some = [draw.sample(range(encoder.dimension), dimensions) for _ in sentences]
    one = partial(captum_integrated_gradients, encoder, steps=steps)
    seconds = timed(lambda: [one(s, dimensions=d) for s, d in zip(sentences, some, strict=True)])[1]
    return seconds * encoder.dimension / dimensions


def like_bert_base(encoder: SentenceEncoder) -> SentenceEncoder:
    """Build an encoder of BERT-base's size with random weights and the tokenizer of another encoder."""
    model = BertModel._from_config(BertConfig(), attn_implementation="eager").to(device())
    return replace(encoder, name="random BERT-base", model=model.requires_grad_(False).eval())


def counting(sentences: list[str], repeats: int) -> dict[str, float]:
    """Time `word_information`, and the adding of a block to its table of pairs."""
    seconds = min(timed(lambda: word_information(sentences, min_count=MIN_COUNT))[1] for _ in range(repeats))
    seen = counted(sentences)
    sizes = {"sentences": len(sentences), "words": int(seen.counts.sum()), "seconds": seconds, "min_count": MIN_COUNT}
    one_word = np.zeros(1, np.int64), np.ones(1, np.int64), len(seen.counts)
    adding = min(timed(lambda: seen.add(*one_word))[1] for _ in range(repeats))
    return sizes | {"block": BLOCK_SIZE, "merging": adding / seen.pairs.nnz}


def growth(sentences: list[str]) -> dict[str, int]:
    """The size of the table of pairs of some sentences."""
    seen = counted(sentences)
    frequent = np.flatnonzero(seen.counts >= MIN_COUNT)
    return {
        "sentences": len(sentences),
        "words": int(seen.counts.sum()),
        "vocabulary": len(seen.counts),
        "frequent": len(frequent),
        "pairs": int(seen.pairs.count_nonzero()),
        "frequent_pairs": int(seen.pairs[frequent][:, frequent].count_nonzero()),
    }


def counted(sentences: list[str]) -> Cooccurrence:
    """Count the words of sentences and their pairs."""
    vocabulary: dict[str, int] = {}
    words = [words_of(sentence) for sentence in sentences]
    ids = [vocabulary.setdefault(word, len(vocabulary)) for some in words for word in some]
    seen = Cooccurrence()
    seen.add(np.array(ids), np.array([len(some) for some in words]), len(vocabulary))
    return seen


def training(steps: int) -> dict[str, Any]:
    """Time `train_contrastive` from the second quarter of its steps on."""
    encoder, examples, start = SentenceEncoder.load("wig-base"), load_examples("halves"), steps // 4
    sizes = {"start": start, "steps": steps, "batch": BATCH, "max_tokens": MAX_TOKENS}
    seconds = fine_tuning_seconds(encoder, examples, **sizes)
    pairs, texts = (steps - start) * BATCH, [text for pair in examples.texts for text in pair]
    ids = encoder.tokenizer(texts, truncation=True, max_length=MAX_TOKENS)["input_ids"]
    tokens = pairs * sum(map(len, ids)) / len(examples)
    row = {"encoder": encoder.name, "precision": "bfloat16", "examples": examples.name, "pairs": pairs}
    return row | {"seconds": seconds, "operations": shape_of(encoder).operations([(3, tokens)])}


def described() -> dict[str, str]:
    """Describe the machine."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else NO_GPU
    return machine() | {"threads": str(torch.get_num_threads()), "gpu": gpu, "torch": torch.__version__}


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Measure everything, in the form that `wig_book.experiments.scale.Throughput` reads."""
    text = load_corpus(options.corpus).sentences
    random.Random(0).shuffle(text)
    short = [sentence for sentence in text if 18 <= len(words_of(sentence)) <= 22]
    encoder = SentenceEncoder.load("all-MiniLM-L6-v2")
    return {
        "machine": described(),
        "peak": {name: matrix_product_peak(getattr(torch, name), options.repeats) for name in PRECISIONS},
        "counting": counting(text, options.repeats),
        "growth": [growth(text[: len(text) >> halvings]) for halvings in (4, 3, 2, 1, 0)],
        "nodes": NODES,
        "permutations": PERMUTATIONS,
        "attribution": [
            *attribution(encoder, text, short, options.sentences, options),
            *attribution(like_bert_base(encoder), text, short, options.large_sentences, options),
        ],
        "training": training(options.training_steps),
    }


def main() -> None:
    options = _parser().parse_args()
    found, seconds = timed(lambda: measured(options))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(found, indent=1) + "\n")
    print(f"{options.out}: {found['machine']['processor']}, {found['machine']['gpu']}, {seconds:.0f} s")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks/throughput.json"))
    parser.add_argument("--corpus", default="wikipedia-sample")
    parser.add_argument("--sentences", type=int, default=8, help="explained by all-MiniLM-L6-v2")
    parser.add_argument("--large-sentences", type=int, default=2, help="explained by the encoder of BERT-base's size")
    parser.add_argument("--steps", type=int, default=8, help="nodes of Integrated Gradients while timed")
    parser.add_argument("--permutations", type=int, default=8, help="orders of SHAP while timed")
    parser.add_argument("--dimensions", type=int, default=2, help="of captum, timed per sentence")
    parser.add_argument("--training-steps", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=5, help="of the short measurements, of which the best counts")
    return parser


if __name__ == "__main__":
    main()
