"""A cache of their own for the tests of the experiments, and a small text to measure on."""

from pathlib import Path

import pytest

from wig_book.experiments.setup import Setup


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIG_CACHE", str(cache))


@pytest.fixture(scope="module")
def setup() -> Setup:
    return Setup("lee", max_sentences=6, max_words=12, min_count=3, tolerance=0.1)
