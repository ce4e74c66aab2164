"""Integrated Gradients at equal error, and Shapley values beside it: passes, seconds, ratios and errors in one run.

All ways use the same encoder, sentences and baseline. Their errors are those of the word weights (the lengths of the
contributions) against a converged reference: the same steps over many short intervals.

- steps: the default of `integrated_gradients`, in float32 and in bfloat16;
- captum: `LayerIntegratedGradients` with as many equal steps as bring its error down to ours, or 300 if none do. It
  takes one backward pass per dimension of the embedding, so it is timed on a few dimensions and scaled up to all;
- shapley: `shapley_values` with its default number of orders, whose error is that against all coalitions.

With `--only-steps` just the first is measured; with `--intervals 0` without a reference, so on any number of sentences.
"""

import argparse
import random
import warnings

import numpy as np
import torch
from timing import counted, matrix_product_peak, shape_of, timed
from torch import Tensor

from wig_book.reference import captum_integrated_gradients
from wig_core.attribution.contributions import ContributionSet
from wig_core.attribution.inputs import baseline_id, tokenize_sentences
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.attribution.path_steps import follow
from wig_core.attribution.paths import InterpolationPath
from wig_core.attribution.shapley import shapley_values
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.text.corpus import load_corpus
from wig_core.text.words import segment

UNIFORM = (5, 8, 12, 20, 50, 100, 300)  # numbers of equal steps; the first with our error is timed


def main() -> None:
    options = _parser().parse_args()
    warnings.filterwarnings("ignore", message=".* miss the tolerance")
    encoder = SentenceEncoder.load(options.encoder)
    corpus = [s for s in load_corpus(options.corpus) if options.min_words <= len(segment(s)) <= options.max_words]
    sentences = random.Random(0).sample(corpus, options.sentences)
    for precision in ("float32", "bfloat16"):
        integrated_gradients(encoder, sentences[:2], precision=precision)  # warm up
    words = [len(segment(sentence)) for sentence in sentences]
    print(
        f"{len(sentences)} sentences of {options.corpus} with {np.mean(words):.1f} words on average, baseline "
        f"{options.baseline}, {encoder.name}, {torch.get_num_threads()} threads"
    )
    reference = _reference(encoder, sentences, options) if options.intervals else None
    found = {}
    for precision in ("float32", "bfloat16"):
        with counted(encoder) as passes:
            ours, seconds = timed(
                lambda p=precision: integrated_gradients(encoder, sentences, baseline=options.baseline, precision=p)
            )
        found[precision] = (ours, seconds)
        _report(f"steps, {precision}", ours, reference, passes, seconds)
        _print_rate(encoder, passes, seconds, torch.float32 if precision == "float32" else torch.bfloat16)
    if reference is not None and not options.only_steps:
        _beside_captum(encoder, sentences, options, reference, found)
        _beside_shapley(encoder, sentences, options)


def _reference(encoder: SentenceEncoder, sentences: list[str], options: argparse.Namespace) -> list[Tensor]:
    """The contributions by many short intervals."""
    absent = baseline_id(encoder, options.baseline)
    paths = [InterpolationPath(encoder, one, absent, "vector") for one in tokenize_sentences(encoder, sentences)]
    stepped = [one for path in paths for one in follow([path], tolerance=1e-9, first=options.intervals, most=0)]
    errors = [one.error for one in stepped]
    print(f"reference: {options.intervals} intervals, estimated error {np.median(errors):.1e}, up to {max(errors):.1e}")
    return [one.vectors for one in stepped]


