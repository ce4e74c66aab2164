"""The project on which the tests of the build run."""

from pathlib import Path

import pytest
from toy_book import write_toy

from wig_book.build.pages import Project


@pytest.fixture
def toy(tmp_path: Path) -> Project:
    return Project(write_toy(tmp_path / "toy"))
