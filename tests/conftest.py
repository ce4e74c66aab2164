"""Encoders that many tests share: each is saved and loaded once a session."""

from pathlib import Path

import hypothesis
import pytest
import torch
from tiny import TINY, save_tiny

from wig_core.encoders.encoder import SentenceEncoder

# The same examples in every run, however long they take: a busy machine must not fail a test.
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.load_profile("steady")

torch.set_num_threads(1)  # tiny tensors: a second thread costs more than it brings, above all on a busy machine


@pytest.fixture(scope="session")
def tiny_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of each tiny encoder."""
    root = tmp_path_factory.mktemp("tiny")
    return {kind: save_tiny(root / kind, kind) for kind in TINY}


@pytest.fixture(scope="session")
def tiny_encoders(tiny_folders: dict[str, Path]) -> dict[str, SentenceEncoder]:
    """Each tiny encoder, loaded from its folder."""
    return {kind: SentenceEncoder.load(folder, device="cpu") for kind, folder in tiny_folders.items()}


@pytest.fixture(scope="session", params=list(TINY))
def tiny(request: pytest.FixtureRequest, tiny_encoders: dict[str, SentenceEncoder]) -> SentenceEncoder:
    """A test that takes it runs once for each tiny encoder."""
    return tiny_encoders[request.param]


@pytest.fixture(scope="session")
def bert(tiny_encoders: dict[str, SentenceEncoder]) -> SentenceEncoder:
    """The tiny BERT."""
    return tiny_encoders["bert"]


@pytest.fixture(scope="session")
def minilm() -> SentenceEncoder:
    """The packaged all-MiniLM-L6-v2."""
    return SentenceEncoder.load("all-MiniLM-L6-v2", device="cpu")
