"""Why are two texts similar? Seconds of `explain_similarity`, with captum and xsbert beside it, in one run.

- ours: a query against a long document, by words and by sentences, in float32 and in bfloat16;
- captum: `LayerIntegratedGradients` of both texts in every dimension of the embedding, from which the same matrix
  follows. It is timed on a few dimensions, and the time is extended to all;
- xsbert, with `--xsbert` and a folder that holds the code of Möller, Nikolaev and Padó (2023),
  github.com/lucasmllr/xsbert: the matrix of the tokens of two sentences by integrated Jacobians. Each text's reference
  point is set to our baseline, so that with the same nodes both must find the same matrix. Then it is timed, likewise,
  with as many nodes as bring its error down to ours, or the most of `NODES` if none do. Errors are those of the matrix
  against a converged reference: the same steps over many short intervals.
"""

import argparse
import importlib
import sys
import warnings
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from timing import counted, timed

from wig_book.reference import captum_integrated_gradients
from wig_core.attribution.contributions import Contributions
from wig_core.attribution.explainer import Explainer
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.attribution.path_steps import follow
from wig_core.attribution.paths import InterpolationPath, interpolation_paths
from wig_core.attribution.similarity import explain_similarity, least_baseline, similarity_of
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.loading import encoder_folder
from wig_core.encoders.registry import EncoderName
from wig_core.text.corpus import load_corpus
from wig_core.text.words import segment

PAIR = ("A woman is playing the cello.", "My sister practises her violoncello every day.")
NODES = (10, 20, 50, 100, 200, 400)  # of xsbert: the first for the comparison, the first with our error for the time
Matrix = NDArray[np.float64]


def main() -> None:
    options = _parser().parse_args()
    warnings.filterwarnings("ignore", message=".* (miss the tolerance|are longer than|of memory, more than)")
    encoder = SentenceEncoder.load(options.encoder, device="cpu")
    if options.words:
        _of_a_document(encoder, options)
    if options.xsbert:
        _beside_xsbert(encoder, options)


# ── a query and a document ──


def _of_a_document(encoder: SentenceEncoder, options: argparse.Namespace) -> None:
    query, document = _texts(options.corpus, options.words)
    baseline = least_baseline(encoder, [query, document])
    print(
        f"a query of {len(segment(query))} words and a document of {len(segment(document))}, baseline {baseline}, "
        f"{encoder.name}, {torch.get_num_threads()} threads"
    )
    found = {}
    for granularity in ("sentence", "word"):
        for precision in ("float32", "bfloat16"):
            explainer = Explainer(
                baseline=baseline, granularity=granularity, precision=precision, tolerance=options.tolerance
            )
            with counted(encoder) as passes:
                shown, seconds = timed(lambda one=explainer: explain_similarity(encoder, query, document, one))
            found[precision] = seconds
            count = sum(number for number, _ in passes)
            tokens = sum(number * length for number, length in passes) / count
            print(
                f"by {granularity}s, {precision}: {shown.matrix.size} pairs, {count} forward passes of {tokens:.0f} "
                f"tokens on average, {seconds:.1f} s; estimated error {shown.facts['estimated error']:.1%}"
            )
    captum = sum(_captum_seconds(encoder, text, options) for text in (query, document))
    print(f"captum, {options.captum_steps} nodes: {captum:.0f} s")
    for precision, seconds in found.items():
        print(f"  {captum / seconds:.0f} times as long as by words in {precision}")


def _texts(corpus: str, words: int) -> tuple[str, str]:
    """The first sentence of a corpus, and a document of so many words, or a few more, made of those that follow."""
    query, *sentences = load_corpus(corpus)
    lengths = np.cumsum([len(segment(sentence)) for sentence in sentences])
    return query, " ".join(sentences[: int(np.searchsorted(lengths, words)) + 1])


def _captum_seconds(encoder: SentenceEncoder, text: str, options: argparse.Namespace) -> float:
    def explain(dimensions: int) -> object:  # the time does not depend on the baseline
        return captum_integrated_gradients(encoder, text, steps=options.captum_steps, dimensions=range(dimensions))

    return _extended(explain, encoder.dimension, options.dimensions)


def _extended(explain: Callable[[int], object], dimension: int, few: int) -> float:
    """The time in seconds in all dimensions, from those in one and in a few more, as a straight line."""
    explain(1)  # warm up
    one, more = (timed(lambda count=count: explain(count))[1] for count in (1, 1 + few))
    return one + (more - one) / few * (dimension - 1)


# ── two sentences, beside xsbert ──


