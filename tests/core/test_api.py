"""The public names: where they are defined, what they cost, and that the page of the API shows them."""

import importlib.metadata
import re
import subprocess
import sys

import pytest
from repository import ROOT

import wig_core

HOMES = wig_core._HOMES


def test_every_public_name_has_a_home() -> None:
    assert sorted(HOMES) == sorted(wig_core.__all__) == sorted(set(wig_core.__all__))
    assert dir(wig_core) == sorted(wig_core.__all__)


@pytest.mark.parametrize("name", wig_core.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(wig_core, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'wig_core' has no attribute 'no_such_name'"):
        _ = wig_core.no_such_name


def test_the_version_is_that_of_the_installed_package() -> None:
    assert wig_core.__version__ == importlib.metadata.version("wig-core")


def test_every_public_name_is_on_the_page() -> None:
    page = (ROOT / "book/api.md").read_text()
    shown = re.findall(r"^\.\. auto\w+:: ([\w.]+)$", page, re.MULTILINE)
    assert sorted(shown) == sorted(f"{home}.{name}" for name, home in HOMES.items())


def test_the_package_and_the_command_line_do_not_wait_for_torch() -> None:
    code = "import sys, wig_core.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"torch", "transformers", "scipy", "datasets", "matplotlib"} & {*done.stdout.split()} == set()