def _beside_captum(
    encoder: SentenceEncoder,
    sentences: list[str],
    options: argparse.Namespace,
    reference: list[Tensor],
    found: dict[str, tuple[ContributionSet, float]],
) -> None:
    ours = _weight_errors([one.vectors for one in found["float32"][0]], reference)
    for steps in UNIFORM:  # with our own derivatives, which give captum's numbers
        uniform = integrated_gradients(
            encoder, sentences, baseline=options.baseline, steps=steps, rule="trapezoid", precision="bfloat16"
        )
        _report(f"{steps} equal steps", uniform, reference)
        if np.median(_weight_errors([one.vectors for one in uniform], reference)) <= np.median(ours):
            break
    dimensions = random.Random(1).sample(range(encoder.dimension), options.dimensions)
    few = sentences[: options.captum_sentences]

    def by_captum(number: int) -> list[Tensor]:
        return [
            captum_integrated_gradients(
                encoder, s, baseline=options.baseline, steps=number, rule="riemann_trapezoid", dimensions=dimensions
            )
            for s in few
        ]

    by_captum(2)  # warm up
    seconds = timed(lambda: by_captum(steps))[1] * encoder.dimension / options.dimensions / len(few)
    print(f"captum, {steps} equal steps: {seconds:.1f} s per sentence")
    for precision, (_, took) in found.items():
        print(f"  {seconds / (took / len(sentences)):.0f} times as long as steps in {precision}")


def _beside_shapley(encoder: SentenceEncoder, sentences: list[str], options: argparse.Namespace) -> None:
    exact = shapley_values(encoder, sentences, baseline=options.baseline, exact_up_to=options.max_words)
    with counted(encoder) as passes:
        sampled, seconds = timed(lambda: shapley_values(encoder, sentences, baseline=options.baseline, exact_up_to=0))
    _report("shapley, 16 orders", sampled, [one.vectors for one in exact], passes, seconds)


def _weight_errors(found: list[Tensor], reference: list[Tensor]) -> list[float]:
    """The relative error of each word's weight."""
    return [
        error
        for one, other in zip(found, reference, strict=True)
        for error in ((one.norm(dim=1) - other.norm(dim=1)).abs() / other.norm(dim=1)).tolist()
    ]


def _report(
    name: str,
    found: ContributionSet,
    reference: list[Tensor] | None,
    passes: list[tuple[int, int]] | None = None,
    seconds: float | None = None,
) -> None:
    text = f"{name:22}"
    if passes is not None and seconds is not None:
        count = sum(number for number, _ in passes) / len(found)
        text += f" {count:6.0f} passes {seconds / len(found):8.3f} s per sentence, {seconds:.0f} s in all;"
    if reference is not None:
        vectors = [one.vectors for one in found]
        errors, weights = _weight_errors(vectors, reference), torch.cat([one.norm(dim=1) for one in vectors])
        correlation = np.corrcoef(weights, torch.cat([one.norm(dim=1) for one in reference]))[0, 1]
        apart = [float((a - b).norm() / b.norm()) for a, b in zip(vectors, reference, strict=True)]
        text += f" error of weights {np.median(errors):.1%} (90% below {np.quantile(errors, 0.9):.1%}),"
        text += f" of vectors {np.median(apart):.1%}, correlation {correlation:.4f};"
    estimates, complete = ([getattr(one, name) for one in found] for name in ("estimated_error", "completeness_error"))
    text += "" if np.isnan(estimates).all() else f" estimated {np.median(estimates):.1%};"
    print(f"{text} completeness {np.median(complete):.1e}, up to {max(complete):.1e}")


def _print_rate(
    encoder: SentenceEncoder, passes: list[tuple[int, int]], seconds: float, precision: torch.dtype
) -> None:
    operations, peak = shape_of(encoder).operations(passes), matrix_product_peak(precision)
    print(f"  {operations / seconds / 1e9:.0f} GFLOP/s, {operations / seconds / peak:.0%} of the peak {peak / 1e9:.0f}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="all-MiniLM-L6-v2")
    parser.add_argument("--corpus", default="wikipedia-sample")
    parser.add_argument("--baseline", default="mask")
    parser.add_argument("--sentences", type=int, default=8)
    parser.add_argument("--min-words", type=int, default=7)
    parser.add_argument("--max-words", type=int, default=11)
    parser.add_argument("--intervals", type=int, default=64, help="of the reference; 0 for none")
    parser.add_argument("--dimensions", type=int, default=2, help="that captum is timed on")
    parser.add_argument("--captum-sentences", type=int, default=2, help="that captum is timed on")
    parser.add_argument("--only-steps", action="store_true", help="measure the default alone")
    return parser


if __name__ == "__main__":
    main()
