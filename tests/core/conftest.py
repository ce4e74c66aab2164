"""The package as it is installed elsewhere."""

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from repository import ROOT

PARTS = ["pyproject.toml", "README.md", "LICENSE", "wig_core", "book/wig_book"]  # what a wheel is built from


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the contents of the wheel, built from a copy of the sources."""
    root = tmp_path_factory.mktemp("wheel")
    for part in PARTS:
        source, target = ROOT / part, root / "source" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(root)!r})"
    done = subprocess.run([sys.executable, "-c", build], cwd=root / "source", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    [wheel] = root.glob("*.whl")
    ZipFile(wheel).extractall(root / "installed")
    return root / "installed"