def _beside_xsbert(encoder: SentenceEncoder, options: argparse.Namespace) -> None:
    baseline = least_baseline(encoder, PAIR)
    explainer = Explainer(baseline=baseline, granularity="subword")
    paths = interpolation_paths(encoder, PAIR, baseline=baseline, granularity="subword")

    def matrix(found: Sequence[Contributions]) -> Matrix:
        return similarity_of(encoder, explainer, *found).matrix

    stepped = follow(paths, tolerance=1, first=options.intervals)
    reference = matrix([one.contributions() for one in stepped])
    with counted(encoder) as passes:
        shown, seconds = timed(lambda: explain_similarity(encoder, *PAIR, explainer))
    ours = _relative(shown.matrix, reference)
    print(f"{PAIR[0]} {PAIR[1]} Baseline {baseline}, {encoder.name}, {torch.get_num_threads()} threads")
    print(f"reference: {options.intervals} intervals, estimated error {max(one.error for one in stepped):.1e}")
    print(f"steps: {sum(number for number, _ in passes)} passes, {seconds:.2f} s, error of the matrix {ours:.1%}")

    def by_derivatives(nodes: int) -> Matrix:
        settings = {"baseline": baseline, "granularity": "subword", "steps": nodes, "rule": "right-riemann"}
        return matrix(integrated_gradients(encoder, PAIR, **settings))

    theirs, took = timed(_xsbert(options.xsbert, encoder, paths, NODES[0]))
    same, ours_took = timed(lambda: by_derivatives(NODES[0]))
    print(
        f"xsbert, {NODES[0]} nodes: {took:.2f} s, {took / ours_took:.1f} times as long as our derivatives there; "
        f"the matrices are {_relative(theirs, same):.1e} apart"
    )
    for nodes in NODES:
        error = _relative(by_derivatives(nodes), reference)
        print(f"{nodes} nodes: error of the matrix {error:.1%}")
        if error <= ours:
            break
    extended = _extended(_xsbert(options.xsbert, encoder, paths, nodes), encoder.dimension, options.dimensions)
    print(f"xsbert, {nodes} nodes: {extended:.1f} s, {extended / seconds:.0f} times as long as steps")


def _relative(found: Matrix, expected: Matrix) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def _xsbert(
    folder: Path, encoder: SentenceEncoder, paths: Sequence[InterpolationPath], nodes: int
) -> Callable[[int | None], Matrix]:
    """xsbert's matrix of the tokens of `PAIR`, special ones left out, as a function of the dimensions to sum over."""
    sys.path.insert(0, str(folder))
    sys.modules.setdefault("wget", ModuleType("wget"))  # it downloads xsbert's own encoders, which are not needed here
    models, pooling = importlib.import_module("xsbert.models"), importlib.import_module("sentence_transformers.models")
    reader = models.ReferenceTransformer(str(encoder_folder(EncoderName.parse(encoder.name))))
    is_mpnet = encoder.model.config.model_type == "mpnet"
    modules = [reader, pooling.Pooling(encoder.model.config.hidden_size, pooling_mode=encoder.pooling)]
    model = (models.XSMPNet if is_mpnet else models.XSRoberta)(modules=modules, device="cpu").eval()
    layers, starts = reader.auto_model.encoder.layer, cycle(path.start for path in paths)
    layers[0].register_forward_pre_hook(lambda _, given: (torch.stack([given[0][0], next(starts)]), *given[1:]))
    for layer in layers if is_mpnet else []:  # xsbert expects a head mask, which transformers has given up
        layer.register_forward_pre_hook(lambda _, given: (*given[:2], None, *given[2:]))
    model.init_attribution_to_layer(0, nodes)
    for layer in layers if is_mpnet else []:
        layer.register_forward_pre_hook(lambda _, given: (*given[:2], *given[3:]))
    measure = "dot" if encoder.similarity == "dot" and not encoder.normalize else "cos"

    def explain(dimensions: int | None = None) -> Matrix:
        reader.get_word_embedding_dimension = lambda: dimensions or encoder.dimension
        matrix, *_ = model.explain_similarity(*PAIR, sim_measure=measure, verbose=False)
        return matrix[1:-1, 1:-1].double().numpy()

    return explain


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="all-MiniLM-L6-v2")
    parser.add_argument("--corpus", default="wikipedia-sample")
    parser.add_argument("--words", type=int, default=250, help="of the document; 0 leaves it out")
    parser.add_argument("--tolerance", type=float, default=0.1, help="estimated error to reach")
    parser.add_argument("--captum-steps", type=int, default=32, help="its nodes of Gauss and Legendre")
    parser.add_argument("--dimensions", type=int, default=2, help="more than one, that captum and xsbert are timed on")
    parser.add_argument("--xsbert", type=Path, metavar="FOLDER", help="a checkout; such encoders: BERT, RoBERTa, MPNet")
    parser.add_argument("--intervals", type=int, default=64, help="of the reference")
    return parser


if __name__ == "__main__":
    main()
