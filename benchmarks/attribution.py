"""Vector-valued Integrated Gradients against two other ways to compute it: seconds, ratios, agreement.

All three use the same encoder, sentences, baseline and quadrature nodes, in one run:

- wig_core: one forward derivative per word;
- backward: one forward pass, then one backward pass per dimension of the embedding;
- captum: its `LayerIntegratedGradients`, once per dimension of the embedding.

The last two cost the same for every dimension. So they are timed on a few random dimensions of each sentence, and the
times are scaled up to all dimensions. On these few the results must agree.
"""

import argparse
import random

import torch
from timing import matrix_product_peak, shape_of, timed
from torch import Tensor

from wig_book.reference import backward_integrated_gradients, captum_integrated_gradients
from wig_core.attribution.inputs import Precision
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.attribution.quadrature import quadrature
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.text.corpus import load_corpus
from wig_core.text.words import segment


def main() -> None:
    options = _parser().parse_args()
    encoder = SentenceEncoder.load(options.encoder)
    corpus = [s for s in load_corpus(options.corpus) if 3 <= len(segment(s)) <= options.max_words]
    sentences = random.Random(0).sample(corpus, options.sentences)
    nodes, weights = (torch.tensor(x, dtype=torch.float32) for x in quadrature("gauss-legendre", options.steps))
    rng = random.Random(1)
    dimensions = [rng.sample(range(encoder.dimension), options.dimensions) for _ in sentences]
    integrated_gradients(encoder, sentences[:2], steps=options.steps)  # warm up

    def forwards(precision: Precision = "float32") -> list[Tensor]:
        found = integrated_gradients(encoder, sentences, steps=options.steps, precision=precision)
        return [one.vectors for one in found]

    def backwards(count: int) -> list[Tensor]:
        return [
            backward_integrated_gradients(encoder, s, nodes=nodes, weights=weights, dimensions=d[:count])
            for s, d in zip(sentences, dimensions, strict=True)
        ]

    def by_captum() -> list[Tensor]:
        return [
            captum_integrated_gradients(encoder, s, steps=options.steps, dimensions=d)
            for s, d in zip(sentences, dimensions, strict=True)
        ]

    ours, seconds = timed(forwards)
    narrow, narrow_seconds = timed(lambda: forwards("bfloat16"))
    backward, backward_seconds = timed(lambda: backwards(options.dimensions))
    _, one_dimension = timed(lambda: backwards(1))
    captum, captum_seconds = timed(by_captum)
    per_backward_pass = (backward_seconds - one_dimension) / (options.dimensions - 1)
    all_backward_seconds = one_dimension + per_backward_pass * (encoder.dimension - 1)
    rows = [
        ("wig_core", seconds, 0.0),
        ("wig_core, bfloat16 tangents", narrow_seconds, _difference(ours, narrow)),
        (
            "one forward, d backward passes",
            all_backward_seconds,
            _difference(_columns(ours, dimensions), backward),
        ),
        (
            "captum, d times",
            captum_seconds * encoder.dimension / options.dimensions,
            _difference(_columns(ours, dimensions), captum),
        ),
    ]
    words = [len(vectors) for vectors in ours]
    print(
        f"{len(sentences)} sentences of {options.corpus}, {sum(words) / len(words):.1f} words on average, "
        f"{options.steps} nodes, {encoder.name}, {torch.get_num_threads()} threads"
    )
    for name, took, difference in rows:
        print(f"{name:32} {took:9.1f} s  {took / seconds:6.1f} × wig_core   relative difference {difference:.1e}")
    operations, peak = _operations(encoder, sentences, options.steps), matrix_product_peak()
    print(
        f"{'matrix products in wig_core':32} {operations / seconds / 1e9:9.0f} GFLOP/s, "
        f"{operations / seconds / peak:.0%} of the machine's peak, {peak / 1e9:.0f} GFLOP/s"
    )


def _operations(encoder: SentenceEncoder, sentences: list[str], steps: int) -> float:
    tokens, units = [len(ids) for ids in encoder.tokenizer(sentences)["input_ids"]], map(len, map(segment, sentences))
    return shape_of(encoder).operations((steps * (1 + u), t) for t, u in zip(tokens, units, strict=True))


def _columns(vectors: list[Tensor], dimensions: list[list[int]]) -> list[Tensor]:
    return [v[:, d] for v, d in zip(vectors, dimensions, strict=True)]


def _difference(these: list[Tensor], those: list[Tensor]) -> float:
    these_, those_ = torch.cat([t.flatten() for t in these]), torch.cat([t.flatten() for t in those])
    return float((these_ - those_).norm() / those_.norm())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="all-MiniLM-L6-v2")
    parser.add_argument("--corpus", default="wikipedia-sample")
    parser.add_argument("--sentences", type=int, default=64)
    parser.add_argument(
        "--max-words", type=int, default=20, help="leave out longer sentences, as the quick profile does"
    )
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--dimensions", type=int, default=4, help="timed per sentence in the other two ways")
    return parser


if __name__ == "__main__":
    main()
