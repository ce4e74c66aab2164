"""Which words make the nearest of many documents similar to a query."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.metadata import version
from itertools import islice
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor
from tqdm import tqdm

from wig_core.attribution.explainer import Explainer
from wig_core.attribution.similarity import Comparison, SimilarityExplanation, least_baseline
from wig_core.cache import cached, source_hash, stable_hash
from wig_core.encoders.encoder import EncoderLike, SentenceEncoder, as_encoder
from wig_core.errors import InputError
from wig_core.text.sentences import check_sentences, iter_sentences

CHUNK = 512  # documents that are in memory at once


def explain_nearest(
    encoder: EncoderLike,
    query: str,
    documents: Iterable[str],
    explainer: Explainer | None = None,
    *,
    top: int = 5,
    embeddings: Tensor | None = None,
    refine: int = 0,
    budget: float | None = None,
    cache: bool = False,
    progress: bool = False,
) -> list[SimilarityExplanation]:
    """Explain the similarity of a query to the documents that are nearest to it.

    Args:
        encoder: a `SentenceEncoder`, a loaded `SentenceTransformer`, or the name of an encoder.
        query: a text.
        documents: N texts, none blank. Of a generator, such as `stream_corpus`, only the nearest stay in memory.
        explainer: as in `explain_similarity`.
        top: how many documents to explain.
        embeddings: of the documents, ``[N, d]``, as `encode` returns them; by default they are computed.
        refine: as in `explain_similarity`.
        budget: the seconds that the explanations may take, all together; see `explain_similarity`.
        cache: take the embeddings of documents, and the contributions, from the cache (`wig_core.cache`) if they are
            there, else keep them there, so that an interrupted call goes on where it was.
        progress: show a bar on standard error.

    Returns:
        The explanations, the nearest document first, of at most `top` documents. Among the facts are document, its
        index, and rank, from 1.

    Raises:
        InputError: as in `explain_similarity`; also if `top` is below 1, there are no documents, or the embeddings
            have another shape.

    Example:
        >>> [nearest] = explain_nearest("wig-base", "a cat", ["It rains.", "the cat"], top=1)
        >>> nearest.facts["document"], nearest.right
        (1, ['the', 'cat'])
    """
    encoder = as_encoder(encoder)
    check_sentences([query], blank=False)
    if top < 1:
        raise InputError(f"top is {top}; give 1 or more")
    found = _embedded(encoder, documents, embeddings, cache, progress)
    of_query = encoder.encode(query)
    scored = (
        (similarity, index, text)
        for index, texts, rows in found
        for index, (similarity, text) in enumerate(
            zip(encoder.similarity_pairwise(of_query.expand_as(rows), rows).tolist(), texts, strict=True), start=index
        )
    )
    nearest = heapq.nlargest(top, scored, key=lambda one: one[0])
    if not nearest:
        raise InputError("there are no documents; give at least one")
    explainer = explainer or Explainer(baseline=least_baseline(encoder, [query, *(text for *_, text in nearest)]))
    share = None if budget is None else budget / len(nearest)
    comparison = Comparison(encoder, explainer, refine, share, cache=cache)
    return [
        replace(shown, facts={"rank": rank, "document": index} | shown.facts)
        for rank, (_, index, text) in enumerate(tqdm(nearest, desc="explanations", disable=not progress), start=1)
        for shown in [comparison.of(query, text)]
    ]


def _embedded(
    encoder: SentenceEncoder, documents: Iterable[str], known: Tensor | None, cache: bool, progress: bool
) -> Iterator[tuple[int, list[str], Tensor]]:
    """The documents in chunks: the index of the first, the texts, and their embeddings ``[chunk, d]``."""
    fingerprint = encoder.fingerprint() if cache else None
    if known is not None:
        documents = check_sentences(documents, name="documents", blank=False)
        if known.shape != (len(documents), encoder.dimension):
            wanted = (len(documents), encoder.dimension)
            raise InputError(f"embeddings have the shape {tuple(known.shape)}, not {wanted}; give one row per document")
    stream, start = iter_sentences(documents, name="documents", blank=False), 0
    with tqdm(desc="documents", disable=not progress) as bar:
        while texts := list(islice(stream, CHUNK)):
            rows = _encode(encoder, texts, fingerprint) if known is None else known[start : start + len(texts)]
            yield start, texts, rows.cpu().float()
            start += len(texts)
            bar.update(len(texts))


def _encode(encoder: SentenceEncoder, texts: list[str], fingerprint: str | None) -> Tensor:
    """The embeddings of texts; from the cache if the encoder's fingerprint is given."""
    if fingerprint is None:
        return encoder.encode(texts)

    def make(folder: Path) -> None:
        save_file({"embeddings": encoder.encode(texts)}, folder / "embeddings.safetensors")

    key = {
        "encoder": fingerprint,
        "texts": stable_hash(texts),
        "sources": source_hash("wig_core.encoders"),
        "versions": {name: version(name) for name in ("torch", "transformers", "tokenizers")},
    }
    return load_file(cached("embeddings", key, make) / "embeddings.safetensors")["embeddings"]
