"""A home of its own for the test session, slow files first, and encoders that many tests share."""

import os
import shutil
import tempfile
from pathlib import Path

# Before any library is imported that reads these: no test reads or writes the developer's own caches. The workers of
# pytest-xdist inherit the folder from the process that started them, and so share what one of them has cached.
if "WIG_TEST_HOME" not in os.environ:
    os.environ["WIG_TEST_HOME"] = tempfile.mkdtemp(prefix="wig-tests-")
HOME = Path(os.environ["WIG_TEST_HOME"])
os.environ |= {"HOME": str(HOME), "WIG_CACHE": str(HOME / "cache"), "HF_HOME": str(HOME / "hf")}
os.environ.pop("XDG_CACHE_HOME", None)

import hypothesis
import pytest
import torch
from tiny import TINY, save_tiny

from wig_core.encoders.encoder import SentenceEncoder

# The same examples in every run, however long they take: a busy machine must not fail a test.
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.load_profile("steady")

SLOW = ["test_book.py", "test_paper_profile.py", "test_faults.py", "test_processes.py"]  # first, one file a worker

torch.set_num_threads(1)  # tiny tensors: a second thread costs more than it brings, above all on a busy machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slow files first, so that no worker is left with one at the end."""
    items.sort(key=lambda item: SLOW.index(item.path.name) if item.path.name in SLOW else len(SLOW))


def pytest_unconfigure() -> None:
    """Remove the home when the process that made it ends."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(HOME, ignore_errors=True)


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
