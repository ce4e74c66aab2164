"""Sampled Shapley values of the whole embedding against shap and captum: seconds and ratios, in one run.

All three use the same encoder, sentences, baseline and number of orders, reverses included:

- wig_core: `shapley_values`;
- shap: `PermutationExplainer`, whose forward and backward sweep is an order and its reverse;
- captum: `ShapleyValueSampling`.

All three call the same function of coalitions of words, and all give every dimension of the embedding. shap and captum
are timed with their own batches (shap embeds a sweep at once, captum one coalition) and with batches of 64.
"""

import argparse
import random
import time
from collections.abc import Callable

from torch import Tensor

from wig_book.reference import captum_shapley_values, shap_values
from wig_core.attribution.shapley import shapley_values
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.text.corpus import load_corpus
from wig_core.text.words import segment


def main() -> None:
    options = _parser().parse_args()
    encoder = SentenceEncoder.load(options.encoder)
    corpus = [s for s in load_corpus(options.corpus) if 11 <= len(segment(s)) <= options.max_words]
    sentences = random.Random(0).sample(corpus, options.sentences)
    orders = options.permutations
    shapley_values(encoder, sentences[:1], permutations=2)  # warm up
    shap_values(encoder, sentences[0], permutations=2)
    exact = [one.vectors for one in shapley_values(encoder, sentences, permutations=128)]

    def each(explain: Callable[[str], Tensor]) -> Callable[[], list[Tensor]]:
        return lambda: [explain(sentence) for sentence in sentences]

    ways: dict[str, Callable[[], list[Tensor]]] = {
        "wig_core": lambda: [one.vectors for one in shapley_values(encoder, sentences, permutations=orders)],
        "wig_core, bfloat16": lambda: [
            one.vectors for one in shapley_values(encoder, sentences, permutations=orders, precision="bfloat16")
        ],
        "shap, own batches": each(lambda s: shap_values(encoder, s, permutations=orders, together=None)),
        "shap, batches of 64": each(lambda s: shap_values(encoder, s, permutations=orders)),
        "captum, own batches": each(lambda s: captum_shapley_values(encoder, s, permutations=orders, together=1)),
        "captum, batches of 64": each(lambda s: captum_shapley_values(encoder, s, permutations=orders)),
    }
    words = sum(len(segment(sentence)) for sentence in sentences) / len(sentences)
    print(f"{len(sentences)} sentences of {words:.1f} words on average, {orders} orders, {encoder.name}")
    ours = 0.0
    for name, way in ways.items():
        start = time.perf_counter()
        found = way()
        took = time.perf_counter() - start
        ours = ours or took
        error = sum(float((a - b).norm() / b.norm()) for a, b in zip(found, exact, strict=True)) / len(found)
        print(
            f"{name:24} {took:8.1f} s  {took / ours:6.1f} × wig_core   distance from 128 orders {error:.2f}", flush=True
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", default="all-MiniLM-L6-v2")
    parser.add_argument("--corpus", default="wikipedia-sample")
    parser.add_argument("--sentences", type=int, default=12)
    parser.add_argument("--max-words", type=int, default=20)
    parser.add_argument("--permutations", type=int, default=16)
    return parser


if __name__ == "__main__":
    main()
