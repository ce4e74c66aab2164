"""What the cache has already of the work that pages ask for."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import asdict

from wig_book.build.demand import Encoder, Job, Training, Weighing, start_of
from wig_core.cache import NotKeptError, cache_dir, only_kept, stable_hash
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.registry import with_pooling
from wig_core.training.fine_tuning import MaskedLMRecipe, fine_tune, train_masked


class Kept:
    """The jobs that the cache has, asked in the very way in which pages ask, so that it answers as it will then.

    What begins with an encoder that is still to be fetched is not there; nor, as far as is told here, attributions of
    sentences of the hub, which would have to be read first.
    """

    def __init__(self, here: Collection[str]):
        """`here`: the names of the encoders that need no download."""
        self.here = here
        self.known = {*_hashes("encoders", "recipe"), *_hashes("contributions", "attribution", "sentences")}
        self._trained: dict[Training, dict[int, str]] = {}
        self._answers: dict[Job, bool] = {}

    def __contains__(self, job: Job) -> bool:
        if job not in self._answers:
            self._answers[job] = with_pooling(start_of(job.encoder))[0] in self.here and self._has(job)
        return self._answers[job]

    def _has(self, job: Job) -> bool:
        try:
            with only_kept():
                if isinstance(job, Training):
                    return bool(self._folders(job))
                return isinstance(job, Weighing) and self._is_explained(job)
        except NotKeptError:
            return False

    def _is_explained(self, job: Weighing) -> bool:
        sentences = job.texts.sentences
        if sentences is None or stable_hash([asdict(job.attribution), sentences]) not in self.known:
            return False
        job.attribution.explain(self._load(job.encoder), sentences, cache=True)
        return True

    def _load(self, encoder: Encoder) -> SentenceEncoder:
        if isinstance(encoder, str):
            return SentenceEncoder.load(encoder)
        return SentenceEncoder.load(self._folders(encoder.training)[encoder.step])

    def _folders(self, training: Training) -> dict[int, str]:
        """Where its encoders lie, by step."""
        if training not in self._trained:
            self._trained[training] = self._look_up(training)
        if not self._trained[training]:
            raise NotKeptError(training.recipe)
        return self._trained[training]

    def _look_up(self, training: Training) -> dict[int, str]:
        recipe, start = training.recipe, training.encoder
        if stable_hash([{type(recipe).__name__: asdict(recipe)}]) not in self.known:
            return {}
        base = start if isinstance(start, str) else self._folders(start.training)[start.step]
        try:
            found = (
                train_masked(base, recipe, at=training.at)
                if isinstance(recipe, MaskedLMRecipe)
                else fine_tune(base, recipe, at=training.at)
            )
        except NotKeptError:
            return {}
        return {step: encoder.name for step, encoder in found.items()}


def _hashes(kind: str, *names: str) -> Iterator[str]:
    """Of some parts of the keys of all that the cache has of a kind: no encoder is loaded for what cannot be there."""
    for seal in cache_dir(kind).glob("*/cache.json"):
        with suppress(OSError, ValueError, KeyError):  # a damaged one, which is made anew
            key = json.loads(seal.read_text("utf-8"))["key"]
            yield stable_hash([key[name] for name in names])
